"""
Tests for L{txsocketio.listener} and L{txsocketio.options}, through a site in
memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio
from txsocketio import (
    Client,
    ConnectionRefused,
    Listener,
    LocalProtocolError,
    SocketIOResource,
)
from txsocketio.flashpolicy import PolicyFactory
from txsocketio.test.peer import Peer
from txsocketio.test.support import Server
from txsocketio.test.test_flashpolicy import opened


class ListenerCase(SynchronousTestCase):
    """
    A server, and three clients of it.
    """

    def setUp(self) -> None:
        self.server = Server()
        self.io = self.server.io
        self.peers = [Peer(self.server) for _ in range(3)]

    def heard(self) -> list[list[str]]:
        """
        What each of the three has heard.
        """
        return [peer.heard() for peer in self.peers]


class Attributes(ListenerCase):
    """
    The specification's public properties.
    """

    def test_server(self) -> None:
        """
        The site that C{listen} was given; None for a listener that a
        resource serves.
        """
        self.assertIs(self.server.site, self.io.server)
        self.assertIsNone(Listener(reactor=self.server.clock).server)

    def test_options(self) -> None:
        """
        What was passed in, combined with the defaults.
        """
        options = Server(origins="*:*", heartbeatInterval=3).io.options
        self.assertEqual("*:*", options["origins"])
        self.assertEqual(3, options["heartbeatInterval"])
        self.assertEqual("socket.io", options["resource"])
        self.assertEqual(
            [
                "websocket",
                "server-events",
                "flashsocket",
                "htmlfile",
                "xhr-multipart",
                "xhr-polling",
                "jsonp-polling",
                "polling",
            ],
            options["transports"],
        )
        self.assertIs(True, options["flashPolicyServer"])
        self.assertEqual(843, options["flashPolicyPort"])

    def test_optionsReadOnly(self) -> None:
        """
        They are not changed by being written to.
        """
        with self.assertRaises(TypeError):
            self.io.options["origins"] = "*:*"  # type: ignore[index]

    def test_clients(self) -> None:
        """
        All clients by session id: a live view.
        """
        clients = self.io.clients
        self.assertEqual({peer.sid for peer in self.peers}, set(clients))
        self.assertEqual({peer.sid: peer.client for peer in self.peers}, dict(clients))
        self.peers[0].goodbye()
        fourth = Peer(self.server)
        self.assertEqual({self.peers[1].sid, self.peers[2].sid, fourth.sid}, set(clients))
        self.assertIsInstance(clients[fourth.sid], Client)

    def test_clientsReadOnly(self) -> None:
        """
        Nobody is disconnected by being deleted.
        """
        with self.assertRaises(TypeError):
            del self.io.clients[self.peers[0].sid]  # type: ignore[attr-defined]

    def test_repr(self) -> None:
        """
        A log can tell which it was.
        """
        self.assertEqual("<Listener /socket.io with 3 clients>", repr(self.io))


class Events(ListenerCase):
    """
    The four events.
    """

    def setUp(self) -> None:
        super().setUp()
        self.calls: list[Any] = []

    def note(self, *args: Any) -> None:
        """
        A handler.
        """
        self.calls.append(args)

    def test_connection(self) -> None:
        """
        C{connection} and C{clientConnect} get the client, which is connected
        and can be spoken to.
        """
        self.io.on("connection", self.note)
        self.io.on("clientConnect", lambda client: client.send("welcome"))
        peer = Peer(self.server)
        self.assertEqual([(peer.client,)], self.calls)
        self.assertEqual([":welcome"], peer.heard())

    def test_connectionWithPolling(self) -> None:
        """
        So over polling, where the opening is the first poll's answer.
        """
        self.io.on("connection", lambda client: client.send("welcome"))
        sid = self.server.open()
        self.assertEqual(b"1:8::welcome,", self.server.poll(sid).answer().body)

    def test_clientMessage(self) -> None:
        """
        C{clientMessage} gets the message and the client.
        """
        self.io.on("clientMessage", self.note)
        peer = self.peers[1]
        peer.send("hi")
        peer.say('j:{"a":1}')
        peer.emit("no message", 1)
        self.assertEqual([("hi", peer.client), ({"a": 1}, peer.client)], self.calls)

    def test_clientDisconnect(self) -> None:
        """
        C{clientDisconnect} gets the client, which has gone.
        """
        client = self.peers[1].client
        self.io.on("clientDisconnect", self.note)
        self.io.on("clientDisconnect", lambda client: self.note(client.connected))
        self.peers[1].goodbye()
        self.assertEqual([(client,), (False,)], self.calls)
        self.assertNotIn(client.sessionId, self.io.clients)

    def test_addListener(self) -> None:
        """
        C{addListener}, C{on} and C{once} add, C{removeListener} removes.
        """
        self.io.addListener("clientMessage", self.note)
        self.io.once("clientMessage", lambda message, client: self.note("once", message))
        self.peers[0].send("a")
        self.peers[0].send("b")
        self.io.removeListener("clientMessage", self.note)
        self.peers[0].send("c")
        client = self.peers[0].client
        self.assertEqual([("a", client), ("once", "a"), ("b", client)], self.calls)

    def test_decorator(self) -> None:
        """
        C{on} and C{once} without a handler are decorators.
        """

        @self.io.on("connection")
        def always(client: Client) -> None:
            self.note("always")

        @self.io.once("connection")
        def first(client: Client) -> None:
            self.note("first")

        Peer(self.server)
        Peer(self.server)
        self.assertEqual([("always",), ("first",), ("always",)], self.calls)

    def test_raises(self) -> None:
        """
        A handler that raises is logged, the client lives on, and the other
        handlers are called.
        """

        def raises(client: Client) -> None:
            raise ValueError("in connection")

        self.io.on("connection", raises)
        self.io.on("connection", self.note)
        peer = Peer(self.server)
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertIn("in raises", failure.getTraceback())
        self.assertTrue(peer.client.connected)
        self.assertEqual([(peer.client,)], self.calls)

    def test_otherClientsEvents(self) -> None:
        """
        Nothing that a client sends is taken for the listener's own events.
        """
        for event in ("connection", "clientConnect", "clientMessage", "clientDisconnect"):
            self.io.on(event, self.note)
            self.peers[0].emit(event, 1)
        self.assertEqual([], self.calls)


class Broadcasting(ListenerCase):
    """
    C{broadcast}, C{broadcastJSON}, C{emit}, C{to}, C{exclude}.
    """

    def test_broadcast(self) -> None:
        """
        To all clients, a str as it is, anything else as JSON.
        """
        self.io.broadcast("hi")
        self.io.broadcast({"a": 1})
        self.assertEqual([[":hi", 'j:{"a":1}']] * 3, self.heard())

    def test_excludeOne(self) -> None:
        """
        But to the one of that session id.
        """
        self.io.broadcast("hi", self.peers[1].sid)
        self.assertEqual([[":hi"], [], [":hi"]], self.heard())

    def test_excludeSeveral(self) -> None:
        """
        But to those of these session ids; ids of nobody are no error.
        """
        self.io.broadcast("hi", exclude=[self.peers[0].sid, self.peers[2].sid, "nobody"])
        self.assertEqual([[], [":hi"], []], self.heard())

    def test_excludeNone(self) -> None:
        """
        An empty list excludes nobody.
        """
        self.io.broadcast("hi", [])
        self.assertEqual([[":hi"]] * 3, self.heard())

    def test_broadcastJSON(self) -> None:
        """
        Strings as JSON, too.
        """
        self.io.broadcastJSON("hi")
        self.io.broadcastJSON([1], exclude=self.peers[0].sid)
        self.io.broadcastJSON(2, exclude=[peer.sid for peer in self.peers[1:]])
        self.assertEqual(
            [['j:"hi"', "j:2"], ['j:"hi"', "j:[1]"], ['j:"hi"', "j:[1]"]], self.heard()
        )

    def test_emit(self) -> None:
        """
        An event to all.
        """
        self.io.emit("chat", "hi", 1)
        self.assertEqual([['e:chat\nj:["hi",1]']] * 3, self.heard())

    def test_to(self) -> None:
        """
        To rooms, or to who is in any of several, once.
        """
        red, blue, _ = self.peers
        red.client.join("red", "both")
        blue.client.join("blue", "both")
        self.io.to("red").send("a")
        self.io.to("red", "blue", "both").emit("b")
        self.io.to("red").to("blue").broadcast("c")
        self.io.to("nobody").send("d")
        self.assertEqual(
            [[":a", "e:b\nj:[]", ":c"], ["e:b\nj:[]", ":c"], []],
            self.heard(),
        )

    def test_exclude(self) -> None:
        """
        Without rooms and session ids.
        """
        self.peers[0].client.join("red")
        self.io.exclude("red").send("a")
        self.io.exclude("red", self.peers[1].sid).sendJSON("b")
        self.io.exclude("nobody").emit("c")
        self.assertEqual(
            [["e:c\nj:[]"], [":a", "e:c\nj:[]"], [":a", 'j:"b"', "e:c\nj:[]"]], self.heard()
        )

    def test_chain(self) -> None:
        """
        They chain, in any order, and each step leaves the one before as it
        was.
        """
        for peer in self.peers:
            peer.client.join("all")
        self.peers[0].client.join("red")
        toAll = self.io.to("all")
        toAll.exclude("red").exclude(self.peers[1].sid).send("a")
        self.io.exclude("red").to("all").send("b")
        toAll.broadcast("c", self.peers[2].sid)
        toAll.send("d", {"k": "v"})
        self.assertEqual(
            [[":c", "k:v:d"], [":b", ":c", "k:v:d"], [":a", ":b", "k:v:d"]], self.heard()
        )

    def test_passedOver(self) -> None:
        """
        Clients whose generation cannot carry it are passed over and counted.
        """
        self.io.broadcast({"a": b"bytes"})
        self.assertEqual(3, self.io.of("/").passedOver)
        self.io.to(self.peers[0].sid).emit("x", b"bytes")
        self.assertEqual(4, self.io.of("/").passedOver)
        self.io.broadcast("rest")
        self.assertEqual([[":rest"]] * 3, self.heard())

    def test_unwritable(self) -> None:
        """
        What nobody could write, or may emit, is the caller's error.
        """
        self.assertRaises(LocalProtocolError, self.io.broadcast, object())
        self.assertRaises(LocalProtocolError, self.io.emit, "disconnect")
        self.assertRaises(LocalProtocolError, Server().io.emit, "disconnect")
        self.assertEqual([[], [], []], self.heard())

    def test_endsMeanwhile(self) -> None:
        """
        A client whose queue this fills goes, and the rest get theirs, before
        what is sent because of that.
        """
        server = Server(maxQueue=1)
        sid, peer = server.open(), Peer(server)
        server.io.on("clientDisconnect", lambda client: server.io.broadcast("one less"))
        server.io.broadcast("a")
        server.io.broadcast("b")
        self.assertNotIn(sid, server.io.clients)
        self.assertEqual([":a", ":b", ":one less"], peer.heard())


class Namespaces(ListenerCase):
    """
    C{of} and C{realm}.
    """

    def test_same(self) -> None:
        """
        One thing under both names, made once.
        """
        chat = self.io.of("/chat")
        self.assertEqual("/chat", chat.name)
        for same in (self.io.of("chat"), self.io.realm("chat"), self.io.realm("/chat")):
            self.assertIs(chat, same)
        self.assertIsNot(chat, self.io.of("/other"))

    def test_default(self) -> None:
        """
        The default namespace is the listener's own.
        """
        root = self.io.of("/")
        self.assertIs(root, self.io.realm(""))
        self.assertIs(root.clients, self.io.clients)
        root.send("hi")
        self.assertEqual([[":hi"]] * 3, self.heard())


class Middleware(SynchronousTestCase):
    """
    C{use} and L{ConnectionRefused}.
    """

    def setUp(self) -> None:
        self.server = Server()
        self.io = self.server.io
        self.calls: list[Any] = []
        self.io.on("connection", lambda client: self.calls.append("connected"))
        self.io.on("clientDisconnect", lambda client: self.calls.append("disconnected"))

    def test_seesEachClient(self) -> None:
        """
        It gets the client before it is connected, in the order of C{use}.
        """

        @self.io.use
        def first(client: Client) -> None:
            self.calls.append((client.connected, client.handshake.headers["x-token"]))
            client.data["user"] = "Alice"

        @self.io.use
        def second(client: Client) -> None:
            self.calls.append(client.data["user"])

        peer = Peer(self.server, {"X-Token": "secret"})
        self.assertEqual([(False, "secret"), "Alice", "connected"], self.calls)
        self.assertEqual({"user": "Alice"}, peer.client.data)

    def test_refused(self) -> None:
        """
        Who is refused is told the message, and the connection ends; nobody
        else hears of it, and what it sends is not heard.
        """

        def refuse(client: Client) -> None:
            raise ConnectionRefused("not today")

        self.io.use(refuse)
        self.io.on("clientMessage", lambda message, client: self.calls.append(message))
        peer = Peer(self.server)
        peer.send("let me in")
        self.assertEqual(
            ['e:connect_error\nj:[{"message":"not today"}]', "0:0:,", "close 1000"], peer.heard()
        )
        self.assertEqual(([], {}), (self.calls, dict(self.io.clients)))

    def test_refusedWithData(self) -> None:
        """
        And the data.
        """

        def refuse(client: Client) -> None:
            raise ConnectionRefused("not today", {"retry": 5})

        self.io.use(refuse)
        told = 'e:connect_error\nj:[{"message":"not today","data":{"retry":5}}]'
        self.assertEqual(told, Peer(self.server).heard()[0])

    def test_refusedEarly(self) -> None:
        """
        Middleware behind one that refuses is not asked.
        """

        def refuse(client: Client) -> None:
            raise ConnectionRefused("no")

        self.io.use(refuse)
        self.io.use(self.calls.append)
        Peer(self.server)
        self.assertEqual([], self.calls)

    def test_polling(self) -> None:
        """
        Over polling the refusal waits for the next poll.
        """

        async def refuse(client: Client) -> None:
            raise ConnectionRefused("no")

        self.io.use(refuse)
        sid = self.server.open()
        self.assertEqual(
            b'1:36:e:connect_error\nj:[{"message":"no"}],0:0:,',
            self.server.poll(sid).answer().body,
        )
        self.assertEqual(404, self.server.poll(sid).answer().status)

    def test_coroutine(self) -> None:
        """
        A coroutine function is waited for; what comes meanwhile waits, too.
        """
        decided: Deferred[None] = Deferred()

        @self.io.use
        async def wait(client: Client) -> None:
            await decided

        self.io.on("clientMessage", lambda message, client: self.calls.append(message))
        peer = Peer(self.server)
        peer.send("early")
        self.assertEqual(([], {}), (self.calls, dict(self.io.clients)))
        decided.callback(None)
        self.assertEqual(["connected", "early"], self.calls)
        self.assertTrue(peer.client.connected)

    def test_deferred(self) -> None:
        """
        So is a Deferred, which can fail with a refusal.
        """
        decided: Deferred[None] = Deferred()
        self.io.use(lambda client: decided)
        peer = Peer(self.server)
        peer.send("early")
        self.assertEqual([], peer.heard())
        decided.errback(ConnectionRefused("no"))
        self.assertEqual("0:0:,", peer.heard()[1])
        self.assertEqual([], self.calls)

    def test_goneMeanwhile(self) -> None:
        """
        Who goes before the decision never was there.
        """
        for outcome in (None, ConnectionRefused("no")):
            decided: Deferred[Any] = Deferred()
            self.io.use(lambda client, decided=decided: decided)
            peer = Peer(self.server)
            peer.goodbye()
            if outcome is None:
                decided.callback(None)
            else:
                decided.errback(outcome)
            self.assertEqual([], self.calls)
            self.assertEqual({}, dict(self.io.clients))

    def test_raises(self) -> None:
        """
        Middleware that fails otherwise is logged, and lets nobody in; the
        client is not told what is wrong.
        """

        def broken(client: Client) -> None:
            raise ValueError("a secret")

        self.io.use(broken)
        peer = Peer(self.server)
        self.assertEqual('e:connect_error\nj:[{"message":"internal error"}]', peer.heard()[0])
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertIn("in broken", failure.getTraceback())
        self.assertEqual([], self.calls)

    def test_silent(self) -> None:
        """
        To a client that is not let in yet nothing is said, nor is it part of
        a broadcast.
        """
        decided: Deferred[None] = Deferred()

        @self.io.use
        def speak(client: Client) -> Deferred[None]:
            client.send("too early")
            client.disconnect()
            return decided

        peer = Peer(self.server)
        self.io.broadcast("for the others")
        decided.callback(None)
        self.io.broadcast("hi")
        self.assertEqual([":hi"], peer.heard())


class Closing(ListenerCase):
    """
    C{close}.
    """

    def test_goodbye(self) -> None:
        """
        Every client is told, over whatever carries it, and the Deferred
        waits for those that have not fetched it yet.
        """
        sid, away = self.server.open(), self.server.open()
        poll = self.server.poll(sid)
        self.io.clients[away].send("last words")
        reasons: list[str] = []
        for client in self.io.clients.values():
            client.on("disconnect", reasons.append)
        closed = self.io.close()
        self.assertEqual([["0:0:,", "close 1001"]] * 3, self.heard())
        self.assertEqual(b"0:0:,", poll.answer().body)
        self.assertEqual(["server shutting down"] * 5, reasons)
        self.assertEqual({}, dict(self.io.clients))
        self.assertNoResult(closed)
        answer = self.server.poll(away).answer()
        self.assertEqual(b"1:11::last words,0:0:,", answer.body)
        self.assertIsNone(self.successResultOf(closed))

    def test_bounded(self) -> None:
        """
        It waits no longer than C{farewellTimeout}.
        """
        server = Server(farewellTimeout=3, closeTimeout=None)
        server.open()
        closed = server.io.close()
        server.clock.advance(2.5)
        self.assertNoResult(closed)
        server.clock.advance(0.75)
        self.assertIsNone(self.successResultOf(closed))

    def test_nobody(self) -> None:
        """
        Without clients it is done at once.
        """
        self.assertIsNone(self.successResultOf(Server().io.close()))

    def test_twice(self) -> None:
        """
        Both who call it are told, and one may cancel without harm for the
        other.
        """
        sid = self.server.open()
        first, second = self.io.close(), self.io.close()
        self.assertNoResult(second)
        self.server.poll(sid)
        self.assertIsNone(self.successResultOf(first))
        self.assertIsNone(self.successResultOf(second))
        self.assertIsNone(self.successResultOf(self.io.close()))

    def test_newcomers(self) -> None:
        """
        New clients are turned away, and the site goes on.
        """
        self.server.root.putChild(b"page", Page(b"a page"))
        self.io.close()
        self.assertEqual(503, self.server.get("/xhr-polling/").answer().status)
        self.assertEqual(503, self.server.webSocket().answer().status)
        self.assertEqual(b"a page", self.server.request("GET", "/page").answer().body)

    def test_afterwards(self) -> None:
        """
        Speaking to nobody is no error, nor is doing anything with nobody.
        """
        gone = [peer.client for peer in self.peers]
        self.io.close()
        self.heard()
        self.io.broadcast("x")
        for audience in (self.io, self.io.local, self.io.to("red"), self.io.of("/new")):
            audience.emit("x")
            audience.volatile.send("x")
        for client in gone:
            client.emit("x")
            client.volatile.send("x")
        self.io.clientsJoin("red")
        self.io.disconnectClients(close=True)
        self.assertEqual([], self.successResultOf(self.io.fetchClients()))
        self.assertEqual([], self.successResultOf(self.io.emitWithAck("x", timeout=1)))
        self.assertEqual([[], [], []], self.heard())

    def test_noTimersLeft(self) -> None:
        """
        The listener leaves nothing running behind.
        """
        self.io.close()
        for peer in self.peers:
            peer.wire.lose()
        self.assertEqual([], self.server.clock.getDelayedCalls())


class Page(Resource):
    """
    A page of the site's own.
    """

    isLeaf = True

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.body = body

    def render(self, request: Any) -> bytes:
        """
        Always the same.
        """
        return self.body


class GeneralOptions(SynchronousTestCase):
    """
    The specification's options, one by one.
    """

    def opens(self, server: Server, path: str) -> bool:
        """
        Whether a session can be opened under a path.
        """
        answer = server.request("GET", f"{path}/xhr-polling/").answer()
        return answer.status == 200 and answer.body.startswith(b"3:20:")

    def test_resource(self) -> None:
        """
        C{resource} is the path, and only that one.
        """
        self.assertTrue(self.opens(Server(), "/socket.io"))
        server = Server(resource="chat.io")
        self.assertTrue(self.opens(server, "/chat.io"))
        self.assertFalse(self.opens(server, "/socket.io"))

    def test_resourceParts(self) -> None:
        """
        It may have several parts, with or without slashes around them, of
        any characters.
        """
        for resource in ("a/b/c.io", "/a/b/c.io", "a/b/c.io/", "/a//b/c.io/"):
            server = Server(resource=resource)
            self.assertTrue(self.opens(server, "/a/b/c.io"), resource)
            for other in ("/a", "/a/b", "/c.io", "/a/b/c.io/c.io"):
                self.assertFalse(self.opens(server, other), other)
        self.assertTrue(self.opens(Server(resource="über uns"), "/%C3%BCber%20uns"))

    def test_noResource(self) -> None:
        """
        It cannot be empty.
        """
        for resource in ("", "/", "//"):
            self.assertRaises(LocalProtocolError, Server, resource=resource)

    def test_transports(self) -> None:
        """
        Only those named in C{transports} are served; URLs of the others are
        the site's.
        """
        server = Server(transports=["websocket", "jsonp-polling"])
        self.assertFalse(self.opens(server, "/socket.io"))
        self.assertEqual(404, server.get("/xhr-polling/").answer().status)
        self.assertEqual(200, server.get("/jsonp-polling//1/0").answer().status)
        self.assertTrue(Peer(server).client.connected)
        self.assertEqual(["websocket", "jsonp-polling"], server.io.options["transports"])

    def test_unknownTransport(self) -> None:
        """
        One that does not exist is named, and those that do.
        """
        error = self.assertRaises(
            LocalProtocolError, Server, transports=["websocket", "carrier-pigeon"]
        )
        self.assertEqual(
            "unknown transport 'carrier-pigeon'; there are websocket, server-events, flashsocket,"
            " htmlfile, xhr-multipart, xhr-polling, jsonp-polling, polling",
            str(error),
        )
        self.assertRaises(LocalProtocolError, Server, transports=[])

    def test_transportOptions(self) -> None:
        """
        C{transportOptions} are in seconds, for that transport only.
        """
        server = Server(transportOptions={"xhr-polling": {"duration": 3}}, heartbeatInterval=None)
        poll = server.poll(server.open())
        server.clock.advance(2.5)
        self.assertEqual(b"", poll.value())
        server.clock.advance(0.75)
        self.assertEqual((200, b""), (poll.answer().status, poll.answer().body))
        jsonp = server.get("/jsonp-polling//1/0")
        sid = jsonp.answer().body.decode("ascii").split(":")[2].split(",")[0]
        other = server.get(f"/jsonp-polling/{sid}/1/0")
        server.clock.advance(5)
        self.assertEqual(b"", other.value())

    def test_settingsForAll(self) -> None:
        """
        The same options for all transports at once; those of one transport
        come before them.
        """
        server = Server(
            heartbeatInterval=2, transportOptions={"xhr-polling": {"heartbeatInterval": 4}}
        )
        peer, poll = Peer(server), server.poll(server.open())
        server.clock.advance(2.25)
        self.assertEqual(["2:1:1,"], peer.heard())
        self.assertEqual(b"", poll.value())
        server.clock.advance(2)
        self.assertEqual(b"2:1:1,", poll.answer().body)

    def test_settingsBeforeDefaults(self) -> None:
        """
        What is given for all comes before a transport's own default.
        """
        for options, isLeft in (({}, True), ({"closeTimeout": 2}, False)):
            server = Server(**options)
            sid = server.open()
            server.clock.advance(4)
            self.assertIs(isLeft, sid in server.io.clients)

    def test_badTransportOptions(self) -> None:
        """
        Transports and settings that don't exist, and values that make no
        sense, are named.
        """
        for options, word in (
            ({"carrier-pigeon": {}}, "carrier-pigeon"),
            ({"websocket": {"closetimeout": 1}}, "closetimeout"),
            ({"websocket": {"closeTimeout": "8000"}}, "closeTimeout"),
            ({"websocket": {"closeTimeout": -1}}, "closeTimeout"),
            ({"websocket": {"maxPayload": None}}, "maxPayload"),
        ):
            error = self.assertRaises(LocalProtocolError, Server, transportOptions=options)
            self.assertIn(word, str(error))

    def test_log(self) -> None:
        """
        C{log} gets every line that is logged, instead of Twisted's log.
        """
        lines: list[str] = []
        server = Server(log=lines.append)
        peer = Peer(server)
        with capturedLogs() as logged:
            peer.wire.say("no frame")
        (line,) = lines
        self.assertIn(peer.sid, line)
        self.assertIn("parse error", line)
        self.assertEqual([], [each for each in logged if "txsocketio" in each["log_namespace"]])

    def test_logTraceback(self) -> None:
        """
        It gets the tracebacks, too.
        """
        lines: list[str] = []
        server = Server(log=lines.append)

        def broken(client: Client) -> None:
            raise ValueError("a fault")

        server.io.on("connection", broken)
        Peer(server)
        (text,) = lines
        self.assertIn("in broken", text)
        self.assertIn("ValueError: a fault", text)

    def test_logRaises(self) -> None:
        """
        One that raises harms nobody.
        """

        def log(line: str) -> None:
            raise OSError("disk full")

        server = Server(log=log)

        def broken(client: Client) -> None:
            raise ValueError

        server.io.on("connection", broken)
        server.io.on("connection", lambda client: client.send("hi"))
        self.assertEqual([":hi"], Peer(server).heard())

    def test_logDefault(self) -> None:
        """
        Without it, Twisted's log does.
        """
        with capturedLogs() as logged:
            Peer(Server()).wire.say("no frame")
        (event,) = [each for each in logged if "txsocketio" in each["log_namespace"]]
        self.assertEqual(LogLevel.info, event["log_level"])

    def test_onOptions(self) -> None:
        """
        C{onClientConnect=f} and the like add a listener for the event.
        """
        calls: list[str] = []
        server = Server(
            onConnection=lambda client: calls.append("connection"),
            onClientConnect=lambda client: calls.append("clientConnect"),
            onClientMessage=lambda message, client: calls.append(message),
            onClientDisconnect=lambda client: calls.append("clientDisconnect"),
        )
        peer = Peer(server)
        peer.send("hi")
        peer.goodbye()
        self.assertEqual(["connection", "clientConnect", "hi", "clientDisconnect"], calls)

    def test_unknown(self) -> None:
        """
        An option that does not exist is named, and those that do.
        """
        for name in ("colour", "transport", "on", "onwards", "closetimeout"):
            error = self.assertRaises(LocalProtocolError, Server, **{name: 1})
            self.assertIn(f"unknown option {name!r}", str(error))
            self.assertIn("transportOptions", str(error))
            self.assertIn("closeTimeout", str(error))


class FurtherOptions(SynchronousTestCase):
    """
    The options of our own.
    """

    def status(self, server: Server, **headers: str) -> int:
        """
        How an opening with such headers is answered.
        """
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return server.get("/xhr-polling/", given).answer().status

    def test_origins(self) -> None:
        """
        Without C{origins}, pages of other origins are refused; with it, those
        it names may connect.
        """
        foreign = "http://other.org"
        self.assertEqual(403, self.status(Server(), Origin=foreign))
        self.assertEqual(200, self.status(Server(), Origin="http://example.com"))
        self.assertEqual(200, self.status(Server(origins="*:*"), Origin=foreign))
        named = Server(origins=["other.org:80", "https://a.org"])
        self.assertEqual(200, self.status(named, Origin=foreign))
        self.assertEqual(200, self.status(named, Origin="https://a.org"))
        self.assertEqual(403, self.status(named, Origin="https://b.org"))
        self.assertRaises(LocalProtocolError, Server, origins=["not an origin"])

    def test_ignoreEmptyOrigin(self) -> None:
        """
        Off, a request without C{Origin} is refused.
        """
        self.assertEqual(200, self.status(Server()))
        self.assertEqual(403, self.status(Server(ignoreEmptyOrigin=False)))

    def test_trustProxy(self) -> None:
        """
        On, C{X-Forwarded-*} tell where a client comes from.
        """
        for trust, address, secure in ((True, "10.9.8.7", True), (False, "127.0.0.1", False)):
            server = Server(trustProxy=trust)
            self.status(server, X_Forwarded_For="10.9.8.7", X_Forwarded_Proto="https")
            (client,) = server.io.clients.values()
            self.assertEqual((address, secure), (client.handshake.address, client.handshake.secure))

    def test_clientFiles(self) -> None:
        """
        A folder of client scripts to serve instead of ours.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "socket.io.js").write_text("// mine")
        for given in (folder, str(folder)):
            answer = Server(clientFiles=given).get("/socket.io.js").answer()
            self.assertEqual(b"// mine", answer.body)
        self.assertIn(b"Socket", Server().get("/socket.io.js").answer().body)
        self.assertRaises(LocalProtocolError, Server, clientFiles=folder / "nothing")

    def test_maxSessions(self) -> None:
        """
        One more is turned away, until one has gone.
        """
        server = Server(maxSessions=2)
        peers = [Peer(server), Peer(server)]
        self.assertEqual(503, self.status(server))
        peers[0].goodbye()
        self.assertEqual(200, self.status(server))

    def test_maxSessionsPerAddress(self) -> None:
        """
        One more from the same address is.
        """
        server = Server(maxSessionsPerAddress=1)
        Peer(server)
        self.assertEqual(503, self.status(server))
        other = server.request(
            "GET", "/socket.io/xhr-polling/", wire=server.connect("10.0.0.2")
        ).answer()
        self.assertEqual(200, other.status)

    def test_maxSessionsPerSecond(self) -> None:
        """
        One more in the same second is.
        """
        server = Server(maxSessionsPerSecond=2)
        self.assertEqual([200, 200, 503], [self.status(server) for _ in range(3)])
        server.clock.advance(1)
        self.assertEqual(200, self.status(server))

    def test_badLimits(self) -> None:
        """
        Limits are numbers.
        """
        for name in ("maxSessions", "maxSessionsPerAddress", "maxSessionsPerSecond", "maxPayload"):
            for value in ("5", -1, True):
                error = self.assertRaises(LocalProtocolError, Server, **{name: value})
                self.assertIn(name, str(error))

    def test_badKinds(self) -> None:
        """
        An option of another kind than it can be is named.
        """
        for name, value in (
            ("resource", None),
            ("resource", 5),
            ("transports", 5),
            ("transports", "websocket"),
            ("transportOptions", None),
            ("transportOptions", {"websocket": 5}),
            ("log", "debug"),
            ("flashPolicyPort", "843"),
            ("flashPolicyPort", 65536),
            ("clientFiles", 5),
            ("onClientConnect", "f"),
        ):
            error = self.assertRaises(LocalProtocolError, Server, **{name: value})
            self.assertIn(name, str(error))


