"""
One thing after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred


class Serial:
    """
    Runs jobs in their order. One that returns a Deferred is waited for before
    the next begins; one that returns anything else is done. Jobs must not
    raise, nor their Deferreds fail.
    """

    __slots__ = ("_busy", "_draining", "_jobs")

    def __init__(self) -> None:
        self._jobs: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._busy = False
        self._draining = False

    def __len__(self) -> int:
        """
        How many jobs have not begun.
        """
        return len(self._jobs)

    def run(self, job: Callable[..., Any], *args: Any) -> None:
        """
        Run the job now, or when those before it are done.
        """
        self._jobs.append((job, args))
        if not self._draining:
            self._drain()

    def _drain(self) -> None:
        self._draining = True
        try:
            while self._jobs and not self._busy:
                job, args = self._jobs.popleft()
                self._busy = True
                outcome = job(*args)
                if isinstance(outcome, Deferred):
                    outcome.addBoth(self._done)
                else:
                    self._busy = False
        finally:
            self._draining = False

    def _done(self, _: object) -> None:
        self._busy = False
        if not self._draining:
            self._drain()
