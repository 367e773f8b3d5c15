"""
Measure this server beside its peers. C{sh bin/bench} makes the environment.

    python -m benchmarks.compare                        everything, 24 minutes
    python -m benchmarks.compare --only bars --bars     what the bars are for, and the bars
    python -m benchmarks.compare --only echo20w4,sizes --runs 3 --seconds 0.5
    python -m benchmarks.compare --quick                whether everything works, a minute
    python -m benchmarks.compare --from FILE --bars     what has been measured before
"""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.compare import bars, machine, preparing, report, results, tables
from benchmarks.compare.contestants import CONTESTANTS
from benchmarks.compare.figures import Figures, Measurement
from benchmarks.compare.results import Results
from benchmarks.compare.running import Pace, measure, place
from benchmarks.compare.schedule import Remaining, Turn, clock, turns
from benchmarks.compare.works import Work, allWorks, chosen, few
from benchmarks.server import ROOT, Failed, allowFiles

FOLDER = ROOT / ".bench"
"""Where everything is that the repository does not keep."""

_SPARE_FILES = 100
_QUICK = Pace(0.1, 0.4)


def _options(arguments: Sequence[str]) -> Namespace:
    head, _, examples = (__doc__ or "").strip().partition("\n\n")
    parser = ArgumentParser(
        prog="bin/bench",
        description=head,
        epilog=examples,
        formatter_class=RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--only", metavar="NAMES", default="", help="works or groups of them, with commas")
    add("--without", metavar="NAMES", default="", help="contestants to leave out, with commas")
    add("--list", action="store_true", help="name all works and contestants, and stop")
    add("--runs", type=int, default=7, help="rounds of a work of the bars (%(default)s)")
    add("--seconds", type=float, default=1.0, help="how long each is measured (%(default)s)")
    add("--warmup", type=float, default=0.4, help="and how long it works before (%(default)s)")
    add("--quick", action="store_true", help="a tiny run of each, to see that everything works")
    add("--bars", action="store_true", help="tell of each bar whether it is met; 1 if one is not")
    add(
        "--from", dest="file", type=Path, metavar="FILE", help="measure nothing, show what it holds"
    )
    add("--out", type=Path, metavar="FOLDER", help="where the results go")
    return parser.parse_args(arguments)


def _names(text: str) -> Sequence[str]:
    return [name for name in text.split(",") if name]


def _works(options: Namespace) -> Sequence[Work]:
    """
    What to do, and by whom.

    @raise Failed: something asked for is not there.
    """
    left = _names(options.without)
    if unknown := {*left} - {*CONTESTANTS}:
        raise Failed(f"no contestant: {', '.join(sorted(unknown))}")
    try:
        works = chosen(allWorks(), _names(options.only))
    except ValueError as error:
        raise Failed(str(error)) from None
    return [work.without(left) for work in (few(works) if options.quick else works)]


def _measured(plan: Sequence[Turn], pace: Pace, load: Path) -> Iterator[Measurement | str]:
    """
    Take the turns.

    @return: a line for each that has failed.
    """
    remaining = Remaining(plan, pace)
    with place(load) as where:
        for number, turn in enumerate(plan, 1):
            work, contestant = turn.work, turn.contestant
            head = f"{number:{len(str(len(plan)))}}/{len(plan)} {clock(remaining.seconds):>5} left"
            line = f"{head}  {work.name:<12} {contestant.name:<16} {turn.round + 1}"
            began = time.monotonic()
            try:
                shown = measure(where, contestant, work, pace)
            except Failed as error:
                print(f"{line}  FAILED: {error}", flush=True)
                yield str(error).partition("\n")[0]
                continue
            finally:
                remaining.taken(turn, time.monotonic() - began)
            measurement = Measurement(work.name, contestant.name, turn.round, shown)
            print(f"{line}  {tables.short(work, measurement)}", flush=True)
            yield measurement


def _run(options: Namespace) -> Results:
    """
    Measure.
    """
    works = _works(options)
    pace = _QUICK if options.quick else Pace(options.warmup, options.seconds)
    plan = list(turns(works, 1 if options.quick else options.runs))
    FOLDER.mkdir(exist_ok=True)
    load = preparing.generator(FOLDER)
    preparing.peers()
    allowFiles(max((work.files for work in works), default=0) + _SPARE_FILES)
    told = machine.described()
    print(f"{told['Python']}; Node {told['Node']}; {told['processor']}")
    total = clock(Remaining(plan, pace).seconds)
    print(f"{len(plan)} measurements of {pace.seconds:g} s, about {total} in all", flush=True)
    found: list[Measurement] = []
    failed: list[str] = []
    try:
        for each in _measured(plan, pace, load):
            if isinstance(each, str):
                failed.append(each)
            else:
                found.append(each)
    except KeyboardInterrupt:
        failed.append(f"stopped after {len(found)} of {len(plan)}")
        # That is nothing to publish.
        options.out = options.out or FOLDER / "results"
    return Results(told, pace, found, failed)


def _list() -> None:
    for work in allWorks():
        print(f"{work.name:<18} {work.group:<20} {work.title}")
    for each in CONTESTANTS.values():
        print(f"{each.name:<18} {'contestant':<20} {each.title}")


def _show(shown: Results, folder: Path) -> None:
    report.keep(shown, folder)
    print(f"\n{tables.report(shown)}\nFigures, tables and plots are in {folder}")


def _areMet(figures: Figures) -> bool:
    """
    Tell of the bars.
    """
    print("\n".join(["", *bars.told(figures)]))
    return all(bar.isMet(figures) for bar in bars.BARS if bar.isMeasured(figures))


def main(arguments: Sequence[str]) -> int:
    """
    The command.

    @return: the exit status.
    """
    options = _options(arguments)
    if options.list:
        _list()
        return 0
    if options.file:
        shown = results.read(options.file)
        folder = options.file.parent
    else:
        shown = _run(options)
        isPart = options.only or options.without or options.quick
        folder = FOLDER / "results" if isPart else report.KEPT
    folder = (options.out or folder).resolve()
    if options.quick:
        # It tells whether everything works, and not how fast.
        report.keep(shown, folder)
        print(f"{len(shown.measurements)} passed, {len(shown.failed)} failed")
    else:
        _show(shown, folder)
    isMet = _areMet(shown.figures) if options.bars else True
    return 0 if isMet and not shown.failed else 1


if __name__ == "__main__":
    # Whoever ends it ends the servers too, and what has been measured is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as error:
        sys.exit(f"bin/bench: {error}")
