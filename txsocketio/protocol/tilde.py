"""
The protocol of Socket.IO 0.6, of 2011: C{~m~length~m~data}, and nothing but
messages.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from zope.interface import implementer

from txsocketio.errors import UnsupportedByClient
from txsocketio.frames import Frame
from txsocketio.interfaces import IClientDecoder, IClientDialect, IDecoder, IDialect
from txsocketio.packets import ROOT, Kind, Packet
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
)
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER, D, Framing, checkStart
from txsocketio.protocol._json import dumps, loads
from txsocketio.protocol._utf16 import units, wellFormed
from txsocketio.settings import Settings

_MARK, _HEARTBEAT, _JSON = "~m~", "~h~", "~j~"

_UNSAYABLE = {
    Kind.CLOSE: "a goodbye",
    Kind.CONNECT: "namespaces",
    Kind.CONNECT_ERROR: "refusals",
    Kind.DISCONNECT: "a goodbye",
    Kind.EVENT: "events",
    Kind.ACK: "acknowledgements",
}


class _Framing(Framing):
    """
    C{~m~length~m~data}.
    """

    __slots__ = ()

    header = re.compile(rf"{_MARK}(?P<length>{NUMBER}){_MARK}")
    longest = 2 * len(_MARK) + MAX_DIGITS

    def checkBeginning(self, head: str) -> None:
        """
        See L{Framing.checkBeginning}.
        """
        checkStart(head, _MARK, "where a frame begins")
        self.checkLength(head[len(_MARK) :], _MARK)


def _content(packet: Packet) -> str:
    """
    @return: what the packet's frame holds.
    """
    kind, data = packet.kind, packet.data
    if kind in _UNSAYABLE:
        raise UnsupportedByClient(f"Socket.IO 0.6 does not know {_UNSAYABLE[kind]}")
    if packet.namespace != ROOT:
        raise UnsupportedByClient("Socket.IO 0.6 does not know namespaces")
    if kind is Kind.OPEN:
        return str(data)
    if kind in (Kind.PING, Kind.PONG):
        return _HEARTBEAT + digits(data)
    if kind is Kind.JSON or checkText(data).startswith((_HEARTBEAT, _JSON)):
        # What would be taken for something else than text arrives as JSON.
        return _JSON + dumps(data)
    return wellFormed(data)


def _encode(packet: Packet) -> Frame:
    content = _content(packet)
    # Very many peers are sent the same heartbeats.
    return (_kept if packet.kind in (Kind.PING, Kind.PONG) else _frame)(content)


def _frame(content: str) -> Frame:
    return Frame(f"{_MARK}{units(content)}{_MARK}{content}")


_kept = lru_cache(maxsize=64)(_frame)


@implementer(IDialect)
class Tilde(FirstDialect):
    """
    The protocol of Socket.IO 0.6. L{TILDE} is the only instance.
    """

    name = "0.6"
    joinsByTalking = False
    framing = _Framing
    scriptEnd = ";"

    def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        See L{IDialect.welcome}.
        """
        return None

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}.
        """
        return _encode(packet)

    def decoder(self, settings: Settings) -> TildeDecoder:
        """
        See L{IDialect.decoder}.
        """
        return TildeDecoder(self, _Framing(settings.maxPayload), settings)


class _Decoder(FirstDecoder[D]):
    """
    What is the same at both ends.

    @cvar heartbeat: what that of the peer is.
    """

    __slots__ = ()

    whole = re.compile(rf"({_MARK}({NUMBER}){_MARK})(.*)", re.DOTALL)
    heartbeat: ClassVar[Kind]

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        mark = data[: len(_MARK)]
        rest = data[len(_MARK) :]
        if mark == _HEARTBEAT:
            return Packet(self.heartbeat, number(rest, "a heartbeat"))
        if mark == _JSON:
            return Packet(Kind.JSON, loads(rest))
        return Packet(Kind.MESSAGE, data)


@implementer(IDecoder)
class TildeDecoder(_Decoder[IDialect]):
    """
    Decodes what one client of Socket.IO 0.6 sends.
    """

    __slots__ = ()

    heartbeat = Kind.PONG


@implementer(IClientDialect)
class TildeClient(FirstClient):
    """
    The protocol of Socket.IO 0.6, as a client speaks it.
    """

    name = "0.6"

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IClientDialect.encode}.
        """
        return _encode(checkSayable(packet))

    def decoder(self, settings: Settings) -> TildeClientDecoder:
        """
        See L{IClientDialect.decoder}.
        """
        return TildeClientDecoder(self, settings)


@implementer(IClientDecoder)
class TildeClientDecoder(FirstClientDecoder[IClientDialect], _Decoder[IClientDialect]):
    """
    Decodes what a server of Socket.IO 0.6 sends: first of all the session's
    id.
    """

    __slots__ = ("_isOpen",)

    heartbeat = Kind.PING

    def __init__(self, dialect: IClientDialect, settings: Settings) -> None:
        super().__init__(dialect, _Framing(settings.maxPayload), settings)
        self._isOpen = False

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        if self._isOpen:
            return super().interpret(header, data)
        self._isOpen = True
        return Packet(Kind.OPEN, sessionId(data))


TILDE = Tilde()
"""The dialect."""

TILDE_CLIENT = TildeClient()
"""The same, as a client speaks it."""
