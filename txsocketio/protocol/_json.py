"""
JSON as the wire has it: strict in what it reads, and compact, finite and
valid UTF-8 in what it writes.
"""

from __future__ import annotations

import json
import re
from math import isinf
from typing import Any, Never

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient

MAX_DEPTH = 256
"""How many arrays and objects may lie one within the other in what is read."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise RemoteProtocolError("the JSON holds a number that is too large")
    return number


def _refuseConstant(name: str) -> Never:
    raise RemoteProtocolError(f"the JSON holds {name}")


def _refuseType(value: object) -> Never:
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise UnsupportedByClient("binary data cannot be written as JSON")
    raise LocalProtocolError(f"a {type(value).__name__} cannot be written as JSON")


# Made once: json.dumps makes an encoder at each call that asks for anything
# but the defaults.
_decode = json.JSONDecoder(parse_float=_finite, parse_constant=_refuseConstant).decode
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuseType
).encode


def _isTooDeep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True


def loads(text: str) -> Any:
    """
    @raise RemoteProtocolError: this is no JSON, or holds C{NaN}, an infinity,
        a number too large for a float or an integer of more digits than
        L{int} takes, or is nested more deeply than L{MAX_DEPTH}.
    """
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise RemoteProtocolError(f"the JSON is broken at character {error.pos}") from None
    except ValueError:
        raise RemoteProtocolError("the JSON holds a number that is too long") from None
    except RecursionError:
        raise RemoteProtocolError("the JSON is nested too deeply") from None
    # Only as many brackets can make it so deep, and few messages have them.
    if text.count("[") + text.count("{") > MAX_DEPTH and _isTooDeep([value]):
        raise RemoteProtocolError("the JSON is nested too deeply")
    return value


def dumps(value: Any) -> str:
    """
    @return: text that is valid UTF-8; lone surrogates are escaped in it.
    @raise UnsupportedByClient: there is binary data in it.
    @raise LocalProtocolError: there is something else in it that JSON cannot
        say: NaN, an infinity, an object of another type, a cycle.
    """
    try:
        text = _encode(value)
    except LocalProtocolError:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise LocalProtocolError(f"this cannot be written as JSON: {error}") from error
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text
