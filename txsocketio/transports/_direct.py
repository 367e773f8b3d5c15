"""
The shortest way out of a connection.

Twisted keeps what is written until its reactor comes round to it, which asks
the system twice for each connection that is idle in between. Where nothing
waits, the socket takes it at once; what it does not take is Twisted's, until
that has nothing left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.tcp import Connection

from txsocketio.interfaces import Place
from txsocketio.transports._connection import Carrier
from txsocketio.transports._gate import Gate

if TYPE_CHECKING:
    from txsocketio.frames import Frame

MAX_CORKED = 64
"""How many messages are held back at most to leave together."""

_JOINED = 65536
"""Bytes; to copy more together costs more than it saves."""


def _isPlain(transport: object) -> bool:
    """
    Whether nobody stands between us and the socket: neither TLS nor any other
    wrapper.
    """
    return isinstance(transport, Connection) and not transport.TLS


class Direct(Carrier):
    """
    A connection whose bytes all leave by L{put}.

    What is put while it is corked leaves together, when it is uncorked.

    @ivar transport: Twisted's.
    @ivar _cork: what is held back; L{None} where nothing is to be.
    @ivar _sendNow: the socket's; L{None} where it is not ours to use, or while
        Twisted still has something to write to it.
    @ivar _rest: what Twisted is to write next.
    """

    __slots__ = ("_cork", "_rest", "_sendNow", "transport")

    def __init__(self, gate: Gate, place: Place) -> None:
        super().__init__(gate, place)
        self.transport: Any = None
        self._cork: list[bytes] | None = None
        self._sendNow: Callable[[bytes], int] | None = None
        self._rest = b""

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        for frame in frames:
            self.put(frame.webSocket)

    def put(self, data: bytes) -> None:
        """
        Write C{data}, behind all that was put before.
        """
        cork = self._cork
        if cork is None:
            self._put(data)
        else:
            cork.append(data)
            if len(cork) == MAX_CORKED:
                self._cork = []
                self._putAll(cork)

    def _uncork(self) -> None:
        cork, self._cork = self._cork, None
        if cork:
            self._putAll(cork)

    def _putAll(self, pieces: Sequence[bytes]) -> None:
        if sum(map(len, pieces)) <= _JOINED:
            self._put(b"".join(pieces))
        else:
            for piece in pieces:
                self._put(piece)

    def _put(self, data: bytes) -> None:
        send = self._sendNow
        if send is None:
            self.transport.write(data)
            return
        try:
            sent = send(data)
        except OSError:
            # It takes nothing just now. If it will never take anything again,
            # the reactor finds that out for itself.
            sent = 0
        if sent < len(data):
            self.writable = False
            self._leave(data[sent:])

    def _leave(self, data: bytes) -> None:
        """
        Leave it to Twisted to write C{data}, and to say when it has.
        """
        self._sendNow = None
        self._rest = data
        # It calls resumeProducing at once.
        self.transport.registerProducer(self, False)

    def _register(self) -> None:
        """
        Have Twisted tell how it fares with what it has been given so far, and
        with what is held back.
        """
        cork, self._cork = self._cork or (), None
        first = b"".join(cork)
        if _isPlain(self.transport):
            self._leave(first)
        else:
            self.transport.registerProducer(self, True)
            self.transport.write(first)

    def resumeProducing(self) -> None:
        """
        Twisted has nothing left to write.
        """
        if self._rest:
            rest, self._rest = self._rest, b""
            self.transport.write(rest)
            return
        if _isPlain(self.transport):
            self.transport.unregisterProducer()
            self._sendNow = self.transport.getHandle().send
        super().resumeProducing()

    def lose(self) -> None:
        """
        Close the connection when all that has been put is written.
        """
        self._uncork()
        # As long as there is a producer, Twisted waits for it.
        self.transport.unregisterProducer()
        self._sendNow = None
        self.transport.loseConnection()
