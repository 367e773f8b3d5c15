"""
What the two ends say to each other, without a byte of how.

Every protocol generation decodes its wire into these packets and encodes its
wire from them; everything above L{txsocketio.protocol} knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

ROOT = "/"
"""The default namespace; clients of Engine.IO 4 ask to join it, as any other, and
all others are in it from the start."""

RESERVED = frozenset(
    {
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
        "error",
    }
)
"""Events that only the protocol itself may send, here as in Socket.IO."""


_ATOM = 16
"""What anything weighs that is no text, bytes."""


def weigh(data: Any) -> int:
    """
    @param data: what a packet holds, without loops in it.
    @return: roughly how many bytes it takes in memory.
    """
    weight, parts = 0, [data]
    while parts:
        part = parts.pop()
        weight += _ATOM
        if isinstance(part, (str, bytes, bytearray, memoryview)):
            weight += len(part)
        elif isinstance(part, Mapping):
            weight += sum(len(str(key)) for key in part)
            parts += part.values()
        elif isinstance(part, (list, tuple)):
            parts += part
    return weight


class Kind(IntEnum):
    """
    What a L{Packet} is about, and what its C{data} then holds.
    """

    #: The server names the session. C{data}: the session id (L{str}), or a
    #: L{dict} with C{"sid"} and what else this generation tells.
    OPEN = 0
    #: Either side ends the whole connection. C{data}: the
    #: L{txsocketio.errors.DisconnectReason} where it is the server that does, or
    #: L{None}.
    CLOSE = 1
    #: A heartbeat that wants an answer. C{data}: its number, or the text
    #: that the answer shall hold, or L{None}.
    PING = 2
    #: The answer to a heartbeat. C{data}: what the heartbeat held.
    PONG = 3
    #: A namespace is joined, or the joining confirmed. C{data}: what the
    #: client sends along to be let in, what the server tells it then, or
    #: L{None}.
    CONNECT = 4
    #: The joining of a namespace is refused. C{data}: a L{dict} with
    #: C{"message"} (L{str}) and, where the application gave any, C{"data"}.
    CONNECT_ERROR = 5
    #: A namespace is left. C{data}: L{None}.
    DISCONNECT = 6
    #: A text message, as C{send} makes it. C{data}: L{str}.
    MESSAGE = 7
    #: A message that travels as JSON. C{data}: any JSON value, in which a
    #: generation that can carry it has L{bytes} anywhere.
    JSON = 8
    #: An event. C{data}: a L{list}, its name first and then its arguments,
    #: which are as those of L{JSON}.
    EVENT = 9
    #: The acknowledgement of an event. C{data}: a L{list} of arguments.
    ACK = 10
    #: The client uses the transport on which this comes from now on.
    #: C{data}: L{None}.
    UPGRADE = 11
    #: Nothing; it answers a poll. C{data}: L{None}.
    NOOP = 12


@dataclass(slots=True)
class Packet:
    """
    One thing said, by either side. It never changes; nothing sees to that,
    because it would take as long as all the rest of making one.

    @ivar kind: see L{Kind}, which also tells what C{data} is.
    @ivar namespace: with its slash (C{"/chat"}).
    @ivar id: on an event, the number under which an acknowledgement is asked
        for; on an acknowledgement, the number it answers.
    @ivar annotations: what else the first protocol's C{key[:value]} lines
        say, in their order; a key without a value maps to L{None}. The
        namespace, the event's name, the acknowledgement's id and the JSON
        mark are never among them: they have places of their own.
    @ivar offset: on an event, its place in the log of what a client that was
        away for a while can catch up with; L{None} where it is in no log.
    """

    kind: Kind
    data: Any = None
    namespace: str = ROOT
    id: int | None = None
    annotations: Mapping[str, str | None] | None = None
    offset: str | None = None
