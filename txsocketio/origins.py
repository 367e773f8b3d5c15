"""
Who may talk to us: the policy of origins.

A browser tells by C{Origin} which site's page sends a request; what a program
that is no browser sends there proves nothing. The policy therefore guards the
visitors of other sites' pages, whose cookies travel with every request, and
is no authentication.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from txsocketio.errors import LocalProtocolError

HeaderValues = Callable[[bytes], Sequence[bytes] | None]
"""
Gives all values of the header of a name, in their order; L{None} or nothing
where there are none. C{request.requestHeaders.getRawHeaders} is one.
"""

_ANY = "*"
_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}

# Names in their ASCII form, as browsers send them (xn--... for the others).
_HOST = r"[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\]"
_PORT = r"[1-9][0-9]{0,4}"
# Without re.ASCII, the Kelvin sign is a k.
_ORIGIN = re.compile(rf"([a-z][a-z0-9+.-]*)://({_HOST})(?::({_PORT}))?", re.ASCII | re.IGNORECASE)
_HOST_AND_PORT = re.compile(rf"(\*|{_HOST}):(\*|{_PORT})", re.ASCII | re.IGNORECASE)

# Pages without a host. What some programs write for files on disk is file://.
_OPAQUE = frozenset(("null", "file://"))

_POLICY = """\
<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd">
<cross-domain-policy>
{lines}</cross-domain-policy>
"""


class Verdict(NamedTuple):
    """
    Whether a request may go on.

    @ivar allowed: whether it may.
    @ivar origin: the request's C{Origin}, as it was sent, for the headers of
        the answer; L{None} if there was none or if it is refused.
    @ivar reason: why it is refused, in one line of printable ASCII (it may
        hold C{<} and C{>}); empty if it is allowed.
    """

    allowed: bool
    origin: bytes | None = None
    reason: str = ""


class _Origin(NamedTuple):
    """
    An origin, or a pattern of origins, in which C{*} stands for anything.

    @ivar port: in digits; empty for a scheme that has no default port.
    """

    scheme: str
    host: str
    port: str


_EVERYTHING = _Origin(_ANY, _ANY, _ANY)


def _isPort(port: str) -> bool:
    return int(port) < 0x10000


def _parsed(text: str) -> _Origin | None:
    """
    @return: L{None} for anything but C{scheme://host} or
        C{scheme://host:port}.
    """
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme = match[1].lower()
    port = match[3] or _DEFAULT_PORTS.get(scheme, "")
    if port and not _isPort(port):
        return None
    return _Origin(scheme, match[2].lower(), port)


def _pattern(entry: object) -> _Origin:
    """
    @raise LocalProtocolError: there is no reading for the entry.
    """
    if isinstance(entry, str):
        origin = _parsed(entry)
        if origin is not None:
            return origin
        match = _HOST_AND_PORT.fullmatch(entry)
        if match is not None and (match[2] == _ANY or _isPort(match[2])):
            return _Origin(_ANY, match[1].lower(), match[2])
    raise LocalProtocolError(
        f"origins: {_cut(ascii(entry))} is neither host:port (either may be *; *:* is everybody)"
        " nor a whole origin such as https://a.org, without a path"
        " (international names as xn--...)"
    )


def _entries(allowed: object) -> tuple[object, ...]:
    if allowed is None:
        return ()
    if isinstance(allowed, (str, bytes)) or not isinstance(allowed, Iterable):
        return (allowed,)
    return tuple(allowed)


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:97]}..."


def _shown(value: bytes) -> str:
    """
    Whatever a peer sent, fit for a line: escaped, at most 100 characters.
    """
    return _cut(repr(value[:101])[2:-1])


def _originOf(url: bytes) -> bytes:
    """
    A URL without all that follows its authority.
    """
    scheme, separator, rest = url.partition(b"://")
    return scheme + separator + re.split(rb"[/?#]", rest, maxsplit=1)[0]


class Origins:
    """
    The origins that may connect.

    The site's own origin always may. Origins of other sites may if an entry
    names them:

      - C{"host:port"}, the genuine server's form, where each may be C{*}:
        C{"good.com:*"}, C{"*:80"}. The port of an C{Origin} that names none
        is that of its scheme.
      - a whole origin: C{"https://a.org"}, C{"https://a.org:8443"}.

    Hosts are compared without regard to case, and in their ASCII form.

    This does not stop a site whose owner lets its name resolve to our address:
    its pages are of the same origin, as far as C{Host} can tell.
    """

    def __init__(
        self,
        allowed: str | Iterable[str] | None = None,
        ignoreEmpty: bool = True,
        trustProxy: bool = False,
    ) -> None:
        """
        @param allowed: an entry, or any number of them; C{"*:*"} is
            everybody, L{None} the site's own origin only.
        @param ignoreEmpty: whether a request without C{Origin} is allowed.
            Without it browsers' own GET requests to the same origin fail too,
            since they carry none.
        @param trustProxy: whether C{X-Forwarded-Host} counts instead of
            C{Host}. Only for servers that nobody reaches but through a proxy
            which sets it.
        @raise LocalProtocolError: an entry is wrong.
        """
        patterns = dict.fromkeys(map(_pattern, _entries(allowed)))
        self._patterns = frozenset(patterns)
        self._ignoreEmpty = ignoreEmpty
        self._trustProxy = trustProxy
        self._policy = _policyFile(patterns)

    def judge(self, header: HeaderValues) -> Verdict:
        """
        Tell whether a request may go on.

        A request without C{Origin} comes from no browser, or from a page of
        the same origin, or from a script element, which JSONP is made of. In
        the last case the browser names its kind by C{Sec-Fetch-Site}, and the
        page by C{Referer}.
        """
        # The second is what WebSocket clients of the drafts 7 to 10 send.
        values = header(b"Origin") or header(b"Sec-WebSocket-Origin") or ()
        given = [value for value in values if value.strip()]
        if not given:
            return self._judgeWithoutOrigin(header)
        # No browser names the server itself without a scheme, as the WebSockets
        # of socket.io-client 1.0 in Node do.
        if given == header(b"Host"):
            return Verdict(True)
        return self._judgeOrigin(b", ".join(given), header)

    def policyFile(self) -> bytes:
        """
        The policy that a Flash movie asks for before it opens a connection:
        one line for each entry.

        As in the genuine server, an entry's port is the port that may be
        connected to. There is no line for the site's own origin, hence none
        at all by default: a policy names hosts, and a server that is not told
        its name cannot know it, since Flash sends none. Nor is there one for
        a whole origin whose scheme no Flash movie can come from.
        """
        return self._policy

    def _judgeWithoutOrigin(self, header: HeaderValues) -> Verdict:
        if not self._ignoreEmpty:
            return Verdict(False, reason="No Origin header")
        if _EVERYTHING in self._patterns or not _fromAnotherSite(header):
            return Verdict(True)
        referer = (header(b"Referer") or (b"",))[0]
        if not referer:
            return Verdict(False, reason="Another site's request without Origin or Referer")
        return self._judgeOrigin(_originOf(referer), header)._replace(origin=None)

    def _judgeOrigin(self, value: bytes, header: HeaderValues) -> Verdict:
        # What is not ASCII does not match, whatever it would mean.
        text = value.decode("latin-1")
        origin = _parsed(text)
        if origin is None and text not in _OPAQUE:
            return Verdict(False, reason=f"Origin is malformed: {_shown(value)}")
        if _EVERYTHING in self._patterns:
            return Verdict(True, value)
        if origin is not None and (self._listed(origin) or self._isOurs(origin, header)):
            return Verdict(True, value)
        return Verdict(False, reason=f"Origin is not allowed: {_shown(value)}")

    def _listed(self, origin: _Origin) -> bool:
        return not self._patterns.isdisjoint(
            (
                origin,
                _Origin(_ANY, origin.host, origin.port),
                _Origin(_ANY, origin.host, _ANY),
                _Origin(_ANY, _ANY, origin.port),
            )
        )

    def _isOurs(self, origin: _Origin, header: HeaderValues) -> bool:
        """
        Whether the request's own host and port are the origin's.

        The schemes are not compared: a proxy that ends TLS hands on C{Host},
        but what reaches us is plain HTTP. Tornado decides in the same way.
        """
        if origin.scheme not in _DEFAULT_PORTS:
            return False
        forwarded = header(b"X-Forwarded-Host") if self._trustProxy else None
        # A chain of proxies appends: what the browser asked for comes first.
        host = (forwarded or header(b"Host") or (b"",))[0].split(b",")[0].strip()
        return _parsed(f"{origin.scheme}://{host.decode('latin-1')}") == origin


def _fromAnotherSite(header: HeaderValues) -> bool:
    """
    Whether the browser itself says that another site's page asks.
    """
    values = header(b"Sec-Fetch-Site") or ()
    return any(value.strip().lower() in (b"cross-site", b"same-site") for value in values)


def _policyFile(patterns: Iterable[_Origin]) -> bytes:
    lines = (
        f"<allow-access-from domain={quoteattr(host)} to-ports={quoteattr(port)}/>\n"
        for scheme, host, port in patterns
        if scheme == _ANY or scheme in _DEFAULT_PORTS
    )
    return _POLICY.format(lines="".join(dict.fromkeys(lines))).encode("ascii")
