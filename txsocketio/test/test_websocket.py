"""
Tests for L{txsocketio.transports.websocket}, in memory.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, DisconnectReason
from txsocketio.test.support import (
    BINARY,
    CLOSE,
    HANDSHAKE,
    TEXT,
    Server,
    WebSocketFrame,
    Wire,
    frame,
)
from txsocketio.transports import websocket
from txsocketio.transports._closing import isUsual

POLLING = "/?EIO=4&transport=polling"
WEBSOCKET = "/?EIO=4&transport=websocket"
DEFLATE = "permessage-deflate; client_max_window_bits"


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

    def closed(self, data: bytes, pieces: int) -> Any:
        """
        What becomes of a WebSocket on which this comes, in so many pieces.
        """
        server = Server()
        reasons: list[str] = []
        wire = server.webSocket()
        wire.frames()
        (client,) = server.io.clients.values()
        client.on("disconnect", reasons.append)
        step = -(-len(data) // pieces)
        for at in range(0, len(data), step):
            wire.receive(data[at : at + step])
        return wire.frames(), wire.disconnecting, wire.aborted, reasons, [*server.io.clients]

    def test_everydayClosing(self) -> None:
        """
        It makes no difference whether it is Autobahn that answers.
        """
        said = frame(TEXT, b"1:1::a,")
        for payload in (
            b"",
            b"\x03",
            b"\x03\xe8",
            b"\x03\xe9",
            b"\x03\xea",
            b"\x00\x00",
            b"\x03\xe8b",
        ):
            for mask in (b"\x01\x02\x03\x04", bytes(4), b""):
                data = frame(CLOSE, payload, mask=mask)
                for all_ in (data, said + data, data + said, frame(CLOSE, payload, False)):
                    short = [self.closed(all_, pieces) for pieces in (1, 2, len(all_))]
                    self.patch(websocket, "isUsual", lambda *_: False)
                    long = self.closed(all_, 1)
                    self.patch(websocket, "isUsual", isUsual)
                    self.assertEqual([long] * 3, short, all_)

    def test_unreadClosing(self) -> None:
        """
        Who closes and reads no answer is not waited for for ever.
        """
        self.producer.pauseProducing()
        aborted: list[int] = []
        self.wire.loseConnection = lambda: None  # type: ignore[method-assign]
        self.wire.abortConnection = lambda: aborted.append(1)  # type: ignore[method-assign]
        self.wire.receive(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual({}, self.server.io.clients)
        self.server.clock.advance(4.9)
        self.assertEqual([], aborted)
        self.server.clock.advance(0.2)
        self.assertEqual([1], aborted)


class EngineCase(SynchronousTestCase):
    """
    A server, and clients of it that speak Engine.IO.
    """

    def setUp(self) -> None:
        self.serve()

    def serve(self, **options: Any) -> None:
        """
        A server of its own.
        """
        self.server = Server(**options)
        self.clients: list[Client] = []
        self.said: list[Any] = []
        self.reasons: list[str] = []
        self.server.io.on("connection", self.connected)

    def connected(self, client: Client) -> None:
        """
        Somebody has come.
        """
        self.clients.append(client)
        client.on("message", self.said.append)
        client.on("disconnect", self.reasons.append)

    def assertClosed(self, wire: Wire, code: int, reason: str) -> None:
        """
        The server closes in these words, and says nothing else.
        """
        (found,) = wire.frames()
        self.assertEqual(found, WebSocketFrame(CLOSE, code.to_bytes(2, "big") + reason.encode()))


class UpgradeTests(EngineCase):
    """
    From polling to a WebSocket.
    """

    def serve(self, **options: Any) -> None:
        """
        See L{EngineCase.serve}. A client has joined, and its poll waits.
        """
        super().serve(**options)
        opening = self.server.get(POLLING).answer()
        self.query = f"&sid={json.loads(opening.body[1:])['sid']}"
        self.post("40")
        self.poll().answer()
        self.held = self.poll()

    def poll(self) -> Wire:
        """
        Ask for more.
        """
        return self.server.get(POLLING + self.query)

    def post(self, body: str) -> Wire:
        """
        Bring a packet.
        """
        return self.server.request("POST", f"/socket.io{POLLING}{self.query}", body=body.encode())

    def offer(self) -> Wire:
        """
        Open a WebSocket for the session.
        """
        wire = self.server.webSocket(WEBSOCKET + self.query)
        self.assertEqual(wire.frames(), [])
        return wire

    def probe(self) -> Wire:
        """
        And see whether it works.
        """
        wire = self.offer()
        wire.say("2probe")
        self.assertEqual(wire.texts(), ["3probe"])
        return wire

    def assertRefused(self, wire: Wire, reason: str) -> None:
        """
        The opening is refused over HTTP.
        """
        answer = wire.answer()
        told = {"code": 3, "message": "Bad request", "reason": reason}
        self.assertEqual((answer.status, json.loads(answer.body)), (400, told))

    def test_whole(self) -> None:
        """
        The poll that waits is let go when the WebSocket has shown that it
        works; what waits and what comes after that goes out there when the
        client uses it.
        """
        (client,) = self.clients
        wire = self.offer()
        self.assertEqual(self.held.answers(), [])
        wire.say("2probe")
        self.assertEqual(wire.texts(), ["3probe"])
        self.assertEqual(self.held.answer().body, b"6")
        client.emit("a")
        self.assertEqual(self.poll().answer().body, b'42["a"]')
        self.assertEqual(self.poll().answer().body, b"6")
        client.emit("b")
        client.emit("c", b"\0\xff")
        self.assertEqual(wire.frames(), [])
        wire.say("5")
        client.emit("d")
        self.assertEqual(
            [each.payload for each in wire.frames()],
            [
                b'42["b"]',
                b'451-["c",{"_placeholder":true,"num":0}]',
                b"\0\xff",
                b'42["d"]',
            ],
        )
        wire.say('42["message","e"]')
        self.assertEqual((self.said, self.reasons), (["e"], []))

    def test_afterwards(self) -> None:
        """
        The session is that of a WebSocket then, for whoever asks, and for
        whoever comes too late.
        """
        wire = self.probe()
        wire.say("5")
        (session,) = self.server.io._manager.sessions.values()
        self.assertEqual(session.transportName, "websocket")
        self.assertEqual(session.settings.closeTimeout, 0)
        self.assertRefused(self.poll(), "this session belongs to another transport")
        self.assertRefused(
            self.server.webSocket(WEBSOCKET + self.query), "this session has a connection"
        )
        self.assertEqual(self.reasons, [])
        self.server.clock.advance(25)
        self.assertEqual(wire.texts(), ["2"])
        wire.lose()
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])

    def test_atOnce(self) -> None:
        """
        A client may say all of it in one go, and go on.
        """
        wire = self.offer()
        said = ("2probe", "5", '42["message","a"]')
        wire.receive(b"".join(frame(TEXT, text.encode()) for text in said))
        self.assertEqual((wire.texts(), self.said), (["3probe"], ["a"]))

    def test_wrong(self) -> None:
        """
        What else is said there ends the WebSocket, and not the session.
        """
        for text, reason in (
            ("40", "anything but a probe and an upgrade"),
            ("5", "anything but a probe and an upgrade"),
            ("2", "no packet that a client sends begins with '2'"),
            ("x", "no packet that a client sends begins with 'x'"),
        ):
            wire = self.offer()
            wire.say(text)
            self.assertClosed(wire, 1002, f"parse error: {reason}")
        self.assertEqual((self.held.answers(), self.reasons), ([], []))
        self.clients[0].emit("a")
        self.assertEqual(self.held.answer().body, b'42["a"]')

    def test_second(self) -> None:
        """
        A second one is turned away; the first goes on.
        """
        wire = self.offer()
        second = self.server.webSocket(WEBSOCKET + self.query)
        self.assertClosed(
            second, 1000, "transport error: this session is being upgraded, or has been"
        )
        second.receive(frame(CLOSE, b"\x03\xe8"))
        wire.say("2probe")
        wire.say("5")
        self.clients[0].emit("a")
        self.assertEqual(wire.texts(), ["3probe", '42["a"]'])

    def test_lost(self) -> None:
        """
        One that goes before it is used leaves the session where it was.
        """
        self.offer().lose()
        self.assertEqual(self.held.answers(), [])
        wire = self.probe()
        self.assertEqual(self.held.answer().body, b"6")
        wire.receive(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual([each.opcode for each in wire.frames()], [CLOSE])
        held = self.poll()
        self.assertEqual((held.answers(), self.reasons), ([], []))
        self.clients[0].emit("a")
        self.assertEqual(held.answer().body, b'42["a"]')

    def test_tooSlow(self) -> None:
        """
        One that takes too long is closed.
        """
        self.serve(upgradeTimeout=3)
        for open_ in (self.offer, self.probe):
            wire = open_()
            self.server.clock.advance(2.5)
            self.assertEqual(wire.frames(), [])
            self.server.clock.advance(0.5)
            self.assertClosed(wire, 1000, "transport close")
        self.assertEqual(self.reasons, [])

    def test_closed(self) -> None:
        """
        Who is sent away while it moves is told so where it comes first.
        """
        wire = self.probe()
        self.clients[0].disconnect(close=True)
        wire.say("5")
        *texts, last = wire.frames()
        self.assertEqual([each.payload for each in texts], [b"41", b"1"])
        self.assertEqual(last.opcode, CLOSE)
        self.serve()
        wire = self.probe()
        self.clients[0].disconnect(close=True)
        self.assertEqual([self.poll().answer().body for _ in range(2)], [b"41", b"1"])
        self.assertClosed(wire, 1000, "server namespace disconnect")

    def test_ended(self) -> None:
        """
        A session that ends takes with it what has offered itself.
        """
        wire = self.offer()
        self.post("x")
        reason = "no packet that a client sends begins with 'x'"
        self.assertClosed(wire, 1002, f"parse error: {reason}")
        self.assertEqual(self.held.answer().body, b"6")
        self.assertEqual(self.reasons, [DisconnectReason.PARSE_ERROR])

    def test_endsMeanwhile(self) -> None:
        """
        So does one that ends while the server answers a poll behind which, on
        one connection, the end and the offer have been waiting.
        """
        path = f"/socket.io{POLLING}{self.query}"
        wire = self.server.request("POST", path, body=b"x", wire=self.held)
        path = f"/socket.io{WEBSOCKET}{self.query}"
        self.server.request("GET", path, HANDSHAKE, wire=wire)
        wire.receive(frame(TEXT, b"2probe") + frame(TEXT, b"5"))
        self.server.clock.advance(25.1)
        self.assertEqual(self.reasons, [DisconnectReason.PARSE_ERROR])
        _, _, rest = wire.value().partition(b"101 Switching Protocols")
        wire.clear()
        wire.write(rest.partition(b"\r\n\r\n")[2])
        probe, close = wire.frames()
        self.assertEqual((probe.payload, close.opcode), (b"3probe", CLOSE))

    def test_shutdown(self) -> None:
        """
        The end of the server waits for a client that is moving, and the
        client gets its goodbye.
        """
        wire = self.probe()
        done = self.server.io.close()
        self.assertNoResult(done)
        wire.say("5")
        self.assertEqual([each.payload for each in wire.frames()][:1], [b"1"])
        self.successResultOf(done)

    def test_binary(self) -> None:
        """
        Bytes are no probe.
        """
        wire = self.offer()
        wire.receive(frame(BINARY, b"2probe"))
        self.assertEqual([each.opcode for each in wire.frames()], [CLOSE])
        self.assertEqual(self.reasons, [])

    def test_otherGeneration(self) -> None:
        """
        Whoever speaks another one does not take the session.
        """
        wire = self.server.webSocket(f"/websocket/{self.query.removeprefix('&sid=')}")
        answer = wire.answer()
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.body, b"this session speaks another version of the protocol\n")
        self.assertEqual(self.held.answers(), [])

    def test_notAccepted(self) -> None:
        """
        Where WebSockets are not accepted there is no way there.
        """
        self.serve(transports=["polling"])
        answer = self.server.webSocket(WEBSOCKET + self.query).answer()
        self.assertEqual(json.loads(answer.body), {"code": 0, "message": "Transport unknown"})
        self.assertEqual(self.held.answers(), [])


class OriginTests(EngineCase):
    """
    Whose WebSockets are opened is decided by our own rules alone.
    """

    def test_withoutScheme(self) -> None:
        """
        The client of 1.0 in Node calls the server itself its origin.
        """
        for name in ("Origin", "Sec-WebSocket-Origin"):
            wire = self.server.webSocket("/?EIO=3&transport=websocket", {name: "example.com"})
            self.assertTrue(wire.value().startswith(b"HTTP/1.1 101 "), name)

    def test_refused(self) -> None:
        """
        Other origins are not let in.
        """
        wire = self.server.webSocket("/?EIO=3&transport=websocket", {"Origin": "http://evil.com"})
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 403 "))


class GoodbyeTests(EngineCase):
    """
    What clients of Engine.IO are told when the server stops.
    """

    def test_webSocket(self) -> None:
        """
        Nothing but the closing handshake: a goodbye would be final to some.
        """
        wire = self.server.webSocket(WEBSOCKET)
        wire.say("40")
        wire.frames()
        self.server.io.close()
        self.assertClosed(wire, 1001, "server shutting down")

    def test_poll(self) -> None:
        """
        A poll is answered with a goodbye.
        """
        opening = self.server.get(POLLING).answer()
        poll = self.server.get(f"{POLLING}&sid={json.loads(opening.body[1:])['sid']}")
        self.server.io.close()
        self.assertEqual(poll.answer().body, b"1")


class DeflateTests(EngineCase):
    """
    The extension permessage-deflate.
    """

    def serve(self, **options: Any) -> None:
        """
        See L{EngineCase.serve}. Messages may be compressed.
        """
        super().serve(**{"perMessageDeflate": True, **options})

    def open(self, offer: str | None = DEFLATE) -> Wire:
        """
        Open a WebSocket, and join the default namespace.
        """
        headers = {} if offer is None else {"Sec-WebSocket-Extensions": offer}
        self.wire = self.server.webSocket(WEBSOCKET, headers)
        self.wire.say("40")
        self.head = self.wire.value().partition(b"\r\n\r\n")[0]
        self.wire.frames()
        self.deflator = zlib.compressobj(wbits=-15)
        self.inflator = zlib.decompressobj(wbits=-15)
        return self.wire

    def deflated(self, data: bytes) -> bytes:
        """
        A message's data as the client sends them.
        """
        return (self.deflator.compress(data) + self.deflator.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def inflated(self, found: WebSocketFrame) -> bytes:
        """
        A message's data from the server, which must be compressed.
        """
        self.assertTrue(found.compressed)
        return self.inflator.decompress(found.payload + b"\0\0\xff\xff")

    def test_accepted(self) -> None:
        """
        It is spoken where it is wanted here and offered there.
        """
        self.open()
        self.assertIn(b"Sec-WebSocket-Extensions: permessage-deflate", self.head)

    def test_notAccepted(self) -> None:
        """
        And not otherwise; that is the default.
        """
        for options, offer in (
            ({"perMessageDeflate": False}, DEFLATE),
            ({}, None),
            ({}, "x-webkit-deflate-frame"),
            ({}, "permessage-bzip2"),
        ):
            self.serve(**options)
            self.open(offer)
            self.assertNotIn(b"Extensions", self.head)
            self.clients[0].emit("a", "x" * 2000)
            self.assertEqual(self.wire.texts(), [f'42["a","{"x" * 2000}"]'])
        self.assertFalse(Server().io.options["perMessageDeflate"])

    def test_large(self) -> None:
        """
        What is large is compressed, and the next message refers to it.
        """
        self.open()
        self.clients[0].emit("a", "ü" * 2000)
        self.clients[0].emit("a", "ü" * 2000)
        first, second = self.wire.frames()
        text = f'42["a","{"ü" * 2000}"]'.encode()
        for found in (first, second):
            self.assertEqual((found.opcode & 0xF, self.inflated(found)), (TEXT, text))
        self.assertLess(len(second.payload), len(first.payload))

    def test_small(self) -> None:
        """
        What is small is not.
        """
        self.open()
        rest = len('42["a",""]')
        self.clients[0].emit("a", "x" * (1023 - rest))
        self.clients[0].emit("a", "x" * (1024 - rest))
        plain, compressed = self.wire.frames()
        self.assertEqual((plain.compressed, len(plain.payload)), (False, 1023))
        self.assertEqual(len(self.inflated(compressed)), 1024)

    def test_binary(self) -> None:
        """
        Bytes are compressed as well, and stay bytes.
        """
        self.open()
        self.clients[0].emit("a", b"\xff" * 2000, b"\xff")
        text, large, small = self.wire.frames()
        self.assertEqual((text.opcode, text.compressed), (TEXT, False))
        self.assertEqual((large.opcode & 0xF, self.inflated(large)), (BINARY, b"\xff" * 2000))
        self.assertEqual(small, WebSocketFrame(BINARY, b"\xff"))

    def test_batch(self) -> None:
        """
        What has waited goes out in its order, each message by itself.
        """
        self.open()
        producer: Any = self.wire.producer
        producer.pauseProducing()
        for text in ("a", "b" * 2000, "c"):
            self.clients[0].emit(text)
        producer.resumeProducing()
        first, second, third = self.wire.frames()
        self.assertEqual((first.payload, third.payload), (b'42["a"]', b'42["c"]'))
        self.assertEqual(self.inflated(second), f'42["{"b" * 2000}"]'.encode())

    def test_received(self) -> None:
        """
        What the client sends compressed is read, and what it does not, too.
        """
        wire = self.open()
        large = f'42["message","{"ü" * 2000}"]'.encode()
        for _ in range(2):
            wire.receive(frame(TEXT, self.deflated(large), compressed=True))
            wire.say('42["message","plain"]')
        wire.say('451-["message",{"_placeholder":true,"num":0}]')
        wire.receive(frame(BINARY, self.deflated(b"\xff" * 2000), compressed=True))
        self.assertEqual(self.said, ["ü" * 2000, "plain", "ü" * 2000, "plain", b"\xff" * 2000])

    def test_unasked(self) -> None:
        """
        Where it has not been agreed on, a compressed message is an error.
        """
        wire = self.open(None)
        wire.receive(frame(TEXT, self.deflated(b'42["message","a"]'), compressed=True))
        (found,) = wire.frames()
        self.assertEqual((found.opcode, found.payload[:2]), (CLOSE, b"\x03\xea"))
        self.assertEqual((self.said, self.reasons), ([], [DisconnectReason.TRANSPORT_ERROR]))

    def test_bomb(self) -> None:
        """
        What a message inflates to is bounded as all messages are, in one
        fragment or in many; and no more than that is made of it.
        """
        self.serve(maxPayload=100_000)
        wire = self.open()
        bomb = self.deflated(b"4" * 50_000_000)
        self.assertLess(len(bomb), 100_000)
        wire.receive(frame(TEXT, bomb, compressed=True))
        (found,) = wire.frames()
        self.assertEqual((found.opcode, found.payload[:2]), (CLOSE, b"\x03\xf1"))
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_ERROR])
        self.serve(maxPayload=100_000)
        wire, bomb = self.open(), self.deflated(b"4" * 50_000_000)
        wire.receive(frame(TEXT, bomb[:100], final=False, compressed=True))
        for at in range(100, len(bomb), 100):
            wire.receive(frame(0, bomb[at : at + 100], final=False))
        (found,) = wire.frames()
        self.assertEqual((found.opcode, found.payload[:2]), (CLOSE, b"\x03\xf1"))
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_ERROR])

    def test_limit(self) -> None:
        """
        What is just as large as it may be is taken.
        """
        self.serve(maxPayload=100_000)
        wire = self.open()
        rest = len('42["message",""]')
        data = f'42["message","{"x" * (100_000 - rest)}"]'.encode()
        wire.receive(frame(TEXT, self.deflated(data), compressed=True))
        self.assertEqual([len(text) for text in self.said], [100_000 - rest])
        self.assertEqual(wire.frames(), [])

    def test_corrupt(self) -> None:
        """
        What cannot be inflated ends the session.
        """
        wire = self.open()
        wire.receive(frame(TEXT, b"\xff" * 20, compressed=True))
        (found,) = wire.frames()
        self.assertEqual(found.opcode, CLOSE)
        self.assertEqual((self.said, self.reasons), ([], [DisconnectReason.TRANSPORT_ERROR]))

    def test_first(self) -> None:
        """
        The first protocol's WebSockets have it too.
        """
        wire = self.server.webSocket(headers={"Sec-WebSocket-Extensions": DEFLATE})
        wire.frames()
        self.inflator = zlib.decompressobj(wbits=-15)
        self.clients[0].send("x" * 2000)
        (found,) = wire.frames()
        self.assertEqual(self.inflated(found), f"1:2001::{'x' * 2000},".encode())
