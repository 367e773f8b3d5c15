"""
A part of the conversation that clients join, and the rooms in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txsocketio.audience import Audience
from txsocketio.errors import LocalProtocolError
from txsocketio.handlers import EventSource, FailureLog, Handler, Handlers, callAll
from txsocketio.interfaces import IBackplane
from txsocketio.orders import Address, Order
from txsocketio.packets import Packet
from txsocketio.recovery import Recovery
from txsocketio.refusals import refusal
from txsocketio.rooms import Rooms
from txsocketio.verbs import eventPacket

if TYPE_CHECKING:
    from txsocketio.client import Client
    from txsocketio.manager import SessionManager
    from txsocketio.session import Session


class Elders(Protocol):
    """
    Whose handlers and middleware hold for a namespace as well.
    """

    middleware: list[Handler]

    def take(self, event: str) -> Iterable[Handler]:
        """
        The handlers to be called now; see L{Handlers.take}.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """
    What all namespaces of a listener have in common.

    @ivar concurrentHandlers: whether a client's events are handled without
        waiting for those before.
    @ivar recovery: what clients can come back to; L{None} for nothing.
    """

    listener: Any
    manager: SessionManager
    backplane: IBackplane
    clock: IReactorTime
    log: FailureLog
    recovery: Recovery | None = None
    concurrentHandlers: bool = False


