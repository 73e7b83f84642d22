"""The stylizer that clients share: what they send is opened, painted and encoded; embeddings are kept by hash."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np

from brushwork import images
from brushwork.batch.options import Options
from brushwork.batch.output import kept_metadata
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.rendering import masks
from brushwork.rendering.memory import filling
from brushwork.rendering.regions import Region, StyleMap
from brushwork.rendering.settings import check_size
from brushwork.runtime import Array
from brushwork.styles import NamedStyle, resolve
from brushwork.stylizer import Stylizer
from brushwork.web.api.details import Details
from brushwork.web.api.limits import Limits
from brushwork.web.api.work_queue import Ticket, WorkQueue

KEPT = 1024  # embeddings
LONGEST_NAME = 300  # letters of a style's name, or of words
# Each scan of a JPEG goes over all of its pixels, however few bytes it has, and no progress can be asked for meanwhile.
# Encoders write ten or so.
SCAN, SCANS = b"\xff\xda", 100


@dataclass(frozen=True)
class Style:
    """A style that a client sent, or named.

    Attributes:
        name: A name of the gallery, or of the file, for messages.
        data: The encoded picture; None for a named style.
    """

    name: str
    data: bytes | None = None


@dataclass(frozen=True)
class SentRegion:
    """A region that a client sent: an encoded mask, its style, and its strength in [0, 1]."""

    mask: bytes
    style: Style
    strength: float = 1.0


class Service:
    """A stylizer that many clients share.

    Args:
        stylizer: The model.
        limits: What a client may ask for.
        memory: Bytes that a request may use; larger pictures are painted in tiles. None for most of what is free then.
        details: The model at other details; None if there is one.
    """

    def __init__(
        self, stylizer: Stylizer, limits: Limits, memory: int | None = None, details: Details | None = None
    ) -> None:
        self.stylizer, self.limits, self.memory = stylizer, limits, memory
        self.details = details or Details(stylizer)
        self.queue = WorkQueue(limits)
        self.hits = self.misses = 0
        self._embeddings: OrderedDict[tuple[str, str], Array] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the thread that paints, once it has nothing left to do."""
        self.queue.close()

    def open(self, data: bytes, size: int | None = None) -> Picture:
        """A client's picture.

        Raises:
            UserError: If it cannot be read, or is larger than a picture may be.
        """
        if data.startswith(b"\xff\xd8") and data.count(SCAN) > SCANS:
            raise UserError(f"a JPEG of more than {SCANS} scans is not taken")
        picture = images.open(data, size=size, max_pixels=self.limits.pixels * 10**6)
        if len(picture.frames) > self.limits.frames:
            raise UserError(f"{len(picture.frames)} frames are more than the limit of {self.limits.frames}")
        height, width = picture.image.shape[:2]
        if len(picture.frames) > 1 and len(picture.frames) * height * width > self.limits.animation * 10**6:
            raise UserError(
                f"{len(picture.frames)} frames of {width} x {height} are more than the limit of"
                f" {self.limits.animation} megapixels"
            )
        return picture

    def embed(self, style: Style, size: int | None = None, painted: int | None = None) -> Array:
        """Return the embedding (1, D) of a style; that of a picture is kept by the hash of its bytes.

        Raises:
            UserError: If it cannot be read, or its name is unknown.
        """
        if style.data is None:
            return self.stylizer.embed(self.named(style.name), size, painted=painted)
        data, size = style.data, size or self.stylizer.style_size_for(painted)
        return self._keep(data, f"style {size}", lambda: self.stylizer.embed(self.open(data), size))

    def _keep(self, data: bytes, how: str, embed: Callable[[], Array]) -> Array:
        """The embedding of some bytes, from the last time that it was asked for where that is not long ago."""
        key = hashlib.sha256(data).hexdigest(), how
        with self._lock:
            if key in self._embeddings:
                self.hits += 1
                self._embeddings.move_to_end(key)
                return self._embeddings[key]
        self.misses += 1
        embedding = embed()
        with self._lock:
            self._embeddings[key] = embedding
            while len(self._embeddings) > KEPT:
                self._embeddings.popitem(last=False)
        return embedding

    def named(self, name: str) -> NamedStyle:
        """Return a named style, or one by words; never a file.

        Raises:
            UserError: If there is none, or the name is too long to be one.
        """
        if len(name) > LONGEST_NAME:
            raise UserError(f"a style of {len(name)} letters; at most {LONGEST_NAME} are allowed")
        style = resolve(name, self.stylizer.gallery, files=False)
        assert isinstance(style, NamedStyle)
        return style

    def paint(
        self,
        content: bytes,
        styles: Sequence[Style],
        options: Options,
        ticket: Ticket,
        *,
        regions: Sequence[SentRegion] = (),
        protect: bytes | None = None,
        progress: Callable[[float], None] = lambda fraction: None,
        detail: float | None = None,
    ) -> Picture:
        """Return the pastiche of an encoded content; the frames of an animation are painted when they are asked for.

        Args:
            content: The encoded picture.
            styles: The styles of the blend; none leaves the photo wherever no region is.
            options: How it is painted.
            ticket: Asked between tiles and frames whether anybody still waits.
            regions: Parts of the picture with styles of their own.
            protect: Encoded mask; where it is white the photo stays.
            progress: called with the fraction completed of an image.
            detail: Of the model, see `Details.at`.

        Raises:
            UserError: If a picture or an option cannot be used.
            RefusedError: If nobody waits any more.
        """
        stylizer = self.details.at(detail)
        picture = self.open(content, options.size)
        filled = picture.filled()
        strengths = [*(region.strength for region in regions), options.strength if styles else 0.0]
        own = self._own(content, filled, options, strengths)
        composed = self._compose(filled, own, styles, options, regions, protect)
        settings = options if options.memory else replace(options, memory=self.memory)
        height, width = check_size("content", picture.image)
        held = filling(height * width, picture.alpha is not None)
        tiling = stylizer.choose_tiling((height, width), settings, bool(regions), held)

        def tell(fraction: float) -> None:
            ticket.check()
            progress(fraction)

        def stylize(pixels: Array) -> Array:
            ticket.check()
            pastiche = np.empty(pixels.shape, np.float32)
            stylizer.paint(pixels, composed, pastiche, settings, tiling=tiling, progress=tell)
            return pastiche[..., :3]

        return picture.map_visible(stylize)

    def encode(self, pastiche: Picture, options: Options) -> tuple[bytes, str]:
        """The encoded pastiche, and its media type; the frames of an animation are painted on the way."""
        kind = images.format_of(options.format or (pastiche.format if pastiche.format in images.FORMATS else "PNG"))
        buffer = BytesIO()
        pastiche = replace(pastiche, metadata=kept_metadata(pastiche.metadata, options))
        images.save(pastiche, buffer, format=kind, quality=options.quality, depth=options.depth)
        return buffer.getvalue(), f"image/{kind.lower()}"

    def _compose(
        self,
        content: Picture,
        own: Array | None,
        styles: Sequence[Style],
        options: Options,
        regions: Sequence[SentRegion],
        protect: bytes | None,
    ) -> StyleMap:
        """The styles of a content and where they are, as `paint` takes them."""
        embeddings = [self._embed_for(style, content, options) for style in styles]
        painted = [
            Region(self._mask(each.mask), self._embed_for(each.style, content, options), each.strength)
            for each in regions
        ]
        blend = self.stylizer.blend(embeddings, options.weights) if embeddings else None
        kept = None if protect is None else self._mask(protect)
        return self.stylizer.compose(content.image, blend, options.strength, regions=painted, protect=kept, own=own)

    def _own(self, data: bytes, content: Picture, options: Options, strengths: Sequence[float]) -> Array | None:
        """The content's own embedding where it is needed: the same for every movement of a slider."""
        if not self.stylizer.needs_own(strengths):
            return None
        return self._keep(data, f"content {options.size}", lambda: self.stylizer.own_embedding(content.image))

    def _embed_for(self, style: Style, content: Picture, options: Options) -> Array:
        """The embedding (1, D) of a style, recoloured for a content where the options say so."""
        painted = max(content.image.shape[:2])
        if options.keep_colors != "histogram":
            return self.embed(style, options.style_size, painted)
        if style.data is None:
            raise UserError(f"histogram recolours style pictures, and {style.name!r} is a named style; use luma")
        data = self.open(style.data)
        return self.stylizer.embed(data, options.style_size, painted=painted, colors_of=content)

    def _mask(self, data: bytes) -> Array:
        """A client's mask (h, w) in [0, 1]."""
        return masks.of_picture(self.open(data))
