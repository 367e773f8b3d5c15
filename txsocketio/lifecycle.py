"""
The life of a session, as one table.

A session is in four states at once, which do not depend on each other: what
I{carries} it to its client, where its I{pulse} (the heartbeat) is, what
I{standing} the client has, and whether a I{passage} to a better transport is
under way. Every input is offered to all of them; where the table has no row,
nothing happens, which is what a late input of something that has ended
deserves.

Nothing here has an effect or reads a clock: L{Life.step} is told the time and
answers with the actions that L{txsocketio.session.Session} performs.
"""

from __future__ import annotations

from enum import IntEnum, auto
from typing import TYPE_CHECKING

from txsocketio.machine import Machine

if TYPE_CHECKING:
    from txsocketio.settings import Settings


class State(IntEnum):
    """
    The states of all kinds.
    """

    # What carries the session:
    #: Made, and not yet carried by anything.
    NEW = auto()
    #: Named to its client, which is expected to open a transport.
    ANNOUNCED = auto()
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
    #: The same, and the client has said something else meanwhile.
    EXTENDED = auto()
    #: As C{STILL}, where it is the client that sends the heartbeats.
    DORMANT = auto()
    #: The client's next heartbeat is to come.
    LISTENING = auto()

    # Its client's standing:
    #: The connection is not open yet.
    STRANGER = auto()
    #: The client has yet to join a namespace.
    OUTSIDE = auto()
    #: It has joined one, or was in one from the start.
    INSIDE = auto()

    # Its passage:
    #: No other transport has offered itself.
    SETTLED = auto()
    #: One has.
    OFFERED = auto()
    #: It has shown that it works.
    PROBED = auto()

    # Of all but the first kind:
    #: The session has ended, and with it everything of that kind.
    SILENT = auto()


class Input(IntEnum):
    """
    What happens to a session.
    """

    #: Its client has been told its name.
    ANNOUNCED = auto()
    #: A poll offers to carry it.
    POLLED = auto()
    #: A stream offers to carry it.
    OPENED = auto()
    #: What carried it has done its work.
    RELEASED = auto()
    #: What carried it has gone, and may come back.
    LOST = auto()
    #: What carried it has gone for good.
    BROKEN = auto()
    #: Another one offers to carry it, which must not be.
    OVERLAPPED = auto()
    #: Nothing waits in the queue any more.
    DRAINED = auto()
    #: The client has answered the heartbeat.
    ANSWERED = auto()
    #: The client has said anything else.
    HEARD = auto()
    #: The client has sent a heartbeat.
    PINGED = auto()
    #: The client has been let into a namespace.
    JOINED = auto()
    #: A better transport offers itself.
    OFFERED = auto()
    #: It has shown that it works.
    PROBED = auto()
    #: It has gone again, or is of no use.
    WITHDRAWN = auto()
    #: The client uses it from now on.
    UPGRADED = auto()
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
    NEVER_JOINED = auto()
    OFFER_OVER = auto()


class Action(IntEnum):
    """
    What a session does about it. Each is a method of
    L{txsocketio.session.Session}.
    """

    #: Be carried by what offers itself from now on.
    ADOPT = auto()
    #: Let what carried it go, because something newer takes over.
    EVICT = auto()
    #: Let what has offered itself go.
    REJECT = auto()
    #: Queue the first packets of a session.
    GREET = auto()
    #: Tell the receiver that the session is open.
    OPEN = auto()
    #: Write what is queued, if that can be done now.
    FLUSH = auto()
    #: Answer the poll, if one waits, with what there is: nothing.
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
# The poll that waits is told.
_INTERRUPTED: Row = (State.CLOSED, (Action.END, Action.GOODBYE, Action.FLUSH, Action.CUT))
# Who comes too late is not left waiting.
_TOO_LATE: Row = (None, (Action.ADOPT, Action.CUT))
_PAUSED: Row = (State.STILL, ())
_SILENCED: Row = (State.SILENT, ())
_TAKEN_OVER: Row = (State.STREAM, (Action.EVICT, Action.ADOPT, Action.FLUSH))
_REJECTED: Row = (State.SETTLED, (Action.REJECT,))

