"""
Tests for the demo's chat, by its wire.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txsocketio import demo
from txsocketio.test.support import Server, Wire


class Visitor:
    """
    A page of the demo.
    """

    def __init__(self, server: Server) -> None:
        self._wire: Wire = server.webSocket()
        self._wire.frames()
        self._acks = 0

    def ask(self, event: str, *args: Any) -> Any:
        """
        Emit an event that wants an acknowledgement.

        @return: what it is acknowledged with; L{None} for nothing.
        """
        self._acks += 1
        self._say(f"a:{self._acks}\ne:{event}\nj\n:", args)
        mine = f"a:{self._acks}\ne:\nj\n:"
        (text,) = [text for text in self._heard() if text.startswith(mine)]
        answers = json.loads(text.removeprefix(mine))
        return answers[0] if answers else None

    def emit(self, event: str, *args: Any) -> None:
        """
        Emit an event.
        """
        self._say(f"e:{event}\nj\n:", args)

    def events(self, name: str) -> list[Any]:
        """
        The arguments of all events of that name since the last call.
        """
        prefix = f"e:{name}\nj\n:"
        return [
            json.loads(text.removeprefix(prefix))
            for text in self._heard()
            if text.startswith(prefix)
        ]

    def leave(self) -> None:
        """
        Close the page.
        """
        self._wire.lose()

    def _say(self, head: str, args: Any) -> None:
        data = head + json.dumps(args)
        self._wire.say(f"1:{len(data)}:{data},")

    def _heard(self) -> list[str]:
        return [text.split(":", 2)[2][:-1] for text in self._wire.texts()]


class DemoTests(SynchronousTestCase):
    """
    Tests for L{demo.attach}.
    """

    def setUp(self) -> None:
        """
        A server with the chat.
        """
        self.server = Server()
        demo.attach(self.server.io)

    def visitor(self, *name: Any) -> Visitor:
        """
        A page that has come in.
        """
        visitor = Visitor(self.server)
        visitor.ask("join", *name)
        return visitor

    def test_page(self) -> None:
        """
        The page is there, with what it loads.
        """
        names = {path.name for path in demo.HTDOCS.iterdir()}
        self.assertLessEqual({"index.html", "chat.js", "chat.css"}, names)

    def test_join(self) -> None:
        """
        Who comes in is told who he is; everybody who is there.
        """
        anna = self.visitor("Anna")
        answer = Visitor(self.server).ask("join", "  Ben\n Bee ")
        self.assertEqual((answer["name"], answer["history"]), ("Ben Bee", []))
        ((people, count),) = anna.events("people")
        self.assertEqual(count, 2)
        self.assertEqual(
            [(each["name"], each["transport"]) for each in people],
            [("Anna", "websocket"), ("Ben Bee", "websocket")],
        )

    def test_joinTwice(self) -> None:
        """
        Who is there is there.
        """
        visitor = Visitor(self.server)
        first = visitor.ask("join", "Anna")
        self.assertEqual(visitor.ask("join", "Ben"), first)

    def test_nameless(self) -> None:
        """
        A name is made up for who gives none, or nonsense.
        """
        nonsense: list[tuple[Any, ...]] = [(), ("",), ("\n\t",), (7,), ({},)]
        for name in nonsense:
            answer = Visitor(self.server).ask("join", *name)
            self.assertRegex(answer["name"], "^[a-z]+ [a-z]+( [0-9]+)?$")

    def test_taken(self) -> None:
        """
        Nobody has another's name, in whatever case.
        """
        self.visitor("Anna")
        self.assertEqual(Visitor(self.server).ask("join", "anna")["name"], "anna 2")
        self.assertEqual(Visitor(self.server).ask("join", "ANNA")["name"], "ANNA 3")

    def test_longName(self) -> None:
        """
        Names are bounded.
        """
        answer = Visitor(self.server).ask("join", "x" * 1000)
        self.assertEqual(answer["name"], "x" * demo.MAX_NAME)

    def test_rename(self) -> None:
        """
        A new name is told to all, and answered.
        """
        anna, ben = self.visitor("Anna"), self.visitor("Ben")
        ben.events("came")
        self.assertEqual(anna.ask("rename", "Ben"), "Ben 2")
        self.assertEqual(ben.events("renamed"), [["Anna", "Ben 2"]])
        self.assertEqual(anna.ask("rename", "Ben 2"), "Ben 2")
        self.assertEqual(anna.ask("rename", 5), "Ben 2")
        self.assertEqual(ben.events("renamed"), [])

    def test_say(self) -> None:
        """
        What is said reaches all, and who comes later.
        """
        anna, ben = self.visitor("Anna"), self.visitor("Ben")
        ben.events("came")
        anna.emit("say", "  hello ")
        ((said,),) = ben.events("said")
        self.assertEqual((said["name"], said["text"]), ("Anna", "hello"))
        self.assertEqual(Visitor(self.server).ask("join", "Carl")["history"], [said])

    def test_sayNothing(self) -> None:
        """
        What is no text is not said; what is too long is cut.
        """
        anna = self.visitor("Anna")
        anna.events("came")
        nonsense: list[tuple[Any, ...]] = [(), ("",), (" ",), (1,), (None,), ([],)]
        for args in nonsense:
            anna.emit("say", *args)
        self.assertEqual(anna.events("said"), [])
        anna.emit("say", "x" * (demo.MAX_TEXT + 1), "and more")
        ((said,),) = anna.events("said")
        self.assertEqual(said["text"], "x" * demo.MAX_TEXT)

    def test_history(self) -> None:
        """
        The history is bounded.
        """
        anna = self.visitor("Anna")
        for number in range(demo.MAX_HISTORY + 5):
            anna.emit("say", str(number))
        history = Visitor(self.server).ask("join", "Ben")["history"]
        self.assertEqual(
            [said["text"] for said in history],
            [str(number) for number in range(5, demo.MAX_HISTORY + 5)],
        )

    def test_nobody(self) -> None:
        """
        Who has not come in is not heard, and his leaving not noticed.
        """
        anna, nobody = self.visitor("Anna"), Visitor(self.server)
        anna.events("came")
        nobody.emit("say", "boo")
        self.assertIsNone(nobody.ask("rename", "Ghost"))
        nobody.leave()
        self.assertEqual(anna.events("said") + anna.events("left"), [])

    def test_leave(self) -> None:
        """
        Who leaves is gone for the others.
        """
        anna, ben = self.visitor("Anna"), self.visitor("Ben")
        anna.events("came")
        ben.leave()
        self.assertEqual(anna.events("left"), [["Ben"]])
        self.assertEqual(Visitor(self.server).ask("join", "Ben")["name"], "Ben")

    def test_manyPeople(self) -> None:
        """
        The list that all are told is bounded; the count tells all.
        """
        first, *_ = [self.visitor() for _ in range(demo.MAX_LISTED + 2)]
        *_, (people, count) = first.events("people")
        self.assertEqual((len(people), count), (demo.MAX_LISTED, demo.MAX_LISTED + 2))

    def test_echo(self) -> None:
        """
        What measures a round trip comes back.
        """
        self.assertEqual(self.visitor("Anna").ask("echo", 12.5), 12.5)
