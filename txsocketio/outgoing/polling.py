"""
polling and xhr-polling: one request waits for what the server says, another one
says what we have to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from txsocketio.errors import DisconnectReason
from txsocketio.outgoing.network import Answer, why
from txsocketio.outgoing.wires import Bearer

if TYPE_CHECKING:
    from txsocketio.frames import Frame

_BINARY = "application/octet-stream"


def _read(answer: Answer) -> str | bytes:
    """
    @raise UnicodeDecodeError: what says that it is text is none.
    """
    if answer.contentType.lower().startswith(_BINARY):
        return answer.body
    return answer.body.decode("utf-8")


class PollingWire:
    """
    Two requests at a time: a GET that waits, and a POST when there is
    something to say.
    """

    limited = True

    def __init__(self, bearer: Bearer, name: str) -> None:
        self.name = name
        self.writable = False
        self._bearer = bearer
        self._getting: Deferred[Any] | None = None
        self._posting: Deferred[Any] | None = None
        self._isPaused = False
        self._isOver = False

    def open(self) -> None:
        """
        See L{Wire.open}.
        """
        self.writable = self._bearer.sid is not None
        self._get()

    def _get(self) -> None:
        bearer = self._bearer
        part = bearer.dialect.url(self.name, bearer.sid, bearer.stamp())
        getting = self._getting = bearer.network.get(part)
        getting.addCallback(self._got).addErrback(self._failed)

    def _got(self, answer: Answer) -> None:
        self._getting = None
        if self._isOver:
            return
        isFirst = self._bearer.sid is None
        try:
            body = _read(answer)
        except UnicodeDecodeError:
            self._lose(DisconnectReason.PARSE_ERROR, "an answer that is no UTF-8")
            return
        self._bearer.receivedPayload(self, body)
        if isFirst and self._bearer.sid is None:
            self._lose(DisconnectReason.PARSE_ERROR, "an answer that names no session")
        elif isFirst:
            self._free()
        self._next()

    def _next(self) -> None:
        """
        Wait for more, unless there is to be none.
        """
        if self._isPaused:
            self._tellStopped()
        elif self._getting is None and not self._isOver:
            self._get()

    def _free(self) -> None:
        """
        Something can be said.
        """
        if not self._isPaused:
            self.writable = True
            self._bearer.ready(self)

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{Wire.write}.
        """
        self.writable = False
        bearer = self._bearer
        contentType, body = bearer.dialect.join(frames)
        assert bearer.sid is not None
        part = bearer.dialect.posting(self.name, bearer.sid, bearer.stamp())
        posting = self._posting = bearer.network.post(part, contentType, body)
        posting.addCallback(self._posted).addErrback(self._failed)

    def _posted(self, answer: Answer) -> None:
        self._posting = None
        if self._isOver:
            return
        if self._isPaused:
            self._tellStopped()
        self._free()

    def _tellStopped(self) -> None:
        if self._getting is None and self._posting is None:
            self._bearer.stopped(self)

    def _failed(self, failure: Failure) -> None:
        self._lose(DisconnectReason.TRANSPORT_ERROR, why(failure))

    def _lose(self, reason: DisconnectReason, detail: str) -> None:
        if not self._isOver:
            self.close()
            self._bearer.lost(self, reason, detail)

    def pause(self) -> None:
        """
        See L{Wire.pause}.
        """
        self._isPaused = True
        self.writable = False
        self._tellStopped()

    def resume(self) -> None:
        """
        See L{Wire.resume}.
        """
        self._isPaused = False
        self._next()
        if self._posting is None and not self._isOver:
            self._free()

    def close(self) -> None:
        """
        See L{Wire.close}.
        """
        self._isOver = True
        self.writable = False
        for request in (self._getting, self._posting):
            if request is not None:
                request.cancel()
        self._getting = self._posting = None
