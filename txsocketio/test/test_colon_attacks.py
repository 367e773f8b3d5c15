"""
Bad input by way of Socket.IO 0.7 to 0.9, and what it gets. C{docs/attacks.rst}
lists the answers; each test is named there.

What is attacked in the same way as in the first protocol is taken from
C{test_attacks.py}, which tells too what must be true at the end of each test.
"""

from __future__ import annotations

import json
import re
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

from twisted.internet.defer import Deferred

from txsocketio import ConnectionRefused
from txsocketio.test import test_attacks as first
from txsocketio.test.support import HANDSHAKE, TEXT, Wire, frame
from txsocketio.test.test_attacks import FORM, ODD_NAMES, AttackCase, units
from txsocketio.test.test_hixie import KEY3

MARK = "\ufffd"

NOT_HANDSHAKEN = "7:::1+0"
"""What a client is told that comes with a session's id that nobody knows."""

BELONGS = "this session belongs to another transport"
OTHER_VERSION = "this session speaks another version of the protocol"
NO_PACKET = "no packet of type, id and endpoint"

DRAFT76 = {
    "Upgrade": "WebSocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key1": "4 @1  46546xW%0l 1 5",
    "Sec-WebSocket-Key2": "12998 5 Y3 1  .P00",
}
"""An opening in hixie-76, which clients of 0.7 speak."""


class ColonCase(AttackCase):
    """
    Two clients of 0.9 more that are honest: one that polls, and one with a
    WebSocket.
    """

    receipt = b"1"
    idle = b"8::"
    goodbye = b"0::"

    def serve(self, **options: Any) -> None:
        """
        See L{AttackCase.serve}.
        """
        super().serve(**options)
        self.colonSocket = self.openSocket()
        self.colonPoller = self.openPolling()
        self.honest = set(self.server.io.clients)

    def wait(self, seconds: float) -> None:
        """
        See L{AttackCase.wait}.
        """
        end = self.server.clock.seconds() + seconds
        while self.server.clock.seconds() < end:
            super().wait(min(5, end - self.server.clock.seconds()))
            self.live()

    def live(self) -> None:
        """
        Let the honest clients of 0.9 do what they should.
        """
        self.colonSocket.clear()
        self.colonSocket.say("2::")
        self.pollOf(self.colonPoller)
        self.postPackets(self.colonPoller, "2::")

    def assertHonestClientsAreWell(self) -> None:
        """
        See L{AttackCase.assertHonestClientsAreWell}.
        """
        super().assertHonestClientsAreWell()
        self.live()
        # What a poll may have brought is not of interest.
        self.pollOf(self.colonPoller)
        poll = self.pollOf(self.colonPoller)
        self.postPackets(self.colonPoller, "3:::honest")
        self.assertEqual(poll.answer().body, b"3:::honest")
        self.colonSocket.clear()
        self.colonSocket.say("3:::honest")
        self.assertEqual(self.colonSocket.texts(), ["3:::honest"])

    # How this generation speaks.

    def text(self, words: str) -> str:
        """
        See L{AttackCase.text}.
        """
        return f"3:::{words}"

    def json(self, text: str) -> str:
        """
        See L{AttackCase.json}.
        """
        return f"4:::{text}"

    def together(self, *packets: str) -> str:
        """
        See L{AttackCase.together}.
        """
        if len(packets) == 1:
            return packets[0]
        return "".join(f"{MARK}{units(packet)}{MARK}{packet}" for packet in packets)

    def url(self, transport: str, sid: str, **more: str) -> str:
        """
        Where a session is opened and goes on, below /socket.io.
        """
        query = "&".join(f"{name}={value}" for name, value in {"t": "1", **more}.items())
        return f"/1/{transport}/{sid}?{query}" if transport else f"/1/?{query}"

    def socketURL(self) -> str:
        """
        See L{AttackCase.socketURL}.
        """
        return self.url(self.socket, self.shake())

    def pollURL(self, sid: str) -> str:
        """
        See L{AttackCase.pollURL}.
        """
        return self.url("xhr-polling", sid)

    postURL = pollURL

    def bodyOf(self, packets: str) -> bytes:
        """
        See L{AttackCase.bodyOf}.
        """
        return packets.encode()

    def shake(self) -> str:
        """
        Be named a session, and do nothing more.
        """
        answer = self.server.get(self.url("", "")).answer()
        sid, _, _, transports = answer.body.decode().split(":")
        self.assertEqual(
            transports.split(","),
            ["websocket", "flashsocket", "htmlfile", "xhr-polling", "jsonp-polling"],
        )
        return sid

    def openPolling(self) -> str:
        """
        See L{AttackCase.openPolling}.
        """
        sid = self.shake()
        self.assertEqual(self.pollOf(sid).answer().body, b"1::")
        return sid

    def openSocket(self, headers: dict[str, str] | None = None) -> Wire:
        """
        See L{AttackCase.openSocket}. It is greeted when it has been let in.
        """
        wire = self.server.webSocket(self.socketURL(), headers)
        self.assertIn(wire.texts(), (["1::"], []))
        return wire

    def sessions(self) -> int:
        """
        How many there are that are not honest, named ones included.
        """
        return len(self.server.io._manager.sessions) - len(self.honest)

    def carry(self, transport: str, sid: str, **more: str) -> Wire:
        """
        Open a transport of that session.
        """
        headers = HANDSHAKE if "socket" in transport else None
        return self.server.get(self.url(transport, sid, **more), headers)

    # What they get.

    def assertRefused(self, wire: Wire, status: int, line: str) -> None:
        """
        See L{AttackCase.assertRefused}. Here the line has no end.
        """
        answer = wire.answer()
        self.assertEqual((answer.status, answer.body.decode().rstrip("\n")), (status, line))

    def assertEnded(self, sid: str) -> None:
        """
        See L{AttackCase.assertEnded}.
        """
        self.assertRefused(self.pollOf(sid), 200, NOT_HANDSHAKEN)

    def assertScript(self, wire: Wire, index: int, line: str) -> None:
        """
        A script element has been told that line as an error.
        """
        answer = wire.answer()
        script = f'io.j[{index}](new Error("{line}"));'
        self.assertEqual((answer.status, answer.body.decode()), (200, script))
        self.assertEqual(answer.header("Content-Type"), "application/javascript")


