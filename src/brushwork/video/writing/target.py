"""The target of a pastiche, and the checks before rendering that the pastiche fits it."""

from pathlib import Path

from brushwork import images
from brushwork.errors import UserError
from brushwork.runtime import SMALLEST_SIDE
from brushwork.styles.names import label_of
from brushwork.video.reading.clip import Clip
from brushwork.video.reading.image_sequence import is_pattern, numbered_files
from brushwork.video.reading.opening import open_clip
from brushwork.video.settings import Settings
from brushwork.video.writing.checks import check_clip, check_pictures
from brushwork.video.writing.codecs import ANIMATIONS, CONTAINERS, Encoding, canonical, choose
from brushwork.video.writing.pictures import AnimationWriter, ImageSequenceWriter
from brushwork.video.writing.resume import ResumeFolder
from brushwork.video.writing.streams import StreamPlan, check_together, plan_streams
from brushwork.video.writing.video_file import VideoFileWriter
from brushwork.video.writing.writer import Writer

NUMBERS = "%06d.png"  # names of the pictures in a folder


def default_target(clip: str, settings: Settings) -> Path:
    """Return ``clip-style.mp4`` beside ``clip.mp4``, in a container that takes all streams of the clip.

    The clip's own container is tried first, then .mp4, .webm for a transparent clip, and .mkv; if none takes all
    streams, the first of them is used.

    Args:
        clip: Name of the clip as given by the user.
        settings: How it is rendered and written.

    Raises:
        UserError: If the clip cannot be read.
    """
    path = Path(clip)
    stem = "frames" if is_pattern(path) and not path.exists() else path.stem
    base = path.with_name(f"{stem}-{'+'.join(map(label_of, settings.styles))}.mp4")
    own = [path.suffix.lower()] if path.suffix.lower() in CONTAINERS else []
    opened = open_clip(clip)
    transparent = (".webm",) if opened.alpha else ()
    candidates = [base.with_suffix(suffix) for suffix in dict.fromkeys((*own, ".mp4", *transparent, ".mkv"))]
    for candidate in candidates:
        _, held = CONTAINERS[candidate.suffix]
        if settings.codec is None or canonical(settings.codec) in held:
            encoding = encoding_of(candidate, settings, alpha=opened.alpha)
            plans = plan_streams(clip, opened.stream, encoding, sound=settings.sound) if opened.path else []
            if encoding.alpha == opened.alpha and not any(plan.note for plan in plans):
                return candidate
    return candidates[0]


def encoding_of(path: Path, settings: Settings, *, alpha: bool = False) -> Encoding:
    """Return how a video file is written; HDR prefers H.265, as few players show HDR in H.264.

    Raises:
        UserError: If the file cannot be written like this.
    """
    holds = CONTAINERS.get(path.suffix.lower(), ("", ()))[1]
    prefers = "h265" if settings.hdr == "keep" and "h265" in holds else None
    encoding = choose(path, settings.codec or prefers, settings.crf, alpha=alpha)
    if settings.hdr == "keep" and not (encoding.codec.holds_hdr and encoding.depth(10) == 10):
        raise UserError("--hdr keep needs --codec h265, av1 or prores")
    return encoding


