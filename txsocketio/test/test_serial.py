"""
Tests for L{txsocketio.serial}.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.serial import Serial

MANY = 100_000
"""More than any stack would hold."""

OUTCOMES: tuple[Callable[[], Any], ...] = (lambda: None, partial(succeed, None))
"""What makes the outcome of a job that is done when it returns."""


class SerialTests(SynchronousTestCase):
    """
    One thing after the other.
    """

    def setUp(self) -> None:
        self.serial = Serial()
        self.done: list[Any] = []

    def job(self, name: Any, outcome: Any = None) -> Any:
        """
        Write down that it was done.
        """
        self.done.append(name)
        return outcome

    def test_atOnce(self) -> None:
        """
        Where nothing is under way, a job is run before C{run} returns.
        """
        self.serial.run(self.job, "a")
        self.assertEqual(self.done, ["a"])
        self.serial.run(self.job, "b", "an outcome")
        self.serial.run(self.job, "c")
        self.assertEqual((self.done, self.serial.busy), (["a", "b", "c"], False))

    def test_waits(self) -> None:
        """
        Each waits for the Deferred of the one before it.
        """
        first: Deferred[None] = Deferred()
        second: Deferred[None] = Deferred()
        self.serial.run(self.job, "a", first)
        self.serial.run(self.job, "b", second)
        self.serial.run(self.job, "c")
        self.assertEqual((self.done, self.serial.busy), (["a"], True))
        first.callback(None)
        self.assertEqual((self.done, self.serial.busy), (["a", "b"], True))
        second.callback(None)
        self.assertEqual((self.done, self.serial.busy), (["a", "b", "c"], False))

    def test_fired(self) -> None:
        """
        A Deferred that has fired already is not waited for, and a failed one
        stops nobody.
        """
        self.serial.run(self.job, "a", succeed(None))
        self.serial.run(self.job, "b", fail(ZeroDivisionError()))
        self.serial.run(self.job, "c")
        self.assertEqual(self.done, ["a", "b", "c"])

    def test_fromAJob(self) -> None:
        """
        What a job asks for is run when the job is done.
        """

        def job() -> None:
            self.serial.run(self.job, "inner")
            self.done.append("outer")

        self.serial.run(job)
        self.assertEqual(self.done, ["outer", "inner"])

    def test_noRecursion(self) -> None:
        """
        However many jobs wait for one, they take no stack, whatever kind they
        are.
        """
        for outcome in OUTCOMES:
            self.done.clear()
            gate: Deferred[None] = Deferred()
            self.serial.run(self.job, "first", gate)
            for number in range(MANY):
                self.serial.run(lambda number=number, f=outcome: self.job(number, f()))
            gate.callback(None)
            self.assertEqual(self.done, ["first", *range(MANY)])

    def test_chain(self) -> None:
        """
        Nor does a job that asks for the next one, again and again.
        """

        def job(number: int, outcome: Callable[[], Any]) -> Any:
            self.done.append(number)
            if number:
                self.serial.run(job, number - 1, outcome)
            return outcome()

        for outcome in OUTCOMES:
            self.done.clear()
            self.serial.run(job, MANY, outcome)
            self.assertEqual(len(self.done), MANY + 1)

    @settings(deadline=None)
    @given(st.lists(st.booleans()), st.randoms())
    def test_order(self, kinds: list[bool], random: Any) -> None:
        """
        Whenever the Deferreds fire, the order is kept, and no two jobs are
        under way at once.
        """
        serial, log = Serial(), []
        waiting: list[Deferred[None]] = []

        def job(number: int, waits: bool) -> Deferred[None] | None:
            self.assertEqual(waiting, [])
            log.append(number)
            if not waits:
                return None
            waiting.append(Deferred())
            return waiting[0]

        for number, waits in enumerate(kinds):
            serial.run(job, number, waits)
            if waiting and random.random() < 0.5:
                waiting.pop().callback(None)
        while waiting:
            waiting.pop().callback(None)
        self.assertEqual(log, list(range(len(kinds))))
