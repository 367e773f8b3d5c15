"""
Clients of three generations in one room. Run it with the port to serve as its
argument (default 8080).
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
io = txsocketio.listen(site, protocol=["annotated", "colon", "eio3", "eio4"])

# Node's clients, if they have been installed as README.rst says; our own script
# is served by the listener.
MODULES = Path(__file__).parents[1] / "node_modules"
for name in ("socket.io-client-2", "socket.io-client"):
    site.resource.putChild(name.encode("ascii"), File(str(MODULES / name / "dist")))


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    client.join("lobby")
    client.to("lobby").emit("came", client.protocol)

    @client.on("say")
    def say(text: str) -> int:
        io.to("lobby").emit("said", client.protocol, text)
        return len(io.of("/").rooms["lobby"])

    @client.on("show")
    def show(picture: bytes) -> None:
        before = io.of("/").passedOver
        io.to("lobby").emit("picture", picture)
        client.emit("missed by", io.of("/").passedOver - before)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
