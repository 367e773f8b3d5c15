"""
Namespaces: one that is always there, some whose names a pattern chooses, and some
that a function decides about. Run it with the port to serve as its argument
(default 8080).
"""

from __future__ import annotations

import re
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
# Node's client, if it has been installed as README.rst says.
BUNDLE = Path(__file__).parents[1] / "node_modules/socket.io-client/dist"
io = txsocketio.listen(
    site,
    clientFiles=BUNDLE if BUNDLE.is_dir() else None,
    cleanupEmptyChildNamespaces=True,
)

news = io.of("/news")
tables = io.of(re.compile(r"^/table-[0-9]+$"))

SECRETS = {"/ann": "swordfish", "/bob": "xyzzy"}


async def isOurs(name: str, auth: Any) -> bool:
    # It may take its time, as if a database were asked.
    if name not in SECRETS:
        return False
    if not isinstance(auth, dict) or auth.get("secret") != SECRETS[name]:
        raise txsocketio.ConnectionRefused("not yours")
    return True


private = io.of(isOurs)


@news.on("connection")
def reader(client: txsocketio.Client) -> None:
    client.send("Here is the news.")


@tables.on("connection")
def player(client: txsocketio.Client) -> None:
    client.namespace.emit("players", len(client.namespace.clients))


@tables.on("clientDisconnect")
def gone(client: txsocketio.Client) -> None:
    news.send(f"Tables: {', '.join(tables.children)}")


@private.on("connection")
def owner(client: txsocketio.Client) -> None:
    client.emit("welcome", client.namespace.name)


@io.on("newNamespace")
def made(namespace: txsocketio.Namespace) -> None:
    news.send(f"There is {namespace.name} now.")


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
