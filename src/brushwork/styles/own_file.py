"""Reads and writes the file of an own style: embeddings, the model they fit, and small copies of the style pictures."""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from brushwork import atomic, images
from brushwork.errors import UserError, cut
from brushwork.images.levels import quantise
from brushwork.model_detail import read_header
from brushwork.model_folder import ModelFolder
from brushwork.runtime import Array
from brushwork.styles.embeddings import check_picture

ENDING, KIND, FORMAT = ".json", "own", 1
LONGEST_NAME, LONGEST_LINE = 80, 300  # letters of a style's name, and of other texts
LARGEST_FILE, LARGEST_PICTURE = 20_000_000, 16_000_000  # bytes, pixels
LARGEST_NUMBER = 10_000  # of an embedding; those of models are below 10, and much larger ones overflow
# Short side in pixels of a stored picture, from which other models embed the style.
KEPT_SIDE = 384
SQUARE = 96  # side in pixels of a thumbnail, as in the galleries of models


@dataclass(frozen=True)
class Origin:
    """One source of an own style.

    Attributes:
        file: Name of the picture file or of the style.
        weight: Its weight in the blend.
        picture: A small copy as a WebP file; None if none was stored.
    """

    file: str
    weight: float = 1.0
    picture: bytes | None = None

    @property
    def opened(self) -> list[Array]:
        """Return a list with the stored picture (H, W, 3) in [0, 1]; empty if none was stored."""
        return [] if self.picture is None else [images.open(self.picture).on_white]

    def square(self) -> Pillow.Image:
        """Return the centre of the stored picture as a square thumbnail."""
        with Pillow.open(BytesIO(self.picture or b"")) as picture:
            side = min(picture.size)
            left, top = (picture.width - side) // 2, (picture.height - side) // 2
            return picture.convert("RGB").resize((SQUARE, SQUARE), box=(left, top, left + side, top + side))


@dataclass(frozen=True)
class OwnFile:
    """Contents of the file of an own style.

    Attributes:
        about: One-line description.
        model: Name of the model it was made for.
        digest: Digest of that model's style prediction network (`digest_of`); for a deep style, of all its weights.
        embeddings: Style size in pixels -> embedding (D,).
        origin: What it was made from.
    """

    about: str
    model: str
    digest: str
    embeddings: Mapping[int, Array]
    origin: tuple[Origin, ...]


def digest_of(folder: ModelFolder) -> str:
    """Return the digest of a model's style prediction network. Models with the same digest share their embeddings."""
    start, header = read_header(folder.weights)
    digest = hashlib.sha256()
    with folder.weights.open("rb") as file:
        for name in sorted(name for name in header if name.startswith("predictor.")):
            first, last = header[name]["data_offsets"]
            file.seek(start + first)
            digest.update(name.encode() + file.read(last - first))
    return digest.hexdigest()


def shrink(picture: Array) -> bytes:
    """Return a small copy of a picture (H, W, 3) in [0, 1] as a WebP file."""
    buffer = BytesIO()
    small = Pillow.fromarray(quantise(images.fit_short(picture, KEPT_SIDE)))
    small.save(buffer, "WEBP", quality=85, method=6)
    return buffer.getvalue()


def check_name(name: str) -> None:
    """Check that a text can be the name of an own style.

    Raises:
        UserError: If it cannot.
    """
    if not name or len(name) > LONGEST_NAME or not all(letter.isalnum() or letter in "-_" for letter in name):
        raise UserError(f"{cut(name)!r} is not a valid style name; use at most {LONGEST_NAME} letters, digits, - and _")


def write(path: Path, own: OwnFile, *, overwrite: bool = False) -> None:
    """Write a file atomically.

    Raises:
        UserError: If it exists and may not be overwritten.
    """
    try:
        atomic.write_text(path, as_text(own), overwrite=overwrite)
    except FileExistsError:
        raise UserError(f"{path} exists; use --overwrite to replace it") from None


def as_text(own: OwnFile) -> str:
    """Return the text of a file."""
    values = {
        "format": FORMAT,
        "about": _line(own.about),
        "model": {"name": _line(own.model), "digest": own.digest},
        # Six digits exceed the precision of the network.
        "embeddings": {size: [float(f"{x:.6g}") for x in row.tolist()] for size, row in own.embeddings.items()},
        "origin": [
            {"file": _line(each.file), "weight": each.weight, "picture": _coded(each.picture)} for each in own.origin
        ],
    }
    return json.dumps(values, ensure_ascii=False) + "\n"


def read(path: Path) -> OwnFile:
    """Read a file and check it: it may come from an untrusted source.

    Raises:
        UserError: If it is not a valid own style.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"it is larger than {LARGEST_FILE // 10**6} MB")
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise ValueError(f"it has format {values['format']}; this version reads format {FORMAT}")
        embeddings = {int(size): _embedding(numbers) for size, numbers in values["embeddings"].items()}
        if not embeddings or len({len(row) for row in embeddings.values()}) != 1 or min(embeddings) < 1:
            raise ValueError("its embeddings differ in length or lack a style size")
        origin = tuple(_origin(**each) for each in values["origin"])
        if abs(sum(each.weight for each in origin) - 1) > 0.01:
            raise ValueError("its weights do not sum to 1")
        model, digest = _line(values["model"]["name"]), _line(values["model"]["digest"])
        return OwnFile(_line(values["about"]), model, digest, embeddings, origin)
    except OSError as error:
        raise UserError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise UserError(f"{path} is not an own style: it is not a JSON file") from None
    except KeyError as error:
        raise UserError(f"{path} is not an own style: {error.args[0]!r} is missing") from None
    except (TypeError, AttributeError, RecursionError):
        raise UserError(f"{path} is not an own style: a value has the wrong type") from None
    except (ValueError, UserError) as error:
        raise UserError(f"{path} is not an own style: {error}") from None


def _line(text: str) -> str:
    """Return a text as one line that can be printed: without control characters, and cut if it is long."""
    if not isinstance(text, str):
        raise TypeError
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return cut(line, LONGEST_LINE)


def _coded(picture: bytes | None) -> str | None:
    return None if picture is None else base64.b64encode(picture).decode()


def _embedding(numbers: Any) -> Array:
    row = np.asarray(numbers, dtype=np.float32)
    if row.ndim != 1 or not row.size or not (np.abs(row) <= LARGEST_NUMBER).all():
        raise ValueError(f"an embedding is not a list of numbers of at most {LARGEST_NUMBER:,}")
    return row


def _origin(file: str, weight: float, picture: str | None = None) -> Origin:
    if not math.isfinite(weight) or weight < 0:
        raise ValueError("a weight is negative or not finite")
    try:
        data = None if picture is None else base64.b64decode(picture, validate=True)
    except binascii.Error:
        raise ValueError("a picture is not valid base64") from None
    if data is not None:
        # Reports an unusable picture now rather than on first use.
        check_picture(images.open(data, max_pixels=LARGEST_PICTURE).image)
    return Origin(_line(file), float(weight), data)
