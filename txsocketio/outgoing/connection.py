"""
From one link to the server, and the next one, to the sockets that it stands
for: one in each namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsocketio.backlog import Backlog
from txsocketio.errors import DisconnectReason, LocalProtocolError
from txsocketio.interfaces import IClientDialect
from txsocketio.outgoing.address import Address
from txsocketio.outgoing.link import Link
from txsocketio.outgoing.network import Network, endpointTo
from txsocketio.outgoing.options import ConnectOptions
from txsocketio.outgoing.socket import Auth, ClientSocket
from txsocketio.outgoing.wires import Wires
from txsocketio.packets import ROOT, Kind, Packet


class Connection:
    """
    What all sockets of one client share. It outlives its links.

    @ivar link: what carries it now; L{None} while nothing does.
    @ivar isOpen: whether the server has named a session.
    @ivar returns: whether there will be another link when this one goes.
    @ivar wasJoined: whether the server has let us into a namespace over the
        last link.
    @ivar onOpened: called when the server has named a session.
    @ivar onClosed: called with the reason and a line of detail when a link has
        gone.
    """

    log = Logger()

    def __init__(
        self,
        url: str,
        given: Mapping[str, Any],
        dialects: Mapping[str, IClientDialect],
        wires: Wires,
    ) -> None:
        """
        @param given: see L{ConnectOptions} and L{SETTINGS}.
        @raise LocalProtocolError: there is no such option, or no such address.
        """
        self.options, self.settings = ConnectOptions.of(given)
        name = self.options.protocol
        if name not in dialects:
            raise LocalProtocolError(f"unknown protocol {name!r}; there are {', '.join(dialects)}")
        self.dialect = dialects[name]
        self._wires = wires
        self._transports = self.options.choose(self.dialect.transports)
        self._url = url
        self.reactor = _reactor(self.options)
        self._endpoint = endpointTo(self.reactor, self._address({}), self.options)
        self.backlog = Backlog(self)
        self.sockets: dict[str, ClientSocket] = {}
        self.link: Link | None = None
        self.isOpen = False
        self.returns = False
        self.wasJoined = False
        self.onOpened: Callable[[], object] = lambda: None
        self.onClosed: Callable[[DisconnectReason, str], object] = lambda reason, detail: None
        self._opening: Deferred[Any] | None = None
        self._gone: Deferred[None] = succeed(None)
        self._numbers = count()

    def _address(self, more: Mapping[str, Any]) -> Address:
        return Address.of(self._url, self.options.resource, {**self.options.query, **more})

    def newAck(self) -> int:
        """
        The number of the next acknowledgement that is asked for.
        """
        return next(self._numbers)

    # Namespaces.

    def of(self, namespace: str, auth: Auth = None) -> ClientSocket:
        """
        The socket in that namespace, which is entered as soon as may be.

        @raise LocalProtocolError: there can be no such namespace, or no more.
        """
        name = namespace if namespace.startswith("/") else f"/{namespace}"
        if name in self.sockets:
            return self.sockets[name]
        # Who cannot be told of a namespace is told so at once.
        if name != ROOT:
            self.dialect.encode(Packet(Kind.CONNECT, namespace=name))
        if len(self.sockets) >= self.settings.maxNamespaces:
            raise LocalProtocolError(f"more than {self.settings.maxNamespaces} namespaces")
        socket = self.sockets[name] = ClientSocket(self, name, auth)
        if self.isOpen:
            socket.enter()
        return socket

    def left(self) -> Deferred[None]:
        """
        A socket is not wanted in its namespace any more; with the last one the
        connection ends.

        @return: fires when that is done, at once where others are left.
        """
        return succeed(None) if self.isWanted() else self.close()

    def isWanted(self) -> bool:
        """
        Whether any socket wants to be in its namespace.
        """
        return any(socket.active for socket in self.sockets.values())

    # Links.

    def open(self) -> None:
        """
        Connect, unless there is a link.
        """
        if self.link is None and self._opening is None:
            opening = self._opening = Deferred.fromCoroutine(self._sentAlong())
            opening.addCallbacks(self._openWith, self._notOpened)

    async def _sentAlong(self) -> Mapping[str, Any]:
        """
        What the default namespace wants to know, where nothing else is sent
        before it is joined.
        """
        root = self.sockets.get(ROOT)
        if root is None or not self.dialect.joinsRoot:
            return {}
        return await root.credentials() or {}

    def _openWith(self, more: Mapping[str, Any]) -> None:
        self._opening, self.wasJoined = None, False
        settings = self.settings
        network = Network(self.reactor, self._address(more), self._endpoint, self.options, settings)
        self.link = link = Link(network, self.dialect, settings, self._transports, self._wires)
        self._gone = Deferred()
        link.gone.addCallback(lambda _: network.close(settings.closeHandshakeTimeout))
        link.gone.chainDeferred(self._gone)
        link.open(self)

    def _notOpened(self, failure: Failure) -> None:
        self._opening = None
        root = self.sockets.get(ROOT)
        if root is not None and not failure.check(CancelledError):
            root.refused(failure)

    def close(self, reason: DisconnectReason = DisconnectReason.CLIENT) -> Deferred[None]:
        """
        Say goodbye.

        @return: fires when nothing of the connection is left.
        """
        if self._opening is not None:
            self._opening.cancel()
        if self.link is not None:
            self.link.close(reason)
        done: Deferred[None] = Deferred()
        self._gone.addCallback(lambda _: done.callback(None))
        return done

    def fail(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        End the link at once.
        """
        if self.link is not None:
            self.link.fail(reason, detail)

    # What the link says.

    def opened(self) -> None:
        """
        See L{txsocketio.outgoing.link.Receiver.opened}.
        """
        self.isOpen = True
        self.onOpened()
        for socket in tuple(self.sockets.values()):
            socket.enter()

    def received(self, packet: Packet) -> None:
        """
        See L{txsocketio.outgoing.link.Receiver.received}. What is meant for
        a namespace that has been left was on its way already.
        """
        socket = self.sockets.get(packet.namespace)
        if socket is not None:
            socket.received(packet)

    def closed(self, reason: DisconnectReason, detail: str) -> None:
        """
        See L{txsocketio.outgoing.link.Receiver.closed}.
        """
        self.link, self.isOpen = None, False
        for socket in tuple(self.sockets.values()):
            socket.parted(reason, detail)
        self.onClosed(reason, detail)


def _reactor(options: ConnectOptions) -> Any:
    if options.reactor is not None:
        return options.reactor
    from twisted.internet import reactor  # noqa: PLC0415

    return reactor
