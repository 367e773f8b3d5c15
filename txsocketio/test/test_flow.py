"""
Tests for L{txsocketio.flow}, and for how clients take what producers make.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IPullProducer, IPushProducer
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from txsocketio.flow import SOON
from txsocketio.packets import ROOT
from txsocketio.test.hall import Hall


@implementer(IPushProducer, IPullProducer)
class Producer:
    """
    Writes down what it is told.
    """

    def __init__(self) -> None:
        self.told: list[str] = []
        self.onResume: Any = lambda: None

    def pauseProducing(self) -> None:
        """
        See L{IPushProducer.pauseProducing}.
        """
        self.told.append("pause")

    def resumeProducing(self) -> None:
        """
        See L{IPullProducer.resumeProducing}.
        """
        self.told.append("resume")
        self.onResume()

    def stopProducing(self) -> None:
        """
        See L{IProducer.stopProducing}.
        """
        self.told.append("stop")


class FlowCase(SynchronousTestCase):
    """
    A client, and a producer for it.
    """

    streaming = True

    def setUp(self) -> None:
        self.hall = Hall()
        self.visitor = self.hall.come(ROOT)
        self.visitor.heard()
        self.client = self.visitor.client()
        self.producer = Producer()

    def register(self) -> None:
        """
        The producer is to write to the client.
        """
        self.client.registerProducer(self.producer, self.streaming)


class Drain(FlowCase):
    """
    C{client.pending} and C{drain}.
    """

    def test_drain(self) -> None:
        """
        Nothing waits as long as the client takes everything; when nothing
        waits any more, that is told, in each namespace.
        """
        told: list[Any] = []
        self.hall.of("/chat")
        self.visitor.join("/chat")
        self.client.on("drain", lambda: told.append((self.client.pending, self.client)))
        inChat = self.visitor.client("/chat")
        inChat.on("drain", lambda: told.append((inChat.pending, inChat)))
        self.client.send("a")
        self.assertEqual((0, []), (self.client.pending, told))
        self.visitor.clog()
        self.client.send("b")
        first = self.client.pending
        inChat.send("c")
        self.assertGreater(first, 0)
        self.assertGreater(self.client.pending, first)
        self.visitor.stream.resume()
        self.assertEqual([(0, self.client), (0, inChat)], told)

    def test_connecting(self) -> None:
        """
        Who is not in yet has no drain.
        """
        told: list[Any] = []

        @self.hall.of("/chat").use
        def middleware(client: Any) -> Any:
            client.on("drain", lambda: told.append(client))
            return Deferred()

        self.visitor.join("/chat")
        self.visitor.clog()
        self.client.send("a")
        self.visitor.stream.resume()
        self.assertEqual([], told)


class Push(FlowCase):
    """
    A producer that pushes.
    """

    def test_interface(self) -> None:
        """
        To producers, a client is what they know.
        """
        self.assertTrue(verifyObject(IConsumer, self.client))
        self.client.write("x")
        self.assertEqual(["MESSAGE / x"], self.visitor.heard())

    def test_pause(self) -> None:
        """
        It is paused, once, when something waits, and goes on, once, when
        nothing waits any more.
        """
        self.register()
        self.client.write("a")
        self.assertEqual([], self.producer.told)
        self.visitor.clog()
        self.client.write("b")
        self.client.write("c")
        self.assertEqual(["pause"], self.producer.told)
        self.visitor.stream.resume()
        self.assertEqual(["pause", "resume"], self.producer.told)
        self.visitor.clog()
        self.client.emitWithAck("d")
        self.assertEqual(["pause", "resume", "pause"], self.producer.told)

    def test_others(self) -> None:
        """
        What others make wait is no reason for it to go on that was not paused.
        """
        self.register()
        self.visitor.clog()
        self.hall.root.send("a")
        self.visitor.stream.resume()
        self.assertEqual([], self.producer.told)

    def test_clogged(self) -> None:
        """
        Where something waits already it is paused at once.
        """
        self.visitor.clog()
        self.client.send("a")
        self.register()
        self.assertEqual(["pause"], self.producer.told)

    def test_unregister(self) -> None:
        """
        After that it is told nothing.
        """
        self.register()
        self.client.unregisterProducer()
        self.client.unregisterProducer()
        self.visitor.clog()
        self.client.send("a")
        self.visitor.stream.resume()
        self.visitor.lose()
        self.assertEqual([], self.producer.told)

    def test_two(self) -> None:
        """
        There is one at a time.
        """
        self.register()
        self.assertRaises(RuntimeError, self.register)
        self.client.unregisterProducer()
        self.register()

    def test_gone(self) -> None:
        """
        When the client goes it is stopped; so is one that comes too late.
        """
        self.register()
        self.visitor.lose()
        self.assertEqual(["stop"], self.producer.told)
        self.client.unregisterProducer()
        self.register()
        self.assertEqual(["stop", "stop"], self.producer.told)

    def test_raises(self) -> None:
        """
        What it raises is logged, and nobody else's trouble.
        """

        def fails() -> None:
            raise ValueError

        self.register()
        self.producer.onResume = fails
        self.visitor.clog()
        self.client.write("a")
        self.visitor.stream.resume()
        self.client.write("b")
        self.assertEqual(["MESSAGE / a", "MESSAGE / b"], self.visitor.heard())
        self.assertEqual(1, len(self.flushLoggedErrors(ValueError)))


class Pull(FlowCase):
    """
    A producer that has to be asked.
    """

    streaming = False

    def setUp(self) -> None:
        super().setUp()
        self.producer.onResume = lambda: self.client.write("x")
        self.register()

    def test_asked(self) -> None:
        """
        It is asked again and again, but not in the same breath.
        """
        self.assertEqual([], self.producer.told)
        for _ in range(3):
            self.hall.clock.advance(SOON)
        self.assertEqual(["resume"] * 3, self.producer.told)

    def test_waits(self) -> None:
        """
        It is not asked while something waits.
        """
        self.visitor.clog()
        for _ in range(3):
            self.hall.clock.advance(SOON)
        self.assertEqual(["resume"], self.producer.told)
        self.visitor.stream.resume()
        self.hall.clock.advance(SOON)
        self.hall.clock.advance(SOON)
        self.assertEqual(["resume"] * 3, self.producer.told)

    def test_others(self) -> None:
        """
        What others made wait does not have it asked twice.
        """
        self.visitor.clog()
        self.hall.root.send("a")
        self.visitor.stream.resume()
        self.hall.clock.advance(SOON)
        self.assertEqual(["resume"], self.producer.told)

    def test_raises(self) -> None:
        """
        One that raises is not asked until something has waited.
        """

        def fails() -> None:
            raise ValueError

        self.producer.onResume = fails
        for _ in range(3):
            self.hall.clock.advance(SOON)
        self.assertEqual(["resume"], self.producer.told)
        self.visitor.clog()
        self.client.write("a")
        self.visitor.stream.resume()
        self.hall.clock.advance(SOON)
        self.assertEqual(["resume"] * 2, self.producer.told)
        self.assertEqual(2, len(self.flushLoggedErrors(ValueError)))

    def test_done(self) -> None:
        """
        It says itself when it is done.
        """
        self.producer.onResume = self.client.unregisterProducer
        self.hall.clock.advance(SOON)
        self.hall.clock.advance(SOON)
        self.assertEqual(["resume"], self.producer.told)

    def test_gone(self) -> None:
        """
        When the client goes it is stopped, and not asked any more.
        """
        self.visitor.lose()
        self.hall.clock.advance(SOON)
        self.assertEqual(["stop"], self.producer.told)
