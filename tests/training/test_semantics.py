"""The contrastive term on labels, by hand and in a run."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from brushwork.errors import UserError
from brushwork.training import checkpoints
from brushwork.training.checkpoints import CHECKPOINT
from brushwork.training.config import Recipe, SemanticsConfig
from brushwork.training.process import ProcessInfo
from brushwork.training.semantics import BANK, StyleBank, contrastive_loss
from brushwork.training.setup import prepare
from brushwork.training.train import train

RIGHT, LEFT = [1.0, 0.0], [-1.0, 0.0]


def test_the_contrastive_term_of_two_pairs_by_hand() -> None:
    apart = torch.tensor([RIGHT, RIGHT, LEFT, LEFT])
    # Each has one partner of cosine 1, and two others of cosine -1.
    expected = math.log(math.e + 2 / math.e) - 1
    assert float(contrastive_loss(apart, torch.tensor([0, 0, 1, 1]), 1.0)) == pytest.approx(expected)
    mixed = math.log(math.e + 2 / math.e) + 1  # partners of cosine -1
    assert float(contrastive_loss(apart, torch.tensor([0, 1, 0, 1]), 1.0)) == pytest.approx(mixed)
    assert float(contrastive_loss(3 * apart + 5, torch.tensor([0, 0, 1, 1]), 1.0)) == pytest.approx(expected)


def test_pictures_without_a_label_are_not_positive_pairs() -> None:
    rows = torch.tensor([RIGHT, RIGHT, LEFT, LEFT])
    assert float(contrastive_loss(rows, torch.tensor([-1, -1, -1, -1]), 1.0)) == 0
    assert float(contrastive_loss(rows, torch.tensor([0, 1, 2, 3]), 1.0)) == 0
    two = contrastive_loss(rows, torch.tensor([0, 0, -1, -1]), 1.0)  # others are told from them all the same
    assert float(two) == pytest.approx(math.log(math.e + 2 / math.e) - 1)


@pytest.fixture
def semantic(recipe: Recipe, pictures: Path) -> Recipe:
    """A run that moves the predictor's affine map alone."""
    labels = pictures / "labels.tsv"
    labels.write_text("member\tkind\tlabel\n0.png\tartist\tAnn\n2.png\tartist\tAnn\n1.png\tmovement\tCubism\n")
    semantics = SemanticsConfig(weight=1.0, labels=str(labels), short_side=32)
    return replace(
        recipe, steps=3, semantics=semantics, optimizer=replace(recipe.optimizer, backbone=0.0, transfer=0.0)
    )  # fmt: skip


def test_a_run_applies_the_weight_and_changes_only_the_affine_map(semantic: Recipe, tmp_path: Path) -> None:
    before = prepare(semantic, None, ProcessInfo("cpu")).network.state_dict()
    records = list(train(semantic, tmp_path / "run", device="cpu"))
    assert all(math.isfinite(record.terms["semantics"]) for record in records)
    after = checkpoints.load_checkpoint(tmp_path / "run" / CHECKPOINT, averaged=False)[0].state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"predictor.bottleneck.weight", "predictor.bottleneck.bias"}


def test_features_are_computed_once_for_a_backbone_and_its_pictures(semantic: Recipe, tmp_path: Path) -> None:
    predictor = prepare(semantic, None, ProcessInfo("cpu")).network.predictor
    assert predictor is not None
    bank = StyleBank.of(semantic, predictor, "cpu", tmp_path)
    assert bank is not None and len(bank.features) == 3
    assert {kind: rows.tolist() for kind, rows in bank.labels.items()} == {
        "artist": [0, -1, 0],
        "movement": [-1, 0, -1],
    }
    with np.load(tmp_path / BANK) as file:
        kept = dict(file)
    np.savez(tmp_path / BANK, **{**kept, "rows": kept["rows"] + 1})
    again = StyleBank.of(semantic, predictor, "cpu", tmp_path)
    assert again is not None and torch.equal(again.features, bank.features + 1)  # read, not computed
    other = StyleBank.of(
        replace(semantic, semantics=replace(semantic.semantics, short_side=48)), predictor, "cpu", tmp_path
    )
    assert other is not None and not torch.equal(other.features, again.features)


def test_missing_requirements_of_semantics_are_one_line_errors(
    semantic: Recipe, tmp_path: Path, pictures: Path
) -> None:
    def run(**changes: object) -> None:
        next(train(replace(semantic, **changes), tmp_path / "run", device="cpu"))  # type: ignore[arg-type]

    with pytest.raises(UserError, match=r"optimizer\.backbone=0"):
        run(optimizer=replace(semantic.optimizer, backbone=1.0))
    with pytest.raises(UserError, match=r"semantics\.labels"):
        run(semantics=replace(semantic.semantics, labels=""))
    with pytest.raises(UserError, match="no style picture has a label of the kind texture"):
        run(semantics=replace(semantic.semantics, kinds=("texture",)))
    with pytest.raises(ValueError, match="temperature"):
        SemanticsConfig(temperature=0.0)
