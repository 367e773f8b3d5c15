"""
A server with any options, which C{twistd socketio} has not:

    python benchmarks/service.py MODULE:CALLABLE '{"heartbeatInterval": 5}'

It listens on any port of 127.0.0.1, or where a third argument says, in Twisted's
words for it (C{ssl:0:interface=127.0.0.1:privateKey=key.pem}); says on which port,
and ends with SIGTERM.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.task import react
from twisted.logger import globalLogBeginner, textFileLogObserver
from twisted.python.reflect import namedAny
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio


async def main(
    reactor: Any, app: str, options: str, where: str = "tcp:0:interface=127.0.0.1"
) -> None:
    """
    Serve until the reactor is told to stop.
    """
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)])
    site: Any = Site(Resource())
    # A line for each request would be most of the work.
    site.log = _ignore
    listener = txsocketio.listen(site, flashPolicyServer=False, **json.loads(options))
    module, _, name = app.partition(":")
    namedAny(f"{module}.{name}")(listener)
    reactor.addSystemEventTrigger("before", "shutdown", listener.close)
    await serverFromString(reactor, where).listen(site)
    await Deferred()


def _ignore(request: object) -> None:
    """
    Nobody reads it.
    """


if __name__ == "__main__":
    react(main, sys.argv[1:])
