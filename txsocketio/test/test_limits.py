"""
Tests for L{txsocketio.limits}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import RemoteProtocolError
from txsocketio.limits import Limits


class LimitsTests(SynchronousTestCase):
    """
    Who is let in.
    """

    def assertRefused(self, reason: str, limits: Limits, *args: object) -> None:
        """
        One session more is refused in these words.
        """
        error = self.assertRaises(RemoteProtocolError, limits.admit, *args)
        self.assertEqual((error.httpStatus, error.reason), (503, reason))

    def test_none(self) -> None:
        """
        Without limits there are none.
        """
        limits = Limits()
        for count in range(10_000):
            limits.admit("a", 0.0, count)

    def test_sessions(self) -> None:
        """
        So many at once, in all.
        """
        limits = Limits(sessions=3)
        limits.admit("a", 0.0, 2)
        self.assertRefused("too many sessions", limits, "b", 0.0, 3)
        limits.admit("b", 0.0, 2)

    def test_perAddress(self) -> None:
        """
        So many at once from one address, which others do not count for.
        """
        limits = Limits(perAddress=2)
        for address in ("a", "a", "b"):
            limits.admit(address, 0.0, 0)
        self.assertRefused("too many sessions from your address", limits, "a", 0.0, 0)
        limits.admit("b", 0.0, 0)
        limits.release("a")
        limits.admit("a", 0.0, 0)
        self.assertRefused("too many sessions from your address", limits, "a", 0.0, 0)

    def test_perSecond(self) -> None:
        """
        So many new ones in each second of the clock.
        """
        limits = Limits(perSecond=2)
        for now in (0.0, 0.9):
            limits.admit("a", now, 0)
        self.assertRefused("too many new sessions a second", limits, "a", 0.95, 0)
        for now in (1.0, 1.5):
            limits.admit("a", now, 0)
        self.assertRefused("too many new sessions a second", limits, "b", 1.99, 0)

    def test_zero(self) -> None:
        """
        A limit of 0 is one.
        """
        self.assertRefused("too many sessions", Limits(sessions=0), "a", 0.0, 0)
        self.assertRefused("too many sessions from your address", Limits(perAddress=0), "a", 0.0, 0)
        self.assertRefused("too many new sessions a second", Limits(perSecond=0), "a", 0.0, 0)

    def test_refusedDoesNotCount(self) -> None:
        """
        Who was turned away counts neither for its address nor for its second.
        """
        limits = Limits(sessions=1, perAddress=1, perSecond=1)
        for _ in range(3):
            self.assertRefused("too many sessions", limits, "a", 0.0, 1)
        limits.admit("a", 0.0, 0)

    def test_nothingKept(self) -> None:
        """
        Nothing is kept of addresses that nobody is there from.
        """
        limits = Limits(perAddress=1)
        for number in range(100):
            limits.admit(str(number), 0.0, 0)
            self.assertRefused("too many sessions from your address", limits, str(number), 0.0, 0)
            limits.release(str(number))
        self.assertEqual(len(limits._addresses), 0)
