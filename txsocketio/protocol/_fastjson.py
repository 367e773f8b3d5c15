"""
JSON by msgspec, which reads, and orjson, which writes, where both are installed
(the extra C{json}).

Neither has the say: what they do otherwise than Python's own library, or
refuse, is left to that, so it makes no difference which of them is there but in
time. (A small float may be spelt otherwise: C{1e-7} for C{1e-07}.)

It takes both, as msgspec would write what JSON has not (binary data as Base64,
sets, dates), and orjson reads integers of more than 64 bits as floats; neither
of which can be seen afterwards.
"""

from __future__ import annotations

import marshal
from typing import Any

import msgspec
import orjson

from txsocketio.protocol import _stdjson
from txsocketio.protocol._stdjson import JSON, MAX_DEPTH, Write, isTooDeep

_decode = msgspec.json.Decoder().decode
_REFUSALS = (msgspec.MsgspecError, TypeError, ValueError, RecursionError)

if _decode("18446744073709551617") != (1 << 64) + 1:
    raise ImportError("this msgspec reads large integers as floats")

_PATIENCE = 16
"""How many bytes are looked at that may be the end of a float."""


def loads(text: str, start: int = 0) -> Any:
    """
    See L{_stdjson.loads}.
    """
    try:
        value = _decode(text[start:])
    except _REFUSALS:
        return _stdjson.loads(text, start)
    if len(text) - start > 2 * MAX_DEPTH and isTooDeep(text, start, value):
        return _stdjson.loads(text, start)
    return value


def _mayBeInfinite(marshalled: bytes) -> bool:
    """
    Whether there may be an infinity or NaN in what has been marshalled: they
    end in one of these bytes behind one of sixteen. So may other things,
    negative integers above all.
    """
    for last in (b"\x7f", b"\xff"):
        at = marshalled.find(last)
        for _ in range(_PATIENCE):
            if at < 0:
                break
            if marshalled[at - 1] >= 0xF0:
                return True
            at = marshalled.find(last, at + 1)
        else:
            return True
    return False


def _writer(slow: Write, isASCII: bool) -> Write:
    def write(value: Any) -> str:
        try:
            # Of the types that orjson knows beyond those of JSON, marshal
            # refuses all; and orjson those that marshal knows.
            marshalled = marshal.dumps(value)
            text = orjson.dumps(value).decode()
        except (TypeError, ValueError):
            return slow(value)
        # In ASCII, Python's own escapes one character more.
        if isASCII and (not text.isascii() or "\x7f" in text):
            return slow(value)
        # As null it writes a float that is not finite, too.
        if "null" in text and _mayBeInfinite(marshalled):
            return slow(value)
        return text

    return write


FAST = JSON(
    "msgspec and orjson",
    loads,
    _writer(_stdjson.dumps, isASCII=False),
    _writer(_stdjson.dumpsASCII, isASCII=True),
)
