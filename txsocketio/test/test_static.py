"""
Tests for L{txsocketio.static}.
"""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import NamedTuple

from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from txsocketio import static
from txsocketio.errors import LocalProtocolError
from txsocketio.static import ClientFiles

SCRIPT = b"// the client\n" * 100
PATH = b"/socket.io/socket.io.js"


class Answer(NamedTuple):
    """
    What came back.

    @ivar headers: as they were written, in their order, without those of
        the HTTP server itself.
    """

    status: bytes
    headers: list[bytes]
    body: bytes

    def header(self, name: bytes) -> bytes:
        """
        The value of the only header of that name.
        """
        [value] = [
            value
            for each, _, value in (line.partition(b": ") for line in self.headers)
            if each == name
        ]
        return value


def parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    own = [line for line in headers if not line.startswith((b"Server: ", b"Date: "))]
    return Answer(status, own, body)


class FilesCase(SynchronousTestCase):
    """
    What the tests of this module have in common: a folder with files, and
    perhaps a movie.
    """

    movie: Path | None = None

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.write("socket.io.js", SCRIPT)

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def ask(self, path: bytes = PATH, *headers: bytes, method: bytes = b"GET") -> Answer:
        """
        Send one request to a site that has the folder below C{/socket.io}.
        """
        root = Resource()
        root.putChild(b"socket.io", ClientFiles(self.folder, self.movie))
        transport = StringTransport()
        channel = Site(root, reactor=Clock()).buildProtocol(None)
        channel.makeConnection(transport)
        lines = (b"%s %s HTTP/1.1" % (method, path), b"Host: our.org", *headers, b"", b"")
        channel.dataReceived(b"\r\n".join(lines))
        return parsed(transport.value())

    def assertMissing(self, path: bytes) -> None:
        self.assertEqual(self.ask(path).status, b"HTTP/1.1 404 Not Found", path)


class ServingTests(FilesCase):
    """
    One file, from request to answer.
    """

    def test_get(self) -> None:
        """
        The genuine server's headers, in its order, then ours.
        """
        answer = self.ask()
        tag = answer.header(b"ETag")
        self.assertRegex(tag, rb'\A"[0-9a-f]{32}"\Z')
        self.assertEqual(
            answer,
            Answer(
                b"HTTP/1.1 200 OK",
                [
                    b"Content-Length: 1400",
                    b"Content-Type: text/javascript",
                    b"ETag: " + tag,
                    b"Vary: Accept-Encoding",
                    b"Cache-Control: no-cache",
                ],
                SCRIPT,
            ),
        )

    def test_query(self) -> None:
        """
        A query makes no difference.
        """
        self.assertEqual(self.ask(PATH + b"?x=1"), self.ask())

    def test_head(self) -> None:
        """
        HEAD is GET without the body, which the site need not complain of.
        """
        for headers in ((), (b"Accept-Encoding: gzip",)):
            with capturedLogs() as events:
                answer = self.ask(PATH, *headers, method=b"HEAD")
            self.assertEqual(answer, self.ask(PATH, *headers)._replace(body=b""))
            self.assertEqual(events, [])

    def test_otherMethods(self) -> None:
        """
        There are no other methods, whether the site knows them or not.
        """
        for method in (b"POST", b"PUT", b"DELETE", b"OPTIONS", b"BREW"):
            self.assertEqual(
                self.ask(PATH, b"Content-Length: 0", method=method),
                Answer(
                    b"HTTP/1.1 405 Method Not Allowed",
                    [
                        b"Allow: GET, HEAD",
                        b"Content-Type: text/plain; charset=utf-8",
                        b"Content-Length: 19",
                    ],
                    b"method not allowed\n",
                ),
            )

    def test_types(self) -> None:
        """
        Every kind of file has its C{Content-Type}.
        """
        for name, contentType in (
            ("a.js", b"text/javascript"),
            ("a.esm.min.mjs", b"text/javascript"),
            ("a.js.map", b"application/json"),
            ("a.d.ts", b"text/plain; charset=utf-8"),
            ("a.swf", b"application/x-shockwave-flash"),
        ):
            self.write(name, b"content")
            answer = self.ask(b"/socket.io/" + name.encode())
            self.assertEqual(answer.header(b"Content-Type"), contentType)
            self.assertEqual(answer.body, b"content")

    def test_empty(self) -> None:
        """
        An empty file is a file.
        """
        self.write("socket.io.js", b"")
        answer = self.ask()
        self.assertEqual(answer.status, b"HTTP/1.1 200 OK")
        self.assertEqual(answer.header(b"Content-Length"), b"0")

    def test_readOnce(self) -> None:
        """
        Files are read when the resource is made, and at no other time.
        """
        files = ClientFiles(self.folder)
        (self.folder / "socket.io.js").unlink()
        self.write("late.js", b"")
        self.assertEqual(files.names(), {"socket.io.js"})


