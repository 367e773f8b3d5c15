"""
Tests for L{txsocketio.transports.polling}, and for how all HTTP transports
refuse what they do not take, through a site in memory.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from txsocketio import Client, DisconnectReason, Listener, SocketIOResource
from txsocketio.test.support import Answer, Server, Wire

URL = "/?EIO=4&transport=polling"
TEXT = "text/plain; charset=UTF-8"
PAGE = "http://page.example"
BIG = "x" * 2000
"""Worth compressing."""


def faultOf(answer: Answer) -> Any:
    """
    What Engine.IO's clients are told of an error.
    """
    assert answer.header("Content-Type") == "application/json", answer
    return json.loads(answer.body)


class PollingCase(SynchronousTestCase):
    """
    A server, and a client of it that polls.

    @cvar url: where.
    """

    url = URL

    def setUp(self) -> None:
        self.serve()

    def serve(self, **options: Any) -> None:
        """
        A server of its own.
        """
        self.clients: list[Client] = []
        self.reasons: list[str] = []
        self.said: list[Any] = []
        self.server = Server(**options)
        self.server.io.on("connection", self.connected)

    def connected(self, client: Client) -> None:
        """
        Somebody has come.
        """
        self.clients.append(client)
        client.on("message", self.said.append)
        client.on("disconnect", self.reasons.append)

    def get(self, query: str = "", headers: Mapping[str, str] | None = None) -> Wire:
        """
        Ask for packets.
        """
        return self.server.get(self.url + query, headers)

    def post(
        self, query: str, body: bytes, contentType: str = TEXT, wire: Wire | None = None
    ) -> Wire:
        """
        Bring packets.
        """
        return self.server.request(
            "POST", f"/socket.io{self.url}{query}", {"Content-Type": contentType}, body, wire
        )

    def open(self, query: str = "") -> str:
        """
        Open a session.

        @return: the part of the query that names it.
        """
        found = re.search(rb'sid\\?":\\?"([\w-]{20})', self.get(query).answer().body)
        assert found is not None
        return f"&sid={found[1].decode()}{query}"

    def join(self) -> str:
        """
        Open a session, and join the default namespace.
        """
        query = self.open()
        self.assertEqual(self.post(query, b"40").answer().body, b"ok")
        self.assertTrue(self.get(query).answer().body.startswith(b'40{"sid":'))
        return query

    def assertFault(
        self, wire: Wire, code: int, message: str, reason: str | None = None, status: int = 400
    ) -> None:
        """
        The request was refused in this way.
        """
        answer = wire.answer()
        told: dict[str, Any] = {"code": code, "message": message}
        if reason is not None:
            told["reason"] = reason
        self.assertEqual((answer.status, faultOf(answer)), (status, told))


class AnswerTests(PollingCase):
    """
    What is answered to what.
    """

    def test_opening(self) -> None:
        """
        The first answer holds all that the client has to know.
        """
        answer = self.get().answer()
        self.assertEqual(answer.status, 200)
        sid = json.loads(answer.body[1:])["sid"]
        self.assertEqual(
            answer.body.decode(),
            f'0{{"sid":"{sid}","upgrades":["websocket"],"pingInterval":25000,'
            '"pingTimeout":20000,"maxPayload":1000000}',
        )
        self.assertEqual(
            answer.headers,
            [
                ("Content-Type", TEXT),
                ("Content-Length", str(len(answer.body))),
                ("Cache-Control", "no-store"),
            ],
        )

    def test_upgrades(self) -> None:
        """
        A transport that is not accepted is not offered.
        """
        self.serve(transports=["polling"])
        self.assertEqual(json.loads(self.get().answer().body[1:])["upgrades"], [])

    def test_posted(self) -> None:
        """
        A POST is answered with C{ok}, as a page, since forms have their answer
        shown.
        """
        answer = self.post(self.open(), b"40").answer()
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        self.assertEqual(answer.headers, [("Content-Type", "text/html"), ("Content-Length", "2")])

    def test_text(self) -> None:
        """
        What is posted as text is UTF-8, whatever else its type says; several
        packets are taken in their order.
        """
        query = self.join()
        for contentType in (TEXT, "text/plain;charset=UTF-8", "", "application/json"):
            self.said.clear()
            body = '42["message","a"]\x1e42["message","ü\u2028\U0001f600"]'.encode()
            self.assertEqual(self.post(query, body, contentType).answer().body, b"ok")
            self.assertEqual(self.said, ["a", "ü\u2028\U0001f600"])

    def test_answered(self) -> None:
        """
        What waits is answered at once and in one piece; what comes later
        answers the poll that waits.
        """
        query = self.join()
        (client,) = self.clients
        client.emit("a")
        client.emit("ü")
        answer = self.get(query).answer()
        self.assertEqual(answer.body.decode(), '42["a"]\x1e42["ü"]')
        self.assertEqual(answer.header("Content-Type"), TEXT)
        wire = self.get(query)
        self.assertEqual(wire.answers(), [])
        client.emit("b")
        self.assertEqual(wire.answer().body, b'42["b"]')

    def test_binary(self) -> None:
        """
        Bytes become text here.
        """
        query = self.join()
        (client,) = self.clients
        client.emit("a", b"\0\xff")
        self.assertEqual(
            self.get(query).answer().body, b'451-["a",{"_placeholder":true,"num":0}]\x1ebAP8='
        )

    def test_heartbeat(self) -> None:
        """
        A poll waits as long as nobody has anything to say; the heartbeat is
        the first that has.
        """
        query = self.join()
        self.server.clock.advance(24.5)
        wire = self.get(query)
        self.assertEqual(wire.answers(), [])
        self.server.clock.advance(0.5)
        self.assertEqual(wire.answer().body, b"2")
        self.post(query, b"3")
        self.server.clock.advance(25)
        self.assertEqual(self.get(query).answer().body, b"2")
        self.server.clock.advance(20)
        self.assertEqual(self.reasons, [DisconnectReason.PING_TIMEOUT])
        self.assertFault(self.get(query), 1, "Session ID unknown")

    def test_closed(self) -> None:
        """
        Who is sent away is told so by the poll that waits, and by one more
        that the connection is over.
        """
        query = self.join()
        wire = self.get(query)
        (client,) = self.clients
        client.disconnect(close=True)
        self.assertEqual(wire.answer().body, b"41")
        self.assertEqual(self.get(query).answer().body, b"1")
        self.assertFault(self.get(query), 1, "Session ID unknown")


class BinaryTests(PollingCase):
    """
    Bodies that are no text, as Engine.IO 3 has them.
    """

    url = URL.replace("4", "3")

    def packed(self, text: str) -> bytes:
        """
        A packet of text within such a body.
        """
        digits = bytes(int(digit) for digit in str(len(text)))
        return b"\0" + digits + b"\xff" + text.encode("ascii")

    def test_posted(self) -> None:
        """
        What is posted as bytes is read as that, whatever stands behind the
        type.
        """
        for contentType in (
            "application/octet-stream",
            "Application/Octet-Stream",
            "application/octet-stream; charset=x-user-defined",
            "application/octet-stream;x",
        ):
            self.serve()
            query = self.open()
            body = self.packed('42["message","a"]') + self.packed('42["message","b"]')
            self.assertEqual(self.post(query, body, contentType).answer().body, b"ok")
            self.assertEqual(self.said, ["a", "b"])

    def test_notText(self) -> None:
        """
        And as nothing else: a body of the one kind is none of the other.
        """
        body = self.packed('42["message","a"]')
        for contentType in (TEXT, "application/octet-streams", "text/application/octet-stream"):
            self.assertEqual(self.post(self.open(), body, contentType).answer().status, 400)
        text = b'17:42["message","a"]'
        self.assertEqual(self.post(self.open(), text, TEXT).answer().status, 200)
        wire = self.post(self.open(), text, "application/octet-stream")
        self.assertEqual(wire.answer().status, 400)
        self.assertEqual(self.said, ["a"])

    def test_notTaken(self) -> None:
        """
        Engine.IO 4 takes no such bodies.
        """
        self.url = URL
        wire = self.post(self.join(), b"40", "application/octet-stream")
        self.assertFault(wire, 3, "Bad request", "a body that is binary")

    def test_answered(self) -> None:
        """
        An answer is bytes where there are some in it, and compressed as all
        others are.
        """
        query = self.open()
        self.get(query)
        self.clients[0].emit("a")
        self.assertEqual(self.get(query).answer().header("Content-Type"), TEXT)
        self.clients[0].emit("a", b"\xff" * 2000)
        answer = self.get(query, {"Accept-Encoding": "gzip"}).answer()
        self.assertEqual(answer.header("Content-Type"), "application/octet-stream")
        self.assertEqual(answer.header("Content-Encoding"), "gzip")
        self.assertTrue(gzip.decompress(answer.body).endswith(b"\xff" * 2000))


class FaultTests(PollingCase):
    """
    What is wrong with a request is said in JSON.
    """

    def test_notUTF8(self) -> None:
        """
        A body that is no text is refused.
        """
        query = self.join()
        wire = self.post(query, b"4\xff")
        self.assertFault(wire, 3, "Bad request", "the body is not UTF-8")

    def test_unreadable(self) -> None:
        """
        What is no packet is refused, and ends the session, whose poll is
        answered.
        """
        for body in (b"", b"x", b"40\x1ex", b"4", b'42["a"'):
            self.serve()
            query = self.join()
            wire = self.get(query)
            answer = self.post(query, body).answer()
            told = faultOf(answer)
            self.assertEqual((answer.status, told["code"]), (400, 3))
            self.assertTrue(told["reason"])
            self.assertEqual(wire.answer().body, b"6")
            self.assertEqual(self.reasons, [DisconnectReason.PARSE_ERROR])
            self.assertFault(self.get(query), 1, "Session ID unknown")

    def test_upgrade(self) -> None:
        """
        An upgrade is not posted, nor is a probe.
        """
        for body, reason in (
            (b"5", "an upgrade where nothing has been offered"),
            (b"2probe", "a heartbeat, which is the server's to send"),
        ):
            self.assertFault(self.post(self.open(), body), 3, "Bad request", reason)

    def test_tooLong(self) -> None:
        """
        A body over the limit is refused, and the session goes on. On a site
        of ours that happens before it is read, whether or not there is a slash
        behind the path.
        """
        self.serve(maxPayload=100)
        query = self.join()
        for path in ("/socket.io/", "/socket.io"):
            wire = self.server.request("POST", f"{path}{URL[1:]}{query}", body=b"4" * 101)
            answer = wire.answer()
            self.assertEqual((answer.status, answer.body), (413, b"the body exceeds 100 bytes\n"))
            self.assertEqual(answer.header("Connection"), "close")
        self.post(query, b'42["message","' + b"x" * 84 + b'"]')
        self.assertEqual(self.said, ["x" * 84])

    def test_tooLongInATree(self) -> None:
        """
        Where the resource stands in another tree it is refused when it has
        come.
        """
        clock = MemoryReactorClock()
        self.server = Server()
        io = Listener(reactor=clock, maxPayload=100)
        root = Resource()
        root.putChild(b"socket.io", SocketIOResource(io))
        self.server.site = Site(root, reactor=clock)
        wire = self.post(self.open(), b"4" * 101)
        self.assertFault(wire, 3, "Bad request", "the body exceeds 100 bytes", 413)

    def test_methods(self) -> None:
        """
        No other methods are known.
        """
        query = self.open()
        for method in ("PUT", "DELETE", "PATCH", "HEAD"):
            wire = self.server.request(method, f"/socket.io{URL}{query}")
            answer = wire.answer(head=method == "HEAD")
            self.assertEqual((answer.status, answer.reason), (400, "Bad Request"))
            self.assertEqual(answer.header("Allow"), "GET, POST, OPTIONS")
            self.assertEqual(answer.header("Content-Length"), "43")
            if method != "HEAD":
                self.assertEqual(faultOf(answer), {"code": 2, "message": "Bad handshake method"})

    def test_postedFirst(self) -> None:
        """
        A session is opened by a GET.
        """
        self.assertFault(self.post("", b"40"), 2, "Bad handshake method")
        self.assertEqual(dict(self.server.io._manager.sessions), {})

    def test_unknown(self) -> None:
        """
        So is a session that there is not.
        """
        for wire in (self.get("&sid=nobody"), self.post("&sid=nobody", b"40")):
            self.assertFault(wire, 1, "Session ID unknown")

    def test_otherTransport(self) -> None:
        """
        A session that has moved, or began elsewhere, does not poll.
        """
        wire = self.server.webSocket("/?EIO=4&transport=websocket")
        (frame,) = wire.frames()
        sid = json.loads(frame.payload[1:])["sid"]
        reason = "this session belongs to another transport"
        self.assertFault(self.get(f"&sid={sid}"), 3, "Bad request", reason)

    def test_otherGeneration(self) -> None:
        """
        Nor does one of the first protocol answer to Engine.IO, or the
        reverse.
        """
        sid = self.server.open()
        reason = "this session speaks another version of the protocol"
        self.assertFault(self.get(f"&sid={sid}"), 3, "Bad request", reason)
        sid = self.open().removeprefix("&sid=")
        answer = self.server.poll(sid).answer()
        self.assertEqual((answer.status, answer.body), (400, f"{reason}\n".encode()))

    def test_second(self) -> None:
        """
        A poll while another one waits is refused; the older one is answered,
        and the session is over.
        """
        query = self.join()
        first, second = self.get(query), self.get(query)
        self.assertFault(second, 3, "Bad request", "a poll while another one waits")
        self.assertEqual((first.answer().status, first.answer().body), (200, b"1"))
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_ERROR])
        self.assertFault(self.get(query), 1, "Session ID unknown")

    def test_aborted(self) -> None:
        """
        A client whose poll goes away has gone.
        """
        query = self.join()
        self.get(query).lose()
        self.assertEqual(self.reasons, [DisconnectReason.TRANSPORT_CLOSE])
        self.assertFault(self.get(query), 1, "Session ID unknown")

    def test_abortedPost(self) -> None:
        """
        A POST that goes away in the middle means nothing.
        """
        query = self.join()
        wire = self.server.connect()
        head = f"POST /socket.io{URL}{query} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n42"
        wire.receive(head.encode())
        wire.lose()
        self.assertEqual((self.said, self.reasons), ([], []))

    def test_full(self) -> None:
        """
        Who finds no room is told so, with the status that says for how long.
        """
        self.serve(maxSessions=0)
        self.assertFault(self.get(), 3, "Bad request", "too many sessions", 503)


class PipelineTests(PollingCase):
    """
    Requests behind each other on one connection.
    """

    def request(self, method: str, query: str, body: bytes = b"") -> bytes:
        """
        One of them.
        """
        head = (
            f"{method} /socket.io{URL}{query} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def test_postBehindPoll(self) -> None:
        """
        A POST waits for the poll before it. One that is answered from a
        handler has it taken in the middle of what that handler does, and
        another one as well.
        """
        query = self.join()
        (client,) = self.clients
        wire = self.server.connect()
        wire.receive(
            self.request("GET", query)
            + self.request("POST", query, b'42["message","a"]')
            + self.request("GET", query)
        )
        self.assertEqual((self.said, wire.answers()), ([], []))
        client.emit("b")
        self.assertEqual(self.said, ["a"])
        self.assertEqual([each.body for each in wire.answers()], [b'42["b"]', b"ok"])
        client.emit("c")
        self.assertEqual([each.body for each in wire.answers()][2:], [b'42["c"]'])

    def test_polls(self) -> None:
        """
        Polls behind each other do not wait at the same time.
        """
        query = self.join()
        (client,) = self.clients
        client.emit("a")
        wire = self.server.connect()
        wire.receive(self.request("GET", query) * 3)
        self.assertEqual([each.body for each in wire.answers()], [b'42["a"]'])
        client.emit("b")
        client.emit("c")
        self.assertEqual(
            [each.body for each in wire.answers()], [b'42["a"]', b'42["b"]', b'42["c"]']
        )
        self.assertEqual(self.reasons, [])

    def test_busy(self) -> None:
        """
        What is posted behind the poll that a handler of this client answers
        is not taken while that handler runs.
        """
        self.server.io.on("connection", lambda client: client.on("ask", client.emit))
        query = self.join()
        wire = self.server.connect()
        wire.receive(self.request("GET", query) + self.request("POST", query, b'42["message","a"]'))
        self.assertEqual(self.post(query, b'42["ask","b"]').answer().body, b"ok")
        answered, refused = wire.answers()
        self.assertEqual((answered.body, refused.status), (b'42["b"]', 409))
        self.assertEqual(self.said, [])


class FormTests(PollingCase):
    """
    Scripts and forms, where a page has nothing better.
    """

    def test_script(self) -> None:
        """
        What is asked for with an index is a script that calls back with it.
        """
        answer = self.get("&j=7").answer()
        self.assertEqual(answer.header("Content-Type"), "text/javascript; charset=UTF-8")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        found = re.fullmatch(rb"___eio\[7\]\((.*)\);", answer.body)
        assert found is not None
        text = json.loads(found[1])
        self.assertEqual((text[0], json.loads(text[1:])["upgrades"]), ("0", ["websocket"]))

    def test_form(self) -> None:
        """
        A form's field holds the packets; line feeds in them are written as
        the client writes them.
        """
        query = self.open("&j=0")
        form = "application/x-www-form-urlencoded"
        answer = self.post(query, b"d=40", form).answer()
        self.assertEqual((answer.body, answer.header("Content-Type")), (b"ok", "text/html"))
        self.post(query, b"d=42%5B%22message%22%2C%22a+b%C3%BC%5C%5Cn%22%5D", form)
        self.assertEqual(self.said, ["a bü\n"])

    def test_answered(self) -> None:
        """
        What the server says comes in scripts, in which nothing ends the
        script.
        """
        query = self.open("&j=0")
        self.post(query, b"d=40")
        self.get(query)
        wire = self.get(query)
        self.clients[0].emit("</script>\u2028")
        self.assertEqual(wire.answer().body, b'___eio[0]("42[\\"\\u003c/script>\\u2028\\"]");')

    def test_faults(self) -> None:
        """
        A form has its field, in UTF-8, and an index is a number.
        """
        for body, reason in (
            (b"40", "the form field d is missing or empty"),
            (b"d=", "the form field d is missing or empty"),
            (b"data=40", "the form field d is missing or empty"),
            (b"d=4%FF", "the body is not UTF-8"),
        ):
            self.assertFault(self.post(self.open("&j=0"), body), 3, "Bad request", reason)
        self.assertEqual(faultOf(self.get("&j=x").answer())["code"], 3)


class CookieTests(PollingCase):
    """
    A cookie for proxies that keep a client to one server.
    """

    def test_none(self) -> None:
        """
        There is none unless it is asked for.
        """
        self.assertIsNone(self.get().answer().header("Set-Cookie"))

    def test_opening(self) -> None:
        """
        It comes with the session id, once, and is out of scripts' reach.
        """
        self.serve(cookie="io")
        for query in ("", "&j=0"):
            answer = self.get(query).answer()
            found = re.search(rb'sid\\?":\\?"([\w-]{20})', answer.body)
            assert found is not None
            sid = found[1].decode()
            self.assertEqual(
                [value for name, value in answer.headers if name == "Set-Cookie"],
                [f"io={sid}; Path=/; HttpOnly; SameSite=lax"],
            )
            later = f"{query}&sid={sid}"
            for wire in (self.post(later, b"d=40" if query else b"40"), self.get(later)):
                self.assertIsNone(wire.answer().header("Set-Cookie"))

    def test_others(self) -> None:
        """
        No other generation knows it, nor does a WebSocket.
        """
        self.serve(cookie="io")
        self.assertIsNone(self.server.get("/xhr-polling/").answer().header("Set-Cookie"))
        wire = self.server.webSocket("/?EIO=4&transport=websocket")
        self.assertNotIn(b"Set-Cookie", wire.value())


class CompressionTests(PollingCase):
    """
    Large answers are compressed for who takes that.
    """

    def answer(self, accepted: str | None, text: str = BIG, **options: Any) -> Answer:
        """
        The answer that holds an event with this text.
        """
        self.serve(**options)
        query = self.join()
        self.clients[0].emit("a", text)
        headers = {} if accepted is None else {"Accept-Encoding": accepted}
        return self.get(query, headers).answer()

    def assertPlain(self, answer: Answer) -> None:
        """
        It is not compressed.
        """
        self.assertIsNone(answer.header("Content-Encoding"))
        self.assertTrue(answer.body.startswith(b'42["a","'))

    def test_codings(self) -> None:
        """
        In the way that is asked for, gzip before deflate.
        """
        for accepted, coding in (
            ("gzip", "gzip"),
            ("deflate", "deflate"),
            ("deflate, gzip;q=0.5, br", "gzip"),
            ("GZIP", "gzip"),
            ("*", "gzip"),
            ("gzip;q=0, *;q=0.1", "deflate"),
        ):
            answer = self.answer(accepted)
            self.assertEqual(answer.header("Content-Encoding"), coding)
            self.assertEqual(answer.header("Vary"), "Accept-Encoding")
            self.assertEqual(answer.header("Content-Type"), TEXT)
            self.assertLess(len(answer.body), 200)
            inflate = gzip.decompress if coding == "gzip" else zlib.decompress
            self.assertEqual(inflate(answer.body), f'42["a","{BIG}"]'.encode())

    def test_notTaken(self) -> None:
        """
        Who takes none of these gets it as it is, and so do others behind the
        same cache only if they ask alike.
        """
        for accepted in (None, "", "br", "identity", "gzip;q=0, deflate;q=0.0", "gzip;q=2"):
            answer = self.answer(accepted)
            self.assertPlain(answer)
            self.assertEqual(answer.header("Vary"), "Accept-Encoding")

    def test_small(self) -> None:
        """
        What is small is not worth it.
        """
        rest = len('42["a",""]')
        for size in (1, 1023 - rest):
            answer = self.answer("gzip", "x" * size)
            self.assertPlain(answer)
            self.assertIsNone(answer.header("Vary"))
        answer = self.answer("gzip", "x" * (1024 - rest))
        self.assertEqual(answer.header("Content-Encoding"), "gzip")

    def test_off(self) -> None:
        """
        Nor is it done where the application does not want it.
        """
        answer = self.answer("gzip", httpCompression=False)
        self.assertPlain(answer)
        self.assertIsNone(answer.header("Vary"))

    def test_script(self) -> None:
        """
        Scripts are compressed as a whole.
        """
        query = self.open("&j=0")
        self.post(query, b"d=40")
        self.get(query)
        self.clients[0].emit("a", BIG)
        answer = self.get(query, {"Accept-Encoding": "gzip"}).answer()
        self.assertEqual(answer.header("Content-Type"), "text/javascript; charset=UTF-8")
        self.assertTrue(gzip.decompress(answer.body).startswith(b"___eio[0]("))

    def test_first(self) -> None:
        """
        The first protocol's polls are never compressed.
        """
        sid = self.server.open()
        self.server.io.broadcast(BIG)
        answer = self.server.get(f"/xhr-polling/{sid}/1", {"Accept-Encoding": "gzip"}).answer()
        self.assertIsNone(answer.header("Content-Encoding"))


class OriginTests(PollingCase):
    """
    Pages of other origins.
    """

    def headers(self, answer: Answer) -> list[tuple[str, str]]:
        """
        Those that are about that.
        """
        return [(n, v) for n, v in answer.headers if n.startswith("Access-") or n == "Vary"]

    def test_allowed(self) -> None:
        """
        A page that may connect may read the answers, and send cookies.
        """
        self.serve(origins="*:*")
        allowed = [
            ("Access-Control-Allow-Origin", PAGE),
            ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Origin"),
        ]
        answer = self.get("", {"Origin": PAGE}).answer()
        self.assertEqual(self.headers(answer), allowed)
        sid = json.loads(answer.body[1:])["sid"]
        wire = self.server.request("POST", f"/socket.io{URL}&sid={sid}", {"Origin": PAGE}, b"40")
        self.assertEqual(self.headers(wire.answer()), allowed)
        self.assertFault(self.get("&sid=x", {"Origin": PAGE}), 1, "Session ID unknown")
        self.assertEqual(self.headers(self.get("&sid=x", {"Origin": PAGE}).answer()), allowed)
        for method, url, status in (
            ("GET", "/?EIO=9", 400),
            ("GET", "/?EIO=4&transport=other", 400),
            ("PUT", URL, 400),
            ("PUT", "/xhr-polling/", 405),
        ):
            answer = self.server.request(method, f"/socket.io{url}", {"Origin": PAGE}).answer()
            self.assertEqual((answer.status, self.headers(answer)), (status, allowed))

    def test_compressed(self) -> None:
        """
        An answer that differs by both says so.
        """
        self.serve(origins="*:*")
        query = self.join()
        self.clients[0].emit("a", BIG)
        answer = self.get(query, {"Origin": PAGE, "Accept-Encoding": "gzip"}).answer()
        found = [value for name, value in answer.headers if name == "Vary"]
        self.assertEqual(found, ["Origin", "Accept-Encoding"])

    def test_preflight(self) -> None:
        """
        The browser's question beforehand is answered, with or without a
        session.
        """
        self.serve(origins="*:*")
        for query in ("", self.open()):
            answer = self.server.request(
                "OPTIONS",
                f"/socket.io{URL}{query}",
                {"Origin": PAGE, "Access-Control-Request-Headers": "content-type"},
            ).answer()
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertEqual(
                answer.headers,
                [
                    ("Access-Control-Allow-Origin", PAGE),
                    ("Access-Control-Allow-Credentials", "true"),
                    ("Vary", "Origin"),
                    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
                    ("Access-Control-Allow-Headers", "content-type"),
                    ("Access-Control-Max-Age", "600"),
                ],
            )
        self.assertEqual(len(self.server.io._manager.sessions), 1)

    def test_foreign(self) -> None:
        """
        Others are refused, whatever they ask for.
        """
        query = self.open()
        for method, rest in (("GET", ""), ("GET", query), ("POST", query), ("OPTIONS", query)):
            wire = self.server.request(method, f"/socket.io{URL}{rest}", {"Origin": PAGE}, b"")
            self.assertFault(wire, 4, "Forbidden", f"Origin is not allowed: {PAGE}", 403)
            self.assertEqual(self.headers(wire.answer()), [])
        for url in ("/?EIO=9", "/?EIO=4&transport=other"):
            answer = self.server.get(url, {"Origin": PAGE}).answer()
            self.assertEqual((answer.status, self.headers(answer)), (400, []))
        self.assertEqual(len(self.server.io._manager.sessions), 1)


class WhereTests(SynchronousTestCase):
    """
    URLs that can only be meant for Engine.IO.
    """

    def sites(self, **options: Any) -> list[Server]:
        """
        The listener on a site, and in a tree of resources.
        """
        listening, embedded = Server(**options), Server()
        root = Resource()
        io = Listener(reactor=embedded.clock, **options)
        root.putChild(b"socket.io", SocketIOResource(io))
        embedded.site, embedded.io = Site(root, reactor=embedded.clock), io
        return [listening, embedded]

    def test_slash(self) -> None:
        """
        With a slash behind the path, or without, everywhere.
        """
        for server in self.sites():
            for path in ("/socket.io/", "/socket.io"):
                answer = server.request("GET", f"{path}?EIO=4&transport=polling").answer()
                self.assertEqual((answer.status, answer.body[:1]), (200, b"0"))
                sid = json.loads(answer.body[1:])["sid"]
                url = f"{path}?EIO=4&transport=polling&sid={sid}"
                self.assertEqual(server.request("POST", url, body=b"40").answer().body, b"ok")
                self.assertTrue(server.request("GET", url).answer().body.startswith(b"40"))

    def test_wrong(self) -> None:
        """
        What is wrong there is said in JSON, and not by the site.
        """
        for server in self.sites(transports=["websocket", "xhr-polling"]):
            for path in ("/socket.io/", "/socket.io"):
                for query, code, message in (
                    ("EIO=4&transport=polling", 0, "Transport unknown"),
                    ("EIO=4&transport=flashsocket", 0, "Transport unknown"),
                    ("EIO=4&transport=xhr-polling", 0, "Transport unknown"),
                    ("EIO=4", 0, "Transport unknown"),
                    ("EIO=9&transport=websocket", 5, "Unsupported protocol version"),
                    ("EIO=&transport=websocket", 5, "Unsupported protocol version"),
                ):
                    for method in ("GET", "POST", "PUT"):
                        answer = server.request(method, f"{path}?{query}", body=b"").answer()
                        self.assertEqual(answer.status, 400)
                        self.assertEqual(faultOf(answer), {"code": code, "message": message})

    def test_notSpoken(self) -> None:
        """
        A version that is known and not accepted is refused as such.
        """
        for server in self.sites(protocol="eio4"):
            for query in ("EIO=3&transport=polling", "transport=polling"):
                answer = server.get(f"/?{query}").answer()
                self.assertEqual(
                    faultOf(answer), {"code": 5, "message": "Unsupported protocol version"}
                )

    def test_head(self) -> None:
        """
        Who asks for the headers only gets them only.
        """
        for server in self.sites():
            answer = server.request("HEAD", "/socket.io/?EIO=9").answer(head=True)
            self.assertEqual((answer.status, answer.body), (400, b""))
            self.assertEqual(answer.header("Content-Length"), "51")

    def test_notOurs(self) -> None:
        """
        Where Engine.IO is not accepted, and where nothing is asked of it, the
        site has the word.
        """
        for options, query in (
            ({"protocol": "annotated"}, "?EIO=4&transport=polling"),
            ({}, "?t=1"),
        ):
            listening, embedded = self.sites(**options)
            answer = listening.get(f"/{query}").answer()
            self.assertEqual(answer.status, 404)
            self.assertIn(b"No Such Resource", answer.body)
            answer = embedded.get(f"/{query}").answer()
            self.assertEqual(answer.body, b"no such transport or file\n")

    def test_file(self) -> None:
        """
        Below the path, the query means nothing.
        """
        for server in self.sites():
            answer = server.get("/socket.io.js?EIO=4&transport=polling").answer()
            self.assertEqual(answer.status, 200)
            answer = server.get("/xhr-polling/?EIO=4&transport=polling").answer()
            self.assertTrue(answer.body.startswith(b"3:20:"))
