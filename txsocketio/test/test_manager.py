"""
Tests for L{txsocketio.manager}.
"""

from __future__ import annotations

import re
from collections.abc import Collection, MutableMapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import DisconnectReason, LocalProtocolError, RemoteProtocolError
from txsocketio.interfaces import ISession, Place
from txsocketio.lifecycle import State
from txsocketio.limits import Limits
from txsocketio.manager import SessionManager
from txsocketio.packets import Kind, Packet
from txsocketio.peerlog import PeerLog
from txsocketio.session import Session
from txsocketio.settings import Settings
from txsocketio.test.fakes import (
    INTERVALS,
    FakeDialect,
    FakeLog,
    FakePoll,
    FakeReceiver,
    FakeStream,
    arrival,
)
from txsocketio.upgrade import Upgrade

SETTINGS = {"fake": Settings(**INTERVALS), "slow": Settings(**INTERVALS, maxQueue=7)}


class ManagerCase(SynchronousTestCase):
    """
    What the tests of this module have in common.
    """

    def setUp(self) -> None:
        self.make()

    def make(
        self, limits: Limits | None = None, transports: Collection[str] = tuple(SETTINGS)
    ) -> None:
        """
        A manager of its own.

        @param transports: those that are accepted.
        """
        self.clock = Clock()
        self.log = FakeLog()
        self.receivers: dict[str, FakeReceiver] = {}
        self.dialect = FakeDialect()
        self.manager = SessionManager(
            self.clock,
            PeerLog(Logger(observer=self.log), self.clock),
            self.receiver,
            lambda dialect, name: SETTINGS[name],
            limits or Limits(),
            transports,
        )

    def receiver(self, session: Session) -> FakeReceiver:
        """
        What a new session hands its packets to.
        """
        self.receivers[session.sid] = FakeReceiver()
        return self.receivers[session.sid]

    def create(self, transport: str = "fake", dialect: FakeDialect | None = None) -> Session:
        """
        A new session.
        """
        return self.manager.create(Place(dialect or self.dialect, transport), arrival())

    def find(self, sid: str, transport: str, dialect: FakeDialect | None = None) -> ISession:
        """
        What is found under that id.
        """
        return self.manager.find(Place(dialect or self.dialect, transport, sid))

    def opened(self, dialect: FakeDialect | None = None) -> tuple[Session, FakeStream]:
        """
        A new session and the stream that carries it.
        """
        session = self.create(dialect=dialect)
        stream = FakeStream(session)
        session.attach(stream)
        stream.written.clear()
        return session, stream

    def assertRefused(self, status: int, reason: str, f: Any, *args: Any) -> None:
        """
        The call is refused in these words.
        """
        error = self.assertRaises(RemoteProtocolError, f, *args)
        self.assertEqual((error.httpStatus, error.reason), (status, reason))


