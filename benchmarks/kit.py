"""
How long simulated clients take for simulated heartbeats, in L{txsocketio.testing}.

    python -m benchmarks.kit                       1,000 clients, 10 minutes, of each generation
    python -m benchmarks.kit eio4 --clients 5000
    python -m benchmarks.kit --profile

The exit status is 1 if a client was lost.
"""

from __future__ import annotations

import argparse
import cProfile
import sys
import time
from typing import NamedTuple

from txsocketio.listener import PROTOCOLS
from txsocketio.testing import TestServer


class Run(NamedTuple):
    """
    What a run has shown.

    @ivar connecting: how many seconds it took until all were there.
    @ivar beating: how many the rest took.
    @ivar heartbeats: how many have been answered.
    @ivar lost: how many clients are not there any more.
    """

    connecting: float
    beating: float
    heartbeats: int
    lost: int


def run(protocol: str, transport: str | None, clients: int, minutes: float) -> Run:
    """
    Let clients of a generation be there for some minutes.
    """
    began = time.perf_counter()
    server = TestServer(protocol=protocol)
    for _ in range(clients):
        server.connect(protocol=protocol, transport=transport)
    connected = time.perf_counter()
    server.advance(60.0 * minutes)
    done = time.perf_counter()
    lost = clients - min(
        sum(client.connected for client in server.clients), len(server.listener.clients)
    )
    return Run(connected - began, done - connected, server.heartbeats, lost)


def main() -> int:
    """
    The command.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("protocols", nargs="*", default=[*PROTOCOLS], metavar="protocol")
    parser.add_argument("--transport", help="the default is websocket")
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    options = parser.parse_args()
    print(f"{options.clients} clients, {options.minutes:g} minutes")
    print(f"{'':12}{'connecting':>12}{'heartbeats':>12}{'answered':>10}{'lost':>6}")
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    lost = 0
    for name in options.protocols:
        shown = run(name, options.transport, options.clients, options.minutes)
        lost += shown.lost
        print(
            f"{name:12}{shown.connecting:10.2f} s{shown.beating:10.2f} s"
            f"{shown.heartbeats:10}{shown.lost:6}"
        )
    if options.profile:
        profile.disable()
        profile.print_stats("tottime")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
