"""
Tests for L{txsocketio.backlog}: what clients send and the application is not
done with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, DisconnectReason
from txsocketio.packets import ROOT, Kind, weigh
from txsocketio.test.hall import MODERN, OLD, Hall, HallDialect, Visitor

KB = "x" * 1000


class Weighing(SynchronousTestCase):
    """
    L{weigh}.
    """

    def test_atoms(self) -> None:
        """
        Whatever it is, it weighs something.
        """
        atoms: list[Any] = [None, True, 1.5, 10**100, "", b"", [], {}]
        for atom in atoms:
            self.assertEqual(weigh(atom), 16)

    def test_text(self) -> None:
        """
        Text and binary data weigh as much as they hold.
        """
        for text in ("x" * 100, b"x" * 100, bytearray(100), memoryview(bytes(100))):
            self.assertEqual(weigh(text), 116)

    def test_within(self) -> None:
        """
        So they do wherever they are, and names as well.
        """
        self.assertEqual(weigh([1, (2, ["abc"])]), 16 * 6 + 3)
        self.assertEqual(weigh({"name": {"abc": b"xy"}}), 16 * 3 + 9)

    def test_deep(self) -> None:
        """
        However deep that is.
        """
        data: Any = "x"
        for _ in range(100_000):
            data = [data]
        self.assertEqual(weigh(data), 16 * 100_001 + 1)


class BacklogCase(SynchronousTestCase):
    """
    A hall whose handlers and middleware take as long as the test wants.
    """

    def setUp(self) -> None:
        self.hall = Hall()
        self.chat = self.hall.of("/chat")
        self.calls: list[Any] = []
        self.waiting: list[Deferred[Any]] = []

    def slow(self, *args: Any) -> Deferred[Any]:
        """
        A handler that takes its time.
        """
        self.calls.append(args)
        self.waiting.append(Deferred())
        return self.waiting[-1]

    def slowly(self, client: Client) -> None:
        """
        Have it handle what the client emits.
        """
        client.on("a", self.slow)

    def go(self) -> None:
        """
        Let the oldest handler be done.
        """
        self.waiting.pop(0).callback(None)

    def come(self, *names: str, dialect: HallDialect = MODERN, **settings: Any) -> Visitor:
        """
        A client comes of whom not much is to wait.
        """
        return self.hall.come(*names, dialect=dialect, **{"maxPendingBytes": 5000, **settings})

    def assertLives(self) -> None:
        """
        No session has ended.
        """
        self.assertEqual(self.hall.keeper.failures, [])

    def assertFlooded(self, detail: str = "packets of more than 5000 bytes wait") -> None:
        """
        One has.
        """
        self.assertEqual(self.hall.keeper.failures, [(DisconnectReason.FLOOD, detail)])


class Bytes(BacklogCase):
    """
    C{maxPendingBytes}.
    """

    def test_queued(self) -> None:
        """
        What waits for its turn is weighed; what was too much is not heard.
        """
        self.hall.root.on("connection", self.slowly)
        visitor = self.come(ROOT)
        for number in range(5):
            visitor.emit(ROOT, "a", number, KB)
        self.assertLives()
        visitor.emit(ROOT, "a", 5, KB)
        self.assertFlooded()
        for _ in range(5):
            self.go()
        self.assertEqual([call[0] for call in self.calls], [0, 1, 2, 3, 4])

    def test_one(self) -> None:
        """
        One packet may always wait, however large it is.
        """
        self.chat.use(self.slow)
        self.chat.on("connection", self.slowly)
        visitor = self.come("/chat")
        visitor.emit("/chat", "a", KB * 10)
        self.assertLives()
        visitor.emit("/chat", "a")
        self.assertFlooded()

    def test_atOnce(self) -> None:
        """
        What does not wait is not weighed.
        """
        self.hall.root.on("clientMessage", lambda message, client: None)
        visitor = self.come(ROOT, maxPending=0, maxPendingBytes=0)
        for _ in range(10):
            visitor.say(Kind.MESSAGE, ROOT, KB * 10)
        self.assertLives()

    def test_done(self) -> None:
        """
        What is done with makes room, in whichever order.
        """
        for isConcurrent in (False, True):
            self.hall = Hall(concurrentHandlers=isConcurrent)
            self.waiting.clear()
            self.hall.root.on("connection", self.slowly)
            visitor = self.come(ROOT, maxPending=4)
            for number in range(20):
                visitor.emit(ROOT, "a", number, KB)
                if number >= 3:
                    self.go()
            self.assertLives()

    def test_quick(self) -> None:
        """
        So does what waits for its turn and is done with at once then.
        """
        self.hall.root.on("connection", self.slowly)
        visitor = self.come(ROOT, maxPending=4)
        for _ in range(5):
            visitor.emit(ROOT, "a")
            for _ in range(3):
                visitor.emit(ROOT, "b", KB)
            self.go()
        self.assertLives()

    def test_concurrent(self) -> None:
        """
        Where nothing waits for its turn, what the handlers are at counts.
        """
        self.hall = Hall(concurrentHandlers=True)
        self.hall.root.on("connection", self.slowly)
        visitor = self.come(ROOT)
        for _ in range(5):
            visitor.emit(ROOT, "a", KB)
        self.assertLives()
        visitor.emit(ROOT, "a", KB)
        self.assertFlooded()

    def test_middleware(self) -> None:
        """
        So does what C{client.use} has to say of.
        """
        self.hall.root.on("connection", lambda client: client.use(self.slow) and None)
        visitor = self.come(ROOT)
        for _ in range(6):
            visitor.emit(ROOT, "a", KB)
        self.assertFlooded()

    def test_beforeBeingLetIn(self) -> None:
        """
        So does what comes while middleware thinks about the client.
        """
        self.chat.use(self.slow)
        visitor = self.come("/chat")
        for _ in range(5):
            visitor.emit("/chat", "a", KB)
        self.assertFlooded()

    def test_beforeTheNamespaceIs(self) -> None:
        """
        So does what comes while it is decided whether there is such a
        namespace, which waits on where it is.
        """
        for dialect in (MODERN, OLD):
            self.hall = Hall()
            self.hall.parent(self.slow).on("connection", self.slowly)
            visitor = self.come("/x", dialect=dialect)
            for _ in range(4):
                visitor.emit("/x", "a", KB)
            self.waiting.pop().callback(True)
            self.assertLives()
            visitor.emit("/x", "a", KB)
            self.assertLives()
            visitor.emit("/x", "a", KB)
            self.assertFlooded()

    def test_leftBeforeTheNamespaceIs(self) -> None:
        """
        Who leaves takes that along.
        """
        self.hall.parent(self.slow)
        visitor = self.come()
        for _ in range(10):
            visitor.join("/x")
            for _ in range(4):
                visitor.emit("/x", "a", KB)
            visitor.say(Kind.DISCONNECT, "/x")
        self.assertLives()

    def test_talking(self) -> None:
        """
        Who joins by talking has said something that waits.
        """
        self.hall.parent(self.slow).on("connection", self.slowly)
        visitor = self.come(dialect=OLD, maxPending=2)
        visitor.emit("/x", "a", 1)
        visitor.emit("/x", "a", 2)
        self.assertLives()
        self.waiting.pop().callback(True)
        self.assertEqual(self.calls[1:], [(1,)])
        visitor.emit("/x", "a", 3)
        self.assertFlooded("more than 2 packets wait")


class Comings(BacklogCase):
    """
    Coming and going does not begin anew.
    """

    def again(self, visitor: Visitor, step: Callable[[], None]) -> int:
        """
        Join C{/chat} and leave it, again and again.

        @return: how often the server has borne that; 20 times is enough.
        """
        for number in range(20):
            visitor.join("/chat")
            step()
            visitor.say(Kind.DISCONNECT, "/chat")
            if self.hall.keeper.failures:
                return number
        return 20

    def test_handlers(self) -> None:
        """
        What the handlers of who has left are at still counts.
        """
        self.chat.on("connection", self.slowly)
        visitor = self.come()
        borne = self.again(visitor, lambda: visitor.emit("/chat", "a", KB))
        self.assertFlooded()
        # The first has not been weighed: nothing waited.
        self.assertEqual(borne, 5)

    def test_number(self) -> None:
        """
        In number, too.
        """
        self.chat.on("connection", self.slowly)
        visitor = self.come(maxPending=3)
        borne = self.again(visitor, lambda: visitor.emit("/chat", "a"))
        self.assertFlooded("more than 3 packets wait")
        self.assertEqual(borne, 3)

    def test_disconnect(self) -> None:
        """
        So do handlers of C{disconnect}.
        """
        self.chat.on("clientDisconnect", self.slow)
        visitor = self.come(maxPending=3)
        self.assertEqual(self.again(visitor, lambda: None), 3)
        self.assertFlooded("more than 3 packets wait")

    def test_doneMeanwhile(self) -> None:
        """
        Where they are done nothing is left over.
        """
        self.chat.on("connection", self.slowly)
        self.chat.on("clientDisconnect", self.slow)
        visitor = self.come(maxPending=3)

        def step() -> None:
            while self.waiting:
                self.go()
            visitor.emit("/chat", "a", KB)

        self.assertEqual(self.again(visitor, step), 20)
        self.assertLives()

    def test_namespaces(self) -> None:
        """
        All namespaces of a client count together.
        """
        self.hall.root.on("connection", self.slowly)
        self.chat.on("connection", self.slowly)
        visitor = self.come(ROOT, "/chat", maxPending=3)
        for name in (ROOT, "/chat", ROOT):
            visitor.emit(name, "a")
        self.assertLives()
        visitor.emit("/chat", "a")
        self.assertFlooded("more than 3 packets wait")

    def test_others(self) -> None:
        """
        Those of others do not.
        """
        self.hall.root.on("connection", self.slowly)
        for _ in range(5):
            visitor = self.come(ROOT, maxPending=2)
            visitor.emit(ROOT, "a", KB)
            visitor.emit(ROOT, "a", KB)
        self.assertLives()

    def test_farewell(self) -> None:
        """
        However much was at work, who is sent away still gets what was sent
        before.
        """
        for name in ("/a", "/b", "/c", "/d"):
            self.hall.of(name).on("clientDisconnect", self.slow)
        visitor = self.come("/a", "/b", "/c", "/d", maxPending=2)
        visitor.heard()
        visitor.clog()
        visitor.client("/a").send("bye")
        visitor.session.close(DisconnectReason.SHUTDOWN)
        self.assertEqual(len(self.calls), 4)
        self.assertLives()
        visitor.stream.resume()
        self.assertEqual(visitor.heard(), ["MESSAGE /a bye", "CLOSE /"])


class Auth(BacklogCase):
    """
    What is sent along to be let in stays as long as the client.
    """

    def test_in(self) -> None:
        """
        That of all who are in is weighed together.
        """
        self.hall.parent(lambda name, auth: True)
        visitor = self.come()
        for number in range(4):
            visitor.join(f"/{number}", KB)
        self.assertLives()
        visitor.join("/4", KB)
        self.assertFlooded()
        self.assertEqual(self.hall.registry["/0"].clients, {})
        self.assertNotIn("/4", self.hall.registry)

    def test_one(self) -> None:
        """
        One may be of any size.
        """
        self.assertEqual(self.come("/chat").heard(), ["CONNECT /chat SID1/chat"])
        visitor = self.come()
        visitor.join("/chat", KB * 10)
        self.assertLives()
        visitor.join("/x", 1)
        self.assertFlooded()

    def test_none(self) -> None:
        """
        Who sends nothing along weighs nothing.
        """
        self.hall.parent(lambda name, auth: True)
        visitor = self.come(maxPendingBytes=0)
        for number in range(5):
            visitor.join(f"/{number}")
        self.assertLives()

    def test_thinking(self) -> None:
        """
        It stays even longer where the application still thinks about who has
        left.
        """
        self.hall.parent(self.slow)
        self.chat.use(self.slow)
        for name in ("/chat", "/x"):
            self.hall.keeper.failures.clear()
            visitor = self.come()
            for _ in range(5):
                visitor.join(name, KB)
                visitor.say(Kind.DISCONNECT, name)
            self.assertFlooded()

    def test_gone(self) -> None:
        """
        It goes with the client, in whichever way that goes.
        """
        refused = self.hall.of("/refused")
        refused.use(lambda client: 1 / 0)
        self.hall.of("/slow").use(self.slow)
        self.hall.parent(self.slow)
        visitor = self.come()
        for _ in range(10):
            visitor.join("/chat", KB)
            visitor.say(Kind.DISCONNECT, "/chat")
            visitor.join("/chat", KB)
            visitor.client("/chat").disconnect()
            visitor.join("/refused", KB)
            visitor.join("/slow", KB)
            visitor.say(Kind.DISCONNECT, "/slow")
            self.go()
            visitor.join("/x", KB)
            visitor.say(Kind.DISCONNECT, "/x")
            self.go()
            visitor.join("/y", KB)
            self.waiting.pop().callback(False)
        self.assertLives()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 10)
