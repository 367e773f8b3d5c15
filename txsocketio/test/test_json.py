"""
Tests for L{txsocketio.protocol._json} and those that read and write for it.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.protocol import _stdjson
from txsocketio.protocol._json import choose, library, literal
from txsocketio.protocol._stdjson import JSON, MAX_DEPTH, STDLIB, writer
from txsocketio.test.echoing import called

FAST = choose({})
"""By whom it is read and written where the extra C{json} is installed."""

MISSING = "the extra json is not installed" if FAST is STDLIB else None
"""Why tests of that are skipped."""

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


def written(write: Callable[[Any], str], value: Any) -> tuple[Any, str]:
    """
    What comes of writing: the text, or the error's class and message.
    """
    try:
        text = write(value)
    except LocalProtocolError as error:
        return type(error), str(error)
    text.encode("utf-8")
    return None, text


class Loads:
    """
    Mixed into a test case: how JSON is read.

    @cvar json: by whom.
    """

    json: JSON

    def assertRefused(self: Any, text: str, reason: str) -> None:
        """
        It is, and not taken for a fault of the server's.
        """
        error = self.assertRaises(RemoteProtocolError, self.json.loads, text)
        self.assertEqual((error.reason, error.httpStatus), (reason, 400))

    def test_values(self: Any) -> None:
        """
        All that JSON has is read, with white space around it.
        """
        self.assertEqual(
            self.json.loads(' {"a": [1, -2.5, 1e3, true, false, null, "\\u00e9\\ud800"]}\r\n'),
            {"a": [1, -2.5, 1000.0, True, False, None, "\xe9\ud800"]},
        )

    def test_broken(self: Any) -> None:
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
            error = self.assertRaises(RemoteProtocolError, self.json.loads, text)
            self.assertRegex(error.reason, r"\Athe JSON is broken at character \d+\Z")
            # Versions of Python differ by one in what they point at.
            self.assertApproximates(int(error.reason.split()[-1]), at, 1, text)

    def test_notNumbers(self: Any) -> None:
        """
        What Python reads beyond JSON is refused.
        """
        for name in ["NaN", "Infinity", "-Infinity"]:
            self.assertRefused(f"[{name}]", f"the JSON holds {name}")

    def test_tooLarge(self: Any) -> None:
        """
        A number that would be read as an infinity is refused, as it could
        never be written again.
        """
        for digits in ["1e999", "-1e999", "1" * 400 + ".0"]:
            self.assertRefused(f"[{digits}]", "the JSON holds a number that is too large")

    def test_tooLong(self: Any) -> None:
        """
        An integer whose digits Python does not take is refused.
        """
        self.assertRefused("9" * 10_000, "the JSON holds a number that is too long")

    def test_deep(self: Any) -> None:
        """
        So deep and no deeper, and the stack has no say in it.
        """
        for opening, inner, closing in [("[", "", "]"), ('{"a":', "1", "}")]:
            text = opening * MAX_DEPTH + inner + closing * MAX_DEPTH
            self.assertEqual(self.json.dumps(self.json.loads(text)), text)
            for depth in [MAX_DEPTH + 1, 100_000]:
                self.assertRefused(
                    opening * depth + inner + closing * depth, "the JSON is nested too deeply"
                )

    def test_deepAndShort(self: Any) -> None:
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
            self.assertEqual(self.json.dumps(self.json.loads(enough)), enough)

    def test_deepAmongOthers(self: Any) -> None:
        """
        Only what lies one within the other counts.
        """
        inner = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
        text = f"[[],{inner},{{}}]"
        self.assertEqual(self.json.dumps(self.json.loads(text)), text)
        self.assertRefused(f"[{text}]", "the JSON is nested too deeply")

    def test_calls(self: Any) -> None:
        """
        It is C that reads, but for looking at what may be deep.
        """
        self.assertEqual(called(self.json.loads, '["a",{"b":[1,true,null]}]'), 1)
        self.assertEqual(called(self.json.loads, '["a",{"b":"' + "c" * 900 + '"}]'), 2)

    def test_wide(self: Any) -> None:
        """
        Many arrays and objects, none deep, and brackets in strings.
        """
        for text in ["[" + ",".join(["{}"] * 1000) + "]", '"' + "[" * 1000 + '"']:
            self.assertEqual(self.json.dumps(self.json.loads(text)), text)

    def test_start(self: Any) -> None:
        """
        What stands before the JSON has no say in anything.
        """
        before = "42[" + "[" * MAX_DEPTH
        for text in ["1", " [1] ", '{"a":"b"}']:
            self.assertEqual(self.json.loads(before + text, len(before)), self.json.loads(text))
        for text in ["", "[1", "1 2", "x"]:
            error = self.assertRaises(RemoteProtocolError, self.json.loads, text)
            again = self.assertRaises(
                RemoteProtocolError, self.json.loads, before + text, len(before)
            )
            self.assertEqual(again.reason, error.reason)


class Dumps:
    """
    Mixed into a test case: how JSON is written.

    @cvar json: by whom.
    """

    json: JSON

    def test_asJavaScript(self: Any) -> None:
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
            self.assertEqual(self.json.dumps(value), text)

    def test_loneSurrogates(self: Any) -> None:
        """
        They are escaped, in keys and values, and pairs are not.
        """
        text = self.json.dumps({"\ud800": ["a\udfffb", "\U0001f600"]})
        self.assertEqual(text, '{"\\ud800":["a\\udfffb","\U0001f600"]}')
        self.assertEqual(self.json.loads(text), {"\ud800": ["a\udfffb", "\U0001f600"]})

    def test_binary(self: Any) -> None:
        """
        A client of this kind of JSON has no way to carry bytes.
        """
        for binary in [b"x", bytearray(b"x"), memoryview(b"x")]:
            for value in [binary, [1, {"a": binary}]]:
                self.assertRaises(UnsupportedByClient, self.json.dumps, value)

    def test_ascii(self: Any) -> None:
        """
        It can be ASCII alone.
        """
        value = ["\xe9\u2028\U0001f600\ud800", {"\u2603": 1}]
        text = self.json.dumpsASCII(value)
        self.assertTrue(text.isascii())
        self.assertEqual(self.json.loads(text), value)

    def test_calls(self: Any) -> None:
        """
        It is C that writes.
        """
        self.assertEqual(called(self.json.dumps, ["a", {"b": [1, True, 1.5, "c" * 900]}]), 1)

    def test_unwritable(self: Any) -> None:
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
            {float("nan"): 1},
            [None, float("nan")],
            cycle,
            deep,
        ]:
            error = self.assertRaises(LocalProtocolError, self.json.dumps, value)
            self.assertNotIsInstance(error, UnsupportedByClient)
            self.assertNotIn("\n", str(error))


class StdlibLoadsTests(Loads, SynchronousTestCase):
    """
    Tests for L{_stdjson.loads}.
    """

    json = STDLIB


class StdlibDumpsTests(Dumps, SynchronousTestCase):
    """
    Tests for what L{_stdjson.writer} makes.
    """

    json = STDLIB

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

    def test_withoutC(self) -> None:
        """
        It is the same where Python has no encoder in C.
        """
        self.patch(json.encoder, "c_make_encoder", None)
        for isASCII, other in [(False, STDLIB.dumps), (True, STDLIB.dumpsASCII)]:
            write = writer(isASCII)
            for value in [{"a": ["\xe9\ud800", 1.5, None]}, {1, 2}, [b"x"], math.nan]:
                (error, text), (expected, same) = written(write, value), written(other, value)
                self.assertEqual((error, error or text), (expected, expected or same))


class FastLoadsTests(Loads, SynchronousTestCase):
    """
    Tests for L{txsocketio.protocol._fastjson.loads}.
    """

    json = FAST
    skip = MISSING


class FastDumpsTests(Dumps, SynchronousTestCase):
    """
    Tests for what writes in L{txsocketio.protocol._fastjson}.
    """

    json = FAST
    skip = MISSING


class LiteralTests(SynchronousTestCase):
    """
    Tests for L{literal}.
    """

    def test_literal(self) -> None:
        """
        What JSON may hold as it is and JavaScript could not is escaped.
        """
        self.assertEqual(literal('\xe9\u2028\u2029"'), '"\xe9\\u2028\\u2029\\""')


class AnythingTests(SynchronousTestCase):
    """
    What holds for whatever is read or written.
    """

    @hypothesisSettings(deadline=None, max_examples=300)
    @given(st.text(st.sampled_from('[]{}",:0123456789.-+eEINatrufls\\ \n\ud800')))
    def test_anyText(self, text: str) -> None:
        """
        Any text is JSON, which can be written again, or is refused.
        """
        for each in [STDLIB, FAST]:
            try:
                value = each.loads(text)
            except RemoteProtocolError as error:
                self.assertNotIn("\n", error.reason)
            else:
                each.dumps(value)

    @hypothesisSettings(deadline=None, max_examples=200)
    @given(VALUES)
    def test_readBack(self, value: Any) -> None:
        """
        What is written is read back, and is valid UTF-8.
        """
        for each in [STDLIB, FAST]:
            text = each.dumps(value)
            self.assertEqual(each.loads(text), value)
            self.assertEqual(text.encode("utf-8").decode("utf-8"), text)


CASES = [
    *[
        f"test_{dialect}.{case}"
        for dialect in ["annotated", "tilde", "colon", "eio3", "eio4"]
        for case in ["VectorTests", "BrokenTests", "RoundTripTests"]
    ],
    *[f"test_{dialect}.EncodeTests" for dialect in ["annotated", "tilde", "colon"]],
    *[f"test_sio.{case}" for case in ["BrokenTests", "AttachmentTests", "ReadTests", "WriteTests"]],
]
"""What reads and writes most of all."""


class ChoiceTests(SynchronousTestCase):
    """
    Tests for L{choose}.
    """

    def test_told(self) -> None:
        """
        The environment can have Python's own.
        """
        self.assertIs(choose({"TXSOCKETIO_JSON": "stdlib"}), STDLIB)

    def test_missing(self) -> None:
        """
        It is Python's own, too, where one of the others is not installed.
        """
        for missing in ["msgspec", "orjson"]:
            with patch.dict(sys.modules, {missing: None}):
                sys.modules.pop("txsocketio.protocol._fastjson", None)
                self.assertIs(choose({}), STDLIB)

    def test_old(self) -> None:
        """
        And where msgspec is one that reads integers as floats.
        """
        import msgspec  # noqa: PLC0415 - it may be missing

        decoder = SimpleNamespace(decode=float)
        with patch.object(msgspec.json, "Decoder", lambda: decoder), patch.dict(sys.modules):
            sys.modules.pop("txsocketio.protocol._fastjson", None)
            self.assertIs(choose({}), STDLIB)

    test_old.skip = MISSING  # type: ignore[attr-defined]

    def test_dialects(self) -> None:
        """
        What genuine encoders have written is read, and written, by whom it is
        not in this process, too.
        """
        told = "" if library == STDLIB.name else STDLIB.name
        root = str(Path(_stdjson.__file__).parents[2])
        ran = subprocess.run(
            [
                *[sys.executable, "-m", "twisted.trial", "--temp-directory", self.mktemp()],
                *[f"txsocketio.test.{case}" for case in CASES],
            ],
            env={
                **os.environ,
                "TXSOCKETIO_JSON": told,
                "PYTHONPATH": os.pathsep.join([root, *sys.path]),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        self.assertRegex(ran.stdout, r"\nPASSED \(successes=\d{2,}\)\n", ran.stdout)
