"""
Tests for L{txsocketio.audience}, L{txsocketio.orders} and
L{txsocketio.rooms}, without any wire.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import AckTimeout, Client, LocalProtocolError
from txsocketio.frames import Frame
from txsocketio.orders import Address, Dismiss, Join, Leave, Say
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.test.hall import MODERN, OLD, Hall, HallDialect


class _Careless(HallDialect):
    """
    Writes whatever it is given.
    """

    def __init__(self) -> None:
        super().__init__(True)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{HallDialect.encode}.
        """
        return super().encode(replace(packet, data=str(packet.data)))


class AudienceCase(SynchronousTestCase):
    """
    Three clients in C{/}; the first two are in the room C{red}.
    """

    def setUp(self) -> None:
        self.hall = Hall()
        self.root = self.hall.root
        self.visitors = [self.hall.come(ROOT) for _ in range(3)]
        self.clients = [visitor.client() for visitor in self.visitors]
        for client in self.clients[:2]:
            client.join("red")
        self.heard()

    def heard(self) -> list[list[str]]:
        """
        What each of the three has heard.
        """
        return [visitor.heard() for visitor in self.visitors]

    @property
    def ids(self) -> list[str]:
        """
        The session ids of the three.
        """
        return [client.sessionId for client in self.clients]


class Chaining(AudienceCase):
    """
    C{to}, C{exclude}, C{volatile}, C{local}.
    """

    def test_volatile(self) -> None:
        """
        What is volatile is not queued, whichever way it came to that.
        """
        self.visitors[0].clog()
        for audience in (
            self.root.volatile,
            self.root.to("red").volatile,
            self.root.volatile.to("red"),
            self.root.exclude("blue").local.volatile.exclude("green"),
            self.clients[1].volatile.to("red"),
            self.clients[1].volatile.exclude("blue"),
            self.clients[1].volatile.local,
        ):
            audience.send("x")
        self.root.send("y")
        self.visitors[0].stream.resume()
        first, second, third = self.heard()
        self.assertEqual((["MESSAGE / y"], 5, 5), (first, len(second), len(third)))

    def test_immutable(self) -> None:
        """
        Each step leaves the one before as it was.
        """
        red = self.root.to("red")
        red.volatile.local.exclude(self.ids[0]).to("blue")
        self.visitors[0].clog()
        red.send("x")
        self.visitors[0].stream.resume()
        self.assertEqual([["MESSAGE / x"], ["MESSAGE / x"], []], self.heard())

    def test_local(self) -> None:
        """
        What is local does not go by what carries it to other processes.
        """
        published: list[Any] = []
        self.patch(self.root._backplane, "publish", lambda *call: published.append(call))
        self.root.local.send("a")
        self.root.to("red").local.emit("b")
        self.clients[0].local.send("c")
        self.root.local.clientsJoin("blue")
        self.assertEqual([], published)
        heard = ["MESSAGE / a", "EVENT / ['b']"]
        self.assertEqual([heard, [*heard, "MESSAGE / c"], [heard[0], "MESSAGE / c"]], self.heard())
        self.assertEqual(3, len(self.root.rooms["blue"]))

    def test_published(self) -> None:
        """
        Everything else does: an order that says all of it.
        """
        published: list[Any] = []
        self.patch(self.root._backplane, "publish", lambda *call: published.append(call))
        self.root.to("red").exclude("blue").volatile.send("a")
        self.root.to("red").clientsJoin("x", "y")
        self.root.exclude("red").clientsLeave("z")
        self.root.disconnectClients(close=True)
        red, packet = frozenset(("red",)), Packet(Kind.MESSAGE, "a")
        orders = [
            Say(Address(red, frozenset(("blue",))), packet, True),
            Join(Address(red), ("x", "y")),
            Leave(Address(excluded=red), ("z",)),
            Dismiss(Address(), True),
        ]
        self.assertEqual([("/", order) for order in orders], published)

    def test_clients(self) -> None:
        """
        A client's own audiences leave it out.
        """
        self.clients[0].exclude().send("a")
        self.clients[0].exclude(self.ids[1]).send("b")
        self.clients[0].to("red").exclude(self.ids[1]).send("c")
        self.assertEqual([[], ["MESSAGE / a"], ["MESSAGE / a", "MESSAGE / b"]], self.heard())


class Arriving(AudienceCase):
    """
    What is said while a client arrives.
    """

    def test_nothingBeforeTheWelcome(self) -> None:
        """
        Who is not in hears nothing; who is hears the welcome first, whatever
        is said about its coming.
        """
        decided: Deferred[None] = Deferred()

        @self.root.use
        async def middleware(client: Client) -> None:
            client.join("red")
            await decided

        @self.root.on("joinRoom")
        def joined(room: str, id: str) -> None:
            self.root.to(room).send(f"{id} in {room}")

        late = self.hall.come(ROOT)
        self.root.send("all")
        self.root.to("red").send("red")
        self.assertEqual([], late.heard())
        decided.callback(None)
        welcome, *rest = late.heard()
        self.assertEqual("CONNECT / SID4/", welcome)
        self.assertEqual({"MESSAGE / SID4/ in red", "MESSAGE / SID4/ in SID4/"}, set(rest))


