"""
Tests for L{txsocketio.outgoing.__main__}: the program that talks to a server.
"""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport

from txsocketio import SocketIOClientService
from txsocketio.outgoing import __main__ as program
from txsocketio.test.test_outgoing import Meeting, refuse


class Words(Meeting):
    """
    What is typed, printed and told.
    """

    def test_arguments(self) -> None:
        """
        JSON where it is JSON, and text where it is not.
        """
        for text, wanted in (
            ("", []),
            ('1 "two three" [3, 4] {"a": null}', [1, "two three", [3, 4], {"a": None}]),
            ("word two-words 1x [1 ]x", ["word", "two-words", "1x", "[1", "]x"]),
            ("  true   \u00e9 ", [True, "\u00e9"]),
            ("[" * 100_000, ["[" * 100_000]),
        ):
            self.assertEqual(program.arguments(text), wanted)

    def test_shown(self) -> None:
        """
        Arguments are printed as JSON, bytes as base64.
        """
        self.assertEqual(
            program.shown(("\u00e9", 1, {"b": b"\0\xff"})), '"\u00e9" 1 {"b": {"base64": "AP8="}}'
        )

    def test_options(self) -> None:
        """
        What stands in the command line.
        """
        given = program.parser().parse_args(
            [
                "http://h",
                *("--auth", '{"token": "t"}'),
                *("--transports", "polling,websocket"),
                *("--header", "X-A=1=2"),
                *("--query", "a="),
                *("--set", "maxPayload=5", "--set", "resource=x/y"),
            ]
        )
        self.assertEqual(
            program.optionsOf(given),
            {
                "protocol": "eio4",
                "transports": ["polling", "websocket"],
                "auth": {"token": "t"},
                "headers": {"X-A": "1=2"},
                "query": {"a": ""},
                "maxPayload": 5,
                "resource": "x/y",
            },
        )

    def test_wrong(self) -> None:
        """
        What makes no sense ends with a line that says what does.
        """
        for arguments, told in (
            (["ftp://h"], "http://"),
            (["http://h", "--auth", "x"], "--auth takes JSON"),
            (["http://h", "--auth", "[1]"], "--auth takes a JSON object"),
            (["http://h", "--header", "x"], "--header takes NAME=VALUE"),
            (["http://h", "--set", "nothing=1"], "unknown option 'nothing'"),
            (["http://h", "--set", "maxPayload=x"], "maxPayload takes a whole number"),
            (["http://h", "--transports", "pigeon"], "unknown transport 'pigeon'"),
            (["https://h", "--ca", "/nowhere"], "--ca takes a file"),
            ([], "URL"),
        ):
            said = StringIO()
            with redirect_stderr(said), self.assertRaises(SystemExit) as raised:
                program.main(arguments, Clock(), said.write, said.write)
            self.assertEqual(raised.exception.code, 2)
            self.assertIn(told, said.getvalue())

    def test_help(self) -> None:
        """
        C{--help} tells what can be typed, and every option.
        """
        said = StringIO()
        with redirect_stdout(said), self.assertRaises(SystemExit):
            program.parser().parse_args(["--help"])
        for word in ("Ctrl-D", "?time", "--protocol", "--ca", "python -m txsocketio.outgoing http"):
            self.assertIn(word, said.getvalue())


class Talks(Meeting):
    """
    A program that is connected.
    """

    transports = ("websocket",)

    def setUp(self) -> None:
        super().setUp()
        self.reactor = MemoryReactorClock()
        self.typed: list[program.Talk] = []
        self.patch(program, "StandardIO", self.listen)
        self.out: list[str] = []
        self.err: list[str] = []

    def listen(self, talk: program.Talk, reactor: object) -> None:
        """
        Stand in for a terminal.
        """
        talk.makeConnection(StringTransport())
        self.typed.append(talk)

    def talk(self, namespace: str = "/") -> Deferred[int]:
        """
        Start it.
        """
        service = SocketIOClientService(
            "http://example.com",
            namespace,
            endpoint=self.lines,
            reactor=self.reactor,
            transports=self.transports,
        )
        running = program.talk(self.reactor, service, self.out.append, self.err.append)
        done = Deferred.fromCoroutine(running)
        self.lines.pump()
        return done

    def type(self, text: str) -> None:
        """
        Type this.
        """
        self.typed[0].dataReceived(text.encode("utf-8"))
        self.lines.pump()

    def test_typed(self) -> None:
        """
        Messages and events.
        """
        self.talk()
        heard: list[Any] = self.hears(self.client(), "message", "news")
        self.type('hello\n\n/news 1 "two"\n//path\n//?q\n/\n')
        self.assertEqual(
            heard,
            [
                ("message", "hello"),
                ("news", 1, "two"),
                ("message", "/path"),
                ("message", "?q"),
                ("message", "/"),
            ],
        )

    def test_answered(self) -> None:
        """
        What comes, and what is acknowledged; and the end waits for it.
        """
        done = self.talk()
        self.client().on("echo", lambda *args: args)
        self.type("/connect 1\r\n?echo 1 x\n?echo\n?late\n")
        self.client().emit("told", b"1", None)
        self.client().emit("told")
        self.lines.pump()
        self.assertEqual(
            self.out[1:],
            [
                "# not sent: 'connect' cannot be emitted",
                '# echo: acknowledged: 1 "x"',
                "# echo: acknowledged",
                'told {"base64": "MQ=="} null',
                "told",
            ],
        )
        self.typed[0].connectionLost()
        self.lines.pump()
        self.assertNoResult(done)
        self.reactor.advance(10)
        self.lines.pump()
        self.assertEqual(self.successResultOf(done), 0)
        self.assertIn("# late: not acknowledged: no acknowledgement within 10.0 s", self.out)
        self.assertEqual(self.out[-1], "# disconnected: client namespace disconnect")
        self.assertEqual((self.lines.up, self.err), ([], []))

    def test_comesBack(self) -> None:
        """
        It tells what becomes of the connection.
        """
        done = self.talk()
        self.lines.cut()
        self.reactor.advance(5)
        self.lines.pump()
        self.assertEqual(
            [line.partition(" as ")[0] for line in self.out],
            [
                "# connected",
                "# disconnected: transport close",
                "# attempt 1 to come back",
                "# connected",
            ],
        )
        self.typed[0].connectionLost()
        self.lines.pump()
        self.successResultOf(done)

    def test_unreachable(self) -> None:
        """
        It ends where there is nobody, and says what to look at.
        """
        self.lines.isReachable = False
        self.assertEqual(self.successResultOf(self.talk()), 1)
        self.assertIn("is the URL right", self.err[0])

    def test_refused(self) -> None:
        """
        Or where it is not let in.
        """
        self.server.io.of("/closed").use(refuse)
        done = self.talk("/closed")
        self.assertEqual(self.successResultOf(done), 1)
        self.assertIn("members only", self.err[0])
        self.assertIn("--auth", self.err[0])
