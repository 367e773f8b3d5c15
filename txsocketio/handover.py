"""
Who has a connection: from one protocol to another, while it stays open.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IProtocol

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
