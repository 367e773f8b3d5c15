"""
All namespaces of a listener.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from txsocketio.errors import ConnectionRefused
from txsocketio.handlers import FailureLog, asDeferred
from txsocketio.namespace import Namespace
from txsocketio.packets import ROOT
from txsocketio.parents import Chooser, ParentNamespace

MAX_NAME = 1000
"""How long the name of a namespace made for a client may be, characters."""

INVALID = {"message": "Invalid namespace"}
"""What a client is told that asks for one that there is not."""


class Registry(Mapping[str, Namespace]):
    """
    The namespaces by name, and what makes more of them.

    Those that were made because a client asked for them stay, as in
    Socket.IO, unless C{cleanUp} is set: then they go with the last client.

    @ivar log: takes what the application raises.
    """

    def __init__(
        self,
        make: Callable[[str, ParentNamespace | None], Namespace],
        clock: IReactorTime,
        log: FailureLog,
        maxChildren: int = 10_000,
        cleanUp: bool = False,
    ) -> None:
        """
        @param make: makes the namespace of a name, with what has chosen it.
        @param maxChildren: how many may be made for clients.
        """
        self._make = make
        self._clock = clock
        self.log = log
        self._maxChildren = maxChildren
        self._cleanUp = cleanUp
        self._namespaces: dict[str, Namespace] = {}
        self._parents: list[ParentNamespace] = []
        self._parentOf: dict[str, ParentNamespace] = {}
        self._visitors: dict[str, int] = {}

    def __getitem__(self, name: str) -> Namespace:
        return self._namespaces[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._namespaces)

    def __len__(self) -> int:
        return len(self._namespaces)

    def of(self, name: str) -> Namespace:
        """
        The namespace of that name, which exists from the first time it is
        asked for.

        @param name: with its slash, or without.
        """
        if not name.startswith("/"):
            name = f"/{name}"
        if name not in self._namespaces:
            self._namespaces[name] = self._make(name, None)
        return self._namespaces[name]

    def parent(self, chooser: Chooser) -> ParentNamespace:
        """
        From now on, make the namespaces that are chosen.
        """
        parent = ParentNamespace(chooser, self._clock)
        self._parents.append(parent)
        return parent

    # What connections ask for.

    def seek(self, name: str, auth: Any) -> Namespace | Deferred[Namespace | None] | None:
        """
        The namespace that a client asks for.

        @param auth: what it has sent along.
        @return: or a Deferred of it; L{None} if there is none and is not to
            be. It fails with L{ConnectionRefused} where there is more to say.
        """
        namespace = self._namespaces.get(name)
        if namespace is not None or not self._parents or len(name) > MAX_NAME:
            return namespace
        return Deferred.fromCoroutine(self._seekParent(name, auth))

    async def _seekParent(self, name: str, auth: Any) -> Namespace | None:
        for parent in tuple(self._parents):
            outcome = await self._takes(parent, name, auth)
            if outcome:
                # Somebody else may have asked for it meanwhile.
                return self._namespaces.get(name) or self._child(parent, name)
        return None

    async def _takes(self, parent: ParentNamespace, name: str, auth: Any) -> Any:
        try:
            outcome = asDeferred(parent.takes(name, {} if auth is None else auth))
            return await outcome if isinstance(outcome, Deferred) else outcome
        except ConnectionRefused:
            raise
        except Exception:
            self.log.failure("What chooses namespaces raised at {name!r}", name=name)
            return False

    def _child(self, parent: ParentNamespace, name: str) -> Namespace:
        if len(self._parentOf) >= self._maxChildren:
            raise ConnectionRefused("too many namespaces")
        child = self._namespaces[name] = self._make(name, parent)
        self._parentOf[name] = parent
        parent.adopt(child)
        self.of(ROOT).fire("newNamespace", child)
        return child

    def visited(self, name: str) -> None:
        """
        A client comes into a namespace, or waits to be let in.
        """
        self._visitors[name] = self._visitors.get(name, 0) + 1

    def left(self, name: str) -> None:
        """
        It has gone again.
        """
        self._visitors[name] -= 1
        if not self._visitors[name]:
            del self._visitors[name]
            self.tidy(name)

    def tidy(self, name: str) -> None:
        """
        A namespace may have been made for a client that is not there.
        """
        if self._cleanUp and name in self._parentOf and name not in self._visitors:
            self._parentOf.pop(name).disown(name)
            self._namespaces.pop(name).close()
