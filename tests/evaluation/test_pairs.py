"""Pairs are always the same, and finished pastiches are found by their names."""

import shutil
from pathlib import Path

import pytest

from brushwork.errors import UserError
from brushwork.evaluation import Pair, choose, find, pastiches_in
from brushwork.model_folder import CONFIG, MODELS


def folder_of(path: Path, count: int) -> Path:
    """A folder with a number of files named like pictures; they are never opened."""
    path.mkdir()
    for number in range(count):
        (path / f"{path.name}{number}.png").touch()
    return path


def numbers(pairs: list[Pair]) -> list[tuple[int, int]]:
    return [(int(pair.content.stem[1:]), int(pair.style.stem[1:])) for pair in pairs]


def test_pair_k_is_content_k_and_style_seven_k(tmp_path: Path) -> None:
    pairs = choose(folder_of(tmp_path / "c", 32), folder_of(tmp_path / "s", 55), 55)
    assert numbers(pairs) == [(k % 32, 7 * k % 55) for k in range(55)]
    assert len({pair.style for pair in pairs}) == 55


@pytest.mark.parametrize(("contents", "styles"), [(32, 55), (1, 7), (3, 14), (4, 6), (5, 5), (7, 1), (6, 21)])
def test_the_first_pairs_show_every_style_and_all_pairs_differ(tmp_path: Path, contents: int, styles: int) -> None:
    pairs = choose(folder_of(tmp_path / "c", contents), folder_of(tmp_path / "s", styles), 10_000)
    assert len(pairs) == len(set(pairs)) == contents * styles
    assert len({pair.style for pair in pairs[:styles]}) == styles
    assert pairs[:3] == choose(tmp_path / "c", tmp_path / "s", 3)


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    empty = folder_of(tmp_path / "c", 0)
    with pytest.raises(UserError, match=r"no pictures in the folder .*c$"):
        choose(empty, empty, 1)
    with pytest.raises(UserError, match="number of pairs is 0"):
        choose(empty, empty, 0)


@pytest.mark.parametrize("name", ["sea-ink.png", "sea_ink.jpg", "sea_stylized_ink.webp", "sea/ink.png"])
def test_a_pastiche_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    pair = Pair(Path("photos/sea.jpg"), Path("styles/ink.webp"))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert find(tmp_path, [pair]) == {pair: path}


def test_missing_pastiches_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    pairs = [Pair(Path("sea.jpg"), Path(f"ink{number}.jpg")) for number in range(3)]
    (tmp_path / "sea-ink0.png").touch()
    with pytest.raises(UserError, match=r"lacks 2 of 3 pastiches; the first is sea-ink1\.\*$"):
        find(tmp_path, pairs)


def test_a_folder_of_pastiches_is_distinguished_from_a_model(tmp_path: Path) -> None:
    assert pastiches_in(str(tmp_path)) == tmp_path
    shutil.copy(MODELS / "magenta-mobile" / CONFIG, tmp_path)
    for model in (None, "magenta-mobile", "no-such-model", str(tmp_path)):
        assert pastiches_in(model) is None


def test_pairs_whose_pastiches_would_have_one_name_are_refused(tmp_path: Path) -> None:
    pairs = [Pair(Path(f"photos/{folder}/1.png"), Path("styles/ink.webp")) for folder in "ab"]
    with pytest.raises(UserError, match="two pairs would have the pastiche 1-ink"):
        find(tmp_path, pairs)
