"""
Coroutines that nearly never wait.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from contextvars import copy_context
from functools import partial
from types import coroutine
from typing import Any

from twisted.internet.defer import Deferred, fail


def begin(begun: Coroutine[Deferred[Any], Any, Any]) -> Any:
    """
    Run a coroutine. It takes Twisted five times as long as most of them take
    for themselves, so it is asked only where one really waits.

    @return: what it returns, if it has done so already, else a Deferred of
        that. What it raises comes as a Deferred in any case.
    """
    context = copy_context()
    try:
        awaited = context.run(begun.send, None)
    except StopIteration as done:
        return done.value
    except BaseException:
        return fail()
    return context.run(Deferred.fromCoroutine, _rest(begun, awaited))


@coroutine
def _rest(
    begun: Coroutine[Deferred[Any], Any, Any], awaited: Deferred[Any]
) -> Generator[Deferred[Any], Any, Any]:
    """
    A coroutine from its first C{await} on.
    """
    while True:
        try:
            goOn = partial(begun.send, (yield awaited))
        except BaseException as error:
            goOn = partial(begun.throw, error)
        try:
            awaited = goOn()
        except StopIteration as done:
            return done.value
