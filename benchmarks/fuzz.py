"""
Feed a decoder with damaged wire text, very much of it.

    python benchmarks/fuzz.py annotated --count 1000000 [--seed N]

Each case is valid text with a few mutations, or random text, cut into pieces
anywhere. It has to give packets, or RemoteProtocolError with one line of reason;
anything else ends the run and shows the case.
"""

from __future__ import annotations

import argparse
import re
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple, Protocol

from zope.interface import implementer

from benchmarks.seeded import REPORTS, begin
from txsocketio.errors import RemoteProtocolError
from txsocketio.interfaces import IClientDecoder, IClientDialect, IDecoder, IDialect
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._msgpack import pack
from txsocketio.protocol._utf16 import units
from txsocketio.protocol.annotated import ANNOTATED_CLIENT, GENUINE, SPECIFICATION
from txsocketio.protocol.colon import COLON, COLON_CLIENT
from txsocketio.protocol.eio3 import EIO3_CLIENT, EIO3_TEXT
from txsocketio.protocol.eio4 import EIO4_CLIENT, EIO4_MSGPACK, EIO4_TEXT
from txsocketio.protocol.tilde import TILDE, TILDE_CLIENT
from txsocketio.settings import Settings
from txsocketio.transports.hixie import Reader

LONGEST_REASON = 100

VARIABLE = re.compile(r"' '|'\S+'|\d+")
"""What differs between errors of one kind."""

LIMITS = Settings(maxPayload=100, maxPackets=8)
ROOMY = Settings(maxPayload=400, maxPackets=8)
"""What several packets are in, or an opening, needs more room."""


class Corpus(Protocol):
    """
    What damaged text is made of: see L{Target}.
    """

    @property
    def valid(self) -> Sequence[str]:
        """
        Texts.
        """

    @property
    def contents(self) -> Sequence[str]:
        """
        Parts of texts.
        """

    @property
    def frame(self) -> Callable[[str], str]:
        """
        Makes a text of such a part.
        """

    @property
    def alphabet(self) -> Sequence[str]:
        """
        Characters.
        """


class Target(NamedTuple):
    """
    What is fuzzed.

    @ivar decoder: makes a new decoder.
    @ivar valid: texts that hold one packet each.
    @ivar contents: what valid frames hold of which the content has a form of
        its own.
    @ivar frame: puts content into a frame that is valid whatever the content.
    @ivar alphabet: the characters, or words, of which random text is made.
    @ivar join: makes one body of messages, each of which is whole; L{None} if
        texts may run into one another and be cut anywhere.
    """

    decoder: Callable[[], IClientDecoder]
    valid: Sequence[str]
    contents: Sequence[str]
    frame: Callable[[str], str]
    alphabet: Sequence[str]
    join: Callable[[Sequence[str]], str] | None = None


class Defect(Exception):
    """
    A decoder did what it must not do.
    """


def annotatedTexts() -> Iterator[str]:
    """
    A client's frames of each kind, in both forms.
    """
    packets = [
        Packet(Kind.MESSAGE, "hello"),
        Packet(Kind.MESSAGE, "h\xe9 \u2603 \U0001f600,1:2::a,"),
        Packet(Kind.MESSAGE, "x\n:y", "/chat", None, {"n": "5", "m": None}),
        Packet(Kind.MESSAGE, "", "/a:b"),
        Packet(Kind.JSON, {"a": [1, -2.5e3, None, True, "\ud800\u2028"]}),
        Packet(Kind.JSON, "x", "/chat", None, {"n": None}),
        Packet(Kind.EVENT, ["chat", "hi", {"b": []}], "/", 12),
        Packet(Kind.EVENT, ["user:joined"], "/chat"),
        Packet(Kind.ACK, ["ok"], "/chat", 0),
        Packet(Kind.CONNECT, {"token": "x"}, "/chat"),
        Packet(Kind.DISCONNECT, None, "/chat"),
        Packet(Kind.PONG, 10),
        Packet(Kind.CLOSE),
    ]
    for dialect in (SPECIFICATION, GENUINE):
        yield from (dialect.encode(packet).text for packet in packets)
    yield "0:9:undefined,"


