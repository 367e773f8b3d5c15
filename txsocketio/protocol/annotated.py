"""
The first protocol, of 2010: C{type:length:data,}, where a message's data begins
with annotations.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from io import StringIO
from typing import Any

from zope.interface import implementer

from txsocketio.errors import LocalProtocolError, RemoteProtocolError
from txsocketio.frames import Frame
from txsocketio.interfaces import IDecoder, IDialect, Place
from txsocketio.packets import RESERVED, ROOT, Kind, Packet
from txsocketio.protocol._annotations import (
    EVENT,
    ID,
    JSON,
    MAX_ANNOTATIONS,
    OWN,
    REALM,
    WITHOUT_JSON,
    Annotation,
    Reader,
    Writer,
    readNewlineEnded,
    readSpecified,
    readValueless,
    whyUnreadable,
    writeNewlineEnded,
    writeSpecified,
)
from txsocketio.protocol._json import dumps, loads
from txsocketio.protocol._utf16 import cut, units, wellFormed
from txsocketio.settings import Settings

_CONNECT, _CONNECT_ERROR, _DISCONNECT = "connect", "connect_error", "disconnect"

# What counts the heartbeats and the acknowledgements: any number that a
# JavaScript client holds exactly, spelled in the one way in which it spells it.
_MAX_DIGITS = 15
_TOO_MANY = 10**_MAX_DIGITS
_NUMBER = re.compile(rf"0|[1-9][0-9]{{0,{_MAX_DIGITS - 1}}}")

_INDEX = re.compile(rf"[0-9]{{1,{_MAX_DIGITS}}}")


# Frames.

_HEADER = re.compile(rf"([0-3]):({_NUMBER.pattern}):")
_MAX_HEADER = len("1:") + _MAX_DIGITS + 1


def _frame(type: str, data: str) -> Frame:
    data = wellFormed(data)
    return Frame(f"{type}:{units(data)}:{data},")


class _Begun:
    """
    A frame whose header has come.

    @ivar type: its type.
    @ivar missing: how many units of its data are still to come.
    @ivar data: those that have come.
    """

    __slots__ = ("data", "missing", "type")

    def __init__(self, type: str, length: int) -> None:
        self.type = type
        self.missing = length
        self.data = StringIO()

    def read(self, text: str, at: int) -> int:
        """
        Take what is still missing, or as much of it as there is.

        @return: the index in C{text} behind it.
        """
        try:
            end, self.missing = cut(text, at, self.missing)
        except ValueError:
            raise RemoteProtocolError("a frame's length ends inside a character") from None
        self.data.write(text[at:end])
        return end


class _Framing:
    """
    Finds the frames in what arrives, in whatever pieces it arrives.

    @ivar _head: as much as has come of a header that is not complete.
    @ivar _begun: the frame under way behind its header.
    """

    __slots__ = ("_begun", "_head", "_maxLength")

    def __init__(self, maxLength: int) -> None:
        """
        @param maxLength: of one frame's data, UTF-16 code units.
        """
        self._maxLength = maxLength
        self._head = ""
        self._begun: _Begun | None = None

    @property
    def isIdle(self) -> bool:
        """
        Whether no frame is under way.
        """
        return self._begun is None and not self._head

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        """
        Take one more piece.

        @return: type and data of each frame that is complete with it.
        @raise RemoteProtocolError: this is no frame.
        """
        if self._head:
            text = self._head + text
            self._head = ""
        at, end = 0, len(text)
        while at < end:
            begun = self._begun
            if begun is None:
                at = self._readHeader(text, at)
            elif begun.missing:
                at = begun.read(text, at)
            elif text[at] == ",":
                self._begun = None
                yield begun.type, begun.data.getvalue()
                at += 1
            else:
                raise RemoteProtocolError(f"no ',' where a frame's data ends, but {text[at]!a}")

    def _readHeader(self, text: str, at: int) -> int:
        header = _HEADER.match(text, at)
        if header is None:
            self._head = text[at : at + _MAX_HEADER]
            self._checkBeginning(self._head)
            return len(text)
        length = int(header[2])
        if length > self._maxLength:
            raise self._tooLong()
        self._begun = _Begun(header[1], length)
        return header.end()

    def _checkBeginning(self, head: str) -> None:
        """
        @param head: what is no whole header, but may be the beginning of one.
        """
        if head[0] not in "0123":
            raise RemoteProtocolError(
                "a frame without a type" if head[0] == ":" else f"unknown frame type {head[0]!a}"
            )
        if head[1:2] not in (":", ""):
            raise RemoteProtocolError(f"no ':' behind a frame's type, but {head[1]!a}")
        length = head[2:]
        rest = length.lstrip("0123456789")
        digits = length[: len(length) - len(rest)]
        if len(digits) > 1 and digits[0] == "0":
            raise RemoteProtocolError("a frame's length begins with 0")
        if len(digits) > _MAX_DIGITS or int(digits or 0) > self._maxLength:
            raise self._tooLong()
        if rest:
            raise RemoteProtocolError(
                "a frame without a length"
                if rest[0] == ":"
                else f"a frame's length holds {rest[0]!a}"
            )

    def _tooLong(self) -> RemoteProtocolError:
        return RemoteProtocolError(
            f"a frame is longer than maxPayload ({self._maxLength}) allows",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


def _isWhole(text: str) -> bool:
    """
    Whether these are whole frames, to the last.
    """
    framing = _Framing(len(text))
    try:
        for _ in framing.feed(text):
            pass
    except RemoteProtocolError:
        return False
    return framing.isIdle


# What annotations and text say.


def _interpret(annotations: Iterable[Annotation], text: str) -> Packet:
    own: dict[str, str] = {}
    others: dict[str, str | None] = {}
    for key, value in annotations:
        if key not in OWN:
            others[key] = value
        elif key in own:
            raise RemoteProtocolError(f"annotation {key!r} twice")
        else:
            own[key] = value or ""
    namespace = _namespaceOf(own)
    if EVENT in own:
        return _interpretList(own, text, namespace, others or None)
    if ID in own:
        raise RemoteProtocolError("annotation 'a' without 'e'")
    if JSON in own:
        return Packet(Kind.JSON, loads(text), namespace, None, others or None)
    return Packet(Kind.MESSAGE, text, namespace, None, others or None)


def _namespaceOf(own: Mapping[str, str]) -> str:
    if REALM not in own:
        return ROOT
    if not own[REALM]:
        raise RemoteProtocolError("annotation 'r' is empty")
    return "/" + own[REALM]


def _interpretList(
    own: Mapping[str, str],
    text: str,
    namespace: str,
    others: Mapping[str, str | None] | None,
) -> Packet:
    """
    Tell what packet it is that has a list of arguments.
    """
    if JSON not in own:
        raise RemoteProtocolError(WITHOUT_JSON)
    arguments = loads(text)
    if not isinstance(arguments, list):
        raise RemoteProtocolError("the arguments are no list")
    name = own[EVENT]
    id = _number(own[ID], "an acknowledgement's id") if ID in own else None
    if name in RESERVED:
        kind, data = _interpretReserved(name, arguments, namespace, id)
        return Packet(kind, data, namespace, None, others)
    if name:
        return Packet(Kind.EVENT, [name, *arguments], namespace, id, others)
    if id is None:
        raise RemoteProtocolError("an event without a name")
    return Packet(Kind.ACK, arguments, namespace, id, others)


def _interpretReserved(
    name: str, arguments: list[Any], namespace: str, id: int | None
) -> tuple[Kind, Any]:
    """
    The default namespace is neither joined nor left by an event.
    """
    if namespace != ROOT and id is None:
        if name == _CONNECT and len(arguments) <= 1:
            return Kind.CONNECT, arguments[0] if arguments else None
        if name == _DISCONNECT and not arguments:
            return Kind.DISCONNECT, None
    raise RemoteProtocolError(f"the event {name!r} is reserved")


def _interpretControl(type: str, data: str) -> Packet:
    """
    A frame that is no message.
    """
    if type == "0":
        # The genuine server can write the word.
        if data not in ("", "undefined"):
            raise RemoteProtocolError("a frame of type 0 with data")
        return Packet(Kind.CLOSE)
    if type == "2":
        return Packet(Kind.PONG, _number(data, "a heartbeat"))
    raise RemoteProtocolError("a frame of type 3: only the server names the session")


def _number(digits: str, what: str) -> int:
    if not _NUMBER.fullmatch(digits):
        raise RemoteProtocolError(f"{what} is no number of up to {_MAX_DIGITS} digits")
    return int(digits)


# What annotations and text a packet has.


def _said(packet: Packet) -> tuple[Sequence[Annotation], str]:
    kind, data = packet.kind, packet.data
    if packet.id is not None and kind not in _NUMBERED:
        raise LocalProtocolError("only an event can ask for an acknowledgement")
    annotations: list[Annotation] = []
    if packet.namespace != ROOT:
        annotations.append((REALM, _realm(packet.namespace)))
    if kind in _LISTS:
        name, data = _LISTS[kind](packet)
        if packet.id is not None:
            annotations.append((ID, _digits(packet.id)))
        annotations.append((EVENT, name))
    if packet.annotations:
        annotations.extend(_others(packet.annotations))
    if kind is not Kind.MESSAGE:
        annotations.append((JSON, None))
        data = dumps(data)
    elif not isinstance(data, str):
        raise LocalProtocolError(f"a text message is a str, not a {_typeName(data)}")
    if len(annotations) > MAX_ANNOTATIONS:
        raise LocalProtocolError(f"more than {MAX_ANNOTATIONS} annotations")
    return annotations, data


def _typeName(value: object) -> str:
    return type(value).__name__


def _realm(namespace: str) -> str:
    if not namespace.startswith("/") or "\n" in namespace:
        raise LocalProtocolError(f"no namespace can be called {namespace!r}")
    return namespace[1:]


def _digits(number: object) -> str:
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < _TOO_MANY:
        return str(int(number))
    raise LocalProtocolError(f"what is counted here takes a number from 0 to {_TOO_MANY - 1}")


def _others(annotations: Mapping[Any, Any]) -> Iterator[Annotation]:
    for key, value in annotations.items():
        if not isinstance(key, str) or not key or ":" in key or "\n" in key:
            raise LocalProtocolError(f"no annotation can be called {key!r}")
        if key in OWN:
            raise LocalProtocolError(f"annotation {key!r} is the protocol's own")
        if value is not None and (not isinstance(value, str) or "\n" in value):
            raise LocalProtocolError(f"annotation {key!r} takes None or a str without newline")
        yield key, value


def _connectArguments(packet: Packet) -> tuple[str, Any]:
    if packet.namespace == ROOT:
        raise LocalProtocolError("the default namespace is joined without a word")
    return _CONNECT, [] if packet.data is None else [packet.data]


def _eventArguments(packet: Packet) -> tuple[str, Any]:
    name, *arguments = _list(packet.data) or [None]
    if not isinstance(name, str) or not name or "\n" in name or name in RESERVED:
        raise LocalProtocolError(
            "an event's name is a str without newline, not empty and not reserved"
        )
    return name, arguments


def _ackArguments(packet: Packet) -> tuple[str, Any]:
    if packet.id is None:
        raise LocalProtocolError("an acknowledgement without an id")
    return "", _list(packet.data)


def _list(data: Any) -> Sequence[Any]:
    if not isinstance(data, (list, tuple)):
        raise LocalProtocolError(f"arguments come in a list, not in a {_typeName(data)}")
    return data


_NUMBERED = (Kind.EVENT, Kind.ACK)

_LISTS: Mapping[Kind, Callable[[Packet], tuple[str, Any]]] = {
    Kind.CONNECT: _connectArguments,
    Kind.CONNECT_ERROR: lambda packet: (_CONNECT_ERROR, [packet.data]),
    Kind.DISCONNECT: lambda packet: (_DISCONNECT, []),
    Kind.EVENT: _eventArguments,
    Kind.ACK: _ackArguments,
}


# The contracts.

_WHOLE_MESSAGE = re.compile(rf"1:({_NUMBER.pattern}):(.*),", re.DOTALL)


@implementer(IDialect)
class Annotated:
    """
    The first protocol, its messages written in one of their two forms.

    L{SPECIFICATION} and L{GENUINE} are all its instances.
    """

    name = "annotated"
    serverBeats = True
    rootIsConnection = True
    joinsByTalking = True
    postField = b"data"

    def __init__(self, write: Writer) -> None:
        """
        @param write: makes a message's data of annotations and text.
        """
        self._write = write

    def locate(self, path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> Place | None:
        """
        C{transport[/[sid][/anything...]]}; the last part of C{anything} is
        the index, where it is a number.
        """
        if not path or not path[0]:
            return None
        sid = path[1] if len(path) > 1 else ""
        last = next((part for part in reversed(path[2:]) if part), "")
        index = int(last) if _INDEX.fullmatch(last) else None
        return Place(self, path[0], sid or None, index)

    def opening(self, sid: str) -> Sequence[Packet]:
        """
        See L{IDialect.opening}.
        """
        return [Packet(Kind.OPEN, sid)]

    def beat(self, number: int) -> Packet:
        """
        See L{IDialect.beat}.
        """
        return Packet(Kind.PING, number)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}.
        """
        kind = packet.kind
        if kind is Kind.OPEN:
            return _frame("3", packet.data)
        if kind in (Kind.PING, Kind.PONG):
            return _frame("2", _digits(packet.data))
        if kind is Kind.CLOSE or (kind is Kind.DISCONNECT and packet.namespace == ROOT):
            return _frame("0", "")
        annotations, text = _said(packet)
        return _frame("1", self._write(annotations, text) if annotations else ":" + text)

    def decoder(self, settings: Settings) -> AnnotatedDecoder:
        """
        See L{IDialect.decoder}.
        """
        return AnnotatedDecoder(self, settings)

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        return b"".join([frame.data for frame in frames])

    def script(self, index: int, body: bytes) -> bytes:
        """
        See L{IDialect.script}.
        """
        literal = dumps(body.decode("utf-8"))
        # Before 2019 these two could not stand in a JavaScript string.
        literal = literal.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        return f"io.JSONP[{index}]._({literal})".encode()

    def unscript(self, field: str) -> str:
        """
        Forms end every line with CR LF, which the frames' lengths do not know.
        A field whose frames fit as they are, and only so, is no form's.
        """
        if "\r\n" not in field:
            return field
        turned = field.replace("\r\n", "\n")
        return field if _isWhole(field) and not _isWhole(turned) else turned


