"""
Tests for L{txsocketio.recovery}, and for how clients come back by it.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, ConnectionRefused, DisconnectReason, LocalProtocolError
from txsocketio.orders import EVERYBODY, Address
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.recovery import Away, Recovery, split
from txsocketio.test.hall import OLD, Hall, Visitor
from txsocketio.test.support import Server, Wire


class LogCase(SynchronousTestCase):
    """
    A L{Recovery}, and somebody who is away from C{/} since packet 1.
    """

    bounds: dict[str, Any] = {}  # noqa: RUF012 - is replaced, never changed

    def setUp(self) -> None:
        self.clock = Clock()
        self.recovery = Recovery(self.clock.seconds, **self.bounds)
        self.record("first")
        self.save("ID")

    def record(self, data: Any, address: Address = EVERYBODY, name: str = ROOT) -> Packet:
        """
        Send a message.
        """
        return self.recovery.record(address, Packet(Kind.JSON, data, name))

    def save(self, id: str) -> None:
        """
        Somebody goes.
        """
        self.recovery.save(Away(ROOT, "me", id, frozenset(("me", "red")), {"a": 1}, 0))

    def missed(self, offset: object = "1", id: object = "ID") -> list[Any] | None:
        """
        What who comes back has missed.
        """
        away = self.recovery.take(ROOT, id, offset)
        packets = None if away is None else self.recovery.missed(away)
        return None if packets is None else [packet.data for packet in packets]


class LogTests(LogCase):
    """
    What is kept, and for whom.
    """

    def test_offsets(self) -> None:
        """
        Each packet that can be sent again gets its place.
        """
        for kind in (Kind.MESSAGE, Kind.JSON, Kind.EVENT):
            packet = self.recovery.record(EVERYBODY, Packet(kind, ["x"]))
            self.assertEqual(str(self.recovery.last), packet.offset)
        self.assertEqual(4, self.recovery.last)
        for packet in (Packet(Kind.EVENT, ["x"], id=1), Packet(Kind.DISCONNECT)):
            self.assertIs(packet, self.recovery.record(EVERYBODY, packet))
        self.assertEqual([["x"]] * 3, self.missed())

    def test_whose(self) -> None:
        """
        What was said to it: in its namespace, and in its rooms.
        """
        for number, (rooms, excluded) in enumerate(
            [((), ()), (("red",), ()), (("blue", "me"), ()), (("blue",), ()),
             ((), ("blue",)), ((), ("me",)), (("red",), ("red",))]
        ):  # fmt: skip
            self.record(number, Address(frozenset(rooms), frozenset(excluded)))
        self.record("elsewhere", name="/chat")
        self.assertEqual([0, 1, 2, 4], self.missed())

    def test_what(self) -> None:
        """
        All that it needs is given back, once.
        """
        away = self.recovery.take(ROOT, "ID", "1")
        assert away is not None
        self.assertEqual(("me", {"me", "red"}, {"a": 1}), (away.id, away.rooms, away.data))
        self.assertIsNone(self.recovery.take(ROOT, "ID", "1"))

    def test_nobody(self) -> None:
        """
        Ids of nobody, of another namespace, and what is none.
        """
        self.assertIsNone(self.recovery.take("/chat", "ID", "1"))
        for id in ("other", None, 5, {"a": 1}, ["ID"]):
            self.assertIsNone(self.recovery.take(ROOT, id, "1"))
        self.assertEqual([], self.missed())

    def test_badOffsets(self) -> None:
        """
        Places that there are not, or are from before the client came.
        """
        self.recovery.save(Away(ROOT, "me", "new", frozenset(), {}, 1))
        self.record("second")
        for offset in (None, 2, "", "x", "-1", "0", "3", "²", "9" * 10000, ["1"]):
            self.save("again")
            self.assertIsNone(self.missed(offset, "again"), offset)
        self.assertIsNone(self.missed("1", "new"))

    def test_copied(self) -> None:
        """
        What the application changes later was not said.
        """
        value = {"a": [1, (2, 3)], "b": bytearray(b"x")}
        self.record(value)
        value["a"][1] = value["c"] = 4  # type: ignore[index]
        value["b"][0] = 0  # type: ignore[index]
        self.assertEqual([{"a": [1, [2, 3]], "b": b"x"}], self.missed())

    def test_endless(self) -> None:
        """
        What cannot be copied cannot be written either.
        """
        value: list[Any] = []
        value.append(value)
        self.assertRaises(LocalProtocolError, self.record, value)
        self.assertEqual([], self.missed())

    def test_ids(self) -> None:
        """
        20 characters that nobody can guess.
        """
        ids = {self.recovery.newId() for _ in range(100)}
        self.assertEqual(({20}, 100), ({len(id) for id in ids}, len(ids)))

    def test_options(self) -> None:
        """
        Bounds that there are not, and what is none.
        """
        for bounds in (
            {"maxPacket": 1},
            {"maxBytes": -1},
            {"maxDisconnectionDuration": "2 min"},
            {"skipMiddlewares": "no"},
        ):
            error = self.assertRaises(LocalProtocolError, Recovery, self.clock.seconds, **bounds)
            self.assertIn(next(iter(bounds)), str(error))

    def test_split(self) -> None:
        """
        What is for us is taken out of what is for the application.
        """
        self.assertEqual(({"a": 1}, "x", "2"), split({"a": 1, "pid": "x", "offset": "2"}))
        self.assertEqual(({}, "x", None), split({"pid": "x"}))
        for auth in (None, [1], "pid", {"offset": "2"}):
            self.assertEqual((auth, None, None), split(auth))


class AgeTests(LogCase):
    """
    C{maxDisconnectionDuration}.
    """

    bounds = {"maxDisconnectionDuration": 10}  # noqa: RUF012 - is replaced, never changed

    def test_away(self) -> None:
        """
        Who is away for longer does not come back.
        """
        self.clock.advance(10)
        self.assertTrue(self.recovery.isAway("ID"))
        self.clock.advance(0.1)
        self.assertFalse(self.recovery.isAway("ID"))
        self.assertIsNone(self.missed())

    def test_idle(self) -> None:
        """
        It does not matter how old the last packet is, as long as there was
        none since that is gone; others' packets count, other namespaces' do
        not.
        """
        self.clock.advance(30)
        self.save("idle")
        self.assertEqual([], self.missed("1", "idle"))
        self.record("elsewhere", name="/chat")
        self.clock.advance(30)
        self.save("idle")
        self.record("new")
        self.assertEqual(["new"], self.missed("1", "idle"))
        self.clock.advance(30)
        self.save("idle")
        self.assertIsNone(self.missed("1", "idle"))

    def test_freed(self) -> None:
        """
        What is too old is kept no longer.
        """
        self.clock.advance(11)
        self.record("new")
        self.assertEqual((1, 0), (len(self.recovery._entries), len(self.recovery._away)))


class BoundTests(LogCase):
    """
    However much is sent, and however many go.
    """

    bounds = {"maxPackets": 5, "maxBytes": 1000, "maxAway": 2}  # noqa: RUF012 - as above

    def test_packets(self) -> None:
        """
        The oldest packets are dropped; who may not have had them does not come
        back.
        """
        for number in range(5):
            self.record(number)
        self.assertEqual([0, 1, 2, 3, 4], self.missed())
        self.save("ID")
        self.record(5)
        self.assertIsNone(self.missed())
        self.save("ID")
        self.assertEqual([1, 2, 3, 4, 5], self.missed("2"))

    def test_bytes(self) -> None:
        """
        So with large ones, wherever their size is.
        """
        for large in ("x" * 600, b"x" * 600, {"x" * 600: 1}, [["x" * 600]], list(range(38))):
            self.record(large)
            self.record(large)
            self.assertEqual(1, len(self.recovery._entries))
        self.record("x" * 2000)
        self.assertEqual((0, 0), (len(self.recovery._entries), self.recovery._size))

    def test_away(self) -> None:
        """
        Who went first is given up first.
        """
        self.save("second")
        self.save("third")
        away = [self.recovery.isAway(id) for id in ("ID", "second", "third")]
        self.assertEqual([False, True, True], away)

    def test_namespaces(self) -> None:
        """
        Namespaces without end leave nothing behind; who comes from one that
        may have lost something does not come back.
        """
        for number in range(100):
            self.record(1, name=f"/{number}")
        self.assertEqual(2, len(self.recovery._dropped))
        self.assertEqual({"/93", "/94"}, {*self.recovery._dropped})
        self.save("ID")
        self.assertIsNone(self.missed("1"))
        self.record(2)
        self.save("ID")
        self.assertEqual([2], self.missed("101"))


class DroppedTests(SynchronousTestCase):
    """
    What is remembered of what was dropped.
    """

    def test_latest(self) -> None:
        """
        It is the namespaces that have lost something last.
        """
        recovery = Recovery(Clock().seconds, maxPackets=1, maxAway=2)
        for name in "abacd":
            recovery.record(EVERYBODY, Packet(Kind.MESSAGE, "x", name))
        self.assertEqual(({"a": 3, "c": 4}, 2), (recovery._dropped, recovery._floor))


class ReturnCase(SynchronousTestCase):
    """
    A client who has had one packet.
    """

    recovery: dict[str, Any] = {}  # noqa: RUF012 - is replaced, never changed

    def setUp(self) -> None:
        self.hall = Hall(recovery=self.recovery)
        self.root = self.hall.root
        self.visitor = self.hall.come(ROOT, auth={"token": 1})
        [welcome] = self.visitor.heard()
        self.sid, self.pid = "SID1/", welcome.split("'")[3]
        self.client = self.visitor.client()
        self.client.data["a"] = 1
        self.client.join("red")
        self.client.send("hello")
        self.assertEqual(["MESSAGE / hello @1"], self.visitor.heard())

    def back(self, offset: str = "1", pid: str | None = None, name: str = ROOT) -> Visitor:
        """
        It comes back.
        """
        auth = {"token": 2, "pid": pid or self.pid, "offset": offset}
        return self.hall.come(name, auth=auth)


class ReturnTests(ReturnCase):
    """
    Coming back.
    """

    def test_recovered(self) -> None:
        """
        Everything is as it was, and the client is told what it has missed
        before it is told that it is in.
        """
        self.assertFalse(self.client.recovered)
        self.visitor.lose()
        self.root.emit("all", 1)
        self.root.volatile.emit("volatile")
        self.root.to("red").send("red")
        self.root.to("blue").send("blue")
        self.root.to(self.sid).send("you")
        self.root.exclude(self.sid).send("others")
        visitor = self.back()
        missed = ["EVENT / ['all', 1] @2", "MESSAGE / red @3", "MESSAGE / you @5"]
        self.assertEqual([*missed, f"CONNECT / ('{self.sid}', '{self.pid}')"], visitor.heard())
        client = visitor.client()
        self.assertIsNot(self.client, client)
        self.assertEqual((True, {"a": 1}), (client.recovered, client.data))
        self.assertEqual({self.sid, "red"}, client.rooms)
        self.assertEqual({"red": {self.sid}, self.sid: {self.sid}}, {**self.root.rooms})
        self.assertEqual({self.sid: client}, {**self.root.clients})
        self.root.to("red").send("again")
        self.assertEqual(["MESSAGE / again @7"], visitor.heard())

    def test_auth(self) -> None:
        """
        The application sees what was sent for it.
        """
        self.visitor.lose()
        self.assertEqual({"token": 2}, self.back().client().handshake.auth)

    def test_events(self) -> None:
        """
        Middleware has seen it before; handlers see it come.
        """
        calls: list[Any] = []
        self.root.use(lambda client: calls.append("middleware"))
        self.root.on("connection", lambda client: calls.append(client.recovered))
        self.visitor.lose()
        self.back()
        self.assertEqual([True], calls)
        self.back("x")
        self.assertEqual([True, "middleware", False], calls)

    def test_again(self) -> None:
        """
        With the same secret it comes back again and again, each time it has
        gone.
        """
        for number in (2, 3, 4):
            self.visitor.lose()
            self.root.send(number)
            self.visitor = self.back(str(number - 1))
            missed, welcome = self.visitor.heard()
            self.assertEqual((f"JSON / {number} @{number}", self.pid),
                             (missed, welcome.split("'")[3]))  # fmt: skip

    def test_twice(self) -> None:
        """
        Nobody comes back who has not gone, nor twice.
        """
        early = self.back()
        self.visitor.lose()
        self.back()
        for visitor in (early, self.back()):
            self.assertFalse(visitor.client().recovered)
            self.assertNotIn(self.pid, visitor.heard()[-1])

    def test_fresh(self) -> None:
        """
        Who cannot come back to where it was is new.
        """
        self.visitor.lose()
        visitor = self.back("99")
        self.assertEqual(("SID2/", {}), (visitor.client().sessionId, visitor.client().data))
        self.assertFalse(visitor.client().recovered)

    def test_reasons(self) -> None:
        """
        It comes back from what may happen, and not from what was meant.
        """
        meant = {
            DisconnectReason.CLIENT,
            DisconnectReason.SERVER,
            DisconnectReason.PARSE_ERROR,
            DisconnectReason.SLOW_CONSUMER,
            DisconnectReason.FLOOD,
        }
        for reason in DisconnectReason:
            visitor = self.hall.come(ROOT)
            pid = visitor.heard()[0].split("'")[3]
            visitor.client().send("x")
            offset = str(self.root.recovery.last)  # type: ignore[union-attr]
            visitor.lose(reason)
            back = self.back(offset, pid)
            self.assertEqual(reason not in meant, back.client().recovered, reason)

    def test_meanwhile(self) -> None:
        """
        What is said to who is away, by those who still hold it, is not lost.
        """
        self.visitor.lose()
        self.client.send("late")
        self.client.volatile.send("later")
        visitor = self.back()
        late, welcome = visitor.heard()
        self.assertEqual("MESSAGE / late @2", late)
        self.assertIn("CONNECT", welcome)
        self.client.send("too late")
        self.assertEqual([], visitor.heard())

    def test_afterwards(self) -> None:
        """
        What is said to who does not come back is not kept.
        """
        self.client.disconnect()
        self.client.send("nobody there")
        self.assertEqual(1, self.root.recovery.last)  # type: ignore[union-attr]

    def test_before(self) -> None:
        """
        Nobody gets what was said before it first came, whatever it claims to
        have had last.
        """
        other = self.hall.come(ROOT)
        pid = other.heard()[0].split("'")[3]
        for _ in range(2):
            other.client().send("x")
            other.lose()
            other = self.back(str(self.root.recovery.last), pid)  # type: ignore[union-attr]
            self.assertTrue(other.client().recovered)
        other.lose()
        self.assertFalse(self.back("1", pid).client().recovered)

    def test_asked(self) -> None:
        """
        What asks for an answer is not sent again.
        """
        self.failureResultOf(self.lost(self.client.emitWithAck("a")))
        self.assertEqual(1, len(self.back().heard()))

    def lost(self, done: Deferred[Any]) -> Deferred[Any]:
        """
        The client goes meanwhile.
        """
        self.visitor.lose()
        return done

    def test_unwritable(self) -> None:
        """
        What could not be written is left out again.
        """
        self.assertRaises(LocalProtocolError, self.client.emit, "x", {1})
        self.visitor.lose()
        self.root.send({1})
        self.root.send("y")
        self.assertEqual("MESSAGE / y @4", self.back().heard()[0])

    def test_namespaces(self) -> None:
        """
        Each namespace has its own.
        """
        self.hall.of("/chat")
        self.visitor.lose()
        self.assertFalse(self.back(name="/chat").client("/chat").recovered)
        self.assertTrue(self.back().client().recovered)

    def test_old(self) -> None:
        """
        Clients whose generation knows nothing of it are told nothing of it,
        and keep what they send.
        """
        old = self.hall.come(dialect=OLD)
        old.client().send("a")
        self.root.send("b")
        self.assertEqual(["MESSAGE / a", "MESSAGE / b"], old.heard())
        self.hall.of("/chat")
        auth = {"pid": "x", "offset": "1"}
        old.join("/chat", auth)
        self.assertEqual(auth, old.client("/chat").handshake.auth)

    def test_full(self) -> None:
        """
        Who misses more than it can take never was there.
        """
        calls: list[Any] = []
        self.root.on("connection", calls.append)
        self.visitor.lose()
        for number in range(3):
            self.root.send(number)
        visitor = self.hall.come(maxQueue=1)
        visitor.clog()
        visitor.join(ROOT, {"pid": self.pid, "offset": "1"})
        self.assertEqual(([], {}), (calls, {**self.root.clients}))


class AskingTests(ReturnCase):
    """
    C{skipMiddlewares} that is not set.
    """

    recovery = {"skipMiddlewares": False, "maxPackets": 3}  # noqa: RUF012 - as above

    def setUp(self) -> None:
        super().setUp()
        self.visitor.lose()
        self.decided: Deferred[None] = Deferred()
        self.seen: list[Any] = []
        self.root.use(self.see)

    def see(self, client: Client) -> Deferred[None]:
        """
        Middleware.
        """
        self.seen.append((client.recovered, client.data, client.rooms))
        return self.decided

    def test_admitted(self) -> None:
        """
        Middleware sees what the client had; what is said while it thinks is
        not lost.
        """
        visitor = self.back()
        self.root.send("meanwhile")
        self.assertEqual(([(True, {"a": 1}, {self.sid, "red"})], []), (self.seen, visitor.heard()))
        self.decided.callback(None)
        self.assertEqual("MESSAGE / meanwhile @2", visitor.heard()[0])

    def test_refused(self) -> None:
        """
        Who is refused has no second try.
        """
        visitor = self.back()
        self.decided.errback(ConnectionRefused("no"))
        self.assertEqual(["CONNECT_ERROR / {'message': 'no'}"], visitor.heard())
        self.assertNotIn("red", self.root.rooms)
        self.assertFalse(self.root.recovery.isAway(self.pid))  # type: ignore[union-attr]

    def test_tooSlow(self) -> None:
        """
        If it thinks for too long, the client has to come as a new one.
        """
        visitor = self.back()
        for number in range(4):
            self.root.send(number)
        self.decided.callback(None)
        self.assertEqual(([], {}), (visitor.heard(), {**self.root.clients}))
        failure = (DisconnectReason.TRANSPORT_ERROR, "came back too late")
        self.assertEqual(failure, self.hall.keeper.failures[-1])


class WireTests(SynchronousTestCase):
    """
    The option C{connectionStateRecovery}, as Socket.IO's own clients see it.
    """

    def texts(self, server: Server, *said: str) -> tuple[Wire, list[str]]:
        """
        Open a connection, say something, and hear what comes, without the
        opening.
        """
        wire = server.webSocket("/?EIO=4&transport=websocket")
        for text in said:
            wire.say(text)
        return wire, wire.texts()[1:]

    def test_recovered(self) -> None:
        """
        Each event brings its place along, and who comes back names the last
        one it has had.
        """
        server = Server(protocol="eio4", connectionStateRecovery={"maxDisconnectionDuration": 60})
        wire, [welcome] = self.texts(server, "40")
        told = json.loads(welcome[2:])
        self.assertEqual({"sid", "pid"}, {*told})
        server.io.emit("x", 1)
        server.io.send("text")
        self.assertEqual(['42["x",1,"1"]', '42["message","text","2"]'], wire.texts())
        wire.lose()
        server.clock.advance(60)
        asked = json.dumps({"pid": told["pid"], "offset": "1"})
        _, heard = self.texts(server, f"40{asked}")
        self.assertEqual(['42["message","text","2"]', welcome], heard)

    def test_tooLate(self) -> None:
        """
        For as long as the option says.
        """
        server = Server(protocol="eio4", connectionStateRecovery={"maxDisconnectionDuration": 60})
        wire, [welcome] = self.texts(server, "40")
        pid = json.loads(welcome[2:])["pid"]
        server.io.emit("x")
        wire.lose()
        server.clock.advance(60.5)
        asked = json.dumps({"pid": pid, "offset": "1"})
        _, [again] = self.texts(server, f"40{asked}")
        self.assertNotIn(pid, again)

    def test_off(self) -> None:
        """
        Without it nothing is added.
        """
        server = Server(protocol="eio4")
        wire, [welcome] = self.texts(server, "40")
        self.assertEqual({"sid"}, {*json.loads(welcome[2:])})
        server.io.emit("x", 1)
        self.assertEqual(['42["x",1]'], wire.texts())
