"""Gain and cost of an embedding learned with semantics: neighbours by artist or movement, and the style share.

    python -m benchmarks.semantics --styles styles/style-*.tar --labels labels.tsv --cache semantics/ \
        --contents validation/content --judged validation/style

The affine map of the style prediction network is trained on four fifths of the labelled pictures, and everything else
is frozen. The loss is the weighted contrastive term of `brushwork.training.semantics` plus the squared change of the
embeddings as a fraction of their variance, which replaces the perceptual loss. Neighbours are counted among the others.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor

from brushwork import evaluation, model_folder
from brushwork.analysis.neighbours import chance, frequent, same_label
from brushwork.evaluation import Painted, Pair, PairPainter
from brushwork.images import Image, fit_short
from brushwork.networks import PasticheNetwork, StylePredictionNetwork
from brushwork.styles.embeddings import style_size_for
from brushwork.training.config import OptimizerConfig, Recipe, SemanticsConfig
from brushwork.training.data_config import DataConfig
from brushwork.training.semantics import StyleBank, contrastive_loss

HELD_OUT = 5  # every fifth picture is held out
COUNTS = (1, 5)  # neighbours
LEAST = 5  # least number of pictures of a label
KINDS = ("artist", "movement")


def train(
    predictor: StylePredictionNetwork, bank: StyleBank, config: SemanticsConfig, steps: int, rate: float
) -> StylePredictionNetwork:
    """Return a copy of a predictor whose affine map was trained on the pictures of a bank."""
    learned = copy.deepcopy(predictor)
    with torch.no_grad():
        first = predictor.project(bank.features)
    variance = first.var(dim=0).sum()
    optimizer = torch.optim.Adam(learned.bottleneck.parameters(), lr=rate)
    random = np.random.default_rng(0)
    for step in range(steps):
        places = torch.from_numpy(random.choice(len(first), min(config.batch, len(first)), replace=False))
        found = learned.project(bank.features[places])
        moved = (found - first[places]).square().sum(dim=1).mean() / variance
        terms = [contrastive_loss(found, rows[places], config.temperature) for rows in bank.labels.values()]
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        (moved + config.weight * torch.stack(terms).mean()).backward()
        optimizer.step()
    return learned


def labelled(bank: StyleBank, kind: str) -> tuple[list[int], list[str]]:
    """Return the indices of the pictures of a bank whose label is frequent enough, and their labels."""
    labels = [None if number < 0 else str(number) for number in bank.labels[kind].tolist()]
    places = frequent(labels, LEAST)
    return places, [labels[place] or "" for place in places]


@torch.no_grad()
def neighbours(predictor: StylePredictionNetwork, bank: StyleBank) -> tuple[list[str], Tensor]:
    """Return the fractions of neighbours with the same label, as text, and the embeddings."""
    embeddings = predictor.project(bank.features)
    rows = []
    for kind in KINDS:
        places, known = labelled(bank, kind)
        found = same_label(embeddings[places].numpy(), known, COUNTS)
        rows += [f"{found[count]:.3f}" for count in COUNTS] + [f"{chance(known):.3f}"]
    return rows, embeddings


def painter(network: PasticheNetwork, predictor: StylePredictionNetwork, size: int) -> PairPainter:
    """Return a painter of pairs that uses a network with the embeddings of a predictor."""

    def tensor(image: Image) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]

    @torch.no_grad()
    def paint(pair: Pair, content: Image, style: Image) -> Painted:
        embedding = predictor(tensor(fit_short(style, size)))
        pastiche = network(tensor(content), embedding)[0].permute(1, 2, 0).clamp(0, 1).numpy()
        return Painted(np.ascontiguousarray(pastiche), 0.0)

    return paint


def evaluate(
    network: PasticheNetwork, predictor: StylePredictionNetwork, pairs: Sequence[Pair], side: int, style: int
) -> list[str]:
    """Return style share and content loss of pairs at a side, as text."""
    records = [each.record for each in evaluation.evaluate(pairs, painter(network, predictor, style), side)]
    summary = evaluation.summarise(records)
    return [f"{summary.share:.3f}", f"{summary.content_loss:,.0f}"]


def split(bank: StyleBank) -> tuple[StyleBank, StyleBank]:
    """Return the pictures to learn from, and the others.

    Raises:
        SystemExit: If too few of the others have a frequent label of a kind to count their neighbours.
    """
    held = torch.arange(len(bank.features)) % HELD_OUT == 0
    learned, others = (
        StyleBank(bank.features[part], {kind: rows[part] for kind, rows in bank.labels.items()})
        for part in (~held, held)
    )
    for kind in KINDS:
        if (count := len(labelled(others, kind)[0])) <= max(COUNTS):
            raise SystemExit(
                f"{kind}: {count} of {len(others.features)} held-out pictures have a label that {LEAST} of them share;"
                f" at least {max(COUNTS) + 1} are needed, so raise --learn-from"
            )
    return learned, others


def main(
    styles: Annotated[list[str], typer.Option(help="Shards, folders or globs of style pictures.")],
    labels: Annotated[str, typer.Option(help="Table of their labels.")],
    cache: Annotated[Path, typer.Option(help="Folder for the features.")],
    contents: Annotated[Path, typer.Option(help="Folder of photos for the scores.")],
    judged: Annotated[Path, typer.Option(help="Folder of styles for the scores.")],
    weights: Annotated[str, typer.Option(help="Weights of the contrastive term.")] = "0.01,0.03,0.1,0.3",
    steps: Annotated[int, typer.Option(help="Steps of the optimizer.", min=1)] = 600,
    rate: Annotated[float, typer.Option(help="Initial learning rate.")] = 3e-4,
    side: Annotated[int, typer.Option(help="Side of the scored squares.")] = 256,
    count: Annotated[int, typer.Option("--pairs", help="Number of scored pairs.", min=1)] = 55,
    pictures: Annotated[
        int, typer.Option("--learn-from", help="Labelled pictures, including held-out ones; 0: all.")
    ] = 0,
    model: Annotated[str | None, typer.Option(help="The model to start from.")] = None,
) -> None:
    """Print one line for each weight."""
    folder = model_folder.find(model)
    network = model_folder.load_network(folder).eval()
    predictor = network.predictor
    assert predictor is not None
    recipe = Recipe(
        semantics=SemanticsConfig(weight=1.0, labels=labels, kinds=KINDS, pictures=pictures),
        data=DataConfig(styles=tuple(styles)), optimizer=OptimizerConfig(backbone=0.0),
    )  # fmt: skip
    bank = StyleBank.of(recipe, predictor, "cpu", cache)
    assert bank is not None
    learn, held = split(bank)
    pairs = evaluation.choose(contents, judged, count)
    style_size = style_size_for(side, folder.card.style_sizes) if folder.card.style_sizes else 256
    heads = [f"{kind} at {place}" for kind in KINDS for place in (*COUNTS, "random")]
    table = Table("weight", *heads, "moved", "style share", "content loss")
    rows, first = neighbours(predictor, held)
    table.add_row("0 (as shipped)", *rows, "0", *evaluate(network, predictor, pairs, side, style_size))
    for weight in (float(text) for text in weights.split(",")):
        learned = train(predictor, learn, replace(recipe.semantics, weight=weight), steps, rate)
        rows, now = neighbours(learned, held)
        moved = float((now - first).square().sum(dim=1).mean() / first.var(dim=0).sum())
        table.add_row(f"{weight:g}", *rows, f"{moved:.3f}", *evaluate(network, learned, pairs, side, style_size))
    console = Console(width=160)
    console.print(table)
    console.print(f"{len(learn.features):,} pictures learned from, {len(held.features):,} held out")


if __name__ == "__main__":
    typer.run(main)
