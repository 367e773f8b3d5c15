"""
C{docs/generations.rst} tells of the dialects as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import UnsupportedByClient
from txsocketio.interfaces import IDialect
from txsocketio.listener import PROTOCOLS
from txsocketio.packets import Kind, Packet
from txsocketio.settings import Settings

ROOT = Path(__file__).parents[2]

_LITERAL = re.compile(r"``(.+?)``")

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
