"""
The application that C{benchmarks/crowd.py} talks to: it sends each text back to
who sent it, and keeps count.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from txsocketio import Client, Listener

REPORT = "report"
"""The text that asks an L{Echo} for its counts."""


@dataclass(slots=True)
class Numbers:
    """
    What has come of the numbers 0, 1, 2 and so on, which should come once and
    in this order.

    @ivar doubled: how many came that had come before.
    @ivar disordered: how many came behind a higher one.
    """

    doubled: int = 0
    disordered: int = 0
    # All below this have come, and those beyond a gap.
    _next: int = 0
    _beyond: set[int] = field(default_factory=set)
    _highest: int = -1

    @property
    def different(self) -> int:
        """
        How many have come, without those that had come before.
        """
        return self._next + len(self._beyond)

    def take(self, number: int) -> None:
        """
        One more has come.
        """
        if number < self._next or number in self._beyond:
            self.doubled += 1
            return
        if number < self._highest:
            self.disordered += 1
        self._beyond.add(number)
        while self._next in self._beyond:
            self._beyond.remove(self._next)
            self._next += 1
        self._highest = max(number, self._highest)


class Total(NamedTuple):
    """
    The L{Numbers} of several sessions, added up.
    """

    sessions: int
    different: int
    doubled: int
    disordered: int


def total(all: Iterable[Numbers]) -> Total:
    """
    Add up.
    """
    rows = [(1, each.different, each.doubled, each.disordered) for each in all]
    return Total(*map(sum, zip(*rows, strict=True))) if rows else Total(0, 0, 0, 0)


class Echo:
    """
    What the server has heard of each client. A client sends C{WHO-NUMBER},
    which comes back; or L{REPORT}, which is answered by JSON::

        {"connected": how many are connected, "heard": {kind: its Total},
         "gone": {reason: how many have gone for it}}

    C{WHO} is a kind of client and a number.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._heard: dict[str, dict[str, Numbers]] = {}
        self._gone = Counter[str]()

    def connected(self, client: Client) -> None:
        """
        A client has come.
        """
        client.on("disconnect", self._disconnected)

    def _disconnected(self, reason: str) -> None:
        self._gone[reason] += 1

    def message(self, text: str, client: Client) -> None:
        """
        A client has said something.
        """
        if text == REPORT:
            client.send(self._report())
        else:
            self.take(text, client)
            client.send(text)

    def take(self, text: str, client: Client) -> int:
        """
        Count what has come.

        @return: its number.
        """
        kind, _, number = text.rsplit("-", 2)
        clients = self._heard.setdefault(kind, {})
        clients.setdefault(client.sessionId, Numbers()).take(int(number))
        return int(number)

    def _report(self) -> str:
        heard = {name: total(clients.values()) for name, clients in self._heard.items()}
        connected = len(self._listener.clients)
        return json.dumps({"connected": connected, "heard": heard, "gone": self._gone})


def attach(listener: Listener) -> None:
    """
    What C{twistd socketio --app benchmarks.echo:attach} calls.
    """
    echo = Echo(listener)
    listener.on("connection", echo.connected)
    listener.on("clientMessage", echo.message)
