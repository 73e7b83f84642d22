"""`brushwork serve`: serves the page and the HTTP API."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import Detail, Memory, Model, given, option

if TYPE_CHECKING:
    from brushwork.stylizer import Stylizer

ACCESS, LIMITS = "Access", "Limits"

Host = Annotated[
    str | None,
    option(ACCESS, "--host", "ADDRESS", "Address to listen on; 0.0.0.0 admits other machines; default 127.0.0.1."),
]
Port = Annotated[
    int | None, option(ACCESS, "--port", "0..65535", "Port for the page; 0 picks a free one; default 7860.")
]
Token = Annotated[
    list[str] | None,
    Option("--token", envvar="BRUSHWORK_TOKEN", metavar="TOKEN", help="Token that clients must send; repeatable.",
           show_envvar=True, rich_help_panel=ACCESS),
]  # fmt: skip
Name = Annotated[list[str] | None, option(ACCESS, "--name", "HOST", "Further host name of the server; repeatable.")]
BehindProxy = Annotated[
    list[str] | None,
    option(ACCESS, "--behind-proxy", "ADDRESS", "Proxy whose Forwarded headers are trusted; repeatable."),
]
Certificate = Annotated[Path | None, option(ACCESS, "--certificate", "FILE", "TLS certificate chain, PEM.")]
Key = Annotated[Path | None, option(ACCESS, "--key", "FILE", "Private key of the certificate, PEM.")]
Open = Annotated[bool, option(None, "--open", "", "Open the page in the browser.")]
NoPage = Annotated[bool, option(None, "--no-page", "", "Serve the API only.")]
Upload = Annotated[int | None, option(LIMITS, "--upload", "1..", "Most megabytes per request; default 64.")]
Pixels = Annotated[int | None, option(LIMITS, "--pixels", "1..", "Most megapixels per picture; default 50.")]
Frames = Annotated[int | None, option(LIMITS, "--frames", "1..", "Most frames per animation; default 200.")]
Animation = Annotated[
    int | None, option(LIMITS, "--animation", "1..", "Most megapixels of an animation's frames in total; default 200.")
]
Seconds = Annotated[int | None, option(LIMITS, "--seconds", "1..", "Most seconds per request; default 120.")]
Queue = Annotated[int | None, option(LIMITS, "--queue", "1..", "Most waiting requests; default 16.")]
ClientQueue = Annotated[
    int | None, option(LIMITS, "--client-queue", "1..", "Most waiting requests per client; default 8.")
]
Idle = Annotated[int | None, option(LIMITS, "--idle", "1..", "Most seconds that a request may be idle; default 30.")]
Disk = Annotated[int | None, option(LIMITS, "--disk", "1..", "Most megabytes of temporary files; default 4000.")]
Clips = Annotated[int | None, option(LIMITS, "--clips", "1..", "Most clips, including waiting ones; default 4.")]
ClipFrames = Annotated[int | None, option(LIMITS, "--clip-frames", "1..", "Most frames per clip; default 20000.")]
ClipSeconds = Annotated[
    int | None, option(LIMITS, "--clip-seconds", "1..", "Most seconds for rendering a clip; default 3600.")
]
Cameras = Annotated[int | None, option(LIMITS, "--cameras", "1..", "Most cameras that may be open; default 4.")]


@dataclass
class AccessOptions:
    """Options for access to the server."""

    host: Host = None
    port: Port = None
    tokens: Token = None
    names: Name = None
    proxies: BehindProxy = None
    certificate: Certificate = None
    key: Key = None


@dataclass
class LimitOptions:
    """Limits of requests; see `brushwork.web.api.limits.Limits`."""

    upload: Upload = None
    pixels: Pixels = None
    frames: Frames = None
    animation: Animation = None
    seconds: Seconds = None
    queue: Queue = None
    client_queue: ClientQueue = None
    idle: Idle = None
    disk: Disk = None
    clips: Clips = None
    clip_frames: ClipFrames = None
    clip_seconds: ClipSeconds = None
    cameras: Cameras = None


@grouped
def serve(
    access: AccessOptions,
    limits: LimitOptions,
    *,
    open_page: Open = False,
    no_page: NoPage = False,
    memory: Memory = None,
    model: Model = None,
    detail: Detail = None,
    machine: Machine,
) -> None:
    """Serve the page and the HTTP API on this machine.

    No data leaves the machine. Ctrl-C and SIGTERM let running requests finish and then end the server.

    brushwork serve --open

    curl -F content=@photo.jpg -F style_name=ukiyo-e -o pastiche.jpg http://127.0.0.1:7860/v1/stylize
    """
    from contextlib import suppress

    from brushwork import extras, model_folder
    from brushwork.batch.options import parse_memory
    from brushwork.model_detail import has_details

    extras.require("web", "the page and the HTTP API")
    from brushwork.web.api.details import Details
    from brushwork.web.api.limits import Limits
    from brushwork.web.server import Access, run

    allowed = Limits(**given(**vars(limits)))
    entry = Access(**given(**vars(access)))
    found, room = model_folder.find(model), parse_memory(memory)
    loaded = machine.loader(model, detail)()

    def load(other: float) -> "Stylizer":
        return machine.loader(model, other)()

    details = Details(loaded, 1.0 if detail is None else detail, load if has_details(found) else None)
    # The server finishes its requests and then raises the signal again.
    with suppress(KeyboardInterrupt):
        run(loaded, found.name, entry, allowed, page=not no_page, show=open_page, memory=room, details=details)
