"""Runs the server: its address, who may reach it, and an end that completes running requests."""

import gc
import socket
import threading
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from rich.console import Console

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.web.api.details import Details
from brushwork.web.api.limits import Limits
from brushwork.web.api.origins import Names, is_address, is_local
from brushwork.web.api.tokens import Tokens
from brushwork.web.app import build
from brushwork.web.connections import PROTOCOLS, raise_file_limit

EXPOSED = """\
This server listens on {host}: every machine that can reach it can use it, and see the pictures that are sent to it."""
OPEN = "Anybody can use it: set --token to admit only clients with the token."
PLAIN = "Connections are not encrypted: give --certificate and --key, or use a proxy with TLS."


@dataclass(frozen=True)
class Access:
    """Settings of access to a server.

    Attributes:
        host: Address to listen on.
        port: Port; 0 picks a free one.
        tokens: Tokens that clients need; empty for no token.
        names: Further host names that the server accepts.
        proxies: Addresses of proxies whose forwarding headers are trusted.
        certificate: PEM file of the TLS certificate chain; None for plain HTTP.
        key: PEM file of its private key.

    Raises:
        UserError: If a file does not exist, the certificate or the key is missing, or a proxy is not an IP address.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    tokens: Sequence[str] = ()
    names: Sequence[str] = ()
    proxies: Sequence[str] = ()
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise UserError("TLS needs both --certificate and --key")
        for file in (self.certificate, self.key):
            if file is not None and not file.is_file():
                raise UserError(f"{file} does not exist")
        for proxy in self.proxies:
            if not is_address(proxy):
                raise UserError(f"--behind-proxy takes the proxy's IP address, not {proxy!r}")

    def warnings(self) -> list[str]:
        """Return warnings about a server that other machines can reach, one line each."""
        if is_local(self.host):
            return []
        exposed = [EXPOSED.format(host=self.host)]
        return exposed + [OPEN] * (not self.tokens) + [PLAIN] * (self.certificate is None)


def run(
    stylizer: Stylizer, model: str, access: Access, limits: Limits, *, page: bool = True, show: bool = False,
    memory: int | None = None, details: Details | None = None,
) -> None:  # fmt: skip
    """Serve until interrupted.

    Args:
        stylizer: The model.
        model: Name of the model.
        access: Settings of access.
        limits: Limits of requests.
        page: Whether to serve the page in addition to the API.
        show: Whether to open the page in the browser of this machine.
        memory: Bytes that a picture may take; larger ones are rendered in tiles. None for most of the memory that is
            free at that time.
        details: The model at other details; None if it has only one.

    Raises:
        UserError: If the server cannot listen on the address, or a TLS file cannot be used.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    names, tokens = Names.of(access.names, access.proxies), Tokens(access.tokens)
    raise_file_limit()
    listener = _listen(access.host, access.port)
    for line in access.warnings():
        console.print(line, style="yellow")
    app = build(stylizer, model, limits=limits, names=names, tokens=tokens, page=page, memory=memory, details=details)
    address = _address(access, listener.getsockname()[1])
    config = uvicorn.Config(
        app, **PROTOCOLS, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=limits.seconds, proxy_headers=False,
        ssl_certfile=access.certificate, ssl_keyfile=access.key,
    )  # fmt: skip
    try:
        config.load()
    except OSError as error:
        raise UserError(f"the TLS certificate or key cannot be used: {error.strerror or error}") from None
    console.print(address, style="bold")
    if show:  # in a thread, because some browsers block until they are closed
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    # Collecting all that is loaded by now holds the interpreter lock for 60 ms: leave it out of later collections.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


def _address(access: Access, port: int) -> str:
    scheme = "https" if access.certificate else "http"
    host = f"[{access.host}]" if ":" in access.host else access.host
    return f"{scheme}://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UserError(f"the port is {port}; it must be between 0 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise UserError(f"cannot listen on {host}, port {port}: {(error.strerror or str(error)).lower()}") from None
    listener.listen(128)
    return listener
