"""
What the servers are given to do: the works that the bars are for, and the sweeps.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

MAX_MESSAGE = 1_000_000
"""How long a message may be for every server as it comes, bytes."""

FEWER = 3 / 7
"""How many of the rounds there are where fewer do."""

SHORTER = 0.75
"""And how long they are."""

_HEAD = '42["echo",'


@dataclass(frozen=True)
class Work:
    """
    One thing to measure.

    @ivar name: what C{--only} calls it.
    @ivar title: what the tables call it.
    @ivar group: which question it belongs to.
    @ivar kind: the generator's word for it.
    @ivar payload: the JSON text of the event's argument.
    @ivar contestants: who does it, by name.
    @ivar runs: how many times as often as a work of the bars.
    @ivar rate: how many messages a second are offered by all clients together;
        L{None} where each answer brings out the next message.
    @ivar crowd: a work that others are kept busy with meanwhile.
    @ivar length: how long it is measured, beside a work of the bars.
    """

    name: str
    title: str
    group: str
    kind: str
    contestants: Sequence[str]
    payload: str = '"1234567"'
    clients: int = 100
    inflight: int = 4
    dialect: str = "eio4"
    rate: int | None = None
    isSecure: bool = False
    isDeflated: bool = False
    crowd: Work | None = None
    runs: float = 1.0
    length: float = 1.0

    @property
    def files(self) -> int:
        """
        How many files it takes a server to do it, at most.
        """
        perClient = 2 if self.kind == "polling" else 1
        return perClient * (self.clients + (self.crowd.clients if self.crowd else 0))

    def without(self, names: Sequence[str]) -> Work:
        """
        The same, by all others.
        """
        return replace(self, contestants=[name for name in self.contestants if name not in names])


def text(length: int) -> str:
    """
    A payload with which C{echo} is a message of so many bytes.
    """
    return json.dumps("x" * (length - len(_HEAD) - 3))


def document(times: int = 1) -> str:
    """
    A payload of about 900 bytes as a chat may send it, or a list of some.
    """
    chance = random.Random(1)
    words = ("so", "we", "meet", "again", "at", "the", "harbour", "before", "noon", "umbrellas")
    message = {
        "id": 987654321,
        "room": "harbour/evening",
        "from": {"id": 4711, "name": "Zoe Miller", "avatar": "/avatars/4711.png", "away": False},
        "text": " ".join(chance.choices(words, k=80)),
        "sent": 1767225599.125,
        "edited": None,
        "mentions": [chance.randrange(10_000) for _ in range(8)],
        "reactions": [
            {"emoji": emoji, "count": chance.randrange(1, 50), "mine": emoji == "heart"}
            for emoji in ("heart", "laugh", "tada", "eyes")
        ],
        "attachment": {"type": "image/png", "size": 48211, "width": 640, "height": 480.5},
    }
    return _compact([message] * times if times > 1 else message)


def _compact(value: object) -> str:
    """
    As Node writes it.
    """
    return json.dumps(value, separators=(",", ":"))


SHORT = text(20)
TXSOCKETIO = "txsocketio"
EXTRA = "txsocketio[json]"
NODE = "node"
UVICORN = "uvicorn"
WSPROTO = "wsproto"
AIOHTTP = "aiohttp"
AUTOBAHN = "autobahn"

_SOME = (NODE, TXSOCKETIO, UVICORN, AIOHTTP, AUTOBAHN)
_ALL = (NODE, TXSOCKETIO, UVICORN, WSPROTO, AIOHTTP, AUTOBAHN)
_TWO = (NODE, TXSOCKETIO)
_THREE = (NODE, TXSOCKETIO, UVICORN)

BARS = "bars"

ECHO = Work("echo20w4", "echo, 20 B, 4 in flight", BARS, "echo", _ALL)
FANOUT = Work(
    "fan1000w1", "fan-out to 1,000, 1 in flight", BARS, "fanout", _SOME, clients=1_000, inflight=1
)


def _bars() -> Iterator[Work]:
    yield ECHO
    yield replace(
        ECHO, name="echo20w1", title="echo, 20 B, 1 in flight", contestants=_SOME, inflight=1
    )
    yield replace(
        ECHO,
        name="echo900w4",
        title="echo, 900 B of JSON, 4 in flight",
        payload=document(),
        contestants=(NODE, TXSOCKETIO, EXTRA, UVICORN, AIOHTTP, AUTOBAHN),
    )
    yield FANOUT
    yield replace(FANOUT, name="fan1000w4", title="fan-out to 1,000, 4 in flight", inflight=4)
    yield Work("connect", "connect, websocket only", BARS, "connect", _ALL, clients=1, inflight=8)
    yield Work(
        "polling",
        "round trip by polling",
        BARS,
        "polling",
        (NODE, TXSOCKETIO, UVICORN, AIOHTTP),
        inflight=1,
    )
    yield Work("memory", "memory per idle client, of 2,000", BARS, "idle", _ALL, clients=2_000)


def _sizes() -> Iterator[Work]:
    for size in (16, 64, 256, 1_000, 4_000, 16_000, 64_000, 256_000, MAX_MESSAGE - 1_000):
        yield Work(
            f"size{size}",
            f"echo, {size:,} B, 10 clients, 1 in flight",
            "sizes",
            "echo",
            _THREE,
            payload=text(size),
            clients=10,
            inflight=1,
            runs=FEWER,
            length=SHORTER,
        )


def _clients() -> Iterator[Work]:
    for clients in (100, 300, 1_000, 3_000, 10_000):
        yield Work(
            f"clients{clients}",
            f"echo, 20 B, {clients:,} clients, 1 in flight",
            "clients",
            "echo",
            # More of python-socketio's take very long to connect.
            _THREE if clients <= 1_000 else _TWO,
            clients=clients,
            inflight=1,
            runs=FEWER,
            # They are answered in waves, which have to fit in more than once.
            length=1.0 if clients <= 300 else 2.0,
        )


def _latency() -> Iterator[Work]:
    for rate in (1_000, 4_000, 16_000):
        yield Work(
            f"rate{rate}",
            f"echo, 20 B, {rate:,} a second offered",
            "latency",
            "echo",
            # More than python-socketio can do.
            _THREE if rate <= 4_000 else _TWO,
            rate=rate,
            runs=FEWER,
            length=1.5,
        )


def _generations() -> Iterator[Work]:
    for dialect in ("eio4", "eio3", "colon", "annotated"):
        contestants = {"eio4": _THREE, "eio3": _TWO}.get(dialect, (TXSOCKETIO,))
        for work in (ECHO, FANOUT):
            yield replace(
                work,
                name=f"{dialect}-{work.kind}",
                title=f"{work.title}, {dialect}",
                group="generations",
                contestants=contestants,
                dialect=dialect,
                runs=FEWER,
                length=SHORTER,
            )


def _channels() -> Iterator[Work]:
    for name, group, isSecure, isDeflated in (
        ("plain", "TLS and compression", False, False),
        ("tls", "TLS and compression", True, False),
        ("deflate", "TLS and compression", False, True),
    ):
        yield Work(
            name,
            f"echo, 3,500 B of JSON, 4 in flight, {name}",
            group,
            "echo",
            # What python-socketio compresses needs what came before it.
            _TWO if isDeflated else _THREE,
            payload=document(4),
            isSecure=isSecure,
            isDeflated=isDeflated,
            runs=FEWER,
            length=SHORTER,
        )


def _fairness() -> Iterator[Work]:
    quiet = Work(
        "quiet-alone",
        "a quiet client, alone",
        "fairness",
        "echo",
        _THREE,
        clients=1,
        inflight=1,
        rate=100,
        runs=FEWER,
        length=2.0,
    )
    crowd = replace(FANOUT, clients=10_000, inflight=1)
    yield quiet
    yield replace(
        quiet, name="quiet-flood", title="a quiet client, beside a flood of 100 x 4", crowd=ECHO
    )
    yield replace(
        quiet,
        name="quiet-fanout",
        title="a quiet client, beside broadcasts to 10,000",
        crowd=crowd,
        contestants=_TWO,
    )


def allWorks() -> Sequence[Work]:
    """
    All that there is to do, the works of the bars first.
    """
    return [
        work
        for works in (_bars, _sizes, _clients, _latency, _generations, _channels, _fairness)
        for work in works()
    ]


def chosen(works: Sequence[Work], names: Sequence[str]) -> Sequence[Work]:
    """
    The works of these names, and those of these groups; all, where none is
    named.

    @raise ValueError: something goes by no such name.
    """
    known = {work.name for work in works} | {work.group for work in works}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no work and no group: {', '.join(unknown)}")
    return [work for work in works if not names or {work.name, work.group} & {*names}]


def small(work: Work) -> Work:
    """
    The work as it is done only to see that it can be done.
    """
    most = {"fanout": 50, "idle": 100}.get(work.kind, 20)
    return replace(
        work,
        clients=min(work.clients, most),
        contestants=[name for name in work.contestants if name in _TWO or work is ECHO],
        crowd=work.crowd and small(work.crowd),
        runs=1.0,
        length=1.0,
    )


def few(works: Sequence[Work]) -> Sequence[Work]:
    """
    Of each sweep the first and the last, and all else.
    """
    sweeps = ("sizes", "clients", "latency")
    kept = {
        ends.name
        for group in sweeps
        if (members := [work for work in works if work.group == group])
        for ends in (members[0], members[-1])
    }
    return [small(work) for work in works if work.group not in sweeps or work.name in kept]
