"""
Attacks by way of Engine.IO that need sockets: what a peer does to the
connection itself. See C{test_engine_attacks.py} for all others.
"""

from __future__ import annotations

import json
from typing import ClassVar

from twisted.internet import reactor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import deferLater

from txsocketio import Client
from txsocketio.test.support import CLOSE, TEXT, frame
from txsocketio.test.test_attacks_sockets import MEGABYTES, Peer, SocketCase, opening
from txsocketio.test.test_engine_attacks import FOUR, THREE, Tongue

HELLO = '42["message","hello"]'


class EngineSocketCase(SocketCase):
    """
    A server on a port, and clients of one revision.
    """

    tongue: ClassVar[Tongue] = FOUR

    def setUp(self) -> None:
        self.serve()

    def serve(self, **options: object) -> None:
        """
        See L{SocketCase.serve}. Nobody waits for those that poll no more.
        """
        protocols = ("annotated", "eio4", "eio3")
        super().serve(**{"protocol": protocols, "farewellTimeout": 0.05, **options})

    def url(self, transport: str, sid: str = "") -> str:
        """
        Where a session is to be had.
        """
        return f"/socket.io/?EIO={self.tongue.version}&transport={transport}&sid={sid}"

    async def ask(self, method: str, sid: str = "", *packets: str) -> str:
        """
        Send one request on a connection of its own.

        @return: the body of its answer.
        """
        peer = await self.connect()
        body = self.tongue.join(packets).encode() if packets else b""
        peer.transport.write(
            f"{method} {self.url('polling', sid)} HTTP/1.0\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await peer.lost
        head, _, answer = bytes(peer.data).partition(b"\r\n\r\n")
        self.assertIn(b" 200 OK", head)
        return answer.decode()

    async def poll(self, sid: str) -> list[str]:
        """
        Poll once.
        """
        return self.tongue.split(await self.ask("GET", sid))

    async def openPolling(self) -> tuple[str, Client]:
        """
        Open a session by polling; C{gone} fires with the reason when it has
        gone.
        """
        others = set(self.io.clients)
        sid = json.loads((await self.poll(""))[0][1:])["sid"]
        for packet in self.tongue.greeting:
            await self.ask("POST", sid, packet)
        await self.poll(sid)
        return sid, self.newcomer(others)

    async def openSocket(self) -> tuple[Peer, Client]:
        """
        The same by WebSocket.
        """
        others = set(self.io.clients)
        peer = await self.connect()
        peer.transport.write(opening(self.url("websocket")))
        for packet in self.tongue.greeting:
            peer.transport.write(frame(TEXT, packet.encode()))
        await peer.until(b"40")
        return peer, self.newcomer(others)

    def newcomer(self, others: set[str]) -> Client:
        """
        The only client that is new.
        """
        (sid,) = set(self.io.clients) - others
        client = self.io.clients[sid]
        client.on("disconnect", self.left)
        return client

    def left(self, reason: str) -> None:
        """
        A client has gone; the first one is told.
        """
        if not self.gone.called:
            self.gone.callback(reason)

    async def assertHonestClientsAreWell(self, sid: str = "") -> None:
        """
        Who comes now is served, and so is the session that still polls.
        """
        peer, _ = await self.openSocket()
        peer.transport.write(frame(TEXT, HELLO.encode()))
        await peer.until(HELLO.encode())
        if sid:
            await self.ask("POST", sid, HELLO)
            packets = await self.poll(sid)
            while packets == ["6"]:
                packets = await self.poll(sid)
            self.assertEqual(packets, [HELLO])
        self.assertEqual(self.flushLoggedErrors(), [])


class UpgradeAttacks(EngineSocketCase):
    """
    The way from polling to a WebSocket.
    """

    async def test_resetWithTheOpening(self) -> None:
        """
        The session goes on as if nothing had happened.
        """
        sid, _ = await self.openPolling()
        for _ in range(10):
            over = self.serverLoses()
            peer = await self.connect()
            peer.transport.socket.send(opening(self.url("websocket", sid)))
            peer.transport.abortConnection()
            await peer.lost
            await over
        await self.assertHonestClientsAreWell(sid)

    async def test_resetBehindTheProbe(self) -> None:
        """
        The same.
        """
        sid, _ = await self.openPolling()
        for _ in range(10):
            over = self.serverLoses()
            peer = await self.connect()
            peer.transport.write(opening(self.url("websocket", sid)) + frame(TEXT, b"2probe"))
            await peer.until(b"3probe")
            peer.transport.abortConnection()
            await over
        await self.assertHonestClientsAreWell(sid)

    async def test_segmentsBehindTheHeaders(self) -> None:
        """
        Probe, upgrade and messages that follow the opening without waiting,
        in one segment or many.
        """
        for isOne in (True, False):
            sid, _ = await self.openPolling()
            peer = await self.connect()
            peer.transport.setTcpNoDelay(True)
            pieces = [frame(TEXT, text.encode()) for text in ("2probe", "5", HELLO)]
            pieces.insert(0, opening(self.url("websocket", sid)))
            for piece in [b"".join(pieces)] if isOne else pieces:
                peer.transport.socket.send(piece)
            await peer.until(b"3probe")
            await peer.until(HELLO.encode())

    async def test_oneBytePerSegment(self) -> None:
        """
        The same as in one piece.
        """
        sid, _ = await self.openPolling()
        peer = await self.connect()
        peer.transport.setTcpNoDelay(True)
        messages = b"".join(frame(TEXT, text.encode()) for text in ("2probe", "5", HELLO))
        for byte in opening(self.url("websocket", sid)) + messages + frame(CLOSE, b"\x03\xe8"):
            peer.transport.socket.send(bytes([byte]))
        self.assertIs(await peer.lost, ConnectionDone)
        self.assertTrue(peer.data.endswith(HELLO.encode() + b"\x88\x02\x03\xe8"))
        self.assertEqual(await self.gone, "transport close")
        await self.assertHonestClientsAreWell()


class RequestAttacks(EngineSocketCase):
    """
    Polling.
    """

    async def test_bodyInManySegments(self) -> None:
        """
        A POST one byte per segment is heard as a whole.
        """
        sid, _ = await self.openPolling()
        peer = await self.connect()
        peer.transport.setTcpNoDelay(True)
        body = self.tongue.join(['42["message","😀"]']).encode()
        head = f"POST {self.url('polling', sid)} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n"
        for byte in head.encode() + body:
            peer.transport.socket.send(bytes([byte]))
        await peer.lost
        self.assertTrue(peer.data.endswith(b"\r\n\r\nok"))
        (packet,) = await self.poll(sid)
        self.assertEqual(json.loads(packet[2:]), ["message", "😀"])

    async def test_pollReset(self) -> None:
        """
        The end of the session, as in Node; nobody else notices.
        """
        sid, _ = await self.openPolling()
        peer = await self.connect()
        peer.transport.write(f"GET {self.url('polling', sid)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        # When that has been answered, the poll has come too.
        await self.ask("POST", sid, "6")
        peer.transport.abortConnection()
        self.assertEqual(await self.gone, "transport close")
        await self.assertHonestClientsAreWell()

    async def test_pollsNeverRead(self) -> None:
        """
        A thousand polls on one connection whose answers are not read: what
        waits for that client is bounded nevertheless.
        """
        sid, client = await self.openPolling()
        over = self.serverLoses()
        peer = await self.connect()
        peer.transport.pauseProducing()
        request = f"GET {self.url('polling', sid)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        peer.transport.write(request * 1000)
        sent = 0
        while sent < 200_000_000 and not self.gone.called:
            client.send("x" * 200_000)
            sent += 200_000
            await deferLater(reactor, 0)
        self.assertLess(sent, 30_000_000)
        self.assertEqual(await self.gone, "slow consumer")
        peer.transport.abortConnection()
        await over
        await self.assertHonestClientsAreWell()


class ReadingAttacks(EngineSocketCase):
    """
    Peers that do not read.
    """

    async def test_neverReads(self) -> None:
        """
        200 MB for who reads nothing: the connection is cut. Who reads beside
        it gets everything.
        """
        over = self.serverLoses()
        other, _ = await self.openSocket()
        peer, client = await self.openSocket()
        peer.transport.pauseProducing()
        sent = 0
        while sent < 200_000_000 and client.connected:
            client.emit("x", b"x" * 50_000)
            sent += 50_000
            await deferLater(reactor, 0)
        self.assertLess(sent, 30_000_000)
        self.assertEqual(await self.gone, "slow consumer")
        await over
        self.io.broadcast("for the other")
        await other.until(b"for the other")

    async def test_candidateNeverReads(self) -> None:
        """
        Who probes without end and reads nothing is not answered without end.
        """
        self.serve(upgradeTimeout=0.5, closeHandshakeTimeout=0.05)
        sid, _ = await self.openPolling()
        over = self.serverLoses()
        peer = await self.connect()
        peer.transport.pauseProducing()
        peer.transport.write(opening(self.url("websocket", sid)))
        peer.transport.write(frame(TEXT, b"2probe") * 20_000)
        await over
        peer.transport.resumeProducing()
        await peer.lost
        await self.assertHonestClientsAreWell(sid)

    async def test_readsLate(self) -> None:
        """
        What waited arrives, all of it and in order.
        """
        peer, client = await self.openSocket()
        peer.transport.pauseProducing()
        client.send(MEGABYTES)
        client.send("the end")
        self.assertFalse(client.session.writable)
        peer.transport.resumeProducing()
        await peer.until(b'42["message","the end"]')
        self.assertEqual(peer.data.count(b"0123456789abcdef"), len(MEGABYTES) // 16)

    async def test_stuckAtItsEnd(self) -> None:
        """
        A client that is sent away and does not read what was sent before is
        cut off after C{farewellTimeout}.
        """
        self.serve(closeHandshakeTimeout=0.05)
        over = self.serverLoses()
        peer, client = await self.openSocket()
        peer.transport.pauseProducing()
        client.send(MEGABYTES)
        client.disconnect(close=True)
        self.assertEqual(await self.gone, "server namespace disconnect")
        await over
        peer.transport.resumeProducing()
        self.assertIs(await peer.lost, ConnectionLost)
        await self.assertHonestClientsAreWell()


class UpgradeAttacks3(UpgradeAttacks):
    """
    The same for the third revision.
    """

    tongue = THREE


class RequestAttacks3(RequestAttacks):
    """
    The same for the third revision.
    """

    tongue = THREE


class ReadingAttacks3(ReadingAttacks):
    """
    The same for the third revision.
    """

    tongue = THREE
