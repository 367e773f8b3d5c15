"""
A cell of the matrix whose client is our own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet import asyncioreactor

# The checks are asyncio's.
asyncioreactor.install()

from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.task import react  # noqa: E402

from txsocketio import (  # noqa: E402
    ClientSocket,
    ConnectionRefused,
    DisconnectReason,
    SocketIOClientService,
    connect,
)
from txsocketio.test.matrix.checks import (  # noqa: E402
    Different,
    Guest,
    Party,
    main,
    same,
    within,
)


def retryAfter(attempts: int) -> float:
    """
    How long to wait before one tries again, seconds.
    """
    return min(0.2 * 2.0**attempts, 1.0)


def awaited(deferred: Deferred[Any]) -> asyncio.Future[Any]:
    """
    What asyncio can wait for.
    """
    return deferred.asFuture(asyncio.get_running_loop())


class TwistedGuest(Guest):
    """
    One client in one namespace.
    """

    reasons: Mapping[str, Any] = {
        "client": DisconnectReason.CLIENT,
        "server": [DisconnectReason.SERVER],
    }

    def __init__(self, socket: ClientSocket) -> None:
        self.socket = socket

    @property
    def isConnected(self) -> bool:
        """
        See L{Guest.isConnected}.
        """
        return self.socket.connected

    @property
    def transport(self) -> str:
        """
        See L{Guest.transport}.
        """
        return self.socket.transport

    def answers(self, name: str, handler: Callable[..., Any]) -> None:
        """
        See L{Guest.answers}.
        """
        self.socket.on(name, handler)

    async def sends(self, message: Any) -> None:
        """
        See L{Guest.sends}.
        """
        self.socket.send(message)

    async def emits(self, event: str, *args: Any) -> None:
        """
        See L{Guest.emits}.
        """
        self.socket.emit(event, *args)

    async def murmurs(self, event: str, *args: Any) -> None:
        """
        See L{Guest.murmurs}.
        """
        self.socket.volatile.emit(event, *args)

    async def asks(self, event: str, *args: Any) -> list[Any]:
        """
        See L{Guest.asks}.
        """
        asking = awaited(self.socket.emitWithAck(event, *args))
        answer = await within(f"the ack of {event}", asking)
        if isinstance(answer, tuple):
            return [*answer]
        return [] if answer is None else [answer]

    async def leaves(self) -> None:
        """
        See L{Guest.leaves}.
        """
        await within("to leave", awaited(self.socket.disconnect()))

    async def returns(self) -> None:
        """
        See L{Guest.returns}.
        """
        await within("to return", awaited(self.socket.connect()))


class Correspondent(TwistedGuest):
    """
    One client of a generation that knows nothing but messages, with events on
    top of them, as in C{correspondent.mjs}.
    """

    # It has no word for that.
    reasons: Mapping[str, Any] = {
        "client": DisconnectReason.CLIENT,
        "server": [DisconnectReason.TRANSPORT_CLOSE, DisconnectReason.TRANSPORT_ERROR],
    }

    def __init__(self, socket: ClientSocket) -> None:
        super().__init__(socket)
        self._handlers: dict[str, list[Callable[..., Any]]] = defaultdict(list)
        self._asked: list[asyncio.Future[list[Any]]] = []
        socket.on("message", self._hear)

    def _hear(self, message: Any) -> None:
        told = message if isinstance(message, dict) else {}
        if "answers" in told:
            self._asked[told["answers"]].set_result(told["args"])
        elif "event" in told:
            self._fire(told["event"], *told["args"])
        else:
            self._fire("message", message)

    def _fire(self, name: str, *args: Any) -> None:
        for handler in self._handlers[name]:
            handler(*args)

    def answers(self, name: str, handler: Callable[..., Any]) -> None:
        """
        See L{Guest.answers}.
        """
        if name in ("connect", "disconnect"):
            super().answers(name, handler)
        else:
            self._handlers[name].append(handler)

    async def emits(self, event: str, *args: Any) -> None:
        """
        See L{Guest.emits}.
        """
        self.socket.send({"event": event, "args": args})

    async def asks(self, event: str, *args: Any) -> list[Any]:
        """
        See L{Guest.asks}.
        """
        self._asked.append(asyncio.get_running_loop().create_future())
        self.socket.send({"event": event, "args": args, "id": len(self._asked) - 1})
        return [*await within(f"the ack of {event}", self._asked[-1])]


class TwistedParty(Party):
    """
    Clients of ours.
    """

    def __init__(self, *particulars: Any) -> None:
        super().__init__(*particulars)
        self._sockets: list[ClientSocket] = []
        self._services: list[SocketIOClientService] = []

    @property
    def _options(self) -> dict[str, Any]:
        transports = {"upgrade": None}.get(self.way, [self.way])
        where = {"resource": self.client["resource"]} if "resource" in self.client else {}
        return {"protocol": self.client["speaks"], "transports": transports, **where}

    def _guest(self, socket: ClientSocket) -> Guest:
        return (Correspondent if self.client["speaks"] == "0.6" else TwistedGuest)(socket)

    async def guests(self, *namespaces: str) -> list[Guest]:
        """
        See L{Party.guests}.
        """
        first, *others = namespaces
        connecting = awaited(connect(self.url, first, **self._options))
        socket = await within(f"to enter {first}", connecting)
        self._sockets.append(socket)
        sockets = [socket, *(socket.of(each) for each in others)]
        for each in sockets:
            await within(f"to enter {each.namespace}", awaited(each.whenConnected()))
        return [self._guest(each) for each in sockets]

    async def survivor(self) -> Guest:
        """
        See L{Party.survivor}.
        """
        service = SocketIOClientService(self.url, retryPolicy=retryAfter, **self._options)
        self._services.append(service)
        service.startService()
        await within("to connect", awaited(service.whenConnected()))
        return self._guest(service.socket)

    async def settles(self, guest: Guest) -> None:
        """
        See L{Party.settles}. It moves when it has been let in already.
        """
        async with asyncio.timeout(10):
            while self.way == "upgrade" and guest.transport != "websocket":
                await guest.asks("echo")
        await super().settles(guest)

    async def isRefused(self, namespace: str, message: str, data: Any) -> None:
        """
        See L{Party.isRefused}.
        """
        (root,) = await self.guests("/")
        assert isinstance(root, TwistedGuest)
        try:
            await within("a refusal", awaited(root.socket.of(namespace).whenConnected()))
        except ConnectionRefused as refused:
            told = {"message": refused.message, "data": refused.data}
        else:
            raise Different("it was let in")
        same(told, {**{"message": message, "data": data}, **self.client["refusal"]}, "the refusal")
        same(await root.asks("where"), ["/"], "the default namespace")

    async def close(self) -> None:
        """
        See L{Party.close}.
        """
        for socket in self._sockets:
            await awaited(socket.disconnect(close=True))
        for service in self._services:
            await awaited(service.stopService())


if __name__ == "__main__":
    seat = json.loads(sys.argv[1])
    react(lambda _: Deferred.fromFuture(asyncio.ensure_future(main(seat, TwistedParty))))
