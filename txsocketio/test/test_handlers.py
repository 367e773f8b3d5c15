"""
Tests for L{txsocketio.handlers}.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.handlers import RAISED, EventSource, Handlers, asDeferred, call, callAll
from txsocketio.test.fakes import FakeLog


class Source(EventSource):
    """
    Something with events.
    """

    def __init__(self) -> None:
        self._handlers = Handlers()

    def fire(self, event: str) -> list[Any]:
        """
        Call the handlers.

        @return: their results.
        """
        return [f() for f in self._handlers.take(event)]


def returning(result: Any) -> Callable[[], Any]:
    """
    A handler that returns just this.
    """
    return lambda: result


class EventSourceTests(SynchronousTestCase):
    """
    Who is called.
    """

    def setUp(self) -> None:
        self.source = Source()

    def test_order(self) -> None:
        """
        Handlers are called in the order in which they came, at each event of
        their name.
        """
        for name in "abc":
            self.source.addListener("event", returning(name))
        self.source.addListener("other", returning("x"))
        self.assertEqual(self.source.fire("event"), ["a", "b", "c"])
        self.assertEqual(self.source.fire("event"), ["a", "b", "c"])
        self.assertEqual(self.source.fire("nothing"), [])

    def test_once(self) -> None:
        """
        One that wants one event gets one, where the others keep their places.
        """
        self.source.on("event", returning("a"))
        self.source.once("event", returning("b"))
        self.source.on("event", returning("c"))
        self.assertEqual(self.source.fire("event"), ["a", "b", "c"])
        self.assertEqual(self.source.fire("event"), ["a", "c"])

    def test_nothingLeft(self) -> None:
        """
        Of events that nobody waits for any more nothing is kept: an
        application may make their names up as it goes.
        """
        for number in range(3):
            self.source.once(f"reply {number}", returning(number))
            self.assertEqual([number], self.source.fire(f"reply {number}"))
            f = self.source.on(f"news {number}", returning(number))
            self.assertEqual([number], self.source.fire(f"news {number}"))
            self.source.removeListener(f"news {number}", f)
            self.assertEqual([], self.source.fire(f"news {number}"))
        self.assertEqual({}, self.source._handlers._byEvent)

    def test_onceWithin(self) -> None:
        """
        It is not called again by an event that it causes itself.
        """
        calls = []

        def handler() -> None:
            calls.append(1)
            self.source.fire("event")

        self.source.once("event", handler)
        self.source.fire("event")
        self.assertEqual(calls, [1])

    def test_twice(self) -> None:
        """
        Who is added twice is called twice.
        """
        handler = returning("a")
        self.source.on("event", handler)
        self.source.on("event", handler)
        self.assertEqual(self.source.fire("event"), ["a", "a"])

    def test_remove(self) -> None:
        """
        Removing undoes the latest adding.
        """
        a, b = returning("a"), returning("b")
        for f in (a, b, a):
            self.source.on("event", f)
        self.source.removeListener("event", a)
        self.assertEqual(self.source.fire("event"), ["a", "b"])
        self.source.removeListener("event", a)
        self.assertEqual(self.source.fire("event"), ["b"])

    def test_removeOnce(self) -> None:
        """
        The same of one that has not been called yet.
        """
        handler = self.source.once("event", returning("a"))
        self.source.removeListener("event", handler)
        self.assertEqual(self.source.fire("event"), [])

    def test_removeMethod(self) -> None:
        """
        A bound method is another object each time, and the same handler.
        """
        calls: list[None] = []
        self.source.on("event", calls.clear)
        self.source.removeListener("event", calls.clear)
        self.assertEqual(self.source.fire("event"), [])

    def test_removeNobody(self) -> None:
        """
        Removing who is not there is no error, and harms nobody.
        """
        handler = returning("a")
        self.source.removeListener("event", handler)
        self.source.on("event", returning("b"))
        self.source.on("other", handler)
        self.source.removeListener("event", handler)
        self.assertEqual(self.source.fire("event"), ["b"])
        self.assertEqual(self.source.fire("other"), ["a"])

    def test_changedWithin(self) -> None:
        """
        An event is for those who were there when it came.
        """

        def handler() -> str:
            self.source.removeListener("event", last)
            self.source.on("event", returning("new"))
            return "first"

        last = returning("last")
        self.source.once("event", handler)
        self.source.on("event", last)
        self.assertEqual(self.source.fire("event"), ["first", "last"])
        self.assertEqual(self.source.fire("event"), ["new"])

    def test_returned(self) -> None:
        """
        C{on} and C{once} return the handler.
        """
        handler = returning("a")
        self.assertIs(self.source.on("event", handler), handler)
        self.assertIs(self.source.once("event", handler), handler)

    def test_decorator(self) -> None:
        """
        Without a handler they are decorators that leave it as it is.
        """

        @self.source.on("event")
        def always() -> str:
            return "always"

        @self.source.once("event")
        def once() -> str:
            return "once"

        self.assertEqual((always(), once()), ("always", "once"))
        self.assertEqual(self.source.fire("event"), ["always", "once"])
        self.assertEqual(self.source.fire("event"), ["always"])


class CallCase(SynchronousTestCase):
    """
    What the tests of calling have in common.
    """

    def setUp(self) -> None:
        self.observer = FakeLog()
        self.log = Logger(observer=self.observer)

    def raising(self) -> None:
        """
        A handler that raises.
        """
        raise ZeroDivisionError("oh")

    def assertLogged(self, kind: type[Exception]) -> None:
        """
        This was logged, once, with its traceback and the handler.
        """
        (event,) = self.observer.events
        self.assertIsInstance(event["log_failure"].value, kind)
        self.assertEqual(event["log_level"].name, "critical")
        self.assertIn("handler", event)


class CallTests(CallCase):
    """
    How a handler is called.
    """

    def test_sync(self) -> None:
        """
        What a function returns is its result.
        """
        result = call(self.log, lambda *args: args, (1, "a"))
        self.assertEqual(result, (1, "a"))

    def test_deferred(self) -> None:
        """
        A Deferred is handed on.
        """
        done: Deferred[str] = Deferred()
        result = call(self.log, returning(done), ())
        self.assertNoResult(result)
        done.callback("later")
        self.assertEqual(self.successResultOf(result), "later")

    def test_coroutine(self) -> None:
        """
        A coroutine is run, and its result is a Deferred.
        """
        gate: Deferred[str] = Deferred()

        async def handler(prefix: str) -> str:
            return prefix + await gate

        result = call(self.log, handler, ("it was ",))
        self.assertNoResult(result)
        gate.callback("later")
        self.assertEqual(self.successResultOf(result), "it was later")

    def test_raises(self) -> None:
        """
        An exception is logged, with its traceback, and goes no further.
        """
        self.assertIs(call(self.log, self.raising, ()), RAISED)
        self.assertLogged(ZeroDivisionError)
        self.assertIn("in raising", self.observer.events[0]["log_failure"].getTraceback())

    def test_wrongArguments(self) -> None:
        """
        That a handler does not take what the client sent is one line, without
        a traceback: a client can have it written as often as it likes.
        """

        async def coroutine(one: int) -> None:
            """
            A handler.
            """

        for handler in (lambda: None, coroutine, self.raising):
            self.observer.events.clear()
            self.assertIs(call(self.log, handler, (1, 2)), RAISED)
            (event,) = self.observer.events
            self.assertEqual((event["log_level"].name, event["handler"]), ("warn", handler))
            self.assertIn("takes", self.observer.lines[0])
            self.assertNotIn("log_failure", event)

    def test_wrongArgumentsWithin(self) -> None:
        """
        In a handler it is an exception like any other.
        """
        self.assertIs(call(self.log, lambda: self.taking(*[1]), ()), RAISED)
        self.assertLogged(TypeError)

    def taking(self) -> None:
        """
        Takes nothing.
        """

    def test_deferredFails(self) -> None:
        result = call(self.log, returning(fail(ZeroDivisionError())), ())
        self.assertIs(self.successResultOf(result), RAISED)
        self.assertLogged(ZeroDivisionError)

    def test_coroutineRaises(self) -> None:
        async def handler() -> None:
            self.raising()

        self.assertIs(self.successResultOf(call(self.log, handler, ())), RAISED)
        self.assertLogged(ZeroDivisionError)

    def test_failure(self) -> None:
        """
        To return a L{Failure} is to raise it, as everywhere in Twisted.
        """
        failure = Failure(ZeroDivisionError())
        self.assertIs(call(self.log, returning(failure), ()), RAISED)
        self.assertLogged(ZeroDivisionError)

    def test_asDeferred(self) -> None:
        """
        What is no coroutine is left alone; one that does not wait is done.
        """

        async def coroutine() -> str:
            return "a"

        done: Deferred[None] = Deferred()
        self.assertIs(asDeferred(done), done)
        self.assertEqual(asDeferred("b"), "b")
        self.assertEqual(asDeferred(coroutine()), "a")


class CallAllTests(CallCase):
    """
    How several are called.
    """

    def test_results(self) -> None:
        """
        Where none takes its time, the results are there at once.
        """
        handlers = [returning("a"), self.raising, returning(None)]
        self.assertEqual(callAll(self.log, handlers, ()), ["a", RAISED, None])
        self.assertEqual(callAll(self.log, [], ()), [])

    def test_wait(self) -> None:
        """
        Otherwise they are there when the last one is, in the order of the
        handlers. None waits for another to be called.
        """
        first: Deferred[str] = Deferred()
        last: Deferred[str] = Deferred()
        called = []
        handlers = [returning(first), returning("b"), self.raising, returning(last)]
        results = callAll(self.log, [*handlers, lambda: called.append(1)], ())
        assert isinstance(results, Deferred)
        self.assertEqual(called, [1])
        last.callback("d")
        self.assertNoResult(results)
        first.callback("a")
        self.assertEqual(self.successResultOf(results), ["a", "b", RAISED, "d", None])

    def test_waitFails(self) -> None:
        """
        One that fails does not hide the others' results, however it does.
        """
        failures = [fail(ZeroDivisionError()), Failure(ZeroDivisionError())]
        handlers = [returning(each) for each in (*failures, succeed("c"))]
        results = callAll(self.log, handlers, ())
        assert isinstance(results, Deferred)
        self.assertEqual(self.successResultOf(results), [RAISED, RAISED, "c"])
        self.assertEqual(len(self.observer.events), 2)

    def test_arguments(self) -> None:
        """
        Each gets all the arguments.
        """
        results = callAll(self.log, [max, min], (1, 2))
        self.assertEqual(results, [2, 1])
