"""Pictures for the page to show, as files that never change once they are there."""

import os
import tempfile
from collections import OrderedDict
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from brushwork.runtime import Array

KEPT = 64  # Gradio takes a copy of each as soon as it is told of it
QUALITY = 92


class Previews:
    """Writes each picture once.

    Gradio itself would write an array anew whenever it is shown, also while a browser still reads that very file.

    Args:
        folder: Where the files lie; whoever made it deletes it.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self._paths: OrderedDict[Path, None] = OrderedDict()

    def write(self, image: Array) -> str:
        """The path of an image (H, W, 3) in [0, 1] as a JPEG; equal images have one file."""
        buffer = BytesIO()
        Image.fromarray(eight_bits(image)).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        data = buffer.getvalue()
        path = self.folder / f"{sha256(data).hexdigest()[:32]}.jpg"
        if not path.exists():
            number, part = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(number, "wb") as file:
                file.write(data)
            Path(part).replace(path)
        self._paths[path] = None
        self._paths.move_to_end(path)
        while len(self._paths) > KEPT:
            self._paths.popitem(last=False)[0].unlink(missing_ok=True)
        return str(path)


def eight_bits(image: Array) -> np.ndarray:
    """An image in [0, 1] in the 8 bits that screens show."""
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
