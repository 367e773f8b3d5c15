"""
Tests for L{txsocketio.codings}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.codings import accepts


class AcceptsTests(SynchronousTestCase):
    """
    What C{Accept-Encoding} says (RFC 9110, section 12.5.3).
    """

    def assertAccepts(self, isAccepted: bool, *headers: bytes) -> None:
        """
        With any of these headers gzip is accepted, or not.
        """
        for header in headers:
            self.assertIs(accepts(header, b"gzip"), isAccepted, header)

    def test_named(self) -> None:
        """
        What is named is accepted, in whatever case and among whatever else.
        """
        self.assertAccepts(
            True, b"gzip", b"GZip", b" gzip ", b"br, gzip", b"gzip,br", b"a,,gzip,", b"a;q=0,gzip"
        )

    def test_notNamed(self) -> None:
        """
        What is not named is not accepted, nor is what only looks like it.
        """
        self.assertAccepts(False, b"", b"br", b"xgzip", b"x-gzip", b"gzip2", b"gzip br", b";q=1")

    def test_weight(self) -> None:
        """
        A weight of more than nothing accepts it, and one of nothing does not,
        in however many digits.
        """
        self.assertAccepts(
            True,
            b"gzip;q=1",
            b"gzip;q=1.0",
            b"gzip;q=1.000",
            b"gzip;q=0.5",
            b"gzip;q=0.001",
            b"gzip; q=0.5",
            b"gzip ; q=0.5 ",
            b"gzip;Q=0.5",
        )
        self.assertAccepts(
            False, b"gzip;q=0", b"gzip;q=0.0", b"gzip;q=0.000", b"gzip; q=0", b"gzip;q=0."
        )

    def test_noWeight(self) -> None:
        """
        What is no weight accepts nothing.
        """
        self.assertAccepts(
            False,
            b"gzip;q=",
            b"gzip;q=x",
            b"gzip;q=2",
            b"gzip;q=-1",
            b"gzip;q=1.5",
            b"gzip;q=1;q=1",
            b"gzip;level=9",
        )

    def test_anything(self) -> None:
        """
        A star stands for all that is not named.
        """
        self.assertAccepts(True, b"*", b"br, *", b"*;q=0.5", b"gzip, *;q=0")
        self.assertAccepts(False, b"*;q=0", b"gzip;q=0, *", b"*, gzip;q=0")
