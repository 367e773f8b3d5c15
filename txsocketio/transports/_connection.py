"""
What WebSockets of all kinds share: a connection that came as an HTTP request
and carries a session from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IProtocol
from twisted.web.http import Request

from txsocketio.errors import DisconnectReason
from txsocketio.handover import handOver, holder
from txsocketio.interfaces import ISession, Place
from txsocketio.transports._gate import Gate
from txsocketio.transports._streams import Pausable


def takeOver(request: Request, protocol: IProtocol) -> bytes:
    """
    Let C{protocol} have the connection on which C{request} came. The rest of
    what has arrived there is handed to it as soon as this returns to Twisted.

    @return: what has arrived there while the application was asked; it is
        C{protocol}'s too, and comes first.
    """
    channel: Any = request.channel
    transport = channel.transport
    transport.unregisterProducer()
    # Where that can be done, nothing of HTTP is kept, or asked, any more.
    handOver(transport, holder(transport), protocol)
    # The rest is still in the channel's hands, and comes out there.
    channel.dataReceived = channel.rawDataReceived = protocol.dataReceived
    channel.connectionLost = protocol.connectionLost
    # The channel has kept it for its next request, and may have stopped reading
    # when it kept enough.
    kept, channel._dataBuffer = b"".join(channel._dataBuffer), []
    if kept:
        transport.resumeProducing()
    protocol.makeConnection(transport)
    return kept


def makeLast(request: Request) -> None:
    """
    Whatever the answer to this opening is, what comes behind it on the
    connection is no other request, though it may look like one.
    """
    channel: Any = request.channel
    channel.persistent = False
    request.setHeader(b"Connection", b"close")


class Carrier(Pausable):
    """
    A connection that carries a session until either of them goes.

    @ivar session: L{None} until the handshake is in order.
    @ivar _deadline: what happens to a peer that keeps us waiting.
    """

    __slots__ = ("_deadline", "_gate", "_settings", "name")

    transport: Any

    def __init__(self, gate: Gate, place: Place) -> None:
        self.name = place.transport
        self.writable = False
        self._gate = gate
        self._settings = gate.settings(place.dialect, self.name)
        self.session: ISession | None = None
        self._deadline: IDelayedCall | None = None

    @property
    def _socket(self) -> object:
        return self.transport

    def _gone(self, reason: DisconnectReason) -> None:
        """
        The session is carried no more.
        """
        self.writable = False
        if self.session is not None:
            self.session.lost(self._asTransport, reason)

    def _within(self, seconds: float, late: Callable[[], object]) -> None:
        """
        Call C{late} in so many seconds, unless L{_inTime} comes first.
        """
        self._deadline = self._gate.clock.callLater(seconds, late)

    def _inTime(self) -> None:
        """
        Nobody waits any more.
        """
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()

    def _closeSoon(self) -> None:
        """
        The closing begins. Nobody waits longer than C{closeHandshakeTimeout}
        for the other end to answer, nor for it to read what has been written.
        """
        self._within(self._settings.closeHandshakeTimeout, self.transport.abortConnection)
