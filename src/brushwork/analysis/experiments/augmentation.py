"""Compares style and colour augmentation: classifiers are trained on one domain and tested on the others."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from brushwork import atomic
from brushwork.analysis.augmentation_probe import features, load_features, probe
from brushwork.analysis.augmentation_result import METHODS, describe
from brushwork.analysis.domains import Batch, Domains, accuracies, jitter_colors, read_domains, train_network
from brushwork.analysis.experiment import Context, Result
from brushwork.augment import StyleAugmentation


class Size(NamedTuple):
    """Sides of rendered and of classified pictures, steps of a run, pictures per class, styled variants."""

    rendered: int
    side: int
    steps: int
    per_class: int
    counts: Sequence[int]
    variants: int
    sweep: Sequence[tuple[float, float, float]]  # p and range of the strength
    probed: int


SIZES = {
    "tiny": Size(32, 32, 2, 2, (1, 2), 1, (), 2),
    "report": Size(
        128,
        64,
        200,
        40,
        (10, 20, 40, 80),
        2,
        ((0.25, 0.3, 1.0), (0.75, 0.3, 1.0), (0.5, 0.3, 0.6), (0.5, 1.0, 1.0)),
        10,
    ),
}
P, STRENGTH = 0.5, (0.3, 1.0)


class Pool(NamedTuple):
    """Pictures, and variants of them in random styles.

    Attributes:
        plain: (N, 3, S, S), uint8.
        styled: (V, N, 3, S, S), uint8.
    """

    plain: Tensor
    styled: Tensor

    def batch(self, method: str, p: float = P) -> Batch:
        """Return a function for training batches: each picture is a styled variant with probability p, or jittered."""

        def take(places: Tensor, generator: torch.Generator) -> Tensor:
            pixels = self.plain[places]
            if method in ("style", "both"):
                wanted = torch.rand(len(places), generator=generator) < p
                variant = torch.randint(len(self.styled), (len(places),), generator=generator)
                pixels = torch.where(wanted[:, None, None, None], self.styled[variant, places], pixels)
            values = pixels.float() / 255
            return jitter_colors(values, generator) if method in ("colour", "both") else values

        return take


def run(context: Context) -> Result:
    """Train with no, colour, style and both augmentations on every domain in turn, and test on all others.

    A picture is rendered in a few random styles once, not again in each epoch, which saves most of the time.
    """
    context.inputs.require("domains")
    size = context.choose(SIZES)
    domains = read_domains(context.inputs.domains, size.rendered)
    pools = _Pools(context, domains, size)
    seeds = range(context.seeds)
    first = _source(domains)
    # By seed first, so that an interrupted run has all methods for some seeds.
    for seed in seeds:
        for domain in sorted(domains.domains, key=lambda domain: domain != first):
            for method in METHODS:
                pools.score(domain, method, size.per_class, seed)
    main = {
        (method, domain): [pools.score(domain, method, size.per_class, seed) for seed in seeds]
        for domain in domains.domains
        for method in METHODS
    }
    counts = {
        (method, count): [pools.score(first, method, count, seed) for seed in seeds]
        for count in size.counts
        for method in ("none", "style")
    }
    sweep = {
        (p, low, high): [pools.score(first, "style", size.per_class, seed, p, (low, high)) for seed in seeds]
        for p, low, high in size.sweep
    }
    probed = _probe(context, domains, pools, size) if context.inputs.inception else {}
    setting = {
        "pictures": len(domains.label), "rendered at": size.rendered, "classified at": size.side,
        "steps of 32": size.steps, "pictures per class": size.per_class, "variants": size.variants, "p": P,
        "strength": f"{STRENGTH[0]:g} to {STRENGTH[1]:g}", "pictures per class of the probe": size.probed,
    }  # fmt: skip
    sweep[P, *STRENGTH] = main["style", first]
    return describe(domains.domains, first, {"network": main, "probe": probed}, counts, sweep, setting)


def _source(domains: Domains) -> str:
    """Return the domain of the smaller comparisons: ``photo`` if it exists."""
    return "photo" if "photo" in domains.domains else domains.domains[0]


class _Pools:
    """Rendered variants by range of strength, computed on first use, and the scores of networks trained on them."""

    def __init__(self, context: Context, domains: Domains, size: Size) -> None:
        self._context, self._domains, self._size = context, domains, size
        self._pools: dict[tuple[tuple[float, float], str], Pool] = {}
        self.plain = _shrink(domains.pixels, size.side)
        self._file = context.folder / "scores.json"
        exists = self._file.is_file()
        self._scores: dict[str, dict[str, float]] = json.loads(self._file.read_text("utf-8")) if exists else {}

    def pool(self, strength: tuple[float, float], domain: str) -> Pool:
        """Return the pictures, those of a domain with variants in random styles of a range of strengths."""
        key = strength, domain
        if key not in self._pools:
            places = self._domains.places(domain)
            painted = self.paint(strength, domain)
            styled = torch.zeros((self._size.variants, *self.plain.shape), dtype=torch.uint8)
            for variant in range(self._size.variants):
                styled[variant, places] = _shrink(painted[variant], self._size.side)
            self._pools[key] = Pool(self.plain, styled)
        return self._pools[key]

    def paint(self, strength: tuple[float, float], domain: str) -> Tensor:
        """Return variants (V, n, 3, S, S), uint8, of a domain's pictures, loaded if they are stored."""
        count = self._size.variants
        path = self._context.folder / "styled" / f"{domain}-{strength[0]:g}-{strength[1]:g}-{count}.npy"
        if not path.is_file():
            self._context.say(f"rendering {domain} at strengths {strength[0]:g} to {strength[1]:g}")
            _paint(
                path, self._domains.pixels[self._domains.places(domain)], strength, count, self._context.inputs.model
            )
        return torch.from_numpy(np.load(path))

    def score(
        self, domain: str, method: str, count: int, seed: int, p: float = P, strength: tuple[float, float] = STRENGTH
    ) -> dict[str, float]:
        """Return the accuracy on each other domain of a small network trained on one, loaded if it is stored."""
        name = f"{domain}, {method}, {count} a class, p {p:g}, strength {strength[0]:g} to {strength[1]:g}, seed {seed}"
        if name not in self._scores:
            self._scores[name] = self._train(domain, method, count, seed, p, strength)
            atomic.write_text(self._file, json.dumps(self._scores, indent=1) + "\n")
            self._context.say(f"{name}: {self._scores[name]['others']:.3f}")
        return self._scores[name]

    def _train(
        self, domain: str, method: str, count: int, seed: int, p: float, strength: tuple[float, float]
    ) -> dict[str, float]:
        domains = self._domains
        places = domains.choose(domain, count, seed)
        batch = self.pool(strength, domain).batch(method, p)
        network = train_network(places, domains.label[places], batch, len(domains.classes), self._size.steps, seed)
        with torch.no_grad():
            found = network(self.plain.float() / 255).argmax(dim=1)
        return accuracies(found, domains, domain)


