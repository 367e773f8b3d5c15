"""
What the examples' applications do, with clients of every generation, in memory.
Whether they run as they stand is L{txsocketio.test.test_examples}' affair.
"""

from __future__ import annotations

import runpy
import sys
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import TestResult, skipUnless
from unittest.mock import patch

import twisted.internet
from twisted.internet.testing import MemoryReactorClock
from twisted.python import log
from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.testing import Refused, TestClient, TestServer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

EVENTFUL = ("eio4", "eio3", "colon", "annotated")


class _Reactor(MemoryReactorClock):
    """
    A reactor that does not run, and on which nobody listens but in memory.
    """

    def run(self) -> None:
        """
        Nothing.
        """


@skipUnless(EXAMPLES.is_dir(), "an installed package has no examples")
class ExampleTests(SynchronousTestCase):
    """
    The handlers of the examples.
    """

    def serve(self, name: str, variable: str = "io") -> TestServer:
        """
        Run the example of that name, and take its listener.
        """
        reactor, self.printed = _Reactor(), StringIO()
        everywhere = ExitStack()
        for each in (
            patch.object(twisted.internet, "reactor", reactor, create=True),
            patch.dict(sys.modules, {"twisted.internet.reactor": reactor}),
            patch.object(log, "startLogging"),
            patch.object(sys, "argv", ["server.py"]),
            redirect_stdout(self.printed),
        ):
            everywhere.enter_context(each)
        self.addCleanup(everywhere.close)
        example = runpy.run_path(str(EXAMPLES / name / "server.py"))
        return TestServer(listener=example[variable])

    def ask(self, client: TestClient, event: str, *args: Any) -> Any:
        """
        What an event is acknowledged with.
        """
        return self.successResultOf(client.emitWithAck(event, *args))

    def test_rooms(self) -> None:
        """
        Who is in a room hears what is said there.
        """
        server = self.serve("rooms")
        every = [server.connect(protocol=each) for each in server.protocols]
        outside = server.connect()
        for count, client in enumerate(every):
            self.assertEqual(self.ask(client, "join", "red"), ["red"])
            for other in every[:count]:
                other.expect("said", "red", "Somebody came in.")
        every[0].emit("say", "red", "Hi")
        for client in every[1:]:
            client.expect("said", "red", "Hi")
        self.assertEqual(self.ask(every[1], "leave", "red"), [])
        every[0].emit("say", "red", "again")
        for client in (every[0], every[1], outside):
            client.expectNothing()

    def test_acknowledgements(self) -> None:
        """
        Either side asks; who does not answer in time is whoever they are.
        """
        server = self.serve("acknowledgements")
        for protocol in EVENTFUL:
            client = server.connect(protocol=protocol)
            self.assertEqual(self.ask(client, "divide", 6, 4), (None, 1.5))
            self.assertEqual(self.ask(client, "divide", 6, 0), ("nobody can divide by 0", None))
            waiting = client.emitWithAck("wait", 3)
            server.advance(2.9)
            self.assertNoResult(waiting)
            server.advance(0.2)
            self.assertEqual(self.successResultOf(waiting), "waited for 3 s")
            nameless = client.emitWithAck("hello")
            server.advance(61)
            self.assertEqual(self.successResultOf(nameless), "Hello whoever you are!")
            client.on("name?", lambda: "Ann")
            self.assertEqual(self.ask(client, "hello"), "Hello Ann!")

    def test_asking(self) -> None:
        """
        All vote, or those who do before it is too late.
        """
        server = self.serve("asking")
        asker, *others = [server.connect(protocol=each) for each in server.protocols]
        for other in others[:-1]:
            other.on("question", lambda question: f"yes to {question}")
        votes = asker.emitWithAck("poll", "tea?", 10)
        server.advance(5)
        self.assertNoResult(votes)
        server.advance(6)
        result = self.successResultOf(votes)
        self.assertEqual(result, {"votes": ["yes to tea?"] * 2, "complete": False})
        others[-1].on("question", lambda question: "no")
        result = self.ask(asker, "poll", "milk?", 10)
        self.assertEqual((len(result["votes"]), result["complete"]), (3, True))

    def test_auth(self) -> None:
        """
        Who says the word is let in, once; who is impolite is told.
        """
        server = self.serve("auth")
        refused = self.assertRaises(Refused, server.connect)
        self.assertEqual(refused.data, {"hint": "swordfish"})
        ann = server.connect(auth={"token": "swordfish"})
        ann.expect("welcome", "ann")
        refused = self.assertRaises(Refused, server.connect, auth={"token": "swordfish"})
        self.assertEqual((refused.message, refused.data), ("here already", {"user": "ann"}))
        ann.emit("open", "door")
        ann.expect("refused", "open without please")
        self.assertEqual(self.ask(ann, "open", "door", "please"), "door is open")

    def test_middleware(self) -> None:
        """
        The cookie is looked up, which takes its time.
        """
        server = self.serve("middleware")
        for protocol in EVENTFUL:
            client = server.connect(protocol=protocol, headers={"Cookie": "token=xyzzy"})
            client.expectNothing()
            server.advance(0.2)
            client.expect("welcome", "bob")
        stranger = server.connect(headers={"Cookie": "token=plugh"})
        server.advance(0.2)
        assert stranger.refusal is not None
        self.assertEqual(stranger.refusal.data, {"hint": "swordfish"})

    def test_requests(self) -> None:
        """
        Without a ticket, or from another page, nobody comes as far as that.
        """
        server = self.serve("requests")
        origin = {"Origin": "https://example.com"}
        for protocol in EVENTFUL:
            refused = self.assertRaises(Refused, server.connect, protocol=protocol, headers=origin)
            self.assertEqual(refused.status, 403)
            refused = self.assertRaises(
                Refused,
                server.connect,
                protocol=protocol,
                query={"ticket": "swordfish"},
                headers={"Origin": "https://example.org"},
            )
            self.assertEqual(refused.status, 403)
            client = server.connect(
                protocol=protocol,
                query={"ticket": "swordfish"},
                headers=origin,
                address="192.0.2.9",
            )
            url, _ = client.expect("welcome")
            self.assertIn("ticket=swordfish", url)
        self.assertIn("asked from 192.0.2.9", self.printed.getvalue())

    def test_namespaces(self) -> None:
        """
        Tables are made when somebody sits down, and go with the last.
        """
        server = self.serve("namespaces")
        news = server.connect("/news")
        news.expect("message", "Here is the news.")
        for protocol in EVENTFUL:
            ann = server.connect("/table-1", protocol=protocol)
            ann.expect("players", 1)
            news.expect("message", "There is /table-1 now.")
            bob = server.connect("/table-1")
            for client in (ann, bob):
                client.expect("players", 2)
            for client in (ann, bob):
                client.disconnect()
            news.expect("message", "Tables: /table-1")
            news.expect("message")
        self.assertRaises(Refused, server.connect, "/table-x")
        refused = self.assertRaises(Refused, server.connect, "/ann", auth={"secret": "?"})
        self.assertEqual(refused.message, "not yours")
        server.connect("/ann", auth={"secret": "swordfish"}).expect("welcome", "/ann")

    def test_realms(self) -> None:
        """
        Who reads the news hears how many chat.
        """
        server = self.serve("realms")
        for protocol in EVENTFUL:
            reader = server.connect("/news", protocol=protocol)
            reader.expect("message")
            ann, bob = server.connect("/chat", protocol=protocol), server.connect("/chat")
            reader.expect("message", "In the chat: 1")
            reader.expect("message", "In the chat: 2")
            ann.send("Hi")
            bob.expect("message", "Hi")
            ann.expectNothing()
            for client in (ann, bob, reader):
                client.disconnect()

    def test_fetch(self) -> None:
        """
        Those who wait play when it begins, and can be thrown out.
        """
        server = self.serve("fetch")
        every = [server.connect(protocol=each) for each in server.protocols]
        found = self.ask(every[0], "who", "waiting")
        self.assertEqual({each["id"] for each in found}, {each.sessionId for each in every})
        self.assertEqual(self.ask(every[0], "rooms"), {"waiting": 4})
        every[0].emit("begin")
        for client in every:
            client.expect("you play")
        self.assertEqual(self.ask(every[0], "rooms"), {"playing": 4})
        every[0].emit("throw out", every[1].sessionId)
        self.assertEqual([each.connected for each in every], [True, False, True, True])
        self.assertIn("A room opens: playing", self.printed.getvalue())

    def test_recovery(self) -> None:
        """
        Who was away for a moment has missed nothing; others begin anew.
        """
        server = self.serve("recovery")
        ann, bob = server.connect(), server.connect()
        ann.expect("name", "guest 1")
        bob.emit("say", "Hi")
        ann.expect("said", "guest 2", "Hi")
        ann.cut()
        bob.emit("say", "Still there?")
        server.advance(30)
        ann.reconnect()
        self.assertTrue(ann.recovered)
        ann.expect("said", "guest 2", "Still there?")
        self.assertIn("back: guest 1", self.printed.getvalue())
        ann.cut()
        server.advance(100)
        ann.reconnect()
        self.assertFalse(ann.recovered)

    def test_volatile(self) -> None:
        """
        Who does not read misses the moves, and no click.
        """
        server = self.serve("volatile")
        ann, bob = server.connect(), server.connect()
        bob.pause()
        ann.emit("move", 1, 2)
        ann.emit("click", 3, 4)
        bob.resume()
        ann.emit("move", 5, 6)
        self.assertEqual(
            [(each.name, each.args) for each in bob.received],
            [("clicked", (3, 4)), ("moved", (5, 6))],
        )

    def test_flow(self) -> None:
        """
        Rows are made as they are read; who is given too many at once is lost.
        """
        server = self.serve("flow")
        for protocol in EVENTFUL:
            ann = server.connect(protocol=protocol)
            ann.emit("one by one", 5)
            ann.pause()
            server.advance(1)
            ann.resume()
            server.advance(1)
            names = [each.name for each in ann.received]
            self.assertEqual(names, ["row"] * 5 + ["done"])
            ann.pause()
            ann.emit("all at once", 2_000)
            self.assertFalse(ann.connected)
        self.assertEqual(self.printed.getvalue().count("left: slow consumer"), 4)

    def test_binary(self) -> None:
        """
        Bytes arrive where they can.
        """
        server = self.serve("binary")
        ann, old, bob = server.connect(), server.connect(protocol="eio3"), server.connect()
        self.assertEqual(len(self.ask(ann, "upload", "x.png", b"\x89PNG\0")), 64)
        for client in (old, bob):
            client.expect("file", {"name": "x.png", "data": b"\x89PNG\0", "start": b"\x89PNG"})

    def test_msgpack(self) -> None:
        """
        The same as MessagePack.
        """
        server = self.serve("msgpack")
        for protocol in ("eio4", "eio3"):
            client = server.connect(protocol=protocol)
            answer = self.ask(client, "measure", [1, 2], b"abc")
            self.assertEqual(answer, {"mean": 1.5, "first": b"ab"})

    def test_mixed(self) -> None:
        """
        All hear each other; binary data passes by who cannot have it.
        """
        server = self.serve("mixed")
        every = {each: server.connect(protocol=each) for each in server.protocols}
        self.assertEqual({*every}, {*EVENTFUL})
        for protocol, client in every.items():
            self.assertEqual(self.ask(client, "say", "Hi"), 4)
            for other in every.values():
                other.expect("said", protocol, "Hi")
        every["eio4"].emit("show", b"abc")
        every["eio4"].expect("missed by", 2)
        for protocol in ("eio4", "eio3"):
            every[protocol].expect("picture", b"abc")
        every["colon"].expectNothing("picture")

    def test_events(self) -> None:
        """
        Everything is overheard, until it is to be quiet.
        """
        server = self.serve("events")
        for protocol in EVENTFUL:
            client = server.connect(protocol=protocol)
            client.emit("greet", "Ann", {"age": 3})
            client.expect("greeting", "Hello Ann!", {"language": "en", "age": 3})
            client.expect("message", "You have begun.")
            client.emit("be quiet")
            printed = self.printed.getvalue()
            client.emit("greet", "Ann", {})
            self.assertEqual(self.printed.getvalue(), printed)
            client.disconnect()
        self.assertEqual(self.printed.getvalue().count("left: client namespace disconnect"), 4)

    def test_order(self) -> None:
        """
        One event after the other, or all at once.
        """
        for variable, first in (("inOrder", "stew"), ("atOnce", "toast")):
            server = self.serve("order", variable)
            for protocol in EVENTFUL:
                client = server.connect(protocol=protocol)
                client.emit("cook", "stew", 3)
                client.emit("cook", "toast", 1)
                server.advance(1.5)
                self.assertEqual(len(client.received), variable == "atOnce")
                server.advance(3)
                self.assertEqual(client.received[0].args, (first,))
                self.assertEqual(len(client.received), 2)

    def test_testing(self) -> None:
        """
        The tests of C{examples/testing/test_chat.py} pass.
        """
        with patch.object(sys, "path", [str(ROOT), *sys.path]):
            suite = TestLoader().loadByName("examples.testing.test_chat")
        result = TestResult()
        suite.run(result)
        self.assertEqual(result.testsRun, 7)
        self.assertEqual([*result.errors, *result.failures], [])
