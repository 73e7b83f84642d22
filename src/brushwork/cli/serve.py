"""`brushwork serve`: the page and the HTTP API."""

from typing import Annotated

from typer import Option

from brushwork.cli.options import Device, Model, Precision, Threads, given, loader, option

LIMITS = "Limits"


Host = Annotated[
    str | None,
    option(None, "--host", "ADDRESS", "Address to listen on; 0.0.0.0 lets other machines in. Else 127.0.0.1."),
]
Port = Annotated[int | None, option(None, "--port", "0..65535", "Port for the page; 0 picks a free one. Else 7860.")]
Token = Annotated[
    str | None,
    Option(envvar="brushwork_TOKEN", metavar="TOKEN", help="Token that clients must send.", show_envvar=True),
]
NoPage = Annotated[bool, option(None, "--no-page", "", "Serve the API only.")]
Upload = Annotated[int | None, option(LIMITS, "--upload", "1..", "Megabytes of a request; else 64.")]
Pixels = Annotated[int | None, option(LIMITS, "--pixels", "1..", "Megapixels of a picture; else 50.")]
Frames = Annotated[int | None, option(LIMITS, "--frames", "1..", "Frames of an animation; else 200.")]
Seconds = Annotated[int | None, option(LIMITS, "--seconds", "1..", "Seconds for a request; else 120.")]
Queue = Annotated[int | None, option(LIMITS, "--queue", "1..", "Requests that may wait; else 16.")]
Clips = Annotated[int | None, option(LIMITS, "--clips", "1..", "Clips that are kept, waiting ones included; else 4.")]
ClipFrames = Annotated[int | None, option(LIMITS, "--clip-frames", "1..", "Frames of a clip; else 20000.")]
ClipSeconds = Annotated[int | None, option(LIMITS, "--clip-seconds", "1..", "Seconds for painting a clip; else 3600.")]


def serve(
    host: Host = None,
    port: Port = None,
    token: Token = None,
    no_page: NoPage = False,
    upload: Upload = None,
    pixels: Pixels = None,
    frames: Frames = None,
    seconds: Seconds = None,
    queue: Queue = None,
    clips: Clips = None,
    clip_frames: ClipFrames = None,
    clip_seconds: ClipSeconds = None,
    model: Model = None,
    device: Device = None,
    precision: Precision = None,
    threads: Threads = None,
) -> None:
    """Open the page and the HTTP API on this machine.

    Nothing leaves the machine. Ctrl-C or SIGTERM finish what is running and end.

    brushwork serve

    curl -F content=@photo.jpg -F style_name=ukiyo-e -o pastiche.jpg http://127.0.0.1:7860/v1/stylize
    """
    from contextlib import suppress

    from brushwork import extras, model_folder

    extras.require("web", "the page and the HTTP API")
    from brushwork.web.api.limits import Limits
    from brushwork.web.server import run

    limits = Limits(
        **given(
            upload=upload, pixels=pixels, frames=frames, seconds=seconds, queue=queue, clips=clips,
            clip_frames=clip_frames, clip_seconds=clip_seconds,
        )
    )  # fmt: skip
    name = model_folder.find(model).name
    loaded = loader(model, device, precision, threads)()
    # The server finishes its requests, and raises the signal that ended it again.
    with suppress(KeyboardInterrupt):
        run(loaded, name, limits=limits, token=token, page=not no_page, **given(host=host, port=port))
