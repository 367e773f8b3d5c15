"""
Tests for L{txsocketio.inbox}: what clients send, on its way to the handlers.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, ConnectionRefused, DisconnectReason
from txsocketio.packets import ROOT, Kind
from txsocketio.test.hall import OLD, Hall
from txsocketio.test.support import Server


class InboxCase(SynchronousTestCase):
    """
    A client whose handlers take as long as the test wants.
    """

    concurrentHandlers = False

    def setUp(self) -> None:
        self.hall = Hall(concurrentHandlers=self.concurrentHandlers)
        self.visitor = self.hall.come(ROOT, maxPending=4)
        self.client = self.visitor.client()
        self.calls: list[Any] = []
        self.waiting: list[Deferred[Any]] = []
        self.visitor.heard()

    def note(self, *args: Any) -> None:
        """
        A handler.
        """
        self.calls.append(args)

    def slow(self, *args: Any) -> Deferred[Any]:
        """
        A handler that takes its time.
        """
        self.calls.append(args)
        self.waiting.append(Deferred())
        return self.waiting[-1]


class Middleware(InboxCase):
    """
    C{client.use}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.client.on("a", self.note)
        self.client.on("message", self.note)

    def test_sees(self) -> None:
        """
        Each sees each event before the handlers do, messages too, in the
        order in which they were added.
        """
        self.client.use(lambda *args: self.note("first", *args))
        self.client.use(lambda *args: self.note("second", *args))
        self.visitor.emit(ROOT, "a", 1)
        self.visitor.say(Kind.MESSAGE, ROOT, "hi")
        expected = [("first", "a", 1), ("second", "a", 1), (1,)]
        expected += [("first", "message", "hi"), ("second", "message", "hi"), ("hi",)]
        self.assertEqual(expected, self.calls)

    def test_decorator(self) -> None:
        """
        It leaves a function as it is.
        """
        self.assertEqual(self.note, self.client.use(self.note))

    def test_stops(self) -> None:
        """
        What it raises goes to the C{error} handlers, and nobody else hears of
        the event, which is not acknowledged.
        """
        error = ValueError("no")

        def refuse(event: str, *args: Any) -> None:
            raise error

        self.client.use(refuse)
        self.client.use(self.note)
        self.client.onAny(self.note)
        self.hall.root.on("clientMessage", self.note)
        self.client.on("error", self.note)
        self.visitor.emit(ROOT, "a", id=1)
        self.visitor.say(Kind.MESSAGE, ROOT, "hi")
        self.assertEqual(([(error,)] * 2, []), (self.calls, self.visitor.heard()))
        self.assertTrue(self.client.connected)

    def test_logged(self) -> None:
        """
        Without such handlers it is logged.
        """
        self.client.use(lambda event: 1 / 0)
        self.visitor.emit(ROOT, "a")
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual([], self.calls)

    def test_slow(self) -> None:
        """
        A Deferred or a coroutine is waited for; what comes behind keeps its
        place.
        """
        decided: Deferred[None] = Deferred()

        async def coroutine(event: str, *args: Any) -> None:
            await decided

        self.client.use(coroutine)
        self.client.use(lambda *args: decided)
        self.client.on("a", lambda number: number)
        self.visitor.emit(ROOT, "a", 1, id=7)
        self.visitor.emit(ROOT, "a", 2)
        self.assertEqual([], self.calls)
        decided.callback(None)
        self.assertEqual([(1,), (2,)], self.calls)
        self.assertEqual(["ACK / #7 [1]"], self.visitor.heard())

    def test_acknowledgement(self) -> None:
        """
        Acknowledgements do not pass it: it may itself wait for one.
        """

        async def ask(event: str, *args: Any) -> None:
            self.note(await self.client.emitWithAck("ask"))

        self.client.use(ask)
        self.visitor.emit(ROOT, "a", 1)
        self.visitor.say(Kind.ACK, ROOT, ["yes"], 1)
        self.assertEqual([("yes",), (1,)], self.calls)

    def test_goes(self) -> None:
        """
        What came before the client went is handled before C{disconnect}.
        """
        decided: Deferred[None] = Deferred()
        self.client.use(lambda *args: decided)
        self.client.on("disconnect", self.note)
        self.visitor.emit(ROOT, "a", 1)
        self.visitor.lose()
        decided.callback(None)
        self.assertEqual([(1,), (DisconnectReason.TRANSPORT_CLOSE,)], self.calls)


