"""Brings embeddings of styles by one artist, or of one movement, together, for an embedding learned with semantics.

Ghiasi et al. 2017 name an embedding that is learned with semantic information as future work. The term is the
supervised contrastive loss of Khosla et al. 2020, on pooled features of labelled pictures, which are computed once,
since the backbone is frozen.
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
SAID = 500  # pictures between two lines about how many are seen
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
        """Return the bank of a recipe, from a folder where it was kept, else made and kept; None if it has none.

        Raises:
            UserError: If the backbone learns, or the pictures or their labels cannot be used.
        """
        config = recipe.semantics
        if not config.weight:
            return None
        if predictor is None or recipe.optimizer.backbone != 0:
            raise UserError("semantics need a predictor whose backbone is frozen: set optimizer.backbone=0")
        entries, labels = _labelled(recipe)
        features = _kept(folder / BANK, _key(recipe, predictor, entries), entries, predictor, config.short_side)
        known = {kind: torch.tensor(rows, device=device)[features.seen] for kind, rows in labels.items()}
        return cls(torch.tensor(features.rows, device=device), known)

    def loss(self, predictor: StylePredictionNetwork, config: SemanticsConfig, seed: Sequence[int]) -> Tensor:
        """Return the term (), the mean over kinds, of pictures that the seed settles."""
        count = len(self.features)
        drawn = np.random.default_rng((*seed, 5)).choice(count, min(config.batch, count), replace=False)
        places = torch.from_numpy(drawn).to(self.features.device)
        embeddings = predictor.project(self.features[places])
        terms = [contrast(embeddings, labels[places], config.temperature) for labels in self.labels.values()]
        return torch.stack(terms).mean()


def contrast(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the supervised contrastive loss () of embeddings (N, D): Khosla et al. 2020, equation 2.

    Embeddings are compared by the cosine of what distinguishes them from their mean. Pictures without a label (-1), or
    alone with it, are no anchors, but others are told from them; the loss is 0 where none is left.
    """
    directions = F.normalize(embeddings - embeddings.mean(dim=0), dim=1)
    likeness = directions @ directions.T / temperature
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    log_shares = likeness - likeness.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
    same = (labels[:, None] == labels) & (labels >= 0) & ~itself
    partners = same.sum(dim=1)
    anchors = partners > 0
    if not anchors.any():
        return embeddings.sum() * 0
    means = (log_shares * same).sum(dim=1)[anchors] / partners[anchors]
    return -means.mean()


@dataclass(frozen=True)
class _Features:
    """Pooled features (N, F) of the pictures that could be read, and which those are."""

    rows: np.ndarray
    seen: np.ndarray


def _labelled(recipe: Recipe) -> tuple[list[Entry], dict[str, list[int]]]:
    """The pictures that have a label of any kind, and the number of their label by kind."""
    config = recipe.semantics
    if not config.labels:
        raise UserError("semantics.weight needs a table of labels: set semantics.labels")
    tables = read_labels(Path(config.labels))
    shards = find_shards(recipe.data.styles)
    if any(shard.remote for shard in shards):
        raise UserError("semantics need styles on disk, and some are remote")
    entries = [entry for shard in shards for entry in read_shard(shard)]
    rows = {kind: labels_of([entry.name for entry in entries], tables.get(kind, {})) for kind in config.kinds}
    chosen = [place for place in range(len(entries)) if any(rows[kind][place] is not None for kind in rows)]
    if config.pictures:
        order = np.random.default_rng((recipe.seed, 4)).permutation(len(chosen))
        chosen = [chosen[place] for place in sorted(order[: config.pictures])]
    if not chosen:
        raise UserError(f"no style picture has a label of the kind {' or '.join(config.kinds)} in {config.labels}")
    return [entries[place] for place in chosen], {kind: _numbered([rows[kind][p] for p in chosen]) for kind in rows}


def _numbered(labels: Sequence[str | None]) -> list[int]:
    numbers = {label: number for number, label in enumerate(sorted({label for label in labels if label is not None}))}
    return [NONE if label is None else numbers[label] for label in labels]


def _key(recipe: Recipe, predictor: StylePredictionNetwork, entries: Sequence[Entry]) -> str:
    """What the features depend on."""
    digest = hashlib.sha256(f"{recipe.semantics.short_side} {predictor.pooling}".encode())
    for value in predictor.backbone.state_dict().values():
        digest.update(value.cpu().contiguous().numpy().tobytes())
    for entry in entries:
        digest.update(entry.name.encode() + b"\0")
    return digest.hexdigest()


def _kept(path: Path, key: str, entries: Sequence[Entry], predictor: StylePredictionNetwork, side: int) -> _Features:
    """The features from a file that was written under the same key, else computed and written."""
    if path.is_file():
        with np.load(path) as file:
            if str(file["key"]) == key:
                return _Features(file["rows"], file["seen"])
    rows, seen = [], []
    for number, entry in enumerate(entries):
        try:
            pixels = np.asarray(decode(entry, side).transpose(1, 2, 0) / 255, np.float32)
        except ImageError as error:
            log.warning("skipped %s: %s", entry.name, error)
            continue
        rows.append(_features(predictor, images.fit_short(pixels, side)))
        seen.append(number)
        if len(rows) % SAID == 0:
            log.info("%d of %d labelled styles seen", len(rows), len(entries))
    if not rows:
        raise UserError("not one labelled style picture can be read")
    found = _Features(np.stack(rows), np.array(seen))
    with atomic.write(path) as part, part.open("wb") as file:
        np.savez(file, key=key, rows=found.rows, seen=found.seen)
    return found


@torch.no_grad()
def _features(predictor: StylePredictionNetwork, picture: np.ndarray) -> np.ndarray:
    """The pooled features (F,) of a picture (h, w, 3) in [0, 1]."""
    device = predictor.bottleneck.weight.device
    style = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].to(device)
    features: np.ndarray = predictor.features(style)[0].cpu().numpy()
    return features
