"""The semantic term, which brings embeddings of styles by one artist, or of one movement, together.

Ghiasi et al. 2017 name an embedding learned with semantic information as future work. The term is the supervised
contrastive loss of Khosla et al. 2020 on pooled features of labelled pictures, which are computed once, as the backbone
is frozen.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork import atomic, images
from brushwork.errors import UserError
from brushwork.images import ImageError
from brushwork.networks import StylePredictionNetwork
from brushwork.training.config import Recipe, SemanticsConfig
from brushwork.training.labels import labels_of, read_labels
from brushwork.training.shards import Entry, decode, find_shards, read_shard

BANK = "semantics.npz"
LOG_EVERY = 500  # pictures between two lines of the log
NONE = -1  # a picture without a label of a kind

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class StyleBank:
    """Labelled style pictures.

    Attributes:
        features: Pooled features (N, F).
        labels: Numbers of labels (N,) by kind; -1 for none.
    """

    features: Tensor
    labels: Mapping[str, Tensor]

    @classmethod
    def of(
        cls, recipe: Recipe, predictor: StylePredictionNetwork | None, device: str, folder: Path
    ) -> "StyleBank | None":
        """Return the bank of a recipe, loaded from a folder or computed and stored there; None without a weight.

        Raises:
            UserError: If the backbone is not frozen, or the pictures or their labels cannot be used.
        """
        config = recipe.semantics
        if not config.weight:
            return None
        if predictor is None or recipe.optimizer.backbone != 0:
            raise UserError("semantics need a predictor with a frozen backbone; set optimizer.backbone=0")
        entries, labels = _labelled(recipe)
        path, key = folder / BANK, _key(recipe, predictor, entries)
        features = _load_or_compute(path, key, entries, predictor, config.short_side)
        known = {kind: torch.tensor(rows, device=device)[features.readable] for kind, rows in labels.items()}
        return cls(torch.tensor(features.rows, device=device), known)

    def loss(self, predictor: StylePredictionNetwork, config: SemanticsConfig, seed: Sequence[int]) -> Tensor:
        """Return the term (), the mean over kinds, of pictures that the seed selects."""
        count = len(self.features)
        drawn = np.random.default_rng((*seed, 5)).choice(count, min(config.batch, count), replace=False)
        indices = torch.from_numpy(drawn).to(self.features.device)
        embeddings = predictor.project(self.features[indices])
        terms = [contrastive_loss(embeddings, labels[indices], config.temperature) for labels in self.labels.values()]
        return torch.stack(terms).mean()


def contrastive_loss(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the supervised contrastive loss () of embeddings (N, D): Khosla et al. 2020, equation 2.

    Embeddings are compared by the cosine of their differences from the mean. Pictures without a label (-1), or with a
    label of no other picture, are not anchors, but anchors are separated from them; the loss is 0 without anchors.
    """
    directions = F.normalize(embeddings - embeddings.mean(dim=0), dim=1)
    similarity = directions @ directions.T / temperature
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    log_probabilities = similarity - similarity.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
    same = (labels[:, None] == labels) & (labels >= 0) & ~itself
    positives = same.sum(dim=1)
    anchors = positives > 0
    if not anchors.any():
        return embeddings.sum() * 0
    means = (log_probabilities * same).sum(dim=1)[anchors] / positives[anchors]
    return -means.mean()


@dataclass(frozen=True)
class _Features:
    """Pooled features (N, F) of the readable pictures, and the indices (N,) of these pictures."""

    rows: np.ndarray
    readable: np.ndarray


def _labelled(recipe: Recipe) -> tuple[list[Entry], dict[str, list[int]]]:
    """Return the pictures that have a label of any kind, and the number of their label by kind."""
    config = recipe.semantics
    if not config.labels:
        raise UserError("semantics.weight needs a table of labels; set semantics.labels")
    tables = read_labels(Path(config.labels))
    shards = find_shards(recipe.data.styles)
    if any(shard.remote for shard in shards):
        raise UserError("some styles are remote; semantics need all of them on disk")
    entries = [entry for shard in shards for entry in read_shard(shard)]
    rows = {kind: labels_of([entry.name for entry in entries], tables.get(kind, {})) for kind in config.kinds}
    chosen = [index for index in range(len(entries)) if any(rows[kind][index] is not None for kind in rows)]
    if config.pictures:
        order = np.random.default_rng((recipe.seed, 4)).permutation(len(chosen))
        chosen = [chosen[index] for index in sorted(order[: config.pictures])]
    if not chosen:
        raise UserError(f"no style picture has a label of the kind {' or '.join(config.kinds)} in {config.labels}")
    return [entries[index] for index in chosen], {kind: _numbered([rows[kind][i] for i in chosen]) for kind in rows}


def _numbered(labels: Sequence[str | None]) -> list[int]:
    numbers = {label: number for number, label in enumerate(sorted({label for label in labels if label is not None}))}
    return [NONE if label is None else numbers[label] for label in labels]


def _key(recipe: Recipe, predictor: StylePredictionNetwork, entries: Sequence[Entry]) -> str:
    """Return a digest of all that the features depend on."""
    digest = hashlib.sha256(f"{recipe.semantics.short_side} {predictor.pooling}".encode())
    for value in predictor.backbone.state_dict().values():
        digest.update(value.cpu().contiguous().numpy().tobytes())
    for entry in entries:
        digest.update(entry.name.encode() + b"\0")
    return digest.hexdigest()


def _load_or_compute(
    path: Path, key: str, entries: Sequence[Entry], predictor: StylePredictionNetwork, side: int
) -> _Features:
    """Return the features from a file with the same key; otherwise compute and write them."""
    if path.is_file():
        with np.load(path) as file:
            if str(file["key"]) == key:
                return _Features(file["rows"], file["seen"])
    rows, readable = [], []
    for number, entry in enumerate(entries):
        try:
            pixels = np.asarray(decode(entry, side).transpose(1, 2, 0) / 255, np.float32)
        except ImageError as error:
            log.warning("skipped %s: %s", entry.name, error)
            continue
        rows.append(_features(predictor, images.fit_short(pixels, side)))
        readable.append(number)
        if len(rows) % LOG_EVERY == 0:
            log.info("features of %d of %d labelled styles computed", len(rows), len(entries))
    if not rows:
        raise UserError("none of the labelled style pictures can be read")
    found = _Features(np.stack(rows), np.array(readable))
    with atomic.write(path) as part, part.open("wb") as file:
        np.savez(file, key=key, rows=found.rows, seen=found.readable)
    return found


@torch.no_grad()
def _features(predictor: StylePredictionNetwork, picture: np.ndarray) -> np.ndarray:
    """Return the pooled features (F,) of a picture (h, w, 3) in [0, 1]."""
    device = predictor.bottleneck.weight.device
    style = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(device)
    features: np.ndarray = predictor.features(style)[0].cpu().numpy()
    return features