_PULSES = (
    State.STILL,
    State.RESTING,
    State.AWAITING,
    State.EXTENDED,
    State.DORMANT,
    State.LISTENING,
)
_STANDINGS = (State.STRANGER, State.OUTSIDE, State.INSIDE)
_PASSAGES = (State.SETTLED, State.OFFERED, State.PROBED)
# What ends a session at once. CLOSE ends it too, but what is queued may still
# be fetched, over a better transport where one is about to take over.
_ENDS = (
    Input.FAIL,
    Input.BROKEN,
    Input.OVERLAPPED,
    Input.AWAY_OVER,
    Input.BEAT_MISSED,
    Input.NEVER_JOINED,
)

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
    (State.NEW, Input.ANNOUNCED): (State.ANNOUNCED, ()),
    (State.NEW, Input.CLOSE): _ENDED,
    (State.NEW, Input.FAIL): _ENDED,
    # Who has been told already is not greeted once more.
    (State.ANNOUNCED, Input.POLLED): (State.POLL, (Action.ADOPT, Action.FLUSH, Action.OPEN)),
    (State.ANNOUNCED, Input.OPENED): (State.STREAM, (Action.ADOPT, Action.FLUSH, Action.OPEN)),
    (State.ANNOUNCED, Input.CLOSE): _ENDED,
    (State.ANNOUNCED, Input.FAIL): _ENDED,
    (State.ANNOUNCED, Input.NEVER_JOINED): _ENDED,
    # Of two polls at once the older is answered empty, the newer takes over.
    (State.POLL, Input.POLLED): (State.POLL, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.POLL, Input.RELEASED): (State.AWAY, ()),
    (State.POLL, Input.LOST): (State.AWAY, ()),
    (State.POLL, Input.POLL_DUE): (None, (Action.ANSWER,)),
    (State.POLL, Input.UPGRADED): _TAKEN_OVER,
    (State.POLL, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE, Action.FLUSH)),
    # A client that opens a second stream has lost the first one and knows it
    # before we do.
    (State.STREAM, Input.OPENED): _TAKEN_OVER,
    (State.STREAM, Input.LOST): (State.AWAY, ()),
    (State.STREAM, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE, Action.FLUSH)),
    (State.AWAY, Input.POLLED): (State.POLL, (Action.ADOPT, Action.FLUSH)),
    (State.AWAY, Input.OPENED): (State.STREAM, (Action.ADOPT, Action.FLUSH)),
    (State.AWAY, Input.UPGRADED): (State.STREAM, (Action.ADOPT, Action.FLUSH)),
    (State.AWAY, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE)),
    **{
        (carriage, end): _ENDED
        for carriage in (State.POLL, State.STREAM, State.AWAY)
        for end in _ENDS
    },
    **{
        (State.POLL, end): _INTERRUPTED
        for end in (Input.OVERLAPPED, Input.BEAT_MISSED, Input.NEVER_JOINED)
    },
    (State.LEAVING, Input.POLLED): (None, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.LEAVING, Input.OPENED): (None, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.LEAVING, Input.UPGRADED): (None, (Action.EVICT, Action.ADOPT, Action.FLUSH)),
    (State.LEAVING, Input.DRAINED): _GONE,
    (State.LEAVING, Input.LOST): _GONE,
    (State.LEAVING, Input.BROKEN): _GONE,
    (State.LEAVING, Input.FAIL): _GONE,
    (State.LEAVING, Input.FAREWELL_OVER): _GONE,
    (State.CLOSED, Input.POLLED): _TOO_LATE,
    (State.CLOSED, Input.OPENED): _TOO_LATE,
    (State.CLOSED, Input.UPGRADED): _TOO_LATE,
    # The pulse begins with the connection and rests between polls unchanged;
    # a heartbeat that went down with its connection is not held against the
    # client.
    (State.STILL, Input.POLLED): (State.RESTING, ()),
    (State.STILL, Input.OPENED): (State.RESTING, ()),
    (State.RESTING, Input.BEAT_DUE): (State.AWAITING, (Action.BEAT,)),
    (State.RESTING, Input.LOST): _PAUSED,
    (State.AWAITING, Input.ANSWERED): (State.RESTING, ()),
    (State.AWAITING, Input.LOST): _PAUSED,
    # Where something comes in, the answer may be on its way behind it; it is
    # waited for once more, and no longer.
    (State.AWAITING, Input.HEARD): (State.EXTENDED, ()),
    (State.EXTENDED, Input.ANSWERED): (State.RESTING, ()),
    (State.EXTENDED, Input.LOST): _PAUSED,
    (State.DORMANT, Input.POLLED): (State.LISTENING, ()),
    (State.DORMANT, Input.OPENED): (State.LISTENING, ()),
    (State.LISTENING, Input.PINGED): (State.LISTENING, ()),
    # Standing.
    (State.STRANGER, Input.POLLED): (State.OUTSIDE, ()),
    (State.STRANGER, Input.OPENED): (State.OUTSIDE, ()),
    (State.OUTSIDE, Input.JOINED): (State.INSIDE, ()),
    # Passage. The client must have no poll left to wait for when it moves.
    (State.SETTLED, Input.OFFERED): (State.OFFERED, ()),
    (State.OFFERED, Input.PROBED): (State.PROBED, (Action.ANSWER,)),
    (State.OFFERED, Input.WITHDRAWN): _REJECTED,
    (State.OFFERED, Input.OFFER_OVER): _REJECTED,
    (State.PROBED, Input.POLLED): (None, (Action.ANSWER,)),
    (State.PROBED, Input.WITHDRAWN): _REJECTED,
    (State.PROBED, Input.OFFER_OVER): _REJECTED,
    (State.PROBED, Input.UPGRADED): (State.SETTLED, ()),
    **{(state, Input.CLOSE): _SILENCED for state in _PULSES + _STANDINGS},
    **{(state, end): _SILENCED for state in _PULSES + _STANDINGS + _PASSAGES for end in _ENDS},
    **{
        (state, end): _SILENCED
        for state in _PASSAGES
        for end in (Input.DRAINED, Input.FAREWELL_OVER)
    },
}

