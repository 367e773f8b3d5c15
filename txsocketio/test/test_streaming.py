"""
Tests for the transports whose answer goes on: server-events, htmlfile and
xhr-multipart, each read as its browsers do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar
from unittest.mock import Mock

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import Request

from txsocketio import Client
from txsocketio.errors import DisconnectReason
from txsocketio.test.support import Server, Streamed, Wire
from txsocketio.transports._streams import Stream

STREAMS = ("server-events", "htmlfile", "xhr-multipart")

HEAD = "<html><body>" + " " * 244
"""Of a hidden frame's page."""

NASTY = (
    "</script><script>alert(1)</script>",
    "</SCRIPT >",
    "<!--<script>",
    "--><!-- ]]>",
    "\u2028\u2029\x00\x7f\ufeff😀é",
    '"quoted" and \\ and \\u0041 and \\"',
    "--socketio",
    "----socketio--socketio--",
    "\n--socketio\n",
    "--soc\n--socketio\nContent-Type: text/plain\n\nketio",
    "Content-Type: text/html\n\n",
    "a\nb\n\nc",
    "\n\n\n",
    "data: x\n\nid: y\nevent: z\nretry: 1\n: comment",
    "a\r\nb\rc\n\r",
    "\r",
    " leading and trailing ",
    "a,1:2::b,",
    "",
)
"""Messages that could be taken for something else on the way."""


