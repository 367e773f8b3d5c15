"""
Where we differ from the genuine server of 2010 on purpose: a test for each
case. C{test_capture.py} has the answers to the letter.
"""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data

from txsocketio import Client, Listener, SocketIOResource
from txsocketio.settings import Settings
from txsocketio.test.support import BINARY, CLOSE, HANDSHAKE, Server, Wire, frame

STREAMS = ("server-events", "htmlfile", "xhr-multipart")
SOCKETS = ("websocket", "flashsocket")

CROSS_ORIGIN = ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Vary")


class DifferenceCase(SynchronousTestCase):
    """
    What these tests have in common.
    """

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

    def openAll(self) -> dict[str, str]:
        """
        A session on each transport.

        @return: the ids, by transport name.
        """
        self.server.get("/xhr-polling/")
        self.server.get("/jsonp-polling//1/0")
        for name in STREAMS:
            self.server.get(f"/{name}/")
        for name in SOCKETS:
            self.server.webSocket(f"/{name}")
        return {client.transport: sid for sid, client in self.server.io.clients.items()}

    def assertRefused(self, wire: Wire, status: int, line: str) -> None:
        answer = wire.answer()
        self.assertEqual((answer.status, answer.body.decode()), (status, f"{line}\n"))


class SessionTests(DifferenceCase):
    """
    Session ids, and who may use them.
    """

    def test_sessionIds(self) -> None:
        """
        Not C{Math.random}: 20 characters that need no quoting.
        """
        ids = {self.server.open() for _ in range(20)}
        self.assertEqual(len(ids), 20)
        for sid in ids:
            self.assertTrue(re.fullmatch("[A-Za-z0-9_-]{20}", sid), sid)

    def test_unknownSessionId(self) -> None:
        """
        Not silence, but 404.
        """
        for wire in (
            self.server.poll("999"),
            self.server.post("/xhr-polling/999/send", "1:2::x,"),
            self.server.get("/jsonp-polling/999/1/0"),
            self.server.post("/jsonp-polling/999/send//0", "1:2::x,"),
            self.server.webSocket("/websocket/999"),
            self.server.webSocket("/flashsocket/999"),
            *(self.server.get(f"/{name}/999/1") for name in STREAMS),
            *(self.server.post(f"/{name}/999/send", "1:2::x,") for name in STREAMS),
        ):
            self.assertRefused(wire, 404, "unknown session id")

    def test_sessionOfAnotherTransport(self) -> None:
        """
        It is not taken over, nor does it suffer.
        """
        sids = self.openAll()
        for owner, thief in permutations(sids, 2):
            sid = sids[owner]
            headers = HANDSHAKE if thief in SOCKETS else {}
            self.assertRefused(
                self.server.get(f"/{thief}/{sid}/1/0", headers),
                400,
                "this session belongs to another transport",
            )
            if thief not in SOCKETS:
                self.assertRefused(
                    self.server.post(f"/{thief}/{sid}/send//0", "1:2::x,"),
                    400,
                    "this session belongs to another transport",
                )
            self.assertTrue(self.server.io.clients[sid].connected)
        self.assertEqual((self.seen, self.gone), ([], []))

    def test_twoPolls(self) -> None:
        """
        The older is answered empty at once, the newer takes over.
        """
        sid = self.server.open()
        older, newer = self.server.poll(sid), self.server.poll(sid)
        self.assertEqual((older.answer().status, older.answer().body), (200, b""))
        self.assertEqual(newer.value(), b"")
        self.server.io.clients[sid].send("x")
        self.assertEqual(newer.answer().body, b"1:2::x,")

    def test_timeouts(self) -> None:
        """
        The same defaults, in seconds.
        """
        self.openAll()
        shown = {
            client.transport: (
                client.session.settings.heartbeatInterval,
                client.session.settings.heartbeatTimeout,
                client.session.settings.closeTimeout,
                client.session.settings.duration,
            )
            for client in self.server.io.clients.values()
        }
        for name in ("websocket", "flashsocket", "htmlfile", "xhr-multipart"):
            self.assertEqual(shown.pop(name), (10, 8, 0, 20))
        # A browser takes its time to come back by itself.
        self.assertEqual(shown.pop("server-events"), (10, 8, 8, 20))
        for name in ("xhr-polling", "jsonp-polling"):
            self.assertEqual(shown.pop(name), (None, 8, 8, 20))
        self.assertEqual(shown, {})
        self.assertEqual(Settings().heartbeatInterval, 10)


