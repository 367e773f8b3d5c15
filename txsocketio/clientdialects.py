"""
All generations of the protocol, as a client speaks them.
"""

from __future__ import annotations

from collections.abc import Mapping

from twisted.python.reflect import namedAny

from txsocketio.interfaces import IClientDialect

CLIENT_PROTOCOLS: Mapping[str, IClientDialect] = {
    name: namedAny(f"txsocketio.protocol.{dialect}")
    for name, dialect in (
        ("annotated", "annotated.ANNOTATED_CLIENT"),
        ("0.6", "tilde.TILDE_CLIENT"),
        ("colon", "colon.COLON_CLIENT"),
        ("eio4", "eio4.EIO4_CLIENT"),
        ("eio3", "eio3.EIO3_CLIENT"),
        ("engine.io-4", "eio4.EIO4_CLIENT_PLAIN"),
        ("engine.io-3", "eio3.EIO3_CLIENT_PLAIN"),
    )
}
"""What can be chosen from, by the names that L{txsocketio.options.Options} has
for them."""

CLIENT_PARSERS: Mapping[str, Mapping[str, IClientDialect]] = {
    "text": CLIENT_PROTOCOLS,
    "msgpack": {
        **CLIENT_PROTOCOLS,
        "eio4": namedAny("txsocketio.protocol.eio4.EIO4_CLIENT_MSGPACK"),
        "eio3": namedAny("txsocketio.protocol.eio3.EIO3_CLIENT_MSGPACK"),
    },
}
"""The same, as the option C{parser} has them."""
