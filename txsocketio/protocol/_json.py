"""
JSON as the wire has it: strict in what it reads, and compact, finite and
valid UTF-8 in what it writes.

By whom it is read and written is decided here, once: by those of the extra
C{json} where they are installed, and the environment's C{TXSOCKETIO_JSON} does
not say C{stdlib}; else by Python's own library.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from txsocketio.protocol._stdjson import JSON, MAX_DEPTH, STDLIB, Write, writer

__all__ = ["MAX_DEPTH", "Write", "dumps", "dumpsASCII", "library", "literal", "loads", "writer"]


def choose(environment: Mapping[str, str]) -> JSON:
    """
    Who reads and writes.
    """
    if environment.get("TXSOCKETIO_JSON") != STDLIB.name:
        with suppress(ImportError):
            from txsocketio.protocol._fastjson import FAST  # noqa: PLC0415 - it may be missing

            return FAST
    return STDLIB


library, loads, dumps, dumpsASCII = choose(os.environ)


def literal(value: Any) -> str:
    """
    @return: JSON that is JavaScript too.
    """
    text = dumps(value)
    if text.isascii():
        return text
    # Before 2019 these two could not stand in a JavaScript string.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
