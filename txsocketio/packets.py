"""
What the two ends say to each other, without a byte of how.

Every protocol generation decodes its wire into these packets and encodes its
wire from them; everything above L{txsocketio.protocol} knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

ROOT = "/"
"""The default namespace: every connection is in it from the start."""

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


class Kind(IntEnum):
    """
    What a L{Packet} is about, and what its C{data} then holds.
    """

    #: The server names the session. C{data}: the session id (L{str}).
    OPEN = 0
    #: Either side ends the whole connection. C{data}: L{None}.
    CLOSE = 1
    #: A heartbeat that wants an answer. C{data}: its number, or L{None}.
    PING = 2
    #: The answer to a heartbeat. C{data}: what the heartbeat held.
    PONG = 3
    #: A namespace is joined, or the joining confirmed. C{data}: what the
    #: client sends along to be let in, or L{None}.
    CONNECT = 4
    #: The joining of a namespace is refused. C{data}: a L{dict} with
    #: C{"message"} (L{str}) and, where the application gave any, C{"data"}.
    CONNECT_ERROR = 5
    #: A namespace is left. C{data}: L{None}.
    DISCONNECT = 6
    #: A text message, as C{send} makes it. C{data}: L{str}.
    MESSAGE = 7
    #: A message that travels as JSON. C{data}: any JSON value.
    JSON = 8
    #: An event. C{data}: a L{list}, its name first and then its arguments.
    EVENT = 9
    #: The acknowledgement of an event. C{data}: a L{list} of arguments.
    ACK = 10


class Packet(NamedTuple):
    """
    One thing said, by either side.

    @ivar kind: see L{Kind}, which also tells what C{data} is.
    @ivar namespace: with its slash (C{"/chat"}).
    @ivar id: on an event, the number under which an acknowledgement is asked
        for; on an acknowledgement, the number it answers.
    @ivar annotations: what else the first protocol's C{key[:value]} lines
        say, in their order; a key without a value maps to L{None}. The
        namespace, the event's name, the acknowledgement's id and the JSON
        mark are never among them: they have places of their own.
    """

    kind: Kind
    data: Any = None
    namespace: str = ROOT
    id: int | None = None
    annotations: Mapping[str, str | None] | None = None
