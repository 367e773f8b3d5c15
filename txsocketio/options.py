"""
The options of a listener.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar

from txsocketio import settings
from txsocketio.errors import LocalProtocolError
from txsocketio.settings import Settings, checkChoice, checkNumber

_MAX_PORT = 65535

# RFC 6265, section 4.1.1.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What C{listen} and C{Listener} can be told, except for handlers
    (C{onClientConnect=f}) and for L{Settings}, which hold for all transports
    if they are given here.

    @ivar resource: the path, with or without slashes around it.
    @ivar protocol: the name of the generation that is accepted, or a list of
        them: C{"annotated"} (the first protocol) or C{"0.6"}, which share their
        URLs; C{"colon"} (Socket.IO 0.7 to 0.9); C{"eio4"} (Socket.IO 3 and 4),
        C{"eio3"} (1 and 2), or instead of these C{"engine.io-4"} and
        C{"engine.io-3"}, without Socket.IO. L{None} for all, and the first of
        those that share their URLs.
    @ivar parser: how Socket.IO 1 and later write their packets: C{"text"}, or
        C{"msgpack"} as Node's C{socket.io-msgpack-parser} does.
    @ivar transports: the names of the accepted transports; L{None} for all.
    @ivar transportOptions: L{Settings} by transport name, as mappings.
    @ivar log: a function that gets each entry of the log as one L{str}: a
        line, and behind it the traceback where there is one. L{None} for
        Twisted's log.
    @ivar flashPolicyServer: whether to serve Flash policies on a port of
        their own, if C{flashsocket} is accepted. They are served inline
        anyhow.
    @ivar flashPolicyPort: that port.
    @ivar flashPolicyAtOnce: whether to send the policy there to whoever
        connects, without being asked.
    @ivar flashMovie: the path of a C{WebSocketMain.swf} to serve.
    @ivar origins: which pages of other origins may connect: C{"*:*"} for
        all, a list of C{"host:port"} (either may be C{*}) or of whole
        origins; L{None} for none.
    @ivar ignoreEmptyOrigin: whether a request without C{Origin} may pass.
    @ivar trustProxy: whether C{X-Forwarded-*} headers are believed.
    @ivar drafts: whether WebSockets may speak the drafts of 2010, hixie-76
        and hixie-75.
    @ivar allowRequest: asked with the L{Handshake} of each request that would
        open a session. It may return a Deferred or be a coroutine function;
        C{False}, or L{ConnectionRefused}, turns the client away with status
        403.
    @ivar cookie: the name of a cookie in which Engine.IO's clients are given
        the session id when they begin with polling, for proxies that send
        all requests of one client the same way. L{None} for none.
    @ivar httpCompression: whether Engine.IO's polls are answered compressed,
        where the client takes that.
    @ivar perMessageDeflate: whether WebSocket messages are compressed, where
        the client wants that.
    @ivar concurrentHandlers: whether the events of one client are handled
        without waiting for the Deferreds of the handlers before.
    @ivar connectionStateRecovery: what clients can come back to that were away
        for a while, as a mapping of L{txsocketio.recovery.Bounds}' names; an
        empty one for its defaults, L{None} for nothing.
    @ivar cleanupEmptyChildNamespaces: whether namespaces that were made for
        clients go with the last of them.
    @ivar maxChildNamespaces: how many may be made for clients.
    @ivar clientFiles: a folder of client scripts to serve instead of ours.
    @ivar maxSessions: how many sessions there may be.
    @ivar maxSessionsPerAddress: how many of one address.
    @ivar maxSessionsPerSecond: how many may be opened in each second.
    """

    resource: str = "socket.io"
    protocol: str | Iterable[str] | None = None
    parser: str = "text"
    transports: Iterable[str] | None = None
    transportOptions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    log: Callable[[str], Any] | None = None
    flashPolicyServer: bool = True
    flashPolicyPort: int = 843
    flashPolicyAtOnce: bool = False
    flashMovie: str | Path | None = None
    origins: str | Iterable[str] | None = None
    ignoreEmptyOrigin: bool = True
    trustProxy: bool = False
    drafts: bool = True
    allowRequest: Callable[[Any], Any] | None = None
    cookie: str | None = None
    httpCompression: bool = True
    perMessageDeflate: bool = False
    concurrentHandlers: bool = False
    connectionStateRecovery: Mapping[str, Any] | None = None
    cleanupEmptyChildNamespaces: bool = False
    maxChildNamespaces: int = 10_000
    clientFiles: str | Path | None = None
    maxSessions: int | None = None
    maxSessionsPerAddress: int | None = None
    maxSessionsPerSecond: int | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.name.startswith("max"):
                checkNumber(each.name, str(each.type), getattr(self, each.name))
            elif each.type == "bool":
                checkChoice(each.name, getattr(self, each.name))
        for name, (fits, what) in _KINDS.items():
            _check(name, getattr(self, name), fits, what)

    @property
    def mount(self) -> list[bytes]:
        """
        The parts of C{resource}.

        @raise LocalProtocolError: there are none.
        """
        parts = [part.encode("utf-8") for part in self.resource.split("/") if part]
        if not parts:
            raise LocalProtocolError("resource must not be empty")
        return parts

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> tuple[Self, dict[str, Any], dict[str, Any]]:
        """
        Sort what a caller has given.

        @return: the options, the L{Settings} and the handlers (by event)
            among it.
        @raise LocalProtocolError: there is no such option.
        """
        names = {each.name for each in fields(cls)}
        handlers = {_event(name): f for name, f in given.items() if _isHandler(name)}
        for name in filter(_isHandler, given):
            _check(name, given[name], callable, "a function")
        general = {name: value for name, value in given.items() if name in settings.NAMES}
        rest = {
            name: value
            for name, value in given.items()
            if name not in settings.NAMES and not _isHandler(name)
        }
        unknown = sorted(set(rest) - names)
        if unknown:
            known = ", ".join(sorted(names | settings.NAMES))
            raise LocalProtocolError(f"unknown option {unknown[0]!r}; there are {known}")
        return cls(**rest), general, handlers

    def chooseProtocols(self, known: Mapping[str, _T]) -> list[_T]:
        """
        What C{protocol} names, in the order in which they are known.

        @param known: all there are.
        @raise LocalProtocolError: there is no such protocol.
        """
        if self.protocol is None:
            return [known[name] for name in together(known)]
        chosen = [self.protocol] if isinstance(self.protocol, str) else list(self.protocol)
        for name in chosen:
            if name not in known:
                raise LocalProtocolError(f"unknown protocol {name!r}; there are {', '.join(known)}")
        if not chosen:
            raise LocalProtocolError(f"no protocols; there are {', '.join(known)}")
        for one, other in RIVALS:
            if one in chosen and other in chosen:
                raise LocalProtocolError(f"protocols {one!r} and {other!r} share their URLs")
        return [each for name, each in known.items() if name in chosen]

    def choose(self, known: Iterable[str]) -> list[str]:
        """
        The names of the accepted transports.

        @param known: all there are.
        @raise LocalProtocolError: there is no such transport.
        """
        known = list(known)
        chosen = known if self.transports is None else list(self.transports)
        for name in (*chosen, *self.transportOptions):
            if name not in known:
                raise LocalProtocolError(
                    f"unknown transport {name!r}; there are {', '.join(known)}"
                )
        if not chosen:
            raise LocalProtocolError(f"no transports; there are {', '.join(known)}")
        return chosen

    def settingsOf(
        self, name: str, defaults: Mapping[str, Any], general: Mapping[str, Any]
    ) -> Settings:
        """
        The settings of one transport: the defaults, over them the
        transport's own, over them what was given for all, and over everything
        what was given for this one.
        """
        given = {**defaults, **general, **self.transportOptions.get(name, {})}
        return Settings().having(given)

    def asDict(self) -> dict[str, Any]:
        """
        By name.
        """
        return {each.name: getattr(self, each.name) for each in fields(self)}


