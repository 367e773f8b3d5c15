"""
The packets of Socket.IO 1.0 and later: one text each, and behind it the
attachments that hold its binary data.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlencode

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.packets import RESERVED, ROOT, Kind, Packet
from txsocketio.protocol._framing import MAX_DIGITS
from txsocketio.protocol._json import dumps, dumpsASCII, loads, writer
from txsocketio.protocol._utf16 import wellFormed
from txsocketio.settings import Settings

MAX_NAMESPACE = 1_000
"""How many characters the name of a namespace may have, with its query."""

CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK = range(7)
"""The types of packets."""

_DIGITS = "0123456"

# To look up a member of an enumeration takes as long as two calls.
_TEXT, _JSON, _AN_EVENT, _AN_ACK = Kind.MESSAGE, Kind.JSON, Kind.EVENT, Kind.ACK

_WITH_ATTACHMENTS = {EVENT: BINARY_EVENT, ACK: BINARY_ACK}
"""What becomes of them."""

_HEAD = re.compile(
    rf"([0-6])(?:([0-9]{{1,{MAX_DIGITS}}})-)?(?:(/[^,]*),?)?([0-9]{{0,{MAX_DIGITS + 1}}})"
)
"""Type, number of attachments, namespace, id."""

_PLACEHOLDER = "_placeholder"


class Reader(Protocol):
    """
    One peer's packets, out of Engine.IO's messages.
    """

    def text(self, data: str, start: int) -> Packet | None:
        """
        Take a text message, which is C{data} from C{start} on.

        @return: the packet that is complete with it, if one is.
        @raise RemoteProtocolError: this is none.
        """

    def binary(self, data: bytes) -> Packet | None:
        """
        Take a binary message.
        """


class Codec(Protocol):
    """
    What Engine.IO's messages hold, read and written.

    @ivar hasNamespaces: whether it knows others than the default one.
    """

    hasNamespaces: ClassVar[bool]

    def encode(self, packet: Packet) -> str | tuple[str | bytes, ...]:
        """
        @return: the text that holds the packet, or the messages that do.
        @raise UnsupportedByClient: none can.
        @raise LocalProtocolError: nobody could write it.
        """

    def reader(self, settings: Settings) -> Reader:
        """
        A new reader, for one session.
        """


ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""Stands for a packet's data that is not there."""


def checkEvent(data: Any) -> None:
    """
    @raise LocalProtocolError: this is no event's data.
    """
    if type(data) is not list or not data or not isinstance(data[0], str):
        raise LocalProtocolError("an event is a list with its name in it")