class InTurn(InboxCase):
    """
    One event after the other.
    """

    def test_waits(self) -> None:
        """
        Each waits for those before it.
        """
        self.client.on("a", self.slow)
        self.visitor.emit(ROOT, "a", 1)
        self.visitor.emit(ROOT, "a", 2)
        self.assertEqual([(1,)], self.calls)
        self.waiting[0].callback(None)
        self.assertEqual([(1,), (2,)], self.calls)

    def test_waitsBehindMiddleware(self) -> None:
        """
        So with middleware before them.
        """
        self.client.use(lambda *args: None)
        self.test_waits()

    def test_noDeadlock(self) -> None:
        """
        An answer that a handler waits for does not wait for the handler, nor
        for what came before the answer.
        """

        @self.client.on("a")
        async def ask() -> None:
            self.note(await self.client.emitWithAck("ask"))

        self.client.on("b", self.note)
        self.visitor.emit(ROOT, "a")
        self.visitor.emit(ROOT, "b")
        self.assertEqual([], self.calls)
        self.visitor.say(Kind.ACK, ROOT, ["yes"], 1)
        self.assertEqual([("yes",), ()], self.calls)


class Concurrent(InboxCase):
    """
    C{concurrentHandlers}.
    """

    concurrentHandlers = True

    def test_doNotWait(self) -> None:
        """
        An event does not wait for the handlers of those before; each is
        acknowledged when it is done.
        """
        self.client.on("a", self.slow)
        for number in (1, 2):
            self.visitor.emit(ROOT, "a", number, id=number)
        self.assertEqual([(1,), (2,)], self.calls)
        self.waiting[1].callback("two")
        self.waiting[0].callback("one")
        self.assertEqual(["ACK / #2 ['two']", "ACK / #1 ['one']"], self.visitor.heard())

    def test_admission(self) -> None:
        """
        They do wait for the client to be let in, and for the handlers of
        C{connection}.
        """
        decided: Deferred[None] = Deferred()

        @self.hall.root.on("connection")
        async def connection(client: Client) -> None:
            await decided
            client.on("a", self.note)

        visitor = self.hall.come(ROOT)
        visitor.emit(ROOT, "a", 1)
        self.assertEqual([], self.calls)
        decided.callback(None)
        self.assertEqual([(1,)], self.calls)

    def test_bounded(self) -> None:
        """
        Those under way count, as long as they are.
        """
        self.client.on("a", self.slow)
        for number in range(4):
            self.visitor.emit(ROOT, "a", number)
        self.waiting[0].callback(None)
        self.visitor.emit(ROOT, "a", 4)
        self.assertTrue(self.client.connected)
        self.visitor.emit(ROOT, "a", 5)
        failure = (DisconnectReason.FLOOD, "more than 4 packets wait")
        self.assertEqual([failure], self.hall.keeper.failures)

    def test_goes(self) -> None:
        """
        When the client goes, nobody waits for them.
        """
        self.client.on("a", self.slow)
        self.client.on("disconnect", self.note)
        self.visitor.emit(ROOT, "a", 1)
        self.visitor.lose()
        self.assertEqual([(1,), (DisconnectReason.TRANSPORT_CLOSE,)], self.calls)
        self.waiting[0].callback("too late")

    def test_option(self) -> None:
        """
        It is an option of the listener's.
        """
        for isConcurrent in (False, True):
            io = Server(concurrentHandlers=isConcurrent).io
            self.assertIs(isConcurrent, io.of("/x").concurrentHandlers)

    def test_middleware(self) -> None:
        """
        Nor do events wait for the middleware that others wait for.
        """
        self.client.use(lambda event, wait=None: wait and self.slow(event))
        self.client.on("a", self.note)
        self.visitor.emit(ROOT, "a", "wait")
        self.visitor.emit(ROOT, "a")
        self.assertEqual([("a",), ()], self.calls)
        self.waiting[0].callback(None)
        self.assertEqual([("a",), (), ("wait",)], self.calls)


