"""
The way from polling to a better transport, as Engine.IO has it
(U{https://socket.io/docs/v4/engine-io-protocol/#upgrade}).

The client opens the new transport beside the old one, sends a heartbeat that
holds C{probe} and gets its answer; it lets its last poll come to an end, which
is why that is answered at once; then it says that it uses the new one. Until
then nothing else goes out on it, and whatever else comes in on it is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zope.interface import implementer

from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.interfaces import IDialect, ISession, ITransport
from txsocketio.packets import Kind, Packet

if TYPE_CHECKING:
    from txsocketio.session import Session
    from txsocketio.settings import Settings

_PROBE = "probe"


@implementer(ISession)
class Upgrade:
    """
    What a transport takes for its session as long as it only offers itself.

    How long it may do so is the session's to tell.
    """

    def __init__(
        self, session: Session, dialect: IDialect, transportName: str, settings: Settings
    ) -> None:
        """
        @param dialect: the one to write in once the transport is used.
        @param settings: those of the transport.
        """
        self.sid = session.sid
        self.dialect = dialect
        self.transportName = transportName
        self.settings = settings
        self.upgrades: Sequence[str] = ()
        self._session = session
        self._decoder = dialect.decoder(settings)
        self._transport: ITransport | None = None
        self._isProbed = False

    def attach(self, transport: ITransport) -> None:
        """
        See L{ISession.attach}.
        """
        try:
            self._session.offered(transport)
        except RemoteProtocolError as error:
            transport.close(DisconnectReason.TRANSPORT_ERROR, error.reason)
        else:
            self._transport = transport

    def detach(self, transport: ITransport) -> None:
        """
        See L{ISession.detach}. Only what carries a session has work to be
        done with.
        """

    def lost(self, transport: ITransport, reason: DisconnectReason) -> None:
        """
        See L{ISession.lost}.
        """
        if self._transport is transport:
            self._fail(transport, reason)

    def resumed(self, transport: ITransport) -> None:
        """
        See L{ISession.resumed}. Nothing waits for it.
        """

    def received(self, data: str | bytes) -> None:
        """
        See L{ISession.received}.
        """
        transport = self._transport
        if transport is None:
            return
        try:
            for packet in self._decoder.message(data):
                self._take(packet, transport)
        except RemoteProtocolError as error:
            self._fail(transport, DisconnectReason.PARSE_ERROR, error.reason)

    def receivedPayload(self, body: str | bytes) -> None:
        """
        See L{ISession.receivedPayload}.
        """
        raise RemoteProtocolError("no request takes part in an upgrade")

    def _take(self, packet: Packet, transport: ITransport) -> None:
        if packet == Packet(Kind.PING, _PROBE):
            self._isProbed = True
            # Who does not read the answers gets none: they would wait in memory.
            if transport.writable:
                transport.write((self.dialect.encode(Packet(Kind.PONG, _PROBE)),))
            self._session.probed(transport)
        elif packet.kind is Kind.UPGRADE and self._isProbed:
            self._transport = None
            self._session.switched(transport)
        else:
            raise RemoteProtocolError("anything but a probe and an upgrade")

    def _fail(self, transport: ITransport, reason: DisconnectReason, detail: str = "") -> None:
        self._transport = None
        self._session.withdrawn(transport, reason, detail)
