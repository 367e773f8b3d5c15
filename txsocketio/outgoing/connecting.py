"""
C{connect()}: what everything is made of, and the lists of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred

from txsocketio.clientdialects import CLIENT_PARSERS
from txsocketio.errors import LocalProtocolError
from txsocketio.outgoing.connection import Connection
from txsocketio.outgoing.polling import PollingWire
from txsocketio.outgoing.socket import Auth, ClientSocket
from txsocketio.outgoing.websocket import WebSocketWire
from txsocketio.outgoing.wires import Wires

WIRES: Wires = {
    "polling": PollingWire,
    "xhr-polling": PollingWire,
    "websocket": WebSocketWire,
}
"""What carries connections, by the names in URLs and options."""


def connectionTo(url: str, given: Mapping[str, Any]) -> Connection:
    """
    A connection that is not open yet.

    @param given: see L{connect}.
    @raise LocalProtocolError: there is no such option, or no such address.
    """
    parser = given.get("parser", "text")
    if parser not in CLIENT_PARSERS:
        raise LocalProtocolError(f"parser takes {' or '.join(CLIENT_PARSERS)}: {parser!r}")
    return Connection(url, given, CLIENT_PARSERS[parser], WIRES)


def connect(
    url: str, namespace: str = "/", auth: Auth = None, **options: Any
) -> Deferred[ClientSocket]:
    """
    Connect to a server, and enter a namespace there.

    There is one attempt, and the connection does not come back; see
    L{txsocketio.SocketIOClientService} for one that does.

    @param url: C{http://}, C{https://}, C{ws://} or C{wss://}. Its path is where
        the server's C{resource} is found.
    @param auth: a mapping that is sent along to be let in, or a function that
        makes it; that may return a Deferred or be a coroutine function.
    @param options: see L{ConnectOptions<txsocketio.outgoing.options.ConnectOptions>}
        and L{SETTINGS<txsocketio.outgoing.options.SETTINGS>}.
    @return: fires with the L{ClientSocket}. Fails with
        L{txsocketio.ConnectionRefused} where the server does not let us in, and
        with L{txsocketio.ConnectFailed} where there is no connection. Cancelling
        gives it up.
    @raise LocalProtocolError: there is no such option, or no such address.
    """
    connection = connectionTo(url, options)
    socket = connection.of(namespace, auth)

    def cancel(_: object) -> None:
        waiting.cancel()
        connection.close()

    waiting = socket.whenConnected()
    connected: Deferred[ClientSocket] = Deferred(cancel)
    waiting.addCallbacks(connected.callback, connected.errback)
    connection.open()
    return connected