class Target:
    """A video file, an animated picture, or a folder or pattern of numbered pictures.

    Attributes:
        path: The file, or the pattern of files.
        encoding: How a video file is written; None for pictures.

    Args:
        path: Path as given by the user.
        settings: How it is written.

    Raises:
        UserError: If such a target, or the codec of the settings in it, cannot be written.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._settings = settings
        folder = path.is_dir() or not path.suffix
        self.path = path / NUMBERS if folder else path
        self._numbered = "%" in self.path.name and self.path.suffix.lower() in images.EXTENSIONS
        self._animated = not self._numbered and self.path.suffix.lower() in ANIMATIONS
        self._plans: list[StreamPlan] = []
        pictures = self._numbered or self._animated
        if pictures:
            check_pictures(self.path, settings, numbered=self._numbered)
        elif settings.quality is not None:
            raise UserError("--quality is for pictures; video files take --crf")
        self.encoding = None if pictures else encoding_of(self.path, settings)

    @property
    def even(self) -> bool:
        """Whether its sides must be even."""
        return self.encoding is not None and self.encoding.codec.even

    @property
    def holds_alpha(self) -> bool:
        """Whether transparency can be written."""
        if self.encoding:
            return self.encoding.holds_alpha
        return images.FORMATS[images.format_of(self.path.suffix)].alpha

    def open(self, name: str) -> tuple[Clip, list[str]]:
        """Open a clip in the form in which it is written to the target.

        Returns:
            The clip and the notices for the user, one line each.

        Raises:
            UserError: If the clip cannot be read, is too small, or cannot be written.
        """
        settings = self._settings
        clip = open_clip(name, size=settings.size, fps=settings.fps, deinterlaced=settings.deinterlace)
        check_clip(clip, settings)
        clip = clip.keeping_hdr() if settings.hdr == "keep" else clip
        if clip.alpha and self.encoding:
            self.encoding = encoding_of(self.path, settings, alpha=True)
        notes = clip.notes + self.check(clip)
        clip = self.fit(clip)
        if min(clip.width, clip.height) < SMALLEST_SIDE:
            raise UserError(f"{name} is {clip.width} x {clip.height}; both sides must be at least {SMALLEST_SIDE}")
        return clip, notes

    def fit(self, clip: Clip) -> Clip:
        """Return the clip in a form that the target can hold: with even sides, or on white, if necessary."""
        clip = clip if self.holds_alpha or not clip.alpha else clip.on_white()
        return clip.with_even_sides() if self.even else clip

    def check_not_input(self, name: str) -> None:
        """Raise `UserError` if the target is the clip of this name, or one of the styles."""
        changes = (style for _, style in self._settings.changes)
        for source in map(Path, (name, *self._settings.styles, *changes)):
            if self.path.exists() and source.exists() and source.samefile(self.path):
                raise UserError(f"{self.path} is one of the files read; write the pastiche elsewhere")

    def check(self, clip: Clip) -> list[str]:
        """Return the notices for the user about this clip in this target, one line each.

        Raises:
            UserError: If the streams of the clip cannot be written together.
        """
        notes = []
        if self.even and (clip.width % 2 or clip.height % 2):
            size = f"{clip.width} x {clip.height}"
            notes.append(f"{size} has an odd side, which the codec cannot hold: a line is cut off")
        if clip.alpha and not self.holds_alpha:
            kept = "vp9 in .webm, prores, ffv1, .png, .webp and .apng keep alpha"
            notes.append(f"transparent parts are painted on white; {kept}")
        if self.encoding:
            notes += self.encoding.notes(clip)
        if self.encoding and clip.path:
            self._plans = plan_streams(clip.name, clip.stream, self.encoding, sound=self._settings.sound)
            check_together(clip.name, self._plans, self.encoding)
            notes += [plan.note for plan in self._plans if plan.note]
        return notes

    def writer(self, clip: Clip, folder: ResumeFolder, *, overwrite: bool) -> Writer:
        """Return the writer of the target.

        Raises:
            UserError: If pictures of this pattern already exist.
        """
        quality = self._settings.quality
        if self.encoding:
            return VideoFileWriter(clip, folder, self.encoding, self._plans)
        if self._animated:
            return AnimationWriter(clip, self.path, overwrite=overwrite, quality=quality)
        existing = numbered_files(self.path) if self.path.parent.is_dir() else []
        if existing and not overwrite:
            raise UserError(f"{existing[0]} exists; use --overwrite to replace pictures")
        return ImageSequenceWriter(self.path, clip.depth, overwrite=overwrite, quality=quality)
