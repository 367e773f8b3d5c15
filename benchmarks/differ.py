"""
Feed our WebSockets and Autobahn's with the same bytes, very many of them.

    python -m benchmarks.differ --count 1000000 [--seed N] [--first N]

Each case is a stream of frames of all kinds, many of them damaged, cut anywhere.
After each piece both have to have heard the same messages, written the same bytes
and dropped the connection or not. The first case in which they differ ends the run,
and is shown as short as it can be made; C{--first} begins with a certain one.

Autobahn's protocol has been opened by Autobahn, has read the whole stream by
itself, and is configured as ours is. What its log gets is left out, as is
compression, where all that comes is read by Autobahn.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple, cast

from autobahn.twisted.websocket import WebSocketServerProtocol
from autobahn.websocket.utf8validator import Utf8Validator
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from benchmarks.seeded import REPORTS, begin
from txsocketio.errors import DisconnectReason
from txsocketio.fragments import Frugal
from txsocketio.frames import Frame, Parted
from txsocketio.interfaces import Place
from txsocketio.settings import Settings
from txsocketio.transports._autobahn import configured, factoryFor
from txsocketio.transports._direct import Traffic
from txsocketio.transports.websocket import WebSocketTransport

MAX_FRAGMENTS = 4

LIMITS = (100, 300, 70_000)
"""How long a message may be, bytes: one of these."""

TRIES = 3_000
"""How often a case that fails is tried in a shorter form."""

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
OPENING = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + b"\r\n\r\n"
)

# What is said where a session ends: see L{WebSocketTransport.close}.
_REASON = DisconnectReason.PARSE_ERROR
_CODE, _DETAIL = 1002, "enough"


class Case(NamedTuple):
    """
    What both get.

    @ivar limit: how long a message may be.
    @ivar answers: with how many copies a message is answered.
    @ivar last: after how many messages the session ends; 0 for never.
    """

    pieces: Sequence[bytes]
    limit: int = 300
    answers: int = 0
    last: int = 0


class Step(NamedTuple):
    """
    What has come of one piece.
    """

    heard: Sequence[str | bytes]
    written: bytes
    isDropped: bool


class Differs(Exception):
    """
    The two don't do the same.
    """


class Line:
    """
    A connection, as a protocol sees it.
    """

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self.write = self._written.append
        self.isDropped = self.isPaused = False

    def take(self) -> bytes:
        """
        What has been written, which is taken.
        """
        written = b"".join(self._written)
        self._written.clear()
        return written

    def loseConnection(self) -> None:
        """
        However it is dropped is the same here.
        """
        self.isDropped = True

    abortConnection = loseConnection

    def pauseProducing(self) -> None:
        """
        Nothing is to come for a while.
        """
        self.isPaused = True

    def resumeProducing(self) -> None:
        """
        It may come again.
        """
        self.isPaused = False

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """
        Everything that is written fits.
        """

    def unregisterProducer(self) -> None:
        """
        The same.
        """


@lru_cache
def _machinesFor(limit: int) -> type[Any]:
    return configured(Clock(), limit, False)


class Ours:
    """
    Our WebSocket, its session, and what both ask for.
    """

    def __init__(self, case: Case) -> None:
        self.heard: list[str | bytes] = []
        self.line = Line()
        self.clock = Clock()
        self.traffic = Traffic(None)
        self.losses = 0
        self._case = case
        self._settings = Settings(maxPayload=case.limit, maxPackets=MAX_FRAGMENTS)
        stub: Any = self
        self._transport = WebSocketTransport(
            stub, Place(None, "websocket"), _machinesFor(case.limit)
        )
        self._transport.makeConnection(self.line)
        self._transport.open(stub, KEY)
        self.line.take()

    def settings(self, dialect: object, name: str) -> Settings:
        """
        See L{Gate.settings}.
        """
        return self._settings

    def attach(self, transport: object) -> None:
        """
        See L{ISession.attach}.
        """

    def received(self, message: str | bytes) -> None:
        """
        See L{ISession.received}.
        """
        self.heard.append(message)
        case, transport = self._case, self._transport
        if transport.writable and case.answers:
            transport.write([_frameOf(message)] * case.answers)
        if len(self.heard) == case.last and transport.writable:
            transport.close(_REASON, _DETAIL)

    def lost(self, transport: object, reason: DisconnectReason) -> None:
        """
        See L{ISession.lost}.
        """
        self.losses += 1

    def receive(self, piece: bytes) -> None:
        """
        It has as many of the reactor's turns as it wants.
        """
        if not self.line.isDropped:
            self._transport.dataReceived(piece)
        while self.line.isPaused and not self.line.isDropped:
            self.clock.advance(0)

    def end(self) -> None:
        """
        The connection has gone.
        """
        self._transport.connectionLost()
        if not self.losses:
            raise Differs("the session has not been told of the end")


def _frameOf(message: str | bytes) -> Frame:
    return Frame(message) if isinstance(message, str) else Parted(message)


class _Quiet:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return _nothing


def _nothing(*_: object, **__: object) -> None:
    """
    Say nothing, and do nothing.
    """


class Reference(Frugal, WebSocketServerProtocol):  # type: ignore[misc]
    """
    Autobahn's, which does with messages what L{Ours} does.
    """

    log = _Quiet()
    writable = True
    _maxFragments = MAX_FRAGMENTS
    isDoing: Callable[[str | bytes], None]

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """
        One whole message.
        """
        self.isDoing(payload if isBinary else payload.decode())


@lru_cache
def _openedFor(limit: int) -> Reference:
    """
    One that has answered the opening.
    """
    factory = factoryFor(Clock(), limit)
    factory.protocol = Reference
    protocol: Any = factory.buildProtocol(None)
    transport = StringTransport()
    protocol.makeConnection(transport)
    protocol.dataReceived(OPENING)
    assert transport.value().startswith(b"HTTP/1.1 101 ")
    return cast("Reference", protocol)


class Theirs:
    """
    Autobahn's WebSocket.
    """

    def __init__(self, case: Case) -> None:
        self.heard: list[str | bytes] = []
        self.line = Line()
        self._case = case
        self._protocol = protocol = Reference()
        # To open each one would take most of the time.
        vars(protocol).update(
            vars(_openedFor(case.limit)),
            transport=self.line,
            isDoing=self._received,
            is_closed=Deferred(),
            send_queue=deque(),
            utf8validator=Utf8Validator(),
        )

    def _received(self, message: str | bytes) -> None:
        self.heard.append(message)
        case, protocol = self._case, self._protocol
        data = message.encode() if isinstance(message, str) else message
        for _ in range(case.answers if protocol.state == protocol.STATE_OPEN else 0):
            protocol.sendMessage(data, isinstance(message, bytes))
        if len(self.heard) == case.last:
            protocol.sendCloseFrame(_CODE, f"{_REASON.value}: {_DETAIL}".encode())

    def receive(self, piece: bytes) -> None:
        """
        It takes all of it at once.
        """
        if not self.line.isDropped:
            self._protocol.dataReceived(piece)

    def end(self) -> None:
        """
        The connection has gone.
        """
        self._protocol.connectionLost()


def stepsOf(one: Ours | Theirs, pieces: Sequence[bytes]) -> Iterator[Step]:
    """
    What comes of each piece.
    """
    for piece in pieces:
        before = len(one.heard)
        one.receive(piece)
        yield Step(one.heard[before:], one.line.take(), one.line.isDropped)
    one.end()


def compare(case: Case) -> list[Step]:
    """
    @return: what comes of each piece.
    @raise Differs: it is not the same with both.
    """
    steps = []
    pairs = zip(stepsOf(Ours(case), case.pieces), stepsOf(Theirs(case), case.pieces), strict=True)
    for number, (ours, theirs) in enumerate(pairs):
        if ours != theirs:
            raise Differs(f"at piece {number}: {_short(ours)}, Autobahn {_short(theirs)}")
        steps.append(ours)
    return steps


def _short(step: Step) -> str:
    heard = [message[:60] for message in step.heard]
    return f"{heard!a} heard, {step.written[:200]!r} written, dropped: {step.isDropped}"


# What is sent.

_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_TEXTS = (b"2", b'42["echo","x"]', "h\xe9 \u2603 \U0001f600".encode(), b"\0\x7f\n", b"x")
_BAD_BYTES = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x98", b"\xf0\x9f")
_SIZES = (0, 0, 1, 1, 2, 3, 4, 5, 13, 14, 15, 20, 60, 120, 124, 125, 126, 127, 128, 200)
_CODES = (
    *(*(1000, 1001) * 8, 1002, 1003, 1004, 1005, 1006, 1007, 1010, 1011, 1012, 1014, 1015),
    *(0, 1, 999, 1016, 2999, 3000, 3999, 4000, 4999, 5000, 65535),
)
_REASONS = (
    *(b"",) * 6,
    b"bye",
    "\u2603".encode(),
    b"\xff",
    b"\xe2\x98",
    b"x" * 122,
    b"x" * 123,
    b"x" * 124,
)
_ORDINARY = 0


def headOf(first: int, size: int, mask: bytes, form: int = _ORDINARY) -> bytes:
    """
    @param form: in how many bytes the length is written, where not as it ought to
        be.
    """
    masked = _MASKED if mask else 0
    if form == 8 or (not form and size > 0xFFFF):
        return bytes((first, masked | 127)) + size.to_bytes(8, "big") + mask
    if form == 2 or (not form and size > 125):
        return bytes((first, masked | 126)) + (size & 0xFFFF).to_bytes(2, "big") + mask
    return bytes((first, masked | size & 0x7F)) + mask


def frameOf(random: Random, first: int, payload: bytes, form: int = _ORDINARY) -> bytes:
    """
    A frame, nearly always with a mask.
    """
    mask = random.randbytes(4) if random.random() < 0.98 else random.choice((b"", b"\0" * 4))
    size = len(payload)
    head = headOf(first, size, mask, form)
    if not mask:
        return head + payload
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return head + (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")


def payloadOf(random: Random, limit: int) -> bytes:
    """
    Text, which now and then is none.
    """
    size = random.choice(_SIZES)
    kind = random.random()
    if kind < 0.05:
        size = limit + random.randrange(-1, 2)
    if kind < 0.001:
        size = 65535 + random.randrange(-1, 3)
    text = random.choice(_TEXTS)
    payload = text if kind > 0.6 else (text * (size // len(text) + 1))[:size]
    if kind > 0.97:
        at = random.randrange(len(payload) + 1)
        payload = payload[:at] + random.choice(_BAD_BYTES) + payload[at:]
    # Cut at any byte, text may be no text any more.
    return payload if random.random() < 0.1 else payload.decode("utf-8", "ignore").encode()


def textFrame(random: Random, limit: int) -> bytes:
    """
    What nearly all that clients send is.
    """
    return frameOf(random, _FINAL | _TEXT, payloadOf(random, limit))


def binaryFrame(random: Random, limit: int) -> bytes:
    """
    A message that is no text.
    """
    return frameOf(random, _FINAL | _BINARY, payloadOf(random, limit))


def controlFrame(random: Random, limit: int) -> bytes:
    """
    A ping or a pong.
    """
    opcode = random.choice((_PING, _PING, _PONG))
    longest = random.choice((125, 125, 125, 125, 126))
    return frameOf(random, _FINAL | opcode, payloadOf(random, 125)[:longest])


def fragments(random: Random, limit: int) -> bytes:
    """
    A message in parts, with anything between them.
    """
    payload, opcode, parts = payloadOf(random, limit), random.choice((_TEXT, _BINARY)), []
    count = random.choice((1, 2, 2, 3, 4, 5))
    for number in range(count):
        at = random.randrange(len(payload) + 1) if number < count - 1 else len(payload)
        final = _FINAL if number == count - 1 else 0
        parts.append(frameOf(random, final | (0 if number else opcode), payload[:at]))
        payload = payload[at:]
        if random.random() < 0.2:
            parts.append(random.choice((controlFrame,) * 6 + (anyFrame,))(random, limit))
    if random.random() < 0.1:
        parts.pop()
    return b"".join(parts)


def closeFrame(random: Random, limit: int) -> bytes:
    """
    The end, said in any way.
    """
    body = random.choice(_CODES).to_bytes(2, "big") + random.choice(_REASONS)
    if random.random() < 0.2:
        body = body[: random.randrange(3)]
    return frameOf(random, _FINAL | _CLOSE, body)


def anyFrame(random: Random, limit: int) -> bytes:
    """
    Any first byte, and a length written in any form.
    """
    form = random.choice((_ORDINARY, _ORDINARY, 2, 8))
    first = random.choice((random.randrange(256), _FINAL | _TEXT, _FINAL | _BINARY, _TEXT, _FINAL))
    return frameOf(random, first, payloadOf(random, limit), form)


def hugeFrame(random: Random, limit: int) -> bytes:
    """
    A length that never comes.
    """
    size = random.choice((2**63, 2**63 - 1, 2**64 - 1, 2**32, 65536, limit + 1))
    first = _FINAL | random.choice((_TEXT, _BINARY, _CLOSE))
    return headOf(first, size, random.randbytes(4), 8) + b"x" * random.randrange(30)


_Kinds = Sequence[Callable[[Random, int], bytes]]
_KINDS: _Kinds = (
    *(textFrame,) * 24,
    *(binaryFrame,) * 3,
    *(controlFrame,) * 4,
    *(fragments,) * 5,
    *(closeFrame,) * 2,
    anyFrame,
)
_SOUND: _Kinds = (*_KINDS, *(textFrame,) * 40)


def _damaged(random: Random, data: bytes) -> bytes:
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(len(data) + 1)
        other = random.randbytes(random.randrange(3))
        data = data[:at] + other + data[at + random.randrange(3) :]
    return data


def streamOf(random: Random, limit: int) -> bytes:
    """
    Frames of all kinds.
    """
    kind = random.random()
    if kind < 0.02:
        return random.randbytes(random.randrange(40))
    if kind < 0.04:
        return hugeFrame(random, limit)
    if kind < 0.05:
        # More than are taken in one turn.
        count, kinds = random.randrange(60, 140), _SOUND
    else:
        count, kinds = random.choice((1, 2, 3, 4, 6)), _KINDS
    data = b"".join(make(random, limit) for make in random.choices(kinds, k=count))
    return _damaged(random, data) if kind > 0.8 else data


def piecesOf(random: Random, data: bytes) -> list[bytes]:
    """
    The stream, cut anywhere.
    """
    kind = random.random()
    if kind < 0.4:
        return [data]
    count = random.randrange(1, 5) if kind < 0.95 else random.randrange(1, 60)
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(count))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    return [piece for piece in pieces if piece]


def caseOf(random: Random) -> Case:
    """
    Any case.
    """
    limit = random.choice(LIMITS)
    answers, last = random.choice(((0, 0), (1, 0), (2, 0), (1, 1), (1, 3), (0, 2)))
    return Case(piecesOf(random, streamOf(random, limit)), limit, answers, last)


# What is made of it.


def _fails(case: Case) -> bool:
    try:
        compare(case)
    except Exception:
        return True
    return False


def _shorter(case: Case) -> Iterator[Case]:
    pieces = list(case.pieces)
    for at, piece in enumerate(pieces):
        before, behind = pieces[:at], pieces[at + 1 :]
        yield case._replace(pieces=before + behind)
        if behind:
            yield case._replace(pieces=[*before, piece + behind[0], *behind[1:]])
        size = len(piece)
        while size := size // 2:
            for start in range(0, len(piece), size):
                rest = piece[:start] + piece[start + size :]
                yield case._replace(pieces=[*before, rest, *behind])
    if case.answers or case.last:
        yield case._replace(answers=0, last=0)


def shortest(case: Case) -> Case:
    """
    A case that fails, with as little of it left out as still does.
    """
    shorter = _shorter(case)
    for _ in range(TRIES):
        found = next(shorter, None)
        if found is None:
            break
        if _fails(found):
            case, shorter = found, _shorter(found)
    return case


def _outcome(steps: Sequence[Step]) -> str:
    written = b"".join(step.written for step in steps)
    isDropped = bool(steps) and steps[-1].isDropped
    at = written.rfind(b"\x88", 0, -1)
    # An answer may have that byte in it: then the length behind it is wrong.
    isClosed = at >= 0 and len(written) == at + 2 + written[at + 1] and written[at + 1] >= 2
    said = f"closed with {int.from_bytes(written[at + 2 : at + 4], 'big')}" if isClosed else "open"
    return f"{said}, dropped" if isDropped else said


def run(
    count: int, seed: int, first: int = 1, report: Callable[[int], None] = _nothing
) -> tuple[int, Counter[str]]:
    """
    @param first: the number of the case to begin with.
    @param report: called now and then with the number of cases done.
    @return: how many messages there were in all, and how many streams ended in
        which way.
    @raise Differs: of the first case that fails, with all that is needed to
        repeat it.
    """
    messages, outcomes = 0, Counter[str]()
    for number in range(first, first + count):
        case = caseOf(Random(seed << 32 | number))
        try:
            steps = compare(case)
        except Exception as error:
            case = shortest(case)
            raise Differs(f"seed {seed}, case {number}: {error}; in short {case!r}") from error
        messages += sum(len(step.heard) for step in steps)
        outcomes[_outcome(steps)] += 1
        if (number - first + 1) % max(1, count // REPORTS) == 0:
            report(number - first + 1)
    return messages, outcomes


def _command(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare our WebSockets with Autobahn's.")
    parser.add_argument("--count", type=int, default=1_000_000, help="how many streams")
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it")
    parser.add_argument("--first", type=int, default=1, help="the number of the first stream")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """
    Run, and print what came of it.
    """
    options = _command(arguments)
    seed, report = begin("", "streams", options.count, options.seed)
    messages, outcomes = run(options.count, seed, options.first, report)
    print(f"no difference; {messages} messages; of the streams were at their end:")
    for outcome, number in outcomes.most_common():
        print(f"{number:9}  {outcome}")


if __name__ == "__main__":
    main(sys.argv[1:])
