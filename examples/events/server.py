"""
Events, both ways; and the handlers that see every one of them, in and out. Run
it with the port to serve as its argument (default 8080).
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


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("greet")
    def greet(name: str, details: dict[str, Any]) -> None:
        client.emit("greeting", f"Hello {name}!", {"language": "en", **details})

    @client.once("greet")
    def first(*args: Any) -> None:
        client.send("You have begun.")

    @client.on("message")
    def message(text: Any) -> None:
        client.broadcast(text)

    @client.onAny
    def heard(event: str, *args: Any) -> None:
        print("in: ", event, args)

    @client.onAnyOutgoing
    def said(event: str, *args: Any) -> None:
        print("out:", event, args)

    @client.on("disconnecting")
    def leaving(reason: txsocketio.DisconnectReason) -> None:
        print("leaving", len(client.rooms), "rooms")

    @client.on("disconnect")
    def left(reason: txsocketio.DisconnectReason) -> None:
        print("left:", reason)

    @client.on("be quiet")
    def quiet() -> None:
        client.offAny(heard)
        client.offAnyOutgoing(said)
        client.removeListener("message", message)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
