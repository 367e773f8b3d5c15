"""
The life of a session, as one table.

A session is in two states at once, which do not depend on each other: what
I{carries} it to its client, and where its I{pulse} (the heartbeat) is. Every
input is offered to both; where the table has no row, nothing happens, which
is what a late input of something that has ended deserves.

Nothing here has an effect or reads a clock: L{Life.step} is told the time and
answers with the actions that L{txsocketio.session.Session} performs.
"""

from __future__ import annotations

from enum import IntEnum, auto
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txsocketio.settings import Settings


class State(IntEnum):
    """
    The states of both kinds.
    """

    # What carries the session:
    #: Made, and not yet carried by anything.
    NEW = auto()
    #: A poll waits to be answered.
    POLL = auto()
    #: A stream is open.
    STREAM = auto()
    #: Nothing carries it; the client is expected back.
    AWAY = auto()
    #: The server has ended it; what is queued may still be fetched.
    LEAVING = auto()
    #: It is over.
    CLOSED = auto()

    # Its pulse:
    #: Nothing carries the session yet, or just now: no heartbeats.
    STILL = auto()
    #: The next heartbeat is some time off.
    RESTING = auto()
    #: A heartbeat is out, its answer is not in.
    AWAITING = auto()
    #: The session has ended: no heartbeats any more.
    SILENT = auto()


class Input(IntEnum):
    """
    What happens to a session.
    """

    #: A poll offers to carry it.
    POLLED = auto()
    #: A stream offers to carry it.
    OPENED = auto()
    #: What carried it has done its work.
    RELEASED = auto()
    #: What carried it has gone.
    LOST = auto()
    #: Nothing waits in the queue any more.
    DRAINED = auto()
    #: The client has answered the heartbeat.
    ANSWERED = auto()
    #: The server ends it, in good order.
    CLOSE = auto()
    #: It cannot go on: the client said goodbye or erred, or a limit was met.
    FAIL = auto()

    # Deadlines:
    POLL_DUE = auto()
    AWAY_OVER = auto()
    FAREWELL_OVER = auto()
    BEAT_DUE = auto()
    BEAT_MISSED = auto()


class Action(IntEnum):
    """
    What a session does about it. Each is a method of
    L{txsocketio.session.Session}.
    """

    #: Be carried by what offers itself from now on.
    ADOPT = auto()
    #: Let what carried it go, because something newer takes over.
    EVICT = auto()
    #: Queue the first packets of a session.
    GREET = auto()
    #: Tell the receiver that the session is open.
    OPEN = auto()
    #: Write what is queued, if that can be done now.
    FLUSH = auto()
    #: Answer the poll with what there is: nothing.
    ANSWER = auto()
    #: Send a heartbeat.
    BEAT = auto()
    #: Tell the receiver that it is over, and take nothing more.
    END = auto()
    #: Queue the last packet of a session.
    GOODBYE = auto()
    #: Let go of the connection and be forgotten.
    CUT = auto()


Row = tuple[State | None, tuple[Action, ...]]

_ENDED: Row = (State.CLOSED, (Action.END, Action.CUT))
_GONE: Row = (State.CLOSED, (Action.CUT,))
# Who comes too late is not left waiting.
_TOO_LATE: Row = (None, (Action.ADOPT, Action.CUT))
_PAUSED: Row = (State.STILL, ())
_SILENCED: Row = (State.SILENT, ())