class EventSource:
    """
    What a browser makes of an event stream
    (U{https://html.spec.whatwg.org/multipage/server-sent-events.html}), and
    our client script of its events.
    """

    def __init__(self, body: bytes) -> None:
        self.batches: list[str] = []
        self.lastId = ""
        self.retry = 0
        self._kind = ""
        self._data: list[str] = []
        text = body.decode("utf-8").removeprefix("\ufeff")
        # What has no line end yet is not read.
        for line in re.split("\r\n|\n|\r", text)[:-1]:
            self._line(line)

    def _line(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            self._dispatch()
        elif name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id":
            self.lastId = value
        elif name == "retry":
            self.retry = int(value)
        else:
            assert not name, f"there is no field {name}"

    def _dispatch(self) -> None:
        data, kind = self._data, self._kind
        self._data, self._kind = [], ""
        if data:
            text = "\n".join(data)
            assert kind in ("", "json"), kind
            self.batches.append(json.loads(text) if kind else text)


def scripts(body: bytes) -> list[str]:
    """
    What the scripts of a hidden frame hand over.
    """
    *elements, rest = body.decode("utf-8").removeprefix(HEAD).split("</script>")
    assert (body.decode("utf-8").startswith(HEAD), rest) == (True, ""), rest
    found = []
    for element in elements:
        script = element.removeprefix("<script>")
        assert script != element, f"{element} is no script"
        # Nothing that HTML could see in it, nor JavaScript before 2019.
        assert not re.search("</|<!--|[\n\r\u2028\u2029]", script), script
        call = re.fullmatch(r"parent\.s\._\((.*), document\);", script)
        assert call is not None, script
        found.append(json.loads(call[1]))
    return found


def parts(body: bytes) -> list[str]:
    """
    What Firefox 3.6 made of a multipart answer: it looks for the boundary
    wherever it may stand, and takes the line end before it away.
    """
    before, *pieces = body.split(b"--socketio")
    assert before == b"", before
    assert pieces.pop() == b"\n", "the last boundary's line is not complete"
    found = []
    for piece in pieces:
        head, separator, data = piece.partition(b"\n\n")
        assert (head, separator) == (b"\nContent-Type: text/plain", b"\n\n"), piece
        assert data.endswith(b"\n"), data
        found.append(data[:-1].decode("utf-8"))
    return found


def batches(name: str, body: bytes) -> list[str]:
    """
    What a page learns, time by time.
    """
    if name == "server-events":
        return EventSource(body).batches
    return scripts(body) if name == "htmlfile" else parts(body)


class Page:
    """
    A page with one stream.
    """

    def __init__(
        self, server: Server, name: str, url: str = "/", headers: Mapping[str, str] | None = None
    ) -> None:
        self._server = server
        self.name = name
        self.wire = server.get(f"/{name}{url}", headers)
        self._read = 0
        if self.streamed.answer.status == 200:
            opening = batches(name, self.streamed.answer.body)[:1]
            self.sid = opening[0][5:-1] if opening and opening[0].startswith("3:20:") else ""

    @property
    def streamed(self) -> Streamed:
        """
        The answer so far.
        """
        return self.wire.streamed()

    @property
    def client(self) -> Client:
        """
        This page on the server's side.
        """
        return self._server.io.clients[self.sid]

    def heard(self) -> list[str]:
        """
        The batches that have come since the last call.
        """
        found = batches(self.name, self.streamed.answer.body)
        new, self._read = found[self._read :], len(found)
        return new

    def say(self, frames: str) -> Wire:
        """
        POST.
        """
        return self._server.post(f"/{self.name}/{self.sid}/send", frames)

    def again(self, headers: Mapping[str, str] | None = None) -> Page:
        """
        Another stream of the same session.
        """
        page = Page(self._server, self.name, f"/{self.sid}/1", headers)
        page.sid = self.sid
        return page

    # The socket's side.

    @property
    def _producer(self) -> Any:
        return self.wire.producer

    def stall(self) -> None:
        """
        Take no more.
        """
        self._producer.pauseProducing()

    def resume(self) -> None:
        """
        Take more again.
        """
        self._producer.resumeProducing()


class StreamCase(SynchronousTestCase):
    """
    A server that writes down what comes and who goes.
    """

    name: ClassVar[str]

    def setUp(self) -> None:
        self.serve()

    def serve(self, **options: Any) -> None:
        """
        Begin anew, with these options.
        """
        self.server = Server(**options)
        self.seen: list[Any] = []
        self.gone: list[str] = []

        @self.server.io.on("connection")
        def connection(client: Client) -> None:
            client.on("message", self.seen.append)
            client.on("disconnect", self.gone.append)

    def open(self, url: str = "/", headers: Mapping[str, str] | None = None) -> Page:
        """
        Open a session, and take its greeting.
        """
        page = Page(self.server, self.name, url, headers)
        self.assertEqual(page.heard(), [f"3:20:{page.sid},"])
        return page

    def assertRefused(self, wire: Wire, status: int, line: str) -> None:
        answer = wire.answer()
        self.assertEqual((answer.status, answer.body.decode()), (status, f"{line}\n"))
        self.assertIsNone(answer.header("Connection"))

    def assertEnded(self, page: Page) -> None:
        """
        In good order, its connection still there for another request if the
        answer was chunked.
        """
        self.assertTrue(page.streamed.ended)
        self.assertFalse(page.wire.aborted)
        self.assertEqual(page.wire.disconnecting, self.name == "xhr-multipart")

    def assertOpen(self, page: Page) -> None:
        self.assertFalse(page.streamed.ended)
        self.assertFalse(page.wire.disconnecting)


class Opening:
    """
    How a stream begins.
    """

    def test_urls(self: Any) -> None:
        """
        As clients write them.
        """
        for url in ("", "/", "//1795410652013", "/?x=1"):
            page = self.open(url)
            self.assertEqual(page.client.transport, self.name)
            self.assertOpen(page)

    def test_unbuffered(self: Any) -> None:
        """
        Nothing on the way may keep it, hold it back or compress it.
        """
        answer = self.open().streamed.answer
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Cache-Control"), "no-cache, no-store, no-transform")
        self.assertEqual(answer.header("X-Accel-Buffering"), "no")
        self.assertIsNone(answer.header("Content-Length"))

    def test_http10(self: Any) -> None:
        """
        Who knows no chunks gets none.
        """
        wire = self.server.connect()
        wire.receive(f"GET /socket.io/{self.name}/ HTTP/1.0\r\n\r\n".encode("ascii"))
        (sid,) = self.server.io.clients
        self.assertEqual(batches(self.name, wire.streamed().answer.body), [f"3:20:{sid},"])
        self.assertFalse(wire.disconnecting)
        self.server.io.clients[sid].disconnect()
        self.assertTrue(wire.disconnecting)

    def test_methods(self: Any) -> None:
        for method in ("HEAD", "PUT", "DELETE", "get"):
            wire = self.server.request(method, f"/socket.io/{self.name}/")
            answer = wire.answer(head=method == "HEAD")
            self.assertEqual((answer.status, answer.header("Allow")), (405, "GET, POST, OPTIONS"))
        self.assertEqual(dict(self.server.io.clients), {})

    def test_unknownSession(self: Any) -> None:
        for wire in (
            self.server.get(f"/{self.name}/999/1"),
            self.server.post(f"/{self.name}/999/send", "1:2::x,"),
        ):
            self.assertRefused(wire, 404, "unknown session id")

    def test_sessionOfAnotherTransport(self: Any) -> None:
        """
        None is taken over, nor does it suffer.
        """
        page = self.open()
        others = [name for name in STREAMS if name != self.name] + ["xhr-polling"]
        for name in others:
            for wire in (
                self.server.get(f"/{name}/{page.sid}/1"),
                self.server.post(f"/{name}/{page.sid}/send", "1:2::x,"),
            ):
                self.assertRefused(wire, 400, "this session belongs to another transport")
        self.assertOpen(page)
        sid = self.server.open()
        self.assertRefused(
            self.server.get(f"/{self.name}/{sid}/1"),
            400,
            "this session belongs to another transport",
        )
        self.assertEqual((self.seen, self.gone), ([], []))

    def test_limits(self: Any) -> None:
        self.serve(maxSessions=1)
        page = self.open()
        self.assertRefused(self.server.get(f"/{self.name}/"), 503, "too many sessions")
        page.say("0:0:,")
        self.open()

    def test_oneAnswerOnly(self: Any) -> None:
        """
        A request behind a stream, on the same connection, has to wait for its
        end.
        """
        page = self.open()
        self.server.request("GET", "/socket.io/xhr-polling/", wire=page.wire)
        self.assertEqual(list(self.server.io.clients), [page.sid])
        page.client.disconnect()
        # A multipart answer is ended by closing the connection.
        self.assertEqual(len(self.server.io.clients), 0 if page.wire.disconnecting else 1)

    def test_http2(self: Any) -> None:
        """
        Where a connection carries many answers, none of them can cut it.
        """
        stream, request = self.made()
        stream._streaming.begin(request)
        stream.pauseProducing()
        stream.close(DisconnectReason.SLOW_CONSUMER)
        request.finish.assert_called_once_with()
        self.assertEqual(request.channel.mock_calls, [])

    def test_writable(self: Any) -> None:
        """
        As long as there is a connection, and it takes more.
        """
        stream, _ = self.made()
        self.assertTrue(stream.writable)
        for stop in (
            stream.pauseProducing,
            stream.stopProducing,
            lambda: stream.close(DisconnectReason.SERVER),
            lambda: stream._lost(Failure(ConnectionDone())),
        ):
            stream.resumeProducing()
            self.assertTrue(stream.writable)
            stop()
            self.assertFalse(stream.writable)

    def made(self: Any) -> tuple[Stream, Any]:
        """
        A stream by itself, and its request.
        """
        transport = self.server.io.router._transports[self.name]
        request = Mock(spec=Request, channel=Mock())
        return Stream(transport, Mock(sid="x"), request), request


class Crossing:
    """
    Pages of other sites.
    """

    def test_sameOrigin(self: Any) -> None:
        """
        Without an origin there is nothing to allow.
        """
        page = self.open()
        for answer in (page.streamed.answer, page.say("1:2::x,").answer()):
            self.assertEqual(answer.status, 200)
            for name, _ in answer.headers:
                self.assertFalse(name.startswith("Access-Control-"), name)
                self.assertNotEqual(name, "Vary")

    def test_allowed(self: Any) -> None:
        """
        The origin itself.
        """
        self.serve(origins="good.com:*")
        headers = {"Origin": "http://good.com"}
        page = self.open(headers=headers)
        post = self.server.post(f"/{self.name}/{page.sid}/send", "1:2::x,", headers)
        for answer in (page.streamed.answer, post.answer()):
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.header("Access-Control-Allow-Origin"), "http://good.com")
            self.assertEqual(answer.header("Access-Control-Allow-Credentials"), "true")
            self.assertEqual(answer.header("Vary"), "Origin")
        self.assertEqual(self.seen, ["x"])

    def test_errors(self: Any) -> None:
        """
        A page is told what it did wrong.
        """
        self.serve(origins="*:*")
        answer = self.server.get(f"/{self.name}/999", {"Origin": "http://e.com"}).answer()
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), "http://e.com")

    def test_preflight(self: Any) -> None:
        self.serve(origins="good.com:*")
        answer = self.server.request(
            "OPTIONS",
            f"/socket.io/{self.name}/1/send",
            {"Origin": "http://good.com", "Access-Control-Request-Headers": "content-type"},
        ).answer()
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(
            answer.headers,
            [
                ("Access-Control-Allow-Origin", "http://good.com"),
                ("Access-Control-Allow-Credentials", "true"),
                ("Vary", "Origin"),
                ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
                ("Access-Control-Allow-Headers", "content-type"),
                ("Access-Control-Max-Age", "600"),
            ],
        )
        self.assertEqual(dict(self.server.io.clients), {})

    def test_refused(self: Any) -> None:
        """
        403, and nothing comes of it. A frame cannot show a status: there it
        is 200, and an alert.
        """
        evil = {"Origin": "http://evil.com"}
        page = self.open()
        self.assertRefused(
            self.server.post(f"/{self.name}/{page.sid}/send", "1:2::x,", evil),
            403,
            "Origin is not allowed: http://evil.com",
        )
        for url in ("/", f"/{page.sid}/1"):
            wire = self.server.get(f"/{self.name}{url}", evil)
            if self.name == "htmlfile":
                self.assertEqual(wire.answer().status, 200)
                self.assertTrue(wire.answer().body.endswith(b" restrictions not met');</script>"))
            else:
                self.assertRefused(wire, 403, "Origin is not allowed: http://evil.com")
            self.assertIsNone(wire.answer().header("Access-Control-Allow-Origin"))
        self.assertEqual((list(self.server.io.clients), self.seen), ([page.sid], []))
        self.assertOpen(page)


