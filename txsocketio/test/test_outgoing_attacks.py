"""
Tests for L{txsocketio.outgoing} with servers that are hostile, or broken: each
of them ends with one reason, and nothing grows, is logged or is left over.
"""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from hashlib import sha1
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import txsocketio
from txsocketio import ClientSocket, ConnectFailed, ConnectionRefused, DisconnectReason
from txsocketio.test.lines import Line, Lines, Scripted
from txsocketio.test.support import BINARY, CLOSE, PING, TEXT, frame

OPENING = {
    "sid": "SID",
    "upgrades": [],
    "pingInterval": 25000,
    "pingTimeout": 20000,
    "maxPayload": 1000000,
}
OPEN = f"0{json.dumps(OPENING)}"
MAX = 1000

NONSENSE = (
    "",
    "7",
    "5",
    "2probe",
    "3" * 50,
    "x",
    "4",
    "47",
    "42",
    "42{}",
    "42[]",
    "42[1]",
    '42["connect"]',
    '42["a"',
    "42[" + "[" * 900,
    "43[]",
    "40[]",
    '40"x"',
    "40{}",
    '40{"sid":1}',
    '40{"sid":"x","pid":1}',
    "44",
    "44[]",
    '44{"message":1}',
    "451-[]",
    '4599999-["a"]',
    '451-["a",{"_placeholder":true,"num":5}]',
    "4/" + "n" * 900,
    OPEN,
)


def opening(**changes: Any) -> str:
    """
    An opening that differs.
    """
    return f"0{json.dumps({**OPENING, **changes})}"


class Hostile(SynchronousTestCase):
    """
    A server of the test's own.
    """

    transports: tuple[str, ...] = ("websocket",)
    protocol = "eio4"

    def setUp(self) -> None:
        self.clock = Clock()
        self.lines = Lines(Scripted)

    def tearDown(self) -> None:
        self.assertEqual(self.flushLoggedErrors(), [])

    def begin(self, **options: Any) -> Deferred[ClientSocket]:
        """
        Connect, and have what is asked arrive.
        """
        given = {"transports": self.transports, "maxPayload": MAX, **options}
        connecting = txsocketio.connect(
            "http://example.com",
            protocol=self.protocol,
            endpoint=self.lines,
            reactor=self.clock,
            **given,
        )
        self.lines.pump()
        return connecting

    def line(self, index: int = -1) -> Line:
        """
        One of the connections that were made.
        """
        return self.lines.lines[index]

    def say(self, data: bytes, line: Line | None = None) -> None:
        """
        Have the server say this, and the client take it.
        """
        line = line or self.line()
        line.far.write(data)
        self.lines.pump()

    def heard(self, line: Line | None = None) -> bytes:
        """
        What has come to the server since the last time.
        """
        server = (line or self.line()).far.protocol
        heard, server.heard = server.heard, b""
        return bytes(heard)

    def assertFailed(
        self, connecting: Deferred[Any], reason: DisconnectReason, detail: str = ""
    ) -> None:
        """
        There was no connection, for this reason, and nothing is left of it.
        """
        failure = self.failureResultOf(connecting, ConnectFailed)
        self.assertEqual(failure.value.reason, reason, failure.value)
        self.assertIn(detail, failure.value.detail)
        self.assertLess(len(failure.value.detail), 400)
        self.assertOver()

    def assertOver(self) -> None:
        """
        Nothing is left.
        """
        self.lines.pump()
        self.clock.advance(5)
        self.lines.pump()
        self.assertEqual(self.lines.up, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])


