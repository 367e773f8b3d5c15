"""
What comes from a client, on its way to the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure

from txsocketio.errors import DisconnectReason, LocalProtocolError
from txsocketio.handlers import RAISED, Handler, Handlers, asDeferred, call, callAll
from txsocketio.packets import Kind, Packet
from txsocketio.serial import Serial

if TYPE_CHECKING:
    from txsocketio.client import Client


class Inbox:
    """
    Calls a client's handlers, one event after the other: each waits for the
    Deferreds of the handlers before it, unless C{concurrentHandlers} says
    that it need not.

    @ivar isOpen: whether the client has been let in; who has not is not
        heard.
    @ivar middleware: what sees each event before the handlers.
    @ivar anyHandlers: those of all events.
    """

    __slots__ = (
        "_client",
        "_handlers",
        "_jobs",
        "_log",
        "_namespace",
        "_running",
        "_session",
        "anyHandlers",
        "isOpen",
        "middleware",
    )

    def __init__(self, client: Client, handlers: Handlers) -> None:
        self._client = client
        self._session = client.session
        self._namespace = client.namespace
        self._log = client.namespace.log
        self._handlers = handlers
        self._jobs = Serial()
        self._running = 0
        self.isOpen = False
        self.middleware: list[Handler] = []
        self.anyHandlers: list[Handler] = []

    def begin(self, admission: Callable[[Client], Any]) -> None:
        """
        Wait with everything until the client has been let in.
        """
        self._jobs.run(call, self._log, admission, (self._client,))

    def take(self, packet: Packet) -> None:
        """
        Something has come. More than C{maxPending} of it ends the session.
        """
        limit = self._session.settings.maxPending
        if len(self._jobs) + self._running >= limit:
            self._session.fail(DisconnectReason.FLOOD, f"more than {limit} packets wait")
        else:
            self._jobs.run(self._handle, packet)

    def parted(self, reason: DisconnectReason) -> None:
        """
        The client has gone, which is told when everything before is done.
        """
        self._jobs.run(self._tellParted, reason)

    def tell(self, event: str, *args: Any) -> list[Any] | Deferred[list[Any]]:
        """
        Call the client's own handlers.
        """
        return callAll(self._log, self._handlers.take(event), args)

    def _tellParted(self, reason: DisconnectReason) -> Any:
        results = self.tell("disconnect", reason)
        return _inTime(results, [self._namespace.fire("clientDisconnect", self._client)])

    def _handle(self, packet: Packet) -> Deferred[None] | None:
        if not self.isOpen:
            return None
        if packet.kind is Kind.CONNECT:
            self._client.welcomeAgain()
            return None
        event, args = "message", (packet.data,)
        if packet.kind is Kind.EVENT:
            event, args = packet.data[0], tuple(packet.data[1:])
        if self.middleware:
            return self._begun(Deferred.fromCoroutine(self._through(packet.id, event, args)))
        outcome = self._dispatch(packet.id, event, args)
        return None if outcome is None else self._begun(outcome)

    def _begun(self, outcome: Deferred[None]) -> Deferred[None] | None:
        if outcome.called or not self._namespace.concurrentHandlers:
            return outcome
        self._running += 1
        outcome.addBoth(self._done)
        return None

    def _done(self, _: object) -> None:
        self._running -= 1

    async def _through(self, id: int | None, event: str, args: tuple[Any, ...]) -> None:
        try:
            for f in tuple(self.middleware):
                outcome = asDeferred(f(event, *args))
                if isinstance(outcome, Deferred):
                    await outcome
        except Exception as error:
            self._stopped(event, error)
            return
        outcome = self._dispatch(id, event, args)
        if outcome is not None:
            await outcome

    def _stopped(self, event: str, error: Exception) -> None:
        """
        Middleware wants nothing done about an event.
        """
        handlers = self._handlers.take("error")
        if handlers:
            callAll(self._log, handlers, (error,))
        else:
            self._log.failure("Middleware has stopped {event!r}", Failure(error), event=event)

    def _dispatch(self, id: int | None, event: str, args: tuple[Any, ...]) -> Deferred[None] | None:
        outcome = self._fire(event, args)
        if isinstance(outcome, Deferred):
            return outcome.addCallback(lambda results: self._acknowledge(id, results))
        if id is not None:
            self._acknowledge(id, outcome)
        return None

    def _fire(self, event: str, args: tuple[Any, ...]) -> Any:
        """
        @return: the results of the client's own handlers, or a Deferred of
            them.
        """
        others: list[list[Any] | Deferred[list[Any]]] = []
        if self.anyHandlers:
            others.append(callAll(self._log, tuple(self.anyHandlers), (event, *args)))
        results = callAll(self._log, self._handlers.take(event), args)
        if event == "message":
            message = args[0] if args else None
            others.append(self._namespace.fire("clientMessage", message, self._client))
        return _inTime(results, others) if others else results

    def _acknowledge(self, id: int | None, results: Sequence[Any]) -> None:
        """
        The first handler that has something to say is heard; where there are
        none, or all raised, nobody can say that it was done.
        """
        client = self._client
        answers = [result for result in results if result is not RAISED]
        if id is None or not answers or not client.connected:
            return
        answer = next((answer for answer in answers if answer is not None), None)
        args = list(answer) if isinstance(answer, tuple) else [answer]
        try:
            client.session.send(
                Packet(Kind.ACK, [] if answer is None else args, client.namespace.name, id)
            )
        except LocalProtocolError:
            self._log.failure("A handler's result cannot be sent: {answer!r}", answer=answer)


def _inTime(results: Any, others: Iterable[Any]) -> Any:
    """
    @return: C{results}, or a Deferred of them if they or any of C{others}
        take their time.
    """
    late = [other for other in others if isinstance(other, Deferred)]
    return gatherResults(late).addCallback(lambda _: results) if late else results
