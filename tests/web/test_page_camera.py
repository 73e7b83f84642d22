"""The camera of the page, in a real browser with a simulated camera."""

from pathlib import Path

from tests.web.browser import Page, address, browser, page, photo

__all__ = ["address", "browser", "page", "photo"]


def test_camera_frames_are_rendered_over_one_websocket_and_one_can_be_kept(page: Page, photo: Path) -> None:
    page.click("#tab-camera")
    page.choose(4)
    page.requests()  # those so far
    page.click("#start-camera")
    first = page.painted()
    page.painted(first)
    page.choose(9)
    page.give("#own-style", photo)  # whose embedding is asked for once
    page.until(lambda _: "per second" in page.find("#camera-rate").text)
    page.painted(page.painted(first))
    seen = page.requests()
    assert len([each for each in seen if each["method"] == "Network.webSocketCreated"]) == 1
    frames = [each["params"]["response"]["opcode"] for each in seen if each["method"] == "Network.webSocketFrameSent"]
    assert frames.count(1) >= 1 and frames.count(2) > 3  # settings are text, frames are binary
    asked = [each["params"]["request"]["url"] for each in seen if each["method"] == "Network.requestWillBeSent"]
    assert len([url for url in asked if url.endswith("/v1/embed")]) == 1
    assert len([url for url in asked if url.endswith("/v1/stylize")]) == 1  # the picture's thumbnail
    page.click("#keep-photo")
    page.until(lambda _: page.find("#tab-photo").get_attribute("aria-selected") == "true")
    page.until(lambda _: page.run("return document.querySelector('#after').naturalWidth") == 640)
    assert page.complaints() == []


def test_the_photo_is_shown_again_after_the_camera(page: Page, photo: Path) -> None:
    page.choose(4)
    page.click("#tab-camera")
    page.click("#start-camera")
    page.painted()
    page.click("#tab-photo")
    page.until(lambda _: page.find("#choose-photo").is_displayed())  # there was none
    page.photo(photo)
    own = page.painted()
    page.click("#tab-camera")
    page.click("#start-camera")
    page.painted(own)
    page.choose(7)  # changes what the camera shows, and the photo's pastiche once it is back
    width = "return document.querySelector(arguments[0]).naturalWidth"
    page.until(lambda _: page.run(width, "#before") == 384)
    page.click("#tab-photo")
    page.until(lambda _: page.run(width, "#before") == 300 and page.pastiche() and page.run(width, "#after") == 300)
    page.click("#tab-camera")
    page.browser.execute_async_script("""const done = arguments[0], given = new DataTransfer();
        fetch("/page/example.jpg").then((answer) => answer.blob()).then((picture) => {
          given.items.add(new File([picture], "dropped.jpg", {type: "image/jpeg"}));
          document.dispatchEvent(new DragEvent("drop", {dataTransfer: given}));
          done();
        })""")  # dropped here
    page.until(lambda _: page.find("#tab-photo").get_attribute("aria-selected") == "true")
    assert page.complaints() == []


def test_a_forbidden_camera_and_a_lost_connection_are_reported(page: Page) -> None:
    page.choose(4)
    page.click("#tab-camera")
    page.run("const real = window.WebSocket; window.WebSocket = class extends real "
             "{ constructor(...given) { super(...given); window.opened = this; } }")  # fmt: skip
    page.click("#start-camera")
    page.painted()
    page.run("window.opened.close(); window.opened.onclose()")
    page.says("has ended")
    page.until(lambda _: page.find("#start-camera").is_displayed())
    page.run("navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('none'))")
    page.click("#start-camera")
    page.says("no camera")
