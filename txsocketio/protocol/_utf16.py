"""
Lengths as JavaScript counts them: in UTF-16 code units, of which every
character outside the Basic Multilingual Plane takes two.
"""

from __future__ import annotations


def units(text: str) -> int:
    """
    The length of C{text} in UTF-16 code units. A lone surrogate is one.
    """
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, start: int, count: int) -> tuple[int, int]:
    """
    Find where C{count} units end that begin at C{start}, in time linear in
    C{count}, whatever else C{text} holds.

    @return: the index behind the last of them, and how many of them are
        missing because C{text} ends before.
    @raise ValueError: they end between the two halves of a character.
    """
    end = min(start + count, len(text))
    over = units(text[start:end]) - count
    while over > 0:
        # Half as many characters hold at least half of the surplus, and at
        # most one unit more than all of it.
        back = end - (over + 1) // 2
        over -= units(text[back:end])
        end = back
    if over < 0 and end < len(text):
        raise ValueError("the units end inside a character")
    return end, -over


def wellFormed(text: str) -> str:
    """
    C{text} with U+FFFD for each lone surrogate, as browsers send it.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
