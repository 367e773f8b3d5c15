"""
How many may come, how fast, and from where.
"""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus

from txsocketio.errors import RemoteProtocolError


class Limits:
    """
    Decides whether one session more may be opened. A limit of L{None} is
    none.

    @ivar sessions: at once, in all.
    @ivar perAddress: at once, from one address. Behind a proxy all clients
        have the proxy's address, unless C{trustProxy} is on.
    @ivar perSecond: new ones, in each second of the clock.
    """

    def __init__(
        self,
        sessions: int | None = None,
        perAddress: int | None = None,
        perSecond: int | None = None,
    ) -> None:
        self.sessions = sessions
        self.perAddress = perAddress
        self.perSecond = perSecond
        self._addresses: Counter[str] = Counter()
        self._second = -1
        self._opened = 0

    def admit(self, address: str, now: float, sessions: int) -> None:
        """
        Count one session more.

        @param sessions: how many there are.
        @raise RemoteProtocolError: it may not be opened.
        """
        if int(now) != self._second:
            self._second, self._opened = int(now), 0
        if _exceeds(self._opened + 1, self.perSecond):
            raise _refusal("too many new sessions a second")
        if _exceeds(sessions + 1, self.sessions):
            raise _refusal("too many sessions")
        if _exceeds(self._addresses[address] + 1, self.perAddress):
            raise _refusal("too many sessions from your address")
        self._opened += 1
        self._addresses[address] += 1

    def release(self, address: str) -> None:
        """
        One session from C{address} is over.
        """
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]


def _exceeds(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit


def _refusal(reason: str) -> RemoteProtocolError:
    return RemoteProtocolError(reason, HTTPStatus.SERVICE_UNAVAILABLE)
