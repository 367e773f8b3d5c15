"""
The contracts between the rooms of the house.

Who implements one of these may be replaced by anything else that does. Types
are given in the annotations and are never imported from other modules of this
package except where only the type checker looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zope.interface import Attribute, Interface

if TYPE_CHECKING:
    from txsocketio.errors import DisconnectReason, RemoteProtocolError
    from txsocketio.frames import Frame
    from txsocketio.packets import Packet
    from txsocketio.settings import Settings

# zope.interface methods take no self, which is what the type checker expects
# of them with mypy-zope.


@dataclass(frozen=True, slots=True)
class Place:
    """
    What a URL asks for.

    @ivar dialect: the L{IDialect} whose URL it is.
    @ivar transport: the name in the URL, which need not be one that exists.
    @ivar sid: the session to go on with; L{None} asks for a new one.
    @ivar index: the number under which a JSONP answer calls back.
    @ivar isSure: whether the URL can mean nothing else, so that a transport
        that does not exist is an error, and no request for somebody else.
    """

    dialect: Any
    transport: str
    sid: str | None = None
    index: int | None = None
    isSure: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What a server tells when it names the session; L{None} for what it does not
    tell.

    @ivar sid: the session's id.
    @ivar upgrades: to which other transports the session may move; if it is on
        none yet, all that can be opened.
    @ivar heartbeatInterval: seconds from one heartbeat to the next; 0 where
        only the sum of this and the next is told.
    @ivar heartbeatTimeout: seconds that an answer to one is waited for.
    @ivar closeTimeout: seconds that the session lives on without a connection.
    @ivar maxPayload: the size of one message or request body that the server
        takes, bytes.
    """

    sid: str
    upgrades: Sequence[str] = ()
    heartbeatInterval: float | None = None
    heartbeatTimeout: float | None = None
    maxPayload: int | None = None
    closeTimeout: float | None = None


class IClientDecoder(Interface):
    """
    One peer's packets, out of what arrives, in whatever pieces it arrives.

    What both methods return is gone through at once, and gives each packet as
    soon as it is complete; it raises L{txsocketio.errors.RemoteProtocolError}
    at the first thing that is none, if the method itself has not, after which
    the decoder must not be used any more. They work in time linear in their
    input and hold no more of it than the limits allow.
    """

    def message(data: str | bytes) -> Iterable[Packet]:
        """
        Decode one WebSocket message, text or binary.
        """

    def payload(body: str | bytes) -> Iterable[Packet]:
        """
        Decode what one HTTP request or answer brought.
        """


class IDecoder(IClientDecoder):
    """
    The same of a client, as its session has it.
    """

    dialect: IDialect = Attribute(
        "The L{IDialect} in which this peer wants to be answered, as far as it has shown."
    )


