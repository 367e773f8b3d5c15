"""
Whose turn it is, and how long all will take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.compare.contestants import CONTESTANTS, Contestant
from benchmarks.compare.running import Pace
from benchmarks.compare.works import Work

_BESIDE = 0.3
"""How long it takes to start the generator and to end both, seconds."""


class Turn(NamedTuple):
    """
    One measurement to make.
    """

    work: Work
    contestant: Contestant
    round: int

    def estimate(self, pace: Pace) -> float:
        """
        How long it takes, about; seconds.
        """
        work = self.work
        clients = work.clients + (work.crowd.clients if work.crowd else 0)
        connecting = clients * self.contestant.connecting
        measuring = pace.warmup + pace.seconds * work.length
        return self.contestant.starting + connecting + measuring + _BESIDE


def turns(works: Sequence[Work], runs: int) -> Iterator[Turn]:
    """
    Work by work and round by round, each contestant once in a round; who begins
    changes, so that none has the best place each time.
    """
    for work in works:
        for number in range(_rounds(runs, work.runs)):
            first = number % len(work.contestants)
            for name in [*work.contestants[first:], *work.contestants[:first]]:
                contestant = CONTESTANTS[name]
                if number < _rounds(runs, work.runs * contestant.share):
                    yield Turn(work, contestant, number)


def _rounds(runs: int, share: float) -> int:
    return max(1, round(runs * share))


class Remaining:
    """
    How much is left, as turns are taken.
    """

    def __init__(self, plan: Sequence[Turn], pace: Pace) -> None:
        self._pace = pace
        self._left = sum(turn.estimate(pace) for turn in plan)
        self._estimated = self._took = 0.0

    def taken(self, turn: Turn, seconds: float) -> None:
        """
        This one has taken so long.
        """
        estimate = turn.estimate(self._pace)
        self._left -= estimate
        self._estimated += estimate
        self._took += seconds

    @property
    def seconds(self) -> float:
        """
        How long the rest takes, if it goes on as it went.
        """
        return self._left * (self._took / self._estimated if self._estimated else 1.0)


def clock(seconds: float) -> str:
    """
    Minutes and seconds.
    """
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    return f"{minutes}:{rest:02}"
