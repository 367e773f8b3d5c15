"""
What was measured as pictures, one for each question.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.compare.contestants import CONTESTANTS
from benchmarks.compare.figures import Figures, Side
from benchmarks.compare.works import (
    AIOHTTP,
    AUTOBAHN,
    EXTRA,
    NODE,
    TXSOCKETIO,
    UVICORN,
    WSPROTO,
    Work,
    allWorks,
)

_COLOURS = {
    NODE: "#5f7d3a",
    TXSOCKETIO: "#1f5fa8",
    EXTRA: "#5fa8e8",
    UVICORN: "#c8862a",
    WSPROTO: "#d8a457",
    AIOHTTP: "#ecd3a8",
    AUTOBAHN: "#9a9a9a",
}


def _measured(figures: Figures, group: str) -> Sequence[Work]:
    """
    The works of a group that anybody has done.
    """
    return [
        work
        for work in allWorks()
        if work.group == group and any(Side(work.name, name) in figures for name in CONTESTANTS)
    ]


class Panel:
    """
    A picture to be.
    """

    def __init__(
        self, figures: Figures, group: str, width: float = 8.0, height: float = 4.5
    ) -> None:
        from matplotlib.figure import Figure  # noqa: PLC0415 - most works without it

        self.figures = figures
        self.works = _measured(figures, group)
        self.picture: Any = Figure(figsize=(width, height), layout="constrained")

    def axes(self, title: str, rows: int = 1, columns: int = 1, index: int = 1) -> Any:
        """
        One place to draw in.
        """
        axes = self.picture.add_subplot(rows, columns, index)
        axes.set_title(title, fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        return axes

    def contestants(self, works: Sequence[Work]) -> Sequence[str]:
        """
        Who has done any of these.
        """
        return [
            name
            for name in CONTESTANTS
            if any(Side(work.name, name) in self.figures for work in works)
        ]

    def save(self, path: Path) -> None:
        """
        Write it.
        """
        self.picture.savefig(path, dpi=110, metadata={"Software": None})


def _bars(figures: Figures) -> Panel:
    """
    How many times less than Node's each one costs.
    """
    panel = Panel(figures, "bars", 9.0, 7.5)
    axes = panel.axes(
        "How many times less than Node's server it costs (Node = 1, higher is better)"
    )
    names = [name for name in panel.contestants(panel.works) if name != NODE]
    thick = 0.8 / max(len(names), 1)
    for index, name in enumerate(names):
        sides = [
            (row, Side(work.name, name), Side(work.name, NODE))
            for row, work in enumerate(panel.works)
        ]
        found = [
            (row + (index - (len(names) - 1) / 2) * thick, figures.ratio(node, side).median)
            for row, side, node in sides
            if side in figures and node in figures
        ]
        drawn = axes.barh(
            [row for row, _ in found],
            [ratio - 1 for _, ratio in found],
            thick * 0.92,
            left=1,
            color=_COLOURS[name],
            label=CONTESTANTS[name].title,
        )
        labels = [f"{ratio:.2f}" for _, ratio in found]
        axes.bar_label(drawn, labels, padding=3, fontsize=8)
    axes.axvline(1.0, color=_COLOURS[NODE], linewidth=1.5, label=CONTESTANTS[NODE].title)
    axes.set_xscale("log")
    _plainly(axes.xaxis, (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10))
    axes.margins(x=0.12)
    axes.set_yticks(range(len(panel.works)), [work.title for work in panel.works])
    axes.invert_yaxis()
    axes.grid(axis="x", color="#dddddd")
    panel.picture.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return panel


def _plainly(axis: Any, ticks: Sequence[float]) -> None:
    """
    Numbers as people write them.
    """
    axis.set_major_locator(_ticker().FixedLocator(ticks))
    axis.set_major_formatter(_ticker().FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(_ticker().NullFormatter())


def _ticker() -> Any:
    from matplotlib import ticker  # noqa: PLC0415 - as above

    return ticker


def _sweep(figures: Figures, group: str, title: str, label: str, values: Sequence[float]) -> Panel:
    """
    What one costs each, along a sweep, on logarithmic axes.

    @param values: where each work of the group lies, those that all have.
    """
    panel = Panel(figures, group)
    axes = panel.axes(title)
    at = dict(zip([work.name for work in allWorks() if work.group == group], values, strict=True))
    for name in panel.contestants(panel.works):
        sides = [Side(work.name, name) for work in panel.works]
        found = [side for side in sides if side in figures]
        costs = [figures.cost(side) for side in found]
        axes.errorbar(
            [at[side.work] for side in found],
            [cost.median * 1e6 for cost in costs],
            [
                [(cost.median - cost.least) * 1e6 for cost in costs],
                [(cost.greatest - cost.median) * 1e6 for cost in costs],
            ],
            marker="o",
            markersize=4,
            capsize=2,
            color=_COLOURS[name],
            label=CONTESTANTS[name].title,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plainly(axes.xaxis, values)
    _plainly(axes.yaxis, [step * 10**power for power in range(5) for step in (1, 2, 5)])
    axes.set_xlabel(label)
    axes.set_ylabel("processor time, microseconds")
    axes.grid(color="#dddddd")
    axes.legend(frameon=False, fontsize=9)
    return panel


def _sizes(figures: Figures) -> Panel:
    values = [
        len(work.payload) + len('42["echo",]') for work in allWorks() if work.group == "sizes"
    ]
    return _sweep(figures, "sizes", "What an echo costs the server", "bytes of the message", values)


def _clients(figures: Figures) -> Panel:
    values = [work.clients for work in allWorks() if work.group == "clients"]
    title = "What an echo of 20 B costs the server, one in flight each"
    return _sweep(figures, "clients", title, "clients", values)


def _times(group: str, title: str) -> Callable[[Figures], Panel]:
    """
    Latency, where half of the messages are no slower, and 99 of 100.
    """

    def draw(figures: Figures) -> Panel:
        panel = Panel(figures, group, 9.0)
        names = panel.contestants(panel.works)
        for index, (share, what) in enumerate((("p50", "half"), ("p99", "99 of 100")), 1):
            axes = panel.axes(f"{title}: {what} take at most", columns=2, index=index)
            _columns(
                axes,
                panel.works,
                {
                    name: [
                        figures.latency(side, share) * 1e3 if side in figures else None
                        for side in (Side(work.name, name) for work in panel.works)
                    ]
                    for name in names
                },
            )
            axes.set_yscale("log")
            axes.set_ylabel("milliseconds")
            _plainly(axes.yaxis, [step * 10**power for power in range(-2, 4) for step in (1, 2, 5)])
        _legend(panel, names)
        return panel

    return draw


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _columns(
    axes: Any, works: Sequence[Work], values: Mapping[str, Sequence[float | None]]
) -> None:
    """
    A group of columns for each work, and one in it for each contestant.
    """
    thick = 0.8 / max(len(values), 1)
    for index, (name, row) in enumerate(values.items()):
        offset = (index - (len(values) - 1) / 2) * thick
        found = [(column + offset, value) for column, value in enumerate(row) if value is not None]
        drawn = axes.bar(
            [column for column, _ in found],
            [value for _, value in found],
            thick * 0.92,
            color=_COLOURS[name],
        )
        axes.bar_label(drawn, [_short(value) for _, value in found], padding=2, fontsize=8)
    short = [textwrap.fill(work.title.rpartition(", ")[2], 16) for work in works]
    axes.set_xticks(range(len(works)), short, fontsize=8)
    axes.grid(axis="y", color="#dddddd")
    axes.margins(y=0.1)


def _legend(panel: Panel, names: Sequence[str]) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415 - as above

    handles = [Patch(color=_COLOURS[name], label=CONTESTANTS[name].title) for name in names]
    panel.picture.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)


def _generations(figures: Figures) -> Panel:
    """
    What each generation costs.
    """
    panel = Panel(figures, "generations", 9.0)
    names = panel.contestants(panel.works)
    for index, kind in enumerate(("echo", "fanout"), 1):
        works = [work for work in panel.works if work.kind == kind]
        axes = panel.axes(
            works[0].title.rpartition(", ")[0] if works else kind, columns=2, index=index
        )
        values = {
            name: [
                figures.cost(side).median * 1e6 if side in figures else None
                for side in (Side(work.name, name) for work in works)
            ]
            for name in names
        }
        _columns(axes, [replace(work, title=f", {work.dialect}") for work in works], values)
        axes.set_ylabel("processor time, microseconds")
    _legend(panel, names)
    return panel


_PICTURES: Mapping[str, Callable[[Figures], Panel]] = {
    "bars": _bars,
    "sizes": _sizes,
    "clients": _clients,
    "latency": _times("latency", "At a fixed rate"),
    "generations": _generations,
    "fairness": _times("fairness", "A quiet client"),
}


def draw(figures: Figures, folder: Path) -> None:
    """
    Draw all for which there are figures, as C{GROUP.png}.
    """
    for group, make in _PICTURES.items():
        if _measured(figures, group):
            make(figures).save(folder / f"{group}.png")
