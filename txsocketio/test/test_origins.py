"""
Tests for L{txsocketio.origins}.
"""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from txsocketio.errors import LocalProtocolError
from txsocketio.origins import Origins, Verdict

HEAD = b"""\
<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
"""
TAIL = b"</cross-domain-policy>\n"


def judge(origins: Origins, origin: bytes | None = None, **headers: bytes) -> Verdict:
    """
    @param headers: further headers, their names with C{_} for C{-}; C{Host}
        is C{our.org} if it is not among them.
    """
    sent = Headers({b"Host": [b"our.org"]})
    for name, value in headers.items():
        sent.setRawHeaders(name.replace("_", "-"), [value])
    if origin is not None:
        sent.setRawHeaders("Origin", [origin])
    return origins.judge(sent.getRawHeaders)


class OriginsCase(SynchronousTestCase):
    """
    What the tests of this module have in common.
    """

    def assertAllowed(self, origins: Origins, origin: bytes, **headers: bytes) -> None:
        self.assertEqual(judge(origins, origin, **headers), Verdict(True, origin, ""))

    def assertRefused(self, origins: Origins, origin: bytes, **headers: bytes) -> None:
        self.assertEqual(
            judge(origins, origin, **headers),
            Verdict(False, None, f"Origin is not allowed: {origin.decode()}"),
        )

    def assertMalformed(self, origins: Origins, origin: bytes, shown: str) -> None:
        self.assertEqual(
            judge(origins, origin), Verdict(False, None, f"Origin is malformed: {shown}")
        )


class SameOriginTests(OriginsCase):
    """
    What is allowed without a word from the user.
    """

    def test_default(self) -> None:
        """
        The site's own pages may connect, nobody else.
        """
        for origins in (Origins(), Origins(None), Origins([])):
            self.assertAllowed(origins, b"http://our.org")
            self.assertRefused(origins, b"http://evil.com")
            self.assertRefused(origins, b"http://our.org.evil.com")
            self.assertRefused(origins, b"http://sub.our.org")
            self.assertRefused(origins, b"null")

    def test_schemeIsNotCompared(self) -> None:
        """
        Behind a proxy that ends TLS, the same C{Host} arrives.
        """
        self.assertAllowed(Origins(), b"https://our.org")
        self.assertAllowed(Origins(), b"https://our.org", Host=b"our.org:443")

    def test_port(self) -> None:
        """
        The default port is that of the origin's scheme.
        """
        self.assertAllowed(Origins(), b"http://our.org:8080", Host=b"our.org:8080")
        self.assertAllowed(Origins(), b"http://our.org", Host=b"our.org:80")
        self.assertAllowed(Origins(), b"http://our.org:80")
        self.assertRefused(Origins(), b"https://our.org", Host=b"our.org:80")
        self.assertRefused(Origins(), b"http://our.org:8080")
        self.assertRefused(Origins(), b"http://our.org", Host=b"our.org:8080")

    def test_case(self) -> None:
        """
        The case of a host's name says nothing; the origin is echoed as sent.
        """
        self.assertAllowed(Origins(), b"HTTP://Our.ORG", Host=b"oUR.org")

    def test_addresses(self) -> None:
        """
        Hosts may be addresses.
        """
        self.assertAllowed(Origins(), b"http://127.0.0.1:8080", Host=b"127.0.0.1:8080")
        self.assertAllowed(Origins(), b"http://[::1]:8080", Host=b"[::1]:8080")
        self.assertRefused(Origins(), b"http://[::1]:8080", Host=b"[::2]:8080")

    def test_otherSchemes(self) -> None:
        """
        What is not a page of the web is not our page, whatever its host.
        """
        self.assertRefused(Origins(), b"chrome-extension://our.org")
        self.assertRefused(Origins(), b"file://")

    def test_withoutHost(self) -> None:
        """
        Without C{Host}, or with a bad one, nothing is our own.
        """
        origins = Origins()
        sent = Headers({b"Origin": [b"http://our.org"]})
        self.assertFalse(origins.judge(sent.getRawHeaders).allowed)
        for host in (b"", b"our.org/", b"a@our.org", b"our.org:0", b"our.org:x", b"\xff"):
            self.assertRefused(origins, b"http://our.org", Host=host)

    def test_withoutScheme(self) -> None:
        """
        A program that gives the server's own name for its origin is let in,
        and told nothing of it; no browser does so. Other names do not pass.
        """
        for origins in (Origins(), Origins("*:*")):
            header = Headers({b"Origin": [b"our.org:80"], b"Host": [b"our.org:80"]})
            self.assertEqual(origins.judge(header.getRawHeaders), Verdict(True))
            self.assertMalformed(origins, b"our.org:80", "our.org:80")
            self.assertMalformed(origins, b"evil.com", "evil.com")

    def test_trustProxy(self) -> None:
        """
        C{X-Forwarded-Host} counts only where it is trusted, and there its
        first value counts instead of C{Host}.
        """
        forwarded = {"X_Forwarded_Host": b"shown.org, inner.org"}
        self.assertRefused(Origins(), b"https://shown.org", **forwarded)
        trusting = Origins(trustProxy=True)
        self.assertAllowed(trusting, b"https://shown.org", **forwarded)
        self.assertRefused(trusting, b"https://inner.org", **forwarded)
        self.assertRefused(trusting, b"https://our.org", **forwarded)
        self.assertAllowed(trusting, b"https://our.org")


