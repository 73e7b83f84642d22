"""Encodes a `Picture` into the bytes of a file.

Pillow writes JPEG, PNG, WebP and AVIF. It has no 16-bit colour, and its GIF files have visible colour bands, so 16-bit
PNG and GIF files are written with pyvips, which is imported only when needed, and TIFF files by `tiff`.
"""

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from brushwork.images import boxes, gif, jpeg, png, profiles, tiff
from brushwork.images.formats import FORMATS, ImageError
from brushwork.images.levels import quantise
from brushwork.images.metadata import Metadata
from brushwork.images.picture import Frame, Picture


def encode(picture: Picture, kind: str, *, quality: int | None, depth: int) -> bytes:
    """Encode a picture in the format `kind` of FORMATS with an sRGB profile (except GIF).

    Formats without animation store the first frame; formats without alpha store the picture on white; a `depth` of 16
    applies only to formats that support it. Only TIFF can hold several pages.

    Raises:
        ImageError: If the format cannot hold the picture.
    """
    chosen = FORMATS[kind]
    several = picture.animated and picture.paged
    if several and kind != "TIFF":
        raise ImageError(f"{kind} holds one page; {len(picture.frames)} pages are written as TIFF")
    frames = picture.frames if chosen.animated or several else picture.frames[:1]
    depth = 16 if depth == 16 and chosen.deep and (len(frames) == 1 or several) else 8
    durations, stored = [], []
    for frame in frames:  # once and in order, because each may be decoded and rendered on access
        durations.append(frame.duration)
        stored.append(_quantise(frame, depth, chosen.alpha))
    return encode_stored(
        stored, kind, picture.metadata, quality=quality, durations=durations, loop=picture.loop
    )  # fmt: skip


def encode_stored(
    stored: list[NDArray[Any]], kind: str, metadata: Metadata, *,
    quality: int | None, durations: Sequence[int] = (0,), loop: int = 0,
) -> bytes:  # fmt: skip
    """Encode frames, or pages, that are rounded already: uint8 or uint16, (H, W, 3) or with alpha (H, W, 4).

    The list is emptied on the way, as encoders have copies of their own. `durations` are those of the frames; see
    `encode` for the rest.
    """
    height, width = stored[0].shape[:2]
    longest = FORMATS[kind].longest
    if max(height, width) > longest:
        raise ImageError(f"{kind} holds at most {longest} pixels on a side, not {width} x {height}")
    if kind == "TIFF":
        return tiff.write(stored, metadata)
    if stored[0].dtype == np.uint16:
        return _encode_deep_png(stored[0], metadata)
    if kind == "GIF":
        return gif.insert(_encode_gif(stored, list(durations), loop), gif.write_comments(metadata))
    options = _options(kind, metadata, quality)
    if len(stored) > 1:
        options |= {"duration": list(durations)} | ({} if kind == "AVIF" else {"loop": loop})  # AVIF loops
    return _encode_by_pillow(stored, kind, metadata, options)


def _encode_by_pillow(stored: list[NDArray[Any]], kind: str, metadata: Metadata, options: dict[str, Any]) -> bytes:
    """Encode with Pillow, and add the metadata that Pillow cannot write."""
    several, transparent = len(stored) > 1, any(pixels.shape[2] == 4 for pixels in stored)
    first, *others = _taken(stored)
    if others:
        options = {**options, "save_all": True, "append_images": others}
    buffer = BytesIO()
    try:
        first.save(buffer, kind, **options)
    except (OSError, ValueError, RuntimeError, struct.error) as error:
        raise ImageError(" ".join(str(error).split())) from error
    if kind == "JPEG":
        return jpeg.replace_start(buffer.getvalue(), jpeg.write_segments(metadata))
    if kind == "PNG":
        return png.insert(buffer.getvalue(), png.write_chunks(metadata))
    if kind == "AVIF":
        return boxes.without_times(buffer.getvalue()) if several else buffer.getvalue()
    if kind == "WEBP" and several and transparent:
        # Without this, if the first frame is opaque, the alpha flag is not set for smaller frames that follow.
        buffer.getbuffer()[20] |= 0x10
    return buffer.getvalue()


def _taken(stored: list[NDArray[Any]]) -> Iterator[Pillow.Image]:
    """Take the frames of a list, each of which is then freed."""
    while stored:
        yield Pillow.fromarray(stored.pop(0))


def _quantise(frame: Frame, depth: int, keep_alpha: bool) -> NDArray[Any]:
    """Round a frame to 8 or 16 bits, (H, W, 3) or with alpha (H, W, 4)."""
    image, alpha = frame.image, frame.alpha
    if alpha is not None and not keep_alpha:
        image, alpha = frame.on_white, None
    pixels = image if alpha is None else np.concatenate((image, alpha[..., None]), axis=2)
    return quantise(pixels, depth)


def _options(kind: str, metadata: Metadata, quality: int | None) -> dict[str, Any]:
    """Return the options for Pillow's writer of a format."""
    options: dict[str, Any] = {}
    if kind in ("WEBP", "AVIF"):  # for the other formats, metadata is inserted afterwards
        options["icc_profile"] = profiles.srgb_profile()
        notes = {"exif": metadata.exif_with_dpi, "xmp": metadata.xmp}
        options |= {name: note for name, note in notes.items() if note}
    if FORMATS[kind].quality is not None:
        options["quality"] = quality or FORMATS[kind].quality
    if kind in ("JPEG", "AVIF"):
        options["subsampling"] = "4:4:4"
    return options


def _encode_deep_png(pixels: NDArray[np.uint16], kept: Metadata) -> bytes:
    """Encode a 16-bit PNG, which Pillow cannot write."""
    import pyvips

    height, width, bands = pixels.shape
    memory = np.ascontiguousarray(pixels).data
    image = pyvips.Image.new_from_memory(memory, width, height, bands, "ushort").copy(interpretation="rgb16")
    try:
        data: bytes = image.pngsave_buffer(bitdepth=16, keep="none")
    except pyvips.Error as error:
        raise ImageError(" ".join(str(error).split())) from error
    return png.insert(data, png.write_chunks(kept))


def _encode_gif(stored: list[NDArray[np.uint8]], durations: list[int], loop: int) -> bytes:
    """Encode a GIF with a palette and dithering per frame."""
    import pyvips

    if any(pixels.shape[2] == 4 for pixels in stored):
        stored[:] = [np.pad(each, ((0, 0), (0, 0), (0, 4 - each.shape[2])), constant_values=255) for each in stored]
    height, width, bands = stored[0].shape
    column = np.ascontiguousarray(np.concatenate(stored))  # all frames one below the other
    stored.clear()
    image = pyvips.Image.new_from_memory(column.data, width, len(column), bands, "uchar")
    image = image.copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "page-height", height)
    image.set_type(pyvips.GValue.array_int_type, "delay", durations)
    image.set_type(pyvips.GValue.gint_type, "loop", loop)
    try:
        data: bytes = image.gifsave_buffer(effort=4)
    except pyvips.Error as error:
        raise ImageError(" ".join(str(error).split())) from error
    return data
