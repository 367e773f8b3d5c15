"""
Tests for L{txsocketio.backplane}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txsocketio.backplane.memory import MemoryBackplane
from txsocketio.interfaces import IBackplane


class MemoryBackplaneTests(SynchronousTestCase):
    """
    One process, nothing beside it.
    """

    def setUp(self) -> None:
        self.delivered: list[tuple[str, Any]] = []
        self.backplane = MemoryBackplane()
        self.backplane.start(lambda *delivery: self.delivered.append(delivery))
        self.backplane.subscribe("a")

    def test_interface(self) -> None:
        self.assertTrue(verifyObject(IBackplane, self.backplane))

    def test_publish(self) -> None:
        """
        What is published is delivered in the same call, in its order, as the
        very object that it was.
        """
        messages = [object(), object()]
        for message in messages:
            self.backplane.publish("a", message)
            self.assertIs(self.delivered[-1][1], message)
        self.assertEqual(self.delivered, [("a", message) for message in messages])

    def test_channels(self) -> None:
        """
        Only what is subscribed to is delivered, once however often that was.
        """
        self.backplane.subscribe("a")
        self.backplane.subscribe("b")
        for channel in "abc":
            self.backplane.publish(channel, 1)
        self.assertEqual(self.delivered, [("a", 1), ("b", 1)])

    def test_unsubscribe(self) -> None:
        self.backplane.unsubscribe("a")
        self.backplane.unsubscribe("never")
        self.backplane.publish("a", 1)
        self.assertEqual(self.delivered, [])

    def test_notStarted(self) -> None:
        """
        Before the start nobody is there to deliver to.
        """
        backplane = MemoryBackplane()
        backplane.subscribe("a")
        backplane.publish("a", 1)
        backplane.start(lambda *delivery: self.delivered.append(delivery))
        backplane.publish("a", 2)
        self.assertEqual(self.delivered, [("a", 2)])

    def test_stop(self) -> None:
        """
        Nothing is delivered any more; after another start, what is subscribed
        to then.
        """
        self.backplane.stop()
        self.backplane.publish("a", 1)
        self.backplane.subscribe("b")
        self.backplane.publish("b", 2)
        self.backplane.start(lambda *delivery: self.delivered.append(delivery))
        self.backplane.publish("a", 3)
        self.backplane.publish("b", 4)
        self.assertEqual(self.delivered, [("b", 4)])
