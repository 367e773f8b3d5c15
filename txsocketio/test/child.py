"""
Servers as processes of their own, and plain TCP connections to them. Nothing
waits for a time: everything waits for what the server writes.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone, ProcessDone
from twisted.internet.protocol import ProcessProtocol, Protocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from txsocketio.test.support import HANDSHAKE, TEXT, frame

reactor: Any = _reactor
TWISTD = str(Path(sys.executable).with_name("twistd"))
PORT = re.compile(rb"Site\b.* starting on (\d+)")
"""What Twisted logs of a site's port that is open."""


class Ended(NamedTuple):
    """
    @ivar status: of the exit; negative for a signal.
    """

    status: int
    out: bytes
    err: bytes


class _Watch:
    """
    What has been written so far, and who waits for what.
    """

    def __init__(self) -> None:
        self.data = b""
        self._waiting: list[tuple[re.Pattern[bytes], int, Deferred[list[bytes]]]] = []

    def until(self, pattern: str | re.Pattern[bytes], times: int = 1) -> Deferred[list[bytes]]:
        """
        @param pattern: literally, if it is a str.
        @return: fires with the first group of each place, or all of it, where
            the pattern has been found so many times.
        """
        compiled = (
            re.compile(re.escape(pattern.encode("ascii"))) if isinstance(pattern, str) else pattern
        )
        done: Deferred[list[bytes]] = Deferred()
        self._waiting.append((compiled, times, done))
        self.feed(b"")
        return done

    def feed(self, data: bytes) -> None:
        """
        More has been written.
        """
        self.data += data
        for entry in tuple(self._waiting):
            pattern, times, done = entry
            found: list[bytes] = pattern.findall(self.data)
            if len(found) >= times:
                self._waiting.remove(entry)
                done.callback(found)

    def end(self) -> None:
        """
        Nothing more will be.
        """
        waiting, self._waiting = self._waiting, []
        for pattern, _, done in waiting:
            done.errback(AssertionError(f"{pattern.pattern!r} is not in {self.data!r}"))


class Child(ProcessProtocol):
    """
    A process.

    @ivar out: its standard output.
    @ivar ended: fires when it has ended.
    """

    def __init__(self) -> None:
        self.out = _Watch()
        self.err = b""
        self.ended: Deferred[Ended] = Deferred()
        self.isRunning = True

    def outReceived(self, data: bytes) -> None:
        """
        See L{ProcessProtocol.outReceived}.
        """
        self.out.feed(data)

    def errReceived(self, data: bytes) -> None:
        """
        See L{ProcessProtocol.errReceived}.
        """
        self.err += data

    def processEnded(self, reason: Failure) -> None:
        """
        See L{ProcessProtocol.processEnded}.
        """
        self.isRunning = False
        error: Any = reason.value
        status = 0 if reason.check(ProcessDone) else error.exitCode
        ended = Ended(-error.signal if status is None else status, self.out.data, self.err)
        self.out.end()
        self.ended.callback(ended)

    def terminate(self) -> Deferred[Ended]:
        """
        Ask it to end.
        """
        assert self.transport is not None
        self.transport.signalProcess("TERM")
        return self.ended

    async def ports(self, count: int = 1) -> list[int]:
        """
        The ports that it has opened, when there are so many.
        """
        return [int(port) for port in await self.out.until(PORT, count)]


class Conversation(Protocol):
    """
    A TCP connection.

    @ivar heard: what has come.
    @ivar closed: fires when it has gone.
    """

    def __init__(self) -> None:
        self.heard = _Watch()
        self.closed: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """
        See L{Protocol.dataReceived}.
        """
        self.heard.feed(data)

    def connectionLost(self, reason: Failure = Failure(ConnectionDone())) -> None:  # noqa: B008
        """
        See L{Protocol.connectionLost}.
        """
        self.heard.end()
        self.closed.callback(None)

    def request(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """
        Send a GET.
        """
        lines = [f"GET {url} HTTP/1.1", "Host: example.com"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.write("\r\n".join([*lines, "", ""]).encode("ascii"))

    def write(self, data: bytes) -> None:
        """
        Send these bytes.
        """
        assert self.transport is not None
        self.transport.write(data)

    def say(self, data: str) -> None:
        """
        Send a message of the first protocol over WebSocket, of plain ASCII.
        """
        self.write(frame(TEXT, f"1:{len(data)}:{data},".encode("ascii")))


class ChildCase(TestCase):
    """
    Tests with processes of their own, all of which are gone in the end.
    """

    timeout = 60

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir(parents=True)

    def spawn(self, *arguments: str, cwd: Path | None = None) -> Child:
        """
        Start a process.
        """
        child = Child()
        reactor.spawnProcess(
            child, arguments[0], arguments, env=dict(os.environ), path=str(cwd or self.folder)
        )
        self.addCleanup(self._end, child)
        return child

    def twistd(self, *arguments: str) -> Child:
        """
        Start C{twistd socketio}.
        """
        return self.spawn(TWISTD, "-n", "--pidfile=", "socketio", *arguments)

    def python(self, path: Path, *arguments: str) -> Child:
        """
        Start a program.
        """
        return self.spawn(sys.executable, "-u", str(path.resolve()), *arguments)

    def _end(self, child: Child) -> Deferred[Ended] | None:
        if not child.isRunning:
            return None
        assert child.transport is not None
        child.transport.signalProcess(signal.SIGKILL)
        return child.ended

    async def connect(self, port: int) -> Conversation:
        """
        Connect to a child.
        """
        endpoint = HostnameEndpoint(reactor, b"127.0.0.1", port)
        conversation: Conversation = await connectProtocol(endpoint, Conversation())
        self.addCleanup(self._hangUp, conversation)
        return conversation

    def _hangUp(self, conversation: Conversation) -> Deferred[None]:
        assert conversation.transport is not None
        conversation.transport.loseConnection()
        return conversation.closed

    async def get(self, port: int, url: str, expected: str) -> bytes:
        """
        GET a page that holds C{expected}.

        @return: the answer.
        """
        conversation = await self.connect(port)
        conversation.request(url)
        await conversation.heard.until(expected)
        return conversation.heard.data

    async def webSocket(self, port: int, url: str = "/socket.io/websocket") -> Conversation:
        """
        Open a WebSocket session.
        """
        conversation = await self.connect(port)
        conversation.request(url, HANDSHAKE)
        await conversation.heard.until("3:20:")
        return conversation


def texts(found: Sequence[bytes]) -> list[str]:
    """
    What L{_Watch.until} found, as text.
    """
    return [each.decode("utf-8") for each in found]
