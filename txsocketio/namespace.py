"""
A part of the conversation that clients join, and the rooms in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txsocketio.errors import ConnectionRefused
from txsocketio.handlers import EventSource, FailureLog, Handler, Handlers, asDeferred, callAll
from txsocketio.interfaces import IBackplane
from txsocketio.packets import Packet
from txsocketio.verbs import Verbs

if TYPE_CHECKING:
    from txsocketio.client import Client
    from txsocketio.manager import SessionManager
    from txsocketio.session import Session


class Address(NamedTuple):
    """
    To whom a broadcast goes.

    @ivar rooms: to who is in any of these; to everybody where there are none.
    @ivar excluded: but not to who is in any of these. Each client is in a
        room of the name of its session id.
    """

    rooms: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


class Audience(Verbs):
    """
    Some of a namespace's clients: L{to} and L{exclude} narrow it, the verbs
    speak to whoever is in it then.
    """

    __slots__ = ("_address", "_namespace")

    def __init__(self, namespace: Namespace, address: Address) -> None:
        self._namespace = namespace
        self._address = address

    def to(self, *rooms: str) -> Audience:
        """
        Who is in one of these rooms, or in one of those asked for before.
        """
        rooms_ = self._address.rooms.union(rooms)
        return Audience(self._namespace, self._address._replace(rooms=rooms_))

    def exclude(self, *roomsOrIds: str) -> Audience:
        """
        Without those who are in these rooms or have these session ids.
        """
        excluded = self._address.excluded.union(roomsOrIds)
        return Audience(self._namespace, self._address._replace(excluded=excluded))

    def broadcast(self, message: Any, exclude: str | Iterable[str] | None = None) -> None:
        """
        Send a message.

        @param exclude: a session id, or several, to leave out.
        """
        self.exclude(*_several(exclude)).send(message)

    @property
    def _spokenIn(self) -> str:
        return self._namespace.name

    def _say(self, packet: Packet) -> None:
        self._namespace.publish(self._address, packet)


def _several(ids: str | Iterable[str] | None) -> Iterable[str]:
    if ids is None:
        return ()
    return (ids,) if isinstance(ids, str) else ids


class Namespace(Audience, EventSource):
    """
    A namespace; in the terms of the first protocol, a realm.

    Events: C{connection(client)} and C{clientConnect(client)},
    C{clientMessage(message, client)}, C{clientDisconnect(client)}.

    @ivar name: with its slash.
    @ivar clients: a live view, by session id.
    @ivar listener: the L{txsocketio.listener.Listener}.
    @ivar passedOver: how many deliveries of broadcasts were left out because
        the client's generation of the protocol cannot carry them.
    """

    def __init__(
        self,
        name: str,
        listener: Any,
        manager: SessionManager,
        backplane: IBackplane,
        clock: IReactorTime,
        log: FailureLog,
    ) -> None:
        super().__init__(self, Address())
        self.name = name
        self.listener = listener
        self.log = log
        self.clock = clock
        self.passedOver = 0
        self._manager = manager
        self._backplane = backplane
        self._handlers = Handlers()
        self._middleware: list[Handler] = []
        self._clients: dict[str, Client] = {}
        self._rooms: dict[str, dict[Client, None]] = {}
        self.clients: Mapping[str, Client] = MappingProxyType(self._clients)
        backplane.subscribe(name)

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

    def broadcastJSON(self, value: Any, exclude: str | Iterable[str] | None = None) -> None:
        """
        Send a message as JSON, even if it is a string.

        @param exclude: a session id, or several, to leave out.
        """
        self.exclude(*_several(exclude)).sendJSON(value)

    # What clients and audiences ask for.

    def publish(self, address: Address, packet: Packet) -> None:
        """
        Send a packet to whom it is addressed, in all processes.
        """
        self._backplane.publish(self.name, (address, packet))

    def deliver(self, message: tuple[Address, Packet]) -> None:
        """
        Send what was published to the clients of this process.
        """
        address, packet = message
        self.passedOver += self._manager.fanOut(packet, self._sessions(address))

    def _sessions(self, address: Address) -> list[Session]:
        clients: Iterable[Client] = self._clients.values()
        if address.rooms:
            # Nobody hears a thing twice for being in two rooms.
            clients = dict.fromkeys(self._inAnyOf(address.rooms))
        if address.excluded:
            excluded = set(self._inAnyOf(address.excluded))
            return [client.session for client in clients if client not in excluded]
        return [client.session for client in clients]

    def _inAnyOf(self, rooms: Iterable[str]) -> Iterable[Client]:
        for room in rooms:
            yield from self._rooms.get(room, ())

    def fire(self, event: str, *args: Any) -> list[Any] | Deferred[list[Any]]:
        """
        Call the namespace's own handlers.
        """
        return callAll(self.log, self._handlers.take(event), args)

    def enter(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is in these rooms from now on.
        """
        for room in rooms:
            self._rooms.setdefault(room, {})[client] = None

    def leave(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is no longer in these rooms.
        """
        for room in rooms:
            members = self._rooms.get(room, {})
            members.pop(client, None)
            if not members:
                self._rooms.pop(room, None)

    def remove(self, client: Client, rooms: Iterable[str]) -> None:
        """
        The client is no longer in the namespace.
        """
        self._clients.pop(client.sessionId, None)
        self.leave(client, rooms)

    async def admit(
        self, client: Client, welcome: Callable[[], None], refuse: Callable[[dict[str, Any]], None]
    ) -> None:
        """
        Let a client in, if the middleware agrees, and tell the handlers.

        @param welcome: called before anything else can be said to the client.
        @param refuse: called with the data of a C{CONNECT_ERROR} packet.
        """
        refusal = await self._refusal(client)
        if refusal is not None:
            refuse(refusal)
            return
        if not client.admitted():
            return
        self._clients[client.sessionId] = client
        welcome()
        for event in ("connection", "clientConnect"):
            outcome = self.fire(event, client)
            if isinstance(outcome, Deferred):
                await outcome

    async def _refusal(self, client: Client) -> dict[str, Any] | None:
        try:
            for f in self._middleware:
                outcome = asDeferred(f(client))
                if isinstance(outcome, Deferred):
                    await outcome
        except ConnectionRefused as refused:
            data = {} if refused.data is None else {"data": refused.data}
            return {"message": refused.message, **data}
        except Exception:
            self.log.failure("Middleware of {namespace} raised", namespace=self.name)
            return {"message": "internal error"}
        return None
