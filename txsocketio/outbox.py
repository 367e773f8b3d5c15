"""
What waits to be sent to one client.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.settings import Settings


_PARTING = 16
"""What it takes at most to tell two messages in one body apart, bytes."""


class Outbox:
    """
    Frames in the order in which they are to be sent, as many as may wait: one
    always, else no more than C{maxQueue} and C{maxQueueBytes} allow.

    @ivar size: how long they are together, bytes.
    """

    __slots__ = ("_frames", "_volatile", "size")

    def __init__(self) -> None:
        # With each frame: whether it is volatile. Mostly nothing waits, and an
        # empty deque would be the heaviest thing that a session has.
        self._frames: deque[tuple[Frame, bool]] | tuple[()] = ()
        self._volatile = 0
        self.size = 0

    def __len__(self) -> int:
        """
        How many frames wait.
        """
        return len(self._frames)

    def put(self, frame: Frame, settings: Settings) -> bool:
        """
        Have a frame wait. Volatile ones are given up where it needs their
        place.

        @return: whether there was room for it.
        """
        if self._volatile and self._isFull(frame, settings):
            self._giveUpVolatile()
        hasRoom = not self._isFull(frame, settings)
        if hasRoom:
            self.append(frame)
        return hasRoom

    def putVolatile(self, frame: Frame, settings: Settings) -> None:
        """
        Have a frame wait, if C{maxVolatile} allows that and there is room.
        """
        if self._volatile < settings.maxVolatile and not self._isFull(frame, settings):
            self.append(frame, True)

    def append(self, frame: Frame, isVolatile: bool = False) -> None:
        """
        Have a frame wait, room or not.
        """
        if not self._frames:
            self._frames = deque()
        self._frames.append((frame, isVolatile))
        self._volatile += isVolatile
        self.size += frame.size

    def take(self) -> list[Frame]:
        """
        All that have waited, which wait no more.
        """
        frames = [frame for frame, _ in self._frames]
        self._frames = ()
        self._volatile = self.size = 0
        return frames

    def takeSome(self, limit: float) -> list[Frame]:
        """
        The first that have waited, as many as one request may hold; at least
        one.

        @param limit: bytes. Each counts for what it is as base64, with what
            parts it from the next.
        """
        taken: list[Frame] = []
        while self._frames:
            frame, isVolatile = self._frames[0]
            limit -= frame.size * 4 / 3 + _PARTING * len(frame.parts)
            if taken and limit < 0:
                break
            self._frames.popleft()
            self._volatile -= isVolatile
            self.size -= frame.size
            taken.append(frame)
        return taken

    def _isFull(self, frame: Frame, settings: Settings) -> bool:
        return bool(self._frames) and (
            len(self._frames) >= settings.maxQueue
            or self.size + frame.size > settings.maxQueueBytes
        )

    def _giveUpVolatile(self) -> None:
        kept = [frame for frame, isVolatile in self._frames if not isVolatile]
        self.take()
        for frame in kept:
            self.append(frame)
