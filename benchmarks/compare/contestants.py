"""
Who is measured, and how each is started.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.compare import works

PEERS = Path(__file__).parent / "peers"
TWISTD = Path(sys.executable).with_name("twistd")


class Door(NamedTuple):
    """
    Where a server shall be reached, and how.

    @ivar key: a file with a private key, where it is by TLS.
    @ivar certificate: and one with the certificate.
    """

    port: int
    isDeflated: bool = False
    key: Path | None = None
    certificate: Path | None = None


@dataclass(frozen=True)
class Contestant:
    """
    A server.

    @ivar title: what the tables call it.
    @ivar command: makes the command that starts it.
    @ivar environment: what is set for it beside what is set already.
    @ivar starting: how long it takes until it listens, about; seconds.
    @ivar connecting: and to let a client in.
    @ivar share: how many of a work's rounds it takes part in; fewer than all
        where no bar hangs on it.
    """

    name: str
    title: str
    command: Callable[[Door], Sequence[str | Path]]
    environment: Mapping[str, str]
    starting: float
    connecting: float
    share: float = 1.0


def _peer(*program: str | Path, **more: str) -> Callable[[Door], Sequence[str | Path]]:
    """
    How the programs in C{peers} are started.

    @param more: options of that program alone.
    """

    def command(door: Door) -> Sequence[str | Path]:
        options: dict[str, str | bool] = {"deflate": door.isDeflated, **more}
        if door.key:
            options |= {"key": str(door.key), "certificate": str(door.certificate)}
        return [*program, str(door.port), json.dumps(options)]

    return command


def _ours(door: Door) -> Sequence[str | Path]:
    """
    How C{docs/deployment.rst} has it, with room for many who come at once.
    """
    keys = f":privateKey={door.key}:certKey={door.certificate}" if door.key else ""
    kind = "ssl" if door.key else "tcp"
    return [
        TWISTD,
        "--nodaemon",
        "--pidfile=",
        "--reactor=epoll",
        "socketio",
        f"--listen={kind}:{door.port}:interface=127.0.0.1:backlog=1024{keys}",
        "--app=benchmarks.contest:app",
        "--log-level=warn",
        "--no-flash-policy",
        *(["--set=perMessageDeflate=true"] if door.isDeflated else []),
    ]


def _uvicorn(ws: str) -> Callable[[Door], Sequence[str | Path]]:
    """
    With one of the three implementations of WebSocket that uvicorn can use.
    (With the third, C{websockets-sansio}, a run with 1,000 clients came to a stand.)
    """
    return _peer(sys.executable, "-m", f"{__package__}.peers.uvicorn_server", ws=ws)


CONTESTANTS = {
    each.name: each
    for each in (
        Contestant(
            works.NODE,
            "Node, socket.io",
            _peer("node", PEERS / "node.js"),
            {"NODE_ENV": "production"},
            0.3,
            0.001,
        ),
        Contestant(
            works.TXSOCKETIO, "txsocketio", _ours, {"TXSOCKETIO_JSON": "stdlib"}, 0.8, 0.0005
        ),
        Contestant(works.EXTRA, "txsocketio[json]", _ours, {}, 0.8, 0.0005),
        Contestant(
            works.UVICORN,
            "python-socketio, uvicorn",
            _uvicorn("websockets"),
            {},
            0.8,
            0.0018,
        ),
        Contestant(
            works.WSPROTO,
            "... with wsproto",
            _uvicorn("wsproto"),
            {},
            0.8,
            0.0012,
            works.FEWER,
        ),
        Contestant(
            works.AIOHTTP,
            "python-socketio, aiohttp",
            _peer(sys.executable, "-m", f"{__package__}.peers.aiohttp_server"),
            {},
            0.8,
            0.0018,
            works.FEWER,
        ),
        Contestant(
            works.AUTOBAHN,
            "Autobahn, plain echo",
            _peer(sys.executable, "-m", f"{__package__}.peers.autobahn_server"),
            {},
            0.5,
            0.001,
            works.FEWER,
        ),
    )
}
