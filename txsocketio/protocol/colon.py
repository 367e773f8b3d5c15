"""
Socket.IO 0.7 to 0.9, of 2011 and 2012: C{type:id:endpoint:data}, and a handshake
that comes before any transport.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Generic
from urllib.parse import parse_qsl, quote, urlencode

from zope.interface import implementer

from txsocketio.errors import (
    DisconnectReason,
    Fault,
    LocalProtocolError,
    RemoteProtocolError,
    UnsupportedByClient,
)
from txsocketio.frames import Frame
from txsocketio.interfaces import (
    IClientDecoder,
    IClientDialect,
    IDecoder,
    IDialect,
    ISession,
    Opening,
    Place,
)
from txsocketio.packets import RESERVED, ROOT, Kind, Packet
from txsocketio.protocol._first import (
    FirstClient,
    FirstDialect,
    checkSayable,
    checkText,
    typeName,
)
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER, D, atMost, counted, tooLong
from txsocketio.protocol._json import literal, loads
from txsocketio.protocol._sio import MAX_NAMESPACE, checkEvent
from txsocketio.protocol._urls import INDEX, indexOf
from txsocketio.protocol._utf16 import units, wellFormed
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

_AN_EVENT = "5:::"
"""How one begins that nobody acknowledges, in the default namespace."""

# To look up a member of an enumeration takes as long as two calls.
_EVENT, _OPEN, _CLOSE, _ACK = Kind.EVENT, Kind.OPEN, Kind.CLOSE, Kind.ACK

_UNREADABLE = re.compile("[\n\r\u2028\u2029]")
"""What the clients of 0.7 cannot read in a packet."""

_UNNAMEABLE = re.compile("[:?\n\r\u2028\u2029]")
"""What ends a namespace's name, or cannot be read in it."""

_NOT_HANDSHAKEN = b"7:::1+0"
"""Of an unknown session: do reconnect."""

_UNAUTHORIZED = "2"

_REASONS = {
    "0": "transport not supported",
    "1": "client not handshaken",
    _UNAUTHORIZED: "unauthorized",
}
_RECONNECT = "0"

_REFUSALS: Mapping[int, str] = {
    HTTPStatus.FORBIDDEN: "handshake unauthorized",
    HTTPStatus.INTERNAL_SERVER_ERROR: "handshake error",
}
"""What is said of a handshake, by its status."""

_LONGEST = 2_000_000
"""Seconds that stand for never. Browsers' timers count milliseconds, to
C{2**31 - 1}."""

_JAVASCRIPT = b"application/javascript"
_TEXT = b"text/plain; charset=UTF-8"


# What is read.


def _namespaceOf(endpoint: str) -> str:
    """
    @raise RemoteProtocolError: there is none of that name, nor could its
        clients be told anything.
    """
    if len(endpoint) > MAX_NAMESPACE:
        raise RemoteProtocolError(f"a namespace's name is longer than {MAX_NAMESPACE} characters")
    if wellFormed(endpoint) != endpoint or _UNREADABLE.search(endpoint):
        raise RemoteProtocolError("a namespace's name that cannot be")
    return endpoint or ROOT


def _asked(query: str | None, data: str) -> Mapping[str, str] | None:
    """
    What a client sends to be let in: a query, behind the endpoint or as the
    data. Of what is there more than once, the last counts.
    """
    asked = query or data.removeprefix("?")
    return dict(parse_qsl(asked, keep_blank_values=True)) if asked else None


def _eventOf(peer: str, text: str, start: int = 0) -> list[Any]:
    event = loads(text, start)
    if type(event) is not dict or type(event.get("name")) is not str:
        raise RemoteProtocolError("an event is no object with a name in it")
    name, args = event["name"], event.get("args", [])
    if type(args) is not list:
        raise RemoteProtocolError("an event's arguments are no array")
    if name in RESERVED:
        raise RemoteProtocolError(f"a {peer} cannot emit {name!r}")
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
}
"""What, beside events, may ask for an acknowledgement."""

Control = Callable[[str, str, str, str], Packet]
"""Tells what everything else is, of type, namespace, query and data."""


def _read(text: str, peer: str, control: Control) -> Packet:
    """
    @param peer: who says it.
    @raise RemoteProtocolError: it cannot send that.
    """
    if text.startswith(_AN_EVENT):
        # Nearly always it is an event, and nothing more.
        return Packet(_EVENT, _eventOf(peer, text, len(_AN_EVENT)))
    found = _PACKET.fullmatch(text)
    if found is None:
        raise RemoteProtocolError("no packet of type, id and endpoint")
    type, id, plus, endpoint, query, data = found.groups("")
    namespace = _namespaceOf(endpoint)
    if type == "5":
        return Packet(_EVENT, _eventOf(peer, data), namespace, int(id) if id else None)
    if type in _SAID:
        kind, interpret = _SAID[type]
        return Packet(kind, interpret(data), namespace, int(id) if id else None)
    if id or plus:
        raise RemoteProtocolError("an id of what cannot be acknowledged")
    if type == "6":
        answers, args = _acknowledgement(data)
        return Packet(Kind.ACK, args, namespace, answers)
    return Packet(Kind.NOOP) if type == "8" else control(type, namespace, query, data)


