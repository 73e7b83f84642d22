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
    """Renders pictures in random styles, a part of them and each as strongly as drawn.

    The random styles are embeddings drawn from a normal distribution with the mean and covariance of those of training
    styles, interpolated with the content's own (Jackson et al. 2018, *Style augmentation: data augmentation via style
    randomization*, arXiv 1809.05375). Shapes stay where they are, so labels, boxes and masks stay true.

    It is called with a Pillow image, an array (H, W, 3) or a tensor (3, H, W), or a batch (B, ...) of one size, floats
    in [0, 1] or uint8, and returns the same kind: in a `Dataset`, among the transforms of torchvision (further inputs
    are passed through) and those of albumentations (``image=`` is rendered, all else passed through).

    The model is loaded at once. A forked worker has its parent's; a spawned one loads it with its first picture. Pixels
    on the CPU are painted by OpenVINO; tensors on a GPU there, by torch.

    Args:
        p: Probability that a picture is stylised.
        strength: Range of the strength, drawn evenly for each picture; see `Stylizer.stylize`.
        styles: ``random``; names of styles, style pictures, folders of them; or embeddings (N, D).
        texture_only: Whether the content's colours stay; see `keep_chroma`.
        seed: Settles all draws; None for other ones in each run.
        model: Name of a model or a model folder; None for the fastest.
        threads: Threads of the CPU for each process.

    Raises:
        UserError: If a value is out of its range, or there is no such style or model.

    Examples:
        >>> from brushwork.augment import StyleAugmentation
        >>> augmentation = StyleAugmentation(p=0.5, seed=0)
        >>> picture = augmentation(picture, sample=(epoch, index))
    """

    # What albumentations asks of a transform.
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
        return {**self.__dict__, "_loaded": None, "_networks": {}}  # each process loads the model for itself

    def __call__(self, *inputs: Any, sample: Sample | Sequence[Sample] | None = None, **data: Any) -> Any:
        """Return the picture or batch, rendered in random styles.

        Args:
            *inputs: The pictures, or a dict, list or tuple whose first picture is rendered, and anything else, which is
                passed through; several come back as a tuple.
            sample: Numbers that name the picture, such as (epoch, index): it is drawn for them and the seed alone.
                For a batch of B pictures, B of these. None for draws that differ at each call, and in each worker.
            **data: ``image`` and anything else, as albumentations calls; then the result is a dict of them.

        Raises:
            UserError: If it is no picture, its floats are not in [0, 1] (normalise afterwards), or a side is below 16.
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
        place = next((key for key, each in values.items() if is_picture(each)), None)
        if place is None:
            raise UserError(f"there is no picture in this {type(given).__name__}")
        changed = {**values, place: self._augment(values[place], sample)}
        return changed if isinstance(given, dict) else type(given)(changed.values())

    def _augment(self, pixels: Any, sample: Sample | Sequence[Sample] | None) -> Any:
        batch = as_batch(pixels)
        draws = [self._draws.draw(each) for each in _samples(pixels, batch, sample)]
        places = [place for place, draw in enumerate(draws) if draw.wanted and draw.strength > 0]
        if not places:
            return pixels
        chosen = [draws[place] for place in places]
        if is_tensor(pixels) and pixels.device.type != "cpu":
            return self._paint_on_device(pixels, places, chosen)
        contents = batch.take(places)
        painter = ArrayPainter(self._stylizer(), contents, self.texture_only)
        self._paint(painter, chosen, contents.shape[1:3])
        return batch.put(places, np.clip(painter.pastiches, 0, 1))

    def _paint(self, painter: ArrayPainter | TensorPainter, draws: Sequence[Draw], size: Sequence[int]) -> None:
        height, width = check_size("picture", np.empty((*size, 0)))
        embedder, longest = self._stylizer(), max(height, width)
        styles = [self._source.draw(draw.generator, embedder, longest)[1] for draw in draws]
        strengths = [draw.strength for draw in draws]
        paint(painter, np.concatenate(styles), strengths, height * width, table=bool(embedder.styles))

    def _paint_on_device(self, pixels: Any, places: Sequence[int], draws: Sequence[Draw]) -> Any:
        """Paint a tensor where it lies, with the network there."""
        import torch

        rows = pixels.detach() if pixels.ndim == 4 else pixels.detach()[None]
        scale = 255 if pixels.dtype == torch.uint8 else 1
        contents = rows[list(places)].float() / scale
        if contents.min() < 0 or contents.max() > 1:
            raise UserError("the picture reaches out of [0, 1]; style augmentation comes before normalisation")
        painter = TensorPainter(self._network(str(pixels.device)), contents, self.texture_only)
        self._paint(painter, draws, contents.shape[2:])
        changed = rows.clone()
        changed[list(places)] = (painter.pastiches.clamp(0, 1) * scale + (0.5 if scale > 1 else 0)).to(pixels.dtype)
        return changed if pixels.ndim == 4 else changed[0]

    def _stylizer(self) -> Stylizer:
        # A forked worker goes on with its parent's: OpenVINO runs in the calling thread there, but to free what it
        # holds would wait for the parent's threads for ever.
        if self._loaded is None:
            self._loaded = stylizer.load(self.model, device="cpu", threads=self.threads)
            _run_once(self._loaded, model_folder.find(self.model).embedding_size)
        return self._loaded

    def _network(self, device: str) -> Any:
        """The network on a device, in half precision where that is a GPU of NVIDIA's."""
        if device not in self._networks:
            import torch

            network = model_folder.load_network(model_folder.find(self.model)).to(device)
            if device.startswith("cuda"):
                network.transfer.to(torch.float16)
            self._networks[device] = network.requires_grad_(False)
        return self._networks[device]


def _run_once(loaded: Stylizer, size: int) -> None:
    """Wait until both networks have been compiled, which threads do, and threads do not live on in a forked process."""
    loaded.runtime.transfer(np.zeros((1, 16, 16, 3), np.float32), np.zeros((1, size), np.float32))
    if not loaded.styles:
        loaded.runtime.predict(np.zeros((1, OWN_SIZE, OWN_SIZE, 3), np.float32))


def _samples(pixels: Any, batch: Batch, sample: Any) -> Sequence[Sample | None]:
    """One sample for each picture."""
    if sample is None:
        return [None] * batch.count
    if getattr(pixels, "ndim", 3) != 4:
        return [sample]
    samples = list(sample)
    if len(samples) != batch.count:
        raise UserError(f"{len(samples)} samples for a batch of {batch.count} pictures; give one for each")
    return samples
