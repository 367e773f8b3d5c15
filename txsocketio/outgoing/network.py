"""
The way to a server: connections, and requests over them, with a bound for
whatever a server may send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from twisted.internet.defer import CancelledError, Deferred, TimeoutError, maybeDeferred, succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from twisted.web.client import (
    URI,
    Agent,
    HTTPConnectionPool,
    ResponseDone,
    ResponseFailed,
)
from twisted.web.http import OK
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import directlyProvides, implementer

from txsocketio.errors import LocalProtocolError, RemoteProtocolError
from txsocketio.outgoing.tunnel import tunnelTo

if TYPE_CHECKING:
    from txsocketio.outgoing.address import Address
    from txsocketio.outgoing.options import ConnectOptions
    from txsocketio.settings import Settings

_AGENT = "txsocketio"

HEAD = 256 * 1024
"""How many bytes an answer may have beside its body."""

_IDLE = 4.0
"""How long a connection that nobody uses is kept, seconds: Node's server closes
them after five."""

_COOKIES = 50
_COOKIE_BYTES = 4096
"""How many cookies are kept, and of what length."""

_SHOWN = 200
"""How much of a refusal is told."""


class TooMuch(Exception):
    """
    A server sends more than it may.
    """


class Answer(NamedTuple):
    """
    What a request was answered.
    """

    body: bytes
    contentType: str


class _Bounded(ProtocolWrapper):
    """
    A connection, cut when more comes than is allowed until we speak again.

    @ivar allowance: how many bytes may still come.
    @ivar inner: whose connection it is, even if it has gone already.
    """

    factory: _Bounding
    transport: Any

    def __init__(self, factory: _Bounding, wrapped: IProtocol) -> None:
        super().__init__(factory, wrapped)
        self.allowance: float = factory.allowance
        self.inner = wrapped
        self._isOver = False

    def makeConnection(self, transport: Any) -> None:
        """
        See L{IProtocol.makeConnection}. It does not say that it is one of TLS:
        Autobahn would ask it for what only Twisted's own class has.
        """
        directlyProvides(self, ITransport)
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        wrapped: Any = self.inner
        wrapped.makeConnection(self)

    def write(self, data: bytes) -> None:
        """
        See L{ITransport.write}.
        """
        self._speak()
        super().write(data)

    def writeSequence(self, data: Any) -> None:
        """
        See L{ITransport.writeSequence}.
        """
        self._speak()
        super().writeSequence(data)

    def _speak(self) -> None:
        self.allowance = max(self.allowance, self.factory.allowance)

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        self.allowance -= len(data)
        if self.allowance >= 0:
            super().dataReceived(data)
        elif not self._isOver:
            self._isOver = True
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        if self._isOver:
            reason = Failure(TooMuch("more came than was allowed"))
        super().connectionLost(reason)


class _Bounding(WrappingFactory[_Bounded]):
    """
    Makes connections bounded, and tells the network of them.
    """

    protocol = _Bounded
    noisy = False

    def __init__(self, network: Network, wrapped: IProtocolFactory, allowance: float) -> None:
        super().__init__(wrapped)
        self._network = network
        self.allowance = allowance

    def registerProtocol(self, protocol: _Bounded) -> None:
        """
        A connection has been made.
        """
        super().registerProtocol(protocol)
        self._network.made(protocol)

    def unregisterProtocol(self, protocol: _Bounded) -> None:
        """
        It has gone.
        """
        super().unregisterProtocol(protocol)
        self._network.gone(protocol)


@implementer(IStreamClientEndpoint)
class _BoundedEndpoint:
    """
    An endpoint whose connections are bounded.
    """

    def __init__(self, network: Network, endpoint: IStreamClientEndpoint, allowance: float) -> None:
        self._network = network
        self._endpoint = endpoint
        self._allowance = allowance

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        factory = _Bounding(self._network, protocolFactory, self._allowance)
        connecting: Any = self._endpoint.connect(factory)
        done: Deferred[IProtocol] = connecting.addCallback(lambda wrapper: wrapper.inner)
        return done


@implementer(IStreamClientEndpoint)
class _SecureEndpoint:
    """
    TLS over another endpoint, on our own clock.
    """

    def __init__(self, reactor: Any, creator: Any, endpoint: IStreamClientEndpoint) -> None:
        self._reactor = reactor
        self._creator = creator
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        from twisted.protocols.tls import TLSMemoryBIOFactory  # noqa: PLC0415

        factory = TLSMemoryBIOFactory(self._creator, True, protocolFactory, self._reactor)
        connecting: Any = self._endpoint.connect(factory)
        done: Deferred[IProtocol] = connecting.addCallback(lambda tls: tls.wrappedProtocol)
        return done


class _Given(Factory):
    """
    Gives a connection to a protocol that is there already.
    """

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._given = protocol

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """
        See L{IProtocolFactory.buildProtocol}.
        """
        return self._given


class _Body(Protocol):
    """
    Collects what a request was answered, as much as it may be.
    """

    transport: Any

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self.done: Deferred[bytes] = Deferred(lambda _: self._cut())

    def _cut(self) -> None:
        # Where all has come already, there is no connection any more.
        if self.transport is not None:
            abort = getattr(self.transport, "abortConnection", self.transport.loseConnection)
            abort()

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        self._limit -= len(data)
        if self._limit >= 0:
            self._parts.append(data)
        elif not self.done.called:
            self._parts.clear()
            self.done.errback(TooMuch("an answer is longer than maxPayload allows"))
            self._cut()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        if self.done.called:
            return
        if reason.check(ResponseDone):
            self.done.callback(b"".join(self._parts))
        else:
            self.done.errback(reason)


@implementer(IAgentEndpointFactory)
class Network:
    """
    All connections of one client to its server. Each of them goes through the
    same endpoint.
    """

    def __init__(
        self,
        reactor: Any,
        address: Address,
        endpoint: IStreamClientEndpoint,
        options: ConnectOptions,
        settings: Settings,
    ) -> None:
        """
        @param endpoint: of L{endpointTo}.
        """
        self.reactor = reactor
        self.address = address
        self._requestTimeout = options.requestTimeout
        self._limit = settings.maxPayload
        self._headers = {"User-Agent": _AGENT, **options.headers}
        self._cookies: dict[str, str] = {}
        self._endpoint = endpoint
        self._connections: set[_Bounded] = set()
        self._closing: Deferred[None] | None = None
        self._pool = HTTPConnectionPool(reactor, persistent=True)
        self._pool.cachedConnectionTimeout = _IDLE  # type: ignore[assignment]
        # What was lost with an answer does not come with the next one.
        self._pool.retryAutomatically = False
        self._agent = Agent.usingEndpointFactory(reactor, self, self._pool)

    @property
    def headers(self) -> dict[str, str]:
        """
        What is sent along with each request, with the cookies that the server
        has given: a proxy may tell by them where a session is.
        """
        own = next((name for name in self._headers if name.lower() == "cookie"), "Cookie")
        cookies = [f"{name}={value}" for name, value in self._cookies.items()]
        if not cookies:
            return self._headers
        return {
            **self._headers,
            own: "; ".join([*filter(None, [self._headers.get(own)]), *cookies]),
        }

    def _keep(self, cookies: Iterable[bytes]) -> None:
        """
        Remember what comes with an answer. All goes to this one server, and
        only as long as the connection lasts.
        """
        for cookie in cookies:
            pair = cookie.partition(b";")[0].strip().decode("latin-1")
            name, equals, value = pair.partition("=")
            isFull = len(self._cookies) >= _COOKIES and name not in self._cookies
            if name and equals and len(pair) <= _COOKIE_BYTES and pair.isascii() and not isFull:
                self._cookies[name] = value

    # Connections.

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """
        See L{IAgentEndpointFactory.endpointForURI}. There is but one.
        """
        return _BoundedEndpoint(self, self._endpoint, HEAD + 2 * self._limit)

    def connect(self, protocol: Protocol) -> Deferred[IProtocol]:
        """
        A connection for one that is none of HTTP's for long: it may take what
        it likes when it has set C{transport.allowance}.
        """
        endpoint = _BoundedEndpoint(self, self._endpoint, HEAD)
        return maybeDeferred(endpoint.connect, _Given(protocol))

    def made(self, connection: _Bounded) -> None:
        """
        A connection has been made.
        """
        self._connections.add(connection)

    def gone(self, connection: _Bounded) -> None:
        """
        One has gone.
        """
        self._connections.discard(connection)
        if self._closing is not None and not self._connections:
            closing, self._closing = self._closing, None
            closing.callback(None)

    def close(self, patience: float) -> Deferred[None]:
        """
        Keep nothing any more, and wait for what is about to end.

        @param patience: after so many seconds it is cut.
        @return: fires when there is nothing any more.
        """
        self._pool.closeCachedConnections()
        if not self._connections:
            return succeed(None)
        closing = self._closing = Deferred[None]()
        late = self.reactor.callLater(patience, self._cut)
        return closing.addCallback(lambda _: late.cancel() if late.active() else None)

    def _cut(self) -> None:
        for connection in tuple(self._connections):
            connection.transport.abortConnection()

    # Requests.

    def get(self, part: str) -> Deferred[Answer]:
        """
        Ask for something, however long it takes. Cancelling cuts the
        connection.
        """
        return self._request(b"GET", part, {}, None)

    def post(self, part: str, contentType: bytes, body: bytes) -> Deferred[Answer]:
        """
        Send something.
        """
        sent = self._request(
            b"POST", part, {"Content-Type": contentType.decode("ascii")}, _Said(body)
        )
        return sent.addTimeout(self._requestTimeout, self.reactor, self._late)

    def _late(self, _: object, seconds: float) -> NoReturn:
        raise TimeoutError(f"no answer to a POST within {seconds} s")

    def _request(
        self, method: bytes, part: str, more: Mapping[str, str], producer: Any
    ) -> Deferred[Answer]:
        given = {name: [str(value)] for name, value in {**self.headers, **more}.items()}
        url = self.address.url("http", part).encode("ascii")
        asking: Any = maybeDeferred(self._agent.request, method, url, Headers(given), producer)
        answered: Deferred[Answer] = asking.addCallback(self._read)
        return answered

    def _read(self, response: IResponse) -> Deferred[Answer]:
        self._keep(response.headers.getRawHeaders(b"set-cookie") or ())
        body = _Body(self._limit)
        response.deliverBody(body)
        types = response.headers.getRawHeaders(b"content-type") or [b""]
        contentType = types[0].decode("latin-1")
        return body.done.addCallback(lambda data: _checked(response.code, data, contentType))


@implementer(IBodyProducer)
class _Said:
    """
    What a request says: little enough to be written at once.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        See L{IBodyProducer.startProducing}.
        """
        consumer.write(self._body)
        return succeed(None)

    def stopProducing(self) -> None:
        """
        It is done already.
        """

    pauseProducing = resumeProducing = stopProducing


def _checked(status: int, data: bytes, contentType: str) -> Answer:
    """
    @raise RemoteProtocolError: the server refuses, or sends us elsewhere, where
        we do not go.
    """
    if status == OK:
        return Answer(data, contentType)
    said = data[:_SHOWN].decode("utf-8", "backslashreplace").strip()
    line = f"the server answered with status {status}"
    raise RemoteProtocolError(f"{line}: {said!a}" if said else line, status)


def endpointTo(reactor: Any, address: Address, options: ConnectOptions) -> IStreamClientEndpoint:
    """
    What all connections to a server go through.

    @raise LocalProtocolError: there is no TLS to be had.
    """
    plain, host, port = options.endpoint, address.host, address.port
    if options.proxy is not None:
        plain = tunnelTo(reactor, options.proxy, host, port, plain)
    elif plain is None:
        plain = HostnameEndpoint(reactor, host, port)
    if not address.isSecure:
        return IStreamClientEndpoint(plain)
    creator = options.tls
    if creator is None:
        try:
            from twisted.internet.ssl import optionsForClientTLS  # noqa: PLC0415
        except ImportError:
            raise LocalProtocolError("TLS takes more: pip install txsocketio[tls]") from None
        creator = optionsForClientTLS(address.host, trustRoot=options.trustRoot)
    return IStreamClientEndpoint(_SecureEndpoint(reactor, creator, plain))


def why(failure: Failure) -> str:
    """
    One line for what went wrong on the way.
    """
    error: Any = failure.value
    while isinstance(error, ResponseFailed) and error.reasons:
        failure = error.reasons[0]
        error = failure.value
    if isinstance(error, RemoteProtocolError):
        return error.reason
    if isinstance(error, CancelledError):
        return "given up"
    line = failure.getErrorMessage().strip().partition("\n")[0]
    return line[:_SHOWN].encode("ascii", "backslashreplace").decode("ascii") or type(error).__name__
