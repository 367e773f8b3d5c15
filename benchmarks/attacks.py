"""
What C{benchmarks/storm.py} does to a server: each attack is a few connections on
which things are said that no client says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ConnectingCancelledError, ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from benchmarks import corpus
from benchmarks.corpus import SID, Words
from benchmarks.fuzz import mutated, piecesOf, textOf
from benchmarks.peers import HANDSHAKE, webSocketFrame

LONGEST = 6.0
"""Seconds that an attack may take."""

_KEPT = 10_000
"""How much of what came last a connection keeps, bytes."""

_STATUS = re.compile(rb"HTTP/1\.\d (\d{3}) ")
_ID = re.compile(rb'"sid":"([\w-]{20})"|3:20:([\w-]{20})|([\w-]{20}):\d*:\d*:websocket')
_OPENED = re.compile(rb"HTTP/1\.1 101 ")


class Over(Exception):
    """
    The server has had enough.
    """


class Wire(Protocol):
    """
    A TCP connection.
    """

    transport: Any

    def __init__(self) -> None:
        self.heard = b""
        self.isOpen = True
        self._awaited: tuple[re.Pattern[bytes], Deferred[re.Match[bytes]]] | None = None

    def dataReceived(self, data: bytes) -> None:
        """
        See L{Protocol.dataReceived}.
        """
        self.heard = (self.heard + data)[-_KEPT:]
        if self._awaited is not None:
            pattern, done = self._awaited
            found = pattern.search(self.heard)
            if found:
                self._awaited = None
                done.callback(found)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        """
        See L{Protocol.connectionLost}.
        """
        self.isOpen = False
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited[1].errback(Over())

    def until(self, pattern: re.Pattern[bytes]) -> Deferred[re.Match[bytes]]:
        """
        Wait for the pattern. It fails with L{Over} if the connection goes.
        """
        found = pattern.search(self.heard)
        if found:
            return succeed(found)
        done: Deferred[re.Match[bytes]] = Deferred(self._cancel)
        self._awaited = (pattern, done)
        return done

    def _cancel(self, done: Deferred[re.Match[bytes]]) -> None:
        self._awaited = None

    def write(self, text: str) -> None:
        """
        Send text whose characters stand for bytes.
        """
        if not self.isOpen:
            raise Over
        self.transport.write(text.encode("latin-1", "replace"))


class Generation(NamedTuple):
    """
    What an attack has to know of a generation.

    @ivar url: where a session is opened and continued by polling.
    @ivar continued: the same with the session's id.
    @ivar posts: where packets go.
    @ivar webSocket: where a WebSocket is opened, with a session of its own, or
        for one that it needs.
    @ivar offered: where one is opened for a session that polls, or may; empty
        where there is no such thing.
    @ivar words: its packets.
    @ivar join: what a client says first.
    @ivar hello: what is posted while sessions move.
    @ivar moves: what is said then on WebSockets.
    """

    url: str
    continued: str
    posts: str
    webSocket: str
    offered: str
    words: Sequence[tuple[Words, str]]
    join: str
    hello: str = '42["message","x"]'
    moves: Sequence[str] = ("2probe", "2probe", "5", "5", '42["message","y"]', "1")


_TEXT = "text/plain; charset=UTF-8"

GENERATIONS = {
    "annotated": Generation(
        "/socket.io/xhr-polling/",
        f"/socket.io/xhr-polling/{SID}/1",
        f"/socket.io/xhr-polling/{SID}/send",
        "/socket.io/websocket",
        "",
        [(corpus.FIRST, corpus.FORM)],
        "",
    ),
    "colon": Generation(
        "/socket.io/1/",
        f"/socket.io/1/xhr-polling/{SID}",
        f"/socket.io/1/xhr-polling/{SID}",
        f"/socket.io/1/websocket/{SID}",
        f"/socket.io/1/websocket/{SID}",
        [(corpus.COLON, _TEXT)],
        "",
        "3:::x",
        ("3:::y", "3:::y", "2::", "1::/chat", "0::"),
    ),
    "eio4": Generation(
        "/socket.io/?EIO=4&transport=polling",
        f"/socket.io/?EIO=4&transport=polling&sid={SID}",
        f"/socket.io/?EIO=4&transport=polling&sid={SID}",
        "/socket.io/?EIO=4&transport=websocket",
        f"/socket.io/?EIO=4&transport=websocket&sid={SID}",
        [(corpus.PACKETS4, _TEXT)],
        "40",
    ),
    "eio3": Generation(
        "/socket.io/?EIO=3&transport=polling",
        f"/socket.io/?EIO=3&transport=polling&sid={SID}",
        f"/socket.io/?EIO=3&transport=polling&sid={SID}",
        "/socket.io/?EIO=3&transport=websocket",
        f"/socket.io/?EIO=3&transport=websocket&sid={SID}",
        [(corpus.PACKETS3, _TEXT), (corpus.BINARY3, "application/octet-stream")],
        "",
    ),
}


def _get(url: str, headers: str = "") -> str:
    return f"GET {url} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


class Attack:
    """
    One of them.
    """

    def __init__(self, reactor: Any, port: int, random: Random, generations: Sequence[str]) -> None:
        """
        @param random: decides everything that is not the server's to decide.
        @param generations: those that the server speaks.
        """
        self._reactor = reactor
        self._port = port
        self._random = random
        self._generation = GENERATIONS[random.choice(generations)]
        self._wires: list[Wire] = []

    async def run(self, kind: Callable[[Attack], Awaitable[None]], statuses: Counter[str]) -> None:
        """
        Do it, for as long as it may take.

        @param statuses: counts the answers.
        """
        work = Deferred.fromCoroutine(_awaited(kind(self)))
        try:
            await work.addTimeout(LONGEST, self._reactor, _timedOut)
        except (Over, CancelledError, ConnectError, ConnectingCancelledError):
            pass
        finally:
            self._end(statuses)

    def _end(self, statuses: Counter[str]) -> None:
        for wire in self._wires:
            statuses.update(found.decode("ascii") for found in _STATUS.findall(wire.heard))
            if wire.isOpen and self._random.random() < 0.3:
                wire.transport.loseConnection()
                self._reactor.callLater(1, wire.transport.abortConnection)
            elif wire.isOpen:
                wire.transport.abortConnection()

    # What all can do.

    async def connect(self) -> Wire:
        """
        A new connection.
        """
        endpoint = TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._port)
        wire: Wire = await connectProtocol(endpoint, Wire())
        self._wires.append(wire)
        return wire

    async def sleep(self, most: float) -> None:
        """
        Do nothing for some time.
        """
        await deferLater(self._reactor, self._random.uniform(0, most))

    async def say(self, wire: Wire, text: str) -> None:
        """
        Send it in pieces.
        """
        for piece in piecesOf(self._random, text):
            wire.write(piece)
            if self._random.random() < 0.3:
                await self.sleep(0.05)

    def damaged(self, words: Words) -> str:
        """
        Something of that kind, not as it should be.
        """
        return textOf(self._random, words)

    async def session(self) -> str:
        """
        Open a session by polling.

        @return: its id.
        """
        wire = await self.connect()
        wire.write(_get(self._generation.url))
        found = await wire.until(_ID)
        sid = (found[1] or found[2] or found[3]).decode("ascii")
        if self._generation.join:
            wire.write(corpus.post(self.at(self._generation.posts, sid), self._generation.join))
        return sid

    def at(self, url: str, sid: str) -> str:
        """
        The URL of that session.
        """
        return url.replace(SID, sid)

    async def webSocket(self, sid: str = "") -> Wire:
        """
        Open a WebSocket, with a session of its own or for another's.
        """
        url = self._generation.offered if sid else self._generation.webSocket
        if SID in url:
            url = self.at(url, sid or await self.session())
        wire = await self.connect()
        wire.write(_get(url, HANDSHAKE))
        await wire.until(_OPENED)
        return wire

    # The attacks.

    async def requests(self) -> None:
        """
        Requests that are damaged, several on a connection.
        """
        sid = await self.session() if self._random.random() < 0.5 else "A" * 20
        wire = await self.connect()
        for _ in range(self._random.randrange(1, 5)):
            await self.say(wire, self.damaged(corpus.REQUESTS).replace(SID, sid))
        await self.sleep(0.5)

    async def payloads(self) -> None:
        """
        Good requests for a good session with damaged packets in them.
        """
        sid = await self.session()
        wire, poller = await self.connect(), await self.connect()
        for _ in range(self._random.randrange(1, 6)):
            words, contentType = self._random.choice(self._generation.words)
            body = self.damaged(words)
            if contentType == corpus.FORM:
                body = f"data={body}"
            url = self.at(self._generation.posts, sid)
            await self.say(wire, corpus.post(url, body, contentType))
            if self._random.random() < 0.5:
                poller.write(_get(self.at(self._generation.continued, sid)))
            if self._random.random() < 0.7:
                await self.sleep(0.2)

    async def frames(self) -> None:
        """
        Damaged WebSocket messages, or good ones with damaged packets in them,
        on a good WebSocket.
        """
        wire = await self.webSocket()
        if self._generation.join:
            wire.write(self._message(self._generation.join))
        for _ in range(self._random.randrange(1, 6)):
            words, _ = self._random.choice(self._generation.words)
            isWhole = self._random.random() < 0.5
            text = self._message(self.damaged(words)) if isWhole else self.damaged(corpus.FRAMES)
            await self.say(wire, text)
            await self.sleep(0.1)

    def _message(self, text: str) -> str:
        return webSocketFrame(1, text.encode("latin-1")).decode("latin-1")

    async def races(self) -> None:
        """
        Upgrades in which nothing comes when it should.
        """
        sid = await self.session()
        wires = [await self.connect(), await self.connect()]
        for _ in range(self._random.randrange(3, 15)):
            await self._move(sid, wires)
            if self._random.random() < 0.4:
                await self.sleep(0.1)
        await self.sleep(0.5)

    async def _move(self, sid: str, wires: list[Wire]) -> None:
        """
        One of the things that happen in an upgrade, or none.

        @param wires: two for requests, and all WebSockets.
        """
        poller, poster, *sockets = wires
        what = self._random.randrange(9)
        if what == 0:
            poller.write(_get(self.at(self._generation.continued, sid)))
        elif what == 1:
            url = self.at(self._generation.posts, sid)
            poster.write(corpus.post(url, self._generation.hello))
        elif what == 2 and self._generation.offered:
            wires.append(await self.webSocket(sid))
        elif what == 3 and sockets:
            self._random.choice(sockets).transport.abortConnection()
        elif sockets:
            text = self._random.choice(self._generation.moves)
            self._random.choice(sockets).write(self._message(text))

    async def heads(self) -> None:
        """
        Headers that are too long, too many, or come a byte at a time.
        """
        wire = await self.connect()
        start = f"GET {self._generation.url} HTTP/1.1\r\n"
        what = self._random.randrange(3)
        if what == 0:
            wire.write(start + "X: " + "A" * self._random.randrange(1 << 17))
        elif what == 1:
            count = self._random.randrange(2000)
            wire.write(start + "".join(f"X-{each}: {each}\r\n" for each in range(count)))
        else:
            for character in _get(self._generation.url)[: self._random.randrange(60)]:
                wire.write(character)
                await self.sleep(0.05)
        await self.sleep(1)

    async def bodies(self) -> None:
        """
        Bodies that are longer than they say, or shorter, or than they may be.
        """
        sid = await self.session()
        wire = await self.connect()
        url = self.at(self._generation.posts, sid)
        length = self._random.choice((0, 1, 1000, 999_999, 1_000_001, 10**9, 10**30))
        wire.write(f"POST {url} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
        for _ in range(self._random.randrange(10)):
            wire.write("4" * self._random.randrange(20_000))
            await self.sleep(0.05)
        await self.sleep(0.5)

    async def silence(self) -> None:
        """
        A part of a request, or of a session, and then nothing.
        """
        if self._random.random() < 0.5:
            wire = await self.connect()
            text = self._random.choice(corpus.REQUESTS.valid)
            wire.write(text[: self._random.randrange(len(text))])
        else:
            await self.webSocket() if self._random.random() < 0.5 else await self.session()
        await self.sleep(LONGEST / 2)

    async def floods(self) -> None:
        """
        Very many small things at once, and a connection cut in the midst of
        them.
        """
        wire = await self.webSocket()
        packet = mutated(self._random, corpus.FRAMES, self._random.choice(corpus.FRAMES.valid))
        wire.write(packet * self._random.randrange(1, 2000))
        await self.sleep(0.2)


KINDS: Sequence[Callable[[Attack], Awaitable[None]]] = (
    Attack.requests,
    Attack.requests,
    Attack.payloads,
    Attack.payloads,
    Attack.frames,
    Attack.frames,
    Attack.races,
    Attack.races,
    Attack.heads,
    Attack.bodies,
    Attack.silence,
    Attack.floods,
)


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _timedOut(result: Any, seconds: float) -> Any:
    return result
