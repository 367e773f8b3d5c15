"""
Clients of the first protocol, one class for each transport, so lean that one
process can be thousands of them. They know nothing of the code under test.

All say plain ASCII only, so that a frame's length is its number of bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import count
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

_FRAME = re.compile(r"(\d):(\d+):")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")
_CALL = re.compile(r'<script>parent\.s\._\((".*?"), document\);</script>')
_BOUNDARY, _PART = "--socketio\n", "Content-Type: text/plain\n\n"
# A mask of zeros leaves what it masks as it is.
_MASK = bytes(4)
HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
"""The headers that ask for a WebSocket."""

TEXT, BINARY, CLOSE = 1, 2, 8
"""What WebSocket frames are for."""


class Unexpected(Exception):
    """
    The server said what it should not have said.
    """


class Frame(NamedTuple):
    """
    A frame of the first protocol.
    """

    type: str
    data: str

    def __str__(self) -> str:
        return f"{self.type}:{len(self.data)}:{self.data},"


class Frames:
    """
    Cuts text into frames.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> Iterator[Frame]:
        """
        More has come.

        @raise Unexpected: it is no row of frames.
        """
        self._rest += text
        while head := _FRAME.match(self._rest):
            end = head.end() + int(head[2])
            if len(self._rest) <= end:
                return
            frame = Frame(head[1], self._rest[head.end() : end])
            if self._rest[end] != ",":
                raise Unexpected(f"no frame: {self._rest[:80]!r}")
            self._rest = self._rest[end + 1 :]
            yield frame


