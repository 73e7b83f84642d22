"""A `Picture` in, encoded bytes out.

Pillow writes JPEG, PNG, WebP and AVIF. It has no 16-bit colour, and its GIF files show bands of colour, so 16-bit PNG
and GIF files are written with pyvips, which is imported only then, and TIFF files by hand.
"""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import PngImagePlugin, TiffImagePlugin

from brushwork.images import metadata
from brushwork.images.formats import FORMATS, ImageError
from brushwork.images.levels import quantise
from brushwork.images.picture import Frame, Picture


def encode(picture: Picture, kind: str, *, quality: int | None, depth: int) -> bytes:
    """Encode a picture in the format `kind` of FORMATS, with an sRGB profile (GIF has no place for one).

    A format without animation takes the first frame, one without alpha the picture laid on white, `depth` 16 only what
    is deep. Raises ImageError where the format cannot hold the picture.
    """
    chosen = FORMATS[kind]
    frames = picture.frames if chosen.animated else picture.frames[:1]
    depth = 16 if depth == 16 and chosen.deep and len(frames) == 1 else 8
    durations, stored = [], []
    for frame in frames:  # once and in order: each may be decoded and painted just now
        durations.append(frame.duration)
        stored.append(_quantise(frame, depth, chosen.alpha))
    height, width = stored[0].shape[:2]
    if max(height, width) > chosen.longest:
        raise ImageError(f"{kind} holds at most {chosen.longest} pixels on a side, not {width} x {height}")
    if kind == "TIFF":
        return _encode_tiff(stored[0], picture)
    if depth == 16:
        return _encode_deep_png(stored[0], picture)
    if kind == "GIF":
        return _encode_gif(stored, durations, picture.loop)
    options = _options(kind, picture, quality)
    if len(stored) > 1:
        options |= {"save_all": True, "append_images": [Pillow.fromarray(pixels) for pixels in stored[1:]]}
        options |= {"duration": durations} | ({} if kind == "AVIF" else {"loop": picture.loop})  # AVIF: for ever
    buffer = BytesIO()
    try:
        Pillow.fromarray(stored[0]).save(buffer, kind, **options)
    except (OSError, ValueError, RuntimeError, struct.error) as error:
        raise ImageError(" ".join(str(error).split())) from error
    if kind == "WEBP" and len(stored) > 1 and any(pixels.shape[2] == 4 for pixels in stored):
        # Where an opaque first frame is followed by smaller ones, the flag that says "has alpha" is not set for them.
        buffer.getbuffer()[20] |= 0x10
    return buffer.getvalue()


def _quantise(frame: Frame, depth: int, keep_alpha: bool) -> NDArray[Any]:
    """Round a frame to 8 or 16 bits, (H, W, 3) or with alpha (H, W, 4)."""
    image, alpha = frame.image, frame.alpha
    if alpha is not None and not keep_alpha:
        image, alpha = frame.on_white, None
    pixels = image if alpha is None else np.concatenate((image, alpha[..., None]), axis=2)
    return quantise(pixels, depth)


def _options(kind: str, picture: Picture, quality: int | None) -> dict[str, Any]:
    """Collect what Pillow's writer of a format is told."""
    exif, xmp = picture.exif or b"", picture.xmp or b""
    if kind == "JPEG":  # one segment holds 65533 bytes; notes that do not fit are left out rather than cut
        exif, xmp = (exif if len(exif) <= 65533 else b""), (xmp if len(xmp) <= 65533 - 29 else b"")
    options: dict[str, Any] = {"icc_profile": metadata.srgb_profile()}
    if exif:
        options["exif"] = exif
    if xmp and kind == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8", "replace"))
    elif xmp:
        options["xmp"] = xmp
    if FORMATS[kind].quality is not None:
        options["quality"] = quality or FORMATS[kind].quality
    if kind in ("JPEG", "AVIF"):
        options["subsampling"] = "4:4:4"
    return options


