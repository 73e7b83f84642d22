"""How a clip is painted and written."""

from dataclasses import asdict, dataclass
from typing import Any

from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.video.timeline import FADE, check_changes
from brushwork.video.times import shown

STEADY = 0.99  # chosen by measurement, see docs/guide/video.md


@dataclass(frozen=True)
class Settings:
    """How a clip is painted and written; see ``brushwork video --help``. Times are seconds of the clip."""

    styles: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    changes: tuple[tuple[float, str], ...] = ()
    fade: float = FADE
    steady: float = STEADY
    hold: float = 0.0
    strength: float = 1.0
    keep_colors: str | None = None
    style_size: int | None = None
    size: int | None = None
    start: float = 0.0
    end: float | None = None
    fps: float = 24.0
    codec: str | None = None
    crf: int | None = None
    quality: int | None = None
    sound: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.steady <= 1:
            raise UserError(f"steady is {self.steady:g}; it must lie between 0 (every frame by itself) and 1")
        if not 0 <= self.hold <= 1:
            raise UserError(f"hold is {self.hold:g}; it must lie between 0 (every frame by itself) and 1")
        if self.end is not None and self.end <= self.start:
            raise UserError(f"the end, {shown(self.end)}, is not after the start, {shown(self.start)}")
        self.options()
        check_changes([when for when, _ in self.changes], self.fade)

    @property
    def share(self) -> float:
        """Share of the last pastiche in the next; none at strength 0, which is the clip itself."""
        return self.steady if self.strength > 0 else 0.0

    @property
    def shots(self) -> bool:
        """Whether it must be known where shots begin, as something is held over a shot."""
        return self.share > 0 or self.hold > 0 or 0 < self.strength < 1

    def values(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    def options(self) -> Options:
        """What of this concerns single frames."""
        return Options(
            weights=self.weights, strength=self.strength, keep_colors=self.keep_colors,
            size=self.size, style_size=self.style_size, quality=self.quality,
        )  # fmt: skip
