"""
C{twistd socketio}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    textFileLogObserver,
)
from twisted.python.components import Componentized
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile
from twisted.python.reflect import namedAny
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

from txsocketio import demo
from txsocketio.errors import LocalProtocolError
from txsocketio.handlers import asDeferred
from txsocketio.listener import PROTOCOLS, TRANSPORTS, Listener, listen
from txsocketio.options import together
from txsocketio.protocol._json import library

_NAMES = ",".join(each.name for each in TRANSPORTS)
_PROTOCOLS = ", ".join(PROTOCOLS)
_SPOKEN = together(PROTOCOLS)
_LEVELS = [level.name for level in LogLevel.iterconstants()]
_MAX_PORT = 65535

# What "twistd socketio" decides for itself, and who tells it.
_OURS = {
    "self": "no option",
    "reactor": "chosen with twistd --reactor",
    "flashPolicyServer": "turned off with --no-flash-policy",
}

Attach = Callable[[Listener], Any]


class Options(UsageOptions):
    """
    What C{twistd socketio} can be told.
    """

    synopsis = "[socketio options]"
    longdesc = (
        "Serves Socket.IO to its clients of every generation. Without --app it serves "
        "a chat to try it with: open http://localhost:8080 in two browsers. What --set "
        "takes is shown by: python -m pydoc txsocketio.options txsocketio.settings"
    )
    optParameters = [  # noqa: RUF012 - a list is what twisted.python.usage wants
        ["port", "p", None, "The TCP port to listen on; 8080 without --listen."],
        ["app", "a", None, "The application, as MODULE:CALLABLE; called with the Listener."],
        ["resource", "r", "socket.io", "The path under which Socket.IO is served."],
        [
            "protocol",
            None,
            ",".join(_SPOKEN),
            f"What the clients speak, in a list with commas; there are {_PROTOCOLS}.",
        ],
        ["transports", "t", _NAMES, "The accepted transports, in a list with commas."],
        [
            "origins",
            "o",
            None,
            "Pages of which other origins may connect: '*:*' for all, or a list with commas of"
            " HOST:PORT (either may be *) or of origins such as https://a.org.",
        ],
        ["static", "s", None, "A folder to serve beside it, at /."],
        ["flash-policy-port", None, "843", "The TCP port to serve Flash policies on."],
        ["flash-movie", None, None, "A WebSocketMain.swf to serve."],
        ["log-level", "l", None, f"What to log at least: {', '.join(_LEVELS)}."],
    ]
    optFlags = [  # noqa: RUF012 - so here
        [
            "trust-proxy",
            None,
            "Believe X-Forwarded-For, -Host and -Proto. Only where nobody gets here but through"
            " a proxy that sets them.",
        ],
        ["no-flash-policy", None, "Serve Flash policies inline only, on no port of their own."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["listen"] = []
        self["set"] = {}

    def opt_listen(self, endpoint: str) -> None:
        """
        An endpoint to listen on, such as tcp:8080:interface=127.0.0.1 or
        ssl:443:privateKey=key.pem:certKey=cert.pem; may be given again.
        """
        self["listen"].append(endpoint)

    def opt_set(self, setting: str) -> None:
        """
        Any other option of a listener, as NAME=VALUE (JSON or text), such as duration=30.
        """
        # Twisted shows the spaces that begin a second line of that.
        name, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"--set takes NAME=VALUE: {setting!r}")
        if name in _OURS:
            raise UsageError(f"--set: {name} is {_OURS[name]}")
        try:
            self["set"][name] = json.loads(text)
        except ValueError:
            self["set"][name] = text

    def parseOptions(self, options: Any = None) -> None:
        """
        @raise SystemExit: with one line and status 1, where something is
            wrong.
        """
        try:
            super().parseOptions(options)
        except (UsageError, LocalProtocolError) as error:
            # What an application's module raises can have any number of lines.
            line = " ".join(str(error).split())
            raise SystemExit(f"twistd socketio: {line} (see twistd socketio --help)") from None

    def postOptions(self) -> None:
        """
        Turn words into what they mean.
        """
        if self["port"] is not None:
            self["listen"].insert(0, f"tcp:{_port('port', self['port'])}")
        self["listen"] = self["listen"] or ["tcp:8080"]
        self["endpoints"] = [_endpoint(description) for description in self["listen"]]
        self["attach"] = _application(self["app"])
        self["site"] = Site(self._root())
        origins = self["origins"]
        options = {
            "resource": self["resource"],
            "protocol": _list(self["protocol"]),
            "transports": _list(self["transports"]),
            "origins": _list(origins) if origins else None,
            "trustProxy": bool(self["trust-proxy"]),
            # Later, since twistd may fork before.
            "flashPolicyServer": False,
            "flashPolicyPort": _port("flash-policy-port", self["flash-policy-port"]),
            "flashMovie": self["flash-movie"],
            "reactor": _reactor(),
        }
        self["listener"] = listen(self["site"], **{**options, **self["set"]})
        self["observer"] = None
        if self["log-level"] is not None:
            self["observer"] = self._observer(_level(self["log-level"]))

    def _root(self) -> Resource:
        folder = self["static"]
        if folder is None:
            return Resource() if self["app"] else File(str(demo.HTDOCS))
        if not Path(folder).is_dir():
            raise UsageError(f"--static: there is no folder {folder!r}")
        return File(folder)

    def _observer(self, level: Any) -> ILogObserver | None:
        """
        What writes to the same file as twistd's own observer would.

        @return: L{None} where twistd was told to use another.
        """
        twistd: Any = self.parent or {}
        if twistd.get("logger"):
            return None
        name = twistd.get("logfile") or ("-" if twistd.get("nodaemon") else "twistd.log")
        out = sys.stdout if name == "-" else LogFile.fromFullPath(name)
        predicate = LogLevelFilterPredicate(defaultLogLevel=level)
        return FilteringLogObserver(textFileLogObserver(out), [predicate])


def _port(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _MAX_PORT):
        raise UsageError(f"--{option} takes a number up to {_MAX_PORT}: {text!r}")
    return int(text)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _level(name: str) -> Any:
    if name not in _LEVELS:
        raise UsageError(f"--log-level is one of {', '.join(_LEVELS)}: {name!r}")
    return LogLevel.lookupByName(name)


def _reactor() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    return reactor


def _stopReactor(*_: object) -> None:
    """
    On SIGTERM. The reactor's own handler would have twistd die of the signal
    in the end, which is no way to say that all went well.
    """
    _reactor().callFromThread(_stop)


def _stop() -> None:
    # Who is stopping already needs not be told again.
    with suppress(ReactorNotRunning):
        _reactor().stop()


def _endpoint(description: str) -> Any:
    try:
        return serverFromString(_reactor(), description)
    except Exception as error:
        # Each kind of endpoint has errors of its own for what it cannot read.
        raise UsageError(
            f"--listen {description!r}: {str(error) or type(error).__name__}"
        ) from None


def _application(name: str | None) -> Attach:
    if name is None:
        return demo.attach
    module, colon, path = name.partition(":")
    if not colon:
        raise UsageError(f"--app takes MODULE:CALLABLE: {name!r}")
    sys.path.insert(0, "")
    try:
        attach: Any = namedAny(f"{module}.{path}")
    except Exception as error:
        # Whatever the module does when it is imported can fail.
        raise UsageError(f"--app {name!r}: {type(error).__name__}: {error}") from None
    if not callable(attach):
        raise UsageError(f"--app {name!r} cannot be called")
    return cast("Attach", attach)


def _complain(error: object) -> None:
    # By now twistd has turned sys.stderr into a log.
    print(f"twistd socketio: {error}", file=sys.__stderr__, flush=True)


class FlashPolicyService(Service):
    """
    The port for Flash policies. The listener closes it.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def privilegedStartService(self) -> None:
        """
        Open it, while we may: its number is below 1024.
        """
        self._listener.servePolicy()


