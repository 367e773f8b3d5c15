"""
What is installed, and what the repository says of it.
"""

from __future__ import annotations

import os
import re
import tomllib
from importlib import import_module, metadata
from pathlib import Path

from twisted.application.service import IServiceMaker, ServiceMaker
from twisted.plugin import getPlugins
from twisted.trial.unittest import SkipTest, SynchronousTestCase

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parent


def mandatory(requirements: list[str]) -> set[str]:
    """
    The names of what is installed along in any case.
    """
    names = {re.split(r"[^\w.-]", each)[0] for each in requirements if "extra ==" not in each}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


class InstalledTests(SynchronousTestCase):
    """
    The distribution as Python and Twisted see it.
    """

    def test_dependencies(self) -> None:
        """
        Four packages are needed, and no more.
        """
        self.assertEqual(
            mandatory(metadata.requires("txsocketio") or []),
            {"autobahn", "twisted", "txaio", "zope-interface"},
        )

    def test_mandatory(self) -> None:
        """
        Extras are left out, and names are compared as PyPI compares them.
        """
        self.assertEqual(
            mandatory(["A_b.c>=1; python_version>'3'", "d", 'e; extra == "test"', "f[g]~=2"]),
            {"a-b-c", "d", "f"},
        )

    def test_typed(self) -> None:
        """
        Type checkers of applications may use our annotations.
        """
        self.assertTrue((PACKAGE / "py.typed").is_file())

    def test_plugin(self) -> None:
        """
        The plugin's file makes one service, and nothing else.
        """
        plugin = import_module("twisted.plugins.txsocketio_plugin")
        [maker] = [each for each in vars(plugin).values() if isinstance(each, ServiceMaker)]
        self.assertEqual(
            (maker.name, maker.module, maker.tapname), ("txsocketio", "txsocketio.tap", "socketio")
        )

    def test_plugIn(self) -> None:
        """
        Twisted finds the plugin, once, and can load what it names.
        """
        [maker] = [each for each in getPlugins(IServiceMaker) if each.tapname == "socketio"]
        self.assertTrue(callable(maker.options))
        self.assertTrue(callable(maker.makeService))


class CheckoutTests(SynchronousTestCase):
    """
    The repository, where these tests run in it.
    """

    def setUp(self) -> None:
        if not (ROOT / "pyproject.toml").exists():
            raise SkipTest("not in a checkout")

    def read(self, path: str) -> str:
        """
        The text of one of the repository's files.
        """
        return (ROOT / path).read_text("utf-8")

    def test_version(self) -> None:
        """
        What is installed is what the one place for the version says.
        """
        project = tomllib.loads(self.read("pyproject.toml"))["project"]
        self.assertEqual(metadata.version("txsocketio"), project["version"])

    def test_plugInsOfOthers(self) -> None:
        """
        The folders of the plugin are no packages: they would hide Twisted.
        """
        found = [path.relative_to(ROOT).as_posix() for path in (ROOT / "twisted").rglob("*.py")]
        self.assertEqual(found, ["twisted/plugins/txsocketio_plugin.py"])

    def test_genuine(self) -> None:
        """
        What runs the tests in the browser leaves none of them out.
        """
        files = {path.name for path in (PACKAGE / "test" / "genuine").glob("*.test.mjs")}
        listed = re.findall(
            r'^import "\./(.+)";$', self.read("txsocketio/test/genuine/all.mjs"), re.M
        )
        self.assertTrue(files)
        self.assertEqual(files, {*listed})

    def test_commands(self) -> None:
        """
        The README names both commands; continuous integration runs the one
        for the tests, and nothing else.
        """
        readme = [line.strip() for line in self.read("README.rst").splitlines()]
        for command in ("bin/demo", "bin/test"):
            self.assertIn(f"sh {command}", readme)
            self.assertTrue(os.access(ROOT / command, os.X_OK), command)
        self.assertEqual(
            self.read(".ci/run").splitlines(),
            [
                "#!/usr/bin/env bash",
                "set -euo pipefail",
                'cd "$(dirname "${BASH_SOURCE[0]}")/.."',
                "sh bin/test",
            ],
        )
