"""
A server in memory, on a clock that stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock

from txsocketio.clientdialects import CLIENT_PARSERS
from txsocketio.errors import LocalProtocolError
from txsocketio.listener import PARSERS, Listener
from txsocketio.packets import Packet
from txsocketio.testing._client import TestClient
from txsocketio.testing._line import Line, Refused, Way
from txsocketio.testing._wire import Network, inMemory
from txsocketio.timers import Timers

_LATEST = "eio4"

_BEATS = 64


class TestServer:
    """
    A L{Listener} without sockets, on a L{Clock}, and the way to it.

    @ivar listener: the L{Listener}.
    @ivar clock: its L{Clock}.
    @ivar protocols: the names of the generations that it accepts.
    @ivar clients: all that have been made here, in their order.
    @ivar heartbeats: how many have been answered on all connections, by either
        side.
    """

    __test__ = False

    def __init__(
        self,
        attach: Callable[[Listener], object] | None = None,
        *,
        listener: Listener | None = None,
        beside: str | Iterable[str] = (),
        **options: Any,
    ) -> None:
        """
        @param attach: called with the listener: makes the application.
        @param listener: one that there is already; it has to have been made
            with a L{Clock} as its reactor.
        @param beside: what is spoken where it is mounted once more (see
            L{txsocketio.SocketIOResource}): C{"0.6"}, most likely.
        @param options: for a new one; see L{Listener}.
        """
        if listener is None:
            listener = Listener(reactor=Clock(), **options)
        elif options:
            raise LocalProtocolError("a listener that there is already has its options")
        self.listener = listener
        self.clock: Clock = listener._reactor
        if not isinstance(self.clock, Clock):
            raise LocalProtocolError("the listener's reactor has to be a Clock")
        self.network = Network()
        self.timers = Timers(self.clock)
        listener.router.exchange(inMemory)
        self._routers = [listener.router, *([listener.routerFor(beside)] if beside else ())]
        self.clients: list[TestClient] = []
        self.heartbeats = 0
        self.beats: dict[str | bytes, Packet] = {}
        self._parser = str(listener.options["parser"])
        self._dialects = {
            name: each
            for name, each in PARSERS[self._parser].items()
            if any(each in router.dialects for router in self._routers)
        }
        self.protocols = [*self._dialects]
        if attach is not None:
            attach(listener)

    def __repr__(self) -> str:
        return f"<TestServer at {self.clock.seconds():g} s with {self.listener!r}>"

    def seconds(self) -> float:
        """
        The time on the clock.
        """
        return self.clock.seconds()

    # Clients.

    def connect(
        self,
        namespace: str = "/",
        *,
        protocol: str | None = None,
        transport: str | None = None,
        auth: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        address: str = "127.0.0.1",
    ) -> TestClient:
        """
        A client connects.

        @param protocol: the name of its generation, see the option C{protocol}
            of L{Listener}; L{None} for the latest that is accepted.
        @param transport: L{None} for the first that is accepted, which is
            C{websocket} unless the options say something else.
        @param auth: what it sends to be let in.
        @param query: what stands in its URLs.
        @param headers: of its requests: C{Origin}, C{Cookie}...
        @param address: where it comes from.
        @return: the client, which is connected, unless the application takes
            its time to let it in.
        @raise Refused: it is not let in.
        """
        way = replace(
            self._way(protocol, transport),
            query=query or {},
            headers={"Host": "localhost", **(headers or {})},
            address=address,
        )
        line = Line(self, way)
        client = TestClient(self, line, namespace, auth)
        line.open()
        return self.settled(client)

    def _way(self, protocol: str | None, transport: str | None) -> Way:
        """
        @raise LocalProtocolError: the server does not accept that.
        """
        preferred = _LATEST if _LATEST in self.protocols else self.protocols[0]
        name = preferred if protocol is None else _checked(protocol, self.protocols)
        router = next(each for each in self._routers if self._dialects[name] in each.dialects)
        accepted = self.listener.options["transports"]
        known = [each for each in accepted if each in self._dialects[name].transports]
        return Way(
            dialect=CLIENT_PARSERS[self._parser][name],
            transport=known[0] if transport is None else _checked(transport, known),
            router=router,
            mount=f"/{self.listener.options['resource'].strip('/')}",
            isSilent=self._dialects[name].welcome("/", "") is None,
        )

    def settled(self, client: TestClient) -> TestClient:
        """
        Let things happen.

        @raise Refused: the client has not been let in.
        """
        if client not in self.clients:
            self.clients.append(client)
        self.flush()
        if client.refusal is not None:
            raise client.refusal
        if client.reason is not None:
            raise Refused(f"the connection has gone: {client.reason}")
        return client

    def keep(self, message: str | bytes, beat: Packet) -> None:
        """
        See L{txsocketio.testing._line.House.keep}.
        """
        if len(self.beats) >= _BEATS:
            self.beats.clear()
        self.beats[message] = beat

    def isOffset(self, text: str, last: str | None) -> bool:
        """
        Whether this is the place of an event in the log, and no argument of
        it: the log is the server's.

        @param last: the place before it that the client knows.
        """
        recovery = self.listener._shared.recovery
        if recovery is None or not text.isdecimal():
            return False
        return int(last or 0) < int(text) <= recovery.last

    # Time.

    def flush(self) -> None:
        """
        Let everything arrive that is under way. All that a client does, and
        all that a test asks about what it has heard, does this already.
        """
        self.network.flush()

    def advance(self, seconds: float = 0.0) -> None:
        """
        Let time pass, from one delayed call to the next; heartbeats are
        answered meanwhile.
        """
        self.flush()
        clock = self.clock
        end = clock.seconds() + seconds
        while True:
            calls = clock.getDelayedCalls()
            due = min((call.getTime() for call in calls), default=end)
            if due >= end:
                break
            clock.rightNow = max(due, clock.rightNow)
            clock.advance(0)
            self.flush()
        clock.rightNow = end
        clock.advance(0)
        self.flush()

    def close(self) -> None:
        """
        Close the listener, and see that nothing is left over: no sessions, and
        no delayed calls, the application's included.

        @raise AssertionError: something is.
        """
        done = self.listener.close()
        self.flush()
        if not done.called:
            self.advance(_FAREWELL)
        if not done.called or self.listener._manager.sessions:
            raise AssertionError(f"{self!r} does not close")
        self.timers.stop()
        calls = self.clock.getDelayedCalls()
        if calls:
            raise AssertionError(f"{self!r} leaves behind {', '.join(map(str, calls))}")


def _checked(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise LocalProtocolError(f"{name!r} is not accepted here, but {', '.join(known)}")
    return name


_FAREWELL = 60.0
"""Seconds in which all clients have fetched what waits for them, or never do."""
