"""
polling: Engine.IO's long polling, by XMLHttpRequest or by scripts and forms
(U{https://socket.io/docs/v4/engine-io-protocol/#http-long-polling}).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from twisted.web.http import Request

from txsocketio.codings import accepts
from txsocketio.interfaces import Place
from txsocketio.transports._http import BINARY, TEXT
from txsocketio.transports._polls import Polling
from txsocketio.transports.jsonppolling import JAVASCRIPT

# A form's answer is shown in a frame, and some browsers save what is no page.
_PAGE = b"text/html"
_COMPRESSED_FROM = 1024
"""Bytes; less is not worth the work, as in Node's server."""

_CODINGS: Sequence[tuple[bytes, Callable[[bytes], bytes]]] = (
    (b"gzip", gzip.compress),
    (b"deflate", zlib.compress),
)


class EnginePolling(Polling):
    """
    C{GET} brings the server's packets, C{POST} the client's; whoever gives an
    index gets a script, and posts a form.
    """

    name = "polling"
    defaults: ClassVar[Mapping[str, Any]] = {}
    contentType = TEXT
    postContentType = _PAGE

    def get(self, request: Request, place: Place) -> int:
        """
        See L{Polling.get}.
        """
        session = self.gate.enter(place, request)
        if place.sid is None and self.gate.cookie:
            name = self.gate.cookie
            request.addCookie(name, session.sid, path="/", httpOnly=True, sameSite="lax")
        return self.hold(request, place, session)

    def unwrap(self, field: str, place: Place) -> str:
        """
        See L{Polling.unwrap}.
        """
        text: str = place.dialect.unscript(field)
        return text

    def finish(self, request: Request, place: Place, body: bytes) -> None:
        """
        See L{Polling.finish}.
        """
        request.setHeader(b"Cache-Control", b"no-store")
        if place.index is not None:
            self._send(request, JAVASCRIPT, place.dialect.script(place.index, body))
        else:
            self._send(request, BINARY if place.dialect.isBinary(body) else TEXT, body)

    def _send(self, request: Request, contentType: bytes, data: bytes) -> None:
        if self.gate.httpCompression and len(data) >= _COMPRESSED_FROM:
            data = _compressed(request, data)
        super()._send(request, contentType, data)


def _compressed(request: Request, data: bytes) -> bytes:
    """
    @return: C{data}, in the way that the client likes best, if any.
    """
    request.responseHeaders.addRawHeader(b"Vary", b"Accept-Encoding")
    accepted = request.getHeader(b"Accept-Encoding") or b""
    for coding, compress in _CODINGS:
        if accepts(accepted, coding):
            request.setHeader(b"Content-Encoding", coding)
            return compress(data)
    return data
