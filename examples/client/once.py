"""
A client that comes, asks something, and goes. Run it with the URL of the server of
the example "events" as its argument (default http://localhost:8080), and a name.
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

import txsocketio


async def main(reactor: Any, url: str = "http://localhost:8080", name: str = "Ann") -> None:
    socket = await txsocketio.connect(url, reactor=reactor)
    print(f"connected as {socket.sessionId}")

    greeted: Deferred[None] = Deferred()

    @socket.on("greeting")
    def greeting(text: str, details: dict[str, Any]) -> None:
        print(text, details["language"])
        greeted.callback(None)

    socket.emit("greet", name, {"photo": b"\x89PNG"})
    await greeted
    await socket.disconnect()


react(lambda *args: Deferred.fromCoroutine(main(*args)), sys.argv[1:])
