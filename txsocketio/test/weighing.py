"""
What a client costs: sessions as a listener makes them, without sockets, and the
weight of all that is kept for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from gc import get_referents
from itertools import count
from sys import getsizeof
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from txsocketio.errors import DisconnectReason
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.listener import Listener
from txsocketio.testing._wire import Answer, Network, inMemory, requestOf, serve
from txsocketio.transports._http import HTTPTransport

if TYPE_CHECKING:
    from txsocketio.frames import Frame

URLS = {
    "eio4": "?EIO=4&transport=websocket",
    "eio3": "?EIO=3&transport=websocket",
    "annotated": "websocket",
}
"""What opens a WebSocket in each generation, behind the server's own path."""

HEADERS = {
    "Host": "chat.example.com",
    "Connection": "Upgrade",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36",
    "Upgrade": "websocket",
    "Origin": "http://chat.example.com",
    "Sec-WebSocket-Version": "13",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
}
"""As a browser sends them, but for its key, which is never the same twice."""

_NEVER_OURS = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, InterfaceClass)


@implementer(ITransport)
class Carrier:
    """
    The least that carries a session.

    @ivar written: how many frames have been written.
    """

    __slots__ = ("__weakref__", "isStream", "name", "session", "writable", "written")

    def __init__(self, session: ISession, name: str) -> None:
        self.name = name
        self.isStream = True
        self.session: ISession | None = session
        self.writable = True
        self.written = 0

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        self.written += len(frames)

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}.
        """
        self.writable = False

    def leave(self) -> None:
        """
        The connection goes.
        """
        session, self.session = self.session, None
        if session is not None:
            session.lost(self, DisconnectReason.TRANSPORT_CLOSE)


class Hall:
    """
    A listener, and clients of one generation that come and stay.

    @ivar listener: the L{Listener}.
    @ivar carriers: what carries those that are there.
    """

    def __init__(self, protocol: str, **options: Any) -> None:
        self.clock = Clock()
        self.listener = Listener(self.clock, protocol=protocol, **options)
        self.listener.router.exchange(inMemory)
        self.carriers: list[Carrier] = []
        self._url = URLS[protocol]
        self._asks = protocol == "eio4"
        self._network = Network()
        self._keys = count()

    def request(self) -> Any:
        """
        A client asks for a WebSocket.
        """
        answer = Answer(self._network, self._carried, _nothing, "127.0.0.1")
        key = f"{next(self._keys):022}=="
        headers = {**HEADERS, "Sec-WebSocket-Key": key}
        return requestOf(answer, f"/socket.io/{self._url}", headers)

    def come(self, request: Any) -> Carrier:
        """
        It is answered, and joins the default namespace.
        """
        serve(self.listener.router, request, self._url)
        carrier = self.carriers[-1]
        session = carrier.session
        assert session is not None
        session.attach(carrier)
        if self._asks:
            session.received("40")
        return carrier

    def fill(self, clients: int) -> None:
        """
        So many more come.
        """
        for _ in range(clients):
            self.come(self.request())

    def empty(self) -> None:
        """
        They all go.
        """
        while self.carriers:
            self.carriers.pop().leave()

    def _carried(self, session: ISession, place: Place, transport: HTTPTransport) -> None:
        self.carriers.append(Carrier(session, place.transport))

    def weigh(self) -> Weight:
        """
        All that the listener reaches.
        """
        return weigh(self.listener)


def _nothing(*_: object) -> None:
    """
    Do nothing.
    """


Weight = Counter[str]
"""Bytes, by the name of the type."""


def weigh(*roots: object) -> Weight:
    """
    All that can be reached, but what every program has: types, functions and
    modules.
    """
    seen: dict[int, object] = {}
    waiting: list[object] = list(roots)
    weight: Weight = Counter()
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, _NEVER_OURS):
            continue
        seen[id(each)] = each
        weight[type(each).__name__] += getsizeof(each)
        waiting += get_referents(each)
    return weight
