"""
What the full run of the tests is made of: commands whose output is shown as it
comes, and the counts read from it.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

PATIENCE = 40 * 60
"""How long one command may take before it is ended as hanging, seconds."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_TRIAL_SUMMARY = re.compile(r"(?:PASSED|FAILED)(?: \((?P<counts>.+)\))?")
_TRIAL_COUNT = re.compile(r"(\w+)=(\d+)")
_TALLY = re.compile(r"(\d+) passed, (\d+) failed")
_NODE_COUNT = re.compile(r"[\u2139#] (pass|fail|cancelled|skipped|todo) (\d+)")


@dataclass(frozen=True)
class Tally:
    """
    How much was tested, and with what outcome. What was skipped has failed:
    the full run is there to run everything.
    """

    passed: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def check(holds: bool) -> Tally:
    """
    The tally of one thing that holds or does not.
    """
    return Tally(passed=1) if holds else Tally(failed=1)


def trialTally(lines: Iterable[str]) -> Tally:
    """
    What trial's closing line counts.
    """
    summaries = [match for line in lines if (match := _TRIAL_SUMMARY.fullmatch(line.strip()))]
    counts = summaries[-1]["counts"] if summaries else None
    return _tally(_TRIAL_COUNT.findall(counts or ""), "successes")


def nodeTally(lines: Iterable[str]) -> Tally:
    """
    What the closing lines of node's test runner count.
    """
    plain = (_COLOURS.sub("", line).strip() for line in lines)
    matches = (_NODE_COUNT.fullmatch(line) for line in plain)
    return _tally((match.groups() for match in matches if match), "pass")


def lastTally(lines: Iterable[str]) -> Tally:
    """
    What the last line counts that counts as a L{Tally} does, and says nothing
    else.
    """
    matches = [match for line in lines if (match := _TALLY.fullmatch(line))]
    return Tally(*map(int, matches[-1].groups())) if matches else Tally()


def _tally(counts: Iterable[Sequence[str]], success: str) -> Tally:
    """
    Whatever is not called a success has failed.
    """
    tally = Tally()
    for name, count in counts:
        number = int(count)
        tally += Tally(passed=number) if name == success else Tally(failed=number)
    return tally


def nodeMajor(version: str) -> int:
    """
    @param version: as C{node --version} prints it (C{"v20.1.0"}).
    @return: 0 where it is nothing of the kind.
    """
    match = re.match(r"v(\d+)\.", version)
    return int(match[1]) if match else 0


def summary(tallies: Mapping[str, Tally]) -> str:
    """
    A line for each stage and one for all; the last tells the outcome.
    """
    width = max(map(len, tallies))
    rows = [
        f"{name:<{width}}  {'FAILED' if tally.failed else 'ok':<6}  {tally}"
        for name, tally in tallies.items()
    ]
    return "\n".join([*rows, "", str(sum(tallies.values(), Tally()))])


@dataclass(frozen=True)
class Outcome:
    """
    What became of a command.

    @ivar status: its exit status; 127 where there is no such command, and
        negative where a signal ended it.
    @ivar lines: what it printed, without the ends of lines.
    """

    status: int
    lines: Sequence[str]

    @property
    def tally(self) -> Tally:
        """
        The command as one check, which holds where it succeeded.
        """
        return check(self.status == 0)

    def counted(self, read: Callable[[Iterable[str]], Tally]) -> Tally:
        """
        What C{read} makes of the lines, and one failure where that does not
        agree with the status: a run that counts nothing has tested nothing.
        """
        tally = read(self.lines)
        succeeded = self.status == 0 and tally.passed > 0
        return tally if succeeded or tally.failed else tally + Tally(failed=1)


def say(text: str) -> None:
    """
    Print, and at once.
    """
    print(text, flush=True)


def run(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> Outcome:
    """
    Run a command, without input, and show its output as it comes.

    @param environment: what is set beside what is set already.
    @param patience: after so many seconds it is ended, with all it started.
    """
    arguments = list(map(str, command))
    say(f"$ {shlex.join(arguments)}")
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        say(str(error))
        return Outcome(127, [])
    return _followed(process, patience)


def _followed(process: subprocess.Popen[str], patience: float) -> Outcome:
    """
    Show what the process prints until it ends, and leave none of its children
    behind, however this ends.
    """
    timer = Timer(patience, _end, [process.pid, f"ended after {patience:.0f} s"])
    timer.start()
    lines = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            say(line.rstrip("\n"))
            lines.append(line.rstrip("\n"))
        return Outcome(process.wait(), lines)
    finally:
        timer.cancel()
        _end(process.pid)


def _end(group: int, because: str = "") -> None:
    """
    Kill all processes of a group; there may be none left.
    """
    if because:
        say(because)
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def runStages(stages: Iterable[tuple[str, Callable[[], Tally]]]) -> dict[str, Tally]:
    """
    Run all, whatever becomes of those before. A stage that raises has failed.
    """
    tallies = {}
    for name, stage in stages:
        say(f"\n=== {name}")
        try:
            tallies[name] = stage()
        except Exception:
            say(traceback.format_exc())
            tallies[name] = Tally(failed=1)
        say(f"=== {name}: {tallies[name]}")
    return tallies
