"""
jsonp-polling: the page asks by script elements and answers by forms, which
no browser ever confined to the page's own origin.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import ClassVar

from twisted.web.http import Request

from txsocketio.errors import RemoteProtocolError
from txsocketio.interfaces import Place
from txsocketio.origins import Verdict
from txsocketio.transports._polls import Polling

JAVASCRIPT = b"text/javascript; charset=UTF-8"
# A script element shows no status: this, as the genuine server says it.
ALERT = b"alert('Cross domain security restrictions not met')"


class JSONPPolling(Polling):
    """
    C{GET} of C{/jsonp-polling/[sid]/.../index} brings the server's packets as
    a call of the page's function of that index; C{POST} the client's.
    """

    name = "jsonp-polling"
    contentType = JAVASCRIPT
    # As xhr-polling's, before the index.
    stamp: ClassVar[re.Pattern[bytes]] = re.compile(
        rb"(?:[?&]t=|/(?=[0-9]+/[0-9]+ ))([\w.-]*)(?=[& /])"
    )

    def get(self, request: Request, place: Place) -> int:
        """
        See L{Polling.get}.
        """
        if place.index is None:
            raise RemoteProtocolError("a JSONP request needs an index at the end of its URL")
        return super().get(request, place)

    def wrap(self, body: bytes, place: Place) -> bytes:
        """
        See L{Polling.wrap}.
        """
        script: bytes = place.dialect.script(place.index, body)
        return script

    def unwrap(self, field: str, place: Place) -> str:
        """
        See L{Polling.unwrap}.
        """
        text: str = place.dialect.unscript(field)
        return text

    def refuse(self, request: Request, place: Place, verdict: Verdict) -> bytes:
        """
        See L{Polling.refuse}.
        """
        if request.method != b"GET":
            return super().refuse(request, place, verdict)
        request.setResponseCode(HTTPStatus.OK)
        request.setHeader(b"Content-Type", JAVASCRIPT)
        return ALERT
