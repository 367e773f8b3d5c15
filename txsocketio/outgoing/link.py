"""
One connection to a server, whatever carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from txsocketio.errors import DisconnectReason, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IClientDialect, Opening
from txsocketio.machine import Stepper
from txsocketio.outbox import Outbox
from txsocketio.outgoing.lifecycle import Action, Input, Life, State
from txsocketio.outgoing.network import Answer, why
from txsocketio.packets import Kind, Packet
from txsocketio.timers import Timers

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.outgoing.network import Network
    from txsocketio.outgoing.wires import Wire, Wires
    from txsocketio.settings import Settings

_PROBE = "probe"

_LEAST = 0.1
_MOST = 1e6
"""Seconds: a server is not asked more often for its heartbeat, nor waited for
longer."""


class Receiver(Protocol):
    """
    What a link hands its packets to.
    """

    def opened(self) -> None:
        """
        The server has named the session.
        """

    def received(self, packet: Packet) -> None:
        """
        @raise RemoteProtocolError: the packet cannot be right; this ends the
            link.
        """

    def closed(self, reason: DisconnectReason, detail: str) -> None:
        """
        The link has ended. Nothing comes after it.

        @param detail: one line more, where there is more to say.
        """


class _Event:
    """
    An input on its way into the table, with what the actions need to know.
    """

    __slots__ = ("detail", "reason", "what")

    def __init__(
        self,
        what: Input,
        reason: DisconnectReason = DisconnectReason.TRANSPORT_CLOSE,
        detail: str = "",
    ) -> None:
        self.what = what
        self.reason = reason
        self.detail = detail


class Link(Stepper[_Event]):
    """
    A queue towards the server, a dispatch from it, and the hands of the life
    cycle's table.

    @ivar sid: the session's id; L{None} until the server has named it.
    @ivar transport: the name of the transport that carries it.
    @ivar gone: fires when nothing of it is left.
    @ivar tick: see L{txsocketio.timers.Sleeper}.
    """

    def __init__(
        self,
        network: Network,
        dialect: IClientDialect,
        settings: Settings,
        transports: Sequence[str],
        wires: Wires,
    ) -> None:
        """
        @param transports: the names of those that may carry it, the one to
            begin with first.
        """
        super().__init__()
        self.network = network
        self.dialect = dialect
        self.settings = settings
        self.sid: str | None = None
        self.transport = transports[0]
        self.gone: Deferred[None] = Deferred()
        self.tick = 0
        self._transports = transports
        self._wires = wires
        self._decoder = dialect.decoder(settings)
        self._life = Life(settings, dialect.serverBeats)
        self._timers = Timers(network.reactor)
        self._outbox = Outbox()
        self._receiver: Receiver | None = None
        self._wire: Wire | None = None
        self._candidate: Wire | None = None
        self._announcing: Deferred[Any] | None = None
        self._farewell: Frame | None = None
        self._limit = inf
        self._better = ""
        self._beats = 0
        self._stamp = 0

    def open(self, receiver: Receiver) -> None:
        """
        Ask the server for a session.

        @param receiver: what packets are handed to.
        """
        self._receiver = receiver
        self._life.begin(self._seconds())
        if self.dialect.announces:
            part = self.dialect.url(self.transport, None, self.stamp())
            announcing = self._announcing = self.network.get(part)
            announcing.addCallback(self._announced).addErrback(self._unannounced)
        else:
            self._openWire()
        self.wake()

    def _openWire(self) -> None:
        self._wire = self._make(self.transport)
        self._wire.open()

    def _announced(self, answer: Answer) -> None:
        """
        The session has been named, and no transport is open yet.
        """
        self._announcing = None
        body = answer.body.decode("utf-8", "replace")
        told = self._settle(self.dialect.opened(self.dialect.announced(body)))
        known = [name for name in self._transports if name in told]
        if not known:
            raise RemoteProtocolError(f"the server has other transports: {', '.join(told)}")
        self.transport = known[0]
        self._openWire()

    def _unannounced(self, failure: Failure) -> None:
        self._announcing = None
        if not failure.check(CancelledError):
            self.fail(DisconnectReason.TRANSPORT_ERROR, why(failure))

    def _make(self, name: str) -> Wire:
        return self._wires[name](self, name)

    def _seconds(self) -> float:
        return float(self.network.reactor.seconds())

    # For the application's side.

    @property
    def pending(self) -> int:
        """
        How many bytes wait in the queue.
        """
        return self._outbox.size

    def send(self, packet: Packet) -> None:
        """
        @raise txsocketio.errors.LocalProtocolError: the packet cannot be
            written in this generation.
        """
        self.write(self.dialect.encode(packet))

    def write(self, frame: Frame, volatile: bool = False) -> None:
        """
        Send a frame of L{dialect}, or queue it. More than may be queued ends
        the connection; one frame may always be.

        @param volatile: drop it where it cannot leave at once.
        """
        if self._receiver is None:
            return
        if not volatile:
            if not self._outbox.put(frame, self.settings):
                self.fail(DisconnectReason.SLOW_CONSUMER)
        elif self._isClear():
            self._outbox.append(frame)
        self._flush()

    def _isClear(self) -> bool:
        return not self._outbox and self._wire is not None and self._wire.writable

    def close(self, reason: DisconnectReason) -> None:
        """
        End it in good order: what is queued still leaves.
        """
        self._step(_Event(Input.CLOSE, reason))

    def fail(self, reason: DisconnectReason, detail: str = "") -> None:
        """
        End it at once.
        """
        self._step(_Event(Input.FAIL, reason, detail))

    # For the wires.

    def stamp(self) -> str:
        """
        See L{Bearer.stamp}.
        """
        self._stamp = max(self._stamp + 1, int(self._seconds() * 1000))
        return str(self._stamp)

    def ready(self, wire: Wire) -> None:
        """
        See L{Bearer.ready}.
        """
        if wire is self._wire:
            self._flush()
        elif wire is self._candidate:
            wire.write((self.dialect.encode(Packet(Kind.PING, _PROBE)),))

    def received(self, wire: Wire, data: str | bytes) -> None:
        """
        See L{Bearer.received}.
        """
        if wire is self._candidate:
            self._probed(data)
        elif wire is self._wire:
            self._take(self._decoder.message, data)

    def receivedPayload(self, wire: Wire, body: str | bytes) -> None:
        """
        See L{Bearer.receivedPayload}.
        """
        if wire is self._wire:
            # Where polls are answered empty after a while there need not be
            # heartbeats.
            self._step(_Event(Input.BEATEN))
            self._take(self._decoder.payload, body)

    def stopped(self, wire: Wire) -> None:
        """
        See L{Bearer.stopped}.
        """
        if wire is self._wire:
            self._step(_Event(Input.STOPPED))

    def lost(self, wire: Wire, reason: DisconnectReason, detail: str = "") -> None:
        """
        See L{Bearer.lost}.
        """
        if wire is self._wire:
            self._wire = None
            self._step(_Event(Input.FAIL, reason, detail))
        elif wire is self._candidate:
            self._step(_Event(Input.WITHDRAWN, reason, detail))

    def _probed(self, data: str | bytes) -> None:
        """
        The better transport has said something: that it works, or nonsense.
        """
        try:
            packets = list(self.dialect.decoder(self.settings).message(data))
        except RemoteProtocolError:
            packets = []
        isShown = [(each.kind, each.data) for each in packets] == [(Kind.PONG, _PROBE)]
        self._step(_Event(Input.SHOWN if isShown else Input.WITHDRAWN))

    def _take(self, decode: Callable[[str | bytes], Iterable[Packet]], data: str | bytes) -> None:
        try:
            for packet in decode(data) if self._isHeard() else ():
                _TAKES.get(packet.kind, Link._hand)(self, packet)
                if not self._isHeard():
                    # The decoder may be in any state: nothing more goes into it.
                    return
        except RemoteProtocolError as error:
            self.fail(DisconnectReason.PARSE_ERROR, error.reason)

    def _isHeard(self) -> bool:
        """
        Whether anybody listens to what comes.
        """
        return self._receiver is not None

    def _hand(self, packet: Packet) -> None:
        if self.sid is None:
            raise RemoteProtocolError("the session is not named first")
        if self._life.carriage is State.OPENING:
            # It was named before the transport opened.
            if packet.kind is Kind.CONNECT_ERROR:
                self.fail(DisconnectReason.REFUSED, packet.data["message"])
                return
            self._step(_Event(Input.GREETED))
        if self._receiver is not None:
            self._receiver.received(packet)

    def _greeted(self, packet: Packet) -> None:
        if self.sid is not None:
            raise RemoteProtocolError("the session is named again")
        offered = self._settle(self.dialect.opened(packet))
        self._step(_Event(Input.GREETED))
        better = (name for name in self._transports if name in offered)
        self._better = next((name for name in better if name != self.transport), "")
        if self._better:
            self._step(_Event(Input.OFFERED))

    def _settle(self, opening: Opening) -> Sequence[str]:
        """
        Take what the server has told.

        @return: the transports that it offers.
        """
        self.sid = opening.sid
        told = {
            name: min(max(value, _LEAST), _MOST)
            for name in ("heartbeatInterval", "heartbeatTimeout")
            if (value := getattr(opening, name)) is not None
        }
        self._life.settings = self.settings.having(told)
        self._limit = inf if opening.maxPayload is None else opening.maxPayload
        return opening.upgrades

    def _pinged(self, packet: Packet) -> None:
        if not self.dialect.serverBeats:
            raise RemoteProtocolError("a heartbeat, which is the client's to send")
        self.send(Packet(Kind.PONG, packet.data))
        self._step(_Event(Input.BEATEN))

    def _answered(self, packet: Packet) -> None:
        self._step(_Event(Input.ANSWERED))

    def _dismissed(self, packet: Packet) -> None:
        isDismissal = self.dialect.rootIsConnection
        self.fail(DisconnectReason.SERVER if isDismissal else DisconnectReason.TRANSPORT_CLOSE)

    def _ignore(self, packet: Packet) -> None:
        """
        It means nothing.
        """

    def _flush(self) -> None:
        wire = self._wire
        if wire is None or self.sid is None:
            return
        if self._outbox and wire.writable:
            limit = self._limit if wire.limited else inf
            wire.write(self._outbox.takeSome(limit))
            self._flush()
        elif wire.writable and self._life.carriage is State.LEAVING:
            self._part(wire)

    def _part(self, wire: Wire) -> None:
        """
        All has been said but the last word. It goes alone: genuine servers
        heed it before what stands in front of it.
        """
        farewell, self._farewell = self._farewell, None
        if farewell is None:
            self._step(_Event(Input.DRAINED))
        else:
            wire.write((farewell,))
            self._flush()

    # The life cycle.

    def wake(self) -> None:
        """
        A deadline may have been reached.
        """
        expired = self._life.expired(self._seconds())
        if expired is not None:
            what = expired[0]
            self._step(_Event(what, *_OVERDUE.get(what, ())))
        self._timers.arm(self, self._life.due)

    def _perform(self, event: _Event) -> None:
        for action in self._life.step(event.what, self._seconds()):
            _ACTIONS[action](self, event)

    def _open(self, event: _Event) -> None:
        assert self._receiver is not None
        self._receiver.opened()

    def _beat(self, event: _Event) -> None:
        self._beats += 1
        self.send(self.dialect.beat(self._beats))

    def _try(self, event: _Event) -> None:
        self._candidate = self._make(self._better)
        self._candidate.open()

    def _pause(self, event: _Event) -> None:
        assert self._wire is not None
        self._wire.pause()

    def _switch(self, event: _Event) -> None:
        # The old one has stopped: there is nothing to let go of.
        self._wire, self._candidate = self._candidate, None
        assert self._wire is not None
        self.transport = self._wire.name
        self._wire.write((self.dialect.encode(Packet(Kind.UPGRADE)),))
        self._flush()

    def _reject(self, event: _Event) -> None:
        candidate, self._candidate = self._candidate, None
        if candidate is not None:
            candidate.close()

    def _resume(self, event: _Event) -> None:
        if self._wire is not None:
            self._wire.resume()

    def _end(self, event: _Event) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.closed(event.reason, event.detail)

    def _goodbye(self, event: _Event) -> None:
        with suppress(UnsupportedByClient):
            self._farewell = self.dialect.encode(Packet(Kind.CLOSE))
        self._flush()

    def _cut(self, event: _Event) -> None:
        if self._announcing is not None:
            self._announcing.cancel()
        carrying = (self._wire, self._candidate)
        self._wire = self._candidate = None
        self._outbox.take()
        self._timers.stop()
        for wire in carrying:
            if wire is not None:
                wire.close()
        self.gone.callback(None)


_OVERDUE = {
    Input.NEVER_OPENED: (DisconnectReason.TRANSPORT_ERROR, "the server names no session in time"),
    Input.BEAT_MISSED: (DisconnectReason.PING_TIMEOUT, ""),
}

# What is not for the receiver.
_TAKES: dict[Kind, Callable[[Link, Packet], None]] = {
    Kind.OPEN: Link._greeted,
    Kind.PING: Link._pinged,
    Kind.PONG: Link._answered,
    Kind.CLOSE: Link._dismissed,
    Kind.NOOP: Link._ignore,
}

_ACTIONS: dict[Action, Callable[[Link, _Event], None]] = {
    Action.OPEN: Link._open,
    Action.BEAT: Link._beat,
    Action.TRY: Link._try,
    Action.PAUSE: Link._pause,
    Action.SWITCH: Link._switch,
    Action.REJECT: Link._reject,
    Action.RESUME: Link._resume,
    Action.END: Link._end,
    Action.GOODBYE: Link._goodbye,
    Action.CUT: Link._cut,
}
