"""
What the transports share: who may ask, what an answer looks like, and the
request that waits for its answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime, IWriteDescriptor
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import (
    ConnectionRefused,
    DisconnectReason,
    Fault,
    RemoteProtocolError,
)
from txsocketio.handlers import FailureLog, Handler, asDeferred
from txsocketio.handshake import Handshake
from txsocketio.interfaces import IDialect, ISession, ITransport, Place
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

    @ivar settings: those of a dialect's sessions on a transport of that name.
    @ivar log: for what the application raises.
    @ivar trustProxy: whether C{X-Forwarded-For} and C{X-Forwarded-Proto} tell
        where a request comes from.
    @ivar drafts: whether WebSockets may speak the drafts of 2010.
    @ivar allowRequest: is asked with the L{Handshake} whether a session may be
        opened; L{None} where nobody is.
    @ivar cookie: the name of a cookie that gets the session id, where a
        generation has that; empty for none.
    @ivar httpCompression: whether polls may be answered compressed.
    @ivar perMessageDeflate: whether WebSocket messages may be compressed.
    """

    origins: Origins
    manager: SessionManager
    settings: Callable[[IDialect, str], Settings]
    clock: IReactorTime
    log: FailureLog
    trustProxy: bool = False
    drafts: bool = True
    allowRequest: Handler | None = None
    cookie: str = ""
    httpCompression: bool = True
    perMessageDeflate: bool = False

    def enter(self, place: Place, request: Request) -> ISession:
        """
        @return: the session that the place names, or a new one where it
            names none.
        @raise RemoteProtocolError: it names one that is not to be had.
        """
        if place.sid is None:
            return self.manager.create(place, handshakeOf(request, self.trustProxy))
        return self.manager.find(place)

    async def ask(self, request: Request) -> None:
        """
        Ask the application whether a session may be opened.

        @raise RemoteProtocolError: it may not.
        """
        assert self.allowRequest is not None
        try:
            allowed = asDeferred(self.allowRequest(handshakeOf(request, self.trustProxy)))
            if isinstance(allowed, Deferred):
                allowed = await allowed
        except ConnectionRefused as refused:
            raise _forbidden(refused.message) from None
        except Exception:
            self.log.failure("allowRequest raised")
            raise _forbidden("internal error") from None
        if allowed is False:
            raise _forbidden("this request is not allowed")


def _forbidden(reason: str) -> RemoteProtocolError:
    return RemoteProtocolError(reason, HTTPStatus.FORBIDDEN, Fault.FORBIDDEN)


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
    return _reply(request, status, TEXT, f"{line}\n".encode("ascii", "backslashreplace"))


def complain(request: Request, dialect: IDialect, error: RemoteProtocolError) -> bytes:
    """
    What is wrong with the request, as its generation is told that.
    """
    return _reply(request, *dialect.complaint(error))


