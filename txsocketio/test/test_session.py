"""
Tests for L{txsocketio.session}; L{txsocketio.test.test_lifecycle} has those
of the life cycle.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import (
    DisconnectReason,
    LocalProtocolError,
    RemoteProtocolError,
    UnsupportedByClient,
)
from txsocketio.lifecycle import State
from txsocketio.packets import Kind, Packet
from txsocketio.test.fakes import INTERVALS, Bench, FakeDialect, FakePoll, FakeStream
from txsocketio.test.support import HANDSHAKE, Server


def message(data: Any) -> Packet:
    """
    A packet with this data.
    """
    return Packet(Kind.MESSAGE, data)


class SendTests(SynchronousTestCase):
    """
    What goes out, and when.
    """

    def test_writable(self) -> None:
        """
        What can be written is written at once, each packet by itself.
        """
        bench = Bench()
        self.assertFalse(bench.session.writable)
        stream = bench.opened()
        self.assertTrue(bench.session.writable)
        bench.send("one", "two")
        self.assertEqual(stream.written, [("MESSAGE one",), ("MESSAGE two",)])

    def test_paused(self) -> None:
        """
        What a stream does not take waits until it does, and leaves as one.
        """
        bench = Bench()
        stream = bench.opened()
        stream.writable = False
        self.assertFalse(bench.session.writable)
        bench.send("one", "two")
        self.assertEqual(stream.written, [])
        stream.resume()
        bench.send("three")
        self.assertEqual(stream.written, [("MESSAGE one", "MESSAGE two"), ("MESSAGE three",)])

    def test_resumedAnother(self) -> None:
        """
        What does not carry the session resumes nothing.
        """
        bench = Bench()
        bench.opened().writable = False
        bench.send("one")
        other = FakeStream(bench.session)
        other.resume()
        self.assertEqual(other.written, [])

    def test_order(self) -> None:
        """
        The order is kept across polls and whatever comes between them.
        """
        bench = Bench()
        texts = bench.poll().texts()
        for number in range(0, 30, 3):
            bench.send(str(number))
            poll = bench.poll()
            bench.send(str(number + 1))
            texts += poll.texts()
            poll = bench.poll()
            bench.lose(bench.poll())
            bench.send(str(number + 2))
            texts += poll.texts()
        texts += bench.poll().texts()
        self.assertEqual(texts, ["OPEN SID", *(f"MESSAGE {number}" for number in range(30))])

    def test_unwritten(self) -> None:
        """
        Packets that cannot be written are the caller's affair.
        """
        bench = Bench()
        bench.opened()
        self.assertRaises(UnsupportedByClient, bench.session.send, message(b""))
        self.assertRaises(LocalProtocolError, bench.session.send, message(set()))
        self.assertEqual(bench.session.state, State.STREAM)

    def test_connections(self) -> None:
        """
        Whatever carries the session is counted.
        """
        bench = Bench()
        self.assertEqual(bench.session.connections, 0)
        for number in range(1, 4):
            bench.poll()
            self.assertEqual(bench.session.connections, number)


class QueueTests(SynchronousTestCase):
    """
    How much may wait.
    """

    def assertSlow(self, bench: Bench) -> None:
        """
        The session has been ended because its client reads too slowly.
        """
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.SLOW_CONSUMER])
        self.assertEqual(bench.session.state, State.CLOSED)

    def test_messages(self) -> None:
        """
        C{maxQueue} packets may wait, and not one more.
        """
        bench = Bench(maxQueue=3)
        bench.poll()
        bench.send("a", "b", "c")
        self.assertEqual(bench.receiver.reasons, [])
        bench.send("d")
        self.assertSlow(bench)

    def test_bytes(self) -> None:
        """
        C{maxQueueBytes} bytes may wait, and not one more. They are counted
        as they are written.
        """
        size = len("MESSAGE ää".encode())
        bench = Bench(maxQueueBytes=2 * size)
        bench.poll()
        bench.send("ää", "ää")
        self.assertEqual(bench.receiver.reasons, [])
        bench.send("")
        self.assertSlow(bench)

    def test_oversize(self) -> None:
        """
        What is larger than all that may wait may wait by itself.
        """
        bench = Bench(maxQueueBytes=10, maxQueue=0)
        bench.poll()
        bench.send("x" * 100)
        self.assertEqual(bench.poll().texts(), ["MESSAGE " + "x" * 100])
        bench.send("x" * 100)
        self.assertEqual(bench.receiver.reasons, [])
        bench.send("y")
        self.assertSlow(bench)

    def test_fetched(self) -> None:
        """
        What has been fetched does not count any more.
        """
        bench = Bench(maxQueue=2, maxQueueBytes=2 * len("MESSAGE x"))
        bench.poll()
        for _ in range(3):
            bench.send("x", "x")
            self.assertEqual(len(bench.poll().texts()), 2)
        self.assertEqual(bench.receiver.reasons, [])

    def test_paused(self) -> None:
        """
        A stream that takes nothing is cut.
        """
        bench = Bench(maxQueue=1)
        stream = bench.opened()
        stream.writable = False
        bench.send("a", "b", "c")
        self.assertSlow(bench)
        self.assertEqual(stream.closed, [(DisconnectReason.SLOW_CONSUMER, "")])
        self.assertEqual(stream.written, [])

    def test_goodbye(self) -> None:
        """
        A full queue has still room for the goodbye.
        """
        bench = Bench(maxQueue=1)
        bench.poll()
        bench.send("a")
        bench.session.close(DisconnectReason.SERVER)
        self.assertEqual(bench.poll().texts(), ["MESSAGE a", "CLOSE"])
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.SERVER])

    def test_heartbeats(self) -> None:
        """
        Heartbeats count as everything else.
        """
        bench = Bench(maxQueue=1, closeTimeout=None)
        bench.poll()
        bench.send("a")
        bench.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertSlow(bench)


class VolatileTests(SynchronousTestCase):
    """
    What need not arrive.
    """

    def make(self, **settings: Any) -> None:
        """
        A session to which nothing can be written just now.
        """
        self.bench = Bench(**settings)
        self.session = self.bench.session
        self.stream = self.bench.opened()
        self.stream.writable = False

    def volatile(self, *texts: str) -> None:
        """
        Send text messages that need not arrive.
        """
        for text in texts:
            self.session.send(message(text), volatile=True)

    def arrived(self) -> list[str]:
        """
        What is written when that can be done again.
        """
        self.stream.resume()
        texts = [text.removeprefix("MESSAGE ") for text in self.stream.texts()]
        self.stream.written.clear()
        return texts

    def test_writable(self) -> None:
        """
        It is written at once where that can be done, whatever may wait.
        """
        self.make(maxVolatile=0)
        self.stream.writable = True
        self.volatile("a", "b")
        self.assertEqual(self.stream.texts(), ["MESSAGE a", "MESSAGE b"])

    def test_dropped(self) -> None:
        """
        With a C{maxVolatile} of 0, the default, it does not wait.
        """
        self.make()
        self.volatile("a")
        self.bench.send("b")
        self.assertEqual(self.arrived(), ["b"])

    def test_queued(self) -> None:
        """
        C{maxVolatile} of it may wait, among all else and in its order, and
        what is more is not sent.
        """
        self.make(maxVolatile=2)
        self.volatile("a")
        self.bench.send("b", "c")
        self.volatile("d", "e")
        self.bench.send("f")
        self.assertEqual(self.arrived(), ["a", "b", "c", "d", "f"])

    def test_counted(self) -> None:
        """
        What has been written, or given up, does not count any more.
        """
        self.make(maxVolatile=1, maxQueue=2)
        for _ in range(3):
            self.volatile("a", "b")
            self.assertEqual(self.arrived(), ["a"])
            self.stream.writable = False
        self.volatile("given up")
        self.bench.send("b", "c")
        self.assertEqual(self.arrived(), ["b", "c"])
        self.stream.writable = False
        self.volatile("d", "e")
        self.assertEqual(self.arrived(), ["d"])

    def test_fullOfOthers(self) -> None:
        """
        It is not sent where the queue is full, be it of packets or of bytes.
        """
        for limits in ({"maxQueue": 1}, {"maxQueueBytes": len("MESSAGE a")}):
            self.make(maxVolatile=5, **limits)
            self.bench.send("a")
            self.volatile("b")
            self.assertEqual(self.bench.receiver.reasons, [])
            self.assertEqual(self.arrived(), ["a"])

    def test_givenUp(self) -> None:
        """
        It is given up before the session is; only then is the client too
        slow.
        """
        size = len("MESSAGE a")
        for limits in ({"maxQueue": 4}, {"maxQueueBytes": 4 * size}):
            self.make(maxVolatile=2, **limits)
            self.volatile("a")
            self.bench.send("b")
            self.volatile("c")
            self.bench.send("d", "e")
            self.assertEqual(self.session.pending, 3 * size)
            self.bench.send("f")
            self.assertEqual(self.bench.receiver.reasons, [])
            self.bench.send("g")
            self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.SLOW_CONSUMER])

    def test_keptWhereThereIsRoom(self) -> None:
        """
        And not before that.
        """
        self.make(maxVolatile=2, maxQueue=3)
        self.volatile("a", "b")
        self.bench.send("c")
        self.assertEqual(self.arrived(), ["a", "b", "c"])

    def test_goodbye(self) -> None:
        """
        What waits of it is still fetched in front of the goodbye.
        """
        self.make(maxVolatile=1)
        self.volatile("a")
        self.session.close(DisconnectReason.SERVER)
        self.volatile("too late")
        self.assertEqual(self.arrived(), ["a", "CLOSE"])


class PressureTests(SynchronousTestCase):
    """
    How the application learns what waits.
    """

    def setUp(self) -> None:
        self.bench = Bench()
        self.session = self.bench.session

    def test_pending(self) -> None:
        """
        The bytes that wait are told: none while everything is written.
        """
        stream = self.bench.opened()
        self.bench.send("a")
        self.assertEqual(self.session.pending, 0)
        stream.writable = False
        self.bench.send("ä", "b")
        self.assertEqual(self.session.pending, len("MESSAGE äMESSAGE b".encode()))
        stream.resume()
        self.assertEqual(self.session.pending, 0)

    def test_drained(self) -> None:
        """
        The receiver is told when what has waited is written, each time, and
        not where nothing had to wait.
        """
        stream = self.bench.opened()
        before = self.bench.receiver.drains
        self.bench.send("a")
        stream.resume()
        self.assertEqual(self.bench.receiver.drains, before)
        for times in (1, 2):
            stream.writable = False
            self.bench.send("a", "b")
            stream.resume()
            self.assertEqual(self.bench.receiver.drains, before + times)

    def test_polls(self) -> None:
        """
        The same of polls.
        """
        self.bench.poll()
        before = self.bench.receiver.drains
        self.bench.send("a", "b")
        self.assertEqual(self.bench.receiver.drains, before)
        self.bench.poll()
        self.assertEqual(self.bench.receiver.drains, before + 1)

    def test_goodbye(self) -> None:
        """
        Nobody is told who has been told of the end.
        """
        stream = self.bench.opened()
        stream.writable = False
        self.bench.send("a")
        before = self.bench.receiver.drains
        self.session.close(DisconnectReason.SERVER)
        stream.resume()
        self.assertEqual(stream.texts(), ["MESSAGE a", "CLOSE"])
        self.assertEqual(self.bench.receiver.drains, before)

    def test_tell(self) -> None:
        """
        What is only told is left out where there is no word for it.
        """
        stream = self.bench.opened()
        self.session.tell(message(b"bytes"))
        self.session.tell(message("a"))
        self.assertEqual(stream.texts(), ["MESSAGE a"])


class ReceiveTests(SynchronousTestCase):
    """
    What comes in.
    """

    def setUp(self) -> None:
        self.bench = Bench()
        self.session = self.bench.session
        self.stream = self.bench.opened()

    def test_packets(self) -> None:
        """
        The receiver gets the packets in their order, whichever way they come.
        """
        self.session.received("MESSAGE a\nEVENT b")
        self.session.received(b"MESSAGE c")
        self.session.receivedPayload("MESSAGE d\nACK e")
        self.session.receivedPayload(b"MESSAGE f")
        self.assertEqual(self.bench.receiver.messages, list("abcdef"))
        self.assertEqual(self.bench.receiver.calls[2], Packet(Kind.EVENT, "b"))

    def test_close(self) -> None:
        """
        What stands behind a goodbye is neither dispatched nor looked at.
        """
        self.session.receivedPayload("MESSAGE a\nCLOSE\nMESSAGE b\nnonsense")
        self.assertEqual(
            self.bench.receiver.calls, ["opened", message("a"), DisconnectReason.CLIENT]
        )
        self.assertEqual(self.bench.linesRead, 2)

    def test_closedByReceiver(self) -> None:
        """
        The same where the receiver ends the session.
        """
        self.bench.receiver.onReceived = lambda _: self.session.close(DisconnectReason.SERVER)
        self.session.received("MESSAGE a\nMESSAGE b")
        self.assertEqual(self.bench.receiver.messages, ["a"])
        self.assertEqual(self.bench.linesRead, 1)

    def test_broken(self) -> None:
        """
        What is well formed before a fault has been taken; the fault ends the
        session, and the log and the peer are told why.
        """
        self.session.received("MESSAGE a\nnonsense\nMESSAGE b")
        reason = DisconnectReason.PARSE_ERROR
        self.assertEqual(self.bench.receiver.calls, ["opened", message("a"), reason])
        self.assertEqual(self.bench.keeper.failures, [(reason, "no packet: nonsense")])
        self.assertEqual(self.stream.closed, [(reason, "no packet: nonsense")])
        self.assertEqual(self.stream.texts(), [])

    def test_brokenPayload(self) -> None:
        """
        The same of a request, which is answered with what is wrong.
        """
        error = self.assertRaises(
            RemoteProtocolError, self.session.receivedPayload, "MESSAGE a\nnonsense"
        )
        self.assertEqual(error.reason, "no packet: nonsense")
        self.assertEqual(self.bench.receiver.messages, ["a"])
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PARSE_ERROR])

    def test_tooMuch(self) -> None:
        """
        A request that has brought more than the session can bear is told so,
        since the rest of it is not heard.
        """
        for reason in (DisconnectReason.FLOOD, DisconnectReason.SLOW_CONSUMER):
            bench = Bench()
            bench.opened()

            def fail(_: Packet, bench: Bench = bench, reason: DisconnectReason = reason) -> None:
                bench.session.fail(reason)

            bench.receiver.onReceived = fail
            error = self.assertRaises(
                RemoteProtocolError, bench.session.receivedPayload, "MESSAGE a\nMESSAGE b"
            )
            self.assertEqual((error.httpStatus, error.reason), (429, reason.value))
            self.assertEqual(bench.receiver.messages, ["a"])
        self.session.receivedPayload("CLOSE")

    def test_refusedByReceiver(self) -> None:
        """
        The receiver can find fault too.
        """

        def refuse(packet: Packet) -> None:
            raise RemoteProtocolError("not here")

        self.bench.receiver.onReceived = refuse
        self.session.received("MESSAGE a\nMESSAGE b")
        self.assertEqual(self.bench.receiver.messages, ["a"])
        self.assertEqual(self.bench.keeper.failures, [(DisconnectReason.PARSE_ERROR, "not here")])

    def test_dialect(self) -> None:
        """
        A client is answered in the dialect that it has shown, by the first
        handler already.
        """
        self.assertEqual(self.session.dialect.name, "fake")
        names = []
        self.bench.receiver.onReceived = lambda _: names.append(self.session.dialect.name)
        self.session.received("MESSAGE a\nDIALECT other\nMESSAGE b")
        self.session.received("MESSAGE c\nDIALECT third\nMESSAGE d")
        self.assertEqual(names, ["fake", "other", "other", "third"])

    def test_answersInDialect(self) -> None:
        """
        What is sent then is written in it.
        """
        self.session.received("DIALECT other\nMESSAGE a")
        self.bench.send("b")
        self.assertEqual(self.bench.dialect.encoded[1:], [])
        self.assertEqual(cast(FakeDialect, self.session.dialect).encoded, [message("b")])


class HeartbeatTests(SynchronousTestCase):
    """
    What counts as an answer.
    """

    def setUp(self) -> None:
        self.bench = Bench()
        self.session = self.bench.session
        self.stream = self.bench.opened()

    def beat(self) -> None:
        """
        The next heartbeat goes out.
        """
        self.bench.clock.advance(INTERVALS["heartbeatInterval"])

    def miss(self) -> None:
        """
        Wait until the answer should have come.
        """
        self.bench.clock.advance(INTERVALS["heartbeatTimeout"])

    def test_answered(self) -> None:
        """
        Heartbeats are counted from 1, and go on while they are answered.
        """
        for number in (1, 2, 3):
            self.beat()
            self.session.received(f"PONG {number}")
        self.assertEqual(self.stream.texts(), ["PING 1", "PING 2", "PING 3"])
        self.miss()
        self.assertEqual(self.bench.receiver.reasons, [])

    def test_hidden(self) -> None:
        """
        The receiver does not hear of them.
        """
        self.beat()
        self.session.received("PONG 1")
        self.session.received("PONG 7")
        self.assertEqual(self.bench.receiver.calls, ["opened"])

    def test_wrongNumber(self) -> None:
        """
        The answer to another heartbeat is none, and breaks nothing.
        """
        self.beat()
        for number in ("0", "2", "11", "x"):
            self.session.received(f"PONG {number}")
        self.session.received("PONG")
        self.assertEqual(self.bench.receiver.reasons, [])
        self.miss()
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PING_TIMEOUT])

    def test_lateRepetition(self) -> None:
        """
        Nor is an old answer the answer to a new heartbeat.
        """
        self.beat()
        self.session.received("PONG 1")
        self.beat()
        self.session.received("PONG 1")
        self.miss()
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PING_TIMEOUT])

    def test_messageIsNoAnswer(self) -> None:
        """
        Nor is anything else that the client sends.
        """
        self.beat()
        self.session.received("MESSAGE here I am")
        self.miss()
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PING_TIMEOUT])

    def test_heard(self) -> None:
        """
        But where something else comes, the answer may be behind it: it is
        waited for once more from then on, and only once.
        """
        half = INTERVALS["heartbeatTimeout"] / 2
        self.beat()
        self.bench.clock.advance(half)
        self.session.received("MESSAGE here I am")
        self.bench.clock.advance(half)
        self.session.received("MESSAGE still here")
        self.assertEqual(self.bench.receiver.reasons, [])
        self.bench.clock.advance(half)
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PING_TIMEOUT])

    def test_heardAndAnswered(self) -> None:
        """
        The answer that comes then counts.
        """
        self.beat()
        self.bench.clock.advance(INTERVALS["heartbeatTimeout"] - 1)
        self.session.received("MESSAGE a\nPONG 1")
        self.bench.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(self.stream.texts(), ["PING 1", "PING 2"])

    def test_wrongNumberIsNotHeard(self) -> None:
        """
        The answer to another heartbeat is nothing to wait behind.
        """
        self.beat()
        self.bench.clock.advance(1)
        self.session.received("PONG 7")
        self.bench.clock.advance(INTERVALS["heartbeatTimeout"] - 1)
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PING_TIMEOUT])

    def test_asked(self) -> None:
        """
        It is the server that sends them, and nobody else.
        """
        self.session.received("PING 1")
        reason, detail = DisconnectReason.PARSE_ERROR, "a heartbeat, which is the server's to send"
        self.assertEqual(self.bench.keeper.failures, [(reason, detail)])
        self.assertEqual(self.stream.texts(), [])

    def test_unasked(self) -> None:
        """
        Answers that nobody waits for do not put the next heartbeat off.
        """
        half = INTERVALS["heartbeatInterval"] / 2
        self.bench.clock.advance(half)
        self.session.received("PONG 0")
        self.session.received("PONG 1")
        self.bench.clock.advance(half)
        self.assertEqual(self.stream.texts(), ["PING 1"])

    def test_flood(self) -> None:
        """
        However many answers come, they arm no timers.
        """
        self.beat()
        self.session.received("PONG 1")
        calls, ticks = self.bench.clock.getDelayedCalls(), list(self.bench.keeper.timers._ticks)
        for _ in range(1000):
            self.session.received("PONG 1\nPONG 2\nPONG 0")
        self.assertEqual(self.bench.clock.getDelayedCalls(), calls)
        self.assertEqual(self.bench.keeper.timers._ticks, ticks)
        self.assertEqual(self.stream.texts(), ["PING 1"])


class ClientBeatsTests(SynchronousTestCase):
    """
    A generation whose clients send the heartbeats.
    """

    def setUp(self) -> None:
        self.bench = Bench(isModern=True, connectTimeout=None)
        self.session = self.bench.session
        self.stream = self.bench.opened()

    def test_answered(self) -> None:
        """
        A heartbeat is answered with what it holds; the receiver does not
        hear of it.
        """
        self.session.received("PING")
        self.session.received("PING 7")
        self.session.received("PING some text")
        self.assertEqual(self.stream.texts(), ["PONG", "PONG 7", "PONG some text"])
        self.assertEqual(self.bench.receiver.calls, ["opened"])

    def test_polled(self) -> None:
        """
        An answer to a heartbeat that was posted goes out by the next poll.
        """
        bench = Bench(isModern=True)
        bench.poll()
        bench.session.receivedPayload("PING\nMESSAGE a")
        self.assertEqual(bench.poll().texts(), ["PONG"])
        self.assertEqual(bench.receiver.messages, ["a"])

    def test_silence(self) -> None:
        """
        Who sends none for as long as two of the times together leaves. What
        else it sends does not count.
        """
        silence = self.session.settings.silence
        assert silence is not None
        for _ in range(3):
            self.bench.clock.advance(silence - 1)
            self.session.received("PING")
        self.bench.clock.advance(silence - 1)
        self.session.received("MESSAGE here I am")
        self.assertEqual(self.bench.receiver.reasons, [])
        self.bench.clock.advance(1)
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PING_TIMEOUT])

    def test_noneSent(self) -> None:
        """
        The server sends none.
        """
        self.bench.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(self.stream.texts(), [])

    def test_answer(self) -> None:
        """
        There is nothing that a client could answer.
        """
        self.session.received("PONG")
        reason = DisconnectReason.PARSE_ERROR
        detail = "an answer to a heartbeat that was not sent"
        self.assertEqual(self.bench.keeper.failures, [(reason, detail)])
        self.assertEqual(self.bench.receiver.reasons, [reason])


class EngineTests(SynchronousTestCase):
    """
    What else differs where a session is one of Engine.IO's.
    """

    def setUp(self) -> None:
        self.bench = Bench(isModern=True, serverBeats=True)
        self.session = self.bench.session

    def test_overlap(self) -> None:
        """
        A poll while another one waits is an error, with which the session
        ends. The older one is told that, and the newer one what is wrong.
        """
        first = self.bench.polled()
        second = FakePoll(self.session)
        error = self.assertRaises(RemoteProtocolError, self.session.attach, second)
        reason, detail = DisconnectReason.TRANSPORT_ERROR, "a poll while another one waits"
        self.assertEqual((error.httpStatus, error.reason), (HTTPStatus.BAD_REQUEST, detail))
        self.assertEqual(self.bench.receiver.reasons, [reason])
        self.assertEqual(self.bench.keeper.failures, [(reason, detail)])
        self.assertEqual((first.texts(), first.closed), (["CLOSE"], []))
        self.assertEqual((second.written, second.closed), ([], []))
        self.assertEqual(self.session.connections, 2)

    def test_polledBehindAnAnswer(self) -> None:
        """
        One that has been waiting behind the poll on the same connection comes
        as soon as that is answered, be it in the middle of a step.
        """
        self.bench.poll()
        self.bench.send("a")
        first, second = FakePoll(self.session), FakePoll(self.session)
        first.onWrite = lambda: self.session.attach(second)
        self.session.attach(first)
        self.assertEqual((first.texts(), second.written), (["MESSAGE a"], []))
        self.assertEqual(self.session.state, State.POLL)
        self.bench.send("b")
        self.assertEqual(second.texts(), ["MESSAGE b"])

    def test_lostPoll(self) -> None:
        """
        A client whose poll goes away does not come back.
        """
        self.bench.lose(self.bench.polled())
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        self.assertEqual(self.bench.keeper.forgotten, [self.session])

    def test_lostStream(self) -> None:
        """
        Nor does one whose stream goes, for whatever reason.
        """
        for reason in (DisconnectReason.TRANSPORT_CLOSE, DisconnectReason.TRANSPORT_ERROR):
            bench = Bench(isModern=True)
            bench.session.lost(bench.opened(), reason)
            self.assertEqual(bench.receiver.reasons, [reason])
            self.assertEqual((bench.session.state, bench.session.tick), (State.CLOSED, 0))

    def test_neverJoined(self) -> None:
        """
        Who joins no namespace in time is sent away.
        """
        bench = Bench(isModern=True, heartbeatInterval=None)
        stream = bench.opened()
        bench.clock.advance(INTERVALS["connectTimeout"])
        self.assertEqual(stream.closed, [(DisconnectReason.REFUSED, "")])
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.REFUSED])

    def test_joined(self) -> None:
        """
        Who has joined one may stay, whatever it leaves or joins afterwards.
        """
        bench = Bench(isModern=True, heartbeatInterval=None)
        bench.opened()
        bench.session.joined()
        bench.clock.advance(INTERVALS["connectTimeout"] / 2)
        bench.session.joined()
        bench.clock.advance(INTERVALS["connectTimeout"] * 2)
        self.assertEqual(bench.receiver.reasons, [])

    def test_joinedWhereNobodyHasTo(self) -> None:
        """
        Where every client is in a namespace from the start, nothing is waited
        for.
        """
        bench = Bench(heartbeatInterval=None)
        bench.opened()
        bench.session.joined()
        bench.clock.advance(INTERVALS["connectTimeout"] * 2)
        self.assertEqual(bench.receiver.reasons, [])

    def test_closed(self) -> None:
        """
        A goodbye is one of the connection's, not of the default namespace.
        """
        stream = self.bench.opened()
        self.session.received("CLOSE")
        reason = DisconnectReason.TRANSPORT_CLOSE
        self.assertEqual(self.bench.receiver.reasons, [reason])
        self.assertEqual(stream.closed, [(reason, "")])

    def test_upgrade(self) -> None:
        """
        Who says that it uses another transport now must say so there.
        """
        self.bench.polled()
        error = self.assertRaises(RemoteProtocolError, self.session.receivedPayload, "UPGRADE")
        self.assertEqual(error.reason, "an upgrade where nothing has been offered")
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.PARSE_ERROR])

    def test_noop(self) -> None:
        """
        Nothing is nothing, to the receiver too.
        """
        self.bench.opened()
        self.session.received("NOOP\nMESSAGE a")
        self.assertEqual(self.bench.receiver.calls, ["opened", message("a")])


class UpgradeTests(SynchronousTestCase):
    """
    How a session moves to a better transport;
    L{txsocketio.test.test_upgrade} has what that says meanwhile.
    """

    def setUp(self) -> None:
        self.bench = Bench(isModern=True, serverBeats=True)
        self.session = self.bench.session
        self.poll = self.bench.polled()

    def assertRefused(self) -> None:
        """
        Another one that offers itself is turned away.
        """
        error = self.assertRaises(
            RemoteProtocolError, self.session.offered, FakeStream(self.session, name="fake")
        )
        self.assertEqual(error.reason, "this session is being upgraded, or has been")

    def assertNothingLeft(self, *streams: FakeStream) -> None:
        """
        The session is over, and these have been let go, once.
        """
        self.assertEqual(self.session.state, State.CLOSED)
        self.assertEqual(self.session.tick, 0)
        self.assertIsNone(self.session._candidate)
        self.assertIsNone(self.session._transport)
        for stream in streams:
            self.assertEqual(len(stream.closed), 1)

    def test_whole(self) -> None:
        """
        Until it has shown that it works, nothing changes; then no poll is
        held any more; and when the client says so, what has waited goes out
        on it, and all that follows.
        """
        stream = self.bench.offer()
        self.bench.send("1")
        self.assertEqual(self.poll.texts(), ["MESSAGE 1"])
        held = self.bench.poll()
        stream.hear("PING probe")
        self.assertEqual(held.written, [()])
        self.bench.send("2")
        self.assertEqual(self.bench.poll().texts(), ["MESSAGE 2"])
        self.assertEqual(self.bench.poll().written, [()])
        self.bench.send("3", "4")
        stream.hear("UPGRADE")
        self.bench.send("5")
        self.assertEqual(
            stream.written, [("PONG probe",), ("MESSAGE 3", "MESSAGE 4"), ("MESSAGE 5",)]
        )
        self.assertEqual(self.bench.receiver.reasons, [])

    def test_taken(self) -> None:
        """
        The transport belongs to the session then; its messages are the
        session's, and so is its end.
        """
        stream = self.bench.probe()
        stream.hear("UPGRADE")
        self.assertIs(stream.session, self.session)
        stream.hear("MESSAGE a")
        self.assertEqual(self.bench.receiver.messages, ["a"])
        stream.lose()
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        self.assertNothingLeft()

    def test_renamed(self) -> None:
        """
        Its name, its settings and its dialect are the session's from then
        on, and there is no third transport.
        """
        dialect = FakeDialect("better", isModern=True, serverBeats=True)
        stream = self.bench.offer(dialect, maxQueue=3, heartbeatInterval=1.0)
        stream.hear("PING probe")
        self.assertEqual(self.session.transportName, "slow")
        self.assertIs(self.session.dialect, self.bench.dialect)
        stream.hear("UPGRADE")
        self.assertEqual(self.session.transportName, "fake")
        self.assertIs(self.session.dialect, dialect)
        self.assertEqual(self.session.settings.maxQueue, 3)
        self.assertEqual(list(self.session.upgrades), [])
        stream.hear("MESSAGE a")
        self.assertIs(self.session.dialect, dialect)
        self.bench.send("b")
        self.assertEqual(dialect.encoded[-1], message("b"))
        # The heartbeat that was due keeps its time; those behind it do not.
        self.bench.clock.advance(INTERVALS["heartbeatInterval"])
        stream.hear("PONG 1")
        self.bench.clock.advance(1)
        self.assertEqual(stream.texts()[-2:], ["PING 1", "PING 2"])

    def test_again(self) -> None:
        """
        One offers itself at a time, and none once the session has moved.
        """
        stream = self.bench.offer()
        self.assertRefused()
        stream.hear("PING probe")
        self.assertRefused()
        stream.hear("UPGRADE")
        self.assertRefused()
        self.assertEqual((stream.closed, self.session.state), ([], State.STREAM))

    def test_notKnown(self) -> None:
        """
        Nor does one to which there is no way from here.
        """
        error = self.assertRaises(
            RemoteProtocolError, self.session.offered, FakeStream(self.session, name="other")
        )
        self.assertEqual(error.reason, "this session is being upgraded, or has been")

    def test_late(self) -> None:
        """
        Nor when the session is over.
        """
        self.session.fail(DisconnectReason.CLIENT)
        self.assertRefused()

    def test_withdrawn(self) -> None:
        """
        One that has gone makes room for another; polls are held again.
        """
        for enter, state in ((self.bench.offer, State.POLL), (self.bench.probe, State.AWAY)):
            enter().lose()
            self.assertEqual(self.session.state, state)
        held = self.bench.poll()
        self.assertEqual(held.written, [])
        self.bench.send("a")
        self.assertEqual(held.texts(), ["MESSAGE a"])
        stream = self.bench.probe()
        stream.hear("UPGRADE")
        self.assertEqual(self.session.state, State.STREAM)

    def test_tooSlow(self) -> None:
        """
        One that does not show in time that it works, or is not used in time,
        is let go, and its end is not another's.
        """
        for enter in (self.bench.offer, self.bench.probe):
            stream = enter()
            self.bench.clock.advance(INTERVALS["upgradeTimeout"])
            self.assertEqual(stream.closed, [(DisconnectReason.TRANSPORT_CLOSE, "")])
            other = self.bench.offer()
            self.session.probed(stream)
            self.session.switched(stream)
            stream.lose()
            self.assertEqual(self.session._candidate, other)
            self.assertEqual(self.session._life.passage, State.OFFERED)
            other.lose()
        self.assertEqual(self.bench.receiver.reasons, [])
        self.assertEqual(self.bench.poll().written, [])

    def test_useless(self) -> None:
        """
        One on which anything else is said is let go with what is wrong; the
        session goes on.
        """
        stream = self.bench.offer()
        stream.hear("MESSAGE a")
        reason, detail = DisconnectReason.PARSE_ERROR, "anything but a probe and an upgrade"
        self.assertEqual(stream.closed, [(reason, detail)])
        self.assertEqual(self.bench.receiver.calls, ["opened"])
        self.assertEqual(self.poll.written, [])

    def test_leaving(self) -> None:
        """
        A session that the server ends meanwhile says goodbye where the client
        is: behind what waits, on the new transport once it is used.
        """
        stream = self.bench.probe()
        self.bench.send("a")
        self.session.close(DisconnectReason.SERVER)
        self.assertEqual(stream.texts(), ["PONG probe"])
        stream.hear("UPGRADE")
        self.assertEqual(stream.texts(), ["PONG probe", "MESSAGE a", "CLOSE"])
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.SERVER])
        self.assertNothingLeft(stream)

    def test_leavingStill(self) -> None:
        """
        Also where it does not take all of it at once.
        """
        stream = self.bench.probe()
        self.session.close(DisconnectReason.SERVER)
        stream.writable = False
        stream.hear("UPGRADE")
        self.assertEqual(self.session.state, State.LEAVING)
        stream.resume()
        self.assertEqual(stream.texts(), ["PONG probe", "CLOSE"])
        self.assertNothingLeft(stream)

    def test_leavingPolled(self) -> None:
        """
        Or by a poll, where one comes before that.
        """
        stream = self.bench.probe()
        self.session.close(DisconnectReason.SERVER)
        self.assertEqual(self.bench.poll().texts(), ["CLOSE"])
        self.assertNothingLeft(stream)

    def test_offeredWhileLeaving(self) -> None:
        """
        One that offers itself only then still gets the goodbye.
        """
        self.bench.send("a")
        self.session.close(DisconnectReason.SERVER)
        stream = self.bench.probe()
        stream.hear("UPGRADE")
        self.assertEqual(stream.texts(), ["PONG probe", "CLOSE"])
        self.assertNothingLeft(stream)

    def test_ended(self) -> None:
        """
        Whatever else ends the session lets go of both.
        """
        for enter in (Bench.offer, Bench.probe):
            bench = self.bench = Bench(isModern=True, serverBeats=True)
            self.session = bench.session
            bench.poll()
            stream = enter(bench)
            poll = FakePoll(self.session)
            if enter is Bench.offer:
                self.session.attach(poll)
            self.session.fail(DisconnectReason.FLOOD, "why")
            self.assertEqual(stream.closed, [(DisconnectReason.FLOOD, "why")])
            self.assertNothingLeft(stream, *([poll] if enter is Bench.offer else []))
            stream.hear("UPGRADE")
            stream.lose()
            self.assertEqual(bench.receiver.reasons, [DisconnectReason.FLOOD])
            self.assertNothingLeft()

    def test_lostPoll(self) -> None:
        """
        So does a poll that goes away while the other one has not shown that
        it works.
        """
        stream = self.bench.offer()
        self.bench.lose(self.poll)
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        self.assertNothingLeft(stream)

    def test_received(self) -> None:
        """
        What the client still posts while it moves is taken.
        """
        stream = self.bench.probe()
        self.session.receivedPayload("MESSAGE a")
        stream.hear("UPGRADE")
        self.session.receivedPayload("MESSAGE b")
        self.assertEqual(self.bench.receiver.messages, ["a", "b"])

    def test_heartbeat(self) -> None:
        """
        A heartbeat that is due while no poll waits goes out on the new one,
        where it may be answered.
        """
        bench = Bench(isModern=True, serverBeats=True, upgradeTimeout=None, closeTimeout=None)
        bench.poll()
        stream = bench.probe()
        bench.clock.advance(INTERVALS["heartbeatInterval"])
        stream.hear("UPGRADE")
        self.assertEqual(stream.texts(), ["PONG probe", "PING 1"])
        stream.hear("PONG 1")
        bench.clock.advance(INTERVALS["heartbeatInterval"])
        self.assertEqual(stream.texts()[2:], ["PING 2"])


class LeavingTests(SynchronousTestCase):
    """
    A session that the server ends while nothing carries it.
    """

    def setUp(self) -> None:
        self.bench = Bench()
        self.bench.poll()

    def leave(self) -> None:
        """
        The server ends it.
        """
        self.bench.session.close(DisconnectReason.SHUTDOWN)

    def test_fetched(self) -> None:
        """
        What was queued before is fetched in one answer with the goodbye.
        """
        self.bench.send("one", "two")
        self.leave()
        self.assertEqual(self.bench.keeper.forgotten, [])
        poll = self.bench.poll()
        self.assertEqual(poll.written, [("MESSAGE one", "MESSAGE two", "CLOSE")])
        self.assertEqual(self.bench.keeper.forgotten, [self.bench.session])

    def test_fetchedAlone(self) -> None:
        """
        Where the goodbye is heeded before what stands in front of it, it is
        fetched by a poll of its own; a stream brings both.
        """
        for isStream in (False, True):
            bench = Bench(isModern=True, closeTimeout=None)
            bench.poll()
            bench.send("one", "two")
            bench.session.close(DisconnectReason.SERVER)
            if isStream:
                self.assertEqual(bench.stream().texts(), ["MESSAGE one", "MESSAGE two", "CLOSE"])
            else:
                self.assertEqual(bench.poll().written, [("MESSAGE one", "MESSAGE two")])
                self.assertEqual(bench.keeper.forgotten, [])
                self.assertEqual(bench.poll().written, [("CLOSE",)])
            self.assertEqual(bench.keeper.forgotten, [bench.session])

    def test_farewellTimeout(self) -> None:
        """
        Until the time is over, and not longer.
        """
        self.bench.send("one")
        self.leave()
        self.bench.clock.advance(INTERVALS["farewellTimeout"] - 0.125)
        self.assertEqual(self.bench.keeper.forgotten, [])
        self.bench.clock.advance(0.125)
        self.assertEqual(self.bench.keeper.forgotten, [self.bench.session])
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.SHUTDOWN])
        self.assertEqual(self.bench.session.tick, 0)

    def test_nothingFollows(self) -> None:
        """
        What is sent afterwards, or from the receiver's C{closed}, does not
        follow the goodbye, nor does a heartbeat.
        """
        self.bench.receiver.onClosed = lambda _: self.bench.send("from closed")
        self.leave()
        self.bench.send("afterwards")
        stream = FakeStream(self.bench.session, writable=False)
        self.bench.session.attach(stream)
        self.bench.send("and still")
        stream.resume()
        self.assertEqual(stream.texts(), ["CLOSE"])

    def test_noHeartbeats(self) -> None:
        """
        Who comes for the goodbye starts no heartbeats.
        """
        bench = Bench(farewellTimeout=None)
        bench.poll()
        bench.session.close(DisconnectReason.SERVER)
        stream = bench.stream(writable=False)
        bench.clock.advance(1000)
        stream.resume()
        self.assertEqual(stream.texts(), ["CLOSE"])

    def test_reasonOnce(self) -> None:
        """
        The first reason stays.
        """
        self.leave()
        self.bench.session.close(DisconnectReason.SERVER)
        self.bench.session.fail(DisconnectReason.FLOOD)
        self.assertEqual(self.bench.receiver.reasons, [DisconnectReason.SHUTDOWN])

    def test_received(self) -> None:
        """
        What still comes in is discarded; a request is told so where its client
        can come with it once more.
        """
        self.leave()
        self.bench.session.received("MESSAGE a")
        error = self.assertRaises(
            RemoteProtocolError, self.bench.session.receivedPayload, "MESSAGE a"
        )
        self.assertEqual(error.httpStatus, HTTPStatus.NOT_FOUND)
        self.assertEqual(self.bench.receiver.messages, [])

    def test_receivedForGood(self) -> None:
        """
        Where it cannot, a request is taken, whatever it holds: who is told of
        a fault would not come for the goodbye.
        """
        bench = Bench(isModern=True, closeTimeout=None)
        bench.poll()
        bench.session.close(DisconnectReason.SERVER)
        bench.session.receivedPayload("MESSAGE a")
        bench.session.receivedPayload("BAD")
        self.assertEqual(bench.receiver.messages, [])
        self.assertEqual(bench.session.state, State.LEAVING)


class EndTests(SynchronousTestCase):
    """
    A session that is over.
    """

    def setUp(self) -> None:
        self.bench = Bench()
        self.session = self.bench.session
        self.stream = self.bench.opened()
        self.session.fail(DisconnectReason.CLIENT)
        self.bench.receiver.calls.clear()

    def test_sent(self) -> None:
        """
        What is sent is discarded, not kept.
        """
        self.bench.send("a")
        self.assertEqual(self.stream.texts(), [])
        self.assertEqual((len(self.session._outbox), self.session.pending), (0, 0))

    def test_received(self) -> None:
        """
        What comes in is not looked at.
        """
        self.session.received("nonsense")
        error = self.assertRaises(RemoteProtocolError, self.session.receivedPayload, "MESSAGE a")
        self.assertEqual(error.httpStatus, HTTPStatus.NOT_FOUND)
        self.assertEqual(self.bench.linesRead, 0)

    def test_events(self) -> None:
        """
        Late words of what carried it mean nothing.
        """
        self.session.resumed(self.stream)
        self.session.detach(self.stream)
        self.session.lost(self.stream, DisconnectReason.TRANSPORT_ERROR)
        self.session.close(DisconnectReason.SERVER)
        self.session.fail(DisconnectReason.SERVER)
        self.session.wake()
        self.assertEqual(self.bench.receiver.calls, [])
        self.assertEqual(self.stream.closed, [(DisconnectReason.CLIENT, "")])

    def test_nothingLeft(self) -> None:
        """
        It leaves neither a timer nor a queue behind.
        """
        self.assertEqual(self.session.tick, 0)
        bench = Bench()
        bench.poll()
        bench.send("a")
        bench.session.fail(DisconnectReason.CLIENT)
        self.assertEqual((len(bench.session._outbox), bench.session.pending), (0, 0))

    def test_discarding(self) -> None:
        """
        What an ended session hands its packets to takes all of them.
        """
        receiver = self.session._receiver
        receiver.opened()
        receiver.received(message("a"))
        receiver.closed(DisconnectReason.CLIENT)
        self.assertEqual(self.bench.receiver.calls, [])


class StepTests(SynchronousTestCase):
    """
    What arises during a step waits until it is done.
    """

    def test_answeredInAttach(self) -> None:
        """
        A poll that is answered inside C{attach} is done when that returns.
        """
        bench = Bench()
        bench.poll()
        bench.send("a")
        poll = FakePoll(bench.session)
        states: list[State] = []
        poll.onWrite = lambda: states.append(bench.session.state)
        bench.session.attach(poll)
        self.assertEqual(poll.texts(), ["MESSAGE a"])
        self.assertEqual((states, bench.session.state), ([State.POLL], State.AWAY))
        self.assertFalse(bench.session.writable)

    def test_endInOpened(self) -> None:
        """
        A receiver that ends the session while it is told of its opening is
        told of the end when it has returned.
        """
        for end in ("close", "fail"):
            bench = Bench()

            def opened(bench: Bench = bench, end: str = end) -> None:
                getattr(bench.session, end)(DisconnectReason.REFUSED)
                bench.receiver.calls.append("returns")

            bench.receiver.onOpened = opened
            bench.stream()
            self.assertEqual(bench.receiver.calls, ["opened", "returns", DisconnectReason.REFUSED])
            self.assertEqual(bench.session.state, State.CLOSED)

    def test_sentInOpened(self) -> None:
        """
        What is sent while a poll opens the session waits for the next one.
        """
        bench = Bench()
        bench.receiver.onOpened = lambda: bench.send("welcome")
        self.assertEqual(bench.poll().texts(), ["OPEN SID"])
        self.assertEqual(bench.poll().texts(), ["MESSAGE welcome"])

    def test_slowInOpened(self) -> None:
        """
        The queue's bounds hold there too.
        """
        bench = Bench(maxQueue=5)
        bench.receiver.onOpened = lambda: bench.send(*map(str, range(1000)))
        bench.poll()
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.SLOW_CONSUMER])

    def test_polledInWrite(self) -> None:
        """
        A poll that comes in while another is being answered takes its turn.
        """
        bench = Bench()
        poll, later = bench.polled(), FakePoll(bench.session)
        poll.onWrite = lambda: bench.session.attach(later)
        bench.session.close(DisconnectReason.SERVER)
        self.assertEqual(poll.texts(), ["CLOSE"])
        self.assertEqual((later.written, later.closed), ([], [(DisconnectReason.SERVER, "")]))

    def test_polledInClosed(self) -> None:
        """
        One that comes while the receiver is told of the end is not left
        hanging.
        """
        bench = Bench()
        bench.polled()
        later = FakePoll(bench.session)
        bench.receiver.onClosed = lambda _: bench.session.attach(later)
        bench.session.fail(DisconnectReason.CLIENT)
        self.assertEqual(later.closed, [(DisconnectReason.CLIENT, "")])
        self.assertEqual(bench.keeper.forgotten[:1], [bench.session])

    def test_raises(self) -> None:
        """
        An exception in a step leaves a session that goes on.
        """
        bench = Bench()

        def fail() -> None:
            raise ZeroDivisionError

        bench.receiver.onOpened = fail
        self.assertRaises(ZeroDivisionError, bench.stream)
        bench.session.close(DisconnectReason.SERVER)
        self.assertEqual(bench.receiver.reasons, [DisconnectReason.SERVER])

    def test_lostAnother(self) -> None:
        """
        The end of what does not carry the session any more is ignored.
        """
        bench = Bench()
        old = bench.opened()
        new = bench.stream()
        bench.session.lost(old, DisconnectReason.TRANSPORT_CLOSE)
        bench.session.detach(old)
        self.assertEqual(bench.session.state, State.STREAM)
        bench.send("a")
        self.assertEqual(new.texts(), ["MESSAGE a"])

    def test_movedDeadline(self) -> None:
        """
        A deadline that has moved away is met in the end.
        """
        bench = Bench(duration=4.0)
        bench.polled()
        bench.clock.advance(2)
        poll = bench.poll()
        bench.clock.advance(2)
        self.assertEqual(poll.written, [])
        bench.clock.advance(2)
        self.assertEqual(poll.written, [()])

    def test_twoDeadlines(self) -> None:
        """
        Deadlines that have been reached together are met together.
        """
        bench = Bench(duration=1.0, heartbeatInterval=1.0)
        poll = bench.polled()
        bench.clock.advance(1)
        self.assertEqual(poll.written, [()])
        self.assertEqual(bench.poll().texts(), ["PING 1"])


class NeverCarriedTests(SynchronousTestCase):
    """
    A session whose transport never comes to be.
    """

    def test_handshakeFails(self) -> None:
        """
        A WebSocket with which Autobahn finds fault after it has asked for the
        session leaves none behind, and does not hold up the server's end.
        """
        server = Server()
        extension = "permessage-deflate; server_max_window_bits=99"
        wire = server.request(
            "GET",
            "/socket.io/websocket",
            {**HANDSHAKE, "Sec-WebSocket-Extensions": extension},
        )
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 400 "), wire.value())
        wire.lose()
        self.assertEqual(dict(server.io._manager.sessions), {})
        self.assertIsNone(self.successResultOf(server.io.close()))
