"""
C{send} and C{emit}, the same wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from txsocketio.errors import LocalProtocolError
from txsocketio.packets import RESERVED, Kind, Packet

# To look up a member of an enumeration takes as long as two calls.
_EVENT = Kind.EVENT


def messagePacket(
    namespace: str, message: Any, annotations: Mapping[str, str | None] | None = None
) -> Packet:
    """
    @param message: a L{str} travels as it is, anything else as JSON.
    """
    kind = Kind.MESSAGE if isinstance(message, str) else Kind.JSON
    return Packet(kind, message, namespace, None, annotations)


def eventPacket(
    namespace: str, event: object, args: Sequence[Any], id: int | None = None
) -> Packet:
    """
    @param id: asks for an acknowledgement under this number.
    @raise LocalProtocolError: the event's name is not for applications.
    """
    if not isinstance(event, str) or event in RESERVED:
        raise LocalProtocolError(f"{event!r} cannot be emitted")
    if event == "message" and len(args) == 1 and id is None:
        return messagePacket(namespace, args[0])
    return Packet(_EVENT, [event, *args], namespace, id)


class Verbs:
    """
    The verbs of one who speaks in a namespace.
    """

    __slots__ = ()

    @property
    def _spokenIn(self) -> str:
        """
        The namespace's name.
        """
        raise NotImplementedError

    def _say(self, packet: Packet) -> None:
        raise NotImplementedError

    def send(self, message: Any, annotations: Mapping[str, str | None] | None = None) -> None:
        """
        Send a message.

        @param message: a L{str} travels as it is, anything else as JSON.
        @param annotations: what a client of the first protocol shall be told
            beside it; other clients are not told.
        @raise LocalProtocolError: it cannot be written.
        """
        self._say(messagePacket(self._spokenIn, message, annotations))

    def sendJSON(self, value: Any) -> None:
        """
        Send a message as JSON, even if it is a string.

        @raise LocalProtocolError: it cannot be written.
        """
        self._say(Packet(Kind.JSON, value, self._spokenIn))

    def emit(self, event: str, *args: Any) -> None:
        """
        Send an event.

        @raise LocalProtocolError: it cannot be written.
        """
        self._say(eventPacket(self._spokenIn, event, args))
