"""
What servers write behind the arguments of events that they keep in a log.
"""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase, digits

_ALPHABET = digits + ascii_uppercase + ascii_lowercase + "-_"

_TIME = re.compile(r"([0-9A-Za-z_-]{7})(\.[0-9A-Za-z_-]+)?")
"""Milliseconds, as Node's server writes them."""

_OTHERS = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?|[0-9a-f]{24}")
"""Numbers, as ours has them, and what logs in Redis and MongoDB are told by."""

_NEAR = 30 * 24 * 3600
"""How far another one's clock may be from ours, seconds."""


def isOffset(text: str, now: float) -> bool:
    """
    Whether an event's last argument is such a thing. What is sent without a
    place in the log, because it may be lost, has none, and nothing else tells
    the two apart.

    @param now: the time.
    """
    if _OTHERS.fullmatch(text):
        return True
    found = _TIME.fullmatch(text)
    return found is not None and abs(_seconds(found[1]) - now) < _NEAR


def _seconds(text: str) -> float:
    milliseconds = 0
    for letter in text:
        milliseconds = milliseconds * len(_ALPHABET) + _ALPHABET.index(letter)
    return milliseconds / 1000