class Going(InboxCase):
    """
    C{disconnecting} and C{disconnect}.
    """

    def test_disconnecting(self) -> None:
        """
        At once, with the reason, while the client still knows its rooms; what
        is said to them then reaches the others, and it alone not.
        """
        other = self.hall.come(ROOT)
        for client in (self.client, other.client()):
            client.join("red")
        other.heard()

        @self.client.on("disconnecting")
        def disconnecting(reason: DisconnectReason) -> None:
            self.note(reason, self.client.rooms, self.client.connected)
            self.hall.root.to(*self.client.rooms).send("bye")
            self.client.disconnect()
            self.client.join("blue")

        self.client.on("a", self.slow)
        self.client.on("disconnect", self.note)
        self.visitor.emit(ROOT, "a")
        self.client.disconnect()
        why = DisconnectReason.SERVER
        told = (why, {"red", self.client.sessionId}, False)
        self.assertEqual([(), told], self.calls)
        self.assertEqual(["DISCONNECT /"], self.visitor.heard())
        self.assertEqual(["MESSAGE / bye"], other.heard())
        self.waiting[0].callback(None)
        self.assertEqual([(), told, (why,)], self.calls)
        self.assertEqual(frozenset(), self.client.rooms)
        self.assertNotIn("blue", self.hall.root.rooms)

    def test_nothingBehind(self) -> None:
        """
        Who is sent away while it is let in, or by the first of what it sent
        before it was, is not heard any more.
        """
        decided: Deferred[bool] = Deferred()
        parent = self.hall.parent(lambda name, auth: decided)
        chat = self.hall.of("/chat")

        def hear(client: Client) -> None:
            client.on("a", client.disconnect)
            client.onAny(self.note)
            client.on("disconnect", lambda reason: self.note("gone"))

        parent.on("connection", hear)
        chat.on("connection", hear)
        chat.on("connection", lambda client: client.disconnect())
        early = self.hall.come("/room")
        early.emit("/room", "a")
        early.emit("/room", "b")
        decided.callback(True)
        self.hall.come(dialect=OLD).emit("/chat", "c")
        self.assertEqual([("a",), ("gone",), ("gone",)], self.calls)


class Any_(InboxCase):
    """
    C{onAny}, C{onAnyOutgoing} and what undoes them.
    """

    def test_incoming(self) -> None:
        """
        C{offAny} takes out one, or all.
        """
        other = self.calls.append
        self.client.onAny(self.note)
        self.assertEqual(other, self.client.prependAny(other))
        self.visitor.emit(ROOT, "a")
        self.client.offAny(other)
        self.client.offAny(other)
        self.visitor.emit(ROOT, "b")
        self.client.offAny()
        self.visitor.emit(ROOT, "c")
        self.assertEqual(["a", ("a",), ("b",)], self.calls)

    def test_outgoing(self) -> None:
        """
        It hears all events that are sent to this client, however that is.
        """
        self.hall.come(ROOT)
        self.assertEqual(self.note, self.client.onAnyOutgoing(self.note))
        self.client.emit("a", 1)
        self.client.send("b")
        self.client.volatile.emit("c")
        self.client.emitWithAck("d")
        self.hall.root.emit("e", 2)
        self.hall.root.exclude(self.client.sessionId).emit("f")
        self.hall.root.emitWithAck("g", timeout=1).addErrback(lambda _: None)
        self.assertEqual([("a", 1), ("message", "b"), ("c",), ("d",), ("e", 2), ("g",)], self.calls)

    def test_outgoingOff(self) -> None:
        """
        C{offAnyOutgoing} takes out one, or all; who has gone is told nothing.
        """
        first, second = self.hall.come(ROOT).client(), self.hall.come(ROOT).client()
        for client in (self.client, first, second):
            client.onAnyOutgoing(self.note)
            client.onAnyOutgoing(self.calls.append)
        self.client.offAnyOutgoing(self.note)
        first.offAnyOutgoing()
        second.disconnect()
        self.hall.root.emit("a")
        first.emit("b")
        second.emit("c")
        self.assertEqual(["a"], self.calls)
        self.assertEqual({self.client}, self.hall.root.overheard)

    def test_outgoingEarly(self) -> None:
        """
        Middleware may ask for it before the client is let in. Nothing is kept
        of who never is, nor of who asks when it has gone.
        """
        self.client.disconnect()
        self.client.onAnyOutgoing(self.note)
        decided: list[Deferred[None]] = []

        def think(client: Client) -> Deferred[None]:
            client.onAnyOutgoing(self.note)
            decided.append(Deferred())
            return decided[-1]

        self.hall.root.use(think)
        _, gone, let = (self.hall.come(ROOT) for _ in range(3))
        decided[0].errback(ConnectionRefused("no"))
        gone.lose()
        decided[1].callback(None)
        self.assertEqual(set(), self.hall.root.overheard)
        decided[2].callback(None)
        self.hall.root.emit("a")
        self.assertEqual([("a",)], self.calls)
        self.assertEqual({let.client()}, self.hall.root.overheard)

    def test_outgoingRaises(self) -> None:
        """
        What it raises is logged, and the event sent.
        """
        self.client.onAnyOutgoing(lambda event: 1 / 0)
        self.client.emit("a")
        self.assertEqual(["EVENT / ['a']"], self.visitor.heard())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
