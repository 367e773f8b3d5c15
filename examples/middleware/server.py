"""
Middleware: who is let in is decided before anything else is heard, and may take
its time. Run it with the port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from http.cookies import SimpleCookie
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
io = txsocketio.listen(site)

USERS = {"swordfish": "ann", "xyzzy": "bob"}


async def lookUp(token: str) -> str | None:
    # As if a database were asked.
    await deferLater(reactor, 0.1)
    return USERS.get(token)


@io.use
async def authorize(client: txsocketio.Client) -> None:
    cookies = SimpleCookie(client.handshake.headers.get("cookie", ""))
    name = await lookUp(cookies["token"].value) if "token" in cookies else None
    if name is None:
        raise txsocketio.ConnectionRefused("not authorized", {"hint": "swordfish"})
    client.data["name"] = name


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    client.emit("welcome", client.data["name"])


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
