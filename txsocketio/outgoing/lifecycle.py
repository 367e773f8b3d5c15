"""
The life of a connection to a server, as one table.

A connection is in three states at once, which do not depend on each other:
whether it I{carries}, where its I{pulse} (the heartbeat) is, and whether a
I{passage} to a better transport is under way. Nothing here has an effect or
reads a clock; L{txsocketio.outgoing.link.Link} does what the table says.
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

    # Whether it carries:
    #: The server has not named the session yet.
    OPENING = auto()
    #: It has.
    OPEN = auto()
    #: We have ended it; what was sent before still leaves.
    LEAVING = auto()
    #: It is over.
    CLOSED = auto()

    # Its pulse:
    #: It has not begun; the server will send the heartbeats.
    STILL = auto()
    #: The server's next heartbeat is to come.
    LISTENING = auto()
    #: It has not begun; the heartbeats are ours to send.
    DORMANT = auto()
    #: Our next heartbeat is some time off.
    RESTING = auto()
    #: A heartbeat is out, its answer is not in.
    AWAITING = auto()

    # Its passage:
    #: No other transport is tried.
    SETTLED = auto()
    #: One is.
    TRYING = auto()
    #: It works; the old one finishes what it has begun.
    MOVING = auto()

    # Of all but the first kind:
    #: The connection has ended.
    SILENT = auto()


class Input(IntEnum):
    """
    What happens to a connection.
    """

    #: The server has named the session.
    GREETED = auto()
    #: The server has sent a heartbeat.
    BEATEN = auto()
    #: The server has answered ours.
    ANSWERED = auto()
    #: There is a better transport.
    OFFERED = auto()
    #: It works.
    SHOWN = auto()
    #: The old one has nothing under way any more.
    STOPPED = auto()
    #: The better one is of no use.
    WITHDRAWN = auto()
    #: We end it, in good order.
    CLOSE = auto()
    #: Nothing waits to be sent any more.
    DRAINED = auto()
    #: It cannot go on.
    FAIL = auto()

    # Deadlines:
    NEVER_OPENED = auto()
    BEAT_DUE = auto()
    BEAT_MISSED = auto()
    TRIED_IN_VAIN = auto()
    FAREWELL_OVER = auto()


class Action(IntEnum):
    """
    What a link does about it.
    """

    #: Tell the receiver that it is open.
    OPEN = auto()
    #: Send a heartbeat.
    BEAT = auto()
    #: Open the better transport.
    TRY = auto()
    #: Have the old one begin nothing more.
    PAUSE = auto()
    #: Use the better one from now on.
    SWITCH = auto()
    #: Let the better one go.
    REJECT = auto()
    #: Have the old one go on.
    RESUME = auto()
    #: Tell the receiver that it is over, and take nothing more.
    END = auto()
    #: Queue the last packet.
    GOODBYE = auto()
    #: Let go of all transports.
    CUT = auto()


Row = tuple[State | None, tuple[Action, ...]]

_ENDED: Row = (State.CLOSED, (Action.END, Action.CUT))
_GONE: Row = (State.CLOSED, (Action.CUT,))
_SILENCED: Row = (State.SILENT, ())
_REJECTED: Row = (State.SETTLED, (Action.REJECT,))
_TURNED_BACK: Row = (State.SETTLED, (Action.REJECT, Action.RESUME))

_PULSES = (State.STILL, State.LISTENING, State.DORMANT, State.RESTING, State.AWAITING)
_PASSAGES = (State.SETTLED, State.TRYING, State.MOVING)
_ENDS = (Input.FAIL, Input.BEAT_MISSED, Input.NEVER_OPENED)

# (state, input): (the state entered, or None to stay; what to do).
TABLE: dict[tuple[State, Input], Row] = {
    (State.OPENING, Input.GREETED): (State.OPEN, (Action.OPEN,)),
    (State.OPENING, Input.CLOSE): _ENDED,
    (State.OPEN, Input.CLOSE): (State.LEAVING, (Action.END, Action.GOODBYE)),
    **{(state, end): _ENDED for state in (State.OPENING, State.OPEN) for end in _ENDS},
    (State.LEAVING, Input.DRAINED): _GONE,
    (State.LEAVING, Input.FAIL): _GONE,
    (State.LEAVING, Input.FAREWELL_OVER): _GONE,
    # The pulse begins when the server has told how fast it is.
    (State.STILL, Input.GREETED): (State.LISTENING, ()),
    (State.LISTENING, Input.BEATEN): (State.LISTENING, ()),
    (State.DORMANT, Input.GREETED): (State.RESTING, ()),
    (State.RESTING, Input.BEAT_DUE): (State.AWAITING, (Action.BEAT,)),
    (State.AWAITING, Input.ANSWERED): (State.RESTING, ()),
    # Passage. What fails before the old transport has stopped leaves all as
    # it was.
    (State.SETTLED, Input.OFFERED): (State.TRYING, (Action.TRY,)),
    (State.TRYING, Input.SHOWN): (State.MOVING, (Action.PAUSE,)),
    (State.TRYING, Input.WITHDRAWN): _REJECTED,
    (State.TRYING, Input.TRIED_IN_VAIN): _REJECTED,
    (State.TRYING, Input.CLOSE): (State.SILENT, (Action.REJECT,)),
    (State.MOVING, Input.STOPPED): (State.SETTLED, (Action.SWITCH,)),
    (State.MOVING, Input.WITHDRAWN): _TURNED_BACK,
    (State.MOVING, Input.TRIED_IN_VAIN): _TURNED_BACK,
    (State.MOVING, Input.CLOSE): (State.SILENT, (Action.REJECT, Action.RESUME)),
    (State.SETTLED, Input.CLOSE): _SILENCED,
    **{(state, Input.CLOSE): _SILENCED for state in _PULSES},
    **{(state, end): _SILENCED for state in _PULSES + _PASSAGES for end in _ENDS},
}

# How long a state may last (the setting of that name) and what comes then.
DEADLINES: dict[State, tuple[str, Input]] = {
    State.OPENING: ("connectTimeout", Input.NEVER_OPENED),
    State.LEAVING: ("farewellTimeout", Input.FAREWELL_OVER),
    State.LISTENING: ("silence", Input.BEAT_MISSED),
    State.RESTING: ("heartbeatInterval", Input.BEAT_DUE),
    State.AWAITING: ("heartbeatTimeout", Input.BEAT_MISSED),
    State.TRYING: ("upgradeTimeout", Input.TRIED_IN_VAIN),
    State.MOVING: ("upgradeTimeout", Input.TRIED_IN_VAIN),
}


class Life(Machine[State, Input, Action]):
    """
    Where one connection is in its life.
    """

    __slots__ = ()

    table = TABLE
    deadlines = DEADLINES

    def __init__(self, settings: Settings, serverBeats: bool) -> None:
        """
        @param serverBeats: whether it is the server that sends heartbeats.
        """
        pulse = State.STILL if serverBeats else State.DORMANT
        super().__init__(settings, [State.OPENING, pulse, State.SETTLED])

    def begin(self, now: float) -> None:
        """
        The server is being asked for a session from now on.
        """
        self.dues = (self._deadline(State.OPENING, now), *self.dues[1:])

    @property
    def carriage(self) -> State:
        """
        Whether it carries.
        """
        return self.states[0]

    @property
    def passage(self) -> State:
        """
        Whether a better transport is about to take over.
        """
        return self.states[2]
