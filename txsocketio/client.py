"""
What an application holds of each client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IDelayedCall

from txsocketio.errors import (
    AckTimeout,
    ClientDisconnected,
    DisconnectReason,
    LocalProtocolError,
)
from txsocketio.handlers import RAISED, EventSource, Handler, Handlers, call, callAll
from txsocketio.packets import Kind, Packet
from txsocketio.serial import Serial
from txsocketio.verbs import Verbs, eventPacket

if TYPE_CHECKING:
    from txsocketio.connection import Connection
    from txsocketio.handshake import Handshake
    from txsocketio.namespace import Audience, Namespace
    from txsocketio.session import Session


class _Volatile(Verbs):
    """
    The verbs of a client, dropped where they cannot leave at once.
    """

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def _spokenIn(self) -> str:
        return self._client.namespace.name

    def _say(self, packet: Packet) -> None:
        if self._client.connected and self._client.session.writable:
            self._client.session.send(packet)


class Client(Verbs, EventSource):
    """
    One connection, in one namespace.

    Its handlers get the event's arguments and nothing else, one event after
    the other: the next waits for the Deferreds of the handlers before it. What
    came before the connection's end is handled before C{disconnect}.

    @ivar namespace: the L{txsocketio.namespace.Namespace}.
    @ivar session: private to this package.
    @ivar connected: whether what is sent can still arrive.
    @ivar data: the application's own.
    @ivar handshake: the L{Handshake}: what the client brought along when it
        came, and in C{auth} what it has sent to be let into this namespace.
    """

    __slots__ = (
        "_acks",
        "_admitted",
        "_anyHandlers",
        "_connection",
        "_ended",
        "_handlers",
        "_inbox",
        "_lastAck",
        "_rooms",
        "connected",
        "data",
        "handshake",
        "namespace",
        "session",
    )

    def __init__(
        self, connection: Connection, session: Session, namespace: Namespace, auth: Any = None
    ) -> None:
        self._connection = connection
        self.session = session
        self.namespace = namespace
        self.connected = False
        self.data: dict[Any, Any] = {}
        self.handshake: Handshake = session.handshake
        if auth is not None:
            self.handshake = replace(self.handshake, auth=auth)
        self._ended = False
        self._admitted = False
        self._handlers = Handlers()
        self._anyHandlers: list[Handler] = []
        self._inbox = Serial()
        self._rooms: set[str] = set()
        self._acks: dict[int, tuple[Deferred[Any], IDelayedCall | None]] = {}
        self._lastAck = 0

    def __repr__(self) -> str:
        return f"<Client {self.sessionId} in {self.namespace.name} over {self.transport}>"

    @property
    def listener(self) -> Any:
        """
        The L{txsocketio.listener.Listener} to which this client belongs.
        """
        return self.namespace.listener

    @property
    def sessionId(self) -> str:
        """
        20 characters.
        """
        return self.session.sid

    @property
    def connections(self) -> int:
        """
        How often the client has connected; each poll counts.
        """
        return self.session.connections

    @property
    def transport(self) -> str:
        """
        The name of the transport that carries the client.
        """
        return self.session.transportName

    @property
    def protocol(self) -> str:
        """
        The name of the client's generation of the protocol.
        """
        return self.session.dialect.name

    @property
    def rooms(self) -> frozenset[str]:
        """
        The rooms that the client is in; the one of its own session id is
        always among them while it is connected.
        """
        return frozenset(self._rooms)

    # Speaking.

    @property
    def _spokenIn(self) -> str:
        return self.namespace.name

    def _say(self, packet: Packet) -> None:
        if self.connected:
            self.session.send(packet)

    @property
    def volatile(self) -> Verbs:
        """
        The same verbs, dropped instead of queued when the client cannot be
        written to now.
        """
        return _Volatile(self)

    def broadcast(self, message: Any) -> None:
        """
        Send a message to every other client of the namespace.
        """
        self.namespace.broadcast(message, self.sessionId)

    def to(self, *rooms: str) -> Audience:
        """
        Everybody in these rooms except this client.
        """
        return self.namespace.to(*rooms).exclude(self.sessionId)

    def emitWithAck(self, event: str, *args: Any, timeout: float | None = None) -> Deferred[Any]:
        """
        Send an event and ask for an acknowledgement.

        @param timeout: seconds; L{None} waits as long as the client is there.
        @return: fires with what the client acknowledges: L{None}, the one
            argument, or a L{tuple} of several. Fails with L{AckTimeout} or
            L{ClientDisconnected}.
        @raise LocalProtocolError: it cannot be written.
        """
        self._lastAck += 1
        number = self._lastAck
        done: Deferred[Any] = Deferred(lambda _: self._dropAck(number))
        if not self.connected:
            done.errback(ClientDisconnected(DisconnectReason.TRANSPORT_CLOSE))
            return done
        if len(self._acks) >= self.session.settings.maxAcks:
            done.errback(AckTimeout("too many acknowledgements are awaited of this client"))
            return done
        packet = eventPacket(self.namespace.name, event, args, number)
        frame = self.session.dialect.encode(packet)
        call = None
        if timeout is not None:
            call = self.namespace.clock.callLater(timeout, self._ackOverdue, number, timeout)
        self._acks[number] = (done, call)
        self.session.write(frame)
        return done

    def _dropAck(self, id: int) -> None:
        """
        The application does not wait for it any more.
        """
        self._forgetAck(id)

    def _forgetAck(self, id: int) -> Deferred[Any] | None:
        done, call = self._acks.pop(id, (None, None))
        if call is not None and call.active():
            call.cancel()
        return done

    def _ackOverdue(self, id: int, timeout: float) -> None:
        done = self._forgetAck(id)
        if done is not None:
            done.errback(AckTimeout(f"no acknowledgement within {timeout} s"))

    # Rooms.

    def join(self, *rooms: str) -> None:
        """
        Enter rooms; those it is in already are no error.

        @raise LocalProtocolError: more than C{maxRooms}.
        """
        if self._ended:
            return
        if len(self._rooms.union(rooms)) > self.session.settings.maxRooms:
            raise LocalProtocolError(f"more than {self.session.settings.maxRooms} rooms")
        self._rooms.update(rooms)
        if self.connected:
            self.namespace.enter(self, rooms)

    def leave(self, *rooms: str) -> None:
        """
        Leave rooms; those it is not in are no error. It stays in the one of
        its own session id.
        """
        left = self._rooms.intersection(rooms) - {self.sessionId}
        self._rooms -= left
        self.namespace.leave(self, left)

    # Leaving.

    def disconnect(self, close: bool = False) -> None:
        """
        Send the client away: from this namespace, or with C{close} from the
        server. What has been sent before still arrives.
        """
        if self.connected:
            self._connection.dismiss(self, close)

    # Listening.

    def onAny(self, f: Handler) -> Handler:
        """
        Call C{f(event, *args)} at every event from the client, messages
        included, beside its other handlers.

        @return: C{f}.
        """
        self._anyHandlers.append(f)
        return f

    # What the connection says.

    def begin(self, admission: Callable[[Client], Any]) -> None:
        """
        Wait with everything else until the client is let in.
        """
        self._inbox.run(call, self.namespace.log, admission, (self,))

    def admitted(self) -> bool:
        """
        The namespace has let the client in.

        @return: L{False} where it has gone meanwhile.
        """
        self.connected = self._admitted = not self._ended
        if self.connected:
            # Middleware may have had it join some already.
            self._rooms.add(self.sessionId)
            self.namespace.enter(self, self._rooms)
        return self.connected

    def received(self, packet: Packet) -> None:
        """
        Something from the client, in this namespace.
        """
        if packet.kind is Kind.ACK:
            self._acknowledged(packet)
        elif len(self._inbox) >= self.session.settings.maxPending:
            limit = self.session.settings.maxPending
            self.session.fail(DisconnectReason.FLOOD, f"more than {limit} packets wait")
        else:
            self._inbox.run(self._handle, packet)

    def ended(self, reason: DisconnectReason) -> None:
        """
        The client has left the namespace, or gone altogether.
        """
        self._ended = True
        if not self.connected:
            return
        self.connected = False
        self.namespace.remove(self, self._rooms)
        self._rooms.clear()
        for id in tuple(self._acks):
            done = self._forgetAck(id)
            if done is not None:
                done.errback(ClientDisconnected(reason))
        self._inbox.run(self._parted, reason)

    def _handle(self, packet: Packet) -> Deferred[None] | None:
        if not self._admitted:
            # Who was turned away is not heard.
            return None
        if packet.kind is Kind.CONNECT:
            # It is in already, and asks once more.
            self._say(Packet(Kind.CONNECT, namespace=self.namespace.name))
            return None
        event, args = "message", (packet.data,)
        if packet.kind is Kind.EVENT:
            event, args = packet.data[0], tuple(packet.data[1:])
        outcome = self._fire(event, args)
        if isinstance(outcome, Deferred):
            return outcome.addCallback(lambda results: self._acknowledge(packet.id, results))
        self._acknowledge(packet.id, outcome)
        return None

    def _fire(self, event: str, args: tuple[Any, ...]) -> Any:
        """
        @return: the results of the client's own handlers, or a Deferred of
            them.
        """
        log = self.namespace.log
        results = callAll(log, self._handlers.take(event), args)
        others: list[list[Any] | Deferred[list[Any]]] = []
        if self._anyHandlers:
            others.append(callAll(log, self._anyHandlers, (event, *args)))
        if event == "message":
            message = args[0] if args else None
            others.append(self.namespace.fire("clientMessage", message, self))
        return _inTime(results, others)

    def _acknowledge(self, id: int | None, results: Sequence[Any]) -> None:
        """
        The first handler that has something to say is heard; where there are
        none, or all raised, nobody can say that it was done.
        """
        answers = [result for result in results if result is not RAISED]
        if id is None or not answers or not self.connected:
            return
        answer = next((answer for answer in answers if answer is not None), None)
        args = list(answer) if isinstance(answer, tuple) else [answer]
        try:
            self.session.send(
                Packet(Kind.ACK, [] if answer is None else args, self.namespace.name, id)
            )
        except LocalProtocolError:
            self.namespace.log.failure(
                "A handler's result cannot be sent: {answer!r}", answer=answer
            )

    def _acknowledged(self, packet: Packet) -> None:
        # One that answers nothing, or comes twice, is ignored.
        done = None if packet.id is None else self._forgetAck(packet.id)
        if done is not None:
            args = packet.data
            done.callback(None if not args else args[0] if len(args) == 1 else tuple(args))

    def _parted(self, reason: DisconnectReason) -> Any:
        log = self.namespace.log
        results = callAll(log, self._handlers.take("disconnect"), (reason,))
        return _inTime(results, [self.namespace.fire("clientDisconnect", self)])


def _inTime(results: Any, others: Iterable[Any]) -> Any:
    """
    @return: C{results}, or a Deferred of them if they or any of C{others}
        take their time.
    """
    late = [other for other in others if isinstance(other, Deferred)]
    return gatherResults(late).addCallback(lambda _: results) if late else results
