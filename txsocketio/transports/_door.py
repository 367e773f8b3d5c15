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
from functools import lru_cache
from typing import Any, Protocol, cast

from twisted.internet.interfaces import IAddress, IProtocol, ISSLTransport
from twisted.web.http import HTTPChannel, parse_qs
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
_FIELD = re.compile(rb"([\w!#$%&'*+.^`|~-]+):([^\0\r\n]*)")
_BREAK = b"\r\n"
_END = b"\r\n\r\n"

# What there is in the head of one that opens a WebSocket.
_SIGN = b"pgrade: "

# What has to do with a body.
_UNUSUAL = (b"content-length", b"transfer-encoding", b"expect")

_HTTP_1 = (None, b"http/1.1")

_LONGEST_SHARED = 256
"""Bytes."""


Args = Mapping[bytes, Sequence[bytes]]
Guest = tuple[IProtocol, Callable[[], object]]
"""See L{HTTPTransport.welcome <txsocketio.transports._http.HTTPTransport.welcome>}."""


class Root(Protocol):
    """
    What finds the listener's URLs on a site, as long as it is the site's resource:
    a L{txsocketio.resource.Fork}.
    """

    def find(self, parts: Sequence[bytes], request: Request) -> IResource | None:
        """
        What serves the path of these parts; L{None} where it is not ours.
        """


class Fields(dict[bytes, list[bytes]]):
    """
    The headers of a request, by their names in lower case.
    """

    def getRawHeaders(self, name: bytes, default: Any = None) -> Any:
        """
        See L{Headers <twisted.web.http_headers.Headers>}.
        """
        return self.get(name.lower(), default)

    def hasHeader(self, name: bytes) -> bool:
        """
        See L{Headers <twisted.web.http_headers.Headers>}.
        """
        return name.lower() in self

    getAllRawHeaders = dict.items


class Opening:
    """
    As much of a request as a WebSocket's opening is asked for.
    """

    __slots__ = ("_transport", "args", "requestHeaders", "uri")

    method = b"GET"
    clientproto = b"HTTP/1.1"

    def __init__(self, transport: Any, uri: bytes, args: Args, headers: Fields) -> None:
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
        # Of many URLs, nearly all are the same.
        self._sharedSearch = lru_cache(maxsize=256)(self._search)

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
        guest = self._guest(first[:end], channel.transport)
        if guest is None:
            return False
        self._letIn(guest, channel, leaveTo)
        rest = first[end + len(_END) :]
        if rest:
            guest[0].dataReceived(rest)
        return True

    def _letIn(self, guest: Guest, channel: Any, leaveTo: Callable[[IProtocol], object]) -> None:
        protocol, begin = guest
        channel.setTimeout(None)
        channel.transport.unregisterProducer()
        leaveTo(protocol)
        protocol.makeConnection(channel.transport)
        begin()

    def _guest(self, head: bytes, transport: Any) -> Guest | None:
        """
        @param head: all that stands before the empty line.
        @return: L{None} where there is anything odd.
        """
        line = _LINE.match(head) if _SIGN in head else None
        if line is None:
            return None
        uri = line[1]
        search = self._sharedSearch if len(uri) <= _LONGEST_SHARED else self._search
        args, found = search(uri)
        if found is None:
            return None
        fields = _fields(head[line.end() :].split(_BREAK))
        if fields is None:
            return None
        request = cast(Request, Opening(transport, uri, args, fields))
        try:
            return found.transport.welcome(request, found.place)
        except RemoteProtocolError:
            return None

    def _search(self, uri: bytes) -> tuple[Args, Located | None]:
        """
        @return: its query, as C{twisted.web} reads it, and what serves it.
        """
        path, _, query = uri.partition(b"?")
        args: Args = parse_qs(query, True)
        asked = cast(Request, Opening(None, uri, args, Fields()))
        found: Any = self._root.find(path[1:].split(b"/"), asked)
        return args, found if isinstance(found, Located) else None

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


def _fields(lines: Sequence[bytes]) -> Fields | None:
    fields = Fields()
    for line in lines:
        field = _sharedField(line) if len(line) <= _LONGEST_SHARED else _field(line)
        if field is None:
            return None
        name, value = field
        if name in fields:
            fields[name].append(value)
        else:
            fields[name] = [value]
    return None if len(lines) > MOST_HEADERS else fields


def _field(line: bytes) -> tuple[bytes, bytes] | None:
    field = _FIELD.fullmatch(line)
    name = b"" if field is None else field[1].lower()
    return None if field is None or name in _UNUSUAL else (name, field[2].strip(b" \t"))


# Of many openings, nearly all lines are the same.
_sharedField = lru_cache(maxsize=1024)(_field)
