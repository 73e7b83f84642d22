"""Checks that refuse options without effect on a clip or a target, before anything is rendered."""

import re
from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.source import open_source, readable
from brushwork.video.settings import Settings
from brushwork.video.times import format_time


def check_pictures(path: Path, settings: Settings, *, numbered: bool) -> None:
    """Check the options of a target of numbered pictures, or of an animated one.

    Raises:
        UserError: If an option does nothing, or the name is not a pattern.
    """
    if settings.codec or settings.crf is not None:
        raise UserError("--codec and --crf are for video files; pictures take --quality")
    if settings.hdr == "keep":
        raise UserError("--hdr keep is for video files; pictures are written in SDR")
    if not settings.sound:
        raise UserError("--no-sound is for video files; pictures have no sound")
    form = images.format_of(path.suffix)
    if settings.quality is not None and images.FORMATS[form].quality is None:
        raise UserError(f"--quality does nothing: {path.suffix} files are lossless")
    if numbered and not re.fullmatch(r"[^%]*%(0\d+)?d[^%]*", path.name):
        raise UserError(f"{path} is not a pattern of numbered pictures such as frames/%05d.png")


def check_clip(clip: Clip, settings: Settings) -> None:
    """Check the options that depend on the contents of a clip.

    Raises:
        UserError: If an option does nothing.
    """
    if settings.hdr is not None and clip.hdr is None:
        raise UserError(f"--hdr {settings.hdr} does nothing: {clip.name} is not HDR")
    if not (settings.sound or _has_sound(clip)):
        raise UserError(f"--no-sound does nothing: {clip.name} has no sound")
    ends = settings.end if clip.count is None else min(settings.end or float("inf"), float(clip.count / clip.rate))
    for when, style in settings.changes:
        if ends is not None and when >= ends:
            raise UserError(f"--at {format_time(when)}={style} does nothing: the clip ends at {format_time(ends)}")


def _has_sound(clip: Clip) -> bool:
    if clip.path is None:
        return False
    with readable(clip.name), open_source(clip.path) as container:
        return bool(container.streams.audio)
