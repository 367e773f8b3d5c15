"""
The rules of the house, as data, and what finds the places that break them.

Rooms are the modules and packages directly in C{txsocketio}; a package is one
room with all its modules. C{docs/architecture.rst} draws the same house.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

PACKAGE = "txsocketio"

#: From the ground up. A room imports from the layers below its own, and from
#: the rooms beside it only as L{NEIGHBOURS} says.
LAYERS = (
    ("coroutines", "errors", "handshake", "interfaces", "machine", "packets", "settings"),
    (
        "acks",
        "backlog",
        "bodylimit",
        "codings",
        "fanout",
        "fragments",
        "frames",
        "handlers",
        "handover",
        "lifecycle",
        "limits",
        "options",
        "orders",
        "origins",
        "outbox",
        "peerlog",
        "protocol",
        "serial",
        "timers",
        "verbs",
    ),
    (
        "audience",
        "clientdialects",
        "dispatch",
        "flow",
        "manager",
        "recovery",
        "refusals",
        "rooms",
        "session",
        "upgrade",
    ),
    (
        "backplane",
        "client",
        "connection",
        "flashpolicy",
        "inbox",
        "namespace",
        "parents",
        "registry",
        "static",
        "transports",
    ),
    ("resource",),
    ("listener", "outgoing"),
    ("__init__",),
    ("demo", "testing"),
    ("tap",),
)

#: Who, beside their own layer's rule, imports which room of the same layer.
NEIGHBOURS = {
    ("client", "inbox"),
    ("connection", "client"),
    ("connection", "namespace"),
    ("connection", "registry"),
    ("manager", "session"),
    ("manager", "upgrade"),
    ("protocol", "frames"),
    ("registry", "namespace"),
    ("registry", "parents"),
    ("settings", "errors"),
}

#: Rooms that would work without Twisted: of all that is not Python's own or
#: ours, they import zope.interface alone.
PURE = {
    "errors",
    "frames",
    "handshake",
    "interfaces",
    "lifecycle",
    "machine",
    "orders",
    "origins",
    "packets",
    "protocol",
    "recovery",
    "settings",
}

#: What a room (or one module of it) must never hear of, though it is below it.
STRANGERS = {
    "audience": ("frames", "protocol", "session", "manager", "twisted.web"),
    "backplane": ("packets", "frames", "protocol", "session", "manager", "upgrade"),
    "client": ("frames", "protocol", "twisted.web"),
    "dispatch": ("frames", "protocol", "session", "twisted.web"),
    "inbox": ("frames", "protocol", "twisted.web"),
    "manager": ("protocol", "twisted.web"),
    "namespace": ("frames", "protocol", "twisted.web"),
    "outgoing": ("client", "manager", "namespace", "protocol", "resource", "session", "transports"),
    "resource": ("packets",),
    "session": ("protocol", "twisted.web"),
    "static": ("session", "manager"),
    "transports": ("protocol", "packets"),
    "upgrade": ("protocol", "twisted.web"),
}

#: The only modules that know Autobahn.
AUTOBAHN = {"outgoing.websocket", "transports._autobahn"}

#: What need not be there, and the one module that knows of it and does without.
EXTRAS = {"msgspec": "protocol._fastjson", "orjson": "protocol._fastjson"}

#: Rooms whose modules are a list of equals, and the one room that has the list.
CONCRETE = {"protocol", "transports"}
LISTS = "listener"

LONGEST = 40
"""How many lines a function may have, its head and docstring included."""


class Module(NamedTuple):
    """
    One module's source.

    @ivar name: below C{txsocketio}, with dots (C{"protocol.annotated"}); that
        of a package is its C{__init__}'s. C{"__init__"} is C{txsocketio}'s.
    """

    name: str
    source: str

    @property
    def room(self) -> str:
        """
        The room it is in.
        """
        return self.name.partition(".")[0]


class Import(NamedTuple):
    """
    One thing imported.

    @ivar target: with C{txsocketio} in front where it is ours; then it is a
        module, else it may be a name in one.
    """

    line: int
    target: str

    @property
    def ours(self) -> str | None:
        """
        The name below C{txsocketio} (see L{Module.name}); L{None} where it is
        not ours.
        """
        top, _, below = self.target.partition(".")
        return (below or "__init__") if top == PACKAGE else None

    @property
    def room(self) -> str | None:
        """
        The room it comes from; L{None} where it is not ours.
        """
        return self.ours.partition(".")[0] if self.ours else None

    def isFrom(self, prefix: str) -> bool:
        """
        Whether it is C{prefix}, a room's name or a dotted one, or in it.
        """
        name = self.ours or self.target
        return name == prefix or name.startswith(f"{prefix}.")


def importsOf(module: Module, known: Collection[str]) -> Iterator[Import]:
    """
    What a module imports when it runs, anywhere in it: what only the type
    checker sees is left out.

    @param known: the names of all modules, as in L{Module.name}.
    """
    waiting: list[ast.AST] = [ast.parse(module.source)]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting[:0] = node.orelse
        elif isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _named(node, module, known)
        else:
            waiting[:0] = ast.iter_child_nodes(node)


def _named(node: ast.ImportFrom, module: Module, known: Collection[str]) -> Iterator[Import]:
    """
    One L{Import} for each name.
    """
    parent = node.module or ""
    if node.level:
        isPackage = any(name.startswith(f"{module.name}.") for name in known)
        parts = [PACKAGE, *module.name.split(".")]
        if module.name == "__init__" or not isPackage:
            parts.pop()
        parts = parts[: len(parts) - node.level + 1]
        parent = ".".join([*parts, parent] if parent else parts)
    for alias in node.names:
        whole = f"{parent}.{alias.name}"
        ours = whole.removeprefix(f"{PACKAGE}.")
        isName = parent.partition(".")[0] == PACKAGE and ours not in known
        yield Import(node.lineno, parent if isName else whole)


def unplaced(module: Module, imports: Collection[Import]) -> Iterator[str]:
    """
    Every module has its place.
    """
    if _level(module.room) is None:
        yield f"{module.name}: in no layer; give {module.room!r} a place in LAYERS"


def upward(module: Module, imports: Collection[Import]) -> Iterator[str]:
    """
    Imports point down.
    """
    here = _level(module.room)
    for found in imports:
        there = _level(found.room)
        if found.room == module.room or here is None or there is None:
            continue
        if here < there:
            yield _fault(module, found, "is above it")
        elif here == there and (module.room, found.room) not in NEIGHBOURS:
            yield _fault(module, found, "is beside it, and not in NEIGHBOURS")


def _level(room: str | None) -> int | None:
    """
    @return: L{None} for a room that is in no layer, or is not ours.
    """
    levels = [level for level, rooms in enumerate(LAYERS) if room in rooms]
    return levels[0] if levels else None


def impure(module: Module, imports: Collection[Import]) -> Iterator[str]:
    """
    What is pure stays so.
    """
    if module.room not in PURE:
        return
    for found in imports:
        top = found.target.partition(".")[0]
        isTheirs = top in sys.stdlib_module_names or EXTRAS.get(top) == module.name
        if not (found.ours or isTheirs or found.isFrom("zope.interface")):
            yield _fault(module, found, f"is none of what {module.room} works with")
        elif found.room and found.room not in PURE:
            yield _fault(module, found, "is not as pure")


def strange(module: Module, imports: Collection[Import]) -> Iterator[str]:
    """
    No room knows what it must not know; none knows the tests.
    """
    forbidden = (*STRANGERS.get(module.room, ()), "test")
    for found in imports:
        if any(map(found.isFrom, forbidden)):
            yield _fault(module, found, f"is nothing that {module.room} may know")
        if found.isFrom("autobahn") and module.name not in AUTOBAHN:
            yield _fault(module, found, f"is known in {', '.join(sorted(AUTOBAHN))} alone")


def concrete(module: Module, imports: Collection[Import]) -> Iterator[str]:
    """
    One room alone has the list of transports and that of generations. Modules
    of one such room may share what they have.
    """
    for found in imports:
        room, _, part = (found.ours or "").partition(".")
        isConcrete = room in CONCRETE and bool(part) and not part.startswith("_")
        isBeside = module.room == room and module.name != room
        if isConcrete and not isBeside and module.room != LISTS:
            yield _fault(module, found, f"is named in {LISTS} alone")


def _fault(module: Module, found: Import, because: str) -> str:
    return f"{module.name}:{found.line}: imports {found.target}, which {because}"


RULES: tuple[Callable[[Module, Collection[Import]], Iterator[str]], ...] = (
    unplaced,
    upward,
    impure,
    strange,
    concrete,
)


def broken(module: Module, known: Collection[str]) -> list[str]:
    """
    Where a module breaks the rules for imports, one line each.
    """
    imports = list(importsOf(module, known))
    return [fault for rule in RULES for fault in rule(module, imports)]


def generations(modules: Iterable[Module]) -> set[str]:
    """
    What the generations of the protocol are called: by their files, and by
    their C{name}.
    """
    names = set()
    for module in modules:
        _, _, part = module.name.partition(".")
        if module.room != "protocol" or not part or part.startswith("_"):
            continue
        names.add(part)
        for node in ast.walk(ast.parse(module.source)):
            match node:
                case (
                    ast.Assign(targets=[ast.Name("name")], value=ast.Constant(str(name)))
                    | ast.AnnAssign(target=ast.Name("name"), value=ast.Constant(str(name)))
                ):
                    names.add(name)
    return names


def asksForGeneration(module: Module, names: Collection[str]) -> Iterator[str]:
    """
    Nobody but the generations themselves asks which of them a client speaks.

    @param names: of L{generations}.
    """
    if module.room == "protocol":
        return
    for node in ast.walk(ast.parse(module.source)):
        if not isinstance(node, (ast.Compare, ast.MatchValue)):
            continue
        asked = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & {*names}
        if asked or "dialect.name" in ast.unparse(node):
            yield f"{module.name}:{node.lineno}: asks for a generation: {ast.unparse(node)}"


def overlong(name: str, source: str) -> Iterator[str]:
    """
    The functions that are longer than L{LONGEST}.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST:
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines"


def undocumented(name: str, source: str) -> Iterator[str]:
    """
    Tells of a module without a docstring.
    """
    if not ast.get_docstring(ast.parse(source)):
        yield f"{name}: has no docstring"


def untried(examples: Iterable[str], tests: Iterable[str]) -> Iterator[str]:
    """
    Tells of examples that no test runs.

    @param examples: the names of the folders in C{examples}.
    @param tests: the sources of all tests.
    """
    text = "\n".join(tests)
    for name in examples:
        if f"examples/{name}/" not in text:
            yield f"examples/{name}: is run by no test"


def sources(folder: Path, suffix: str = ".py") -> Mapping[str, str]:
    """
    All files of a kind below a folder, by path; what npm brought is not ours.
    """
    return {
        path.relative_to(folder.parent).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob(f"*{suffix}"))
        if "node_modules" not in path.parts
    }


def modules(files: Mapping[str, str]) -> list[Module]:
    """
    The package's modules, without its tests.

    @param files: those of L{sources}.
    """
    found = []
    for path, source in files.items():
        name = path.removeprefix(f"{PACKAGE}/").removesuffix(".py").replace("/", ".")
        module = Module(name.removesuffix(".__init__"), source)
        if module.room != "test":
            found.append(module)
    return found
