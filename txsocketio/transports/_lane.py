"""
A short way for requests that repeat themselves.

Who polls sends the same lines again and again, on connections that it keeps, and
nothing but a time stamp and a length is new in them. C{twisted.web} takes them
apart each time. A L{Lane} stands before C{twisted.web}'s channel and sees what
comes in first. A request that is, byte for byte but for those two, one which the
channel has read on this connection before is served from here. All else is the
channel's, as is whatever comes behind it, until a request has come that may
repeat itself: the channel alone knows HTTP. It stays where it is all the time, as
what the transport pauses and resumes.

Nothing is read here but what the channel has read once, and what it has made of
that is what the transport is asked with again: the answers are the same.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol
from twisted.python import log
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, HTTPFactory
from twisted.web.server import Request, Site

from txsocketio.bodylimit import isUsual
from txsocketio.handover import handOver, holder, isEmpty, isPlain
from txsocketio.transports._repeats import LONGEST_HEAD, Head, Repeated, endOf

if TYPE_CHECKING:
    from txsocketio.interfaces import Place
    from txsocketio.transports._http import HTTPTransport

_MOST_HEADS = 2
"""As many are remembered for a connection: a client polls, and it posts."""

_MOST_VAIN = 8
"""So many heads in a row may be remembered in vain, as those of many clients are
that share a proxy's connection. Then that is the end of it."""


