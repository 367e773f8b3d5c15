"""
The files that browsers load to be clients: our script, or the user's own, and
the user's Flash movie.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from twisted.web.pages import notFound
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET, Request

from txsocketio.codings import accepts
from txsocketio.errors import LocalProtocolError

BROWSER = Path(__file__).parent / "browser"
"""The folder of our own client script."""

MAX_BYTES = 32 * 1024 * 1024
"""How much the files of one folder may hold together."""

# That a script is UTF-8 goes without saying only on pages that are; ours is
# ASCII, and the genuine server names no charset.
_CONTENT_TYPES = {
    ".js": b"text/javascript",
    ".mjs": b"text/javascript",
    ".map": b"application/json",
    ".ts": b"text/plain; charset=utf-8",
    ".swf": b"application/x-shockwave-flash",
}

MOVIE = "WebSocketMain.swf"
"""The Flash movie, as clients of 2010 call it."""

# Where the client script of 2010 looks for it, and where the genuine server
# had it beside.
_MOVIE_PATHS = ([MOVIE], ["lib", "vendor", "web-socket-js", MOVIE])
_NO_MOVIE = f"no Flash movie: name a {MOVIE} by the option flashMovie (twistd: --flash-movie FILE)"

_METHODS = (b"GET", b"HEAD")

# RFC 9110, section 12.4.2: what is not 0. Anything that is no weight counts
# as 0, for whoever sent it understands the file as it is.

# RFC 9110, section 13.1.2; the second is *, or a tag as the genuine server's
# clients send it.
_ENTITY_TAG = re.compile(rb'(?:W/)?"([^"]*)"|([^\s,]+)')


class _Form(NamedTuple):
    """
    A file as it travels.

    @ivar tag: what its C{ETag} has between the quotes. Tags are strong, hence
        another one for each encoding.
    @ivar encoding: the C{Content-Encoding}; empty for none.
    """

    body: bytes
    tag: bytes
    encoding: bytes = b""


class _ClientFile(Resource):
    """
    One file, compressed once.
    """

    # Whoever finds it may have looked further along the path than one part.
    isLeaf = True

    def __init__(self, content: bytes, contentType: bytes) -> None:
        super().__init__()
        self._contentType = contentType
        tag = sha256(content).hexdigest()[:32].encode("ascii")
        compressed = gzip.compress(content, mtime=0)
        self._plain = self._small = _Form(content, tag)
        if len(compressed) < len(content):
            self._small = _Form(compressed, tag + b"-gzip", b"gzip")

    def render(self, request: Request) -> bytes | int:
        if request.method not in _METHODS:
            request.setHeader(b"Allow", b", ".join(_METHODS))
            return _line(request, HTTPStatus.METHOD_NOT_ALLOWED, "method not allowed")
        form = (
            self._small if accepts(_header(request, b"Accept-Encoding"), b"gzip") else self._plain
        )
        if _isKnown(request, form.tag):
            self._setValidators(request, form)
            request.setResponseCode(HTTPStatus.NOT_MODIFIED)
            # By hand, since the site would add the length of an empty body.
            request.finish()
            return NOT_DONE_YET
        request.setHeader(b"Content-Length", b"%d" % len(form.body))
        request.setHeader(b"Content-Type", self._contentType)
        self._setValidators(request, form)
        if form.encoding:
            request.setHeader(b"Content-Encoding", form.encoding)
        return b"" if request.method == b"HEAD" else form.body

    def _setValidators(self, request: Request, form: _Form) -> None:
        """
        Let caches keep the file, and ask each time whether it is still the
        same: a page must not run an old script against a new server.
        """
        request.setHeader(b"ETag", b'"%s"' % form.tag)
        request.setHeader(b"Vary", b"Accept-Encoding")
        request.setHeader(b"Cache-Control", b"no-cache")


class _NoMovie(Resource):
    """
    Where the Flash movie would be.
    """

    isLeaf = True

    def render(self, request: Request) -> bytes:
        return _line(request, HTTPStatus.NOT_FOUND, _NO_MOVIE)


class ClientFiles(Resource):
    """
    The client files of one folder, and the Flash movie on both of its URLs.

    They are read once, when this is made; whoever changes one restarts the
    server. Only what was read then is served, so there is no URL that leads
    anywhere else. Read are the plain files that lie in the folder itself, are
    not hidden, and are scripts, source maps, type declarations or Flash
    movies by their suffix; links are followed only within the folder.
    """

    def __init__(
        self, folder: str | PathLike[str] = BROWSER, movie: str | PathLike[str] | None = None
    ) -> None:
        """
        @param folder: a folder of client files, such as C{dist} of
            socket.io-client.
        @param movie: the Flash movie; L{None} for that of the folder, if it
            has one.
        @raise LocalProtocolError: the folder or the movie cannot be read; or
            the folder holds no such file, or more than L{MAX_BYTES} of them.
        """
        super().__init__()
        self._files = _load(Path(folder))
        if movie is not None:
            self._files[MOVIE] = _loadMovie(Path(movie))
        self._movie: Resource = self._files.get(MOVIE) or _NoMovie()

    def names(self) -> frozenset[str]:
        """
        The names of all files.
        """
        return frozenset(self._files)

    def has(self, name: str) -> bool:
        """
        Whether there is a file of that name.
        """
        return name in self._files

    def find(self, path: Sequence[str]) -> IResource | None:
        """
        @param path: the parts of the path behind the folder's own, unquoted.
        @return: what serves the file; L{None} if there is none.
        """
        if list(path) in _MOVIE_PATHS:
            return self._movie
        return self._files.get(path[0]) if len(path) == 1 else None

    def getChild(self, path: bytes, request: Request) -> IResource:
        """
        The file of that name, where this is mounted by itself.
        """
        postpath: list[bytes] = request.postpath or []
        parts = [part.decode("utf-8", "backslashreplace") for part in (path, *postpath)]
        return self.find(parts) or notFound()

    def render(self, request: Request) -> bytes:
        """
        The folder itself is no file.
        """
        page: bytes = notFound().render(request)
        return page


def _load(folder: Path) -> dict[str, _ClientFile]:
    try:
        paths = [path for path in sorted(folder.iterdir()) if _isServed(path)]
        if sum(path.stat().st_size for path in paths) > MAX_BYTES:
            raise LocalProtocolError(f"{folder} holds more than {MAX_BYTES} bytes of client files")
        files = {
            path.name: _ClientFile(path.read_bytes(), _CONTENT_TYPES[path.suffix]) for path in paths
        }
    except OSError as error:
        raise LocalProtocolError(
            f"the client files in {folder} cannot be read: {error.strerror}"
        ) from error
    if not files:
        raise LocalProtocolError(f"{folder} holds no client file ({', '.join(_CONTENT_TYPES)})")
    return files


def _loadMovie(path: Path) -> _ClientFile:
    try:
        return _ClientFile(path.read_bytes(), _CONTENT_TYPES[".swf"])
    except OSError as error:
        raise LocalProtocolError(
            f"the Flash movie {path} cannot be read: {error.strerror}"
        ) from error


def _isServed(path: Path) -> bool:
    return (
        path.suffix in _CONTENT_TYPES
        and not path.name.startswith(".")
        and path.is_file()
        and path.resolve().parent == path.parent.resolve()
    )


def _line(request: Request, status: HTTPStatus, line: str) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    body = f"{line}\n".encode("ascii")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    return b"" if request.method == b"HEAD" else body


def _header(request: Request, name: bytes) -> bytes:
    """
    A header that holds a list, in one piece.
    """
    return b",".join(request.requestHeaders.getRawHeaders(name, ()))


def _isKnown(request: Request, tag: bytes) -> bool:
    """
    Whether the peer has the file with that tag already.
    """
    for quoted, bare in _ENTITY_TAG.findall(_header(request, b"If-None-Match")):
        if quoted == tag or bare in (tag, b"*"):
            return True
    return False
