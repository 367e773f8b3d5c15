"""
Tests for L{txsocketio.protocol.eio3}.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txsocketio.errors import Fault, RemoteProtocolError
from txsocketio.frames import Frame
from txsocketio.interfaces import IDecoder, IDialect, Place
from txsocketio.packets import Kind, Packet
from txsocketio.protocol.eio3 import EIO3_MSGPACK, EIO3_PLAIN, EIO3_TEXT, EIO3Decoder
from txsocketio.settings import Settings
from txsocketio.test.decoding import (
    EMOJI,
    LinearCase,
    documented,
    loadFuzz,
    quickly,
    undocumented,
)
from txsocketio.test.engines import PACKETS, Outcome, fakeSession, query, read, vectors

IN_BASE64 = EIO3_TEXT.speaking(query(b64="1"))
IN_BYTES = EIO3_TEXT.speaking(query(EIO="2"))


def decoderFor(**limits: int) -> EIO3Decoder:
    return EIO3_TEXT.decoder(Settings(**limits))


def readBody(*bodies: Any, decoder: EIO3Decoder | None = None) -> Outcome:
    return read(decoder or decoderFor(), bodies, asPayload=True)


def counted(text: str) -> bytes:
    """
    A text in a binary body.
    """
    data = text.encode("utf-8", "surrogatepass")
    return bytes((0, *map(int, str(len(data))), 0xFF)) + data


def doubled(text: str) -> str:
    """
    What clients of 1.x make of text.
    """
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def event(*data: Any) -> Packet:
    return Packet(Kind.EVENT, [*data])


class VectorTests(SynchronousTestCase):
    """
    What genuine encoders write, written and read.
    """

    def test_written(self) -> None:
        """
        We write the same, message by message, in a body, and in one of text
        alone.
        """
        for vector in vectors("eio3"):
            if not vector.writes:
                continue
            frames = [EIO3_TEXT.encode(packet) for packet in vector.writes]
            parts = [part for frame in frames for part in frame.parts]
            self.assertEqual(parts, vector.messages, vector.what)
            body = EIO3_TEXT.join(frames)
            self.assertEqual(body if b"\xff" in body else body.decode(), vector.body, vector.what)
            self.assertEqual(EIO3_TEXT.isBinary(body), isinstance(vector.body, bytes))
            body = IN_BASE64.join([IN_BASE64.encode(packet) for packet in vector.writes])
            self.assertEqual(body.decode(), vector.payload, vector.what)
            self.assertFalse(IN_BASE64.isBinary(body))

    def test_read(self) -> None:
        """
        We read them from a WebSocket and from a body.
        """
        for vector in vectors("eio3"):
            if vector.reads:
                expected = (vector.reads, None, None)
                self.assertEqual(read(decoderFor(), vector.messages), expected, vector.what)
                self.assertEqual(readBody(vector.payload), expected, vector.what)
                self.assertEqual(readBody(vector.body), expected, vector.what)

    def test_readOld(self) -> None:
        """
        The same of what the encoders of older clients write.
        """
        for vector in vectors("eio3-old"):
            expected = (vector.reads, None, None)
            self.assertEqual(read(decoderFor(), vector.messages), expected, vector.what)
            self.assertEqual(readBody(vector.payload), expected, vector.what)
            self.assertEqual(readBody(vector.body), expected, vector.what)

    def test_together(self) -> None:
        """
        All of them in one body, in their order.
        """
        found = [vector for vector in vectors("eio3") if vector.reads]
        packets = [packet for vector in found for packet in vector.reads]
        self.assertEqual(
            readBody("".join(vector.payload for vector in found)), (packets, None, None)
        )
        binary = [each.body for each in found if isinstance(each.body, bytes)]
        reads = [each.reads[0] for each in found if isinstance(each.body, bytes)]
        self.assertEqual(readBody(b"".join(binary)), (reads, None, None))

    def test_cut(self) -> None:
        """
        A body that ends too early is refused, wherever that is.
        """
        for vector in vectors("eio3"):
            if vector.reads:
                for body in [vector.payload, vector.body]:
                    for at in range(len(body)):
                        packets, reason, _ = readBody(body[:at])
                        self.assertEqual(packets, [], vector.what)
                        # What ends behind a text awaits the attachment.
                        self.assertTrue(reason or "_placeholder" in str(body))


class MendingTests(SynchronousTestCase):
    """
    Clients of 1.x send text as UTF-8 that has been taken for Latin-1.
    """

    TEXTS = (
        "h\xe9llo \u2603 \U0001f600",
        "\xe9",
        "\xc9",
        "\u0434\u0430",
        "\u041f\u0440\u0438\u0432\u0435\u0442",
        "\u05e9\u05dc\u05d5\u05dd",
        "\u65e5\u672c\u8a9e",
        "\u03b1\u03b2",
        EMOJI,
        "a\xa0\xe9",
        "\ud800\u2603",
    )

    MEANT = (
        "h\xe9llo \u2603 \U0001f600",
        "\xe9",
        "caf\xe9\xa0!",
        "CAF\xc9\xa0!",
        "\xabNESCAF\xc9\xae\xbb",
        "NESCAF\xc9\xae",
        "Spa\xdf\xbb",
        "IRM\xc3\xa0",
        "IRM\xc3\xbb",
        "5\xd7\xa06",
        "\u0434\u0430",
        EMOJI,
    )

    def test_doubled(self) -> None:
        """
        They are understood, in bodies and on WebSockets.
        """
        for text in self.TEXTS:
            message = doubled(f'42["a","{text}"]')
            expected = ([event("a", text)], None, None)
            self.assertEqual(read(decoderFor(), [message]), expected, ascii(text))
            self.assertEqual(readBody(f"{len(message)}:{message}"), expected, ascii(text))

    def test_meant(self) -> None:
        """
        The texts of later clients stay as they are, even where they could be
        read in the other way.
        """
        for text in self.MEANT:
            message = f'42["a","{text}"]'
            expected = ([event("a", text)], None, None)
            self.assertEqual(read(decoderFor(), [message]), expected, ascii(text))
            length = len(message) + message.count(EMOJI)
            self.assertEqual(readBody(f"{length}:{message}"), expected, ascii(text))

    def test_shown(self) -> None:
        """
        Who has shown that it does not do it is taken at its word from then
        on; and who has shown that it does, is mended even where there would
        be doubt.
        """
        words = '42["a","\xc3\xa9"]'
        plain, twice = '42["a","\xe9"]', doubled('42["a","\u2603"]')
        doubtful = '42["a","\xc3\xa0"]'
        self.assertEqual(
            read(decoderFor(), [plain, words, twice]),
            (
                [event("a", "\xe9"), event("a", "\xc3\xa9"), event("a", doubled("\u2603"))],
                None,
                None,
            ),
        )
        self.assertEqual(
            read(decoderFor(), [doubtful, twice, doubtful]),
            ([event("a", "\xc3\xa0"), event("a", "\u2603"), event("a", "\xe0")], None, None),
        )

    def test_apart(self) -> None:
        """
        Most of them do it in requests and not on WebSockets.
        """
        decoder = decoderFor()
        twice = doubled('42["a","\u2603"]')
        plain = '42["a","\xe9"]'
        self.assertEqual(
            readBody(f"{len(twice)}:{twice}", decoder=decoder)[0], [event("a", "\u2603")]
        )
        self.assertEqual(read(decoder, [plain])[0], [event("a", "\xe9")])
        self.assertEqual(
            readBody(f"{len(twice)}:{twice}", decoder=decoder)[0], [event("a", "\u2603")]
        )

    def test_binaryBodies(self) -> None:
        """
        Nor do they in bodies that are binary.
        """
        for text in [*self.TEXTS, *self.MEANT, doubled("\u2603")]:
            self.assertEqual(
                readBody(counted(f'42["a","{text}"]')), ([event("a", text)], None, None)
            )


SHORT = "a packet that is shorter than its length"
UNKNOWN_TYPE = "a packet of an unknown type"
UNAWAITED = "binary data where no attachment is awaited"
NO_LENGTH = "a packet without its length before it"

BROKEN: list[tuple[str | bytes, str]] = [
    ("", "no packets"),
    (b"", "no packets"),
    (":", NO_LENGTH),
    (":2", NO_LENGTH),
    ("2", NO_LENGTH),
    ("x:2", NO_LENGTH),
    ("-1:2", NO_LENGTH),
    ("+1:2", NO_LENGTH),
    (" 1:2", NO_LENGTH),
    ("01:2", NO_LENGTH),
    ("1.0:2", NO_LENGTH),
    ("1e0:2", NO_LENGTH),
    ("1e309:2", NO_LENGTH),
    ("NaN:2", NO_LENGTH),
    ("\u0661:2", NO_LENGTH),
    ("1" * 16 + ":2", NO_LENGTH),
    ("1" * 10**5, NO_LENGTH),
    (":" * 10**5, NO_LENGTH),
    ("1:", SHORT),
    ("3:40", SHORT),
    ("1000000000000:2", SHORT),
    ("0:", "an empty packet"),
    ("0:0:0:", "an empty packet"),
    (f"1:{EMOJI}", "a packet's length ends inside a character"),
    (f"3:2{EMOJI}2", NO_LENGTH),
    ("1:0", "no packet that a client sends begins with '0'"),
    ("1:3", "no packet that a client sends begins with '3'"),
    ("6:3probe", "no packet that a client sends begins with '3'"),
    ("2:1x", "no packet that a client sends begins with '1'"),
    ("2:5x", "no packet that a client sends begins with '5'"),
    ("1:7", "no packet that a client sends begins with '7'"),
    ("1:4", UNKNOWN_TYPE),
    ("1:b", "base64 that is no message"),
    ("5:bAAA=", "base64 that is no message"),
    ("6:b2AAA=", "base64 that is no message"),
    ("5:b4AAA", "binary data that is no base64"),
    ("6:b4A===", "binary data that is no base64"),
    ("6:b4AAA=", UNAWAITED),
    (b"40", NO_LENGTH),
    (b"\x00", NO_LENGTH),
    (b"\x00\xff", NO_LENGTH),
    (b"\x00\x01", NO_LENGTH),
    (b"\x00\x0a\xff2", NO_LENGTH),
    (b"\x00" + b"1" + b"\xff2", NO_LENGTH),
    (b"\x02\x01\xff2", NO_LENGTH),
    (b"\x00" + b"\x01" * 16 + b"\xff2", NO_LENGTH),
    (b"\x00" * 10**5, NO_LENGTH),
    (b"\x00\x01\xff", SHORT),
    (b"\x00\x02\xff2", SHORT),
    (b"\x00" + b"\x09" * 15 + b"\xff2", SHORT),
    (b"\x00\x00\xff", "an empty packet"),
    (b"\x00\x01\xff\xff", "text that is no UTF-8"),
    (b"\x00\x02\xff2\xc3", "text that is no UTF-8"),
    (b"\x00\x03\xff2\xc0\x80", "text that is no UTF-8"),
    (b"\x01\x00\xff", "binary data that is no message"),
    (b"\x01\x01\xff2", "binary data that is no message"),
    (b"\x01\x01\xff4", "binary data that is no message"),
    (b"\x01\x01\xff\x04", UNAWAITED),
]
"""Bodies, and why they are refused."""


class BrokenTests(SynchronousTestCase):
    """
    Tests for what is refused.
    """

    def test_bodies(self) -> None:
        """
        Each fault is told in one line.
        """
        for body, reason in BROKEN:
            packets, *found = readBody(body)
            self.assertEqual(found, [reason, 400], repr(body[:40]))
            self.assertEqual(packets, [Packet(Kind.PING, EMOJI)] if body == f"3:2{EMOJI}2" else [])

    def test_afterOthers(self) -> None:
        """
        What was well formed before has been taken.
        """
        for body, reason in BROKEN:
            if not body:
                continue
            before: Any = (
                "7:40/chat1:2" if isinstance(body, str) else counted("40/chat") + counted("2")
            )
            packets, *found = readBody(before + body)
            self.assertEqual(packets[:2], [Packet(Kind.CONNECT, None, "/chat"), Packet(Kind.PING)])
            self.assertEqual(found, [reason, 400], repr(body[:40]))

    def test_documented(self) -> None:
        """
        The documentation lists each kind of fault, and its examples are right.
        """
        heading = "What is refused in Engine.IO"
        # What the messages hold has a list of its own.
        within = {UNKNOWN_TYPE, UNAWAITED}
        self.assertEqual(undocumented(heading, {reason for _, reason in BROKEN} - within), set())
        for reason, status, example in documented(heading):
            if example:
                self.assertEqual(readBody(example), ([], reason, status))

    def test_messages(self) -> None:
        """
        On a WebSocket there are no lengths.
        """
        for message, reason in [
            ("", "an empty packet"),
            ("0", "no packet that a client sends begins with '0'"),
            ("3", "no packet that a client sends begins with '3'"),
            ("1:2", "no packet that a client sends begins with '1'"),
            ("b", "base64 that is no message"),
            ("b4", UNAWAITED),
            (b"", "binary data that is no message"),
            (b"\x00", "binary data that is no message"),
            (b"4", "binary data that is no message"),
            (b"\x04", UNAWAITED),
        ]:
            self.assertEqual(read(decoderFor(), [message]), ([], reason, 400), repr(message))


class LimitTests(SynchronousTestCase):
    """
    Tests for the limits.
    """

    def test_maxPayload(self) -> None:
        """
        A message, or a body, is no longer than C{maxPayload}.
        """
        for text, asPayload in [
            ('42["a"]', False),
            ('7:42["a"]', True),
            (counted('42["a"]'), True),
        ]:
            for limit, outcome in [
                (len(text), ([event("a")], None, None)),
                (
                    len(text) - 1,
                    ([], f"more at once than maxPayload ({len(text) - 1}) allows", 413),
                ),
            ]:
                self.assertEqual(read(decoderFor(maxPayload=limit), [text], asPayload), outcome)

    def test_maxPackets(self) -> None:
        """
        A body holds no more than C{maxPackets}.
        """
        ones: list[Any] = ["1:2", counted("2")]
        for one in ones:
            for count in [4, 10**5]:
                packets, *error = readBody(one * count, decoder=decoderFor(maxPackets=3))
                self.assertEqual(packets, [Packet(Kind.PING)] * 3)
                self.assertEqual(error, ["more packets at once than maxPackets (3) allows", 413])
            self.assertEqual(
                readBody(one * 3, decoder=decoderFor(maxPackets=3)),
                ([Packet(Kind.PING)] * 3, None, None),
            )

    def test_units(self) -> None:
        """
        Lengths count characters as JavaScript does.
        """
        for text, length in [
            (f"2{EMOJI}", 3),
            ("2\u2603", 2),
            ("2\ud800", 2),
            (f"2{EMOJI}\xe9", 4),
        ]:
            self.assertEqual(
                readBody(f"{length}:{text}1:2"),
                ([Packet(Kind.PING, text[1:]), Packet(Kind.PING)], None, None),
            )


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    def make(self) -> Any:
        return Bodies()

    def test_manyPackets(self) -> None:
        """
        There may be very many packets in one body.
        """
        for text in ["1:2", '7:42["a"]', "3:2\xc3\xa9", f"3:2{EMOJI}"]:

            def body(size: int, text: str = text) -> tuple[Iterable[str], int]:
                return [text * size], size

            self.assertLinear(body)

    def test_manyCounted(self) -> None:
        """
        The same where they are binary.
        """

        def body(size: int) -> tuple[Iterable[str], int]:
            return ["\x00\x01\xff2" * size], size

        self.assertLinear(body)


class Bodies:
    """
    Takes bodies for messages, and binary ones from Latin-1.
    """

    def message(self, body: str) -> Iterable[Packet]:
        """
        What is in a body.
        """
        decoder = EIO3_TEXT.decoder(Settings(maxPackets=10**6, maxPayload=10**9))
        if body.startswith("\x00"):
            return decoder.payload(str(body).encode("latin-1"))
        return decoder.payload(body)


class DialectTests(SynchronousTestCase):
    """
    Tests for what is not encoding or decoding, and not as in Engine.IO 4.
    """

    def test_contracts(self) -> None:
        """
        The contracts are kept.
        """
        for dialect in [EIO3_TEXT, IN_BASE64, EIO3_MSGPACK, EIO3_PLAIN]:
            verifyObject(IDialect, dialect)
            decoder = dialect.decoder(Settings())
            verifyObject(IDecoder, decoder)
            self.assertIs(decoder.dialect, dialect)
            self.assertEqual(dialect.name, "eio3")
            self.assertTrue(dialect.joinsRoot)
            self.assertFalse(dialect.serverBeats or dialect.resumes or dialect.joinsByTalking)
        self.assertFalse(
            EIO3_TEXT.recovers or EIO3_TEXT.rootIsConnection or IN_BASE64.rootIsConnection
        )
        self.assertTrue(EIO3_PLAIN.rootIsConnection)

    def test_locate(self) -> None:
        """
        The URLs of genuine clients. Who can take text alone, or bytes alone,
        gets that.
        """
        for args, dialect, transport, sid, index in [
            (query(EIO="3", transport="polling", t="x"), EIO3_TEXT, "polling", None, None),
            (query(EIO="2", transport="polling"), IN_BYTES, "polling", None, None),
            (query(EIO="2", transport="websocket", sid="a"), IN_BYTES, "websocket", "a", None),
            (query(EIO="2", transport="polling", j="0"), IN_BASE64, "polling", None, 0),
            (query(transport="polling"), EIO3_TEXT, "polling", None, None),
            (query(EIO="3", transport="polling", b64="1"), IN_BASE64, "polling", None, None),
            (query(EIO="3", transport="polling", b64=""), EIO3_TEXT, "polling", None, None),
            (query(EIO="3", transport="polling", j="7"), IN_BASE64, "polling", None, 7),
            (query(EIO="3", transport="polling", j="0", b64="1"), IN_BASE64, "polling", None, 0),
        ]:
            for asked in [EIO3_TEXT, IN_BASE64, IN_BYTES]:
                self.assertEqual(
                    asked.locate([""], args), Place(dialect, transport, sid, index, isSure=True)
                )
        self.assertIsNone(EIO3_TEXT.locate([""], query(EIO="4", transport="polling")))
        self.assertIsNone(EIO3_TEXT.locate([""], query(t="x")))
        self.assertIsNone(EIO3_TEXT.locate(["websocket"], query(EIO="3", transport="polling")))

    def test_locateWrong(self) -> None:
        """
        What asks for us, and for what there is not.
        """
        for args, fault in [
            (query(EIO="3"), Fault.TRANSPORT_UNKNOWN),
            (query(EIO="3", transport="flashsocket"), Fault.TRANSPORT_UNKNOWN),
            (query(EIO="5", transport="polling"), Fault.VERSION_UNSUPPORTED),
            (query(EIO="3", transport="polling", j="x"), Fault.BAD_REQUEST),
        ]:
            error = self.assertRaises(RemoteProtocolError, EIO3_TEXT.locate, [""], args)
            self.assertEqual((error.httpStatus, error.fault), (400, fault), args)

    def test_opening(self) -> None:
        """
        It tells nothing of sizes.
        """
        (packet,) = EIO3_TEXT.opening(fakeSession((), heartbeatTimeout=60.0))
        self.assertEqual(
            EIO3_TEXT.encode(packet).text,
            '0{"sid":"lYhcXvxpjcJLtduhAAAA","upgrades":[],"pingInterval":25000,'
            '"pingTimeout":60000}',
        )

    def test_ids(self) -> None:
        """
        A client's id in a namespace is made of the session's.
        """
        self.assertEqual(EIO3_TEXT.clientId("sid", "/"), "sid")
        self.assertEqual(EIO3_TEXT.clientId("sid", "/chat"), "/chat#sid")

    def test_welcome(self) -> None:
        """
        It tells nothing but the namespace.
        """
        for recoveryId in [None, "x"]:
            self.assertEqual(
                EIO3_TEXT.welcome("/chat", "id", recoveryId), Packet(Kind.CONNECT, None, "/chat")
            )
        self.assertEqual(EIO3_TEXT.encode(Packet(Kind.CONNECT, {"sid": "x"})).text, "40")
        self.assertIsNone(EIO3_PLAIN.welcome("/", "id"))

    def test_join(self) -> None:
        """
        Without frames there is still a packet.
        """
        self.assertEqual(EIO3_TEXT.join([]), b"1:6")
        self.assertFalse(EIO3_TEXT.isBinary(b"1:6") or EIO3_TEXT.isBinary(b""))
        self.assertEqual(
            EIO3_PLAIN.join([EIO3_PLAIN.encode(Packet(Kind.MESSAGE, f"\xe9{EMOJI}"))]),
            f"4:4\xe9{EMOJI}".encode(),
        )

    def test_joinInBytes(self) -> None:
        """
        All answers to the clients of 1.0 are in bytes.
        """
        self.assertEqual(IN_BYTES.join([]), b"\x00\x01\xff6")
        body = IN_BYTES.join(
            [IN_BYTES.encode(Packet(Kind.CONNECT)), IN_BYTES.encode(Packet(Kind.PONG))]
        )
        self.assertEqual(body, counted("40") + counted("3"))
        self.assertTrue(IN_BYTES.isBinary(body))

    def test_joinMuch(self) -> None:
        """
        A long answer is in bytes too, unless text was asked for.
        """
        for length, isLong in [(0x10000, False), (0x10001, True)]:
            frames = [Frame("4" * (length - 1)), Frame("5")]
            inText = f"{length - 1}:{frames[0].text}1:5".encode()
            inBytes = counted(frames[0].text) + counted("5")
            self.assertEqual(EIO3_TEXT.join(frames), inBytes if isLong else inText)
            self.assertEqual(IN_BASE64.join(frames), inText)

    def test_scriptOfBinary(self) -> None:
        """
        A body that should not be in a script breaks nothing.
        """
        body = EIO3_TEXT.join([EIO3_TEXT.encode(Packet(Kind.JSON, b"\xff"))])
        self.assertTrue(EIO3_TEXT.script(0, body).startswith(b"___eio[0]("))


class PlainTests(SynchronousTestCase):
    """
    Tests for Engine.IO without Socket.IO.
    """

    def test_echo(self) -> None:
        """
        Text and binary data are what they are.
        """
        inBase64 = EIO3_PLAIN.speaking(query(j="0"))
        for message, asText, packet in [
            ("4hello", "4hello", Packet(Kind.MESSAGE, "hello")),
            (b"\x04\x01\x02", "b4AQI=", Packet(Kind.JSON, b"\x01\x02")),
            (b"\x04", "b4", Packet(Kind.JSON, b"")),
        ]:
            for dialect, form in [(EIO3_PLAIN, message), (inBase64, asText)]:
                self.assertEqual(dialect.encode(packet).parts, (form,))
                self.assertEqual(read(dialect.decoder(Settings()), [form]), ([packet], None, None))


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(st.lists(PACKETS.filter(lambda packet: packet.namespace.isascii()), max_size=4))
    def test_messages(self, packets: list[Packet]) -> None:
        """
        On a WebSocket, and in bodies of both kinds.
        """
        for dialect in [EIO3_TEXT, IN_BASE64, IN_BYTES]:
            frames = [dialect.encode(packet) for packet in packets]
            parts = [part for frame in frames for part in frame.parts]
            self.assertEqual(read(decoderFor(), parts), (packets, None, None))
            if frames:
                body = dialect.join(frames)
                self.assertEqual(
                    readBody(body if dialect.isBinary(body) else body.decode()),
                    (packets, None, None),
                )

    @quickly
    @given(
        st.lists(
            st.sampled_from(
                [*'0123456-/,:[]{}"b=A', "42", "451-", '["a"]', "\xc3", EMOJI, "\ud800"]
            )
            | PACKETS.map(lambda packet: IN_BASE64.join([IN_BASE64.encode(packet)]).decode())
        ).map("".join)
        | st.text(),
        st.booleans(),
    )
    def test_anyText(self, text: str, asPayload: bool) -> None:
        """
        Any text gives packets or is refused.
        """
        _, reason, _ = read(decoderFor(), [text], asPayload)
        if reason is not None:
            self.assertTrue(reason.isascii() and reason.isprintable() and len(reason) < 80, reason)

    @quickly
    @given(
        st.lists(
            st.sampled_from([bytes((code,)) for code in (0, 1, 2, 4, 9, 0xFF, 0xC3)])
            | PACKETS.map(lambda packet: EIO3_TEXT.join([EIO3_TEXT.encode(packet)]))
        ).map(b"".join)
        | st.binary(),
        st.booleans(),
    )
    def test_anyBytes(self, data: bytes, asPayload: bool) -> None:
        """
        So do any bytes.
        """
        _, reason, _ = read(decoderFor(), [data], asPayload)
        if reason is not None:
            self.assertTrue(reason.isascii() and reason.isprintable() and len(reason) < 80, reason)


class FuzzTests(SynchronousTestCase):
    """
    A short run of C{benchmarks/fuzz.py}.
    """

    def test_mutations(self) -> None:
        """
        Damaged input gives packets or errors; and each kind of error comes up.
        """
        fuzz = loadFuzz()
        for name, packets in [("eio3", 2_000), ("eio3-payload", 500)]:
            found, reasons = fuzz.fuzz(fuzz.TARGETS[name], 5_000, 0)
            self.assertGreater(found, packets)
            self.assertGreater(reasons[""], 300)
            self.assertGreater(len(reasons), 15)
