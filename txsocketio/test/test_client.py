"""
Tests for L{txsocketio.client}, through a site in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import (
    AckTimeout,
    Client,
    ClientDisconnected,
    DisconnectReason,
    LocalProtocolError,
    UnsupportedByClient,
)
from txsocketio.test.peer import Peer, events
from txsocketio.test.support import Server


class ClientCase(SynchronousTestCase):
    """
    A server with one client, C{peer}, which is C{client} there.
    """

    options: dict[str, Any] = {}  # noqa: RUF012 - is replaced, never changed

    def setUp(self) -> None:
        self.server = Server(**self.options)
        self.io = self.server.io
        self.peer = Peer(self.server)
        self.client = self.peer.client

    def raised(self, kind: type[Exception]) -> list[str]:
        """
        What handlers of this test have raised, which is taken from the log.
        """
        return [failure.getErrorMessage() for failure in self.flushLoggedErrors(kind)]


class Attributes(ClientCase):
    """
    What a client tells of itself.
    """

    def test_listener(self) -> None:
        """
        The listener to which it belongs.
        """
        self.assertIs(self.io, self.client.listener)

    def test_connected(self) -> None:
        """
        True until the client has gone.
        """
        self.assertIs(True, self.client.connected)
        self.peer.goodbye()
        self.assertIs(False, self.client.connected)

    def test_connections(self) -> None:
        """
        How often it has connected: a WebSocket once, polls each time.
        """
        self.assertEqual(1, self.client.connections)
        sid = self.server.open()
        client = self.io.clients[sid]
        self.assertEqual(1, client.connections)
        self.server.poll(sid)
        self.server.poll(sid)
        self.assertEqual(3, client.connections)

    def test_sessionId(self) -> None:
        """
        What the opening has told the peer.
        """
        self.assertEqual(self.peer.sid, self.client.sessionId)

    def test_transport(self) -> None:
        """
        The transport's name.
        """
        self.assertEqual("websocket", self.client.transport)
        self.assertEqual("xhr-polling", self.io.clients[self.server.open()].transport)
        self.assertEqual("websocket", self.client.transport)

    def test_protocol(self) -> None:
        """
        The generation's name.
        """
        self.assertEqual("annotated", self.client.protocol)

    def test_handshake(self) -> None:
        """
        What the opening request brought along.
        """
        wire = self.server.request(
            "GET",
            "/socket.io/xhr-polling/?a=1&b=2&b=3",
            {"X-Who": "me", "Cookie": "k=v"},
            wire=self.server.connect("10.1.2.3"),
        )
        sid = wire.answer().body.decode("ascii")[5:-1]
        handshake = self.io.clients[sid].handshake
        self.assertEqual({"host": "example.com", "x-who": "me", "cookie": "k=v"}, handshake.headers)
        self.assertEqual({"a": "1", "b": "3"}, handshake.query)
        self.assertEqual("10.1.2.3", handshake.address)
        self.assertIs(False, handshake.secure)
        self.assertEqual(handshake.auth, {})
        self.assertEqual("/socket.io/xhr-polling/?a=1&b=2&b=3", handshake.url)
        self.assertIsInstance(handshake.time, float)

    def test_data(self) -> None:
        """
        A dict of the application's own, for each client.
        """
        self.client.data["name"] = "Alice"
        self.assertEqual({"name": "Alice"}, self.peer.client.data)
        self.assertEqual({}, Peer(self.server).client.data)

    def test_repr(self) -> None:
        """
        A log can tell who it was.
        """
        self.assertEqual(f"<Client {self.peer.sid} in / over websocket>", repr(self.client))


class Sending(ClientCase):
    """
    The verbs.
    """

    def test_sendText(self) -> None:
        """
        A str travels as it is.
        """
        self.client.send("Hello world")
        self.assertEqual([":Hello world"], self.peer.heard())

    def test_sendAnythingElse(self) -> None:
        """
        Anything else travels as JSON.
        """
        for value in ({"a": 1}, [1, "b"], 5, None, True):
            self.client.send(value)
        self.assertEqual(['j:{"a":1}', 'j:[1,"b"]', "j:5", "j:null", "j:true"], self.peer.heard())

    def test_sendJSON(self) -> None:
        """
        Strings and numbers as JSON too.
        """
        self.client.sendJSON("Hello")
        self.client.sendJSON(5)
        self.client.sendJSON({"a": 1})
        self.assertEqual(['j:"Hello"', "j:5", 'j:{"a":1}'], self.peer.heard())

    def test_annotations(self) -> None:
        """
        A client of the first protocol is told the annotations.
        """
        self.client.send("Hello", {"lang": "en"})
        self.client.send({"a": 1}, {"lang": "en"})
        self.assertEqual(["lang:en:Hello", 'lang:en\nj:{"a":1}'], self.peer.heard())

    def test_badAnnotations(self) -> None:
        """
        What no annotation can be is told to the caller, and nobody else.
        """
        for bad in ({"a:b": "c"}, {"k": "line\nline"}, {"r": "chat"}, {"": "v"}):
            self.assertRaises(LocalProtocolError, self.client.send, "x", bad)
        self.assertEqual([], self.peer.heard())
        self.assertTrue(self.client.connected)

    def test_emit(self) -> None:
        """
        An event and its arguments.
        """
        self.client.emit("chat", "hi", {"n": 1})
        self.client.emit("ping!")
        self.assertEqual(['e:chat\nj:["hi",{"n":1}]', "e:ping!\nj:[]"], self.peer.heard())

    def test_emitMessage(self) -> None:
        """
        The event C{message} with one argument is what C{send} sends.
        """
        self.client.emit("message", "hi")
        self.client.emit("message", {"a": 1})
        self.assertEqual([":hi", 'j:{"a":1}'], self.peer.heard())

    def test_emitReserved(self) -> None:
        """
        The protocol's own events cannot be emitted, nor can what is no name.
        """
        for event in ("connect", "connect_error", "disconnect", "disconnecting",
                      "newListener", "removeListener", "error", "", "a\nb", 5):  # fmt: skip
            self.assertRaises(LocalProtocolError, self.client.emit, event, 1)
        self.assertEqual([], self.peer.heard())

    def test_unsupported(self) -> None:
        """
        What this generation cannot carry is told to the caller.
        """
        self.assertRaises(UnsupportedByClient, self.client.send, b"bytes")
        self.assertRaises(UnsupportedByClient, self.client.emit, "x", {"a": [b"bytes"]})
        self.assertRaises(UnsupportedByClient, self.client.emitWithAck, "x", b"bytes")
        self.assertEqual([], self.peer.heard())
        self.assertTrue(self.client.connected)

    def test_unwritable(self) -> None:
        """
        So is what no generation can carry.
        """
        self.assertRaises(LocalProtocolError, self.client.send, object())
        self.assertRaises(LocalProtocolError, self.client.sendJSON, float("nan"))
        self.assertEqual([], self.peer.heard())

    def test_broadcast(self) -> None:
        """
        To every other client.
        """
        others = [Peer(self.server), Peer(self.server)]
        self.client.broadcast("hi")
        self.client.broadcast({"a": 1})
        self.assertEqual([[":hi", 'j:{"a":1}']] * 2, [other.heard() for other in others])
        self.assertEqual([], self.peer.heard())

    def test_queued(self) -> None:
        """
        What is sent between polls is there at the next one, in order.
        """
        sid = self.server.open()
        client = self.io.clients[sid]
        client.send("one")
        client.emit("two", 2)
        self.assertEqual(b"1:4::one,1:11:e:two\nj:[2],", self.server.poll(sid).answer().body)

    def test_afterTheEnd(self) -> None:
        """
        Sending to a client that has gone is no error, and does nothing.
        """
        other = Peer(self.server)
        room = self.client.rooms
        self.peer.goodbye()
        self.peer.heard()
        client = self.client
        self.assertFalse(client.connected)
        client.send("x")
        client.send("x", {"k": "v"})
        client.sendJSON("x")
        client.emit("x", 1)
        client.volatile.send("x")
        client.volatile.emit("x")
        client.join("room")
        client.leave("room")
        client.leave(*room)
        client.disconnect()
        client.disconnect(close=True)
        self.assertEqual(frozenset(), client.rooms)
        self.assertEqual([], self.peer.heard())
        self.assertEqual([], other.heard())


class Volatile(ClientCase):
    """
    C{client.volatile}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.sid = self.server.open()
        self.poller = self.io.clients[self.sid]

    def say(self) -> None:
        """
        Every verb, volatile and not.
        """
        self.poller.volatile.send("a")
        self.poller.volatile.sendJSON("b")
        self.poller.volatile.emit("c", 1)
        self.poller.send("d")

    def test_dropped(self) -> None:
        """
        While no poll waits, they are dropped.
        """
        self.say()
        self.assertEqual(b"1:2::d,", self.server.poll(self.sid).answer().body)

    def test_sent(self) -> None:
        """
        To a client that can be written to, they are sent.
        """
        self.client.volatile.send("a")
        self.client.volatile.sendJSON("b")
        self.client.volatile.emit("c", 1)
        self.assertEqual([":a", 'j:"b"', "e:c\nj:[1]"], self.peer.heard())

    def test_asking(self) -> None:
        """
        So with what is to be acknowledged: who is not asked does not answer.
        """
        dropped = self.poller.volatile.emitWithAck("a", timeout=5)
        asked = self.client.volatile.emitWithAck("b", 1, timeout=5)
        self.assertEqual(["a:2\ne:b\nj:[1]"], self.peer.heard())
        self.peer.say("a:2\ne:\nj:[7]")
        self.assertEqual(7, self.successResultOf(asked))
        self.server.clock.advance(5)
        self.failureResultOf(dropped, AckTimeout)
        self.poller.send("c")
        self.assertEqual(b"1:2::c,", self.server.poll(self.sid).answer().body)

    def test_broadcast(self) -> None:
        """
        So with what is for the others.
        """
        self.client.volatile.broadcast("a")
        self.poller.volatile.broadcast("b")
        self.poller.send("c")
        self.assertEqual(b"1:2::c,", self.server.poll(self.sid).answer().body)
        self.assertEqual([":b"], self.peer.heard())

    def test_socketFull(self) -> None:
        """
        A WebSocket that takes no more just now is not written to.
        """
        producer = self.peer.wire.producer
        assert producer is not None
        producer.pauseProducing()
        self.client.volatile.send("a")
        self.client.send("b")
        producer.resumeProducing()
        self.client.volatile.send("c")
        self.assertEqual([":b", ":c"], self.peer.heard())

    def test_realm(self) -> None:
        """
        They speak in the client's own namespace.
        """
        self.io.realm("chat")
        self.peer.say("r:chat:hello")
        self.peer.inRealm("chat").volatile.emit("x")
        self.assertEqual(["r:chat\ne:x\nj:[]"], self.peer.heard())


