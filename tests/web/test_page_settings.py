"""The page in a real browser: styles, settings and recipes."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.web.browser import Page, address, browser, page, photo, saved

__all__ = ["address", "browser", "page", "photo"]


def test_undo_and_redo_restore_settings(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.choose(1)
    page.slide("#strength", 0.25)
    page.click("#undo")
    assert page.find("#strength-value").text == "100 %"
    page.click("#undo")
    assert page.all("#blend li") == [] and not page.find("#undo").is_enabled()
    page.click("#redo")
    page.find("body").send_keys(Keys.CONTROL, Keys.SHIFT, "z")
    assert page.find("#strength-value").text == "25 %"
    assert len(page.all("#blend li")) == 1 and not page.find("#redo").is_enabled()


def test_a_blend_has_at_most_four_styles_and_marks_them(page: Page) -> None:
    names = [page.choose(number) for number in range(4)]
    page.choose(4)
    page.says("at most 4")
    marked = [style.get_attribute("data-style") for style in page.all("#gallery [aria-pressed=true]")]
    assert marked == names
    labels = [slider.get_attribute("aria-label") for slider in page.all("#blend input")]
    assert labels == [f"Weight of {name}" for name in names]


def test_an_own_picture_can_be_used_as_a_style(page: Page, photo: Path, tmp_path: Path) -> None:
    own = tmp_path / "stripes.png"
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::8] = (255, 200, 0)
    Image.fromarray(stripes).save(own)
    page.photo(photo)
    named = page.choose(7)
    before = page.painted()
    page.give("#own-style", own)
    page.painted(before)
    path = saved(page, tmp_path / "saved")
    assert path.name == f"ramp-{named}+stripes.jpg"
    thumbnail = page.find("[data-style='stripes.png'] img")
    assert page.until(lambda _: (thumbnail.get_attribute("src") or "").startswith("blob:"))


def test_thumbnails_show_the_photo_itself(page: Page, photo: Path) -> None:
    first = page.find("#gallery .style img")
    assert "/thumbnail" in (first.get_attribute("src") or "")
    page.photo(photo)
    page.until(lambda _: (first.get_attribute("src") or "").startswith("blob:"))


def test_styles_are_found_by_search(page: Page) -> None:
    page.find("#search").send_keys("stained")
    shown = [style.get_attribute("data-style") for style in page.all("#gallery .style") if style.is_displayed()]
    assert "stained-glass" in shown and len(shown) < 10
    page.find("#search").send_keys(" nothing-of-the-kind")
    assert page.find("#no-styles").is_displayed()


def test_the_recipe_gives_the_same_pastiche_by_command_and_curl(page: Page, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    page.choose(4)
    page.painted()
    page.slide("#strength", 0.7)
    page.unfold(1)
    page.find("#format").send_keys("PNG")
    page.fill("#size", "128")
    page.unfold(2)
    page.until(lambda _: "--size 128" in page.value("#recipe-command"))
    path = saved(page, tmp_path / "saved", "*.png")
    command = shlex.split(page.value("#recipe-command"))
    arguments = [*command[1:], "-o", str(tmp_path / "same.png")]
    subprocess.run([sys.executable, "-m", "brushwork", *arguments], cwd=tmp_path, check=True, timeout=120)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "same.png")), np.asarray(Image.open(path)))
    call = shlex.split(page.value("#recipe-curl"))
    subprocess.run(
        [*call[:-2], tmp_path / "again.png", call[-1]], cwd=tmp_path, check=True, capture_output=True, timeout=120
    )
    assert (tmp_path / "again.png").read_bytes() == path.read_bytes()


def test_settings_are_loaded_from_a_recipe(page: Page) -> None:
    page.unfold(2)
    text = page.find("#recipe-json")
    given = {"styles": [{"name": page.choose(6), "weight": 1}], "strength": 0.5, "keepColors": "luma"}
    page.run("arguments[0].value = arguments[1]", text, json.dumps(given))
    page.click("#use-recipe")
    assert page.find("#strength-value").text == "50 %"
    assert page.find("#colors").get_property("value") == "luma"
    page.run("arguments[0].value = arguments[1]", text, '{"strength": "much"}')
    page.click("#use-recipe")
    page.says("not settings of this page")


def test_a_slider_keeps_the_focus_while_it_is_moved_with_keys(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.choose(0)
    page.choose(1)
    weight = page.all("#blend input")[1]
    for _ in range(4):
        weight.send_keys(Keys.ARROW_LEFT)
    assert page.browser.switch_to.active_element == weight
    assert float(str(weight.get_property("value"))) == 0.8
    page.unfold(0)
    page.click("#add-region")
    page.find("#mask").send_keys(" ", Keys.ENTER)
    strength = page.find(".region input")
    strength.send_keys(Keys.ARROW_LEFT)
    ActionChains(page.browser).send_keys(Keys.ARROW_LEFT).perform()
    assert page.browser.switch_to.active_element == strength
    assert float(str(strength.get_property("value"))) == 0.98


def test_a_style_in_words_can_be_added_and_renders(page: Page, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    page.until(lambda _: page.find("#words").is_displayed())
    page.find("#words").send_keys("stormy sea, dark blue", Keys.ENTER)
    page.says("understood as a style")
    page.painted()
    assert [row.get_attribute("data-style") for row in page.all("#blend li")] == ["words: stormy sea, dark blue"]
    assert saved(page, tmp_path / "saved").name == "ramp-stormy-sea-dark-blue.jpg"
    page.fill("#words", "qqqxyz")
    page.find("#words").send_keys(Keys.ENTER)
    page.until(lambda _: "error" in (page.find("#note").get_attribute("class") or ""))
    assert page.complaints() == []


def test_detail_changes_the_pastiche_and_is_reset(page: Page, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    page.choose(3)
    usual = page.painted()
    assert page.find("#detail-value").text == "100 %"
    page.slide("#detail", 0.2)
    page.painted(usual)
    page.unfold(1)
    page.find("#format").send_keys("PNG")
    path = saved(page, tmp_path / "saved", "*.png")
    page.unfold(2)
    page.until(lambda _: "--detail 0.2" in page.value("#recipe-command"))
    arguments = shlex.split(page.value("#recipe-command"))[1:]
    command = [sys.executable, "-m", "brushwork", *arguments, "-o", str(tmp_path / "same.png")]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "same.png")), np.asarray(Image.open(path)))
    page.click("#reset")
    assert page.find("#detail-value").text == "100 %"


def test_a_page_over_http_from_another_machine_can_save_and_copy(page: Page, photo: Path, tmp_path: Path) -> None:
    """The page works without the features that browsers deny to pages without encryption."""
    hide = "delete Crypto.prototype.randomUUID; delete Navigator.prototype.clipboard;"
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": hide})
    page.open()
    assert page.run("return crypto.randomUUID === undefined && navigator.clipboard === undefined")
    page.photo(photo)
    page.choose(3)
    page.painted()
    assert saved(page, tmp_path / "saved").stat().st_size > 1000
    page.unfold(2)
    page.click("[data-copy='#recipe-curl']")
    page.says("selected")
    chosen = "const field = document.querySelector('#recipe-curl'); return field.selectionEnd - field.selectionStart"
    assert page.run(chosen) == len(page.value("#recipe-curl")) > 0
