"""
The demo: a chat that shows by what everybody is connected.

What its page (L{HTDOCS}) and the server say to each other, in the default
namespace. A person is C{{"id": int, "name": str, "transport": str}}; times are
milliseconds since 1970.

From the page, where C{->} stands before what is acknowledged:

  - C{join(name)}: come in, under a name that we make up if this one is empty
    C{-> {"id": int, "name": str, "history": [what was said lately]}};
  - C{rename(name) -> name}, as it is from now on;
  - C{say(text)};
  - C{echo(anything) -> anything}, by which the page measures round trips.

To all pages:

  - C{people([person, ...], how many there are)}, whenever that changes;
  - C{said({"id": int, "name": str, "text": str, "time": int})}, where C{id}
    is that of the person;
  - C{came(person)}, C{left(name)}, C{renamed(old name, new name)}.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from random import choice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from txsocketio.client import Client
    from txsocketio.listener import Listener

HTDOCS = Path(__file__).with_name("htdocs")
"""The folder of the chat's page."""

MAX_NAME = 24
"""Characters of a name."""

MAX_TEXT = 2000
"""Characters of one message."""

MAX_HISTORY = 50
"""How many messages are kept for who comes later."""

MAX_LISTED = 100
"""How many people every page is told of, each time one comes or goes."""

_MANNERS = (
    "amber brave bright calm clever cosy curious dapper eager fluffy gentle happy "
    "jolly lucky merry mellow nimble patient quiet silver snug sunny swift witty"
)
_ANIMALS = (
    "badger beaver crane dolphin falcon ferret finch fox hare hedgehog heron ibis "
    "koala lark lynx marten mole newt otter owl puffin robin seal wren"
)


def attach(listener: Listener) -> None:
    """
    Open the chat on a listener.
    """
    chat = _Chat(listener)
    listener.on("connection", chat.answer)


@dataclass(slots=True)
class _Person:
    """
    Somebody who has come in.

    @ivar id: known to all, unlike the session id, which is a secret between
        its client and us.
    """

    id: int
    name: str
    client: Client

    def shown(self) -> dict[str, Any]:
        """
        What everybody is told.
        """
        return {"id": self.id, "name": self.name, "transport": self.client.transport}


class _Chat:
    """
    Who is there, and what was said lately.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._people: dict[Client, _Person] = {}
        self._history: deque[dict[str, Any]] = deque(maxlen=MAX_HISTORY)
        self._ids = count(1)

    def answer(self, client: Client) -> None:
        """
        Listen to a new client. It is nobody until it joins.
        """
        client.on("join", partial(self._join, client))
        client.on("rename", partial(self._rename, client))
        client.on("say", partial(self._say, client))
        client.on("echo", _echo)
        client.on("disconnect", partial(self._leave, client))

    # The handlers. A page can send anything at all: arguments may be missing,
    # too many, or of any type.

    def _join(self, client: Client, name: object = None, *_: object) -> dict[str, Any]:
        if client not in self._people:
            person = _Person(next(self._ids), self._free(_cleaned(name) or _madeUp()), client)
            self._people[client] = person
            self._listener.emit("came", person.shown())
            self._tellWhoIsThere()
        person = self._people[client]
        return {"id": person.id, "name": person.name, "history": list(self._history)}

    def _rename(self, client: Client, name: object = None, *_: object) -> str | None:
        person = self._people.get(client)
        if person is None:
            return None
        old, wanted = person.name, _cleaned(name)
        if wanted and wanted != old:
            person.name = ""
            person.name = self._free(wanted)
            self._listener.emit("renamed", old, person.name)
            self._tellWhoIsThere()
        return person.name

    def _say(self, client: Client, text: object = None, *_: object) -> None:
        person = self._people.get(client)
        text = text.strip()[:MAX_TEXT] if isinstance(text, str) else ""
        if person is None or not text:
            return
        now = round(time.time() * 1000)
        said = {"id": person.id, "name": person.name, "text": text, "time": now}
        self._history.append(said)
        self._listener.emit("said", said)

    def _leave(self, client: Client, reason: str) -> None:
        person = self._people.pop(client, None)
        if person is not None:
            self._listener.emit("left", person.name)
            self._tellWhoIsThere()

    def _tellWhoIsThere(self) -> None:
        shown = [person.shown() for person in islice(self._people.values(), MAX_LISTED)]
        self._listener.emit("people", shown, len(self._people))

    def _free(self, name: str) -> str:
        """
        This name, or with a number behind it if somebody has it.
        """
        taken = {person.name.casefold() for person in self._people.values()}
        candidates = chain((name,), (f"{name} {number}" for number in count(2)))
        return next(each for each in candidates if each.casefold() not in taken)


def _echo(*args: object) -> tuple[object, ...]:
    return args


def _cleaned(name: object) -> str:
    """
    A name that fits on a line and plays no tricks with it.
    """
    if not isinstance(name, str):
        return ""
    visible = "".join(letter if letter.isprintable() else " " for letter in name[: 2 * MAX_NAME])
    return " ".join(visible.split())[:MAX_NAME].strip()


def _madeUp() -> str:
    return f"{choice(_MANNERS.split())} {choice(_ANIMALS.split())}"
