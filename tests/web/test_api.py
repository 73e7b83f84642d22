"""Answers of the API, worked out by hand."""

import asyncio
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from brushwork import stylizer
from brushwork.testing import FakeRuntime
from brushwork.web.api.origins import Names
from brushwork.web.api.progress import ProgressBoard
from brushwork.web.app import build
from tests.web.conftest import BLUE, RED, Response, encode, pixels

GREY = (100, 100, 100)


def stylize(client: TestClient, *styles: bytes, content: bytes | None = None, **fields: Any) -> Response:
    files = [("content", ("photo", content or encode(GREY)))] + [("style", ("style", style)) for style in styles]
    return client.post("/v1/stylize", files=files, data=fields)


def test_a_pastiche_has_the_size_and_format_of_the_photo(client: TestClient) -> None:
    answer = stylize(client, encode(RED), content=encode(GREY, "WEBP", (40, 32), lossless=True))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert pixels(answer.content).shape == (32, 40, 3)
    assert np.abs(pixels(answer.content).astype(int) - RED).max() <= 3  # WebP is lossy


def test_styles_blend_by_their_weights(client: TestClient) -> None:
    answer = stylize(client, encode(RED), encode(BLUE), weights="3,1")
    assert (pixels(answer.content) == (191, 0, 64)).all()


def test_strength_0_is_the_photo(client: TestClient) -> None:
    assert (pixels(stylize(client, encode(RED), strength="0").content) == GREY).all()


def test_size_format_quality_and_depth_are_respected(client: TestClient) -> None:
    small = stylize(client, encode(RED), size="24", format="jpeg", quality="50")
    assert small.headers["content-type"] == "image/jpeg"
    assert pixels(small.content).shape == (18, 24, 3)
    deep = stylize(client, encode(RED), format="png", depth="16")
    assert deep.content[24] == 16  # bits a channel, in a PNG's header


def test_alpha_and_exif_are_kept(client: TestClient) -> None:
    exif = Image.Exif()
    exif[271] = "A camera"
    answer = stylize(client, encode(RED), content=encode((1, 2, 3, 128), exif=exif))
    image = Image.open(BytesIO(answer.content))
    assert image.getexif()[271] == "A camera"
    assert np.asarray(image)[0, 0].tolist() == [255, 0, 0, 128]


def test_the_photo_s_own_embedding_is_predicted_once_for_all_strengths(
    client: TestClient, runtime: FakeRuntime
) -> None:
    files = {"content": encode(BLUE), "style": encode(RED)}
    shown = [
        client.post("/v1/stylize", files=files, data={"strength": strength}) for strength in ("0.25", "0.5", "0.75")
    ]
    assert len(runtime.predicted) == 2  # the style and the photo
    reds = [int(pixels(each.content)[0, 0, 0]) for each in shown]
    assert reds == sorted(reds) and reds[0] < reds[2]
    assert client.post("/v1/stylize", files=files, data={"strength": "1"}).status_code == 200
    other = {**files, "content": encode(BLUE, size=(40, 40))}
    client.post("/v1/stylize", files=other, data={"strength": "0.5"})
    assert len(runtime.predicted) == 3  # another photo


def test_an_embedding_is_predicted_once_per_picture_and_size(client: TestClient, runtime: FakeRuntime) -> None:
    for size in ("96", "96", "128"):
        answer = client.post("/v1/embed", files={"style": encode(RED)}, data={"style_size": size})
        assert answer.json() == {"model": "colours", "embedding": [1, 0, 0], "notices": []}
    stylize(client, encode(RED), style_size="96")
    assert [shape[1] for shape in runtime.predicted] == [96, 128]
    numbers = client.get("/metrics").text
    assert 'brushwork_embeddings_total{source="kept"} 2.0' in numbers
    assert 'brushwork_embeddings_total{source="predicted"} 2.0' in numbers
    assert 'brushwork_requests_total{path="/v1/embed",status="200"} 3.0' in numbers
    assert "brushwork_painting_seconds_count 1.0" in numbers