class PathTests(DifferenceCase):
    """
    What is ours, and what is the application's.
    """

    def test_unknownTransportOnASite(self) -> None:
        """
        As in the genuine server: the application's.
        """
        folder = Resource()
        self.server.root.putChild(b"socket.io", folder)
        for path in (b"", b"nosuch"):
            folder.putChild(path, Data(b"the application's", "text/plain"))
        for url in ("/", "/nosuch"):
            self.assertEqual(self.server.get(url).answer().body, b"the application's")

    def test_unknownTransportEmbedded(self) -> None:
        """
        There is no application behind a resource.
        """
        clock = MemoryReactorClock()
        root = Resource()
        root.putChild(b"live", SocketIOResource(Listener(reactor=clock)))
        site = Site(root, reactor=clock)
        for url in ("/live", "/live/", "/live/nosuch", "/live/nosuch/1/2"):
            wire = self.server.request("GET", url, wire=Wire(site))
            self.assertRefused(wire, 404, "no such transport or file")
        wire = self.server.request("GET", "/live/xhr-polling/", wire=Wire(site))
        self.assertEqual(wire.answer().status, 200)

    def test_pathThatOnlyBeginsLikeOurs(self) -> None:
        """
        Not ours.
        """
        self.assertEqual(self.server.get("XYZ/xhr-polling/").answer().status, 404)
        self.assertEqual(dict(self.server.io.clients), {})


class HTTPTests(DifferenceCase):
    """
    Methods and connections.
    """

    def test_keepAlive(self) -> None:
        """
        After an answer the next request can come on the same connection.
        """
        sid = self.server.open()
        wire = self.server.poll(sid)
        for number in range(3):
            self.server.io.clients[sid].send(str(number))
            self.server.request("GET", f"/socket.io/xhr-polling/{sid}/1", wire=wire)
        self.assertFalse(wire.disconnecting)
        self.assertEqual(
            [answer.body for answer in wire.answers()], [b"1:2::0,", b"1:2::1,", b"1:2::2,"]
        )

    def test_options(self) -> None:
        """
        204, with what a page of another origin may do, and no session.
        """
        self.serve(origins="good.com:*")
        for transport in ("xhr-polling", "jsonp-polling", *STREAMS):
            answer = self.server.request(
                "OPTIONS",
                f"/socket.io/{transport}/",
                {
                    "Origin": "http://good.com",
                    "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "content-type",
                },
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

    def test_otherMethods(self) -> None:
        """
        405, with those that there are.
        """
        for transport, allowed in (
            ("xhr-polling", "GET, POST, OPTIONS"),
            ("jsonp-polling", "GET, POST, OPTIONS"),
            *((name, "GET, POST, OPTIONS") for name in STREAMS),
            *((name, "GET") for name in SOCKETS),
        ):
            for method in ("HEAD", "PUT", "DELETE", "PATCH", "get", "TRACE"):
                wire = self.server.request(method, f"/socket.io/{transport}//1/0")
                answer = wire.answer(head=method == "HEAD")
                self.assertEqual((answer.status, answer.header("Allow")), (405, allowed))
        self.assertEqual(dict(self.server.io.clients), {})

    def test_postWithoutSessionId(self) -> None:
        """
        400, and no session.
        """
        for url in ("/xhr-polling", "/xhr-polling/", "/xhr-polling//send", "/jsonp-polling//1/0"):
            self.assertRefused(
                self.server.post(url, "1:2::x,"), 400, "a POST needs a session id in its URL"
            )
        self.assertEqual(dict(self.server.io.clients), {})

    def test_postWithoutData(self) -> None:
        """
        400, and the session does not suffer.
        """
        sid = self.server.open()
        for body in (b"", b"x=1", b"data=", b"data", b"Data=x", b"data=&data=1:2::x,"):
            wire = self.server.request("POST", f"/socket.io/xhr-polling/{sid}/send", {}, body)
            self.assertRefused(wire, 400, "the form field data is missing or empty")
        self.server.post(f"/xhr-polling/{sid}/send", "1:2::x,")
        self.assertEqual((self.seen, self.gone), (["x"], []))

    def test_webSocketWithoutUpgrade(self) -> None:
        """
        426, with what to upgrade to.
        """
        for name in SOCKETS:
            wire = self.server.get(f"/{name}")
            self.assertEqual(wire.answer().header("Upgrade"), "websocket")
            self.assertRefused(wire, 426, "this URL takes WebSocket connections only")


class OriginTests(DifferenceCase):
    """
    Pages of other sites.
    """

    def assertHeaders(self, wire: Wire, *values: str | None) -> None:
        answer = wire.answer()
        self.assertEqual(answer.status, 200)
        self.assertEqual(tuple(map(answer.header, CROSS_ORIGIN)), values)

    def test_allowed(self) -> None:
        """
        The origin itself, with or without a cookie.
        """
        self.serve(origins=["good.com:*", "http://a.org:8080"])
        for origin in ("http://good.com", "https://good.com", "http://a.org:8080"):
            for cookie in ({}, {"Cookie": "a=b"}):
                headers = {"Origin": origin, **cookie}
                sid = self.server.open()
                self.server.io.clients[sid].send("x")
                for wire in (
                    self.server.get(f"/xhr-polling/{sid}/1", headers),
                    self.server.post(f"/xhr-polling/{sid}/send", "1:2::x,", headers),
                ):
                    self.assertHeaders(wire, origin, "true", "Origin")

    def test_everybody(self) -> None:
        """
        C{*:*} is not answered with a star either.
        """
        self.serve(origins="*:*")
        for origin in ("http://e.com", "null"):
            wire = self.server.get("/xhr-polling/", {"Origin": origin})
            self.assertHeaders(wire, origin, "true", "Origin")

    def test_withoutOrigin(self) -> None:
        """
        Nothing.
        """
        self.serve(origins="*:*")
        sid = self.server.open()
        self.server.io.clients[sid].send("x")
        self.assertHeaders(self.server.poll(sid), None, None, None)
        self.assertHeaders(self.server.post(f"/xhr-polling/{sid}/send", "1:1::,"), None, None, None)

    def test_errorsCanBeRead(self) -> None:
        """
        A page is told what it did wrong.
        """
        self.serve(origins="*:*")
        answer = self.server.get("/xhr-polling/999", {"Origin": "http://e.com"}).answer()
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), "http://e.com")

    def test_refused(self) -> None:
        """
        403 naming the origin, whatever is asked, and nothing comes of it.
        """
        sid = self.server.open()
        evil = {"Origin": "http://evil.com"}
        for wire in (
            self.server.get("/xhr-polling/", evil),
            self.server.get(f"/xhr-polling/{sid}/1", evil),
            self.server.post(f"/xhr-polling/{sid}/send", "1:2::x,", evil),
            self.server.post("/jsonp-polling/1/1/0", "1:2::x,", evil),
            self.server.request("OPTIONS", "/socket.io/xhr-polling/", evil),
            self.server.get("/xhr-multipart/", evil),
            self.server.get("/server-events/", evil),
            *(self.server.post(f"/{name}/1/send", "1:2::x,", evil) for name in STREAMS),
            self.server.webSocket(headers=evil),
        ):
            self.assertRefused(wire, 403, "Origin is not allowed: http://evil.com")
            self.assertIsNone(wire.answer().header("Access-Control-Allow-Origin"))
        self.assertEqual((list(self.server.io.clients), self.seen), ([sid], []))

    def test_refusedJSONP(self) -> None:
        """
        A script element shows no status: 200, and the alert of the capture;
        C{test_streaming} has that of a frame.
        """
        for headers in (
            {"Origin": "http://evil.com"},
            {"Sec-Fetch-Site": "cross-site", "Referer": "http://evil.com/page"},
        ):
            answer = self.server.get("/jsonp-polling//1/0", headers).answer()
            self.assertEqual(
                (answer.status, answer.body),
                (200, b"alert('Cross domain security restrictions not met')"),
            )
        self.assertEqual(dict(self.server.io.clients), {})

    def test_default(self) -> None:
        """
        The site's own origin.
        """
        for origin in ("http://example.com", "https://example.com"):
            host = {"Origin": origin}
            self.assertHeaders(self.server.get("/xhr-polling/", host), origin, "true", "Origin")
        for origin in ("http://example.org", "http://example.com:8080", "null"):
            answer = self.server.get("/xhr-polling/", {"Origin": origin}).answer()
            self.assertEqual(answer.status, 403)


