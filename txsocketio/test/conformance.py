"""
What the conformance suites talk to that the protocol's authors publish
(U{https://github.com/socketio/engine.io-protocol},
U{https://github.com/socketio/socket.io-protocol})::

    python -m txsocketio.test.conformance engine.io-4 [PORT]

The first word is one of L{SUITES}; the port is 3000, as in the suites. It
serves until it is interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import react
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio
from txsocketio import Client, Listener

PORT = 3000
INTERVALS = {"heartbeatInterval": 0.3, "heartbeatTimeout": 0.2, "connectTimeout": 1.0}
"""What the suites expect, seconds."""


def echo(listener: Listener) -> None:
    """
    Send every message back: what the suites for Engine.IO want.
    """
    listener.on("connection", lambda client: client.on("message", client.send))


def talk(listener: Listener) -> None:
    """
    What the suites for Socket.IO want, in two namespaces: the event C{auth}
    tells a client what it has sent to be let in, C{message} comes back as
    C{message-back}, and C{message-with-ack} as its acknowledgement.
    """
    for name in ("/", "/custom"):
        listener.of(name).on("connection", _welcome)


def _welcome(client: Client) -> None:
    client.emit("auth", client.handshake.auth or {})
    client.on("message", lambda *args: client.emit("message-back", *args))
    client.on("message-with-ack", lambda *args: args)


class Suite(NamedTuple):
    """
    A suite.

    @ivar resource: the path that it asks.
    @ivar protocol: what it speaks.
    @ivar attach: the application that it expects.
    @ivar parser: how packets are written.
    """

    resource: str
    protocol: str
    attach: Callable[[Listener], None]
    parser: str = "text"

    def listen(self, site: Site, **options: Any) -> Listener:
        """
        Serve it on a site.
        """
        listener = txsocketio.listen(
            site,
            resource=self.resource,
            protocol=self.protocol,
            parser=self.parser,
            origins="*:*",
            **{**INTERVALS, **options},
        )
        self.attach(listener)
        return listener


SUITES: Mapping[str, Suite] = {
    "engine.io-3": Suite("engine.io", "engine.io-3", echo),
    "engine.io-4": Suite("engine.io", "engine.io-4", echo),
    "socket.io-4": Suite("socket.io", "eio3", talk),
    "socket.io-5": Suite("socket.io", "eio4", talk),
    "socket.io-5-msgpack": Suite("socket.io", "eio4", talk, "msgpack"),
}
"""By the protocol's name and revision."""


async def _serve(reactor: Any, name: str, port: str = str(PORT)) -> None:
    site = Site(Resource())
    SUITES[name].listen(site)
    await TCP4ServerEndpoint(reactor, int(port), interface="127.0.0.1").listen(site)
    print(f"{name} on port {port}", flush=True)
    await Deferred()


def main(arguments: list[str]) -> None:
    """
    Serve a suite.
    """
    if not arguments or arguments[0] not in SUITES:
        raise SystemExit(f"which suite? {', '.join(SUITES)}")
    react(_serve, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