class Revision:
    """
    What packets mean, whatever they are written in.

    @cvar isASCII: whether JSON has to be ASCII.
    @cvar peer: who says what is read.
    @cvar reserved: the events that the peer cannot send.
    """

    isASCII: ClassVar[bool]
    peer: ClassVar[str] = "client"
    reserved: ClassVar[Collection[str]] = RESERVED

    def read(self, type: int, name: str, id: int | None, data: Any) -> Packet:
        """
        @param data: L{ABSENT} for none.
        @raise RemoteProtocolError: the peer cannot send that.
        """
        if len(name) > MAX_NAMESPACE:
            raise RemoteProtocolError(
                f"a namespace's name is longer than {MAX_NAMESPACE} characters"
            )
        if not name.startswith("/") or wellFormed(name) != name:
            raise RemoteProtocolError("a namespace's name that cannot be")
        name, query = self.split(name)
        if type == EVENT:
            return Packet(Kind.EVENT, self.event(data), name, id)
        if type == ACK:
            return Packet(Kind.ACK, self._arguments(data, id), name, id)
        if id is not None:
            raise RemoteProtocolError("an id of what cannot be acknowledged")
        if type == CONNECT:
            return Packet(Kind.CONNECT, self.brought(query, data), name)
        if type == CONNECT_ERROR:
            return Packet(Kind.CONNECT_ERROR, self.refused(data), name)
        if data is not ABSENT:
            raise RemoteProtocolError(f"a {self.peer} says goodbye with data")
        return Packet(Kind.DISCONNECT, None, name)

    def event(self, data: Any) -> Any:
        """
        @return: an event's data, as it was read.
        @raise RemoteProtocolError: the peer cannot send that.
        """
        if type(data) is not list or not data:
            raise RemoteProtocolError("an event is no list with its name in it")
        name = data[0]
        if type(name) is not str:
            raise RemoteProtocolError("an event's name is no string")
        if name in self.reserved:
            raise RemoteProtocolError(f"a {self.peer} cannot emit {name!r}")
        return data

    def _arguments(self, data: Any, id: int | None) -> Any:
        if id is None:
            raise RemoteProtocolError("an acknowledgement without an id")
        if type(data) is not list:
            raise RemoteProtocolError("an acknowledgement is no list")
        return data

    def write(self, packet: Packet) -> tuple[int, Any]:
        """
        @return: type and data.
        @raise LocalProtocolError: nobody could read it.
        """
        kind, data = packet.kind, packet.data
        if kind is _TEXT or kind is _JSON:
            kind, data = _AN_EVENT, ["message", data]
        if kind is _AN_EVENT:
            checkEvent(data)
            return EVENT, data if packet.offset is None else self.logged(data, packet.offset)
        if kind is _AN_ACK:
            return ACK, data
        if kind is Kind.CONNECT:
            return CONNECT, self.welcome(data)
        if kind is Kind.DISCONNECT:
            return DISCONNECT, ABSENT
        return CONNECT_ERROR, self.refusal(data)

    def split(self, name: str) -> tuple[str, str]:
        """
        The name of a namespace, and what is asked of it.
        """
        raise NotImplementedError

    def asking(self, packet: Packet) -> str:
        """
        What stands behind the name of a packet's namespace.
        """
        return ""

    def brought(self, query: str, data: Any) -> Any:
        """
        What comes with the joining of a namespace: a client sends it to be
        let in.
        """
        raise NotImplementedError

    def refused(self, data: Any) -> Any:
        """
        What comes with a refusal.
        """
        raise RemoteProtocolError("a refusal, which only a server sends")

    def welcome(self, data: Any) -> Any:
        """
        What goes with the joining of a namespace: a client is told it that has
        been let in.
        """
        raise NotImplementedError

    def refusal(self, data: Any) -> Any:
        """
        What a client is told that has not.
        """
        raise NotImplementedError

    def logged(self, data: Any, offset: str) -> Any:
        """
        An event's data, with its place in the log if that can be told.
        """
        raise NotImplementedError


class _Fifth(Revision):
    """
    Revision 5, of Socket.IO 3.0 and later.
    """

    isASCII = False

    def split(self, name: str) -> tuple[str, str]:
        """
        See L{Revision.split}.
        """
        return name, ""

    def brought(self, query: str, data: Any) -> Any:
        """
        See L{Revision.brought}.
        """
        if data is ABSENT:
            return None
        if type(data) is not dict:
            raise RemoteProtocolError("what a client sends to be let in is no object")
        return data

    def welcome(self, data: Any) -> Any:
        """
        See L{Revision.welcome}.
        """
        return ABSENT if data is None else data

    def refusal(self, data: Any) -> Any:
        """
        See L{Revision.refusal}.
        """
        return data

    def logged(self, data: Any, offset: str) -> Any:
        """
        See L{Revision.logged}. It is one argument more.
        """
        return [*data, offset]


class _Fourth(Revision):
    """
    Revisions 3 and 4, of Socket.IO 1.0 to 2.5.
    """

    # The clients of 1.x take everything else for UTF-8 that has been taken
    # for Latin-1.
    isASCII = True

    def split(self, name: str) -> tuple[str, str]:
        """
        See L{Revision.split}.
        """
        name, _, query = name.partition("?")
        return name, query

    def brought(self, query: str, data: Any) -> Any:
        """
        See L{Revision.brought}. It is the query; of what is there more than
        once, the last counts.
        """
        if data is not ABSENT:
            raise RemoteProtocolError("a namespace is asked for with data")
        return dict(parse_qsl(query, keep_blank_values=True)) if query else None

    def welcome(self, data: Any) -> Any:
        """
        See L{Revision.welcome}. Nothing more.
        """
        return ABSENT

    def refusal(self, data: Any) -> Any:
        """
        See L{Revision.refusal}.
        """
        return data.get("data", data["message"])

    def logged(self, data: Any, offset: str) -> Any:
        """
        See L{Revision.logged}. There is no log.
        """
        return data


class _FromServer(Revision):
    """
    What is otherwise where it is a server that is read.
    """

    peer = "server"

    def refusal(self, data: Any) -> Any:
        """
        See L{Revision.refusal}.
        """
        raise LocalProtocolError("only a server refuses")


