"""
Bad input, and what it gets. C{docs/attacks.rst} lists the answers; each test
is named there.

Whatever the attack, at its end an honest client has noticed nothing, nothing
is left behind, and the log holds no traceback and few lines.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any, ClassVar, cast
from unittest.mock import Mock
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import Request
from twisted.web.http_headers import Headers

from txsocketio import (
    AckTimeout,
    Client,
    ConnectionRefused,
    LocalProtocolError,
    RemoteProtocolError,
)
from txsocketio.test.support import (
    BINARY,
    CLOSE,
    HANDSHAKE,
    PING,
    PONG,
    TEXT,
    Server,
    Wire,
    frame,
)
from txsocketio.transports.websocket import WebSocket

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

UNQUOTED = "".join(chr(code) for code in range(128) if chr(code) not in "%&+")
"""What can stand in a form's field as it is."""


ODD_NAMES = (
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "_http",
    "Resource",
    "x" * 10_000,
)
"""What is the name of nothing, in a URL."""


class AttackedServer(Server):
    """
    A server that knows all connections ever made to it.
    """

    def __init__(self, **options: Any) -> None:
        self.wires: list[Wire] = []
        super().__init__(**options)

    def connect(self, address: str = "127.0.0.1") -> Wire:
        """
        See L{Server.connect}.
        """
        wire = super().connect(address)
        self.wires.append(wire)
        return wire


def units(text: str) -> int:
    """
    The length of C{text} in JavaScript.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def message(data: str) -> str:
    """
    A frame of type 1.
    """
    return f"1:{units(data)}:{data},"


class AttackCase(SynchronousTestCase):
    """
    A server that sends every message back, two honest clients on it, and what
    must be true at the end of every test.
    """

    #: How many lines a test may leave in the log.
    lines = 20
    #: The answer to a POST, and to a poll that has waited in vain.
    receipt: ClassVar[bytes] = b"ok"
    idle: ClassVar[bytes] = b""
    #: The session's last word to a poll.
    goodbye: ClassVar[bytes] = b"0:0:,"
    #: Where the WebSockets of L{WebSocketAttacks} are.
    socket: ClassVar[str] = "websocket"

    def setUp(self) -> None:
        self.log: list[LogEvent] = []
        observer = cast("ILogObserver", self.log.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.serve()

    def serve(self, **options: Any) -> None:
        """
        Begin anew, with these options.
        """
        self.server = AttackedServer(**options)
        self.seen: list[Any] = []
        self.gone: list[str] = []
        self.honest: set[str] = set()
        self.closing: list[Wire] = []
        self.server.io.on("connection", self.connected)
        self.webSocket = self.server.webSocket()
        self.webSocket.frames()
        self.poller = self.server.open()
        self.honest = set(self.server.io.clients)

    def connected(self, client: Client) -> None:
        @client.on("message")
        def message(message: Any) -> None:
            if client.sessionId not in self.honest:
                self.seen.append(message)
            client.send(message)

        @client.on("disconnect")
        def disconnect(reason: str) -> None:
            if client.sessionId not in self.honest:
                self.gone.append(reason)

    def wait(self, seconds: float) -> None:
        """
        Let time go by, in which the honest clients do what they should.
        """
        end = self.server.clock.seconds() + seconds
        while self.server.clock.seconds() < end:
            self.server.poll(self.poller)
            self.server.clock.advance(min(5, end - self.server.clock.seconds()))
            for text in self.webSocket.texts():
                if text.startswith("2:"):
                    self.webSocket.say(text)

    def tearDown(self) -> None:
        if self.closing:
            self.wait(5.1)
        self.assertEqual([wire.value() for wire in self.closing if not wire.disconnecting], [])
        self.assertHonestClientsAreWell()
        self.assertNothingIsLeftBehind()
        self.assertLogIsQuiet()

    def assertHonestClientsAreWell(self) -> None:
        poll = self.server.poll(self.poller)
        self.server.post(f"/xhr-polling/{self.poller}/send", "1:7::honest,")
        self.assertEqual(poll.answer().body, b"1:7::honest,")
        self.webSocket.clear()
        self.webSocket.say("1:7::honest,")
        self.assertEqual(self.webSocket.texts(), ["1:7::honest,"])

    def assertNothingIsLeftBehind(self) -> None:
        for wire in self.server.wires:
            wire.lose()
        # As long as the longest of all timeouts, in one step: nobody answers.
        self.server.clock.advance(100)
        self.server.clock.advance(100)
        self.assertEqual(dict(self.server.io._manager.sessions), {})
        self.assertEqual(dict(self.server.io.clients), {})
        self.assertEqual(dict(self.server.io.of("/").rooms), {})
        self.assertEqual(self.server.clock.getDelayedCalls(), [])

    def assertLogIsQuiet(self) -> None:
        shown = [formatEvent(event) for event in self.log]
        self.assertEqual([event for event in self.log if "log_failure" in event], [])
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertLessEqual(len(shown), self.lines, shown)
        for line in shown:
            self.assertTrue(line.isprintable(), line)
            self.assertLess(len(line), 500)

    # How this generation speaks.

    def text(self, words: str) -> str:
        """
        A packet that says this.
        """
        return message(f":{words}")

    def json(self, text: str) -> str:
        """
        A packet that holds this JSON, which need not be any.
        """
        return message(f"j\n:{text}")

    def together(self, *packets: str) -> str:
        """
        Packets in one message, or in one body.
        """
        return "".join(packets)

    def socketURL(self) -> str:
        """
        Where a WebSocket opens, with a session of its own; below /socket.io.
        """
        return f"/{self.socket}"

    def pollURL(self, sid: str) -> str:
        """
        Where that session is polled.
        """
        return f"/xhr-polling/{sid}/1"

    def postURL(self, sid: str) -> str:
        """
        Where its packets are posted.
        """
        return f"/xhr-polling/{sid}/send"

    def bodyOf(self, packets: str) -> bytes:
        """
        Packets as what is posted.
        """
        return b"data=" + quote(packets, safe=UNQUOTED).encode("ascii")

    def openPolling(self) -> str:
        """
        Open a session by polling.

        @return: its id.
        """
        return self.server.open()

    def openSocket(self, headers: dict[str, str] | None = None) -> Wire:
        """
        Open a WebSocket, and take the greeting.
        """
        wire = self.server.webSocket(self.socketURL(), headers)
        (greeting,) = wire.texts()
        self.assertTrue(greeting.startswith("3:20:"))
        return wire

    def assertRefused(self, wire: Wire, status: int, line: str) -> None:
        answer = wire.answer()
        self.assertEqual((answer.status, answer.body.decode()), (status, f"{line}\n"))

    def assertEnded(self, sid: str) -> None:
        """
        Nobody knows that session any more.
        """
        self.assertRefused(self.pollOf(sid), 404, "unknown session id")

    # What attackers do, and what they get.

    def pollOf(self, sid: str) -> Wire:
        """
        Ask that session for more.
        """
        return self.server.get(self.pollURL(sid))

    def post(self, sid: str, body: bytes, headers: dict[str, str] | None = None) -> Wire:
        """
        POST a body as it is.
        """
        headers = FORM if headers is None else headers
        return self.server.request("POST", f"/socket.io{self.postURL(sid)}", headers, body)

    def postPackets(self, sid: str, *packets: str) -> Wire:
        """
        POST packets.
        """
        return self.post(sid, self.bodyOf(self.together(*packets)))

    def joined(self) -> Client:
        """
        The only client that is not honest.
        """
        (sid,) = set(self.server.io.clients) - self.honest
        return self.server.io.clients[sid]

    def attacker(self) -> tuple[Wire, Client]:
        """
        One with a WebSocket, and what it is on the server's side.
        """
        wire = self.openSocket()
        return wire, self.joined()

    def pollingAttacker(self) -> tuple[str, Client]:
        """
        The same by polling.
        """
        sid = self.openPolling()
        return sid, self.joined()

    def assertUnreadable(self, packets: str, line: str, status: int = 400) -> None:
        """
        These packets end the session: over HTTP with that status and line, on
        a WebSocket with the code for broken rules and the same line.
        """
        self.gone.clear()
        sid = self.openPolling()
        self.assertRefused(self.post(sid, self.bodyOf(packets)), status, line)
        self.assertEnded(sid)
        self.assertClosed(self.say(packets), 1002, f"parse error: {line}")
        self.assertEqual(self.gone, ["parse error", "parse error"])

    def assertReadable(self, packets: str, *messages: Any) -> None:
        """
        These packets are understood, and the session lives on.
        """
        self.gone.clear()
        self.seen.clear()
        sid = self.openPolling()
        answer = self.post(sid, self.bodyOf(packets)).answer()
        self.assertEqual((answer.status, answer.body), (200, self.receipt))
        self.say(packets)
        self.assertEqual(self.seen, [*messages, *messages])
        self.assertEqual(self.gone, [])

    def say(self, packets: str) -> Wire:
        """
        Open a WebSocket and send one text message.
        """
        wire = self.openSocket()
        wire.say(packets)
        return wire

    def send(self, *pieces: bytes) -> Wire:
        """
        Open a WebSocket and send these bytes, each in a segment of its own.
        """
        wire = self.openSocket()
        for piece in pieces:
            wire.receive(piece)
        return wire

    def assertClosed(self, wire: Wire, code: int, reason: str) -> None:
        """
        The WebSocket has been told that code and reason last, and will not be
        open for long.
        """
        closing = wire.frames()[-1]
        self.assertEqual(closing.opcode, CLOSE)
        (actual,) = struct.unpack("!H", closing.payload[:2])
        self.assertEqual((actual, closing.payload[2:].decode()), (code, reason))
        self.closing.append(wire)

    def opening(self) -> bytes:
        """
        The request for a WebSocket, with a session of its own.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        url = f"/socket.io{self.socketURL()}"
        return f"GET {url} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()

    def assertHandshakeRefused(self, wire: Wire, status: int, words: str) -> None:
        answer = wire.answer()
        self.assertEqual(answer.status, status)
        self.assertIn(words, answer.reason + answer.body.decode())
        self.assertTrue(wire.disconnecting)