def annotatedFrame(data: str) -> str:
    """
    A message with this data.
    """
    return f"1:{units(data)}:{data},"


@implementer(IDecoder)
class HixieDecoder:
    """
    A WebSocket of the drafts of 2010 with frames of the first protocol in it.
    Each character stands for a byte.
    """

    def __init__(self) -> None:
        self._reader = Reader(LIMITS.maxPayload)
        self._decoder = SPECIFICATION.decoder(LIMITS)
        self.dialect = SPECIFICATION

    def message(self, data: str | bytes) -> Iterator[Packet]:
        """
        The packets in some of the connection's bytes.
        """
        for text in self._reader.read(data.encode("latin-1") if isinstance(data, str) else data):
            yield from self._decoder.message(text)

    payload = message


def hixieFrame(data: str) -> str:
    """
    A frame with this text, whose characters stand for bytes.
    """
    return f"\x00{data}\xff"


HIXIE_TEXTS = tuple(text.encode("utf-8", "replace").decode("latin-1") for text in annotatedTexts())


def tildeTexts() -> Iterator[str]:
    """
    Frames of each kind, of a client of Socket.IO 0.6.
    """
    packets = [
        Packet(Kind.MESSAGE, "hello"),
        Packet(Kind.MESSAGE, ""),
        Packet(Kind.MESSAGE, "h\xe9 \u2603 \U0001f600~m~1~m~"),
        Packet(Kind.JSON, {"a": [1, -2.5e3, None, True, "\ud800\u2028"]}),
        Packet(Kind.JSON, "~j~"),
        Packet(Kind.PONG, 1),
        Packet(Kind.PONG, 10),
    ]
    yield from (TILDE.encode(packet).text for packet in packets)


def tildeFrame(data: str) -> str:
    """
    A frame with this data.
    """
    return f"~m~{units(data)}~m~{data}"


def colonTexts() -> Iterator[str]:
    """
    A client's packets of each kind, of Socket.IO 0.7 to 0.9.
    """
    packets = [
        Packet(Kind.MESSAGE, "hello"),
        Packet(Kind.MESSAGE, "h\xe9 \u2603 \U0001f600\ufffd1\ufffd:", "/chat"),
        Packet(Kind.JSON, {"a": [1, -2.5e3, None, True, "\ud800\u2028"]}),
        Packet(Kind.EVENT, ["chat", "hi", {"b": []}], "/", 12),
        Packet(Kind.EVENT, ["user:joined"], "/chat"),
        Packet(Kind.ACK, ["ok"], "/chat", 1),
        Packet(Kind.ACK, [], "/", 2),
        Packet(Kind.CONNECT, {"token": "x"}, "/chat"),
        Packet(Kind.DISCONNECT, None, "/chat"),
        Packet(Kind.PONG),
        Packet(Kind.NOOP),
        Packet(Kind.CLOSE),
    ]
    yield from (COLON_CLIENT.encode(packet).text for packet in packets)
    yield from ("1::/chat?a=b", "3:1::x", '5:7:/chat:{"name":"x","args":[1]}', "1::", "7:::1+0")


def colonFrame(data: str) -> str:
    """
    An event with this data.
    """
    return f'5:1+:/chat:{{"name":"chat","args":[{data}]}}'


COLON_WORDS = (
    *'012345678:+/?,&=[]{}"\\ \n-N',
    *('"name"', '"args"', '"connect"', "/chat", "\ufffd", "\ufffd5\ufffd"),
    *("\xe9", "\u0663", "\U0001f600", "\ud83d", "\u2028"),
)


def colonBody(texts: Sequence[str]) -> str:
    """
    Packets as one body.
    """
    if len(texts) == 1:
        return texts[0]
    return "".join([f"\ufffd{units(text)}\ufffd{text}" for text in texts])


