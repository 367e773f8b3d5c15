"""
A cell of the matrix whose client is python-socketio's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import engineio
import socketio

from txsocketio.test.matrix.checks import (
    PATIENCE,
    Different,
    Guest,
    Party,
    main,
    same,
    within,
)

# By default it gives up on a poll that is answered with more than 16 packets.
engineio.payload.Payload.max_decode_packets = 1_000

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}


class SocketIOGuest(Guest):
    """
    One client in one namespace.
    """

    def __init__(self, client: socketio.AsyncClient, namespace: str = "/") -> None:
        self.client = client
        self.namespace = namespace
        self.reasons = {
            "client": client.reason.CLIENT_DISCONNECT,
            "server": [client.reason.SERVER_DISCONNECT],
        }

    @property
    def isConnected(self) -> bool:
        """
        See L{Guest.isConnected}.
        """
        return bool(self.client.connected)

    @property
    def transport(self) -> str:
        """
        See L{Guest.transport}.
        """
        return str(self.client.transport())

    def answers(self, name: str, handler: Callable[..., Any]) -> None:
        """
        See L{Guest.answers}.
        """
        self.client.on(name, handler, namespace=self.namespace)

    async def sends(self, message: Any) -> None:
        """
        See L{Guest.sends}.
        """
        await self.client.send(message, namespace=self.namespace)

    async def emits(self, event: str, *args: Any) -> None:
        """
        See L{Guest.emits}.
        """
        await self.client.emit(event, args, namespace=self.namespace)

    async def asks(self, event: str, *args: Any) -> list[Any]:
        """
        See L{Guest.asks}.
        """
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        await self.client.emit(
            event,
            args,
            namespace=self.namespace,
            callback=lambda *answers: answer.set_result([*answers]),
        )
        return [*await within(f"the ack of {event}", answer)]

    async def leaves(self) -> None:
        """
        See L{Guest.leaves}.
        """
        await self.client.disconnect()


class SocketIOParty(Party):
    """
    Clients of python-socketio.
    """

    def __init__(self, *particulars: Any) -> None:
        super().__init__(*particulars)
        self._clients: list[socketio.AsyncClient] = []

    def _client(self) -> socketio.AsyncClient:
        client = socketio.AsyncClient(
            reconnection_delay=0.2, reconnection_delay_max=1, handle_sigint=False
        )
        self._clients.append(client)
        return client

    async def _connects(self, client: socketio.AsyncClient, *namespaces: str) -> None:
        await client.connect(
            self.url,
            transports=TRANSPORTS[self.way],
            namespaces=namespaces,
            wait_timeout=PATIENCE,
        )

    async def guests(self, *namespaces: str) -> list[Guest]:
        """
        See L{Party.guests}.
        """
        client = self._client()
        await self._connects(client, *namespaces)
        return [SocketIOGuest(client, each) for each in namespaces]

    async def survivor(self) -> Guest:
        """
        See L{Party.survivor}.
        """
        return await self.guest()

    async def isRefused(self, namespace: str, message: str, data: Any) -> None:
        """
        See L{Party.isRefused}.
        """
        client = self._client()
        refused = SocketIOGuest(client, namespace).hears("connect_error")
        try:
            await self._connects(client, "/", namespace)
        except socketio.exceptions.ConnectionError:
            pass
        else:
            raise Different("it was let in")
        same(await refused.next(), [[{"message": message, "data": data}]], "the refusal")

    async def close(self) -> None:
        """
        See L{Party.close}.
        """
        for client in self._clients:
            await client.disconnect()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), SocketIOParty))