SPECIFICATION = Annotated(writeSpecified)
"""Writes as the specification's example: C{r:chat:Hello world}."""

GENUINE = Annotated(writeNewlineEnded)
"""Writes as the genuine software of 2010: each annotation ends with a newline."""

_READERS: Mapping[Annotated, Sequence[tuple[Reader, Annotated]]] = {
    GENUINE: (
        (readNewlineEnded, GENUINE),
        (readSpecified, SPECIFICATION),
        (readValueless, SPECIFICATION),
    ),
    SPECIFICATION: (
        (readSpecified, SPECIFICATION),
        (readNewlineEnded, GENUINE),
        (readValueless, SPECIFICATION),
    ),
}
"""How to read the next message of one who has shown a form, and which form
each reader then shows."""


@implementer(IDecoder)
class AnnotatedDecoder:
    """
    Decodes what one client of the first protocol sends.

    @ivar dialect: the form that the client has shown last.
    """

    __slots__ = ("_framing", "_maxPackets", "_maxPayload", "_readers", "dialect")

    def __init__(self, dialect: Annotated, settings: Settings) -> None:
        """
        @param dialect: what to be answered in until the client has shown a
            form.
        """
        self.dialect = dialect
        self._readers = _READERS[GENUINE]
        self._framing = _Framing(settings.maxPayload)
        self._maxPayload = settings.maxPayload
        self._maxPackets = settings.maxPackets

    def message(self, data: str | bytes) -> Iterator[Packet]:
        """
        See L{IDecoder.message}.
        """
        if isinstance(data, bytes):
            raise RemoteProtocolError("binary data, which this protocol does not know")
        # Nearly always it is one whole frame, and a short one.
        whole = _WHOLE_MESSAGE.fullmatch(data) if self._framing.isIdle else None
        if whole is not None and int(whole[1]) == units(whole[2]) <= self._maxPayload:
            return iter((self._read(whole[2]),))
        return self._packets(data)

    def payload(self, body: str | bytes) -> Iterator[Packet]:
        """
        See L{IDecoder.payload}.
        """
        if not body:
            raise RemoteProtocolError("no packets")
        return self.message(body)

    def _packets(self, text: str) -> Iterator[Packet]:
        for count, (type, data) in enumerate(self._framing.feed(text), 1):
            if count > self._maxPackets:
                raise RemoteProtocolError(
                    f"more packets at once than maxPackets ({self._maxPackets}) allows",
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                )
            yield self._read(data) if type == "1" else _interpretControl(type, data)

    def _read(self, data: str) -> Packet:
        """
        Decode the data of a message.
        """
        if data.startswith(":"):
            return Packet(Kind.MESSAGE, data[1:])
        for read, shown in self._readers:
            reading = read(data)
            if reading is not None:
                self.dialect = shown
                self._readers = _READERS[shown]
                return _interpret(*reading)
        raise RemoteProtocolError(whyUnreadable(data))
