"""
What runs of very many random cases have in common.
"""

from __future__ import annotations

import time
from collections.abc import Callable

REPORTS = 20
"""How many lines of progress a run prints."""


def begin(title: str, noun: str, count: int, seed: int | None) -> tuple[int, Callable[[int], None]]:
    """
    Say what is going to be run.

    @param noun: what cases are called.
    @param seed: of an earlier run, to repeat it.
    @return: the seed to run with, and what tells how many are done.
    """
    seed = seed if seed is not None else time.time_ns() % 1_000_000
    print(f"{title}{count} {noun}, seed {seed}", flush=True)
    began = time.monotonic()

    def report(done: int) -> None:
        rate = done / (time.monotonic() - began)
        print(f"{done} {noun}, {rate:.0f} a second", flush=True)

    return seed, report