class SocketIOService(MultiService):
    """
    The application, the ports, and a goodbye to every client at the end.

    The ports are opened when the application is attached. When the service
    stops they stay open until every client has been told.
    """

    log = Logger()

    def __init__(
        self,
        listener: Listener,
        attach: Attach,
        ports: Sequence[IService],
        observer: ILogObserver | None = None,
    ) -> None:
        """
        @param ports: become parts of this service when the application is
            attached.
        @param observer: gets what is logged; L{None} leaves it to twistd.
        """
        super().__init__()
        self._listener = listener
        self._attach = attach
        self._ports = ports
        self._observer = observer
        self._attached: Deferred[Any] | None = None

    def setServiceParent(self, parent: Any) -> None:
        """
        Become a part of twistd's application, which is where twistd looks for
        an observer.
        """
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)
        super().setServiceParent(parent)

    def privilegedStartService(self) -> None:
        """
        Attach the application; if it is ready at once, open the ports.
        """
        super().privilegedStartService()
        outcome = asDeferred(self._attach(self._listener))
        if isinstance(outcome, Deferred):
            self._attached = outcome
            return
        try:
            self._open()
            for port in self._ports:
                port.privilegedStartService()
        except CannotListenError as error:
            _complain(error)
            raise SystemExit(1) from None

    def startService(self) -> None:
        """
        Open the ports, if they are not open, when the application is ready.
        """
        _reactor().callWhenRunning(signal.signal, signal.SIGTERM, _stopReactor)
        self.log.info("JSON is read and written by {library}", library=library)
        super().startService()
        if self._attached is not None:
            self._attached.addCallback(lambda _: self._open()).addErrback(self._failed)

    def _open(self) -> None:
        for port in self._ports:
            port.setServiceParent(self)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CannotListenError):
            _complain(failure.value)
        else:
            self.log.failure("The application cannot be started", failure)
        reactor = _reactor()
        # twistd itself knows no status but 0.
        reactor.addSystemEventTrigger("after", "shutdown", os._exit, 1)
        reactor.callWhenRunning(reactor.stop)

    def stopService(self) -> Deferred[None]:
        """
        Say goodbye, then close the ports.
        """
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self._listener.close()
        await super().stopService()


def makeService(options: Options) -> IService:
    """
    Make what C{twistd} runs.
    """
    ports = [StreamServerEndpointService(each, options["site"]) for each in options["endpoints"]]
    for port in ports:
        port._raiseSynchronously = True
    listener = options["listener"]
    service = SocketIOService(listener, options["attach"], ports, options["observer"])
    if not options["no-flash-policy"]:
        FlashPolicyService(listener).setServiceParent(service)
    return service
