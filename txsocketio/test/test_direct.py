"""
Tests for L{txsocketio.transports._direct}, and of what WebSockets do on real sockets.
"""

from __future__ import annotations

import socket
import ssl
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from twisted.internet.ssl import KeyPair
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from txsocketio import Client, DisconnectReason
from txsocketio.test.sockets import FarEnd, SocketServer, needsEpoll, said
from txsocketio.test.support import (
    CLOSE,
    HANDSHAKE,
    PING,
    PONG,
    TEXT,
    WebSocketFrame,
    frame,
    framesIn,
)
from txsocketio.transports import _direct

GOODBYE = WebSocketFrame(CLOSE, b"\x03\xe8")


class SocketCase(SynchronousTestCase):
    """
    A server on real sockets.
    """

    def serve(self, listen: Any = None, isSmall: bool = False, **options: Any) -> None:
        """
        Start it.
        """
        self.server = SocketServer(self, listen, isSmall, **options)
        self.said: list[str] = []
        self.reasons: list[str] = []
        self.server.io.on("connection", self.connected)

    def connected(self, client: Client) -> None:
        """
        Somebody has come.
        """
        client.on("message", self.said.append)
        client.on("disconnect", self.reasons.append)

    def open(self) -> tuple[FarEnd, Client]:
        """
        Somebody comes.
        """
        far = self.server.open()
        return far, self.server.io.clients[far.sid]

    def writers(self) -> list[Any]:
        """
        Who waits to be able to write.
        """
        return list(self.server.reactor.getWriters())

    def fill(self, client: Client) -> int:
        """
        Send until the socket takes no more.

        @return: how many messages that were: the numbers from 0 on.
        """
        count = 0
        while not self.writers():
            client.send(str(count))
            count += 1
        return count


def textOf(found: WebSocketFrame) -> str:
    return found.payload.decode().split("::")[1][:-1]


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


