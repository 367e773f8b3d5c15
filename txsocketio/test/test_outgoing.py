"""
Tests for L{txsocketio.outgoing}: our client and our server, over every
transport that both have.
"""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import txsocketio
from txsocketio import (
    AckTimeout,
    Client,
    ClientDisconnected,
    ClientSocket,
    ConnectFailed,
    ConnectionRefused,
    DisconnectReason,
    LocalProtocolError,
)
from txsocketio.test.lines import Lines, toSite
from txsocketio.test.support import Server


class Meeting(SynchronousTestCase):
    """
    A server, and clients of ours.

    @cvar protocol: what they speak.
    @cvar transports: what carries them; L{None} for all there are.
    @cvar dismissal: what those hear whom the server sends away.
    @cvar refusal: the data that those hear who are not let in.
    """

    protocol: ClassVar[str] = "eio4"
    transports: ClassVar[tuple[str, ...] | None] = None
    serverOptions: ClassVar[dict[str, Any]] = {}
    dismissal: ClassVar[DisconnectReason] = DisconnectReason.SERVER
    refusal: ClassVar[Any] = {"since": 2010}

    def setUp(self) -> None:
        self.server = Server(protocol=(self.protocol,), **self.serverOptions)
        self.clock = Clock()
        self.lines: Lines = toSite(self.server.site)
        self.clients: list[Client] = []
        self.server.io.on("connection", self.clients.append)

    def tearDown(self) -> None:
        self.assertEqual(self.flushLoggedErrors(), [])

    def begin(self, namespace: str = "/", **options: Any) -> Deferred[ClientSocket]:
        """
        Connect, and let nothing arrive yet.
        """
        given = {"protocol": self.protocol, "transports": self.transports, **options}
        return txsocketio.connect(
            "http://example.com", namespace, endpoint=self.lines, reactor=self.clock, **given
        )

    def connect(self, namespace: str = "/", **options: Any) -> ClientSocket:
        """
        Connect.
        """
        connecting = self.begin(namespace, **options)
        self.lines.pump()
        return self.successResultOf(connecting)

    def pass_(self, seconds: float) -> None:
        """
        Let time pass, and what is said in it arrive.
        """
        step = 0.5
        while seconds > 0:
            for clock in (self.clock, self.server.clock):
                clock.advance(min(step, seconds))
            self.lines.pump()
            seconds -= step

    def result(self, waiting: Deferred[Any]) -> Any:
        """
        What something turns out to be.
        """
        self.lines.pump()
        return self.successResultOf(waiting)

    def client(self) -> Client:
        """
        The only client that the server has seen.
        """
        (client,) = self.clients
        return client

    def hears(self, source: Any, *events: str) -> list[Any]:
        """
        Note what comes under these names.
        """
        heard: list[Any] = []
        for event in events:
            source.on(event, lambda *args, event=event: heard.append((event, *args)))
        return heard


