"""
Requests that repeat others: what they have in common, and what is new in them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from twisted.web.http import RESPONSES, HTTPChannel, datetimeToString
from twisted.web.server import Request, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from txsocketio.interfaces import Place
    from txsocketio.transports._http import HTTPTransport

_END = b"\r\n\r\n"

_STAMP_CHARACTERS = b"".join(
    bytes((each,)) for each in range(128) if chr(each).isalnum() or chr(each) in "_.-"
)
_LONGEST_STAMP = 64

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)(?=\r\n)", re.IGNORECASE)
_MOST_DIGITS = 10

LONGEST_HEAD = 8192
"""Bytes; what begins a longer request is not remembered."""

# They make more of a request than its place and its body tell.
_UNUSUAL = (b"Expect", b"Transfer-Encoding", b"Upgrade")
_FORM, _PARTS = b"urlencoded", b"multipart"


class Answerer(Protocol):
    """
    What has a request, and sends the answer.

    @ivar channel: what the request has come by.
    """

    channel: HTTPChannel

    def answer(self, request: Repeated, data: bytes) -> None:
        """
        Send the answer, head and body.
        """


class Head:
    """
    What a request begins with that the channel has read: all of it up to the
    body, in up to three pieces, with the time stamp between the first two and
    the length of the body between the last two.

    @ivar request: as the channel has read it.
    @ivar headers: those that each answer to it has.
    """

    __slots__ = (
        "_behind",
        "_field",
        "_first",
        "_headerValues",
        "_limit",
        "_second",
        "_stamped",
        "headers",
        "place",
        "request",
        "transport",
    )

    def __init__(
        self, raw: bytes, request: Request, transport: HTTPTransport, place: Place
    ) -> None:
        """
        @param raw: the bytes.
        """
        self.request, self.transport, self.place = request, transport, place
        self.headers: dict[bytes, bytes] = {}
        self._headerValues: dict[bytes, bytes | None] = {}
        stamp = transport.stamp.search(raw, 0, raw.index(b"\r\n"))
        # Where the id of the session stands, there is no stamp.
        isStamped = stamp is not None and stamp[1] != (place.sid or "").encode()
        begin, end = stamp.span(1) if stamp is not None and isStamped else (0, 0)
        self._first = raw[:begin]
        self._stamped = _LONGEST_STAMP if isStamped else 0
        length = _LENGTH.search(raw)
        self._second = raw[end : None if length is None else length.start(1)]
        self._behind = None if length is None else raw[length.end(1) :]
        self._limit = transport.settingsAt(place).maxPayload
        isForm = _FORM in _contentType(request)
        self._field = place.dialect.postField + b"=" if isForm else b""

    def header(self, name: bytes) -> bytes | None:
        """
        One header of the request; the last counts.
        """
        try:
            return self._headerValues[name]
        except KeyError:
            value: bytes | None = self.request.getHeader(name)
            self._headerValues[name] = value
            return value

    def match(self, data: bytes) -> tuple[int, int]:
        """
        @return: where the body of a request begins, which has this head and
            stands first in C{data}, and where it ends; twice 0 if it is another.
        """
        first, second, behind = self._first, self._second, self._behind
        if not data.startswith(first):
            return 0, 0
        at = len(first)
        end = data.find(second, at, at + self._stamped + len(second))
        if end < 0 or data[at:end].translate(None, _STAMP_CHARACTERS):
            return 0, 0
        at = end + len(second)
        if behind is None:
            return at, at
        end = data.find(behind, at, at + _MOST_DIGITS + len(behind))
        digits = data[at:end] if end > 0 else b""
        if not digits.isdigit() or int(digits) > self._limit:
            return 0, 0
        at = end + len(behind)
        return at, at + int(digits)

    def takes(self, body: bytes) -> bool:
        """
        Whether it is the head alone that says where a request belongs: what
        stands in a form counts like what stands in the URL.
        """
        field = self._field
        return not field or (body.startswith(field) and b"&" not in body and b";" not in body)


class Repeated:
    """
    A request that has the head of an earlier one. It stands for that one where
    the two do not differ.
    """

    __slots__ = (
        "_answerer",
        "_body",
        "_head",
        "_lost",
        "code",
        "code_message",
        "headers",
        "method",
        "uri",
    )

    def __init__(self, answerer: Answerer, head: Head, body: bytes) -> None:
        self._answerer = answerer
        self._head = head
        self._body = body
        self.headers = head.headers.copy()
        self._lost: Callable[[Failure], object] | None = None
        self.method = head.request.method
        self.uri = head.request.uri
        self.code = 200
        self.code_message = b"OK"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._head.request, name)

    # What has been asked.

    @property
    def channel(self) -> HTTPChannel:
        """
        What this has come by.
        """
        return self._answerer.channel

    @property
    def content(self) -> Repeated:
        """
        The body, to be read once.
        """
        return self

    def read(self, size: int) -> bytes:
        """
        The first C{size} bytes of it.
        """
        return self._body[:size]

    def getHeader(self, name: bytes) -> bytes | None:
        """
        One header; the last counts.
        """
        return self._head.header(name)

    def notifyFinish(self) -> Repeated:
        """
        Not a Deferred, but as much of it as is used here.
        """
        return self

    def addErrback(self, lost: Callable[[Failure], object]) -> None:
        """
        Have C{lost} called if the connection goes before this is answered.
        """
        self._lost = lost

    # What is answered.

    @property
    def responseHeaders(self) -> Repeated:
        """
        The headers of the answer.
        """
        return self

    def addRawHeader(self, name: bytes, value: bytes) -> None:
        """
        One more of that name.
        """
        before = self.headers.get(name)
        self.headers[name] = value if before is None else b"%b\r\n%b: %b" % (before, name, value)

    def setHeader(self, name: bytes, value: bytes) -> None:
        """
        The only one of that name.
        """
        self.headers[name] = value

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """
        What the answer begins with.
        """
        self.code, self.code_message = code, message or RESPONSES[code]

    def write(self, body: bytes) -> None:
        """
        All that is answered.
        """
        self._body = body

    def finish(self) -> None:
        """
        Send the answer.
        """
        headers = b"".join([b"\r\n%b: %b" % header for header in self.headers.items()])
        self._answerer.answer(
            self,
            b"HTTP/1.1 %d %b\r\nServer: %b\r\nDate: %b%b\r\n\r\n%b"
            % (self.code, self.code_message, version, _date(int(time())), headers, self._body),
        )

    @property
    def sentLength(self) -> int:
        """
        How long the answer's body is.
        """
        return len(self._body)

    def connectionLost(self, reason: Failure) -> None:
        """
        The client has not waited for the answer.
        """
        if self._lost is not None:
            self._lost(reason)


def endOf(raw: bytes, request: Request) -> int:
    """
    @return: where the head of a request ends, if C{raw} is this one and no
        more, and its place and its body say all of it; else 0.
    """
    line = b"%b %b HTTP/1.1\r\n" % (request.method, request.uri)
    end = raw.find(_END) + len(_END)
    headers = request.requestHeaders
    lengths = headers.getRawHeaders(b"Content-Length", [])
    isUnusual = any(map(headers.hasHeader, _UNUSUAL)) or _PARTS in _contentType(request)
    isWhole = raw.startswith(line) and len(raw) == end + sum(map(int, lengths))
    isReadAlike = _LENGTH.findall(raw[:end]) == lengths and end <= LONGEST_HEAD
    return end if isWhole and isReadAlike and not isUnusual else 0


def _contentType(request: Request) -> bytes:
    return b", ".join(request.requestHeaders.getRawHeaders(b"Content-Type", [])).lower()


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    """
    A point in time, as HTTP writes it.
    """
    date: bytes = datetimeToString(second)
    return date
