"""
Socket.IO for Twisted.

What is exported here is the public interface; everything else is private.
"""

from txsocketio.audience import Audience
from txsocketio.client import Client
from txsocketio.errors import (
    AckTimeout,
    ClientDisconnected,
    ConnectionRefused,
    DisconnectReason,
    LocalProtocolError,
    RemoteProtocolError,
    SocketIOError,
    UnsupportedByClient,
)
from txsocketio.handshake import Handshake
from txsocketio.listener import Listener, listen
from txsocketio.namespace import Namespace
from txsocketio.parents import ParentNamespace
from txsocketio.resource import SocketIOResource

__all__ = [
    "AckTimeout",
    "Audience",
    "Client",
    "ClientDisconnected",
    "ConnectionRefused",
    "DisconnectReason",
    "Handshake",
    "Listener",
    "LocalProtocolError",
    "Namespace",
    "ParentNamespace",
    "RemoteProtocolError",
    "SocketIOError",
    "SocketIOResource",
    "UnsupportedByClient",
    "listen",
]
