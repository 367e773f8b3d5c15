"""
Namespaces, and clients that come into them, without a byte between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from txsocketio import Client, Listener, Namespace
from txsocketio.connection import Connection
from txsocketio.errors import DisconnectReason, LocalProtocolError, UnsupportedByClient
from txsocketio.frames import Frame
from txsocketio.interfaces import IDialect, Place
from txsocketio.namespace import Shared
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.parents import Chooser, ParentNamespace
from txsocketio.peerlog import PeerLog
from txsocketio.recovery import Recovery
from txsocketio.registry import Registry
from txsocketio.session import Session
from txsocketio.settings import Settings
from txsocketio.test.fakes import FakeDecoder, FakeDialect, FakeKeeper, FakeStream, arrival


@implementer(IDialect)
class HallDialect(FakeDialect):
    """
    Writes packets so that everything can be read: C{KIND namespace#id data
    @offset}.
    """

    def __init__(self, isModern: bool) -> None:
        super().__init__("modern" if isModern else "old", isModern)
        self.joinsByTalking = not isModern

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}. Bytes are beyond old clients, and sets are
        beyond everybody.
        """
        data = packet.data if isinstance(packet.data, list) else [packet.data]
        if any(isinstance(each, bytes) for each in data) and not self.recovers:
            raise UnsupportedByClient("bytes")
        if any(isinstance(each, set) for each in data):
            raise LocalProtocolError("a set")
        self.encoded.append(packet)
        parts = [packet.kind.name, packet.namespace]
        parts += [] if packet.id is None else [f"#{packet.id}"]
        isBare = packet.data is None or packet.kind is Kind.CLOSE
        parts += [] if isBare else [f"{packet.data}"]
        parts += [] if packet.offset is None or not self.recovers else [f"@{packet.offset}"]
        return Frame(" ".join(parts))

    def decoder(self, settings: Settings) -> FakeDecoder:
        """
        See L{IDialect.decoder}.
        """
        return _Decoder(self)


class _Decoder(FakeDecoder):
    """
    Takes packets as they are.
    """

    def message(self, data: Any) -> Iterator[Packet]:
        """
        See L{IDecoder.message}.
        """
        return iter((data,))


MODERN, OLD = HallDialect(True), HallDialect(False)


class Hall:
    """
    A listener's namespaces.

    @ivar clock: its time.
    @ivar registry: all of them.
    """

    def __init__(
        self,
        recovery: dict[str, Any] | None = None,
        concurrentHandlers: bool = False,
        maxChildren: int = 10,
        cleanUp: bool = False,
    ) -> None:
        """
        @param recovery: the bounds of a L{Recovery}; L{None} for none.
        """
        reactor = MemoryReactorClock()
        io = Listener(reactor=reactor)
        self.clock: Clock = reactor
        self.keeper = FakeKeeper()
        self.log = PeerLog(io._log, reactor)
        self._shared = Shared(
            listener=io,
            manager=io._manager,
            backplane=io._backplane,
            clock=reactor,
            log=self.log,
            recovery=None if recovery is None else Recovery(reactor.seconds, **recovery),
            concurrentHandlers=concurrentHandlers,
        )
        self.registry = io._namespaces = Registry(
            self._make, reactor, self.log, maxChildren, cleanUp
        )
        self.root = self.registry.of(ROOT)
        self._sessions = 0

    def _make(self, name: str, parent: ParentNamespace | None) -> Namespace:
        return Namespace(name, self._shared, parent)

    def of(self, name: str) -> Namespace:
        """
        The namespace of that name.
        """
        return self.registry.of(name)

    def parent(self, chooser: Chooser) -> ParentNamespace:
        """
        See L{Registry.parent}.
        """
        return self.registry.parent(chooser)

    def come(
        self, *names: str, dialect: HallDialect = MODERN, auth: Any = None, **settings: Any
    ) -> Visitor:
        """
        A client comes, and asks to join namespaces.

        @param auth: what it sends along each time.
        """
        self._sessions += 1
        visitor = Visitor(self, f"SID{self._sessions}", dialect, Settings(**settings))
        for name in names:
            visitor.join(name, auth)
        return visitor


class Visitor:
    """
    One connection.
    """

    def __init__(self, hall: Hall, sid: str, dialect: HallDialect, settings: Settings) -> None:
        self._hall = hall
        self.session = Session(
            hall.keeper,
            sid,
            Place(dialect, "fake"),
            settings,
            arrival(),
            lambda session: Connection(hall.registry, session),
        )
        self.stream = FakeStream(self.session)
        self.session.attach(self.stream)

    def say(self, kind: Kind, name: str = ROOT, data: Any = None, id: int | None = None) -> None:
        """
        Send a packet.
        """
        self.session.received(cast(str, Packet(kind, data, name, id)))

    def join(self, name: str = ROOT, auth: Any = None) -> None:
        """
        Ask to join a namespace.
        """
        self.say(Kind.CONNECT, name, auth)

    def emit(self, name: str, *data: Any, id: int | None = None) -> None:
        """
        Send an event in a namespace.
        """
        self.say(Kind.EVENT, name, list(data), id)

    def client(self, name: str = ROOT) -> Client:
        """
        This visitor on the server's side.
        """
        [found] = [
            client
            for client in self._hall.registry[name].clients.values()
            if client.session is self.session
        ]
        return found

    def lose(self, reason: DisconnectReason = DisconnectReason.TRANSPORT_CLOSE) -> None:
        """
        The connection goes, for good.
        """
        self.session.fail(reason)

    def heard(self) -> list[str]:
        """
        What has come since the last call.
        """
        texts = self.stream.texts()
        self.stream.written.clear()
        return [text for text in texts if not text.startswith("OPEN")]

    def clog(self) -> None:
        """
        Take no more.
        """
        self.stream.writable = False
