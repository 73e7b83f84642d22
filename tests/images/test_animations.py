"""Animated pictures: frames, durations, loops and alpha."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from brushwork import images
from brushwork.images import Frame, Image, ImageError, Metadata, Picture
from tests.images.samples import BLUE, GREEN, RED, clip, encoded, levels, present, smooth, written


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("loop", [0, 1, 3])
def test_animations_keep_frames_durations_and_loops(kind: str, loop: int) -> None:
    picture = images.open(written(Picture(clip(), loop=loop), kind))
    assert picture.animated
    assert [frame.duration for frame in picture.frames] == [100, 50, 200]
    for frame, wanted in zip(picture.frames, clip(), strict=True):
        assert np.abs(frame.image - wanted.image).max() < 0.05
    assert picture.loop == (0 if kind == "AVIF" else loop)  # AVIF does not say


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_keep_alpha(kind: str) -> None:
    picture = images.open(written(Picture(clip(alpha=True)), kind))
    masks = [np.ones((12, 16), np.float32) if frame.alpha is None else frame.alpha for frame in picture.frames]
    for mask, wanted in zip(masks, clip(alpha=True), strict=True):
        np.testing.assert_allclose(mask, present(wanted.alpha), atol=1 / 255)


def test_frames_are_composited() -> None:
    """The second frame of this GIF stores only what changed: one pixel."""
    first = Pillow.new("RGB", (8, 8), RED)
    second = first.copy()
    second.putpixel((3, 2), BLUE)
    data = encoded(first, "GIF", save_all=True, append_images=[second], duration=40, loop=0)
    frames = images.open(data).frames
    assert levels(frames[1].image[2, 3]).tolist() == [*BLUE]
    assert (levels(np.delete(frames[1].image.reshape(-1, 3), 2 * 8 + 3, axis=0)) == RED).all()


def test_the_hidden_default_picture_of_an_apng_is_skipped() -> None:
    one, two, hidden = (Pillow.new("RGB", (4, 4), colour) for colour in (RED, BLUE, GREEN))
    data = encoded(hidden, "PNG", save_all=True, append_images=[one, two], default_image=True, duration=100)
    picture = images.open(data)
    assert [levels(frame.image[0, 0]).tolist() for frame in picture.frames] == [[*RED], [*BLUE]]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_formats_without_animation_take_the_first_frame(kind: str) -> None:
    picture = images.open(written(Picture(clip()), kind))
    assert not picture.animated
    assert np.abs(picture.image - (1, 0, 0)).max() < 0.02


def test_frames_are_decoded_on_demand_and_rendered_once() -> None:
    picture = images.open(written(Picture(clip()), "GIF"))
    painted = []

    def paint(image: Image) -> Image:
        painted.append(image.shape)
        return images.resize(1 - image, (24, 32))

    pastiche = picture.map(paint)
    assert painted == []
    again = images.open(written(pastiche, "GIF"))
    assert painted == [(12, 16, 3)] * 3
    assert [frame.duration for frame in again.frames] == [100, 50, 200]
    assert np.abs(again.image - (0, 1, 1)).max() < 0.02
    assert [frame.duration for frame in picture.frames[1:]] == [50, 200]
    assert picture.frames[-1].duration == 200
    with pytest.raises(IndexError):
        picture.frames[3]


def test_pickling_works_or_says_why_not() -> None:
    still = Picture.of(smooth())
    assert (pickle.loads(pickle.dumps(still)).image == still.image).all()
    opened = images.open(written(Picture(clip()), "GIF"))
    with pytest.raises(TypeError, match=r"pickle list\(picture.frames\)"):
        pickle.dumps(opened)
    assert len(pickle.loads(pickle.dumps(list(opened.frames)))) == 3


def test_mapping_a_still_picture_keeps_everything_but_the_pixels() -> None:
    alpha = np.linspace(0, 1, 40 * 56, dtype=np.float32).reshape(40, 56)
    picture = Picture((Frame(smooth(), alpha),), depth=16, metadata=Metadata(b"e", b"x"), format="PNG")
    same = picture.map(lambda image: 1 - image)
    assert same.alpha is alpha
    assert (same.depth, same.metadata, same.format) == (16, Metadata(b"e", b"x"), "PNG")
    half = picture.map(lambda image: images.resize(image, (20, 28)))
    assert present(half.alpha).shape == (20, 28)


def test_a_damaged_later_frame_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "clip.png"
    noise = [Frame(np.random.default_rng(seed).random((32, 32, 3)).astype(np.float32), None, 100) for seed in range(3)]
    images.save(Picture(noise), path)
    data = bytearray(path.read_bytes())
    last = data.rfind(b"fdAT")
    data[last + 8 : last + 40] = b"\xff" * 32
    path.write_bytes(data)
    picture = images.open(path)
    assert picture.image.shape == (32, 32, 3)
    with pytest.raises(ImageError, match=r"^cannot read .*clip\.png"):
        list(picture.frames)
    with pytest.raises(ImageError, match=r"^cannot write .*b\.gif: cannot read .*clip\.png"):
        images.save(picture, tmp_path / "b.gif")
    assert [file.name for file in tmp_path.iterdir()] == ["clip.png"]
