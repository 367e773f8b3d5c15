"""
websocket: RFC 6455, and the drafts before it.

Nearly all that clients send are whole masked text frames: those are read here.
Everything else is Autobahn's, see L{txsocketio.transports._autobahn}.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.transports import hixie
from txsocketio.transports._autobahn import Machine, configured
from txsocketio.transports._closing import ANSWER, isUsual
from txsocketio.transports._connection import makeLast, takeOver
from txsocketio.transports._direct import Direct
from txsocketio.transports._gate import Gate
from txsocketio.transports._http import HTTPTransport
from txsocketio.transports._opening import answerTo, usualKey

if TYPE_CHECKING:
    from txsocketio.frames import Frame

MAX_FRAMES = 64
"""How many frames of one client are taken in one turn of the reactor."""

# RFC 6455, section 7.4.1.
_NORMAL, _GOING_AWAY, _PROTOCOL_ERROR, _POLICY = 1000, 1001, 1002, 1008
_CODES = {
    DisconnectReason.SHUTDOWN: _GOING_AWAY,
    DisconnectReason.PARSE_ERROR: _PROTOCOL_ERROR,
    DisconnectReason.FLOOD: _POLICY,
    DisconnectReason.SLOW_CONSUMER: _POLICY,
}
_REASON_BYTES = 123
# Bytes; less is not worth the work, as in Node's server.
_COMPRESSED_FROM = 1024

# A final, uncompressed text frame (RFC 6455, section 5.2); its length with the
# bit that says that it is masked, or what stands there if that takes two bytes.
_TEXT = 0x81
_MASKED = 0x80
_LONGER = 126
_LONGEST = 0xFFFF
_number = int.from_bytes


@implementer(IProtocol, ITransport)
class WebSocketTransport(Direct):
    """
    One WebSocket.

    @ivar _machine: Autobahn's, where it has work to do.
    @ivar _held: what has come and has to wait for the reactor's next turn.
    @ivar _isOver: whether nothing is to be heard any more.
    """

    __slots__ = ("_held", "_isOver", "_machine", "_machines", "_maxText", "_negotiated")

    def __init__(self, gate: Gate, place: Place, machines: type[Machine]) -> None:
        """
        @param machines: those of the settings at that place.
        """
        super().__init__(gate, place)
        self._machines = machines
        self._machine: Machine | None = None
        self._maxText = min(_LONGEST, self._settings.maxPayload)
        self._held = b""
        self._isOver = False
        self._negotiated: tuple[Place, Request] | None = None

    def makeConnection(self, transport: Any) -> None:
        """
        See L{IProtocol.makeConnection}.
        """
        self.transport = transport

    def connectionMade(self) -> None:
        """
        See L{IProtocol.connectionMade}. It was made for HTTP.
        """

    # The opening.

    def open(self, session: ISession, key: bytes) -> None:
        """
        Answer an everyday opening.
        """
        self.session = session
        self._cork = [answerTo(key)]
        self.opened()
        self._begun()

    def negotiate(self, place: Place, request: Request) -> None:
        """
        Have Autobahn answer another one.
        """
        self._negotiated = place, request
        self._cork = []
        self._machine = self._machines(self, self._settings.maxPackets)
        self._machine.negotiate(request)
        self._negotiated = None
        self._begun()
        self._returnMachine()

    def entered(self) -> None:
        """
        See L{Owner.entered}.
        """
        assert self._negotiated is not None
        self.session = self._gate.enter(*self._negotiated)

    def opened(self) -> None:
        """
        See L{Owner.opened}.
        """
        assert self.session is not None
        self.writable = True
        self.session.attach(self)

    def _begun(self) -> None:
        if self.writable:
            self._register()
        else:
            self.uncork()

    # What comes.

    def dataReceived(self, data: bytes) -> None:
        """
        Anything has come in.
        """
        if self._held:
            self._held += data
            return
        at, left, traffic = 0, MAX_FRAMES, self._traffic
        isAlone = not traffic.isDense
        if isAlone:
            self._cork = []
        try:
            while at < len(data) and not self._isOver:
                if not left:
                    self._holdBack(data[at:])
                    break
                at, left = self._take(data, at, left)
                if left and at < len(data):
                    at, left = self._lend(data, at), left - 1
        finally:
            if isAlone:
                self.uncork()
                traffic.thin()

    def _take(self, data: bytes, at: int, left: int) -> tuple[int, int]:
        """
        Read from C{at} on, as long as it is everyday frames that come.

        @param left: how many may be read.
        @return: where the first one begins that is none, and how many more may
            be read.
        """
        end, longest = len(data), self._maxText
        while left and end - at > 5 and data[at] == _TEXT and self._machine is None:
            size, start = data[at + 1] - _MASKED, at + 6
            if size == _LONGER:
                size, start = data[at + 2] << 8 | data[at + 3], at + 8
                isEveryday = size >= _LONGER
            else:
                isEveryday = 0 <= size < _LONGER
            stop = start + size
            if not isEveryday or stop > end or size > longest:
                break
            words = size + 3 >> 2
            mask = _number(data[start - 4 : start] * words, "little")
            try:
                number = _number(data[start:stop], "little") ^ mask
                text = number.to_bytes(words * 4, "little")[:size].decode()
            except UnicodeDecodeError:
                break
            if stop < end:
                self._traffic.isDense = True
            self.session.received(text)  # type: ignore[union-attr]
            at, left = stop, left - 1
        return at, left

    def _lend(self, data: bytes, at: int) -> int:
        """
        Have Autobahn read what begins at C{at}.

        @return: how far it has come.
        """
        if self._machine is None and isUsual(data, at):
            self._part()
            return len(data)
        machine = self._borrow()
        stop = at + machine.appetite(data, at)
        machine.dataReceived(data[at:stop])
        self._returnMachine()
        return stop

    def _borrow(self) -> Machine:
        if self._machine is None:
            self._machine = self._machines(self, self._settings.maxPackets)
            self._machine.proceed()
        return self._machine

    def _returnMachine(self) -> None:
        if self._machine is not None and self._machine.isIdle():
            self._machine = None

    def _holdBack(self, rest: bytes) -> None:
        """
        Others come first.
        """
        self._held = rest
        self._deafen()
        self.transport.pauseProducing()
        self._gate.clock.callLater(0, self._goOn)

    def _goOn(self) -> None:
        held, self._held = self._held, b""
        if held:
            self._listen()
            self.dataReceived(held)

    def lose(self) -> None:
        """
        See L{Owner.lose}. Nothing more is to be heard.
        """
        self._hearNoMore()
        super().lose()

    def _hearNoMore(self) -> None:
        self._isOver, self._held = True, b""

    def heard(self, message: str | bytes) -> None:
        """
        See L{Owner.heard}.
        """
        assert self.session is not None
        self.session.received(message)

    # The end.

    def _isOpen(self) -> bool:
        return not self._isOver and (self._machine is None or self._machine.isOpen())

    def _part(self) -> None:
        """
        The client closes, and nothing has to be found out about that.
        """
        self._isOver = True
        self.put(ANSWER)
        self.uncork()
        if self._sendNow is None:
            # It may never read what it has been sent.
            self._closeSoon()
        self._gone(DisconnectReason.TRANSPORT_CLOSE)
        self.lose()

    def closing(self, isReply: bool) -> None:
        """
        See L{Owner.closing}.
        """
        self._closeSoon()
        self._gone(
            DisconnectReason.TRANSPORT_CLOSE if isReply else DisconnectReason.TRANSPORT_ERROR
        )

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection has gone.
        """
        self._hearNoMore()
        self._sendNow = None
        self._deafen()
        self._inTime()
        self._gone(DisconnectReason.TRANSPORT_CLOSE)

    # What the session says.

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        if len(frames) > 1 or self._machine is not None:
            self._writeAll(frames)
        elif self._cork is None and not self._traffic.isDense:
            # As put does it; to thousands, a call is something.
            self._put(frames[0].webSocket)
        else:
            self.put(frames[0].webSocket)

    def _writeAll(self, frames: Sequence[Frame]) -> None:
        if self._machine is not None and self._machine.compresses():
            _writeCompressed(self._machine, frames)
        else:
            self.putAll([frame.webSocket for frame in frames])

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}.
        """
        self.writable = False
        if reason is DisconnectReason.SLOW_CONSUMER:
            # It reads nothing: what waits for it would wait for ever.
            self._hearNoMore()
            self.transport.abortConnection()
        elif self._isOpen():
            self._sayWhy(reason, detail)

    def _sayWhy(self, reason: DisconnectReason, detail: str) -> None:
        text = f"{reason.value}: {detail}" if detail else reason.value
        line = text.encode("ascii", "backslashreplace")[:_REASON_BYTES]
        self._borrow().sendCloseFrame(_CODES.get(reason, _NORMAL), line)


def _writeCompressed(machine: Machine, frames: Sequence[Frame]) -> None:
    """
    Autobahn knows how a connection compresses.
    """
    for frame in frames:
        for part in frame.parts:
            isBinary = isinstance(part, bytes)
            data = part if isinstance(part, bytes) else part.encode("utf-8")
            machine.sendMessage(data, isBinary, doNotCompress=len(data) < _COMPRESSED_FROM)


class WebSocket(HTTPTransport):
    """
    C{GET} of C{/websocket[/sid]} with C{Upgrade: websocket}.
    """

    name = "websocket"
    methods: ClassVar[Sequence[bytes]] = (b"GET",)

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._machines: dict[int, type[Machine]] = {}

    def _protocolAt(self, place: Place) -> WebSocketTransport:
        """
        One for a session there.
        """
        limit = self.settingsAt(place).maxPayload
        if limit not in self._machines:
            gate = self.gate
            self._machines[limit] = configured(gate.clock, limit, gate.perMessageDeflate)
        return WebSocketTransport(self.gate, place, self._machines[limit])

    def welcome(
        self, request: Request, place: Place
    ) -> tuple[IProtocol, Callable[[], object]] | None:
        """
        See L{HTTPTransport.welcome}.
        """
        gate = self.gate
        isAsked = place.sid is None and gate.allowRequest is not None
        if isAsked or not gate.origins.judge(request.requestHeaders.getRawHeaders).allowed:
            return None
        return self._everyday(request, place)

    def _everyday(
        self, request: Request, place: Place
    ) -> tuple[WebSocketTransport, Callable[[], object]] | None:
        key = usualKey(request, self.gate.perMessageDeflate)
        if key is None:
            return None
        session = self.gate.enter(place, request)
        protocol = self._protocolAt(place)
        return protocol, partial(protocol.open, session, key)

    def get(self, request: Request, place: Place) -> bytes | int:
        """
        Hand the connection over to a protocol of its own.
        """
        upgrade = request.requestHeaders.getRawHeaders(b"Upgrade") or [b""]
        # HTTP/2 has no connection to give away.
        isOurs = isinstance(request.channel, HTTPChannel)
        if not isOurs or upgrade[0].lower() != b"websocket":
            raise _upgradeRequired(request)
        if hixie.isSpoken(request.requestHeaders):
            return self._getDraft(request, place)
        return self._getWebSocket(request, place)

    def _getWebSocket(self, request: Request, place: Place) -> int:
        try:
            everyday = self._everyday(request, place)
        except RemoteProtocolError:
            makeLast(request)
            raise
        protocol, begin = everyday or self._other(request, place)
        kept = takeOver(request, protocol)
        begin()
        # Each holds the other, and nobody else holds them.
        request.channel.requests.remove(request)
        if kept:
            protocol.dataReceived(kept)
        return NOT_DONE_YET

    def _getDraft(self, request: Request, place: Place) -> bytes | int:
        makeLast(request)
        if not (self.gate.drafts and place.dialect.speaksDrafts):
            raise _upgradeRequired(request)
        self._check(request, place)
        protocol = hixie.HixieTransport(self.gate, place, request)
        kept = takeOver(request, protocol)
        if kept:
            protocol.dataReceived(kept)
        return NOT_DONE_YET

    def _other(
        self, request: Request, place: Place
    ) -> tuple[WebSocketTransport, Callable[[], object]]:
        self._check(request, place)
        protocol = self._protocolAt(place)
        return protocol, partial(protocol.negotiate, place, request)

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
