"""
Tests for L{txsocketio.upgrade}; L{txsocketio.test.test_session} has what a
session does about it.
"""

from __future__ import annotations

from typing import Any, cast

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import DisconnectReason, RemoteProtocolError
from txsocketio.interfaces import ISession
from txsocketio.packets import Kind, Packet
from txsocketio.test.fakes import Bench, FakeDialect, FakeStream
from txsocketio.upgrade import Upgrade

USELESS = (DisconnectReason.PARSE_ERROR, "anything but a probe and an upgrade")


class FakeSession:
    """
    Writes down what an upgrade tells it.

    @ivar calls: names and arguments, in their order.
    @ivar refusal: what is raised at whoever offers itself.
    """

    sid = "SID"

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.refusal: RemoteProtocolError | None = None

    def offered(self, transport: FakeStream) -> None:
        """
        See L{txsocketio.session.Session.offered}.
        """
        if self.refusal is not None:
            raise self.refusal
        self.calls.append(("offered", transport))

    def probed(self, transport: FakeStream) -> None:
        """
        See L{txsocketio.session.Session.probed}.
        """
        self.calls.append(("probed", transport))

    def switched(self, transport: FakeStream) -> None:
        """
        See L{txsocketio.session.Session.switched}.
        """
        self.calls.append(("switched", transport))

    def withdrawn(self, transport: FakeStream, *why: object) -> None:
        """
        See L{txsocketio.session.Session.withdrawn}.
        """
        self.calls.append(("withdrawn", transport, *why))


class UpgradeTests(SynchronousTestCase):
    """
    What a transport may say before it carries the session.
    """

    def setUp(self) -> None:
        self.session = FakeSession()
        self.dialect = FakeDialect("better", isModern=True)
        self.settings = Bench(maxQueue=3).session.settings
        self.upgrade = Upgrade(cast(Any, self.session), self.dialect, "fake", self.settings)
        self.stream = FakeStream(self.upgrade, name="fake")

    def begin(self) -> None:
        """
        The transport offers itself.
        """
        self.upgrade.attach(self.stream)
        self.session.calls.clear()

    def assertTold(self, *calls: str) -> None:
        """
        The session has been told this of the transport, and nothing else.
        """
        self.assertEqual(self.session.calls, [(call, self.stream) for call in calls])

    def test_attributes(self) -> None:
        """
        It bears the session's id, and what the session is to have from it.
        """
        self.assertEqual((self.upgrade.sid, self.upgrade.transportName), ("SID", "fake"))
        self.assertIs(self.upgrade.dialect, self.dialect)
        self.assertIs(self.upgrade.settings, self.settings)
        self.assertEqual(self.upgrade.upgrades, ())

    def test_offered(self) -> None:
        """
        Nothing is said on it of itself.
        """
        self.upgrade.attach(self.stream)
        self.assertTold("offered")
        self.assertEqual((self.stream.written, self.stream.closed), ([], []))

    def test_refused(self) -> None:
        """
        Where the session has no use for it, it is let go and told so, and
        nothing that still comes from it matters.
        """
        self.session.refusal = RemoteProtocolError("one at a time")
        self.upgrade.attach(self.stream)
        self.assertEqual(self.stream.closed, [(DisconnectReason.TRANSPORT_ERROR, "one at a time")])
        self.stream.hear("PING probe")
        self.stream.lose()
        self.assertTold()
        self.assertEqual(self.stream.written, [])

    def test_whole(self) -> None:
        """
        A probe is answered, in the new dialect; then the transport may be
        used.
        """
        self.begin()
        self.stream.hear("PING probe")
        self.assertTold("probed")
        self.assertEqual(self.stream.texts(), ["PONG probe"])
        self.assertEqual(self.dialect.encoded, [Packet(Kind.PONG, "probe")])
        self.stream.hear("UPGRADE")
        self.assertTold("probed", "switched")
        self.assertEqual(self.stream.closed, [])

    def test_answeredFirst(self) -> None:
        """
        The answer is written before the session is told, which lets the last
        poll go.
        """
        self.begin()
        self.stream.onWrite = lambda: self.session.calls.append(("written", self.stream))
        self.stream.hear("PING probe")
        self.assertTold("written", "probed")

    def test_probedAgain(self) -> None:
        """
        Who probes once more is answered once more.
        """
        self.begin()
        self.stream.hear("PING probe")
        self.stream.hear("PING probe")
        self.assertEqual(self.stream.texts(), ["PONG probe", "PONG probe"])
        self.stream.hear("UPGRADE")
        self.assertTold("probed", "probed", "switched")

    def test_useless(self) -> None:
        """
        Whatever else comes is an error, before the probe and behind it.
        """
        for before in ([], ["PING probe"]):
            for text in (
                "PING",
                "PING other",
                "PONG probe",
                "MESSAGE probe",
                "CLOSE",
                "NOOP",
                "CONNECT",
            ):
                self.setUp()
                self.begin()
                for each in before:
                    self.stream.hear(each)
                self.session.calls.clear()
                self.stream.hear(text)
                self.assertEqual(self.session.calls, [("withdrawn", self.stream, *USELESS)])

    def test_upgradedAtOnce(self) -> None:
        """
        So does an upgrade without a probe.
        """
        self.begin()
        self.stream.hear("UPGRADE")
        self.assertEqual(self.session.calls, [("withdrawn", self.stream, *USELESS)])

    def test_unreadable(self) -> None:
        """
        And what is no packet at all.
        """
        self.begin()
        self.stream.hear("nonsense")
        reason = DisconnectReason.PARSE_ERROR
        self.assertEqual(
            self.session.calls, [("withdrawn", self.stream, reason, "no packet: nonsense")]
        )

    def test_lost(self) -> None:
        """
        A connection that goes is told of once, with its reason.
        """
        self.begin()
        self.upgrade.lost(self.stream, DisconnectReason.TRANSPORT_ERROR)
        self.upgrade.lost(self.stream, DisconnectReason.TRANSPORT_CLOSE)
        self.assertEqual(
            self.session.calls, [("withdrawn", self.stream, DisconnectReason.TRANSPORT_ERROR, "")]
        )

    def test_lostBefore(self) -> None:
        """
        And not at all where it has not come so far.
        """
        self.stream.lose()
        self.assertTold()

    def test_over(self) -> None:
        """
        When it is over, one way or the other, nothing more is heard or said.
        """
        for last in ("UPGRADE", "MESSAGE a"):
            self.setUp()
            self.begin()
            self.stream.hear("PING probe")
            self.stream.hear(last)
            self.session.calls.clear()
            self.stream.written.clear()
            for text in ("PING probe", "UPGRADE", "MESSAGE a", "nonsense"):
                self.stream.hear(text)
            self.stream.lose()
            self.assertTold()
            self.assertEqual(self.stream.written, [])

    def test_quiet(self) -> None:
        """
        That it is writable again, or has done its work, means nothing.
        """
        self.begin()
        self.stream.resume()
        self.upgrade.detach(self.stream)
        self.assertTold()
        self.stream.hear("PING probe")
        self.assertTold("probed")

    def test_posted(self) -> None:
        """
        No request takes part.
        """
        self.begin()
        upgrade: ISession = self.upgrade
        error = self.assertRaises(RemoteProtocolError, upgrade.receivedPayload, "PING probe")
        self.assertEqual(error.reason, "no request takes part in an upgrade")
        self.assertTold()
