"""
Tests for L{txsocketio.coroutines}.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.coroutines import begin

COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


class BeginTests(SynchronousTestCase):
    """
    L{begin}.
    """

    def setUp(self) -> None:
        self.first: Deferred[Any] = Deferred()
        self.second: Deferred[Any] = Deferred()
        self.seen: list[Any] = []

    async def both(self) -> str:
        """
        Wait twice, whatever comes of it.
        """
        for each in (self.first, self.second):
            try:
                self.seen.append(await each)
            except ZeroDivisionError:
                self.seen.append("raised")
        return "done"

    def test_atOnce(self) -> None:
        """
        What does not wait needs no Deferred; nor does what waits for nothing.
        """
        self.first, self.second = succeed(1), fail(ZeroDivisionError())
        self.assertEqual(("done", [1, "raised"]), (begin(self.both()), self.seen))

    def test_raises(self) -> None:
        """
        What it raises comes as a Deferred.
        """

        async def raises() -> None:
            raise ZeroDivisionError

        self.failureResultOf(begin(raises()), ZeroDivisionError)

    def test_waits(self) -> None:
        """
        Results and failures come to where they are waited for.
        """
        done = begin(self.both())
        self.assertNoResult(done)
        self.first.errback(ZeroDivisionError())
        self.assertNoResult(done)
        self.second.callback(2)
        self.assertEqual("done", self.successResultOf(done))
        self.assertEqual(["raised", 2], self.seen)

    def test_raisesLater(self) -> None:
        """
        What it raises when it has waited fails the Deferred.
        """
        done = begin(self.both())
        self.first.callback(1)
        self.second.errback(KeyError())
        self.failureResultOf(done, KeyError)

    def test_cancel(self) -> None:
        """
        Who gives it up gives up what it waits for.
        """
        done = begin(self.both())
        self.first.callback(1)
        done.cancel()
        self.failureResultOf(done, CancelledError)
        self.assertTrue(self.second.called)

    def test_context(self) -> None:
        """
        What it sets holds in it alone, however often it waits.
        """

        async def paint() -> str:
            COLOUR.set("red")
            await self.first
            return COLOUR.get()

        done = begin(paint())
        self.assertEqual("none", COLOUR.get())
        self.first.callback(None)
        self.assertEqual("red", self.successResultOf(done))
