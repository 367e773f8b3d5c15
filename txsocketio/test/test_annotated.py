"""
Tests for L{txsocketio.protocol.annotated}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IDecoder, IDialect, Place
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._annotations import MAX_ANNOTATIONS
from txsocketio.protocol.annotated import (
    GENUINE,
    SPECIFICATION,
    Annotated,
    AnnotatedDecoder,
    _beginning,
    _eventsHead,
)
from txsocketio.protocol.eio4 import EIO4_TEXT
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
    packet,
    quickly,
)
from txsocketio.test.fakes import Bench

DIALECTS = {"genuine": (GENUINE,), "specification": (SPECIFICATION,)}
BOTH = (SPECIFICATION, GENUINE)

SHOWING = {GENUINE: "1:9:r:chat\n:x,", SPECIFICATION: "1:8:r:chat:x,"}
"""Messages that can be read in one form only."""


def vectors() -> Iterator[tuple[str, tuple[Annotated, ...], str, list[Packet], list[Packet]]]:
    """
    Of each vector: what it is, who writes it, its wire text, and the packets of
    which it is written and as which it is read.
    """
    path = Path(__file__).parent / "vectors" / "annotated.json"
    for vector in json.loads(path.read_text("utf-8")):
        same = vector.get("packets", ())
        yield (
            vector["what"],
            DIALECTS.get(vector["form"], BOTH),
            vector["wire"],
            [packet(**fields) for fields in vector.get("writes", same)],
            [packet(**fields) for fields in vector.get("reads", same)],
        )


def decoderFor(form: Annotated | None = None, **limits: int) -> AnnotatedDecoder:
    """
    A decoder for a client that has shown this form, or none.
    """
    decoder = SPECIFICATION.decoder(Settings(**limits))
    if form is not None:
        list(decoder.message(SHOWING[form]))
    return decoder


def frame(data: str, type: str = "1") -> str:
    return f"{type}:{len(data.encode('utf-16-le', 'surrogatepass')) // 2}:{data},"


class VectorTests(SynchronousTestCase):
    """
    The vectors, written and read.
    """

    def test_written(self) -> None:
        """
        What is written is the vectors' text, byte for byte.
        """
        for what, dialects, wire, packets, _ in vectors():
            for dialect in dialects if packets else ():
                body = dialect.join([dialect.encode(packet) for packet in packets])
                self.assertEqual(body.decode("utf-8"), wire, what)

    def assertRead(self, cut: Callable[[str], Iterable[str]]) -> None:
        for what, _, wire, _, packets in vectors():
            for form in (None, *BOTH) if packets else ():
                self.assertEqual(outcome(cut(wire), decoderFor(form)), (packets, None, None), what)

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
        for at in range(50):
            self.assertRead(partial(cutAt, at))

    def test_readWithOthersBehind(self) -> None:
        """
        They are read with the next frame and half of another behind them.
        """
        next = Packet(Kind.MESSAGE, "next")
        for what, _, wire, _, packets in vectors():
            if packets:
                self.assertEqual(
                    outcome([wire + "1:5::next,1:5::ne", "xt,"], decoderFor()),
                    ([*packets, next, next], None, None),
                    what,
                )

    def test_readInSequence(self) -> None:
        """
        All of them in one request's body, in their order.
        """
        read = [(wire, packets) for _, _, wire, _, packets in vectors() if packets]
        self.assertEqual(
            list(decoderFor().payload("".join(wire for wire, _ in read))),
            [packet for _, packets in read for packet in packets],
        )

    def test_frameWithinFrame(self) -> None:
        """
        A piece of a frame that looks like a whole one is none.
        """
        self.assertEqual(
            outcome(["1:9::", "1:2::a,", "b,"], decoderFor()),
            ([Packet(Kind.MESSAGE, "1:2::a,b")], None, None),
        )
        self.assertEqual(
            outcome(["1", "1:2::a,"], decoderFor()),
            ([], "no ':' behind a frame's type, but '1'", 400),
        )

    def test_vectors(self) -> None:
        """
        There is no vector that tests nothing.
        """
        for what, _, _, writes, reads in vectors():
            self.assertTrue(writes or reads, what)


BROKEN = [
    # Frames.
    ("x", "unknown frame type 'x'", 400),
    ("4:1:x,", "unknown frame type '4'", 400),
    ("\n1:1::,", "unknown frame type '\\n'", 400),
    ("\u0661:1::,", "unknown frame type '\\u0661'", 400),
    (",", "unknown frame type ','", 400),
    (":", "a frame without a type", 400),
    ("11:1::,", "no ':' behind a frame's type, but '1'", 400),
    ("1,", "no ':' behind a frame's type, but ','", 400),
    ("1::", "a frame without a length", 400),
    ("1:-1:", "a frame's length holds '-'", 400),
    ("1:+1:", "a frame's length holds '+'", 400),
    ("1: 1:", "a frame's length holds ' '", 400),
    ("1:1,", "a frame's length holds ','", 400),
    ("1:1.5:", "a frame's length holds '.'", 400),
    ("1:1e309:", "a frame's length holds 'e'", 400),
    ("1:NaN:", "a frame's length holds 'N'", 400),
    ("1:\u0663:abc,", "a frame's length holds '\\u0663'", 400),
    ("1:\xb2:ab,", "a frame's length holds '\\xb2'", 400),
    ("1:06::hello,", "a frame's length begins with 0", 400),
    ("1:00:,", "a frame's length begins with 0", 400),
    ("1:1000001", "a frame is longer than maxPayload (1000000) allows", 413),
    ("1:1000000000000:", "a frame is longer than maxPayload (1000000) allows", 413),
    ("1:" + "9" * 1000, "a frame is longer than maxPayload (1000000) allows", 413),
    ("1:2::ab,", "no ',' where a frame's data ends, but 'b'", 400),
    ("1:2::a\n", "no ',' where a frame's data ends, but '\\n'", 400),
    ("0:0:0:0:,", "no ',' where a frame's data ends, but '0'", 400),
    (f"1:2::{EMOJI},", "a frame's length ends inside a character", 400),
    # Other frames than messages.
    ("0:1:x,", "a frame of type 0 with data", 400),
    ("0:10:undefinedx,", "a frame of type 0 with data", 400),
    ("2:0:,", "a heartbeat is no number of up to 15 digits", 400),
    ("2:2:-1,", "a heartbeat is no number of up to 15 digits", 400),
    ("2:2:01,", "a heartbeat is no number of up to 15 digits", 400),
    ("2:1:\u0663,", "a heartbeat is no number of up to 15 digits", 400),
    ("2:16:" + "1" * 16 + ",", "a heartbeat is no number of up to 15 digits", 400),
    ("3:1:x,", "a frame of type 3: only the server names the session", 400),
    # Annotations: test_annotations has those that can be read in no form.
    ("1:0:,", "no ':' before a message's text", 400),
    (frame("r:a\nr:a\n:x"), "annotation 'r' twice", 400),
    (frame("e:x\ne:x\nj\n:[]"), "annotation 'e' twice", 400),
    (frame("a:1\ne:x\na:1\nj\n:[]"), "annotation 'a' twice", 400),
    (frame("j\nj:1"), "annotation 'j' twice", 400),
    (frame("r:\n:x"), "annotation 'r' is empty", 400),
    # What they say.
    (frame("a:1\nj\n:[]"), "annotation 'a' without 'e'", 400),
    (frame("e:x\n:[]"), "an event or an acknowledgement without 'j'", 400),
    (frame("j\n:{"), "the JSON is broken at character 1", 400),
    (frame("j\n:[NaN]"), "the JSON holds NaN", 400),
    (frame("j\n:" + "[" * 100_000), "the JSON is nested too deeply", 400),
    (frame("e:x\nj\n:["), "the JSON is broken at character 1", 400),
    (frame('e:x\nj\n:{"0":1}'), "the arguments are no list", 400),
    (frame("a:1\ne:\nj\n:null"), "the arguments are no list", 400),
    (frame("e:\nj\n:[]"), "an event without a name", 400),
    (frame("a:x\ne:x\nj\n:[]"), "an acknowledgement's id is no number of up to 15 digits", 400),
    (frame("a:01\ne:\nj\n:[]"), "an acknowledgement's id is no number of up to 15 digits", 400),
    (frame("a:\ne:x\nj\n:[]"), "an acknowledgement's id is no number of up to 15 digits", 400),
    (
        frame(f"a:{'1' * 1_000}\ne:x\nj\n:[]"),
        "an acknowledgement's id is no number of up to 15 digits",
        400,
    ),
    *(
        (frame(f"{realm}e:{name}\nj\n:[]"), f"the event '{name}' is reserved", 400)
        for name in ["connect_error", "disconnecting", "newListener", "removeListener", "error"]
        for realm in ["", "r:chat\n"]
    ),
    (frame("e:connect\nj\n:[]"), "the event 'connect' is reserved", 400),
    (frame("e:disconnect\nj\n:[]"), "the event 'disconnect' is reserved", 400),
    (frame("r:chat\ne:connect\nj\n:[1,2]"), "the event 'connect' is reserved", 400),
    (frame("r:chat\na:1\ne:connect\nj\n:[]"), "the event 'connect' is reserved", 400),
    (frame("r:chat\ne:disconnect\nj\n:[1]"), "the event 'disconnect' is reserved", 400),
]
"""Texts, and the reason and the status with which they are refused."""


class EncodeTests(SynchronousTestCase):
    """
    Tests for what cannot be written, and for what is mended. The vectors hold
    the rest.
    """

    def assertUnwritable(self, packet: Packet, reason: str) -> None:
        for dialect in BOTH:
            error = self.assertRaises(LocalProtocolError, dialect.encode, packet)
            self.assertEqual(str(error), reason)

    def test_keys(self) -> None:
        """
        A key is a line without a colon, and not one of the protocol's own.
        """
        keys: list[Any] = ["", ":", "a:b", "a\nb", "\n", 5, None]
        for key in keys:
            packet = Packet(Kind.MESSAGE, "x", annotations={key: None})
            self.assertUnwritable(packet, f"no annotation can be called {key!r}")
        for key in "reaj":
            packet = Packet(Kind.MESSAGE, "x", annotations={"n": "5", key: "5"})
            self.assertUnwritable(packet, f"annotation {key!r} is the protocol's own")

    def test_values(self) -> None:
        """
        A value is one line.
        """
        values: list[Any] = ["\n", "a\nb", 5, b"x", True]
        for value in values:
            packet = Packet(Kind.MESSAGE, "x", annotations={"n": value})
            self.assertUnwritable(packet, "annotation 'n' takes None or a str without newline")

    def test_tooManyAnnotations(self) -> None:
        """
        Nobody would read more; the protocol's own are counted too.
        """
        others = {f"n{number}": "v" for number in range(MAX_ANNOTATIONS - 1)}
        packet = Packet(Kind.JSON, 1, "/", None, others)
        self.assertEqual(outcome([GENUINE.encode(packet).text], decoderFor())[0], [packet])
        reason = f"more than {MAX_ANNOTATIONS} annotations"
        self.assertUnwritable(replace(packet, namespace="/chat"), reason)

    def test_namespaces(self) -> None:
        """
        A namespace has its slash, and no line feed.
        """
        for name in ["", "chat", "/a\nb"]:
            self.assertUnwritable(
                Packet(Kind.MESSAGE, "x", name), f"no namespace can be called {name!r}"
            )

    def test_text(self) -> None:
        """
        A text message is a text.
        """
        self.assertUnwritable(Packet(Kind.MESSAGE, b"x"), "a text message is a str, not a bytes")
        self.assertUnwritable(
            Packet(Kind.MESSAGE, 5, "/chat"), "a text message is a str, not a int"
        )

    def test_events(self) -> None:
        """
        An event has a name, on one line and its own.
        """
        reason = "an event's name is a str without newline, not empty and not reserved"
        reserved = ["connect", "connect_error", "disconnect", "disconnecting"]
        reserved += ["newListener", "removeListener", "error"]
        names: list[Any] = ["", "a\nb", None, 5, 10**10_000, b"x", *reserved]
        for data in [*([name, 1] for name in names), [], ()]:
            self.assertUnwritable(Packet(Kind.EVENT, data), reason)
        self.assertUnwritable(Packet(Kind.EVENT, "chat"), "arguments come in a list, not in a str")

    def test_eventsOfOthers(self) -> None:
        """
        Later generations know other names: a broadcast passes these clients
        over.
        """
        for name in ["", "a\nb"]:
            packet = Packet(Kind.EVENT, [name])
            self.assertRaises(UnsupportedByClient, GENUINE.encode, packet)
            self.assertTrue(EIO4_TEXT.encode(packet).text)

    def test_acknowledgements(self) -> None:
        """
        An acknowledgement has an id and a list.
        """
        self.assertUnwritable(Packet(Kind.ACK, []), "an acknowledgement without an id")
        self.assertUnwritable(
            Packet(Kind.ACK, {}, "/", 1), "arguments come in a list, not in a dict"
        )

    def test_ids(self) -> None:
        """
        Only what can be counted, and only where it says something.
        """
        ids: list[Any] = [-1, 10**15, 10**10_000, True, 1.0, "1"]
        for id in ids:
            for kind, data in [(Kind.EVENT, ["x"]), (Kind.ACK, [])]:
                self.assertUnwritable(
                    Packet(kind, data, "/", id),
                    "what is counted here takes a number from 0 to 999999999999999",
                )
        for kind in [Kind.MESSAGE, Kind.JSON, Kind.CONNECT_ERROR, Kind.DISCONNECT]:
            self.assertUnwritable(
                Packet(kind, "x", "/chat", 1), "only an event can ask for an acknowledgement"
            )

    def test_heartbeats(self) -> None:
        """
        A heartbeat has a number here.
        """
        for kind in [Kind.PING, Kind.PONG]:
            for number in [None, -1, 10**15, "1"]:
                self.assertUnwritable(
                    Packet(kind, number),
                    "what is counted here takes a number from 0 to 999999999999999",
                )

    def test_connect(self) -> None:
        """
        Nobody joins the default namespace.
        """
        self.assertUnwritable(
            Packet(Kind.CONNECT), "the default namespace is joined without a word"
        )

    def test_binary(self) -> None:
        """
        A client of 2010 cannot be told bytes.
        """
        for kind, data in [
            (Kind.JSON, b"x"),
            (Kind.JSON, {"a": [b"x"]}),
            (Kind.EVENT, ["x", bytearray(b"x")]),
            (Kind.ACK, [b"x"]),
        ]:
            packet = Packet(kind, data, "/", 1 if kind is Kind.ACK else None)
            for dialect in BOTH:
                self.assertRaises(UnsupportedByClient, dialect.encode, packet)

    def test_surrogates(self) -> None:
        """
        Half characters are replaced before the length is counted.
        """
        for dialect in BOTH:
            for text, wire in [
                ("\ud800", "1:2::\ufffd,"),
                ("a\udc00b", "1:4::a\ufffdb,"),
                ("\ud83d\ude00", f"1:3::{EMOJI},"),
            ]:
                self.assertEqual(dialect.encode(Packet(Kind.MESSAGE, text)).text, wire)
        packet = Packet(Kind.JSON, ["\ud800"], "/\ud800", None, {"\ud800": "\ud800"})
        self.assertEqual(
            GENUINE.encode(packet).text, '1:21:r:\ufffd\n\ufffd:\ufffd\nj\n:["\\ud800"],'
        )


class DialectTests(SynchronousTestCase):
    """
    Tests for what is not encoding or decoding.
    """

    def test_contracts(self) -> None:
        """
        The contracts are kept.
        """
        for dialect in BOTH:
            verifyObject(IDialect, dialect)
            verifyObject(IDecoder, dialect.decoder(Settings()))
            self.assertEqual(dialect.name, "annotated")
            self.assertTrue(dialect.serverBeats)
            self.assertTrue(dialect.rootIsConnection)
            self.assertTrue(dialect.joinsByTalking)
            self.assertEqual(dialect.postField, b"data")

    def test_locate(self) -> None:
        """
        The URLs of genuine clients.
        """
        for path, transport, sid, index in [
            ("xhr-polling", "xhr-polling", None, None),
            ("websocket/", "websocket", None, None),
            ("xhr-polling//1795410652013", "xhr-polling", None, 1795410652013),
            ("xhr-polling/719400", "xhr-polling", "719400", None),
            ("xhr-polling/719400/send", "xhr-polling", "719400", None),
            ("jsonp-polling//1795410652013/0", "jsonp-polling", None, 0),
            ("jsonp-polling/719400/1795410652013/7", "jsonp-polling", "719400", 7),
            ("jsonp-polling/719400/1795410652013/7/", "jsonp-polling", "719400", 7),
            ("jsonp-polling/719400/send//0", "jsonp-polling", "719400", 0),
            ("jsonp-polling//1/x", "jsonp-polling", None, None),
            ("jsonp-polling//1/-1", "jsonp-polling", None, None),
            ("jsonp-polling//1/\u0663", "jsonp-polling", None, None),
            ("jsonp-polling//1/7\n", "jsonp-polling", None, None),
            ("jsonp-polling//1/" + "9" * 15, "jsonp-polling", None, 10**15 - 1),
            ("jsonp-polling//1/" + "9" * 16, "jsonp-polling", None, None),
            ("__proto__/../x", "__proto__", "..", None),
        ]:
            for dialect in BOTH:
                place = dialect.locate(path.split("/"), {})
                self.assertEqual(place, Place(dialect, transport, sid, index), path)

    def test_locateNothing(self) -> None:
        """
        Where no transport is named there is nothing.
        """
        for path in [[], [""], ["", "xhr-polling"]]:
            self.assertIsNone(SPECIFICATION.locate(path, {}))

    def test_opening(self) -> None:
        """
        A session begins with its id.
        """
        (packet,) = SPECIFICATION.opening(Bench().session)
        self.assertEqual(packet, Packet(Kind.OPEN, "SID"))

    def test_join(self) -> None:
        """
        Frames follow one another.
        """
        frames = [GENUINE.encode(Packet(Kind.MESSAGE, text)) for text in ("h\xe9", EMOJI)]
        self.assertEqual(GENUINE.join(frames), f"1:3::h\xe9,1:3::{EMOJI},".encode())
        self.assertEqual(GENUINE.join([]), b"")

    def test_script(self) -> None:
        """
        A script calls with one string, in which only that is escaped which
        has to be.
        """
        packets = [
            Packet(Kind.MESSAGE, f'h\xe9 "q" </script> \u2028\u2029 {EMOJI}\n'),
            Packet(Kind.JSON, {"a": 1}),
        ]
        body = GENUINE.join(GENUINE.encode(packet) for packet in packets)
        self.assertEqual(
            GENUINE.script(7, body).decode("utf-8"),
            'io.JSONP[7]._("1:24::h\xe9 \\"q\\" </script> \\u2028\\u2029 '
            f'{EMOJI}\\n,1:10:j\\n:{{\\"a\\":1}},")',
        )
        self.assertEqual(GENUINE.script(0, b""), b'io.JSONP[0]._("")')

    def test_unscript(self) -> None:
        """
        The line ends of a form are line feeds again.
        """
        self.assertEqual(
            GENUINE.unscript('1:10:j\r\n:{"a":1},1:3::\r\n\r\n,'), '1:10:j\n:{"a":1},1:3::\n\n,'
        )

    def test_unscriptWhatFits(self) -> None:
        """
        A CR LF that the frames' lengths count is the client's own.
        """
        for field in ("1:5::a\r\nb,", "1:14:r:chat\n:a\r\nb:c,"):
            self.assertEqual(GENUINE.unscript(field), field)

    def test_unscriptWhatNeverFits(self) -> None:
        """
        Where the frames fit in neither way, the fault is the decoder's to tell.
        """
        self.assertEqual(GENUINE.unscript("1:9::a\r\nb"), "1:9::a\nb")
        self.assertEqual(GENUINE.unscript("x\r\n"), "x\n")


class BrokenTests(FaultTests, SynchronousTestCase):
    """
    Tests for what is refused.
    """

    broken = BROKEN
    heading = "What is refused"
    good = staticmethod(lambda text: frame(":" + text))
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
        for data in [":" + "x" * 19, ":x" + EMOJI * 9]:
            for pieces in [[frame(data)], frame(data)]:
                packets, reason, _ = outcome(pieces, decoderFor(maxPayload=20))
                self.assertEqual((packets, reason), ([Packet(Kind.MESSAGE, data[1:])], None))
                self.assertEqual(
                    outcome(pieces, decoderFor(maxPayload=19)),
                    ([], "a frame is longer than maxPayload (19) allows", 413),
                )

    def test_maxPackets(self) -> None:
        """
        One message, or body, holds at most C{maxPackets}.
        """
        decoder = decoderFor(maxPackets=3)
        self.assertEqual(len(list(decoder.message("1:2::x," * 3 + "1:2:"))), 3)
        self.assertEqual(len(list(decoder.message(":x," + "1:2::x," * 2))), 3)
        packets, *error = outcome(["1:2::x," * 4], decoder)
        self.assertEqual(len(packets), 3)
        self.assertEqual(error, ["more packets at once than maxPackets (3) allows", 413])

    def test_nothingKept(self) -> None:
        """
        A decoder holds nothing of frames that it has read, nor more of a
        header than is one.
        """
        decoder = decoderFor()
        list(decoder.message("1:6::hel"))
        self.assertFalse(decoder._framing.isIdle)
        list(decoder.message("lo,"))
        self.assertTrue(decoder._framing.isIdle)
        list(decoder.message(""))
        self.assertTrue(decoder._framing.isIdle)


class BeginningTests(SynchronousTestCase):
    """
    How events begin is remembered, for all clients.
    """

    forms = (GENUINE, SPECIFICATION)

    def test_judgedAnew(self) -> None:
        """
        Whoever began so before, each frame is held to its length, its end, and
        the limit of its own client.
        """
        packet = Packet(Kind.EVENT, ["echo", "é\U0001f600"], "/chat", 7)
        for form in self.forms:
            frame = form.encode(packet).text
            length = int(frame.split(":")[1])
            for _ in range(2):
                self.assertEqual(outcome([frame], decoderFor(maxPayload=length))[0], [packet])
                self.assertEqual(outcome([frame], decoderFor(maxPayload=length - 1))[2], 413)
                for other in (frame[:-1] + ";", frame[:-1] + " ,", frame[:-3] + "],"):
                    self.assertEqual(outcome([other], decoderFor())[0], [])

    def test_bounded(self) -> None:
        """
        Nobody has it remember what is long.
        """
        remembered = (_beginning.cache_info, _eventsHead.cache_info)
        before = [info().currsize for info in remembered]
        packet = Packet(Kind.EVENT, ["e" * 1000, 1])
        for form in self.forms:
            frame = form.encode(packet).text
            self.assertEqual(outcome([frame], decoderFor())[0], [packet])
        self.assertEqual([info().currsize for info in remembered], before)


def longFrame(text: str, size: int) -> tuple[Iterable[str], int]:
    """
    One character at a time.
    """
    return frame(":" + text * size), 1


def framesBehindLongOne(size: int) -> tuple[Iterable[str], int]:
    return [frame(":" + "x" * 3 * size), *["1:2::x,"] * size], size + 1


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    def make(self) -> AnnotatedDecoder:
        return decoderFor(maxPackets=10**6)

    def test_characterByCharacter(self) -> None:
        """
        A long frame may come one character at a time.
        """
        for text in ["x", "\u2603", EMOJI]:
            self.assertLinear(partial(longFrame, text))

    def test_behindLongFrame(self) -> None:
        """
        Nothing of a long frame burdens those behind it.
        """
        self.assertLinear(framesBehindLongOne)

    def test_manyFrames(self) -> None:
        """
        There may be very many frames in one piece.
        """
        for text in ["0:0:,", "1:1::,", "2:1:5,", frame(":" + EMOJI)]:
            self.assertLinear(partial(manyFrames, text))

    def test_manyLines(self) -> None:
        """
        Lines of text that could be annotations cost little.
        """
        for line in ["x\n", "x:y\n"]:
            self.assertLinear(partial(manyFrames, frame("r:c:" + line * 10)))


NAMES = st.text(st.sampled_from(["a", "r", "j", "\xe9", " ", "\r", EMOJI]), min_size=1, max_size=4)
KEYS = NAMES.filter(lambda key: key not in ("a", "r", "j"))
VALUES = st.text(st.sampled_from(["a", "j", "5", ":", "\xe9", EMOJI]), max_size=4)
EVENTS = (
    (NAMES | VALUES)
    .filter(bool)
    .flatmap(lambda name: st.lists(JSON, max_size=3).map(lambda args: [name, *args]))
)
IDS = st.integers(0, 10**15 - 1)
ANNOTATIONS = st.none() | st.dictionaries(KEYS, st.none() | VALUES, min_size=1, max_size=3)
REALMS = (NAMES | VALUES).filter(bool).map(lambda name: "/" + name)
NAMESPACES = st.just("/") | REALMS


def unlogged(*fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Packet]:
    """
    A packet that is in no log.
    """
    return st.builds(Packet, *fields, offset=st.none())


PACKETS = st.one_of(
    st.builds(
        Packet, st.just(Kind.MESSAGE), PLAIN, NAMESPACES, st.none(), ANNOTATIONS, offset=st.none()
    ),
    st.builds(
        Packet, st.just(Kind.JSON), JSON, NAMESPACES, st.none(), ANNOTATIONS, offset=st.none()
    ),
    st.builds(
        Packet,
        st.just(Kind.EVENT),
        EVENTS,
        NAMESPACES,
        st.none() | IDS,
        ANNOTATIONS,
        offset=st.none(),
    ),
    st.builds(
        Packet, st.just(Kind.ACK), st.lists(JSON), NAMESPACES, IDS, ANNOTATIONS, offset=st.none()
    ),
    st.builds(
        Packet, st.just(Kind.CONNECT), JSON, REALMS, st.none(), ANNOTATIONS, offset=st.none()
    ),
    st.builds(
        Packet,
        st.just(Kind.DISCONNECT),
        st.none(),
        REALMS,
        st.none(),
        ANNOTATIONS,
        offset=st.none(),
    ),
)


def isAmbiguous(packet: Packet) -> bool:
    """
    Whether the packet's newline-ended form can be the specification's too; a
    colon in an event's name cannot do that.
    """
    values = (packet.annotations or {}).values()
    return ":" in packet.namespace or any(":" in value for value in values if value)


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(PACKETS)
    def test_clients(self, packet: Packet) -> None:
        """
        By one who has shown nothing, or the newline-ended form; and by one
        who has shown the specification's, apart from the one ambiguity.
        """
        for dialect in BOTH:
            text = dialect.encode(packet).text
            for form in (None, *BOTH):
                if form is SPECIFICATION and isAmbiguous(packet):
                    continue
                for pieces in [[text], text]:
                    self.assertEqual(
                        outcome(pieces, decoderFor(form)), ([packet], None, None), ascii(text)
                    )

    @quickly
    @given(st.lists(PACKETS, max_size=5), st.randoms(use_true_random=False))
    def test_sequences(self, packets: list[Packet], random: Any) -> None:
        """
        In a row, in forms that change, cut anywhere.
        """
        packets = [packet for packet in packets if not isAmbiguous(packet)]
        text = "".join(random.choice(BOTH).encode(packet).text for packet in packets)
        self.assertEqual(outcome(cutUp(text, random), decoderFor()), (packets, None, None))

    @quickly
    @given(IDS)
    def test_heartbeats(self, number: int) -> None:
        """
        A heartbeat is answered by the same frame.
        """
        for dialect in BOTH:
            self.assertEqual(
                outcome([dialect.encode(dialect.beat(number)).text], decoderFor()),
                ([Packet(Kind.PONG, number)], None, None),
            )


class AnyTextTests(SynchronousTestCase):
    """
    Any text gives packets, or is refused.
    """

    @hypothesisSettings(deadline=None, max_examples=400)
    @given(
        st.lists(
            st.sampled_from([*'0123:,\nreaj[]"', "1:1::,", "2:1:1", EMOJI, "\ud800", "\udc00"])
            | PACKETS.map(lambda packet: SPECIFICATION.encode(packet).text)
            | PACKETS.map(lambda packet: GENUINE.encode(packet).text)
            | PLAIN.map(frame)
        ).map("".join)
        | st.text(),
        st.randoms(use_true_random=False),
    )
    def test_anyText(self, text: str, random: Any) -> None:
        """
        And it does not matter how it is cut.
        """
        whole, cut = decoderFor(), decoderFor()
        packets, reason, status = outcome([text], whole)
        self.assertEqual(outcome(cutUp(text, random), cut), (packets, reason, status))
        self.assertIs(cut.dialect, whole.dialect)
        if reason is not None:
            self.assertTrue(reason.isascii() and reason.isprintable() and len(reason) < 80, reason)


class FuzzTests(SynchronousTestCase):
    """
    A short run of C{benchmarks/fuzz.py}.
    """

    def setUp(self) -> None:
        self.fuzz = loadFuzz()
        self.target = self.fuzz.TARGETS["annotated"]

    def test_mutations(self) -> None:
        """
        Damaged text gives packets or errors; and each kind of error comes up.
        """
        packets, reasons = self.fuzz.fuzz(self.target, 5_000, 0)
        self.assertGreater(packets, 2_000)
        self.assertGreater(reasons[""], 500)
        self.assertGreater(len(reasons), 15)

    def assertDefect(self, decoder: object) -> None:
        target = self.target._replace(decoder=lambda: decoder)
        error = self.assertRaises(self.fuzz.Defect, self.fuzz.fuzz, target, 10, 7)
        self.assertIn("seed 7, case ", str(error))

    def test_defects(self) -> None:
        """
        The run ends at a decoder that gives anything else.
        """
        self.assertDefect(Defective(lambda: ["no packet"]))
        self.assertDefect(Defective(lambda: [1 // 0]))
        for reason in ["", "two\nlines", "x" * 1000]:
            self.assertDefect(Defective(partial(refuse, reason)))

    def test_command(self) -> None:
        """
        The command prints its progress and what came of it.
        """
        self.patch(sys, "stdout", output := StringIO())
        self.fuzz.main(["annotated", "--count", "100", "--seed", "5"])
        printed = output.getvalue()
        self.assertTrue(printed.startswith("annotated: 100 cases, seed 5\n5 cases, "), printed)
        self.assertIn("\n100 cases, ", printed)
        self.assertRegex(printed, r"\n\d+ packets; \d+ cases without an error")
        self.assertRegex(printed, r"\n +\d+  unknown frame type \*\n")


class Defective:
    """
    A decoder that does the same whatever comes.
    """

    def __init__(self, act: Callable[[], Iterable[object]]) -> None:
        self.message = self.payload = lambda data: act()


def refuse(reason: str) -> list[object]:
    raise RemoteProtocolError(reason)
