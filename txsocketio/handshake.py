"""
What a client brought along when it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """
    The request that opened a session. Names and meaning are those of
    Socket.IO (U{https://socket.io/docs/v4/server-socket-instance/#sockethandshake}).

    @ivar headers: by lower-case name; several of one name are joined by
        C{", "}.
    @ivar query: the URL's query; of several values of one name the last.
    @ivar address: the peer's address.
    @ivar secure: whether it came over TLS.
    @ivar auth: what the client sent to be let in; an empty L{dict} if nothing.
    @ivar time: when it came, in seconds since 1970.
    @ivar url: the request's path and query.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    address: str
    secure: bool
    time: float
    url: str
    auth: Any = field(default_factory=dict)


class Arrival:
    """
    The same as it is kept for each client, of which few are looked at: what
    is a L{dict} to who looks is a tuple here.

    @ivar address: see L{Handshake}.
    @ivar secure: see L{Handshake}.
    """

    __slots__ = ("_headers", "_query", "_time", "_url", "address", "secure")

    def __init__(
        self,
        headers: Mapping[str, str],
        query: Mapping[str, str],
        address: str,
        secure: bool,
        time: float,
        url: str,
    ) -> None:
        """
        See L{Handshake}.
        """
        self._headers = _flat(headers)
        self._query = _flat(query)
        self.address = address
        self.secure = secure
        self._time = time
        self._url = url

    def handshake(self, auth: Any = None) -> Handshake:
        """
        @param auth: what the client sent to be let in; L{None} for nothing.
        """
        return Handshake(
            headers=_unflattened(self._headers),
            query=_unflattened(self._query),
            address=self.address,
            secure=self.secure,
            time=self._time,
            url=self._url,
            auth={} if auth is None else auth,
        )


def _flat(pairs: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(pairs.items()))


def _unflattened(flat: tuple[str, ...]) -> dict[str, str]:
    each = iter(flat)
    return dict(zip(each, each, strict=True))
