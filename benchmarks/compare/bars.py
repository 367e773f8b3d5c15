"""
How fast it has to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.compare.figures import Figures, Side
from benchmarks.compare.works import EXTRA, NODE, TXSOCKETIO, UVICORN


@dataclass(frozen=True)
class Bar:
    """
    One bar.

    @ivar ours: what is measured.
    @ivar theirs: what it is measured by.
    @ivar limit: how many times less than theirs ours has to cost, at least; or
        how many times as much as theirs, at most.
    """

    ours: Side
    theirs: Side
    limit: float
    isCeiling: bool = False

    def isMeasured(self, figures: Figures) -> bool:
        """
        Whether it can be told.
        """
        return self.ours in figures and self.theirs in figures

    def reached(self, figures: Figures) -> float:
        """
        What there is, to compare with the limit.
        """
        sides = (self.ours, self.theirs) if self.isCeiling else (self.theirs, self.ours)
        return figures.ratio(*sides).median

    def isMet(self, figures: Figures) -> bool:
        """
        Whether that is enough.
        """
        reached = self.reached(figures)
        return reached <= self.limit if self.isCeiling else reached >= self.limit


def _faster(work: str, node: float, python: float, ours: str = TXSOCKETIO) -> Iterator[Bar]:
    for peer, limit in ((NODE, node), (UVICORN, python)):
        yield Bar(Side(work, ours), Side(work, peer), limit)


BARS: Sequence[Bar] = (
    *_faster("echo20w4", 2.2, 14.0),
    *_faster("echo20w1", 1.5, 10.0),
    *_faster("echo900w4", 0.8, 5.0),
    *_faster("echo900w4", 1.8, 10.0, EXTRA),
    *_faster("fan1000w1", 2.0, 13.0),
    *_faster("fan1000w4", 2.0, 13.0),
    *_faster("connect", 2.5, 5.0),
    *_faster("polling", 0.8, 3.0),
    Bar(Side("memory", TXSOCKETIO), Side("memory", NODE), 0.25, isCeiling=True),
    Bar(Side("memory", TXSOCKETIO), Side("memory", UVICORN), 0.15, isCeiling=True),
    Bar(Side("annotated-echo", TXSOCKETIO), Side("eio4-echo", TXSOCKETIO), 1.0),
    Bar(Side("annotated-fanout", TXSOCKETIO), Side("eio4-fanout", TXSOCKETIO), 1.0),
    Bar(Side("clients10000", TXSOCKETIO), Side("clients100", TXSOCKETIO), 1.25, isCeiling=True),
)


def told(figures: Figures) -> Iterator[str]:
    """
    A line for each bar: what there is, and whether it is enough.
    """
    for bar in BARS:
        ours = f"{bar.ours.work}, {bar.ours.contestant}"
        theirs = bar.theirs.contestant
        if bar.theirs.work != bar.ours.work:
            theirs = f"{bar.theirs.work}, {theirs}"
        limit = f"{'<=' if bar.isCeiling else '>='} {bar.limit:g}"
        line = f"{ours:<32} beside {theirs:<24} {limit:>8}  "
        if not bar.isMeasured(figures):
            yield f"{line}{'-':>6}  not measured"
            continue
        met = "met" if bar.isMet(figures) else "NOT MET"
        yield f"{line}{bar.reached(figures):6.2f}  {met}"
