"""
xhr-multipart: one XMLHttpRequest whose answer has many parts, as Firefox read
them up to version 21.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.web.http import HTTPChannel, Request

from txsocketio.interfaces import ISession
from txsocketio.transports._streams import Streaming

_BOUNDARY = b"--socketio"
_PART = b"Content-Type: text/plain\n\n"
_END = b"\n" + _BOUNDARY + b"\n"


class XHRMultipart(Streaming):
    """
    C{GET} of C{/xhr-multipart/[sid]/...} brings each batch of packets as a
    part of its own; C{POST} the client's.
    """

    name = "xhr-multipart"
    leading: ClassVar[Sequence[bytes]] = ()
    heading: ClassVar[Sequence[tuple[bytes, bytes]]] = (
        (b"Content-Type", b'multipart/x-mixed-replace;boundary="socketio"'),
        (b"Connection", b"keep-alive"),
    )

    def begin(self, request: Request) -> None:
        """
        See L{Streaming.begin}. As with the genuine server, the answer is not
        chunked; it ends with the connection.
        """
        channel: Any = request.channel
        if isinstance(channel, HTTPChannel):
            channel.persistent = False
            request.startedWriting = 1
            channel.writeHeaders(b"HTTP/1.1", b"200", b"OK", request.responseHeaders)

    def preamble(self, session: ISession) -> bytes:
        """
        See L{Streaming.preamble}.
        """
        return _BOUNDARY + b"\n"

    def wrap(self, body: bytes) -> bytes:
        """
        See L{Streaming.wrap}. A boundary within a message is itself cut in
        two by a boundary; the client's decoder puts the pieces together.
        """
        half = len(_BOUNDARY) // 2
        cut = _BOUNDARY[:half] + _END + _PART + _BOUNDARY[half:]
        return _PART + body.replace(_BOUNDARY, cut) + _END
