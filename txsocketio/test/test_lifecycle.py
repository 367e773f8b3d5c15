"""
Tests for L{txsocketio.lifecycle}, and for how a session lives by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from math import inf
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import lifecycle
from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.lifecycle import DEADLINES, TABLE, Action, Input, Life, Row, State
from txsocketio.packets import Kind, Packet
from txsocketio.session import _Event
from txsocketio.settings import Settings
from txsocketio.test.fakes import INTERVALS, Bench, FakeStream
from txsocketio.timers import GRAIN

CARRIAGES = {
    State.NEW,
    State.ANNOUNCED,
    State.POLL,
    State.STREAM,
    State.AWAY,
    State.LEAVING,
    State.CLOSED,
}
STANDINGS = {State.STRANGER, State.OUTSIDE, State.INSIDE, State.SILENT}
PASSAGES = {State.SETTLED, State.OFFERED, State.PROBED, State.SILENT}
PULSES = (set(State) - CARRIAGES - STANDINGS - PASSAGES) | {State.SILENT}
KINDS = (CARRIAGES, PULSES, STANDINGS, PASSAGES)
FINAL = {State.CLOSED, State.SILENT}
ENDED = {State.LEAVING, State.CLOSED}

#: What ends a session from outside, or because it has lasted too long.
ENDS = {
    Input.CLOSE,
    Input.FAIL,
    Input.BROKEN,
    Input.OVERLAPPED,
    Input.AWAY_OVER,
    Input.BEAT_MISSED,
    Input.NEVER_JOINED,
}

Key = tuple[State, Input]


def message(text: str) -> Packet:
    """
    A packet with this text.
    """
    return Packet(Kind.MESSAGE, text)


class Watched(dict[Key, Row]):
    """
    A table that remembers which of its rows were taken.
    """

    def __init__(self) -> None:
        super().__init__(TABLE)
        self.taken: list[Key] = []

    def get(self, key: Key, default: Any = None) -> Any:
        """
        See L{dict.get}.
        """
        if key in self:
            self.taken.append(key)
        return super().get(key, default)


def testName(key: Key) -> str:
    """
    The name of the test of a row.
    """
    words = [word for each in key for word in each.name.lower().split("_")]
    return "test_" + words[0] + "".join(word.capitalize() for word in words[1:])


class RowTests(SynchronousTestCase):
    """
    Each row of the table, taken by a session. The name of a test is the name
    of its row, and the row must have been taken in the end.
    """

    def setUp(self) -> None:
        self.table = Watched()
        self.patch(lifecycle.Life, "table", self.table)
        self.patch(lifecycle.Life, "paths", {})
        self.rows = {testName(key): key for key in TABLE}

    def make(self, **settings: Any) -> Bench:
        """
        A new session.
        """
        self.bench = Bench(**settings)
        self.session = self.bench.session
        self.receiver = self.bench.receiver
        self.clock = self.bench.clock
        return self.bench

    def modern(self, **settings: Any) -> Bench:
        """
        A new session that lives as Engine.IO's do.
        """
        return self.make(isModern=True, **settings)

    def offered(self) -> FakeStream:
        """
        A session to which a better transport has offered itself.
        """
        self.modern().poll()
        return self.bench.offer()

    def probed(self) -> FakeStream:
        """
        One to which it has shown that it works.
        """
        self.modern().poll()
        return self.bench.probe()

    def away(self, **settings: Any) -> None:
        """
        A session whose first poll has been answered.
        """
        self.make(**settings).poll()
        self.assertState(State.AWAY, State.RESTING)

    def leaving(self, writable: bool = False) -> FakeStream:
        """
        A session that has been ended while its stream took nothing.
        """
        stream = self.make().opened()
        stream.writable = writable
        self.session.close(DisconnectReason.SERVER)
        self.receiver.calls.clear()
        self.assertState(State.LEAVING, State.SILENT)
        return stream

    def closed(self) -> None:
        """
        A session that is over.
        """
        self.make().opened()
        self.session.fail(DisconnectReason.CLIENT)
        self.assertState(State.CLOSED, State.SILENT)

    def lose(self, transport: FakeStream) -> None:
        """
        A transport's connection goes.
        """
        self.bench.lose(transport)

    def close(self) -> None:
        """
        End the session from this side.
        """
        self.session.close(DisconnectReason.SERVER)

    def abort(self) -> None:
        """
        End the session at once.
        """
        self.session.fail(DisconnectReason.PARSE_ERROR, "why")

    def assertState(self, carriage: State, pulse: State) -> None:
        """
        The session is in these states.
        """
        life = self.session._life
        self.assertEqual((life.carriage, life.pulse), (carriage, pulse))

    def assertStanding(self, standing: State) -> None:
        """
        The client has this standing.
        """
        self.assertEqual(self.session._life.standing, standing)

    def assertPassage(self, passage: State) -> None:
        """
        The passage is in this state.
        """
        self.assertEqual(self.session._life.passage, passage)

    def assertEnded(self, reason: DisconnectReason, *failures: str) -> None:
        """
        The session is over, the receiver has been told so once, and the
        session is forgotten.
        """
        self.assertState(State.CLOSED, State.SILENT)
        self.assertEqual(self.receiver.reasons, [reason])
        self.assertEqual(self.bench.keeper.forgotten, [self.session])
        self.assertEqual([each[1] for each in self.bench.keeper.failures], list(failures))
        self.assertStanding(State.SILENT)
        self.assertEqual(self.session._life.due, inf)
        self.assertEqual(self.session.tick, 0)

    def assertGone(self) -> None:
        """
        A session that had been leaving is forgotten without a further word.
        """
        self.assertState(State.CLOSED, State.SILENT)
        self.assertEqual(self.receiver.calls, [])
        self.assertEqual(self.bench.keeper.forgotten, [self.session])
        self.assertEqual(self.session.tick, 0)

    def tearDown(self) -> None:
        self.assertIn(self.rows[self._testMethodName], self.table.taken)

    # NEW

    def test_newPolled(self) -> None:
        poll = self.make().poll()
        self.assertEqual(poll.written, [("OPEN SID",)])
        self.assertEqual(self.receiver.calls, ["opened"])
        self.assertEqual(self.session.connections, 1)

    def test_newOpened(self) -> None:
        stream = self.make().stream()
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual(stream.written, [("OPEN SID",)])
        self.assertEqual(self.receiver.calls, ["opened"])
        self.assertEqual(self.session.connections, 1)

    def test_newClose(self) -> None:
        self.make()
        self.close()
        self.assertEnded(DisconnectReason.SERVER)

    def test_newFail(self) -> None:
        self.make()
        self.abort()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")

    def test_newAnnounced(self) -> None:
        frames = self.make().session.announce()
        self.assertEqual([frame.text for frame in frames], ["OPEN SID"])
        self.assertState(State.ANNOUNCED, State.STILL)
        self.assertEqual((self.receiver.calls, self.session.connections), ([], 0))

    # ANNOUNCED

    def announced(self) -> None:
        """
        A session whose client has been told its name.
        """
        self.make().session.announce()

    def test_announcedPolled(self) -> None:
        self.announced()
        poll = self.bench.poll()
        self.assertState(State.POLL, State.RESTING)
        self.assertEqual((poll.written, self.receiver.calls), ([], ["opened"]))
        self.bench.send("the first")
        self.assertEqual(poll.written, [("MESSAGE the first",)])

    def test_announcedOpened(self) -> None:
        self.announced()
        stream = self.bench.stream()
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual((stream.written, self.receiver.calls), ([], ["opened"]))
        self.assertEqual(self.session.upgrades, ())

    def test_announcedClose(self) -> None:
        self.announced()
        self.close()
        self.assertEnded(DisconnectReason.SERVER)

    def test_announcedFail(self) -> None:
        self.announced()
        self.abort()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")

    def test_announcedNeverJoined(self) -> None:
        self.announced()
        self.clock.advance(INTERVALS["connectTimeout"] - GRAIN)
        self.assertState(State.ANNOUNCED, State.STILL)
        self.clock.advance(2 * GRAIN)
        self.assertEnded(DisconnectReason.REFUSED, "")

    # POLL

    def test_pollPolled(self) -> None:
        first = self.make().polled()
        second = self.bench.poll()
        self.assertEqual(first.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.bench.send("to the second")
        self.assertEqual((first.written, second.texts()), ([], ["MESSAGE to the second"]))
        self.assertEqual(self.session.connections, 3)
        self.assertEqual(self.receiver.calls, ["opened"])

    def test_pollReleased(self) -> None:
        poll = self.make().polled()
        self.assertState(State.POLL, State.RESTING)
        self.bench.send("released")
        self.assertEqual(poll.texts(), ["MESSAGE released"])
        self.assertState(State.AWAY, State.RESTING)

    def test_pollLost(self) -> None:
        self.lose(self.make().polled())
        self.assertState(State.AWAY, State.STILL)

    def test_pollPollDue(self) -> None:
        poll = self.make().polled()
        self.clock.advance(INTERVALS["duration"])
        self.assertEqual(poll.written, [()])
        self.assertState(State.AWAY, State.RESTING)

    def test_pollClose(self) -> None:
        poll = self.make().polled()
        self.close()
        self.assertEqual(poll.texts(), ["CLOSE"])
        self.assertEnded(DisconnectReason.SERVER)

    def test_pollFail(self) -> None:
        poll = self.make().polled()
        self.abort()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")
        self.assertEqual(poll.closed, [(DisconnectReason.PARSE_ERROR, "why")])

    def test_pollBeatMissed(self) -> None:
        self.make(duration=None, heartbeatInterval=1.0).polled()
        self.clock.advance(1)
        poll = self.bench.poll()
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")
        self.assertEqual((poll.texts(), poll.closed), (["CLOSE"], []))

    def test_pollUpgraded(self) -> None:
        poll = self.modern().polled()
        stream = self.bench.offer()
        self.session.switched(stream)
        self.assertEqual(poll.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.bench.send("over the new one")
        self.assertEqual((poll.texts(), stream.texts()), ([], ["MESSAGE over the new one"]))
        self.assertState(State.STREAM, State.LISTENING)

    def test_pollBroken(self) -> None:
        self.lose(self.modern().polled())
        self.assertEnded(DisconnectReason.TRANSPORT_CLOSE, "")

    def test_pollOverlapped(self) -> None:
        first = self.modern().polled()
        self.assertRaises(RemoteProtocolError, self.bench.poll)
        reason, detail = DisconnectReason.TRANSPORT_ERROR, "a poll while another one waits"
        self.assertEqual((first.texts(), first.closed), (["CLOSE"], []))
        self.assertEnded(reason, detail)

    def test_pollNeverJoined(self) -> None:
        self.modern(heartbeatInterval=None, connectTimeout=3.0).poll()
        self.clock.advance(2)
        poll = self.bench.poll()
        self.clock.advance(1)
        self.assertEqual((poll.texts(), poll.closed), (["CLOSE"], []))
        self.assertEnded(DisconnectReason.REFUSED, "")

    # STREAM

    def test_streamOpened(self) -> None:
        first = self.make().opened()
        first.writable = False
        self.bench.send("held up")
        second = self.bench.stream()
        self.assertEqual(first.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.bench.send("more")
        self.assertEqual(first.written, [])
        self.assertEqual(second.texts(), ["MESSAGE held up", "MESSAGE more"])
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual(self.session.connections, 2)

    def test_streamLost(self) -> None:
        self.lose(self.make().opened())
        self.assertState(State.AWAY, State.STILL)
        self.assertEqual(self.receiver.reasons, [])

    def test_streamClose(self) -> None:
        stream = self.make().opened()
        self.close()
        self.assertEqual(stream.texts(), ["CLOSE"])
        self.assertEnded(DisconnectReason.SERVER)
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    def test_streamFail(self) -> None:
        stream = self.make().opened()
        self.abort()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")
        self.assertEqual(stream.written, [])
        self.assertEqual(stream.closed, [(DisconnectReason.PARSE_ERROR, "why")])

    def test_streamBeatMissed(self) -> None:
        stream = self.make().opened()
        self.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")
        self.assertEqual(stream.closed, [(DisconnectReason.PING_TIMEOUT, "")])

    def test_streamBroken(self) -> None:
        self.lose(self.modern().opened())
        self.assertEnded(DisconnectReason.TRANSPORT_CLOSE, "")

    def test_streamNeverJoined(self) -> None:
        stream = self.modern(heartbeatInterval=None).opened()
        self.clock.advance(INTERVALS["connectTimeout"])
        self.assertEqual(stream.closed, [(DisconnectReason.REFUSED, "")])
        self.assertEnded(DisconnectReason.REFUSED, "")

    # AWAY

    def test_awayPolled(self) -> None:
        self.away()
        self.bench.send("one", "two")
        poll = self.bench.poll()
        self.assertEqual(poll.written, [("MESSAGE one", "MESSAGE two")])
        self.assertEqual(self.session.connections, 2)
        self.assertEqual(self.receiver.calls, ["opened"])

    def test_awayOpened(self) -> None:
        self.make()
        self.lose(self.bench.opened())
        self.bench.send("one", "two")
        stream = self.bench.stream()
        self.assertEqual(stream.written, [("MESSAGE one", "MESSAGE two")])
        self.assertState(State.STREAM, State.RESTING)
        self.assertEqual(self.receiver.calls, ["opened"])

    def test_awayAwayOver(self) -> None:
        self.away()
        self.clock.advance(INTERVALS["closeTimeout"])
        self.assertEnded(DisconnectReason.TRANSPORT_CLOSE, "")

    def test_awayClose(self) -> None:
        self.away()
        self.bench.send("last")
        self.close()
        self.assertState(State.LEAVING, State.SILENT)
        self.assertEqual(self.receiver.reasons, [DisconnectReason.SERVER])
        self.assertEqual(self.bench.poll().texts(), ["MESSAGE last", "CLOSE"])

    def test_awayFail(self) -> None:
        self.away()
        self.abort()
        self.assertEnded(DisconnectReason.PARSE_ERROR, "why")

    def test_awayBeatMissed(self) -> None:
        self.away(closeTimeout=None)
        self.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")

    def test_awayUpgraded(self) -> None:
        self.modern().poll()
        self.bench.send("one", "two")
        stream = self.bench.offer()
        stream.hear("PING probe")
        self.assertEqual(stream.written, [("PONG probe",)])
        stream.hear("UPGRADE")
        self.assertEqual(stream.written[1:], [("MESSAGE one", "MESSAGE two")])
        self.assertState(State.STREAM, State.LISTENING)
        self.assertEqual(self.receiver.calls, ["opened"])
        self.assertEqual(self.session.connections, 2)

    def test_awayNeverJoined(self) -> None:
        self.modern(heartbeatInterval=None, closeTimeout=None).poll()
        self.clock.advance(INTERVALS["connectTimeout"])
        self.assertEnded(DisconnectReason.REFUSED, "")

    # LEAVING

    def test_leavingPolled(self) -> None:
        self.away()
        self.close()
        self.receiver.calls.clear()
        poll = self.bench.poll()
        self.assertEqual(poll.texts(), ["CLOSE"])
        self.assertGone()

    def test_leavingOpened(self) -> None:
        first = self.leaving()
        second = self.bench.stream()
        self.assertEqual(first.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.assertEqual((first.texts(), second.texts()), ([], ["CLOSE"]))
        self.assertGone()
        self.assertEqual(second.closed, [(DisconnectReason.SERVER, "")])

    def test_leavingDrained(self) -> None:
        stream = self.leaving()
        stream.resume()
        self.assertEqual(stream.texts(), ["CLOSE"])
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    def test_leavingLost(self) -> None:
        self.lose(self.leaving())
        self.assertGone()

    def test_leavingUpgraded(self) -> None:
        self.modern().poll()
        stream = self.bench.probe()
        self.close()
        self.receiver.calls.clear()
        stream.hear("UPGRADE")
        self.assertEqual(stream.texts(), ["PONG probe", "CLOSE"])
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    def test_leavingBroken(self) -> None:
        stream = self.modern().opened()
        stream.writable = False
        self.close()
        self.receiver.calls.clear()
        self.assertState(State.LEAVING, State.SILENT)
        self.lose(stream)
        self.assertGone()

    def test_leavingFail(self) -> None:
        stream = self.leaving()
        self.abort()
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "why")])

    def test_leavingFarewellOver(self) -> None:
        stream = self.leaving()
        self.clock.advance(INTERVALS["farewellTimeout"])
        self.assertGone()
        self.assertEqual(stream.closed, [(DisconnectReason.SERVER, "")])

    # CLOSED

    def test_closedPolled(self) -> None:
        self.closed()
        poll = self.bench.poll()
        self.assertEqual((poll.written, poll.closed), ([], [(DisconnectReason.CLIENT, "")]))
        self.assertState(State.CLOSED, State.SILENT)

    def test_closedOpened(self) -> None:
        self.closed()
        stream = self.bench.stream()
        self.assertEqual((stream.written, stream.closed), ([], [(DisconnectReason.CLIENT, "")]))
        self.assertState(State.CLOSED, State.SILENT)

    def test_closedUpgraded(self) -> None:
        poll = self.modern().polled()
        streams: list[FakeStream] = []

        def meanwhile() -> None:
            self.session.fail(DisconnectReason.CLIENT)
            streams.append(self.bench.probe())
            streams[0].hear("UPGRADE")

        poll.onWrite = meanwhile
        self.clock.advance(INTERVALS["duration"])
        (stream,) = streams
        self.assertEqual(stream.closed, [(DisconnectReason.CLIENT, "")])
        self.assertState(State.CLOSED, State.SILENT)

    # STILL

    def test_stillPolled(self) -> None:
        self.make()
        self.assertState(State.NEW, State.STILL)
        self.bench.poll()
        self.assertState(State.AWAY, State.RESTING)

    def test_stillOpened(self) -> None:
        self.make()
        self.lose(self.bench.opened())
        self.assertState(State.AWAY, State.STILL)
        self.bench.stream()
        self.assertState(State.STREAM, State.RESTING)

    def still(self) -> None:
        """
        A session that is away and has no pulse.
        """
        self.make()
        self.lose(self.bench.opened())
        self.assertState(State.AWAY, State.STILL)

    def test_stillClose(self) -> None:
        self.still()
        self.close()
        self.assertState(State.LEAVING, State.SILENT)

    def test_stillFail(self) -> None:
        self.still()
        self.abort()
        self.assertState(State.CLOSED, State.SILENT)

    def test_stillAwayOver(self) -> None:
        self.still()
        self.clock.advance(INTERVALS["closeTimeout"])
        self.assertState(State.CLOSED, State.SILENT)

    # RESTING

    def test_restingBeatDue(self) -> None:
        stream = self.make().opened()
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts(), ["PING 1"])
        self.assertState(State.STREAM, State.AWAITING)

    def test_restingLost(self) -> None:
        self.lose(self.make(closeTimeout=None).opened())
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertState(State.AWAY, State.STILL)
        self.assertEqual(self.bench.stream().texts(), [])

    def test_restingClose(self) -> None:
        self.leaving()

    def test_restingFail(self) -> None:
        self.make().opened()
        self.abort()
        self.assertState(State.CLOSED, State.SILENT)

    def test_restingAwayOver(self) -> None:
        self.away()
        self.clock.advance(INTERVALS["closeTimeout"])
        self.assertState(State.CLOSED, State.SILENT)

    # AWAITING

    def awaiting(self, **settings: Any) -> FakeStream:
        """
        A session whose stream has a heartbeat out.
        """
        stream = self.make(**settings).opened()
        self.clock.advance(INTERVALS["heartbeatInterval"])
        stream.written.clear()
        self.assertState(State.STREAM, State.AWAITING)
        return stream

    def test_awaitingAnswered(self) -> None:
        stream = self.awaiting()
        self.session.received("PONG 1")
        self.assertState(State.STREAM, State.RESTING)
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts(), ["PING 2"])

    def test_awaitingLost(self) -> None:
        stream = self.awaiting(closeTimeout=None)
        self.bench.lose(stream)
        self.assertState(State.AWAY, State.STILL)
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertState(State.AWAY, State.STILL)

    def test_awaitingClose(self) -> None:
        self.awaiting().writable = False
        self.close()
        self.assertState(State.LEAVING, State.SILENT)

    def test_awaitingFail(self) -> None:
        self.awaiting()
        self.abort()
        self.assertState(State.CLOSED, State.SILENT)

    def test_awaitingAwayOver(self) -> None:
        self.away(closeTimeout=3.0, heartbeatInterval=1.0)
        self.clock.advance(1)
        self.assertState(State.AWAY, State.AWAITING)
        self.clock.advance(2)
        self.assertState(State.CLOSED, State.SILENT)

    def test_awaitingBeatMissed(self) -> None:
        self.awaiting()
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertState(State.CLOSED, State.SILENT)

    def test_awaitingHeard(self) -> None:
        self.extended()

    # EXTENDED

    def extended(self, **settings: Any) -> FakeStream:
        """
        The same, and the client has said something else.
        """
        stream = self.awaiting(**settings)
        self.clock.advance(1)
        self.session.received("MESSAGE here I am")
        self.receiver.calls.remove(message("here I am"))
        self.assertState(State.STREAM, State.EXTENDED)
        return stream

    def test_extendedAnswered(self) -> None:
        stream = self.extended()
        self.session.received("PONG 1")
        self.assertState(State.STREAM, State.RESTING)
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts(), ["PING 2"])

    def test_extendedLost(self) -> None:
        self.lose(self.extended(closeTimeout=None))
        self.assertState(State.AWAY, State.STILL)
        self.clock.advance(INTERVALS["heartbeatTimeout"])
        self.assertState(State.AWAY, State.STILL)

    def test_extendedBeatMissed(self) -> None:
        self.extended()
        self.clock.advance(INTERVALS["heartbeatTimeout"] - 1)
        self.assertState(State.STREAM, State.EXTENDED)
        self.clock.advance(1)
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")

    # DORMANT

    def test_dormantPolled(self) -> None:
        self.modern()
        self.assertState(State.NEW, State.DORMANT)
        self.bench.poll()
        self.assertState(State.AWAY, State.LISTENING)

    def test_dormantOpened(self) -> None:
        self.modern().opened()
        self.assertState(State.STREAM, State.LISTENING)

    # LISTENING

    def test_listeningPinged(self) -> None:
        silence = INTERVALS["heartbeatInterval"] + INTERVALS["heartbeatTimeout"]
        stream = self.modern(connectTimeout=None).opened()
        self.clock.advance(silence - 1)
        self.session.received("PING")
        self.assertEqual(stream.texts(), ["PONG"])
        self.clock.advance(silence - 1)
        self.assertState(State.STREAM, State.LISTENING)

    def test_listeningBeatMissed(self) -> None:
        self.modern(connectTimeout=None).opened()
        self.clock.advance(INTERVALS["heartbeatInterval"] + INTERVALS["heartbeatTimeout"])
        self.assertEnded(DisconnectReason.PING_TIMEOUT, "")

    # STRANGER

    def test_strangerPolled(self) -> None:
        self.modern()
        self.assertStanding(State.STRANGER)
        self.bench.poll()
        self.assertStanding(State.OUTSIDE)

    def test_strangerOpened(self) -> None:
        self.modern().opened()
        self.assertStanding(State.OUTSIDE)

    # OUTSIDE

    def test_outsideJoined(self) -> None:
        self.modern(heartbeatInterval=None).opened()
        self.session.joined()
        self.assertStanding(State.INSIDE)
        self.clock.advance(INTERVALS["connectTimeout"])
        self.assertState(State.STREAM, State.LISTENING)

    def test_outsideNeverJoined(self) -> None:
        self.modern(heartbeatInterval=None).opened()
        self.clock.advance(INTERVALS["connectTimeout"])
        self.assertStanding(State.SILENT)

    # SETTLED

    def test_settledOffered(self) -> None:
        poll = self.modern().polled()
        stream = self.bench.offer()
        self.assertPassage(State.OFFERED)
        self.assertEqual((poll.written, stream.written), ([], []))
        self.bench.send("as before")
        self.assertEqual((poll.texts(), stream.texts()), (["MESSAGE as before"], []))

    def test_settledDrained(self) -> None:
        self.leaving().resume()
        self.assertPassage(State.SILENT)

    def test_settledFarewellOver(self) -> None:
        self.leaving()
        self.clock.advance(INTERVALS["farewellTimeout"])
        self.assertPassage(State.SILENT)

    # OFFERED

    def test_offeredProbed(self) -> None:
        poll = self.modern().polled()
        stream = self.bench.probe()
        self.assertEqual((poll.written, stream.written), ([()], [("PONG probe",)]))
        self.assertPassage(State.PROBED)
        self.assertState(State.AWAY, State.LISTENING)

    def test_offeredWithdrawn(self) -> None:
        self.modern().polled()
        self.lose(self.bench.offer())
        self.assertPassage(State.SETTLED)
        self.assertState(State.POLL, State.LISTENING)

    def test_offeredOfferOver(self) -> None:
        self.modern().polled()
        stream = self.bench.offer()
        self.clock.advance(INTERVALS["upgradeTimeout"])
        self.assertPassage(State.SETTLED)
        self.assertEqual(stream.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.assertState(State.POLL, State.LISTENING)

    def leavingWith(self, enter: Callable[[Bench], FakeStream]) -> FakeStream:
        """
        A session that has been ended while a better transport was about to
        take over.
        """
        self.modern(upgradeTimeout=None).poll()
        stream = enter(self.bench)
        stream.written.clear()
        self.close()
        self.receiver.calls.clear()
        self.assertState(State.LEAVING, State.SILENT)
        return stream

    def assertLeft(self, stream: FakeStream) -> None:
        """
        It has gone, and what was about to take over has been let go.
        """
        self.assertGone()
        self.assertPassage(State.SILENT)
        self.assertEqual((stream.texts(), len(stream.closed)), ([], 1))

    def test_offeredDrained(self) -> None:
        stream = self.leavingWith(Bench.offer)
        self.assertEqual(self.bench.poll().texts(), ["CLOSE"])
        self.assertLeft(stream)

    def test_offeredFarewellOver(self) -> None:
        stream = self.leavingWith(Bench.offer)
        self.clock.advance(INTERVALS["farewellTimeout"])
        self.assertLeft(stream)

    # PROBED

    def test_probedPolled(self) -> None:
        self.modern().poll()
        self.bench.probe()
        for _ in range(2):
            self.assertEqual(self.bench.poll().written, [()])
        self.assertPassage(State.PROBED)
        self.assertState(State.AWAY, State.LISTENING)

    def test_probedWithdrawn(self) -> None:
        self.modern().poll()
        self.lose(self.bench.probe())
        self.assertPassage(State.SETTLED)
        self.assertEqual(self.bench.poll().written, [])
        self.assertState(State.POLL, State.LISTENING)

    def test_probedOfferOver(self) -> None:
        self.modern().poll()
        stream = self.bench.probe()
        self.clock.advance(INTERVALS["upgradeTimeout"])
        self.assertPassage(State.SETTLED)
        self.assertEqual(stream.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
        self.assertEqual(self.bench.poll().written, [])

    def test_probedUpgraded(self) -> None:
        self.modern().poll()
        stream = self.bench.probe()
        stream.hear("UPGRADE")
        self.assertPassage(State.SETTLED)
        self.clock.advance(INTERVALS["upgradeTimeout"])
        self.assertEqual(stream.closed, [])

    def test_probedDrained(self) -> None:
        stream = self.leavingWith(Bench.probe)
        self.assertEqual(self.bench.poll().texts(), ["CLOSE"])
        self.assertLeft(stream)

    def test_probedFarewellOver(self) -> None:
        stream = self.leavingWith(Bench.probe)
        self.clock.advance(INTERVALS["farewellTimeout"])
        self.assertLeft(stream)


#: How a session gets into each state that may end, whatever ends it.
ENTER: dict[State, Callable[[RowTests], object]] = {
    State.POLL: lambda case: case.modern().polled(),
    State.STREAM: lambda case: case.modern().opened(),
    State.AWAY: lambda case: case.modern().poll(),
    State.STILL: RowTests.still,
    State.RESTING: lambda case: case.make().opened(),
    State.AWAITING: RowTests.awaiting,
    State.EXTENDED: RowTests.extended,
    State.DORMANT: RowTests.modern,
    State.LISTENING: lambda case: case.modern().opened(),
    State.STRANGER: RowTests.modern,
    State.OUTSIDE: lambda case: case.modern().opened(),
    State.INSIDE: lambda case: case.make().opened(),
    State.SETTLED: lambda case: case.modern().opened(),
    State.OFFERED: RowTests.offered,
    State.PROBED: RowTests.probed,
}


def endTest(key: Key) -> Callable[[RowTests], None]:
    """
    The test of a row that ends a session for whatever is named there: the
    same for all of them, whether or not they can come about.
    """
    state, what = key
    (kind,) = (number for number, states in enumerate(KINDS) if state in states)

    def test(case: RowTests) -> None:
        ENTER[state](case)
        case.assertEqual(case.session._life.states[kind], state)
        case.session._step(_Event(what, reason=DisconnectReason.TRANSPORT_ERROR))
        case.assertIn(case.session._life.states[kind], FINAL)
        case.assertEqual(case.session._life.dues[kind], inf)
        if case.session.state is State.CLOSED:
            failures = () if what is Input.CLOSE else ("",)
            case.assertEnded(DisconnectReason.TRANSPORT_ERROR, *failures)

    return test


for row in product(ENTER, ENDS):
    # A passage goes on while the session is leaving.
    isRow = row[0] not in PASSAGES or row[1] is not Input.CLOSE
    if isRow and not hasattr(RowTests, testName(row)):
        setattr(RowTests, testName(row), endTest(row))


class AnnouncedTests(SynchronousTestCase):
    """
    Sessions that are named before a transport opens.
    """

    def setUp(self) -> None:
        self.bench = Bench()

    def test_announcedOnAnother(self) -> None:
        """
        A client may choose a transport, fail in that, and choose another one.
        """
        self.bench.session.announce()
        self.bench.session.choose("fake", Settings(heartbeatInterval=7.0))
        stream = self.bench.stream()
        self.assertEqual(self.bench.session.state, State.STREAM)
        self.bench.clock.advance(7.0)
        self.assertEqual(stream.texts(), ["PING 1"])

    def test_announcedLost(self) -> None:
        """
        One that fails before it carries the session does not end it.
        """
        self.bench.session.announce()
        self.bench.lose(FakeStream(self.bench.session))
        self.assertEqual(self.bench.session.state, State.ANNOUNCED)


class CompletenessTests(SynchronousTestCase):
    """
    The table and its tests belong together.
    """

    def test_everyRow(self) -> None:
        """
        Each row has its test, and each test its row.
        """
        names = {name for name in dir(RowTests) if re.match("test_", name)}
        self.assertEqual(names, {testName(key) for key in TABLE})

    def test_everyInput(self) -> None:
        """
        No state, input or action is there for nothing.
        """
        self.assertEqual({what for _, what in TABLE}, set(Input))
        self.assertEqual({state for state, _ in TABLE} | {State.SILENT}, set(State))
        actions = {action for _, actions in TABLE.values() for action in actions}
        self.assertEqual(actions, set(Action))

    def test_everyDeadline(self) -> None:
        """
        What a deadline stands for has a row.
        """
        for state, (_, what) in DEADLINES.items():
            self.assertIn((state, what), TABLE)


#: States that only a session of Engine.IO's gets into.
ENGINE_IOS = {State.LISTENING, State.OUTSIDE, State.OFFERED, State.PROBED}


class DeadlineTests(SynchronousTestCase):
    """
    The deadline of each state.
    """

    def assertDeadline(self, state: State, enter: Callable[[Bench], object]) -> None:
        """
        C{enter} brings a session into C{state}, which lasts as long as its
        setting says, and for ever where that is L{None}.
        """
        for seconds in (1.0, 1234.5):
            bench, life = self.entered(state, enter, seconds)
            bench.clock.advance(seconds - GRAIN)
            self.assertIn(state, life.states)
            bench.clock.advance(GRAIN)
            self.assertNotIn(state, life.states)
        bench, life = self.entered(state, enter, None)
        bench.clock.advance(10_000_000.0)
        self.assertIn(state, life.states)

    def entered(
        self, state: State, enter: Callable[[Bench], object], seconds: float | None
    ) -> tuple[Bench, Life]:
        """
        A session in C{state}, which may last so long, and its life.
        """
        setting, _ = DEADLINES[state]
        settings: dict[str, Any] = {setting: seconds}
        if setting == "silence":
            half = None if seconds is None else seconds / 2
            settings = {"heartbeatInterval": half, "heartbeatTimeout": half}
        # Nothing else ends what is to last.
        others: dict[str, Any] = dict.fromkeys(INTERVALS, None)
        if state in (State.AWAITING, State.EXTENDED):
            others["heartbeatInterval"] = 1.0
        bench = Bench(isModern=state in ENGINE_IOS, **{**others, **settings})
        enter(bench)
        life = bench.session._life
        self.assertIn(state, life.states)
        return bench, life

    def test_duration(self) -> None:
        self.assertDeadline(State.POLL, Bench.polled)

    def test_closeTimeout(self) -> None:
        self.assertDeadline(State.AWAY, Bench.poll)

    def test_farewellTimeout(self) -> None:
        def leave(bench: Bench) -> None:
            bench.poll()
            bench.session.close(DisconnectReason.SERVER)

        self.assertDeadline(State.LEAVING, leave)

    def test_heartbeatInterval(self) -> None:
        self.assertDeadline(State.RESTING, Bench.opened)

    def test_heartbeatTimeout(self) -> None:
        def await_(bench: Bench) -> None:
            bench.opened()
            bench.clock.advance(1)

        self.assertDeadline(State.AWAITING, await_)

        def extend(bench: Bench) -> None:
            await_(bench)
            bench.session.received("MESSAGE here I am")

        self.assertDeadline(State.EXTENDED, extend)

    def test_silence(self) -> None:
        self.assertDeadline(State.LISTENING, Bench.opened)

    def test_connectTimeout(self) -> None:
        self.assertDeadline(State.OUTSIDE, Bench.opened)

    def test_upgradeTimeout(self) -> None:
        def offer(bench: Bench) -> None:
            bench.poll()
            bench.offer()

        def probe(bench: Bench) -> None:
            bench.poll()
            bench.probe()

        self.assertDeadline(State.OFFERED, offer)
        self.assertDeadline(State.PROBED, probe)

    def test_everySetting(self) -> None:
        """
        Each deadline has a test of the name of its setting.
        """
        for setting, _ in DEADLINES.values():
            self.assertTrue(hasattr(self, f"test_{setting}"), setting)

    def test_heartbeatsBetweenPolls(self) -> None:
        """
        The interval runs on from poll to poll, and from each answer.
        """
        bench = Bench(heartbeatInterval=5.0, closeTimeout=None)
        bench.poll()
        for second in (1, 2, 3, 4):
            bench.clock.advance(1)
            poll = bench.poll()
            self.assertEqual((second, poll.texts()), (second, []))
        bench.clock.advance(1)
        self.assertEqual(poll.texts(), ["PING 1"])

    def test_zero(self) -> None:
        """
        A state that may not last is over at once.
        """
        bench = Bench(closeTimeout=0.0)
        bench.lose(bench.opened())
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        bench = Bench(duration=0.0)
        self.assertEqual(bench.polled().written, [()])

    def test_polledInTime(self) -> None:
        """
        Who comes back before the deadline has been looked at is welcome.
        """
        bench = Bench(closeTimeout=1.0)
        bench.poll()
        # The clock goes on without calling anybody.
        bench.clock.rightNow += 2.0
        bench.poll()
        self.assertEqual(bench.session.state, State.POLL)


class ReasonTests(SynchronousTestCase):
    """
    Every reason with which a session itself ends. Those of the application
    (C{SERVER}, C{SHUTDOWN}, C{REFUSED}, C{FLOOD}) are passed through.
    """

    def assertReason(self, bench: Bench, reason: DisconnectReason) -> None:
        """
        The session has ended with this reason.
        """
        self.assertEqual(bench.receiver.calls[-1:], [reason])
        self.assertEqual(bench.receiver.reasons, [reason])

    def test_client(self) -> None:
        bench = Bench()
        bench.opened()
        bench.session.received("CLOSE")
        self.assertReason(bench, DisconnectReason.CLIENT)

    def test_given(self) -> None:
        for reason in DisconnectReason:
            bench = Bench()
            bench.opened()
            bench.session.close(reason)
            self.assertReason(bench, reason)
            bench = Bench()
            bench.opened()
            bench.session.fail(reason)
            self.assertReason(bench, reason)

    def test_pingTimeout(self) -> None:
        bench = Bench()
        bench.opened()
        bench.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertReason(bench, DisconnectReason.PING_TIMEOUT)

    def test_transport(self) -> None:
        """
        What the transport gave as its reason is known when the client does
        not come back.
        """
        for reason in (DisconnectReason.TRANSPORT_CLOSE, DisconnectReason.TRANSPORT_ERROR):
            bench = Bench()
            bench.session.lost(bench.opened(), reason)
            self.assertEqual(bench.receiver.reasons, [])
            bench.clock.advance(INTERVALS["closeTimeout"])
            self.assertReason(bench, reason)

    def test_transportNever(self) -> None:
        """
        The same where nothing ever carried the session.
        """
        bench = Bench()
        bench.session.lost(FakeStream(bench.session), DisconnectReason.TRANSPORT_ERROR)
        self.assertReason(bench, DisconnectReason.TRANSPORT_ERROR)
        self.assertEqual(bench.session.state, State.CLOSED)

    def test_parseError(self) -> None:
        bench = Bench()
        bench.opened()
        bench.session.received("nonsense")
        self.assertReason(bench, DisconnectReason.PARSE_ERROR)
        self.assertEqual(
            bench.keeper.failures, [(DisconnectReason.PARSE_ERROR, "no packet: nonsense")]
        )

    def test_slowConsumer(self) -> None:
        bench = Bench(maxQueue=2)
        bench.poll()
        bench.send("one", "two", "three")
        self.assertReason(bench, DisconnectReason.SLOW_CONSUMER)


#: What does not stand for a deadline.
FROM_OUTSIDE = sorted(set(Input) - {what for _, what in DEADLINES.values()})


def live(life: Life, what: Input, now: float) -> list[Action]:
    """
    Have the deadlines that were reached meanwhile come, and then the input.

    @return: what is to be done.
    """
    actions: list[Action] = []
    for each in (what, None):
        while (expired := life.expired(now)) is not None:
            actions += life.step(*expired)
        if each is not None:
            actions += life.step(each, now)
    return actions


#: How lives begin, and what can never happen in each: a session that a client
#: can come back to does not move, and one that moves ends with its connection.
FIRST: tuple[tuple[State, ...], set[Input]] = (
    (State.STILL, State.INSIDE),
    {Input.BROKEN, Input.OVERLAPPED, Input.OFFERED},
)
SERVER_BEATS: tuple[tuple[State, ...], set[Input]] = (
    (State.STILL, State.STRANGER),
    {Input.LOST},
)
CLIENT_BEATS: tuple[tuple[State, ...], set[Input]] = (
    (State.DORMANT, State.STRANGER),
    {Input.LOST},
)
LIVES = st.sampled_from((FIRST, SERVER_BEATS, CLIENT_BEATS))


class LifeTests(SynchronousTestCase):
    """
    What is true of a life whatever happens.
    """

    @settings(deadline=None)
    @given(LIVES, st.lists(st.sampled_from(Input)))
    def test_anyInputs(
        self, sort: tuple[tuple[State, State], set[Input]], inputs: list[Input]
    ) -> None:
        """
        Whatever comes, each state is of its kind, and the last of each kind
        are final.
        """
        life = Life(Settings(**INTERVALS), *sort[0])
        for what in inputs:
            before = list(life.states)
            life.step(what, 0.0)
            for kind, earlier, state in zip(KINDS, before, life.states, strict=True):
                self.assertIn(state, kind)
                if earlier in FINAL:
                    self.assertEqual(state, earlier)

    @settings(deadline=None)
    @given(LIVES, st.lists(st.tuples(st.floats(0, 50), st.sampled_from(FROM_OUTSIDE))))
    def test_ends(
        self,
        sort: tuple[tuple[State, State], set[Input]],
        inputs: list[tuple[float, Input]],
    ) -> None:
        """
        With the deadlines coming when they are due: opening and end are told
        once, the heartbeats and the wait for who has to join end with the
        session, nothing that is due is left, and nothing at all where the
        session is over.
        """
        life, now = Life(Settings(**INTERVALS), *sort[0]), 0.0
        told: list[Action] = []
        life.step(Input.POLLED, now)
        for seconds, what in inputs:
            now += seconds
            # Who has nothing to fetch any more is gone, if it was leaving.
            if what in sort[1] or (what is Input.DRAINED and life.carriage is not State.LEAVING):
                continue
            told += live(life, what, now)
            hasEnded = life.carriage in ENDED
            self.assertEqual(life.pulse is State.SILENT, hasEnded)
            self.assertEqual(life.standing is State.SILENT, hasEnded)
            self.assertEqual(told.count(Action.END), hasEnded)
            self.assertGreater(life.due, now)
            self.assertFalse(life.carriage is State.CLOSED and life.due < inf)
        self.assertEqual(told.count(Action.OPEN), 0)

    def test_expired(self) -> None:
        """
        A deadline is handed out once, the carriage's first.
        """
        life = Life(Settings(duration=1.0, heartbeatInterval=1.0))
        life.step(Input.POLLED, 5.0)
        self.assertEqual(life.due, 6.0)
        self.assertIsNone(life.expired(5.9))
        found = [life.expired(6.0) for _ in range(3)]
        self.assertEqual(found, [(Input.POLL_DUE, 6.0), (Input.BEAT_DUE, 6.0), None])
        self.assertEqual(life.due, inf)
