"""
Node's client script, served in place of our own. Run it with the port to serve and
the folder of the script as its arguments.
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

site = Site(File(str(Path(__file__).with_name("page"))))
folder = sys.argv[2] if len(sys.argv) > 2 else "node_modules/socket.io-client/dist"
io = txsocketio.listen(site, clientFiles=folder)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("echo")
    def echo(*args: Any) -> tuple[Any, ...]:
        return args


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
