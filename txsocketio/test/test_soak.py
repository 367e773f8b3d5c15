"""
C{benchmarks/upgrades.py}, C{slow.py} and C{storm.py}, in short forms: they run for
minutes where somebody wants to know.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import skipUnless

from txsocketio import Client, Listener
from txsocketio.test.child import ChildCase, Ended

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
THIS = "--app=txsocketio.test.test_soak:"


def attachWith(listener: Listener, **methods: Any) -> None:
    """
    The application, but for these methods.
    """
    from benchmarks.tally import Tally, attach  # noqa: PLC0415 - an installed package has none

    attach(listener, type("Odd", (Tally,), methods))


def careless(listener: Listener) -> None:
    """
    Echo 1 twice, and 3 behind 4.
    """

    def numbered(tally: Any, number: int, client: Client, account: Any) -> None:
        account.heard.take(number)
        for each in {1: (1, 1), 3: (), 4: (4, 3)}.get(number, (number,)):
            client.send(f"n {each}")

    attachWith(listener, numbered=numbered)


def forgetful(listener: Listener) -> None:
    """
    Echo 7 not at all.
    """

    def numbered(tally: Any, number: int, client: Client, account: Any) -> None:
        if number != 7:
            client.send(f"n {number}")

    attachWith(listener, numbered=numbered)


def clinging(listener: Listener) -> None:
    """
    Keep one session that has ended.
    """
    kept: list[Any] = []

    def connected(client: Client) -> None:
        if not kept:
            kept.append(client.session)

    attachWith(listener)
    listener.on("connection", connected)


def raising(listener: Listener) -> None:
    """
    Raise at whatever the clients say beside what they are to say.
    """

    def connected(client: Client) -> None:
        def heard(event: str, *args: Any) -> None:
            if not str(args[0]).startswith(("n ", "enrol", "bye", "report")):
                raise ValueError(args)

        client.onAny(heard)

    attachWith(listener)
    listener.on("connection", connected)


@skipUnless(BENCHMARKS.is_dir(), "an installed package has no benchmarks")
class SoakCase(ChildCase):
    """
    Runs them.
    """

    timeout = 180

    async def run_(self, name: str, *arguments: str) -> Ended:
        """
        Run one to its end.
        """
        return await self.python(BENCHMARKS / f"{name}.py", *arguments).ended

    def row(self, ended: Ended, what: str) -> list[str]:
        """
        What it has printed in the line of that name.
        """
        lines = ended.out.decode("utf-8").splitlines()
        (found,) = [line[len(what) :] for line in lines if line.startswith(f"{what} ")]
        return found.split()

    def assertWell(self, ended: Ended, *said: bytes) -> None:
        """
        It has found no fault.
        """
        for each in said:
            self.assertIn(each, ended.out)
        self.assertEqual((ended.status, ended.err), (0, b""), ended)

    def assertIll(self, ended: Ended, *said: bytes) -> None:
        """
        It has found this one.
        """
        for each in said:
            self.assertIn(each, ended.out)
        self.assertEqual(ended.status, 1, ended)


class UpgradesTests(SoakCase):
    """
    C{upgrades.py}.
    """

    async def _short(self, *arguments: str) -> Ended:
        short = ("--count=12", "--at-once=18", "--upgrade-timeout=3")
        return await self.run_("upgrades", *short, *arguments)

    async def test_eio4(self) -> None:
        """
        Nothing is lost, whatever comes of the upgrades.
        """
        ended = await self._short()
        self.assertWell(ended, b"12 upgrade; 1 stall", b"0 clients and 0 sessions are left")
        self.assertEqual(self.row(ended, "upgrade, and back")[0], "12")

    async def test_eio3(self) -> None:
        """
        Nor with the clients of another generation.
        """
        ended = await self._short("--generation=eio3")
        self.assertWell(ended, b"12 upgrade; 1 stall", b"0 clients and 0 sessions are left")

    async def test_careless(self) -> None:
        """
        What is doubled or out of order is told, and is a failure.
        """
        ended = await self._short(f"{THIS}careless")
        self.assertEqual(self.row(ended, "upgrade, and back")[3:], ["0", "12", "12"])
        self.assertEqual(self.row(ended, "upgrade, to the server")[3:], ["0", "0", "0"])
        self.assertIll(ended, b"That is not well")

    async def test_forgetful(self) -> None:
        """
        Who waits for what does not come is given up.
        """
        ended = await self._short(f"{THIS}forgetful", "--patience=5")
        self.assertIll(ended, b"given up", b"12 sessions have failed: upgrade: it did not come")

    async def test_clinging(self) -> None:
        """
        So is a session that does not go.
        """
        ended = await self._short(f"{THIS}clinging", "--patience=5")
        self.assertIll(ended, b"0 clients and 1 sessions are left", b"That is not well")

    async def test_noServer(self) -> None:
        """
        A server that does not start is told with its last words.
        """
        ended = await self._short("--app=no.such.module:attach")
        self.assertIll(ended)
        self.assertIn(b"upgrades: the server ended:\n", ended.err)


class SlowTests(SoakCase):
    """
    C{slow.py}.
    """

    async def _short(self, *arguments: str) -> Ended:
        return await self.run_("slow", "--count=4", *arguments)

    async def test_short(self) -> None:
        """
        The slow clients are sent away.
        """
        ended = await self._short("--megabytes=15", "eio4-websocket", "eio4-polling", "htmlfile")
        for kind in ("eio4-websocket", "eio4-polling", "htmlfile"):
            self.assertEqual(self.row(ended, kind)[4:], ["slow", "consumer"])
        self.assertWell(ended, b"The others got everything")

    async def test_unbounded(self) -> None:
        """
        A server that keeps everything for them is told to have grown.
        """
        ended = await self._short(
            "--megabytes=30", "eio4-polling", '--options={"maxQueueBytes":300000000}'
        )
        self.assertIll(ended, b"it did not leave", b"That is not well")

    async def test_unknown(self) -> None:
        """
        A kind that it does not know.
        """
        ended = await self._short("carrier-pigeon")
        self.assertEqual(ended.status, 2)
        self.assertIn(b"unknown: carrier-pigeon; there are websocket, ", ended.err)


class StormTests(SoakCase):
    """
    C{storm.py}.
    """

    async def _short(self, *arguments: str) -> Ended:
        short = ("--minutes=0.05", "--honest=14", "--rate=20", "--seed=1")
        return await self.run_("storm", *short, *arguments)

    async def test_short(self) -> None:
        """
        The honest do not notice.
        """
        ended = await self._short()
        self.assertWell(ended, b"Seed 1\n", b"0 clients and 0 sessions are left")
        for kind in ("eio3-upgrade", "colon-polling", "colon-websocket"):
            self.assertEqual(self.row(ended, f"{kind}, and back")[0], "1")

    async def test_faults(self) -> None:
        """
        Errors in the server's log, and a server that grows, are failures.
        """
        ended = await self._short(f"{THIS}raising", "--bound=0")
        self.assertIll(ended, b"The server logged errors", b"ValueError", b"that it may")