class SessionsTests(ManagerCase):
    """
    How sessions are made, and found again.
    """

    def test_sids(self) -> None:
        """
        Session ids are of 20 characters that need no quoting in a URL, and
        no two are the same.
        """
        sids = {self.create().sid for _ in range(1000)}
        self.assertEqual(len(sids), 1000)
        for sid in sids:
            self.assertTrue(re.fullmatch("[0-9A-Za-z_-]{20}", sid), sid)

    def test_create(self) -> None:
        """
        A session has what it was made of, and the settings of its transport.
        """
        session = self.create("slow")
        self.assertIs(session.dialect, self.dialect)
        self.assertEqual(session.transportName, "slow")
        self.assertEqual(session.settings.maxQueue, 7)
        self.assertEqual(session.arrival.handshake(), arrival().handshake())
        self.assertEqual(session.state, State.NEW)

    def test_receiver(self) -> None:
        """
        Its packets go to what was made for it.
        """
        session, _ = self.opened()
        self.opened()
        session.received("MESSAGE a")
        self.assertEqual(self.receivers[session.sid].messages, ["a"])

    def test_view(self) -> None:
        """
        The sessions are there to be seen, not to be changed.
        """
        view: Any = self.manager.sessions
        self.assertEqual(dict(view), {})
        session, _ = self.opened()
        self.assertEqual(dict(view), {session.sid: session})
        self.assertFalse(isinstance(view, MutableMapping))
        session.fail(DisconnectReason.CLIENT)
        self.assertEqual(dict(view), {})

    def test_find(self) -> None:
        """
        A session is found under its id, by its own transport.
        """
        session = self.create("slow")
        self.create("slow")
        self.assertIs(self.find(session.sid, "slow"), session)

    def test_findUnknown(self) -> None:
        for sid in ("", "x", "__proto__", "\ud800"):
            self.assertRefused(404, "unknown session id", self.find, sid, "slow")

    def test_findOtherTransport(self) -> None:
        self.assertRefused(
            400,
            "this session belongs to another transport",
            self.find,
            self.create("fake").sid,
            "slow",
        )

    def test_findOtherGeneration(self) -> None:
        """
        Not by whom speaks another generation, even if it knows the transport;
        by whom speaks the same one in another way.
        """
        session = self.create("slow")
        self.assertRefused(
            400,
            "this session speaks another version of the protocol",
            self.find,
            session.sid,
            "slow",
            Able(),
        )
        self.assertIs(self.find(session.sid, "slow", FakeDialect("other")), session)

    def test_findTaken(self) -> None:
        """
        Where a client cannot bring a second connection, a session that has a
        stream is not to be had; where it can, it is.
        """
        for isModern in (True, False):
            session, stream = self.opened(FakeDialect(isModern=isModern))
            if isModern:
                self.assertRefused(
                    400, "this session has a connection", self.find, session.sid, "fake"
                )
            else:
                self.assertIs(self.find(session.sid, "fake"), session)
            self.assertEqual((stream.closed, session.state), ([], State.STREAM))

    def test_findWaiting(self) -> None:
        """
        One whose poll waits is found: it is for the session to say that
        there is one too many.
        """
        modern = FakeDialect(isModern=True)
        session = self.create("slow", modern)
        session.attach(FakePoll(session))
        session.attach(FakePoll(session))
        self.assertEqual(session.state, State.POLL)
        self.assertIs(self.find(session.sid, "slow", modern), session)

    def test_upgrades(self) -> None:
        """
        A session may move to whatever its dialect knows and the listener
        accepts.
        """
        self.assertEqual(list(self.create("slow").upgrades), ["fake"])
        self.assertEqual(list(self.create("fake").upgrades), [])
        self.make(transports=("slow",))
        self.assertEqual(list(self.create("slow").upgrades), [])

    def test_findUpgrade(self) -> None:
        """
        A transport to which it may move finds what stands for it meanwhile,
        in the dialect that is asked for and with the settings of that
        transport; the other one finds the session.
        """
        modern, other = (FakeDialect(name, isModern=True) for name in ("modern", "other"))
        session = self.create("slow", modern)
        session.attach(FakePoll(session))
        found = self.find(session.sid, "fake", other)
        self.assertIsInstance(found, Upgrade)
        self.assertEqual((found.sid, found.transportName), (session.sid, "fake"))
        self.assertIs(found.dialect, other)
        self.assertIs(found.settings, SETTINGS["fake"])
        self.assertIs(self.find(session.sid, "slow", modern), session)
        stream = FakeStream(found, name="fake")
        found.attach(stream)
        stream.hear("PING probe")
        stream.hear("UPGRADE")
        self.assertIs(stream.session, session)
        self.assertRefused(
            400, "this session has a connection", self.find, session.sid, "fake", modern
        )
        self.assertRefused(
            400,
            "this session belongs to another transport",
            self.find,
            session.sid,
            "slow",
            modern,
        )

    def test_findEnded(self) -> None:
        """
        A session that is over is unknown; one that is leaving is not.
        """
        session = self.create("slow")
        session.attach(FakePoll(session))
        session.close(DisconnectReason.SERVER)
        self.assertIs(self.find(session.sid, "slow"), session)
        self.clock.advance(INTERVALS["farewellTimeout"])
        self.assertRefused(404, "unknown session id", self.find, session.sid, "slow")

    def test_limits(self) -> None:
        """
        There are no more sessions than there may be; who goes makes room.
        """
        self.make(Limits(sessions=2, perAddress=1))
        session = self.create()
        self.assertRefused(503, "too many sessions from your address", self.create)
        self.manager.create(Place(self.dialect, "slow"), arrival("192.0.2.2"))
        self.assertRefused(503, "too many sessions", self.create)
        session.fail(DisconnectReason.CLIENT)
        self.create()

    def test_releasedOnce(self) -> None:
        """
        However late somebody still attaches to a session that is over, it
        makes room once.
        """
        self.make(Limits(perAddress=1))
        session, _ = self.opened()
        session.fail(DisconnectReason.CLIENT)
        session.attach(FakeStream(session))
        self.create()
        self.assertRefused(503, "too many sessions from your address", self.create)

    def test_notWoken(self) -> None:
        """
        A session that is over is not kept for the sake of its deadline.
        """
        session, _ = self.opened()
        self.assertGreater(session.tick, 0)
        session.fail(DisconnectReason.CLIENT)
        self.assertEqual(session.tick, 0)

    def test_perSecond(self) -> None:
        """
        It is the manager's clock by which they are counted.
        """
        self.make(Limits(perSecond=1))
        self.create()
        self.assertRefused(503, "too many new sessions a second", self.create)
        self.clock.advance(1)
        self.create()

    def test_woken(self) -> None:
        """
        Sessions are woken when they are due.
        """
        _, stream = self.opened()
        self.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts(), ["PING 1"])

    def test_oneCall(self) -> None:
        """
        All of them cost one delayed call.
        """
        for _ in range(10):
            self.opened()
            self.clock.advance(0.5)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)


