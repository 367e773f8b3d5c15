"""
What is there in place of sockets: requests that a server answers, transports
that hand over what is written to them, and the way between the two ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs

from twisted.internet.address import IPv4Address
from twisted.web.http import Request
from twisted.web.http_headers import Headers
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import DisconnectReason
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.listener import TRANSPORTS
from txsocketio.transports._http import HTTPTransport
from txsocketio.transports._polls import Polling

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.resource import Router

_OK = 200


class Network:
    """
    The way between clients and server. Nothing arrives before the end that
    has sent it is done with what it is doing, as with sockets.
    """

    def __init__(self) -> None:
        self._underway: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._isDelivering = False

    def put(self, deliver: Callable[[Any], object], what: Any) -> None:
        """
        Send something to whom C{deliver} gives it.
        """
        self._underway.append((deliver, what))

    def flush(self) -> None:
        """
        Deliver all that is under way, and all that comes of it. What raises is
        raised here.
        """
        if self._isDelivering:
            return
        self._isDelivering = True
        try:
            while self._underway:
                deliver, what = self._underway.popleft()
                deliver(what)
        finally:
            self._isDelivering = False


Carried = Callable[[ISession, Place, HTTPTransport], object]
"""Told that a transport has been let in: what it carries, where, and what
serves that place."""


class Answer:
    """
    An answer to a request, as the request's channel.

    @ivar carried: see L{Carried}.
    @ivar status: 0 as long as there is none.
    @ivar body: what has come of it.
    """

    transport = None

    def __init__(
        self,
        network: Network,
        carried: Carried,
        done: Callable[[Answer], object],
        address: str,
    ) -> None:
        """
        @param address: the asking client's.
        @param done: called with this when it is complete.
        """
        self.carried = carried
        self.status = 0
        self.body = b""
        self._network = network
        self._done = done
        self._address = address

    @property
    def isOK(self) -> bool:
        """
        Whether it is status 200.
        """
        return self.status == _OK

    @property
    def text(self) -> str:
        """
        The body.
        """
        return self.body.decode("utf-8", "replace").strip()

    # What a Request asks of its channel:

    def getPeer(self) -> IPv4Address:
        """
        Where it comes from.
        """
        return IPv4Address("TCP", self._address, 54321)

    def getHost(self) -> IPv4Address:
        """
        Where it has come to.
        """
        return IPv4Address("TCP", "127.0.0.1", 80)

    def isSecure(self) -> bool:
        """
        Whether it came over TLS.
        """
        return False

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        """
        The head.
        """
        self.status = int(code)

    def write(self, data: bytes) -> None:
        """
        Some of the body.
        """
        self.body += data

    def requestDone(self, request: Request) -> None:
        """
        It is complete.
        """
        self._network.put(self._done, self)


def ask(
    router: Router,
    answer: Answer,
    url: str,
    behind: str,
    headers: Mapping[str, str],
    post: tuple[bytes, bytes] | None = None,
) -> None:
    """
    Send a request.

    @param url: path and query.
    @param behind: what stands in it behind the server's own path.
    @param post: content type and body; without them it is a GET.
    """
    serve(router, requestOf(answer, url, headers, post), behind)


def requestOf(
    answer: Answer,
    url: str,
    headers: Mapping[str, str],
    post: tuple[bytes, bytes] | None = None,
) -> Any:
    """
    A request, as L{ask} sends it.
    """
    channel: Any = answer
    request = Request(channel, False)
    path, _, query = url.partition("?")
    request.method = b"GET" if post is None else b"POST"
    request.uri, request.path = url.encode("ascii"), path.encode("ascii")
    request.args = parse_qs(query.encode("ascii"), keep_blank_values=True)
    # Of this version, no answer is cut into chunks.
    request.clientproto = b"HTTP/1.0"
    for name, value in headers.items():
        request.requestHeaders.addRawHeader(name, value)
    contentType, body = post or (b"", b"")
    if post is not None:
        request.requestHeaders.setRawHeaders(b"Content-Type", [contentType])
    request.content = BytesIO(body)
    return request


def serve(router: Router, request: Any, behind: str) -> None:
    """
    Have a request answered.

    @param behind: see L{ask}.
    """
    parts = [part.encode("ascii") for part in behind.partition("?")[0].split("/")]
    found = router.find(parts, request)
    assert found is not None, parts
    done = found.render(request)
    if isinstance(done, bytes):
        request.write(done)
        request.finish()


class _InMemory(HTTPTransport):
    """
    A transport whose GET hands its session to who asks.
    """

    def get(self, request: Request, place: Place) -> int:
        """
        See L{HTTPTransport.get}.
        """
        answer: Any = request.channel
        answer.carried(self.gate.enter(place, request), place, self)
        return NOT_DONE_YET

    def payload(self, request: Request, place: Place) -> str | bytes:
        """
        See L{HTTPTransport.payload}. It is posted by no script's form.
        """
        return super().payload(request, Place(place.dialect, place.transport, place.sid))


def inMemory(transport: HTTPTransport) -> HTTPTransport:
    """
    The same transport, without sockets; one that carries nothing is as it was.
    """
    kind = type(transport)
    if kind not in TRANSPORTS:
        return transport
    made: HTTPTransport = type(f"InMemory{kind.__name__}", (_InMemory, kind), {})(transport.gate)
    return made


class Hearer(Protocol):
    """
    Who hears what is written.
    """

    def heard(self, carrier: Carrier, parts: Sequence[str | bytes]) -> None:
        """
        Messages have come.
        """

    def heardBody(self, carrier: Carrier, body: str | bytes) -> None:
        """
        The answer to a poll has come.
        """

    def lost(self, carrier: Carrier, reason: DisconnectReason) -> None:
        """
        The server has let go.
        """


@implementer(ITransport)
class Carrier:
    """
    A transport that hands on what is written to it.
    """

    __slots__ = ("_hearer", "_network", "isStream", "name", "session", "writable")

    def __init__(
        self, network: Network, hearer: Hearer, session: ISession, name: str, isStream: bool
    ) -> None:
        self._network = network
        self._hearer = hearer
        self.session = session
        self.name = name
        self.isStream = isStream
        self.writable = True

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        if self.isStream:
            self._network.put(self._arrive, frames)
        else:
            self._answer(frames)

    def _answer(self, frames: Sequence[Frame]) -> None:
        self.writable = False
        dialect = self.session.dialect
        body = dialect.join(frames)
        self.session.detach(self)
        self._network.put(
            self._arriveBody, body if dialect.isBinary(body) else body.decode("utf-8")
        )

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}.
        """
        if not self.isStream and self.writable:
            self._answer(())
        self.writable = False
        self._network.put(self._end, reason)

    def _arrive(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self._hearer.heard(self, frame.parts)

    def _arriveBody(self, body: str | bytes) -> None:
        self._hearer.heardBody(self, body)

    def _end(self, reason: DisconnectReason) -> None:
        self._hearer.lost(self, reason)


def isStream(transport: HTTPTransport) -> bool:
    """
    Whether what it carries is written to more than once.
    """
    return not isinstance(transport, Polling)
