"""
Socket.IO for Twisted.

What is exported here is the public interface; everything else is private.
"""

from txsocketio.audience import Audience
from txsocketio.client import Client
from txsocketio.errors import (
    AckTimeout,
    ClientDisconnected,
    ConnectFailed,
    ConnectionRefused,
    DisconnectReason,
    LocalProtocolError,
    QueueFull,
    RemoteProtocolError,
    SocketIOError,
    UnsupportedByClient,
)
from txsocketio.handshake import Handshake
from txsocketio.listener import Listener, listen
from txsocketio.namespace import Namespace
from txsocketio.outgoing.connecting import connect
from txsocketio.outgoing.service import SocketIOClientService
from txsocketio.outgoing.socket import ClientSocket
from txsocketio.parents import ParentNamespace
from txsocketio.resource import SocketIOResource

__all__ = [
    "AckTimeout",
    "Audience",
    "Client",
    "ClientDisconnected",
    "ClientSocket",
    "ConnectFailed",
    "ConnectionRefused",
    "DisconnectReason",
    "Handshake",
    "Listener",
    "LocalProtocolError",
    "Namespace",
    "ParentNamespace",
    "QueueFull",
    "RemoteProtocolError",
    "SocketIOClientService",
    "SocketIOError",
    "SocketIOResource",
    "UnsupportedByClient",
    "connect",
    "listen",
]
