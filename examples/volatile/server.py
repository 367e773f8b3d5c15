"""
Volatile events: where everybody's mouse is. Who cannot be written to just now
misses a position, which the next one makes up for; clicks are never missed. Run
it with the port to serve as its argument (default 8080).
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


def others(client: txsocketio.Client) -> list[txsocketio.Client]:
    return [other for other in io.clients.values() if other is not client]


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("move")
    def move(x: float, y: float) -> None:
        for other in others(client):
            other.volatile.emit("moved", x, y)

    @client.on("click")
    def click(x: float, y: float) -> None:
        for other in others(client):
            other.emit("clicked", x, y)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