class JSONPTests(DifferenceCase):
    """
    What forms and script elements make of the packets.
    """

    def open(self) -> str:
        """
        Open a session, whose id is returned.
        """
        self.server.get("/jsonp-polling//1/0")
        (sid,) = self.server.io.clients
        return sid

    def test_lineEnds(self) -> None:
        """
        A form ends each line with CR LF: turned back, wherever it is.
        """
        sid = self.open()
        body = b"data=1%3A10%3Aj%0D%0A%3A%7B%22a%22%3A1%7D%2C1%3A4%3A%3Aa%0D%0Ab%2C"
        wire = self.server.request("POST", f"/socket.io/jsonp-polling/{sid}/send//0", {}, body)
        self.assertEqual((wire.answer().status, wire.answer().body), (200, b"ok"))
        self.assertEqual(self.seen, [{"a": 1}, "a\nb"])

    def test_lineEndsElsewhere(self) -> None:
        """
        No other transport has a form in between.
        """
        sid = self.server.open()
        self.server.post(f"/xhr-polling/{sid}/send", "1:3::\r\n,")
        self.assertEqual(self.seen, ["\r\n"])

    def test_withoutIndex(self) -> None:
        """
        400, for a new session as for an old one.
        """
        sid = self.open()
        for url in ("", "/", "//", "//x", f"/{sid}", f"/{sid}/", f"/{sid}/1/x"):
            self.assertRefused(
                self.server.get(f"/jsonp-polling{url}"),
                400,
                "a JSONP request needs an index at the end of its URL",
            )
        self.assertEqual(list(self.server.io.clients), [sid])

    def test_lineSeparators(self) -> None:
        """
        Escaped, since they ended a string in browsers before 2019.
        """
        sid = self.open()
        self.server.io.clients[sid].send("\u2028\u2029")
        answer = self.server.get(f"/jsonp-polling/{sid}/1/0").answer()
        self.assertEqual(answer.body, rb'io.JSONP[0]._("1:3::\u2028\u2029,")')


