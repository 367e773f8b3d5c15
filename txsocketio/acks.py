"""
Acknowledgements that are waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from twisted.internet.defer import CancelledError, Deferred, DeferredList, fail
from twisted.internet.interfaces import IReactorTime

from txsocketio.errors import AckTimeout, ClientDisconnected, DisconnectReason

_Results = Sequence[tuple[bool, Any]]
"""Of a L{DeferredList}."""


class Acks:
    """
    What one client has been asked, by number.
    """

    __slots__ = ("_limit", "_waiting")

    def __init__(self, limit: int) -> None:
        """
        @param limit: how many may be waited for.
        """
        self._limit = limit
        self._waiting: dict[int, Deferred[Any]] = {}

    def expect(self, id: int) -> Deferred[Any]:
        """
        Wait for the acknowledgement of that number; cancelling gives it up.

        @return: fires with what is acknowledged: L{None}, the one argument,
            or a L{tuple} of several. Fails with L{ClientDisconnected}, or at
            once with L{AckTimeout} where too many are waited for.
        """
        if len(self._waiting) >= self._limit:
            return fail(AckTimeout("too many acknowledgements are awaited of this client"))
        done: Deferred[Any] = Deferred(lambda _: self._forget(id))
        self._waiting[id] = done
        return done

    def _forget(self, id: int) -> None:
        self._waiting.pop(id, None)

    def awaits(self, id: int) -> bool:
        """
        Whether that one is still waited for.
        """
        return id in self._waiting

    def answered(self, id: int | None, args: Sequence[Any]) -> None:
        """
        One has come. One that answers nothing, or comes twice, is ignored.
        """
        done = None if id is None else self._waiting.pop(id, None)
        if done is not None:
            done.callback(None if not args else args[0] if len(args) == 1 else tuple(args))

    def abandon(self, reason: DisconnectReason, spared: Collection[int] = ()) -> None:
        """
        None will come any more.

        @param spared: what has not been asked yet.
        """
        for id in [each for each in self._waiting if each not in spared]:
            done = self._waiting.pop(id, None)
            if done is not None:
                done.errback(ClientDisconnected(reason))


NOTHING_ASKED = Acks(0)
"""Those of whoever has been asked nothing yet."""


def within(done: Deferred[Any], timeout: float | None, clock: IReactorTime) -> Deferred[Any]:
    """
    Give up waiting after a while.

    @param timeout: seconds; L{None} for never.
    @return: C{done}, which fails with L{AckTimeout} then.
    """
    if timeout is None:
        return done

    def overdue(_: object, seconds: float) -> NoReturn:
        raise AckTimeout(f"no acknowledgement within {seconds} s")

    return done.addTimeout(timeout, clock, overdue)


def gather(
    asked: Sequence[Deferred[Any]], timeout: float | None, clock: IReactorTime
) -> Deferred[list[Any]]:
    """
    Wait for what many have been asked.

    @param asked: of L{Acks.expect}.
    @param timeout: seconds; L{None} for as long as they are all there.
    @return: fires with all their answers, in the order of C{asked}. Fails
        with L{AckTimeout}, which has those that have come, when the time is
        over, or as soon as the only ones missing are of clients that have
        gone. Cancelling gives them all up.
    """
    every: Deferred[Any] = DeferredList(asked, consumeErrors=True)

    def overdue(results: Any, seconds: float) -> NoReturn:
        answers = _answers(results)
        silent = len(results) - len(answers)
        raise AckTimeout(f"{silent} of {len(results)} silent for {seconds} s", answers)

    if timeout is not None:
        every.addTimeout(timeout, clock, overdue)
    return every.addCallback(_complete)


def _answers(results: _Results) -> list[Any]:
    return [answer for isAnswer, answer in results if isAnswer]


def _complete(results: _Results) -> list[Any]:
    answers = _answers(results)
    if any(not isAnswer and why.check(CancelledError) for isAnswer, why in results):
        raise CancelledError
    if len(answers) < len(results):
        gone = len(results) - len(answers)
        raise AckTimeout(f"{gone} of {len(results)} have gone", answers)
    return answers
