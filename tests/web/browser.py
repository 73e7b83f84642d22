"""A real browser (Debian's chromium, headless) and a user's actions on the page."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chromium.webdriver import ChromiumDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.programs import missing, need

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip
PATIENCE = 90  # seconds for whatever a person waits for


@pytest.fixture
def address(page_address: str) -> str:
    return page_address


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[ChromiumDriver]:
    options = webdriver.ChromeOptions()
    for argument in SWITCHES:
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path / "saved")})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # Debian's, by their paths: Selenium would else look for others in the network.
    options.binary_location, service = need("chromium", "chromium"), need("chromedriver", "chromium-driver")
    driver = webdriver.Chrome(options, webdriver.ChromeService(service))
    # No command waits for ever, whatever hangs.
    assert isinstance(driver.command_executor, RemoteConnection)
    driver.command_executor.client_config.timeout = PATIENCE + 30
    driver.set_page_load_timeout(PATIENCE)
    driver.set_script_timeout(PATIENCE)
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: ChromiumDriver, address: str) -> "Page":
    return Page(browser, address)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo with the camera in its EXIF."""
    exif = Image.Exif()
    exif[271] = "A camera"
    ramp = np.linspace(0, 255, 300, dtype=np.uint8)
    pixels = np.stack([np.broadcast_to(ramp, (200, 300)), np.broadcast_to(ramp[::-1], (200, 300)),
                       np.broadcast_to(ramp[:200, None], (200, 300))], axis=2)  # fmt: skip
    Image.fromarray(pixels).save(tmp_path / "ramp.jpg", quality=95, exif=exif)
    return tmp_path / "ramp.jpg"


def saved(page: "Page", folder: Path, pattern: str = "*.jpg") -> Path:
    """The file that is saved when the pastiche is painted at full size."""
    before = set(folder.glob(pattern))
    page.click("#render")
    path: Path = page.until(lambda _: next(iter(set(folder.glob(pattern)) - before), None))
    return path


def node_module(name: str, file: str) -> Path:
    """A file of a package of npm, installed in the checkout; tests that need it are skipped where it is not."""
    path = Path(__file__).parents[2] / "node_modules" / name / file
    if not path.is_file():
        missing(f"{name} is missing; install it with: npm install --no-save {name}")
    return path


class Page:
    """The page, opened in a browser."""

    def __init__(self, browser: ChromiumDriver, address: str) -> None:
        self.browser = browser
        self.address = address
        self.open()

    def open(self) -> None:
        self.browser.get(self.address)
        self.find("#gallery .style img")

    def until(self, condition: Callable[[WebDriver], Any]) -> Any:
        return WebDriverWait(self.browser, PATIENCE, 0.05).until(condition)

    def wait_for(self, script: str, *arguments: Any) -> None:
        """Wait until a script returns what counts as true."""
        self.until(lambda _: self.run(script, *arguments))

    def find(self, selector: str) -> WebElement:
        found: WebElement = self.until(lambda _: next(iter(self.all(selector)), None))
        return found

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *given: Any) -> Any:
        return self.browser.execute_script(script, *given)

    def click(self, selector: str) -> None:
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'nearest'})", element)
        self.until(lambda _: element.is_enabled())
        element.click()

    def give(self, button: str, path: Path) -> None:
        """Press a button that asks for a file, and choose one."""
        self.click(button)
        self.find("#chooser").send_keys(str(path))

    def photo(self, path: Path) -> None:
        before = self.source("#before")
        first = self.find("#choose-photo")
        self.give("#choose-photo" if first.is_displayed() else "#another-photo", path)
        self.until(lambda _: self.source("#before") not in ("", before))

    def choose(self, number: int) -> str:
        """Press a style of the gallery; its name."""
        button = self.all("#gallery .style")[number]
        self.run("arguments[0].scrollIntoView({block: 'nearest'})", button)
        button.click()
        return button.get_attribute("data-style") or ""

    def source(self, selector: str) -> str:
        return self.find(selector).get_attribute("src") or ""

    def pastiche(self) -> str:
        """The address of the pastiche that is shown; empty while there is none."""
        shown = "has-pastiche" in (self.find("#stage").get_attribute("class") or "")
        return self.source("#after") if shown else ""

    def painted(self, before: str = "") -> str:
        """Wait for a new pastiche and the end of all requests; return its address."""
        address: str = self.until(lambda _: (now := self.pastiche()) not in ("", before) and now)
        return address

    def value(self, selector: str) -> str:
        """The value of a field."""
        return str(self.find(selector).get_property("value"))

    def slide(self, selector: str, value: float) -> None:
        """Move a slider to a value, like dragging and releasing it."""
        script = """const [slider, value] = arguments; slider.value = value;
            for (const kind of ["input", "change"]) slider.dispatchEvent(new Event(kind, {bubbles: true}))"""
        self.run(script, self.find(selector), value)

    def fill(self, selector: str, words: str) -> None:
        element = self.find(selector)
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(words, Keys.TAB)

    def unfold(self, number: int) -> None:
        """Open one of the sections below the look: regions, save, recipe."""
        self.run("document.querySelectorAll('.settings details')[arguments[0]].open = true", number)

    def says(self, words: str) -> None:
        self.until(lambda _: words in self.find("#note").text)

    def complaints(self) -> list[str]:
        """Errors in the browser's console, except for answers with a status that the page explains."""
        entries = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        return [entry for entry in entries if "the server responded with a status of 400" not in entry]

    def requests(self) -> list[dict[str, Any]]:
        """All requests of the browser for this page."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [message for message in messages if message["method"].startswith("Network.")]