class Acknowledgements(ClientCase):
    """
    C{client.emitWithAck}.
    """

    options = {"maxAcks": 3}  # noqa: RUF012 - is replaced, never changed

    def test_event(self) -> None:
        """
        The event asks for it, under a number that grows.
        """
        self.client.emitWithAck("ask", "a", 1)
        self.client.emitWithAck("ask")
        self.assertEqual(['a:1\ne:ask\nj:["a",1]', "a:2\ne:ask\nj:[]"], self.peer.heard())

    def test_one(self) -> None:
        """
        One argument is the result itself, even if it is a list.
        """
        done = self.client.emitWithAck("ask")
        self.assertNoResult(done)
        self.peer.acknowledge(1, "yes")
        self.assertEqual("yes", self.successResultOf(done))
        done = self.client.emitWithAck("ask")
        self.peer.acknowledge(2, [1, 2])
        self.assertEqual([1, 2], self.successResultOf(done))

    def test_several(self) -> None:
        """
        Several arguments are a tuple.
        """
        done = self.client.emitWithAck("ask")
        self.peer.acknowledge(1, "yes", {"a": 1})
        self.assertEqual(("yes", {"a": 1}), self.successResultOf(done))

    def test_none(self) -> None:
        """
        Without arguments the result is None.
        """
        done = self.client.emitWithAck("ask")
        self.peer.acknowledge(1)
        self.assertIsNone(self.successResultOf(done))

    def test_order(self) -> None:
        """
        Each goes to the one who has asked.
        """
        first, second = self.client.emitWithAck("ask"), self.client.emitWithAck("ask")
        self.peer.acknowledge(2, "second")
        self.assertNoResult(first)
        self.assertEqual("second", self.successResultOf(second))
        self.peer.acknowledge(1, "first")
        self.assertEqual("first", self.successResultOf(first))

    def test_unasked(self) -> None:
        """
        One that answers nothing, or comes twice, is ignored.
        """
        done = self.client.emitWithAck("ask")
        self.peer.acknowledge(7, "nobody asked")
        self.peer.acknowledge(1, "yes")
        self.peer.acknowledge(1, "again")
        self.assertEqual("yes", self.successResultOf(done))
        self.assertTrue(self.client.connected)

    def test_whileAHandlerRuns(self) -> None:
        """
        A handler can wait for an acknowledgement of the client whose event it
        handles.
        """
        answers = []

        @self.client.on("begin")
        async def begin() -> None:
            answers.append(await self.client.emitWithAck("ask"))

        self.peer.emit("begin")
        self.peer.acknowledge(1, "yes")
        self.assertEqual(["yes"], answers)

    def test_timeout(self) -> None:
        """
        After C{timeout} seconds it fails; what comes later is ignored.
        """
        done = self.client.emitWithAck("ask", timeout=2.5)
        self.server.clock.advance(2.25)
        self.assertNoResult(done)
        self.server.clock.advance(0.25)
        self.assertIn("2.5 s", str(self.failureResultOf(done, AckTimeout).value))
        self.peer.acknowledge(1, "too late")
        self.assertTrue(self.client.connected)

    def test_inTime(self) -> None:
        """
        One that has come keeps no timer running.
        """
        before = self.server.clock.getDelayedCalls()
        done = self.client.emitWithAck("ask", timeout=2)
        self.peer.acknowledge(1, "yes")
        self.assertEqual("yes", self.successResultOf(done))
        self.assertEqual(before, self.server.clock.getDelayedCalls())

    def test_disconnect(self) -> None:
        """
        When the client goes, it fails with the reason; no timer runs on.
        """
        timed = self.client.emitWithAck("ask", timeout=9999)
        done = self.client.emitWithAck("ask")
        self.peer.goodbye()
        for each in (timed, done):
            error = self.failureResultOf(each, ClientDisconnected).value
            self.assertIs(DisconnectReason.CLIENT, error.reason)
        self.assertLess(
            max((c.getTime() for c in self.server.clock.getDelayedCalls()), default=0), 9999
        )

    def test_gone(self) -> None:
        """
        Of a client that has gone already, it fails at once, with the reason.
        """
        self.peer.goodbye()
        error = self.failureResultOf(self.client.emitWithAck("ask"), ClientDisconnected).value
        self.assertIs(DisconnectReason.CLIENT, error.reason)

    def test_tooMany(self) -> None:
        """
        No more than C{maxAcks} are awaited.
        """
        done = [self.client.emitWithAck("ask") for _ in range(4)]
        self.failureResultOf(done.pop(), AckTimeout)
        self.assertEqual(3, len(self.peer.heard()))
        self.peer.acknowledge(1)
        self.successResultOf(done[0])
        self.assertNoResult(self.client.emitWithAck("ask"))
        self.assertEqual(1, len(self.peer.heard()))

    def test_cancel(self) -> None:
        """
        Who does not want it any more can say so, which makes room again.
        """
        for _ in range(5):
            done = self.client.emitWithAck("ask", timeout=5)
            done.cancel()
            self.failureResultOf(done, CancelledError)
        self.peer.acknowledge(1, "yes")
        self.assertTrue(self.client.connected)

    def test_unwritten(self) -> None:
        """
        What cannot be written is not awaited.
        """
        for _ in range(5):
            self.assertRaises(LocalProtocolError, self.client.emitWithAck, "x", object(), timeout=1)
            self.assertRaises(LocalProtocolError, self.client.emitWithAck, "disconnect")
        self.assertNoResult(self.client.emitWithAck("ask"))


