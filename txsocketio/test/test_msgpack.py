"""
Tests for L{txsocketio.protocol._msgpack}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IDialect
from txsocketio.packets import RESERVED, Kind, Packet
from txsocketio.protocol._msgpack import pack, unpack
from txsocketio.protocol.eio3 import EIO3_MSGPACK
from txsocketio.protocol.eio4 import EIO4_MSGPACK
from txsocketio.settings import Settings
from txsocketio.test.decoding import LinearCase, loadFuzz, quickly, undocumented
from txsocketio.test.engines import PACKETS, VALUES, Outcome, vectors
from txsocketio.test.engines import read as readMessages


def read(*messages: str | bytes) -> Outcome:
    return readMessages(EIO4_MSGPACK.decoder(Settings()), messages)


def message(**fields: Any) -> bytes:
    """
    An event, but for these fields.
    """
    return pack({"type": 2, "nsp": "/", "data": ["a"], **fields})


def having(reason: str, field: str, *values: Any) -> Iterator[tuple[bytes, str]]:
    """
    Events with each of these values in that field, and why they are refused.
    """
    for value in values:
        yield message(**{field: value}), reason


class VectorTests(SynchronousTestCase):
    """
    What genuine encoders write, written and read.
    """

    def test_read(self) -> None:
        """
        We read it.
        """
        for vector in vectors("msgpack"):
            if vector.reads:
                self.assertEqual(read(*vector.messages), (vector.reads, None, None), vector.what)

    def test_written(self) -> None:
        """
        We write the same.
        """
        for vector in vectors("msgpack"):
            if not vector.writes:
                continue
            (data,) = EIO4_MSGPACK.encode(vector.writes[0]).parts
            (genuine,) = vector.messages
            assert isinstance(data, bytes) and isinstance(genuine, bytes)
            # Genuine encoders write the fields in whatever order they had.
            self.assertEqual(unpack(data), unpack(genuine), vector.what)
            self.assertEqual(len(data), len(genuine), vector.what)

    def test_cut(self) -> None:
        """
        What ends too early is refused, wherever that is.
        """
        for vector in vectors("msgpack"):
            (data,) = vector.messages
            assert isinstance(data, bytes)
            for at in range(len(data)):
                self.assertEqual(read(data[:at]), ([], "the MessagePack ends too early", 400))
            self.assertEqual(
                read(data + b"\xc0"), ([], "the MessagePack goes on behind its end", 400)
            )


EARLY = "the MessagePack ends too early"
UNKNOWN = "the MessagePack holds something that is not known"
NO_TYPE = "a packet of an unknown type"
NO_NAME = "a namespace's name that cannot be"
NO_EVENT = "an event is no list with its name in it"
NO_ID = "an id is no number of up to 15 digits"

BROKEN: list[tuple[str | bytes, str]] = [
    ("4x", "text where all packets are MessagePack"),
    ('42["a"]', "text where all packets are MessagePack"),
    # MessagePack.
    (b"", EARLY),
    (b"\xc1", UNKNOWN),
    (b"\xd4\x01\x00", UNKNOWN),
    (b"\xd5\x00\x00\x00", UNKNOWN),
    (b"\xd6\xff\x00\x00\x00\x00", UNKNOWN),
    (b"\xd7\x01" + bytes(8), UNKNOWN),
    (b"\xd8\x00" + bytes(16), UNKNOWN),
    (b"\xc7\x01\x05\x00", UNKNOWN),
    (b"\xd7\x00\x7f" + b"\xff" * 7, "the MessagePack holds a date that is too far away"),
    (b"\xcb\x7f\xf8" + bytes(6), "the MessagePack holds a number that is none"),
    (b"\xca\xff\x80\x00\x00", "the MessagePack holds a number that is none"),
    (b"\xa1\xff", "the MessagePack holds text that is no UTF-8"),
    (b"\xa3\xed\xa0\x80", "the MessagePack holds text that is no UTF-8"),
    (b"\x81\x01\x01", "the MessagePack holds a key that is no text"),
    (b"\x81\x90\x01", "the MessagePack holds a key that is no text"),
    (b"\xdd\xff\xff\xff\xff", EARLY),
    (b"\xdf\xff\xff\xff\xff", EARLY),
    (b"\xdb\xff\xff\xff\xff", EARLY),
    (b"\xc6\xff\xff\xff\xff", EARLY),
    (b"\xdd\xff\xff\xff\xff" * 10_000, "the MessagePack is nested too deeply"),
    (b"\x91" * 100_000, "the MessagePack is nested too deeply"),
    (b"\x91" * 257 + b"\xc0", "the MessagePack is nested too deeply"),
    (b"\x81\xa1a" * 100_000, "the MessagePack is nested too deeply"),
    # Packets.
    (pack(None), "a packet that is no map"),
    (pack(5), "a packet that is no map"),
    (pack([2, "/", ["a"]]), "a packet that is no map"),
    (pack({}), NO_TYPE),
    *having(NO_TYPE, "type", 5, 6, -1, 10**15, "2", True, None, 2.0, [2]),
    *having(NO_NAME, "nsp", None, 5, b"/", "", "chat", [], "chat/"),
    (message(nsp="/" + "x" * 1000), "a namespace's name is longer than 1000 characters"),
    *having(NO_ID, "id", -1, 10**15, "1", True, 1.0, [], b"1"),
    *having(NO_EVENT, "data", None, [], {}, {"0": "a"}, "a", b"a", 5),
    *having("an event's name is no string", "data", [1], [b"a"], [None], [True], [[]]),
    *((message(data=[name]), f"a client cannot emit '{name}'") for name in sorted(RESERVED)),
    (message(type=3), "an acknowledgement without an id"),
    (message(type=3, id=1, data={}), "an acknowledgement is no list"),
    (message(type=0), "what a client sends to be let in is no object"),
    (message(type=0, data={}, id=1), "an id of what cannot be acknowledged"),
    (message(type=1), "a client says goodbye with data"),
    (message(type=4, data={"message": "no"}), "a refusal, which only a server sends"),
]
"""Messages, and why they are refused."""


class BrokenTests(SynchronousTestCase):
    """
    Tests for what is refused.
    """

    def test_messages(self) -> None:
        """
        Each fault is told in one line.
        """
        for data, reason in BROKEN:
            self.assertEqual(read(data), ([], reason, 400), repr(data[:40]))

    def test_documented(self) -> None:
        """
        The documentation lists each kind of fault, here or with the text.
        """
        unlisted = undocumented("What is refused in MessagePack", [reason for _, reason in BROKEN])
        self.assertEqual(undocumented("What is refused in Socket.IO", unlisted), set())

    def test_deepInStack(self) -> None:
        """
        It does not matter how much of Python's stack is taken already.
        """
        deep = b"\xdc\x00\x01" * 256 + b"\xc0"

        def below(levels: int) -> Any:
            return below(levels - 1) if levels else unpack(deep)

        error = self.assertRaises(RemoteProtocolError, below, 500)
        self.assertEqual(error.reason, "the MessagePack is nested too deeply")


class ReadTests(SynchronousTestCase):
    """
    Tests for what is read. The vectors hold the rest.
    """

    def test_absent(self) -> None:
        """
        Nothing, in whatever way it is said.
        """
        for kind, packet in [(0, Packet(Kind.CONNECT)), (1, Packet(Kind.DISCONNECT))]:
            for fields in [{}, {"data": None}, {"id": None}]:
                self.assertEqual(
                    read(pack({"type": kind, "nsp": "/", **fields})), ([packet], None, None)
                )

    def test_query(self) -> None:
        """
        The query of the older revisions.
        """
        decoder = EIO3_MSGPACK.decoder(Settings())
        self.assertEqual(
            list(decoder.message(b"\x04" + pack({"type": 0, "nsp": "/chat?a=b"}))),
            [Packet(Kind.CONNECT, {"a": "b"}, "/chat")],
        )

    def test_more(self) -> None:
        """
        Other fields are ignored; the last of several counts.
        """
        self.assertEqual(read(message(options={"compress": True}))[0], [Packet(Kind.EVENT, ["a"])])


class WriteTests(SynchronousTestCase):
    """
    Tests for what is written. The vectors hold the rest.
    """

    def test_values(self) -> None:
        """
        As JSON would have it.
        """
        for value, meant in [
            ((1, 2), [1, 2]),
            (
                {5: "a", None: "b", True: "c", 1.5: "d"},
                {"5": "a", "null": "b", "true": "c", "1.5": "d"},
            ),
            (bytearray(b"x"), b"x"),
            (memoryview(b"x"), b"x"),
            ("a\ud800", "a\ufffd"),
            (2**64 - 1, 2**64 - 1),
            (-(2**63), -(2**63)),
            ("x" * 70_000, "x" * 70_000),
            (b"x" * 70_000, b"x" * 70_000),
            ([None] * 70_000, [None] * 70_000),
            ({str(n): n for n in range(70_000)}, {str(n): n for n in range(70_000)}),
        ]:
            self.assertEqual(unpack(pack(value)), meant)

    def test_impossible(self) -> None:
        """
        What nobody could read.
        """
        cycle: list[Any] = []
        cycle.append(cycle)
        for value in [2**64, -(2**63) - 1, float("nan"), float("inf"), object(), {1}, cycle]:
            for data in [value, [value], {"a": value}]:
                self.assertRaises(LocalProtocolError, pack, data)
        for key in [(1,), b"a", object()]:
            self.assertRaises(LocalProtocolError, pack, {key: 1})
        for packet in [Packet(Kind.EVENT, []), Packet(Kind.EVENT, [1])]:
            self.assertRaises(LocalProtocolError, EIO4_MSGPACK.encode, packet)

    def test_integersOfOthers(self) -> None:
        """
        Integers of any size can be written as JSON: a broadcast passes the
        clients over that speak this, and not the others.
        """
        for value in [2**64, -(2**63) - 1]:
            self.assertRaises(UnsupportedByClient, pack, {"a": [value]})

    def test_bodies(self) -> None:
        """
        In the bodies of Engine.IO they are binary messages like any other.
        """
        packet = Packet(Kind.EVENT, ["a", b"x"])
        dialects: list[IDialect] = [EIO4_MSGPACK, EIO3_MSGPACK]
        for dialect in dialects:
            body = dialect.join([dialect.encode(packet)])
            received = body if dialect.isBinary(body) else body.decode()
            self.assertEqual(list(dialect.decoder(Settings()).payload(received)), [packet])


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(VALUES | st.integers(-(2**63), 2**64 - 1))
    def test_values(self, value: Any) -> None:
        """
        Values.
        """
        self.assertEqual(unpack(pack([value])), [value])

    @quickly
    @given(st.lists(PACKETS, max_size=3))
    def test_packets(self, packets: list[Packet]) -> None:
        """
        Packets.
        """
        messages = [part for packet in packets for part in EIO4_MSGPACK.encode(packet).parts]
        self.assertEqual(len(messages), len(packets))
        self.assertEqual(read(*messages), (packets, None, None))

    @quickly
    @given(st.binary() | st.lists(VALUES.map(pack) | st.binary(max_size=2)).map(b"".join))
    def test_anyBytes(self, data: bytes) -> None:
        """
        Any bytes give packets or are refused.
        """
        _, reason, _ = read(data)
        if reason is not None:
            self.assertTrue(reason.isascii() and reason.isprintable() and len(reason) < 80, reason)


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    def make(self) -> Any:
        return Packed()

    def test_wide(self) -> None:
        """
        There may be very many values in one message.
        """
        for value in [0, "", b"", 1.5, None, [], {"a": 1}]:

            def values(size: int, value: Any = value) -> tuple[Iterable[str], int]:
                data = pack(["a", *[value] * size])
                return [data.decode("latin-1")], 1

            self.assertLinear(values)


class Packed:
    """
    Takes bytes that come as characters.
    """

    def message(self, data: str) -> Iterable[Any]:
        """
        The value.
        """
        return [unpack(str(data).encode("latin-1"))]


class FuzzTests(SynchronousTestCase):
    """
    A short run of C{benchmarks/fuzz.py}.
    """

    def test_mutations(self) -> None:
        """
        Damaged messages give packets or errors; and each kind of error comes
        up.
        """
        fuzz = loadFuzz()
        packets, reasons = fuzz.fuzz(fuzz.TARGETS["msgpack"], 5_000, 0)
        self.assertGreater(packets, 1_000)
        self.assertGreater(reasons[""], 500)
        self.assertGreater(len(reasons), 8)
