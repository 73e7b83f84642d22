"""Resizing of float images."""

import numpy as np
from PIL import Image as Pillow

from brushwork.images.resizing import COPIED_ROWS, copy_plane


def test_a_plane_copied_in_strips_equals_the_plane() -> None:
    numbers = np.arange((2 * COPIED_ROWS + 3) * 5, dtype=np.float32).reshape(-1, 5)
    target = np.zeros((*numbers.shape, 2), np.float32)
    copy_plane(Pillow.fromarray(numbers), target[..., 1])
    assert (target[..., 1] == numbers).all()
    assert (target[..., 0] == 0).all()
