"""
Tests for L{txsocketio.bodylimit}: what is too large is refused before it is
read.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

import txsocketio
from txsocketio.test.support import Server, Wire

LIMIT = 1000
TOO_LARGE = (413, b"the body exceeds 1000 bytes\n")


class Upload(Resource):
    """
    An application's own resource: answers how many bytes it has got.
    """

    isLeaf = True

    def render_POST(self, request: Any) -> bytes:
        return str(len(request.content.read())).encode()


def chunk(data: bytes) -> bytes:
    """
    One chunk of a chunked body.
    """
    return b"%x\r\n%b\r\n" % (len(data), data)


class LimitTests(SynchronousTestCase):
    """
    A listener on a site, with a small limit.
    """

    def setUp(self) -> None:
        self.server = Server(maxPayload=LIMIT)
        self.server.root.putChild(b"upload", Upload())
        self.seen: list[Any] = []
        self.server.io.on("clientMessage", lambda message, client: self.seen.append(message))
        self.sid = self.server.open()

    def tearDown(self) -> None:
        """
        Whatever happened, the session has not suffered, and nothing was
        logged.
        """
        self.assertTrue(self.server.io.clients[self.sid].connected)
        self.assertEqual(self.flushLoggedErrors(), [])

    def begin(self, *headers: str, url: str | None = None, wire: Wire | None = None) -> Wire:
        """
        Send the head of a POST.
        """
        url = f"/socket.io/xhr-polling/{self.sid}/send" if url is None else url
        wire = self.server.connect() if wire is None else wire
        wire.receive("\r\n".join([f"POST {url} HTTP/1.1", *headers, "", ""]).encode())
        return wire

    def assertRefused(self, wire: Wire) -> None:
        answer = wire.answer()
        self.assertEqual((answer.status, answer.body), TOO_LARGE)
        self.assertEqual(answer.header("Connection"), "close")
        self.assertTrue(wire.disconnecting)
        self.assertEqual(self.seen, [])

    def assertTaken(self, wire: Wire, message: str) -> None:
        answer = wire.answers()[-1]
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        self.assertEqual(self.seen, [message])
        self.assertFalse(wire.disconnecting)

    def body(self, size: int) -> tuple[bytes, str]:
        """
        A body of that size, and the message in it.
        """
        text = "x" * (size - len(b"data=1:900::,"))
        data = f"data=1:{len(text) + 1}::{text},".encode()
        self.assertEqual(len(data), size)
        return data, text

    def test_contentLength(self) -> None:
        """
        Refused by its announcement.
        """
        for length in (LIMIT + 1, 10**6, 10**30):
            self.assertRefused(self.begin(f"Content-Length: {length}"))

    def test_contentLengthAllowed(self) -> None:
        """
        As long as it may be.
        """
        data, text = self.body(LIMIT)
        wire = self.begin(f"Content-Length: {LIMIT}")
        wire.receive(data)
        self.assertTaken(wire, text)

    def test_chunked(self) -> None:
        """
        Refused when it has become too large; nobody waits for its end.
        """
        wire = self.begin("Transfer-Encoding: chunked")
        wire.receive(chunk(b"x" * LIMIT))
        self.assertEqual(wire.value(), b"")
        wire.receive(b"1\r\nx")
        self.assertRefused(wire)

    def test_chunkedAllowed(self) -> None:
        """
        As long as it may be.
        """
        data, text = self.body(LIMIT)
        wire = self.begin("Transfer-Encoding: chunked")
        wire.receive(chunk(data[:500]) + chunk(data[500:]) + chunk(b""))
        self.assertTaken(wire, text)

    def test_oneLargeChunk(self) -> None:
        """
        Its announced size is not waited for.
        """
        wire = self.begin("Transfer-Encoding: chunked")
        wire.receive(b"ffffff\r\n" + b"x" * (LIMIT + 1))
        self.assertRefused(wire)

    def test_manyChunksInOneSegment(self) -> None:
        """
        Refused once.
        """
        wire = self.begin("Transfer-Encoding: chunked")
        wire.receive(chunk(b"x" * 400) * 20 + chunk(b""))
        self.assertRefused(wire)

    def test_trickled(self) -> None:
        """
        A byte at a time, each a chunk.
        """
        wire = self.begin("Transfer-Encoding: chunked")
        for _ in range(LIMIT):
            wire.receive(chunk(b"x"))
        self.assertEqual(wire.value(), b"")
        wire.receive(chunk(b"x"))
        self.assertRefused(wire)

    def test_expect(self) -> None:
        """
        Nobody is told to go on with what will be refused.
        """
        self.assertRefused(self.begin("Expect: 100-continue", "Content-Length: 1001"))

    def test_expectAllowed(self) -> None:
        """
        Everybody else is.
        """
        data, text = self.body(LIMIT)
        wire = self.begin("Expect: 100-continue", f"Content-Length: {LIMIT}")
        self.assertEqual(wire.value(), b"HTTP/1.1 100 Continue\r\n\r\n")
        wire.receive(data)
        self.assertTaken(wire, text)

    def test_sameSegment(self) -> None:
        """
        The body behind the head, and another request behind it: neither is
        heard.
        """
        data, _ = self.body(LIMIT + 1)
        wire = self.server.connect()
        head = f"POST /socket.io/xhr-polling/{self.sid}/send HTTP/1.1\r\n"
        for length in ("Content-Length: 1001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"):
            wire = self.server.connect()
            body = data if length.startswith("C") else chunk(data) + chunk(b"")
            wire.receive((head + length).encode() + body + b"GET /upload HTTP/1.1\r\n\r\n")
            self.assertRefused(wire)

    def test_behindAnotherRequest(self) -> None:
        """
        The earlier one is answered first.
        """
        poll = self.server.poll(self.sid)
        self.begin("Content-Length: 1001", wire=poll)
        self.assertEqual(poll.value(), b"")
        self.server.io.clients[self.sid].send("x")
        first, second = poll.answers()
        self.assertEqual((first.status, first.body), (200, b"1:2::x,"))
        self.assertEqual((second.status, second.body), TOO_LARGE)

    def test_afterwards(self) -> None:
        """
        What still comes is not heard, and does no harm.
        """
        wire = self.begin("Content-Length: 1001")
        wire.protocol.dataReceived(b"x" * 1001)
        wire.protocol.dataReceived(b"GET /upload HTTP/1.1\r\n\r\n")
        self.assertRefused(wire)

    def test_otherMethods(self) -> None:
        """
        A body is a body.
        """
        wire = self.server.connect()
        wire.receive(b"GET /socket.io/xhr-polling/ HTTP/1.1\r\nContent-Length: 1001\r\n\r\n")
        self.assertRefused(wire)

    def test_encodedPath(self) -> None:
        """
        There is more than one way to write a path.
        """
        url = f"/%73ocket%2Eio/xhr-polling/{self.sid}/send"
        self.assertRefused(self.begin("Content-Length: 1001", url=url))

    def test_query(self) -> None:
        """
        It does not hide the path.
        """
        url = f"/socket.io/xhr-polling/{self.sid}/send?/upload"
        self.assertRefused(self.begin("Content-Length: 1001", url=url))

    def test_withoutSlash(self) -> None:
        """
        The path itself is ours, too, where a query follows as Engine.IO has it.
        """
        url = "/socket.io?EIO=4&transport=polling&sid=x"
        self.assertRefused(self.begin("Content-Length: 1001", url=url))

    def test_otherPaths(self) -> None:
        """
        The application's own limits are the application's.
        """
        for url in ("/upload", "/upload?/socket.io/", "/upload/socket.io/"):
            wire = self.begin("Content-Length: 100000", url=url)
            wire.receive(b"x" * 100_000)
            self.assertEqual((wire.answer().status, wire.answer().body), (200, b"100000"))
            wire = self.begin("Transfer-Encoding: chunked", url=url)
            wire.receive(chunk(b"x" * 100_000) + chunk(b""))
            self.assertEqual((wire.answer().status, wire.answer().body), (200, b"100000"))

    def test_pathsThatOnlyBeginLikeOurs(self) -> None:
        """
        Not ours.
        """
        self.server.root.putChild(b"socket.ioXYZ", Upload())
        wire = self.begin("Content-Length: 1001", url="/socket.ioXYZ")
        wire.receive(b"x" * 1001)
        self.assertEqual(wire.answer().body, b"1001")


class OwnRequest(Request):
    """
    A site's own class of requests.
    """


class SiteTests(SynchronousTestCase):
    """
    Sites that are not as usual.
    """

    def site(self, requestFactory: Any) -> Site:
        return Site(Resource(), requestFactory=requestFactory, reactor=MemoryReactorClock())

    def post(self, site: Site, url: str, size: int) -> tuple[int, bytes]:
        """
        @return: status and body of the answer to a POST of which the body's
            last byte is missing; to all of it where that has none.
        """
        wire = Wire(site)
        wire.receive(f"POST {url} HTTP/1.1\r\nContent-Length: {size}\r\n\r\n".encode())
        wire.receive(b"x" * (size - 1))
        if not wire.value():
            wire.receive(b"x")
        return wire.answer().status, wire.answer().body

    def test_ownRequests(self) -> None:
        """
        They stay what they are.
        """
        site = self.site(OwnRequest)
        txsocketio.listen(site, reactor=MemoryReactorClock(), maxPayload=LIMIT)
        factory: Any = site.requestFactory
        self.assertTrue(issubclass(factory, OwnRequest))
        self.assertEqual(self.post(site, "/socket.io/xhr-polling/1", 1001), TOO_LARGE)

    def test_function(self) -> None:
        """
        Where a function makes the requests, a body is refused after it has
        been read.
        """

        def make(*args: Any, **kwargs: Any) -> Request:
            return OwnRequest(*args, **kwargs)

        site = self.site(make)
        io = txsocketio.listen(site, reactor=MemoryReactorClock(), maxPayload=LIMIT)
        self.assertIs(site.requestFactory, make)
        Wire(site).receive(b"GET /socket.io/xhr-polling/ HTTP/1.1\r\n\r\n")
        (sid,) = io.clients
        wire = Wire(site)
        wire.receive(
            f"POST /socket.io/xhr-polling/{sid}/send HTTP/1.1\r\n"
            "Content-Length: 1001\r\n\r\n".encode()
        )
        self.assertEqual(wire.value(), b"")
        wire.receive(b"x" * 1001)
        self.assertEqual((wire.answer().status, wire.answer().body), TOO_LARGE)

    def test_twoListeners(self) -> None:
        """
        Each has its own limit.
        """
        site = self.site(Request)
        for resource, limit in (("small", LIMIT), ("large", 10 * LIMIT)):
            txsocketio.listen(
                site, resource=resource, reactor=MemoryReactorClock(), maxPayload=limit
            )
        self.assertEqual(self.post(site, "/small/xhr-polling/1", 1001), TOO_LARGE)
        self.assertEqual(self.post(site, "/large/xhr-polling/1", 10_000)[0], 404)
        self.assertEqual(
            self.post(site, "/large/xhr-polling/1", 10_001),
            (413, b"the body exceeds 10000 bytes\n"),
        )


class TwistedTests(SynchronousTestCase):
    """
    What L{txsocketio.bodylimit} leans on, though Twisted does not promise it.
    """

    def test_path(self) -> None:
        """
        When a request's headers are complete, its channel has the path in
        C{_path}, as it was sent.
        """
        paths: list[bytes] = []

        class Watched(Request):
            def gotLength(self, length: int | None) -> None:
                super().gotLength(length)
                paths.append(self.channel._path)

        site = Site(Resource(), requestFactory=Watched, reactor=MemoryReactorClock())
        wire = Wire(site)
        for _ in range(2):
            wire.receive(b"POST /a%20b?c=d HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
        self.assertEqual(paths, [b"/a%20b?c=d"] * 2)
