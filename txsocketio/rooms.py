"""
Who is in which room of a namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from txsocketio.orders import Address

if TYPE_CHECKING:
    from txsocketio.client import Client


class Rooms(Mapping[str, frozenset[str]]):
    """
    The session ids of those in each room, by its name. Rooms are there as
    long as somebody is in them.
    """

    def __init__(self, clients: Mapping[str, Client], tell: Callable[..., Any]) -> None:
        """
        @param clients: all there are, by session id.
        @param tell: called with C{"createRoom"} or C{"deleteRoom"} and the
            room, and with C{"joinRoom"} or C{"leaveRoom"}, the room and a
            session id, when it has happened.
        """
        self._clients = clients
        self._tell = tell
        self._members: dict[str, dict[Client, None]] = {}

    def __getitem__(self, room: str) -> frozenset[str]:
        return frozenset(client.sessionId for client in self._members[room])

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def enter(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is in these rooms from now on.
        """
        told: list[tuple[str, ...]] = []
        for room in rooms:
            if room not in self._members:
                self._members[room] = {}
                told.append(("createRoom", room))
            if client not in self._members[room]:
                self._members[room][client] = None
                told.append(("joinRoom", room, client.sessionId))
        self._tellAll(told)

    def leave(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is no longer in these rooms.
        """
        told: list[tuple[str, ...]] = []
        for room in rooms:
            members = self._members.get(room, {})
            if client in members:
                del members[client]
                told.append(("leaveRoom", room, client.sessionId))
                if not members:
                    del self._members[room]
                    told.append(("deleteRoom", room))
        self._tellAll(told)

    def _tellAll(self, told: Iterable[tuple[str, ...]]) -> None:
        # What is called may change who is where, or end the client: that is
        # when everything here is done.
        for event in told:
            self._tell(*event)

    def select(self, address: Address) -> list[Client]:
        """
        The clients that are addressed, each once.
        """
        found: Iterable[Client] = self._clients.values()
        if address.rooms:
            found = self._inAnyOf(address.rooms)
        if address.excluded:
            excluded = self._inAnyOf(address.excluded)
            return [client for client in found if client not in excluded]
        return list(found)

    def _inAnyOf(self, rooms: Iterable[str]) -> dict[Client, None]:
        found: dict[Client, None] = {}
        for room in rooms:
            found.update(self._members.get(room, {}))
        return found
