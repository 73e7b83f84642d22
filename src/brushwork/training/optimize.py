"""Optimises the pixels of a pastiche towards the content of one picture and the style of others, without training.

Gatys et al. 2016, *Image style transfer using convolutional neural networks*, with the project's loss terms, from
coarse to fine as in Gatys et al. 2017, *Controlling perceptual factors in neural style transfer*, section 6. Images
here are NumPy arrays as above the runtime: float32 (H, W, 3), sRGB, in [0, 1].
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from brushwork.errors import UserError
from brushwork.images import Image, fit, fit_short, resize
from brushwork.images.color import match_color_statistics
from brushwork.losses import LossWeights, PerceptualLoss
from brushwork.runtime.devices import find_device
from brushwork.styles.embeddings import normalized_weights
from brushwork.training.optimize_settings import OPTIMIZERS, SMALLEST_OPTIMIZED, OptimizeSettings

TINY = 1e-12
# Terms that equal pictures can have in float32, because kernels sum in different orders: at most 2.1e-7 and 3.4e-12
# were measured. A difference of one grey level everywhere gives 2 and 1e-5. A term below these limits is treated as 0.
CONTENT_ROUNDING, STYLE_ROUNDING = 1e-6, 1e-11


@dataclass(frozen=True, eq=False)
class OptimizeProgress:
    """Progress of an optimisation.

    Attributes:
        step: Steps done, over all sizes.
        steps: Number of steps, over all sizes.
        terms: The loss terms of the pastiche at its size, see `PerceptualLoss.compare`.
        share: Fraction of the untouched content's style loss that is left, the geometric mean over the layers.
        pastiche: The pastiche (H, W, 3) with the least total so far at this size; read-only.
    """

    step: int
    steps: int
    terms: Mapping[str, float]
    share: float
    pastiche: Image


def optimize(
    content: Image,
    styles: Sequence[Image],
    weights: Sequence[float] | None = None,
    settings: OptimizeSettings | None = None,
) -> Iterator[OptimizeProgress]:
    """Optimise the pixels of a pastiche, and yield a record after every step.

    Minimises ``content / 40,000 + style_weight * sum over layers of |G - G_style|^2 / |G_style|^2`` over pixels in
    [0, 1] (Gatys et al. 2016, eq. 7, with normalised terms). Every record contains the best pastiche so far, so a
    caller may stop at any of them; the last one has the result.

    Several styles are blended to one target: in each layer ``G = sum of w G_s / |G_s| / sum of w / |G_s|``, where |G_s|
    is the root mean square. It is a weighted mean, the Gram matrix of a picture in which each style covers a part.
    Weighting the matrices themselves would favour styles of high contrast, and weighting the normalised losses styles
    of low contrast: for one pair in equal parts, 185 % and 40 % of the two style losses were left, or 16 % and 82 %;
    with this target, 56 % and 64 %.

    Args:
        content: The photo (H, W, 3); sides of at least 16.
        styles: One or more pictures (h, w, 3) of any size of at least 16.
        weights: A weight for each style, scaled to sum to 1; None for equal weights.
        settings: Settings of the optimisation; None for the defaults.

    Raises:
        UserError: Before the run, if a picture is too small, weights do not fit, or torch has no such device.
        MemoryError: During the run, if there is not enough memory.
    """
    settings = settings or OptimizeSettings()
    content = fit(content, settings.size)
    for role, image in (("content", content), *(("style", style) for style in styles)):
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST_OPTIMIZED:
            raise UserError(
                f"the {role} is {width} x {height} pixels; both sides must be at least {SMALLEST_OPTIMIZED}"
            )
    if not styles:
        raise UserError("no style given; give one or more pictures")
    device = torch.device(find_device(settings.device))
    return _coarse_to_fine(content, styles, normalized_weights(weights, len(styles)).tolist(), settings, device)


def halved_sizes(height: int, width: int, coarsest: int) -> list[tuple[int, int]]:
    """Return the sizes (height, width) of the levels, from the coarsest to the full size."""
    sizes = [(height, width)]
    while max(sizes[0]) // 2 >= coarsest and min(sizes[0]) // 2 >= SMALLEST_OPTIMIZED:
        sizes.insert(0, (sizes[0][0] // 2, sizes[0][1] // 2))
    return sizes


def _coarse_to_fine(
    content: Image, styles: Sequence[Image], weights: Sequence[float], settings: OptimizeSettings, device: torch.device
) -> Iterator[OptimizeProgress]:
    """Optimise at one size after another, each from the pastiche of the previous one."""
    loss = PerceptualLoss(LossWeights(style=settings.style_weight)).to(device)
    height, width = content.shape[:2]
    sizes = halved_sizes(height, width, settings.coarsest)
    pastiche = _start(resize(content, sizes[0]), styles, weights, settings)
    with torch_memory():
        for done, size in enumerate(sizes):
            short_side = (settings.style_size or max(height, width)) * max(size) / max(height, width)
            scaled = [fit_short(style, max(SMALLEST_OPTIMIZED, round(short_side))) for style in styles]
            style_target = blend_targets([loss.style_target(to_tensor(style, device)) for style in scaled], weights)
            start, photo = to_tensor(resize(pastiche, size), device), to_tensor(resize(content, size), device)
            for progress in descend(loss, start, photo, style_target, settings):
                pastiche = progress.pastiche
                step, steps = done * settings.steps + progress.step, len(sizes) * settings.steps
                yield replace(progress, step=step, steps=steps)


def _start(content: Image, styles: Sequence[Image], weights: Sequence[float], settings: OptimizeSettings) -> Image:
    """Return the initial image at the size of a content (H, W, 3)."""
    if settings.start == "noise":
        return np.random.default_rng(settings.seed).random(content.shape, np.float32)
    if settings.start == "content":
        return content
    recolored = np.stack([match_color_statistics(content, style) for style in styles])  # (S, H, W, 3)
    mean: Image = np.average(recolored, axis=0, weights=weights).astype(np.float32)
    return mean


def descend(
    loss: PerceptualLoss, start: Tensor, content: Tensor, style_target: dict[str, Tensor], settings: OptimizeSettings
) -> Iterator[OptimizeProgress]:
    """Optimise at one size from a start towards a content, both (1, 3, H, W), and Gram matrices (1, C, C)."""
    content_target = loss.content_target(content)
    with torch.no_grad():
        untouched = _numbers(loss.compare(content, content_target, style_target))
    pixels = start.requires_grad_()
    optimizer = OPTIMIZERS[settings.optimizer](pixels)
    best: OptimizeProgress | None = None
    for step in range(1, settings.steps + 1):
        compared = loss.compare(pixels, content_target, style_target)
        terms = _numbers(compared)
        if best is None or terms["total"] < best.terms["total"]:
            best = OptimizeProgress(step, settings.steps, terms, _share(terms, untouched), _array(pixels))
        yield replace(best, step=step)
        # A step after the last evaluation would not be evaluated, and there is none to take if all terms are 0: an
        # optimizer that divides a gradient by its own size would turn rounding errors into full steps.
        if step < settings.steps and not is_reached(terms):
            total = compared["total"].sum()
            optimizer.zero_grad()
            total.backward()
            optimizer.step(total.item)
            with torch.no_grad():
                pixels.clamp_(0, 1)  # a projection; optimising a sigmoid's argument converges more slowly


@torch.no_grad()
def judge(loss: PerceptualLoss, pastiche: Tensor, content: Tensor, style_target: dict[str, Tensor]) -> OptimizeProgress:
    """Return the record of an unchanged pastiche (1, 3, H, W); see `descend`."""
    content_target = loss.content_target(content)
    untouched, terms = (_numbers(loss.compare(each, content_target, style_target)) for each in (content, pastiche))
    return OptimizeProgress(0, 0, terms, _share(terms, untouched), _array(pastiche))


def blend_targets(targets: Sequence[dict[str, Tensor]], weights: Sequence[float]) -> dict[str, Tensor]:
    """Return the Gram matrices (1, C, C) by layer of a blend of styles, see `optimize`."""
    blended = {}
    for layer in targets[0]:
        grams = torch.cat([target[layer] for target in targets])  # (S, C, C)
        sizes = grams.square().mean(dim=(1, 2)).sqrt().clamp_min(TINY)
        scales = torch.tensor(weights, device=grams.device) / sizes
        blended[layer] = torch.einsum("s,sij->ij", scales / scales.sum(), grams)[None]
    return blended


def is_reached(terms: Mapping[str, float]) -> bool:
    """Return whether all terms are within rounding errors of 0; only a content that is its own style reaches this."""
    return terms["content"] == 0 and not any(term for name, term in terms.items() if name.startswith("style/"))


def _share(terms: Mapping[str, float], untouched: Mapping[str, float]) -> float:
    """Return the geometric mean over layers of style terms divided by the untouched content's; 1 if both are 0."""
    layers = [layer for layer in terms if layer.startswith("style/")]
    logs = [math.log(max(terms[layer], TINY) / max(untouched[layer], TINY)) for layer in layers]
    return math.exp(sum(logs) / len(logs))


