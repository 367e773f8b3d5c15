"""
Tests for L{txsocketio.timers}.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.timers import GRAIN, Timers


class Sleeper:
    """
    Writes down when it was woken.

    @ivar woken: the times.
    @ivar then: called at each time, when it is written down.
    """

    def __init__(self, clock: Clock) -> None:
        self.tick = 0
        self.woken: list[float] = []
        self.then: Callable[[], object] = lambda: None
        self._clock = clock

    def wake(self) -> None:
        """
        See L{txsocketio.timers.Sleeper.wake}.
        """
        self.woken.append(self._clock.seconds())
        self.then()


class TimersCase(SynchronousTestCase):
    """
    What the tests of this module have in common.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.timers = Timers(self.clock)

    def armed(self, *dues: float) -> list[Sleeper]:
        """
        A sleeper for each of these deadlines.
        """
        sleepers = [Sleeper(self.clock) for _ in dues]
        for sleeper, due in zip(sleepers, dues, strict=True):
            self.timers.arm(sleeper, due)
        return sleepers

    def assertIdle(self) -> None:
        """
        Nobody is waited for.
        """
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ArmTests(TimersCase):
    """
    Who is woken when.
    """

    def test_once(self) -> None:
        """
        A sleeper is woken once, at its deadline; then there is nothing left.
        """
        (sleeper,) = self.armed(1.0)
        self.clock.advance(0.875)
        self.assertEqual(sleeper.woken, [])
        self.clock.advance(0.125)
        self.assertEqual((sleeper.woken, sleeper.tick), ([1.0], 0))
        self.clock.advance(100)
        self.assertEqual(sleeper.woken, [1.0])
        self.assertIdle()

    def test_never(self) -> None:
        self.armed(inf)
        self.assertIdle()

    def test_past(self) -> None:
        """
        What is due already is met in the next turn of the reactor, not now.
        """
        self.clock.advance(10)
        sleepers = self.armed(9.0, 0.0, -1.0)
        self.assertEqual([each.woken for each in sleepers], [[]] * 3)
        self.clock.advance(0)
        self.assertEqual([each.woken for each in sleepers], [[10.0]] * 3)

    def test_order(self) -> None:
        """
        However they were armed, who is due first is woken first.
        """
        first = Sleeper(self.clock)
        sleepers = [*self.armed(3.0, 1.0), first, *self.armed(2.0)]
        self.timers.arm(first, 0.5)
        self.clock.pump([GRAIN] * int(3 / GRAIN))
        self.assertEqual([each.woken for each in sleepers], [[3.0], [1.0], [0.5], [2.0]])

    def test_oneCall(self) -> None:
        """
        Many sleepers cost one delayed call.
        """
        self.armed(*(n / 100 for n in range(500)))
        (call,) = self.clock.getDelayedCalls()
        self.armed(*(n / 100 for n in range(500)))
        self.assertEqual(self.clock.getDelayedCalls(), [call])

    def test_later(self) -> None:
        """
        A deadline that moves away changes nothing: the sleeper is woken at
        the old one, and asks again.
        """
        (sleeper,) = self.armed(1.0)
        calls = self.clock.getDelayedCalls()
        self.timers.arm(sleeper, 5.0)
        self.assertEqual(self.clock.getDelayedCalls(), calls)
        self.clock.advance(1)
        self.assertEqual(sleeper.woken, [1.0])
        self.assertIdle()

    def test_sooner(self) -> None:
        """
        A deadline that comes nearer replaces the old one.
        """
        (sleeper,) = self.armed(5.0)
        self.timers.arm(sleeper, 1.0)
        self.clock.advance(1)
        self.clock.advance(10)
        self.assertEqual(sleeper.woken, [1.0])

    def test_again(self) -> None:
        """
        A sleeper may ask for more while it is woken.
        """
        (sleeper,) = self.armed(1.0)
        sleeper.then = lambda: self.timers.arm(sleeper, self.clock.seconds() + 1)
        self.clock.pump([GRAIN] * int(3 / GRAIN))
        self.assertEqual(sleeper.woken, [1.0, 2.0, 3.0])

    def test_forget(self) -> None:
        """
        Who has been forgotten is not woken, and may come again.
        """
        sleeper, other = self.armed(1.0, 1.0)
        self.timers.forget(sleeper)
        self.timers.forget(sleeper)
        self.assertEqual(sleeper.tick, 0)
        self.clock.advance(1)
        self.assertEqual((sleeper.woken, other.woken), ([], [1.0]))
        self.timers.arm(sleeper, 2.0)
        self.clock.advance(1)
        self.assertEqual(sleeper.woken, [2.0])

    def test_stop(self) -> None:
        """
        Nobody is woken but those who come afterwards.
        """
        old = self.armed(1.0, 2.0)
        self.timers.stop()
        self.assertIdle()
        (new,) = self.armed(1.0)
        self.clock.pump([1, 1])
        self.assertEqual(([each.woken for each in old], new.woken), ([[], []], [1.0]))


