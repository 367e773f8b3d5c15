"""
Tests for L{txsocketio.verbs}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError
from txsocketio.packets import RESERVED, Kind, Packet
from txsocketio.verbs import Verbs, eventPacket


class Speaker(Verbs):
    """
    Speaks in C{/chat}.

    @ivar said: what was said.
    """

    def __init__(self) -> None:
        self.said: list[Packet] = []

    @property
    def _spokenIn(self) -> str:
        return "/chat"

    def _say(self, packet: Packet) -> None:
        self.said.append(packet)


class VerbsTests(SynchronousTestCase):
    """
    What packets the verbs make.
    """

    def setUp(self) -> None:
        self.speaker = Speaker()

    def assertSaid(self, *packet: Any) -> None:
        """
        Just this packet was said.
        """
        self.assertEqual(self.speaker.said, [Packet(*packet)])

    def test_sendText(self) -> None:
        self.speaker.send("hi", {"key": None})
        self.assertSaid(Kind.MESSAGE, "hi", "/chat", None, {"key": None})

    def test_sendOther(self) -> None:
        values: list[Any] = [5, None, True, [], {"a": 1}]
        for value in values:
            self.speaker.said.clear()
            self.speaker.send(value)
            self.assertSaid(Kind.JSON, value, "/chat")

    def test_sendJSON(self) -> None:
        self.speaker.sendJSON("hi")
        self.assertSaid(Kind.JSON, "hi", "/chat")

    def test_emit(self) -> None:
        self.speaker.emit("event", 1, "a")
        self.assertSaid(Kind.EVENT, ["event", 1, "a"], "/chat")

    def test_emitMessage(self) -> None:
        """
        C{emit("message", x)} is C{send(x)}, where it can be said so.
        """
        self.speaker.emit("message", "hi")
        self.assertSaid(Kind.MESSAGE, "hi", "/chat")
        self.speaker.said.clear()
        self.speaker.emit("message", [1])
        self.assertSaid(Kind.JSON, [1], "/chat")
        self.speaker.said.clear()
        self.speaker.emit("message", 1, 2)
        self.assertSaid(Kind.EVENT, ["message", 1, 2], "/chat")
        packet = eventPacket("/chat", "message", ["hi"], 7)
        self.assertEqual(packet, Packet(Kind.EVENT, ["message", "hi"], "/chat", 7))

    def test_emitReserved(self) -> None:
        """
        The protocol's own events are not for applications, and what is no
        name is none.
        """
        events: list[Any] = [*RESERVED, None, 5, [], {}]
        for event in events:
            error = self.assertRaises(LocalProtocolError, self.speaker.emit, event)
            self.assertEqual(str(error), f"{event!r} cannot be emitted")
        self.assertEqual(self.speaker.said, [])

    def test_abstract(self) -> None:
        """
        Somebody has to say where, and to whom.
        """
        self.assertRaises(NotImplementedError, Verbs().send, "hi")
        self.assertRaises(NotImplementedError, Verbs()._say, Packet(Kind.MESSAGE, "hi"))
