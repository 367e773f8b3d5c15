"""
A server and its clients in memory, for the tests of applications::

    from txsocketio.testing import TestServer

    server = TestServer(myapplication.attach)
    alice, bob = server.connect(), server.connect(protocol="eio3")
    alice.emit("chat", "hi")
    bob.expect("chat", "hi")
    server.advance(60.0)

Clients of every generation and transport, which speak the real protocol, without
sockets and without real time. C{docs/testing.rst} tells more.
"""

from txsocketio.testing._client import Event, NotConnected, TestClient
from txsocketio.testing._line import Refused
from txsocketio.testing._server import TestServer

__all__ = ["Event", "NotConnected", "Refused", "TestClient", "TestServer"]
