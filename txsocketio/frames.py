"""
One packet, encoded.
"""

from __future__ import annotations

_TEXT, _BINARY = 0x1, 0x2


def _head(opcode: int, length: int) -> bytes:
    """
    The head of a final, unmasked frame (RFC 6455, section 5.2).
    """
    if length < 126:
        return bytes((0x80 | opcode, length))
    if length < 0x10000:
        return bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
    return bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")


_TEXT_HEADS = [_head(_TEXT, length) for length in range(126)]
"""Those of short texts, by length: nearly all are short."""


def _size(part: str | bytes) -> int:
    return len(part.encode() if isinstance(part, str) and not part.isascii() else part)


class Frame:
    """
    One encoded packet, which nearly always is one text.

    A frame is made once and written to any number of connections.

    @ivar parts: the messages that it takes on a WebSocket, as its dialect
        writes them.
    @ivar webSocket: the same as finished WebSocket messages, heads and all.
    """

    __slots__ = ("parts", "webSocket")

    parts: tuple[str | bytes, ...]

    def __init__(self, text: str) -> None:
        self.parts = (text,)
        data = text.encode()
        length = len(data)
        head = _TEXT_HEADS[length] if length < 126 else _head(_TEXT, length)
        self.webSocket = head + data

    @property
    def text(self) -> str:
        """
        The first part, where that is text.
        """
        first = self.parts[0]
        return first if isinstance(first, str) else ""

    @property
    def data(self) -> bytes:
        """
        The first part, text in UTF-8.
        """
        first = self.parts[0]
        return first.encode() if isinstance(first, str) else first

    @property
    def size(self) -> int:
        """
        How long the parts are together, bytes in UTF-8.
        """
        return sum(map(_size, self.parts))

    def __repr__(self) -> str:
        return f"<Frame {' '.join(repr(part[:60]) for part in self.parts[:3])}>"


class Parted(Frame):
    """
    One with binary data in it: some L{bytes} behind the text or instead.
    """

    __slots__ = ()

    def __init__(self, *parts: str | bytes) -> None:
        self.parts = parts
        self.webSocket = b"".join(
            _head(_BINARY, len(part)) + part if isinstance(part, bytes) else Frame(part).webSocket
            for part in parts
        )
