"""
What a client brought along when it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
