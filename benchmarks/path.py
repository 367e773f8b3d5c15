"""
What one message costs between a transport and the handler, and back: the way from
C{Session.received} to C{ITransport.write}, in one process, without a socket.

    python -m benchmarks.path                      an echo of 20 bytes, in each generation
    python -m benchmarks.path eio4 --bytes 900
    python -m benchmarks.path eio4 --profile       each call by its name

Of each generation: microseconds for a message, how many of them JSON takes, and how
many calls of Python functions there are, in this package and in all; the handler's
own is not among them. Those that know no events echo a message.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

import txsocketio
from txsocketio.clientdialects import CLIENT_PROTOCOLS
from txsocketio.errors import DisconnectReason, UnsupportedByClient
from txsocketio.frames import Frame
from txsocketio.handshake import Arrival
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.listener import PROTOCOLS
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._json import dumps, loads

_PACKAGE = str(Path(txsocketio.__file__).parent)


@implementer(ITransport)
class Counting:
    """
    A transport that is always writable and only counts.

    @ivar frames: how many it has been given.
    @ivar last: the last one, as a WebSocket would send it.
    """

    name = "websocket"
    isStream = True
    writable = True

    def __init__(self, session: ISession) -> None:
        self.session: ISession | None = session
        self.frames = 0
        self.last = b""

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        for frame in frames:
            self.frames += 1
            self.last = frame.webSocket

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}. What is measured does not end.
        """
        raise AssertionError(f"{reason}: {detail}")


class Echo:
    """
    A client of one generation, whose messages come back.

    @ivar message: what it sends.
    """

    def __init__(self, name: str, payload: str) -> None:
        """
        @param name: of the generation.
        """
        listener = txsocketio.Listener(reactor=MemoryReactorClock(), connectTimeout=None)
        listener.on("connection", _echo)
        place = Place(PROTOCOLS[name], Counting.name)
        arrival = Arrival(
            headers={}, query={}, address="192.0.2.1", secure=False, time=0.0, url="/"
        )
        self._session = listener._manager.create(place, arrival)
        self._transport = Counting(self._session)
        self._session.attach(self._transport)
        speech = CLIENT_PROTOCOLS[name]
        if not speech.joinsRoot:
            self._session.received(speech.encode(Packet(Kind.CONNECT)).text)
        try:
            frame = speech.encode(Packet(Kind.EVENT, ["echo", payload]))
        except UnsupportedByClient:
            frame = speech.encode(Packet(Kind.MESSAGE, payload))
        self.message = frame.text
        self.send()
        # What has been sent comes back as it is.
        assert self._transport.last.endswith(frame.data), self._transport.last

    def send(self, times: int = 1) -> None:
        """
        Send the message, and have it come back.
        """
        expected = self._transport.frames + times
        received, message = self._session.received, self.message
        for _ in range(times):
            received(message)
        assert self._transport.frames == expected, "a message has not come back"


def _echo(client: txsocketio.Client) -> None:
    client.on("echo", lambda text: client.emit("echo", text))
    client.on("message", client.send)


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


def calls(f: Callable[[], object]) -> Counter[tuple[str, str]]:
    """
    The Python functions that are called meanwhile, by file and name.
    """
    found: Counter[tuple[str, str]] = Counter()

    def seen(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            found[frame.f_code.co_filename, frame.f_code.co_qualname] += 1

    sys.setprofile(seen)
    try:
        f()
    finally:
        sys.setprofile(None)
    return Counter({key: count for key, count in found.items() if key[0] != __file__})


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
    print(f"{'us':>18}{'JSON':>8}{'calls':>8}{'in all':>8}")
    ofJSON = seconds(json(payload), options.messages, options.rounds)
    for name in options.protocols:
        echo = Echo(name, payload)
        taken = seconds(echo.send, options.messages, options.rounds)
        called = calls(echo.send)
        own = sum(count for (file, _), count in called.items() if file.startswith(_PACKAGE))
        share = ofJSON if "echo" in echo.message else 0.0
        print(f"{name:12}{taken * 1e6:6.2f}{share * 1e6:8.2f}{own:8}{called.total():8}")
        for (file, function), count in called.items() if options.profile else ():
            print(f"    {count:3}  {Path(file).stem}.{function}")


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
