"""The stylizer of a server: opens, renders and encodes the pictures of clients, and caches embeddings."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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

KEPT = 1024  # cached embeddings
LONGEST_NAME = 300  # characters of a style's name, or of words
# A scan of a JPEG of a few bytes can cover all of its pixels, and decoding cannot be interrupted. Encoders write about
# ten scans.
SCAN, SCANS = b"\xff\xda", 100


@dataclass(frozen=True)
class Style:
    """A style of a request.

    Attributes:
        name: A name in the gallery, or that of the file, for messages.
        data: The encoded picture; None for a named style.
    """

    name: str
    data: bytes | None = None


@dataclass(frozen=True)
class SentRegion:
    """A region of a request: an encoded mask, its style, and its strength in [0, 1]."""

    mask: bytes
    style: Style
    strength: float = 1.0


class Service:
    """The stylizer of a server, which clients share.

    Args:
        stylizer: The model.
        limits: Limits of requests.
        memory: Bytes that a request may use; larger pictures are rendered in tiles. None for most of the memory that is
            free at that time.
        details: The model at other details; None if it has only one.
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
        """End the thread of the queue after its last request."""
        self.queue.close()

    def open(self, data: bytes, size: int | None = None) -> Picture:
        """Return the picture of a client.

        Raises:
            UserError: If it cannot be read, or is above the limits.
        """
        if data.startswith(b"\xff\xd8") and data.count(SCAN) > SCANS:
            raise UserError(f"the JPEG has more than {SCANS} scans, which is the limit")
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

    def embed(
        self, style: Style, size: int | None = None, painted: int | None = None, detail: float | None = None
    ) -> Array:
        """Return the embedding (1, D) of a style; those of pictures are cached by the hash of their bytes.

        Deep styles belong to the weights of one detail, and are predicted again for others.

        Raises:
            UserError: If the style cannot be read, or its name is unknown.
        """
        if style.data is None:
            return self.stylizer.embed(self.named(style.name, detail), size, painted=painted)
        data, size = style.data, size or self.stylizer.style_size_for(painted)
        return self._cached(data, f"style {size}", lambda: self.stylizer.embed(self.open(data), size))

    def _cached(self, data: bytes, kind: str, embed: Callable[[], Array]) -> Array:
        """Return an embedding of a kind of an encoded picture, from the cache or computed."""
        key = hashlib.sha256(data).hexdigest(), kind
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

    def named(self, name: str, detail: float | None = None) -> NamedStyle:
        """Return a named style, or one in words, for a detail, but never a file.

        Raises:
            UserError: If it does not exist, or the name is too long.
        """
        if len(name) > LONGEST_NAME:
            raise UserError(
                f"the name or words of the style have {len(name):,} characters; at most {LONGEST_NAME} are allowed"
            )
        style = resolve(name, self.details.at(detail).gallery, files=False)
        assert isinstance(style, NamedStyle)
        return style

    def notices(self, styles: Sequence[Style], detail: float | None = None) -> list[str]:
        """Return lines for the user about named styles, such as the interpretation of words, each line once."""
        found = (line for style in styles if style.data is None for line in self.named(style.name, detail).notices)
        return list(dict.fromkeys(found))

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
        """Return the pastiche of an encoded content; the frames of an animation are rendered when they are encoded.

        Args:
            content: The encoded picture.
            styles: The styles of the blend; without styles, the photo outside of regions is unchanged.
            options: Options of rendering.
            ticket: Ticket of the request, which is checked between tiles and frames.
            regions: Regions with other styles.
            protect: Encoded mask, white where the photo stays unchanged.
            progress: Called with the fraction completed of an image.
            detail: Detail of the model, see `Details.at`.

        Raises:
            UserError: If a picture or an option cannot be used.
            RefusedError: If the request was cancelled.
        """
        stylizer = self.details.at(detail)
        picture = self.open(content, options.size)
        filled = picture.filled()
        strengths = [*(region.strength for region in regions), options.strength if styles else 0.0]
        own = self._own(content, filled, options, strengths)
        composed = self._compose(filled, own, styles, options, regions, protect, detail)
        settings = options if options.memory else replace(options, memory=self.memory)
        height, width = check_size("content", picture.image)
        held = filling(height * width, picture.alpha is not None)
        tiling = stylizer.choose_tiling((height, width), settings, bool(regions), held)

        def report(fraction: float) -> None:
            ticket.check()
            progress(fraction)

        def stylize(pixels: Array) -> Array:
            ticket.check()
            pastiche = np.empty(pixels.shape, np.float32)
            stylizer.paint(pixels, composed, pastiche, settings, tiling=tiling, progress=report)
            return pastiche[..., :3]

        return picture.map_visible(stylize)

    def encode(self, pastiche: Picture, options: Options) -> tuple[bytes, str]:
        """Return the encoded pastiche and its media type; the frames of an animation are rendered meanwhile."""
        kind = images.format_of(options.format or (pastiche.format if pastiche.format in images.FORMATS else "PNG"))
        pastiche = replace(pastiche, metadata=kept_metadata(pastiche.metadata, options))
        data = images.encoded(pastiche, kind, quality=options.quality, depth=options.depth)
        return data, f"image/{kind.lower()}"

    def _compose(
        self,
        content: Picture,
        own: Array | None,
        styles: Sequence[Style],
        options: Options,
        regions: Sequence[SentRegion],
        protect: bytes | None,
        detail: float | None,
    ) -> StyleMap:
        """Return the style map of a content."""
        embeddings = [self._embed_for(style, content, options, detail) for style in styles]
        painted = [
            Region(self._mask(each.mask), self._embed_for(each.style, content, options, detail), each.strength)
            for each in regions
        ]
        blend = self.stylizer.blend(embeddings, options.weights) if embeddings else None
        kept = None if protect is None else self._mask(protect)
        return self.stylizer.compose(content.image, blend, options.strength, regions=painted, protect=kept, own=own)

    def _own(self, data: bytes, content: Picture, options: Options, strengths: Sequence[float]) -> Array | None:
        """Return the content's own embedding if it is needed; it is cached, as it does not depend on the settings."""
        if not self.stylizer.needs_own(strengths):
            return None
        return self._cached(data, f"content {options.size}", lambda: self.stylizer.own_embedding(content.image))

    def _embed_for(self, style: Style, content: Picture, options: Options, detail: float | None) -> Array:
        """Return the embedding (1, D) of a style, recoloured for a content if the options require it."""
        painted = max(content.image.shape[:2])
        if options.keep_colors != "histogram":
            return self.embed(style, options.style_size, painted, detail)
        if style.data is None:
            raise UserError(f"histogram recolours style pictures; {style.name!r} is a named style, so use luma")
        data = self.open(style.data)
        return self.stylizer.embed(data, options.style_size, painted=painted, colors_of=content)

    def _mask(self, data: bytes) -> Array:
        """Return a mask (h, w) in [0, 1]."""
        return masks.of_picture(self.open(data))
