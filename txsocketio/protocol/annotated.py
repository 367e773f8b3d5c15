"""
The first protocol, of 2010: C{type:length:data,}, where a message's data begins
with annotations.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


def _interpret(annotations: Iterable[Annotation], text: str, reserved: Reserved) -> Packet:
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
        return _interpretList(own, text, namespace, others or None, reserved)
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
    reserved: Reserved,
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
    id = number(own[ID], "an acknowledgement's id") if ID in own else None
    if name in RESERVED:
        said = reserved(name, arguments, namespace) if id is None else None
        if said is None:
            raise RemoteProtocolError(f"the event {name!r} is reserved")
        return Packet(*said, namespace, None, others)
    if name:
        return Packet(Kind.EVENT, [name, *arguments], namespace, id, others)
    if id is None:
        raise RemoteProtocolError("an event without a name")
    return Packet(Kind.ACK, arguments, namespace, id, others)


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


_NUMBERED = (Kind.EVENT, Kind.ACK)

_LISTS: Mapping[Kind, Callable[[Packet], tuple[str, Any]]] = {
    Kind.CONNECT: _connectArguments,
    Kind.CONNECT_ERROR: lambda packet: (_CONNECT_ERROR, [packet.data]),
    Kind.DISCONNECT: lambda packet: (_DISCONNECT, []),
    Kind.EVENT: _eventArguments,
    Kind.ACK: _ackArguments,
}


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

    def __init__(self, write: Writer) -> None:
        """
        @param write: makes a message's data of annotations and text.
        """
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
        return _encode(packet, self._write)

    def decoder(self, settings: Settings) -> AnnotatedDecoder:
        """
        See L{IDialect.decoder}.
        """
        return AnnotatedDecoder(self, settings)


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


class _Decoder(FirstDecoder[D]):
    """
    What is the same at both ends.
    """

    __slots__ = ("_readers",)

    whole = re.compile(rf"([0-3]:({NUMBER}):)(.*),", re.DOTALL)

    def __init__(self, dialect: D, settings: Settings) -> None:
        super().__init__(dialect, _Framing(settings.maxPayload), settings)
        self._readers = _READERS[GENUINE]

    def read(self, data: str, reserved: Reserved) -> Packet:
        """
        Decode the data of a message.
        """
        if data.startswith(":"):
            return Packet(Kind.MESSAGE, data[1:])
        for read, shown in self._readers:
            reading = read(data)
            if reading is not None:
                self.shown(shown)
                return _interpret(*reading, reserved)
        raise RemoteProtocolError(whyUnreadable(data))

    def shown(self, form: Annotated) -> None:
        """
        The peer has shown in which form it writes.
        """


@implementer(IDecoder)
class AnnotatedDecoder(_Decoder[IDialect]):
    """
    Decodes what one client of the first protocol sends.

    @ivar dialect: the form that the client has shown last; before that, what
        it is to be answered in.
    """

    __slots__ = ()

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        type = header[0]
        if type == "1":
            return self.read(data, _fromClient)
        return _interpretControl(type, data, Kind.PONG)

    def shown(self, form: Annotated) -> None:
        """
        See L{_Decoder.shown}.
        """
        self.dialect = form
        self._readers = _READERS[form]


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

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        type = header[0]
        if type == "1":
            return self.read(data, _fromServer)
        if type == "3":
            return Packet(Kind.OPEN, sessionId(data))
        return _interpretControl(type, data, Kind.PING)


ANNOTATED_CLIENT = AnnotatedClient()
"""The dialect, as a client speaks it."""
