"""
The drafts of WebSocket that the browsers of 2010 and the Flash bridge speak:
draft-hixie-thewebsocketprotocol, number 76 (also known as hybi-00) and number
75.

A connection of number 76 begins with a puzzle, of which the last eight bytes
come behind the request's headers; one of number 75 with nothing of the kind.
From then on both are rows of frames: text between two bytes, C{00} and C{FF}.
Only number 76 has a closing handshake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import md5
from http import HTTPStatus
from typing import TYPE_CHECKING

from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.http_headers import Headers
from zope.interface import implementer

from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.interfaces import ITransport, Place
from txsocketio.transports._connection import Carrier
from txsocketio.transports._gate import Gate, arrivalOf
from txsocketio.transports._http import answer

if TYPE_CHECKING:
    from txsocketio.frames import Frame

_KEYS = (b"Sec-WebSocket-Key1", b"Sec-WebSocket-Key2")
# What no client of number 75 sends.
_LATER = (b"Sec-WebSocket-Key", b"Sec-WebSocket-Version")

_LAST_KEY_BYTES = 8
_LAST_KEY_SECONDS = 5.0

_BEGIN, _END = b"\x00", b"\xff"
_GOODBYE = b"\xff\x00"
# Ten times seven bits are more than any limit, leading zeros aside.
_LENGTH_BYTES = 10


def isSpoken(headers: Headers) -> bool:
    """
    Whether a WebSocket's opening is that of a draft.
    """
    if headers.hasHeader(_LATER[0]):
        return False
    return _is76(headers) or not any(map(headers.hasHeader, _LATER))


def _is76(headers: Headers) -> bool:
    return any(map(headers.hasHeader, _KEYS))


def _part(headers: Headers, name: bytes) -> bytes:
    """
    What a key stands for: the number that its digits make, divided by the
    number of its spaces; 32 bits.

    @raise RemoteProtocolError: the key does not solve to one.
    """
    values = headers.getRawHeaders(name, [])
    shown = name.decode("ascii")
    if len(values) != 1:
        raise RemoteProtocolError(f"an opening needs one {shown}, and has {len(values)}")
    digits = b"".join(re.findall(rb"[0-9]+", values[0]))
    spaces = values[0].count(b" ")
    if not spaces:
        raise RemoteProtocolError(f"{shown} holds no space")
    if not 0 < len(digits) <= 10 or int(digits) >= 1 << 32:
        raise RemoteProtocolError(f"the digits of {shown} are no number of 32 bits")
    number, rest = divmod(int(digits), spaces)
    if rest:
        raise RemoteProtocolError(f"the number in {shown} is no multiple of its spaces")
    return number.to_bytes(4, "big")


class Opening:
    """
    What a client has asked, and how that is answered.

    @ivar is76: whether it speaks number 76.
    """

    def __init__(self, request: Request, trustProxy: bool) -> None:
        """
        @raise RemoteProtocolError: a key is wrong.
        """
        headers = request.requestHeaders
        self.is76 = _is76(headers)
        self._parts = [_part(headers, name) for name in _KEYS] if self.is76 else []
        scheme = b"wss" if self._isSecure(request, trustProxy) else b"ws"
        host = (headers.getRawHeaders(b"Host") or [b""])[0]
        self._values = (
            (b"Origin", _origin(headers)),
            (b"Location", b"%s://%s%s" % (scheme, host, request.uri)),
            (b"Protocol", (headers.getRawHeaders(self._prefix + b"Protocol") or [b""])[0]),
        )

    @property
    def _prefix(self) -> bytes:
        return b"Sec-WebSocket-" if self.is76 else b"WebSocket-"

    @staticmethod
    def _isSecure(request: Request, trustProxy: bool) -> bool:
        # As in the genuine server, a page that came over TLS has asked for the
        # same, even if nobody but a proxy has seen it.
        origin = _origin(request.requestHeaders)
        return arrivalOf(request, trustProxy).secure or origin.lower().startswith(b"https:")

    def answer(self, lastKey: bytes) -> bytes:
        """
        @param lastKey: the eight bytes; none with number 75.
        """
        phrase = b"WebSocket" if self.is76 else b"Web Socket"
        lines = [
            b"HTTP/1.1 101 %s Protocol Handshake" % phrase,
            b"Upgrade: WebSocket",
            b"Connection: Upgrade",
            *(b"%s%s: %s" % (self._prefix, name, value) for name, value in self._values if value),
        ]
        head = b"\r\n".join((*lines, b"", b""))
        if not self.is76:
            return head
        return head + md5(b"".join((*self._parts, lastKey)), usedforsecurity=False).digest()


def _origin(headers: Headers) -> bytes:
    values = headers.getRawHeaders(b"Origin", [])
    return next((value for value in values if value), b"")


class Reader:
    """
    The texts in what one peer sends, in whatever pieces it comes.

    Only frames of type C{00} are anything to us. All others are read over, as
    the drafts want it: up to C{FF}, or by their length if their type has the
    high bit. It takes time linear in the input and holds no more of it than
    one text.

    @ivar over: whether the peer has closed, or sent what is no frame. What
        comes then is not looked at.
    """

    def __init__(self, limit: int) -> None:
        """
        @param limit: of the content of a frame of any type, bytes.
        """
        self.over = False
        self._limit = limit
        self._type = 0
        self._data = bytearray()
        # Of the frame that is being read: of its content to come, or of its
        # length's digits so far.
        self._size = 0
        self._digits = 0
        self._step: Callable[[bytes, int], int] = self._readType
        self._found: str | None = None

    def read(self, data: bytes) -> Iterator[str]:
        """
        @raise RemoteProtocolError: a frame is too long, or its text is not
            UTF-8.
        """
        at = 0
        while at < len(data) and not self.over:
            at = self._step(data, at)
            if self._found is not None:
                found, self._found = self._found, None
                yield found

    # Each step reads something of what begins at C{at}, and returns where
    # the rest begins.

    def _readType(self, data: bytes, at: int) -> int:
        self._type = data[at]
        self._size = self._digits = 0
        self._step = self._readLength if self._type & 0x80 else self._readText
        return at + 1

    def _readText(self, data: bytes, at: int) -> int:
        end = data.find(_END, at)
        stop = len(data) if end < 0 else end
        self._size += stop - at
        self._bound()
        if not self._type:
            self._data += data[at:stop]
        if end < 0:
            return stop
        if not self._type:
            self._take()
        self._step = self._readType
        return end + 1

    def _take(self) -> None:
        try:
            self._found = self._data.decode("utf-8")
        except UnicodeDecodeError:
            self._fail("a text that is not UTF-8")
        self._data.clear()

    def _readLength(self, data: bytes, at: int) -> int:
        digit = data[at]
        self._size = self._size << 7 | digit & 0x7F
        self._digits += 1
        if self._digits > _LENGTH_BYTES:
            self._fail("a length without an end")
        self._bound()
        if not digit & 0x80:
            self._step = self._readOver
            self.over = self._type == _GOODBYE[0] and not self._size
        return at + 1

    def _readOver(self, data: bytes, at: int) -> int:
        stop = min(len(data), at + self._size)
        self._size -= stop - at
        if not self._size:
            self._step = self._readType
        return stop

    def _bound(self) -> None:
        if self._size > self._limit:
            self._fail(f"a frame is longer than maxPayload ({self._limit}) allows")

    def _fail(self, reason: str) -> None:
        self.over = True
        self._data.clear()
        raise RemoteProtocolError(reason)


@implementer(ITransport)
class HixieTransport(Carrier, Protocol):
    """
    One WebSocket of a draft.
    """

    def __init__(self, gate: Gate, place: Place, request: Request) -> None:
        """
        @raise RemoteProtocolError: a key is wrong.
        """
        super().__init__(gate, place)
        self._place = place
        self._request = request
        self._opening = Opening(request, gate.trustProxy)
        self._reader = Reader(self._settings.maxPayload)
        self._lastKey = b""
        self._open = False
        self._hear: Callable[[bytes], None] = self._keyReceived

    def _isOpen(self) -> bool:
        return self._open

    # What the connection says.

    def connectionMade(self) -> None:
        """
        The connection is ours.
        """
        if self._opening.is76:
            self._within(_LAST_KEY_SECONDS, self._keyMissing)
        else:
            self._enter()

    def dataReceived(self, data: bytes) -> None:
        """
        Anything has come in.
        """
        self._hear(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection has gone.
        """
        self._open = False
        self._inTime()
        self._gone(DisconnectReason.TRANSPORT_CLOSE)

    # The opening.

    def _keyReceived(self, data: bytes) -> None:
        missing = _LAST_KEY_BYTES - len(self._lastKey)
        self._lastKey += data[:missing]
        if len(self._lastKey) == _LAST_KEY_BYTES:
            self._inTime()
            self._enter()
            self._hear(data[missing:])

    def _keyMissing(self) -> None:
        line = f"the last {_LAST_KEY_BYTES} bytes of the opening have not come"
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, line)

    def _enter(self) -> None:
        """
        The opening is complete: there is a session from now on.
        """
        try:
            self.session = self._gate.enter(self._place, self._request)
        except RemoteProtocolError as error:
            self._refuse(error.httpStatus, error.reason)
            return
        self.transport.write(self._opening.answer(self._lastKey))
        self._open = True
        self._hear = self._framesReceived
        self.writable = True
        self.transport.registerProducer(self, True)
        self.session.attach(self)

    def _refuse(self, status: int, line: str) -> None:
        self._hear = _ignore
        self._closeSoon()
        request = self._request
        request.write(answer(request, status, line))
        request.finish()

    # What the peer says.

    def _framesReceived(self, data: bytes) -> None:
        assert self.session is not None
        try:
            for text in self._reader.read(data):
                if self._open:
                    self.session.received(text)
        except RemoteProtocolError:
            self._end(DisconnectReason.TRANSPORT_ERROR)
        else:
            if self._reader.over:
                self._end(DisconnectReason.TRANSPORT_CLOSE)

    def _end(self, reason: DisconnectReason) -> None:
        """
        Nothing more is to be heard.
        """
        if self._open:
            self._sayGoodbye()
            self._gone(reason)
        self._lose()

    # What the session says.

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        if self._open:
            between = _END + _BEGIN
            self.transport.write(_BEGIN + between.join(frame.data for frame in frames) + _END)

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}. The drafts have no words for a reason.
        """
        if reason is DisconnectReason.SLOW_CONSUMER:
            # It reads nothing: what waits for it would wait for ever.
            self.transport.abortConnection()
        elif self._open:
            self._sayGoodbye()
            if not self._opening.is76:
                self._lose()

    def _sayGoodbye(self) -> None:
        self._open = self.writable = False
        self._closeSoon()
        if self._opening.is76:
            self.transport.write(_GOODBYE)

    def _lose(self) -> None:
        # As long as there is a producer, TLS waits for it.
        self.transport.unregisterProducer()
        self.transport.loseConnection()


def _ignore(data: bytes) -> None:
    """
    Nobody reads it.
    """
