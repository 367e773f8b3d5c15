"""
Acknowledgements, both ways: what a handler returns is the answer to who asked
for one, and the server can ask a client. Run it with the port to serve as its
argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import deferLater
from twisted.python.log import startLogging
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

site = Site(File(str(Path(__file__).with_name("page"))))
io = txsocketio.listen(site)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("divide")
    def divide(a: float, b: float) -> tuple[str | None, float | None]:
        # A tuple is several arguments; None alone would be none.
        return (None, a / b) if b else ("nobody can divide by 0", None)

    @client.on("wait")
    async def wait(seconds: float) -> str:
        await deferLater(reactor, min(seconds, 10))
        return f"waited for {seconds} s"

    @client.on("hello")
    async def hello() -> str:
        try:
            name = await client.emitWithAck("name?", timeout=60)
        except txsocketio.AckTimeout:
            name = "whoever you are"
        return f"Hello {name}!"


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
