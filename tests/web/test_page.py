"""The page in a real browser: photos, from the file to the saved pastiche."""

from io import BytesIO
from pathlib import Path

import httpx2
import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.web.browser import Page, address, browser, page, photo, saved

__all__ = ["address", "browser", "page", "photo"]


def test_the_saved_file_equals_the_answer_of_the_api(page: Page, address: str, photo: Path, tmp_path: Path) -> None:
    page.photo(photo)
    page.says("Choose a style")
    names = [page.choose(0), page.choose(5)]
    first = page.painted()
    page.slide("#strength", 0.4)
    page.painted(first)
    path = saved(page, tmp_path / "saved")
    assert path.name == f"ramp-{'+'.join(names)}.jpg"
    fields = {"style_name": names, "weights": "1,1", "strength": "0.4"}
    answer = httpx2.post(f"{address}/v1/stylize", files={"content": photo.read_bytes()}, data=fields, timeout=90)
    assert path.read_bytes() == answer.content
    with Image.open(path) as pastiche:
        assert (pastiche.size, pastiche.getexif()[271]) == ((300, 200), "A camera")
    page.says("300 × 200")
    assert page.complaints() == []


def test_a_slider_shows_a_small_preview_and_then_a_large_one(page: Page, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((900, 600)).save(tmp_path / "large.png")
    page.photo(tmp_path / "large.png")
    page.choose(3)
    before = page.painted()
    widths = "return document.querySelector('#after').naturalWidth"
    page.until(lambda _: page.run(widths) == 900)
    page.run("const s = document.querySelector('#strength'); s.value = 0.5; s.dispatchEvent(new Event('input'))")
    small = page.painted(before)
    page.until(lambda _: page.run(widths) == 320)
    page.run("document.querySelector('#strength').dispatchEvent(new Event('change'))")
    page.painted(small)
    page.until(lambda _: page.run(widths) == 900)


def test_a_second_photo_replaces_the_first_each_time(page: Page, photo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", (200, 240), (10, 120, 200)).save(other)
    page.photo(photo)
    page.choose(2)
    shown = page.painted()
    for path, width in ((other, 200), (photo, 300), (other, 200), (photo, 300)):
        page.photo(path)
        shown = page.painted(shown)
        page.wait_for("return document.querySelector('#after').naturalWidth === arguments[0]", width)


def test_a_broken_file_gives_an_error_and_the_photo_stays(page: Page, photo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:3000])
    page.choose(0)
    page.photo(photo)
    shown = page.painted()
    page.give("#another-photo", broken)
    page.says("the file is damaged")
    assert page.pastiche() == shown
    page.slide("#strength", 0.3)
    page.painted(shown)
    assert page.complaints() == []


def test_two_tabs_do_not_disturb_each_other(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.choose(0)
    shown = page.painted()
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    page.open()
    page.choose(9)
    page.photo(photo)
    page.painted()
    assert len(page.all("#blend li")) == 1
    page.browser.switch_to.window(first)
    assert page.pastiche() == shown


def test_back_forward_and_reload_give_a_working_page(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.browser.get(f"{page.address}/page/icon.svg")
    page.browser.back()
    page.find("#gallery .style img")
    page.choose(0)
    page.photo(photo)
    shown = page.painted()
    page.browser.refresh()
    page.find("#gallery .style img")
    page.choose(0)
    page.photo(photo)
    page.painted(shown)
    page.browser.forward()
    assert page.complaints() == []


def test_the_comparison_can_be_moved_zoomed_and_put_side_by_side(page: Page, photo: Path) -> None:
    page.photo(photo)
    page.choose(0)
    page.painted()
    split = page.find("#split")
    split.send_keys(Keys.ARROW_RIGHT)
    assert page.run("return getComputedStyle(document.querySelector('#stage')).getPropertyValue('--split')") == "1%"
    page.click("#side-by-side")
    before, after = (page.find(selector).rect for selector in ("#before", "#after"))
    assert after["x"] == pytest.approx(before["x"] + before["width"], abs=1)
    ratio = """const width = (selector) => document.querySelector(selector).getBoundingClientRect().width;
        return width("#pictures") / width("#stage")"""
    page.click("#zoom-in")
    assert page.run(ratio) == pytest.approx(2)
    page.find("#stage").send_keys("0")
    assert page.run(ratio) == pytest.approx(1)


def test_a_slow_pastiche_shows_progress_and_can_be_cancelled(page: Page, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (100, 150, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((4500, 3000)).save(tmp_path / "huge.jpg")
    page.photo(tmp_path / "huge.jpg")
    page.choose(0)
    page.painted()
    page.click("#render")
    page.until(lambda _: page.find("#progress").is_displayed())
    page.click("#cancel")
    page.says("Cancelled")
    assert not list((tmp_path / "saved").glob("*")) and page.find("#render").is_enabled()


def test_slow_requests_can_be_cancelled(page: Page, photo: Path) -> None:
    page.run("const real = window.fetch; window.slow = true; window.fetch = (address, options = {}) => "
             "window.slow && options.method === 'POST' ? new Promise((_, reject) => options.signal.addEventListener("
             "'abort', () => reject(new DOMException('', 'AbortError')))) : real(address, options)")  # fmt: skip
    page.give("#choose-photo", photo)
    page.until(lambda _: page.find("#stop-waiting").is_displayed())
    page.click("#stop-waiting")
    page.says("Cancelled")
    assert not page.find("#stop-waiting").is_displayed()
    page.run("window.slow = false")
    page.photo(photo)
    page.run("window.slow = true")
    page.choose(0)
    page.until(lambda _: page.find("#stop-waiting").is_displayed())
    page.click("#stop-waiting")
    page.says("Cancelled")
    page.run("window.slow = false")
    page.choose(1)  # goes on as if nothing had been
    page.painted()
    assert page.complaints() == []


def test_the_page_requests_nothing_from_other_servers_and_is_small(page: Page, address: str) -> None:
    messages = page.requests()
    asked = [message["params"]["request"]["url"] for message in messages if message["method"].endswith("WillBeSent")]
    assert {url.split("/")[2] for url in asked if not url.startswith(("blob:", "data:"))} == {address.split("/")[2]}
    sent = [message["params"] for message in messages if message["method"].endswith("WillBeSent")]
    thumbnails = {given["requestId"] for given in sent if "/thumbnail" in given["request"]["url"]}
    loaded = [message["params"] for message in messages if message["method"] == "Network.loadingFinished"]
    sizes = [given["encodedDataLength"] for given in loaded if given["requestId"] not in thumbnails]
    assert 20_000 < sum(sizes) <= 150_000


def test_a_tiff_is_shown_although_browsers_cannot_read_it(page: Page, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (200, 10, 10)).save(tmp_path / "red.tif")
    page.photo(tmp_path / "red.tif")
    data = page.run("""const image = document.querySelector('#before'), canvas = new OffscreenCanvas(64, 48);
        const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);
        return [...context.getImageData(30, 20, 1, 1).data]""")
    assert np.abs(np.array(data) - (200, 10, 10, 255)).max() <= 4
    page.browser.find_element(By.ID, "stage")
    buffer = BytesIO(httpx2.get(f"{page.address}/page/icon.svg").content)
    assert buffer.read(4) == b"<svg"
