"""
What both revisions of Engine.IO have in common: URLs, errors, scripts, and the
packets that are its own.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Generic
from urllib.parse import urlencode

from txsocketio.errors import Fault, LocalProtocolError, RemoteProtocolError
from txsocketio.frames import Frame, Parted
from txsocketio.interfaces import IDialect, ISession, Opening, Place
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._clients import WithoutRecovery
from txsocketio.protocol._framing import D, atMost, tooLong
from txsocketio.protocol._json import dumps, dumpsASCII, literal, loads
from txsocketio.protocol._sio import Codec, Reader
from txsocketio.protocol._urls import argument, indexOf
from txsocketio.protocol._utf16 import wellFormed
from txsocketio.settings import Settings

MESSAGE = "4"
"""The type of what holds a packet of Socket.IO."""

TEXT, BINARY = b"text/plain;charset=UTF-8", b"application/octet-stream"
"""The content types of a POST, as clients name them."""

_LONGEST = 10**9
"""Milliseconds that stand for never. Browsers' timers add two of them, and
count to C{2**31 - 1}."""

VERSIONS = frozenset({None, "2", "3", "4"})
"""What revisions are called in URLs; who names none means the third."""

_ESCAPED = re.compile(r"(\\)?\\n")

_MESSAGES = {
    Fault.TRANSPORT_UNKNOWN: "Transport unknown",
    Fault.SESSION_UNKNOWN: "Session ID unknown",
    Fault.BAD_METHOD: "Bad handshake method",
    Fault.BAD_REQUEST: "Bad request",
    Fault.FORBIDDEN: "Forbidden",
    Fault.VERSION_UNSUPPORTED: "Unsupported protocol version",
}

_WITH_REASON = (Fault.BAD_REQUEST, Fault.FORBIDDEN)

_WHOLE = {Kind.CLOSE: Frame("1"), Kind.UPGRADE: Frame("5"), Kind.NOOP: Frame("6")}

_SERVERS = (Kind.OPEN, Kind.CONNECT_ERROR, Kind.NOOP)

_WITH_TEXT = {Kind.PING: "2", Kind.PONG: "3"}

_OWN = frozenset({Kind.OPEN, *_WHOLE, *_WITH_TEXT})
"""What is Engine.IO's, and no message."""


