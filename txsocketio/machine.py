"""
Tables of states, inputs and actions, as lives are written down.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from txsocketio.settings import Settings

_S = TypeVar("_S")
_I = TypeVar("_I")
_A = TypeVar("_A")
_E = TypeVar("_E")

_Path = tuple[tuple[_S, ...], tuple[_A, ...], tuple[tuple[int, _S], ...]]


class Machine(Generic[_S, _I, _A]):
    """
    Something that is in several states at once, which do not depend on each
    other. Every input is offered to all of them; where the table has no row,
    nothing happens.

    Nothing here has an effect or reads a clock.

    @cvar table: by state and input, the state entered (L{None} to stay and
        keep the deadline as it is) and what to do. Entering a state sets its
        deadline anew.
    @cvar deadlines: how long a state may last (the setting of that name) and
        what comes then.
    @cvar paths: where inputs lead to from states, as far as they have been
        followed: all states then, what is to be done, and the states entered
        by kind. Very many machines are in the same few, and share a tuple.
    @ivar settings: how long its states may last.
    @ivar states: one of each kind.
    @ivar dues: when each of them has lasted too long, in seconds of the clock
        that L{step} is told; infinite where it may last.
    """

    __slots__ = ("dues", "settings", "states")

    table: Mapping[tuple[_S, _I], tuple[_S | None, tuple[_A, ...]]]
    deadlines: Mapping[_S, tuple[str, _I]]
    paths: dict[tuple[tuple[_S, ...], _I], _Path[_S, _A]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.paths = {}

    def __init__(self, settings: Settings, states: Sequence[_S]) -> None:
        self.settings = settings
        self.states = tuple(states)
        self.dues: tuple[float, ...] = (inf,) * len(states)

    @property
    def due(self) -> float:
        """
        The nearest deadline.
        """
        return min(self.dues)

    def step(self, what: _I, now: float) -> tuple[_A, ...]:
        """
        Enter the states that C{what} leads to, at the time C{now}.

        @return: what is to be done, in this order.
        """
        path = self.paths.get((self.states, what))
        if path is None:
            path = self.paths[self.states, what] = self._follow(what)
        self.states, actions, entered = path
        if entered:
            dues = list(self.dues)
            for kind, state in entered:
                dues[kind] = self._deadline(state, now)
            self.dues = tuple(dues)
        return actions

    def _follow(self, what: _I) -> _Path[_S, _A]:
        """
        Where C{what} leads to from here.
        """
        states, entered = list(self.states), []
        actions: tuple[_A, ...] = ()
        for kind, state in enumerate(states):
            to, more = self.table.get((state, what), (None, ()))
            actions += more
            if to is not None:
                states[kind] = to
                entered.append((kind, to))
        return tuple(states), actions, tuple(entered)

    def expired(self, now: float) -> tuple[_I, float] | None:
        """
        Take the first deadline that has been reached.

        @return: the input that it stands for, and when it was due; L{None} if
            there is none.
        """
        for kind, due in enumerate(self.dues):
            if due <= now:
                self.dues = (*self.dues[:kind], inf, *self.dues[kind + 1 :])
                return self.deadlines[self.states[kind]][1], due
        return None

    def _deadline(self, state: _S, now: float) -> float:
        if state not in self.deadlines:
            return inf
        delay: float | None = getattr(self.settings, self.deadlines[state][0])
        return inf if delay is None else now + delay


class Stepper(Generic[_E]):
    """
    Something that lives by such a table.

    @ivar _events: those that wait while one is performed; else L{None}.
    """

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: deque[_E] | tuple[()] | None = None

    def _step(self, event: _E) -> None:
        """
        Run the event to completion. Events that arise meanwhile wait their
        turn.
        """
        if self._events is not None:
            self._events = self._events or deque()
            self._events.append(event)
            return
        self._events = ()
        try:
            self._perform(event)
            self._performRest()
        finally:
            self._events = None
        self.wake()

    def _performRest(self) -> None:
        while self._events:
            self._perform(self._events.popleft())

    def _perform(self, event: _E) -> None:
        """
        Do what the table says about it.
        """
        raise NotImplementedError

    def wake(self) -> None:
        """
        A deadline may have been reached, or set.
        """
        raise NotImplementedError
