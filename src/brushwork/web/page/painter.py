"""What the page does when something on it is touched."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from brushwork import images
from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.images.levels import quantise
from brushwork.runtime import Array
from brushwork.web.api.problems import RefusedError
from brushwork.web.api.service import Service, Style, Ticket
from brushwork.web.page.previews import Previews

MOST = 4  # styles of a blend
SMALL, LARGE, LIVE = 320, 1024, 384  # long sides of a preview while a slider moves, after it, and of the camera


@dataclass(frozen=True)
class Wishes:
    """All that is set on the page."""

    photo: str | None
    names: Sequence[str]
    own: Sequence[str]
    shares: Sequence[float]
    strength: float
    style_size: int
    keep_colors: str | None
    mask: Array | None  # (h, w) in [0, 1]
    other: str | None

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Wishes":
        """The values of the page's controls, in its order."""
        photo, names, own, *rest = values
        shares, (strength, stroke, keep, region, other) = rest[:MOST], rest[MOST:]
        mask = _mask(region)
        return cls(photo, names or (), own or (), shares, strength, int(stroke), keep or None, mask, other or None)

    @property
    def styles(self) -> list[Style]:
        """The styles of the blend, named ones first."""
        pictures = [Style(Path(path).name, Path(path).read_bytes()) for path in self.own]
        return [*(Style(name) for name in self.names), *pictures][:MOST]

    def options(self, count: int, size: int | None = None) -> Options:
        """How so many styles are blended, in a pastiche of at most that long side."""
        weights = list(self.shares[:count])
        return Options(weights=weights if any(weights) else None, strength=self.strength, size=size,
                       style_size=self.style_size, keep_colors=self.keep_colors)  # fmt: skip


class Painter:
    """The page's side of a service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._folder = tempfile.TemporaryDirectory(prefix="brushwork-")  # saved pastiches, and previews
        self._previews = Previews(self._folder.name)

    def close(self) -> None:
        """Deletes what was saved for browsers to fetch."""
        self._folder.cleanup()

    def names(self) -> list[str]:
        """The styles with names."""
        return list(self.service.stylizer.names)

    def thumbnails(self) -> list[tuple[Any, str]]:
        """A picture of each named style, with its name."""
        gallery = self.service.stylizer.gallery
        return [(square, name) for name in gallery.styles if (square := gallery.thumbnail(name))]

    def choose(self, chosen: list[str] | None, event: gr.SelectData) -> list[str]:
        """The chosen names, after a touch on the gallery added one or took it away."""
        name, chosen = self.names()[event.index], list(chosen or ())
        if name in chosen:
            chosen.remove(name)
        else:
            chosen = [*chosen, name][-MOST:]
        return chosen

    def label(self, chosen: list[str] | None, own: list[str] | None) -> list[Any]:
        """A slider for each style of a blend of two and more."""
        names = [*(chosen or ()), *(Path(path).name for path in own or ())][:MOST]
        several = len(names) > 1
        return [
            gr.update(visible=several and n < len(names), label=names[n] if n < len(names) else f"Share {n + 1}")
            for n in range(MOST)
        ]

    def show(self, photo: str | None) -> tuple[Any, Any]:
        """A new photo: where a region can be painted on it, and nothing to be saved yet."""
        nothing = gr.update(interactive=False, value=None, label="Save")
        if photo is None:
            return None, nothing
        try:
            image = self.service.open(Path(photo).read_bytes(), LARGE).image
        except UserError:
            return None, nothing  # the preview says why
        return {"background": quantise(image), "layers": [], "composite": None}, nothing

    async def preview(self, wishes: Wishes, small: bool = False) -> tuple[Any, str]:
        """Photo and pastiche as they are to be compared, and a line about what is missing."""
        if wishes.photo is None:
            return None, "Drop a photo to begin."
        try:
            content = self.service.open(Path(wishes.photo).read_bytes(), SMALL if small else LARGE)
            if not wishes.styles:
                before = self._previews.write(content.image)
                return (before, before), "Choose a style, or drop a picture of your own."
            pastiche = await self._paint(wishes, SMALL if small else LARGE)
        except (UserError, RefusedError) as error:
            return None, f"**{error}**"
        return (self._previews.write(content.image), self._previews.write(pastiche.image)), ""

    async def render(self, wishes: Wishes) -> tuple[Any, str]:
        """The pastiche at the photo's own size with all that its file held, to be saved."""
        if wishes.photo is None or not wishes.styles:
            return gr.update(interactive=False), "A photo and a style are needed."
        try:
            pastiche = await self._paint(wishes, None)
            look = "+".join(Path(style.name).stem for style in wishes.styles)
            kind = pastiche.format if pastiche.format in images.FORMATS else "PNG"
            suffix = images.FORMATS[kind].extensions[0]
            folder = Path(tempfile.mkdtemp(dir=self._folder.name))
            path = folder / f"{Path(wishes.photo).stem}-{look}{suffix}"
            await asyncio.to_thread(images.save, pastiche, path)
        except (UserError, RefusedError) as error:
            return gr.update(interactive=False), f"**{error}**"
        height, width = pastiche.image.shape[:2]
        return gr.update(value=str(path), interactive=True, label=f"Save {width} x {height}"), ""

    async def live(self, frame: Array | None, style: str | None) -> Any:
        """The pastiche of a frame of the camera."""
        if frame is None or style is None:
            return None
        content = images.fit(frame.astype(np.float32) / np.float32(255), LIVE)

        def work(_: Ticket) -> Array:
            return self.service.stylizer.stylize(content, self.service.embed(Style(style)))

        try:
            return quantise(await self.service.run(work, _stays))
        except RefusedError:
            return None  # a frame less

    async def _paint(self, wishes: Wishes, size: int | None) -> Picture:
        assert wishes.photo is not None
        styles = wishes.styles
        options = wishes.options(len(styles), size)
        data = Path(wishes.photo).read_bytes()
        region = (wishes.mask, Style(wishes.other)) if wishes.mask is not None and wishes.other else None
        return await self.service.run(lambda ticket: self.service.paint(data, styles, options, ticket, region), _stays)


async def _stays() -> bool:
    """Gradio itself ends what a closed page has begun."""
    return False


def _mask(region: Any) -> Array | None:
    """Where something was painted in the editor, (h, w) in [0, 1]; None where nothing was."""
    layers = region["layers"] if region else []
    if not layers:
        return None
    mask = np.max([layer[..., 3] for layer in layers], axis=0).astype(np.float32) / 255
    return mask if mask.any() else None
