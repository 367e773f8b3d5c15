"""
What is published to a namespace: what is to be done with some of its clients,
in every process.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from txsocketio.errors import LocalProtocolError
from txsocketio.packets import Packet


class Address(NamedTuple):
    """
    Whom it is about.

    @ivar rooms: who is in any of these; everybody where there are none.
    @ivar excluded: but not who is in any of these. Each client is in a room
        of the name of its session id.
    """

    rooms: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


EVERYBODY = Address()


class Domain(Protocol):
    """
    Where an order is carried out; see
    L{txsocketio.namespace.Namespace}.
    """

    def say(self, address: Address, packet: Packet, isVolatile: bool) -> None:
        """
        Send a packet to the clients of this process.
        """

    def select(self, address: Address) -> list[Any]:
        """
        The clients of this process.
        """


class Say(NamedTuple):
    """
    Send a packet, in whatever namespace this is published to.

    @ivar isVolatile: only to who can be written to now.
    """

    address: Address
    packet: Packet
    isVolatile: bool = False

    def carryOut(self, domain: Domain) -> None:
        """
        Do it, with the clients of this process.
        """
        domain.say(self.address, self.packet, self.isVolatile)


class Join(NamedTuple):
    """
    Have clients enter rooms.
    """

    address: Address
    rooms: tuple[str, ...]

    def carryOut(self, domain: Domain) -> None:
        """
        See L{Say.carryOut}.
        """
        refusals = []
        for client in domain.select(self.address):
            try:
                client.join(*self.rooms)
            except LocalProtocolError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]


class Leave(NamedTuple):
    """
    Have clients leave rooms.
    """

    address: Address
    rooms: tuple[str, ...]

    def carryOut(self, domain: Domain) -> None:
        """
        See L{Say.carryOut}.
        """
        for client in domain.select(self.address):
            client.leave(*self.rooms)


class Dismiss(NamedTuple):
    """
    Send clients away.

    @ivar close: from the server, not only from the namespace.
    """

    address: Address
    close: bool = False

    def carryOut(self, domain: Domain) -> None:
        """
        See L{Say.carryOut}.
        """
        for client in domain.select(self.address):
            client.disconnect(self.close)


Order = Say | Join | Leave | Dismiss
