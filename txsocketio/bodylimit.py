"""
Bodies that are too large, refused before they are read.

Twisted reads a request's body to its end, to a file if need be, before any
resource hears of the request. The only place where that can be stopped is the
request itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from twisted.web.server import Request, Site

if TYPE_CHECKING:
    _Base = Request
else:
    _Base = object


class _LimitedBody(_Base):
    """
    Mixed into a site's own class of requests.

    @ivar limits: bytes, by what a path begins with.
    @ivar limit: the one that holds for this request.
    @ivar _room: how many bytes of the body may still come; L{None} where there
        is no limit, less than 0 where it has been exceeded.
    """

    limits: dict[bytes, int]
    limit = 0
    _room: int | None = None

    def gotLength(self, length: int | None) -> None:
        """
        The headers are complete.

        @param length: of the body; L{None} for a chunked one.
        """
        super().gotLength(length)
        # HTTP/2 keeps the path elsewhere; there the resource itself refuses,
        # after the body has been read.
        path = unquote_to_bytes(getattr(self.channel, "_path", b""))
        for mount, limit in self.limits.items():
            # A query may stand where the slash is.
            if path.startswith((mount, mount[:-1] + b"?")):
                self._room = self.limit = limit
                if length is not None and length > limit:
                    self._refuse()
                return

    def handleContentChunk(self, data: bytes) -> None:
        """
        Some of the body has come.
        """
        if self._room is None:
            super().handleContentChunk(data)
        elif self._room >= 0:
            self._room -= len(data)
            if self._room >= 0:
                super().handleContentChunk(data)
            else:
                self._refuse()

    def _refuse(self) -> None:
        """
        Answer, and hear nothing more on this connection.
        """
        channel: Any = self.channel
        # Nobody shall be told to go on with a body that is not wanted.
        self.requestHeaders.removeHeader(b"Expect")
        channel.persistent = False
        channel.dataReceived = _ignore
        # The rest of what has arrived is still in the decoder's hands.
        channel.allContentReceived = _nothing
        self.method, self.clientproto = b"POST", b"HTTP/1.1"
        self.setResponseCode(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = f"the body exceeds {self.limit} bytes\n".encode("ascii")
        self.setHeader(b"Content-Type", b"text/plain; charset=UTF-8")
        self.setHeader(b"Content-Length", str(len(body)).encode("ascii"))
        self.setHeader(b"Connection", b"close")
        self.write(body)
        self.finish()


def _ignore(data: bytes) -> None:
    """
    Nobody reads it.
    """


def _nothing() -> None:
    """
    The request has had its answer.
    """


def isUsual(kind: Any) -> bool:
    """
    Whether requests are as Twisted's own site makes them, with or without a
    limit: what an application's own class does with one, nobody knows.

    @param kind: what makes them.
    """
    return kind is Request or getattr(kind, "__bases__", None) == (_LimitedBody, Request)


def limitBodies(site: Site, mount: Sequence[bytes], limit: int) -> None:
    """
    Refuse larger bodies with status 413 on a site, at once, below one path.

    Where a function makes a site's requests there is no class to add to, and
    bodies are refused after they have been read.

    @param mount: the parts of the path.
    @param limit: bytes.
    """
    base: Any = site.requestFactory
    if not isinstance(base, type):
        return
    if not issubclass(base, _LimitedBody):
        base = type("LimitedRequest", (_LimitedBody, base), {"limits": {}})
        site.requestFactory = base
    base.limits[b"/%s/" % b"/".join(mount)] = limit
