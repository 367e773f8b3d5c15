"""
From an event that has come to the handlers, and back with what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.python.failure import Failure

from txsocketio.errors import LocalProtocolError
from txsocketio.handlers import (
    RAISED,
    EventSource,
    FailureLog,
    Handler,
    Handlers,
    asDeferred,
    callAll,
)
from txsocketio.packets import Kind, Packet
from txsocketio.serial import Serial

if TYPE_CHECKING:
    from txsocketio.backlog import Backlog

Answer = Callable[[Packet], None]
"""Sends an acknowledgement, where it is still wanted."""

Results = list[Any] | Deferred[list[Any]]
"""Of handlers."""


class Dispatch:
    """
    Calls the handlers of one peer, one event after the other: each waits for
    the Deferreds of the handlers before it, unless C{isConcurrent} says that
    it need not.

    @ivar middleware: what sees each event before the handlers.
    @ivar anyHandlers: those of all events.
    """

    __slots__ = (
        "_backlog",
        "_handlers",
        "_isConcurrent",
        "_jobs",
        "_log",
        "anyHandlers",
        "middleware",
    )

    def __init__(
        self, handlers: Handlers, backlog: Backlog, log: FailureLog, isConcurrent: bool
    ) -> None:
        self._handlers = handlers
        self._backlog = backlog
        self._log = log
        self._isConcurrent = isConcurrent
        self._jobs = Serial()
        self.middleware: tuple[Handler, ...] = ()
        self.anyHandlers: tuple[Handler, ...] = ()

    def take(self, packet: Packet, answer: Answer) -> None:
        """
        Something has come.

        @param answer: called with the acknowledgement, where one is wanted and
            there is one.
        """
        if not self._jobs.busy:
            self._jobs.run(self._handle, packet, answer)
            return
        held = self._backlog.hold(packet.data)
        if held is not None:
            self._jobs.run(self._handle, packet, answer, held)

    def tell(self, event: str, *args: Any) -> list[Any] | Deferred[list[Any]]:
        """
        Call the handlers of an event that is none of the peer's.
        """
        return callAll(self._log, self._handlers.take(event), args)

    def inform(self, event: str, *args: Any) -> None:
        """
        The same, when all that came before is done.
        """
        self._jobs.run(self.tell, event, *args)

    def _handle(
        self, packet: Packet, answer: Answer, held: int | None = None
    ) -> Deferred[None] | None:
        """
        @param held: what it weighs, where it has waited.
        """
        outcome = self._deal(packet, answer)
        if outcome is None or outcome.called:
            if held is not None:
                self._backlog.release(held)
            return outcome
        if held is None:
            # Where nothing else waits its weight does not matter.
            held = self._backlog.hold(packet.data if self._backlog.packets else None)
        self._until(outcome, held)
        return None if self._isConcurrent else outcome

    def _until(self, outcome: Deferred[Any], held: int | None) -> None:
        """
        Hold on to what waits until the handlers are done.
        """

        def done(result: Any) -> Any:
            if held is not None:
                self._backlog.release(held)
            return result

        outcome.addBoth(done)

    def _deal(self, packet: Packet, answer: Answer) -> Deferred[None] | None:
        event, args = "message", (packet.data,)
        if packet.kind is Kind.EVENT:
            event, args = packet.data[0], tuple(packet.data[1:])
        if self.middleware:
            return Deferred.fromCoroutine(self._through(packet, answer, event, args))
        return self._dispatch(packet, answer, event, args)

    async def _through(
        self, packet: Packet, answer: Answer, event: str, args: tuple[Any, ...]
    ) -> None:
        try:
            for f in self.middleware:
                outcome = asDeferred(f(event, *args))
                if isinstance(outcome, Deferred):
                    await outcome
        except Exception as error:
            self._stopped(event, error)
            return
        dispatched = self._dispatch(packet, answer, event, args)
        if dispatched is not None:
            await dispatched

    def _stopped(self, event: str, error: Exception) -> None:
        """
        Middleware wants nothing done about an event.
        """
        handlers = self._handlers.take("error")
        if handlers:
            callAll(self._log, handlers, (error,))
        else:
            self._log.failure("Middleware has stopped {event!r}", Failure(error), event=event)

    def _dispatch(
        self, packet: Packet, answer: Answer, event: str, args: tuple[Any, ...]
    ) -> Deferred[None] | None:
        outcome = self._fire(event, args)
        if isinstance(outcome, Deferred):
            return outcome.addCallback(lambda results: self._acknowledge(packet, answer, results))
        if packet.id is not None:
            self._acknowledge(packet, answer, outcome)
        return None

    def _fire(self, event: str, args: tuple[Any, ...]) -> Any:
        """
        @return: the results of the handlers that can answer, or a Deferred of
            them.
        """
        others: list[Results] = []
        if self.anyHandlers:
            others.append(callAll(self._log, self.anyHandlers, (event, *args)))
        results = callAll(self._log, self._handlers.take(event), args)
        more = self._elsewhere(event, args)
        if more:
            results = _together(results, more)
        return inTime(results, others) if others else results

    def _elsewhere(self, event: str, args: tuple[Any, ...]) -> Results:
        """
        Let others hear of it too.

        @return: their results, behind those of the peer's own handlers.
        """
        return []

    def _acknowledge(self, packet: Packet, answer: Answer, results: Sequence[Any]) -> None:
        """
        The first handler that has something to say is heard; where there are
        none, or all raised, nobody can say that it was done.
        """
        answers = [result for result in results if result is not RAISED]
        if packet.id is None or not answers:
            return
        said = next((each for each in answers if each is not None), None)
        args = list(said) if isinstance(said, tuple) else [said]
        try:
            answer(Packet(Kind.ACK, [] if said is None else args, packet.namespace, packet.id))
        except LocalProtocolError:
            self._log.failure("A handler's result cannot be sent: {answer!r}", answer=said)


def _together(results: Results, more: Results) -> Results:
    """
    @return: both, or a Deferred of them if either takes its time.
    """
    if isinstance(results, list) and isinstance(more, list):
        return results + more
    both = [each if isinstance(each, Deferred) else succeed(each) for each in (results, more)]
    return gatherResults(both).addCallback(lambda lists: lists[0] + lists[1])


def inTime(results: Any, others: Iterable[Any]) -> Any:
    """
    @return: C{results}, or a Deferred of them if they or any of C{others}
        take their time.
    """
    late = [other for other in others if isinstance(other, Deferred)]
    return gatherResults(late).addCallback(lambda _: results) if late else results


class Overheard(EventSource):
    """
    Something that has handlers for all events too.
    """

    __slots__ = ()

    _inbox: Dispatch

    def use(self, f: Handler) -> Handler:
        """
        Have C{f(event, *args)} see each event from the other side, messages
        included, before any handler does.

        @param f: may return a Deferred or be a coroutine function. What it
            raises stops the event, and is given to the C{error} handlers; it
            is logged if there are none.
        @return: C{f}.
        """
        self._inbox.middleware += (f,)
        return f

    def onAny(self, f: Handler) -> Handler:
        """
        Call C{f(event, *args)} at every event from the other side, messages
        included, before its other handlers.

        @return: C{f}.
        """
        self._inbox.anyHandlers += (f,)
        return f

    def prependAny(self, f: Handler) -> Handler:
        """
        The same as L{onAny}, before those that are there already.

        @return: C{f}.
        """
        self._inbox.anyHandlers = (f, *self._inbox.anyHandlers)
        return f

    def offAny(self, f: Handler | None = None) -> None:
        """
        Undo L{onAny}; all of them without C{f}.
        """
        self._inbox.anyHandlers = without(self._inbox.anyHandlers, f)


def without(handlers: tuple[Handler, ...], f: Handler | None) -> tuple[Handler, ...]:
    """
    @return: the others, where C{f} is among them; none without C{f}.
    """
    if f is None:
        return ()
    if f not in handlers:
        return handlers
    at = handlers.index(f)
    return handlers[:at] + handlers[at + 1 :]
