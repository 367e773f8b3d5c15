"""
Tests of the chat: C{python -m twisted.trial examples.testing.test_chat}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from examples.testing.chat import IDLE, attach
from txsocketio.testing import Refused, TestClient, TestServer


class ChatTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = TestServer()
        attach(self.server.listener, self.server.clock)
        self.addCleanup(self.server.close)

    def enter(self, name: str, protocol: str | None = None) -> TestClient:
        return self.server.connect(query={"name": name}, protocol=protocol)

    def test_said(self) -> None:
        ann, bob = self.enter("Ann"), self.enter("Bob")
        ann.expect("message", "Bob came in")
        ann.emit("say", "Hello")
        for client in (ann, bob):
            client.expect("said", "Ann", "Hello")
            client.expectNothing()

    def test_everyGeneration(self) -> None:
        ann = self.enter("Ann")
        for protocol in self.server.protocols:
            other = self.enter("Old", protocol)
            other.emit("say", f"this is {protocol}")
            ann.expect("said", "Old", f"this is {protocol}")
            other.disconnect()

    def test_acknowledged(self) -> None:
        ann, _ = self.enter("Ann"), self.enter("Bob")
        answer = ann.emitWithAck("say", "Is anybody there?")
        self.assertEqual(self.successResultOf(answer), 2)

    def test_nameless(self) -> None:
        refused = self.assertRaises(Refused, self.server.connect)
        self.assertEqual((refused.message, refused.data), ("who are you?", {"ask": "name"}))

    def test_idle(self) -> None:
        ann = self.enter("Ann")
        self.server.advance(IDLE - 1)
        ann.emit("say", "I am")
        self.server.advance(IDLE - 1)
        ann.expect("said")
        ann.expectNothing()
        self.server.advance(1)
        ann.expect("still there?")

    def test_gone(self) -> None:
        ann, bob, cid = self.enter("Ann"), self.enter("Bob"), self.enter("Cid")
        ann.expect("message", "Bob came in")
        ann.expect("message", "Cid came in")
        bob.cut()
        ann.expect("message", "Bob left: transport close")
        cid.mute()
        self.server.advance(60)
        ann.expect("message", "Cid left: ping timeout")
        self.assertFalse(cid.connected)

    def test_slow(self) -> None:
        ann, bob = self.enter("Ann"), self.enter("Bob")
        bob.pause()
        ann.emit("say", "x" * 900_000)
        ann.emit("say", "y" * 900_000)
        ann.expect("message", "Bob came in")
        ann.expect("message", "Bob left: slow consumer")