class Connection(Protocol):
    """
    A TCP connection with HTTP on it: one request at a time, kept alive.

    @ivar isOpen: whether another request can be sent.
    """

    transport: Any

    def __init__(self) -> None:
        self.isOpen = True
        self._buffer = b""
        self._step = self._head
        self._left = 0
        self._piece: Callable[[bytes], None] = self._unasked
        self._done: Deferred[None] | None = None

    def ask(self, request: str, piece: Callable[[bytes], None]) -> Deferred[None]:
        """
        Send a request.

        @param piece: called with the body of the answer, as it comes; if that
            has no end, first with nothing, when it begins.
        @return: fires when the answer is complete; fails with L{Unexpected}
            where it is not 200, and where the connection goes.
        """
        assert self._done is None
        self._piece = piece
        self._done = Deferred()
        self.transport.write(request.encode("utf-8"))
        return self._done

    async def body(self, request: str) -> str:
        """
        Send a request.

        @return: the answer's body.
        """
        pieces: list[bytes] = []
        await self.ask(request, pieces.append)
        return b"".join(pieces).decode("utf-8")

    def close(self) -> None:
        """
        Cut the connection.
        """
        self.transport.abortConnection()

    def dataReceived(self, data: bytes) -> None:
        """
        See L{Protocol.dataReceived}.
        """
        self._buffer += data
        try:
            while self._buffer and self._step():
                pass
        except Unexpected:
            self._end(Failure())
            self.close()

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        """
        See L{Protocol.connectionLost}.
        """
        self.isOpen = False
        self._end(reason)

    def _end(self, failure: Failure | None = None) -> None:
        done, self._done = self._done, None
        self._piece, self._step = self._unasked, self._head
        if done is not None:
            done.callback(failure)

    def _unasked(self, data: bytes) -> None:
        raise Unexpected(f"an answer that nobody asked for: {data[:80]!r}")

    # The steps. Each reads from the buffer, and says whether to go on.

    def _head(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if head[8:13] not in (b" 200 ", b" 101 "):
            raise Unexpected(f"{head.splitlines()[0].decode('latin-1')}: {rest[:80]!r}")
        self._buffer = rest
        length = _LENGTH.search(head.lower())
        if length is not None:
            self._left, self._step = int(length[1]), self._body
        elif b"\r\ntransfer-encoding: chunked" in head.lower():
            self._step = self._chunk
        else:
            self._step = self._everything
            self._piece(b"")
        return True

    def _body(self) -> bool:
        if len(self._buffer) < self._left:
            return False
        body, self._buffer = self._buffer[: self._left], self._buffer[self._left :]
        self._piece(body)
        self._end()
        return True

    def _chunk(self) -> bool:
        line, end, rest = self._buffer.partition(b"\r\n")
        size = int(line, 16) if end else 0
        if not end or len(rest) < size + 2:
            return False
        self._buffer = rest[size + 2 :]
        if size:
            self._piece(rest[:size])
        else:
            self._end()
        return True

    def _everything(self) -> bool:
        data, self._buffer = self._buffer, b""
        self._piece(data)
        return True


class Way:
    """
    The way to the server.

    @ivar opening: how many connections may be opening at once. Each holds its
        place until the server has answered on it, and so has taken it from the
        queue of its port, which has room for 50.
    @ivar reactor: for those who have to wait.
    """

    def __init__(self, reactor: Any, port: int, atOnce: int = 40) -> None:
        self.opening = DeferredSemaphore(atOnce)
        self.reactor = reactor
        self._port = port

    async def connect(self) -> Connection:
        """
        A new connection.
        """
        endpoint = TCP4ClientEndpoint(self.reactor, "127.0.0.1", self._port)
        connection: Connection = await connectProtocol(endpoint, Connection())
        return connection


class Owner:
    """
    Who hears what a L{Peer} hears.
    """

    def opened(self) -> None:
        """
        The session has its id.
        """

    def heard(self, text: str) -> None:
        """
        A message has come.
        """

    def heardData(self, number: int, data: bytes) -> None:
        """
        A numbered attachment has come.
        """

    def gone(self, why: str) -> None:
        """
        The session has ended before L{Peer.close}.
        """


class Peer:
    """
    One session. What each transport adds is how it opens and how it sends.

    @cvar name: of the transport, or what tells it from others of its transport.
    @cvar transport: that of the transport, where it is another.
    @cvar connections: how many TCP connections it takes.
    """

    name: ClassVar[str]
    transport: ClassVar[str] = ""
    connections: ClassVar[int] = 2

    def __init__(self, way: Way, owner: Owner) -> None:
        self._way = way
        self._owner: Owner | None = owner
        self._connection: Connection | None = None
        self._decided: Deferred[None] = Deferred()
        self._sid = ""

    def open(self) -> None:
        """
        Begin, as soon as the way is free.
        """
        self._watch(self._way.opening.run(self._begin))

    def send(self, texts: Sequence[str]) -> None:
        """
        Send messages.
        """
        raise NotImplementedError

    def close(self) -> None:
        """
        Go without a word.
        """
        self._owner = None
        if self._connection is not None:
            self._connection.close()

    def stopReading(self) -> None:
        """
        Take nothing more from what is heard on, and don't tell.
        """
        assert self._connection is not None
        self._connection.transport.pauseProducing()

    async def leave(self) -> None:
        """
        Say goodbye, and go.
        """
        raise NotImplementedError

    async def _begin(self) -> None:
        self._connection = await self._way.connect()
        await self._open(self._connection)
        await self._decided

    async def _open(self, connection: Connection) -> None:
        """
        Ask for a session.
        """
        raise NotImplementedError

    def _watch(self, done: Deferred[Any]) -> None:
        """
        If this fails, the session has.
        """
        done.addErrback(lambda failure: self._fail(failure.getErrorMessage()))

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        self._watch(Deferred.fromCoroutine(work))

    def _fail(self, why: str) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.gone(why)
            self._decide()

    def _decide(self) -> None:
        """
        The session is open, or will never be.
        """
        if not self._decided.called:
            self._decided.callback(None)


GOODBYE = str(Frame("0", ""))


class FirstPeer(Peer):
    """
    One of the first protocol.
    """

    def __init__(self, way: Way, owner: Owner) -> None:
        super().__init__(way, owner)
        self._frames = Frames()

    def send(self, texts: Sequence[str]) -> None:
        """
        See L{Peer.send}.
        """
        self._write("".join(str(Frame("1", f":{text}")) for text in texts))

    def _write(self, frames: str) -> None:
        raise NotImplementedError

    def _take(self, text: str) -> None:
        """
        Frames, or a part of one, have come.
        """
        for frame in self._frames.feed(text):
            if self._owner is None:
                return
            if frame.type == "1" and frame.data.startswith(":"):
                self._owner.heard(frame.data[1:])
            elif frame.type == "2":
                self._write(str(frame))
            elif frame.type == "3" and not self._sid:
                self._sid = frame.data
                self._owner.opened()
                self._decide()
            else:
                self._fail(f"the server said {frame}")

    def _get(self, rest: str, headers: str = "") -> str:
        return f"GET /socket.io/{self.name}/{rest} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


class Poster:
    """
    Sends a session's packets by POST, one request after the other on a
    connection of their own. What is said while one is under way goes together
    with the next.
    """

    def __init__(
        self, way: Way, request: Callable[[Sequence[Any]], str], receipt: str = "ok"
    ) -> None:
        """
        @param request: makes one of these packets.
        @param receipt: the answer to it.
        """
        self._way = way
        self._receipt = receipt
        self._request = request
        self._connection: Connection | None = None
        self._waiting: list[Any] = []
        self._isPosting = False
        self._finished: list[Deferred[None]] = []

    def close(self) -> None:
        """
        Cut the connection.
        """
        if self._connection is not None:
            self._connection.close()

    async def finished(self) -> None:
        """
        Wait until no request is under way.
        """
        if self._isPosting:
            done: Deferred[None] = Deferred()
            self._finished.append(done)
            await done

    async def post(self, packets: Sequence[Any]) -> None:
        """
        Send packets.

        @raise Unexpected: that is not answered as it should be.
        """
        self._waiting += packets
        if not self._isPosting:
            self._isPosting = True
            while self._waiting:
                await self._next()
            self._isPosting = False
            finished, self._finished = self._finished, []
            for done in finished:
                done.callback(None)

    async def _next(self) -> None:
        if self._connection is None or not self._connection.isOpen:
            # The server closes a connection that has been idle for long.
            await self._way.opening.run(self._first)
        else:
            await self._on(self._connection)

    async def _first(self) -> None:
        self._connection = await self._way.connect()
        await self._on(self._connection)

    async def _on(self, connection: Connection) -> None:
        packets, self._waiting = self._waiting, []
        answer = await connection.body(self._request(packets))
        if answer != self._receipt:
            raise Unexpected(f"a POST was answered by {answer!r}")


class ByPost(Peer):
    """
    A session whose packets go by POST, in whatever generation.

    @cvar goodbye: the packet that says it.
    @cvar receipt: the answer to a POST.
    """

    goodbye: ClassVar[str]
    receipt: ClassVar[str] = "ok"

    def __init__(self, way: Way, owner: Owner) -> None:
        super().__init__(way, owner)
        self._poster = Poster(way, self._post, self.receipt)

    def close(self) -> None:
        """
        See L{Peer.close}.
        """
        super().close()
        self._poster.close()

    async def leave(self) -> None:
        """
        See L{Peer.leave}.
        """
        self._owner = None
        await self._poster.post([self.goodbye])
        await self._poster.finished()
        self.close()

    def _post(self, packets: Sequence[str]) -> str:
        """
        @return: the request that sends these.
        """
        raise NotImplementedError


class Posting(ByPost, FirstPeer):
    """
    The same of the first protocol.
    """

    goodbye = GOODBYE

    def _write(self, frames: str) -> None:
        self._run(self._poster.post([frames]))

    def _post(self, frames: Sequence[str]) -> str:
        body = f"data={quote(''.join(frames), safe='')}"
        return (
            f"POST /socket.io/{self.name}/{self._sid}/send HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )


class XHRPolling(Posting):
    """
    Asks again and again, on one connection.
    """

    name = "xhr-polling"

    async def _open(self, connection: Connection) -> None:
        self._take(await connection.body(self._get("")))
        self._run(self._poll(connection))

    async def _poll(self, connection: Connection) -> None:
        for number in count():
            self._take(await connection.body(self._get(f"{self._sid}/{number}")))


class Streaming(Posting):
    """
    Hears everything in one answer that never ends.
    """

    def __init__(self, way: Way, owner: Owner) -> None:
        super().__init__(way, owner)
        self._rest = ""

    async def _open(self, connection: Connection) -> None:
        self._watch(connection.ask(self._get(""), self._came).addCallback(self._over))

    def _over(self, _: None) -> None:
        self._fail("the stream has ended")

    def _came(self, data: bytes) -> None:
        self._rest += data.decode("ascii")
        self._cut()

    def _cut(self) -> None:
        """
        Take what is complete from C{_rest}.
        """
        raise NotImplementedError


class ServerEvents(Streaming):
    """
    Reads events with the frames in their C{data:} lines.
    """

    name = "server-events"

    def _cut(self) -> None:
        *events, self._rest = self._rest.split("\n\n")
        for event in events:
            lines = [
                line[5:].removeprefix(" ") for line in event.split("\n") if line[:5] == "data:"
            ]
            self._take("\n".join(lines))


class HTMLFile(Streaming):
    """
    Reads script elements that call a function with the frames.
    """

    name = "htmlfile"

    def _cut(self) -> None:
        end = 0
        for call in _CALL.finditer(self._rest):
            end = call.end()
            self._take(json.loads(call[1]))
        self._rest = self._rest[end:]


class XHRMultipart(Streaming):
    """
    Reads parts, each with frames in it.
    """

    name = "xhr-multipart"

    def _cut(self) -> None:
        *parts, self._rest = self._rest.split(_BOUNDARY)
        for part in filter(None, parts):
            if not part.startswith(_PART):
                raise Unexpected(f"no part: {part[:80]!r}")
            self._take(part.removeprefix(_PART).removesuffix("\n"))


def webSocketFrame(opcode: int, data: bytes) -> bytes:
    """
    A whole message of RFC 6455, from a client.
    """
    size = len(data)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    return head + _MASK + data


class WebSocketFrames:
    """
    Cuts what a server sends into frames.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """
        More has come.

        @return: what each message is for, and what it holds.
        @raise Unexpected: it is not a whole message.
        """
        self._rest += data
        while len(self._rest) >= 2:
            start, size = 2, self._rest[1]
            if size >= 126:
                start = 4 if size == 126 else 10
                size = int.from_bytes(self._rest[2:start], "big")
            if len(self._rest) < start + size:
                return
            first, payload = self._rest[0], self._rest[start : start + size]
            self._rest = self._rest[start + size :]
            if not first & 0x80:
                raise Unexpected(f"a part of a WebSocket message: {payload[:80]!r}")
            yield first & 0x7F, payload


class WebSocket(FirstPeer):
    """
    RFC 6455, as far as the server makes use of it here.
    """

    name = "websocket"
    connections = 1

    def __init__(self, way: Way, owner: Owner) -> None:
        super().__init__(way, owner)
        self._cutter = WebSocketFrames()

    async def _open(self, connection: Connection) -> None:
        # As HTTP sees it, what comes is a body without an end.
        self._watch(connection.ask(self._get("", HANDSHAKE), self._came))

    async def leave(self) -> None:
        """
        See L{Peer.leave}.
        """
        self._owner = None
        self._write(GOODBYE)
        assert self._connection is not None
        self._connection.transport.loseConnection()

    def _write(self, frames: str) -> None:
        assert self._connection is not None
        self._connection.transport.write(webSocketFrame(TEXT, frames.encode("ascii")))

    def _came(self, data: bytes) -> None:
        for opcode, payload in self._cutter.feed(data):
            if opcode != TEXT:
                raise Unexpected(f"a WebSocket frame {opcode:#x} with {payload!r}")
            self._take(payload.decode("ascii"))


class FlashSocket(WebSocket):
    """
    The same at another URL.
    """

    name = "flashsocket"


_CLASSES = (WebSocket, XHRPolling, ServerEvents, HTMLFile, XHRMultipart, FlashSocket)

PEERS: dict[str, type[Peer]] = {each.name: each for each in _CLASSES}
"""By transport."""