class IDialect(Interface):
    """
    One generation of the protocol, as the server speaks it to one kind of
    client. Dialects hold no state; options that change what is written make
    another instance, and a fan-out encodes once for each instance.
    """

    name: str = Attribute("What L{txsocketio.client.Client.protocol} shows.")
    transports: Mapping[str, Sequence[str]] = Attribute(
        "The names of the transports that it knows, and to which others a session on each may move."
    )
    defaults: Mapping[str, Mapping[str, Any]] = Attribute(
        "By transport, where its L{Settings} differ from those of the transport."
    )
    serverBeats: bool = Attribute("Whether it is the server that sends heartbeats.")
    resumes: bool = Attribute(
        "Whether a client may come back to its session when its connection has gone, or bring a"
        " second one that takes over; else either ends the session."
    )
    partsAlone: bool = Attribute(
        "Whether the goodbye of a session comes by a poll of its own: genuine clients heed it"
        " before what stands in front of it."
    )
    rootIsConnection: bool = Attribute(
        "Whether leaving the default namespace ends the whole connection, and the reverse."
    )
    joinsRoot: bool = Attribute(
        "Whether a client is in the default namespace from the start, and cannot be in others"
        " before it has been let in there; else it asks to join as it does elsewhere."
    )
    recovers: bool = Attribute(
        "Whether its clients can come back, on another session, to where they were: whether they"
        " learn C{Packet.offset} and the C{recoveryId} of L{welcome}."
    )
    joinsByTalking: bool = Attribute(
        "Whether a client joins a namespace by the first packet it sends there."
    )
    speaksDrafts: bool = Attribute(
        "Whether its clients may speak WebSocket in the drafts of 2010, which know text only."
    )
    endsStreamsAloud: bool = Attribute(
        "Whether a session that the server ends says so on a stream; else the stream's end says it."
        " A poll is told in any case."
    )
    postField: bytes = Attribute("The form field that holds a form's packets.")
    postsForms: bool = Attribute(
        "Whether all that is posted is a form; else only what comes with an index is."
    )
    receipt: bytes = Attribute("The answer to a POST whose packets have been taken.")

    def locate(path: Sequence[str], args: Mapping[bytes, Sequence[bytes]]) -> Place | None:
        """
        Tell what a URL asks for.

        @param path: the path's parts behind the resource's own, unquoted.
        @param args: the query.
        @return: L{None} where the URL is none of this dialect's.
        @raise txsocketio.errors.RemoteProtocolError: it is, and is wrong.
        """

    def continues(other: IDialect) -> bool:
        """
        Whether this is C{other}'s generation, so that a session that speaks
        one can go on in the other.
        """

    def owns(args: Mapping[bytes, Sequence[bytes]]) -> bool:
        """
        Whether a query can only be meant for this dialect's family, though
        L{locate} does not know its version.
        """

    def complaint(
        error: RemoteProtocolError, place: Place | None = None
    ) -> tuple[int, bytes, bytes]:
        """
        How a request is told what is wrong with it.

        @param place: what it asks for; L{None} where that cannot be told.
        @return: status, content type and body. With status 200 it is packets
            that tell it, as those of L{join}, for the transport to write as it
            writes others.
        """

    def opening(session: ISession) -> Sequence[Packet]:
        """
        What a new session is greeted with.
        """

    def clientId(sid: str, namespace: str) -> str:
        """
        The id of a client that joins that namespace over the session C{sid}.
        """

    def welcome(namespace: str, id: str, recoveryId: str | None = None) -> Packet | None:
        """
        What a client is told that has been let into a namespace.

        @param id: of L{clientId}.
        @param recoveryId: the secret with which it can come back to where it
            was; L{None} where it can't.
        @return: L{None} for nothing.
        """

    def beat(number: int) -> Packet:
        """
        The heartbeat of that number, from 1 upwards.
        """

    def encode(packet: Packet) -> Frame:
        """
        @raise txsocketio.errors.UnsupportedByClient: this generation cannot
            carry it.
        @raise txsocketio.errors.LocalProtocolError: nobody could write it.
        """

    def decoder(settings: Settings) -> IDecoder:
        """
        A new decoder, for one session, within C{settings.maxPayload} and
        C{settings.maxPackets}.
        """

    def join(frames: Iterable[Frame]) -> bytes:
        """
        The body of one answer that holds all these frames, in their order.
        Without any it is what a poll is told that has waited in vain.
        """

    def isBinary(body: bytes) -> bool:
        """
        Whether C{body} (of L{join}) is anything but text.
        """

    def script(index: int, body: bytes) -> bytes:
        """
        C{body} (of L{join}) as the script that a JSONP request asked for.
        """

    def unscript(field: str) -> str:
        """
        What a browser's form made of the packets, turned back.
        """


class IClientDialect(Interface):
    """
    One generation of the protocol, as a client speaks it. The other half of an
    L{IDialect}, and as stateless.
    """

    name: str = Attribute("The name of the L{IDialect}.")
    transports: Sequence[str] = Attribute(
        "The names of the transports that a client can open, first the one to begin with."
    )
    serverBeats: bool = Attribute("See L{IDialect.serverBeats}.")
    rootIsConnection: bool = Attribute("See L{IDialect.rootIsConnection}.")
    joinsRoot: bool = Attribute("See L{IDialect.joinsRoot}.")
    recovers: bool = Attribute("See L{IDialect.recovers}.")
    announces: bool = Attribute(
        "Whether a request of its own names the session, before a transport opens: a GET of L{url}"
        " without an id, whose answer L{announced} reads. Else the packet C{OPEN} comes first of"
        " all on the transport."
    )

    def announced(body: str) -> Packet:
        """
        What has been answered to the request that names a session.

        @return: of the kind C{OPEN}.
        @raise txsocketio.errors.RemoteProtocolError: this names none.
        """

    def url(transport: str, sid: str | None, stamp: str) -> str:
        """
        Where a session is opened, or gone on with.

        @param sid: L{None} for a new one.
        @param stamp: anything that keeps caches from answering; empty for
            nothing.
        @return: what stands behind the resource's own path, the query
            included (C{"?EIO=4&transport=polling&t=..."}).
        """

    def posting(transport: str, sid: str, stamp: str) -> str:
        """
        The same for a POST.
        """

    def opened(packet: Packet) -> Opening:
        """
        What a packet of the kind C{OPEN} tells.
        """

    def clientId(sid: str, namespace: str, told: Any) -> str:
        """
        The id of this client there; the server knows it by the same.

        @param sid: the session's id.
        @param told: the data of the packet that lets it in; L{None} where
            nothing is said.
        """

    def recoveryId(told: Any) -> str | None:
        """
        The secret with which the client can come back to where it was.

        @param told: as in L{clientId}.
        """

    def offset(packet: Packet) -> str | None:
        """
        The place of an event in the log of what a client can catch up with,
        where it is in one. Only a client that has a L{recoveryId} may ask.
        """

    def returning(auth: Any, recoveryId: str, offset: str | None) -> Any:
        """
        What is sent along to come back to where the client was.

        @param auth: what would be sent along anyway.
        @param offset: that of the last event that has come.
        """

    def beat(number: int) -> Packet:
        """
        The heartbeat of that number, where it is the client that sends them.
        """

    def encode(packet: Packet) -> Frame:
        """
        @raise txsocketio.errors.UnsupportedByClient: this generation cannot
            carry it.
        @raise txsocketio.errors.LocalProtocolError: no client could say it.
        """

    def decoder(settings: Settings) -> IClientDecoder:
        """
        A new decoder of what one server says, within C{settings.maxPayload}
        and C{settings.maxPackets}.
        """

    def join(frames: Iterable[Frame]) -> tuple[bytes, bytes]:
        """
        Content type and body of one POST that holds all these frames, in their
        order.
        """


