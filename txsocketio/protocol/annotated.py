"""
The first protocol, of 2010: C{type:length:data,}, where a message's data begins
with annotations.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from zope.interface import implementer

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.frames import Frame
from txsocketio.interfaces import IClientDecoder, IClientDialect, IDecoder, IDialect
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
from txsocketio.protocol._first import (
    FirstClient,
    FirstClientDecoder,
    FirstDecoder,
    FirstDialect,
    checkSayable,
    checkText,
    digits,
    number,
    sessionId,
    typeName,
)
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER, D, Framing, checkStart
from txsocketio.protocol._json import dumps, loads
from txsocketio.protocol._utf16 import units, wellFormed
from txsocketio.settings import Settings

_CONNECT, _CONNECT_ERROR, _DISCONNECT = "connect", "connect_error", "disconnect"

_KNOWN, _SHORT = 1024, 200
"""How many beginnings of events are kept in mind, and how long they may be."""


# Frames.


class _Framing(Framing):
    """
    C{type:length:data,}.
    """

    __slots__ = ()

    header = re.compile(rf"[0-3]:(?P<length>{NUMBER}):")
    longest = len("1:") + MAX_DIGITS + 1
    end = ","

    def checkBeginning(self, head: str) -> None:
        """
        See L{Framing.checkBeginning}.
        """
        if head[0] not in "0123":
            raise RemoteProtocolError(
                "a frame without a type" if head[0] == ":" else f"unknown frame type {head[0]!a}"
            )
        checkStart(head[1:], ":", "behind a frame's type")
        self.checkLength(head[2:], ":")


def _frame(type: str, data: str) -> Frame:
    data = wellFormed(data)
    return Frame(f"{type}:{units(data)}:{data},")


@lru_cache(maxsize=64)
def _heartbeat(number: str) -> Frame:
    """
    Very many peers are sent the same ones.
    """
    return _frame("2", number)


# What annotations and text say.


Reserved = Callable[[str, list[Any], str], tuple[Kind, Any] | None]
"""What an event means whose name is the protocol's own: L{None} for nothing."""


@dataclass(slots=True)
class _Said:
    """
    What a message's annotations say.

    @ivar name: of the event; empty for an acknowledgement; L{None} for
        neither.
    @ivar others: the annotations that are not the protocol's own.
    """

    name: str | None
    namespace: str
    id: int | None
    isJSON: bool
    others: Mapping[str, str | None] | None


def _saidBy(annotations: Iterable[Annotation]) -> _Said:
    own: dict[str, str] = {}
    others: dict[str, str | None] = {}
    for key, value in annotations:
        if key not in OWN:
            others[key] = value
        elif key in own:
            raise RemoteProtocolError(f"annotation {key!r} twice")
        else:
            own[key] = value or ""
    if EVENT in own and JSON not in own:
        raise RemoteProtocolError(WITHOUT_JSON)
    if ID in own and EVENT not in own:
        raise RemoteProtocolError("annotation 'a' without 'e'")
    id = number(own[ID], "an acknowledgement's id") if ID in own else None
    return _Said(own.get(EVENT), _namespaceOf(own), id, JSON in own, others or None)


def _namespaceOf(own: Mapping[str, str]) -> str:
    if REALM not in own:
        return ROOT
    if not own[REALM]:
        raise RemoteProtocolError("annotation 'r' is empty")
    return "/" + own[REALM]


def _interpret(said: _Said, text: str, reserved: Reserved) -> Packet:
    name, namespace, others = said.name, said.namespace, said.others
    if name is None:
        kind, data = (Kind.JSON, loads(text)) if said.isJSON else (Kind.MESSAGE, text)
        return Packet(kind, data, namespace, None, others)
    event = _event(name, said, text)
    _, *arguments = event.data
    if name in RESERVED:
        meant = reserved(name, arguments, namespace) if said.id is None else None
        if meant is None:
            raise RemoteProtocolError(f"the event {name!r} is reserved")
        return Packet(*meant, namespace, None, others)
    if name:
        return event
    if said.id is None:
        raise RemoteProtocolError("an event without a name")
    return Packet(Kind.ACK, arguments, namespace, said.id, others)