class WakingTests(TimersCase):
    """
    What sleepers may do while they are woken.
    """

    def test_forgetEachOther(self) -> None:
        """
        One who is forgotten by another of the same tick is not woken.
        """
        one, other = self.armed(1.0, 1.0)
        one.then = lambda: self.timers.forget(other)
        other.then = lambda: self.timers.forget(one)
        self.clock.advance(1)
        self.assertEqual(len(one.woken) + len(other.woken), 1)
        self.assertIdle()

    def test_postponeEachOther(self) -> None:
        """
        One who is forgotten and armed anew meanwhile is woken at the new
        deadline only.
        """
        pair = self.armed(1.0, 1.0)

        def postpone(sleeper: Sleeper) -> None:
            if len(pair[0].woken) + len(pair[1].woken) == 1:
                self.timers.forget(sleeper)
                self.timers.arm(sleeper, 2.0)

        pair[0].then = lambda: postpone(pair[1])
        pair[1].then = lambda: postpone(pair[0])
        self.clock.pump([1, 1])
        self.assertEqual(sorted(each.woken for each in pair), [[1.0], [2.0]])
        self.assertIdle()

    def test_armEarlier(self) -> None:
        """
        A deadline before the tick that is being met is met in the same turn,
        and nobody is passed over.
        """
        sleepers, late = self.armed(1.0, 1.0, 1.0), Sleeper(self.clock)
        for each in sleepers:
            each.then = lambda: self.timers.arm(late, 0.25)
        self.clock.advance(1)
        self.assertEqual([each.woken for each in sleepers], [[1.0]] * 3)
        self.assertEqual(set(late.woken), {1.0})
        self.assertIdle()

    def test_stop(self) -> None:
        """
        After L{Timers.stop} nobody is woken any more, those of the same tick
        included.
        """
        pair = self.armed(1.0, 1.0)
        for each in pair:
            each.then = self.timers.stop
        self.clock.advance(1)
        self.assertEqual(sorted(each.woken for each in pair), [[], [1.0]])
        self.assertIdle()

    def test_raises(self) -> None:
        """
        One that raises takes nobody with it: those of its tick are woken in
        the next turn, those of later ones in their time.
        """
        sleepers = self.armed(1.0, 1.0, 1.0, 2.0)

        def fail() -> None:
            for each in sleepers:
                each.then = lambda: None
            raise ZeroDivisionError

        for each in sleepers:
            each.then = fail
        self.assertRaises(ZeroDivisionError, self.clock.advance, 1)
        self.clock.advance(0)
        self.clock.advance(1)
        self.assertEqual([each.woken for each in sleepers], [[1.0], [1.0], [1.0], [2.0]])
        self.assertIdle()


MOMENTS = st.floats(0, 100)


class PropertyTests(TimersCase):
    """
    What holds of all deadlines.
    """

    @settings(deadline=None)
    @given(st.floats(0, 1e6), st.lists(MOMENTS, min_size=1, max_size=20))
    def test_inTime(self, start: float, dues: list[float]) -> None:
        """
        Nobody is woken early, nor more than one grain late.
        """
        self.setUp()
        self.clock.advance(start)
        sleepers = self.armed(*(start + due for due in dues))
        while self.clock.getDelayedCalls():
            self.clock.advance(GRAIN / 4)
            self.assertLess(self.clock.seconds(), start + 101)
        for due, sleeper in zip(dues, sleepers, strict=True):
            (woken,) = sleeper.woken
            self.assertGreaterEqual(woken, start + due)
            # Met at the first look at the clock behind the tick.
            self.assertLess(woken, start + due + GRAIN + GRAIN / 2)

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 3),
                st.one_of(st.just(None), MOMENTS),
                st.floats(0, 20),
            ),
            max_size=30,
        )
    )
    def test_anyDeadlines(self, calls: list[tuple[int, float | None, float]]) -> None:
        """
        However deadlines are set, moved and dropped: a sleeper that asks
        again when it is woken too soon, as sessions do, misses none.
        """
        self.setUp()
        sleepers = self.armed(inf, inf, inf, inf)
        dues = dict.fromkeys(sleepers, inf)

        def look(sleeper: Sleeper) -> None:
            if dues[sleeper] <= self.clock.seconds():
                dues[sleeper] = inf
            self.timers.arm(sleeper, dues[sleeper])

        for each in sleepers:
            each.then = partial(look, each)
        for index, wait, seconds in calls:
            sleeper = sleepers[index]
            if wait is None:
                dues[sleeper] = inf
                self.timers.forget(sleeper)
            else:
                dues[sleeper] = self.clock.seconds() + wait
                self.timers.arm(sleeper, dues[sleeper])
            self.clock.advance(seconds)
            self.assertGreater(min(dues.values()) + GRAIN, self.clock.seconds())
