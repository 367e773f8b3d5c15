"""
Transports whose every GET is answered once, and the request that waits for its
answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from txsocketio.errors import DisconnectReason
from txsocketio.interfaces import ISession, ITransport, Place
from txsocketio.transports._http import HTTPTransport

if TYPE_CHECKING:
    from txsocketio.frames import Frame


class Polling(HTTPTransport):
    """
    A transport whose every GET is answered once.
    """

    defaults: ClassVar[Mapping[str, Any]] = {"heartbeatInterval": None, "closeTimeout": 8.0}
    leading: ClassVar[Sequence[bytes]] = (b"Content-Type", b"Content-Length")
    repeats: ClassVar[Sequence[bytes]] = (b"GET", b"POST")
    contentType: ClassVar[bytes]

    def get(self, request: Request, place: Place) -> int:
        """
        Wait with the answer until there is something to say.
        """
        return self.hold(request, place, self.gate.enter(place, request))

    def hold(self, request: Request, place: Place, session: ISession) -> int:
        """
        Let the session answer.
        """
        session.attach(Poll(self, place, session, request))
        return NOT_DONE_YET

    def wrap(self, body: bytes, place: Place) -> bytes:
        """
        What the transport's way of reading wants of an answer.
        """
        return body

    def packaged(self, contentType: bytes, body: bytes, place: Place) -> tuple[bytes, bytes]:
        """
        See L{HTTPTransport.packaged}.
        """
        return self.contentType, self.wrap(body, place)

    def finish(self, request: Request, place: Place, body: bytes) -> None:
        """
        Answer a poll.
        """
        self._send(request, self.contentType, self.wrap(body, place))

    def _send(self, request: Request, contentType: bytes, data: bytes) -> None:
        request.setHeader(b"Content-Type", contentType)
        request.setHeader(b"Content-Length", str(len(data)).encode("ascii"))
        request.write(data)
        request.finish()


@implementer(ITransport)
class Poll:
    """
    One GET that waits for its answer.
    """

    isStream = False

    def __init__(self, polling: Polling, place: Place, session: ISession, request: Request) -> None:
        self.name = polling.name
        self.writable = True
        self.session = session
        self._polling = polling
        self._place = place
        self._request = request
        request.notifyFinish().addErrback(self._lost)

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        self.writable = False
        body = self.session.dialect.join(frames)
        self.session.detach(self)
        self._polling.finish(self._request, self._place, body)

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}. A browser has few connections, and none to
        spare for an answer that never comes.
        """
        if self.writable:
            self.write(())

    def _lost(self, reason: Failure) -> None:
        self.writable = False
        self.session.lost(self, DisconnectReason.TRANSPORT_CLOSE)