def enginePackets() -> Iterator[Packet]:
    """
    Packets of each kind that both sides may send.
    """
    yield Packet(Kind.EVENT, ["chat", "hi", {"b": [1, -2.5e3, None, True]}], "/", 12)
    yield Packet(Kind.EVENT, ["h\xe9 \u2603 \U0001f600"], "/chat")
    yield Packet(Kind.EVENT, ["bin", b"\x00\xff", {"a": [b""]}], "/chat", 0)
    yield Packet(Kind.ACK, ["ok"], "/chat", 0)
    yield Packet(Kind.ACK, [b"\xfe"], "/", 7)
    yield Packet(Kind.DISCONNECT, None, "/chat")


def engineTexts(dialect: IDialect) -> Iterator[str]:
    """
    A client's messages of each kind, as a body has them.
    """
    for packet in enginePackets():
        yield from (
            part if isinstance(part, str) else f"b{b64encode(part).decode()}"
            for part in dialect.encode(packet).parts
        )
    yield from ("1", "2", "2probe", "3", "5", "6", "40", '40{"a":1}', "40/chat?a=b,", "42/a,5[]")


def engineFrame(data: str) -> str:
    """
    An event with this data.
    """
    return f'42["chat",{data}]'


IN_BASE64 = EIO3_TEXT.speaking({b"b64": [b"1"]})

ENGINE_WORDS = ("42", "451-", "/chat,", '{"_placeholder":true,"num":0}', '["a"]')


@implementer(IDecoder)
class BytesDecoder:
    """
    A decoder that is given bytes, each as a character.
    """

    def __init__(self, dialect: IDialect, method: str) -> None:
        """
        @param method: the one that gets them all.
        """
        self._receive = getattr(dialect.decoder(LIMITS), method)
        self.dialect = dialect

    def message(self, data: str | bytes) -> Iterator[Packet]:
        """
        The packets in some bytes.
        """
        assert isinstance(data, str)
        packets: Iterator[Packet] = self._receive(data.encode("latin-1"))
        return packets

    payload = message


def binaryHead(length: int) -> bytes:
    """
    What stands before a text in a binary body.
    """
    return bytes((0, *map(int, str(length)), 0xFF))


def latin(data: bytes) -> str:
    """
    Each byte as a character.
    """
    return data.decode("latin-1")


TARGETS = {
    "eio4": Target(
        lambda: EIO4_TEXT.decoder(LIMITS),
        list(engineTexts(EIO4_TEXT)),
        ["1", '"x"', '{"_placeholder":true,"num":0}'],
        engineFrame,
        (*'0123456-/,[]{}"b=A+\x1e\\n ', *ENGINE_WORDS, "\xe9", "\u0663", "\U0001f600", "\ud83d"),
        "\x1e".join,
    ),
    "eio3": Target(
        lambda: EIO3_TEXT.decoder(LIMITS),
        list(engineTexts(IN_BASE64)),
        ["1", '"\xc3\xa9"', '{"_placeholder":true,"num":0}'],
        engineFrame,
        (*'0123456-/,[]{}"b=A+: ', *ENGINE_WORDS, "\xc3\xa9", "\u0663", "\U0001f600", "\ud83d"),
        lambda texts: "".join([f"{units(text)}:{text}" for text in texts]),
    ),
    "eio3-payload": Target(
        lambda: BytesDecoder(EIO3_TEXT, "payload"),
        [latin(EIO3_TEXT.join([EIO3_TEXT.encode(packet)])) for packet in enginePackets()],
        [text for text in engineTexts(IN_BASE64) if text.isascii()],
        lambda data: latin(binaryHead(len(data)) + data.encode("latin-1")),
        (*"\x00\x01\x02\x04\x09\xff\xc3\xa9\xed\xa0\x80", *'[]{}",402:', "\x01\x02\xff\x04\x00"),
        "".join,
    ),
    "msgpack": Target(
        lambda: BytesDecoder(EIO4_MSGPACK, "message"),
        [latin(EIO4_MSGPACK.encode(packet).data) for packet in enginePackets()]
        + [latin(pack({"type": 0, "nsp": "/", "data": value})) for value in ({}, {"a": 1.5})],
        [latin(pack(value)) for value in (1, "x", b"x", [], {}, [1.5, None], {"a": -(2**40)})],
        lambda data: f"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1a{data}",
        [chr(code) for code in range(256)],
        "".join,
    ),
    "annotated": Target(
        lambda: SPECIFICATION.decoder(LIMITS),
        tuple(annotatedTexts()),
        [text.split(":", 2)[2][:-1] for text in annotatedTexts() if text.startswith("1")],
        annotatedFrame,
        (*'0123456789:,\nreaj[]{}"\\ -N', "\xe9", "\u0663", "\U0001f600", "\ud83d", "\ude00"),
    ),
    "hixie": Target(
        HixieDecoder,
        [hixieFrame(text) for text in HIXIE_TEXTS] + ["\x01x\xff", "\x80\x02\xffx", "\xff\x00"],
        HIXIE_TEXTS,
        hixieFrame,
        (*"\x00\xff\x80\x81\x01\x7f\xc3\xa9\xf0\x9f1:,x", "\x80" * 12, "\xff\x00"),
    ),
    "colon": Target(
        lambda: COLON.decoder(ROOMY),
        tuple(colonTexts()),
        ["1", '"x"', '{"a":[null]}', '"\xe9\U0001f600"', ""],
        colonFrame,
        COLON_WORDS,
        colonBody,
    ),
    "tilde": Target(
        lambda: TILDE.decoder(LIMITS),
        tuple(tildeTexts()),
        [text.split("~", 4)[4] for text in tildeTexts()],
        tildeFrame,
        ("~m~", "~h~", "~j~", *'0123456789~mhj[]{}":, \n-N', "\xe9", "\u0663", "\U0001f600"),
    ),
}


