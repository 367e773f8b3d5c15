"""
Socket.IO 0.7 to 0.9, of 2011 and 2012: C{type:id:endpoint:data}, and a handshake
that comes before any transport.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from zope.interface import implementer

from txsocketio.errors import (
    DisconnectReason,
    Fault,
    LocalProtocolError,
    RemoteProtocolError,
    UnsupportedByClient,
)
from txsocketio.frames import Frame
from txsocketio.interfaces import IDecoder, IDialect, ISession, Place
from txsocketio.packets import RESERVED, ROOT, Kind, Packet
from txsocketio.protocol._first import FirstDialect, checkText, typeName
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER
from txsocketio.protocol._json import literal, loads
from txsocketio.protocol._utf16 import cut, units, wellFormed
from txsocketio.settings import Settings

_VERSION = "1"
"""What all three are called in URLs."""

_RECEPTION, _JSONP = "reception", "jsonp-polling"
_STREAMS = ("websocket", "flashsocket", "htmlfile")
_POLLS = ("xhr-polling", _JSONP)

_MARK = "\ufffd"
"""Stands around a packet's length, where there are several in one body."""

_LENGTH = re.compile(rf"{_MARK}({NUMBER}){_MARK}")
_PACKET = re.compile(
    rf"([0-8]):([0-9]{{0,{MAX_DIGITS}}})(\+?):(/[^:?]*)?(?:\?([^:]*))?(?::(.*))?", re.DOTALL
)
_ACKNOWLEDGED = re.compile(rf"([0-9]{{1,{MAX_DIGITS}}})(?:\+(.*))?", re.DOTALL)
_INDEX = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}")

_UNREADABLE = re.compile("[\n\r\u2028\u2029]")
"""What the clients of 0.7 cannot read in a packet."""

_NOT_HANDSHAKEN = b"7:::1+0"
"""Of an unknown session: do reconnect."""

_UNAUTHORIZED = "2"

_LONGEST = 2_000_000
"""Seconds that stand for never. Browsers' timers count milliseconds, to
C{2**31 - 1}."""

_JAVASCRIPT = b"application/javascript"
_TEXT = b"text/plain; charset=UTF-8"


# What is read.


def _namespaceOf(endpoint: str | None) -> str:
    return endpoint or ROOT


def _asked(query: str | None, data: str) -> Mapping[str, str] | None:
    """
    What a client sends to be let in: a query, behind the endpoint or as the
    data. Of what is there more than once, the last counts.
    """
    asked = query or data.removeprefix("?")
    return dict(parse_qsl(asked, keep_blank_values=True)) if asked else None


def _event(data: str) -> list[Any]:
    event = loads(data)
    if type(event) is not dict or type(event.get("name")) is not str:
        raise RemoteProtocolError("an event is no object with a name in it")
    name, args = event["name"], event.get("args", [])
    if type(args) is not list:
        raise RemoteProtocolError("an event's arguments are no array")
    if name in RESERVED:
        raise RemoteProtocolError(f"a client cannot emit {name!r}")
    return [name, *args]


def _acknowledgement(data: str) -> tuple[int, list[Any]]:
    found = _ACKNOWLEDGED.fullmatch(data)
    if found is None:
        raise RemoteProtocolError("an acknowledgement without an id")
    args = loads(found[2]) if found[2] else []
    if type(args) is not list:
        raise RemoteProtocolError("an acknowledgement is no array")
    return int(found[1]), args


_SAID: Mapping[str, tuple[Kind, Callable[[str], Any]]] = {
    "3": (Kind.MESSAGE, str),
    "4": (Kind.JSON, loads),
    "5": (Kind.EVENT, _event),
}
"""What may ask for an acknowledgement."""


def _read(text: str) -> Packet:
    """
    @raise RemoteProtocolError: a client cannot send that.
    """
    found = _PACKET.fullmatch(text)
    if found is None:
        raise RemoteProtocolError("no packet of type, id and endpoint")
    type, id, plus, endpoint, query, data = found.groups("")
    namespace = _namespaceOf(endpoint)
    if wellFormed(namespace) != namespace:
        raise RemoteProtocolError("a namespace's name that cannot be")
    if type in _SAID:
        kind, interpret = _SAID[type]
        return Packet(kind, interpret(data), namespace, int(id) if id else None)
    if id or plus:
        raise RemoteProtocolError("an id of what cannot be acknowledged")
    if type == "6":
        answers, args = _acknowledgement(data)
        return Packet(Kind.ACK, args, namespace, answers)
    if type == "1":
        return Packet(Kind.CONNECT, _asked(query, data), namespace)
    return _control(type, namespace)


def _control(type: str, namespace: str) -> Packet:
    if type == "0":
        return Packet(Kind.DISCONNECT, None, namespace)
    if type == "2":
        return Packet(Kind.PONG)
    if type == "8":
        return Packet(Kind.NOOP)
    raise RemoteProtocolError("an error, which only a server tells")


# What is written.


