"""
Tests for what L{txsocketio.outgoing} is made of: addresses, options, the way
through the network, and what is noticed only at its edges.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any
from unittest import skipIf

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

import txsocketio
from txsocketio import (
    AckTimeout,
    ClientSocket,
    ConnectFailed,
    DisconnectReason,
    LocalProtocolError,
)
from txsocketio.frames import Frame
from txsocketio.outbox import Outbox
from txsocketio.outgoing.address import Address
from txsocketio.outgoing.offsets import isOffset
from txsocketio.outgoing.options import ConnectOptions
from txsocketio.test.lines import Lines
from txsocketio.test.test_outgoing import Meeting

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from twisted.internet.ssl import Certificate, PrivateCertificate, trustRootFromCertificates
    from twisted.protocols.tls import TLSMemoryBIOFactory

    noTLS = False
except ImportError:
    noTLS = True

NOW = datetime(2026, 11, 24, tzinfo=timezone.utc)  # noqa: UP017


class Addresses(SynchronousTestCase):
    """
    L{Address}.
    """

    def url(self, url: str, resource: str = "socket.io", **query: Any) -> str:
        """
        What is asked for with C{x}.
        """
        return Address.of(url, resource, query).url("http", "x")

    def test_urls(self) -> None:
        """
        Scheme, host, port and path.
        """
        for url, wanted in (
            ("http://h", "http://h:80/socket.io/x"),
            ("ws://h:81/", "http://h:81/socket.io/x"),
            ("https://H.example/a/b/", "https://h.example:443/a/b/socket.io/x"),
            ("wss://h/a b%20c/\u00e9", "https://h:443/a%20b%20c/%C3%A9/socket.io/x"),
            ("http://[::1]:8080", "http://[::1]:8080/socket.io/x"),
            ("http://b\u00fccher.example", "http://xn--bcher-kva.example:80/socket.io/x"),
            ("http://h/?a=1&b", "http://h:80/socket.io/x?a=1&b"),
        ):
            self.assertEqual(self.url(url), wanted)

    def test_resources(self) -> None:
        """
        What is asked for lies below the resource, and there may be none.
        """
        self.assertEqual(self.url("http://h/a", "/b/c/"), "http://h:80/a/b/c/x")
        self.assertEqual(self.url("http://h/a", ""), "http://h:80/a/x")

    def test_query(self) -> None:
        """
        It is sent along with the URL's own, behind what the generation asks.
        """
        address = Address.of("http://h/?u=1", "r", {"a": "b c&", "n": 2})
        self.assertEqual(address.target("p?q=1"), "/r/p?q=1&u=1&a=b+c%26&n=2")
        self.assertEqual(address.target(""), "/r/?u=1&a=b+c%26&n=2")

    def test_injection(self) -> None:
        """
        Nothing in it ends the line of a request.
        """
        for url in ("http://h/a\r\nb", "http://h/?a\r\nb c"):
            made = self.url(url)
            self.assertNotIn("\n", made)
            self.assertNotIn(" ", made)

    def test_wrong(self) -> None:
        """
        What is no URL of a server.
        """
        for url in ("", "h", "ftp://h", "http://", "http://h:x", "http://h:99999", "http://u:p@h"):
            self.assertRaises(LocalProtocolError, self.url, url)


class Choices(SynchronousTestCase):
    """
    L{ConnectOptions}.
    """

    def test_wrong(self) -> None:
        """
        What makes no sense is told at once.
        """
        for given, told in (
            ({"nothing": 1}, "unknown option 'nothing'"),
            ({"maxRooms": 1}, "unknown option 'maxRooms'"),
            ({"maxQueue": -1}, "maxQueue takes"),
            ({"upgrade": "no"}, "upgrade takes True or False"),
            ({"query": "a=1"}, "query takes a mapping"),
            ({"headers": {"a": "b\r\nc"}}, "a header cannot have lines"),
            ({"requestTimeout": None}, "requestTimeout takes a number"),
            ({"protocol": "eio5"}, "unknown protocol 'eio5'"),
            ({"parser": "xml"}, "parser takes text or msgpack"),
            ({"transports": ["pigeon"]}, "unknown transport 'pigeon'; eio4 has polling, websocket"),
            ({"transports": []}, "no transports"),
            ({"proxy": "socks5://p"}, "proxy takes http://"),
            ({"proxy": "http://p:x"}, "proxy: "),
        ):
            error = self.assertRaises(LocalProtocolError, txsocketio.connect, "http://h", **given)
            self.assertIn(told, str(error))

    def test_transports(self) -> None:
        """
        Those that are given, in that order, or all there are.
        """
        known = ["polling", "websocket"]
        for given, wanted in (
            ({}, known),
            ({"transports": "websocket"}, ["websocket"]),
            ({"transports": ["websocket", "polling"]}, ["websocket", "polling"]),
            ({"upgrade": False}, ["polling"]),
        ):
            options, _ = ConnectOptions.of(given)
            self.assertEqual(options.choose(known), wanted)

    def test_reactor(self) -> None:
        """
        Without one it is Twisted's own.
        """
        service = txsocketio.SocketIOClientService("http://h")
        self.assertTrue(IReactorTime.providedBy(service._connection.reactor))


def nodes(time: datetime) -> str:
    """
    A time as Node's server writes it.
    """
    letters = f"{digits}{ascii_uppercase}{ascii_lowercase}-_"
    number, text = int(time.timestamp() * 1000), ""
    while number:
        number, letter = divmod(number, 64)
        text = letters[letter] + text
    return text


class Offsets(SynchronousTestCase):
    """
    L{isOffset}.
    """

    def test_offsets(self) -> None:
        """
        Numbers, what logs in databases have, and Node's times, if they are near.
        """
        for text in (
            *("1", "1234567890", "1678886400000-0", "6412f4b0c9e77c0b2d3e4f5a"),
            *(nodes(NOW), nodes(NOW) + ".0", nodes(NOW - timedelta(days=29))),
        ):
            self.assertTrue(isOffset(text, NOW.timestamp()), text)

    def test_words(self) -> None:
        """
        Anything else is what somebody has said.
        """
        for text in (
            *("", "hello", "message", "Quality", "1.5", "-1", "1 ", "\u0661"),
            *(nodes(NOW) + "!", nodes(NOW)[:6], nodes(NOW - timedelta(days=31))),
        ):
            self.assertFalse(isOffset(text, NOW.timestamp()), text)


class Boxes(SynchronousTestCase):
    """
    L{Outbox.takeSome}.
    """

    def test_some(self) -> None:
        """
        As much as fits, but at least one, in their order, and all in the end.
        """
        box = Outbox()
        frames = [Frame("x" * size) for size in (10, 10, 500, 10)]
        for frame in frames:
            box.append(frame)
        self.assertEqual(box.takeSome(100), frames[:2])
        self.assertEqual(box.takeSome(100), [frames[2]])
        self.assertEqual((len(box), box.size), (1, 10))
        self.assertEqual(box.takeSome(float("inf")), [frames[3]])
        self.assertEqual((box.takeSome(100), box.size), ([], 0))


class Edges(Meeting):
    """
    What a socket does that is written to, or listened to, in less common ways.
    """

    transports = ("websocket",)

    def test_backpressure(self) -> None:
        """
        While the socket takes no more, what is said waits, but for what is
        volatile; then it leaves.
        """
        socket = self.connect()
        heard = self.hears(self.client(), "e")
        producer: Any = self.lines.up[0].near.producer
        producer.pauseProducing()
        socket.emit("e", 1)
        socket.volatile.emit("e", 2)
        lost = socket.volatile.emitWithAck("e", 3, timeout=1)
        self.lines.pump()
        self.assertEqual(heard, [])
        self.assertGreater(socket.pending, 0)
        producer.resumeProducing()
        self.lines.pump()
        self.assertEqual((heard, socket.pending), ([("e", 1)], 0))
        self.clock.advance(1)
        self.failureResultOf(lost, AckTimeout)
        producer.stopProducing()

    def test_limit(self) -> None:
        """
        Over polling, no request is longer than the server allows, if one
        message is not.
        """
        self.server = type(self.server)(protocol=("eio4",), maxPayload=2000)
        self.server.io.on("connection", self.clients.append)
        self.lines = Lines(lambda: self.server.site.buildProtocol(None))
        socket = self.connect(transports=["polling"])
        heard = self.hears(self.client(), "e")
        for number in range(50):
            socket.emit("e", number, "x" * 200, b"y" * 100)
        self.lines.pump()
        self.assertEqual([number for _, number, *_ in heard], [*range(50)])

    def test_cookies(self) -> None:
        """
        What a server gives goes back with all that follows, the WebSocket too,
        beside what the application sends.
        """
        self.server = type(self.server)(protocol=("eio4",), cookie="io")
        self.lines = Lines(lambda: self.server.site.buildProtocol(None))
        self.connect(transports=None, headers={"cookie": "own=1"})
        first, *rest = [
            request
            for line in self.lines.lines
            for request in b"".join(line.near.all).split(b"HTTP/1.1\r\n")[1:]
            if b"ookie" in request
        ]
        self.assertIn(b"own=1\r\n", first)
        self.assertGreater(len(rest), 2)
        for request in rest:
            self.assertRegex(request, rb"(?i)cookie: own=1; io=[\w-]{20}\r\n")

    def test_overheard(self) -> None:
        """
        Handlers of all events, and middleware.
        """
        socket = self.connect()
        heard: list[Any] = []

        def stop(event: str, *args: Any) -> None:
            if event == "stopped":
                raise ValueError("no")

        first = socket.onAny(lambda *said: heard.append(("any", *said)))
        socket.prependAny(lambda *said: heard.append(("before", *said)))
        socket.use(stop)
        socket.on("error", lambda error: heard.append(("error", str(error))))
        self.client().emit("e", 1)
        self.client().emit("stopped")
        self.lines.pump()
        self.assertEqual(heard, [("before", "e", 1), ("any", "e", 1), ("error", "no")])
        socket.offAny(first)
        socket.offAny()

    def test_one_after_the_other(self) -> None:
        """
        An event waits for the handlers of the one before, or does not.
        """
        for isConcurrent in (False, True):
            socket = self.connect(concurrentHandlers=isConcurrent)
            waiting: list[Deferred[None]] = []

            def slow(waiting: list[Deferred[None]] = waiting) -> Deferred[None]:
                waiting.append(Deferred())
                return waiting[-1]

            socket.on("e", slow)
            for _ in range(2):
                self.clients[-1].emit("e")
            self.lines.pump()
            self.assertEqual(len(waiting), 2 if isConcurrent else 1)
            for each in waiting:
                each.callback(None)

    def test_told(self) -> None:
        """
        What it says of itself.
        """
        socket = self.connect()
        self.assertEqual(repr(socket), f"<ClientSocket {socket.sessionId} in / over websocket>")
        socket.disconnect()
        self.assertEqual(repr(socket), f"<ClientSocket {socket.sessionId} in / over nothing>")
        self.assertEqual((socket.transport, socket.pending), ("", 0))

    def test_again(self) -> None:
        """
        One that has gone may come back by itself, over another connection.
        """
        socket = self.connect()
        socket.disconnect()
        self.lines.pump()
        back = socket.connect()
        self.lines.pump()
        self.assertIs(self.successResultOf(back), socket)
        self.assertIs(self.successResultOf(socket.connect()), socket)
        self.assertEqual(len(self.clients), 2)

    def test_manyNamespaces(self) -> None:
        """
        Not more than C{maxNamespaces}, and none that cannot be named.
        """
        socket = self.connect(maxNamespaces=2)
        socket.of("/a")
        self.assertRaises(LocalProtocolError, socket.of, "/b")
        self.assertRaises(LocalProtocolError, socket.of, "/a,b")


class Proxy(Protocol):
    """
    A proxy that lets everybody through to one server.

    @ivar request: what it was asked.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._isThrough = False
        self.request = b""

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        if self._isThrough:
            self._server.dataReceived(data)
            return
        self.request, end, rest = (self.request + data).partition(b"\r\n\r\n")
        if end:
            assert self.transport is not None
            self._isThrough = True
            self.transport.write(b"HTTP/1.1 200 Through\r\nVia: me\r\n\r\n")
            self._server.makeConnection(self.transport)
            if rest:
                self._server.dataReceived(rest)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        if self._isThrough:
            self._server.connectionLost(reason)