# How long a state may last (the setting of that name) and what comes then.
DEADLINES: dict[State, tuple[str, Input]] = {
    State.ANNOUNCED: ("connectTimeout", Input.NEVER_JOINED),
    State.POLL: ("duration", Input.POLL_DUE),
    State.AWAY: ("closeTimeout", Input.AWAY_OVER),
    State.LEAVING: ("farewellTimeout", Input.FAREWELL_OVER),
    State.RESTING: ("heartbeatInterval", Input.BEAT_DUE),
    State.AWAITING: ("heartbeatTimeout", Input.BEAT_MISSED),
    State.EXTENDED: ("heartbeatTimeout", Input.BEAT_MISSED),
    State.LISTENING: ("silence", Input.BEAT_MISSED),
    State.OUTSIDE: ("connectTimeout", Input.NEVER_JOINED),
    State.OFFERED: ("upgradeTimeout", Input.OFFER_OVER),
    State.PROBED: ("upgradeTimeout", Input.OFFER_OVER),
}


class Life(Machine[State, Input, Action]):
    """
    Where one session is in its life.

    @ivar states: one of each kind, in the order of L{State}.
    """

    __slots__ = ()

    table = TABLE
    deadlines = DEADLINES

    def __init__(
        self, settings: Settings, pulse: State = State.STILL, standing: State = State.INSIDE
    ) -> None:
        """
        @param pulse: L{State.DORMANT} where the client sends the heartbeats.
        @param standing: L{State.STRANGER} where it has to join a namespace.
        """
        super().__init__(settings, [State.NEW, pulse, standing, State.SETTLED])

    @property
    def carriage(self) -> State:
        """
        What carries the session.
        """
        return self.states[0]

    @property
    def pulse(self) -> State:
        """
        Where its heartbeat is.
        """
        return self.states[1]

    @property
    def standing(self) -> State:
        """
        Whether its client is in a namespace.
        """
        return self.states[2]

    @property
    def passage(self) -> State:
        """
        Whether a better transport is about to take over.
        """
        return self.states[3]
