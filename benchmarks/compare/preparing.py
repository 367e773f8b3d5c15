"""
What is there before anything is measured: the generator, and the peers of npm.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.compare.contestants import PEERS
from benchmarks.server import ROOT, Failed

_SOURCES = ROOT / "benchmarks" / "load"


def generator(folder: Path) -> Path:
    """
    Compile it, unless it is newer than its sources.

    @return: the program.
    """
    program = folder / "load"
    sources = sorted(_SOURCES.glob("*.c"))
    newest = max((path.stat().st_mtime for path in _SOURCES.glob("*.[ch]")), default=0.0)
    if not program.exists() or program.stat().st_mtime < newest:
        _run("cc", "-O2", "-o", program, *sources, "-lssl", "-lcrypto", "-lz")
    return program


def peers() -> None:
    """
    Fetch what C{package-lock.json} names, unless it has been fetched.
    """
    lock = PEERS / "package-lock.json"
    fetched = PEERS / "node_modules" / ".package-lock.json"
    if not fetched.exists() or fetched.stat().st_mtime < lock.stat().st_mtime:
        _run("npm", "ci", "--no-audit", "--no-fund", folder=PEERS)


def _run(*command: str | Path, folder: Path = ROOT) -> None:
    print("---", *command, flush=True)
    try:
        subprocess.run(command, cwd=folder, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(str(error)) from None
