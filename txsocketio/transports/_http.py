"""
What the transports share: who may ask, and what an answer looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from txsocketio.errors import (
    Fault,
    RemoteProtocolError,
)
from txsocketio.interfaces import IDialect, Place
from txsocketio.origins import Verdict
from txsocketio.transports._gate import Gate

if TYPE_CHECKING:
    from txsocketio.settings import Settings

TEXT = b"text/plain; charset=UTF-8"
BINARY = b"application/octet-stream"
# What the genuine server says of a POST's answer.
PLAIN = b"text/plain"
PREFLIGHT_SECONDS = 600


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
    What is wrong with a request that leads to no transport, as its generation
    is told that.
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
    @cvar openers: those that open a session where none is named.
    @cvar repeats: those of whose requests many come that are all alike.
    @cvar stamp: where in a URL stands what tells them apart.
    @cvar leading: the headers that stand before those that allow an origin,
        as in the genuine server's answers.
    @cvar postContentType: that of the answer to a POST.
    """

    name: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]] = {}
    methods: ClassVar[Sequence[bytes]] = (b"GET", b"POST", b"OPTIONS")
    openers: ClassVar[Sequence[bytes]] = (b"GET",)
    repeats: ClassVar[Sequence[bytes]] = ()
    stamp: ClassVar[re.Pattern[bytes]] = re.compile(rb"[?&]t=([\w.-]*)(?=[& ])")
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
        return Located(self, place)

    def render(self, request: Request, place: Place) -> bytes | int:
        """
        Serve the request, or say in one line why not.
        """
        refusal = self.admit(request, place)
        if refusal is not None:
            return refusal
        isNew = place.sid is None and request.method in self.openers
        if isNew and self.gate.allowRequest is not None:
            Deferred.fromCoroutine(self._serveIfAllowed(request, place))
            return NOT_DONE_YET
        return self.attempt(request, place)

    def admit(self, request: Request, place: Place) -> bytes | None:
        """
        Set the headers that an answer begins with.

        @return: what is answered to a request that is not in order, whatever
            its body; L{None} to one that is.
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
            return self.complain(request, place, _WRONG_METHOD)
        return None

    def complain(self, request: Request, place: Place, error: RemoteProtocolError) -> bytes:
        """
        What is wrong with the request, as its generation is told that.
        """
        status, contentType, body = place.dialect.complaint(error, place)
        if status == HTTPStatus.OK:
            contentType, body = self.packaged(contentType, body, place)
        return _reply(request, status, contentType, body)

    def packaged(self, contentType: bytes, body: bytes, place: Place) -> tuple[bytes, bytes]:
        """
        Packets that belong to no session, as this transport brings them.
        """
        return contentType, body

    async def _serveIfAllowed(self, request: Request, place: Place) -> None:
        over: list[Failure | None] = []
        request.notifyFinish().addBoth(over.append)
        body: bytes | int
        try:
            await self.gate.ask(request)
            body = NOT_DONE_YET if over else self.attemptAlone(request, place)
        except RemoteProtocolError as error:
            body = self.complain(request, place, error)
        if isinstance(body, bytes) and not over:
            request.write(body)
            request.finish()

    def attempt(self, request: Request, place: Place) -> bytes | int:
        """
        Serve a request whose method and origin are in order, or say why not.
        """
        try:
            return self.serve(request, place)
        except RemoteProtocolError as error:
            return self.complain(request, place, error)

    def attemptAlone(self, request: Request, place: Place) -> bytes | int:
        """
        The same, where Twisted is not there to see to what is raised.
        """
        try:
            return self.attempt(request, place)
        except Exception:
            self.gate.log.failure("A request that was allowed cannot be served")
            return self.complain(request, place, _INTERNAL)

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

    def welcome(
        self, request: Request, place: Place
    ) -> tuple[IProtocol, Callable[[], object]] | None:
        """
        See whether a request opens a connection of its own, and there is nothing
        to be asked first.

        @return: what has the connection then, and what begins it; L{None} for any
            other, of which nothing has been seen.
        @raise RemoteProtocolError: nor of one that is not in order.
        """
        return None

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
        receipt: bytes = place.dialect.receipt
        return receipt

    def payload(self, request: Request, place: Place) -> str | bytes:
        """
        The packets in a request's body.
        """
        body = self.body(request, place)
        if place.index is None and not place.dialect.postsForms:
            contentType = request.getHeader(b"Content-Type") or b""
            isBinary = contentType.partition(b";")[0].strip().lower() == BINARY
            return body if isBinary else decoded(body)
        name = place.dialect.postField
        field = formField(body, name)
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
        error = RemoteProtocolError(verdict.reason, HTTPStatus.FORBIDDEN, Fault.FOREIGN)
        return self.complain(request, place, error)


_WRONG_METHOD = RemoteProtocolError(
    "method not allowed", HTTPStatus.METHOD_NOT_ALLOWED, Fault.BAD_METHOD
)
_INTERNAL = RemoteProtocolError("internal error", HTTPStatus.INTERNAL_SERVER_ERROR)


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


class Located(Resource):
    """
    A transport's resource, for what one URL asks.
    """

    isLeaf = True

    def __init__(self, transport: HTTPTransport, place: Place) -> None:
        super().__init__()
        self.transport = transport
        self.place = place

    def render(self, request: Request) -> bytes | int:
        """
        See L{HTTPTransport.render}.
        """
        return self.transport.render(request, self.place)
