"""Reads and writes picture files.

**An image is a float32 NumPy array (H, W, 3), sRGB, in [0, 1].* `open` reads any picture file into such images, upright
and with converted colours, together with alpha, depth, animation and metadata; `save` writes all of these. An error is
an `ImageError`, one line that names the file.
"""

from brushwork.images.alpha import FilledRows, RestoredRows, fill_hidden, is_visible, restore_hidden, visible
from brushwork.images.arrays import Pixels, as_image, as_mask
from brushwork.images.canvas import Canvas, Rows, canvas
from brushwork.images.files import EXTENSIONS, MAX_PIXELS, encoded, find, open, save  # noqa: A004
from brushwork.images.formats import FORMATS, Format, ImageError, format_of
from brushwork.images.large import Extent, LargePicture, measure, open_large
from brushwork.images.large_writing import save_large
from brushwork.images.metadata import Metadata
from brushwork.images.picture import Frame, Picture
from brushwork.images.recognition import format_in, is_pastiche
from brushwork.images.resizing import Image, fit, fit_short, middle, resample, resize, resize_rows

__all__ = [
    "EXTENSIONS",
    "FORMATS",
    "MAX_PIXELS",
    "Canvas",
    "Extent",
    "FilledRows",
    "Format",
    "Frame",
    "Image",
    "ImageError",
    "LargePicture",
    "Metadata",
    "Picture",
    "Pixels",
    "RestoredRows",
    "Rows",
    "as_image",
    "as_mask",
    "canvas",
    "encoded",
    "fill_hidden",
    "find",
    "fit",
    "fit_short",
    "format_in",
    "format_of",
    "is_pastiche",
    "is_visible",
    "measure",
    "middle",
    "open",
    "open_large",
    "resample",
    "resize",
    "resize_rows",
    "restore_hidden",
    "save",
    "save_large",
    "visible",
]
