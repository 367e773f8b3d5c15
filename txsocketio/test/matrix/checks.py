"""
The checks of C{checks.mjs}, by the same names, for clients in Python, and what
plays them.

A cell takes the names from its standard input, a line each, and answers each
with a line of JSON, as C{in_node.mjs} does; C{players.mjs} starts it.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

PATIENCE = 45.0
SILENCE = 90.0
PAUSE = 0.005
NUMBERS = 500
BURST = 500
SHOWN = 200

TEXTS = [
    "h\xe9llo w\xf6rld",
    "emoji \U0001f600 \U0001f469\u200d\U0001f467",
    "line\u2028paragraph\u2029end",
    "\u4e2d\u6587 \xff \x80\u07ff\uffee",
    'quotes " \\ \\n \n \r\n \t </script>',
]

VALUES = [3, -2.5, True, [1, "two", {"three": []}]]

EVENT = [1, -2.5, "three", None, True, [], {"list": [{"deep": "\xf6"}], "empty": {}}]

OCTETS = bytes(range(256))
MIXED = {"name": "all", "parts": [OCTETS, b"", "text"], "data": OCTETS}
MUCH = bytes(each % 251 for each in range(100_000))


class Different(Exception):
    """
    Something is not what it ought to be.
    """


def same(actual: Any, wanted: Any, what: str) -> None:
    """
    @raise Different: the two differ.
    """
    if actual != wanted:
        raise Different(f"{what}: {repr(actual)[:SHOWN]} instead of {repr(wanted)[:SHOWN]}")


class Heard:
    """
    What came under one name: the lists of arguments, oldest first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.all: list[list[Any]] = []
        self._added = asyncio.Event()

    def __call__(self, *args: Any) -> None:
        self.all.append([*args])
        self._added.set()

    async def next(self, count: int = 1, patience: float = PATIENCE) -> list[list[Any]]:
        """
        All, once there are so many.
        """
        try:
            async with asyncio.timeout(patience):
                while len(self.all) < count:
                    self._added.clear()
                    await self._added.wait()
        except TimeoutError:
            raise Different(f"not within {patience} s: {count} x {self.name}") from None
        return self.all


async def within(what: str, waiting: Awaitable[Any]) -> Any:
    """
    @raise Different: it takes too long.
    """
    try:
        return await asyncio.wait_for(waiting, PATIENCE)
    except TimeoutError:
        raise Different(f"not within {PATIENCE} s: {what}") from None


class Guest(ABC):
    """
    One client in one namespace.

    @cvar reasons: what is told where the client has ended it, and what may be
        where the server has.
    """

    reasons: Mapping[str, Any]

    @property
    @abstractmethod
    def isConnected(self) -> bool:
        """
        Whether it is.
        """

    @property
    @abstractmethod
    def transport(self) -> str:
        """
        The name of what carries it now.
        """

    def hears(self, name: str) -> Heard:
        """
        Note from now on what comes under that name.
        """
        heard = Heard(name)
        self.answers(name, heard)
        return heard

    @abstractmethod
    def answers(self, name: str, handler: Callable[..., Any]) -> None:
        """
        Acknowledge what comes under that name with what C{handler} returns.
        """

    @abstractmethod
    async def sends(self, message: Any) -> None:
        """
        Send a message.
        """

    @abstractmethod
    async def emits(self, event: str, *args: Any) -> None:
        """
        Emit an event.
        """

    @abstractmethod
    async def asks(self, event: str, *args: Any) -> list[Any]:
        """
        Emit an event, and return its acknowledgement's arguments.
        """

    @abstractmethod
    async def leaves(self) -> None:
        """
        Disconnect.
        """

    async def murmurs(self, event: str, *args: Any) -> None:
        """
        Emit an event that may be lost.
        """
        raise NotImplementedError

    async def returns(self) -> None:
        """
        Come back to where it was before it left.
        """
        raise NotImplementedError


