"""
What the client's halves of nearly all generations have in common.
"""

from __future__ import annotations

from typing import Any

from txsocketio.packets import Packet


class WithoutRecovery:
    """
    Nobody comes back to where they were, and there is one id for all
    namespaces.
    """

    def clientId(self, sid: str, namespace: str, told: Any) -> str:
        """
        See L{txsocketio.interfaces.IClientDialect.clientId}.
        """
        return sid

    def recoveryId(self, told: Any) -> str | None:
        """
        See L{txsocketio.interfaces.IClientDialect.recoveryId}.
        """
        return None

    def offset(self, packet: Packet) -> str | None:
        """
        See L{txsocketio.interfaces.IClientDialect.offset}.
        """
        return None

    def returning(self, auth: Any, recoveryId: str, offset: str | None) -> Any:
        """
        See L{txsocketio.interfaces.IClientDialect.returning}.
        """
        return auth
