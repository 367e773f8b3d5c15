"""
The place where everything is made and wired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType
from typing import Any, overload

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.logger import ILogObserver, LogEvent, Logger, LogPublisher, eventAsText
from twisted.python.reflect import namedAny
from twisted.web.server import Site
from zope.interface import implementer

from txsocketio.audience import Audience
from txsocketio.backplane.memory import MemoryBackplane
from txsocketio.bodylimit import limitBodies
from txsocketio.client import Client
from txsocketio.connection import Connection
from txsocketio.errors import LocalProtocolError
from txsocketio.flashpolicy import PolicyFactory, sniffing
from txsocketio.handlers import EventSource, Handler
from txsocketio.interfaces import IBackplane, IDialect
from txsocketio.limits import Limits
from txsocketio.manager import SessionManager
from txsocketio.namespace import Namespace, Shared
from txsocketio.options import Options
from txsocketio.origins import Origins
from txsocketio.packets import ROOT
from txsocketio.parents import Chooser, ParentNamespace
from txsocketio.peerlog import PeerLog
from txsocketio.protocol import eio3, eio4
from txsocketio.recovery import Recovery
from txsocketio.registry import Registry
from txsocketio.resource import Fork, Router
from txsocketio.settings import Settings
from txsocketio.static import BROWSER, ClientFiles
from txsocketio.transports._direct import Traffic
from txsocketio.transports._door import Door
from txsocketio.transports._gate import Gate
from txsocketio.transports._http import HTTPTransport

PROTOCOLS: Mapping[str, IDialect] = {
    name: namedAny(f"txsocketio.protocol.{dialect}")
    for name, dialect in (
        ("annotated", "annotated.SPECIFICATION"),
        ("0.6", "tilde.TILDE"),
        ("colon", "colon.COLON"),
        ("eio4", "eio4.EIO4_TEXT"),
        ("eio3", "eio3.EIO3_TEXT"),
        ("engine.io-4", "eio4.EIO4_PLAIN"),
        ("engine.io-3", "eio3.EIO3_PLAIN"),
    )
}
"""What the option C{protocol} chooses from, in the order in which they are
asked whether a URL is theirs."""

PARSERS: Mapping[str, Mapping[str, IDialect]] = {
    "text": PROTOCOLS,
    "msgpack": {**PROTOCOLS, "eio4": eio4.EIO4_MSGPACK, "eio3": eio3.EIO3_MSGPACK},
}
"""The same, as the option C{parser} has them."""

TRANSPORTS: tuple[type[HTTPTransport], ...] = tuple(
    namedAny(f"txsocketio.transports.{name}")
    for name in (
        "websocket.WebSocket",
        "serverevents.ServerEvents",
        "flashsocket.FlashSocket",
        "htmlfile.HTMLFile",
        "xhrmultipart.XHRMultipart",
        "xhrpolling.XHRPolling",
        "jsonppolling.JSONPPolling",
        "polling.EnginePolling",
    )
)
"""In the order in which C{listener.options} names them."""

RECEPTION: type[HTTPTransport] = namedAny("txsocketio.transports.reception.Reception")
"""What leads to some of them; it is no choice of its own."""

_FLASH = "flashsocket"

SettingsOf = Callable[[IDialect, str], Settings]
"""Those of a dialect's sessions on a transport of that name."""


def _settingsOf(
    options: Options, classes: Mapping[str, type[HTTPTransport]], general: Mapping[str, Any]
) -> SettingsOf:
    @cache
    def settings(dialect: IDialect, name: str) -> Settings:
        defaults = {**classes[name].defaults, **dialect.defaults.get(name, {})}
        return options.settingsOf(name, defaults, general)

    return settings


