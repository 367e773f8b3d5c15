"""
Connect to a Socket.IO server, print what comes and send what is typed.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.stdio import StandardIO
from twisted.internet.task import react
from twisted.protocols.basic import LineOnlyReceiver

from txsocketio.clientdialects import CLIENT_PROTOCOLS
from txsocketio.errors import (
    ConnectFailed,
    ConnectionRefused,
    SocketIOError,
)
from txsocketio.outgoing.service import SocketIOClientService
from txsocketio.outgoing.socket import ClientSocket

_PROGRAM = "python -m txsocketio.outgoing"

_TYPED = """
What is typed:
  hello                 send the message "hello"
  /news 1 "two" [3]     emit the event "news" with these arguments: JSON, and
                        whatever is no JSON, up to the next space, is text
  ?time "here"          the same, and print what the server acknowledges
  //hello               send the message "/hello"; //?hello sends "?hello"
The end of the input (Ctrl-D) says goodbye.

What is printed: each event that comes, with its arguments as JSON; bytes as
{"base64": "..."}. Lines that begin with # tell what becomes of the connection.

Examples:
  %(prog)s http://localhost:8080
  %(prog)s https://example.com --namespace /chat --auth '{"token": "t"}'
  %(prog)s http://localhost:8080 --protocol eio3 --transports websocket