class Party(ABC):
    """
    The clients of one check.

    @ivar url: the server.
    @ivar way: over which they come.
    @ivar client: their entry in C{clients.mjs}.
    """

    def __init__(self, url: str, way: str, client: Mapping[str, Any]) -> None:
        self.url = url
        self.way = way
        self.client = client

    @property
    def polls(self) -> bool:
        """
        Whether no more than one answer waits for the server at any time.
        """
        return "polling" in self.way

    @abstractmethod
    async def guests(self, *namespaces: str) -> list[Guest]:
        """
        One client, in all of these namespaces.
        """

    @abstractmethod
    async def survivor(self) -> Guest:
        """
        One that comes back when the server has been away.
        """

    @abstractmethod
    async def isRefused(self, namespace: str, message: str, data: Any) -> None:
        """
        Nobody is let in there, and told so as its generation is.
        """

    @abstractmethod
    async def close(self) -> None:
        """
        Let all go.
        """

    async def guest(self) -> Guest:
        """
        One that is connected.
        """
        (guest,) = await self.guests("/")
        return guest

    async def settles(self, guest: Guest) -> None:
        """
        It is carried by what it was told to come over.
        """
        wanted = {"upgrade": "websocket"}.get(self.way, self.way)
        same(guest.transport, wanted, "the transport")

    async def gathers(self, *guests: Guest) -> str:
        """
        Let them all join a room that is theirs alone.

        @return: its name.
        """
        room = f"room {random.random()}"
        for guest in guests:
            await guest.asks("join", room)
        return room


async def connect(party: Party) -> None:
    guest = await party.guest()
    same(guest.isConnected, True, "connected")
    await party.settles(guest)
    same(len(await guest.asks("whoami")), 1, "whoami")


async def message(party: Party) -> None:
    guest = await party.guest()
    messages = guest.hears("message")
    for each in ("one", "", {"two": [2]}):
        await guest.sends(each)
    same(await messages.next(3), [["one"], [""], [{"two": [2]}]], "the echo")


async def values(party: Party) -> None:
    guest = await party.guest()
    messages = guest.hears("message")
    for each in VALUES:
        await guest.sends(each)
    same(await messages.next(len(VALUES)), [[each] for each in VALUES], "the echo")


async def event(party: Party) -> None:
    guest = await party.guest()
    news = guest.hears("news")
    await guest.emits("bounce", "news")
    await guest.emits("bounce", "news", *EVENT)
    same(await news.next(2), [[], EVENT], "the events")


async def unicode(party: Party) -> None:
    guest, witness = await party.guest(), await party.guest()
    witnessed = witness.hears("heard")
    room = await party.gathers(guest, witness)
    for text in TEXTS:
        same(await guest.asks("spell", text), [[*map(ord, text)]], "as the server has it")
        same(await guest.asks("echo", text, {text: [text]}), [text, {text: [text]}], "an echo")
        await guest.emits("tell", room, text)
    same(await witnessed.next(len(TEXTS)), [[text] for text in TEXTS], "what another heard")


async def large(party: Party) -> None:
    guest = await party.guest()
    messages = guest.hears("message")
    texts = ["0123456789" * 10_000, "\xf6\U0001f600" * 16_666]
    for text in texts:
        await guest.sends(text)
    same(await messages.next(2), [[text] for text in texts], "the echo")


async def acks(party: Party) -> None:
    guest = await party.guest()
    same(await guest.asks("echo"), [], "an ack without arguments")
    same(await guest.asks("echo", "one", {"two": 2}), ["one", {"two": 2}], "an ack")
    guest.answers("question", lambda *args: args[::-1])
    same(await guest.asks("ask", "life", 42), [[42, "life"]], "what the client acknowledged")
    found = await asyncio.gather(*(guest.asks("echo", each) for each in range(20)))
    same(found, [[each] for each in range(20)], "twenty acks")


async def toServer(party: Party) -> None:
    guest, witness = await party.guest(), await party.guest()
    witnessed = witness.hears("heard")
    room = await party.gathers(guest, witness)
    same(await guest.asks("octets", OCTETS), [[*OCTETS]], "the bytes, as the server has them")
    await guest.emits("tell", room, MIXED, "and text")
    same(await witnessed.next(), [[MIXED, "and text"]], "what another heard")
    guest.answers("question", lambda: (OCTETS, MIXED))
    same(await guest.asks("ask"), [[OCTETS, MIXED]], "what the client acknowledged")
    same(await guest.asks("echo", MIXED), [MIXED], "and back")
    same(await guest.asks("echo", MUCH), [MUCH], "100 KB")


