"""
Engine.IO 4, of the clients 3.0 and later: the server sends the heartbeats.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any, ClassVar

from zope.interface import implementer

from txsocketio.errors import RemoteProtocolError
from txsocketio.frames import Frame
from txsocketio.interfaces import (
    IClientDecoder,
    IClientDialect,
    IDecoder,
    IDialect,
    ISession,
)
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._engine import (
    TEXT,
    Engine,
    EngineClient,
    EngineClientDecoder,
    EngineDecoder,
    EngineDialect,
    base64,
    unbase64,
)
from txsocketio.protocol._framing import D
from txsocketio.protocol._msgpack import FIFTH_CLIENT_MSGPACK, FIFTH_MSGPACK
from txsocketio.protocol._plain import PLAIN
from txsocketio.protocol._sio import FIFTH_CLIENT_TEXT, FIFTH_TEXT
from txsocketio.settings import Settings

_SEPARATOR = "\x1e"

_ID_BYTES = 15
"""Makes the 20 characters by which other software knows an id."""


class _EIO4(Engine):
    """
    Engine.IO 4, as both ends have it.
    """

    name = "eio4"
    serverBeats = True

    @property
    def recovers(self) -> bool:
        """
        See L{IDialect.recovers}. It is Socket.IO's to come back.
        """
        return self._codec.hasNamespaces

    def enclose(self, data: bytes) -> str | bytes:
        """
        See L{Engine.enclose}.
        """
        return data

    def body(self, frames: Iterable[Frame]) -> bytes:
        """
        What holds all these frames.
        """
        parts = [
            part if isinstance(part, str) else f"b{base64(part)}"
            for frame in frames
            for part in frame.parts
        ]
        return _SEPARATOR.join(parts).encode("utf-8")


@implementer(IDialect)
class EIO4(_EIO4, EngineDialect):
    """
    Engine.IO 4, as a server speaks it.
    """

    versions = ("4",)

    def speaking(self, args: Mapping[bytes, Sequence[bytes]]) -> IDialect:
        """
        See L{EngineDialect.speaking}. There is but one.
        """
        return self

    def opening(self, session: ISession) -> Sequence[Packet]:
        """
        See L{IDialect.opening}.
        """
        (packet,) = super().opening(session)
        return [replace(packet, data={**packet.data, "maxPayload": session.settings.maxPayload})]

    def clientId(self, sid: str, namespace: str) -> str:
        """
        See L{IDialect.clientId}. It tells nothing about the session.
        """
        return sid if self.rootIsConnection else token_urlsafe(_ID_BYTES)

    def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        See L{IDialect.welcome}.
        """
        if self.rootIsConnection:
            return None
        told = {"sid": id} if recoveryId is None else {"sid": id, "pid": recoveryId}
        return Packet(Kind.CONNECT, told, namespace)

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        return self.body(frames) or b"6"

    def decoder(self, settings: Settings) -> EIO4Decoder:
        """
        See L{IDialect.decoder}.
        """
        return EIO4Decoder(self, self._codec.reader(settings), settings)


@implementer(IClientDialect)
class EIO4Client(_EIO4, EngineClient):
    """
    Engine.IO 4, as a client speaks it.
    """

    version = "4"

    def clientId(self, sid: str, namespace: str, told: Any) -> str:
        """
        See L{IClientDialect.clientId}.
        """
        return sid if told is None else str(told["sid"])

    def recoveryId(self, told: Any) -> str | None:
        """
        See L{IClientDialect.recoveryId}.
        """
        return None if told is None else told.get("pid")

    def offset(self, packet: Packet) -> str | None:
        """
        See L{IClientDialect.offset}. It is the last argument.
        """
        last = packet.data[-1]
        return last if len(packet.data) > 1 and isinstance(last, str) else None

    def returning(self, auth: Any, recoveryId: str, offset: str | None) -> Any:
        """
        See L{IClientDialect.returning}. What the application sends goes before
        all else.
        """
        where = {"pid": recoveryId} if offset is None else {"pid": recoveryId, "offset": offset}
        return {**where, **(auth or {})}

    def join(self, frames: Iterable[Frame]) -> tuple[bytes, bytes]:
        """
        See L{IClientDialect.join}.
        """
        return TEXT, self.body(frames)

    def decoder(self, settings: Settings) -> EIO4ClientDecoder:
        """
        See L{IClientDialect.decoder}.
        """
        return EIO4ClientDecoder(self, self._codec.reader(settings), settings)


class _EIO4Decoder(EngineDecoder[D]):
    """
    What is the same at both ends.
    """

    __slots__ = ()

    def split(self, body: str | bytes) -> Iterator[str | bytes]:
        """
        See L{EngineDecoder.split}.
        """
        if isinstance(body, bytes):
            raise RemoteProtocolError("a body that is binary")
        # One more than there may be shows that there are too many.
        yield from body.split(_SEPARATOR, self._maxPackets)

    def base64(self, data: str) -> Packet | None:
        """
        See L{EngineDecoder.base64}.
        """
        return self._reader.binary(unbase64(data[1:]))

    def binary(self, data: bytes) -> Packet | None:
        """
        See L{EngineDecoder.binary}.
        """
        return self._reader.binary(data)


@implementer(IDecoder)
class EIO4Decoder(_EIO4Decoder[IDialect]):
    """
    Decodes what one client of Engine.IO 4 sends.
    """

    __slots__ = ()

    controls: ClassVar[Mapping[str, Packet]] = {
        "1": Packet(Kind.CLOSE),
        "2probe": Packet(Kind.PING, "probe"),
        "3": Packet(Kind.PONG),
        "5": Packet(Kind.UPGRADE),
        "6": Packet(Kind.NOOP),
    }


@implementer(IClientDecoder)
class EIO4ClientDecoder(EngineClientDecoder[IClientDialect], _EIO4Decoder[IClientDialect]):
    """
    Decodes what a server of Engine.IO 4 sends.
    """

    __slots__ = ()

    controls: ClassVar[Mapping[str, Packet]] = {
        "1": Packet(Kind.CLOSE),
        "2": Packet(Kind.PING),
        "3probe": Packet(Kind.PONG, "probe"),
        "6": Packet(Kind.NOOP),
    }


EIO4_TEXT = EIO4(FIFTH_TEXT)
"""What genuine clients speak that are not told otherwise."""

EIO4_MSGPACK = EIO4(FIFTH_MSGPACK)
"""What those speak that are given C{socket.io-msgpack-parser}."""

EIO4_PLAIN = EIO4(PLAIN)
"""Engine.IO without Socket.IO."""

EIO4_CLIENT = EIO4Client(FIFTH_CLIENT_TEXT)
EIO4_CLIENT_MSGPACK = EIO4Client(FIFTH_CLIENT_MSGPACK)
EIO4_CLIENT_PLAIN = EIO4Client(PLAIN)
"""The same, as a client speaks it."""
