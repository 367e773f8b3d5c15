"""
From a URL to what serves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Protocol

from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from txsocketio.errors import Fault, RemoteProtocolError
from txsocketio.interfaces import IDialect
from txsocketio.origins import Origins
from txsocketio.static import ClientFiles
from txsocketio.transports._http import HTTPTransport, Located, allowOrigin, answer, complain
from txsocketio.transports._lane import remember


class Router:
    """
    Finds the resource for the parts of a path behind the listener's own.

    @ivar dialects: see L{__init__}.
    """

    def __init__(
        self,
        dialects: Sequence[IDialect],
        transports: Mapping[str, HTTPTransport],
        files: ClientFiles,
        origins: Origins,
    ) -> None:
        """
        @param dialects: the first whose URL it is answers.
        @param transports: those that are accepted, by name.
        @param origins: the pages that may read what is wrong with a URL.
        """
        self.dialects = dialects
        self._transports = transports
        self._files = files
        self._origins = origins

    def speaking(self, dialects: Sequence[IDialect]) -> Router:
        """
        The same for other dialects.
        """
        return Router(dialects, self._transports, self._files, self._origins)

    def exchange(self, change: Callable[[HTTPTransport], HTTPTransport]) -> None:
        """
        Serve each transport in another way: L{txsocketio.testing} does without
        sockets.
        """
        self._transports = {name: change(each) for name, each in self._transports.items()}

    def find(self, path: Sequence[bytes], request: Request) -> IResource | None:
        """
        @return: L{None} where the URL is not ours.
        """
        parts = [part.decode("utf-8", "backslashreplace") for part in path]
        for dialect in self.dialects:
            try:
                found = self._locate(dialect, parts, request)
            except RemoteProtocolError as error:
                return _Wrong(dialect, error, self._origins)
            if found is not None:
                return found
        for dialect in self.dialects:
            if not any(parts) and dialect.owns(request.args):
                return _Wrong(dialect, _UNSUPPORTED, self._origins)
        return self._files.find(parts)

    def _locate(
        self, dialect: IDialect, parts: Sequence[str], request: Request
    ) -> IResource | None:
        place = dialect.locate(parts, request.args)
        if place is None:
            return None
        if place.transport in dialect.transports and place.transport in self._transports:
            return self._transports[place.transport].resource(place)
        if place.isSure:
            raise RemoteProtocolError("unknown transport", fault=Fault.TRANSPORT_UNKNOWN)
        return None


_UNSUPPORTED = RemoteProtocolError(
    "this version of the protocol is not spoken here", fault=Fault.VERSION_UNSUPPORTED
)


class _Wrong(Resource):
    """
    What can only be meant for a dialect, which does not know it.
    """

    isLeaf = True

    def __init__(self, dialect: IDialect, error: RemoteProtocolError, origins: Origins) -> None:
        super().__init__()
        self._origins = origins
        self._dialect = dialect
        self._error = error

    def render(self, request: Request) -> bytes:
        """
        Say what is wrong.
        """
        allowOrigin(request, self._origins.judge(request.requestHeaders.getRawHeaders))
        return complain(request, self._dialect, self._error)


class Routed(Protocol):
    """
    What has a router: a L{txsocketio.listener.Listener}.
    """

    router: Router

    def routerFor(self, protocol: str | Iterable[str]) -> Router:
        """
        What finds the resources of these protocols.
        """


class SocketIOResource(Resource):
    """
    A listener, to be mounted in a tree of resources::

        root.putChild(b"socket.io", SocketIOResource(listener))
    """

    def __init__(self, listener: Routed, protocol: str | Iterable[str] | None = None) -> None:
        """
        @param protocol: what is spoken here, as the option of that name has
            it; L{None} for what the listener accepts. Mounted elsewhere, what
            shares its URLs with that (C{"0.6"}, most likely) can meet its
            clients.
        @raise txsocketio.errors.LocalProtocolError: there is no such protocol.
        """
        super().__init__()
        self._router = listener.router if protocol is None else listener.routerFor(protocol)

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """
        Any URL below this one.
        """
        return self._router.find(_below(path, request), request) or _NotHere()

    def render(self, request: Request) -> bytes | int:
        """
        This URL itself, without a slash.
        """
        body: bytes | int = (self._router.find([], request) or _NotHere()).render(request)
        return body


class _NotHere(Resource):
    """
    No transport and no file.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        """
        Say so.
        """
        return answer(request, HTTPStatus.NOT_FOUND, "no such transport or file")


class Fork(Resource):
    """
    Stands before a site's own resource and takes the listener's URLs out.
    """

    def __init__(self, mount: Sequence[bytes], listener: Routed, site: IResource) -> None:
        """
        @param mount: the parts of the listener's path.
        @param site: what gets everything else.
        """
        super().__init__()
        self._mount = list(mount)
        self._router = listener.router
        self._site = site

    def find(self, parts: Sequence[bytes], request: Request) -> IResource | None:
        """
        @param parts: those of the whole path.
        @return: L{None} where the URL is not the listener's.
        """
        end = len(self._mount)
        return self._router.find(parts[end:], request) if parts[:end] == self._mount else None

    def getChildWithDefault(self, path: bytes, request: Request) -> IResource:
        """
        Any URL of the site.
        """
        parts = _below(path, request)
        found = self.find(parts, request)
        if found is not None:
            # Where something stands before this, it may have its say each time.
            if getattr(request.site, "resource", None) is self and isinstance(found, Located):
                remember(request, found.transport, found.place)
            return found
        if self._site.isLeaf:
            # A leaf finds its path where Twisted has left it.
            request.prepath, request.postpath = (request.prepath or [])[:-1], parts
            return self._site
        child: IResource = self._site.getChildWithDefault(path, request)
        return child

    def putChild(self, path: bytes, child: IResource) -> None:
        """
        Whoever asks the site for its resource means the site's own.
        """
        self._site.putChild(path, child)

    def render(self, request: Request) -> bytes | int:
        """
        A request without a path.
        """
        body: bytes | int = self._site.render(request)
        return body


def _below(path: bytes, request: Request) -> list[bytes]:
    """
    The parts of a URL from C{path} on.
    """
    return [path, *(request.postpath or ())]
