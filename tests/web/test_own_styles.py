"""Styles without a picture in the request: the user's own, and words."""

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from brushwork.styles import names, own
from brushwork.styles.own_file import Origin, OwnFile, shrink
from brushwork.stylizer import Stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.camera_route import NUMBER
from brushwork.web.api.details import Details
from brushwork.web.api.origins import Names
from brushwork.web.api.pictures import LARGEST_HEADER, LONGEST_LINE, NOTICES, as_header
from brushwork.web.api.service import LONGEST_NAME
from brushwork.web.app import build
from tests.styles.test_own import Two, gallery
from tests.styles.test_words import MAP, vectors  # noqa: F401  # of words
from tests.web.conftest import RED, encode, pixels

GREY = (100, 100, 100)
PICTURE = np.tile(np.array([1, 0, 0], np.float32), (40, 60, 1))
MADE = OwnFile("mine", "fake", "abc", {256: np.array([1, 0, 0], np.float32)}, (Origin("a.png", 1.0, shrink(PICTURE)),))


@pytest.fixture
def client(own_data: Path) -> Iterator[TestClient]:
    own.save("mine", MADE)
    app = build(Stylizer(FakeRuntime(), gallery=gallery()), "fake", names=Names.of(["testserver"]), page=False)
    with TestClient(app) as client:
        yield client


def test_own_styles_are_listed_first_with_thumbnails_and_render(client: TestClient) -> None:
    first, *others = client.get("/v1/styles").json()
    assert (first["name"], first["kind"], first["thumbnail"]) == ("mine", "own", "/v1/styles/mine/thumbnail")
    assert [style["thumbnail"] for style in others] == [None, None]  # this gallery has no picture of them
    thumbnail = client.get(first["thumbnail"])
    assert thumbnail.headers["cache-control"] == "private, no-cache"  # another may come under this name
    assert np.abs(np.asarray(Image.open(BytesIO(thumbnail.content)))[5, 5] - np.array(RED)).max() < 12
    answer = client.post("/v1/stylize", files={"content": encode(GREY)}, data={"style_name": "mine"})
    assert (pixels(answer.content) == RED).all()


def test_a_deep_style_is_listed_beside_plain_ones(client: TestClient) -> None:
    own.save("deep", replace(MADE, embeddings={256: np.array([1, 0, 0, 2, 2], np.float32)}))
    listed = {style["name"]: style["position"] for style in client.get("/v1/styles").json()}
    assert {"deep", "mine"} < listed.keys() and all(0 <= number <= 1 for place in listed.values() for number in place)


def test_a_model_without_words_refuses_them(client: TestClient) -> None:
    assert not any(model["words"] for model in client.get("/v1/models").json())
    for path, files in (("/v1/stylize", {"content": encode(GREY)}), ("/v1/embed", {"unused": b""})):
        answer = client.post(path, files=files, data={"words": "stormy sea"})
        assert answer.status_code == 400
        assert "cannot turn words into a style" in answer.json()["detail"]


def test_a_very_long_name_is_refused(client: TestClient) -> None:
    for field in ("style_name", "words"):
        data = {field: "sea " * 10_000}
        answer = client.post("/v1/stylize", files={"content": encode(GREY)}, data=data)
        assert answer.status_code == 400
        assert f"at most {LONGEST_NAME}" in answer.json()["detail"]


def test_a_pastiche_comes_with_what_was_understood(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_read", lambda path: MAP)
    monkeypatch.setattr(Two, "words", Path("words.npz"))
    own.save("ink", MADE)  # a style of the model has the same name
    text = "red, caf\u00e9"
    files = {"content": ("c.png", encode(GREY)), "mask": ("m.png", encode(GREY))}
    fields = {"words": [text, text], "style_name": "ink", "region": f"m.png=words: {text}"}
    answer = client.post("/v1/stylize", files=files, data=fields)
    assert answer.status_code == 200, answer.text
    notices = json.loads(answer.headers[NOTICES])
    hides, understood, ignored = notices  # each once
    assert "it hides the model's style" in hides
    assert understood.startswith(repr(text)) and "nearest named styles: " in understood
    assert ignored == "ignored unknown words: caf\u00e9"
    embedded = client.post("/v1/embed", files={"unused": b""}, data={"words": text})
    assert embedded.json()["notices"] == notices[1:]
    plain = client.post("/v1/stylize", files={"content": encode(GREY)}, data={"style_name": "mine"})
    assert NOTICES not in plain.headers


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f3a8"])
def test_notices_fit_into_a_header_that_proxies_accept(
    letter: str, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_read", lambda path: MAP)
    monkeypatch.setattr(Two, "words", Path("words.npz"))
    texts = [f"red, {number} {letter * 200}" for number in range(8)]
    answer = client.post("/v1/stylize", files={"content": encode(GREY)}, data={"words": texts})
    assert answer.status_code == 200, answer.text
    header = answer.headers[NOTICES]
    notices = json.loads(header)
    assert len(header) <= LARGEST_HEADER and 3 <= len(notices) <= 16
    assert notices[0].startswith("'red, 0 ") and all(len(json.dumps(line)) <= LONGEST_LINE for line in notices)
    assert json.loads(as_header(["\U0001f3a8" * 5000, "short"]))[1] == "short"
    assert json.loads(as_header(["a"] * 2000)) == ["a"] * 800  # each takes 5 characters, and the brackets one less


def test_a_deep_style_is_embedded_again_for_other_details(own_data: Path) -> None:
    """Deep styles belong to the weights of one detail; this one stores green numbers and a red picture."""
    own.save("deep", replace(MADE, embeddings={256: np.array([0, 1, 0], np.float32)}))
    usual = Stylizer(FakeRuntime(), gallery=gallery())
    details = Details(usual, 1.0, lambda detail: Stylizer(FakeRuntime(), gallery=gallery("of other weights")))
    app = build(usual, "fake", names=Names.of(["testserver"]), details=details, page=False)
    with TestClient(app) as client:
        for fields in ({"style_name": "deep"}, {"style_name": "deep", "detail": "0.5"}):
            mask = {"mask": ("m.png", encode((255, 255, 255)))}
            region = {**fields, "region": "m.png=deep"}
            answers = [
                client.post("/v1/stylize", files={"content": encode(GREY)}, data=fields),
                client.post("/v1/stylize", files={"content": encode(GREY), **mask}, data=region),
            ]
            with client.websocket_connect("/v1/camera") as camera:
                named = {"styles": ["deep"], "detail": float(fields.get("detail", 1))}
                camera.send_text(json.dumps(named))
                camera.send_bytes((1).to_bytes(NUMBER) + encode(GREY))
                frame = pixels(camera.receive_bytes()[NUMBER:])
            again = "detail" in fields
            expected = np.array(RED if again else (0, 255, 0))
            for answer in answers:
                assert np.abs(pixels(answer.content) - expected).max() < 12, answer.text
                assert ("embedded again" in answer.headers.get(NOTICES, "")) == again
            assert np.abs(frame - expected).max() < 12
