"""
All sessions of one listener.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from secrets import token_urlsafe
from types import MappingProxyType
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txsocketio.errors import DisconnectReason, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IDialect, IReceiver
from txsocketio.limits import Limits
from txsocketio.peerlog import PeerLog
from txsocketio.session import Session
from txsocketio.timers import Timers

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.handshake import Handshake
    from txsocketio.packets import Packet
    from txsocketio.settings import Settings

SID_BYTES = 15
"""Random bytes of a session id: 20 characters in base64url, no padding."""


class SessionManager:
    """
    Makes sessions, finds them again, wakes them, and sends one packet to
    many.

    @ivar sessions: a live view, by session id; sessions that are leaving
        are still in it.
    """

    def __init__(
        self,
        clock: IReactorTime,
        log: PeerLog,
        receiver: Callable[[Session], IReceiver],
        settings: Mapping[str, Settings],
        limits: Limits,
    ) -> None:
        """
        @param receiver: makes what a new session hands its packets to.
        @param settings: by transport name.
        """
        self._clock = clock
        self._log = log
        self._receiver = receiver
        self._settings = settings
        self._limits = limits
        self._timers = Timers(clock)
        self._sessions: dict[str, Session] = {}
        self._empty: Deferred[None] | None = None
        self.sessions: Mapping[str, Session] = MappingProxyType(self._sessions)

    def create(self, dialect: IDialect, transportName: str, handshake: Handshake) -> Session:
        """
        @raise RemoteProtocolError: there are as many sessions already as
            there may be, or the listener is closing.
        """
        if self._empty is not None:
            raise RemoteProtocolError("the server is shutting down", HTTPStatus.SERVICE_UNAVAILABLE)
        self._limits.admit(handshake.address, self._clock.seconds(), len(self._sessions))
        sid = token_urlsafe(SID_BYTES)
        session = Session(
            self,
            sid,
            dialect,
            transportName,
            self._settings[transportName],
            handshake,
            self._receiver,
        )
        self._sessions[sid] = session
        return session

    def find(self, sid: str, transportName: str) -> Session:
        """
        @raise RemoteProtocolError: there is no such session, or another
            transport than its own asks for it.
        """
        session = self._sessions.get(sid)
        if session is None:
            raise RemoteProtocolError("unknown session id", HTTPStatus.NOT_FOUND)
        if session.transportName != transportName:
            raise RemoteProtocolError("this session belongs to another transport")
        return session

    def fanOut(self, packet: Packet, sessions: Iterable[Session], volatile: bool = False) -> int:
        """
        Send one packet to many, encoded once for each dialect.

        @param volatile: leave out who cannot be written to now.
        @return: how many were passed over because their generation of the
            protocol cannot carry it.
        """
        frames: dict[IDialect, Frame | None] = {}
        passedOver = 0
        # A session that ends in the middle of the walk must not disturb it.
        for session in tuple(sessions):
            dialect = session.dialect
            if dialect not in frames:
                frames[dialect] = _encode(dialect, packet)
            frame = frames[dialect]
            if frame is None:
                passedOver += 1
            else:
                session.write(frame, volatile)
        return passedOver

    def close(self) -> Deferred[None]:
        """
        End all sessions in good order, and make no new ones.

        @return: fires when the last one has gone, which takes no longer than
            C{farewellTimeout}.
        """
        if self._empty is None:
            self._empty = Deferred()
            for session in tuple(self._sessions.values()):
                session.close(DisconnectReason.SHUTDOWN)
            self._ifEmpty()
        done: Deferred[None] = Deferred()
        self._empty.chainDeferred(done)
        return done

    def _ifEmpty(self) -> None:
        if self._empty is not None and not self._sessions and not self._empty.called:
            self._timers.stop()
            self._empty.callback(None)

    # What the sessions ask for.

    def seconds(self) -> float:
        """
        The time on the clock of all sessions.
        """
        return self._clock.seconds()

    def sleep(self, session: Session, due: float) -> None:
        """
        Wake the session at C{due}, or before.
        """
        self._timers.arm(session, due)

    def failed(self, session: Session, reason: DisconnectReason, detail: str) -> None:
        """
        Log what the peer did, where there is anything to say about it.
        """
        if detail:
            self._log.note(
                "Session {sid} ({transport}, {address}) ended: {reason}: {detail}",
                sid=session.sid,
                transport=session.transportName,
                address=session.handshake.address,
                reason=reason.value,
                detail=detail,
            )

    def forget(self, session: Session) -> None:
        """
        The session is over.
        """
        self._timers.forget(session)
        if self._sessions.pop(session.sid, None) is not None:
            self._limits.release(session.handshake.address)
        self._ifEmpty()


def _encode(dialect: IDialect, packet: Packet) -> Frame | None:
    try:
        return dialect.encode(packet)
    except UnsupportedByClient:
        return None
