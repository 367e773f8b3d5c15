"""
Tests for L{txsocketio.settings}.
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from math import inf, nan
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError
from txsocketio.settings import NAMES, Settings

INTERVALS = (
    "heartbeatInterval",
    "heartbeatTimeout",
    "closeTimeout",
    "duration",
    "connectTimeout",
    "upgradeTimeout",
    "farewellTimeout",
)
LIMITS = tuple(sorted(name for name in NAMES if name.startswith("max")))


class SettingsTests(SynchronousTestCase):
    """
    What the settings may be.
    """

    def assertRefused(self, name: str, value: Any, takes: str) -> None:
        """
        The value is refused in one line.
        """
        error = self.assertRaises(LocalProtocolError, Settings, **{name: value})
        self.assertEqual(str(error), f"{name} takes {takes}: {value!r}")

    def test_defaults(self) -> None:
        """
        The intervals are those of the server of 2010.
        """
        settings = Settings()
        found = [getattr(settings, name) for name in INTERVALS[:4]]
        self.assertEqual(found, [10.0, 8.0, 0.0, 20.0])
        # These, which it does not know, are Socket.IO's and Engine.IO's.
        self.assertEqual((settings.connectTimeout, settings.upgradeTimeout), (45.0, 10.0))

    def test_silence(self) -> None:
        """
        Who sends the heartbeats may be silent from one of them to the next,
        and as long again as an answer may take; for ever if either may.
        """
        self.assertEqual(Settings(heartbeatInterval=3.0, heartbeatTimeout=0.5).silence, 3.5)
        self.assertIsNone(Settings(heartbeatInterval=None).silence)
        self.assertIsNone(Settings(heartbeatTimeout=None).silence)

    def test_names(self) -> None:
        """
        Every setting is tested here, and documented.
        """
        self.assertEqual(NAMES, {*INTERVALS, *LIMITS, "closeHandshakeTimeout"})
        documented = re.findall(r"@ivar (\w+):", Settings.__doc__ or "")
        self.assertEqual(documented, [field.name for field in fields(Settings)])

    def test_intervals(self) -> None:
        """
        An interval is a number of seconds, or L{None} for ever.
        """
        bad: list[Any] = [-1, -0.001, -inf, nan, "1", True, False, [], b"1"]
        good: list[Any] = [0, 0.0, 1, 0.5, 1e9, inf, None]
        for name in INTERVALS:
            for value in good:
                self.assertEqual(getattr(Settings(**{name: value}), name), value)
            for value in bad:
                self.assertRefused(name, value, "a number, not less than 0 (or None)")

    def test_closeHandshakeTimeout(self) -> None:
        """
        One of them is never infinite.
        """
        self.assertEqual(Settings(closeHandshakeTimeout=0.5).closeHandshakeTimeout, 0.5)
        for value in (None, -1, nan, "1", True):
            self.assertRefused("closeHandshakeTimeout", value, "a number, not less than 0")

    def test_limits(self) -> None:
        """
        A limit is a whole number.
        """
        for name in LIMITS:
            for value in (0, 1, 10**12):
                self.assertEqual(getattr(Settings(**{name: value}), name), value)
            for bad in (None, -1, 1.5, 1.0, inf, nan, "1", True, False):
                self.assertRefused(name, bad, "a whole number, not less than 0")

    def test_frozen(self) -> None:
        """
        They do not change.
        """
        settings = Settings()
        self.assertRaises(FrozenInstanceError, setattr, settings, "duration", 1.0)

    def test_having(self) -> None:
        """
        What overrides them makes others of them.
        """
        settings = Settings(duration=1.0, maxQueue=5)
        changed = settings.having({"maxQueue": 6, "closeTimeout": None})
        self.assertEqual(changed, Settings(duration=1.0, maxQueue=6, closeTimeout=None))
        self.assertEqual(settings, Settings(duration=1.0, maxQueue=5))
        self.assertEqual(settings.having({}), settings)

    def test_havingUnknown(self) -> None:
        """
        A name that is none of them is refused in one line that tells which
        there are.
        """
        error = self.assertRaises(LocalProtocolError, Settings().having, {"timeout": 1})
        known = ", ".join(sorted(NAMES))
        self.assertEqual(str(error), f"unknown option 'timeout'; there are {known}")

    def test_havingBad(self) -> None:
        """
        So is a value.
        """
        error = self.assertRaises(LocalProtocolError, Settings().having, {"maxQueue": "7"})
        self.assertEqual(str(error), "maxQueue takes a whole number, not less than 0: '7'")