class PollAttacks(ColonCase, first.PollAttacks):
    """
    Polls and POSTs.
    """


class JSONAttacks(ColonCase, first.JSONAttacks):
    """
    JSON that is none.
    """


class WaitingAttacks(ColonCase, first.WaitingAttacks):
    """
    Packets before the application is ready.
    """


class WebSocketAttacks(ColonCase, first.WebSocketAttacks):
    """
    Frames that are none.
    """


class FlashSocketAttacks(WebSocketAttacks):
    """
    The same, as a Flash movie brings it.
    """

    socket = "flashsocket"


class OpeningAttacks(ColonCase, first.OpeningAttacks):
    """
    The opening of a WebSocket.
    """


class LoadAttacks(ColonCase, first.LoadAttacks):
    """
    Too much of everything.
    """

    newURL = "/1/"
    newSocketURL = "/websocket"


class HandshakeAttacks(ColonCase):
    """
    The request that comes before any transport.
    """

    transports = ("websocket", "flashsocket", "htmlfile", "xhr-polling", "jsonp-polling")

    def test_methods(self) -> None:
        """
        405, with those that there are; a script element, which shows no
        status, gets an error.
        """
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "get", "X" * 1000):
            for name in ("", *self.transports):
                wire = self.server.request(method, f"/socket.io{self.url(name, 'x')}")
                self.assertRefused(wire, 405, "method not allowed")
                self.assertIn("GET", wire.answer().header("Allow") or "")
            wire = self.server.request(method, "/socket.io/1/?jsonp=3")
            self.assertScript(wire, 3, "method not allowed")
        for url in ("/1/", "/1/?jsonp=3", "/1/xhr-polling/x"):
            answer = self.server.request("HEAD", f"/socket.io{url}").answer(head=True)
            self.assertEqual(answer.body, b"")
        self.assertEqual(self.sessions(), 0)

    def test_preflight(self) -> None:
        """
        Names no session, and ends none.
        """
        for url in ("/1/", "/1/?jsonp=3", self.pollURL(self.colonPoller) + "&disconnect=1"):
            answer = self.server.request("OPTIONS", f"/socket.io{url}").answer()
            self.assertEqual((answer.status, answer.body), (204, b""))
            self.assertEqual(answer.header("Access-Control-Allow-Methods"), "GET, POST, OPTIONS")
        self.assertEqual(self.sessions(), 0)

    def test_handshakesNeverFollowedUp(self) -> None:
        """
        A thousand, of which the application never hears, and of which nothing
        is left after C{connectTimeout}.
        """
        for _ in range(1000):
            self.shake()
        self.assertEqual(set(self.server.io.clients), self.honest)
        self.wait(44)
        self.assertEqual(self.sessions(), 1000)
        self.wait(1.5)
        self.assertEqual((self.sessions(), self.gone), (0, []))

    def test_handshakesBounded(self) -> None:
        """
        They count as sessions; who takes one back makes room.
        """
        self.serve(maxSessions=len(self.honest) + 10)
        sids = [self.shake() for _ in range(10)]
        for method in ("GET", "POST"):
            wire = self.server.request(method, "/socket.io/1/")
            self.assertRefused(wire, 503, "too many sessions")
        self.assertScript(self.server.get("/1/?jsonp=0"), 0, "too many sessions")
        self.assertEqual(self.carry("xhr-polling", sids[0], disconnect="1").answer().body, b"1")
        self.shake()

    def test_race(self) -> None:
        """
        Of two transports the first one has the session, and the other one is
        told so.
        """
        for winner in self.transports:
            for other in set(self.transports) - {winner}:
                sid = self.shake()
                self.assertIn(b"1::", self.carry(winner, sid).value())
                self.assertRefused(self.carry(other, sid), 400, BELONGS)
                self.joined().send("x")
                self.carry(winner, sid, disconnect="1")
        self.assertEqual(self.gone, ["client namespace disconnect"] * 20)

    def test_raceWithinAnOpening(self) -> None:
        """
        The same where the first one to come is not the first one to be open.
        """
        sid = self.shake()
        late = self.server.get(self.url("websocket", sid), DRAFT76)
        self.assertEqual(self.pollOf(sid).answer().body, b"1::")
        late.receive(KEY3)
        self.assertEqual((late.answer().status, late.disconnecting), (400, True))
        self.assertIn(BELONGS.encode(), late.value())
        self.postPackets(sid, "3:::x")
        self.assertEqual((self.seen, self.gone), (["x"], []))

    def test_openingThatFails(self) -> None:
        """
        Who does not get its first transport open may open another one.
        """
        sid = self.shake()
        self.server.get(self.url("websocket", sid), DRAFT76).lose()
        wire = self.server.webSocket(self.url("websocket", sid), {"Sec-WebSocket-Key": "x"})
        self.assertHandshakeRefused(wire, 400, "Sec-WebSocket-Key")
        self.assertEqual(self.pollOf(sid).answer().body, b"1::")

    def test_packetsBeforeATransport(self) -> None:
        """
        Nobody is connected yet: they are not taken, whatever they are, and
        the session goes on.
        """
        chat = self.server.io.of("/chat")
        for packet in ("3:::x", "0::", "1::", "1::/chat", "2::", "6:::1", "9::", ""):
            sid = self.shake()
            wire = self.postPackets(sid, packet)
            self.assertRefused(wire, 400, "no transport of this session is open yet")
            self.assertEqual(self.pollOf(sid).answer().body, b"1::")
            self.joined().disconnect()
        self.assertEqual((self.seen, dict(chat.clients)), ([], {}))

    def test_packetsBehindTheFirstPoll(self) -> None:
        """
        On its connection, and in its segment: they come when the session is
        open, and before it is said that it is.
        """
        for packets, status in (("3:::x", 200), ("9::", 400), ("0::", 200), ("1::", 200)):
            sid = self.shake()
            url = f"/socket.io{self.pollURL(sid)}"
            poll = f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n"
            head = f"POST {url} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(packets)}\r\n\r\n"
            wire = self.server.connect()
            wire.receive(f"{poll}{head}{packets}".encode())
            self.assertEqual([answer.status for answer in wire.answers()], [200, status])
            self.assertEqual(wire.answers()[0].body, b"1::")
        self.assertEqual(self.seen, ["x"])
        self.assertEqual(self.gone, ["parse error", "client namespace disconnect"])

    def test_versions(self) -> None:
        """
        500 for what can only be a version; all else is not ours.
        """
        for version in ("0", "2", "00", "01", "999999999999999"):
            for rest in ("", "/", "/?jsonp=0", "/?disconnect=1"):
                wire = self.server.get(f"/{version}{rest}")
                self.assertRefused(wire, 500, "Protocol version not supported.")
        for path in (
            "/x/",
            "/-1/",
            "/1.0/",
            "/%D9%A1/",
            "/1%00/",
            "/2/websocket/x",
            "/" + "1" * 16,
        ):
            self.assertEqual(self.server.get(path).answer().status, 404, path)

    def test_transportNames(self) -> None:
        """
        400.
        """
        others = ("polling", "server-events", "xhr-multipart", "XHR-POLLING", "websocket%00")
        for name in (*ODD_NAMES, *others):
            for method in ("GET", "POST"):
                wire = self.server.request(method, f"/socket.io{self.url(name, 'x')}")
                self.assertRefused(wire, 400, "unknown transport")
        wire = self.server.get(self.url("reception", self.colonPoller))
        self.assertRefused(wire, 400, "no such transport")

    def test_sessionIds(self) -> None:
        """
        The protocol's own error, as each transport brings it: not handshaken,
        do reconnect. A WebSocket is not opened for that.
        """
        jsonp, page = b'io.j[7]("7:::1+0");', b'<script>parent.s._("7:::1+0", document);</script>'
        for sid in (*ODD_NAMES, ""):
            for method in ("GET", "POST"):
                for name, body, kind in (
                    ("xhr-polling", NOT_HANDSHAKEN.encode(), "text/plain; charset=UTF-8"),
                    ("jsonp-polling", jsonp, "text/javascript; charset=UTF-8"),
                    ("htmlfile", page, "text/html; charset=UTF-8"),
                ):
                    url = f"/socket.io{self.url(name, sid, i='7')}"
                    answer = self.server.request(method, url).answer()
                    self.assertEqual((answer.status, answer.body), (200, body))
                    self.assertEqual(answer.header("Content-Type"), kind)
            for name in ("websocket", "flashsocket"):
                self.assertRefused(self.carry(name, sid), 404, "unknown session id")
        self.assertEqual(self.sessions(), 0)

    def test_longURL(self) -> None:
        """
        Twisted reads 16 KB of it and closes the connection.
        """
        for url in ("/1/?t=" + "x" * 1_000_000, "/1/xhr-polling/" + "x" * 1_000_000):
            wire = self.server.get(url)
            self.assertEqual((wire.value(), wire.disconnecting), (b"", True))

    def test_index(self) -> None:
        """
        400 for what is no number of up to 15 digits; without any it is 0, as
        in the genuine server.
        """
        sid = self.shake()
        for index in ("", "x", "-1", "1.5", "1e3", "0x10", "alert(1)", "%31]%3balert(1", "9" * 16):
            value = quote(index, safe="%()")
            for url, name in (
                (f"/1/?jsonp={value}", "jsonp"),
                (self.url("jsonp-polling", sid, i=value), "i"),
            ):
                wire = self.server.get(url)
                self.assertRefused(wire, 400, f"{name} is no number of up to 15 digits")
        self.assertEqual(self.carry("jsonp-polling", sid).answer().body, b'io.j[0]("1::");')
        self.assertEqual(self.carry("jsonp-polling", "x").answer().body, b'io.j[0]("7:::1+0");')

    def test_origins(self) -> None:
        """
        Refused in the generation's own words at the handshake, and as ever
        afterwards; the page cannot read it, and no session suffers.
        """
        for origin in ("null", "http://evil.com", "http://b\xfccher.example", "x" * 5000):
            headers = {"Origin": origin}
            for method in ("GET", "POST"):
                wire = self.server.request(method, "/socket.io/1/", headers)
                self.assertRefused(wire, 403, "handshake bad origin")
                names = {name for name, _ in wire.answer().headers}
                self.assertEqual(names, {"Content-Type", "Content-Length"})
            self.assertScript(self.server.get("/1/?jsonp=3", headers), 3, "handshake bad origin")
            url = self.pollURL(self.colonPoller)
            for wire in (
                self.server.get(url, headers),
                self.server.get(f"{url}&disconnect=1", headers),
                self.server.webSocket(self.url("websocket", self.colonPoller), headers),
                self.post(self.colonPoller, b"0::", headers),
            ):
                answer = wire.answer()
                self.assertEqual(answer.status, 403)
                self.assertIsNone(answer.header("Access-Control-Allow-Origin"))
            for name in ("jsonp-polling", "htmlfile"):
                answer = self.server.get(self.url(name, self.colonPoller), headers).answer()
                self.assertEqual(answer.status, 200)
                self.assertIn(b"alert('Cross domain security restrictions not met')", answer.body)
        self.assertEqual((self.sessions(), self.gone), (0, []))

    def test_originsOfPages(self) -> None:
        """
        Who asks in vain from a foreign page may not read what is wrong.
        """
        for url in ("/2/", "/1/x/y", "/1/?jsonp=x", "/1/xhr-polling/x"):
            answer = self.server.get(url, {"Origin": "http://evil.com"}).answer()
            self.assertIsNone(answer.header("Access-Control-Allow-Origin"))

    def test_refusedByTheApplication(self) -> None:
        """
        In the generation's own words, whatever the application says or
        raises.
        """

        def refuse(handshake: Any) -> bool:
            if "raise" in handshake.query:
                raise ZeroDivisionError("a secret")
            if "refuse" in handshake.query:
                raise ConnectionRefused("</script>")
            return "token" in handshake.query

        server = first.AttackedServer(allowRequest=refuse)
        for query, status, line in (
            ("?t=1", 403, "handshake unauthorized"),
            ("?refuse=1", 403, "handshake unauthorized"),
            ("?raise=1", 500, "handshake error"),
        ):
            self.assertRefused(server.get(f"/1/{query}"), status, line)
            self.assertScript(server.get(f"/1/{query}&jsonp=1"), 1, line)
        self.assertEqual(dict(server.io._manager.sessions), {})
        self.assertEqual(server.get("/1/?token=1").answer().status, 200)
        self.patch(server.io._manager, "create", Mock(side_effect=ZeroDivisionError))
        self.assertRefused(server.get("/1/?token=1"), 500, "handshake error")
        self.assertScript(server.get("/1/?token=1&jsonp=1"), 1, "handshake error")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 4)
        self.log.clear()

    def test_shuttingDown(self) -> None:
        """
        503 for who comes, and for who has waited to be let in; who has been
        named a session and opens no transport is not waited for.
        """
        waiting: list[Deferred[bool]] = []

        def think(handshake: Any) -> Deferred[bool] | None:
            return waiting[0] if "wait" in handshake.query else None

        server = first.AttackedServer(allowRequest=think)
        waiting.append(Deferred())
        wires = [server.get("/1/?wait=1"), server.get("/1/?wait=1&jsonp=2")]
        sid = server.get("/1/").answer().body.decode().split(":")[0]
        self.successResultOf(server.io.close())
        waiting[0].callback(True)
        line = "the server is shutting down"
        self.assertRefused(wires[0], 503, line)
        self.assertScript(wires[1], 2, line)
        self.assertRefused(server.get("/1/"), 503, line)
        self.assertRefused(server.get(f"/1/xhr-polling/{sid}"), 200, NOT_HANDSHAKEN)
        self.assertEqual(dict(server.io._manager.sessions), {})

    def test_disconnect(self) -> None:
        """
        The URL that ends a session ends the one that it names, once.
        """
        for sid in (*ODD_NAMES, ""):
            wire = self.carry("xhr-polling", sid, disconnect="1")
            self.assertRefused(wire, 404, "unknown session id")
        for method, name in (("GET", "websocket"), ("POST", "xhr-polling"), ("GET", "x")):
            wire, client = self.attacker()
            url = f"/socket.io{self.url(name, client.session.sid, disconnect='')}1"
            self.assertEqual(self.server.request("PUT", url).answer().status, 405)
            self.assertEqual(self.gone, [])
            self.assertEqual(self.server.request(method, url).answer().body, b"1")
            self.assertClosed(wire, 1000, "client namespace disconnect")
            self.assertEqual(self.gone, ["client namespace disconnect"])
            self.assertEqual(self.server.request(method, url).answer().status, 404)
            self.gone.clear()

    def test_sessionOfAnotherGeneration(self) -> None:
        """
        The URLs of one lead to no session of another, nor do they end it.
        """
        engine = "/?EIO=4&transport=polling"
        opening = self.server.get(engine).answer().body
        ids = (self.poller, json.loads(opening[1:])["sid"])
        for sid in ids:
            for name in ("xhr-polling", "jsonp-polling", "websocket", "htmlfile"):
                self.assertRefused(self.carry(name, sid), 400, OTHER_VERSION)
            self.assertRefused(self.postPackets(sid, "0::"), 400, OTHER_VERSION)
            wire = self.carry("xhr-polling", sid, disconnect="1")
            self.assertRefused(wire, 400, OTHER_VERSION)
        for sid in (self.colonPoller, self.shake()):
            for url in (f"/xhr-polling/{sid}/1", f"/htmlfile/{sid}"):
                self.assertRefused(self.server.get(url), 400, OTHER_VERSION)
            answer = self.server.get(f"{engine}&sid={sid}").answer()
            self.assertEqual(json.loads(answer.body)["reason"], OTHER_VERSION)
        self.assertEqual(self.gone, [])

    def test_anotherClientsSession(self) -> None:
        """
        The session of a WebSocket is had over no other transport.
        """
        wire, client = self.attacker()
        sid = client.session.sid
        for name in ("flashsocket", "htmlfile", "xhr-polling", "jsonp-polling"):
            self.assertRefused(self.carry(name, sid), 400, BELONGS)
        self.assertRefused(self.postPackets(sid, "3:::x"), 400, BELONGS)
        wire.say("3:::y")
        self.assertEqual((self.seen, self.gone, wire.texts()), (["y"], [], ["3:::y"]))


