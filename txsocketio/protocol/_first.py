"""
What the dialects of 2010 have in common: URLs, forms, scripts, heartbeats.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic
from urllib.parse import quote

from txsocketio.errors import LocalProtocolError, RemoteProtocolError
from txsocketio.frames import Frame
from txsocketio.interfaces import IDialect, ISession, Opening, Place
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._clients import WithoutRecovery
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER, D, Framing, atMost
from txsocketio.protocol._json import literal
from txsocketio.protocol._urls import INDEX
from txsocketio.protocol._utf16 import units
from txsocketio.settings import Settings

_FORM = b"application/x-www-form-urlencoded; charset=UTF-8"

_TOO_MANY = 10**MAX_DIGITS
_NUMBER = re.compile(NUMBER)


def number(digits: str, what: str) -> int:
    """
    @raise RemoteProtocolError: these are no digits of a number.
    """
    if not _NUMBER.fullmatch(digits):
        raise RemoteProtocolError(f"{what} is no number of up to {MAX_DIGITS} digits")
    return int(digits)


def digits(number: object) -> str:
    """
    @raise LocalProtocolError: nobody would read this as a number.
    """
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < _TOO_MANY:
        return str(int(number))
    raise LocalProtocolError(f"what is counted here takes a number from 0 to {_TOO_MANY - 1}")


def typeName(value: object) -> str:
    """
    What kind of thing that is.
    """
    return type(value).__name__


def checkText(data: object) -> str:
    """
    @raise LocalProtocolError: this is no text.
    """
    if not isinstance(data, str):
        raise LocalProtocolError(f"a text message is a str, not a {typeName(data)}")
    return data


class First:
    """
    What both ends have in common.

    @cvar name: see L{IDialect.name}.
    """

    name: ClassVar[str]
    serverBeats = True
    rootIsConnection = True
    joinsRoot = True
    recovers = False

    def beat(self, number: int) -> Packet:
        """
        See L{IDialect.beat}.
        """
        return Packet(Kind.PING, number)


class FirstDialect(First):
    """
    All of L{IDialect} but the packets.

    @cvar framing: finds the frames.
    @cvar scriptEnd: what ends the script of a JSONP answer.
    """

    framing: ClassVar[type[Framing]]
    scriptEnd: ClassVar[str] = ""
    transports: ClassVar[Mapping[str, Sequence[str]]] = dict.fromkeys(
        (
            "websocket",
            "server-events",
            "flashsocket",
            "htmlfile",
            "xhr-multipart",
            "xhr-polling",
            "jsonp-polling",
        ),
        (),
    )
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    resumes = True
    partsAlone = False
    speaksDrafts = True
    endsStreamsAloud = True
    postField = b"data"
    postsForms = True
    receipt = b"ok"

    def locate(self, path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> Place | None:
        """
        C{transport[/[sid][/anything...]]}; the last part of C{anything} is
        the index, where it is a number.
        """
        if not path or not path[0]:
            return None
        sid = path[1] if len(path) > 1 else ""
        last = next((part for part in reversed(path[2:]) if part), "")
        index = int(last) if INDEX.fullmatch(last) else None
        return Place(self, path[0], sid or None, index)

    def continues(self, other: IDialect) -> bool:
        """
        See L{IDialect.continues}.
        """
        return self.name == other.name

    def owns(self, args: Mapping[bytes, Sequence[bytes]]) -> bool:
        """
        See L{IDialect.owns}. Queries mean nothing.
        """
        return False

    def complaint(
        self, error: RemoteProtocolError, place: Place | None = None
    ) -> tuple[int, bytes, bytes]:
        """
        See L{IDialect.complaint}. One line.
        """
        line = f"{error.reason}\n".encode("ascii", "backslashreplace")
        return error.httpStatus, b"text/plain; charset=UTF-8", line

    def opening(self, session: ISession) -> Sequence[Packet]:
        """
        See L{IDialect.opening}.
        """
        return [Packet(Kind.OPEN, session.sid)]

    def clientId(self, sid: str, namespace: str) -> str:
        """
        See L{IDialect.clientId}. There is one id for all.
        """
        return sid

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        return b"".join([frame.data for frame in frames])

    def isBinary(self, body: bytes) -> bool:
        """
        See L{IDialect.isBinary}.
        """
        return False

    def script(self, index: int, body: bytes) -> bytes:
        """
        See L{IDialect.script}.
        """
        return f"io.JSONP[{index}]._({literal(body.decode('utf-8'))}){self.scriptEnd}".encode()

    def unscript(self, field: str) -> str:
        """
        Forms end every line with CR LF, which the frames' lengths do not know.
        A field whose frames fit as they are, and only so, is no form's.
        """
        if "\r\n" not in field:
            return field
        turned = field.replace("\r\n", "\n")
        isWhole = self.framing.isWhole
        return field if isWhole(field) and not isWhole(turned) else turned


_SERVERS = (Kind.OPEN, Kind.PING, Kind.CONNECT_ERROR)


def checkSayable(packet: Packet) -> Packet:
    """
    @raise LocalProtocolError: only a server says this.
    """
    if packet.kind in _SERVERS:
        raise LocalProtocolError("only a server says this")
    return packet


class FirstClient(WithoutRecovery, First):
    """
    All of L{txsocketio.interfaces.IClientDialect} but the packets.
    """

    transports: ClassVar[Sequence[str]] = ("websocket", "xhr-polling")
    announces = False

    def announced(self, body: str) -> Packet:
        """
        See L{txsocketio.interfaces.IClientDialect.announced}.
        """
        raise LocalProtocolError("a session is named on its transport")

    def url(self, transport: str, sid: str | None, stamp: str) -> str:
        """
        See L{txsocketio.interfaces.IClientDialect.url}.
        """
        parts = [transport, quote(sid or "", safe=""), stamp]
        return "/".join(parts if stamp else parts[: 1 if sid is None else 2])

    def posting(self, transport: str, sid: str, stamp: str) -> str:
        """
        See L{txsocketio.interfaces.IClientDialect.posting}.
        """
        return f"{transport}/{quote(sid, safe='')}/send"

    def opened(self, packet: Packet) -> Opening:
        """
        See L{txsocketio.interfaces.IClientDialect.opened}. The id, and nothing
        else.
        """
        return Opening(packet.data)

    def join(self, frames: Iterable[Frame]) -> tuple[bytes, bytes]:
        """
        See L{txsocketio.interfaces.IClientDialect.join}. It is a form.
        """
        data = b"".join([frame.data for frame in frames])
        return _FORM, b"data=" + quote(data, safe="").encode("ascii")


class FirstDecoder(Generic[D]):
    """
    All of L{txsocketio.interfaces.IDecoder} but what frames mean.

    @cvar whole: one whole frame; its groups are the header, the length and
        the data.
    @ivar dialect: see L{txsocketio.interfaces.IDecoder}.
    """

    __slots__ = ("_framing", "_maxPackets", "_maxPayload", "dialect")

    whole: ClassVar[re.Pattern[str]]

    def __init__(self, dialect: D, framing: Framing, settings: Settings) -> None:
        self.dialect = dialect
        self._framing = framing
        self._maxPayload = settings.maxPayload
        self._maxPackets = settings.maxPackets

    def message(self, data: str | bytes) -> Iterable[Packet]:
        """
        See L{txsocketio.interfaces.IDecoder.message}.
        """
        if isinstance(data, bytes):
            raise RemoteProtocolError("binary data, which this protocol does not know")
        # Nearly always it is one whole frame, and a short one.
        whole = self.whole.fullmatch(data) if self._framing.isIdle else None
        if whole is not None:
            header, length, content = whole.groups()
            if int(length) == units(content) <= self._maxPayload:
                return (self.interpret(header, content),)
        return self._packets(data)

    def payload(self, body: str | bytes) -> Iterable[Packet]:
        """
        See L{txsocketio.interfaces.IDecoder.payload}.
        """
        if not body:
            raise RemoteProtocolError("no packets")
        return self.message(body)

    def _packets(self, text: str) -> Iterator[Packet]:
        for header, data in atMost(self._maxPackets, self._framing.feed(text)):
            yield self.interpret(header, data)

    def interpret(self, header: str, data: str) -> Packet:
        """
        Tell what a frame says.

        @raise RemoteProtocolError: nothing that this protocol knows.
        """
        raise NotImplementedError


class FirstClientDecoder(FirstDecoder[D]):
    """
    What a server says: nothing, it may be.
    """

    __slots__ = ()

    def payload(self, body: str | bytes) -> Iterable[Packet]:
        """
        See L{txsocketio.interfaces.IClientDecoder.payload}.
        """
        return self.message(body)


def sessionId(data: str) -> str:
    """
    @raise RemoteProtocolError: no session can be called that.
    """
    if not data:
        raise RemoteProtocolError("a session without an id")
    return data
