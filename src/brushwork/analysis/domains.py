"""Pictures of the same classes in several domains (photos, paintings, sketches), and classifiers of them."""

import math
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork.analysis.pictures import read
from brushwork.errors import UserError
from brushwork.training.augmentation import NOTHING, augment, draw

# Returns a training batch (B, 3, S, S) in [0, 1] of the pictures with the given indices.
Batch = Callable[[Tensor, torch.Generator], Tensor]
BATCH = 32


class Domains(NamedTuple):
    """Labelled pictures, ordered by domain, class and name.

    Attributes:
        pixels: (N, 3, S, S), uint8.
        domain: (N,), indices of `domains`.
        label: (N,), indices of `classes`.
        domains, classes: Names, in alphabetical order.
    """

    pixels: Tensor
    domain: Tensor
    label: Tensor
    domains: list[str]
    classes: list[str]

    def places(self, domain: str) -> Tensor:
        """Return the indices of a domain's pictures."""
        return torch.nonzero(self.domain == self.domains.index(domain))[:, 0]

    def choose(self, domain: str, count: int, seed: int) -> Tensor:
        """Return the indices of `count` pictures of each class of a domain, which the seed selects."""
        generator = torch.Generator().manual_seed(seed)
        chosen = []
        for each in range(len(self.classes)):
            places = torch.nonzero((self.domain == self.domains.index(domain)) & (self.label == each))[:, 0]
            chosen.append(places[torch.randperm(len(places), generator=generator)[:count]])
        return torch.cat(chosen)


def read_domains(source: Sequence[str], side: int) -> Domains:
    """Return the central squares of pictures in folders, or in folders of tars, ``DOMAIN/CLASS/``.

    Raises:
        UserError: If there are fewer than two domains or two classes.
    """
    found = sorted(read(source, side), key=lambda named: PurePosixPath(named.name).parts[-3:])
    names = [PurePosixPath(named.name).parts[-3:-1] for named in found]
    domains, classes = (sorted({name[place] for name in names if len(name) == 2}) for place in (0, 1))
    if min(len(domains), len(classes)) < 2:
        raise UserError("the pictures must be in folders DOMAIN/CLASS/, two or more of each")
    middle = draw(1, torch.Generator()).expand(len(found), -1)
    squares = augment([named.pixels for named in found], side, NOTHING, middle, "cpu")
    return Domains(
        (squares * 255).round().to(torch.uint8),
        torch.tensor([domains.index(domain) for domain, _ in names]),
        torch.tensor([classes.index(label) for _, label in names]),
        domains,
        classes,
    )


def accuracies(found: Tensor, domains: Domains, source: str) -> dict[str, float]:
    """Return the accuracy on each other domain, and their mean as ``others``."""
    right = (found == domains.label).float()
    scores = {name: float(right[domains.places(name)].mean()) for name in domains.domains if name != source}
    return {**scores, "others": sum(scores.values()) / len(scores)}


def small_network(classes: int) -> nn.Sequential:
    """Return a small convolutional network: pictures (B, 3, S, S) in [0, 1] -> logits (B, classes)."""

    def block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]

    pool = nn.MaxPool2d(2)
    layers = [*block(3, 16, 5, 2), pool, *block(16, 32), pool, *block(32, 64), pool, *block(64, 96)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, classes))


def train_network(places: Tensor, labels: Tensor, batch: Batch, classes: int, steps: int, seed: int) -> nn.Sequential:
    """Train a small network from scratch (AdamW, one cycle), with random flips and shifts of up to an eighth.

    Args:
        places: Indices of the training pictures (N,).
        labels: Their labels (N,).
        batch: Returns the pictures with the given indices.
        classes: Number of classes.
        steps: Number of steps of 32 pictures.
        seed: Seed of the initial weights, the order and the augmentation.
    """
    torch.manual_seed(seed)
    network, generator = small_network(classes), torch.Generator().manual_seed(seed + 1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    order = torch.cat(
        [torch.randperm(len(places), generator=generator) for _ in range(-(-steps * BATCH // len(places)))]
    )
    for step in range(steps):
        chosen = order[step * BATCH : (step + 1) * BATCH]
        pixels = shift_and_flip(batch(places[chosen], generator), generator)
        optimizer.zero_grad()
        F.cross_entropy(network(pixels), labels[chosen], label_smoothing=0.1).backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def shift_and_flip(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return pictures (B, 3, S, S), each shifted by up to an eighth of its side, and half of them flipped."""
    side = pixels.shape[-1]
    reach = side // 8
    padded = F.pad(pixels, [reach] * 4, mode="reflect")
    tops, lefts = torch.randint(2 * reach + 1, (2, len(pixels)), generator=generator).tolist()
    flipped = (torch.rand(len(pixels), generator=generator) < 0.5).tolist()
    shifted = [
        padded[n, :, top : top + side, left : left + side]
        for n, (top, left) in enumerate(zip(tops, lefts, strict=True))
    ]
    return torch.stack([each.flip(-1) if flip else each for each, flip in zip(shifted, flipped, strict=True)])


def jitter_colors(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return pictures (B, 3, S, S) in [0, 1] with brightness, contrast and saturation times 0.6 to 1.4, hue ± 0.1.

    This is torchvision's `ColorJitter(0.4, 0.4, 0.4, 0.1)`, except that the hue is rotated in YIQ.
    """
    count = len(pixels)
    brightness, contrast, saturation = (0.6 + 0.8 * torch.rand((3, count, 1, 1, 1), generator=generator)).unbind()
    angle = 2 * math.pi * (0.2 * torch.rand((count, 1, 1), generator=generator) - 0.1)
    pixels = (pixels * brightness).clamp(0, 1)
    mean = _grey(pixels).mean(dim=(2, 3), keepdim=True)
    pixels = (mean + contrast * (pixels - mean)).clamp(0, 1)
    grey = _grey(pixels)
    pixels = (grey + saturation * (pixels - grey)).clamp(0, 1)
    to_yiq = torch.tensor([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    yiq = torch.einsum("ij,bjhw->bihw", to_yiq, pixels)
    i, q = yiq[:, 1], yiq[:, 2]
    turned = torch.stack([yiq[:, 0], angle.cos() * i - angle.sin() * q, angle.sin() * i + angle.cos() * q], dim=1)
    return torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_yiq), turned).clamp(0, 1)


def _grey(pixels: Tensor) -> Tensor:
    return (pixels * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1, keepdim=True)


def train_probe(features: Tensor, labels: Tensor, weights: Tensor, classes: int) -> Callable[[Tensor], Tensor]:
    """Return a linear classifier of features (N, C): logistic regression, standardised, with a small L2 penalty.

    Args:
        features: (N, C).
        labels: (N,).
        weights: Weight of each row, (N,), mean 1.
        classes: Number of classes.
    """
    mean, deviation = features.mean(dim=0), features.std(dim=0) + 1e-6
    rows = (features - mean) / deviation
    matrix = torch.zeros(features.shape[1] + 1, classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([matrix], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        losses = F.cross_entropy(rows @ matrix[1:] + matrix[0], labels, reduction="none")
        total = (weights * losses).mean() + 1e-2 * (matrix[1:] ** 2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    fitted = matrix.detach()
    return lambda given: ((given - mean) / deviation) @ fitted[1:] + fitted[0]