class Talking:
    """
    Messages, both ways.
    """

    def test_batches(self: Any) -> None:
        """
        Each message leaves at once, in a piece of its own.
        """
        page = self.open()
        before = len(page.streamed.chunks)
        for number in range(3):
            page.client.send(str(number))
            self.assertEqual(page.heard(), [f"1:2::{number},"])
        if self.name != "xhr-multipart":
            self.assertEqual(len(page.streamed.chunks), before + 3)
        self.assertOpen(page)

    def test_anything(self: Any) -> None:
        """
        What a message holds is not taken for what surrounds it.
        """
        page = self.open()
        for message in NASTY:
            page.client.send(message)
            frame = f"1:{len((':' + message).encode('utf-16-le')) // 2}::{message},"
            self.assertEqual("".join(page.heard()), frame, message)

    def test_othersMessages(self: Any) -> None:
        """
        Nor when others have sent it: whoever hears it goes on hearing.
        """
        attacker, other = self.open(), self.open()
        self.server.io.on("clientMessage", lambda text, client: client.broadcast(text))
        for message in NASTY:
            frame = f"1:{len((':' + message).encode('utf-16-le')) // 2}::{message},"
            attacker.say(frame)
            attacker.say("1:7::honest,")
            self.assertEqual("".join(other.heard()), frame + "1:7::honest,")
        self.assertEqual((attacker.heard(), self.gone), ([], []))
        self.assertOpen(other)

    def test_post(self: Any) -> None:
        """
        As on xhr-polling.
        """
        page = self.open()
        answer = page.say("1:6::hello,1:3::a").answer()
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        self.assertEqual(answer.header("Content-Type"), "text/plain")
        page.say("b,")
        self.assertEqual(self.seen, ["hello", "ab"])
        self.assertOpen(page)

    def test_badPosts(self: Any) -> None:
        """
        None of these harms the session.
        """
        self.serve(maxPayload=1000)
        page = self.open()
        url = f"/socket.io/{self.name}"
        for path, body, status, line in (
            (f"{url}/", b"data=x", 400, "a POST needs a session id in its URL"),
            (f"{url}/{page.sid}/send", b"", 400, "the form field data is missing or empty"),
            (f"{url}/{page.sid}/send", b"data=%ff", 400, "the body is not UTF-8"),
            (f"{url}/{page.sid}/send", b"x" * 1001, 413, "the body exceeds 1000 bytes"),
        ):
            wire = self.server.request("POST", path, {}, body)
            self.assertEqual(
                (wire.answer().status, wire.answer().body.decode()), (status, line + "\n")
            )
        page.say("1:2::x,")
        self.assertEqual((self.seen, self.gone), (["x"], []))
        self.assertOpen(page)

    def test_brokenFrame(self: Any) -> None:
        """
        It ends the session, and the stream.
        """
        page = self.open()
        self.assertRefused(page.say("1:2::x,:x"), 400, "a frame without a type")
        self.assertEqual((self.seen, self.gone), (["x"], ["parse error"]))
        self.assertEqual(page.heard(), [])
        self.assertEnded(page)


