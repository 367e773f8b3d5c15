"""
Runs every example as a process of its own, and talks to it.
"""

from __future__ import annotations

from pathlib import Path
from unittest import skipUnless

from txsocketio.test.child import Child, ChildCase

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ALL = (
    "examples/specification/server.py",
    "examples/embedding/beside.py",
    "examples/embedding/tree.py",
)


@skipUnless(EXAMPLES.is_dir(), "an installed package has no examples")
class ExampleTests(ChildCase):
    """
    Each does what its README says.
    """

    def run_(self, name: str) -> Child:
        """
        Run an example on a free port.
        """
        return self.python(ROOT / name, "0")

    def test_all(self) -> None:
        """
        None is left out, here or in the list of them.
        """
        found = {path.relative_to(ROOT).as_posix() for path in EXAMPLES.rglob("*.py")}
        self.assertEqual(set(ALL), found)
        listed = (EXAMPLES / "README.rst").read_text("utf-8")
        for folder in {path.parent for path in EXAMPLES.rglob("*.py")}:
            self.assertIn(f"<{folder.name}/README.rst>", listed)
            self.assertTrue((folder / "README.rst").is_file(), folder)

    async def test_specification(self) -> None:
        """
        The specification's server prints what comes, and says hello at every
        other address.
        """
        child = self.run_("examples/specification/server.py")
        (port,) = await child.ports()
        await self.get(port, "/index.html", "</script>")
        await self.get(port, "/anything/else", "<h1>Hello world</h1>")
        await self.get(port, "/socket.io/socket.io.js", "Socket")
        visitor = await self.webSocket(port)
        visitor.say(":Hello")
        await child.out.until("message: Hello")
        assert visitor.transport is not None
        visitor.transport.loseConnection()
        await child.out.until("disconnect: transport close")

    async def test_beside(self) -> None:
        """
        What one sends the other hears; the site's page is where it was.
        """
        await self.check("examples/embedding/beside.py", "/", "/socket.io")

    async def test_tree(self) -> None:
        """
        So with the resource in a tree.
        """
        await self.check("examples/embedding/tree.py", "/live.html", "/live/socket.io")

    async def check(self, name: str, page: str, resource: str) -> None:
        """
        Two who talk over an example.
        """
        (port,) = await self.run_(name).ports()
        await self.get(port, page, f'<script src="{resource}/socket.io.js">')
        await self.get(port, f"{resource}/socket.io.js", "Socket")
        one, other = [await self.webSocket(port, f"{resource}/websocket") for _ in range(2)]
        one.say(":from one")
        await other.heard.until(":from one,")
        other.say(":from the other")
        await one.heard.until(":from the other,")
        self.assertNotIn(b"from one", one.heard.data)