def test_metadata_can_be_left_out(client: TestClient) -> None:
    exif = Image.Exif()
    exif[271] = "A camera"
    answer = stylize(client, encode(RED), content=encode(GREY, exif=exif), strip="all")
    assert 271 not in Image.open(BytesIO(answer.content)).getexif()


PHOTO = {"content": encode(GREY)}
BAD: dict[str, tuple[dict[str, bytes], dict[str, Any]]] = {
    "content: field required": ({"style": encode(RED)}, {}),
    "0 styles; send 1 to 3 styles": (PHOTO, {}),
    "not a picture in a supported format": ({**PHOTO, "style": b"no picture"}, {}),
    "the file is damaged": ({"content": encode(GREY)[:60], "style": encode(RED)}, {}),
    "the file is empty": ({"content": b"", "style": encode(RED)}, {}),
    "exceed the limit": ({"content": encode(GREY, size=(1001, 1000)), "style": encode(RED)}, {}),
    "both sides must be at least 16": ({"content": encode(GREY, size=(15, 40)), "style": encode(RED)}, {}),
    "strength: input should be less than or equal to 1": ({**PHOTO, "style": encode(RED)}, {"strength": "1.5"}),
    "strength: ": ({**PHOTO, "style": encode(RED)}, {"strength": "nan"}),
    "2 weights for 1 styles": ({**PHOTO, "style": encode(RED)}, {"weights": "1,1"}),
    "format: input should be 'jpeg'": ({**PHOTO, "style": encode(RED)}, {"format": "exe"}),
    "no style 'waves'": (PHOTO, {"style_name": "waves"}),
    "named style, so use luma": (PHOTO, {"style_name": "waves", "keep_colors": "histogram"}),
}


@pytest.mark.parametrize("words", BAD)
def test_unusable_values_are_problems_of_one_line(client: TestClient, words: str) -> None:
    files, fields = BAD[words]
    answer = client.post("/v1/stylize", files=files, data=fields)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert (problem["title"], problem["status"]) == ("Bad Request", 400)
    assert words in problem["detail"] and "\n" not in problem["detail"] and "/" not in problem["detail"]


def test_an_animation_is_rendered_frame_by_frame_up_to_the_limit(client: TestClient) -> None:
    def animation(count: int) -> bytes:
        buffer = BytesIO()
        frames = [Image.new("RGB", (16, 16), (shade, 0, 0)) for shade in range(10, 10 + 40 * count, 40)]
        frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100)
        return buffer.getvalue()

    answer = stylize(client, encode(BLUE), content=animation(3))
    assert answer.headers["content-type"] == "image/gif"
    # The fake paints all frames alike, and GIF joins frames that are alike; the time they take together stays.
    painted = Image.open(BytesIO(answer.content))
    assert np.asarray(painted.convert("RGB"))[0, 0, 2] > 240
    refused = stylize(client, encode(BLUE), content=animation(4))
    assert (refused.status_code, "4 frames are more than the limit of 3" in refused.json()["detail"]) == (400, True)


def test_a_region_has_its_own_style_where_its_mask_is_white(client: TestClient) -> None:
    left = np.zeros((24, 32), np.uint8)
    left[:, :16] = 255
    buffer = BytesIO()
    Image.fromarray(left).save(buffer, "PNG")
    files = [("content", ("photo", encode(GREY))), ("style", ("red", encode(RED))),
             ("mask", ("left.png", buffer.getvalue())), ("region_style", ("sea.png", encode(BLUE)))]  # fmt: skip
    answer = client.post("/v1/stylize", files=files, data={"region": "left.png=sea.png"})
    painted = pixels(answer.content)
    assert (painted[:, 2:14] == BLUE).all() and (painted[:, 18:30] == RED).all()
    answer = client.post("/v1/stylize", files=files[:1] + files[2:], data={"region": "left.png=sea.png:1"})
    assert (pixels(answer.content)[:, 18:] == GREY).all()  # no style outside: the photo
    protected = [*files[:2], ("protect", ("mask", buffer.getvalue()))]
    painted = pixels(client.post("/v1/stylize", files=protected).content)
    assert (painted[:, :14] == GREY).all() and (painted[:, 18:] == RED).all()


