"""
What an application holds of each client.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IConsumer
from zope.interface import implementer

from txsocketio.acks import NOTHING_ASKED, Acks, within
from txsocketio.dispatch import Overheard, without
from txsocketio.errors import ClientDisconnected, DisconnectReason, LocalProtocolError
from txsocketio.flow import Flow
from txsocketio.handlers import Handler, Handlers, call
from txsocketio.inbox import Inbox
from txsocketio.orders import Address
from txsocketio.packets import Kind, Packet
from txsocketio.recovery import RECOVERABLE, Away
from txsocketio.verbs import Verbs, eventPacket

if TYPE_CHECKING:
    from txsocketio.audience import Audience
    from txsocketio.connection import Connection
    from txsocketio.handshake import Handshake
    from txsocketio.namespace import Namespace
    from txsocketio.session import Session

_NO_ROOMS: frozenset[str] = frozenset()


# To look up a member of an enumeration takes as long as two calls.
_CONNECT, _ACK = Kind.CONNECT, Kind.ACK


class _Volatile(Verbs):
    """
    The verbs of a client, dropped where they cannot leave at once.
    """

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    def to(self, *rooms: str) -> Audience:
        """
        See L{Client.to}.
        """
        return self._client.to(*rooms).volatile

    def exclude(self, *roomsOrIds: str) -> Audience:
        """
        See L{Client.exclude}.
        """
        return self._client.exclude(*roomsOrIds).volatile

    @property
    def local(self) -> Audience:
        """
        See L{Client.local}.
        """
        return self._client.local.volatile

    def broadcast(self, message: Any) -> None:
        """
        See L{Client.broadcast}.
        """
        self.exclude().send(message)

    def emitWithAck(self, event: str, *args: Any, timeout: float | None = None) -> Deferred[Any]:
        """
        See L{Client.emitWithAck}. What is dropped is not acknowledged.
        """
        return self._client.ask(event, args, timeout, isVolatile=True)

    @property
    def _spokenIn(self) -> str:
        return self._client.namespace.name

    def _say(self, packet: Packet) -> None:
        self._client.tell(packet, isVolatile=True)


@implementer(IConsumer)
class Client(Verbs, Overheard):
    """
    One connection, in one namespace.

    Its handlers get the event's arguments and nothing else, one event after
    the other: the next waits for the Deferreds of the handlers before it,
    unless C{concurrentHandlers} is set. What came before the connection's end
    is handled before C{disconnect}, unless the application itself has sent the
    client away: it is not heard any more.

    Events beside those that the client emits: C{message(message)};
    C{disconnecting(reason)}, at once when it goes, while C{rooms} still has
    the rooms it was in; C{disconnect(reason)}; C{drain()}, when nothing waits
    to be sent any more, see C{pending} (a client may emit one of that name,
    too); C{error(exception)}, when middleware of L{use} has stopped an event.

    @ivar namespace: the L{txsocketio.namespace.Namespace}.
    @ivar session: private to this package.
    @ivar connected: whether what is sent can still arrive.
    @ivar recovered: whether it has come back to where it was: with its id, its
        rooms and its data, and what it has missed.
    @ivar sessionId: 20 characters; who has joined several namespaces may have
        one in each.
    """

    __slots__ = (
        "_acks",
        "_auth",
        "_away",
        "_connection",
        "_data",
        "_flow",
        "_handlers",
        "_inbox",
        "_isInside",
        "_outgoing",
        "_reason",
        "_recoveryId",
        "_rooms",
        "_since",
        "_spokenIn",
        "connected",
        "namespace",
        "recovered",
        "session",
        "sessionId",
    )

    _spokenIn: str

    def __init__(
        self,
        connection: Connection,
        session: Session,
        namespace: Namespace,
        auth: Any = None,
        away: Away | None = None,
    ) -> None:
        """
        @param auth: what it has sent to be let in.
        @param away: what it had when it went, if it comes back.
        """
        self._connection = connection
        self.session = session
        self.namespace = namespace
        self._spokenIn = namespace.name
        self.connected = False
        self._auth = auth
        # Why it has gone, if it has.
        self._reason: DisconnectReason | None = None
        self._handlers = Handlers()
        self._inbox: Inbox = Inbox(self, self._handlers, connection.backlog, auth)
        self._acks = NOTHING_ASKED
        self._flow: Flow | None = None
        self._outgoing: tuple[Handler, ...] = ()
        self._away = away
        self.recovered = away is not None
        self.sessionId = session.dialect.clientId(session.sid, namespace.name)
        self._data: dict[Any, Any] | None = None
        # But for the one of its own id.
        self._rooms = _NO_ROOMS
        self._isInside = False
        self._recoveryId: str | None = None
        self._since = 0
        self._remember(away)

    def __repr__(self) -> str:
        return f"<Client {self.sessionId} in {self.namespace.name} over {self.transport}>"

    @property
    def listener(self) -> Any:
        """
        The L{txsocketio.listener.Listener} to which this client belongs.
        """
        return self.namespace.listener

    @property
    def handshake(self) -> Handshake:
        """
        What the client brought along when it came, and in C{auth} what it has
        sent to be let into this namespace.
        """
        return self.session.arrival.handshake(self._auth)

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
    def pending(self) -> int:
        """
        How many bytes wait to be sent, on the whole connection, because it
        takes no more just now.
        """
        return self.session.pending

    @property
    def rooms(self) -> frozenset[str]:
        """
        The rooms that the client is in; the one of its own session id is
        always among them while it is connected.
        """
        return self._rooms.union((self.sessionId,)) if self._isInside else self._rooms

    @property
    def data(self) -> dict[Any, Any]:
        """
        The application's own.
        """
        if self._data is None:
            self._data = {}
        return self._data

    @data.setter
    def data(self, data: dict[Any, Any]) -> None:
        self._data = data

    # Speaking.

    @property
    def volatile(self) -> _Volatile:
        """
        The same verbs, dropped instead of queued when the client cannot be
        written to now.
        """
        return _Volatile(self)

    @property
    def local(self) -> Audience:
        """
        Every other client of the namespace, of this process only.
        """
        return self.exclude().local

    def broadcast(self, message: Any) -> None:
        """
        Send a message to every other client of the namespace.
        """
        self.exclude().send(message)

    def to(self, *rooms: str) -> Audience:
        """
        Everybody in these rooms except this client.
        """
        return self.exclude().to(*rooms)

    def exclude(self, *roomsOrIds: str) -> Audience:
        """
        Every other client, but those in these rooms or of these session ids.
        """
        return self.namespace.exclude(self.sessionId, *roomsOrIds)

    def emitWithAck(self, event: str, *args: Any, timeout: float | None = None) -> Deferred[Any]:
        """
        Send an event and ask for an acknowledgement.

        @param timeout: seconds; L{None} waits as long as the client is there.
        @return: fires with what the client acknowledges: L{None}, the one
            argument, or a L{tuple} of several. Fails with L{AckTimeout} or
            L{ClientDisconnected}.
        @raise LocalProtocolError: it cannot be written.
        """
        return self.ask(event, args, timeout)

    # Rooms.

    def join(self, *rooms: str) -> None:
        """
        Enter rooms; those it is in already are no error.

        @raise LocalProtocolError: more than C{maxRooms}.
        """
        if self._reason is not None:
            return
        others = [room for room in rooms if room != self.sessionId]
        joined = self._rooms.union(others)
        if len(joined) + self._isInside > self.session.settings.maxRooms:
            raise LocalProtocolError(f"more than {self.session.settings.maxRooms} rooms")
        self._rooms = joined
        if self.connected:
            self.namespace.enter(self, others)

    def leave(self, *rooms: str) -> None:
        """
        Leave rooms; those it is not in are no error. It stays in the one of
        its own session id.
        """
        left = self._rooms.intersection(rooms)
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

    def onAnyOutgoing(self, f: Handler) -> Handler:
        """
        Call C{f(event, *args)} at every event that is sent to the client, by
        broadcasts too, before it is written.

        @return: C{f}.
        """
        self._outgoing += (f,)
        if self.connected:
            self.namespace.overheard.add(self)
        return f

    def offAnyOutgoing(self, f: Handler | None = None) -> None:
        """
        Undo L{onAnyOutgoing}; all of them without C{f}.
        """
        self._outgoing = without(self._outgoing, f)
        if not self._outgoing:
            self.namespace.overheard.discard(self)

    # IConsumer.

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let a producer send as fast as the client takes it: see
        L{IConsumer.registerProducer}. It is paused while anything waits to be
        sent, and stopped when the client goes.

        @raise RuntimeError: there is one already.
        """
        if self._flow is not None:
            raise RuntimeError(f"there is a producer already: {self._flow.producer}")
        if self.connected:
            clock, log = self.namespace.clock, self.namespace.log
            self._flow = Flow(producer, streaming, lambda: not self.pending, clock, log)
        else:
            producer.stopProducing()

    def unregisterProducer(self) -> None:
        """
        See L{IConsumer.unregisterProducer}.
        """
        if self._flow is not None:
            self._flow.unregistered()
            self._flow = None

    def write(self, data: Any) -> None:
        """
        What a producer calls; the same as L{send}.
        """
        self.send(data)

    # What the namespace and the verbs say.

    def tell(self, packet: Packet, isVolatile: bool = False) -> None:
        """
        Send a packet to this client alone.
        """
        if self._recoveryId is not None and not isVolatile:
            packet = self._recorded(packet, self._recoveryId)
        if not self.connected:
            return
        if self._outgoing:
            self.overhear(packet)
        session = self.session
        session.write(session.dialect.encode(packet), isVolatile)
        if self._flow is not None:
            self._flow.written()

    # A verb takes as few calls as can be.
    _say = tell

    def ask(
        self, event: str, args: tuple[Any, ...], timeout: float | None, isVolatile: bool = False
    ) -> Deferred[Any]:
        """
        See L{emitWithAck}.
        """
        id = self.namespace.newAck()
        packet = eventPacket(self.namespace.name, event, args, id)
        if not self.connected:
            return fail(ClientDisconnected(self._reason or DisconnectReason.TRANSPORT_CLOSE))
        frame = self.session.dialect.encode(packet)
        done = self.expect(id)
        if not done.called:
            self.overhear(packet)
            self.session.write(frame, isVolatile)
            if self._flow is not None:
                self._flow.written()
        return within(done, timeout, self.namespace.clock)

    def overhear(self, packet: Packet) -> None:
        """
        A packet is about to be sent to the client.
        """
        if self._outgoing:
            event = packet.data if packet.kind is Kind.EVENT else ("message", packet.data)
            for f in self._outgoing:
                call(self.namespace.log, f, event)

    def expect(self, id: int) -> Deferred[Any]:
        """
        See L{Acks.expect}.
        """
        if self._acks is NOTHING_ASKED:
            self._acks = Acks(self.session.settings.maxAcks)
        return self._acks.expect(id)

    def admitted(self, welcome: Callable[[Packet | None], None]) -> bool:
        """
        The namespace lets the client in.

        @param welcome: called with what it is told of that.
        @return: L{False} where it has gone meanwhile.
        """
        if self._reason is None:
            self._catchUp()
            welcome(self._welcome())
        # That may have been more than the client takes.
        self.connected = self._inbox.isOpen = self._reason is None
        if self.connected:
            self._isInside = True
            if self._outgoing:
                self.namespace.overheard.add(self)
        return self.connected

    def welcomeAgain(self) -> None:
        """
        The client is in already, and has asked once more.
        """
        packet = self._welcome()
        if self.connected and packet is not None:
            self.session.send(packet)

    def _welcome(self) -> Packet | None:
        dialect = self.session.dialect
        return dialect.welcome(self.namespace.name, self.sessionId, self._recoveryId)

    # Coming back.

    def _remember(self, away: Away | None) -> None:
        recovery = self.namespace.recovery
        if recovery is None or not self.session.dialect.recovers:
            return
        if away is None:
            self._recoveryId = recovery.newId()
            return
        self._recoveryId, self._since = away.recoveryId, away.since
        self.sessionId, self.data = away.id, away.data
        self._rooms, self._isInside = away.rooms - {away.id}, True

    def _catchUp(self) -> None:
        """
        Send what the client has missed; whatever was sent is not heard twice.
        """
        recovery = self.namespace.recovery
        if recovery is None:
            return
        if self._away is None:
            self._since = recovery.last
            return
        missed = recovery.missed(self._away)
        if missed is None:
            # Middleware took its time. Coming once more, it is a new client.
            self.session.fail(DisconnectReason.TRANSPORT_ERROR, "came back too late")
        for packet in missed or ():
            # The caller was told already that it cannot be written.
            with suppress(LocalProtocolError):
                self.session.send(packet)
        self._away = None

    def _recorded(self, packet: Packet, id: str) -> Packet:
        """
        Keep a packet for when the client has missed it.

        @param id: with which the client can come back.
        """
        recovery = self.namespace.recovery
        if recovery is None or not (self.connected or recovery.isAway(id)):
            return packet
        return recovery.record(Address(frozenset((self.sessionId,))), packet)

    def _mayComeBack(self, reason: DisconnectReason) -> None:
        recovery, id = self.namespace.recovery, self._recoveryId
        if recovery is not None and id is not None and reason in RECOVERABLE:
            name, rooms = self.namespace.name, self.rooms
            recovery.save(Away(name, self.sessionId, id, rooms, self.data, self._since))

    # What the connection says.

    def begin(self, admission: Callable[[Client], Any]) -> None:
        """
        Wait with everything else until the client is let in.
        """
        self._inbox.begin(admission)

    def received(self, packet: Packet) -> None:
        """
        Something from the client, in this namespace.
        """
        kind = packet.kind
        if kind is _ACK:
            # A handler may be waiting for it: it does not wait its turn.
            self._acks.answered(packet.id, packet.data)
        elif self._reason is not None:
            return
        elif kind is _CONNECT:
            self._inbox.askedAgain(packet)
        else:
            self._inbox.take(packet, None if packet.id is None else self._answer)

    def _answer(self, packet: Packet) -> None:
        if self.connected:
            self.session.send(packet)

    def drained(self) -> None:
        """
        What has waited to be sent has been written.
        """
        if self.connected:
            self._inbox.tell("drain")
        if self._flow is not None:
            self._flow.drained()

    def ended(self, reason: DisconnectReason) -> None:
        """
        The client has left the namespace, or gone altogether.
        """
        self._reason = reason
        if reason is DisconnectReason.SERVER:
            self._inbox.isOpen = False
        if not self.connected:
            self._inbox.over()
            return
        self.connected = False
        self._mayComeBack(reason)
        self.namespace.remove(self, self.rooms)
        self.namespace.overheard.discard(self)
        self._inbox.tell("disconnecting", reason)
        self._rooms, self._isInside, self._outgoing = _NO_ROOMS, False, ()
        self._acks.abandon(reason)
        if self._flow is not None:
            self._flow.ended()
            self._flow = None
        self._inbox.parted(reason)
