"""
What C{benchmarks/storm.py} sends, before it is damaged. All of it is text whose
characters stand for bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.peers import webSocketFrame

SID = "{sid}"
"""Stands for the id of a session."""


class Words(NamedTuple):
    """
    See L{benchmarks.fuzz.Corpus}.
    """

    valid: Sequence[str]
    contents: Sequence[str]
    frame: Callable[[str], str]
    alphabet: Sequence[str]


# Packets.

_PACKETS = (
    "0",
    "1",
    "2",
    "2probe",
    "3",
    "3probe",
    "5",
    "6",
    "40",
    '40{"token":"x"}',
    '40/chat,{"token":"x"}',
    "40/chat?a=b",
    "41",
    "41/chat,",
    '42["message","hello"]',
    '42["message","h\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80"]',
    '42["message",{"a":[1,-2.5e3,null,true,"\\ud800\\u2028"]}]',
    '4212["user:joined","x"]',
    '42/chat,7["chat","hi"]',
    '431["ok"]',
    '44"no"',
    '451-["bytes",1,{"_placeholder":true,"num":0}]',
    '452-/chat,9["bytes",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
    '461-3[{"_placeholder":true,"num":0}]',
)
_ALPHABET = (*'0123456789-,/[]{}":b\\? ', "\x1e", "\xc3", "\xff", "_placeholder", "null", '"num"')


def _joined(packet: str) -> str:
    return f"{packet}\x1e"


def _counted(packet: str) -> str:
    return f"{len(packet)}:{packet}"


def _ofBytes(packet: str) -> str:
    digits = "".join(chr(int(digit)) for digit in str(len(packet)))
    return f"\x00{digits}\xff{packet}"


PACKETS4 = Words(
    [_joined(packet) for packet in (*_PACKETS, "bAAEC", "b")],
    _PACKETS,
    _joined,
    _ALPHABET,
)
PACKETS3 = Words(
    [_counted(packet) for packet in (*_PACKETS, "b4AAEC", "b4")],
    _PACKETS,
    _counted,
    _ALPHABET,
)
BINARY3 = Words(
    [_ofBytes(packet) for packet in _PACKETS] + ["\x01\x04\xff\x04\x00\x01\x02"],
    _PACKETS,
    _ofBytes,
    (*_ALPHABET, "\x00", "\x01", "\x09", "\xff\xff"),
)

_FIRST = (
    "1:6::hello,",
    "1:9:/chat:hey,",
    "0:0:,",
    "2:2:10,",
    "1:19:j\n:[1,2.5,null,true],",
    "1:9:r:chat\n:x,",
    "0:9:undefined,",
)
FIRST = Words(
    _FIRST,
    ["hello", "j\n:[1]", "r:chat\n:x", "a:b"],
    lambda data: f"1:{len(data) + 1}::{data},",
    (*'0123456789:,\nrj[]{}"\\ -', "\xc3", "\xff"),
)

_COLON = (
    "0::",
    "0::/chat",
    "1::",
    "1::/chat?a=b",
    "2::",
    "3:::hello",
    "3:1::h\xc3\xa9 \xe2\x98\x83 \xf0\x9f\x98\x80",
    '4:::{"a":[1,-2.5e3,null,true,"\\ud800\\u2028"]}',
    '5:::{"name":"user:joined"}',
    '5:2+::{"name":"message","args":["x"]}',
    '5::/chat:{"name":"chat","args":["hi",{}]}',
    "6:::1",
    '6:::2+["ok"]',
    "7:::1+0",
    "8::",
)
_MARK = "\xef\xbf\xbd"


def _marked(packet: str) -> str:
    characters = packet.encode("latin-1").decode("utf-8", "replace")
    return f"{_MARK}{len(characters.encode('utf-16-le')) // 2}{_MARK}{packet}"


COLON = Words(
    [_marked(packet) for packet in _COLON],
    _COLON,
    _marked,
    (*'012345678:+/?,[]{}"\\ -', "\xc3", "\xff", _MARK, f"{_MARK}5{_MARK}", '"name"', '"args"'),
)


# WebSocket.


def _message(text: str) -> str:
    return webSocketFrame(1, text.encode("latin-1")).decode("latin-1")


FRAMES = Words(
    [
        *(_message(text) for text in (*_PACKETS, *_FIRST, *_COLON)),
        webSocketFrame(2, b"\x00\x01\x02").decode("latin-1"),
        webSocketFrame(2, b"\x04\x00\x01\x02").decode("latin-1"),
        webSocketFrame(8, b"\x03\xe8").decode("latin-1"),
        webSocketFrame(9, b"ping").decode("latin-1"),
        webSocketFrame(10, b"pong").decode("latin-1"),
        _message('42["message","' + "x" * 300 + '"]'),
        "\x01\x82\x00\x00\x00\x0042\x80\x83\x00\x00\x00\x00[1]",
    ],
    (*_PACKETS, *_FIRST, *_COLON),
    _message,
    (*"\x00\x01\x7e\x7f\x80\x81\x82\x88\x89\x8a\x91\xc1\xfe\xff", "\x81\xff" + "\xff" * 8),
)


# HTTP.

_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
)
_HIXIE = (
    "Upgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://x\r\n"
    "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"
)

URLS = (
    "/socket.io/?EIO=4&transport=polling&t=x",
    f"/socket.io/?EIO=4&transport=polling&t=x&sid={SID}",
    f"/socket.io/?EIO=4&transport=websocket&sid={SID}",
    "/socket.io/?EIO=3&transport=polling&b64=1",
    f"/socket.io/?EIO=3&transport=polling&j=0&sid={SID}",
    f"/socket.io/?EIO=3&transport=websocket&sid={SID}",
    "/socket.io/?transport=polling",
    "/socket.io/xhr-polling/",
    f"/socket.io/xhr-polling/{SID}/7",
    f"/socket.io/xhr-polling/{SID}/send",
    "/socket.io/websocket",
    "/socket.io/htmlfile/",
    "/socket.io/jsonp-polling//1/0",
    "/socket.io/server-events",
    "/socket.io/xhr-multipart/",
    "/socket.io/socket.io.js",
    "/socket.io/1/?t=1",
    "/socket.io/1/?jsonp=0",
    f"/socket.io/1/xhr-polling/{SID}?t=1",
    f"/socket.io/1/jsonp-polling/{SID}?t=1&i=0",
    f"/socket.io/1/htmlfile/{SID}",
    f"/socket.io/1/websocket/{SID}",
    f"/socket.io/1/flashsocket/{SID}?disconnect=1",
    "/",
)


def _get(url: str, headers: str = "") -> str:
    return f"GET {url} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"


def post(url: str, body: str, contentType: str = "text/plain; charset=UTF-8") -> str:
    """
    A POST that is as it should be.
    """
    return (
        f"POST {url} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {contentType}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def _requests() -> Iterator[str]:
    for url in URLS:
        yield _get(url)
        yield _get(url, _UPGRADE)
        yield post(url, '42["message","hello"]')
    yield _get("/socket.io/websocket", _HIXIE) + "^n:ds[4U"
    yield post(f"/socket.io/xhr-polling/{SID}/send", f"data={_FIRST[0]}", FORM)
    yield post(f"/socket.io/?EIO=3&transport=polling&j=0&sid={SID}", 'd=5:42["x"]', FORM)
    yield post(f"/socket.io/1/xhr-polling/{SID}?t=1", _COLON[5])
    yield post(f"/socket.io/1/jsonp-polling/{SID}?t=1&i=0", f'd="{_COLON[5]}"', FORM)
    yield _get(f"/socket.io/1/websocket/{SID}", _HIXIE) + "^n:ds[4U"
    yield f"OPTIONS {URLS[0]} HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n\r\n"
    chunked = "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n41\r\n0\r\n\r\n"
    yield f"POST {URLS[1]} HTTP/1.1\r\n{chunked}"
    yield "<policy-file-request/>\x00"


FORM = "application/x-www-form-urlencoded"

REQUESTS = Words(
    tuple(_requests()),
    URLS,
    _get,
    (
        *" :/?&=%;,.\x00\xff\r\n",
        "\r\n\r\n",
        "A" * 300,
        "%00",
        "%ff",
        "..",
        "POST",
        "HEAD",
        "PUT",
        "HTTP/1.0",
        "HTTP/9.9",
        "EIO=4",
        "EIO=3",
        "EIO=2",
        "transport=websocket",
        "transport=__proto__",
        "sid=",
        "j=0",
        "jsonp=0",
        "i=0",
        "disconnect=1",
        "/1/",
        "Content-Length: 5\r\n",
        "Content-Length: 99999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Upgrade: websocket\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "Accept-Encoding: gzip\r\n",
        "0\r\n\r\n",
    ),
)
