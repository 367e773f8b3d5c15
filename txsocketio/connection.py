"""
From a session to the clients that it stands for: one in each namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from txsocketio.client import Client
from txsocketio.errors import DisconnectReason, LocalProtocolError, RemoteProtocolError
from txsocketio.interfaces import IReceiver
from txsocketio.namespace import Namespace
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.session import Session


@implementer(IReceiver)
class Connection:
    """
    What a session hands its packets to.
    """

    __slots__ = ("_atRoot", "_clients", "_dismissed", "_namespaces", "_session")

    def __init__(self, namespaces: Mapping[str, Namespace], session: Session) -> None:
        """
        @param namespaces: all there are, by name.
        """
        self._namespaces = namespaces
        self._session = session
        self._clients: dict[str, Client] = {}
        self._dismissed: set[str] = set()
        self._atRoot: Deferred[None] = Deferred()

    # IReceiver.

    def opened(self) -> None:
        """
        See L{IReceiver.opened}.
        """
        self._join(ROOT, partial(self._atRoot.callback, None))

    def received(self, packet: Packet) -> None:
        """
        See L{IReceiver.received}.
        """
        if packet.kind is Kind.CONNECT:
            self._askedToJoin(packet)
        elif packet.kind is Kind.DISCONNECT:
            self._left(packet.namespace)
        else:
            client = self._clients.get(packet.namespace) or self._talkingIn(packet.namespace)
            if client is not None:
                client.received(packet)

    def drained(self) -> None:
        """
        See L{IReceiver.drained}.
        """

    def closed(self, reason: DisconnectReason) -> None:
        """
        See L{IReceiver.closed}.
        """
        for client in tuple(self._clients.values()):
            client.ended(reason)
        self._clients.clear()

    # What clients ask for.

    def dismiss(self, client: Client, close: bool) -> None:
        """
        Send a client away.

        @param close: from the server, not only from its namespace.
        """
        name = client.namespace.name
        if close or (name == ROOT and self._session.dialect.rootIsConnection):
            self._session.close(DisconnectReason.SERVER)
            return
        # First out, then told: telling a client whose queue is full ends
        # everything.
        del self._clients[name]
        self._dismissed.add(name)
        self._session.send(Packet(Kind.DISCONNECT, namespace=name))
        client.ended(DisconnectReason.SERVER)

    # Joining and leaving.

    def _askedToJoin(self, packet: Packet) -> None:
        name = packet.namespace
        if name not in self._namespaces:
            refusal = {"message": "Invalid namespace"}
            self._session.send(Packet(Kind.CONNECT_ERROR, refusal, name))
        elif name in self._clients:
            self._clients[name].received(packet)
        else:
            welcome = partial(self._session.send, Packet(Kind.CONNECT, namespace=name))
            self._join(name, welcome, packet.data)

    def _talkingIn(self, name: str) -> Client | None:
        """
        A packet has come for a namespace that the client has not joined. From
        one who has just been sent away it was on its way already.
        """
        if name in self._dismissed:
            return None
        if not self._session.dialect.joinsByTalking:
            raise RemoteProtocolError(f"not connected to {name[:50]!a}")
        return self._join(name, _nothing)

    def _join(self, name: str, welcome: Callable[[], None], auth: Any = None) -> Client:
        namespace = self._namespaces.get(name)
        if namespace is None:
            raise RemoteProtocolError(f"there is no namespace {name[:50]!a}")
        self._dismissed.discard(name)
        client = self._clients[name] = Client(self, self._session, namespace, auth)
        client.begin(partial(self._admit, namespace, welcome))
        return client

    async def _admit(
        self, namespace: Namespace, welcome: Callable[[], None], client: Client
    ) -> None:
        """
        Who has not been let into the default namespace, which is the
        connection, asks in vain at the others.
        """
        if namespace.name != ROOT:
            await self._atRoot
        await namespace.admit(client, welcome, partial(self._refused, client))

    def _refused(self, client: Client, refusal: dict[str, Any]) -> None:
        name = client.namespace.name
        if self._clients.get(name) is not client:
            # It has left, and may even have come back as another.
            return
        del self._clients[name]
        self._dismissed.add(name)
        try:
            self._session.tell(Packet(Kind.CONNECT_ERROR, refusal, name))
        except LocalProtocolError:
            client.namespace.log.failure("What a refusal says cannot be sent")
        if name == ROOT and self._session.dialect.rootIsConnection:
            self._session.close(DisconnectReason.REFUSED)

    def _left(self, name: str) -> None:
        client = self._clients.pop(name, None)
        if client is not None:
            client.ended(DisconnectReason.CLIENT)


def _nothing() -> None:
    """
    Who joins by talking is not told: to a client of 2010 it would be one
    message more.
    """
