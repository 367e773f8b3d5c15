"""
The Flash policy: on its own port, and inline on the port of a site.

A Flash movie that wants to open a connection first asks the server whether it
may, on port 843 or on the port that it means to connect to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.interfaces import IConsumer, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from zope.interface import directlyProvides, implementer, providedBy

from txsocketio.handover import handOver

if TYPE_CHECKING:
    from twisted.internet.interfaces import (
        IAddress,
        IProtocol,
        IReactorTime,
        ITCPTransport,
        ITransport,
    )
    from twisted.python.failure import Failure

    from txsocketio.origins import Origins

REQUEST = b"<policy-file-request/>\0"
"""What a Flash movie sends, in any pieces, as the first bytes of a connection."""


def _asksForPolicy(seen: bytes) -> bool | None:
    """
    @param seen: the first bytes of a connection.
    @return: L{None} while they do not tell.
    """
    if seen.startswith(REQUEST):
        return True
    return None if REQUEST.startswith(seen) else False


class _PolicyProtocol(Protocol):
    """
    One connection to the policy's own port. It ends with the timeout, if not
    before, whatever its peer does.
    """

    transport: ITCPTransport

    def __init__(
        self, policy: bytes, sendAtOnce: bool, timeout: float, clock: IReactorTime
    ) -> None:
        self._policy = policy
        self._sendAtOnce = sendAtOnce
        self._timeout = timeout
        self._clock = clock
        self._seen = b""

    def connectionMade(self) -> None:
        # Whoever did not ask by then, or does not take the answer.
        self._end = self._clock.callLater(self._timeout, self.transport.abortConnection)
        if self._sendAtOnce:
            self.transport.write(self._policy)
            # Only our end: to close a socket while the peer's request is on
            # its way resets the connection, and the policy may be lost.
            self.transport.loseWriteConnection()

    def dataReceived(self, data: bytes) -> None:
        self._seen += data
        asks = _asksForPolicy(self._seen)
        if asks is None:
            return
        if asks and not self._sendAtOnce:
            self.transport.write(self._policy)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure | None = None) -> None:
        if self._end.active():
            self._end.cancel()


class PolicyFactory(Factory):
    """
    The policy server, for TCP port 843.
    """

    noisy = False

    def __init__(
        self,
        origins: Origins,
        sendAtOnce: bool = False,
        timeout: float = 5.0,
        clock: IReactorTime | None = None,
    ) -> None:
        """
        @param sendAtOnce: whether to send the policy to whoever connects, as
            the genuine server did, instead of waiting for the request.
        @param timeout: how long a connection may last, seconds.
        @param clock: the reactor by default.
        """
        if clock is None:
            from twisted.internet import reactor  # noqa: PLC0415

            clock = cast("IReactorTime", reactor)
        self._origins = origins
        self._sendAtOnce = sendAtOnce
        self._timeout = timeout
        self._clock = clock

    def buildProtocol(self, addr: IAddress | None) -> _PolicyProtocol:
        return _PolicyProtocol(
            self._origins.policyFile(), self._sendAtOnce, self._timeout, self._clock
        )


Enter = Callable[["IProtocol", bytes, Callable[["IProtocol"], object]], bool]
"""
Is given a connection's protocol, its first bytes, and what hands it over to
another protocol; returns whether it has seen to both.
"""


class _Sniffer(Protocol):
    """
    Stands before another protocol until the first bytes have shown that the
    connection is meant for it, which they do by the first of them unless it
    is C{<}.

    The other protocol has the transport from the beginning: its timeouts and
    producers are at work while nothing has come in yet.
    """

    transport: ITransport

    def __init__(self, inner: IProtocol, policy: bytes, enter: Enter) -> None:
        self._inner = inner
        self._policy = policy
        self._enter = enter
        self._seen = b""
        self._asks: bool | None = None

    def connectionMade(self) -> None:
        self._inner.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        if self._asks is None:
            self._sniff(data)
        elif not self._asks:
            self._inner.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._inner.connectionLost(reason)

    def _sniff(self, data: bytes) -> None:
        self._seen += data
        self._asks = _asksForPolicy(self._seen)
        if self._asks:
            self._answer()
        elif self._asks is False:
            self._standAside()

    def _answer(self) -> None:
        # A TLS connection does not close while a producer is registered, and
        # HTTP channels register themselves.
        IConsumer(self.transport).unregisterProducer()
        self.transport.write(self._policy)
        self.transport.loseConnection()

    def _standAside(self) -> None:
        if not self._enter(self._inner, self._seen, self._leaveTo):
            self._leaveTo(self._inner)
            self._inner.dataReceived(self._seen)

    def _leaveTo(self, protocol: IProtocol) -> None:
        """
        Leave the connection to another protocol. Where that cannot be done, we
        go on handing over what comes in.
        """
        self._inner = protocol
        handOver(self.transport, self, protocol)


@implementer(IProtocolFactory)
class _SniffingFactory:
    """
    Puts a L{_Sniffer} before each protocol of another factory, and is that
    factory in all else: its C{acceptableProtocols}, say, is where TLS learns
    of HTTP/2.
    """

    def __init__(self, factory: IProtocolFactory, origins: Origins, enter: Enter) -> None:
        self._factory = factory
        self._enter = enter
        # Taken now, for the result may become the factory's own method.
        self._build = factory.buildProtocol
        self._origins = origins
        directlyProvides(self, providedBy(factory))

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        inner = self._build(addr)
        policy = self._origins.policyFile()
        return None if inner is None else _Sniffer(inner, policy, self._enter)

    def doStart(self) -> None:
        self._factory.doStart()

    def doStop(self) -> None:
        self._factory.doStop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)


def _nobody(*_: object) -> bool:
    return False


def sniffing(
    factory: IProtocolFactory, origins: Origins, enter: Enter = _nobody
) -> IProtocolFactory:
    """
    Answer requests for the policy on a factory's own port: a connection that
    begins with one gets the policy and is closed, any other is the factory's.

    To do so in place, where a site is already in use::

        site.buildProtocol = sniffing(site, origins).buildProtocol

    @param enter: sees first what is the factory's.
    @return: the factory to listen with instead.
    """
    return _SniffingFactory(factory, origins, enter)
