"""
What a client may cost, and that all of it goes with the client.
"""

from __future__ import annotations

import gc
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.client import Client
from txsocketio.test.weighing import URLS, Hall

MOST = 2_400
"""Bytes, as L{sys.getsizeof} has them, of all that is kept for a client that has
said nothing yet, with a browser's headers. An empty deque would be 624 of them."""

CLIENTS = 50


class WeightTests(SynchronousTestCase):
    """
    What is kept for a client.
    """

    def test_idle(self) -> None:
        """
        It is no more than that.
        """
        for protocol in URLS:
            hall = Hall(protocol)
            hall.fill(CLIENTS)
            before = hall.weigh()
            hall.fill(CLIENTS)
            after = hall.weigh()
            after.subtract(before)
            each = sum(after.values()) / CLIENTS
            self.assertLess(each, MOST, f"{protocol}: {after.most_common()}")

    def test_nothingStays(self) -> None:
        """
        When they have all gone, the listener is what it was, but for larger
        numbers here and there.
        """
        for protocol in URLS:
            hall = Hall(protocol)
            hall.listener.on("connection", _answering)
            hall.fill(CLIENTS)
            hall.empty()
            before = hall.weigh()
            hall.fill(CLIENTS)
            hall.empty()
            after = hall.weigh()
            after.subtract(before)
            self.assertEqual({"int"}, {"int", *(+after | -after)}, protocol)

    def test_noCycles(self) -> None:
        """
        A client that has gone goes at once, even if its handlers hold it, and
        leaves nothing to the garbage collector.
        """
        for protocol in URLS:
            hall = Hall(protocol)
            hall.listener.on("connection", _answering)
            hall.fill(CLIENTS)
            self.assertEqual([], _garbageOf(hall), protocol)


def _answering(client: Client) -> None:
    """
    As an application does it.
    """

    @client.on("echo")
    def echo(value: Any) -> None:
        client.emit("echo", value)

    client.on("disconnect", lambda reason: client.data.clear())
    client.use(lambda event, *args: client.data.update(last=event))
    client.onAny(lambda event, *args: client.data.update(last=event))
    client.onAnyOutgoing(lambda event, *args: client.data.update(last=event))


def _garbageOf(hall: Hall) -> list[str]:
    """
    What of ours is left when all clients have gone, though nobody has it.
    """
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        hall.empty()
        gc.collect()
        found = {type(each) for each in gc.garbage}
    finally:
        gc.garbage.clear()
        gc.set_debug(0)
        gc.enable()
    return sorted(str(each) for each in found if each.__module__.startswith("txsocketio."))