class Beating:
    """
    Heartbeats.
    """

    def test_heartbeats(self: Any) -> None:
        """
        10 s after the opening, and after each answer, which comes by POST.
        """
        page = self.open()
        for number in range(1, 12):
            self.server.clock.advance(9.9)
            self.assertEqual(page.heard(), [])
            self.server.clock.advance(0.3)
            beat = f"2:{len(str(number))}:{number},"
            self.assertEqual(page.heard(), [beat])
            self.assertEqual(page.say(beat).answer().body, b"ok")
        self.assertEqual(self.gone, [])

    def test_noAnswer(self: Any) -> None:
        """
        After 8 s without one it is the end; another number is none.
        """
        page = self.open()
        self.server.clock.advance(10)
        self.assertEqual(page.heard(), ["2:1:1,"])
        page.say("2:1:2,")
        self.server.clock.advance(7.9)
        self.assertOpen(page)
        self.server.clock.advance(0.2)
        self.assertEqual(self.gone, ["ping timeout"])
        self.assertEqual(page.heard(), [])
        self.assertEnded(page)


class ComingBack:
    """
    The stream goes, and the client comes back.
    """

    def test_closeTimeout(self: Any) -> None:
        """
        The default.
        """
        page = self.open()
        page.wire.lose()
        self.server.clock.advance(0.2)
        expected = [] if self.name == "server-events" else ["transport close"]
        self.assertEqual(self.gone, expected)
        self.server.clock.advance(8)
        self.assertEqual(self.gone, ["transport close"])

    def test_inTime(self: Any) -> None:
        """
        What was sent meanwhile comes in one piece, and POSTs count meanwhile.
        """
        self.serve(closeTimeout=5)
        page = self.open()
        page.wire.lose()
        self.server.clock.advance(4.5)
        page.client.send("one")
        page.client.send("two")
        page.say("1:2::x,")
        again = page.again()
        self.assertEqual(again.heard(), ["1:4::one,1:4::two,"])
        again.client.send("three")
        self.assertEqual(again.heard(), ["1:6::three,"])
        self.server.clock.advance(5)
        self.assertEqual((self.seen, self.gone), (["x"], []))
        self.assertEqual(again.client.connections, 2)

    def test_tooLate(self: Any) -> None:
        self.serve(closeTimeout=5)
        page = self.open()
        page.wire.lose()
        self.server.clock.advance(5.2)
        self.assertEqual(self.gone, ["transport close"])
        self.assertRefused(self.server.get(f"/{self.name}/{page.sid}/1"), 404, "unknown session id")

    def test_nothingWaiting(self: Any) -> None:
        """
        A stream that has nothing to say says so at once.
        """
        self.serve(closeTimeout=5)
        page = self.open()
        page.wire.lose()
        again = page.again()
        self.assertEqual((again.streamed.answer.status, again.heard()), (200, []))
        self.assertTrue(again.streamed.answer.body)
        self.assertOpen(again)

    def test_second(self: Any) -> None:
        """
        The older stream is ended, the newer takes over; that the older's
        connection goes means nothing any more.
        """
        older = self.open()
        newer = older.again()
        self.assertEnded(older)
        older.wire.lose()
        self.server.clock.advance(1)
        newer.client.send("x")
        self.assertEqual((older.heard(), newer.heard()), ([], ["1:2::x,"]))
        self.assertEqual(self.gone, [])


