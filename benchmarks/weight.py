"""
What a client costs beside its connection: bytes kept and time taken, from the URL to
the handlers of C{connection}, and back.

    python -m benchmarks.weight                    2,000 clients of Engine.IO 4 and of 2010
    python -m benchmarks.weight eio4 --clients 500
    python -m benchmarks.weight --lines            where what is kept was made
    python -m benchmarks.weight --profile          where the time goes

There are no sockets, and there is no HTTP: what carries a session does nothing.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import time
import tracemalloc
from collections import Counter

from txsocketio.test.weighing import URLS, Hall

_WARM = 100
"""Clients that come and go before anything is measured."""


def kept(hall: Hall, clients: int) -> float:
    """
    How many bytes a client takes, as the allocator counts them.
    """
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    hall.fill(clients)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    # What only this command has: the carriers.
    own = sum(
        trace.size
        for trace in tracemalloc.take_snapshot().statistics("filename")
        if trace.traceback[0].filename.endswith("weighing.py")
    )
    tracemalloc.stop()
    return (after - before - own) / clients


def shown(hall: Hall, clients: int) -> None:
    """
    Print what is kept for a client, by type.
    """
    before = hall.weigh()
    hall.fill(clients)
    after = hall.weigh()
    after.subtract(before)
    print(f"    {'of which, by sys.getsizeof':36}{sum(after.values()) / clients:8.0f}")
    for name, size in after.most_common(24):
        if size / clients >= 1:
            print(f"      {name:34}{size / clients:8.0f}")


def lines(hall: Hall, clients: int) -> None:
    """
    Print where what is kept for a client was made.
    """
    tracemalloc.start()
    hall.fill(clients)
    gc.collect()
    places: Counter[str] = Counter()
    for trace in tracemalloc.take_snapshot().statistics("lineno"):
        where = trace.traceback[0]
        places[f"{'/'.join(where.filename.split('/')[-2:])}:{where.lineno}"] += trace.size
    tracemalloc.stop()
    for place, size in places.most_common(40):
        print(f"      {place:34}{size / clients:8.0f}")


def taken(hall: Hall, clients: int, rounds: int) -> float:
    """
    How many microseconds it takes a client to come, join and go; the least of
    several rounds. The collector looks at nothing that was there before.
    """
    best = float("inf")
    for _ in range(rounds):
        requests = [hall.request() for _ in range(clients)]
        gc.collect()
        gc.freeze()
        began = time.process_time()
        for request in requests:
            hall.come(request)
        hall.empty()
        best = min(best, time.process_time() - began)
        gc.unfreeze()
    return best / clients * 1e6


def measure(protocol: str, options: argparse.Namespace) -> None:
    """
    Print all figures of one generation.
    """
    hall = Hall(protocol)
    hall.fill(_WARM)
    hall.empty()
    print(protocol)
    print(f"    {'kept, bytes':36}{kept(hall, options.clients):8.0f}")
    hall.empty()
    shown(hall, options.clients)
    hall.empty()
    if options.lines:
        lines(hall, options.clients)
        hall.empty()
    profile = cProfile.Profile()
    print(f"    {'coming, joining and going, us':36}{taken(hall, options.clients, 5):8.0f}")
    if options.profile:
        profile.runcall(taken, hall, options.clients, 1)
        profile.print_stats("tottime")


def main() -> None:
    """
    The command.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("protocols", nargs="*", default=["eio4", "annotated"], metavar="protocol")
    parser.add_argument("--clients", type=int, default=2_000)
    parser.add_argument("--lines", action="store_true", help="show where what is kept was made")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    options = parser.parse_args()
    unknown = set(options.protocols) - set(URLS)
    if unknown:
        parser.error(f"there are {', '.join(URLS)}")
    for protocol in options.protocols:
        measure(protocol, options)


if __name__ == "__main__":
    main()