def _checked(namespace: str) -> str:
    if namespace == ROOT:
        return ""
    if wellFormed(namespace) != namespace or re.search("[:?\n\r\u2028\u2029]", namespace):
        raise UnsupportedByClient(f"Socket.IO 0.9 cannot name a namespace {namespace[:50]!a}")
    return namespace


def _message(packet: Packet) -> tuple[str, str]:
    text = wellFormed(checkText(packet.data))
    return ("4", literal(text)) if _UNREADABLE.search(text) else ("3", text)


def _emitted(packet: Packet) -> tuple[str, str]:
    data = packet.data
    if type(data) is not list or not data or not isinstance(data[0], str):
        raise LocalProtocolError("an event is a list with its name in it")
    event = {"name": data[0], "args": data[1:]} if len(data) > 1 else {"name": data[0]}
    return "5", literal(event)


def _answered(packet: Packet) -> tuple[str, str]:
    if not isinstance(packet.id, int) or not isinstance(packet.data, list):
        raise LocalProtocolError(f"no id or no list: {typeName(packet.data)}")
    return "6", f"{packet.id}+{literal(packet.data)}" if packet.data else str(packet.id)


_CONTROLS = {
    Kind.CLOSE: Frame("0::"),
    Kind.PING: Frame("2::"),
    Kind.PONG: Frame("2::"),
    Kind.NOOP: Frame("8::"),
}

_WRITTEN: Mapping[Kind, Callable[[Packet], tuple[str, str]]] = {
    Kind.MESSAGE: _message,
    Kind.JSON: lambda packet: ("4", literal(packet.data)),
    Kind.EVENT: _emitted,
    Kind.ACK: _answered,
    Kind.CONNECT: lambda packet: ("1", ""),
    Kind.CONNECT_ERROR: lambda packet: ("7", _UNAUTHORIZED),
    Kind.DISCONNECT: lambda packet: ("0", ""),
}


def _seconds(seconds: float | None) -> str:
    """
    An interval, as clients are told of it.
    """
    return "" if seconds is None else f"{min(seconds, _LONGEST):g}"


# The contracts.