class Rooms(ClientCase):
    """
    C{join}, C{leave}, C{to}.
    """

    options = {"maxRooms": 3}  # noqa: RUF012 - is replaced, never changed

    def setUp(self) -> None:
        super().setUp()
        self.other = Peer(self.server)
        self.third = Peer(self.server)

    def heard(self) -> list[list[str]]:
        """
        What each of the three has heard.
        """
        return [peer.heard() for peer in (self.peer, self.other, self.third)]

    def test_own(self) -> None:
        """
        Each client is in the room of its session id, and stays there.
        """
        self.assertEqual({self.peer.sid}, self.client.rooms)
        self.client.leave(self.peer.sid)
        self.assertEqual({self.peer.sid}, self.client.rooms)
        self.client.broadcast("x")
        self.assertEqual([[], [":x"], [":x"]], self.heard())

    def test_join(self) -> None:
        """
        Who has joined a room hears what is said to it.
        """
        self.client.join("red")
        self.other.client.join("red", "blue")
        self.assertEqual({self.other.sid, "red", "blue"}, self.other.client.rooms)
        self.io.to("red").emit("x")
        self.io.to("blue").send("y")
        self.assertEqual([["e:x\nj:[]"], ["e:x\nj:[]", ":y"], []], self.heard())

    def test_leave(self) -> None:
        """
        Who has left it does not. Leaving what one is not in is no error.
        """
        self.client.join("red")
        self.client.leave("red")
        self.client.leave("red", "blue")
        self.assertEqual({self.peer.sid}, self.client.rooms)
        self.io.to("red").send("x")
        self.assertEqual([[], [], []], self.heard())

    def test_to(self) -> None:
        """
        C{client.to} speaks to the others in the rooms, to each once.
        """
        self.client.join("red")
        self.other.client.join("red", "blue")
        self.client.to("red", "blue").emit("x")
        self.assertEqual([[], ["e:x\nj:[]"], []], self.heard())

    def test_toOne(self) -> None:
        """
        A session id is a room.
        """
        self.client.to(self.third.sid).send("psst")
        self.assertEqual([[], [], [":psst"]], self.heard())

    def test_tooMany(self) -> None:
        """
        No more than C{maxRooms}, its own among them.
        """
        self.client.join("red", "blue")
        self.client.join("red")
        self.assertRaises(LocalProtocolError, self.client.join, "green")
        self.assertEqual({self.peer.sid, "red", "blue"}, self.client.rooms)

    def test_gone(self) -> None:
        """
        Who has gone is in no room.
        """
        self.client.join("red")
        client = self.client
        self.peer.goodbye()
        self.assertEqual(frozenset(), client.rooms)
        self.io.to("red").send("x")
        self.peer.heard()
        self.assertNotIn("red", self.io.of("/")._rooms)


