"""Limits of requests to a server; each is an option of `brushwork serve`."""

from dataclasses import dataclass, fields

from brushwork.errors import UserError

MEGABYTE = 10**6


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes:
        upload: Megabytes (10^6 bytes) of a request with all its pictures.
        pixels: Megapixels (10^6) of a picture.
        frames: Frames of an animation.
        animation: Megapixels (10^6) of all frames of an animation together.
        seconds: Seconds for a request, from its last byte to the response.
        queue: Requests that run or wait; further ones are refused with Retry-After.
        client_queue: Requests of one client that run or wait.
        idle: Seconds for which an incomplete request may send nothing.
        disk: Megabytes of temporary files: stored clips, and requests in progress.
        styles: Styles of a blend.
        clips: Stored clips, including those that wait.
        clip_frames: Frames of a clip.
        clip_seconds: Seconds for rendering a clip.
        cameras: Open cameras; a client may open at most half of them.

    Raises:
        UserError: If a limit is below 1.
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
