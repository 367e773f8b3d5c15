"""
One client's connection, whatever carries it, and however often that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from zope.interface import implementer

from txsocketio.errors import DisconnectReason, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IDialect, IReceiver, ISession, ITransport, Place
from txsocketio.lifecycle import Action, Input, Life, State
from txsocketio.machine import Stepper
from txsocketio.outbox import Outbox
from txsocketio.packets import Kind, Packet
from txsocketio.timers import GRAIN

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.handshake import Arrival
    from txsocketio.settings import Settings


class Keeper(Protocol):
    """
    What a session needs of its L{txsocketio.manager.SessionManager}.

    @ivar unfinished: what has been broadcast, and not yet to everybody.
    """

    @property
    def unfinished(self) -> Collection[object]: ...

    def seconds(self) -> float:
        """
        The time on the clock of all sessions.
        """

    def catchUp(self, session: Session) -> None:
        """
        Write to the session what has been broadcast to it before.
        """

    def writeBehind(self, session: Session, frame: Frame, volatile: bool) -> None:
        """
        Write a frame to the session, as L{Session.write} does, behind what has
        been broadcast to it before.
        """

    def sleep(self, session: Session, due: float) -> None:
        """
        Wake the session at C{due}, or before.
        """

    def failed(self, session: Session, reason: DisconnectReason, detail: str) -> None:
        """
        The session cannot go on.
        """

    def forget(self, session: Session) -> None:
        """
        The session is over.
        """


@implementer(IReceiver)
class _Discarding:
    """
    What a session that has ended hands its packets to.
    """

    def opened(self) -> None:
        """
        Too late.
        """

    def received(self, packet: Packet) -> None:
        """
        Too late.
        """

    def drained(self) -> None:
        """
        Too late.
        """

    def closed(self, reason: DisconnectReason) -> None:
        """
        Known.
        """


_DISCARDING: IReceiver = _Discarding()


class _Event:
    """
    An input on its way into the table, with what the actions need to know.
    """

    __slots__ = ("detail", "reason", "time", "transport", "what")

    def __init__(
        self,
        what: Input,
        transport: ITransport | None = None,
        reason: DisconnectReason = DisconnectReason.TRANSPORT_CLOSE,
        detail: str = "",
        time: float | None = None,
    ) -> None:
        """
        @param time: when it happened, where that is not now.
        """
        self.what = what
        self.time = time
        self.transport = transport
        self.reason = reason
        self.detail = detail


@implementer(ISession)
class Session(Stepper[_Event]):
    """
    A queue towards the client, a dispatch from it, and the hands of the life
    cycle's table.

    The queue is used only while nothing writable is attached. Everything that
    ends a session is an input of the table, whose one action C{END} tells the
    receiver, with one reason, once.

    @ivar sid: unguessable; 20 characters that need no quoting in a URL.
    @ivar dialect: changes when the client shows another form of its
        generation.
    @ivar transportName: the only transport that may carry the session.
    @ivar upgrades: to which others it may move.
    @ivar connections: how many transports have carried it, polls included.
    @ivar tick: see L{txsocketio.timers.Sleeper}.
    """

    __slots__ = (
        "__weakref__",
        "_beats",
        "_candidate",
        "_decoder",
        "_isAsking",
        "_isTaking",
        "_keeper",
        "_life",
        "_outbox",
        "_reason",
        "_receiver",
        "_transport",
        "arrival",
        "connections",
        "dialect",
        "settings",
        "sid",
        "tick",
        "transportName",
        "upgrades",
    )

    def __init__(
        self,
        keeper: Keeper,
        sid: str,
        place: Place,
        settings: Settings,
        arrival: Arrival,
        receiver: Callable[[Session], IReceiver],
        upgrades: Sequence[str] = (),
    ) -> None:
        """
        @param place: where it was opened: in which dialect, over which
            transport.
        @param receiver: makes what it hands its packets to.
        """
        super().__init__()
        self._keeper = keeper
        self.sid = sid
        dialect = place.dialect
        self.dialect: IDialect = dialect
        self.transportName = place.transport
        self.upgrades = upgrades
        self.settings = settings
        self.arrival = arrival
        self.connections = 0
        self.tick = 0
        self._decoder = dialect.decoder(settings)
        self._isTaking = False
        # Whether a heartbeat has been sent, and only answers have come since.
        self._isAsking = False
        self._life = _life(dialect, settings)
        self._transport: ITransport | None = None
        self._candidate: ITransport | None = None
        self._outbox = Outbox()
        self._beats = 0
        self._reason = DisconnectReason.TRANSPORT_CLOSE
        self._receiver = receiver(self)

    # For the application's side.

    @property
    def state(self) -> State:
        """
        What carries the session.
        """
        return self._life.carriage

    @property
    def writable(self) -> bool:
        """
        Whether what is sent now leaves at once.
        """
        return self._transport is not None and self._transport.writable

    @property
    def pending(self) -> int:
        """
        How many bytes wait in the queue.
        """
        return self._outbox.size

    def send(self, packet: Packet, volatile: bool = False) -> None:
        """
        @param volatile: see L{write}.
        @raise txsocketio.errors.LocalProtocolError: the packet cannot be
            written to this client.
        """
        self.write(self.dialect.encode(packet), volatile)

    def tell(self, packet: Packet) -> None:
        """
        Send a packet, unless the client's generation of the protocol has no
        word for it.
        """
        with suppress(UnsupportedByClient):
            self.send(packet)

    def write(self, frame: Frame, volatile: bool = False, isNext: bool = False) -> None:
        """
        Send a frame of L{dialect}, or queue it. More than may be queued ends
        the session; one frame may always be.

        @param volatile: don't queue more than C{maxVolatile} of the kind, and
            give them up rather than the session.
        @param isNext: whether nothing that has been broadcast comes before it.
        """
        if not isNext and self._keeper.unfinished:
            self._keeper.writeBehind(self, frame, volatile)
            return
        if self._receiver is _DISCARDING:
            return
        transport = self._transport
        if transport is not None and transport.writable:
            transport.write((frame,))
        elif volatile:
            self._outbox.putVolatile(frame, self.settings)
        elif not self._outbox.put(frame, self.settings):
            self.fail(DisconnectReason.SLOW_CONSUMER)

    def joined(self) -> None:
        """
        The client is in a namespace.
        """
        if self._life.standing is State.OUTSIDE:
            self._step(_Event(Input.JOINED))

    def close(self, reason: DisconnectReason) -> None:
        """
        End the session in good order: what has been sent may still be fetched.
        """
        if self._keeper.unfinished:
            self._keeper.catchUp(self)
        self._step(_Event(Input.CLOSE, reason=reason))

    def fail(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        End the session at once.

        @param detail: one line for the log and the peer.
        """
        self._step(_Event(Input.FAIL, reason=reason, detail=detail))

    # ISession, for the transports' side.

    def announce(self) -> Sequence[Frame]:
        """
        The session is named to its client, which opens a transport next.

        @return: what tells the client.
        """
        self._step(_Event(Input.ANNOUNCED))
        return [self.dialect.encode(packet) for packet in self.dialect.opening(self)]

    def choose(self, transportName: str, settings: Settings) -> None:
        """
        The client opens this transport on a session that was announced. It may
        fail in that, and choose another one.
        """
        self.transportName = transportName
        self.settings = self._life.settings = settings
        # The limits are the transport's, and nothing has come yet.
        self._decoder = self.dialect.decoder(settings)

    def attach(self, transport: ITransport) -> None:
        """
        See L{ISession.attach}.
        """
        if self._life.carriage is State.ANNOUNCED:
            # It was on one of these that it could be opened.
            self.upgrades = ()
        # One that is being answered just now waits no more.
        isWaiting = self._life.carriage is State.POLL and self._transport is not None
        if isWaiting and not self.dialect.resumes:
            detail = "a poll while another one waits"
            reason = DisconnectReason.TRANSPORT_ERROR
            self._step(_Event(Input.OVERLAPPED, reason=reason, detail=detail))
            raise RemoteProtocolError(detail)
        self._step(_Event(Input.OPENED if transport.isStream else Input.POLLED, transport))

    def detach(self, transport: ITransport) -> None:
        """
        See L{ISession.detach}.
        """
        if self._transport is transport:
            self._transport = None
            self._step(_Event(Input.RELEASED))

    def lost(self, transport: ITransport, reason: DisconnectReason) -> None:
        """
        See L{ISession.lost}.
        """
        if self._life.carriage is State.NEW:
            # The handshake has failed behind the session's back.
            self.fail(reason)
        elif self._transport is transport:
            self._transport = None
            self._reason = reason
            what = Input.LOST if self.dialect.resumes else Input.BROKEN
            self._step(_Event(what, reason=reason))

    def resumed(self, transport: ITransport) -> None:
        """
        See L{ISession.resumed}.
        """
        if self._transport is transport:
            self._flush()

    def received(self, data: str | bytes, isPayload: bool = False) -> None:
        """
        See L{ISession.received}.

        @param isPayload: whether it is all that a request has brought. Who has
            sent that is told what is wrong with it.
        """
        if self._receiver is _DISCARDING:
            return
        decoder = self._decoder
        try:
            for packet in decoder.payload(data) if isPayload else decoder.message(data):
                self.dialect = decoder.dialect
                if self._isAsking:
                    self._heard(packet)
                if packet.kind in _TAKES:
                    _TAKES[packet.kind](self, packet)
                else:
                    self._receiver.received(packet)
                if self._receiver is _DISCARDING:
                    # The decoder may be in any state: nothing more goes into it.
                    return
        except RemoteProtocolError as error:
            self.fail(DisconnectReason.PARSE_ERROR, error.reason)
            if isPayload:
                raise

    def receivedPayload(self, body: str | bytes) -> None:
        """
        See L{ISession.receivedPayload}.
        """
        if self.state is State.LEAVING and not self.dialect.resumes:
            # Who is told of a fault does not come for the goodbye. Where a
            # connection may be lost, it does, and may send this once more.
            return
        if self.state is State.ANNOUNCED:
            # Nobody has been told yet that the session is open.
            raise RemoteProtocolError("no transport of this session is open yet")
        if self._receiver is _DISCARDING:
            raise RemoteProtocolError("this session has ended", HTTPStatus.NOT_FOUND)
        if self._isTaking:
            # A handler has answered the poll, and behind that poll, on the
            # same connection, another request was waiting.
            raise RemoteProtocolError(
                "another request of this session is being taken", HTTPStatus.CONFLICT
            )
        self._isTaking = True
        try:
            self.received(body, True)
        finally:
            self._isTaking = False
        if self._receiver is _DISCARDING and self._reason in _OVERRUN:
            raise RemoteProtocolError(self._reason.value, HTTPStatus.TOO_MANY_REQUESTS)

    # For an upgrade: see L{txsocketio.upgrade.Upgrade}.

    def offered(self, transport: ITransport) -> None:
        """
        A better transport offers to carry the session.

        @raise RemoteProtocolError: another one has done so already, or it is
            too late.
        """
        if self._life.passage is not State.SETTLED or transport.name not in self.upgrades:
            raise RemoteProtocolError("this session is being upgraded, or has been")
        self._candidate = transport
        self._step(_Event(Input.OFFERED))

    def probed(self, transport: ITransport) -> None:
        """
        It has shown that it works. Ignored, as all that follows, from one that
        has been let go.
        """
        if self._candidate is transport:
            self._step(_Event(Input.PROBED))

    def switched(self, transport: ITransport) -> None:
        """
        The client uses it from now on.
        """
        if self._candidate is transport:
            self._candidate = None
            self._step(_Event(Input.UPGRADED, transport))

    def withdrawn(self, transport: ITransport, reason: DisconnectReason, detail: str = "") -> None:
        """
        It has gone, or is of no use.
        """
        if self._candidate is transport:
            self._step(_Event(Input.WITHDRAWN, reason=reason, detail=detail))

    def _heard(self, packet: Packet) -> None:
        if packet.kind is not Kind.PONG:
            self._isAsking = False
            self._step(_Event(Input.HEARD))

    def _answered(self, packet: Packet) -> None:
        if not self.dialect.serverBeats:
            raise RemoteProtocolError("an answer to a heartbeat that was not sent")
        # A wrong number is ignored, as the genuine server does; so is an
        # answer to nothing.
        if packet.data == self.dialect.beat(self._beats).data:
            self._step(_Event(Input.ANSWERED))

    def _pinged(self, packet: Packet) -> None:
        if self.dialect.serverBeats:
            raise RemoteProtocolError("a heartbeat, which is the server's to send")
        self.send(Packet(Kind.PONG, packet.data))
        self._step(_Event(Input.PINGED))

    def _partedFrom(self, packet: Packet) -> None:
        isLeaving = self.dialect.rootIsConnection
        self.fail(DisconnectReason.CLIENT if isLeaving else DisconnectReason.TRANSPORT_CLOSE)

    def _misplaced(self, packet: Packet) -> None:
        raise RemoteProtocolError("an upgrade where nothing has been offered")

    def _ignore(self, packet: Packet) -> None:
        """
        It means nothing.
        """

    def _takeOut(self, transport: ITransport) -> list[Frame]:
        """
        @return: what is to be written next.
        """
        frames = self._outbox.take()
        isLeaving = self.state is State.LEAVING
        if isLeaving and len(frames) > 1 and self.dialect.partsAlone and not transport.isStream:
            self._outbox.append(frames.pop())
        return frames

    def _flush(self) -> None:
        if self._outbox and self.writable:
            assert self._transport is not None
            self._transport.write(self._takeOut(self._transport))
            self._receiver.drained()
        if self._life.carriage is State.LEAVING and not self._outbox:
            self._step(_Event(Input.DRAINED))

    # The life cycle.

    def wake(self) -> None:
        """
        A deadline may have been reached.
        """
        now, due = self._keeper.seconds(), self._life.due
        if due <= now:
            self._expire(now)
            due = self._life.due
        self._keeper.sleep(self, due)

    def _perform(self, event: _Event) -> None:
        now = self._keeper.seconds() if event.time is None else event.time
        for action in self._life.step(event.what, now):
            _ACTIONS[action](self, event)

    def _expire(self, now: float) -> None:
        expired = self._life.expired(now)
        if expired is not None:
            what, due = expired
            # Deadlines that follow on one another do not add up how late they
            # are woken; after a standstill each begins anew.
            reason = _REASONS.get(what, self._reason)
            self._step(_Event(what, reason=reason, time=max(due, now - GRAIN)))

    def _adopt(self, event: _Event) -> None:
        transport = event.transport
        assert transport is not None
        offer = transport.session
        if offer is not None and offer is not self:
            self._moveTo(transport, offer)
        self._transport = transport
        self.connections += 1

    def _moveTo(self, transport: ITransport, offer: ISession) -> None:
        """
        An upgrade ends: what it stood for is the session's own now.
        """
        transport.session = self
        self.dialect = self._decoder.dialect = offer.dialect
        self.settings = self._life.settings = offer.settings
        self.transportName, self.upgrades = offer.transportName, offer.upgrades

    def _evict(self, event: _Event) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close(event.reason)

    def _reject(self, event: _Event) -> None:
        candidate, self._candidate = self._candidate, None
        if candidate is not None:
            candidate.close(event.reason, event.detail)

    def _greet(self, event: _Event) -> None:
        for packet in self.dialect.opening(self):
            self._outbox.append(self.dialect.encode(packet))

    def _open(self, event: _Event) -> None:
        self._receiver.opened()

    def _flushNow(self, event: _Event) -> None:
        self._flush()

    def _answerPoll(self, event: _Event) -> None:
        if self._transport is not None and not self._transport.isStream:
            self._transport.write(())

    def _beat(self, event: _Event) -> None:
        self._beats += 1
        self._isAsking = True
        self.send(self.dialect.beat(self._beats))

    def _end(self, event: _Event) -> None:
        receiver, self._receiver = self._receiver, _DISCARDING
        self._reason = event.reason
        if event.what is not Input.CLOSE:
            self._keeper.failed(self, event.reason, event.detail)
        receiver.closed(event.reason)

    def _goodbye(self, event: _Event) -> None:
        carrier = self._transport
        if carrier is not None and carrier.isStream and not self.dialect.endsStreamsAloud:
            return
        # Not bounded: nothing comes after it. Where the generation has no word
        # for it, the client sees its connection go.
        with suppress(UnsupportedByClient):
            self._outbox.append(self.dialect.encode(Packet(Kind.CLOSE, event.reason)))

    def _cut(self, event: _Event) -> None:
        carrying = (self._transport, self._candidate)
        self._transport = self._candidate = None
        self._outbox.take()
        self._keeper.forget(self)
        for transport in carrying:
            if transport is not None:
                transport.close(self._reason, event.detail)