class Pressing:
    """
    Who reads too slowly.
    """

    def test_late(self: Any) -> None:
        """
        What could not be written waits, and comes when it can be, in order
        and in one piece.
        """
        page = self.open()
        page.client.send("before")
        page.stall()
        page.stall()
        for number in range(3):
            page.client.send(str(number))
        self.assertEqual(page.heard(), ["1:7::before,"])
        page.resume()
        self.assertEqual(page.heard(), ["1:2::0,1:2::1,1:2::2,"])
        page.client.send("after")
        self.assertEqual(page.heard(), ["1:6::after,"])
        self.assertOpen(page)

    def test_never(self: Any) -> None:
        """
        Over the bound it is the end, and the connection is cut: what the
        kernel holds for it would wait for ever.
        """
        self.serve(maxQueue=3)
        page, other = self.open(), self.open()
        page.stall()
        for number in range(4):
            self.server.io.broadcast(str(number))
        self.assertEqual(self.gone, ["slow consumer"])
        self.assertTrue(page.wire.aborted)
        self.assertEqual(page.heard(), [])
        self.assertEqual(other.heard(), ["1:2::0,", "1:2::1,", "1:2::2,", "1:2::3,"])
        # As a transport may that is told late.
        page.resume()

    def test_bytes(self: Any) -> None:
        self.serve(maxQueueBytes=100)
        page = self.open()
        page.stall()
        page.client.send("x" * 60)
        page.client.send("y" * 60)
        self.assertEqual(self.gone, ["slow consumer"])
        self.assertTrue(page.wire.aborted)

    def test_unreachedHeartbeats(self: Any) -> None:
        """
        So whoever the heartbeats do not reach.
        """
        page = self.open()
        page.stall()
        self.server.clock.advance(10.2)
        self.server.clock.advance(8.2)
        self.assertEqual(self.gone, ["ping timeout"])
        self.assertTrue(page.wire.aborted)

    def test_farewell(self: Any) -> None:
        """
        A client that is sent away may take its time to read what was sent
        before.
        """
        page = self.open()
        page.stall()
        page.client.send("before")
        page.client.disconnect()
        self.assertOpen(page)
        self.server.clock.advance(4.5)
        page.resume()
        self.assertEqual(page.heard(), ["1:7::before,0:0:,"])
        self.assertEnded(page)

    def test_noFarewell(self: Any) -> None:
        """
        But not for ever.
        """
        page = self.open()
        page.stall()
        page.client.disconnect()
        self.server.clock.advance(5.2)
        self.assertEqual(page.heard(), [])
        self.assertTrue(page.wire.aborted)

    def test_lostMeanwhile(self: Any) -> None:
        """
        What waits goes to the next stream.
        """
        self.serve(closeTimeout=5)
        page = self.open()
        page.stall()
        page.client.send("x")
        page.wire.lose()
        self.assertEqual(page.again().heard(), ["1:2::x,"])

    def test_stuckAndReplaced(self: Any) -> None:
        """
        The older connection is cut: it would take nothing, not even an end.
        """
        older = self.open()
        older.stall()
        older.client.send("x")
        newer = older.again()
        self.assertEqual(newer.heard(), ["1:2::x,"])
        self.assertTrue(older.wire.aborted)
        self.assertEqual(self.gone, [])


