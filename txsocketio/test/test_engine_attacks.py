"""
Bad input by way of Engine.IO, and what it gets. C{docs/attacks.rst} lists the
answers; each test is named there.

What holds for both revisions is written once, of the fourth, and run again for
the third. See C{test_attacks.py} for what must be true at the end of each test.
"""

from __future__ import annotations

import json
import re
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple
from unittest.mock import Mock
from urllib.parse import quote

from twisted.internet.defer import Deferred
from twisted.logger import formatEvent
from twisted.web.http import Request
from twisted.web.http_headers import Headers

from txsocketio import (
    AckTimeout,
    Client,
    ClientDisconnected,
    ConnectionRefused,
    LocalProtocolError,
    RemoteProtocolError,
)
from txsocketio.test.support import (
    BINARY,
    CLOSE,
    HANDSHAKE,
    PING,
    TEXT,
    Answer,
    Wire,
    frame,
)
from txsocketio.test.test_attacks import ODD_NAMES, AttackCase, units

REASONS = {
    0: "Transport unknown",
    1: "Session ID unknown",
    2: "Bad handshake method",
    3: "Bad request",
    4: "Forbidden",
    5: "Unsupported protocol version",
}

UNKNOWN, BAD_METHOD = 1, 2


def _byLength(body: str) -> list[str]:
    found = []
    while body:
        length, _, rest = body.partition(":")
        # No more than ASCII is sent.
        found.append(rest[: int(length)])
        body = rest[int(length) :]
    return found


class Tongue(NamedTuple):
    """
    How a client of one revision speaks.

    @ivar join: makes a body of packets.
    @ivar split: makes packets of a body.
    @ivar greeting: what it sends to be in the default namespace.
    @ivar beat: the heartbeat that is its to send, or to answer with.
    @ivar wrongBeat: that of the other side.
    """

    version: str
    join: Callable[[Sequence[str]], str]
    split: Callable[[str], list[str]]
    greeting: Sequence[str]
    beat: str
    wrongBeat: str


FOUR = Tongue("4", "\x1e".join, lambda body: body.split("\x1e"), ("40",), "3", "2")

THREE = Tongue(
    "3",
    lambda packets: "".join(f"{units(packet)}:{packet}" for packet in packets),
    _byLength,
    (),
    "2",
    "3",
)


def _echoes(packet: str, packets: Sequence[str]) -> bool:
    """
    Whether that event is among those, maybe with its place in the log.
    """
    return any(each.startswith(packet[:-1]) for each in packets)


class EngineCase(AttackCase):
    """
    Two clients of Engine.IO more that are honest: one that polls, and one with
    a WebSocket.
    """

    tongue: ClassVar[Tongue] = FOUR
    other: ClassVar[Tongue] = THREE

    def serve(self, **options: Any) -> None:
        """
        See L{AttackCase.serve}.
        """
        super().serve(**{"protocol": ("annotated", "eio4", "eio3"), **options})
        self.enginePoller = self.openPolling()
        self.engineSocket = self.openSocket()
        self.honest = set(self.server.io.clients)
        self.hanging: Wire | None = None

    def wait(self, seconds: float) -> None:
        """
        See L{AttackCase.wait}.
        """
        end = self.server.clock.seconds() + seconds
        while self.server.clock.seconds() < end:
            super().wait(min(5, end - self.server.clock.seconds()))
            self.live()

    def live(self) -> None:
        """
        Let the honest clients of Engine.IO do what they should.
        """
        self.engineSocket.clear()
        self.engineSocket.say(self.tongue.beat)
        self.post(self.enginePoller, self.tongue.beat)
        if self.hanging is None or self.hanging.value():
            self.hanging = self.pollOf(self.enginePoller)

    def assertHonestClientsAreWell(self) -> None:
        """
        See L{AttackCase.assertHonestClientsAreWell}.
        """
        super().assertHonestClientsAreWell()
        hello = '42["message","honest"]'
        self.live()
        poll = self.hanging
        assert poll is not None
        self.post(self.enginePoller, hello)
        packets = self.packets(poll)
        if not _echoes(hello, packets):
            packets = self.packets(self.pollOf(self.enginePoller))
        self.assertTrue(_echoes(hello, packets), packets)
        self.engineSocket.clear()
        self.engineSocket.say(hello)
        self.assertTrue(_echoes(hello, self.engineSocket.texts()))

    # Requests.

    def url(self, transport: str = "polling", sid: str | None = None, **more: str) -> str:
        """
        Below /socket.io.
        """
        args = {"EIO": self.tongue.version, "transport": transport, **more}
        if sid is not None:
            args["sid"] = sid
        return "/?" + "&".join(f"{name}={value}" for name, value in args.items())

    def pollOf(self, sid: str, **more: str) -> Wire:
        """
        GET.
        """
        return self.server.get(self.url(sid=sid, **more))

    def post(self, sid: str, *packets: str, **more: str) -> Wire:  # type: ignore[override]
        """
        POST packets.
        """
        return self.postBody(sid, self.tongue.join(packets).encode("utf-8"), None, **more)

    def postBody(
        self, sid: str, body: bytes, headers: Mapping[str, str] | None = None, **more: str
    ) -> Wire:
        """
        POST a body as it is.
        """
        headers = {"Content-Type": "text/plain;charset=UTF-8"} if headers is None else headers
        return self.server.request("POST", f"/socket.io{self.url(sid=sid, **more)}", headers, body)

    def upgradeTo(self, sid: str, **more: str) -> Wire:
        """
        Open a WebSocket of that session.
        """
        return self.server.webSocket(self.url("websocket", sid, **more))

    def packets(self, wire: Wire) -> list[str]:
        """
        What a poll has brought.
        """
        answer = wire.answer()
        self.assertEqual(answer.status, 200, answer.body)
        return self.tongue.split(answer.body.decode())

    # Sessions.

    def shake(self, **more: str) -> str:
        """
        Open a session by polling, and do nothing more.
        """
        before = set(self.server.io._manager.sessions)
        self.assertEqual(self.server.get(self.url(**more)).answer().status, 200)
        (sid,) = set(self.server.io._manager.sessions) - before
        return sid

    def openPolling(self) -> str:
        """
        Open a session by polling, and join the default namespace.
        """
        sid = self.shake()
        for packet in self.tongue.greeting:
            self.post(sid, packet)
        self.packets(self.pollOf(sid))
        return sid

    def openSocket(self, headers: Mapping[str, str] | None = None) -> Wire:
        """
        The same by WebSocket.
        """
        wire = self.server.webSocket(self.url("websocket"), headers)
        for packet in self.tongue.greeting:
            wire.say(packet)
        opening, welcome = wire.texts()
        self.assertEqual((opening[0], welcome[:2]), ("0", "40"))
        return wire

    # What they get.

    def assertWrong(self, wire: Wire, code: int, reason: str | None = None) -> Answer:
        """
        The request has been answered with what Engine.IO says of that fault.
        """
        status = 403 if code == 4 else 400
        return self.assertRefusal(wire, status, code, reason)

    def assertRefusal(
        self, wire: Wire, status: int, code: int = 3, reason: str | None = None
    ) -> Answer:
        """
        The same, where the status is another.
        """
        answer = wire.answer()
        told: dict[str, Any] = {"code": code, "message": REASONS[code]}
        if reason is not None:
            told["reason"] = reason
        self.assertEqual((answer.status, json.loads(answer.body)), (status, told))
        self.assertEqual(answer.header("Content-Type"), "application/json")
        return answer

    def assertEnded(self, sid: str) -> None:
        """
        Nobody knows that session any more.
        """
        self.assertWrong(self.pollOf(sid), UNKNOWN)

    def assertUnreadable(self, packet: str | bytes, line: str, status: int = 400) -> None:
        """
        See L{AttackCase.assertUnreadable}.
        """
        self.gone.clear()
        sid = self.openPolling()
        assert isinstance(packet, str)
        self.assertRefusal(self.post(sid, packet), status, reason=line)
        self.assertEnded(sid)
        self.assertSocketFails(line, packet)
        self.assertEqual(self.gone, ["parse error", "parse error"])

    def assertSocketFails(self, line: str, *messages: str | bytes) -> None:
        """
        These messages end a session on a WebSocket.
        """
        wire = self.openSocket()
        for message in messages:
            if isinstance(message, str):
                wire.receive(frame(TEXT, message.encode("utf-8")))
            else:
                wire.receive(frame(BINARY, message))
        self.assertClosed(wire, 1002, f"parse error: {line}"[:123])

    def assertBodyFails(self, line: str, body: bytes, status: int = 400, kind: str = "") -> None:
        """
        Such a body ends the session.
        """
        self.gone.clear()
        sid = self.openPolling()
        headers = {"Content-Type": kind} if kind else None
        self.assertRefusal(self.postBody(sid, body, headers), status, reason=line)
        self.assertEnded(sid)
        self.assertEqual(self.gone, ["parse error"])

    def assertReadable(self, packets: str, *messages: Any) -> None:
        """
        See L{AttackCase.assertReadable}.
        """
        self.gone.clear()
        self.seen.clear()
        sid = self.openPolling()
        answer = self.post(sid, packets).answer()
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        self.openSocket().say(packets)
        self.assertEqual((self.seen, self.gone), ([*messages, *messages], []))


