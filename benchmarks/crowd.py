"""
Thousands of sessions at once, each of which sends numbered messages to a server
that sends them back: does every one come once and in its order?

    python benchmarks/crowd.py             2,000 by xhr-polling and 2,000 by websocket
    python benchmarks/crowd.py --streams   500 by each streaming transport
    python benchmarks/crowd.py websocket htmlfile colon-websocket --each 100

The server is a C{twistd socketio} of its own. Both ends count (see
L{benchmarks.echo}); the exit status is 1 if anything was lost, doubled or out of
order, or if a session ended by itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import inf
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, react

from benchmarks.colonpeers import COLON_PEERS
from benchmarks.echo import REPORT, Numbers, Total, total
from benchmarks.peers import PEERS, Owner, Peer, Unexpected, Way, WebSocket, XHRPolling
from benchmarks.server import Failed, Server, addPatience, allowFiles, settle

ALL: dict[str, type[Peer]] = {**PEERS, **COLON_PEERS}
STREAMS = ("server-events", "htmlfile", "xhr-multipart", "flashsocket")
SPARE_FILES = 100
"""How many files a process may have open beside the sessions' connections."""

REPORT_SECONDS = 2.0
"""How often a phase says how far it is."""

HEADINGS = ("sessions", "sent", "received", "lost", "doubled", "out of order")


def say(text: str) -> None:
    """
    Print, and at once.
    """
    print(text, flush=True)


class Phase:
    """
    A part of the run, which says how far it is, and is over when as much has
    been done as should be, or when nothing happens any more.

    @ivar over: fires with the seconds it took.
    """

    def __init__(
        self, reactor: Any, name: str, goal: int, patience: float, longest: float | None = 20.0
    ) -> None:
        """
        @param name: what is being done, with a verb and a thing.
        @param patience: after so many seconds in which nothing happens it is
            given up.
        @param longest: and after so many times as many in all; L{None} where
            it may take any time.
        """
        self.over: Deferred[float] = Deferred()
        self._reactor = reactor
        self._name = name
        self._goal = goal
        self._patience = patience
        self._longest = inf if longest is None else longest * patience
        self._done = self._reported = 0
        self._began = self._moved = reactor.seconds()
        self._call = LoopingCall(self._report)
        self._call.clock = reactor
        self._call.start(REPORT_SECONDS, now=False)
        self.step(0)

    def step(self, count: int = 1) -> None:
        """
        So much more has been done.
        """
        self._done += count
        self._moved = self._reactor.seconds()
        if self._done >= self._goal:
            self._end()

    def _report(self) -> None:
        now = self._reactor.seconds()
        say(f"{now - self._began:6.1f} s  {self._done} of {self._goal} {self._name}")
        if now - self._moved > self._patience or now - self._began > self._longest:
            say(f"Nothing has happened for {now - self._moved:.0f} s: given up.")
            self._end()

    def _end(self) -> None:
        if not self.over.called:
            self._call.stop()
            self.over.callback(self._reactor.seconds() - self._began)


class Visitor(Owner):
    """
    One session that sends numbers and hears them again.

    @ivar kind: which one it is of.
    @ivar sent: how many it has sent.
    @ivar numbers: what it has heard.
    @ivar fault: why its session has ended; C{""} while it has not.
    """

    def __init__(self, kind: type[Peer], way: Way, who: str, messages: int) -> None:
        self.kind = kind.name
        self.sent = 0
        self.numbers = Numbers()
        self.fault = ""
        self._who = who
        self._messages = messages
        self._burst = 0
        self._peer = kind(way, self)
        self._step: Callable[[int], None] = _ignore
        self._left = 0

    def open(self, phase: Phase) -> None:
        """
        Open the session.
        """
        self._step, self._left = phase.step, 1
        self._peer.open()

    def talk(self, phase: Phase) -> None:
        """
        Begin to send.
        """
        self._step, self._left = phase.step, self._messages
        if self.fault:
            self._done(self._left)
        else:
            self._send()

    def close(self) -> None:
        """
        Go.
        """
        self._step = _ignore
        self._peer.close()

    def opened(self) -> None:
        """
        See L{Owner.opened}.
        """
        self._done(1)

    def heard(self, text: str) -> None:
        """
        See L{Owner.heard}.
        """
        who, _, number = text.rpartition("-")
        if who != self._who:
            raise Unexpected(f"{self._who} heard {text!r}")
        known = self.numbers.different
        self.numbers.take(int(number))
        self._done(self.numbers.different - known)
        # With the first echo of a burst, so that its others are still under way.
        if self.numbers.different > self.sent - self._burst:
            self._send()

    def gone(self, why: str) -> None:
        """
        See L{Owner.gone}.
        """
        self.fault = why
        self._done(self._left)

    def _send(self) -> None:
        """
        Send a burst, one number longer than the one before.
        """
        self._burst = min(self._burst + 1, self._messages - self.sent)
        numbers = range(self.sent, self.sent + self._burst)
        self.sent += self._burst
        if numbers:
            self._peer.send([f"{self._who}-{number}" for number in numbers])

    def _done(self, count: int) -> None:
        self._left -= count
        self._step(count)


def _ignore(count: int) -> None:
    """
    Nobody asks.
    """


class Auditor(Owner):
    """
    Asks the server what it has heard.

    @ivar report: fires with what L{Echo} tells.
    """

    def __init__(self, way: Way) -> None:
        self.report: Deferred[dict[str, Any]] = Deferred()
        self._peer = WebSocket(way, self)
        self._peer.open()

    def opened(self) -> None:
        """
        See L{Owner.opened}.
        """
        self._peer.send([REPORT])

    def heard(self, text: str) -> None:
        """
        See L{Owner.heard}.
        """
        self._peer.close()
        self.report.callback(json.loads(text))

    def gone(self, why: str) -> None:
        """
        See L{Owner.gone}.
        """
        self.report.errback(Failed(f"the server does not say what it has heard: {why}"))


