"""
What is logged because of a peer, and not more of it than somebody can read.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

LINES_PER_SECOND = 10


class PeerLog:
    """
    Logs at most L{LINES_PER_SECOND} entries, and counts the others: the next
    one that is written says how many were left out.
    """

    def __init__(self, log: Logger, clock: IReactorTime) -> None:
        self._log = log
        self._clock = clock
        self._second = -1
        self._entries = 0
        self._leftOut = 0

    def note(self, format: str, **fields: Any) -> None:
        """
        Log one line.

        @param format: as for L{Logger.info}.
        """
        if self._hasRoom():
            self._log.info(format + self._missing(fields), **fields)

    def warn(self, format: str, **fields: Any) -> None:
        """
        Log one line about what may be the application's mistake.

        @param format: as for L{Logger.warn}.
        """
        if self._hasRoom():
            self._log.warn(format + self._missing(fields), **fields)

    def failure(self, format: str, failure: Failure | None = None, **fields: Any) -> None:
        """
        Log a traceback: a mistake of the application's, but peers can have it
        made as often as they like.

        @param format: as for L{Logger.failure}.
        @param failure: L{None} for the exception that is being handled.
        """
        if self._hasRoom():
            self._log.failure(format + self._missing(fields), failure, **fields)

    def _hasRoom(self) -> bool:
        second = int(self._clock.seconds())
        if second != self._second:
            self._second, self._entries = second, 0
        self._entries += 1
        if self._entries > LINES_PER_SECOND:
            self._leftOut += 1
            return False
        return True

    def _missing(self, fields: dict[str, Any]) -> str:
        """
        What to add to a format, and to its fields.
        """
        if not self._leftOut:
            return ""
        fields["leftOut"], self._leftOut = self._leftOut, 0
        return " ({leftOut} such lines left out before this one)"
