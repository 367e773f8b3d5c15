"""
A client whose messages come back, without a socket: all that is between a transport
and the handler, for who measures it or counts its calls.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from txsocketio.client import Client
from txsocketio.clientdialects import CLIENT_PROTOCOLS
from txsocketio.errors import DisconnectReason, UnsupportedByClient
from txsocketio.frames import Frame
from txsocketio.handshake import Arrival
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.listener import PROTOCOLS, Listener
from txsocketio.packets import Kind, Packet

_TESTS = Path(__file__).parent


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
        self.frames += len(frames)
        self.last = frames[-1].webSocket

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
        listener = Listener(reactor=MemoryReactorClock(), connectTimeout=None)
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


def _echo(client: Client) -> None:
    client.on("echo", lambda text: client.emit("echo", text))
    client.on("message", client.send)


def called(f: Callable[..., object], *arguments: Any) -> int:
    """
    How many Python functions are called when this one is, itself among them.
    """
    return calls(lambda: f(*arguments)).total()


def calls(f: Callable[[], object]) -> Counter[str]:
    """
    The Python functions that are called meanwhile, by module and name; those of
    tests are left out. What a dataclass is made by has no module.
    """
    found: Counter[str] = Counter()

    def seen(frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.parent != _TESTS:
            found[f"{path.stem}.{frame.f_code.co_qualname}"] += 1

    sys.setprofile(seen)
    try:
        f()
    finally:
        sys.setprofile(None)
    return found
