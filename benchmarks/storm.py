"""
Attack a live server on its sockets while honest clients talk with it: do they
notice?

    python benchmarks/storm.py                       10 minutes
    python benchmarks/storm.py --minutes 0.5 --seed 7

Honest clients of all generations and transports and the server send each other
numbered messages (see L{benchmarks.tally}); beside them there are very many bad
connections (see L{benchmarks.attacks}), whose contents depend on the seed alone.
The exit status is 1 if anything of an honest client was lost, doubled or out of
order, if the server logged an error or grew too much, or if a session is left when
all have gone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater, react
from twisted.python.failure import Failure

from benchmarks.attacks import GENERATIONS, KINDS, LONGEST, Attack
from benchmarks.colonpeers import COLON_PEERS
from benchmarks.crowd import SPARE_FILES, Phase, say
from benchmarks.enginepeers import ENGINE_PEERS
from benchmarks.peers import PEERS, Peer, Way
from benchmarks.server import Server, addPatience, allowFiles, settle
from benchmarks.travellers import Traveller, settled, verdict

HONEST = {**PEERS, **COLON_PEERS, **ENGINE_PEERS}

PAUSE = 0.25
"""How long an honest client waits before it says more, seconds."""

LIFE = 30.0
"""Seconds after which an honest client goes, and another one of its kind comes."""

REPORT_SECONDS = 5.0

OPTIONS = {
    "protocol": list(GENERATIONS),
    # Short, so that what attackers leave is gone soon after them.
    "heartbeatInterval": 8,
    "heartbeatTimeout": 8,
    "connectTimeout": 5,
    "upgradeTimeout": 5,
    "transportOptions": {name: {"closeTimeout": 8} for name in ("xhr-polling", "jsonp-polling")},
}
"""The server's."""


