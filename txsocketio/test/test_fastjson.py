"""
Tests for L{txsocketio.protocol._fastjson}: whoever reads and writes, nobody can
tell.
"""

from __future__ import annotations

import math
import re
import struct
import sys
from collections import OrderedDict, UserDict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, Flag, IntFlag, StrEnum
from fractions import Fraction
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError, RemoteProtocolError
from txsocketio.protocol._stdjson import JSON, STDLIB
from txsocketio.test.test_json import FAST, MISSING, VALUES, Colour, Point, written


def read(json: JSON, text: str, start: int = 0) -> tuple[str, Any]:
    """
    What comes of reading: the value, with its types and the order of its keys,
    or the error.
    """
    try:
        return "", repr(json.loads(text, start))
    except RemoteProtocolError as error:
        return error.reason, error.httpStatus


class Title(str):
    __slots__ = ()


class Length(float):
    pass


class Count(int):
    pass


class Names(list[str]):
    pass


class Word(StrEnum):
    ONE = "one"


class Plain(Enum):
    ONE = 1


class Bits(IntFlag):
    A = 1


class Switches(Flag):
    A = 1


class Half(float, Enum):
    HALF = 0.5


@dataclass
class Person:
    name: str


STRANGE: list[Any] = [
    math.nan,
    -math.nan,
    math.inf,
    -math.inf,
    -0.0,
    1e16,
    1e22,
    1e-5,
    5e-324,
    sys.float_info.max,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63) - 1,
    -1,
    127,
    255,
    b"x",
    bytearray(b"x"),
    memoryview(b"x"),
    {1},
    frozenset({1}),
    range(2),
    1j,
    ...,
    object,
    len,
    (lambda: 0).__code__,
    Decimal("1.5"),
    Fraction(1, 2),
    UUID(int=1),
    datetime(2020, 1, 1, tzinfo=UTC),
    date(2020, 1, 1),
    timedelta(1),
    Title("title"),
    Length(1.5),
    Length("nan"),
    Count(7),
    Names(["a"]),
    OrderedDict(a=1),
    UserDict(a=1),
    Point(1, 2),
    Colour.RED,
    Word.ONE,
    Plain.ONE,
    Bits.A,
    Switches.A,
    Half.HALF,
    Person("p"),
    SimpleNamespace(a=1),
    "\ud800",
    "\ud83d\ude00",
    "\U0001f600\u2028\x00\x1f\x7f\x80",
    "null",
    "\x7f" * 20,
]
KEYS: list[Any] = [
    1,
    -(2**70),
    1.5,
    math.nan,
    math.inf,
    True,
    None,
    b"x",
    (1,),
    "\udfff",
    Title("t"),
    Count(1),
    Colour.RED,
    Word.ONE,
    Plain.ONE,
    UUID(int=1),
]
ANYTHING = st.recursive(
    VALUES | st.floats() | st.text(st.characters(categories=None)) | st.sampled_from(STRANGE),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=8,
)
NUMBERS = st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
PIECES = st.sampled_from(
    [
        *'[]{}",: \t\r\n\x0b\x00\xa0\ufeff\ud800\xe9-0',
        *["null", "true", "NaN", "-Infinity", "//", '"a":', '"\\ud83d\\ude00"', '"\\udc00"'],
        *["\\u", "\\", "1e999", "[" * 300, "]" * 300],
    ]
)


def respelt(text: str) -> str:
    """
    The text with all that may be a number in it written as Python does.
    """
    return re.sub(r"[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?", lambda found: repr(float(found[0])), text)


def damaged(data: st.DataObject, text: str) -> str:
    """
    The text with a piece put somewhere, or in the place of something.
    """
    at = data.draw(st.integers(0, len(text)))
    to = data.draw(st.integers(at, min(at + 3, len(text))))
    return text[:at] + data.draw(PIECES | NUMBERS) + text[to:]


