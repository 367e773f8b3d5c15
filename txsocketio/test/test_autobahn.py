"""
What C{websocket.py}, C{_autobahn.py}, C{_direct.py}, C{_connection.py} and
C{_http.py} in C{txsocketio/transports} lean on in Autobahn and in Twisted beyond their
documented interfaces. Where one of these fails after an upgrade, those files
want a look.
"""

from __future__ import annotations

from collections.abc import Sequence
from socket import socketpair
from typing import Any
from unittest.mock import Mock

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import CertificateOptions
from twisted.internet.tcp import Connection
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel, Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from txsocketio.frames import Frame
from txsocketio.test.support import CLOSE, HANDSHAKE, PING, PONG, TEXT, Server, Wire, frame
from txsocketio.transports._autobahn import Machine, configured
from txsocketio.transports.websocket import WebSocketTransport

OPENING = (
    "GET / HTTP/1.1\r\nHost: x\r\n"
    + "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
    + "\r\n"
).encode()


DEFLATING = OPENING.replace(
    b"Host: x\r\n", b"Host: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
)


def accepted(offers: Sequence[Any]) -> PerMessageDeflateOfferAccept:
    """
    Compress as is offered.
    """
    return PerMessageDeflateOfferAccept(offers[0])


class Watched(WebSocketServerProtocol):
    """
    Writes down which of the methods that we override are called.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def onConnect(self, request: ConnectionRequest) -> None:
        self.calls.append(("onConnect",))
        if request.path != "/":
            raise ConnectionDeny(418, "not for you")

    def onOpen(self) -> None:
        self.calls.append(("onOpen", self.state))

    def onMessageBegin(self, isBinary: bool) -> None:
        self.calls.append(("onMessageBegin", isBinary))
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        self.calls.append(("onMessageFrameBegin", length))
        super().onMessageFrameBegin(length)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.calls.append(("onMessage", payload, isBinary))

    def onPing(self, payload: bytes) -> None:
        self.calls.append(("onPing", payload))

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        self.calls.append(("sendCloseFrame", code, reasonUtf8, isReply))
        super().sendCloseFrame(code, reasonUtf8, isReply)

    def dropConnection(self, abort: bool = False) -> None:
        self.calls.append(("dropConnection", abort))
        super().dropConnection(abort)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.calls.append(("onClose", self.state))


class AutobahnTests(SynchronousTestCase):
    """
    Autobahn by itself, with the options that we give it.
    """

    def setUp(self) -> None:
        self.factory = WebSocketServerFactory(reactor=MemoryReactorClock())
        self.factory.protocol = Watched
        self.factory.setProtocolOptions(
            webStatus=False, failByDrop=False, openHandshakeTimeout=0, closeHandshakeTimeout=0
        )

    def open(self, opening: bytes = OPENING) -> tuple[Wire, Watched]:
        """
        Open a WebSocket; what has been called up to then is forgotten.
        """
        site: Any = self.factory
        wire = Wire(site)
        protocol: Any = wire.protocol
        wire.receive(opening)
        wire.clear()
        self.assertEqual(protocol.calls[0], ("onConnect",))
        del protocol.calls[:2]
        return wire, protocol

    def test_states(self) -> None:
        """
        They are told apart, and passed through in this order.
        """
        wire, protocol = self.open()
        states = [protocol.state]
        protocol.sendCloseFrame(1000)
        states.append(protocol.state)
        protocol.dropConnection()
        states.append(protocol.state)
        expected = [protocol.STATE_OPEN, protocol.STATE_CLOSING, protocol.STATE_CLOSED]
        self.assertEqual(states, expected)
        self.assertEqual(len({*states, protocol.STATE_CONNECTING}), 4)
        self.assertTrue(wire.disconnecting)

    def test_openWhenOpened(self) -> None:
        """
        C{onOpen} can write: the answer to the opening has gone out.
        """

        class Greeting(Watched):
            transport: Any

            def onOpen(self) -> None:
                super().onOpen()
                self.transport.write(b"greeting")

        self.factory.protocol = Greeting
        site: Any = self.factory
        wire = Wire(site)
        wire.receive(OPENING)
        protocol: Any = wire.protocol
        self.assertEqual(protocol.calls, [("onConnect",), ("onOpen", protocol.STATE_OPEN)])
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 101 "))
        self.assertTrue(wire.value().endswith(b"\r\n\r\ngreeting"))

    def test_peerCloses(self) -> None:
        """
        C{sendCloseFrame} as a reply, then C{dropConnection}, then C{onClose}.
        """
        wire, protocol = self.open()
        wire.receive(frame(CLOSE, b"\x03\xe8bye"))
        self.assertEqual(
            protocol.calls,
            [
                ("sendCloseFrame", 1000, None, True),
                ("dropConnection", False),
                ("onClose", protocol.STATE_CLOSED),
            ],
        )
        self.assertEqual(wire.frames(), [(CLOSE, b"\x03\xe8")])

    def test_peerAnswersOurClose(self) -> None:
        """
        C{dropConnection} at once, to abort; C{sendCloseFrame} is not called
        again.
        """
        wire, protocol = self.open()
        protocol.sendCloseFrame(1001, b"bye")
        self.assertEqual(wire.frames(), [(CLOSE, b"\x03\xe9bye")])
        wire.receive(frame(CLOSE, b"\x03\xe9"))
        self.assertEqual(
            protocol.calls[1:], [("dropConnection", True), ("onClose", protocol.STATE_CLOSED)]
        )
        self.assertTrue(wire.aborted)

    def test_fault(self) -> None:
        """
        C{sendCloseFrame}, not as a reply, and nothing is dropped.
        """
        wire, protocol = self.open()
        wire.receive(frame(3, b"x"))
        reason = b"data frame using reserved opcode 3"
        self.assertEqual(protocol.calls[0], ("sendCloseFrame", 1002, reason, False))
        self.assertNotIn("dropConnection", [call[0] for call in protocol.calls])
        self.assertTrue(protocol.failedByMe)
        self.assertFalse(wire.disconnecting)

    def test_connectionLost(self) -> None:
        """
        C{onClose}, whatever was before.
        """
        wire, protocol = self.open()
        wire.lose()
        self.assertEqual([call[0] for call in protocol.calls], ["onClose"])

    def test_deny(self) -> None:
        """
        The status and line of a C{ConnectionDeny} are the answer's.
        """
        site: Any = self.factory
        wire = Wire(site)
        wire.receive(OPENING.replace(b"GET /", b"GET /x"))
        self.assertEqual((wire.answer().status, wire.answer().reason), (418, "not for you"))
        self.assertTrue(wire.disconnecting)

    def test_drop(self) -> None:
        """
        To drop is C{loseConnection} or C{abortConnection}, and happens once.
        """
        for abort in (False, True):
            wire, protocol = self.open()
            protocol.dropConnection(abort=abort)
            self.assertEqual((wire.disconnecting, wire.aborted), (True, abort))
            self.assertFalse(wire.connected)

    def test_fragments(self) -> None:
        """
        C{onMessageFrameBegin} for each, empty ones included;
        C{_fail_connection} makes C{failedByMe} true and sends the code.
        """
        wire, protocol = self.open()
        self.assertFalse(protocol.failedByMe)
        wire.receive(frame(TEXT, b"", final=False) + frame(0, b"", final=False) + frame(0, b"x"))
        self.assertEqual(
            protocol.calls,
            [
                ("onMessageBegin", False),
                ("onMessageFrameBegin", 0),
                ("onMessageFrameBegin", 0),
                ("onMessageFrameBegin", 1),
                ("onMessage", b"x", False),
            ],
        )
        protocol._fail_connection(1009, "too many")
        self.assertTrue(protocol.failedByMe)
        self.assertEqual(protocol.calls[-1], ("sendCloseFrame", 1009, b"too many", False))

    def test_ping(self) -> None:
        """
        It is C{onPing} that answers, and nothing else.
        """
        wire, protocol = self.open()
        wire.receive(frame(PING, b"x"))
        self.assertEqual((protocol.calls, wire.value()), ([("onPing", b"x")], b""))
        WebSocketServerProtocol.onPing(protocol, b"x")
        self.assertEqual(wire.frames(), [(PONG, b"x")])

    def test_frames(self) -> None:
        """
        The bytes that we write past Autobahn are those that it would write.
        """
        wire, protocol = self.open()
        for size in (0, 125, 126, 65535, 65536):
            protocol.sendMessage(b"x" * size)
            self.assertEqual(wire.value(), Frame("x" * size).webSocket)
            wire.clear()

    def test_extensions(self) -> None:
        """
        C{websocket_extensions_in_use} tells whether messages are compressed,
        which C{sendMessage} leaves be where it is told to.
        """
        self.factory.setProtocolOptions(perMessageCompressionAccept=accepted)
        wire, protocol = self.open()
        self.assertEqual(protocol.websocket_extensions_in_use, [])
        wire, protocol = self.open(DEFLATING)
        self.assertEqual(len(protocol.websocket_extensions_in_use), 1)
        for isPlain in (False, True):
            protocol.sendMessage(b"x" * 1000, doNotCompress=isPlain)
            self.assertEqual(wire.value() == Frame("x" * 1000).webSocket, isPlain)
            wire.clear()

    def test_betweenFrames(self) -> None:
        """
        C{data} holds what is no whole head yet, C{current_frame} the frame
        that is being read, with its C{length}, of which the C{pointer} of
        C{current_frame_masker} tells how much has been; C{inside_message} is
        true behind a fragment. Where nothing is going on they are all empty.
        """
        _, protocol = self.open()

        def told() -> tuple[Any, ...]:
            current, place = protocol.current_frame, None
            if current is not None:
                place = current.length, protocol.current_frame_masker.pointer()
            return protocol.data, place, protocol.inside_message

        idle = (b"", None, False)
        self.assertEqual(told(), idle)
        text, fragment = frame(TEXT, b"x" * 200), frame(TEXT, b"x", final=False)
        for data, expected in (
            (text[:5], (text[:5], None, False)),
            (text[5:8], (b"", (200, 0), True)),
            (text[8:10], (b"", (200, 2), True)),
            (text[10:], idle),
            (fragment, (b"", None, True)),
            (frame(PING, b"x"), (b"", None, True)),
            (frame(0, b""), idle),
        ):
            protocol.dataReceived(data)
            self.assertEqual(told(), expected)

    def test_door(self) -> None:
        """
        All that it writes goes through C{sendData}, its answer to the opening
        too.
        """
        sent: list[bytes] = []

        class Mute(Watched):
            def sendData(self, data: bytes, sync: bool = False, chopsize: Any = None) -> None:
                sent.append(data)

        self.factory.protocol = Mute
        site: Any = self.factory
        wire = Wire(site)
        protocol: Any = wire.protocol
        wire.receive(OPENING)
        protocol.sendMessage(b"x")
        WebSocketServerProtocol.onPing(protocol, b"x")
        wire.receive(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual(wire.value(), b"")
        head, *frames = sent
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "))
        self.assertEqual(frames, [b"\x81\x01x", b"\x8a\x01x", b"\x88\x02\x03\xe8"])

    def test_options(self) -> None:
        """
        C{CONFIG_ATTRS} are all that C{_connectionMade} copies from the factory;
        ours are the class's, and the same.
        """
        _, protocol = self.open()
        machines: Any = configured(MemoryReactorClock(), 1_000_000, False)
        names = WebSocketServerProtocol.CONFIG_ATTRS
        self.assertIn("maxMessagePayloadSize", names)
        self.assertLessEqual(set(names), set(vars(protocol)))
        others = {name for name in names if getattr(machines, name) != getattr(protocol, name)}
        ours = {"maxFramePayloadSize", "maxMessagePayloadSize", "perMessageCompressionAccept"}
        self.assertEqual(others - ours, set())
        self.assertEqual(set(names) & set(vars(machines(Owning(), 1))), set())

    def test_proceed(self) -> None:
        """
        A machine that goes on where another one has answered the opening has
        all that Autobahn has then, but for what it knows of the opening.
        """
        _, protocol = self.open()
        machines: Any = configured(MemoryReactorClock(), 1_000_000, False)
        machine = machines(Owning(), 1)
        self.assertEqual(machine.state, machine.STATE_CONNECTING)
        machine.proceed()
        missing = {name for name in vars(protocol) if not hasattr(machine, name)}
        self.assertEqual(missing - {"calls"}, OF_THE_OPENING)
        self.assertTrue(machine.isOpen() and machine.isIdle())
        self.assertEqual(machine.websocket_version, protocol.websocket_version)

    def test_log(self) -> None:
        """
        Its lines go to C{log}, which no instance sets for itself.
        """
        _, protocol = self.open()
        self.assertNotIn("log", vars(protocol))
        self.assertTrue(callable(Machine.log.error))


OF_THE_OPENING = {
    *("http_request_data", "http_request_host", "http_request_params", "http_request_path"),
    *("http_request_uri", "http_status_line", "http_headers", "http_response_data", "_wskey"),
    *("websocket_protocols", "websocket_protocol_in_use", "websocket_origin"),
    "websocket_extensions",
}
"""What Autobahn knows of an opening that it has answered."""


class Owning:
    """
    Who owns a machine, and does nothing.
    """

    def lose(self) -> None:
        """
        See L{Owner.lose}.
        """


class Taking(Resource):
    """
    Has a function do something with each request's channel.
    """

    isLeaf = True

    def __init__(self, take: Any) -> None:
        super().__init__()
        self._take = take

    def render(self, request: Request) -> int:
        self._take(request.channel)
        return NOT_DONE_YET


class ChannelTests(SynchronousTestCase):
    """
    Twisted's HTTP channels, while a request is being served.
    """

    def serve(self, take: Any) -> tuple[Wire, MemoryReactorClock]:
        clock = MemoryReactorClock()
        return Wire(Site(Taking(take), reactor=clock)), clock

    def test_bytesBehindARequest(self) -> None:
        """
        The rest of a segment goes to the channel's C{rawDataReceived}, and
        further segments to its C{dataReceived}; its end to C{connectionLost}.
        """
        calls: list[Any] = []

        def take(channel: Any) -> None:
            self.assertIsInstance(channel, HTTPChannel)
            channel.rawDataReceived = lambda data: calls.append(("raw", data))
            channel.dataReceived = lambda data: calls.append(("data", data))
            channel.connectionLost = lambda reason: calls.append("lost")

        wire, _ = self.serve(take)
        wire.receive(b"GET / HTTP/1.1\r\n\r\nrest\r\n\r\n")
        wire.receive(b"more")
        wire.lose()
        self.assertEqual(calls, [("raw", b"rest\r\n\r\n"), ("data", b"more"), "lost"])

    def test_producer(self) -> None:
        """
        The channel is the transport's producer; another can take its place.
        """
        producer = object()

        def take(channel: Any) -> None:
            self.assertIs(channel.transport.producer, channel)
            channel.transport.unregisterProducer()
            channel.transport.registerProducer(producer, True)

        wire, _ = self.serve(take)
        wire.receive(b"GET / HTTP/1.1\r\n\r\n")
        self.assertIs(wire.producer, producer)

    def test_bytesMeanwhile(self) -> None:
        """
        What comes while a request is being served is kept in C{_dataBuffer},
        and handed out from there when it has been.
        """
        channels: list[Any] = []
        wire, _ = self.serve(channels.append)
        wire.receive(b"GET / HTTP/1.1\r\n\r\n")
        wire.receive(b"more")
        wire.receive(b" bytes")
        (channel,) = channels
        self.assertEqual(b"".join(channel._dataBuffer), b"more bytes")
        channel._dataBuffer = [b"GET /other HTTP/1.1\r\n\r\n"]
        channel.requests[0].finish()
        self.assertEqual(channels, [channel] * 2)

    def test_pausedMeanwhile(self) -> None:
        """
        It stops reading where that is much, and the transport can be told to
        go on.
        """
        wire, _ = self.serve(lambda channel: None)
        wire.receive(b"GET / HTTP/1.1\r\n\r\n")
        wire.receive(b"x" * 100_000)
        self.assertEqual(wire.producerState, "paused")
        wire.resumeProducing()
        self.assertEqual(wire.producerState, "producing")

    def test_answersNotRead(self) -> None:
        """
        C{_waitingForTransport} tells whether answers wait for the socket.
        """
        states: list[bool] = []
        wire, _ = self.serve(lambda channel: states.append(channel._waitingForTransport))
        channel: Any = wire.producer
        for said in (lambda: None, channel.pauseProducing, channel.resumeProducing):
            said()
            wire.receive(b"GET / HTTP/1.1\r\n\r\n")
            channel.requests[0].finish()
        self.assertEqual(states, [False, True, False])

    def test_idleTimeout(self) -> None:
        """
        It rests while a request is being served.
        """
        wire, clock = self.serve(lambda channel: None)
        self.assertEqual(len(clock.getDelayedCalls()), 1)
        wire.receive(b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(clock.getDelayedCalls(), [])
        wire.lose()


class ConnectionTests(SynchronousTestCase):
    """
    Twisted's TCP connections.
    """

    def setUp(self) -> None:
        near, self.far = socketpair()
        self.addCleanup(near.close)
        self.addCleanup(self.far.close)
        reactor: Any = MemoryReactorClock()
        self.connection = Connection(near, Protocol(), reactor)
        self.connection.connected = 1

    def told(self) -> tuple[bool, bool]:
        """
        Whether each of the two places holds anything.
        """
        connection: Any = self.connection
        return bool(connection._tempDataLen), bool(connection.dataBuffer)

    def test_empty(self) -> None:
        """
        What is written waits in C{_tempDataLen}, and when the socket has taken
        a part of it, in C{dataBuffer}; else both are empty.
        """
        self.assertEqual(self.told(), (False, False))
        self.connection.write(b"x" * 10_000_000)
        self.assertEqual(self.told(), (True, False))
        self.connection.doWrite()
        self.assertEqual(self.told(), (False, True))
        self.connection.write(b"x")
        self.assertEqual(self.told(), (True, True))
        self.far.setblocking(False)
        while any(self.told()):
            self.far.recv(1 << 20)
            self.connection.doWrite()

    def test_tls(self) -> None:
        """
        C{TLS} is true from C{startTLS} on.
        """
        self.assertFalse(self.connection.TLS)
        connection: Any = self.connection
        connection._tlsClientDefault = True
        connection.startTLS(CertificateOptions())
        self.assertTrue(self.connection.TLS)

    def test_handle(self) -> None:
        """
        C{getHandle} is the socket, whose C{send} says how much it has taken, or
        raises an L{OSError}.
        """
        send = self.connection.getHandle().send
        self.assertEqual((send(b"x"), self.far.recv(9)), (1, b"x"))
        sent = send(b"x" * 10_000_000)
        self.assertLess(sent, 10_000_000)
        self.assertRaises(BlockingIOError, send, b"x")
        self.far.close()
        self.assertRaises(OSError, send, b"x")

    def test_pullProducer(self) -> None:
        """
        It is asked when it is registered, and whenever all has been written.
        """
        producer = Mock()
        self.connection.write(b"x")
        self.connection.registerProducer(producer, False)
        producer.resumeProducing.assert_called_once_with()
        self.connection.doWrite()
        self.assertEqual(producer.resumeProducing.call_count, 2)


class TakenOverTests(SynchronousTestCase):
    """
    The whole, once: nothing of HTTP is left on a WebSocket's connection.
    """

    def test_producer(self) -> None:
        """
        The WebSocket is told when the socket takes no more.
        """
        wire = Server().webSocket()
        self.assertIsInstance(wire.producer, WebSocketTransport)

    def test_producerAtTheEnd(self) -> None:
        """
        None is left when the connection is to close: TLS would wait for it.
        """
        wire = Server().webSocket()
        wire.receive(frame(CLOSE, b"\x03\xe8"))
        self.assertEqual((wire.disconnecting, wire.producer), (True, None))

    def test_timers(self) -> None:
        """
        One: the sessions'.
        """
        server = Server()
        server.webSocket()
        server.webSocket()
        (call,) = server.clock.getDelayedCalls()
        self.assertAlmostEqual(call.getTime(), 10, delta=0.2)

    def test_headers(self) -> None:
        """
        The application finds those of the request, and Autobahn has read its
        own from them, though in another case.
        """
        server = Server()
        lower = {name.lower(): value.lower() for name, value in HANDSHAKE.items()}
        lower["sec-websocket-key"] = HANDSHAKE["Sec-WebSocket-Key"]
        wire = server.get("/websocket", {**lower, "X-Colour": "red"})
        self.assertTrue(wire.value().startswith(b"HTTP/1.1 101 "))
        (client,) = server.io.clients.values()
        self.assertEqual(client.handshake.headers["x-colour"], "red")
