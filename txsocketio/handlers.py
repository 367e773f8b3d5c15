"""
Who wants to hear of what, and how a handler is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import CoroutineType
from typing import Any, Final, Protocol, TypeVar, overload

from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.python.failure import Failure

from txsocketio.coroutines import begin

Handler = Callable[..., Any]
_F = TypeVar("_F", bound=Handler)


class FailureLog(Protocol):
    """
    What takes tracebacks and lines: a L{twisted.logger.Logger}, say.
    """

    def warn(self, format: str, **fields: Any) -> None:
        """
        Log a line.
        """

    def failure(self, format: str, failure: Failure | None = None, **fields: Any) -> None:
        """
        Log one.
        """


class _Raised:
    """
    The outcome of a handler that raised.
    """


RAISED: Final = _Raised()

_PLAIN = frozenset((type(None), bool, bytes, dict, float, int, list, str, tuple, _Raised))
"""Types of results that are neither awaited nor failures. To ask whether something is
a L{Deferred} takes longer than all else about a handler."""


_Marked = list[tuple[Handler, bool]]
"""Handlers, each with whether it wants one event only."""


class Handlers:
    """
    Handlers by event, in the order in which they came.
    """

    __slots__ = ("_byEvent",)

    def __init__(self) -> None:
        # A tuple is what is called each time; a list lasts as long as some in
        # it want one event only. There is no dict before there are handlers.
        self._byEvent: dict[str, tuple[Handler, ...] | _Marked] | None = None

    def add(self, event: str, f: Handler, once: bool = False) -> None:
        """
        Call C{f} at each C{event}, or at the next one only.
        """
        self._keep(event, [*self._marked(event), (f, once)])

    def remove(self, event: str, f: Handler) -> None:
        """
        Undo the latest L{add} of C{f}; nothing happens where there is none.
        """
        entries = self._marked(event)
        for index in reversed(range(len(entries))):
            if entries[index][0] == f:
                del entries[index]
                break
        self._keep(event, entries)

    def clear(self) -> None:
        """
        Nothing happens any more.
        """
        self._byEvent = None

    def take(self, event: str) -> Sequence[Handler]:
        """
        Those to be called now. Handlers that want one event only are given
        out only here, once.
        """
        found = self._byEvent.get(event, ()) if self._byEvent else ()
        if isinstance(found, tuple):
            return found
        self._keep(event, [entry for entry in found if not entry[1]])
        return [f for f, _ in found]

    def _marked(self, event: str) -> _Marked:
        found = self._byEvent.get(event, ()) if self._byEvent else ()
        return [(f, False) for f in found] if isinstance(found, tuple) else [*found]

    def _keep(self, event: str, entries: _Marked) -> None:
        if self._byEvent is None:
            self._byEvent = {}
        if any(once for _, once in entries):
            self._byEvent[event] = entries
        elif entries:
            self._byEvent[event] = tuple(f for f, _ in entries)
        else:
            self._byEvent.pop(event, None)


class EventSource:
    """
    Something that handlers can be added to.
    """

    __slots__ = ()

    _handlers: Handlers

    def addListener(self, event: str, f: Handler) -> None:
        """
        Call C{f} at each C{event}.
        """
        self._handlers.add(event, f)

    def removeListener(self, event: str, f: Handler) -> None:
        """
        Don't call C{f} at C{event} any more.
        """
        self._handlers.remove(event, f)

    @overload
    def on(self, event: str, f: None = None) -> Callable[[_F], _F]: ...

    @overload
    def on(self, event: str, f: _F) -> _F: ...

    def on(self, event: str, f: _F | None = None) -> _F | Callable[[_F], _F]:
        """
        The same as L{addListener}; without C{f} a decorator.

        @return: C{f}.
        """
        return self._add(event, f, False)

    @overload
    def once(self, event: str, f: None = None) -> Callable[[_F], _F]: ...

    @overload
    def once(self, event: str, f: _F) -> _F: ...

    def once(self, event: str, f: _F | None = None) -> _F | Callable[[_F], _F]:
        """
        Call C{f} at the next C{event} only; without C{f} a decorator.

        @return: C{f}.
        """
        return self._add(event, f, True)

    def _add(self, event: str, f: _F | None, once: bool) -> _F | Callable[[_F], _F]:
        if f is None:
            return lambda handler: self._add(event, handler, once)  # type: ignore[return-value]
        self._handlers.add(event, f, once)
        return f


def call(log: FailureLog, f: Handler, args: Sequence[Any]) -> Any:
    """
    Call a handler of the application, whatever kind it is.

    @return: its result, or a Deferred of that; L{RAISED} stands for an
        exception, or a L{Failure} that was returned, which has been logged.
    """
    try:
        result = f(*args)
    except Exception as error:
        return _raised(log, f, error)
    return result if type(result) in _PLAIN else _outcome(log, f, result)


def _raised(log: FailureLog, f: Handler, error: Exception) -> _Raised:
    # Clients send as many arguments as they like: that is no traceback.
    if not isinstance(error, TypeError) or not _isOfTheCall(error):
        return _logged(log, Failure(), f)
    log.warn("A handler does not take what has come: {handler}: {error}", handler=f, error=error)
    return RAISED


def _outcome(log: FailureLog, f: Handler, result: Any) -> Any:
    result = asDeferred(result)
    if isinstance(result, Deferred):
        result.addErrback(lambda failure: _logged(log, failure, f))
    return _logged(log, result, f) if isinstance(result, Failure) else result


def _isOfTheCall(error: TypeError) -> bool:
    """
    Whether an exception comes from where a function was called, and not from
    within it.
    """
    where = error.__traceback__
    return where is not None and where.tb_next is None


def asDeferred(result: Any) -> Any:
    """
    @return: the outcome of a coroutine, see L{begin}; anything else as it is.
    """
    return begin(result) if type(result) is CoroutineType else result


def _logged(log: FailureLog, failure: Failure, f: Handler) -> _Raised:
    log.failure("A handler raised: {handler}", failure, handler=f)
    return RAISED


def callAll(
    log: FailureLog, handlers: Sequence[Handler], args: Sequence[Any]
) -> list[Any] | Deferred[list[Any]]:
    """
    L{call} all these at once.

    @return: their results in the order of the handlers, or a Deferred of that
        where one of them takes its time.
    """
    results, isLate = [], False
    for f in handlers:
        try:
            result = f(*args)
        except Exception as error:
            result = _raised(log, f, error)
        if type(result) not in _PLAIN:
            result = _outcome(log, f, result)
            isLate = isLate or isinstance(result, Deferred)
        results.append(result)
    if not isLate:
        return results
    return gatherResults(
        [each if isinstance(each, Deferred) else succeed(each) for each in results]
    )
