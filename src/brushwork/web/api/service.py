"""What is painted for clients: one pastiche after the other, a bounded queue before it, embeddings kept by hash."""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TypeVar

import numpy as np

from brushwork import images
from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.images import Picture, color
from brushwork.rendering.regions import Region
from brushwork.runtime import Array
from brushwork.stylizer import Stylizer
from brushwork.web.api.limits import Limits
from brushwork.web.api.problems import RefusedError

T = TypeVar("T")
KEPT = 1024  # embeddings
ASK = 0.2  # seconds between looks at whether a client is still there


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
    strength: float


class Ticket:
    """A request's place in the queue; who paints asks it now and then whether anybody still waits."""

    def __init__(self) -> None:
        self._given_back = threading.Event()

    def give_back(self) -> None:
        """Lets the work stop where it next asks."""
        self._given_back.set()

    def check(self) -> None:
        """Raises `RefusedError` where nobody waits any more."""
        if self._given_back.is_set():
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, "stopped")


class Service:
    """A stylizer that many clients share.

    Args:
        stylizer: What paints. Its engine uses all cores for one picture, so pictures are painted one by one.
        limits: What a client may ask for.
    """

    def __init__(self, stylizer: Stylizer, limits: Limits) -> None:
        self.stylizer, self.limits = stylizer, limits
        self.waiting = 0
        self.hits = self.misses = 0
        self._pool = ThreadPoolExecutor(1, "paint")
        self._embeddings: OrderedDict[tuple[str, int], Array] = OrderedDict()
        self._lock = threading.Lock()

    async def run(self, work: Callable[[Ticket], T], gone: Callable[[], Awaitable[bool]]) -> T:
        """What the work gives, once it was its turn.

        Args:
            work: Is called with its ticket, in the thread that paints.
            gone: Tells whether the client has left; then the work stops.

        Raises:
            RefusedError: 429 where the queue is full, 408 where it took too long or nobody waits any more.
        """
        if self.waiting >= self.limits.queue:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests at once; try again", {"Retry-After": "1"}
            )
        self.waiting += 1
        ticket = Ticket()
        loop = asyncio.get_running_loop()
        late = loop.time() + self.limits.seconds

        def begin() -> T:
            ticket.check()
            return work(ticket)

        painted = loop.run_in_executor(self._pool, begin)
        painted.add_done_callback(self._leave)
        while not (await asyncio.wait({painted}, timeout=ASK))[0]:
            if loop.time() > late:
                ticket.give_back()
                raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, f"more than {self.limits.seconds} seconds")
            if await gone():
                ticket.give_back()
                break
        return await painted

    def close(self) -> None:
        """Ends the thread that paints, once it has nothing left to do."""
        self._pool.shutdown()

    def _leave(self, painted: "asyncio.Future[T]") -> None:
        self.waiting -= 1
        if not painted.cancelled():
            painted.exception()  # somebody has looked: nobody may be left who waits for it

    def open(self, data: bytes, size: int | None = None) -> Picture:
        """A client's picture.

        Raises:
            UserError: If it cannot be read, or is larger than a picture may be.
        """
        picture = images.open(data, size=size, max_pixels=self.limits.pixels * 10**6)
        if len(picture.frames) > self.limits.frames:
            raise UserError(f"{len(picture.frames)} frames are more than the limit of {self.limits.frames}")
        return picture

    def embed(self, style: Style, size: int | None = None) -> Array:
        """The embedding (1, D) of a style; that of a picture is kept by the hash of its bytes.

        Raises:
            UserError: If it cannot be read, or its name is unknown.
        """
        if style.data is None:
            return self.stylizer.embed(style.name, size)
        key = hashlib.sha256(style.data).hexdigest(), size or self.stylizer.style_size
        with self._lock:
            if key in self._embeddings:
                self.hits += 1
                self._embeddings.move_to_end(key)
                return self._embeddings[key]
        self.misses += 1
        embedding = self.stylizer.embed(self._opaque(style), size)
        with self._lock:
            self._embeddings[key] = embedding
            while len(self._embeddings) > KEPT:
                self._embeddings.popitem(last=False)
        return embedding

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
    ) -> Picture:
        """The pastiche of an encoded content in a blend of styles, and in styles of their own in its regions.

        Raises:
            UserError: If a picture or an option cannot be used.
            RefusedError: If nobody waits any more.
        """
        picture = self.open(content, options.size)
        if options.keep_colors == "histogram":
            seen = [color.histogram(self._opaque(style), picture.image) for style in styles]
            embeddings = [self.stylizer.embed(style, options.style_size) for style in seen]
        else:
            embeddings = [self.embed(style, options.style_size) for style in styles]
        embedding = self.stylizer.blend(embeddings, options.weights) if embeddings else None
        painted = [
            Region(self._mask(region.mask), self.embed(region.style, options.style_size), region.strength)
            for region in regions
        ]
        kept = None if protect is None else self._mask(protect)
        strength = options.strength if embeddings else 0.0

        def stylize(image: Array) -> Array:
            ticket.check()
            pastiche = self.stylizer.stylize(
                image, embedding, strength, regions=painted, protect=kept, stroke=options.stroke
            )
            progress(1.0)
            if options.keep_colors == "luma" and options.strength > 0:
                pastiche = color.luma(image, pastiche)
            return pastiche

        return (picture if strength == 0 and not painted else picture.filled()).map(stylize)

    def encode(self, pastiche: Picture, options: Options) -> tuple[bytes, str]:
        """The encoded pastiche, and its media type; the frames of an animation are painted on the way."""
        kind = images.format_of(options.format or (pastiche.format if pastiche.format in images.FORMATS else "PNG"))
        buffer = BytesIO()
        images.save(pastiche, buffer, format=kind, quality=options.quality, depth=options.depth)
        return buffer.getvalue(), f"image/{kind.lower()}"

    def _mask(self, data: bytes) -> Array:
        """A client's mask (h, w) in [0, 1]."""
        return np.ascontiguousarray(self.open(data).image.mean(axis=2, dtype=np.float32))

    def _opaque(self, style: Style) -> Array:
        """A style picture (H, W, 3), on white where it is transparent."""
        if style.data is None:
            raise UserError(f"histogram recolours style pictures, and {style.name!r} is a named style; use luma")
        return self.open(style.data).on_white
