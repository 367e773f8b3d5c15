"""
MessagePack, as C{socket.io-msgpack-parser} writes and reads it: what JSON can
say, and binary data (U{https://github.com/msgpack/msgpack/blob/master/spec.md}).

Its extensions tell undefined values, dates and buffers apart by nothing but
the form of their length, which libraries do not pass on. A date is read as
JSON has it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import isfinite
from struct import Struct
from struct import error as StructError
from typing import Any, ClassVar

from txsocketio.errors import LocalProtocolError, RemoteProtocolError, UnsupportedByClient
from txsocketio.packets import Packet
from txsocketio.protocol._framing import MAX_DIGITS
from txsocketio.protocol._json import MAX_DEPTH, dumps
from txsocketio.protocol._sio import (
    ABSENT,
    BINARY_EVENT,
    FIFTH,
    FIFTH_FROM_SERVER,
    FOURTH,
    FOURTH_FROM_SERVER,
    Codec,
    Revision,
)
from txsocketio.protocol._utf16 import wellFormed
from txsocketio.settings import Settings

_TOO_MANY = 10**MAX_DIGITS

_NIL, _FALSE, _TRUE = 0xC0, 0xC2, 0xC3
_UNDEFINED, _DATE = 0xD4, 0xD7

_DOUBLE, _UNSIGNED, _SIGNED = 0xCB, range(0xCC, 0xD0), range(0xD0, 0xD4)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_NUMBERS = {
    code: Struct(f">{form}") for code, form in zip(range(0xCA, 0xD4), "fdBHIQbhiq", strict=True)
}
"""How numbers are read, by the byte that begins them."""

_LENGTHS = [Struct(form) for form in (">B", ">H", ">I")]
"""How lengths are read and written."""

_STRINGS = range(0xD9, 0xDC)
_BYTES = range(0xC4, 0xC7)
_BUFFERS = range(0xC7, 0xCA)
_ARRAYS = range(0xDC, 0xDE)
_MAPS = range(0xDE, 0xE0)


class _Unpacking:
    """
    A value under way.
    """

    __slots__ = ("_at", "_data", "_depth")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._depth = 0

    @property
    def isAtEnd(self) -> bool:
        """
        Whether there is nothing more.
        """
        return self._at == len(self._data)

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise RemoteProtocolError("the MessagePack ends too early")
        return self._data[start : self._at]

    def _number(self, form: Struct) -> Any:
        return form.unpack(self._take(form.size))[0]

    def value(self) -> Any:
        """
        The next value.
        """
        code = self._take(1)[0]
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code < 0x90:
            return self._map(code & 0xF)
        if code < 0xA0:
            return self._array(code & 0xF)
        if code < 0xC0:
            return self._string(code & 0x1F)
        return self._longer(code)

    def _longer(self, code: int) -> Any:
        if code in _NUMBERS:
            number = self._number(_NUMBERS[code])
            if not isfinite(number):
                raise RemoteProtocolError("the MessagePack holds a number that is none")
            return number
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        for codes, read in _SIZED:
            if code in codes:
                return read(self, self._number(_LENGTHS[code - codes.stop]))
        return self._extension(code)

    def _extension(self, code: int) -> Any:
        if code == _UNDEFINED and self._take(2)[0] == 0:
            return None
        if code == _DATE and self._take(1)[0] == 0:
            return _date(int.from_bytes(self._take(8), "big", signed=True))
        raise RemoteProtocolError("the MessagePack holds something that is not known")

    def _string(self, size: int) -> str:
        try:
            return self._take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise RemoteProtocolError("the MessagePack holds text that is no UTF-8") from None

    def _buffer(self, size: int) -> bytes:
        if self._take(1)[0] != 0:
            raise RemoteProtocolError("the MessagePack holds something that is not known")
        return self._take(size)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RemoteProtocolError("the MessagePack is nested too deeply")

    def _array(self, size: int) -> list[Any]:
        self._deeper()
        # Not more at once than there is.
        values = []
        for _ in range(size):
            values.append(self.value())
        self._depth -= 1
        return values

    def _map(self, size: int) -> dict[str, Any]:
        self._deeper()
        values: dict[str, Any] = {}
        for _ in range(size):
            key = self.value()
            if type(key) is not str:
                raise RemoteProtocolError("the MessagePack holds a key that is no text")
            values[key] = self.value()
        self._depth -= 1
        return values


_CONSTANTS = {_NIL: None, _FALSE: False, _TRUE: True}

_SIZED: tuple[tuple[range, Callable[[_Unpacking, int], Any]], ...] = (
    (_STRINGS, _Unpacking._string),
    (_BYTES, _Unpacking._take),
    (_BUFFERS, _Unpacking._buffer),
    (_ARRAYS, _Unpacking._array),
    (_MAPS, _Unpacking._map),
)
"""What is read behind its length, by the bytes that begin it."""


def _date(milliseconds: int) -> str:
    try:
        date = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise RemoteProtocolError("the MessagePack holds a date that is too far away") from None
    return f"{date.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def unpack(data: bytes) -> Any:
    """
    @raise RemoteProtocolError: this is not one value.
    """
    unpacking = _Unpacking(data)
    try:
        value = unpacking.value()
    except RecursionError:
        raise RemoteProtocolError("the MessagePack is nested too deeply") from None
    if not unpacking.isAtEnd:
        raise RemoteProtocolError("the MessagePack goes on behind its end")
    return value


def _head(size: int, short: int, limit: int, codes: range) -> bytes:
    """
    The beginning of what is written behind its length.

    @param short: becomes the byte that begins it, if it is shorter than
        C{limit}.
    @param codes: the bytes that begin it if it is not.
    """
    if size < limit:
        return bytes((short | size,))
    for code, form in zip(codes, _LENGTHS[-len(codes) :], strict=True):
        if size < 1 << 8 * form.size:
            return bytes((code,)) + form.pack(size)
    raise LocalProtocolError("this is too long to be written as MessagePack")


def _integer(value: int) -> bytes:
    if -0x20 <= value < 0x80:
        return bytes((value & 0xFF,))
    for code in _SIGNED if value < 0 else _UNSIGNED:
        form = _NUMBERS[code]
        try:
            return bytes((code,)) + form.pack(value)
        except StructError:
            continue
    raise UnsupportedByClient("an integer of more than 64 bits cannot be written as MessagePack")


def _key(key: object) -> str:
    """
    As JSON has it: numbers and constants become texts.
    """
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (int, float)):
        return dumps(key)
    raise LocalProtocolError(f"a {type(key).__name__} cannot be a key")


def _write(value: Any, out: bytearray) -> None:
    if value is None:
        out.append(_NIL)
    elif isinstance(value, str):
        text = wellFormed(value).encode("utf-8")
        out += _head(len(text), 0xA0, 0x20, _STRINGS) + text
    elif isinstance(value, bool):
        out.append(_TRUE if value else _FALSE)
    elif isinstance(value, int):
        out += _integer(int(value))
    elif isinstance(value, float):
        if not isfinite(value):
            raise LocalProtocolError(f"{value} cannot be sent")
        out.append(_DOUBLE)
        out += _NUMBERS[_DOUBLE].pack(value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        out += _head(len(data), 0, 0, _BYTES) + data
    elif isinstance(value, (list, tuple)):
        out += _head(len(value), 0x90, 0x10, _ARRAYS)
        for each in value:
            _write(each, out)
    elif isinstance(value, dict):
        out += _head(len(value), 0x80, 0x10, _MAPS)
        for key, each in value.items():
            _write(_key(key), out)
            _write(each, out)
    else:
        raise LocalProtocolError(f"a {type(value).__name__} cannot be written as MessagePack")


def pack(value: Any) -> bytes:
    """
    @raise UnsupportedByClient: there is an integer of more than 64 bits in it.
    @raise LocalProtocolError: there is something in it that is neither binary
        data nor anything that JSON can say.
    """
    out = bytearray()
    try:
        _write(value, out)
    except RecursionError as error:
        raise LocalProtocolError(f"this cannot be written as MessagePack: {error}") from error
    return bytes(out)


class MsgpackReader:
    """
    Reads packets that are MessagePack.
    """

    __slots__ = ("_revision",)

    def __init__(self, revision: Revision) -> None:
        self._revision = revision

    def text(self, data: str, start: int) -> Packet | None:
        """
        See L{txsocketio.protocol._sio.Reader.text}.
        """
        raise RemoteProtocolError("text where all packets are MessagePack")

    def binary(self, data: bytes) -> Packet | None:
        """
        See L{txsocketio.protocol._sio.Reader.binary}.
        """
        fields = unpack(data)
        if type(fields) is not dict:
            raise RemoteProtocolError("a packet that is no map")
        kind, name, id, content = map(fields.get, ("type", "nsp", "id", "data"))
        if type(kind) is not int or kind not in range(BINARY_EVENT):
            raise RemoteProtocolError("a packet of an unknown type")
        if type(name) is not str:
            raise RemoteProtocolError("a namespace's name that cannot be")
        if id is not None and (type(id) is not int or not 0 <= id < _TOO_MANY):
            raise RemoteProtocolError(f"an id is no number of up to {MAX_DIGITS} digits")
        return self._revision.read(kind, name, id, ABSENT if content is None else content)


class MsgpackCodec:
    """
    Packets as MessagePack: maps of C{type}, C{nsp}, C{data} and C{id}.
    """

    hasNamespaces: ClassVar[bool] = True

    def __init__(self, revision: Revision) -> None:
        self._revision = revision

    def reader(self, settings: Settings) -> MsgpackReader:
        """
        See L{Codec.reader}.
        """
        return MsgpackReader(self._revision)

    def encode(self, packet: Packet) -> tuple[str | bytes, ...]:
        """
        See L{Codec.encode}.
        """
        kind, data = self._revision.write(packet)
        fields: dict[str, Any] = {
            "type": kind,
            "nsp": packet.namespace + self._revision.asking(packet),
        }
        if data is not ABSENT:
            fields["data"] = data
        if packet.id is not None:
            fields["id"] = packet.id
        return (pack(fields),)


FOURTH_MSGPACK: Codec = MsgpackCodec(FOURTH)
FIFTH_MSGPACK: Codec = MsgpackCodec(FIFTH)
FOURTH_CLIENT_MSGPACK: Codec = MsgpackCodec(FOURTH_FROM_SERVER)
FIFTH_CLIENT_MSGPACK: Codec = MsgpackCodec(FIFTH_FROM_SERVER)
