"""
Namespaces that are made when a client asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txsocketio.audience import Audience
from txsocketio.handlers import EventSource, Handler, Handlers
from txsocketio.orders import Address, Order

if TYPE_CHECKING:
    from txsocketio.namespace import Namespace

Chooser = re.Pattern[str] | Callable[[str, Any], Any]
"""Tells which names are whose; see L{txsocketio.listener.Listener.of}."""


class ParentNamespace(Audience, EventSource):
    """
    What holds for each of the namespaces whose names a pattern or a function
    has chosen. Its handlers (with C{once}: of all children together) and its
    middleware are those of each child, before the child's own; what is sent
    to it is sent to the clients of all children that there are.

    Its C{fetchClients} and C{emitWithAck} take in those of this process only.

    @ivar name: what it is called in logs; no client can join it.
    @ivar children: the namespaces, by name; a live view.
    @ivar middleware: private to this package.
    """

    def __init__(self, chooser: Chooser, clock: IReactorTime) -> None:
        super().__init__(self)
        self._chooser = chooser
        self.name = chooser.pattern if isinstance(chooser, re.Pattern) else repr(chooser)
        self.clock = clock
        self.middleware: list[Handler] = []
        self._handlers = Handlers()
        self._children: dict[str, Namespace] = {}
        self.children: Mapping[str, Namespace] = MappingProxyType(self._children)

    def __repr__(self) -> str:
        return f"<ParentNamespace {self.name} with {len(self.children)} children>"

    def use(self, f: Handler) -> Handler:
        """
        Have C{f(client)} see each client before it is let into any of them;
        see L{txsocketio.namespace.Namespace.use}.

        @return: C{f}.
        """
        self.middleware.append(f)
        return f

    # What the audience asks for.

    def publish(self, order: Order, isLocal: bool = False) -> None:
        """
        See L{txsocketio.namespace.Namespace.publish}.
        """
        for child in tuple(self._children.values()):
            child.publish(order, isLocal)

    def ask(
        self, address: Address, event: str, args: tuple[Any, ...], isVolatile: bool
    ) -> list[Deferred[Any]]:
        """
        See L{txsocketio.namespace.Namespace.ask}.
        """
        children = tuple(self._children.values())
        return [done for child in children for done in child.ask(address, event, args, isVolatile)]

    def select(self, address: Address) -> list[Any]:
        """
        See L{txsocketio.namespace.Namespace.select}.
        """
        return [client for child in self._children.values() for client in child.select(address)]

    # What holds for the children.

    def takes(self, name: str, auth: Any) -> Any:
        """
        Whether a namespace of that name is to be one of its children.

        @return: what the application says of it, or a Deferred or a coroutine
            of that.
        """
        if isinstance(self._chooser, re.Pattern):
            return self._chooser.search(name)
        return self._chooser(name, auth)

    def adopt(self, child: Namespace) -> None:
        """
        A child has been made.
        """
        self._children[child.name] = child

    def disown(self, name: str) -> None:
        """
        A child is no more.
        """
        self._children.pop(name, None)

    def take(self, event: str) -> Sequence[Handler]:
        """
        See L{Handlers.take}.
        """
        return self._handlers.take(event)
