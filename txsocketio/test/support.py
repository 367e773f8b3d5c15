"""
A listener on a real L{Site}, in memory, on a L{Clock}; and peers for it that
know HTTP and WebSocket, but nothing of the code under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any, NamedTuple
from urllib.parse import quote

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site

import txsocketio

HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
"""The headers of a WebSocket's opening, with the key of RFC 6455's example."""

_BODILESS = (100, 204, 304)

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA

_COMPRESSED = 0x40


class Answer(NamedTuple):
    """
    An HTTP answer.

    @ivar headers: in their order, names as they were sent, without those that
        are the HTTP server's affair (C{Date}, C{Server}).
    """

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """
        The value of a header; L{None} if there is none.
        """
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


class Streamed(NamedTuple):
    """
    An HTTP answer that need not be complete.

    @ivar answer: its head, and all of its body that has come.
    @ivar chunks: the body as it was cut; in one piece if it is not chunked.
    @ivar ended: whether it is complete.
    """

    answer: Answer
    chunks: list[bytes]
    ended: bool


class WebSocketFrame(NamedTuple):
    """
    One frame, as it came from the server.

    @ivar opcode: with the bit that says that the payload is compressed.
    """

    opcode: int
    payload: bytes

    @property
    def compressed(self) -> bool:
        """
        Whether its payload is compressed.
        """
        return bool(self.opcode & _COMPRESSED)


class Wire(StringTransport):
    """
    A TCP connection to the server's site: bytes in, bytes out.

    @ivar aborted: whether the server cut it.
    @ivar first: what the site has made for it.
    """

    def __init__(
        self, site: Site, address: str = "127.0.0.1", clock: MemoryReactorClock | None = None
    ) -> None:
        """
        @param clock: the server's, so that what it leaves for the next turn of
            its reactor is done when L{receive} returns.
        """
        super().__init__(peerAddress=IPv4Address("TCP", address, 54321))
        self.aborted = False
        self._clock = clock
        self.first = self.protocol = site.buildProtocol(None)
        self.protocol.makeConnection(self)

    def loseConnection(self) -> None:
        """
        The server closes: at once, since nothing is pending here.
        """
        if not self.disconnecting:
            super().loseConnection()
            self.lose()

    def abortConnection(self) -> None:
        """
        The server cuts.
        """
        self.aborted = True
        self.loseConnection()

    def unregisterProducer(self) -> None:
        """
        No error where there is none, as with sockets.
        """
        self.producer = None

    def lose(self) -> None:
        """
        The connection goes.
        """
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(ConnectionDone()))

    def receive(self, data: bytes) -> None:
        """
        Let the server have these bytes.
        """
        if self.connected and not self.disconnecting:
            self.protocol.dataReceived(data)
            self._turn()

    def _turn(self) -> None:
        clock = self._clock
        while clock is not None and self.producerState == "paused" and _isDue(clock):
            clock.advance(0)

    def answers(self, head: bool = False) -> list[Answer]:
        """
        The HTTP answers that have come, which must be complete.

        @param head: whether C{HEAD} was asked.
        """
        found, rest = [], self.value()
        while rest:
            answer, rest = _parse(rest, head)
            found.append(answer)
        return found

    def answer(self, head: bool = False) -> Answer:
        """
        The only answer that has come.

        @param head: whether C{HEAD} was asked.
        """
        (answer,) = self.answers(head)
        return answer

    def streamed(self) -> Streamed:
        """
        The first HTTP answer, as far as it has come.
        """
        answer, body = _parseHead(self.value())
        if answer.header("Transfer-Encoding") != "chunked":
            return Streamed(answer._replace(body=body), [body], self.disconnecting)
        chunks, ended, _ = _chunks(body)
        return Streamed(answer._replace(body=b"".join(chunks)), chunks, ended)

    # As a WebSocket:

    def frames(self) -> list[WebSocketFrame]:
        """
        The frames behind the answer to the opening, which are taken.
        """
        head, _, rest = self.value().partition(b"\r\n\r\n")
        self.clear()
        if not head.startswith(b"HTTP/"):
            rest = head + _ + rest
        found, rest = framesIn(rest)
        assert not rest, "a frame is not complete"
        return found

    def texts(self) -> list[str]:
        """
        The text messages that have come, which are taken; there must be
        nothing else.
        """
        frames = self.frames()
        assert all(frame.opcode == TEXT for frame in frames), frames
        return [frame.payload.decode("utf-8") for frame in frames]

    def say(self, text: str) -> None:
        """
        Send a text message.
        """
        self.receive(frame(TEXT, text.encode("utf-8")))


def _parseHead(data: bytes) -> tuple[Answer, bytes]:
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    _, status, reason = first.split(" ", 2)
    pairs = [line.split(": ", 1) for line in lines]
    headers = [(n, v) for n, v in pairs if n not in ("Date", "Server")]
    return Answer(int(status), reason, headers, b""), rest


def _parse(data: bytes, toHead: bool) -> tuple[Answer, bytes]:
    answer, rest = _parseHead(data)
    if toHead or answer.status in _BODILESS:
        return answer, rest
    if answer.header("Transfer-Encoding") == "chunked":
        chunks, ended, rest = _chunks(rest)
        assert ended, f"{chunks} is not all"
        body = b"".join(chunks)
    else:
        length = answer.header("Content-Length")
        size = len(rest) if length is None else int(length)
        body, rest = rest[:size], rest[size:]
        assert len(body) == size, f"{size} bytes announced, {len(body)} sent"
    return answer._replace(body=body), rest


def _chunks(data: bytes) -> tuple[list[bytes], bool, bytes]:
    """
    The chunks that have come, whether they are all, and what is behind them.
    """
    found: list[bytes] = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        chunk, end, data = data[:length], data[length : length + 2], data[length + 2 :]
        assert (len(chunk), end) == (length, b"\r\n"), "a chunk is not complete"
        if not length:
            return found, True, data
        found.append(chunk)
    return found, False, b""


def framesIn(data: bytes) -> tuple[list[WebSocketFrame], bytes]:
    """
    The frames that are complete, and what is behind them.
    """
    found = []
    while len(data) > 1:
        opcode, length, at = data[0] & (0xF | _COMPRESSED), data[1], 2
        if length > 125:
            at = 4 if length == 126 else 10
            length = int.from_bytes(data[2:at], "big")
        if len(data) < at + length:
            break
        found.append(WebSocketFrame(opcode, data[at : at + length]))
        data = data[at + length :]
    return found, data


def frame(
    opcode: int,
    payload: bytes,
    final: bool = True,
    mask: bytes = b"\x01\x02\x03\x04",
    compressed: bool = False,
) -> bytes:
    """
    A frame as a client sends it; unmasked if C{mask} is empty.

    @param compressed: whether it says that C{payload} is.
    """
    size, masked = len(payload), 0x80 if mask else 0
    head = bytes([opcode | (0x80 if final else 0) | (_COMPRESSED if compressed else 0)])
    if size < 126:
        head += bytes([masked | size])
    elif size < 0x10000:
        head += bytes([masked | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([masked | 127]) + size.to_bytes(8, "big")
    if mask:
        payload = bytes(byte ^ key for byte, key in zip(payload, cycle(mask), strict=False))
    return head + mask + payload


def _isDue(clock: MemoryReactorClock) -> bool:
    return any(call.getTime() <= clock.seconds() for call in clock.getDelayedCalls())


class OwnSite(Site):
    """
    A site that finds resources in a way of its own.
    """

    def getResourceFor(self, request: Request) -> IResource:
        """
        See L{Site.getResourceFor}.
        """
        found: IResource = super().getResourceFor(request)
        return found


class Server:
    """
    A site with a listener on it.

    @ivar io: the L{txsocketio.Listener}.
    @ivar clock: its reactor.
    @ivar root: the site's own resource.
    """

    def __init__(self, **options: Any) -> None:
        self.clock = MemoryReactorClock()
        self.root = Resource()
        self.site = Site(self.root, reactor=self.clock)
        self.io = txsocketio.listen(self.site, reactor=self.clock, **options)

    def connect(self, address: str = "127.0.0.1") -> Wire:
        """
        A new connection.
        """
        return Wire(self.site, address, self.clock)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        wire: Wire | None = None,
    ) -> Wire:
        """
        Send a request, on a connection of its own if none is given.
        """
        wire = self.connect() if wire is None else wire
        lines = [f"{method} {url} HTTP/1.1", "Host: example.com"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        wire.receive("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        return wire

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Wire:
        """
        GET below /socket.io.
        """
        return self.request("GET", f"/socket.io{url}", headers)

    def post(self, url: str, frames: str, headers: Mapping[str, str] | None = None) -> Wire:
        """
        POST below /socket.io, as xhr-polling does.
        """
        return self.request(
            "POST", f"/socket.io{url}", headers, f"data={quote(frames, safe='')}".encode("ascii")
        )

    def open(self, transport: str = "xhr-polling") -> str:
        """
        Open a polling session.

        @return: its id.
        """
        return self.get(f"/{transport}/").answer().body.decode("ascii").split(":")[2].rstrip(",")

    def poll(self, sid: str) -> Wire:
        """
        Ask an xhr-polling session for more.
        """
        return self.get(f"/xhr-polling/{sid}/1")

    def webSocket(self, url: str = "/websocket", headers: Mapping[str, str] | None = None) -> Wire:
        """
        Open a WebSocket.
        """
        return self.get(url, {**HANDSHAKE, **(headers or {})})
