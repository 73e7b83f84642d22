"""`brushwork serve`: the page and the HTTP API."""

from typing import Annotated, Any

from typer import Option

from brushwork.cli.stylize import Device, Model, Precision, Threads

LIMITS = "Limits"


def _limit(unit: str, words: str) -> Any:
    return Option(metavar=unit, help=words, rich_help_panel=LIMITS)


def serve(
    host: Annotated[
        str, Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, Option(metavar="PORT", help="0 takes a free one.")] = 7860,
    token: Annotated[
        str | None, Option(envvar="brushwork_TOKEN", metavar="TOKEN", help="What clients must show.", show_envvar=True)
    ] = None,
    no_page: Annotated[bool, Option("--no-page", metavar="", help="The API alone.")] = False,
    upload: Annotated[int, _limit("MB", "Of a request.")] = 64,
    pixels: Annotated[int, _limit("MEGAPIXELS", "Of a picture.")] = 50,
    frames: Annotated[int, _limit("N", "Of an animation.")] = 200,
    seconds: Annotated[int, _limit("SECONDS", "For a request.")] = 120,
    queue: Annotated[int, _limit("N", "Requests that may wait.")] = 16,
    clips: Annotated[int, _limit("N", "Clips that are kept, those that wait included.")] = 4,
    clip_frames: Annotated[int, _limit("N", "Of a clip.")] = 20_000,
    clip_seconds: Annotated[int, _limit("SECONDS", "For painting a clip.")] = 3600,
    model: Model = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: Threads = None,
) -> None:
    """Open the page and the HTTP API on this machine.

    Nothing leaves the machine. Ctrl-C or SIGTERM finish what is running and end.

    brushwork serve

    curl -F content=@photo.jpg -F style_name=ukiyo-e -o pastiche.jpg http://127.0.0.1:7860/v1/stylize
    """
    from contextlib import suppress

    from brushwork import extras, model_folder, stylizer
    from brushwork.runtime.opening import check_choices

    extras.require("web", "the page and the HTTP API")
    from brushwork.web.api.limits import Limits
    from brushwork.web.server import run

    check_choices(device, precision, threads)
    limits = Limits(
        upload=upload, pixels=pixels, frames=frames, seconds=seconds, queue=queue, clips=clips,
        clip_frames=clip_frames, clip_seconds=clip_seconds,
    )  # fmt: skip
    name = model_folder.find(model).name
    loaded = stylizer.load(model, device=device, precision=precision, threads=threads)
    # The server finishes its requests, and raises the signal that ended it again.
    with suppress(KeyboardInterrupt):
        run(loaded, name, host, port, limits=limits, token=token, page=not no_page)
