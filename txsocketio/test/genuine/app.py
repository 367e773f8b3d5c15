"""
What the genuine clients talk to: C{twistd socketio --app
txsocketio.test.genuine.app:attach}.

Each client gets its messages back. Its events (with their arguments, and what
they are acknowledged with) make the server do something:

  - C{echo(*arguments)}: acknowledge with the same arguments.
  - C{received()}: acknowledge with the list of all messages received so far.
  - C{whence()}: acknowledge with the client's address, and whether it came over
    TLS.
  - C{count(number)}: send the numbers from 0 up to it, as strings.
  - C{ask(question)}: ask the client itself, by the event C{question(question)},
    and acknowledge with its answer.
  - C{tell(message)}: send a message to all the others.
  - C{kick()}: disconnect the client.
  - C{farewell(sessionId)}: acknowledge, as soon as that client has gone, with
    the reason.
  - C{join(room)}.
  - C{shout(room, *arguments)}: emit C{heard} to all in that room.
  - C{post(room, message)}: send a message to all in that room.
  - C{open(realm)}: open a realm. In it, all get what one sends, and, as the
    event C{said(text)}, what one says by C{say(text)}.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred

from txsocketio import Client, ClientDisconnected, Listener

Farewells = defaultdict[str, Deferred[str]]


def attach(listener: Listener) -> None:
    """
    Make this the application of C{listener}.
    """
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
        client = self.client
        client.on("message", self.message)
        client.on("disconnect", self.farewells[client.sessionId].callback)
        client.on("echo", lambda *arguments: arguments)
        client.on("received", lambda: self.messages)
        client.on("whence", lambda: (client.handshake.address, client.handshake.secure))
        client.on("count", self.count)
        client.on("ask", self.ask)
        client.on("tell", client.broadcast)
        client.on("kick", client.disconnect)
        client.on("farewell", self.farewells.__getitem__)
        client.on("join", client.join)
        client.on("shout", self.shout)
        client.on("post", lambda room, message: client.namespace.to(room).send(message))
        client.on("open", lambda name: openRealm(client.listener, name))

    def message(self, message: Any) -> None:
        """
        Remember a message and send it back.
        """
        self.messages.append(message)
        self.client.send(message)

    async def ask(self, question: str) -> Any:
        """
        Ask the client, which may go without an answer.
        """
        with suppress(ClientDisconnected):
            return await self.client.emitWithAck("question", question)

    def shout(self, room: str, *arguments: Any) -> None:
        """
        Let all in a room hear this.
        """
        self.client.namespace.to(room).emit("heard", *arguments)

    def count(self, number: int) -> None:
        """
        Send so many messages.
        """
        for each in range(number):
            self.client.send(str(each))


def openRealm(listener: Listener, name: str) -> None:
    """
    Let all in that realm hear what each of them says.
    """
    realm = listener.realm(name)

    def welcome(client: Client) -> None:
        client.on("message", realm.send)
        client.on("say", lambda text: realm.emit("said", text))

    realm.on("connection", welcome)
