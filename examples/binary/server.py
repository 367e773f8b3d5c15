"""
Binary data: bytes within an event's arguments, wherever they stand there. Run it
with the port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))
# Node's client, if it has been installed as README.rst says.
BUNDLE = Path(__file__).parents[1] / "node_modules/socket.io-client/dist"
io = txsocketio.listen(site, clientFiles=BUNDLE if BUNDLE.is_dir() else None)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("upload")
    def upload(name: str, data: bytes) -> str:
        client.exclude().emit("file", {"name": name, "data": data, "start": data[:4]})
        return sha256(data).hexdigest()


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