class PayloadAttacks(ColonCase):
    """
    What is no packet, or too many.
    """

    lines = 60

    def test_empty(self) -> None:
        """
        Nothing ends the session, by either way.
        """
        sid = self.openPolling()
        self.assertRefused(self.post(sid, b""), 400, "no packets")
        self.assertEnded(sid)
        self.assertClosed(self.say(""), 1002, f"parse error: {NO_PACKET}")
        self.assertEqual(self.gone, ["parse error"] * 2)

    def test_marks(self) -> None:
        """
        Few or many.
        """
        for count in (1, 2, 3, 100_000):
            self.assertUnreadable(MARK * count, "a packet without its length before it")
        for text in (f"{MARK}3::", f"{MARK}5{MARK}3:::x{MARK}", f"{MARK}5{MARK}3:::xx"):
            self.assertUnreadable(text, "a packet without its length before it")

    def test_lengths(self) -> None:
        """
        What is no length.
        """
        for length in (
            "NaN",
            "-1",
            "+5",
            " 5",
            "5.0",
            "1e309",
            "0x5",
            "05",
            "\u0665",
            "\uff15",
            "1" * 16,
            "1" * 900_000,
        ):
            self.assertUnreadable(
                f"{MARK}{length}{MARK}3:::x", "a packet without its length before it"
            )
        self.assertUnreadable(f"{MARK}0{MARK}{MARK}5{MARK}3:::x", NO_PACKET)

    def test_tooShort(self) -> None:
        """
        Nothing is waited for: what is posted is complete, and so is a message.
        """
        for length in ("6", "1000001", "9" * 15):
            self.assertUnreadable(
                f"{MARK}{length}{MARK}3:::x", "a packet that is shorter than its length"
            )

    def test_lengthsInUTF16(self) -> None:
        """
        A character of two units has the length 2, and none is cut.
        """
        self.assertReadable(self.together("3:::\U0001f600", "3:::\u00e9"), "\U0001f600", "\u00e9")
        self.assertUnreadable(
            f"{MARK}5{MARK}3:::\U0001f600", "a packet's length ends inside a character"
        )

    def test_tinyPackets(self) -> None:
        """
        More than C{maxPackets} at once: 413, naming the limit. Those below it
        have been heard. A million are more than any body holds.
        """
        line = "more packets at once than maxPackets (10000) allows"
        self.assertUnreadable(f"{MARK}3{MARK}8::" * 90_000, line, 413)
        self.assertUnreadable(f"{MARK}3{MARK}3::" * 90_000, line, 413)
        self.assertEqual(len(self.seen), 20_000)
        sid = self.openPolling()
        wire = self.post(sid, f"{MARK}3{MARK}8::".encode() * 1_000_000)
        self.assertRefused(wire, 413, "the body exceeds 1000000 bytes")
        self.assertEqual(self.postPackets(sid, "2::").answer().body, b"1")

    def test_limitsOfATransport(self) -> None:
        """
        They are those of the transport that is opened.
        """
        small, large = {"maxPackets": 3}, {"maxPayload": 2_000_000}
        self.serve(transportOptions={"xhr-polling": small, "websocket": large})
        sid = self.openPolling()
        wire = self.postPackets(sid, *["3:::x"] * 4)
        line = "more packets at once than maxPackets (3) allows"
        self.assertRefused(wire, 413, line)
        self.say("3:::" + "y" * 1_500_000)
        self.assertEqual([len(each) for each in self.seen], [1, 1, 1, 1_500_000])

    def test_bodyTooLong(self) -> None:
        """
        413 before it is read, on each of our URLs; the session goes on.
        """
        self.serve(maxPayload=1000)
        for url in (self.postURL(self.colonPoller), "/1/", "/1"):
            for lines in ("Content-Length: 1001", "Transfer-Encoding: chunked\r\n\r\n3e9"):
                wire = self.server.connect()
                wire.receive(f"POST /socket.io{url} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
                wire.receive(b"\r\n" if "L" in lines else b"x" * 1001)
                self.assertRefused(wire, 413, "the body exceeds 1000 bytes")
                self.assertTrue(wire.disconnecting)
        self.assertEqual((self.sessions(), self.gone), (0, []))

    def test_badUTF8(self) -> None:
        """
        Over HTTP none of it has been read: the session goes on. RFC 6455 has
        a code of its own.
        """
        sid = self.openPolling()
        for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"):
            self.assertRefused(self.post(sid, b"3:::" + bad), 400, "the body is not UTF-8")
        self.postPackets(sid, "3:::x")
        self.assertEqual((self.seen, self.gone), (["x"], []))
        reason = "encountered invalid UTF-8 while processing text message at payload octet index 4"
        self.assertClosed(self.send(frame(TEXT, b"3:::\xff")), 1007, reason)

    def test_contentTypes(self) -> None:
        """
        Not looked at, but for the one that says that the body is no text.
        """
        sid = self.openPolling()
        for kind in ("application/json", "x", "text/plain; charset=\xff", FORM["Content-Type"]):
            answer = self.post(sid, b"3:::x", {"Content-Type": kind}).answer()
            self.assertEqual(answer.body, b"1")
        self.assertEqual(self.seen, ["x"] * 4)
        line = "binary data, which this protocol does not know"
        wire = self.post(sid, b"3:::x", {"Content-Type": "application/octet-stream"})
        self.assertRefused(wire, 400, line)
        self.assertEnded(sid)


class PacketAttacks(ColonCase):
    """
    Packets that make no sense.
    """

    lines = 60

    def test_types(self) -> None:
        """
        There are nine, and a client may send all but one of them.
        """
        for type in "9abcxyzABCXYZ-+ \0\x7f\xe9\U0001f600\u0663":
            self.assertUnreadable(f"{type}::", NO_PACKET)
        for packet in ("3", "3:", "33::", ":::", "::3:x", "3;;;x"):
            self.assertUnreadable(packet, NO_PACKET)
        for packet in ("7::", "7:::1+0", "7::/x:2"):
            self.assertUnreadable(packet, "an error, which only a server tells")
        self.assertReadable("8::")

    def test_goodbye(self) -> None:
        """
        What follows it is not heard.
        """
        sid = self.openPolling()
        wire = self.postPackets(sid, "3:::x", "0::", "3:::y", "9")
        self.assertEqual(wire.answer().body, b"1")
        self.assertEqual((self.seen, self.gone), (["x"], ["client namespace disconnect"]))
        self.assertEnded(sid)

    def test_ids(self) -> None:
        """
        Up to 15 digits, of what can be acknowledged.
        """
        for id in ("9" * 16, "9" * 900_000, "-1", "1.5", "1e3", "x", "\u0661", "+1"):
            self.assertUnreadable(f"3:{id}::x", NO_PACKET)
            self.assertUnreadable(f"6:::{id}", "an acknowledgement without an id")
        for packet in ("0:1::", "1:1:/x", "2:1::", "6:1::1", "8:1+::", "2:+::"):
            self.assertUnreadable(packet, "an id of what cannot be acknowledged")

    def test_acknowledgements(self) -> None:
        """
        One that answers nothing, or answers twice, is ignored; one that is
        none is not.
        """
        wire, client = self.attacker()
        answers: list[Any] = []
        client.emitWithAck("x").addCallback(answers.append)
        (event,) = wire.texts()
        id = int(event.split(":")[1].rstrip("+"))
        wire.say(f'6:::{id + 1}+["none"]')
        wire.say(f"6:::{10**15 - 1}")
        wire.say(f'6:::{id}+["once"]')
        wire.say(f'6:::{id}+["twice"]')
        self.assertEqual((answers, self.gone), (["once"], []))
        for data in ("{}", "null", '"x"', "1"):
            self.assertUnreadable(f"6:::1+{data}", "an acknowledgement is no array")
        self.assertUnreadable("6:::", "an acknowledgement without an id")
        self.assertUnreadable("6:::1[]", "an acknowledgement without an id")
        self.assertUnreadable("6:::1+[", "the JSON is broken at character 1")

    def test_floodOfAcknowledgements(self) -> None:
        """
        Who wants more of them than may wait, and does not fetch them, is told
        so.
        """
        self.serve(maxQueue=100)
        sid, _ = self.pollingAttacker()
        wire = self.postPackets(sid, *['5:1::{"name":"message","args":[1]}'] * 200)
        self.assertRefused(wire, 429, "slow consumer")
        self.assertEqual(self.gone, ["slow consumer"])

    def test_events(self) -> None:
        """
        An object with a name, and a list where there are arguments.
        """
        line = "an event is no object with a name in it"
        for data in ("[]", "null", "true", "1", '"x"', "{}", '{"args":[]}', '["x"]'):
            self.assertUnreadable(f"5:::{data}", line)
        for name in ("{}", "true", "null", "1", "[]"):
            self.assertUnreadable(f'5:::{{"name":{name}}}', line)
        for args in ("{}", "null", "1", '"x"', '{"0":1,"length":1}'):
            self.assertUnreadable(
                f'5:::{{"name":"message","args":{args}}}', "an event's arguments are no array"
            )
        for data, place in (("", 0), ("5::", 1), ("{", 1)):
            self.assertUnreadable(f"5:::{data}", f"the JSON is broken at character {place}")
        self.assertEqual(self.seen, [])

    def test_eventNames(self) -> None:
        """
        Odd ones are an event that nobody listens to.
        """
        for name in ("__proto__", "", "\\u0000", "x" * 100_000, "toString"):
            self.assertReadable(f'5:::{{"name":"{name}","args":[1],"__proto__":{{}}}}')

    def test_reservedNames(self) -> None:
        """
        Not for clients.
        """
        for name in (
            "connect",
            "connect_error",
            "disconnect",
            "disconnecting",
            "newListener",
            "removeListener",
            "error",
        ):
            self.assertUnreadable(f'5:::{{"name":"{name}"}}', f"a client cannot emit {name!r}")

    def test_eventsOfTheApplication(self) -> None:
        """
        The names of what the server tells its own handlers are events of the
        client's like any other.
        """
        called: list[str] = []
        wire, _ = self.attacker()
        for name in ("connection", "clientConnect", "clientDisconnect", "newNamespace"):
            self.server.io.on(name, lambda *args, name=name: called.append(name))
            wire.say(f'5:::{{"name":"{name}","args":[1]}}')
        self.assertEqual((called, self.gone), ([], []))

    def test_endpoints(self) -> None:
        """
        What is no namespace's name.
        """
        for name in ("x", " /x", "%2fx", "\0"):
            self.assertUnreadable(f"1::{name}", NO_PACKET)
            self.assertUnreadable(f"3::{name}:y", NO_PACKET)
        for type in "01234568":
            for length in (1001, 900_000):
                self.assertUnreadable(
                    f"{type}::/{'x' * length}", "a namespace's name is longer than 1000 characters"
                )
        self.server.io.of(re.compile("^/x"))
        for end in "\n\r\u2028\u2029":
            self.assertUnreadable(f"1::/x{end}", "a namespace's name that cannot be")

    def test_namespaces(self) -> None:
        """
        One that there is not is refused; the session goes on.
        """
        for name in ("/x", "/__proto__", "/..", "/\x01", "/" + "x" * 999, "//"):
            wire = self.say(f"1::{name}")
            self.assertEqual(wire.texts(), [f"7::{name}:2"])
            wire.say("3:::x")
            self.assertEqual(wire.texts(), ["3:::x"])
        self.assertEqual(self.gone, [])

    def test_namespaceNotJoined(self) -> None:
        """
        What is said in one ends the session, unless it has been refused just
        now; what is said to leave it does not.
        """
        for packet in ("3::/x:y", "4::/x:1", '5::/x:{"name":"y"}', "6::/x:1"):
            self.assertUnreadable(packet, "not connected to '/x'")
        self.assertUnreadable(f"3::/{'x' * 900}:y", f"not connected to '/{'x' * 49}'")
        self.assertReadable("0::/x")
        self.assertReadable(self.together("1::/x", "3::/x:y"))

    def test_joiningTwice(self) -> None:
        """
        It is told once; still one client.
        """
        chat = self.server.io.of("/chat")
        wire, client = self.attacker()
        for packet in ("1::", "1::/chat", "1::/chat?x=y", "1::/", "1::/chat"):
            wire.say(packet)
        self.assertEqual((wire.texts(), len(chat.clients)), (["1::/chat"], 1))
        self.assertEqual((self.gone, client.connected), ([], True))

    def test_queries(self) -> None:
        """
        Whatever is asked for.
        """
        asked: list[Any] = []
        chat = self.server.io.of("/chat")
        chat.on("connection", lambda client: asked.append(client.handshake.auth))
        for query in ("&" * 100_000, "=", "a&a&a=1", "a=%ff%00", "a=" + "x" * 100_000, "?" * 1000):
            wire = self.say(f"1::/chat?{query}")
            self.assertEqual(wire.texts(), ["1::/chat"])
            wire.lose()
        self.assertEqual(asked[2], {"a": "1"})

    def test_floodOfQueries(self) -> None:
        """
        All that is kept of them is no more than C{maxPendingBytes}.
        """
        self.serve(maxPendingBytes=5000)
        self.server.io.of(re.compile("^/x"))
        wire = self.openSocket()
        for number in range(6):
            wire.say(f"1::/x{number}?a={'x' * 900}")
        self.assertClosed(
            wire, 1008, "too many pending messages: packets of more than 5000 bytes wait"
        )

    def test_joiningVeryMany(self) -> None:
        """
        No more than C{maxNamespaces}.
        """
        self.serve(maxNamespaces=10)
        self.server.io.of(re.compile("^/x"))
        wire = self.openSocket()
        for number in range(20):
            wire.say(f"1::/x{number}")
        self.assertEqual([text[:3] for text in wire.texts()], ["1::"] * 9 + ["7::"] * 11)
        self.assertEqual(self.gone, [])

    def test_floodOfNewNamespaces(self) -> None:
        """
        Where a pattern makes them, no more than C{maxChildNamespaces}.
        """
        self.serve(maxChildNamespaces=5)
        parent = self.server.io.of(re.compile("^/x"))
        wire = self.openSocket()
        for number in range(100):
            wire.say(f"1::/x{number}")
            wire.say(f"0::/x{number}")
        refused = [text for text in wire.texts() if text.startswith("7::")]
        self.assertEqual((len(refused), len(parent.children), self.gone), (95, 5, []))

    def test_loneSurrogates(self) -> None:
        """
        They come and go as escapes, and as U+FFFD in text.
        """
        wire = self.say('4:::["\\ud800"]')
        self.assertEqual((self.seen, wire.texts()), ([["\ud800"]], ['4:::["\\ud800"]']))
        sid = self.openPolling()
        body = quote('"3:::\\ud800"').encode()
        url = f"/socket.io{self.url('jsonp-polling', self.shake(), i='0')}"
        self.server.request("GET", url)
        self.assertEqual(self.server.request("POST", url, FORM, b"d=" + body).answer().body, b"1")
        self.assertEqual(self.seen[-1], "\ud800")
        self.server.io.clients[sid].broadcast(self.seen[-1])
        self.assertEqual(wire.texts(), ["3:::\ufffd"])
        self.assertEqual(self.server.poll(self.poller).answer().body, "1:2::\ufffd,".encode())

    def test_relayed(self) -> None:
        """
        Whatever one says comes to the others as one packet, that a client of
        0.7 can read too, and they go on hearing what comes next.
        """
        evil = "</script>\"'\\\n\r\u2028\u2029\0" + MARK + "6" + MARK + "3:::no"
        _, client = self.attacker()
        self.colonSocket.clear()
        client.broadcast(evil)
        client.broadcast(MARK)
        client.broadcast("next")
        packets = self.colonSocket.texts()
        self.assertEqual(json.loads(packets[0].removeprefix("4:::")), evil)
        self.assertFalse(re.search("[\n\r\u2028\u2029]", packets[0]))
        self.assertEqual(packets[1:], [f"3:::{MARK}", "3:::next"])
        body = self.pollOf(self.colonPoller).answer().body.decode()
        self.assertEqual(body, self.together(*packets))
        # So have those of 2010, in their own way.
        self.assertIn(b"1:5::next,", self.server.poll(self.poller).answer().body)


class JSONPAttacks(ColonCase):
    """
    jsonp-polling: scripts and forms.
    """

    def posted(self, sid: str, body: bytes) -> Wire:
        """
        POST a form.
        """
        url = f"/socket.io{self.url('jsonp-polling', sid, i='3')}"
        return self.server.request("POST", url, FORM, body)

    def open(self) -> str:
        """
        Open a session.

        @return: its id.
        """
        sid = self.shake()
        answer = self.carry("jsonp-polling", sid, i="3").answer()
        self.assertEqual(answer.body, b'io.j[3]("1::");')
        return sid

    def test_data(self) -> None:
        """
        The script is one call with one string, whatever is in it.
        """
        evil = "</script><!--\"');alert(1)//\\\u2028\u2029\0\x1f\x7f\r\n\U0001f600`${x}"
        sid = self.open()
        self.joined().emit("x", evil)
        script = self.carry("jsonp-polling", sid, i="5").answer().body.decode()
        call = re.fullmatch(r'io\.j\[5\]\(("(?:[^"\\\r\n\u2028\u2029]|\\.)*")\);', script)
        assert call is not None, script
        event = json.loads(json.loads(call[1]).removeprefix("5:::"))
        self.assertEqual(event, {"name": "x", "args": [evil]})

    def test_forms(self) -> None:
        """
        Without its field a form brings nothing, and does no harm; nor does one
        whose field is no string, or no text.
        """
        sid = self.open()
        line = "the form field d is missing or empty"
        for body in (b"", b"d=", b"d", b"&&&", b"=", b"x" * 100_000, b"&=" * 100_000, b"e=3"):
            self.assertRefused(self.posted(sid, body), 400, line)
        for body in (b"d=%ff", b"d=\xff", b"d=%ED%A0%80"):
            self.assertRefused(self.posted(sid, body), 400, "the body is not UTF-8")
        for text, place in (('"', 0), ('"3:::x', 0), ('"3:::x"y', 7), ('"\r\n"', 1)):
            body = f"d={quote(text)}".encode()
            self.assertRefused(
                self.posted(sid, body), 400, f"the JSON is broken at character {place}"
            )
        self.assertEqual((self.seen, self.gone), ([], []))
        self.assertEqual(self.posted(sid, b'd="3:::x"').answer().body, b"1")
        self.assertEqual(self.seen, ["x"])

    def test_formsThatAreNoPacket(self) -> None:
        """
        What is no string of JSON is taken for a packet, as 0.7 and 0.8 post
        it.
        """
        for text in ("1", "{}", "[]", "null", "'3:::x'", " 3:::x"):
            sid = self.open()
            self.assertRefused(self.posted(sid, f"d={quote(text)}".encode()), 400, NO_PACKET)
            self.assertEnded(sid)
        sid = self.open()
        self.assertRefused(self.posted(sid, b'd=""'), 400, "no packets")
        self.assertEqual(self.gone, ["parse error"] * 7)

    def test_lineEnds(self) -> None:
        """
        A form has made CR LF of all line ends, which is undone; in a string
        of JSON there are none, and what is escaped there stays as it is.
        """
        sid = self.open()
        for text in ("3:::a\r\nb", f"{MARK}7{MARK}3:::a\r\nb"):
            self.assertEqual(self.posted(sid, f"d={quote(text)}".encode()).answer().body, b"1")
        self.assertEqual((self.seen, self.gone), (["a\nb"] * 2, []))
        evil = "</script>\u2028\u2029\r\n"
        body = f"d={quote(json.dumps(f'3:::{evil}', ensure_ascii=False))}"
        self.assertEqual(self.posted(sid, body.encode()).answer().body, b"1")
        self.assertEqual(self.seen[-1], evil)

    def test_anotherClientsSession(self) -> None:
        """
        One that polls by other means.
        """
        self.assertRefused(self.posted(self.colonPoller, b'd="0::"'), 400, BELONGS)


class StreamAttacks(ColonCase):
    """
    htmlfile.
    """

    def open(self) -> tuple[str, Wire]:
        """
        Open a stream.
        """
        sid = self.shake()
        wire = self.carry("htmlfile", sid)
        self.assertIn(b'parent.s._("1::", document)', wire.value())
        wire.clear()
        return sid, wire

    def test_data(self) -> None:
        """
        One script element with one call, whatever is in it.
        """
        evil = "</script><!--<script>\"'\\\u2028\u2029\0\r\n"
        _, wire = self.open()
        self.joined().emit("x", evil)
        chunk = wire.value().decode()
        call = re.search(r'<script>parent\.s\._\(("(?:[^"\\]|\\.)*"), document\);</script>', chunk)
        assert call is not None, chunk
        self.assertEqual((chunk.count("</"), chunk.count("<!--")), (1, 0))
        event = json.loads(json.loads(call[1]).removeprefix("5:::"))
        self.assertEqual(event["args"], [evil])

    def test_second(self) -> None:
        """
        The older ends, the newer takes over.
        """
        sid, wire = self.open()
        other = self.carry("htmlfile", sid)
        self.assertTrue(wire.value().endswith(b"0\r\n\r\n"))
        self.joined().send("x")
        self.assertIn(b"3:::x", other.value())
        self.assertEqual(self.gone, [])

    def test_lost(self) -> None:
        """
        The end, as of a WebSocket.
        """
        sid, wire = self.open()
        wire.lose()
        self.wait(0.2)
        self.assertEqual(self.gone, ["transport close"])
        self.assertEnded(sid)

    def test_whoNeverReads(self) -> None:
        """
        What waits is bounded; then the connection is cut.
        """
        _, wire = self.open()
        client = self.joined()
        assert wire.producer is not None
        wire.producer.pauseProducing()
        for _ in range(2000):
            client.send("x" * 100_000)
        self.assertEqual((self.gone, wire.aborted, wire.value()), (["slow consumer"], True, b""))

    def test_goodbye(self) -> None:
        """
        What is posted ends the stream.
        """
        sid, wire = self.open()
        url = f"/socket.io{self.url('htmlfile', sid)}"
        self.assertEqual(self.server.request("POST", url, body=b"0::").answer().body, b"1")
        self.assertTrue(wire.value().endswith(b"0\r\n\r\n"))
        self.assertEqual(self.gone, ["client namespace disconnect"])


class DraftAttacks(ColonCase):
    """
    The drafts of 2010, which the clients of 0.7 and 0.8 speak.
    """

    def open(self) -> Wire:
        """
        Open a WebSocket in hixie-76.
        """
        wire = self.server.get(self.url("websocket", self.shake()), DRAFT76)
        wire.receive(KEY3)
        self.assertTrue(wire.value().endswith(b"\x001::\xff"), wire.value())
        wire.clear()
        return wire

    def test_draft(self) -> None:
        """
        Packets as anywhere; what is none ends the connection without a word.
        """
        wire = self.open()
        wire.receive(b"\x003:::x\xff")
        self.assertEqual((self.seen, wire.value()), (["x"], b"\x003:::x\xff"))
        wire.receive(b"\x009::\xff")
        self.assertEqual(self.gone, ["parse error"])
        self.assertTrue(wire.value().endswith(b"\xff\x00"))
        self.wait(5.1)
        self.assertTrue(wire.disconnecting)

    def test_draftTooLong(self) -> None:
        """
        As soon as it is.
        """
        self.serve(maxPayload=1000)
        wire = self.open()
        wire.receive(b"\x003:::" + b"x" * 1001)
        self.assertEqual(self.gone, ["transport error"])


class SessionAttacks(ColonCase):
    """
    Heartbeats, rooms and the end.
    """

    # Twisted has one for each connection that idles.
    lines = 60

    def test_floodOfHeartbeats(self) -> None:
        """
        No timer, no answer, no line; nor do they count before they are asked
        for.
        """
        wire = self.openSocket()
        calls = len(self.server.clock.getDelayedCalls())
        for _ in range(1000):
            wire.say(self.together(*["2::"] * 10))
        self.assertEqual(len(self.server.clock.getDelayedCalls()), calls)
        self.assertEqual((wire.texts(), self.gone, self.log), ([], [], []))
        self.wait(25.2)
        self.assertEqual((wire.texts(), self.gone), (["2::"], []))
        self.wait(35.2)
        self.assertEqual(self.gone, ["ping timeout"])

    def test_talksWithoutAnswering(self) -> None:
        """
        Whatever else is said, the answer has to come; it may be late once.
        """
        wire = self.openSocket()
        for _ in range(25):
            wire.say("8::")
            self.wait(4)
        self.assertEqual(self.gone, ["ping timeout"])

    def test_neverPollsAgain(self) -> None:
        """
        Over after C{closeTimeout}.
        """
        self.pollingAttacker()
        self.wait(59)
        self.assertEqual(self.gone, [])
        self.wait(1.5)
        self.assertEqual(self.gone, ["transport close"])

    def test_roomOfAnotherClient(self) -> None:
        """
        There is no way to ask for a room: rooms are the application's.
        """
        wire = self.openSocket()
        for name in ("join", "subscribe", "leave"):
            wire.say(f'5:::{{"name":"{name}","args":["{self.colonPoller}"]}}')
        self.server.io.to(self.colonPoller).send("secret")
        self.assertEqual(wire.texts(), [])
        self.assertEqual(self.pollOf(self.colonPoller).answer().body, b"3:::secret")

    def test_secondSocket(self) -> None:
        """
        A second WebSocket of a session takes over; the first one is closed.
        """
        wire, client = self.attacker()
        other = self.carry("websocket", client.session.sid)
        self.assertClosed(wire, 1000, "transport close")
        other.frames()
        other.say("3:::x")
        self.assertEqual((other.texts(), self.gone), (["3:::x"], []))

    def test_useAfterClose(self) -> None:
        """
        Who comes back is told to reconnect; what is said to who has gone goes
        nowhere.
        """
        sid, client = self.pollingAttacker()
        self.postPackets(sid, "0::")
        client.send("x")
        client.emit("x")
        client.disconnect()
        self.assertEnded(sid)
        self.assertRefused(self.postPackets(sid, "3:::x"), 200, NOT_HANDSHAKEN)
        self.assertRefused(self.carry("websocket", sid), 404, "unknown session id")
        self.assertEqual((self.seen, self.gone), ([], ["client namespace disconnect"]))

    def test_afterTheServersGoodbye(self) -> None:
        """
        404 for what a client still posts, while its goodbye can be fetched.
        """
        sid, client = self.pollingAttacker()
        client.disconnect()
        self.assertRefused(self.postPackets(sid, "3:::x"), 404, "this session has ended")
        self.assertEqual(self.pollOf(sid).answer().body, b"0::")
        self.assertEnded(sid)
        self.assertEqual((self.seen, self.gone), ([], ["server namespace disconnect"]))