class Storm:
    """
    The run.
    """

    def __init__(self, reactor: Any, options: argparse.Namespace) -> None:
        self._reactor = reactor
        self._options = options
        self._server = Server()
        self._port = 0
        self._honest: list[Traveller] = []
        self._attacks = Counter[str]()
        self._statuses = Counter[str]()
        self._underWay = 0
        self._arriving: Phase
        self._parting: Phase | None = None

    async def run(self) -> bool:
        """
        @return: whether all was well.
        @raise Failed: it could not be done.
        """
        options, server = self._options, self._server
        allowFiles(SPARE_FILES + 3 * (options.honest + options.atOnce))
        server.startWith(self._reactor, options.app, OPTIONS)
        self._reactor.addSystemEventTrigger("before", "shutdown", server.stop, "KILL")
        self._port = await server.ready
        way = Way(self._reactor, self._port)
        await self._gather(way)
        before = server.memory().now
        await self._rage()
        await self._part()
        isWell = verdict(self._honest, await settled(way, options.patience))
        grown = server.memory().highest - before
        say(f"The server held {before:.0f} MiB, and {grown:.1f} MiB more at most.")
        if grown > options.bound:
            say(f"That is more than the {options.bound:g} MiB that it may.")
        await server.stop()
        return server.isClean(say) and isWell and grown <= options.bound

    async def _gather(self, way: Way) -> None:
        """
        Have the honest clients come.
        """
        count = self._options.honest
        self._arriving = self._phase("honest clients talk", count)
        for index, kind in enumerate(islice(cycle(HONEST.values()), count)):
            # The first ones don't all go at once.
            self._come(way, kind, LIFE * (1 + index / count))
        await self._arriving.over

    def _come(self, way: Way, kind: type[Peer], life: float) -> None:
        """
        One more honest client.
        """
        traveller = Traveller(way, kind, pause=PAUSE)
        traveller.onEcho = _first(self._arriving)
        traveller.done.addCallback(lambda _: self._gone(way, traveller))
        self._honest.append(traveller)
        self._reactor.callLater(life, traveller.finish)
        traveller.open()

    def _gone(self, way: Way, traveller: Traveller) -> None:
        if self._parting is not None:
            self._parting.step()
        elif not traveller.fault:
            self._come(way, type(traveller.peer), LIFE)

    async def _rage(self) -> None:
        """
        Attack for as long as it should last.
        """
        say(f"Seed {self._options.seed}")
        attacking = LoopingCall(self._attack)
        attacking.clock = self._reactor
        done = attacking.start(1 / self._options.rate, now=False)
        began = now = self._reactor.seconds()
        end = began + 60 * self._options.minutes
        while now < end:
            await deferLater(self._reactor, min(REPORT_SECONDS, end - now))
            now = self._reactor.seconds()
            self._report(now - began)
        attacking.stop()
        await done
        await deferLater(self._reactor, LONGEST)

    def _attack(self) -> None:
        """
        Begin an attack, unless there are too many.
        """
        if self._underWay >= self._options.atOnce:
            return
        number = self._attacks.total()
        random = Random(f"{self._options.seed}:{number}")
        kind = random.choice(KINDS)
        self._attacks[kind.__name__] += 1
        self._underWay += 1
        attack = Attack(self._reactor, self._port, random, list(GENERATIONS))
        done = Deferred.fromCoroutine(attack.run(kind, self._statuses))
        done.addBoth(self._over, f"attack {number}, {kind.__name__}")

    def _over(self, result: Failure | None, name: str) -> None:
        self._underWay -= 1
        if result is not None:
            say(f"{name} failed: {result.getErrorMessage()}")

    def _report(self, seconds: float) -> None:
        echoes = sum(each.echoes.different for each in self._honest)
        lost = sum(bool(each.fault) for each in self._honest)
        say(
            f"{seconds:6.1f} s  {self._attacks.total()} attacks, "
            f"{self._underWay} under way; {echoes} echoes, "
            f"{lost} of {len(self._honest)} honest clients lost; "
            f"{self._server.memory().now:.1f} MiB, {self._server.errors} errors"
        )

    async def _part(self) -> None:
        """
        Have the honest clients go.
        """
        there = [each for each in self._honest if not each.done.called]
        self._parting = self._phase("honest clients have gone", len(there))
        for each in there:
            each.finish()
        await self._parting.over
        for each in there:
            each.fail("it did not come to its end")
        for what in (self._attacks, self._statuses):
            say(", ".join(f"{number} {name}" for name, number in what.most_common()))

    def _phase(self, name: str, goal: int) -> Phase:
        return Phase(self._reactor, name, goal, self._options.patience)


def _first(phase: Phase) -> Callable[[int], None]:
    """
    What counts a client when its first number has come back.
    """
    seen: list[int] = []

    def echoed(count: int) -> None:
        if not seen:
            seen.append(count)
            phase.step()

    return echoed


def _command(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--minutes", type=float, default=10, metavar="N", help="how long (%(default)s)")
    add("--seed", type=int, help="of an earlier run, for the same attacks")
    add("--rate", type=float, default=40, metavar="N", help="attacks a second (%(default)s)")
    add("--honest", type=int, default=50, metavar="N", help="how many clients (%(default)s)")
    add(
        "--at-once",
        type=int,
        default=100,
        dest="atOnce",
        metavar="N",
        help="how many attacks there are at a time (%(default)s)",
    )
    add(
        "--bound",
        type=float,
        default=32,
        metavar="MIB",
        help="by how much the server may grow (%(default)s)",
    )
    add("--app", default="benchmarks.tally:attach", help="the server's application")
    addPatience(parser, 60)
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = time.time_ns() % 1_000_000
    return options


async def main(reactor: Any, *arguments: str) -> None:
    """
    @raise SystemExit: with 1, where not all was well.
    """
    await settle("storm", lambda: Storm(reactor, _command(arguments)).run())


if __name__ == "__main__":
    react(main, sys.argv[1:])