class PollCase(Hostile):
    """
    Over polling.
    """

    transports: tuple[str, ...] = ("polling",)

    def answer(
        self, body: bytes | str, status: int = 200, line: Line | None = None, **headers: str
    ) -> None:
        """
        Answer the request that waits on a line.
        """
        self.heard(line)
        data = body.encode("utf-8") if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} Something", f"Content-Length: {len(data)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.say("\r\n".join([*lines, "", ""]).encode("ascii") + data, line)

    def opened(self, **options: Any) -> ClientSocket:
        """
        A client that is in. The first line waits with a poll.
        """
        connecting = self.begin(**options)
        self.answer(OPEN, line=self.line(0))
        # Its POST took another line, or the first while that was free.
        for line in self.lines.lines:
            if b"POST" in line.far.protocol.heard:
                self.answer("ok", line=line)
        self.poll('40{"sid":"x"}')
        return self.successResultOf(connecting)

    def poll(self, body: bytes | str, **options: Any) -> None:
        """
        Answer the poll that waits.
        """
        (line,) = [
            each
            for each in self.lines.up
            if each.far.protocol.heard.startswith(b"GET")
            and b"transport=polling" in each.far.protocol.heard
        ]
        self.answer(body, line=line, **options)


class SocketCase(Hostile):
    """
    Over a WebSocket.
    """

    def accept(self, line: Line | None = None) -> None:
        """
        Answer the handshake.
        """
        request = self.heard(line)
        (key,) = [
            each.partition(b": ")[2]
            for each in request.split(b"\r\n")
            if each.lower().startswith(b"sec-websocket-key")
        ]
        digest = sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.say(head + b"Sec-WebSocket-Accept: " + b64encode(digest) + b"\r\n\r\n", line)

    def tell(self, *texts: str, line: Line | None = None) -> None:
        """
        Say text messages.
        """
        self.say(b"".join(frame(TEXT, each.encode("utf-8"), mask=b"") for each in texts), line)

    def opened(self, **options: Any) -> ClientSocket:
        """
        A client that is in.
        """
        connecting = self.begin(**options)
        self.accept()
        self.tell(OPEN, '40{"sid":"x"}')
        self.heard()
        return self.successResultOf(connecting)

    def pause(self) -> None:
        """
        The server reads nothing any more.
        """
        producer: Any = self.line().near.producer
        producer.pauseProducing()

    def reasons(self, socket: ClientSocket) -> list[DisconnectReason]:
        """
        Why it went, later.
        """
        heard: list[DisconnectReason] = []
        socket.on("disconnect", heard.append)
        return heard


class Polls(PollCase):
    """
    Over polling.
    """

    def test_redirects(self) -> None:
        """
        Nobody is followed anywhere.
        """
        for status in (301, 302, 303, 307, 308):
            connecting = self.begin()
            self.answer("", status, Location="http://elsewhere.example/")
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, f"status {status}")
        self.assertEqual(len(self.lines.lines), 5)

    def test_refusals(self) -> None:
        """
        What the server says is told, but not all of it.
        """
        connecting = self.begin()
        self.answer('{"code":1,"message":"Session ID unknown"}', 400)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "Session ID unknown")
        connecting = self.begin()
        self.answer("x" * MAX, 500)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "status 500: 'xxx")
        connecting = self.begin()
        self.answer("", 204)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "status 204")

    def test_longBody(self) -> None:
        """
        What is longer than C{maxPayload} is not read to its end.
        """
        for head in (
            b"Content-Length: 100000",
            b"Transfer-Encoding: chunked",
            b"Connection: close",
        ):
            connecting = self.begin()
            self.say(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
            chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
            self.say(chunk if b"chunked" in head else b"x" * 2000)
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "maxPayload")

    def test_endlessHead(self) -> None:
        """
        Headers without end are cut off.
        """
        connecting = self.begin()
        self.say(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            self.say(b"X-More: and more\r\n" * 500)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "more came than")

    def test_endlessChunks(self) -> None:
        """
        Neither does it help to hide it in what surrounds chunks.
        """
        connecting = self.begin()
        self.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(400):
            self.say(b"1;" + b"e" * 1000 + b"\r\nx\r\n")
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR)

    def test_noHTTP(self) -> None:
        """
        What is no HTTP at all.
        """
        for nonsense in (b"SSH-2.0-OpenSSH\r\n", b"\0" * 100 + b"\r\n", b"HTTP/1.1 abc\r\n\r\n"):
            connecting = self.begin()
            self.say(nonsense)
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR)

    def test_badProxies(self) -> None:
        """
        Proxies that refuse, speak anything else, go, or answer without end.
        """
        for said, told in (
            (b"HTTP/1.1 407 Who are you\r\nX: y\r\n\r\n", "407 Who are you"),
            (b"HTTP/1.1 302 Elsewhere\r\nLocation: /\r\n\r\n", "302"),
            (b"SSH-2.0\r\n\r\n", "SSH"),
            (b"HTTP/1.1\r\n\r\n", "HTTP/1.1"),
            (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 4000, "without end"),
            (b"HTTP/1.1 200", ""),
        ):
            connecting = self.begin(proxy="http://proxy.example")
            self.say(said)
            if not told:
                self.lines.cut()
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, told)
        connecting = self.begin(proxy="http://proxy.example", connectTimeout=10)
        self.clock.advance(10)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "in time")

    def test_goesAway(self) -> None:
        """
        The connection goes before the answer is there, or all of it.
        """
        for said in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0{"):
            connecting = self.begin()
            self.say(said)
            self.lines.cut()
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR)

    def test_noAnswer(self) -> None:
        """
        Neither silence nor trickling is waited for longer than
        C{connectTimeout}.
        """
        for isTrickling in (False, True):
            connecting = self.begin(connectTimeout=10)
            self.say(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" if isTrickling else b"")
            for _ in range(11):
                self.clock.advance(1)
                self.say(b" " if isTrickling else b"")
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "in time")

    def test_encodings(self) -> None:
        """
        What was not asked for is not understood: compressed answers, and other
        encodings than UTF-8.
        """
        connecting = self.begin()
        self.answer(gzip.compress(OPEN.encode("ascii")), Content_Encoding="gzip")
        self.assertFailed(connecting, DisconnectReason.PARSE_ERROR, "no UTF-8")
        connecting = self.begin()
        self.answer(OPEN.encode("utf-16"))
        self.assertFailed(connecting, DisconnectReason.PARSE_ERROR)

    def test_unnamed(self) -> None:
        """
        The first packet names the session, and no other one does.
        """
        for body in ("6", "40", '42["a"]', "ok", "", "4", f"6\x1e{OPEN}x"):
            connecting = self.begin()
            self.answer(body)
            self.assertFailed(connecting, DisconnectReason.PARSE_ERROR)
        connecting = self.begin()
        self.answer(f"{OPEN}\x1e{OPEN}")
        self.assertFailed(connecting, DisconnectReason.PARSE_ERROR, "again")

    def test_openings(self) -> None:
        """
        Openings that cannot be meant.
        """
        for changes in (
            {"sid": 1},
            {"sid": ""},
            {"sid": None},
            {"upgrades": "websocket"},
            {"upgrades": [1]},
            {"pingInterval": 0},
            {"pingInterval": -1},
            {"pingInterval": "25000"},
            {"pingTimeout": True},
            {"maxPayload": 0},
            {"maxPayload": 1.5},
        ):
            connecting = self.begin()
            self.answer(opening(**changes))
            self.assertFailed(connecting, DisconnectReason.PARSE_ERROR)
        for text in ("0", "0[]", "0null", '0{"sid":"x"', "0" + "[" * 900):
            connecting = self.begin()
            self.answer(text)
            self.assertFailed(connecting, DisconnectReason.PARSE_ERROR)

    def test_evilId(self) -> None:
        """
        A session id cannot make another request of ours than it should.
        """
        connecting = self.begin()
        self.answer(opening(sid="a b\r\nX: y&transport=evil#\u20ac"))
        lines = {each.far.protocol.heard.partition(b"\r\n")[0] for each in self.lines.up}
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertIn(b"sid=a+b%0D%0AX%3A+y%26transport%3Devil%23%E2%82%AC HTTP/1.1", line)
        connecting.cancel()
        self.failureResultOf(connecting)

    def test_cookies(self) -> None:
        """
        Cookies that are many, long or odd: no more than fifty are kept, and
        none that cannot be.
        """
        connecting = self.begin()
        many = [f"Set-Cookie: c{number}=1; Path=/" for number in range(60)]
        many += [
            "Set-Cookie: c1=2",
            "Set-Cookie: l=" + "x" * 5000,
            "Set-Cookie: none",
            "Set-Cookie:",
        ]
        head = "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(OPEN)}", *many, "", OPEN])
        self.heard()
        self.say(head.encode("ascii"))
        cookies = "; ".join(f"c{number}={2 if number == 1 else 1}" for number in range(50))
        for line in self.lines.up:
            self.assertIn(f"Cookie: {cookies}\r\n".encode(), line.far.protocol.heard)
        connecting.cancel()
        self.failureResultOf(connecting)

    def test_unknownUpgrades(self) -> None:
        """
        What we do not know, or have already, we do not move to.
        """
        self.transports = ("polling", "websocket")
        self.begin()
        self.answer(opening(upgrades=["polling", "webtransport", "__proto__"]))
        self.assertNotIn(b"websocket", b"".join(each.far.protocol.heard for each in self.lines.up))

    def test_unanswered(self) -> None:
        """
        A POST that is not answered.
        """
        connecting = self.begin(requestTimeout=7)
        self.answer(OPEN)
        self.clock.advance(7)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, "no answer to a POST")

    def test_silence(self) -> None:
        """
        Polls that wait for ever, while POSTs are answered.
        """
        socket = self.opened()
        heard: list[Any] = []
        socket.on("disconnect", heard.append)
        self.clock.advance(44.9)
        self.assertEqual(heard, [])
        self.clock.advance(0.2)
        self.assertEqual(heard, [DisconnectReason.PING_TIMEOUT])
        self.assertOver()

    def test_noise(self) -> None:
        """
        Polls that are answered at once with nothing, again and again.
        """
        socket = self.opened()
        for _ in range(500):
            self.poll("6")
        self.assertEqual((socket.connected, len(self.clock.getDelayedCalls())), (True, 2))
        self.assertLessEqual(len(self.lines.lines), 2)

    def test_manyPackets(self) -> None:
        """
        More packets in one answer than C{maxPackets} allows.
        """
        socket = self.opened(maxPackets=10)
        heard: list[Any] = []
        socket.on("disconnect", heard.append)
        self.poll("\x1e".join(["6"] * 11))
        self.assertEqual(heard, [DisconnectReason.PARSE_ERROR])
        self.assertOver()

    def test_lostAnswer(self) -> None:
        """
        A poll that is lost may have been answered: it is not sent once more.
        """
        socket = self.opened()
        heard: list[Any] = []
        socket.on("disconnect", heard.append)
        self.poll("6")
        count = len(self.lines.lines)
        self.lines.cut()
        self.assertEqual(heard, [DisconnectReason.TRANSPORT_ERROR])
        self.assertEqual(len(self.lines.lines), count)
        self.assertOver()

    def test_refusedLater(self) -> None:
        """
        A poll or a POST that is refused ends it.
        """
        socket = self.opened()
        heard: list[Any] = []
        socket.on("disconnect", heard.append)
        self.poll('{"code":1}', status=400)
        self.assertEqual(heard, [DisconnectReason.TRANSPORT_ERROR])
        self.assertOver()


