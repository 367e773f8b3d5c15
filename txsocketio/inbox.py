"""
What comes from a client, on its way to the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.python.failure import Failure

from txsocketio.errors import DisconnectReason, LocalProtocolError
from txsocketio.handlers import RAISED, Handler, Handlers, asDeferred, call, callAll
from txsocketio.packets import Kind, Packet
from txsocketio.serial import Serial

if TYPE_CHECKING:
    from txsocketio.backlog import Backlog
    from txsocketio.client import Client


_Results = list[Any] | Deferred[list[Any]]
"""Of handlers."""


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
        "_backlog",
        "_client",
        "_handlers",
        "_jobs",
        "_kept",
        "_log",
        "_namespace",
        "anyHandlers",
        "isOpen",
        "middleware",
    )

    def __init__(self, client: Client, handlers: Handlers, backlog: Backlog) -> None:
        self._client = client
        self._backlog = backlog
        self._namespace = client.namespace
        self._log = client.namespace.log
        self._handlers = handlers
        self._jobs = Serial()
        self._kept = backlog.keep(client.handshake.auth)
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
        Something has come.
        """
        if not self._jobs.busy:
            self._jobs.run(self._handle, packet)
            return
        held = self._backlog.hold(packet.data)
        if held is not None:
            self._jobs.run(self._handle, packet, held)

    def parted(self, reason: DisconnectReason) -> None:
        """
        The client has gone, which is told when everything before is done.
        """
        self._jobs.run(self._tellParted, reason)
        self.over()

    def over(self) -> None:
        """
        Nothing comes any more; when all is done, nothing is kept.
        """
        self._jobs.run(self._forget)

    def tell(self, event: str, *args: Any) -> list[Any] | Deferred[list[Any]]:
        """
        Call the client's own handlers.
        """
        return callAll(self._log, self._handlers.take(event), args)

    def _tellParted(self, reason: DisconnectReason) -> Any:
        results = self.tell("disconnect", reason)
        outcome = _inTime(results, [self._namespace.fire("clientDisconnect", self._client)])
        if isinstance(outcome, Deferred):
            # Nobody can come and go as often as it likes meanwhile.
            self._until(outcome, self._backlog.hold(None))
        return outcome

    def _forget(self) -> None:
        self._backlog.forget(self._kept)

    def _handle(self, packet: Packet, held: int | None = None) -> Deferred[None] | None:
        """
        @param held: what it weighs, where it has waited.
        """
        outcome = self._deal(packet)
        if outcome is None or outcome.called:
            if held is not None:
                self._backlog.release(held)
            return outcome
        if held is None:
            # Where nothing else waits its weight does not matter.
            held = self._backlog.hold(packet.data if self._backlog.packets else None)
        self._until(outcome, held)
        return None if self._namespace.concurrentHandlers else outcome

    def _until(self, outcome: Deferred[Any], held: int | None) -> None:
        """
        Hold on to what waits until the handlers are done.
        """

        def done(result: Any) -> Any:
            if held is not None:
                self._backlog.release(held)
            return result

        outcome.addBoth(done)

    def _deal(self, packet: Packet) -> Deferred[None] | None:
        if not self.isOpen:
            return None
        if packet.kind is Kind.CONNECT:
            self._client.welcomeAgain()
            return None
        event, args = "message", (packet.data,)
        if packet.kind is Kind.EVENT:
            event, args = packet.data[0], tuple(packet.data[1:])
        if self.middleware:
            return Deferred.fromCoroutine(self._through(packet.id, event, args))
        return self._dispatch(packet.id, event, args)

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
        @return: the results of the handlers that can answer, or a Deferred of
            them.
        """
        others: list[_Results] = []
        if self.anyHandlers:
            others.append(callAll(self._log, tuple(self.anyHandlers), (event, *args)))
        results = callAll(self._log, self._handlers.take(event), args)
        if event == "message":
            message = args[0] if args else None
            heard = self._namespace.fire("clientMessage", message, self._client)
            results = _together(results, heard)
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


def _together(results: _Results, more: _Results) -> _Results:
    """
    @return: both, or a Deferred of them if either takes its time.
    """
    if isinstance(results, list) and isinstance(more, list):
        return results + more
    both = [each if isinstance(each, Deferred) else succeed(each) for each in (results, more)]
    return gatherResults(both).addCallback(lambda lists: lists[0] + lists[1])


def _inTime(results: Any, others: Iterable[Any]) -> Any:
    """
    @return: C{results}, or a Deferred of them if they or any of C{others}
        take their time.
    """
    late = [other for other in others if isinstance(other, Deferred)]
    return gatherResults(late).addCallback(lambda _: results) if late else results
