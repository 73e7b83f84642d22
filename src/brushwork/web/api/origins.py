"""Under which names a server may be called, and what a proxy before it may tell about a request."""

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
    """Where a request was sent to and by whom, as the browser or the first proxy saw it.

    Attributes:
        host: The Host header, with its port; None if it cannot be one.
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
    """Names by which a server may be called.

    A page elsewhere whose name is made to point here (DNS rebinding) comes with its own name, and is refused. An
    address in numbers cannot be made to point elsewhere, so it needs no permission.

    Attributes:
        known: Further names, in lower case.
        proxies: Addresses whose forwarding headers are believed.
    """

    known: frozenset[str]
    proxies: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Sequence[str] = (), proxies: Sequence[str] = ()) -> "Names":
        """The names of this machine, and those given."""
        own = (*LOCAL, socket.gethostname(), *names)
        return cls(frozenset(name.lower() for name in own), frozenset(proxies))

    def accept(self, name: str) -> bool:
        """Whether a host name without a port is one of the server's."""
        return name in self.known or is_address(name)

    def origin(self, headers: Headers, client: str, scheme: str) -> Origin:
        """Where a request was sent to, as listed proxies tell it (RFC 7239, or the older X-Forwarded headers)."""
        host = headers.get("host")
        if client in self.proxies:
            told = _forwarded(headers)
            host, scheme, client = told.get("host", host), told.get("proto", scheme), told.get("for", client)
        return Origin(host if host and host_name(host) else None, scheme if scheme == "https" else "http", client)


def host_name(host: str) -> str | None:
    """The name in a Host header or an origin, in lower case and without its port; None if it is malformed."""
    if not HOST.fullmatch(host):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts.hostname


def is_local(host: str) -> bool:
    """Whether only this machine can reach an address."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_address(name: str) -> bool:
    """Whether a host is an address in numbers."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _forwarded(headers: Headers) -> dict[str, str]:
    """What the last proxy tells: ``host``, ``proto`` and ``for``."""
    if told := headers.get("forwarded"):
        pairs = (part.partition("=") for part in told.rpartition(",")[2].split(";"))
        found = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    else:
        names = {"host": "x-forwarded-host", "proto": "x-forwarded-proto", "for": "x-forwarded-for"}
        found = {key: headers[name].rpartition(",")[2].strip() for key, name in names.items() if name in headers}
    if "for" in found:
        found["for"] = host_name(found["for"]) or found["for"]
    return found