class Proxied(Meeting):
    """
    Through a proxy.
    """

    def test_through(self) -> None:
        """
        Polling and WebSocket both go through it, with a name and password.
        """
        proxies: list[Proxy] = []

        def proxy() -> Proxy:
            proxies.append(Proxy(self.server.site.buildProtocol(None)))
            return proxies[-1]

        self.lines = Lines(proxy)
        socket = self.connect(proxy="http://ann:p%40ss@proxy.example:3128")
        self.client().on("echo", lambda *args: args)
        self.pass_(5)
        self.assertEqual(socket.transport, "websocket")
        self.assertEqual(self.result(socket.emitWithAck("echo", "x" * 10_000)), "x" * 10_000)
        for each in proxies:
            self.assertEqual(
                each.request,
                b"CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n"
                b"Proxy-Authorization: Basic YW5uOnBAc3M=",
            )
        done = socket.disconnect()
        self.lines.pump()
        self.successResultOf(done)
        self.assertEqual(self.lines.up, [])


@skipIf(noTLS, "without TLS")
class Secure(Meeting):
    """
    TLS, over whatever leads there.
    """

    def setUp(self) -> None:
        super().setUp()
        self.certificate = certificate("example.com")
        tls = TLSMemoryBIOFactory(self.certificate.options(), False, self.server.site, self.clock)
        self.lines = Lines(lambda: tls.buildProtocol(None))

    def start(self, url: str = "https://example.com", **options: Any) -> Deferred[ClientSocket]:
        """
        Connect.
        """
        connecting = txsocketio.connect(url, endpoint=self.lines, reactor=self.clock, **options)
        for _ in range(10):
            self.lines.pump()
            self.clock.advance(0)
        return connecting

    def test_trusted(self) -> None:
        """
        Polling and WebSocket both speak it, and the server knows.
        """
        root = trustRootFromCertificates([Certificate.load(self.certificate.dump())])
        for transports in (["polling"], ["websocket"], ["polling", "websocket"]):
            socket = self.successResultOf(self.start(trustRoot=root, transports=transports))
            for _ in range(5):
                self.lines.pump()
                self.clock.advance(1)
            self.assertEqual(socket.transport, transports[-1])
            self.assertTrue(self.clients[-1].handshake.secure)
            done = socket.disconnect()
            for _ in range(10):
                self.lines.pump()
                self.clock.advance(1)
            self.successResultOf(done)

    def test_proxied(self) -> None:
        """
        Through a proxy it is spoken with the server, not with the proxy.
        """
        root = trustRootFromCertificates([Certificate.load(self.certificate.dump())])
        secure = self.lines
        self.lines = Lines(lambda: Proxy(secure._server()))
        for transports in (["polling"], ["websocket"]):
            given = {"trustRoot": root, "transports": transports, "proxy": "http://proxy"}
            self.assertTrue(self.successResultOf(self.start(**given)).connected)
            self.assertTrue(self.clients[-1].handshake.secure)

    def test_untrusted(self) -> None:
        """
        Who is not believed is not spoken with, nor one with another's name.
        """
        root = trustRootFromCertificates([Certificate.load(self.certificate.dump())])
        for url, given in (
            ("https://example.com", {}),
            ("wss://other.example", {"trustRoot": root}),
        ):
            for transports in (["polling"], ["websocket"]):
                connecting = self.start(url, transports=transports, **given)
                self.clock.advance(5)
                failure = self.failureResultOf(connecting, ConnectFailed)
                self.assertEqual(failure.value.reason, DisconnectReason.TRANSPORT_ERROR)
        self.assertEqual(self.clients, [])


def certificate(name: str) -> Any:
    """
    A certificate of that name, signed by itself, with its key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)  # noqa: UP017
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, SHA256())
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        NoEncryption,
        PrivateFormat,
    )

    pem = made.public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PrivateCertificate.loadPEM(pem)
