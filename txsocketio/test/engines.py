"""
What the tests of Engine.IO in both revisions have in common.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from hypothesis import strategies as st

from txsocketio.errors import RemoteProtocolError
from txsocketio.interfaces import IDecoder
from txsocketio.packets import RESERVED, Kind, Packet
from txsocketio.settings import Settings

Outcome = tuple[list[Packet], str | None, int | None]
"""Packets, and the reason and the status of the error behind them."""


class Vector(NamedTuple):
    """
    What a genuine encoder has written.

    @ivar writes: the packets that we write so.
    @ivar reads: the packets that we read there.
    @ivar messages: on a WebSocket.
    @ivar payload: in a body that is text.
    @ivar body: in one that need not be.
    """

    what: str
    writes: list[Packet]
    reads: list[Packet]
    messages: list[str | bytes]
    payload: str
    body: str | bytes


def plain(value: Any) -> Any:
    """
    A value, as the vectors write it: they have no binary data.
    """
    if isinstance(value, dict):
        if set(value) == {"bytes"}:
            return b64decode(value["bytes"])
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def vectors(name: str) -> Iterator[Vector]:
    """
    Those in the file of that name.
    """
    path = Path(__file__).parent / "vectors" / f"{name}.json"
    for each in json.loads(path.read_text("utf-8")):
        vector = plain(each)
        writes, reads = (
            [
                Packet(**{**fields, "kind": Kind[fields["kind"]]})
                for fields in vector.get(key, vector.get("packets", ()))
            ]
            for key in ("writes", "reads")
        )
        assert writes or reads, vector["what"]
        payload = vector.get("payload", "")
        yield Vector(
            vector["what"], writes, reads, vector["messages"], payload, vector.get("body", payload)
        )


def read(decoder: IDecoder, messages: Iterable[Any], asPayload: bool = False) -> Outcome:
    """
    What is in these messages, or bodies: texts, or bytes.
    """
    packets: list[Packet] = []
    try:
        for message in messages:
            packets += decoder.payload(message) if asPayload else decoder.message(message)
    except RemoteProtocolError as error:
        return packets, error.reason, error.httpStatus
    return packets, None, None


def fakeSession(upgrades: Sequence[str] = ("websocket",), **settings: Any) -> Any:
    """
    As much of a session as its opening tells of.
    """
    intervals = {"heartbeatInterval": 25.0, "heartbeatTimeout": 20.0, **settings}
    return SimpleNamespace(
        sid="lYhcXvxpjcJLtduhAAAA", upgrades=upgrades, settings=Settings(**intervals)
    )


def query(**args: str) -> dict[bytes, list[bytes]]:
    """
    A query, as Twisted has it.
    """
    return {name.encode(): [value.encode()] for name, value in args.items()}


TEXTS = st.text(
    st.sampled_from([*'a"\\,[]{}/0-\n\x1e:b\x85', "\xe9", "\xc3", "\u2028"]), max_size=8
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["/", "/chat", "/a/b", "/\u0447\u0430\u0442", "/1"])
IDS = st.none() | st.integers(0, 10**15 - 1)
PACKETS = st.builds(
    lambda name, args, namespace, id: Packet(Kind.EVENT, [name, *args], namespace, id),
    TEXTS.filter(lambda name: name not in RESERVED),
    st.lists(VALUES, max_size=3),
    NAMES,
    IDS,
) | st.builds(
    lambda args, namespace, id: Packet(Kind.ACK, args, namespace, id),
    st.lists(VALUES, max_size=3),
    NAMES,
    st.integers(0, 10**15 - 1),
)
"""What is written as it is read."""
