"""
Tests for the option C{allowRequest}, through a site in memory.
"""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, ConnectionRefused
from txsocketio.handshake import Handshake
from txsocketio.test.support import CLOSE, TEXT, Server, Wire, frame
from txsocketio.test.test_hixie import HEAD76, KEY3, SOLUTION, opening75, opening76, text

POLLING = "/?EIO=4&transport=polling"
WEBSOCKET = "/?EIO=4&transport=websocket"
OPENINGS = (POLLING, POLLING + "&j=0", "/xhr-polling/", "/jsonp-polling//0", "/htmlfile/")
"""What opens a session by a GET."""


class AllowCase(SynchronousTestCase):
    """
    A server whose application is asked about every client.

    @ivar asked: the questions.
    @ivar log: the lines of its log.
    """

    def setUp(self) -> None:
        self.serve(lambda handshake: None)

    def serve(self, f: Any) -> None:
        """
        A server of its own.

        @param f: answers the question.
        """
        self.asked: list[Handshake] = []
        self.log: list[str] = []
        self.said: list[Any] = []

        def ask(handshake: Handshake) -> Any:
            self.asked.append(handshake)
            return f(handshake)

        self.server = Server(allowRequest=ask, log=self.log.append)
        self.server.io.on("connection", self.connected)

    def later(self) -> None:
        """
        A server whose application takes its time.
        """
        self.answers: list[Deferred[Any]] = []

        def answerLater(handshake: Handshake) -> Deferred[Any]:
            self.answers.append(Deferred())
            return self.answers[-1]

        self.serve(answerLater)

    def connected(self, client: Client) -> None:
        """
        Somebody has come.
        """
        client.on("message", self.said.append)
        client.on("message", client.send)

    def assertNone(self) -> None:
        """
        There is no session.
        """
        self.assertEqual(dict(self.server.io._manager.sessions), {})

    def assertRefused(
        self, wire: Wire, reason: str, isEngine: bool = True, status: int = 403
    ) -> None:
        """
        The client has been turned away in these words.
        """
        answer = wire.answer()
        self.assertEqual(answer.status, status)
        if isEngine:
            told = {"code": 4, "message": "Forbidden", "reason": reason}
            self.assertEqual(json.loads(answer.body), told)
        else:
            self.assertEqual(answer.body, f"{reason}\n".encode())
        self.assertNone()


