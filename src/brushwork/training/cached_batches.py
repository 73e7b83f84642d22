"""Batches with cached targets: features of a crop, from the loss network and the frozen backbone, are computed once.

Crop n of the styles, and of the contents of each side, is a pure function of the seed and n. The batch of step k draws
at random from a window of crops that advances with k. When a crop is drawn for the first time, its targets are computed
and stored in a file, and later read from it. The files are only a cache: without them, or after an interruption, the
batches are the same. On a GPU, records may be kept in its memory, and content crops be new in every batch.
"""

import hashlib
from collections.abc import Mapping
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
from brushwork.training.device_records import DeviceRecords
from brushwork.training.record_file import Field, RecordFile
from brushwork.training.style_variety import vary

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
        self._triangles = {
            layer: torch.triu_indices(count, count, device=batches.device) for layer, count in channels.items()
        }
        self._places = {layer: _places(channels[layer], index) for layer, index in self._triangles.items()}
        fields = {layer: (np.float16, (index.shape[1],)) for layer, index in self._triangles.items()}
        size = networks.predictor.bottleneck.in_features
        styles = {**fields, "scales": (np.float32, (len(channels),)), "features": (np.float32, (size,))}
        self._styles = self._records(folder, "styles", styles, cache.styles)
        self._contents = {
            side: self._records(folder, f"contents{side}", _content_fields(side, self._uses_loss), cache.contents)
            for side in data.content_sides
            if cache.contents
        }

    def _records(
        self, folder: Path, name: str, fields: Mapping[str, Field], capacity: int
    ) -> RecordFile | DeviceRecords:
        """Return the store of the records of a kind of crops."""
        if self.recipe.cache.resident:
            return DeviceRecords(fields, capacity, self.batches.device)
        rank = f"-{self.batches.rank}" if self.batches.world_size > 1 else ""
        return RecordFile(folder / f"{name}{rank}.bin", fields, capacity, self._key())

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
        styles = self._own(_choose(random, drawn, cache.styles, each[index]))
        style = self._take(self._styles.take(styles, self._compute_style))
        grams = {layer: self._gram(style, index, layer) for index, layer in enumerate(self._triangles)}
        content = self._draw_contents(random, step, sides[index], each, float(self._likely[index]))
        targets = Targets(content["features"], grams, style["features"])
        nothing = torch.zeros(len(styles), 0, device=batches.device)
        return Batch(content["pixels"], nothing, torch.tensor(styles), targets)

    def style_features(self, count: int) -> Tensor:
        """Return the predictor's pooled features (count, F) of the first `count` style crops."""
        # One at a time: there may be more than the cache holds, and their Gram matrices need not be in memory.
        taken = (self._styles.take([number], self._compute_style)["features"] for number in range(count))
        return torch.cat([features.to(self.batches.device).float() for features in taken])

    def _draw_contents(
        self, random: np.random.Generator, step: int, side: int, each: list[int], likely: float
    ) -> dict[str, Tensor]:
        """Return pixels and features of a step's contents, given the sides' batch sizes and this one's probability."""
        cache, count = self.recipe.cache, each[self.recipe.data.content_sides.index(side)]
        if not cache.contents:
            most = max(each)
            return self._compute_contents(self._own(list(range(step * most, step * most + count))), side)
        drawn = cache.contents + int(step * cache.fresh_contents * likely * count)
        numbers = self._own(_choose(random, drawn, cache.contents, count))
        return self._take(self._contents[side].take(numbers, lambda number: self._compute_content(number, side)))

    def _own(self, numbers: list[int]) -> list[int]:
        """Return this process's part of the numbers of a batch."""
        rank, world = self.batches.rank, self.batches.world_size
        return numbers[rank * len(numbers) // world : (rank + 1) * len(numbers) // world]

    def _take(self, records: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return stacked records on the device, in float32."""
        return {name: value.to(self.batches.device).float() for name, value in records.items()}

    def _gram(self, records: Mapping[str, Tensor], index: int, layer: str) -> Tensor:
        """Return Gram matrices (B, C, C) of one layer from their upper triangles and scales."""
        triangles = records[layer] * records["scales"][:, index, None]
        return triangles[:, self._places[layer]]

    def _numbers(self, *words: int) -> torch.Generator:
        state = np.random.SeedSequence((self.recipe.seed, 3, *words)).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(state[0]))

    @torch.no_grad()
    @torch.backends.cudnn.flags(enabled=False)  # it would plan every convolution for every size of a crop, in seconds
    def _compute_style(self, number: int) -> dict[str, Tensor]:
        """Return the record of style crop `number`."""
        cache = self.recipe.cache
        ((_, picture),) = self.batches.style.pictures.take([number])
        generator = self._numbers(1, number)
        crop = reduce(picture, cache.style_scale, cache.style_limit, torch.rand(4, generator=generator))
        crop = vary(crop, cache.style_recoloured, cache.style_tiled, generator).to(self.batches.device)
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
            rows, columns = self._triangles[layer]
            record[layer] = (gram / scales[layer])[0][rows, columns]
        return record

    def _compute_content(self, number: int, side: int) -> dict[str, Tensor]:
        """Return the record of content crop `number` of a side."""
        slot = number * len(self._contents) + list(self._contents).index(side)
        computed = self._compute_contents([slot], side, draw(1, self._numbers(0, side, number)))
        return {name: value[0] for name, value in computed.items()}

    @torch.no_grad()
    def _compute_contents(self, slots: list[int], side: int, numbers: Tensor | None = None) -> dict[str, Tensor]:
        """Return pixels and features of the content crops of slots; the numbers determine the augmentation."""
        pictures = [picture for _, picture in self.batches.content.pictures.take(slots)]
        if numbers is None:
            numbers = torch.cat([draw(1, self._numbers(0, side, slot)) for slot in slots])
        crops = augment(pictures, side, self.recipe.content_augmentation, numbers, self.batches.device)
        features = torch.zeros(len(slots), 0, device=self.batches.device)
        if self._uses_loss:
            with self.networks.autocast:
                features = self.networks.loss.content_target(crops.contiguous(memory_format=torch.channels_last))
        return {"pixels": crops, "features": features.float().clamp(max=LARGEST)}


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


def _places(channels: int, triangle: Tensor) -> Tensor:
    """Return for each entry (C, C) of a symmetric matrix its place in the upper triangle."""
    rows, columns = triangle
    places = torch.empty(channels, channels, dtype=torch.int64, device=triangle.device)
    places[rows, columns] = places[columns, rows] = torch.arange(triangle.shape[1], device=triangle.device)
    return places
