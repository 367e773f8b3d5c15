"""
One process, nothing beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from txsocketio.interfaces import IBackplane


@implementer(IBackplane)
class MemoryBackplane:
    """
    Delivers at once what is published, in the same call.
    """

    def __init__(self) -> None:
        self._channels: set[str] = set()
        self._deliver: Callable[[str, Any], None] | None = None

    def start(self, deliver: Callable[[str, Any], None]) -> None:
        """
        See L{IBackplane.start}.
        """
        self._deliver = deliver

    def publish(self, channel: str, message: Any) -> None:
        """
        See L{IBackplane.publish}.
        """
        if self._deliver is not None and channel in self._channels:
            self._deliver(channel, message)

    def subscribe(self, channel: str) -> None:
        """
        See L{IBackplane.subscribe}.
        """
        self._channels.add(channel)

    def unsubscribe(self, channel: str) -> None:
        """
        See L{IBackplane.unsubscribe}.
        """
        self._channels.discard(channel)

    def stop(self) -> None:
        """
        See L{IBackplane.stop}.
        """
        self._channels.clear()
        self._deliver = None
