"""
Tests for L{txsocketio.resource} and L{txsocketio.bodylimit}, through a site
in memory.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

import txsocketio
from txsocketio import Listener, LocalProtocolError, SocketIOResource
from txsocketio.test.peer import Peer
from txsocketio.test.support import Answer, Server, Wire


class Echo(Resource):
    """
    A resource of the site's own, which tells how it was found.
    """

    def __init__(self, isLeaf: bool = True) -> None:
        super().__init__()
        self.isLeaf = isLeaf

    def getChild(self, path: bytes, request: Request) -> Resource:
        """
        One that is no leaf is its own child.
        """
        return self

    def render(self, request: Request) -> bytes:
        """
        Method, where it stands, what is below that, and how much has come.
        """
        assert request.content is not None
        parts = (
            request.method,
            b"/".join(request.prepath or ()),
            b"/".join(request.postpath or ()),
            b"%d" % len(request.content.read()),
        )
        return b" ".join(parts)


def siteOf(root: Resource) -> Site:
    """
    A site on a clock of its own.
    """
    return Site(root, reactor=MemoryReactorClock())


def get(site: Site, url: str, method: str = "GET", body: bytes = b"") -> Answer:
    """
    The answer to a request of its own connection.
    """
    wire = Wire(site)
    head = f"{method} {url} HTTP/1.1\r\nHost: example.com\r\nContent-Length: {len(body)}\r\n\r\n"
    wire.receive(head.encode("ascii") + body)
    return wire.answer()


def opens(site: Site, path: str) -> bool:
    """
    Whether a session can be opened under a path.
    """
    return get(site, f"{path}/xhr-polling/").body.startswith(b"3:20:")


NOT_OURS = (
    "/",
    "/page",
    "/page/socket.io/xhr-polling",
    "/socket.io",
    "/socket.io/",
    "/socket.ioXYZ",
    "/socket.ioXYZ/",
    "/socket.ioXYZ/xhr-polling/",
    "/socket.io.js",
    "/socket.io/carrier-pigeon/",
    "/socket.io/carrier-pigeon/abc/1",
    "/socket.io/nothing.js",
    "/socket.io//xhr-polling/",
    "//socket.io/xhr-polling/",
    "/SOCKET.IO/xhr-polling/",
)
"""URLs that the site itself has to answer."""


class Listening(SynchronousTestCase):
    """
    L{txsocketio.listen} takes its own path, and only that.
    """

    def setUp(self) -> None:
        self.server = Server()
        self.site = self.server.site

    def listenOn(self, root: Resource) -> Site:
        """
        A site of that root, with a listener on it.
        """
        site = siteOf(root)
        txsocketio.listen(site, reactor=MemoryReactorClock())
        return site

    def test_ours(self) -> None:
        """
        Transports and client files are.
        """
        self.assertTrue(opens(self.site, "/socket.io"))
        self.assertTrue(opens(self.site, "/socket%2Eio"))
        self.assertEqual(200, get(self.site, "/socket.io/socket.io.js").status)
        self.assertEqual(426, get(self.site, "/socket.io/websocket").status)
        self.assertTrue(Peer(self.server).client.connected)

    def test_leaf(self) -> None:
        """
        All others go to a root that is a leaf, which finds its path as it
        would without us; whatever the method, and body included.
        """
        site, plain = self.listenOn(Echo()), siteOf(Echo())
        for url in NOT_OURS:
            for method, body in (("GET", b""), ("POST", b"hello"), ("DELETE", b"")):
                expected = get(plain, url, method, body)
                self.assertEqual(200, expected.status)
                self.assertEqual(expected, get(site, url, method, body), url)
        self.assertTrue(opens(site, "/socket.io"))

    def test_tree(self) -> None:
        """
        So with a root that is none, and with leaves below it.
        """

        def tree() -> Resource:
            root = Echo(isLeaf=False)
            root.putChild(b"page", Echo())
            root.putChild(b"socket.ioXYZ", Echo())
            return root

        site, plain = self.listenOn(tree()), siteOf(tree())
        for url in (*NOT_OURS, "/page/deep/er", "/a/b"):
            expected = get(plain, url, "POST", b"hello")
            self.assertEqual(200, expected.status)
            self.assertEqual(expected, get(site, url, "POST", b"hello"), url)
        self.assertTrue(opens(site, "/socket.io"))

    def test_addedLater(self) -> None:
        """
        Resources that are added when the listener is there already are found,
        wherever they are added.
        """
        self.server.root.putChild(b"one", Echo())
        self.site.resource.putChild(b"two", Echo())
        for url in ("/one", "/two"):
            self.assertEqual(200, get(self.site, url).status)

    def test_siteInATree(self) -> None:
        """
        A site's resource may stand in another site's tree.
        """
        for isLeaf in (True, False):
            whole = Resource()
            whole.putChild(b"sub", self.listenOn(Echo(isLeaf)).resource)
            plain = Resource()
            plain.putChild(b"sub", Echo(isLeaf))
            for url in ("/sub", "/sub/", "/sub/page"):
                self.assertEqual(get(siteOf(plain), url), get(siteOf(whole), url))
            self.assertTrue(opens(siteOf(whole), "/sub/socket.io"))

    def test_bodies(self) -> None:
        """
        The limit for bodies is ours, not the site's.
        """
        site = siteOf(Echo())
        txsocketio.listen(site, reactor=MemoryReactorClock(), maxPayload=10)
        for url in ("/upload", "/socket.ioXYZ", "/socket.ioXYZ/send", "/socket.io"):
            self.assertTrue(get(site, url, "POST", b"x" * 11).body.endswith(b" 11"), url)
        self.assertEqual(413, get(site, "/socket.io/xhr-polling/x/send", "POST", b"x" * 11).status)

    def test_two(self) -> None:
        """
        Two listeners on one site, each with its path and its limits.
        """
        site, clock = siteOf(Echo()), MemoryReactorClock()
        small = txsocketio.listen(site, reactor=clock, resource="small.io", maxPayload=10)
        large = txsocketio.listen(site, reactor=clock, resource="large.io", maxPayload=20)
        self.assertTrue(opens(site, "/small.io"))
        self.assertTrue(opens(site, "/large.io"))
        self.assertEqual((1, 1), (len(small.clients), len(large.clients)))
        body = b"x" * 15
        self.assertEqual(413, get(site, "/small.io/xhr-polling/x/send", "POST", body).status)
        self.assertEqual(404, get(site, "/large.io/xhr-polling/x/send", "POST", body).status)
        self.assertEqual(413, get(site, "/large.io/xhr-polling/x", "POST", b"x" * 21).status)
        self.assertEqual(200, get(site, "/page", "POST", b"x" * 21).status)

    def test_requestFunction(self) -> None:
        """
        A site may make its requests by a function; bodies are then refused
        when they have been read.
        """
        site = Site(Echo(), reactor=MemoryReactorClock(), requestFactory=partial(Request))
        io = txsocketio.listen(site, reactor=MemoryReactorClock(), maxPayload=10)
        self.assertTrue(opens(site, "/socket.io"))
        (sid,) = io.clients
        url = f"/socket.io/xhr-polling/{sid}/send"
        self.assertEqual(413, get(site, url, "POST", b"x" * 11).status)
        self.assertEqual(200, get(site, "/page", "POST", b"x" * 11).status)


class Embedding(SynchronousTestCase):
    """
    L{SocketIOResource}.
    """

    def setUp(self) -> None:
        self.io = Listener(reactor=MemoryReactorClock())
        root = Resource()
        self.site = siteOf(root)
        deep = Resource()
        root.putChild(b"app", deep)
        deep.putChild(b"live", SocketIOResource(self.io))

    def test_deep(self) -> None:
        """
        Deep in a tree, under any name.
        """
        self.assertTrue(opens(self.site, "/app/live"))
        self.assertEqual(1, len(self.io.clients))
        self.assertEqual(200, get(self.site, "/app/live/socket.io.js").status)
        self.assertFalse(opens(self.site, "/socket.io"))
        self.assertFalse(opens(self.site, "/app/live/socket.io"))

    def test_webSocket(self) -> None:
        """
        WebSockets, too.
        """
        server = Server()
        server.root.putChild(b"live", SocketIOResource(self.io))
        wire = server.request(
            "GET",
            "/live/websocket",
            {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        (sid,) = self.io.clients
        self.assertEqual([f"3:20:{sid},"], wire.texts())

    def test_session(self) -> None:
        """
        A whole session.
        """
        said: list[str] = []
        self.io.on("clientMessage", lambda message, client: said.append(message))
        self.assertTrue(opens(self.site, "/app/live"))
        (sid,) = self.io.clients
        url = f"/app/live/xhr-polling/{sid}"
        posted = get(self.site, f"{url}/send", "POST", b"data=1%3A3%3A%3Ahi%2C")
        self.assertEqual((200, b"ok"), (posted.status, posted.body))
        self.assertEqual(["hi"], said)
        self.io.broadcast("ho")
        self.assertEqual(b"1:3::ho,", get(self.site, f"{url}/1").body)

    def test_rivals(self) -> None:
        """
        Protocols that share their URLs meet on one listener, mounted twice;
        neither can go on with the other's sessions.
        """
        heard: list[str] = []
        self.io.on("clientMessage", lambda message, client: heard.append(client.protocol))
        root = Resource()
        root.putChild(b"new", SocketIOResource(self.io))
        root.putChild(b"old", SocketIOResource(self.io, protocol="0.6"))
        site = siteOf(root)
        new = get(site, "/new/xhr-polling/").body.decode("ascii").removeprefix("3:20:")[:20]
        old = get(site, "/old/xhr-polling/").body.decode("ascii").removeprefix("~m~20~m~")
        self.assertEqual([new, old], list(self.io.clients))
        self.assertEqual(400, get(site, f"/new/xhr-polling/{old}").status)
        self.assertEqual(400, get(site, f"/old/xhr-polling/{new}").status)
        self.assertEqual(404, get(site, "/old/?EIO=4&transport=polling").status)
        for url, body in (
            (f"/new/xhr-polling/{new}", "1:3::hi,"),
            (f"/old/xhr-polling/{old}", "~m~2~m~hi"),
        ):
            posted = get(site, f"{url}/send", "POST", b"data=" + quote(body).encode("ascii"))
            self.assertEqual(200, posted.status)
        self.assertEqual(["annotated", "0.6"], heard)
        self.io.broadcast("ho")
        self.assertEqual(b"1:3::ho,", get(site, f"/new/xhr-polling/{new}/1").body)
        self.assertEqual(b"~m~2~m~ho", get(site, f"/old/xhr-polling/{old}/1").body)

    def test_unknownProtocol(self) -> None:
        """
        There is no such thing.
        """
        self.assertRaises(LocalProtocolError, SocketIOResource, self.io, "0.5")

    def test_limit(self) -> None:
        """
        Bodies over the limit are refused, too.
        """
        io = Listener(reactor=MemoryReactorClock(), maxPayload=10)
        root = Resource()
        root.putChild(b"live", SocketIOResource(io))
        self.assertTrue(opens(siteOf(root), "/live"))
        (sid,) = io.clients
        url = f"/live/xhr-polling/{sid}/send"
        self.assertEqual(413, get(siteOf(root), url, "POST", b"x" * 11).status)

    def test_notFound(self) -> None:
        """
        Everything else below it gets 404, with a line that says why.
        """
        for url in ("", "/", "/carrier-pigeon/", "/nothing.js", "/__proto__", "/%2e%2e/x", "/%FF"):
            for method in ("GET", "POST", "DELETE"):
                answer = get(self.site, f"/app/live{url}", method)
                self.assertEqual(404, answer.status, url)
                self.assertEqual("text/plain; charset=UTF-8", answer.header("Content-Type"))
                self.assertEqual(b"no such transport or file\n", answer.body)

    def test_head(self) -> None:
        """
        A question for the headers only is answered without a word in the log.
        """
        wire = Wire(self.site)
        with capturedLogs() as logged:
            wire.receive(b"HEAD /app/live/nothing HTTP/1.1\r\nHost: example.com\r\n\r\n")
        self.assertEqual((404, b""), (wire.answer(head=True).status, wire.answer(head=True).body))
        self.assertEqual([], [event for event in logged if "HEAD request" in formatEvent(event)])
