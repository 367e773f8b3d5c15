"""
Stand-ins for what surrounds a session: transports, a receiver, a dialect and
a keeper, all of which write down what happens to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from txsocketio.errors import (
    DisconnectReason,
    LocalProtocolError,
    RemoteProtocolError,
    UnsupportedByClient,
)
from txsocketio.frames import Frame
from txsocketio.handshake import Arrival
from txsocketio.interfaces import IDecoder, IDialect, IReceiver, ISession, ITransport, Place
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.session import Session
from txsocketio.settings import Settings
from txsocketio.timers import Timers
from txsocketio.upgrade import Upgrade


def nothing(*_: object) -> None:
    """
    Do nothing.
    """


@implementer(ITransport)
class FakeStream:
    """
    A transport that can be written to again and again.

    @ivar written: what each call of C{write} brought, as texts.
    @ivar closed: with which reason and detail it was let go, each time.
    @ivar onWrite: called at each C{write}, when it is done.
    """

    isStream = True

    def __init__(self, session: ISession, writable: bool = True, name: str = "") -> None:
        self.name = name or session.transportName
        self.session: ISession | None = session
        self.writable = writable
        self.written: list[tuple[str, ...]] = []
        self.closed: list[tuple[DisconnectReason, str]] = []
        self.onWrite: Callable[[], object] = nothing

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        assert self.writable, "written to what is not writable"
        self.written.append(tuple(frame.text for frame in frames))
        self.onWrite()

    def close(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{ITransport.close}.
        """
        self.writable = False
        self.closed.append((reason, detail))

    def resume(self) -> None:
        """
        Take more from now on.
        """
        assert self.session is not None
        self.writable = True
        self.session.resumed(self)

    def hear(self, text: str) -> None:
        """
        A message comes in, and goes to what this carries now.
        """
        assert self.session is not None
        self.session.received(text)

    def lose(self) -> None:
        """
        The connection goes.
        """
        assert self.session is not None
        self.writable = False
        self.session.lost(self, DisconnectReason.TRANSPORT_CLOSE)

    def texts(self) -> list[str]:
        """
        All that was written, packet by packet.
        """
        return [text for texts in self.written for text in texts]


@implementer(ITransport)
class FakePoll(FakeStream):
    """
    A transport that is written to once: it detaches meanwhile, as the real
    one does.
    """

    isStream = False

    def write(self, frames: Sequence[Frame]) -> None:
        """
        See L{ITransport.write}.
        """
        assert self.writable, "a poll is answered once"
        self.writable = False
        self.written.append(tuple(frame.text for frame in frames))
        assert self.session is not None
        self.session.detach(self)
        self.onWrite()


@implementer(IReceiver)
class FakeReceiver:
    """
    Writes down what a session hands over, and does something about it.

    @ivar calls: C{"opened"}, each packet, and each reason, in their order.
    @ivar drains: how often its queue was said to be empty.
    @ivar onOpened: called with nothing.
    @ivar onReceived: called with each packet.
    @ivar onClosed: called with the reason.
    """

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.drains = 0
        self.onOpened: Callable[[], object] = nothing
        self.onReceived: Callable[[Packet], object] = nothing
        self.onClosed: Callable[[DisconnectReason], object] = nothing

    def opened(self) -> None:
        """
        See L{IReceiver.opened}.
        """
        self.calls.append("opened")
        self.onOpened()

    def received(self, packet: Packet) -> None:
        """
        See L{IReceiver.received}.
        """
        self.calls.append(packet)
        self.onReceived(packet)

    def drained(self) -> None:
        """
        See L{IReceiver.drained}.
        """
        self.drains += 1

    def closed(self, reason: DisconnectReason) -> None:
        """
        See L{IReceiver.closed}.
        """
        self.calls.append(reason)
        self.onClosed(reason)

    @property
    def reasons(self) -> list[DisconnectReason]:
        """
        With what it was closed, each time.
        """
        return [call for call in self.calls if isinstance(call, DisconnectReason)]

    @property
    def messages(self) -> list[Any]:
        """
        The data of the packets.
        """
        return [call.data for call in self.calls if isinstance(call, Packet)]


