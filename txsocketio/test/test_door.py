"""
Tests for L{txsocketio.transports._door}: who comes in the short way finds all as who
comes in through C{twisted.web}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request, Site
from zope.interface import alsoProvides

import txsocketio
from txsocketio import Client, ConnectionRefused
from txsocketio.test.fakes import nothing
from txsocketio.test.support import CLOSE, TEXT, OwnSite, Server, Wire, frame
from txsocketio.test.test_lane import standBefore
from txsocketio.transports._door import LONGEST_HEAD, MOST_HEADERS
from txsocketio.transports.websocket import WebSocketTransport

ENGINE = "/socket.io/?EIO=4&transport=websocket"
HEADERS = (
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
BROWSERS = (
    "Host: example.com",
    "Connection: Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    "Upgrade: websocket",
    "Origin: http://example.com",
    "Sec-WebSocket-Version: 13",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en",
    "Cookie: a=1; b=2",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
)
"""What a browser says."""

SOCKET = "{socket}"
"""Where in a URL the id of a session stands."""


def opening(url: str = ENGINE, *more: str, headers: Sequence[str] = HEADERS) -> bytes:
    """
    A request for a WebSocket.
    """
    return "\r\n".join([f"GET {url} HTTP/1.1", *headers, *more, "", ""]).encode("latin-1")


def without(name: str, *more: str) -> bytes:
    """
    One that lacks a header.
    """
    return opening(headers=[line for line in HEADERS if not line.startswith(f"{name}:")] + [*more])


def instead(name: str, *more: str) -> bytes:
    """
    One that has another in that place.
    """
    lines = [more if line.startswith(f"{name}:") else (line,) for line in HEADERS]
    return opening(headers=[each for group in lines for each in group])


Change = Callable[[Server], object]


class World:
    """
    A server, and what can be seen of it.

    @ivar events: what the application has seen.
    """

    def __init__(self, change: Change = nothing, **options: Any) -> None:
        self.events: list[Any] = []
        numbers = count()
        self.named = patch("secrets.token_bytes", lambda size: next(numbers).to_bytes(size, "big"))
        self.server = Server(**options)
        change(self.server)
        self.server.io.on("connection", self.connected)
        self.wires: list[Wire] = []

    def connected(self, client: Client) -> None:
        """
        Somebody has come.
        """
        self.events.append(replace(client.handshake, time=0.0))

        def echo(*what: Any) -> None:
            self.events.append(what)
            client.send("heard")

        client.on("message", echo)
        client.on("disconnect", lambda reason, *_: self.events.append(reason))

    def open(
        self, *pieces: bytes, address: str = "192.0.2.1", adapt: Callable[[Wire], object] = nothing
    ) -> Wire:
        """
        A connection, on which these pieces come in.
        """
        with self.named:
            wire = self.server.connect(address)
            adapt(wire)
            self.wires.append(wire)
            for piece in pieces:
                wire.receive(piece)
        return wire

    def goOn(self) -> None:
        """
        Whoever has come in says something, and parts.
        """
        with self.named:
            for wire in self.wires:
                wire.receive(frame(TEXT, b"40"))
                wire.receive(frame(TEXT, b'42["message","hello"]'))
                self.server.clock.advance(1)
                wire.receive(frame(CLOSE, b"\x03\xe8"))
                self.server.clock.advance(1)

    def seen(self) -> Any:
        """
        All that can be seen of it.
        """
        clock = self.server.clock
        wires = [
            (
                re.sub(rb"\r\nDate: [^\r]+", b"", wire.value()),
                wire.disconnecting,
                wire.connected,
                wire.aborted,
                wire.producerState,
            )
            for wire in self.wires
        ]
        left = sorted(call.getTime() for call in clock.getDelayedCalls())
        return wires, list(self.events), sorted(self.server.io.clients), left


def isTaken(wire: Wire) -> bool:
    """
    Whether somebody has come in the short way.
    """
    return isinstance(getattr(wire.first, "_inner", None), WebSocketTransport)


def opens(*pieces: bytes, **more: Any) -> Callable[[World], Wire]:
    """
    Whoever connects, see L{World.open}.
    """
    return lambda world: world.open(*pieces, **more)


class DoorCase(SynchronousTestCase):
    """
    Two servers, of which one has all come in through C{twisted.web}.
    """

    def assertSame(self, act: Callable[[World], Wire], taken: bool | None, **options: Any) -> Any:
        """
        Whether it is the same on both.

        @param act: does something, and returns the connection that matters.
        @param taken: whether that comes in the short way; L{None} if that does
            not matter.
        """
        short, long = World(**options), World(standBefore, **options)
        wire = act(short)
        self.assertFalse(isTaken(act(long)))
        if taken is not None:
            self.assertEqual(isTaken(wire), taken, wire.value())
        begun = short.seen()
        self.assertEqual(begun, long.seen())
        for world in (short, long):
            world.goOn()
        self.assertEqual(short.seen(), long.seen())
        for world in (short, long):
            for each in world.wires:
                each.lose()
            world.server.clock.advance(200)
        self.assertEqual(short.seen(), long.seen())
        return begun

    def assertComesIn(self, data: bytes, taken: bool = True, **options: Any) -> None:
        """
        An opening that is answered.
        """
        wires, *_ = self.assertSame(opens(data), taken, **options)
        self.assertIn(b"101 Switching", wires[-1][0])

    def assertLeft(self, data: bytes, **options: Any) -> None:
        """
        One that is C{twisted.web}'s.
        """
        self.assertSame(opens(data), False, **options)


EVERYDAY: Mapping[str, bytes] = {
    "a program's": opening(),
    "a browser's": opening(headers=BROWSERS),
    "in another order": opening(headers=HEADERS[::-1]),
    "in lower case": opening(headers=[line.lower() for line in HEADERS[:4]] + [HEADERS[4]]),
    "white space": opening(headers=[line.replace(": ", ": \t ") + " \t" for line in HEADERS]),
    "no white space": opening(
        headers=[line if "pgrade" in line else line.replace(": ", ":") for line in HEADERS]
    ),
    "of several values": instead("Connection", "Connection: keep-alive, Upgrade"),
    "empty": opening(ENGINE, "X-Empty:", "X-Blank:  "),
    "again": opening(ENGINE, "X-Two: one", "x-two: two", "Cookie: a", "Cookie: b"),
    "not ASCII": opening(ENGINE, "X-Name: J\xf6rg \x01\x7f\xff"),
    "unusual names": opening(ENGINE, "!#$%&'*+-.^_`|~9: value"),
    "known to twisted": opening(ENGINE, "te: trailers", "DNT: 1", "etag: x", "x-xss-protection: 0"),
    "long": opening(ENGINE, f"Cookie: {'x' * 5000}"),
    "many headers": opening(ENGINE, *[f"X-{n}: {n}" for n in range(MOST_HEADERS - len(HEADERS))]),
    "no Origin": opening(ENGINE, "Origin:"),
    "twice the same Origin": opening(ENGINE, "Origin: http://example.com", "Origin: "),
    "older Origin": opening(ENGINE, "Sec-WebSocket-Origin: http://example.com"),
    "Connection: close too": instead("Connection", "Connection: close, Upgrade"),
    "Authorization": opening(ENGINE, "Authorization: Basic Zm9vOmJhcg=="),
    "proxy's": opening(ENGINE, "X-Forwarded-For: 192.0.2.9, 192.0.2.8", "X-Forwarded-Proto: https"),
    "query": opening(f"{ENGINE}&t=abc&a=1&a=2&b=&c&=d&%61%20=%ff%C3%BC&x+y=1+2;z=3&&"),
    "other order of query": opening("/socket.io/?transport=websocket&EIO=4"),
    "query of two": opening("/socket.io/?EIO=4&EIO=3&transport=websocket&transport=polling"),
    "marks in the query": opening(f"{ENGINE}&a=?b/:@!$'()*,[]<>\"{{}}|^`\\"),
    "without the slash": opening("/socket.io?EIO=4&transport=websocket"),
    "no version in the query": opening("/socket.io/?transport=websocket"),
    "third": opening("/socket.io/?EIO=3&transport=websocket"),
    "third, binary as text": opening("/socket.io/?EIO=3&transport=websocket&b64=1"),
    "annotated": opening("/socket.io/websocket"),
    "annotated, flash": opening("/socket.io/flashsocket"),
    "with more of a path": opening("/socket.io/websocket//x/7"),
}
"""Those that come in the short way."""

OTHERS: Mapping[str, bytes] = {
    "in odd case": opening(headers=[line.swapcase() for line in HEADERS[:4]] + [HEADERS[4]]),
    "another method": opening().replace(b"GET", b"POST"),
    "HEAD": opening().replace(b"GET", b"HEAD"),
    "get": opening().replace(b"GET", b"get"),
    "OPTIONS": opening().replace(b"GET", b"OPTIONS"),
    "HTTP/1.0": opening().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/2.0": opening().replace(b"HTTP/1.1", b"HTTP/2.0"),
    "no version": opening().replace(b" HTTP/1.1", b""),
    "empty line first": b"\r\n" + opening(),
    "two spaces": opening().replace(b"GET ", b"GET  "),
    "percent": opening("/socket.io/%77ebsocket"),
    "percent further on": opening("/socket.io/websocket//%37"),
    "percent in the mount": opening("/socket%2eio/websocket"),
    "whole URL": opening(f"http://example.com{ENGINE}"),
    "star": opening("*"),
    "fragment": opening(f"{ENGINE}#x"),
    "control in the URL": opening(f"{ENGINE}&a=\x01"),
    "not ASCII in the URL": opening(f"{ENGINE}&a=\xb0"),
    "tab in the URL": opening(f"{ENGINE}&a=\t"),
    "two slashes": opening("//socket.io/websocket"),
    "elsewhere": opening("/elsewhere/"),
    "the root": opening("/"),
    "a file": opening("/socket.io/socket.io.js"),
    "no such transport": opening("/socket.io/?EIO=4&transport=smoke"),
    "no such version": opening("/socket.io/?EIO=9&transport=websocket"),
    "polling": opening("/socket.io/?EIO=4&transport=polling"),
    "xhr-polling": opening("/socket.io/xhr-polling"),
    "unknown session": opening(f"{ENGINE}&sid=unknown"),
    "unknown session, first protocol": opening("/socket.io/websocket/unknown"),
    "unknown session, second protocol": opening("/socket.io/1/websocket/unknown"),
    "handshake of the second": opening("/socket.io/1/"),
    "no Host": without("Host"),
    "two Hosts": opening(ENGINE, "Host: example.com"),
    "odd Host": instead("Host", "Host: a b"),
    "no Upgrade": without("Upgrade"),
    "other Upgrade": instead("Upgrade", "Upgrade: h2c"),
    "two Upgrades": opening(ENGINE, "Upgrade: websocket"),
    "no Connection": without("Connection"),
    "two Connections": opening(ENGINE, "Connection: close"),
    "no Version": without("Sec-WebSocket-Version"),
    "other Version": instead("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"),
    "no Key": without("Sec-WebSocket-Key"),
    "two Keys": opening(ENGINE, HEADERS[-1]),
    "short Key": instead("Sec-WebSocket-Key", "Sec-WebSocket-Key: abc"),
    "drafts": without("Sec-WebSocket-Key", "Sec-WebSocket-Key1: 1 2", "Sec-WebSocket-Key2: 2 4"),
    "subprotocol": opening(ENGINE, "Sec-WebSocket-Protocol: chat"),
    "other extension": opening(ENGINE, "Sec-WebSocket-Extensions: x-other"),
    "Content-Length": opening(ENGINE, "Content-Length: 0"),
    "body": opening(ENGINE, "Content-Length: 3") + b"abc",
    "two lengths": opening(ENGINE, "Content-Length: 3", "content-length: 4") + b"abcd",
    "no length": opening(ENGINE, "Content-Length: x"),
    "chunked": opening(ENGINE, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "Expect": opening(ENGINE, "Expect: 100-continue"),
    "folded": opening(ENGINE, "X-Folded: a", " b"),
    "folded by a tab": opening(ENGINE, "X-Folded: a", "\tb"),
    "folded first": opening(headers=[" X: a", *HEADERS]),
    "no colon": opening(ENGINE, "nothing"),
    "no name": opening(ENGINE, ": value"),
    "space in a name": opening(ENGINE, "X Y: value"),
    "space behind a name": opening(ENGINE, "X : value"),
    "bad name": opening(ENGINE, "X(Y): value"),
    "name not ASCII": opening(ENGINE, "X\xfc: value"),
    "NUL": opening(ENGINE, "X: a\0b"),
    "CR": opening(ENGINE, "X: a\rb"),
    "LF": opening(ENGINE, "X: a\nb"),
    "CR CR LF": opening(ENGINE, "X: a\r"),
    "LF alone": opening().replace(b"\r\n", b"\n"),
    "no headers": b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\r\n",
    "too long": opening(ENGINE, f"Cookie: {'x' * LONGEST_HEAD}"),
    "far too long": opening(ENGINE, *[f"X-{n}: {'x' * 1000}" for n in range(40)]),
    "too many headers": opening(ENGINE, *[f"X-{n}: {n}" for n in range(MOST_HEADERS)]),
    "far too many headers": opening(ENGINE, *["X: y"] * 600),
    "foreign": opening(ENGINE, "Origin: http://evil.example"),
    "malformed Origin": opening(ENGINE, "Origin: x y"),
    "another site's script": opening(ENGINE, "Sec-Fetch-Site: cross-site"),
    "not complete": opening()[:-1],
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200,
    "policy": b"<policy-file-request/>\0" + opening(),
    "nearly the policy": b"<policy" + opening(),
}
"""Those that C{twisted.web} sees."""


class OpeningTests(DoorCase):
    """
    Openings of all kinds.
    """

    def test_everyday(self) -> None:
        """
        Nearly all of them come in the short way.
        """
        for name, data in EVERYDAY.items():
            with self.subTest(name):
                self.assertComesIn(data)

    def test_others(self) -> None:
        """
        C{twisted.web} has all others, and sees all of them.
        """
        for name, data in OTHERS.items():
            with self.subTest(name):
                self.assertLeft(data)

    def test_behind(self) -> None:
        """
        What comes behind an opening is the WebSocket's.
        """
        says = frame(TEXT, b"40") + frame(TEXT, b'42["message","first"]')
        for rest in (says, says[:3], frame(CLOSE, b""), b"GET / HTTP/1.1\r\n\r\n", says * 100):
            self.assertComesIn(opening() + rest)

    def test_pieces(self) -> None:
        """
        One that comes in pieces is C{twisted.web}'s, wherever it is cut.
        """
        data = opening(headers=BROWSERS[-7:] + HEADERS[:1])
        for at in range(1, len(data)):
            self.assertSame(opens(data[:at], data[at:]), False)

    def test_later(self) -> None:
        """
        One that is not the first request on its connection is too.
        """
        file = b"GET /socket.io/socket.io.js HTTP/1.1\r\nHost: example.com\r\n\r\n"
        self.assertSame(opens(file, opening()), False)
        self.assertSame(opens(file + opening()), False)

    def test_again(self) -> None:
        """
        Nothing is remembered of one opening but what is the same in the next.
        """

        def act(world: World) -> Wire:
            for data in [*EVERYDAY.values()] * 2:
                world.open(data)
            return world.wires[-1]

        self.assertSame(act, True)

    def test_mutations(self) -> None:
        """
        Whatever is wrong with it.
        """
        pieces = st.sampled_from([each for line in _WORDS for each in (line, line.lower())])
        change = st.tuples(st.integers(0, 10**6), st.integers(0, 6), pieces | st.binary(max_size=3))

        @hypothesisSettings(max_examples=400, deadline=None, database=None)
        @given(st.sampled_from([*EVERYDAY.values()]), st.lists(change, max_size=3))
        def same(data: bytes, changes: Sequence[tuple[int, int, bytes]]) -> None:
            for at, size, new in changes:
                begin = at % (len(data) + 1)
                data = data[:begin] + new + data[begin + size :]
            self.assertSame(opens(data), None)

        same()

    def test_lines(self) -> None:
        """
        Whatever headers there are, in whatever order.
        """
        lines = st.sampled_from([line.decode("latin-1") for line in _LINES])

        @hypothesisSettings(max_examples=300, deadline=None, database=None)
        @given(st.lists(lines, max_size=3), st.permutations(HEADERS), st.booleans())
        def same(more: Sequence[str], headers: Sequence[str], isFirst: bool) -> None:
            each = [*more, *headers] if isFirst else [*headers, *more]
            self.assertSame(opens(opening(headers=each)), None)

        same()


_LINES = sorted(
    {
        line
        for data in (*EVERYDAY.values(), *OTHERS.values())
        for line in data.split(b"\r\n")[1:]
        if 0 < len(line) < 100
    }
)
_WORDS = [
    b"\r\n",
    b"\r",
    b"\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"%",
    b"?",
    b"&",
    b"/",
    b"#",
    b"Host: x\r\n",
    b"\r\n\r\n",
    b",",
    b"\x80",
    b"Content-Length: 1\r\n",
]


class SettingsTests(DoorCase):
    """
    What a listener can be told.
    """

    def test_origins(self) -> None:
        """
        Which pages may come in.
        """
        good, evil = "Origin: http://good.example", "Origin: http://evil.example"
        self.assertComesIn(opening(ENGINE, good), origins="good.example:*")
        self.assertLeft(opening(ENGINE, evil), origins="good.example:*")
        self.assertComesIn(opening(ENGINE, evil), origins="*:*")
        self.assertLeft(opening(), ignoreEmptyOrigin=False)

    def test_proxy(self) -> None:
        """
        Whether there is a proxy that tells who comes.
        """
        for more in (
            ("X-Forwarded-For: 192.0.2.9, 192.0.2.8", "X-Forwarded-Proto: https"),
            ("X-Forwarded-For: 192.0.2.9", "x-forwarded-for: 192.0.2.7"),
            ("X-Forwarded-Host: other.example", "Origin: https://other.example"),
            (),
        ):
            self.assertComesIn(opening(ENGINE, *more), trustProxy=True)

    def test_limits(self) -> None:
        """
        How many may come in: who may not, does not count.
        """
        for options in (
            {"maxSessions": 2},
            {"maxSessionsPerAddress": 2},
            {"maxSessionsPerSecond": 2},
            {"maxSessions": 1, "maxSessionsPerSecond": 2},
        ):
            for taken in (0, 1, 2):

                def act(world: World, taken: int = taken) -> Wire:
                    for _ in range(taken):
                        world.open(opening())
                    return world.open(opening())

                isFull = taken >= min(options.values())
                self.assertSame(act, not isFull, **options)

    def test_refusedIsNoNewOne(self) -> None:
        """
        Who is turned away is not one of those in a second.
        """

        def act(world: World) -> Wire:
            first = world.open(opening())
            for _ in range(5):
                world.open(opening())
            first.lose()
            return world.open(opening())

        self.assertSame(act, True, maxSessions=1, maxSessionsPerSecond=3)

    def test_allowRequest(self) -> None:
        """
        Who has to be asked for is C{twisted.web}'s, and asked for once.
        """
        asked = []

        def allow(handshake: Any) -> None:
            asked.append(handshake)
            if handshake.query.get("a") == "1":
                raise ConnectionRefused("no")

        self.assertLeft(opening(), allowRequest=allow)
        self.assertEqual(len(asked), 2)
        self.assertLeft(opening(f"{ENGINE}&a=1"), allowRequest=allow)
        self.assertEqual(len(asked), 4)

    def test_compression(self) -> None:
        """
        Where messages may be compressed, who offers that is not everyday.
        """
        self.assertComesIn(opening(), perMessageDeflate=True)
        self.assertLeft(opening(headers=BROWSERS), perMessageDeflate=True)

    def test_resource(self) -> None:
        """
        The listener's path.
        """
        url = "/a/b/?EIO=4&transport=websocket"
        self.assertComesIn(opening(url), resource="a/b")
        self.assertLeft(opening(), resource="a/b")
        self.assertLeft(opening("/a/?EIO=4&transport=websocket"), resource="a/b")
        self.assertLeft(opening("/%C3%BC/?EIO=4&transport=websocket"), resource="\xfc")

    def test_transports(self) -> None:
        """
        Those that are accepted.
        """
        self.assertLeft(opening(), transports=["polling"])
        self.assertComesIn(opening("/socket.io/flashsocket"), transports=["flashsocket"])
        self.assertLeft(opening("/socket.io/websocket"), transports=["flashsocket"])

    def test_protocols(self) -> None:
        """
        The generations that are spoken.
        """
        self.assertLeft(opening("/socket.io/websocket"), protocol="eio4")
        self.assertComesIn(opening(), protocol="engine.io-4")
        self.assertLeft(opening("/socket.io/?EIO=3&transport=websocket"), protocol="eio4")

    def test_closed(self) -> None:
        """
        A listener that has been closed lets nobody in.
        """

        def act(world: World) -> Wire:
            world.server.io.close()
            return world.open(opening())

        self.assertSame(act, False)


class SessionTests(DoorCase):
    """
    Those that have a session already.
    """

    def begun(self, url: str, pattern: bytes, then: str) -> Callable[..., Wire]:
        """
        A session is opened there, and a WebSocket for it.
        """

        def act(world: World) -> Wire:
            first = world.open(f"GET {url} HTTP/1.1\r\nHost: example.com\r\n\r\n".encode())
            found = re.search(pattern, first.value())
            assert found is not None, first.value()
            return world.open(opening(then.replace(SOCKET, found[1].decode())))

        return act

    def test_upgrade(self) -> None:
        """
        A WebSocket that takes over from polls, twice.
        """
        url, sid = "/socket.io/?EIO=4&transport=polling", rb'"sid":"([\w-]+)'
        act = self.begun(url, sid, f"{ENGINE}&sid={SOCKET}")

        def probes(world: World) -> Wire:
            wire = act(world)
            wire.receive(frame(TEXT, b"2probe"))
            wire.receive(frame(TEXT, b"5"))
            return wire

        self.assertSame(act, True)
        self.assertSame(probes, True)

        def twice(world: World) -> Wire:
            probes(world)
            (name,) = world.server.io._manager._sessions
            return world.open(opening(f"{ENGINE}&sid={name}"))

        self.assertSame(twice, False)

    def test_noUpgrade(self) -> None:
        """
        One that may not.
        """
        url, sid = "/socket.io/xhr-polling", rb":([\w-]{20})"
        self.assertSame(self.begun(url, sid, f"/socket.io/websocket/{SOCKET}"), False)

    def test_announced(self) -> None:
        """
        The second protocol names a session first.
        """
        for name in ("websocket", "flashsocket"):
            url, sid = "/socket.io/1/", rb"\r\n\r\n([\w-]+):"
            act = self.begun(url, sid, f"/socket.io/1/{name}/{SOCKET}")
            self.assertSame(act, True, transports=["websocket", "flashsocket", "xhr-polling"])

    def test_allowedBefore(self) -> None:
        """
        Nobody is asked about a session that there is.
        """
        url, sid = "/socket.io/?EIO=4&transport=polling", rb'"sid":"([\w-]+)'
        act = self.begun(url, sid, f"{ENGINE}&sid={SOCKET}")
        self.assertSame(act, True, allowRequest=nothing)


class WhereTests(DoorCase):
    """
    Where there is a short way.
    """

    def assertTaken(self, taken: bool, change: Change) -> None:
        """
        Whether it is, and the WebSocket is opened anyway.
        """
        world = World(change)
        wire = world.open(opening())
        self.assertIn(b"101 Switching", wire.value())
        self.assertEqual(isTaken(wire), taken)

    def test_usual(self) -> None:
        """
        On a site as Twisted has it.
        """
        self.assertTaken(True, nothing)

    def test_siteOfItsOwn(self) -> None:
        """
        Not where an application finds resources in its own way.
        """
        self.assertTaken(False, lambda server: setattr(server.site, "__class__", OwnSite))

    def test_requestsOfItsOwn(self) -> None:
        """
        Nor where it makes requests of its own.
        """

        class Own(Request):
            pass

        self.assertTaken(False, lambda server: setattr(server.site, "requestFactory", Own))
        made = lru_cache(maxsize=0)(Request)
        self.assertTaken(False, lambda server: setattr(server.site, "requestFactory", made))

    def test_behindSomething(self) -> None:
        """
        Nor where something stands before the listener.
        """
        self.assertTaken(False, standBefore)

    def test_secondListener(self) -> None:
        """
        Nor where there are two of them: each has its own.
        """

        def second(server: Server) -> None:
            txsocketio.listen(server.site, reactor=server.clock, resource="other")

        self.assertTaken(False, second)

    def test_http2(self) -> None:
        """
        Nor where HTTP/2 has been agreed upon; what was said then is not HTTP/1.1.
        """

        def agree(protocol: bytes | None) -> Callable[[Wire], object]:
            return lambda wire: setattr(wire, "negotiatedProtocol", protocol)

        for protocol in (None, b"http/1.1"):
            act = agree(protocol)
            self.assertSame(opens(opening(), adapt=act), True)
        wire = World().open()
        wire.negotiatedProtocol = b"h2"  # type: ignore[attr-defined]
        with patch("twisted.web.http.H2_ENABLED", False):
            self.assertRaises(ValueError, wire.receive, opening())

    def test_tls(self) -> None:
        """
        Over TLS, which the application is told.
        """

        def act(world: World) -> Wire:
            return world.open(opening(), adapt=lambda wire: alsoProvides(wire, ISSLTransport))

        _, events, *_ = self.assertSame(act, True)
        self.assertEqual(World().events, events)

    def test_address(self) -> None:
        """
        Whatever the address is.
        """

        def unix(wire: Wire) -> None:
            wire.peerAddr = UNIXAddress("/nowhere")

        for adapt in (nothing, unix):
            self.assertSame(opens(opening(), adapt=adapt), True)
        self.assertSame(opens(opening(), address="2001:db8::1"), True)


class ConnectionTests(SynchronousTestCase):
    """
    What is left of HTTP on a connection that has been taken.
    """

    def test_idle(self) -> None:
        """
        It is not closed because nobody says anything, as long as its session
        lives.
        """
        world = World(heartbeatInterval=10**6)
        wire = world.open(opening())
        wire.receive(frame(TEXT, b"40"))
        for _ in range(300):
            world.server.clock.advance(1)
        self.assertTrue(wire.connected)

    def test_producer(self) -> None:
        """
        Who pauses it pauses the WebSocket.
        """
        wire = World().open(opening())
        self.assertIs(wire.producer, wire.protocol)

    def test_log(self) -> None:
        """
        Nobody logs it, as nobody logs a connection that C{twisted.web} gives away.
        """
        for change in (nothing, standBefore):
            world = World(change)
            with patch.object(Site, "log") as log:
                world.open(opening())
                world.goOn()
            log.assert_not_called()