class _FifthFromServer(_FromServer, _Fifth):
    """
    Revision 5, as its clients have it.
    """

    # Node's server of Socket.IO 3.0 and later sends this one as any other.
    reserved = RESERVED - {"error"}

    def brought(self, query: str, data: Any) -> Any:
        """
        See L{Revision.brought}. It is the client's id there, at least.
        """
        if type(data) is not dict or type(data.get("sid")) is not str:
            raise RemoteProtocolError("a welcome without an id")
        if type(data.get("pid", "")) is not str:
            raise RemoteProtocolError("a welcome whose secret is no string")
        return data

    def refused(self, data: Any) -> Any:
        """
        See L{Revision.refused}.
        """
        if type(data) is str:
            return {"message": data}
        if type(data) is not dict or type(data.get("message")) is not str:
            raise RemoteProtocolError("a refusal without a message")
        return data

    def welcome(self, data: Any) -> Any:
        """
        See L{Revision.welcome}. It is what lets the client in.
        """
        if data is not None and not isinstance(data, dict):
            raise LocalProtocolError("what is sent to be let in is a dict")
        return super().welcome(data)


class _FourthFromServer(_FromServer, _Fourth):
    """
    Revisions 3 and 4, as their clients have them.
    """

    def asking(self, packet: Packet) -> str:
        """
        See L{Revision.asking}. It is a query.
        """
        return f"?{urlencode(packet.data)}" if packet.kind is Kind.CONNECT and packet.data else ""

    def brought(self, query: str, data: Any) -> Any:
        """
        See L{Revision.brought}. Nothing.
        """
        if data is not ABSENT:
            raise RemoteProtocolError("a welcome with data")

    def refused(self, data: Any) -> Any:
        """
        See L{Revision.refused}. It is text, or anything else in its place.
        """
        if data is ABSENT:
            return {"message": ""}
        return {"message": data} if type(data) is str else {"message": dumps(data), "data": data}


# Binary data within JSON.


def _within(value: Any) -> Iterator[tuple[Any, Any, Any]]:
    """
    All that lies in a value, however deeply: each with what holds it, and with
    its key there.
    """
    holders = [value]
    for holder in holders:
        for key, child in holder.items() if isinstance(holder, dict) else enumerate(holder):
            yield holder, key, child
            if isinstance(child, (dict, list, tuple)):
                holders.append(child)


class _Taken(list[bytes]):
    """
    Binary data that has been taken out of a value.
    """

    def take(self, data: Any) -> dict[str, Any]:
        """
        Take some more.

        @return: what stands in its place.
        """
        self.append(bytes(data))
        return {_PLACEHOLDER: True, "num": len(self) - 1}


