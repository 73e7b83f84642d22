"""Models and finished pastiches are scored pair by pair."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from brushwork import images
from brushwork.errors import UserError
from brushwork.evaluation import Page, Painted, choose, evaluate, of_folder, of_model, read, square, summarise, table
from brushwork.evaluation.evaluate import Judged
from brushwork.evaluation.pairs import Pair
from brushwork.images import Image, Picture
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime

SIZE = 64


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    """Two pairs of small pictures that are not square."""
    tmp_path, random = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for name, shape in (("c/a.png", (70, 90, 3)), ("c/b.png", (100, 66, 3)), ("s/x & y.png", (80, 64, 3))):
        images.save(random.random(shape, dtype=np.float32), tmp_path / name)
    return choose(tmp_path / "c", tmp_path / "s", 2)


def test_a_model_renders_each_square_in_its_style(pairs: list[Pair], fake_runtime: FakeRuntime) -> None:
    judged = list(evaluate(pairs, of_model(Stylizer(fake_runtime, style_size=32)), SIZE))
    assert [each.record.pair for each in judged] == pairs
    assert fake_runtime.predicted == [(1, 32, 32, 3)] * 2  # what is scored: the square of the style
    for each in judged:
        assert each.content.shape == each.style.shape == each.pastiche.shape == (SIZE, SIZE, 3)
        assert each.record.identity is True
        assert each.record.seconds is not None
        assert each.record.seconds >= 0
        assert np.ptp(each.pastiche.reshape(-1, 3), axis=0).max() == 0
        assert each.record.scores.ssim < 0.5
        assert each.record.scores.content_loss > 0


def test_a_model_can_see_the_whole_style(pairs: list[Pair], fake_runtime: FakeRuntime) -> None:
    (first, _) = evaluate(pairs, of_model(Stylizer(fake_runtime, style_size=32)), SIZE, whole_styles=True)
    assert fake_runtime.predicted == [(1, 40, 32, 3)] * 2
    np.testing.assert_array_equal(first.style, square(read(pairs[0].style), SIZE))


def test_finished_pastiches_can_be_whole_or_square(pairs: list[Pair], tmp_path: Path) -> None:
    for pair in pairs:
        images.save(read(pair.content), tmp_path / "p" / f"{pair.name}.png")
    (first, second) = evaluate(pairs, of_folder(tmp_path / "p", pairs), SIZE)
    for each in (first, second):
        np.testing.assert_array_equal(each.pastiche, each.content)
        assert (each.record.scores.share, each.record.identity, each.record.seconds) == (1, None, None)


def test_the_middle_is_cropped_and_scaled() -> None:
    image = np.zeros((10, 30, 3), np.float32)
    image[:, 10:20] = 1
    np.testing.assert_array_equal(square(image, 10), np.ones((10, 10, 3)))
    assert square(image, 25).min() == 1
    assert square(image.swapaxes(0, 1), 5).min() == 1


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    images.save(Picture.of(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.float32)), tmp_path / "glass.png")
    np.testing.assert_array_equal(read(tmp_path / "glass.png"), np.ones((8, 8, 3)))


def test_a_small_size_and_a_broken_file_are_refused(pairs: list[Pair], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the size is 63; it must be at least 64"):
        evaluate(pairs, _content, 63)
    broken = tmp_path / "b.png"
    broken.write_bytes(b"no picture")
    records = evaluate([pairs[0], Pair(broken, pairs[0].style)], _content, SIZE)
    assert next(records).record.pair == pairs[0]
    with pytest.raises(UserError, match=r"b\.png"):
        next(records)


def test_a_refused_style_is_named(pairs: list[Pair], fake_runtime: FakeRuntime) -> None:
    stylizer = Stylizer(fake_runtime, styles=("dots",))
    with pytest.raises(UserError, match=r"x & y\.png: no style 'x & y'; known styles: dots"):
        next(evaluate(pairs, of_model(stylizer), SIZE))


def _content(pair: Pair, content: Image, style: Image) -> Painted:
    return Painted(content, float(len(pair.content.stem)), True)


@pytest.fixture(scope="module")
def judged(pairs: list[Pair]) -> list[Judged]:
    return list(evaluate(pairs, _content, SIZE))


def test_untouched_contents_have_the_expected_summary(judged: list[Judged]) -> None:
    summary = summarise([each.record for each in judged])
    assert (summary.pairs, summary.content_loss, summary.share, summary.border) == (2, 0, 1, 1)
    assert set(summary.shares.values()) == {1}
    assert summary.ssim == pytest.approx(1)
    assert (summary.seconds, summary.identity) == (1, True)
    lines = table(summary).splitlines()
    assert (
        lines[1] == "style share   1.000  [1.000, 1.000]  (relu1_2 1.000  relu2_2 1.000  relu3_3 1.000  relu4_3 1.000)"
    )
    assert lines[-4:-2] == ["strength 0    the content, bit for bit", "seconds       1.00 per pastiche"]


class Tags(HTMLParser):
    """Counts opened and closed tags, and collects the sources of pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.cells: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("link", "iframe")
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "td":
            self.cells.append(dict(attrs))
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_contains_all_pictures_and_loads_nothing(judged: list[Judged]) -> None:
    page = Page()
    for each in judged:
        page.add(each)
    text = page.render("a <model>", table(summarise([each.record for each in judged])))
    tags = Tags(text)
    assert tags.open == []
    assert len(tags.images) == 3 * len(judged)
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,/9j/") for image in tags.images)
    assert tags.images[1]["alt"] == "x & y"
    assert "http" not in text
    assert "a &lt;model&gt;" in text
    assert tags.cells[4]["data-key"] == "1.0"  # the share
    assert len(tags.cells) == 13 * len(judged)
