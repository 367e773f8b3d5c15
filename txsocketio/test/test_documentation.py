"""
The documentation speaks of what there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

import txsocketio
from txsocketio.errors import DisconnectReason, UnsupportedByClient
from txsocketio.interfaces import IDialect
from txsocketio.listener import PROTOCOLS
from txsocketio.options import Options
from txsocketio.outgoing.options import SETTINGS as CLIENT_SETTINGS
from txsocketio.outgoing.options import ConnectOptions
from txsocketio.packets import Kind, Packet
from txsocketio.settings import Settings
from txsocketio.test.peer import Peer
from txsocketio.test.support import Server

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "txsocketio"
SETTINGS = {each.name for each in fields(Settings)}
OPTIONS = {each.name for each in fields(Options)}

_LITERAL = re.compile(r"``(.+?)``")
_ATTRIBUTE = re.compile(r"(\w+)\.(\w+)")
_EVENT = re.compile(r'on\("(\w+)"\)')
_LINK = re.compile(r"<([^<>\s#:]+)>`_")
_ROW = re.compile(r"``\w+``")
_NAMES = re.compile(r"\n.*\bname\b.*\n")
"""The head of a table that tells what names mean."""


def _listTables(text: str) -> Iterator[list[str]]:
    """
    The rows of all list-tables of a page, without their headings.
    """
    for table in text.split(".. list-table::")[1:]:
        body = re.split(r"\n(?=\S)", table)[0]
        for row in body.split("\n   * - ")[2:]:
            yield [" ".join(cell.split()) for cell in row.split("\n     -")]


def _simpleTables(text: str) -> Iterator[tuple[str, str]]:
    """
    First and second column of all simple tables of a page.
    """
    for line in text.splitlines():
        cells = re.split(r"  +", line)
        if len(cells) > 1 and _ROW.match(cells[0]):
            yield cells[0], cells[1]


@skipUnless((ROOT / "docs").is_dir(), "an installed package has no documentation")
class MigrationTests(SynchronousTestCase):
    """
    What we say that other servers' names are here is here.
    """

    def setUp(self) -> None:
        server = Server()
        client = Peer(server).client
        self.things: dict[str, Any] = {
            "io": server.io,
            "namespace": server.io.of("/"),
            "parent": server.io.of(re.compile("^/x$")),
            "client": client,
            "handshake": client.handshake,
            "txsocketio": txsocketio,
        }
        paths = (path for path in PACKAGE.glob("*.py") if path.name != "packets.py")
        self.sources = "".join(path.read_text("utf-8") for path in paths)

    def exists(self, literal: str) -> bool:
        """
        Whether there is such an option, event or attribute.
        """
        if event := _EVENT.fullmatch(literal):
            return f'"{event[1]}"' in self.sources
        if attribute := _ATTRIBUTE.match(literal):
            thing, name = attribute.groups()
            return thing in self.things and hasattr(self.things[thing], name)
        return literal in OPTIONS | SETTINGS or literal in self.things

    def check(self, name: str, atLeast: int) -> None:
        """
        The second column of a page's tables holds names of ours alone.
        """
        rows = list(_listTables((ROOT / "docs" / name).read_text("utf-8")))
        self.assertGreater(len(rows), atLeast)
        for row in rows:
            self.assertEqual(len(row), 3, row)
            theirs, ours, remark = row
            names = _LITERAL.findall(ours)
            self.assertTrue(names or remark or theirs.endswith('"``'), row)
            for literal in names:
                self.assertTrue(self.exists(literal), f"{name}: {theirs} is no {literal}")

    def test_node(self) -> None:
        self.check("migrating-from-node.rst", 90)

    def test_python(self) -> None:
        self.check("migrating-from-python-socketio.rst", 45)

    def test_exists(self) -> None:
        """
        What there is not is noticed.
        """
        for literal in ('on("nothing")', "io.nothing()", "nothing.on()", "nothing"):
            self.assertFalse(self.exists(literal), literal)
        for literal in ('on("drain")', "io.on()", "client.sessionId", "maxQueue"):
            self.assertTrue(self.exists(literal), literal)


@skipUnless((ROOT / "README.rst").is_file(), "an installed package has no README")
class OptionTests(SynchronousTestCase):
    """
    The README has all options, and their defaults.
    """

    def setUp(self) -> None:
        text = (ROOT / "README.rst").read_text("utf-8")
        _, _, rest = text.partition("\nOptions\n-------\n")
        section = rest.partition("\nDocumentation\n-------------\n")[0]
        general, _, limits = section.partition("\nIntervals and limits")
        self.general = dict(self.rows(general))
        self.limits = dict(self.rows(limits))

    def rows(self, text: str) -> Iterator[tuple[str, str]]:
        """
        Options and defaults of a table.
        """
        for names, default in _simpleTables(text):
            yield from ((name, default) for name in _LITERAL.findall(names))

    def test_options(self) -> None:
        """
        Each has its row, and there is no other.
        """
        beside = {"onClientConnect", "onClientMessage", "reactor"}
        self.assertEqual(set(self.general) - beside, OPTIONS)
        self.assertEqual(set(self.limits), SETTINGS)

    def test_protocols(self) -> None:
        """
        All that can be spoken is listed.
        """
        for page in ("README.rst", "docs/cookbook/generations.rst"):
            text = (ROOT / page).read_text("utf-8")
            parts = re.split(r"^[= ]{40,}$", text, flags=re.MULTILINE)
            head = next(index for index, part in enumerate(parts) if _NAMES.fullmatch(part))
            table = parts[head + 1]
            named = [_LITERAL.findall(line.split("instead")[0]) for line in table.splitlines()]
            self.assertEqual({name for names in named for name in names}, set(PROTOCOLS), page)

    def test_defaults(self) -> None:
        """
        Numbers, and what is on or off, are what the README says.
        """
        given: Sequence[tuple[dict[str, str], object]] = (
            (self.general, Options()),
            (self.limits, Settings()),
        )
        for told, options in given:
            for name, default in told.items():
                value = getattr(options, name, None)
                if isinstance(value, bool):
                    self.assertEqual(default, f"``{value}``", name)
                elif isinstance(value, int | float):
                    number = re.split(r"[^0-9.]", default.replace(",", ""))[0]
                    self.assertEqual(float(number), value, name)


_PROBES = {
    "messages": Packet(Kind.MESSAGE, "x"),
    "events": Packet(Kind.EVENT, ["x"]),
    "acknowledgements": Packet(Kind.ACK, ["x"], id=1),
    "binary data": Packet(Kind.EVENT, ["x", b"y"]),
    "namespaces": Packet(Kind.MESSAGE, "x", "/chat"),
}
"""What a generation can say that has this."""

_TRAITS: Mapping[str, Callable[[IDialect], bool]] = {
    "connection state recovery": lambda dialect: dialect.recovers,
    "a better transport later": lambda dialect: any(
        dialect.transports[each] for each in dialect.transports if each != "reception"
    ),
    "a lost connection is no end": lambda dialect: dialect.resumes,
    "asks for the default namespace": lambda dialect: not dialect.joinsRoot,
    "WebSocket of 2010, hixie-76": lambda dialect: dialect.speaksDrafts,
}


@skipUnless((ROOT / "docs").is_dir(), "an installed package has no documentation")
class GenerationTests(SynchronousTestCase):
    """
    C{docs/generations.rst} tells of the dialects as they are.
    """

    def setUp(self) -> None:
        text = (ROOT / "docs" / "generations.rst").read_text("utf-8")
        table = text.partition(".. list-table::")[2].partition("\n\nRooms")[0]
        rows = [
            [" ".join(cell.split()) for cell in row.split("\n     -")]
            for row in table.split("\n   * - ")[1:]
        ]
        names, *self.rows = rows
        found = [PROTOCOLS[name.strip("`")] for name in names[1:]]
        self.assertEqual(len(set(found)), 5)
        self.dialects = found

    def says(self, row: str) -> dict[IDialect, str]:
        """
        What a row says of each.
        """
        (cells,) = (cells[1:] for cells in self.rows if cells[0] == row)
        return dict(zip(self.dialects, cells, strict=True))

    def check(self, row: str, has: Callable[[IDialect], bool]) -> None:
        """
        A row says yes where there is something, and no where there is not.
        """
        for dialect, cell in self.says(row).items():
            self.assertEqual(
                cell.split(",")[0], "yes" if has(dialect) else "no", f"{row}: {dialect}"
            )

    def test_messages(self) -> None:
        """
        What can be said, and what cannot.
        """
        for row, packet in _PROBES.items():
            self.check(row, partial(_says, packet))

    def test_traits(self) -> None:
        for row, has in _TRAITS.items():
            self.check(row, has)

    def test_transports(self) -> None:
        for dialect, cell in self.says("transports").items():
            named = set(_LITERAL.findall(cell))
            self.assertEqual(named, set(dialect.transports) - {"reception"}, dialect)

    def test_heartbeats(self) -> None:
        """
        Who sends them, how often, and how long they are waited for.
        """
        senders = self.says("heartbeats come from")
        every = self.says("... every (seconds, WebSocket)")
        waited = self.says("... and are waited for")
        for dialect in self.dialects:
            sender = "the server" if dialect.serverBeats else "the client"
            self.assertEqual(senders[dialect], sender, dialect)
            settings = Settings().having(dialect.defaults.get("websocket", {}))
            self.assertEqual(float(every[dialect]), settings.heartbeatInterval, dialect)
            self.assertEqual(float(waited[dialect]), settings.heartbeatTimeout, dialect)


def _says(packet: Packet, dialect: IDialect) -> bool:
    try:
        dialect.encode(packet)
    except UnsupportedByClient:
        return False
    return True


@skipUnless((ROOT / "docs").is_dir(), "an installed package has no documentation")
class ClientOptionTests(SynchronousTestCase):
    """
    C{docs/client.rst} has all options of the client, and their defaults.
    """

    def test_options(self) -> None:
        text = (ROOT / "docs" / "client.rst").read_text("utf-8")
        section = text.partition("\nOptions\n-------\n")[2].partition("\nTLS and proxies\n")[0]
        rows = re.findall(r"^``(\w+)`` +(\S.*?)  ", section, re.MULTILINE)
        options, settings = ConnectOptions.of({})
        told = dict(rows)
        own = {each.name for each in fields(ConnectOptions)}
        self.assertEqual(set(told), own | set(CLIENT_SETTINGS))
        for name, default in told.items():
            value = getattr(options if name in own else settings, name)
            if isinstance(value, str | bool):
                self.assertEqual(default.replace('"', "'"), f"``{value!r}``", name)
            elif isinstance(value, int | float):
                self.assertEqual(float(default.replace(",", "")), value, name)

    def test_reasons(self) -> None:
        """
        All ways to part that can come about at this end are there.
        """
        text = (ROOT / "docs" / "client.rst").read_text("utf-8")
        _, _, rest = text.partition("\nWhy a connection ends\n")
        section = rest.partition("\nWhat bad servers get\n")[0]
        told = re.findall(r"^``(\w[^`]+)`` ", section, re.MULTILINE)
        self.assertEqual(set(told), set(DisconnectReason) - {DisconnectReason.SHUTDOWN})


@skipUnless((ROOT / "docs").is_dir(), "an installed package has no documentation")
class LinkTests(SynchronousTestCase):
    """
    What one page says of another.
    """

    def test_links(self) -> None:
        """
        There is a file behind each link.
        """
        folders = (ROOT / "docs", ROOT / "examples")
        pages = [ROOT / "README.rst", *(path for each in folders for path in each.rglob("*.rst"))]
        links = [
            (page, link)
            for page in pages
            if "node_modules" not in page.parts
            for link in _LINK.findall(page.read_text("utf-8"))
        ]
        self.assertGreater(len(links), 100)
        self.assertEqual([link for page, link in links if not (page.parent / link).exists()], [])


@skipUnless((ROOT / "docs").is_dir(), "an installed package has no documentation")
class HouseTests(SynchronousTestCase):
    """
    C{docs/architecture.rst} draws the house as it is.
    """

    def test_rooms(self) -> None:
        """
        Every module is in the drawing.
        """
        text = (ROOT / "docs" / "architecture.rst").read_text("utf-8")
        drawing = text.partition("::\n\n    txsocketio/")[2].partition("\n\n")[0]
        words = set(re.findall(r"\w+", drawing))
        modules = {
            path.stem if path.stem != "__init__" else path.parent.name
            for path in PACKAGE.rglob("*.py")
            if "test" not in path.relative_to(PACKAGE).parts
        }
        self.assertEqual(modules - words - {"txsocketio"}, set())
