"""
How a WebSocket is closed (RFC 6455, section 5.5.1), as nearly all clients do
it.
"""

from __future__ import annotations

ANSWER = b"\x88\x02\x03\xe8"
"""What is answered: a frame that closes, and says that all is well."""

_CLOSE = 0x88
_WITHOUT_CODE, _WITH_CODE = 0x80, 0x82
# A masked head, and behind it a code.
_SHORTEST, _SHORT = 6, 8
# It is done, or the page is left.
_CODES = (1000, 1001)


def isUsual(data: bytes, at: int) -> bool:
    """
    Whether the frame that begins at C{at} closes, is all there, and says
    nothing that would have to be judged.
    """
    here = len(data) - at
    if here < _SHORTEST or data[at] != _CLOSE:
        return False
    if data[at + 1] != _WITH_CODE or here < _SHORT:
        return data[at + 1] == _WITHOUT_CODE
    code = (data[at + 6] ^ data[at + 2]) << 8 | (data[at + 7] ^ data[at + 3])
    return code in _CODES
