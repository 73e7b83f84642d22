"""Pastiches as pictures: numbered ones in a folder, or one that is animated."""

from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.images import Frame, Image, Picture
from brushwork.images.picture import Frames
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.frames import Pixels, as_image, quantise
from brushwork.video.writing.muxing import TimeRange


class ImageSequenceWriter:
    """ImageSequenceWriter pictures in a folder, named by a pattern such as ``frames/%05d.png``."""

    def __init__(self, pattern: Path, depth: int, *, overwrite: bool, quality: int | None = None) -> None:
        self._pattern, self._depth, self._overwrite, self._quality = pattern, depth, overwrite, quality
        self._number = 0

    def resume(self, pieces: int) -> None:
        """Begins after so many pictures, and writes anew what a stopped run wrote after them."""
        self._number, self._overwrite = pieces, True

    def write(self, pastiche: Image, pts: int, duration: int) -> None:
        """See `Writer.write`."""
        self._number += 1
        path = Path(str(self._pattern) % self._number)
        deep = 16 if self._depth > 8 and images.FORMATS[images.format_of(path.suffix)].deep else None
        images.save(pastiche, path, quality=self._quality, depth=deep, overwrite=self._overwrite)

    def end_piece(self) -> int:
        """See `Writer.end_piece`."""
        return self._number

    def finish(self, cut: TimeRange) -> None:
        """See `Writer.finish`; every picture is already there."""

    def abort(self) -> None:
        """See `Writer.abort`."""


class AnimationWriter:
    """An animated picture. It is written at the end, from all frames: for short clips."""

    def __init__(self, clip: Clip, target: Path, *, overwrite: bool, quality: int | None = None) -> None:
        self._clip, self._target, self._overwrite, self._quality = clip, target, overwrite, quality
        self._frames: list[Pixels] = []
        self._ends: list[int] = [0]  # in milliseconds, of all frames together, so that rounding does not add up
        self._start: int | None = None

    def resume(self, pieces: int) -> None:
        """There is no going on with an animated picture."""
        raise UserError("an animated picture is written at the end; there is nothing to resume")

    def write(self, pastiche: Image, pts: int, duration: int) -> None:
        """See `Writer.write`."""
        self._start = pts if self._start is None else self._start
        self._frames.append(quantise(pastiche, 8))
        self._ends.append(round((pts + duration - self._start) * self._clip.time_base * 1000))

    def end_piece(self) -> None:
        """See `Writer.end_piece`."""

    def finish(self, cut: TimeRange) -> None:
        """See `Writer.finish`."""

        def make(number: int) -> Frame:
            return Frame(as_image(self._frames[number]), None, self._ends[number + 1] - self._ends[number])

        picture = Picture(Frames(len(self._frames), make))
        kind = "png" if self._target.suffix.lower() == ".apng" else None
        images.save(picture, self._target, format=kind, quality=self._quality, overwrite=self._overwrite)

    def abort(self) -> None:
        """See `Writer.abort`."""
        self._frames.clear()
