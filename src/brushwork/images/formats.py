"""The file formats, and what each can hold."""

from collections.abc import Mapping
from dataclasses import dataclass

from brushwork.errors import UserError, unknown


class ImageError(UserError):
    """Something is wrong with a picture file; one line, for the user, that names it."""


@dataclass(frozen=True)
class Format:
    """What a file format can hold."""

    extensions: tuple[str, ...]
    quality: int | None = None  # the default; None where nothing is lost
    alpha: bool = True
    animated: bool = False
    deep: bool = False  # 16 bits per channel
    longest: int = 2**31 - 1  # pixels on a side


FORMATS: Mapping[str, Format] = {
    "JPEG": Format((".jpg", ".jpeg", ".jfif"), quality=95, alpha=False, longest=65500),
    "PNG": Format((".png", ".apng"), animated=True, deep=True),
    "WEBP": Format((".webp",), quality=90, animated=True, longest=16383),
    "TIFF": Format((".tif", ".tiff"), deep=True),
    "AVIF": Format((".avif",), quality=80, animated=True, longest=65536),
    "GIF": Format((".gif",), animated=True, longest=65535),
}


def format_of(name: str) -> str:
    """Give the key of FORMATS for a name or an extension ("jpg", ".TIF", "webp").

    Raises ImageError with the nearest valid choice.
    """
    wanted = name.lower().removeprefix(".")
    names = {extension[1:]: kind for kind, known in FORMATS.items() for extension in known.extensions}
    if wanted in names:
        return names[wanted]
    if not wanted:
        raise ImageError(f"its name has no extension; give it one of {', '.join(names)}")
    raise ImageError(unknown("output format", wanted, names))
