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

Clients of 0.6 come to C{/socket.io-0.6/}, since the first protocol has the same
URLs. They know nothing but messages, so that what they want and what they hear
is in messages of the form that C{correspondent.mjs} describes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import deferLater

from txsocketio import Client, ConnectionRefused, Listener, Namespace, SocketIOResource

Farewells = dict[str, Deferred[str]]

Handler = Callable[..., Any]

AT_A_TIME = 10
BY_MESSAGES = " by messages"
"""Behind a room's name: the room of those in it that know nothing else."""
PAUSE = 0.005
"""From one handful of numbers to the next, seconds."""


def attach(listener: Listener) -> None:
    """
    Make this the application of C{listener}.
    """
    assert listener.server is not None
    of06 = SocketIOResource(listener, protocol="0.6")
    listener.server.resource.putChild(b"socket.io-0.6", of06)
    serve(listener.of("/"))
    serve(listener.of("/chat"))
    listener.of("/closed").use(refuse)


def serve(namespace: Namespace) -> None:
    """
    Be host to all who come into C{namespace}.
    """
    farewells: Farewells = {}

    def welcome(client: Client) -> None:
        (Correspondent if client.protocol == "0.6" else Host)(client, farewells).welcome()

    namespace.on("connection", welcome)


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
    @ivar annex: what stands behind the name of a room that it is in.
    """

    annex = ""

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
        client.on("disconnect", farewell.callback)
        self.listen(
            {
                "message": client.send,
                "echo": lambda *arguments: arguments,
                "bounce": self.say,
                "octets": lambda data: [*data],
                "spell": lambda text: [*map(ord, text)],
                "ask": self.ask,
                "where": lambda: client.namespace.name,
                "join": lambda room: client.join(room + self.annex),
                "leave": lambda room: client.leave(room + self.annex),
                "tell": self.tell,
                "shout": self.shout,
                "note": self.notes.append,
                "notes": lambda: self.notes,
                "count": self.count,
                "volatile": self.volatile,
                "whoami": lambda: client.sessionId,
                "farewell": self.farewells.__getitem__,
                "kick": client.disconnect,
            }
        )
        if "count" in client.handshake.query:
            Deferred.fromCoroutine(self.count(0, int(client.handshake.query["count"])))

    def listen(self, handlers: Mapping[str, Handler]) -> None:
        """
        Handle these events.
        """
        for event, handler in handlers.items():
            self.client.on(event, handler)

    def say(self, event: str, *arguments: Any) -> None:
        """
        Let the client hear an event.
        """
        self.client.emit(event, *arguments)

    def whisper(self, event: str, *arguments: Any) -> None:
        """
        Let it hear an event that may be lost.
        """
        self.client.volatile.emit(event, *arguments)

    async def ask(self, *question: Any) -> list[Any]:
        """
        Ask the client, and return all that it answers.
        """
        answer = await self.client.emitWithAck("question", *question)
        return [*answer] if isinstance(answer, tuple) else [answer]

    def tell(self, room: str, *arguments: Any) -> None:
        """
        Let the others in a room hear this.
        """
        spread(self.client.to, room, *arguments)

    def shout(self, room: str, *arguments: Any) -> None:
        """
        Let all in a room hear this.
        """
        spread(self.client.namespace.to, room, *arguments)

    async def count(self, start: int, stop: int) -> None:
        """
        Send these numbers, a few at a time.
        """
        for number in range(start, stop):
            self.say("number", number)
            if number % AT_A_TIME == 0:
                await deferLater(reactor, PAUSE)

    def volatile(self, count: int) -> None:
        """
        Send what may be lost, and after it what may not.
        """
        for number in range(count):
            self.whisper("perhaps", number)
        self.say("certain")


class Correspondent(Host):
    """
    What serves a client that knows nothing but messages.
    """

    annex = BY_MESSAGES

    def listen(self, handlers: Mapping[str, Handler]) -> None:
        """
        See L{Host.listen}.
        """

        async def hear(message: Any) -> None:
            if not isinstance(message, dict) or "event" not in message:
                handlers["message"](message)
                return
            answer = await maybeDeferred(handlers[message["event"]], *message["args"])
            if "id" in message:
                self.client.send({"answers": message["id"], "args": listed(answer)})

        self.client.on("message", hear)

    def say(self, event: str, *arguments: Any) -> None:
        """
        See L{Host.say}.
        """
        self.client.send(letter(event, *arguments))

    def whisper(self, event: str, *arguments: Any) -> None:
        """
        See L{Host.whisper}.
        """
        self.client.volatile.send(letter(event, *arguments))


def letter(event: str, *arguments: Any) -> dict[str, Any]:
    """
    An event, as who knows nothing but messages hears it.
    """
    return {"event": event, "args": arguments}


def listed(answer: Any) -> list[Any]:
    """
    The arguments of an acknowledgement that says what a handler has returned.
    """
    if answer is None:
        return []
    return [*answer] if isinstance(answer, tuple) else [answer]


def spread(audience: Callable[[str], Any], room: str, *arguments: Any) -> None:
    """
    Let all that C{audience} has in a room hear this.
    """
    audience(room).emit("heard", *arguments)
    audience(room + BY_MESSAGES).send(letter("heard", *arguments))
