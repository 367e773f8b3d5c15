"""
Tests for L{txsocketio.protocol._sio}.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.packets import RESERVED, Kind, Packet
from txsocketio.protocol._json import dumps
from txsocketio.protocol._sio import FIFTH_TEXT, FOURTH_TEXT, Codec, Reader
from txsocketio.settings import Settings
from txsocketio.test.decoding import documented, quickly, undocumented
from txsocketio.test.echoing import called
from txsocketio.test.engines import PACKETS, VALUES, Outcome

PLACEHOLDER = '{"_placeholder":true,"num":0}'


def readerFor(codec: Codec = FIFTH_TEXT, **limits: int) -> Reader:
    return codec.reader(Settings(**limits))


def read(messages: Iterable[str | bytes], reader: Reader | None = None) -> Outcome:
    """
    What is in these messages.
    """
    reader = reader or readerFor()
    packets = []
    try:
        for message in messages:
            packet = (
                reader.text(f"4{message}", 1)
                if isinstance(message, str)
                else reader.binary(message)
            )
            if packet is not None:
                packets.append(packet)
    except RemoteProtocolError as error:
        return packets, error.reason, error.httpStatus
    return packets, None, None


def written(codec: Codec, packet: Packet) -> tuple[str | bytes, ...]:
    """
    The messages that hold a packet.
    """
    said = codec.encode(packet)
    return (said,) if isinstance(said, str) else said


UNCOUNTED = "a packet's attachments are not counted as they should be"
NO_SUCH = "a placeholder for an attachment that does not exist"
UNUSED = "an attachment without a placeholder"
NO_EVENT = "an event is no list with its name in it"

BROKEN = [
    # Types.
    ("", "a packet of an unknown type"),
    ("7", "a packet of an unknown type"),
    ("8[]", "a packet of an unknown type"),
    ("9", "a packet of an unknown type"),
    ("-1", "a packet of an unknown type"),
    ("x", "a packet of an unknown type"),
    ("[]", "a packet of an unknown type"),
    ("\u0662[]", "a packet of an unknown type"),
    # Events.
    ("2", NO_EVENT),
    ("2[]", NO_EVENT),
    ("2{}", NO_EVENT),
    ('2{"0":"a"}', NO_EVENT),
    ("2null", NO_EVENT),
    ('2"a"', NO_EVENT),
    ("212", NO_EVENT),
    ("2/chat,[]", NO_EVENT),
    ("2[[]]", "an event's name is no string"),
    ("2[{}]", "an event's name is no string"),
    ("2[true]", "an event's name is no string"),
    ("2[null]", "an event's name is no string"),
    ("2[1]", "an event's name is no string"),
    ("2[1.5]", "an event's name is no string"),
    ("2/chat,[1]", "an event's name is no string"),
    *((f'2["{name}",1]', f"a client cannot emit '{name}'") for name in sorted(RESERVED)),
    *((f'2/chat,5["{name}"]', f"a client cannot emit '{name}'") for name in sorted(RESERVED)),
    (f"51-[{PLACEHOLDER}]", "an event's name is no string"),
    ('51-["connect",' + PLACEHOLDER + "]", "a client cannot emit 'connect'"),
    # JSON.
    ("2[", "the JSON is broken at character 1"),
    ('2["a"', "the JSON is broken at character 4"),
    ('2["a"]x', "the JSON is broken at character 5"),
    ('2/chat["a","b"]', "the JSON is broken at character 3"),
    ("2-1", NO_EVENT),
    ('2["a",NaN]', "the JSON holds NaN"),
    ('2["a",-Infinity]', "the JSON holds -Infinity"),
    ('2["a",1e999]', "the JSON holds a number that is too large"),
    ('2["a",' + "1" * 10_000 + "]", "the JSON holds a number that is too long"),
    ('2["a",' + "[" * 100_000, "the JSON is nested too deeply"),
    ('2["a",' + "[" * 300 + "]" * 300 + "]", "the JSON is nested too deeply"),
    # Acknowledgements.
    ("3", "an acknowledgement without an id"),
    ("3[]", "an acknowledgement without an id"),
    ("3/chat,[]", "an acknowledgement without an id"),
    ("31", "an acknowledgement is no list"),
    ("31{}", "an acknowledgement is no list"),
    ("31null", "an acknowledgement is no list"),
    ("60-[]", "an acknowledgement without an id"),
    # Ids.
    (f'2{"1" * 16}["a"]', "an id has more than 15 digits"),
    (f'2{"1" * 10**6}["a"]', "an id has more than 15 digits"),
    ("2" + "1" * 10**6, "an id has more than 15 digits"),
    ("01", "an id of what cannot be acknowledged"),
    ("0/chat,1{}", "an id of what cannot be acknowledged"),
    ("11", "an id of what cannot be acknowledged"),
    # Namespaces.
    ("0/" + "x" * 1000, "a namespace's name is longer than 1000 characters"),
    ("2/" + "x" * 10**6 + ',["a"]', "a namespace's name is longer than 1000 characters"),
    ("0/\ud800", "a namespace's name that cannot be"),
    ("0chat", "the JSON is broken at character 0"),
    # Joining and leaving.
    ("1{}", "a client says goodbye with data"),
    ("1/chat,null", "a client says goodbye with data"),
    ('4"no"', "a refusal, which only a server sends"),
    ('4{"message":"no"}', "a refusal, which only a server sends"),
    # Attachments.
    ("5", UNCOUNTED),
    ('5["a"]', UNCOUNTED),
    ('5-["a"]', UNCOUNTED),
    ('5-1-["a"]', UNCOUNTED),
    ('51.5-["a"]', UNCOUNTED),
    ('5 1-["a"]', UNCOUNTED),
    ('5\u0661-["a"]', UNCOUNTED),
    (f'5{"1" * 16}-["a"]', "an id has more than 15 digits"),
    ('5/chat,1-["a"]', UNCOUNTED),
    ('21-["a"]', UNCOUNTED),
    ("01-", UNCOUNTED),
    ("31-1[]", UNCOUNTED),
    ("51-", NO_EVENT),
    ("51-[]", NO_EVENT),
    ('51-["a"]', UNUSED),
    (f'52-["a",{PLACEHOLDER}]', UNUSED),
    (f'52-["a",{PLACEHOLDER},{PLACEHOLDER}]', UNUSED),
    (f'50-["a",{PLACEHOLDER}]', NO_SUCH),
    *(
        (f'51-["a",{{"_placeholder":true,"num":{number}}}]', NO_SUCH)
        for number in ['"0"', "-1", "0.0", "0.5", "true", "false", "1", "10", "null", "[]", "{}"]
    ),
    ('51-["a",{"_placeholder":true}]', NO_SUCH),
    (f'61-0[[{{"a":{PLACEHOLDER[:-2]}5}}}}]]', NO_SUCH),
]
"""Texts, and why they are refused."""


class BrokenTests(SynchronousTestCase):
    """
    Tests for what is refused.
    """

    def test_texts(self) -> None:
        """
        Each fault is told in one line.
        """
        for text, reason in BROKEN:
            for codec in [FIFTH_TEXT, FOURTH_TEXT]:
                found = read([text], readerFor(codec))
                self.assertEqual(found, ([], reason, 400), ascii(text[:40]))

    def test_afterOthers(self) -> None:
        """
        What was well formed before has been taken.
        """
        for text, reason in BROKEN:
            self.assertEqual(
                read(['2["a"]', f'51-["b",{PLACEHOLDER}]', b"x", text]),
                (
                    [Packet(Kind.EVENT, ["a"]), Packet(Kind.EVENT, ["b", b"x"])],
                    reason,
                    400,
                ),
                ascii(text[:40]),
            )

    def test_documented(self) -> None:
        """
        The documentation lists each kind of fault, and its examples are right.
        """
        heading = "What is refused in Socket.IO"
        self.assertEqual(undocumented(heading, [reason for _, reason in BROKEN]), set())
        for reason, status, example in documented(heading):
            if example:
                self.assertEqual(read([example]), ([], reason, status))

    def test_auth(self) -> None:
        """
        What a client of revision 5 sends to be let in is an object; one of
        the others sends nothing.
        """
        for data in ["[]", "null", "1", '"x"', "true"]:
            self.assertEqual(
                read([f"0{data}" if data != "1" else "0/a,1"])[1],
                "an id of what cannot be acknowledged"
                if data == "1"
                else "what a client sends to be let in is no object",
            )
        self.assertEqual(
            read(["0{}"], readerFor(FOURTH_TEXT)), ([], "a namespace is asked for with data", 400)
        )


class AttachmentTests(SynchronousTestCase):
    """
    Tests for binary data.
    """

    def test_unexpected(self) -> None:
        """
        Where none is awaited, it is refused: at the beginning, behind what has
        none or none left, and however much of it there is.
        """
        reason = "binary data where no attachment is awaited"
        event = Packet(Kind.EVENT, ["a"])
        cases: list[tuple[list[str | bytes], list[Packet]]] = [
            ([], []),
            (['2["a"]'], [event]),
            (['50-["a"]'], [event]),
            ([f'51-["a",{PLACEHOLDER}]', b"x"], [Packet(Kind.EVENT, ["a", b"x"])]),
        ]
        for before, packets in cases:
            self.assertEqual(read([*before, b"", b"x"]), (packets, reason, 400))

    def test_missing(self) -> None:
        """
        Text is refused while an attachment is awaited.
        """
        text = f'52-["a",{PLACEHOLDER},{{"_placeholder":true,"num":1}}]'
        for attachments in [(), (b"x",)]:
            for other in ['2["a"]', "0", text, ""]:
                self.assertEqual(
                    read([text, *attachments, other]),
                    ([], "text where an attachment is awaited", 400),
                )

    def test_order(self) -> None:
        """
        It is the number that tells where an attachment belongs, and it may
        belong to several places.
        """
        first, second = PLACEHOLDER, PLACEHOLDER.replace("0", "1")
        self.assertEqual(
            read([f'52-["a",{second},[{first},{{"b":{second}}}]]', b"0", b"1"]),
            ([Packet(Kind.EVENT, ["a", b"1", [b"0", {"b": b"1"}]])], None, None),
        )

    def test_notPlaceholders(self) -> None:
        """
        Only what says so is a placeholder, and only in binary packets.
        """
        for value in [
            {"_placeholder": 1, "num": 0},
            {"_placeholder": "true", "num": 0},
            {"_placeholder": False, "num": 0},
            {"num": 0},
        ]:
            self.assertEqual(
                read([f'51-["a",{dumps(value)},{PLACEHOLDER}]', b"x"]),
                ([Packet(Kind.EVENT, ["a", value, b"x"])], None, None),
            )
        self.assertEqual(
            read([f'2["a",{PLACEHOLDER}]'])[0],
            [Packet(Kind.EVENT, ["a", {"_placeholder": True, "num": 0}])],
        )

    def test_count(self) -> None:
        """
        There are no more than C{maxPackets}, which is found before any comes.
        """
        text = "".join(f',{{"_placeholder":true,"num":{number}}}' for number in range(4))
        for limit, error in [
            (4, (None, None)),
            (3, ("more attachments than maxPackets (3) allows", 413)),
        ]:
            packets, *found = read([f'54-["a"{text}]'], readerFor(maxPackets=limit))
            self.assertEqual((packets, tuple(found)), ([], error))
        for number in [10**12, 10**15 - 1]:
            self.assertEqual(
                read([f'5{number}-["a"]']),
                ([], "more attachments than maxPackets (10000) allows", 413),
            )

    def test_bytes(self) -> None:
        """
        Together they are no longer than C{maxPayload}, of one packet.
        """
        text = f'52-["a",{PLACEHOLDER},{PLACEHOLDER.replace("0", "1")}]'
        self.assertEqual(
            len(read([text, b"xxxx", b"y", text, b"xxxx", b"y"], readerFor(maxPayload=5))[0]), 2
        )
        self.assertEqual(
            read([text, b"xxxx", b"yy"], readerFor(maxPayload=5)),
            ([], "the attachments are longer than maxPayload allows", 413),
        )

    def test_written(self) -> None:
        """
        Whatever holds bytes is an attachment.
        """
        for data in [b"abc", bytearray(b"abc"), memoryview(b"xabc")[1:], memoryview(b"a.b.c")[::2]]:
            self.assertEqual(
                FIFTH_TEXT.encode(Packet(Kind.JSON, {"a": (data, 1)})),
                (f'51-["message",{{"a":[{PLACEHOLDER},1]}}]', b"abc"),
            )

    def test_placeholdersOfOthers(self) -> None:
        """
        A client would take what looks like a placeholder for one, beside
        binary data.
        """
        for value in [
            {"_placeholder": True, "num": 0},
            ({"a": [{"_placeholder": True}]},),
            {"_placeholder": 1},
        ]:
            for data in [["a", value, b"x"], ["a", b"x", value]]:
                error = self.assertRaises(
                    LocalProtocolError, FIFTH_TEXT.encode, Packet(Kind.EVENT, data)
                )
                self.assertEqual(
                    str(error), "what looks like a placeholder cannot stand beside binary data"
                )
            self.assertEqual(len(written(FIFTH_TEXT, Packet(Kind.EVENT, ["a", value]))), 1)
        falsy = {"_placeholder": False, "num": 0}
        self.assertEqual(len(written(FIFTH_TEXT, Packet(Kind.EVENT, ["a", falsy, b"x"]))), 2)


class ReadTests(SynchronousTestCase):
    """
    Tests for what is read. The vectors hold the rest.
    """

    def test_forms(self) -> None:
        """
        What genuine clients write, in all the forms that they may.
        """
        for text, packet in [
            ("0", Packet(Kind.CONNECT)),
            ("0/", Packet(Kind.CONNECT)),
            ("0/,", Packet(Kind.CONNECT)),
            ("0/chat", Packet(Kind.CONNECT, None, "/chat")),
            ("0/chat,", Packet(Kind.CONNECT, None, "/chat")),
            ("1/chat", Packet(Kind.DISCONNECT, None, "/chat")),
            ("1/chat,", Packet(Kind.DISCONNECT, None, "/chat")),
            ('2/,["a"]', Packet(Kind.EVENT, ["a"])),
            ('2000["a"]', Packet(Kind.EVENT, ["a"], "/", 0)),
            ('2999999999999999["a"]', Packet(Kind.EVENT, ["a"], "/", 10**15 - 1)),
            ('2 ["a"] ', Packet(Kind.EVENT, ["a"])),
            ('2["message","x"]', Packet(Kind.EVENT, ["message", "x"])),
            ('2["\\ud800"]', Packet(Kind.EVENT, ["\ud800"])),
            ('2["__proto__"]', Packet(Kind.EVENT, ["__proto__"])),
            ('50-["a"]', Packet(Kind.EVENT, ["a"])),
            ("60-1[]", Packet(Kind.ACK, [], "/", 1)),
            ("0/" + "x" * 999, Packet(Kind.CONNECT, None, "/" + "x" * 999)),
        ]:
            for codec in [FIFTH_TEXT, FOURTH_TEXT]:
                self.assertEqual(read([text], readerFor(codec)), ([packet], None, None), text)

    def test_query(self) -> None:
        """
        In the older revisions a namespace has a query, of which the joining
        tells; in revision 5 a question mark is nothing special.
        """
        for text, packet in [
            (
                "0/chat?a=1&b=%2C+x&c",
                Packet(Kind.CONNECT, {"a": "1", "b": ", x", "c": ""}, "/chat"),
            ),
            ("0/chat?a=1&a=2,", Packet(Kind.CONNECT, {"a": "2"}, "/chat")),
            ("0/?a=1", Packet(Kind.CONNECT, {"a": "1"})),
            ("0/chat?", Packet(Kind.CONNECT, None, "/chat")),
            ("0/chat?&&", Packet(Kind.CONNECT, {}, "/chat")),
            ("0/chat?a=%ff", Packet(Kind.CONNECT, {"a": "\ufffd"}, "/chat")),
            ("1/chat?a=1", Packet(Kind.DISCONNECT, None, "/chat")),
            ('2/chat?a=1,5["x"]', Packet(Kind.EVENT, ["x"], "/chat", 5)),
        ]:
            self.assertEqual(read([text], readerFor(FOURTH_TEXT)), ([packet], None, None), text)
        self.assertEqual(
            read(["0/chat?a=1"]), ([Packet(Kind.CONNECT, None, "/chat?a=1")], None, None)
        )


class WriteTests(SynchronousTestCase):
    """
    Tests for what is written. The vectors hold the rest.
    """

    def assertWritten(self, codec: Codec, packet: Packet, *messages: str | bytes) -> None:
        self.assertEqual(written(codec, packet), messages)

    def test_messages(self) -> None:
        """
        Messages are events of that name.
        """
        for codec in [FIFTH_TEXT, FOURTH_TEXT]:
            for packet, text in [
                (Packet(Kind.MESSAGE, "x", "/chat"), '2/chat,["message","x"]'),
                (Packet(Kind.JSON, {"a": None}), '2["message",{"a":null}]'),
                (Packet(Kind.JSON, "x"), '2["message","x"]'),
                (Packet(Kind.MESSAGE, "x", annotations={"a": None}), '2["message","x"]'),
            ]:
                self.assertWritten(codec, packet, text)

    def test_text(self) -> None:
        """
        To the clients of the older revisions it is ASCII, because of those of
        1.x; half characters are escaped in either.
        """
        packet = Packet(Kind.EVENT, ["\xe9\u2028\U0001f600\ud800"])
        self.assertWritten(FIFTH_TEXT, packet, '2["\xe9\u2028\U0001f600\\ud800"]')
        self.assertWritten(FOURTH_TEXT, packet, '2["\\u00e9\\u2028\\ud83d\\ude00\\ud800"]')
        binary = Packet(Kind.EVENT, ["\xe9", b"x"])
        self.assertWritten(FOURTH_TEXT, binary, f'51-["\\u00e9",{PLACEHOLDER}]', b"x")

    def test_offset(self) -> None:
        """
        An event's place in the log is one argument more, for who knows of it.
        """
        data = ["a", 1]
        for packet, text, former in [
            (Packet(Kind.EVENT, data, offset="o"), '2["a",1,"o"]', '2["a",1]'),
            (Packet(Kind.MESSAGE, "x", offset="o"), '2["message","x","o"]', '2["message","x"]'),
        ]:
            self.assertWritten(FIFTH_TEXT, packet, text)
            self.assertWritten(FOURTH_TEXT, packet, former)
        self.assertEqual(data, ["a", 1])

    def test_refusals(self) -> None:
        """
        In the older revisions it is either the message or the data.
        """
        for data, fifth, fourth in [
            ({"message": "no"}, '4{"message":"no"}', '4"no"'),
            ({"message": "no", "data": 5}, '4{"message":"no","data":5}', "45"),
            ({"message": "no", "data": None}, '4{"message":"no","data":null}', "4null"),
        ]:
            packet = Packet(Kind.CONNECT_ERROR, data)
            self.assertWritten(FIFTH_TEXT, packet, fifth)
            self.assertWritten(FOURTH_TEXT, packet, fourth)

    def test_impossible(self) -> None:
        """
        What nobody could read.
        """
        for packet in [
            Packet(Kind.EVENT, []),
            Packet(Kind.EVENT, [1]),
            Packet(Kind.EVENT, "a"),
            Packet(Kind.EVENT, None),
            Packet(Kind.EVENT, ["a", float("nan")]),
            Packet(Kind.EVENT, ["a", object()]),
            Packet(Kind.EVENT, ["a", b"x", object()]),
            Packet(Kind.JSON, {b"x": 1}),
            Packet(Kind.ACK, [{1}], "/", 1),
            Packet(Kind.EVENT, ["a"], "/a,b"),
            Packet(Kind.EVENT, ["a"], "/\ud800"),
        ]:
            for codec in [FIFTH_TEXT, FOURTH_TEXT]:
                self.assertRaises(LocalProtocolError, codec.encode, packet)
        self.assertRaises(LocalProtocolError, FOURTH_TEXT.encode, Packet(Kind.ACK, [], "/a?b", 1))

    def test_binaryElsewhere(self) -> None:
        """
        Only events and acknowledgements have attachments.
        """
        refusal = Packet(Kind.CONNECT_ERROR, {"message": "no", "data": b"x"})
        for codec in [FIFTH_TEXT, FOURTH_TEXT]:
            self.assertRaises(UnsupportedByClient, codec.encode, refusal)

    def test_short(self) -> None:
        """
        An event is read and written in a few calls.
        """
        reader = readerFor()
        packet = reader.text('42["chat","hello"]', 1)
        assert packet is not None
        self.assertLessEqual(called(reader.text, '42["chat","hello"]', 1), 7)
        self.assertLessEqual(called(FIFTH_TEXT.encode, packet), 8)


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(st.lists(PACKETS, max_size=4), st.sampled_from([FIFTH_TEXT, FOURTH_TEXT]))
    def test_packets(self, packets: list[Packet], codec: Codec) -> None:
        """
        Events and acknowledgements, with attachments and without.
        """
        messages = [message for packet in packets for message in written(codec, packet)]
        self.assertEqual(read(messages, readerFor(codec)), (packets, None, None))

    @quickly
    @given(VALUES)
    def test_messages(self, value: Any) -> None:
        """
        Messages come back as events.
        """
        self.assertEqual(
            read(written(FIFTH_TEXT, Packet(Kind.JSON, value))),
            ([Packet(Kind.EVENT, ["message", value])], None, None),
        )
