"""
Attacks that need sockets: what a peer does to the connection itself. See
C{test_attacks.py} for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from twisted.internet import reactor, tcp
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio
from txsocketio.test.support import CLOSE, HANDSHAKE, TEXT, frame

MEGABYTES = "0123456789abcdef" * 65536 * 16
"""More than the kernel takes for two sockets, in one message."""


def opening(url: str) -> bytes:
    """
    The request for a WebSocket.
    """
    lines = [f"{name}: {value}\r\n" for name, value in HANDSHAKE.items()]
    return f"GET {url} HTTP/1.1\r\nHost: x\r\n{''.join(lines)}\r\n".encode()


class Peer(Protocol):
    """
    A client's end of a connection.

    @ivar data: what has come.
    @ivar lost: fires with the class of exception with which the connection
        has ended.
    """

    transport: Any

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost: Deferred[type[BaseException]] = Deferred()
        self._awaited: list[tuple[bytes, Deferred[None]]] = []

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        for marker, done in tuple(self._awaited):
            if marker in self.data[-len(data) - len(marker) :] and not done.called:
                done.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert reason.value is not None
        self.lost.callback(type(reason.value))

    def until(self, marker: bytes) -> Deferred[None]:
        """
        Wait for these bytes.
        """
        if marker in self.data:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._awaited.append((marker, done))
        return done


class SocketCase(TestCase):
    """
    A server on a port, that sends every message back.
    """

    timeout = 30

    #: The streams there are, and how they begin, and a WebSocket.
    streams: ClassVar[Sequence[str]] = ("server-events", "htmlfile", "xhr-multipart")
    streamGreeting: ClassVar[bytes] = b"3:20:"
    greeting: ClassVar[bytes] = b"\x81\x1a3:20:"

    def text(self, words: str) -> bytes:
        """
        A packet that says this.
        """
        data = f":{words}"
        units = len(data.encode("utf-16-le")) // 2
        return f"1:{units}:{data},".encode()

    async def urlOf(self, transport: str) -> str:
        """
        Where a transport opens, with a session of its own.
        """
        return f"/socket.io/{transport}"

    def serve(self, **options: Any) -> None:
        site = Site(Resource(), reactor=reactor)
        site.noisy = False
        self.io = txsocketio.listen(site, **{"flashPolicyServer": False, **options})
        self.io.on("clientMessage", lambda message, client: client.send(message))
        self.gone: Deferred[str] = Deferred()
        factory: Any = site
        port: Any = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.port = port.getHost().port
        self.peers: list[Peer] = []
        self.addCleanup(port.stopListening)
        self.addCleanup(self.io.close)
        self.addCleanup(self.leave)

    def leave(self) -> None:
        """
        Cut all connections that there still are.
        """
        for peer in self.peers:
            if peer.transport.connected:
                peer.transport.abortConnection()

    async def connect(self) -> Peer:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        peer: Peer = await connectProtocol(endpoint, Peer())
        self.peers.append(peer)
        return peer

    async def open(self) -> tuple[Peer, txsocketio.Client]:
        """
        Open a WebSocket; C{gone} fires with the reason when it has gone.
        """
        request = opening(await self.urlOf("websocket"))
        return await self._open(request, self.greeting)

    async def openStream(self, name: str) -> tuple[Peer, txsocketio.Client]:
        """
        The same with a stream.
        """
        request = f"GET {await self.urlOf(name)} HTTP/1.1\r\nHost: x\r\n\r\n"
        return await self._open(request.encode(), self.streamGreeting)

    async def _open(self, request: bytes, greeting: bytes) -> tuple[Peer, txsocketio.Client]:
        others = set(self.io.clients)
        peer = await self.connect()
        peer.transport.write(request)
        await peer.until(greeting)
        (sid,) = set(self.io.clients) - others
        self.gone = Deferred()
        self.io.clients[sid].on("disconnect", self.gone.callback)
        return peer, self.io.clients[sid]

    def serverLoses(self) -> Deferred[None]:
        """
        Fires when a connection is over on the server's side.
        """
        over: Deferred[None] = Deferred()
        original: Callable[..., None] = tcp.Server.connectionLost

        def connectionLost(connection: tcp.Server, reason: Failure) -> None:
            original(connection, reason)
            if not over.called:
                over.callback(None)

        self.patch(tcp.Server, "connectionLost", connectionLost)
        return over

    async def assertHonestClientIsWell(self) -> None:
        """
        Who comes now is served; and nobody else is left.
        """
        peer, client = await self.open()
        self.assertEqual(list(self.io.clients), [client.sessionId])
        peer.transport.write(frame(TEXT, self.text("honest")))
        await peer.until(self.text("honest"))
        peer.transport.write(frame(CLOSE, b"\x03\xe8"))
        self.assertIs(await peer.lost, ConnectionDone)
        self.assertEqual(await self.gone, "transport close")
        self.assertEqual(self.flushLoggedErrors(), [])


class ConnectionAttacks(SocketCase):
    """
    What happens to the connection.
    """

    async def test_resetBehindTheOpening(self) -> None:
        """
        The session ends as with any lost connection.
        """
        self.serve()
        peer, _ = await self.open()
        peer.transport.abortConnection()
        self.assertIs(await peer.lost, ConnectionAborted)
        self.assertEqual(await self.gone, "transport close")
        await self.assertHonestClientIsWell()

    async def test_resetWithTheOpening(self) -> None:
        """
        The same, if it has come so far at all.
        """
        self.serve()
        url = await self.urlOf("websocket")
        over = self.serverLoses()
        peer = await self.connect()
        peer.transport.socket.send(opening(url))
        peer.transport.abortConnection()
        await peer.lost
        await over
        await deferLater(reactor, 0)
        await self.assertHonestClientIsWell()

    async def test_oneBytePerSegment(self) -> None:
        """
        The same as in one piece.
        """
        self.serve()
        request, said = opening(await self.urlOf("websocket")), self.text("😀")
        peer = await self.connect()
        peer.transport.setTcpNoDelay(True)
        for byte in request + frame(TEXT, said) + frame(CLOSE, b"\x03\xe8"):
            peer.transport.socket.send(bytes([byte]))
        self.assertIs(await peer.lost, ConnectionDone)
        self.assertTrue(peer.data.endswith(said + b"\x88\x02\x03\xe8"))
        await self.assertHonestClientIsWell()

    async def test_closeFrameOfOneByte(self) -> None:
        """
        The reason arrives; the connection is not cut before.
        """
        self.serve()
        peer, _ = await self.open()
        peer.transport.write(frame(CLOSE, b"x"))
        self.assertIs(await peer.lost, ConnectionDone)
        self.assertTrue(
            peer.data.endswith(b"\x03\xeareceived close control frame with payload len 1")
        )
        self.assertEqual(await self.gone, "transport error")
        await self.assertHonestClientIsWell()


class ReadingAttacks(SocketCase):
    """
    Peers that do not read.
    """

    async def test_neverReads(self) -> None:
        """
        200 MB for who reads nothing: when the kernel's buffers and C{maxQueueBytes}
        are full, the connection is cut and the rest goes nowhere.
        """
        self.serve()
        over = self.serverLoses()
        peer, client = await self.open()
        peer.transport.pauseProducing()
        sent = 0
        while sent < 200_000_000 and not self.gone.called:
            client.send("x" * 50_000)
            sent += 50_000
            await deferLater(reactor, 0)
        # What the kernel takes for two sockets, and maxQueueBytes.
        self.assertLess(sent, 30_000_000)
        self.assertEqual(await self.gone, "slow consumer")
        self.assertFalse(client.connected)
        await over
        await self.assertHonestClientIsWell()

    async def test_streamNeverRead(self) -> None:
        """
        So with each kind of stream. Who reads beside it gets everything.
        """
        for name in self.streams:
            self.serve()
            over = self.serverLoses()
            other, _ = await self.openStream(name)
            peer, client = await self.openStream(name)
            peer.transport.pauseProducing()
            sent = 0
            while sent < 200_000_000 and not self.gone.called:
                client.send("x" * 50_000)
                sent += 50_000
                await deferLater(reactor, 0)
            self.assertLess(sent, 30_000_000)
            self.assertEqual(await self.gone, "slow consumer")
            await over
            self.io.broadcast("for the other")
            await other.until(self.text("for the other"))
            other.transport.abortConnection()
            await other.lost

    async def test_streamReadLate(self) -> None:
        """
        What waited arrives, all of it and in order.
        """
        for name in self.streams:
            self.serve()
            peer, client = await self.openStream(name)
            peer.transport.pauseProducing()
            client.send(MEGABYTES)
            client.send("the end")
            self.assertFalse(client.session.writable)
            peer.transport.resumeProducing()
            await peer.until(self.text("the end"))
            self.assertEqual(peer.data.count(b"0123456789abcdef"), len(MEGABYTES) // 16)
            peer.transport.abortConnection()
            self.assertEqual(await self.gone, "transport close")

    async def test_streamStuckAtItsEnd(self) -> None:
        """
        A client that is sent away and does not read what was sent before is
        cut off after C{farewellTimeout}.
        """
        for name in self.streams:
            self.serve(farewellTimeout=0.05)
            over = self.serverLoses()
            peer, client = await self.openStream(name)
            peer.transport.pauseProducing()
            client.send(MEGABYTES)
            client.disconnect()
            await over
            peer.transport.resumeProducing()
            self.assertIs(await peer.lost, ConnectionLost)

    async def test_readsLate(self) -> None:
        """
        What waited arrives, all of it and in order.
        """
        self.serve()
        peer, client = await self.open()
        peer.transport.pauseProducing()
        client.send(MEGABYTES)
        client.send("the end")
        peer.transport.resumeProducing()
        await peer.until(self.text("the end"))
        end = self.text("the end")
        self.assertTrue(peer.data.endswith(bytes([0x81, len(end)]) + end))
        self.assertIn(self.text(MEGABYTES), peer.data)
        peer.transport.write(frame(CLOSE, b"\x03\xe8"))
        await self.gone
        await self.assertHonestClientIsWell()

    async def test_muchAtOnce(self) -> None:
        """
        Who reads is not slow because the application sends more in one turn
        than may wait: the socket is given what it takes.
        """
        self.serve()
        for opened in (self.open(), self.openStream("htmlfile")):
            peer, client = await opened
            for _ in range(20):
                client.send("x" * 100_000)
            client.send("the end")
            self.assertTrue(client.connected)
            await peer.until(self.text("the end"))
            peer.transport.abortConnection()
            await self.gone

    async def test_closesWithoutReading(self) -> None:
        """
        The goodbye is answered behind all that waits; who does not take that
        is cut off after C{closeHandshakeTimeout}.
        """
        self.serve(closeHandshakeTimeout=0.05)
        over = self.serverLoses()
        peer, client = await self.open()
        peer.transport.pauseProducing()
        client.send(MEGABYTES)
        peer.transport.write(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(await self.gone, "transport close")
        await over
        peer.transport.resumeProducing()
        self.assertIs(await peer.lost, ConnectionLost)
        await self.assertHonestClientIsWell()
