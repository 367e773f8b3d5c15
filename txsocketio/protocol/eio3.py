"""
Engine.IO 3, of the clients 1.0 to 2.5: the client sends the heartbeats.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from zope.interface import implementer

from txsocketio.errors import RemoteProtocolError
from txsocketio.frames import Frame
from txsocketio.interfaces import IClientDecoder, IClientDialect, IDecoder, IDialect
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.protocol._engine import (
    BINARY,
    TEXT,
    Engine,
    EngineClient,
    EngineClientDecoder,
    EngineDecoder,
    EngineDialect,
    base64,
    unbase64,
)
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER, D, counted
from txsocketio.protocol._msgpack import FOURTH_CLIENT_MSGPACK, FOURTH_MSGPACK
from txsocketio.protocol._plain import PLAIN
from txsocketio.protocol._sio import FOURTH_CLIENT_TEXT, FOURTH_TEXT, Codec, Reader
from txsocketio.protocol._urls import argument
from txsocketio.protocol._utf16 import units
from txsocketio.settings import Settings

_MESSAGE = b"\x04"
"""The type of a binary packet."""

_TEXT, _BINARY, _BEHIND_LENGTH = 0, 1, 0xFF
"""What stands around a packet's length in a binary body."""

_LENGTH = re.compile(rf"({NUMBER}):")

_DOUBLED = re.compile(
    r"[\x80-\x9f]|[\xc2\xc3][\xa1-\xaa\xac-\xba\xbc-\xbf]|(?:[\xc2-\xf4][\xa0-\xbf]+){2}"
)
"""What shows that a text is UTF-8, taken for Latin-1: control characters; what
no word ends with, and a sign; or more than one letter with signs behind it. A
letter and one sign (C{É®}) may well be meant."""


class _EIO3(Engine):
    """
    Engine.IO 3, as both ends have it.

    @cvar longestText: to what length text alone is written as such, and not in
        bytes. In browsers, the clients of 1.x stumble over more than some 120
        thousand characters.
    """

    name = "eio3"
    serverBeats = False
    recovers = False
    longestText: ClassVar[float] = 0x10000

    def __init__(self, codec: Codec) -> None:
        """
        See L{Engine.__init__}.
        """
        super().__init__(codec)
        self.joinsRoot = True

    def enclose(self, data: bytes) -> str | bytes:
        """
        See L{Engine.enclose}.
        """
        return _MESSAGE + data

    def body(self, parts: Sequence[str | bytes]) -> bytes:
        """
        What holds all these packets.
        """
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) < len(parts) or sum(map(len, texts)) > self.longestText:
            return b"".join(map(_counted, parts))
        return "".join([f"{units(text)}:{text}" for text in texts]).encode("utf-8")

    def isBinary(self, body: bytes) -> bool:
        """
        See L{IDialect.isBinary}.
        """
        return body[:1] in (b"\0", b"\1")


