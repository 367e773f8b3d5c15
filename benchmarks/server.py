"""
A C{twistd socketio} for a benchmark to talk to.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

ROOT = Path(__file__).parents[1]
PORT_MARK = b"starting on "
ERRORS = (b"Traceback", b"Unhandled")
TAIL = 4000
"""How much of what the server said last is kept, bytes."""


class Failed(Exception):
    """
    The run cannot go on; one line says why.
    """


class Server(ProcessProtocol):
    """
    The C{twistd socketio}.

    @ivar ready: fires with its port.
    @ivar ended: fires when it has ended.
    @ivar errors: how many errors it has logged.
    @ivar tail: what it has said last.
    """

    def __init__(self) -> None:
        self.ready: Deferred[int] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self.errors = 0
        self.tail = b""

    def start(self, reactor: Any, app: str, transports: Iterable[str]) -> None:
        """
        Run it, on any port.
        """
        twistd = str(Path(sys.executable).with_name("twistd"))
        arguments = [twistd, "-n", "--pidfile=", "socketio", "--listen=tcp:0:interface=127.0.0.1"]
        arguments += [f"--app={app}", f"--transports={','.join(transports)}", "--no-flash-policy"]
        reactor.spawnProcess(self, twistd, arguments, env=None, path=str(ROOT))

    def outReceived(self, data: bytes) -> None:
        """
        See L{ProcessProtocol.outReceived}.
        """
        self.errors += sum(data.count(mark) for mark in ERRORS)
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
