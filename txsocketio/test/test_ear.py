"""
Tests for L{txsocketio.transports._ear}: reading from many sockets at once.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import DisconnectReason
from txsocketio.test.sockets import FarEnd, needsEpoll
from txsocketio.test.support import CLOSE, HANDSHAKE, frame
from txsocketio.test.test_direct import SocketCase
from txsocketio.transports import _ear
from txsocketio.transports._ear import MAX_HEARD, Ear, earFor
from txsocketio.transports.websocket import MAX_FRAMES


class EarForTests(SynchronousTestCase):
    """
    Where there is one.
    """

    def test_reactors(self) -> None:
        """
        For a reactor of file descriptors, where the system has epoll.
        """
        traffic: Any = None
        self.assertIs(earFor(Clock(), traffic), None)
        self.patch(_ear, "select", object())
        self.assertIs(earFor(MemoryReactorClock(), traffic), None)

    @needsEpoll
    def test_epoll(self) -> None:
        """
        There it is.
        """
        traffic: Any = None
        self.assertIsInstance(earFor(MemoryReactorClock(), traffic), Ear)


@needsEpoll
class EarTests(SocketCase):
    """
    A listener whose WebSockets are read from by one.
    """

    def setUp(self) -> None:
        self.serve()
        self.lost: list[str] = []

    def isAlone(self) -> bool:
        """
        Whether the reactor reads from the Ear only, beside the port.
        """
        return self.readers() == ["Ear"]

    def readers(self) -> list[str]:
        """
        What kinds of things the reactor reads from for the sake of clients.
        """
        names = [type(each).__name__ for each in self.server.reactor.getReaders()]
        return sorted(name for name in names if name not in ("Port", "_UnixWaker"))

    def assertGone(self, reason: DisconnectReason = DisconnectReason.TRANSPORT_CLOSE) -> None:
        """
        The only client has gone, and nothing is left of it.
        """
        self.server.until(lambda: self.reasons)
        self.server.turns()
        self.assertEqual(self.reasons, [reason])
        self.assertEqual((self.readers(), self.writers()), ([], []))

    def test_reads(self) -> None:
        """
        It is the Ear that reads, as long as there is somebody to be read from.
        """
        far, _ = self.open()
        other, _ = self.open()
        self.assertTrue(self.isAlone())
        far.say("a")
        other.say("b")
        self.server.until(lambda: len(self.said) == 2)
        other.reset()
        self.server.until(lambda: self.reasons)
        self.reasons.clear()
        self.assertTrue(self.isAlone())
        far.say("c")
        self.server.until(lambda: len(self.said) == 3)
        far.send(frame(CLOSE, b""))
        self.assertGone()

    def test_end(self) -> None:
        """
        What has come before the end is heard; the end comes once.
        """
        far, _ = self.open()
        far.say("a")
        far.socket.close()
        self.assertGone()
        self.assertEqual(self.said, ["a"])

    def test_reset(self) -> None:
        """
        The same with another end.
        """
        far, _ = self.open()
        far.reset()
        self.assertGone()

    def test_abort(self) -> None:
        """
        We cut it ourselves.
        """
        far, _ = self.open()
        self.server.transportOf(far).transport.abortConnection()
        far.say("nobody hears it")
        self.assertGone()
        self.assertEqual(self.said, [])

    def test_turns(self) -> None:
        """
        Who says very much does not keep others from being heard, and is not
        read from until all of that has been.
        """
        far, _ = self.open()
        other, _ = self.open()
        texts = [f"f{number}" for number in range(3 * MAX_FRAMES)]
        far.say(*texts)
        self.server.until(lambda: self.said)
        self.assertEqual(self.said, texts[:MAX_FRAMES])
        other.say("o")
        far.say("last")
        self.server.until(lambda: "o" in self.said)
        self.assertNotIn(texts[-1], self.said)
        self.server.until(lambda: self.said[-1] == "last")
        self.said.remove("o")
        self.assertEqual(self.said, [*texts, "last"])
        self.assertTrue(self.isAlone())

    def test_endWhileHeldBack(self) -> None:
        """
        Who is gone meanwhile is heard to its end.
        """
        far, _ = self.open()
        texts = [str(number) for number in range(2 * MAX_FRAMES)]
        far.say(*texts)
        self.server.until(lambda: self.said)
        far.socket.close()
        self.assertGone()
        self.assertEqual(self.said, texts)

    def test_resetWhileHeldBack(self) -> None:
        """
        Or is not heard any more, and the reactor's next turn finds nobody.
        """
        far, _ = self.open()
        far.say(*("x" for _ in range(2 * MAX_FRAMES)))
        self.server.until(lambda: self.said)
        self.lose(far)
        self.assertGone()
        self.assertEqual(len(self.said), MAX_FRAMES)

    def test_disconnectedWhileHeldBack(self) -> None:
        """
        Who is sent away meanwhile is not heard any more either; the closing
        goes on.
        """
        far, client = self.open()
        far.say(*("x" for _ in range(2 * MAX_FRAMES)))
        self.server.until(lambda: self.said)
        client.disconnect(close=True)
        self.server.turns()
        self.assertEqual(far.frames(1)[-1].opcode, CLOSE)
        self.assertEqual(len(self.said), MAX_FRAMES)
        far.send(frame(CLOSE, b"\x03\xe8"))
        far.ended()
        self.assertGone(DisconnectReason.SERVER)

    def test_manyAtOnce(self) -> None:
        """
        More than are read from in one turn are all heard.
        """
        ends = [self.server.open() for _ in range(MAX_HEARD + 20)]
        for number, far in enumerate(ends):
            far.say(str(number))
        self.server.until(lambda: self.said)
        self.assertLessEqual(len(self.said), MAX_HEARD)
        self.server.until(lambda: len(self.said) == len(ends))
        self.assertEqual(sorted(map(int, self.said)), list(range(len(ends))))

    def both(self, do: Any) -> tuple[FarEnd, FarEnd]:
        """
        Two have something in one turn; whoever is heard first, C{do} is called
        with the other one, on both sides.
        """
        (first, firstClient), (second, secondClient) = self.open(), self.open()
        firstClient.on("message", lambda text: do(second, secondClient))
        secondClient.on("message", lambda text: do(first, firstClient))
        first.say("a")
        second.say("b")
        self.server.until(lambda: self.said)
        return first, second

    def lose(self, far: FarEnd, *_: object) -> None:
        """
        Lose a connection.
        """
        transport = self.server.transportOf(far).transport
        transport.connectionLost(Failure(ConnectionLost()))

    def test_otherLost(self) -> None:
        """
        A connection that goes while another one is heard is heard no more.
        """
        self.both(self.lose)
        self.server.turns()
        self.assertEqual((len(self.said), len(self.reasons)), (1, 1))
        self.assertTrue(self.isAlone())

    def test_otherDisconnected(self) -> None:
        """
        Nor is one whose session ends.
        """
        first, second = self.both(lambda far, client: client.disconnect(close=True))
        self.assertEqual(len(self.said), 1)
        self.server.turns()
        closed = [far for far in (first, second) if b"\x88" in far.peek()]
        self.assertEqual(len(closed), 1)

    def test_numberUsedAgain(self) -> None:
        """
        A new connection gets the number of one that has gone, and is not taken
        for it, not even by who has held something back for it.
        """
        far, _ = self.open()
        old = self.server.transportOf(far)
        number = old.transport.fileno()
        far.say(*("x" for _ in range(2 * MAX_FRAMES)))
        self.server.until(lambda: self.said)
        other = self.server.connect()
        self.lose(far)
        other.ask("/websocket", HANDSHAKE)
        other.opened()
        new = self.server.transportOf(other)
        self.assertEqual(new.transport.fileno(), number)
        self.said.clear()
        old.close(DisconnectReason.SHUTDOWN)
        old.connectionLost()
        self.server.turns()
        other.say("a")
        self.server.until(lambda: self.said)
        self.assertEqual(self.said, ["a"])
        self.assertNotIn(b"\x88", other.take())
        self.assertTrue(self.isAlone())

    def test_failure(self) -> None:
        """
        A connection that fails on what has come is cut, and logged; others are
        not concerned.
        """
        far, _ = self.open()
        other, _ = self.open()
        session: Any = self.server.transportOf(far).session
        self.patch(type(session), "received", _raiseOn("bad", type(session).received))
        far.say("bad")
        other.say("good")
        self.assertEqual(far.ended(), [])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        self.assertEqual(self.said, ["good"])
        other.say("more")
        self.server.until(lambda: self.said[-1] == "more")

    def test_answersDespiteAFailure(self) -> None:
        """
        Nor is what has been held back for others.
        """
        far, client = self.open()
        other, _ = self.open()
        session: Any = self.server.transportOf(far).session
        self.patch(type(session), "received", _raiseOn("bad", type(session).received))
        client.on("message", self.server.io.send)
        far.say("a", "bad", "b")
        self.assertEqual(other.heard(1), ["a"])
        self.flushLoggedErrors(ZeroDivisionError)
        self.server.io.send("c")
        self.assertEqual(other.heard(1), ["c"])

    def test_shutdown(self) -> None:
        """
        When the reactor stops, all are told, once.
        """
        far, client = self.open()
        self.open()
        self.server.reactor.disconnectAll()
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE] * 2)
        self.assertEqual(far.ended(), [])
        self.server.turns()
        client.send("nobody hears it")
        self.assertEqual(len(self.reasons), 2)

    def test_shutdownWhileWriting(self) -> None:
        """
        Also one that the reactor knows of besides, since something waits.
        """
        self.serve(isSmall=True)
        _, client = self.open()
        self.fill(client)
        self.server.reactor.disconnectAll()
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])


def _raiseOn(word: str, received: Any) -> Any:
    def instead(self: Any, data: str, *args: Any) -> None:
        if word in data:
            raise ZeroDivisionError(word)
        received(self, data, *args)

    return instead
