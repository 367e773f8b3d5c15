"""
Tests for L{txsocketio.protocol._utf16}.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.protocol._utf16 import cut, units, wellFormed

EMOJI = "\U0001f600"
HIGH, LOW = "\ud83d", "\ude00"

# One, two and three bytes of UTF-8, two units, and halves of pairs.
TEXTS = st.text(st.sampled_from(["a", "\xe9", "\u2603", EMOJI, HIGH, LOW]), max_size=20)

quickly = hypothesisSettings(deadline=None, max_examples=200)


class UnitsTests(SynchronousTestCase):
    """
    Tests for L{units}.
    """

    def test_counts(self) -> None:
        """
        Only characters beyond the first plane count twice.
        """
        for text, count in [
            ("", 0),
            ("abc", 3),
            ("\xe9\u2603\uffff", 3),
            (EMOJI, 2),
            (f"a{EMOJI}b{EMOJI}", 6),
            (HIGH, 1),
            (LOW + HIGH, 2),
            (HIGH + LOW, 2),
        ]:
            self.assertEqual(units(text), count, ascii(text))


class CutTests(SynchronousTestCase):
    """
    Tests for L{cut}.
    """

    def test_inside(self) -> None:
        """
        There is enough of the text, and more.
        """
        self.assertEqual(cut("abcdef", 1, 3), (4, 0))
        self.assertEqual(cut(f"{EMOJI}a{EMOJI}b{EMOJI}", 1, 4), (4, 0))
        self.assertEqual(cut("abc", 3, 0), (3, 0))

    def test_missing(self) -> None:
        """
        Where the text ends too early it is told how much is missing.
        """
        self.assertEqual(cut("abc", 1, 5), (3, 3))
        self.assertEqual(cut(f"a{EMOJI}", 0, 5), (2, 2))
        self.assertEqual(cut("", 0, 5), (0, 5))

    def test_insideCharacter(self) -> None:
        """
        No cut goes through a character.
        """
        for text, count in [(EMOJI, 1), (f"a{EMOJI}a", 2), (EMOJI * 9, 7)]:
            self.assertRaises(ValueError, cut, text, 0, count)

    def test_halves(self) -> None:
        """
        Surrogates that stand alone in the text are characters of one unit.
        """
        self.assertEqual(cut(HIGH + LOW + EMOJI, 0, 1), (1, 0))
        self.assertEqual(cut(HIGH + LOW + EMOJI, 0, 4), (3, 0))

    @quickly
    @given(TEXTS, TEXTS, TEXTS)
    def test_everyCut(self, before: str, text: str, after: str) -> None:
        """
        What has been counted is found again, wherever it stands.
        """
        self.assertEqual(
            cut(before + text + after, len(before), units(text)), (len(before) + len(text), 0)
        )


class WellFormedTests(SynchronousTestCase):
    """
    Tests for L{wellFormed}.
    """

    def test_wellFormed(self) -> None:
        """
        Nothing happens to text without surrogates.
        """
        for text in ["", "abc", f"\xe9\u2028{EMOJI}"]:
            self.assertEqual(wellFormed(text), text)

    def test_loneSurrogates(self) -> None:
        """
        Each half character becomes U+FFFD, each pair the character it is.
        """
        for text, mended in [
            (HIGH, "\ufffd"),
            (f"a{LOW}b", "a\ufffdb"),
            (LOW + HIGH, "\ufffd\ufffd"),
            (HIGH + HIGH + LOW, "\ufffd" + EMOJI),
            (f"{EMOJI}{HIGH}", f"{EMOJI}\ufffd"),
        ]:
            self.assertEqual(wellFormed(text), mended, ascii(text))

    @quickly
    @given(TEXTS)
    def test_lengthStays(self, text: str) -> None:
        """
        The length stays what it was, and the text can be sent.
        """
        mended = wellFormed(text)
        self.assertEqual(units(mended), units(text))
        self.assertEqual(mended.encode("utf-8").decode("utf-8"), mended)
