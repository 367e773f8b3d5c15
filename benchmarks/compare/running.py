"""
One measurement: a server on one core, the generator on another.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.compare.contestants import Contestant, Door
from benchmarks.compare.works import Work
from benchmarks.server import ROOT, Failed

PATIENCE = 90.0
"""How long nothing may happen, seconds."""

_POLITE = 10
"""How nice the generator is that keeps others busy, to the one that measures."""


@dataclass(frozen=True)
class Pace:
    """
    How long things are measured.

    @ivar warmup: how long each server works before it counts, seconds.
    @ivar seconds: and how long while it does.
    """

    warmup: float
    seconds: float


@dataclass(frozen=True)
class Place:
    """
    Where measurements are made.

    @ivar load: the generator.
    @ivar folder: for files that are needed meanwhile.
    @ivar serving: the core that servers run on.
    @ivar loading: the one that the generator runs on.
    """

    load: Path
    folder: Path
    serving: int
    loading: int
    _secrets: list[Path] = field(default_factory=list)

    def secrets(self) -> Sequence[Path]:
        """
        A private key, and a certificate for it.
        """
        if not self._secrets:
            files = [self.folder / name for name in ("key.pem", "certificate.pem")]
            command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
            names = ["-subj", "/CN=127.0.0.1", "-keyout", str(files[0]), "-out", str(files[1])]
            subprocess.run([*command.split(), *names], check=True, stderr=subprocess.DEVNULL)
            self._secrets.extend(files)
        return self._secrets


@contextmanager
def place(load: Path) -> Iterator[Place]:
    """
    Choose two cores; where there is one, it is shared.
    """
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="txsocketio-compare-") as folder:
        yield Place(load, Path(folder), cores[-1], cores[0])


def measure(where: Place, contestant: Contestant, work: Work, pace: Pace) -> Mapping[str, Any]:
    """
    Start the server, put the generator on it, and end both.

    @return: what the generator has printed.
    @raise Failed: no figure has come of it.
    """
    with _serving(where, contestant, work) as (port, process):
        command = _command(where, work, port, process.pid)
        seconds = f"{pace.seconds * work.length:g}"
        timing = ["--warmup", f"{pace.warmup:g}", "--seconds", seconds]
        if not work.crowd:
            return _shown(where, [*command, *timing])
        busy = _command(where, work.crowd, port, process.pid)
        with _crowd(where, busy, process.pid, work.crowd.clients):
            return _shown(where, [*command, *timing])


def _command(where: Place, work: Work, port: int, pid: int) -> Sequence[str | Path]:
    payload = where.folder / f"{work.name}.json"
    payload.write_text(work.payload, "utf-8")
    given = {
        "port": port,
        "pid": pid,
        "dialect": work.dialect,
        "clients": work.clients,
        "inflight": work.inflight,
        "payload": payload,
        **({"rate": work.rate} if work.rate else {}),
    }
    flags = {"--tls": work.isSecure, "--deflate": work.isDeflated}
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return [where.load, work.kind, *options, *(flag for flag, isSet in flags.items() if isSet)]


def _freePort() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def _serving(
    where: Place, contestant: Contestant, work: Work
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """
    The server, from when it listens until it is ended, and its port.
    """
    secrets = where.secrets() if work.isSecure else ()
    door = Door(_freePort(), work.isDeflated, *secrets)
    said = where.folder / "server.log"
    with (
        said.open("wb") as log,
        _process(
            where.serving,
            contestant.command(door),
            env={**os.environ, **contestant.environment},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            _await(lambda: _isOpen(door.port), process)
            yield door.port, process
        except Failed as error:
            tail = said.read_text("utf-8", "replace")[-4000:]
            raise Failed(f"{contestant.name}, {work.name}: {error}\n{tail}") from None


@contextmanager
def _crowd(where: Place, command: Sequence[str | Path], pid: int, count: int) -> Iterator[None]:
    """
    Others who keep the server busy, from when all are there.
    """
    forever = [*command, "--warmup", "0", "--seconds", "3600"]
    files = Path(f"/proc/{pid}/fd")
    with _process(where.loading, ["nice", f"-n{_POLITE}", *forever]) as process:
        _await(lambda: len(list(files.iterdir())) > count, process)
        yield
        if process.poll() is not None:
            raise Failed("what should keep the server busy has ended")


@contextmanager
def _process(
    core: int, command: Sequence[str | Path], **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """
    A process on one core, which is ended at the end.
    """
    pinned = ["taskset", "--cpu-list", str(core), *map(str, command)]
    with subprocess.Popen(pinned, cwd=ROOT, stdin=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def _isOpen(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """
    Look again and again, as long as the process is there.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None:
            raise Failed(f"{process.args!r} ended with status {process.returncode}")
        if time.monotonic() > end:
            raise Failed(f"{process.args!r}: nothing has come of it in {PATIENCE:.0f} s")
        time.sleep(0.01)


def _shown(where: Place, command: Sequence[str | Path]) -> Mapping[str, Any]:
    with _process(
        where.loading, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            out, error = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"the generator has not ended in {PATIENCE:.0f} s") from None
    if process.returncode:
        raise Failed(f"the generator: {error.decode(errors='replace').strip()}")
    shown: Mapping[str, Any] = json.loads(out)
    if not shown["messages"]:
        raise Failed("nothing was finished while it was measured")
    return shown