def _numbers(terms: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the terms of one pastiche as numbers, transferred from the device at once; rounding errors become 0."""
    numbers = dict(zip(terms, torch.cat(list(terms.values())).tolist(), strict=True))
    layers = [name for name in terms if name.startswith("style/")]
    reached = [name for name in layers if numbers[name] < STYLE_ROUNDING]
    if numbers["content"] < CONTENT_ROUNDING:
        reached.append("content")
    numbers |= dict.fromkeys(reached, 0.0)
    return numbers | dict.fromkeys(("style", "total"), 0.0) if is_reached(numbers) else numbers


def to_tensor(image: Image, device: torch.device) -> Tensor:
    """Return a copy of an image (H, W, 3) as a tensor (1, 3, H, W)."""
    return torch.tensor(image, dtype=torch.float32).permute(2, 0, 1)[None].contiguous().to(device)


def _array(images: Tensor) -> Image:
    """Return a read-only copy of a tensor (1, 3, H, W) as an image (H, W, 3)."""
    image: Image = np.array(images.detach()[0].permute(1, 2, 0).cpu().numpy(), order="C")
    image.setflags(write=False)
    return image


@contextmanager
def torch_memory() -> Iterator[None]:
    """Turn torch's out-of-memory errors, which have no type of their own on a CPU, into MemoryError."""
    try:
        yield
    except RuntimeError as error:
        if "memory" not in str(error):
            raise
        raise MemoryError(str(error)) from error