def _encode_deep_png(pixels: NDArray[np.uint16], picture: Picture) -> bytes:
    """Write a 16-bit PNG, which Pillow cannot."""
    import pyvips

    height, width, bands = pixels.shape
    image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, bands, "ushort").copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", metadata.srgb_profile())
    if picture.xmp:
        image.set_type(pyvips.GValue.blob_type, "xmp-data", picture.xmp)
    try:
        data: bytes = image.pngsave_buffer(bitdepth=16)
    except pyvips.Error as error:
        raise ImageError(" ".join(str(error).split())) from error
    if not picture.exif:
        return data
    # pyvips would rewrite the EXIF with entries of its own; put the chunk after the header (33 bytes) as it is.
    chunk = BytesIO()
    PngImagePlugin.putchunk(chunk, b"eXIf", picture.exif.removeprefix(b"Exif\0\0"))
    return data[:33] + chunk.getvalue() + data[33:]


def _encode_gif(stored: list[NDArray[np.uint8]], durations: list[int], loop: int) -> bytes:
    """Write a GIF with colours chosen and dithered frame by frame."""
    import pyvips

    if any(pixels.shape[2] == 4 for pixels in stored):
        stored = [np.pad(pixels, ((0, 0), (0, 0), (0, 4 - pixels.shape[2])), constant_values=255) for pixels in stored]
    height, width, bands = stored[0].shape
    column = np.concatenate(stored).tobytes()  # all frames one below the other
    image = pyvips.Image.new_from_memory(column, width, height * len(stored), bands, "uchar")
    image = image.copy(interpretation="srgb")
    image.set_type(pyvips.GValue.gint_type, "page-height", height)
    image.set_type(pyvips.GValue.array_int_type, "delay", durations)
    image.set_type(pyvips.GValue.gint_type, "loop", loop)
    try:
        data: bytes = image.gifsave_buffer(effort=4)
    except pyvips.Error as error:
        raise ImageError(" ".join(str(error).split())) from error
    return data


def _encode_tiff(pixels: NDArray[Any], picture: Picture) -> bytes:
    """Write a TIFF: strips of about 1 MB, Deflate, each pixel as the difference from its left neighbour.

    By hand, with Pillow's writer of directories, because Pillow cannot store 16 bits and pyvips cannot store EXIF.
    """
    height, width, bands = pixels.shape
    rows = max(1, 2**20 // (width * bands * pixels.itemsize))
    differences = pixels.copy()
    differences[:, 1:] -= pixels[:, :-1]  # wraps around, as the format wants
    differences = differences.astype(pixels.dtype.newbyteorder("<"), copy=False)
    strips = [zlib.compress(differences[top : top + rows].tobytes()) for top in range(0, height, rows)]
    starts = [sum(len(strip) for strip in strips[:index]) for index in range(len(strips))]
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    exif = metadata.read_exif(picture.exif or b"")
    tags: dict[int, Any] = dict(exif.items())
    tags |= {folder: dict(exif.get_ifd(folder)) for folder in (34665, 34853) if exif.get_ifd(folder)}
    tags |= {256: width, 257: height, 258: (8 * pixels.itemsize,) * bands, 259: 8, 262: 2, 277: bands, 284: 1, 317: 2}
    tags |= {273: tuple(starts), 278: rows, 279: tuple(len(strip) for strip in strips), 34675: metadata.srgb_profile()}
    if bands == 4:
        tags[338] = 2  # alpha, not multiplied into the colours
    if picture.xmp:
        tags[700] = picture.xmp
    directory.tagtype[273] = directory.tagtype[279] = 4  # 32-bit numbers
    for tag, value in tags.items():
        directory[tag] = value
    buffer = BytesIO()
    try:
        directory.save(buffer)
    except (struct.error, ValueError, TypeError) as error:
        raise ImageError(f"TIFF cannot hold it ({error})") from error
    buffer.writelines(strips)
    return buffer.getvalue()
