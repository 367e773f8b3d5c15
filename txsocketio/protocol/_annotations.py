"""
The annotations of a message of the first protocol, in their two forms.

A message's data is a list of annotations (C{key} or C{key:value}) and a text.
The newline-ended form is the genuine software's of 2010; the other is that of
the specification, which says less about where the list ends.
C{docs/protocol.rst} has the rule that tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MAX_ANNOTATIONS = 100
"""How many annotations one message may have."""

REALM, ID, EVENT, JSON = "r", "a", "e", "j"
OWN = frozenset((REALM, ID, EVENT, JSON))
"""The keys that the protocol itself gives a meaning. C{j} never has a value,
the others always have one."""

WITHOUT_JSON = "an event or an acknowledgement without 'j'"

Annotation = tuple[str, str | None]
"""A key, and its value where it has one."""

# Writing. A writer makes a message's data.

Writer = Callable[[Sequence[Annotation], str], str]


def _line(key: str, value: str | None) -> str:
    return key if value is None else f"{key}:{value}"


def writeNewlineEnded(annotations: Sequence[Annotation], text: str) -> str:
    """
    Each annotation ends with a newline.
    """
    return "".join(f"{_line(*pair)}\n" for pair in annotations) + ":" + text


def writeSpecified(annotations: Sequence[Annotation], text: str) -> str:
    """
    The specification's form; the newline-ended one where the specification's
    could be read in another way.
    """
    if not annotations or not _endsClearly(annotations, text):
        return writeNewlineEnded(annotations, text)
    return "\n".join(_line(*pair) for pair in annotations) + ":" + text


def _endsClearly(annotations: Sequence[Annotation], text: str) -> bool:
    if any(value is not None and ":" in value for _, value in annotations):
        return False
    key, value = annotations[-1]
    # A text with such a line can end the list of the newline-ended form too.
    return key == JSON or (value is not None and "\n:" not in text)


# Reading. A reader returns annotations and text, or None where the data does
# not fit its form.

Reading = tuple[list[Annotation], str]
Reader = Callable[[str], Reading | None]

# A line that holds an annotation and nothing else, in either form.
_ENDED_LINE = re.compile(r"(?!j:|[rea]\n)([^:\n]++)(?::([^\n]*+))?\n")
_SEPARATED_LINE = re.compile(r"(?!j:|[rea]\n)([^:\n]++)(?::([^:\n]*+))?\n")
# What ends the list in the specification's form.
_LAST = re.compile(r"(?:(j)|([^:\n]++):([^:\n]*+)):")
_VALUELESS_LAST = re.compile(r"(?![rea]:)([^:\n]++):")


def readNewlineEnded(data: str) -> Reading | None:
    """
    Lines that are annotations, up to one that begins with a colon.
    """
    annotations: list[Annotation] = []
    at = 0
    while not data.startswith(":", at):
        line = _ENDED_LINE.match(data, at)
        if line is None or len(annotations) == MAX_ANNOTATIONS:
            return None
        annotations.append((line[1], line[2]))
        at = line.end()
    return annotations, data[at + 1 :]


def readSpecified(data: str) -> Reading | None:
    """
    Lines that are annotations, up to one that goes on behind its annotation.
    """
    annotations, at = _separatedLines(data)
    last = _LAST.match(data, at[-1])
    if last is None:
        return None
    annotations.append((last[1] or last[2], last[3]))
    keys = {key for key, _ in annotations}
    if JSON not in keys and not keys.isdisjoint((EVENT, ID)):
        # A list of arguments is always JSON: this colon is part of a name.
        return None
    return annotations, data[last.end() :]


def readValueless(data: str) -> Reading | None:
    """
    The specification's form again, where the list ends with an unknown key
    without a value: the last of those with which it can end.
    """
    annotations, at = _separatedLines(data)
    if _SEPARATED_LINE.match(data, at[-1]):
        # There are more than there may be.
        return None
    for count in reversed(range(len(at))):
        last = _VALUELESS_LAST.match(data, at[count])
        if last is not None:
            return [*annotations[:count], (last[1], None)], data[last.end() :]
    return None


def _separatedLines(data: str) -> tuple[list[Annotation], list[int]]:
    """
    All that can be annotations with others behind them, but one less than
    there may be in all.

    @return: the annotations, and where each begins and the last ends.
    """
    annotations: list[Annotation] = []
    at = [0]
    while len(at) < MAX_ANNOTATIONS:
        line = _SEPARATED_LINE.match(data, at[-1])
        if line is None:
            break
        annotations.append((line[1], line[2]))
        at.append(line.end())
    return annotations, at


def whyUnreadable(data: str) -> str:
    """
    Tell what keeps all readers from reading C{data}.
    """
    _, at = _separatedLines(data)
    rest = data[at[-1] :]
    if _SEPARATED_LINE.match(rest):
        return f"more than {MAX_ANNOTATIONS} annotations"
    if rest.startswith("\n"):
        return "an annotation without a key"
    if rest.partition("\n")[0] in (REALM, ID, EVENT):
        return f"annotation {rest[0]!r} without a value"
    if _LAST.match(rest):
        return WITHOUT_JSON
    return "no ':' before a message's text"