"""

Print = Callable[[str], object]

_PATIENCE = 10.0
"""How long an acknowledgement is waited for, seconds."""

_decoder = json.JSONDecoder()
_WORD = re.compile(r"\S+")


def parser() -> ArgumentParser:
    """
    What the program can be told.
    """
    made = ArgumentParser(
        prog=_PROGRAM,
        description=__doc__,
        epilog=_TYPED,
        formatter_class=RawDescriptionHelpFormatter,
    )
    made.add_argument("url", metavar="URL", help="http://, https://, ws:// or wss://")
    made.add_argument("-n", "--namespace", default="/", help="the namespace; default: /")
    made.add_argument("-a", "--auth", metavar="JSON", help="an object, sent along to be let in")
    made.add_argument(
        "-p",
        "--protocol",
        default="eio4",
        choices=CLIENT_PROTOCOLS,
        help="the server's generation: eio4 (Socket.IO 3 and 4; the default), eio3 (1 and 2)"
        f" or another of {', '.join(CLIENT_PROTOCOLS)}",
    )
    made.add_argument(
        "-t", "--transports", metavar="LIST", help="those that may be used, with commas"
    )
    _addFreely(made)
    return made


def _addFreely(made: ArgumentParser) -> None:
    """
    Add what can be told more than once, or is read from files.
    """
    for name, what in (("header", "a header"), ("query", "a part of the query")):
        made.add_argument(
            f"--{name}",
            metavar="NAME=VALUE",
            action="append",
            default=[],
            help=f"{what}, sent along with each request; repeatable",
        )
    made.add_argument("--proxy", metavar="URL", help="of a proxy that knows CONNECT")
    made.add_argument("--ca", metavar="FILE", help="certificates to believe, in PEM")
    made.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="any other option of connect(), in JSON or as text; repeatable."
        " They are told by: python -m pydoc txsocketio.outgoing.options",
    )


def optionsOf(given: Namespace) -> dict[str, Any]:
    """
    What C{connect} is told.

    @raise ValueError: this makes no sense.
    """
    options: dict[str, Any] = {"protocol": given.protocol}
    if given.transports is not None:
        options["transports"] = [name for name in given.transports.split(",") if name]
    if given.auth is not None:
        options["auth"] = _object(given.auth)
    options["headers"] = dict(_pair("--header", each) for each in given.header)
    options["query"] = dict(_pair("--query", each) for each in given.query)
    if given.proxy is not None:
        options["proxy"] = given.proxy
    if given.ca is not None:
        options["trustRoot"] = _certificates(given.ca)
    for each in given.set:
        name, text = _pair("--set", each)
        options[name] = _value(text)
    return options


def _object(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f'--auth takes JSON, such as \'{{"token": "t"}}\': {error}') from None
    if not isinstance(value, dict):
        raise ValueError(f"--auth takes a JSON object: {text}")
    return value


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(f"{option} takes NAME=VALUE: {text!r}")
    return name, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _certificates(path: str) -> Any:
    from twisted.internet.ssl import Certificate, trustRootFromCertificates  # noqa: PLC0415

    try:
        pem = Path(path).read_text("ascii")
        parts = re.findall(r"-----BEGIN CERT.+?-----END CERT[^\n]+", pem, re.DOTALL)
        return trustRootFromCertificates([Certificate.loadPEM(part) for part in parts])
    except (OSError, ValueError) as error:
        raise ValueError(f"--ca takes a file with certificates in PEM: {error}") from None


# What is typed and printed.


def arguments(text: str) -> list[Any]:
    """
    The arguments of an event, as they are typed.
    """
    found, at = [], 0
    while (word := _WORD.search(text, at)) is not None:
        try:
            value, at = _decoder.raw_decode(text, word.start())
            if at < len(text) and not text[at].isspace():
                raise ValueError("text, after all")
        except (ValueError, RecursionError):
            value, at = word[0], word.end()
        found.append(value)
    return found


def shown(args: Sequence[Any]) -> str:
    """
    Arguments, as they are printed.
    """
    return " ".join(json.dumps(each, ensure_ascii=False, default=_base64) for each in args)


def _base64(value: Any) -> Any:
    from base64 import b64encode  # noqa: PLC0415

    return {"base64": b64encode(bytes(value)).decode("ascii")}


class Talk(LineOnlyReceiver):
    """
    Sends what is typed.

    @ivar ended: fires when nothing more is typed, nor waited for.
    """

    delimiter = b"\n"
    MAX_LENGTH = 10_000_000

    def __init__(self, socket: ClientSocket, out: Print) -> None:
        self._socket = socket
        self._out = out
        self._asked: list[Deferred[Any]] = []
        self.ended: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        """
        See L{LineOnlyReceiver.lineReceived}.
        """
        text = line.decode("utf-8", "replace").rstrip("\r")
        try:
            self._say(text)
        except SocketIOError as error:
            self._out(f"# not sent: {error}")

    def _say(self, text: str) -> None:
        if text.startswith("//"):
            rest = text[2:] if text.startswith("//?") else text[1:]
            self._socket.send(rest)
        elif text[:1] in ("/", "?") and len(text) > 1:
            event, _, rest = text[1:].partition(" ")
            self._emit(text[0] == "?", event, arguments(rest))
        elif text:
            self._socket.send(text)

    def _emit(self, isAsking: bool, event: str, args: list[Any]) -> None:
        if isAsking:
            asked = self._socket.emitWithAck(event, *args, timeout=_PATIENCE)
            self._asked.append(asked)
            asked.addCallbacks(
                lambda answer: self._out(f"# {event}: {_acknowledged(answer)}"),
                lambda why: self._out(f"# {event}: not acknowledged: {why.getErrorMessage()}"),
            )
        else:
            self._socket.emit(event, *args)

    def connectionLost(self, reason: Any = None) -> None:
        """
        Nothing more is typed. What was asked is still answered.
        """
        DeferredList(self._asked).addCallback(lambda _: self.ended.callback(None))


def _acknowledged(answer: Any) -> str:
    if answer is None:
        return "acknowledged"
    return f"acknowledged: {shown(answer if isinstance(answer, tuple) else (answer,))}"


def listen(service: SocketIOClientService, out: Print) -> None:
    """
    Print what comes.
    """
    socket = service.socket
    socket.onAny(lambda event, *args: out(f"{event} {shown(args)}".rstrip()))
    socket.on("connect", lambda: out(f"# connected as {socket.sessionId} over {socket.transport}"))
    socket.on("disconnect", lambda reason: out(f"# disconnected: {reason}"))
    socket.on("connect_error", lambda error: out(f"# no connection: {error}"))
    service.on("reconnect_attempt", lambda number: out(f"# attempt {number} to come back"))


_NEXT = {
    ConnectionRefused: "the server does not let you in; --auth, --query and --header send along"
    " what it may want",
    ConnectFailed: "is the URL right, does the server run, and does it speak --protocol?",
}


async def talk(reactor: Any, service: SocketIOClientService, out: Print, err: Print) -> int:
    """
    Connect, and talk until nothing more is typed.

    @return: the exit status.
    """
    listen(service, out)
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    connected = service.whenConnected(failAfterFailures=1)
    service.startService()
    try:
        socket = await connected
    except (ConnectFailed, ConnectionRefused) as error:
        err(f"{_PROGRAM}: {error}: {_NEXT[type(error)]}")
        return 1
    typed = Talk(socket, out)
    StandardIO(typed, reactor=reactor)
    await typed.ended
    await service.stopService()
    return 0


def main(arguments: Sequence[str], reactor: Any, out: Print, err: Print) -> Deferred[int]:
    """
    @return: fires with the exit status.
    """
    made = parser()
    given = made.parse_args(arguments)
    try:
        options = optionsOf(given)
        service = SocketIOClientService(given.url, given.namespace, reactor=reactor, **options)
    except (ValueError, TypeError) as error:
        made.error(f"{error} (see {_PROGRAM} --help)")
    return Deferred.fromCoroutine(talk(reactor, service, out, err))


def _print(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def run(reactor: Any, *arguments: str) -> Deferred[None]:
    """
    What the reactor runs.
    """

    def end(status: int) -> None:
        if status:
            raise SystemExit(status)

    return main(arguments, reactor, _print, _complain).addCallback(end)


if __name__ == "__main__":
    react(run, sys.argv[1:])