class Everywhere(Meeting):
    """
    What holds of all generations and transports.
    """

    def test_connects(self) -> None:
        """
        The Deferred fires with a socket that knows what it is.
        """
        socket = self.connect()
        client = self.client()
        self.assertTrue(socket.connected)
        self.assertEqual(socket.sessionId, client.sessionId)
        self.assertEqual(socket.protocol, self.protocol)
        self.assertEqual((socket.namespace, client.namespace.name), ("/", "/"))
        self.assertEqual(socket.transport, client.transport)

    def test_messages(self) -> None:
        """
        Messages go both ways, in their order.
        """
        socket = self.connect()
        client = self.client()
        heard, told = self.hears(client, "message"), self.hears(socket, "message")
        for each in ("one", "zw\xf6lf \U0001f600\n", {"two": [2]}, [3]):
            socket.send(each)
            client.send(each)
        self.lines.pump()
        wanted = [("message", each) for each in ("one", "zw\xf6lf \U0001f600\n", {"two": [2]}, [3])]
        self.assertEqual(told, wanted)
        self.assertEqual(heard, wanted)

    def test_disconnect(self) -> None:
        """
        Who leaves is gone, and the server knows why; nothing is left over.
        """
        socket = self.connect()
        left = self.hears(socket, "disconnect")
        socket.send("last")
        heard = self.hears(self.client(), "message")
        done = socket.disconnect()
        self.assertEqual(left, [("disconnect", DisconnectReason.CLIENT)])
        self.assertFalse(socket.connected)
        self.lines.pump()
        self.successResultOf(done)
        self.assertEqual(heard, [("message", "last")])
        self.assertEqual(self.lines.up, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_dismissed(self) -> None:
        """
        Whom the server sends away hears of it.
        """
        socket = self.connect()
        heard = self.hears(socket, "message", "disconnect")
        self.client().send("goodbye")
        self.client().disconnect()
        self.lines.pump()
        self.assertEqual(heard, [("message", "goodbye"), ("disconnect", self.dismissal)])
        self.assertFalse(socket.active)
        self.assertEqual(self.lines.up, [])

    def test_heartbeats(self) -> None:
        """
        Five minutes of silence end nothing.
        """
        socket = self.connect()
        heard = self.hears(socket, "disconnect")
        self.pass_(300)
        self.assertEqual((heard, socket.connected), ([], True))
        socket.send("still there")
        heard = self.hears(self.client(), "message")
        self.lines.pump()
        self.assertEqual(heard, [("message", "still there")])

    def test_cut(self) -> None:
        """
        When the line is cut, or the server falls silent, the client hears of
        it, and what is sent then is dropped.
        """
        socket = self.connect()
        heard = self.hears(socket, "disconnect")
        self.lines.isReachable = False
        self.lines.cut()
        self.clock.pump([0.5] * 200)
        self.assertEqual(len(heard), 1)
        socket.send("nobody hears it")
        self.assertEqual((socket.connected, socket.pending), (False, 0))
        self.failureResultOf(socket.whenConnected(), ConnectFailed)

    def test_silence(self) -> None:
        """
        A server that says nothing any more is left.
        """
        socket = self.connect(requestTimeout=100)
        heard = self.hears(socket, "disconnect")
        for line in self.lines.lines:
            line.isSlow = True
        self.clock.pump([0.5] * 400)
        self.assertEqual(heard, [("disconnect", DisconnectReason.PING_TIMEOUT)])
        self.assertEqual(self.lines.up, [])

    def test_cancelled(self) -> None:
        """
        Who does not want to wait leaves nothing behind.
        """
        connecting = self.begin()
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.lines.pump()
        self.assertEqual(self.lines.up, [])

    def test_unreachable(self) -> None:
        """
        Nobody is there.
        """
        self.lines.isReachable = False
        failure = self.failureResultOf(self.begin(), ConnectFailed)
        self.assertEqual(failure.value.reason, DisconnectReason.TRANSPORT_ERROR)
        self.assertIn("refused", failure.value.detail)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_headersAndQuery(self) -> None:
        """
        What is sent along arrives.
        """
        self.connect(headers={"X-Who": "me"}, query={"a": "b c"})
        handshake = self.client().handshake
        self.assertEqual(handshake.headers.get("x-who"), "me")
        self.assertEqual(handshake.query["a"], "b c")


class Speaking(Everywhere):
    """
    What holds of all that have events.
    """

    def test_goodbye(self) -> None:
        """
        The server knows that it was no accident.
        """
        socket = self.connect()
        gone = self.hears(self.client(), "disconnect")
        socket.disconnect()
        self.lines.pump()
        self.assertEqual(gone, [("disconnect", DisconnectReason.CLIENT)])

    def test_events(self) -> None:
        """
        Events go both ways.
        """
        socket = self.connect()
        heard = self.hears(self.client(), "news")
        told = self.hears(socket, "news")
        socket.emit("news", 1, "two", None, {"three": [3]})
        socket.emit("news")
        self.client().emit("news", "\u2028", [])
        self.lines.pump()
        self.assertEqual(heard, [("news", 1, "two", None, {"three": [3]}), ("news",)])
        self.assertEqual(told, [("news", "\u2028", [])])

    def test_acks(self) -> None:
        """
        Acknowledgements go both ways, whatever makes them.
        """
        socket = self.connect()
        client = self.client()
        waiting: list[Deferred[Any]] = []

        async def answer(what: str) -> str:
            waiting.append(Deferred())
            return f"{what} {await waiting[-1]}"

        for end in (socket, client):
            end.on("echo", lambda *args: args)
            end.on("later", answer)
        asked = [end.emitWithAck("later", "soon") for end in (socket, client)]
        self.lines.pump()
        self.assertNoResult(asked[0])
        for each in waiting:
            each.callback("done")
        self.assertEqual([self.result(each) for each in asked], ["soon done"] * 2)
        for end in (socket, client):
            self.assertIsNone(self.result(end.emitWithAck("echo")))
            self.assertEqual(self.result(end.emitWithAck("echo", 1)), 1)
            self.assertEqual(self.result(end.emitWithAck("echo", 1, "two")), (1, "two"))

    def test_ackTimeout(self) -> None:
        """
        One that does not come in time fails, and so does one whose client has
        gone.
        """
        socket = self.connect()
        late = socket.emitWithAck("nobody", timeout=3)
        lost = socket.emitWithAck("nobody")
        self.lines.pump()
        self.clock.advance(3)
        self.failureResultOf(late, AckTimeout)
        socket.disconnect()
        failure = self.failureResultOf(lost, ClientDisconnected)
        self.assertEqual(failure.value.reason, DisconnectReason.CLIENT)
        after = socket.emitWithAck("nobody")
        self.failureResultOf(after, ClientDisconnected)
        self.lines.pump()

    def test_volatile(self) -> None:
        """
        Volatile events arrive where they can leave at once.
        """
        socket = self.connect()
        heard = self.hears(self.client(), "perhaps")
        socket.volatile.emit("perhaps", 1)
        self.lines.pump()
        self.assertEqual(heard, [("perhaps", 1)])
        socket.disconnect()
        socket.volatile.emit("perhaps", 2)
        self.lines.pump()
        self.assertEqual(heard, [("perhaps", 1)])

    def test_reserved(self) -> None:
        """
        Names that are the protocol's own cannot be emitted.
        """
        socket = self.connect()
        self.assertRaises(LocalProtocolError, socket.emit, "connect")
        self.assertRaises(LocalProtocolError, socket.emitWithAck, "disconnect")

    def test_namespaces(self) -> None:
        """
        Several namespaces share one connection, and are left one by one.
        """
        chats: list[Client] = []
        self.server.io.of("/chat").on("connection", chats.append)
        socket = self.connect()
        chat = socket.of("/chat", {"token": "t"})
        self.assertIs(socket.of("chat"), chat)
        chat.emit("early", 1)
        self.assertFalse(chat.connected)
        self.assertIs(self.result(chat.whenConnected()), chat)
        (client,) = chats
        self.assertEqual(chat.sessionId, client.sessionId)
        self.assertEqual(client.handshake.auth, {"token": "t"})
        heard = self.hears(client, "news")
        told, alien = self.hears(chat, "news"), self.hears(socket, "news")
        chat.emit("news", "chat")
        client.emit("news", "to chat")
        self.lines.pump()
        self.assertEqual((heard, told, alien), ([("news", "chat")], [("news", "to chat")], []))
        gone = self.hears(client, "disconnect")
        self.successResultOf(chat.disconnect())
        self.lines.pump()
        self.assertEqual(gone, [("disconnect", DisconnectReason.CLIENT)])
        self.assertTrue(socket.connected)
        again = chat.connect()
        self.assertTrue(self.result(again).connected)
        self.assertEqual(len(chats), 2)

    def test_namespaceAlone(self) -> None:
        """
        One can be asked for alone.
        """
        self.server.io.of("/chat")
        chat = self.connect("/chat")
        self.assertEqual((chat.namespace, chat.connected), ("/chat", True))
        done = chat.disconnect()
        self.lines.pump()
        self.successResultOf(done)
        self.assertEqual(self.lines.up, [])

    def test_refused(self) -> None:
        """
        Whom middleware does not let in is told why, and the connection ends
        with the last namespace.
        """
        self.server.io.of("/closed").use(refuse)
        socket = self.connect()
        waiting = socket.of("/closed").whenConnected()
        self.lines.pump()
        failure = self.failureResultOf(waiting, ConnectionRefused)
        self.assertEqual(failure.value.data, self.refusal)
        self.assertTrue(socket.connected)
        alone = self.begin("/closed")
        self.lines.pump()
        self.failureResultOf(alone, ConnectionRefused)
        socket.disconnect()
        self.lines.pump()
        self.assertEqual(self.lines.up, [])

    def test_large(self) -> None:
        """
        Messages of 100 KB.
        """
        socket = self.connect()
        self.client().on("echo", lambda *args: args)
        text = "\xf6\U0001f600" * 25_000
        self.assertEqual(self.result(socket.emitWithAck("echo", text)), text)


class Binary(Speaking):
    """
    What holds of Engine.IO.
    """

    def test_binary(self) -> None:
        """
        Bytes go both ways, wherever they are.
        """
        socket = self.connect()
        client = self.client()
        mixed = {"all": bytes(range(256)), "list": [b"", "text", {"deep": b"\0\x1e"}]}
        for end in (socket, client):
            end.on("echo", lambda *args: args)
        for end in (socket, client):
            self.assertEqual(self.result(end.emitWithAck("echo", mixed, "and")), (mixed, "and"))
            self.assertEqual(self.result(end.emitWithAck("echo", b"x" * 100_000)), b"x" * 100_000)

    def test_auth(self) -> None:
        """
        What is sent to be let in arrives, and may be a function's.
        """
        waiting: Deferred[Any] = Deferred()

        async def auth() -> Any:
            return await waiting

        connecting = self.begin(auth=auth)
        self.lines.pump()
        self.assertNoResult(connecting)
        waiting.callback({"token": "t"})
        self.result(connecting)
        handshake = self.client().handshake
        self.assertEqual((handshake.auth or handshake.query)["token"], "t")

    def test_authRaises(self) -> None:
        """
        What such a function raises is told to who connects.
        """

        def auth() -> Any:
            raise KeyError("no token")

        connecting = self.begin(auth=auth)
        self.lines.pump()
        self.failureResultOf(connecting, KeyError)
        self.assertEqual(self.lines.up, [])


def refuse(client: Client) -> None:
    """
    Let nobody in.
    """
    raise ConnectionRefused("members only", {"since": 2010})


class EIO4(Binary):
    """
    Engine.IO 4, from polling to a WebSocket.
    """

    def test_upgrade(self) -> None:
        """
        It begins with polling and moves, and nothing is lost or out of order.
        """
        heard: list[Any] = []
        self.server.io.on("connection", lambda client: client.on("n", heard.append))
        connecting = self.begin()
        numbers = iter(range(200))
        told: list[Any] = []
        socket: ClientSocket | None = None
        transports = []
        for turn in range(50):
            for line in self.lines.lines:
                line.isSlow = turn < 20 and b"transport=websocket" in b"".join(line.near.all)
            for line in self.lines.lines:
                line.pump()
            if socket is None and connecting.called:
                socket = self.successResultOf(connecting)
                socket.on("n", told.append)
            if socket is not None:
                transports.append(socket.transport)
                number = next(numbers)
                socket.emit("n", number)
                self.client().emit("n", number)
        self.pass_(5)
        count = next(numbers)
        self.assertEqual(heard, list(range(count)))
        self.assertEqual(told, list(range(count)))
        self.assertEqual((transports[0], transports[-1]), ("polling", "websocket"))
        self.assertEqual(len(self.lines.up), 1)


class EIO4Polling(Binary):
    """
    Engine.IO 4, over polling alone.
    """

    transports = ("polling",)


class EIO4WebSocket(Binary):
    """
    Engine.IO 4, over a WebSocket alone.
    """

    transports = ("websocket",)


class EIO3(Binary):
    """
    Engine.IO 3, from polling to a WebSocket.
    """

    protocol = "eio3"


class EIO3Polling(Binary):
    """
    Engine.IO 3, over polling alone.
    """

    protocol = "eio3"
    transports = ("polling",)


class EIO3WebSocket(Binary):
    """
    Engine.IO 3, over a WebSocket alone.
    """

    protocol = "eio3"
    transports = ("websocket",)


class Annotated(Speaking):
    """
    The first protocol, over a WebSocket.
    """

    protocol = "annotated"


class AnnotatedPolling(Speaking):
    """
    The first protocol, over xhr-polling.
    """

    protocol = "annotated"
    transports = ("xhr-polling",)


class Tilde(Everywhere):
    """
    The clients of 0.6, over a WebSocket.
    """

    protocol = "0.6"
    dismissal = DisconnectReason.TRANSPORT_CLOSE


class TildePolling(Everywhere):
    """
    The clients of 0.6, over xhr-polling.
    """

    protocol = "0.6"
    transports = ("xhr-polling",)
    dismissal = DisconnectReason.TRANSPORT_ERROR


class Colon(Speaking):
    """
    Socket.IO 0.7 to 0.9, over a WebSocket.
    """

    protocol = "colon"
    refusal = None


class ColonPolling(Speaking):
    """
    Socket.IO 0.7 to 0.9, over xhr-polling.
    """

    protocol = "colon"
    refusal = None
    transports = ("xhr-polling",)


class Announced(Meeting):
    """
    Sessions that are named before a transport opens.
    """

    protocol = "colon"

    def test_transports(self) -> None:
        """
        What the server does not have is passed over.
        """
        self.server = Server(protocol=("colon",), transports=["xhr-polling"])
        self.lines = toSite(self.server.site)
        self.assertEqual(self.connect().transport, "xhr-polling")
        none = self.begin(transports=["websocket"])
        self.lines.pump()
        failure = self.failureResultOf(none, ConnectFailed)
        self.assertIn("other transports: xhr-polling", failure.value.detail)

    def test_refused(self) -> None:
        """
        One that is not named is not opened.
        """

        async def nobody(handshake: object) -> bool:
            return False

        self.server = Server(protocol=("colon",), allowRequest=nobody)
        self.lines = toSite(self.server.site)
        connecting = self.begin()
        self.lines.pump()
        failure = self.failureResultOf(connecting, ConnectFailed)
        self.assertIn("status 403", failure.value.detail)


class Msgpack(Meeting):
    """
    MessagePack instead of text.
    """

    serverOptions: ClassVar[dict[str, Any]] = {"parser": "msgpack"}

    def test_event(self) -> None:
        """
        Events and acknowledgements go as they do in text.
        """
        socket = self.connect(parser="msgpack")
        self.client().on("echo", lambda *args: args)
        self.assertEqual(self.result(socket.emitWithAck("echo", b"1", "2")), (b"1", "2"))


del Everywhere, Speaking, Binary
