"""
The application that C{benchmarks/load} talks to, and all who are measured beside
it have the same: what comes as C{echo} goes back to who sent it, and what comes as
C{all} goes to everybody.

    python benchmarks/service.py benchmarks.contest:app '{}'
"""

from __future__ import annotations

from typing import Any

from txsocketio import Client, Listener


def app(listener: Listener) -> None:
    """
    What C{benchmarks/service.py} calls.
    """
    listener.on("connection", _connected)


def _connected(client: Client) -> None:
    @client.on("echo")
    def echo(what: Any) -> None:
        client.emit("echo", what)

    @client.on("all")
    def all(what: Any) -> None:
        client.namespace.emit("all", what)
