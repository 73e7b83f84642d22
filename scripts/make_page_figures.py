"""Write the figures of docs/guide/web.md: python scripts/make_page_figures.py (dev, chromium, chromium-driver)."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import typer
from PIL import Image
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import Select, WebDriverWait

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "docs" / "figures"
STYLES, REGION_STYLE = ("harvest", "ukiyo-e"), "stained-glass"
ANIMATED = ("ukiyo-e", "stained-glass", "impressionism")


def serve() -> tuple[subprocess.Popen[str], str]:
    """Return a server on a free port of this machine, and its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "brushwork", "serve", "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.fullmatch(r"(http://\S+)", line.strip()):
            return server, found[1]
    raise SystemExit("the server ended during its start")


def browse() -> WebDriver:
    """Return Debian's chromium without a window."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000"):
        options.add_argument(argument)
    chromium, driver = (shutil.which(name) for name in ("chromium", "chromedriver"))
    if chromium is None or driver is None:
        raise SystemExit("install chromium and chromium-driver")
    options.binary_location = chromium
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


def screenshot(browser: WebDriver, width: int) -> Image.Image:
    """Return a picture of the page with a width in pixels."""
    browser.execute_script("document.activeElement.blur()")
    page = Image.open(BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    return page.resize((width, round(width * page.height / page.width)), Image.Resampling.LANCZOS)


def write_screenshot(browser: WebDriver, name: str) -> None:
    """Write a picture of the page as a figure."""
    screenshot(browser, 1000).save(FIGURES / name, quality=80, optimize=True)


class Page:
    """The page, operated like by a user."""

    def __init__(self, browser: WebDriver, address: str) -> None:
        self.browser, self.wait = browser, WebDriverWait(browser, 90, 0.1)
        browser.get(address)
        self.find("#gallery .style img")

    def find(self, selector: str) -> Any:
        """Return the first element of a selector, after waiting for it."""
        return self.wait.until(lambda b: next(iter(b.find_elements(By.CSS_SELECTOR, selector)), None))

    def click(self, selector: str) -> None:
        """Click a button."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'nearest'}); arguments[0].click()",
                                    self.find(selector))  # fmt: skip

    def split(self, percent: int) -> None:
        """Move the line between photo and pastiche."""
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
        self.browser.execute_script(script, self.find("#split"), percent)

    def slide(self, selector: str, value: float) -> None:
        """Move a slider to a value and let it go."""
        script = """const [slider, value] = arguments; slider.value = value;
            for (const kind of ["input", "change"]) slider.dispatchEvent(new Event(kind, {bubbles: true}))"""
        self.browser.execute_script(script, self.find(selector), value)

    def render(self, change: Callable[[], object]) -> None:
        """Change a setting, and wait until its large pastiche is shown."""
        before = self.find("#after").get_attribute("src")
        change()
        self.wait.until(lambda _: self.find("#after").get_attribute("src") != before)
        long_side = (
            "const image = document.querySelector('#after'); return Math.max(image.naturalWidth, image.naturalHeight)"
        )
        self.wait.until(lambda b: b.execute_script(long_side) >= 600)


def visit(browser: WebDriver, address: str) -> None:
    """Render a photo in a blend of two styles, then in another style in a region."""
    page = Page(browser, address)
    page.click("#choose-photo")
    page.find("#chooser").send_keys(str(ROOT / "examples" / "coffee.jpg"))
    page.wait.until(lambda _: page.find("#before").get_attribute("src"))
    for style in STYLES:
        page.render(partial(page.click, f"#gallery [data-style='{style}']"))
    page.split(45)
    write_screenshot(browser, "page.jpg")
    browser.execute_script("document.querySelector('.settings details').open = true")
    page.click("#add-region")
    mask = page.find("#mask")
    strokes = ActionChains(browser)
    for shift in (-40, 0, 40):
        strokes.move_to_element_with_offset(mask, -120, shift).click_and_hold()
        strokes.move_by_offset(120, 12).move_by_offset(120, -12).release()
    strokes.perform()
    page.render(lambda: page.click("#mask-done"))
    page.render(lambda: Select(page.find("#regions select")).select_by_visible_text(REGION_STYLE))
    page.split(0)
    write_screenshot(browser, "page-region.jpg")


def write_animation(browser: WebDriver, address: str) -> None:
    """Write a short animation: choosing styles, moving the line between photo and pastiche, changing the strength."""
    page = Page(browser, address)
    page.click("#choose-photo")
    page.find("#chooser").send_keys(str(ROOT / "examples" / "coffee.jpg"))
    page.wait.until(lambda _: page.find("#before").get_attribute("src"))
    frames: list[tuple[Image.Image, int]] = []  # with their durations in milliseconds

    def add(milliseconds: int) -> None:
        frames.append((screenshot(browser, 720), milliseconds))

    add(1200)
    for style in ANIMATED:
        page.render(partial(page.click, f"#gallery [data-style='{style}']"))
        add(1200)
        page.click(f"#gallery [data-style='{style}']")
    page.render(lambda: page.click(f"#gallery [data-style='{ANIMATED[-1]}']"))
    for percent in (*range(0, 101, 10), *range(90, -1, -10)):
        page.split(percent)
        add(80)
    for strength in (0.8, 0.6, 0.4, 0.6, 0.8, 1):
        page.render(partial(page.slide, "#strength", strength))
        add(250)
    first, *others = (frame for frame, _ in frames)
    first.save(FIGURES / "page.webp", save_all=True, append_images=others, duration=[shown for _, shown in frames],
               loop=0, quality=60, method=6)  # fmt: skip


def main() -> None:
    """Write the figures and the animation."""
    server, address = serve()
    browser = browse()
    try:
        visit(browser, address)
        write_animation(browser, address)
    finally:
        browser.quit()
        server.terminate()


if __name__ == "__main__":
    typer.run(main)
