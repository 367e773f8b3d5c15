"""
Connection state recovery: a client that was away for a moment comes back with its
id, its rooms and its data, and gets what it has missed. Run it with the port to
serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
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
io = txsocketio.listen(
    site,
    clientFiles=BUNDLE if BUNDLE.is_dir() else None,
    connectionStateRecovery={"maxDisconnectionDuration": 60.0, "skipMiddlewares": True},
)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    if client.recovered:
        print("back:", client.data["name"])
    else:
        client.join("lobby")
        client.data["name"] = f"guest {len(io.clients)}"
        client.emit("name", client.data["name"])

    @client.on("say")
    def say(text: str) -> None:
        io.to("lobby").emit("said", client.data["name"], text)


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