class RequestAttacks(EngineCase):
    """
    HTTP.
    """

    def test_transportNames(self) -> None:
        """
        Code 0.
        """
        for name in (*ODD_NAMES, "", "POLLING", "xhr-polling", "flashsocket", "websocket%00"):
            for method in ("GET", "POST"):
                url = f"/socket.io{self.url(name)}"
                self.assertWrong(self.server.request(method, url), 0)
        url = f"/?EIO={self.tongue.version}"
        self.assertWrong(self.server.get(url), 0)

    def test_sessionIds(self) -> None:
        """
        Code 1.
        """
        for name in ODD_NAMES:
            # What could not stand in a query as it is.
            sid = quote(name, safe="%")
            self.assertWrong(self.pollOf(sid), UNKNOWN)
            self.assertWrong(self.post(sid, "6"), UNKNOWN)
            self.assertWrong(self.upgradeTo(sid), UNKNOWN)

    def test_longSessionId(self) -> None:
        """
        Twisted reads 16 KB of it and closes the connection.
        """
        for wire in (self.pollOf("x" * 1_000_000), self.upgradeTo("x" * 1_000_000)):
            self.assertEqual((wire.value(), wire.disconnecting), (b"", True))

    def test_emptySessionId(self) -> None:
        """
        It asks for a new session, which no POST can.
        """
        self.assertEqual(self.packets(self.pollOf(""))[0][:6], '0{"sid')
        self.assertWrong(self.post("", "6"), BAD_METHOD)
        self.assertWrong(self.server.request("POST", f"/socket.io{self.url()}"), BAD_METHOD)

    def test_versions(self) -> None:
        """
        Code 5 for those that there are not.
        """
        for version in ("", "0", "1", "5", "4.0", "-4", "%204", "4%00", "\u0664", "__proto__"):
            for transport in ("polling", "websocket"):
                url = f"/?EIO={quote(version, safe='%')}&transport={transport}"
                self.assertWrong(self.server.webSocket(url), 5)

    def test_anotherVersion(self) -> None:
        """
        A session is continued in the revision in which it was opened; the
        other one is told so, and does no harm.
        """
        reason = "this session speaks another version of the protocol"
        sid, _ = self.pollingAttacker()
        other = {"EIO": self.other.version}
        for wire in (self.pollOf(sid, **other), self.post(sid, "6", **other)):
            self.assertWrong(wire, 3, reason)
        self.assertWrong(self.upgradeTo(sid, **other), 3, reason)
        self.assertRefused(self.server.poll(sid), 400, reason)
        self.assertWrong(self.pollOf(self.poller), 3, reason)
        self.assertEqual(self.gone, [])

    def test_methods(self) -> None:
        """
        Code 2, and those that there are.
        """
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "get", "X" * 1000):
            for transport in ("polling", "websocket"):
                wire = self.server.request(method, f"/socket.io{self.url(transport)}")
                answer = self.assertWrong(wire, BAD_METHOD)
                self.assertIn("GET", answer.header("Allow") or "")
        wire = self.server.request("HEAD", f"/socket.io{self.url()}")
        self.assertEqual((wire.answer(True).status, wire.answer(True).body), (400, b""))
        for method in ("POST", "OPTIONS"):
            wire = self.server.request(method, f"/socket.io{self.url('websocket')}")
            self.assertWrong(wire, BAD_METHOD)

    def test_origins(self) -> None:
        """
        403 and code 4, naming it in ASCII, and never in a header.
        """
        for origin, shown in (
            ("null", "Origin is not allowed: null"),
            ("http://evil.com", "Origin is not allowed: http://evil.com"),
            ("http://xn--bcher-kva.example", "Origin is not allowed: http://xn--bcher-kva.example"),
            ("http://b\xfccher.example", "Origin is malformed: http://b\\xfccher.example"),
            ("http://e\x01\x1b[31m.com", "Origin is malformed: http://e\\x01\\x1b[31m.com"),
            ("http://user@example.com", "Origin is malformed: http://user@example.com"),
            ("</script>", "Origin is malformed: </script>"),
            ("x" * 5000, f"Origin is malformed: {'x' * 97}..."),
        ):
            headers = {"Origin": origin}
            for wire in (
                self.server.get(self.url(), headers),
                self.server.get(self.url(j="0"), headers),
                self.postBody(self.enginePoller, b"x", headers),
                self.server.webSocket(self.url("websocket"), headers),
            ):
                answer = self.assertWrong(wire, 4, shown)
                names = {name for name, _ in answer.headers}
                self.assertEqual(names, {"Content-Type", "Content-Length"})
        self.assertEqual(set(self.server.io.clients), self.honest)

    def test_originsOfPages(self) -> None:
        """
        Who asks in vain from a foreign page may not read what is wrong.
        """
        for url in (self.url("x"), self.url(sid="x"), "/?EIO=9&transport=polling"):
            answer = self.server.get(url, {"Origin": "http://evil.com"}).answer()
            self.assertIn(answer.status, (400, 403))
            self.assertIsNone(answer.header("Access-Control-Allow-Origin"))

    def test_proxyNotTrusted(self) -> None:
        """
        Anybody can send C{X-Forwarded-*}.
        """
        headers = {"Origin": "http://evil.com", "X-Forwarded-Host": "evil.com"}
        self.assertWrong(
            self.server.get(self.url(), headers), 4, "Origin is not allowed: http://evil.com"
        )
        self.openSocket({"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"})
        handshake = self.joined().handshake
        self.assertEqual((handshake.address, handshake.secure), ("127.0.0.1", False))

    def test_proxyTrusted(self) -> None:
        """
        Only when told to; of several addresses the last.
        """
        self.serve(trustProxy=True)
        self.openSocket(
            {
                "Origin": "https://public.org",
                "X-Forwarded-Host": "public.org",
                "X-Forwarded-For": "127.0.0.1, 1.2.3.4",
                "X-Forwarded-Proto": "https",
            }
        )
        handshake = self.joined().handshake
        self.assertEqual((handshake.address, handshake.secure), ("1.2.3.4", True))

    def test_contentTypes(self) -> None:
        """
        Text, whatever it is called.
        """
        sid, _ = self.pollingAttacker()
        body = self.tongue.join(['42["message","x"]']).encode()
        for kind in ("application/json", "x", "text/plain; charset=\xff", "application/octet"):
            self.assertEqual(self.postBody(sid, body, {"Content-Type": kind}).answer().body, b"ok")
        self.assertEqual(self.seen, ["x"] * 4)

    def test_octetStream(self) -> None:
        """
        The fourth revision has no binary bodies, the third has none like
        this.
        """
        line = {
            FOUR: "a body that is binary",
            THREE: "a packet without its length before it",
        }[self.tongue]
        body = self.tongue.join(['42["message","x"]']).encode()
        for kind in ("application/octet-stream", "Application/Octet-Stream; x=y"):
            self.assertBodyFails(line, body, kind=kind)
        self.assertEqual(self.seen, [])

    def test_badUTF8(self) -> None:
        """
        None of it has been read: the session goes on.
        """
        sid, _ = self.pollingAttacker()
        good = self.tongue.join(['42["message","x"]']).encode()
        for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"):
            self.assertWrong(self.postBody(sid, good + bad), 3, "the body is not UTF-8")
        self.assertEqual((self.seen, self.gone), ([], []))
        self.postBody(sid, good)
        self.assertEqual(self.seen, ["x"])

    def test_bodyTooLong(self) -> None:
        """
        413 before it is read, on each of our URLs.
        """
        self.serve(maxPayload=1000)
        query = self.url(sid=self.enginePoller)[1:]
        for path in ("/socket.io/", "/socket.io", "/%73ocket%2eio/", "/socket.io//"):
            for lines in ("Content-Length: 1001", "Transfer-Encoding: chunked\r\n\r\n3e9"):
                wire = self.server.connect()
                wire.receive(f"POST {path}{query} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
                wire.receive(b"\r\n" if "L" in lines else b"x" * 1001)
                self.assertRefused(wire, 413, "the body exceeds 1000 bytes")
                self.assertTrue(wire.disconnecting)

    def test_bodyTooLongTrickled(self) -> None:
        """
        413 as soon as it is too long.
        """
        self.serve(maxPayload=1000)
        wire = self.server.connect()
        wire.receive(
            f"POST /socket.io{self.url(sid=self.enginePoller)} HTTP/1.1\r\n"
            "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(1000):
            wire.receive(b"1\r\nx\r\n")
        self.assertEqual(wire.value(), b"")
        wire.receive(b"1\r\nx")
        self.assertRefused(wire, 413, "the body exceeds 1000 bytes")

    def test_pipelinedPollAndPOST(self) -> None:
        """
        HTTP answers in order: the POST waits behind the poll, no longer than
        till the next heartbeat of either side; what it brings is not lost.
        """
        sid, client = self.pollingAttacker()
        wire = self.pollOf(sid)
        path = f"/socket.io{self.url(sid=sid)}"
        body = self.tongue.join(['42["message","x"]']).encode()
        self.server.request("POST", path, {}, body, wire=wire)
        self.assertEqual((wire.value(), self.seen), (b"", []))
        client.send("y")
        self.assertEqual([answer.status for answer in wire.answers()], [200, 200])
        self.assertEqual((wire.answers()[1].body, self.seen), (b"ok", ["x"]))
        self.assertEqual(self.packets(self.pollOf(sid)), ['42["message","x"]'])

    def test_pipelinedPOSTWithinAnother(self) -> None:
        """
        A POST on another connection has the poll answered by its first
        message; the one behind the poll comes in the middle of it, and is
        refused. Neither is mixed with the other.
        """
        sid, _ = self.pollingAttacker()
        wire = self.pollOf(sid)
        path = f"/socket.io{self.url(sid=sid)}"
        body = self.tongue.join(['42["message","x"]']).encode()
        self.server.request("POST", path, {}, body, wire=wire)
        posted = self.post(sid, '42["message","a"]', '42["message","b"]')
        self.assertEqual(posted.answer().body, b"ok")
        refusal = wire.answers()[1]
        self.assertEqual((refusal.status, json.loads(refusal.body)["code"]), (409, 3))
        self.assertEqual((self.seen, self.gone), (["a", "b"], []))
        self.assertEqual(self.packets(self.pollOf(sid)), ['42["message","b"]'])

    def test_secondPoll(self) -> None:
        """
        As in Node: 400 for it, and the end of the session, which the first one
        is told.
        """
        sid, _ = self.pollingAttacker()
        first = self.pollOf(sid)
        self.assertWrong(self.pollOf(sid), 3, "a poll while another one waits")
        self.assertEqual(self.packets(first), ["1"])
        self.assertEqual(self.gone, ["transport error"])
        self.assertEnded(sid)

    def test_secondPOST(self) -> None:
        """
        Two whose bodies come at once are taken in the order in which they are
        complete, each as a whole.
        """
        sid, _ = self.pollingAttacker()
        wires = [self.server.connect(), self.server.connect()]
        bodies = [
            self.tongue.join([f'42["message","{name}1"]', f'42["message","{name}2"]']).encode()
            for name in "ab"
        ]
        for wire, body in zip(wires, bodies, strict=True):
            wire.receive(
                f"POST /socket.io{self.url(sid=sid)} HTTP/1.1\r\nHost: x\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body[:-5]
            )
        self.assertEqual(self.seen, [])
        wires[1].receive(bodies[1][-5:])
        wires[0].receive(bodies[0][-5:])
        self.assertEqual([wire.answer().body for wire in wires], [b"ok", b"ok"])
        self.assertEqual((self.seen, self.gone), (["b1", "b2", "a1", "a2"], []))

    def test_secondPOSTOfASlowHandler(self) -> None:
        """
        Its messages wait their turn; it is answered at once.
        """
        sid, client = self.pollingAttacker()
        work: list[Deferred[None]] = []

        def slow(message: Any) -> Deferred[None]:
            work.append(Deferred())
            return work[-1]

        client.on("message", slow)
        for number in range(3):
            posted = self.post(sid, f'42["message",{number}]')
            self.assertEqual(posted.answer().body, b"ok")
        self.assertEqual(self.seen, [0])
        work[0].callback(None)
        work[1].callback(None)
        self.assertEqual(self.seen, [0, 1, 2])

    def test_answersNotRead(self) -> None:
        """
        Who asks again on a connection whose answers it does not read is
        refused that; the session goes on.
        """
        sid, client = self.pollingAttacker()
        wire = self.pollOf(sid)
        client.send("x")
        assert wire.producer is not None
        wire.producer.pauseProducing()
        wire.clear()
        for url in (self.url(sid=sid), self.url()):
            wire.receive(f"GET /socket.io{url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            reason = "the answers on this connection are not read"
            self.assertRefusal(wire, 429, reason=reason)
            wire.clear()
        wire.producer.resumeProducing()
        client.send("y")
        self.assertEqual(self.packets(self.pollOf(sid)), ['42["message","y"]'])

    def test_pollAborted(self) -> None:
        """
        As in Node: the end.
        """
        sid, _ = self.pollingAttacker()
        self.pollOf(sid).lose()
        self.assertEqual(self.gone, ["transport close"])
        self.assertEnded(sid)

    def test_requestAborted(self) -> None:
        """
        In the middle of its body: nobody hears of it, and the session goes
        on.
        """
        sid, _ = self.pollingAttacker()
        wire = self.server.connect()
        wire.receive(
            f"POST /socket.io{self.url(sid=sid)} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: 100\r\n\r\n{self.tongue.join(['42[1]'])}".encode()
        )
        wire.lose()
        self.assertEqual((self.seen, self.gone), ([], []))
        self.assertEqual(self.post(sid, "6").answer().body, b"ok")

    def test_handshakesNeverFollowedUp(self) -> None:
        """
        A thousand sessions that never poll again are over when the first
        heartbeat should have come or been answered; nothing is left.
        """
        for _ in range(1000):
            self.shake()
        self.assertEqual(len(self.server.io._manager.sessions), 1004)
        self.wait(44)
        self.assertEqual(len(self.server.io._manager.sessions), 1004)
        self.wait(1.5)
        self.assertEqual(len(self.server.io._manager.sessions), 4)
        self.assertEqual(set(self.server.io.clients), self.honest)

    def test_neverReturns(self) -> None:
        """
        The same for who has joined, and is told to the application.
        """
        self.pollingAttacker()
        self.wait(45.5)
        self.assertEqual(self.gone, ["ping timeout"])

    def test_anotherClientsSession(self) -> None:
        """
        The session of a WebSocket is nobody else's: no poll, no POST and no
        other WebSocket gets at it.
        """
        wire, client = self.attacker()
        sid = client.session.sid
        belongs = "this session belongs to another transport"
        self.assertWrong(self.pollOf(sid), 3, belongs)
        self.assertWrong(self.post(sid, '42["message","x"]'), 3, belongs)
        self.assertWrong(self.pollOf(sid, j="0"), 3, belongs)
        self.assertWrong(self.upgradeTo(sid), 3, "this session has a connection")
        wire.say('42["message","y"]')
        self.assertEqual((self.seen, self.gone), (["y"], []))
        self.assertEqual(wire.texts(), ['42["message","y"]'])

    def test_sessionOfTheFirstProtocol(self) -> None:
        """
        Nor do the URLs of the one lead to the other's.
        """
        reason = "this session speaks another version of the protocol"
        sid = self.enginePoller
        for url in (f"/xhr-polling/{sid}/1", f"/jsonp-polling/{sid}/1/0", f"/htmlfile/{sid}"):
            self.assertRefused(self.server.get(url), 400, reason)
        self.assertRefused(self.server.webSocket(f"/websocket/{sid}"), 400, reason)
        self.assertWrong(self.post(self.poller, "6"), 3, reason)
        self.assertWrong(self.upgradeTo(self.poller), 3, reason)

    def test_http2(self) -> None:
        """
        426: what RFC 8441 has for that, Twisted does not know.
        """
        request = Request(Mock(transport=None))
        request.requestHeaders = Headers({k: [v] for k, v in HANDSHAKE.items()})
        transport: Any = self.server.io.router._transports["websocket"]
        error = self.assertRaises(RemoteProtocolError, transport.get, request, Mock(sid=None))
        self.assertEqual(error.httpStatus, 426)
        for headers in ({}, {**HANDSHAKE, "Upgrade": "IRC"}):
            self.assertRefusal(
                self.server.get(self.url("websocket"), headers),
                426,
                reason="this URL takes WebSocket connections only",
            )


class JSONPAttacks(EngineCase):
    """
    Polling by scripts and forms.
    """

    def test_index(self) -> None:
        """
        400 for what is no number of up to 15 digits.
        """
        for index in ("", "x", "-1", "1.5", "1e3", "0x10", "alert(1)", "%31]%3balert(1", "9" * 16):
            wire = self.server.get(self.url(j=quote(index, safe="%()")))
            self.assertWrong(wire, 3, "j is no number of up to 15 digits")
        self.assertEqual(set(self.server.io.clients), self.honest)

    def test_data(self) -> None:
        """
        The script is one call with one string, whatever is in it.
        """
        evil = "</script><!--\"');alert(1)//\\\u2028\u2029\0\x1f\x7f\r\n😀`${x}"
        sid, client = self.pollingAttacker()
        client.send(evil)
        answer = self.pollOf(sid, j="5").answer()
        script = answer.body.decode()
        call = re.fullmatch(r'___eio\[5\]\(("(?:[^"\\\r\n\u2028\u2029<]|\\.)*")\);', script)
        assert call is not None, script
        self.assertIn('"message"', json.loads(call[1]))
        self.assertEqual(json.loads(json.loads(call[1]).partition("42")[2]), ["message", evil])

    def test_binary(self) -> None:
        """
        What is binary becomes text in a script.
        """
        sid = self.shake(j="0")
        for packet in self.tongue.greeting:
            self.post(sid, packet)
        self.joined().emit("x", b"\xff</script>")
        script = self.pollOf(sid, j="0").answer().body
        self.assertNotIn(b"</script>", script)
        self.assertTrue(script.isascii())

    def test_forms(self) -> None:
        """
        Without its field a form brings nothing, and does no harm.
        """
        sid, _ = self.pollingAttacker()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        line = "the form field d is missing or empty"
        for body in (b"", b"d=", b"d", b"&&&", b"=", b"x" * 100_000, b"&=" * 100_000):
            self.assertWrong(self.postBody(sid, body, kind, j="0"), 3, line)
        for body in (b"d=%ff", b"d=\xff", b"d=%ED%A0%80"):
            self.assertWrong(self.postBody(sid, body, kind, j="0"), 3, "the body is not UTF-8")
        packet = quote(self.tongue.join(['42["message","x"]']))
        self.postBody(sid, f"d={packet}".encode(), kind, j="0")
        self.assertEqual((self.seen, self.gone), (["x"], []))

    def test_formsAboutAnotherSession(self) -> None:
        """
        A form can name the session too; it gets no further by that than by
        its URL.
        """
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        _, client = self.attacker()
        body = f"d=1&sid={client.session.sid}".encode()
        self.assertWrong(
            self.postBody(self.enginePoller, body, kind, j="0"),
            3,
            "this session belongs to another transport",
        )

    def test_upgrade(self) -> None:
        """
        Who polls by scripts may move to a WebSocket like anybody else.
        """
        sid = self.shake(j="0")
        wire = self.upgradeTo(sid)
        wire.say("2probe")
        self.assertEqual(wire.texts(), ["3probe"])
        wire.say("5")
        self.assertWrong(self.pollOf(sid, j="0"), 3, "this session belongs to another transport")


class PayloadAttacks(EngineCase):
    """
    What is no packet.
    """

    lines = 60

    def test_empty(self) -> None:
        """
        Nothing, which ends the session.
        """
        self.assertBodyFails("no packets", b"")

    def test_separators(self) -> None:
        """
        Few or many.
        """
        separator, line = {
            FOUR: ("\x1e", "an empty packet"),
            THREE: (":", "a packet without its length before it"),
        }[self.tongue]
        for count in (1, 2, 100_000):
            self.assertBodyFails(line, separator.encode() * count)

    def test_emptyMessage(self) -> None:
        """
        No packet has no type.
        """
        self.assertSocketFails("an empty packet", "")
        self.assertEqual(self.gone, ["parse error"])

    def test_tinyPackets(self) -> None:
        """
        A million: 413, naming the limit. Those below it have been heard.
        """
        line = "more packets at once than maxPackets (10000) allows"
        for packet in ("6", "41/x,"):
            body = self.tongue.join([packet] * 1_000_000)[:1_000_000].encode()
            self.assertBodyFails(line, body, 413)
        event = '42["message",1]'
        self.serve(maxPackets=3, maxPending=10)
        self.assertBodyFails(
            line.replace("10000", "3"), self.tongue.join([event] * 4).encode(), 413
        )
        self.assertEqual(len(self.seen), 3)

    def test_base64(self) -> None:
        """
        What is no base64, or goes on behind its end.
        """
        mark = {FOUR: "b", THREE: "b4"}[self.tongue]
        for text in (
            "=",
            "!",
            "YQ",
            "YQ===",
            "YQ==YQ==",
            "Y\nQ==",
            "YQ==\0",
            "\xff",
            "Y" * 100_001,
        ):
            self.assertUnreadable(mark + text, "binary data that is no base64")

    def test_tooLong(self) -> None:
        """
        On a WebSocket Autobahn sees to it, before it is read.
        """
        self.serve(maxPayload=1000)
        wire = self.openSocket()
        wire.receive(b"\x81\xfe\x03\xe9\0\0\0\0")
        self.assertClosed(
            wire, 1009, "received WebSocket message size 1001 exceeds payload limit of 1000 octets"
        )
        self.assertEqual(self.gone, ["transport error"])


class LengthAttacks(EngineCase):
    """
    The lengths of the third revision.
    """

    tongue, other = THREE, FOUR
    lines = 60

    def test_lengths(self) -> None:
        """
        What is no length. Zero is one, but of no packet.
        """
        for length in (
            "",
            "-1",
            "+1",
            " 1",
            "1.5",
            "1e309",
            "NaN",
            "0x1",
            "\u0661",
            "\uff11",
            "1" * 16,
            "1" * 900_000,
        ):
            self.assertBodyFails("a packet without its length before it", f"{length}:6".encode())
        self.assertBodyFails("an empty packet", b"0:6")

    def test_tooShort(self) -> None:
        """
        Nothing is waited for: a body is complete.
        """
        for body in (b"2:6", b"1:", b"999999999999999:6", b"1:61:"):
            self.assertBodyFails("a packet that is shorter than its length", body)

    def test_lengthsInUTF16(self) -> None:
        """
        A character of two units has the length 2, and none is cut.
        """
        packet = '42["message","😀"]'
        sid, _ = self.pollingAttacker()
        self.post(sid, packet)
        self.assertEqual(self.seen, ["😀"])
        self.assertBodyFails("a packet's length ends inside a character", f"15:{packet}".encode())

    def test_surrogates(self) -> None:
        """
        Half a character in a binary body, which JavaScript may well send: it
        goes to everybody as what each can read.
        """
        sid, client = self.pollingAttacker()
        packet = '42["message","\ud800"]'.encode("utf-8", "surrogatepass")
        body = b"\0" + bytes(map(int, str(len(packet)))) + b"\xff" + packet
        posted = self.postBody(sid, body, {"Content-Type": "application/octet-stream"})
        self.assertEqual(posted.answer().body, b"ok")
        self.assertEqual(self.seen, ["\ud800"])
        self.engineSocket.clear()
        self.webSocket.clear()
        client.broadcast(self.seen[0])
        self.assertEqual(self.engineSocket.texts(), ['42["message","\\ud800"]'])
        self.assertEqual(self.webSocket.texts(), ["1:2::\ufffd,"])
        poll = self.server.poll(self.poller)
        self.assertEqual(poll.answer().body, "1:2::\ufffd,".encode())

    def test_surrogatesInHeartbeat(self) -> None:
        """
        The answer to a heartbeat says it in the same way.
        """
        sid, _ = self.pollingAttacker()
        body = b"\0\4\xff2\xed\xa0\x80"
        posted = self.postBody(sid, body, {"Content-Type": "application/octet-stream"})
        self.assertEqual(posted.answer().body, b"ok")
        self.assertEqual(self.pollOf(sid).answer().body, "2:3\ufffd".encode())

    def test_binaryLengths(self) -> None:
        """
        The same of bodies that are binary.
        """
        kind = "application/octet-stream"
        line = "a packet without its length before it"
        for body in (
            b"\0",
            b"\xff" * 100_000,
            b"\0\xff6",
            b"\0\x01",
            b"\0\x016",
            b"\0\x0a\xff6",
            b"\x02\x01\xff6",
            b"\0" + b"\x01" * 16 + b"\xff6",
            b"\0" * 900_000,
        ):
            self.assertBodyFails(line, body, kind=kind)
        self.assertBodyFails("a packet that is shorter than its length", b"\0\x02\xff6", kind=kind)
        self.assertBodyFails("text that is no UTF-8", b"\0\x01\xff\xff", kind=kind)
        self.assertBodyFails("binary data that is no message", b"\x01\x01\xff\x05", kind=kind)
        self.assertBodyFails("an empty packet", b"\0\x00\xff", kind=kind)


class PacketAttacks(EngineCase):
    """
    Packets that make no sense.
    """

    lines = 60

    def test_types(self) -> None:
        """
        Those that there are not, and those of the server.
        """
        for type in "0789acxyzABCXYZ-+ \0\x7f\xe9😀":
            self.assertUnreadable(f"{type}x", f"no packet that a client sends begins with {type!a}")
        for packet in ("1x", "5x", "6x"):
            self.assertUnreadable(
                packet, f"no packet that a client sends begins with '{packet[0]}'"
            )

    def test_typesOfSocketIO(self) -> None:
        """
        The same, a layer above.
        """
        for type in "789abcxyzABC-+ \0\x7f\xe9😀":
            self.assertUnreadable(f"4{type}", "a packet of an unknown type")
        self.assertUnreadable("4", "a packet of an unknown type")
        self.assertUnreadable("44", "a refusal, which only a server sends")
        self.assertUnreadable('44{"message":"x"}', "a refusal, which only a server sends")

    def test_upgradeWithoutOffer(self) -> None:
        """
        Nothing has been offered.
        """
        self.assertUnreadable("5", "an upgrade where nothing has been offered")

    def test_goodbye(self) -> None:
        """
        What follows it is not heard.
        """
        event = '42["message","%s"]'
        sid, _ = self.pollingAttacker()
        self.assertEqual(self.post(sid, event % "x", "1", event % "y", "9").answer().body, b"ok")
        self.assertEqual((self.seen, self.gone), (["x"], ["transport close"]))
        self.assertEnded(sid)

    def test_attachments(self) -> None:
        """
        Counts that are none, or not what the packet says; and too many.
        """
        count = "a packet's attachments are not counted as they should be"
        place = '["x",{"_placeholder":true,"num":%s}]'
        for number in ("", "-1", "1.5", "x", "1e3"):
            self.assertUnreadable(f"45{number}-{place % 0}", count)
        self.assertUnreadable(f"421-{place % 0}", count)
        self.assertUnreadable(
            f"45{10**12}-{place % 0}", "more attachments than maxPackets (10000) allows", 413
        )
        for number in ('"0"', "-1", "0.5", "1.0", "true", "1", "null", "{}"):
            self.assertUnreadable(
                "451-" + place % number, "a placeholder for an attachment that does not exist"
            )
        self.assertUnreadable('451-["x"]', "an attachment without a placeholder")

    def test_attachmentsNotExpected(self) -> None:
        """
        Binary data out of nowhere, behind an event that asks for none, or
        behind the last one.
        """
        line = "binary data where no attachment is awaited"
        text, data = {FOUR: ("bYQ==", b"a"), THREE: ("b4YQ==", b"\x04a")}[self.tongue]
        self.assertUnreadable(text, line)
        place = '451-["message",{"_placeholder":true,"num":0}]'
        for packets in (('450-["message",1]', data), (place, data, data)):
            self.assertSocketFails(line, *packets)
        self.assertEqual(self.seen, [1, b"a"])

    def test_attachmentsWithoutEnd(self) -> None:
        """
        All of a packet's are no more than C{maxPayload}.
        """
        self.serve(maxPayload=1000)
        start = {FOUR: b"", THREE: b"\x04"}[self.tongue]
        places = ",".join(f'{{"_placeholder":true,"num":{n}}}' for n in range(20))
        self.assertSocketFails(
            "the attachments are longer than maxPayload allows",
            f'4520-["x",{places}]',
            *[start + b"x" * 100] * 11,
        )

    def test_attachmentsNeverSent(self) -> None:
        """
        They are waited for; other packets of Socket.IO may not come between,
        nor does the wait outlast the session.
        """
        wire = self.openSocket()
        wire.say('451-["x",{"_placeholder":true,"num":0}]')
        wire.say(self.tongue.beat)
        self.assertEqual(self.gone, [])
        wire.say('42["message","x"]')
        self.assertClosed(wire, 1002, "parse error: text where an attachment is awaited")
        self.assertEqual((self.seen, self.gone), ([], ["parse error"]))

    def test_attachmentsOfAnotherNamespace(self) -> None:
        """
        One that the client has not joined, when they are complete.
        """
        data = {FOUR: b"a", THREE: b"\x04a"}[self.tongue]
        packet = '451-/x,["x",{"_placeholder":true,"num":0}]'
        self.assertSocketFails("not connected to '/x'", packet, data)

    def test_ids(self) -> None:
        """
        Of events and acknowledgements: up to 15 digits.
        """
        for id in ("9" * 16, "9" * 900_000):
            self.assertUnreadable(f'42{id}["x"]', "an id has more than 15 digits")
            self.assertUnreadable(f"43{id}[]", "an id has more than 15 digits")
        self.assertUnreadable("43[]", "an acknowledgement without an id")
        self.assertUnreadable("401", "an id of what cannot be acknowledged")
        for data in ("{}", "null", '"x"', "1", ""):
            self.assertUnreadable(f"431{data}", "an acknowledgement is no list")

    def test_namespaces(self) -> None:
        """
        Names that cannot be; one that there is not is no fault.
        """
        self.assertUnreadable(
            f"40/{'x' * 900_000},", "a namespace's name is longer than 1000 characters"
        )
        for name in ("/x", "/__proto__", "/constructor", "/..", "/\x01"):
            wire, _ = self.attacker()
            wire.say(f"40{name},")
            (refusal,) = wire.texts()
            self.assertEqual(refusal[:2], "44")
            self.assertIn("Invalid namespace", refusal)
            wire.lose()

    def test_namespaceNotJoined(self) -> None:
        """
        What is said in one.
        """
        for packet in ('42/x,["x"]', '42/__proto__,["x"]', "43/x,1[]"):
            name = packet[2:].partition(",")[0]
            self.assertUnreadable(packet, f"not connected to '{name}'")

    def test_eventNames(self) -> None:
        """
        Strings. Odd ones are an event that nobody listens to.
        """
        for name in ("{}", "true", "null", "1", "[]"):
            self.assertUnreadable(f"42[{name}]", "an event's name is no string")
        for name in ("__proto__", "", "\\u0000", "x" * 100_000):
            self.assertReadable(f'42["{name}",1]')

    def test_arguments(self) -> None:
        """
        A list with a name in it.
        """
        for data in ("[]", '{"0":"x"}', '"x"', "1", "null"):
            self.assertUnreadable(f"42{data}", "an event is no list with its name in it")
        self.assertUnreadable("42", "an event is no list with its name in it")

    def test_argumentsOfAHandler(self) -> None:
        """
        More or fewer than it takes: it is not called, which is one line in
        the log, as often as there are lines.
        """
        wire, _ = self.attacker()
        for _ in range(100):
            wire.say('42["message"]')
            wire.say('42["message",1,2]')
        self.assertEqual((self.seen, self.gone, len(self.log)), ([], [], 10))
        self.assertIn("takes 1 positional argument but 2 were given", formatEvent(self.log[1]))

    def test_reservedNames(self) -> None:
        """
        Not for clients.
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
            self.assertUnreadable(f'42["{name}"]', f"a client cannot emit {name!r}")

    def test_eventsOfTheApplication(self) -> None:
        """
        The names of what the server tells its own handlers are events of the
        client's like any other, and none of those handlers is called.
        """
        called: list[str] = []
        names = ("connection", "clientConnect", "clientDisconnect", "clientMessage", "newNamespace")
        wire, _ = self.attacker()
        for name in names:
            self.server.io.on(name, lambda *args, name=name: called.append(name))
            wire.say(f'42["{name}",1]')
        self.assertEqual((called, self.gone), ([], []))

    def test_numbersInJSON(self) -> None:
        """
        JSON knows neither NaN nor infinity; Python reads 4,300 digits.
        """
        for number, line in (
            ("NaN", "the JSON holds NaN"),
            ("-Infinity", "the JSON holds -Infinity"),
            ("1e309", "the JSON holds a number that is too large"),
            ("9" * 10_000, "the JSON holds a number that is too long"),
        ):
            self.assertUnreadable(f'42["message",{number}]', line)

    def test_brokenJSON(self) -> None:
        """
        Told where.
        """
        for text, place in (("[", 1), ('["x",]', 5), ("['x']", 1), ("\0", 0), ('["x"]]', 5)):
            self.assertUnreadable(f"42{text}", f"the JSON is broken at character {place}")

    def test_nesting(self) -> None:
        """
        256 levels.
        """
        for text in (
            "[" * 100_000,
            "[" * 1000 + "]" * 1000,
            '["x",' + '{"a":' * 300 + "1" + "}" * 300 + "]",
        ):
            self.assertUnreadable(f"42{text}", "the JSON is nested too deeply")
        self.assertUnreadable('451-["x",' + "[" * 100_000, "the JSON is nested too deeply")

    def test_loneSurrogates(self) -> None:
        """
        They come and go as escapes.
        """
        wire = self.openSocket()
        wire.say('42["message",["\\ud800"]]')
        self.assertEqual(self.seen, [["\ud800"]])
        self.assertEqual(wire.texts(), ['42["message",["\\ud800"]]'])

    def test_joiningTwice(self) -> None:
        """
        It is told once; still one client.
        """
        chat = self.server.io.of("/chat")
        wire, client = self.attacker()
        for packet in ("40", "40/chat,", "40/chat,", "40"):
            wire.say(packet)
        (welcome,) = wire.texts()
        self.assertEqual((welcome[:8], len(chat.clients)), ("40/chat,"[: len(welcome)], 1))
        self.assertEqual((self.gone, client.connected), ([], True))

    def test_joiningWithRubbish(self) -> None:
        """
        What is sent along is an object, or nothing.
        """
        line = {
            FOUR: "what a client sends to be let in is no object",
            THREE: "a namespace is asked for with data",
        }[self.tongue]
        self.server.io.of("/chat")
        for data in ("[]", "null", "-1", '"x"', "true"):
            self.assertUnreadable(f"40/chat,{data}", line)
        self.assertUnreadable("41/chat,{}", "a client says goodbye with data")

    def test_leavingNothing(self) -> None:
        """
        Ignored.
        """
        self.assertReadable("41/chat,")

    def test_joiningVeryMany(self) -> None:
        """
        No more than C{maxNamespaces}; who asks for one more is refused that.
        """
        self.serve(maxNamespaces=10)
        for number in range(20):
            self.server.io.of(f"/{number}")
        wire, _ = self.attacker()
        for number in range(20):
            wire.say(f"40/{number},")
        answers = wire.texts()
        self.assertEqual([answer[:2] for answer in answers], ["40"] * 9 + ["44"] * 11)
        self.assertIn("too many namespaces", answers[-1])
        self.assertEqual(self.gone, [])

    def test_floodOfNewNamespaces(self) -> None:
        """
        Where a pattern makes them, no more than C{maxChildNamespaces}, in all;
        those that are empty make room where C{cleanupEmptyChildNamespaces} is
        on.
        """
        for cleanUp, made in ((False, 5), (True, 0)):
            self.serve(maxChildNamespaces=5, cleanupEmptyChildNamespaces=cleanUp)
            parent = self.server.io.of(re.compile(r"^/x\d+$"))
            wire, _ = self.attacker()
            for number in range(100):
                wire.say(f"40/x{number},")
                wire.say(f"41/x{number},")
            kinds = [text[:2] for text in wire.texts()]
            self.assertEqual(kinds.count("44"), 0 if cleanUp else 95)
            self.assertEqual((len(parent.children), self.gone), (made, []))
            wire.lose()

    def test_floodOfSlowChoices(self) -> None:
        """
        Who asks and leaves again while the application still thinks about it
        has it think of no more than C{maxNamespaces} at once.
        """
        self.serve(maxNamespaces=10)
        thinking: list[Deferred[bool]] = []

        def choose(name: str, auth: Any) -> Deferred[bool]:
            thinking.append(Deferred())
            return thinking[-1]

        self.server.io.of(choose)
        wire, _ = self.attacker()
        for number in range(100):
            wire.say(f"40/{number},")
            wire.say(f"41/{number},")
        self.assertLessEqual(len(thinking), 10)
        for each in thinking:
            each.callback(False)

    def test_floodOfSlowMiddleware(self) -> None:
        """
        The same where it thinks about letting the client in.
        """
        self.serve(maxNamespaces=10)
        thinking: list[Deferred[None]] = []

        def think(client: Client) -> Deferred[None]:
            thinking.append(Deferred())
            return thinking[-1]

        self.server.io.of("/chat").use(think)
        wire, _ = self.attacker()
        for _ in range(100):
            wire.say("40/chat,")
            wire.say("41/chat,")
        self.assertLessEqual(len(thinking), 10)
        for each in thinking:
            each.callback(None)
        self.assertEqual(dict(self.server.io.of("/chat").clients), {})

    def test_acknowledgements(self) -> None:
        """
        One that answers nothing, or answers twice, is ignored.
        """
        wire, client = self.attacker()
        answers: list[Any] = []
        client.emitWithAck("x").addCallback(answers.append)
        (event,) = wire.texts()
        id = int(event[2 : event.index("[")])
        wire.say(f'43{id + 1}["none"]')
        wire.say(f'43{id}["once"]')
        wire.say(f'43{id}["twice"]')
        self.assertEqual((answers, self.gone), (["once"], []))

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
        wires = [self.server.webSocket(self.url("websocket")) for _ in range(2)]
        for wire, text in zip(wires, "ab", strict=True):
            for packet in (*self.tongue.greeting, f'42["message","{text}"]'):
                wire.say(packet)
        self.assertEqual(self.seen, [])
        asked[0].callback(None)
        asked[1].errback(ConnectionRefused("no"))
        self.assertEqual(self.seen, ["a"])
        self.assertEqual([text[:2] for text in wires[0].texts()[1:]], ["40", "42"])
        self.assertEqual([text[:2] for text in wires[1].texts()[1:]], ["44"])

    def test_floodBeforeBeingLetIn(self) -> None:
        """
        No more than C{maxPending} wait; over HTTP it is 429.
        """
        self.serve(maxPending=100)
        self.server.io.use(lambda client: Deferred())
        flood = [*self.tongue.greeting, *['42["message"]'] * 101]
        wire = self.server.webSocket(self.url("websocket"))
        for packet in flood:
            wire.say(packet)
        self.assertClosed(wire, 1008, "too many pending messages: more than 100 packets wait")
        sid = self.shake()
        self.assertRefusal(self.post(sid, *flood), 429, reason="too many pending messages")
        self.assertEnded(sid)
        self.assertEqual(self.seen, [])

    def test_floodOfASlowHandler(self) -> None:
        """
        The same.
        """
        self.serve(maxPending=100)
        sid, client = self.pollingAttacker()
        client.on("message", lambda message: Deferred())
        posted = self.post(sid, *['42["message",1]'] * 102)
        self.assertRefusal(posted, 429, reason="too many pending messages")
        self.assertEnded(sid)

    def test_floodOfLargePackets(self) -> None:
        """
        Nor more than C{maxPendingBytes}.
        """
        self.serve(maxPendingBytes=50_000)
        large = f'42["message","{"x" * 10_000}"]'
        wire, client = self.attacker()
        client.on("message", lambda message: Deferred())
        for _ in range(10):
            wire.say(large)
        self.assertClosed(
            wire, 1008, "too many pending messages: packets of more than 50000 bytes wait"
        )
        sid, client = self.pollingAttacker()
        client.on("message", lambda message: Deferred())
        posted = self.post(sid, *[large] * 10)
        self.assertRefusal(posted, 429, reason="too many pending messages")
        self.assertEnded(sid)

    def test_floodOfComings(self) -> None:
        """
        What handlers are at counts even when the client has left the
        namespace, and comes again.
        """
        self.serve(maxPending=10)
        self.server.io.of("/chat").on(
            "connection", lambda client: client.on("message", lambda message: Deferred())
        )
        wire, _ = self.attacker()
        for _ in range(11):
            wire.say("40/chat,")
            wire.say('42/chat,["message",1]')
            wire.say("41/chat,")
        self.assertClosed(wire, 1008, "too many pending messages: more than 10 packets wait")

    def test_floodOfAuth(self) -> None:
        """
        What is sent to be let in is kept, as long as all of it together is not
        more than C{maxPendingBytes}.
        """
        self.serve(maxPendingBytes=5000)
        self.server.io.of(re.compile("^/x"))
        wire, _ = self.attacker()
        auth = {FOUR: ',{"a":"%s"}', THREE: "?a=%s"}[self.tongue] % ("x" * 900)
        for number in range(6):
            wire.say(f"40/x{number}{auth}")
        self.assertClosed(
            wire, 1008, "too many pending messages: packets of more than 5000 bytes wait"
        )

    def test_floodBeforeTheNamespaceIs(self) -> None:
        """
        The same while it is decided whether there is such a namespace.
        """
        self.serve(maxPending=100)
        self.server.io.of(lambda name, auth: Deferred())
        sid, _ = self.pollingAttacker()
        posted = self.post(sid, "40/x,", *['42/x,["message"]'] * 101)
        self.assertRefusal(posted, 429, reason="too many pending messages")
        self.assertEqual(self.gone, ["too many pending messages"])


class JoiningAttacks(EngineCase):
    """
    Who has to join, and does not.
    """

    def test_beforeJoining(self) -> None:
        """
        Nothing can be said.
        """
        for packet, line in (
            ('42["message","x"]', "not connected to '/'"),
            ("431[]", "not connected to '/'"),
        ):
            sid = self.shake()
            self.assertWrong(self.post(sid, packet), 3, line)
            self.assertEnded(sid)
            wire = self.server.webSocket(self.url("websocket"))
            wire.say(packet)
            self.assertClosed(wire, 1002, f"parse error: {line}")
        self.assertEqual(self.seen, [])

    def test_neverJoins(self) -> None:
        """
        C{connectTimeout}, though the heartbeats are answered.
        """
        self.serve(connectTimeout=40.0)
        wire = self.server.webSocket(self.url("websocket"))
        sid = self.shake()
        self.wait(24)
        poll = self.pollOf(sid)
        self.wait(2)
        wire.say("3")
        self.post(sid, "3")
        self.wait(13)
        self.assertEqual(len(self.server.io._manager.sessions), 6)
        self.wait(2)
        self.assertClosed(wire, 1000, "forced close")
        self.assertEnded(sid)
        self.assertEqual(self.packets(poll), ["2"])

    def test_comesBackAsNobody(self) -> None:
        """
        Ids that were never given out, or are none: a new client.
        """
        self.serve(connectionStateRecovery={})
        for pid, offset in (
            ('"x"', '"y"'),
            ('"__proto__"', "0"),
            ("1", "[]"),
            ("null", "null"),
            ("{}", '"0"'),
            ('"' + "x" * 100_000 + '"', '"' + "9" * 100_000 + '"'),
        ):
            wire = self.server.webSocket(self.url("websocket"))
            wire.say(f'40{{"pid":{pid},"offset":{offset}}}')
            self.assertEqual(wire.texts()[1][:8], '40{"sid"')
            self.assertFalse(self.joined().recovered)
            wire.lose()

    def test_joinsAfterBeingRefused(self) -> None:
        """
        As often as it likes, as long as C{connectTimeout} lasts.
        """
        self.server.io.use(Mock(side_effect=ConnectionRefused("no")))
        wire = self.server.webSocket(self.url("websocket"))
        for _ in range(100):
            wire.say("40")
        self.assertEqual(wire.texts()[1:], ['44{"message":"no"}'] * 100)
        self.wait(45.5)
        self.assertEqual(set(self.server.io.clients), self.honest)


class UpgradeAttacks(EngineCase):
    """
    The way from polling to a WebSocket.
    """

    hello = '42["message","x"]'

    def upgraded(self) -> tuple[str, Wire]:
        """
        A session that has moved.
        """
        sid, _ = self.pollingAttacker()
        wire = self.upgradeTo(sid)
        wire.say("2probe")
        wire.say("5")
        self.assertEqual(wire.texts(), ["3probe"])
        return sid, wire

    def assertGoesOn(self, sid: str) -> None:
        """
        The session is as it was, and polls.
        """
        self.seen.clear()
        self.assertEqual(self.post(sid, self.hello).answer().body, b"ok")
        self.assertIn(self.hello, self.packets(self.pollOf(sid)))
        self.assertEqual((self.seen, self.gone), (["x"], []))

    def test_bytesBehindTheHeaders(self) -> None:
        """
        The probe, and even the upgrade and what comes after it, in the same
        segment as the opening.
        """
        sid, _ = self.pollingAttacker()
        lines = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        opening = f"GET /socket.io{self.url('websocket', sid)} HTTP/1.1\r\nHost: x\r\n{lines}\r\n"
        messages = ("2probe", "5", self.hello, self.hello)
        wire = self.server.connect()
        wire.receive(opening.encode() + b"".join(frame(TEXT, text.encode()) for text in messages))
        self.assertEqual(wire.texts(), ["3probe", self.hello, self.hello])
        self.assertEqual(self.seen, ["x", "x"])

    def test_goneAtOnce(self) -> None:
        """
        Nothing has happened to the session, at whatever point it was.
        """
        sid, _ = self.pollingAttacker()
        for messages in ((), ("2probe",)):
            wire = self.upgradeTo(sid)
            for message in messages:
                wire.say(message)
            wire.lose()
            self.assertGoesOn(sid)

    def test_goneAfterwards(self) -> None:
        """
        From then on it is a WebSocket like any other.
        """
        _, wire = self.upgraded()
        wire.lose()
        self.assertEqual(self.gone, ["transport close"])

    def test_neverProbes(self) -> None:
        """
        Cut off after C{upgradeTimeout}; so is who probes and leaves it at
        that. The session goes on.
        """
        for messages in ((), ("2probe",)):
            sid, client = self.pollingAttacker()
            wire = self.upgradeTo(sid)
            for message in messages:
                wire.say(message)
            self.wait(9.5)
            self.assertGoesOn(sid)
            self.wait(0.7)
            self.assertClosed(wire, 1000, "transport close")
            self.assertGoesOn(sid)
            client.disconnect(close=True)
            self.gone.clear()

    def test_upgradeWithoutProbe(self) -> None:
        """
        An error of the WebSocket's, and not of the session's.
        """
        self.assertCandidateFails("5")

    def test_packetsBeforeTheUpgrade(self) -> None:
        """
        The same: nothing of it is heard.
        """
        for packet in (self.hello, "40", "1", "6", "0", "9", "", "2", "2x", "3probe", "\0"):
            self.assertCandidateFails(packet)
            self.assertCandidateFails("2probe", packet)
        self.assertCandidateFails("2probe", '451-["x",{"_placeholder":true,"num":0}]', "x")
        self.assertEqual(self.gone, [])

    def assertCandidateFails(self, *packets: str) -> None:
        """
        These packets are the end of a WebSocket that offers itself, and of no
        more than that.
        """
        self.gone.clear()
        sid, client = self.pollingAttacker()
        wire = self.upgradeTo(sid)
        for packet in packets:
            wire.say(packet)
        self.closing.append(wire)
        closing = wire.frames()[-1]
        self.assertEqual((closing.opcode, closing.payload[:2]), (CLOSE, struct.pack("!H", 1002)))
        self.assertIn(b"parse error: ", closing.payload)
        self.assertGoesOn(sid)
        client.disconnect(close=True)
        self.packets(self.pollOf(sid))
        self.gone.clear()

    def test_secondCandidate(self) -> None:
        """
        One at a time; the first is not disturbed.
        """
        sid, _ = self.pollingAttacker()
        first = self.upgradeTo(sid)
        for _ in range(100):
            second = self.upgradeTo(sid)
            self.assertClosed(
                second, 1000, "transport error: this session is being upgraded, or has been"
            )
        first.say("2probe")
        first.say("5")
        first.say(self.hello)
        self.assertEqual(first.texts(), ["3probe", self.hello])

    def test_afterwards(self) -> None:
        """
        The session is the WebSocket's: who still polls or posts is told so,
        and so is a second WebSocket.
        """
        sid, wire = self.upgraded()
        belongs = "this session belongs to another transport"
        self.assertWrong(self.pollOf(sid), 3, belongs)
        self.assertWrong(self.post(sid, self.hello), 3, belongs)
        self.assertWrong(self.upgradeTo(sid), 3, "this session has a connection")
        wire.say("5")
        self.assertClosed(wire, 1002, "parse error: an upgrade where nothing has been offered")
        self.assertEqual(self.seen, [])

    def test_pollsMeanwhile(self) -> None:
        """
        Answered at once, as often as they come; what is sent meanwhile is
        not lost.
        """
        sid, client = self.pollingAttacker()
        hanging = self.pollOf(sid)
        wire = self.upgradeTo(sid)
        wire.say("2probe")
        self.assertEqual(self.packets(hanging), ["6"])
        for _ in range(100):
            self.assertEqual(self.packets(self.pollOf(sid)), ["6"])
        client.send("x")
        self.assertEqual(wire.texts(), ["3probe"])
        wire.say("5")
        self.assertEqual(wire.texts(), [self.hello])

    def test_pollPendingAtTheUpgrade(self) -> None:
        """
        Who upgrades while its poll still hangs has that answered.
        """
        sid, _ = self.pollingAttacker()
        wire = self.upgradeTo(sid)
        wire.receive(frame(TEXT, b"2probe"))
        poll = self.pollOf(sid)
        wire.say("5")
        self.assertEqual(self.packets(poll), ["6"])

    def test_postMeanwhile(self) -> None:
        """
        What is posted before the upgrade is heard before it.
        """
        sid, _ = self.pollingAttacker()
        wire = self.upgradeTo(sid)
        wire.say("2probe")
        self.post(sid, '42["message","a"]')
        wire.say("5")
        wire.say('42["message","b"]')
        self.assertEqual(self.seen, ["a", "b"])

    def test_floodOfProbes(self) -> None:
        """
        No timer for any of them, and no answers to who does not read them.
        """
        sid, _ = self.pollingAttacker()
        wire = self.upgradeTo(sid)
        wire.say("2probe")
        calls = len(self.server.clock.getDelayedCalls())
        assert wire.producer is not None
        wire.producer.pauseProducing()
        wire.clear()
        wire.receive(frame(TEXT, b"2probe") * 10_000)
        self.assertEqual(wire.value(), b"")
        self.assertEqual(len(self.server.clock.getDelayedCalls()), calls)
        wire.lose()
        self.assertGoesOn(sid)

    def test_floodOfOffers(self) -> None:
        """
        A thousand WebSockets, one after the other.
        """
        sid, _ = self.pollingAttacker()
        for _ in range(1000):
            wire = self.upgradeTo(sid)
            wire.say("2probe")
            wire.lose()
        self.assertGoesOn(sid)

    def test_endsMeanwhile(self) -> None:
        """
        A session that ends takes what has offered itself with it.
        """
        sid, _ = self.pollingAttacker()
        wire = self.upgradeTo(sid)
        wire.say("2probe")
        self.post(sid, "1")
        self.assertClosed(wire, 1000, "transport close")
        self.assertEqual(self.gone, ["transport close"])

    def test_guessedIds(self) -> None:
        """
        Whoever knows a session's id can take it over, as in every
        Engine.IO; ids cannot be guessed.
        """
        ids = {self.shake() for _ in range(100)}
        self.assertEqual({len(sid) for sid in ids}, {20})
        self.assertEqual(len(ids), 100)


class WebSocketAttacks(EngineCase):
    """
    Frames of RFC 6455 that are none, and compression.
    """

    hello = b'42["message","x"]'

    def assertFailed(self, code: int, reason: str, *pieces: bytes) -> None:
        """
        These bytes are answered with that code, and nobody hears of them.
        """
        self.gone.clear()
        wire = self.openSocket()
        for piece in pieces:
            wire.receive(piece)
        self.assertClosed(wire, code, reason)
        self.assertEqual((self.seen, self.gone), ([], ["transport error"]))

    def test_frames(self) -> None:
        """
        They never come so far that Engine.IO could mind.
        """
        data = frame(TEXT, self.hello)
        for bits in (1, 2, 4, 7):
            reserved = bytes([data[0] | bits << 4]) + data[1:]
            self.assertFailed(1002, f"RSV = {bits} and no extension negotiated", reserved)
        unmasked = frame(TEXT, self.hello, mask=b"")
        self.assertFailed(1002, "unmasked client-to-server frame", unmasked)
        self.assertFailed(1002, "data frame using reserved opcode 3", frame(3, b"x"))
        self.assertFailed(1002, "fragmented control frame", frame(PING, b"", final=False))
        self.assertFailed(
            1002, "received close control frame with payload len 1", frame(CLOSE, b"x")
        )
        self.assertFailed(
            1007,
            "encountered invalid UTF-8 while processing text message at payload octet index 2",
            frame(TEXT, b"42\xff"),
        )
        self.assertFailed(
            1009,
            "more fragments than maxPackets (10000) allows",
            frame(TEXT, b"", final=False) + frame(0, b"", final=False) * 10_000,
        )

    def test_framesOfACandidate(self) -> None:
        """
        What only offers itself harms only itself.
        """
        sid, _ = self.pollingAttacker()
        for data in (frame(3, b"x"), frame(TEXT, b"\xff"), frame(TEXT, b"x", mask=b"")):
            wire = self.upgradeTo(sid)
            wire.receive(data)
            self.assertEqual(wire.frames()[-1].opcode, CLOSE)
            self.closing.append(wire)
            self.assertEqual(self.post(sid, "6").answer().body, b"ok")
        self.assertEqual(self.gone, [])

    def test_oneByteAtATime(self) -> None:
        """
        The same as in one piece.
        """
        wire = self.openSocket()
        for byte in frame(TEXT, self.hello) + frame(CLOSE, b"\x03\xe8"):
            wire.receive(bytes([byte]))
        self.assertEqual(wire.frames(), [(TEXT, self.hello), (CLOSE, b"\x03\xe8")])
        self.assertEqual(self.seen, ["x"])

    def test_dataAfterClose(self) -> None:
        """
        Not heard.
        """
        wire = self.openSocket()
        wire.receive(frame(CLOSE, b"\x03\xe8") + frame(TEXT, self.hello) * 100)
        self.assertClosed(wire, 1000, "")
        self.assertEqual((self.seen, self.gone), ([], ["transport close"]))

    def test_deflateBomb(self) -> None:
        """
        With C{perMessageDeflate} on, a message inflates to C{maxPayload} and no
        further.
        """
        self.serve(perMessageDeflate=True)
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = deflate.compress(b" " * 100_000_000) + deflate.flush(zlib.Z_SYNC_FLUSH)
        self.assertLess(len(bomb), 1_000_000)
        wire = self.openSocket({"Sec-WebSocket-Extensions": "permessage-deflate"})
        data = frame(TEXT, bomb[:-4])
        data = bytes([data[0] | 0x40]) + data[1:]
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        wire.receive(data)
        _, peak = tracemalloc.get_traced_memory()
        self.assertLess(peak, 10_000_000)
        closing = wire.frames()[-1]
        self.assertEqual((closing.opcode, closing.payload[:2]), (CLOSE, struct.pack("!H", 1009)))
        self.closing.append(wire)
        self.assertEqual((self.seen, self.gone), ([], ["transport error"]))

    def test_brokenDeflate(self) -> None:
        """
        What is no compressed data is a fault of the frame's.
        """
        self.serve(perMessageDeflate=True)
        wire = self.openSocket({"Sec-WebSocket-Extensions": "permessage-deflate"})
        data = frame(TEXT, b"\xff" * 100)
        wire.receive(bytes([data[0] | 0x40]) + data[1:])
        self.assertEqual(wire.frames()[-1].opcode, CLOSE)
        self.closing.append(wire)
        self.assertEqual((self.seen, self.gone), ([], ["transport error"]))


class OpeningAttacks(EngineCase):
    """
    The opening of a WebSocket.
    """

    def test_headers(self) -> None:
        """
        400 where RFC 6455 wants another value, and no session.
        """
        for headers, words in (
            ({"Connection": "keep-alive"}, "Connection"),
            ({"Sec-WebSocket-Version": "99"}, "supported versions: 13"),
            ({"Sec-WebSocket-Key": "x"}, "Sec-WebSocket-Key"),
            ({"Sec-WebSocket-Key": "\xe9" * 22 + "=="}, "Sec-WebSocket-Key"),
        ):
            for sid in ("", self.enginePoller):
                wire = self.server.webSocket(self.url("websocket", sid), headers)
                self.assertHandshakeRefused(wire, 400, words)
        self.assertEqual(len(self.server.io._manager.sessions), 4)

    def test_protocolsAndExtensions(self) -> None:
        """
        None is taken; what is no list of them does no harm.
        """
        for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
            for value in ("a" + " " * 15_000 + ",", "\xe9\xff", "," * 10_000, '"'):
                wire = self.server.webSocket(self.url("websocket"), {name: value})
                status, lines = wire.value().split(b"\r\n", 1)
                self.assertIn(status.split(b" ")[1], (b"101", b"400"))
                self.assertNotIn(name.encode(), lines)
            wire = self.server.webSocket(self.url("websocket"), {name: "a" + " " * 50_000})
            self.assertEqual((wire.value(), wire.disconnecting), (b"", True))

    def test_drafts(self) -> None:
        """
        Engine.IO has never spoken those of 2010.
        """
        for headers in (
            {"Upgrade": "WebSocket", "Connection": "Upgrade"},
            {
                "Upgrade": "WebSocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5",
                "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00",
            },
        ):
            wire = self.server.get(self.url("websocket"), headers)
            reason = "this URL takes WebSocket connections only"
            self.assertRefusal(wire, 426, reason=reason)

    def test_goneAtOnce(self) -> None:
        """
        A session that begins and ends.
        """
        self.server.webSocket(self.url("websocket")).lose()
        self.wait(0.2)
        self.assertEqual(len(self.server.io._manager.sessions), 4)


class SessionAttacks(EngineCase):
    """
    Heartbeats, rooms and the end.
    """

    def test_wrongHeartbeat(self) -> None:
        """
        That of the other side ends the session.
        """
        self.assertUnreadable(
            self.tongue.wrongBeat,
            {
                FOUR: "no packet that a client sends begins with '2'",
                THREE: "no packet that a client sends begins with '3'",
            }[self.tongue],
        )

    def test_probeWithoutOffer(self) -> None:
        """
        On what carries the session already, a probe is a heartbeat like any
        other: the third revision's to send, and not the fourth's.
        """
        sid, _ = self.pollingAttacker()
        wire = self.post(sid, "2probe")
        if self.tongue is THREE:
            self.assertEqual(wire.answer().body, b"ok")
            self.assertEqual(self.packets(self.pollOf(sid)), ["3probe"])
        else:
            self.assertWrong(wire, 3, "a heartbeat, which is the server's to send")

    def test_heartbeatTimeout(self) -> None:
        """
        Silence ends it, on either transport.
        """
        wire = self.openSocket()
        self.openPolling()
        self.wait(44)
        self.assertEqual(self.gone, [])
        self.wait(1.5)
        self.assertEqual(self.gone, ["ping timeout"] * 2)
        self.assertClosed(wire, 1000, "ping timeout")

    def test_useAfterClose(self) -> None:
        """
        Code 1 for who comes back, silence for what is said to who has gone.
        """
        sid, client = self.pollingAttacker()
        self.post(sid, "1")
        client.send("x")
        client.emit("x", b"x")
        client.disconnect()
        client.disconnect(close=True)
        self.failureResultOf(client.emitWithAck("x"), ClientDisconnected)
        self.assertEnded(sid)
        self.assertWrong(self.post(sid, "6"), UNKNOWN)
        self.assertWrong(self.upgradeTo(sid), UNKNOWN)
        self.assertEqual(self.gone, ["transport close"])

    def test_afterTheServersGoodbye(self) -> None:
        """
        What a client still posts is not heard; its goodbye can be fetched,
        by a poll of its own.
        """
        sid, client = self.pollingAttacker()
        client.disconnect(close=True)
        answer = self.post(sid, '42["message","x"]').answer()
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        self.assertEqual(self.packets(self.pollOf(sid))[-1], "41")
        self.assertEqual(self.packets(self.pollOf(sid)), ["1"])
        self.assertEnded(sid)
        self.assertEqual((self.seen, self.gone), ([], ["server namespace disconnect"]))

    def test_afterLeavingANamespace(self) -> None:
        """
        Who was sent away may not have heard yet; who left by itself has.
        """
        sid, client = self.pollingAttacker()
        client.disconnect()
        self.assertEqual(self.post(sid, '42["message","x"]').answer().body, b"ok")
        self.assertEqual((self.seen, self.gone), ([], ["server namespace disconnect"]))
        sid, _ = self.pollingAttacker()
        posted = self.post(sid, "41", '42["message","x"]')
        self.assertWrong(posted, 3, "not connected to '/'")
        self.assertEqual(self.seen, [])

    def test_roomOfAnotherClient(self) -> None:
        """
        There is no way to ask for a room: rooms are the application's.
        """
        victim, other = self.attacker()
        self.honest.add(other.sessionId)
        wire, _ = self.attacker()
        for name in ("join", "subscribe", "leave"):
            wire.say(f'42["{name}","{other.sessionId}"]')
        self.server.io.to(other.sessionId).send("secret")
        self.assertEqual(wire.texts(), [])
        self.assertEqual(victim.texts(), ['42["message","secret"]'])


class FloodOfAnswers(EngineCase):
    """
    The fourth revision's heartbeats.
    """

    def test_floodOfPongs(self) -> None:
        """
        No timer, no answer, no line; nor do they count before they are asked
        for.
        """
        wire, _ = self.attacker()
        calls = len(self.server.clock.getDelayedCalls())
        for _ in range(10_000):
            wire.say("3")
        self.assertEqual(len(self.server.clock.getDelayedCalls()), calls)
        self.assertEqual((wire.texts(), self.gone, self.log), ([], [], []))
        self.wait(45.5)
        self.assertEqual(self.gone, ["ping timeout"])

    def test_talksWithoutAnswering(self) -> None:
        """
        Whatever else is said, the answer has to come; it may be late once.
        """
        wire, _ = self.attacker()
        for _ in range(16):
            wire.say('42["x"]')
            self.wait(4)
        self.assertEqual(self.gone, ["ping timeout"])


class FloodOfPings(EngineCase):
    """
    The third revision's heartbeats.
    """

    tongue, other = THREE, FOUR

    def test_floodOfPings(self) -> None:
        """
        An answer each, as long as they are read, and no timer. Who does not
        read them is slow.
        """
        wire, _ = self.attacker()
        calls = len(self.server.clock.getDelayedCalls())
        for _ in range(1000):
            wire.say("2x")
        self.assertEqual(len(self.server.clock.getDelayedCalls()), calls)
        self.assertEqual(wire.texts(), ["3x"] * 1000)
        assert wire.producer is not None
        wire.producer.pauseProducing()
        wire.receive(frame(TEXT, b"2" + b"x" * 1000) * 2000)
        self.assertEqual((self.gone, wire.aborted, wire.value()), (["slow consumer"], True, b""))

    def test_floodOfPingsByPolling(self) -> None:
        """
        The same for who does not fetch them.
        """
        sid, _ = self.pollingAttacker()
        ping = "2" + "x" * 1000
        self.assertEqual(self.post(sid, *[ping] * 900).answer().body, b"ok")
        self.assertRefusal(self.post(sid, *[ping] * 900), 429, reason="slow consumer")
        self.assertEqual(self.gone, ["slow consumer"])


class LoadAttacks(EngineCase):
    """
    Too much of everything. C{test_engine_attacks_sockets.py} has what needs
    sockets.
    """

    def test_whoNeverPolls(self) -> None:
        """
        What waits is bounded, in bytes and in packets.
        """
        for sent, count in (("x" * 100_000, 2000), ("", 20_000)):
            self.gone.clear()
            sid, client = self.pollingAttacker()
            for _ in range(count):
                client.send(sent)
            self.assertEqual((self.gone, client.connected), (["slow consumer"], False))
            self.assertEnded(sid)

    def test_whoAsksForMore(self) -> None:
        """
        A POST whose answers are more than may wait for a client that does not
        poll is told so.
        """
        self.serve(maxQueue=100)
        sid, _ = self.pollingAttacker()
        posted = self.post(sid, *['42["message","x"]'] * 200)
        self.assertRefusal(posted, 429, reason="slow consumer")
        self.assertEqual((len(self.seen), self.gone), (101, ["slow consumer"]))

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
            client.send(number)
            client.emit("x", b"y")
            self.assertEqual(wire.value(), b"")
            wire.producer.resumeProducing()
            text, event, data = wire.frames()
            self.assertEqual(text.payload, f'42["message",{number}]'.encode())
            self.assertEqual((event.payload[:4], data.payload[-1:]), (b"451-", b"y"))

    def test_sessionsPerAddress(self) -> None:
        """
        503 for the next one; one that has gone makes room.
        """
        self.serve(maxSessionsPerAddress=6)
        self.shake()
        last = self.shake()
        line = "too many sessions from your address"
        self.assertRefusal(self.server.get(self.url()), 503, reason=line)
        self.assertHandshakeRefused(self.server.webSocket(self.url("websocket")), 503, line)
        wire = self.server.request(
            "GET", f"/socket.io{self.url()}", wire=self.server.connect("10.1.1.1")
        )
        self.assertEqual(wire.answer().status, 200)
        self.post(last, "1")
        self.assertEqual(self.server.get(self.url()).answer().status, 200)

    def test_upgradesOfAnAddress(self) -> None:
        """
        An upgrade is no session more.
        """
        self.serve(maxSessionsPerAddress=5)
        wire = self.upgradeTo(self.shake())
        wire.say("2probe")
        self.assertEqual(wire.texts(), ["3probe"])

    def test_sessions(self) -> None:
        """
        503 from anywhere.
        """
        self.serve(maxSessions=5)
        self.shake()
        self.assertRefusal(self.server.get(self.url()), 503, reason="too many sessions")
        self.assertHandshakeRefused(
            self.server.webSocket(self.url("websocket")), 503, "too many sessions"
        )

    def test_handshakesPerSecond(self) -> None:
        """
        503 until the next second.
        """
        self.serve(maxSessionsPerSecond=7)
        answers = [self.server.get(self.url()).answer().status for _ in range(100)]
        self.assertEqual(answers, [200] * 3 + [503] * 97)
        self.server.clock.advance(1)
        self.assertEqual(self.server.get(self.url()).answer().status, 200)

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
        wire, client = self.attacker()
        outcomes: list[Any] = []
        for _ in range(10):
            client.emitWithAck("x").addErrback(outcomes.append)
        self.failureResultOf(client.emitWithAck("x"), AckTimeout)
        wire.lose()
        self.assertEqual(len(outcomes), 10)

    def test_floodOfFaults(self) -> None:
        """
        Ten lines a second in the log, whoever it is.
        """
        for _ in range(500):
            self.post(self.shake(), "x")
            self.server.webSocket(self.url("websocket")).say("x")
        self.assertEqual(len(self.log), 10)
        self.server.clock.advance(1)
        self.post(self.shake(), "x")
        self.assertIn("(990 such lines left out before this one)", formatEvent(self.log[-1]) or "")
        # Their closings are never answered.
        self.wait(6)


def _again(case: type[EngineCase]) -> type[EngineCase]:
    """
    The same for the third revision.
    """
    names = {"tongue": THREE, "other": FOUR, "__module__": __name__}
    return type(f"{case.__name__}3", (case,), names)


RequestAttacks3 = _again(RequestAttacks)
JSONPAttacks3 = _again(JSONPAttacks)
PayloadAttacks3 = _again(PayloadAttacks)
PacketAttacks3 = _again(PacketAttacks)
UpgradeAttacks3 = _again(UpgradeAttacks)
OpeningAttacks3 = _again(OpeningAttacks)
WebSocketAttacks3 = _again(WebSocketAttacks)
SessionAttacks3 = _again(SessionAttacks)
LoadAttacks3 = _again(LoadAttacks)
