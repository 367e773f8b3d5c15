"""
What a peer takes of the ways to compress an answer.
"""

from __future__ import annotations

import re

_POSITIVE_WEIGHT = re.compile(rb"\s*(?:;\s*q=(?:0\.0*[1-9][0-9]*|1(?:\.0*)?)\s*)?")


def accepts(acceptEncoding: bytes, coding: bytes) -> bool:
    """
    @param acceptEncoding: the header C{Accept-Encoding}.
    """
    accepted: dict[bytes, bool] = {}
    for part in acceptEncoding.lower().split(b","):
        name, semicolon, weight = part.partition(b";")
        accepted[name.strip()] = bool(_POSITIVE_WEIGHT.fullmatch(semicolon + weight))
    return accepted.get(coding, accepted.get(b"*", False))
