"""`brushwork live`: stylises the picture of a camera."""

from typing import TYPE_CHECKING, Annotated, Any

from brushwork.cli.groups import Machine, grouped
from brushwork.cli.options import (
    FILES,
    RESULT,
    STYLE,
    FrameModel,
    Strength,
    given,
    option,
)

if TYPE_CHECKING:
    from brushwork.live.loop import Screen
    from brushwork.stylizer import Stylizer

OUTPUTS = ("mjpeg", "window", "virtual-camera")
Styles = Annotated[
    list[str] | None, option(STYLE, "--style -s", "STYLE", "Picture or named style; keys 1, 2, ... switch.")
]
Gallery = Annotated[bool, option(STYLE, "--gallery", "", "Offer all named styles of the model.")]
Number = Annotated[int | None, option(FILES, "--camera", "0..", "Number of the camera; default 0.")]
Input = Annotated[
    str | None, option(FILES, "--input", "FILE|DEVICE", "File to play in place of a camera, or a local address.")
]
Size = Annotated[int | None, option(RESULT, "--size", "16..10000", "Limit of the long side in pixels; default 640.")]
Output = Annotated[
    str, option(FILES, "--output", "mjpeg|window|virtual-camera", "Output; mjpeg is a page on 127.0.0.1.")
]
Port = Annotated[
    int | None, option(FILES, "--port", "0..65535", "Port for the page; 0 picks a free one; default 8460.")
]
Steady = Annotated[
    float | None,
    option(RESULT, "--steady", "0..1", "Weight of the previous frame's pastiche in the next; costs speed; default 0."),
]
KeepColors = Annotated[bool, option(RESULT, "--keep-colors", "", "Keep the camera's colours.")]


@grouped
def live(
    style: Styles = None,
    gallery: Gallery = False,
    camera: Number = None,
    input: Input = None,  # noqa: A002
    size: Size = None,
    output: Output = OUTPUTS[0],
    port: Port = None,
    steady: Steady = None,
    strength: Strength = None,
    keep_colors: KeepColors = False,
    model: FrameModel = None,
    *,
    machine: Machine,
) -> None:
    """Show the camera in any style, until Ctrl-C. Frames are dropped rather than shown late.

    brushwork live -s painting.jpg -s waves.jpg --output window

    brushwork live --gallery --input clip.mp4
    """
    from brushwork import extras, model_folder
    from brushwork.cli import interrupts, progress
    from brushwork.errors import UserError, unknown

    extras.require("video", "live")
    from brushwork.live import camera as cameras
    from brushwork.live.loop import Palette
    from brushwork.live.loop import live as show
    from brushwork.rendering.settings import OWN, RenderSettings
    from brushwork.video.frame_painter import FramePainter

    if output not in OUTPUTS:
        raise UserError(unknown("output", output, OUTPUTS))
    if port is not None and output != "mjpeg":
        raise UserError(f"--port is for the page; --output {output} has none")
    if camera is not None and input is not None:
        raise UserError("--camera and --input name two sources; leave one of them out")
    painting = machine.loader(model_folder.for_frames(model))()
    palette = Palette(*_styles(painting, style or [], gallery, size or cameras.SIZE))
    settings = RenderSettings(keep_colors="luma" if keep_colors else None, stroke=OWN)
    painter = FramePainter(painting, settings=settings, **given(strength=strength))
    sizes = given(size=size)
    source = (
        cameras.open_camera(**given(number=camera), **sizes) if input is None else cameras.open_input(input, **sizes)
    )
    screen = _screen(output, palette.names, port)
    try:
        with interrupts.deferred() as stop, source:
            for shown in show(source, palette, painter, **given(steady=steady)):
                screen.show(shown)
                number = screen.pressed()
                if number is not None:
                    palette.choose(number)
                progress.status(f"{shown.line}   {source.dropped} dropped")
                if stop():
                    break
    finally:
        screen.close()


def _styles(stylizer: "Stylizer", styles: list[str], gallery: bool, size: int) -> tuple[list[str], list[Any]]:
    """Return the names and embeddings of the styles that the keys choose, for frames of a size."""
    import sys

    from brushwork.batch.options import Options
    from brushwork.batch.session import Session
    from brushwork.errors import UserError
    from brushwork.images import Picture
    from brushwork.styles.embeddings import pad_alike
    from brushwork.styles.names import label_of

    chosen = [*styles, *(stylizer.names if gallery else ())]
    if not chosen:
        known = f"; {stylizer.names[0]} is one" if stylizer.names else ""
        raise UserError(f"no style; give pictures or names with -s, or --gallery for all named styles{known}")
    session, nothing = Session(stylizer, Options()), Picture(())
    embeddings = pad_alike(
        [session.blend((style,), nothing, size) for style in chosen], stylizer.gallery.embedding_size
    )  # fmt: skip
    for notice in session.take_notices():
        print(f"note: {notice}", file=sys.stderr)
    return [label_of(style) for style in chosen], embeddings


def _screen(output: str, names: tuple[str, ...], port: int | None) -> "Screen":
    """Return the screen of an output."""
    import sys

    if output == "mjpeg":
        from brushwork.live.mjpeg import MJPEG

        page = MJPEG(names, **given(port=port))
        print(f"brushwork: live at {page.address} (Ctrl-C ends)", file=sys.stderr, flush=True)
        return page
    from brushwork.live.screens import VirtualCamera, Window

    return Window("brushwork live") if output == "window" else VirtualCamera()
