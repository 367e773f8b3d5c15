"""
The house holds its rules, and what watches over them does so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.test import _house
from txsocketio.test._house import LONGEST, Import, Module

PACKAGE = Path(__file__).parents[1]
EXAMPLES = PACKAGE.parent / "examples"
FOLDERS = [PACKAGE, EXAMPLES, PACKAGE.parent / "benchmarks"]

#: The modules of a made-up house.
KNOWN = {
    "__init__",
    "errors",
    "listener",
    "packets",
    "protocol",
    "protocol._text",
    "protocol.first",
    "session",
    "transports",
    "transports._http",
    "transports.poll",
}


class HouseTests(SynchronousTestCase):
    """
    What is there.
    """

    def setUp(self) -> None:
        self.files: dict[str, str] = {}
        for folder in FOLDERS:
            self.files.update(_house.sources(folder))
        self.modules = _house.modules(
            {path: text for path, text in self.files.items() if path.startswith("txsocketio/")}
        )

    def assertNone(self, faults: Iterable[str]) -> None:
        """
        There are no faults.
        """
        found = list(faults)
        if found:
            self.fail("\n".join(["", *found]))

    def test_imports(self) -> None:
        """
        Every module imports only what its place allows.
        """
        known = {module.name for module in self.modules}
        self.assertTrue(known.issuperset({"session", "interfaces", "protocol"}), known)
        self.assertNone(fault for module in self.modules for fault in _house.broken(module, known))

    def test_generations(self) -> None:
        """
        No generation is asked for by its name outside L{txsocketio.protocol}.
        """
        names = _house.generations(self.modules)
        self.assertIn("annotated", names)
        self.assertNone(
            fault for module in self.modules for fault in _house.asksForGeneration(module, names)
        )

    def test_length(self) -> None:
        """
        No function is too long to be read at once.
        """
        self.assertNone(
            fault for path, text in self.files.items() for fault in _house.overlong(path, text)
        )

    def test_docstrings(self) -> None:
        """
        Every module says what it is for.
        """
        self.assertNone(
            fault for path, text in self.files.items() for fault in _house.undocumented(path, text)
        )

    def test_examples(self) -> None:
        """
        Each example is run by a test: by trial's or in the browser.
        """
        tests = [
            text
            for suffix in (".py", ".mjs")
            for text in _house.sources(PACKAGE / "test", suffix).values()
        ]
        folders = (path for path in EXAMPLES.glob("[!_]*/") if path.name != "node_modules")
        names = sorted(path.name for path in folders)
        self.assertNone(_house.untried(names, tests))


class ImportTests(SynchronousTestCase):
    """
    How imports are read.
    """

    def assertImports(self, name: str, source: str, *targets: str) -> None:
        """
        The module of that name and source imports just this.
        """
        found = _house.importsOf(Module(name, source), KNOWN)
        self.assertEqual([each.target for each in found], list(targets))

    def test_absolute(self) -> None:
        self.assertImports(
            "session",
            "import os.path, txsocketio.errors\n"
            "from txsocketio.packets import Kind, Packet\n"
            "from txsocketio.transports import poll, Something\n"
            "from txsocketio import listen, errors\n"
            "from zope.interface import implementer",
            "os.path",
            "txsocketio.errors",
            "txsocketio.packets",
            "txsocketio.packets",
            "txsocketio.transports.poll",
            "txsocketio.transports",
            "txsocketio",
            "txsocketio.errors",
            "zope.interface.implementer",
        )

    def test_relative(self) -> None:
        """
        A package counts its own level as the first, a module its package's.
        """
        self.assertImports("session", "from .errors import E", "txsocketio.errors")
        self.assertImports("session", "from . import errors", "txsocketio.errors")
        self.assertImports("__init__", "from .session import S", "txsocketio.session")
        self.assertImports("transports", "from .poll import P", "txsocketio.transports.poll")
        self.assertImports("transports.poll", "from ._http import H", "txsocketio.transports._http")
        self.assertImports("transports.poll", "from ..session import S", "txsocketio.session")

    def test_anywhere(self) -> None:
        """
        An import counts wherever it stands.
        """
        self.assertImports(
            "session",
            "try:\n import a\nexcept ImportError:\n import b\n"
            "class C:\n  def f(self):\n    if self.x:\n      import c",
            "a",
            "b",
            "c",
        )

    def test_typeChecking(self) -> None:
        """
        What only the type checker imports does not count; the rest of the
        statement does.
        """
        for condition in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self.assertImports("session", f"if {condition}:\n import a\nelse:\n import b", "b")

    def test_line(self) -> None:
        [found] = _house.importsOf(Module("session", "\n\nimport os"), KNOWN)
        self.assertEqual(found, Import(3, "os"))


class RuleTests(SynchronousTestCase):
    """
    Each rule for imports finds what breaks it, and nothing else.
    """

    def assertBroken(self, name: str, source: str, *faults: str) -> None:
        """
        The module breaks just these rules, in this order.
        """
        self.assertEqual(_house.broken(Module(name, source), KNOWN), list(faults))

    def test_down(self) -> None:
        self.assertBroken(
            "session", "from txsocketio.errors import E\nfrom txsocketio.packets import Packet"
        )

    def test_up(self) -> None:
        self.assertBroken(
            "session",
            "import asyncio\nimport txsocketio.listener",
            "session:2: imports txsocketio.listener, which is above it",
        )

    def test_wholePackage(self) -> None:
        """
        C{txsocketio} itself is above what it is made of.
        """
        self.assertBroken(
            "session",
            "from txsocketio import listen",
            "session:1: imports txsocketio, which is above it",
        )

    def test_beside(self) -> None:
        """
        A room of the same layer must be listed, and in that direction.
        """
        self.assertBroken("settings", "import txsocketio.errors")
        self.assertBroken(
            "errors",
            "import txsocketio.settings",
            "errors:1: imports txsocketio.settings, which is beside it, and not in NEIGHBOURS",
        )

    def test_withinRoom(self) -> None:
        self.assertBroken("protocol.first", "from txsocketio.protocol._text import t")

    def test_unplaced(self) -> None:
        self.assertBroken(
            "attic.box",
            "import txsocketio.listener",
            "attic.box: in no layer; give 'attic' a place in LAYERS",
        )

    def test_pure(self) -> None:
        """
        No Twisted, nor anything that has to be installed but zope.interface.
        """
        self.assertBroken("lifecycle", "import enum\nfrom zope.interface import Interface")
        self.assertBroken(
            "protocol.first",
            "from twisted.python import log\nimport msgpack",
            "protocol.first:1: imports twisted.python.log,"
            " which is none of what protocol works with",
            "protocol.first:2: imports msgpack, which is none of what protocol works with",
        )

    def test_extras(self) -> None:
        """
        What need not be there is imported in one place.
        """
        self.assertBroken("protocol._fastjson", "import orjson")
        self.assertBroken(
            "protocol.first",
            "import orjson",
            "protocol.first:1: imports orjson, which is none of what protocol works with",
        )

    def test_impureByWayOfAnother(self) -> None:
        self.assertBroken(
            "protocol.first",
            "import txsocketio.timers",
            "protocol.first:1: imports txsocketio.timers,"
            " which is beside it, and not in NEIGHBOURS",
            "protocol.first:1: imports txsocketio.timers, which is not as pure",
        )

    def test_strangers(self) -> None:
        self.assertBroken(
            "transports.poll",
            "from txsocketio.protocol import _text\nimport txsocketio.protocolled",
            "transports.poll:1: imports txsocketio.protocol._text,"
            " which is nothing that transports may know",
        )
        self.assertBroken(
            "session",
            "from twisted.web import http\nfrom twisted.internet import defer",
            "session:1: imports twisted.web.http, which is nothing that session may know",
        )

    def test_tests(self) -> None:
        """
        Nothing that is installed for use leans on the tests.
        """
        self.assertBroken(
            "listener",
            "from txsocketio.test.tools import x",
            "listener:1: imports txsocketio.test.tools, which is nothing that listener may know",
        )

    def test_autobahn(self) -> None:
        source = "from autobahn.twisted.websocket import WebSocketServerProtocol"
        self.assertBroken("transports._autobahn", source)
        self.assertBroken(
            "resource",
            source,
            "resource:1: imports autobahn.twisted.websocket.WebSocketServerProtocol,"
            " which is known in outgoing.websocket, transports._autobahn alone",
        )

    def test_lists(self) -> None:
        """
        One room names transports and generations; their own packages do not.
        """
        source = "from txsocketio.transports import poll, _http"
        self.assertBroken("listener", source)
        self.assertBroken("transports.other", source)
        for name in ("resource", "transports"):
            self.assertBroken(
                name,
                source,
                f"{name}:1: imports txsocketio.transports.poll, which is named in listener alone",
            )


class QuestionTests(SynchronousTestCase):
    """
    Asking for a generation is noticed.
    """

    def asked(self, source: str, name: str = "session") -> list[int]:
        """
        In which lines a module asks for C{"first"}.
        """
        found = _house.asksForGeneration(Module(name, source), {"first", "first-1"})
        return [int(each.split(":")[1]) for each in found]

    def test_names(self) -> None:
        """
        Generations have the names of their files, and those they give
        themselves.
        """
        names = _house.generations(
            [
                Module("protocol", "name = 'none'"),
                Module("protocol._text", "name = 'none'"),
                Module("protocol.first", "class A:\n name = 'first-1'\n title = 'none'"),
                Module("protocol.second", "class B:\n name: str = 'second-2'"),
                Module("session", "name = 'none'"),
            ]
        )
        self.assertEqual(names, {"first", "first-1", "second", "second-2"})

    def test_comparison(self) -> None:
        self.assertEqual(self.asked("x = 1\nif client.protocol == 'first': pass"), [2])
        self.assertEqual(self.asked("x = 1 if name in ('other', 'first-1') else 2"), [1])
        self.assertEqual(self.asked("if session.dialect.name != x: pass"), [1])

    def test_match(self) -> None:
        self.assertEqual(self.asked("match name:\n case 'first':\n  pass"), [2])

    def test_harmless(self) -> None:
        """
        Other names, names that are not compared, and generations themselves.
        """
        self.assertEqual(self.asked("if name == 'firstly': pass\nx = 'first'"), [])
        self.assertEqual(self.asked("if name == 'first': pass", "protocol.first"), [])


class ShapeTests(SynchronousTestCase):
    """
    Long functions and silent modules are noticed.
    """

    def assertLong(self, lines: int, *faults: str) -> None:
        """
        A function within a function within a class, of that many lines.
        """
        body = "   x = 1\n" * (lines - 1)
        source = f"class A:\n def f(self):\n  @decorated\n  async def g():\n{body}"
        found = _house.overlong("a.py", source)
        self.assertEqual([fault for fault in found if ": g " in fault], list(faults))

    def test_length(self) -> None:
        self.assertLong(LONGEST)
        self.assertLong(LONGEST + 1, f"a.py:4: g has {LONGEST + 1} lines")

    def test_docstring(self) -> None:
        self.assertEqual([*_house.undocumented("a.py", '"""\nIt is.\n"""\n')], [])
        for silent in ("", "# It is.\n", '""""""\n'):
            self.assertEqual([*_house.undocumented("a.py", silent)], ["a.py: has no docstring"])

    def test_untried(self) -> None:
        tests = ["run('examples/made-up/server.py')", "'examples/made-upon/server.py'"]
        self.assertEqual(
            [*_house.untried(["made-up", "made"], tests)], ["examples/made: is run by no test"]
        )

    def test_sources(self) -> None:
        """
        All Python is found, but what npm brought; the tests are not among
        the modules.
        """
        root = Path(self.mktemp()) / "txsocketio"
        paths = ["__init__", "listener", "protocol/__init__", "protocol/first", "test/test_x"]
        for path in [*paths, "test/genuine/node_modules/gyp"]:
            file = root / f"{path}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"# {path}")
        found: Mapping[str, str] = _house.sources(root)
        self.assertEqual(found, {f"txsocketio/{path}.py": f"# {path}" for path in paths})
        self.assertEqual(
            [module.name for module in _house.modules(found)],
            ["__init__", "listener", "protocol", "protocol.first"],
        )