class Lane(Protocol):
    """
    What comes in on one connection: what repeats itself is served, all else
    handed on.

    @ivar channel: what it is handed to.
    @ivar _heads: what is remembered.
    @ivar _vain: how many of them have been of no use.
    @ivar _raw: a request that the channel is reading, from its first byte.
    @ivar _isReady: whether a request has been read that may repeat itself.
    @ivar _isOurs: whether what comes in next is looked at here first.
    @ivar _asked: a request of ours that waits for its answer.
    @ivar _kept: what has come behind that, or as far as a body has come.
    @ivar _wanted: how much must have come before it is looked at.
    @ivar _since: when something last came in, or was answered.
    """

    transport: Any

    def __init__(self, channel: Any) -> None:
        self.channel = channel
        self.transport = channel.transport
        self._seconds = channel.site.reactor.seconds
        self._keepsLog = _keepsLog(channel.site)
        self._isPlain = isPlain(self.transport)
        self._heads: list[Head] = []
        self._vain = 0
        self._raw = b""
        self._isReady = self._isOurs = self._isBusy = self._isPaused = False
        self._asked: Repeated | None = None
        self._kept = bytearray()
        self._wanted = 0
        self._timeOut: float | None = None
        self._since = 0.0
        self._call: IDelayedCall | None = None

    def dataReceived(self, data: bytes) -> None:
        """
        Something has come in.
        """
        if not self._isOurs and not self._begins(data):
            self.channel.dataReceived(data)
            return
        self._since = self._seconds()
        if self._kept or self._asked is not None or self._isBusy:
            self._kept += data
            self._goOn()
        else:
            self._serveAll(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        The connection has gone.
        """
        self._end()
        self._kept.clear()
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.connectionLost(reason)
        self.channel.connectionLost(reason)

    # The channel's turn.

    def learn(self, request: Request, transport: HTTPTransport, place: Place) -> None:
        """
        The channel has read a request. Where no more has come in than that, it is
        known what it looks like.
        """
        raw, self._raw = self._raw, b""
        end = endOf(raw, request)
        if not end or not self.channel.persistent or request.method not in transport.repeats:
            return
        if not any(head.match(raw)[0] for head in self._heads):
            head = Head(raw[:end], request, transport, place)
            example = Repeated(self, head, b"")
            refusal = transport.admit(cast(Request, example), place)
            if refusal is not None or not head.takes(raw[end:]):
                return
            head.headers = example.headers
            self._vain += 1
            self._heads = [*self._heads, head][-_MOST_HEADS:] if self._vain <= _MOST_VAIN else []
        self._isReady = True

    def _begins(self, data: bytes) -> bool:
        """
        Whether it is our turn, now that C{data} has come in.
        """
        channel = self.channel
        if self._vain > _MOST_VAIN:
            return False
        if channel.requests or channel._buffer or channel._dataBuffer:
            # It is reading, or has something to answer.
            self._raw = self._raw + data if 0 < len(self._raw) <= LONGEST_HEAD else b""
        elif not self._isReady:
            self._raw = data
        else:
            self._isOurs = True
            self._timeOut = channel.setTimeout(None)
            self._watch(self._timeOut)
        return self._isOurs

    def _handBack(self, data: bytes) -> None:
        """
        Let the channel have C{data}, and what comes behind it.
        """
        self._end()
        self._raw = data
        self.channel.setTimeout(self._timeOut)
        self.channel.dataReceived(data)

    # Our turn.

    def answer(self, request: Repeated, data: bytes) -> None:
        """
        Send C{data}, unless the connection has gone.
        """
        if self._asked is not request:
            return
        self._asked = None
        self._since = self._seconds()
        self._write(data)
        if self._keepsLog:
            self.channel.factory.log(request)
        if self._kept:
            self._goOn()

    def _goOn(self) -> None:
        """
        See what has been kept, if there is enough of it, and nothing before
        it. As the channel does, this takes no more than some of what comes in
        behind a request that waits.
        """
        if self._asked is not None:
            if len(self._kept) > self.channel._optimisticEagerReadSize:
                self._isPaused = True
                self.channel._networkProducer.pauseProducing()
        elif len(self._kept) >= self._wanted and not self._isBusy:
            self._serveAll(self._takeKept())

    def _takeKept(self) -> bytes:
        data = bytes(self._kept)
        self._kept.clear()
        self._wanted = 0
        if self._isPaused:
            self._isPaused = False
            if not self.channel._waitingForTransport:
                self.channel._networkProducer.resumeProducing()
        return data

    def _serveAll(self, data: bytes) -> None:
        """
        Serve one request after the other, until there is one that waits for
        its answer, or is not complete, or is none of ours.
        """
        self._isBusy = True
        try:
            while data and self._isOurs:
                data = self._serveFirst(data)
        finally:
            self._isBusy = False

    def _serveFirst(self, data: bytes) -> bytes:
        """
        @return: what is behind the first request, if it can be looked at now.
        """
        begin, end, head = self._find(data)
        if head is None:
            self._handBack(data)
            return b""
        if end > len(data):
            self._kept[:0], self._wanted = data, end
            return b""
        self._serve(head, data[:begin], data[begin:end])
        rest = data[end:]
        if self._asked is not None:
            self._kept[:0] = rest
            return b""
        return rest + self._takeKept() if self._kept else rest

    def _find(self, data: bytes) -> tuple[int, int, Head | None]:
        """
        @return: where the body of the first request begins and ends, and which
            it repeats, if it does.
        """
        for head in self._heads:
            begin, end = head.match(data)
            if begin and (end > len(data) or head.takes(data[begin:end])):
                return begin, end, head
        return 0, 0, None

    def _serve(self, head: Head, raw: bytes, body: bytes) -> None:
        self._vain = 0
        repeated = self._asked = Repeated(self, head, body)
        if self._keepsLog:
            repeated.uri = raw.split(b" ", 2)[1]
        request = cast(Request, repeated)
        answer = head.transport.attemptAlone(request, head.place)
        if isinstance(answer, bytes):
            repeated.setHeader(b"Content-Length", b"%d" % len(answer))
            repeated.write(answer)
            repeated.finish()

    def _write(self, data: bytes) -> None:
        """
        Twisted would come round to it later, and ask the system twice meanwhile
        whether the socket takes it. It does, where nothing else is to be written.
        """
        transport, sent = self.transport, 0
        if self._isPlain and isEmpty(transport):
            # If it will never take anything again, the reactor finds that out.
            with suppress(OSError):
                sent = transport.getHandle().send(data)
        if sent < len(data):
            transport.write(data[sent:])

    # Idle connections, which are the channel's to close.

    def _watch(self, seconds: float | None) -> None:
        self._call = self.channel.callLater(seconds, self._look) if seconds else None

    def _look(self) -> None:
        """
        See whether too little has come for too long. A client that waits for an
        answer may wait.
        """
        assert self._timeOut is not None
        left = self._since + self._timeOut - self._seconds()
        if self._asked is not None:
            self._watch(self._timeOut)
        elif left > 0:
            self._watch(left)
        else:
            self._end()
            self.channel.timeoutConnection()

    def _end(self) -> None:
        """
        It is our turn no more.
        """
        self._isOurs = self._isReady = False
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None


def remember(request: Request, transport: HTTPTransport, place: Place) -> None:
    """
    A request has come in, of which nobody but Twisted and we have heard. It may
    repeat itself, unless it is one of the few with which a session begins.
    """
    channel: Any = request.channel
    finds = type(request.site).getResourceFor  # type: ignore[union-attr]
    isTwisteds = type(channel) is HTTPChannel and finds is Site.getResourceFor
    if not transport.repeats or not isTwisteds or not isUsual(type(request)):
        return
    wire: Any = channel.transport
    found = holder(wire)
    if isinstance(found, Lane):
        if place.sid is not None:
            found.learn(request, transport, place)
    elif found is not None and getattr(found, "_channel", None) is channel:
        handOver(wire, found, Lane(channel))


def _keepsLog(site: Site) -> bool:
    """
    Whether requests are logged elsewhere than among all that Twisted logs,
    where a line for each poll helps nobody, and costs as much as the poll.
    """
    isTwisteds = getattr(site.log, "__func__", None) is HTTPFactory.log
    return not isTwisteds or getattr(site, "logFile", log.logfile) is not log.logfile
