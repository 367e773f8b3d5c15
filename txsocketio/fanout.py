"""
One packet, on its way to many sessions.

A broadcast to few is written at once. One to more than L{SLICE} goes on in the
turns of the reactor that follow, and nobody is sent anything later before it:
whoever writes to a session, or closes it, first has it brought up to date.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from operator import length_hint
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txsocketio.errors import LocalProtocolError, UnsupportedByClient
from txsocketio.interfaces import IDialect

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.packets import Packet
    from txsocketio.session import Session

SLICE = 1_000
"""
How many sessions a broadcast writes to when it begins, and how many all that
are under way write to together in each later turn of the reactor.
"""

MAX_UNFINISHED = 16
"""How many broadcasts may be under way. One more, and the oldest is finished at once."""


class FanOuts:
    """
    The broadcasts of all namespaces of a listener.

    @ivar unfinished: those that have not reached everybody, the oldest first.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._call: IDelayedCall | None = None
        self.unfinished: deque[FanOut] = deque()

    def send(self, packet: Packet, sessions: list[Session], isVolatile: bool) -> list[Session]:
        """
        See L{txsocketio.manager.SessionManager.fanOut}.
        """
        frames = _Frames(packet, {session.dialect for session in sessions})
        passedOver: list[Session] = []
        if None in frames.values():
            passedOver = [each for each in sessions if frames[each.dialect] is None]
            sessions = [each for each in sessions if frames[each.dialect] is not None]
        if sessions:
            self._begin(FanOut(frames, sessions, isVolatile), sessions)
        return passedOver

    def sendBehind(self, session: Session, frame: Frame, isVolatile: bool) -> None:
        """
        See L{txsocketio.session.Keeper.writeBehind}.
        """
        self._begin(FanOut.toOne(session, frame, isVolatile), [session])

    def _begin(self, fanOut: FanOut, sessions: list[Session]) -> None:
        isFirst = not self.unfinished
        self.unfinished.append(fanOut)
        try:
            if isFirst:
                fanOut.begin(SLICE)
            elif len(sessions) <= SLICE:
                # It need not wait for those before it, where they are long.
                for session in sessions:
                    self.catchUp(session)
        finally:
            fanOut.interrupt()
            self._tidy(fanOut)
        if len(self.unfinished) > MAX_UNFINISHED:
            self._finishFirst()

    def catchUp(self, session: Session) -> None:
        """
        Write to this session what has not reached it yet.
        """
        # What is written may bring about anything, other broadcasts too.
        for fanOut in tuple(self.unfinished):
            fanOut.reach(session)

    def forget(self, session: Session) -> None:
        """
        The session is over.
        """
        for fanOut in self.unfinished:
            fanOut.forget(session)

    def stop(self) -> None:
        """
        Nobody is there any more.
        """
        self.unfinished.clear()
        self._schedule()

    def _finishFirst(self) -> None:
        first = self.unfinished[0]
        try:
            first.finish()
        finally:
            self._tidy(first)

    def _turn(self) -> None:
        self._call = None
        count = SLICE
        while self.unfinished and count > 0:
            first = self.unfinished[0]
            try:
                count -= first.advance(count)
            finally:
                self._tidy(first)

    def _tidy(self, fanOut: FanOut) -> None:
        """
        Let go of a broadcast that is done.
        """
        if fanOut.isDone and fanOut in self.unfinished:
            self.unfinished.remove(fanOut)
        self._schedule()

    def _schedule(self) -> None:
        if self.unfinished:
            if self._call is None:
                self._call = self._clock.callLater(0, self._turn)
        elif self._call is not None:
            self._call.cancel()
            self._call = None


class FanOut:
    """
    One of them.

    As long as nothing comes in between, it just goes from one session to the
    next. When something does, it makes up what it owes to whom: a frame in the
    dialect that the session speaks then.
    """

    __slots__ = ("_frames", "_isVolatile", "_owed", "_rest")

    def __init__(
        self,
        frames: Mapping[IDialect, Frame | None],
        sessions: Iterable[Session],
        isVolatile: bool,
    ) -> None:
        self._frames = frames
        self._isVolatile = isVolatile
        self._rest = iter(sessions)
        # The last one first: so popitem has them in their order.
        self._owed: dict[Session, Frame | None] = {}

    @classmethod
    def toOne(cls, session: Session, frame: Frame, isVolatile: bool) -> FanOut:
        """
        A frame that is for one session.
        """
        one = cls({}, (), isVolatile)
        one._owed[session] = frame
        return one

    @property
    def isDone(self) -> bool:
        """
        Whether everybody has been reached; to be asked when L{interrupt} has
        been called.
        """
        return not self._owed

    def begin(self, count: int) -> None:
        """
        Write to the first ones.
        """
        left = length_hint(self._rest) - count
        frames, isVolatile = self._frames, self._isVolatile
        dialect = frame = None
        for session in islice(self._rest, count):
            if session.dialect is not dialect:
                dialect = session.dialect
                frame = frames[dialect]
            if frame is not None:
                session.write(frame, isVolatile, True)
        if left > 0 or self._owed:
            self.interrupt()
            self.advance(len(self._owed) - max(left, 0))

    def interrupt(self) -> None:
        """
        Something else is to be done before the next one is written to.
        """
        rest = [*self._rest]
        if rest:
            frames = self._frames
            self._owed = {session: frames[session.dialect] for session in reversed(rest)}

    def advance(self, count: int) -> int:
        """
        Write to the next ones.

        @return: to how many.
        """
        before = len(self._owed)
        left = before - min(count, before)
        while len(self._owed) > left:
            session, frame = self._owed.popitem()
            if frame is not None:
                session.write(frame, self._isVolatile, True)
        return before - left

    def finish(self) -> None:
        """
        Write to all that are left.
        """
        self.interrupt()
        self.advance(len(self._owed))

    def reach(self, session: Session) -> None:
        """
        Write to this one next, unless it has been written to.
        """
        self.interrupt()
        frame = self._owed.pop(session, None)
        if frame is not None:
            session.write(frame, self._isVolatile, True)

    def forget(self, session: Session) -> None:
        """
        This one needs it no more.
        """
        self._owed.pop(session, None)


class _Frames(dict[IDialect, "Frame | None"]):
    """
    One packet in each dialect that is asked for; L{None} where that cannot
    carry it.
    """

    def __init__(self, packet: Packet, dialects: Iterable[IDialect]) -> None:
        """
        @raise LocalProtocolError: nobody could write it.
        """
        self._packet = packet
        for dialect in dialects:
            try:
                self[dialect] = dialect.encode(packet)
            except UnsupportedByClient:
                self[dialect] = None

    def __missing__(self, dialect: IDialect) -> Frame | None:
        """
        Somebody has shown another form meanwhile.
        """
        frame: Frame | None = None
        with suppress(LocalProtocolError):
            frame = dialect.encode(self._packet)
        self[dialect] = frame
        return frame