class ConditionalTests(FilesCase):
    """
    C{ETag} and C{If-None-Match}.
    """

    def setUp(self) -> None:
        super().setUp()
        self.tag = self.ask().header(b"ETag")

    def assertKnown(self, *headers: bytes, method: bytes = b"GET") -> None:
        self.assertEqual(
            self.ask(PATH, *headers, method=method),
            Answer(
                b"HTTP/1.1 304 Not Modified",
                [
                    b"ETag: " + self.tag,
                    b"Vary: Accept-Encoding",
                    b"Cache-Control: no-cache",
                ],
                b"",
            ),
        )

    def test_known(self) -> None:
        """
        Quoted, weak, in a list, C{*}, and bare as to the genuine server.
        """
        for value in (
            self.tag,
            b"W/" + self.tag,
            b'"other", ' + self.tag,
            b'"a,b",W/"other" ,W/' + self.tag + b', "last"',
            b"*",
            self.tag.strip(b'"'),
            b"other, " + self.tag.strip(b'"'),
        ):
            self.assertKnown(b"If-None-Match: " + value)
            self.assertKnown(b"If-None-Match: " + value, method=b"HEAD")

    def test_severalHeaders(self) -> None:
        """
        A list may be spread over several headers.
        """
        headers = (b'If-None-Match: "other"', b"If-None-Match: " + self.tag)
        self.assertKnown(*headers)
        self.assertKnown(*reversed(headers))

    def test_unknown(self) -> None:
        """
        Anything else gets the file.
        """
        for value in (
            b'"other"',
            b"0.7pre",
            b'"*"',
            b'""',
            b"",
            b",",
            b'"',
            self.tag[:-1],
            self.tag[:-2] + b'"',
            b'"x' + self.tag[1:],
            b'"' + self.tag[1:-1] + b'-gzip"',
            b'"a,' + self.tag[1:-1] + b',b"',
        ):
            self.assertEqual(self.ask(PATH, b"If-None-Match: " + value), self.ask())

    def test_otherContent(self) -> None:
        """
        The tag goes with the content, not with the name.
        """
        self.write("copy.js", SCRIPT)
        self.assertEqual(self.ask(b"/socket.io/copy.js").header(b"ETag"), self.tag)
        self.write("socket.io.js", SCRIPT + b"\n")
        self.assertNotEqual(self.ask().header(b"ETag"), self.tag)

    def test_encodings(self) -> None:
        """
        Each encoding is known by its own tag.
        """
        accept = b"Accept-Encoding: gzip"
        answer = self.ask(PATH, accept, b"If-None-Match: " + self.tag)
        self.assertEqual(answer.status, b"HTTP/1.1 200 OK")
        self.tag = answer.header(b"ETag")
        self.assertKnown(accept, b"If-None-Match: W/" + self.tag)


class EncodingTests(FilesCase):
    """
    C{Accept-Encoding}.
    """

    def test_gzip(self) -> None:
        """
        Who takes gzip gets it, with a tag of its own.
        """
        plain, answer = self.ask(), self.ask(PATH, b"Accept-Encoding: gzip")
        self.assertEqual(gzip.decompress(answer.body), SCRIPT)
        tag = plain.header(b"ETag")[:-1] + b'-gzip"'
        self.assertEqual(
            answer.headers,
            [
                b"Content-Length: %d" % len(answer.body),
                b"Content-Type: text/javascript",
                b"ETag: " + tag,
                b"Vary: Accept-Encoding",
                b"Cache-Control: no-cache",
                b"Content-Encoding: gzip",
            ],
        )

    def test_always(self) -> None:
        """
        A tag is strong: the same file has the same bytes in each process, at
        any time.
        """
        body = self.ask(PATH, b"Accept-Encoding: gzip").body
        self.assertEqual(body[4:8], bytes(4), "the time of compression")

    def test_accepted(self) -> None:
        """
        The ways to say so.
        """
        for value in (
            b"gzip, deflate, br",
            b"GZIP",
            b"br;q=1.0, gzip;q=0.8, *;q=0.1",
            b"gzip;q=0.001",
            b"gzip ; q=1.000",
            b"gzip;Q=1",
            b"*",
            b"*;q=0.5",
            b"deflate,\tgzip",
        ):
            answer = self.ask(PATH, b"Accept-Encoding: " + value)
            self.assertIn(b"Content-Encoding: gzip", answer.headers, value)

    def test_notAccepted(self) -> None:
        """
        The ways to say no, and what cannot be read.
        """
        for value in (
            b"",
            b"identity",
            b"br, deflate",
            b"gzip;q=0",
            b"gzip;q=0.000",
            b"gzip; q=0.",
            b"*;q=0",
            b"gzip;q=0, *",
            b"*, gzip;q=0",
            b"gzip;q=x",
            b"gzip;q=-1",
            b"gzip;q=2",
            b"gzip;q=1.1",
            b"gzip;level=9",
            b"xgzip",
            b"gzipx",
        ):
            self.assertEqual(self.ask(PATH, b"Accept-Encoding: " + value), self.ask(), value)

    def test_severalHeaders(self) -> None:
        """
        A list may be spread over several headers.
        """
        answer = self.ask(PATH, b"Accept-Encoding: br", b"Accept-Encoding: gzip")
        self.assertIn(b"Content-Encoding: gzip", answer.headers)

    def test_notWorthIt(self) -> None:
        """
        What does not get smaller stays as it is.
        """
        self.write("socket.io.js", b"short")
        answer = self.ask(PATH, b"Accept-Encoding: gzip")
        self.assertEqual(answer, self.ask())
        self.assertEqual(answer.body, b"short")


