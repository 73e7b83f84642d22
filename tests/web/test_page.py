"""The page in a real browser (Debian's chromium, headless), from the photo to the saved pastiche."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.web.conftest import Serve

ERRORS = ("SEVERE",)  # what the browser's console calls an error


@pytest.fixture(scope="module")
def address(serve: Serve) -> str:
    """A server with the shipped model."""
    return serve()[1]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1400",
                     "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"):  # fmt: skip
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "saved")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Debian's, by their paths: Selenium would else look for others in the network.
    options.binary_location, service = (shutil.which(name) for name in ("chromium", "chromedriver"))
    assert service, "the tests of the page need chromium and chromium-driver"
    driver = webdriver.Chrome(options, webdriver.ChromeService(service))
    yield driver
    driver.quit()


class Page:
    """What a person does on the page."""

    def __init__(self, browser: WebDriver, address: str) -> None:
        self.browser = browser
        self.wait = WebDriverWait(browser, 90, 0.1)
        browser.get(address)
        self.find("#styles button.thumbnail-item img")

    def find(self, selector: str) -> Any:
        return self.wait.until(lambda browser: next(iter(browser.find_elements(By.CSS_SELECTOR, selector)), None))

    def upload(self, where: str, path: Path) -> None:
        self.find(f"{where} input[type=file]").send_keys(str(path))

    def choose(self, number: int) -> None:
        """Touches a style of the gallery."""
        self.wait.until(lambda b: len(b.find_elements(By.CSS_SELECTOR, "#styles button.thumbnail-item")) > number)
        item = self.browser.find_elements(By.CSS_SELECTOR, "#styles button.thumbnail-item")[number]
        self.browser.execute_script("arguments[0].click()", item)

    def press(self, selector: str, words: str) -> None:
        """Presses the button with those words, once it is there."""
        script = """
            const button = [...document.querySelectorAll(arguments[0])].find(b => b.innerText.includes(arguments[1]));
            button?.click(); return Boolean(button)"""
        self.wait.until(lambda browser: browser.execute_script(script, selector, words))

    def shown(self) -> list[str]:
        """The addresses of the two pictures that are compared."""
        images = self.browser.find_elements(By.CSS_SELECTOR, "#pastiche img")
        return [image.get_attribute("src") or "" for image in images]

    def changed(self, before: list[str]) -> list[str]:
        """Waits for another pastiche."""
        return self.wait.until(lambda _: (now := self.shown()) and now != before and now)

    def says(self, words: str) -> None:
        self.wait.until(lambda browser: words in browser.find_element(By.ID, "note").text)

    def complaints(self) -> list[str]:
        """Errors in the browser's console."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] in ERRORS]

    def hosts(self) -> set[str]:
        """Everybody whom the browser has asked for anything on behalf of this page."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        urls = [request["request"]["url"] for request in sent if request["documentURL"].startswith("http")]
        return {url.split("/")[2] for url in urls if url.startswith(("http", "ws"))}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo with a note of its camera."""
    exif = Image.Exif()
    exif[271] = "A camera"
    ramp = np.linspace(0, 255, 300, dtype=np.uint8)
    pixels = np.stack([np.broadcast_to(ramp, (200, 300)), np.broadcast_to(ramp[::-1], (200, 300)),
                       np.broadcast_to(ramp[:200, None], (200, 300))], axis=2)  # fmt: skip
    Image.fromarray(pixels).save(tmp_path / "ramp.jpg", quality=95, exif=exif)
    return tmp_path / "ramp.jpg"


def test_from_the_photo_to_the_saved_pastiche(browser: WebDriver, address: str, photo: Path, tmp_path: Path) -> None:
    page = Page(browser, address)
    page.upload("#photo", photo)
    page.says("Choose a style")
    nothing = page.shown()
    page.choose(0)
    one = page.changed(nothing)
    page.choose(5)
    two = page.changed(one)
    strength = page.find("#strength input[type=number]")
    strength.send_keys(Keys.CONTROL, "a")
    strength.send_keys("0.2", Keys.TAB)
    three = page.changed(two)
    assert len({*one, *two, *three}) == 4  # the photo, and each time another pastiche beside it
    page.find("#render").click()
    page.wait.until(lambda _: page.find("#save").text == "Save 300 x 200" and page.find("#save").is_enabled())
    page.find("#save").click()
    saved = page.wait.until(lambda _: list((tmp_path / "saved").glob("ramp-*.jpg")))[0]
    pastiche, content = Image.open(saved), Image.open(photo)
    assert pastiche.size == content.size
    assert pastiche.getexif()[271] == "A camera"
    difference = np.abs(np.asarray(pastiche, float) - np.asarray(content, float)).mean()
    assert 1 < difference < 60  # painted, and still the photo for the most part
    assert page.complaints() == []
    assert page.hosts() == {address.removeprefix("http://")}


def test_a_broken_file_is_explained_and_nothing_else_breaks(
    browser: WebDriver, address: str, photo: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:3000])
    page = Page(browser, address)
    page.choose(0)
    page.upload("#photo", broken)
    page.says("the file is damaged")
    page.find("#photo button[aria-label='Remove Image'], #photo button[aria-label='Clear']").click()
    page.says("Drop a photo")
    page.upload("#photo", photo)
    assert page.changed([])
    assert page.complaints() == []


def test_everything_can_be_reached_by_keyboard_on_a_phone(browser: WebDriver, address: str) -> None:
    browser.set_window_size(390, 844)
    page = Page(browser, address)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= browser.execute_script("return window.innerWidth")  # nothing sticks out to the side
    reached = set()
    for _ in range(120):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(browser.execute_script("return document.activeElement.closest('[id]:not([id^=component])')?.id"))
    assert {"photo", "styles", "chosen", "own", "strength", "stroke", "keep", "render"} <= reached
    assert page.complaints() == []