class Sockets(SocketCase):
    """
    Over a WebSocket.
    """

    def test_refused(self) -> None:
        """
        Handshakes that are answered by anything else.
        """
        for status in (200, 302, 400, 403, 500, 999):
            connecting = self.begin()
            self.say(f"HTTP/1.1 {status} No\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".encode())
            self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR, str(status))

    def test_wrongAccept(self) -> None:
        """
        A handshake whose key is wrong.
        """
        connecting = self.begin()
        self.say(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: c2Vl\r\n\r\n"
        )
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR)

    def test_endlessHandshake(self) -> None:
        """
        Headers without end are cut off.
        """
        connecting = self.begin()
        self.say(b"HTTP/1.1 101 Switching Protocols\r\n")
        for _ in range(100):
            self.say(b"X-More: and more\r\n" * 500)
        self.assertFailed(connecting, DisconnectReason.TRANSPORT_ERROR)

    def test_noHandshake(self) -> None:
        """
        It is not waited for longer than C{connectTimeout}; nor is the opening,
        nor the welcome.
        """
        for count in range(3):
            connecting = self.begin(connectTimeout=10)
            for say in (self.accept, lambda: self.tell(OPEN))[:count]:
                say()
            self.clock.advance(10.1)
            failure = self.failureResultOf(connecting, ConnectFailed)
            self.assertIn(
                failure.value.reason, (DisconnectReason.TRANSPORT_ERROR, DisconnectReason.REFUSED)
            )
            self.assertOver()

    def test_frames(self) -> None:
        """
        Frames that break RFC 6455.
        """
        for name, data in {
            "reserved bits": b"\xb1\x01x",
            "compressed, unasked": frame(TEXT, b"x", mask=b"", compressed=True),
            "masked": frame(TEXT, b"6"),
            "reserved opcode": frame(0x3, b"", mask=b""),
            "fragmented ping": frame(PING, b"", final=False, mask=b""),
            "long ping": frame(PING, b"x" * 126, mask=b""),
            "continuation of nothing": frame(0, b"x", mask=b""),
            "no UTF-8": frame(TEXT, b"4\xff", mask=b""),
            "close of one byte": frame(CLOSE, b"\x03", mask=b""),
            "close with a bad code": frame(CLOSE, b"\x00\x01", mask=b""),
            "longer than maxPayload": frame(TEXT, b"4" * (MAX + 1), mask=b""),
            "a head that says so": b"\x81\x7f" + (2**62).to_bytes(8, "big"),
            "a length of 2**63": b"\x81\x7f" + (2**63).to_bytes(8, "big"),
            "a length that could be shorter": b"\x81\x7e\x00\x016",
            "more fragments": frame(TEXT, b"", final=False, mask=b"")
            + frame(0, b"", final=False, mask=b"") * 12,
            "fragments that are too much": frame(TEXT, b"4" * 600, final=False, mask=b"")
            + frame(0, b"4" * 600, mask=b""),
        }.items():
            socket = self.opened(maxPackets=10)
            reasons = self.reasons(socket)
            self.say(data)
            self.lines.pump()
            self.clock.advance(5)
            self.assertEqual(reasons, [DisconnectReason.TRANSPORT_ERROR], name)
            self.assertOver()

    def test_goesOn(self) -> None:
        """
        Nobody listens to who has been told that it cannot be understood.
        """
        self.opened(maxPackets=10)
        wire: Any = self.line().near.protocol.inner
        empty = frame(0, b"", final=False, mask=b"")
        wire.dataReceived(frame(TEXT, b"", final=False, mask=b"") + empty * 10)
        count = wire._fragments
        # As long as it does not take what it was told, the line is there.
        wire.dataReceived(empty * 1000)
        self.assertEqual(wire._fragments, count)
        self.assertOver()

    def test_packets(self) -> None:
        """
        Packets that nobody understands.
        """
        for text in NONSENSE:
            socket = self.opened()
            reasons = self.reasons(socket)
            self.tell(text)
            self.assertEqual(reasons, [DisconnectReason.PARSE_ERROR], text)
            self.assertOver()

    def test_welcomes(self) -> None:
        """
        Welcomes and refusals of the wrong shape end it before we are in.
        """
        for text in ("40", "40[]", "40{}", '40{"sid":1}', "44", "44[]", '44"x"', '44{"m":1}'):
            connecting = self.begin()
            self.accept()
            self.tell(OPEN, text)
            self.lines.pump()
            self.clock.advance(30)
            self.failureResultOf(connecting, ConnectFailed, ConnectionRefused)
            self.assertOver()

    def test_binary(self) -> None:
        """
        Binary data that nobody awaits.
        """
        socket = self.opened()
        reasons = self.reasons(socket)
        self.say(frame(BINARY, b"\x04x", mask=b""))
        self.assertEqual(reasons, [DisconnectReason.PARSE_ERROR])
        self.assertOver()

    def test_alien(self) -> None:
        """
        What belongs to namespaces where we are not means nothing.
        """
        socket = self.opened()
        for text in (
            '40/other,{"sid":"y"}',
            '42/other,["a"]',
            "41/other,",
            '43/other,1["x"]',
            '44/other,{"message":"no"}',
            '40{"sid":"z"}',
            "4399[1]",
            "430[1]",
        ):
            self.tell(text)
        self.assertEqual((socket.connected, socket.sessionId), (True, "x"))

    def test_pings(self) -> None:
        """
        Heartbeats without end cost nothing that stays.
        """
        socket = self.opened()
        for _ in range(50):
            self.tell(*["2"] * 100)
            self.say(frame(PING, b"x", mask=b"") * 100)
        # A head of two bytes, a mask, and one byte, for each.
        self.assertEqual(len(self.heard()), 10_000 * 7)
        self.assertEqual(socket.pending, 0)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)

    def test_unread(self) -> None:
        """
        Who asks and asks, and never reads what is answered.
        """
        socket = self.opened(maxQueue=100)
        reasons = self.reasons(socket)
        socket.on("q", lambda: "a")
        self.pause()
        before = len(self.line().near.all)
        self.say(frame(PING, b"x", mask=b"") * 1000)
        for number in range(200):
            self.tell(f'42{number}["q"]')
        self.assertEqual(reasons, [DisconnectReason.SLOW_CONSUMER])
        self.assertLess(len(self.line().near.all) - before, 20)
        self.assertOver()

    def test_flood(self) -> None:
        """
        More events than handlers are done with.
        """
        socket = self.opened(maxPending=10)
        reasons = self.reasons(socket)
        waiting: list[Deferred[None]] = []

        def slow() -> Deferred[None]:
            waiting.append(Deferred())
            return waiting[-1]

        socket.on("e", slow)
        for _ in range(12):
            self.tell('42["e"]')
        self.assertFalse(socket.connected)
        self.assertEqual(len(waiting), 1)
        while waiting:
            waiting.pop().callback(None)
        self.assertEqual(reasons, [DisconnectReason.FLOOD])
        self.assertOver()

    def test_floodBefore(self) -> None:
        """
        The same before we are let in.
        """
        connecting = self.begin(maxPending=10)
        self.accept()
        self.tell(OPEN, *['42["e"]'] * 12)
        self.assertFailed(connecting, DisconnectReason.FLOOD)

    def test_floodAgain(self) -> None:
        """
        Nothing of it is left when the connection comes back.
        """
        service = txsocketio.SocketIOClientService(
            "http://example.com",
            endpoint=self.lines,
            reactor=self.clock,
            transports=self.transports,
            maxPending=10,
        )
        heard: list[Any] = []
        service.socket.on("e", heard.append)
        service.startService()
        self.lines.pump()
        self.accept()
        self.tell(OPEN, *['42["e",1]'] * 12)
        self.clock.advance(60)
        self.lines.pump()
        self.accept()
        self.tell(OPEN, '40{"sid":"x"}')
        self.assertEqual((service.socket.connected, heard), (True, []))
        service.stopService()
        self.assertOver()

    def test_acks(self) -> None:
        """
        Acknowledgements that nobody asked for, or twice.
        """
        socket = self.opened()
        asked = socket.emitWithAck("q")
        self.tell(*[f'43{number}["a"]' for number in range(200)] * 2)
        self.assertEqual(self.successResultOf(asked), "a")
        self.assertTrue(socket.connected)

    def test_unanswered(self) -> None:
        """
        Who never acknowledges is not asked for more than C{maxAcks}.
        """
        socket = self.opened(maxAcks=3)
        asked = [socket.emitWithAck("q") for _ in range(4)]
        self.failureResultOf(asked[3], txsocketio.AckTimeout)
        socket.disconnect()
        for each in asked[:3]:
            self.failureResultOf(each, txsocketio.ClientDisconnected)

    def test_noFarewell(self) -> None:
        """
        Who does not answer our goodbye is cut off.
        """
        socket = self.opened()
        self.line().isSlow = True
        done = socket.disconnect()
        self.lines.pump()
        self.assertNoResult(done)
        self.clock.advance(5)
        self.lines.pump()
        self.successResultOf(done)
        self.assertOver()

    def test_notReading(self) -> None:
        """
        Nor does one that reads nothing keep us from going.
        """
        socket = self.opened()
        socket.send("x")
        self.pause()
        done = socket.disconnect()
        self.clock.advance(5)
        self.clock.advance(5)
        self.lines.pump()
        self.successResultOf(done)
        self.assertOver()

    def test_silence(self) -> None:
        """
        Silence, behind whatever is no heartbeat.
        """
        socket = self.opened()
        reasons = self.reasons(socket)
        for _ in range(46):
            self.tell('42["e"]')
            self.clock.advance(1)
        self.assertEqual(reasons, [DisconnectReason.PING_TIMEOUT])
        self.assertOver()


