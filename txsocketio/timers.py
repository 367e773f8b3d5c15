"""
Deadlines for very many, kept with one delayed call.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import ceil, inf
from typing import Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

GRAIN = 1 / 32
"""
Seconds: deadlines that fall into one grain are met together, at its end. No
deadline is met early.
"""


class Sleeper(Protocol):
    """
    Something with deadlines.

    @ivar tick: when the timers will wake it next, counted in grains; 0 where
        they won't. The timers' own to set.
    """

    tick: int

    def wake(self) -> None:
        """
        See what is due now, and ask to be woken for what is due next.
        """


class Timers:
    """
    Wakes each sleeper when its deadline is reached, or before that: a
    deadline that moves away, as most do, costs nothing until the old one.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._slots: dict[int, set[Sleeper]] = {}
        self._ticks: list[int] = []
        self._call: IDelayedCall | None = None
        self._callTick = 0

    def arm(self, sleeper: Sleeper, due: float) -> None:
        """
        @param due: when to wake it at the latest, in the clock's seconds;
            infinite for never.
        """
        if due == inf or 0 < sleeper.tick * GRAIN <= due:
            return
        tick = max(1, ceil(due / GRAIN))
        if 0 < sleeper.tick <= tick:
            return
        self.forget(sleeper)
        sleeper.tick = tick
        if tick not in self._slots:
            self._slots[tick] = set()
            heappush(self._ticks, tick)
        self._slots[tick].add(sleeper)
        self._schedule()

    def forget(self, sleeper: Sleeper) -> None:
        """
        Don't wake it.
        """
        self._slots.get(sleeper.tick, set()).discard(sleeper)
        sleeper.tick = 0

    def stop(self) -> None:
        """
        Wake nobody any more.
        """
        self._slots.clear()
        self._ticks.clear()
        self._schedule()

    def _schedule(self) -> None:
        """
        Have the delayed call come at the first tick.
        """
        first = self._ticks[0] if self._ticks else 0
        if self._call is not None:
            if self._callTick == first:
                return
            self._call.cancel()
            self._call = None
        if first:
            self._callTick = first
            delay = max(0.0, first * GRAIN - self._clock.seconds())
            self._call = self._clock.callLater(delay, self._tick)

    def _tick(self) -> None:
        self._call = None
        now = self._clock.seconds()
        try:
            # One at a time: each may arm, forget and stop as it likes, or
            # raise, and the others are still woken.
            while self._ticks and self._ticks[0] * GRAIN <= now:
                slot = self._slots[self._ticks[0]]
                if slot:
                    sleeper = slot.pop()
                    sleeper.tick = 0
                    sleeper.wake()
                else:
                    del self._slots[heappop(self._ticks)]
        finally:
            self._schedule()
