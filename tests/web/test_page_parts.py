"""The parts of the page that move: clips, the brush, the camera, and a narrow phone (Debian's chromium, headless)."""

from pathlib import Path

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from tests.video.conftest import make_clip, make_frames, packets, read_frames
from tests.web.conftest import Serve
from tests.web.test_page import Page, browser, photo

__all__ = ["browser", "photo"]


@pytest.fixture(scope="module")
def address(serve: Serve) -> str:
    """A server with the shipped model."""
    return serve()[1]


def open_tab(page: Page, name: str) -> None:
    page.press("button[role=tab]", name)


def test_a_clip_is_painted_played_and_saved(browser: WebDriver, address: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", make_frames(5, 96, 128), codec="libx264", form="yuv420p", sound="aac")
    page = Page(browser, address)
    open_tab(page, "Video")
    page.upload("#clip", clip)
    page.wait.until(lambda b: "clip" in b.find_element(By.ID, "clip").text)
    page.find("#clip-start").click()
    page.wait.until(lambda b: "5 frames." in b.find_element(By.ID, "clip-note").text)
    video = page.find("#clip-pastiche video")
    page.wait.until(lambda b: b.execute_script("return arguments[0].readyState", video) >= 2)  # it has a frame to show
    assert browser.execute_script("return [arguments[0].videoWidth, arguments[0].videoHeight]", video) == [128, 96]
    link = page.find("#clip-pastiche a[download]")
    browser.execute_script("arguments[0].click()", link)
    saved = page.wait.until(lambda _: list((tmp_path / "saved").glob("*.mp4")))[0]
    painted, source = read_frames(saved), read_frames(clip)
    assert len(painted) == len(source) == 5
    assert 1 < np.abs(painted[0][1].astype(float) - source[0][1]).mean() < 120
    assert [data for _, data in packets(saved, "audio")] == [data for _, data in packets(clip, "audio")]
    assert page.complaints() == []


def test_a_file_that_is_no_clip_is_explained(browser: WebDriver, address: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip at all")
    page = Page(browser, address)
    open_tab(page, "Video")
    page.upload("#clip", broken)
    page.wait.until(lambda b: "broken" in b.find_element(By.ID, "clip").text)
    page.find("#clip-start").click()
    page.wait.until(lambda b: "not a clip of a kind taken here" in b.find_element(By.ID, "clip-note").text)
    assert page.complaints() == []


def test_a_place_that_is_painted_over_gets_a_style_of_its_own(browser: WebDriver, address: str, photo: Path) -> None:
    page = Page(browser, address)
    page.choose(0)
    page.upload("#photo", photo)
    one = page.changed([])
    page.press("button.label-wrap", "Another style")
    other = page.find("#other input")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", other)
    other.click()
    options = page.wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "ul[role=listbox] li"))
    browser.execute_script("arguments[0].dispatchEvent(new MouseEvent('mousedown', {bubbles: true}))", options[-1])
    canvas = page.find("#region canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    before = page.shown()
    for shift in (-40, 0, 40):
        ActionChains(browser).move_to_element_with_offset(canvas, -60, shift).click_and_hold().move_by_offset(
            50, 10
        ).move_by_offset(50, -10).release().perform()
    two = page.changed(before)
    assert set(two) != set(one)
    assert page.complaints() == []


def test_the_camera_is_painted(browser: WebDriver, address: str) -> None:
    page = Page(browser, address)
    open_tab(page, "Camera")
    for word in ("Access", "Record"):
        page.press("#camera button", word)
    address_of = "return document.querySelector('#camera-pastiche img')?.src"
    first = page.wait.until(lambda b: b.execute_script(address_of))
    page.wait.until(lambda b: b.execute_script(address_of) not in (None, first))
    assert page.complaints() == []
    page.press("#camera button", "Stop")


def test_three_styles_lie_side_by_side_on_the_narrowest_phone(browser: WebDriver, address: str) -> None:
    """Chromium has no window narrower than 500 pixels: a device of 360 is emulated."""
    browser.execute_cdp_cmd(  # type: ignore[attr-defined]
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    )
    page = Page(browser, address)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    boxes = [
        browser.execute_script("const r = arguments[0].getBoundingClientRect(); return [r.left, r.right, r.top]", item)
        for item in browser.find_elements(By.CSS_SELECTOR, "#styles button.thumbnail-item")[:3]
    ]
    assert len({round(top) for _, _, top in boxes}) == 1
    assert all(0 <= left < right <= 360 for left, right, _ in boxes)
    assert page.complaints() == []
