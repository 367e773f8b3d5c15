"""
JSON as the wire has it: strict in what it reads, and compact, finite and
valid UTF-8 in what it writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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


def _refuseBinary(value: Any) -> Never:
    raise UnsupportedByClient("binary data cannot be written as JSON")


# Made once: json.loads makes a decoder at each call that asks for anything
# but the defaults.
_scan = json.JSONDecoder(parse_float=_finite, parse_constant=_refuseConstant).raw_decode
_space = re.compile(r"[ \t\n\r]*").match


def _end(text: str, start: int) -> int:
    """
    Where the white space ends that may begin at C{start}.
    """
    found = _space(text, start)
    return found.end() if found else start


def _broken(at: int) -> RemoteProtocolError:
    return RemoteProtocolError(f"the JSON is broken at character {at}")


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


def loads(text: str, start: int = 0) -> Any:
    """
    @param start: where in C{text} the JSON begins; it ends where that ends.
    @raise RemoteProtocolError: this is no JSON, or holds C{NaN}, an infinity,
        a number too large for a float or an integer of more digits than
        L{int} takes, or is nested more deeply than L{MAX_DEPTH}.
    """
    try:
        value, end = _scan(text, _end(text, start))
    except json.JSONDecodeError as error:
        raise _broken(error.pos - start) from None
    except ValueError:
        raise RemoteProtocolError("the JSON holds a number that is too long") from None
    except RecursionError:
        raise RemoteProtocolError("the JSON is nested too deeply") from None
    if end != len(text) and _end(text, end) != len(text):
        raise _broken(_end(text, end) - start)
    # Only as many brackets can make it so deep, and few messages have them.
    if text.count("[", start) + text.count("{", start) > MAX_DEPTH and _isTooDeep([value]):
        raise RemoteProtocolError("the JSON is nested too deeply")
    return value


class Writer:
    """
    Writes JSON: text that is valid UTF-8; lone surrogates are escaped in it.
    """

    __slots__ = ("_encode", "_replace")

    def __init__(
        self, isASCII: bool = False, replace: Callable[[Any], Any] = _refuseBinary
    ) -> None:
        """
        @param isASCII: escape all that is not ASCII.
        @param replace: called with binary data, returns what to write in its
            place.
        """
        self._replace = replace
        # Made once: json.dumps makes an encoder at each call that asks for
        # anything but the defaults.
        self._encode = json.JSONEncoder(
            ensure_ascii=isASCII, allow_nan=False, separators=(",", ":"), default=self._default
        ).encode

    def _default(self, value: object) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._replace(value)
        raise LocalProtocolError(f"a {type(value).__name__} cannot be written as JSON")

    def __call__(self, value: Any) -> str:
        """
        @raise UnsupportedByClient: there is binary data in it.
        @raise LocalProtocolError: there is something else in it that JSON
            cannot say: NaN, an infinity, an object of another type, a cycle.
        """
        try:
            text = self._encode(value)
        except LocalProtocolError:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            raise LocalProtocolError(f"this cannot be written as JSON: {error}") from error
        if text.isascii():
            return text
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        return text


dumps = Writer()
"""Writes JSON as it is mostly written: binary data is refused."""

dumpsASCII = Writer(isASCII=True)
"""The same in ASCII."""


def literal(value: Any) -> str:
    """
    @return: JSON that is JavaScript too.
    """
    # Before 2019 these two could not stand in a JavaScript string.
    return dumps(value).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
