"""
Clients that take less than they are sent: what may be dropped is dropped, what may
wait is made when it can leave, and who is too slow goes. Run it with the port to
serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IPullProducer
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File
from zope.interface import implementer

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))
io = txsocketio.listen(site, maxVolatile=2, maxQueueBytes=1024 * 1024)


@implementer(IPullProducer)
class Rows:
    """
    Makes a row whenever nothing waits to be sent to the client.
    """

    def __init__(self, client: txsocketio.Client, count: int) -> None:
        self._client = client
        self._numbers = iter(range(count))

    def resumeProducing(self) -> None:
        number = next(self._numbers, None)
        if number is None:
            self._client.unregisterProducer()
            self._client.emit("done")
        else:
            self._client.emit("row", number, "x" * 1000)

    def stopProducing(self) -> None:
        print("gone before the last row")


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("move")
    def move(x: float, y: float) -> None:
        client.exclude().volatile.emit("moved", x, y)

    @client.on("one by one")
    def oneByOne(count: int) -> None:
        client.registerProducer(Rows(client, count), streaming=False)

    @client.on("all at once")
    def allAtOnce(count: int) -> None:
        for number in range(count):
            client.emit("row", number, "x" * 1000)
        print("waiting:", client.pending, "bytes")

    @client.once("drain")
    def drain() -> None:
        print("nothing waits any more")

    @client.on("disconnect")
    def disconnect(reason: txsocketio.DisconnectReason) -> None:
        print("left:", reason)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