def _life(dialect: IDialect, settings: Settings) -> Life:
    """
    The life that lies before a session.
    """
    return Life(
        settings,
        State.STILL if dialect.serverBeats else State.DORMANT,
        State.INSIDE if dialect.joinsRoot else State.STRANGER,
    )


_REASONS = {
    Input.BEAT_MISSED: DisconnectReason.PING_TIMEOUT,
    Input.NEVER_JOINED: DisconnectReason.REFUSED,
}

# What a request may bring about, so that the rest of it is not heard.
_OVERRUN = (DisconnectReason.FLOOD, DisconnectReason.SLOW_CONSUMER)

# What is not for the receiver.
_TAKES: dict[Kind, Callable[[Session, Packet], None]] = {
    Kind.PING: Session._pinged,
    Kind.PONG: Session._answered,
    Kind.CLOSE: Session._partedFrom,
    Kind.UPGRADE: Session._misplaced,
    Kind.NOOP: Session._ignore,
}

_ACTIONS: dict[Action, Callable[[Session, _Event], None]] = {
    Action.ADOPT: Session._adopt,
    Action.EVICT: Session._evict,
    Action.REJECT: Session._reject,
    Action.GREET: Session._greet,
    Action.OPEN: Session._open,
    Action.FLUSH: Session._flushNow,
    Action.ANSWER: Session._answerPoll,
    Action.BEAT: Session._beat,
    Action.END: Session._end,
    Action.GOODBYE: Session._goodbye,
    Action.CUT: Session._cut,
}
