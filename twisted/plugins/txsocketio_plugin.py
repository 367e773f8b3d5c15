"""
C{twistd socketio}.
"""

from __future__ import annotations

from twisted.application.service import ServiceMaker

socketio = ServiceMaker(
    "txsocketio",
    "txsocketio.tap",
    "A Socket.IO server, with a chat to try it.",
    "socketio",
)
