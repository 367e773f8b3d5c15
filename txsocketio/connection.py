"""
From a session to the clients that it stands for: one in each namespace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from zope.interface import implementer

from txsocketio.backlog import Backlog
from txsocketio.client import Client
from txsocketio.coroutines import begin
from txsocketio.errors import (
    ConnectionRefused,
    DisconnectReason,
    LocalProtocolError,
    RemoteProtocolError,
)
from txsocketio.interfaces import IReceiver
from txsocketio.namespace import Namespace
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.recovery import split
from txsocketio.refusals import refusalOf
from txsocketio.registry import INVALID, MAX_NAME, Registry
from txsocketio.session import Session

# What nearly all of them have: things are taken out of it, and never put in.
_NONE: Final[dict[str, Any]] = {}

_STANDING = frozenset((Kind.CONNECT, Kind.DISCONNECT))
"""What is about the standing of a client, and nothing that it says."""


@implementer(IReceiver)
class Connection:
    """
    What a session hands its packets to.

    @ivar backlog: what its clients have sent and the application is not done
        with.
    """

    __slots__ = (
        "_behind",
        "_clients",
        "_deciding",
        "_dismissed",
        "_isAtRoot",
        "_registry",
        "_session",
        "_thinking",
        "backlog",
    )

    def __init__(self, registry: Registry, session: Session) -> None:
        self._registry = registry
        self._session = session
        self.backlog = Backlog(session)
        self._clients: dict[str, Client] = {}
        # By name, what has come while it is decided whether there is such a
        # namespace, and its weight.
        self._deciding: dict[str, list[tuple[Packet, int]]] = _NONE
        # Names only, the oldest first.
        self._dismissed: dict[str, None] = _NONE
        # How many answers the application owes, to who has left meanwhile too.
        self._thinking = 0
        self._isAtRoot = False
        # Those who wait until it is; hardly ever anybody.
        self._behind: list[Deferred[None]] | None = None

    # IReceiver.

    def opened(self) -> None:
        """
        See L{IReceiver.opened}.
        """
        if self._session.dialect.joinsRoot:
            self._join(self._registry[ROOT])
        else:
            self._isAtRoot = True

    def received(self, packet: Packet) -> None:
        """
        See L{IReceiver.received}.
        """
        client = self._clients.get(packet.namespace)
        if client is not None and packet.kind not in _STANDING:
            client.received(packet)
        elif packet.kind is Kind.CONNECT:
            self._askedToJoin(packet)
        elif packet.kind is Kind.DISCONNECT:
            self._left(packet.namespace)
        else:
            self._talkingIn(packet)

    def drained(self) -> None:
        """
        See L{IReceiver.drained}.
        """
        for client in tuple(self._clients.values()):
            client.drained()

    def closed(self, reason: DisconnectReason) -> None:
        """
        See L{IReceiver.closed}.
        """
        self.backlog.close()
        self._deciding.clear()
        while self._clients:
            self._drop(next(iter(self._clients)), reason)

    # What clients ask for.

    def dismiss(self, client: Client, close: bool) -> None:
        """
        Send a client away.

        @param close: from the server, not only from its namespace.
        """
        name, isConnection = client.namespace.name, self._session.dialect.rootIsConnection
        if close and not isConnection:
            for each in tuple(self._clients):
                self._dismissFrom(each)
        if close or (isConnection and name == ROOT):
            self._session.close(DisconnectReason.SERVER)
        else:
            self._dismissFrom(name)

    def _dismissFrom(self, name: str) -> None:
        client = self._clients.get(name)
        if client is None:
            return
        # First out, then told: telling a client whose queue is full ends
        # everything.
        del self._clients[name]
        self._remember(name)
        self._session.tell(Packet(Kind.DISCONNECT, namespace=name))
        client.ended(DisconnectReason.SERVER)
        self._registry.left(name)

    def _remember(self, name: str) -> None:
        """
        What is on its way from a client that was sent away, or not let in, is
        no fault of its. Of more than C{maxNamespaces}, the first are forgotten.
        """
        if len(name) <= MAX_NAME:
            self._dismissed = self._dismissed or {}
            self._dismissed[name] = None
        if len(self._dismissed) > self._session.settings.maxNamespaces:
            self._dismissed.pop(next(iter(self._dismissed)))

    # Joining.

    def _askedToJoin(self, packet: Packet) -> None:
        name = packet.namespace
        if name in self._clients or name in self._deciding:
            self._askedAgain(packet)
            return
        found = self._seek(packet)
        if isinstance(found, Deferred):
            self._wait(packet, found, True)
        elif found is None:
            self._refuse(name, INVALID)
        else:
            self._join(found, packet.data)

    def _askedAgain(self, packet: Packet) -> None:
        """
        Where joining by talking is not told, it is told to who asks. Others
        have been told, or will be, and genuine clients ask twice if their
        C{connect} is called while they wait.
        """
        if not self._session.dialect.joinsByTalking:
            return
        if packet.namespace in self._clients:
            self._clients[packet.namespace].received(packet)
        else:
            self._hold(packet)

    def _talkingIn(self, packet: Packet) -> None:
        """
        A packet has come for a namespace that the client has not joined. From
        one who has just been sent away it was on its way already.
        """
        name = packet.namespace
        if name in self._deciding:
            self._hold(packet)
        elif name not in self._dismissed:
            if not self._session.dialect.joinsByTalking:
                raise RemoteProtocolError(f"not connected to {name[:50]!a}")
            found = self._seek(replace(packet, data=None))
            if found is None:
                raise RemoteProtocolError(f"there is no namespace {name[:50]!a}")
            if isinstance(found, Deferred):
                self._wait(Packet(Kind.CONNECT, namespace=name), found, False, packet)
            else:
                self._join(found, isTold=False).received(packet)

    def _seek(self, packet: Packet) -> Namespace | Deferred[Namespace | None] | None:
        """
        @param packet: its data is what the client sends to be let in.
        """
        inUse = max(len(self._clients) + len(self._deciding), self._thinking)
        if inUse >= self._session.settings.maxNamespaces:
            return fail(ConnectionRefused("too many namespaces"))
        if not self.backlog.admits(packet.data):
            return fail(ConnectionRefused("too much"))
        return self._registry.seek(packet.namespace, packet.data)

    def _wait(
        self,
        packet: Packet,
        found: Deferred[Namespace | None],
        isTold: bool,
        talk: Packet | None = None,
    ) -> None:
        """
        @param talk: what has come instead of a wish to join.
        """
        held: list[tuple[Packet, int]] = []
        self._deciding = self._deciding or {}
        self._deciding[packet.namespace] = held
        self._thinking += 1
        if talk is not None:
            self._hold(talk)
        kept = self.backlog.keep(packet.data)
        found.addBoth(self._decided, packet, kept, held, isTold)

    def _hold(self, packet: Packet) -> None:
        weight = self.backlog.hold(packet.data)
        if weight is not None:
            self._deciding[packet.namespace].append((packet, weight))

    def _release(self, name: str) -> None:
        for _, weight in self._deciding.pop(name, ()):
            self.backlog.release(weight)

    def _decided(
        self,
        found: Namespace | Failure | None,
        packet: Packet,
        kept: int,
        held: list[tuple[Packet, int]],
        isTold: bool,
    ) -> None:
        self._thinking -= 1
        self.backlog.forget(kept)
        name = packet.namespace
        if self._deciding.get(name) is not held:
            # It has left meanwhile.
            self._registry.tidy(name)
            return
        self._release(name)
        if isinstance(found, Failure):
            assert isinstance(found.value, ConnectionRefused), found
            self._refuse(name, refusalOf(found.value))
        elif found is None:
            self._refuse(name, INVALID)
        else:
            client = self._join(found, packet.data, isTold)
            for each, _ in held:
                client.received(each)

    def _join(self, namespace: Namespace, auth: Any = None, isTold: bool = True) -> Client:
        """
        @param auth: what the client has sent to be let in.
        @param isTold: whether it is told that it has been.
        """
        name, away = namespace.name, None
        self._dismissed.pop(name, None)
        self._registry.visited(name)
        if namespace.recovery is not None and self._session.dialect.recovers:
            auth, id, offset = split(auth)
            away = namespace.recovery.take(name, id, offset)
        client = self._clients[name] = Client(self, self._session, namespace, auth, away)
        client.begin(partial(self._think, self._welcome if isTold else _nothing))
        return client

    async def _think(self, welcome: Callable[[Packet | None], None], client: Client) -> None:
        self._thinking += 1
        try:
            await self._admit(welcome, client)
        finally:
            self._thinking -= 1

    async def _admit(self, welcome: Callable[[Packet | None], None], client: Client) -> None:
        """
        Where the default namespace is joined by coming, who has not been let
        in there asks in vain at the others.
        """
        namespace = client.namespace
        if namespace.name != ROOT and not self._isAtRoot:
            await self._untilAtRoot()
            if not self._has(client):
                return
        if await namespace.admit(client, welcome, partial(self._refused, client)):
            self._session.joined()
            greeted = begin(namespace.greet(client))
            # The others do not wait for handlers, but come after them.
            self._atRoot()
            if isinstance(greeted, Deferred):
                await greeted

    def _untilAtRoot(self) -> Deferred[None]:
        waits: Deferred[None] = Deferred()
        self._behind = [*(self._behind or ()), waits]
        return waits

    def _atRoot(self) -> None:
        behind, self._behind, self._isAtRoot = self._behind or (), None, True
        for waits in behind:
            waits.callback(None)

    def _welcome(self, packet: Packet | None) -> None:
        if packet is not None:
            self._session.send(packet)

    def _has(self, client: Client) -> bool:
        """
        It may have left meanwhile, and even have come back as another.
        """
        return self._clients.get(client.namespace.name) is client

    def _refused(self, client: Client, refusal: dict[str, Any]) -> None:
        name = client.namespace.name
        if not self._has(client):
            return
        del self._clients[name]
        client.ended(DisconnectReason.REFUSED)
        self._refuse(name, refusal)
        self._registry.left(name)
        if name == ROOT and self._session.dialect.rootIsConnection:
            self._session.close(DisconnectReason.REFUSED)

    def _refuse(self, name: str, refusal: dict[str, Any]) -> None:
        self._remember(name)
        try:
            self._session.tell(Packet(Kind.CONNECT_ERROR, refusal, name))
        except LocalProtocolError:
            self._registry.log.failure("What a refusal says cannot be sent")

    # Leaving.

    def _left(self, name: str) -> None:
        self._release(name)
        if name in self._clients:
            self._drop(name, DisconnectReason.CLIENT)
        if name == ROOT and self._session.dialect.rootIsConnection:
            self._session.fail(DisconnectReason.CLIENT)

    def _drop(self, name: str, reason: DisconnectReason) -> None:
        self._clients.pop(name).ended(reason)
        self._registry.left(name)


def _nothing(packet: Packet | None) -> None:
    """
    Who joins by talking is not told: to a client of 2010 it would be one
    message more.
    """
