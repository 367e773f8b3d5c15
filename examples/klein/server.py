"""
Socket.IO beside a Klein application, whose routes talk to all pages. Run it with
the port to serve as its argument (default 8080).
"""

from __future__ import annotations

import sys
from pathlib import Path

from klein import Klein
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.python.log import startLogging
from twisted.web.http import Request
from twisted.web.server import Site
from twisted.web.static import File

import txsocketio

startLogging(sys.stdout)

PAGE = str(Path(__file__).with_name("page"))

app = Klein()
site = Site(app.resource())
io = txsocketio.listen(site)


@app.route("/", branch=True)
def page(request: Request) -> File:
    return File(PAGE)


@app.route("/announce", methods=["POST"])
def announce(request: Request) -> None:
    io.broadcast(request.args.get(b"text", [b""])[0].decode("utf-8", "replace"))
    request.setResponseCode(204)


@app.route("/count")
def count(request: Request) -> str:
    return f"{len(io.clients)} connected"


port = sys.argv[1] if len(sys.argv) > 1 else "8080"
serverFromString(reactor, f"tcp:{port}").listen(site)
reactor.run()