@implementer(IDialect)
class EIO3(_EIO3, EngineDialect):
    """
    Engine.IO 3, with binary data as such.

    There are three of each, for who asks: one writes binary data as base64,
    and one writes all the answers to polls in bytes.
    """

    versions = (None, "2", "3")

    def __init__(self, codec: Codec, main: EIO3 | None = None) -> None:
        """
        @param main: the one that this is a variant of; L{None} makes its
            variants too.
        """
        super().__init__(codec)
        self._main = self._inText = self._inBytes = main or self
        if main is None:
            self._inText, self._inBytes = EIO3Base64(codec, self), EIO3Bytes(codec, self)

    def speaking(self, args: Mapping[bytes, Sequence[bytes]]) -> IDialect:
        """
        See L{EngineDialect.speaking}.
        """
        if argument(args, "b64") or b"j" in args:
            return self._main._inText
        return self._main._inBytes if argument(args, "EIO") == "2" else self._main

    def clientId(self, sid: str, namespace: str) -> str:
        """
        See L{IDialect.clientId}.
        """
        return sid if namespace == ROOT else f"{namespace}#{sid}"

    def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        See L{IDialect.welcome}.
        """
        return None if self.rootIsConnection else Packet(Kind.CONNECT, namespace=namespace)

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        return self.body([part for frame in frames for part in frame.parts] or ["6"])

    def decoder(self, settings: Settings) -> EIO3Decoder:
        """
        See L{IDialect.decoder}.
        """
        return EIO3Decoder(self, self._codec.reader(settings), settings)


class EIO3Base64(EIO3):
    """
    The same in text alone.
    """

    longestText = math.inf

    def enclose(self, data: bytes) -> str | bytes:
        """
        See L{Engine.enclose}.
        """
        return f"b4{base64(data)}"


class EIO3Bytes(EIO3):
    """
    The same with no answer in text: browsers' clients of 1.0 take all text for
    C{ok}, whatever it says.
    """

    longestText = 0


@implementer(IClientDialect)
class EIO3Client(_EIO3, EngineClient):
    """
    Engine.IO 3, as a client speaks it.
    """

    version = "3"

    def clientId(self, sid: str, namespace: str, told: Any) -> str:
        """
        See L{IClientDialect.clientId}.
        """
        return sid if namespace == ROOT else f"{namespace}#{sid}"

    def join(self, frames: Iterable[Frame]) -> tuple[bytes, bytes]:
        """
        See L{IClientDialect.join}.
        """
        body = self.body([part for frame in frames for part in frame.parts])
        return (BINARY if self.isBinary(body) else TEXT), body

    def decoder(self, settings: Settings) -> EIO3ClientDecoder:
        """
        See L{IClientDialect.decoder}.
        """
        return EIO3ClientDecoder(self, self._codec.reader(settings), settings)


def _counted(part: str | bytes) -> bytes:
    """
    A packet in a binary body.
    """
    kind, data = (_TEXT, part.encode("utf-8")) if isinstance(part, str) else (_BINARY, part)
    return bytes((kind, *map(int, str(len(data))), _BEHIND_LENGTH)) + data


class _Mending:
    """
    Mends what the clients of 1.x do to text: they send UTF-8 that has been
    taken for Latin-1, in UTF-8.
    """

    __slots__ = ("_isNeeded",)

    def __init__(self) -> None:
        # Whether the client has shown that it does that, or that it doesn't.
        self._isNeeded: bool | None = None

    def mend(self, text: str) -> str:
        """
        @return: what is meant by C{text}.
        """
        if text.isascii() or self._isNeeded is False:
            return text
        try:
            # Of them some send half characters in this way too.
            mended = text.encode("latin-1").decode("utf-8", "surrogatepass")
        except UnicodeError:
            self._isNeeded = False
            return text
        if not self._isNeeded and not _DOUBLED.search(text):
            return text
        self._isNeeded = True
        return mended


class _EIO3Decoder(EngineDecoder[D]):
    """
    What is the same at both ends.

    @cvar heartbeat: that of the peer, or its answer: any text may follow.
    """

    __slots__ = ("_messages", "_payloads")

    heartbeat: ClassVar[tuple[str, Kind]]

    def __init__(self, dialect: D, reader: Reader, settings: Settings) -> None:
        super().__init__(dialect, reader, settings)
        # Most of them do it in requests alone.
        self._messages = _Mending()
        self._payloads = _Mending()

    def message(self, data: str | bytes) -> Sequence[Packet]:
        """
        See L{IDecoder.message}.
        """
        return super().message(self._messages.mend(data) if isinstance(data, str) else data)

    def text(self, data: str) -> Packet | None:
        """
        See L{EngineDecoder.text}.
        """
        type, kind = self.heartbeat
        if data.startswith(type) and len(data) > 1:
            return Packet(kind, data[1:])
        return super().text(data)

    def base64(self, data: str) -> Packet | None:
        """
        See L{EngineDecoder.base64}.
        """
        if not data.startswith("b4"):
            raise RemoteProtocolError("base64 that is no message")
        return self._reader.binary(unbase64(data[2:]))

    def binary(self, data: bytes) -> Packet | None:
        """
        See L{EngineDecoder.binary}.
        """
        if not data.startswith(_MESSAGE):
            raise RemoteProtocolError("binary data that is no message")
        return self._reader.binary(data[1:])

    def split(self, body: str | bytes) -> Iterator[str | bytes]:
        """
        See L{EngineDecoder.split}.
        """
        return _counts(body) if isinstance(body, bytes) else self._lengths(body)

    def _lengths(self, body: str) -> Iterator[str]:
        return map(self._payloads.mend, counted(body, _LENGTH))


@implementer(IDecoder)
class EIO3Decoder(_EIO3Decoder[IDialect]):
    """
    Decodes what one client of Engine.IO 3 sends.
    """

    __slots__ = ()

    controls: ClassVar[Mapping[str, Packet]] = {
        "1": Packet(Kind.CLOSE),
        "2": Packet(Kind.PING),
        "5": Packet(Kind.UPGRADE),
        "6": Packet(Kind.NOOP),
    }
    heartbeat = ("2", Kind.PING)


@implementer(IClientDecoder)
class EIO3ClientDecoder(EngineClientDecoder[IClientDialect], _EIO3Decoder[IClientDialect]):
    """
    Decodes what a server of Engine.IO 3 sends.
    """

    __slots__ = ()

    controls: ClassVar[Mapping[str, Packet]] = {
        "1": Packet(Kind.CLOSE),
        "3": Packet(Kind.PONG),
        "6": Packet(Kind.NOOP),
    }
    heartbeat = ("3", Kind.PONG)


def _counts(body: bytes) -> Iterator[str | bytes]:
    """
    The packets of a binary body.
    """
    at = 0
    while at < len(body):
        start = body.find(_BEHIND_LENGTH, at + 1, at + MAX_DIGITS + 2) + 1
        digits = body[at + 1 : start - 1]
        if body[at] not in (_TEXT, _BINARY) or not start or not digits or max(digits) > 9:
            raise RemoteProtocolError("a packet without its length before it")
        end = start + int("".join(map(str, digits)))
        if end > len(body):
            raise RemoteProtocolError("a packet that is shorter than its length")
        data = body[start:end]
        yield data if body[at] == _BINARY else _decoded(data)
        at = end


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise RemoteProtocolError("text that is no UTF-8") from None


EIO3_TEXT = EIO3(FOURTH_TEXT)
"""What genuine clients speak that are not told otherwise."""

EIO3_MSGPACK = EIO3(FOURTH_MSGPACK)
"""What those speak that are given C{socket.io-msgpack-parser}."""

EIO3_PLAIN = EIO3(PLAIN)
"""Engine.IO without Socket.IO."""

EIO3_CLIENT = EIO3Client(FOURTH_CLIENT_TEXT)
EIO3_CLIENT_MSGPACK = EIO3Client(FOURTH_CLIENT_MSGPACK)
EIO3_CLIENT_PLAIN = EIO3Client(PLAIN)
"""The same, as a client speaks it."""
