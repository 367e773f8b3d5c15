"""
server-events: the page's EventSource
(U{https://html.spec.whatwg.org/multipage/server-sent-events.html}).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from twisted.web.http import Request

from txsocketio.interfaces import ISession, Place
from txsocketio.transports._streams import Streaming

RETRY_MILLISECONDS = 1000
"""How soon a browser comes back by itself; well before C{closeTimeout}."""


class ServerEvents(Streaming):
    """
    C{GET} of C{/server-events/[sid]/...} brings each batch of packets as one
    event; C{POST} the client's.

    The id of all events is the session's, so that a browser that comes back
    by itself to the URL that opened the session goes on with it.
    """

    name = "server-events"
    defaults: ClassVar[Mapping[str, Any]] = {"closeTimeout": 8.0}
    heading: ClassVar[Sequence[tuple[bytes, bytes]]] = (
        (b"Content-Type", b"text/event-stream; charset=UTF-8"),
    )

    def get(self, request: Request, place: Place) -> int:
        """
        See L{Streaming.get}.
        """
        last = request.getHeader(b"Last-Event-ID")
        if place.sid is None and last:
            place = replace(place, sid=last.decode("latin-1"))
        return super().get(request, place)

    def preamble(self, session: ISession) -> bytes:
        """
        See L{Streaming.preamble}. A comment has the proxies on the way send
        the headers; heartbeats keep them from losing patience later.
        """
        return f": welcome\nretry: {RETRY_MILLISECONDS}\nid: {session.sid}\n\n".encode("ascii")

    def wrap(self, body: bytes) -> bytes:
        """
        See L{Streaming.wrap}. A line feed divides the lines of an event and
        is put back by the browser; a carriage return would become one too, so
        a batch with any travels as a JSON string, in an event of its own kind.
        """
        if b"\r" in body:
            literal = json.dumps(body.decode("utf-8"), ensure_ascii=False)
            return f"event: json\ndata: {literal}\n\n".encode()
        return b"data: " + body.replace(b"\n", b"\ndata: ") + b"\n\n"