class Parting:
    """
    The end.
    """

    def test_byTheServer(self: Any) -> None:
        """
        A goodbye, and the end of the answer.
        """
        page = self.open()
        page.client.send("x")
        page.client.disconnect()
        self.assertEqual(page.heard(), ["1:2::x,", "0:0:,"])
        self.assertEnded(page)
        self.assertEqual(self.gone, ["server namespace disconnect"])
        self.assertRefused(self.server.get(f"/{self.name}/{page.sid}/1"), 404, "unknown session id")

    def test_connectionGoesOn(self: Any) -> None:
        """
        Where the answer was chunked, the next request may come on the same
        connection.
        """
        page = self.open()
        page.client.disconnect()
        if self.name == "xhr-multipart":
            self.assertTrue(page.wire.disconnecting)
            return
        page.wire.clear()
        self.server.request("GET", "/socket.io/xhr-polling/", wire=page.wire)
        self.assertEqual(page.wire.answer().status, 200)

    def test_byTheClient(self: Any) -> None:
        page = self.open()
        self.assertEqual(page.say("0:0:,1:2::x,").answer().body, b"ok")
        self.assertEqual((self.seen, self.gone), ([], ["client namespace disconnect"]))
        self.assertEqual(page.heard(), [])
        self.assertEnded(page)

    def test_byTheService(self: Any) -> None:
        page = self.open()
        self.successResultOf(self.server.io.close())
        self.assertEqual(page.heard(), ["0:0:,"])
        self.assertEnded(page)
        self.assertEqual(self.gone, ["server shutting down"])

    def test_nothingIsLeft(self: Any) -> None:
        """
        Not a timer.
        """
        page = self.open()
        page.wire.lose()
        self.server.clock.advance(9)
        self.server.clock.advance(9)
        self.assertEqual(self.server.clock.getDelayedCalls(), [])
        self.assertEqual(dict(self.server.io._manager.sessions), {})


