"""
An application for C{twistd socketio}: a word of the day, read before the ports
open, and a chat about it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread

from txsocketio import Client, Listener

WORDS = Path(__file__).with_name("word.txt")


async def attach(listener: Listener) -> None:
    """
    Called with the listener; the ports open when this is done.
    """
    # As one would ask a database.
    word = (await deferToThread(WORDS.read_text, "utf-8")).strip()

    @listener.on("connection")
    def connection(client: Client) -> None:
        client.emit("word", word)

    @listener.on("clientMessage")
    def message(message: Any, client: Client) -> None:
        client.broadcast(message)
