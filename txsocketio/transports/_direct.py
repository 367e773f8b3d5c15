"""
The shortest way out of a connection.

Twisted keeps what is written until its reactor comes round to it, which asks
the system twice for each connection that is idle in between. Where nothing
waits, the socket takes it at once; what it does not take is Twisted's, until
that has nothing left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from txsocketio.handover import isEmpty, isPlain
from txsocketio.interfaces import Place
from txsocketio.transports._connection import Carrier
from txsocketio.transports._ear import earFor
from txsocketio.transports._gate import Gate

MAX_CORKED = 64
"""How many messages are held back at most to leave together."""

_NONE = -1

_SMALL = 16384
"""Bytes; to copy more than that together costs more than it saves."""


class Traffic:
    """
    What all connections of a listener share.

    Where many messages have come in one turn of the reactor, all that is
    written while they are handled, to whomever, leaves together for each, when
    they have been: who reads it is not woken for every single one.

    @ivar isDense: whether such messages are being handled.
    @ivar corked: to whom something has been written meanwhile.
    @ivar ear: what reads from the connections; L{None} where the reactor does.
    """

    __slots__ = ("corked", "ear", "isDense")

    def __init__(self, reactor: object) -> None:
        self.isDense = False
        self.corked: list[Direct] = []
        self.ear = earFor(reactor, self)

    def thin(self) -> None:
        """
        They have been handled.
        """
        self.isDense = False
        if self.corked:
            corked, self.corked = self.corked, []
            for connection in corked:
                connection.uncork()


class Direct(Carrier):
    """
    A connection whose bytes all leave by L{put}.

    What is put while it is corked leaves together, when it is uncorked.

    @ivar transport: Twisted's.
    @ivar _cork: what is held back; L{None} where nothing is to be.
    @ivar _sendNow: the socket's; L{None} where it is not ours to use, or while
        Twisted still has something to write to it.
    @ivar _fd: the socket's, while it is not the reactor that reads from it.
    """

    __slots__ = ("_cork", "_fd", "_sendNow", "_traffic", "transport")

    def __init__(self, gate: Gate, place: Place) -> None:
        super().__init__(gate, place)
        self.transport: Any = None
        self._cork: list[bytes] | None = None
        self._sendNow: Callable[[bytes], int] | None = None
        self._fd = _NONE
        self._traffic = gate.traffic

    def put(self, data: bytes) -> None:
        """
        Write C{data}, behind all that was put before.
        """
        cork = self._cork
        if cork is None:
            traffic = self._traffic
            if not traffic.isDense:
                self._put(data)
                return
            traffic.corked.append(self)
            cork = self._cork = []
        cork.append(data)
        if len(cork) == MAX_CORKED or len(data) > _SMALL:
            self._cork = []
            self._put(b"".join(cork))

    def putAll(self, pieces: Iterable[bytes]) -> None:
        """
        The same with several, which leave together if they can.
        """
        isOurs = self._cork is None
        if isOurs:
            self._cork = []
        for piece in pieces:
            self.put(piece)
        if isOurs:
            self.uncork()

    def uncork(self) -> None:
        """
        Hold nothing back any more.
        """
        cork, self._cork = self._cork, None
        if cork:
            self._put(cork[0] if len(cork) == 1 else b"".join(cork))

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
        self.transport.write(data)
        self.transport.registerProducer(self, False)

    def _register(self) -> None:
        """
        From now on, be told how the socket fares with what it has been given.
        What is held back leaves.
        """
        transport = self.transport
        if not isPlain(transport):
            transport.registerProducer(self, True)
        elif isEmpty(transport):
            self._sendNow = transport.getHandle().send
        else:
            # Answers to what came before.
            self.writable = False
            transport.registerProducer(self, False)
        self.uncork()
        self._listen()

    def resumeProducing(self) -> None:
        """
        Twisted has nothing left to write.
        """
        transport = self.transport
        if isPlain(transport):
            if not isEmpty(transport):
                # Who registers is asked at once.
                return
            transport.unregisterProducer()
            self._sendNow = transport.getHandle().send
        super().resumeProducing()

    def _listen(self) -> None:
        """
        Have what comes read, by whoever does it best.
        """
        ear = self._traffic.ear
        if ear is not None and isPlain(self.transport):
            self._fd = ear.listen(self)
        else:
            self.transport.resumeProducing()

    def _deafen(self) -> None:
        """
        Nothing comes any more.
        """
        ear = self._traffic.ear
        if ear is not None and self._fd != _NONE:
            ear.ignore(self._fd)
            self._fd = _NONE

    def lose(self) -> None:
        """
        Close the connection when all that has been put is written.
        """
        self.uncork()
        self._deafen()
        # As long as there is a producer, Twisted waits for it.
        self.transport.unregisterProducer()
        self._sendNow = None
        self.transport.loseConnection()
