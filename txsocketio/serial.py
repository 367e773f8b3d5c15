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

    @ivar busy: whether the next job has to wait.
    """

    __slots__ = ("_draining", "_jobs", "busy")

    def __init__(self) -> None:
        # Those that wait, if any do.
        self._jobs: deque[tuple[Callable[..., Any], tuple[Any, ...]]] | tuple[()] = ()
        self.busy = False
        self._draining = False

    def run(self, job: Callable[..., Any], *args: Any) -> None:
        """
        Run the job now, or when those before it are done.
        """
        if self.busy:
            self._jobs = self._jobs or deque()
            self._jobs.append((job, args))
        else:
            self.busy = True
            self._ended(job(*args))

    def _ended(self, outcome: Any) -> None:
        """
        A job has returned; it is done if C{outcome} is.
        """
        if isinstance(outcome, Deferred):
            outcome.addBoth(self._done)
        else:
            self._done(None)

    def _done(self, _: object) -> None:
        self.busy = False
        if self._jobs and not self._draining:
            self._drain()

    def _drain(self) -> None:
        self._draining = True
        while self._jobs and not self.busy:
            job, args = self._jobs.popleft()
            self.busy = True
            self._ended(job(*args))
        self._draining = False
        if not self._jobs:
            self._jobs = ()