class Row(NamedTuple):
    """
    A line of the outcome.
    """

    what: str
    sessions: int
    sent: int
    received: int
    lost: int
    doubled: int
    disordered: int

    @property
    def isGood(self) -> bool:
        """
        Whether all came, once and in order.
        """
        return not (self.lost or self.doubled or self.disordered)

    def __str__(self) -> str:
        what, *numbers = self
        return f"{what:<32}" + "".join(f"{number:>13}" for number in numbers)

    @classmethod
    def of(cls, what: str, heard: Total, sent: int, expected: int) -> Row:
        """
        @param heard: at one end.
        @param sent: from the other.
        @param expected: how many should have been.
        """
        lost = expected - heard.different
        received = heard.different + heard.doubled
        return cls(what, heard.sessions, sent, received, lost, heard.doubled, heard.disordered)


HEADING = f"{'':<32}" + "".join(f"{name:>13}" for name in HEADINGS)


class Crowd:
    """
    The run.
    """

    def __init__(self, reactor: Any, options: argparse.Namespace) -> None:
        self._reactor = reactor
        self._options = options
        self._kinds = [ALL[name] for name in options.kinds]
        self._visitors: list[Visitor] = []

    async def run(self) -> bool:
        """
        @return: whether all was well.
        @raise Failed: it could not be done.
        """
        options = self._options
        allowFiles(SPARE_FILES + options.each * sum(kind.connections for kind in self._kinds))
        server = Server()
        kinds: list[type[Peer]] = [*self._kinds, WebSocket]
        names = [kind.transport or kind.name for kind in kinds]
        server.start(self._reactor, options.app, dict.fromkeys(names))
        self._reactor.addSystemEventTrigger("before", "shutdown", server.stop, "KILL")
        way = Way(self._reactor, await server.ready)
        self._visitors = [
            Visitor(kind, way, f"{kind.name}-{index}", options.messages)
            for index in range(options.each)
            for kind in self._kinds
        ]
        await self._meet()
        report = await self._audit(way)
        isWell = self._tell(report)
        for visitor in self._visitors:
            visitor.close()
        await server.stop()
        return server.isClean(say) and isWell

    async def _meet(self) -> None:
        """
        Open all sessions, and then have them all talk.
        """
        opening = self._phase("sessions are open", len(self._visitors))
        for visitor in self._visitors:
            visitor.open(opening)
        seconds = await opening.over
        say(f"All were opened in {seconds:.1f} s.")
        talking = self._phase("echoes have come", len(self._visitors) * self._options.messages)
        for visitor in self._visitors:
            visitor.talk(talking)
        seconds = await talking.over
        say(f"All have talked in {seconds:.1f} s.")

    def _phase(self, name: str, goal: int) -> Phase:
        return Phase(self._reactor, name, goal, self._options.patience)

    async def _audit(self, way: Way) -> dict[str, Any]:
        report = Auditor(way).report
        report.addTimeout(self._options.patience, self._reactor)
        return await report

    def _tell(self, report: dict[str, Any]) -> bool:
        """
        Print what came of it.

        @param report: of the server.
        @return: whether all was well.
        """
        faults = Counter(visitor.fault for visitor in self._visitors if visitor.fault)
        for fault, number in faults.most_common():
            say(f"{number} sessions ended by themselves: {fault}")
        for reason, number in report["gone"].items():
            say(f"{number} sessions were ended by the server or for it: {reason}")
        # The auditor is connected too.
        connected = report["connected"] - 1
        say(f"{connected} sessions were connected at once, at the end.\n\n{HEADING}")
        rows = list(chain.from_iterable(self._rows(kind.name, report) for kind in self._kinds))
        say("\n".join(map(str, rows)))
        isWell = all(row.isGood for row in rows) and connected == len(self._visitors)
        say("All came, once and in order." if isWell else "That is not well.")
        return isWell

    def _rows(self, name: str, report: dict[str, Any]) -> Iterable[Row]:
        """
        What both ends have heard, of one kind of session.
        """
        visitors = [visitor for visitor in self._visitors if visitor.kind == name]
        expected = len(visitors) * self._options.messages
        sent = sum(visitor.sent for visitor in visitors)
        heard = Total(*report["heard"].get(name, (0, 0, 0, 0)))
        echoed = heard.different + heard.doubled
        yield Row.of(f"{name}, server", heard, sent, expected)
        ours = total(visitor.numbers for visitor in visitors)
        yield Row.of(f"{name}, clients", ours, echoed, expected)


def _command(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(ALL)}")
    add("--streams", action="store_true", help=f"the same as {' '.join(STREAMS)} --each 500")
    add("--each", type=int, metavar="N", help="how many sessions of each kind")
    add("--short", action="store_true", help="the same as --each 20")
    add("--messages", type=int, default=20, metavar="N", help="how many each session sends")
    add("--app", default="benchmarks.echo:attach", help="the server's application")
    addPatience(parser, 30)
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.kinds) - set(ALL))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(ALL)}")
    if options.streams:
        options.kinds += STREAMS
    options.kinds = options.kinds or [XHRPolling.name, WebSocket.name]
    if options.each is None:
        options.each = 20 if options.short else 500 if options.streams else 2000
    return options


async def main(reactor: Any, *arguments: str) -> None:
    """
    @raise SystemExit: with 1, where not all was well.
    """
    await settle("crowd", lambda: Crowd(reactor, _command(arguments)).run())


if __name__ == "__main__":
    react(main, sys.argv[1:])
