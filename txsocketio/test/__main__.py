"""
The full run: everything that must hold before a change lands.

C{python -m txsocketio.test} in a checkout, C{sh bin/test} for its environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import ZipFile

from txsocketio.test._run import (
    Outcome,
    Tally,
    check,
    lastTally,
    nodeMajor,
    nodeTally,
    run,
    runStages,
    say,
    summary,
    trialTally,
)

ROOT = Path(__file__).parents[2]
GENUINE = ROOT / "txsocketio" / "test" / "genuine"
MATRIX = ROOT / "txsocketio" / "test" / "matrix"
NOT_INSTALLED = ("txsocketio/test/genuine/", "txsocketio/test/matrix/")
PLUGIN = "twisted/plugins/txsocketio_plugin.py"
TYPED = ("txsocketio", "examples", "benchmarks")
OLDEST_NODE = 20
PROGRAMS = ("chromium", "nginx", "haproxy", "openssl")
"""What the real clients need of Debian; each is in the package of its name."""

COMPILER = {"gcc": "cc", "libssl-dev": "openssl/ssl.h", "zlib1g-dev": "zlib.h"}
"""What C{benchmarks/load} is compiled with: the packages, and what is in them."""

inRoot = partial(run, folder=ROOT)
inGenuine = partial(run, folder=GENUINE)
inMatrix = partial(run, folder=MATRIX)


def python(*arguments: str | Path) -> Outcome:
    """
    Run the Python that runs this, in the repository's root.
    """
    return inRoot([sys.executable, *arguments])


def tools() -> Tally:
    """
    The browser and the proxies, a compiler, node and npm, and what the real
    clients need from npm.
    """
    fromNpm = inGenuine(["npm", "ci"]).tally + inMatrix(["npm", "ci"]).tally
    return _packages() + _node() + fromNpm


def _packages() -> Tally:
    """
    Debian's packages, installed where what is in them is not there.
    """
    needed = {name: name for name in PROGRAMS} | COMPILER
    missing = [package for package, name in needed.items() if _path(name) is None]
    if missing:
        _aptGet("update")
        _aptGet("-y", "install", *missing)
    tally = Tally()
    for package, name in needed.items():
        path = _path(name)
        say(f"{name} is {path}" if path else f"Install {name}, which Debian has in {package}.")
        tally += check(path is not None)
    return tally


def _path(name: str) -> str | None:
    """
    Where a program is, or a header. Few users have all of these folders in
    C{PATH}.
    """
    if name.endswith(".h"):
        header = Path("/usr/include", name)
        return str(header) if header.exists() else None
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def _aptGet(*arguments: str) -> None:
    """
    Run it as root, on our own terminal: sudo may have to ask for a password.
    """
    asRoot = [] if os.geteuid() == 0 else ["sudo"]
    command = ["env", *asRoot, "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *arguments]
    say(f"$ {' '.join(command)}")
    subprocess.call(command)


def _node() -> Tally:
    """
    Node and npm. Debian's own may be too old, so this only tells.
    """
    recent = nodeMajor("".join(inRoot(["node", "--version"]).lines)) >= OLDEST_NODE
    npm = inRoot(["npm", "--version"]).status == 0
    if not (recent and npm):
        say(f"Install Node.js {OLDEST_NODE} or newer, and npm: https://nodejs.org/")
    return check(recent) + check(npm)


def lint() -> Tally:
    """
    Style, layout, and the fragments that the news are made of.
    """
    return (
        python("-m", "ruff", "check", ".").tally
        + python("-m", "ruff", "format", "--check", ".").tally
        + python("-m", "towncrier", "build", "--draft").tally
    )


def types() -> Tally:
    """
    The types of everything, strictly.
    """
    folders = [name for name in TYPED if any((ROOT / name).rglob("*.py"))]
    return python("-m", "mypy", "--strict", *folders, PLUGIN).tally


def trial() -> Tally:
    """
    The Python tests, and how much of the package they reach.
    """
    tests = python("-m", "coverage", "run", "-m", "twisted.trial", "txsocketio")
    return tests.counted(trialTally) + python("-m", "coverage", "report").tally


def wheel() -> Tally:
    """
    What users install is whole, and works where nothing else is installed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = python("-m", "build", "--wheel", "--outdir", folder)
        wheels = list(folder.glob("*.whl"))
        if not wheels:
            return built.tally
        return built.tally + _isWhole(wheels[0]) + _isEnough(wheels[0], folder / "venv")


