"""
Runs every example as a process of its own, and talks to it.
"""

from __future__ import annotations

from pathlib import Path
from unittest import skipUnless

from txsocketio.test.child import TWISTD, Child, ChildCase, Conversation
from txsocketio.test.peer import eventData
from txsocketio.test.support import HANDSHAKE

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ALL = (
    "examples/specification/server.py",
    "examples/embedding/beside.py",
    "examples/embedding/tree.py",
    "examples/site/server.py",
    "examples/klein/server.py",
    "examples/rooms/server.py",
    "examples/realms/server.py",
    "examples/acknowledgements/server.py",
    "examples/middleware/server.py",
    "examples/volatile/server.py",
    "examples/twistd/application.py",
    "examples/client/once.py",
    "examples/client/service.py",
    # By test_cookbook.py:
    "examples/events/server.py",
    "examples/binary/server.py",
    "examples/namespaces/server.py",
    "examples/asking/server.py",
    "examples/auth/server.py",
    "examples/fetch/server.py",
    "examples/recovery/server.py",
    "examples/flow/server.py",
    "examples/order/server.py",
    "examples/requests/server.py",
    "examples/bundle/server.py",
    "examples/msgpack/server.py",
    "examples/mixed/server.py",
    # By test_examples_in_memory.py:
    "examples/testing/chat.py",
    "examples/testing/test_chat.py",
)


