"""
Tests for L{txsocketio.protocol.colon}, and for how its sessions begin and end
over a real L{Site}.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import settings as hypothesisSettings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from txsocketio.client import Client
from txsocketio.errors import (
    ConnectionRefused,
    Fault,
    LocalProtocolError,
    RemoteProtocolError,
    UnsupportedByClient,
)
from txsocketio.interfaces import IDecoder, IDialect, Place
from txsocketio.packets import RESERVED, Kind, Packet
from txsocketio.protocol.colon import COLON, ColonDecoder
from txsocketio.settings import Settings
from txsocketio.test.decoding import (
    EMOJI,
    JSON,
    PLAIN,
    VARIABLE,
    LinearCase,
    documented,
    loadFuzz,
    manyFrames,
    outcome,
    quickly,
    vectors,
)
from txsocketio.test.support import CLOSE, HANDSHAKE, Answer, Server, Wire

NAMES = "websocket,flashsocket,htmlfile,xhr-polling,jsonp-polling"
PAGE = "http://page.example"


def decoderFor(**limits: int) -> ColonDecoder:
    return COLON.decoder(Settings(**limits))


def counted(*texts: str) -> str:
    """
    Several packets in one body.
    """
    return "".join(
        f"\ufffd{len(text.encode('utf-16-le', 'surrogatepass')) // 2}\ufffd{text}" for text in texts
    )


class VectorTests(SynchronousTestCase):
    """
    The vectors, written and read.
    """

    def test_written(self) -> None:
        """
        What is written is the vectors' text, byte for byte.
        """
        for what, wire, packets, _ in vectors("colon"):
            if packets:
                body = COLON.join([COLON.encode(packet) for packet in packets])
                self.assertEqual(body.decode("utf-8"), wire, what)

    def test_read(self) -> None:
        """
        They are read, from messages and from bodies.
        """
        for what, wire, _, packets in vectors("colon"):
            if packets:
                self.assertEqual(outcome([wire], decoderFor()), (packets, None, None), what)
                self.assertEqual(list(decoderFor().payload(wire)), packets, what)

    def test_together(self) -> None:
        """
        All of them in one body, in their order.
        """
        read = [(wire, packets) for _, wire, _, packets in vectors("colon") if packets]
        bare = [(wire, packets) for wire, packets in read if wire[0] != "\ufffd"]
        self.assertEqual(
            list(decoderFor().payload(counted(*(wire for wire, _ in bare)))),
            [packet for _, packets in bare for packet in packets],
        )

    def test_cut(self) -> None:
        """
        What is cut off anywhere is refused, or was whole before: it is never
        waited for.
        """
        wire = counted("3:::h\xe9", "5:::{}"[:4] + '{"name":"x"}', "2::")
        whole = list(decoderFor().payload(wire))
        for at in range(1, len(wire)):
            packets, reason, status = outcome([wire[:at]], decoderFor())
            self.assertEqual(packets, whole[: len(packets)])
            isWhole = at in {len(counted("3:::h\xe9")), len(wire) - len(counted("2::"))}
            self.assertEqual((reason, status), (None, None) if isWhole else (reason, 400), at)
            self.assertEqual(reason is None, isWhole, at)

    def test_vectors(self) -> None:
        """
        There is no vector that tests nothing.
        """
        for what, _, writes, reads in vectors("colon"):
            self.assertTrue(writes or reads, what)


SHAPE = "no packet of type, id and endpoint"
LENGTH = "a packet without its length before it"
ID = "an id of what cannot be acknowledged"
NAME = "an event is no object with a name in it"
BROKEN = [
    ("hello", SHAPE, 400),
    ("9::", SHAPE, 400),
    ("-1::", SHAPE, 400),
    ("\u0663::", SHAPE, 400),
    ("3", SHAPE, 400),
    ("3:", SHAPE, 400),
    ("3::chat:x", SHAPE, 400),
    ("3:x::y", SHAPE, 400),
    ("3:-1::y", SHAPE, 400),
    ("3:1++::y", SHAPE, 400),
    ("3:\u0661::y", SHAPE, 400),
    (f"3:{'1' * 16}::y", SHAPE, 400),
    (f"5:{'1' * 10**5}+::y", SHAPE, 400),
    ("3::/\ud800:x", "a namespace's name that cannot be", 400),
    (f"1::/{'x' * 1000}", "a namespace's name is longer than 1000 characters", 400),
    ("1::/a\nb", "a namespace's name that cannot be", 400),
    ("1::/a\u2028", "a namespace's name that cannot be", 400),
    ("0:1::", ID, 400),
    ("2:+::", ID, 400),
    ("1:1+:/chat", ID, 400),
    ("2:1::", ID, 400),
    ("6:1::1", ID, 400),
    ("7:::1+0", "an error, which only a server tells", 400),
    ("4::", "the JSON is broken at character 0", 400),
    ("4:::{", "the JSON is broken at character 1", 400),
    ("4:::[NaN]", "the JSON holds NaN", 400),
    ("4:::1e999", "the JSON holds a number that is too large", 400),
    (f"4:::{'1' * 5_000}", "the JSON holds a number that is too long", 400),
    (f"4:::{'[' * 100_000}", "the JSON is nested too deeply", 400),
    *((f"5:::{data}", NAME, 400) for data in ("[]", "null", "{}", '{"name":1}', '"x"')),
    ('5:::{"name":{}}', NAME, 400),
    ('5:::{"name":"x","args":{}}', "an event's arguments are no array", 400),
    ('5:::{"name":"x","args":null}', "an event's arguments are no array", 400),
    *((f'5:::{{"name":"{name}"}}', f"a client cannot emit {name!r}", 400) for name in RESERVED),
    ("6::", "an acknowledgement without an id", 400),
    ("6:::x", "an acknowledgement without an id", 400),
    ("6:::-1", "an acknowledgement without an id", 400),
    (f"6:::{'1' * 16}", "an acknowledgement without an id", 400),
    ("6:::1+{}", "an acknowledgement is no array", 400),
    ("6:::1+x", "the JSON is broken at character 0", 400),
    *(
        (f"\ufffd{length}", LENGTH, 400)
        for length in ("", "3", "\ufffd", "NaN\ufffdx", "-1\ufffdx", "01\ufffdx", "\u0661\ufffdx")
    ),
    (f"\ufffd{'9' * 1000}\ufffd", LENGTH, 400),
    ("\ufffd4\ufffd2::", "a packet that is shorter than its length", 400),
    (f"\ufffd5\ufffd3:::{EMOJI}", "a packet's length ends inside a character", 400),
    ("\ufffd0\ufffd", SHAPE, 400),
]
"""Texts, and the reason and the status with which they are refused."""


class BrokenTests(SynchronousTestCase):
    """
    Tests for what is refused.
    """

    def test_whole(self) -> None:
        """
        Each fault is told in one line, and with its status.
        """
        for text, reason, status in BROKEN:
            self.assertEqual(outcome([text], decoderFor()), ([], reason, status), ascii(text[:40]))

    def test_afterOthers(self) -> None:
        """
        What was well formed before the fault has been taken.
        """
        for text, reason, status in BROKEN:
            rest = text if text.startswith("\ufffd") else counted(text)
            packets, *told = outcome([counted("3:::a", "3:::b") + rest], decoderFor())
            self.assertEqual(packets, [Packet(Kind.MESSAGE, "a"), Packet(Kind.MESSAGE, "b")])
            self.assertEqual(told, [reason, status], ascii(text[:40]))
        self.assertEqual(outcome([counted("2::") + "2::"], decoderFor())[1:], (LENGTH, 400))

    def test_binary(self) -> None:
        """
        The protocol knows no binary data.
        """
        for receive in (decoderFor().message, decoderFor().payload):
            error = self.assertRaises(RemoteProtocolError, receive, b"3:::x")
            self.assertEqual(error.reason, "binary data, which this protocol does not know")

    def test_nothing(self) -> None:
        """
        There has to be something.
        """
        error = self.assertRaises(RemoteProtocolError, decoderFor().payload, "")
        self.assertEqual(error.reason, "no packets")
        self.assertEqual(outcome([""], decoderFor()), ([], SHAPE, 400))

    def test_documented(self) -> None:
        """
        The documentation lists each kind of fault, and its examples are right.
        """
        listed = documented("What is refused in 0.7 to 0.9")
        for reason, status, example in listed:
            if example:
                self.assertEqual(outcome([example], decoderFor()), ([], reason, status))
        kinds = {VARIABLE.sub("*", reason) for reason, _, _ in listed}
        for _, reason, _ in [*BROKEN, ("", "no packets", 400)]:
            self.assertIn(VARIABLE.sub("*", reason), kinds)


class LimitTests(SynchronousTestCase):
    """
    Tests for the limits.
    """

    def test_maxPayload(self) -> None:
        """
        One message, or body, is no longer than that.
        """
        self.assertEqual(len(list(decoderFor(maxPayload=9).message("3:::hello"))), 1)
        self.assertEqual(
            outcome(["3:::hello"], decoderFor(maxPayload=8)),
            ([], "more at once than maxPayload (8) allows", 413),
        )

    def test_maxPackets(self) -> None:
        """
        It holds at most so many.
        """
        self.assertEqual(len(list(decoderFor(maxPackets=3).message(counted(*["2::"] * 3)))), 3)
        packets, *error = outcome([counted(*["2::"] * 4)], decoderFor(maxPackets=3))
        self.assertEqual(len(packets), 3)
        self.assertEqual(error, ["more packets at once than maxPackets (3) allows", 413])


class LinearTests(LinearCase):
    """
    The work grows as the input does.
    """

    def make(self) -> ColonDecoder:
        return decoderFor(maxPackets=10**6)

    def test_manyPackets(self) -> None:
        """
        There may be very many packets in one piece.
        """
        for text in ["2::", "3:::\u2603", f"3:::{EMOJI}", "4:::1", "6:::1"]:
            self.assertLinear(partial(manyFrames, counted(text)))


class EncodeTests(SynchronousTestCase):
    """
    Tests for what cannot be written. The vectors hold the rest.
    """

    def test_binary(self) -> None:
        """
        Bytes cannot be said.
        """
        for unsayable in (
            Packet(Kind.JSON, {"a": [b"x"]}),
            Packet(Kind.EVENT, ["x", b"x"]),
            Packet(Kind.ACK, [b"x"], id=1),
        ):
            self.assertRaises(UnsupportedByClient, COLON.encode, unsayable)

    def test_namespaces(self) -> None:
        """
        A name ends where its data begins.
        """
        for name in ("/a:b", "/a?b", "/a\nb", "/\ud800"):
            self.assertRaises(UnsupportedByClient, COLON.encode, Packet(Kind.MESSAGE, "x", name))

    def test_wrong(self) -> None:
        """
        What nobody could write.
        """
        for unsayable in (
            Packet(Kind.MESSAGE, 5),
            Packet(Kind.EVENT, []),
            Packet(Kind.EVENT, [5]),
            Packet(Kind.EVENT, "x"),
            Packet(Kind.ACK, None, id=1),
            Packet(Kind.ACK, []),
            Packet(Kind.JSON, float("nan")),
        ):
            error = self.assertRaises(LocalProtocolError, COLON.encode, unsayable)
            self.assertNotIsInstance(error, UnsupportedByClient)

    def test_halves(self) -> None:
        """
        Half characters are replaced in text.
        """
        self.assertEqual(COLON.encode(Packet(Kind.MESSAGE, "a\ud800")).text, "3:::a\ufffd")


class DialectTests(SynchronousTestCase):
    """
    Tests for what is not encoding or decoding.
    """

    def test_contracts(self) -> None:
        """
        The contracts are kept.
        """
        verifyObject(IDialect, COLON)
        verifyObject(IDecoder, decoderFor())
        self.assertEqual((COLON.name, COLON.postField, COLON.receipt), ("colon", b"d", b"1"))
        self.assertTrue(COLON.serverBeats and COLON.speaksDrafts and COLON.joinsRoot)
        self.assertFalse(COLON.joinsByTalking or COLON.postsForms)

    def test_locate(self) -> None:
        """
        The URLs of genuine clients.
        """
        stamp = {b"t": [b"1795410757967"]}
        for path, args, place in (
            ("1/", stamp, Place(COLON, "reception", isSure=True)),
            ("1", {}, Place(COLON, "reception", isSure=True)),
            ("1/", {b"jsonp": [b"3"]}, Place(COLON, "reception", None, 3, True)),
            ("1/websocket/SID", {}, Place(COLON, "websocket", "SID", None, True)),
            ("1/xhr-polling/SID", stamp, Place(COLON, "xhr-polling", "SID", None, True)),
            ("1/xhr-polling/SID", {b"i": [b"x"]}, Place(COLON, "xhr-polling", "SID", None, True)),
            (
                "1/jsonp-polling/SID",
                {**stamp, b"i": [b"0"]},
                Place(COLON, "jsonp-polling", "SID", 0, True),
            ),
            ("1/jsonp-polling/SID", {}, Place(COLON, "jsonp-polling", "SID", 0, True)),
            ("1/htmlfile/", {}, Place(COLON, "htmlfile", "", None, True)),
            ("1//SID/", {b"disconnect": [b"1"]}, Place(COLON, "reception", "SID", None, True)),
            (
                "1/htmlfile/SID",
                {b"disconnect": [b""]},
                Place(COLON, "reception", "SID", None, True),
            ),
            ("", {}, None),
            ("websocket", {}, None),
            ("2/websocket/SID", {}, None),
            ("x/", {}, None),
        ):
            self.assertEqual(COLON.locate(path.split("/"), args), place, path)

    def test_locateWrong(self) -> None:
        """
        What can only be meant for us, and is wrong.
        """
        for path, args, fault in (
            ("2/", {}, Fault.VERSION_UNSUPPORTED),
            ("0", {}, Fault.VERSION_UNSUPPORTED),
            ("1/reception/SID", {}, Fault.TRANSPORT_UNKNOWN),
            *(
                ("1/", {b"jsonp": [index]}, Fault.BAD_REQUEST)
                for index in (b"", b"x", b"-1", b"1;x", b"\xd9\xa1", b"1" * 16)
            ),
            ("1/jsonp-polling/SID", {b"i": [b"x"]}, Fault.BAD_REQUEST),
        ):
            error = self.assertRaises(RemoteProtocolError, COLON.locate, path.split("/"), args)
            self.assertEqual(error.fault, fault, path)

    def test_unscript(self) -> None:
        """
        Clients of 0.9 post JSON, those before it the packets themselves.
        """
        for field, text in (
            ('"3:::a\\nb\\u2028"', "3:::a\nb\u2028"),
            ("3:::a\r\nb", "3:::a\nb"),
            (counted("2::", "2::"), counted("2::", "2::")),
            (json.dumps(counted("2::", "2::")), counted("2::", "2::")),
        ):
            self.assertEqual(COLON.unscript(field), text)
        for field in ('"3:::', '"a" "b"'):
            self.assertRaises(RemoteProtocolError, COLON.unscript, field)

    def test_never(self) -> None:
        """
        Intervals that never run out are told so that browsers can count them.
        """
        server = Server(heartbeatInterval=None, closeTimeout=None)
        body = server.get("/1/").answer().body.decode("ascii")
        self.assertEqual(body.split(":")[1:3], ["", "2e+06"])
        server = Server(heartbeatInterval=1e9, closeTimeout=1e9)
        body = server.get("/1/").answer().body.decode("ascii")
        self.assertEqual(body.split(":")[1:3], ["2e+06", "2e+06"])


TEXTS = PLAIN | st.text(max_size=8)
SPOKEN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\u2028\u2029"))
NAMESPACES = st.sampled_from(["/", "/chat", "/a/b"])
NUMBERS = st.integers(0, 10**15 - 1)
PACKETS = (
    st.builds(partial(Packet, Kind.MESSAGE), SPOKEN, NAMESPACES)
    | st.builds(partial(Packet, Kind.JSON), JSON, NAMESPACES)
    | st.builds(
        lambda name, args, namespace, id: Packet(Kind.EVENT, [name, *args], namespace, id),
        TEXTS.filter(lambda name: name not in RESERVED),
        st.lists(JSON, max_size=3),
        NAMESPACES,
        st.none() | NUMBERS,
    )
    | st.builds(partial(Packet, Kind.ACK), st.lists(JSON, max_size=3), NAMESPACES, NUMBERS)
    | st.builds(partial(Packet, Kind.CONNECT, None), NAMESPACES)
)


class RoundTripTests(SynchronousTestCase):
    """
    What is written is read again as it was.
    """

    @quickly
    @given(st.lists(PACKETS, min_size=1, max_size=5))
    def test_sequences(self, packets: list[Packet]) -> None:
        """
        In a row.
        """
        body = COLON.join([COLON.encode(packet) for packet in packets]).decode("utf-8")
        self.assertEqual(list(decoderFor().payload(body)), packets)

    @quickly
    @given(TEXTS)
    def test_texts(self, text: str) -> None:
        """
        Whatever is in a text, it arrives, in a packet that the clients of 0.7
        can read.
        """
        wire = COLON.encode(Packet(Kind.MESSAGE, text)).text
        self.assertNotRegex(wire, "[\n\r\u2028\u2029]")
        (read,), *_ = outcome([wire], decoderFor())
        self.assertEqual(read.data, text)

    @hypothesisSettings(deadline=None, max_examples=300)
    @given(
        st.lists(
            st.sampled_from([*'012345678:+/?{"}[]', "\ufffd", "3:::", EMOJI, "\ud800"])
            | PACKETS.map(lambda packet: COLON.encode(packet).text)
            | PACKETS.map(lambda packet: counted(COLON.encode(packet).text))
        ).map("".join)
        | st.text()
    )
    def test_anyText(self, text: str) -> None:
        """
        Any text gives packets or is refused.
        """
        _, reason, _ = outcome([text], decoderFor())
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
        packets, reasons = fuzz.fuzz(fuzz.TARGETS["colon"], 5_000, 0)
        self.assertGreater(packets, 2_000)
        self.assertGreater(reasons[""], 500)
        self.assertGreater(len(reasons), 10)


class Room:
    """
    A server that speaks to all generations, and what happened there.

    @ivar clients: the clients that came, oldest first.
    @ivar heard: their messages.
    @ivar gone: why they went.
    """

    def __init__(self, **options: Any) -> None:
        self.server = Server(**options)
        self.clock = self.server.clock
        self.clients: list[Client] = []
        self.heard: list[Any] = []
        self.gone: list[str] = []
        self.server.io.on("connection", self.connected)

    def connected(self, client: Client) -> None:
        """
        Echo, and acknowledge.
        """
        self.clients.append(client)
        client.on("message", self.heard.append)
        client.on("message", client.send)
        client.on("ack", lambda *args: args)
        client.on("disconnect", self.gone.append)

    @property
    def sessions(self) -> int:
        """
        How many there are.
        """
        return len(self.server.io._manager.sessions)

    def shake(self, query: str = "?t=1", method: str = "GET", **headers: str) -> Answer:
        """
        The handshake.
        """
        return self.server.request(method, f"/socket.io/1/{query}", headers, b"").answer()

    def sid(self) -> str:
        """
        That of a session that has been announced.
        """
        return self.shake().body.decode("ascii").split(":")[0]

    def poll(self, sid: str, transport: str = "xhr-polling", query: str = "?t=1") -> Wire:
        """
        As genuine clients poll.
        """
        return self.server.get(f"/1/{transport}/{sid}{query}")

    def open(self) -> str:
        """
        A session that polls.
        """
        sid = self.sid()
        assert self.poll(sid).answer().body == b"1::"
        return sid

    def post(
        self, sid: str, body: str, transport: str = "xhr-polling", query: str = "?t=1"
    ) -> Answer:
        """
        As genuine clients send.
        """
        url = f"/socket.io/1/{transport}/{sid}{query}"
        return self.server.request("POST", url, None, body.encode("utf-8")).answer()

    def webSocket(self, sid: str = "", transport: str = "websocket") -> Wire:
        """
        Open a WebSocket.
        """
        return self.server.webSocket(f"/1/{transport}/{sid or self.sid()}")


class HandshakeTests(SynchronousTestCase):
    """
    How a session is named, and what becomes of it before a transport opens.
    """

    def test_answer(self) -> None:
        """
        As the genuine server answers, over GET and POST.
        """
        room = Room()
        for method in ("GET", "POST"):
            answer = room.shake(method=method)
            self.assertEqual(
                (answer.status, answer.header("Content-Type")), (200, "text/plain; charset=UTF-8")
            )
            self.assertRegex(answer.body.decode(), f"^[A-Za-z0-9_-]{{20}}:60:60:{NAMES}$")
        self.assertEqual((room.sessions, room.clients), (2, []))

    def test_jsonp(self) -> None:
        """
        As a script.
        """
        answer = Room().shake("?t=1&jsonp=12")
        self.assertEqual(answer.header("Content-Type"), "text/javascript; charset=UTF-8")
        self.assertRegex(
            answer.body.decode(), rf'^io\.j\[12\]\("[A-Za-z0-9_-]{{20}}:60:60:{NAMES}"\);$'
        )

    def test_transports(self) -> None:
        """
        Those that the listener accepts, in the order of the genuine server.
        """
        room = Room(transports=["xhr-polling", "websocket", "polling"], heartbeatInterval=1.5)
        self.assertEqual(room.shake().body.decode()[20:], ":36.5:60:websocket,xhr-polling")
        self.assertEqual(room.poll(room.sid(), "htmlfile").answer().status, 400)

    def test_page(self) -> None:
        """
        A page of another origin is let in by the option, else told so.
        """
        answer = Room(origins="*:*").shake(Origin=PAGE)
        self.assertEqual(answer.header("Access-Control-Allow-Origin"), PAGE)
        self.assertEqual(answer.header("Access-Control-Allow-Credentials"), "true")
        answer = Room().shake(Origin=PAGE)
        self.assertEqual((answer.status, answer.body), (403, b"handshake bad origin"))
        answer = Room().shake("?jsonp=0", Origin=PAGE)
        self.assertEqual(
            (answer.status, answer.body), (200, b'io.j[0](new Error("handshake bad origin"));')
        )

    def test_unauthorized(self) -> None:
        """
        C{allowRequest} is asked with the handshake's query, for POST too.
        """

        async def allow(handshake: Any) -> bool:
            return bool(handshake.query.get("token") == "secret")

        room = Room(allowRequest=allow)
        for method in ("GET", "POST"):
            answer = room.shake("?token=wrong", method)
            self.assertEqual((answer.status, answer.body), (403, b"handshake unauthorized"))
            self.assertEqual(room.shake("?token=secret", method).status, 200)
        answer = room.shake("?jsonp=1")
        self.assertEqual(answer.body, b'io.j[1](new Error("handshake unauthorized"));')
        self.assertEqual(room.sessions, 2)

    def test_error(self) -> None:
        """
        What goes wrong in C{allowRequest} is logged, and no fault of the
        client's.
        """
        log: list[str] = []

        async def fail(handshake: Any) -> bool:
            raise ZeroDivisionError

        room = Room(allowRequest=fail, log=log.append)
        answer = room.shake()
        self.assertEqual((answer.status, answer.body), (500, b"handshake error"))
        self.assertIn("allowRequest raised", log[0])

    def test_version(self) -> None:
        """
        There is one.
        """
        answer = Room().server.get("/2/?t=1").answer()
        self.assertEqual((answer.status, answer.body), (500, b"Protocol version not supported."))

    def test_full(self) -> None:
        """
        The limits hold for who has not come yet.
        """
        room = Room(maxSessions=2)
        self.assertEqual([room.shake().status for _ in range(3)], [200, 200, 503])

    def test_neverFollowed(self) -> None:
        """
        Who never opens a transport is forgotten.
        """
        room = Room()
        sids = [room.sid() for _ in range(10)]
        room.clock.advance(44)
        self.assertEqual(room.sessions, 10)
        room.poll(sids[0])
        room.clock.advance(2)
        self.assertEqual(room.sessions, 1)
        self.assertEqual(room.poll(sids[1]).answer().body, b"7:::1+0")

    def test_race(self) -> None:
        """
        Who opens two transports has the one that opens first.
        """
        room = Room()
        sid = room.sid()
        early, late = room.server.connect(), room.server.connect()
        head = "\r\n".join(f"{name}: {value}" for name, value in HANDSHAKE.items())
        early.receive(f"GET /socket.io/1/websocket/{sid} HTTP/1.1\r\nHost: e\r\n".encode())
        self.assertEqual(room.poll(sid).answer().body, b"1::")
        early.receive(f"{head}\r\n\r\n".encode())
        self.assertEqual(early.answer().status, 400)
        self.assertEqual(room.poll(sid, "htmlfile").answer().status, 400)
        late.lose()
        room.post(sid, "3:::x")
        self.assertEqual(room.poll(sid).answer().body, b"3:::x")


class SiteTests(SynchronousTestCase):
    """
    Sessions over a real L{Site}.
    """

    def test_polling(self) -> None:
        """
        A session as in the transcript.
        """
        room = Room()
        sid = room.open()
        (client,) = room.clients
        self.assertEqual((client.protocol, client.transport), ("colon", "xhr-polling"))
        poll = room.poll(sid)
        answer = room.post(sid, f"3:::h\xe9llo \u2603 {EMOJI}")
        self.assertEqual((answer.status, answer.body), (200, b"1"))
        self.assertEqual(poll.answer().body, f"3:::h\xe9llo \u2603 {EMOJI}".encode())
        room.post(sid, counted("4:::[1]", '5:1+::{"name":"ack","args":["x",42]}'))
        self.assertEqual(
            room.poll(sid).answer().body.decode("utf-8"), counted("4:::[1]", '6:::1+["x",42]')
        )
        waiting = room.poll(sid)
        room.clock.advance(20)
        self.assertEqual(waiting.answer().body, b"8::")

    def test_jsonp(self) -> None:
        """
        The same by scripts and forms, of 0.9 and before.
        """
        room = Room()
        sid = room.sid()
        poll = partial(room.poll, sid, "jsonp-polling", "?t=1&i=4")
        self.assertEqual(poll().answer().body, b'io.j[4]("1::");')
        for field in ("3:::a</script>", '"3:::a</script>"'):
            answer = room.post(sid, f"d={quote(field)}", "jsonp-polling", "?t=1&i=4")
            self.assertEqual(answer.body, b"1")
            self.assertEqual(poll().answer().body, b'io.j[4]("3:::a</script>");')

    def test_htmlfile(self) -> None:
        """
        The same by a page that never ends.
        """
        room = Room()
        sid = room.sid()
        stream = room.poll(sid, "htmlfile")
        room.post(sid, "3:::x", "htmlfile")
        scripts = re.findall(rb"<script>(.*?)</script>", stream.streamed().answer.body)
        self.assertEqual(
            scripts, [b'parent.s._("1::", document);', b'parent.s._("3:::x", document);']
        )
        stream.lose()
        room.clock.advance(1)
        self.assertEqual(room.gone, ["transport close"])

    def test_webSocket(self) -> None:
        """
        The same over WebSocket, and the Flash movie's.
        """
        for transport in ("websocket", "flashsocket"):
            room = Room()
            wire = room.webSocket(transport=transport)
            wire.say("3:::x")
            wire.say('5:1+::{"name":"ack"}')
            wire.say(counted("2::", "4:::{}"))
            self.assertEqual(wire.texts(), ["1::", "3:::x", "6:::1", "4:::{}"])
            self.assertEqual(room.clients[0].transport, transport)
            wire.lose()
            room.clock.advance(1)
            self.assertEqual((room.gone, room.sessions), (["transport close"], 0))

    def test_namespaces(self) -> None:
        """
        One is joined with a query, and left; goodbye is for all.
        """
        room = Room()
        auths: list[Any] = []
        left: list[str] = []

        @room.server.io.of("/chat").on("connection")
        def joined(client: Client) -> None:
            auths.append(client.handshake.auth)
            client.on("message", client.send)
            client.on("disconnect", left.append)

        wire = room.webSocket()
        for text in ("1::/chat?a=1", "3::/chat:x", "0::/chat", "1::/chat", "0::"):
            wire.say(text)
        self.assertEqual(
            [frame.payload for frame in wire.frames()[:4]],
            [b"1::", b"1::/chat", b"3::/chat:x", b"1::/chat"],
        )
        self.assertEqual(auths, [{"a": "1"}, {}])
        self.assertEqual(left, ["client namespace disconnect"] * 2)
        self.assertEqual(room.gone, ["client namespace disconnect"])

    def test_refused(self) -> None:
        """
        Middleware refuses, in a namespace and at the root.
        """
        room = Room()

        def refuse(client: Client) -> None:
            raise ConnectionRefused("no")

        room.server.io.of("/chat").use(refuse)
        wire = room.webSocket()
        wire.say("1::/chat")
        self.assertEqual(wire.texts(), ["1::", "7::/chat:2"])
        room.server.io.use(refuse)
        told = room.webSocket().frames()
        self.assertEqual([frame.payload for frame in told[:-1]], [b"7:::2", b"0::"])
        self.assertEqual(told[-1].opcode, CLOSE)

    def test_heartbeats(self) -> None:
        """
        Who is silent for as long as it was told goes, over any transport.
        """
        room = Room()
        wire, sid = room.webSocket(), room.open()
        wire.texts()
        room.clock.advance(25.1)
        self.assertEqual(wire.texts(), ["2::"])
        self.assertEqual(room.poll(sid).answer().body, b"2::")
        wire.say("2::")
        room.post(sid, "2::")
        room.clock.pump([1] * 30)
        self.assertEqual(room.poll(sid).answer().body, b"2::")
        room.clock.pump([1] * 29)
        self.assertEqual(room.gone, [])
        room.clock.pump([1] * 2)
        self.assertEqual(room.gone, ["ping timeout"] * 2)

    def test_away(self) -> None:
        """
        Who polls no more is missed after C{closeTimeout}.
        """
        room = Room(heartbeatInterval=None)
        room.open()
        room.clock.advance(59)
        self.assertEqual(room.gone, [])
        room.clock.advance(2)
        self.assertEqual(room.gone, ["transport close"])

    def test_disconnect(self) -> None:
        """
        The page says goodbye in a request of its own, whatever its transport.
        """
        room = Room()
        wire, sid = room.webSocket(), room.open()
        (webSocket, _) = room.clients
        for url in (
            f"/1//{webSocket.sessionId}/?disconnect=1",
            f"/1/xhr-polling/{sid}?disconnect=1",
        ):
            answer = room.server.get(url).answer()
            self.assertEqual((answer.status, answer.body), (200, b"1"))
        self.assertEqual(room.gone, ["client namespace disconnect"] * 2)
        self.assertEqual((room.sessions, wire.frames()[-1].opcode), (0, CLOSE))

    def test_disconnectOthers(self) -> None:
        """
        It is for sessions of this generation alone.
        """
        room = Room()
        url = "/1//{}/?disconnect=1"
        self.assertEqual(room.server.get(url.format("x")).answer().status, 404)
        self.assertEqual(room.server.get(url.format("")).answer().status, 404)
        self.assertEqual(room.server.get(url.format(room.server.open())).answer().status, 400)
        self.assertEqual(room.sessions, 1)

    def test_goodbye(self) -> None:
        """
        Either side says goodbye in the protocol's own word.
        """
        room = Room()
        sid = room.open()
        poll = room.poll(sid)
        room.clients[0].send("last words")
        room.clients[0].disconnect()
        self.assertEqual(poll.answer().body, b"3:::last words")
        self.assertEqual(room.poll(sid).answer().body, b"0::")
        sid = room.open()
        poll = room.poll(sid)
        self.assertEqual(room.post(sid, "0::").body, b"1")
        self.assertEqual(poll.answer().status, 200)
        self.assertEqual(room.gone, ["server namespace disconnect", "client namespace disconnect"])

    def test_shutdown(self) -> None:
        """
        Who is told goodbye does not come back: a server that goes says none.
        """
        room = Room()
        wire, poll = room.webSocket(), room.poll(room.open())
        announced = room.sid()
        closed = room.server.io.close()
        self.assertEqual([frame.opcode for frame in wire.frames()[1:]], [CLOSE])
        self.assertEqual(poll.answer().body, b"8::")
        self.successResultOf(closed)
        self.assertEqual(room.gone, ["server shutting down"] * 2)
        self.assertEqual(room.poll(announced).answer().body, b"7:::1+0")
        self.assertEqual(room.shake().status, 503)

    def test_late(self) -> None:
        """
        A draft's WebSocket that takes its time over the handshake does not
        take over from who was quicker.
        """
        room = Room()
        sid = room.sid()
        wire = room.server.get(
            f"/1/websocket/{sid}",
            {
                "Upgrade": "WebSocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5",
                "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00",
            },
        )
        self.assertEqual(room.poll(sid).answer().body, b"1::")
        wire.receive(b"^n:ds[4U")
        self.assertEqual(wire.answer().status, 400)
        self.assertEqual(room.clients[0].transport, "xhr-polling")

    def test_unknown(self) -> None:
        """
        Who asks for a session that is none is told to shake hands anew, each
        transport in its own way.
        """
        room = Room()
        for transport, query, body in (
            ("xhr-polling", "", "7:::1+0"),
            ("jsonp-polling", "?i=2", 'io.j[2]("7:::1+0");'),
            ("htmlfile", "", '<script>parent.s._("7:::1+0", document);</script>'),
        ):
            for sid in ("x", ""):
                answer = room.poll(sid, transport, query).answer()
                self.assertEqual((answer.status, answer.body.decode()), (200, body))
        self.assertEqual(room.post("x", "3:::x").body, b"7:::1+0")
        self.assertEqual(room.webSocket("x").answer().status, 404)
        self.assertEqual(room.poll("x", "carrier-pigeon").answer().status, 400)

    def test_parseError(self) -> None:
        """
        A fault ends the session with its line.
        """
        room = Room()
        sid = room.open()
        answer = room.post(sid, counted("3:::fine", "hello"))
        self.assertEqual((answer.status, answer.body), (400, SHAPE.encode()))
        self.assertEqual((room.heard, room.gone), (["fine"], ["parse error"]))

    def test_notJoined(self) -> None:
        """
        A packet for a namespace that has not been joined is a fault.
        """
        room = Room()
        sid = room.open()
        room.server.io.of("/chat")
        self.assertEqual(room.post(sid, "3::/chat:x").status, 400)
        self.assertEqual(room.gone, ["parse error"])

    def test_acknowledgedMessages(self) -> None:
        """
        A message is acknowledged by who hears it, the listener's own handlers
        included.
        """
        room = Room()
        wire = room.webSocket()
        room.server.io.on("clientMessage", lambda message, client: f"heard {message}")
        wire.say("3:1::x")
        wire.say("4:2+::[]")
        self.assertEqual(
            wire.texts(), ["1::", "3:::x", '6:::1+["heard x"]', "4:::[]", '6:::2+["heard []"]']
        )

    def test_asked(self) -> None:
        """
        The server's questions are answered.
        """
        room = Room()
        wire = room.webSocket()
        asked = room.clients[0].emitWithAck("question", 1)
        question = wire.texts()[-1]
        found = re.fullmatch(r'5:([0-9]+)\+::\{"name":"question","args":\[1\]\}', question)
        assert found is not None, question
        wire.say(f"6:::{found[1]}+[2]")
        self.assertEqual(self.successResultOf(asked), 2)

    def test_broadcast(self) -> None:
        """
        One is passed over that cannot be told.
        """
        room = Room()
        wire = room.webSocket()
        room.server.io.emit("picture", b"x")
        room.server.io.emit("chat", 1)
        self.assertEqual(wire.texts()[-1], '5:::{"name":"chat","args":[1]}')
        self.assertEqual(room.server.io.of("/").passedOver, 1)
