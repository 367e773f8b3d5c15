"""
One packet, encoded.
"""

from __future__ import annotations

_TEXT, _BINARY = 0x1, 0x2


def _header(opcode: int, length: int) -> bytes:
    """
    The head of a final, unmasked frame (RFC 6455, section 5.2).
    """
    if length < 126:
        return bytes((0x80 | opcode, length))
    if length < 0x10000:
        return bytes((0x80 | opcode, 126)) + length.to_bytes(2, "big")
    return bytes((0x80 | opcode, 127)) + length.to_bytes(8, "big")


class Frame:
    """
    One encoded packet.

    A frame is made once and written to any number of connections.

    @ivar parts: the messages that it takes on a WebSocket, as its dialect
        writes them: nearly always one text, where there is binary data in the
        packet some L{bytes} behind it or instead.
    @ivar size: how long they are together, bytes in UTF-8.
    """

    __slots__ = ("_encoded", "_webSocket", "parts", "size")

    def __init__(self, *parts: str | bytes) -> None:
        self.parts = parts
        self._encoded = [part.encode("utf-8") if isinstance(part, str) else part for part in parts]
        self.size = sum(map(len, self._encoded))
        self._webSocket: bytes | None = None

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
        return self._encoded[0]

    @property
    def webSocket(self) -> bytes:
        """
        The frame as WebSocket messages, headers and all; made at the first
        call.
        """
        if self._webSocket is None:
            self._webSocket = b"".join(
                _header(_TEXT if isinstance(part, str) else _BINARY, len(data)) + data
                for part, data in zip(self.parts, self._encoded, strict=True)
            )
        return self._webSocket

    def __repr__(self) -> str:
        return f"<Frame {' '.join(repr(part[:60]) for part in self.parts[:3])}>"
