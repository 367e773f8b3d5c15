"""
Runs the examples of the cookbook, each as a process of its own, and holds the
cookbook to them.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.test.child import Child, ChildCase, Conversation
from txsocketio.test.peer import eventData
from txsocketio.test.support import BINARY, HANDSHAKE, TEXT, frame

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DOCS = ROOT / "docs"
PAGES = DOCS / "cookbook"

OTHERS = (DOCS / "client.rst", DOCS / "testing.rst")

_LINK = re.compile(r"<(?:\.\./)+(examples/[^>]+)>`_")
_BLOCK = re.compile(r"^\.\. code-block:: (?:python|js|html)\n\n((?:(?: +.*)?\n)+)", re.MULTILINE)
_LEVELS = range(5)


class Peer:
    """
    A client of Engine.IO 4 over WebSocket, of plain ASCII.

    @ivar heard: what has come, as it came.
    """

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.heard = conversation.heard

    def say(self, text: str) -> None:
        """
        Send a packet of Engine.IO.
        """
        self._conversation.write(frame(TEXT, text.encode("ascii")))

    def attach(self, data: bytes) -> None:
        """
        Send binary data.
        """
        self._conversation.write(frame(BINARY, data))

    def emit(self, event: str, *args: object, id: int | str = "", namespace: str = "") -> None:
        """
        Send an event.
        """
        self.say(f"42{namespace}{id}{_json([event, *args])}")

    async def told(self, event: str, *args: object, namespace: str = "") -> None:
        """
        Wait for an event.
        """
        await self.heard.until(f"42{namespace}{_json([event, *args])}")

    async def ask(self, event: str, *args: object, answer: str) -> None:
        """
        Send an event, and wait for its acknowledgement.

        @param answer: its arguments as JSON.
        """
        self.emit(event, *args, id=7)
        await self.heard.until(f"437{answer}")
        self.heard.data = self.heard.data.replace(f"437{answer}".encode("ascii"), b"")

    async def join(self, namespace: str = "", auth: object = None, until: str = '{"sid"') -> None:
        """
        Ask to be let in.
        """
        name = f"{namespace}," if namespace else ""
        self.say(f"40{name}" if auth is None else f"40{name}{_json(auth)}")
        await self.heard.until(f"40{name}{until}" if until.startswith('{"sid"') else until)

    def leave(self) -> None:
        """
        Cut the connection.
        """
        assert self._conversation.transport is not None
        self._conversation.transport.loseConnection()


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


@skipUnless(EXAMPLES.is_dir(), "an installed package has no examples")
class CookbookTests(ChildCase):
    """
    Each example does what its page says.
    """

    async def served(self, name: str, *arguments: str) -> int:
        """
        Run the example of that name, and see that its page is there.

        @return: its port.
        """
        self.child: Child = self.python(EXAMPLES / name / "server.py", "0", *arguments)
        port = (await self.child.ports(1))[0]
        await self.get(port, "/", "<title>")
        return port

    async def open(self, port: int, query: str = "", resource: str = "socket.io") -> Peer:
        """
        Open a WebSocket of Engine.IO 4.
        """
        conversation = await self.connect(port)
        conversation.request(f"/{resource}/?EIO=4&transport=websocket{query}", HANDSHAKE)
        await conversation.heard.until('0{"sid":')
        return Peer(conversation)

    async def peer(self, port: int, resource: str = "socket.io") -> Peer:
        """
        The same, and join the default namespace.
        """
        peer = await self.open(port, resource=resource)
        await peer.join()
        return peer

    async def poll(self, port: int, sid: str, expected: str = "\r\n\r\n") -> str:
        """
        Fetch what waits for a client on polling.
        """
        conversation = await self.connect(port)
        url = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        conversation.write(f"GET {url} HTTP/1.0\r\nHost: example.com\r\n\r\n".encode("ascii"))
        await conversation.closed
        answer = conversation.heard.data.decode("ascii")
        self.assertIn(expected, answer)
        return answer

    async def post(self, port: int, sid: str, packets: str, expected: str = "\r\n\r\nok") -> None:
        """
        Send what a client on polling has to say.
        """
        conversation = await self.connect(port)
        url = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        head = f"POST {url} HTTP/1.1\r\nHost: example.com\r\nContent-Length: {len(packets)}\r\n\r\n"
        conversation.write(f"{head}{packets}".encode("ascii"))
        await conversation.heard.until(expected)

    async def polling(self, port: int) -> str:
        """
        Open a session on polling and join the default namespace.

        @return: its id.
        """
        opening = await self.get(port, "/socket.io/?EIO=4&transport=polling", '0{"sid":')
        sid = opening.partition(b'"sid":"')[2][:20].decode("ascii")
        await self.post(port, sid, "40")
        await self.poll(port, sid, "40{")
        return sid

    async def test_events(self) -> None:
        """
        What comes and what goes is answered, and overheard.
        """
        port = await self.served("events")
        peer, other = await self.peer(port), await self.peer(port)
        peer.emit("greet", "Ann", {"age": 3})
        await peer.told("greeting", "Hello Ann!", {"language": "en", "age": 3})
        await peer.told("message", "You have begun.")
        await self.child.out.until("in:  greet ('Ann', {'age': 3})")
        await self.child.out.until("out: message ('You have begun.',)")
        peer.emit("message", "Hi")
        await other.told("message", "Hi")
        await self.child.out.until("out: message ('Hi',)")
        peer.emit("be quiet")
        peer.emit("message", "not this")
        peer.emit("greet", "Bob", {})
        await peer.told("greeting", "Hello Bob!", {"language": "en"})
        self.assertEqual(peer.heard.data.count(b"You have begun."), 1)
        peer.leave()
        await self.child.out.until("leaving 1 rooms")
        await self.child.out.until("left: transport close")
        self.assertNotIn(b"Bob", self.child.out.data)
        self.assertNotIn(b"not this", other.heard.data)

    async def test_binary(self) -> None:
        """
        A file comes as bytes, and goes on to the others.
        """
        port = await self.served("binary")
        peer, other = await self.peer(port), await self.peer(port)
        peer.say('451-7["upload","a.txt",{"_placeholder":true,"num":0}]')
        peer.attach(b"abc")
        digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        await peer.heard.until(f'437["{digest}"]')
        first, second = ({"_placeholder": True, "num": number} for number in range(2))
        packet = _json(["file", {"name": "a.txt", "data": first, "start": second}])
        attached = b"\x82\x03abc\x82\x03abc"
        await other.heard.until(re.compile(re.escape(f"452-{packet}".encode("ascii") + attached)))

    async def test_namespaces(self) -> None:
        """
        A pattern and a function make namespaces, and one that is empty goes.
        """
        port = await self.served("namespaces")
        peer, other = await self.open(port), await self.open(port)
        await peer.join("/news")
        await peer.told("message", "Here is the news.", namespace="/news,")
        for each in (peer, other):
            await each.join("/table-7")
        await peer.told("players", 2, namespace="/table-7,")
        await peer.told("message", "There is /table-7 now.", namespace="/news,")
        peer.say("41/table-7,")
        other.say("41/table-7,")
        await peer.told("message", "Tables: /table-7", namespace="/news,")
        await other.join("/table-7")
        await peer.heard.until("There is /table-7 now.", 2)
        await other.join("/table-x", until='44/table-x,{"message":"Invalid namespace"}')
        await other.join("/ann", until='44/ann,{"message":"not yours"}')
        await other.join("/ann", {"secret": "swordfish"})
        await other.told("welcome", "/ann", namespace="/ann,")

    async def test_asking(self) -> None:
        """
        All answers, or those that came in time.
        """
        port = await self.served("asking")
        asker, one, other = [await self.peer(port) for _ in range(3)]
        question = re.compile(rb'42(\d+)\["question","Tea\?"\]')
        asker.emit("poll", "Tea?", 50, id=1)
        for peer, vote in ((one, "true"), (other, "false")):
            (id,) = await peer.heard.until(question)
            peer.say(f"43{id.decode('ascii')}[{vote}]")
        (votes,) = await asker.heard.until(re.compile(rb"431\[(.*?\})\]"))
        told = json.loads(votes)
        self.assertEqual((sorted(told["votes"]), told["complete"]), ([False, True], True))
        asker.emit("poll", "Tea?", 0.1, id=2)
        await asker.heard.until('432[{"votes":[],"complete":false}]')
        asker.emit("poll", "Tea?", 50, id=3)
        (*_, id) = await one.heard.until(question, 3)
        one.say(f"43{id.decode('ascii')}[true]")
        other.leave()
        await asker.heard.until('433[{"votes":[true],"complete":false}]')

    async def test_auth(self) -> None:
        """
        Who knows the word is let in, once; and asks politely.
        """
        port = await self.served("auth")
        peer, other = await self.open(port), await self.open(port)
        no = '44{"message":"not authorized","data":{"hint":"swordfish"}}'
        await peer.join(until=no)
        await peer.join(auth={"token": "swordfish"})
        await peer.told("welcome", "ann")
        await other.join(
            auth={"token": "swordfish"}, until='44{"message":"here already","data":{"user":"ann"}}'
        )
        peer.emit("open", "door")
        await peer.told("refused", "open without please")
        await peer.ask("open", "door", "please", answer='["door is open"]')

    async def test_fetch(self) -> None:
        """
        Who is where, all go elsewhere, and one is sent away.
        """
        port = await self.served("fetch")
        peer, other = await self.peer(port), await self.peer(port)
        await self.child.out.until("A room opens: waiting")
        await peer.ask("rooms", answer='[{"waiting":2}]')
        await peer.ask("who", "playing", answer="[[]]")
        peer.emit("begin")
        await other.told("you play")
        await peer.ask("rooms", answer='[{"playing":2}]')
        (id,) = await other.heard.until(re.compile(rb'40\{"sid":"(.{20})"'))
        name = id.decode("ascii")
        rooms = sorted(["playing", name])
        peer.emit("who", name, id=1)
        client = {"id": name, "rooms": rooms, "transport": "websocket"}
        await peer.heard.until(f"431{_json([[client]])}")
        peer.emit("throw out", name)
        await other.heard.until(re.compile(rb"\x81\x0241"))
        await peer.ask("rooms", answer='[{"playing":1}]')

    async def test_recovery(self) -> None:
        """
        Who was away hears what was said meanwhile, and is who it was.
        """
        port = await self.served("recovery")
        peer, other = await self.peer(port), await self.peer(port)
        (pid,) = await peer.heard.until(re.compile(rb'"pid":"(.*?)"'))
        (offset,) = await peer.heard.until(re.compile(rb'42\["name","guest 1","(\d+)"\]'))
        peer.leave()
        other.emit("say", "Where is Ann?")
        await other.heard.until('42["said","guest 2","Where is Ann?"')
        back = await self.open(port)
        await back.join(auth={"pid": pid.decode("ascii"), "offset": offset.decode("ascii")})
        await back.heard.until('42["said","guest 2","Where is Ann?"')
        await self.child.out.until("back: guest 1")
        back.emit("say", "Here.")
        await other.heard.until('42["said","guest 1","Here."')
        self.assertNotIn(b'"name"', back.heard.data)

    async def test_flow(self) -> None:
        """
        A producer makes no more than is taken; of positions two wait; who is
        sent too much goes.
        """
        port = await self.served("flow")
        mover, sid = await self.peer(port), await self.polling(port)
        for x in range(5):
            await mover.ask("move", x, x, answer="[]")
        answer = await self.poll(port, sid)
        self.assertEqual(re.findall(r'"moved",(\d)', answer), ["0", "1"])
        await self.child.out.until("nothing waits any more")
        await self.post(port, sid, '42["one by one",3]')
        for number in range(3):
            answer = await self.poll(port, sid)
            self.assertEqual(re.findall(r'"row",(\d)', answer), [str(number)])
        await self.poll(port, sid, '42["done"]')
        await self.post(port, sid, '42["one by one",3]')
        await self.post(port, sid, '42["all at once",2000]', "HTTP/1.1 429 ")
        await self.child.out.until("left: slow consumer")
        await self.child.out.until("gone before the last row")
        mover.emit("one by one", 300)
        await mover.told("done")

    async def test_order(self) -> None:
        """
        The salad waits for the roast, or does not.
        """
        port = await self.served("order")
        for resource, dishes in (
            ("socket.io", ["roast", "salad"]),
            ("at-once", ["salad", "roast"]),
        ):
            peer = await self.peer(port, resource)
            peer.emit("cook", "roast", 0.5)
            peer.emit("cook", "salad", 0)
            found = await peer.heard.until(re.compile(rb'"ready","(\w+)"'), 2)
            self.assertEqual([dish.decode("ascii") for dish in found], dishes)

    async def test_requests(self) -> None:
        """
        Only with a ticket; by name there is a cookie, and long answers are
        compressed.
        """
        port = await self.served("requests")
        url = "/socket.io/?EIO=4&transport=polling"
        refused = await self.get(port, url, "}")
        self.assertIn(b"HTTP/1.1 403 ", refused)
        self.assertIn(b'{"code":4,"message":"Forbidden","reason":"no ticket"}', refused)
        await self.child.out.until("asked from 127.0.0.1")
        opening = await self.get(port, f"{url}&ticket=swordfish", '0{"sid":')
        sid = opening.partition(b'"sid":"')[2][:20].decode("ascii")
        self.assertIn(f"Set-Cookie: io={sid}; Path=/; HttpOnly; SameSite=lax".encode(), opening)
        await self.post(port, sid, "40")
        conversation = await self.connect(port)
        head = f"GET {url}&sid={sid} HTTP/1.0\r\nHost: example.com\r\n"
        conversation.write(f"{head}Accept-Encoding: gzip\r\n\r\n".encode("ascii"))
        await conversation.closed
        answer, _, body = conversation.heard.data.partition(b"\r\n\r\n")
        self.assertIn(b"Content-Encoding: gzip", answer)
        self.assertIn(b'"welcome"', gzip.decompress(body))
        conversation = await self.connect(port)
        headers = {**HANDSHAKE, "Sec-WebSocket-Extensions": "permessage-deflate"}
        conversation.request(f"{url}&ticket=swordfish".replace("polling", "websocket"), headers)
        await conversation.heard.until("Sec-WebSocket-Extensions: permessage-deflate")

    async def test_bundle(self) -> None:
        """
        The folder's script is served.
        """
        (self.folder / "socket.io.min.js").write_text("// the bundle", "utf-8")
        port = await self.served("bundle", str(self.folder.resolve()))
        await self.get(port, "/socket.io/socket.io.min.js", "// the bundle")
        peer = await self.peer(port)
        await peer.ask("echo", "Hi", 1, answer='["Hi",1]')

    async def test_msgpack(self) -> None:
        """
        Packets are MessagePack, and binary data is within.
        """
        port = await self.served("msgpack")
        peer = await self.open(port)
        peer.attach(b"\x82\xa4type\x00\xa3nsp\xa1/")
        await peer.heard.until(re.compile(rb"\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa3sid\xb4"))
        values = b"\x92\x01\xcb\x40\x04\x00\x00\x00\x00\x00\x00"
        data = b"\xa4data\x93\xa7measure" + values + b"\xc4\x03abc"
        peer.attach(b"\x84\xa4type\x02\xa3nsp\xa1/\xa2id\x07" + data)
        mean = b"\xa4mean\xcb\x3f\xfc\x00\x00\x00\x00\x00\x00"
        answer = b"\x91\x82" + mean + b"\xa5first\xc4\x02ab"
        await peer.heard.until(re.compile(re.escape(answer)))

    async def test_mixed(self) -> None:
        """
        All hear each other; binary data passes by who cannot have it.
        """
        port = await self.served("mixed")
        first = await self.webSocket(port)
        second = await self.connect(port)
        second.request("/socket.io/?EIO=3&transport=websocket", HANDSHAKE)
        await second.heard.until("40")
        await first.heard.until('e:came\nj:["eio3"]')
        fourth = await self.peer(port)
        await first.heard.until('e:came\nj:["eio4"]')
        first.say(eventData("say", "Hi", id=1))
        await first.heard.until("a:1\ne:\nj:[3]")
        for heard in (second.heard, fourth.heard):
            await heard.until('42["said","annotated","Hi"]')
        fourth.emit("say", "Hello")
        await first.heard.until('e:said\nj:["eio4","Hello"]')
        fourth.say('451-["show",{"_placeholder":true,"num":0}]')
        fourth.attach(b"abc")
        await fourth.told("missed by", 1)
        await second.heard.until('451-["picture",{"_placeholder":true,"num":0}]')
        await second.heard.until(re.compile(rb"\x82\x04\x04abc"))


@skipUnless(PAGES.is_dir(), "an installed package has no documentation")
class PageTests(SynchronousTestCase):
    """
    What the cookbook quotes is there.
    """

    def test_quotations(self) -> None:
        """
        Each block of code is part of the file that is named before it.
        """
        pages = [*sorted(PAGES.glob("*.rst")), *OTHERS]
        self.assertGreater(len(pages), 10)
        for page in pages:
            blocks = list(_quoted(page.read_text("utf-8")))
            self.assertTrue(blocks, page)
            for name, block in blocks:
                self.assertTrue(name, f"{page.name} quotes no file: {block}")
                text = (ROOT / name).read_text("utf-8")
                found = any(f"\n{indent(block, ' ' * 2 * level)}" in text for level in _LEVELS)
                self.assertTrue(found, f"{page.name}: not in {name}:\n{block}")

    def test_index(self) -> None:
        """
        Each page is in the list of them, and each example on a page.
        """
        index = (DOCS / "cookbook.rst").read_text("utf-8")
        quoted: set[str] = set()
        for page in (*PAGES.glob("*.rst"), *OTHERS):
            self.assertIn(f"{page.name}>", index)
            quoted.update(_LINK.findall(page.read_text("utf-8")))
        for readme in EXAMPLES.glob("*/README.rst"):
            folder = readme.parent
            found = any(name.startswith(f"examples/{folder.name}/") for name in quoted)
            self.assertTrue(found, f"{folder.name} is on no page")


def _quoted(page: str) -> Iterator[tuple[str, str]]:
    """
    The blocks of code of a page, each with the file named last before it.
    """
    for found in _BLOCK.finditer(page):
        names = _LINK.findall(page[: found.start()])
        yield names[-1] if names else "", f"{dedent(found[1]).strip()}\n"
