"""
C{benchmarks/crowd.py}, in a short form: thousands are for those who want to
wait.
"""

from __future__ import annotations

from pathlib import Path
from unittest import skipUnless

from txsocketio import Client, Listener
from txsocketio.test.child import ChildCase, Ended

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FIRST = ("websocket", "xhr-polling")
STREAMS = ("server-events", "htmlfile", "xhr-multipart", "flashsocket")
COLON = ("colon-polling", "colon-websocket")


def forgetful(listener: Listener) -> None:
    """
    An application that echoes 2 twice, 4 behind 5, and 7 not at all.
    """
    from benchmarks.echo import REPORT, Echo  # noqa: PLC0415 - an installed package has none

    echo = Echo(listener)

    def message(text: str, client: Client) -> None:
        if text == REPORT:
            echo.message(text, client)
            return
        number = echo.take(text, client)
        if number == 5:
            client.send(text)
            client.send(text.replace("-5", "-4"))
        elif number not in (4, 7):
            for _ in range(2 if number == 2 else 1):
                client.send(text)

    listener.on("clientMessage", message)


@skipUnless(BENCHMARKS.is_dir(), "an installed package has no benchmarks")
class CrowdTests(ChildCase):
    """
    What it counts, and what it makes of that.
    """

    async def crowd(self, *arguments: str) -> Ended:
        """
        Run it to its end.
        """
        return await self.python(BENCHMARKS / "crowd.py", *arguments).ended

    def rows(self, ended: Ended) -> dict[str, list[int]]:
        """
        The numbers that it has printed, by what stands before them.
        """
        lines = [line.rsplit(maxsplit=6) for line in ended.out.decode("utf-8").splitlines()]
        return {
            line[0].strip(): [int(number) for number in line[1:]]
            for line in lines
            if line and line[0].endswith((", server", ", clients"))
        }

    async def test_short(self) -> None:
        """
        Over every transport each message comes once and in order, and so with
        clients of 0.9.
        """
        kinds = (*FIRST, *STREAMS, *COLON)
        ended = await self.crowd("--short", *kinds)
        rows = {
            f"{name}, {end}": [20, 400, 400, 0, 0, 0]
            for name in kinds
            for end in ("server", "clients")
        }
        self.assertEqual(self.rows(ended), rows, ended)
        self.assertIn(b"160 sessions were connected at once", ended.out)
        self.assertEqual((ended.status, ended.err), (0, b""))

    async def test_faults(self) -> None:
        """
        What is lost, doubled or out of order is told, and is a failure.
        """
        app = "--app=txsocketio.test.test_crowd:forgetful"
        ended = await self.crowd(app, "--each=3", "--patience=3", *FIRST)
        rows = {}
        for name in FIRST:
            rows[f"{name}, server"] = [3, 60, 60, 0, 0, 0]
            rows[f"{name}, clients"] = [3, 60, 60, 3, 3, 3]
        self.assertEqual(self.rows(ended), rows, ended)
        self.assertEqual(ended.status, 1)
        self.assertIn(b"given up", ended.out)

    async def test_openFiles(self) -> None:
        """
        More connections than a process may have are refused in one line.
        """
        ended = await self.crowd("--each=1000000000")
        self.assertEqual(ended.status, 1)
        self.assertRegex(ended.err, rb"^crowd: 3000000100 open files are needed, and \d+ .*\n$")

    async def test_noServer(self) -> None:
        """
        A server that does not start is told with its last words.
        """
        ended = await self.crowd("--app=no.such.module:attach")
        self.assertEqual(ended.status, 1)
        self.assertIn(b"crowd: the server ended:\ntwistd socketio: --app", ended.err)

    async def test_unknown(self) -> None:
        """
        A transport that it does not know.
        """
        ended = await self.crowd("carrier-pigeon")
        self.assertEqual(ended.status, 2)
        self.assertIn(b"unknown: carrier-pigeon; there are websocket, xhr-polling", ended.err)
