"""
From an event that has come to the handlers, and back with what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.python.failure import Failure

from txsocketio.coroutines import begin
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

# To look up a member of an enumeration takes as long as two calls.
_EVENT = Kind.EVENT

Results = list[Any] | Deferred[list[Any]]
"""Of handlers."""


class Dispatch(Serial):
    """
    Calls the handlers of one peer, one event after the other: each waits for
    the Deferreds of the handlers before it, unless C{isConcurrent} says that
    it need not.

    @ivar isOpen: whether the peer is heard.
    @ivar middleware: what sees each event before the handlers.
    @ivar anyHandlers: those of all events.
    """

    __slots__ = (
        "_backlog",
        "_handlers",
        "_isConcurrent",
        "_log",
        "anyHandlers",
        "isOpen",
        "middleware",
    )

    def __init__(
        self, handlers: Handlers, backlog: Backlog, log: FailureLog, isConcurrent: bool
    ) -> None:
        super().__init__()
        self._handlers = handlers
        self._backlog = backlog
        self._log = log
        self._isConcurrent = isConcurrent
        self.isOpen = True
        self.middleware: tuple[Handler, ...] = ()
        self.anyHandlers: tuple[Handler, ...] = ()

    def take(self, packet: Packet, answer: Answer | None) -> None:
        """
        An event or a message has come.

        @param answer: called with the acknowledgement, where there is one;
            L{None} where none is wanted.
        """
        if self.busy:
            held = self._backlog.hold(packet.data)
            if held is not None:
                self.run(self._handleHeld, packet, answer, held)
            return
        # What run does, without what nearly never comes: that something waits.
        self.busy = True
        outcome = self._handle(packet, answer)
        if outcome is None and not self._jobs:
            self.busy = False
        else:
            self._ended(self._hold(outcome, packet, None))

    def tell(self, event: str, *args: Any) -> list[Any] | Deferred[list[Any]]:
        """
        Call the handlers of an event that is none of the peer's.
        """
        return callAll(self._log, self._handlers.take(event), args)

    def inform(self, event: str, *args: Any) -> None:
        """
        The same, when all that came before is done.
        """
        self.run(self.tell, event, *args)

    def _handleHeld(
        self, packet: Packet, answer: Answer | None, held: int
    ) -> Deferred[None] | None:
        return self._hold(self._handle(packet, answer), packet, held)

    def _hold(
        self, outcome: Deferred[None] | None, packet: Packet, held: int | None
    ) -> Deferred[None] | None:
        """
        Hold on to a packet until its handlers are done.

        @param held: what it weighs, where it has waited.
        @return: what the next packet has to wait for.
        """
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
        Let go of what was held when the handlers are done.
        """

        def done(result: Any) -> Any:
            if held is not None:
                self._backlog.release(held)
            return result

        outcome.addBoth(done)

    def _handle(
        self, packet: Packet, answer: Answer | None, isPassed: bool = False
    ) -> Deferred[None] | None:
        """
        @param isPassed: whether the middleware has had it.
        @return: L{None} if all is done.
        """
        if not self.isOpen:
            return None
        data = packet.data
        event, args = (data[0], data[1:]) if packet.kind is _EVENT else ("message", (data,))
        if self.middleware and not isPassed:
            outcome: Deferred[None] | None = begin(self._through(packet, answer, event, args))
            return outcome
        others: Results | None = None
        if self.anyHandlers:
            others = callAll(self._log, self.anyHandlers, (event, *args))
        results = callAll(self._log, self._handlers.take(event), args)
        if event == "message":
            results = _together(results, self._elsewhere(args))
        if others is not None:
            results = inTime(results, [others])
        if isinstance(results, list):
            if answer is not None:
                self._acknowledge(packet, answer, results)
            return None
        if answer is None:
            return results.addCallback(_nothing)
        return results.addCallback(lambda done: self._acknowledge(packet, answer, done))

    async def _through(
        self, packet: Packet, answer: Answer | None, event: str, args: Sequence[Any]
    ) -> None:
        try:
            for f in self.middleware:
                outcome = asDeferred(f(event, *args))
                if isinstance(outcome, Deferred):
                    await outcome
        except Exception as error:
            self._stopped(event, error)
            return
        handled = self._handle(packet, answer, True)
        if handled is not None:
            await handled

    def _stopped(self, event: str, error: Exception) -> None:
        """
        Middleware wants nothing done about an event.
        """
        handlers = self._handlers.take("error")
        if handlers:
            callAll(self._log, handlers, (error,))
        else:
            self._log.failure("Middleware has stopped {event!r}", Failure(error), event=event)

    def _elsewhere(self, args: Sequence[Any]) -> Results:
        """
        Let others hear of a message too.

        @return: their results, behind those of the peer's own handlers.
        """
        return []

    def _acknowledge(self, packet: Packet, answer: Answer, results: Sequence[Any]) -> None:
        """
        The first handler that has something to say is heard; where there are
        none, or all raised, nobody can say that it was done.
        """
        answers = [result for result in results if result is not RAISED]
        if not answers:
            return
        said = next((each for each in answers if each is not None), None)
        args = list(said) if isinstance(said, tuple) else [said]
        try:
            answer(Packet(Kind.ACK, [] if said is None else args, packet.namespace, packet.id))
        except LocalProtocolError:
            self._log.failure("A handler's result cannot be sent: {answer!r}", answer=said)


def _nothing(_: object) -> None:
    """
    Nobody wants to know the results.
    """


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