class RequestAttacks(AttackCase):
    """
    HTTP.
    """

    def test_transportNames(self) -> None:
        """
        The application's, whose answer is 404 here.
        """
        for name in (*ODD_NAMES, "XHR-POLLING", "websocket%00"):
            self.assertEqual(self.server.get(f"/{name}/").answer().status, 404, name[:50])

    def test_sessionIds(self) -> None:
        """
        404.
        """
        for name in ODD_NAMES:
            self.assertRefused(self.server.poll(name), 404, "unknown session id")
            self.assertRefused(
                self.server.post(f"/xhr-polling/{name}/send", "1:1::,"), 404, "unknown session id"
            )
            self.assertRefused(
                self.server.webSocket(f"/websocket/{name}"), 404, "unknown session id"
            )

    def test_longURL(self) -> None:
        """
        Twisted reads 16 KB of it and closes the connection.
        """
        for url in ("/xhr-polling/" + "x" * 1_000_000, "/" + "x" * 1_000_000):
            wire = self.server.get(url)
            self.assertEqual((wire.value(), wire.disconnecting), (b"", True))

    def test_emptyParts(self) -> None:
        """
        An empty id asks for a new session, whatever follows it.
        """
        for url in ("/xhr-polling", "/xhr-polling/", "/xhr-polling////", "/xhr-polling//..//.."):
            self.assertEqual(self.server.get(url).answer().body[:5], b"3:20:")

    def test_methods(self) -> None:
        """
        405, with those that there are.
        """
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "get", "X" * 1000):
            for transport in ("xhr-polling", "jsonp-polling", "websocket"):
                wire = self.server.request(method, f"/socket.io/{transport}//1/0")
                self.assertRefused(wire, 405, "method not allowed")
                self.assertIn("GET", wire.answer().header("Allow") or "")

    def test_origins(self) -> None:
        """
        403 naming it, in ASCII, and never in a header.
        """
        for origin, shown in (
            ("null", "Origin is not allowed: null"),
            ("http://evil.com", "Origin is not allowed: http://evil.com"),
            ("http://xn--bcher-kva.example", "Origin is not allowed: http://xn--bcher-kva.example"),
            ("http://b\xfccher.example", "Origin is malformed: http://b\\xfccher.example"),
            (
                "http://e\x01\x7f\x1b[31m.com",
                "Origin is malformed: http://e\\x01\\x7f\\x1b[31m.com",
            ),
            ("http://example.com\tx", "Origin is malformed: http://example.com\\tx"),
            ("http://example.com/../", "Origin is malformed: http://example.com/../"),
            ("http://user@example.com", "Origin is malformed: http://user@example.com"),
            ("x" * 5000, f"Origin is malformed: {'x' * 97}..."),
        ):
            for wire in (
                self.server.get("/xhr-polling/", {"Origin": origin}),
                self.server.webSocket(headers={"Origin": origin}),
            ):
                self.assertRefused(wire, 403, shown)
                self.assertEqual(
                    {name for name, _ in wire.answer().headers}, {"Content-Type", "Content-Length"}
                )

    def test_originsThatEndTheHeader(self) -> None:
        """
        Twisted answers 400 to what no header may hold, and reads a second
        line as a header of its own.
        """
        for origin in ("http://e\x00.com", "http://e.com\rX-Evil: 1"):
            wire = self.server.get("/xhr-polling/", {"Origin": origin})
            self.assertEqual((wire.answer().status, wire.disconnecting), (400, True))
        wire = self.server.get("/xhr-polling/", {"Origin": "http://e.com\r\nX-Evil: 1"})
        self.assertRefused(wire, 403, "Origin is not allowed: http://e.com")

    def test_manyOrigins(self) -> None:
        """
        Two headers are one that is malformed.
        """
        wire = self.server.get("/xhr-polling/", {"Origin": "http://a.org\r\nOrigin: null"})
        self.assertRefused(wire, 403, "Origin is malformed: http://a.org, null")

    def test_proxyNotTrusted(self) -> None:
        """
        Anybody can send C{X-Forwarded-*}: neither the origin nor the address
        counts.
        """
        headers = {
            "Origin": "http://evil.com",
            "X-Forwarded-Host": "evil.com",
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Proto": "https",
        }
        self.assertRefused(
            self.server.get("/xhr-polling/", headers), 403, "Origin is not allowed: http://evil.com"
        )
        del headers["Origin"]
        handshake = self.handshake(headers)
        self.assertEqual((handshake.address, handshake.secure), ("127.0.0.1", False))

    def test_proxyTrusted(self) -> None:
        """
        Only when told to; of several addresses the last, which the nearest
        proxy has added.
        """
        self.serve(trustProxy=True)
        handshake = self.handshake(
            {
                "Origin": "https://public.org",
                "X-Forwarded-Host": "public.org",
                "X-Forwarded-For": "127.0.0.1, 1.2.3.4",
                "X-Forwarded-Proto": "https",
            }
        )
        self.assertEqual((handshake.address, handshake.secure), ("1.2.3.4", True))

    def handshake(self, headers: dict[str, str]) -> Any:
        """
        Open a session with these headers, and say what it is known by.
        """
        before = set(self.server.io.clients)
        self.assertEqual(self.server.get("/xhr-polling/", headers).answer().status, 200)
        (sid,) = set(self.server.io.clients) - before
        return self.server.io.clients[sid].handshake

    def test_contentTypes(self) -> None:
        """
        Not looked at: what counts is the form field, which a body of another
        kind does not have.
        """
        sid = self.server.open()
        form = b"data=1%3A2%3A%3Ax%2C"
        for kind in ("text/plain", "application/octet-stream", "x", "application/json; a=\xff"):
            answer = self.post(sid, form, {"Content-Type": kind}).answer()
            self.assertEqual((answer.status, answer.body), (200, b"ok"))
            self.assertRefused(
                self.post(sid, b'["data=x"]', {"Content-Type": kind}),
                400,
                "the form field data is missing or empty",
            )
        self.assertEqual(self.seen, ["x"] * 4)

    def test_multipart(self) -> None:
        """
        400: from us if it is in order, from Twisted if it is not.
        """
        sid = self.server.open()
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        body = b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n1:2::x,\r\n--b--\r\n'
        self.assertRefused(
            self.post(sid, body, kind), 400, "the form field data is missing or empty"
        )
        for headers, broken in (
            (kind, b"--b\r\nContent-Disposition: x\r\n"),
            ({"Content-Type": "multipart/form-data"}, b"--b"),
        ):
            answer = self.post(sid, broken, headers).answer()
            self.assertEqual(answer.status, 400)
        self.assertEqual((self.seen, self.gone), ([], []))

    def test_badUTF8(self) -> None:
        """
        400, and the session does not suffer: none of it has been read.
        """
        sid = self.server.open()
        for data in (b"%ff", b"\xff", b"1%3A2%3A%3A%C3%2C", b"%ED%A0%80", b"%C0%80"):
            self.assertRefused(self.post(sid, b"data=" + data), 400, "the body is not UTF-8")
        self.post(sid, b"data=1:2::x,")
        self.assertEqual((self.seen, self.gone), (["x"], []))

    def test_pollAbortedForGood(self) -> None:
        """
        The end, after C{closeTimeout}.
        """
        self.server.poll(self.server.open()).lose()
        self.wait(7.9)
        self.assertEqual(self.gone, [])
        self.wait(0.3)
        self.assertEqual(self.gone, ["transport close"])

    def test_handshakesNeverFollowedUp(self) -> None:
        """
        A thousand sessions, of which nothing is left after C{closeTimeout}.
        """
        for _ in range(1000):
            self.server.open()
        self.assertEqual(len(self.server.io.clients), 1002)
        self.wait(8.2)
        self.assertEqual(set(self.server.io.clients), self.honest)
        self.assertEqual(self.gone, ["transport close"] * 1000)

    def test_anotherClientsSession(self) -> None:
        """
        400 on any other transport than its own.
        """
        (stream,) = self.honest - {self.poller}
        for url, sid in (("/jsonp-polling/%s/1/0", self.poller), ("/xhr-polling/%s/1", stream)):
            for wire in (self.server.get(url % sid), self.server.post(url % sid, "1:2::x,")):
                self.assertRefused(wire, 400, "this session belongs to another transport")
        self.assertRefused(
            self.server.webSocket(f"/websocket/{self.poller}"),
            400,
            "this session belongs to another transport",
        )
        self.assertEqual(self.gone, [])


