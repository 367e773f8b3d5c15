"""
Our client and the genuine servers: C{python -m txsocketio.test.genuine.outgoing}.

Each check prints a line, and the last line counts them.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, DeferredList, TimeoutError, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, ProcessProtocol, Protocol, connectionDone
from twisted.internet.task import deferLater, react
from twisted.python.failure import Failure

import txsocketio
from txsocketio import (
    ClientDisconnected,
    ClientSocket,
    ConnectFailed,
    ConnectionRefused,
    DisconnectReason,
    SocketIOClientService,
)
from txsocketio.test.matrix.checks import (
    EVENT,
    MIXED,
    MUCH,
    NUMBERS,
    OCTETS,
    TEXTS,
    Different,
    same,
)

HERE = Path(__file__).parent

PATIENCE = 20.0


# What is there to connect to.


class _Output(ProcessProtocol):
    """
    Waits for what a program prints.
    """

    def __init__(self, ready: bytes) -> None:
        self._ready = ready
        self._printed = b""
        self.started: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()

    def outReceived(self, data: bytes) -> None:
        """
        See L{ProcessProtocol.outReceived}.
        """
        self._printed += data
        if self._ready in self._printed and not self.started.called:
            self.started.callback(None)

    def errReceived(self, data: bytes) -> None:
        """
        See L{ProcessProtocol.errReceived}.
        """
        sys.stderr.write(data.decode("utf-8", "replace"))

    def processEnded(self, reason: Failure) -> None:
        """
        See L{ProcessProtocol.processEnded}.
        """
        if not self.started.called:
            self.started.errback(reason)
        self.ended.callback(None)


class Host:
    """
    A genuine server, on a port that it keeps.
    """

    def __init__(self, reactor: Any, package: str) -> None:
        self._reactor = reactor
        self._package = package
        self._output: _Output | None = None
        self._process: Any = None
        self.port = freePort()

    async def start(self) -> None:
        """
        Start it, and wait until it accepts connections.
        """
        self._output = _Output(b"listening")
        command = ["node", str(HERE / "host.mjs"), self._package, str(self.port)]
        self._process = self._reactor.spawnProcess(
            self._output, command[0], command, env=None, path=str(HERE)
        )
        await within(self._reactor, "the server's start", self._output.started)

    async def kill(self) -> None:
        """
        End it as a power failure would.
        """
        if self._output is not None and not self._output.ended.called:
            self._process.signalProcess("KILL")
            await within(self._reactor, "the server's end", self._output.ended)


def freePort() -> int:
    """
    A port that nothing uses, below those that the system gives to outgoing
    connections, so that it stays free while a server restarts.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")


