"""
One packet, encoded.
"""

from __future__ import annotations


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

    @ivar text: the packet as its dialect writes it.
    @ivar data: C{text} in UTF-8, which is what its size is counted in.
    """

    __slots__ = ("_webSocket", "data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8")
        self._webSocket: bytes | None = None

    @property
    def webSocket(self) -> bytes:
        """
        The frame as a WebSocket text message, header and all; made at the
        first call.
        """
        if self._webSocket is None:
            self._webSocket = _header(0x1, len(self.data)) + self.data
        return self._webSocket

    def __repr__(self) -> str:
        return f"<Frame {self.text[:60]!r}>"
