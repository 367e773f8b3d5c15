"""
Tests for L{txsocketio.protocol._json}.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.protocol._json import MAX_DEPTH, dumps, dumpsASCII, literal, loads, writer

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


class Colour(IntEnum):
    RED = 3


class Point(NamedTuple):
    x: int
    y: int


class LoadsTests(SynchronousTestCase):
    """
    Tests for L{loads}.
    """

    def assertRefused(self, text: str, reason: str) -> None:
        error = self.assertRaises(RemoteProtocolError, loads, text)
        self.assertEqual((error.reason, error.httpStatus), (reason, 400))

    def test_values(self) -> None:
        """
        All that JSON has is read, with white space around it.
        """
        self.assertEqual(
            loads(' {"a": [1, -2.5, 1e3, true, false, null, "\\u00e9\\ud800"]}\r\n'),
            {"a": [1, -2.5, 1000.0, True, False, None, "\xe9\ud800"]},
        )

    def test_broken(self) -> None:
        """
        What is no JSON is refused, and where it breaks is told.
        """
        for text, at in [
            ("", 0),
            ("hello", 0),
            ("[1,]", 3),
            ("{'a':1}", 1),
            ('{"a"}', 4),
            ("1 2", 2),
            ('"a\nb"', 2),
            ('"\\x"', 1),
            ("\ufeff1", 0),
            ("\u0663", 0),
        ]:
            error = self.assertRaises(RemoteProtocolError, loads, text)
            self.assertRegex(error.reason, r"\Athe JSON is broken at character \d+\Z")
            # Versions of Python differ by one in what they point at.
            self.assertApproximates(int(error.reason.split()[-1]), at, 1, text)

    def test_notNumbers(self) -> None:
        """
        What Python reads beyond JSON is refused.
        """
        for name in ["NaN", "Infinity", "-Infinity"]:
            self.assertRefused(f"[{name}]", f"the JSON holds {name}")

    def test_tooLarge(self) -> None:
        """
        A number that would be read as an infinity is refused, as it could
        never be written again.
        """
        for digits in ["1e999", "-1e999", "1" * 400 + ".0"]:
            self.assertRefused(f"[{digits}]", "the JSON holds a number that is too large")

    def test_tooLong(self) -> None:
        """
        An integer whose digits Python does not take is refused.
        """
        self.assertRefused("9" * 10_000, "the JSON holds a number that is too long")

    def test_deep(self) -> None:
        """
        So deep and no deeper, and the stack has no say in it.
        """
        for opening, inner, closing in [("[", "", "]"), ('{"a":', "1", "}")]:
            text = opening * MAX_DEPTH + inner + closing * MAX_DEPTH
            self.assertEqual(dumps(loads(text)), text)
            for depth in [MAX_DEPTH + 1, 100_000]:
                self.assertRefused(
                    opening * depth + inner + closing * depth, "the JSON is nested too deeply"
                )

    def test_deepAndShort(self) -> None:
        """
        The shortest texts that can be so deep are, of arrays, of objects, and
        of both.
        """
        for arrays in [0, 1, 2, MAX_DEPTH // 2, MAX_DEPTH - 1, MAX_DEPTH]:
            objects = MAX_DEPTH - arrays
            deep = "[" * arrays + '{"":' * objects + "{}" + "}" * objects + "]" * arrays
            self.assertRefused(deep, "the JSON is nested too deeply")
            self.assertRefused(f" {deep}", "the JSON is nested too deeply")
            enough = deep.replace("{}", "0")
            self.assertEqual(dumps(loads(enough)), enough)

    def test_deepAmongOthers(self) -> None:
        """
        Only what lies one within the other counts.
        """
        inner = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
        text = f"[[],{inner},{{}}]"
        self.assertEqual(dumps(loads(text)), text)
        self.assertRefused(f"[{text}]", "the JSON is nested too deeply")

    def test_wide(self) -> None:
        """
        Many arrays and objects, none deep, and brackets in strings.
        """
        for text in ["[" + ",".join(["{}"] * 1000) + "]", '"' + "[" * 1000 + '"']:
            self.assertEqual(dumps(loads(text)), text)

    def test_start(self) -> None:
        """
        What stands before the JSON has no say in anything.
        """
        before = "42[" + "[" * MAX_DEPTH
        for text in ["1", " [1] ", '{"a":"b"}']:
            self.assertEqual(loads(before + text, len(before)), loads(text))
        for text in ["", "[1", "1 2", "x"]:
            error = self.assertRaises(RemoteProtocolError, loads, text)
            again = self.assertRaises(RemoteProtocolError, loads, before + text, len(before))
            self.assertEqual(again.reason, error.reason)

    @hypothesisSettings(deadline=None, max_examples=300)
    @given(st.text(st.sampled_from('[]{}",:0123456789.-+eEINatrufls\\ \n\ud800')))
    def test_anyText(self, text: str) -> None:
        """
        Any text is JSON, which can be written again, or is refused.
        """
        try:
            value = loads(text)
        except RemoteProtocolError as error:
            self.assertNotIn("\n", error.reason)
        else:
            dumps(value)


class DumpsTests(SynchronousTestCase):
    """
    Tests for L{dumps}.
    """

    def test_asJavaScript(self) -> None:
        """
        The text is what C{JSON.stringify} makes.
        """
        for value, text in [
            ({"a": 1}, '{"a":1}'),
            (["h\xe9", "\u2028\U0001f600"], '["h\xe9","\u2028\U0001f600"]'),
            ('"\\/\b\f\n\r\t\x00\x1f\x7f', '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f"'),
            ([None, True, False, 1.5, -3], "[null,true,false,1.5,-3]"),
            ((1, (2,)), "[1,[2]]"),
            (Point(1, 2), "[1,2]"),
            (Colour.RED, "3"),
            ({1: "a", None: "b"}, '{"1":"a","null":"b"}'),
            ({}, "{}"),
        ]:
            self.assertEqual(dumps(value), text)

    def test_loneSurrogates(self) -> None:
        """
        They are escaped, in keys and values, and pairs are not.
        """
        text = dumps({"\ud800": ["a\udfffb", "\U0001f600"]})
        self.assertEqual(text, '{"\\ud800":["a\\udfffb","\U0001f600"]}')
        self.assertEqual(loads(text), {"\ud800": ["a\udfffb", "\U0001f600"]})

    def test_binary(self) -> None:
        """
        A client of this kind of JSON has no way to carry bytes.
        """
        for binary in [b"x", bytearray(b"x"), memoryview(b"x")]:
            for value in [binary, [1, {"a": binary}]]:
                self.assertRaises(UnsupportedByClient, dumps, value)

    def test_replaced(self) -> None:
        """
        A writer that is told what to write in its place does.
        """
        seen: list[Any] = []

        def replace(data: Any) -> Any:
            seen.append(data)
            return {"at": len(seen)}

        write = writer(replace=replace)
        self.assertEqual(write([b"x", {"a": bytearray(b"y")}]), '[{"at":1},{"a":{"at":2}}]')
        self.assertEqual(seen, [b"x", b"y"])
        self.assertRaises(LocalProtocolError, write, [object()])

    def test_ascii(self) -> None:
        """
        It can be ASCII alone.
        """
        value = ["\xe9\u2028\U0001f600\ud800", {"\u2603": 1}]
        text = dumpsASCII(value)
        self.assertTrue(text.isascii())
        self.assertEqual(loads(text), value)

    def test_literal(self) -> None:
        """
        What JSON may hold as it is and JavaScript could not is escaped.
        """
        self.assertEqual(literal('\xe9\u2028\u2029"'), '"\xe9\\u2028\\u2029\\""')

    def test_unwritable(self) -> None:
        """
        Nobody can be told these.
        """
        cycle: list[Any] = []
        cycle.append(cycle)
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        for value in [
            float("nan"),
            [float("inf")],
            {"a": -float("inf")},
            {1, 2},
            object(),
            1j,
            {b"a": 1},
            {(1, 2): 3},
            10**10_000,
            cycle,
            deep,
        ]:
            error = self.assertRaises(LocalProtocolError, dumps, value)
            self.assertNotIsInstance(error, UnsupportedByClient)

    @hypothesisSettings(deadline=None, max_examples=200)
    @given(VALUES)
    def test_readBack(self, value: Any) -> None:
        """
        What is written is read back, and is valid UTF-8.
        """
        text = dumps(value)
        self.assertEqual(loads(text), value)
        self.assertEqual(text.encode("utf-8").decode("utf-8"), text)
