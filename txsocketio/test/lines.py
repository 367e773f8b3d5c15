"""
Lines between a client and a server, in memory: what is written at one end
arrives at the other when the test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.server import Site
from zope.interface import implementer


class End(StringTransport):
    """
    One end of a line.

    @ivar protocol: who speaks and hears there.
    @ivar sent: what was written, and has not arrived.
    @ivar all: all that was ever written.
    """

    protocol: Any

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line
        self.sent: list[bytes] = []
        self.all: list[bytes] = []

    def write(self, data: bytes) -> None:
        """
        Have it arrive some time.
        """
        if self.line.isUp and not self.line.isCut:
            self.sent.append(bytes(data))
            self.all.append(bytes(data))

    def writeSequence(self, data: Any) -> None:
        """
        The same with several.
        """
        for piece in data:
            self.write(piece)

    def abortConnection(self) -> None:
        """
        Cut the line, which is noticed a little later, as with sockets.
        """
        self.line.isCut = True
        self.sent.clear()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Remember it.
        """
        self.producer = producer

    def setTcpNoDelay(self, enabled: bool) -> None:
        """
        There are no packets here.
        """

    def unregisterProducer(self) -> None:
        """
        No error where there is none, as with sockets.
        """
        self.producer = None


class Line:
    """
    A connection.

    @ivar isUp: whether it is still there.
    @ivar isCut: whether one end has cut it just now.
    @ivar isSlow: whether nothing arrives at the client's end just now.
    """

    def __init__(self, client: IProtocol, server: IProtocol) -> None:
        self.isUp = True
        self.isCut = False
        self.isSlow = False
        self.near, self.far = End(self), End(self)
        self.near.protocol, self.far.protocol = client, server
        server.makeConnection(self.far)
        client.makeConnection(self.near)

    def pump(self) -> bool:
        """
        Let what was written arrive.

        @return: whether there was anything.
        """
        if self.isCut and self.isUp:
            self.cut()
            return True
        moved = False
        for here, there in ((self.near, self.far), (self.far, self.near)):
            if not self.isUp or self.isCut or (there is self.near and self.isSlow):
                continue
            data, here.sent = b"".join(here.sent), []
            if data:
                moved = True
                there.protocol.dataReceived(data)
            if here.disconnecting and not here.sent:
                moved = True
                self._drop(ConnectionDone())
        return moved

    def cut(self) -> None:
        """
        It breaks.
        """
        self._drop(ConnectionLost())

    def _drop(self, error: Exception) -> None:
        if self.isUp:
            self.isUp = False
            for end in (self.near, self.far):
                end.connected = False
                end.protocol.connectionLost(Failure(error))


@implementer(IStreamClientEndpoint)
class Lines:
    """
    An endpoint whose connections are lines.

    @ivar lines: all that were made.
    @ivar isReachable: whether there is anybody to connect to.
    """

    def __init__(self, server: Callable[[], IProtocol]) -> None:
        """
        @param server: makes what is at the other end.
        """
        self._server = server
        self.lines: list[Line] = []
        self.isReachable = True

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        if not self.isReachable:
            return fail(ConnectionRefusedError())
        client: Any = protocolFactory.buildProtocol(None)  # type: ignore[arg-type]
        self.lines.append(Line(client, self._server()))
        return succeed(client)

    @property
    def up(self) -> list[Line]:
        """
        Those that are still there.
        """
        return [line for line in self.lines if line.isUp and not line.isCut]

    def pump(self) -> None:
        """
        Let everything arrive, until nobody says anything any more.
        """
        for _ in range(10_000):
            moved = [line.pump() for line in self.lines]
            if not any(moved):
                return
        raise AssertionError("they do not stop talking")

    def cut(self) -> None:
        """
        All lines break.
        """
        for line in self.up:
            line.cut()


def toSite(site: Site) -> Lines:
    """
    Lines to an HTTP server.
    """
    return Lines(lambda: site.buildProtocol(None))


class Scripted(Protocol):
    """
    A server that says what the test wants.

    @ivar heard: what has come.
    @ivar reason: why the connection has gone.
    """

    def __init__(self) -> None:
        self.heard = b""
        self.reason: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        self.reason = reason
