"""
Who is let in, by what the client says when it connects, and who is told why not.
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
# Node's client, if it has been installed as README.rst says.
BUNDLE = Path(__file__).parents[1] / "node_modules/socket.io-client/dist"
io = txsocketio.listen(site, clientFiles=BUNDLE if BUNDLE.is_dir() else None)

USERS = {"swordfish": "ann", "xyzzy": "bob"}


@io.use
def authenticate(client: txsocketio.Client) -> None:
    auth = client.handshake.auth
    token = auth.get("token") if isinstance(auth, dict) else None
    if token not in USERS:
        raise txsocketio.ConnectionRefused("not authorized", {"hint": "swordfish"})
    client.data["user"] = USERS[token]


@io.use
def onlyOnce(client: txsocketio.Client) -> None:
    user = client.data["user"]
    if any(other.data["user"] == user for other in io.clients.values()):
        raise txsocketio.ConnectionRefused("here already", {"user": user})


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    client.emit("welcome", client.data["user"])

    # Middleware of one client sees each event before its handlers do.
    @client.use
    def onlyPolite(event: str, *args: object) -> None:
        if "please" not in args:
            raise ValueError(f"{event} without please")

    @client.on("error")
    def impolite(error: Exception) -> None:
        client.emit("refused", str(error))

    @client.on("open")
    def open_(what: str, *args: object) -> str:
        return f"{what} is open"


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
