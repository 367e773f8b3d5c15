"""
websocket: RFC 6455, as Autobahn speaks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.python.failure import Failure
from zope.interface import implementer

from txsocketio.errors import DisconnectReason
from txsocketio.fragments import Frugal
from txsocketio.outgoing.network import why
from txsocketio.outgoing.wires import Bearer

if TYPE_CHECKING:
    from txsocketio.frames import Frame

# RFC 6455, section 7.4.1.
_NORMAL = 1000


class _Silent:
    """
    No log at all: what goes wrong is told as the reason for which the
    connection ends.
    """

    def _nothing(self, *_: object, **__: object) -> None:
        """
        Not a word.
        """

    trace = debug = info = warn = error = failure = _nothing


@implementer(IPushProducer)
class WebSocketWire(Frugal, WebSocketClientProtocol):  # type: ignore[misc]
    """
    One WebSocket. Autobahn knows the handshake, the frames and the closing.
    """

    log = _Silent()
    limited = False
    transport: Any

    def __init__(self, bearer: Bearer, name: str) -> None:
        super().__init__()
        self.name = name
        self.writable = False
        self._bearer = bearer
        self._wasOpen = False
        self._isOver = False
        self._connecting: Deferred[Any] | None = None
        self._deadline: IDelayedCall | None = None

    @property
    def _maxFragments(self) -> int:
        return self._bearer.settings.maxPackets

    # What the link says.

    def open(self) -> None:
        """
        See L{Wire.open}.
        """
        bearer = self._bearer
        network = bearer.network
        part = bearer.dialect.url(self.name, bearer.sid, bearer.stamp())
        headers = {name: value for name, value in network.headers.items() if name != "User-Agent"}
        self.factory = WebSocketClientFactory(
            network.address.url("ws", part),
            headers=headers,
            useragent=network.headers.get("User-Agent"),
            reactor=network.reactor,
        )
        limit = bearer.settings.maxPayload
        self.factory.setProtocolOptions(
            maxFramePayloadSize=limit,
            maxMessagePayloadSize=limit,
            failByDrop=False,
            # The link's clock serves the WebSocket too.
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            serverConnectionDropTimeout=0,
        )
        self._connecting = network.connect(self)
        self._connecting.addCallback(self._connected).addErrback(self._failed)

    def _connected(self, _: object) -> None:
        self._connecting = None

    def _failed(self, failure: Failure) -> None:
        self._connecting = None
        self._lose(DisconnectReason.TRANSPORT_ERROR, why(failure))

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{Wire.write}.
        """
        for frame in frames:
            for part in frame.parts:
                isBinary = isinstance(part, bytes)
                data = part if isinstance(part, bytes) else part.encode("utf-8")
                self.sendMessage(data, isBinary)

    def pause(self) -> None:
        """
        See L{Wire.pause}. What is written has left.
        """
        self.writable = False
        self._bearer.stopped(self)

    def resume(self) -> None:
        """
        See L{Wire.resume}.
        """
        self.resumeProducing()

    def close(self) -> None:
        """
        See L{Wire.close}. What was written before still goes out.
        """
        if self._isOver:
            return
        self._isOver = True
        self.writable = False
        if self._connecting is not None:
            self._connecting.cancel()
        elif self.state == self.STATE_OPEN:
            self.sendClose(_NORMAL)
        elif self.transport is not None:
            self.transport.abortConnection()

    def _closeSoon(self) -> None:
        """
        Nobody waits long for the other end to answer.
        """
        self._deadline = self._bearer.network.reactor.callLater(
            self._bearer.settings.closeHandshakeTimeout, self.transport.abortConnection
        )

    def _lose(self, reason: DisconnectReason, detail: str) -> None:
        if not self._isOver:
            self._isOver = True
            self.writable = False
            self._bearer.lost(self, reason, detail)

    # What Autobahn says.

    def onOpen(self) -> None:
        """
        The handshake is done.
        """
        if self._isOver:
            return
        # From here on Autobahn bounds what comes.
        self.transport.allowance = inf
        self.transport.registerProducer(self, True)
        self._wasOpen = self.writable = True
        self._bearer.ready(self)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """
        One whole message; text has been found to be UTF-8.
        """
        if not self._isOver:
            self._bearer.received(self, payload if isBinary else payload.decode("utf-8"))

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        """
        The closing begins: the server wants it, or we do, or Autobahn has found
        fault with its frames, which is told and not discussed.
        """
        if self.state != self.STATE_OPEN:
            return
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._closeSoon()
        if self.failedByMe:
            self.transport.loseConnection()
            said = (reasonUtf8 or b"").decode("utf-8")
            self._lose(DisconnectReason.TRANSPORT_ERROR, f"{code}: {said}")
        elif isReply:
            self._lose(DisconnectReason.TRANSPORT_CLOSE, str(self.remoteCloseCode))

    def dataReceived(self, data: bytes) -> None:
        """
        Something has come. It is not heard from one who has been told that it
        cannot be understood.
        """
        if not self.failedByMe:
            super().dataReceived(data)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """
        The connection has gone.
        """
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        isLost = self._wasOpen and not self.failedByMe
        self._lose(
            DisconnectReason.TRANSPORT_CLOSE if isLost else DisconnectReason.TRANSPORT_ERROR,
            f"{code}: {reason}" if reason else str(code),
        )

    # What the socket says.

    def pauseProducing(self) -> None:
        """
        See L{IPushProducer.pauseProducing}.
        """
        self.writable = False

    def resumeProducing(self) -> None:
        """
        See L{IPushProducer.resumeProducing}.
        """
        if self.state == self.STATE_OPEN and not self._isOver:
            self.writable = True
            self._bearer.ready(self)

    def stopProducing(self) -> None:
        """
        See L{IPushProducer.stopProducing}. C{onClose} follows.
        """