class PollAttacks(AttackCase):
    """
    Polls and POSTs, one behind the other or at once.
    """

    def behind(self, wire: Wire, sid: str) -> None:
        """
        POST on the connection of a poll.
        """
        body = self.bodyOf(self.text("x"))
        self.server.request("POST", f"/socket.io{self.postURL(sid)}", FORM, body, wire=wire)

    def test_contentLengths(self) -> None:
        """
        Twisted answers 400 to what is no length, and to two of them.
        """
        sid = self.openPolling()
        for lines in (
            "Content-Length: -1",
            "Content-Length: +1",
            "Content-Length: 1e3",
            "Content-Length: 0x10",
            "Content-Length: 1, 1",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip",
        ):
            wire = self.server.connect()
            wire.receive(f"POST /socket.io{self.postURL(sid)} HTTP/1.1\r\n{lines}\r\n\r\n".encode())
            self.assertEqual((wire.answer().status, wire.disconnecting), (400, True), lines)
        self.assertEqual(self.seen, [])

    def test_pipelinedPollAndPOST(self) -> None:
        """
        HTTP answers in order: the POST waits behind the poll, no longer than
        C{duration}; what it brings is not lost.
        """
        sid = self.openPolling()
        wire = self.pollOf(sid)
        self.behind(wire, sid)
        self.assertEqual((wire.value(), self.seen), (b"", []))
        self.wait(20)
        self.assertEqual([answer.body for answer in wire.answers()], [self.idle, self.receipt])
        self.assertEqual(self.seen, ["x"])
        self.assertEqual(self.pollOf(sid).answer().body, self.text("x").encode())

    def test_pipelinedPOSTWithinAnother(self) -> None:
        """
        A POST on another connection has the poll answered by its first
        message: the one that waited behind the poll comes in the middle of
        it, and is refused; neither is mixed with the other.
        """
        sid = self.openPolling()
        wire = self.pollOf(sid)
        self.behind(wire, sid)
        other = self.postPackets(sid, self.text("a"), self.text("b"))
        self.assertEqual(other.answer().body, self.receipt)
        self.assertEqual([answer.status for answer in wire.answers()], [200, 409])
        self.assertEqual(self.seen, ["a", "b"])
        self.assertEqual(self.pollOf(sid).answer().body, self.text("b").encode())

    def test_pipelinedFlood(self) -> None:
        """
        Behind a poll Twisted reads 16 KB more, then stops the peer.
        """
        sid = self.openPolling()
        wire = self.pollOf(sid)
        wire.receive(f"GET /socket.io{self.pollURL(sid)} HTTP/1.1\r\n\r\n".encode() * 1000)
        self.assertEqual(wire.producerState, "paused")
        self.assertEqual(wire.value(), b"")

    def test_secondPoll(self) -> None:
        """
        The older is answered empty, a thousand times.
        """
        sid, client = self.pollingAttacker()
        polls = [self.pollOf(sid) for _ in range(1000)]
        self.assertEqual({poll.answer().body for poll in polls[:-1]}, {self.idle})
        self.assertEqual(polls[-1].value(), b"")
        client.send("x")
        self.assertEqual(polls[-1].answer().body, self.text("x").encode())

    def test_secondPOST(self) -> None:
        """
        One that comes while a handler of the first one's message is still at
        work waits its turn, and is answered at once.
        """
        work: list[Deferred[None]] = []

        def slow(message: Any) -> Deferred[None]:
            work.append(Deferred())
            return work[-1]

        sid, client = self.pollingAttacker()
        client.on("message", slow)
        for number in range(3):
            wire = self.postPackets(sid, self.text(str(number)))
            self.assertEqual(wire.answer().body, self.receipt)
        self.assertEqual(self.seen, ["0"])
        work[0].callback(None)
        self.assertEqual(self.seen, ["0", "1"])
        work[1].callback(None)
        self.assertEqual(self.seen, ["0", "1", "2"])

    def test_pollAborted(self) -> None:
        """
        Nothing is lost: the next poll brings it.
        """
        sid, client = self.pollingAttacker()
        for _ in range(100):
            self.pollOf(sid).lose()
        client.send("x")
        self.assertEqual(self.pollOf(sid).answer().body, self.text("x").encode())

    def test_requestAborted(self) -> None:
        """
        In the middle of its body: nobody hears of it.
        """
        sid = self.openPolling()
        wire = self.server.connect()
        wire.receive(
            f"POST /socket.io{self.postURL(sid)} HTTP/1.1\r\nContent-Length: 100\r\n\r\n".encode()
            + self.bodyOf(self.text("x"))
        )
        wire.lose()
        self.assertEqual((self.seen, self.gone), ([], []))