class ListTests(OriginsCase):
    """
    What the user allows.
    """

    def test_everything(self) -> None:
        """
        C{*:*} allows everybody, pages without a host included.
        """
        for origins in (Origins("*:*"), Origins(["*:*"]), Origins(["a.org:80", "*:*"])):
            for origin in (b"http://evil.com", b"https://[::1]:8443", b"null", b"file://"):
                self.assertAllowed(origins, origin)

    def test_sameOriginStays(self) -> None:
        """
        A list adds to the site's own origin.
        """
        self.assertAllowed(Origins("good.com:*"), b"http://our.org")

    def test_hostAndAnyPort(self) -> None:
        """
        C{host:*} is that host over any scheme.
        """
        origins = Origins(["Good.com:*", "[::1]:*"])
        for origin in (b"http://good.com", b"https://GOOD.com", b"http://good.com:8080"):
            self.assertAllowed(origins, origin)
        self.assertAllowed(origins, b"http://[::1]:3000")
        self.assertAllowed(origins, b"capacitor://good.com")
        for origin in (b"http://sub.good.com", b"http://xgood.com", b"http://goodXcom", b"null"):
            self.assertRefused(origins, origin)

    def test_anyHostAndPort(self) -> None:
        """
        C{*:port} is any host, and the port that it may have by default.
        """
        origins = Origins(["*:80", "*:3000"])
        for origin in (b"http://a.org", b"http://a.org:80", b"https://b.org:3000"):
            self.assertAllowed(origins, origin)
        for origin in (b"https://a.org", b"http://a.org:8080", b"app://a.org"):
            self.assertRefused(origins, origin)

    def test_hostAndPort(self) -> None:
        """
        C{host:port} is both.
        """
        origins = Origins(("good.com:443", "a.org:8080"))
        self.assertAllowed(origins, b"https://good.com")
        self.assertAllowed(origins, b"http://a.org:8080")
        for origin in (b"http://good.com", b"http://a.org", b"https://a.org:443"):
            self.assertRefused(origins, origin)

    def test_wholeOrigin(self) -> None:
        """
        A whole origin is that one alone, scheme included.
        """
        origins = Origins(["https://A.org", "http://b.org:8080", "capacitor://localhost"])
        for origin in (b"https://a.org", b"http://b.org:8080", b"capacitor://localhost"):
            self.assertAllowed(origins, origin)
        for origin in (
            b"http://a.org",
            b"https://a.org:8443",
            b"http://a.org:443",
            b"http://b.org",
            b"https://b.org:8080",
            b"http://localhost",
        ):
            self.assertRefused(origins, origin)

    def test_defaultPortWritten(self) -> None:
        """
        A whole origin may name the port that goes without saying.
        """
        self.assertAllowed(Origins("https://a.org:443"), b"https://a.org")

    def test_international(self) -> None:
        """
        International names are compared in their ASCII form.
        """
        origins = Origins(["xn--bcher-kva.example:*"])
        self.assertAllowed(origins, b"https://XN--bcher-kva.example")
        self.assertMalformed(
            origins, "https://bücher.example".encode(), r"https://b\xc3\xbccher.example"
        )


