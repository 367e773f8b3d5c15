"""
The way of a message from its transport to the handler, and of the answer back, is
as short as it was made.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.test.echoing import Echo, calls

CALLS = {"annotated": 19, "colon": 25, "eio3": 24, "eio4": 22}
"""
How many Python functions are called from C{Session.received} of an event, which is
the first of them, to C{ITransport.write} of the one that answers it, which is not
among them; nor is the handler.

Each takes what a search in a dict takes, and whatever it does: two more make a
message dearer by some five in a hundred, and nobody sees it happen. Who adds a call
here, knowingly, raises the number, and tells of it in "The hot path" of
C{docs/architecture.rst}; who saves one lowers it.
"""


class PathTests(SynchronousTestCase):
    """
    An event comes, and its handler emits another.
    """

    def test_calls(self) -> None:
        """
        In each generation that has events there are just so many calls on the way.
        """
        for name, most in CALLS.items():
            echo = Echo(name, "x" * 20)
            found = calls(echo.send)
            listed = "\n".join(f"{count:4} {function}" for function, count in found.items())
            self.assertEqual(found.total(), most, f"{name}:\n{listed}")
