"""
Transports whose GET is answered without end, and what can be written to as long
as the other end reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from twisted.internet.interfaces import IPushProducer, IWriteDescriptor
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import DisconnectReason
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.transports._http import HTTPTransport

if TYPE_CHECKING:
    from txsocketio.frames import Frame


class Streaming(HTTPTransport):
    """
    A transport whose GET is answered without end.

    @cvar heading: the answer's headers, in their order; those that keep
        proxies from holding it back come behind them.
    """

    heading: ClassVar[Sequence[tuple[bytes, bytes]]]

    def get(self, request: Request, place: Place) -> int:
        """
        Open a stream.
        """
        session = self.gate.enter(place, request)
        for name, value in (*self.heading, *_UNBUFFERED):
            request.setHeader(name, value)
        self.begin(request)
        request.write(self.preamble(session))
        session.attach(Stream(self, session, request))
        return NOT_DONE_YET

    def packaged(self, contentType: bytes, body: bytes, place: Place) -> tuple[bytes, bytes]:
        """
        See L{HTTPTransport.packaged}.
        """
        return self.heading[0][1], self.wrap(body)

    def begin(self, request: Request) -> None:
        """
        Send the headers, where that has to be done in another way than
        Twisted's.
        """

    def preamble(self, session: ISession) -> bytes:
        """
        What the answer begins with.
        """
        raise NotImplementedError

    def wrap(self, body: bytes) -> bytes:
        """
        What the transport's way of reading wants of a batch of frames.
        """
        raise NotImplementedError


# What nginx asks for, and every other cache and compressor on the way.
_UNBUFFERED = (
    (b"Cache-Control", b"no-cache, no-store, no-transform"),
    (b"X-Accel-Buffering", b"no"),
)


@implementer(IPushProducer)
class Pausable:
    """
    A connection that can be written to more than once, and says when.

    @ivar session: L{None} until there is one.
    """

    __slots__ = ("session", "writable")

    isStream = True
    writable: bool
    session: ISession | None

    @property
    def _asTransport(self) -> ITransport:
        return cast("ITransport", self)

    def _isOpen(self) -> bool:
        """
        Whether the session is carried, and no closing has begun.
        """
        return True

    @property
    def _socket(self) -> object:
        """
        What the connection is written to in the end.
        """
        raise NotImplementedError

    def pauseProducing(self) -> None:
        """
        Twisted holds as much as it likes to. It gives that to the socket in
        the next turn of the reactor, but the application may send more in
        this one, and nobody is slow as long as the socket takes it.
        """
        self.writable = False
        if IWriteDescriptor.providedBy(self._socket):
            self._socket.doWrite()

    def resumeProducing(self) -> None:
        """
        The socket takes more.
        """
        if self.session is not None and self._isOpen():
            self.writable = True
            self.session.resumed(self._asTransport)

    def stopProducing(self) -> None:
        """
        The connection is being closed.
        """
        self.writable = False


@implementer(ITransport)
class Stream(Pausable):
    """
    One GET whose answer goes on.
    """

    session: ISession

    def __init__(self, streaming: Streaming, session: ISession, request: Request) -> None:
        self.name = streaming.name
        self.writable = True
        self._streaming = streaming
        self.session = session
        self._request = request
        request.notifyFinish().addErrback(self._lost)
        request.registerProducer(self, True)

    @property
    def _socket(self) -> object:
        channel: Any = self._request.channel
        return channel.transport if isinstance(channel, HTTPChannel) else None

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        body = self.session.dialect.join(frames)
        self._request.write(self._streaming.wrap(body))

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}.
        """
        isStuck = not self.writable
        self.writable = False
        request = self._request
        request.unregisterProducer()
        if isStuck and isinstance(request.channel, HTTPChannel):
            # It reads nothing: what waits for it would wait for ever.
            transport: Any = request.channel.transport
            transport.abortConnection()
        else:
            request.finish()

    def _lost(self, reason: Failure) -> None:
        self.writable = False
        self.session.lost(self, DisconnectReason.TRANSPORT_CLOSE)