class Disconnecting(ClientCase):
    """
    C{client.disconnect}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.io.realm("chat")
        self.peer.say("r:chat:hello")
        self.inChat = self.peer.inRealm("chat")
        self.reasons: list[tuple[str, str]] = []
        self.client.on("disconnect", lambda reason: self.reasons.append(("/", reason)))
        self.inChat.on("disconnect", lambda reason: self.reasons.append(("/chat", reason)))

    def test_root(self) -> None:
        """
        From the default namespace, which is the connection itself: the client
        is told, after what has been sent before.
        """
        self.client.send("bye")
        self.client.disconnect()
        self.assertEqual([":bye", "0:0:,", "close 1000"], self.peer.heard())
        self.assertEqual({"/", "/chat"}, {name for name, _ in self.reasons})
        self.assertEqual({"server namespace disconnect"}, {why for _, why in self.reasons})
        self.assertFalse(self.client.connected or self.inChat.connected)

    def test_realm(self) -> None:
        """
        From a realm: the connection lives on.
        """
        self.inChat.disconnect()
        self.assertEqual(["r:chat\ne:disconnect\nj:[]"], self.peer.heard())
        self.assertEqual([("/chat", "server namespace disconnect")], self.reasons)
        self.assertEqual({}, self.io.realm("chat").clients)
        self.assertFalse(self.inChat.connected)
        self.inChat.send("nobody there")
        self.inChat.volatile.send("nobody there")
        self.inChat.broadcast("nobody there")
        self.client.send("x")
        self.assertEqual([":x"], self.peer.heard())

    def test_close(self) -> None:
        """
        With C{close}, from a realm: the whole connection.
        """
        self.inChat.disconnect(close=True)
        self.assertEqual(["0:0:,", "close 1000"], self.peer.heard())
        self.assertEqual({"/", "/chat"}, {name for name, _ in self.reasons})

    def test_twice(self) -> None:
        """
        The second call does nothing.
        """
        self.inChat.disconnect()
        self.inChat.disconnect()
        self.client.disconnect()
        self.client.disconnect()
        self.assertEqual(2, len(self.reasons))
        self.assertEqual(["r:chat\ne:disconnect\nj:[]", "0:0:,", "close 1000"], self.peer.heard())

    def test_reason(self) -> None:
        """
        C{disconnect} handlers get the reason, which is a str.
        """
        self.peer.goodbye()
        self.assertIn(("/", "client namespace disconnect"), self.reasons)
        self.assertEqual("client namespace disconnect", f"{self.reasons[0][1]}")

    def test_connectionLost(self) -> None:
        """
        So when the connection just goes.
        """
        self.peer.wire.lose()
        self.assertIn(("/", "transport close"), self.reasons)


class DisconnectingFull(SynchronousTestCase):
    """
    C{client.disconnect} of a client whose queue is full.
    """

    def test_realm(self) -> None:
        """
        The goodbye that finds no room ends the session, and is no error of
        the caller's.
        """
        server = Server(maxQueue=2)
        server.io.realm("chat")
        sid = server.open()
        server.post(f"/xhr-polling/{sid}/send", "1:12:r:chat:hello,")
        client = server.io.realm("chat").clients[sid]
        reasons: list[str] = []
        client.on("disconnect", reasons.append)
        server.io.clients[sid].on("disconnect", reasons.append)
        client.send("one")
        client.send("two")
        client.disconnect()
        self.assertEqual(["slow consumer", "server namespace disconnect"], reasons)
        self.assertEqual({}, server.io.clients)


class Listening(ClientCase):
    """
    C{on}, C{once}, C{addListener}, C{removeListener}, C{onAny}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.calls: list[Any] = []

    def note(self, *args: Any) -> None:
        """
        A handler that notes its arguments.
        """
        self.calls.append(args)

    def test_message(self) -> None:
        """
        C{message} handlers get the message: a str, or what the JSON was.
        """
        self.client.on("message", self.note)
        self.peer.send("hi")
        self.peer.say('j:{"a":[1,null]}')
        self.peer.say('j:"text"')
        self.assertEqual([("hi",), ({"a": [1, None]},), ("text",)], self.calls)

    def test_messageEvent(self) -> None:
        """
        An event of that name is a message, too.
        """
        self.client.on("message", self.note)
        self.io.on("clientMessage", lambda message, client: self.note("io", message))
        self.peer.emit("message", 1, 2)
        self.peer.emit("message")
        self.assertEqual([(1, 2), ("io", 1), (), ("io", None)], self.calls)

    def test_annotationsUnseen(self) -> None:
        """
        Handlers get the message and nothing else.
        """
        self.client.on("message", self.note)
        self.peer.say("lang:en:hi")
        self.assertEqual([("hi",)], self.calls)

    def test_event(self) -> None:
        """
        Handlers of any other event get its arguments.
        """
        self.client.on("chat", self.note)
        self.peer.emit("chat", 1, {"a": 2})
        self.peer.emit("chat")
        self.peer.emit("other", 3)
        self.assertEqual([(1, {"a": 2}), ()], self.calls)

    def test_several(self) -> None:
        """
        All handlers of an event are called, in their order.
        """
        self.client.on("chat", lambda: self.note(1))
        self.client.addListener("chat", lambda: self.note(2))
        self.peer.emit("chat")
        self.assertEqual([(1,), (2,)], self.calls)

    def test_decorators(self) -> None:
        """
        Without a handler C{on} and C{once} are decorators, which leave the
        function as it is; with one they return it.
        """

        @self.client.on("chat")
        def always() -> None:
            self.note("always")

        @self.client.once("chat")
        def first() -> None:
            self.note("first")

        self.peer.emit("chat")
        self.peer.emit("chat")
        self.assertEqual([("always",), ("first",), ("always",)], self.calls)
        always()
        self.assertEqual(("always",), self.calls[-1])
        self.assertEqual(self.note, self.client.on("x", self.note))
        self.assertEqual(self.note, self.client.once("x", self.note))
        self.assertEqual(self.note, self.client.onAny(self.note))

    def test_once(self) -> None:
        """
        Once is once, even for events that come together.
        """
        self.client.once("chat", self.note)
        self.peer.wire.say('1:14:e:chat\nj:["a"],1:14:e:chat\nj:["b"],')
        self.peer.emit("chat", "c")
        self.assertEqual([("a",)], self.calls)

    def test_removeListener(self) -> None:
        """
        Who has been removed is not called; one removal undoes one addition.
        """
        self.client.on("chat", self.note)
        self.client.addListener("chat", self.note)
        self.client.removeListener("chat", self.note)
        self.peer.emit("chat", 1)
        self.assertEqual([(1,)], self.calls)
        self.client.removeListener("chat", self.note)
        self.client.removeListener("chat", self.note)
        self.client.removeListener("never", self.note)
        self.peer.emit("chat", 2)
        self.assertEqual([(1,)], self.calls)

    def test_removeLatest(self) -> None:
        """
        Of several additions the latest is undone.
        """
        self.client.on("chat", self.note)
        self.client.on("chat", lambda n: self.note("between"))
        self.client.on("chat", self.note)
        self.client.removeListener("chat", self.note)
        self.peer.emit("chat", 1)
        self.assertEqual([(1,), ("between",)], self.calls)

    def test_removeOnce(self) -> None:
        """
        One that waits for the next event only can be removed before.
        """
        self.client.once("chat", self.note)
        self.client.removeListener("chat", self.note)
        self.peer.emit("chat", 1)
        self.assertEqual([], self.calls)

    def test_removeWhileCalled(self) -> None:
        """
        Who removes itself while it is called takes no other's turn.
        """

        def first() -> None:
            self.client.removeListener("chat", first)
            self.note("first")

        self.client.on("chat", first)
        self.client.on("chat", lambda: self.note("second"))
        self.peer.emit("chat")
        self.peer.emit("chat")
        self.assertEqual([("first",), ("second",), ("second",)], self.calls)

    def test_onAny(self) -> None:
        """
        Every event of the client, and its name, messages included, before
        the handlers of that event.
        """
        self.client.onAny(self.note)
        self.client.on("chat", lambda n: self.note("chat itself"))
        self.peer.send("hi")
        self.peer.emit("chat", 1)
        self.peer.emit("nobody", 2)
        self.assertEqual(
            [("message", "hi"), ("chat", 1), ("chat itself",), ("nobody", 2)], self.calls
        )

    def test_onAnyAnswersNothing(self) -> None:
        """
        What such a handler returns is no acknowledgement.
        """
        self.client.onAny(lambda event, *args: "seen")
        self.peer.emit("chat", id=1)
        self.assertEqual([], self.peer.heard())