@skipUnless(EXAMPLES.is_dir(), "an installed package has no examples")
class ExampleTests(ChildCase):
    """
    Each does what its README says.
    """

    def run_(self, name: str) -> Child:
        """
        Run an example on a free port.
        """
        return self.python(ROOT / name, "0")

    def test_all(self) -> None:
        """
        None is left out, here or in the list of them.
        """
        found = {path.relative_to(ROOT).as_posix() for path in EXAMPLES.rglob("*.py")}
        self.assertEqual(set(ALL), found)
        listed = (EXAMPLES / "README.rst").read_text("utf-8")
        for folder in {path.parent for path in EXAMPLES.rglob("*.py")}:
            self.assertIn(f"<{folder.name}/README.rst>", listed)
            self.assertTrue((folder / "README.rst").is_file(), folder)

    async def test_specification(self) -> None:
        """
        The specification's server prints what comes, and says hello at every
        other address.
        """
        child = self.run_("examples/specification/server.py")
        (port,) = await child.ports()
        await self.get(port, "/index.html", "</script>")
        await self.get(port, "/anything/else", "<h1>Hello world</h1>")
        await self.get(port, "/socket.io/socket.io.js", "Socket")
        visitor = await self.webSocket(port)
        visitor.say(":Hello")
        await child.out.until("message: Hello")
        assert visitor.transport is not None
        visitor.transport.loseConnection()
        await child.out.until("disconnect: transport close")

    async def test_beside(self) -> None:
        """
        What one sends the other hears; the site's page is where it was.
        """
        await self.check("examples/embedding/beside.py", "/", "/socket.io")

    async def test_tree(self) -> None:
        """
        So with the resource in a tree.
        """
        await self.check("examples/embedding/tree.py", "/live.html", "/live/socket.io")

    async def check(self, name: str, page: str, resource: str) -> None:
        """
        Two who talk over an example.
        """
        (port,) = await self.run_(name).ports()
        await self.get(port, page, f'<script src="{resource}/socket.io.js">')
        await self.get(port, f"{resource}/socket.io.js", "Socket")
        one, other = [await self.webSocket(port, f"{resource}/websocket") for _ in range(2)]
        one.say(":from one")
        await other.heard.until(":from one,")
        other.say(":from the other")
        await one.heard.until(":from the other,")
        self.assertNotIn(b"from one", one.heard.data)

    async def served(self, name: str) -> int:
        """
        Run the example of that name, and see that its page is there.

        @return: its port.
        """
        (port,) = await self.run_(f"examples/{name}/server.py").ports()
        await self.get(port, "/", '<script src="/socket.io/socket.io.js">')
        return port

    async def submit(self, port: int, url: str, status: int) -> None:
        """
        Send a form with the text C{Hi}.
        """
        conversation = await self.connect(port)
        conversation.write(
            f"POST {url} HTTP/1.1\r\nHost: example.com\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: 7\r\n\r\ntext=Hi".encode("ascii")
        )
        await conversation.heard.until(f"HTTP/1.1 {status} ")

    async def ask(self, visitor: Conversation, event: str, *args: object, answer: str) -> None:
        """
        Send an event and wait for this acknowledgement.

        @param answer: the arguments as JSON.
        """
        visitor.say(eventData(event, *args, id=7))
        await visitor.heard.until(f"a:7\ne:\nj:{answer},")
        visitor.heard.data = b""

    async def test_site(self) -> None:
        """
        What comes by the form is told to all, and to who comes later.
        """
        port = await self.served("site")
        await self.get(port, "/site.css", "body {")
        await self.get(port, "/site.js", "new io.Socket()")
        visitor = await self.webSocket(port)
        await self.submit(port, "/say", 303)
        await visitor.heard.until("1:3::Hi,")
        late = await self.webSocket(port)
        await late.heard.until("1:3::Hi,")

    async def test_klein(self) -> None:
        """
        Klein's routes see the clients, and leave our own URLs alone.
        """
        port = await self.served("klein")
        await self.get(port, "/count", "0 connected")
        visitor = await self.webSocket(port)
        await self.get(port, "/socket.io/xhr-polling//1", "3:20:")
        await self.get(port, "/count", "2 connected")
        await self.submit(port, "/announce", 204)
        await visitor.heard.until("1:3::Hi,")

    async def test_rooms(self) -> None:
        """
        Who is in a room hears what is said there, and who is not does not.
        """
        port = await self.served("rooms")
        one, other, third = [await self.webSocket(port) for _ in range(3)]
        for visitor in (one, other):
            await self.ask(visitor, "join", "lobby", answer='[["lobby"]]')
        await one.heard.until('e:said\nj:["lobby","Somebody came in."],')
        one.say(eventData("say", "lobby", "hello"))
        await other.heard.until('e:said\nj:["lobby","hello"],')
        await self.ask(other, "leave", "lobby", answer="[[]]")
        one.say(eventData("say", "lobby", "anybody?"))
        third.say(eventData("say", "lobby", "not from here"))
        await self.ask(third, "join", "lobby", answer='[["lobby"]]')
        await one.heard.until("Somebody came in.", 2)
        await self.ask(other, "join", "cellar", answer='[["cellar"]]')
        self.assertNotIn(b"hello", one.heard.data)
        self.assertNotIn(b"not from here", one.heard.data)
        self.assertNotIn(b"anybody?", other.heard.data)

    async def test_realms(self) -> None:
        """
        The chat is heard in the chat, and the news tell who is there.
        """
        port = await self.served("realms")
        one, other = [await self.webSocket(port) for _ in range(2)]
        for number, visitor in enumerate((one, other), 1):
            visitor.say(eventData("connect", realm="news"))
            await visitor.heard.until(f"r:news:Reader number {number}, welcome.,")
        for number, visitor in enumerate((one, other), 1):
            visitor.say(eventData("connect", realm="chat"))
            await one.heard.until(f"r:news:In the chat: {number},")
        one.say("r:chat:Hi")
        await other.heard.until("r:chat:Hi,")
        one.say(eventData("disconnect", realm="chat"))
        await one.heard.until("r:news:In the chat: 1,", 2)
        self.assertNotIn(b"r:chat:Hi", one.heard.data)

    async def test_acknowledgements(self) -> None:
        """
        Answers of each kind; and the server asks before it answers.
        """
        visitor = await self.webSocket(await self.served("acknowledgements"))
        await self.ask(visitor, "divide", 1, 4, answer="[null,0.25]")
        await self.ask(visitor, "divide", 1, 0, answer='["nobody can divide by 0",null]')
        await self.ask(visitor, "wait", 0, answer='["waited for 0 s"]')
        visitor.say(eventData("hello", id=8))
        await visitor.heard.until("a:1\ne:name?\nj:[],")
        visitor.say(eventData("", "Ann", id=1))
        await visitor.heard.until('a:8\ne:\nj:["Hello Ann!"],')

    async def test_middleware(self) -> None:
        """
        Who knows the word is let in; others are told, and sent away.
        """
        port = await self.served("middleware")
        knows, guesses = [await self.connect(port) for _ in range(2)]
        knows.request("/socket.io/websocket", {**HANDSHAKE, "Cookie": "token=swordfish"})
        await knows.heard.until('e:welcome\nj:["ann"],')
        guesses.request("/socket.io/websocket", {**HANDSHAKE, "Cookie": "token=please"})
        refusal = '[{"message":"not authorized","data":{"hint":"swordfish"}}]'
        await guesses.heard.until(f"e:connect_error\nj:{refusal},")
        await guesses.heard.until("0:0:,")
        nobody = await self.webSocket(port)
        await nobody.heard.until("e:connect_error")

    async def test_volatile(self) -> None:
        """
        Who is between two polls misses a position, but no click.
        """
        port = await self.served("volatile")
        mover, watcher = [await self.webSocket(port) for _ in range(2)]
        opening = await self.get(port, "/socket.io/xhr-polling//1", ",")
        sid = opening.split(b":")[-1].decode("ascii").rstrip(",\r\n")
        await self.ask(mover, "move", 1, 2, answer="[]")
        await self.ask(mover, "click", 3, 4, answer="[]")
        await watcher.heard.until("e:moved\nj:[1,2],")
        await watcher.heard.until("e:clicked\nj:[3,4],")
        polled = await self.get(port, f"/socket.io/xhr-polling/{sid}/1", "[3,4],")
        self.assertNotIn(b"moved", polled)

    async def test_twistd(self) -> None:
        """
        As a service, in the folder that the application is in.
        """
        command = (TWISTD, "-n", "--pidfile=", "socketio", "--listen=tcp:0:interface=127.0.0.1")
        folder = ROOT / "examples/twistd/application.py"
        application = ("--app=application:attach", "--static=page")
        (port,) = await self.spawn(*command, *application, cwd=folder.parent).ports()
        await self.get(port, "/", '<script src="/socket.io/socket.io.js">')
        one, other = [await self.webSocket(port) for _ in range(2)]
        await one.heard.until('e:word\nj:["serendipity"],')
        one.say(":from one")
        await other.heard.until(":from one,")

    async def test_client(self) -> None:
        """
        It asks, is answered, and goes.
        """
        server = self.run_("examples/events/server.py")
        (port,) = await server.ports()
        url = f"http://127.0.0.1:{port}"
        ended = await self.python(ROOT / "examples/client/once.py", url, "Bob").ended
        self.assertEqual((ended.status, ended.err), (0, b""))
        self.assertRegex(ended.out, rb"^connected as .{20}\nHello Bob! en\n$")
        await server.out.until("left: client namespace disconnect")

    async def test_service(self) -> None:
        """
        It stays, and comes back.
        """
        server = self.run_("examples/acknowledgements/server.py")
        (port,) = await server.ports()
        client = self.python(ROOT / "examples/client/service.py", f"http://127.0.0.1:{port}")
        await client.out.until("Hello Ann!")
        await server.terminate()
        await client.out.until("disconnected: transport close")
        again = self.python(ROOT / "examples/acknowledgements/server.py", str(port))
        await again.ports()
        await client.out.until("connected as", 2)
        self.assertEqual((await client.terminate()).err, b"")
