"""
Clients of Socket.IO 0.9, as lean as those in L{benchmarks.peers}, and as ignorant
of the code under test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from benchmarks.peers import (
    HANDSHAKE,
    TEXT,
    ByPost,
    Connection,
    Owner,
    Peer,
    Unexpected,
    Way,
    WebSocketFrames,
    webSocketFrame,
)

_MARK = "\ufffd"
_LENGTH = re.compile(rf"{_MARK}(\d+){_MARK}")

GOODBYE = "0::"


def split(body: str) -> Iterator[str]:
    """
    The packets in a body or in a message.

    @raise Unexpected: there is anything else.
    """
    if not body.startswith(_MARK):
        yield body
        return
    at = 0
    while at < len(body):
        found = _LENGTH.match(body, at)
        end = found.end() + int(found[1]) if found else 0
        if not found or end > len(body):
            raise Unexpected(f"no packets: {body[at : at + 80]!r}")
        yield body[found.end() : end]
        at = end


def join(packets: Sequence[str]) -> str:
    """
    Packets as the body of a POST.
    """
    if len(packets) == 1:
        return packets[0]
    return "".join(f"{_MARK}{len(packet)}{_MARK}{packet}" for packet in packets)


class ColonPeer(Peer):
    """
    One session, which begins with a handshake.
    """

    transport: ClassVar[str]

    def send(self, texts: Sequence[str]) -> None:
        """
        See L{Peer.send}.
        """
        self._write([f"3:::{text}" for text in texts])

    def _write(self, packets: Sequence[str]) -> None:
        raise NotImplementedError

    async def _open(self, connection: Connection) -> None:
        told = await connection.body(_request("GET", "/socket.io/1/"))
        self._sid, _, _, transports = told.split(":")
        if self.transport not in transports.split(","):
            raise Unexpected(f"no {self.transport} in {told!r}")
        await self._carry(connection)

    async def _carry(self, connection: Connection) -> None:
        """
        Open the transport.

        @param connection: the handshake's, which is kept alive.
        """
        raise NotImplementedError

    def _url(self) -> str:
        return f"/socket.io/1/{self.transport}/{self._sid}"

    def _take(self, body: str) -> None:
        for packet in split(body):
            if self._owner is None:
                return
            type, _, _, data = [*packet.split(":", 3), "", ""][:4]
            if type == "3":
                self._owner.heard(data)
            elif type == "2":
                self._write([packet])
            elif packet == "1::":
                self._owner.opened()
                self._decide()
            elif type != "8":
                self._fail(f"the server said {packet[:80]}")


def _request(method: str, url: str, headers: str = "", body: str = "") -> str:
    return f"{method} {url} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}"


class ColonPolling(ByPost, ColonPeer):
    """
    Asks again and again, on one connection, and posts on another.
    """

    name = "colon-polling"
    transport = "xhr-polling"
    goodbye = GOODBYE
    receipt = "1"

    async def _carry(self, connection: Connection) -> None:
        self._run(self._poll(connection))

    async def _poll(self, connection: Connection) -> None:
        while True:
            self._take(await connection.body(_request("GET", self._url())))

    def _write(self, packets: Sequence[str]) -> None:
        self._run(self._poster.post(packets))

    def _post(self, packets: Sequence[str]) -> str:
        body = join(packets)
        headers = (
            "Content-Type: text/plain; charset=UTF-8\r\n"
            f"Content-Length: {len(body.encode('utf-8'))}\r\n"
        )
        return _request("POST", self._url(), headers, body)


class ColonWebSocket(ColonPeer):
    """
    RFC 6455, on the handshake's connection.
    """

    name = "colon-websocket"
    transport = "websocket"
    connections = 1

    def __init__(self, way: Way, owner: Owner) -> None:
        super().__init__(way, owner)
        self._cutter = WebSocketFrames()

    async def leave(self) -> None:
        """
        See L{Peer.leave}.
        """
        self._owner = None
        self._write([GOODBYE])
        assert self._connection is not None
        self._connection.transport.loseConnection()

    async def _carry(self, connection: Connection) -> None:
        self._watch(connection.ask(_request("GET", self._url(), HANDSHAKE), self._came))

    def _write(self, packets: Sequence[str]) -> None:
        assert self._connection is not None
        frames = [webSocketFrame(TEXT, packet.encode("ascii")) for packet in packets]
        self._connection.transport.writeSequence(frames)

    def _came(self, data: bytes) -> None:
        for opcode, payload in self._cutter.feed(data):
            if opcode != TEXT:
                raise Unexpected(f"a WebSocket frame {opcode:#x} with {payload!r}")
            self._take(payload.decode("ascii"))


_CLASSES: Sequence[type[ColonPeer]] = (ColonPolling, ColonWebSocket)

COLON_PEERS: dict[str, type[ColonPeer]] = {each.name: each for each in _CLASSES}
"""By name."""