class EntryTests(SynchronousTestCase):
    """
    What is wrong in the option is told at once.
    """

    def assertWrong(self, allowed: Any, shown: str) -> None:
        error = self.assertRaises(LocalProtocolError, Origins, allowed)
        self.assertEqual(
            str(error),
            f"origins: {shown} is neither host:port (either may be *; *:* is everybody)"
            " nor a whole origin such as https://a.org, without a path"
            " (international names as xn--...)",
        )

    def test_wrong(self) -> None:
        """
        Each of these gets one line that names it.
        """
        for entry in (
            "",
            "*",
            "good.com",
            "good.com:",
            ":80",
            "good.com:0",
            "good.com:080",
            "good.com:65536",
            "good.com:http",
            "*.good.com:*",
            "good.com:*\n",
            'good.com":*',
            "https://*:*",
            "https://*.a.org",
            "https://a.org/",
            "https://a.org:65536",
            "https://user@a.org",
            "https://",
            "//a.org",
            "null",
            "file://",
            "a b:*",
        ):
            self.assertWrong(entry, ascii(entry))
            self.assertWrong(["good.com:*", entry], ascii(entry))

    def test_notASCII(self) -> None:
        """
        Names are not translated: there is more than one way to do so. Signs
        that become letters when they are made small are no letters.
        """
        self.assertWrong("bücher.example:*", r"'b\xfccher.example:*'")
        self.assertWrong("https://\u212a.org", r"'https://\u212a.org'")
        self.assertWrong("\u212a.org:80", r"'\u212a.org:80'")

    def test_notText(self) -> None:
        """
        Entries are strings, and the option holds entries.
        """
        self.assertWrong(b"*:*", "b'*:*'")
        self.assertWrong([b"*:*"], "b'*:*'")
        self.assertWrong(True, "True")

    def test_long(self) -> None:
        """
        The line stays a line.
        """
        self.assertWrong("x" * 10_000, "'" + "x" * 96 + "...")

    def test_highestPort(self) -> None:
        """
        All ports that there are may be named.
        """
        self.assertTrue(judge(Origins("*:65535"), b"http://a.org:65535").allowed)
        self.assertTrue(judge(Origins("*:1"), b"http://a.org:1").allowed)


class MalformedTests(OriginsCase):
    """
    What is no origin is refused even where everybody is allowed, and never
    comes back in a header.
    """

    def test_malformed(self) -> None:
        for origin in (
            b"http://a.org/",
            b"http://a.org/path",
            b"http://a.org?query",
            b"http://a.org#fragment",
            b"http://user@a.org",
            b"http://user:password@a.org",
            b"http://a.org:",
            b"http://a.org:0",
            b"http://a.org:65536",
            b"http://a.org:999999",
            b"http://a.org:80:80",
            b"http://a.org b.org",
            b"http://a.org, http://b.org",
            b"http://",
            b"http:a.org",
            b"//a.org",
            b"a.org",
            b"://a.org",
            b"1http://a.org",
            b"http://[::1",
            b"http://*:80",
            b"NULL",
            b"<script>",
            b"http://" + b"a" * 256,
        ):
            self.assertMalformed(
                Origins("*:*"), origin, origin.decode()[:97] + "..." * (len(origin) > 100)
            )

    def test_controlCharacters(self) -> None:
        """
        What could end a header is shown escaped.
        """
        sent: dict[bytes, list[bytes]] = {b"Origin": [b"http://a.org\r\nSet-Cookie: a\0\x1b[m\n"]}
        self.assertEqual(
            Origins("*:*").judge(sent.get),
            Verdict(False, None, r"Origin is malformed: http://a.org\r\nSet-Cookie: a\x00\x1b[m\n"),
        )
        sent = {b"Origin": [b"http://a.org\n"]}
        self.assertFalse(Origins("*:*").judge(sent.get).allowed)

    def test_long(self) -> None:
        """
        The reason names the origin by its beginning.
        """
        self.assertMalformed(Origins(), b"\0" * 1_000_000, r"\x00" * 24 + "\\...")
        self.assertMalformed(Origins(), b"x" * 101, "x" * 97 + "...")
        self.assertMalformed(Origins(), b"x" * 100, "x" * 100)

    def test_twice(self) -> None:
        """
        Two headers are not one.
        """
        sent = Headers({b"Origin": [b"http://our.org", b"http://evil.com"], b"Host": [b"our.org"]})
        self.assertEqual(
            Origins().judge(sent.getRawHeaders),
            Verdict(False, None, "Origin is malformed: http://our.org, http://evil.com"),
        )


