"""
JSON by Python's own library, which decides what is JSON for us, and is there
always.

What C{json.loads} and C{json.dumps} do beside their work takes as long as the
work, in messages of the usual size: so it is the scanner and the encoder behind
them, in C, that are called here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring, encode_basestring_ascii
from json.scanner import make_scanner
from typing import Any, NamedTuple, Never

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient

MAX_DEPTH = 256
"""How many arrays and objects may lie one within the other in what is read."""

Write = Callable[[Any], str]
"""
Writes JSON: text that is valid UTF-8; lone surrogates are escaped in it.

It raises L{UnsupportedByClient} where there is binary data in the value, and
L{LocalProtocolError} where there is something else in it that JSON cannot say:
NaN, an infinity, an object of another type, a cycle.
"""

_SURROGATE = re.compile("[\ud800-\udfff]")


def _finite(digits: str) -> float:
    number = float(digits)
    # Nothing but for infinities, where it is NaN.
    if number - number:
        raise RemoteProtocolError("the JSON holds a number that is too large")
    return number


def _refuseConstant(name: str) -> Never:
    raise RemoteProtocolError(f"the JSON holds {name}")


def _refuseBinary(value: Any) -> Never:
    raise UnsupportedByClient("binary data cannot be written as JSON")


_decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuseConstant)
_scan = make_scanner(_decoder)  # type: ignore[arg-type]
_space = re.compile(r"[ \t\n\r]*").match


def _end(text: str, start: int) -> int:
    """
    Where the white space ends that may begin at C{start}.
    """
    found = _space(text, start)
    return found.end() if found else start


def _broken(at: int) -> RemoteProtocolError:
    return RemoteProtocolError(f"the JSON is broken at character {at}")


def isTooDeep(text: str, start: int, value: Any) -> bool:
    """
    @param value: what was read from C{text}, from C{start} on.
    """
    if type(value) is list and len(value) == 2 and type(value[0]) is type(value[1]) is str:
        # An event with one text: the longer that is, the longer takes the rest.
        return False
    # Only as many brackets can make it so deep, and few messages have them, or
    # are long enough: what is within takes an object five characters, or an
    # array two, and the innermost two anyway.
    arrays = text.count("[", start)
    if len(text) - start < 5 * MAX_DEPTH + 2 - 3 * arrays:
        return False
    if arrays + text.count("{", start) <= MAX_DEPTH:
        return False
    level: list[Any] = [[value]]
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
        try:
            value, end = _scan(text, start)
        except StopIteration:
            # No value begins there: white space may, which is rare.
            value, end = _decoder.raw_decode(text, _end(text, start))
    except json.JSONDecodeError as error:
        raise _broken(error.pos - start) from None
    except ValueError:
        raise RemoteProtocolError("the JSON holds a number that is too long") from None
    except RecursionError:
        raise RemoteProtocolError("the JSON is nested too deeply") from None
    if end != len(text) and _end(text, end) != len(text):
        raise _broken(_end(text, end) - start)
    if end - start > 2 * MAX_DEPTH and isTooDeep(text, start, value):
        raise RemoteProtocolError("the JSON is nested too deeply")
    return value


def _encoder(isASCII: bool, default: Callable[[object], Any]) -> Callable[[Any, int], Any]:
    """
    @return: what makes pieces of JSON of a value, and is called with 0, too.
    """
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        # Not every Python has it in C.
        return json.JSONEncoder(
            ensure_ascii=isASCII,
            check_circular=False,
            allow_nan=False,
            separators=(",", ":"),
            default=default,
        ).iterencode  # type: ignore[return-value]
    escape = encode_basestring_ascii if isASCII else encode_basestring
    # None: it keeps no record of what it is in. A cycle ends it all the same,
    # if later.
    encoder: Callable[[Any, int], Any] = make(
        None, default, escape, None, ":", ",", False, False, False
    )
    return encoder


def writer(isASCII: bool = False, replace: Callable[[Any], Any] = _refuseBinary) -> Write:
    """
    @param isASCII: escape all that is not ASCII.
    @param replace: called with binary data, returns what to write in its
        place.
    """

    def default(value: object) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return replace(value)
        raise LocalProtocolError(f"a {type(value).__name__} cannot be written as JSON")

    encode = _encoder(isASCII, default)

    def write(value: Any) -> str:
        try:
            text = "".join(encode(value, 0))
        except LocalProtocolError:
            raise
        except RecursionError:
            raise LocalProtocolError("this is nested too deeply, or holds itself") from None
        except (TypeError, ValueError) as error:
            raise LocalProtocolError(f"this cannot be written as JSON: {error}") from error
        if text.isascii():
            return text
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        return text

    return write


dumps = writer()
dumpsASCII = writer(isASCII=True)


class JSON(NamedTuple):
    """
    Somebody who reads and writes JSON.

    @ivar name: who that is.
    @ivar loads: reads it: text, from an index on.
    @ivar dumps: writes it as it is mostly written: binary data is refused.
    @ivar dumpsASCII: the same in ASCII.
    """

    name: str
    loads: Callable[..., Any]
    dumps: Write
    dumpsASCII: Write


STDLIB = JSON("stdlib", loads, dumps, dumpsASCII)
