"""
What Autobahn does not bound by itself.
"""

from __future__ import annotations

from typing import Any

# RFC 6455, section 7.4.1.
_TOO_BIG = 1009


class Frugal:
    """
    Mixed into a WebSocket protocol of Autobahn's, whose peer shall not make it
    keep what takes no bytes on the wire.

    @ivar writable: whether the peer reads what is written.
    """

    writable: bool
    _fragments = 0

    @property
    def _maxFragments(self) -> int:
        """
        How many fragments one message may have.
        """
        raise NotImplementedError

    def onMessageBegin(self, isBinary: bool) -> None:
        """
        The first fragment of a message comes.
        """
        autobahn: Any = super()
        autobahn.onMessageBegin(isBinary)
        self._fragments = 0

    def onMessageFrameBegin(self, length: int) -> None:
        """
        One more fragment of a message comes. It takes memory even if it is
        empty, and Autobahn counts bytes only.
        """
        autobahn: Any = super()
        autobahn.onMessageFrameBegin(length)
        self._fragments += 1
        protocol: Any = self
        if self._fragments > self._maxFragments and not protocol.failedByMe:
            detail = f"more fragments than maxPackets ({self._maxFragments}) allows"
            protocol._fail_connection(_TOO_BIG, detail)

    def onPing(self, payload: bytes) -> None:
        """
        Who does not read the answers gets none; they would wait in memory.
        """
        if self.writable:
            autobahn: Any = super()
            autobahn.onPing(payload)
