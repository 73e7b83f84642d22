"""Files of previews: one for each picture, written once, the oldest gone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from brushwork.web.page import previews
from brushwork.web.page.previews import Previews


def plain(value: float) -> np.ndarray:
    return np.full((8, 12, 3), value, np.float32)


def test_equal_pictures_have_one_file_that_is_not_written_again(tmp_path: Path) -> None:
    written = Previews(str(tmp_path))
    first = Path(written.write(plain(0.5)))
    before = first.stat()
    assert Path(written.write(plain(0.5))) == first
    after = first.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [first]


def test_it_shows_the_picture(tmp_path: Path) -> None:
    image = plain(0.25)
    image[..., 0] = 2.0  # beyond the range: shown as white is
    shown = np.asarray(Image.open(Previews(str(tmp_path)).write(image)))
    assert shown.shape == (8, 12, 3)
    np.testing.assert_allclose(shown.reshape(-1, 3), [[255, 64, 64]] * 96, atol=2)


def test_the_oldest_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "KEPT", 2)
    written = Previews(str(tmp_path))
    one, two = written.write(plain(0.1)), written.write(plain(0.2))
    assert written.write(plain(0.1)) == one  # used again: now the younger of the two
    three = written.write(plain(0.3))
    assert {str(path) for path in tmp_path.iterdir()} == {one, three} and two not in (one, three)