class FolderTests(FilesCase):
    """
    What is a file of the folder, and what is none.
    """

    def test_nothingElse(self) -> None:
        """
        There is no way to other files.
        """
        (self.folder / "sub").mkdir()
        self.write("sub/inner.js", b"")
        self.folder.with_name(self.folder.name + ".js").write_bytes(b"outside")
        outside = self.folder.name.encode() + b".js"
        for path in (
            b"/socket.io",
            b"/socket.io/",
            b"/socket.io/other.js",
            b"/socket.io/sub",
            b"/socket.io/sub/inner.js",
            b"/socket.io/sub%2finner.js",
            b"/socket.io/../" + outside,
            b"/socket.io/%2e%2e/" + outside,
            b"/socket.io/..%2f" + outside,
            b"/socket.io/..",
            b"/socket.io/.",
            b"/socket.io/./socket.io.js",
            b"/socket.io//socket.io.js",
            b"/socket.io/socket.io.js/",
            b"/socket.io/socket.io.js/x",
            b"/socket.io/socket.io.js%00",
            b"/socket.io/socket.io.js%00.js",
            b"/socket.io/socket.io.js%2f",
            b"/socket.io/SOCKET.IO.JS",
            b"/socket.io/%ff.js",
            b"/socket.io/" + b"x" * 10_000,
            b"/socket.io/%2fetc%2fpasswd",
            b"/socket.io/__class__",
        ):
            self.assertMissing(path)

    def test_names(self) -> None:
        """
        Plain files of the known kinds, by their names.
        """
        for name in ("a.map", ".hidden.js", ".js", "notes.txt", "index.html", "js", "a.JS"):
            self.write(name, b"")
        (self.folder / "folder.js").mkdir()
        os.mkfifo(self.folder / "pipe.js")
        files = ClientFiles(self.folder)
        self.assertEqual(files.names(), {"socket.io.js", "a.map"})
        self.assertTrue(files.has("socket.io.js"))
        for name in (".hidden.js", "folder.js", "pipe.js", "notes.txt", "..", ""):
            self.assertFalse(files.has(name), name)

    def test_find(self) -> None:
        """
        One part of a path may be a file, and nothing else.
        """
        files = ClientFiles(self.folder)
        self.assertIsNotNone(files.find(["socket.io.js"]))
        for path in ([], [""], ["x.js"], ["socket.io.js", ""], ["socket.io.js", "socket.io.js"]):
            self.assertIsNone(files.find(path))

    def test_links(self) -> None:
        """
        Links are followed to files of the same folder.
        """
        outside = self.folder.with_name(self.folder.name + ".js")
        outside.write_bytes(b"outside")
        (self.folder / "sub").mkdir()
        self.write("sub/inner.js", b"inner")
        for name, target in (
            ("inside.js", "socket.io.js"),
            ("outside.js", f"../{outside.name}"),
            ("absolute.js", str(outside.resolve())),
            ("inner.js", "sub/inner.js"),
            ("dead.js", "nothing.js"),
            ("loop.js", "loop.js"),
        ):
            (self.folder / name).symlink_to(target)
        self.assertEqual(ClientFiles(self.folder).names(), {"socket.io.js", "inside.js"})
        self.assertEqual(self.ask(b"/socket.io/inside.js").body, SCRIPT)

    def test_linkToTheFolder(self) -> None:
        """
        The folder itself may be a link, as package managers make them.
        """
        link = self.folder.with_name(self.folder.name + ".link")
        link.symlink_to(self.folder.resolve())
        self.assertEqual(ClientFiles(str(link)).names(), {"socket.io.js"})

    def test_noFolder(self) -> None:
        """
        A folder that is none is told at once.
        """
        for folder, why in (
            (self.folder / "nothing", "No such file or directory"),
            (self.folder / "socket.io.js", "Not a directory"),
        ):
            error = self.assertRaises(LocalProtocolError, ClientFiles, folder)
            self.assertEqual(str(error), f"the client files in {folder} cannot be read: {why}")

    def test_noFiles(self) -> None:
        """
        So is one that can hardly be meant.
        """
        (self.folder / "socket.io.js").unlink()
        self.write("notes.txt", b"")
        error = self.assertRaises(LocalProtocolError, ClientFiles, self.folder)
        self.assertEqual(
            str(error), f"{self.folder} holds no client file (.js, .mjs, .map, .ts, .swf)"
        )

    def test_tooMuch(self) -> None:
        """
        And one that would fill the memory.
        """
        self.patch(static, "MAX_BYTES", len(SCRIPT) + 1)
        self.write("a.js", b"1")
        self.write("notes.txt", SCRIPT)
        self.assertEqual(len(ClientFiles(self.folder).names()), 2)
        self.write("a.js", b"12")
        error = self.assertRaises(LocalProtocolError, ClientFiles, self.folder)
        self.assertEqual(str(error), f"{self.folder} holds more than 1401 bytes of client files")


