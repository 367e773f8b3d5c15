"""
Frames that tell their length, found in whatever pieces they arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from io import StringIO
from typing import ClassVar, TypeVar

from txsocketio.errors import RemoteProtocolError
from txsocketio.protocol._utf16 import cut

MAX_DIGITS = 15
"""How long a number may be: any that a JavaScript client holds exactly."""

NUMBER = rf"0|[1-9][0-9]{{0,{MAX_DIGITS - 1}}}"
"""A number, spelled in the one way in which such a client spells it."""


class _Begun:
    """
    A frame whose header has come.

    @ivar header: its header.
    @ivar missing: how many units of its data are still to come.
    @ivar data: those that have come.
    """

    __slots__ = ("data", "header", "missing")

    def __init__(self, header: str, length: int) -> None:
        self.header = header
        self.missing = length
        self.data = StringIO()

    def read(self, text: str, at: int) -> int:
        """
        Take what is still missing, or as much of it as there is.

        @return: the index in C{text} behind it.
        """
        try:
            end, self.missing = cut(text, at, self.missing)
        except ValueError:
            raise RemoteProtocolError("a frame's length ends inside a character") from None
        self.data.write(text[at:end])
        return end


class Framing:
    """
    Finds the frames in what arrives.

    @cvar header: what begins a frame; its group C{length} tells how many
        UTF-16 code units of data follow.
    @cvar longest: how long a header can be.
    @cvar end: the character behind the data; empty if there is none.
    @ivar isIdle: whether no frame is under way.
    @ivar _head: as much as has come of a header that is not complete.
    @ivar _begun: the frame under way behind its header.
    """

    __slots__ = ("_begun", "_head", "_maxLength", "isIdle")

    header: ClassVar[re.Pattern[str]]
    longest: ClassVar[int]
    end: ClassVar[str] = ""

    def __init__(self, maxLength: int) -> None:
        """
        @param maxLength: of one frame's data, UTF-16 code units.
        """
        self._maxLength = maxLength
        self._head = ""
        self._begun: _Begun | None = None
        self.isIdle = True

    @classmethod
    def isWhole(cls, text: str) -> bool:
        """
        Whether these are whole frames, to the last.
        """
        framing = cls(len(text))
        try:
            for _ in framing.feed(text):
                pass
        except RemoteProtocolError:
            return False
        return framing.isIdle

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        """
        Take one more piece.

        @return: header and data of each frame that is complete with it.
        @raise RemoteProtocolError: this is no frame.
        """
        if self._head:
            text = self._head + text
            self._head = ""
        at, self.isIdle = 0, False
        while at < len(text):
            if self._begun is None:
                at = self._readHeader(text, at)
            begun = self._begun
            if begun is None:
                return
            if begun.missing:
                at = begun.read(text, at)
            if not begun.missing and self._isAtEnd(text, at):
                self._begun = None
                yield begun.header, begun.data.getvalue()
                at += len(self.end)
        self.isIdle = self._begun is None

    def _readHeader(self, text: str, at: int) -> int:
        found = self.header.match(text, at)
        if found is None:
            self._head = text[at : at + self.longest]
            self.checkBeginning(self._head)
            return len(text)
        length = int(found["length"])
        if length > self._maxLength:
            raise self._tooLong()
        self._begun = _Begun(found[0], length)
        return found.end()

    def _isAtEnd(self, text: str, at: int) -> bool:
        """
        @raise RemoteProtocolError: there is something else than the end.
        """
        if text.startswith(self.end, at):
            return True
        if at < len(text):
            raise RemoteProtocolError(
                f"no {self.end!r} where a frame's data ends, but {text[at]!a}"
            )
        return False

    def checkBeginning(self, head: str) -> None:
        """
        @param head: what is no whole header.
        @raise RemoteProtocolError: nor can it become one.
        """
        raise NotImplementedError

    def checkLength(self, text: str, behind: str) -> None:
        """
        @param text: what stands where there should be a length.
        @param behind: what should follow the length.
        @raise RemoteProtocolError: C{text} cannot become that.
        """
        rest = text.lstrip("0123456789")
        digits = text[: len(text) - len(rest)]
        if len(digits) > 1 and digits[0] == "0":
            raise RemoteProtocolError("a frame's length begins with 0")
        if len(digits) > MAX_DIGITS or int(digits or 0) > self._maxLength:
            raise self._tooLong()
        if rest and rest[0] != behind[0]:
            raise RemoteProtocolError(f"a frame's length holds {rest[0]!a}")
        if rest and not digits:
            raise RemoteProtocolError("a frame without a length")
        checkStart(rest, behind, "behind a frame's length")

    def _tooLong(self) -> RemoteProtocolError:
        return RemoteProtocolError(
            f"a frame is longer than maxPayload ({self._maxLength}) allows",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


def checkStart(text: str, expected: str, where: str) -> None:
    """
    @raise RemoteProtocolError: C{text} does not begin as C{expected} does, as
        far as there is anything of it.
    """
    for found, wanted in zip(text, expected, strict=False):
        if found != wanted:
            raise RemoteProtocolError(f"no {expected!r} {where}, but {found!a}")


D = TypeVar("D")
"""The dialect of a decoder, of either half."""

_T = TypeVar("_T")


def counted(text: str, header: re.Pattern[str]) -> Iterator[str]:
    """
    The packets of a body, each with its length before it.

    @param header: what stands before each; its first group is the length, in
        UTF-16 code units.
    @raise RemoteProtocolError: there is something else.
    """
    at = 0
    while at < len(text):
        found = header.match(text, at)
        if found is None:
            raise RemoteProtocolError("a packet without its length before it")
        try:
            at, missing = cut(text, found.end(), int(found[1]))
        except ValueError:
            raise RemoteProtocolError("a packet's length ends inside a character") from None
        if missing:
            raise RemoteProtocolError("a packet that is shorter than its length")
        yield text[found.end() : at]


def atMost(maxPackets: int, packets: Iterable[_T]) -> Iterator[_T]:
    """
    These packets, unless there are more than C{maxPackets}.

    @raise RemoteProtocolError: there are; those before have been told.
    """
    for count, packet in enumerate(packets, 1):
        if count > maxPackets:
            raise RemoteProtocolError(
                f"more packets at once than maxPackets ({maxPackets}) allows",
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            )
        yield packet


def tooLong(maxPayload: int) -> RemoteProtocolError:
    """
    What is wrong with a message or a body that is longer than C{maxPayload}.
    """
    return RemoteProtocolError(
        f"more at once than maxPayload ({maxPayload}) allows",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )
