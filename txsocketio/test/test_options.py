"""
Tests for L{txsocketio.options}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio import settings
from txsocketio.errors import LocalProtocolError
from txsocketio.options import Options
from txsocketio.settings import Settings
from txsocketio.test.fakes import nothing

KNOWN = ["websocket", "xhr-polling", "jsonp-polling"]
"""Transports."""

CHOICE: tuple[list[Any], list[Any]] = ([True, False, 0, 1, None], ["", "no", "True", b"1"])

VALUES: Mapping[str, tuple[list[Any], list[Any]]] = {
    "resource": (["io", "/a/b/"], [None, 5, b"io", ["io"]]),
    "protocol": (["annotated", "0.6", ["eio4"], ("eio4", "0.6"), iter(["eio4"]), None], [0, 5]),
    "parser": (["text", "msgpack"], [None, "json", b"text", 5, ["text"]]),
    "transports": ([None, KNOWN, tuple(KNOWN), iter(KNOWN)], ["websocket", 5]),
    "transportOptions": (
        [{}, {"websocket": {"duration": 1}}],
        [None, [], "websocket", {"websocket": None}, {"websocket": 5}],
    ),
    "log": ([None, nothing], ["debug", 5, True]),
    "flashPolicyServer": CHOICE,
    "flashPolicyPort": ([0, 843, 65535], [None, "843", -1, 65536, 843.0]),
    "flashPolicyAtOnce": CHOICE,
    "flashMovie": ([None, "a.swf", Path("a.swf")], [5, b"a.swf", ["a.swf"]]),
    "origins": ([None, "*:*", ["a:*"]], []),
    "ignoreEmptyOrigin": CHOICE,
    "trustProxy": CHOICE,
    "drafts": CHOICE,
    "allowRequest": ([None, nothing], [True, "f", 5]),
    "cookie": (
        [None, "io"],
        ["", "a b", "a=b", "a;", "\xe9", "a\n", 5, True, b"io", {"name": "io"}],
    ),
    "httpCompression": CHOICE,
    "perMessageDeflate": CHOICE,
    "concurrentHandlers": CHOICE,
    "connectionStateRecovery": ([None, {}, {"maxAway": 5}], [True, 5, "yes", ["maxAway"]]),
    "cleanupEmptyChildNamespaces": CHOICE,
    "maxChildNamespaces": ([0, 10], [None, "5", -1, True, 1.5]),
    "clientFiles": ([None, "dist", Path("dist")], [5, b"dist", ["dist"]]),
    "maxSessions": ([None, 0, 10], ["5", -1, True, 1.5]),
    "maxSessionsPerAddress": ([None, 0, 10], ["5", -1, True, 1.5]),
    "maxSessionsPerSecond": ([None, 0, 10], ["5", -1, True, 1.5]),
}
"""By option: what it can be, and what it cannot. Origins are read in
L{txsocketio.origins}; a choice is whatever is true or not, but no text."""

TAKES = {
    "resource": "a path",
    "protocol": "a name or a list (or None)",
    "parser": "text or msgpack",
    "transports": "a list of names (or None)",
    "transportOptions": "a mapping of transports' names to mappings",
    "log": "a function (or None)",
    "allowRequest": "a function (or None)",
    "cookie": "a name (or None)",
    "connectionStateRecovery": "a mapping (or None)",
    "maxChildNamespaces": "a whole number, not less than 0",
    "flashPolicyPort": "a port up to 65535",
    "flashMovie": "a file (or None)",
    "clientFiles": "a folder (or None)",
    "maxSessions": "a whole number, not less than 0 (or None)",
    "maxSessionsPerAddress": "a whole number, not less than 0 (or None)",
    "maxSessionsPerSecond": "a whole number, not less than 0 (or None)",
    **{name: "True or False" for name, values in VALUES.items() if values is CHOICE},
}


class OptionsTests(SynchronousTestCase):
    """
    What the options may be.
    """

    def test_everyOption(self) -> None:
        """
        Every option is tested here, and documented.
        """
        names = [each.name for each in fields(Options)]
        self.assertEqual(list(VALUES), names)
        self.assertEqual(re.findall(r"@ivar (\w+):", Options.__doc__ or ""), names)

    def test_distinct(self) -> None:
        """
        No option has the name of a setting, or of a handler.
        """
        for each in fields(Options):
            self.assertNotIn(each.name, settings.NAMES)
            self.assertNotRegex(each.name, "^on[A-Z]")

    def test_good(self) -> None:
        """
        An option is kept as it was given.
        """
        for name, (good, _) in VALUES.items():
            for value in good:
                self.assertIs(getattr(Options(**{name: value}), name), value)

    def test_bad(self) -> None:
        """
        What an option cannot be is refused in one line.
        """
        for name, (_, bad) in VALUES.items():
            for value in bad:
                error = self.assertRaises(LocalProtocolError, Options, **{name: value})
                self.assertEqual(str(error), f"{name} takes {TAKES[name]}: {value!r}")

    def test_frozen(self) -> None:
        self.assertRaises(FrozenInstanceError, setattr, Options(), "resource", "x")

    def test_asDict(self) -> None:
        """
        All of them, those that were not given included.
        """
        found = Options(maxSessions=5).asDict()
        self.assertEqual(list(found), list(VALUES))
        self.assertEqual((found["maxSessions"], found["resource"]), (5, "socket.io"))


class OfTests(SynchronousTestCase):
    """
    How what a caller has given is sorted.
    """

    def test_sorted(self) -> None:
        """
        Options, settings and handlers go their ways.
        """
        options, general, handlers = Options.of(
            {
                "resource": "io",
                "duration": 5,
                "maxQueue": 7,
                "onClientConnect": nothing,
                "onConnection": print,
            }
        )
        self.assertEqual(options, Options(resource="io"))
        self.assertEqual(general, {"duration": 5, "maxQueue": 7})
        self.assertEqual(handlers, {"clientConnect": nothing, "connection": print})

    def test_nothing(self) -> None:
        self.assertEqual(Options.of({}), (Options(), {}, {}))

    def test_unknown(self) -> None:
        """
        The first that is unknown is named, and all that there are.
        """
        for name in ("timeout", "onclientConnect", "on", "one"):
            error = self.assertRaises(
                LocalProtocolError, Options.of, {"zzz": 1, name: 1, "resource": "io"}
            )
            known = ", ".join(sorted({*VALUES, *settings.NAMES}))
            self.assertEqual(str(error), f"unknown option {name!r}; there are {known}")

    def test_badHandler(self) -> None:
        """
        A handler is a function.
        """
        for value in (None, "f", 5):
            error = self.assertRaises(LocalProtocolError, Options.of, {"onClientConnect": value})
            self.assertEqual(str(error), f"onClientConnect takes a function: {value!r}")


class ProtocolTests(SynchronousTestCase):
    """
    What is spoken.
    """

    def test_chosen(self) -> None:
        """
        What bears the names, in the order in which they are known; all of
        today and the first protocol where nothing is said.
        """
        known = {"annotated": 1, "0.6": 2, "eio4": 3, "engine.io-4": 5, "eio3": 4}
        self.assertEqual(Options().chooseProtocols(known), [1, 3, 4])
        self.assertEqual(Options(protocol="0.6").chooseProtocols(known), [2])
        self.assertEqual(Options(protocol=["eio3", "0.6"]).chooseProtocols(known), [2, 4])

    def test_unknown(self) -> None:
        """
        All that there are are named.
        """
        error = self.assertRaises(
            LocalProtocolError, Options(protocol="0.5").chooseProtocols, {"a": 1, "b": 2}
        )
        self.assertEqual(str(error), "unknown protocol '0.5'; there are a, b")
        self.assertRaises(LocalProtocolError, Options(protocol=[]).chooseProtocols, {"a": 1})

    def test_rivals(self) -> None:
        """
        What would be spoken on the same URLs is not spoken together.
        """
        known = {"annotated": 1, "0.6": 2}
        error = self.assertRaises(
            LocalProtocolError, Options(protocol=known).chooseProtocols, known
        )
        self.assertEqual(str(error), "protocols 'annotated' and '0.6' share their URLs")


class MountTests(SynchronousTestCase):
    """
    Where it is served.
    """

    def test_parts(self) -> None:
        """
        Slashes around it or doubled mean nothing.
        """
        for resource, parts in (
            ("socket.io", [b"socket.io"]),
            ("/socket.io", [b"socket.io"]),
            ("a/b/", [b"a", b"b"]),
            ("//a//b//", [b"a", b"b"]),
            ("ä", [b"\xc3\xa4"]),
        ):
            self.assertEqual(Options(resource=resource).mount, parts)
        self.assertEqual(Options().mount, [b"socket.io"])

    def test_empty(self) -> None:
        """
        It is somewhere.
        """
        for resource in ("", "/", "//"):
            error = self.assertRaises(
                LocalProtocolError, lambda given=resource: Options(resource=given).mount
            )
            self.assertEqual(str(error), "resource must not be empty")


class ChooseTests(SynchronousTestCase):
    """
    Which transports are accepted.
    """

    def assertRefused(self, line: str, **options: Any) -> None:
        """
        The choice is refused in this line.
        """
        error = self.assertRaises(LocalProtocolError, Options(**options).choose, iter(KNOWN))
        self.assertEqual(str(error), f"{line}; there are websocket, xhr-polling, jsonp-polling")

    def test_all(self) -> None:
        self.assertEqual(Options().choose(iter(KNOWN)), KNOWN)

    def test_some(self) -> None:
        """
        In the order in which they were given.
        """
        chosen = ["jsonp-polling", "websocket"]
        self.assertEqual(Options(transports=chosen).choose(KNOWN), chosen)
        self.assertEqual(Options(transports=iter(chosen)).choose(KNOWN), chosen)

    def test_unknown(self) -> None:
        self.assertRefused("unknown transport 'flash'", transports=["websocket", "flash"])
        self.assertRefused("unknown transport ''", transports=[""])

    def test_none(self) -> None:
        self.assertRefused("no transports", transports=[])

    def test_unknownWithOptions(self) -> None:
        """
        Options are for transports that there are, be they accepted or not.
        """
        self.assertRefused("unknown transport 'flash'", transportOptions={"flash": {}})
        options = Options(transports=["websocket"], transportOptions={"xhr-polling": {}})
        self.assertEqual(options.choose(KNOWN), ["websocket"])


class SettingsOfTests(SynchronousTestCase):
    """
    The settings of a transport.
    """

    def test_precedence(self) -> None:
        """
        What is more particular wins.
        """
        options = Options(transportOptions={"a": {"duration": 3.0}, "b": {"duration": 9.0}})
        defaults = {"duration": 1.0, "closeTimeout": 1.0, "farewellTimeout": 1.0}
        general: dict[str, Any] = {"duration": 2.0, "closeTimeout": 2.0}
        self.assertEqual(
            options.settingsOf("a", defaults, general),
            Settings(duration=3.0, closeTimeout=2.0, farewellTimeout=1.0),
        )
        self.assertEqual(options.settingsOf("c", {}, general), Settings(**general))
        self.assertEqual(options.settingsOf("c", {}, {}), Settings())

    def test_bad(self) -> None:
        """
        A transport's options are checked as all others are.
        """
        for given, line in (
            ({"duration": "1"}, "duration takes a number, not less than 0 (or None): '1'"),
            ({"resource": "x"}, "unknown option 'resource'; there are "),
        ):
            options = Options(transportOptions={"a": given})
            error = self.assertRaises(LocalProtocolError, options.settingsOf, "a", {}, {})
            self.assertTrue(str(error).startswith(line), error)
