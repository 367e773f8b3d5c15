"""
Socket.IO as a resource among others, wherever in a tree it is wanted: here
below C{/live/socket.io}. Run it with the port to serve as its argument
(default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

from txsocketio import Client, Listener, SocketIOResource

startLogging(sys.stdout)

root = File(str(Path(__file__).with_name("page")))  # as it was without us
live = Resource()
root.putChild(b"live", live)

io = Listener()
live.putChild(b"socket.io", SocketIOResource(io))


@io.on("clientMessage")
def message(message: Any, client: Client) -> None:
    client.broadcast(message)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(Site(root))
reactor.run()
