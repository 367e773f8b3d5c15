"""
The specification's own server, line by line; each original line stands above
its translation. Run it with the port to serve as its argument (default 80).

What the original leaves out (C{...}) is to print what comes. Added, and marked
so, are the choice of the port, the log, the page of the specification's second
sample, and the event loop, which Node runs of itself.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

# var http = require('http'),
from twisted.internet import reactor
from twisted.python.log import startLogging
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

#     io = require('./path/to/socket.io'),
import txsocketio as io

PAGE = Path(__file__).with_name("index.html").read_bytes()


class Application(Resource):
    isLeaf = True

    # http.createServer(function(req, res){
    def render(self, req: Request) -> int:
        # // your normal server code

        # res.writeHeader(200, {'Content-Type': 'text/html'});
        req.setResponseCode(200)
        req.setHeader(b"content-type", b"text/html")
        # res.writeBody('<h1>Hello world</h1>');
        req.write(PAGE if req.path == b"/index.html" else b"<h1>Hello world</h1>")  # added: PAGE
        # res.finish();
        req.finish()
        # });
        return NOT_DONE_YET


startLogging(sys.stdout)  # added

# server =
server = Site(Application())

# server.listen(80);
port = int(sys.argv[1]) if len(sys.argv) > 1 else 80  # added
reactor.listenTCP(port, server)  # type: ignore[arg-type, unused-ignore]

# // socket.io, I choose you
# var socket = io.listen(server);
socket = io.listen(server)


# socket.on('connection', function(client){
@socket.on("connection")
def connection(client: io.Client) -> None:
    # // new client is here!

    # client.on('message', function(){ … })
    @client.on("message")
    def message(message: Any) -> None:
        print("message:", message)

    # client.on('disconnect', function(){ … })
    @client.on("disconnect")
    def disconnect(reason: str) -> None:
        print("disconnect:", reason)


# })

reactor.run()  # added
