"""
A listener on real sockets of this host, whose reactor does what it does only when it
is told to, and on whose clock no time passes.
"""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from unittest import skipUnless

from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio
from txsocketio.test.support import HANDSHAKE, TEXT, WebSocketFrame, frame, framesIn

needsEpoll = skipUnless(hasattr(select, "epoll"), "this system has no epoll")

if hasattr(select, "epoll"):
    from twisted.internet.epollreactor import EPollReactor

    class HandReactor(EPollReactor):
        """
        Twisted's own, driven by hand.
        """

        def __init__(self) -> None:
            self._now = 0.0
            super().__init__()

        def seconds(self) -> float:
            """
            See L{IReactorTime.seconds}.
            """
            return self._now

        def advance(self, seconds: float) -> None:
            """
            So much time passes, and then there is one turn.
            """
            self._now += seconds
            self.iterate(0)

        def close(self) -> None:
            """
            Nothing is left open.
            """
            for each in (*self.removeAll(), *self._internalReaders):
                each.connectionLost(Failure(ConnectionError()))
            self._poller.close()


PATIENCE = 10_000
"""How many turns of the reactor are waited for what is to come."""

LONGEST = 0.001
"""How long such a turn takes where nothing comes, seconds of real time: what has been
sent is there at once nearly always."""

SMALL = 4096
"""Bytes that a socket of C{SocketServer(small=True)} is asked to hold."""


class SocketServer:
    """
    @ivar io: the L{txsocketio.Listener}.
    @ivar root: the site's own resource.
    @ivar wrap: puts something on a client's socket.
    """

    wrap: Callable[[SocketServer, Any], Any] = staticmethod(lambda server, far: far)

    def __init__(
        self,
        case: SynchronousTestCase,
        listen: Callable[[HandReactor, Any], Any] | None = None,
        isSmall: bool = False,
        **options: Any,
    ) -> None:
        """
        @param listen: lets the reactor listen; on a TCP port of its own if not given.
        @param isSmall: whether sockets hold as little as they can.
        """
        self.reactor = HandReactor()
        case.addCleanup(self.reactor.close)
        self._case = case
        self._isSmall = isSmall
        self.root = Resource()
        site = Site(self.root, reactor=self.reactor)
        options = {"flashPolicyServer": False, **options}
        self.io = txsocketio.listen(site, reactor=self.reactor, **options)
        self.port = (listen or _listenTCP)(self.reactor, site)
        if isSmall:
            self.port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)

    def turns(self, count: int = 3) -> None:
        """
        The reactor does what there is to do.
        """
        for _ in range(count):
            self.reactor.iterate(0)

    def until(self, isSo: Callable[[], object]) -> None:
        """
        It does so until something has happened.
        """
        for _ in range(PATIENCE):
            if isSo():
                return
            self.reactor.iterate(LONGEST)
        raise AssertionError("it does not happen")

    def connect(self) -> FarEnd:
        """
        A new connection.
        """
        address = self.port.socket.getsockname()
        far = socket.socket(self.port.socket.family)
        self._case.addCleanup(far.close)
        if self._isSmall:
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        if isinstance(address, tuple):
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        far.connect(address)
        far.setblocking(False)
        return FarEnd(self, self.wrap(self, far))

    def open(self, url: str = "/websocket", headers: Mapping[str, str] | None = None) -> FarEnd:
        """
        A new WebSocket, in a session of its own. What has come on it is taken.
        """
        far = self.connect()
        far.ask(url, {**HANDSHAKE, **(headers or {})})
        far.opened()
        return far

    def transportOf(self, far: FarEnd) -> Any:
        """
        This side's WebSocket.
        """
        return next(
            session._transport
            for session in self.io._manager.sessions.values()
            if session.sid == far.sid
        )


def _listenTCP(reactor: HandReactor, factory: Any) -> Any:
    return reactor.listenTCP(0, factory, interface="127.0.0.1")


class FarEnd:
    """
    A client's end of a connection.

    @ivar isAtEnd: whether the server has closed it, as far as has been read.
    @ivar sid: of the session.
    """

    def __init__(self, server: SocketServer, far: Any) -> None:
        self.socket = far
        self.isAtEnd = False
        self.sid = ""
        self._server = server
        self._read = b""

    def send(self, data: bytes) -> None:
        """
        Send bytes, that fit.
        """
        self.socket.sendall(data)

    def ask(self, url: str, headers: Mapping[str, str]) -> None:
        """
        Send a GET below /socket.io.
        """
        lines = [f"GET /socket.io{url} HTTP/1.1", "Host: example.com"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def opened(self) -> None:
        """
        Read the answer to an opening, and the first message of the session.
        """
        self._server.until(lambda: b"\r\n\r\n" in self.peek())
        self._read = self._read.partition(b"\r\n\r\n")[2]
        (greeting,) = self.frames(1)
        self.sid = greeting.payload.decode().split(":")[2].rstrip(",")

    def say(self, *texts: str) -> None:
        """
        Send messages in one go.
        """
        self.send(b"".join(said(text) for text in texts))

    def peek(self) -> bytes:
        """
        What has come and has not been taken.
        """
        with suppress(BlockingIOError):
            with suppress(ConnectionResetError):
                while data := self.socket.recv(1 << 20):
                    self._read += data
            self.isAtEnd = True
        return self._read

    def take(self) -> bytes:
        """
        What has come, which is taken.
        """
        data, self._read = self.peek(), b""
        return data

    def frames(self, count: int) -> list[WebSocketFrame]:
        """
        Wait for so many frames, which are taken.
        """
        self._server.until(lambda: len(framesIn(self.peek())[0]) >= count)
        frames, self._read = framesIn(self._read)
        return frames

    def heard(self, count: int) -> list[str]:
        """
        Wait for so many messages, which are taken.
        """
        return [each.payload.decode().split("::")[1][:-1] for each in self.frames(count)]

    def ended(self) -> list[WebSocketFrame]:
        """
        Wait for the end.

        @return: what has come before it.
        """
        self._server.until(lambda: self.peek() is not None and self.isAtEnd)
        frames, rest = framesIn(self.take())
        assert not rest, "a frame is not complete"
        return frames

    def reset(self) -> None:
        """
        Be gone, without a word.
        """
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def said(text: str) -> bytes:
    """
    A message of the first protocol, in a frame.
    """
    return frame(TEXT, f"1:{len(text) + 1}::{text},".encode())