class _Strand(Protocol):
    """
    One half of a connection through a cable.
    """

    other: _Strand | None = None
    transport: Any

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._kept: list[bytes] = []

    def connectionMade(self) -> None:
        """
        See L{Protocol.connectionMade}.
        """
        self._cable.strands.add(self)

    def joined(self, other: _Strand) -> None:
        """
        What comes goes there from now on.
        """
        self.other = other
        for data in self._kept:
            other.transport.write(data)
        self._kept.clear()

    def dataReceived(self, data: bytes) -> None:
        """
        See L{Protocol.dataReceived}.
        """
        if self.other is None:
            self._kept.append(data)
        else:
            self.other.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        See L{Protocol.connectionLost}.
        """
        self._cable.strands.discard(self)
        if self.other is not None:
            self.other.transport.loseConnection()


class Cable:
    """
    A way to a server that can be cut.
    """

    def __init__(self, reactor: Any, port: int) -> None:
        self._reactor = reactor
        self._to = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
        self.strands: set[_Strand] = set()
        self._isCut = False

    async def lay(self) -> int:
        """
        @return: the port at this end.
        """
        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = lambda _: self._accept()  # type: ignore[method-assign, assignment]
        endpoint = TCP4ServerEndpoint(self._reactor, 0, interface="127.0.0.1")
        self._listening: Any = await endpoint.listen(factory)
        return int(self._listening.getHost().port)

    def _accept(self) -> _Strand | None:
        if self._isCut:
            return None
        near, far = _Strand(self), _Strand(self)
        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = lambda _: far  # type: ignore[method-assign, assignment]

        def joined(_: object) -> None:
            near.joined(far)
            far.joined(near)

        self._to.connect(factory).addCallbacks(joined, lambda _: near.transport.loseConnection())
        return near

    def cut(self) -> None:
        """
        Break all connections, and let none be made.
        """
        self._isCut = True
        for strand in tuple(self.strands):
            strand.transport.abortConnection()

    def mend(self) -> None:
        """
        Let them be made again.
        """
        self._isCut = False

    async def end(self) -> None:
        """
        Take it away.
        """
        self.cut()
        await self._listening.stopListening()


async def within(reactor: Any, what: str, waiting: Awaitable[Any]) -> Any:
    """
    @raise Different: it takes too long.
    """
    deferred = Deferred.fromCoroutine(_awaiting(waiting)).addTimeout(PATIENCE, reactor)
    try:
        return await deferred
    except TimeoutError:
        raise Different(f"not within {PATIENCE} s: {what}") from None


async def _awaiting(waiting: Awaitable[Any]) -> Any:
    return await waiting


# Who connects.


class Heard:
    """
    What came under one name: the tuples of arguments, oldest first.
    """

    def __init__(self, reactor: Any, source: Any, name: str) -> None:
        self._reactor = reactor
        self.name = name
        self.all: list[tuple[Any, ...]] = []
        self._waiting: list[tuple[int, Deferred[None]]] = []
        source.on(name, self._add)

    def _add(self, *args: Any) -> None:
        self.all.append(args)
        for count, waiter in self._waiting:
            if len(self.all) >= count and not waiter.called:
                waiter.callback(None)

    async def next(self, count: int = 1) -> list[tuple[Any, ...]]:
        """
        All, once there are so many.
        """
        if len(self.all) < count:
            waiter: Deferred[None] = Deferred()
            self._waiting.append((count, waiter))
            await within(self._reactor, f"{count} x {self.name}", waiter)
        return self.all


class Cell(NamedTuple):
    """
    One server, and one way to it.
    """

    package: str
    protocol: str
    way: str

    @property
    def transports(self) -> list[str]:
        """
        For the option of that name.
        """
        return ["polling", "websocket"] if self.way == "upgrade" else [self.way]


class Party:
    """
    The clients of one check.
    """

    def __init__(self, reactor: Any, host: Host, cell: Cell) -> None:
        self.reactor = reactor
        self.host = host
        self.cell = cell
        self._guests: list[ClientSocket] = []
        self._services: list[SocketIOClientService] = []
        self._cables: list[Cable] = []

    @property
    def isModern(self) -> bool:
        """
        Whether the server has what came with Socket.IO 3.
        """
        return self.cell.protocol == "eio4"

    def options(self, port: int | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
        """
        What to connect with.
        """
        url = f"http://127.0.0.1:{port or self.host.port}"
        cell = self.cell
        return url, {"protocol": cell.protocol, "transports": cell.transports, **more}

    async def guest(self, namespace: str = "/", **options: Any) -> ClientSocket:
        """
        A client that is there.
        """
        url, given = self.options(**options)
        connecting = txsocketio.connect(url, namespace, **given)
        guest: ClientSocket = await within(self.reactor, "connect", connecting)
        self._guests.append(guest)
        return guest

    async def service(self, port: int | None = None) -> SocketIOClientService:
        """
        One that comes back.
        """
        url, given = self.options(port)
        service = SocketIOClientService(url, retryPolicy=lambda _: 0.1, **given)
        self._services.append(service)
        service.startService()
        await within(self.reactor, "connect", service.whenConnected())
        return service

    async def cable(self) -> tuple[Cable, int]:
        """
        A way to the server that can be cut.
        """
        cable = Cable(self.reactor, self.host.port)
        self._cables.append(cable)
        return cable, await cable.lay()

    async def settles(self, guest: ClientSocket) -> None:
        """
        Wait until it has the transport that it is to have.
        """
        for _ in range(1_000):
            if guest.transport == self.cell.transports[-1]:
                return
            await self.asks(guest, "echo")
        raise Different(f"still over {guest.transport}")

    def hears(self, source: Any, name: str) -> Heard:
        """
        Note from now on what comes under that name.
        """
        return Heard(self.reactor, source, name)

    async def asks(self, guest: ClientSocket, event: str, *args: Any) -> Any:
        """
        Emit an event, and return its acknowledgement.
        """
        asked = guest.emitWithAck(event, *args)
        return await within(self.reactor, f"the ack of {event}", asked)

    async def ends(self) -> None:
        """
        All go home.
        """
        leaving = [guest.disconnect(close=True) for guest in self._guests]
        leaving += [service.stopService() for service in self._services]
        await within(self.reactor, "all to leave", gatherResults(leaving))
        for cable in self._cables:
            await cable.end()


# The checks.


async def connects(party: Party) -> None:
    """
    It is there, and has the id that the server knows.
    """
    guest = await party.guest()
    same(guest.connected, True, "connected")
    await party.settles(guest)
    same((await party.asks(guest, "whoami"))[0], guest.sessionId, "the id")


async def message(party: Party) -> None:
    """
    Messages come back.
    """
    guest = await party.guest()
    messages = party.hears(guest, "message")
    for each in ("one", "", {"two": [2]}, 3):
        guest.send(each)
    same(await messages.next(4), [("one",), ("",), ({"two": [2]},), (3,)], "the echo")


async def event(party: Party) -> None:
    """
    Events go both ways.
    """
    guest = await party.guest()
    news = party.hears(guest, "news")
    guest.emit("bounce", "news")
    guest.emit("bounce", "news", *EVENT)
    same(await news.next(2), [(), tuple(EVENT)], "the events")


async def unicode(party: Party) -> None:
    """
    Whatever characters there are.
    """
    guest, witness = await party.guest(), await party.guest()
    heard = party.hears(witness, "heard")
    await party.asks(witness, "join", "unicode")
    for text in TEXTS:
        same(await party.asks(guest, "echo", text, {text: [text]}), (text, {text: [text]}), "echo")
        letters = [*map(ord, text)]
        same(await party.asks(guest, "spell", text), letters, "the text, as the server has it")
        guest.emit("tell", "unicode", text)
    same(await heard.next(len(TEXTS)), [(text,) for text in TEXTS], "what another one heard")


async def large(party: Party) -> None:
    """
    Messages of 100 KB, and of half a megabyte.
    """
    guest = await party.guest()
    for text in ("0123456789" * 10_000, "\xf6\U0001f600" * 17_000, "x" * 500_000):
        same(await party.asks(guest, "echo", text) == text, True, f"the echo of {len(text)}")


async def acks(party: Party) -> None:
    """
    Acknowledgements go both ways.
    """
    guest = await party.guest()
    same(await party.asks(guest, "echo"), None, "an ack without arguments")
    same(await party.asks(guest, "echo", "one", {"two": 2}), ("one", {"two": 2}), "an ack")

    async def later(*args: Any) -> tuple[Any, ...]:
        await deferLater(party.reactor, 0)
        return args[::-1]

    guest.on("question", later)
    same(await party.asks(guest, "ask", "life", 42), [42, "life"], "what we acknowledged")
    asked = gatherResults([guest.emitWithAck("echo", each) for each in range(20)])
    same(await within(party.reactor, "twenty acks", asked), [*range(20)], "twenty acks")


async def binaryTo(party: Party) -> None:
    """
    Bytes to the server, and back.
    """
    guest = await party.guest()
    same(await party.asks(guest, "octets", OCTETS), [*OCTETS], "the bytes, as the server has them")
    same(await party.asks(guest, "echo", MIXED, "and"), (MIXED, "and"), "and back")
    same(await party.asks(guest, "echo", MUCH) == MUCH, True, "100 KB")
    guest.on("question", lambda: (OCTETS, MIXED))
    same(await party.asks(guest, "ask"), [OCTETS, MIXED], "what we acknowledged")
    chat = await within(party.reactor, "/chat", guest.of("/chat").whenConnected())
    same(await party.asks(chat, "echo", MIXED), MIXED, "in a namespace")


async def binaryFrom(party: Party) -> None:
    """
    Bytes from another client.
    """
    guest, witness = await party.guest(), await party.guest()
    heard = party.hears(guest, "heard")
    await party.asks(guest, "join", "binary")
    for each in (OCTETS, MIXED, MUCH):
        witness.emit("tell", "binary", each, "and text")
    wanted = [(each, "and text") for each in (OCTETS, MIXED, MUCH)]
    same(await heard.next(3) == wanted, True, "what another one said")


async def namespace(party: Party) -> None:
    """
    Several over one connection, left and entered again.
    """
    guest = await party.guest()
    chat = await within(party.reactor, "/chat", guest.of("/chat").whenConnected())
    same((await party.asks(chat, "whoami"))[0], chat.sessionId, "the id")
    same(await party.asks(guest, "where"), "/", "the default namespace")
    same(await party.asks(chat, "where"), "/chat", "the other")
    rootNews, chatNews = party.hears(guest, "news"), party.hears(chat, "news")
    chat.emit("bounce", "news", "chat")
    guest.emit("bounce", "news", "root")
    same(await rootNews.next(), [("root",)], "the default namespace's event")
    same(await chatNews.next(), [("chat",)], "the other's event")
    await chat.disconnect()
    same(await party.asks(guest, "where"), "/", "the default namespace, after the other")
    await within(party.reactor, "/chat again", chat.connect())
    same(await party.asks(chat, "where"), "/chat", "the other, again")


async def refusal(party: Party) -> None:
    """
    By middleware: of a namespace, and of the default one.
    """
    guest = await party.guest()
    why = await _isRefused(party, guest.of("/closed").whenConnected())
    same(why.data, {"since": 2010}, "the data")
    if party.isModern:
        same(why.message, "members only", "the message")
    same(await party.asks(guest, "where"), "/", "the default namespace")
    url, given = party.options()
    why = await _isRefused(party, txsocketio.connect(url, auth={"token": "wrong"}, **given))
    same(why.message, "wrong token", "the message")


async def _isRefused(party: Party, waiting: Deferred[ClientSocket]) -> ConnectionRefused:
    try:
        await within(party.reactor, "a refusal", waiting)
    except ConnectionRefused as error:
        return error
    raise Different("not refused")


async def brought(party: Party) -> None:
    """
    What is sent along arrives.
    """
    guest = await party.guest(auth={"token": "right"}, query={"a": "b c"}, headers={"X-Who": "me"})
    auth, query, headers = await party.asks(guest, "brought")
    same((auth or query)["token"], "right", "auth")
    same(query["a"], "b c", "query")
    same(headers["x-who"], "me", "header")


async def rooms(party: Party) -> None:
    """
    Who is in a room hears what is said there, and nobody else.
    """
    first, second, outsider = [await party.guest() for _ in range(3)]
    one, two, none = [party.hears(each, "heard") for each in (first, second, outsider)]
    for each in (first, second):
        await party.asks(each, "join", "room")
    first.emit("shout", "room", "to all")
    first.emit("tell", "room", "to the others")
    await party.asks(first, "echo")
    await party.asks(second, "leave", "room")
    outsider.emit("shout", "room", "from outside")
    same(await one.next(2), [("to all",), ("from outside",)], "who stayed")
    same(await two.next(2), [("to all",), ("to the others",)], "who left")
    for each in (first, second, outsider):
        await party.asks(each, "echo")
    same([len(each.all) for each in (one, two, none)], [2, 2, 0], "how much was heard")


async def volatile(party: Party) -> None:
    """
    What may be lost is in order, and never there twice; both ways.
    """
    guest = await party.guest()
    perhaps, certain = party.hears(guest, "perhaps"), party.hears(guest, "certain")
    guest.emit("volatile", NUMBERS)
    await certain.next()
    numbers = [number for (number,) in perhaps.all]
    same(sorted(set(numbers)), numbers, "in order, and none twice")
    for each in range(50):
        guest.volatile.emit("note", each)
        notes = await party.asks(guest, "notes")
        if notes:
            return
    raise Different("none of 50 volatile events arrived")


async def serverDisconnects(party: Party) -> None:
    """
    The server sends us away: from the namespace, or altogether.
    """
    guest = await party.guest()
    gone = party.hears(guest, "disconnect")
    guest.emit("kick")
    same(await gone.next(), [(DisconnectReason.SERVER,)], "the reason")
    same(guest.connected, False, "connected")
    other = await party.guest()
    gone = party.hears(other, "disconnect")
    other.emit("close")
    (reason,) = (await gone.next())[0]
    same(reason in (DisconnectReason.SERVER, DisconnectReason.TRANSPORT_CLOSE), True, reason)


async def clientDisconnects(party: Party) -> None:
    """
    We go, and the server knows that it was no accident.
    """
    guest, witness = await party.guest(), await party.guest()
    id = guest.sessionId
    gone = party.hears(guest, "disconnect")
    await within(party.reactor, "nothing to be left", guest.disconnect())
    same(gone.all, [(DisconnectReason.CLIENT,)], "the reason")
    reason = await party.asks(witness, "farewell", id)
    same(reason, "client namespace disconnect", "the reason, as the server has it")


async def order(party: Party) -> None:
    """
    500 messages each way, from the first moment on, over the upgrade and
    beyond.
    """
    guest = await party.guest()
    numbers = party.hears(guest, "number")
    counted = guest.emitWithAck("count", 0, NUMBERS)
    for each in range(NUMBERS):
        guest.emit("note", each)
        if each % 10 == 0:
            await deferLater(party.reactor, 0.002)
    await within(party.reactor, "all numbers", counted)
    same(await numbers.next(NUMBERS), [(each,) for each in range(NUMBERS)], "from the server")
    same(await party.asks(guest, "notes"), [*range(NUMBERS)], "from the client")
    await party.settles(guest)


async def heartbeats(party: Party) -> None:
    """
    Several intervals without a word end nothing.
    """
    guest = await party.guest()
    await party.settles(guest)
    gone = party.hears(guest, "disconnect")
    await deferLater(party.reactor, 1.5)
    same((gone.all, guest.connected), ([], True), "after 1.5 s")
    same(await party.asks(guest, "echo", 1), 1, "an ack")


async def restarts(party: Party) -> None:
    """
    The server is killed, and started again: we come back by ourselves, what
    was said meanwhile arrives, and what was asked before has failed.
    """
    service = await party.service()
    guest = service.socket
    await party.settles(guest)
    chat = service.of("/chat")
    await within(party.reactor, "/chat", chat.whenConnected())
    gone, back = party.hears(guest, "disconnect"), party.hears(guest, "connect")
    attempts = party.hears(service, "reconnect_attempt")
    messages = party.hears(guest, "message")
    asked = guest.emitWithAck("farewell", "nobody")
    await party.host.kill()
    await gone.next()
    try:
        await within(party.reactor, "a failure", asked)
        raise Different("acknowledged by nobody")
    except ClientDisconnected:
        guest.send("meanwhile")
    late = chat.emitWithAck("where")
    await attempts.next(2)
    await party.host.start()
    await back.next()
    same(await messages.next(), [("meanwhile",)], "what was sent meanwhile")
    same(await within(party.reactor, "the ack", late), "/chat", "what was asked meanwhile")
    same(await party.asks(guest, "echo", "again"), "again", "an ack")
    await party.settles(guest)


async def comesBack(party: Party) -> None:
    """
    The line is cut: we come back, where the server offers it with our id, our
    rooms and all that we have missed.
    """
    cable, port = await party.cable()
    service, witness = await party.service(port), await party.guest()
    guest = service.socket
    await party.settles(guest)
    heard = party.hears(guest, "heard")
    gone, back = party.hears(guest, "disconnect"), party.hears(guest, "connect")
    await party.asks(guest, "join", "line")
    witness.emit("tell", "line", "before", 1)
    await heard.next()
    id = guest.sessionId
    cable.cut()
    await gone.next()
    for each in range(3):
        witness.emit("tell", "line", "missed", each)
    await party.asks(witness, "echo")
    if not party.isModern:
        cable.mend()
        await back.next()
        same((guest.recovered, heard.all), (False, [("before", 1)]), "recovered, and heard")
        return
    # Not before the server has noticed, or it does not know that we were away.
    await party.asks(witness, "farewell", id)
    cable.mend()
    await back.next()
    same((guest.recovered, guest.sessionId), (True, id), "recovered, and the id")
    witness.emit("tell", "line", "after")
    wanted = [("before", 1), *(("missed", each) for each in range(3)), ("after",)]
    same(await heard.next(5), wanted, "all that was said")
    same(await party.asks(guest, "whoami"), (id, True), "as the server has it")


async def unreachable(party: Party) -> None:
    """
    Nobody is there.
    """
    url, given = party.options(freePort())
    try:
        await within(party.reactor, "a failure", txsocketio.connect(url, **given))
    except ConnectFailed as error:
        same(error.reason, DisconnectReason.TRANSPORT_ERROR, "the reason")
        same("refused" in error.detail, True, error.detail)
    else:
        raise Different("connected to nothing")


class _Program(_Output):
    """
    The program that talks to a server.
    """

    def __init__(self) -> None:
        super().__init__(b"# connected as")

    @property
    def lines(self) -> list[str]:
        """
        What it has printed.
        """
        return self._printed.decode("utf-8").splitlines()


async def command(party: Party) -> None:
    """
    What is typed arrives, and what comes is printed.
    """
    output = _Program()
    url, _ = party.options()
    cell = party.cell
    options = ["--protocol", cell.protocol, "--transports", ",".join(cell.transports)]
    program = [sys.executable, "-m", "txsocketio.outgoing", url, *options]
    process = party.reactor.spawnProcess(output, program[0], program, env=None)
    await within(party.reactor, "the program to connect", output.started)
    process.write(b'h\xc3\xa9llo\n/bounce news 1 "two" [3]\n?echo\n')
    process.closeStdin()
    await within(party.reactor, "the program's end", output.ended)
    wanted = [
        'message "h\xe9llo"',
        'news 1 "two" [3]',
        "# echo: acknowledged",
        "# disconnected: client namespace disconnect",
    ]
    same([line for line in output.lines if line in wanted], wanted, "what it printed")


CHECKS: list[tuple[str, Callable[[Party], Awaitable[None]]]] = [
    ("connect", connects),
    ("message", message),
    ("event", event),
    ("unicode", unicode),
    ("100 KB and more", large),
    ("ack both ways", acks),
    ("binary to the server", binaryTo),
    ("binary from the server", binaryFrom),
    ("namespace", namespace),
    ("refusal", refusal),
    ("auth, query and headers", brought),
    ("rooms", rooms),
    ("volatile", volatile),
    ("server disconnect", serverDisconnects),
    ("client disconnect", clientDisconnects),
    ("500 messages each way", order),
    ("heartbeats", heartbeats),
    ("nobody there", unreachable),
    ("command", command),
    ("cut line", comesBack),
    ("killed and restarted server", restarts),
]

CELLS = [
    Cell(package, protocol, way)
    for package, protocol in (("socket.io-2", "eio3"), ("socket.io-4", "eio4"))
    for way in ("polling", "websocket", "upgrade")
]


async def holds(reactor: Any, host: Host, cell: Cell, check: Any) -> str:
    """
    @return: what is wrong; nothing where all is well.
    """
    party = Party(reactor, host, cell)
    try:
        await check(party)
        await party.ends()
    except Exception as error:
        await DeferredList([Deferred.fromCoroutine(party.ends())], consumeErrors=True)
        return f"{type(error).__name__}: {error}"
    return ""


async def main(reactor: Any, names: list[str]) -> None:
    """
    @param names: of the checks; all where there are none.
    """
    passed = failed = 0
    for cell in CELLS:
        host = Host(reactor, cell.package)
        await host.start()
        for name, check in CHECKS:
            if names and name not in names:
                continue
            wrong = await holds(reactor, host, cell, check)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            line = f"{cell.package}, {cell.way}: {name}"
            print(f"FAIL {line}: {wrong}" if wrong else f"ok   {line}", flush=True)
        await host.kill()
    print(f"{passed} passed, {failed} failed")
    if failed or not passed:
        sys.exit(1)


if __name__ == "__main__":
    react(lambda reactor, *names: Deferred.fromCoroutine(main(reactor, [*names])), sys.argv[1:])
