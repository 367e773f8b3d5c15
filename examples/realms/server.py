"""
Realms: conversations of their own over one connection, each with its own clients
and handlers. Run it with the port to serve as its argument (default 8080).
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


news = io.realm("news")
chat = io.realm("chat")


@news.on("connection")
def reader(client: txsocketio.Client) -> None:
    client.send(f"Reader number {len(news.clients)}, welcome.")


@chat.on("clientMessage")
def message(message: Any, client: txsocketio.Client) -> None:
    client.broadcast(message)


@chat.on("connection")
@chat.on("clientDisconnect")
def presence(client: txsocketio.Client) -> None:
    news.broadcast(f"In the chat: {len(chat.clients)}")


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
