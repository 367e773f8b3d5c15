"""
websocket: RFC 6455, as Autobahn speaks it, and the drafts before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.web.http import HTTPChannel, Request
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.fragments import Frugal
from txsocketio.interfaces import ITransport, Place
from txsocketio.transports import hixie
from txsocketio.transports._connection import Carrier, takeOver
from txsocketio.transports._gate import Gate
from txsocketio.transports._http import HTTPTransport

if TYPE_CHECKING:
    from txsocketio.frames import Frame

# RFC 6455, section 7.4.1.
_NORMAL, _GOING_AWAY, _PROTOCOL_ERROR, _POLICY = 1000, 1001, 1002, 1008
_CODES = {
    DisconnectReason.SHUTDOWN: _GOING_AWAY,
    DisconnectReason.PARSE_ERROR: _PROTOCOL_ERROR,
    DisconnectReason.FLOOD: _POLICY,
    DisconnectReason.SLOW_CONSUMER: _POLICY,
}
_JUDGED = (b"Origin", b"Sec-Websocket-Origin")
_REASON_BYTES = 123
# Bytes; less is not worth the work, as in Node's server.
_COMPRESSED_FROM = 1024


class _Quiet:
    """
    Autobahn's log without the lines that a peer can cause as often as it
    likes.
    """

    def __init__(self, log: Any) -> None:
        self._log = log

    def _nothing(self, *_: object, **__: object) -> None:
        """
        Not a word.
        """

    debug = info = warn = _nothing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@implementer(ITransport)
class WebSocketTransport(Carrier, Frugal, WebSocketServerProtocol):  # type: ignore[misc]
    """
    One open WebSocket. Autobahn knows the handshake, the frames and the
    closing; what goes out is written as the finished bytes that a frame
    keeps.
    """

    log = _Quiet(WebSocketServerProtocol.log)

    def __init__(self, gate: Gate, place: Place, request: Request) -> None:
        Carrier.__init__(self, gate, place, request)
        WebSocketServerProtocol.__init__(self)

    @property
    def _maxFragments(self) -> int:
        return self._settings.maxPackets

    def _isOpen(self) -> bool:
        return bool(self.state == self.STATE_OPEN)

    # What Autobahn says.

    def onConnect(self, request: ConnectionRequest) -> None:
        """
        The handshake is in order, and not yet answered.
        """
        try:
            self.session = self._gate.enter(self._place, self._request)
        except RemoteProtocolError as error:
            raise ConnectionDeny(int(error.httpStatus), error.reason) from None

    def onOpen(self) -> None:
        """
        The handshake is done.
        """
        assert self.session is not None
        self._begin(self.session)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """
        One whole message; text has been found to be UTF-8.
        """
        assert self.session is not None
        self.session.received(payload if isBinary else payload.decode("utf-8"))

    def dropConnection(self, abort: bool = False) -> None:
        """
        Autobahn is done with the connection. What has been written last, the
        reason among it, still goes out.
        """
        super().dropConnection(abort=False)

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """
        The closing begins: the peer wants it, or Autobahn has found fault
        with its frames, or the session has ended.
        """
        if not self._isOpen():
            return
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._closeSoon()
        self._gone(
            DisconnectReason.TRANSPORT_CLOSE if isReply else DisconnectReason.TRANSPORT_ERROR
        )

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """
        The connection has gone.
        """
        self._inTime()
        self._gone(DisconnectReason.TRANSPORT_CLOSE)

    # What the session says.

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        if not self._isOpen():
            return
        if self.websocket_extensions_in_use:
            self._writeCompressed(frames)
        elif len(frames) == 1:
            self.transport.write(frames[0].webSocket)
        else:
            self.transport.writeSequence([frame.webSocket for frame in frames])

    def _writeCompressed(self, frames: Sequence[Frame]) -> None:
        """
        Autobahn knows how this connection compresses.
        """
        for frame in frames:
            for part in frame.parts:
                isBinary = isinstance(part, bytes)
                data = part if isinstance(part, bytes) else part.encode("utf-8")
                isSmall = len(data) < _COMPRESSED_FROM
                self.sendMessage(data, isBinary, doNotCompress=isSmall)

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}.
        """
        self.writable = False
        if reason is DisconnectReason.SLOW_CONSUMER:
            # It reads nothing: what waits for it would wait for ever.
            super().dropConnection(abort=True)
            return
        text = f"{reason.value}: {detail}" if detail else reason.value
        line = text.encode("ascii", "backslashreplace")[:_REASON_BYTES]
        self.sendCloseFrame(_CODES.get(reason, _NORMAL), line)