class AnswerTests(AllowCase):
    """
    What the application may answer, and how.
    """

    def test_asked(self) -> None:
        """
        It is asked with what the client has brought along.
        """
        self.server.get(POLLING + "&token=t", {"X-Who": "me"}).answer()
        (handshake,) = self.asked
        self.assertEqual(handshake.query["token"], "t")
        self.assertEqual(handshake.headers["x-who"], "me")
        self.assertEqual(handshake.address, "127.0.0.1")
        self.assertEqual(handshake.url, f"/socket.io{POLLING}&token=t")

    def test_allowed(self) -> None:
        """
        Whatever is not C{False} lets the client in, at once.
        """
        answers: tuple[Any, ...] = (None, True, 0, "", [], "no")
        for allowed in answers:
            self.serve(lambda handshake, allowed=allowed: allowed)
            for url in OPENINGS:
                self.assertEqual(self.server.get(url).streamed().answer.status, 200)
            self.assertEqual(len(self.server.io._manager.sessions), len(OPENINGS))
            self.assertEqual(len(self.asked), len(OPENINGS))

    def test_refused(self) -> None:
        """
        C{False} turns it away, and L{ConnectionRefused} does in words of the
        application's.
        """

        def refuse(handshake: Handshake) -> None:
            raise ConnectionRefused("come back tomorrow")

        for f, reason in (
            (lambda handshake: False, "this request is not allowed"),
            (refuse, "come back tomorrow"),
        ):
            self.serve(f)
            for url in OPENINGS:
                self.assertRefused(self.server.get(url), reason, "EIO" in url)
            self.assertRefused(self.server.webSocket(WEBSOCKET), reason)
            self.assertRefused(self.server.webSocket(), reason, False)
        self.assertEqual(self.log, [])

    def test_coroutine(self) -> None:
        """
        A coroutine function answers in the same ways.
        """
        gate: list[Deferred[Any]] = []

        async def ask(handshake: Handshake) -> Any:
            gate.append(Deferred())
            return await gate[-1]

        for allowed, status in ((True, 200), (False, 403), (ConnectionRefused("no"), 403)):
            self.serve(ask)
            wire = self.server.get(POLLING)
            self.assertEqual(wire.answers(), [])
            self.assertNone()
            if isinstance(allowed, Exception):
                gate[-1].errback(allowed)
            else:
                gate[-1].callback(allowed)
            self.assertEqual(wire.answer().status, status)

    def test_deferred(self) -> None:
        """
        So does a Deferred; until it fires there is no session.
        """
        self.later()
        wires = [self.server.get(url) for url in OPENINGS[:3]]
        for wire in wires:
            self.assertEqual(wire.value(), b"")
        self.assertNone()
        for answer, value in zip(self.answers, (True, None, True), strict=True):
            answer.callback(value)
        for wire in wires:
            self.assertEqual(wire.answer().status, 200)
        self.later()
        wire = self.server.get(POLLING)
        self.answers[0].errback(ConnectionRefused("no"))
        self.assertRefused(wire, "no")

    def test_raises(self) -> None:
        """
        Whatever else it raises turns the client away, who is told nothing
        more; the log is. Engine.IO's clients know but one status for it.
        """

        def fail(handshake: Handshake) -> Any:
            raise ZeroDivisionError("a secret")

        async def failLater(handshake: Handshake) -> Any:
            raise ZeroDivisionError("a secret")

        for f in (fail, failLater):
            self.serve(f)
            self.assertRefused(self.server.get(POLLING), "internal error")
            self.assertIn("allowRequest raised", self.log[0])
            self.assertIn("ZeroDivisionError: a secret", self.log[0])
            self.assertRefused(self.server.webSocket(), "internal error", False, 500)

    def test_unserved(self) -> None:
        """
        Who is let in and cannot be served, for whatever reason, is answered;
        the log has it.
        """
        self.later()
        wires = [self.server.get(url) for url in OPENINGS]
        gone = self.server.get(POLLING)
        gone.lose()
        self.patch(self.server.io._manager, "create", Mock(side_effect=ZeroDivisionError("x")))
        for answer in self.answers:
            answer.callback(True)
        for wire in wires:
            self.assertEqual(wire.answer().status, 500)
            self.assertIn(b"internal error", wire.answer().body)
        self.assertEqual((gone.value(), len(self.log)), (b"", len(wires)))
        for line in self.log:
            self.assertIn("A request that was allowed cannot be served", line)
            self.assertIn("ZeroDivisionError: x", line)

    def test_closing(self) -> None:
        """
        Who is let in when the server is closing comes too late.
        """
        self.later()
        wires = self.server.get(POLLING), self.server.webSocket(WEBSOCKET)
        self.successResultOf(self.server.io.close())
        for answer in self.answers:
            answer.callback(True)
        self.assertEqual(wires[0].answer().status, 503)
        self.assertTrue(wires[1].value().startswith(b"HTTP/1.1 503 "))


class WhoTests(AllowCase):
    """
    About whom it is asked.
    """

    def test_once(self) -> None:
        """
        About those who would open a session, and about nobody else.
        """
        opening = self.server.get(POLLING).answer()
        url = f"{POLLING}&sid={json.loads(opening.body[1:])['sid']}"
        self.server.request("POST", f"/socket.io{url}", body=b"40")
        self.server.get(url)
        wire = self.server.webSocket(url.replace("polling", "websocket"))
        wire.say("2probe")
        self.assertEqual(wire.texts(), ["3probe"])
        self.server.get(POLLING + "&sid=nobody")
        self.server.request("POST", f"/socket.io{POLLING}", body=b"40")
        self.server.request("OPTIONS", f"/socket.io{POLLING}")
        self.server.request("PUT", f"/socket.io{POLLING}")
        self.server.get("/socket.io.js")
        sid = self.server.open()
        self.server.poll(sid)
        self.server.post(f"/xhr-polling/{sid}/send", "1:2::a,")
        self.assertEqual(len(self.asked), 2)

    def test_foreign(self) -> None:
        """
        Pages that may not connect anyhow are none of its business.
        """
        answer = self.server.get(POLLING, {"Origin": "http://page.example"}).answer()
        self.assertEqual((answer.status, self.asked), (403, []))

    def test_origin(self) -> None:
        """
        A page that may connect may read the answer, be it late.
        """
        self.later()
        server = Server(origins="*:*", allowRequest=lambda handshake: self.answers[0])
        self.answers.append(Deferred())
        wire = server.get(POLLING, {"Origin": "http://page.example"})
        self.answers[0].callback(False)
        answer = wire.answer()
        self.assertEqual(answer.status, 403)
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), "http://page.example")