ANSWERS: Mapping[str, tuple[IClientDialect, Sequence[str]]] = {
    "eio4": (
        EIO4_CLIENT,
        (
            '0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":9}',
            '40{"sid":"a","pid":"b"}',
            '44{"message":"no","data":1}',
            *("2", "3probe", "6", "1", "41/chat,"),
        ),
    ),
    "eio3": (
        EIO3_CLIENT,
        (
            '0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":5000}',
            *("40", "40/chat,", '44"no"', '44{"code":1}', "3", "3probe", "6", "1"),
        ),
    ),
    "colon": (COLON_CLIENT, ("1::", "1::/chat", "2::", "7::/chat:2", "7:::1+0", "8::", "0::")),
    "annotated": (
        ANNOTATED_CLIENT,
        ("3:2:77,", "2:1:5,", '1:34:e:connect_error\nj\n:[{"message":""}],', "0:0:,"),
    ),
    "tilde": (TILDE_CLIENT, ("~m~2~m~77", "~m~4~m~~h~1")),
}
"""What servers say beside what clients say too, and who reads it."""


def _fromServer(name: str) -> Target:
    """
    The same target, but that it is a server's text that is read.
    """
    target, (dialect, texts) = TARGETS[name], ANSWERS[name]
    return target._replace(
        decoder=lambda: dialect.decoder(ROOMY), valid=[*target.valid, *texts, *texts]
    )


TARGETS.update({f"{name}-client": _fromServer(name) for name in ANSWERS})


def _cutOut(random: Random, text: str, other: str) -> str:
    start = random.randrange(len(text) + 1)
    return text[:start] + text[start + random.randrange(1, 6) :]


