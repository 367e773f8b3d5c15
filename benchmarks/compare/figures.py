"""
What measurements come to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple


class Measurement(NamedTuple):
    """
    What one run has shown.

    @ivar work: its name.
    @ivar contestant: so here.
    @ivar round: which of the rounds it was, from 0.
    @ivar shown: what the generator has printed.
    """

    work: str
    contestant: str
    round: int
    shown: Mapping[str, Any]

    @property
    def cost(self) -> float:
        """
        What the server needs for one: seconds of its processor for a message,
        or bytes of memory for an idle client.
        """
        shown = self.shown
        spent = (
            shown["rss_after"] - shown["rss_before"] if shown["work"] == "idle" else shown["cpu"]
        )
        return float(spent / shown["messages"])

    @property
    def rate(self) -> float:
        """
        How many there were in a second.
        """
        return float(self.shown["messages"] / self.shown["seconds"])

    def latency(self, share: str) -> float:
        """
        How long most of them took, seconds.

        @param share: C{"p50"}, C{"p99"}...
        """
        return float(self.shown["latency"][share])


class Spread(NamedTuple):
    """
    The median of some figures, the least and the greatest.
    """

    median: float
    least: float
    greatest: float


def spread(figures: Sequence[float]) -> Spread:
    """
    Of at least one figure.
    """
    return Spread(median(figures), min(figures), max(figures))


class Side(NamedTuple):
    """
    A contestant at a work.
    """

    work: str
    contestant: str


class Figures:
    """
    All that has been measured.
    """

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        self._sides: dict[Side, dict[int, Measurement]] = {}
        for each in measurements:
            self._sides.setdefault(Side(each.work, each.contestant), {})[each.round] = each

    def __contains__(self, side: Side) -> bool:
        return side in self._sides

    def of(self, side: Side) -> Sequence[Measurement]:
        """
        What has been measured of it, round by round.
        """
        return [*self._sides[side].values()]

    def cost(self, side: Side) -> Spread:
        """
        See L{Measurement.cost}.
        """
        return spread([each.cost for each in self.of(side)])

    def rate(self, side: Side) -> float:
        """
        See L{Measurement.rate}.
        """
        return median(each.rate for each in self.of(side))

    def latency(self, side: Side, share: str) -> float:
        """
        See L{Measurement.latency}.
        """
        return median(each.latency(share) for each in self.of(side))

    def ratio(self, dividend: Side, divisor: Side) -> Spread:
        """
        How many times the cost of the one the cost of the other is: that of the
        medians, and the least and greatest within a round, in which both have
        found the machine as it was just then.
        """
        whole = self.cost(dividend).median / self.cost(divisor).median
        others = self._sides[divisor]
        pairs = [
            each.cost / others[number].cost
            for number, each in self._sides[dividend].items()
            if number in others
        ] or [whole]
        return Spread(whole, min(pairs), max(pairs))