class JSONPAttacks(AttackCase):
    """
    jsonp-polling: answers are scripts, which the page runs.
    """

    def test_index(self) -> None:
        """
        400 for what is no number of up to 15 digits.
        """
        for index in (
            "x",
            "-1",
            "1.5",
            "1e3",
            "0x10",
            "alert(1)",
            "%31]%3balert(1",
            "9" * 16,
            "Ù£",
        ):
            self.assertRefused(
                self.server.get(f"/jsonp-polling//1/{quote(index, safe='%()')}"),
                400,
                "a JSONP request needs an index at the end of its URL",
            )
        self.assertEqual(set(self.server.io.clients), self.honest)

    def test_data(self) -> None:
        """
        The script is one call with one string, whatever is in it.
        """
        evil = "</script><!--\"');alert(1)//\\\u2028\u2029\0\x1f\x7f\r\n😀`${x}"
        self.server.get("/jsonp-polling//1/0")
        (sid,) = set(self.server.io.clients) - self.honest
        self.server.io.clients[sid].send(evil)
        script = self.server.get(f"/jsonp-polling/{sid}/1/5").answer().body.decode()
        call = re.fullmatch(r'io\.JSONP\[5\]\._\(("(?:[^"\\\r\n\u2028\u2029]|\\.)*")\)', script)
        assert call is not None, script
        self.assertEqual(json.loads(call[1]), message(":" + evil))


class PayloadAttacks(AttackCase):
    """
    What is no packet.
    """

    # Each attack is one line in the log; ten a second are written.
    lines = 60

    def test_empty(self) -> None:
        """
        400, and no harm: it is a form without its field.
        """
        sid = self.server.open()
        for body in (b"", b"data=", b"data", b"&&&", b"=", b"x" * 100_000):
            self.assertRefused(self.post(sid, body), 400, "the form field data is missing or empty")
        self.assertEqual(self.gone, [])

    def test_emptyMessage(self) -> None:
        """
        On a WebSocket it brings nothing, and does no harm.
        """
        wire = self.say("")
        wire.say("1:2::x,")
        self.assertEqual((wire.texts(), self.gone), (["1:2::x,"], []))

    def test_separators(self) -> None:
        """
        Few or many.
        """
        for count in (1, 2, 100_000):
            self.assertUnreadable("," * count, "unknown frame type ','")
            self.assertUnreadable(":" * count, "a frame without a type")
            self.assertUnreadable("\n" * count, "unknown frame type '\\n'")

    def test_formSeparators(self) -> None:
        """
        A form of a hundred thousand fields has none that counts.
        """
        self.assertRefused(
            self.post(self.server.open(), b"&=" * 100_000),
            400,
            "the form field data is missing or empty",
        )

    def test_lengths(self) -> None:
        """
        What is no length, or too long, is told at once: nothing is waited for.
        """
        for length, line in (
            ("", "a frame without a length"),
            ("NaN", "a frame's length holds 'N'"),
            ("-1", "a frame's length holds '-'"),
            ("+1", "a frame's length holds '+'"),
            (" 1", "a frame's length holds ' '"),
            ("1.5", "a frame's length holds '.'"),
            ("1e309", "a frame's length holds 'e'"),
            ("0x10", "a frame's length holds 'x'"),
            ("00", "a frame's length begins with 0"),
            ("\u0661", "a frame's length holds '\\u0661'"),
            ("\uff11", "a frame's length holds '\\uff11'"),
        ):
            self.assertUnreadable(f"1:{length}::x,", line)

    def test_hugeLengths(self) -> None:
        """
        413, naming the limit.
        """
        line = "a frame is longer than maxPayload (1000000) allows"
        for length in ("1000001", "1000000000000", "9" * 1000, "1" * 500_000):
            self.assertUnreadable(f"1:{length}:", line, 413)

    def test_missingComma(self) -> None:
        """
        Told by what stands in its place.
        """
        self.assertUnreadable("1:1::x", "no ',' where a frame's data ends, but 'x'")
        self.assertUnreadable(
            "1:1::\U0001f600", "no ',' where a frame's data ends, but '\\U0001f600'"
        )

    def test_lengthsInUTF16(self) -> None:
        """
        A character of two units has the length 2, and no frame ends inside
        one.
        """
        self.assertReadable("1:3::😀,", "😀")
        self.assertUnreadable("1:2::😀,", "a frame's length ends inside a character")
        self.assertReadable(message(":" + "😀" * 10_000), "😀" * 10_000)

    def test_neverComplete(self) -> None:
        """
        A frame that goes on and on ends with its announced length; till then
        it waits, and what came before it has been heard.
        """
        self.assertReadable("1:2::x,1:900000:", "x")

    def test_oneUnitAtATime(self) -> None:
        """
        A packet in as many messages as it has characters.
        """
        wire = self.openSocket()
        for character in "1:3::😀,1:2::x,":
            wire.say(character)
        self.assertEqual(self.seen, ["😀", "x"])

    def test_tinyPackets(self) -> None:
        """
        More than C{maxPackets} at once, in a POST of less than C{maxPayload}:
        413, naming the limit. Those below it have been heard.
        """
        line = "more packets at once than maxPackets (10000) allows"
        self.assertUnreadable("1:1::," * 100_000, line, 413)
        self.assertEqual(len(self.seen), 20_000)
        self.assertUnreadable("2:1:1," * 100_000, line, 413)

    def test_badUTF8(self) -> None:
        """
        RFC 6455's own code for it.
        """
        wire = self.send(frame(TEXT, b"1:2::\xff,"))
        self.assertClosed(
            wire,
            1007,
            "encountered invalid UTF-8 while processing text message at payload octet index 5",
        )
        self.assertEqual((self.seen, self.gone), ([], ["transport error"]))


