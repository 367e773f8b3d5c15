"""
Sessions that move from polling to a WebSocket while both sides talk: is nothing
lost, doubled or out of order, and no session left behind?

    python benchmarks/upgrades.py                          5,000 upgrades of Engine.IO 4
    python benchmarks/upgrades.py --generation eio3        the same of Engine.IO 3
    python benchmarks/upgrades.py --count 100 --at-once 20

Beside those there are sessions whose upgrades come to nothing, a few in each of
the ways in which that happens; they go on by polling. See L{benchmarks.tally} for
what is said. The exit status is 1 if anything was lost, doubled or out of order,
or if a session ended by itself or was left.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from benchmarks.crowd import SPARE_FILES, Phase, say
from benchmarks.enginepeers import ENGINE_PEERS, EnginePeer, Line
from benchmarks.peers import HANDSHAKE, Unexpected, Way
from benchmarks.server import Server, addPatience, allowFiles, settle
from benchmarks.travellers import Report, Traveller, settled, verdict

GENERATIONS = {name: ENGINE_PEERS[f"{name}-polling"] for name in ("eio4", "eio3")}

BEFORE, AFTER = 6, 15
"""How many numbers have come back before a session tries to move, and how many
more before it ends."""

SHARE = 25
"""Of so many upgrades there is one more in each way that comes to nothing."""


async def upgrade(peer: EnginePeer) -> None:
    """
    All goes well.
    """
    await peer.upgrade()


async def abandon(peer: EnginePeer) -> None:
    """
    The client gives it up after the probe.
    """
    line = await peer.offer()
    await peer.probe(line)
    line.leave()


async def reset(peer: EnginePeer) -> None:
    """
    The connection is cut while the probe is under way.
    """
    line = await peer.offer()
    line.send(["2probe"])
    line.close()


async def _given(line: Line) -> None:
    """
    Wait until the server gives it up.
    """
    line.heard = _nothing
    await line.gone


def _nothing(part: object) -> None:
    raise Unexpected(f"the server said {part!r} before it was time")


async def stall(peer: EnginePeer) -> None:
    """
    The client does not go on after the probe.
    """
    line = await peer.offer()
    await peer.probe(line)
    await _given(line)


async def idle(peer: EnginePeer) -> None:
    """
    The client does not even send the probe.
    """
    await _given(await peer.offer())


async def blunder(peer: EnginePeer) -> None:
    """
    The client says something else than the probe.
    """
    line = await peer.offer()
    line.send(['42["message","n 0"]'])
    await _given(line)


async def refused(peer: EnginePeer) -> None:
    """
    What is between client and server does not let WebSockets pass.
    """
    try:
        await peer.offer(HANDSHAKE.replace("Upgrade: websocket\r\n", ""))
    except Unexpected:
        return
    raise Unexpected("a WebSocket was opened without having been asked for")


Work = Callable[[EnginePeer], Awaitable[None]]

FAILING: Sequence[Work] = (stall, idle, abandon, reset, blunder, refused)


class Mover(Traveller):
    """
    A session that moves, or tries to.
    """

    def __init__(self, way: Way, peer: type[EnginePeer], work: Work) -> None:
        super().__init__(way, peer, work.__name__, 0.01)
        self._work = work
        self._goal = BEFORE
        self._hasMoved = False
        self.onEcho = self._maybeMove

    def _maybeMove(self, count: int) -> None:
        if count >= self._goal and self._hasMoved:
            self.finish()
        elif count >= self._goal:
            self._goal = sys.maxsize
            self.run(Deferred.fromCoroutine(self._move()))

    async def _move(self) -> None:
        assert isinstance(self.peer, EnginePeer)
        await self._work(self.peer)
        self._goal = self.echoes.different + AFTER
        self._hasMoved = True


class Upgrades:
    """
    The run.
    """

    def __init__(self, reactor: Any, options: argparse.Namespace) -> None:
        self._reactor = reactor
        self._options = options
        self._movers: list[Mover] = []

    async def run(self) -> bool:
        """
        @return: whether all was well.
        @raise Failed: it could not be done.
        """
        options = self._options
        allowFiles(SPARE_FILES + options.atOnce * EnginePeer.connections)
        server = Server()
        server.startWith(
            self._reactor,
            options.app,
            {
                "protocol": ["annotated", options.generation],
                "upgradeTimeout": options.upgradeTimeout,
            },
        )
        self._reactor.addSystemEventTrigger("before", "shutdown", server.stop, "KILL")
        way = Way(self._reactor, await server.ready)
        await self._travel(way)
        isWell = self._tell(await settled(way, options.patience))
        say(f"The server holds {server.memory().now:.0f} MiB.")
        await server.stop()
        return server.isClean(say) and isWell

    async def _travel(self, way: Way) -> None:
        """
        Have all sessions come and go, so many at once.
        """
        options = self._options
        works = list(_works(options.count))
        phase = Phase(self._reactor, "sessions are over", len(works), options.patience, None)
        waiting = iter(works)

        def next(_: object = None) -> None:
            work = None if phase.over.called else _next(waiting)
            if work is not None:
                mover = Mover(way, GENERATIONS[options.generation], work)
                self._movers.append(mover)
                mover.done.addCallback(lambda _: phase.step()).addCallback(next)
                mover.open()

        for _ in range(options.atOnce):
            next()
        seconds = await phase.over
        say(f"That took {seconds:.1f} s.")
        for mover in self._movers:
            mover.fail("it did not come to its end")

    def _tell(self, report: Report) -> bool:
        """
        Print what came of it.

        @param report: of the server.
        @return: whether all was well.
        """
        kinds = Counter(mover.kind for mover in self._movers)
        say("; ".join(f"{number} {kind}" for kind, number in kinds.most_common()))
        return verdict(self._movers, report)


def _works(count: int) -> Iterator[Work]:
    """
    Upgrades, with the others evenly among them.
    """
    others = [work for _ in range(-(-count // SHARE)) for work in FAILING]
    step = max(1, count // len(others))
    for index, other in zip_longest(range(0, count, step), others):
        if other is not None:
            yield other
        if index is not None:
            yield from [upgrade] * min(step, count - index)


def _next(works: Iterator[Work]) -> Work | None:
    return next(works, None)


def _command(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--count", type=int, default=5000, metavar="N", help="how many upgrades (%(default)s)")
    add("--generation", choices=GENERATIONS, default="eio4", help="of the clients (%(default)s)")
    add(
        "--at-once",
        type=int,
        default=200,
        dest="atOnce",
        metavar="N",
        help="how many sessions there are at a time (%(default)s)",
    )
    add(
        "--upgrade-timeout",
        type=float,
        default=10,
        dest="upgradeTimeout",
        metavar="SECONDS",
        help="the server's (%(default)s)",
    )
    add("--app", default="benchmarks.tally:attach", help="the server's application")
    addPatience(parser, 60)
    return parser.parse_args(arguments)


async def main(reactor: Any, *arguments: str) -> None:
    """
    @raise SystemExit: with 1, where not all was well.
    """
    await settle("upgrades", lambda: Upgrades(reactor, _command(arguments)).run())


if __name__ == "__main__":
    react(main, sys.argv[1:])
