"""
Our WebSockets and Autobahn's get the same bytes, and do the same: a short run of
C{benchmarks/differ.py}, and what Hypothesis makes of it.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path
from unittest import skipUnless

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.test.decoding import quickly
from txsocketio.test.support import BINARY, CLOSE, PING, TEXT, frame
from txsocketio.transports import _closing
from txsocketio.transports._autobahn import Machine
from txsocketio.transports.websocket import MAX_FRAMES

if HAS_BENCHMARKS := (Path(__file__).parents[2] / "benchmarks").is_dir():
    from benchmarks import differ

inCheckout = skipUnless(HAS_BENCHMARKS, "an installed package has no benchmarks")

PAYLOADS = st.one_of(
    st.text(max_size=20).map(str.encode),
    st.binary(max_size=6),
    st.sampled_from([124, 125, 126, 127, 299, 300, 301]).map(lambda size: b"x" * size),
    st.sampled_from([1000, 1001, 1002, 1005, 4000]).map(lambda code: code.to_bytes(2, "big")),
)
FRAMES = st.builds(
    frame,
    st.one_of(st.just(TEXT), st.integers(0, 15)),
    PAYLOADS,
    st.one_of(st.just(True), st.booleans()),
    st.binary(min_size=4, max_size=4),
)
STREAMS = st.lists(st.one_of(FRAMES, FRAMES, FRAMES, st.binary(max_size=9)), max_size=8)


def cut(parts: list[bytes], places: list[int]) -> list[bytes]:
    """
    A stream in pieces that need not be its parts.
    """
    data = b"".join(parts)
    cuts = sorted(place % (len(data) + 1) for place in places)
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b]


@inCheckout
class DifferTests(SynchronousTestCase):
    """
    Both do the same, and where they don't it is found.
    """

    def test_streams(self) -> None:
        """
        Frames of all kinds; and each end that there is comes up.
        """
        messages, outcomes = differ.run(3_000, 0)
        self.assertGreater(messages, 3_000)
        self.assertGreater(outcomes["open"], 500)
        for code in (1000, 1002, 1007, 1009):
            self.assertGreater(outcomes[f"closed with {code}, dropped"], 50, code)
        for code in (1002, 1007, 1009):
            self.assertGreater(outcomes[f"closed with {code}"], 20, code)

    @quickly
    @given(
        STREAMS,
        st.lists(st.integers(0, 999), max_size=4),
        st.integers(0, 2),
        st.integers(0, 3),
    )
    def test_hypothesis(
        self, parts: list[bytes], places: list[int], answers: int, last: int
    ) -> None:
        """
        The same, with streams that somebody else has thought of.
        """
        differ.compare(differ.Case(cut(parts, places), 300, answers, last))

    def test_byteByByte(self) -> None:
        """
        However a stream is cut, each byte may make the difference.
        """
        parts = [
            frame(TEXT, "é☃".encode()),
            frame(TEXT, b"x" * 126),
            frame(PING, b"p"),
            frame(TEXT, b"a", final=False),
            frame(PING, b""),
            frame(0, b"b"),
            frame(BINARY, b"\xff"),
            frame(TEXT, b"2"),
            frame(CLOSE, b"\x03\xe9bye"),
            frame(TEXT, b"too late"),
        ]
        data = b"".join(parts)
        for at in range(len(data)):
            steps = differ.compare(differ.Case([data[:at], data[at:]], answers=1))
            heard = [message for step in steps for message in step.heard]
            self.assertEqual(heard, ["é☃", "x" * 126, "ab", b"\xff", "2"])
            written = b"".join(step.written for step in steps)
            self.assertEqual(written[-4:], b"\x88\x02\x03\xe8")

    def test_turns(self) -> None:
        """
        What waits for the reactor's next turn comes in its order, and whole.
        """
        texts = [str(number) for number in range(3 * MAX_FRAMES + 1)]
        data = b"".join(frame(TEXT, text.encode()) for text in texts)
        (step,) = differ.compare(differ.Case([data], answers=1))
        self.assertEqual(step.heard, texts)

    def test_defects(self) -> None:
        """
        A run ends where they differ, and shows the stream in short.
        """
        self.patch(_closing, "_CODES", range(10_000))
        error = self.assertRaises(differ.Differs, differ.run, 3_000, 0)
        self.assertRegex(str(error), r"^seed 0, case \d+: at piece \d+: .*; in short Case\(")

    def test_failures(self) -> None:
        """
        So it does where ours fails.
        """
        self.patch(Machine, "appetite", lambda self, data, at: 1 // 0)
        error = self.assertRaises(differ.Differs, differ.run, 3_000, 0)
        self.assertIn("by zero", str(error))

    def test_repeated(self) -> None:
        """
        A run can begin at the case at which another one has ended.
        """
        self.patch(_closing, "_CODES", range(10_000))
        error = self.assertRaises(differ.Differs, differ.run, 3_000, 0)
        number = int(str(error).partition("case ")[2].partition(":")[0])
        again = self.assertRaises(differ.Differs, differ.run, 1, 0, number)
        self.assertEqual(str(again), str(error))

    def test_command(self) -> None:
        """
        The command prints its progress and what came of it.
        """
        self.patch(sys, "stdout", output := StringIO())
        differ.main(["--count", "100", "--seed", "5"])
        printed = output.getvalue()
        self.assertTrue(printed.startswith("100 streams, seed 5\n5 streams, "), printed)
        self.assertIn("\n100 streams, ", printed)
        self.assertRegex(printed, r"\nno difference; \d+ messages; .*\n +\d+  \w+")
