"""
Producers that wait for a client that takes no more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txsocketio.handlers import RAISED, FailureLog, call

SOON = 1e-8
"""As soon as other things have had their turn, seconds; as in Twisted's own
cooperator not 0, which on a L{twisted.internet.task.Clock} would never end."""


class Flow:
    """
    Lets a producer produce as long as nothing waits to be sent. What it
    raises is logged; who raises when it is asked is not asked again at once.

    @ivar producer: an L{twisted.internet.interfaces.IPushProducer} or an
        L{twisted.internet.interfaces.IPullProducer}.
    """

    __slots__ = ("_clock", "_isClear", "_isPaused", "_log", "_next", "_pulls", "producer")

    def __init__(
        self,
        producer: Any,
        streaming: bool,
        isClear: Callable[[], bool],
        clock: IReactorTime,
        log: FailureLog,
    ) -> None:
        """
        @param streaming: whether it pushes; else it has to be asked for each
            piece.
        @param isClear: whether nothing waits.
        """
        self.producer = producer
        self._pulls = not streaming
        self._isClear = isClear
        self._clock = clock
        self._log = log
        self._isPaused = False
        self._next: IDelayedCall | None = None
        if self._pulls:
            self._ask()
        else:
            self.written()

    def written(self) -> None:
        """
        Something has been sent, or waits now.
        """
        if not self._pulls and not self._isPaused and not self._isClear():
            self._isPaused = True
            call(self._log, self.producer.pauseProducing, ())

    def drained(self) -> None:
        """
        Nothing waits any more.
        """
        if self._pulls:
            self._ask()
        elif self._isPaused:
            self._isPaused = False
            call(self._log, self.producer.resumeProducing, ())

    def unregistered(self) -> None:
        """
        The producer has nothing more.
        """
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def ended(self) -> None:
        """
        Nobody is there any more to produce for.
        """
        self.unregistered()
        call(self._log, self.producer.stopProducing, ())

    def _ask(self) -> None:
        # Not at once: whoever asks may be in the middle of writing.
        if self._next is None:
            self._next = self._clock.callLater(SOON, self._pull)

    def _pull(self) -> None:
        self._next = None
        if self._isClear():
            self._ask()
            if call(self._log, self.producer.resumeProducing, ()) is RAISED:
                # It would do so for ever.
                self.unregistered()
