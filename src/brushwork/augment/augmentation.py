"""Style augmentation (Jackson et al. 2018): a transform that renders training pictures in random styles."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brushwork import model_folder, stylizer
from brushwork.augment.draws import Draw, Draws, Sample
from brushwork.augment.painting import OWN_SIZE, ArrayPainter, TensorPainter, paint
from brushwork.augment.pixels import Batch, as_batch, is_picture, is_tensor
from brushwork.augment.styles import RANDOM, Styles, StyleSource
from brushwork.errors import UserError
from brushwork.rendering.settings import check_size
from brushwork.stylizer import Stylizer


class StyleAugmentation:
    """Renders pictures in random styles, with a probability and at random strengths.

    The random styles are embeddings drawn from a normal distribution with the mean and covariance of those of training
    styles, interpolated with the content's own (Jackson et al. 2018, *Style augmentation: data augmentation via style
    randomization*, arXiv 1809.05375). Shapes do not move, so labels, boxes and masks remain valid.

    It is called with a Pillow image, an array (H, W, 3) or a tensor (3, H, W), or a batch (B, ...) of one size, of
    floats in [0, 1] or uint8, and returns the same type. It works in a `Dataset`, with transforms of torchvision
    (further inputs are passed through) and of albumentations (``image=`` is rendered, all else is passed through).

    The model is loaded at once. A forked worker uses that of its parent; a spawned one loads it with its first picture.
    OpenVINO renders pixels on the CPU; torch renders tensors on a GPU without a copy.

    Args:
        p: Probability that a picture is stylised.
        strength: Range of the strength, which is drawn uniformly for each picture; see `Stylizer.stylize`.
        styles: ``random``; names of styles, style pictures or folders of them; or embeddings (N, D).
        texture_only: Whether to keep the content's colours; see `keep_chroma`.
        seed: Seed of all draws; None for different ones in each run.
        model: Name of a model or a model folder; None for the fastest.
        threads: Number of CPU threads for each process.

    Raises:
        UserError: If a value is out of its range, or a style or the model does not exist.

    Examples:
        >>> from brushwork.augment import StyleAugmentation
        >>> augmentation = StyleAugmentation(p=0.5, seed=0)
        >>> picture = augmentation(picture, sample=(epoch, index))
    """

    # albumentations reads this attribute of transforms.
    available_keys = frozenset({"image"})

    def __init__(
        self,
        p: float = 0.5,
        strength: tuple[float, float] = (0.3, 1.0),
        styles: Styles = RANDOM,
        texture_only: bool = False,
        seed: int | None = None,
        *,
        model: str | Path | None = None,
        threads: int = 1,
    ) -> None:
        self.p, self.strength, self.texture_only, self.threads = p, strength, texture_only, threads
        self.model = model_folder.for_frames(model)
        self._draws = Draws(p, strength, seed)
        self._source = StyleSource(styles, model_folder.find(self.model))
        self._networks: dict[str, Any] = {}
        self._loaded: Stylizer | None = None
        self._stylizer()  # in this process, since forked ones cannot always load a model

    def __repr__(self) -> str:
        return f"StyleAugmentation(p={self.p}, strength={self.strength}, texture_only={self.texture_only})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": None, "_networks": {}}  # each process loads its own model

    def __call__(self, *inputs: Any, sample: Sample | Sequence[Sample] | None = None, **data: Any) -> Any:
        """Return the picture or batch, rendered in random styles.

        Args:
            *inputs: The pictures, or a dict, list or tuple whose first picture is rendered, and further inputs, which
                are passed through; several are returned as a tuple.
            sample: Numbers that identify the picture, such as (epoch, index), on which and on the seed alone the draws
                depend; for a batch of B pictures, B of these. None for draws that differ between calls and workers.
            **data: ``image`` and further values, as albumentations calls it; the result is then a dict of them.

        Raises:
            UserError: If it is not a picture, floats are not in [0, 1] (normalise afterwards), or a side is below 16.
        """
        if inputs:
            painted = self._augment_in(inputs[0], sample)
            return (painted, *inputs[1:]) if len(inputs) > 1 else painted
        if "image" not in data:
            raise UserError("style augmentation takes a picture, or image=")
        data.pop("force_apply", None)
        return {**data, "image": self._augment(data["image"], sample)}

    def _augment_in(self, given: Any, sample: Sample | Sequence[Sample] | None) -> Any:
        """Render a picture, or the first one in a dict, list or tuple."""
        if not isinstance(given, dict | list | tuple):
            return self._augment(given, sample)
        values = given if isinstance(given, dict) else dict(enumerate(given))
        found = next((key for key, each in values.items() if is_picture(each)), None)
        if found is None:
            raise UserError(f"there is no picture in this {type(given).__name__}")
        changed = {**values, found: self._augment(values[found], sample)}
        if isinstance(given, dict):
            return changed
        create = getattr(type(given), "_make", type(given))  # a named tuple takes its values one by one
        return create(changed.values())

    def _augment(self, pixels: Any, sample: Sample | Sequence[Sample] | None) -> Any:
        batch = as_batch(pixels)
        draws = [self._draws.draw(each) for each in _samples(pixels, batch, sample)]
        indices = [index for index, draw in enumerate(draws) if draw.wanted and draw.strength > 0]
        if not indices:
            return pixels
        chosen = [draws[index] for index in indices]
        if is_tensor(pixels) and pixels.device.type != "cpu":
            return self._paint_on_device(pixels, indices, chosen)
        contents = batch.take(indices)
        painter = ArrayPainter(self._stylizer(), contents, self.texture_only)
        self._paint(painter, chosen, contents.shape[1:3])
        return batch.put(indices, np.clip(painter.pastiches, 0, 1))

    def _paint(self, painter: ArrayPainter | TensorPainter, draws: Sequence[Draw], size: Sequence[int]) -> None:
        height, width = check_size("picture", np.empty((*size, 0)))
        embedder, longest = self._stylizer(), max(height, width)
        styles = [self._source.draw(draw.generator, embedder, longest)[1] for draw in draws]
        strengths = [draw.strength for draw in draws]
        paint(painter, np.concatenate(styles), strengths, height * width, table=bool(embedder.styles))

    def _paint_on_device(self, pixels: Any, indices: Sequence[int], draws: Sequence[Draw]) -> Any:
        """Render a tensor on its device, with the network on that device."""
        import torch

        rows = pixels.detach() if pixels.ndim == 4 else pixels.detach()[None]
        scale = 255 if pixels.dtype == torch.uint8 else 1
        contents = rows[list(indices)].float() / scale
        if contents.min() < 0 or contents.max() > 1:
            raise UserError("the picture has values outside [0, 1]; use style augmentation before normalisation")
        painter = TensorPainter(self._network(str(pixels.device)), contents, self.texture_only)
        self._paint(painter, draws, contents.shape[2:])
        changed = rows.clone()
        changed[list(indices)] = (painter.pastiches.clamp(0, 1) * scale + (0.5 if scale > 1 else 0)).to(pixels.dtype)
        return changed if pixels.ndim == 4 else changed[0]

    def _stylizer(self) -> Stylizer:
        # A forked worker continues to use its parent's model: OpenVINO runs in the calling thread there, but freeing it
        # would wait for the parent's threads for ever.
        if self._loaded is None:
            self._loaded = stylizer.load(self.model, device="cpu", threads=self.threads)
            _run_once(self._loaded, model_folder.find(self.model).embedding_size)
        return self._loaded

    def _network(self, device: str) -> Any:
        """Return the network on a device, in half precision on a CUDA GPU."""
        if device not in self._networks:
            import torch

            network = model_folder.load_network(model_folder.find(self.model)).to(device)
            if device.startswith("cuda"):
                network.transfer.to(torch.float16)
            self._networks[device] = network.requires_grad_(False)
        return self._networks[device]


def _run_once(loaded: Stylizer, size: int) -> None:
    """Run both networks once, so that threads have compiled them: a forked process has no threads."""
    loaded.runtime.transfer(np.zeros((1, 16, 16, 3), np.float32), np.zeros((1, size), np.float32))
    if not loaded.styles:
        loaded.runtime.predict(np.zeros((1, OWN_SIZE, OWN_SIZE, 3), np.float32))


def _samples(pixels: Any, batch: Batch, sample: Any) -> Sequence[Sample | None]:
    """Return the sample of each picture."""
    if sample is None:
        return [None] * batch.count
    if getattr(pixels, "ndim", 3) != 4:
        return [sample]
    samples = list(sample)
    if len(samples) != batch.count:
        raise UserError(f"{len(samples)} samples for a batch of {batch.count} pictures; give one for each")
    return samples
