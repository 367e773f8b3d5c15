"""
A client in one namespace, as a test holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, gatherResults, succeed

from txsocketio.acks import Acks, within
from txsocketio.errors import DisconnectReason, LocalProtocolError, UnsupportedByClient
from txsocketio.handlers import EventSource, Handlers, asDeferred
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.testing._line import Line, Refused
from txsocketio.verbs import Verbs, eventPacket

if TYPE_CHECKING:
    from txsocketio.client import Client
    from txsocketio.frames import Frame
    from txsocketio.testing._server import TestServer

_MANY = 1_000_000


class NotConnected(AssertionError):
    """
    A client that is not connected says nothing.
    """


@dataclass(frozen=True)
class Event:
    """
    Something that has come from the server.

    @ivar name: C{"message"} for what C{send} has sent.
    @ivar annotations: see L{Packet}.
    @ivar id: the number under which an acknowledgement is asked for; L{None}
        where none is.
    """

    name: str
    args: tuple[Any, ...]
    annotations: Mapping[str, str | None] | None = None
    id: int | None = None
    _answer: Any = field(default=None, repr=False, compare=False)

    def acknowledge(self, *args: Any) -> None:
        """
        Answer it, where no handler has done so.
        """
        if self.id is None:
            raise AssertionError(f"no acknowledgement of {self.name!r} is asked for")
        self._answer(self.id, args)


class TestClient(Verbs, EventSource):
    """
    A client in one namespace of a L{TestServer}.

    With C{send}, C{sendJSON} and C{emit} it speaks, with C{on} and C{once} it
    listens: what handlers return, or fire with, acknowledges the event, if that
    is asked for; of several it is the first that is not L{None}. What a handler
    raises is raised where the test lets things happen.

    @ivar server: its L{TestServer}.
    @ivar namespace: with its slash.
    @ivar auth: what it sends to be let in.
    @ivar sessionId: that of the server's L{txsocketio.Client}; empty until it
        has been let in.
    """

    __test__ = False

    def __init__(self, server: TestServer, line: Line, namespace: str, auth: Any) -> None:
        self.server = server
        self.namespace = namespace
        self.auth = auth
        self.sessionId = ""
        self._isConnected = self._isRecovered = False
        self._refusal: Refused | None = None
        self._reason: DisconnectReason | None = None
        self._handlers = Handlers()
        self._acks = Acks(_MANY)
        self._lastId = 0
        self._received: list[Event] = []
        self._waiting: list[Event] = []
        self._recoveryId: str | None = None
        self._offset: str | None = None
        self._given = auth
        self._line = line
        if auth is not None and namespace == ROOT and line.dialect.joinsRoot:
            raise LocalProtocolError(
                "this generation sends nothing to be let into the default namespace; use query"
            )
        line.add(namespace, self)

    def __repr__(self) -> str:
        way = self._line.way
        return f"<TestClient {self.sessionId} {way.dialect.name} {way.transport} {self.namespace}>"

    # What a test looks at.

    @property
    def connected(self) -> bool:
        """
        Whether it has been let in, and nothing has ended that.
        """
        self.server.flush()
        return self._isConnected

    @property
    def reason(self) -> DisconnectReason | None:
        """
        Why it is connected no more, as far as a client can know that.
        """
        self.server.flush()
        return self._reason

    @property
    def recovered(self) -> bool:
        """
        Whether it has come back to where it was.
        """
        self.server.flush()
        return self._isRecovered

    @property
    def refusal(self) -> Refused | None:
        """
        What it has been told, where it has not been let in.
        """
        self.server.flush()
        return self._refusal

    @property
    def protocol(self) -> str:
        """
        The name of its generation.
        """
        return self._line.dialect.name

    @property
    def heartbeats(self) -> int:
        """
        How many have been answered on its connection, by either side.
        """
        return self._line.heartbeats

    @property
    def client(self) -> Client:
        """
        The server's side of it.
        """
        return self.server.listener.of(self.namespace).clients[self.sessionId]

    @property
    def received(self) -> list[Event]:
        """
        All that has come, in its order.
        """
        self.server.flush()
        return [*self._received]

    def expect(self, event: str, *args: Any) -> tuple[Any, ...]:
        """
        The first event of that name that has come, and has not been expected
        yet.

        @param args: what its arguments have to be; without any they may be
            whatever they are.
        @return: its arguments.
        @raise AssertionError: it has not come.
        """
        self.server.flush()
        for index, each in enumerate(self._waiting):
            if each.name == event:
                del self._waiting[index]
                if args and each.args != args:
                    raise AssertionError(f"{event!r} has come with {each.args}, not with {args}")
                return each.args
        raise AssertionError(f"no {event!r} has come to {self!r}, but {self._told()}")

    def expectNothing(self, event: str | None = None) -> None:
        """
        See that nothing has come that has not been expected.

        @param event: only of that name.
        @raise AssertionError: something has.
        """
        self.server.flush()
        if [each for each in self._waiting if event in (None, each.name)]:
            raise AssertionError(f"{self._told()} has come to {self!r}")

    def _told(self) -> str:
        """
        What has come, and was not expected; how it is with the client.
        """
        told = [f"{each.name!r}{each.args}" for each in self._waiting]
        if not self._isConnected:
            told.append(f"it is not connected{self._why}")
        return ", ".join(told) or "nothing"

    @property
    def _why(self) -> str:
        return f" ({self._reason})" if self._reason else ""

    # What a client does.

    @property
    def _spokenIn(self) -> str:
        return self.namespace

    def _say(self, packet: Packet) -> None:
        self._send(self._line.dialect.encode(packet))

    def _send(self, frame: Frame) -> None:
        if not self._isConnected:
            raise NotConnected(f"{self!r} is not connected{self._why}")
        self.server.network.put(self._line.send, frame)
        self.server.flush()

    def emitWithAck(self, event: str, *args: Any, timeout: float | None = None) -> Deferred[Any]:
        """
        Emit an event, and ask for its acknowledgement.

        @param timeout: seconds on the server's clock; L{None} for as long as
            it is connected.
        @return: fires with what is acknowledged, as that of
            L{txsocketio.Client.emitWithAck} does.
        """
        self._lastId += 1
        packet = eventPacket(self.namespace, event, args, self._lastId)
        frame = self._line.dialect.encode(packet)
        done = within(self._acks.expect(self._lastId), timeout, self.server.clock)
        self._send(frame)
        return done

    def join(self, namespace: str, auth: Any = None) -> TestClient:
        """
        Join another namespace on the same connection.

        @return: the client there.
        @raise Refused: it is not let in.
        """
        client = TestClient(self.server, self._line, namespace, auth)
        return self.server.settled(client)

    def upgrade(self) -> None:
        """
        Move from C{polling} to C{websocket}.

        @raise Refused: the server does not take that.
        """
        line = self._line
        line.upgrade()
        self.server.flush()
        if line.offer is not None:
            raise line.offer

    def disconnect(self) -> None:
        """
        Leave the namespace; with the last one goes the connection.
        """
        line = self._line
        if not self._isConnected:
            return
        self.parted(DisconnectReason.CLIENT)
        with suppress(UnsupportedByClient):
            line.say(Packet(Kind.DISCONNECT, None, self.namespace))
        line.leave(self.namespace, DisconnectReason.CLIENT)
        self.server.flush()

    def cut(self) -> None:
        """
        Let the connection go without a word, for all namespaces on it. What is
        under way arrives before.
        """
        self.server.flush()
        self._line.cut()
        self.server.flush()

    def comeBack(self) -> None:
        """
        Go on with the same session when the connection has been cut. Only
        clients of Socket.IO before 1.0 do that, within C{closeTimeout}.

        @raise Refused: there is no such session any more.
        """
        self._refusal = None
        self._line.comeBack()
        self.server.settled(self)

    def reconnect(self) -> None:
        """
        Connect anew, with all the namespaces that were on the connection. Where
        its generation knows that, and C{connectionStateRecovery} is on, it
        comes back to where it was.

        @raise Refused: it is not let in.
        """
        if self._isConnected:
            self.cut()
        old, line = self._line, self._line
        if not old.isAlive:
            line = Line(self.server, old.way)
            line.open()
        for client in {**old.tenants, self.namespace: self}.values():
            client.moveTo(line)
        self.server.settled(self)

    def mute(self) -> None:
        """
        Neither send nor answer heartbeats.
        """
        self._line.isMute = True

    def unmute(self) -> None:
        """
        Undo L{mute}.
        """
        self._line.isMute = False

    def pause(self) -> None:
        """
        Read nothing more: what is sent waits in the server.
        """
        self.server.flush()
        self._line.pause()

    def resume(self) -> None:
        """
        Undo L{pause}.
        """
        self._line.resume()
        self.server.flush()

    # What its line tells it.

    def moveTo(self, line: Line) -> None:
        """
        Its connection is another one now.
        """
        self._refusal = self._reason = None
        self.auth = self._given
        if self._recoveryId is not None:
            self.auth = line.dialect.returning(self._given, self._recoveryId, self._offset)
        self._line = line
        line.add(self.namespace, self)

    def opened(self, packet: Packet | None) -> None:
        """
        See L{txsocketio.testing._line.Tenant.opened}.
        """
        told = None if packet is None else packet.data
        dialect, sid = self._line.dialect, self._line.sid
        self.sessionId = dialect.clientId(sid, self.namespace, told)
        known, self._recoveryId = self._recoveryId, dialect.recoveryId(told)
        self._isRecovered = known is not None and known == self._recoveryId
        self._isConnected = True

    def cameBack(self) -> None:
        """
        See L{txsocketio.testing._line.Tenant.cameBack}.
        """
        self._isConnected, self._reason = True, None

    def refused(self, refusal: Refused) -> None:
        """
        See L{txsocketio.testing._line.Tenant.refused}.
        """
        self._refusal = refusal

    def parted(self, reason: DisconnectReason) -> None:
        """
        See L{txsocketio.testing._line.Tenant.parted}.
        """
        if self._isConnected or self._reason is None:
            self._isConnected, self._reason = False, reason
            self._acks.abandon(reason)

    def take(self, packet: Packet) -> None:
        """
        See L{txsocketio.testing._line.Tenant.take}.
        """
        if packet.kind is Kind.ACK:
            self._acks.answered(packet.id, packet.data)
            return
        if packet.kind is Kind.EVENT:
            name, *args = self._without(packet)
        else:
            name, args = "message", [packet.data]
        event = Event(name, tuple(args), packet.annotations, packet.id, self._acknowledge)
        self._received.append(event)
        self._waiting.append(event)
        results = [asDeferred(f(*args)) for f in self._handlers.take(name)]
        if results and event.id is not None:
            ready = [each if isinstance(each, Deferred) else succeed(each) for each in results]
            gatherResults(ready).addCallback(partial(self._answer, event.id))

    def _without(self, packet: Packet) -> list[Any]:
        """
        An event's name and arguments, without its place in the log, which is
        kept.
        """
        offset = None if self._recoveryId is None else self._line.dialect.offset(packet)
        if offset is None or not self.server.isOffset(offset, self._offset):
            return [*packet.data]
        self._offset = offset
        return [*packet.data[:-1]]

    def _answer(self, id: int, results: Sequence[Any]) -> None:
        """
        Acknowledge with what the first handler has answered that has.
        """
        if self._isConnected:
            answer = next((each for each in results if each is not None), ())
            self._acknowledge(id, answer if isinstance(answer, tuple) else (answer,))

    def _acknowledge(self, id: int, args: tuple[Any, ...]) -> None:
        self._say(Packet(Kind.ACK, [*args], self.namespace, id))