MOVIE_URLS = (
    b"/socket.io/WebSocketMain.swf",
    b"/socket.io/lib/vendor/web-socket-js/WebSocketMain.swf",
)


class MovieTests(FilesCase):
    """
    The Flash movie, on the URLs of 2010.
    """

    def test_none(self) -> None:
        """
        Without one: 404, and how to name one, in one line.
        """
        for url in MOVIE_URLS:
            answer = self.ask(url)
            self.assertEqual(answer.status, b"HTTP/1.1 404 Not Found")
            self.assertEqual(answer.header(b"Content-Type"), b"text/plain; charset=utf-8")
            self.assertEqual(
                answer.body,
                b"no Flash movie: name a WebSocketMain.swf by the option flashMovie"
                b" (twistd: --flash-movie FILE)\n",
            )
            head = self.ask(url, method=b"HEAD")
            self.assertEqual(head, answer._replace(body=b""))

    def test_otherPaths(self) -> None:
        """
        There is nothing around it, and no other movie.
        """
        self.movie = self.folder / "any.swf"
        self.write("any.swf", b"FWS")
        for path in (
            b"lib",
            b"lib/vendor/web-socket-js",
            b"lib/WebSocketMain.swf",
            b"lib/vendor/web-socket-js/socket.io.js",
            b"lib/vendor/web-socket-js/WebSocketMain.swf/",
            b"lib%2fvendor%2fweb-socket-js%2fWebSocketMain.swf",
            b"WebSocketMainInsecure.swf",
        ):
            self.assertMissing(b"/socket.io/" + path)

    def test_named(self) -> None:
        """
        Whatever the file is called, with the validators of all files.
        """
        self.movie = self.folder / "any.swf"
        self.movie.write_bytes(b"FWS")
        answers = [self.ask(url) for url in MOVIE_URLS]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0].body, b"FWS")
        self.assertEqual(answers[0].header(b"Content-Type"), b"application/x-shockwave-flash")
        known = b"If-None-Match: " + answers[0].header(b"ETag")
        for url in MOVIE_URLS:
            self.assertEqual(self.ask(url, known).status, b"HTTP/1.1 304 Not Modified")

    def test_fromTheFolder(self) -> None:
        """
        A folder of client files may have one of its own; one that is named
        comes before it.
        """
        self.write("WebSocketMain.swf", b"the folder's")
        self.assertEqual({self.ask(url).body for url in MOVIE_URLS}, {b"the folder's"})
        self.movie = self.folder / "any"
        self.movie.write_bytes(b"named")
        self.assertEqual({self.ask(url).body for url in MOVIE_URLS}, {b"named"})

    def test_unreadable(self) -> None:
        """
        One that cannot be read is told at once.
        """
        for movie, why in (
            (self.folder / "nothing.swf", "No such file or directory"),
            (self.folder, "Is a directory"),
        ):
            error = self.assertRaises(LocalProtocolError, ClientFiles, self.folder, movie)
            self.assertEqual(str(error), f"the Flash movie {movie} cannot be read: {why}")


class OwnFilesTests(SynchronousTestCase):
    """
    What the package brings along.
    """

    def test_names(self) -> None:
        """
        Without a folder it is our own script, and its types.
        """
        self.assertEqual(ClientFiles().names(), {"socket.io.js", "socket.io.d.ts"})

    def test_ascii(self) -> None:
        """
        The script is served without a charset, and may be loaded by pages in
        any.
        """
        self.assertTrue((static.BROWSER / "socket.io.js").read_bytes().isascii())
