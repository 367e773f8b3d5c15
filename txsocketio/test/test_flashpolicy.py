"""
Tests for L{txsocketio.flashpolicy}.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IProtocolFactory,
    IProtocolNegotiationFactory,
    ISSLTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import CertificateOptions, KeyPair
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.test import iosim
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from txsocketio.flashpolicy import REQUEST, PolicyFactory, sniffing
from txsocketio.origins import Origins

ORIGINS = Origins("good.com:*")
POLICY = b"""\
<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
<allow-access-from domain="good.com" to-ports="*"/>
</cross-domain-policy>
"""
GET = b"GET /page HTTP/1.1\r\nHost: our.org\r\n\r\n"
DONE = Failure(ConnectionDone())


class TCPTransport(StringTransport):
    """
    A transport that knows its protocol and half-closes, as sockets do.
    """

    protocol: Any
    writeClosed = False

    def loseWriteConnection(self) -> None:
        self.writeClosed = True

    def deliver(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.protocol.dataReceived(piece)


def opened(factory: Any, transport: TCPTransport | None = None) -> TCPTransport:
    """
    A new connection to C{factory}.
    """
    transport = transport or TCPTransport()
    transport.protocol = factory.buildProtocol(transport.getPeer())
    transport.protocol.makeConnection(transport)
    return transport


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


class PolicyFactoryTests(SynchronousTestCase):
    """
    The policy's own port.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.factory = PolicyFactory(ORIGINS, clock=self.clock)

    def assertAnswered(self, transport: TCPTransport) -> None:
        self.assertEqual(transport.value(), POLICY)
        self.assertTrue(transport.disconnecting)
        self.assertFalse(transport.disconnected)

    def assertTurnedAway(self, transport: TCPTransport) -> None:
        self.assertEqual(transport.value(), b"")
        self.assertTrue(transport.disconnecting)

    def test_answer(self) -> None:
        """
        Who asks gets the policy, and nobody else's bytes after it.
        """
        transport = opened(self.factory)
        self.assertEqual(transport.value(), b"")
        transport.deliver(REQUEST)
        self.assertAnswered(transport)

    def test_pieces(self) -> None:
        """
        The request may come in any two pieces, or byte by byte.
        """
        for at in range(1, len(REQUEST)):
            transport = opened(self.factory)
            transport.deliver(REQUEST[:at])
            self.assertFalse(transport.disconnecting)
            transport.deliver(REQUEST[at:])
            self.assertAnswered(transport)
        transport = opened(self.factory)
        transport.deliver(*bytewise(REQUEST))
        self.assertAnswered(transport)

    def test_bytesBehind(self) -> None:
        """
        What follows the request in the same piece does not matter.
        """
        transport = opened(self.factory)
        transport.deliver(REQUEST + b"\r\n")
        self.assertAnswered(transport)

    def test_anythingElse(self) -> None:
        """
        The first wrong byte ends the connection.
        """
        for at in range(len(REQUEST)):
            transport = opened(self.factory)
            transport.deliver(REQUEST[:at] + b"\xff")
            self.assertTurnedAway(transport)

    def test_silence(self) -> None:
        """
        A connection lasts five seconds, whether it is silent or trickles.
        """
        silent, trickling = opened(self.factory), opened(self.factory)
        self.clock.advance(4.9)
        trickling.deliver(b"<")
        self.assertFalse(silent.disconnecting or trickling.disconnecting)
        self.clock.advance(0.1)
        self.assertTurnedAway(silent)
        self.assertTurnedAway(trickling)

    def test_timeout(self) -> None:
        """
        The time is the user's to choose.
        """
        transport = opened(PolicyFactory(ORIGINS, timeout=1, clock=self.clock))
        self.clock.advance(1)
        self.assertTurnedAway(transport)

    def test_answerNotTaken(self) -> None:
        """
        Nor does a connection last longer to get rid of its answer.
        """
        transport = opened(self.factory)
        transport.deliver(REQUEST)
        self.clock.advance(5)
        self.assertTrue(transport.disconnected)

    def test_lost(self) -> None:
        """
        Nothing is left of a connection, however it ended.
        """
        transport = opened(self.factory)
        transport.protocol.connectionLost(DONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        transport = opened(self.factory)
        self.clock.advance(5)
        transport.protocol.connectionLost(DONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_sendAtOnce(self) -> None:
        """
        With C{sendAtOnce} nobody has to ask. Only our end is closed then, so
        that a request under way does not reset the connection; what comes in
        closes it, and is not answered again.
        """
        factory = PolicyFactory(ORIGINS, sendAtOnce=True, clock=self.clock)
        for pieces in ([REQUEST], bytewise(REQUEST), [b"GET"]):
            transport = opened(factory)
            self.assertEqual(transport.value(), POLICY)
            self.assertTrue(transport.writeClosed)
            self.assertFalse(transport.disconnecting)
            transport.deliver(*pieces)
            self.assertAnswered(transport)

    def test_sendAtOnceToTheSilent(self) -> None:
        """
        With C{sendAtOnce} too, a connection lasts no longer than else.
        """
        transport = opened(PolicyFactory(ORIGINS, sendAtOnce=True, clock=self.clock))
        self.clock.advance(5)
        self.assertTrue(transport.disconnected)

    def test_reactor(self) -> None:
        """
        Without a clock, the reactor's is taken.
        """
        transport = opened(PolicyFactory(ORIGINS))
        transport.deliver(REQUEST)
        self.assertAnswered(transport)
        transport.protocol.connectionLost(DONE)


class Page(Resource):
    """
    Answers with what a request was like.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        secure = b"secure" if request.isSecure() else b"plain"
        return b"%s %s over %s" % (request.method, request.uri, secure)


class Recorder(Protocol):
    """
    Keeps what it is given, piece by piece.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.reasons: list[Failure] = []

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reasons.append(reason)


class InlineTests(SynchronousTestCase):
    """
    The policy on the port of a L{Site}.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.site = Site(Page(), reactor=self.clock)
        self.factory = sniffing(self.site, ORIGINS)

    def assertServed(self, transport: StringTransport) -> None:
        head, _, body = transport.value().partition(b"\r\n\r\n")
        self.assertEqual(head.splitlines()[0], b"HTTP/1.1 200 OK")
        self.assertEqual(body, b"GET /page over plain")
        self.assertFalse(transport.disconnecting)

    def assertAnswered(self, transport: StringTransport) -> None:
        self.assertEqual(transport.value(), POLICY)
        self.assertTrue(transport.disconnecting)

    def test_answer(self) -> None:
        """
        The policy, and not a byte more.
        """
        transport = opened(self.factory)
        transport.deliver(REQUEST)
        self.assertAnswered(transport)

    def test_pieces(self) -> None:
        """
        The request may come in any two pieces, or byte by byte.
        """
        for at in range(1, len(REQUEST)):
            transport = opened(self.factory)
            transport.deliver(REQUEST[:at], REQUEST[at:])
            self.assertAnswered(transport)
        transport = opened(self.factory)
        transport.deliver(*bytewise(REQUEST))
        self.assertAnswered(transport)

    def test_afterTheAnswer(self) -> None:
        """
        What still comes in is nobody's.
        """
        transport = opened(self.factory)
        transport.deliver(REQUEST + GET, REQUEST, GET)
        self.assertAnswered(transport)

    def test_answeredAndLost(self) -> None:
        """
        The site's channel learns of the end, and leaves no timer.
        """
        transport = opened(self.factory)
        transport.deliver(REQUEST)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        transport.protocol.connectionLost(DONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_request(self) -> None:
        """
        Anything else is the site's, in whatever pieces it comes.
        """
        for pieces in ([GET], bytewise(GET), [GET[:1], GET[1:]]):
            transport = opened(self.factory)
            transport.deliver(*pieces)
            self.assertServed(transport)

    def test_nearlyTheRequest(self) -> None:
        """
        The site answers for itself what looks like the request and is none.
        """
        for first in (b"<\r\n", b"<policy-file-request/>\r\n", b"<policy-file-request/\0\r\n"):
            expected = opened(self.site)
            expected.deliver(first)
            self.assertIn(b"400 Bad Request", expected.value())
            for pieces in ([first], bytewise(first)):
                transport = opened(self.factory)
                transport.deliver(*pieces)
                self.assertEqual(transport.value(), expected.value())
                self.assertTrue(transport.disconnecting)

    def test_nothingIsLost(self) -> None:
        """
        What was held back comes first, in one piece with what decided.
        """
        recorder = Recorder()
        transport = opened(sniffing(Factory.forProtocol(lambda: recorder), ORIGINS))
        transport.deliver(b"<poli", b"c", b"e", b"!", b"after")
        self.assertEqual(recorder.pieces, [b"<police", b"!", b"after"])
        self.assertIs(recorder.transport, transport)

    def test_standsAside(self) -> None:
        """
        After the first bytes, the transport has no other protocol than
        without us.
        """
        transport = opened(self.factory)
        transport.deliver(b"<")
        self.assertNotIsInstance(transport.protocol, type(self.site.buildProtocol(None)))
        transport.deliver(b"G")
        self.assertIsInstance(transport.protocol, type(self.site.buildProtocol(None)))

    def test_inTheWrappingProtocol(self) -> None:
        """
        TLS and other wrapping protocols keep their protocol under another
        name, and pass on that of the socket below them under this one.
        """
        transport = TCPTransport()
        transport.protocol = below = Recorder()
        recorder = Recorder()
        factory: Any = sniffing(Factory.forProtocol(lambda: recorder), ORIGINS)
        sniffer = factory.buildProtocol(None)
        transport.wrappedProtocol = sniffer  # type: ignore[attr-defined]
        sniffer.makeConnection(transport)
        sniffer.dataReceived(GET)
        self.assertIs(transport.wrappedProtocol, recorder)  # type: ignore[attr-defined]
        self.assertIs(transport.protocol, below)

    def test_protocolUnderNoKnownName(self) -> None:
        """
        A transport that keeps us hands on what comes in through us.
        """
        transport = StringTransport()
        protocol: Any = self.factory.buildProtocol(transport.getPeer())
        protocol.makeConnection(transport)
        protocol.dataReceived(GET[:20])
        protocol.dataReceived(GET[20:])
        self.assertServed(transport)
        protocol.connectionLost(DONE)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_takenOverAtOnce(self) -> None:
        """
        A protocol that gives the connection to another one while the first
        bytes are replayed has done so.
        """

        class Upgrading(Recorder):
            def dataReceived(self, data: bytes) -> None:
                transport.protocol = after

        after = Recorder()
        transport = TCPTransport()
        opened(sniffing(Factory.forProtocol(Upgrading), ORIGINS), transport)
        transport.deliver(GET, b"frame")
        self.assertEqual(after.pieces, [b"frame"])

    def test_silence(self) -> None:
        """
        The site's own timeout holds from the beginning: for the silent, and
        for those who never come to an end.
        """
        silent, trickling = opened(self.factory), opened(self.factory)
        trickling.deliver(b"<")
        self.clock.advance(59)
        trickling.deliver(b"p")
        self.assertFalse(silent.disconnecting or trickling.disconnecting)
        self.clock.advance(1)
        self.assertTrue(silent.disconnecting and trickling.disconnecting)

    def test_producer(self) -> None:
        """
        The site's channel is the transport's producer from the beginning,
        and is not when the answer goes out.
        """
        transport = opened(self.factory)
        self.assertIsNotNone(transport.producer)
        transport.deliver(REQUEST)
        self.assertIsNone(transport.producer)

    def test_lostBeforeTheFirstByte(self) -> None:
        """
        The end of a connection is told, with its reason.
        """
        recorder = Recorder()
        transport = opened(sniffing(Factory.forProtocol(lambda: recorder), ORIGINS))
        transport.protocol.connectionLost(DONE)
        self.assertEqual(recorder.reasons, [DONE])

    def test_refusingFactory(self) -> None:
        """
        A factory that wants no connection gets none.
        """

        class Full(Factory):
            def buildProtocol(self, addr: object) -> None:
                return None

        self.assertIsNone(sniffing(Full(), ORIGINS).buildProtocol(StringTransport().getPeer()))

    def test_factory(self) -> None:
        """
        The result is the factory in all but its protocols: it starts and
        stops it, and negotiates what it does.
        """
        calls: list[str] = []

        class Started(Factory):
            def doStart(self) -> None:
                calls.append("start")

            def doStop(self) -> None:
                calls.append("stop")

        factory = sniffing(Started(), ORIGINS)
        factory.doStart()
        factory.doStop()
        self.assertEqual(calls, ["start", "stop"])
        self.assertFalse(IProtocolNegotiationFactory.providedBy(factory))
        self.assertTrue(IProtocolFactory.providedBy(factory))
        site: Any = self.factory
        self.assertTrue(IProtocolNegotiationFactory.providedBy(site))
        self.assertEqual(site.acceptableProtocols(), self.site.acceptableProtocols())

    def test_inPlace(self) -> None:
        """
        A site that is in use already can be given a sniffer.
        """
        self.site.buildProtocol = self.factory.buildProtocol  # type: ignore[method-assign]
        transport = opened(self.site)
        transport.deliver(GET)
        self.assertServed(transport)
        transport = opened(self.site)
        transport.deliver(REQUEST)
        self.assertAnswered(transport)


class TLSTests(SynchronousTestCase):
    """
    The same over TLS.
    """

    def setUp(self) -> None:
        clock = Clock()
        site = Site(Page(), reactor=clock)
        options = KeyPair.generate().selfSignedCert(1, CN="our.org").options()
        self.server: Any = TLSMemoryBIOFactory(
            options, False, sniffing(site, ORIGINS), clock
        ).buildProtocol(None)
        self.channel = type(site.buildProtocol(None))
        self.recorder = Recorder()
        client: Any = TLSMemoryBIOFactory(
            CertificateOptions(), True, Factory.forProtocol(lambda: self.recorder), clock
        ).buildProtocol(None)
        self.pump = iosim.connect(
            self.server,
            iosim.makeFakeServer(self.server),
            client,
            iosim.makeFakeClient(client),
            clock=clock,
        )

    def exchange(self, *pieces: bytes) -> bytes:
        for piece in pieces:
            transport: Any = self.recorder.transport
            transport.write(piece)
            self.pump.flush()
        return b"".join(self.recorder.pieces)

    def test_request(self) -> None:
        """
        The site is served over a secure transport, its own channel alone.
        """
        self.assertTrue(self.exchange(GET[:1], GET[1:]).endswith(b"GET /page over secure"))
        self.assertIsInstance(self.server.wrappedProtocol, self.channel)
        self.assertTrue(ISSLTransport.providedBy(self.server.wrappedProtocol._channel.transport))

    def test_answer(self) -> None:
        """
        The policy comes whole, and the connection is closed behind it.
        """
        self.assertEqual(self.exchange(REQUEST[:7], REQUEST[7:]), POLICY)
        self.assertEqual(len(self.recorder.reasons), 1)
        self.recorder.reasons[0].trap(ConnectionDone)
