"""
All sessions of one listener.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from secrets import token_urlsafe
from types import MappingProxyType
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txsocketio.errors import (
    DisconnectReason,
    Fault,
    RemoteProtocolError,
)
from txsocketio.fanout import FanOuts
from txsocketio.interfaces import IDialect, IReceiver, ISession, Place
from txsocketio.lifecycle import State
from txsocketio.limits import Limits
from txsocketio.peerlog import PeerLog
from txsocketio.session import Session
from txsocketio.timers import Timers
from txsocketio.upgrade import Upgrade

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.handshake import Arrival
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
    @ivar sleep: see L{txsocketio.session.Keeper.sleep}.
    @ivar unfinished: the broadcasts that have not reached everybody.
    """

    def __init__(
        self,
        clock: IReactorTime,
        log: PeerLog,
        receiver: Callable[[Session], IReceiver],
        settings: Callable[[IDialect, str], Settings],
        limits: Limits,
        transports: Collection[str],
    ) -> None:
        """
        @param receiver: makes what a new session hands its packets to.
        @param settings: those of a dialect's sessions on a transport of that
            name.
        @param transports: the names of those that are accepted.
        """
        self._clock = clock
        self._log = log
        self._receiver = receiver
        self._settings = settings
        self._limits = limits
        self._transports = transports
        self._timers = Timers(clock)
        self.sleep = self._timers.arm
        self._fanOuts = FanOuts(clock)
        self.unfinished: Collection[object] = self._fanOuts.unfinished
        self._sessions: dict[str, Session] = {}
        self._empty: Deferred[None] | None = None
        self.sessions: Mapping[str, Session] = MappingProxyType(self._sessions)

    def create(self, place: Place, arrival: Arrival) -> Session:
        """
        A new session, in the place's dialect and on its transport.

        @raise RemoteProtocolError: there are as many sessions already as
            there may be, or the listener is closing.
        """
        if self._empty is not None:
            raise RemoteProtocolError("the server is shutting down", HTTPStatus.SERVICE_UNAVAILABLE)
        self._limits.admit(arrival.address, self._clock.seconds(), len(self._sessions))
        sid = token_urlsafe(SID_BYTES)
        dialect, name = place.dialect, place.transport
        session = Session(
            self,
            sid,
            place,
            self._settings(dialect, name),
            arrival,
            self._receiver,
            tuple([each for each in dialect.transports[name] if each in self._transports]),
        )
        self._sessions[sid] = session
        return session

    def find(self, place: Place) -> ISession:
        """
        The session that a place names, or what stands for it as long as the
        place's transport only offers to carry it.

        @raise RemoteProtocolError: there is no such session, or it is not to
            be had there.
        """
        session = self._named(place)
        if place.transport in session.upgrades:
            settings = self._settings(place.dialect, place.transport)
            if session.state is not State.ANNOUNCED:
                return Upgrade(session, place.dialect, place.transport, settings)
            session.choose(place.transport, settings)
        if session.transportName != place.transport:
            raise RemoteProtocolError("this session belongs to another transport")
        if session.state is State.STREAM and not session.dialect.resumes:
            raise RemoteProtocolError("this session has a connection")
        return session

    def part(self, place: Place) -> None:
        """
        The client of the session that a place names says goodbye, whatever
        carries it.

        @raise RemoteProtocolError: there is no such session.
        """
        self._named(place).fail(DisconnectReason.CLIENT)

    def _named(self, place: Place) -> Session:
        """
        The session of a place's id, if it is of the place's dialect.
        """
        session = self._inTime(place.sid or "")
        if not place.dialect.continues(session.dialect):
            raise RemoteProtocolError("this session speaks another version of the protocol")
        return session

    def _inTime(self, sid: str) -> Session:
        """
        The session of that id, unless its time has just run out.
        """
        session = self._sessions.get(sid)
        if session is not None:
            session.wake()
            session = self._sessions.get(sid)
        if session is None:
            raise RemoteProtocolError(
                "unknown session id", HTTPStatus.NOT_FOUND, Fault.SESSION_UNKNOWN
            )
        return session

    def fanOut(
        self, packet: Packet, sessions: Iterable[Session], volatile: bool = False
    ) -> list[Session]:
        """
        Send one packet to many, encoded once for each dialect. Very many are
        not all written to before this returns; see L{txsocketio.fanout}.

        @param sessions: each once.
        @param volatile: leave out who cannot be written to then.
        @return: those passed over, because their generation of the protocol
            cannot carry it.
        @raise txsocketio.errors.LocalProtocolError: nobody could write it;
            nobody has been sent it.
        """
        return self._fanOuts.send(packet, [*sessions], volatile)

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
            self._fanOuts.stop()
            self._empty.callback(None)

    # What the sessions ask for.

    def seconds(self) -> float:
        """
        The time on the clock of all sessions.
        """
        return self._clock.seconds()

    def catchUp(self, session: Session) -> None:
        """
        Write to the session what has been broadcast to it before.
        """
        self._fanOuts.catchUp(session)

    def writeBehind(self, session: Session, frame: Frame, volatile: bool) -> None:
        """
        Write a frame to the session, behind what has been broadcast to it
        before.
        """
        self._fanOuts.sendBehind(session, frame, volatile)

    def failed(self, session: Session, reason: DisconnectReason, detail: str) -> None:
        """
        Log what the peer did, where there is anything to say about it.
        """
        if detail:
            self._log.note(
                "Session {sid} ({transport}, {address}) ended: {reason}: {detail}",
                sid=session.sid,
                transport=session.transportName,
                address=session.arrival.address,
                reason=reason.value,
                detail=detail,
            )

    def forget(self, session: Session) -> None:
        """
        The session is over.
        """
        self._timers.forget(session)
        self._fanOuts.forget(session)
        if self._sessions.pop(session.sid, None) is not None:
            self._limits.release(session.arrival.address)
        self._ifEmpty()