def isAsked(path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> bool:
    """
    Whether a URL is one of Engine.IO, in whatever revision.
    """
    return not any(path) and (b"EIO" in args or b"transport" in args)


def unsupported() -> RemoteProtocolError:
    """
    What is raised for a revision that is not spoken.
    """
    return RemoteProtocolError(
        "no such revision of Engine.IO is spoken here", fault=Fault.VERSION_UNSUPPORTED
    )


def milliseconds(seconds: float | None) -> int:
    """
    An interval, as clients are told of it.
    """
    return _LONGEST if seconds is None else min(int(seconds * 1000), _LONGEST)


def unbase64(text: str) -> bytes:
    """
    @raise RemoteProtocolError: this is no base64.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise RemoteProtocolError("binary data that is no base64") from None


def base64(data: bytes) -> str:
    """
    In one line.
    """
    return binascii.b2a_base64(data, newline=False).decode("ascii")


class Engine:
    """
    What both ends write alike.

    @cvar name: see L{IDialect.name}.
    """

    name: ClassVar[str]

    def __init__(self, codec: Codec) -> None:
        """
        @param codec: reads and writes what the messages hold.
        """
        self._codec = codec
        self.rootIsConnection = not codec.hasNamespaces
        self.joinsRoot = self.rootIsConnection

    def beat(self, number: int) -> Packet:
        """
        See L{IDialect.beat}. They are all the same.
        """
        return Packet(Kind.PING)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}.
        """
        if packet.kind in _OWN:
            return _own(packet)
        said = self._codec.encode(packet)
        if isinstance(said, str):
            return Frame(MESSAGE + said)
        return Parted(
            *(MESSAGE + each if isinstance(each, str) else self.enclose(each) for each in said)
        )

    def enclose(self, data: bytes) -> str | bytes:
        """
        A binary message, as it is written.
        """
        raise NotImplementedError


def _own(packet: Packet) -> Frame:
    kind = packet.kind
    if kind in _WHOLE:
        return _WHOLE[kind]
    if kind in _WITH_TEXT:
        return Frame(_WITH_TEXT[kind] + wellFormed(packet.data or ""))
    return Frame(f"0{dumps(packet.data)}")


class EngineDialect(Engine):
    """
    All of L{IDialect} that is the same in both.

    @cvar versions: what the revision is called in URLs.
    """

    versions: ClassVar[Collection[str | None]]
    transports: ClassVar[Mapping[str, Sequence[str]]] = {
        "polling": ("websocket",),
        "websocket": (),
    }
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {
            "heartbeatInterval": 25.0,
            "heartbeatTimeout": 20.0,
            "closeTimeout": closeTimeout,
            "duration": None,
        }
        # Between two polls it is the heartbeats that watch over a client.
        for name, closeTimeout in (("polling", None), ("websocket", 0.0))
    }
    resumes = False
    partsAlone = True
    joinsByTalking = False
    speaksDrafts = False
    endsStreamsAloud = False
    postField = b"d"
    postsForms = False
    receipt = b"ok"

    def locate(self, path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> Place | None:
        """
        See L{IDialect.locate}. All is in the query.
        """
        if not isAsked(path, args):
            return None
        version = argument(args, "EIO")
        if version not in VERSIONS:
            raise unsupported()
        if version not in self.versions:
            return None
        transport = argument(args, "transport")
        if transport is None or transport not in self.transports:
            raise RemoteProtocolError("no such transport", fault=Fault.TRANSPORT_UNKNOWN)
        index = indexOf(args, "j") if transport == "polling" else None
        sid = argument(args, "sid") or None
        return Place(self.speaking(args), transport, sid, index, isSure=True)

    def continues(self, other: IDialect) -> bool:
        """
        See L{IDialect.continues}.
        """
        return self.name == other.name

    def owns(self, args: Mapping[bytes, Sequence[bytes]]) -> bool:
        """
        See L{IDialect.owns}.
        """
        return isAsked((), args)

    def speaking(self, args: Mapping[bytes, Sequence[bytes]]) -> IDialect:
        """
        The instance that writes what a query asks for.
        """
        raise NotImplementedError

    def complaint(
        self, error: RemoteProtocolError, place: Place | None = None
    ) -> tuple[int, bytes, bytes]:
        """
        See L{IDialect.complaint}.
        """
        status, fault = error.httpStatus, error.fault
        if status == HTTPStatus.FORBIDDEN or fault is Fault.FORBIDDEN:
            status, fault = HTTPStatus.FORBIDDEN, Fault.FORBIDDEN
        elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            status = HTTPStatus.BAD_REQUEST
        told: dict[str, Any] = {"code": int(fault), "message": _MESSAGES[fault]}
        if fault in _WITH_REASON:
            told["reason"] = error.reason
        return status, b"application/json", dumpsASCII(told).encode("ascii")

    def opening(self, session: ISession) -> Sequence[Packet]:
        """
        See L{IDialect.opening}.
        """
        settings = session.settings
        told = {
            "sid": session.sid,
            "upgrades": list(session.upgrades),
            "pingInterval": milliseconds(settings.heartbeatInterval),
            "pingTimeout": milliseconds(settings.heartbeatTimeout),
        }
        return [Packet(Kind.OPEN, told)]

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        raise NotImplementedError

    def isBinary(self, body: bytes) -> bool:
        """
        See L{IDialect.isBinary}.
        """
        return False

    def script(self, index: int, body: bytes) -> bytes:
        """
        See L{IDialect.script}.
        """
        # What is binary in it was not asked for as a script.
        written = literal(body.decode("utf-8", "replace")).replace("<", "\\u003c")
        return f"___eio[{index}]({written});".encode()

    def unscript(self, field: str) -> str:
        """
        See L{IDialect.unscript}. Clients write a line feed as C{\\n}, and put
        one more backslash before what looks like that already.
        """
        return _ESCAPED.sub(_unescape, field)


class EngineClient(WithoutRecovery, Engine):
    """
    All of L{txsocketio.interfaces.IClientDialect} that is the same in both.

    @cvar version: what the revision is called in URLs.
    """

    version: ClassVar[str]
    transports: ClassVar[Sequence[str]] = ("polling", "websocket")
    announces = False

    def announced(self, body: str) -> Packet:
        """
        See L{txsocketio.interfaces.IClientDialect.announced}.
        """
        raise LocalProtocolError("a session is named on its transport")

    def url(self, transport: str, sid: str | None, stamp: str) -> str:
        """
        See L{txsocketio.interfaces.IClientDialect.url}. All is in the query.
        """
        asked = {"EIO": self.version, "transport": transport}
        if stamp:
            asked["t"] = stamp
        if sid is not None:
            asked["sid"] = sid
        return f"?{urlencode(asked)}"

    def posting(self, transport: str, sid: str, stamp: str) -> str:
        """
        See L{txsocketio.interfaces.IClientDialect.posting}. It is no other.
        """
        return self.url(transport, sid, stamp)

    def opened(self, packet: Packet) -> Opening:
        """
        See L{txsocketio.interfaces.IClientDialect.opened}.
        """
        return opening(packet.data)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{txsocketio.interfaces.IClientDialect.encode}.
        """
        if packet.kind in _SERVERS:
            raise LocalProtocolError("only a server says this")
        return super().encode(packet)


def opening(told: Any) -> Opening:
    """
    What a server tells of a session.

    @raise RemoteProtocolError: this cannot be meant.
    """
    if type(told) is not dict:
        raise RemoteProtocolError("an opening that is no object")
    sid, upgrades = told.get("sid"), told.get("upgrades", [])
    if type(sid) is not str or not sid:
        raise RemoteProtocolError("an opening without a session id")
    if type(upgrades) is not list or not all(type(each) is str for each in upgrades):
        raise RemoteProtocolError("upgrades that are no list of names")
    maxPayload = told.get("maxPayload")
    if maxPayload is not None and (type(maxPayload) is not int or maxPayload <= 0):
        raise RemoteProtocolError("a maxPayload that is no number of bytes")
    interval, timeout = seconds(told, "pingInterval"), seconds(told, "pingTimeout")
    return Opening(sid, tuple(upgrades), interval, timeout, maxPayload)


def seconds(told: Mapping[str, Any], name: str) -> float | None:
    """
    The reverse of L{milliseconds}.

    @raise RemoteProtocolError: there is no such interval.
    """
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise RemoteProtocolError(f"{name} is no number above 0")
    return None if value >= _LONGEST else value / 1000


def _unescape(found: re.Match[str]) -> str:
    return "\\n" if found[1] else "\n"


class EngineDecoder(Generic[D]):
    """
    All of L{txsocketio.interfaces.IDecoder} that is the same in both, and at
    both ends.

    @cvar controls: the packets that are Engine.IO's own, as they are written.
    @cvar peer: who says what is read.
    @ivar dialect: see L{txsocketio.interfaces.IDecoder}.
    """

    __slots__ = ("_maxPackets", "_maxPayload", "_reader", "dialect")

    controls: ClassVar[Mapping[str, Packet]]
    peer: ClassVar[str] = "client"

    def __init__(self, dialect: D, reader: Reader, settings: Settings) -> None:
        self.dialect = dialect
        self._reader = reader
        self._maxPayload = settings.maxPayload
        self._maxPackets = settings.maxPackets

    def message(self, data: str | bytes) -> Sequence[Packet]:
        """
        See L{txsocketio.interfaces.IDecoder.message}.
        """
        if len(data) > self._maxPayload:
            raise tooLong(self._maxPayload)
        if isinstance(data, bytes):
            packet = self.binary(data)
        elif data.startswith(MESSAGE):
            packet = self._reader.text(data, 1)
        else:
            packet = self.text(data)
        return () if packet is None else (packet,)

    def payload(self, body: str | bytes) -> Iterator[Packet]:
        """
        See L{txsocketio.interfaces.IDecoder.payload}.
        """
        if not body:
            raise RemoteProtocolError("no packets")
        if len(body) > self._maxPayload:
            raise tooLong(self._maxPayload)
        return self._packets(self.split(body))

    def _packets(self, messages: Iterable[str | bytes]) -> Iterator[Packet]:
        for message in atMost(self._maxPackets, messages):
            yield from EngineDecoder.message(self, message)

    def split(self, body: str | bytes) -> Iterator[str | bytes]:
        """
        The packets of a request's body.
        """
        raise NotImplementedError

    def text(self, data: str) -> Packet | None:
        """
        Take a packet that is text, and no message.

        @return: what is complete with it.
        """
        if data in self.controls:
            return self.controls[data]
        if data.startswith("b"):
            return self.base64(data)
        raise RemoteProtocolError(
            f"no packet that a {self.peer} sends begins with {data[0]!a}"
            if data
            else "an empty packet"
        )

    def base64(self, data: str) -> Packet | None:
        """
        The same of a binary message that has become text.
        """
        raise NotImplementedError

    def binary(self, data: bytes) -> Packet | None:
        """
        The same of a binary message.
        """
        raise NotImplementedError


class EngineClientDecoder(EngineDecoder[D]):
    """
    What else a server says: the opening.
    """

    __slots__ = ()

    peer = "server"

    def text(self, data: str) -> Packet | None:
        """
        See L{EngineDecoder.text}.
        """
        if not data.startswith("0"):
            return super().text(data)
        told = loads(data, 1)
        opening(told)
        return Packet(Kind.OPEN, told)
