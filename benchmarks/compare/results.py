"""
The file that all that has been measured is kept in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.compare.figures import Figures, Measurement
from benchmarks.compare.running import Pace


@dataclass(frozen=True)
class Results:
    """
    @ivar machine: what it was measured on and with, as L{machine.described}
        tells it.
    @ivar failed: a line for each run that no figure has come of.
    """

    machine: Mapping[str, str]
    pace: Pace
    measurements: Sequence[Measurement]
    failed: Sequence[str] = ()

    @property
    def figures(self) -> Figures:
        """
        What it comes to.
        """
        return Figures(self.measurements)


def write(results: Results, path: Path) -> None:
    """
    Keep them, a line for each measurement.
    """
    lines = [json.dumps(each._asdict()) for each in results.measurements]
    head = {
        "machine": results.machine,
        "pace": asdict(results.pace),
        "failed": [*results.failed],
    }
    text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    joined = ",\n  ".join(lines)
    path.write_text(f'{text},\n "measurements": [\n  {joined}\n ]\n}}\n', "utf-8")


def read(path: Path) -> Results:
    """
    What has been kept.
    """
    held = json.loads(path.read_text("utf-8"))
    measurements = [Measurement(**each) for each in held["measurements"]]
    return Results(held["machine"], Pace(**held["pace"]), measurements, held["failed"])
