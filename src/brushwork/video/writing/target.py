"""Where a pastiche goes, and whether it can go there: said before the work, not after it."""

import re
from pathlib import Path

import av

from brushwork import images
from brushwork.errors import UserError
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.image_sequence import numbered
from brushwork.video.settings import Settings
from brushwork.video.writing.codecs import ANIMATIONS, choose
from brushwork.video.writing.muxing import copied, left_out
from brushwork.video.writing.pictures import AnimationWriter, ImageSequenceWriter
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.writer import VideoFileWriter, Writer

NUMBERS = "%06d.png"  # what pictures in a folder are named


class Target:
    """A video file, an animated picture, or a folder or pattern of numbered pictures.

    Raises:
        UserError: If there is no writing what it is called, or not in the codec that is wanted.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._settings = settings
        folder = path.is_dir() or not path.suffix
        self.path = path / NUMBERS if folder else path
        self._numbered = "%" in self.path.name
        self._animated = not self._numbered and self.path.suffix.lower() in ANIMATIONS
        pictures = self._numbered or self._animated
        if pictures and (settings.codec or settings.crf is not None):
            raise UserError("--codec and --crf are for video files; pictures take --quality")
        if self._numbered:
            images.format_of(self.path.suffix)
            if not re.fullmatch(r"[^%]*%(0\d+)?d[^%]*", self.path.name):
                raise UserError(f"{self.path} is no pattern of numbered pictures such as frames/%05d.png")
        self._encoding = None if pictures else choose(self.path, settings.codec, settings.crf)

    @property
    def even(self) -> bool:
        """Whether its sides must be even."""
        return self._encoding is not None and self._encoding.codec.even

    def check_not(self, name: str) -> None:
        """Raises `UserError` where the target is what is read, or one of the styles."""
        changes = (style for _, style in self._settings.changes)
        for source in map(Path, (name, *self._settings.styles, *changes)):
            if self.path.exists() and source.exists() and source.samefile(self.path):
                raise UserError(f"{self.path} is one of the files read; write the pastiche elsewhere")

    def check_fits(self, clip: Clip) -> list[str]:
        """What the user should know about this clip in this target, a line each.

        Raises:
            UserError: If its sound does not go into this container.
        """
        notes = []
        if self.even and (clip.width % 2 or clip.height % 2):
            notes.append(f"{clip.width} x {clip.height} has an odd side, which the codec cannot have: a line is cut")
        if self._encoding and clip.path:
            with av.open(str(clip.path)) as container:
                copied(container, self._encoding, sound=self._settings.sound)
                notes += left_out(container, self._encoding, sound=self._settings.sound)
        return notes

    def writer(self, clip: Clip, parts: ResumeFolder, *, overwrite: bool) -> Writer:
        """What writes it.

        Raises:
            UserError: If there are such pictures already.
        """
        quality = self._settings.quality
        if self._encoding:
            return VideoFileWriter(clip, parts, self._encoding, sound=self._settings.sound)
        if self._animated:
            return AnimationWriter(clip, self.path, overwrite=overwrite, quality=quality)
        there = numbered(self.path) if self.path.parent.is_dir() else []
        if there and not overwrite:
            raise UserError(f"{there[0]} exists; use --overwrite to replace pictures")
        return ImageSequenceWriter(self.path, clip.depth, overwrite=overwrite, quality=quality)
