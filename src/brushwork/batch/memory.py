"""What a run may take of memory, and what it would take: refused before anything is decoded or painted."""

from brushwork.batch.options import Options
from brushwork.errors import UserError
from brushwork.images import FORMATS, Extent, costs
from brushwork.images.resizing import fitted
from brushwork.rendering import memory as memories
from brushwork.rendering.memory import PICTURE, PROGRAM, in_words

# Pixels up to which a picture is decoded in memory, if there is enough: then it is faster than by strips.
LARGE = 4_000_000
# Pixels up to which a mask is read as it is.
MASK_PIXELS = 1_000_000
# Fraction of the memory beside the program's for pictures in memory, and how many bytes a pixel the one that is painted
# and those that wait to be painted or written take together.
_PICTURES_PART, _WAITING = 0.25, 2 * PICTURE
# The same for masks, of which each pixel is held as a few numbers of four bytes.
_MASKS_PART, _MASK = 0.1, 12


def allowed(options: Options) -> int:
    """Return the bytes that a run may take."""
    return int(options.memory or memories.available())


def is_large(pixels: int, options: Options) -> bool:
    """Return whether a picture with this many pixels is read in strips if it is rendered in tiles."""
    room = _PICTURES_PART * (allowed(options) - PROGRAM)
    return pixels > min(LARGE, room / _WAITING)


def mask_pixels(options: Options) -> int:
    """Return how many pixels the mask of a region may have; larger ones are shrunk as they are read."""
    planes = len(options.regions) + 1 + (options.protect is not None)
    return max(MASK_PIXELS, int(_MASKS_PART * (allowed(options) - PROGRAM) / (_MASK * planes)))


def check_content(extent: Extent, kind: str, options: Options) -> None:
    """Raise `UserError` if a content cannot be decoded, or its pastiche not encoded, within the memory.

    Args:
        extent: Size, format and cost of the content.
        kind: Format of the pastiche.
        options: Of them, the memory, the size, and whether all pages are taken.
    """
    # Of what is free the program has taken its own part already, or most of it.
    program = PROGRAM if options.memory else 0
    memory = allowed(options)
    if extent.decoding and program + extent.decoding > memory:
        raise UserError(
            f"{extent.width} x {extent.height} pixels of {extent.format} are decoded at once, which takes "
            f"{in_words(program + extent.decoding)}, and {in_words(memory)} may be used; convert it to PNG or TIFF, "
            "or allow more with --memory"
        )
    height, width = painted_size(extent, options)
    pixels = height * width
    several = extent.frames if FORMATS[kind].animated else extent.pages if options.page is None else 1
    if several > 1:
        taken, what = pixels * (PICTURE + several * costs.ANIMATED), f"{several} images of {pixels:,} pixels"
    else:
        taken, what = costs.encoding(kind, pixels, extent.alpha), f"{pixels:,} pixels"
    if taken and program + taken > memory:
        hint = "--size" if several > 1 else "--size, or to write JPEG, PNG or TIFF"
        raise UserError(
            f"{what} are written to {kind} at once, which takes {in_words(program + taken)}, and {in_words(memory)} "
            f"may be used; try {hint}, or allow more with --memory"
        )


def painted_size(extent: Extent, options: Options) -> tuple[int, int]:
    """Return height and width of the pastiche of a content."""
    return fitted(extent.height, extent.width, options.size) if options.size else (extent.height, extent.width)