def _fromClient(type: str, namespace: str, query: str, data: str) -> Packet:
    if type == "0":
        return Packet(Kind.DISCONNECT, None, namespace)
    if type == "1":
        return Packet(Kind.CONNECT, _asked(query, data), namespace)
    if type == "2":
        return Packet(Kind.PONG)
    raise RemoteProtocolError("an error, which only a server tells")


def _fromServer(type: str, namespace: str, query: str, data: str) -> Packet:
    if type == "0":
        return Packet(Kind.CLOSE if namespace == ROOT else Kind.DISCONNECT, None, namespace)
    if type == "1":
        return Packet(Kind.CONNECT, None, namespace)
    if type == "2":
        return Packet(Kind.PING)
    reason, _, advice = data.partition("+")
    told: dict[str, Any] = {"message": _REASONS.get(reason, reason)}
    if advice == _RECONNECT:
        told["data"] = {"advice": "reconnect"}
    return Packet(Kind.CONNECT_ERROR, told, namespace)


# What is written.


def _checked(namespace: str) -> str:
    if namespace == ROOT:
        return ""
    if wellFormed(namespace) != namespace or _UNNAMEABLE.search(namespace):
        raise UnsupportedByClient(f"Socket.IO 0.9 cannot name a namespace {namespace[:50]!a}")
    return namespace


def _message(packet: Packet) -> tuple[str, str]:
    text = wellFormed(checkText(packet.data))
    return ("4", literal(text)) if _UNREADABLE.search(text) else ("3", text)


def _emitted(packet: Packet) -> tuple[str, str]:
    data = packet.data
    checkEvent(data)
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


def _frame(packet: Packet, asking: str = "") -> Frame:
    """
    @param asking: what stands behind the namespace.
    """
    kind = packet.kind
    if kind in _CONTROLS:
        return _CONTROLS[kind]
    type, data = _WRITTEN[kind](packet)
    id = f"{packet.id}+" if packet.id is not None and kind is not _ACK else ""
    head = f"{type}:{id}:{_checked(packet.namespace)}{asking}"
    return Frame(f"{head}:{data}" if data else head)


def _body(frames: Iterable[Frame]) -> bytes:
    """
    What holds all these frames. One goes bare.
    """
    texts = [frame.text for frame in frames] or ["8::"]
    if len(texts) > 1:
        texts = [f"{_MARK}{units(text)}{_MARK}{text}" for text in texts]
    return "".join(texts).encode("utf-8")


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
            if INDEX.fullmatch(version) and not transport:
                raise RemoteProtocolError(
                    "no such version of Socket.IO is spoken here", fault=Fault.VERSION_UNSUPPORTED
                )
            return None
        if b"disconnect" in args:
            return Place(self, _RECEPTION, sid, isSure=True)
        if not transport:
            return Place(self, _RECEPTION, None, indexOf(args, "jsonp"), isSure=True)
        if transport == _RECEPTION:
            raise RemoteProtocolError("no such transport", fault=Fault.TRANSPORT_UNKNOWN)
        # As in the genuine server, it is the first script where none is named.
        index = (indexOf(args, "i") or 0) if transport == _JSONP else None
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
        elif transport == _RECEPTION and error.httpStatus in _REFUSALS:
            isForeign = error.fault is Fault.FOREIGN
            why = "handshake bad origin" if isForeign else _REFUSALS[error.httpStatus]
            told = HTTPStatus(error.httpStatus), why
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
        if kind is _CLOSE and packet.data is DisconnectReason.SHUTDOWN:
            raise UnsupportedByClient("who is told goodbye in Socket.IO 0.9 does not come back")
        return _opened(packet.data) if kind is _OPEN else _frame(packet)

    def decoder(self, settings: Settings) -> ColonDecoder:
        """
        See L{IDialect.decoder}.
        """
        return ColonDecoder(self, settings)

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        return _body(frames)

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


def _opened(told: Mapping[str, Any]) -> Frame:
    intervals = map(_seconds, (told["heartbeatTimeout"], told["closeTimeout"]))
    return Frame(":".join((told["sid"], *intervals, ",".join(told["transports"]))))


