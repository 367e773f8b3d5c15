"""
The order in which a client's events are handled: one after the other, or all at
once. Run it with the port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import deferLater
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))
inOrder = txsocketio.listen(site)
atOnce = txsocketio.listen(
    site, resource="at-once", concurrentHandlers=True, flashPolicyServer=False
)


def connection(client: txsocketio.Client) -> None:
    @client.on("cook")
    async def cook(dish: str, seconds: float) -> None:
        await deferLater(reactor, min(seconds, 10))
        client.emit("ready", dish)


inOrder.on("connection", connection)
atOnce.on("connection", connection)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
