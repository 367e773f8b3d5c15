"""
The contract between a link and what carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from txsocketio.errors import DisconnectReason
    from txsocketio.frames import Frame
    from txsocketio.interfaces import IClientDialect
    from txsocketio.outgoing.network import Network
    from txsocketio.settings import Settings


class Wire(Protocol):
    """
    One transport, as it carries one connection.

    @ivar name: as in URLs and options.
    @ivar writable: whether it takes something just now.
    @ivar limited: whether each write is one request, whose size has a limit.
    """

    name: str
    writable: bool
    limited: bool

    def open(self) -> None:
        """
        Begin. How that went is told to the bearer.
        """

    def write(self, frames: Sequence[Frame]) -> None:
        """
        Send all of these, in their order, as one unit.
        """

    def pause(self) -> None:
        """
        Begin nothing more, and tell the bearer when nothing is under way.
        """

    def resume(self) -> None:
        """
        Undo L{pause}.
        """

    def close(self) -> None:
        """
        Let go. Nothing is told any more.
        """


class Bearer(Protocol):
    """
    A connection, as its wires see it.

    @ivar sid: the id of the session; L{None} before the server has named it.
    """

    dialect: IClientDialect
    settings: Settings
    network: Network
    sid: str | None

    def stamp(self) -> str:
        """
        Digits that no request had before.
        """

    def ready(self, wire: Wire) -> None:
        """
        The wire is writable, now or again.
        """

    def received(self, wire: Wire, data: str | bytes) -> None:
        """
        One WebSocket message has come in.
        """

    def receivedPayload(self, wire: Wire, body: str | bytes) -> None:
        """
        The answer to one poll has come in.
        """

    def stopped(self, wire: Wire) -> None:
        """
        A paused wire has nothing under way.
        """

    def lost(self, wire: Wire, reason: DisconnectReason, detail: str = "") -> None:
        """
        The wire is of no use any more.
        """


Wires = Mapping[str, Callable[[Bearer, str], Wire]]
"""What makes a wire for a bearer, by transport name, which it is told too."""
