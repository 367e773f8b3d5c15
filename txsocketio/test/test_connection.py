"""
Tests for L{txsocketio.connection}: how clients come into realms and go from
them, through a site in memory.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from txsocketio import Client, ConnectionRefused, LocalProtocolError
from txsocketio.test.peer import Peer
from txsocketio.test.support import Server

CONNECT = "r:chat\ne:connect\nj:[]"
DISCONNECT = "r:chat\ne:disconnect\nj:[]"


class RealmCase(SynchronousTestCase):
    """
    A server with the realm C{chat}, C{calls} of whose handlers are noted, and
    a peer that has not joined it.
    """

    def setUp(self) -> None:
        self.server = Server()
        self.io = self.server.io
        self.chat = self.io.realm("chat")
        self.calls: list[Any] = []
        self.chat.on("connection", lambda client: self.calls.append("connection"))
        self.chat.on("clientMessage", lambda message, client: self.calls.append(message))
        self.chat.on("clientDisconnect", lambda client: self.calls.append("clientDisconnect"))
        self.peer = Peer(self.server)

    def refuse(self, client: Client) -> None:
        """
        Middleware that lets nobody in.
        """
        raise ConnectionRefused("members only", {"code": 7})


class Joining(RealmCase):
    """
    How a client comes into a realm.
    """

    def test_byTalking(self) -> None:
        """
        The first message joins, as from a client of 2010, which is not told.
        """
        self.peer.say("r:chat:hello")
        self.assertEqual(["connection", "hello"], self.calls)
        self.assertEqual({self.peer.sid}, set(self.chat.clients))
        self.assertEqual([], self.peer.heard())

    def test_byTalkingOnce(self) -> None:
        """
        The second one finds it there.
        """
        self.peer.say("r:chat:one")
        client = self.peer.inRealm("chat")
        self.peer.say("r:chat:two")
        self.assertEqual(["connection", "one", "two"], self.calls)
        self.assertIs(client, self.peer.inRealm("chat"))

    def test_byEvent(self) -> None:
        """
        An event joins, too.
        """
        self.chat.on("connection", lambda client: client.on("hi", self.calls.append))
        self.peer.emit("hi", 5, realm="chat")
        self.assertEqual(["connection", 5], self.calls)

    def test_explicitly(self) -> None:
        """
        Who asks to join is told that it has, before anything else.
        """
        self.chat.on("connection", lambda client: client.send("welcome"))
        self.peer.say(CONNECT)
        self.assertEqual([CONNECT, "r:chat:welcome"], self.peer.heard())
        self.assertEqual(["connection"], self.calls)

    def test_explicitlyAgain(self) -> None:
        """
        Who has joined already is told so, and nothing happens.
        """
        self.peer.say("r:chat:hello")
        self.peer.say(CONNECT)
        self.peer.say(CONNECT)
        self.assertEqual([CONNECT, CONNECT], self.peer.heard())
        self.assertEqual(["connection", "hello"], self.calls)

    def test_inItsForm(self) -> None:
        """
        The answer is in the client's own form.
        """
        self.peer.say("r:chat\ne:connect\nj\n:[]")
        self.assertEqual(["r:chat\ne:connect\nj\n:[]"], self.peer.heard())

    def test_apart(self) -> None:
        """
        A realm is a client of its own beside the default namespace's.
        """
        self.peer.say("r:chat:hello")
        inChat, root = self.peer.inRealm("chat"), self.peer.client
        self.assertIsNot(root, inChat)
        self.assertEqual(root.sessionId, inChat.sessionId)
        self.assertIs(self.io, inChat.listener)
        self.assertEqual(root.handshake, inChat.handshake)
        inChat.data["a"] = 1
        self.assertEqual({}, root.data)

    def test_unknown(self) -> None:
        """
        A realm that the server has not got ends the session, with a reason.
        """
        reasons: list[str] = []
        self.peer.client.on("disconnect", reasons.append)
        self.peer.say("r:nowhere:hello")
        self.assertEqual(["parse error"], reasons)
        self.assertEqual(["close 1002"], self.peer.heard())
        self.assertEqual({}, self.io.clients)

    def test_unknownExplicitly(self) -> None:
        """
        Who asks to join one that the server has not got is refused, and stays
        on the server.
        """
        self.peer.say("r:nowhere\ne:connect\nj:[]")
        self.assertEqual(
            ['r:nowhere\ne:connect_error\nj:[{"message":"Invalid namespace"}]'], self.peer.heard()
        )
        self.assertTrue(self.peer.client.connected)

    def test_unknownOverPolling(self) -> None:
        """
        A POST is told it as its answer, in one line.
        """
        answer = self.server.post(
            f"/xhr-polling/{self.server.open()}/send", "1:15:r:nowhere:hello,"
        ).answer()
        self.assertEqual(400, answer.status)
        self.assertEqual(b"there is no namespace '/nowhere'\n", answer.body)

    def test_acknowledgement(self) -> None:
        """
        Acknowledgements belong to their realm.
        """
        self.peer.say("r:chat:hello")
        inChat, root = self.peer.inRealm("chat"), self.peer.client
        inRealm, inRoot = inChat.emitWithAck("ask"), root.emitWithAck("ask")
        self.assertEqual(
            ["r:chat\na:1\ne:ask\nj:[]", "a:1\ne:ask\nj:[]"],
            self.peer.heard(),
        )
        self.peer.emit("", "realm", id=1, realm="chat")
        self.assertEqual("realm", self.successResultOf(inRealm))
        self.assertNoResult(inRoot)
        inChat.on("ask", lambda: "yes")
        self.peer.emit("ask", id=3, realm="chat")
        self.assertEqual(['r:chat\na:3\ne:\nj:["yes"]'], self.peer.heard())


class Refusing(RealmCase):
    """
    Middleware of a realm.
    """

    def test_unsayable(self) -> None:
        """
        Who is refused with data that nothing can carry is refused all the
        same, and the application told.
        """

        @self.io.use
        def refuse(client: Client) -> None:
            raise ConnectionRefused("no", data={1, 2})

        self.assertEqual(["0:0:,", "close 1000"], Peer(self.server).heard())
        self.assertEqual(1, len(self.flushLoggedErrors(LocalProtocolError)))

    def test_auth(self) -> None:
        """
        It sees what the client has sent to be let in there; the default
        namespace, for which nothing was sent, has nothing.
        """
        self.chat.use(lambda client: self.calls.append(client.handshake.auth))
        self.peer.say('r:chat\ne:connect\nj:[{"token":"sesame"}]')
        self.assertEqual([{"token": "sesame"}, "connection"], self.calls)
        client = self.io.clients[self.peer.sid]
        self.assertEqual(client.handshake.auth, {})
        self.assertEqual(client.handshake.url, self.peer.inRealm("chat").handshake.url)

    def test_refused(self) -> None:
        """
        Who asked is told why it is refused, and stays on the server.
        """
        self.chat.use(self.refuse)
        self.peer.say(CONNECT)
        self.assertEqual(
            ['r:chat\ne:connect_error\nj:[{"message":"members only","data":{"code":7}}]'],
            self.peer.heard(),
        )
        self.assertEqual([], self.calls)
        self.assertEqual({}, self.chat.clients)
        self.peer.client.send("still here")
        self.assertEqual([":still here"], self.peer.heard())

    def test_talking(self) -> None:
        """
        So is who just talks; it is told once, and not heard.
        """
        self.chat.use(self.refuse)
        self.peer.say("r:chat:one")
        self.peer.say("r:chat:two")
        self.assertEqual(1, len(self.peer.heard()))
        self.assertEqual([], self.calls)
        self.assertTrue(self.peer.client.connected)

    def test_again(self) -> None:
        """
        It may ask again.
        """
        doors = [self.refuse]
        self.chat.use(lambda client: doors and doors[0](client))
        self.peer.say(CONNECT)
        self.peer.heard()
        doors.clear()
        self.peer.say(CONNECT)
        self.assertEqual([CONNECT], self.peer.heard())
        self.peer.say("r:chat:hello")
        self.assertEqual(["connection", "hello"], self.calls)

    def test_slowly(self) -> None:
        """
        While it is being decided, the client waits; confirmed is what has
        been decided, and then what it has said meanwhile is heard.
        """
        decided: Deferred[None] = Deferred()
        self.chat.use(lambda client: decided)
        self.peer.say(CONNECT)
        self.peer.say("r:chat:early")
        self.assertEqual(([], []), (self.calls, self.peer.heard()))
        decided.callback(None)
        self.assertEqual(["connection", "early"], self.calls)
        self.assertEqual([CONNECT], self.peer.heard())

    def test_asksAgainMeanwhile(self) -> None:
        """
        Who asks again while it is being decided is not told before.
        """
        for outcome in (None, ConnectionRefused("no")):
            peer = Peer(self.server)
            decided: Deferred[Any] = Deferred()
            self.chat.use(lambda client, decided=decided: decided)
            peer.say("r:chat:early")
            peer.say(CONNECT)
            peer.say(CONNECT)
            self.assertEqual([], peer.heard())
            if outcome is None:
                decided.callback(None)
                self.assertEqual([CONNECT, CONNECT], peer.heard())
            else:
                decided.errback(outcome)
                self.assertEqual(['r:chat\ne:connect_error\nj:[{"message":"no"}]'], peer.heard())

    def test_asksTooOften(self) -> None:
        """
        Nor can it ask as often as it likes.
        """
        server = Server(maxPending=3)
        server.io.realm("chat").use(lambda client: Deferred())
        peer = Peer(server)
        for _ in range(5):
            peer.say(CONNECT)
        self.assertEqual(["close 1008"], peer.heard())

    def test_leavesMeanwhile(self) -> None:
        """
        Who leaves before it is decided never was there.
        """
        for outcome in (None, ConnectionRefused("no")):
            decided: Deferred[Any] = Deferred()
            self.chat.use(lambda client, decided=decided: decided)
            self.peer.say(CONNECT)
            self.peer.say(DISCONNECT)
            if outcome is None:
                decided.callback(None)
            else:
                decided.errback(outcome)
            self.assertEqual(([], []), (self.calls, self.peer.heard()))
            self.assertEqual({}, self.chat.clients)

    def test_refusedTooLate(self) -> None:
        """
        A refusal of one that has left does not touch the one that has come
        back since.
        """
        decisions: list[Deferred[None]] = []

        def decide(client: Client) -> Deferred[None]:
            decisions.append(Deferred())
            return decisions[-1]

        self.chat.use(decide)
        self.peer.say(CONNECT)
        self.peer.say(DISCONNECT)
        self.peer.say(CONNECT)
        first, second = decisions
        first.errback(ConnectionRefused("no"))
        second.callback(None)
        self.peer.say("r:chat:hello")
        self.assertEqual([CONNECT], self.peer.heard())
        self.assertEqual(["connection", "hello"], self.calls)
        self.peer.goodbye()
        self.assertEqual({}, self.chat.clients)

    def test_others(self) -> None:
        """
        One realm's middleware is asked about that realm only.
        """
        self.chat.use(self.refuse)
        self.io.realm("free")
        self.peer.say("r:free:hello")
        self.assertTrue(self.peer.inRealm("free").connected)
        self.assertTrue(self.peer.client.connected)


class RootFirst(RealmCase):
    """
    Middleware of the default namespace, which is the connection itself.
    """

    def test_realmWaits(self) -> None:
        """
        Who has not been let in there is in no realm, and is not heard in any.
        """
        decided: Deferred[None] = Deferred()
        self.io.use(lambda client: decided)
        asked: list[str] = []
        self.chat.use(lambda client: asked.append(client.sessionId))
        peer = Peer(self.server)
        peer.say(CONNECT)
        peer.say("r:chat:early")
        self.assertEqual(([], [], []), (self.calls, asked, peer.heard()))
        self.assertEqual({}, self.chat.clients)
        decided.callback(None)
        self.assertEqual(["connection", "early"], self.calls)
        self.assertEqual([CONNECT], peer.heard())

    def test_realmComesAfter(self) -> None:
        """
        The handlers of the default namespace hear of the client first, and
        what they wait for is nothing to the others.
        """
        decided: Deferred[None] = Deferred()
        waiting: Deferred[None] = Deferred()
        self.io.use(lambda client: decided)

        def connection(client: Client) -> Deferred[None]:
            self.calls.append("root")
            return waiting

        self.io.on("connection", connection)
        peer = Peer(self.server)
        peer.say("r:chat:early")
        decided.callback(None)
        self.assertEqual(["root", "connection", "early"], self.calls)

    def test_realmLeftMeanwhile(self) -> None:
        """
        Who has left the realm by then, or is sent away as it comes, is not
        asked about there.
        """
        asked: list[Client] = []
        self.chat.use(asked.append)
        for leave in (True, False):
            decided: Deferred[None] = Deferred()
            self.io.use(lambda client, decided=decided: decided)
            peer = Peer(self.server)
            peer.say(CONNECT)
            if leave:
                peer.say(DISCONNECT)
            else:
                self.io.on("connection", lambda client: client.disconnect())
            decided.callback(None)
        self.assertEqual(([], []), (asked, self.calls))

    def test_realmRefused(self) -> None:
        """
        If it is turned away there, it never was in a realm.
        """
        decided: Deferred[None] = Deferred()
        self.io.use(lambda client: decided)
        peer = Peer(self.server)
        peer.say("r:chat:early")
        decided.errback(ConnectionRefused("no"))
        self.assertEqual([], self.calls)
        self.assertEqual("close 1000", peer.heard()[-1])


class Leaving(RealmCase):
    """
    How a client goes from a realm.
    """

    def setUp(self) -> None:
        super().setUp()
        self.peer.say("r:chat:hello")
        self.client = self.peer.inRealm("chat")
        self.client.on("disconnect", self.calls.append)
        self.calls.clear()

    def test_leaves(self) -> None:
        """
        The client says so; the connection lives on.
        """
        self.peer.say(DISCONNECT)
        self.assertEqual(["client namespace disconnect", "clientDisconnect"], self.calls)
        self.assertFalse(self.client.connected)
        self.assertEqual({}, self.chat.clients)
        self.assertTrue(self.peer.client.connected)
        self.assertEqual([], self.peer.heard())

    def test_leavesTwice(self) -> None:
        """
        Leaving what it is not in is no error.
        """
        self.peer.say(DISCONNECT)
        self.peer.say(DISCONNECT)
        self.assertEqual(2, len(self.calls))
        self.assertTrue(self.peer.client.connected)

    def test_comesBack(self) -> None:
        """
        It may come back, and is another client then.
        """
        self.peer.say(DISCONNECT)
        self.calls.clear()
        self.peer.say("r:chat:again")
        self.assertEqual(["connection", "again"], self.calls)
        self.assertIsNot(self.client, self.peer.inRealm("chat"))
        self.assertFalse(self.client.connected)

    def test_dismissed(self) -> None:
        """
        What was on its way when the server sent it away is not heard.
        """
        self.client.disconnect()
        self.assertEqual([DISCONNECT], self.peer.heard())
        self.calls.clear()
        self.peer.say("r:chat:on its way")
        self.peer.emit("too", realm="chat")
        self.assertEqual([], self.calls)
        self.assertEqual({}, self.chat.clients)
        self.assertTrue(self.peer.client.connected)

    def test_dismissedComesBack(self) -> None:
        """
        It may ask to join again.
        """
        self.client.disconnect()
        self.peer.heard()
        self.calls.clear()
        self.peer.say(CONNECT)
        self.peer.say("r:chat:again")
        self.assertEqual(["connection", "again"], self.calls)
        self.assertEqual([CONNECT], self.peer.heard())

    def test_dismissedComesBackAndLeaves(self) -> None:
        """
        Who has come back and left of its own will may join by talking again.
        """
        self.client.disconnect()
        self.peer.say(CONNECT)
        self.peer.say(DISCONNECT)
        self.calls.clear()
        self.peer.say("r:chat:again")
        self.assertEqual(["connection", "again"], self.calls)

    def test_goodbye(self) -> None:
        """
        Whoever ends the connection leaves all realms, each with the reason.
        """
        self.peer.client.on("disconnect", lambda reason: self.calls.append(f"root: {reason}"))
        self.peer.goodbye()
        self.assertEqual(
            {
                "client namespace disconnect",
                "clientDisconnect",
                "root: client namespace disconnect",
            },
            set(self.calls),
        )
        self.assertEqual(({}, {}), (dict(self.chat.clients), dict(self.io.clients)))

    def test_rootIsNotLeft(self) -> None:
        """
        The default namespace is left by ending the connection, and by nothing
        else.
        """
        self.peer.say("e:disconnect\nj:[]")
        self.assertEqual(["close 1002"], self.peer.heard())