class Namespace(Audience, EventSource):
    """
    A namespace; in the terms of the first protocol, a realm.

    Events: C{connection(client)} and C{clientConnect(client)},
    C{clientMessage(message, client)}, C{clientDisconnect(client)}; and of its
    rooms C{createRoom(room)}, C{deleteRoom(room)}, C{joinRoom(room,
    sessionId)} and C{leaveRoom(room, sessionId)}, at once when it has
    happened.

    @ivar name: with its slash.
    @ivar clients: a live view, by session id.
    @ivar rooms: the session ids of those in each room, by its name; a live
        view.
    @ivar listener: the L{txsocketio.listener.Listener}.
    @ivar passedOver: how many deliveries of broadcasts were left out because
        the client's generation of the protocol cannot carry them.
    @ivar concurrentHandlers: see L{Shared}.
    @ivar overheard: the clients that have handlers for what they are sent;
        private to this package.
    @ivar recovery: see L{Shared}.
    """

    def __init__(self, name: str, shared: Shared, elders: Elders | None = None) -> None:
        super().__init__(self)
        self.name = name
        self.listener = shared.listener
        self.log: FailureLog = shared.log
        self.clock = shared.clock
        self.passedOver = 0
        self.concurrentHandlers: bool = shared.concurrentHandlers
        self.recovery = shared.recovery
        self.overheard: set[Client] = set()
        self._manager = shared.manager
        self._backplane = shared.backplane
        self._elders = elders
        self._handlers = Handlers()
        self._middleware: list[Handler] = []
        self._clients: dict[str, Client] = {}
        self._rooms = Rooms(self._clients, self.fire)
        self._lastAck = 0
        self.clients: Mapping[str, Client] = MappingProxyType(self._clients)
        self.rooms: Mapping[str, frozenset[str]] = MappingProxyType(self._rooms)
        self._backplane.subscribe(name)

    def __repr__(self) -> str:
        return f"<Namespace {self.name}>"

    def use(self, f: Handler) -> Handler:
        """
        Have C{f(client)} see each client before it is let in.

        @param f: may return a Deferred or be a coroutine function, and raise
            L{ConnectionRefused}.
        @return: C{f}.
        """
        self._middleware.append(f)
        return f

    # What clients and audiences ask for.

    def publish(self, order: Order, isLocal: bool = False) -> None:
        """
        Have something done with clients, in all processes or in this one.
        """
        if isLocal:
            self.deliver(order)
        else:
            self._backplane.publish(self.name, order)

    def deliver(self, order: Order) -> None:
        """
        Do what was published, with the clients of this process.
        """
        order.carryOut(self)

    def say(self, address: Address, packet: Packet, isVolatile: bool) -> None:
        """
        Send a packet to clients of this process.
        """
        if packet.namespace != self.name:
            # It was said to a parent.
            packet = replace(packet, namespace=self.name)
        if self.recovery is not None and not isVolatile:
            packet = self.recovery.record(address, packet)
        self._fanOut(packet, self.select(address), isVolatile)

    def ask(
        self, address: Address, event: str, args: tuple[Any, ...], isVolatile: bool
    ) -> list[Deferred[Any]]:
        """
        Send an event to clients of this process, and ask each of those who
        can be told of it for an acknowledgement.

        @return: what they acknowledge; see L{txsocketio.client.Client.expect}.
        """
        id = self.newAck()
        packet = eventPacket(self.name, event, args, id)
        asked = {client: client.expect(id) for client in self.select(address)}
        told = [client for client, done in asked.items() if not done.called]
        try:
            passedOver = set(self._fanOut(packet, told, isVolatile))
        except LocalProtocolError:
            _giveUp(asked.values())
            raise
        _giveUp([asked.pop(client) for client in told if client.session in passedOver])
        return list(asked.values())

    def _fanOut(self, packet: Packet, clients: list[Client], isVolatile: bool) -> list[Session]:
        if self.overheard:
            for client in self.overheard.intersection(clients):
                client.overhear(packet)
        sessions = [client.session for client in clients]
        passedOver = self._manager.fanOut(packet, sessions, isVolatile)
        self.passedOver += len(passedOver)
        return passedOver

    def newAck(self) -> int:
        """
        A number for an acknowledgement, which no other one has here.
        """
        self._lastAck += 1
        return self._lastAck

    def select(self, address: Address) -> list[Client]:
        """
        The clients of this process that are addressed.
        """
        return self._rooms.select(address)

    def fire(self, event: str, *args: Any) -> list[Any] | Deferred[list[Any]]:
        """
        Call the namespace's own handlers.
        """
        handlers = self._handlers.take(event)
        if self._elders is not None:
            handlers = [*self._elders.take(event), *handlers]
        return callAll(self.log, handlers, args)

    def enter(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is in these rooms from now on.
        """
        self._rooms.enter(client, rooms)

    def leave(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is no longer in these rooms.
        """
        self._rooms.leave(client, rooms)

    def remove(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is no longer in the namespace.
        """
        self._clients.pop(client.sessionId, None)
        self.leave(client, rooms)

    async def admit(
        self,
        client: Client,
        welcome: Callable[[Packet | None], None],
        refuse: Callable[[dict[str, Any]], None],
    ) -> bool:
        """
        Let a client in, if the middleware agrees.

        @param welcome: called before anything else can be said to the client,
            with what it is told of being let in.
        @param refuse: called with the data of a C{CONNECT_ERROR} packet.
        @return: whether it is in.
        """
        isKnown = client.recovered and self.recovery is not None and self.recovery.skipMiddlewares
        refused = None if isKnown else await self._refusal(client)
        if refused is not None:
            refuse(refused)
        elif client.admitted(welcome):
            self._clients[client.sessionId] = client
            self.enter(client, client.rooms)
        return client.connected

    async def greet(self, client: Client) -> None:
        """
        Tell the handlers of a client that has been let in.
        """
        for event in ("connection", "clientConnect"):
            outcome = self.fire(event, client)
            if isinstance(outcome, Deferred):
                await outcome

    def close(self) -> None:
        """
        Nobody is in it any more, and it is not to be found again.
        """
        self._backplane.unsubscribe(self.name)

    async def _refusal(self, client: Client) -> dict[str, Any] | None:
        elders = () if self._elders is None else self._elders.middleware
        for f in (*elders, *self._middleware):
            refused = await refusal(self.log, self.name, f, client)
            if refused is not None:
                return refused
        return None


def _giveUp(asked: Iterable[Deferred[Any]]) -> None:
    """
    Nobody waits for these.
    """
    for done in asked:
        done.addErrback(lambda _: None)
        done.cancel()
