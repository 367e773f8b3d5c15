"""
A client's connection: what it opens, hears and answers by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from txsocketio.errors import DisconnectReason, RemoteProtocolError, UnsupportedByClient
from txsocketio.interfaces import IClientDecoder, IClientDialect, ISession, Place
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.settings import Settings
from txsocketio.testing._wire import Answer, Carried, Carrier, Network, ask, isStream
from txsocketio.timers import Timers

if TYPE_CHECKING:
    from txsocketio.frames import Frame
    from txsocketio.resource import Router
    from txsocketio.transports._http import HTTPTransport

_LIMITS = Settings(maxPayload=2**31)

_UPGRADED = "websocket"


class Refused(Exception):
    """
    A client is not let in.

    @ivar message: what it has been told.
    @ivar status: that of the HTTP answer; L{None} where it got further.
    @ivar data: what the application has said beside the message.
    """

    def __init__(self, message: str, status: int | None = None, data: Any = None) -> None:
        super().__init__(message if status is None else f"{status}: {message}")
        self.message = message
        self.status = status
        self.data = data


@dataclass(frozen=True, kw_only=True)
class Way:
    """
    How a client connects.

    @ivar router: the server's.
    @ivar mount: its path.
    @ivar isSilent: whether nothing is said where the default namespace lets a
        client in.
    """

    dialect: IClientDialect
    transport: str
    router: Router
    mount: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = "127.0.0.1"
    isSilent: bool = False

    def url(self, behind: str) -> str:
        """
        A URL, with the client's own query.
        """
        url = f"{self.mount}/{behind}"
        if not self.query:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(self.query)}"


class House(Protocol):
    """
    What a line needs of its server.

    @ivar heartbeats: how many have been answered, by either side.
    @ivar beats: what the messages of heartbeats hold, where that is known. The
        server writes each packet as a message of its own: no client has to
        decode for itself what a thousand others have.
    """

    network: Network
    timers: Timers
    heartbeats: int
    beats: dict[str | bytes, Packet]

    def keep(self, message: str | bytes, beat: Packet) -> None:
        """
        Keep what a heartbeat's message holds, for all who get it too.
        """

    def seconds(self) -> float:
        """
        The time.
        """


class Tenant(Protocol):
    """
    A client in one namespace of a line, which it adds itself to.

    @ivar auth: what it sends along to be let in.
    """

    auth: Any

    def opened(self, packet: Packet | None) -> None:
        """
        It has been let in.

        @param packet: what it has been told; L{None} for nothing.
        """

    def refused(self, refusal: Refused) -> None:
        """
        It has not.
        """

    def take(self, packet: Packet) -> None:
        """
        Something has come for it.
        """

    def parted(self, reason: DisconnectReason) -> None:
        """
        It is connected no more.
        """

    def cameBack(self) -> None:
        """
        It is connected again, as if nothing had happened.
        """

    def moveTo(self, line: Line) -> None:
        """
        Its connection is another one now.
        """


@lru_cache(maxsize=256)
def _answerTo(dialect: IClientDialect, data: Any) -> Frame:
    return dialect.encode(Packet(Kind.PONG, data))


@lru_cache
def _beatOf(dialect: IClientDialect) -> Frame:
    return dialect.encode(dialect.beat(1))


@dataclass(frozen=True)
class Access:
    """
    Where a client's session is to be had.

    @ivar place: with the session's id.
    @ivar isStream: whether it can be written to more than once.
    @ivar isSocket: whether it takes what a client says, too.
    """

    transport: HTTPTransport
    place: Place
    isStream: bool
    isSocket: bool

    @classmethod
    def to(cls, transport: HTTPTransport, place: Place, sid: str) -> Access:
        """
        How to get to a session.
        """
        place = Place(place.dialect, place.transport, sid)
        return cls(transport, place, isStream(transport), b"POST" not in transport.methods)


class Line:
    """
    A connection.

    @ivar tenants: by namespace.
    @ivar heartbeats: how many have been answered.
    @ivar offer: what has become of the last offer of a WebSocket; L{None} where
        it has been taken.
    @ivar isMute: whether heartbeats are neither sent nor answered.
    @ivar isPaused: whether nothing is read.
    @ivar tick: see L{txsocketio.timers.Sleeper}.
    """

    def __init__(self, house: House, way: Way) -> None:
        self.house = house
        self.way = way
        self.dialect = way.dialect
        self.tenants: dict[str, Tenant] = {}
        self.sid = ""
        self.isOpen = False
        self.heartbeats = 0
        self.offer: Refused | None = None
        self.isMute = self.isPaused = False
        self.tick = 0
        self._interval: float | None = None
        self._due = inf
        self._isReady = False
        self._access: Access | None = None
        self._carrier: Carrier | None = None
        self._candidate: tuple[Carrier, Access] | None = None
        self._kept: tuple[Carrier, str | bytes] | None = None
        self._decoder: IClientDecoder = way.dialect.decoder(_LIMITS)

    # Opening.

    def open(self) -> None:
        """
        Ask for a session.
        """
        name = self.way.transport
        self._ask(self.dialect.url(name, None, ""), self._carried, self._answered)

    def comeBack(self) -> None:
        """
        Go on with the same session.
        """
        url = self.dialect.url(self.way.transport, self.sid, "")
        self._ask(url, self._carriedAgain, self._answered)

    def upgrade(self) -> None:
        """
        Offer a WebSocket.
        """
        self.offer = Refused("no answer to the offer")
        url = self.dialect.url(_UPGRADED, self.sid, "")
        self._ask(url, self._offered, self._notOffered)

    def _ask(
        self,
        behind: str,
        carried: Carried,
        done: Callable[[Answer], object],
        post: tuple[bytes, bytes] | None = None,
    ) -> None:
        way = self.way
        answer = Answer(self.house.network, carried, done, way.address)
        ask(way.router, answer, way.url(behind), behind, way.headers, post)

    def _carried(self, session: ISession, place: Place, transport: HTTPTransport) -> None:
        self._access = Access.to(transport, place, session.sid)
        self._attach(session)

    def _attach(self, session: ISession) -> None:
        access = self._access
        assert access is not None
        name = access.transport.name
        self._carrier = Carrier(self.house.network, self, session, name, access.isStream)
        session.attach(self._carrier)

    def _carriedAgain(self, session: ISession, place: Place, transport: HTTPTransport) -> None:
        self._carried(session, place, transport)
        for tenant in self.tenants.values():
            tenant.cameBack()

    def _offered(self, session: ISession, place: Place, transport: HTTPTransport) -> None:
        carrier = Carrier(self.house.network, self, session, transport.name, True)
        self._candidate = carrier, Access.to(transport, place, session.sid)
        session.attach(carrier)
        self._sayOn(carrier, self.dialect.encode(Packet(Kind.PING, "probe")))

    def _answered(self, answer: Answer) -> None:
        """
        What has been asked for is not carried.
        """
        if answer.isOK and self.dialect.announces and not self.isOpen:
            self._take(self.dialect.announced(answer.text))
            url = self.dialect.url(self.way.transport, self.sid, "")
            self._ask(url, self._carried, self._answered)
        else:
            self._end(DisconnectReason.TRANSPORT_ERROR, Refused(answer.text, answer.status))

    def _notOffered(self, answer: Answer) -> None:
        self.offer = Refused(answer.text, answer.status)

    def _posted(self, answer: Answer) -> None:
        if not answer.isOK:
            self._end(DisconnectReason.TRANSPORT_ERROR)

    @property
    def isAlive(self) -> bool:
        """
        Whether the session is carried, as far as its client knows.
        """
        return self._carrier is not None

    # Joining.

    def add(self, name: str, tenant: Tenant) -> None:
        """
        A client wants to join that namespace.
        """
        self.tenants[name] = tenant
        if self._isReady:
            self._join(name, tenant)

    def _join(self, name: str, tenant: Tenant) -> None:
        if name != ROOT or not self.dialect.joinsRoot:
            self.say(Packet(Kind.CONNECT, tenant.auth, name))
        elif self.way.isSilent:
            tenant.opened(None)

    def _ready(self) -> None:
        """
        Namespaces can be joined.
        """
        self._isReady = True
        for name, tenant in tuple(self.tenants.items()):
            self._join(name, tenant)

    # Hearing.

    def heard(self, carrier: Carrier, parts: Sequence[str | bytes]) -> None:
        """
        See L{txsocketio.testing._wire.Hearer.heard}.
        """
        if carrier is not self._carrier:
            if self._candidate is not None and carrier is self._candidate[0]:
                self._probed(*self._candidate)
        else:
            beat = self.house.beats.get(parts[0]) if len(parts) == 1 else None
            if beat is not None:
                self._beaten(beat)
                return
            for part in parts:
                for packet in self._decoder.message(part):
                    self._take(packet)
                    if packet.kind is Kind.PING:
                        self.house.keep(part, packet)

    def heardBody(self, carrier: Carrier, body: str | bytes) -> None:
        """
        See L{txsocketio.testing._wire.Hearer.heardBody}.
        """
        if self.isPaused:
            self._kept = carrier, body
        elif carrier is self._carrier:
            for packet in self._decoder.payload(body):
                self._take(packet)
            if carrier is self._carrier and self._candidate is None:
                self._poll()

    def lost(self, carrier: Carrier, reason: DisconnectReason) -> None:
        """
        See L{txsocketio.testing._wire.Hearer.lost}.
        """
        if carrier is self._carrier:
            self._end(reason)

    def _poll(self) -> None:
        """
        Ask for more, as the first time, but that nobody has to be asked who
        may come in.
        """
        access = self._access
        assert access is not None
        try:
            session = access.transport.gate.manager.find(access.place)
        except RemoteProtocolError:
            self._end(DisconnectReason.TRANSPORT_ERROR)
        else:
            self._attach(session)

    def _probed(self, carrier: Carrier, access: Access) -> None:
        self._candidate, self._carrier, self._access = None, carrier, access
        self.offer = None
        self._sayOn(carrier, self.dialect.encode(Packet(Kind.UPGRADE)))

    def _take(self, packet: Packet) -> None:
        kind = packet.kind
        if kind is Kind.PING:
            self._beaten(packet)
        elif kind is Kind.PONG:
            self._count()
        elif kind is Kind.OPEN:
            self._opened(packet)
        elif kind is Kind.CLOSE:
            # A stream is closed right behind it, with the reason.
            if self._access is None or not self._access.isStream:
                self._end(DisconnectReason.SERVER)
        elif kind is not Kind.NOOP:
            self._handOn(packet)

    def _handOn(self, packet: Packet) -> None:
        name, kind = packet.namespace, packet.kind
        tenant = self.tenants.get(name)
        if kind is Kind.DISCONNECT:
            self.leave(name, DisconnectReason.SERVER)
        elif kind is Kind.CONNECT_ERROR:
            told = packet.data
            self.leave(name, refusal=Refused(told["message"], None, told.get("data")))
        elif kind is not Kind.CONNECT:
            if tenant is not None:
                tenant.take(packet)
        else:
            if tenant is not None:
                tenant.opened(packet)
            if name == ROOT and self.dialect.joinsRoot and not self._isReady:
                self._ready()

    def _opened(self, packet: Packet) -> None:
        opening = self.dialect.opened(packet)
        self.sid, self.isOpen = opening.sid, True
        if not self.dialect.serverBeats:
            self._interval = opening.heartbeatInterval
            self._wait()
        if self.way.isSilent or not self.dialect.joinsRoot:
            self._ready()

    # Heartbeats.

    def _count(self) -> None:
        self.heartbeats += 1
        self.house.heartbeats += 1

    def _beaten(self, packet: Packet) -> None:
        if not self.isMute:
            self._count()
            self.send(_answerTo(self.dialect, packet.data))

    def _wait(self) -> None:
        if self._interval is not None:
            self._due = self.house.seconds() + self._interval
            self.house.timers.arm(self, self._due)

    def wake(self) -> None:
        """
        See L{txsocketio.timers.Sleeper.wake}.
        """
        if not self.isMute:
            self.send(_beatOf(self.dialect))
        self._wait()

    # Saying.

    def say(self, packet: Packet) -> None:
        """
        Send a packet.
        """
        self.send(self.dialect.encode(packet))

    def send(self, frame: Frame) -> None:
        """
        Send what has been encoded.
        """
        carrier = self._carrier
        if carrier is None:
            return
        access = self._access
        assert access is not None
        if access.isSocket:
            self._sayOn(carrier, frame)
        else:
            behind = self.dialect.posting(access.place.transport, self.sid, "")
            self._ask(behind, self._carried, self._posted, self.dialect.join([frame]))

    def _sayOn(self, carrier: Carrier, frame: Frame) -> None:
        for part in frame.parts:
            carrier.session.received(part)

    # The end.

    def leave(
        self,
        name: str,
        reason: DisconnectReason = DisconnectReason.REFUSED,
        refusal: Refused | None = None,
    ) -> None:
        """
        A client is in that namespace no more. The last one takes the
        connection with it.
        """
        tenant = self.tenants.pop(name, None)
        if tenant is not None:
            _tell(tenant, reason, refusal)
            if not self.tenants:
                self.part()

    def part(self) -> None:
        """
        Say goodbye.
        """
        with suppress(UnsupportedByClient):
            self.say(Packet(Kind.CLOSE))
        self.cut()

    def cut(self) -> None:
        """
        The connection goes, without a word.
        """
        carrier = self._carrier
        self._end(DisconnectReason.TRANSPORT_CLOSE)
        if carrier is not None:
            carrier.writable = False
            carrier.session.lost(carrier, DisconnectReason.TRANSPORT_CLOSE)

    def _end(self, reason: DisconnectReason, refusal: Refused | None = None) -> None:
        self.house.timers.forget(self)
        self._carrier = self._candidate = None
        self._kept = None
        for tenant in tuple(self.tenants.values()):
            _tell(tenant, reason, refusal)

    def pause(self) -> None:
        """
        Read nothing.
        """
        self.isPaused = True
        if self._carrier is not None and self._carrier.isStream:
            self._carrier.writable = False

    def resume(self) -> None:
        """
        Read what has come meanwhile, and go on.
        """
        self.isPaused = False
        kept, self._kept = self._kept, None
        carrier = self._carrier
        if kept is not None:
            self.heardBody(*kept)
        elif carrier is not None and carrier.isStream:
            carrier.writable = True
            carrier.session.resumed(carrier)


def _tell(tenant: Tenant, reason: DisconnectReason, refusal: Refused | None) -> None:
    if refusal is not None:
        tenant.refused(refusal)
    tenant.parted(reason)