class Results(ClientCase):
    """
    What handlers return, where the peer has asked for an acknowledgement.
    """

    def outcome(self, f: Callable[..., Any], *args: Any) -> list[str]:
        """
        Have C{f} handle an event with an acknowledgement.

        @return: what the peer then hears.
        """
        self.client.on("ask", f)
        self.peer.emit("ask", *args, id=5)
        return self.peer.heard()

    def test_value(self) -> None:
        """
        A value is the one argument, a list too.
        """
        self.assertEqual(["a:5\ne:\nj:[3]"], self.outcome(lambda a, b: a + b, 1, 2))

    def test_list(self) -> None:
        """
        A list is one argument.
        """
        self.assertEqual(["a:5\ne:\nj:[[1,2]]"], self.outcome(lambda: [1, 2]))

    def test_false(self) -> None:
        """
        What is false in Python is a value like any other.
        """
        self.assertEqual(["a:5\ne:\nj:[0]"], self.outcome(lambda: 0))

    def test_tuple(self) -> None:
        """
        A tuple is several arguments.
        """
        self.assertEqual(['a:5\ne:\nj:["x",{"y":1}]'], self.outcome(lambda: ("x", {"y": 1})))

    def test_none(self) -> None:
        """
        None is none.
        """
        self.assertEqual(["a:5\ne:\nj:[]"], self.outcome(lambda: None))

    def test_coroutine(self) -> None:
        """
        Of a coroutine function it is what it returns.
        """

        async def f(x: int) -> int:
            return await succeed(x) + 1

        self.assertEqual(["a:5\ne:\nj:[2]"], self.outcome(f, 1))

    def test_deferred(self) -> None:
        """
        Of a Deferred it is the result, when it is there.
        """
        done: Deferred[str] = Deferred()
        self.assertEqual([], self.outcome(lambda: done))
        done.callback("late")
        self.assertEqual(['a:5\ne:\nj:["late"]'], self.peer.heard())

    def test_notAsked(self) -> None:
        """
        Without being asked nothing is said.
        """
        self.client.on("ask", lambda: 1)
        self.peer.emit("ask")
        self.assertEqual([], self.peer.heard())

    def test_nobody(self) -> None:
        """
        Where nobody handles the event, nobody acknowledges it.
        """
        self.peer.emit("ask", id=5)
        self.assertEqual([], self.peer.heard())

    def test_raises(self) -> None:
        """
        A handler that raises acknowledges nothing, is logged with its
        traceback, and the connection lives on.
        """

        def f() -> None:
            raise ValueError("handler's own")

        self.assertEqual([], self.outcome(f))
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertIn("in f", failure.getTraceback())
        self.client.on("chat", lambda: "still here")
        self.peer.emit("chat", id=6)
        self.assertEqual(['a:6\ne:\nj:["still here"]'], self.peer.heard())

    def test_fails(self) -> None:
        """
        So does one whose Deferred or coroutine fails.
        """
        done: Deferred[None] = Deferred()
        self.assertEqual([], self.outcome(lambda: done))
        done.errback(ValueError("later"))

        async def g() -> None:
            raise ValueError("in a coroutine")

        self.client.on("g", g)
        self.peer.emit("g", id=6)
        self.assertEqual([], self.peer.heard())
        self.assertEqual(["later", "in a coroutine"], self.raised(ValueError))
        self.client.on("chat", lambda: 1)
        self.peer.emit("chat", id=7)
        self.assertEqual(["a:7\ne:\nj:[1]"], self.peer.heard())

    def test_oneOfSeveral(self) -> None:
        """
        Of several handlers the first that returns something is heard, even if
        another raised.
        """

        def raises() -> None:
            raise ValueError

        self.client.on("ask", raises)
        self.client.on("ask", lambda: None)
        self.client.on("ask", lambda: succeed("first"))
        self.assertEqual(['a:5\ne:\nj:["first"]'], self.outcome(lambda: "second"))
        self.assertEqual(1, len(self.raised(ValueError)))

    def test_unsendable(self) -> None:
        """
        A result that cannot be sent is logged, and the connection lives on.
        """
        for result in (object(), {1, 2}, float("inf")):
            self.client.once("ask", lambda result=result: result)
            self.peer.emit("ask", id=4)
            self.assertEqual([], self.peer.heard())
            self.assertEqual(1, len(self.raised(LocalProtocolError)))
        self.assertEqual([], self.outcome(lambda: b"bytes"))
        self.assertEqual(1, len(self.raised(UnsupportedByClient)))

    def test_unsendableLater(self) -> None:
        """
        So is one that comes later.
        """
        done: Deferred[object] = Deferred()
        self.outcome(lambda: done)
        done.callback(object())
        self.assertEqual(1, len(self.raised(LocalProtocolError)))
        self.client.on("chat", lambda: 1)
        self.peer.emit("chat", id=6)
        self.assertEqual(["a:6\ne:\nj:[1]"], self.peer.heard())

    def test_tooLate(self) -> None:
        """
        To a client that has gone meanwhile nothing is said.
        """
        done: Deferred[int] = Deferred()
        self.outcome(lambda: done)
        self.peer.goodbye()
        self.peer.heard()
        done.callback(1)
        self.assertEqual([], self.peer.heard())

    def test_tooLateInRealm(self) -> None:
        """
        Nor to one that has left the realm.
        """
        done: Deferred[int] = Deferred()
        chat = self.io.realm("chat")
        chat.on("connection", lambda client: client.on("ask", lambda: done))
        self.peer.emit("ask", id=1, realm="chat")
        self.peer.emit("disconnect", realm="chat")
        done.callback(1)
        self.assertEqual([], self.peer.heard())


