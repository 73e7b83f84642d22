"""What a server lets a client ask for; each is a setting of `brushwork serve`."""

from dataclasses import dataclass, fields

from brushwork.errors import UserError


@dataclass(frozen=True)
class Limits:
    """Bounds of a request.

    Attributes:
        upload: Megabytes (10^6 bytes) of a request, all its pictures together.
        pixels: Megapixels (10^6) of a picture.
        frames: Frames of an animation.
        seconds: Seconds for one request, from its last byte to its answer.
        queue: Requests that may be painted or wait for it; the next is told to come back later.
        styles: Styles of a blend.
        clips: Clips that are kept, those that wait included.
        clip_frames: Frames of a clip.
        clip_seconds: Seconds for painting one.
    """

    upload: int = 64
    pixels: int = 50
    frames: int = 200
    seconds: int = 120
    queue: int = 16
    styles: int = 8
    clips: int = 4
    clip_frames: int = 20_000
    clip_seconds: int = 3600

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise UserError(f"the limit {field.name} is {getattr(self, field.name)}; it must be at least 1")
