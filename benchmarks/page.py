"""The page in a browser: its first load, and the time from a slider to its preview.

    python -m benchmarks.page

The server and Debian's chromium (headless) run on the same machine, as for a single user. The time of a preview is from
the event of the slider until the browser has decoded the pastiche that it shows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from selenium import webdriver
from selenium.webdriver.chromium.webdriver import ChromiumDriver
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks import machine
from benchmarks.server import serving
from brushwork.evaluation.machine import cores

SIDE = 320  # pixels of a small preview's long side
TIMEOUT = 60  # seconds

LOADED = """
const [page] = performance.getEntriesByType("navigation");
const files = [page, ...performance.getEntriesByType("resource")].filter(({name}) => !name.endsWith("/thumbnail"));
return {bytes: files.reduce((sum, file) => sum + file.transferSize, 0), files: files.length,
        interactive: page.domInteractive, loaded: page.loadEventEnd,
        gallery: Math.max(...performance.getEntriesByType("resource").map((file) => file.responseEnd))}
"""
MOVE = """
const [value, side, done] = arguments, slider = document.querySelector("#strength");
const after = document.querySelector("#after"), begun = performance.now();
after.addEventListener("load", function shown() {
  if (after.naturalWidth > side) return;
  after.removeEventListener("load", shown);
  done(performance.now() - begun);
});
slider.value = value;
slider.dispatchEvent(new Event("input", {bubbles: true}));
"""


@contextmanager
def browsing() -> Iterator[ChromiumDriver]:
    """Yield Debian's chromium without a window."""
    options = webdriver.ChromeOptions()
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000"):
        options.add_argument(switch)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.set_script_timeout(TIMEOUT)
    try:
        yield driver
    finally:
        driver.quit()


def load(driver: ChromiumDriver, address: str) -> dict[str, Any]:
    """Open the page with an empty cache, and return bytes, files and milliseconds of its first load."""
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(address)
    ready = "return document.readyState === 'complete' && document.querySelectorAll('#gallery .style').length > 0"
    WebDriverWait(driver, TIMEOUT, 0.05).until(lambda _: driver.execute_script(ready))
    found: dict[str, Any] = driver.execute_script(LOADED)
    return found


def rest(driver: ChromiumDriver, wide: int) -> None:
    """Wait until the large preview and the visible thumbnails are shown."""
    shown = f"return document.querySelector('#after').naturalWidth >= {wide} && !document.body.matches('.busy')"
    WebDriverWait(driver, TIMEOUT, 0.05).until(lambda _: driver.execute_script(shown))
    painted = """
    const view = document.querySelector("#gallery").getBoundingClientRect();
    return [...document.querySelectorAll("#gallery .style img")].every((image) => {
      const {top, bottom} = image.getBoundingClientRect();
      return bottom < view.top || top > Math.min(innerHeight, view.bottom) || image.src.startsWith("blob:");
    })"""
    WebDriverWait(driver, TIMEOUT, 0.2).until(lambda _: driver.execute_script(painted))


def previews(driver: ChromiumDriver, count: int, photo: Path, styles: int) -> list[float]:
    """Return the milliseconds from each movement of the strength slider to its small preview."""
    driver.find_element("css selector", "#choose-photo").click()
    driver.find_element("css selector", "#chooser").send_keys(str(photo.resolve()))
    for button in driver.find_elements("css selector", "#gallery .style")[:styles]:
        button.click()
    rest(driver, SIDE + 1)
    return [driver.execute_async_script(MOVE, 0.3 + 0.7 * (k % 50) / 50, SIDE) for k in range(count)]


def main(
    photo: Annotated[Path, typer.Argument(help="A photo.", exists=True)] = Path("src/brushwork/web/page/example.jpg"),
    count: Annotated[int, typer.Option(help="Movements of the slider.", min=20)] = 100,
    loads: Annotated[int, typer.Option(help="First loads.", min=1)] = 5,
) -> None:
    """Measure the page."""
    console = Console(highlight=False, width=100)
    machine.show(console, machine.describe(cores(), {}))
    with serving(page=True) as (_, address), browsing() as driver:
        opened = [load(driver, address) for _ in range(loads)]
        table = Table("first load", "median", "maximum")
        for name in ("bytes", "files", "interactive", "loaded", "gallery"):
            values = [each[name] for each in opened]
            table.add_row(
                name if name in ("bytes", "files") else f"{name} ms", f"{median(values):,.0f}", f"{max(values):,.0f}"
            )
        console.print(table)
        table = Table("styles", "median ms", "p95 ms", "maximum ms", title=f"previews of {SIDE} pixels")
        for styles in (1, 2, 4):
            load(driver, address)
            found = previews(driver, count, photo, styles)
            table.add_row(str(styles), f"{median(found):.0f}", f"{quantiles(found, n=20)[18]:.0f}", f"{max(found):.0f}")
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
