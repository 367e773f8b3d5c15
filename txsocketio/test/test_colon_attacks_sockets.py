"""
Attacks on the sockets of Socket.IO 0.7 to 0.9. See C{test_attacks_sockets.py},
from which they all are, and C{test_colon_attacks.py} for all others.
"""

from __future__ import annotations

from txsocketio.test import test_attacks_sockets as first


class ColonSocketCase(first.SocketCase):
    """
    Every session begins with a handshake.
    """

    streams = ("htmlfile",)
    streamGreeting = b'parent.s._("1::", document)'
    greeting = b"\x81\x031::"

    def text(self, words: str) -> bytes:
        """
        See L{first.SocketCase.text}.
        """
        return f"3:::{words}".encode()

    async def urlOf(self, transport: str) -> str:
        """
        See L{first.SocketCase.urlOf}. The connection of the handshake stays,
        as a browser's does.
        """
        peer = await self.connect()
        peer.transport.write(b"GET /socket.io/1/ HTTP/1.1\r\nHost: x\r\n\r\n")
        await peer.until(b",jsonp-polling")
        sid = peer.data.decode().partition("\r\n\r\n")[2].partition(":")[0]
        return f"/socket.io/1/{transport}/{sid}"


class ConnectionAttacks(ColonSocketCase, first.ConnectionAttacks):
    """
    What happens to the connection.
    """


class ReadingAttacks(ColonSocketCase, first.ReadingAttacks):
    """
    Peers that do not read.
    """
