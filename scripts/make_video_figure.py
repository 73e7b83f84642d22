"""Write the figure of docs/guide/video.md.

python scripts/make_video_figure.py cutBunny.mp4 sintel_gt/hard examples/swirls.jpg
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import brushwork
from brushwork.evaluation.steadiness import open_frames, paint_both
from brushwork.runtime import Array
from brushwork.video.reading.frames import as_image

STEADY = 0.99  # the default of `brushwork video`
FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "video.jpg"


def row(frames: list[Array], top: int, left: int, side: int) -> Array:
    """Return squares of consecutive frames side by side, with a white line after each."""
    return np.concatenate(
        [
            np.pad(frame[top : top + side, left : left + side], ((0, 4), (0, 4), (0, 0)), constant_values=1)
            for frame in frames
        ],
        axis=1,
    )


def main(
    easy: Annotated[str, typer.Argument(help="Clip with slow motion.")],
    hard: Annotated[str, typer.Argument(help="Clip with fast motion.")],
    style: Annotated[Path, typer.Argument(help="Style picture.")],
) -> None:
    """Draw three rows for each clip: content, frame by frame, stabilised; both are 6 x 184 = 4 x 276 pixels wide."""
    stylizer = brushwork.load()
    embedding = stylizer.embed(brushwork.open(style).image)
    rows = []
    for clip, (first, last), (top, left, side) in ((easy, (5, 11), (68, 161, 180)), (hard, (0, 4), (60, 60, 272))):
        frames, _ = open_frames(clip, last, None)
        contents = [as_image(frame.pixels) for frame in frames]
        rows += [
            row(kind[first:last], top, left, side)
            for kind in (contents, *paint_both(frames, embedding, stylizer, STEADY))
        ]
    brushwork.save(np.concatenate(rows), FIGURE, quality=78, overwrite=True)


if __name__ == "__main__":
    typer.run(main)
