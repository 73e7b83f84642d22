"""`brushwork live`: the camera in any style."""

from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

if TYPE_CHECKING:
    from brushwork.live.loop import Screen
    from brushwork.stylizer import Stylizer


def _option(names: str, metavar: str, words: str) -> Any:
    """An option; a metavar of "" is a flag's."""
    return Option(*names.split(), metavar=metavar, help=words)


OUTPUTS = ("mjpeg", "window", "virtual-camera")
Styles = Annotated[list[str] | None, _option("--style -s", "STYLE", "A picture or a named style; keys 1, 2 switch.")]
Gallery = Annotated[bool, _option("--gallery", "", "All named styles of the model to switch between.")]
Number = Annotated[int, _option("--camera", "N", "Which camera.")]
Input = Annotated[str | None, _option("--input", "FILE|DEVICE", "A file played like a camera, or a local address.")]
Size = Annotated[int, _option("--size", "PIXELS", "Limit of the long side.")]
Output = Annotated[
    str, _option("--output", "mjpeg|window|virtual-camera", "Where it is seen; mjpeg: a page on 127.0.0.1.")
]
Port = Annotated[int, _option("--port", "N", "Of the page; 0 takes a free one.")]
Steady = Annotated[float, _option("--steady", "0..1", "How much of the last frame moves along; costs speed.")]
Strength = Annotated[float, _option("--strength", "0..1", "0 is the camera, 1 the full pastiche.")]
KeepColors = Annotated[bool, _option("--keep-colors", "", "Keep the camera's colours.")]
Model = Annotated[str | None, _option("--model", "NAME|FOLDER", "What paints; see brushwork models.")]
Device = Annotated[str, _option("--device", "auto|cpu|gpu|cuda|mps", "What computes; gpu is Intel's.")]
Precision = Annotated[str, _option("--precision", "auto|f32|bf16|f16|int8", "auto is the device's fastest.")]
Threads = Annotated[int | None, _option("--threads", "N", "Threads of the CPU that paint; else all cores.")]


def live(
    style: Styles = None,
    gallery: Gallery = False,
    camera: Number = 0,
    input: Input = None,  # noqa: A002
    size: Size = 640,
    output: Output = "mjpeg",
    port: Port = 8460,
    steady: Steady = 0.0,
    strength: Strength = 1.0,
    keep_colors: KeepColors = False,
    model: Model = None,
    device: Device = "auto",
    precision: Precision = "auto",
    threads: Threads = None,
) -> None:
    """Show the camera in any style. Frames are dropped rather than shown late; Ctrl-C ends.

    brushwork live -s painting.jpg -s waves.jpg --output window

    brushwork live --gallery --input clip.mp4
    """
    from brushwork import extras, stylizer
    from brushwork.cli import interrupts, progress
    from brushwork.errors import UserError
    from brushwork.runtime.opening import check_choices

    extras.require("video", "live")
    from brushwork.live import camera as cameras
    from brushwork.live.loop import Palette
    from brushwork.live.loop import live as show
    from brushwork.rendering.settings import OWN, RenderSettings
    from brushwork.video.frame_painter import FramePainter

    if output not in OUTPUTS:
        raise UserError(f"unknown output {output!r}; known: {', '.join(OUTPUTS)}")
    if not 16 <= size <= 10_000:
        raise UserError(f"the size is {size}; it must lie between 16 and 10000")
    if not 0 <= steady <= 1:
        raise UserError(f"steady is {steady:g}; it must lie between 0 and 1")
    check_choices(device, precision, threads)
    painting = stylizer.load(model, device=device, precision=precision, threads=threads)
    settings = RenderSettings(keep_colors="luma" if keep_colors else None, stroke=OWN)
    palette = Palette(*_styles(painting, style or [], gallery))
    painter = FramePainter(painting, strength=strength, settings=settings)
    source = cameras.open_camera(camera, size=size) if input is None else cameras.open_input(input, size=size)
    screen = _screen(output, palette.names, port)
    try:
        with interrupts.deferred() as stop, source:
            for shown in show(source, palette, painter, steady=steady):
                screen.show(shown)
                number = screen.pressed()
                if number is not None:
                    palette.choose(number)
                progress.status(f"{shown.line}   {source.dropped} dropped")
                if stop():
                    break
    finally:
        screen.close()


def _styles(stylizer: "Stylizer", styles: list[str], gallery: bool) -> tuple[list[str], list[Any]]:
    """Names and embeddings to choose from."""
    from pathlib import Path

    from brushwork.batch.options import Options
    from brushwork.batch.session import Session
    from brushwork.errors import UserError
    from brushwork.images import Picture

    chosen = [*styles, *(stylizer.names if gallery else ())]
    if not chosen:
        known = f"; {stylizer.names[0]} is one" if stylizer.names else ""
        raise UserError(f"which style? give pictures or names with -s, or --gallery for all names{known}")
    session, nothing = Session(stylizer, Options()), Picture(())
    return [Path(style).stem for style in chosen], [session.blend((style,), nothing) for style in chosen]


def _screen(output: str, names: tuple[str, ...], port: int) -> "Screen":
    """What shows it."""
    import sys

    if output == "mjpeg":
        from brushwork.live.mjpeg import MJPEG

        page = MJPEG(names, port)
        print(f"brushwork: live at {page.address} (Ctrl-C ends)", file=sys.stderr, flush=True)
        return page
    from brushwork.live.screens import VirtualCamera, Window

    return Window("brushwork live") if output == "window" else VirtualCamera()