def _putIn(random: Random, text: str, other: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + other + text[at:]


def _replace(random: Random, text: str, other: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + other + text[at + len(other) :]


def _double(random: Random, text: str, other: str) -> str:
    start = random.randrange(len(text) + 1)
    end = start + random.randrange(1, 10)
    return text[:end] + text[start:]


def _move(random: Random, text: str, other: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[at:] + text[:at]


MUTATIONS = (_cutOut, _putIn, _replace, _replace, _double, _move)


def mutated(random: Random, target: Corpus, text: str) -> str:
    """
    C{text} with up to four mutations.
    """
    for _ in range(random.randrange(5)):
        text = random.choice(MUTATIONS)(random, text, random.choice(target.alphabet))
    return text


def textOf(random: Random, target: Corpus) -> str:
    """
    Random text, or valid frames that have been damaged, or such with damaged
    content.
    """
    kind = random.random()
    if kind < 0.1:
        return "".join(random.choices(target.alphabet, k=random.randrange(30)))
    count = random.choice((1, 1, 1, 2, 3, 9))
    if kind < 0.5:
        return mutated(random, target, "".join(random.choices(target.valid, k=count)))
    contents = random.choices(target.contents, k=count)
    return "".join(target.frame(mutated(random, target, content)) for content in contents)


def piecesOf(random: Random, text: str) -> list[str]:
    """
    The text, cut at up to three places.
    """
    cuts = sorted(random.randrange(len(text) + 1) for _ in range(random.randrange(4)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
    return [piece for piece in pieces if piece] or [""]


def messagesOf(random: Random, target: Target) -> list[str]:
    """
    Messages that follow one another, some of them damaged.
    """
    kind, count = random.random(), random.choice((1, 1, 2, 3, 9))
    if kind < 0.1:
        return ["".join(random.choices(target.alphabet, k=random.randrange(30)))]
    if kind < 0.6:
        start = random.randrange(len(target.valid))
        texts = target.valid[start : start + count]
        return [mutated(random, target, text) if random.random() < 0.4 else text for text in texts]
    contents = random.choices(target.contents, k=count)
    return [target.frame(mutated(random, target, content)) for content in contents]


def caseOf(random: Random, target: Target, asPayload: bool) -> list[str]:
    """
    What a decoder is given, piece by piece.
    """
    if target.join is None:
        return piecesOf(random, textOf(random, target))
    messages = messagesOf(random, target)
    if not asPayload:
        return messages
    body = target.join(messages)
    return [mutated(random, target, body) if random.random() < 0.2 else body]


def tryCase(target: Target, pieces: Sequence[str], asPayload: bool) -> tuple[int, str]:
    """
    @return: how many packets there were, and the reason of the error that
        came behind them, or C{""}.
    @raise Defect: there was anything else.
    """
    decoder = target.decoder()
    receive = decoder.payload if asPayload else decoder.message
    count = 0
    try:
        for piece in pieces:
            for packet in receive(piece):
                if type(packet) is not Packet:
                    raise Defect(f"{packet!r} is no packet")
                count += 1
    except RemoteProtocolError as error:
        reason = error.reason
        if not reason or not reason.isprintable() or len(reason) > LONGEST_REASON:
            raise Defect(f"{reason!r} is no line of reason") from error
        return count, reason
    return count, ""


def fuzz(
    target: Target, count: int, seed: int, report: Callable[[int], None] = lambda done: None
) -> tuple[int, Counter[str]]:
    """
    @param report: called now and then with the number of cases done.
    @return: how many packets there were in all, and how many cases ended
        with which kind of error; C{""} stands for none.
    @raise Defect: of the first case that fails, with all that is needed to
        repeat it.
    """
    random = Random(seed)
    packets, reasons = 0, Counter[str]()
    for done in range(1, count + 1):
        asPayload = random.random() < 0.5
        pieces = caseOf(random, target, asPayload)
        try:
            found, reason = tryCase(target, pieces, asPayload)
        except Exception as error:
            raise Defect(f"seed {seed}, case {done}, payload {asPayload}: {pieces!a}") from error
        packets += found
        reasons[VARIABLE.sub("*", reason)] += 1
        if done % max(1, count // REPORTS) == 0:
            report(done)
    return packets, reasons


def _command(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Feed a decoder with damaged wire text.")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--count", type=int, default=1_000_000, help="how many cases")
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """
    Run, and print what came of it.
    """
    options = _command(arguments)
    seed, report = begin(f"{options.target}: ", "cases", options.count, options.seed)
    packets, reasons = fuzz(TARGETS[options.target], options.count, seed, report)
    print(f"{packets} packets; {reasons.pop('', 0)} cases without an error, the others with:")
    for reason, number in reasons.most_common():
        print(f"{number:9}  {reason}")


if __name__ == "__main__":
    main(sys.argv[1:])