class ProtocolTests(DifferenceCase):
    """
    Broken frames, and what ends a session.
    """

    def test_brokenFrames(self) -> None:
        """
        They end the session, with one clear reason.
        """
        for data, line in (
            (":1:x,", "a frame without a type"),
            ("1::x,", "a frame without a length"),
            ("1:2::xy", "no ',' where a frame's data ends, but 'y'"),
        ):
            self.serve()
            sid = self.server.open()
            self.assertRefused(self.server.post(f"/xhr-polling/{sid}/send", data), 400, line)
            self.assertRefused(self.server.poll(sid), 404, "unknown session id")
            self.assertEqual(self.gone, ["parse error"])

    def test_brokenFramesOnAWebSocket(self) -> None:
        """
        The same, by the code of the closing.
        """
        wire = self.server.webSocket()
        wire.frames()
        wire.say(":1:x,")
        (closing,) = wire.frames()
        self.assertEqual(closing, (CLOSE, b"\x03\xeaparse error: a frame without a type"))
        self.assertEqual(self.gone, ["parse error"])

    def test_goodbye(self) -> None:
        """
        Both spellings of it are read.
        """
        for goodbye in ("0:0:,", "0:9:undefined,"):
            self.serve()
            sid = self.server.open()
            answer = self.server.post(f"/xhr-polling/{sid}/send", goodbye).answer()
            self.assertEqual((answer.status, answer.body), (200, b"ok"))
            self.assertEqual(self.gone, ["client namespace disconnect"])

    def test_unknownRealm(self) -> None:
        """
        A realm that the application does not know ends the session.
        """
        sid = self.server.open()
        wire = self.server.post(f"/xhr-polling/{sid}/send", "1:5:r:x\n:,")
        self.assertRefused(wire, 400, "there is no namespace '/x'")
        self.assertEqual(self.gone, ["parse error"])

    def test_binary(self) -> None:
        """
        The first protocol has no binary messages.
        """
        wire = self.server.webSocket()
        wire.frames()
        wire.receive(frame(BINARY, b"1:2::x,"))
        (closing,) = wire.frames()
        self.assertEqual(
            closing,
            (CLOSE, b"\x03\xeaparse error: binary data, which this protocol does not know"),
        )
        self.assertEqual((self.seen, self.gone), ([], ["parse error"]))


class ClientFileTests(DifferenceCase):
    """
    What caches need.
    """

    def test_validators(self) -> None:
        """
        The tag is quoted, and found wherever it may stand.
        """
        tag = self.server.get("/socket.io.js").answer().header("ETag") or ""
        self.assertTrue(re.fullmatch('"[0-9a-f]+"', tag), tag)
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*", tag.strip('"')):
            answer = self.server.get("/socket.io.js", {"If-None-Match": known}).answer()
            self.assertEqual((answer.status, answer.header("ETag"), answer.body), (304, tag, b""))
        for other in ('"x"', "x", '""'):
            answer = self.server.get("/socket.io.js", {"If-None-Match": other}).answer()
            self.assertEqual(answer.status, 200)

    def test_head(self) -> None:
        """
        Served, as GET without the body.
        """
        got = self.server.get("/socket.io.js").answer()
        head = self.server.request("HEAD", "/socket.io/socket.io.js").answer(head=True)
        self.assertEqual((head.status, head.headers, head.body), (200, got.headers, b""))


class PolicyTests(DifferenceCase):
    """
    The Flash policy; C{test_flashpolicy.py} has what is said on its own port.
    """

    def test_noDoubles(self) -> None:
        """
        One policy for each option of origins, each entry once.
        """
        self.serve(origins=["good.com:*", "good.com:*", "a.org:80", "http://a.org"])
        wire = self.server.connect()
        wire.receive(b"<policy-file-request/>\0")
        lines = re.findall(rb"<allow-access-from[^>]*>", wire.value())
        self.assertEqual(
            lines,
            [
                b'<allow-access-from domain="good.com" to-ports="*"/>',
                b'<allow-access-from domain="a.org" to-ports="80"/>',
            ],
        )
