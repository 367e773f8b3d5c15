"""
One line for what a peer did, and not more lines than somebody can read.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

LINES_PER_SECOND = 10


class PeerLog:
    """
    Logs at most L{LINES_PER_SECOND} lines, and counts the others: the next
    line that is written says how many were left out.
    """

    def __init__(self, log: Logger, clock: IReactorTime) -> None:
        self._log = log
        self._clock = clock
        self._second = -1
        self._lines = 0
        self._leftOut = 0

    def note(self, format: str, **fields: Any) -> None:
        """
        @param format: as for L{Logger.info}.
        """
        second = int(self._clock.seconds())
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > LINES_PER_SECOND:
            self._leftOut += 1
            return
        if self._leftOut:
            format += " ({leftOut} such lines left out before this one)"
            fields["leftOut"], self._leftOut = self._leftOut, 0
        self._log.info(format, **fields)
