"""
Autobahn's machine, for all that is not everyday in a WebSocket: openings that
leave something to choose or to find fault with, frames that are no whole texts,
compression, and the closing.

It is made when there is work for it, and is given up when that is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import Request

from txsocketio.errors import RemoteProtocolError
from txsocketio.fragments import Frugal

# The longest head of a frame (RFC 6455, section 5.2), and how many bytes a length
# takes that is not told in the second one.
_HEAD_BYTES = 14
_LONGER = {126: 2, 127: 8}
_JUDGED = (b"Origin", b"Sec-Websocket-Origin")


def _size(head: bytes) -> int:
    """
    @return: how long the frame is that begins with C{head}; or, where that is
        not to be seen yet, more than is there.
    """
    size = head[1] & 0x7F if len(head) > 1 else 0
    start = 2 + _LONGER.get(size, 0)
    if len(head) < start:
        return _HEAD_BYTES
    if start > 2:
        size = int.from_bytes(head[2:start], "big")
    return start + (4 if head[1] & 0x80 else 0) + size


class Owner(Protocol):
    """
    The connection that L{Machine} works for.
    """

    writable: bool

    def put(self, data: bytes) -> None:
        """
        Write, behind all that was put before.
        """

    def lose(self) -> None:
        """
        Close the connection when all that has been put is written.
        """

    def entered(self) -> None:
        """
        The opening is in order, and is answered next.

        @raise RemoteProtocolError: no, it isn't.
        """

    def opened(self) -> None:
        """
        It has been answered.
        """

    def heard(self, message: str | bytes) -> None:
        """
        One whole message.
        """

    def closing(self, isReply: bool) -> None:
        """
        The closing begins.

        @param isReply: because the peer wants it.
        """


class _Lent:
    """
    What Autobahn takes for its transport.
    """

    def __init__(self, owner: Owner) -> None:
        self.loseConnection = owner.lose

    def unregisterProducer(self) -> None:
        """
        Autobahn has none.
        """


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


class _Validator:
    """
    Autobahn's, but for what Python's own decoder finds to be whole and valid
    UTF-8, in a fraction of the time.
    """

    def __init__(self) -> None:
        self._autobahns = Utf8Validator()
        self.reset()

    def reset(self) -> None:
        """
        A text begins.
        """
        self._autobahns.reset()
        self._isWhole = True
        self._passed = 0

    def validate(self, data: bytes) -> tuple[bool, bool, int, int]:
        """
        @return: whether it is valid so far, and ends with a character; up to
            where it is, in C{data} and in all.
        """
        if self._isWhole and _isText(data):
            self._passed += len(data)
            return True, True, len(data), self._passed
        isValid, self._isWhole, here, inAll = self._autobahns.validate(data)
        return isValid, self._isWhole, here, self._passed + inAll


def _isText(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class Machine(Frugal, WebSocketServerProtocol):  # type: ignore[misc]
    """
    Autobahn's, at work for its owner.
    """

    log = _Quiet(WebSocketServerProtocol.log)

    # Autobahn copies its options to each instance, and makes a text of them
    # for its log: see L{configured}.
    CONFIG_ATTRS: list[str] = []  # noqa: RUF012

    def __init__(self, owner: Owner, maxFragments: int) -> None:
        super().__init__()
        self._owner = owner
        self._limit = maxFragments
        self.makeConnection(_Lent(owner))

    def connectionMade(self) -> None:
        """
        The connection is not asked for what nobody wants to know.
        """
        self._connectionMade()
        self.utf8validator: Any = _Validator()

    @property
    def _maxFragments(self) -> int:
        return self._limit

    @property
    def writable(self) -> bool:  # type: ignore[override]
        """
        See L{Frugal}.
        """
        return self._owner.writable

    # What the owner asks for.

    def negotiate(self, request: Request) -> None:
        """
        Begin with the request itself, which Autobahn wants to read for itself;
        but for its origin, which we have judged already, and by rules of our
        own.
        """
        lines = [b" ".join((request.method, request.uri, b"HTTP/1.1"))]
        for name, values in request.requestHeaders.getAllRawHeaders():
            if name not in _JUDGED:
                lines += [b"%s: %s" % (name, value) for value in values]
        self.dataReceived(b"\r\n".join((*lines, b"", b"")))

    def proceed(self) -> None:
        """
        Begin where the opening has been answered already, without extensions.
        """
        self.state = self.STATE_OPEN
        self.inside_message = False
        self.current_frame: Any = None
        self.websocket_version = 13
        self.websocket_extensions_in_use: list[Any] = []

    def isOpen(self) -> bool:
        """
        Whether messages can go both ways.
        """
        return bool(self.state == self.STATE_OPEN)

    def compresses(self) -> bool:
        """
        Whether they are compressed.
        """
        return bool(self.websocket_extensions_in_use)

    def isIdle(self) -> bool:
        """
        Whether it knows nothing that another one, made now, would not know.
        """
        return (
            self.isOpen()
            and not self.data
            and self.current_frame is None
            and not self.inside_message
            and not self.compresses()
        )

    def appetite(self, data: bytes, at: int) -> int:
        """
        How many of the bytes from C{at} on it should be given, so that it stops
        at the end of a frame, and gets of that all that is there: Autobahn does
        not do the same with an invalid frame when it comes in parts.
        """
        frame = self.current_frame if self.state != self.STATE_CONNECTING else None
        if frame is not None:
            return max(1, int(frame.length) - int(self.current_frame_masker.pointer()))
        return _size(self.data + data[at : at + _HEAD_BYTES]) - len(self.data)

    # What Autobahn says.

    def onConnect(self, request: ConnectionRequest) -> None:
        """
        The handshake is in order, and not yet answered.
        """
        try:
            self._owner.entered()
        except RemoteProtocolError as error:
            raise ConnectionDeny(int(error.httpStatus), error.reason) from None

    def onOpen(self) -> None:
        """
        The handshake is done.
        """
        self._owner.opened()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """
        One whole message; text has been found to be UTF-8.
        """
        self._owner.heard(payload if isBinary else payload.decode("utf-8"))

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """
        Everything leaves by one door. Autobahn's own way there is paved with
        texts for its log.
        """
        self._owner.put(data)

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
        if self.isOpen():
            super().sendCloseFrame(code, reasonUtf8, isReply)
            self._owner.closing(isReply)


def factoryFor(clock: IReactorTime, maxPayload: int) -> WebSocketServerFactory:
    """
    @param maxPayload: how long a message may be, bytes.
    @return: what has Autobahn's options, as they are here.
    """
    factory = WebSocketServerFactory(reactor=clock)
    factory.setProtocolOptions(
        webStatus=False,
        maxFramePayloadSize=maxPayload,
        maxMessagePayloadSize=maxPayload,
        failByDrop=False,
        # The session's clock serves the WebSocket too.
        openHandshakeTimeout=0,
        closeHandshakeTimeout=0,
    )
    return factory


def configured(clock: IReactorTime, maxPayload: int, compresses: bool) -> type[Machine]:
    """
    @param maxPayload: how long a message may be, bytes.
    @param compresses: whether messages may be compressed.
    @return: the machines that keep to that.
    """
    factory = factoryFor(clock, maxPayload)
    if compresses:
        factory.setProtocolOptions(perMessageCompressionAccept=_acceptDeflate(maxPayload))
    options = {name: getattr(factory, name) for name in WebSocketServerProtocol.CONFIG_ATTRS}
    # Of a class, a function would be a method.
    options["perMessageCompressionAccept"] = staticmethod(factory.perMessageCompressionAccept)
    return type("Machine", (Machine,), {**options, "factory": factory})


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
