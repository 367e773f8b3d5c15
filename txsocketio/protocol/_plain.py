"""
Engine.IO alone, for who builds on that: text and binary data are messages.
"""

from __future__ import annotations

from typing import ClassVar

from txsocketio.errors import UnsupportedByClient
from txsocketio.packets import ROOT, Kind, Packet
from txsocketio.protocol._sio import Codec
from txsocketio.protocol._utf16 import wellFormed
from txsocketio.settings import Settings


class PlainReader:
    """
    Each message is a packet.
    """

    def text(self, data: str, start: int) -> Packet | None:
        """
        See L{txsocketio.protocol._sio.Reader.text}.
        """
        return Packet(Kind.MESSAGE, data[start:])

    def binary(self, data: bytes) -> Packet | None:
        """
        See L{txsocketio.protocol._sio.Reader.binary}.
        """
        return Packet(Kind.JSON, data)


class PlainCodec:
    """
    Messages, and nothing else.
    """

    hasNamespaces: ClassVar[bool] = False

    def reader(self, settings: Settings) -> PlainReader:
        """
        See L{Codec.reader}.
        """
        return PlainReader()

    def encode(self, packet: Packet) -> str | tuple[str | bytes, ...]:
        """
        See L{Codec.encode}.
        """
        kind, data = packet.kind, packet.data
        if packet.namespace == ROOT and packet.id is None:
            if kind is Kind.MESSAGE and isinstance(data, str):
                return wellFormed(data)
            if kind is Kind.JSON and isinstance(data, (bytes, bytearray, memoryview)):
                return (bytes(data),)
        raise UnsupportedByClient("Engine.IO alone carries nothing but text and binary data")


PLAIN: Codec = PlainCodec()
