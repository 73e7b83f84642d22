"""Parts of the page: regions, clips, the map, a narrow phone, and accessibility."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.video.conftest import make_clip, make_frames, packets, read_frames
from tests.web.browser import Page, address, browser, node_module, page, photo, saved

__all__ = ["address", "browser", "page", "photo"]
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        return np.asarray(image, float)


def test_a_region_has_its_own_style_and_a_protected_part_stays(page: Page, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    page.unfold(0)
    page.click("#add-region")
    mask = page.find("#mask")
    ActionChains(page.browser).move_to_element_with_offset(mask, -250, 0).click_and_hold().move_by_offset(
        0, 60
    ).release().perform()
    page.click("#mask-done")
    page.painted()
    page.unfold(1)
    page.find("#format").send_keys("PNG")
    pastiche, content = pixels(saved(page, tmp_path / "saved", "*.png")), pixels(photo)
    difference = np.abs(pastiche - content).mean(axis=2)
    assert difference[:, 200:].max() == 0  # no style there: the photo
    assert difference[100:120, 20:70].mean() > 5
    shown = page.pastiche()
    page.click("#add-protect")
    ActionChains(page.browser).move_to_element_with_offset(mask, -250, 0).click_and_hold().move_by_offset(
        0, 60
    ).release().perform()
    page.click("#mask-done")
    page.painted(shown)
    protected = pixels(saved(page, tmp_path / "saved", "*.png"))
    assert np.abs(protected - content).mean() < difference.mean() / 4
    assert page.complaints() == []


def test_a_mask_can_be_painted_by_keyboard_loaded_and_saved(page: Page, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    page.unfold(0)
    page.click("#add-region")
    page.find("#mask").send_keys(" ", Keys.SHIFT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.NULL, Keys.ENTER)
    page.painted()
    painted = page.until(lambda _: next((b for b in page.all("#regions button") if b.text == "Save the mask"), None))
    page.run("arguments[0].scrollIntoView()", painted)
    painted.click()
    mask = page.until(lambda _: next(iter((tmp_path / "saved").glob("mask-*.png")), None))
    levels = pixels(mask)[..., :3].mean(axis=2)
    assert levels.shape == (200, 300) and levels[100, 150] == 255 and levels[5, 5] == 0
    Image.fromarray(np.full((20, 30), 255, np.uint8)).save(tmp_path / "all.png")
    shown = page.pastiche()
    load = next(button for button in page.all("#regions button") if button.text == "Load a mask")
    load.click()
    page.find("#chooser").send_keys(str(tmp_path / "all.png"))
    page.painted(shown)


def test_a_clip_is_rendered_played_saved_and_survives_a_reload(page: Page, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(5, 96, 128), codec="libx264", form="yuv420p", sound="aac")
    page.click("#tab-video")
    page.give("#choose-clip", clip)
    page.choose(0)
    page.painted()  # one frame, at once
    page.click("#paint-clip")
    page.find("#clips .clip")
    page.open()
    page.click("#tab-video")
    video = page.find("#clips video")
    page.until(lambda b: b.execute_script("return arguments[0].readyState", video) >= 2)  # it has a frame to show
    assert page.run("return [arguments[0].videoWidth, arguments[0].videoHeight]", video) == [128, 96]
    page.run("arguments[0].click()", page.find("#clips a[download]"))
    saved_clip = page.until(lambda _: next(iter((tmp_path / "saved").glob("*.mp4")), None))
    assert len(read_frames(saved_clip)) == 5
    assert packets(saved_clip, "audio")
    page.run("arguments[0].click()", page.find("#clips button"))
    page.until(lambda _: page.find("#no-clips").is_displayed())
    assert page.complaints() == []


def test_a_clip_can_be_stopped_after_a_reload(page: Page, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "long.mp4", make_frames(400, 128, 160), codec="libx264", form="yuv420p")
    page.click("#tab-video")
    page.choose(0)
    page.give("#choose-clip", clip)
    page.click("#paint-clip")
    page.find("#clips .clip")
    page.open()
    page.click("#tab-video")
    stop = page.find("#clips .clip button")
    page.wait_for("return arguments[0].value > 3", page.find("#clips progress"))  # the row has changed since
    assert stop.text == "Stop"
    stop.click()
    page.until(lambda _: page.find("#no-clips").is_displayed())


def test_the_map_chooses_a_style_and_a_drag_blends_two(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.click("#show-map")
    points = page.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#map circle"))
    points[-1].send_keys(Keys.ENTER)
    name = points[-1].get_attribute("aria-label")
    assert [row.get_attribute("data-style") for row in page.all("#blend li")] == [name]
    page.run("arguments[0].scrollIntoView({block: 'center'})", page.find("#map"))
    other = max(points[:-1], key=lambda point: abs(point.rect["x"] - points[-1].rect["x"]))
    dx, dy = ((other.rect[axis] - points[-1].rect[axis]) / 2 for axis in "xy")
    drag = ActionChains(page.browser).move_to_element(points[-1]).click_and_hold()
    drag.move_by_offset(round(dx), round(dy)).release().perform()
    blended = page.until(lambda _: (rows := page.all("#blend li")) and len(rows) == 2 and rows)
    weights = [float(str(slider.get_property("value"))) for slider in page.all("#blend input")]
    assert blended[0].get_attribute("data-style") == name
    assert sum(weights) == pytest.approx(1) and 0.2 < weights[1] <= 1


def test_on_a_phone_the_picture_stays_visible_and_buttons_are_large(page: Page, photo: Path) -> None:
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    page.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.open()
    page.photo(photo)
    page.choose(0)
    page.painted()
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.run("document.querySelector('#style-size').scrollIntoView({block: 'end'})")
    box = page.run("return document.querySelector('#stage').getBoundingClientRect().toJSON()")
    assert 0 <= box["top"] < 5 and box["bottom"] < PHONE["height"] * 0.6
    small = page.run("""return [...document.querySelectorAll('button, select, input, summary')].filter(e => {
        const {width, height} = e.getBoundingClientRect();
        return e.checkVisibility() && height && e.type !== 'checkbox' && (height < 43.5 || width < 43.5)})
        .map(e => e.id || e.className)""")
    assert small == []


@pytest.mark.parametrize("width", [360, 768, 1280, 1920, 2560])
def test_nothing_overflows_at_any_width(page: Page, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert page.run("return document.documentElement.scrollWidth") <= width
    stage = page.run("return document.querySelector('#stage').getBoundingClientRect().toJSON()")
    assert stage["left"] <= 20  # margins do not grow with the window
    assert stage["width"] > 0.5 * width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(page: Page, photo: Path, scheme: str) -> None:
    axe = node_module("axe-core", "axe.min.js")
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
    page.run(axe.read_text(encoding="utf-8"))
    page.photo(photo)
    page.choose(0)
    page.choose(1)
    page.painted()
    for number in range(3):
        page.unfold(number)
    found = []
    for tab in ("#tab-photo", "#tab-video", "#tab-camera"):
        page.click(tab)
        result = page.browser.execute_async_script("axe.run().then(arguments[0])")
        found += [
            (violation["id"], [node["target"] for node in violation["nodes"]]) for violation in result["violations"]
        ]
    assert found == []


def test_every_control_can_be_reached_by_keyboard(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.choose(0)
    page.painted()
    reached = set()
    for _ in range(120):
        page.browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.run("return document.activeElement.id || document.activeElement.dataset.style"))
    expected = {"tab-photo", "stage", "split", "side-by-side", "zoom-in", "full-screen", "another-photo", "render",
                "search", "own-style", "strength", "stroke", "style-size", "colors"}  # fmt: skip
    assert expected <= reached
