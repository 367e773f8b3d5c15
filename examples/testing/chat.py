"""
A chat, as a function that attaches it to any listener: to one with sockets when
it is run, with the port to serve as its argument (default 8080), and to one in
memory by test_chat.py.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio

IDLE = 300.0


def attach(io: txsocketio.Listener, clock: Any) -> None:
    @io.use
    def named(client: txsocketio.Client) -> None:
        client.data["name"] = client.handshake.query.get("name")
        if not client.data["name"]:
            raise txsocketio.ConnectionRefused("who are you?", {"ask": "name"})

    @io.on("connection")
    def connection(client: txsocketio.Client) -> None:
        name = client.data["name"]
        client.broadcast(f"{name} came in")
        idle = clock.callLater(IDLE, client.emit, "still there?")

        @client.on("say")
        def say(text: str) -> int:
            if idle.active():
                idle.reset(IDLE)
            io.emit("said", name, text)
            return len(io.clients)

        @client.on("disconnect")
        def gone(reason: str) -> None:
            if idle.active():
                idle.cancel()
            io.send(f"{name} left: {reason}")


def main() -> None:
    startLogging(sys.stdout)
    site = Site(Resource())
    attach(txsocketio.listen(site), reactor)
    port = sys.argv[1] if len(sys.argv) > 1 else "8080"
    serverFromString(reactor, f"tcp:{port}").listen(site)
    reactor.run()


if __name__ == "__main__":
    main()