@implementer(IDialect)
class FakeDialect:
    """
    One packet a line: the kind's name, and its data if there are any.

    @ivar encoded: all that was encoded, in its order.
    """

    transports: Mapping[str, Sequence[str]] = {"fake": (), "slow": ("fake",)}
    defaults: Mapping[str, Mapping[str, Any]] = {}
    joinsByTalking = True
    speaksDrafts = True
    endsStreamsAloud = True
    postField = b"data"
    postsForms = True
    receipt = b"ok"

    def __init__(
        self, name: str = "fake", isModern: bool = False, serverBeats: bool | None = None
    ) -> None:
        """
        @param isModern: whether it does as Engine.IO does, and not as the
            first protocol, where the two differ.
        @param serverBeats: whether it is the server that sends heartbeats;
            if it is not said, it is where C{isModern} is false.
        """
        self.name = name
        self.resumes = not isModern
        self.partsAlone = isModern
        self.serverBeats = self.resumes if serverBeats is None else serverBeats
        self.rootIsConnection = self.joinsRoot = not isModern
        self.recovers = isModern
        self.encoded: list[Packet] = []

    def locate(self, path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> Place | None:
        """
        See L{IDialect.locate}.
        """
        return Place(self, path[0]) if path else None

    def continues(self, other: IDialect) -> bool:
        """
        See L{IDialect.continues}.
        """
        return type(self) is type(other)

    def owns(self, args: Mapping[bytes, Sequence[bytes]]) -> bool:
        """
        See L{IDialect.owns}.
        """
        return False

    def complaint(
        self, error: RemoteProtocolError, place: Place | None = None
    ) -> tuple[int, bytes, bytes]:
        """
        See L{IDialect.complaint}.
        """
        return error.httpStatus, b"fake", error.reason.encode()

    def opening(self, session: ISession) -> Sequence[Packet]:
        """
        See L{IDialect.opening}.
        """
        return [Packet(Kind.OPEN, session.sid)]

    def clientId(self, sid: str, namespace: str) -> str:
        """
        See L{IDialect.clientId}.
        """
        return sid if self.joinsRoot else f"{sid}{namespace}"

    def welcome(self, namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        See L{IDialect.welcome}.
        """
        if self.joinsRoot and namespace == ROOT:
            return None
        data = None if self.joinsRoot else id if recoveryId is None else (id, recoveryId)
        return Packet(Kind.CONNECT, data, namespace)

    def beat(self, number: int) -> Packet:
        """
        See L{IDialect.beat}.
        """
        return Packet(Kind.PING, number)

    def encode(self, packet: Packet) -> Frame:
        """
        See L{IDialect.encode}. Bytes are beyond this client, and sets are
        beyond everybody.
        """
        if isinstance(packet.data, bytes):
            raise UnsupportedByClient("bytes")
        if isinstance(packet.data, set):
            raise LocalProtocolError("a set")
        self.encoded.append(packet)
        isBare = packet.data is None or packet.kind is Kind.CLOSE
        return Frame(packet.kind.name if isBare else f"{packet.kind.name} {packet.data}")

    def decoder(self, settings: Settings) -> FakeDecoder:
        """
        See L{IDialect.decoder}.
        """
        return FakeDecoder(self)

    def join(self, frames: Iterable[Frame]) -> bytes:
        """
        See L{IDialect.join}.
        """
        return b"\n".join(frame.data for frame in frames)

    def isBinary(self, body: bytes) -> bool:
        """
        See L{IDialect.isBinary}.
        """
        return False

    def script(self, index: int, body: bytes) -> bytes:
        """
        See L{IDialect.script}.
        """
        return b"%d(%s)" % (index, body)

    def unscript(self, field: str) -> str:
        """
        See L{IDialect.unscript}.
        """
        return field


@implementer(IDecoder)
class FakeDecoder:
    """
    Reads what L{FakeDialect} describes; beyond that, C{DIALECT name} shows
    another dialect, and what is no packet is an error.

    @ivar read: how many lines it has looked at.
    """

    def __init__(self, dialect: FakeDialect) -> None:
        self.dialect = dialect
        self.read = 0

    def message(self, data: str | bytes) -> Iterator[Packet]:
        """
        See L{IDecoder.message}.
        """
        text = data if isinstance(data, str) else data.decode()
        for line in text.split("\n"):
            self.read += 1
            kind, _, rest = line.partition(" ")
            if kind == "DIALECT":
                self.dialect = FakeDialect(rest)
            elif kind not in Kind.__members__:
                raise RemoteProtocolError(f"no packet: {line}")
            else:
                yield Packet(Kind[kind], int(rest) if rest.isdigit() else rest or None)

    def payload(self, body: str | bytes) -> Iterator[Packet]:
        """
        See L{IDecoder.payload}.
        """
        return self.message(body)


class FakeKeeper:
    """
    Keeps sessions as the manager does, on a clock of its own.

    @ivar unfinished: nothing has been broadcast.
    @ivar failures: what it was told of sessions that could not go on.
    @ivar forgotten: the sessions that are over, in their order.
    """

    unfinished = ()

    def __init__(self) -> None:
        self.clock = Clock()
        self.timers = Timers(self.clock)
        self.failures: list[tuple[DisconnectReason, str]] = []
        self.forgotten: list[Session] = []

    def seconds(self) -> float:
        """
        See L{txsocketio.session.Keeper.seconds}.
        """
        return self.clock.seconds()

    def catchUp(self, session: Session) -> None:
        """
        See L{txsocketio.session.Keeper.catchUp}.
        """
        raise AssertionError("nothing has been broadcast")

    def writeBehind(self, session: Session, frame: Frame, volatile: bool) -> None:
        """
        See L{txsocketio.session.Keeper.writeBehind}.
        """
        self.catchUp(session)

    def sleep(self, session: Session, due: float) -> None:
        """
        See L{txsocketio.session.Keeper.sleep}.
        """
        self.timers.arm(session, due)

    def failed(self, session: Session, reason: DisconnectReason, detail: str) -> None:
        """
        See L{txsocketio.session.Keeper.failed}.
        """
        self.failures.append((reason, detail))

    def forget(self, session: Session) -> None:
        """
        See L{txsocketio.session.Keeper.forget}.
        """
        self.timers.forget(session)
        self.forgotten.append(session)


@implementer(ILogObserver)
class FakeLog:
    """
    Keeps what is logged.

    @ivar events: all of it.
    """

    def __init__(self) -> None:
        self.events: list[LogEvent] = []

    def __call__(self, event: LogEvent) -> None:
        """
        See L{ILogObserver.__call__}.
        """
        self.events.append(event)

    @property
    def lines(self) -> list[str]:
        """
        All of it, as it is read.
        """
        return [formatEvent(event) for event in self.events]


def arrival(address: str = "192.0.2.1") -> Arrival:
    """
    What a client of that address brought along.
    """
    return Arrival(headers={}, query={}, address=address, secure=False, time=0.0, url="/")


#: Every interval differs from every other, and all are whole grains.
INTERVALS: Mapping[str, Any] = {
    "heartbeatInterval": 16.0,
    "heartbeatTimeout": 32.0,
    "closeTimeout": 8.0,
    "duration": 4.0,
    "connectTimeout": 64.0,
    "upgradeTimeout": 1.0,
    "farewellTimeout": 2.0,
}


class Bench:
    """
    A session and all that it needs.
    """

    def __init__(
        self, isModern: bool = False, serverBeats: bool | None = None, **settings: Any
    ) -> None:
        """
        @param isModern: see L{FakeDialect}.
        @param serverBeats: the same.
        @param settings: where they differ from L{INTERVALS} and the defaults.
        """
        self.keeper = FakeKeeper()
        self.clock = self.keeper.clock
        self.receiver = FakeReceiver()
        self.dialect = FakeDialect(isModern=isModern, serverBeats=serverBeats)
        self.session = Session(
            self.keeper,
            "SID",
            Place(self.dialect, "slow"),
            Settings(**{**INTERVALS, **settings}),
            arrival(),
            lambda session: self.receiver,
            self.dialect.transports["slow"],
        )

    @property
    def linesRead(self) -> int:
        """
        How many lines the decoder has looked at.
        """
        return cast(FakeDecoder, self.session._decoder).read

    def poll(self) -> FakePoll:
        """
        A poll comes, and is attached.
        """
        poll = FakePoll(self.session)
        self.session.attach(poll)
        return poll

    def stream(self, writable: bool = True) -> FakeStream:
        """
        A stream is opened, and attached.
        """
        stream = FakeStream(self.session, writable)
        self.session.attach(stream)
        return stream

    def opened(self) -> FakeStream:
        """
        A stream is opened; what the session greets it with is left out.
        """
        stream = self.stream()
        stream.written.clear()
        return stream

    def polled(self) -> FakePoll:
        """
        A poll waits, the first one having been answered.
        """
        self.poll()
        return self.poll()

    def offer(self, dialect: FakeDialect | None = None, **settings: Any) -> FakeStream:
        """
        A better transport offers itself.

        @param dialect: the one that is written there.
        @param settings: where those of that transport differ.
        """
        upgrade = Upgrade(
            self.session,
            dialect or self.dialect,
            "fake",
            self.session.settings.having(settings),
        )
        stream = FakeStream(upgrade, name="fake")
        upgrade.attach(stream)
        return stream

    def probe(self) -> FakeStream:
        """
        One offers itself, and shows that it works.
        """
        stream = self.offer()
        stream.hear("PING probe")
        return stream

    def lose(self, transport: FakeStream) -> None:
        """
        A transport's connection goes.
        """
        transport.lose()

    def send(self, *texts: str) -> None:
        """
        Send text messages.
        """
        for text in texts:
            self.session.send(Packet(Kind.MESSAGE, text))