@implementer(IDialect)
class Colon(FirstDialect):
    """
    All three revisions, which differ in their clients' intervals and blunders
    only. L{COLON} is the only instance.
    """

    name = "colon"
    transports: ClassVar[Mapping[str, Sequence[str]]] = {
        _RECEPTION: (*_STREAMS, *_POLLS),
        **dict.fromkeys((*_STREAMS, *_POLLS), ()),
    }
    # The client is told how long the server may be silent, and goes after that.
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {
            "heartbeatInterval": 25.0,
            "heartbeatTimeout": 35.0,
            "closeTimeout": 0.0 if name in _STREAMS else 60.0,
        }
        for name in transports
    }
    joinsByTalking = False
    postField = b"d"
    postsForms = False
    receipt = b"1"

    def locate(self, path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> Place | None:
        """
        See L{IDialect.locate}. C{1/} is where sessions are named, and
        C{1/transport/sid} where they go on; C{?disconnect} ends them.
        """
        version, transport, sid = (*path, "", "", "")[:3]
        if version != _VERSION:
            if _INDEX.fullmatch(version) and not transport:
                raise RemoteProtocolError(
                    "no such version of Socket.IO is spoken here", fault=Fault.VERSION_UNSUPPORTED
                )
            return None
        if b"disconnect" in args:
            return Place(self, _RECEPTION, sid, isSure=True)
        if not transport:
            return Place(self, _RECEPTION, None, _index(args, b"jsonp"), isSure=True)
        if transport == _RECEPTION:
            raise RemoteProtocolError("no such transport", fault=Fault.TRANSPORT_UNKNOWN)
        index = _index(args, b"i") if transport == _JSONP else None
        return Place(self, transport, sid, index, isSure=True)

    def complaint(
        self, error: RemoteProtocolError, place: Place | None = None
    ) -> tuple[int, bytes, bytes]:
        """
        See L{IDialect.complaint}.
        """
        transport = "" if place is None else place.transport
        if error.fault is Fault.SESSION_UNKNOWN and transport in (*_POLLS, "htmlfile"):
            return HTTPStatus.OK, _TEXT, _NOT_HANDSHAKEN
        if error.fault is Fault.VERSION_UNSUPPORTED:
            told = HTTPStatus.INTERNAL_SERVER_ERROR, "Protocol version not supported."
        elif transport == _RECEPTION and error.httpStatus == HTTPStatus.FORBIDDEN:
            isForeign = error.fault is Fault.FOREIGN
            why = "handshake bad origin" if isForeign else "handshake unauthorized"
            told = HTTPStatus.FORBIDDEN, why
        else:
            told = HTTPStatus(error.httpStatus), error.reason
        if place is None or place.index is None or transport != _RECEPTION:
            return told[0], _TEXT, told[1].encode("ascii", "backslashreplace")
        # A script element shows no status.
        script = f"io.j[{place.index}](new Error({literal(told[1])}));"
        return HTTPStatus.OK, _JAVASCRIPT, script.encode()

    def opening(self, session: ISession) -> Sequence[Packet]:
        """
        See L{IDialect.opening}.
        """
        settings = session.settings
        told = {
            "sid": session.sid,
            "heartbeatTimeout": settings.silence,
            "closeTimeout": _LONGEST if settings.closeTimeout is None else settings.closeTimeout,
            "transports": list(session.upgrades),
        }
        return [Packet(Kind.OPEN, told)]

    def beat(self, number: int) -> Packet:
        """
        See L{IDialect.beat}. They are all the same.
        """
        return Packet(Kind.PING)

    def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        See L{IDialect.welcome}.
        """
        return Packet(Kind.CONNECT, namespace=namespace)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}.
        """
        kind = packet.kind
        if kind is Kind.CLOSE and packet.data is DisconnectReason.SHUTDOWN:
            raise UnsupportedByClient("who is told goodbye in Socket.IO 0.9 does not come back")
        if kind in _CONTROLS:
            return _CONTROLS[kind]
        if kind is Kind.OPEN:
            return _opened(packet.data)
        type, data = _WRITTEN[kind](packet)
        id = f"{packet.id}+" if kind is Kind.EVENT and packet.id is not None else ""
        head = f"{type}:{id}:{_checked(packet.namespace)}"
        return Frame(f"{head}:{data}" if data else head)

    def decoder(self, settings: Settings) -> ColonDecoder:
        """
        See L{IDialect.decoder}.
        """
        return ColonDecoder(self, settings)

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}. One goes bare.
        """
        texts = [frame.text for frame in frames] or ["8::"]
        if len(texts) > 1:
            texts = [f"{_MARK}{units(text)}{_MARK}{text}" for text in texts]
        return "".join(texts).encode("utf-8")

    def script(self, index: int, body: bytes) -> bytes:
        """
        See L{IDialect.script}.
        """
        return f"io.j[{index}]({literal(body.decode('utf-8'))});".encode()

    def unscript(self, field: str) -> str:
        """
        See L{IDialect.unscript}. The clients of 0.9 post a string of JSON,
        those before it the packets themselves, in which the form has made all
        line ends CR LF.
        """
        if not field.startswith('"'):
            return field.replace("\r\n", "\n")
        text = loads(field)
        if not isinstance(text, str):
            raise RemoteProtocolError("the form field d is no string")
        return text


def _index(args: Mapping[bytes, Sequence[bytes]], name: bytes) -> int | None:
    """
    The number under which a JSONP answer calls back.
    """
    values = args.get(name)
    if not values:
        return None
    index = values[0].decode("ascii", "backslashreplace")
    if not _INDEX.fullmatch(index):
        raise RemoteProtocolError(
            f"{name.decode('ascii')} is no number of up to {MAX_DIGITS} digits"
        )
    return int(index)


def _opened(told: Mapping[str, Any]) -> Frame:
    intervals = map(_seconds, (told["heartbeatTimeout"], told["closeTimeout"]))
    return Frame(":".join((told["sid"], *intervals, ",".join(told["transports"]))))


@implementer(IDecoder)
class ColonDecoder:
    """
    Decodes what one client of Socket.IO 0.7 to 0.9 sends. Nothing is held
    from one piece to the next: each is whole.

    @ivar dialect: see L{IDecoder}.
    """

    __slots__ = ("_maxPackets", "_maxPayload", "dialect")

    def __init__(self, dialect: IDialect, settings: Settings) -> None:
        self.dialect = dialect
        self._maxPackets = settings.maxPackets
        self._maxPayload = settings.maxPayload

    def message(self, data: str | bytes) -> Iterator[Packet]:
        """
        See L{IDecoder.message}.
        """
        if isinstance(data, bytes):
            raise RemoteProtocolError("binary data, which this protocol does not know")
        if len(data) > self._maxPayload:
            raise _tooMuch(f"more at once than maxPayload ({self._maxPayload}) allows")
        return self._several(data) if data.startswith(_MARK) else iter((_read(data),))

    def payload(self, body: str | bytes) -> Iterator[Packet]:
        """
        See L{IDecoder.payload}.
        """
        if not body:
            raise RemoteProtocolError("no packets")
        return self.message(body)

    def _several(self, text: str) -> Iterator[Packet]:
        at = count = 0
        while at < len(text):
            count += 1
            if count > self._maxPackets:
                raise _tooMuch(f"more packets at once than maxPackets ({self._maxPackets}) allows")
            found = _LENGTH.match(text, at)
            if found is None:
                raise RemoteProtocolError("a packet without its length before it")
            try:
                at, missing = cut(text, found.end(), int(found[1]))
            except ValueError:
                raise RemoteProtocolError("a packet's length ends inside a character") from None
            if missing:
                raise RemoteProtocolError("a packet that is shorter than its length")
            yield _read(text[found.end() : at])


def _tooMuch(reason: str) -> RemoteProtocolError:
    return RemoteProtocolError(reason, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


COLON = Colon()
"""The dialect."""
