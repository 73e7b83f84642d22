"""The settings of a stylised clip."""

from dataclasses import asdict, dataclass
from typing import Any

from brushwork.batch.options import Options, RegionOption
from brushwork.errors import UserError, unknown
from brushwork.rendering.settings import OWN, Stroke
from brushwork.video.timeline import FADE, check_changes
from brushwork.video.times import format_time

STEADY = 0.99  # chosen by measurement; the report on video has the numbers

HDR = ("tone-map", "keep")


@dataclass(frozen=True)
class Settings:
    """How a clip is painted and written.

    Attributes:
        styles: Style pictures or named styles; several are blended.
        weights: Weights of the blended styles; equal ones where None.
        changes: Pairs of a time in seconds and the style that follows from then on.
        fade: Seconds from one style to the next; None takes 1.
        steady: Weight of the previous pastiche in the next, in [0, 1]; 0 paints every frame by itself.
        hold: Weight of the previous frame's normalisation statistics in the next frame's, in [0, 1].
        strength: In [0, 1]; 0 is the clip, 1 the full pastiche.
        keep_colors: "luma", "histogram" or None.
        stroke: Size of the brush relative to a frame, see `Stylizer.stylize`; the default is the network's own, because
            broad strokes need a second pass over every frame.
        regions: Parts of every frame with their own styles.
        protect: Mask of the part that stays unchanged.
        style_size: Short side in pixels at which the predictor sees the styles.
        size: Limit of the long side in pixels.
        start, end: The part of the clip to paint, in seconds; an end of None is the clip's.
        fps: Frames per second of image sequences, which have no times; None takes 24.
        codec, crf: Of a video file; None takes the container's and the codec's default.
        quality: Of pictures, 1 to 100.
        sound: Whether the sound is kept.
        deinterlace: Whether interlaced frames are deinterlaced.
        hdr: "tone-map" writes an HDR clip as SDR, as None does, "keep" as HDR.

    Raises:
        UserError: If a value is out of its range.
    """

    styles: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    changes: tuple[tuple[float, str], ...] = ()
    fade: float | None = None
    steady: float = STEADY
    hold: float = 0.0
    strength: float = 1.0
    keep_colors: str | None = None
    stroke: Stroke = OWN
    regions: tuple[RegionOption, ...] = ()
    protect: str | None = None
    style_size: int | None = None
    size: int | None = None
    start: float = 0.0
    end: float | None = None
    fps: float | None = None
    codec: str | None = None
    crf: int | None = None
    quality: int | None = None
    sound: bool = True
    hdr: str | None = None
    deinterlace: bool = True

    def __post_init__(self) -> None:
        for name in ("steady", "hold"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UserError(f"{name} is {value:g}; it must be between 0 (every frame by itself) and 1")
        if self.hdr not in (None, *HDR):
            raise UserError(unknown("choice of --hdr", str(self.hdr), HDR))
        if self.end is not None and self.end <= self.start:
            raise UserError(f"the end, {format_time(self.end)}, is not after the start, {format_time(self.start)}")
        if self.fade is not None and not self.changes:
            raise UserError("--fade does nothing without --at")
        self.options()
        check_changes([when for when, _ in self.changes], self.fade_seconds)

    @property
    def fade_seconds(self) -> float:
        """Seconds from one style to the next."""
        return FADE if self.fade is None else self.fade

    @property
    def stabilisation_weight(self) -> float:
        """Weight of the previous pastiche in the next; 0 at strength 0, where the pastiche is the clip itself."""
        return self.steady if self.strength > 0 or self.regions else 0.0

    @property
    def needs_motion(self) -> bool:
        """Whether motion and scene cuts must be found: something is carried from frame to frame, or kept for a shot."""
        strengths = (self.strength, *(region.strength for region in self.regions))
        needs_own = min(strengths) < 1 and max(strengths) > 0
        return self.stabilisation_weight > 0 or self.hold > 0 or needs_own or self.keep_colors == "histogram"

    def values(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)

    def options(self) -> Options:
        """Return those settings that concern single frames."""
        return Options(
            weights=self.weights, strength=self.strength, keep_colors=self.keep_colors,
            size=self.size, style_size=self.style_size, quality=self.quality, stroke=self.stroke,
            regions=self.regions, protect=self.protect,
        )  # fmt: skip
