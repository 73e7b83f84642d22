"""Pictures for the page to show, as files that never change once they are there."""

from collections import OrderedDict
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image

from brushwork import atomic
from brushwork.images.levels import quantise
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
        Image.fromarray(quantise(image)).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        data = buffer.getvalue()
        path = self.folder / f"{sha256(data).hexdigest()[:32]}.jpg"
        if not path.exists():
            atomic.write_bytes(path, data)
        self._paths[path] = None
        self._paths.move_to_end(path)
        while len(self._paths) > KEPT:
            self._paths.popitem(last=False)[0].unlink(missing_ok=True)
        return str(path)
