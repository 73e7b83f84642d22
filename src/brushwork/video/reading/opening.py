"""Opens a clip with the reader for its kind."""

from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.video.reading.animation import open_animation
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.image_sequence import is_pattern, numbered_files, open_image_sequence
from brushwork.video.reading.video_file import open_video

FPS = 24.0


def open_clip(name: str, *, size: int | None = None, fps: float | None = None, deinterlaced: bool = True) -> Clip:
    """Open a clip.

    Args:
        name: A video file, a folder of pictures, a pattern such as ``frames/%04d.png``, or an animated picture.
        size: Limit of the long side in pixels.
        fps: Frames per second of numbered pictures; None for 24.
        deinterlaced: Whether interlaced frames of a video file are deinterlaced.

    Raises:
        UserError: If it cannot be read, has no video stream or no frames, or has its own times and fps is given.
    """
    path = Path(name)
    numbered = is_pattern(path) and not path.exists()
    if not deinterlaced and (path.is_dir() or numbered or path.suffix.lower() in images.EXTENSIONS):
        raise UserError(f"--no-deinterlace does nothing: {name} is pictures, which are not interlaced")
    rate = FPS if fps is None else fps
    if numbered:
        return open_image_sequence(name, numbered_files(path), size, rate)
    if path.is_dir():
        return open_image_sequence(name, images.find(path), size, rate)
    if path.suffix.lower() in images.EXTENSIONS:
        return open_animation(name, size, rate)
    if fps is not None:
        raise UserError(f"--fps is only for numbered pictures; {name} has its own frame times")
    return open_video(name, size, deinterlaced=deinterlaced)
