"""
JSON as the wire has it: strict in what it reads, and compact, finite and
valid UTF-8 in what it writes.
"""

from __future__ import annotations

from typing import Any

from txsocketio.protocol._stdjson import MAX_DEPTH, Write, loads, writer

__all__ = ["MAX_DEPTH", "Write", "dumps", "dumpsASCII", "literal", "loads", "writer"]

dumps = writer()
"""Writes JSON as it is mostly written: binary data is refused."""

dumpsASCII = writer(isASCII=True)
"""The same in ASCII."""


def literal(value: Any) -> str:
    """
    @return: JSON that is JavaScript too.
    """
    text = dumps(value)
    # Before 2019 these two could not stand in a JavaScript string.
    return (
        text if text.isascii() else text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )
