"""
Acknowledgements of a broadcast: asking everybody, and what to do about those who do
not answer. Run it with the port to serve as its argument (default 8080).
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
io = txsocketio.listen(site)


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    @client.on("poll")
    async def poll(question: str, seconds: float) -> dict[str, Any]:
        others = client.exclude()
        try:
            votes = await others.emitWithAck("question", question, timeout=min(seconds, 60))
        except txsocketio.AckTimeout as late:
            return {"votes": late.answers, "complete": False}
        return {"votes": votes, "complete": True}


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
