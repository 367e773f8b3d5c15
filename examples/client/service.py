"""
A client that stays: a service, which comes back when its connection goes. Run it
with the URL of the server of the example "acknowledgements" as its argument (default
http://localhost:8080).
"""

from __future__ import annotations

import sys

from twisted.internet import reactor
from twisted.internet.task import LoopingCall
from twisted.python.log import startLogging

import txsocketio

startLogging(sys.stdout)

url = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"

service = txsocketio.SocketIOClientService(url, transports=["websocket"], connectTimeout=5)
socket = service.socket


@socket.on("connect")
def connect() -> None:
    print("again, where it was" if socket.recovered else f"connected as {socket.sessionId}")


@socket.on("disconnect")
def disconnect(reason: str) -> None:
    print(f"disconnected: {reason}")


@socket.on("connect_error")
def connectError(error: Exception) -> None:
    print(f"no connection: {error}")


@socket.on("name?")
def name() -> str:
    # What a handler returns is the acknowledgement; it may be a Deferred.
    return "Ann"


async def ask() -> None:
    try:
        print(await socket.emitWithAck("hello", timeout=5))
    except (txsocketio.AckTimeout, txsocketio.ClientDisconnected) as error:
        print(f"no answer: {error}")


asking = LoopingCall(ask)

# Where there is an Application, service.setServiceParent(application) does the same.
service.startService()
service.whenConnected().addCallback(lambda _: asking.start(10))
reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
reactor.run()