class _All(Opening, Crossing, Talking, Beating, ComingBack, Pressing, Parting):
    """
    What all of them have in common.
    """


class ServerEventsTests(_All, StreamCase):
    """
    server-events.
    """

    name = "server-events"

    def test_bytes_(self) -> None:
        """
        To the byte.
        """
        page = self.open()
        page.client.send("x")
        page.client.send("a\nb")
        page.client.send("a\rb")
        answer = page.streamed.answer
        self.assertEqual(answer.header("Content-Type"), "text/event-stream; charset=UTF-8")
        self.assertEqual(
            page.streamed.chunks,
            [
                f": welcome\nretry: 1000\nid: {page.sid}\n\n".encode(),
                f"data: 3:20:{page.sid},\n\n".encode(),
                b"data: 1:2::x,\n\n",
                b"data: 1:4::a\ndata: b,\n\n",
                b'event: json\ndata: "1:4::a\\rb,"\n\n',
            ],
        )

    def test_id(self) -> None:
        """
        The id of the events is the session's, and the browser is told to come
        back well before C{closeTimeout}.
        """
        page = self.open()
        source = EventSource(page.streamed.answer.body)
        self.assertEqual((source.lastId, source.retry), (page.sid, 1000))

    def test_lastEventID(self) -> None:
        """
        The browser comes back by itself, to the URL that opened the session.
        """
        page = self.open()
        page.wire.lose()
        page.client.send("while away")
        again = Page(self.server, self.name, "/", {"Last-Event-ID": page.sid})
        self.assertEqual(again.heard(), ["1:11::while away,"])
        self.assertEqual(EventSource(again.streamed.answer.body).lastId, page.sid)
        self.assertEqual((list(self.server.io.clients), self.gone), ([page.sid], []))

    def test_lastEventIDTooLate(self) -> None:
        """
        No new session, which nobody would know to be one: 404, after which
        the browser gives up and the page is told.
        """
        page = self.open()
        page.wire.lose()
        self.server.clock.advance(8.2)
        for last in (page.sid, "999", "\xff", "__proto__"):
            wire = self.server.get("/server-events/", {"Last-Event-ID": last})
            self.assertRefused(wire, 404, "unknown session id")
        self.assertEqual(dict(self.server.io.clients), {})

    def test_lastEventIDOfAnother(self) -> None:
        """
        It opens nothing that the URL would not.
        """
        sid = self.server.open()
        self.assertRefused(
            self.server.get("/server-events/", {"Last-Event-ID": sid}),
            400,
            "this session belongs to another transport",
        )
        page = self.open()
        wire = self.server.get(
            "/server-events/", {"Last-Event-ID": page.sid, "Origin": "http://evil.com"}
        )
        self.assertRefused(wire, 403, "Origin is not allowed: http://evil.com")
        self.assertOpen(page)

    def test_lastEventIDAndURL(self) -> None:
        """
        An id in the URL counts; an empty one in the header does not.
        """
        first, second = self.open(), self.open()
        again = first.again({"Last-Event-ID": second.sid})
        first.client.send("x")
        self.assertEqual((again.heard(), second.heard()), (["1:2::x,"], []))
        self.open(headers={"Last-Event-ID": ""})
        self.assertEqual(len(self.server.io.clients), 3)