class BusyReactor(MemoryReactorClock):
    """
    All its ports are in use.
    """

    def listenTCP(self, port: int, *args: Any, **kwargs: Any) -> Any:
        """
        Not this one.
        """
        raise CannotListenError("", port, OSError(98, "Address already in use"))


class FlashPolicies(SynchronousTestCase):
    """
    C{flashPolicyServer} and C{flashPolicyPort}.
    """

    def ports(self, server: Server) -> list[tuple[int, bool]]:
        """
        The ports that a server has opened, and whether they are for
        policies.
        """
        return [
            (port, isinstance(factory, PolicyFactory))
            for port, factory, *_ in server.clock.tcpServers
        ]

    def test_port(self) -> None:
        """
        With C{flashsocket} there is a policy server, on port 843.
        """
        self.assertEqual([(843, True)], self.ports(Server()))

    def test_otherPort(self) -> None:
        """
        Or on another one.
        """
        self.assertEqual([(10843, True)], self.ports(Server(flashPolicyPort=10843)))

    def test_off(self) -> None:
        """
        It can be switched off; the policy is still served inline.
        """
        server = Server(flashPolicyServer=False, origins="*:*")
        self.assertEqual([], self.ports(server))
        wire = server.connect()
        wire.receive(b"<policy-file-request/>\0")
        self.assertIn(b"<cross-domain-policy>", wire.value())

    def test_withoutFlash(self) -> None:
        """
        Without C{flashsocket} nobody needs it.
        """
        server = Server(transports=["websocket"])
        server.io.servePolicy()
        self.assertEqual([], self.ports(server))

    def test_later(self) -> None:
        """
        It may be opened later than the site is given; C{close} closes it as
        well.
        """
        server = Server(flashPolicyServer=False, flashPolicyPort=10843)
        server.io.servePolicy()
        self.assertEqual([(10843, True)], self.ports(server))
        stopped: list[bool] = []
        self.patch(server.io._policyPort, "stopListening", lambda: stopped.append(True))
        self.successResultOf(server.io.close())
        self.assertEqual([True], stopped)

    def test_atOnce(self) -> None:
        """
        The policy waits for the request, or with C{flashPolicyAtOnce} for
        nobody. It is that of C{origins}, here as inline.
        """
        for options, sent in (({}, False), ({"flashPolicyAtOnce": True}, True)):
            server = Server(origins="good.com:*", **options)
            ((_, factory, *_),) = server.clock.tcpServers
            asking, inline = opened(factory), server.connect()
            inline.receive(b"<policy-file-request/>\0")
            self.assertIn(b'<allow-access-from domain="good.com" to-ports="*"/>', inline.value())
            self.assertEqual(inline.value() if sent else b"", asking.value())
            server.clock.advance(5)

    def test_movie(self) -> None:
        """
        C{flashMovie} is served; without it the answer says how to name one.
        """
        movie = Path(self.mktemp())
        movie.write_bytes(b"FWS")
        for url in ("/WebSocketMain.swf", "/lib/vendor/web-socket-js/WebSocketMain.swf"):
            self.assertEqual(b"FWS", Server(flashMovie=movie).get(url).answer().body)
            answer = Server().get(url).answer()
            self.assertEqual(404, answer.status)
            self.assertIn(b"option flashMovie", answer.body)
        self.assertRaises(LocalProtocolError, Server, flashMovie=self.mktemp())

    def test_embedded(self) -> None:
        """
        A listener without a site has no ports.
        """
        clock = MemoryReactorClock()
        SocketIOResource(Listener(reactor=clock))
        self.assertEqual([], clock.tcpServers)

    def test_noPort(self) -> None:
        """
        Where the port cannot be had, one clear line tells so, and the policy
        is served inline.
        """
        site = Site(Resource())
        with capturedLogs() as logged:
            io = txsocketio.listen(site, reactor=BusyReactor())
        (event,) = [each for each in logged if "txsocketio" in each["log_namespace"]]
        self.assertEqual(LogLevel.warn, event["log_level"])
        self.assertEqual(
            "No Flash policies on port 843 ([Errno 98] Address already in use);"
            " they are still served inline",
            event["log_format"].format(**event),
        )
        self.assertIsNone(self.successResultOf(io.close()))

    def test_closed(self) -> None:
        """
        C{close} closes the port, too.
        """
        clock = MemoryReactorClock()
        stopped: Deferred[None] = Deferred()
        opened: list[int] = []

        class Port:
            def stopListening(self) -> Deferred[None]:
                opened.remove(843)
                return stopped

        def listenTCP(port: int, factory: PolicyFactory) -> Port:
            opened.append(port)
            return Port()

        self.patch(clock, "listenTCP", listenTCP)
        io = txsocketio.listen(Site(Resource()), reactor=clock)
        self.assertEqual([843], opened)
        closed, again = io.close(), io.close()
        self.assertEqual([], opened)
        self.assertNoResult(closed)
        stopped.callback(None)
        self.successResultOf(closed)
        self.successResultOf(again)


class Mounting(SynchronousTestCase):
    """
    C{listen} and the reactor.
    """

    def test_twice(self) -> None:
        """
        A listener has one site.
        """
        server = Server()
        self.assertRaises(LocalProtocolError, server.io.mountOn, Site(Resource()))

    def test_badOptions(self) -> None:
        """
        Where an option is wrong the site is as it was.
        """
        root = Resource()
        site = Site(root)
        self.assertRaises(LocalProtocolError, txsocketio.listen, site, colour="red")
        self.assertRaises(LocalProtocolError, txsocketio.listen, site, resource="")
        self.assertIs(root, site.resource)

    def test_installedReactor(self) -> None:
        """
        Without one given, the installed reactor's clock is used.
        """
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

        self.assertIs(reactor, Listener()._reactor)