def _isWhole(path: Path) -> Tally:
    """
    The wheel holds the package's every file, the plugin, and nothing else
    (C{twisted/__init__.py}, say, which would hide Twisted).
    """
    package = (ROOT / "txsocketio").rglob("*")
    files = {path.relative_to(ROOT).as_posix() for path in package if path.is_file()}
    wanted = {
        name for name in files if "/__pycache__/" not in name and not name.startswith(NOT_INSTALLED)
    } | {PLUGIN}
    with ZipFile(path) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    for name in sorted(wanted ^ held):
        say(f"{name}: {'is not in the wheel' if name in wanted else 'must not be in the wheel'}")
    return check(wanted == held)


def _isEnough(path: Path, venv: Path) -> Tally:
    """
    In an environment with the wheel alone, C{twistd} knows C{socketio}.
    """
    inVenv = partial(run, folder=path.parent)
    if python("-m", "venv", venv).status:
        return Tally(failed=1)
    pip = (venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    twistd = venv / "bin" / "twistd"
    installed = inVenv([*pip, "install", "--quiet", path])
    names = [line.split()[:1] for line in inVenv([twistd, "--help"]).lines]
    helped = inVenv([twistd, "socketio", "--help"])
    return installed.tally + check(["socketio"] in names) + helped.tally


def genuine() -> Tally:
    """
    Real clients, in real browsers, against a real server; and our client
    against the servers of others.
    """
    ours = inGenuine(["npm", "test"], environment=_forClients()).counted(nodeTally)
    return ours + python("-m", "txsocketio.test.genuine.outgoing").counted(lastTally)


def matrix() -> Tally:
    """
    The genuine clients of every generation through the same checks, alone, in
    one room and behind proxies, and what the documentation says of it.
    """
    runs = [
        ("matrix.mjs",),
        ("mixed.mjs",),
        *(("matrix.mjs", "--through", proxy) for proxy in ("nginx", "haproxy")),
    ]
    checks = [
        inMatrix(["node", *each], environment=_forClients()).counted(lastTally) for each in runs
    ]
    written = inMatrix(["node", "compatibility.mjs", "--check"]).tally
    return sum(checks, start=written)


def bench() -> Tally:
    """
    The comparison with other servers, in its quick form: does everything in it
    work? How fast is not judged.
    """
    return inRoot(["sh", "bin/bench", "--quick"]).counted(lastTally)


def _forClients() -> dict[str, str]:
    """
    The environment in which real clients find what they need.
    """
    return {
        "PYTHON": sys.executable,
        **{name.upper(): _path(name) or name for name in PROGRAMS},
        "NO_COLOR": "1",
    }


STAGES: dict[str, Callable[[], Tally]] = {
    stage.__name__: stage for stage in (tools, lint, types, trial, wheel, genuine, matrix, bench)
}


def main(arguments: list[str]) -> int:
    """
    @return: the exit status: 0 where everything holds.
    """
    parser = ArgumentParser(prog="python -m txsocketio.test", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print the stages' names and stop")
    parser.add_argument(
        "--only", action="append", choices=STAGES, help="run this stage alone; repeatable"
    )
    options = parser.parse_args(arguments)
    if options.list:
        say("\n".join(STAGES))
        return 0
    tallies = runStages((name, STAGES[name]) for name in options.only or STAGES)
    say(f"\n{summary(tallies)}")
    return int(any(tally.failed for tally in tallies.values()))


if __name__ == "__main__":
    # Whoever ends the run ends what it has started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