class PacketAttacks(AttackCase):
    """
    Packets that make no sense.
    """

    lines = 60

    def test_types(self) -> None:
        """
        There are four, and a client may send three of them.
        """
        for type in "456789abcxyzABCXYZ-+ \0\x7f\xe9😀":
            self.assertUnreadable(f"{type}:0:,", f"unknown frame type {type!a}")
        self.assertUnreadable("1:0:,", "no ':' before a message's text")
        self.assertUnreadable("2:0:,", "a heartbeat is no number of up to 15 digits")
        self.assertUnreadable("3:3:abc,", "a frame of type 3: only the server names the session")
        self.assertUnreadable("0:1:x,", "a frame of type 0 with data")
        self.assertUnreadable("10:0:,", "no ':' behind a frame's type, but '0'")

    def test_goodbye(self) -> None:
        """
        What follows it is not heard.
        """
        sid = self.server.open()
        wire = self.server.post(f"/xhr-polling/{sid}/send", "1:2::x,0:0:,1:2::y,9")
        self.assertEqual(wire.answer().body, b"ok")
        self.assertEqual((self.seen, self.gone), (["x"], ["client namespace disconnect"]))

    def test_numbers(self) -> None:
        """
        Ids of acknowledgements and heartbeats have up to 15 digits.
        """
        line = "an acknowledgement's id is no number of up to 15 digits"
        for id in ("9" * 16, "9" * 900_000, "-1", "1.5", "01", "1e3", "\u0661", "x"):
            self.assertUnreadable(message(f"a:{id}\ne:x\nj\n:[]"), line)
        line = "a heartbeat is no number of up to 15 digits"
        for beat in ("9" * 16, "9" * 900_000, "-1", "1.5", "01", "\u0661"):
            self.assertUnreadable(f"2:{len(beat)}:{beat},", line)

    def test_namespaces(self) -> None:
        """
        One that the application does not know, long or short.
        """
        self.assertUnreadable(message("r:x\n:y"), "there is no namespace '/x'")
        self.assertUnreadable(message("r:__proto__\n:y"), "there is no namespace '/__proto__'")
        self.assertUnreadable(message("r:\0\n:y"), "there is no namespace '/\\x00'")
        self.assertUnreadable(
            message(f"r:{'x' * 900_000}\n:y"), f"there is no namespace '/{'x' * 49}'"
        )
        self.assertUnreadable(message("r:\n:y"), "annotation 'r' is empty")

    def test_eventNames(self) -> None:
        """
        An event has a name, which stands in an annotation: it is text. Odd
        ones are an event that nobody listens to.
        """
        self.assertUnreadable(message("e:\nj\n:[]"), "an event without a name")
        for name in ("{}", "true", "null", "0", "__proto__", "message\0", "x" * 100_000):
            self.assertReadable(message(f"e:{name}\nj\n:[1]"))

    def test_arguments(self) -> None:
        """
        A list, as JSON.
        """
        for data in ('{"0":1,"length":1}', "null", '"x"', "1", "true"):
            self.assertUnreadable(message(f"e:x\nj\n:{data}"), "the arguments are no list")
        self.assertUnreadable(message("e:x\n:[]"), "an event or an acknowledgement without 'j'")

    def test_reservedNames(self) -> None:
        """
        Not for clients; the default namespace is not joined by an event.
        """
        for name in (
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
            "error",
        ):
            self.assertUnreadable(message(f"e:{name}\nj\n:[]"), f"the event {name!r} is reserved")
        self.server.io.of("/chat")
        for name in ("connect_error", "disconnecting", "newListener", "removeListener", "error"):
            self.assertUnreadable(
                message(f"r:chat\ne:{name}\nj\n:[]"), f"the event {name!r} is reserved"
            )

    def test_loneSurrogates(self) -> None:
        """
        JavaScript has such strings, and UTF-8 has not: they come and go as
        escapes.
        """
        wire = self.say(message('j\n:"\\ud800"'))
        self.assertEqual(self.seen, ["\ud800"])
        (echo,) = wire.texts()
        self.assertIn("\ufffd", echo)
        wire = self.say(message('j\n:["\\ud800"]'))
        self.assertEqual(wire.texts(), [message('j\n:["\\ud800"]')])

    def test_joiningTwice(self) -> None:
        """
        It is confirmed again, and is one client.
        """
        chat = self.server.io.of("/chat")
        wire = self.say(message("r:chat\ne:connect\nj\n:[]") * 2)
        self.assertEqual(wire.texts(), [message("r:chat\ne:connect\nj\n:[]")] * 2)
        self.assertEqual(len(chat.clients), 1)

    def test_acknowledgements(self) -> None:
        """
        One that answers nothing, or answers twice, is ignored.
        """
        wire = self.openSocket()
        (sid,) = set(self.server.io.clients) - self.honest
        answers: list[Any] = []
        self.server.io.clients[sid].emitWithAck("x").addCallback(answers.append)
        wire.say(message('a:2\ne:\nj\n:["none"]'))
        wire.say(message('a:1\ne:\nj\n:["once"]'))
        wire.say(message('a:1\ne:\nj\n:["twice"]'))
        self.assertEqual((answers, self.gone), (["once"], []))

    def test_annotations(self) -> None:
        """
        C{null} is JSON. Twice the same, without an end, or too many: not.
        """
        self.assertReadable(message("j\n:null"), None)
        self.assertUnreadable(message("j\nj\n:1"), "annotation 'j' twice")
        self.assertUnreadable(message("x" * 100_000), "no ':' before a message's text")
        self.assertUnreadable(message("x\n" * 100_000), "more than 100 annotations")
        self.assertUnreadable(message("x\n" * 100_000 + ":"), "more than 100 annotations")
        self.assertUnreadable(message("\n:x"), "an annotation without a key")
        self.assertUnreadable(message("a:1\n:x"), "annotation 'a' without 'e'")


class JSONAttacks(AttackCase):
    """
    JSON that is none, or too much of it.
    """

    lines = 60

    def test_numbersInJSON(self) -> None:
        """
        JSON knows neither NaN nor infinity; Python reads 4,300 digits.
        """
        for number, line in (
            ("NaN", "the JSON holds NaN"),
            ("Infinity", "the JSON holds Infinity"),
            ("-Infinity", "the JSON holds -Infinity"),
            ("1e309", "the JSON holds a number that is too large"),
            ("-1e309", "the JSON holds a number that is too large"),
            ("9" * 10_000, "the JSON holds a number that is too long"),
        ):
            self.assertUnreadable(self.json(f"[{number}]"), line)

    def test_brokenJSON(self) -> None:
        """
        Told where.
        """
        for text, place in (("", 0), ("{", 1), ("[1,]", 3), ("'x'", 0), ("\0", 0), ("01", 1)):
            self.assertUnreadable(self.json(text), f"the JSON is broken at character {place}")

    def test_nesting(self) -> None:
        """
        256 levels.
        """
        for text in ("[" * 100_000, "[" * 1000 + "]" * 1000, '{"a":' * 300 + "1" + "}" * 300):
            self.assertUnreadable(self.json(text), "the JSON is nested too deeply")


class WaitingAttacks(AttackCase):
    """
    Packets that come before the application is ready for them.
    """

    def test_beforeBeingLetIn(self) -> None:
        """
        What comes while middleware still thinks waits, and is heard if it
        lets the client in.
        """
        asked: list[Deferred[None]] = []

        def middleware(client: Client) -> Deferred[None]:
            asked.append(Deferred())
            return asked[-1]

        self.server.io.use(middleware)
        echoes = [self.text("a"), self.text("b")]
        wire = self.say(echoes[0])
        wire.say(echoes[1])
        self.assertEqual((self.seen, wire.texts()), ([], []))
        asked[0].callback(None)
        self.assertEqual((self.seen, wire.texts()[-2:]), (["a", "b"], echoes))
        refused = self.say(self.text("c"))
        asked[1].errback(ConnectionRefused("no"))
        self.assertEqual(self.seen, ["a", "b"])
        self.assertClosed(refused, 1000, "forced close")

    def test_floodBeforeBeingLetIn(self) -> None:
        """
        No more than C{maxPending} wait.
        """
        self.serve(maxPending=100)
        self.server.io.use(lambda client: Deferred())
        wire = self.say(self.together(*[self.text("")] * 101))
        self.assertClosed(wire, 1008, "too many pending messages: more than 100 packets wait")
        self.assertEqual(self.seen, [])

    def test_floodOfASlowHandler(self) -> None:
        """
        The same.
        """
        self.serve(maxPending=100)
        wire, client = self.attacker()
        client.on("message", lambda message: Deferred())
        wire.say(self.together(*[self.text("")] * 102))
        self.assertClosed(wire, 1008, "too many pending messages: more than 100 packets wait")

    def test_floodOfLargePackets(self) -> None:
        """
        Nor more than C{maxPendingBytes}.
        """
        self.serve(maxPendingBytes=50_000)
        wire, client = self.attacker()
        client.on("message", lambda message: Deferred())
        for _ in range(10):
            wire.say(self.text("x" * 10_000))
        self.assertClosed(
            wire, 1008, "too many pending messages: packets of more than 50000 bytes wait"
        )