def _event(name: str, said: _Said, text: str) -> Packet:
    """
    @param text: all arguments of the event.
    """
    arguments = loads(text)
    if type(arguments) is not list:
        raise RemoteProtocolError("the arguments are no list")
    return Packet(_AN_EVENT, [name, *arguments], said.namespace, said.id, said.others)


def _fromClient(name: str, arguments: list[Any], namespace: str) -> tuple[Kind, Any] | None:
    """
    The default namespace is neither joined nor left by an event.
    """
    if namespace != ROOT:
        if name == _CONNECT and len(arguments) <= 1:
            return Kind.CONNECT, arguments[0] if arguments else None
        if name == _DISCONNECT and not arguments:
            return Kind.DISCONNECT, None
    return None


def _fromServer(name: str, arguments: list[Any], namespace: str) -> tuple[Kind, Any] | None:
    """
    All namespaces can be refused.
    """
    if name != _CONNECT_ERROR:
        return _fromClient(name, arguments, namespace)
    told = arguments[0] if len(arguments) == 1 else None
    if isinstance(told, dict) and isinstance(told.get("message"), str):
        return Kind.CONNECT_ERROR, told
    return None


def _interpretControl(type: str, data: str, heartbeat: Kind) -> Packet:
    """
    A frame that is no message.

    @param heartbeat: what that of the peer is.
    """
    if type == "0":
        # The genuine server can write the word.
        if data not in ("", "undefined"):
            raise RemoteProtocolError("a frame of type 0 with data")
        return Packet(Kind.CLOSE)
    if type == "2":
        return Packet(heartbeat, number(data, "a heartbeat"))
    raise RemoteProtocolError("a frame of type 3: only the server names the session")


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
            annotations.append((ID, digits(packet.id)))
        annotations.append((EVENT, name))
    if packet.annotations:
        annotations.extend(_others(packet.annotations))
    if kind is not Kind.MESSAGE:
        annotations.append((JSON, None))
        data = dumps(data)
    else:
        data = checkText(data)
    if len(annotations) > MAX_ANNOTATIONS:
        raise LocalProtocolError(f"more than {MAX_ANNOTATIONS} annotations")
    return annotations, data


def _realm(namespace: str) -> str:
    if not namespace.startswith("/") or "\n" in namespace:
        raise LocalProtocolError(f"no namespace can be called {namespace!r}")
    return namespace[1:]


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


_NO_NAME = "an event's name is a str without newline, not empty and not reserved"


def _eventArguments(packet: Packet) -> tuple[str, Any]:
    name, *arguments = _list(packet.data) or [None]
    if not isinstance(name, str) or name in RESERVED:
        raise LocalProtocolError(_NO_NAME)
    if not name or "\n" in name:
        raise UnsupportedByClient(_NO_NAME)
    return name, arguments


def _ackArguments(packet: Packet) -> tuple[str, Any]:
    if packet.id is None:
        raise LocalProtocolError("an acknowledgement without an id")
    return "", _list(packet.data)


def _list(data: Any) -> Sequence[Any]:
    if not isinstance(data, (list, tuple)):
        raise LocalProtocolError(f"arguments come in a list, not in a {typeName(data)}")
    return data


# To look up a member of an enumeration takes as long as two calls.
_AN_EVENT = Kind.EVENT

_NUMBERED = (Kind.EVENT, Kind.ACK)

_LISTS: Mapping[Kind, Callable[[Packet], tuple[str, Any]]] = {
    Kind.CONNECT: _connectArguments,
    Kind.CONNECT_ERROR: lambda packet: (_CONNECT_ERROR, [packet.data]),
    Kind.DISCONNECT: lambda packet: (_DISCONNECT, []),
    Kind.EVENT: _eventArguments,
    Kind.ACK: _ackArguments,
}


