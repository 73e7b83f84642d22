"""Pictures for the tests of training data, and the comparison of batches."""

import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from brushwork.training.data import Batch, Pictures


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


def tensors(batch: Batch) -> list[torch.Tensor]:
    targets = batch.targets
    assert targets is not None
    return [batch.content, batch.style_number, targets.content, targets.features, *targets.style.values()]


def equal(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))