class Asking(AudienceCase):
    """
    C{emitWithAck} of many.
    """

    def setUp(self) -> None:
        super().setUp()
        self.done = self.root.to("red").emitWithAck("ask", 1, timeout=5)

    def test_all(self) -> None:
        """
        All who are addressed are asked, under one number, and all answers
        are the result.
        """
        asked = "EVENT / #1 ['ask', 1]"
        self.assertEqual([[asked], [asked], []], self.heard())
        self.visitors[1].say(Kind.ACK, ROOT, ["b", "c"], 1)
        self.assertNoResult(self.done)
        self.visitors[2].say(Kind.ACK, ROOT, ["not asked"], 1)
        self.visitors[0].say(Kind.ACK, ROOT, [], 1)
        self.assertEqual([None, ("b", "c")], self.successResultOf(self.done))

    def test_encodedOnce(self) -> None:
        """
        That is what lets it be encoded once.
        """
        MODERN.encoded.clear()
        self.root.emitWithAck("ask", timeout=5)
        self.assertEqual(1, len(MODERN.encoded))

    def test_timeout(self) -> None:
        """
        Who does not answer in time is missing.
        """
        self.visitors[0].say(Kind.ACK, ROOT, ["a"], 1)
        self.hall.clock.advance(5)
        self.assertEqual(["a"], self.failureResultOf(self.done, AckTimeout).value.answers)

    def test_goes(self) -> None:
        """
        So is who goes.
        """
        self.visitors[0].say(Kind.ACK, ROOT, ["a"], 1)
        self.visitors[1].lose()
        self.assertEqual(["a"], self.failureResultOf(self.done, AckTimeout).value.answers)

    def test_unsupported(self) -> None:
        """
        Who cannot be told of it is passed over, and not waited for.
        """
        old = self.hall.come(dialect=OLD)
        old.heard()
        done = self.root.exclude("red").emitWithAck("ask", b"x", timeout=5)
        self.assertEqual(([], 1), (old.heard(), self.root.passedOver))
        self.assertEqual({}, old.client()._acks._waiting)
        self.visitors[2].say(Kind.ACK, ROOT, ["c"], 2)
        self.assertEqual(["c"], self.successResultOf(done))
        self.assertNoResult(self.root.exclude("red").emitWithAck("ask", timeout=5))
        self.assertEqual(["EVENT / #3 ['ask']"], old.heard())

    def test_unwritable(self) -> None:
        """
        What cannot be written asks nobody.
        """
        for event, arg in (("ask", {1}), ("disconnect", 1)):
            self.assertRaises(LocalProtocolError, self.root.emitWithAck, event, arg, timeout=5)
        self.assertEqual([1, 1, 0], [len(client._acks._waiting) for client in self.clients])

    def test_unwritableForSome(self) -> None:
        """
        Nor does it leave anything behind where that is found out after some
        have been asked.
        """
        careless = _Careless()
        told = self.hall.come(ROOT, dialect=careless)
        self.hall.come(ROOT)
        audience = self.root.exclude("red")
        self.clients[2].disconnect()
        self.assertRaises(LocalProtocolError, audience.emitWithAck, "ask", {1}, timeout=None)
        self.assertEqual({}, told.client()._acks._waiting)

    def test_volatile(self) -> None:
        """
        What is volatile is not queued either.
        """
        self.visitors[0].clog()
        self.root.volatile.emitWithAck("ask", timeout=5).addErrback(lambda _: None)
        self.visitors[0].stream.resume()
        self.assertEqual([1, 2, 1], [len(heard) for heard in self.heard()])

    def test_tooMany(self) -> None:
        """
        Of whom too many answers are awaited already, no more is asked.
        """
        visitor = self.hall.come(ROOT, maxAcks=0)
        visitor.heard()
        done = self.root.to(visitor.client().sessionId).emitWithAck("ask", timeout=None)
        self.assertEqual([], self.failureResultOf(done, AckTimeout).value.answers)
        self.assertEqual([], visitor.heard())


