"""
The way from a request to a session: who may come in, and with what.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import Request

from txsocketio.errors import (
    ConnectionRefused,
    Fault,
    RemoteProtocolError,
)
from txsocketio.handlers import FailureLog, Handler, asDeferred
from txsocketio.handshake import Arrival
from txsocketio.interfaces import IDialect, ISession, Place
from txsocketio.manager import SessionManager
from txsocketio.origins import Origins

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.settings import Settings
    from txsocketio.transports._direct import Traffic


@dataclass(frozen=True, slots=True)
class Gate:
    """
    The way from a request to a session.

    @ivar settings: those of a dialect's sessions on a transport of that name.
    @ivar log: for what the application raises.
    @ivar trustProxy: whether C{X-Forwarded-For} and C{X-Forwarded-Proto} tell
        where a request comes from.
    @ivar traffic: what all WebSockets share.
    @ivar drafts: whether WebSockets may speak the drafts of 2010.
    @ivar allowRequest: is asked with the L{Handshake
        <txsocketio.handshake.Handshake>} whether a session may be
        opened; L{None} where nobody is.
    @ivar cookie: the name of a cookie that gets the session id, where a
        generation has that; empty for none.
    @ivar httpCompression: whether polls may be answered compressed.
    @ivar perMessageDeflate: whether WebSocket messages may be compressed.
    """

    origins: Origins
    manager: SessionManager
    settings: Callable[[IDialect, str], Settings]
    clock: IReactorTime
    log: FailureLog
    traffic: Traffic
    trustProxy: bool = False
    drafts: bool = True
    allowRequest: Handler | None = None
    cookie: str = ""
    httpCompression: bool = True
    perMessageDeflate: bool = False

    def enter(self, place: Place, request: Request) -> ISession:
        """
        @return: the session that the place names, or a new one where it
            names none.
        @raise RemoteProtocolError: it names one that is not to be had.
        """
        if place.sid is None:
            return self.manager.create(place, arrivalOf(request, self.trustProxy))
        return self.manager.find(place)

    def announce(self, place: Place, request: Request) -> Sequence[Frame]:
        """
        @return: what names a new session to its client, who opens a transport
            next.
        @raise RemoteProtocolError: there is none to be had.
        """
        return self.manager.create(place, arrivalOf(request, self.trustProxy)).announce()

    def part(self, place: Place) -> None:
        """
        The client of the session that the place names says goodbye.

        @raise RemoteProtocolError: there is no such session.
        """
        self.manager.part(place)

    async def ask(self, request: Request) -> None:
        """
        Ask the application whether a session may be opened.

        @raise RemoteProtocolError: it may not.
        """
        assert self.allowRequest is not None
        try:
            allowed = asDeferred(self.allowRequest(arrivalOf(request, self.trustProxy).handshake()))
            if isinstance(allowed, Deferred):
                allowed = await allowed
        except ConnectionRefused as refused:
            raise forbidden(refused.message) from None
        except Exception:
            self.log.failure("allowRequest raised")
            raise RemoteProtocolError(
                "internal error", HTTPStatus.INTERNAL_SERVER_ERROR, Fault.FORBIDDEN
            ) from None
        if allowed is False:
            raise forbidden("this request is not allowed")


def forbidden(reason: str) -> RemoteProtocolError:
    """
    What a client is told that is turned away.
    """
    return RemoteProtocolError(reason, HTTPStatus.FORBIDDEN, Fault.FORBIDDEN)


def arrivalOf(request: Request, trustProxy: bool) -> Arrival:
    """
    What a client brought along.
    """
    headers = {
        _name(name): _text(values[0] if len(values) == 1 else b", ".join(values))
        for name, values in request.requestHeaders.getAllRawHeaders()
    }
    query = {
        _text(name, "utf-8"): _text(values[-1], "utf-8") for name, values in request.args.items()
    }
    address = getattr(request.getClientAddress(), "host", "")
    secure = request.isSecure()
    if trustProxy:
        # Whoever asks can send the header too; only the last name in it is the
        # nearest proxy's own word.
        address = headers.get("x-forwarded-for", address).rpartition(",")[2].strip()
        secure = secure or headers.get("x-forwarded-proto", "").strip().lower() == "https"
    return Arrival(
        headers=headers,
        query=query,
        address=address,
        secure=secure,
        time=time.time(),
        url=_text(request.uri),
    )


@lru_cache(maxsize=256)
def _name(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _text(data: bytes, encoding: str = "latin-1") -> str:
    """
    What a request says, of which there is but one where many say the same.
    """
    decoded = _shared if len(data) <= _LONGEST_SHARED else bytes.decode
    return decoded(data, encoding, "replace")


_LONGEST_SHARED = 256
"""Bytes."""

_shared = lru_cache(maxsize=1024)(bytes.decode)
