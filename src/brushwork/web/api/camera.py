"""Renders the frames of a client's camera, with fading between styles."""

from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, Field

from brushwork import images
from brushwork.batch.options import parse_stroke
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.live.fade import Fade
from brushwork.rendering.settings import RenderSettings, check_size
from brushwork.runtime import Array
from brushwork.styles.embeddings import STYLE_SIZES, pad_alike
from brushwork.web.api.service import Service, Style
from brushwork.web.api.work_queue import Ticket

MAX_PIXELS = 2 * 10**6  # of a frame; 1920 x 1080 are 2.07 million, so clients must send them smaller
MAX_NUMBERS = 10_000  # of an embedding
QUALITY = 85  # of the JPEG of a pastiche

Number = Annotated[float, Field(ge=-1e4, le=1e4)]
Numbers = Annotated[list[Number], Field(max_length=MAX_NUMBERS)]


class CameraSettings(BaseModel, extra="forbid"):
    """Settings of the following frames.

    Attributes:
        styles: Names of the gallery, ``words: ...``, or embeddings as returned by POST /v1/embed; frames are unchanged
            if empty.
        weights: A weight for each style; equal weights if omitted.
        strength: 0 is the frame, 1 the full pastiche.
        style_size: See POST /v1/stylize; for names.
        stroke: See POST /v1/stylize; ``own`` is the fastest.
        keep_colors: Whether to keep the camera's colours.
        detail: See POST /v1/stylize.
    """

    styles: list[str | Numbers] = []
    weights: list[float] | None = None
    strength: float = Field(1.0, ge=0, le=1)
    style_size: int | None = Field(None, ge=STYLE_SIZES[0], le=STYLE_SIZES[1])
    stroke: str = "own"
    keep_colors: Literal["luma"] | None = None
    detail: float | None = Field(None, ge=0, le=1)


@dataclass
class _Current:
    """The settings in use."""

    fade: Fade
    strength: float
    settings: RenderSettings
    detail: float | None


class Camera:
    """A camera of a client. Its methods are called one after the other, in the thread of the queue.

    Args:
        service: The stylizer and its limits.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._current: _Current | None = None
        self._own: Array | None = None  # of the first frame, as a new one for each frame would flicker

    def use(self, wanted: CameraSettings) -> None:
        """Use other settings from the next frame on; the embedding fades to that of the new styles.

        Raises:
            UserError: If a setting cannot be used; the settings in use are kept.
        """
        service = self._service
        if len(wanted.styles) > service.limits.styles:
            raise UserError(f"{len(wanted.styles)} styles; at most {service.limits.styles} are allowed")
        service.details.check(wanted.detail)
        settings = RenderSettings(
            keep_colors=wanted.keep_colors, stroke=parse_stroke(wanted.stroke), memory=service.memory
        )
        if not wanted.styles:
            self._current = None
            return
        rows = [self._embed(style, wanted) for style in wanted.styles]
        blend = service.stylizer.blend(rows, wanted.weights)
        if self._current is None:
            fade = Fade(blend)
        else:
            now, blend = self._alike(self._current.fade.now(), blend)
            fade = Fade(now)
            fade.to(blend)
        self._current = _Current(fade, wanted.strength, settings, wanted.detail)

    def paint(self, frame: bytes, ticket: Ticket) -> bytes:
        """Return the pastiche of an encoded frame as a JPEG; the frame itself if no style is chosen.

        Raises:
            UserError: If the frame cannot be read, or is too large.
            RefusedError: If the request was cancelled.
        """
        current = self._current
        if current is None:
            return frame
        content = self._open(frame)
        stylizer = self._service.details.at(current.detail)
        style = stylizer.compose(content, current.fade.now(), current.strength, own=self._own)
        self._own = style.own if self._own is None else self._own
        pastiche = np.empty(content.shape, np.float32)
        ticket.check()
        stylizer.paint(content, style, pastiche, current.settings, progress=lambda _: ticket.check())
        buffer = BytesIO()
        images.save(Picture.of(pastiche), buffer, format="JPEG", quality=QUALITY)
        return buffer.getvalue()

    def _open(self, frame: bytes) -> Array:
        """Return the pixels (H, W, 3) of a frame."""
        content = self._service.open(frame).on_white
        height, width = check_size("frame", content)
        if height * width > MAX_PIXELS:
            raise UserError(f"the frame is {width} x {height}; at most {MAX_PIXELS / 1e6:g} megapixels are allowed")
        return content

    def _embed(self, style: str | list[float], wanted: CameraSettings) -> Array:
        """Return the embedding (1, D) of a name, or the numbers themselves."""
        if isinstance(style, str):
            return self._service.embed(Style(style), wanted.style_size, detail=wanted.detail)
        gallery = self._service.stylizer.gallery
        plain, deep = gallery.embedding_size, gallery.deep_size
        if plain is not None and len(style) not in (plain, deep):
            raise UserError(
                f"the embedding has {len(style)} numbers; those of this model have {plain}, deep ones {deep}"
            )
        return self._service.stylizer.embed(np.array(style, np.float32))

    def _alike(self, *rows: Array) -> list[Array]:
        """Return embeddings padded to one length, if a deep style is among them."""
        padded = pad_alike(rows, self._service.stylizer.gallery.embedding_size)
        return [row for row in padded if row is not None]
