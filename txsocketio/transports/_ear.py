"""
Reading from very many sockets for less than it costs the reactor.

Before Twisted's reactor lets a connection read, it enters a context for the
log, which takes longer than the reading. It does that once for all connections
that L{Ear} reads from.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

BYTES = 65536
"""How many are read at once, as Twisted does it."""

MAX_HEARD = 128
"""How many connections are read from in one turn of the reactor."""


class Traffic(Protocol):
    """
    What all connections of a listener share; see
    L{txsocketio.transports._direct.Traffic}.
    """

    isDense: bool

    def thin(self) -> None:
        """
        What has come has been handled.
        """


def earFor(reactor: object, traffic: Traffic) -> Ear | None:
    """
    @param traffic: that of all connections which it reads from.
    @return: one for all connections of that reactor; L{None} where the reactor
        has to read for itself.
    """
    isPossible = hasattr(select, "epoll") and IReactorFDSet.providedBy(reactor)
    return Ear(reactor, traffic) if isPossible else None


@implementer(IReadDescriptor)
class Ear:
    """
    Stands before the reactor for all that can be read from.

    It knows how to read, and nothing else: where there is anything else to be
    found out about a connection, that is given back to the reactor.
    """

    log = Logger()

    def __init__(self, reactor: Any, traffic: Traffic) -> None:
        """
        @param reactor: an L{IReactorFDSet}.
        """
        self._traffic = traffic
        self._reactor = reactor
        self._epoll = select.epoll()
        self._heard: dict[int, tuple[Any, Callable[[int], bytes]]] = {}

    def listen(self, to: Any) -> int:
        """
        Read from a connection, instead of the reactor.

        @param to: a protocol on a TCP connection, which is its C{transport}.
        @return: what L{ignore} wants.
        """
        to.transport.pauseProducing()
        socket = to.transport.getHandle()
        fd: int = socket.fileno()
        if not self._heard:
            self._reactor.addReader(self)
        self._heard[fd] = (to, socket.recv)
        self._epoll.register(fd, select.EPOLLIN)
        return fd

    def ignore(self, fd: int) -> None:
        """
        Don't read from it any more; nobody does.
        """
        if self._heard.pop(fd, None) is None:
            return
        # One that has been closed is in no set any more.
        with suppress(OSError):
            self._epoll.unregister(fd)
        if not self._heard:
            self._reactor.removeReader(self)

    # IReadDescriptor.

    def fileno(self) -> int:
        """
        Readable while any of the connections is.
        """
        return self._epoll.fileno()

    def logPrefix(self) -> str:
        """
        What stands in the log.
        """
        return "txsocketio"

    def doRead(self) -> None:
        """
        Read once from each connection that has something.
        """
        events, traffic = self._epoll.poll(0, MAX_HEARD), self._traffic
        traffic.isDense = len(events) > 1
        try:
            for fd, event in events:
                # One of those before may have made an end of it.
                if fd in self._heard:
                    self._read(fd, event)
        finally:
            traffic.thin()

    def _read(self, fd: int, event: int) -> None:
        to, receive = self._heard[fd]
        data = b""
        try:
            if event == select.EPOLLIN:
                data = receive(BYTES)
        except BlockingIOError:
            return
        except OSError:
            # The reactor sees for itself.
            pass
        if not data:
            self._giveBack(fd, to)
            return
        try:
            to.dataReceived(data)
        except Exception:
            # As the reactor does.
            self.log.failure("A connection failed on what has come")
            to.transport.abortConnection()

    def _giveBack(self, fd: int, to: Any) -> None:
        """
        It is at its end, which the reactor will find out again.
        """
        self.ignore(fd)
        to.transport.resumeProducing()

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor has stopped, and tells all that it reads from.
        """
        for to, _ in tuple(self._heard.values()):
            to.transport.connectionLost(reason)
