"""
Autobahn's own WebSocket server, on Twisted and without Socket.IO: what comes
goes back as it is, to the sender or to everybody. Of Socket.IO it knows the
words that a client of Engine.IO 4 waits for, and no more.

    python -m benchmarks.compare.peers.autobahn_server PORT '{}'
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import epollreactor

epollreactor.install()

from autobahn.twisted.websocket import (  # noqa: E402 - the reactor has to be first
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from twisted.internet import reactor  # noqa: E402 - as is this

OPEN = (
    b'0{"sid":"autobahn","upgrades":[],"pingInterval":25000,"pingTimeout":20000,'
    b'"maxPayload":1000000}'
)


class Echo(WebSocketServerProtocol):
    """
    A connection.
    """

    def onOpen(self) -> None:
        """
        See L{WebSocketServerProtocol.onOpen}.
        """
        self.factory.clients.add(self)
        self.sendMessage(OPEN)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """
        See L{WebSocketServerProtocol.onMessage}.
        """
        if payload.startswith(b'42["all"'):
            for client in self.factory.clients:
                client.sendMessage(payload)
        elif payload.startswith(b"42"):
            self.sendMessage(payload)
        elif payload == b"40":
            self.sendMessage(b'40{"sid":"autobahn"}')

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """
        See L{WebSocketServerProtocol.onClose}.
        """
        self.factory.clients.discard(self)


def main(port: str, options: str) -> None:
    """
    Serve until the process is ended.
    """
    loop: Any = reactor
    factory: Any = WebSocketServerFactory()
    factory.protocol = Echo
    factory.clients = set()
    loop.listenTCP(int(port), factory, backlog=1024, interface="127.0.0.1")
    loop.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
