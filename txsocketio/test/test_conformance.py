"""
What the protocol's documentation demands of a server, revision by revision,
asked as the suites that its authors publish do it: of the applications in
L{txsocketio.test.conformance}.

See U{https://socket.io/docs/v4/engine-io-protocol/} and
U{https://socket.io/docs/v4/socket-io-protocol/}.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from txsocketio.test.conformance import INTERVALS, SUITES
from txsocketio.test.support import (
    BINARY,
    CLOSE,
    HANDSHAKE,
    TEXT,
    Answer,
    WebSocketFrame,
    Wire,
    frame,
)
from txsocketio.timers import GRAIN

_INTERVAL = INTERVALS["heartbeatInterval"]
_SILENCE = _INTERVAL + INTERVALS["heartbeatTimeout"]


class _Suite:
    """
    A server, and what asks it.

    @cvar suite: of L{SUITES}.
    @cvar revision: as it is called in URLs.
    """

    suite: ClassVar[str]
    revision: ClassVar[str]

    def setUp(self) -> None:
        """
        Serve the suite's application.
        """
        self.clock = MemoryReactorClock()
        self.site = Site(Resource(), reactor=self.clock)
        self.path = f"/{SUITES[self.suite].resource}/"
        SUITES[self.suite].listen(self.site, reactor=self.clock, flashPolicyServer=False)

    def send(self, method: str, query: str, body: str = "", **headers: str) -> Wire:
        """
        Send a request.
        """
        lines = [f"{method} {self.path}?{query} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        data = body.encode()
        wire = Wire(self.site)
        wire.receive("\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode() + data)
        return wire

    def fetch(self, method: str, query: str, body: str = "") -> Answer:
        """
        Send a request that is answered at once.
        """
        return self.send(method, query, body).answer()

    def query(self, sid: str = "", transport: str = "polling") -> str:
        """
        What stands in a URL.
        """
        return f"EIO={self.revision}&transport={transport}" + (f"&sid={sid}" if sid else "")

    def connect(self, query: str = "") -> Wire:
        """
        Open a WebSocket.
        """
        return self.send("GET", query or self.query(transport="websocket"), **HANDSHAKE)


class _Engine(_Suite):
    """
    What all revisions of Engine.IO have in common.
    """

    assertEqual: Any
    assertTrue: Any
    assertFalse: Any
    assertIn: Any

    #: A poll's body that holds a text and binary data, and its WebSocket's message.
    mixed: ClassVar[str]
    binary: ClassVar[bytes]

    def pack(self, *packets: str) -> str:
        """
        Packets as a body.
        """
        raise NotImplementedError

    def opened(self, text: str) -> dict[str, Any]:
        """
        What a session is opened with.
        """
        self.assertEqual(text[0], "0")
        told: dict[str, Any] = json.loads(text[1:])
        return told

    def assertOpened(self, told: dict[str, Any], upgrades: list[str]) -> None:
        """
        It tells what clients have to know.
        """
        self.assertIn(told.pop("maxPayload", 1_000_000), (1_000_000,))
        self.assertTrue(told.pop("sid"))
        self.assertEqual(told, {"upgrades": upgrades, "pingInterval": 300, "pingTimeout": 200})

    def begin(self) -> str:
        """
        Open a session by polling.

        @return: its id.
        """
        answer = self.fetch("GET", self.query() + "&b64=1")
        text = answer.body.decode()
        return str(self.opened(text[text.index("0{") :])["sid"])

    def poll(self, sid: str) -> tuple[int, str]:
        """
        Ask for what there is.
        """
        answer = self.fetch("GET", self.query(sid))
        return answer.status, answer.body.decode()

    def post(self, sid: str, body: str) -> tuple[int, str]:
        """
        Post what there is.
        """
        answer = self.fetch("POST", self.query(sid), body)
        return answer.status, answer.body.decode()

    def open(self) -> Wire:
        """
        Open a session by WebSocket.
        """
        wire = self.connect()
        self.opened(wire.texts()[0])
        return wire

    # Handshake.

    def test_handshakePolling(self) -> None:
        """
        The first poll is answered with an open packet.
        """
        answer = self.fetch("GET", self.query())
        text = answer.body.decode()
        self.assertEqual(text, self.pack(text[text.index("0{") :]))
        self.assertEqual(answer.status, 200)
        self.assertOpened(self.opened(text[text.index("0{") :]), ["websocket"])

    def test_handshakeWebSocket(self) -> None:
        """
        It is a WebSocket's first message, and there is nothing better.
        """
        self.assertOpened(self.opened(self.connect().texts()[0]), [])

    def test_wrongRevision(self) -> None:
        """
        400.
        """
        for query in ("EIO=abc&transport=polling", "EIO=5&transport=polling"):
            self.assertEqual(self.fetch("GET", query).status, 400)
            self.assertEqual(self.connect(query).answer().status, 400)

    def test_wrongTransport(self) -> None:
        """
        400, also where none is named.
        """
        for query in (f"EIO={self.revision}", f"EIO={self.revision}&transport=abc"):
            self.assertEqual(self.fetch("GET", query).status, 400)
            self.assertEqual(self.connect(query).answer().status, 400)

    def test_wrongMethod(self) -> None:
        """
        400: a session is opened by GET.
        """
        for method in ("POST", "PUT"):
            self.assertEqual(self.fetch(method, self.query()).status, 400)

    # Messages.

    def test_messages(self) -> None:
        """
        Text and binary data, one or several at once, come back as they were
        sent.
        """
        for body in (self.pack("4hello"), self.pack("4a", "4b", "4c"), self.mixed):
            sid = self.begin()
            self.assertEqual(self.post(sid, body), (200, "ok"))
            self.assertEqual(self.poll(sid), (200, body))

    def test_messagesWebSocket(self) -> None:
        """
        So they do over a WebSocket.
        """
        wire = self.open()
        wire.say("4hello")
        wire.receive(frame(BINARY, self.binary))
        self.assertEqual(
            wire.frames(),
            [WebSocketFrame(TEXT, b"4hello"), WebSocketFrame(BINARY, self.binary)],
        )

    def test_invalidPacket(self) -> None:
        """
        What is no packet ends the session.
        """
        sid = self.begin()
        self.assertEqual(self.post(sid, "abc")[0], 400)
        self.assertEqual(self.poll(sid)[0], 400)
        wire = self.open()
        wire.say("abc")
        self.assertEqual(wire.frames()[0].opcode, CLOSE)

    def test_duplicatePolls(self) -> None:
        """
        A second poll beside one that waits ends the session; both are told.
        """
        sid = self.begin()
        first, second = (self.send("GET", self.query(sid)) for _ in range(2))
        self.assertEqual((first.answer().status, second.answer().status), (200, 400))
        self.assertEqual(first.answer().body.decode(), self.pack("1"))
        self.assertEqual(self.poll(sid)[0], 400)

    # Closing.

    def test_pingTimeout(self) -> None:
        """
        A session whose client is silent for too long is over, to the moment.
        """
        sid, wire = self.begin(), self.open()
        self.clock.advance(_INTERVAL + GRAIN)
        self.clock.advance(_SILENCE - _INTERVAL - GRAIN)
        self.assertEqual(self.poll(sid)[0], 400)
        self.clock.advance(GRAIN)
        self.assertEqual(wire.frames()[-1].opcode, CLOSE)

    def test_close(self) -> None:
        """
        A client that closes has its poll answered.
        """
        sid = self.begin()
        poll = self.send("GET", self.query(sid))
        self.assertEqual(self.post(sid, self.pack("1")), (200, "ok"))
        self.assertEqual(poll.answer().body.decode(), self.pack("6"))
        self.assertEqual(self.poll(sid)[0], 400)

    def test_closeWebSocket(self) -> None:
        """
        Its WebSocket is closed.
        """
        wire = self.open()
        wire.say("1")
        self.assertEqual(wire.frames()[0].opcode, CLOSE)

    # Upgrades.

    def upgrade(self, sid: str) -> Wire:
        """
        Move to a WebSocket.
        """
        wire = self.connect(self.query(sid, "websocket"))
        wire.say("2probe")
        self.assertEqual(wire.texts(), ["3probe"])
        return wire

    def test_upgrade(self) -> None:
        """
        The poll is answered, so that it can end, and the WebSocket goes on.
        """
        sid = self.begin()
        wire = self.upgrade(sid)
        self.assertEqual(self.poll(sid), (200, self.pack("6")))
        wire.say("5")
        wire.say("4hello")
        self.assertEqual(wire.texts(), ["4hello"])

    def test_afterAnUpgrade(self) -> None:
        """
        Neither polls nor a second WebSocket belong to the session any more,
        nor do they disturb it.
        """
        sid = self.begin()
        wire = self.upgrade(sid)
        wire.say("5")
        self.assertEqual(self.poll(sid)[0], 400)
        self.assertEqual(self.connect(self.query(sid, "websocket")).answer().status, 400)
        wire.say("4hello")
        self.assertEqual(wire.texts(), ["4hello"])


class EngineIO4Tests(_Engine, SynchronousTestCase):
    """
    Engine.IO 4.
    """

    suite, revision = "engine.io-4", "4"
    mixed, binary = "4hello\x1ebAQIDBA==", b"\1\2\3\4"

    def pack(self, *packets: str) -> str:
        """
        See L{_Engine.pack}.
        """
        return "\x1e".join(packets)

    def test_withoutRevision(self) -> None:
        """
        Who names none does not mean the fourth.
        """
        self.assertEqual(self.fetch("GET", "transport=polling").status, 400)

    def test_heartbeats(self) -> None:
        """
        The server pings, the client answers.
        """
        sid, wire = self.begin(), self.open()
        for _ in range(3):
            poll = self.send("GET", self.query(sid))
            self.clock.advance(_INTERVAL + GRAIN)
            self.assertEqual(poll.answer().body, b"2")
            self.assertEqual(self.post(sid, "3"), (200, "ok"))
            self.assertEqual(wire.texts(), ["2"])
            wire.say("3")


class EngineIO3Tests(_Engine, SynchronousTestCase):
    """
    Engine.IO 3.
    """

    suite, revision = "engine.io-3", "3"
    mixed, binary = "6:4hello10:b4AQIDBA==", b"\4\1\2\3\4"

    def pack(self, *packets: str) -> str:
        """
        See L{_Engine.pack}.
        """
        return "".join(f"{len(packet)}:{packet}" for packet in packets)

    def test_binaryBody(self) -> None:
        """
        Who can read it gets binary data as such.
        """
        text = self.fetch("GET", self.query()).body.decode()
        sid = self.opened(text[text.index("0{") :])["sid"]
        self.assertEqual(self.post(sid, self.mixed), (200, "ok"))
        answer = self.fetch("GET", self.query(sid))
        self.assertEqual(answer.body, b"\0\6\xff4hello\1\5\xff\4\1\2\3\4")
        self.assertEqual(answer.header("Content-Type"), "application/octet-stream")

    def test_heartbeats(self) -> None:
        """
        The client pings, the server answers.
        """
        sid, wire = self.begin(), self.open()
        for _ in range(3):
            self.clock.advance(_SILENCE - GRAIN)
            self.assertEqual(self.post(sid, "1:2"), (200, "ok"))
            self.assertEqual(self.poll(sid), (200, "1:3"))
            wire.say("2")
            self.assertEqual(wire.texts(), ["3"])


class SocketIO5Tests(_Suite, SynchronousTestCase):
    """
    Socket.IO 5, over Engine.IO 4.
    """

    suite, revision = "socket.io-5", "4"

    def join(self, packet: str = "40") -> tuple[Wire, list[str]]:
        """
        Open a WebSocket and ask to join a namespace.

        @return: the WebSocket, and what was answered.
        """
        wire = self.connect()
        wire.texts()
        wire.say(packet)
        return wire, wire.texts()

    def assertClosed(self, wire: Wire) -> None:
        """
        The WebSocket has been closed.
        """
        self.assertEqual(wire.frames()[-1].opcode, CLOSE)

    def test_connect(self) -> None:
        """
        Who joins is given an id; the application knows what it has sent.
        """
        for name in ("", "/custom,"):
            for auth in ("", '{"token":"123"}'):
                _, (welcome, told) = self.join(f"40{name}{auth}")
                self.assertTrue(welcome.startswith(f"40{name}{{"), welcome)
                self.assertEqual(set(json.loads(welcome[2 + len(name) :])), {"sid"})
                self.assertEqual(told, f'42{name}["auth",{auth or "{}"}]')

    def test_unknownNamespace(self) -> None:
        """
        It is refused, and the connection stays.
        """
        wire, texts = self.join("40/random")
        self.assertEqual(texts, ['44/random,{"message":"Invalid namespace"}'])
        wire.say("40")
        self.assertEqual(len(wire.texts()), 2)

    def test_invalidHandshake(self) -> None:
        """
        What is no packet closes the connection, and so does an event before
        the namespace is joined.
        """
        for packet in ("4abc", '42["message"]'):
            wire = self.connect()
            wire.texts()
            wire.say(packet)
            self.assertClosed(wire)

    def test_noHandshake(self) -> None:
        """
        Who does not join within C{connectTimeout} is not waited for.
        """
        wire = self.connect()
        for _ in range(3):
            self.clock.advance(_INTERVAL + GRAIN)
            wire.say("3")
        self.assertEqual(wire.texts()[1:], ["2", "2", "2"])
        self.clock.advance(INTERVALS["connectTimeout"] - 3 * _INTERVAL)
        self.assertClosed(wire)

    def test_disconnect(self) -> None:
        """
        Who leaves a namespace stays connected.
        """
        wire, _ = self.join()
        wire.say("40/custom")
        wire.texts()
        wire.say("41/custom")
        wire.say('42["message","here"]')
        self.assertEqual(wire.texts(), ['42["message-back","here"]'])
        wire.say("41")
        self.clock.advance(_INTERVAL + GRAIN)
        self.assertEqual(wire.texts(), ["2"])

    def test_messages(self) -> None:
        """
        Events, with and without acknowledgement, come back as they were sent.
        """
        wire, _ = self.join()
        wire.say('42["message",1,"2",{"3":[true]}]')
        wire.say('42456["message-with-ack",1,"2",{"3":[false]}]')
        self.assertEqual(
            wire.texts(),
            ['42["message-back",1,"2",{"3":[true]}]', '43456[1,"2",{"3":[false]}]'],
        )

    def test_binary(self) -> None:
        """
        So does binary data in them.
        """
        places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
        for sent, back in (
            (f'452-["message",{places}]', f'452-["message-back",{places}]'),
            (f'452-789["message-with-ack",{places}]', f"462-789[{places}]"),
        ):
            wire, _ = self.join()
            wire.say(sent)
            parts = [WebSocketFrame(BINARY, b"\1\2\3"), WebSocketFrame(BINARY, b"\4\5\6")]
            for part in parts:
                wire.receive(frame(*part))
            self.assertEqual(wire.frames(), [WebSocketFrame(TEXT, back.encode()), *parts])

    def test_invalidFormat(self) -> None:
        """
        What has no form that is known closes the connection.
        """
        for packet in ("4abc", "42{}", '42abc["message-with-ack",1]'):
            wire, _ = self.join()
            wire.say(packet)
            self.assertClosed(wire)
