"""
What an application holds of its connection to a server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from txsocketio.acks import Acks, within
from txsocketio.dispatch import Dispatch, Overheard
from txsocketio.errors import (
    ClientDisconnected,
    ConnectFailed,
    ConnectionRefused,
    DisconnectReason,
    QueueFull,
)
from txsocketio.handlers import Handlers, asDeferred
from txsocketio.outbox import Outbox
from txsocketio.outgoing.offsets import isOffset
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.verbs import Verbs, eventPacket

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.outgoing.connection import Connection

Auth = Mapping[str, Any] | Callable[[], Any] | None
"""What is sent along to be let in, or a function that is asked for it each time;
it may return a Deferred or be a coroutine function."""


class _Volatile(Verbs):
    """
    The verbs of a socket, dropped where they cannot leave at once.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: ClientSocket) -> None:
        self._socket = socket

    def emitWithAck(self, event: str, *args: Any, timeout: float | None = None) -> Deferred[Any]:
        """
        See L{ClientSocket.emitWithAck}. What is dropped is not acknowledged.
        """
        return self._socket.ask(event, args, timeout, isVolatile=True)

    @property
    def _spokenIn(self) -> str:
        return self._socket.namespace

    def _say(self, packet: Packet) -> None:
        self._socket.tell(packet, isVolatile=True)


