"""
Whoever implements one of L{txsocketio.interfaces} does so.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface, implementedBy
from zope.interface.verify import verifyObject

import txsocketio
from txsocketio import interfaces
from txsocketio.backplane.memory import MemoryBackplane
from txsocketio.clientdialects import CLIENT_PROTOCOLS
from txsocketio.interfaces import (
    IBackplane,
    IClientDecoder,
    IClientDialect,
    IDecoder,
    IDialect,
    IReceiver,
    ISession,
    ITransport,
)
from txsocketio.protocol import annotated, colon, eio3, eio4, tilde
from txsocketio.session import _DISCARDING
from txsocketio.settings import Settings
from txsocketio.test.fakes import Bench, FakeDecoder
from txsocketio.test.support import Server

CONTRACTS = {
    each
    for _, each in inspect.getmembers(interfaces)
    if isinstance(each, type(Interface)) and each is not Interface
}
"""All interfaces of ours."""


def implementers() -> Iterator[tuple[Any, type]]:
    """
    Each contract and each class of the package that implements it.
    """
    for module in walk_packages(txsocketio.__path__, "txsocketio."):
        if module.name.startswith("txsocketio.test"):
            continue
        for _, each in inspect.getmembers(import_module(module.name), inspect.isclass):
            if each.__module__ == module.name:
                for contract in CONTRACTS.intersection(implementedBy(each)):
                    yield contract, each


def made() -> Iterator[tuple[Any, object]]:
    """
    Each contract and what implements it, as the package makes it.
    """
    server = Server()
    sid = server.open()
    server.poll(sid)
    server.webSocket()
    server.get("/websocket", {"Upgrade": "WebSocket"})
    server.get("/htmlfile/")
    for session in server.io._manager.sessions.values():
        yield ISession, session
        yield IReceiver, session._receiver
        yield ITransport, session._transport
    bench = Bench(isModern=True)
    bench.poll()
    yield ISession, bench.offer().session
    yield IReceiver, _DISCARDING
    dialects: tuple[IDialect, ...] = (
        annotated.SPECIFICATION,
        annotated.GENUINE,
        tilde.TILDE,
        colon.COLON,
        eio4.EIO4_TEXT,
        eio3.EIO3_TEXT,
        eio3.EIO3_TEXT.speaking({b"b64": [b"1"]}),
        eio3.EIO3_TEXT.speaking({b"EIO": [b"2"]}),
    )
    for dialect in dialects:
        yield IDialect, dialect
        yield IDecoder, dialect.decoder(Settings())
    for client in CLIENT_PROTOCOLS.values():
        yield IClientDialect, client
        yield IClientDecoder, client.decoder(Settings())
    yield IBackplane, MemoryBackplane()


class ImplementersTests(SynchronousTestCase):
    """
    Every contract is kept.
    """

    def test_package(self) -> None:
        """
        By all that the package makes.
        """
        for contract, each in made():
            self.assertTrue(verifyObject(contract, each), each)

    def test_complete(self) -> None:
        """
        There is nothing that implements a contract and was not looked at.
        """
        found = set(implementers())
        self.assertEqual({contract for contract, _ in found}, CONTRACTS)
        self.assertEqual({(contract, type(each)) for contract, each in made()}, found)

    def test_fakes(self) -> None:
        """
        The stand-ins of the tests are worth what they stand for.
        """
        bench = Bench()
        for contract, each in (
            (IReceiver, bench.receiver),
            (IDialect, bench.dialect),
            (IDecoder, FakeDecoder(bench.dialect)),
            (ITransport, bench.poll()),
            (ITransport, bench.stream()),
        ):
            self.assertTrue(verifyObject(contract, each), each)
