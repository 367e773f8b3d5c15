"""
A client that never reads while very much goes to its room: does the server stay
small, does it send that client away, and do the others get everything?

    python benchmarks/slow.py                        200 MB beside one client of each kind
    python benchmarks/slow.py htmlfile --megabytes 50

Each kind of slow client has a server of its own, and so has the run without any,
with which the others are compared: the server may grow by 16 MiB more than there.
The exit status is 1 if it does, if the slow client does not leave as C{slow
consumer}, or if any other client misses anything.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from benchmarks.colonpeers import COLON_PEERS
from benchmarks.crowd import Auditor, Phase, say
from benchmarks.echo import Numbers
from benchmarks.enginepeers import ENGINE_PEERS
from benchmarks.flood import CHUNK, chunk
from benchmarks.peers import PEERS, Owner, Peer, Unexpected, Way
from benchmarks.server import Failed, Server, addPatience, settle

LATER: dict[str, type[Peer]] = {**COLON_PEERS, **ENGINE_PEERS}
"""Whose names begin with that of their generation."""

ALL: dict[str, type[Peer]] = {**PEERS, **LATER}

SLOW = ("eio4-websocket", "eio4-polling", "colon-websocket", "websocket", "htmlfile")
MEMBERS = ("eio4-websocket", "eio4-polling", "websocket", "xhr-polling")

NOBODY = "nobody"

BOUND = 16.0
"""MiB by which a server may grow for a client that does not read."""

HEADINGS = ("MiB before", "at most", "grown by", "for it")


class Member(Owner):
    """
    A client that reads, and says how far it is.

    @ivar joined: fires when it is in the room.
    @ivar numbers: of the chunks that have come.
    @ivar fault: why it has gone; C{""} as long as it has not.
    """

    asks = "join"

    def __init__(self, way: Way, kind: type[Peer]) -> None:
        self.joined: Deferred[None] = Deferred()
        self.numbers = Numbers()
        self.fault = ""
        self.phase: Phase | None = None
        self.peer = kind(way, self)
        self.peer.open()

    def opened(self) -> None:
        """
        See L{Owner.opened}.
        """
        self.peer.send([self.asks])

    def heard(self, text: str) -> None:
        """
        See L{Owner.heard}.
        """
        if text == "joined":
            self.joined.callback(None)
            return
        number = int(text.split(" ", 2)[1])
        if text != chunk(number):
            raise Unexpected(f"chunk {number} has changed: {text[:80]!r}")
        self.numbers.take(number)
        self.peer.send([f"got {number}"])
        if self.phase is not None:
            self.phase.step()

    def gone(self, why: str) -> None:
        """
        See L{Owner.gone}.
        """
        self.fault = why
        if not self.joined.called:
            self.joined.errback(Failed(f"a client is not in the room: {why}"))


class Sloth(Member):
    """
    A client that does not read any more when it is in the room.
    """

    asks = "slow"

    def heard(self, text: str) -> None:
        """
        See L{Owner.heard}.
        """
        if text == "joined":
            self.peer.stopReading()
        super().heard(text)


class Row(NamedTuple):
    """
    What has come of one run.

    @ivar grown: by how much the server has, MiB.
    """

    who: str
    before: float
    highest: float
    grown: float
    forIt: float
    reason: str

    def __str__(self) -> str:
        numbers = "".join(f"{number:>13.1f}" for number in self[1:5])
        return f"{self.who:<16}{numbers}   {self.reason}"

    @property
    def isGood(self) -> bool:
        """
        Whether that is as it should be.
        """
        isGone = self.reason == ("" if self.who == NOBODY else "slow consumer")
        return isGone and self.forIt < BOUND


class Room:
    """
    One run: a server, those who read, and one who does not.
    """

    def __init__(self, reactor: Any, options: argparse.Namespace, who: str) -> None:
        """
        @param who: the kind of client that does not read, or C{NOBODY}.
        """
        self._reactor = reactor
        self._options = options
        self._who = who
        self._server = Server()
        self._members: list[Member] = []

    async def run(self, usual: float) -> Row:
        """
        @param usual: by how much the server grows without a slow client, MiB.
        @raise Failed: it could not be done, or somebody did not get all.
        """
        options, server = self._options, self._server
        given = {"protocol": ["annotated", *options.protocols], **options.options}
        server.startWith(self._reactor, options.app, given)
        trigger = self._reactor.addSystemEventTrigger("before", "shutdown", server.stop, "KILL")
        way = Way(self._reactor, await server.ready)
        kinds = islice(cycle(options.members), options.count)
        self._members = [Member(way, ALL[kind]) for kind in kinds]
        others = [] if self._who == NOBODY else [Sloth(way, ALL[self._who])]
        for each in [*self._members, *others]:
            await each.joined
        before = server.memory().now
        await self._flood()
        report = await self._ask(way)
        highest = server.memory().highest
        for each in [*self._members, *others]:
            each.peer.close()
        await server.stop()
        self._reactor.removeSystemEventTrigger(trigger)
        self._check(report)
        grown = highest - before
        reason = ", ".join(report["left"]["slow"]) or ("it did not leave" if others else "")
        forIt = grown - usual if others else 0.0
        return Row(self._who, before, highest, grown, forIt, reason)

    async def _flood(self) -> None:
        chunks = self._options.chunks
        name = f"chunks have come, beside {self._who}"
        phase = Phase(
            self._reactor, name, chunks * len(self._members), self._options.patience, None
        )
        for member in self._members:
            member.phase = phase
        self._members[0].peer.send([f"begin {chunks}"])
        await phase.over

    async def _ask(self, way: Way) -> dict[str, Any]:
        report: Deferred[dict[str, Any]] = Auditor(way).report
        report.addTimeout(self._options.patience, self._reactor)
        return await report

    def _check(self, report: dict[str, Any]) -> None:
        """
        @raise Failed: somebody did not get all.
        """
        chunks = self._options.chunks
        for member in self._members:
            got = member.numbers
            name = member.peer.name
            if member.fault:
                raise Failed(f"a client over {name} has gone: {member.fault}")
            if (got.different, got.doubled, got.disordered) != (chunks, 0, 0):
                raise Failed(f"of {chunks} chunks a client over {name} got: {got}")
        if report["sent"] != chunks or report["left"]["join"]:
            raise Failed(f"the server says {report}")
        if not self._server.isClean(say):
            raise Failed("the server logged errors")


def _command(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("slow", nargs="*", metavar="KIND", help=f"the slow clients', of {', '.join(ALL)}")
    add("--megabytes", type=int, default=200, metavar="N", help="for each client (%(default)s)")
    add("--count", type=int, default=10, metavar="N", help="of the others (%(default)s)")
    add("--app", default="benchmarks.flood:attach", help="the server's application")
    add("--options", type=json.loads, default={}, metavar="JSON", help="more of the server's")
    addPatience(parser, 60)
    options = parser.parse_args(arguments)
    options.slow = options.slow or list(SLOW)
    unknown = sorted(set(options.slow) - set(ALL))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(ALL)}")
    options.members = MEMBERS
    options.chunks = max(1, options.megabytes * 1_000_000 // CHUNK)
    kinds = {*options.slow, *MEMBERS}
    options.protocols = sorted({kind.partition("-")[0] for kind in kinds & set(LATER)})
    return options


async def _compare(reactor: Any, options: argparse.Namespace) -> bool:
    """
    Have one room after the other, and print what came of them.

    @return: whether all was well.
    """
    rows: list[Row] = []
    for who in (NOBODY, *options.slow):
        usual = rows[0].grown if rows else 0.0
        rows.append(await Room(reactor, options, who).run(usual))
    heading = f"{'slow client':<16}" + "".join(f"{name:>13}" for name in HEADINGS)
    say("\n".join(["", f"{heading}   it left as", *map(str, rows)]))
    isWell = all(row.isGood for row in rows[1:])
    say("The others got everything." if isWell else "That is not well.")
    return isWell


async def main(reactor: Any, *arguments: str) -> None:
    """
    @raise SystemExit: with 1, where not all was well.
    """
    await settle("slow", lambda: _compare(reactor, _command(arguments)))


if __name__ == "__main__":
    react(main, sys.argv[1:])
