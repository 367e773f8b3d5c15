"""
How much of what a client has sent the application is not done with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from txsocketio.errors import DisconnectReason
from txsocketio.packets import weigh

if TYPE_CHECKING:
    from txsocketio.settings import Settings


class Flooded(Protocol):
    """
    What comes from a peer, and can be ended: a session, say.
    """

    settings: Settings

    def fail(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        End it at once.
        """


class Backlog:
    """
    Counts, for one session and all namespaces that its client is in or was
    in, the packets that wait or whose handlers take their time, and weighs
    what has been sent to be let in. Too much ends the session.

    @ivar packets: how many wait.
    """

    __slots__ = ("_isOver", "_session", "_weight", "packets")

    def __init__(self, session: Flooded) -> None:
        self._session = session
        self._weight = 0
        self._isOver = False
        self.packets = 0

    def hold(self, data: Any) -> int | None:
        """
        A packet has to wait. One may always, however large it is.

        @return: what L{release} wants when it waits no more; L{None} where
            this was too much.
        """
        settings = self._session.settings
        if self.packets >= settings.maxPending:
            self._refuse(f"more than {settings.maxPending} packets wait")
            return None
        weight = weigh(data)
        if self.packets and self._weight + weight > settings.maxPendingBytes:
            self._tooHeavy()
            return None
        self.packets += 1
        self._weight += weight
        return weight

    def release(self, held: int) -> None:
        """
        The application is done with a packet.
        """
        self.packets -= 1
        self._weight -= held

    def admits(self, auth: Any) -> bool:
        """
        Whether that may be kept as well; else the session ends.
        """
        limit = self._session.settings.maxPendingBytes
        if auth is None or not self._weight or self._weight + weigh(auth) <= limit:
            return True
        self._tooHeavy()
        return False

    def keep(self, auth: Any) -> int:
        """
        Weigh what was sent to be let in, which stays as long as its client.

        @return: what L{forget} wants.
        """
        weight = 0 if auth is None else weigh(auth)
        self._weight += weight
        return weight

    def forget(self, kept: int) -> None:
        """
        It is kept no more.
        """
        self._weight -= kept

    def close(self) -> None:
        """
        The session is over, and nothing can end it once more.
        """
        self._isOver = True

    def _tooHeavy(self) -> None:
        limit = self._session.settings.maxPendingBytes
        self._refuse(f"packets of more than {limit} bytes wait")

    def _refuse(self, detail: str) -> None:
        if not self._isOver:
            self._session.fail(DisconnectReason.FLOOD, detail)
