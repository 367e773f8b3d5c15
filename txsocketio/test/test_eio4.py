"""
Tests for L{txsocketio.protocol.eio4}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txsocketio.errors import Fault, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IDecoder, IDialect, Place
from txsocketio.packets import Kind, Packet
from txsocketio.protocol.eio4 import EIO4_MSGPACK, EIO4_PLAIN, EIO4_TEXT, EIO4Decoder
from txsocketio.settings import Settings
from txsocketio.test.decoding import VARIABLE, LinearCase, documented, loadFuzz, quickly
from txsocketio.test.engines import PACKETS, fakeSession, query, read, vectors

SEPARATOR = "\x1e"


def decoderFor(**limits: int) -> EIO4Decoder:
    return EIO4_TEXT.decoder(Settings(**limits))


class VectorTests(SynchronousTestCase):
    """
    What genuine encoders write, written and read.
    """

    def test_written(self) -> None:
        """
        We write the same, message by message and as a body.
        """
        for vector in vectors("eio4"):
            if vector.writes:
                frames = [EIO4_TEXT.encode(packet) for packet in vector.writes]
                parts = [part for frame in frames for part in frame.parts]
                self.assertEqual(parts, vector.messages, vector.what)
                self.assertEqual(EIO4_TEXT.join(frames).decode(), vector.payload, vector.what)

    def test_read(self) -> None:
        """
        We read them from a WebSocket and from a body.
        """
        for vector in vectors("eio4"):
            if vector.reads:
                expected = (vector.reads, None, None)
                self.assertEqual(read(decoderFor(), vector.messages), expected, vector.what)
                self.assertEqual(
                    read(decoderFor(), [vector.payload], asPayload=True), expected, vector.what
                )

    def test_readApart(self) -> None:
        """
        Attachments may come in other bodies than what they belong to.
        """
        for vector in vectors("eio4"):
            if vector.reads:
                self.assertEqual(
                    read(decoderFor(), vector.payload.split(SEPARATOR), asPayload=True),
                    (vector.reads, None, None),
                    vector.what,
                )

    def test_readTogether(self) -> None:
        """
        All of them in one body, in their order.
        """
        found = [vector for vector in vectors("eio4") if vector.reads]
        self.assertEqual(
            read(decoderFor(), [SEPARATOR.join(each.payload for each in found)], asPayload=True),
            ([packet for vector in found for packet in vector.reads], None, None),
        )

    def test_writtenTogether(self) -> None:
        """
        The same, written.
        """
        found = [vector for vector in vectors("eio4") if vector.writes]
        frames = [EIO4_TEXT.encode(packet) for vector in found for packet in vector.writes]
        self.assertEqual(
            EIO4_TEXT.join(frames).decode(), SEPARATOR.join(each.payload for each in found)
        )

    def test_cut(self) -> None:
        """
        A body that ends too early is read as another one, or refused.
        """
        for vector in vectors("eio4"):
            for at in range(len(vector.payload.rstrip(",")) if vector.reads else 0):
                packets, *_ = read(decoderFor(), [vector.payload[:at]], asPayload=True)
                self.assertNotEqual(packets, vector.reads, vector.payload[:at])


BROKEN = [
    ("", "an empty packet"),
    ("0", "no packet that a client sends begins with '0'"),
    ("0{}", "no packet that a client sends begins with '0'"),
    ("1x", "no packet that a client sends begins with '1'"),
    ("2", "no packet that a client sends begins with '2'"),
    ("2x", "no packet that a client sends begins with '2'"),
    ("3probe", "no packet that a client sends begins with '3'"),
    ("5 ", "no packet that a client sends begins with '5'"),
    ("7", "no packet that a client sends begins with '7'"),
    ("9", "no packet that a client sends begins with '9'"),
    ("-1", "no packet that a client sends begins with '-'"),
    ("x", "no packet that a client sends begins with 'x'"),
    ("\u0664", "no packet that a client sends begins with '\\u0664'"),
    ("\n40", "no packet that a client sends begins with '\\n'"),
    ("b", "binary data where no attachment is awaited"),
    ("bAAA=", "binary data where no attachment is awaited"),
    ("bA", "binary data that is no base64"),
    ("bAAA", "binary data that is no base64"),
    ("bA===", "binary data that is no base64"),
    ("bAA\nA=", "binary data that is no base64"),
    ("bAA=A", "binary data that is no base64"),
    ("b_-8=", "binary data that is no base64"),
    ("b\xe9", "binary data that is no base64"),
    ("4", "a packet of an unknown type"),
]
"""Packets, and why they are refused."""


class BrokenTests(SynchronousTestCase):
    """
    Tests for what is refused.
    """

    def test_packets(self) -> None:
        """
        Each fault is told in one line.
        """
        for text, reason in BROKEN:
            self.assertEqual(read(decoderFor(), [text]), ([], reason, 400), text)

    def test_inPayload(self) -> None:
        """
        It is the same in a body, and what was well formed before has been
        taken.
        """
        for text, reason in BROKEN:
            self.assertEqual(
                read(decoderFor(), [f"40{SEPARATOR}{text}{SEPARATOR}41"], asPayload=True),
                ([Packet(Kind.CONNECT)], reason, 400),
                text,
            )

    def test_payloads(self) -> None:
        """
        Bodies that are none.
        """
        for body, reason in [
            ("", "no packets"),
            (b"", "no packets"),
            (b"40", "a body that is binary"),
            (SEPARATOR, "an empty packet"),
            (SEPARATOR * 3, "an empty packet"),
        ]:
            self.assertEqual(
                read(decoderFor(), [body], asPayload=True), ([], reason, 400), repr(body)
            )
        self.assertEqual(
            read(decoderFor(), [f"40{SEPARATOR}"], asPayload=True),
            ([Packet(Kind.CONNECT)], "an empty packet", 400),
        )

    def test_documented(self) -> None:
        """
        The documentation lists each kind of fault.
        """
        listed = [documented(f"What is refused in {part}") for part in ("Engine.IO", "Socket.IO")]
        kinds = {VARIABLE.sub("*", reason) for each in listed for reason, _, _ in each}
        for _, reason in BROKEN:
            self.assertIn(VARIABLE.sub("*", reason), kinds)

    def test_binary(self) -> None:
        """
        Binary data that nobody has announced.
        """
        self.assertEqual(
            read(decoderFor(), [b""]), ([], "binary data where no attachment is awaited", 400)
        )


class LimitTests(SynchronousTestCase):
    """
    Tests for the limits.
    """

    def test_maxPayload(self) -> None:
        """
        A message, or a body, is no longer than C{maxPayload}.
        """
        text = '42["x","y"]'
        for limit, outcome in [
            (len(text), ([Packet(Kind.EVENT, ["x", "y"])], None, None)),
            (len(text) - 1, ([], "more at once than maxPayload (10) allows", 413)),
        ]:
            for asPayload in [False, True]:
                decoder = decoderFor(maxPayload=limit)
                self.assertEqual(read(decoder, [text], asPayload), outcome)

    def test_maxPackets(self) -> None:
        """
        A body holds no more than C{maxPackets}.
        """
        for count in [4, 10**5]:
            packets, *error = read(
                decoderFor(maxPackets=3), [SEPARATOR.join(["40"] * count)], asPayload=True
            )
            self.assertEqual(packets, [Packet(Kind.CONNECT)] * 3)
            self.assertEqual(error, ["more packets at once than maxPackets (3) allows", 413])
        body = SEPARATOR.join(["40"] * 3)
        self.assertEqual(len(list(decoderFor(maxPackets=3).payload(body))), 3)

    def test_separators(self) -> None:
        """
        Many separators are many empty packets, of which the first is one too
        many.
        """
        self.assertEqual(
            read(decoderFor(), [SEPARATOR * 10**5], asPayload=True), ([], "an empty packet", 400)
        )


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    def make(self) -> Any:
        return Bodies(EIO4_TEXT.decoder(Settings(maxPackets=10**6, maxPayload=10**9)))

    def test_manyPackets(self) -> None:
        """
        There may be very many packets in one body.
        """
        for text in ["3", '42["a"]', "40/chat"]:

            def body(size: int, text: str = text) -> tuple[Iterable[str], int]:
                return [SEPARATOR.join([text] * size)], size

            self.assertLinear(body)


class Bodies:
    """
    Takes bodies for messages.
    """

    def __init__(self, decoder: Any) -> None:
        self.message = decoder.payload


class DialectTests(SynchronousTestCase):
    """
    Tests for what is not encoding or decoding.
    """

    def test_contracts(self) -> None:
        """
        The contracts are kept.
        """
        for dialect in [EIO4_TEXT, EIO4_MSGPACK, EIO4_PLAIN]:
            verifyObject(IDialect, dialect)
            decoder = dialect.decoder(Settings())
            verifyObject(IDecoder, decoder)
            self.assertIs(decoder.dialect, dialect)
            self.assertEqual(dialect.name, "eio4")
            self.assertTrue(dialect.serverBeats)
            self.assertFalse(dialect.resumes or dialect.joinsByTalking)
        self.assertFalse(EIO4_TEXT.joinsRoot or EIO4_TEXT.rootIsConnection)
        self.assertTrue(EIO4_PLAIN.joinsRoot and EIO4_PLAIN.rootIsConnection)
        self.assertTrue(EIO4_TEXT.recovers and EIO4_MSGPACK.recovers)
        self.assertFalse(EIO4_PLAIN.recovers)

    def test_defaults(self) -> None:
        """
        What differs between the transports is what watches over them.
        """
        for transport, closeTimeout in [("polling", None), ("websocket", 0.0)]:
            settings = Settings().having(EIO4_TEXT.defaults[transport])
            self.assertEqual(settings.closeTimeout, closeTimeout)
            self.assertEqual(
                (settings.heartbeatInterval, settings.heartbeatTimeout, settings.duration),
                (25.0, 20.0, None),
            )
        self.assertEqual(dict(EIO4_TEXT.transports), {"polling": ("websocket",), "websocket": ()})

    def test_locate(self) -> None:
        """
        The URLs of genuine clients.
        """
        for args, transport, sid, index in [
            (query(EIO="4", transport="polling", t="tavti30h"), "polling", None, None),
            (query(EIO="4", transport="polling", t="x", sid="abc"), "polling", "abc", None),
            (query(EIO="4", transport="websocket", sid="abc"), "websocket", "abc", None),
            (query(EIO="4", transport="websocket"), "websocket", None, None),
            (query(EIO="4", transport="polling", j="0", sid=""), "polling", None, 0),
            (query(EIO="4", transport="polling", j="12"), "polling", None, 12),
            (query(EIO="4", transport="polling", sid="__proto__"), "polling", "__proto__", None),
            (query(EIO="4", transport="websocket", j="x"), "websocket", None, None),
            ({b"EIO": [b"4", b"3"], b"transport": [b"polling", b"x"]}, "polling", None, None),
        ]:
            for path in [[], [""]]:
                self.assertEqual(
                    EIO4_TEXT.locate(path, args),
                    Place(EIO4_TEXT, transport, sid, index, isSure=True),
                )

    def test_locateNothing(self) -> None:
        """
        The URLs of others.
        """
        for path, args in [
            ([""], {}),
            ([""], query(transport="polling")),
            ([""], query(EIO="3", transport="polling")),
            ([""], query(EIO="2", transport="polling")),
            (["1", ""], query(EIO="4", transport="polling")),
            (["socket.io.js"], query(EIO="4", transport="polling")),
            ([""], query(eio="4", sid="x")),
        ]:
            self.assertIsNone(EIO4_TEXT.locate(path, args))

    def test_owns(self) -> None:
        """
        Queries that only clients of Engine.IO send, in whatever revision.
        """
        for args in [query(EIO="9"), query(transport="x"), query(EIO="3", transport="polling")]:
            self.assertTrue(EIO4_TEXT.owns(args))
        for args in [{}, query(sid="x"), query(t="1", j="0")]:
            self.assertFalse(EIO4_TEXT.owns(args))

    def test_locateWrong(self) -> None:
        """
        What asks for us, and for what there is not.
        """
        for args, fault in [
            (query(EIO="4"), Fault.TRANSPORT_UNKNOWN),
            *(
                (query(EIO="4", transport=name), Fault.TRANSPORT_UNKNOWN)
                for name in ["", "constructor", "__proto__", "..", "Polling", "x" * 10**6]
            ),
            ({b"EIO": [b"4"], b"transport": [b"\xff\x00"]}, Fault.TRANSPORT_UNKNOWN),
            *(
                (query(EIO=version, transport="polling"), Fault.VERSION_UNSUPPORTED)
                for version in ["", "0", "1", "5", "04", "4.0", "abc", "NaN", "\u0664", "4" * 1000]
            ),
            *(
                (query(EIO="4", transport="polling", j=index), Fault.BAD_REQUEST)
                for index in ["", "x", "-1", "1.5", "0x1", "\u0661", "1" * 16, "1);alert(1"]
            ),
        ]:
            error = self.assertRaises(RemoteProtocolError, EIO4_TEXT.locate, [""], args)
            self.assertEqual((error.httpStatus, error.fault), (400, fault), args)

    def test_complaint(self) -> None:
        """
        Errors are told in JSON, by number, and with the reason where that
        says more.
        """
        for error, status, code, message in [
            (RemoteProtocolError("x", 400, Fault.TRANSPORT_UNKNOWN), 400, 0, "Transport unknown"),
            (RemoteProtocolError("x", 404, Fault.SESSION_UNKNOWN), 400, 1, "Session ID unknown"),
            (RemoteProtocolError("x", 405, Fault.BAD_METHOD), 400, 2, "Bad handshake method"),
            (RemoteProtocolError("a\u2028"), 400, 3, "Bad request"),
            (RemoteProtocolError("x", 403), 403, 4, "Forbidden"),
            (RemoteProtocolError("x", fault=Fault.FORBIDDEN), 403, 4, "Forbidden"),
            (
                RemoteProtocolError("x", fault=Fault.VERSION_UNSUPPORTED),
                400,
                5,
                "Unsupported protocol version",
            ),
            *(
                (RemoteProtocolError("x", status), status, 3, "Bad request")
                for status in [408, 409, 413, 429, 503]
            ),
        ]:
            told = {"code": code, "message": message}
            if code in (3, 4):
                told["reason"] = error.reason
            answered, contentType, body = EIO4_TEXT.complaint(error)
            self.assertEqual((answered, contentType), (status, b"application/json"))
            self.assertEqual(json.loads(body), told)
            self.assertTrue(body.isascii())

    def test_opening(self) -> None:
        """
        Intervals are told in milliseconds; those that never run out as some
        that browsers can add and count to.
        """
        (packet,) = EIO4_TEXT.opening(fakeSession())
        self.assertEqual(
            EIO4_TEXT.encode(packet).text,
            '0{"sid":"lYhcXvxpjcJLtduhAAAA","upgrades":["websocket"],"pingInterval":25000,'
            '"pingTimeout":20000,"maxPayload":1000000}',
        )
        for interval, timeout in [(None, None), (1e9, 1e9)]:
            session = fakeSession((), heartbeatInterval=interval, heartbeatTimeout=timeout)
            (packet,) = EIO4_TEXT.opening(session)
            self.assertEqual(packet.data["upgrades"], [])
            self.assertLess(packet.data["pingInterval"] + packet.data["pingTimeout"], 2**31)
            self.assertGreater(packet.data["pingInterval"], 10 * 24 * 3600 * 1000)

    def test_ids(self) -> None:
        """
        Who joins a namespace gets an id of its own, by whose form others in a
        cluster know it.
        """
        ids = {EIO4_TEXT.clientId("sid", "/") for _ in range(100)}
        self.assertEqual(len(ids), 100)
        for id in ids:
            self.assertTrue(re.fullmatch("[A-Za-z0-9_-]{20}", id), id)
        self.assertEqual(EIO4_PLAIN.clientId("sid", "/"), "sid")

    def test_welcome(self) -> None:
        """
        It tells the id.
        """
        self.assertEqual(
            EIO4_TEXT.welcome("/chat", "x"), Packet(Kind.CONNECT, {"sid": "x"}, "/chat")
        )
        self.assertEqual(
            EIO4_TEXT.welcome("/", "x", "y"), Packet(Kind.CONNECT, {"sid": "x", "pid": "y"})
        )
        self.assertIsNone(EIO4_PLAIN.welcome("/", "x"))

    def test_beat(self) -> None:
        """
        A heartbeat's answer is no different from any other's.
        """
        frame = EIO4_TEXT.encode(EIO4_TEXT.beat(7))
        self.assertEqual(frame.text, "2")
        ((pong,), *_) = read(decoderFor(), ["3"])
        self.assertEqual(pong.data, EIO4_TEXT.beat(8).data)

    def test_join(self) -> None:
        """
        Without frames there is still a packet.
        """
        self.assertEqual(EIO4_TEXT.join([]), b"6")
        for body in [b"6", b"40", b""]:
            self.assertFalse(EIO4_TEXT.isBinary(body))

    def test_script(self) -> None:
        """
        Nothing in it ends the string, or the script around it.
        """
        body = '42["a</script><!--","\u2028\u2029\'\\n"]\x1e40'
        script = EIO4_TEXT.script(3, body.encode()).decode()
        self.assertTrue(script.startswith('___eio[3]("') and script.endswith('");'), script)
        for what in ["<", "\u2028", "\u2029", "\x1e", "\n"]:
            self.assertNotIn(what, script)
        self.assertEqual(json.loads(script[len("___eio[3](") : -2]), body)

    def test_unscript(self) -> None:
        """
        Line feeds, and what looks like one escaped, are told apart.
        """
        for field, text in [
            (r"a\nb", "a\nb"),
            (r"a\\nb", r"a\nb"),
            (r"a\\\nb", r"a\\nb"),
            (r"\n\n\\n\n", "\n\n\\n\n"),
            (r"\t\\", r"\t\\"),
            ("", ""),
        ]:
            self.assertEqual(EIO4_TEXT.unscript(field), text, field)

    @quickly
    @given(st.text(st.sampled_from(["\\", "n", "a", '"'])))
    def test_unscriptAny(self, text: str) -> None:
        """
        What clients do to a text without line feeds, and JSON has none, is
        undone.
        """
        field = text.replace("\\n", "\\\n").replace("\n", "\\n")
        self.assertEqual(EIO4_TEXT.unscript(field), text)


class PlainTests(SynchronousTestCase):
    """
    Tests for Engine.IO without Socket.IO.
    """

    def test_echo(self) -> None:
        """
        Text and binary data are what they are.
        """
        for message, packet in [
            ("4hello", Packet(Kind.MESSAGE, "hello")),
            ("4", Packet(Kind.MESSAGE, "")),
            (b"\x01\x02", Packet(Kind.JSON, b"\x01\x02")),
            (b"", Packet(Kind.JSON, b"")),
        ]:
            decoder = EIO4_PLAIN.decoder(Settings())
            self.assertEqual(read(decoder, [message]), ([packet], None, None))
            self.assertEqual(EIO4_PLAIN.encode(packet).parts, (message,))
        self.assertEqual(
            read(EIO4_PLAIN.decoder(Settings()), ["4a\x1ebAQI=\x1e3"], asPayload=True),
            (
                [Packet(Kind.MESSAGE, "a"), Packet(Kind.JSON, b"\x01\x02"), Packet(Kind.PONG)],
                None,
                None,
            ),
        )

    def test_otherThings(self) -> None:
        """
        There is nothing else; half characters are replaced.
        """
        for packet in [
            Packet(Kind.EVENT, ["a"]),
            Packet(Kind.JSON, {"a": 1}),
            Packet(Kind.ACK, [], "/", 1),
            Packet(Kind.MESSAGE, "x", "/chat"),
            Packet(Kind.DISCONNECT),
            Packet(Kind.CONNECT_ERROR, {"message": "no"}),
        ]:
            self.assertRaises(UnsupportedByClient, EIO4_PLAIN.encode, packet)
        self.assertEqual(EIO4_PLAIN.encode(Packet(Kind.MESSAGE, "a\ud800")).text, "4a\ufffd")


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(st.lists(PACKETS, max_size=4))
    def test_messages(self, packets: list[Packet]) -> None:
        """
        On a WebSocket.
        """
        parts = [part for packet in packets for part in EIO4_TEXT.encode(packet).parts]
        self.assertEqual(read(decoderFor(), parts), (packets, None, None))

    @quickly
    @given(st.lists(PACKETS, min_size=1, max_size=4))
    def test_bodies(self, packets: list[Packet]) -> None:
        """
        In a body.
        """
        body = EIO4_TEXT.join([EIO4_TEXT.encode(packet) for packet in packets]).decode()
        self.assertEqual(read(decoderFor(), [body], asPayload=True), (packets, None, None))

    @quickly
    @given(
        st.lists(
            st.sampled_from([*'0123456-/,[]{}"b=A\x1e', "42", "451-", '["a"]', "\ud800"])
            | PACKETS.map(lambda packet: EIO4_TEXT.encode(packet).text)
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


class FuzzTests(SynchronousTestCase):
    """
    A short run of C{benchmarks/fuzz.py}.
    """

    def test_mutations(self) -> None:
        """
        Damaged text gives packets or errors; and each kind of error comes up.
        """
        fuzz = loadFuzz()
        packets, reasons = fuzz.fuzz(fuzz.TARGETS["eio4"], 5_000, 0)
        self.assertGreater(packets, 2_000)
        self.assertGreater(reasons[""], 500)
        self.assertGreater(len(reasons), 15)
