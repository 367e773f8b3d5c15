"""
Tests for L{txsocketio.test._run}.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.test._run import (
    Outcome,
    Tally,
    check,
    lastTally,
    nodeMajor,
    nodeTally,
    run,
    runStages,
    summary,
    trialTally,
)

TRIAL = """\
txsocketio.test.test_run
  TallyTests
    test_trial ...                                                         [OK]

-------------------------------------------------------------------------------
Ran 4 tests in 0.004s

"""


class TallyTests(SynchronousTestCase):
    """
    The counts of test runners, and what is made of them.
    """

    def assertTrial(self, summary: str, expected: Tally) -> None:
        """
        Trial's output with this closing line has these counts.
        """
        self.assertEqual(trialTally([*TRIAL.splitlines(), summary]), expected)

    def test_trialPassed(self) -> None:
        self.assertTrial("PASSED (successes=4)", Tally(4, 0))

    def test_trialFailed(self) -> None:
        """
        What went wrong in any way counts as failed.
        """
        self.assertTrial("FAILED (failures=1, errors=2, successes=3)", Tally(3, 3))

    def test_trialSkipped(self) -> None:
        """
        A test that was skipped or is expected to fail holds nothing.
        """
        self.assertTrial("PASSED (skips=1, expectedFailures=1, successes=2)", Tally(2, 2))

    def test_trialRanNothing(self) -> None:
        self.assertTrial("PASSED", Tally())

    def test_trialWithoutSummary(self) -> None:
        self.assertEqual(trialTally(TRIAL.splitlines()), Tally())

    def test_trialLastSummary(self) -> None:
        """
        A summary that a test prints is not trial's own, which comes last.
        """
        lines = ["PASSED (successes=9)", *TRIAL.splitlines(), "FAILED (errors=1)"]
        self.assertEqual(trialTally(lines), Tally(0, 1))

    def test_node(self) -> None:
        """
        Both of node's reporters, with colours and without.
        """
        counts = {"tests": 9, "pass": 3, "fail": 1, "cancelled": 2, "skipped": 1, "todo": 2}
        for form in ("\u2139 {} {}", "# {} {}", "\x1b[34m\u2139 {} {}\x1b[39m"):
            lines = ["1..9", *(form.format(*count) for count in counts.items())]
            self.assertEqual(nodeTally(lines), Tally(3, 6), form)

    def test_last(self) -> None:
        """
        The sums in the end count, not those of the parts.
        """
        part = "  1.2 s  2.5.0 in node over polling: 17 passed, 1 failed"
        for lines, expected in [
            ([part, "18 passed, 2 failed", "", "npm error code 1"], Tally(18, 2)),
            (["1 passed, 0 failed", "3 passed, 0 failed"], Tally(3)),
            ([part], Tally()),
            ([], Tally()),
        ]:
            self.assertEqual(lastTally(lines), expected)

    def test_sum(self) -> None:
        self.assertEqual(Tally(1, 2) + Tally(30, 40), Tally(31, 42))

    def test_check(self) -> None:
        self.assertEqual([check(True), check(False)], [Tally(1, 0), Tally(0, 1)])

    def test_nodeMajor(self) -> None:
        versions = ["v20.20.2", "v9.0.0", "", "20.1.0", "command not found"]
        self.assertEqual(list(map(nodeMajor, versions)), [20, 9, 0, 0, 0])

    def test_summary(self) -> None:
        """
        The last line holds the sums and nothing else.
        """
        text = summary({"lint": Tally(2, 0), "trial": Tally(7, 1)})
        self.assertEqual(
            text.splitlines(),
            [
                "lint   ok      2 passed, 0 failed",
                "trial  FAILED  7 passed, 1 failed",
                "",
                "9 passed, 1 failed",
            ],
        )


class OutcomeTests(SynchronousTestCase):
    """
    What is counted must agree with the exit status.
    """

    def counted(self, status: int, *lines: str) -> Tally:
        """
        Trial's lines, with an exit status.
        """
        return Outcome(status, lines).counted(trialTally)

    def test_agreement(self) -> None:
        self.assertEqual(self.counted(0, "PASSED (successes=2)"), Tally(2, 0))
        self.assertEqual(self.counted(1, "FAILED (errors=1, successes=2)"), Tally(2, 1))

    def test_crashAfterSuccess(self) -> None:
        self.assertEqual(self.counted(1, "PASSED (successes=2)"), Tally(2, 1))

    def test_nothingRan(self) -> None:
        self.assertEqual(self.counted(0, "PASSED"), Tally(0, 1))
        self.assertEqual(self.counted(0), Tally(0, 1))

    def test_asOneCheck(self) -> None:
        self.assertEqual(Outcome(0, []).tally, Tally(1, 0))
        self.assertEqual(Outcome(-9, []).tally, Tally(0, 1))


class RunTests(SynchronousTestCase):
    """
    Commands, and stages made of them.
    """

    def setUp(self) -> None:
        self.output = io.StringIO()

    def runPython(self, script: str, patience: float = 60.0) -> Outcome:
        """
        Run a script, with what it prints in C{self.output}.
        """
        with redirect_stdout(self.output):
            return run([sys.executable, "-c", script], Path("/"), {"FOR_RUN": "set"}, patience)

    def test_linesAndStatus(self) -> None:
        """
        Both streams are shown and kept; the status is the command's.
        """
        outcome = self.runPython(
            "import os, sys; print(os.getcwd()); print('loud', file=sys.stderr);"
            "print(os.environ['FOR_RUN'], repr(sys.stdin.read())); sys.exit(3)"
        )
        self.assertEqual(outcome, Outcome(3, ["/", "loud", "set ''"]))
        shown = self.output.getvalue().splitlines()
        self.assertEqual(shown[1:], outcome.lines)
        self.assertTrue(shown[0].startswith(f"$ {sys.executable} -c "))

    def test_noSuchCommand(self) -> None:
        with redirect_stdout(self.output):
            outcome = run(["/no/such/command"], Path("/"))
        self.assertEqual(outcome, Outcome(127, []))
        self.assertIn("No such file", self.output.getvalue())

    def test_hanging(self) -> None:
        """
        What does not end is ended, which counts as a failure.
        """
        outcome = self.runPython("import signal; signal.pause()", patience=0.2)
        self.assertEqual(outcome, Outcome(-9, []))
        self.assertIn("ended after", self.output.getvalue())

    def test_leavesNothingBehind(self) -> None:
        """
        What a command has started ends with it: nothing but the end of the
        file comes from a child that would have had something to say later.
        """
        fifo = self.mktemp()
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.runPython(
            f"import subprocess; fifo = open({str(Path(fifo).absolute())!r}, 'w');"
            "subprocess.Popen(['sh', '-c', 'sleep 9; echo survived'], stdout=fifo, stderr=fifo)"
        )
        os.set_blocking(reader, True)
        self.assertEqual(os.read(reader, 100), b"")

    def test_stages(self) -> None:
        """
        A stage that raises has failed, and the next one runs all the same.
        """

        def broken() -> Tally:
            raise RuntimeError("no such thing")

        with redirect_stdout(self.output):
            tallies = runStages([("broken", broken), ("sound", lambda: Tally(5, 0))])
        self.assertEqual(tallies, {"broken": Tally(0, 1), "sound": Tally(5, 0)})
        self.assertIn("RuntimeError: no such thing", self.output.getvalue())
        self.assertIn("=== sound: 5 passed, 0 failed", self.output.getvalue())