class _Decoder(Generic[D]):
    """
    What is the same at both ends. Nothing is held from one piece to the next:
    each is whole.

    @cvar peer: who says what is read.
    """

    __slots__ = ("_maxPackets", "_maxPayload", "dialect")

    peer: ClassVar[str]

    def __init__(self, dialect: D, settings: Settings) -> None:
        self.dialect = dialect
        self._maxPackets = settings.maxPackets
        self._maxPayload = settings.maxPayload

    def message(self, data: str | bytes) -> Iterable[Packet]:
        """
        See L{IDecoder.message}.
        """
        if isinstance(data, bytes):
            raise RemoteProtocolError("binary data, which this protocol does not know")
        if len(data) > self._maxPayload:
            raise tooLong(self._maxPayload)
        if data.startswith(_MARK):
            return self._several(data)
        return (_read(data, self.peer, self.control),)

    def payload(self, body: str | bytes) -> Iterable[Packet]:
        """
        See L{IDecoder.payload}.
        """
        if not body:
            raise RemoteProtocolError("no packets")
        return self.message(body)

    @staticmethod
    def control(type: str, namespace: str, query: str, data: str) -> Packet:
        """
        See L{Control}.
        """
        raise NotImplementedError

    def _several(self, text: str) -> Iterator[Packet]:
        for each in atMost(self._maxPackets, counted(text, _LENGTH)):
            yield _read(each, self.peer, self.control)


@implementer(IDecoder)
class ColonDecoder(_Decoder[IDialect]):
    """
    Decodes what one client of Socket.IO 0.7 to 0.9 sends.

    @ivar dialect: see L{IDecoder}.
    """

    __slots__ = ()

    peer = "client"
    control = staticmethod(_fromClient)


@implementer(IClientDecoder)
class ColonClientDecoder(_Decoder[IClientDialect]):
    """
    Decodes what a server of Socket.IO 0.7 to 0.9 sends.
    """

    __slots__ = ()

    peer = "server"
    control = staticmethod(_fromServer)


@implementer(IClientDialect)
class ColonClient(FirstClient):
    """
    All three revisions, as a client speaks them.
    """

    name = "colon"
    announces = True

    def announced(self, body: str) -> Packet:
        """
        See L{IClientDialect.announced}.
        """
        found = _ANNOUNCED.fullmatch(body)
        if found is None:
            raise RemoteProtocolError("no session is named here")
        sid, silence, away, names = found.groups()
        told = {
            "sid": sid,
            "heartbeatTimeout": _interval(silence),
            "closeTimeout": _interval(away),
            "transports": names.split(",") if names else [],
        }
        return Packet(Kind.OPEN, told)

    def url(self, transport: str, sid: str | None, stamp: str) -> str:
        """
        See L{IClientDialect.url}.
        """
        place = f"{transport}/{quote(sid, safe='')}" if sid is not None else ""
        return f"{_VERSION}/{place}?t={quote(stamp)}" if stamp else f"{_VERSION}/{place}"

    def posting(self, transport: str, sid: str, stamp: str) -> str:
        """
        See L{IClientDialect.posting}. It is no other.
        """
        return self.url(transport, sid, stamp)

    def opened(self, packet: Packet) -> Opening:
        """
        See L{IClientDialect.opened}.
        """
        told = packet.data
        silence = told["heartbeatTimeout"]
        return Opening(
            told["sid"],
            tuple(told["transports"]),
            None if silence is None else 0.0,
            silence,
            closeTimeout=told["closeTimeout"],
        )

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IClientDialect.encode}. What is sent to be let in is a query.
        """
        asked = checkSayable(packet).kind is Kind.CONNECT and packet.data
        return _frame(packet, f"?{urlencode(packet.data)}" if asked else "")

    def join(self, frames: Iterable[Frame]) -> tuple[bytes, bytes]:
        """
        See L{IClientDialect.join}.
        """
        return _TEXT, _body(frames)

    def decoder(self, settings: Settings) -> ColonClientDecoder:
        """
        See L{IClientDialect.decoder}.
        """
        return ColonClientDecoder(self, settings)


_ANNOUNCED = re.compile(r"([^:\s]{1,1000}):([0-9.e+]{0,20}):([0-9.e+]{0,20}):([a-z,-]{0,1000})")


def _interval(told: str) -> float | None:
    """
    The reverse of L{_seconds}.
    """
    try:
        seconds = float(told or _LONGEST)
    except ValueError:
        raise RemoteProtocolError("an interval that is no number") from None
    return None if seconds >= _LONGEST else seconds


COLON = Colon()
"""The dialect."""

COLON_CLIENT = ColonClient()
"""The same, as a client speaks it."""
