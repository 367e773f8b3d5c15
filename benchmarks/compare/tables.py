"""
What was measured as tables, which reStructuredText reads and people as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.compare import bars
from benchmarks.compare.contestants import CONTESTANTS
from benchmarks.compare.figures import Figures, Measurement, Side
from benchmarks.compare.results import Results
from benchmarks.compare.works import NODE, UVICORN, Work, allWorks

NOTHING = r"\-"
"""What stands where nothing has been measured."""

_SHARES = ("p50", "p99")

Cell = Callable[[Figures, Work, str], str]


def quantity(work: Work, cost: float) -> str:
    """
    What a work costs, with its unit.
    """
    return f"{cost / 1000:.1f} kB" if work.kind == "idle" else f"{cost * 1e6:.1f} µs"


def short(work: Work, measurement: Measurement) -> str:
    """
    What one measurement has shown.
    """
    if work.rate:
        return " / ".join(f"{measurement.latency(each) * 1e3:.2f}" for each in _SHARES) + " ms"
    return f"{quantity(work, measurement.cost):>10} {measurement.rate:11,.0f}/s"


def _cost(figures: Figures, work: Work, name: str) -> str:
    """
    The median, and how far the runs lie from it.
    """
    cost = figures.cost(Side(work.name, name))
    away = max(cost.greatest - cost.median, cost.median - cost.least)
    return f"{quantity(work, cost.median)} ± {away / cost.median:.0%}"


def _ratio(peer: str) -> Cell:
    """
    How many times more it costs this peer.
    """

    def cell(figures: Figures, work: Work, name: str) -> str:
        side = Side(work.name, peer)
        if side not in figures:
            return NOTHING
        return f"{figures.ratio(side, Side(work.name, name)).median:.2f}"

    return cell


def _rate(figures: Figures, work: Work, name: str) -> str:
    if work.kind == "idle":
        return NOTHING
    return f"{figures.rate(Side(work.name, name)):,.0f}"


def _latency(figures: Figures, work: Work, name: str) -> str:
    if work.kind == "idle":
        return NOTHING
    side = Side(work.name, name)
    return " / ".join(f"{figures.latency(side, share) * 1e3:.2f}" for share in _SHARES)


_COSTS = "What one costs the server, processor time or memory", _cost
_BY_NODE = "How many times less than Node's (higher is better)", _ratio(NODE)
_BY_PYTHON = "How many times less than python-socketio's behind uvicorn", _ratio(UVICORN)
_RATES = "How many there were in a second", _rate
_LATENCIES = "Latency, p50 / p99, milliseconds", _latency

_SHOWN: Mapping[str, Sequence[tuple[str, Cell]]] = {
    "bars": (_COSTS, _BY_NODE, _BY_PYTHON, _RATES, _LATENCIES),
    "sizes": (_COSTS, _BY_NODE),
    "clients": (_COSTS, _BY_NODE),
    "latency": (_LATENCIES,),
    "generations": (_COSTS, _BY_NODE),
    "TLS and compression": (_COSTS, _BY_NODE),
    "fairness": (_LATENCIES,),
}


def simple(rows: Sequence[Sequence[str]]) -> str:
    """
    A simple table of reStructuredText, the first row of which is the head.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _table(figures: Figures, works: Sequence[Work], cell: Cell) -> str:
    """
    A row for each work, and a column for each contestant.
    """
    names = [
        name for name in CONTESTANTS if any(Side(work.name, name) in figures for work in works)
    ]
    rows = [
        [
            cell(figures, work, name) if Side(work.name, name) in figures else NOTHING
            for name in names
        ]
        for work in works
    ]
    heads = ["", *(CONTESTANTS[name].title for name in names)]
    titled = [[work.title, *row] for work, row in zip(works, rows, strict=True)]
    return simple([heads, *titled])


def barsTable(figures: Figures) -> str:
    """
    Each bar, what there is, and whether it is enough.
    """
    titles = {work.name: work.title for work in allWorks()}
    rows = [["ours", "beside", "bar", "reached", ""]]
    for bar in bars.BARS:
        if bar.isMeasured(figures):
            other = bar.theirs.contestant
            if bar.theirs.work != bar.ours.work:
                other = titles[bar.theirs.work]
            rows.append(
                [
                    f"{titles[bar.ours.work]}, {CONTESTANTS[bar.ours.contestant].title}",
                    CONTESTANTS[other].title if other in CONTESTANTS else other,
                    f"{'≤' if bar.isCeiling else '≥'} {bar.limit:g}",
                    f"{bar.reached(figures):.2f}",
                    "met" if bar.isMet(figures) else "not met",
                ]
            )
    return simple(rows) if rows[1:] else ""


def sections(results: Results) -> Iterator[tuple[str, str]]:
    """
    A title and a table, again and again.
    """
    figures = results.figures
    measured = {each.work for each in results.measurements}
    if table := barsTable(figures):
        yield "The bars", table
    works = [work for work in allWorks() if work.name in measured]
    for group, shown in _SHOWN.items():
        members = [work for work in works if work.group == group]
        for title, cell in shown if members else ():
            yield (
                f"{group[0].upper()}{group[1:]}: {title[0].lower()}{title[1:]}",
                _table(figures, members, cell),
            )


def report(results: Results) -> str:
    """
    All tables, and the machine.
    """
    parts = [f"**{title}**\n\n{table}\n" for title, table in sections(results)]
    machine = simple([["what", "which"], *results.machine.items()])
    if results.failed:
        failed = "\n".join(f"- {line}" for line in results.failed)
        parts.append(f"**Runs that no figure has come of**\n\n{failed}\n")
    return "\n".join([*parts, f"**The machine, and the versions**\n\n{machine}\n"])