class ITransport(Interface):
    """
    One way out to a client: an open WebSocket, a waiting poll, a stream.
    """

    name: str = Attribute("The transport's name, as in URLs and options.")
    isStream: bool = Attribute("Whether it can be written to more than once.")
    session: ISession | None = Attribute(
        "What it carries, or offers to carry; L{None} until it does. At the end of an upgrade the"
        " session puts itself there."
    )
    writable: bool = Attribute("Whether it takes more just now.")

    def write(frames: Sequence[Frame]) -> None:
        """
        Send all of these, in their order, as one unit. A transport that is
        no stream ends its request with it and detaches; it is called with no
        frames to end an idle one.
        """

    def close(reason: DisconnectReason, detail: str = "") -> None:
        """
        Let go: the session has ended, or another transport carries it now.

        @param detail: one line for the peer, where there is more to say.
        """


class ISession(Interface):
    """
    A session as its transports see it.
    """

    sid: str = Attribute("The session's id.")
    dialect: IDialect = Attribute("The dialect to write in.")
    settings: Settings = Attribute("The intervals and limits of its transport.")
    transportName: str = Attribute("The only transport that may carry it.")
    upgrades: Sequence[str] = Attribute("To which others it may move.")

    def attach(transport: ITransport) -> None:
        """
        Carry the session from now on. What waits in its queue is written at
        once; a transport that is no stream may be done when this returns.

        @raise txsocketio.errors.RemoteProtocolError: another one carries it,
            and is not to be replaced; the session has been ended.
        """

    def detach(transport: ITransport) -> None:
        """
        The transport has done its work and the client will come back.
        """

    def lost(transport: ITransport, reason: DisconnectReason) -> None:
        """
        The connection has gone. Ignored from a transport that does not
        carry the session any more; a session that was never carried ends.
        """

    def resumed(transport: ITransport) -> None:
        """
        The transport is writable again.
        """

    def received(data: str | bytes) -> None:
        """
        One WebSocket message has come in. What is wrong with it ends the
        session.
        """

    def receivedPayload(body: str | bytes) -> None:
        """
        The packets of one HTTP request have come in.

        @raise txsocketio.errors.RemoteProtocolError: they break the protocol;
            the session has been ended. What was well formed before the fault
            has been taken.
        """


class IReceiver(Interface):
    """
    What a session hands its packets to.
    """

    def opened() -> None:
        """
        The first transport carries the session.
        """

    def received(packet: Packet) -> None:
        """
        @raise txsocketio.errors.RemoteProtocolError: the packet cannot be
            right; this ends the session.
        """

    def drained() -> None:
        """
        What has waited in the session's queue has been written.
        """

    def closed(reason: DisconnectReason) -> None:
        """
        The session has ended. Nothing comes after it.
        """


class IBackplane(Interface):
    """
    What carries broadcasts to the clients of all processes, this one's
    included.

    Channels are names; messages are opaque. An implementation delivers each
    message at most once to each process that subscribes to its channel, and
    the messages of one process in the order in which they were published.
    """

    def start(deliver: Callable[[str, Any], None]) -> Any:
        """
        @param deliver: called with channel and message.
        @return: L{None}, or a Deferred that fires when it is ready.
        """

    def publish(channel: str, message: Any) -> None:
        """
        Deliver C{message} wherever C{channel} is subscribed to.
        """

    def subscribe(channel: str) -> None:
        """
        From now on, messages of C{channel} are delivered here.
        """

    def unsubscribe(channel: str) -> None:
        """
        Undo L{subscribe}.
        """

    def stop() -> Any:
        """
        @return: L{None}, or a Deferred that fires when nothing is left open.
        """
