"""
The clients' end of L{benchmarks.tally}.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from benchmarks.crowd import HEADING, Auditor, Row, say
from benchmarks.echo import Numbers, Total, total
from benchmarks.enginepeers import EnginePeer
from benchmarks.peers import Owner, Peer, Unexpected, Way

BURST = 3
"""How many numbers a client sends at once."""

ATTACHED = 5
"""Each number of these goes with an attachment, if the client can do that."""


SETTLE_SECONDS = 0.5
"""How often the server is asked whether all have gone."""


class Outcome(NamedTuple):
    """
    What has come of one of the ways in which numbers go.

    @ivar heard: at the end where they should come.
    """

    sent: int
    heard: Total


class Traveller(Owner):
    """
    One client, which talks from when it is there until it is told to finish.

    @ivar kind: how the outcome names it.
    @ivar peer: its session.
    @ivar echoes: what has come of its own numbers on their way to the server
        and back.
    @ivar done: fires when all is over, whether well or not.
    @ivar fault: why it has ended before its time; C{""} if it has not.
    @ivar outcomes: by way, when it has ended in good order.
    @ivar onEcho: called with how many numbers have come back.
    """

    def __init__(self, way: Way, peer: type[Peer], kind: str = "", pause: float = 0.0) -> None:
        """
        @param pause: how long it waits before it says more, seconds.
        """
        self.kind = kind or peer.name
        self.peer = peer(way, self)
        self.echoes = Numbers()
        self.done: Deferred[None] = Deferred()
        self.fault = ""
        self.outcomes: dict[str, Outcome] = {}
        self.onEcho: Callable[[int], None] = _ignore
        self._own, self._room = Numbers(), Numbers()
        self._first = 0
        self._sent = self._asked = 0
        self._pause = pause
        self._reactor = way.reactor
        self._isTalking = True
        self._isEnrolled = False

    def open(self) -> None:
        """
        Begin.
        """
        self.peer.open()

    def finish(self) -> None:
        """
        Say no more, and go when everything has come back.
        """
        self._isTalking = False
        self._maybeBye()

    def fail(self, why: str) -> None:
        """
        Give up.
        """
        if not self.done.called:
            self.fault = why
            self._isTalking = False
            self.peer.close()
            self.done.callback(None)

    def run(self, work: Deferred[Any]) -> None:
        """
        Whoever's work fails has failed.
        """
        work.addErrback(lambda failure: self.fail(failure.getErrorMessage()))

    # See Owner.

    def opened(self) -> None:
        """
        See L{Owner.opened}.
        """
        self.peer.send(["enrol"])

    def heard(self, text: str) -> None:
        """
        See L{Owner.heard}.
        """
        what, _, rest = text.partition(" ")
        if what == "n":
            self._echoed(int(rest))
        elif what == "own":
            self._own.take(int(rest))
        elif what == "room":
            self._room.take(int(rest) - self._first)
        elif what == "enrolled":
            self._first = int(rest)
            self._isEnrolled = True
            self._speak()
            self._maybeBye()
        elif what == "bye":
            self._parted(json.loads(rest))
        else:
            raise Unexpected(f"heard {text!r}")

    def heardData(self, number: int, data: bytes) -> None:
        """
        See L{Owner.heardData}.
        """
        if data != _data(number):
            raise Unexpected(f"attachment {number} has changed: {data!r}")
        self._echoed(number)

    def gone(self, why: str) -> None:
        """
        See L{Owner.gone}.
        """
        self.fail(why)

    # What it says.

    def _echoed(self, number: int) -> None:
        self.echoes.take(number)
        self.onEcho(self.echoes.different)
        # With the first echo of a burst, so that its others are still under way.
        if self.echoes.different > self._asked:
            self._asked = self._sent
            self._reactor.callLater(self._pause, self._speak)
        self._maybeBye()

    def _speak(self) -> None:
        if not self._isTalking:
            return
        for number in range(self._sent, self._sent + BURST):
            if number % ATTACHED == 0 and isinstance(self.peer, EnginePeer):
                self.peer.sendData(number, _data(number))
            else:
                self.peer.send([f"n {number}"])
        self._asked, self._sent = self._sent, self._sent + BURST

    def _maybeBye(self) -> None:
        isAllBack = self._isEnrolled and self.echoes.different == self._sent
        if isAllBack and not self._isTalking:
            # Only once.
            self._isEnrolled = False
            self.peer.send(["bye"])

    def _parted(self, told: dict[str, Any]) -> None:
        self.outcomes = {
            "to the server": Outcome(self._sent, Total(1, *told["heard"])),
            "and back": Outcome(self._sent, total([self.echoes])),
            "server's own": Outcome(told["own"], total([self._own])),
            "to the room": Outcome(told["room"], total([self._room])),
        }
        leaving = Deferred.fromCoroutine(self.peer.leave())
        self.run(leaving.addCallback(lambda _: self.done.callback(None)))


def _data(number: int) -> bytes:
    return bytes((number + each) % 256 for each in range(number % 300))


def _ignore(count: int) -> None:
    """
    Nobody asks.
    """


def rows(travellers: Iterable[Traveller]) -> Iterator[Row]:
    """
    What has come of all that have ended in good order, by their kind.
    """
    kinds: dict[str, dict[str, list[Outcome]]] = {}
    for traveller in travellers:
        ways = kinds.setdefault(traveller.kind, {})
        for way, outcome in traveller.outcomes.items():
            ways.setdefault(way, []).append(outcome)
    for kind, ways in kinds.items():
        for way, outcomes in ways.items():
            heard = Total(*map(sum, zip(*(each.heard for each in outcomes), strict=True)))
            sent = sum(each.sent for each in outcomes)
            yield Row.of(f"{kind}, {way}", heard, sent, sent)


class Report(NamedTuple):
    """
    What the server says at the end: see L{benchmarks.tally.Tally.report}.
    """

    clients: int
    sessions: int
    gone: dict[str, int]


async def settled(way: Way, patience: float) -> Report:
    """
    Wait until all sessions have gone, but not for longer than C{patience}.

    @return: what is there then.
    """
    began = way.reactor.seconds()
    while True:
        asked: Deferred[dict[str, Any]] = Auditor(way).report
        told = await asked.addTimeout(patience, way.reactor)
        # The auditor is there too.
        report = Report(told["clients"] - 1, told["sessions"] - 1, told["gone"])
        if not report.sessions or way.reactor.seconds() - began > patience:
            return report
        await deferLater(way.reactor, SETTLE_SECONDS)


def verdict(travellers: Collection[Traveller], report: Report) -> bool:
    """
    Print what came of it.

    @return: whether all was well.
    """
    faults = Counter(f"{each.kind}: {each.fault}" for each in travellers if each.fault)
    for fault, number in faults.most_common():
        say(f"{number} sessions have failed: {fault}")
    for reason, number in report.gone.items():
        say(f"{number} sessions ended before they had said goodbye: {reason}")
    table = list(rows(travellers))
    say("\n".join(["", HEADING, *map(str, table)]))
    say(f"{report.clients} clients and {report.sessions} sessions are left.")
    isAllGone = not (faults or report.gone or report.clients or report.sessions)
    isWell = isAllGone and all(row.isGood for row in table)
    say("All came, once and in order." if isWell else "That is not well.")
    return isWell