def _reply(request: Request, status: int, contentType: bytes, body: bytes) -> bytes:
    # Twisted has no phrase for some.
    request.setResponseCode(status, HTTPStatus(status).phrase.encode("ascii"))
    request.setHeader(b"Content-Type", contentType)
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
    @cvar postContentType: that of the answer to a POST.
    """

    name: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]] = {}
    methods: ClassVar[Sequence[bytes]] = (b"GET", b"POST", b"OPTIONS")
    leading: ClassVar[Sequence[bytes]] = (b"Content-Type",)
    postContentType: ClassVar[bytes] = PLAIN

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def settingsAt(self, place: Place) -> Settings:
        """
        The intervals and limits of sessions there.
        """
        return self.gate.settings(place.dialect, self.name)

    def resource(self, place: Place) -> Resource:
        """
        The resource at that place.
        """
        return _Located(self, place)

    def render(self, request: Request, place: Place) -> bytes | int:
        """
        Serve the request, or say in one line why not.
        """
        verdict = self.gate.origins.judge(request.requestHeaders.getRawHeaders)
        if not verdict.allowed:
            return self.refuse(request, place, verdict)
        for name in self.leading:
            # A header stays where it was first, whatever it is set to.
            request.setHeader(name, b"")
        allowOrigin(request, verdict)
        if request.method not in self.methods:
            request.setHeader(b"Allow", b", ".join(self.methods))
            return complain(request, place.dialect, _WRONG_METHOD)
        if place.sid is None and request.method == b"GET" and self.gate.allowRequest is not None:
            Deferred.fromCoroutine(self._serveIfAllowed(request, place))
            return NOT_DONE_YET
        return self._attempt(request, place)

    async def _serveIfAllowed(self, request: Request, place: Place) -> None:
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        try:
            await self.gate.ask(request)
        except RemoteProtocolError as error:
            body: bytes | int = complain(request, place.dialect, error)
        else:
            body = NOT_DONE_YET if gone else self._attempt(request, place)
        if isinstance(body, bytes) and not gone:
            request.write(body)
            request.finish()

    def _attempt(self, request: Request, place: Place) -> bytes | int:
        try:
            return self.serve(request, place)
        except RemoteProtocolError as error:
            return complain(request, place.dialect, error)

    def serve(self, request: Request, place: Place) -> bytes | int:
        """
        Serve a request whose method and origin are in order.

        @raise RemoteProtocolError: it is answered with that.
        """
        if request.method == b"OPTIONS":
            return self.preflight(request)
        if request.method == b"POST":
            return self.post(request, place)
        _checkRead(request)
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
            raise RemoteProtocolError(
                "a POST needs a session id in its URL", fault=Fault.BAD_METHOD
            )
        session = self.gate.enter(place, request)
        session.receivedPayload(self.payload(request, place))
        request.setHeader(b"Content-Type", self.postContentType)
        return b"ok"

    def payload(self, request: Request, place: Place) -> str | bytes:
        """
        The packets in a request's body.
        """
        name = place.dialect.postField
        field = formField(self.body(request, place), name)
        if not field:
            raise RemoteProtocolError(f"the form field {name.decode('ascii')} is missing or empty")
        return self.unwrap(decoded(field), place)

    def body(self, request: Request, place: Place) -> bytes:
        """
        A request's body, as long as it may be.
        """
        limit = self.settingsAt(place).maxPayload
        content: IO[bytes] = request.content  # type: ignore[assignment]
        body = content.read(limit + 1)
        if len(body) > limit:
            raise RemoteProtocolError(
                f"the body exceeds {limit} bytes", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        return body

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

    def refuse(self, request: Request, place: Place, verdict: Verdict) -> bytes:
        """
        Turn a foreign page away.
        """
        return complain(request, place.dialect, _forbidden(verdict.reason))


_WRONG_METHOD = RemoteProtocolError(
    "method not allowed", HTTPStatus.METHOD_NOT_ALLOWED, Fault.BAD_METHOD
)


def _checkRead(request: Request) -> None:
    """
    A client asks again when it has read the answer. One that asks again and
    again, and does not read, would have as many answers wait in memory.

    @raise RemoteProtocolError: answers wait on this connection.
    """
    channel: Any = request.channel
    if isinstance(channel, HTTPChannel) and channel._waitingForTransport:
        raise RemoteProtocolError(
            "the answers on this connection are not read", HTTPStatus.TOO_MANY_REQUESTS
        )


def decoded(body: bytes) -> str:
    """
    @raise RemoteProtocolError: C{body} is not UTF-8.
    """
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise RemoteProtocolError("the body is not UTF-8") from None


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
        return self.hold(request, place, self.gate.enter(place, request))

    def hold(self, request: Request, place: Place, session: ISession) -> int:
        """
        Let the session answer.
        """
        session.attach(Poll(self, place, session, request))
        return NOT_DONE_YET

    def wrap(self, body: bytes, place: Place) -> bytes:
        """
        What the transport's way of reading wants of an answer.
        """
        return body

    def finish(self, request: Request, place: Place, body: bytes) -> None:
        """
        Answer a poll.
        """
        self._send(request, self.contentType, self.wrap(body, place))

    def _send(self, request: Request, contentType: bytes, data: bytes) -> None:
        request.setHeader(b"Content-Type", contentType)
        request.setHeader(b"Content-Length", str(len(data)).encode("ascii"))
        request.write(data)
        request.finish()


@implementer(ITransport)
class Poll:
    """
    One GET that waits for its answer.
    """

    isStream = False

    def __init__(self, polling: Polling, place: Place, session: ISession, request: Request) -> None:
        self.name = polling.name
        self.writable = True
        self.session = session
        self._polling = polling
        self._place = place
        self._request = request
        request.notifyFinish().addErrback(self._lost)

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        self.writable = False
        body = self.session.dialect.join(frames)
        self.session.detach(self)
        self._polling.finish(self._request, self._place, body)

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}. A browser has few connections, and none to
        spare for an answer that never comes.
        """
        if self.writable:
            self.write(())

    def _lost(self, reason: Failure) -> None:
        self.writable = False
        self.session.lost(self, DisconnectReason.TRANSPORT_CLOSE)


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

    @ivar session: L{None} until there is one.
    """

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
