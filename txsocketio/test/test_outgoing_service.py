"""
Tests for L{txsocketio.outgoing.service}: connections that come back, what waits
for them, and what is caught up with.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from txsocketio import (
    AckTimeout,
    Client,
    ClientDisconnected,
    ConnectFailed,
    ConnectionRefused,
    DisconnectReason,
    QueueFull,
    SocketIOClientService,
)
from txsocketio.test.lines import Line
from txsocketio.test.test_outgoing import Meeting

EVENTS = ("connect", "disconnect", "connect_error", "reconnect_attempt", "reconnect")


class ServiceCase(Meeting):
    """
    A service, which waits as long as it has failed before.
    """

    transports = ("websocket",)

    def service(self, namespace: str = "/", **options: Any) -> SocketIOClientService:
        """
        One that does not run yet.
        """
        given = {"protocol": self.protocol, "transports": self.transports, **options}
        service = SocketIOClientService(
            "http://example.com",
            namespace,
            retryPolicy=lambda attempts: 1.0 + attempts,
            endpoint=self.lines,
            reactor=self.clock,
            **given,
        )
        self.addCleanup(self.stop, service)
        return service

    def stop(self, service: SocketIOClientService) -> None:
        """
        End it, if it runs; nothing is left then.
        """
        if service.running:
            done = service.stopService()
            self.lines.pump()
            self.successResultOf(done)
        self.assertEqual((self.lines.up, self.clock.getDelayedCalls()), ([], []))

    def started(self, **options: Any) -> SocketIOClientService:
        """
        One that is connected.
        """
        service = self.service(**options)
        service.startService()
        self.lines.pump()
        self.successResultOf(service.whenConnected())
        return service


class Lives(ServiceCase):
    """
    From the start to the end.
    """

    def test_connects(self) -> None:
        """
        It connects when it is started, and what was said before arrives.
        """
        service = self.service()
        heard: list[Any] = []
        self.server.io.on("clientMessage", lambda message, client: heard.append(message))
        service.socket.send("early")
        waiting = service.whenConnected()
        self.assertEqual(self.lines.lines, [])
        events = self.hears(service, *EVENTS)
        service.startService()
        self.lines.pump()
        self.assertIs(self.successResultOf(waiting), service.socket)
        self.assertEqual((heard, events), (["early"], [("connect",)]))

    def test_stops(self) -> None:
        """
        Stopping says goodbye, and nothing comes back.
        """
        service = self.started()
        gone = self.hears(self.client(), "disconnect")
        events = self.hears(service, *EVENTS)
        done = service.stopService()
        self.lines.pump()
        self.successResultOf(done)
        self.assertEqual(gone, [("disconnect", DisconnectReason.CLIENT)])
        self.assertEqual(events, [("disconnect", DisconnectReason.CLIENT)])
        self.failureResultOf(service.whenConnected(), ConnectFailed)
        service.startService()
        self.lines.pump()
        self.assertTrue(service.socket.connected)
        self.assertEqual(len(self.clients), 2)

    def test_comesBack(self) -> None:
        """
        A lost connection comes back, to the same socket with its handlers;
        what was said meanwhile arrives, in its order.
        """
        service = self.started()
        events = self.hears(service, *EVENTS)
        told = self.hears(service.socket, "connect", "disconnect", "message", "connect_error")
        self.lines.isReachable = False
        self.lines.cut()
        self.assertEqual(events, [("disconnect", DisconnectReason.TRANSPORT_CLOSE)])
        for each in range(3):
            service.socket.send(each)
        service.socket.volatile.send("lost")
        self.clock.advance(1)
        self.lines.isReachable = True
        self.clock.advance(2)
        heard: list[Any] = []
        self.server.io.on("clientMessage", lambda message, client: heard.append(message))
        self.lines.pump()
        self.clients[-1].send("welcome back")
        self.lines.pump()
        self.assertEqual(heard, [0, 1, 2])
        names = [name for name, *_ in events]
        self.assertEqual(
            names,
            [
                "disconnect",
                "reconnect_attempt",
                "connect_error",
                "reconnect_attempt",
                "reconnect",
                "connect",
            ],
        )
        self.assertEqual([events[1][1], events[3][1], events[4][1]], [1, 2, 2])
        self.assertEqual(
            [name for name, *_ in told], ["disconnect", "connect_error", "connect", "message"]
        )

    def test_backsOff(self) -> None:
        """
        The policy is told how often it has failed, and that is forgotten only
        when a server has let us in.
        """
        service = self.service()
        asked: list[int] = []

        def policy(attempts: int) -> float:
            asked.append(attempts)
            return 1.0

        service._policy = policy
        self.lines.isReachable = False
        service.startService()
        for _ in range(3):
            self.clock.advance(1)
        self.assertEqual(asked, [0, 1, 2, 3])
        undecided: list[Any] = [Deferred()]
        self.server.io.use(lambda client: undecided[0] if undecided else None)
        self.lines.isReachable = True
        self.clock.advance(1)
        for _ in range(3):
            # It names a session, and goes before it lets anybody in.
            self.lines.pump()
            self.lines.cut()
            self.clock.advance(1)
        self.assertEqual(asked[4:], [4, 5, 6])
        undecided.clear()
        self.lines.pump()
        self.assertTrue(service.socket.connected)
        self.lines.cut()
        self.assertEqual(asked[-1], 0)

    def test_patience(self) -> None:
        """
        Who waits may say for how many failures.
        """
        service = self.service()
        self.lines.isReachable = False
        service.startService()
        brief, long = service.whenConnected(failAfterFailures=2), service.whenConnected()
        self.clock.advance(1)
        self.assertNoResult(brief)
        self.clock.advance(2)
        self.failureResultOf(brief, ConnectFailed)
        self.assertNoResult(long)
        self.lines.isReachable = True
        self.clock.advance(3)
        self.lines.pump()
        self.successResultOf(long)
        self.successResultOf(service.whenConnected(failAfterFailures=1))

    def test_stopsWhileAway(self) -> None:
        """
        It can be stopped while it waits, and while it connects.
        """
        service = self.service()
        self.lines.isReachable = False
        service.startService()
        waiting = service.whenConnected()
        self.successResultOf(service.stopService())
        self.failureResultOf(waiting, ConnectFailed)
        self.lines.isReachable = True
        service.startService()
        waiting = service.whenConnected()
        done = service.stopService()
        self.lines.pump()
        self.successResultOf(done)
        self.failureResultOf(waiting, ConnectFailed)

    def test_dismissed(self) -> None:
        """
        Whom the server sends away does not come back by itself.
        """
        service = self.started()
        told = self.hears(service.socket, "disconnect")
        self.client().disconnect()
        self.pass_(100)
        self.assertEqual(told, [("disconnect", DisconnectReason.SERVER)])
        self.assertEqual(len(self.clients), 1)
        back = service.socket.connect()
        self.lines.pump()
        self.successResultOf(back)
        self.assertEqual(len(self.clients), 2)

    def test_refused(self) -> None:
        """
        Nor does one that was not let in; who has changed what it sends along
        may try again.
        """
        allowed: list[Any] = []

        def judge(client: Client) -> None:
            if client.handshake.auth not in allowed:
                raise ConnectionRefused("not you", {"who": client.handshake.auth})

        self.server.io.use(judge)
        service = self.service(auth={"token": 1})
        told = self.hears(service.socket, "connect_error")
        service.startService()
        waiting = service.whenConnected()
        self.lines.pump()
        failure = self.failureResultOf(waiting, ConnectionRefused)
        self.assertEqual(told, [("connect_error", failure.value)])
        self.assertEqual(
            (failure.value.message, failure.value.data["who"]), ("not you", {"token": 1})
        )
        self.pass_(60)
        self.assertEqual(len(self.lines.lines), 1)
        allowed.append({"token": 2})
        service.socket.auth = lambda: {"token": 2}
        again = service.socket.connect()
        self.lines.pump()
        self.successResultOf(again)

    def test_namespaces(self) -> None:
        """
        All namespaces come back; those that were left do not.
        """
        joined: list[str] = []
        for name in ("/one", "/two"):
            self.server.io.of(name).on(
                "connection", lambda client: joined.append(client.namespace.name)
            )
        service = self.started()
        one, two = service.of("/one"), service.of("/two")
        self.lines.pump()
        two.disconnect()
        self.lines.pump()
        self.lines.cut()
        self.clock.advance(1)
        self.lines.pump()
        self.assertEqual((one.connected, two.connected), (True, False))
        self.assertEqual(joined, ["/one", "/two", "/one"])


class Waiting(ServiceCase):
    """
    What waits for the connection.
    """

    def test_bounded(self) -> None:
        """
        Not more than C{maxQueue} and C{maxQueueBytes} allow.
        """
        service = self.service(maxQueue=3)
        for each in range(3):
            service.socket.send(each)
        self.assertRaises(QueueFull, service.socket.send, 3)
        self.assertRaises(QueueFull, service.socket.emitWithAck, "e")
        large = self.service(maxQueueBytes=100)
        large.socket.send("x" * 90)
        self.assertRaises(QueueFull, large.socket.send, "x" * 90)
        self.assertGreater(large.socket.pending, 90)

    def test_asked(self) -> None:
        """
        What was asked before fails when the connection goes; what is asked
        meanwhile does not, and nothing is asked that nobody waits for.
        """
        service = self.started()
        before = service.socket.emitWithAck("nobody")
        self.lines.pump()
        self.lines.cut()
        failure = self.failureResultOf(before, ClientDisconnected)
        self.assertEqual(failure.value.reason, DisconnectReason.TRANSPORT_CLOSE)
        late = service.socket.emitWithAck("echo", "late", timeout=2)
        meanwhile = service.socket.emitWithAck("echo", "meanwhile")
        heard: list[Any] = []

        def echo(what: Any) -> Any:
            heard.append(what)
            return what

        self.server.io.on("connection", lambda client: client.on("echo", echo))
        self.lines.isReachable = False
        self.clock.advance(1)
        self.lines.isReachable = True
        self.assertNoResult(meanwhile)
        self.clock.advance(2)
        self.failureResultOf(late, AckTimeout)
        self.lines.pump()
        self.assertEqual(self.successResultOf(meanwhile), "meanwhile")
        self.assertEqual(heard, ["meanwhile"])

    def test_forgotten(self) -> None:
        """
        What waits is dropped when nobody will come back, and what was asked
        fails.
        """
        service = self.started()
        self.lines.cut()
        service.socket.send("never")
        asked = service.socket.emitWithAck("never")
        service.stopService()
        self.failureResultOf(asked, ClientDisconnected)
        self.assertEqual(service.socket.pending, 0)
        heard: list[Any] = []
        self.server.io.on("clientMessage", lambda message, client: heard.append(message))
        service.startService()
        self.lines.pump()
        self.assertEqual((service.socket.connected, heard), (True, []))

    def test_oldQuestion(self) -> None:
        """
        What the server asked over a connection that has gone is not answered
        over the next one.
        """
        service = self.started()
        answer: Deferred[str] = Deferred()
        service.socket.on("q", lambda: answer)
        asked = self.client().emitWithAck("q")
        self.lines.pump()
        self.lines.cut()
        self.failureResultOf(asked, ClientDisconnected)
        self.clock.advance(1)
        self.lines.pump()
        written = len(self.lines.up[0].near.all)
        answer.callback("late")
        self.assertEqual(len(self.lines.up[0].near.all), written)


class Recovers(ServiceCase):
    """
    With a server that keeps what was missed.
    """

    serverOptions = {"connectionStateRecovery": {}}  # noqa: RUF012

    def test_recovered(self) -> None:
        """
        It is where it was, and has all that it missed, once.
        """
        service = self.started()
        socket, client = service.socket, self.client()
        heard = self.hears(socket, "news")
        client.join("room")
        room = self.server.io.to("room")
        client.emit("news", 1, "a")
        room.emit("news", 2)
        self.lines.pump()
        self.assertEqual((heard, socket.recovered), ([("news", 1, "a"), ("news", 2)], False))
        id = socket.sessionId
        self.lines.cut()
        room.emit("news", 3, "missed")
        client.emit("news", 4, "2024")
        self.clock.advance(1)
        self.lines.pump()
        room.emit("news", 5)
        self.lines.pump()
        self.assertEqual((socket.recovered, socket.sessionId), (True, id))
        self.assertEqual(heard[2:], [("news", 3, "missed"), ("news", 4, "2024"), ("news", 5)])
        self.assertTrue(self.clients[-1].recovered)

    def test_tooLate(self) -> None:
        """
        After too long it is a new one.
        """
        service = self.started()
        id = service.socket.sessionId
        self.client().emit("news")
        self.lines.pump()
        self.lines.cut()
        self.server.clock.advance(1000)
        self.clock.advance(1)
        self.lines.pump()
        self.assertTrue(service.socket.connected)
        self.assertFalse(service.socket.recovered)
        self.assertNotEqual(service.socket.sessionId, id)
        self.lines.cut()
        self.clock.advance(1)
        self.lines.pump()
        # Of where it is now, it has heard nothing yet.
        self.assertTrue(said(self.lines.lines[1], b"offset"))
        self.assertFalse(said(self.lines.lines[2], b"offset"))


def said(line: Line, word: bytes) -> bool:
    """
    Whether that was said in the WebSocket's messages of a line.
    """
    return any(word in unmasked(data) for data in line.near.all)


def unmasked(data: bytes) -> bytes:
    """
    A short message of a client, as it was before it was masked.
    """
    mask, masked = data[2:6], data[6:]
    if data[1:2] == b"\xfe":
        mask, masked = data[4:8], data[8:]
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked)) if mask else b""


del ServiceCase
