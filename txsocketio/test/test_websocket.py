"""
Tests for L{txsocketio.transports.websocket}, in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio import DisconnectReason
from txsocketio.test.support import CLOSE, Server, frame


class WebSocketTests(SynchronousTestCase):
    """
    A WebSocket whose socket takes no more for a while.
    """

    def setUp(self) -> None:
        self.server = Server()
        self.wire = self.server.webSocket()
        self.wire.frames()
        (self.client,) = self.server.io.clients.values()
        self.producer: Any = self.wire.producer

    def test_paused(self) -> None:
        """
        What is sent meanwhile waits, and leaves in its order, in one go.
        """
        self.producer.pauseProducing()
        for number in range(3):
            self.client.send(str(number))
        self.assertEqual(self.wire.texts(), [])
        self.producer.resumeProducing()
        self.assertEqual(self.wire.texts(), ["1:2::0,", "1:2::1,", "1:2::2,"])

    def test_volatile(self) -> None:
        """
        What is volatile does not wait.
        """
        self.producer.pauseProducing()
        self.client.volatile.send("now or never")
        self.producer.resumeProducing()
        self.client.volatile.send("now")
        self.assertEqual(self.wire.texts(), ["1:4::now,"])

    def test_slowConsumer(self) -> None:
        """
        Who takes nothing any more leaves, and its connection is cut.
        """
        reasons: list[str] = []
        self.client.on("disconnect", reasons.append)
        self.producer.pauseProducing()
        for _ in range(3):
            self.client.send("x" * 600_000)
        self.assertEqual(reasons, [DisconnectReason.SLOW_CONSUMER])
        self.assertTrue(self.wire.aborted)
        self.assertEqual(self.server.io.clients, {})

    def test_pausedWhileClosing(self) -> None:
        """
        Nothing is written behind the closing handshake.
        """
        self.wire.receive(frame(CLOSE, b"\x03\xe8"))
        self.client.send("too late")
        self.assertEqual([each.opcode for each in self.wire.frames()], [CLOSE])