async def toClient(party: Party) -> None:
    guest = await party.guest()
    news = guest.hears("news")
    for each in (OCTETS, MIXED, MUCH):
        await guest.emits("bounce", "news", each, "and text")
    same(await news.next(3), [[each, "and text"] for each in (OCTETS, MIXED, MUCH)], "the events")


async def namespace(party: Party) -> None:
    root, chat = await party.guests("/", "/chat")
    same(await root.asks("where"), ["/"], "the default namespace")
    same(await chat.asks("where"), ["/chat"], "the other")
    rootNews, chatNews = root.hears("news"), chat.hears("news")
    await chat.emits("bounce", "news", "chat")
    await root.emits("bounce", "news", "root")
    same(await rootNews.next(), [["root"]], "the default namespace's event")
    same(await chatNews.next(), [["chat"]], "the other's event")


async def back(party: Party) -> None:
    root, chat = await party.guests("/", "/chat")
    await chat.leaves()
    await chat.returns()
    same(await chat.asks("where"), ["/chat"], "the namespace")
    same(await root.asks("where"), ["/"], "the default one")


async def refusal(party: Party) -> None:
    await party.isRefused("/closed", "members only", {"since": 2010})


async def rooms(party: Party) -> None:
    guests = [await party.guest() for _ in range(3)]
    heard = [guest.hears("heard") for guest in guests]
    first, second, outsider = guests
    room = await party.gathers(first, second)
    await first.asks("shout", room, "to all")
    await first.asks("tell", room, "to the others")
    await second.asks("leave", room)
    await outsider.asks("shout", room, "from outside")
    await heard[0].next(2)
    await heard[1].next(2)
    for guest in guests:
        await guest.asks("echo")
    wanted = [[["to all"], ["from outside"]], [["to all"], ["to the others"]], []]
    same([each.all for each in heard], wanted, "what was heard")


async def volatile(party: Party) -> None:
    guest = await party.guest()
    perhaps, certain = guest.hears("perhaps"), guest.hears("certain")
    for tries in range(1, 51):
        await guest.emits("volatile", 1)
        await certain.next(tries)
        if perhaps.all:
            break
        await asyncio.sleep(PAUSE)
    else:
        raise Different("none of 50 volatile events came")
    perhaps.all, certain.all = [], []
    await guest.emits("volatile", BURST)
    await certain.next()
    numbers = [number for (number,) in perhaps.all]
    same(sorted(set(numbers)), numbers, "in order, and none twice")
    if party.polls:
        same(len(numbers) < BURST, True, "some dropped")


async def murmurs(party: Party) -> None:
    guest = await party.guest()
    for tries in range(1, 51):
        await guest.murmurs("note", tries)
        (notes,) = await guest.asks("notes")
        if notes:
            return
        await asyncio.sleep(PAUSE)
    raise Different("none of 50 volatile events came")


async def kicked(party: Party) -> None:
    guest = await party.guest()
    gone = guest.hears("disconnect")
    await guest.emits("kick")
    ((reason,),) = await gone.next()
    if reason not in guest.reasons["server"]:
        raise Different(f"the reason: {reason}")
    same(guest.isConnected, False, "connected")


async def _leaves(party: Party) -> list[Any]:
    """
    Disconnect a client; return the reason that the server has for it.
    """
    guest, witness = await party.guest(), await party.guest()
    (id,) = await guest.asks("whoami")
    gone = guest.hears("disconnect")
    await guest.leaves()
    same(await gone.next(), [[guest.reasons["client"]]], "the reason")
    return await witness.asks("farewell", id)


async def leaves(party: Party) -> None:
    same(len(await _leaves(party)), 1, "a reason, as the server has it")


async def goodbye(party: Party) -> None:
    same(await _leaves(party), ["client namespace disconnect"], "the reason, as the server has it")


