"""Make the figures of docs/guide/web.md: python scripts/make_page_figures.py (extra dev; chromium, chromium-driver)."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "docs" / "figures"
STYLES, OTHER = (6, 12), "shards"
CARD = "#styles button.thumbnail-item"


def serve() -> tuple[subprocess.Popen[str], str]:
    """A server on a free port of this machine, and its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "brushwork", "serve", "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.fullmatch(r"(http://\S+)", line.strip()):
            return server, found[1]
    raise SystemExit("the server ended before it listened")


def browse() -> WebDriver:
    """Debian's chromium, without a window."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1160,1240"):
        options.add_argument(argument)
    options.binary_location, service = (shutil.which(name) for name in ("chromium", "chromedriver"))
    return webdriver.Chrome(options, webdriver.ChromeService(service))


def photograph(browser: WebDriver, name: str) -> None:
    """Write the page, as it is shown, as one of the figures."""
    browser.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    page = Image.open(BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    page.resize((1000, round(1000 * page.height / page.width)), Image.Resampling.LANCZOS).save(
        FIGURES / name, quality=80, optimize=True
    )


def visit(browser: WebDriver, address: str) -> None:
    """Render a photo in two styles, then another style in one place."""
    wait: Any = WebDriverWait(browser, 90, 0.1)

    def find(selector: str) -> Any:
        return wait.until(lambda b: next(iter(b.find_elements(By.CSS_SELECTOR, selector)), None))

    def seen(change: Callable[[], object]) -> None:
        script = "return [...document.querySelectorAll('#pastiche img')].map(image => image.src).join()"
        before = browser.execute_script(script)
        change()
        now = wait.until(lambda b: (now := b.execute_script(script)) != before and now)
        while now != before:  # small previews come first, large ones after them
            before = now
            time.sleep(4)
            now = browser.execute_script(script)

    browser.get(address)
    find(CARD)
    find("#photo input[type=file]").send_keys(str(ROOT / "examples" / "coffee.jpg"))
    for number in STYLES:
        card = browser.find_elements(By.CSS_SELECTOR, CARD)[number]
        seen(lambda card=card: browser.execute_script("arguments[0].click()", card))  # type: ignore[misc]
    photograph(browser, "page.jpg")
    browser.execute_script(
        "[...document.querySelectorAll('button.label-wrap')].find(b => b.innerText.includes('Another style')).click()"
    )
    find("#other input").click()
    wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "ul[role=listbox] li"))
    browser.execute_script(
        """[...document.querySelectorAll('ul[role=listbox] li')].find(item => item.innerText.includes(arguments[0]))
            .dispatchEvent(new MouseEvent('mousedown', {bubbles: true}))""",
        OTHER,
    )
    canvas = find("#region canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    strokes = ActionChains(browser)
    for shift in (-40, -10, 20):
        strokes.move_to_element_with_offset(canvas, -70, shift).click_and_hold()
        strokes.move_by_offset(70, 8).move_by_offset(70, -8).release()
    seen(strokes.perform)
    photograph(browser, "page-region.jpg")


def main() -> None:
    """Write both figures."""
    server, address = serve()
    browser = browse()
    try:
        visit(browser, address)
    finally:
        browser.quit()
        server.terminate()


if __name__ == "__main__":
    main()
