"""What a server lets a client ask for; each is a setting of `brushwork serve`."""

from dataclasses import dataclass, fields

from brushwork.errors import UserError

MEGABYTE = 10**6


@dataclass(frozen=True)
class Limits:
    """Bounds of a request.

    Attributes:
        upload: Megabytes (10^6 bytes) of a request, all its pictures together.
        pixels: Megapixels (10^6) of a picture.
        frames: Frames of an animation.
        animation: Megapixels (10^6) of all frames of an animation together.
        seconds: Seconds for one request, from its last byte to its answer.
        queue: Requests that may be painted or wait for it; the next is told to come back later.
        client_queue: Of these, from one client.
        idle: Seconds that a request may send nothing before its end.
        disk: Megabytes of temporary files: clips that are kept, and requests that are being received.
        styles: Styles of a blend.
        clips: Clips that are kept, those that wait included.
        clip_frames: Frames of a clip.
        clip_seconds: Seconds for painting one.
        cameras: Cameras that may be open; of one client no more than half of them.
    """

    upload: int = 64
    pixels: int = 50
    frames: int = 200
    animation: int = 200
    seconds: int = 120
    queue: int = 16
    client_queue: int = 8
    idle: int = 30
    disk: int = 4000
    styles: int = 8
    clips: int = 4
    clip_frames: int = 20_000
    clip_seconds: int = 3600
    cameras: int = 4

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise UserError(f"the limit {field.name} is {getattr(self, field.name)}; it must be at least 1")