class WebSocketAttacks(AttackCase):
    """
    Frames of RFC 6455 that are none.
    """

    @property
    def hello(self) -> bytes:
        """
        A packet that says C{x}.
        """
        return self.text("x").encode()

    def assertFailed(self, code: int, reason: str, *pieces: bytes) -> None:
        """
        These bytes are answered with that code, and nobody hears of them.
        """
        self.gone.clear()
        self.assertClosed(self.send(*pieces), code, reason)
        self.assertEqual((self.seen, self.gone), ([], ["transport error"]))

    def test_reservedBits(self) -> None:
        """
        No extension is negotiated.
        """
        for bits in (1, 2, 4, 7):
            data = frame(TEXT, self.hello)
            self.assertFailed(
                1002,
                f"RSV = {bits} and no extension negotiated",
                bytes([data[0] | bits << 4]) + data[1:],
            )

    def test_deflateBomb(self) -> None:
        """
        Compression is never negotiated: nothing is inflated.
        """
        headers = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
        wire = self.server.webSocket(self.socketURL(), headers)
        self.assertNotIn(b"permessage-deflate", wire.value())
        wire.frames()
        data = frame(TEXT, b"\xec\xc1\x01\x01" + b"\0" * 10_000)
        wire.receive(bytes([data[0] | 0x40]) + data[1:])
        self.assertClosed(wire, 1002, "RSV = 4 and no extension negotiated")

    def test_unmasked(self) -> None:
        self.assertFailed(
            1002, "unmasked client-to-server frame", frame(TEXT, self.hello, mask=b"")
        )

    def test_reservedOpcodes(self) -> None:
        for opcode in range(3, 8):
            reason = f"data frame using reserved opcode {opcode}"
            self.assertFailed(1002, reason, frame(opcode, b"x"))
        for opcode in range(11, 16):
            reason = f"control frame using reserved opcode {opcode}"
            self.assertFailed(1002, reason, frame(opcode, b"x"))

    def test_controlFrames(self) -> None:
        """
        In one piece, of up to 125 bytes.
        """
        for opcode in (CLOSE, PING, PONG):
            self.assertFailed(
                1002, "fragmented control frame", frame(opcode, b"\x03\xe8", final=False)
            )
            self.assertFailed(
                1002,
                "control frame with payload length > 125 octets",
                frame(opcode, b"\x03\xe8" + b"x" * 124),
            )

    def test_closeFrames(self) -> None:
        """
        The reason arrives before the connection is closed.
        """
        self.assertFailed(
            1002, "received close control frame with payload len 1", frame(CLOSE, b"x")
        )
        for code in (0, 999, 1004, 1005, 1006, 1016, 2999, 5000, 65535):
            self.assertFailed(
                1002, f"invalid close code {code}", frame(CLOSE, struct.pack("!H", code))
            )
        for reason in (b"\xff", b"\xed\xa0\x80", b"\xc3"):
            self.assertFailed(
                1007,
                "invalid close reason (non-UTF8 payload)",
                frame(CLOSE, b"\x03\xe8" + reason),
            )

    def test_dataAfterClose(self) -> None:
        """
        Not heard, and not answered.
        """
        wire = self.send(frame(CLOSE, b"\x03\xe8") + frame(TEXT, self.hello) * 100)
        self.assertClosed(wire, 1000, "")
        self.assertEqual((self.seen, self.gone), ([], ["transport close"]))

    def test_dataAfterOurClose(self) -> None:
        """
        Who has been told to go and goes on talking is not heard, and is cut
        off after C{closeHandshakeTimeout}.
        """
        wire = self.say("x")
        wire.say(self.text("x"))
        wire.receive(frame(PING, b"x"))
        self.wait(4.9)
        wire.say(self.text("x"))
        self.assertEqual((self.seen, wire.aborted), ([], False))
        self.wait(0.2)
        self.assertEqual((self.seen, wire.aborted), ([], True))

    def test_lengths(self) -> None:
        """
        Too long for anybody, too long for us, and longer than they need be.
        """
        mask, data = b"\x01\x02\x03\x04", frame(TEXT, b"1:2::x,")[6:]
        self.assertFailed(
            1002, "invalid data frame length (>2^63)", b"\x81\xff" + b"\x80" + b"\0" * 7 + mask
        )
        minimal = "invalid data frame length (not using minimal length encoding)"
        self.assertFailed(1002, minimal, b"\x81\xfe\0\x07" + mask + data)
        self.assertFailed(1002, minimal, b"\x81\xff" + b"\0" * 7 + b"\x07" + mask + data)
        for length in (1_000_001, 10**12):
            self.assertFailed(
                1009,
                f"received WebSocket message size {length} exceeds payload limit of 1000000 octets",
                b"\x81\xff" + length.to_bytes(8, "big") + mask,
            )

    def test_fragmentsTooLong(self) -> None:
        """
        The limit holds for all fragments together.
        """
        self.assertFailed(
            1009,
            "received WebSocket message size 1200000 exceeds payload limit of 1000000 octets",
            frame(TEXT, b"x" * 600_000, final=False),
            frame(0, b"x" * 600_000, final=False),
        )

    def test_endlessFragments(self) -> None:
        """
        Empty ones count too.
        """
        self.assertFailed(
            1009,
            "more fragments than maxPackets (10000) allows",
            frame(TEXT, b"", final=False),
            frame(0, b"", final=False) * 10_000,
        )

    def test_fragmentsOfManyMessages(self) -> None:
        """
        The limit is each message's.
        """
        self.serve(maxPackets=10)
        piece = frame(TEXT, self.hello[:3], final=False) + frame(0, self.hello[3:])
        wire = self.send(piece * 100)
        self.assertEqual((len(self.seen), self.gone, len(wire.texts())), (100, [], 100))

    def test_fragmentsOutOfOrder(self) -> None:
        self.assertFailed(
            1002, "received continuation data frame outside fragmented message", frame(0, b"x")
        )
        self.assertFailed(
            1002,
            "received non-continuation data frame while inside fragmented message",
            frame(TEXT, b"x", final=False) + frame(TEXT, b"x"),
        )

    def test_oneByteAtATime(self) -> None:
        """
        Opening, frames and closing: the same as in one piece.
        """
        wire = self.server.connect()
        said = self.text("😀").encode()
        for byte in self.opening() + frame(TEXT, said) + frame(CLOSE, b"\x03\xe8"):
            wire.receive(bytes([byte]))
        _, echo, closing = wire.frames()
        self.assertEqual(echo.payload, said)
        self.assertEqual(closing, (CLOSE, b"\x03\xe8"))

    def test_binary(self) -> None:
        """
        The first protocol has no binary messages.
        """
        wire = self.send(frame(BINARY, self.hello))
        self.assertClosed(wire, 1002, "parse error: binary data, which this protocol does not know")
        self.assertEqual((self.seen, self.gone), ([], ["parse error"]))

    def test_floodOfPings(self) -> None:
        """
        Answered as long as the answers are read.
        """
        wire = self.openSocket()
        wire.receive(frame(PING, b"x") * 10)
        self.assertEqual(wire.frames(), [(PONG, b"x")] * 10)
        assert wire.producer is not None
        wire.producer.pauseProducing()
        wire.receive(frame(PING, b"x" * 125) * 10_000)
        self.assertEqual(wire.value(), b"")
        wire.producer.resumeProducing()
        wire.receive(frame(PING, b"y"))
        self.assertEqual(wire.frames(), [(PONG, b"y")])

    def test_floodOfPongs(self) -> None:
        """
        Ignored, answers to nothing as they are.
        """
        wire = self.send(frame(PONG, b"x" * 125) * 10_000)
        self.assertEqual((wire.value(), self.gone), (b"", []))


