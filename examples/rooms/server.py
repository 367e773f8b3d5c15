"""
Rooms: what is said in one is heard by who has joined it, and by nobody else.
Run it with the port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))
io = txsocketio.listen(site)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("join")
    def join(room: str) -> list[str]:
        client.join(room)
        client.to(room).emit("said", room, "Somebody came in.")
        return rooms()

    @client.on("leave")
    def leave(room: str) -> list[str]:
        client.leave(room)
        return rooms()

    @client.on("say")
    def say(room: str, text: str) -> None:
        if room in client.rooms:
            client.to(room).emit("said", room, text)

    def rooms() -> list[str]:
        # Everybody is in a room of their own too.
        return sorted(client.rooms - {client.sessionId})


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
