"""
What it is measured on and with.
"""

from __future__ import annotations

import json
import os
import platform
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.compare.contestants import PEERS

_PYTHON = (
    "txsocketio",
    "Twisted",
    "autobahn",
    "orjson",
    "msgspec",
    "python-socketio",
    "python-engineio",
    "uvicorn",
    "uvloop",
    "httptools",
    "websockets",
    "aiohttp",
)
_NODE = ("socket.io", "engine.io", "ws")


def described() -> Mapping[str, str]:
    """
    The machine, the system, the interpreter and the versions of everything.
    """
    return {
        "processor": _found("/proc/cpuinfo", r"^model name\s*: (.*)$"),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "system": _found("/etc/os-release", r'^PRETTY_NAME="(.*)"$'),
        "Python": interpreter(),
        "Node": _said("node", "--version").removeprefix("v"),
        "OpenSSL": ssl.OPENSSL_VERSION,
        "compiler": _said("cc", "--version"),
        **dict(_versions()),
    }


def interpreter() -> str:
    """
    Which Python runs this, and whose it is. (How it was optimised it does not
    tell: Debian's says nothing of the profile that it was built with.)
    """
    name = platform.python_implementation()
    whose = "the system's" if sys.base_prefix == "/usr" else "not the system's"
    return f"{name} {platform.python_version()}, {whose}, {platform.python_compiler()}"


def _found(path: str, pattern: str) -> str:
    found = re.search(pattern, Path(path).read_text("utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0]


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PYTHON:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
    for name in _NODE:
        package = PEERS / "node_modules" / name / "package.json"
        yield f"{name} (npm)", json.loads(package.read_text("utf-8"))["version"]
