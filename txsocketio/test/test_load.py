"""
C{benchmarks/load}, in short runs. They tell that it works, and never how fast.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest import skipUnless

from twisted.trial.unittest import SkipTest

from txsocketio import Client, Listener
from txsocketio.test.child import ChildCase, Ended

try:
    from twisted.internet.ssl import KeyPair
except ImportError:  # TLS is an extra.
    KeyPair = None  # type: ignore[assignment, misc]

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
THIS = "txsocketio.test.test_load:"
LONG = [{"id": number, "name": f"name {number}"} for number in range(100)]
"""Long enough to be compressed."""


def mute(listener: Listener) -> None:
    """
    Answer nothing.
    """


def garbling(listener: Listener) -> None:
    """
    Answer with something of the same length.
    """
    _echo(listener, lambda client, what: client.emit("echo", what[::-1]))


def doubling(listener: Listener) -> None:
    """
    Answer twice.
    """

    def twice(client: Client, what: str) -> None:
        client.emit("echo", what)
        client.emit("echo", what)

    _echo(listener, twice)


def leaving(listener: Listener) -> None:
    """
    Have the client go.
    """
    _echo(listener, lambda client, _: client.disconnect(close=True))


def _echo(listener: Listener, answer: Any) -> None:
    @listener.on("connection")
    def connected(client: Client) -> None:
        client.on("echo", lambda what: answer(client, what))


@cache
def generator() -> str:
    """
    Compile it, once for all tests.

    @return: the program.
    """
    if shutil.which("cc") is None:
        raise SkipTest("there is no C compiler")
    program = str(Path(mkdtemp(dir=".")).resolve() / "load")
    sources = map(str, sorted((BENCHMARKS / "load").glob("*.c")))
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-o", program)
    subprocess.run(["cc", *options, *sources, "-lssl", "-lcrypto", "-lz"], check=True)
    return program


@skipUnless(BENCHMARKS.is_dir(), "an installed package has no benchmarks")
class LoadTests(ChildCase):
    """
    It puts load on a server of ours.
    """

    async def serve(
        self, app: str = "benchmarks.contest:app", where: str = "tcp", **options: Any
    ) -> None:
        """
        Start a server.

        @param where: the endpoint, without its port.
        """
        kind, _, rest = where.partition(":")
        endpoint = ":".join(filter(None, [kind, "0", "interface=127.0.0.1", rest]))
        service = BENCHMARKS / "service.py"
        self.server = self.python(service, app, json.dumps(options), endpoint)
        (self.port,) = await self.server.ports()

    async def load(self, *arguments: str, payload: Any = "0123456789") -> Ended:
        """
        Run it to its end.
        """
        file = self.folder / "payload.json"
        file.write_text(json.dumps(payload, separators=(",", ":")), "utf-8")
        assert self.server.transport is not None
        where = (f"--port={self.port}", f"--pid={self.server.transport.pid}")
        short = ("--seconds=0.2", "--warmup=0.1", f"--payload={file.resolve()}")
        return await self.spawn(generator(), *where, *short, *arguments).ended

    async def works(self, *arguments: str, payload: Any = "0123456789") -> dict[str, Any]:
        """
        Run it to its good end.

        @return: what it has printed.
        """
        ended = await self.load(*arguments, payload=payload)
        self.assertEqual((ended.status, ended.err), (0, b""))
        told: dict[str, Any] = json.loads(ended.out)
        self.assertGreater(told["messages"], 0)
        self.assertGreater(told["cpu"], 0)
        self.assertGreater(told["own"], 0)
        return told

    async def fails(self, app: str, why: bytes) -> None:
        """
        Run it against a server that is not as it should be.
        """
        await self.serve(THIS + app)
        ended = await self.load("echo", "--patience=0.5")
        self.assertEqual((ended.status, ended.out), (1, b""))
        self.assertIn(why, ended.err)

    async def all(self, *arguments: str) -> None:
        """
        Run every work.
        """
        for work in ("echo", "fanout", "connect", "idle"):
            told = await self.works(work, "--clients=5", "--inflight=3", *arguments)
            self.assertEqual((told["work"], told["clients"]), (work, 5))
            self.assertEqual(told["latency"]["max"] > 0, work != "idle", told)
        await self.works("polling", "--clients=5", *arguments)

    async def _speaks(self, dialect: str) -> None:
        await self.serve(heartbeatInterval=0.1)
        await self.all(f"--dialect={dialect}")
        told = await self.works("idle", "--seconds=1", f"--dialect={dialect}")
        self.assertGreater(told["heartbeats"], 0)

    async def test_eio4(self) -> None:
        """
        Every work in Engine.IO 4.
        """
        await self._speaks("eio4")

    async def test_eio3(self) -> None:
        """
        In Engine.IO 3.
        """
        await self._speaks("eio3")

    async def test_colon(self) -> None:
        """
        In Socket.IO 0.9.
        """
        await self._speaks("colon")

    async def test_annotated(self) -> None:
        """
        In the first protocol.
        """
        await self._speaks("annotated")

    @skipUnless(KeyPair, "TLS is an extra")
    async def test_tls(self) -> None:
        """
        Every work over TLS.
        """
        certificate = self.folder / "certificate.pem"
        certificate.write_bytes(KeyPair.generate().selfSignedCert(1, CN="our.org").dumpPEM())
        await self.serve(where=f"ssl:privateKey={certificate.resolve()}")
        await self.all("--tls")

    async def test_deflate(self) -> None:
        """
        What is compressed is short on the wire.
        """
        await self.serve(perMessageDeflate=True)
        told = await self.works("echo", "--deflate", payload=LONG)
        self.assertLess(told["bytes"], len(json.dumps(LONG)) / 2)

    async def test_noDeflate(self) -> None:
        """
        A server that does not compress is none to measure compression with.
        """
        await self.serve()
        ended = await self.load("echo", "--deflate")
        self.assertEqual((ended.status, ended.out), (1, b""))
        self.assertIn(b"the server does not compress", ended.err)

    async def test_rate(self) -> None:
        """
        As many messages are sent as are asked for.
        """
        await self.serve()
        told = await self.works("echo", "--clients=5", "--rate=100", "--seconds=0.5")
        self.assertLess(told["messages"], 100)

    async def test_long(self) -> None:
        """
        Messages of more than 125 and of more than 65,535 bytes, and megabytes.
        """
        await self.serve(maxPayload=2_000_000)
        for size in (500, 100_000, 1_500_000):
            told = await self.works("echo", "--clients=2", "--inflight=2", payload="x" * size)
            self.assertGreater(told["bytes"], size)

    async def test_mute(self) -> None:
        """
        An answer that does not come is a failure.
        """
        await self.fails("mute", b"nothing came for 0.5 seconds")

    async def test_garbling(self) -> None:
        """
        So is one that is not what it should be.
        """
        await self.fails("garbling", b'the server said: 42["echo","9876543210"]')

    async def test_doubling(self) -> None:
        """
        So is one more than was asked for.
        """
        await self.fails("doubling", b"an answer to nothing")

    async def test_leaving(self) -> None:
        """
        So is a connection that goes.
        """
        await self.fails("leaving", b"the server said")
