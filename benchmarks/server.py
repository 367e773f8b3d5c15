"""
A server for a benchmark to talk to: a C{twistd socketio}, or
C{benchmarks/service.py}.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

ROOT = Path(__file__).parents[1]
PORT_MARK = b"starting on "
ERRORS = (b"Traceback", b"Unhandled")
TAIL = 4000
"""How much of what the server said last is kept, bytes."""


_MEMORY = re.compile(r"^Vm(?:HWM|RSS):\s*(\d+) kB$", re.MULTILINE)


class Memory(NamedTuple):
    """
    Of a process, MiB.
    """

    now: float
    highest: float


class Failed(Exception):
    """
    The run cannot go on; one line says why.
    """


def addPatience(parser: ArgumentParser, seconds: float) -> None:
    """
    Let a command be told when to give up.

    @param seconds: the default.
    """
    parser.add_argument(
        "--patience",
        type=float,
        default=seconds,
        metavar="SECONDS",
        help="how long nothing may happen before the run is given up (%(default)s)",
    )


async def settle(name: str, run: Callable[[], Awaitable[bool]]) -> None:
    """
    Run a command to its exit status.

    @param run: tells whether all was well.
    @raise SystemExit: with 1, where it was not; with a line, where the run
        could not go on.
    """
    try:
        isWell = await run()
    except Failed as error:
        raise SystemExit(f"{name}: {error}") from None
    if not isWell:
        raise SystemExit(1)


class Server(ProcessProtocol):
    """
    The server.

    @ivar ready: fires with its port.
    @ivar ended: fires when it has ended.
    @ivar errors: how many errors it has logged.
    @ivar trouble: what it has said with the first of them, and behind it.
    @ivar tail: what it has said last.
    """

    def __init__(self) -> None:
        self.ready: Deferred[int] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self.errors = 0
        self.trouble = b""
        self.tail = b""

    def start(self, reactor: Any, app: str, transports: Iterable[str]) -> None:
        """
        Run C{twistd socketio}, on any port.
        """
        twistd = str(Path(sys.executable).with_name("twistd"))
        arguments = [twistd, "-n", "--pidfile=", "socketio", "--listen=tcp:0:interface=127.0.0.1"]
        arguments += [f"--app={app}", f"--transports={','.join(transports)}", "--no-flash-policy"]
        self._run(reactor, arguments)

    def startWith(self, reactor: Any, app: str, options: Mapping[str, Any]) -> None:
        """
        Run C{benchmarks/service.py} instead, for what C{twistd socketio} has
        no options for.
        """
        program = str(ROOT / "benchmarks" / "service.py")
        self._run(reactor, [sys.executable, "-u", program, app, json.dumps(options)])

    def _run(self, reactor: Any, arguments: Sequence[str]) -> None:
        reactor.spawnProcess(self, arguments[0], arguments, env=None, path=str(ROOT))

    def isClean(self, say: Callable[[str], None]) -> bool:
        """
        Whether it has logged no errors.

        @param say: is told of the first ones.
        """
        if self.errors:
            say(f"The server logged errors:\n{self.trouble.decode(errors='replace')}")
        return not self.errors

    def memory(self) -> Memory:
        """
        How much it holds.

        @raise Failed: it has ended.
        """
        assert self.transport is not None
        try:
            status = Path(f"/proc/{self.transport.pid}/status").read_text("ascii")
        except OSError:
            raise Failed(f"the server has ended:\n{self.tail.decode(errors='replace')}") from None
        return Memory(*(int(kilobytes) / 1024 for kilobytes in _MEMORY.findall(status)[::-1]))

    def outReceived(self, data: bytes) -> None:
        """
        See L{ProcessProtocol.outReceived}.
        """
        self.errors += sum(data.count(mark) for mark in ERRORS)
        if self.errors:
            self.trouble = (self.trouble + data)[:TAIL]
        self.tail = (self.tail + data)[-TAIL:]
        _, found, rest = self.tail.partition(PORT_MARK)
        if not self.ready.called and found and b"\n" in rest:
            self.ready.callback(int(rest.split()[0]))

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        """
        See L{ProcessProtocol.processEnded}.
        """
        if not self.ready.called:
            self.ready.errback(Failed(f"the server ended:\n{self.tail.decode(errors='replace')}"))
        self.ended.callback(None)

    def stop(self, signal: str = "TERM") -> Deferred[None]:
        """
        Have it end.
        """
        with suppress(ProcessExitedAlready):
            assert self.transport is not None
            self.transport.signalProcess(signal)
        return self.ended


def allowFiles(count: int) -> None:
    """
    Let this process, and those that it starts, have so many files open.

    @raise Failed: that is more than it may allow itself.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(count, hard)))
    except (ValueError, OSError):
        raise Failed(
            f"{count} open files are needed, and {hard} are allowed (see ulimit -Hn)"
        ) from None
