"""
Tests for the client's half of each dialect.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.clientdialects import CLIENT_PARSERS, CLIENT_PROTOCOLS
from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IClientDialect, IDialect, Opening
from txsocketio.listener import PARSERS, PROTOCOLS
from txsocketio.packets import RESERVED, ROOT, Kind, Packet
from txsocketio.protocol.annotated import ANNOTATED_CLIENT, GENUINE, SPECIFICATION
from txsocketio.protocol.colon import COLON_CLIENT
from txsocketio.protocol.eio3 import EIO3_CLIENT, EIO3_CLIENT_PLAIN
from txsocketio.protocol.eio4 import EIO4_CLIENT, EIO4_CLIENT_MSGPACK, EIO4_CLIENT_PLAIN
from txsocketio.protocol.tilde import TILDE_CLIENT
from txsocketio.settings import Settings
from txsocketio.test.decoding import (
    EMOJI,
    JSON,
    LinearCase,
    cutAt,
    cutUp,
    documented,
    loadFuzz,
    manyFrames,
    quickly,
    undocumented,
)
from txsocketio.test.engines import PACKETS, Outcome, fakeSession, query, read, vectors

LIMITS = Settings()

STREAMING = {"annotated": "3:2:77,", "0.6": "~m~2~m~77"}
"""Of those whose packets may be cut anywhere: what comes first."""


def decoded(
    dialect: IClientDialect, messages: Iterable[Any], asPayload: bool = False, **limits: int
) -> Outcome:
    decoder: Any = dialect.decoder(Settings(**limits))
    return read(decoder, messages, asPayload)


def event(*data: Any, **fields: Any) -> Packet:
    return Packet(Kind.EVENT, [*data], **fields)


TOLD4 = {
    "sid": "r269uX4WbXhomY3WAAAA",
    "upgrades": ["websocket"],
    "pingInterval": 25000,
    "pingTimeout": 20000,
    "maxPayload": 1000000,
}
TOLD3 = {
    "sid": "HUVP8UPOyGoYQKIHAAAA",
    "upgrades": ["websocket"],
    "pingInterval": 25000,
    "pingTimeout": 60000,
}

SAID: list[tuple[IClientDialect, list[str | bytes], list[Packet]]] = [
    (EIO4_CLIENT, ["0" + json.dumps(TOLD4)], [Packet(Kind.OPEN, TOLD4)]),
    (
        EIO4_CLIENT,
        ['40{"sid":"OIKWY3qm5reZVVmzAAAA"}'],
        [Packet(Kind.CONNECT, {"sid": "OIKWY3qm5reZVVmzAAAA"})],
    ),
    (
        EIO4_CLIENT,
        ['40/chat,{"sid":"u9","pid":"x"}'],
        [Packet(Kind.CONNECT, {"sid": "u9", "pid": "x"}, "/chat")],
    ),
    (
        EIO4_CLIENT,
        ['44{"message":"no","data":{"code":1}}'],
        [Packet(Kind.CONNECT_ERROR, {"message": "no", "data": {"code": 1}})],
    ),
    (EIO4_CLIENT, ['44/a,"no"'], [Packet(Kind.CONNECT_ERROR, {"message": "no"}, "/a")]),
    (
        EIO4_CLIENT,
        ['42["message","h\xe9llo \u2603 \U0001f600"]'],
        [event("message", "h\xe9llo \u2603 \U0001f600")],
    ),
    (EIO4_CLIENT, ['430["x",42]'], [Packet(Kind.ACK, ["x", 42], id=0)]),
    (EIO4_CLIENT, ['42["error",1]'], [event("error", 1)]),
    (
        EIO4_CLIENT,
        ['451-["bin",{"_placeholder":true,"num":0}]', b"\0\1\2\xfe\xff"],
        [event("bin", b"\0\1\2\xfe\xff")],
    ),
    (
        EIO4_CLIENT,
        ["2", "41", "41/chat,", "1", "6", "3probe"],
        [
            Packet(Kind.PING),
            Packet(Kind.DISCONNECT),
            Packet(Kind.DISCONNECT, namespace="/chat"),
            Packet(Kind.CLOSE),
            Packet(Kind.NOOP),
            Packet(Kind.PONG, "probe"),
        ],
    ),
    (
        EIO3_CLIENT,
        ["0" + json.dumps(TOLD3), "40"],
        [
            Packet(Kind.OPEN, TOLD3),
            Packet(Kind.CONNECT),
        ],
    ),
    (EIO3_CLIENT, ["40/chat", "40/chat,"], [Packet(Kind.CONNECT, namespace="/chat")] * 2),
    (EIO3_CLIENT, ["3", "3probe"], [Packet(Kind.PONG), Packet(Kind.PONG, "probe")]),
    (EIO3_CLIENT, ['44"no"'], [Packet(Kind.CONNECT_ERROR, {"message": "no"})]),
    (EIO3_CLIENT, ["44"], [Packet(Kind.CONNECT_ERROR, {"message": ""})]),
    (
        EIO3_CLIENT,
        ['44{"code":1}'],
        [Packet(Kind.CONNECT_ERROR, {"message": '{"code":1}', "data": {"code": 1}})],
    ),
    (
        EIO3_CLIENT,
        ['451-["bin",{"_placeholder":true,"num":0}]', b"\4\0\1\2\xfe\xff"],
        [event("bin", b"\0\1\2\xfe\xff")],
    ),
    (ANNOTATED_CLIENT, ["3:16:7995123946922982,"], [Packet(Kind.OPEN, "7995123946922982")]),
    (
        ANNOTATED_CLIENT,
        ["1:11::h\xe9llo \u2603 \U0001f600,"],
        [Packet(Kind.MESSAGE, "h\xe9llo \u2603 \U0001f600")],
    ),
    (ANNOTATED_CLIENT, ['1:10:j\n:{"a":1},'], [Packet(Kind.JSON, {"a": 1})]),
    (ANNOTATED_CLIENT, ["2:1:5,", "0:0:,"], [Packet(Kind.PING, 5), Packet(Kind.CLOSE)]),
    (
        COLON_CLIENT,
        ["1::", "1::/chat", "1::/chat?token=x", "2::", "8::", "0::/chat", "0::"],
        [
            Packet(Kind.CONNECT),
            Packet(Kind.CONNECT, namespace="/chat"),
            Packet(Kind.CONNECT, namespace="/chat"),
            Packet(Kind.PING),
            Packet(Kind.NOOP),
            Packet(Kind.DISCONNECT, namespace="/chat"),
            Packet(Kind.CLOSE),
        ],
    ),
    (
        COLON_CLIENT,
        ["3:::h\xe9llo: \u2603", '4::/chat:{"a":1}', '5:::{"name":"echo","args":["a",{"b":1}]}'],
        [
            Packet(Kind.MESSAGE, "h\xe9llo: \u2603"),
            Packet(Kind.JSON, {"a": 1}, "/chat"),
            event("echo", "a", {"b": 1}),
        ],
    ),
    (
        COLON_CLIENT,
        ['5:1+::{"name":"ask"}', '6:::1+["x",42]', "6:::2", "7:::1+0", "7::/a:2", "7:::x"],
        [
            event("ask", id=1),
            Packet(Kind.ACK, ["x", 42], id=1),
            Packet(Kind.ACK, [], id=2),
            Packet(
                Kind.CONNECT_ERROR,
                {"message": "client not handshaken", "data": {"advice": "reconnect"}},
            ),
            Packet(Kind.CONNECT_ERROR, {"message": "unauthorized"}, "/a"),
            Packet(Kind.CONNECT_ERROR, {"message": "x"}),
        ],
    ),
    (TILDE_CLIENT, ["~m~17~m~24001148230274305"], [Packet(Kind.OPEN, "24001148230274305")]),
    (
        TILDE_CLIENT,
        ["~m~2~m~77~m~10~m~h\xe9llo \u2603 \U0001f600"],
        [
            Packet(Kind.OPEN, "77"),
            Packet(Kind.MESSAGE, "h\xe9llo \u2603 \U0001f600"),
        ],
    ),
    (
        TILDE_CLIENT,
        ['~m~2~m~77~m~10~m~~j~{"a":1}~m~4~m~~h~1'],
        [
            Packet(Kind.OPEN, "77"),
            Packet(Kind.JSON, {"a": 1}),
            Packet(Kind.PING, 1),
        ],
    ),
]
"""What genuine servers say, and what it means."""

BODIES: list[tuple[IClientDialect, str | bytes, list[Packet]]] = [
    (EIO4_CLIENT, '40{"sid":"a"}\x1e42["x"]', [Packet(Kind.CONNECT, {"sid": "a"}), event("x")]),
    (
        EIO4_CLIENT,
        '451-["b",{"_placeholder":true,"num":0}]\x1ebAAEC/v8=',
        [event("b", b"\0\1\2\xfe\xff")],
    ),
    (EIO3_CLIENT, "2:401:6", [Packet(Kind.CONNECT), Packet(Kind.NOOP)]),
    (EIO3_CLIENT, b"\0\2\xff40\0\1\xff6", [Packet(Kind.CONNECT), Packet(Kind.NOOP)]),
    # As 1.0.6 writes it: UTF-8, taken for Latin-1.
    (
        EIO3_CLIENT,
        '31:42["message","h\xc3\xa9llo \xe2\x98\x83 \xf0\x9f\x98\x80"]',
        [event("message", "h\xe9llo \u2603 \U0001f600")],
    ),
    (ANNOTATED_CLIENT, "", []),
    (TILDE_CLIENT, "", []),
    (COLON_CLIENT, "8::", [Packet(Kind.NOOP)]),
    (
        COLON_CLIENT,
        "\ufffd5\ufffd3:::a\ufffd6\ufffd3:::\U0001f600",
        [Packet(Kind.MESSAGE, "a"), Packet(Kind.MESSAGE, "\U0001f600")],
    ),
]
"""The answers of polls, likewise."""


class GenuineTests(SynchronousTestCase):
    """
    What genuine servers say is read.
    """

    def test_messages(self) -> None:
        """
        From WebSockets.
        """
        for dialect, messages, packets in SAID:
            self.assertEqual(decoded(dialect, messages), (packets, None, None), messages)

    def test_bodies(self) -> None:
        """
        From the answers of polls.
        """
        for dialect, body, packets in BODIES:
            self.assertEqual(
                decoded(dialect, [body], asPayload=True), (packets, None, None), ascii(body)
            )

    def test_vectors(self) -> None:
        """
        All that genuine encoders write.
        """
        for name, dialect in (("eio4", EIO4_CLIENT), ("eio3", EIO3_CLIENT)):
            for vector in vectors(name):
                if not vector.writes or vector.writes[0].kind in _NOT_ALIKE:
                    continue
                expected = [*map(_received, vector.writes)], None, None
                self.assertEqual(decoded(dialect, vector.messages), expected, vector.what)
                for body in (vector.payload, vector.body):
                    self.assertEqual(decoded(dialect, [body], asPayload=True), expected)

    def test_old(self) -> None:
        """
        And those of older servers.
        """
        count = 0
        for vector in vectors("eio3-old"):
            if vector.reads[0].kind not in (Kind.EVENT, Kind.ACK):
                continue
            count += 1
            for body in (vector.payload, vector.body):
                self.assertEqual(
                    decoded(EIO3_CLIENT, [body], asPayload=True),
                    (vector.reads, None, None),
                    vector.what,
                )
        self.assertGreater(count, 5)

    def test_firsts(self) -> None:
        """
        The first protocols' packets, whole, cut anywhere, by characters, and
        together.
        """
        for name, wire, packets in _firsts():
            dialect = CLIENT_PROTOCOLS[name]
            expected = ([Packet(Kind.OPEN, "77"), *packets], None, None)
            text = STREAMING[name] + wire
            pieces: list[Iterable[str]] = [[text], text, [STREAMING[name], wire]]
            pieces += [cutAt(at, text) for at in range(len(text))]
            for each in pieces:
                self.assertEqual(decoded(dialect, each), expected, text)
        for name, first in STREAMING.items():
            mine = [(wire, packets) for which, wire, packets in _firsts() if which == name]
            self.assertGreater(len(mine), 10)
            self.assertEqual(
                decoded(CLIENT_PROTOCOLS[name], [first + "".join(wire for wire, _ in mine)]),
                (
                    [Packet(Kind.OPEN, "77"), *(each for _, packets in mine for each in packets)],
                    None,
                    None,
                ),
            )

    def test_misreadable(self) -> None:
        """
        A server of the first protocol that has shown the specification's form
        uses the other where it could be misread, which is read as it is meant.
        """
        for said in (
            Packet(Kind.MESSAGE, "a\n:b", "/chat"),
            Packet(Kind.MESSAGE, "text", annotations={"n": "a:b"}),
            Packet(Kind.MESSAGE, "text", annotations={"n": None}),
        ):
            for form in (SPECIFICATION, GENUINE):
                wire = "1:8:r:chat:x," + form.encode(said).text
                packets, error, _ = decoded(ANNOTATED_CLIENT, [wire])
                self.assertEqual((packets[1:], error), ([said], None))


_NOT_ALIKE = (Kind.CONNECT, Kind.OPEN, Kind.CONNECT_ERROR, Kind.PING, Kind.PONG, Kind.UPGRADE)


_LEAVING, CLOSE = Packet(Kind.DISCONNECT), Packet(Kind.CLOSE)


def _received(packet: Packet) -> Packet:
    """
    What becomes of a packet of Socket.IO's later generations on its way.
    """
    if packet.kind in (Kind.MESSAGE, Kind.JSON):
        return replace(packet, kind=Kind.EVENT, data=["message", packet.data])
    return packet


def _firsts() -> Iterator[tuple[str, str, list[Packet]]]:
    """
    What servers of 2010 write: the dialect's name, the text and what it means.
    """
    for file, name in (("annotated", "annotated"), ("tilde", "0.6")):
        path = Path(__file__).parent / "vectors" / f"{file}.json"
        for vector in json.loads(path.read_text("utf-8")):
            packets = [
                Packet(**{**fields, "kind": Kind[fields["kind"]]})
                for fields in vector.get("writes", vector.get("packets", ()))
            ]
            isAlike = not {Kind.OPEN, Kind.PONG}.intersection(each.kind for each in packets)
            # A text that looks like a heartbeat travels as JSON.
            if packets and isAlike and not str(packets[0].data).startswith("~"):
                if name == "0.6":
                    packets = [replace(each, annotations=None) for each in packets]
                said = [CLOSE if each == _LEAVING else each for each in packets]
                yield name, vector["wire"], said


BROKEN: list[tuple[IClientDialect, str | bytes, str]] = [
    (EIO4_CLIENT, "", "an empty packet"),
    (EIO4_CLIENT, "0", "the JSON is broken at character 0"),
    (EIO4_CLIENT, "0[]", "an opening that is no object"),
    (EIO4_CLIENT, "0{}", "an opening without a session id"),
    (EIO4_CLIENT, '0{"sid":""}', "an opening without a session id"),
    (EIO4_CLIENT, '0{"sid":"a","upgrades":"b"}', "upgrades that are no list of names"),
    (EIO4_CLIENT, '0{"sid":"a","upgrades":[1]}', "upgrades that are no list of names"),
    (EIO4_CLIENT, '0{"sid":"a","maxPayload":0}', "a maxPayload that is no number of bytes"),
    (EIO4_CLIENT, '0{"sid":"a","maxPayload":true}', "a maxPayload that is no number of bytes"),
    (EIO4_CLIENT, '0{"sid":"a"}', "pingInterval is no number above 0"),
    (EIO4_CLIENT, '0{"sid":"a","pingInterval":0}', "pingInterval is no number above 0"),
    (EIO4_CLIENT, '0{"sid":"a","pingInterval":true}', "pingInterval is no number above 0"),
    (
        EIO4_CLIENT,
        '0{"sid":"a","pingInterval":1,"pingTimeout":-1}',
        "pingTimeout is no number above 0",
    ),
    (EIO4_CLIENT, "2probe", "no packet that a server sends begins with '2'"),
    (EIO4_CLIENT, "3", "no packet that a server sends begins with '3'"),
    (EIO4_CLIENT, "5", "no packet that a server sends begins with '5'"),
    (EIO4_CLIENT, "hello", "no packet that a server sends begins with 'h'"),
    (EIO4_CLIENT, "40", "a welcome without an id"),
    (EIO4_CLIENT, "40[]", "a welcome without an id"),
    (EIO4_CLIENT, '40{"sid":1}', "a welcome without an id"),
    (EIO4_CLIENT, '40{"sid":"a","pid":1}', "a welcome whose secret is no string"),
    (EIO4_CLIENT, "44", "a refusal without a message"),
    (EIO4_CLIENT, "44[]", "a refusal without a message"),
    (EIO4_CLIENT, '44{"message":1}', "a refusal without a message"),
    (EIO4_CLIENT, "41{}", "a server says goodbye with data"),
    (EIO4_CLIENT, '42["connect"]', "a server cannot emit 'connect'"),
    (EIO4_CLIENT, "42{}", "an event is no list with its name in it"),
    (EIO4_CLIENT, "43[]", "an acknowledgement without an id"),
    (EIO4_CLIENT, "47", "a packet of an unknown type"),
    (EIO4_CLIENT, b"\0", "binary data where no attachment is awaited"),
    (EIO4_CLIENT, "bAAA", "binary data that is no base64"),
    (EIO3_CLIENT, "2", "no packet that a server sends begins with '2'"),
    (EIO3_CLIENT, "5", "no packet that a server sends begins with '5'"),
    (EIO3_CLIENT, "40{}", "a welcome with data"),
    (EIO3_CLIENT, '42["error"]', "a server cannot emit 'error'"),
    (EIO3_CLIENT, b"\0", "binary data that is no message"),
    (EIO4_CLIENT_MSGPACK, "42[]", "text where all packets are MessagePack"),
    (ANNOTATED_CLIENT, "3:0:,", "a session without an id"),
    (ANNOTATED_CLIENT, "hello", "unknown frame type 'h'"),
    (ANNOTATED_CLIENT, "2:1:x,", "a heartbeat is no number of up to 15 digits"),
    (
        ANNOTATED_CLIENT,
        "1:21:e:connect_error\nj\n:[],",
        "the event 'connect_error' is reserved",
    ),
    (
        ANNOTATED_CLIENT,
        "1:22:e:connect_error\nj\n:[1],",
        "the event 'connect_error' is reserved",
    ),
    (ANNOTATED_CLIENT, "1:15:e:connect\nj\n:[],", "the event 'connect' is reserved"),
    (ANNOTATED_CLIENT, b"x", "binary data, which this protocol does not know"),
    (COLON_CLIENT, "hello", "no packet of type, id and endpoint"),
    (COLON_CLIENT, "1:1::", "an id of what cannot be acknowledged"),
    (COLON_CLIENT, '5:::{"name":"connect"}', "a server cannot emit 'connect'"),
    (COLON_CLIENT, "5:::[]", "an event is no object with a name in it"),
    (COLON_CLIENT, "6:::", "an acknowledgement without an id"),
    (COLON_CLIENT, "\ufffd1", "a packet without its length before it"),
    (COLON_CLIENT, b"x", "binary data, which this protocol does not know"),
    (TILDE_CLIENT, "~m~0~m~", "a session without an id"),
    (TILDE_CLIENT, "~m~2~m~77~m~4~m~~h~x", "a heartbeat is no number of up to 15 digits"),
    (TILDE_CLIENT, "hello", "no '~m~' where a frame begins, but 'h'"),
]
"""What no server says, and why it is refused."""

HEADINGS = (
    "What a client refuses",
    "What is refused in Engine.IO",
    "What is refused in Socket.IO",
    "What is refused in MessagePack",
    "What is refused",
    "What is refused in 0.6",
    "What is refused in 0.7 to 0.9",
)


class BrokenTests(SynchronousTestCase):
    """
    What is wrong ends with one error.
    """

    def test_refused(self) -> None:
        """
        Each fault is told in one line.
        """
        for dialect, message, reason in BROKEN:
            _, error, status = decoded(dialect, [message])
            self.assertEqual((error, status), (reason, 400), repr(message))

    def test_documented(self) -> None:
        """
        The documentation lists each kind of fault, and the examples of those
        that only clients find are right.
        """
        reasons = {reason for _, _, reason in BROKEN}
        unlisted = set.intersection(*(undocumented(heading, reasons) for heading in HEADINGS))
        self.assertEqual(unlisted, set())
        for reason, _, example in documented(HEADINGS[0]):
            if example:
                found = [decoded(each, [example])[1] for each in CLIENT_PROTOCOLS.values()]
                self.assertIn(reason, found)

    def test_maxPayload(self) -> None:
        """
        A server may say no more at once than C{maxPayload}.
        """
        for dialect, message in (
            (EIO4_CLIENT, '42["x","y"]'),
            (EIO3_CLIENT, '42["x","y"]'),
            (ANNOTATED_CLIENT, "1:11::0123456789,"),
            (TILDE_CLIENT, "~m~11~m~01234567890"),
            (COLON_CLIENT, "3:::1234567"),
        ):
            self.assertEqual(decoded(dialect, [message], maxPayload=11)[1], None)
            _, error, status = decoded(dialect, [message], maxPayload=10)
            self.assertIn("maxPayload (10)", str(error))
            self.assertEqual(status, 413)

    def test_maxPackets(self) -> None:
        """
        Nor more packets than C{maxPackets}.
        """
        for dialect, body in (
            (EIO4_CLIENT, "\x1e".join(["6"] * 4)),
            (EIO3_CLIENT, "1:6" * 4),
            (EIO3_CLIENT, b"\0\1\xff6" * 4),
            (ANNOTATED_CLIENT, "0:0:," * 4),
            (TILDE_CLIENT, "~m~1~m~x" * 4),
            (COLON_CLIENT, "\ufffd5\ufffd3:::a" * 4),
        ):
            self.assertEqual(decoded(dialect, [body], asPayload=True, maxPackets=4)[1], None)
            _, error, status = decoded(dialect, [body], asPayload=True, maxPackets=3)
            self.assertIn("maxPackets (3)", str(error))
            self.assertEqual(status, 413)

    def test_halfAPacket(self) -> None:
        """
        What a server never completes is held only up to C{maxPayload}.
        """
        decoder = ANNOTATED_CLIENT.decoder(Settings(maxPayload=100))
        self.assertEqual(list(decoder.message("1:100:" + "x" * 50)), [])
        with self.assertRaises(RemoteProtocolError):
            list(ANNOTATED_CLIENT.decoder(Settings(maxPayload=100)).message("1:101:x"))


def _byCharacters(text: str, size: int) -> tuple[Iterable[str], int]:
    return [*(text * size)], size


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    dialect: IClientDialect = ANNOTATED_CLIENT

    def make(self) -> Any:
        return self.dialect.decoder(Settings(maxPackets=10**6, maxPayload=10**9))

    def test_manyFrames(self) -> None:
        """
        There may be very many in one piece.
        """
        for dialect, text in (
            (ANNOTATED_CLIENT, f"1:3::{EMOJI},"),
            (TILDE_CLIENT, "~m~4~m~~h~1"),
        ):
            self.dialect = dialect
            self.assertLinear(partial(manyFrames, text))

    def test_byCharacters(self) -> None:
        """
        Or in as many pieces as there are characters.
        """
        for dialect, text in ((ANNOTATED_CLIENT, "0:0:,"), (TILDE_CLIENT, "~m~1~m~a")):
            self.dialect = dialect
            self.assertLinear(partial(_byCharacters, text))


class UrlTests(SynchronousTestCase):
    """
    Where a client goes is where its server expects it.
    """

    def place(self, dialect: IDialect, url: str) -> Any:
        """
        What the server's half makes of a URL.
        """
        path, _, asked = url.partition("?")
        args = query(**dict(each.split("=", 1) for each in asked.split("&") if each))
        return dialect.locate(path.split("/"), args)

    def test_located(self) -> None:
        """
        New sessions and those that go on, with a stamp and without, to read
        and to post.
        """
        for name, client in CLIENT_PROTOCOLS.items():
            server = PROTOCOLS[name]
            for transport in client.transports:
                for stamp in ("", "12x"):
                    for sid in (None, "SID"):
                        place = self.place(server, client.url(transport, sid, stamp))
                        isFirst = client.announces and sid is None
                        expected = "reception" if isFirst else transport
                        self.assertEqual((place.transport, place.sid), (expected, sid))
                    place = self.place(server, client.posting(transport, "SID", stamp))
                    self.assertEqual((place.transport, place.sid), (transport, "SID"))

    def test_written(self) -> None:
        """
        They look as genuine clients write them.
        """
        self.assertEqual(EIO4_CLIENT.url("polling", None, "x1"), "?EIO=4&transport=polling&t=x1")
        self.assertEqual(
            EIO4_CLIENT.url("websocket", "SID", ""), "?EIO=4&transport=websocket&sid=SID"
        )
        self.assertEqual(
            EIO3_CLIENT.posting("polling", "SID", "x"), "?EIO=3&transport=polling&t=x&sid=SID"
        )
        for client in (ANNOTATED_CLIENT, TILDE_CLIENT):
            self.assertEqual(client.url("xhr-polling", None, "17"), "xhr-polling//17")
            self.assertEqual(client.url("xhr-polling", "SID", "17"), "xhr-polling/SID/17")
            self.assertEqual(client.posting("xhr-polling", "SID", "17"), "xhr-polling/SID/send")
            self.assertEqual(client.url("websocket", None, ""), "websocket")

    def test_hostile(self) -> None:
        """
        An id of a server's that is none leads nowhere else.
        """
        bad = "a/b?c&transport=d\r\nX: y"
        self.assertEqual(
            EIO4_CLIENT.url("polling", bad, ""),
            "?EIO=4&transport=polling&sid=a%2Fb%3Fc%26transport%3Dd%0D%0AX%3A+y",
        )
        for url in (TILDE_CLIENT.url("websocket", bad, ""), TILDE_CLIENT.posting("x", bad, "")):
            self.assertIn("/a%2Fb%3Fc%26transport%3Dd%0D%0AX%3A%20y", url)


class SayingTests(SynchronousTestCase):
    """
    What a client says.
    """

    def test_written(self) -> None:
        """
        As genuine clients write it.
        """
        auth = {"token": "a b,c"}
        for dialect, packet, parts in (
            (EIO4_CLIENT, Packet(Kind.CONNECT), ["40"]),
            (EIO4_CLIENT, Packet(Kind.CONNECT, auth, "/chat"), ['40/chat,{"token":"a b,c"}']),
            (EIO4_CLIENT, Packet(Kind.PONG), ["3"]),
            (EIO4_CLIENT, Packet(Kind.PING, "probe"), ["2probe"]),
            (EIO4_CLIENT, Packet(Kind.UPGRADE), ["5"]),
            (EIO4_CLIENT, event("b", b"\0"), ['451-["b",{"_placeholder":true,"num":0}]', b"\0"]),
            (EIO3_CLIENT, Packet(Kind.CONNECT, auth, "/chat"), ["40/chat?token=a+b%2Cc,"]),
            (EIO3_CLIENT, Packet(Kind.CONNECT, None, "/chat"), ["40/chat,"]),
            (EIO3_CLIENT, Packet(Kind.PING), ["2"]),
            (EIO3_CLIENT, event("b", b"\0"), ['451-["b",{"_placeholder":true,"num":0}]', b"\4\0"]),
            (EIO3_CLIENT, event("\xe9"), ['42["\\u00e9"]']),
            (ANNOTATED_CLIENT, Packet(Kind.JSON, {"a": 1}), ['1:10:j\n:{"a":1},']),
            (ANNOTATED_CLIENT, Packet(Kind.PONG, 5), ["2:1:5,"]),
            (ANNOTATED_CLIENT, Packet(Kind.DISCONNECT), ["0:0:,"]),
            (COLON_CLIENT, Packet(Kind.PONG), ["2::"]),
            (COLON_CLIENT, Packet(Kind.CONNECT, auth, "/chat"), ["1::/chat?token=a+b%2Cc"]),
            (COLON_CLIENT, Packet(Kind.CONNECT, None, "/chat"), ["1::/chat"]),
            (COLON_CLIENT, Packet(Kind.JSON, {"a": 1}), ['4:::{"a":1}']),
            (COLON_CLIENT, Packet(Kind.MESSAGE, "a", id=1), ["3:1+::a"]),
            (COLON_CLIENT, event("e", 1, id=2), ['5:2+::{"name":"e","args":[1]}']),
            (COLON_CLIENT, Packet(Kind.ACK, [1], id=2), ["6:::2+[1]"]),
            (COLON_CLIENT, Packet(Kind.CLOSE), ["0::"]),
            (TILDE_CLIENT, Packet(Kind.PONG, 5), ["~m~4~m~~h~5"]),
            (TILDE_CLIENT, Packet(Kind.MESSAGE, "hello"), ["~m~5~m~hello"]),
        ):
            self.assertEqual([*dialect.encode(packet).parts], parts)

    def test_bodies(self) -> None:
        """
        A POST has a content type and the packets.
        """
        for dialect, packets, body in (
            (EIO4_CLIENT, [event("a"), Packet(Kind.PONG)], b'42["a"]\x1e3'),
            (EIO4_CLIENT_PLAIN, [Packet(Kind.JSON, b"\0")], b"bAA=="),
            (EIO3_CLIENT, [event("a"), Packet(Kind.PING)], b'7:42["a"]1:2'),
            (
                EIO3_CLIENT_PLAIN,
                [Packet(Kind.MESSAGE, "\xe9"), Packet(Kind.JSON, b"\0")],
                b"\0\3\xff4\xc3\xa9\1\2\xff\4\0",
            ),
            (ANNOTATED_CLIENT, [Packet(Kind.MESSAGE, "a b")], b"data=1%3A4%3A%3Aa%20b%2C"),
            (TILDE_CLIENT, [Packet(Kind.MESSAGE, "a")], b"data=~m~1~m~a"),
            (COLON_CLIENT, [Packet(Kind.MESSAGE, "a")], b"3:::a"),
            (
                COLON_CLIENT,
                [Packet(Kind.MESSAGE, "a")] * 2,
                "\ufffd5\ufffd3:::a\ufffd5\ufffd3:::a".encode(),
            ),
        ):
            contentType, written = dialect.join([dialect.encode(packet) for packet in packets])
            self.assertEqual(written, body)
            isForm = body.startswith(b"data=")
            self.assertEqual(contentType.startswith(b"application/x-www-form-urlencoded"), isForm)
            isBinary = body.startswith(b"\0")
            self.assertEqual(contentType == b"application/octet-stream", isBinary)

    def test_unsayable(self) -> None:
        """
        What only a server says is no client's to say.
        """
        for name, dialect in CLIENT_PROTOCOLS.items():
            for packet in (
                Packet(Kind.OPEN, "77"),
                Packet(Kind.CONNECT_ERROR, {"message": "no"}),
            ):
                with self.assertRaises(LocalProtocolError, msg=name):
                    dialect.encode(packet)
        with self.assertRaises(LocalProtocolError):
            ANNOTATED_CLIENT.encode(Packet(Kind.PING, 1))
        with self.assertRaises(LocalProtocolError):
            EIO4_CLIENT.encode(Packet(Kind.CONNECT, "token"))
        with self.assertRaises(UnsupportedByClient):
            TILDE_CLIENT.encode(event("a"))

    def test_beats(self) -> None:
        """
        Who sends the heartbeats sends those that the server expects.
        """
        for dialect in CLIENT_PROTOCOLS.values():
            if not dialect.serverBeats:
                self.assertEqual([*dialect.encode(dialect.beat(1)).parts], ["2"])


class OpeningTests(SynchronousTestCase):
    """
    What a client learns when it is let in.
    """

    def test_opened(self) -> None:
        """
        The id and, where they are told, transports, intervals and limits.
        """
        for dialect, packet, opening in (
            (
                EIO4_CLIENT,
                Packet(Kind.OPEN, TOLD4),
                Opening(str(TOLD4["sid"]), ("websocket",), 25.0, 20.0, 1_000_000),
            ),
            (
                EIO3_CLIENT,
                Packet(Kind.OPEN, TOLD3),
                Opening(str(TOLD3["sid"]), ("websocket",), 25.0, 60.0),
            ),
            (ANNOTATED_CLIENT, Packet(Kind.OPEN, "77"), Opening("77")),
            (TILDE_CLIENT, Packet(Kind.OPEN, "77"), Opening("77")),
        ):
            self.assertEqual(dialect.opened(packet), opening)

    def test_never(self) -> None:
        """
        An interval that never runs out, as our server tells it.
        """
        for name in ("eio4", "eio3", "colon"):
            session = fakeSession(heartbeatInterval=None, heartbeatTimeout=None, closeTimeout=None)
            (packet,) = PROTOCOLS[name].opening(session)
            client = CLIENT_PROTOCOLS[name]
            if client.announces:
                packet = client.announced(PROTOCOLS[name].encode(packet).text)
            opening = client.opened(packet)
            self.assertEqual((opening.heartbeatInterval, opening.heartbeatTimeout), (None, None))
            self.assertEqual(opening.closeTimeout, None)

    def test_announced(self) -> None:
        """
        Where a request of its own names the session, its answer is read.
        """
        for body, opening in (
            ("SID:60:60:websocket,xhr-polling", ("SID", ("websocket", "xhr-polling"), 60.0, 60.0)),
            ("SID:15:25:websocket", ("SID", ("websocket",), 15.0, 25.0)),
            ("SID::0.5:", ("SID", (), None, 0.5)),
            ("SID:1e+06:0:websocket", ("SID", ("websocket",), 1e6, 0.0)),
        ):
            told = COLON_CLIENT.opened(COLON_CLIENT.announced(body))
            found = told.sid, told.upgrades, told.heartbeatTimeout, told.closeTimeout
            self.assertEqual(found, opening)
            expected = None if opening[2] is None else 0.0
            self.assertEqual(told.heartbeatInterval, expected)

    def test_unannounced(self) -> None:
        """
        Anything else names none.
        """
        for body, reason in (
            ("", "no session is named here"),
            (":60:60:websocket", "no session is named here"),
            ("a b:60:60:websocket", "no session is named here"),
            ("SID:60:60", "no session is named here"),
            ("SID:x:60:websocket", "no session is named here"),
            ("SID:1.2.3:60:websocket", "an interval that is no number"),
            ("handshake unauthorized", "no session is named here"),
        ):
            with self.assertRaises(RemoteProtocolError, msg=body) as caught:
                COLON_CLIENT.announced(body)
            self.assertEqual(caught.exception.reason, reason)
        for client in CLIENT_PROTOCOLS.values():
            if not client.announces:
                self.assertRaises(LocalProtocolError, client.announced, "SID:60:60:websocket")

    def test_ids(self) -> None:
        """
        A client has the id that its server knows it by.
        """
        for name, dialect in CLIENT_PROTOCOLS.items():
            server = PROTOCOLS[name]
            for namespace in (ROOT, "/chat"):
                id = server.clientId("SID", namespace)
                welcome = server.welcome(namespace, id)
                told = None if welcome is None else welcome.data
                self.assertEqual(dialect.clientId("SID", namespace, told), id)

    def test_recovery(self) -> None:
        """
        Of what a client needs to come back to where it was, only Socket.IO 4
        knows.
        """
        for name, dialect in CLIENT_PROTOCOLS.items():
            auth, told = {"token": "x"}, {"sid": "a", "pid": "b"}
            packet = event("e", "offset")
            found = (
                dialect.recoveryId(told),
                dialect.offset(packet),
                dialect.returning(auth, "b", "offset"),
            )
            if dialect.recovers and name == "eio4":
                self.assertEqual(found, ("b", "offset", {"pid": "b", "offset": "offset", **auth}))
            elif not dialect.recovers and name != "engine.io-4":
                self.assertEqual(found, (None, None, auth))
        self.assertEqual(EIO4_CLIENT.offset(event("only")), None)
        self.assertEqual(EIO4_CLIENT.offset(event("e", 1)), None)
        self.assertEqual(EIO4_CLIENT.recoveryId({"sid": "a"}), None)
        self.assertEqual(EIO4_CLIENT.returning(None, "b", None), {"pid": "b"})

    def test_shared(self) -> None:
        """
        Both halves are of one mind.
        """
        for name, dialect in CLIENT_PROTOCOLS.items():
            server = PROTOCOLS[name]
            for each in ("name", "serverBeats", "joinsRoot", "rootIsConnection", "recovers"):
                self.assertEqual(getattr(dialect, each), getattr(server, each), (name, each))
            for transport in dialect.transports:
                self.assertIn(transport, server.transports)


FIRST_EVENTS = st.builds(
    lambda data, namespace: Packet(Kind.JSON, data, namespace),
    JSON,
    st.sampled_from([ROOT, "/chat", "/a:b"]),
) | st.builds(
    lambda text, namespace, annotations: Packet(Kind.MESSAGE, text, namespace, None, annotations),
    st.text(max_size=8),
    st.sampled_from([ROOT, "/chat"]),
    st.sampled_from([None, {"n": "5"}, {"n": None}, {"n": "a:b"}]),
)
"""What the first protocol carries."""

TILDE_SAID = st.builds(lambda text: Packet(Kind.MESSAGE, text), st.text(max_size=8)).filter(
    lambda packet: not packet.data.startswith(("~h~", "~j~"))
) | st.builds(lambda data: Packet(Kind.JSON, data), JSON)

TEXT_ARGUMENTS = st.builds(
    lambda name, args, namespace, id: Packet(Kind.EVENT, [name, *args], namespace, id),
    st.text(max_size=8).filter(lambda name: name not in RESERVED),
    st.lists(JSON, max_size=3),
    st.sampled_from([ROOT, "/chat"]),
    st.none() | st.integers(0, 10**15 - 1),
) | st.builds(
    lambda args, id: Packet(Kind.ACK, args, ROOT, id),
    st.lists(JSON, max_size=3),
    st.integers(0, 10**15 - 1),
)
"""Events and acknowledgements without binary data."""

SAID_BY = {
    "colon": TEXT_ARGUMENTS | st.builds(lambda data: Packet(Kind.JSON, data), JSON),
    "annotated": FIRST_EVENTS,
    "0.6": TILDE_SAID,
    "eio4": PACKETS,
    "eio3": PACKETS,
    "engine.io-4": st.builds(lambda data: Packet(Kind.JSON, data), st.binary(max_size=8)),
    "engine.io-3": st.builds(lambda data: Packet(Kind.JSON, data), st.binary(max_size=8)),
}
"""What each generation carries."""


class RoundTripTests(SynchronousTestCase):
    """
    The two halves of each dialect understand each other.
    """

    def pairs(self) -> Iterator[tuple[str, IClientDialect, IDialect]]:
        for parser, dialects in CLIENT_PARSERS.items():
            for name, client in dialects.items():
                yield name, client, PARSERS[parser][name]

    @given(st.data())
    @hypothesisSettings(quickly, max_examples=400)
    def test_both(self, data: Any) -> None:
        """
        What one encodes, in messages or in bodies, the other decodes.
        """
        name, client, server = data.draw(st.sampled_from([*self.pairs()]))
        packets = data.draw(st.lists(SAID_BY[name], min_size=1, max_size=3))
        sent = [client.encode(packet) for packet in packets]
        heard = read(server.decoder(LIMITS), [part for each in sent for part in each.parts])
        self.assertEqual(heard, (packets, None, None), name)
        sent = [server.encode(packet) for packet in packets]
        parts: list[Any] = [part for each in sent for part in each.parts]
        body: Any = server.join(sent)
        body = body if server.isBinary(body) else body.decode("utf-8")
        for messages, asPayload in ((parts, False), ([body], True)):
            decoder: Any = client.decoder(LIMITS)
            # The first frame of all names the session.
            list(decoder.message(STREAMING[name]) if name in STREAMING else ())
            self.assertEqual(read(decoder, messages, asPayload), (packets, None, None), name)

    def test_joining(self) -> None:
        """
        Joining, being let in, being refused and leaving.
        """
        for name, client, server in self.pairs():
            if name not in ("annotated", "colon", "eio4", "eio3"):
                continue
            for packet in (
                Packet(Kind.CONNECT, {"token": "x"}, "/chat"),
                Packet(Kind.CONNECT, None, "/chat"),
                Packet(Kind.DISCONNECT, None, "/chat"),
            ):
                parts = client.encode(packet).parts
                self.assertEqual(read(server.decoder(LIMITS), parts), ([packet], None, None), name)
            welcome = server.welcome("/chat", "ID")
            assert welcome is not None
            for packet in (
                welcome,
                Packet(Kind.CONNECT_ERROR, {"message": "no"}, "/chat"),
                Packet(Kind.DISCONNECT, None, "/chat"),
            ):
                parts = server.encode(packet).parts
                isPlain = packet.kind is Kind.CONNECT_ERROR and client.announces
                heard = replace(packet, data={"message": "unauthorized"}) if isPlain else packet
                self.assertEqual(decoded(client, parts), ([heard], None, None), name)

    def test_sessions(self) -> None:
        """
        Opening, heartbeats, probes and goodbyes.
        """
        for name, client, server in self.pairs():
            opening = [*server.opening(fakeSession())]
            parts: list[Any] = [part for each in opening for part in server.encode(each).parts]
            if client.announces:
                self.assertEqual([client.announced(parts.pop())], opening)
            else:
                self.assertEqual(decoded(client, parts), (opening, None, None), name)
            speaker, listener = (server, client) if client.serverBeats else (client, server)
            beat = speaker.beat(3)
            decoder: Any = listener.decoder(LIMITS)
            if listener is client and parts:
                list(decoder.message(parts[0]))
            heard = read(decoder, speaker.encode(beat).parts)
            self.assertEqual(heard, ([beat], None, None), name)
            answer = Packet(Kind.PONG, beat.data)
            other: Any = speaker.decoder(LIMITS)
            self.assertEqual(read(other, listener.encode(answer).parts), ([answer], None, None))


class AnythingTests(SynchronousTestCase):
    """
    Whatever a server says gives packets, or one error.
    """

    def check(self, messages: list[Any], asPayload: bool) -> None:
        for dialects in CLIENT_PARSERS.values():
            for name, dialect in dialects.items():
                packets, error, _ = decoded(dialect, messages, asPayload, maxPayload=1_000)
                self.assertTrue(all(type(packet) is Packet for packet in packets), name)
                self.assertTrue(error is None or (error and "\n" not in error), name)

    @given(st.lists(st.text(max_size=20) | st.binary(max_size=20), max_size=4), st.booleans())
    @quickly
    def test_random(self, messages: list[Any], asPayload: bool) -> None:
        """
        Text and bytes at random.
        """
        self.check(messages, asPayload)

    @given(st.data())
    @quickly
    def test_damaged(self, data: Any) -> None:
        """
        What a server says, damaged and cut anywhere.
        """
        _, messages, _ = data.draw(st.sampled_from(SAID))
        text = next(each for each in messages if isinstance(each, str))
        at = data.draw(st.integers(0, len(text)))
        inserted = data.draw(st.text(st.sampled_from('0123456789:,~mhj{}[]"/-\n\x1e'), max_size=4))
        damaged = text[:at] + inserted + text[at + data.draw(st.integers(0, 3)) :]
        self.check([damaged], False)
        self.check([damaged], True)
        self.check(cutUp(damaged, data.draw(st.randoms())), False)

    def test_fuzz(self) -> None:
        """
        Some damaged wire text of each generation gives packets, or an error of
        one line; a longer run is a command of its own.
        """
        fuzz = loadFuzz()
        for name in fuzz.ANSWERS:
            packets, reasons = fuzz.fuzz(fuzz.TARGETS[f"{name}-client"], 1_500, 0)
            self.assertGreater(packets, 500, name)
            self.assertGreater(reasons[""], 150, name)
            self.assertGreater(len(reasons), 8, name)