@lru_cache(maxsize=_KNOWN)
def _eventsHead(write: Writer, namespace: str, name: str) -> str:
    """
    What stands before the arguments of such an event.
    """
    annotations, text = _said(Packet(_AN_EVENT, [name], namespace))
    return wellFormed(write(annotations, text).removesuffix(text))


def _encode(packet: Packet, write: Writer) -> Frame:
    kind = packet.kind
    if kind is Kind.OPEN:
        return _frame("3", packet.data)
    if kind in (Kind.PING, Kind.PONG):
        return _heartbeat(digits(packet.data))
    if kind is Kind.CLOSE or (kind is Kind.DISCONNECT and packet.namespace == ROOT):
        return _frame("0", "")
    annotations, text = _said(packet)
    return _frame("1", write(annotations, text) if annotations else ":" + text)


# The contracts.


@implementer(IDialect)
class Annotated(FirstDialect):
    """
    The first protocol, its messages written in one of their two forms.

    L{SPECIFICATION} and L{GENUINE} are all its instances.
    """

    name = "annotated"
    joinsByTalking = True
    framing = _Framing

    def __init__(self, read: Reader, write: Writer, mark: str) -> None:
        """
        @param read: finds annotations and text in a message's data.
        @param write: makes it of them.
        @param mark: what stands before the text, where that is JSON.
        """
        self.read = read
        self.mark = mark
        self._write = write

    def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        See L{IDialect.welcome}.
        """
        return None if namespace == ROOT else Packet(Kind.CONNECT, namespace=namespace)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}.
        """
        said = packet.data
        # Nearly always it is an event, and nothing more.
        if (
            packet.kind is _AN_EVENT
            and packet.id is None
            and not packet.annotations
            and type(said) is list
            and said
            and type(said[0]) is str
            and len(said[0]) <= _SHORT
        ):
            data = _eventsHead(self._write, packet.namespace, said[0]) + dumps(said[1:])
            return Frame(f"1:{len(data) if data.isascii() else units(data)}:{data},")
        return _encode(packet, self._write)

    def decoder(self, settings: Settings) -> AnnotatedDecoder:
        """
        See L{IDialect.decoder}.
        """
        return AnnotatedDecoder(self, settings)


SPECIFICATION = Annotated(readSpecified, writeSpecified, "\nj:")
"""Writes as the specification's example: C{r:chat:Hello world}."""

GENUINE = Annotated(readNewlineEnded, writeNewlineEnded, "\n:")
"""Writes as the genuine software of 2010: each annotation ends with a newline."""

_READERS: Mapping[Annotated, Sequence[tuple[Reader, Annotated]]] = {
    GENUINE: (
        (GENUINE.read, GENUINE),
        (SPECIFICATION.read, SPECIFICATION),
        (readValueless, SPECIFICATION),
    ),
    SPECIFICATION: (
        (SPECIFICATION.read, SPECIFICATION),
        (GENUINE.read, GENUINE),
        (readValueless, SPECIFICATION),
    ),
}
"""How to read the next message of one who has shown a form, and which form
each reader then shows."""


@dataclass(slots=True)
class _Beginning:
    """
    All of an event's frame that stands before its arguments.

    @ivar said: what its annotations say.
    @ivar length: of the frame's data, as the frame tells it.
    @ivar units: how long the whole frame has to be, then.
    """

    name: str
    said: _Said
    length: int
    units: int


@lru_cache(maxsize=_KNOWN)
def _beginning(text: str, form: Annotated) -> _Beginning | None:
    """
    Very many events begin alike.

    @param text: what stands before the mark of the form.
    @return: L{None} where this may be anything else.
    """
    header = _Framing.header.match(text)
    if header is None or text[0] != "1":
        return None
    reading = form.read(text[header.end() :] + form.mark)
    if reading is None or reading[1]:
        return None
    try:
        said = _saidBy(reading[0])
    except RemoteProtocolError:
        return None
    if not said.name or said.name in RESERVED or said.others:
        return None
    length = int(header["length"])
    return _Beginning(said.name, said, length, header.end() + length + 1)


