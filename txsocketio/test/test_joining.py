"""
How clients that join namespaces by asking come into them and go from them:
L{txsocketio.connection} without any wire.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, ConnectionRefused, DisconnectReason
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.session import Session
from txsocketio.test.hall import OLD, Hall, HallDialect

INVALID = "{'message': 'Invalid namespace'}"


class JoiningCase(SynchronousTestCase):
    """
    A hall with the namespaces C{/} and C{/chat}, whose clients are noted.
    """

    def setUp(self) -> None:
        self.hall = Hall()
        self.chat = self.hall.of("/chat")
        self.calls: list[Any] = []
        for namespace in (self.hall.root, self.chat):
            namespace.on("connection", self.arrived)

    def arrived(self, client: Client) -> None:
        """
        A handler.
        """
        name = client.namespace.name
        self.calls.append(name)
        client.on("disconnect", lambda reason: self.calls.append((name, reason.value)))


class Asking(JoiningCase):
    """
    Who is in no namespace from the start.
    """

    def test_nowhere(self) -> None:
        """
        Coming alone joins nothing.
        """
        visitor = self.hall.come()
        self.assertEqual(([], [], {}), (self.calls, visitor.heard(), dict(self.hall.root.clients)))

    def test_root(self) -> None:
        """
        The default namespace is joined by asking, as any other; each is
        confirmed with the id that the client has there.
        """
        visitor = self.hall.come("/chat")
        self.assertEqual((["/chat"], ["CONNECT /chat SID1/chat"]), (self.calls, visitor.heard()))
        visitor.join()
        self.assertEqual(["CONNECT / SID1/"], visitor.heard())
        self.assertEqual(
            (["SID1/"], ["SID1/chat"]), ([*self.hall.root.clients], [*self.chat.clients])
        )
        self.assertEqual({"SID1/chat"}, visitor.client("/chat").rooms)
        self.assertEqual("SID1/chat", visitor.client("/chat").sessionId)

    def test_byId(self) -> None:
        """
        It is spoken to by the id of that namespace.
        """
        visitor, other = self.hall.come("/chat"), self.hall.come("/chat")
        visitor.heard(), other.heard()
        self.chat.to("SID1/chat").send("a")
        self.chat.exclude("SID1/chat").send("b")
        visitor.client("/chat").broadcast("c")
        self.assertEqual(["MESSAGE /chat a"], visitor.heard())
        self.assertEqual(["MESSAGE /chat b", "MESSAGE /chat c"], other.heard())

    def test_joined(self) -> None:
        """
        The session is told when the client has been let in somewhere, and not
        before.
        """
        visitor = self.hall.come()
        told: list[Session] = []

        def joined(session: Session) -> None:
            told.append(session)

        self.patch(Session, "joined", joined)
        decided: Deferred[None] = Deferred()
        self.chat.use(lambda client: decided)
        visitor.join("/nowhere")
        visitor.join("/chat")
        self.assertEqual([], told)
        decided.callback(None)
        self.assertEqual([visitor.session], told)

    def test_notWaiting(self) -> None:
        """
        What the default namespace thinks of the client is nothing to others.
        """
        decided: Deferred[None] = Deferred()
        self.hall.root.use(lambda client: decided)
        visitor = self.hall.come("/", "/chat")
        self.assertEqual(["CONNECT /chat SID1/chat"], visitor.heard())
        decided.errback(ConnectionRefused("no"))
        self.assertEqual(["CONNECT_ERROR / {'message': 'no'}"], visitor.heard())
        self.assertTrue(visitor.client("/chat").connected)

    def test_invalid(self) -> None:
        """
        A namespace that is not there.
        """
        visitor = self.hall.come("/nowhere")
        self.assertEqual([f"CONNECT_ERROR /nowhere {INVALID}"], visitor.heard())
        self.assertEqual([], self.hall.keeper.failures)

    def test_uninvited(self) -> None:
        """
        An event for a namespace that the client is not in ends the session.
        """
        for name in (ROOT, "/chat"):
            self.hall.come().emit(name, "x")
        self.assertEqual(
            [
                (DisconnectReason.PARSE_ERROR, f"not connected to '{name}'")
                for name in (ROOT, "/chat")
            ],
            self.hall.keeper.failures,
        )

    def test_twice(self) -> None:
        """
        Who has joined already, or waits, and asks once more is told once, as
        genuine clients want it that ask twice.
        """
        visitor = self.hall.come("/chat", "/chat", auth=1)
        self.assertEqual((["/chat"], ["CONNECT /chat SID1/chat"]), (self.calls, visitor.heard()))
        chosen: Deferred[bool] = Deferred()
        decided: Deferred[None] = Deferred()
        self.hall.parent(lambda name, auth: chosen)
        self.chat.use(lambda client: decided)
        visitor = self.hall.come("/chat", "/x", "/chat", "/x")
        chosen.callback(True)
        decided.callback(None)
        self.assertEqual(["CONNECT /chat SID2/chat", "CONNECT /x SID2/x"], sorted(visitor.heard()))

    def test_pending(self) -> None:
        """
        What comes before it is let in waits, C{maxPending} of it.
        """
        decided: Deferred[None] = Deferred()
        self.chat.use(lambda client: decided)
        self.chat.on("clientMessage", lambda message, client: self.calls.append(message))
        visitor, flood = self.hall.come("/chat"), self.hall.come("/chat", maxPending=3)
        visitor.say(Kind.MESSAGE, "/chat", "early")
        for number in range(4):
            flood.say(Kind.MESSAGE, "/chat", number)
        self.assertEqual([], self.calls)
        decided.callback(None)
        self.assertEqual(["/chat", "early"], self.calls)
        self.assertEqual([DisconnectReason.FLOOD], [why for why, _ in self.hall.keeper.failures])

    def test_longThoughts(self) -> None:
        """
        Who leaves before the application has thought about it has not been
        forgotten by the application: that counts up to C{maxNamespaces}.
        """
        asked: list[Deferred[Any]] = []

        def think(*args: Any) -> Deferred[Any]:
            asked.append(Deferred())
            return asked[-1]

        self.hall.parent(think)
        self.chat.use(think)
        for name in ("/chat", "/x"):
            asked.clear()
            visitor = self.hall.come(maxNamespaces=3)
            for _ in range(4):
                visitor.join(name)
                visitor.say(Kind.DISCONNECT, name)
            refusal = f"CONNECT_ERROR {name} {{'message': 'too many namespaces'}}"
            self.assertEqual((3, [refusal]), (len(asked), visitor.heard()))
            for each in asked:
                each.callback(None)
            visitor.join(name)
            self.assertEqual(4, len(asked))

    def test_auth(self) -> None:
        """
        What it sends along is for the application.
        """
        visitor = self.hall.come("/chat", auth={"token": 1, "pid": "x"})
        self.assertEqual({"token": 1, "pid": "x"}, visitor.client("/chat").handshake.auth)


class Old(JoiningCase):
    """
    Who is in the default namespace from the start.
    """

    def test_root(self) -> None:
        """
        It is there at once, and asks for the others.
        """
        visitor = self.hall.come("/chat", dialect=OLD)
        self.assertEqual((["/", "/chat"], ["CONNECT /chat"]), (self.calls, visitor.heard()))
        self.assertEqual("SID1", visitor.client("/chat").sessionId)

    def test_greeted(self) -> None:
        """
        A generation that has a word for it says that it is, before anything
        else.
        """

        class Greeting(HallDialect):
            """
            Says so.
            """

            def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet:
                """
                See L{IDialect.welcome}.
                """
                return Packet(Kind.CONNECT, id, namespace)

        self.hall.root.on("connection", lambda client: client.send("hi"))
        stream = self.hall.come(dialect=Greeting(False)).heard()
        self.assertEqual(["CONNECT / SID1", "MESSAGE / hi"], stream)

    def test_leavesRoot(self) -> None:
        """
        Leaving the default namespace is leaving altogether.
        """
        visitor = self.hall.come("/chat", dialect=OLD)
        visitor.say(Kind.DISCONNECT)
        why = "client namespace disconnect"
        self.assertEqual(["/", "/chat", ("/", why), ("/chat", why)], self.calls)
        self.assertEqual(1, len(visitor.stream.closed))

    def test_close(self) -> None:
        """
        Who is sent away from the server is told so, once.
        """
        visitor = self.hall.come("/chat", dialect=OLD)
        visitor.heard()
        visitor.client("/chat").disconnect(close=True)
        self.assertEqual(["CLOSE /"], visitor.heard())


class Leaving(JoiningCase):
    """
    How clients go.
    """

    def setUp(self) -> None:
        super().setUp()
        self.visitor = self.hall.come("/", "/chat")
        self.visitor.heard()
        self.calls.clear()

    def test_root(self) -> None:
        """
        Leaving the default namespace is leaving that one, whoever wants it.
        """
        self.visitor.say(Kind.DISCONNECT)
        self.assertEqual([("/", "client namespace disconnect")], self.calls)
        self.visitor.join()
        self.assertEqual(["CONNECT / SID1/"], self.visitor.heard())
        self.visitor.client().disconnect()
        self.assertEqual(["DISCONNECT /"], self.visitor.heard())
        self.assertEqual(("/", "server namespace disconnect"), self.calls[-1])
        self.assertTrue(self.visitor.client("/chat").connected)

    def test_onItsWay(self) -> None:
        """
        What was on its way when it was sent away is no fault of its.
        """
        self.visitor.client().disconnect()
        self.visitor.emit(ROOT, "x")
        self.assertEqual([], self.hall.keeper.failures)

    def test_sentAwayMeanwhile(self) -> None:
        """
        One client's going may be why another is sent away.
        """
        inChat = self.visitor.client("/chat")
        self.visitor.client().on("disconnecting", lambda reason: inChat.disconnect())
        self.visitor.lose()
        self.assertIn(("/chat", "server namespace disconnect"), self.calls)
        self.assertEqual({}, {**self.chat.clients})

    def test_close(self) -> None:
        """
        Who is sent away from the server is told so in each namespace.
        """
        inChat = self.visitor.client("/chat")
        self.visitor.client().disconnect(close=True)
        self.assertEqual(["DISCONNECT /", "DISCONNECT /chat", "CLOSE /"], self.visitor.heard())
        why = "server namespace disconnect"
        self.assertEqual([("/", why), ("/chat", why)], self.calls)
        self.assertFalse(inChat.connected)

    def test_closeFull(self) -> None:
        """
        A queue that is full of that is no error of the caller's.
        """
        visitor = self.hall.come("/", "/chat", maxQueue=1)
        visitor.clog()
        visitor.client().send("x")
        visitor.client("/chat").disconnect(close=True)
        self.assertEqual([("slow consumer")], [why.value for why, _ in self.hall.keeper.failures])
        self.assertEqual((1, 1), (len(self.hall.root.clients), len(self.chat.clients)))

    def test_welcomeFull(self) -> None:
        """
        Whose queue has no room for the welcome never was there.
        """
        visitor = self.hall.come("/", maxQueue=1)
        self.calls.clear()
        visitor.clog()
        visitor.client().send("x")
        visitor.join("/chat")
        self.assertEqual([("/", "slow consumer")], self.calls)
        self.assertEqual(1, len(self.chat.clients))


class Bounds(JoiningCase):
    """
    C{maxNamespaces}.
    """

    def setUp(self) -> None:
        super().setUp()
        for number in range(4):
            self.hall.of(f"/{number}")
        self.visitor = self.hall.come("/0", "/1", maxNamespaces=2)
        self.visitor.heard()

    def test_joined(self) -> None:
        """
        No more than that, one after the other as many as it likes.
        """
        self.visitor.join("/2")
        refused = "CONNECT_ERROR /2 {'message': 'too many namespaces'}"
        self.assertEqual([refused], self.visitor.heard())
        self.visitor.say(Kind.DISCONNECT, "/0")
        self.visitor.join("/2")
        self.assertEqual(["CONNECT /2 SID1/2"], self.visitor.heard())

    def test_pending(self) -> None:
        """
        Those it waits for count, too.
        """
        self.hall.parent(lambda name, auth: Deferred())
        visitor = self.hall.come("/x", "/y", "/z", maxNamespaces=2)
        self.assertEqual(["CONNECT_ERROR /z {'message': 'too many namespaces'}"], visitor.heard())

    def test_remembered(self) -> None:
        """
        That it was sent away is remembered of so many, the latest.
        """
        for number in (0, 1, 2):
            self.visitor.join(f"/{number}") if number == 2 else None
            self.visitor.client(f"/{number}").disconnect()
        self.visitor.emit("/1", "x")
        self.visitor.emit("/2", "x")
        self.assertEqual([], self.hall.keeper.failures)
        self.visitor.emit("/0", "x")
        self.assertEqual(1, len(self.hall.keeper.failures))

    def test_longNames(self) -> None:
        """
        Nor are names of any length remembered.
        """
        visitor = self.hall.come(f"/{'x' * 2000}")
        self.assertIn(INVALID, visitor.heard()[0])
        visitor.emit(f"/{'x' * 2000}", "x")
        self.assertEqual(1, len(self.hall.keeper.failures))