class AgreementTests(SynchronousTestCase):
    """
    Nobody can tell by whom JSON is read and written.
    """

    skip = MISSING

    def assertReadAlike(self, text: str, start: int = 0) -> None:
        """
        Equal values, or equal errors.
        """
        self.assertEqual(read(FAST, text, start), read(STDLIB, text, start), ascii(text[:200]))

    def assertWrittenAlike(self, value: Any) -> None:
        """
        Equal texts, but for how small floats are spelt; or equal errors.
        """
        for fast, slow in [(FAST.dumps, STDLIB.dumps), (FAST.dumpsASCII, STDLIB.dumpsASCII)]:
            (error, text), (other, expected) = written(fast, value), written(slow, value)
            self.assertEqual((error, respelt(text)), (other, respelt(expected)))
            if not error:
                self.assertEqual(read(STDLIB, text), read(STDLIB, expected))

    def test_strange(self) -> None:
        """
        All that is strange, alone and among others.
        """
        for value in [*STRANGE, 10**5000]:
            for within in [value, [value], {"a": [None, (value,)]}, {"\xe9": value}]:
                self.assertWrittenAlike(within)
        for key in KEYS:
            self.assertWrittenAlike({key: 1, "a": None})

    def test_notFinite(self) -> None:
        """
        A float that is none is found beside null, whatever its bits.
        """
        for high in [0x7FF0, 0x7FF8, 0xFFF0, 0xFFF8, 0x7FF4, 0xFFFF, 0x7FFF]:
            for low in [0, 1, 0x7F, 0xFF]:
                number = struct.unpack("<d", struct.pack("<Q", high << 48 | low))[0]
                for value in [
                    [None, number],
                    {"a": [1.5, number, 2.5], "b": None},
                    ["\x7f" * 20, *[255] * 20, number],
                ]:
                    self.assertEqual(written(FAST.dumps, value)[0], LocalProtocolError)

    def test_null(self) -> None:
        """
        What only looks like such a float beside null is written.
        """
        for value in [-5, 127, 255, 1.9375, "\x7f" * 50, "null", -(2**31), [-1] * 50, 2**62 - 1]:
            self.assertEqual(FAST.dumps([None, value]), STDLIB.dumps([None, value]))

    def test_deep(self) -> None:
        """
        However deep it is. Where Python's stack ends, the one of the two ends
        a call before the other: that is left out, wherever it is.
        """
        value: Any = 1
        for depth in range(1, 1200):
            value = [value] if depth % 2 else {"a": value}
            if depth % 50 < 10 and not 700 < depth < 1100:
                self.assertEqual(
                    written(FAST.dumps, value)[0], written(STDLIB.dumps, value)[0], depth
                )
                self.assertReadAlike("[" * depth + "]" * depth)
                self.assertReadAlike('{"":' * depth + "1" + "}" * depth)

    def test_fragment(self) -> None:
        """
        What orjson would write as it is.
        """
        import orjson  # noqa: PLC0415 - it may be missing

        self.assertWrittenAlike([orjson.Fragment(b"no JSON")])

    @hypothesisSettings(deadline=None, max_examples=500)
    @given(ANYTHING)
    def test_anyValue(self, value: Any) -> None:
        """
        Any value is written alike, and what is written is read alike.
        """
        self.assertWrittenAlike(value)
        error, text = written(STDLIB.dumps, value)
        if not error:
            self.assertReadAlike(text)

    @hypothesisSettings(deadline=None, max_examples=500)
    @given(st.data(), VALUES, st.sampled_from(["", "42", "[" * 300]), st.integers(0, 4))
    def test_damaged(self, data: st.DataObject, value: Any, before: str, times: int) -> None:
        """
        JSON that has been damaged, behind other text.
        """
        text = data.draw(st.sampled_from([STDLIB.dumps, STDLIB.dumpsASCII]))(value)
        for _ in range(times):
            text = damaged(data, text)
        self.assertReadAlike(before + text, len(before))

    @hypothesisSettings(deadline=None, max_examples=500)
    @given(NUMBERS | st.floats(allow_nan=False, allow_infinity=False).map(repr))
    @example("-0")
    @example("-0.0")
    @example("9" * 4300)
    @example("9" * 4301)
    @example("9" * 400 + ".0")
    @example("1" + "0" * 400 + "e-400")
    @example("9007199254740993.0")
    @example("1e99999999999999999999")
    @example("0e99999999999999999999")
    def test_numbers(self, text: str) -> None:
        """
        The same number, of the same type.
        """
        self.assertReadAlike(text)
        self.assertReadAlike(f"[{text}]")
