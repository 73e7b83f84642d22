"""What can be opened as a clip: a video file, a folder or a pattern of numbered pictures, or an animated picture."""

from pathlib import Path

from brushwork import images
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.image_sequence import numbered, of_files, of_picture
from brushwork.video.reading.video_file import of_video


def open_clip(name: str, *, size: int | None = None, fps: float = 24.0) -> Clip:
    """Opens a clip; its long side is limited to ``size``.

    Args:
        name: A video file, a folder of pictures, a pattern such as ``frames/%04d.png``, or an animated picture.
        size: The most pixels a side may have.
        fps: Frames a second of pictures without times.

    Raises:
        UserError: If it cannot be read, has no video stream or no frames.
    """
    path = Path(name)
    if "%" in path.name and not path.exists():
        return of_files(name, numbered(path), size, fps)
    if path.is_dir():
        return of_files(name, images.find(path), size, fps)
    if path.suffix.lower() in images.EXTENSIONS:
        return of_picture(name, size, fps)
    return of_video(name, size)
