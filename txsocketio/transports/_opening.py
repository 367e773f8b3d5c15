"""
How a WebSocket is opened (RFC 6455, section 4.2), as nearly all clients ask
for it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1

from twisted.web.http import Request

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

# What there has to be once, and in which form.
_FORMS = {
    b"Host": re.compile(rb"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"),
    b"Upgrade": re.compile(rb"(?i:websocket)"),
    b"Connection": re.compile(rb"(?i)(?:[\w-]+, ?)*upgrade(?:, ?[\w-]+)*"),
    b"Sec-WebSocket-Version": re.compile(rb"13"),
    b"Sec-WebSocket-Key": re.compile(rb"[A-Za-z0-9+/]{22}=="),
}
# What clients offer that is not taken up.
_OFFERS: Sequence[list[bytes]] = (
    [],
    [b"permessage-deflate"],
    [b"permessage-deflate; client_max_window_bits"],
)


def usualKey(request: Request, takesOffers: bool) -> bytes | None:
    """
    @param takesOffers: whether extensions may be used.
    @return: the key of an opening in which there is nothing to be found fault
        with, nor to be chosen; L{None} for any other.
    """
    headers = request.requestHeaders
    offers = headers.getRawHeaders(b"Sec-WebSocket-Extensions", [])
    isUsual = (
        request.clientproto == b"HTTP/1.1"
        and b"#" not in request.uri
        and not headers.hasHeader(b"Sec-WebSocket-Protocol")
        and not (offers if takesOffers else offers not in _OFFERS)
    )
    if not isUsual:
        return None
    value = b""
    for name, form in _FORMS.items():
        values = headers.getRawHeaders(name, [])
        if len(values) != 1 or not form.fullmatch(values[0]):
            return None
        value = values[0]
    return value


def answerTo(key: bytes) -> bytes:
    """
    What opens the WebSocket.
    """
    accept = b64encode(sha1(key + _MAGIC, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: WebSocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept
    )
