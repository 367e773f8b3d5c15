"""
Tests for L{txsocketio.parents} and L{txsocketio.registry}: namespaces that
are made when a client asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import (
    AckTimeout,
    Client,
    ConnectionRefused,
    Listener,
    Namespace,
)
from txsocketio.packets import ROOT, Kind
from txsocketio.parents import Chooser
from txsocketio.test.hall import OLD, Hall, Visitor
from txsocketio.test.support import Server

INVALID = "{'message': 'Invalid namespace'}"


class ParentCase(SynchronousTestCase):
    """
    A hall in which everything that begins with C{/room-} is a child.
    """

    options: dict[str, Any] = {}  # noqa: RUF012 - is replaced, never changed

    def setUp(self) -> None:
        self.hall = Hall(**self.options)
        self.parent = self.hall.parent(re.compile("^/room-"))
        self.calls: list[Any] = []

    def note(self, *args: Any) -> None:
        """
        A handler.
        """
        self.calls.append(args)


class Making(ParentCase):
    """
    How children come to be.
    """

    def test_pattern(self) -> None:
        """
        A namespace that the pattern is found in is made when somebody asks
        for it, once.
        """
        self.assertEqual({}, {**self.parent.children})
        first, second = self.hall.come("/room-1"), self.hall.come("/room-1")
        self.assertEqual(["CONNECT /room-1 SID1/room-1"], first.heard())
        child = self.hall.registry["/room-1"]
        self.assertEqual({"/room-1": child}, {**self.parent.children})
        self.assertEqual(2, len(child.clients))
        self.assertIs(child, second.client("/room-1").namespace)
        self.assertEqual([f"CONNECT_ERROR /other {INVALID}"], self.hall.come("/other").heard())

    def test_announced(self) -> None:
        """
        C{newNamespace} tells of it before anybody is in.
        """

        @self.hall.root.on("newNamespace")
        def made(namespace: Namespace) -> None:
            self.note(namespace.name, len(namespace.clients))
            namespace.on("connection", lambda client: client.send("hi"))

        visitor = self.hall.come("/room-1", "/room-2")
        self.assertEqual([("/room-1", 0), ("/room-2", 0)], self.calls)
        self.assertIn("MESSAGE /room-1 hi", visitor.heard())

    def test_function(self) -> None:
        """
        A function gets the name, and what the client sends along; it may take
        its time, and the client waits, and what it says.
        """
        decided: Deferred[Any] = Deferred()

        def choose(name: str, auth: Any) -> Any:
            self.note(name, auth)
            return decided

        parent = self.hall.parent(choose)
        parent.on("clientMessage", lambda message, client: self.note(message))
        visitor = self.hall.come(dialect=OLD)
        visitor.join("/club", "please")
        visitor.say(Kind.MESSAGE, "/club", "early")
        visitor.join("/club", "please")
        self.assertEqual(([("/club", "please")], []), (self.calls, visitor.heard()))
        decided.callback(True)
        self.assertEqual(["CONNECT /club"] * 2, visitor.heard())
        self.assertEqual(("early",), self.calls[-1])

    def test_answers(self) -> None:
        """
        It may be a coroutine function; the first that agrees is taken.
        """

        async def agree(name: str, auth: Any) -> bool:
            return True

        def disagree(name: str, auth: Any) -> Deferred[bool]:
            return succeed(False)

        choosers: list[Chooser] = [re.compile("^$"), disagree, agree]
        parents = [self.hall.parent(chooser) for chooser in choosers]
        self.hall.come("/club", "/room-1")
        self.assertEqual([[], [], ["/club"]], [[*parent.children] for parent in parents])

    def test_refuses(self) -> None:
        """
        Who is not wanted is told that there is no such namespace, or what the
        function says.
        """

        def choose(name: str, auth: Any) -> bool:
            if auth:
                raise ConnectionRefused("members only", auth)
            return auth == {} and 1 / 0 > 1

        self.hall.parent(choose)
        heard = [self.hall.come("/x", auth=auth).heard()[0] for auth in ("a", None, 0)]
        told = ["{'message': 'members only', 'data': 'a'}", INVALID, INVALID]
        self.assertEqual([f"CONNECT_ERROR /x {each}" for each in told], heard)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertNotIn("/x", self.hall.registry)

    def test_leavesMeanwhile(self) -> None:
        """
        Who leaves, or goes, before it is decided never was there.
        """
        ways: list[Callable[[Visitor], None]] = [
            lambda visitor: visitor.say(Kind.DISCONNECT, "/x"),
            lambda visitor: visitor.lose(),
        ]
        for leave in ways:
            decided: Deferred[bool] = Deferred()
            hall = Hall()
            hall.parent(partial(self.choose, decided))
            visitor = hall.come("/x")
            leave(visitor)
            decided.callback(True)
            self.assertEqual(([], []), (visitor.heard(), [*hall.registry["/x"].clients]))

    def choose(self, decided: Deferred[bool], name: str, auth: Any) -> Deferred[bool]:
        """
        Choose what a test decides.
        """
        return decided

    def test_madeMeanwhile(self) -> None:
        """
        Two who ask at the same time come into the same.
        """
        decisions: list[Deferred[bool]] = []

        def choose(name: str, auth: Any) -> Deferred[bool]:
            decisions.append(Deferred())
            return decisions[-1]

        parent = self.hall.parent(choose)
        visitors = [self.hall.come("/x"), self.hall.come("/x")]
        for decided in decisions:
            decided.callback(True)
        [child] = parent.children.values()
        self.assertEqual({child}, {visitor.client("/x").namespace for visitor in visitors})

    def test_flood(self) -> None:
        """
        Not more than C{maxPending} waits for the decision.
        """
        self.hall.parent(lambda name, auth: Deferred())
        visitor = self.hall.come(dialect=OLD, maxPending=2)
        for number in range(4):
            visitor.say(Kind.MESSAGE, "/x", number)
        self.assertEqual(
            ["too many pending messages"], [w.value for w, _ in self.hall.keeper.failures]
        )

    def test_byTalking(self) -> None:
        """
        Who joins by talking is not told, unless it is not wanted; then it is
        not heard.
        """
        self.parent.on("clientMessage", lambda message, client: self.note(message))
        visitor = self.hall.come(dialect=OLD)
        visitor.say(Kind.MESSAGE, "/room-1", "a")
        self.assertEqual(([("a",)], []), (self.calls, visitor.heard()))
        visitor.say(Kind.MESSAGE, "/nowhere", "a")
        visitor.say(Kind.MESSAGE, "/nowhere", "b")
        self.assertEqual([f"CONNECT_ERROR /nowhere {INVALID}"], visitor.heard())

    def test_bounded(self) -> None:
        """
        There are no more than C{maxChildNamespaces}, and none of any length.
        """
        visitor = self.hall.come(*(f"/room-{number}" for number in range(11)))
        self.assertEqual("CONNECT_ERROR /room-10 {'message': 'too many namespaces'}",
                         visitor.heard()[-1])  # fmt: skip
        self.assertEqual(10, len(self.parent.children))
        hall = Hall()
        hall.parent(re.compile(""))
        self.assertIn("CONNECT /", hall.come(f"/{'x' * 999}").heard()[0])
        self.assertIn(INVALID, hall.come(f"/{'y' * 1000}").heard()[0])

    def test_stay(self) -> None:
        """
        They stay when they are empty.
        """
        self.hall.come("/room-1").lose()
        self.assertEqual(["/room-1"], [*self.parent.children])


class Holding(ParentCase):
    """
    What holds for all children.
    """

    def setUp(self) -> None:
        super().setUp()
        self.visitors = [self.hall.come(f"/room-{number}") for number in (1, 2)]
        self.clients = [v.client(f"/room-{n}") for n, v in enumerate(self.visitors, 1)]
        for visitor in self.visitors:
            visitor.heard()

    def heard(self) -> list[list[str]]:
        """
        What each of the two has heard.
        """
        return [visitor.heard() for visitor in self.visitors]

    def test_handlers(self) -> None:
        """
        The parent's handlers come before the child's own, and need not have
        been there when it was made.
        """
        self.hall.of("/room-1").on("connection", lambda client: self.note("child"))
        self.parent.on("connection", lambda client: self.note("parent", client.namespace.name))
        self.parent.once("connection", lambda client: self.note("once"))
        self.hall.come("/room-1", "/room-2")
        self.assertEqual(
            [("parent", "/room-1"), ("once",), ("child",), ("parent", "/room-2")], self.calls
        )

    def test_middleware(self) -> None:
        """
        So does its middleware.
        """

        @self.parent.use
        def first(client: Client) -> None:
            self.note("parent")
            if client.handshake.auth:
                raise ConnectionRefused("no")

        self.hall.of("/room-1").use(lambda client: self.note("child"))
        self.hall.come("/room-1")
        self.assertEqual([("parent",), ("child",)], self.calls)
        refused = self.hall.come("/room-1", auth=1).heard()
        self.assertEqual(["CONNECT_ERROR /room-1 {'message': 'no'}"], refused)
        self.assertEqual([("parent",), ("child",), ("parent",)], self.calls)
        first(self.clients[0])

    def test_speaking(self) -> None:
        """
        What is said to it is said in all.
        """
        self.hall.come(ROOT)
        self.clients[1].join("red")
        self.parent.emit("a")
        self.parent.to("red").volatile.send("b")
        self.parent.exclude("red").local.broadcast("c")
        self.assertEqual(
            [["EVENT /room-1 ['a']", "MESSAGE /room-1 c"],
             ["EVENT /room-2 ['a']", "MESSAGE /room-2 b"]],
            self.heard(),
        )  # fmt: skip

    def test_local(self) -> None:
        """
        What is local stays here.
        """
        published: list[Any] = []
        self.patch(self.hall.root._backplane, "publish", lambda *call: published.append(call))
        self.parent.local.send("a")
        self.assertEqual(
            ([], [["MESSAGE /room-1 a"], ["MESSAGE /room-2 a"]]), (published, self.heard())
        )
        self.parent.send("b")
        self.assertEqual(["/room-1", "/room-2"], [name for name, _ in published])

    def test_doing(self) -> None:
        """
        What is done is done in all.
        """
        self.assertEqual(self.clients, self.successResultOf(self.parent.fetchClients()))
        self.parent.clientsJoin("red", "blue")
        self.parent.clientsLeave("blue")
        for client in self.clients:
            self.assertEqual({"red", client.sessionId}, client.rooms)
        self.parent.to("red").disconnectClients()
        self.assertEqual([["DISCONNECT /room-1"], ["DISCONNECT /room-2"]], self.heard())

    def test_asking(self) -> None:
        """
        All are asked.
        """
        done = self.parent.emitWithAck("ask", timeout=5)
        for number, visitor in enumerate(self.visitors, 1):
            self.assertNoResult(done)
            visitor.say(Kind.ACK, f"/room-{number}", [number], 1)
        self.assertEqual([1, 2], self.successResultOf(done))
        done = self.parent.emitWithAck("ask", timeout=5)
        self.hall.clock.advance(5)
        self.failureResultOf(done, AckTimeout)

    def test_repr(self) -> None:
        """
        A log can tell which it was.
        """
        self.assertEqual("<ParentNamespace ^/room- with 2 children>", repr(self.parent))


class CleaningUp(ParentCase):
    """
    C{cleanupEmptyChildNamespaces}.
    """

    options = {"cleanUp": True}  # noqa: RUF012 - is replaced, never changed

    def test_emptied(self) -> None:
        """
        A child goes with its last client, and is made anew for the next.
        """
        first, second = self.hall.come("/room-1"), self.hall.come("/room-1")
        child = self.hall.registry["/room-1"]
        first.lose()
        self.assertIn("/room-1", self.hall.registry)
        second.say(Kind.DISCONNECT, "/room-1")
        self.assertEqual(({}, ["/"]), ({**self.parent.children}, [*self.hall.registry]))
        child.send("nobody there")
        third = self.hall.come("/room-1")
        self.assertEqual(["CONNECT /room-1 SID3/room-1"], third.heard())
        self.assertIsNot(child, third.client("/room-1").namespace)
        self.hall.of("/room-1").send("new")
        self.assertEqual(["MESSAGE /room-1 new"], third.heard())
        third.client("/room-1").disconnect()
        self.assertEqual({}, {**self.parent.children})

    def test_waiting(self) -> None:
        """
        Who waits to be let in keeps it.
        """
        first = self.hall.come("/room-1")
        decided: Deferred[None] = Deferred()
        self.parent.use(lambda client: decided)
        second = self.hall.come("/room-1")
        first.lose()
        decided.callback(None)
        self.parent.send("hi")
        self.assertEqual("MESSAGE /room-1 hi", second.heard()[-1])

    def test_refused(self) -> None:
        """
        Who is refused does not.
        """

        @self.parent.use
        def refuse(client: Client) -> None:
            raise ConnectionRefused("no")

        for number in range(20):
            self.assertIn("'no'", self.hall.come(f"/room-{number}").heard()[0])
        self.assertEqual({}, {**self.parent.children})

    def test_goneBefore(self) -> None:
        """
        Nor does who has gone before it was decided that there is to be one.
        """
        decided: dict[str, Deferred[bool]] = {name: Deferred() for name in ("/a", "/b", "/c")}
        self.hall.parent(lambda name, auth: decided[name])
        self.hall.come("/a").say(Kind.DISCONNECT, "/a")
        self.hall.come("/b").lose()
        staying = self.hall.come("/c")
        for each in decided.values():
            each.callback(True)
        self.assertEqual(["/", "/c"], [*self.hall.registry])
        self.assertEqual(["CONNECT /c SID3/c"], staying.heard())

    def test_others(self) -> None:
        """
        Namespaces that the application has asked for stay.
        """
        chat = self.hall.of("/chat")
        self.hall.come("/chat", ROOT).lose()
        self.assertIs(chat, self.hall.of("/chat"))


class ListenerTests(SynchronousTestCase):
    """
    C{Listener.of}.
    """

    def test_of(self) -> None:
        """
        A name gives a namespace, anything else a parent.
        """
        io: Listener = Server().io
        self.assertIs(io.of("/x"), io.of("x"))
        parent = io.of(re.compile("^/y"))
        self.assertIs(parent.clock, io.of("/x").clock)
        io.of(lambda name, auth: name == "/z")
        io._namespaces.seek("/y1", None)
        io._namespaces.seek("/z", None)
        self.assertEqual({"/", "/x", "/y1", "/z"}, {*io._namespaces})
        self.assertIs(io, parent.children["/y1"].listener)

    def test_options(self) -> None:
        """
        C{maxChildNamespaces} and C{cleanupEmptyChildNamespaces}.
        """
        for isCleaned in (False, True):
            options = {"maxChildNamespaces": 1, "cleanupEmptyChildNamespaces": isCleaned}
            server = Server(protocol="eio4", **options)
            parent = server.io.of(re.compile("^/room-"))
            wire = server.webSocket("/?EIO=4&transport=websocket")
            wire.say("40/room-1,")
            wire.say("40/room-2,")
            self.assertEqual('44/room-2,{"message":"too many namespaces"}', wire.texts()[-1])
            wire.say("41/room-1,")
            self.assertEqual(not isCleaned, "/room-1" in parent.children)
