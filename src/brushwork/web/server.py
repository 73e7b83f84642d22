"""Listening: an address, what it means, and an end that finishes what is running."""

import socket
from ipaddress import ip_address

import uvicorn
from rich.console import Console

from brushwork.errors import UserError
from brushwork.stylizer import Stylizer
from brushwork.web.api.limits import Limits
from brushwork.web.app import LOCAL, build

EXPOSED = """\
This server listens on {host}: every machine that can reach this one can use it and sees the pictures it is sent.
{token}There is no encryption: put a proxy with TLS before it."""


def run(
    stylizer: Stylizer, model: str, *, host: str = "127.0.0.1", port: int = 7860, limits: Limits, token: str | None,
    page: bool,
) -> None:  # fmt: skip
    """Serves until it is interrupted.

    Raises:
        UserError: If the address cannot be listened on.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    listener = _listen(host, port)
    port = listener.getsockname()[1]
    local = is_local(host)
    if not local:
        needed = "" if token else "Whoever asks is served: set --token to let in only who knows it.\n"
        console.print(EXPOSED.format(host=host, token=needed), style="yellow")
    app = build(stylizer, model, limits=limits, hosts=LOCAL if local else (), token=token, page=page)
    shown = f"[{host}]" if ":" in host else host
    console.print(f"http://{shown}:{port}", style="bold")
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=limits.seconds, proxy_headers=False,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listener])


def is_local(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise UserError(f"the port is {port}; it must lie between 0 and 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise UserError(f"cannot listen on {host}, port {port}: {(error.strerror or str(error)).lower()}") from None
    listener.listen(128)
    return listener
