"""
The application that C{benchmarks/upgrades.py} and C{benchmarks/storm.py} talk to.
Client and server send each other numbered messages all the time, and at the end
of each session they compare what has come. The messages, all of them texts:

    client: enrol          it takes part from now on
    server: enrolled R     the next number of the room is R
    client: n N            its numbers, from 0 on,
    server: n N            which come back at once, and so do attachments, which
                           are numbered with them
    server: own N          the server's numbers for this client, from 0 on
    server: room N         its numbers for all, from R on for this client
    client: bye            it says nothing more
    server: bye JSON       see L{Account.told}; the server says nothing more
    client: report
    server: JSON           see L{Tally.report}

Whatever else comes is ignored: others may be there to do harm.
"""

from __future__ import annotations

import gc
import json
import re
from collections import Counter
from functools import partial
from typing import Any

from twisted.internet.task import LoopingCall

from benchmarks.echo import REPORT, Numbers
from txsocketio import Client, Listener
from txsocketio.session import Session

ROOM = "enrolled"

TICK_SECONDS = 0.2
"""How often the server sends numbers of its own."""

_NUMBERED = re.compile(r"n (\d{1,9})")


class Account:
    """
    What has come from one client, and gone to it.

    @ivar heard: what has come.
    @ivar sent: how many of the server's own numbers it was sent.
    @ivar first: the room's number when it came in.
    """

    def __init__(self, first: int) -> None:
        self.heard = Numbers()
        self.sent = 0
        self.first = first

    def told(self, next: int) -> str:
        """
        What the client is told at the end.

        @param next: the room's number now.
        """
        heard = self.heard
        return json.dumps(
            {
                "heard": (heard.different, heard.doubled, heard.disordered),
                "own": self.sent,
                "room": next - self.first,
            }
        )


class Tally:
    """
    The server's end of the bargain.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._accounts: dict[Client, Account] = {}
        self._number = 0
        self._gone = Counter[str]()

    def connected(self, client: Client) -> None:
        """
        A client has come.
        """
        client.on("bytes", partial(self.data, client))
        client.on("disconnect", partial(self._disconnected, client))

    def _disconnected(self, client: Client, reason: str) -> None:
        # Who has said goodbye is not there any more.
        if self._accounts.pop(client, None) is not None:
            self._gone[reason] += 1

    def message(self, text: Any, client: Client) -> None:
        """
        A client has said something.
        """
        account = self._accounts.get(client)
        if text == REPORT:
            client.send(json.dumps(self.report()))
        elif text == "enrol" and account is None:
            self._accounts[client] = Account(self._number)
            client.send(f"enrolled {self._number}")
            client.join(ROOM)
        elif text == "bye" and account is not None:
            client.leave(ROOM)
            client.send(f"bye {self._accounts.pop(client).told(self._number)}")
        elif isinstance(text, str) and (numbered := _NUMBERED.fullmatch(text)):
            self.numbered(int(numbered[1]), client, account)

    def numbered(self, number: int, client: Client, account: Account | None) -> None:
        """
        A number has come.

        @param account: if the client takes part.
        """
        if account is not None:
            account.heard.take(number)
        client.send(f"n {number}")

    def data(self, client: Client, *args: Any) -> None:
        """
        An attachment has come.
        """
        account = self._accounts.get(client)
        if account is not None:
            number, data = args
            account.heard.take(number)
            client.emit("bytes", number, data)

    def tick(self) -> None:
        """
        Send everybody a number of their own, and one of the room's.
        """
        for client, account in tuple(self._accounts.items()):
            client.send(f"own {account.sent}")
            account.sent += 1
        self._listener.to(ROOM).send(f"room {self._number}")
        self._number += 1

    def report(self) -> dict[str, Any]:
        """
        @return: how many C{clients} there are, how many C{sessions}, those of
            which only traces are left included, and for which reasons how many
            have C{gone} before they had said goodbye.
        """
        gc.collect()
        sessions = sum(isinstance(each, Session) for each in gc.get_objects())
        return {"clients": len(self._listener.clients), "sessions": sessions, "gone": self._gone}


def attach(listener: Listener, kind: type[Tally] = Tally) -> None:
    """
    What C{benchmarks/service.py} calls.
    """
    tally = kind(listener)
    listener.on("connection", tally.connected)
    listener.on("clientMessage", tally.message)
    LoopingCall(tally.tick).start(TICK_SECONDS)
