"""
Tests for L{txsocketio.fanout}.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import AckTimeout, fanout
from txsocketio.errors import DisconnectReason, LocalProtocolError
from txsocketio.packets import Kind, Packet
from txsocketio.test.fakes import FakeDialect, FakePoll, FakeStream, nothing
from txsocketio.test.support import Server, Wire
from txsocketio.test.test_manager import Able, ManagerCase

#: An operation of a random schedule: what it is, and two numbers for whom.
Step = tuple[str, int, int]


class FanOutCase(ManagerCase):
    """
    Five sessions, two of which are written to in one turn; three broadcasts
    may be under way.
    """

    def setUp(self) -> None:
        super().setUp()
        self.limit(2, 3)
        self.gather()

    def limit(self, slice: int, unfinished: int) -> None:
        """
        Have these in place of L{fanout.SLICE} and L{fanout.MAX_UNFINISHED}.
        """
        self.patch(fanout, "SLICE", slice)
        self.patch(fanout, "MAX_UNFINISHED", unfinished)

    def gather(self, dialects: Sequence[FakeDialect | None] = (None,) * 5) -> None:
        """
        Sessions of these dialects come.
        """
        pairs = [self.opened(dialect) for dialect in dialects]
        self.sessions = [session for session, _ in pairs]
        self.streams = [stream for _, stream in pairs]

    def broadcast(self, data: Any, to: Iterable[int] = range(5), volatile: bool = False) -> Any:
        """
        Send to those of these numbers.
        """
        sessions = [self.sessions[number] for number in to]
        return self.manager.fanOut(Packet(Kind.MESSAGE, data), sessions, volatile)

    def say(self, number: int, data: Any) -> None:
        """
        Send to one.
        """
        self.sessions[number].send(Packet(Kind.MESSAGE, data))

    def turn(self) -> None:
        """
        One more turn of the reactor: L{Clock.advance} would go on as long as
        there is anything to do.
        """
        for call in [each for each in self.clock.calls if each.getTime() <= self.clock.seconds()]:
            self.clock.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)

    def finish(self) -> None:
        """
        As many as it takes.
        """
        while self.manager.unfinished:
            self.turn()

    def heard(self) -> list[str]:
        """
        What each has been sent, one after the other.
        """
        return [_said(stream) for stream in self.streams]


def _said(stream: FakeStream) -> str:
    return " ".join(text.removeprefix("MESSAGE ") for text in stream.texts())


class SliceTests(FanOutCase):
    """
    How much is written at once.
    """

    def test_short(self) -> None:
        """
        What is for no more than one slice is written at once, and that is it.
        """
        calls = len(self.clock.getDelayedCalls())
        self.broadcast("a", (1, 3))
        self.assertEqual(self.heard(), ["", "a", "", "a", ""])
        self.assertFalse(self.manager.unfinished)
        self.assertEqual(len(self.clock.getDelayedCalls()), calls)

    def test_long(self) -> None:
        """
        Of what is for more, a slice at once, and another in each turn, in
        their order.
        """
        self.broadcast("a")
        self.assertEqual(self.heard(), ["a", "a", "", "", ""])
        self.turn()
        self.assertEqual(self.heard(), ["a", "a", "a", "a", ""])
        self.turn()
        self.assertEqual(self.heard(), ["a"] * 5)
        self.assertFalse(self.manager.unfinished)

    def test_whole(self) -> None:
        """
        The last slice may be full.
        """
        self.broadcast("a", range(4))
        self.turn()
        self.assertEqual(self.heard(), ["a", "a", "a", "a", ""])
        self.assertFalse(self.manager.unfinished)

    def test_defaults(self) -> None:
        """
        Nothing is cut that is for no more than a thousand.
        """
        self.limit(1_000, 16)
        self.gather([None] * 1_001)
        self.broadcast("a", range(1_000))
        self.assertFalse(self.manager.unfinished)
        self.broadcast("b", range(1_001))
        self.assertTrue(self.manager.unfinished)

    def test_together(self) -> None:
        """
        A second one waits for the first, and all of one turn are one slice.
        """
        self.broadcast("a")
        self.broadcast("b")
        self.assertEqual(self.heard(), ["a", "a", "", "", ""])
        self.turn()
        self.assertEqual(self.heard(), ["a", "a", "a", "a", ""])
        self.turn()
        self.assertEqual(self.heard(), ["a b", "a", "a", "a", "a"])
        self.turn()
        self.assertEqual(self.heard(), ["a b", "a b", "a b", "a", "a"])
        self.turn()
        self.assertEqual(self.heard(), ["a b"] * 5)
        self.assertFalse(self.manager.unfinished)

    def test_tooMany(self) -> None:
        """
        One more than may be under way, and the oldest is finished at once.
        """
        for text in "abc":
            self.broadcast(text)
        self.assertEqual(self.heard(), ["a", "a", "", "", ""])
        self.broadcast("d")
        self.assertEqual(self.heard(), ["a"] * 5)
        self.assertEqual(len(self.manager.unfinished), 3)
        self.finish()
        self.assertEqual(self.heard(), ["a b c d"] * 5)

    def test_encoded(self) -> None:
        """
        It is encoded once, when it is sent, whatever becomes of what was sent
        and of those who wait for it.
        """
        data = ["a"]
        self.dialect.encoded.clear()
        self.broadcast(data)
        data.append("b")
        self.sessions[4].received("DIALECT other\nMESSAGE x")
        self.finish()
        self.assertEqual(self.heard(), ["['a']"] * 5)
        self.assertEqual(len(self.dialect.encoded), 1)

    def test_unwritable(self) -> None:
        """
        Who shows, while it is written, a form in which it cannot be written
        does not keep it from the others.
        """
        self.gather([Able("able")] * 3)
        self.streams[0].onWrite = lambda: setattr(self.sessions[1], "dialect", self.dialect)
        self.limit(3, 3)
        self.broadcast({1}, (0, 1, 2))
        self.assertEqual(self.heard(), ["[1]", "", "[1]"])

    def test_volatile(self) -> None:
        """
        Whether somebody can be written to is seen when it is their turn.
        """
        self.streams[4].writable = False
        self.broadcast("a", volatile=True)
        self.streams[4].resume()
        self.streams[3].writable = False
        self.finish()
        self.streams[3].resume()
        self.assertEqual(self.heard(), ["a", "a", "a", "", "a"])

    def test_queued(self) -> None:
        """
        Everything else waits for who cannot be.
        """
        self.broadcast("a")
        self.streams[3].writable = False
        self.finish()
        self.assertEqual(self.heard(), ["a", "a", "a", "", "a"])
        self.streams[3].resume()
        self.assertEqual(self.heard(), ["a"] * 5)

    def test_passedOver(self) -> None:
        """
        Who cannot be told is known at once, wherever they stand.
        """
        able = Able("able")
        self.gather([able, able, None, able, None])
        self.assertEqual(self.broadcast(b"a"), [self.sessions[2], self.sessions[4]])
        self.turn()
        self.assertEqual(self.heard(), ["a", "a", "", "a", ""])
        self.assertFalse(self.manager.unfinished)

    def test_nobodyCould(self) -> None:
        """
        Where one generation finds out that nobody could write it, nobody is
        sent it, in no turn.
        """
        able = Able("able")
        self.gather([able, able, able, able, None])
        self.assertRaises(LocalProtocolError, self.broadcast, {1})
        self.turn()
        self.assertEqual(self.heard(), [""] * 5)


class OrderTests(FanOutCase):
    """
    What comes behind a broadcast that has not reached somebody yet.
    """

    def test_toOne(self) -> None:
        """
        Who is written to has had it before; the others get it in their turn,
        and nobody twice.
        """
        self.broadcast("a")
        self.say(4, "b")
        self.assertEqual(self.heard(), ["a", "a", "", "", "a b"])
        self.finish()
        self.assertEqual(self.heard(), ["a", "a", "a", "a", "a b"])

    def test_several(self) -> None:
        """
        All that have not reached it, in their order.
        """
        self.broadcast("a")
        self.broadcast("b")
        self.broadcast("c", (0, 1, 2))
        self.say(4, "d")
        self.say(0, "e")
        self.assertEqual(self.heard(), ["a b c e", "a", "", "", "a b d"])
        self.finish()
        self.assertEqual(self.heard(), ["a b c e", "a b c", "a b c", "a b", "a b d"])

    def test_short(self) -> None:
        """
        What is for few does not wait for what is for many, but comes behind
        it.
        """
        self.broadcast("a")
        self.broadcast("b", (1, 4))
        self.assertEqual(self.heard(), ["a", "a b", "", "", "a b"])
        self.finish()
        self.assertEqual(self.heard(), ["a", "a b", "a", "a", "a b"])

    def test_later(self) -> None:
        """
        Nothing that is sent while the first slice is written gets before it;
        who is brought up to date is one of that slice.
        """
        self.streams[0].onWrite = self._once(0, lambda: self.say(4, "b"))
        self.broadcast("a")
        self.assertEqual(self.heard(), ["a", "", "", "", "a b"])
        self.finish()
        self.assertEqual(self.heard(), ["a", "a", "a", "a", "a b"])

    def test_laterToMany(self) -> None:
        """
        Nor does another broadcast, even where both are short.
        """
        self.streams[0].onWrite = self._once(0, lambda: self.broadcast("b", (0, 1)))
        self.broadcast("a", (0, 1))
        self.assertEqual(self.heard(), ["a b", "a b", "", "", ""])
        self.assertFalse(self.manager.unfinished)

    def test_itself(self) -> None:
        """
        Who is written to while it is written to has no later broadcast left
        out.
        """
        self.broadcast("a")
        self.broadcast("b")
        self.streams[4].onWrite = self._once(4, lambda: self.say(4, "c"))
        self.finish()
        self.assertEqual(self.heard(), ["a b", "a b", "a b", "a b", "a b c"])

    def test_meanwhile(self) -> None:
        """
        While one that is short is brought behind the others, more of them may
        come: they are behind it.
        """
        self.broadcast("a")
        self.streams[4].onWrite = self._once(4, lambda: self.broadcast("c"))
        self.broadcast("b", (3, 4))
        self.finish()
        self.assertEqual(self.heard(), ["a c", "a c", "a c", "a b c", "a b c"])

    def test_heartbeat(self) -> None:
        """
        Heartbeats keep the order as well.
        """
        for stream in self.streams[:4]:
            stream.lose()
        self.clock.advance(15)
        self.broadcast("a")
        self.sessions[4].wake()
        self.clock.rightNow += 1
        self.sessions[4].wake()
        self.assertEqual(self.heard()[4], "a PING 1")

    def test_tooManyInside(self) -> None:
        """
        One that is finished because there are too many may be the very one
        that is being written.
        """
        heard = []

        def more() -> None:
            for text in "bcd":
                self.broadcast(text)
            heard.extend(self.heard())

        self.streams[0].onWrite = self._once(0, more)
        self.broadcast("a")
        self.assertEqual(heard, ["a"] * 5)
        self.assertEqual(self.heard(), ["a"] * 5)
        self.finish()
        self.assertEqual(self.heard(), ["a b c d"] * 5)

    def _once(self, number: int, f: Callable[[], object]) -> Callable[[], None]:
        """
        Do something at the next write, and not again.
        """

        def onWrite() -> None:
            self.streams[number].onWrite = nothing
            f()

        return onWrite


class EndTests(FanOutCase):
    """
    Sessions that end before it is their turn.
    """

    def test_closed(self) -> None:
        """
        Who is sent away gets it before the goodbye.
        """
        self.broadcast("a")
        self.sessions[4].close(DisconnectReason.SERVER)
        self.assertEqual(self.heard()[4], "a CLOSE")

    def test_fetched(self) -> None:
        """
        So does who comes to fetch it.
        """
        self.sessions[4] = session = self.create("slow")
        session.attach(FakePoll(session))
        self.broadcast("a")
        session.close(DisconnectReason.SERVER)
        poll = FakePoll(session)
        session.attach(poll)
        self.assertEqual(_said(poll), "a CLOSE")

    def test_failed(self) -> None:
        """
        Who goes just like that does not, and is forgotten.
        """
        self.broadcast("a")
        self.sessions[4].fail(DisconnectReason.CLIENT)
        [unfinished] = self.manager._fanOuts.unfinished
        self.assertNotIn(self.sessions[4], unfinished._owed)
        self.finish()
        self.assertEqual(self.heard(), ["a", "a", "a", "a", ""])

    def test_allFailed(self) -> None:
        """
        If nobody is left, nothing is.
        """
        self.broadcast("a")
        for session in self.sessions:
            session.fail(DisconnectReason.CLIENT)
        self.turn()
        self.assertFalse(self.manager.unfinished)

    def test_inside(self) -> None:
        """
        Sessions that end while a slice is written, some of them still to come,
        do not disturb it; what is sent because of that is behind it.
        """

        def end() -> None:
            self.sessions[2].fail(DisconnectReason.CLIENT)
            self.sessions[4].fail(DisconnectReason.CLIENT)

        self.receivers[self.sessions[4].sid].onClosed = lambda _: self.broadcast("b", (1, 3))
        self.broadcast("a")
        self.streams[2].onWrite = end
        self.finish()
        self.assertEqual(self.heard(), ["a", "a b", "a", "a b", ""])

    def test_slowConsumer(self) -> None:
        """
        Who has too much waiting ends, and is not sent the rest either.
        """
        self.sessions[4] = session = self.create("slow")
        session.attach(FakePoll(session))
        for number in range(7):
            session.send(Packet(Kind.MESSAGE, number))
        self.broadcast("a")
        self.broadcast("b")
        self.finish()
        self.assertNotIn(session.sid, self.manager.sessions)
        self.assertEqual(self.heard()[:4], ["a b"] * 4)

    def test_shutdown(self) -> None:
        """
        When everything ends, everybody has got it, and nothing is left.
        """
        self.broadcast("a")
        self.broadcast("b")
        done = self.manager.close()
        self.assertEqual(self.heard(), ["a b CLOSE"] * 5)
        self.successResultOf(done)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_farewells(self) -> None:
        """
        What is sent because everything ends is sent as long as there is
        anybody, and nothing is left then.
        """
        for session in self.sessions:
            self.receivers[session.sid].onClosed = lambda _: self.broadcast("left")
        self.successResultOf(self.manager.close())
        self.assertEqual(self.heard()[:2], ["CLOSE", "left CLOSE"])
        self.assertEqual(self.heard()[4], "left left left left CLOSE")
        self.assertFalse(self.manager.unfinished)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_raises(self) -> None:
        """
        A transport that raises is no reason to leave out the others.
        """
        self.streams[0].onWrite = self.streams[3].onWrite = _raise
        self.assertRaises(ZeroDivisionError, self.broadcast, "a")
        self.assertEqual(self.heard(), ["a", "", "", "", ""])
        self.turn()
        self.assertRaises(ZeroDivisionError, self.turn)
        self.turn()
        self.assertEqual(self.heard(), ["a"] * 5)
        self.assertFalse(self.manager.unfinished)


def _raise() -> None:
    raise ZeroDivisionError


class ScheduleTests(FanOutCase):
    """
    Whatever happens, and whenever.
    """

    steps = st.lists(
        st.tuples(
            st.sampled_from(
                ("many", "many", "most", "few", "one", "turn", "pause", "resume", "close", "fail")
            ),
            st.integers(0, 4),
            st.integers(0, 4),
        ),
        max_size=40,
    )

    @settings(deadline=None)
    @given(steps, st.integers(1, 4), st.integers(1, 4))
    def test_asUnsliced(self, steps: list[Step], slice: int, unfinished: int) -> None:
        """
        Each session is sent what it would be sent if nothing were cut, in the
        same order; of that, where it has failed, only the first.
        """
        uncut = self._carryOut(steps, 1_000, 1_000)
        cut = self._carryOut(steps, slice, unfinished)
        for number, (expected, found) in enumerate(zip(uncut, cut, strict=True)):
            if ("fail", number) in {step[:2] for step in steps}:
                self.assertTrue(f"{expected} ".startswith(f"{found} ".lstrip()), (expected, found))
            else:
                self.assertEqual(found, expected)

    def _carryOut(self, steps: list[Step], slice: int, unfinished: int) -> list[str]:
        self.make()
        self.gather()
        self.limit(slice, unfinished)
        for at, step in enumerate(steps):
            self._do(step, f"{at}")
        self.finish()
        for stream in self.streams:
            if not stream.closed:
                stream.resume()
        return self.heard()

    def _do(self, step: Step, text: str) -> None:
        what, number, other = step
        session, stream = self.sessions[number], self.streams[number]
        match what:
            case "many":
                self.broadcast(text)
            case "most":
                self.broadcast(text, [each for each in range(5) if each != number])
            case "few":
                self.broadcast(text, {number, other})
            case "one":
                self.say(number, text)
            case "turn":
                self.turn()
            case "pause":
                stream.writable = False
            case "resume" if not stream.closed:
                stream.resume()
            case "close":
                session.close(DisconnectReason.SERVER)
            case "fail":
                session.fail(DisconnectReason.CLIENT)

    @settings(deadline=None)
    @given(steps, steps, st.integers(1, 4), st.integers(1, 4))
    def test_inside(
        self, steps: list[Step], inside: list[Step], slice: int, unfinished: int
    ) -> None:
        """
        Where things are sent while others are written, everybody still gets
        all that was sent to it, once, in the order in which it was sent.
        """
        self.make()
        self.gather()
        self.limit(slice, unfinished)
        inside = [step for step in inside if step[0] in _SAYING]
        said = 0

        def say(step: Step) -> None:
            nonlocal said
            said += 1
            for number in _addressed(step):
                expected[number].append(said)
            self._do(step, f"{said}")

        expected: list[list[int]] = [[] for _ in self.streams]
        for stream in self.streams:
            stream.onWrite = lambda: say(inside.pop()) if inside else None
        for step in steps:
            if step[0] in _SAYING:
                say(step)
            elif step[0] == "turn":
                self.turn()
        self.finish()
        self.assertEqual([[*map(int, line.split())] for line in self.heard()], expected)


_SAYING = ("many", "most", "few", "one")


def _addressed(step: Step) -> set[int]:
    """
    The numbers of those who are sent something.
    """
    what, number, other = step
    match what:
        case "many":
            return {*range(5)}
        case "most":
            return {*range(5)} - {number}
        case "few":
            return {number, other}
    return {number}


class NamespaceTests(SynchronousTestCase):
    """
    Broadcasts to clients of a real listener, two in a turn.
    """

    def setUp(self) -> None:
        self.patch(fanout, "SLICE", 2)
        self.server = Server(connectionStateRecovery={})
        self.io = self.server.io
        self.wires = [self.come() for _ in range(5)]
        self.clients = list(self.io.clients.values())

    def come(self, auth: str = "") -> Wire:
        """
        A client comes, by a WebSocket.
        """
        wire = self.server.webSocket("/?EIO=4&transport=websocket")
        wire.frames()
        wire.say(f"40{auth}")
        return wire

    def heard(self) -> list[str]:
        """
        What has come to each since the last time.
        """
        return [" ".join(wire.texts()) for wire in self.wires]

    def finish(self) -> None:
        """
        Everybody is reached.
        """
        self.server.clock.advance(0)

    def test_rooms(self) -> None:
        """
        It is for who was there when it was said.
        """
        self.heard()
        for client in self.clients[1:]:
            client.join("room")
        self.io.to("room").emit("a")
        self.clients[0].join("room")
        self.clients[3].leave("room")
        self.wires.append(self.come())
        self.finish()
        self.assertEqual([*map(len, self.heard()[:5])], [0, 11, 11, 11, 11])
        self.assertNotIn('"a"', self.wires[5].value().decode())

    def test_dismissed(self) -> None:
        """
        Who is sent away from the namespace gets it before.
        """
        self.heard()
        self.io.emit("a")
        self.clients[4].disconnect()
        self.assertEqual(self.heard()[4], '42["a","1"] 41')

    def test_closed(self) -> None:
        """
        Whoever is there when the listener is closed has got it.
        """
        self.heard()
        self.io.emit("a")
        self.io.close()
        for wire in self.wires:
            self.assertEqual(wire.frames()[0].payload, b'42["a","1"]')

    def test_acknowledged(self) -> None:
        """
        Everybody is asked, in slices as well, and may answer.
        """
        answers = self.io.emitWithAck("a", timeout=None)
        for wire in self.wires[:2]:
            wire.say('431["x"]')
        self.assertNoResult(answers)
        self.finish()
        for wire in self.wires[2:]:
            wire.say('431["y"]')
        self.assertEqual(self.successResultOf(answers), ["x", "x", "y", "y", "y"])

    def test_goneUnasked(self) -> None:
        """
        Who goes before being asked does not answer.
        """
        answers = self.io.emitWithAck("a", timeout=None)
        self.wires[4].lose()
        self.finish()
        for wire in self.wires[:4]:
            wire.say("431[]")
        self.assertEqual(self.failureResultOf(answers, AckTimeout).value.answers, [None] * 4)

    def test_missed(self) -> None:
        """
        Who loses the connection before its turn, and comes back, has missed
        it; who comes back afterwards does not get it twice.
        """
        told = json.loads(self.heard()[4].removeprefix("40"))
        self.io.emit("a")
        self.finish()
        self.io.emit("b")
        self.wires[4].lose()
        self.wires[4] = self.come(json.dumps({"pid": told["pid"], "offset": "1"}))
        self.finish()
        self.wires[4].say('42["x"]')
        frames = [frame.payload.decode() for frame in self.wires[4].frames()]
        self.assertEqual([text for text in frames if text.startswith("42")], ['42["b","2"]'])
        self.assertEqual(self.heard()[:4], ['42["a","1"] 42["b","2"]'] * 4)

    def test_overheard(self) -> None:
        """
        Who listens to what its client is sent hears of it when it is sent.
        """
        heard: list[str] = []
        self.clients[4].onAnyOutgoing(heard.append)
        self.io.emit("a")
        self.assertEqual(heard, ["a"])

    def test_passedOver(self) -> None:
        """
        Who cannot be told is counted at once, and not waited for.
        """
        self.server.webSocket()
        answers = self.io.emitWithAck("a", b"bytes", timeout=None)
        self.assertEqual(self.io.of("/").passedOver, 1)
        self.finish()
        for wire in self.wires:
            wire.say("431[]")
        self.assertEqual(self.successResultOf(answers), [None] * 5)