class Listener(Audience, EventSource):
    """
    A Socket.IO server, to be mounted with L{listen} or
    L{txsocketio.resource.SocketIOResource}.

    Events (those of the default namespace, see
    L{txsocketio.namespace.Namespace}): C{connection(client)} and
    C{clientConnect(client)}, C{clientMessage(message, client)},
    C{clientDisconnect(client)}, and those of its rooms; and
    C{newNamespace(namespace)}, when one has been made because a client asked
    for it.

    @ivar server: the L{Site} that C{listen} was given, else L{None}.
    @ivar options: what was given, combined with the defaults.
    @ivar clients: the clients of the default namespace, by session id; a
        live view.
    @ivar router: private to this package.
    """

    def __init__(self, reactor: Any = None, **options: Any) -> None:
        """
        @param reactor: L{None} for the one that is installed.
        @param options: see L{txsocketio.options.Options} and
            L{txsocketio.settings.Settings}; C{onClientConnect=f} and the
            like add a listener for that event.
        @raise LocalProtocolError: an option is unknown or makes no sense.
        """
        self._reactor = _installed() if reactor is None else reactor
        self.server: Site | None = None
        self._settings, general, handlers = Options.of(options)
        self._log = _logger(self._settings.log)
        self._failures = PeerLog(self._log, self._reactor)
        self._namespaces = self._registry()
        self._backplane: IBackplane = MemoryBackplane()
        self._policyPort: IListeningPort | None = None
        self._closed: Deferred[None] | None = None
        self.origins = Origins(
            self._settings.origins,
            ignoreEmpty=self._settings.ignoreEmptyOrigin,
            trustProxy=self._settings.trustProxy,
        )
        self._mount(general)
        self._shared = self._share()
        self._backplane.start(self._deliver)
        self._root = self._namespaces.of(ROOT)
        super().__init__(self._root)
        self.clients: Mapping[str, Client] = self._root.clients
        self._handlers = self._root._handlers
        for event, f in handlers.items():
            self.addListener(event, f)

    def _mount(self, general: Mapping[str, Any]) -> None:
        """
        Make the transports and what they lead to.
        """
        options, classes = self._settings, {each.name: each for each in TRANSPORTS}
        names = options.choose(classes)
        classes[RECEPTION.name] = RECEPTION
        dialects = options.chooseProtocols(PARSERS[options.parser])
        settings = _settingsOf(options, classes, general)
        self.options: Mapping[str, Any] = MappingProxyType(
            {**options.asDict(), **general, "transports": names}
        )
        self._maxPayload = max(
            settings(dialect, name).maxPayload for dialect in dialects for name in names
        )
        self._manager = SessionManager(
            self._reactor,
            PeerLog(self._log, self._reactor),
            partial(Connection, self._namespaces),
            settings,
            Limits(
                options.maxSessions, options.maxSessionsPerAddress, options.maxSessionsPerSecond
            ),
            names,
        )
        gate = self._gate(settings)
        self.router = Router(
            dialects,
            {name: classes[name](gate) for name in (*names, RECEPTION.name)},
            ClientFiles(options.clientFiles or BROWSER, options.flashMovie),
            self.origins,
        )

    def _registry(self) -> Registry:
        options = self._settings
        return Registry(
            self._namespace,
            self._reactor,
            self._failures,
            options.maxChildNamespaces,
            options.cleanupEmptyChildNamespaces,
        )

    def _share(self) -> Shared:
        bounds = self._settings.connectionStateRecovery
        return Shared(
            listener=self,
            manager=self._manager,
            backplane=self._backplane,
            clock=self._reactor,
            log=self._failures,
            recovery=None if bounds is None else Recovery(self._reactor.seconds, **bounds),
            concurrentHandlers=self._settings.concurrentHandlers,
        )

    def _gate(self, settings: SettingsOf) -> Gate:
        options = self._settings
        return Gate(
            origins=self.origins,
            manager=self._manager,
            settings=settings,
            clock=self._reactor,
            log=self._failures,
            traffic=Traffic(self._reactor),
            trustProxy=options.trustProxy,
            drafts=options.drafts,
            allowRequest=options.allowRequest,
            cookie=options.cookie or "",
            httpCompression=options.httpCompression,
            perMessageDeflate=options.perMessageDeflate,
        )

    def routerFor(self, protocol: str | Iterable[str]) -> Router:
        """
        Private to this package: see L{SocketIOResource
        <txsocketio.resource.SocketIOResource>}.
        """
        options = replace(self._settings, protocol=protocol)
        return self.router.speaking(options.chooseProtocols(PARSERS[options.parser]))

    def __repr__(self) -> str:
        return f"<Listener /{self._settings.resource} with {len(self.clients)} clients>"

    # Namespaces.

    def _namespace(self, name: str, parent: ParentNamespace | None) -> Namespace:
        return Namespace(name, self._shared, parent)

    @overload
    def of(self, name: str) -> Namespace: ...

    @overload
    def of(self, name: Chooser) -> ParentNamespace: ...

    def of(self, name: str | Chooser) -> Namespace | ParentNamespace:
        """
        The namespace of that name, which exists from the first time it is
        asked for.

        @param name: with its slash, or without. A compiled regular expression
            chooses all namespaces in whose names (with the slash) it is found,
            which are made when a client asks for one; so does a function
            C{f(name, auth)} that is given the name and what the client has
            sent along. It may return a Deferred or be a coroutine function,
            and may raise L{ConnectionRefused}.
        """
        return self._namespaces.of(name) if isinstance(name, str) else self._namespaces.parent(name)

    def realm(self, name: str) -> Namespace:
        """
        The first protocol's word for L{of}.
        """
        return self.of(name)

    def _deliver(self, channel: str, message: Any) -> None:
        self._namespaces[channel].deliver(message)

    # The default namespace.

    def use(self, f: Handler) -> Handler:
        """
        See L{Namespace.use}.
        """
        return self._root.use(f)

    # Beginning and end.

    def mountOn(self, site: Site) -> None:
        """
        Take the listener's own path on a site, and only that; see L{listen}.
        """
        if self.server is not None:
            raise LocalProtocolError("this listener has a site already")
        self.server = site
        site.resource = root = Fork(self._settings.mount, self, site.resource)
        sniffer = sniffing(site, self.origins, Door(site, root).enter)
        site.buildProtocol = sniffer.buildProtocol  # type: ignore[method-assign]
        limitBodies(site, self._settings.mount, self._maxPayload)
        if self._settings.flashPolicyServer:
            self.servePolicy()

    def servePolicy(self) -> None:
        """
        Open the port for Flash policies, if C{flashsocket} is accepted;
        where it cannot be opened, a line in the log says so.

        L{listen} does this, unless C{flashPolicyServer} is false. It is for
        those who have to do it later, after a fork, say.
        """
        options = self._settings
        if _FLASH not in self.options["transports"]:
            return
        port = options.flashPolicyPort
        factory = PolicyFactory(self.origins, options.flashPolicyAtOnce, clock=self._reactor)
        try:
            self._policyPort = self._reactor.listenTCP(port, factory)
        except CannotListenError as error:
            self._log.warn(
                "No Flash policies on port {port} ({why}); they are still served inline",
                port=port,
                why=error.socketError,
            )

    def close(self) -> Deferred[None]:
        """
        Say goodbye to every client, then let go. New clients are turned away
        with status 503.

        @return: fires when the last client has fetched what was still waiting
            for it, or has had C{farewellTimeout} to do so.
        """
        if self._closed is None:
            self._closed = Deferred.fromCoroutine(self._close())
        done: Deferred[None] = Deferred()
        self._closed.chainDeferred(done)
        return done

    async def _close(self) -> None:
        await self._manager.close()
        if self._policyPort is not None:
            await _done(self._policyPort.stopListening())
        await _done(self._backplane.stop())


async def _done(result: Any) -> None:
    if isinstance(result, Deferred):
        await result


def _installed() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    return reactor


def _logger(log: Callable[[str], Any] | None) -> Logger:
    if log is None:
        return Logger()

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        log(eventAsText(event, includeTimestamp=False, includeSystem=False))

    # The publisher keeps what the function raises from whoever logs.
    return Logger(observer=LogPublisher(observe))


def listen(site: Site, **options: Any) -> Listener:
    """
    Serve Socket.IO on a site, beside what it serves already::

        io = txsocketio.listen(site)

    Only requests of the listener's own path that a transport or a client file
    answers are taken; all others go on to the site's resource. The Flash
    policy is answered inline on the site's port and, with
    C{flashPolicyServer} and C{flashsocket}, on a port of its own.

    @param options: see L{Listener}.
    @raise LocalProtocolError: an option is unknown or makes no sense.
    """
    listener = Listener(**options)
    listener.mountOn(site)
    return listener
