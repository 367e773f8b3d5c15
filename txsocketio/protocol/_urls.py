"""
What stands in URLs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from txsocketio.errors import RemoteProtocolError
from txsocketio.protocol._framing import MAX_DIGITS

INDEX = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}")
"""The number under which a JSONP answer calls back."""


def argument(args: Mapping[bytes, Sequence[bytes]], name: str) -> str | None:
    """
    One parameter of a query; the first counts.
    """
    values = args.get(name.encode("ascii"))
    return values[0].decode("utf-8", "backslashreplace") if values else None


def indexOf(args: Mapping[bytes, Sequence[bytes]], name: str) -> int | None:
    """
    The index that a query has under that name.

    @raise RemoteProtocolError: what it has there is no number.
    """
    index = argument(args, name)
    if index is None:
        return None
    if not INDEX.fullmatch(index):
        raise RemoteProtocolError(f"{name} is no number of up to {MAX_DIGITS} digits")
    return int(index)