class Upgrades(SocketCase, PollCase):
    """
    Better transports that are of no use.
    """

    transports = ("polling", "websocket")

    def offered(self) -> tuple[ClientSocket, Line]:
        """
        A client that is in, and the WebSocket that it is trying.
        """
        connecting = self.begin(requestTimeout=100)
        self.answer(opening(upgrades=["websocket"]), line=self.line(0))
        webSocket = None
        for line in self.lines.lines:
            if b"transport=websocket" in line.far.protocol.heard:
                webSocket = line
            elif b"POST" in line.far.protocol.heard:
                self.answer("ok", line=line)
        assert webSocket is not None
        self.poll('40{"sid":"x"}')
        return self.successResultOf(connecting), webSocket

    def assertStill(self, socket: ClientSocket) -> None:
        """
        Polling goes on as if nothing had been.
        """
        self.assertEqual((socket.connected, socket.transport), (True, "polling"))
        heard: list[Any] = []
        socket.on("e", heard.append)
        self.poll('42["e",1]')
        self.assertEqual(heard, [1])
        socket.emit("said")
        self.lines.pump()
        self.assertIn(b"said", b"".join(each.far.protocol.heard for each in self.lines.up))

    def test_refusedUpgrade(self) -> None:
        """
        It cannot be opened, or goes.
        """
        socket, webSocket = self.offered()
        self.say(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n", webSocket)
        self.assertNotIn(webSocket, self.lines.up)
        self.assertStill(socket)

    def test_nonsense(self) -> None:
        """
        It answers the probe with anything else.
        """
        for said in ("3", "3prob", "2probe", "6", '42["e"]', "x", OPEN):
            socket, webSocket = self.offered()
            self.accept(webSocket)
            self.tell(said, line=webSocket)
            self.clock.advance(5)
            self.assertNotIn(webSocket, self.lines.up)
            self.assertStill(socket)
            self.lines.cut()
            self.lines = Lines(Scripted)

    def test_never(self) -> None:
        """
        It never answers.
        """
        socket, webSocket = self.offered()
        self.accept(webSocket)
        self.clock.advance(10.1)
        self.clock.advance(5)
        self.assertNotIn(webSocket, self.lines.up)
        self.assertStill(socket)

    def test_turnedBack(self) -> None:
        """
        It works, but the poll that waits is never answered.
        """
        socket, webSocket = self.offered()
        self.accept(webSocket)
        self.tell("3probe", line=webSocket)
        socket.emit("late")
        self.clock.advance(10.1)
        self.clock.advance(5)
        self.lines.pump()
        self.assertNotIn(webSocket, self.lines.up)
        (line,) = [each for each in self.lines.up if b"late" in each.far.protocol.heard]
        self.answer("ok", line=line)
        self.assertStill(socket)

    def test_notYet(self) -> None:
        """
        The poll is answered, but a POST is not: we do not move, and when that
        has taken too long, there is a poll again.
        """
        socket, webSocket = self.offered()
        self.accept(webSocket)
        socket.emit("first")
        self.lines.pump()
        self.tell("3probe", line=webSocket)
        self.heard(webSocket)
        self.poll("6")
        self.assertEqual((socket.transport, self.heard(webSocket)), ("polling", b""))
        self.clock.advance(10.1)
        self.lines.pump()
        (line,) = [each for each in self.lines.up if b"first" in each.far.protocol.heard]
        self.answer("ok", line=line)
        self.assertStill(socket)

    def test_lostWhileMoving(self) -> None:
        """
        It goes while the old transport stops.
        """
        socket, webSocket = self.offered()
        self.accept(webSocket)
        self.tell("3probe", line=webSocket)
        webSocket.cut()
        self.assertStill(socket)

    def test_bothLost(self) -> None:
        """
        The old one goes: that is the end, whatever the other one does.
        """
        socket, webSocket = self.offered()
        self.accept(webSocket)
        reasons = self.reasons(socket)
        self.tell("3probe", line=webSocket)
        self.poll("no", status=500)
        self.assertEqual(reasons, [DisconnectReason.TRANSPORT_ERROR])
        self.assertOver()

    def test_leaving(self) -> None:
        """
        Who leaves meanwhile says goodbye over the old one.
        """
        for isShown in (False, True):
            socket, webSocket = self.offered()
            self.accept(webSocket)
            if isShown:
                self.tell("3probe", line=webSocket)
            for line in self.lines.up:
                line.far.protocol.heard = line.far.protocol.heard.replace(b"POST", b"")
            socket.disconnect()
            self.lines.pump()
            for _ in range(2):
                for line in self.lines.up:
                    if b"POST" in line.far.protocol.heard:
                        self.answer("ok", line=line)
            self.assertOver()
            self.lines = Lines(Scripted)


class OwnBeats(SocketCase):
    """
    Engine.IO 3, in which the heartbeats are ours.
    """

    protocol = "eio3"

    def test_tiny(self) -> None:
        """
        However often a server wants them, we do not hurry.
        """
        self.begin()
        self.accept()
        self.tell(opening(pingInterval=0.001, pingTimeout=20000), "40")
        for _ in range(50):
            self.tell("3")
            self.clock.advance(0.02)
        self.assertLess(self.heard().count(b"\x81\x81"), 12)

    def test_theirs(self) -> None:
        """
        Their heartbeats are none.
        """
        connecting = self.begin()
        self.accept()
        self.tell(opening(), "2")
        self.assertFailed(connecting, DisconnectReason.PARSE_ERROR)

    def test_missed(self) -> None:
        """
        A heartbeat of ours that is not answered.
        """
        connecting = self.begin()
        self.accept()
        self.tell(opening(), "40")
        reasons = self.reasons(self.successResultOf(connecting))
        self.clock.advance(25.1)
        self.clock.advance(20.1)
        self.assertEqual(reasons, [DisconnectReason.PING_TIMEOUT])
        self.assertOver()


class Documents(SynchronousTestCase):
    """
    C{docs/client.rst}.
    """

    def test_names(self) -> None:
        """
        It names every test of an attack, and no test that there is not.
        """
        here = Path(__file__)
        document = here.parents[2] / "docs" / "client.rst"
        if not document.exists():
            self.skipTest("the documents are not installed")
        named = set(re.findall(r"``(test_\w+)``", document.read_text("utf-8")))
        attacks = set(re.findall(r"def (test_\w+)", here.read_text("utf-8"))) - {"test_names"}
        self.assertEqual((attacks - named, named - attacks), (set(), set()))