RIVALS = (("annotated", "0.6"), ("eio4", "engine.io-4"), ("eio3", "engine.io-3"))
"""Protocols of which a listener can accept one, since the server speaks first."""


def together(names: Iterable[str]) -> list[str]:
    """
    Those protocols that one listener can accept: of L{RIVALS} the first.
    """
    others = {other for _, other in RIVALS}
    return [name for name in names if name not in others]


def _isHandler(name: str) -> bool:
    return name.startswith("on") and name[2:3].isupper()


def _event(name: str) -> str:
    return name[2].lower() + name[3:]


def _check(name: str, value: object, fits: Callable[[Any], bool], what: str) -> None:
    if not fits(value):
        raise LocalProtocolError(f"{name} takes {what}: {value!r}")


def _isList(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str)


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "resource": (lambda value: isinstance(value, str), "a path"),
    "protocol": (
        lambda value: value is None or isinstance(value, str) or _isList(value),
        "a name or a list (or None)",
    ),
    "parser": (lambda value: value in ("text", "msgpack"), "text or msgpack"),
    "connectionStateRecovery": (
        lambda value: value is None or isinstance(value, Mapping),
        "a mapping (or None)",
    ),
    "allowRequest": (lambda value: value is None or callable(value), "a function (or None)"),
    "cookie": (
        lambda value: value is None or (isinstance(value, str) and bool(_TOKEN.fullmatch(value))),
        "a name (or None)",
    ),
    "transports": (lambda value: value is None or _isList(value), "a list of names (or None)"),
    "transportOptions": (
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(options, Mapping) for options in value.values())
        ),
        "a mapping of transports' names to mappings",
    ),
    "log": (lambda value: value is None or callable(value), "a function (or None)"),
    "flashPolicyPort": (
        lambda value: isinstance(value, int) and 0 <= value <= _MAX_PORT,
        f"a port up to {_MAX_PORT}",
    ),
    "flashMovie": (
        lambda value: value is None or isinstance(value, (str, Path)),
        "a file (or None)",
    ),
    "clientFiles": (
        lambda value: value is None or isinstance(value, (str, Path)),
        "a folder (or None)",
    ),
}
"""What an option that is no number must be, and how to say so."""
