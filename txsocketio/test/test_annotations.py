"""
Tests for L{txsocketio.protocol._annotations}: what the two forms of a message
are told apart by.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txsocketio.errors import RemoteProtocolError
from txsocketio.packets import Kind, Packet
from txsocketio.protocol._annotations import MAX_ANNOTATIONS
from txsocketio.protocol._utf16 import units
from txsocketio.protocol.annotated import GENUINE, SPECIFICATION, Annotated, AnnotatedDecoder
from txsocketio.settings import Settings

SHOWING = {GENUINE: "r:chat\n:x", SPECIFICATION: "r:chat:x"}
"""Data that can be read in one form only."""


def read(decoder: AnnotatedDecoder, data: str) -> Packet:
    """
    The packet that one message's data says.
    """
    (packet,) = decoder.message(f"1:{units(data)}:{data},")
    return packet


def decoderFor(form: Annotated | None) -> AnnotatedDecoder:
    """
    A decoder for a client that has shown this form, or none.
    """
    decoder = SPECIFICATION.decoder(Settings())
    if form is not None:
        read(decoder, SHOWING[form])
    return decoder


def written(form: Annotated, packet: Packet) -> str:
    """
    The data that is written for a message.
    """
    return form.encode(packet).text.split(":", 2)[2].removesuffix(",")


def message(text: str, realm: str = "", /, **annotations: str | None) -> Packet:
    return Packet(Kind.MESSAGE, text, "/" + realm, None, annotations or None)


class FormsCase(SynchronousTestCase):
    """
    What the tests of this module have in common.
    """

    def assertRead(self, data: str, packet: Packet, *, by: tuple[Annotated | None, ...]) -> None:
        """
        C{data} says C{packet} if the client has shown one of these forms.
        """
        for form in by:
            self.assertEqual(read(decoderFor(form), data), packet, form)

    def assertUnreadable(self, data: str, reason: str) -> None:
        """
        C{data} says nothing, whatever the client has shown.
        """
        for form in (None, GENUINE, SPECIFICATION):
            error = self.assertRaises(RemoteProtocolError, read, decoderFor(form), data)
            self.assertEqual((error.reason, error.httpStatus), (reason, 400))


class ShownTests(FormsCase):
    """
    Each client is answered in the form that it has shown.
    """

    def test_nothingShown(self) -> None:
        """
        Before, it is the dialect that made the decoder.
        """
        for dialect in (SPECIFICATION, GENUINE):
            decoder = dialect.decoder(Settings())
            self.assertEqual(read(decoder, ":r:chat\n:x"), message("r:chat\n:x"))
            self.assertIs(decoder.dialect, dialect)

    def test_shown(self) -> None:
        """
        One annotated message shows the form, and another may show the other.
        """
        decoder = SPECIFICATION.decoder(Settings())
        for form in (GENUINE, SPECIFICATION, SPECIFICATION, GENUINE, GENUINE):
            self.assertEqual(read(decoder, SHOWING[form]), message("x", "chat"))
            self.assertIs(decoder.dialect, form)
            read(decoder, ":no annotations")
            self.assertIs(decoder.dialect, form)

    def test_dialectsAreEqualButForWriting(self) -> None:
        """
        The other form is understood whatever has been shown.
        """
        for data, packet in [
            ('j\n:{"a":1}', Packet(Kind.JSON, {"a": 1})),
            ('j:{"a":1}', Packet(Kind.JSON, {"a": 1})),
            ("r:chat\nn:5\n:x", message("x", "chat", n="5")),
            ("r:chat\nn:5:x", message("x", "chat", n="5")),
            ("n:\n:x", message("x", n="")),
            ("n::x", message("x", n="")),
        ]:
            self.assertRead(data, packet, by=(None, GENUINE, SPECIFICATION))


class ReadingTests(FormsCase):
    """
    What follows from the rule where it is not obvious.
    """

    everyone = (None, GENUINE, SPECIFICATION)

    def test_colonInJSON(self) -> None:
        """
        C{j} has no value, so that what follows its colon is the text, even if
        a line of it begins with a colon.
        """
        self.assertRead('j:{"a"\n:1}', Packet(Kind.JSON, {"a": 1}), by=self.everyone)

    def test_linesOfJSON(self) -> None:
        """
        What follows is the text, whatever its lines look like.
        """
        for line in ['{\n"a":1}', '{\n\n"a"\n:\n1}']:
            self.assertRead(f"j:{line}", Packet(Kind.JSON, {"a": 1}), by=self.everyone)

    def test_lineThatIsNoAnnotation(self) -> None:
        """
        A text in the specification's form that holds a line feed and a colon
        is read right where lines between are no annotations.
        """
        for text in ["Hello\n\n:world", 'Hello\nj:"x"\n:world', "Hello\nr\n:world"]:
            self.assertRead(f"r:chat:{text}", message(text, "chat"), by=self.everyone)

    def test_linesOfText(self) -> None:
        """
        Without such a line the text may hold anything.
        """
        for text in ["a\nb", "a\nb:c", "a\nr:b:c", "a\n", "\n\n", "::"]:
            self.assertRead(f"r:chat:{text}", message(text, "chat"), by=self.everyone)

    def test_unknownKeyWithValue(self) -> None:
        """
        An unknown key has a value if a second colon follows in its line, or
        if more annotations do.
        """
        self.assertRead("n:5:x", message("x", n="5"), by=self.everyone)
        self.assertRead("n:5:x:y\nz", message("x:y\nz", n="5"), by=self.everyone)
        self.assertRead("n:5\nr:chat:x", message("x", "chat", n="5"), by=self.everyone)
        self.assertRead("n\nm:6\nk:7:x", message("x", n=None, m="6", k="7"), by=self.everyone)

    def test_unknownKeyWithoutValue(self) -> None:
        """
        Otherwise it has none, and is the end: the last that can be.
        """
        self.assertRead("n:x", message("x", n=None), by=self.everyone)
        self.assertRead("n:", message("", n=None), by=self.everyone)
        self.assertRead("r:chat\nn:x", message("x", "chat", n=None), by=self.everyone)
        self.assertRead("n:5\nm:6", message("6", n="5", m=None), by=self.everyone)
        self.assertRead("n:5\nm:6\n", message("6\n", n="5", m=None), by=self.everyone)
        self.assertRead("n:5\n\n", message("5\n\n", n=None), by=self.everyone)

    def test_newlineEndedBeforeValueless(self) -> None:
        """
        A key without a value is the last that is thought of.
        """
        self.assertRead("n:5\n:x", message("x", n="5"), by=self.everyone)

    def test_colonInEventName(self) -> None:
        """
        Arguments are JSON: where C{j} is still to come, a colon is part of a
        name, or of another annotation of the event.
        """
        event = Packet(Kind.EVENT, ["user:joined", 1], "/", 3)
        self.assertRead("a:3\ne:user:joined\nj\n:[1]", event, by=self.everyone)
        annotated = Packet(Kind.EVENT, ["x"], "/", None, {"n": "a:b"})
        self.assertRead("e:x\nn:a:b\nj\n:[]", annotated, by=self.everyone)
        last = Packet(Kind.EVENT, ["x", 1], "/chat")
        self.assertRead("e:x\nj\nr:chat:[1]", last, by=self.everyone)

    def test_orderIsFree(self) -> None:
        """
        Annotations may come in any order.
        """
        event = Packet(Kind.EVENT, ["x", 1], "/chat", 3)
        self.assertRead("j\ne:x\nr:chat\na:3\n:[1]", event, by=self.everyone)
        self.assertRead("j\ne:x\nr:chat\na:3:[1]", event, by=self.everyone)

    def test_unknownKeyTwice(self) -> None:
        """
        The last one counts, as with the genuine software.
        """
        self.assertRead("n:1\nn:2\n:x", message("x", n="2"), by=self.everyone)

    def test_everyKey(self) -> None:
        """
        Only the protocol's own keys are special, not what begins like them.
        """
        for key in ["json", "realm", "eve", "ack", "R", " j", "\xe9", "\U0001f600"]:
            self.assertRead(f"{key}\n:x", message("x", **{key: None}), by=self.everyone)
            self.assertRead(f"{key}:v\n:x", message("x", **{key: "v"}), by=self.everyone)


class AmbiguityTests(FormsCase):
    """
    The one thing that cannot be told apart: a line with two colons, and
    behind it one that begins with a colon, and nothing but annotations
    between.
    """

    def test_text(self) -> None:
        """
        It is a text in the specification's form for those who have shown it.
        """
        for text in ["Hello\n:world", "Hello\nn:5\nm\n:world"]:
            self.assertRead(f"r:chat:{text}", message(text, "chat"), by=(SPECIFICATION,))
        self.assertRead("n:a:b\n:x", message("b\n:x", n="a"), by=(SPECIFICATION,))

    def test_value(self) -> None:
        """
        It is a value in the newline-ended form for all others.
        """
        others = (None, GENUINE)
        self.assertRead("r:chat:Hello\n:world", message("world", "chat:Hello"), by=others)
        self.assertRead(
            "r:chat:Hello\nn:5\nm\n:world", message("world", "chat:Hello", n="5", m=None), by=others
        )
        self.assertRead("n:a:b\n:x", message("x", n="a:b"), by=others)

    def test_shownByOthers(self) -> None:
        """
        It shows the form as which it was read.
        """
        for form, shown in [(None, GENUINE), (GENUINE, GENUINE), (SPECIFICATION, SPECIFICATION)]:
            decoder = decoderFor(form)
            read(decoder, "r:chat:Hello\n:world")
            self.assertIs(decoder.dialect, shown)


class UnreadableTests(FormsCase):
    """
    What fits neither form.
    """

    def test_noText(self) -> None:
        """
        The colon before the text is missing.
        """
        for data in ["", "hello", "r:chat", "j", "n\nm", "r:chat\n", "j\nr:chat", "e:x\na:1"]:
            self.assertUnreadable(data, "no ':' before a message's text")

    def test_noKey(self) -> None:
        """
        A line is empty.
        """
        for data in ["\n:x", "r:chat\n\n:x", "\n"]:
            self.assertUnreadable(data, "an annotation without a key")

    def test_noValue(self) -> None:
        """
        C{r}, C{e} and C{a} always have a value.
        """
        for key in "rea":
            for data in [f"{key}\n:x", f"n\n{key}\nj:1", key, f"j\n{key}"]:
                self.assertUnreadable(data, f"annotation '{key}' without a value")

    def test_arguments(self) -> None:
        """
        What has C{e} or C{a} has C{j}.
        """
        for data in ["e:chat:x", "a:1:x", "a:1\ne:chat:x", "e:chat\nr:chat:x"]:
            self.assertUnreadable(data, "an event or an acknowledgement without 'j'")

    def test_tooMany(self) -> None:
        """
        So many annotations are taken, and no more, in both forms.
        """
        keys = [f"n{number}" for number in range(MAX_ANNOTATIONS)]
        packet = message("x", **dict.fromkeys(keys, "v"))
        lines = "".join(f"{key}:v\n" for key in keys)
        for data in [lines + ":x", lines.removesuffix("\n") + ":x"]:
            self.assertRead(data, packet, by=(None, GENUINE, SPECIFICATION))
            self.assertUnreadable("m:w\n" + data, f"more than {MAX_ANNOTATIONS} annotations")
        self.assertUnreadable("k\n" * 100_000 + ":x", f"more than {MAX_ANNOTATIONS} annotations")

    def test_manyLines(self) -> None:
        """
        The lines of a text are not counted, though each could be an annotation.
        """
        text = "line\n" * 1000
        self.assertRead(f"r:chat:{text}", message(text, "chat"), by=(None, GENUINE, SPECIFICATION))


class WritingTests(FormsCase):
    """
    What is written in the specification's form can be read in one way, or else
    is newline-ended. The vectors hold the rest.
    """

    def assertWritten(self, packet: Packet, specified: str, newlineEnded: str) -> None:
        self.assertEqual(written(SPECIFICATION, packet), specified)
        self.assertEqual(written(GENUINE, packet), newlineEnded)

    def test_endOfList(self) -> None:
        """
        The list ends with C{j}, or with a value.
        """
        self.assertWritten(message("x", n="5"), "n:5:x", "n:5\n:x")
        self.assertWritten(message("x", n=""), "n::x", "n:\n:x")
        self.assertWritten(message("x", "c", n=None, m="6"), "r:c\nn\nm:6:x", "r:c\nn\nm:6\n:x")
        packet = Packet(Kind.JSON, 1, "/", None, {"n": None})
        self.assertWritten(packet, "n\nj:1", "n\nj\n:1")

    def test_valuelessEnd(self) -> None:
        """
        An unknown key without a value cannot end the list.
        """
        self.assertWritten(message("x", n=None), "n\n:x", "n\n:x")
        self.assertWritten(message("x", "c", n=None), "r:c\nn\n:x", "r:c\nn\n:x")

    def test_colonInValue(self) -> None:
        """
        A value with a colon would end there.
        """
        self.assertWritten(message("x", "a:b"), "r:a:b\n:x", "r:a:b\n:x")
        self.assertWritten(message("x", n=":", m="6"), "n::\nm:6\n:x", "n::\nm:6\n:x")
        event = Packet(Kind.EVENT, ["a:b"])
        self.assertWritten(event, "e:a:b\nj\n:[]", "e:a:b\nj\n:[]")

    def test_textLikeAnEnd(self) -> None:
        """
        A text could end the list of the newline-ended form.
        """
        self.assertWritten(message("a\n:b", "c"), "r:c\n:a\n:b", "r:c\n:a\n:b")
        self.assertWritten(message("a\nb:", "c"), "r:c:a\nb:", "r:c\n:a\nb:")

    def test_noAnnotations(self) -> None:
        """
        Without annotations there is but one form.
        """
        for text in ["", ":", "a\n:b", "r:chat:x"]:
            self.assertWritten(message(text), ":" + text, ":" + text)
