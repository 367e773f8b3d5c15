"""
Tests for L{txsocketio.namespace}, through a site in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, ConnectionRefused, Namespace
from txsocketio.test.peer import Peer
from txsocketio.test.support import Server


class NamespaceCase(SynchronousTestCase):
    """
    A realm C{chat} with two clients, and a third peer outside.
    """

    def setUp(self) -> None:
        self.server = Server()
        self.chat = self.server.io.realm("chat")
        self.calls: list[Any] = []
        self.peers = [Peer(self.server) for _ in range(3)]
        for peer in self.peers[:2]:
            peer.say("r:chat:hello")

    def note(self, *args: Any) -> None:
        """
        A handler.
        """
        self.calls.append(args)

    def heard(self) -> list[list[str]]:
        """
        What each of the three has heard, without the realm's annotation.
        """
        return [[data.removeprefix("r:chat") for data in peer.heard()] for peer in self.peers]


class Attributes(NamespaceCase):
    """
    What a namespace tells of itself.
    """

    def test_name(self) -> None:
        """
        The name, with its slash.
        """
        self.assertIsInstance(self.chat, Namespace)
        self.assertEqual("/chat", self.chat.name)
        self.assertEqual("/", self.server.io.of("/").name)

    def test_clients(self) -> None:
        """
        Its clients by session id: a live view that cannot be written to.
        """
        clients = self.chat.clients
        self.assertEqual([peer.sid for peer in self.peers[:2]], list(clients))
        for peer in self.peers[:2]:
            self.assertIs(self.chat, clients[peer.sid].namespace)
        self.peers[0].goodbye()
        self.assertEqual([self.peers[1].sid], list(clients))
        with self.assertRaises(TypeError):
            clients["x"] = clients[self.peers[1].sid]  # type: ignore[index]

    def test_listener(self) -> None:
        """
        The listener that has it.
        """
        self.assertIs(self.server.io, self.chat.listener)

    def test_repr(self) -> None:
        """
        A log can tell which it was.
        """
        self.assertEqual("<Namespace /chat>", repr(self.chat))


class Events(NamespaceCase):
    """
    A namespace's own events.
    """

    def test_events(self) -> None:
        """
        The listener's four, for its own clients.
        """
        for event in ("connection", "clientConnect"):
            self.chat.on(event, lambda client, event=event: self.note(event, client))
        self.chat.addListener("clientMessage", self.note)
        self.chat.addListener("clientDisconnect", self.note)
        peer = self.peers[2]
        peer.say("r:chat:hi")
        peer.send("not for the realm")
        client = peer.inRealm("chat")
        peer.goodbye()
        self.assertEqual(
            [("connection", client), ("clientConnect", client), ("hi", client), (client,)],
            self.calls,
        )

    def test_apart(self) -> None:
        """
        What happens in a realm is none of the listener's events.
        """
        for event in ("connection", "clientMessage", "clientDisconnect"):
            self.server.io.on(event, self.note)
        self.peers[2].say("r:chat:hi")
        self.peers[2].say("r:chat\ne:disconnect\nj:[]")
        self.assertEqual([], self.calls)

    def test_onceAndRemove(self) -> None:
        """
        C{once} and C{removeListener}.
        """
        self.chat.once("clientMessage", lambda message, client: self.note("once", message))
        self.chat.on("clientMessage", self.note)
        self.peers[0].say("r:chat:a")
        self.chat.removeListener("clientMessage", self.note)
        self.peers[0].say("r:chat:b")
        self.assertEqual([("once", "a"), ("a", self.peers[0].inRealm("chat"))], self.calls)

    def test_clientHandlers(self) -> None:
        """
        A client in a realm hears what is said there.
        """
        self.peers[0].inRealm("chat").on("message", self.note)
        self.peers[0].client.on("message", lambda message: self.note("root", message))
        self.peers[0].say("r:chat:a")
        self.peers[0].send("b")
        self.assertEqual([("a",), ("root", "b")], self.calls)

    def test_slowConnection(self) -> None:
        """
        C{clientConnect} comes when the handlers of C{connection} are done.
        """
        ready: Deferred[None] = Deferred()
        self.chat.on("connection", lambda client: ready)
        self.chat.on("clientConnect", self.note)
        self.peers[2].say("r:chat:hi")
        self.assertEqual([], self.calls)
        ready.callback(None)
        self.assertEqual([(self.peers[2].inRealm("chat"),)], self.calls)


class Speaking(NamespaceCase):
    """
    A namespace's verbs reach its clients, and nobody else.
    """

    def test_send(self) -> None:
        """
        C{send}, with annotations.
        """
        self.chat.send("hi")
        self.chat.send({"a": 1})
        self.chat.send("hi", {"lang": "en"})
        self.assertEqual(
            [[":hi", '\nj:{"a":1}', "\nlang:en:hi"]] * 2 + [[]],
            self.heard(),
        )

    def test_sendJSON(self) -> None:
        """
        C{sendJSON} and C{broadcastJSON}.
        """
        self.chat.sendJSON("a")
        self.chat.broadcastJSON("b", self.peers[0].sid)
        self.assertEqual([['\nj:"a"'], ['\nj:"a"', '\nj:"b"'], []], self.heard())

    def test_emit(self) -> None:
        """
        C{emit}.
        """
        self.chat.emit("news", 1)
        self.assertEqual([["\ne:news\nj:[1]"]] * 2 + [[]], self.heard())

    def test_broadcast(self) -> None:
        """
        C{broadcast}, with the one or those to leave out.
        """
        first, second, third = (peer.sid for peer in self.peers)
        self.chat.broadcast("a")
        self.chat.broadcast("b", first)
        self.chat.broadcast("c", [second, third])
        self.assertEqual([[":a", ":c"], [":a", ":b"], []], self.heard())

    def test_clientBroadcast(self) -> None:
        """
        A client's C{broadcast} and C{to} stay in its namespace.
        """
        inChat = self.peers[0].inRealm("chat")
        inChat.broadcast("a")
        self.peers[1].inRealm("chat").join("red")
        self.peers[2].client.join("red")
        inChat.to("red").send("b")
        self.assertEqual([[], [":a", ":b"], []], self.heard())

    def test_rooms(self) -> None:
        """
        C{to} and C{exclude}: rooms belong to their namespace.
        """
        self.peers[0].inRealm("chat").join("red")
        self.peers[2].client.join("red")
        self.chat.to("red").send("a")
        self.chat.exclude("red").emit("b")
        self.chat.to("red", self.peers[1].sid).exclude(self.peers[0].sid).broadcast("c")
        self.assertEqual([[":a"], ["\ne:b\nj:[]", ":c"], []], self.heard())

    def test_everyForm(self) -> None:
        """
        Each client gets it in its own form.
        """
        self.peers[0].say("r:chat\nj\n:1")
        self.chat.emit("news")
        self.assertEqual([["\ne:news\nj\n:[]"], ["\ne:news\nj:[]"], []], self.heard())


class Middleware(NamespaceCase):
    """
    A namespace's C{use}.
    """

    def test_decorator(self) -> None:
        """
        It leaves a function as it is.
        """

        @self.chat.use
        def see(client: Client) -> None:
            self.note(client.namespace)

        self.peers[2].say("r:chat:hi")
        self.assertEqual([(self.chat,)], self.calls)
        see(self.peers[0].inRealm("chat"))
        self.assertEqual([(self.chat,)] * 2, self.calls)

    def test_refused(self) -> None:
        """
        Who is refused is in no room of it.
        """

        @self.chat.use
        async def refuse(client: Client) -> None:
            client.join("red")
            raise ConnectionRefused("no")

        self.peers[2].say("r:chat:hi")
        self.assertEqual(1, len(self.peers[2].heard()))
        self.chat.to("red").send("x")
        self.chat.to(self.peers[2].sid).send("x")
        self.assertEqual([[], [], []], self.heard())

    def test_joins(self) -> None:
        """
        The rooms that middleware has a client join are its rooms when it is
        let in, and not before.
        """
        late: Deferred[None] = Deferred()

        @self.chat.use
        async def assign(client: Client) -> None:
            client.join("red", "blue")
            client.leave("blue")
            await late

        self.peers[2].say("r:chat:hi")
        self.chat.to("red").send("early")
        late.callback(None)
        self.chat.to("red").send("red")
        self.chat.to("blue").send("blue")
        self.assertEqual([[], [], [":red"]], self.heard())
        client = self.peers[2].inRealm("chat")
        self.assertEqual({"red", client.sessionId}, client.rooms)