class _Awaiting:
    """
    A packet whose attachments have not all come.

    @ivar missing: how many have not.
    """

    __slots__ = ("_attachments", "_limit", "_packet", "_places", "missing")

    def __init__(self, packet: Packet, count: int, limit: int) -> None:
        """
        @param limit: how many bytes the attachments may have.
        @raise RemoteProtocolError: they are not those that it asks for.
        """
        self._packet = packet
        self._limit = limit
        self.missing = count
        self._attachments: list[bytes] = []
        self._places: list[tuple[Any, Any, Any]] = [
            (holder, key, child.get("num"))
            for holder, key, child in _within(packet.data)
            if type(child) is dict and child.get(_PLACEHOLDER) is True
        ]
        for _, _, number in self._places:
            if type(number) is not int or not 0 <= number < count:
                raise RemoteProtocolError("a placeholder for an attachment that does not exist")
        if len({number for _, _, number in self._places}) != count:
            raise RemoteProtocolError("an attachment without a placeholder")

    def take(self, data: bytes) -> None:
        """
        The next attachment has come.
        """
        self._limit -= len(data)
        if self._limit < 0:
            raise RemoteProtocolError(
                "the attachments are longer than maxPayload allows",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        self._attachments.append(data)
        self.missing -= 1

    def packet(self) -> Packet:
        """
        The packet, with its attachments where they belong.
        """
        for holder, key, number in self._places:
            holder[key] = self._attachments[number]
        return self._packet


class TextReader:
    """
    Reads packets that are text.
    """

    __slots__ = ("_awaiting", "_maxAttachments", "_maxBytes", "_revision")

    def __init__(self, revision: Revision, settings: Settings) -> None:
        self._revision = revision
        self._maxAttachments = settings.maxPackets
        self._maxBytes = settings.maxPayload
        self._awaiting: _Awaiting | None = None

    def text(self, data: str, start: int) -> Packet | None:
        """
        See L{Reader.text}.
        """
        if self._awaiting is not None:
            raise RemoteProtocolError("text where an attachment is awaited")
        if data.startswith("2[", start):
            # Nearly always it is an event, and nothing more.
            event, revision = loads(data, start + 1), self._revision
            if event and type(event[0]) is str and event[0] not in revision.reserved:
                return Packet(_AN_EVENT, event)
            return revision.read(EVENT, ROOT, None, event)
        found = _HEAD.match(data, start)
        if found is None:
            raise RemoteProtocolError("a packet of an unknown type")
        digit, count, name, id = found.groups()
        if len(id) > MAX_DIGITS:
            raise RemoteProtocolError(f"an id has more than {MAX_DIGITS} digits")
        what, end = int(digit), found.end()
        isBinary = what in (BINARY_EVENT, BINARY_ACK)
        if isBinary is (count is None):
            raise RemoteProtocolError("a packet's attachments are not counted as they should be")
        packet = self._revision.read(
            what - BINARY_EVENT + EVENT if isBinary else what,
            name or ROOT,
            int(id) if id else None,
            loads(data, end) if end < len(data) else ABSENT,
        )
        return self._await(packet, int(count)) if isBinary else packet

    def _await(self, packet: Packet, count: int) -> Packet | None:
        if count > self._maxAttachments:
            raise RemoteProtocolError(
                f"more attachments than maxPackets ({self._maxAttachments}) allows",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        awaiting = _Awaiting(packet, count, self._maxBytes)
        if not count:
            return packet
        self._awaiting = awaiting
        return None

    def binary(self, data: bytes) -> Packet | None:
        """
        See L{Reader.binary}.
        """
        awaiting = self._awaiting
        if awaiting is None:
            raise RemoteProtocolError("binary data where no attachment is awaited")
        awaiting.take(data)
        if awaiting.missing:
            return None
        self._awaiting = None
        return awaiting.packet()


class TextCodec:
    """
    Packets as text.
    """

    hasNamespaces: ClassVar[bool] = True

    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._dumps = dumpsASCII if revision.isASCII else dumps

    def reader(self, settings: Settings) -> TextReader:
        """
        See L{Codec.reader}.
        """
        return TextReader(self._revision, settings)

    def encode(self, packet: Packet) -> str | tuple[str | bytes, ...]:
        """
        See L{Codec.encode}.
        """
        name = packet.namespace
        what, data = self._revision.write(packet)
        head = "" if name == ROOT else f"{self._checked(name)}{self._revision.asking(packet)},"
        if packet.id is not None:
            head += str(packet.id)
        begun = _DIGITS[what] + head
        try:
            return begun if data is ABSENT else begun + self._dumps(data)
        except UnsupportedByClient:
            if what not in _WITH_ATTACHMENTS:
                raise
        attachments = _Taken()
        text = writer(self._revision.isASCII, attachments.take)(data)
        if any(
            isinstance(child, dict) and child.get(_PLACEHOLDER) for _, _, child in _within(data)
        ):
            raise LocalProtocolError(
                "what looks like a placeholder cannot stand beside binary data"
            )
        return (f"{_WITH_ATTACHMENTS[what]}{len(attachments)}-{head}{text}", *attachments)

    def _checked(self, name: str) -> str:
        if "," in name or self._revision.split(name)[0] != name or wellFormed(name) != name:
            raise LocalProtocolError(f"nobody would read {name[:50]!a} as a namespace's name")
        return name


FOURTH: Revision = _Fourth()
FIFTH: Revision = _Fifth()

FOURTH_FROM_SERVER: Revision = _FourthFromServer()
FIFTH_FROM_SERVER: Revision = _FifthFromServer()

FOURTH_TEXT: Codec = TextCodec(FOURTH)
FIFTH_TEXT: Codec = TextCodec(FIFTH)
FOURTH_CLIENT_TEXT: Codec = TextCodec(FOURTH_FROM_SERVER)
FIFTH_CLIENT_TEXT: Codec = TextCodec(FIFTH_FROM_SERVER)
