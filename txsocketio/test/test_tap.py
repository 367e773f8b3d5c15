"""
Tests for L{txsocketio.tap}: its options and its service in memory, and the
real C{twistd socketio} as a process.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from OpenSSL import crypto
from twisted.application.service import Application, IService
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.internet.protocol import Factory
from twisted.internet.ssl import KeyPair
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, LogLevel, capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.static import File

from txsocketio import Listener, demo, tap
from txsocketio.flashpolicy import PolicyFactory
from txsocketio.listener import PROTOCOLS, TRANSPORTS
from txsocketio.options import together
from txsocketio.protocol._json import library
from txsocketio.tap import Options, makeService
from txsocketio.test.child import PORT, TWISTD, ChildCase, Conversation, reactor, texts

POLICY_PORT = re.compile(rb"PolicyFactory starting on (\d+)")
LOOPBACK = "tcp:0:interface=127.0.0.1"

WRONG = (
    ("--port eighty", "--port 'eighty'"),
    ("--port 65536", "--port '65536'"),
    ("--port -1", "--port '-1'"),
    ("--port ²", "--port '²'"),
    ("--listen carrier:1", "--listen 'carrier:1'"),
    ("--listen tcp", "--listen 'tcp'"),
    ("--listen tcp:x", "--listen 'tcp:x'"),
    ("--listen ssl:0:privateKey=/no/such", "--listen /no/such"),
    ("--app nowhere", "--app MODULE:CALLABLE 'nowhere'"),
    ("--app no.such.module:attach", "--app 'no.such.module:attach'"),
    ("--app txsocketio_test_app:nothing", "--app nothing"),
    ("--app txsocketio_test_app:notCallable", "--app notCallable called"),
    ("--app :attach", "--app ':attach'"),
    ("--app txsocketio_test_app:", "--app 'txsocketio_test_app:'"),
    ("--resource /", "resource empty"),
    ("--protocol carrier-pigeon", "'carrier-pigeon' annotated, 0.6"),
    ("--transports carrier-pigeon", "'carrier-pigeon' xhr-polling"),
    ("--transports ,", "transports xhr-polling"),
    ("--origins somewhere", "origins 'somewhere'"),
    ("--static /no/such/folder", "--static '/no/such/folder'"),
    ("--log-level loud", "--log-level 'loud' critical"),
    ("--flash-policy-port eighty", "--flash-policy-port 'eighty' 65535"),
    ("--flash-policy-port 65536", "--flash-policy-port '65536'"),
    ("--flash-movie /no/such/movie", "movie /no/such/movie No such file"),
    ("--colour red", "--colour"),
    ("--port", "--port"),
    ("red", "arguments"),
)
"""Arguments, and what the complaint about them names."""


class RunningReactor(MemoryReactorClock):
    """
    One that runs on when it has begun.
    """

    def begin(self) -> None:
        """
        Run.
        """
        self.running = True
        for f, args, kwargs in self.whenRunningHooks:
            f(*args, **kwargs)

    def callFromThread(self, f: Any) -> None:
        """
        There are no threads here.
        """
        f()

    def stop(self) -> None:
        """
        Once.
        """
        if self.hasStopped:
            raise ReactorNotRunning
        super().stop()


class TapCase(SynchronousTestCase):
    """
    With a reactor in memory, and a module C{txsocketio_test_app}.
    """

    def setUp(self) -> None:
        self.reactor = RunningReactor()
        self.patch(tap, "_reactor", lambda: self.reactor)
        self.patch(sys, "path", list(sys.path))
        self.attached: list[Listener] = []
        app: Any = ModuleType("txsocketio_test_app")
        self.app = app
        self.app.attach = self.attached.append
        sys.modules["txsocketio_test_app"] = app
        self.addCleanup(sys.modules.pop, "txsocketio_test_app")

    def parse(self, *arguments: str) -> Options:
        """
        What these arguments say.
        """
        options = Options()
        options.parseOptions(arguments)
        return options

    def service(self, *arguments: str) -> Any:
        """
        The service that they ask for.
        """
        return makeService(self.parse(*arguments))

    def ports(self) -> list[tuple[int, str]]:
        """
        Port and interface of all that has been opened for sites.
        """
        return [
            (port, interface)
            for port, factory, _, interface in self.reactor.tcpServers
            if not isinstance(factory, PolicyFactory)
        ]

    def policyPorts(self) -> list[int]:
        """
        What has been opened for Flash policies.
        """
        servers = self.reactor.tcpServers
        return [port for port, factory, *_ in servers if isinstance(factory, PolicyFactory)]


class OptionsTests(TapCase):
    """
    The command line.
    """

    def test_help(self) -> None:
        """
        Every option is there, with a text.
        """
        usage = str(Options())
        for name in ("port", "listen", "app", "resource", "protocol", "transports", "origins",
                     "static", "log-level", "flash-policy-port", "flash-movie"):  # fmt: skip
            self.assertRegex(usage, rf"--{name}=\s+[A-Z]")
        for name in ("trust-proxy", "no-flash-policy"):
            self.assertRegex(usage, rf"--{name}\s+[A-Z]")
        self.assertIn("8080", usage)
        # Lines are wrapped, also within names.
        unwrapped = "".join(usage.split())
        self.assertIn(",".join(each.name for each in TRANSPORTS), unwrapped)
        self.assertIn("debug,info,warn,error,critical", unwrapped)
        self.assertIn("chat", usage)

    def test_defaults(self) -> None:
        """
        The demo, on port 8080, with all transports, for the same origin.
        """
        options = self.parse()
        self.assertEqual(["tcp:8080"], options["listen"])
        self.assertIs(demo.attach, options["attach"])
        listener = options["listener"]
        self.assertEqual([each.name for each in TRANSPORTS], listener.options["transports"])
        self.assertIsNone(listener.options["origins"])
        self.assertIs(options["site"], listener.server)
        self.assertEqual(str(demo.HTDOCS), options["site"].resource._site.path)
        self.assertTrue((demo.HTDOCS / "index.html").is_file())

    def test_listen(self) -> None:
        """
        C{--port} and each C{--listen} are an endpoint.
        """
        self.assertEqual(["tcp:81"], self.parse("--port", "81")["listen"])
        self.assertEqual(["tcp:81"], self.parse("-p", "81")["listen"])
        several = self.parse("--listen", "tcp:82", "--port", "81", "--listen", LOOPBACK)
        self.assertEqual(["tcp:81", "tcp:82", LOOPBACK], several["listen"])
        self.assertEqual(3, len(several["endpoints"]))

    def test_tls(self) -> None:
        """
        An endpoint may be one of TLS.
        """
        pair = KeyPair.generate(size=2048)
        path = Path(self.mktemp())
        certificate = pair.selfSignedCert(1, CN="localhost")
        path.write_bytes(pair.dump(crypto.FILETYPE_PEM) + certificate.dumpPEM())
        service: Any = self.service("--listen", f"ssl:0:privateKey={path}:interface=127.0.0.1")
        service.privilegedStartService()
        ((port, _, _, _, interface),) = self.reactor.sslServers
        self.assertEqual((0, "127.0.0.1", []), (port, interface, self.ports()))

    def test_listener(self) -> None:
        """
        C{--resource}, C{--transports} and C{--origins} are the listener's.
        """
        transports = "xhr-polling, websocket"
        options = self.parse(
            "--resource", "a/b", "--transports", transports, "--origins", "a.org:80,*:81"
        )["listener"].options
        self.assertEqual("a/b", options["resource"])
        self.assertEqual(["xhr-polling", "websocket"], options["transports"])
        self.assertEqual(["a.org:80", "*:81"], options["origins"])
        everybody = self.parse("-o", "*:*")["listener"]
        self.assertTrue(everybody.origins.judge({b"Origin": [b"http://b.org"]}.get).allowed)

    def test_protocol(self) -> None:
        """
        C{--protocol} is the listener's; by default it names those of its.
        """
        for arguments, protocols in (
            ((), together(PROTOCOLS)),
            (("--protocol", "0.6"), ["0.6"]),
            (("--protocol", "eio4,annotated"), ["eio4", "annotated"]),
        ):
            self.assertEqual(protocols, self.parse(*arguments)["listener"].options["protocol"])

    def test_set(self) -> None:
        """
        C{--set} gives any option, as JSON or as it is; it comes last.
        """
        options = self.parse(
            *("--set", "duration=5.5", "--set", "cookie=io", "--set", "drafts=false"),
            *("--resource", "a", "--set", "resource=b"),
        )["listener"].options
        names = ("duration", "cookie", "drafts", "resource")
        self.assertEqual([options[name] for name in names], [5.5, "io", False, "b"])

    def test_setWrong(self) -> None:
        """
        What is no option, or none that is set in this way, is told in a line.
        """
        for setting, line in (
            ("drafts", "--set takes NAME=VALUE: 'drafts'"),
            ("nonsense=1", "unknown option 'nonsense'"),
            ("duration=fast", "duration takes a number"),
            ("drafts=False", "drafts takes True or False: 'False'"),
            ("self=1", "--set: self is no option"),
            ("reactor=1", "--set: reactor is chosen with twistd --reactor"),
            ("flashPolicyServer=true", "flashPolicyServer is turned off with --no-flash-policy"),
        ):
            error = self.assertRaises(SystemExit, self.parse, "--set", setting)
            self.assertIn(line, str(error))

    def test_trustProxy(self) -> None:
        """
        C{--trust-proxy} is the listener's C{trustProxy}; without it no proxy
        is trusted.
        """
        for arguments, trusts in (((), False), (("--trust-proxy",), True)):
            self.assertIs(trusts, self.parse(*arguments)["listener"].options["trustProxy"])

    def test_app(self) -> None:
        """
        C{--app} names a callable in a module; without C{--static} there is
        nothing beside it.
        """
        options = self.parse("--app", "txsocketio_test_app:attach")
        self.assertEqual(self.app.attach, options["attach"])
        self.assertNotIsInstance(options["site"].resource._site, File)

    def test_appPath(self) -> None:
        """
        It may be an attribute of one; and the module may lie in the folder
        where twistd is started.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "txsocketio_test_local.py").write_text("class App:\n    attach = print\n")
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(folder)
        self.assertIs(print, self.parse("-a", "txsocketio_test_local:App.attach")["attach"])
        del sys.modules["txsocketio_test_local"]

    def test_static(self) -> None:
        """
        C{--static} is served at C{/}, also instead of the demo's page.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        for arguments in ((), ("--app", "txsocketio_test_app:attach")):
            site = self.parse("--static", str(folder), *arguments)["site"]
            self.assertEqual(str(folder.resolve()), site.resource._site.path)

    def test_wrong(self) -> None:
        """
        A wrong value gets one line that names it, and status 1.
        """
        self.app.notCallable = 5
        for arguments, words in WRONG:
            error = self.assertRaises(SystemExit, self.parse, *arguments.split())
            line = error.code
            # Which is what Python makes one line on stderr and status 1 of.
            self.assertIsInstance(line, str, arguments)
            self.assertNotIn("\n", line)
            self.assertTrue(line.startswith("twistd socketio: "), line)
            self.assertTrue(line.endswith(" (see twistd socketio --help)"), line)
            for word in words.split():
                self.assertIn(word, line, arguments)

    def test_appRaises(self) -> None:
        """
        So does a module that fails when it is imported, however much it has
        to say.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "txsocketio_test_broken.py").write_text("raise OSError('two\\nlines')\n")
        sys.path.insert(0, str(folder))
        error = self.assertRaises(SystemExit, self.parse, "-a", "txsocketio_test_broken:attach")
        self.assertIn("OSError", error.code)
        self.assertNotIn("\n", error.code)

    def test_logLevel(self) -> None:
        """
        C{--log-level} makes an observer that keeps what is below it from the
        log that twistd would write.
        """
        path = Path(self.mktemp())
        twistd = {"logfile": str(path), "nodaemon": True, "logger": None}
        observer = self.observer(twistd, "warn")
        self.log(observer)
        self.assertEqual(
            ["- [x#warn] a warn", "- [x#error] a error"], path.read_text().split("\n")[:-1]
        )

    def test_logLevelFiles(self) -> None:
        """
        Without C{--logfile} it goes where twistd's would: to the standard
        output, or to C{twistd.log} from a daemon.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(folder)
        written = open("out", "w+")  # noqa: PTH123, SIM115 - stands for sys.stdout
        self.addCleanup(written.close)
        self.patch(sys, "stdout", written)
        for twistd in ({"logfile": "-"}, {"logfile": None, "nodaemon": True}):
            self.log(self.observer(twistd, "error"))
        self.log(self.observer({"logfile": None, "nodaemon": False}, "critical"))
        self.assertEqual("- [x#error] a error\n" * 2, Path("out").read_text())
        self.assertTrue(Path("twistd.log").exists())

    def test_logger(self) -> None:
        """
        Who has named an observer to twistd keeps it.
        """
        self.assertIsNone(self.observer({"logger": "their.own"}, "warn"))

    def test_noLogLevel(self) -> None:
        """
        Without C{--log-level} twistd's own observer is left alone.
        """
        self.assertIsNone(self.parse()["observer"])

    def observer(self, twistd: dict[str, Any], level: str) -> Any:
        """
        The observer that C{--log-level} makes, under twistd's own options.
        """
        options: Any = Options()
        options.parent = twistd
        options.parseOptions(["--log-level", level])
        return options["observer"]

    def log(self, observer: Any) -> None:
        """
        A line of some of the levels.
        """
        for level in (LogLevel.debug, LogLevel.info, LogLevel.warn, LogLevel.error):
            observer(
                {
                    "log_level": level,
                    "log_format": f"a {level.name}",
                    "log_namespace": "x",
                    "log_time": None,
                }
            )


class ServiceTests(TapCase):
    """
    What C{makeService} makes.
    """

    APP = ("--app", "txsocketio_test_app:attach")

    def setUp(self) -> None:
        super().setUp()
        self.signals: list[Any] = []
        self.patch(signal, "signal", lambda *args: self.signals.append(args))
        self.exits: list[int] = []
        self.patch(os, "_exit", self.exits.append)

    def start(self, *arguments: str) -> Any:
        """
        Start the service, as twistd does.
        """
        service = self.service(*arguments)
        service.privilegedStartService()
        service.startService()
        self.reactor.begin()
        return service

    def test_kind(self) -> None:
        """
        A service for twistd.
        """
        self.assertTrue(IService.providedBy(self.service()))

    def test_started(self) -> None:
        """
        The application is attached to the listener, and every port is open.
        """
        options = self.parse(*self.APP, "--port", "81", "--listen", "tcp:82:interface=127.0.0.1")
        service: Any = makeService(options)
        self.assertEqual([], self.attached)
        service.privilegedStartService()
        self.assertEqual([options["listener"]], self.attached)
        self.assertEqual([(81, ""), (82, "127.0.0.1")], self.ports())
        with capturedLogs() as logged:
            service.startService()
        self.assertEqual(2, len(self.ports()))
        self.assertIn(
            f"JSON is read and written by {library}", [formatEvent(each) for each in logged]
        )

    def test_flashPolicy(self) -> None:
        """
        The policy's port is opened while there are privileges, also where the
        application has to be waited for, and never while options are read.
        """
        self.app.attach = lambda listener: Deferred()
        for arguments, ports in (
            ((), [843]),
            (("--flash-policy-port", "10843"), [10843]),
            (("--no-flash-policy",), []),
            (("--transports", "websocket"), []),
        ):
            self.reactor.tcpServers.clear()
            service = self.service(*self.APP, *arguments)
            self.assertEqual([], self.policyPorts())
            service.privilegedStartService()
            self.assertEqual(ports, self.policyPorts())
            service.startService()
            self.assertEqual(ports, self.policyPorts())
            self.assertEqual([], self.ports())

    def test_flashPolicyBusy(self) -> None:
        """
        Where it cannot be opened, the log says so, and the service runs.
        """
        listenTCP = self.reactor.listenTCP

        def listen(port: int, *args: Any, **kwargs: Any) -> Any:
            return (self.busy if port == 843 else listenTCP)(port, *args, **kwargs)

        self.patch(self.reactor, "listenTCP", listen)
        with capturedLogs() as logged:
            service = self.start("--port", "81")
        self.assertEqual(
            [
                "No Flash policies on port 843 ([Errno 98] Address already in use);"
                " they are still served inline"
            ],
            [formatEvent(each) for each in logged if each["log_level"] is LogLevel.warn],
        )
        self.assertEqual([(81, "")], self.ports())
        self.successResultOf(service.stopService())

    def test_demo(self) -> None:
        """
        Without an application it is the demo's.
        """
        options = self.parse()
        service: Any = makeService(options)
        service.privilegedStartService()
        self.assertEqual([(8080, "")], self.ports())
        self.assertTrue(options["listener"].of("/")._handlers.take("connection"))

    def test_deferred(self) -> None:
        """
        Ports are closed until the application's Deferred has fired.
        """
        ready: Deferred[None] = Deferred()
        self.app.attach = lambda listener: ready
        self.start(*self.APP, "--port", "81")
        self.assertEqual([], self.ports())
        ready.callback(None)
        self.assertEqual([(81, "")], self.ports())
        self.assertFalse(self.reactor.hasStopped)

    def test_coroutine(self) -> None:
        """
        So with a coroutine function.
        """
        ready: Deferred[None] = Deferred()

        async def attach(listener: Listener) -> None:
            await ready
            self.attached.append(listener)

        self.app.attach = attach
        self.start(*self.APP, "--port", "81")
        self.assertEqual(([], []), (self.ports(), self.attached))
        ready.callback(None)
        self.assertEqual(([(81, "")], 1), (self.ports(), len(self.attached)))

    def test_fails(self) -> None:
        """
        If it fails, that is logged, and the process ends with status 1.
        """
        ready: Deferred[None] = Deferred()
        self.app.attach = lambda listener: ready
        service = self.start(*self.APP, "--port", "81")
        ready.errback(ValueError("no database"))
        (failure,) = self.flushLoggedErrors(ValueError)
        self.assertEqual("no database", failure.getErrorMessage())
        self.assertTrue(self.reactor.hasStopped)
        self.assertEqual([], self.ports())
        self.successResultOf(service.stopService())
        ((f, args, kwargs),) = self.reactor.triggers["after"]["shutdown"]
        f(*args, **kwargs)
        self.assertEqual([1], self.exits)

    def test_raises(self) -> None:
        """
        If it raises, that goes on to twistd, which ends.
        """

        def attach(listener: Listener) -> None:
            raise ValueError("no database")

        self.app.attach = attach
        self.assertRaises(ValueError, self.service(*self.APP).privilegedStartService)
        self.assertEqual([], self.ports())

    def busy(self, port: int, *args: Any, **kwargs: Any) -> Any:
        """
        A port that is in use.
        """
        raise CannotListenError("", port, OSError(98, "Address already in use"))

    def complaint(self) -> Any:
        """
        Take the standard error.
        """
        written = open(self.mktemp(), "w+")  # noqa: PTH123, SIM115 - stands for stderr
        self.addCleanup(written.close)
        self.patch(sys, "__stderr__", written)
        return written

    def test_busy(self) -> None:
        """
        A port in use gets one line on stderr and status 1.
        """
        self.patch(self.reactor, "listenTCP", self.busy)
        written = self.complaint()
        service = self.service("--port", "81")
        error = self.assertRaises(SystemExit, service.privilegedStartService)
        self.assertEqual(1, error.code)
        written.seek(0)
        self.assertRegex(written.read(), r"\Atwistd socketio: .*81: .*Address already in use.*\n\Z")

    def test_busyLater(self) -> None:
        """
        So when the application had to be waited for.
        """
        ready: Deferred[None] = Deferred()
        self.app.attach = lambda listener: ready
        self.patch(self.reactor, "listenTCP", self.busy)
        written = self.complaint()
        service = self.start(*self.APP, "--port", "81", "--port", "82")
        ready.callback(None)
        written.seek(0)
        self.assertEqual(1, written.read().count("\n"))
        self.assertTrue(self.reactor.hasStopped)
        self.successResultOf(service.stopService())

    def test_stopped(self) -> None:
        """
        When it stops, the listener is closed first.
        """
        options = self.parse(*self.APP)
        service: Any = makeService(options)
        service.privilegedStartService()
        service.startService()
        closed: Deferred[None] = Deferred()
        self.patch(options["listener"], "close", lambda: closed)
        stopped = service.stopService()
        self.assertNoResult(stopped)
        self.assertTrue(service.running)
        closed.callback(None)
        self.successResultOf(stopped)
        self.assertFalse(service.running)

    def test_sigterm(self) -> None:
        """
        SIGTERM stops the reactor, and a second one nothing more.
        """
        self.start()
        ((which, handler),) = self.signals
        self.assertIs(signal.SIGTERM, which)
        self.assertFalse(self.reactor.hasStopped)
        handler(which, None)
        self.assertTrue(self.reactor.hasStopped)
        handler(which, None)

    def test_observer(self) -> None:
        """
        The observer is where twistd looks for it.
        """
        application: Any = Application("test")
        options: Any = Options()
        options.parent = {"logfile": self.mktemp()}
        options.parseOptions(["--log-level", "warn"])
        makeService(options).setServiceParent(application)
        self.assertIs(options["observer"], application.getComponent(ILogObserver))
        plain: Any = Application("test")
        self.service().setServiceParent(plain)
        self.assertIsNone(plain.getComponent(ILogObserver))


APP = """
import os
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

