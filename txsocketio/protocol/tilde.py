"""
The protocol of Socket.IO 0.6, of 2011: C{~m~length~m~data}, and nothing but
messages.

C{docs/protocol.rst} describes all that is read and written here.
"""

from __future__ import annotations

import re

from zope.interface import implementer

from txsocketio.errors import UnsupportedByClient
from txsocketio.frames import Frame
from txsocketio.interfaces import IDecoder, IDialect
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.protocol._first import FirstDecoder, FirstDialect, checkText, digits, number
from txsocketio.protocol._framing import MAX_DIGITS, NUMBER, Framing, checkStart
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
        content = _content(packet)
        return Frame(f"{_MARK}{units(content)}{_MARK}{content}")

    def decoder(self, settings: Settings) -> TildeDecoder:
        """
        See L{IDialect.decoder}.
        """
        return TildeDecoder(self, _Framing(settings.maxPayload), settings)


@implementer(IDecoder)
class TildeDecoder(FirstDecoder):
    """
    Decodes what one client of Socket.IO 0.6 sends.
    """

    __slots__ = ()

    whole = re.compile(rf"({_MARK}({NUMBER}){_MARK})(.*)", re.DOTALL)

    def interpret(self, header: str, data: str) -> Packet:
        """
        See L{FirstDecoder.interpret}.
        """
        mark = data[: len(_MARK)]
        rest = data[len(_MARK) :]
        if mark == _HEARTBEAT:
            return Packet(Kind.PONG, number(rest, "a heartbeat"))
        if mark == _JSON:
            return Packet(Kind.JSON, loads(rest))
        return Packet(Kind.MESSAGE, data)


TILDE = Tilde()
"""The dialect."""