def _paint(path: Path, pixels: Tensor, strength: tuple[float, float], count: int, model: str | None) -> None:
    """Write variants (V, n, 3, S, S) of pictures (n, 3, S, S), uint8, in random styles."""
    augmentation = StyleAugmentation(p=1, strength=strength, seed=0, model=model)
    painted = [
        augmentation(pixels, sample=[(variant, place) for place in range(len(pixels))]) for variant in range(count)
    ]
    with atomic.write(path) as part, part.open("xb") as file:
        np.save(file, torch.stack(painted).numpy())


def _shrink(pixels: Tensor, side: int) -> Tensor:
    small = F.interpolate(pixels.float(), (side, side), mode="bilinear", antialias=True)
    return small.round().clamp(0, 255).to(torch.uint8)


def _probe(
    context: Context, domains: Domains, pools: "_Pools", size: Size
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Return the scores of probes trained on every domain in turn."""
    backbone = load_features(cast("Path", context.inputs.inception))
    # As many test pictures of each class as training pictures, because features take most of the time.
    tested = torch.cat([domains.choose(name, size.probed * context.seeds, 100) for name in domains.domains])
    test = tested, features(backbone, domains.pixels[tested])
    scores = {}
    for domain in domains.domains:
        found = probe(backbone, domains, domain, pools.paint(STRENGTH, domain), size.probed, context.seeds, test)
        scores.update({(method, domain): each for method, each in found.items()})
        context.say(
            f"probe on {domain}: " + ", ".join(f"{method} {each[0]['others']:.3f}" for method, each in found.items())
        )
    return scores
