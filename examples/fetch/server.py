"""
Who is where, and sending them elsewhere: by the whole namespace, by room, by id.
Run it with the port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))
io = txsocketio.listen(site)
namespace = io.of("/")


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    client.join("waiting")

    @client.on("who")
    async def who(room: str) -> list[dict[str, Any]]:
        return [
            {"id": each.sessionId, "rooms": sorted(each.rooms), "transport": each.transport}
            for each in await io.to(room).fetchClients()
        ]

    @client.on("rooms")
    def rooms() -> dict[str, int]:
        return {room: len(ids) for room, ids in namespace.rooms.items() if room not in io.clients}

    @client.on("begin")
    def begin() -> None:
        io.to("waiting").clientsJoin("playing")
        io.to("playing").clientsLeave("waiting")

    @client.on("throw out")
    def throwOut(roomOrId: str) -> None:
        io.to(roomOrId).disconnectClients(close=True)


@namespace.on("createRoom")
def opened(room: str) -> None:
    # Everybody is in a room of their own, too.
    if room not in io.clients:
        print("A room opens:", room)


@namespace.on("joinRoom")
def joined(room: str, id: str) -> None:
    if room == "playing":
        io.to(id).emit("you play")


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
