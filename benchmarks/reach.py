"""
What it costs to send one thing to many: the way from C{emit} to
C{ITransport.write} of everybody who is there, in one process, without a socket.

    python -m benchmarks.reach                  1,000 clients, each audience
    python -m benchmarks.reach --clients 10000 --protocol annotated
    python -m benchmarks.reach room --profile

Of each audience: microseconds of CPU time for a delivery, and the longest that one turn of the
reactor took. What a transport does itself is not in it, but for the call.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

import txsocketio
from txsocketio.audience import Audience
from txsocketio.clientdialects import CLIENT_PROTOCOLS
from txsocketio.errors import DisconnectReason
from txsocketio.frames import Frame
from txsocketio.handshake import Arrival
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.listener import PROTOCOLS
from txsocketio.packets import Kind, Packet

_FEW = 4
"""How many clients are in the smallest room."""


@implementer(ITransport)
class Mute:
    """
    A transport that is always writable, and counts.

    @ivar writes: how often it was written to.
    """

    __slots__ = ("session", "writes")

    name = "websocket"
    isStream = True
    writable = True

    def __init__(self, session: ISession) -> None:
        self.session: ISession | None = session
        self.writes = 0

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        self.writes += 1

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}. What is measured does not end.
        """
        raise AssertionError(f"{reason}: {detail}")


class Turns(MemoryReactorClock):
    """
    A clock that goes on by one turn of the reactor.
    """

    def turn(self) -> None:
        """
        Do what is due, and not what comes of it.
        """
        for call in [each for each in self.calls if each.getTime() <= self.seconds()]:
            self.calls.remove(call)
            call.called = 1
            call.func(*call.args, **call.kw)


class Crowd:
    """
    A listener with clients, which are in the rooms C{all} and C{few} as well.
    """

    def __init__(self, protocols: Sequence[str], size: int) -> None:
        """
        @param protocols: their generations, by turns.
        """
        self.clock = Turns()
        self.io = txsocketio.Listener(
            reactor=self.clock,
            connectTimeout=None,
            maxSessionsPerAddress=None,
            maxSessionsPerSecond=None,
        )
        self.transports = [self._come(protocols[at % len(protocols)]) for at in range(size)]
        self.clients = list(self.io.clients.values())
        assert len(self.clients) == size, "not all have come in"
        for at, client in enumerate(self.clients):
            client.join("all", *(["few"] if at < _FEW else []))

    def _come(self, protocol: str) -> Mute:
        arrival = Arrival(
            headers={}, query={}, address="192.0.2.1", secure=False, time=0.0, url="/"
        )
        session = self.io._manager.create(Place(PROTOCOLS[protocol], Mute.name), arrival)
        transport = Mute(session)
        session.attach(transport)
        speech = CLIENT_PROTOCOLS[protocol]
        if not speech.joinsRoot:
            session.received(speech.encode(Packet(Kind.CONNECT)).text)
        return transport

    def audiences(self) -> Iterator[tuple[str, Audience]]:
        """
        Those that there are.
        """
        yield "everybody", self.io
        yield "all but one", self.clients[0].exclude()
        yield "room", self.io.to("all")
        yield "room but one", self.clients[0].to("all")
        yield "volatile", self.io.volatile
        yield "few", self.io.to("few")

    def written(self) -> int:
        """
        How much has been written to all.
        """
        return sum(transport.writes for transport in self.transports)


class Run(NamedTuple):
    """
    What a run has shown.

    @ivar each: seconds for a delivery.
    @ivar longest: those of the longest turn of the reactor.
    """

    each: float
    longest: float


def run(crowd: Crowd, audience: Audience, deliveries: int) -> Run:
    """
    Emit so often that about as much is delivered.
    """
    before = crowd.written()
    list(_broadcast(crowd, audience))
    times = max(1, deliveries // (crowd.written() - before))
    before = crowd.written()
    gc.collect()
    turns = [turn for _ in range(times) for turn in _broadcast(crowd, audience)]
    return Run(sum(turns) / (crowd.written() - before), max(turns))


def _broadcast(crowd: Crowd, audience: Audience) -> Iterator[float]:
    """
    Emit once, until everybody has it.

    @return: how long each turn of the reactor took.
    """
    yield _timed(lambda: audience.emit("news", "x" * 20))
    while crowd.io._manager.unfinished:
        yield _timed(crowd.clock.turn)


def _timed(f: Callable[[], object]) -> float:
    began = time.process_time()
    f()
    return time.process_time() - began


def main() -> int:
    """
    The command.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("audiences", nargs="*", metavar="audience", help="the default is each")
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument(
        "--protocol", nargs="+", default=["eio4"], metavar="NAME", help="several take turns"
    )
    parser.add_argument("--deliveries", type=int, default=200_000, help="in each run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    options = parser.parse_args()
    crowd = Crowd(options.protocol, options.clients)
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    print(f"{options.clients} clients of {', '.join(options.protocol)}")
    print(f"{'audience':16}{'us/delivery':>12}{'longest turn, us':>18}")
    for name, audience in crowd.audiences():
        if options.audiences and name not in options.audiences:
            continue
        runs = [run(crowd, audience, options.deliveries) for _ in range(options.runs)]
        each, longest = (median(values) * 1e6 for values in zip(*runs, strict=True))
        print(f"{name:16}{each:12.3f}{longest:18.0f}")
    if options.profile:
        profile.disable()
        profile.print_stats("tottime")
    return 0


if __name__ == "__main__":
    sys.exit(main())
