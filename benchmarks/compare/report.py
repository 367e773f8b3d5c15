"""
What is kept of a run: figures, tables, plots, and the tables in the documentation.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.compare import plots, results, tables
from benchmarks.compare.results import Results
from benchmarks.server import ROOT

KEPT = ROOT / "benchmarks" / "results"
"""Where the results are that the documentation shows."""

PAGE = ROOT / "docs" / "performance.rst"
BEGIN = ".. What follows is written by benchmarks/compare/report.py.\n\n"
END = "\n.. End of what is written.\n"


def keep(shown: Results, folder: Path) -> None:
    """
    Write everything into a folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results.write(shown, folder / "latest.json")
    (folder / "tables.rst").write_text(tables.report(shown), "utf-8")
    plots.draw(shown.figures, folder)
    if folder == KEPT:
        PAGE.write_text(filled(PAGE.read_text("utf-8"), shown), "utf-8")


def filled(page: str, shown: Results) -> str:
    """
    The page with these tables in the place of those that it has.
    """
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{begin}{tables.report(shown)}{end}{tail}"
