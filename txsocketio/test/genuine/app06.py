"""
What the genuine client of Socket.IO 0.6 talks to: C{twistd socketio --protocol
0.6 --app txsocketio.test.genuine.app06:attach}.

Each client gets its messages back, apart from objects with a C{do} in them,
which make the server do something:

  - C{received}: send the list of all messages received so far.
  - C{count}: send the numbers from 0 up to C{number}, as strings.
  - C{say}: send each of C{messages}.
  - C{tell}: send C{message} to all the others.
  - C{kick}: disconnect the client.
  - C{farewell}: send, as soon as the client C{sessionId} has gone, the reason.

The client's own files, as npm has them, are served at C{/client06/}.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.static import File

from txsocketio import Client, Listener

CLIENT = Path(__file__).parent / "node_modules" / "socket.io-0.6" / "support" / "socket.io-client"

Farewells = defaultdict[str, Deferred[str]]


def attach(listener: Listener) -> None:
    """
    Make this the application of C{listener}.
    """
    assert listener.server is not None
    listener.server.resource.putChild(b"client06", File(str(CLIENT)))
    farewells: Farewells = defaultdict(Deferred)
    listener.on("connection", lambda client: Host(client, farewells).welcome())


class Host:
    """
    What serves one client.

    @ivar client: the client.
    @ivar farewells: the reasons of disconnection, by session id, of the
        clients that have gone and of those that are asked about.
    @ivar messages: what the client has sent, oldest first.
    """

    def __init__(self, client: Client, farewells: Farewells) -> None:
        self.client = client
        self.farewells = farewells
        self.messages: list[Any] = []

    def welcome(self) -> None:
        """
        Listen to all that the client may want.
        """
        self.client.on("message", self.message)
        self.client.on("disconnect", self.farewells[self.client.sessionId].callback)

    def message(self, message: Any) -> Any:
        """
        Do what is wanted, or remember the message and send it back.
        """
        if isinstance(message, dict) and "do" in message:
            return WANTED[message["do"]](self, message)
        self.messages.append(message)
        self.client.send(message)
        return None

    def say(self, messages: list[Any]) -> None:
        """
        Send each of these messages.
        """
        for each in messages:
            self.client.send(each)

    async def tellFarewell(self, sessionId: str) -> None:
        """
        Wait until that client has gone, and tell why.
        """
        self.client.send(await self.farewells[sessionId])


WANTED: Mapping[str, Callable[[Host, Any], Any]] = {
    "received": lambda host, wish: host.client.send(host.messages),
    "count": lambda host, wish: host.say([str(each) for each in range(wish["number"])]),
    "say": lambda host, wish: host.say(wish["messages"]),
    "tell": lambda host, wish: host.client.broadcast(wish["message"]),
    "kick": lambda host, wish: host.client.disconnect(),
    "farewell": lambda host, wish: host.tellFarewell(wish["sessionId"]),
}
