"""
Some of a namespace's clients, and what can be done with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from txsocketio.acks import gather
from txsocketio.orders import EVERYBODY, Address, Dismiss, Join, Leave, Order, Say
from txsocketio.packets import Packet
from txsocketio.verbs import Verbs


class Hall(Protocol):
    """
    Where an audience sits: a L{txsocketio.namespace.Namespace}, or several.
    """

    @property
    def name(self) -> str:
        """
        Of the namespace.
        """

    @property
    def clock(self) -> IReactorTime:
        """
        What measures time.
        """

    def publish(self, order: Order, isLocal: bool = False) -> None:
        """
        Have it carried out in all processes, or in this one only.
        """

    def ask(
        self, address: Address, event: str, args: tuple[Any, ...], isVolatile: bool
    ) -> list[Deferred[Any]]:
        """
        Send an event to the clients of this process.

        @return: what they acknowledge, as L{txsocketio.acks.Acks.expect}
            gives it.
        """

    def select(self, address: Address) -> list[Any]:
        """
        The clients of this process.
        """


class _Way(NamedTuple):
    """
    How an audience is spoken to.
    """

    isVolatile: bool = False
    isLocal: bool = False


_PLAIN = _Way()


class Audience(Verbs):
    """
    Some of a namespace's clients: L{to} and L{exclude} narrow it, the verbs
    speak to whoever is in it then. Each step makes another one, and leaves
    this one as it is.

    Clients whose generation of the protocol cannot carry what is sent are
    passed over and counted, in L{txsocketio.namespace.Namespace.passedOver}.
    """

    __slots__ = ("_address", "_hall", "_way")

    def __init__(self, hall: Hall, address: Address = EVERYBODY, way: _Way = _PLAIN) -> None:
        self._hall = hall
        self._address = address
        self._way = way

    def to(self, *rooms: str) -> Audience:
        """
        Who is in one of these rooms, or in one of those asked for before.
        """
        rooms_ = self._address.rooms.union(rooms)
        return Audience(self._hall, self._address._replace(rooms=rooms_), self._way)

    def exclude(self, *roomsOrIds: str) -> Audience:
        """
        Without those who are in these rooms or have these session ids.
        """
        excluded = self._address.excluded.union(roomsOrIds)
        return Audience(self._hall, self._address._replace(excluded=excluded), self._way)

    @property
    def volatile(self) -> Audience:
        """
        The same, but nothing is queued for who cannot be written to then.
        """
        return Audience(self._hall, self._address, self._way._replace(isVolatile=True))

    @property
    def local(self) -> Audience:
        """
        Those of this process only.
        """
        return Audience(self._hall, self._address, self._way._replace(isLocal=True))

    # Speaking.

    def broadcast(self, message: Any, exclude: str | Iterable[str] | None = None) -> None:
        """
        Send a message.

        @param message: a L{str} travels as it is, anything else as JSON.
        @param exclude: a session id, or several, to leave out.
        @raise LocalProtocolError: it cannot be written.
        """
        self.exclude(*_several(exclude)).send(message)

    def broadcastJSON(self, value: Any, exclude: str | Iterable[str] | None = None) -> None:
        """
        Send a message as JSON, even if it is a string.

        @param exclude: a session id, or several, to leave out.
        @raise LocalProtocolError: it cannot be written.
        """
        self.exclude(*_several(exclude)).sendJSON(value)

    def emitWithAck(self, event: str, *args: Any, timeout: float | None) -> Deferred[list[Any]]:
        """
        Send an event, and ask everybody for an acknowledgement.

        Who goes without having answered has not answered: as in Socket.IO
        that is an error, but one that does not wait for the timeout if nobody
        else is missing.

        @param timeout: seconds. L{None} waits as long as the clients are
            there: one that never answers is enough to wait for ever.
        @return: fires with the answers, in no particular order, each as
            L{txsocketio.client.Client.emitWithAck} gives it. Fails with
            L{AckTimeout}, in whose C{answers} those are that have come.
        @raise LocalProtocolError: it cannot be written.
        """
        asked = self._hall.ask(self._address, event, args, self._way.isVolatile)
        return gather(asked, timeout, self._hall.clock)

    @property
    def _spokenIn(self) -> str:
        return self._hall.name

    def _say(self, packet: Packet) -> None:
        self._order(Say(self._address, packet, self._way.isVolatile))

    # Doing.

    def fetchClients(self) -> Deferred[list[Any]]:
        """
        Find out who is there.

        @return: fires with the clients.
        """
        return succeed(self._hall.select(self._address))

    def clientsJoin(self, *rooms: str) -> None:
        """
        Have all of them enter rooms.

        @raise LocalProtocolError: some would be in more than C{maxRooms}; the
            others have entered.
        """
        self._order(Join(self._address, rooms))

    def clientsLeave(self, *rooms: str) -> None:
        """
        Have all of them leave rooms.
        """
        self._order(Leave(self._address, rooms))

    def disconnectClients(self, close: bool = False) -> None:
        """
        Send all of them away: from the namespace, or with C{close} from the
        server.
        """
        self._order(Dismiss(self._address, close))

    def _order(self, order: Order) -> None:
        self._hall.publish(order, self._way.isLocal)


def _several(ids: str | Iterable[str] | None) -> Iterable[str]:
    if ids is None:
        return ()
    return (ids,) if isinstance(ids, str) else ids
