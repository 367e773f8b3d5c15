"""
Clients of all generations at once, that come, go, stand still and come back as
chance has it, in L{txsocketio.testing}: nobody who is there misses anything.
"""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, Listener
from txsocketio.listener import PROTOCOLS
from txsocketio.testing import TestClient, TestServer

SEEDS = range(12)
STEPS = 250


def attach(io: Listener) -> None:
    """
    An application that answers.
    """

    @io.on("connection")
    def connection(client: Client) -> None:
        client.on("echo", lambda value: value)


class Guest:
    """
    A client, and what it has to have heard.

    @ivar since: the last number before it came.
    """

    def __init__(self, client: TestClient, since: int) -> None:
        self.client = client
        self.since = since
        self.isPaused = False
        self._before = len(client.received)

    @property
    def heard(self) -> list[int]:
        """
        The numbers that it has heard since.
        """
        return [each.args[0] for each in self.client.received[self._before :]]

    def check(self, case: SynchronousTestCase, last: int) -> None:
        """
        It has heard all numbers, each once and in their order.
        """
        case.assertEqual(self.heard, [*range(self.since + 1, last + 1)], self.client)


class Storm:
    """
    One course of events.
    """

    def __init__(self, case: SynchronousTestCase, seed: int) -> None:
        self.case = case
        self.random = Random(seed)
        self.server = TestServer(
            attach,
            beside="0.6" if seed % 2 else (),
            connectionStateRecovery={},
            maxQueue=100_000,
            maxQueueBytes=2**30,
        )
        self.guests: list[Guest] = []
        self.last = 0
        self.steps = (
            self.arrive,
            self.arrive,
            self.say,
            self.say,
            self.ask,
            self.pass_,
            self.part,
            self.cut,
            self.comeBack,
            self.pause,
            self.resume,
            self.upgrade,
        )

    def run(self) -> None:
        """
        From the first guest to the last.
        """
        for _ in range(STEPS):
            self.random.choice(self.steps)()
        for guest in self.guests:
            guest.client.resume()
            self.case.assertTrue(guest.client.connected, guest.client)
            guest.check(self.case, self.last)
        # Until nobody is waited for any more.
        self.server.advance(100.0)
        self.case.assertEqual(len(self.server.listener.clients), len(self.guests))
        self.server.close()

    def some(self) -> list[Guest]:
        """
        One of those that read; or nobody.
        """
        reading = [each for each in self.guests if not each.isPaused]
        return [self.random.choice(reading)] if reading else []

    # Where they come and go:

    def arrive(self) -> None:
        """
        Somebody comes.
        """
        protocol = self.random.choice(self.server.protocols)
        names = self.server.listener.options["transports"]
        known = [each for each in names if each in PROTOCOLS[protocol].transports]
        client = self.server.connect(protocol=protocol, transport=self.random.choice(known))
        self.guests.append(Guest(client, self.last))

    def part(self) -> None:
        """
        Somebody leaves.
        """
        for guest in self.some():
            guest.check(self.case, self.last)
            guest.client.disconnect()
            self.guests.remove(guest)

    def cut(self) -> None:
        """
        A connection goes, and its client begins anew: or where it was.
        """
        for guest in self.some():
            guest.check(self.case, self.last)
            guest.client.cut()
            self.say()
            guest.client.reconnect()
            if not guest.client.recovered:
                self.guests[self.guests.index(guest)] = Guest(guest.client, self.last)

    def comeBack(self) -> None:
        """
        A connection goes, and its client goes on with its session, where it
        can.
        """
        for guest in self.some():
            if not guest.client.client.session.settings.closeTimeout:
                continue
            guest.client.cut()
            self.say()
            guest.client.comeBack()

    # Where they stay:

    def say(self) -> None:
        """
        All are told the next number.
        """
        self.last += 1
        self.server.listener.send(self.last)

    def ask(self) -> None:
        """
        Somebody asks.
        """
        for guest in self.some():
            if guest.client.protocol != "0.6":
                value: Any = [self.last, {"a": "\xe9"}]
                answer = guest.client.emitWithAck("echo", value)
                self.case.assertEqual(self.case.successResultOf(answer), value)

    def pass_(self) -> None:
        """
        Time passes.
        """
        if not any(each.isPaused for each in self.guests):
            self.server.advance(self.random.uniform(0, 100))

    def pause(self) -> None:
        """
        Somebody stops reading.
        """
        for guest in self.some():
            guest.client.pause()
            guest.isPaused = True

    def resume(self) -> None:
        """
        All read again.
        """
        for guest in self.guests:
            guest.client.resume()
            guest.isPaused = False
            guest.check(self.case, self.last)

    def upgrade(self) -> None:
        """
        Somebody moves to a WebSocket.
        """
        for guest in self.some():
            if guest.client.client.transport == "polling":
                guest.client.upgrade()


class StormTests(SynchronousTestCase):
    """
    Some of them.
    """

    def test_storms(self) -> None:
        """
        Nobody misses anything, and nothing is left over.
        """
        for seed in SEEDS:
            Storm(self, seed).run()
