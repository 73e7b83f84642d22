"""Host names that a server accepts, and the forwarding headers of trusted proxies."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

LOCAL = ("localhost",)
HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-f:.]+\](:\d+)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """Host, scheme and client of a request, as seen by the browser or the first proxy.

    Attributes:
        host: The Host header, with its port; None if it is malformed.
        scheme: ``http`` or ``https``.
        client: Address of the client.
    """

    host: str | None
    scheme: str
    client: str

    @property
    def name(self) -> str:
        """The host without its port, in lower case."""
        return host_name(self.host or "") or ""


@dataclass(frozen=True)
class Names:
    """Host names that a server accepts.

    A page of another site whose name is made to resolve to this server (DNS rebinding) is sent with its own host name,
    and is refused. IP addresses cannot be made to resolve elsewhere and are always accepted.

    Attributes:
        known: Accepted names, in lower case.
        proxies: IP addresses of proxies whose forwarding headers are trusted.
    """

    known: frozenset[str]
    proxies: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Sequence[str] = (), proxies: Sequence[str] = ()) -> "Names":
        """Return the names of this machine and further ones."""
        own = (*LOCAL, socket.gethostname(), *names)
        return cls(frozenset(name.lower() for name in own), frozenset(proxies))

    def accept(self, name: str) -> bool:
        """Return whether a host name without a port is accepted."""
        return name in self.known or is_address(name)

    def origin(self, headers: Headers, client: str, scheme: str) -> Origin:
        """Return host, scheme and client, using headers of trusted proxies (RFC 7239, or the X-Forwarded headers)."""
        host = headers.get("host")
        if client in self.proxies:
            forwarded = _forwarded(headers)
            host, scheme = forwarded.get("host", host), forwarded.get("proto", scheme)
            client = forwarded.get("for", client)
        return Origin(host if host and host_name(host) else None, scheme if scheme == "https" else "http", client)


def host_name(host: str) -> str | None:
    """Return the name in a Host header or an origin, in lower case and without its port; None if it is malformed."""
    if not HOST.fullmatch(host):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises an error if it is not a number
    except ValueError:
        return None
    return parts.hostname


def is_local(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_address(name: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _forwarded(headers: Headers) -> dict[str, str]:
    """Return ``host``, ``proto`` and ``for`` from the headers of the last proxy."""
    if forwarded := headers.get("forwarded"):
        pairs = (part.partition("=") for part in forwarded.rpartition(",")[2].split(";"))
        found = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    else:
        names = {"host": "x-forwarded-host", "proto": "x-forwarded-proto", "for": "x-forwarded-for"}
        found = {key: headers[name].rpartition(",")[2].strip() for key, name in names.items() if name in headers}
    if "for" in found:
        found["for"] = host_name(found["for"]) or found["for"]
    return found
