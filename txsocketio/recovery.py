"""
How a client that was away for a while comes back to where it was: what was
sent meanwhile, and what each of those who are away had.

As Socket.IO's adapter in memory does it, for one process
(U{https://socket.io/docs/v4/connection-state-recovery}).
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from secrets import token_urlsafe
from typing import Any, NamedTuple, Self

from txsocketio.errors import DisconnectReason, LocalProtocolError
from txsocketio.orders import Address
from txsocketio.packets import Kind, Packet, weigh
from txsocketio.settings import checkChoice, checkNumber

RECOVERABLE = frozenset(
    {
        DisconnectReason.TRANSPORT_CLOSE,
        DisconnectReason.TRANSPORT_ERROR,
        DisconnectReason.PING_TIMEOUT,
        DisconnectReason.SHUTDOWN,
        DisconnectReason.REFUSED,
    }
)
"""After these a client may come back; others were meant."""

ID_BYTES = 15
"""Random bytes of a recovery id: 20 characters in base64url."""

_EVENTS = frozenset({Kind.MESSAGE, Kind.JSON, Kind.EVENT})
_OFFSET = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    How much is kept, for all namespaces together.

    @ivar maxDisconnectionDuration: for how long, seconds.
    @ivar skipMiddlewares: whether middleware is not asked about who comes
        back.
    @ivar maxPackets: how many packets.
    @ivar maxBytes: how large they are together, roughly.
    @ivar maxAway: how many clients that are away.
    """

    maxDisconnectionDuration: float = 120.0
    skipMiddlewares: bool = True
    maxPackets: int = 10_000
    maxBytes: int = 16 * 1024 * 1024
    maxAway: int = 10_000

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "bool":
                checkChoice(field.name, value)
            else:
                checkNumber(field.name, str(field.type), value)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """
        @raise LocalProtocolError: there is no such bound, or it makes no
            sense.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise LocalProtocolError(
                f"connectionStateRecovery knows no {unknown[0]!r}; there are"
                f" {', '.join(sorted(known))}"
            )
        return cls(**given)


class Away(NamedTuple):
    """
    What a client had when it went.

    @ivar id: its session id.
    @ivar recoveryId: the secret with which it comes back.
    @ivar since: the number of the last packet before it first came.
    @ivar seen: the number of the last packet that has reached it.
    """

    namespace: str
    id: str
    recoveryId: str
    rooms: frozenset[str]
    data: dict[Any, Any]
    since: int
    time: float = 0.0
    seen: int = 0


class _Entry(NamedTuple):
    number: int
    time: float
    size: int
    address: Address
    packet: Packet

    def isFor(self, away: Away) -> bool:
        address = self.address
        return (
            self.packet.namespace == away.namespace
            and (not address.rooms or not address.rooms.isdisjoint(away.rooms))
            and address.excluded.isdisjoint(away.rooms)
        )


class Recovery:
    """
    What the clients of one process can come back to.

    What was sent is kept once for all. A packet that was dropped to keep the
    bounds is missing only for who may not have had it: who comes from before
    it, in the same namespace, does not come back to where it was.

    @ivar skipMiddlewares: see L{Bounds}.
    """

    def __init__(self, seconds: Callable[[], float], **bounds: Any) -> None:
        """
        @param seconds: the time.
        @param bounds: see L{Bounds}.
        @raise LocalProtocolError: there is no such bound, or it makes no
            sense.
        """
        self._seconds = seconds
        self._bounds = Bounds.of(bounds)
        self.skipMiddlewares = self._bounds.skipMiddlewares
        self._entries: deque[_Entry] = deque()
        self._size = 0
        self._last = 0
        self._dropped: dict[str, int] = {}
        self._floor = 0
        self._away: OrderedDict[str, Away] = OrderedDict()

    @property
    def last(self) -> int:
        """
        The number of the last packet.
        """
        return self._last

    def newId(self) -> str:
        """
        An id with which a client can come back; nobody else can guess it.
        """
        return token_urlsafe(ID_BYTES)

    # What is sent.

    def record(self, address: Address, packet: Packet) -> Packet:
        """
        Keep a packet, if it is one that can be sent again.

        @return: the packet, with its place in the log where it has one.
        @raise LocalProtocolError: nobody could write it.
        """
        if packet.kind not in _EVENTS or packet.id is not None:
            return packet
        try:
            data = _kept(packet.data)
        except RecursionError:
            raise LocalProtocolError("nested too deep") from None
        self._last += 1
        packet = replace(packet, offset=str(self._last))
        kept, size = replace(packet, data=data), weigh(data)
        self._entries.append(_Entry(self._last, self._seconds(), size, address, kept))
        self._size += size
        self._sweep()
        return packet

    def _sweep(self) -> None:
        bounds, oldest = self._bounds, self._seconds() - self._bounds.maxDisconnectionDuration
        while self._entries and (
            len(self._entries) > bounds.maxPackets
            or self._size > bounds.maxBytes
            or self._entries[0].time < oldest
        ):
            self._drop(self._entries.popleft())
        while self._away:
            away = next(iter(self._away.values()))
            if len(self._away) <= bounds.maxAway and away.time >= oldest:
                break
            del self._away[away.recoveryId]

    def _drop(self, entry: _Entry) -> None:
        self._size -= entry.size
        # The namespace that has lost none for the longest time comes first.
        self._dropped.pop(entry.packet.namespace, None)
        self._dropped[entry.packet.namespace] = entry.number
        if len(self._dropped) > self._bounds.maxAway:
            # As if its last one had been one of every namespace.
            self._floor = self._dropped.pop(next(iter(self._dropped)))

    # Who is away.

    def save(self, away: Away) -> None:
        """
        A client has gone, and may come back.
        """
        self._away[away.recoveryId] = away._replace(time=self._seconds())
        self._sweep()

    def isAway(self, recoveryId: str) -> bool:
        """
        Whether that client could come back.
        """
        self._sweep()
        return recoveryId in self._away

    def take(self, namespace: str, recoveryId: object, offset: object) -> Away | None:
        """
        A client says that it was there before. It can say so once.

        @param offset: that of the last packet that it has had.
        @return: what it had; L{None} where that cannot be given back.
        """
        self._sweep()
        away = self._away.get(recoveryId) if isinstance(recoveryId, str) else None
        if away is None or away.namespace != namespace:
            return None
        del self._away[away.recoveryId]
        away = away._replace(seen=_number(offset))
        isKnown = away.since < away.seen <= self._last
        return away if isKnown and self._isWhole(away) else None

    def _isWhole(self, away: Away) -> bool:
        """
        Whether all that it may have missed is still there.
        """
        return max(self._floor, self._dropped.get(away.namespace, 0)) <= away.seen

    def missed(self, away: Away) -> list[Packet] | None:
        """
        What was sent since to who is away.

        @return: L{None} where not all of it is still there.
        """
        if not self._isWhole(away):
            return None
        later = []
        for entry in reversed(self._entries):
            if entry.number <= away.seen:
                break
            if entry.isFor(away):
                later.append(entry.packet)
        return later[::-1]


def split(auth: Any) -> tuple[Any, Any, Any]:
    """
    Tell apart what a client that comes back has sent.

    @return: what it sent for the application, its recovery id, and the offset.
    """
    if not isinstance(auth, Mapping) or "pid" not in auth:
        return auth, None, None
    rest = {key: value for key, value in auth.items() if key not in ("pid", "offset")}
    return rest, auth["pid"], auth.get("offset")


def _number(offset: object) -> int:
    """
    @return: -1 for what is none.
    """
    return int(offset) if isinstance(offset, str) and _OFFSET.fullmatch(offset) else -1


def _kept(value: Any) -> Any:
    """
    @return: what stays as it is when the application changes its own.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, Mapping):
        return {key: _kept(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_kept(item) for item in value]
    return value
