"""
What the tests of decoders have in common.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path
from typing import Any, SupportsIndex

from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import RemoteProtocolError
from txsocketio.interfaces import IDecoder
from txsocketio.packets import Kind, Packet
from txsocketio.protocol import _framing

EMOJI = "\U0001f600"

DOCUMENTED = re.compile(r"^``(.*?)`` +([0-9]{3})(?: +``(.*)``)?", re.MULTILINE)
"""What the documentation says of one fault."""

VARIABLE = re.compile(r"' '|'\S+'|\d+")
"""What differs between errors of one kind."""

REPOSITORY = Path(_framing.__file__).parents[2]

quickly = hypothesisSettings(deadline=None, max_examples=150)

PLAIN = st.text(st.sampled_from(["a", "r", "j", ":", "\n", ",", "~", "\u2028", EMOJI]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3),
    max_leaves=5,
)


def packet(kind: str, **fields: Any) -> Packet:
    """
    A packet, as the vectors write it.
    """
    return Packet(Kind[kind], **fields)


def vectors(name: str) -> Iterator[tuple[str, str, list[Packet], list[Packet]]]:
    """
    Of each vector in the file of that name: what it is, its wire text, and the
    packets of which it is written and as which it is read.
    """
    path = Path(__file__).parent / "vectors" / f"{name}.json"
    for vector in json.loads(path.read_text("utf-8")):
        same = vector.get("packets", ())
        yield (
            vector["what"],
            vector["wire"],
            [packet(**fields) for fields in vector.get("writes", same)],
            [packet(**fields) for fields in vector.get("reads", same)],
        )


def outcome(
    pieces: Iterable[str], decoder: IDecoder
) -> tuple[list[Packet], str | None, int | None]:
    """
    The packets that are in these pieces, and the reason and the status of the
    error that they end with, if they do.
    """
    packets: list[Packet] = []
    try:
        for piece in pieces:
            packets.extend(decoder.message(piece))
    except RemoteProtocolError as error:
        return packets, error.reason, error.httpStatus
    return packets, None, None


def cutAt(at: int, text: str) -> list[str]:
    """
    Two pieces.
    """
    return [text[:at], text[at:]]


def cutUp(text: str, random: Any) -> list[str]:
    """
    Six pieces, some of which may be empty.
    """
    cuts = sorted(random.randrange(len(text) + 1) for _ in range(5))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]


def undocumented(heading: str, reasons: Iterable[str]) -> set[str]:
    """
    Which kinds of faults C{docs/protocol.rst} does not list below that heading.
    """
    listed = {VARIABLE.sub("*", reason) for reason, _, _ in documented(heading)}
    return {VARIABLE.sub("*", reason) for reason in reasons} - listed


def documented(heading: str) -> list[tuple[str, int, str]]:
    """
    What C{docs/protocol.rst} says is refused, below that heading.

    @return: of each fault the reason, the status, and an example or C{""}.
    """
    document = (REPOSITORY / "docs" / "protocol.rst").read_text("utf-8")
    _, underline, section = document.partition(f"\n{heading}\n")
    if not underline:
        raise LookupError(f"no heading {heading!r}")
    table = section.partition("\n\n\n")[0]
    return [
        (reason, int(status), example.replace("\u23ce", "\n"))
        for reason, status, example in DOCUMENTED.findall(table)
    ]


class Watched(str):
    """
    A text that counts the characters that are copied out of it, or looked at
    one by one.

    @cvar work: how many that were.
    """

    __slots__ = ()

    work = 0

    @classmethod
    def counted(cls, text: str) -> Watched:
        """
        A text that has been copied.
        """
        Watched.work += len(text)
        return cls(text)

    def __getitem__(self, key: SupportsIndex | slice) -> Watched:
        return self.counted(super().__getitem__(key))

    def __add__(self, other: str) -> Watched:
        return self.counted(super().__add__(other))

    def __radd__(self, other: str) -> Watched:
        return self.counted(str.__add__(other, self))

    def isascii(self) -> bool:
        """
        Looks at each character.
        """
        Watched.work += len(self)
        return super().isascii()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """
        Looks at each character.
        """
        Watched.work += len(self)
        return super().encode(encoding, errors)


class WatchedIO(StringIO):
    """
    The same for what collects the pieces.
    """

    def write(self, text: str) -> int:
        """
        Copies the characters.
        """
        Watched.work += len(text)
        return super().write(text)

    def getvalue(self) -> str:
        """
        Copies them once more.
        """
        value = super().getvalue()
        Watched.work += len(value)
        return value


class LinearCase(SynchronousTestCase):
    """
    The work of a decoder grows as its input does.
    """

    def make(self) -> IDecoder:
        """
        A decoder that takes a million packets at once.
        """
        raise NotImplementedError

    def work(self, pieces: Iterable[str], packets: int) -> tuple[int, int]:
        """
        @param packets: how many are expected.
        @return: how many characters were copied, how many functions called.
        """
        self.patch(_framing, "StringIO", WatchedIO)
        decoder = self.make()
        calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal calls
            calls += 1

        Watched.work = 0
        sys.setprofile(count)
        try:
            read = sum(1 for piece in pieces for _ in decoder.message(Watched(piece)))
        finally:
            sys.setprofile(None)
        self.assertEqual(read, packets)
        return Watched.work, calls

    def assertLinear(self, make: Callable[[int], tuple[Iterable[str], int]]) -> None:
        """
        @param make: makes input of a size, and the number of its packets.
        """
        less, more = self.work(*make(4_000)), self.work(*make(8_000))
        for small, large in zip(less, more, strict=True):
            self.assertLess(large, 2.2 * small + 100)
        self.assertGreater(more[1], 8_000)


def manyFrames(text: str, size: int) -> tuple[Iterable[str], int]:
    """
    All in one piece.
    """
    return [text * size], size


def loadFuzz() -> Any:
    """
    The command in C{benchmarks}, which is no package, as a module.
    """
    spec = spec_from_file_location("fuzz", REPOSITORY / "benchmarks" / "fuzz.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FaultTests:
    """
    Mixed into a test case: what is refused, and how that is documented.

    @cvar broken: of each fault a text, its reason and its status.
    @cvar heading: that of the documentation's list.
    @cvar good: the frame of a text message.
    @cvar make: a new decoder.
    """

    broken: Sequence[tuple[str, str, int]]
    heading: str
    good: Callable[[str], str]
    make: Callable[[], IDecoder]

    def test_whole(self: Any) -> None:
        """
        Each fault is told in one line, and with its status.
        """
        for text, reason, status in self.broken:
            self.assertEqual(outcome([text], self.make()), ([], reason, status), ascii(text[:40]))

    def test_byCharacters(self: Any) -> None:
        """
        It is the same however the text arrives.
        """
        for text, reason, status in self.broken:
            self.assertEqual(outcome(text, self.make()), ([], reason, status), ascii(text[:40]))

    def test_afterOthers(self: Any) -> None:
        """
        What was well formed before the fault has been taken.
        """
        for text, reason, status in self.broken:
            self.assertEqual(
                outcome([self.good("a") + self.good("b") + text], self.make()),
                ([Packet(Kind.MESSAGE, "a"), Packet(Kind.MESSAGE, "b")], reason, status),
            )

    def test_payload(self: Any) -> None:
        """
        In a request's body it is the same, and there has to be something.
        """
        for text, reason, _ in [*self.broken, ("", "no packets", 400)]:
            error = self.assertRaises(
                RemoteProtocolError, lambda text=text: list(self.make().payload(text))
            )
            self.assertEqual(error.reason, reason)

    def test_binary(self: Any) -> None:
        """
        The protocol knows no binary data.
        """
        for receive in [self.make().message, self.make().payload]:
            error = self.assertRaises(RemoteProtocolError, receive, self.good("hello").encode())
            self.assertEqual(
                (error.reason, error.httpStatus),
                ("binary data, which this protocol does not know", 400),
            )

    def test_documented(self: Any) -> None:
        """
        The documentation lists each kind of fault, and its examples are right.
        """
        listed = documented(self.heading)
        for reason, status, example in listed:
            if example:
                self.assertEqual(outcome([example], self.make()), ([], reason, status))
        kinds = {VARIABLE.sub("*", reason) for reason, _, _ in listed}
        for _, reason, _ in [*self.broken, ("", "no packets", 400)]:
            self.assertIn(VARIABLE.sub("*", reason), kinds)
