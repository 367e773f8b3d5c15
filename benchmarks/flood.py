"""
The application that C{benchmarks/slow.py} talks to: it sends very much to a room,
as fast as those keep up with it who say how far they are::

    client: join        it is one of those
    client: slow        it is in the room, and need not say anything more
    server: joined      to both
    client: begin N     send N chunks to the room
    server: chunk N ... from 0 on
    client: got N
    client: report
    server: JSON        see L{Flood.report}
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks.echo import REPORT
from txsocketio import Client, Listener

ROOM = "flooded"

CHUNK = 1 << 16
"""Characters of a chunk, of which all are one byte."""

WINDOW = 8
"""How many chunks the slowest of those who keep up may be behind."""

_FILLING = "0123456789abcdef" * (CHUNK // 16)


def chunk(number: int) -> str:
    """
    What is sent.
    """
    head = f"chunk {number} "
    return head + _FILLING[len(head) :]


class Flood:
    """
    The sender.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._got: dict[Client, int] = {}
        self._left: dict[str, list[str]] = {"join": [], "slow": []}
        self._sent = self._goal = 0

    def message(self, text: str, client: Client) -> None:
        """
        A client has said something.
        """
        what, _, number = text.partition(" ")
        if what == "got":
            self._got[client] = int(number) + 1
            self._pump()
        elif what in self._left:
            self._join(what, client)
        elif what == "begin":
            self._goal = int(number)
            self._pump()
        elif text == REPORT:
            client.send(json.dumps(self.report()))

    def _join(self, what: str, client: Client) -> None:
        if what == "join":
            self._got[client] = 0
        client.on("disconnect", partial(self._gone, what, client))
        client.join(ROOM)
        client.send("joined")

    def _gone(self, what: str, client: Client, reason: str) -> None:
        self._left[what].append(reason)
        self._got.pop(client, None)
        self._pump()

    def _pump(self) -> None:
        while self._got and self._sent < min(self._goal, min(self._got.values()) + WINDOW):
            number, self._sent = self._sent, self._sent + 1
            self._listener.to(ROOM).send(chunk(number))

    def report(self) -> dict[str, Any]:
        """
        @return: how many chunks were C{sent}, and for which reasons those have
            C{left} who do C{join} and those who are C{slow}.
        """
        return {"sent": self._sent, "left": self._left}


def attach(listener: Listener) -> None:
    """
    What C{benchmarks/service.py} calls.
    """
    listener.on("clientMessage", Flood(listener).message)
