"""
Every answer captured from the genuine server of 2010, asked of ours.

The exchanges are in C{vectors/genuine.txt}; here is what comes before each.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import Request
from twisted.web.resource import Resource

import txsocketio
from txsocketio.test.support import Answer, Server, Wire

VECTORS = Path(__file__).parent / "vectors" / "genuine.txt"

MOVIE = b"FWS\x05 a movie, as far as anybody here can tell"

# What the HTTP server adds by itself; it counts where it is listed.
ITS_OWN_AFFAIR = {"Connection", "Content-Length", "Keep-Alive", "Transfer-Encoding"}

SPACES = " " * 244


class Exchange(NamedTuple):
    """
    One exchange of the file.

    @ivar name: as a method's name has it, behind C{test_}.
    @ivar answer: ours.
    """

    name: str
    request: str
    answer: str


def _methodName(title: str) -> str:
    words: list[str] = re.findall(r"[A-Za-z0-9]+", title)
    return words[0].lower() + "".join(word.capitalize() for word in words[1:])


def _exchange(section: str) -> Exchange:
    title, *lines = section.split("\n")
    # The last one separates the sections.
    lines = [line for line in lines[:-1] if line[:1] not in ("#", "-")]
    request = _joined([line[2:] for line in lines if line[:1] == ">"])
    answer = _joined([line[2:] for line in lines if line[:1] != ">"])
    return Exchange(_methodName(title), request.replace("\n", "\r\n"), answer)


def _joined(lines: list[str]) -> str:
    """
    Head, empty line and body, which may have no line at all.
    """
    head, body = lines[: lines.index("")], lines[lines.index("") + 1 :]
    return "\n".join(head) + "\n\n" + "\n".join(body)


def _exchanges() -> dict[str, Exchange]:
    _, *sections = VECTORS.read_text("utf-8").split("\n== ")
    return {each.name: each for each in map(_exchange, sections)}


EXCHANGES = _exchanges()


class Application(Resource):
    """
    What the captures have behind Socket.IO: 404 for everything.
    """

    def getChild(self, path: bytes, request: Request) -> Resource:
        return self

    def render(self, request: Request) -> bytes:
        request.setResponseCode(404)
        request.setHeader(b"Content-Type", b"text/plain")
        return b"app: " + request.uri


def _asCaptured(answer: Answer, listed: str) -> str:
    """
    An answer as C{genuine.txt} has it.

    @param listed: how it should be.
    """
    own = {name for name in ITS_OWN_AFFAIR if f"\n{name}:" not in listed}
    headers = [f"{name}: {value}" for name, value in answer.headers if name not in own]
    head = "\n".join([f"HTTP/1.1 {answer.status} {answer.reason}", *headers])
    return f"{head}\n\n{answer.body.decode('utf-8')}"


class CaptureCase(SynchronousTestCase):
    """
    What these tests have in common: a server, and what its application saw.
    """

    def setUp(self) -> None:
        self.serve()

    def serve(self, **options: Any) -> None:
        """
        Begin anew, with these options.
        """
        self.server = Server(**{"origins": "*:*", **options})
        self.server.root.putChild(b"", Application())
        self.server.root.getChild = lambda path, request: Application()  # type: ignore[method-assign]
        self.seen: list[Any] = []
        self.gone: list[str] = []

        @self.server.io.on("connection")
        def connection(client: txsocketio.Client) -> None:
            client.on("message", self.seen.append)
            client.on("disconnect", self.gone.append)

    def client(self, sid: str) -> txsocketio.Client:
        """
        The application's side of a session.
        """
        return self.server.io.clients[sid]

    def ask(self, name: str, **values: str) -> Wire:
        """
        Send a request of the file.

        @param values: what stands for the placeholders in it.
        """
        wire = self.server.connect()
        wire.receive(_filled(EXCHANGES[name].request, values).encode("utf-8"))
        return wire

    def check(self, name: str, wire: Wire | None = None, /, **values: str) -> None:
        """
        Send a request of the file, unless that has been done, and see that
        the answer is the file's.
        """
        exchange = EXCHANGES[name]
        wire = self.ask(name, **values) if wire is None else wire
        answer = wire.answer(head=exchange.request.startswith("HEAD"))
        self.checkAnswer(name, answer, **values)
        self.assertFalse(wire.disconnecting)

    def checkAnswer(self, name: str, answer: Answer, /, **values: str) -> None:
        """
        See that an answer, or what has come of it, is the file's.
        """
        exchange = EXCHANGES[name]
        if "SID," in exchange.answer:
            (values["SID"],) = self.server.io.clients
        expected = _filled(exchange.answer, {"SPACES": SPACES, **values})
        self.assertEqual(_asCaptured(answer, expected), expected)


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


class CompletenessTests(SynchronousTestCase):
    """
    The file and the tests.
    """

    def test_everyExchangeHasATest(self) -> None:
        tests = {
            name.removeprefix("test_")
            for case in CaptureCase.__subclasses__()
            for name in dir(case)
        }
        self.assertEqual(set(EXCHANGES) - tests, set())

    def test_theFileIsRead(self) -> None:
        exchange = EXCHANGES["postWithData"]
        self.assertEqual(
            exchange.request.split("\r\n")[0], "POST /socket.io/xhr-polling/SID/send HTTP/1.1"
        )
        self.assertEqual(exchange.answer, "HTTP/1.1 200 OK\nContent-Type: text/plain\n\nok")


class XHRPollingTests(CaptureCase):
    """
    xhr-polling.
    """

    def test_firstPoll(self) -> None:
        self.check("firstPoll")

    def test_firstPollWithoutTheLastSlash(self) -> None:
        self.check("firstPollWithoutTheLastSlash")

    def test_firstPollAsTheClientSendsIt(self) -> None:
        self.check("firstPollAsTheClientSendsIt")

    def test_firstPollWithOrigin(self) -> None:
        self.check("firstPollWithOrigin")

    def test_firstPollWithOriginAndCookie(self) -> None:
        self.check("firstPollWithOriginAndCookie")

    def test_secondPollMessagesWaiting(self) -> None:
        """
        Both frames in one answer; in the genuine form, which a client has to
        show first.
        """
        sid = self.server.open()
        self.server.post(f"/xhr-polling/{sid}/send", "1:4:j\n:0,")
        self.client(sid).send("one")
        self.client(sid).send({"two": 2})
        self.check("secondPollMessagesWaiting", SID=sid)

    def test_secondPollNothingWaiting(self) -> None:
        """
        Held without a byte, answered by the first message.
        """
        sid = self.server.open()
        wire = self.ask("secondPollNothingWaiting", SID=sid)
        self.assertEqual(wire.value(), b"")
        self.client(sid).send("later")
        self.check("secondPollNothingWaiting", wire)

    def test_postWithData(self) -> None:
        self.check("postWithData", SID=self.server.open())
        self.assertEqual(self.seen, ["hello"])

    def test_postWithOriginAndCookie(self) -> None:
        """
        What is not complete waits.
        """
        self.check("postWithOriginAndCookie", SID=self.server.open())
        self.assertEqual(self.seen, ["ab", {"a": 1}])

    def test_postThatCompletesIt(self) -> None:
        """
        The realm has its own handlers with us.
        """
        realm: list[Any] = []
        self.server.io.realm("x").on("clientMessage", lambda message, _: realm.append(message))
        sid = self.server.open()
        self.ask("postWithOriginAndCookie", SID=sid)
        self.check("postThatCompletesIt", SID=sid)
        self.assertEqual((self.seen, realm), (["ab", {"a": 1}, "q"], ["z"]))

    def test_postWithoutData(self) -> None:
        """
        It harms nothing.
        """
        sid = self.server.open()
        self.check("postWithoutData", SID=sid)
        self.check("postWithData", SID=sid)
        self.assertEqual(self.seen, ["hello"])

    def test_postOfABrokenFrame(self) -> None:
        """
        It ends the session.
        """
        self.check("postOfABrokenFrame", SID=self.server.open())
        self.assertEqual(self.gone, ["parse error"])

    def test_pollDroppedByTheClientNextPollWithinClosetimeout(self) -> None:
        """
        C{connections} counts it, and nobody is told.
        """
        sid = self.server.open()
        client = self.client(sid)
        self.server.poll(sid).lose()
        client.send("while away")
        self.assertTrue(client.connected)
        self.check("pollDroppedByTheClientNextPollWithinClosetimeout", SID=sid)
        self.assertEqual((self.gone, client.connections), ([], 3))

    def test_unknownSessionId(self) -> None:
        self.check("unknownSessionId")

    def test_postToAnUnknownSessionId(self) -> None:
        self.check("postToAnUnknownSessionId")

    def test_postWithoutASessionId(self) -> None:
        self.check("postWithoutASessionId")
        self.assertEqual(dict(self.server.io.clients), {})

    def test_pollThatRunsIntoItsDuration(self) -> None:
        """
        Empty after 20 s; 8 s later, without another poll, the client has gone.
        """
        sid = self.server.open()
        client = self.client(sid)
        wire = self.ask("pollThatRunsIntoItsDuration", SID=sid)
        self.server.clock.advance(19.9)
        self.assertEqual(wire.value(), b"")
        self.server.clock.advance(0.1)
        self.check("pollThatRunsIntoItsDuration", wire)
        self.server.clock.advance(7.9)
        self.assertEqual((self.gone, client.connected), ([], True))
        self.server.clock.advance(0.2)
        self.assertEqual((self.gone, client.connected), (["transport close"], False))

    def test_noHeartbeats(self) -> None:
        """
        Polls get none, however long they are held.
        """
        self.serve(duration=None)
        wire = self.server.poll(self.server.open())
        self.server.clock.advance(1000)
        self.assertEqual((wire.value(), self.gone), (b"", []))

    def test_originNotAllowedGet(self) -> None:
        self.serve(origins="good.com:*")
        self.check("originNotAllowedGet")
        self.assertEqual(dict(self.server.io.clients), {})

    def test_originNotAllowedPost(self) -> None:
        self.serve(origins="good.com:*")
        self.check("originNotAllowedPost", SID=self.server.open())
        self.assertEqual(self.seen, [])

    def test_originAllowedGet(self) -> None:
        self.serve(origins="good.com:*")
        self.check("originAllowedGet")


class JSONPPollingTests(CaptureCase):
    """
    jsonp-polling.
    """

    def open(self) -> str:
        """
        Open a session, whose id is returned.
        """
        self.server.get("/jsonp-polling//1/0")
        (sid,) = self.server.io.clients
        return sid

    def test_jsonpFirstPoll(self) -> None:
        self.check("jsonpFirstPoll")

    def test_jsonpSecondPollMessagesWaiting(self) -> None:
        """
        In the genuine form, which a client has to show first.
        """
        sid = self.open()
        self.server.post(f"/jsonp-polling/{sid}/send//0", "1:4:j\n:0,")
        self.client(sid).send('hé "q" </script> \u2028 😀\n')
        self.client(sid).send({"a": 1})
        self.check("jsonpSecondPollMessagesWaiting", SID=sid)

    def test_jsonpPost(self) -> None:
        self.check("jsonpPost", SID=self.open())
        self.assertEqual(self.seen, ["héllo"])

    def test_jsonpPostOfJson(self) -> None:
        self.check("jsonpPostOfJson", SID=self.open())
        self.assertEqual(self.seen, [{"a": 1}])

    def test_jsonpWithoutAnIndex(self) -> None:
        self.check("jsonpWithoutAnIndex")

    def test_jsonpOriginNotAllowed(self) -> None:
        self.serve(origins="good.com:*")
        self.check("jsonpOriginNotAllowed")
        self.assertEqual(dict(self.server.io.clients), {})

    def test_jsonpEmptyOrigin(self) -> None:
        self.serve(origins="good.com:*", ignoreEmptyOrigin=False)
        self.check("jsonpEmptyOrigin")
        self.assertEqual(dict(self.server.io.clients), {})


class HTMLFileTests(CaptureCase):
    """
    htmlfile.
    """

    def test_htmlfileStream(self) -> None:
        """
        The heartbeat 10 s after the opening; the object in the genuine form,
        which a client has to show first.
        """
        wire = self.ask("htmlfileStream")
        ((sid, client),) = self.server.io.clients.items()
        self.server.post(f"/htmlfile/{sid}/send", "1:4:j\n:0,")
        client.send('hé "q" </script> \u2028')
        client.send({"a": 1})
        self.server.clock.advance(10)
        self.checkAnswer("htmlfileStream", wire.streamed().answer)
        self.assertFalse(wire.streamed().ended)

    def test_htmlfileChunks(self) -> None:
        """
        256 bytes, and then each batch of frames.
        """
        wire = self.ask("htmlfileStream")
        (client,) = self.server.io.clients.values()
        client.send("x")
        sizes = [b"%x" % len(chunk) for chunk in wire.streamed().chunks]
        self.assertEqual(sizes, [b"100", b"44", b"31"])

    def test_htmlfilePost(self) -> None:
        self.server.get("/htmlfile/")
        (sid,) = self.server.io.clients
        self.check("htmlfilePost", SID=sid)
        self.assertEqual(self.seen, ["hello"])

    def test_htmlfileOriginNotAllowed(self) -> None:
        self.serve(origins="good.com:*")
        self.check("htmlfileOriginNotAllowed")
        self.assertEqual(dict(self.server.io.clients), {})

    def test_htmlfileHeartbeatWithoutAnswer(self) -> None:
        """
        The answer ends when the time for it is over.
        """
        self.serve(transportOptions={"htmlfile": {"heartbeatInterval": 1, "heartbeatTimeout": 1}})
        wire = self.ask("htmlfileHeartbeatWithoutAnswer")
        self.server.clock.advance(1)
        self.checkAnswer("htmlfileHeartbeatWithoutAnswer", wire.streamed().answer)
        self.assertFalse(wire.streamed().ended)
        self.server.clock.advance(1.1)
        self.assertTrue(wire.streamed().ended)
        self.assertEqual(self.gone, ["ping timeout"])


class XHRMultipartTests(CaptureCase):
    """
    xhr-multipart.
    """

    def test_xhrMultipartPreflight(self) -> None:
        self.check("xhrMultipartPreflight")

    def test_xhrMultipartStream(self) -> None:
        """
        As on htmlfile; not chunked, and ended by closing.
        """
        wire = self.ask("xhrMultipartStream")
        ((sid, client),) = self.server.io.clients.items()
        self.server.post(f"/xhr-multipart/{sid}/send", "1:4:j\n:0,")
        client.send("héllo")
        client.send({"a": 1})
        self.server.clock.advance(10)
        self.checkAnswer("xhrMultipartStream", wire.streamed().answer)
        self.assertFalse(wire.disconnecting)
        self.server.clock.advance(8.2)
        self.assertTrue(wire.disconnecting)

    def test_xhrMultipartStreamWithOrigin(self) -> None:
        wire = self.ask("xhrMultipartStreamWithOrigin")
        self.checkAnswer("xhrMultipartStreamWithOrigin", wire.streamed().answer)

    def test_xhrMultipartPost(self) -> None:
        self.server.get("/xhr-multipart/")
        (sid,) = self.server.io.clients
        self.check("xhrMultipartPost", SID=sid)
        self.assertEqual(self.seen, ["x"])

    def test_xhrMultipartOriginNotAllowed(self) -> None:
        self.serve(origins="good.com:*")
        self.check("xhrMultipartOriginNotAllowed")
        self.assertEqual(dict(self.server.io.clients), {})


class WebSocketTests(CaptureCase):
    """
    websocket, and what the heartbeats are like there.
    """

    def checkDraft(self, name: str, *messages: str) -> None:
        """
        Byte for byte, from the status line to the last frame.

        @param messages: what the application sends when the client is there.
        """
        wire = self.ask(name)
        (sid,) = self.server.io.clients
        for each in messages:
            self.client(sid).send(each)
        shown = wire.value().decode("utf-8", "backslashreplace").replace("\0", "\\x00")
        expected = _filled(EXCHANGES[name].answer, {"SID": sid})
        self.assertEqual(shown.replace("\r\n", "\n"), expected)

    def test_websocketHixie76(self) -> None:
        self.checkDraft("websocketHixie76", "hé")

    def test_websocketHixie75(self) -> None:
        self.checkDraft("websocketHixie75")

    def test_websocketRfc6455(self) -> None:
        wire = self.ask("websocketRfc6455")
        head, separator, rest = wire.value().partition(b"\r\n\r\n")
        (sid,) = self.server.io.clients
        self.assertEqual(rest, b"\x81\x1a3:20:%b," % sid.encode())
        wire.clear()
        wire.write(head + separator)
        self.check("websocketRfc6455", wire)

    def test_websocketUpgradeOnAForeignPath(self) -> None:
        self.check("websocketUpgradeOnAForeignPath")

    def test_websocketUrlWithoutUpgrade(self) -> None:
        self.check("websocketUrlWithoutUpgrade")

    def connect(self) -> Wire:
        """
        Open a WebSocket, and take the greeting.
        """
        wire = self.server.webSocket()
        (sid,) = self.server.io.clients
        self.assertEqual(wire.texts(), [f"3:20:{sid},"])
        return wire

    def test_heartbeats(self) -> None:
        """
        10 s after the opening, and after each right answer; numbered from 1.
        """
        wire = self.connect()
        for number in range(1, 11):
            self.server.clock.advance(9.9)
            self.assertEqual(wire.texts(), [])
            self.server.clock.advance(0.3)
            beat = f"2:{len(str(number))}:{number},"
            self.assertEqual(wire.texts(), [beat])
            wire.say(beat)
        self.assertEqual(self.gone, [])

    def test_heartbeatWithoutAnswer(self) -> None:
        """
        It is waited for 8 s; the heartbeat of the wrong number is none.
        """
        wire = self.connect()
        self.server.clock.advance(10)
        self.assertEqual(wire.texts(), ["2:1:1,"])
        wire.say("2:1:2,")
        self.server.clock.advance(7.9)
        self.assertEqual((self.gone, wire.disconnecting), ([], False))
        self.server.clock.advance(0.2)
        self.assertEqual(self.gone, ["ping timeout"])

    def test_heartbeatByThePage(self) -> None:
        """
        The answer counts by POST too, even on xhr-polling, where it is told
        to have heartbeats.
        """
        self.serve(transportOptions={"xhr-polling": {"heartbeatInterval": 5}})
        sid = self.server.open()
        wire = self.server.poll(sid)
        self.server.clock.advance(5)
        self.assertEqual(wire.answer().body, b"2:1:1,")
        answer = self.server.post(f"/xhr-polling/{sid}/send", "2:1:1,").answer()
        self.assertEqual((answer.status, answer.body), (200, b"ok"))
        wire = self.server.poll(sid)
        self.server.clock.advance(5)
        self.assertEqual(wire.answer().body, b"2:1:2,")

    def test_connectionLost(self) -> None:
        """
        C{closeTimeout} is 0 here: it is the end, at the clock's next turn.
        """
        self.connect().lose()
        self.server.clock.advance(0.2)
        self.assertEqual(self.gone, ["transport close"])

    def test_framing(self) -> None:
        """
        The captured calls; the objects in the genuine form, which the client
        has shown.
        """
        wire = self.connect()
        (client,) = self.server.io.clients.values()
        wire.say("1:4:j\n:0,")
        client.send("hello")
        client.send("")
        client.send({"a": 1})
        client.send("x", {"n": "5"})
        client.send("😀")
        client.disconnect()
        frames = [frame.payload.decode("utf-8") for frame in wire.frames()[:-1]]
        self.assertEqual(
            frames,
            [
                "1:6::hello,",
                "1:1::,",
                '1:10:j\n:{"a":1},',
                "1:6:n:5\n:x,",
                "1:3::😀,",
                "0:0:,",
            ],
        )

    def test_framingInARealm(self) -> None:
        """
        C{send('x', {r: 'chat', n: '5'})}: a realm is a namespace here.
        """
        self.server.io.realm("chat").on(
            "clientMessage", lambda message, client: client.send(message, {"n": "5"})
        )
        wire = self.connect()
        wire.say("1:13:r:chat\nn:5\n:x,")
        self.assertEqual(wire.texts(), ["1:13:r:chat\nn:5\n:x,"])


class OtherPathsTests(CaptureCase):
    """
    What is not a transport's.
    """

    script = (Path(txsocketio.__file__).parent / "browser" / "socket.io.js").read_bytes()

    def checkFile(self, name: str, content: bytes = script, **values: str) -> None:
        tag = sha256(content).hexdigest()[:32]
        self.check(name, SIZE=str(len(content)), TAG=tag, **values)

    def test_unknownTransport(self) -> None:
        self.check("unknownTransport")

    def test_theResourceItself(self) -> None:
        self.check("theResourceItself")

    def test_foreignPath(self) -> None:
        self.check("foreignPath")

    def test_pathThatOnlyStartsWithTheResource(self) -> None:
        self.check("pathThatOnlyStartsWithTheResource")

    def test_clientScript(self) -> None:
        self.checkFile("clientScript", SCRIPT=self.script.decode())

    def test_clientScriptWithAQuery(self) -> None:
        self.checkFile("clientScriptWithAQuery", SCRIPT=self.script.decode())

    def test_clientScriptBareTagKnown(self) -> None:
        self.checkFile("clientScriptBareTagKnown")

    def test_clientScriptQuotedTagKnown(self) -> None:
        self.checkFile("clientScriptQuotedTagKnown")

    def test_clientScriptHead(self) -> None:
        self.checkFile("clientScriptHead")

    def test_flashMovie(self) -> None:
        self.serveMovie()
        self.checkFile("flashMovie", MOVIE, MOVIE=MOVIE.decode())

    def test_flashMovieBesideTheLibrary(self) -> None:
        self.serveMovie()
        self.checkFile("flashMovieBesideTheLibrary", MOVIE, MOVIE=MOVIE.decode())

    def serveMovie(self) -> None:
        """
        Begin anew, with a movie.
        """
        movie = Path(self.mktemp())
        movie.write_bytes(MOVIE)
        self.serve(flashMovie=movie)

    def test_flashTransportOverPlainHttp(self) -> None:
        self.check("flashTransportOverPlainHttp")

    def test_flashMovieThatIsNotServed(self) -> None:
        self.check("flashMovieThatIsNotServed")


POLICY = b"""\
<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
%s</cross-domain-policy>
"""


class FlashPolicyTests(SynchronousTestCase):
    """
    What a Flash movie asks for as the first thing on the site's own port.
    """

    def checkPolicy(self, lines: bytes, **options: Any) -> None:
        wire = Server(**options).connect()
        wire.receive(b"<policy-file-request/>\0")
        self.assertEqual(wire.value(), POLICY % lines)
        self.assertTrue(wire.disconnecting)

    def test_everybody(self) -> None:
        self.checkPolicy(b'<allow-access-from domain="*" to-ports="*"/>\n', origins="*:*")

    def test_origins(self) -> None:
        self.checkPolicy(
            b'<allow-access-from domain="good.com" to-ports="*"/>\n'
            b'<allow-access-from domain="a.org" to-ports="8080"/>\n',
            origins=["good.com:*", "a.org:8080"],
        )

    def test_nothingIsLeftBehind(self) -> None:
        """
        Neither the connection's timeout nor a port.
        """
        server = Server(origins="*:*", flashPolicyServer=False)
        wire = server.connect()
        wire.receive(b"<policy-file-request/>\0")
        clock: MemoryReactorClock = server.clock
        self.assertEqual((clock.getDelayedCalls(), clock.tcpServers), ([], []))
