"""
A site of one's own, and Socket.IO beside it on the same port: C{listen} takes
C{/socket.io/} and leaves every other address to the site. Run it with the
port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))  # as it was without us

io = txsocketio.listen(site)


@io.on("clientMessage")
def message(message: Any, client: txsocketio.Client) -> None:
    client.broadcast(message)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
