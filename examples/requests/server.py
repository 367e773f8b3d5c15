"""
Who may ask at all, before there is a session; and how the answers travel. Run it
with the port to serve as its argument (default 8080).
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
# Node's client, if it has been installed as README.rst says.
BUNDLE = Path(__file__).parents[1] / "node_modules/socket.io-client/dist"


async def allow(handshake: txsocketio.Handshake) -> None:
    print("asked from", handshake.address)
    if handshake.query.get("ticket") != "swordfish":
        raise txsocketio.ConnectionRefused("no ticket")


io = txsocketio.listen(
    site,
    clientFiles=BUNDLE if BUNDLE.is_dir() else None,
    allowRequest=allow,
    cookie="io",
    httpCompression=True,
    perMessageDeflate=True,
    trustProxy=False,
    origins=["https://example.com"],
)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    client.emit("welcome", client.handshake.url, "x" * 2000)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