class LogTests(ManagerCase):
    """
    What is told of what peers do.
    """

    def test_failed(self) -> None:
        """
        One line tells who did what.
        """
        session, _ = self.opened()
        session.received("nonsense")
        self.assertEqual(
            self.log.lines,
            [f"Session {session.sid} (fake, 192.0.2.1) ended: parse error: no packet: nonsense"],
        )

    def test_nothingToSay(self) -> None:
        """
        Those who go as everybody does leave no line.
        """
        for text in ("CLOSE", "MESSAGE a"):
            session, _ = self.opened()
            session.received(text)
            session.close(DisconnectReason.SERVER)
        self.opened()
        self.clock.pump([INTERVALS["heartbeatInterval"], INTERVALS["heartbeatTimeout"]])
        self.assertEqual(dict(self.manager.sessions), {})
        self.assertEqual(self.log.lines, [])


class FanOutTests(ManagerCase):
    """
    One packet, sent to many.
    """

    packet = Packet(Kind.MESSAGE, "to all")

    def test_encodedOnce(self) -> None:
        """
        It is encoded once for each dialect, however many speak it, and each
        gets it in its own.
        """
        other = FakeDialect("other")
        streams, sessions = [], []
        for dialect in (self.dialect, other, self.dialect, other, self.dialect):
            session, stream = self.opened(dialect)
            streams.append(stream)
            sessions.append(session)
        for dialect in (self.dialect, other):
            dialect.encoded.clear()
        self.assertEqual(self.manager.fanOut(self.packet, sessions), [])
        self.assertEqual(self.dialect.encoded, [self.packet])
        self.assertEqual(other.encoded, [self.packet])
        self.assertEqual([stream.texts() for stream in streams], [["MESSAGE to all"]] * 5)

    def test_nobody(self) -> None:
        """
        Nothing is encoded for nobody.
        """
        self.assertEqual(self.manager.fanOut(self.packet, []), [])
        self.assertEqual(self.dialect.encoded, [])

    def test_queued(self) -> None:
        """
        It waits for whom it cannot reach now.
        """
        session = self.create("slow")
        session.attach(FakePoll(session))
        self.manager.fanOut(self.packet, [session])
        poll = FakePoll(session)
        session.attach(poll)
        self.assertEqual(poll.texts(), ["MESSAGE to all"])

    def test_volatile(self) -> None:
        """
        Unless it is volatile: then it is for those who can be reached now.
        """
        paused, pausedStream = self.opened()
        pausedStream.writable = False
        session, stream = self.opened()
        passedOver = self.manager.fanOut(self.packet, [paused, session], volatile=True)
        self.assertEqual(passedOver, [])
        self.assertEqual(stream.texts(), ["MESSAGE to all"])
        pausedStream.resume()
        self.assertEqual(pausedStream.texts(), [])

    def test_passedOver(self) -> None:
        """
        Who speaks a generation that cannot carry it is passed over, and
        counted; the others get it.
        """
        able = Able("able")
        sessions = [self.opened()[0], self.opened(able)[0], self.opened()[0]]
        stream = FakeStream(sessions[1])
        sessions[1].attach(stream)
        passedOver = self.manager.fanOut(Packet(Kind.MESSAGE, b"x"), sessions)
        self.assertEqual(passedOver, [sessions[0], sessions[2]])
        self.assertEqual(stream.texts(), ["MESSAGE x"])

    def test_nobodyCould(self) -> None:
        """
        What nobody could write is the caller's fault.
        """
        session, stream = self.opened()
        self.assertRaises(
            LocalProtocolError, self.manager.fanOut, Packet(Kind.MESSAGE, set()), [session]
        )
        self.assertEqual(stream.texts(), [])

    def test_notByHalf(self) -> None:
        """
        Where one generation finds that out, clients of the others have been
        sent nothing, wherever they stand.
        """
        able = Able("able")
        pairs = [self.opened(able), self.opened(), self.opened(able)]
        packet = Packet(Kind.MESSAGE, {1})
        sessions = [session for session, _ in pairs]
        self.assertRaises(LocalProtocolError, self.manager.fanOut, packet, sessions)
        self.assertEqual([stream.texts() for _, stream in pairs], [[], [], []])

    def test_anotherForm(self) -> None:
        """
        A client that shows another form meanwhile is written to in that one.
        """
        other = FakeDialect("other")
        pairs = [self.opened(), self.opened()]
        pairs[0][1].onWrite = lambda: setattr(pairs[1][0], "dialect", other)
        self.manager.fanOut(self.packet, [session for session, _ in pairs])
        self.assertEqual([self.packet], other.encoded)
        self.assertEqual([stream.texts() for _, stream in pairs], [["MESSAGE to all"]] * 2)

    def test_endInTheMiddle(self) -> None:
        """
        Sessions that end in the middle of the walk, those still to come
        included, do not disturb it.
        """
        pairs = [self.opened() for _ in range(4)]

        def endTwo() -> None:
            pairs[0][0].fail(DisconnectReason.CLIENT)
            pairs[2][0].fail(DisconnectReason.CLIENT)

        pairs[1][1].onWrite = endTwo
        self.manager.fanOut(self.packet, self.manager.sessions.values())
        found = [stream.texts() for _, stream in pairs]
        self.assertEqual(found, [["MESSAGE to all"]] * 2 + [[]] + [["MESSAGE to all"]])