class GoneTests(AllowCase):
    """
    Clients that do not wait for the answer.
    """

    def setUp(self) -> None:
        self.later()

    def test_gone(self) -> None:
        """
        Who has gone gets no session and no answer, whatever is found.
        """
        for value in (True, False, ConnectionRefused("no"), ZeroDivisionError()):
            for open_, url in ((self.server.get, POLLING), (self.server.webSocket, WEBSOCKET)):
                wire = open_(url)
                wire.lose()
                answer = self.answers.pop()
                if isinstance(value, Exception):
                    answer.errback(value)
                else:
                    answer.callback(value)
                self.assertEqual(wire.value(), b"")
                self.assertNone()

    def test_pipelined(self) -> None:
        """
        What is asked for behind it on the same connection waits too.
        """
        wire = self.server.get(POLLING)
        self.server.request("GET", "/socket.io/socket.io.js", wire=wire)
        self.assertEqual(wire.value(), b"")
        self.answers[0].callback(False)
        self.assertEqual([each.status for each in wire.answers()], [403, 200])


class WebSocketTests(AllowCase):
    """
    What comes on a WebSocket while the application is asked.
    """

    def setUp(self) -> None:
        self.later()

    def allow(self) -> None:
        """
        Let the client in.
        """
        (answer,) = self.answers
        answer.callback(True)

    def test_waits(self) -> None:
        """
        The opening is answered when the application has answered.
        """
        wire = self.server.webSocket(WEBSOCKET)
        self.assertEqual(wire.value(), b"")
        self.allow()
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 101 "))
        (found,) = wire.frames()
        self.assertEqual(found.payload[:1], b"0")
        wire.say("40")
        self.assertTrue(wire.texts()[0].startswith('40{"sid":'))

    def test_early(self) -> None:
        """
        What has come meanwhile is read then, in its order and wherever it was
        cut.
        """
        data = frame(TEXT, b"40") + b"".join(
            frame(TEXT, b'42["message",%d]' % number) for number in range(4)
        )
        for at in (1, 7, 8, 9, len(data) - 1, len(data)):
            self.later()
            wire = self.server.webSocket(WEBSOCKET)
            wire.receive(data[:at])
            self.assertEqual(self.said, [])
            self.allow()
            wire.receive(data[at:])
            self.assertEqual(self.said, [0, 1, 2, 3])
            self.assertEqual(len(wire.frames()), 1 + 1 + 4)

    def test_much(self) -> None:
        """
        Not any amount of it: the connection is not read meanwhile, and is
        again afterwards.
        """
        wire = self.server.webSocket(WEBSOCKET)
        wire.receive(frame(TEXT, b"40"))
        text = b'42["message","' + b"x" * 50_000 + b'"]'
        count = 0
        while wire.producerState == "producing":
            wire.receive(frame(TEXT, text))
            count += 1
            self.assertLess(count, 10)
        self.allow()
        self.assertEqual(wire.producerState, "producing")
        self.assertEqual([len(each) for each in self.said], [50_000] * count)
        wire.frames()
        wire.receive(frame(TEXT, b'42["message","later"]'))
        self.assertEqual(self.said[-1], "later")

    def test_refused(self) -> None:
        """
        Where it is refused, nothing that has come is taken.
        """
        wire = self.server.webSocket(WEBSOCKET)
        wire.receive(frame(TEXT, b"40"))
        self.answers[0].callback(False)
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 403 "), wire.value())
        self.assertNone()

    def test_closedMeanwhile(self) -> None:
        """
        A client that says goodbye meanwhile is heard.
        """
        wire = self.server.webSocket(WEBSOCKET)
        wire.receive(frame(CLOSE, b"\x03\xe8"))
        self.allow()
        self.assertEqual([each.opcode for each in wire.frames()], [TEXT, CLOSE])
        self.assertNone()

    def test_draft76(self) -> None:
        """
        A draft's opening has its last bytes behind the headers, which may
        come meanwhile, and frames behind them.
        """
        for at in (0, 3, len(KEY3)):
            for early in (True, False):
                self.later()
                wire = self.server.connect()
                wire.receive(opening76() + KEY3[:at])
                rest = KEY3[at:] + text("1:2::a,")
                if early:
                    wire.receive(rest)
                self.assertEqual(wire.value(), b"")
                self.allow()
                if not early:
                    wire.receive(rest)
                self.assertTrue(wire.value().startswith(HEAD76 + b"\r\n" + SOLUTION))
                self.assertEqual(self.said, ["a"])

    def test_draft75(self) -> None:
        """
        So with the older one, which has none.
        """
        wire = self.server.connect()
        wire.receive(opening75() + text("1:2::a,"))
        wire.receive(text("1:2::b,"))
        self.allow()
        self.assertEqual(self.said, ["a", "b"])
