"""
The short way in.

Nearly every WebSocket is opened by the first bytes of a connection, which hold an
everyday request and no more. C{twisted.web} reads such a request, and is asked for
what it knows of it, with great care for all that a request can be; then the connection
is taken away from it. A L{Door} stands before C{twisted.web}'s channel and lets in
who asks in that way and is welcome. Of anybody else it has seen nothing, and the
channel gets every byte: it alone knows HTTP, and what those are told who are not
welcome.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from twisted.internet.interfaces import IAddress, IProtocol, ISSLTransport
from twisted.web.http import HTTPChannel, parse_qs
from twisted.web.http_headers import Headers, InvalidHeaderName
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from txsocketio.bodylimit import isUsual
from txsocketio.errors import RemoteProtocolError
from txsocketio.transports._http import Located

LONGEST_HEAD = 8192
"""Bytes."""

MOST_HEADERS = 100
"""Both are less than C{twisted.web} takes."""

# What is in no need to be unquoted, or looked at closely.
_LINE = re.compile(rb"GET (/[\w./~-]*(?:\?[!-\"$-~]*)?) HTTP/1\.1\r\n")
_BREAK = b"\r\n"
_END = b"\r\n\r\n"

# What has to do with a body.
_UNUSUAL = (b"Content-Length", b"Transfer-Encoding", b"Expect")

_HTTP_1 = (None, b"http/1.1")


class Root(Protocol):
    """
    What finds the listener's URLs on a site, as long as it is the site's resource:
    a L{txsocketio.resource.Fork}.
    """

    def find(self, parts: Sequence[bytes], request: Request) -> IResource | None:
        """
        What serves the path of these parts; L{None} where it is not ours.
        """


class Opening:
    """
    As much of a request as a WebSocket's opening is asked for.
    """

    __slots__ = ("_transport", "args", "requestHeaders", "uri")

    method = b"GET"
    clientproto = b"HTTP/1.1"

    def __init__(
        self,
        transport: Any,
        uri: bytes,
        args: Mapping[bytes, Sequence[bytes]],
        headers: Headers,
    ) -> None:
        self._transport = transport
        self.uri = uri
        self.args = args
        self.requestHeaders = headers

    def getClientAddress(self) -> IAddress:
        """
        Where it comes from.
        """
        address: IAddress = self._transport.getPeer()
        return address

    def isSecure(self) -> bool:
        """
        Whether it came over TLS.
        """
        return ISSLTransport(self._transport, None) is not None


class Door:
    """
    The one of a site.
    """

    def __init__(self, site: Site, root: Root) -> None:
        self._site = site
        self._root = root

    def enter(self, inner: IProtocol, first: bytes, leaveTo: Callable[[IProtocol], object]) -> bool:
        """
        Open the WebSocket that a connection begins with, if it does.

        @param inner: what has the connection.
        @param first: what has come on it.
        @param leaveTo: is called with what has it from now on.
        @return: whether it has been opened; else nothing has happened.
        """
        channel: Any = getattr(inner, "_channel", None)
        end = first.find(_END, 0, LONGEST_HEAD)
        if end < 0 or not self._isTwisteds(channel):
            return False
        transport = channel.transport
        guest = self._welcomed(_read(first[:end], transport))
        if guest is None:
            return False
        protocol, begin = guest
        channel.setTimeout(None)
        transport.unregisterProducer()
        leaveTo(protocol)
        protocol.makeConnection(transport)
        begin()
        rest = first[end + len(_END) :]
        if rest:
            protocol.dataReceived(rest)
        return True

    def _welcomed(self, opening: Opening | None) -> tuple[IProtocol, Callable[[], object]] | None:
        """
        See L{HTTPTransport.welcome}.
        """
        if opening is None:
            return None
        request = cast(Request, opening)
        path = opening.uri.partition(b"?")[0]
        found = self._root.find(path[1:].split(b"/"), request)
        if not isinstance(found, Located):
            return None
        try:
            return found.transport.welcome(request, found.place)
        except RemoteProtocolError:
            return None

    def _isTwisteds(self, channel: Any) -> bool:
        """
        Whether nobody but Twisted and we would see a request on this channel.
        """
        site = self._site
        return (
            type(channel) is HTTPChannel
            and site.resource is self._root
            and type(site).getResourceFor is Site.getResourceFor
            and isUsual(channel.requestFactory)
            and getattr(channel.transport, "negotiatedProtocol", None) in _HTTP_1
        )


def _read(head: bytes, transport: Any) -> Opening | None:
    """
    @param head: all that stands before the empty line.
    @return: L{None} where there is anything odd.
    """
    line = _LINE.match(head)
    if line is None:
        return None
    headers = _headers(head[line.end() :])
    if headers is None or any(map(headers.hasHeader, _UNUSUAL)):
        return None
    uri = line[1]
    return Opening(transport, uri, parse_qs(uri.partition(b"?")[2], True), headers)


def _headers(text: bytes) -> Headers | None:
    lines = text.split(_BREAK)
    breaks = len(lines) - 1
    isOdd = text.count(b"\r") != breaks or text.count(b"\n") != breaks or b"\0" in text
    if isOdd or breaks >= MOST_HEADERS:
        return None
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            return None
        try:
            headers.addRawHeader(name, value.strip(b" \t"))
        except InvalidHeaderName:
            return None
    return headers
