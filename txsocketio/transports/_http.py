"""
What the transports share: who may ask, what an answer looks like, and the
request that waits for its answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.handshake import Handshake
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.manager import SessionManager
from txsocketio.origins import Origins, Verdict

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.settings import Settings

TEXT = b"text/plain; charset=UTF-8"
# What the genuine server says of a POST's answer.
PLAIN = b"text/plain"
PREFLIGHT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Gate:
    """
    The way from a request to a session.

    @ivar settings: by transport name.
    @ivar trustProxy: whether C{X-Forwarded-For} and C{X-Forwarded-Proto} tell
        where a request comes from.
    @ivar drafts: whether WebSockets may speak the drafts of 2010.
    """

    origins: Origins
    manager: SessionManager
    settings: Mapping[str, Settings]
    clock: IReactorTime
    trustProxy: bool = False
    drafts: bool = True

    def enter(self, place: Place, request: Request) -> ISession:
        """
        @return: the session that the place names, or a new one where it
            names none.
        @raise RemoteProtocolError: it names one that is not to be had.
        """
        if place.sid is None:
            handshake = handshakeOf(request, self.trustProxy)
            return self.manager.create(place.dialect, place.transport, handshake)
        return self.manager.find(place.sid, place.transport)


def handshakeOf(request: Request, trustProxy: bool) -> Handshake:
    """
    What a client brought along.
    """
    headers = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in request.requestHeaders.getAllRawHeaders()
    }
    query = {
        name.decode("utf-8", "replace"): values[-1].decode("utf-8", "replace")
        for name, values in request.args.items()
    }
    address = getattr(request.getClientAddress(), "host", "")
    secure = request.isSecure()
    if trustProxy:
        # Whoever asks can send the header too; only the last name in it is the
        # nearest proxy's own word.
        address = headers.get("x-forwarded-for", address).rpartition(",")[2].strip()
        secure = secure or headers.get("x-forwarded-proto", "").strip().lower() == "https"
    url = request.uri.decode("latin-1")
    return Handshake(
        headers=headers, query=query, address=address, secure=secure, time=time.time(), url=url
    )


def formField(body: bytes, name: bytes) -> bytes | None:
    """
    @return: the first value of that name in a form; L{None} if there is none.
    """
    for pair in body.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == name:
            return unquote_to_bytes(value.replace(b"+", b" "))
    return None


def allowOrigin(request: Request, verdict: Verdict) -> None:
    """
    Let the page that asks read the answer.
    """
    if verdict.origin is not None:
        request.setHeader(b"Access-Control-Allow-Origin", verdict.origin)
        request.setHeader(b"Access-Control-Allow-Credentials", b"true")
        request.setHeader(b"Vary", b"Origin")


def answer(request: Request, status: int, line: str) -> bytes:
    """
    One line for whoever reads it.
    """
    # Twisted has no phrase for some.
    request.setResponseCode(status, HTTPStatus(status).phrase.encode("ascii"))
    request.setHeader(b"Content-Type", TEXT)
    body = f"{line}\n".encode("ascii", "backslashreplace")
    request.setHeader(b"Content-Length", str(len(body)).encode("ascii"))
    # Twisted would log a line for each body that answers a HEAD.
    return b"" if request.method == b"HEAD" else body


class HTTPTransport:
    """
    One kind of transport, on one listener.

    @cvar name: the transport's name, in URLs and options.
    @cvar defaults: where its L{Settings} differ from the defaults.
    @cvar methods: the HTTP methods it serves.
    @cvar leading: the headers that stand before those that allow an origin,
        as in the genuine server's answers.
    """

    name: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]] = {}
    methods: ClassVar[Sequence[bytes]] = (b"GET", b"POST", b"OPTIONS")
    leading: ClassVar[Sequence[bytes]] = (b"Content-Type",)

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.settings: Settings = gate.settings[self.name]

    def resource(self, place: Place) -> Resource:
        """
        The resource at that place.
        """
        return _Located(self, place)

    def render(self, request: Request, place: Place) -> bytes | int:
        """
        Serve the request, or say in one line why not.
        """
        if request.method not in self.methods:
            request.setHeader(b"Allow", b", ".join(self.methods))
            return answer(request, HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed")
        verdict = self.gate.origins.judge(request.requestHeaders.getRawHeaders)
        if not verdict.allowed:
            return self.refuse(request, verdict)
        for name in self.leading:
            # A header stays where it was first, whatever it is set to.
            request.setHeader(name, b"")
        allowOrigin(request, verdict)
        try:
            return self.serve(request, place)
        except RemoteProtocolError as error:
            return answer(request, error.httpStatus, error.reason)

    def serve(self, request: Request, place: Place) -> bytes | int:
        """
        Serve a request whose method and origin are in order.

        @raise RemoteProtocolError: it is answered with that.
        """
        if request.method == b"OPTIONS":
            return self.preflight(request)
        if request.method == b"POST":
            return self.post(request, place)
        return self.get(request, place)

    def get(self, request: Request, place: Place) -> bytes | int:
        """
        Open or continue a session.
        """
        raise NotImplementedError

    def post(self, request: Request, place: Place) -> bytes | int:
        """
        Take the client's packets.
        """
        if place.sid is None:
            raise RemoteProtocolError("a POST needs a session id in its URL")
        session = self.gate.enter(place, request)
        session.receivedPayload(self._payload(request, place))
        request.setHeader(b"Content-Type", PLAIN)
        return b"ok"

    def _payload(self, request: Request, place: Place) -> str:
        """
        The packets in a request's body, as text.
        """
        limit = self.settings.maxPayload
        content: IO[bytes] = request.content  # type: ignore[assignment]
        body = content.read(limit + 1)
        if len(body) > limit:
            raise RemoteProtocolError(
                f"the body exceeds {limit} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        name = place.dialect.postField
        field = formField(body, name)
        if not field:
            raise RemoteProtocolError(f"the form field {name.decode('ascii')} is missing or empty")
        try:
            return self.unwrap(field.decode("utf-8"), place)
        except UnicodeDecodeError:
            raise RemoteProtocolError("the body is not UTF-8") from None

    def unwrap(self, field: str, place: Place) -> str:
        """
        Undo what the transport's way of posting does to the packets.
        """
        return field

    def preflight(self, request: Request) -> int:
        """
        Answer a browser's question what another origin's page may do.
        """
        headers = request.requestHeaders
        request.setHeader(b"Access-Control-Allow-Methods", b", ".join(self.methods))
        wanted = headers.getRawHeaders(b"Access-Control-Request-Headers")
        if wanted:
            request.setHeader(b"Access-Control-Allow-Headers", wanted[0])
        request.setHeader(b"Access-Control-Max-Age", str(PREFLIGHT_SECONDS).encode("ascii"))
        request.setResponseCode(HTTPStatus.NO_CONTENT)
        for name in self.leading:
            request.responseHeaders.removeHeader(name)
        # By hand, since the site would add the length of an empty body.
        request.finish()
        return NOT_DONE_YET

    def refuse(self, request: Request, verdict: Verdict) -> bytes:
        """
        Turn a foreign page away.
        """
        return answer(request, HTTPStatus.FORBIDDEN, verdict.reason)


class _Located(Resource):
    """
    A transport's resource, for what one URL asks.
    """

    isLeaf = True

    def __init__(self, transport: HTTPTransport, place: Place) -> None:
        super().__init__()
        self._transport = transport
        self._place = place

    def render(self, request: Request) -> bytes | int:
        """
        See L{HTTPTransport.render}.
        """
        return self._transport.render(request, self._place)


class Polling(HTTPTransport):
    """
    A transport whose every GET is answered once.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"heartbeatInterval": None, "closeTimeout": 8.0}
    leading: ClassVar[Sequence[bytes]] = (b"Content-Type", b"Content-Length")
    contentType: ClassVar[bytes]

    def get(self, request: Request, place: Place) -> int:
        """
        Wait with the answer until there is something to say.
        """
        session = self.gate.enter(place, request)
        session.attach(Poll(self, place, session, request))
        return NOT_DONE_YET

    def wrap(self, body: bytes, place: Place) -> bytes:
        """
        What the transport's way of reading wants of an answer.
        """
        return body