class WithoutOriginTests(OriginsCase):
    """
    Requests that carry no C{Origin}.
    """

    def test_ignored(self) -> None:
        """
        They are allowed, with nothing to echo.
        """
        for origins in (Origins(), Origins("good.com:*"), Origins("*:*")):
            self.assertEqual(judge(origins), Verdict(True))
            self.assertEqual(judge(origins, Referer=b"http://evil.com/"), Verdict(True))
            self.assertEqual(judge(origins, b""), Verdict(True))

    def test_notIgnored(self) -> None:
        """
        C{ignoreEmpty=False} refuses them, from everybody.
        """
        for origins in (Origins(ignoreEmpty=False), Origins("*:*", ignoreEmpty=False)):
            self.assertEqual(judge(origins), Verdict(False, None, "No Origin header"))
            self.assertAllowed(origins, b"http://our.org")

    def test_browserAsksForOurPage(self) -> None:
        """
        Our own pages' script elements, and what the visitor types.
        """
        for site in (b"same-origin", b"none", b"anything"):
            self.assertEqual(judge(Origins(), Sec_Fetch_Site=site), Verdict(True))

    def test_browserAsksForAnotherSite(self) -> None:
        """
        Other sites' script elements are judged by their page.
        """
        refused = Verdict(False, None, "Origin is not allowed: http://evil.com")
        for site in (b"cross-site", b"same-site", b"Cross-Site "):
            for referer in (
                b"http://evil.com",
                b"http://evil.com/a/b",
                b"http://evil.com?x",
                b"http://evil.com#x",
            ):
                self.assertEqual(
                    judge(Origins("good.com:*"), Sec_Fetch_Site=site, Referer=referer), refused
                )
            for referer in (b"http://good.com/page", b"https://our.org/page?http://evil.com"):
                self.assertEqual(
                    judge(Origins("good.com:*"), Sec_Fetch_Site=site, Referer=referer),
                    Verdict(True),
                )

    def test_browserHidesThePage(self) -> None:
        """
        A site that keeps its name back is not allowed, unless everybody is.
        """
        refused = Verdict(False, None, "Another site's request without Origin or Referer")
        sent = {"Sec_Fetch_Site": b"cross-site"}
        self.assertEqual(judge(Origins("good.com:*"), **sent), refused)
        self.assertEqual(judge(Origins(), Referer=b"", **sent), refused)
        self.assertEqual(judge(Origins("*:*"), **sent), Verdict(True))

    def test_strangeReferer(self) -> None:
        """
        A referer that is no URL of a page is none that is allowed.
        """
        for referer in (b"our.org", b"http://our.org@evil.com/", b"about:blank", b"\xff"):
            verdict = judge(Origins(), Sec_Fetch_Site=b"cross-site", Referer=referer)
            self.assertFalse(verdict.allowed)
            self.assertIn("Origin is malformed: ", verdict.reason)

    def test_originWins(self) -> None:
        """
        With C{Origin}, nothing else is asked.
        """
        headers = {"Sec_Fetch_Site": b"cross-site", "Referer": b"http://evil.com/"}
        self.assertAllowed(Origins("good.com:*"), b"http://good.com", **headers)

    def test_webSocketDrafts(self) -> None:
        """
        The drafts 7 to 10 of WebSocket name the header otherwise.
        """
        self.assertEqual(
            judge(Origins(), Sec_WebSocket_Origin=b"http://evil.com"),
            Verdict(False, None, "Origin is not allowed: http://evil.com"),
        )
        self.assertEqual(
            judge(Origins(), Sec_WebSocket_Origin=b"http://our.org"),
            Verdict(True, b"http://our.org"),
        )


class PolicyFileTests(SynchronousTestCase):
    """
    The Flash policy, as the genuine server writes it.
    """

    def test_everything(self) -> None:
        self.assertEqual(
            Origins("*:*").policyFile(),
            HEAD + b'<allow-access-from domain="*" to-ports="*"/>\n' + TAIL,
        )

    def test_list(self) -> None:
        """
        One line for each entry, in their order.
        """
        self.assertEqual(
            Origins(["good.com:*", "a.org:8080"]).policyFile(),
            HEAD
            + b'<allow-access-from domain="good.com" to-ports="*"/>\n'
            + b'<allow-access-from domain="a.org" to-ports="8080"/>\n'
            + TAIL,
        )

    def test_sameOriginOnly(self) -> None:
        """
        Nobody can be named.
        """
        self.assertEqual(Origins().policyFile(), HEAD + TAIL)

    def test_wholeOrigins(self) -> None:
        """
        They become host and port, if a movie can come from there.
        """
        self.assertEqual(
            Origins(["https://a.org", "http://b.org:8080", "capacitor://c.org"]).policyFile(),
            HEAD
            + b'<allow-access-from domain="a.org" to-ports="443"/>\n'
            + b'<allow-access-from domain="b.org" to-ports="8080"/>\n'
            + TAIL,
        )

    def test_noDoubles(self) -> None:
        """
        No line twice, whether the entries are the same or say the same.
        """
        self.assertEqual(
            Origins(["*:80", "A.org:80", "a.org:80", "http://a.org", "*:80"]).policyFile(),
            HEAD
            + b'<allow-access-from domain="*" to-ports="80"/>\n'
            + b'<allow-access-from domain="a.org" to-ports="80"/>\n'
            + TAIL,
        )