async def many(party: Party) -> None:
    guest = await party.guest()
    numbers = guest.hears("number")
    counted = asyncio.ensure_future(guest.asks("count", 0, NUMBERS))
    for each in range(NUMBERS):
        await guest.emits("note", each)
    await counted
    same(await numbers.next(NUMBERS), [[each] for each in range(NUMBERS)], "from the server")
    same(await guest.asks("notes"), [[*range(NUMBERS)]], "from the client")


class Member:
    """
    Who is in one room with many others.

    @ivar room: as in C{checks.mjs}.
    """

    def __init__(self, party: Party, room: Mapping[str, Any]) -> None:
        self.party = party
        self.room = room

    async def comes(self, _: Party) -> None:
        """
        It enters.
        """
        self.guest = await self.party.guest()
        self.talk = self.guest.hears("heard")
        await self.party.settles(self.guest)
        await self.guest.asks("join", self.room["name"])

    async def talks(self, _: Party) -> None:
        """
        It says all that it has to say.
        """
        name, member = self.room["name"], self.room["member"]
        for number in range(self.room["count"]):
            word = self.room["words"][number % len(self.room["words"])]
            await self.guest.emits("shout", name, member, number, word)
        await self.guest.asks("echo")

    async def hears(self, _: Party) -> list[list[Any]]:
        """
        @return: all that was heard, once it is enough.
        """
        with suppress(Different):
            await self.talk.next(self.room["members"] * self.room["count"])
        # What came twice would come before this.
        await self.guest.asks("echo")
        return self.talk.all


class Survivor:
    """
    The last check: a client, and what it hears over the server's restart.
    """

    def __init__(self, party: Party) -> None:
        self.party = party

    async def settles(self, _: Party) -> None:
        """
        It connects.
        """
        self.guest = await self.party.survivor()
        self.connected = self.guest.hears("connect")
        self.gone = self.guest.hears("disconnect")

    async def leaves(self, _: Party) -> None:
        """
        It loses the server.
        """
        await self.gone.next(patience=SILENCE)

    async def returns(self, _: Party) -> None:
        """
        It has come back by itself.
        """
        await self.connected.next(patience=SILENCE)
        same(await self.guest.asks("echo", "again"), ["again"], "an ack")
        await self.party.settles(self.guest)


Check = Callable[[Party], Awaitable[Any]]

CHECKS: dict[str, Check] = {
    "connect": connect,
    "message": message,
    "message that is neither text nor object": values,
    "event": event,
    "unicode": unicode,
    "100 KB": large,
    "ack both ways": acks,
    "binary to the server": toServer,
    "binary to the client": toClient,
    "namespace": namespace,
    "namespace, left and entered again": back,
    "refusal, by middleware": refusal,
    "rooms": rooms,
    "volatile": volatile,
    "volatile, of the client's": murmurs,
    "server disconnect": kicked,
    "client disconnect": leaves,
    "client disconnect, with its goodbye": goodbye,
    "500 messages each way": many,
}


async def play(check: Check, party: Party) -> tuple[str | None, Any]:
    """
    @return: what went wrong, and what there is to tell.
    """
    try:
        return None, await check(party)
    except Exception as error:
        return f"{type(error).__name__}: {error}", None
    finally:
        await party.close()


async def main(seat: Mapping[str, Any], makeParty: Callable[..., Party]) -> None:
    """
    Play what is asked for.
    """
    particulars = seat["url"], seat["way"], seat["client"]
    lasting = makeParty(*particulars)
    survivor, member = Survivor(lasting), Member(lasting, seat.get("room", {}))
    acts: dict[str, Check] = {
        "settles": survivor.settles,
        "leaves": survivor.leaves,
        "returns": survivor.returns,
        "comes": member.comes,
        "talks": member.talks,
        "hears": member.hears,
    }
    while line := await asyncio.to_thread(sys.stdin.readline):
        name = line.rstrip("\n")
        trouble, told = await play({**CHECKS, **acts}[name], makeParty(*particulars))
        print(json.dumps({"played": name, "trouble": trouble, "told": told}), flush=True)
