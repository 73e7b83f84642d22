"""Pictures for the tests of training data."""

import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from brushwork.training.data import Pictures


def encoded(number: int, kind: str = "PNG", size: tuple[int, int] = (20, 16)) -> bytes:
    """A picture of the grey `number`, which identifies it, with a white corner."""
    pixels = np.full((*size[::-1], 3), number, np.uint8)
    pixels[0, 0] = 255
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, BytesIO(data))
    return path


def greys(pictures: Pictures, slots: range) -> list[int]:
    return [int(pixels[0, -1, -1]) for _, pixels in pictures.take(slots)]
