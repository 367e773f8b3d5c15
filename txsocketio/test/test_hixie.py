"""
Tests for L{txsocketio.transports.hixie}: raw bytes in, raw bytes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import alsoProvides

from txsocketio import Client
from txsocketio.errors import RemoteProtocolError
from txsocketio.test.decoding import loadFuzz
from txsocketio.test.support import Server, Wire
from txsocketio.test.test_attacks_sockets import SocketCase
from txsocketio.timers import Timers
from txsocketio.transports.hixie import Reader

KEY1, KEY2, KEY3 = b"4 @1  46546xW%0l 1 5", b"12998 5 Y3 1  .P00", b"^n:ds[4U"
SOLUTION = b"8jKS'y:G*Co,Wxa-"
"""The example of the draft, number 76."""

BASE = b"""\
GET /socket.io/websocket HTTP/1.1\r
Host: example.com\r
Connection: Upgrade\r
Upgrade: WebSocket\r
Origin: http://example.com\r
"""

HEAD76 = b"""\
HTTP/1.1 101 WebSocket Protocol Handshake\r
Upgrade: WebSocket\r
Connection: Upgrade\r
Sec-WebSocket-Origin: http://example.com\r
Sec-WebSocket-Location: ws://example.com/socket.io/websocket\r
"""

HEAD75 = HEAD76.replace(b"WebSocket Protocol", b"Web Socket Protocol").replace(b"Sec-", b"")

GOODBYE = b"\xff\x00"


def opening76(
    key1: bytes = KEY1, key2: bytes = KEY2, more: bytes = b"", base: bytes = BASE
) -> bytes:
    """
    An opening of number 76, without the last bytes of the key.

    @param more: further headers.
    """
    keys = b"Sec-WebSocket-Key2: %s\r\nSec-WebSocket-Key1: %s\r\n" % (key2, key1)
    return base + keys + more + b"\r\n"


def opening75(more: bytes = b"", base: bytes = BASE) -> bytes:
    """
    An opening of number 75.
    """
    return base + more + b"\r\n"


def text(*frames: str) -> bytes:
    """
    Each of these as a frame.
    """
    return b"".join(b"\x00" + each.encode("utf-8") + b"\xff" for each in frames)


class HixieCase(SynchronousTestCase):
    """
    A server that sends every message back.

    @ivar seen: the messages.
    @ivar gone: why clients have gone.
    """

    def setUp(self) -> None:
        self.serve()

    def serve(self, **options: Any) -> None:
        """
        Begin anew, with these options.
        """
        self.server = Server(**options)
        self.seen: list[Any] = []
        self.gone: list[str] = []

        @self.server.io.on("connection")
        def connection(client: Client) -> None:
            client.on("message", self.seen.append)
            client.on("message", client.send)
            client.on("disconnect", self.gone.append)

    def client(self) -> Client:
        """
        The only one there is.
        """
        (client,) = self.server.io.clients.values()
        return client

    def send(self, *pieces: bytes) -> Wire:
        """
        Send these on a new connection, a segment each.
        """
        wire = self.server.connect()
        for piece in pieces:
            wire.receive(piece)
        return wire

    def open76(self) -> Wire:
        """
        Open a WebSocket of number 76, and take the greeting.
        """
        wire = self.send(opening76() + KEY3)
        wire.clear()
        return wire

    def open75(self) -> Wire:
        """
        Open a WebSocket of number 75, and take the greeting.
        """
        wire = self.send(opening75())
        wire.clear()
        return wire

    def take(self, wire: Wire) -> bytes:
        """
        What has come since the last time.
        """
        data: bytes = wire.value()
        wire.clear()
        return data

    def wait(self, seconds: float) -> None:
        """
        Let time go by.
        """
        self.server.clock.advance(seconds)

    def assertRefused(self, wire: Wire, status: int, line: str) -> None:
        """
        The answer is HTTP, and the last on its connection.
        """
        answer = wire.answer()
        self.assertEqual((answer.status, answer.body.decode()), (status, f"{line}\n"))
        self.assertEqual(answer.header("Connection"), "close")
        self.assertTrue(wire.disconnecting)
        self.assertNothingIsLeftBehind()

    def assertNothingIsLeftBehind(self) -> None:
        """
        No session, and no timer but that of all sessions.
        """
        self.assertEqual(dict(self.server.io._manager.sessions), {})
        delayed: Sequence[Any] = self.server.clock.getDelayedCalls()
        calls = [call.func for call in delayed]
        self.assertEqual([f for f in calls if not isinstance(f.__self__, Timers)], [])


class OpeningTests(HixieCase):
    """
    The opening of number 76.
    """

    def assertOpened(self, wire: Wire, head: bytes = HEAD76, rest: bytes = b"") -> None:
        """
        This and nothing else has been answered, and a session is open.
        """
        greeting = text(f"3:20:{self.client().sessionId},")
        self.assertEqual(wire.value(), head + b"\r\n" + SOLUTION + greeting + rest)
        self.assertFalse(wire.disconnecting)

    def test_whole(self) -> None:
        """
        The headers and the last bytes of the key in one segment.
        """
        self.assertOpened(self.send(opening76() + KEY3))

    def test_framesBehindTheKey(self) -> None:
        """
        The same segment may hold the first frames too.
        """
        self.assertOpened(self.send(opening76() + KEY3 + text("1:2::x,")), rest=text("1:2::x,"))

    def test_cut(self) -> None:
        """
        In two segments, cut anywhere; and one byte at a time.
        """
        data = opening76() + KEY3 + text("1:3::\xe9x,")
        for at in range(1, len(data)):
            self.serve()
            self.assertOpened(self.send(data[:at], data[at:]), rest=text("1:3::\xe9x,"))
        self.serve()
        wire = self.send(*(data[at : at + 1] for at in range(len(data))))
        self.assertOpened(wire, rest=text("1:3::\xe9x,"))

    def test_lateKey(self) -> None:
        """
        Until it comes there is no answer and no session, and it may take 5
        seconds.
        """
        wire = self.send(opening76())
        wire.receive(KEY3[:7])
        self.wait(4.9)
        self.assertEqual((wire.value(), self.server.io._manager.sessions), (b"", {}))
        wire.receive(KEY3[7:])
        self.assertOpened(wire)
        self.wait(1)
        self.assertOpened(wire)

    def test_keyThatNeverComes(self) -> None:
        """
        408; and what comes then is not heard.
        """
        wire = self.send(opening76(), KEY3[:7])
        self.wait(5)
        self.assertRefused(wire, 408, "the last 8 bytes of the opening have not come")

    def test_keyAfterTheRefusal(self) -> None:
        """
        It opens nothing, while the answer is still on its way.
        """
        wire = self.send(opening76())
        self.patch(wire, "loseConnection", lambda: None)
        self.wait(5)
        wire.receive(KEY3 + text("1:2::x,"))
        self.assertEqual(len(wire.answers()), 1)
        self.assertEqual(dict(self.server.io._manager.sessions), {})

    def test_refusalThatNobodyReads(self) -> None:
        """
        The connection is cut.
        """
        wire = self.send(opening76())
        self.patch(wire, "loseConnection", lambda: None)
        self.wait(5)
        self.wait(4.9)
        self.assertFalse(wire.aborted)
        self.patch(wire, "loseConnection", wire.lose)
        self.wait(0.2)
        self.assertTrue(wire.aborted)
        self.assertNothingIsLeftBehind()

    def test_lostBeforeTheKey(self) -> None:
        """
        Nothing is left behind.
        """
        self.send(opening76(), KEY3[:7]).lose()
        self.assertNothingIsLeftBehind()

    def test_keyThatLooksLikeARequest(self) -> None:
        """
        Line ends in it mean nothing; behind a refusal neither.
        """
        wire = self.send(opening76() + b"\r\n\r\n\r\n\r\n")
        self.assertTrue(wire.value().startswith(HEAD76))
        self.client().disconnect()
        request = b"GET /socket.io/xhr-polling HTTP/1.1\r\nHost: x\r\n\r\n"
        wire = self.send(opening76(key1=b"1") + request, request)
        self.assertEqual(len(wire.answers()), 1)

    def test_anotherSolution(self) -> None:
        """
        The other example of the draft: keys with all kinds of characters.
        """
        wire = self.send(
            opening76(b"18x 6]8vM;54 *(5:  {   U1]8  z [  8", b"1_ tx7X d  <  nw  334J702) 7]o}` 0")
            + b"Tm[K T2u"
        )
        self.assertIn(b"\r\n\r\nfQJ,fN/4F4!~K~MH\x003:20:", wire.value())

    def test_largestNumber(self) -> None:
        """
        32 bits, and not one more.
        """
        wire = self.send(opening76(b"429496729 5") + KEY3)
        self.assertTrue(wire.value().startswith(HEAD76))
        wire.receive(GOODBYE)
        self.wait(0.2)
        self.assertRefused(
            self.send(opening76(b"429496729 6") + KEY3),
            400,
            "the digits of Sec-WebSocket-Key1 are no number of 32 bits",
        )

    def test_badKeys(self) -> None:
        """
        400, whichever it is and whether the last bytes have come; no session.
        """
        for key, line in (
            (b"4146546015", "{} holds no space"),
            (b"", "{} holds no space"),
            (b"4 @1  46546xW%0l 1 6", "the number in {} is no multiple of its spaces"),
            (b"x x", "the digits of {} are no number of 32 bits"),
            (b"x x\xb2\xd9\xa0", "the digits of {} are no number of 32 bits"),
            (b"1 " + b"0" * 10, "the digits of {} are no number of 32 bits"),
            (b"0 " + b"1".zfill(10), "the digits of {} are no number of 32 bits"),
            (b"1 " + b"0" * 10_000, "the digits of {} are no number of 32 bits"),
        ):
            for name, opening in (
                ("Sec-WebSocket-Key1", opening76(key1=key)),
                ("Sec-WebSocket-Key2", opening76(key2=key)),
            ):
                for last in (b"", KEY3):
                    self.assertRefused(self.send(opening + last), 400, line.format(name))

    def test_numberOfKeys(self) -> None:
        """
        One of each.
        """
        for opening, name, number in (
            (opening75(b"Sec-WebSocket-Key1: %s\r\n" % KEY1), "Sec-WebSocket-Key2", 0),
            (opening75(b"Sec-WebSocket-Key2: %s\r\n" % KEY2), "Sec-WebSocket-Key1", 0),
            (opening76(more=b"Sec-WebSocket-Key1: %s\r\n" % KEY1), "Sec-WebSocket-Key1", 2),
        ):
            self.assertRefused(
                self.send(opening + KEY3), 400, f"an opening needs one {name}, and has {number}"
            )

    def test_sessionLimit(self) -> None:
        """
        503, when the whole opening has come.
        """
        self.serve(maxSessions=0)
        wire = self.send(opening76())
        self.assertEqual(wire.value(), b"")
        wire.receive(KEY3)
        self.assertRefused(wire, 503, "too many sessions")
        self.assertRefused(self.send(opening75()), 503, "too many sessions")

    def test_unknownSession(self) -> None:
        """
        404, at once.
        """
        for opening in (opening76(), opening75()):
            data = opening.replace(b"/websocket ", b"/websocket/999 ")
            self.assertRefused(self.send(data), 404, "unknown session id")

    def test_sessionGoneMeanwhile(self) -> None:
        """
        404 also when it went while the last bytes of the key were on their
        way.
        """
        self.serve(closeTimeout=8, farewellTimeout=1)
        older = self.open76()
        sid = self.client().sessionId.encode()
        older.lose()
        wire = self.send(opening76().replace(b"/websocket ", b"/websocket/%s " % sid))
        self.client().disconnect()
        self.wait(1.2)
        wire.receive(KEY3)
        self.assertRefused(wire, 404, "unknown session id")

    def test_continued(self) -> None:
        """
        A session goes on on another connection, as on every WebSocket: here
        on one of the other draft.
        """
        self.serve(closeTimeout=8)
        wire = self.open76()
        client = self.client()
        wire.lose()
        client.send("waiting")
        wire = self.send(
            opening75().replace(b"bsocket ", b"bsocket/%s " % client.sessionId.encode())
        )
        self.assertEqual(wire.value().partition(b"\r\n\r\n")[2], text("1:8::waiting,"))
        self.assertIs(self.client(), client)
        wire.receive(text("1:2::x,"))
        self.assertEqual(self.seen, ["x"])

    def test_takenOver(self) -> None:
        """
        The newer connection carries the session, the older is closed.
        """
        older = self.open76()
        url = b"bsocket/%s " % self.client().sessionId.encode()
        newer = self.send(opening76().replace(b"bsocket ", url) + KEY3)
        self.assertEqual(older.value(), GOODBYE)
        newer.clear()
        self.client().send("x")
        self.assertEqual((older.value(), newer.value()), (GOODBYE, text("1:2::x,")))
        older.receive(text("1:2::y,") + GOODBYE)
        self.assertTrue(older.disconnecting)
        self.assertEqual((self.seen, self.gone), ([], []))

    def test_foreignOrigin(self) -> None:
        """
        403, as on every transport; what follows is no other request.
        """
        base = BASE.replace(b"http://example.com", b"http://evil.com")
        for opening in (opening76(base=base) + KEY3, opening75(base=base)):
            answer = self.send(opening).answer()
            self.assertEqual(
                (answer.status, answer.body), (403, b"Origin is not allowed: http://evil.com\n")
            )

    def test_off(self) -> None:
        """
        426 without C{drafts}, and RFC 6455 is served.
        """
        self.serve(drafts=False)
        for opening in (opening76(), opening76() + KEY3, opening75()):
            wire = self.send(opening)
            self.assertEqual(wire.answer().header("Upgrade"), "websocket")
            self.assertRefused(wire, 426, "this URL takes WebSocket connections only")
        self.assertEqual(len(self.server.webSocket().texts()), 1)

    def test_modernOpenings(self) -> None:
        """
        What has the key or the version of RFC 6455 is not a draft's.
        """
        for name, value in (
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ):
            wire = self.send(opening75(f"{name}: {value}\r\n".encode()))
            self.assertTrue(wire.value().startswith(b"HTTP/1.1 400 "), wire.value())
        self.assertEqual(len(self.server.webSocket(headers={"Sec-WebSocket-Key1": "x"}).texts()), 1)

    def test_flashSocket(self) -> None:
        """
        The Flash bridge speaks the drafts too.
        """
        for opening in (opening76() + KEY3, opening75()):
            self.send(opening.replace(b"/websocket ", b"/flashsocket "))
        self.assertEqual(
            [client.transport for client in self.server.io.clients.values()], ["flashsocket"] * 2
        )


class AnswerTests(HixieCase):
    """
    The headers of the answer.
    """

    def heads(self, more: bytes = b"", base: bytes = BASE) -> tuple[bytes, bytes]:
        """
        The answers of both drafts.
        """
        wires = self.send(opening76(more=more, base=base) + KEY3), self.send(opening75(more, base))
        heads = [wire.value().partition(b"\r\n\r\n")[0] + b"\r\n" for wire in wires]
        return heads[0], heads[1]

    def test_heads(self) -> None:
        self.assertEqual(self.heads(), (HEAD76, HEAD75))

    def test_order(self) -> None:
        """
        The request's order, and case, are its own affair.
        """
        first, *lines = BASE.splitlines(keepends=True)
        base = b"".join((first, *map(bytes.lower, reversed(lines))))
        self.assertEqual(self.heads(base=base), (HEAD76, HEAD75))

    def test_protocol(self) -> None:
        """
        A protocol that the client asks for is the one that is spoken.
        """
        more = b"Sec-WebSocket-Protocol: sample 1\r\nWebSocket-Protocol: sample 2\r\n"
        self.assertEqual(
            self.heads(more),
            (
                HEAD76 + b"Sec-WebSocket-Protocol: sample 1\r\n",
                HEAD75 + b"WebSocket-Protocol: sample 2\r\n",
            ),
        )

    def test_withoutOrigin(self) -> None:
        """
        No page asks, no page is told that it may.
        """
        for origin in (b"", b"Origin: \r\n"):
            base = BASE.replace(b"Origin: http://example.com\r\n", origin)
            for head, expected in zip(self.heads(base=base), (HEAD76, HEAD75), strict=True):
                lines = expected.splitlines(keepends=True)
                self.assertEqual(head, b"".join([line for line in lines if b"Origin" not in line]))

    def test_location(self) -> None:
        """
        What the client has connected to, as it sees it.
        """
        self.serve(origins="*:*")
        base = BASE.replace(b"Host: example.com", b"Host: [::1]:8080")
        base = base.replace(b"/websocket ", b"/websocket/?a=%20b ")
        for head in self.heads(base=base):
            self.assertIn(b"-Location: ws://[::1]:8080/socket.io/websocket/?a=%20b\r\n", head)

    def test_withoutHost(self) -> None:
        """
        Who names no host is told none.
        """
        self.serve(origins="*:*")
        for head in self.heads(base=BASE.replace(b"Host: example.com\r\n", b"")):
            self.assertIn(b"-Location: ws:///socket.io/websocket\r\n", head)

    def assertScheme(self, scheme: bytes, more: bytes = b"", base: bytes = BASE) -> None:
        for head in self.heads(more, base):
            self.assertIn(b"-Location: %s://example.com/" % scheme, head)

    def test_tls(self) -> None:
        """
        The connection's own security.
        """
        for opening in (opening76() + KEY3, opening75()):
            wire = self.server.connect()
            alsoProvides(wire, ISSLTransport)
            wire.receive(opening)
            self.assertIn(b"-Location: wss://example.com/", wire.value())

    def test_pageOverTLS(self) -> None:
        """
        As the genuine server has it.
        """
        self.assertScheme(b"wss", base=BASE.replace(b"http:", b"https:"))

    def test_proxy(self) -> None:
        """
        A trusted one knows.
        """
        more = b"X-Forwarded-Proto: https\r\n"
        self.assertScheme(b"ws", more)
        self.serve(trustProxy=True)
        self.assertScheme(b"wss", more)
        self.assertScheme(b"ws", b"X-Forwarded-Proto: http\r\n")


class TalkTests(HixieCase):
    """
    An open WebSocket, of either draft.
    """

    def both(self) -> list[Callable[[], Wire]]:
        """
        How to open it.
        """
        return [self.open76, self.open75]

    def test_echo(self) -> None:
        """
        Frames to a segment, or segments to a frame.
        """
        for connect in self.both():
            self.serve()
            wire = connect()
            frames = ["1:2::x,", '1:10:j\n:{"a":1},', "1:3::\U0001f600,", "1:1::,"]
            wire.receive(text(*frames))
            self.assertEqual(self.seen, ["x", {"a": 1}, "\U0001f600", ""])
            self.assertEqual(self.take(wire), text(*frames))
            data = text(*frames)
            for at in range(1, len(data)):
                wire.receive(data[:at])
                wire.receive(data[at:])
                self.assertEqual(self.take(wire), data)

    def test_severalAtOnce(self) -> None:
        """
        What has waited leaves in one write, each packet a frame of its own.
        """
        wire = self.open76()
        assert wire.producer is not None
        wire.producer.pauseProducing()
        self.client().send("a")
        self.client().send("b")
        self.assertEqual(wire.value(), b"")
        writes: list[bytes] = []
        self.patch(wire, "write", writes.append)
        wire.producer.resumeProducing()
        self.assertEqual(writes, [text("1:2::a,", "1:2::b,")])

    def test_heartbeats(self) -> None:
        """
        After 10 s and again 10 s after each answer; without one, the end 8 s
        later.
        """
        for connect in self.both():
            self.serve()
            wire = connect()
            for number in (1, 2, 3):
                self.wait(10.1)
                beat = text(f"2:1:{number},")
                self.assertEqual(self.take(wire), beat)
                wire.receive(beat)
            self.assertEqual(self.gone, [])
            self.wait(10.1)
            self.wait(8.1)
            self.assertEqual(self.gone, ["ping timeout"])

    def test_framesOfOtherTypes(self) -> None:
        """
        Read over, up to their end or by their length, in any pieces.
        """
        others = b"".join(
            (
                b"\x01abc\x00\xff",
                b"\x7f\xff",
                b"\x80\x03\xff\x00\x00",
                b"\x80\x81\x00" + b"\xff" * 128,
                b"\xff\x01\x00",
                b"\xfe\x00",
                b"\x80\x80\x80\x01x",
            )
        )
        data = others + text("1:2::x,") + others + text("1:2::y,")
        for connect in self.both():
            wire = connect()
            for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
                self.seen.clear()
                for piece in pieces:
                    wire.receive(piece)
                self.assertEqual(self.seen, ["x", "y"])
                self.assertEqual(self.take(wire), text("1:2::x,", "1:2::y,"))

    def test_packetOverFrames(self) -> None:
        """
        A frame is no unit of the protocol above, and may be empty.
        """
        wire = self.open76()
        wire.receive(text("1:3:", "", ":x", "y,"))
        self.assertEqual(self.seen, ["xy"])

    def test_fanOut(self) -> None:
        """
        A broadcast reaches both drafts and RFC 6455.
        """
        wires = [self.open76(), self.open75(), self.server.webSocket()]
        wires[2].clear()
        self.server.io.broadcast("hi")
        self.assertEqual([wire.value() for wire in wires[:2]], [text("1:3::hi,")] * 2)
        self.assertEqual(wires[2].texts(), ["1:3::hi,"])


class BackpressureTests(HixieCase):
    """
    A client that does not read.
    """

    def test_pause(self) -> None:
        """
        What is sent meanwhile waits, and leaves in order.
        """
        for connect in (self.open76, self.open75):
            self.serve()
            wire = connect()
            client, producer = self.client(), wire.producer
            assert producer is not None
            self.assertTrue(client.session.writable)
            producer.pauseProducing()
            self.assertFalse(client.session.writable)
            for each in "abc":
                client.send(each)
            self.assertEqual(wire.value(), b"")
            producer.resumeProducing()
            self.assertEqual(self.take(wire), text("1:2::a,", "1:2::b,", "1:2::c,"))
            client.send("d")
            self.assertEqual(self.take(wire), text("1:2::d,"))

    def test_slowConsumer(self) -> None:
        """
        Cut at once, with nothing more written.
        """
        for connect in (self.open76, self.open75):
            self.serve(maxQueue=2)
            wire = connect()
            assert wire.producer is not None
            wire.producer.pauseProducing()
            for _ in range(3):
                self.client().send("x")
            self.assertEqual((self.gone, wire.aborted), (["slow consumer"], True))
            self.assertEqual(wire.value(), b"")
            self.wait(0.2)
            self.assertNothingIsLeftBehind()

    def test_resumedTooLate(self) -> None:
        """
        A connection that is closing does not begin again.
        """
        wire = self.open76()
        transport: Any = wire.producer
        transport.pauseProducing()
        self.client().disconnect()
        self.wait(5.1)
        transport.resumeProducing()
        self.assertEqual((wire.value(), transport.writable), (GOODBYE, False))

    def test_gone(self) -> None:
        """
        Nor does one that has gone.
        """
        for connect in (self.open76, self.open75):
            wire = connect()
            transport: Any = wire.producer
            wire.lose()
            self.assertFalse(transport.writable)
            transport.resumeProducing()
            self.assertFalse(transport.writable)

    def test_stopped(self) -> None:
        """
        A socket that will take no more says so.
        """
        wire = self.open76()
        transport: Any = wire.producer
        transport.stopProducing()
        self.client().send("x")
        self.assertEqual((transport.writable, wire.value()), (False, b""))


class ClosingTests(HixieCase):
    """
    The end, from either side.
    """

    def test_byTheClient76(self) -> None:
        """
        The closing handshake, cut or not: answered, and then closed.
        """
        for pieces in (
            [GOODBYE],
            [b"\xff", b"\x00"],
            [GOODBYE + text("1:2::x,")],
            [b"\xff\x80\x00"],
        ):
            self.serve()
            wire = self.open76()
            for piece in pieces:
                self.assertFalse(wire.disconnecting)
                wire.receive(piece)
            self.assertEqual((wire.value(), wire.disconnecting), (GOODBYE, True))
            self.wait(0.2)
            self.assertEqual((self.gone, self.seen), (["transport close"], []))
            self.assertNothingIsLeftBehind()

    def test_byTheClient75(self) -> None:
        """
        The draft knows no closing: no answer, but it is closed.
        """
        wire = self.open75()
        wire.receive(text("1:2::x,") + GOODBYE)
        self.assertEqual((wire.value(), wire.disconnecting), (text("1:2::x,"), True))
        self.wait(0.2)
        self.assertEqual(self.gone, ["transport close"])
        self.assertNothingIsLeftBehind()

    def test_lost(self) -> None:
        for connect in (self.open76, self.open75):
            self.serve()
            connect().lose()
            self.wait(0.2)
            self.assertEqual(self.gone, ["transport close"])
            self.assertNothingIsLeftBehind()

    def test_byTheServer76(self) -> None:
        """
        Closed when the client has answered; what it says before is not heard.
        """
        wire = self.open76()
        self.client().disconnect()
        self.assertEqual((wire.value(), wire.disconnecting), (text("0:0:,") + GOODBYE, False))
        self.assertIsNotNone(wire.producer)
        wire.receive(text("1:2::x,") + b"\xff")
        self.assertFalse(wire.disconnecting)
        wire.receive(b"\x00")
        # A TLS connection that has a producer would not close.
        self.assertEqual((wire.disconnecting, wire.producer), (True, None))
        self.assertEqual(wire.value(), text("0:0:,") + GOODBYE)
        self.assertEqual((self.seen, self.gone), ([], ["server namespace disconnect"]))
        self.assertFalse(wire.aborted)
        self.assertNothingIsLeftBehind()

    def test_withoutAnswer(self) -> None:
        """
        Cut after C{closeHandshakeTimeout}.
        """
        self.serve(closeHandshakeTimeout=3)
        wire = self.open76()
        self.client().disconnect()
        self.wait(2.9)
        self.assertFalse(wire.disconnecting)
        self.wait(0.2)
        self.assertTrue(wire.aborted)
        self.assertNothingIsLeftBehind()

    def test_byTheServer75(self) -> None:
        """
        Closed when all is written.
        """
        wire = self.open75()
        self.client().disconnect()
        self.assertEqual(wire.value(), text("0:0:,"))
        self.assertEqual((wire.disconnecting, wire.producer, wire.aborted), (True, None, False))
        self.assertEqual(self.gone, ["server namespace disconnect"])
        self.assertNothingIsLeftBehind()

    def test_thatNobodyReads(self) -> None:
        """
        Who does not take what is written last is cut.
        """
        for connect, last in ((self.open76, GOODBYE), (self.open75, b"")):
            self.serve()
            wire = connect()
            self.patch(wire, "loseConnection", lambda: None)
            self.client().disconnect()
            wire.receive(last)
            wire.receive(text("1:2::x,"))
            self.wait(4.9)
            self.assertFalse(wire.aborted)
            self.patch(wire, "loseConnection", wire.lose)
            self.wait(0.2)
            self.assertTrue(wire.aborted)
            self.assertEqual(self.seen, [])
            self.assertNothingIsLeftBehind()

    def test_byAHandler(self) -> None:
        """
        Within a segment, whose rest is not heard.
        """
        wire = self.open76()
        client = self.client()
        client.on("message", lambda message: client.disconnect())
        wire.receive(text("1:2::x,", "1:2::y,") + GOODBYE)
        self.assertEqual(self.seen, ["x"])
        self.assertEqual(wire.value(), text("1:2::x,", "0:0:,") + GOODBYE)
        self.assertTrue(wire.disconnecting)

    def test_clientsGoodbye(self) -> None:
        """
        The protocol's own.
        """
        wire = self.open76()
        wire.receive(text("0:0:,"))
        self.assertEqual((wire.value(), self.gone), (GOODBYE, ["client namespace disconnect"]))

    def test_twice(self) -> None:
        """
        Nothing comes after the closing.
        """
        wire = self.open76()
        transport: Any = wire.producer
        self.client().disconnect()
        said = self.take(wire)
        transport.close("server namespace disconnect")
        transport.write([])
        self.assertEqual((said, wire.value()), (text("0:0:,") + GOODBYE, b""))
        wire.lose()
        self.assertNothingIsLeftBehind()

    def test_shutdown(self) -> None:
        """
        The listener closes without waiting for anybody's answer too long.
        """
        wires = [self.open76(), self.open75()]
        done = self.server.io.close()
        for wire in wires:
            self.assertTrue(wire.value().startswith(text("0:0:,")))
        self.wait(5.1)
        self.assertIsNone(self.successResultOf(done))
        self.assertTrue(all(wire.disconnecting for wire in wires))


class LimitTests(HixieCase):
    """
    What is no frame, or too much of one.
    """

    def assertFailed(self, *pieces: bytes, **options: Any) -> None:
        """
        The session ends, and so does the connection.
        """
        for connect, last in ((self.open76, GOODBYE), (self.open75, b"")):
            self.serve(**options)
            wire = connect()
            for piece in pieces:
                self.assertFalse(wire.disconnecting)
                wire.receive(piece)
            self.assertEqual((wire.value(), wire.disconnecting), (last, True))
            self.wait(0.2)
            self.assertEqual((self.seen, self.gone), ([], ["transport error"]))
            self.assertNothingIsLeftBehind()

    def test_badUTF8(self) -> None:
        for data in (b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"1:2::\xfe,", b"\xf8\x88\x80\x80\x80"):
            self.assertFailed(b"\x00" + data + b"\xff")
            self.assertFailed(b"\x00" + data + b"\xff" + text("1:2::x,"))

    def test_endlessText(self) -> None:
        """
        Up to C{maxPayload}, whatever the type; and to the byte.
        """
        for kind in (b"\x00", b"\x01"):
            self.assertFailed(kind + b"x" * 1_000_001)
            self.assertFailed(kind, *[b"x" * 10] * 10, b"x", maxPayload=100)

    def test_longestText(self) -> None:
        self.serve(maxPayload=100)
        wire = self.open76()
        wire.receive(text("1:94::" + "x" * 93 + ","))
        self.assertEqual((self.seen, self.gone), (["x" * 93], []))

    def test_endlessLength(self) -> None:
        """
        Too large, or of too many digits.
        """
        self.assertFailed(b"\x80\xff\xff\xff")
        self.assertFailed(b"\x80" + b"\x80" * 11)
        self.assertFailed(b"\x80", b"\x80" * 10, b"\x80")
        self.assertFailed(b"\x80\x65", maxPayload=100)

    def test_afterTheFault(self) -> None:
        """
        Not heard, while the connection is closing.
        """
        wire = self.open76()
        self.patch(wire, "loseConnection", lambda: None)
        wire.receive(b"\x00\xff\x00\xc3\xff")
        wire.receive(text("1:2::x,"))
        self.assertEqual((self.seen, wire.value()), ([], GOODBYE))

    def test_faultWhileClosing(self) -> None:
        """
        Nobody waits for the answer of who cannot write one.
        """
        wire = self.open76()
        self.client().disconnect()
        wire.receive(b"\x00\xc3\xff")
        self.assertEqual((wire.value(), wire.disconnecting), (text("0:0:,") + GOODBYE, True))

    def test_packets(self) -> None:
        """
        What is wrong with the packets ends the session as it always does.
        """
        wire = self.open76()
        wire.receive(text("x", "1:2::x,"))
        self.assertEqual((wire.value(), self.gone, self.seen), (GOODBYE, ["parse error"], []))


class ReaderTests(SynchronousTestCase):
    """
    The reader by itself.
    """

    def read(self, *pieces: bytes, limit: int = 100) -> tuple[list[str], str]:
        """
        @return: the texts, and what was wrong behind them or C{""}.
        """
        reader, texts = Reader(limit), []
        try:
            for piece in pieces:
                for each in reader.read(piece):
                    texts.append(each)
        except RemoteProtocolError as error:
            self.assertTrue(reader.over)
            self.assertEqual(list(reader.read(text("x"))), [])
            return texts, error.reason
        return texts, ""

    def test_reasons(self) -> None:
        """
        Texts before the fault are not lost.
        """
        for data, reason in (
            (b"\x00\xc3\xff", "a text that is not UTF-8"),
            (b"\x00" + b"x" * 101, "a frame is longer than maxPayload (100) allows"),
            (b"\x80\x65", "a frame is longer than maxPayload (100) allows"),
            (b"\x80" + b"\x80" * 11, "a length without an end"),
        ):
            self.assertEqual(self.read(text("a", "b") + data + text("c")), (["a", "b"], reason))

    def test_limits(self) -> None:
        """
        To the byte.
        """
        self.assertEqual(self.read(text("x" * 100), text("y")), (["x" * 100, "y"], ""))
        self.assertEqual(self.read(b"\x80\x64" + b"x" * 100 + text("y")), (["y"], ""))
        self.assertEqual(self.read(b"\x80" + b"\x80" * 9 + b"\x01x" + text("y")), (["y"], ""))

    def test_over(self) -> None:
        """
        Nothing behind a goodbye is read.
        """
        reader = Reader(100)
        self.assertEqual(list(reader.read(text("a") + GOODBYE + text("b"))), ["a"])
        self.assertTrue(reader.over)
        self.assertEqual(list(reader.read(text("c"))), [])

    def test_memory(self) -> None:
        """
        Nothing is kept of what is read over, nor of what has been read.
        """
        reader = Reader(1000)
        for data in (b"\x01" + b"x" * 900, b"\xff\x80\x87\x68" + b"x" * 900, b"x" * 100, text("a")):
            list(reader.read(data))
        self.assertEqual(len(reader._data), 0)

    def test_linear(self) -> None:
        """
        Every byte is looked at once, however it comes: the steps are as many
        as bytes, or fewer.
        """
        steps = 0
        reader = Reader(10_000)

        class Counting(bytes):
            def find(self, sub: Any, start: Any = None, end: Any = None) -> int:
                nonlocal steps
                found = super().find(sub, start, end)
                steps += (len(self) if found < 0 else found) - start
                return found

        data = text("x" * 5000) * 20
        for at in range(0, len(data), 7):
            list(reader.read(Counting(data[at : at + 7])))
        self.assertLessEqual(steps, len(data))

    def test_pieces(self) -> None:
        """
        Whatever comes, it means the same in one piece and in many.
        """
        random = Random(76)
        alphabet = [b"\x00", b"\xff", b"\x80", b"\x01", b"\xc3\xa9", b"\xc3", b"a", text("1:2::x,")]
        faults = 0
        for _ in range(3000):
            data = b"".join(random.choices(alphabet, k=random.randrange(1, 30)))
            cuts = sorted(random.sample(range(len(data) + 1), min(3, len(data))))
            pieces = [data[a:b] for a, b in pairwise([0, *cuts, len(data)])]
            whole = self.read(data, limit=12)
            self.assertEqual(self.read(*pieces, limit=12), whole, pieces)
            faults += bool(whole[1])
        self.assertTrue(300 < faults < 2700, faults)


class FuzzTests(SynchronousTestCase):
    """
    A short run of C{benchmarks/fuzz.py}.
    """

    def test_mutations(self) -> None:
        """
        Damaged frames give packets or errors of each kind.
        """
        fuzz = loadFuzz()
        packets, reasons = fuzz.fuzz(fuzz.TARGETS["hixie"], 5_000, 0)
        self.assertGreater(packets, 2_000)
        self.assertGreater(reasons[""], 500)
        for reason in (
            "a text that is not UTF-*",
            "a frame is longer than maxPayload (*) allows",
            "a length without an end",
        ):
            self.assertIn(reason, reasons)


class PortTests(SocketCase):
    """
    On a real port.
    """

    async def talk(self, first: bytes, second: bytes, closes: bytes) -> None:
        self.serve(origins="*:*")
        peer = await self.connect()
        peer.transport.write(first)
        peer.transport.write(second)
        await peer.until(b",\xff")
        (client,) = self.io.clients.values()
        gone: Deferred[str] = Deferred()
        client.on("disconnect", gone.callback)
        peer.transport.write(text("1:3::\xe9x,"))
        await peer.until(text("1:3::\xe9x,"))
        peer.transport.write(GOODBYE)
        self.assertEqual(await gone, "transport close")
        await peer.lost
        self.assertTrue(peer.data.endswith(text("1:3::\xe9x,") + closes))

    async def test_hixie76(self) -> None:
        await self.talk(opening76(), KEY3, GOODBYE)

    async def test_hixie75(self) -> None:
        await self.talk(opening75()[:20], opening75()[20:], b"")
