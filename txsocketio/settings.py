"""
Every interval and every limit, with its unit and its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from txsocketio.errors import LocalProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The intervals (seconds) and limits of one transport's sessions.

    The defaults of the intervals are those of the genuine server of 2010; a
    transport class names those that differ for it. An interval of L{None}
    never runs out.

    @ivar heartbeatInterval: from the opening, and from each answer, to the
        next heartbeat; Engine.IO's C{pingInterval}.
    @ivar heartbeatTimeout: how long an answer to a heartbeat is waited for;
        Engine.IO's C{pingTimeout}.
    @ivar closeTimeout: how long a session lives on without a connection.
    @ivar duration: how long a poll is held before it is answered empty.
    @ivar connectTimeout: how long a client that is in no namespace from the
        start may take to join the first one, and one that is named its session
        beforehand to open a transport.
    @ivar upgradeTimeout: how long a better transport that has offered itself
        may take to show that it works.
    @ivar farewellTimeout: how long a session that the server ends may take
        to fetch what still waits for it.
    @ivar closeHandshakeTimeout: how long a WebSocket's client may take to
        answer the closing handshake before the connection is cut.
    @ivar maxPayload: the size of one message or request body, bytes.
    @ivar maxPackets: how many packets one message or request body may hold,
        and how many fragments one WebSocket message may have.
    @ivar maxQueue: how many packets may wait to be sent.
    @ivar maxQueueBytes: how many bytes may wait to be sent.
    @ivar maxVolatile: how many volatile packets may wait to be sent, among
        the others. With 0 they are dropped where they cannot leave at once;
        with more they are dropped when C{maxQueue} or C{maxQueueBytes} is
        reached, before the client itself is given up.
    @ivar maxPending: how many received packets of one connection, in all of
        its namespaces, may wait for the application, those included whose
        handlers take their time.
    @ivar maxPendingBytes: how many bytes they may be together, roughly, with
        what has been sent to be let into namespaces; one packet may always
        wait.
    @ivar maxNamespaces: how many namespaces one client may be in.
    @ivar maxRooms: how many rooms one client may be in.
    @ivar maxAcks: how many acknowledgements may be awaited of one client.
    """

    heartbeatInterval: float | None = 10.0
    heartbeatTimeout: float | None = 8.0
    closeTimeout: float | None = 0.0
    duration: float | None = 20.0
    connectTimeout: float | None = 45.0
    upgradeTimeout: float | None = 10.0
    farewellTimeout: float | None = 5.0
    closeHandshakeTimeout: float = 5.0
    maxPayload: int = 1_000_000
    maxPackets: int = 10_000
    maxQueue: int = 10_000
    maxQueueBytes: int = 1024 * 1024
    maxVolatile: int = 0
    maxPending: int = 20_000
    maxPendingBytes: int = 16 * 1024 * 1024
    maxNamespaces: int = 1_000
    maxRooms: int = 1_000
    maxAcks: int = 1_000

    def __post_init__(self) -> None:
        for field in fields(self):
            checkNumber(field.name, str(field.type), getattr(self, field.name))

    @property
    def silence(self) -> float | None:
        """
        How long a client that sends the heartbeats may be silent.
        """
        if self.heartbeatInterval is None or self.heartbeatTimeout is None:
            return None
        return self.heartbeatInterval + self.heartbeatTimeout

    def having(self, overrides: Mapping[str, Any]) -> Self:
        """
        These settings, with some of them changed.

        @raise LocalProtocolError: a name is none of ours, or a value is not
            of its kind.
        """
        unknown = sorted(set(overrides) - NAMES)
        if unknown:
            raise LocalProtocolError(
                f"unknown option {unknown[0]!r}; there are {', '.join(sorted(NAMES))}"
            )
        return replace(self, **overrides)


def checkNumber(name: str, type: str, value: object) -> None:
    """
    @param type: C{"int"} or C{"float"}, with C{" | None"} where there may be
        none.
    @raise LocalProtocolError: C{value} is not of that type, or less than 0.
    """
    kind, _, optional = type.partition(" | ")
    if value is None and optional:
        return
    kinds = int if kind == "int" else (int, float)
    # Said in this way, it holds of NaN too.
    if isinstance(value, bool) or not isinstance(value, kinds) or not value >= 0:
        raise LocalProtocolError(
            f"{name} takes a {'whole ' if kind == 'int' else ''}number, not less than 0"
            f"{' (or None)' if optional else ''}: {value!r}"
        )


def checkChoice(name: str, value: object) -> None:
    """
    @raise LocalProtocolError: C{value} is text, of which C{"no"} would be as
        true as C{"yes"}.
    """
    if isinstance(value, (str, bytes)):
        raise LocalProtocolError(f"{name} takes True or False: {value!r}")


NAMES = frozenset(field.name for field in fields(Settings))
"""The names under which the settings can be given as options."""
