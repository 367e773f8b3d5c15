"""
htmlfile: a page in a hidden frame that never ends, made of scripts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from twisted.web.http import Request

from txsocketio.interfaces import ISession, Place
from txsocketio.origins import Verdict
from txsocketio.transports._streams import Streaming

# As long as browsers want it before they show, and run, what has come.
_HEAD = b"<html><body>" + b" " * 244
_SCRIPT = b"<script>%s</script>"
# A frame shows no status: this, as the genuine server says it.
_ALERT = b"alert('Cross domain security restrictions not met');"

# Beside what JSON escapes: what could end the script element, or keep it from
# ending, and what could not stand in a string before 2019.
_ESCAPES = (("/", "\\/"), ("<!--", "\\u003c!--"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


class HTMLFile(Streaming):
    """
    C{GET} of C{/htmlfile/[sid]/...} brings each batch of packets as a call of
    the surrounding page's C{s._}; C{POST} the client's.
    """

    name = "htmlfile"
    heading: ClassVar[Sequence[tuple[bytes, bytes]]] = (
        (b"Content-Type", b"text/html; charset=UTF-8"),
        (b"Connection", b"keep-alive"),
    )

    def preamble(self, session: ISession) -> bytes:
        """
        See L{Streaming.preamble}.
        """
        return _HEAD

    def wrap(self, body: bytes) -> bytes:
        """
        See L{Streaming.wrap}.
        """
        literal = json.dumps(body.decode("utf-8"), ensure_ascii=False)
        for plain, escaped in _ESCAPES:
            literal = literal.replace(plain, escaped)
        return _SCRIPT % f"parent.s._({literal}, document);".encode()

    def refuse(self, request: Request, place: Place, verdict: Verdict) -> bytes:
        """
        See L{Streaming.refuse}.
        """
        if request.method != b"GET":
            return super().refuse(request, place, verdict)
        request.setResponseCode(HTTPStatus.OK)
        request.setHeader(*self.heading[0])
        return _HEAD + _SCRIPT % _ALERT
