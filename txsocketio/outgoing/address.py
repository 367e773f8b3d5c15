"""
Where a server is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from txsocketio.errors import LocalProtocolError

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SECURE = {"https", "wss"}
_SAFE = "/%:@!$&'()*+,;=~-._"
_FORBIDDEN = "URLs are http://, https://, ws:// or wss://, with a host: "


@dataclass(frozen=True, slots=True)
class Address:
    """
    What a URL says of a server.

    @ivar isSecure: whether TLS is spoken there.
    @ivar host: without brackets, where it is an address of IPv6.
    @ivar path: of the resource, with a slash at both ends.
    @ivar query: what is sent along with each request, encoded.
    """

    isSecure: bool
    host: str
    port: int
    path: str
    query: str

    @classmethod
    def of(cls, url: str, resource: str, query: Mapping[str, Any]) -> Self:
        """
        @param resource: the path below that of the URL.
        @param query: what is sent along beside the URL's own query.
        @raise LocalProtocolError: there is no such address.
        """
        try:
            parts = urlsplit(url)
            port, host = parts.port, (parts.hostname or "").encode("idna").decode("ascii")
        except ValueError as error:
            raise LocalProtocolError(f"{_FORBIDDEN}{url!r}: {error}") from None
        if parts.scheme not in _PORTS or not host:
            raise LocalProtocolError(f"{_FORBIDDEN}{url!r}")
        if parts.username is not None:
            raise LocalProtocolError(f"names and passwords go into headers, not into {url!r}")
        names = [name for name in f"{parts.path}/{resource}".split("/") if name]
        path = quote("/".join(["", *names, ""]), safe=_SAFE)
        said = [quote(parts.query, safe=_SAFE + "?"), urlencode(query)]
        return cls(
            parts.scheme in _SECURE,
            host,
            port or _PORTS[parts.scheme],
            path,
            "&".join(filter(None, said)),
        )

    def target(self, part: str) -> str:
        """
        What is asked for, path and query.

        @param part: below the resource's path, with a query or without one.
        """
        if not self.query:
            return f"{self.path}{part}"
        return f"{self.path}{part}{'&' if '?' in part else '?'}{self.query}"

    def url(self, scheme: str, part: str) -> str:
        """
        The whole URL.

        @param scheme: C{"http"} or C{"ws"}.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}{'s' * self.isSecure}://{host}:{self.port}{self.target(part)}"