def _running():
    running = Deferred()
    reactor.callWhenRunning(running.callback, None)
    return running

async def coroutine(listener):
    await _running()
    Logger().info("attached")

def deferred(listener):
    return _running().addCallback(lambda _: Logger().info("attached"))

async def failing(listener):
    await _running()
    raise ValueError("no database")

def raising(listener):
    raise ValueError("no database")

def loud(listener):
    Logger().info("an info")
    Logger().error("an error")
    reactor.callLater(0, os.write, 1, b"up")

def chat(listener):
    listener.on("clientMessage", lambda message, client: listener.broadcast(message))
"""


class ProcessTests(ChildCase):
    """
    The real C{twistd socketio}.
    """

    def setUp(self) -> None:
        super().setUp()
        (self.folder / "app.py").write_text(APP)

    async def test_help(self) -> None:
        """
        C{--help} tells of every option, and C{twistd --help} of the command.
        """
        ended = await self.twistd("--help").ended
        self.assertEqual((0, b""), (ended.status, ended.err))
        for name in ("port", "listen", "app", "resource", "transports", "origins", "static",
                     "log-level", "no-flash-policy", "help"):  # fmt: skip
            self.assertRegex(ended.out, rf"--{name}\b=?\s+[A-Z]".encode("ascii"))
        self.assertIn(b"Usage: twistd [options] socketio [", ended.out)

    async def test_wrong(self) -> None:
        """
        A wrong value gets one line on stderr, and status 1.
        """
        ended = await self.twistd("--port", "eighty").ended
        self.assertEqual((1, b"", 1), (ended.status, ended.out, ended.err.count(b"\n")))
        self.assertTrue(ended.err.startswith(b"twistd socketio: --port takes a number"), ended.err)

    async def test_busy(self) -> None:
        """
        A port in use gets one line on stderr, and status 1; also when the
        application has to be waited for.
        """
        port = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        number = port.getHost().port
        for app in ("chat", "coroutine"):
            child = self.twistd(
                "--app", f"app:{app}", "--listen", f"tcp:{number}:interface=127.0.0.1"
            )
            ended = await child.ended
            self.assertEqual((1, 1), (ended.status, ended.err.count(b"\n")), ended)
            self.assertRegex(ended.err, rb"twistd socketio: .*:%d: .*in use" % number)
            self.assertNotIn(b"Traceback", ended.out)

    async def test_attachLater(self) -> None:
        """
        An application that is a coroutine function or returns a Deferred is
        waited for before the port opens.
        """
        for app in ("coroutine", "deferred"):
            child = self.twistd("--app", f"app:{app}", "--listen", LOOPBACK)
            (port,) = await child.ports()
            self.assertRegex(child.out.data, b"(?s)attached.*" + PORT.pattern)
            await self.webSocket(port)
            self.assertEqual(0, (await child.terminate()).status)

    async def test_attachFails(self) -> None:
        """
        One that fails ends the process with status 1, and its traceback.
        """
        for app in ("failing", "raising"):
            ended = await self.twistd("--app", f"app:{app}", "--listen", LOOPBACK).ended
            self.assertEqual(1, ended.status, ended)
            self.assertIn(b"ValueError: no database", ended.out)
            self.assertNotRegex(ended.out, PORT)

    async def test_logLevel(self) -> None:
        """
        C{--log-level} leaves out what is below it.
        """
        child = self.twistd("--app", "app:loud", "--listen", LOOPBACK, "--log-level", "error")
        await child.out.until("up")
        ended = await child.terminate()
        self.assertEqual((0, b""), (ended.status, ended.err))
        self.assertIn(b"an error", ended.out)
        self.assertNotIn(b"an info", ended.out)
        self.assertNotIn(b"starting", ended.out)

    async def test_serves(self) -> None:
        """
        C{--static} and Socket.IO, on every endpoint.
        """
        (self.folder / "page.txt").write_text("a page of ours")
        child = self.twistd(
            "--app", "app:chat", "--static", ".", "--listen", LOOPBACK, "--listen", LOOPBACK
        )
        ports = await child.ports(2)
        for port in ports:
            await self.get(port, "/page.txt", "a page of ours")
        first, second = [await self.webSocket(port) for port in ports]
        first.say(":hi")
        await second.heard.until("1:3::hi,")

    async def test_demo(self) -> None:
        """
        Without an application, the demo and its page.
        """
        (port,) = await self.twistd("--listen", LOOPBACK).ports()
        await self.get(port, "/", "</html>")
        await self.get(port, "/socket.io/socket.io.js", "Socket")
        visitor = await self.webSocket(port)
        visitor.say('a:1\ne:join\nj:["Alice in test"]')
        await visitor.heard.until("Alice in test")

    async def test_flash(self) -> None:
        """
        The policy on its port, for a socket on the other, and the movie. A
        policy port that cannot be opened costs one line.
        """
        (self.folder / "a.swf").write_bytes(b"FWS a movie")
        arguments = ("--app", "app:chat", "--listen", LOOPBACK, "--origins", "good.com:*",
                     "--flash-movie", "a.swf", "--flash-policy-port")  # fmt: skip
        child = self.twistd(*arguments, "0")
        (port,) = await child.ports()
        (policyPort,) = POLICY_PORT.findall(child.out.data)
        await self.askForPolicy(policyPort, '<allow-access-from domain="good.com" to-ports="*"/>')
        await self.webSocket(port, "/socket.io/flashsocket")
        await self.get(port, "/socket.io/WebSocketMain.swf", "FWS a movie")
        other = self.twistd(*arguments, policyPort.decode("ascii"))
        (port,) = await other.ports()
        await self.webSocket(port, "/socket.io/flashsocket")
        self.assertEqual(1, other.out.data.count(b"No Flash policies on port %b (" % policyPort))
        self.assertNotIn(b"Traceback", other.out.data)
        self.assertEqual(0, (await other.terminate()).status)

    async def test_flashDaemon(self) -> None:
        """
        The policy's port is the daemon's, which is another process than the
        one that has read the options.
        """
        pidFile = self.folder / "pid"
        daemon = self.spawn(
            TWISTD, "--pidfile=pid", "--logfile=log", "socketio", "--app", "app:chat",
            "--listen", LOOPBACK, "--flash-policy-port", "0",
        )  # fmt: skip
        self.assertEqual((0, b"", b""), await daemon.ended)
        self.addCleanup(os.kill, int(pidFile.read_text()), signal.SIGKILL)
        (policyPort,) = POLICY_PORT.findall((self.folder / "log").read_bytes())
        await self.askForPolicy(policyPort, "</cross-domain-policy>")

    async def askForPolicy(self, port: bytes, expected: str) -> None:
        """
        As a Flash movie does.
        """
        policy = await self.connect(int(port))
        policy.write(b"<policy-file-request/>\0")
        await policy.heard.until(expected)
        await policy.closed

    async def test_sigterm(self) -> None:
        """
        SIGTERM says goodbye to a WebSocket and to a poll that waits, and the
        process exits with status 0.
        """
        child = self.twistd("--app", "app:chat", "--listen", LOOPBACK)
        (port,) = await child.ports()
        socket, poll = await self.webSocket(port), await self.waitingPoll(port)
        ended = child.terminate()
        await socket.heard.until("0:0:,")
        await poll.heard.until("0:0:,")
        # The answer to the closing handshake.
        socket.write(b"\x88\x80\0\0\0\0")
        self.assertEqual((0, b""), ((await ended).status, child.err))

    async def waitingPoll(self, port: int) -> Conversation:
        """
        A poll that the server holds: of two it answers the older one at once.
        """
        polls = [await self.connect(port), await self.connect(port)]
        polls[0].request("/socket.io/xhr-polling/")
        (sid,) = texts(await polls[0].heard.until(re.compile(rb"3:20:(.{20}),")))
        answers = []
        for poll in polls:
            poll.request(f"/socket.io/xhr-polling/{sid}/1")
            answers.append(poll.heard.until("Content-Length: 0\r\n"))
        _, answered = await DeferredList(answers, fireOnOneCallback=True, consumeErrors=True)
        return polls[1 - answered]