class OpeningAttacks(AttackCase):
    """
    The opening of a WebSocket.
    """

    def test_bytesBehindTheHeaders(self) -> None:
        """
        Frames in the same segment as the opening are heard after it.
        """
        said = self.text("x")
        wire = self.server.connect()
        wire.receive(self.opening() + frame(TEXT, said.encode()) * 3)
        self.assertEqual(wire.texts()[1:], [said] * 3)

    def test_rubbishBehindTheHeaders(self) -> None:
        """
        A second request is no frame.
        """
        wire = self.server.connect()
        wire.receive(self.opening() * 2)
        self.assertClosed(wire, 1002, "RSV = 4 and no extension negotiated")

    def test_behindAPoll(self) -> None:
        """
        It waits for the poll's answer, as any request on that connection.
        """
        sid, client = self.pollingAttacker()
        wire = self.pollOf(sid)
        wire.receive(self.opening())
        self.assertEqual(wire.value(), b"")
        client.send("x")
        self.assertIn(b"HTTP/1.1 101 ", wire.value())
        wire.clear()
        wire.say(self.text("y"))
        self.assertEqual(wire.texts(), [self.text("y")])

    def test_goneAtOnce(self) -> None:
        """
        A session that begins and ends.
        """
        self.openSocket().lose()
        self.wait(0.2)
        self.assertEqual(self.gone, ["transport close"])

    def test_withABody(self) -> None:
        """
        A GET's body is read and counts for nothing.
        """
        url, body = f"/socket.io{self.socketURL()}", self.text("x").encode()
        wire = self.server.request("GET", url, HANDSHAKE, body)
        self.assertEqual(len(wire.texts()), 1)
        wire.say(self.text("y"))
        self.assertEqual(self.seen, ["y"])

    def test_http2(self) -> None:
        """
        426: what RFC 8441 has for that, Twisted does not know.
        """
        channel = Mock(transport=None)
        request = Request(channel)
        request.requestHeaders = Headers({k: [v] for k, v in HANDSHAKE.items()})
        transport: Any = self.server.io.router._transports["websocket"]
        self.assertIsInstance(transport, WebSocket)
        error = self.assertRaises(RemoteProtocolError, transport.get, request, Mock(sid=None))
        self.assertEqual(
            (error.httpStatus, error.reason), (426, "this URL takes WebSocket connections only")
        )

    def test_withoutUpgrade(self) -> None:
        for headers in ({}, {**HANDSHAKE, "Upgrade": "IRC"}, {**HANDSHAKE, "Upgrade": ""}):
            self.assertRefused(
                self.server.get(self.socketURL(), headers),
                426,
                "this URL takes WebSocket connections only",
            )

    def test_headers(self) -> None:
        """
        400 where RFC 6455 wants another value.
        """
        for headers, words in (
            ({"Connection": "keep-alive"}, "Connection"),
            ({"Sec-WebSocket-Version": "99"}, "supported versions: 13"),
            ({"Sec-WebSocket-Version": "x"}, "Sec-WebSocket-Version"),
            ({"Sec-WebSocket-Version": ""}, "Sec-WebSocket-Version"),
            ({"Sec-WebSocket-Version": "9" * 5000}, "Sec-WebSocket-Version"),
            ({"Sec-WebSocket-Key": "x"}, "Sec-WebSocket-Key"),
            ({"Sec-WebSocket-Key": "x" * 24}, "Sec-WebSocket-Key"),
            ({"Sec-WebSocket-Key": "\xe9" * 22 + "=="}, "Sec-WebSocket-Key"),
        ):
            wire = self.server.webSocket(self.socketURL(), headers)
            self.assertHandshakeRefused(wire, 400, words)
        self.assertEqual(set(self.server.io.clients), self.honest)

    def test_protocolsAndExtensions(self) -> None:
        """
        None is taken; what is no list of them does no harm.
        """
        for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
            for value in ("a" + " " * 15_000 + ",", "\xe9\xff", "," * 10_000, "a,b", '"'):
                wire = self.server.webSocket(self.socketURL(), {name: value})
                status, lines = wire.value().split(b"\r\n", 1)
                self.assertIn(status.split(b" ")[1], (b"101", b"400"))
                self.assertNotIn(name.encode(), lines)
            wire = self.server.webSocket(self.socketURL(), {name: "a" + " " * 50_000})
            self.assertEqual((wire.value(), wire.disconnecting), (b"", True))

    def test_keysOf2010(self) -> None:
        """
        400 for keys that have no solution, and 408 for those of which one
        never comes.
        """
        right = {"Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5", "Upgrade": "WebSocket"}
        for key, status, line in (
            ("4146546510", 400, "Sec-WebSocket-Key2 holds no space"),
            ("1 2 3 4", 400, "the number in Sec-WebSocket-Key2 is no multiple of its spaces"),
            ("12998 5 Y3 1  .P00", 408, "the last 8 bytes of the opening have not come"),
        ):
            headers = {**right, "Sec-WebSocket-Key2": key}
            wire = self.server.get(self.socketURL(), headers)
            self.wait(5.1)
            self.assertRefused(wire, status, line)
        self.assertEqual(set(self.server.io.clients), self.honest)

    def test_floodOfBadOpenings(self) -> None:
        """
        A thousand: not a line in the log.
        """
        for _ in range(1000):
            self.server.webSocket(self.socketURL(), {"Sec-WebSocket-Key": "x"})
        self.assertEqual(self.log, [])


class SessionAttacks(AttackCase):
    """
    Heartbeats, rooms and the end.
    """

    def test_floodOfHeartbeats(self) -> None:
        """
        No timer, no answer, no line.
        """
        wire = self.openSocket()
        calls = len(self.server.clock.getDelayedCalls())
        for number in range(1000):
            wire.say(f"2:{len(str(number))}:{number}," * 10)
        self.assertEqual(len(self.server.clock.getDelayedCalls()), calls)
        self.assertEqual((wire.texts(), self.gone, self.log), ([], [], []))

    def test_heartbeatsInAdvance(self) -> None:
        """
        Answers to heartbeats that have not been sent don't count.
        """
        wire = self.say("2:1:1,2:1:2,")
        self.wait(10.2)
        self.assertEqual(wire.texts(), ["2:1:1,"])
        self.wait(8.2)
        self.assertEqual(self.gone, ["ping timeout"])

    def test_roomOfAnotherClient(self) -> None:
        """
        There is no way to ask for a room: rooms are the application's.
        """
        (stream,) = self.honest - {self.poller}
        wire = self.say(message(f'e:join\nj\n:["{stream}"]'))
        self.server.io.to(stream).send("secret")
        self.assertEqual(wire.texts(), [])
        self.assertEqual(self.webSocket.texts(), ["1:7::secret,"])

    def test_useAfterClose(self) -> None:
        """
        404 for who polls, silence for what is said to who has gone.
        """
        sid = self.server.open()
        client = self.server.io.clients[sid]
        self.server.post(f"/xhr-polling/{sid}/send", "0:0:,")
        client.send("x")
        client.emit("x")
        client.disconnect()
        for wire in (self.server.poll(sid), self.server.post(f"/xhr-polling/{sid}/send", "1:1::,")):
            self.assertRefused(wire, 404, "unknown session id")
        self.assertEqual(self.gone, ["client namespace disconnect"])

    def test_afterTheServersGoodbye(self) -> None:
        """
        404 for what a client still posts, while its goodbye can be fetched.
        """
        sid = self.server.open()
        self.server.io.clients[sid].disconnect()
        self.assertRefused(
            self.server.post(f"/xhr-polling/{sid}/send", "1:2::x,"), 404, "this session has ended"
        )
        self.assertEqual(self.server.poll(sid).answer().body, b"0:0:,")
        self.assertEqual((self.seen, self.gone), ([], ["server namespace disconnect"]))


