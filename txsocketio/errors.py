"""
Everything that can go wrong, drawn as a tree, and every way to part.

Two branches matter: L{LocalProtocolError} says that our caller erred, and is
the application's to mend; L{RemoteProtocolError} says that the peer erred, and
never reaches the application other than as a L{DisconnectReason}.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from http import HTTPStatus
from typing import Any


class DisconnectReason(StrEnum):
    """
    Why a client has gone. Equal to its text, which is Socket.IO's own where
    Socket.IO has one (U{https://socket.io/docs/v4/server-socket-instance/#disconnect}).
    """

    #: The client said goodbye.
    CLIENT = "client namespace disconnect"
    #: The application called C{disconnect}.
    SERVER = "server namespace disconnect"
    #: The listener is closing.
    SHUTDOWN = "server shutting down"
    #: A heartbeat stayed without an answer for C{heartbeatTimeout}.
    PING_TIMEOUT = "ping timeout"
    #: The connection went and did not come back within C{closeTimeout}.
    TRANSPORT_CLOSE = "transport close"
    #: The connection broke the rules of its transport.
    TRANSPORT_ERROR = "transport error"
    #: What the client sent cannot be understood.
    PARSE_ERROR = "parse error"
    #: Middleware turned the client away, or it has joined no namespace within
    #: C{connectTimeout}.
    REFUSED = "forced close"
    #: More waits to be sent than C{maxQueue} or C{maxQueueBytes} allow.
    SLOW_CONSUMER = "slow consumer"
    #: More waits to be handled than C{maxPending} or C{maxPendingBytes} allow.
    FLOOD = "too many pending messages"


class SocketIOError(Exception):
    """
    The root of all that this package raises.
    """


class LocalProtocolError(SocketIOError, ValueError):
    """
    The caller asked for something that the protocol cannot say.
    """


class UnsupportedByClient(LocalProtocolError):
    """
    The client's generation of the protocol has no way to carry this.
    """


class Fault(IntEnum):
    """
    What is wrong with a request, as Engine.IO numbers it
    (U{https://socket.io/docs/v4/server-instance/#connection_error}).
    """

    TRANSPORT_UNKNOWN = 0
    SESSION_UNKNOWN = 1
    BAD_METHOD = 2
    BAD_REQUEST = 3
    FORBIDDEN = 4
    VERSION_UNSUPPORTED = 5
    #: A page of another origin, which Engine.IO does not tell from the fourth.
    FOREIGN = 6


class RemoteProtocolError(SocketIOError):
    """
    The peer broke the protocol.

    @ivar reason: one line for the peer and for the log.
    @ivar httpStatus: the status that tells it over HTTP.
    @ivar fault: what kind of fault it is, for who is told a number.
    """

    def __init__(
        self,
        reason: str,
        httpStatus: int = HTTPStatus.BAD_REQUEST,
        fault: Fault = Fault.BAD_REQUEST,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.httpStatus = httpStatus
        self.fault = fault


class ConnectionRefused(SocketIOError):
    """
    Raised by middleware, C{allowRequest} or a function that chooses namespaces,
    to turn a client away; and told, where we are the client that a server has
    not let into a namespace.

    @ivar message: one line for the client.
    @ivar data: anything that JSON can carry, for the client; L{None} for
        nothing.
    """

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class AckTimeout(SocketIOError):
    """
    The client did not acknowledge in time, or too many acknowledgements are
    awaited from it. Where many were asked: not all of them did.

    @ivar answers: where many were asked, what the others have answered.
    """

    def __init__(self, message: str, answers: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.answers = list(answers)


class ConnectFailed(SocketIOError):
    """
    There is no connection to the server, or none any more before it has let us
    into the namespace.

    @ivar reason: what has ended it.
    @ivar detail: one line more, where there is more to say.
    """

    def __init__(self, reason: DisconnectReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class QueueFull(SocketIOError):
    """
    More waits for the connection to come back than C{maxQueue} or
    C{maxQueueBytes} allow.
    """


class ClientDisconnected(SocketIOError):
    """
    The other side went before it acknowledged.

    @ivar reason: why it went.
    """

    def __init__(self, reason: DisconnectReason) -> None:
        super().__init__(reason.value)
        self.reason = reason
