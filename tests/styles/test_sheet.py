"""Contact sheets of all named styles."""

from pathlib import Path

import numpy as np
import pytest

from brushwork.errors import UserError
from brushwork.images import Picture
from brushwork.styles.sheet import Cell, cells, compose, target
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from tests.styles.test_gallery import Named


def test_the_photo_comes_first_and_then_every_style(fake_runtime: FakeRuntime) -> None:
    photo = Picture.of(np.full((20, 30, 3), 0.5, np.float32))
    stylizer = Stylizer(fake_runtime, gallery=Named())
    stylize = lambda image, name: stylizer.stylize(image, stylizer.embed(name))  # noqa: E731
    painted = list(cells(photo, stylizer.names, stylize))
    assert [cell.label for cell in painted] == ["photo", "red", "dusk"]
    assert {cell.image.shape for cell in painted} == {(20, 30, 3)}
    for cell, colour in zip(painted, ((0.5, 0.5, 0.5), (1, 0, 0), (0.5, 0.5, 1)), strict=True):
        np.testing.assert_allclose(cell.image, np.broadcast_to(colour, (20, 30, 3)), atol=1e-6)


def test_a_model_without_names_has_no_sheet() -> None:
    with pytest.raises(UserError, match="this model has no named styles"):
        cells(Picture.of(np.zeros((32, 32, 3), np.float32)), [], lambda photo, name: photo.image)


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (12, 4, 3), (64, 10, 7)])
def test_cells_are_in_rows(count: int, columns: int, rows: int) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (count, 3)) / np.float32(255)
    height, width = 60, 64
    sheet = compose([Cell("x", np.broadcast_to(colour, (height, width, 3))) for colour in colours]).image
    assert sheet.shape[1] == columns * (width + 8) + 8
    down, over = divmod(sheet.shape[0] - 8, rows)
    assert over == 0 and down > height + 8  # a label's line
    for number, colour in enumerate(colours):
        top, left = 8 + number // columns * down, 8 + number % columns * (width + 8)
        np.testing.assert_allclose(sheet[top : top + height, left : left + width] - colour, 0, atol=1e-6)
        below = sheet[top + height : top + down - 8, left : left + width]
        assert below.min() < 0.6 and below.max() == 1  # a label, on white


def test_a_sheet_keeps_alpha_and_its_paper_shows_through_where_a_format_has_none() -> None:
    alpha = np.zeros((60, 64), np.float32)
    alpha[:, :32] = 1
    sheet = compose([Cell("x", np.zeros((60, 64, 3), np.float32))] * 2, alpha)
    assert sheet.alpha is not None
    for left in (8, 8 + 72):
        np.testing.assert_array_equal(sheet.alpha[8:68, left : left + 64], alpha)
        assert sheet.on_white[8:68, left : left + 32].max() == 0
        assert sheet.on_white[8:68, left + 32 : left + 64].min() == 1
    assert sheet.alpha[:8].min() == sheet.alpha[68:].min() == 1  # paper and labels


def test_a_cut_out_is_painted_as_elsewhere() -> None:
    """What it hides is neither seen by the network nor measured."""
    seen = FakeRuntime()
    stylizer = Stylizer(seen, gallery=Named())
    alpha = np.ones((40, 40), np.float32)
    alpha[:, :20] = 0
    image = np.random.default_rng(0).random((40, 40, 3)).astype(np.float32)
    sheets = []
    for hidden in (0.0, 1.0):
        photo = Picture.of(np.where(alpha[..., None] > 0, image, np.float32(hidden)), alpha)
        made = compose(list(cells(photo, ["red"], lambda photo, name: stylizer.stylize(photo, name))), alpha)
        sheets.append(made.on_white)
    np.testing.assert_array_equal(sheets[0], sheets[1])


@pytest.mark.parametrize("width", [24, 48, 200])
def test_labels_stay_within_their_cells(width: int) -> None:
    """Between two cells and their labels there is a column of paper from top to bottom."""
    sheet = compose([Cell("the-longest-name-of-all", np.zeros((30, width, 3), np.float32))] * 4).image
    middle = 8 + width + 4
    assert sheet[:, middle - 1 : middle + 1].min() == 1


def test_a_sheet_replaces_neither_the_photo_nor_existing_files(tmp_path: Path) -> None:
    photo, taken = tmp_path / "a.png", tmp_path / "taken.jpg"
    for file in (photo, taken):
        file.write_bytes(b"")
    assert target(photo, None, overwrite=False) == tmp_path / "a-styles.jpg"
    assert target(photo, taken, overwrite=True) == taken
    with pytest.raises(UserError, match=r"taken\.jpg exists; use --overwrite"):
        target(photo, taken, overwrite=False)
    with pytest.raises(UserError, match=r"a\.png is the photo itself"):
        target(photo, photo, overwrite=True)
    with pytest.raises(UserError, match="txt"):
        target(photo, tmp_path / "sheet.txt", overwrite=False)
