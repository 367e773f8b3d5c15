"""
flashsocket: WebSocket, as a Flash movie in the page brings it to browsers that
have none.
"""

from __future__ import annotations

from txsocketio.transports.websocket import WebSocket


class FlashSocket(WebSocket):
    """
    C{GET} of C{/flashsocket[/sid]}, in all else as on C{/websocket}. Before it
    connects, the movie asks for a policy: L{txsocketio.flashpolicy}.
    """

    name = "flashsocket"