def test_a_region_can_name_only_files_of_its_own_request(client: TestClient) -> None:
    files = [("content", ("photo", encode(GREY))), ("style", ("red", encode(RED)))]
    answer = client.post("/v1/stylize", files=files, data={"region": "/etc/passwd=red"})
    assert (answer.status_code, "no `mask` of the request" in answer.json()["detail"]) == (400, True)
    files.append(("mask", ("m.png", encode((255, 255, 255)))))
    answer = client.post("/v1/stylize", files=files, data={"region": "m.png=examples/glass.jpg"})
    assert (answer.status_code, "no style 'examples/glass.jpg'" in answer.json()["detail"]) == (400, True)
    answer = client.post("/v1/stylize", files=files, data={"region": f"{'m' * 5000}=m=red"})
    assert (answer.status_code, "no `mask` of the request" in answer.json()["detail"]) == (400, True)


def test_the_name_of_a_mask_can_contain_an_equals_sign(client: TestClient) -> None:
    files = [("content", ("photo", encode(GREY))), ("mask", ("m=1.png", encode((255, 255, 255)))),
             ("region_style", ("a=b.png", encode(BLUE)))]  # fmt: skip
    answer = client.post("/v1/stylize", files=files, data={"region": "m=1.png=a=b.png:1"})
    assert (pixels(answer.content) == BLUE).all()


def test_a_photo_without_a_style_is_returned_if_the_strength_is_0(client: TestClient) -> None:
    fields = {"strength": "0", "size": "20", "format": "png"}
    answer = client.post("/v1/stylize", files={"content": encode(GREY, size=(40, 32))}, data=fields)
    assert pixels(answer.content).shape == (16, 20, 3) and (pixels(answer.content) == GREY).all()


def test_progress_is_sent_until_the_request_ends(client: TestClient) -> None:
    board = ProgressBoard()
    report = board.reporter("a-key-of-mine")
    report(0.5)

    async def listen() -> list[str]:
        told = board.events("a-key-of-mine")
        first = [await anext(told), await anext(told)]
        board.forget("a-key-of-mine")
        return [*first, *[event async for event in told]]

    assert asyncio.run(listen()) == [
        "retry: 500\n\n",
        'event: progress\ndata: {"fraction": 0.500}\n\n',
        "event: done\ndata: {}\n\n",
    ]
    assert client.get("/v1/progress/a-key-of-nobody").text == "retry: 500\n\n"  # to come back, and no end
    assert client.get("/v1/progress/x").status_code == 400  # too short to be anybody's own


def test_a_body_that_is_not_a_form_is_answered_with_415(client: TestClient) -> None:
    for kind in ("application/json", "image/jpeg", "text/plain; charset=utf-8"):
        answer = client.post("/v1/stylize", content=b"{}", headers={"Content-Type": kind})
        assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
        assert "send a form" in answer.json()["detail"]
    assert client.post("/v1/embed", data={"style_name": "nothing"}).status_code == 400  # a form that is none of ours


def test_unknown_paths_and_methods_are_problems(client: TestClient) -> None:
    for answer, status in (
        (client.get("/v2"), 404),
        (client.get("/v1/stylize"), 405),
        (client.get("/etc/passwd"), 404),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_the_shipped_model_lists_named_styles_with_thumbnails(own_cache: object) -> None:
    loaded = stylizer.load("magenta-mobile")
    with TestClient(build(loaded, "magenta-mobile", names=Names.of(["testserver"]), page=False)) as client:
        styles = client.get("/v1/styles").json()
        assert tuple(style["name"] for style in styles) == loaded.names
        thumbnail = client.get(styles[0]["thumbnail"])
        assert Image.open(BytesIO(thumbnail.content)).format == "WEBP"
        assert client.get("/v1/styles/nothing/thumbnail").status_code == 404
        named = client.post("/v1/embed", data={"style_name": styles[0]["name"]}).json()["embedding"]
        assert np.allclose(named, loaded.embed(styles[0]["name"])[0])
        models = client.get("/v1/models").json()
        assert [model["name"] for model in models if model["paints"]] == ["magenta-mobile"]
        assert client.get("/healthz").json() == {"status": "ok", "model": "magenta-mobile", "waiting": 0}
