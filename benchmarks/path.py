"""
What one message costs between a transport and the handler, and back: the way from
C{Session.received} to C{ITransport.write}, in one process, without a socket.

    python -m benchmarks.path                      an echo of 20 bytes, in each generation
    python -m benchmarks.path eio4 --bytes 900
    python -m benchmarks.path eio4 --profile       each call by its name

Of each generation: microseconds for a message, how many of them JSON takes, and how
many calls of Python functions there are; the handler's own and the transport's are
not among them. Those that know no events echo a message.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import suppress

from txsocketio.listener import PROTOCOLS
from txsocketio.protocol._json import dumps, library, loads
from txsocketio.test.echoing import Echo, calls


def seconds(f: Callable[[int], None], times: int, rounds: int) -> float:
    """
    How long C{f} takes for each of so many: that of the quietest round, for the
    machine may have other things to do.
    """
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        f(times)
        taken.append((time.process_time() - began) / times)
    return min(taken)


def json(payload: str) -> Callable[[int], None]:
    """
    Does with JSON what an event's way there and back does.
    """
    text = dumps(["echo", payload])

    def work(times: int) -> None:
        for _ in range(times):
            dumps(loads(text))

    return work


def main() -> None:
    """
    The command.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("protocols", nargs="*", default=[*PROTOCOLS], metavar="protocol")
    parser.add_argument("--bytes", type=int, default=20, help="of the text that is echoed")
    parser.add_argument("--messages", type=int, default=20_000, help="in each round")
    parser.add_argument("--rounds", type=int, default=7, help="of which the quietest counts")
    parser.add_argument("--profile", action="store_true", help="show each call by its name")
    options = parser.parse_args()
    payload = "x" * options.bytes
    print(f"JSON by {library}")
    print(f"{'us':>18}{'JSON':>8}{'calls':>8}")
    ofJSON = seconds(json(payload), options.messages, options.rounds)
    for name in options.protocols:
        echo = Echo(name, payload)
        taken = seconds(echo.send, options.messages, options.rounds)
        called = calls(echo.send)
        share = ofJSON if "echo" in echo.message else 0.0
        print(f"{name:12}{taken * 1e6:6.2f}{share * 1e6:8.2f}{called.total():8}")
        for function, count in called.items() if options.profile else ():
            print(f"    {count:3}  {function}")


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