class WebSocket(HTTPTransport):
    """
    C{GET} of C{/websocket[/sid]} with C{Upgrade: websocket}.
    """

    name = "websocket"
    methods: ClassVar[Sequence[bytes]] = (b"GET",)

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._factories: dict[int, WebSocketServerFactory] = {}

    def _factoryAt(self, place: Place) -> WebSocketServerFactory:
        """
        What has Autobahn's options for sessions there.
        """
        limit = self.settingsAt(place).maxPayload
        if limit not in self._factories:
            factory = self._factories[limit] = WebSocketServerFactory(reactor=self.gate.clock)
            factory.setProtocolOptions(
                webStatus=False,
                maxFramePayloadSize=limit,
                maxMessagePayloadSize=limit,
                failByDrop=False,
                # The session's clock serves the WebSocket too.
                openHandshakeTimeout=0,
                closeHandshakeTimeout=0,
            )
            if self.gate.perMessageDeflate:
                factory.setProtocolOptions(perMessageCompressionAccept=_acceptDeflate(limit))
        return self._factories[limit]

    def get(self, request: Request, place: Place) -> bytes | int:
        """
        Hand the connection over to Autobahn, or to a protocol of our own where
        a draft is spoken.
        """
        upgrade = request.requestHeaders.getRawHeaders(b"Upgrade") or [b""]
        # HTTP/2 has no connection to give away.
        isOurs = isinstance(request.channel, HTTPChannel)
        if not isOurs or upgrade[0].lower() != b"websocket":
            raise _upgradeRequired(request)
        if hixie.isSpoken(request.requestHeaders):
            return self._getDraft(request, place)
        self._check(request, place)
        protocol = WebSocketTransport(self.gate, place, request)
        protocol.factory = self._factoryAt(place)
        kept = takeOver(request, protocol)
        _replay(request, protocol, kept)
        return NOT_DONE_YET

    def _getDraft(self, request: Request, place: Place) -> bytes | int:
        hixie.makeLast(request)
        if not (self.gate.drafts and place.dialect.speaksDrafts):
            raise _upgradeRequired(request)
        self._check(request, place)
        protocol = hixie.HixieTransport(self.gate, place, request)
        kept = takeOver(request, protocol)
        if kept:
            protocol.dataReceived(kept)
        return NOT_DONE_YET

    def _check(self, request: Request, place: Place) -> None:
        """
        Refuse, while that can be done over HTTP, a session that is not to be
        had.
        """
        if place.sid is not None:
            self.gate.enter(place, request)


def _upgradeRequired(request: Request) -> RemoteProtocolError:
    request.setHeader(b"Upgrade", b"websocket")
    return RemoteProtocolError(
        "this URL takes WebSocket connections only", HTTPStatus.UPGRADE_REQUIRED
    )


def _acceptDeflate(limit: int) -> Callable[[Sequence[Any]], Any]:
    """
    @param limit: bytes to which one message may inflate.
    """

    def accept(offers: Sequence[Any]) -> PerMessageDeflateOfferAccept | None:
        for offer in offers:
            if isinstance(offer, PerMessageDeflateOffer):
                return PerMessageDeflateOfferAccept(offer, max_message_size=limit)
        return None

    return accept


def _replay(request: Request, protocol: WebSocketTransport, rest: bytes) -> None:
    """
    Begin with the request itself, which Autobahn wants to read for itself;
    but for its origin, which we have judged already, and by rules of our own.

    @param rest: what came behind it.
    """
    lines = [b" ".join((request.method, request.uri, b"HTTP/1.1"))]
    for name, values in request.requestHeaders.getAllRawHeaders():
        if name not in _JUDGED:
            lines += [b"%s: %s" % (name, value) for value in values]
    protocol.dataReceived(b"\r\n".join((*lines, b"", rest)))
