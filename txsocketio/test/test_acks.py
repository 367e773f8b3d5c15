"""
Tests for L{txsocketio.acks}.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.acks import Acks, gather, within
from txsocketio.errors import AckTimeout, ClientDisconnected, DisconnectReason


class AcksTests(SynchronousTestCase):
    """
    What one client has been asked.
    """

    def setUp(self) -> None:
        self.acks = Acks(2)

    def test_answered(self) -> None:
        """
        No argument, one, and several; each to the one who has asked, once.
        """
        for args, result in (([], None), ([[1]], [1]), ([1, 2], (1, 2))):
            first, second = self.acks.expect(1), self.acks.expect(2)
            self.acks.answered(2, args)
            self.assertNoResult(first)
            self.assertEqual(result, self.successResultOf(second))
            self.acks.answered(1, [])
            self.successResultOf(first)

    def test_unasked(self) -> None:
        """
        What answers nothing is ignored.
        """
        done = self.acks.expect(1)
        self.acks.answered(None, ["x"])
        self.acks.answered(7, ["x"])
        self.assertNoResult(done)

    def test_limit(self) -> None:
        """
        No more are waited for than may be.
        """
        first = self.acks.expect(1)
        self.acks.expect(2)
        self.failureResultOf(self.acks.expect(3), AckTimeout)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertNoResult(self.acks.expect(3))

    def test_abandon(self) -> None:
        """
        When the client goes, all fail, even if one is given up because of
        another.
        """
        first, second = self.acks.expect(1), self.acks.expect(2)

        def giveUp(failure: Failure) -> Failure:
            second.cancel()
            return failure

        first.addErrback(giveUp)
        self.acks.abandon(DisconnectReason.CLIENT)
        error = self.failureResultOf(first, ClientDisconnected).value
        self.assertIs(DisconnectReason.CLIENT, error.reason)
        self.failureResultOf(second, CancelledError)

    def test_within(self) -> None:
        """
        A timeout gives one up.
        """
        clock = Clock()
        self.assertNoResult(within(self.acks.expect(1), None, clock))
        self.assertEqual([], clock.getDelayedCalls())
        done = within(self.acks.expect(2), 2.5, clock)
        clock.advance(2.5)
        self.assertIn("2.5 s", str(self.failureResultOf(done, AckTimeout).value))
        self.acks.answered(2, ["too late"])


class GatherTests(SynchronousTestCase):
    """
    What many have been asked.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.acks = [Acks(1) for _ in range(3)]
        self.asked = [acks.expect(7) for acks in self.acks]

    def test_all(self) -> None:
        """
        The answers are in the order of those who were asked; no timer runs
        on.
        """
        done = gather(self.asked, 5, self.clock)
        for number in (2, 0, 1):
            self.assertNoResult(done)
            self.acks[number].answered(7, [number])
        self.assertEqual([0, 1, 2], self.successResultOf(done))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_nobody(self) -> None:
        """
        Where nobody is asked, nobody is waited for.
        """
        self.assertEqual([], self.successResultOf(gather([], 5, self.clock)))

    def test_timeout(self) -> None:
        """
        When the time is over, the error has the answers that came; nothing
        is waited for any more.
        """
        done = gather(self.asked, 5, self.clock)
        self.acks[1].answered(7, ["yes"])
        self.clock.advance(5)
        error = self.failureResultOf(done, AckTimeout).value
        self.assertEqual((["yes"], "2 of 3 silent for 5 s"), (error.answers, str(error)))
        self.assertNoResult(self.acks[0].expect(8))

    def test_gone(self) -> None:
        """
        Who goes cannot answer: the others are waited for, and no longer.
        """
        done = gather(self.asked, 5, self.clock)
        self.acks[0].abandon(DisconnectReason.CLIENT)
        self.acks[1].answered(7, ["yes"])
        self.assertNoResult(done)
        self.acks[2].answered(7, [])
        error = self.failureResultOf(done, AckTimeout).value
        self.assertEqual((["yes", None], "1 of 3 have gone"), (error.answers, str(error)))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_noTimeout(self) -> None:
        """
        Without a timeout they are waited for as long as they are there.
        """
        done = gather(self.asked, None, self.clock)
        self.assertEqual([], self.clock.getDelayedCalls())
        for acks in self.acks:
            self.assertNoResult(done)
            acks.abandon(DisconnectReason.CLIENT)
        self.assertEqual([], self.failureResultOf(done, AckTimeout).value.answers)

    def test_cancel(self) -> None:
        """
        Who does not want it any more can say so.
        """
        done = gather(self.asked, 5, self.clock)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertNoResult(self.acks[0].expect(8))