@implementer(ITransport)
class Poll:
    """
    One GET that waits for its answer.
    """

    isStream = False

    def __init__(self, polling: Polling, place: Place, session: ISession, request: Request) -> None:
        self.name = polling.name
        self.writable = True
        self._polling = polling
        self._place = place
        self._session = session
        self._request = request
        request.notifyFinish().addErrback(self._lost)

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        self._finish(self._session.dialect.join(frames))

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}. A browser has few connections, and none to
        spare for an answer that never comes.
        """
        if self.writable:
            self._finish(b"")

    def _finish(self, body: bytes) -> None:
        self.writable = False
        self._session.detach(self)
        request = self._request
        data = self._polling.wrap(body, self._place)
        request.setHeader(b"Content-Type", self._polling.contentType)
        request.setHeader(b"Content-Length", str(len(data)).encode("ascii"))
        request.write(data)
        request.finish()

    def _lost(self, reason: Failure) -> None:
        self.writable = False
        self._session.lost(self, DisconnectReason.TRANSPORT_CLOSE)


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

    @ivar _session: L{None} until there is one.
    """

    isStream = True
    writable: bool
    _session: ISession | None

    @property
    def _asTransport(self) -> ITransport:
        return cast("ITransport", self)

    def _isOpen(self) -> bool:
        """
        Whether the session is carried, and no closing has begun.
        """
        return True

    def pauseProducing(self) -> None:
        """
        The socket takes no more just now.
        """
        self.writable = False

    def resumeProducing(self) -> None:
        """
        The socket takes more.
        """
        if self._session is not None and self._isOpen():
            self.writable = True
            self._session.resumed(self._asTransport)

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

    _session: ISession

    def __init__(self, streaming: Streaming, session: ISession, request: Request) -> None:
        self.name = streaming.name
        self.writable = True
        self._streaming = streaming
        self._session = session
        self._request = request
        request.notifyFinish().addErrback(self._lost)
        request.registerProducer(self, True)

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        body = self._session.dialect.join(frames)
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
        self._session.lost(self, DisconnectReason.TRANSPORT_CLOSE)
