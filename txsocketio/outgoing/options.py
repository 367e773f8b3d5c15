"""
What a client can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from txsocketio.errors import LocalProtocolError
from txsocketio.settings import Settings, checkChoice, checkNumber

SETTINGS: Mapping[str, Any] = {
    "heartbeatInterval": 45.0,
    "heartbeatTimeout": 15.0,
    "connectTimeout": 20.0,
    "upgradeTimeout": 10.0,
    "farewellTimeout": 5.0,
    "closeHandshakeTimeout": 5.0,
    "maxPayload": 10_000_000,
    "maxPackets": 10_000,
    "maxQueue": 10_000,
    "maxQueueBytes": 16 * 1024 * 1024,
    "maxPending": 20_000,
    "maxPendingBytes": 16 * 1024 * 1024,
    "maxNamespaces": 1_000,
    "maxAcks": 1_000,
}
"""The L{Settings} that mean something to a client, and their defaults here.
The heartbeat's hold where the server does not tell its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """
    What C{connect} and C{SocketIOClientService} can be told, except for
    L{Settings}.

    @ivar resource: the path below that of the URL, with or without slashes
        around it.
    @ivar protocol: the server's generation: C{"eio4"} (Socket.IO 3 and 4),
        C{"eio3"} (1 and 2), C{"colon"} (0.7 to 0.9), C{"0.6"}, or
        C{"annotated"} (the first protocol); or C{"engine.io-4"} or
        C{"engine.io-3"}, without Socket.IO.
    @ivar parser: how Socket.IO 1 and later write their packets, C{"text"} or
        C{"msgpack"}, as the server is told to.
    @ivar transports: the names of those that may be used. The first one opens
        the connection, which moves to another one where the server offers it.
        L{None} for all that the generation has.
    @ivar upgrade: whether it moves.
    @ivar query: what is sent along with each request, for the server's
        application.
    @ivar headers: headers of each request, the WebSocket's among them.
    @ivar endpoint: an L{IStreamClientEndpoint} that leads to the server, or to
        the C{proxy} where there is one; over it TLS is spoken where the URL says
        so. L{None} for TCP.
    @ivar proxy: the URL of a proxy that knows C{CONNECT}, C{http://HOST:PORT},
        perhaps with C{NAME:PASSWORD@} before the host.
    @ivar trustRoot: whose certificates are believed, see
        L{twisted.internet.ssl.optionsForClientTLS}; L{None} for the platform's.
    @ivar tls: an L{IOpenSSLClientConnectionCreator} instead, for all that
        C{trustRoot} cannot say.
    @ivar requestTimeout: how long the answer to a POST may take, seconds.
    @ivar concurrentHandlers: whether events are handled without waiting for the
        Deferreds of the handlers before.
    @ivar reactor: whose time and network it is; L{None} for Twisted's global
        one.
    """

    resource: str = "socket.io"
    protocol: str = "eio4"
    parser: str = "text"
    transports: Iterable[str] | None = None
    upgrade: bool = True
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    endpoint: Any = None
    proxy: str | None = None
    trustRoot: Any = None
    tls: Any = None
    requestTimeout: float = 20.0
    concurrentHandlers: bool = False
    reactor: Any = None

    def __post_init__(self) -> None:
        checkNumber("requestTimeout", "float", self.requestTimeout)
        for name in ("upgrade", "concurrentHandlers"):
            checkChoice(name, getattr(self, name))
        for name in ("query", "headers"):
            if not isinstance(getattr(self, name), Mapping):
                raise LocalProtocolError(f"{name} takes a mapping: {getattr(self, name)!r}")
        for name, value in self.headers.items():
            if any(mark in f"{name}{value}" for mark in "\r\n"):
                raise LocalProtocolError(f"a header cannot have lines: {name!r}")

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> tuple[Self, Settings]:
        """
        Sort what a caller has given.

        @raise LocalProtocolError: there is no such option.
        """
        names = {each.name for each in fields(cls)}
        for name in given:
            if name not in names and name not in SETTINGS:
                known = ", ".join(sorted(names | set(SETTINGS)))
                raise LocalProtocolError(f"unknown option {name!r}; there are {known}")
        options = cls(**{name: value for name, value in given.items() if name in names})
        own = {name: value for name, value in given.items() if name in SETTINGS}
        return options, Settings().having({**SETTINGS, **own})

    def choose(self, known: Iterable[str]) -> list[str]:
        """
        The names of the transports to use, the first one to begin with.

        @param known: those of the generation.
        @raise LocalProtocolError: there is no such transport.
        """
        known = list(known)
        given = [self.transports] if isinstance(self.transports, str) else self.transports
        chosen = known if given is None else list(given)
        for name in chosen:
            if name not in known:
                raise LocalProtocolError(
                    f"unknown transport {name!r}; {self.protocol} has {', '.join(known)}"
                )
        if not chosen:
            raise LocalProtocolError(f"no transports; {self.protocol} has {', '.join(known)}")
        return chosen if self.upgrade else chosen[:1]
