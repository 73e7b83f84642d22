"""Batches with cached targets: features of a crop, from the loss network and the frozen backbone, are computed once.

Crop n of the styles, and of the contents of each side, is a pure function of the seed and n. The batch of step k draws
at random from a window of crops that advances with k. When a crop is drawn for the first time, its targets are computed
and stored in a file, and later read from it. The files are only a cache: without them, or after an interruption, the
batches are the same.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brushwork.losses import PerceptualLoss, root_mean_square
from brushwork.losses.vgg import STYLE_LAYERS
from brushwork.networks import StylePredictionNetwork
from brushwork.training.augmentation import augment, draw, reduce
from brushwork.training.config import Recipe
from brushwork.training.data import Batch, Batches, Targets
from brushwork.training.record_file import Record, RecordFile

CHANNELS = dict(zip(STYLE_LAYERS, (64, 128, 256, 512), strict=True))
CONTENT_CHANNELS = 256
LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class TargetNetworks:
    """The networks that compute targets: the style prediction network with a frozen backbone, and the loss network."""

    predictor: StylePredictionNetwork
    loss: PerceptualLoss
    autocast: AbstractContextManager[Any]


class CachedBatches:
    """Batches by step, with their targets.

    Args:
        batches: The source of the pictures.
        recipe: Recipe with the settings of crops and batches.
        networks: The networks that compute the targets.
        folder: Folder of the cache files.
    """

    def __init__(self, batches: Batches, recipe: Recipe, networks: TargetNetworks, folder: Path) -> None:
        self.batches, self.recipe, self.networks = batches, recipe, networks
        data, cache = recipe.data, recipe.cache
        weights = np.array(data.content_side_weights or [1.0] * len(data.content_sides))
        self._likely = weights / weights.sum()
        self._uses_loss = recipe.loss.uses_network
        channels = CHANNELS if self._uses_loss else {}
        self._triangles = {layer: torch.triu_indices(count, count) for layer, count in channels.items()}
        key = self._key()
        fields = {layer: (np.float16, (index.shape[1],)) for layer, index in self._triangles.items()}
        size = networks.predictor.bottleneck.in_features
        styles = {**fields, "scales": (np.float32, (len(channels),)), "features": (np.float32, (size,))}
        name = f"-{batches.rank}" if batches.world_size > 1 else ""
        self._styles = RecordFile(folder / f"styles{name}.bin", styles, cache.styles, key)
        self._contents = {
            side: RecordFile(
                folder / f"contents{side}{name}.bin", _content_fields(side, self._uses_loss), cache.contents, key
            )
            for side in data.content_sides
        }

    def _key(self) -> dict[str, Any]:
        """Return all that records depend on except their number."""
        recipe, digest = self.recipe, hashlib.sha256()
        for value in self.networks.predictor.backbone.state_dict().values():
            digest.update(value.cpu().contiguous().numpy().tobytes())
        cache = {name: value for name, value in asdict(recipe.cache).items() if name.startswith("style_")}
        names = ("contents", "styles", "short_side", "styles_limit")
        data = {name: getattr(recipe.data, name) for name in names}
        return {
            "seed": recipe.seed,
            "data": data,
            "styles": cache,
            "contents": asdict(recipe.content_augmentation),
            "sides": list(recipe.data.content_sides),
            "pooling": self.networks.predictor.pooling,
            "backbone": digest.hexdigest(),
        }

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0: a pure function of seed, step, rank and number of processes."""
        data, cache, batches = self.recipe.data, self.recipe.cache, self.batches
        random = np.random.default_rng((self.recipe.seed, 2, step))
        sides = data.content_sides
        index = int(random.choice(len(sides), p=self._likely))
        each = [data.batch_size(side) for side in sides]
        drawn = cache.first + int(step * cache.fresh_styles * float(self._likely @ each))
        styles = _choose(random, drawn, cache.styles, each[index])
        drawn = cache.contents + int(step * cache.fresh_contents * float(self._likely[index]) * each[index])
        contents = _choose(random, drawn, cache.contents, each[index])
        own = slice(
            batches.rank * len(styles) // batches.world_size, (batches.rank + 1) * len(styles) // batches.world_size
        )
        style = [self._style(number) for number in styles[own]]
        content = [self._content(number, sides[index]) for number in contents[own]]
        grams = {layer: self._gram(style, index, layer) for index, layer in enumerate(self._triangles)}
        targets = Targets(self._stack(content, "features"), grams, self._stack(style, "features"))
        nothing = torch.zeros(len(style), 0, device=batches.device)
        return Batch(self._stack(content, "pixels"), nothing, torch.tensor(styles), targets)

    def style_features(self, count: int) -> Tensor:
        """Return the predictor's pooled features (count, F) of the first `count` style crops."""
        return self._stack([self._style(number) for number in range(count)], "features")

    def _stack(self, records: list[Record], name: str) -> Tensor:
        stacked = torch.from_numpy(np.stack([record[name] for record in records]))
        return stacked.to(self.batches.device).float()

    def _gram(self, records: list[Record], index: int, layer: str) -> Tensor:
        """Return Gram matrices (B, C, C) of one layer from their upper triangles and scales."""
        rows, columns = self._triangles[layer]
        gram = torch.empty(len(records), CHANNELS[layer], CHANNELS[layer])
        halves = torch.from_numpy(np.stack([record[layer] * record["scales"][index] for record in records]))
        gram[:, rows, columns] = halves
        gram[:, columns, rows] = halves
        return gram.to(self.batches.device)

    def _numbers(self, *words: int) -> torch.Generator:
        state = np.random.SeedSequence((self.recipe.seed, 3, *words)).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0]))

    def _style(self, number: int) -> Record:
        return _cached(self._styles, number, lambda: self._compute_style(number))

    def _content(self, number: int, side: int) -> Record:
        return _cached(self._contents[side], number, lambda: self._compute_content(number, side))

    @torch.no_grad()
    def _compute_style(self, number: int) -> Record:
        """Return the record of style crop `number`."""
        cache = self.recipe.cache
        ((_, picture),) = self.batches.style.pictures.take([number])
        numbers = torch.rand(4, generator=self._numbers(1, number))
        crop = reduce(picture, cache.style_scale, cache.style_limit, numbers).to(self.batches.device)
        grams: dict[str, Tensor] = {}
        if self._uses_loss:
            with self.networks.autocast:
                grams = self.networks.loss.style_target(crop.contiguous(memory_format=torch.channels_last))
        scales = {layer: root_mean_square(gram) for layer, gram in grams.items()}
        record = {
            "features": self.networks.predictor.features(crop)[0],
            "scales": torch.stack([scale[0] for scale in scales.values()]) if scales else torch.zeros(0),
        }
        for layer, gram in grams.items():
            record[layer] = (gram / scales[layer])[0].cpu()[tuple(self._triangles[layer])]
        return {name: value.cpu().numpy() for name, value in record.items()}

    @torch.no_grad()
    def _compute_content(self, number: int, side: int) -> Record:
        """Return the record of content crop `number` of a side."""
        slot = number * len(self._contents) + list(self._contents).index(side)
        ((_, picture),) = self.batches.content.pictures.take([slot])
        numbers = draw(1, self._numbers(0, side, number))
        crop = augment([picture], side, self.recipe.content_augmentation, numbers, self.batches.device)
        features = torch.zeros(1, 0)
        if self._uses_loss:
            with self.networks.autocast:
                features = self.networks.loss.content_target(crop.contiguous(memory_format=torch.channels_last))
        return {
            "pixels": crop[0].cpu().numpy(),
            "features": features[0].float().clamp(max=LARGEST).contiguous().cpu().numpy(),
        }


def _content_fields(side: int, uses_loss: bool) -> Mapping[str, tuple[Any, tuple[int, ...]]]:
    """Return the arrays of a content's record, without features if the loss network is not used."""
    quarter = side // 2 // 2
    features = (CONTENT_CHANNELS, quarter, quarter) if uses_loss else (0,)
    return {"pixels": (np.float16, (3, side, side)), "features": (np.float16, features)}


def _choose(random: np.random.Generator, drawn: int, capacity: int, count: int) -> list[int]:
    """Return the numbers of `count` of the last `capacity` crops drawn so far; all different if there are enough."""
    size = min(drawn, capacity)
    numbers = drawn - size + random.choice(size, count, replace=size < count)
    return [int(number) for number in numbers]


def _cached(file: RecordFile, number: int, compute: Callable[[], Record]) -> Record:
    """Return the record of a number, computed and stored if the file does not have it."""
    record = file.get(number)
    if record is None:
        file.put(number, compute())
        record = file.get(number)
        assert record is not None
    return record