@needsEpoll
class DirectTests(SocketCase):
    """
    Plain TCP.
    """

    def setUp(self) -> None:
        self.serve()

    def test_atOnce(self) -> None:
        """
        What is sent is on its way at once, and the reactor isn't asked.
        """
        far, client = self.open()
        client.send("a")
        self.assertEqual(self.writers(), [])
        self.assertIn(b"::a,", far.take())

    def test_whole(self) -> None:
        """
        There and back.
        """
        far, client = self.open()
        client.on("message", client.send)
        far.say("a", "b")
        self.assertEqual(far.heard(2), ["a", "b"])
        far.send(frame(PING, b"p"))
        self.assertEqual(far.frames(1), [(PONG, b"p")])
        far.send(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(far.ended(), [GOODBYE])
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])

    def test_negotiated(self) -> None:
        """
        An opening that Autobahn answers leads to the same.
        """
        far = self.server.open(headers={"Sec-WebSocket-Protocol": "chat"})
        client = self.server.io.clients[far.sid]
        client.on("message", client.send)
        client.send("a")
        self.assertEqual((self.writers(), textOf(far.frames(1)[0])), ([], "a"))
        far.say("b", "c")
        self.assertEqual(far.heard(2), ["b", "c"])

    def test_refused(self) -> None:
        """
        Or to its answer, and the end.
        """
        far = self.server.connect()
        far.ask("/websocket", {**HANDSHAKE, "Sec-WebSocket-Version": "7"})
        self.server.until(lambda: far.peek() and far.isAtEnd)
        self.assertTrue(far.take().startswith(b"HTTP/1.1 400 "))
        self.assertEqual(self.server.io.clients, {})

    def test_sentAwayAtOnce(self) -> None:
        """
        Whoever is sent away as soon as it comes gets an answer, and a closing.
        """
        self.server.io.on("connection", lambda client: client.disconnect(close=True))
        far = self.server.connect()
        far.ask("/websocket", HANDSHAKE)
        self.server.until(lambda: b"\x88" in far.peek())
        head, _, rest = far.take().partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "))
        self.assertEqual([each.opcode for each in framesIn(rest)[0]][-1], CLOSE)
        far.send(said("too late") + frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(far.ended(), [])
        self.assertEqual((self.said, self.reasons), ([], [DisconnectReason.SERVER]))

    def test_together(self) -> None:
        """
        The answers to one segment leave in one go, each recipient's.
        """
        far, client = self.open()
        self.open()
        client.on("message", self.server.io.send)
        sent: list[bytes] = []
        with patch.object(type(self.server.transportOf(far)), "_put", autospec=True) as put:
            put.side_effect = lambda transport, data: sent.append(data)
            far.say("a", "b", "c")
            self.server.until(lambda: sent)
        self.assertEqual([each.count(b"::") for each in sent], [3, 3])

    def test_order(self) -> None:
        """
        Whoever takes part of it in between, all comes whole and in its order.
        """
        self.serve(isSmall=True)
        far, client = self.open()
        count = self.fill(client)
        for number in range(count, count + 100):
            far.send(frame(PING, b"p"))
            client.send(str(number))
            self.server.turns(1)
        found: list[WebSocketFrame] = []
        while sum(each.opcode == TEXT for each in found) < count + 100:
            found += far.frames(1)
        texts = [textOf(each) for each in found if each.opcode == TEXT]
        self.assertEqual(texts, numbers(count + 100))
        self.assertLessEqual({each.opcode for each in found}, {TEXT, PONG})
        far.send(frame(PING, b"q"))
        self.assertEqual(far.frames(1), [(PONG, b"q")])

    def test_inParts(self) -> None:
        """
        What the socket takes a part of comes whole, too.
        """
        self.serve(isSmall=True)
        far, client = self.open()
        texts = [letter * 50_000 for letter in "abc"]
        for text in texts:
            client.send(text)
        self.assertEqual(far.heard(3), texts)

    def test_resumed(self) -> None:
        """
        When the socket takes more, the way is as short again.
        """
        self.serve(isSmall=True)
        far, client = self.open()
        transport = self.server.transportOf(far)
        count = self.fill(client)
        self.assertFalse(transport.writable)
        self.assertIs(transport.transport.producer, transport)
        self.assertEqual(far.heard(count), numbers(count))
        self.assertTrue(transport.writable)
        self.assertIs(transport.transport.producer, None)
        client.send("more")
        self.assertEqual(self.writers(), [])
        self.assertIn(b"::more,", far.take())

    def test_slowConsumer(self) -> None:
        """
        Who reads nothing leaves; what waits for it is no more than may.
        """
        self.serve(isSmall=True, maxQueueBytes=20_000)
        far, client = self.open()
        transport = self.server.transportOf(far).transport
        self.fill(client)
        waits = len(transport.dataBuffer) + transport._tempDataLen
        for _ in range(3):
            self.server.turns()
            client.send("x" * 6_000)
        self.assertEqual(len(transport.dataBuffer) + transport._tempDataLen, waits)
        self.assertLess(waits, 100)
        self.assertEqual(self.reasons, [])
        client.send("x" * 6_000)
        self.assertEqual(self.reasons, [DisconnectReason.SLOW_CONSUMER])
        self.server.turns()
        self.assertFalse(transport.connected)

    def test_closeBehind(self) -> None:
        """
        A closing waits behind what is half sent: ours, and one by Autobahn.
        """
        for fault, code in ((b"", b"\x03\xe8"), (frame(3, b"x"), b"\x03\xea")):
            self.serve(isSmall=True)
            far, client = self.open()
            count = self.fill(client)
            far.send(fault or frame(CLOSE, b"\x03\xe8"))
            self.server.turns()
            if fault:
                far.send(frame(CLOSE, b"\x03\xe8"))
            *texts, last = far.ended()
            self.assertEqual(len(texts), count)
            self.assertEqual((last.opcode, last.payload[:2]), (CLOSE, code))
            self.assertEqual(len(self.reasons), 1)

    def test_sayingGoodbye(self) -> None:
        """
        Who is sent away gets what has been sent before, in one segment.
        """
        far, client = self.open()
        client.on("message", client.send)
        far.send(said("a") + frame(CLOSE, b"\x03\xe8") + said("too late"))
        first, last = far.ended()
        self.assertEqual((first.payload[-3:], last), (b":a,", GOODBYE))
        self.assertEqual(self.said, ["a"])

    def test_disconnectedInTheMiddle(self) -> None:
        """
        What comes behind the message on which a handler ends the session is
        not heard; the closing goes on.
        """
        far, client = self.open()
        client.on("message", lambda text: client.disconnect(close=True))
        far.say("a", "b", "c")
        frames = far.frames(1)
        self.assertEqual(self.said, ["a"])
        self.assertEqual(frames[-1].opcode, CLOSE)
        far.send(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(far.ended(), [])

    def test_otherDisconnectedInTheMiddle(self) -> None:
        """
        The same with another's: what it got before it goes out first.
        """
        far, client = self.open()
        other, otherClient = self.open()

        def heard(text: str) -> None:
            otherClient.send(text)
            if text == "b":
                otherClient.disconnect(close=True)

        client.on("message", heard)
        far.say("a", "b", "c")
        self.server.turns()
        *texts, last = other.frames(3)
        self.assertEqual([each.payload[-3:] for each in texts[:2]], [b":a,", b":b,"])
        self.assertEqual(last.opcode, CLOSE)

    def test_deadInAFanOut(self) -> None:
        """
        One that has gone takes nothing, and leaves later; all others get it.
        """
        ends = [self.open()[0] for _ in range(3)]
        ends[1].reset()
        for text in ("a", "b"):
            self.server.io.send(text)
        self.assertEqual(self.reasons, [])
        self.assertEqual([ends[0].heard(2), ends[2].heard(2)], [["a", "b"]] * 2)
        self.server.until(lambda: self.reasons)
        self.server.turns()
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        self.assertEqual(len(self.server.io.clients), 2)

    def test_deadWhileItWaits(self) -> None:
        """
        One that goes while something waits for it leaves, once.
        """
        self.serve(isSmall=True)
        far, client = self.open()
        self.fill(client)
        far.reset()
        self.server.until(lambda: self.reasons)
        self.server.turns()
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        client.send("nobody hears it")

    def test_halfClosed(self) -> None:
        """
        Who says nothing more has gone.
        """
        far, _ = self.open()
        far.say("a")
        far.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(far.ended(), [])
        self.assertEqual((self.said, self.reasons), (["a"], [DisconnectReason.TRANSPORT_CLOSE]))

    def behindAnAnswer(self) -> FarEnd:
        """
        Open a WebSocket behind an answer of which part still waits.
        """
        self.serve(isSmall=True, maxQueueBytes=20_000)
        page = Resource()
        page.render_GET = lambda request: b"x" * 50_000  # type: ignore[attr-defined]
        self.server.root.putChild(b"page", page)
        far = self.server.connect()
        far.send(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
        far.ask("/websocket", HANDSHAKE)
        self.server.until(lambda: self.server.io.clients)
        (far.sid,) = self.server.io.clients
        self.assertEqual(len(self.writers()), 1)
        return far

    def test_behindAnAnswer(self) -> None:
        """
        The WebSocket's bytes wait behind it, and the way is short then.
        """
        far = self.behindAnAnswer()
        client = self.server.io.clients[far.sid]
        for text in numbers(3):
            client.send(text)
        self.server.until(lambda: far.peek().endswith(b"::2,"))
        _, page, rest = far.take().split(b"HTTP/1.1 ")
        self.assertTrue(page.startswith(b"200 ") and page.endswith(b"x" * 50_000))
        head, _, frames = rest.partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"101 "))
        self.assertEqual([textOf(each) for each in framesIn(frames)[0][1:]], numbers(3))
        client.send("more")
        self.assertEqual(self.writers(), [])
        self.assertEqual(far.heard(1), ["more"])

    def test_slowBehindAnAnswer(self) -> None:
        """
        Who does not read even that is slow, as everybody else.
        """
        far = self.behindAnAnswer()
        client = self.server.io.clients[far.sid]
        for _ in range(4):
            self.assertEqual(self.reasons, [])
            client.send("x" * 6_000)
        self.assertEqual(self.reasons, [DisconnectReason.SLOW_CONSUMER])

    def test_upgradeInOneSegment(self) -> None:
        """
        What comes behind an upgrade, in the same segment, is the session's.
        """
        far = self.server.connect()
        far.ask("/?EIO=4&transport=polling", {})
        self.server.until(lambda: b"}" in far.peek())
        sid = far.take().partition(b'"sid":"')[2].partition(b'"')[0].decode()
        far = self.server.connect()
        far.ask(f"/?EIO=4&transport=websocket&sid={sid}", HANDSHAKE)
        self.server.until(lambda: far.peek().endswith(b"\r\n\r\n"))
        far.take()
        texts = ("2probe", "5", "40", '42["message","a"]')
        far.send(b"".join(frame(TEXT, text.encode()) for text in texts))
        found = far.frames(2)
        self.assertEqual(found[0].payload, b"3probe")
        self.assertEqual(self.said, ["a"])


@needsEpoll
class WithoutAnEarTests(DirectTests):
    """
    The same where it is the reactor that reads.
    """

    def setUp(self) -> None:
        self.patch(_direct, "earFor", lambda reactor, traffic: None)
        super().setUp()


class Counted(ProtocolWrapper):
    """
    Writes down what passes through it.
    """

    def __init__(self, factory: Any, wrapped: Any) -> None:
        super().__init__(factory, wrapped)
        self.came, self.went = b"", b""
        factory.all.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.came += data
        super().dataReceived(data)

    def write(self, data: bytes) -> None:
        self.went += data
        super().write(data)


class Counting(WrappingFactory):
    """
    Keeps all its protocols.
    """

    protocol = Counted

    def __init__(self, wrapped: Any) -> None:
        super().__init__(wrapped)
        self.all: list[Counted] = []


@needsEpoll
class OtherWayTests(SocketCase):
    """
    Connections that are no TCP, or on which somebody stands in between.
    """

    def assertEchoes(self) -> None:
        """
        Messages come and go; who reads nothing is slow; all that was written
        before the end comes.
        """
        # Autobahn answers the second one.
        for code in (b"\x03\xe8", b"\x0f\xa0"):
            far, client = self.open()
            client.on("message", client.send)
            far.say("a", "b")
            self.assertEqual(far.heard(2), ["a", "b"])
            far.send(frame(PING, b"p") + said("c") + frame(CLOSE, code))
            pong, text, last = far.ended()
            self.assertEqual((pong, textOf(text), last), ((PONG, b"p"), "c", GOODBYE))
            self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])
            self.reasons.clear()

    def assertBounded(self) -> None:
        """
        Who reads nothing leaves.
        """
        far, client = self.open()
        for _ in range(200):
            client.send("x" * 50_000)
            self.server.turns(1)
            if self.reasons:
                break
        self.assertEqual(self.reasons, [DisconnectReason.SLOW_CONSUMER])
        self.assertIsNotNone(far)

    def test_wrapped(self) -> None:
        """
        A wrapper gets all of it.
        """
        kept: list[Counting] = []

        def listen(reactor: Any, factory: Any) -> Any:
            kept.append(Counting(factory))
            return reactor.listenTCP(0, kept[0], interface="127.0.0.1")

        self.serve(listen)
        self.assertEchoes()
        wrapper = kept[0].all[0]
        self.assertIn(said("a") + said("b"), wrapper.came)
        self.assertEqual([wrapper.went.count(b"::%c," % code) for code in b"abc"], [1, 1, 1])
        self.assertTrue(wrapper.went.endswith(b"\x88\x02\x03\xe8"))
        self.assertBounded()

    def test_unix(self) -> None:
        """
        A UNIX socket is as good as one of TCP.
        """
        path = self.mktemp()
        self.serve(lambda reactor, factory: reactor.listenUNIX(path, factory))
        self.assertEchoes()
        far, client = self.open()
        client.send("a")
        self.assertEqual((self.writers(), textOf(far.frames(1)[0])), ([], "a"))
        far.say("b")
        self.server.until(lambda: self.said[-1:] == ["b"])
        self.assertBounded()

    def test_tls(self) -> None:
        """
        Nothing goes past TLS.
        """
        self.serve(_listenTLS)
        self.server.wrap = _Secured
        self.assertEchoes()
        self.assertBounded()


def _listenTLS(reactor: Any, factory: Any) -> Any:
    # As listenSSL does it, which has the global reactor's clock.
    secured = TLSMemoryBIOFactory(_contextFactory(), False, factory, clock=reactor)
    return reactor.listenTCP(0, secured, interface="127.0.0.1")


@lru_cache
def _contextFactory() -> Any:
    return KeyPair.generate(size=2048).selfSignedCert(1, CN="localhost").options()


class _Secured:
    """
    A client's socket with TLS on it.
    """

    def __init__(self, server: SocketServer, plain: Any) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._socket = context.wrap_socket(plain, do_handshake_on_connect=False)
        server.until(self._hasShakenHands)
        self.sendall = self._socket.sendall
        self.close = self._socket.close

    def _hasShakenHands(self) -> bool:
        try:
            self._socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def recv(self, size: int) -> bytes:
        """
        As a plain socket's.
        """
        try:
            return self._socket.recv(size)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
