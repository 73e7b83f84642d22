"""What decoders raise, in one line for the user."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image as Pillow

from brushwork.images.formats import ImageError

# What Pillow's readers raise for damaged files, found by changing single bytes of good ones. Its limit on pixels is
# left in WebP and GIF alone, as DecompressionBombError for frames of more than 179 million.
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    ZeroDivisionError,
    IndexError,
    RuntimeError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
)
_UNSUPPORTED = (
    *("not configured", "not been built", "not supported", "unsupported", "out of range", "not implemented"),
    *("not a whole number of bytes",),
)


def reason(error: BaseException) -> str:
    """Return in one line why a decoder failed; "damaged" only if the file is damaged."""
    lines = dict.fromkeys(line.strip() for line in str(error).splitlines() if line.strip())
    text = "; ".join(line for line in lines if not line.startswith("unable to ")) or type(error).__name__
    if any(part in text.lower() for part in _UNSUPPORTED):
        return f"it is stored in a way that is not supported here ({text})"
    if "no space left" in text.lower():
        return "no space left for temporary files; set TMPDIR to a larger disk"
    return f"the file is damaged ({text})"


@contextmanager
def one_line() -> Iterator[None]:
    """Convert the errors of a decoder to `ImageError`."""
    try:
        yield
    except ImageError:
        raise
    except _PILLOW_ERRORS as error:
        raise ImageError(reason(error)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "pyvips":
            raise
        raise ImageError(reason(error)) from error