class LoadAttacks(AttackCase):
    """
    Too much of everything. C{test_attacks_sockets.py} has what needs sockets.
    """

    #: Where a session is opened, and a WebSocket that cannot have one.
    newURL: ClassVar[str] = "/xhr-polling/"
    newSocketURL: ClassVar[str] = "/websocket"

    def test_whoNeverPolls(self) -> None:
        """
        What waits is bounded in bytes and in packets; no more than that is
        kept, and the reason is told to the application.
        """
        for sent, count in (("x" * 100_000, 2000), ("", 20_000)):
            self.gone.clear()
            sid, client = self.pollingAttacker()
            for _ in range(count):
                client.send(sent)
            self.assertEqual((self.gone, client.connected), (["slow consumer"], False))
            self.assertEnded(sid)

    def test_whoNeverReads(self) -> None:
        """
        The same on a WebSocket whose socket takes nothing; it is cut at once.
        """
        wire, client = self.attacker()
        assert wire.producer is not None
        wire.producer.pauseProducing()
        for _ in range(2000):
            client.send("x" * 100_000)
        self.assertEqual((self.gone, wire.aborted, wire.value()), (["slow consumer"], True, b""))

    def test_whoReadsSlowly(self) -> None:
        """
        What waits leaves whenever the socket takes it, in order.
        """
        wire, client = self.attacker()
        assert wire.producer is not None
        for number in range(5):
            wire.producer.pauseProducing()
            client.send(str(number))
            self.assertEqual(wire.value(), b"")
            wire.producer.resumeProducing()
            self.assertEqual(wire.texts(), [self.text(str(number))])

    def test_sessionsPerAddress(self) -> None:
        """
        503 for the next one, over HTTP and on a WebSocket; one that has gone
        makes room.
        """
        self.serve(maxSessionsPerAddress=len(self.honest) + 2)
        self.openPolling()
        last = self.openPolling()
        line = "too many sessions from your address"
        self.assertNoMore(line)
        self.assertEqual(self.fromElsewhere().answer().status, 200)
        self.postPackets(last, self.goodbye.decode())
        self.assertEqual(self.server.get(self.newURL).answer().status, 200)

    def assertNoMore(self, line: str) -> None:
        """
        No session is to be had, for that reason.
        """
        self.assertRefused(self.server.get(self.newURL), 503, line)
        self.assertHandshakeRefused(self.server.webSocket(self.newSocketURL), 503, line)

    def fromElsewhere(self) -> Wire:
        """
        Open a session from another address.
        """
        wire = self.server.connect("10.1.1.1")
        return self.server.request("GET", f"/socket.io{self.newURL}", wire=wire)

    def test_sessions(self) -> None:
        """
        503 from anywhere.
        """
        self.serve(maxSessions=len(self.honest) + 1)
        self.openPolling()
        self.assertNoMore("too many sessions")
        self.assertRefused(self.fromElsewhere(), 503, "too many sessions")

    def test_handshakesPerSecond(self) -> None:
        """
        503 until the next second.
        """
        self.serve(maxSessionsPerSecond=len(self.honest) + 3)
        answers = [self.server.get(self.newURL).answer().status for _ in range(100)]
        self.assertEqual(answers, [200] * 3 + [503] * 97)
        self.assertNoMore("too many new sessions a second")
        self.server.clock.advance(1)
        self.assertEqual(self.server.get(self.newURL).answer().status, 200)

    def test_rooms(self) -> None:
        """
        An error for the application that lets a client into too many.
        """
        self.serve(maxRooms=10)
        _, client = self.attacker()
        for number in range(9):
            client.join(str(number))
        self.assertRaises(LocalProtocolError, client.join, "one more")
        self.assertEqual(len(client.rooms), 10)

    def test_acknowledgementsNeverSent(self) -> None:
        """
        The next one fails at once; all others when the client goes.
        """
        self.serve(maxAcks=10)
        _, client = self.attacker()
        outcomes: list[Any] = []
        for _ in range(10):
            client.emitWithAck("x").addErrback(outcomes.append)
        self.failureResultOf(client.emitWithAck("x"), AckTimeout)
        client.disconnect()
        self.assertEqual(len(outcomes), 10)

    def test_floodOfFaults(self) -> None:
        """
        A thousand clients that send rubbish: ten lines a second in the log,
        and the next second's first tells how many are missing.
        """
        for _ in range(1000):
            self.postPackets(self.openPolling(), "x")
        self.assertEqual(len(self.log), 10)
        self.server.clock.advance(1)
        self.postPackets(self.openPolling(), "x")
        self.assertEqual(len(self.log), 11)
        self.assertIn("(990 such lines left out before this one)", formatEvent(self.log[-1]) or "")


class DocumentTests(SynchronousTestCase):
    """
    C{docs/attacks.rst}.
    """

    here = Path(__file__).parent

    def named(self) -> list[set[str]]:
        """
        The tests that it names: those of the first protocol, of Engine.IO, and
        of Socket.IO 0.7 to 0.9.
        """
        document = self.here.parents[1] / "docs" / "attacks.rst"
        if not document.exists():
            self.skipTest("the documents are not installed")
        parts = re.split(
            "\n(?:Engine.IO 3 and 4|Socket.IO 0.7 to 0.9)\n=====", document.read_text("utf-8")
        )
        return [set(re.findall(r"``(?:\w+\.)?(test_\w+)``", part)) for part in parts]

    def tests(self, *names: str) -> set[str]:
        """
        Those of these modules.
        """
        return {
            test
            for name in names
            for test in re.findall(r"def (test_\w+)", (self.here / f"{name}.py").read_text("utf-8"))
        }

    def test_names(self) -> None:
        """
        It names every test of an attack, and no test that there is not.
        """
        named, _, _ = self.named()
        attacks = self.tests("test_attacks", "test_attacks_sockets")
        others = self.tests(
            "test_backlog",
            "test_bodylimit",
            "test_direct",
            "test_ear",
            "test_hixie",
            "test_joining",
            "test_parents",
            "test_recovery",
            "test_streaming",
            "test_sio",
            "test_eio4",
            "test_eio3",
            "test_msgpack",
            "test_websocket",
        )
        ours = {"test_names", "test_namesOfEngineIO", "test_namesOfSocketIO"}
        self.assertEqual(attacks - named, ours)
        self.assertEqual(named - attacks - others, set())

    def test_namesOfEngineIO(self) -> None:
        """
        The same, below its own headline.
        """
        _, named, _ = self.named()
        attacks = self.tests("test_engine_attacks", "test_engine_attacks_sockets")
        self.assertEqual((attacks - named, named - attacks), (set(), set()))

    def test_namesOfSocketIO(self) -> None:
        """
        The same of 0.7 to 0.9, where many are those of the first protocol once
        more.
        """
        _, _, named = self.named()
        attacks = self.tests("test_colon_attacks")
        others = self.tests("test_attacks", "test_attacks_sockets")
        self.assertEqual((attacks - named, named - attacks - others), (set(), set()))