class Order(ClientCase):
    """
    One event after the other.
    """

    options = {"maxPending": 5}  # noqa: RUF012 - is replaced, never changed

    def setUp(self) -> None:
        super().setUp()
        self.calls: list[Any] = []
        self.waiting: list[Deferred[None]] = []

    def slow(self, *args: Any) -> Deferred[None]:
        """
        A handler that takes its time.
        """
        self.calls.append(args)
        self.waiting.append(Deferred())
        return self.waiting[-1]

    async def slowToo(self, *args: Any) -> None:
        """
        Another one.
        """
        await self.slow(*args)

    def go(self) -> None:
        """
        Let the oldest of them be done.
        """
        self.waiting.pop(0).callback(None)

    def test_deferred(self) -> None:
        """
        The next event waits for a handler's Deferred.
        """
        self.check(self.slow)

    def test_coroutine(self) -> None:
        """
        The next event waits for a coroutine.
        """
        self.check(self.slowToo)

    def check(self, f: Callable[..., Any]) -> None:
        """
        Events of all kinds keep their order behind C{f}.
        """
        self.client.on("a", f)
        self.client.on("b", lambda *args: self.calls.append(("b", *args)))
        self.client.on("message", self.calls.append)
        self.peer.emit("a", 1)
        self.peer.send("text")
        self.peer.emit("b", 2)
        self.peer.emit("a", 3)
        self.peer.emit("b", 4)
        self.assertEqual([(1,)], self.calls)
        self.go()
        self.assertEqual([(1,), "text", ("b", 2), (3,)], self.calls)
        self.go()
        self.assertEqual([(1,), "text", ("b", 2), (3,), ("b", 4)], self.calls)

    def test_allHandlers(self) -> None:
        """
        It waits for those of C{onAny} and of C{clientMessage}, too.
        """
        self.client.onAny(self.slow)
        self.io.on("clientMessage", lambda message, client: self.slow("io", message))
        self.client.on("message", self.slow)
        self.peer.send("a")
        self.peer.send("b")
        first = [("message", "a"), ("a",), ("io", "a")]
        self.assertEqual(first, self.calls)
        self.go()
        self.go()
        self.assertEqual(first, self.calls)
        self.go()
        self.assertEqual([*first, ("message", "b"), ("b",), ("io", "b")], self.calls)

    def test_onAnySlow(self) -> None:
        """
        Where only that one takes its time the acknowledgement still is the
        handler's.
        """
        self.client.onAny(self.slow)
        self.client.on("ask", lambda: "answer")
        self.peer.emit("ask", id=1)
        self.assertEqual([], self.peer.heard())
        self.go()
        self.assertEqual(['a:1\ne:\nj:["answer"]'], self.peer.heard())

    def test_others(self) -> None:
        """
        No other client waits for it, nor this one in another realm.
        """
        self.io.realm("chat").on(
            "clientMessage", lambda message, client: self.calls.append(message)
        )
        other = Peer(self.server)
        for client in (self.client, other.client):
            client.on("a", self.slow)
        self.peer.emit("a", 1)
        other.emit("a", 2)
        self.peer.say("r:chat:hello")
        self.assertEqual([(1,), (2,), "hello"], self.calls)

    def test_beforeTheEnd(self) -> None:
        """
        What has been accepted before the end is handled before C{disconnect}.
        """
        self.client.on("a", self.slow)
        self.client.on("message", self.calls.append)
        self.client.on("disconnect", self.calls.append)
        self.io.on("clientDisconnect", self.calls.append)
        self.peer.emit("a", 1)
        self.peer.send("last")
        self.peer.goodbye()
        self.assertEqual([(1,)], self.calls)
        self.assertFalse(self.client.connected)
        self.go()
        self.assertEqual([(1,), "last", "client namespace disconnect", self.client], self.calls)

    def test_connectionHandlers(self) -> None:
        """
        What comes while the handlers of C{connection} are still at it waits
        for them: whatever they add hears it.
        """

        @self.io.on("connection")
        async def connection(client: Client) -> None:
            await self.slow()
            client.on("message", self.calls.append)

        peer = Peer(self.server)
        peer.send("early")
        self.assertEqual([()], self.calls)
        self.go()
        self.assertEqual([(), "early"], self.calls)

    def test_flood(self) -> None:
        """
        More than C{maxPending} end the session, and this one only.
        """
        other = Peer(self.server)
        self.client.on("a", self.slow)
        self.client.on("disconnect", self.calls.append)
        for n in range(5):
            self.peer.emit("a", n)
        self.assertTrue(self.client.connected)
        self.peer.emit("a", 5)
        self.assertFalse(self.client.connected)
        self.assertEqual(["close 1008"], self.peer.heard())
        self.assertTrue(other.client.connected)
        for _ in range(5):
            self.go()
        self.assertEqual([(0,), (1,), (2,), (3,), (4,), DisconnectReason.FLOOD], self.calls)

    def test_slowDisconnect(self) -> None:
        """
        Handlers of C{disconnect} and C{clientDisconnect} may take their time
        and may raise.
        """

        def raises(*args: Any) -> None:
            raise ValueError

        self.client.on("disconnect", self.slow)
        self.client.on("disconnect", raises)
        self.io.on("clientDisconnect", self.slow)
        self.io.on("clientDisconnect", raises)
        self.peer.goodbye()
        self.assertEqual([("client namespace disconnect",), (self.client,)], self.calls)
        self.go()
        self.go()
        self.assertEqual(2, len(self.raised(ValueError)))


class Forms(ClientCase):
    """
    A client of 2010 is answered in its own form.
    """

    def test_newlineEnded(self) -> None:
        """
        Each annotation with a newline behind it, for who writes so.
        """
        self.client.on("ask", lambda: 1)
        self.peer.say("a:1\ne:ask\nj\n:[]")
        self.client.emit("x", 1)
        self.assertEqual(["a:1\ne:\nj\n:[1]", "e:x\nj\n:[1]"], self.peer.heard())

    def test_beforehand(self) -> None:
        """
        Who has not shown any is written to as in the specification.
        """
        self.client.emit("x", 1)
        self.assertEqual([("x", [1])], events(*self.peer.heard()))
