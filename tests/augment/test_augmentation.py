"""Style augmentation: kinds of pictures, seeds, and pixels equal to those of `Stylizer`."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from brushwork import UserError, model_folder, stylizer
from brushwork.augment import StyleAugmentation
from brushwork.augment.painting import OWN_SIZE, ArrayPainter, TensorPainter, paint
from tests.cli.conftest import colours, environment


class Labelled(NamedTuple):
    """A picture with its label."""

    image: Any
    label: int


def pictures(count: int = 3, height: int = 40, width: int = 48) -> NDArray[np.uint8]:
    return np.stack([colours(height, width, seed=seed) for seed in range(count)])


@pytest.fixture(scope="module")
def always(model: Path) -> StyleAugmentation:
    return StyleAugmentation(p=1, strength=(1, 1), seed=3, model=model)


def as_uint8(pixels: Any) -> NDArray[np.int64]:
    """Pixels of any kind as (H, W, 3), 0 to 255."""
    if isinstance(pixels, torch.Tensor):
        pixels = pixels.permute(1, 2, 0).numpy()
    values = np.asarray(pixels)
    return (values if values.dtype == np.uint8 else np.round(values * 255)).astype(np.int64)


def kinds() -> dict[str, Any]:
    picture = pictures()[0]
    tensor = torch.from_numpy(picture).permute(2, 0, 1)
    return {
        "pillow": Image.fromarray(picture),
        "uint8": picture,
        "float32": (picture / 255).astype(np.float32),
        "float64": picture / 255,
        "tensor of uint8": tensor,
        "tensor of float32": tensor / 255,
    }


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_picture_returns_as_its_own_kind_with_the_same_pixels(
    always: StyleAugmentation, kind: str
) -> None:
    given, expected = kinds()[kind], always(pictures()[0], sample=5)
    painted = always(given, sample=5)
    assert type(painted) is type(given)
    if not isinstance(given, Image.Image):
        assert (painted.dtype, painted.shape) == (given.dtype, given.shape)
    assert np.abs(as_uint8(painted) - expected).max() <= 1
    assert np.abs(as_uint8(painted) - pictures()[0]).mean() > 5
    assert np.array_equal(as_uint8(given), pictures()[0]), "what was handed over has changed"


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_grey_and_transparent_pictures_keep_their_mode_and_alpha(always: StyleAugmentation, mode: str) -> None:
    picture = Image.fromarray(colours(40, 48, 4), "RGBA").convert(mode)
    painted = always(picture, sample=1)
    assert (painted.mode, painted.size) == (mode, picture.size)
    if mode != "L":
        assert painted.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


def test_a_batch_equals_its_pictures_and_can_be_a_tensor(always: StyleAugmentation) -> None:
    batch = pictures()
    painted = always(batch, sample=[(0, 1), (0, 2), (1, 1)])
    single = [always(picture, sample=key) for picture, key in zip(batch, [(0, 1), (0, 2), (1, 1)], strict=True)]
    assert np.abs(painted.astype(int) - np.stack(single)).max() <= 1
    tensor = torch.from_numpy(batch).permute(0, 3, 1, 2)
    assert torch.equal(always(tensor, sample=[(0, 1), (0, 2), (1, 1)]).permute(0, 2, 3, 1), torch.from_numpy(painted))


def test_a_sample_determines_its_style_and_another_epoch_changes_it(always: StyleAugmentation, model: Path) -> None:
    picture = pictures()[0]
    again = StyleAugmentation(p=1, strength=(1, 1), seed=3, model=model)
    again(pictures()[1])  # calls before change nothing
    assert np.array_equal(always(picture, sample=(0, 7)), again(picture, sample=(0, 7)))
    others = [always(picture, sample=key) for key in ((1, 7), (0, 8))]
    other_seed = StyleAugmentation(p=1, strength=(1, 1), seed=4, model=model)(picture, sample=(0, 7))
    for other in (*others, other_seed, always(picture), always(picture)):
        assert np.abs(other.astype(int) - always(picture, sample=(0, 7))).mean() > 2


def test_a_picture_that_is_not_drawn_is_returned_unchanged(model: Path) -> None:
    picture = pictures(1, 16, 16)[0]
    never = StyleAugmentation(p=0, seed=0, model=model)
    assert never(picture) is picture


def test_embeddings_and_strengths_are_those_of_the_stylizer(model: Path) -> None:
    """Except for the border, which pictures for training do not need."""
    loaded = stylizer.load(model, device="cpu")  # in the same precision
    style = np.random.default_rng(1).normal(size=(1, 100)).astype(np.float32)
    content = (pictures()[0] / 255).astype(np.float32)
    for strength in (1, 0.5):
        changed = StyleAugmentation(p=1, strength=(strength, strength), styles=style, model=model)(content)
        composed = loaded.compose(content, style, strength, own=loaded.embed(content, OWN_SIZE))
        pastiche = loaded.runtime.transfer(content[None], composed.embeddings)[0]
        expected = content + composed.opacities[0] * (pastiche - content)
        assert changed == pytest.approx(np.clip(expected, 0, 1), abs=1e-6)


@pytest.mark.parametrize("texture_only", [False, True])
def test_tensors_rendered_by_torch_equal_arrays_rendered_by_the_runtime(model: Path, texture_only: bool) -> None:
    loaded = stylizer.load(model, device="cpu", precision="f32")
    contents = (pictures() / 255).astype(np.float32)
    styles = np.random.default_rng(2).normal(size=(3, 100)).astype(np.float32)
    arrays = ArrayPainter(loaded, contents, texture_only)
    network = model_folder.load_network(model_folder.find(model))
    tensors = TensorPainter(network, torch.from_numpy(contents).permute(0, 3, 1, 2), texture_only)
    for painter in (arrays, tensors):
        paint(painter, styles, [1.0, 0.7, 0.4], 40 * 48, table=False)
    assert tensors.pastiches.permute(0, 2, 3, 1).numpy() == pytest.approx(arrays.pastiches, abs=0.02)


def test_it_works_as_a_transform_of_torchvision_and_albumentations(always: StyleAugmentation) -> None:
    picture, label = pictures()[0], object()
    painted, passed = always(picture, label, sample=2)
    assert passed is label
    mask = np.zeros((40, 48))
    data = always(image=picture, mask=mask, force_apply=True, sample=2)
    assert data.keys() == {"image", "mask"} and data["mask"] is mask
    assert np.array_equal(data["image"], painted)
    assert set(always.available_keys) == {"image"}


def test_the_first_picture_in_a_dict_or_a_tuple_is_painted_and_all_else_passed_through(
    always: StyleAugmentation,
) -> None:
    """As torchvision's transforms take whole samples, with labels and boxes before or after the picture."""
    picture, boxes = pictures()[0], torch.zeros(3, 4)
    painted = always(picture, sample=2)
    given = {"label": 3, "boxes": boxes, "image": picture}
    found = always(given, sample=2)
    assert list(found) == list(given) and found["label"] == 3 and found["boxes"] is boxes
    assert np.array_equal(found["image"], painted) and given["image"] is picture
    label, image = always((7, picture), sample=2)
    assert label == 7 and np.array_equal(image, painted)
    named = always(Labelled(picture, 7), sample=2)
    assert isinstance(named, Labelled) and named.label == 7 and np.array_equal(named.image, painted)
    with pytest.raises(UserError, match="^there is no picture in this list$"):
        always([boxes, 1])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"p": 1.5}, "p is 1.5; it must be between 0 and 1"),
        ({"strength": (0.9, 0.2)}, "the range of the strength is 0.9 to 0.2; give the lower one first"),
        ({"seed": -1}, "the seed is -1; it must be 0 or more"),
        ({"styles": np.zeros((2, 7))}, "the styles are an array of shape (2, 7); embeddings are (N, 100)"),
        ({"styles": []}, "there are no styles to draw from"),
    ],
)
def test_invalid_values_are_refused_by_the_constructor(model: Path, values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        StyleAugmentation(**values, model=model)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((20, 20, 3), 2.0), "the picture has values from 2 to 2; floats must be in [0, 1]"),
        (torch.zeros(20, 20), "the picture is a tensor of shape (20, 20); give (3, height, width), or a batch"),
        (torch.zeros(3, 20, 20, dtype=torch.int64), "the picture is a tensor of torch.int64; give floats"),
        (np.zeros((8, 20, 3)), "the picture is 20 x 8 pixels; both sides must be at least 16"),
        ("photo.jpg", "style augmentation takes Pillow images, NumPy arrays and torch tensors, not str"),
    ],
)
def test_inputs_that_are_not_pictures_are_refused(always: StyleAugmentation, pixels: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        always(pixels)
    assert str(error.value).startswith(message)


FORKED = """
import json, multiprocessing, sys
import numpy as np
from brushwork.augment import StyleAugmentation

def work(augmentation, answers):
    answers.put(augmentation(np.full((32, 32, 3), 0.5), sample=4).tolist())

if __name__ == "__main__":
    # OpenVINO gives the threads of this one, freed at once, to the next model; a forked process lacks them.
    StyleAugmentation(p=1, model=sys.argv[1])(np.full((32, 32, 3), 0.5))
    augmentation = StyleAugmentation(p=1, seed=1, model=sys.argv[1])
    found = []
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        answers = context.Queue()
        process = context.Process(target=work, args=(augmentation, answers))
        process.start()
        found.append(answers.get(timeout=60))
        process.join()
    print(json.dumps([augmentation(np.full((32, 32, 3), 0.5), sample=4).tolist(), *found]))
"""


def test_forked_and_spawned_processes_render_the_same(model: Path, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(FORKED)
    ended = subprocess.run(
        [sys.executable, script, model],
        env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    here, forked, spawned = json.loads(ended.stdout)
    assert here == forked == spawned


def test_a_pickled_transform_does_not_contain_the_model(always: StyleAugmentation) -> None:
    picture = pictures()[0]
    painted = always(picture, sample=9)
    data = pickle.dumps(always)
    assert len(data) < 200_000
    assert np.array_equal(pickle.loads(data)(picture, sample=9), painted)