# (state, input): (the state entered, or None to stay and keep the deadline as
# it is; what to do). Entering a state sets its deadline anew.
TABLE: dict[tuple[State, Input], Row] = {
    (State.NEW, Input.POLLED): (
        State.POLL,
        (Action.ADOPT, Action.GREET, Action.FLUSH, Action.OPEN),
    ),
    (State.NEW, Input.OPENED): (
        State.STREAM,
        (Action.ADOPT, Action.GREET, Action.FLUSH, Action.OPEN),
    ),
    (State.NEW, Input.CLOSE): _ENDED,
    (State.NEW, Input.FAIL): _ENDED,
    # Of two polls at once the older is answered empty, the newer takes over.
    (State.POLL, Input.POLLED): (State.POLL, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.POLL, Input.RELEASED): (State.AWAY, ()),
    (State.POLL, Input.LOST): (State.AWAY, ()),
    (State.POLL, Input.POLL_DUE): (None, (Action.ANSWER,)),
    (State.POLL, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE, Action.FLUSH)),
    (State.POLL, Input.FAIL): _ENDED,
    (State.POLL, Input.BEAT_MISSED): _ENDED,
    # A client that opens a second stream has lost the first one and knows it
    # before we do.
    (State.STREAM, Input.OPENED): (State.STREAM, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.STREAM, Input.LOST): (State.AWAY, ()),
    (State.STREAM, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE, Action.FLUSH)),
    (State.STREAM, Input.FAIL): _ENDED,
    (State.STREAM, Input.BEAT_MISSED): _ENDED,
    (State.AWAY, Input.POLLED): (State.POLL, (Action.ADOPT, Action.FLUSH)),
    (State.AWAY, Input.OPENED): (State.STREAM, (Action.ADOPT, Action.FLUSH)),
    (State.AWAY, Input.AWAY_OVER): _ENDED,
    (State.AWAY, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE)),
    (State.AWAY, Input.FAIL): _ENDED,
    (State.AWAY, Input.BEAT_MISSED): _ENDED,
    (State.LEAVING, Input.POLLED): (None, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.LEAVING, Input.OPENED): (None, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.LEAVING, Input.DRAINED): _GONE,
    (State.LEAVING, Input.LOST): _GONE,
    (State.LEAVING, Input.FAIL): _GONE,
    (State.LEAVING, Input.FAREWELL_OVER): _GONE,
    (State.CLOSED, Input.POLLED): _TOO_LATE,
    (State.CLOSED, Input.OPENED): _TOO_LATE,
    # The pulse begins with the connection and rests between polls unchanged;
    # a heartbeat that went down with its connection is not held against the
    # client.
    (State.STILL, Input.POLLED): (State.RESTING, ()),
    (State.STILL, Input.OPENED): (State.RESTING, ()),
    (State.RESTING, Input.BEAT_DUE): (State.AWAITING, (Action.BEAT,)),
    (State.RESTING, Input.LOST): _PAUSED,
    (State.AWAITING, Input.ANSWERED): (State.RESTING, ()),
    (State.AWAITING, Input.LOST): _PAUSED,
    (State.AWAITING, Input.BEAT_MISSED): _SILENCED,
    **{
        (pulse, end): _SILENCED
        for pulse in (State.STILL, State.RESTING, State.AWAITING)
        for end in (Input.CLOSE, Input.FAIL, Input.AWAY_OVER)
    },
}

# How long a state may last (the setting of that name) and what comes then.
DEADLINES: dict[State, tuple[str, Input]] = {
    State.POLL: ("duration", Input.POLL_DUE),
    State.AWAY: ("closeTimeout", Input.AWAY_OVER),
    State.LEAVING: ("farewellTimeout", Input.FAREWELL_OVER),
    State.RESTING: ("heartbeatInterval", Input.BEAT_DUE),
    State.AWAITING: ("heartbeatTimeout", Input.BEAT_MISSED),
}


class Life:
    """
    Where one session is in its life.

    @ivar carriage: what carries it.
    @ivar pulse: where its heartbeat is.
    @ivar carriageDue: when C{carriage} has lasted too long, in seconds of the
        clock that L{step} is told; infinite where it may last.
    @ivar pulseDue: the same for C{pulse}.
    """

    __slots__ = ("_settings", "carriage", "carriageDue", "pulse", "pulseDue")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.carriage = State.NEW
        self.carriageDue = inf
        self.pulse = State.STILL
        self.pulseDue = inf

    @property
    def due(self) -> float:
        """
        The nearer of the two deadlines.
        """
        return min(self.carriageDue, self.pulseDue)

    def step(self, what: Input, now: float) -> tuple[Action, ...]:
        """
        Enter the states that C{what} leads to, at the time C{now}.

        @return: what is to be done, in this order.
        """
        carried, pulsed = TABLE.get((self.carriage, what)), TABLE.get((self.pulse, what))
        actions: tuple[Action, ...] = ()
        if carried is not None:
            state, actions = carried
            if state is not None:
                self.carriage, self.carriageDue = state, self._deadline(state, now)
        if pulsed is not None:
            state, more = pulsed
            if state is not None:
                self.pulse, self.pulseDue = state, self._deadline(state, now)
            actions += more
        return actions

    def expired(self, now: float) -> Input | None:
        """
        Take the nearest deadline that has been reached.

        @return: the input that it stands for; L{None} if there is none.
        """
        if self.carriageDue <= now:
            self.carriageDue = inf
            return DEADLINES[self.carriage][1]
        if self.pulseDue <= now:
            self.pulseDue = inf
            return DEADLINES[self.pulse][1]
        return None

    def _deadline(self, state: State, now: float) -> float:
        if state not in DEADLINES:
            return inf
        delay: float | None = getattr(self._settings, DEADLINES[state][0])
        return inf if delay is None else now + delay