class Able(FakeDialect):
    """
    A dialect that carries bytes, and sets.
    """

    def encode(self, packet: Packet) -> Any:
        """
        See L{txsocketio.interfaces.IDialect.encode}.
        """
        data = packet.data
        if isinstance(data, bytes):
            data = data.decode()
        elif isinstance(data, set):
            data = sorted(data)
        return super().encode(replace(packet, data=data))


class CloseTests(ManagerCase):
    """
    The end of all sessions.
    """

    def test_empty(self) -> None:
        """
        Where there are none, it is done at once.
        """
        self.assertIsNone(self.successResultOf(self.manager.close()))

    def test_waits(self) -> None:
        """
        It is done when the last one has gone, every one of which has been
        told why.
        """
        _, stream = self.opened()
        session = self.create("slow")
        session.attach(FakePoll(session))
        done = self.manager.close()
        self.assertEqual(stream.texts(), ["CLOSE"])
        self.assertEqual(
            [receiver.reasons for receiver in self.receivers.values()],
            [[DisconnectReason.SHUTDOWN]] * 2,
        )
        self.assertNoResult(done)
        poll = FakePoll(session)
        session.attach(poll)
        self.assertEqual(poll.texts(), ["CLOSE"])
        self.assertIsNone(self.successResultOf(done))

    def test_farewellTimeout(self) -> None:
        """
        It takes no longer than the farewell may.
        """
        session = self.create("slow")
        session.attach(FakePoll(session))
        done = self.manager.close()
        self.clock.advance(INTERVALS["farewellTimeout"] - 0.125)
        self.assertNoResult(done)
        self.clock.advance(0.125)
        self.assertIsNone(self.successResultOf(done))

    def test_nothingLeft(self) -> None:
        """
        No delayed call is left behind.
        """
        self.opened()
        self.manager.close()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_neverCarried(self) -> None:
        """
        Sessions that nothing has carried yet are no reason to wait.
        """
        self.create()
        self.assertIsNone(self.successResultOf(self.manager.close()))

    def test_again(self) -> None:
        """
        Who asks a second time waits too, and whoever stops waiting harms
        nobody.
        """
        session, stream = self.opened()
        stream.writable = False
        first, second, third = (self.manager.close() for _ in range(3))
        second.cancel()
        self.failureResultOf(second)
        self.assertNoResult(first)
        self.assertNoResult(third)
        stream.resume()
        self.assertIsNone(self.successResultOf(first))
        self.assertIsNone(self.successResultOf(third))
        self.assertIsNone(self.successResultOf(self.manager.close()))
        self.assertEqual(self.receivers[session.sid].reasons, [DisconnectReason.SHUTDOWN])

    def test_noNewOnes(self) -> None:
        """
        Nobody is let in any more, before or after it is done.
        """
        status, reason = HTTPStatus.SERVICE_UNAVAILABLE, "the server is shutting down"
        _, stream = self.opened()
        stream.writable = False
        self.manager.close()
        self.assertRefused(status, reason, self.create)
        stream.resume()
        self.assertRefused(status, reason, self.create)

    def test_comeAndGone(self) -> None:
        """
        Sessions that had ended before are not told again.
        """
        session, _ = self.opened()
        session.fail(DisconnectReason.CLIENT)
        self.manager.close()
        self.assertEqual(self.receivers[session.sid].reasons, [DisconnectReason.CLIENT])
