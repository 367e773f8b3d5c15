"""
Tests for L{txsocketio.lifecycle}, and for how a session lives by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import lifecycle
from txsocketio.errors import DisconnectReason
from txsocketio.lifecycle import DEADLINES, TABLE, Action, Input, Life, Row, State
from txsocketio.settings import Settings
from txsocketio.test.fakes import INTERVALS, Bench, FakeStream
from txsocketio.timers import GRAIN

CARRIAGES = {State.NEW, State.POLL, State.STREAM, State.AWAY, State.LEAVING, State.CLOSED}
PULSES = set(State) - CARRIAGES
ENDED = {State.LEAVING, State.CLOSED}

Key = tuple[State, Input]


class Watched(dict[Key, Row]):
    """
    A table that remembers which of its rows were taken.
    """

    def __init__(self) -> None:
        super().__init__(TABLE)
        self.taken: list[Key] = []

    def get(self, key: Key, default: Any = None) -> Any:
        """
        See L{dict.get}.
        """
        if key in self:
            self.taken.append(key)
        return super().get(key, default)


def testName(key: Key) -> str:
    """
    The name of the test of a row.
    """
    words = [word for each in key for word in each.name.lower().split("_")]
    return "test_" + words[0] + "".join(word.capitalize() for word in words[1:])


class RowTests(SynchronousTestCase):
    """
    Each row of the table, taken by a session. The name of a test is the name
    of its row, and the row must have been taken in the end.
    """

    def setUp(self) -> None:
        self.table = Watched()
        self.patch(lifecycle, "TABLE", self.table)
        self.rows = {testName(key): key for key in TABLE}

    def make(self, **settings: Any) -> Bench:
        """
        A new session.
        """
        self.bench = Bench(**settings)
        self.session = self.bench.session
        self.receiver = self.bench.receiver
        self.clock = self.bench.clock
        return self.bench

    def away(self, **settings: Any) -> None:
        """
        A session whose first poll has been answered.
        """
        self.make(**settings).poll()
        self.assertState(State.AWAY, State.RESTING)

    def leaving(self, writable: bool = False) -> FakeStream:
        """
        A session that has been ended while its stream took nothing.
        """
        stream = self.make().opened()
        stream.writable = writable
        self.session.close(DisconnectReason.SERVER)
        self.receiver.calls.clear()
        self.assertState(State.LEAVING, State.SILENT)
        return stream

    def closed(self) -> None:
        """
        A session that is over.
        """
        self.make().opened()
        self.session.fail(DisconnectReason.CLIENT)
        self.assertState(State.CLOSED, State.SILENT)

    def lose(self, transport: FakeStream) -> None:
        """
        A transport's connection goes.
        """
        self.bench.lose(transport)

    def close(self) -> None:
        """
        End the session from this side.
        """
        self.session.close(DisconnectReason.SERVER)

    def fail(self) -> None:  # type: ignore[override]
        """
        End the session at once.
        """
        self.session.fail(DisconnectReason.PARSE_ERROR, "why")

    def assertState(self, carriage: State, pulse: State) -> None:
        """
        The session is in these states.
        """
        life = self.session._life
        self.assertEqual((life.carriage, life.pulse), (carriage, pulse))

    def assertEnded(self, reason: DisconnectReason, *failures: str) -> None:
        """
        The session is over, the receiver has been told so once, and the
        session is forgotten.
        """
        self.assertState(State.CLOSED, State.SILENT)
        self.assertEqual(self.receiver.reasons, [reason])
        self.assertEqual(self.bench.keeper.forgotten, [self.session])
        self.assertEqual([each[1] for each in self.bench.keeper.failures], list(failures))

    def assertGone(self) -> None:
        """
        A session that had been leaving is forgotten without a further word.
        """
        self.assertState(State.CLOSED, State.SILENT)
        self.assertEqual(self.receiver.calls, [])
        self.assertEqual(self.bench.keeper.forgotten, [self.session])

    def tearDown(self) -> None:
        self.assertIn(self.rows[self._testMethodName], self.table.taken)

    # NEW

    def test_newPolled(self) -> None:
        poll = self.make().poll()
        self.assertEqual(poll.written, [("OPEN SID",)])
        self.assertEqual(self.receiver.calls, ["opened"])
        self.assertEqual(self.session.connections, 1)

    def test_newOpened(self) -> None:
        stream = self.make().stream()
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual(stream.written, [("OPEN SID",)])
        self.assertEqual(self.receiver.calls, ["opened"])
        self.assertEqual(self.session.connections, 1)

    def test_newClose(self) -> None:
        self.make()
        self.close()
        self.assertEnded(DisconnectReason.SERVER)

    def test_newFail(self) -> None:
        self.make()
        self.fail()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")

    # POLL

    def test_pollPolled(self) -> None:
        first = self.make().polled()
        second = self.bench.poll()
        self.assertEqual(first.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.bench.send("to the second")
        self.assertEqual((first.written, second.texts()), ([], ["MESSAGE to the second"]))
        self.assertEqual(self.session.connections, 3)
        self.assertEqual(self.receiver.calls, ["opened"])

    def test_pollReleased(self) -> None:
        poll = self.make().polled()
        self.assertState(State.POLL, State.RESTING)
        self.bench.send("released")
        self.assertEqual(poll.texts(), ["MESSAGE released"])
        self.assertState(State.AWAY, State.RESTING)

    def test_pollLost(self) -> None:
        self.lose(self.make().polled())
        self.assertState(State.AWAY, State.STILL)

    def test_pollPollDue(self) -> None:
        poll = self.make().polled()
        self.clock.advance(INTERVALS["duration"])
        self.assertEqual(poll.written, [()])
        self.assertState(State.AWAY, State.RESTING)

    def test_pollClose(self) -> None:
        poll = self.make().polled()
        self.close()
        self.assertEqual(poll.texts(), ["CLOSE"])
        self.assertEnded(DisconnectReason.SERVER)

    def test_pollFail(self) -> None:
        poll = self.make().polled()
        self.fail()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")
        self.assertEqual(poll.closed, [(DisconnectReason.PARSE_ERROR, "why")])

    def test_pollBeatMissed(self) -> None:
        self.make(duration=None, heartbeatInterval=1.0).polled()
        self.clock.advance(1)
        poll = self.bench.poll()
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")
        self.assertEqual(poll.closed, [(DisconnectReason.PING_TIMEOUT, "")])

    # STREAM

    def test_streamOpened(self) -> None:
        first = self.make().opened()
        first.writable = False
        self.bench.send("held up")
        second = self.bench.stream()
        self.assertEqual(first.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.bench.send("more")
        self.assertEqual(first.written, [])
        self.assertEqual(second.texts(), ["MESSAGE held up", "MESSAGE more"])
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual(self.session.connections, 2)

    def test_streamLost(self) -> None:
        self.lose(self.make().opened())
        self.assertState(State.AWAY, State.STILL)
        self.assertEqual(self.receiver.reasons, [])

    def test_streamClose(self) -> None:
        stream = self.make().opened()
        self.close()
        self.assertEqual(stream.texts(), ["CLOSE"])
        self.assertEnded(DisconnectReason.SERVER)
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    def test_streamFail(self) -> None:
        stream = self.make().opened()
        self.fail()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")
        self.assertEqual(stream.written, [])
        self.assertEqual(stream.closed, [(DisconnectReason.PARSE_ERROR, "why")])

    def test_streamBeatMissed(self) -> None:
        stream = self.make().opened()
        self.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")
        self.assertEqual(stream.closed, [(DisconnectReason.PING_TIMEOUT, "")])

    # AWAY

    def test_awayPolled(self) -> None:
        self.away()
        self.bench.send("one", "two")
        poll = self.bench.poll()
        self.assertEqual(poll.written, [("MESSAGE one", "MESSAGE two")])
        self.assertEqual(self.session.connections, 2)
        self.assertEqual(self.receiver.calls, ["opened"])

    def test_awayOpened(self) -> None:
        self.make()
        self.lose(self.bench.opened())
        self.bench.send("one", "two")
        stream = self.bench.stream()
        self.assertEqual(stream.written, [("MESSAGE one", "MESSAGE two")])
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual(self.receiver.calls, ["opened"])

    def test_awayAwayOver(self) -> None:
        self.away()
        self.clock.advance(INTERVALS["closeTimeout"])
        self.assertEnded(DisconnectReason.TRANSPORT_CLOSE, "")

    def test_awayClose(self) -> None:
        self.away()
        self.bench.send("last")
        self.close()
        self.assertState(State.LEAVING, State.SILENT)
        self.assertEqual(self.receiver.reasons, [DisconnectReason.SERVER])
        self.assertEqual(self.bench.poll().texts(), ["MESSAGE last", "CLOSE"])

    def test_awayFail(self) -> None:
        self.away()
        self.fail()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")

    def test_awayBeatMissed(self) -> None:
        self.away(closeTimeout=None)
        self.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")

    # LEAVING

    def test_leavingPolled(self) -> None:
        self.away()
        self.close()
        self.receiver.calls.clear()
        poll = self.bench.poll()
        self.assertEqual(poll.texts(), ["CLOSE"])
        self.assertGone()

    def test_leavingOpened(self) -> None:
        first = self.leaving()
        second = self.bench.stream()
        self.assertEqual(first.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.assertEqual((first.texts(), second.texts()), ([], ["CLOSE"]))
        self.assertGone()
        self.assertEqual(second.closed, [(DisconnectReason.SERVER, "")])

    def test_leavingDrained(self) -> None:
        stream = self.leaving()
        stream.resume()
        self.assertEqual(stream.texts(), ["CLOSE"])
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    def test_leavingLost(self) -> None:
        self.lose(self.leaving())
        self.assertGone()

    def test_leavingFail(self) -> None:
        stream = self.leaving()
        self.fail()
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "why")])

    def test_leavingFarewellOver(self) -> None:
        stream = self.leaving()
        self.clock.advance(INTERVALS["farewellTimeout"])
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    # CLOSED

    def test_closedPolled(self) -> None:
        self.closed()
        poll = self.bench.poll()
        self.assertEqual((poll.written, poll.closed), ([], [(DisconnectReason.CLIENT, "")]))
        self.assertState(State.CLOSED, State.SILENT)

    def test_closedOpened(self) -> None:
        self.closed()
        stream = self.bench.stream()
        self.assertEqual((stream.written, stream.closed), ([], [(DisconnectReason.CLIENT, "")]))
        self.assertState(State.CLOSED, State.SILENT)

    # STILL

    def test_stillPolled(self) -> None:
        self.make()
        self.assertState(State.NEW, State.STILL)
        self.bench.poll()
        self.assertState(State.AWAY, State.RESTING)

    def test_stillOpened(self) -> None:
        self.make()
        self.lose(self.bench.opened())
        self.assertState(State.AWAY, State.STILL)
        self.bench.stream()
        self.assertState(State.STREAM, State.RESTING)

    def still(self) -> None:
        """
        A session that is away and has no pulse.
        """
        self.make()
        self.lose(self.bench.opened())
        self.assertState(State.AWAY, State.STILL)

    def test_stillClose(self) -> None:
        self.still()
        self.close()
        self.assertState(State.LEAVING, State.SILENT)

    def test_stillFail(self) -> None:
        self.still()
        self.fail()
        self.assertState(State.CLOSED, State.SILENT)

    def test_stillAwayOver(self) -> None:
        self.still()
        self.clock.advance(INTERVALS["closeTimeout"])
        self.assertState(State.CLOSED, State.SILENT)

    # RESTING

    def test_restingBeatDue(self) -> None:
        stream = self.make().opened()
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts(), ["PING 1"])
        self.assertState(State.STREAM, State.AWAITING)

    def test_restingLost(self) -> None:
        self.lose(self.make(closeTimeout=None).opened())
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertState(State.AWAY, State.STILL)
        self.assertEqual(self.bench.stream().texts(), [])

    def test_restingClose(self) -> None:
        self.leaving()

    def test_restingFail(self) -> None:
        self.make().opened()
        self.fail()
        self.assertState(State.CLOSED, State.SILENT)

    def test_restingAwayOver(self) -> None:
        self.away()
        self.clock.advance(INTERVALS["closeTimeout"])
        self.assertState(State.CLOSED, State.SILENT)

    # AWAITING

    def awaiting(self, **settings: Any) -> FakeStream:
        """
        A session whose stream has a heartbeat out.
        """
        stream = self.make(**settings).opened()
        self.clock.advance(INTERVALS["heartbeatInterval"])
        stream.written.clear()
        self.assertState(State.STREAM, State.AWAITING)
        return stream

    def test_awaitingAnswered(self) -> None:
        stream = self.awaiting()
        self.session.received("PONG 1")
        self.assertState(State.STREAM, State.RESTING)
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts(), ["PING 2"])

    def test_awaitingLost(self) -> None:
        stream = self.awaiting(closeTimeout=None)
        self.bench.lose(stream)
        self.assertState(State.AWAY, State.STILL)
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertState(State.AWAY, State.STILL)

    def test_awaitingClose(self) -> None:
        self.awaiting().writable = False
        self.close()
        self.assertState(State.LEAVING, State.SILENT)

    def test_awaitingFail(self) -> None:
        self.awaiting()
        self.fail()
        self.assertState(State.CLOSED, State.SILENT)

    def test_awaitingAwayOver(self) -> None:
        self.away(closeTimeout=3.0, heartbeatInterval=1.0)
        self.clock.advance(1)
        self.assertState(State.AWAY, State.AWAITING)
        self.clock.advance(2)
        self.assertState(State.CLOSED, State.SILENT)

    def test_awaitingBeatMissed(self) -> None:
        self.awaiting()
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertState(State.CLOSED, State.SILENT)


class CompletenessTests(SynchronousTestCase):
    """
    The table and its tests belong together.
    """

    def test_everyRow(self) -> None:
        """
        Each row has its test, and each test its row.
        """
        names = {name for name in dir(RowTests) if re.match("test_", name)}
        self.assertEqual(names, {testName(key) for key in TABLE})

    def test_everyInput(self) -> None:
        """
        No state, input or action is there for nothing.
        """
        self.assertEqual({what for _, what in TABLE}, set(Input))
        self.assertEqual({state for state, _ in TABLE} | {State.SILENT}, set(State))
        actions = {action for _, actions in TABLE.values() for action in actions}
        self.assertEqual(actions, set(Action))

    def test_everyDeadline(self) -> None:
        """
        What a deadline stands for has a row.
        """
        for state, (_, what) in DEADLINES.items():
            self.assertIn((state, what), TABLE)


class DeadlineTests(SynchronousTestCase):
    """
    The deadline of each state.
    """

    def assertDeadline(self, state: State, enter: Callable[[Bench], object]) -> None:
        """
        C{enter} brings a session into C{state}, which lasts as long as its
        setting says, and for ever where that is L{None}.
        """
        setting, _ = DEADLINES[state]
        for seconds in (1.0, 1234.5):
            bench, states = self.entered(state, enter, {setting: seconds})
            bench.clock.advance(seconds - GRAIN)
            self.assertIn(state, states())
            bench.clock.advance(GRAIN)
            self.assertNotIn(state, states())
        bench, states = self.entered(state, enter, {setting: None})
        bench.clock.advance(10_000_000.0)
        self.assertIn(state, states())

    def entered(
        self, state: State, enter: Callable[[Bench], object], settings: dict[str, Any]
    ) -> tuple[Bench, Callable[[], set[State]]]:
        """
        A session in C{state}, and what tells its states.
        """
        # Nothing else ends what is to last.
        others: dict[str, Any] = dict.fromkeys(INTERVALS, None)
        if state is State.AWAITING:
            others["heartbeatInterval"] = 1.0
        bench = Bench(**{**others, **settings})
        life = bench.session._life
        enter(bench)
        self.assertIn(state, (life.carriage, life.pulse))
        return bench, lambda: {life.carriage, life.pulse}

    def test_duration(self) -> None:
        self.assertDeadline(State.POLL, Bench.polled)

    def test_closeTimeout(self) -> None:
        self.assertDeadline(State.AWAY, Bench.poll)

    def test_farewellTimeout(self) -> None:
        def leave(bench: Bench) -> None:
            bench.poll()
            bench.session.close(DisconnectReason.SERVER)

        self.assertDeadline(State.LEAVING, leave)

    def test_heartbeatInterval(self) -> None:
        self.assertDeadline(State.RESTING, Bench.opened)

    def test_heartbeatTimeout(self) -> None:
        def await_(bench: Bench) -> None:
            bench.opened()
            bench.clock.advance(1)

        self.assertDeadline(State.AWAITING, await_)

    def test_everySetting(self) -> None:
        """
        Each deadline has a test of the name of its setting.
        """
        for setting, _ in DEADLINES.values():
            self.assertTrue(hasattr(self, f"test_{setting}"), setting)

    def test_heartbeatsBetweenPolls(self) -> None:
        """
        The interval runs on from poll to poll, and from each answer.
        """
        bench = Bench(heartbeatInterval=5.0, closeTimeout=None)
        bench.poll()
        for second in (1, 2, 3, 4):
            bench.clock.advance(1)
            poll = bench.poll()
            self.assertEqual((second, poll.texts()), (second, []))
        bench.clock.advance(1)
        self.assertEqual(poll.texts(), ["PING 1"])

    def test_zero(self) -> None:
        """
        A state that may not last is over at once.
        """
        bench = Bench(closeTimeout=0.0)
        bench.lose(bench.opened())
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        bench = Bench(duration=0.0)
        self.assertEqual(bench.polled().written, [()])

    def test_polledInTime(self) -> None:
        """
        Who comes back before the deadline has been looked at is welcome.
        """
        bench = Bench(closeTimeout=1.0)
        bench.poll()
        # The clock goes on without calling anybody.
        bench.clock.rightNow += 2.0
        bench.poll()
        self.assertEqual(bench.session.state, State.POLL)


class ReasonTests(SynchronousTestCase):
    """
    Every reason with which a session itself ends. Those of the application
    (C{SERVER}, C{SHUTDOWN}, C{REFUSED}, C{FLOOD}) are passed through.
    """

    def assertReason(self, bench: Bench, reason: DisconnectReason) -> None:
        """
        The session has ended with this reason.
        """
        self.assertEqual(bench.receiver.calls[-1:], [reason])
        self.assertEqual(bench.receiver.reasons, [reason])

    def test_client(self) -> None:
        bench = Bench()
        bench.opened()
        bench.session.received("CLOSE")
        self.assertReason(bench, DisconnectReason.CLIENT)

    def test_given(self) -> None:
        for reason in DisconnectReason:
            bench = Bench()
            bench.opened()
            bench.session.close(reason)
            self.assertReason(bench, reason)
            bench = Bench()
            bench.opened()
            bench.session.fail(reason)
            self.assertReason(bench, reason)

    def test_pingTimeout(self) -> None:
        bench = Bench()
        bench.opened()
        bench.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertReason(bench, DisconnectReason.PING_TIMEOUT)

    def test_transport(self) -> None:
        """
        What the transport gave as its reason is known when the client does
        not come back.
        """
        for reason in (DisconnectReason.TRANSPORT_CLOSE, DisconnectReason.TRANSPORT_ERROR):
            bench = Bench()
            bench.session.lost(bench.opened(), reason)
            self.assertEqual(bench.receiver.reasons, [])
            bench.clock.advance(INTERVALS["closeTimeout"])
            self.assertReason(bench, reason)

    def test_transportNever(self) -> None:
        """
        The same where nothing ever carried the session.
        """
        bench = Bench()
        bench.session.lost(FakeStream(bench.session), DisconnectReason.TRANSPORT_ERROR)
        self.assertReason(bench, DisconnectReason.TRANSPORT_ERROR)
        self.assertEqual(bench.session.state, State.CLOSED)

    def test_parseError(self) -> None:
        bench = Bench()
        bench.opened()
        bench.session.received("nonsense")
        self.assertReason(bench, DisconnectReason.PARSE_ERROR)
        self.assertEqual(
            bench.keeper.failures, [(DisconnectReason.PARSE_ERROR, "no packet: nonsense")]
        )

    def test_slowConsumer(self) -> None:
        bench = Bench(maxQueue=2)
        bench.poll()
        bench.send("one", "two", "three")
        self.assertReason(bench, DisconnectReason.SLOW_CONSUMER)


#: What does not stand for a deadline.
FROM_OUTSIDE = sorted(set(Input) - {what for _, what in DEADLINES.values()})


def live(life: Life, what: Input, now: float) -> list[Action]:
    """
    Have the deadlines that were reached meanwhile come, and then the input.

    @return: what is to be done.
    """
    actions: list[Action] = []
    for each in (what, None):
        while (due := life.expired(now)) is not None:
            actions += life.step(due, now)
        if each is not None:
            actions += life.step(each, now)
    return actions


class LifeTests(SynchronousTestCase):
    """
    What is true of a life whatever happens.
    """

    @settings(deadline=None)
    @given(st.lists(st.sampled_from(Input)))
    def test_anyInputs(self, inputs: list[Input]) -> None:
        """
        Whatever comes, each state is of its kind, and the last of each kind
        are final.
        """
        life = Life(Settings(**INTERVALS))
        for what in inputs:
            before = {life.carriage, life.pulse}
            life.step(what, 0.0)
            self.assertIn(life.carriage, CARRIAGES)
            self.assertIn(life.pulse, PULSES)
            final = before & {State.CLOSED, State.SILENT}
            self.assertLessEqual(final, {life.carriage, life.pulse})

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 50), st.sampled_from(FROM_OUTSIDE))))
    def test_ends(self, inputs: list[tuple[float, Input]]) -> None:
        """
        With the deadlines coming when they are due: opening and end are told
        once, the heartbeats end with the session, nothing that is due is
        left, and nothing at all where the session is over.
        """
        life, now = Life(Settings(**INTERVALS)), 0.0
        told: list[Action] = []
        life.step(Input.POLLED, now)
        for seconds, what in inputs:
            now += seconds
            told += live(life, what, now)
            self.assertEqual(life.pulse is State.SILENT, life.carriage in ENDED)
            self.assertEqual(told.count(Action.END), life.carriage in ENDED)
            self.assertGreater(life.due, now)
        self.assertEqual(told.count(Action.OPEN), 0)
        self.assertFalse(life.carriage is State.CLOSED and life.due < inf)

    def test_expired(self) -> None:
        """
        A deadline is handed out once, the carriage's first.
        """
        life = Life(Settings(duration=1.0, heartbeatInterval=1.0))
        life.step(Input.POLLED, 5.0)
        self.assertEqual(life.due, 6.0)
        self.assertIsNone(life.expired(5.9))
        found = [life.expired(6.0) for _ in range(3)]
        self.assertEqual(found, [Input.POLL_DUE, Input.BEAT_DUE, None])
        self.assertEqual(life.due, inf)
