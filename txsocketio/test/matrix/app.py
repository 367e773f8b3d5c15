"""
What the clients of the matrix talk to: C{twistd socketio --app
txsocketio.test.matrix.app:attach}.

Each client gets its messages back. By its events it makes the server do
something; where nothing else is said, an event is acknowledged with nothing:

  - C{echo(*arguments)}: acknowledge with the same arguments.
  - C{bounce(event, *arguments)}: emit that event, with these arguments.
  - C{octets(data)}: acknowledge with the list of the bytes in C{data}.
  - C{spell(text)}: acknowledge with the list of the characters' numbers.
  - C{ask(*question)}: ask the client itself, by the event C{question}, and
    acknowledge with the list of what its acknowledgement holds.
  - C{where()}: acknowledge with the namespace's name.
  - C{join(room)}, C{leave(room)}.
  - C{tell(room, *arguments)}: emit C{heard} to the others in that room.
  - C{shout(room, *arguments)}: emit C{heard} to all in that room.
  - C{note(value)}: remember it. C{notes()}: acknowledge with the list of all
    that is remembered.
  - C{count(start, stop)}: emit these numbers, each as an event C{number}, a few
    at a time, and acknowledge after the last.
  - C{volatile(count)}: emit so many volatile events C{perhaps}, all at once, and
    an event C{certain} that is not volatile.
  - C{whoami()}: acknowledge with the client's session id.
  - C{farewell(sessionId)}: acknowledge, as soon as that client has gone, with
    the reason.
  - C{kick()}: disconnect the client.

Who comes with a number C{count} in the query gets so many numbers at once, as
by C{count}.

All this is the same in the namespace C{/chat}. C{/closed} lets nobody in.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from txsocketio import Client, ConnectionRefused, Listener, Namespace

Farewells = dict[str, Deferred[str]]

AT_A_TIME = 10
PAUSE = 0.005
"""From one handful of numbers to the next, seconds."""


def attach(listener: Listener) -> None:
    """
    Make this the application of C{listener}.
    """
    serve(listener.of("/"))
    serve(listener.of("/chat"))
    listener.of("/closed").use(refuse)


def serve(namespace: Namespace) -> None:
    """
    Be host to all who come into C{namespace}.
    """
    farewells: Farewells = {}
    namespace.on("connection", lambda client: Host(client, farewells).welcome())


def refuse(client: Client) -> None:
    """
    Let nobody in.
    """
    raise ConnectionRefused("members only", {"since": 2010})


class Host:
    """
    What serves one client in one namespace.

    @ivar client: the client.
    @ivar farewells: the reasons of disconnection, by session id, of all
        clients that have come into the namespace.
    @ivar notes: what the client wants remembered.
    """

    def __init__(self, client: Client, farewells: Farewells) -> None:
        self.client = client
        self.farewells = farewells
        self.notes: list[Any] = []

    def welcome(self) -> None:
        """
        Listen to all that the client may want.
        """
        client = self.client
        farewell: Deferred[str] = Deferred()
        self.farewells[client.sessionId] = farewell
        client.on("message", client.send)
        client.on("disconnect", farewell.callback)
        client.on("echo", lambda *arguments: arguments)
        client.on("bounce", client.emit)
        client.on("octets", lambda data: [*data])
        client.on("spell", lambda text: [*map(ord, text)])
        client.on("ask", self.ask)
        client.on("where", lambda: client.namespace.name)
        client.on("join", client.join)
        client.on("leave", client.leave)
        client.on("tell", lambda room, *arguments: client.to(room).emit("heard", *arguments))
        client.on("shout", self.shout)
        client.on("note", self.notes.append)
        client.on("notes", lambda: self.notes)
        client.on("count", self.count)
        client.on("volatile", self.volatile)
        client.on("whoami", lambda: client.sessionId)
        client.on("farewell", self.farewells.__getitem__)
        client.on("kick", client.disconnect)
        if "count" in client.handshake.query:
            Deferred.fromCoroutine(self.count(0, int(client.handshake.query["count"])))

    async def ask(self, *question: Any) -> list[Any]:
        """
        Ask the client, and return all that it answers.
        """
        answer = await self.client.emitWithAck("question", *question)
        return [*answer] if isinstance(answer, tuple) else [answer]

    def shout(self, room: str, *arguments: Any) -> None:
        """
        Let all in a room hear this.
        """
        self.client.namespace.to(room).emit("heard", *arguments)

    async def count(self, start: int, stop: int) -> None:
        """
        Send these numbers, a few at a time.
        """
        for number in range(start, stop):
            self.client.emit("number", number)
            if number % AT_A_TIME == 0:
                await deferLater(reactor, PAUSE)

    def volatile(self, count: int) -> None:
        """
        Send what may be lost, and after it what may not.
        """
        for number in range(count):
            self.client.volatile.emit("perhaps", number)
        self.client.emit("certain")