class ClientSocket(Verbs, Overheard):
    """
    One connection to a server, in one namespace.

    Its handlers get the event's arguments and nothing else, one event after
    the other: the next waits for the Deferreds of the handlers before it,
    unless C{concurrentHandlers} is set. What a handler returns is the
    acknowledgement, where the server asks for one.

    Events beside those that the server emits: C{message(message)};
    C{connect()}, each time that the server has let us in;
    C{disconnect(reason)}, when we are out again; C{connect_error(exception)},
    when there was no way in, see L{whenConnected}.

    @ivar namespace: the namespace's name.
    @ivar auth: what is sent along to be let in, or a function that is asked
        for it each time; it may return a Deferred or be a coroutine function.
    @ivar connected: whether what is sent leaves, or will do so soon.
    @ivar active: whether the namespace is entered, or will be, without more
        being asked for.
    @ivar recovered: whether it has come back to where it was, and has got what
        it missed.
    @ivar sessionId: what the server knows it by; empty until it has let us in.
    """

    def __init__(self, connection: Connection, namespace: str, auth: Auth) -> None:
        self.namespace = namespace
        self.auth = auth
        self.connected = False
        self.active = True
        self.recovered = False
        self.sessionId = ""
        self._connection = connection
        self._reason = DisconnectReason.TRANSPORT_CLOSE
        self._handlers = Handlers()
        self._inbox = Dispatch(
            self._handlers,
            connection.backlog,
            connection.log,
            connection.options.concurrentHandlers,
        )
        self._acks = Acks(connection.settings.maxAcks)
        self._waiting = Outbox()
        # The frames that ask, by the number of their acknowledgement, among
        # those that wait.
        self._asking: dict[int, Frame] = {}
        self._waiters: list[Deferred[ClientSocket]] = []
        # What has come before we were let in, with its weight.
        self._early: list[tuple[Packet, int]] = []
        self._deadline: IDelayedCall | None = None
        self._recoveryId: str | None = None
        self._offset: str | None = None

    def __repr__(self) -> str:
        where = self.transport if self.connected else "nothing"
        return f"<ClientSocket {self.sessionId} in {self.namespace} over {where}>"

    @property
    def transport(self) -> str:
        """
        The name of the transport that carries the connection; empty while
        there is none.
        """
        link = self._connection.link
        return "" if link is None else link.transport

    @property
    def protocol(self) -> str:
        """
        The name of the server's generation of the protocol.
        """
        return self._connection.dialect.name

    @property
    def pending(self) -> int:
        """
        How many bytes wait to be sent: for the connection to come back, and on
        the whole connection, because it takes no more just now.
        """
        link = self._connection.link
        return self._waiting.size + (0 if link is None else link.pending)

    @property
    def volatile(self) -> _Volatile:
        """
        The same verbs, dropped instead of queued where there is no connection
        or it takes no more just now.
        """
        return _Volatile(self)

    def of(self, namespace: str, auth: Auth = None) -> ClientSocket:
        """
        The socket in another namespace, over the same connection. It is
        entered at once, or when the connection is there; L{whenConnected}
        tells when.

        @raise LocalProtocolError: there can be no such namespace, or no more.
        """
        return self._connection.of(namespace, auth)

    # Coming and going.

    def whenConnected(self) -> Deferred[ClientSocket]:
        """
        @return: fires with this socket as soon as the server has let us in.
            Fails with L{ConnectionRefused} where it does not, and with
            L{ConnectFailed} where there is no connection, nor will be.
        """
        if self.connected:
            return succeed(self)
        if not self.active:
            return fail(ConnectFailed(self._reason))
        waiter: Deferred[ClientSocket] = Deferred(self._waiters.remove)
        self._waiters.append(waiter)
        return waiter

    def connect(self) -> Deferred[ClientSocket]:
        """
        Come back where L{disconnect} or the server has put us out.

        @return: see L{whenConnected}.
        """
        if not self.active:
            self.active = True
            if self._connection.isOpen:
                self.enter()
            else:
                self._connection.open()
        return self.whenConnected()

    def disconnect(self, close: bool = False) -> Deferred[None]:
        """
        Leave the namespace, or with C{close} the server. Who leaves the last
        namespace leaves the server. What was sent before still leaves.

        @return: fires when the namespace has been left; where that was the last
            one, when nothing of the connection is left.
        """
        connection = self._connection
        if close or (self.namespace == ROOT and connection.dialect.rootIsConnection):
            for socket in tuple(connection.sockets.values()):
                socket.leave()
            return connection.close()
        self.leave()
        return connection.left()

    def leave(self) -> None:
        """
        Leave the namespace.
        """
        link = self._connection.link
        isInside = self.connected or self._deadline is not None
        isConnection = self.namespace == ROOT and self._connection.dialect.rootIsConnection
        if link is not None and isInside and not isConnection:
            link.send(Packet(Kind.DISCONNECT, namespace=self.namespace))
        wasActive, wasConnected, self.active = self.active, self.connected, False
        self._out(DisconnectReason.CLIENT)
        if wasActive and not wasConnected:
            self._giveUp(Failure(ConnectFailed(DisconnectReason.CLIENT)))

    def enter(self) -> None:
        """
        The connection is there: ask to be let in.
        """
        if not self.active or self.connected or self._deadline is not None:
            return
        connection = self._connection
        self._deadline = connection.reactor.callLater(
            connection.settings.connectTimeout, self._late
        )
        dialect = connection.dialect
        if self.namespace != ROOT or not dialect.joinsRoot:
            Deferred.fromCoroutine(self._ask())
        elif dialect.rootIsConnection:
            # Nobody will say so.
            self._welcomed(None)

    def _late(self) -> None:
        self._deadline = None
        seconds = self._connection.settings.connectTimeout
        detail = f"no answer about {self.namespace} within {seconds} s"
        self._connection.fail(DisconnectReason.REFUSED, detail)

    async def credentials(self) -> Any:
        """
        What is sent along to be let in.
        """
        return await self._said() if callable(self.auth) else self.auth

    async def _said(self) -> Any:
        assert callable(self.auth)
        said = asDeferred(self.auth())
        return await said if isinstance(said, Deferred) else said

    async def _ask(self) -> None:
        link, dialect = self._connection.link, self._connection.dialect
        assert link is not None
        try:
            auth = await self.credentials()
            if self._recoveryId is not None:
                auth = dialect.returning(auth, self._recoveryId, self._offset)
            if self._deadline is not None and self._connection.link is link:
                link.send(Packet(Kind.CONNECT, auth, self.namespace))
        except Exception:
            if self._connection.link is link:
                self.refused(Failure())

    def _settled(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def _welcomed(self, told: Any) -> None:
        connection, link = self._connection, self._connection.link
        if self._deadline is None or link is None:
            # Nobody has asked, or does so any more.
            return
        self._settled()
        dialect = connection.dialect
        assert link.sid is not None
        self.sessionId = dialect.clientId(link.sid, self.namespace, told)
        recoveryId = dialect.recoveryId(told)
        self.recovered = recoveryId is not None and recoveryId == self._recoveryId
        self._recoveryId = recoveryId
        if not self.recovered:
            self._offset = None
        self.connected = connection.wasJoined = True
        self._inbox.inform("connect")
        self._catchUp()
        self._flush()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(self)

    def _catchUp(self) -> None:
        early, self._early = self._early, []
        for packet, held in early:
            self._connection.backlog.release(held)
            if self.connected:
                self._take(packet)

    def _flush(self) -> None:
        """
        Send what has waited, but for what nobody waits for any more.
        """
        frames, asking, self._asking = self._waiting.take(), self._asking, {}
        given = {id(frame) for number, frame in asking.items() if not self._acks.awaits(number)}
        link = self._connection.link
        for frame in frames:
            if link is not None and id(frame) not in given:
                link.write(frame)

    def refused(self, failure: Failure) -> None:
        """
        There is no way in, and will be none before we ask again.
        """
        self.active = False
        self._out(DisconnectReason.REFUSED)
        self._failed(failure)
        self._connection.left()

    def _failed(self, failure: Failure) -> None:
        self._inbox.inform("connect_error", failure.value)
        self._giveUp(failure)

    def _giveUp(self, failure: Failure) -> None:
        """
        Nobody waits any more.
        """
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.errback(failure)

    def _dismissed(self) -> None:
        """
        The server has put us out.
        """
        self.active = False
        self._out(DisconnectReason.SERVER)
        self._connection.left()

    def parted(self, reason: DisconnectReason, detail: str) -> None:
        """
        The connection has gone.
        """
        wasActive, wasConnected = self.active, self.connected
        self.active = self.active and self._connection.returns
        self._out(reason)
        if not wasActive or wasConnected:
            return
        failure = Failure(ConnectFailed(reason, detail))
        if self.active:
            self._inbox.inform("connect_error", failure.value)
        else:
            self._failed(failure)

    def _out(self, reason: DisconnectReason) -> None:
        """
        We are in the namespace no more.
        """
        wasConnected, self.connected = self.connected, False
        self._reason = reason
        self._settled()
        for _, held in self._early:
            self._connection.backlog.release(held)
        self._early.clear()
        if not self.active:
            self._waiting.take()
            self._asking.clear()
        self._acks.abandon(reason, self._asking)
        if wasConnected:
            self._inbox.inform("disconnect", reason)

    # Hearing.

    def received(self, packet: Packet) -> None:
        """
        Something from the server, in this namespace.
        """
        if packet.kind is Kind.CONNECT:
            self._welcomed(packet.data)
        elif packet.kind is Kind.DISCONNECT:
            if self.connected or self._deadline is not None:
                self._dismissed()
        elif packet.kind is Kind.CONNECT_ERROR:
            if self._deadline is not None:
                told = packet.data
                self.refused(Failure(ConnectionRefused(told["message"], told.get("data"))))
        elif self.connected:
            self._take(packet)
        elif self._deadline is not None:
            # What was missed comes before the welcome.
            held = self._connection.backlog.hold(packet.data)
            if held is not None:
                self._early.append((packet, held))

    def _take(self, packet: Packet) -> None:
        link = self._connection.link
        if packet.kind is Kind.ACK:
            # A handler may be waiting for it: it does not wait its turn.
            self._acks.answered(packet.id, packet.data)
        elif link is not None:
            answer = None if packet.id is None else link.send
            self._inbox.take(self._placed(packet), answer)

    def _placed(self, packet: Packet) -> Packet:
        """
        Note how far we have come, where the server keeps a log.

        @return: the event without its place there.
        """
        if self._recoveryId is None or packet.kind is not Kind.EVENT or packet.id is not None:
            return packet
        offset = self._connection.dialect.offset(packet)
        if offset is None:
            return packet
        self._offset = offset
        if not isOffset(offset, self._connection.reactor.seconds()):
            return packet
        return replace(packet, data=packet.data[:-1])

    # Speaking.

    @property
    def _spokenIn(self) -> str:
        return self.namespace

    def _say(self, packet: Packet) -> None:
        self.tell(packet)

    def emitWithAck(self, event: str, *args: Any, timeout: float | None = None) -> Deferred[Any]:
        """
        Send an event and ask for an acknowledgement.

        @param timeout: seconds; L{None} waits as long as the connection is
            there.
        @return: fires with what the server acknowledges: L{None}, the one
            argument, or a L{tuple} of several. Fails with L{AckTimeout} or
            L{ClientDisconnected}.
        @raise LocalProtocolError: it cannot be written.
        @raise QueueFull: too much waits for the connection.
        """
        return self.ask(event, args, timeout)

    def tell(self, packet: Packet, isVolatile: bool = False) -> None:
        """
        Send a packet, or keep it until the connection is there. One that will
        not be there any more gets nothing.

        @raise QueueFull: too much waits.
        """
        self._write(self._connection.dialect.encode(packet), isVolatile)

    def _write(self, frame: Frame, isVolatile: bool) -> None:
        connection = self._connection
        if self.connected and connection.link is not None:
            connection.link.write(frame, isVolatile)
        elif self.active and not isVolatile and not self._waiting.put(frame, connection.settings):
            raise QueueFull("too much waits for the connection; see maxQueue and maxQueueBytes")

    def ask(
        self, event: str, args: tuple[Any, ...], timeout: float | None, isVolatile: bool = False
    ) -> Deferred[Any]:
        """
        See L{emitWithAck}.
        """
        connection, number = self._connection, self._connection.newAck()
        frame = connection.dialect.encode(eventPacket(self.namespace, event, args, number))
        if not self.active:
            return fail(ClientDisconnected(self._reason))
        done = self._acks.expect(number)
        if not done.called:
            try:
                self._write(frame, isVolatile)
            except QueueFull:
                done.addErrback(lambda _: None).cancel()
                raise
            if not self.connected and not isVolatile:
                self._asking[number] = frame
        return within(done, timeout, connection.reactor)