class Doing(AudienceCase):
    """
    What is done with many.
    """

    def test_fetch(self) -> None:
        """
        Who is there.
        """
        everybody = self.successResultOf(self.root.fetchClients())
        self.assertEqual(self.clients, everybody)
        audience = self.root.to("red").exclude(self.ids[0])
        self.assertEqual([self.clients[1]], self.successResultOf(audience.fetchClients()))
        twice = self.root.to("red", self.ids[0])
        self.assertEqual(2, len(self.successResultOf(twice.fetchClients())))

    def test_rooms(self) -> None:
        """
        Entering and leaving rooms.
        """
        self.root.to("red").clientsJoin("blue", "green")
        self.assertEqual({"red", "blue", "green", self.ids[1]}, self.clients[1].rooms)
        self.root.exclude(self.ids[0]).clientsLeave("red", "blue")
        self.assertEqual([{"red", "blue", "green", self.ids[0]}, {"green", self.ids[1]}],
                         [client.rooms for client in self.clients[:2]])  # fmt: skip

    def test_tooManyRooms(self) -> None:
        """
        One that cannot enter keeps nobody from it.
        """
        full, last = self.hall.come(ROOT, maxRooms=1), self.hall.come(ROOT)
        self.assertRaises(LocalProtocolError, self.root.clientsJoin, "blue")
        self.assertNotIn("blue", full.client().rooms)
        self.assertIn("blue", last.client().rooms)

    def test_disconnect(self) -> None:
        """
        Sending away, from the namespace or altogether.
        """
        self.root.to(self.ids[0]).disconnectClients()
        self.root.to("red").disconnectClients(close=True)
        self.assertEqual([["DISCONNECT /"], ["DISCONNECT /", "CLOSE /"], []], self.heard())
        self.assertEqual([self.clients[2]], [*self.root.clients.values()])


class Rooms(AudienceCase):
    """
    C{Namespace.rooms}, and what is told of them.
    """

    def test_view(self) -> None:
        """
        A live view, which is not changed by being written to.
        """
        rooms = self.root.rooms
        self.assertEqual({"red", *self.ids}, {*rooms})
        self.assertEqual(({*self.ids[:2]}, 4), (rooms["red"], len(rooms)))
        self.visitors[0].lose()
        self.assertEqual({self.ids[1]}, rooms["red"])
        self.clients[1].leave("red")
        self.assertNotIn("red", rooms)
        with self.assertRaises(TypeError):
            rooms["red"] = frozenset()  # type: ignore[index]

    def test_events(self) -> None:
        """
        Each change is told, once, when it has happened.
        """
        told: list[Any] = []
        for event in ("createRoom", "deleteRoom", "joinRoom", "leaveRoom"):
            self.root.on(event, lambda *args, event=event: told.append((event, *args)))
        self.clients[0].join("red", "blue")
        self.clients[1].join("blue")
        self.clients[0].leave("blue", "green")
        self.clients[1].leave("blue")
        self.assertEqual(
            [
                ("createRoom", "blue"),
                ("joinRoom", "blue", self.ids[0]),
                ("joinRoom", "blue", self.ids[1]),
                ("leaveRoom", "blue", self.ids[0]),
                ("leaveRoom", "blue", self.ids[1]),
                ("deleteRoom", "blue"),
            ],
            told,
        )

    def test_own(self) -> None:
        """
        A client's own room is one as any other: it is made and goes with the
        client, but stays as long as somebody else is in it.
        """
        told: list[Any] = []
        for event in ("createRoom", "deleteRoom", "joinRoom", "leaveRoom"):
            self.root.on(event, lambda *args, event=event: told.append((event, *args)))
        visitor = self.hall.come(ROOT)
        visitor.heard()
        client, other, id = visitor.client(), self.clients[2], visitor.client().sessionId
        client.join(id)
        client.leave(id)
        other.join(id)
        self.assertEqual({id, other.sessionId}, self.root.rooms[id])
        self.root.to(id).exclude(other.sessionId).emit("news")
        self.root.to(id).emit("more")
        visitor.lose()
        self.assertEqual({other.sessionId}, self.root.rooms[id])
        other.leave(id)
        self.assertNotIn(id, self.root.rooms)
        self.assertEqual(
            [
                ("createRoom", id),
                ("joinRoom", id, id),
                ("joinRoom", id, other.sessionId),
                ("leaveRoom", id, id),
                ("leaveRoom", id, other.sessionId),
                ("deleteRoom", id),
            ],
            told,
        )
        self.assertEqual([2, 1], [len(visitor.heard()), len(self.visitors[2].heard())])

    def test_ownLast(self) -> None:
        """
        Who leaves another's own room before that one goes does not end it.
        """
        told: list[Any] = []
        self.root.on("deleteRoom", told.append)
        self.clients[2].join(self.ids[0])
        self.clients[2].leave(self.ids[0])
        self.assertEqual(({self.ids[0]}, []), (self.root.rooms[self.ids[0]], told))
        self.visitors[0].lose()
        self.assertEqual([self.ids[0]], told)

    def test_goneMeanwhile(self) -> None:
        """
        Who is sent away because of a room is in none of them.
        """
        self.root.on("createRoom", lambda room: self.clients[2].disconnect())
        self.clients[2].join("a", "b")
        self.assertEqual({"red", *self.ids[:2]}, {*self.root.rooms})
