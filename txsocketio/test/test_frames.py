"""
Tests for L{txsocketio.frames}.
"""

from __future__ import annotations

import struct

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.frames import Frame


def read(data: bytes) -> tuple[bool, int, int, bool, int, bytes]:
    """
    Read a frame by the drawing in RFC 6455, section 5.2.

    @return: FIN, the reserved bits, opcode, MASK, how many bytes the length
        took, and the payload, which must be all that follows.
    """
    first, second = struct.unpack_from("!BB", data)
    length, at = second % 128, 2
    if length == 126:
        (length,) = struct.unpack_from("!H", data, at)
        at += 2
    elif length == 127:
        (length,) = struct.unpack_from("!Q", data, at)
        at += 8
    assert len(data) == at + length, (len(data), at, length)
    return first >= 128, first >> 4 & 7, first % 16, second >= 128, at - 1, data[at:]


class FrameTests(SynchronousTestCase):
    """
    A packet's forms.
    """

    def test_webSocket(self) -> None:
        """
        A frame is one whole, unmasked text message, its length written in as
        few bytes as can be.
        """
        for size, width in (
            (0, 1),
            (1, 1),
            (125, 1),
            (126, 3),
            (127, 3),
            (65535, 3),
            (65536, 9),
            (100_000, 9),
        ):
            text = "x" * size
            found = read(Frame(text).webSocket)
            self.assertEqual(found, (True, 0, 1, False, width, text.encode()))

    def test_data(self) -> None:
        """
        Sizes are counted in UTF-8.
        """
        frame = Frame("ä\U0001f600\u2028")
        self.assertEqual(frame.data, b"\xc3\xa4\xf0\x9f\x98\x80\xe2\x80\xa8")
        self.assertEqual(read(frame.webSocket)[-1], frame.data)
        self.assertEqual(read(Frame("ä" * 63).webSocket)[-2], 3)

    def test_once(self) -> None:
        """
        It is made once, however many it is written to.
        """
        frame = Frame("x")
        self.assertIs(frame.webSocket, frame.webSocket)

    def test_repr(self) -> None:
        """
        It shows itself, and not all of it where that is much.
        """
        self.assertEqual(repr(Frame("1:3::hi,\n")), "<Frame '1:3::hi,\\n'>")
        self.assertEqual(repr(Frame("x" * 1000)), f"<Frame '{'x' * 60}'>")
