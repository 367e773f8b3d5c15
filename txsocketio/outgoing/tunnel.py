"""
Through a proxy of HTTP's: C{CONNECT}, RFC 9110, section 9.3.6.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from txsocketio.errors import LocalProtocolError, RemoteProtocolError

_LONGEST = 16 * 1024
"""How long a proxy's answer may be, bytes."""

_END = b"\r\n\r\n"
_SHOWN = 200


class _Tunnel(Protocol):
    """
    A connection to a proxy, and then through it.
    """

    transport: Any

    def __init__(self, request: bytes, factory: IProtocolFactory, addr: IAddress | None) -> None:
        self._request = request
        self._factory = factory
        self._addr = addr
        self._head = b""
        self._inner: Any = None
        self.done: Deferred[IProtocol] = Deferred(lambda _: self.transport.abortConnection())

    def connectionMade(self) -> None:
        """
        Ask for a way through.
        """
        self.transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        """
        See L{IProtocol.dataReceived}.
        """
        if self._inner is not None:
            self._inner.dataReceived(data)
            return
        self._head += data
        head, end, rest = self._head.partition(_END)
        if end:
            self._answered(head, rest)
        elif len(self._head) > _LONGEST:
            self._fail("the proxy answers without end")

    def _answered(self, head: bytes, rest: bytes) -> None:
        self._head = b""
        line = head.partition(b"\r\n")[0]
        words = line.split(b" ")
        if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or words[1][:1] != b"2":
            said = line[:_SHOWN].decode("ascii", "backslashreplace")
            self._fail(f"the proxy answered {said!a}")
            return
        inner: Any = self._factory.buildProtocol(self._addr)  # type: ignore[arg-type]
        self._inner = inner
        inner.makeConnection(self.transport)
        if not self.done.called:
            self.done.callback(inner)
        if rest:
            inner.dataReceived(rest)

    def _fail(self, why: str) -> None:
        if not self.done.called:
            self.done.errback(RemoteProtocolError(why))
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{IProtocol.connectionLost}.
        """
        if self._inner is not None:
            self._inner.connectionLost(reason)
        elif not self.done.called:
            self.done.errback(reason)


class _Tunnels(Factory):
    """
    Makes tunnels.
    """

    noisy = False

    def __init__(self, request: bytes, factory: IProtocolFactory) -> None:
        self._request = request
        self._factory = factory

    def buildProtocol(self, addr: IAddress | None) -> _Tunnel:
        """
        See L{IProtocolFactory.buildProtocol}.
        """
        return _Tunnel(self._request, self._factory, addr)


@implementer(IStreamClientEndpoint)
class TunnelEndpoint:
    """
    The way to a host through a proxy.
    """

    def __init__(
        self, proxy: IStreamClientEndpoint, host: str, port: int, credentials: str = ""
    ) -> None:
        """
        @param proxy: leads to the proxy.
        @param credentials: C{"name:password"}; empty for none.
        """
        self._proxy = proxy
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if credentials:
            basic = b64encode(credentials.encode("utf-8")).decode("ascii")
            lines.append(f"Proxy-Authorization: Basic {basic}")
        self._request = "\r\n".join([*lines, "", ""]).encode("ascii")

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See L{IStreamClientEndpoint.connect}.
        """
        connecting: Any = self._proxy.connect(_Tunnels(self._request, protocolFactory))
        through: Deferred[IProtocol] = connecting.addCallback(lambda tunnel: tunnel.done)
        return through


def tunnelTo(
    reactor: Any, url: str, host: str, port: int, endpoint: IStreamClientEndpoint | None
) -> IStreamClientEndpoint:
    """
    @param url: of the proxy.
    @param endpoint: what leads to the proxy; L{None} for TCP.
    @raise LocalProtocolError: this is no URL of a proxy.
    """
    try:
        parts = urlsplit(url)
        name, number = parts.hostname, parts.port or 8080
    except ValueError as error:
        raise LocalProtocolError(f"proxy: {error}: {url!r}") from None
    if parts.scheme != "http" or not name:
        raise LocalProtocolError(f"proxy takes http://[NAME:PASSWORD@]HOST[:PORT]: {url!r}")
    to = HostnameEndpoint(reactor, name, number) if endpoint is None else endpoint
    given = [part for part in (parts.username, parts.password) if part is not None]
    return IStreamClientEndpoint(TunnelEndpoint(to, host, port, unquote(":".join(given))))
