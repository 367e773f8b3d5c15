"""
A client of the first protocol that says what it is told to, over WebSocket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from txsocketio import Client
from txsocketio.test.support import CLOSE, TEXT, Server, WebSocketFrame

_FRAME = re.compile(r"(\d):(\d+):(.*),", re.DOTALL)


class Peer:
    """
    One connection to a L{Server}. Of plain ASCII, so lengths are simple.

    @ivar sid: the session id that the server has told.
    """

    def __init__(self, server: Server, headers: Mapping[str, str] | None = None) -> None:
        self._server = server
        self.wire = server.webSocket(headers=headers)
        opening, *self._rest = self._take()
        assert opening.startswith("3:20:"), opening
        self.sid = opening[5:-1]

    @property
    def client(self) -> Client:
        """
        This peer on the server's side, in the default namespace.
        """
        return self._server.io.clients[self.sid]

    def inRealm(self, name: str) -> Client:
        """
        This peer on the server's side, in a realm.
        """
        return self._server.io.realm(name).clients[self.sid]

    def say(self, data: str) -> None:
        """
        Send a message's data: annotations and text.
        """
        self.wire.say(f"1:{len(data)}:{data},")

    def send(self, text: str) -> None:
        """
        Send a text message in the default namespace.
        """
        self.say(f":{text}")

    def emit(self, event: str, *args: Any, id: int | None = None, realm: str = "") -> None:
        """
        Send an event.
        """
        self.say(eventData(event, *args, id=id, realm=realm))

    def acknowledge(self, id: int, *args: Any) -> None:
        """
        Answer an event that asks for it.
        """
        self.emit("", *args, id=id)

    def goodbye(self) -> None:
        """
        Leave in good order.
        """
        self.wire.say("0:0:,")

    def heard(self) -> list[str]:
        """
        What has come since the last call: the data of each message, every
        other frame as it is, and a WebSocket's closing as C{close CODE}.
        """
        frames, self._rest = [*self._rest, *self._take()], []
        found = []
        for frame in frames:
            match = _FRAME.fullmatch(frame)
            found.append(match[3] if match and match[1] == "1" else frame)
        return found

    def _take(self) -> list[str]:
        return [_read(frame) for frame in self.wire.frames()]


def eventData(event: str, *args: Any, id: int | None = None, realm: str = "") -> str:
    """
    The data of an event's message.
    """
    head = (f"r:{realm}\n" if realm else "") + ("" if id is None else f"a:{id}\n")
    return f"{head}e:{event}\nj:{json.dumps(list(args), separators=(',', ':'))}"


def _read(frame: WebSocketFrame) -> str:
    if frame.opcode == CLOSE:
        return f"close {int.from_bytes(frame.payload[:2], 'big')}"
    assert frame.opcode == TEXT, frame
    return frame.payload.decode("utf-8")


def events(*heard: str) -> list[tuple[str, list[Any]]]:
    """
    Name and arguments of events in the default namespace.
    """
    found = []
    for data in heard:
        head, _, text = data.partition("\nj:")
        assert head.startswith("e:"), data
        found.append((head[2:], json.loads(text)))
    return found
