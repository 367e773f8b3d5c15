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
    long as somebody is in them. Each client is in the one of its id, which
    nothing is kept for: who is there is in it.
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
        # But for those of their own id.
        self._members: dict[str, dict[Client, None]] = {}

    def __getitem__(self, room: str) -> frozenset[str]:
        found = self._inAnyOf((room,))
        if not found:
            raise KeyError(room)
        return frozenset(client.sessionId for client in found)

    def __iter__(self) -> Iterator[str]:
        yield from self._clients
        yield from (room for room in self._members if room not in self._clients)

    def __len__(self) -> int:
        return len(self._clients.keys() | self._members.keys())

    def enter(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is in these rooms from now on.

        @param rooms: the one of its id among them where it has just come.
        """
        told: list[tuple[str, ...]] = []
        for room in rooms:
            isOwn = room == client.sessionId
            if room not in self._members and (isOwn or room not in self._clients):
                told.append(("createRoom", room))
            if isOwn or self._add(client, room):
                told.append(("joinRoom", room, client.sessionId))
        self._tellAll(told)

    def leave(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is no longer in these rooms.

        @param rooms: the one of its id among them where it has just gone.
        """
        told: list[tuple[str, ...]] = []
        for room in rooms:
            if room == client.sessionId or self._discard(client, room):
                told.append(("leaveRoom", room, client.sessionId))
                if room not in self._members and room not in self._clients:
                    told.append(("deleteRoom", room))
        self._tellAll(told)

    def _add(self, client: Client, room: str) -> bool:
        members = self._members.setdefault(room, {})
        isNew = client not in members
        members[client] = None
        return isNew

    def _discard(self, client: Client, room: str) -> bool:
        members = self._members.get(room, {})
        wasIn = client in members
        members.pop(client, None)
        if wasIn and not members:
            del self._members[room]
        return wasIn

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
            own = self._clients.get(room)
            if own is not None:
                found[own] = None
            found.update(self._members.get(room, {}))
        return found
