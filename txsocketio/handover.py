"""
Who has a connection, and who stands between: from one protocol to another, while
it stays open, and past Twisted to the socket.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocol
from twisted.internet.tcp import Connection

_NAMES = ("wrappedProtocol", "protocol")
"""Transports and wrapping protocols, TLS among them, keep what they deliver to under
one of these."""


def holder(transport: Any) -> Any:
    """
    @return: what C{transport} delivers to; L{None} where that is not to be
        found.
    """
    for name in _NAMES:
        found = getattr(transport, name, None)
        if found is not None:
            return found
    return None


def handOver(transport: Any, giver: IProtocol, taker: IProtocol) -> None:
    """
    Have C{transport} deliver to another; where C{giver} is not its protocol,
    nothing is done.
    """
    for name in _NAMES:
        if getattr(transport, name, None) is giver:
            setattr(transport, name, taker)


def isPlain(transport: object) -> bool:
    """
    Whether nobody stands between us and the socket: neither TLS nor any other
    wrapper.
    """
    return isinstance(transport, Connection) and not transport.TLS


def isEmpty(transport: Connection) -> bool:
    """
    Whether Twisted has nothing left to write.
    """
    return not transport.dataBuffer and not transport._tempDataLen
