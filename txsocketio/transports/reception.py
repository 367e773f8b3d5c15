"""
reception: where a client is named its session by a request of its own, before
it opens a transport, and where it may say goodbye by another one.

It carries no session, and is there for whatever generation knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from twisted.web.http import Request

from txsocketio.interfaces import Place
from txsocketio.transports._http import TEXT, HTTPTransport
from txsocketio.transports.jsonppolling import JAVASCRIPT


class Reception(HTTPTransport):
    """
    C{GET} or C{POST} without a session's id announces a new session, with an
    index as a script; with an id it ends the session.
    """

    name = "reception"
    openers: ClassVar[Sequence[bytes]] = (b"GET", b"POST")

    def get(self, request: Request, place: Place) -> bytes:
        """
        See L{HTTPTransport.get}.
        """
        request.setHeader(b"Content-Type", TEXT)
        if place.sid is not None:
            self.gate.part(place)
            receipt: bytes = place.dialect.receipt
            return receipt
        body: bytes = place.dialect.join(self.gate.announce(place, request))
        if place.index is None:
            return body
        request.setHeader(b"Content-Type", JAVASCRIPT)
        script: bytes = place.dialect.script(place.index, body)
        return script

    def post(self, request: Request, place: Place) -> bytes:
        """
        See L{HTTPTransport.post}. It is the URL that says it all.
        """
        return self.get(request, place)