class HTMLFileTests(_All, StreamCase):
    """
    htmlfile.
    """

    name = "htmlfile"

    def test_bytes_(self) -> None:
        """
        As captured: 256 bytes in the first chunk, and a chunk for each
        script.
        """
        page = self.open()
        page.client.send('hé "q" </script> \u2028')
        answer = page.streamed.answer
        self.assertEqual(
            answer.headers[:2],
            [("Content-Type", "text/html; charset=UTF-8"), ("Connection", "keep-alive")],
        )
        head, greeting, message = page.streamed.chunks
        self.assertEqual((len(head), head.rstrip(b" ")), (256, b"<html><body>"))
        self.assertEqual(
            greeting, f'<script>parent.s._("3:20:{page.sid},", document);</script>'.encode()
        )
        self.assertEqual(
            message.decode(),
            r'<script>parent.s._("1:19::hé \"q\" <\/script> \u2028,", document);</script>',
        )

    def test_refusedByTheFrame(self) -> None:
        """
        A frame names no origin, but where it comes from.
        """
        answer = self.server.get(
            "/htmlfile/", {"Sec-Fetch-Site": "cross-site", "Referer": "http://evil.com/"}
        ).answer()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Content-Type"), "text/html; charset=UTF-8")
        self.assertEqual(
            answer.body,
            HEAD.encode()
            + b"<script>alert('Cross domain security restrictions not met');</script>",
        )
        self.assertEqual(dict(self.server.io.clients), {})


class XHRMultipartTests(_All, StreamCase):
    """
    xhr-multipart.
    """

    name = "xhr-multipart"

    def test_bytes_(self) -> None:
        """
        As captured: bare line feeds, nothing chunked.
        """
        page = self.open()
        page.client.send("hé")
        answer = page.streamed.answer
        self.assertEqual(
            answer.headers[:2],
            [
                ("Content-Type", 'multipart/x-mixed-replace;boundary="socketio"'),
                ("Connection", "keep-alive"),
            ],
        )
        self.assertIsNone(answer.header("Transfer-Encoding"))
        self.assertEqual(
            answer.body.decode(),
            f"--socketio\nContent-Type: text/plain\n\n3:20:{page.sid},\n"
            "--socketio\nContent-Type: text/plain\n\n1:3::hé,\n--socketio\n",
        )

    def test_boundary(self) -> None:
        """
        A boundary within a message comes in two parts.
        """
        page = self.open()
        page.client.send("a--socketiob")
        self.assertEqual(page.heard(), ["1:13::a--soc", "ketiob,"])


class ApartTests(SynchronousTestCase):
    """
    One message to clients of every transport.
    """

    def test_broadcast(self) -> None:
        """
        Each gets it in its own way.
        """
        server = Server()
        pages = [Page(server, name) for name in STREAMS]
        for page in pages:
            page.heard()
        for message in NASTY:
            server.io.broadcast(message)
            self.assertEqual(len({"".join(page.heard()) for page in pages}), 1)
