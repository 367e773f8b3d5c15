"""
Tests for L{txsocketio.peerlog}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.peerlog import LINES_PER_SECOND, PeerLog
from txsocketio.test.fakes import FakeLog


class PeerLogTests(SynchronousTestCase):
    """
    How much is written.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.written = FakeLog()
        self.log = PeerLog(Logger(observer=self.written), self.clock)

    def note(self, count: int) -> list[str]:
        """
        Note so many things.

        @return: what is written of them.
        """
        self.written.events.clear()
        for number in range(count):
            self.log.note("{what} {number}", what="thing", number=number)
        return self.written.lines

    def test_written(self) -> None:
        """
        A line is written as it was given, with its fields.
        """
        self.assertEqual(self.note(2), ["thing 0", "thing 1"])
        event = self.written.events[0]
        self.assertEqual((event["log_level"], event["number"]), (LogLevel.info, 0))

    def test_bounded(self) -> None:
        """
        No more lines are written in a second than somebody can read.
        """
        self.assertEqual(len(self.note(1000)), LINES_PER_SECOND)
        self.clock.advance(0.99)
        self.assertEqual(self.note(1), [])

    def test_leftOut(self) -> None:
        """
        The next line tells how many are missing; the one after it is as
        usual.
        """
        self.note(LINES_PER_SECOND + 5)
        self.clock.advance(1)
        self.assertEqual(
            self.note(2), ["thing 0 (5 such lines left out before this one)", "thing 1"]
        )
        self.assertEqual(self.written.events[0]["leftOut"], 5)

    def test_failures(self) -> None:
        """
        Tracebacks are bounded in the same way.
        """
        for number in range(1000):
            try:
                raise ValueError(str(number))
            except ValueError:
                self.log.failure("{what}", what="wrong")
        self.assertEqual(self.written.lines, ["wrong"] * LINES_PER_SECOND)
        self.assertEqual(str(self.written.events[3]["log_failure"].value), "3")
        self.clock.advance(1)
        self.written.events.clear()
        self.log.failure("{what}", Failure(KeyError("given")), what="again")
        (event,) = self.written.events
        self.assertIsInstance(event["log_failure"].value, KeyError)
        self.assertEqual(event["leftOut"], 1000 - LINES_PER_SECOND)

    def test_warnings(self) -> None:
        """
        So are warnings.
        """
        for _ in range(1000):
            self.log.warn("{what}", what="odd")
        self.assertEqual(self.written.lines, ["odd"] * LINES_PER_SECOND)
        self.assertEqual(self.written.events[0]["log_level"], LogLevel.warn)

    def test_everySecond(self) -> None:
        """
        Each second has its lines.
        """
        for _ in range(3):
            self.assertEqual(len(self.note(LINES_PER_SECOND)), LINES_PER_SECOND)
            self.clock.advance(1)
        self.assertEqual(self.note(1), ["thing 0"])
