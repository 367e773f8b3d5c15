"""
Tests for L{txsocketio.transports.flashsocket}: a Flash movie's way to the
server, from end to end, by raw sockets.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

import txsocketio
from txsocketio.test.child import ChildCase, Conversation
from txsocketio.test.support import HANDSHAKE, Server

reactor: Any = _reactor

REQUEST = b"<policy-file-request/>\0"
ENTRY = '<allow-access-from domain="good.com" to-ports="*"/>'


class FlashSocketTests(SynchronousTestCase):
    """
    In memory: as websocket, under another name.
    """

    def test_session(self) -> None:
        server = Server()
        for url in ("/flashsocket", "/flashsocket/", "/flashsocket//1795410652013"):
            wire = server.webSocket(url)
            (greeting,) = wire.texts()
            client = server.io.clients[greeting[5:-1]]
            self.assertEqual(client.transport, "flashsocket")
            client.on("message", client.send)
            wire.say("1:6::hello,")
            self.assertEqual(wire.texts(), ["1:6::hello,"])

    def test_notOfWebSocket(self) -> None:
        """
        A session is continued on neither of the two if it is the other's.
        """
        server = Server()
        server.webSocket("/websocket")
        (sid,) = server.io.clients
        answer = server.webSocket(f"/flashsocket/{sid}").answer()
        self.assertEqual(
            (answer.status, answer.body), (400, b"this session belongs to another transport\n")
        )


class EndToEndTests(ChildCase):
    """
    On ports: the policy, and then the socket.
    """

    def serve(self, **options: Any) -> None:
        """
        Two ports, one of them for policies.
        """
        site = Site(Resource(), reactor=reactor)
        site.noisy = False
        self.io = txsocketio.listen(site, flashPolicyPort=0, **options)
        self.io.on("clientMessage", lambda message, client: self.io.broadcast(message))
        factory: Any = site
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.addCleanup(self.io.close)
        self.port = port.getHost().port
        policyPort: Any = self.io._policyPort
        self.policyPort = policyPort.getHost().port

    async def policy(self, port: int, *pieces: bytes) -> str:
        """
        What a connection gets, up to its end.
        """
        asking = await self.connect(port)
        for piece in pieces:
            asking.write(piece)
        await asking.closed
        return asking.heard.data.decode("ascii")

    async def flashSocket(self) -> Conversation:
        """
        Connect, as the movie does for a page of good.com.
        """
        conversation = await self.connect(self.port)
        headers = {**HANDSHAKE, "Origin": "http://good.com"}
        conversation.request("/socket.io/flashsocket", headers)
        await conversation.heard.until("3:20:")
        return conversation

    async def test_policyThenSocket(self) -> None:
        """
        The policy is the same on both ports, asked for in one piece or two;
        with it the socket talks to any other client.
        """
        self.serve(origins="good.com:*")
        asked = [
            await self.policy(port, *pieces)
            for port in (self.policyPort, self.port)
            for pieces in ((REQUEST,), (REQUEST[:5], REQUEST[5:]))
        ]
        self.assertEqual(len(set(asked)), 1)
        self.assertEqual(asked[0].count("<allow-access-from"), 1)
        self.assertIn(ENTRY, asked[0])
        flash, other = await self.flashSocket(), await self.webSocket(self.port)
        flash.say(":from Flash")
        await other.heard.until("1:11::from Flash,")
        other.say(":from the other")
        await flash.heard.until("1:15::from the other,")
        transports = sorted(client.transport for client in self.io.clients.values())
        self.assertEqual(transports, ["flashsocket", "websocket"])

    async def test_atOnce(self) -> None:
        """
        Whoever connects to the policy's port gets it, and may be silent; on
        the other port it has to be asked for.
        """
        self.serve(origins="good.com:*", flashPolicyAtOnce=True)
        waiting = await self.connect(self.policyPort)
        await waiting.heard.until("</cross-domain-policy>")
        self.assertIn(ENTRY.encode("ascii"), waiting.heard.data)
        self.assertIn(ENTRY, await self.policy(self.policyPort, REQUEST))
        self.assertIn(ENTRY, await self.policy(self.port, REQUEST))
        await self.flashSocket()

    async def test_originNotAllowed(self) -> None:
        """
        A page that the policy does not name is refused by the socket too.
        """
        self.serve(origins="good.com:*")
        evil = await self.connect(self.port)
        evil.request("/socket.io/flashsocket", {**HANDSHAKE, "Origin": "http://evil.com"})
        await evil.heard.until("Origin is not allowed: http://evil.com")
        self.assertTrue(evil.heard.data.startswith(b"HTTP/1.1 403 "))
