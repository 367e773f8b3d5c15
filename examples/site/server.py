"""
A plain site: static files, a form, and Socket.IO, which tells all pages at once
what came by the form. Run it with the port to serve as its argument (default
8080).
"""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

said: deque[str] = deque(maxlen=20)

root = File(str(Path(__file__).with_name("page")))
site = Site(root)
io = txsocketio.listen(site)


class Say(Resource):
    def render_POST(self, request: Request) -> bytes:
        text = request.args.get(b"text", [b""])[0].decode("utf-8", "replace")
        if text:
            said.append(text)
            io.broadcast(text)
        request.setResponseCode(303)
        request.setHeader(b"Location", b"/")
        return b""


@io.on("connection")
def connection(client: txsocketio.Client) -> None:
    for text in said:
        client.send(text)


root.putChild(b"say", Say())


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
