"""
Clients of Engine.IO 3 and 4 with Socket.IO in it, as lean as those in
L{benchmarks.peers}, and as ignorant of the code under test. They are in the
default namespace; a message is the event C{message} with one text, an
attachment the event C{bytes} with a number and bytes.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from benchmarks.peers import (
    BINARY,
    CLOSE,
    HANDSHAKE,
    TEXT,
    Connection,
    Owner,
    Peer,
    Poster,
    Unexpected,
    Way,
    WebSocketFrames,
    webSocketFrame,
)

Part = str | bytes
"""A packet with its type, or an attachment."""

SEPARATOR = "\x1e"


class Generation:
    """
    What differs between the two.

    @cvar version: the number in every URL.
    @cvar polling: what the URLs of polling hold beside it.
    @cvar joins: whether the client has to ask for the default namespace.
    @cvar pings: whether the client sends the heartbeats.
    """

    version: ClassVar[int]
    polling: ClassVar[str] = ""
    joins: ClassVar[bool] = False
    pings: ClassVar[bool] = False

    def read(self, text: str) -> Part:
        """
        The part in a WebSocket message that is text.
        """
        return text

    def split(self, body: str) -> Iterator[Part]:
        """
        The parts in an answer to a poll.
        """
        raise NotImplementedError

    def join(self, parts: Sequence[Part]) -> str:
        """
        Parts as the body of a POST.
        """
        raise NotImplementedError

    def enclose(self, data: bytes) -> bytes:
        """
        An attachment as a WebSocket message.
        """
        raise NotImplementedError

    def disclose(self, data: bytes) -> bytes:
        """
        The attachment in a WebSocket message.
        """
        raise NotImplementedError


class Generation4(Generation):
    """
    Engine.IO 4.
    """

    version = 4
    joins = True

    def split(self, body: str) -> Iterator[Part]:
        """
        See L{Generation.split}.
        """
        for each in body.split(SEPARATOR):
            yield b64decode(each[1:]) if each.startswith("b") else each

    def join(self, parts: Sequence[Part]) -> str:
        """
        See L{Generation.join}.
        """
        return SEPARATOR.join(
            each if isinstance(each, str) else f"b{b64encode(each).decode('ascii')}"
            for each in parts
        )

    def enclose(self, data: bytes) -> bytes:
        """
        See L{Generation.enclose}.
        """
        return data

    disclose = enclose


class Generation3(Generation):
    """
    Engine.IO 3, without XHR2: attachments go by base64 when they are polled.
    """

    version = 3
    polling = "&b64=1"
    pings = True

    def read(self, text: str) -> Part:
        """
        See L{Generation.read}. Genuine clients take base64 anywhere, and what
        has waited for a poll may still have that form on a WebSocket.
        """
        return b64decode(text[2:]) if text.startswith("b4") else text

    def split(self, body: str) -> Iterator[Part]:
        """
        See L{Generation.split}.
        """
        while body:
            size, colon, rest = body.partition(":")
            if not (colon and size.isdigit() and int(size) <= len(rest)):
                raise Unexpected(f"no payload: {body[:80]!r}")
            packet, body = rest[: int(size)], rest[int(size) :]
            yield self.read(packet)

    def join(self, parts: Sequence[Part]) -> str:
        """
        See L{Generation.join}.
        """
        packets = [
            each if isinstance(each, str) else f"b4{b64encode(each).decode('ascii')}"
            for each in parts
        ]
        return "".join(f"{len(packet)}:{packet}" for packet in packets)

    def enclose(self, data: bytes) -> bytes:
        """
        See L{Generation.enclose}.
        """
        return b"\x04" + data

    def disclose(self, data: bytes) -> bytes:
        """
        See L{Generation.disclose}.
        """
        if not data.startswith(b"\x04"):
            raise Unexpected(f"no message: {data[:80]!r}")
        return data[1:]


EIO4, EIO3 = Generation4(), Generation3()


class Line:
    """
    A WebSocket.

    @ivar opened: fires when the server takes it; fails if it does not.
    @ivar gone: fires with the reason when it has gone.
    @ivar heard: called with each part that comes.
    """

    def __init__(self, connection: Connection, generation: Generation, request: str) -> None:
        self.opened: Deferred[None] = Deferred()
        self.gone: Deferred[str] = Deferred()
        self.heard: Callable[[Part], None] = self._unasked
        self._connection = connection
        self._generation = generation
        self._cutter = WebSocketFrames()
        self._next: Deferred[Part] | None = None
        connection.ask(request, self._came).addBoth(self._over)

    def send(self, parts: Sequence[Part]) -> None:
        """
        Send each as a message.
        """
        frames = [
            webSocketFrame(TEXT, part.encode("ascii"))
            if isinstance(part, str)
            else webSocketFrame(BINARY, self._generation.enclose(part))
            for part in parts
        ]
        self._connection.transport.writeSequence(frames)

    def next(self) -> Deferred[Part]:
        """
        @return: fires with the next part; fails if the line goes.
        """
        self._next = Deferred()
        return self._next

    def close(self) -> None:
        """
        Cut it.
        """
        self._connection.close()

    def leave(self) -> None:
        """
        Close it in good order.
        """
        self._connection.transport.write(webSocketFrame(CLOSE, b"\x03\xe8"))
        self._connection.transport.loseConnection()

    def _came(self, data: bytes) -> None:
        if not self.opened.called:
            self.opened.callback(None)
        for opcode, payload in self._cutter.feed(data):
            if opcode == TEXT:
                self._hear(self._generation.read(payload.decode("ascii")))
            elif opcode == BINARY:
                self._hear(self._generation.disclose(payload))
            else:
                raise Unexpected(f"a WebSocket frame {opcode} with {payload[:80]!r}")

    def _hear(self, part: Part) -> None:
        expected, self._next = self._next, None
        if expected is not None:
            expected.callback(part)
        else:
            self.heard(part)

    def _unasked(self, part: Part) -> None:
        raise Unexpected(f"{part[:80]!r} on a WebSocket that is not used yet")

    def _over(self, result: Failure | None) -> None:
        why = "the WebSocket has ended" if result is None else result.getErrorMessage()
        expected, self._next = self._next, None
        for each in (expected, self.opened):
            if each is not None and not each.called:
                each.errback(Unexpected(why))
        self.gone.callback(why)


class EnginePeer(Peer):
    """
    One session, which begins with polling or with a WebSocket, and can move
    from the one to the other.

    @cvar transport: which one it begins with.
    @ivar line: the WebSocket that carries it, if one does.
    """

    generation: ClassVar[Generation]
    transport = "polling"
    connections = 3

    def __init__(self, way: Way, owner: Owner) -> None:
        super().__init__(way, owner)
        self.line: Line | None = None
        self._poster = Poster(way, self._post)
        self._isPausing = self._isMoving = False
        self._paused: Deferred[None] = Deferred()
        self._held: list[Part] = []
        self._numbers: list[int] = []
        self._beat: IDelayedCall | None = None

    # What its owner asks for.

    def send(self, texts: Sequence[str]) -> None:
        """
        See L{Peer.send}.
        """
        self._put([f"42{_json(['message', text])}" for text in texts])

    def sendData(self, number: int, data: bytes) -> None:
        """
        Send a numbered attachment.
        """
        placeholder = {"_placeholder": True, "num": 0}
        self._put([f"451-{_json(['bytes', number, placeholder])}", data])

    def close(self) -> None:
        """
        See L{Peer.close}.
        """
        super().close()
        self._rest()
        self._poster.close()
        if self.line is not None:
            self.line.close()

    async def leave(self) -> None:
        """
        See L{Peer.leave}.
        """
        self._owner = None
        self._rest()
        if self.line is not None:
            self.line.send(["41"])
            self.line.leave()
        else:
            await self._poster.post(["41", "1"])
            await self._poster.finished()
            self.close()

    async def offer(self, headers: str = HANDSHAKE) -> Line:
        """
        Open a WebSocket beside the polling.

        @raise Unexpected: the server does not take it.
        """
        line: Line = await self._way.opening.run(self._newLine, headers)
        return line

    async def probe(self, line: Line) -> None:
        """
        See whether it works.
        """
        line.send(["2probe"])
        answer = await line.next()
        if answer != "3probe":
            raise Unexpected(f"a probe was answered by {answer!r}")

    async def move(self, line: Line) -> None:
        """
        Use it, as soon as nothing is under way by polling.
        """
        self._isMoving = self._isPausing = True
        await self._poster.finished()
        await self._paused
        self.line = line
        line.heard = self._take
        line.gone.addCallback(self._fail)
        self._isMoving = False
        held, self._held = self._held, []
        line.send(["5", *held])

    async def upgrade(self) -> None:
        """
        All of that.
        """
        line = await self.offer()
        await self.probe(line)
        await self.move(line)

    # How it opens, and what carries it.

    async def _open(self, connection: Connection) -> None:
        if self.transport == "polling":
            self._receive(await connection.body(self._url("GET", "polling")))
            self._run(self._poll(connection))
        else:
            self.line = line = Line(
                connection, self.generation, self._url("GET", "websocket", HANDSHAKE)
            )
            line.heard = self._take
            line.gone.addCallback(self._fail)

    async def _poll(self, connection: Connection) -> None:
        while not self._isPausing:
            self._receive(await connection.body(self._url("GET", "polling")))
        self._paused.callback(None)

    async def _newLine(self, headers: str) -> Line:
        connection = await self._way.connect()
        line = Line(connection, self.generation, self._url("GET", "websocket", headers))
        await line.opened
        return line

    def _url(self, method: str, transport: str, headers: str = "") -> str:
        query = f"EIO={self.generation.version}&transport={transport}"
        if transport == "polling":
            query += self.generation.polling
        if self._sid:
            query += f"&sid={self._sid}"
        return f"{method} /socket.io/?{query} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"

    def _post(self, parts: Sequence[Part]) -> str:
        body = self.generation.join(parts)
        headers = f"Content-Type: text/plain; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
        return f"{self._url('POST', 'polling', headers)}{body}"

    def _put(self, parts: Sequence[Part]) -> None:
        if self._owner is None:
            return
        if self._isMoving:
            self._held += parts
        elif self.line is not None:
            self.line.send(parts)
        else:
            self._run(self._poster.post(parts))

    def _fail(self, why: str) -> None:
        self._rest()
        super()._fail(why)

    # What comes.

    def _receive(self, body: str) -> None:
        for part in self.generation.split(body):
            self._take(part)

    def _take(self, part: Part) -> None:
        if self._owner is None:
            return
        if isinstance(part, bytes):
            self._owner.heardData(self._numbers.pop(0), part)
        elif part.startswith("4"):
            self._message(part[1:], self._owner)
        elif part.startswith("0{") and not self._sid:
            self._begun(json.loads(part[1:]))
        elif part.startswith("2") and not self.generation.pings:
            self._put([f"3{part[1:]}"])
        elif part not in ("3", "6"):
            self._fail(f"the server said {part[:80]}")

    def _begun(self, told: dict[str, Any]) -> None:
        self._sid = told["sid"]
        # What comes next may need another connection.
        self._decide()
        if self.generation.joins:
            self._put(["40"])
        if self.generation.pings:
            self._ping(told["pingInterval"] / 1000)

    def _ping(self, interval: float) -> None:
        if self._beat is not None:
            self._put(["2"])
        self._beat = self._way.reactor.callLater(interval, self._ping, interval)

    def _rest(self) -> None:
        if self._beat is not None and self._beat.active():
            self._beat.cancel()

    def _message(self, text: str, owner: Owner) -> None:
        if text.startswith("0"):
            self._joined(owner)
        elif text.startswith('2["message",'):
            owner.heard(json.loads(text[1:])[1])
        elif text.startswith('51-["bytes",'):
            self._numbers.append(json.loads(text[3:])[1])
        else:
            self._fail(f"the server said 4{text[:80]}")

    def _joined(self, owner: Owner) -> None:
        owner.opened()


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


class UpgradingPeer(EnginePeer):
    """
    Begins with polling, and moves as soon as it can, as genuine clients do.
    """

    def _joined(self, owner: Owner) -> None:
        super()._joined(owner)
        self._run(self.upgrade())


class WebSocketPeer(EnginePeer):
    """
    Does not poll at all.
    """

    transport = "websocket"
    connections = 1


_GENERATIONS = {"eio4": EIO4, "eio3": EIO3}
_WAYS = {"polling": EnginePeer, "websocket": WebSocketPeer, "upgrade": UpgradingPeer}


def _peer(generation: str, way: str) -> type[EnginePeer]:
    name = f"{generation}-{way}"
    return type(name, (_WAYS[way],), {"name": name, "generation": _GENERATIONS[generation]})


_CLASSES = [_peer(generation, way) for generation in _GENERATIONS for way in _WAYS]

ENGINE_PEERS: dict[str, type[EnginePeer]] = {each.name: each for each in _CLASSES}
"""By name."""
