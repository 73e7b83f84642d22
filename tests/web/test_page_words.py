"""Styles in words on the page: blends, regions, notices, long texts and the calls of the recipe."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.web.browser import Page, address, browser, page, photo, saved

__all__ = ["address", "browser", "page", "photo"]


@pytest.fixture(autouse=True)
def field(page: Page) -> None:
    page.until(lambda _: page.find("#words").is_displayed())


def add(page: Page, words: str) -> None:
    page.fill("#words", words)
    page.find("#words").send_keys(Keys.ENTER)


def chosen(page: Page) -> list[str]:
    return [row.get_attribute("data-style") or "" for row in page.all("#blend li")]


def use(page: Page, *styles: str) -> None:
    """Load a recipe with these styles."""
    page.unfold(2)
    recipe = {"styles": [{"name": style, "weight": 1} for style in styles]}
    page.run("arguments[0].value = arguments[1]", page.find("#recipe-json"), json.dumps(recipe))
    page.click("#use-recipe")


def test_words_do_not_enter_a_full_blend_and_the_page_says_so(page: Page) -> None:
    for number in (2, 3, 4, 5):
        page.choose(number)
    full = chosen(page)
    add(page, "dark blue")
    page.says("A blend has at most 4 styles.")
    assert chosen(page) == full
    page.click(f"#blend [data-style='{full[0]}'] button")
    add(page, "dark blue")  # which the gallery lists by now
    page.until(lambda _: chosen(page) == [*full[1:], "words: dark blue"])


def test_no_words_are_refused(page: Page) -> None:
    before = chosen(page)
    add(page, " ")
    page.says("no words given")
    assert chosen(page) == before


def test_the_prefix_of_the_command_line_is_no_unknown_word(page: Page) -> None:
    add(page, "words: dark blue")
    page.says("was understood as a style")
    assert "unknown" not in page.find("#note").text


def test_a_long_text_does_not_stretch_the_gallery(page: Page) -> None:
    usual = page.all("#gallery .style")[0].size["height"]
    add(page, "dark blue, " * 18)
    page.says("was understood as a style")
    (button,) = page.all("#gallery [data-style^=words]")
    assert button.size["height"] < 1.6 * usual and (button.get_attribute("title") or "").startswith("dark blue, dark")
    assert page.all("#blend li")[0].size["height"] < usual


def test_words_can_be_the_style_of_a_region(page: Page, photo: Path) -> None:
    page.photo(photo)
    add(page, "dark blue")
    page.says("was understood as a style")
    page.unfold(0)
    page.click("#add-region")
    page.find("#mask").send_keys(" ", Keys.SHIFT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.NULL, Keys.ENTER)
    before = page.painted()
    page.run(
        """const [select] = arguments; select.value = "words: dark blue";
        select.dispatchEvent(new Event("change", {bubbles: true}))""",
        page.find("#regions select"),
    )
    page.painted(before)
    assert page.value("#regions select") == "words: dark blue"
    assert page.complaints() == []


def test_notices_of_a_pastiche_are_shown_once(page: Page, photo: Path) -> None:
    page.photo(photo)
    use(page, "words: dark blue qqqxyz")
    page.says("ignored unknown words: qqqxyz")
    before = page.painted()
    page.slide("#strength", 0.9)
    page.painted(before)
    assert page.find("#note").text == ""


def test_curl_sends_words_as_they_are(page: Page, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    use(page, "words: dark blue; \"gold\" 'x'")
    page.painted()
    path = saved(page, tmp_path / "saved")
    assert path.name == "ramp-dark-blue-gold-x-.jpg"
    call = shlex.split(page.value("#recipe-curl"))
    subprocess.run([*call[:-2], tmp_path / "again.jpg", call[-1]], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "again.jpg").read_bytes() == path.read_bytes()
