"""Linear probes of frozen Inception features, trained on plain and augmented pictures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.analysis.domains import Domains, accuracies, jitter_colors, train_probe
from brushwork.networks.backbones import build_backbone, load_pretrained

SMALLEST = 75  # side of the smallest picture that Inception takes


def load_features(path: Path) -> nn.Module:
    """Return Inception-v3 up to Mixed_6e with published weights."""
    backbone = build_backbone("inception_v3").eval()
    load_pretrained(backbone, path)
    return backbone


def features(backbone: nn.Module, pixels: Tensor) -> Tensor:
    """Return features (N, 768), averaged over each picture, of pictures (N, 3, S, S), uint8."""
    side = max(pixels.shape[-1], SMALLEST)
    with torch.no_grad():
        parts = (F.interpolate(part.float() / 255, (side, side)) for part in pixels.split(16))
        return torch.cat([backbone(part).mean(dim=(2, 3)) for part in parts])


def augmented(plain: Tensor, styled: Sequence[Tensor]) -> dict[str, list[Tensor]]:
    """Return the pictures (N, 3, S, S), uint8, by method: the plain ones, and as many variants as are styled."""
    generator = torch.Generator().manual_seed(0)

    def jittered(parts: Sequence[Tensor]) -> list[Tensor]:
        return [(jitter_colors(part.float() / 255, generator) * 255).round().to(torch.uint8) for part in parts]

    colour, both = jittered([plain] * len(styled)), jittered(styled)
    return {"none": [plain], "colour": colour, "style": list(styled), "both": both}


def fit(known: Mapping[str, Sequence[Tensor]], method: str, labels: Tensor, classes: int) -> Callable[[Tensor], Tensor]:
    """Return a probe fitted to features (N, C); variants have half of the weight, as in training with p = 0.5."""
    parts, weights = list(known["none"]), [torch.ones(len(labels))]
    if method != "none":
        parts += known[method]
        weights += [torch.full((len(labels),), 1 / len(known[method])) for _ in known[method]]
    weight = torch.cat(weights)
    return train_probe(torch.cat(parts), labels.repeat(len(parts)), weight / weight.mean(), classes)


def probe(
    backbone: nn.Module,
    domains: Domains,
    domain: str,
    styled: Tensor,
    count: int,
    seeds: int,
    test: tuple[Tensor, Tensor],
) -> dict[str, list[dict[str, float]]]:
    """Return the accuracies on the other domains of probes trained on one domain, by method and seed.

    Args:
        backbone: See `load_features`.
        domains: The pictures.
        domain: The training domain.
        styled: Styled variants (V, n, 3, S, S), uint8, of the domain's pictures.
        count: Training pictures of each class; every seed has different ones.
        seeds: Number of seeds.
        test: Indices of the test pictures, and their features.
    """
    first = int(domains.places(domain)[0])
    places = domains.choose(domain, count * seeds, 0)
    pictures = augmented(domains.pixels[places], list(styled[:, places - first]))
    known = {method: [features(backbone, part) for part in parts] for method, parts in pictures.items()}
    numbers, plain = test
    seen = domains._replace(domain=domains.domain[numbers], label=domains.label[numbers])
    scores: dict[str, list[dict[str, float]]] = {method: [] for method in known}
    for rows in torch.arange(len(places)).view(len(domains.classes), seeds, count).unbind(dim=1):
        chosen = rows.flatten()
        these = {method: [part[chosen] for part in parts] for method, parts in known.items()}
        for method in these:
            fitted = fit(these, method, domains.label[places[chosen]], len(domains.classes))
            scores[method].append(accuracies(fitted(plain).argmax(dim=1), seen, domain))
    return scores
