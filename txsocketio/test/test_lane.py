"""
Tests for L{txsocketio.transports._lane}: what is served without C{twisted.web} is
answered as C{twisted.web} would have had it answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import quote

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from txsocketio import Client, SocketIOResource
from txsocketio.test.fakes import nothing
from txsocketio.test.support import HANDSHAKE, OwnSite, Server, Wire
from txsocketio.transports._lane import Lane
from txsocketio.transports.polling import EnginePolling

BROWSER = "Origin: http://example.com\r\nAccept-Encoding: deflate\r\n"
"""What a browser says each time; with gzip, the time is in what is answered."""

LIMIT = 4000
"""Bytes that a body may have."""

PLAIN, FORM = "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"


class Kind(NamedTuple):
    """
    A kind of client that polls.

    @ivar opening: the URL that opens a session.
    @ivar sid: what finds its id in the answer.
    @ivar polls: the URL of a poll, with places for the id and a time stamp.
    @ivar posts: that of a POST.
    @ivar contentType: that of a POST.
    @ivar before: what stands in a POST's body before the packets.
    @ivar joins: the packet that joins the default namespace, if there is one.
    @ivar says: a packet with a message, with a place for that.
    """

    opening: str
    sid: str
    polls: str
    posts: str
    contentType: str
    before: str
    joins: str
    says: str

    def body(self, *messages: str) -> bytes:
        """
        The body that brings messages.
        """
        return self.wrapped("\x1e".join(self.says % message for message in messages))

    def wrapped(self, packets: str) -> bytes:
        """
        The body that brings packets.
        """
        written = quote(packets) if self.before else packets
        return (self.before + written).encode()


ENGINE = "/socket.io/?EIO=4&transport=polling"
KINDS = {
    "eio4": Kind(
        ENGINE,
        r'"sid":"([\w-]+)',
        f"{ENGINE}&t={{stamp}}&sid={{sid}}",
        f"{ENGINE}&t={{stamp}}&sid={{sid}}",
        PLAIN,
        "",
        "40",
        '42["message","%s"]',
    ),
    "eio4, scripts": Kind(
        f"{ENGINE}&j=0",
        r'sid\\":\\"([\w-]+)',
        f"{ENGINE}&j=0&sid={{sid}}&t={{stamp}}",
        f"{ENGINE}&j=0&sid={{sid}}&t={{stamp}}",
        FORM,
        "d=",
        "40",
        '42["message","%s"]',
    ),
    "colon": Kind(
        "/socket.io/1/",
        r"\r\n\r\n([\w-]+):",
        "/socket.io/1/xhr-polling/{sid}?t={stamp}",
        "/socket.io/1/xhr-polling/{sid}?t={stamp}",
        PLAIN,
        "",
        "",
        "3:::%s",
    ),
    "annotated": Kind(
        "/socket.io/xhr-polling//7",
        r":([\w-]{20})",
        "/socket.io/xhr-polling/{sid}/{stamp}",
        "/socket.io/xhr-polling/{sid}/send",
        FORM,
        "data=",
        "",
        "1:4::%.3s,",
    ),
    "annotated, scripts": Kind(
        "/socket.io/jsonp-polling//7/0",
        r":([\w-]{20})",
        "/socket.io/jsonp-polling/{sid}/{stamp}/0",
        "/socket.io/jsonp-polling/{sid}/{stamp}/0",
        FORM,
        "data=",
        "",
        "1:4::%.3s,",
    ),
}


class Before(Resource):
    """
    Stands before what a site has: nobody knows what it would do next time.
    """

    def __init__(self, inner: IResource) -> None:
        super().__init__()
        self.inner = inner

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        child: IResource = self.inner.getChildWithDefault(path, request)
        return child


def standBefore(server: Server) -> None:
    """
    Have C{twisted.web} see all requests.
    """
    server.site.resource = Before(server.site.resource)


class World:
    """
    A server, and a client that has a session and two connections.

    @ivar heard: what the application has heard.
    """

    def __init__(self, kind: Kind, change: Callable[[Server], object], **options: Any) -> None:
        """
        @param change: is given the server before anybody connects.
        """
        self.kind = kind
        self.heard: list[Any] = []
        self.server = Server(**{"maxPayload": LIMIT, **options})
        change(self.server)
        self.clients: list[Client] = []
        self.server.io.on("connection", self.connected)
        self.wires = [self.server.connect(), self.server.connect()]
        self.open()

    def connected(self, client: Client) -> None:
        """
        Somebody has come, who hears what he says.
        """
        self.clients.append(client)

        def echo(message: Any, *_: Any) -> None:
            self.heard.append(message)
            if message == "twice":
                client.send("once")
            client.send(message)

        client.on("message", echo)
        client.on("disconnect", lambda reason, *_: self.heard.append(reason))

    def open(self) -> None:
        """
        Open a session. Then poll and post twice on both connections, so that
        nothing is new.
        """
        first, second = self.wires
        first.receive(self.request("GET", self.kind.opening))
        found = re.search(self.kind.sid, first.value().decode())
        assert found is not None, first.value()
        self.sid = found[1]
        if self.kind.joins:
            second.receive(self.post(self.kind.wrapped(self.kind.joins)))
            first.receive(self.poll())
        for wire in self.wires * 2:
            wire.receive(self.post(self.kind.body("one")))
            wire.receive(self.poll())
            wire.clear()

    def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: str = BROWSER,
        version: str = "HTTP/1.1",
    ) -> bytes:
        """
        A request, as it is sent.
        """
        head = f"{method} {url} {version}\r\nHost: example.com\r\n{headers}"
        if body is not None:
            head += f"Content-Type: {self.kind.contentType}\r\nContent-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode() + (body or b"")

    def poll(self, stamp: str = "123", headers: str = BROWSER, version: str = "HTTP/1.1") -> bytes:
        """
        A request for packets.
        """
        url = self.kind.polls.format(sid=self.sid, stamp=stamp)
        return self.request("GET", url, None, headers, version)

    def post(self, body: bytes, stamp: str = "124", headers: str = BROWSER) -> bytes:
        """
        One that brings some.
        """
        url = self.kind.posts.format(sid=self.sid, stamp=stamp)
        return self.request("POST", url, body, headers)

    def seen(self) -> Any:
        """
        All that can be seen of it.
        """
        wires = [
            (re.sub(rb"\r\nDate: [^\r]+", b"", wire.value()), wire.disconnecting, wire.connected)
            for wire in self.wires
        ]
        return wires, list(self.heard), sorted(self.server.io.clients)

    # What can happen, by name.

    def do(self, action: Sequence[Any]) -> None:
        """
        Let something happen.
        """
        getattr(self, f"do_{action[0]}")(*action[1:])

    def do_send(self, wire: int, names: Sequence[str], cuts: Sequence[int]) -> None:
        """
        Requests come in, of these names, one behind the other and cut there.
        """
        data = b"".join(self.named(name) for name in names)
        at = 0
        for cut in [*sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]:
            self.wires[wire].receive(data[at:cut])
            at = cut

    def do_tell(self, text: str) -> None:
        """
        The server says something.
        """
        for client in self.clients:
            client.send(text)

    def do_wait(self, seconds: float) -> None:
        """
        Time passes.
        """
        self.server.clock.advance(seconds)

    def do_lose(self, wire: int) -> None:
        """
        A connection goes.
        """
        self.wires[wire].lose()

    def do_clog(self, wire: int) -> None:
        """
        A connection takes no more of what is written.
        """
        producer = self._producer(wire)
        if producer is not None:
            producer.pauseProducing()

    def do_unclog(self, wire: int) -> None:
        """
        It does again.
        """
        producer = self._producer(wire)
        if producer is not None:
            producer.resumeProducing()

    def _producer(self, wire: int) -> Any:
        """
        What a connection would ask to pause: nothing when it has been closed.
        """
        found = self.wires[wire]
        return None if found.disconnecting else found.producer

    def do_leave(self) -> None:
        """
        The server sends the client away.
        """
        for client in self.clients:
            client.disconnect(True)

    def named(self, name: str) -> bytes:
        """
        A request.
        """
        made: bytes = REQUESTS[name](self)
        return made


_PACKETS = ("3", "1", "x", "", "2::", "0::", "\x1e", "é")

REQUESTS: dict[str, Any] = {
    # Those that repeat themselves.
    "poll": lambda world: world.poll(),
    "poll, later": lambda world: world.poll("4567890"),
    "post": lambda world: world.post(world.kind.body("two")),
    "post, twice": lambda world: world.post(world.kind.body("twice")),
    "post, many": lambda world: world.post(world.kind.body("two", "six", "ten"), "99"),
    "post, big": lambda world: world.post(world.kind.body("x" * 2000)),
    "post, as much as may be": lambda world: world.post(b"4" * LIMIT),
    "post, too much": lambda world: world.post(b"4" * (LIMIT + 1)),
    "post, not UTF-8": lambda world: world.post(b"\xff"),
    "post, form of two": lambda world: world.post(world.kind.body("two") + b"&sid=x&j=1"),
    "post, form of two by ;": lambda world: world.post(world.kind.body("two") + b";transport=x"),
    **{
        f"post {packets}": lambda world, packets=packets: world.post(world.kind.wrapped(packets))
        for packets in _PACKETS
    },
    # Those that nearly do.
    "stamped in another way": lambda world: world.poll("a.b-c_d"),
    "stamped badly": lambda world: world.poll("a%20b"),
    "stamped with more": lambda world: world.poll("1&sid=x"),
    "stamped with a line": lambda world: world.poll("1 HTTP/1.1\r\nX: y"),
    "stamped not at all": lambda world: world.poll(""),
    "stamped at length": lambda world: world.poll("1" * 65),
    "stamped at great length": lambda world: world.poll("1" * 20_000),
    "length with a sign": lambda world: world.post(b"").replace(b"Length: 0", b"Length: +0"),
    "length with zeros": lambda world: world.post(b"").replace(b"Length: 0", b"Length: 000"),
    "no length": lambda world: world.post(b"").replace(b"Length: 0", b"Length: "),
    "two lengths": lambda world: world.post(b"", headers="Content-Length: 0\r\n"),
    "another page": lambda world: world.poll(headers="Origin: http://evil.example\r\n"),
    "no page": lambda world: world.poll(headers=""),
    "another case": lambda world: world.poll(headers=BROWSER.lower()),
    "the last": lambda world: world.poll(headers=f"{BROWSER}Connection: close\r\n"),
    "the last post": lambda world: world.post(
        world.kind.body("two"), headers=f"{BROWSER}Connection: close\r\n"
    ),
    "of old": lambda world: world.poll(version="HTTP/1.0"),
    "expecting": lambda world: world.post(
        world.kind.body("two"), headers=f"{BROWSER}Expect: 100-continue\r\n"
    ),
    "in chunks": lambda world: (
        world.request(
            "POST",
            world.kind.posts.format(sid=world.sid, stamp="1"),
            headers=f"{BROWSER}Transfer-Encoding: chunked\r\n",
        )
        + b"2\r\n42\r\n0\r\n\r\n"
    ),
    "poll with a body": lambda world: world.request(
        "GET", world.kind.polls.format(sid=world.sid, stamp="1"), b"4x"
    ),
    "head": lambda world: world.poll().replace(b"GET", b"HEAD"),
    "put": lambda world: world.poll().replace(b"GET", b"PUT"),
    "preflight": lambda world: world.poll().replace(b"GET", b"OPTIONS"),
    "folded": lambda world: world.poll(headers=f"{BROWSER}X: y\r\n z\r\n"),
    "bad header": lambda world: world.poll(headers="Bad Header\r\n"),
    # Others.
    "no session": lambda world: world.poll().replace(world.sid.encode(), b"nobody"),
    "opening": lambda world: world.request("GET", world.kind.opening),
    "file": lambda world: world.request("GET", "/socket.io/socket.io.js", headers=""),
    "nothing": lambda world: world.request("GET", "/socket.io/nothing"),
    "site": lambda world: world.request("GET", "/"),
    "empty line": lambda world: b"\r\n",
    "garbage": lambda world: b"garbage\r\n\r\n",
}

OURS = tuple(REQUESTS)[: 10 + len(_PACKETS)]


def run(kind: Kind, actions: Sequence[Sequence[Any]], isOrdinary: bool) -> tuple[list[Any], int]:
    """
    Let this happen to a server.

    @return: what was seen after each action, and how many requests
        C{twisted.web} has not.
    """
    ids, served = count(), count()
    serve = Lane._serve

    def counted(*args: Any) -> None:
        next(served)
        serve(*args)

    def name(size: int) -> str:
        return f"{next(ids):020}"

    with (
        patch("txsocketio.manager.token_urlsafe", name),
        patch("txsocketio.protocol.eio4.token_urlsafe", name),
        patch.object(Lane, "_serve", counted),
    ):
        world = World(kind, standBefore if isOrdinary else nothing)
        seen = [world.seen()]
        for action in actions:
            world.do(action)
            seen.append(world.seen())
    return seen, next(served)


NAMES = st.one_of(st.sampled_from(OURS), st.sampled_from(sorted(REQUESTS)))

ACTIONS = st.one_of(
    st.tuples(
        st.just("send"),
        st.integers(0, 1),
        st.lists(NAMES, min_size=1, max_size=4),
        st.lists(st.integers(0, 10**4), max_size=4),
    ),
    st.tuples(st.just("tell"), st.sampled_from(["one", "x" * 1500])),
    st.tuples(st.just("wait"), st.sampled_from([0, 0.5, 15, 25, 59.5, 61])),
    st.tuples(st.sampled_from(["lose", "clog", "unclog"]), st.integers(0, 1)),
    st.tuples(st.just("leave")),
)


class SameTests(SynchronousTestCase):
    """
    The lane and C{twisted.web} give the same answers.
    """

    def assertSame(self, kind: Kind, actions: Sequence[Sequence[Any]], served: int = 0) -> None:
        """
        It is the same, and so many requests at least took the short way.
        """
        expected, none = run(kind, actions, True)
        found, some = run(kind, actions, False)
        for at, (one, other) in enumerate(zip(expected, found, strict=True)):
            self.assertEqual(one, other, f"after {at} of {actions}")
        self.assertEqual(none, 0)
        self.assertGreaterEqual(some, served, kind)

    @hypothesisSettings(deadline=None, max_examples=150)
    @given(kind=st.sampled_from(sorted(KINDS)), actions=st.lists(ACTIONS, max_size=8))
    def test_anything(self, kind: str, actions: Sequence[Any]) -> None:
        """
        Whatever happens.
        """
        self.assertSame(KINDS[kind], actions)

    def test_each(self) -> None:
        """
        Each request by itself and between others, at once and behind a poll.
        """
        for kind in KINDS.values():
            for name in REQUESTS:
                self.assertSame(kind, [("send", 1, [name], ()), ("send", 1, ["post"], ())] * 2)
                poll = [("send", 0, ["poll", name, "post"], ()), ("tell", "one")]
                self.assertSame(kind, [*poll, ("send", 1, ["post", name, "poll", "post"], ())])

    def test_shortWay(self) -> None:
        """
        A client that polls and posts takes it each time.
        """
        for kind in KINDS.values():
            turn = [("send", 1, ["post"], ()), ("send", 0, ["poll, later"], ())]
            self.assertSame(kind, turn * 3, served=6)

    def test_cut(self) -> None:
        """
        Cut at every byte.
        """
        names = ["post", "poll", "post, twice", "poll, later", "poll", "post"]
        for name, kind in KINDS.items():
            whole, _ = run(kind, [("send", 1, names, ())], True)
            for cut in range(0, 1100, 1 if name == "eio4" else 37):
                found, some = run(kind, [("send", 1, names, [cut])], False)
                self.assertEqual(found, whole, cut)
                self.assertGreater(some, 0, cut)

    def test_byteByByte(self) -> None:
        """
        Each byte by itself.
        """
        names = ["post", "poll", "post, twice", "poll, later", "poll", "file", "poll", "post"]
        for kind in KINDS.values():
            self.assertSame(kind, [("send", 1, names, range(3000))])


class LaneCase(SynchronousTestCase):
    """
    A client of Engine.IO 4 whose requests take the short way.
    """

    def setUp(self) -> None:
        self.serve()

    def serve(self, change: Callable[[Server], object] = nothing, **options: Any) -> None:
        """
        A server of its own.
        """
        self.world = World(KINDS["eio4"], change, **options)
        self.clock = self.world.server.clock
        self.first, self.second = self.world.wires

    def laneOf(self, wire: Wire) -> Lane:
        """
        What stands before a connection's channel.
        """
        assert isinstance(wire.protocol, Lane), wire.protocol
        return wire.protocol

    def ask(self, *names: str) -> list[tuple[int, bytes]]:
        """
        Send requests on the second connection.

        @return: what is answered.
        """
        self.second.clear()
        self.world.do_send(1, names, ())
        return [(answer.status, answer.body) for answer in self.second.answers()]


class WaitingTests(LaneCase):
    """
    Polls that wait, and what comes behind them.
    """

    def test_lost(self) -> None:
        """
        The connection goes: the session hears of it.
        """
        self.first.receive(self.world.poll())
        self.first.lose()
        self.assertEqual(self.world.heard[-1], "transport close")
        self.assertEqual(self.world.server.io.clients, {})

    def test_behind(self) -> None:
        """
        What comes behind one waits; of more than some, nothing is read until it
        is answered.
        """
        self.first.receive(self.world.poll())
        while self.first.producerState == "producing":
            self.first.receive(self.world.post(self.world.kind.body("x" * 3000)))
        self.assertLess(len(self.laneOf(self.first)._kept), 20_000)
        self.assertEqual(self.world.heard, ["one"] * 4)
        self.world.do_tell("go on")
        self.assertEqual(self.first.producerState, "producing")
        self.assertEqual(len(self.world.heard), 4 + 6)
        self.assertEqual([each.body for each in self.first.answers()[1:]], [b"ok"] * 6)

    def test_unread(self) -> None:
        """
        A connection whose answers are not read is not read from, even where what
        came behind a poll is paused for that too.
        """
        self.first.receive(self.world.poll())
        self.first.receive(self.world.post(self.world.kind.body("x" * 3000)) * 6)
        self.world.do_clog(0)
        self.world.do_tell("go on")
        self.assertEqual(self.first.producerState, "paused")
        self.world.do_unclog(0)
        self.assertEqual(self.first.producerState, "producing")

    def test_bytes(self) -> None:
        """
        A body that comes byte by byte takes no more room than it is long.
        """
        data = self.world.post(self.world.kind.body("x" * 3000))
        for at in range(len(data) - 1):
            self.second.receive(data[at : at + 1])
        self.assertEqual(self.second.value(), b"")
        self.second.receive(data[-1:])
        self.assertEqual(self.second.answer().body, b"ok")


class IdleTests(LaneCase):
    """
    A site closes connections on which nothing comes.
    """

    def assertClosesAfter(self, seconds: float) -> None:
        """
        So much later the second connection is closed, and not before.
        """
        for _ in range(int(seconds * 2) - 1):
            self.clock.advance(0.5)
        self.assertFalse(self.second.disconnecting)
        self.clock.advance(0.5)
        self.assertTrue(self.second.disconnecting)

    def test_posts(self) -> None:
        """
        When nothing has come for as long as the site allows.
        """
        self.ask("post")
        self.clock.advance(10)
        self.ask("post")
        self.assertClosesAfter(60)

    def test_beginning(self) -> None:
        """
        What comes of a request is something.
        """
        self.ask("post")
        self.clock.advance(10)
        self.second.receive(self.world.post(b"40")[:-1])
        self.clock.advance(20)
        self.second.receive(b"")
        self.assertClosesAfter(60)

    def test_poll(self) -> None:
        """
        Who waits for an answer is not idle until it has come.
        """
        self.serve(heartbeatInterval=1000)
        self.second.receive(self.world.poll())
        self.clock.advance(70)
        self.clock.advance(30)
        self.world.do_tell("something")
        self.assertClosesAfter(60)

    def test_handedBack(self) -> None:
        """
        The same when it is the channel's turn again.
        """
        self.ask("post")
        self.clock.advance(10)
        self.second.receive(self.world.named("file")[:-1])
        self.assertClosesAfter(60)

    def test_never(self) -> None:
        """
        Or never.
        """
        self.serve(lambda server: setattr(server.site, "timeOut", None))
        self.ask("post")
        self.clock.advance(10**6)
        self.assertFalse(self.second.disconnecting)

    def test_nothingLeft(self) -> None:
        """
        Nothing is left of a connection that has gone.
        """
        self.ask("post")
        for wire in self.world.wires:
            wire.lose()
        self.world.do_leave()
        self.clock.advance(100)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class WhereTests(LaneCase):
    """
    Where the short way is taken, and where not.
    """

    def assertTaken(self, taken: bool, *names: str) -> None:
        """
        Whether it is, by the last of these requests.
        """
        for name in names[:-1]:
            self.ask(name)
        with patch.object(Lane, "_serve", autospec=True, side_effect=Lane._serve) as serve:
            self.assertEqual([status for status, _ in self.ask(names[-1])], [200])
        self.assertEqual(serve.called, taken)

    def test_usual(self) -> None:
        """
        By what is known.
        """
        self.assertTaken(True, "post", "post, many")

    def test_afterOthers(self) -> None:
        """
        After what is not known, when there was something known again.
        """
        self.assertTaken(False, "post", "file", "post")
        self.assertTaken(True, "post", "file", "post", "post")

    def test_siteOfItsOwn(self) -> None:
        """
        Not where an application finds resources in its own way.
        """
        self.serve(lambda server: setattr(server.site, "__class__", OwnSite))
        self.assertTaken(False, "post", "post")

    def test_requestsOfItsOwn(self) -> None:
        """
        Nor where it has requests of its own.
        """

        def change(server: Server) -> None:
            site: Any = server.site
            site.requestFactory = type("Own", (site.requestFactory,), {})

        self.serve(change)
        self.assertTaken(False, "post", "post")

    def test_behindAnything(self) -> None:
        """
        Nor where something of its own stands before us.
        """
        self.serve(standBefore)
        self.assertTaken(False, "post", "post")

    def test_mounted(self) -> None:
        """
        Nor in a tree of resources, which it may be.
        """

        def change(server: Server) -> None:
            server.site.resource = server.root
            server.root.putChild(b"socket.io", SocketIOResource(server.io))

        self.serve(change)
        self.assertTaken(False, "post", "post")

    def test_long(self) -> None:
        """
        Nor are long heads remembered.
        """
        for size, taken in ((7000, True), (9000, False)):
            headers = f"X: {'y' * size}\r\n"
            for _ in range(3):
                self.second.clear()
                with patch.object(Lane, "_serve", autospec=True, side_effect=Lane._serve) as serve:
                    self.second.receive(self.world.post(b"3", headers=headers))
                self.assertEqual(self.second.answer().body, b"ok")
            self.assertEqual(serve.called, taken)

    def test_many(self) -> None:
        """
        Of those of many clients, few are remembered; then it is given up.
        """
        for number in range(20):
            self.second.clear()
            self.second.receive(self.world.post(b"3", headers=f"Cookie: {number}\r\n"))
            self.assertEqual(self.second.answer().body, b"ok")
            self.assertLessEqual(len(self.laneOf(self.second)._heads), 2)
        self.assertTaken(False, "post", "post")

    def test_closing(self) -> None:
        """
        Nor behind the last request of a connection, as long as that still is
        open.
        """
        self.ask("post")
        with patch.object(self.second, "loseConnection"):
            self.assertEqual(len(self.ask("the last")), 1)
            self.world.do_tell("something")
            self.assertEqual(self.ask("the last"), [])

    def test_webSocket(self) -> None:
        """
        A WebSocket may follow on the same connection.
        """
        self.ask("post")
        self.second.clear()
        headers = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        url = f"/socket.io/?EIO=4&transport=websocket&sid={self.world.sid}"
        self.second.receive(self.world.request("GET", url, headers=headers))
        self.assertIn(b" 101 ", self.second.value())
        self.second.clear()
        self.second.say("2probe")
        self.assertEqual(self.second.texts(), ["3probe"])


class LogTests(LaneCase):
    """
    What is logged.
    """

    def test_log(self) -> None:
        """
        A site's own log has a line for each request, as always.
        """
        lines: dict[bool, list[str]] = {}
        for isOrdinary in (False, True):
            path = Path(self.mktemp())

            def change(server: Server, path: Path = path, isOrdinary: bool = isOrdinary) -> None:
                server.site.logPath = str(path)
                server.site.startFactory()
                if isOrdinary:
                    standBefore(server)

            self.serve(change)
            self.ask("post", "poll", "post", "poll, later", "no session", "post 1")
            self.world.server.site.stopFactory()
            lines[isOrdinary] = path.read_text().replace(self.world.sid, "SID").splitlines()
        self.assertEqual(lines[False], lines[True])
        self.assertIn(" /socket.io/?EIO=4&transport=polling&t=4567890&sid=SID ", lines[True][-3])

    def test_failure(self) -> None:
        """
        A mistake of ours is logged, and no connection waits for ever.
        """
        logged: list[str] = []
        self.serve(log=logged.append)
        with patch.object(EnginePolling, "post", side_effect=ZeroDivisionError):
            answers = self.ask("post")
        self.assertEqual(answers[0][0], 500)
        self.assertIn("ZeroDivisionError", logged[0])
        self.assertEqual(self.ask("post"), [(200, b"ok")])


class _Socket:
    """
    A socket that takes so many bytes.
    """

    def __init__(self, takes: int | None) -> None:
        self.takes = takes
        self.sent = b""

    def setblocking(self, flag: bool) -> None:
        pass

    def fileno(self) -> int:
        return 0

    def send(self, data: bytes) -> int:
        if self.takes is None:
            raise BlockingIOError
        self.sent += data[: self.takes]
        return min(self.takes, len(data))


class WriteTests(LaneCase):
    """
    Where a connection is a socket, and nothing else waits, that takes an answer
    at once. These lean on attributes of Twisted's that are not documented.
    """

    def write(self, takes: int | None, before: bytes = b"") -> tuple[bytes, bytes]:
        """
        @return: what the socket has taken of C{before} and an answer, and what
            waits.
        """
        socket: Any = _Socket(takes)
        lane = self.laneOf(self.second)
        connection: Any = Connection(socket, lane, MemoryReactorClock())
        connection.connected = True
        connection.write(before)
        lane.transport, lane._isPlain = connection, True
        lane._write(b"answer")
        return socket.sent, b"".join(connection._tempDataBuffer)

    def test_whole(self) -> None:
        """
        All of it.
        """
        self.assertEqual(self.write(100), (b"answer", b""))

    def test_some(self) -> None:
        """
        Some of it.
        """
        self.assertEqual(self.write(2), (b"an", b"swer"))

    def test_nothing(self) -> None:
        """
        Nothing.
        """
        self.assertEqual(self.write(None), (b"", b"answer"))

    def test_behind(self) -> None:
        """
        Behind what waits.
        """
        self.assertEqual(self.write(100, b"before"), (b"", b"beforeanswer"))

    def test_half(self) -> None:
        """
        Behind what is half written.
        """
        socket: Any = _Socket(2)
        lane = self.laneOf(self.second)
        connection: Any = Connection(socket, lane, MemoryReactorClock())
        connection.connected = True
        connection.write(b"before")
        connection.doWrite()
        lane.transport, lane._isPlain = connection, True
        socket.takes = 100
        lane._write(b"answer")
        self.assertEqual(socket.sent, b"be")
        connection.doWrite()
        self.assertEqual(socket.sent, b"beforeanswer")
