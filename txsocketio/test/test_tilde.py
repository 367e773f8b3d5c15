"""
Tests for L{txsocketio.protocol.tilde}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txsocketio.client import Client
from txsocketio.errors import (
    ConnectionRefused,
    LocalProtocolError,
    UnsupportedByClient,
)
from txsocketio.interfaces import IDecoder, IDialect, Place
from txsocketio.listener import PROTOCOLS
from txsocketio.packets import Kind, Packet
from txsocketio.protocol.tilde import TILDE, TildeDecoder
from txsocketio.settings import Settings
from txsocketio.test.decoding import (
    EMOJI,
    JSON,
    PLAIN,
    FaultTests,
    LinearCase,
    cutAt,
    cutUp,
    loadFuzz,
    manyFrames,
    outcome,
    quickly,
    vectors,
)
from txsocketio.test.support import CLOSE, Answer, Server, Wire


def decoderFor(**limits: int) -> TildeDecoder:
    return TILDE.decoder(Settings(**limits))


def frame(data: str) -> str:
    return f"~m~{len(data.encode('utf-16-le', 'surrogatepass')) // 2}~m~{data}"


class VectorTests(SynchronousTestCase):
    """
    The vectors, written and read.
    """

    def test_written(self) -> None:
        """
        What is written is the vectors' text, byte for byte.
        """
        for what, wire, packets, _ in vectors("tilde"):
            if packets:
                body = TILDE.join([TILDE.encode(packet) for packet in packets])
                self.assertEqual(body.decode("utf-8"), wire, what)

    def assertRead(self, cut: Callable[[str], Iterable[str]]) -> None:
        for what, wire, _, packets in vectors("tilde"):
            if packets:
                self.assertEqual(outcome(cut(wire), decoderFor()), (packets, None, None), what)

    def test_readWhole(self) -> None:
        """
        They are read as one piece.
        """
        self.assertRead(lambda wire: [wire])

    def test_readByCharacters(self) -> None:
        """
        They are read one character at a time.
        """
        self.assertRead(lambda wire: wire)

    def test_readCut(self) -> None:
        """
        They are read in two pieces, wherever they are cut.
        """
        for at in range(max(len(wire) for _, wire, _, _ in vectors("tilde"))):
            self.assertRead(partial(cutAt, at))

    def test_readWithOthersBehind(self) -> None:
        """
        They are read with the next frame and half of another behind them.
        """
        next = Packet(Kind.MESSAGE, "next")
        for what, wire, _, packets in vectors("tilde"):
            if packets:
                self.assertEqual(
                    outcome([wire + "~m~4~m~next~m~4~m~ne", "xt"], decoderFor()),
                    ([*packets, next, next], None, None),
                    what,
                )

    def test_readInSequence(self) -> None:
        """
        All of them in one request's body, in their order.
        """
        read = [(wire, packets) for _, wire, _, packets in vectors("tilde") if packets]
        self.assertEqual(
            list(decoderFor().payload("".join(wire for wire, _ in read))),
            [packet for _, packets in read for packet in packets],
        )

    def test_frameWithinFrame(self) -> None:
        """
        A piece of a frame that looks like a whole one is none.
        """
        self.assertEqual(
            outcome(["~m~9~m~", "~m~1~m~a", "b"], decoderFor()),
            ([Packet(Kind.MESSAGE, "~m~1~m~ab")], None, None),
        )
        self.assertEqual(
            outcome(["~", "~m~1~m~a"], decoderFor()),
            ([], "no '~m~' where a frame begins, but '~'", 400),
        )

    def test_vectors(self) -> None:
        """
        There is no vector that tests nothing.
        """
        for what, _, writes, reads in vectors("tilde"):
            self.assertTrue(writes or reads, what)


BROKEN = [
    # Frames.
    ("x", "no '~m~' where a frame begins, but 'x'", 400),
    ("~x", "no '~m~' where a frame begins, but 'x'", 400),
    ("~j~", "no '~m~' where a frame begins, but 'j'", 400),
    ("~m-", "no '~m~' where a frame begins, but '-'", 400),
    (" ~m~", "no '~m~' where a frame begins, but ' '", 400),
    ("\u0661", "no '~m~' where a frame begins, but '\\u0661'", 400),
    ("1:6::hello,", "no '~m~' where a frame begins, but '1'", 400),
    ("~m~~", "a frame without a length", 400),
    ("~m~~m~", "a frame without a length", 400),
    ("~m~-1", "a frame's length holds '-'", 400),
    ("~m~+1", "a frame's length holds '+'", 400),
    ("~m~ 1", "a frame's length holds ' '", 400),
    ("~m~1.5", "a frame's length holds '.'", 400),
    ("~m~1e3", "a frame's length holds 'e'", 400),
    ("~m~NaN", "a frame's length holds 'N'", 400),
    ("~m~\u0663", "a frame's length holds '\\u0663'", 400),
    ("~m~1\xb2", "a frame's length holds '\\xb2'", 400),
    ("~m~05~m~hello", "a frame's length begins with 0", 400),
    ("~m~00", "a frame's length begins with 0", 400),
    ("~m~1000001", "a frame is longer than maxPayload (1000000) allows", 413),
    ("~m~1000000000000~m~", "a frame is longer than maxPayload (1000000) allows", 413),
    ("~m~" + "9" * 1000, "a frame is longer than maxPayload (1000000) allows", 413),
    ("~m~5~x", "no '~m~' behind a frame's length, but 'x'", 400),
    ("~m~5~~", "no '~m~' behind a frame's length, but '~'", 400),
    ("~m~5~mx", "no '~m~' behind a frame's length, but 'x'", 400),
    (f"~m~1~m~{EMOJI}", "a frame's length ends inside a character", 400),
    # What they hold.
    (frame("~h~"), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~h~x"), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~h~-1"), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~h~01"), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~h~1\n"), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~h~\u0663"), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~h~" + "1" * 16), "a heartbeat is no number of up to 15 digits", 400),
    (frame("~j~"), "the JSON is broken at character 0", 400),
    (frame("~j~{"), "the JSON is broken at character 1", 400),
    (frame("~j~[NaN]"), "the JSON holds NaN", 400),
    (frame("~j~1e999"), "the JSON holds a number that is too large", 400),
    (frame("~j~" + "1" * 5_000), "the JSON holds a number that is too long", 400),
    (frame("~j~" + "[" * 100_000), "the JSON is nested too deeply", 400),
]
"""Texts, and the reason and the status with which they are refused."""


class BrokenTests(FaultTests, SynchronousTestCase):
    """
    Tests for what is refused.
    """

    broken = BROKEN
    heading = "What is refused in 0.6"
    good = staticmethod(frame)
    make = staticmethod(decoderFor)


class LimitTests(SynchronousTestCase):
    """
    Tests for the limits.
    """

    def test_maxPayload(self) -> None:
        """
        A frame may be as long as C{maxPayload}, and is refused at its header
        if it is longer.
        """
        for data in ["x" * 20, EMOJI * 10]:
            for pieces in [[frame(data)], frame(data)]:
                self.assertEqual(
                    outcome(pieces, decoderFor(maxPayload=20)),
                    ([Packet(Kind.MESSAGE, data)], None, None),
                )
                self.assertEqual(
                    outcome(pieces, decoderFor(maxPayload=19)),
                    ([], "a frame is longer than maxPayload (19) allows", 413),
                )

    def test_maxPackets(self) -> None:
        """
        One message, or body, holds at most C{maxPackets}.
        """
        decoder = decoderFor(maxPackets=3)
        self.assertEqual(len(list(decoder.message(frame("x") * 3 + "~m~1"))), 3)
        self.assertEqual(len(list(decoder.message("~m~x" + frame("x") * 2))), 3)
        packets, *error = outcome([frame("x") * 4], decoder)
        self.assertEqual(len(packets), 3)
        self.assertEqual(error, ["more packets at once than maxPackets (3) allows", 413])

    def test_nothingKept(self) -> None:
        """
        A decoder holds nothing of frames that it has read.
        """
        decoder = decoderFor()
        for piece, isIdle in [("~", False), ("m~5~m~hel", False), ("lo", True), ("", True)]:
            list(decoder.message(piece))
            self.assertIs(decoder._framing.isIdle, isIdle)


def longFrame(text: str, size: int) -> tuple[Iterable[str], int]:
    """
    One character at a time.
    """
    return frame(text * size), 1


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    def make(self) -> TildeDecoder:
        return decoderFor(maxPackets=10**6)

    def test_characterByCharacter(self) -> None:
        """
        A long frame may come one character at a time.
        """
        for text in ["x", "\u2603", EMOJI, "~"]:
            self.assertLinear(partial(longFrame, text))

    def test_manyFrames(self) -> None:
        """
        There may be very many frames in one piece.
        """
        for text in ["~m~0~m~", frame("~h~1"), frame(EMOJI), frame("~j~1")]:
            self.assertLinear(partial(manyFrames, text))


class EncodeTests(SynchronousTestCase):
    """
    Tests for what cannot be written, and for what is mended. The vectors hold
    the rest.
    """

    def test_unsupported(self) -> None:
        """
        There is nothing but messages.
        """
        for unsayable, what in [
            (Packet(Kind.EVENT, ["chat", 1]), "events"),
            (Packet(Kind.EVENT, ["chat"], "/", 1), "events"),
            (Packet(Kind.ACK, [], "/", 1), "acknowledgements"),
            (Packet(Kind.CONNECT, None, "/chat"), "namespaces"),
            (Packet(Kind.CONNECT_ERROR, {"message": "no"}), "refusals"),
            (Packet(Kind.CLOSE), "a goodbye"),
            (Packet(Kind.DISCONNECT), "a goodbye"),
            (Packet(Kind.MESSAGE, "x", "/chat"), "namespaces"),
            (Packet(Kind.JSON, {}, "/chat"), "namespaces"),
        ]:
            error = self.assertRaises(UnsupportedByClient, TILDE.encode, unsayable)
            self.assertEqual(str(error), f"Socket.IO 0.6 does not know {what}")

    def test_binary(self) -> None:
        """
        Nor can bytes be said.
        """
        for data in [b"x", {"a": [b"x"]}]:
            self.assertRaises(UnsupportedByClient, TILDE.encode, Packet(Kind.JSON, data))

    def test_text(self) -> None:
        """
        A text message is a text.
        """
        error = self.assertRaises(LocalProtocolError, TILDE.encode, Packet(Kind.MESSAGE, 5))
        self.assertEqual(str(error), "a text message is a str, not a int")

    def test_heartbeats(self) -> None:
        """
        A heartbeat has a number.
        """
        for kind in [Kind.PING, Kind.PONG]:
            for number in [None, -1, 10**15, "1", True]:
                self.assertRaises(LocalProtocolError, TILDE.encode, Packet(kind, number))

    def test_surrogates(self) -> None:
        """
        Half characters are replaced before the length is counted; in JSON they
        are escaped.
        """
        for text, wire in [
            ("\ud800", "~m~1~m~\ufffd"),
            ("a\udc00b", "~m~3~m~a\ufffdb"),
            ("\ud83d\ude00", f"~m~2~m~{EMOJI}"),
            ("~h~\ud800", '~m~14~m~~j~"~h~\\ud800"'),
        ]:
            self.assertEqual(TILDE.encode(Packet(Kind.MESSAGE, text)).text, wire)


class DialectTests(SynchronousTestCase):
    """
    Tests for what is not encoding or decoding.
    """

    def test_contracts(self) -> None:
        """
        The contracts are kept.
        """
        verifyObject(IDialect, TILDE)
        decoder = decoderFor()
        verifyObject(IDecoder, decoder)
        self.assertIs(decoder.dialect, TILDE)
        self.assertEqual(TILDE.name, "0.6")
        self.assertTrue(TILDE.serverBeats)
        self.assertTrue(TILDE.rootIsConnection)
        self.assertFalse(TILDE.joinsByTalking)
        self.assertEqual(TILDE.postField, b"data")

    def test_locate(self) -> None:
        """
        The URLs of genuine clients.
        """
        for path, transport, sid, index in [
            ("websocket", "websocket", None, None),
            ("xhr-multipart/", "xhr-multipart", None, None),
            ("htmlfile//1795410723432", "htmlfile", None, 1795410723432),
            ("xhr-polling/24001148230274305/send", "xhr-polling", "24001148230274305", None),
            ("jsonp-polling//1795410702823/0", "jsonp-polling", None, 0),
            ("jsonp-polling/33285/1795410704451/0", "jsonp-polling", "33285", 0),
        ]:
            place = TILDE.locate(path.split("/"), {})
            self.assertEqual(place, Place(TILDE, transport, sid, index), path)
        self.assertIsNone(TILDE.locate([""], {}))

    def test_script(self) -> None:
        """
        As the genuine server writes it.
        """
        self.assertEqual(
            TILDE.script(0, '~m~10~m~~j~{"a":1}~m~1~m~\u2028'.encode()),
            b'io.JSONP[0]._("~m~10~m~~j~{\\"a\\":1}~m~1~m~\\u2028");',
        )
        self.assertEqual(TILDE.script(12, b""), b'io.JSONP[12]._("");')

    def test_unscript(self) -> None:
        """
        The line ends of a form are line feeds again, unless they fit as they
        are.
        """
        for field, text in [
            ("~m~3~m~a\r\nb~m~1~m~\r\n", "~m~3~m~a\nb~m~1~m~\n"),
            ("~m~4~m~a\r\nb", "~m~4~m~a\r\nb"),
            ("~m~9~m~a\r\nb", "~m~9~m~a\nb"),
            ("x\r\n", "x\n"),
            ("~m~1~m~a", "~m~1~m~a"),
        ]:
            self.assertEqual(TILDE.unscript(field), text)


TEXTS = PLAIN | st.text(max_size=8)
PACKETS = TEXTS.filter(lambda text: text[:1] != "~").map(
    lambda text: Packet(Kind.MESSAGE, text)
) | JSON.map(lambda value: Packet(Kind.JSON, value))


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(st.lists(PACKETS, max_size=5), st.randoms(use_true_random=False))
    def test_sequences(self, packets: list[Packet], random: Any) -> None:
        """
        In a row, cut anywhere.
        """
        text = "".join(TILDE.encode(packet).text for packet in packets)
        self.assertEqual(outcome(cutUp(text, random), decoderFor()), (packets, None, None))

    @quickly
    @given(st.sampled_from(["", "~", "~h~", "~j~", "~m~"]), TEXTS)
    def test_texts(self, mark: str, text: str) -> None:
        """
        Whatever a text begins with, it arrives.
        """
        (read,), *_ = outcome([TILDE.encode(Packet(Kind.MESSAGE, mark + text)).text], decoderFor())
        self.assertEqual(read.data, mark + text)

    @quickly
    @given(st.integers(0, 10**15 - 1))
    def test_heartbeats(self, number: int) -> None:
        """
        A heartbeat is answered by the same frame.
        """
        self.assertEqual(
            outcome([TILDE.encode(TILDE.beat(number)).text], decoderFor()),
            ([Packet(Kind.PONG, number)], None, None),
        )

    @hypothesisSettings(deadline=None, max_examples=300)
    @given(
        st.lists(
            st.sampled_from([*'01~mhj9{"', "~m~", "~h~", "~j~", "~m~0~m~", EMOJI, "\ud800"])
            | PACKETS.map(lambda packet: TILDE.encode(packet).text)
            | TEXTS.map(frame)
        ).map("".join)
        | st.text(),
        st.randoms(use_true_random=False),
    )
    def test_anyText(self, text: str, random: Any) -> None:
        """
        Any text gives packets or is refused, however it is cut.
        """
        packets, reason, status = outcome([text], decoderFor())
        self.assertEqual(outcome(cutUp(text, random), decoderFor()), (packets, reason, status))
        if reason is not None:
            self.assertTrue(reason.isascii() and reason.isprintable() and len(reason) < 80, reason)


class FuzzTests(SynchronousTestCase):
    """
    A short run of C{benchmarks/fuzz.py}.
    """

    def test_mutations(self) -> None:
        """
        Damaged text gives packets or errors; and each kind of error comes up.
        """
        fuzz = loadFuzz()
        packets, reasons = fuzz.fuzz(fuzz.TARGETS["tilde"], 5_000, 0)
        self.assertGreater(packets, 2_000)
        self.assertGreater(reasons[""], 500)
        self.assertGreater(len(reasons), 10)


class Room:
    """
    A server that speaks 0.6, and what happened there.

    @ivar clients: the clients that came, oldest first.
    @ivar heard: their messages.
    @ivar gone: why they went.
    """

    def __init__(self, **options: Any) -> None:
        self.server = Server(protocol="0.6", **options)
        self.clients: list[Client] = []
        self.heard: list[Any] = []
        self.gone: list[str] = []
        self.server.io.on("connection", self.connected)

    def connected(self, client: Client) -> None:
        """
        Echo.
        """
        self.clients.append(client)
        client.on("message", self.heard.append)
        client.on("message", client.send)
        client.on("disconnect", self.gone.append)

    def poll(self, sid: str = "") -> Wire:
        """
        As the genuine client polls.
        """
        return self.server.get(f"/xhr-polling/{sid}/1795410703019")

    def open(self) -> str:
        """
        Open an xhr-polling session.

        @return: its id.
        """
        return sidIn(self.poll().answer().body.decode("ascii"))

    def post(self, sid: str, text: str) -> Answer:
        """
        As the genuine client sends.
        """
        return self.server.post(f"/xhr-polling/{sid}/send", text).answer()

    def webSocket(self) -> Wire:
        """
        Open a WebSocket, and take the greeting.
        """
        wire = self.server.webSocket()
        (greeting,) = wire.texts()
        sidIn(greeting)
        return wire


def sidIn(greeting: str) -> str:
    """
    The session id that a session begins with, and nothing behind it.
    """
    found = re.fullmatch("~m~20~m~([A-Za-z0-9_-]{20})", greeting)
    assert found is not None, greeting
    return found[1]


class SiteTests(SynchronousTestCase):
    """
    Over a real L{Site}.
    """

    def test_polling(self) -> None:
        """
        A session as in the transcript: messages come and go.
        """
        room = Room()
        sid = room.open()
        poll = room.poll(sid)
        self.assertEqual(room.post(sid, frame(f"h\xe9llo \u2603 {EMOJI}")).body, b"ok")
        self.assertEqual(poll.answer().body, f"~m~10~m~h\xe9llo \u2603 {EMOJI}".encode())
        room.post(sid, frame('~j~{"a":1}') + frame("two"))
        self.assertEqual(room.poll(sid).answer().body, b'~m~10~m~~j~{"a":1}~m~3~m~two')
        self.assertEqual(room.heard, [f"h\xe9llo \u2603 {EMOJI}", {"a": 1}, "two"])
        self.assertEqual(room.clients[0].protocol, "0.6")

    def test_jsonp(self) -> None:
        """
        The same by scripts and forms.
        """
        room = Room()
        script = room.server.get("/jsonp-polling//1795410702823/0").answer().body.decode("ascii")
        found = re.fullmatch(r'io\.JSONP\[0\]\._\("(.*)"\);', script)
        assert found is not None, script
        url = f"/jsonp-polling/{sidIn(found[1])}/1795410704451/0"
        self.assertEqual(room.server.post(url, "~m~3~m~a\r\nb").answer().body, b"ok")
        self.assertEqual(room.server.get(url).answer().body, b'io.JSONP[0]._("~m~3~m~a\\nb");')

    def test_webSocket(self) -> None:
        """
        The same over WebSocket, a message cut in two as well.
        """
        room = Room()
        wire = room.webSocket()
        wire.say(frame(EMOJI) + frame("~j~[]"))
        wire.say("~m~5~m~he")
        wire.say("llo")
        self.assertEqual(wire.texts(), [frame(EMOJI), frame("~j~[]"), frame("hello")])
        wire.lose()
        room.server.clock.advance(1)
        self.assertEqual(room.gone, ["transport close"])

    def test_heartbeats(self) -> None:
        """
        Who answers with the same number stays; who does not goes.
        """
        room = Room()
        wire = room.webSocket()
        for number in (1, 2):
            room.server.clock.advance(11)
            self.assertEqual(wire.texts(), [frame(f"~h~{number}")])
            wire.say(frame(f"~h~{number}"))
        self.assertEqual((room.heard, room.gone), ([], []))
        room.server.clock.advance(11)
        wire.say(frame("~h~2"))
        room.server.clock.advance(9)
        self.assertEqual(room.gone, ["ping timeout"])

    def test_parseError(self) -> None:
        """
        A fault ends the session with its line.
        """
        room = Room()
        sid = room.open()
        answer = room.post(sid, frame("fine") + "1:6::hello,")
        self.assertEqual(
            (answer.status, answer.body), (400, b"no '~m~' where a frame begins, but '1'\n")
        )
        self.assertEqual((room.heard, room.gone), (["fine"], ["parse error"]))
        sid = room.open()
        self.assertEqual(room.post(sid, "~m~1000001~m~").status, 413)

    def test_webSocketParseError(self) -> None:
        """
        On a WebSocket as code 1002.
        """
        wire = Room().webSocket()
        wire.say("hello")
        (closing,) = wire.frames()
        self.assertEqual(closing.opcode, CLOSE)
        self.assertEqual(
            closing.payload, b"\x03\xeaparse error: no '~m~' where a frame begins, but 'h'"
        )

    def test_unsupported(self) -> None:
        """
        Whoever speaks to such a client of more than messages is told.
        """
        room = Room()
        room.open()
        (client,) = room.clients
        self.assertRaises(UnsupportedByClient, client.emit, "chat", 1)
        self.assertRaises(UnsupportedByClient, client.emitWithAck, "chat")
        self.assertRaises(UnsupportedByClient, client.send, {"a": b"x"})
        client.emit("message", "said")
        client.send("noted", {"n": "5"})
        self.assertEqual(room.poll(client.sessionId).answer().body, b"~m~4~m~said~m~5~m~noted")

    def test_broadcast(self) -> None:
        """
        A broadcast of more than messages passes it over.
        """
        room = Room()
        wire = room.webSocket()
        room.server.io.emit("chat", 1)
        room.server.io.broadcast({"to": "all"})
        self.assertEqual(wire.texts(), [frame('~j~{"to":"all"}')])
        self.assertEqual(room.server.io.of("/").passedOver, 1)

    def test_unknownProtocol(self) -> None:
        """
        A listener cannot be made for a protocol that is none.
        """
        error = self.assertRaises(LocalProtocolError, Server, protocol="0.5")
        self.assertEqual(str(error), f"unknown protocol '0.5'; there are {', '.join(PROTOCOLS)}")


class LeavingTests(SynchronousTestCase):
    """
    Parting without a word for it.
    """

    def assertGone(self, room: Room, sid: str) -> None:
        answer = room.poll(sid).answer()
        self.assertEqual((answer.status, answer.body), (404, b"unknown session id\n"))
        self.assertEqual(len(room.server.io._manager.sessions), 0)

    def test_waitingPoll(self) -> None:
        """
        The poll that waits is answered empty, and the next one with 404.
        """
        room = Room()
        sid = room.open()
        poll = room.poll(sid)
        room.clients[0].disconnect()
        self.assertEqual((poll.answer().status, poll.answer().body), (200, b""))
        self.assertEqual(room.gone, ["server namespace disconnect"])
        self.assertGone(room, sid)

    def test_betweenPolls(self) -> None:
        """
        The next poll brings what was sent before, the one behind it 404.
        """
        for messages, body in (((), b""), (("last", "words"), b"~m~4~m~last~m~5~m~words")):
            room = Room()
            sid = room.open()
            for message in messages:
                room.clients[0].send(message)
            room.clients[0].disconnect()
            self.assertEqual(room.post(sid, frame("x")).status, 404)
            answer = room.poll(sid).answer()
            self.assertEqual((answer.status, answer.body), (200, body))
            self.assertGone(room, sid)

    def test_neverFetched(self) -> None:
        """
        Who does not come back is forgotten.
        """
        room = Room(farewellTimeout=5)
        sid = room.open()
        room.clients[0].send("last words")
        room.clients[0].disconnect()
        room.server.clock.advance(6)
        self.assertGone(room, sid)

    def test_webSocket(self) -> None:
        """
        What was sent before, and the closing.
        """
        room = Room()
        wire = room.webSocket()
        room.clients[0].send("last words")
        room.clients[0].disconnect()
        said, closing = wire.frames()
        self.assertEqual(said.payload, b"~m~10~m~last words")
        self.assertEqual(closing.opcode, CLOSE)
        self.assertEqual(room.gone, ["server namespace disconnect"])

    def test_shutdown(self) -> None:
        """
        The listener waits until everybody has gone.
        """
        room = Room()
        sid = room.open()
        wire = room.webSocket()
        closed = room.server.io.close()
        (closing,) = wire.frames()
        self.assertEqual(closing.opcode, CLOSE)
        self.assertNoResult(closed)
        room.poll(sid)
        self.successResultOf(closed)
        self.assertEqual(room.gone, ["server shutting down"] * 2)

    def test_refused(self) -> None:
        """
        Who is refused is not told why, and has to go all the same.
        """
        room = Room()

        @room.server.io.use
        def refuse(client: Client) -> None:
            raise ConnectionRefused("no", {"code": 5})

        wire = room.server.webSocket()
        greeting, closing = wire.frames()
        sidIn(greeting.payload.decode("ascii"))
        self.assertEqual(closing.opcode, CLOSE)
        sid = room.open()
        self.assertEqual(room.poll(sid).answer().body, b"")
        self.assertGone(room, sid)
        self.assertEqual(room.clients, [])
