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
            bench.receiver.onReceived = lambda _, b=bench, r=reason: b.session.fail(r)
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
        What still comes in is discarded; a request is told so.
        """
        self.leave()
        self.bench.session.received("MESSAGE a")
        error = self.assertRaises(
            RemoteProtocolError, self.bench.session.receivedPayload, "MESSAGE a"
        )
        self.assertEqual(error.httpStatus, HTTPStatus.NOT_FOUND)
        self.assertEqual(self.bench.receiver.messages, [])
        self.assertEqual(self.bench.session.state, State.LEAVING)


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
        self.assertEqual((len(self.session._queue), self.session._queueBytes), (0, 0))

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
        self.assertEqual((len(bench.session._queue), bench.session._queueBytes), (0, 0))

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
