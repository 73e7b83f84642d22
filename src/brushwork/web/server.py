"""Listening: an address, what it means, and an end that finishes what is running."""

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
from brushwork.web.connections import PROTOCOLS, raise_files

EXPOSED = """\
This server listens on {host}: every machine that can reach this one can use it and sees the pictures it is sent."""
OPEN = "Anybody is served: set --token to let in only those who know it."
PLAIN = "There is no encryption: give --certificate and --key, or put a proxy with TLS before it."


@dataclass(frozen=True)
class Access:
    """Who may reach a server, and how.

    Attributes:
        host: Address to listen on.
        port: Port; 0 picks a free one.
        tokens: What clients must show; empty for no token.
        names: Further names by which the server may be called.
        proxies: Addresses of proxies whose forwarding headers are believed.
        certificate: PEM file of the TLS certificate chain; None for plain HTTP.
        key: PEM file of its private key.
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
                raise UserError(f"no file {file}")
        for proxy in self.proxies:
            if not is_address(proxy):
                raise UserError(f"--behind-proxy takes the proxy's address in numbers, not {proxy!r}")

    def warnings(self) -> list[str]:
        """What to say to the person who starts a server that others can reach."""
        if is_local(self.host):
            return []
        told = [EXPOSED.format(host=self.host)]
        return told + [OPEN] * (not self.tokens) + [PLAIN] * (self.certificate is None)


def run(
    stylizer: Stylizer, model: str, access: Access, limits: Limits, *, page: bool = True, show: bool = False,
    memory: int | None = None, details: Details | None = None,
) -> None:  # fmt: skip
    """Serve until it is interrupted.

    Args:
        stylizer: The model.
        model: Its name.
        access: Who may reach the server.
        limits: What a client may ask for.
        page: Whether there is a page besides the API.
        show: Whether the page is opened in the browser of this machine.
        memory: Bytes that a picture may take; larger ones are painted in tiles. None for most of what is free then.
        details: The model at other details; None if there is one.

    Raises:
        UserError: If the address cannot be listened on, or a TLS file not used.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    names, tokens = Names.of(access.names, access.proxies), Tokens(access.tokens)
    raise_files()
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
    if show:  # from a thread: some browsers block until they are closed
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
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
