"""
Tests for L{txsocketio.testing}.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock, LoopingCall
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import (
    AckTimeout,
    Client,
    ClientDisconnected,
    ConnectionRefused,
    DisconnectReason,
    Handshake,
    Listener,
    LocalProtocolError,
    UnsupportedByClient,
)
from txsocketio.listener import PROTOCOLS
from txsocketio.test.support import Server
from txsocketio.testing import Event, NotConnected, Refused, TestClient, TestServer

EVENTFUL = ("annotated", "colon", "eio4", "eio3")
"""The generations that have events and namespaces."""

BARE = ("0.6", "engine.io-4", "engine.io-3")
"""Those that have messages alone."""


class Application:
    """
    Answers in every way.

    @ivar clients: the server's side of all that came.
    @ivar gone: the reasons of those that went, and by what they came.
    """

    def __init__(self, io: Listener) -> None:
        self.io = io
        self.clients: list[Client] = []
        self.gone: list[tuple[str, DisconnectReason]] = []
        io.on("connection", self.welcome)
        io.of("/chat").on("connection", self.welcome)

    def welcome(self, client: Client) -> None:
        """
        One has come.
        """
        self.clients.append(client)
        client.on("message", client.send)
        client.on("chat", lambda *args: client.namespace.emit("chat", *args))
        client.on("double", lambda value: value * 2)
        client.on("later", lambda: None)
        client.on("disconnect", lambda reason: self.gone.append((client.protocol, reason)))


class KitCase(SynchronousTestCase):
    """
    What these tests have in common: a server with an L{Application}.
    """

    def serve(self, **options: Any) -> TestServer:
        """
        Begin.
        """
        server = TestServer(self.attach, **options)
        self.addCleanup(server.close)
        return server

    def attach(self, io: Listener) -> None:
        """
        Make the application.
        """
        self.application = Application(io)

    def everywhere(self, *protocols: str) -> Iterator[tuple[TestServer, TestClient]]:
        """
        A server and a client, of each generation over each transport.
        """
        for protocol in protocols:
            server = self.serve(protocol=protocol)
            names = server.listener.options["transports"]
            known = [each for each in names if each in PROTOCOLS[protocol].transports]
            self.assertGreater(len(known), 1)
            for transport in known:
                yield server, server.connect(protocol=protocol, transport=transport)


class EverywhereTests(KitCase):
    """
    All generations over all transports.
    """

    def test_complete(self) -> None:
        """
        There are no others.
        """
        self.assertEqual({*EVENTFUL, *BARE}, {*PROTOCOLS})

    def test_messages(self) -> None:
        """
        A message comes back.
        """
        for _, alice in self.everywhere(*EVENTFUL, *BARE):
            alice.send("h\xe9llo \u2603 \U0001f600")
            alice.expect("message", "h\xe9llo \u2603 \U0001f600")
            alice.expectNothing()

    def test_events(self) -> None:
        """
        An event comes to all, whatever they speak.
        """
        server = self.serve()
        self.assertEqual({*server.protocols}, {*EVENTFUL})
        all_ = [server.connect(protocol=each) for each in server.protocols]
        all_[0].emit("chat", "hi", [1, {"a": None}])
        for client in all_:
            client.expect("chat", "hi", [1, {"a": None}])
            client.expectNothing()

    def test_acknowledgements(self) -> None:
        """
        Either side acknowledges what the other asks.
        """
        for server, alice in self.everywhere(*EVENTFUL):
            self.assertEqual(self.successResultOf(alice.emitWithAck("double", 21)), 42)
            alice.on("sum", lambda one, other: one + other)
            asked = alice.client.emitWithAck("sum", 1, 2)
            server.flush()
            self.assertEqual(self.successResultOf(asked), 3)

    def test_namespaces(self) -> None:
        """
        A client joins another namespace on the same connection, or has one
        alone.
        """
        for server, alice in self.everywhere(*EVENTFUL):
            there = alice.join("/chat")
            there.emit("chat", "in chat")
            there.expect("chat", "in chat")
            alice.expectNothing()
            self.assertIs(there.client.session, alice.client.session)
            there.disconnect()
            self.assertTrue(alice.connected)
            alone = server.connect("/chat", protocol=alice.protocol)
            alone.send("alone")
            alone.expect("message", "alone")

    def test_clients(self) -> None:
        """
        A client knows the server's side of it.
        """
        for _, alice in self.everywhere(*EVENTFUL, *BARE):
            self.assertIs(alice.client, self.application.clients[-1])
            self.assertEqual(alice.client.sessionId, alice.sessionId)
            self.assertEqual(alice.client.protocol, alice.protocol)

    def test_heartbeats(self) -> None:
        """
        They keep clients alive, and the others too.
        """
        for server, alice in self.everywhere(*EVENTFUL, *BARE):
            server.advance(300.0)
            self.assertTrue(alice.connected, alice)
            alice.send("still here")
            alice.expect("message", "still here")
            if server.listener.options["transports"] and alice.heartbeats:
                self.assertGreater(alice.heartbeats, 10)

    def test_goodbye(self) -> None:
        """
        A client leaves, and the server knows why.
        """
        for server, alice in self.everywhere(*EVENTFUL, *BARE):
            alice.disconnect()
            self.assertFalse(alice.connected)
            self.assertEqual(alice.reason, DisconnectReason.CLIENT)
            server.advance(60.0)
            ((protocol, reason),) = self.application.gone
            isSilent = protocol == "0.6"
            self.assertIs(reason is DisconnectReason.TRANSPORT_CLOSE, isSilent)
            self.application.gone.clear()

    def test_sentAway(self) -> None:
        """
        The server sends a client away.
        """
        for server, alice in self.everywhere(*EVENTFUL, *BARE):
            alice.client.disconnect(close=True)
            server.advance(30.0)
            self.assertFalse(alice.connected, alice)
            self.assertIn(alice.reason, (DisconnectReason.SERVER, DisconnectReason.TRANSPORT_ERROR))
            self.assertEqual(len(server.listener.clients), 0)
            reason = alice.reason
            alice.cut()
            alice.disconnect()
            self.assertEqual(alice.reason, reason)
            self.assertRaises(NotConnected, alice.send, "anybody?")

    def test_binary(self) -> None:
        """
        Binary data goes both ways, as text or as MessagePack.
        """
        for parser in ("text", "msgpack"):
            for protocol in ("eio4", "eio3"):
                server = self.serve(parser=parser)
                for transport in ("websocket", "polling"):
                    alice = server.connect(protocol=protocol, transport=transport)
                    alice.emit("chat", b"\0\xff", {"deep": [b""]})
                    alice.expect("chat", b"\0\xff", {"deep": [b""]})
                    alice.disconnect()


class HandshakeTests(KitCase):
    """
    What an application learns of who comes, and decides.
    """

    def test_handshake(self) -> None:
        """
        The application sees query, headers, address and what was sent along.
        """
        server = self.serve()
        for protocol in EVENTFUL:
            alice = server.connect(
                protocol=protocol,
                query={"room": "a b&c"},
                headers={"Cookie": "a=1"},
                address="192.0.2.7",
            )
            handshake = alice.client.handshake
            self.assertEqual(handshake.query["room"], "a b&c")
            self.assertEqual(handshake.headers["cookie"], "a=1")
            self.assertEqual(handshake.address, "192.0.2.7")
            self.assertFalse(handshake.secure)
            self.assertTrue(handshake.url.startswith("/socket.io/"))
            there = alice.join("/chat", {"token": "x"})
            self.assertEqual(there.client.handshake.auth, {"token": "x"})

    def test_asReal(self) -> None:
        """
        It is what a request over HTTP brings along.
        """
        seen: list[Handshake] = []

        def allow(handshake: Handshake) -> None:
            seen.append(replace(handshake, time=0.0))

        headers = {"Host": "example.com", "Cookie": "a=1", "X-Two": "b"}
        for url, how in (
            ("/?EIO=4&transport=polling&a=1", {"protocol": "eio4", "transport": "polling"}),
            ("/?EIO=3&transport=polling&a=1", {"protocol": "eio3", "transport": "polling"}),
            ("/1/?a=1", {"protocol": "colon"}),
            ("/xhr-polling?a=1", {"protocol": "annotated", "transport": "xhr-polling"}),
        ):
            Server(allowRequest=allow).get(url, {"Cookie": "a=1", "X-Two": "b"})
            self.serve(allowRequest=allow).connect(query={"a": "1"}, headers=headers, **how)
            real, simulated = seen
            self.assertEqual(simulated, real)
            seen.clear()

    def test_auth(self) -> None:
        """
        Who asks to join the default namespace can send something along; others
        cannot.
        """
        server = self.serve()
        alice = server.connect(auth={"token": "x"})
        self.assertEqual(alice.client.handshake.auth, {"token": "x"})
        self.assertRaises(LocalProtocolError, server.connect, protocol="eio3", auth={"token": "x"})

    def test_resource(self) -> None:
        """
        The path is the listener's own.
        """
        server = self.serve(resource="/live/chat/")
        for protocol in EVENTFUL:
            url = server.connect(protocol=protocol).client.handshake.url
            self.assertTrue(url.startswith("/live/chat/"), url)

    def test_origins(self) -> None:
        """
        Foreign pages are turned away.
        """
        server = self.serve(origins=["https://example.com"])
        server.connect(headers={"Origin": "https://example.com"})
        for protocol in EVENTFUL:
            error = self.assertRaises(
                Refused,
                server.connect,
                protocol=protocol,
                headers={"Origin": "https://example.org"},
            )
            self.assertEqual(error.status, 403)
        self.assertEqual(len(server.listener.clients), 1)

    def test_allowRequest(self) -> None:
        """
        The application may refuse, with a word.
        """

        def allow(handshake: Handshake) -> None:
            raise ConnectionRefused("not today")

        server = self.serve(allowRequest=allow)
        for protocol in EVENTFUL:
            error = self.assertRaises(Refused, server.connect, protocol=protocol)
            self.assertEqual(error.status, 403)
            self.assertIn("not today" if protocol != "colon" else "unauthorized", error.message)

    def test_allowRequestLater(self) -> None:
        """
        It may think about it, and so may middleware.
        """
        for protocol in EVENTFUL:
            first: Deferred[Any] = Deferred()
            second: Deferred[Any] = Deferred()
            server = self.serve(allowRequest=lambda handshake, d=first: d)
            server.listener.use(lambda client, d=second: d)
            alice = server.connect(protocol=protocol)
            self.assertFalse(alice.connected)
            first.callback(True)
            second.callback(None)
            self.assertTrue(alice.connected)
            alice.send("in")
            alice.expect("message", "in")

    def test_refusedLater(self) -> None:
        """
        Who has been kept waiting is told later.
        """
        thinking: Deferred[Any] = Deferred()
        server = self.serve()
        server.listener.use(lambda client: thinking)
        alice = server.connect()
        self.assertIs(alice.refusal, None)
        thinking.errback(ConnectionRefused("no", {"code": 1}))
        assert alice.refusal is not None
        self.assertEqual((alice.refusal.message, alice.refusal.data), ("no", {"code": 1}))
        self.assertFalse(alice.connected)

    def test_middleware(self) -> None:
        """
        Middleware refuses, in any namespace.
        """

        def refuse(client: Client) -> None:
            raise ConnectionRefused("no")

        server = self.serve()
        server.listener.of("/chat").use(refuse)
        for protocol in EVENTFUL:
            alice = server.connect(protocol=protocol)
            error = self.assertRaises(Refused, alice.join, "/chat")
            self.assertEqual(error.message, "unauthorized" if protocol == "colon" else "no")
            self.assertEqual(error.status, None)
            self.assertTrue(alice.connected)
        server.listener.use(refuse)
        for protocol in EVENTFUL:
            self.assertRaises(Refused, server.connect, protocol=protocol)
        self.assertEqual(len(server.listener.clients), len(EVENTFUL))

    def test_middlewareOld(self) -> None:
        """
        Who has no word for it sees the connection go.
        """

        def refuse(client: Client) -> None:
            raise ConnectionRefused("no")

        for protocol in BARE:
            server = self.serve(protocol=protocol)
            server.listener.use(refuse)
            error = self.assertRaises(Refused, server.connect)
            self.assertIn("the connection has gone", error.message)

    def test_unknown(self) -> None:
        """
        There is no client of what is not accepted.
        """
        server = self.serve(protocol=["eio4", "annotated"], transports=["websocket"])
        self.assertEqual(server.connect().protocol, "eio4")
        for wrong in ({"protocol": "eio3"}, {"transport": "polling"}, {"transport": "htmlfile"}):
            self.assertRaises(LocalProtocolError, server.connect, **wrong)
        self.assertEqual(self.serve(protocol="annotated").connect().protocol, "annotated")

    def test_beside(self) -> None:
        """
        Where the listener is mounted once more, others come to the same room.
        """
        server = self.serve(beside="0.6")
        self.assertEqual({*server.protocols}, {*EVENTFUL, "0.6"})
        every = [server.connect(protocol=each) for each in server.protocols]
        server.listener.send("to all")
        for client in every:
            client.expect("message", "to all")
        self.assertEqual(len(server.listener.clients), 5)

    def test_unsupported(self) -> None:
        """
        What a generation cannot say it does not say here either.
        """
        for protocol in BARE:
            server = self.serve(protocol=protocol)
            alice = server.connect()
            self.assertRaises(UnsupportedByClient, alice.emit, "event")
            self.assertRaises(UnsupportedByClient, alice.emitWithAck, "event")
            self.assertRaises(UnsupportedByClient, alice.join, "/chat")
            alice.send("still here")
            alice.expect("message", "still here")


class TimeTests(KitCase):
    """
    Heartbeats, deadlines and the clock.
    """

    def test_crowd(self) -> None:
        """
        A thousand clients live on for ten minutes by their heartbeats, and
        none is missing.
        """
        server = self.serve()
        every = [server.connect(protocol=EVENTFUL[at % 4]) for at in range(1_000)]
        server.advance(600.0)
        self.assertEqual(len(server.listener.clients), 1_000)
        self.assertTrue(all(client.connected for client in every))
        self.assertEqual(self.application.gone, [])
        # Each beats again when it has been answered: every 10 seconds or 25.
        expected = {"annotated": 60, "colon": 24, "eio4": 24, "eio3": 24}
        for client in every:
            self.assertEqual(client.heartbeats, expected[client.protocol])
        self.assertEqual(server.heartbeats, 250 * sum(expected.values()))

    def test_mute(self) -> None:
        """
        Who does not answer is given up, when it is time.
        """
        for server, alice in self.everywhere(*EVENTFUL):
            session = alice.client.session
            silence = session.settings.silence
            if silence is None:
                continue
            alice.mute()
            server.advance(silence - 0.1)
            self.assertTrue(alice.connected)
            server.advance(0.2)
            self.assertFalse(alice.connected)
            self.assertEqual(
                self.application.gone.pop(), (alice.protocol, DisconnectReason.PING_TIMEOUT)
            )
            # Who polls is only told goodbye.
            isStream = "poll" not in session.transportName
            told = DisconnectReason.PING_TIMEOUT if isStream else DisconnectReason.SERVER
            self.assertEqual(alice.reason, told, alice)

    def test_unmute(self) -> None:
        """
        Who answers in the end is not.
        """
        server = self.serve()
        for protocol in EVENTFUL:
            alice = server.connect(protocol=protocol)
            alice.mute()
            server.advance(5.0)
            alice.unmute()
            server.advance(300.0)
            self.assertTrue(alice.connected)

    def test_long(self) -> None:
        """
        However long it takes; and where there are no heartbeats, too.
        """
        server = self.serve(protocol="annotated")
        alice = server.connect()
        server.advance(2_000.0)
        self.assertEqual(alice.heartbeats, 200)
        for protocol in EVENTFUL:
            server = self.serve(protocol=protocol, heartbeatInterval=None)
            alice = server.connect()
            server.advance(2_000.0)
            self.assertTrue(alice.connected)
            self.assertEqual(alice.heartbeats, 0)

    def test_oneByOne(self) -> None:
        """
        Time passes from one delayed call to the next, and what comes of it
        arrives before the next.
        """
        server = self.serve()
        alice = server.connect()
        seen: list[tuple[float, int]] = []

        def tick() -> None:
            seen.append((server.clock.seconds(), len(alice.received)))
            server.listener.emit("tick")

        clicking = LoopingCall(tick)
        clicking.clock = server.clock
        clicking.start(2.0, now=False)
        server.advance(6.5)
        clicking.stop()
        self.assertEqual(seen, [(2.0, 0), (4.0, 1), (6.0, 2)])
        self.assertEqual(server.clock.seconds(), 6.5)
        self.assertEqual(server.seconds(), 6.5)
        server.advance()
        self.assertEqual(server.clock.seconds(), 6.5)

    def test_ackTimeout(self) -> None:
        """
        An acknowledgement is waited for on the same clock.
        """
        server = self.serve()
        alice = server.connect()
        asked = alice.emitWithAck("nobody hears", timeout=5.0)
        server.advance(4.9)
        self.assertNoResult(asked)
        server.advance(0.2)
        self.failureResultOf(asked, AckTimeout)
        asked = alice.emitWithAck("nobody hears")
        alice.disconnect()
        self.failureResultOf(asked, ClientDisconnected)


class LineTests(KitCase):
    """
    Connections that go, come back, stand still and move.
    """

    def test_cut(self) -> None:
        """
        The server notices that a connection has gone, at once or, where its
        client may come back, when that is over.
        """
        for server, alice in self.everywhere(*EVENTFUL, *BARE):
            closeTimeout = alice.client.session.settings.closeTimeout
            alice.cut()
            self.assertEqual(alice.reason, DisconnectReason.TRANSPORT_CLOSE)
            self.assertFalse(alice.connected)
            if PROTOCOLS[server.protocols[0]].resumes and closeTimeout:
                self.assertEqual(self.application.gone, [])
                server.advance(closeTimeout + 0.1)
            self.assertEqual(
                self.application.gone, [(alice.protocol, DisconnectReason.TRANSPORT_CLOSE)]
            )
            self.application.gone.clear()

    def test_cutAll(self) -> None:
        """
        All who share a connection lose it.
        """
        server = self.serve()
        alice = server.connect()
        there = alice.join("/chat")
        there.cut()
        self.assertFalse(alice.connected)
        self.assertEqual(len(self.application.gone), 2)

    def test_comeBack(self) -> None:
        """
        Clients of old come back in time, and have missed nothing.
        """
        for protocol, transport in (
            ("annotated", "xhr-polling"),
            ("annotated", "server-events"),
            ("0.6", "xhr-polling"),
            ("colon", "xhr-polling"),
        ):
            server = self.serve(protocol=protocol, closeTimeout=8.0)
            alice = server.connect(transport=transport)
            id = alice.sessionId
            alice.cut()
            self.assertFalse(alice.connected)
            server.listener.send("meanwhile")
            server.advance(7.0)
            alice.comeBack()
            self.assertTrue(alice.connected)
            self.assertEqual((alice.sessionId, self.application.gone), (id, []))
            alice.expect("message", "meanwhile")
            alice.send("back")
            alice.expect("message", "back")
            alice.cut()
            server.advance(9.0)
            self.assertRaises(Refused, alice.comeBack)

    def test_reconnect(self) -> None:
        """
        A client that connects anew is another one to the server, in all of its
        namespaces.
        """
        for server, alice in self.everywhere(*EVENTFUL, *BARE):
            there = alice.join("/chat") if server.protocols[0] in EVENTFUL else None
            id = alice.sessionId
            alice.reconnect()
            self.assertTrue(alice.connected)
            self.assertNotEqual(alice.sessionId, id)
            self.assertFalse(alice.recovered)
            alice.send("again")
            alice.expect("message", "again")
            if there is not None:
                there.send("here too")
                there.expect("message", "here too")
                self.assertIs(there.client.session, alice.client.session)

    def test_both(self) -> None:
        """
        Both part at once.
        """
        server = self.serve()
        alice = server.connect()
        there = alice.join("/chat")
        there.client.disconnect()
        there.disconnect()
        self.assertEqual(there.reason, DisconnectReason.CLIENT)
        self.assertTrue(alice.connected)

    def test_tooLate(self) -> None:
        """
        What a client says when its connection has gone is lost.
        """
        server = self.serve()
        for transport in ("websocket", "polling"):
            alice = server.connect(transport=transport)
            alice.on("question", partial(alice.emit, "chat", "answer"))
            alice.client.emit("question")
            alice.client.disconnect(close=True)
            alice.expect("question")
            alice.expectNothing()
            self.assertFalse(alice.connected)

    def test_elsewhere(self) -> None:
        """
        Who is in another namespace alone hears nothing of the default one,
        though some are in it by themselves.
        """
        server = self.serve()
        for protocol in EVENTFUL:
            there = server.connect("/chat", protocol=protocol)
            server.listener.emit("chat", "here")
            there.expectNothing()

    def test_rejoin(self) -> None:
        """
        Who was sent away from one namespace joins it again, on the same
        connection.
        """
        server = self.serve()
        alice = server.connect()
        there = alice.join("/chat")
        there.client.disconnect()
        self.assertEqual(there.reason, DisconnectReason.SERVER)
        self.assertTrue(alice.connected)
        there.reconnect()
        self.assertTrue(there.connected)
        self.assertIs(there.client.session, alice.client.session)

    def test_recovered(self) -> None:
        """
        Where state is recovered, it comes back to where it was, with what it
        has missed.
        """
        server = self.serve(connectionStateRecovery={})
        alice, bob = server.connect(auth={"token": "x"}), server.connect()
        server.listener.emit("chat", "one", "7")
        self.assertEqual(alice.expect("chat"), ("one", "7"))
        alice.client.join("room")
        id = alice.sessionId
        alice.cut()
        server.listener.to("room").emit("chat", "two")
        bob.expect("chat", "one", "7")
        alice.reconnect()
        alice.expect("chat", "two")
        alice.expectNothing()
        self.assertTrue(alice.recovered)
        self.assertEqual(alice.sessionId, id)
        self.assertEqual(alice.client.rooms, {id, "room"})
        for text in ("3", "three"):
            alice.client.volatile.emit("chat", text)
            alice.expect("chat", text)
        alice.cut()
        server.advance(200.0)
        alice.reconnect()
        self.assertFalse(alice.recovered)
        self.assertEqual(alice.client.handshake.auth, {"token": "x"})

    def test_pause(self) -> None:
        """
        Who reads nothing is sent nothing, and reads it in the end.
        """
        for server, alice in self.everywhere(*EVENTFUL, *BARE):
            alice.pause()
            for number in range(3):
                server.listener.send(f"{number}")
            server.flush()
            self.assertEqual(alice.received, [])
            self.assertEqual(alice.client.pending > 0, True)
            alice.resume()
            self.assertEqual([each.args for each in alice.received], [("0",), ("1",), ("2",)])
            self.assertEqual(alice.client.pending, 0)

    def test_slow(self) -> None:
        """
        Or is given up.
        """
        server = self.serve(maxQueue=2)
        for transport in ("websocket", "polling"):
            alice = server.connect(transport=transport)
            alice.pause()
            for _ in range(5):
                server.listener.emit("flood")
            server.flush()
            self.assertEqual(self.application.gone.pop(), ("eio4", DisconnectReason.SLOW_CONSUMER))

    def test_upgrade(self) -> None:
        """
        A client moves from polling to a WebSocket, and loses nothing.
        """
        for protocol in ("eio4", "eio3", "engine.io-4", "engine.io-3"):
            server = self.serve(protocol=protocol)
            alice = server.connect(transport="polling")
            self.assertEqual(alice.client.transport, "polling")
            alice.upgrade()
            self.assertEqual(alice.client.transport, "websocket")
            alice.send("moved")
            alice.expect("message", "moved")
            server.listener.send("to all")
            alice.expect("message", "to all")
            server.advance(200.0)
            self.assertTrue(alice.connected)
            self.assertRaises(Refused, alice.upgrade)


class ExpectTests(KitCase):
    """
    What a test is told.
    """

    def setUp(self) -> None:
        self.server = self.serve()
        self.alice = self.server.connect()

    def test_expect(self) -> None:
        """
        The first of that name; others stay.
        """
        for name, value in (("a", 1), ("b", 2), ("a", 3)):
            self.server.listener.emit(name, value)
        self.assertEqual(self.alice.expect("b"), (2,))
        self.alice.expect("a", 1)
        self.alice.expectNothing("b")
        self.assertRaises(AssertionError, self.alice.expectNothing)
        self.alice.expect("a", 3)
        self.alice.expectNothing()
        self.assertEqual([each.name for each in self.alice.received], ["a", "b", "a"])

    def test_told(self) -> None:
        """
        Where it has not come, the error tells what has.
        """
        error = self.assertRaises(AssertionError, self.alice.expect, "news")
        self.assertIn("no 'news' has come", str(error))
        self.assertIn("but nothing", str(error))
        self.server.listener.emit("chat", "hi", 5)
        error = self.assertRaises(AssertionError, self.alice.expect, "news")
        self.assertIn("but 'chat'('hi', 5)", str(error))
        error = self.assertRaises(AssertionError, self.alice.expectNothing)
        self.assertIn("'chat'('hi', 5) has come", str(error))
        error = self.assertRaises(AssertionError, self.alice.expect, "chat", "hi")
        self.assertEqual(str(error), "'chat' has come with ('hi', 5), not with ('hi',)")
        self.alice.cut()
        error = self.assertRaises(AssertionError, self.alice.expect, "news")
        self.assertIn("it is not connected (transport close)", str(error))

    def test_handlers(self) -> None:
        """
        What a handler raises is the test's to see.
        """

        def broken(value: int) -> None:
            raise ZeroDivisionError(value)

        self.alice.once("chat", broken)
        self.assertRaises(ZeroDivisionError, self.alice.emit, "chat", 1)
        self.alice.emit("chat", 2)
        self.alice.expect("chat", 1)
        self.alice.expect("chat", 2)

    def test_acknowledge(self) -> None:
        """
        A test may acknowledge by hand, or a handler late.
        """
        asked = self.alice.client.emitWithAck("question")
        (event,) = self.alice.received
        self.assertEqual(event, Event("question", (), None, event.id))
        self.assertNoResult(asked)
        event.acknowledge("yes", "please")
        self.assertEqual(self.successResultOf(asked), ("yes", "please"))
        later: Deferred[Any] = Deferred()
        self.alice.on("slow", lambda: later)
        asked = self.alice.client.emitWithAck("slow")
        self.server.flush()
        self.assertNoResult(asked)
        later.callback(1)
        self.assertEqual(self.successResultOf(asked), 1)
        self.alice.on("quick", lambda: succeed((1, 2)))
        asked = self.alice.client.emitWithAck("quick")
        self.server.flush()
        self.assertEqual(self.successResultOf(asked), (1, 2))
        for f in (lambda: None, lambda: "second", lambda: "third"):
            self.alice.on("several", f)
        asked = self.alice.client.emitWithAck("several")
        self.server.flush()
        self.assertEqual(self.successResultOf(asked), "second")
        self.alice.on("nothing", lambda: None)
        asked = self.alice.client.emitWithAck("nothing")
        self.server.flush()
        self.assertEqual(self.successResultOf(asked), None)
        self.server.listener.emit("plain")
        self.assertRaises(AssertionError, self.alice.received[-1].acknowledge)

    def test_acknowledgeTooLate(self) -> None:
        """
        Nobody is acknowledged who has gone.
        """
        later: Deferred[Any] = Deferred()
        self.alice.on("slow", lambda: later)
        self.alice.client.emitWithAck("slow").addErrback(lambda failure: None)
        self.server.flush()
        self.alice.cut()
        later.callback(1)
        self.assertRaises(NotConnected, self.alice.received[-1].acknowledge)

    def test_annotations(self) -> None:
        """
        The first protocol's annotations arrive.
        """
        bob = self.server.connect(protocol="annotated")
        bob.client.send("x", {"n": "5"})
        self.assertEqual(bob.received, [Event("message", ("x",), {"n": "5"})])

    def test_notYet(self) -> None:
        """
        Nothing arrives while its sender is still at work, as with sockets.
        """
        order: list[str] = []

        def question(client: Client) -> None:
            client.emit("question")
            order.append("asked")

        self.alice.on("question", lambda: order.append("heard"))
        self.server.listener.on("connection", question)
        client = self.alice.client
        client.on("go", lambda: question(client))
        self.alice.emit("go")
        self.assertEqual(order, ["asked", "heard"])

    def test_representation(self) -> None:
        """
        Both say what they are.
        """
        self.assertEqual(repr(self.alice), f"<TestClient {self.alice.sessionId} eio4 websocket />")
        self.server.advance(1.5)
        self.assertIn("at 1.5 s", repr(self.server))


class ServerTests(SynchronousTestCase):
    """
    The server itself.
    """

    def test_listener(self) -> None:
        """
        It takes a listener that there is already, if it has a L{Clock}.
        """
        clock = Clock()
        io = Listener(reactor=clock, protocol="eio3")
        io.on("connection", lambda client: client.emit("hello"))
        server = TestServer(listener=io)
        self.assertIs(server.clock, clock)
        server.connect().expect("hello")
        self.assertRaises(LocalProtocolError, TestServer, listener=io, protocol="eio4")
        server.close()
        self.assertRaises(LocalProtocolError, TestServer, listener=Listener(reactor=object()))
        TestServer(listener=Listener(reactor=MemoryReactorClock())).close()

    def test_close(self) -> None:
        """
        When it closes, all are told, and nothing is left.
        """
        server = TestServer()
        every = [
            server.connect(protocol=protocol, transport=transport)
            for protocol, transport in (
                ("eio4", "websocket"),
                ("eio4", "polling"),
                ("annotated", "htmlfile"),
                ("colon", "xhr-polling"),
            )
        ]
        every[1].pause()
        server.close()
        self.assertEqual(server.clock.getDelayedCalls(), [])
        self.assertEqual(every[0].reason, DisconnectReason.SHUTDOWN)
        self.assertEqual([each.connected for each in every], [False, True, False, False])
        self.assertRaises(Refused, server.connect)

    def test_leftOver(self) -> None:
        """
        What an application leaves behind is told.
        """
        server = TestServer()
        call = server.clock.callLater(1_000.0, lambda: None)
        error = self.assertRaises(AssertionError, server.close)
        self.assertIn("leaves behind", str(error))
        call.cancel()
        server.close()

    def test_doesNotClose(self) -> None:
        """
        So is a listener that does not close.
        """
        server = TestServer(farewellTimeout=None)
        alice = server.connect(transport="polling")
        alice.pause()
        server.listener.emit("something")
        error = self.assertRaises(AssertionError, server.close)
        self.assertIn("does not close", str(error))
        alice.resume()
        server.close()

    def test_noRealTime(self) -> None:
        """
        The clock stands still while nothing advances it.
        """
        server = TestServer()
        server.connect()
        self.assertEqual(server.clock.seconds(), 0.0)
        server.close()