class _Decoder(FirstDecoder[D]):
    """
    What is the same at both ends.
    """

    __slots__ = ("_form",)

    whole = re.compile(rf"([0-3]:({NUMBER}):)(.*),", re.DOTALL)

    def __init__(self, dialect: D, settings: Settings) -> None:
        super().__init__(dialect, _Framing(settings.maxPayload), settings)
        self._form = GENUINE

    def message(self, data: str | bytes) -> Iterable[Packet]:
        """
        See L{IDecoder.message}.
        """
        # Nearly always it is one whole event, in the form that was shown last.
        if self._framing.isIdle and isinstance(data, str):
            form = self._form
            text, mark, rest = data.partition(form.mark)
            beginning = _beginning(text, form) if mark and len(text) <= _SHORT else None
            if (
                beginning is not None
                and beginning.units == (len(data) if data.isascii() else units(data))
                and beginning.length <= self._maxPayload
                and data[-1] == ","
            ):
                if self.dialect is not form:
                    self.shown(form)
                return (_event(beginning.name, beginning.said, rest[:-1]),)
        return super().message(data)

    def read(self, data: str) -> Packet:
        """
        Decode the data of a message.
        """
        if data.startswith(":"):
            return Packet(Kind.MESSAGE, data[1:])
        for read, shown in _READERS[self._form]:
            reading = read(data)
            if reading is not None:
                self.shown(shown)
                annotations, text = reading
                return _interpret(_saidBy(annotations), text, self.reserved)
        raise RemoteProtocolError(whyUnreadable(data))

    def shown(self, form: Annotated) -> None:
        """
        The peer has shown in which form it writes.
        """

    @staticmethod
    def reserved(name: str, arguments: list[Any], namespace: str) -> tuple[Kind, Any] | None:
        """
        See L{Reserved}.
        """
        raise NotImplementedError


@implementer(IDecoder)
class AnnotatedDecoder(_Decoder[IDialect]):
    """
    Decodes what one client of the first protocol sends.

    @ivar dialect: the form that the client has shown last; before that, what
        it is to be answered in.
    """

    __slots__ = ()

    reserved = staticmethod(_fromClient)

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        type = header[0]
        if type == "1":
            return self.read(data)
        return _interpretControl(type, data, Kind.PONG)

    def shown(self, form: Annotated) -> None:
        """
        See L{_Decoder.shown}.
        """
        self.dialect = self._form = form


@implementer(IClientDialect)
class AnnotatedClient(FirstClient):
    """
    The first protocol, as a client speaks it: newline-ended, which nobody can
    misread.
    """

    name = "annotated"

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IClientDialect.encode}.
        """
        return _encode(checkSayable(packet), writeNewlineEnded)

    def decoder(self, settings: Settings) -> AnnotatedClientDecoder:
        """
        See L{IClientDialect.decoder}.
        """
        return AnnotatedClientDecoder(self, settings)


@implementer(IClientDecoder)
class AnnotatedClientDecoder(FirstClientDecoder[IClientDialect], _Decoder[IClientDialect]):
    """
    Decodes what a server of the first protocol sends. Whatever form it has
    shown, it is read in the newline-ended one first: a server uses that where
    the other could be read in two ways.
    """

    __slots__ = ()

    reserved = staticmethod(_fromServer)

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        type = header[0]
        if type == "1":
            return self.read(data)
        if type == "3":
            return Packet(Kind.OPEN, sessionId(data))
        return _interpretControl(type, data, Kind.PING)


ANNOTATED_CLIENT = AnnotatedClient()
"""The dialect, as a client speaks it."""
