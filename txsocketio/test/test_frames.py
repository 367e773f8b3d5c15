"""
Tests for L{txsocketio.frames}.
"""

from __future__ import annotations

import struct

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.frames import Frame, Parted


def readAll(data: bytes) -> list[tuple[int, bytes]]:
    """
    Opcode and payload of each of the frames.
    """
    found = []
    while data:
        width = {126: 4, 127: 10}.get(data[1], 2)
        size = int.from_bytes(data[2:width], "big") if width > 2 else data[1]
        _, _, opcode, _, _, payload = read(data[: width + size])
        found.append((opcode, payload))
        data = data[width + size :]
    return found


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
        self.assertEqual(frame.size, 9)
        self.assertEqual(read(frame.webSocket)[-1], frame.data)
        self.assertEqual(read(Frame("ä" * 63).webSocket)[-2], 3)

    def test_parts(self) -> None:
        """
        A packet of several parts is as many messages, of text or binary, in
        their order.
        """
        frame = Parted("ä", b"\xff\0", b"x" * 70_000, "b")
        self.assertEqual(
            readAll(frame.webSocket),
            [(1, b"\xc3\xa4"), (2, b"\xff\0"), (2, b"x" * 70_000), (1, b"b")],
        )
        self.assertEqual(frame.parts, ("ä", b"\xff\0", b"x" * 70_000, "b"))
        self.assertEqual(frame.size, 70_005)
        self.assertEqual((frame.text, frame.data), ("ä", b"\xc3\xa4"))

    def test_binary(self) -> None:
        """
        There may be no text in it at all.
        """
        frame = Parted(b"\xff\0")
        self.assertEqual(readAll(frame.webSocket), [(2, b"\xff\0")])
        self.assertEqual((frame.text, frame.data, frame.size), ("", b"\xff\0", 2))

    def test_repr(self) -> None:
        """
        It shows itself, and not all of it where that is much.
        """
        self.assertEqual(repr(Frame("1:3::hi,\n")), "<Frame '1:3::hi,\\n'>")
        self.assertEqual(repr(Frame("x" * 1000)), f"<Frame '{'x' * 60}'>")
        self.assertEqual(repr(Parted("a", b"\xff", b"b", b"c")), "<Frame 'a' b'\\xff' b'b'>")
