"""The settings of a training run, which a recipe states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from brushwork.losses import LossWeights
from brushwork.losses.stripes import WINDOW
from brushwork.networks import PasticheConfig
from brushwork.runtime import SMALLEST_SIDE
from brushwork.training.augmentation import CONTENT, STYLE, Augmentation
from brushwork.training.data_config import CacheConfig, DataConfig, ValidationConfig, require_at_least


@dataclass(frozen=True)
class InitConfig:
    """The weights that a run starts from.

    Attributes:
        model: Model folder or checkpoint; random weights if empty.
        predictor: Model folder or checkpoint of another style prediction network to start from; that of `model` if
            empty.
        widen: Number of copies of each channel of the style transfer network; the pastiches stay the same.
        styles: Number of training styles from which the statistics of a predictor without statistics are measured.
    """

    model: str = ""
    predictor: str = ""
    widen: int = 1
    styles: int = 1500

    def __post_init__(self) -> None:
        require_at_least(1, self, "widen", "styles")


@dataclass(frozen=True)
class OptimizerConfig:
    """Settings of the optimizer and its learning rate.

    Attributes:
        name: ``adam``, or ``adamw`` for decoupled weight decay.
        learning_rate: Learning rate after the warm-up.
        transfer: Factor of the learning rate for the style transfer network; 0 freezes it.
        affine: Factor of the learning rate for the predictor's affine map. A map of thousands of standardised features
            changes its output in proportion to its fan-in, so it needs a smaller one.
        accumulate: Number of batches whose mean gradient makes one step.
        backbone: Factor of the learning rate for the predictor's backbone; 0 freezes it, with the statistics of its
            batch norms. A pretrained backbone loses its features at the rate that new layers need.
        warm_up: Number of steps over which the learning rate rises linearly from 0.
        decay: Form of its decay.
        anneal: Fraction of the run, at its end, over which it decays; it is constant before.
        floor: Final learning rate as a fraction of `learning_rate`.
        betas: Decay of Adam's averages of the gradient and of its square.
        weight_decay: Weight decay.
        clip: Norm above which gradients are scaled down; 0 leaves them unchanged.
        ema: Decay of the moving average of the weights, which is exported; 0 exports the weights themselves.
    """

    name: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 1e-3
    transfer: float = 1.0
    affine: float = 1.0
    accumulate: int = 1
    backbone: float = 1.0
    warm_up: int = 100
    decay: Literal["constant", "linear", "cosine"] = "linear"
    anneal: float = 1.0
    floor: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    clip: float = 10.0
    ema: float = 0.999

    def __post_init__(self) -> None:
        require_at_least(1, self, "accumulate")
        require_at_least(
            0,
            self,
            "anneal",
            "transfer",
            "affine",
            "learning_rate",
            "backbone",
            "warm_up",
            "floor",
            "weight_decay",
            "clip",
            "ema",
        )
        for name, decay in (*(("betas", beta) for beta in self.betas), ("ema", self.ema)):
            if not 0 <= decay < 1:
                raise ValueError(f"{name} holds {decay}; a decay must be at least 0 and less than 1")


@dataclass(frozen=True)
class ConsistencyConfig:
    """Settings of the consistency term, which keeps the strokes of a moving picture; see `training.consistency`.

    Attributes:
        weight: Weight of the mean squared difference; 0 omits the term.
        motion: Largest motion as a fraction of the side.
        noise: Standard deviation of the noise that is added to every pixel.
    """

    weight: float = 0.0
    motion: float = 0.03
    noise: float = 0.02

    def __post_init__(self) -> None:
        require_at_least(0, self, "weight", "motion", "noise")


@dataclass(frozen=True)
class SemanticsConfig:
    """Settings of the semantic term, which brings styles of an artist or a movement together; see `training.semantics`.

    Attributes:
        weight: Weight of the contrastive term; 0 omits the term.
        labels: Table of labels of pictures among `data.styles`, see `training.labels.read_labels`.
        kinds: Kinds of labels that are used, with equal weights.
        pictures: Number of labelled pictures whose features are computed, once; 0 for all of them.
        batch: Number of these pictures that every step draws.
        temperature: Temperature of the term; lower values consider only the nearest pictures.
        short_side: Short side in pixels at which the pictures are embedded.
    """

    weight: float = 0.0
    labels: str = ""
    kinds: tuple[str, ...] = ("artist", "movement")
    pictures: int = 0
    batch: int = 256
    temperature: float = 0.1
    short_side: int = 256

    def __post_init__(self) -> None:
        require_at_least(0, self, "weight", "pictures")
        require_at_least(2, self, "batch")
        require_at_least(1e-3, self, "temperature")
        require_at_least(SMALLEST_SIDE, self, "short_side")


@dataclass(frozen=True)
class Recipe:
    """The settings of a training run.

    Attributes:
        steps: Number of steps of the run.
        minutes: If not 0, the run ends after this many minutes, interruptions not counted, and the learning rate decays
            by the minutes. Such a run cannot be repeated bit for bit.
        seed: Seed of the initial weights and of all random choices.
        precision: Precision of the style transfer network and the loss network; ``auto`` is bf16 on CUDA and on CPUs
            that multiply it natively (AVX512_BF16, AMX), and f32 elsewhere. The predictor and all sums of losses are
            f32.
        compile: Whether torch compiles the networks.
        pretrained: State dict from which the predictor's backbone starts, or name of a shipped model.
        init: The weights to start from; a string is ``init.model``.
        add_style: Name of a style to add to the table network `init`: one new column is trained, all else is frozen.
        teacher: Model folder or checkpoint whose outputs the network learns to reproduce. The loss network is not used
            if `loss` has no weight on content and style.
        teaching: Weight of the mean squared difference of the embeddings.
        teaching_pastiche: Weight of the mean squared difference of the pastiches, of pixels in [0, 1].
        log_every, grid_every, checkpoint_every: Steps between lines of the log, sample grids and checkpoints.
        checkpoint_minutes: Longest time in minutes between two checkpoints.
        network, data, cache, validation, loss, consistency, semantics, optimizer: The tables of the recipe.
        content_augmentation, style_augmentation: Augmentation of contents and of styles.
        expected: Results of a run, its machine and its time, for readers; the program ignores it.
    """

    steps: int = 10_000
    minutes: float = 0.0
    seed: int = 0
    precision: Literal["auto", "f32", "bf16"] = "auto"
    compile: bool = False
    pretrained: str = ""
    init: InitConfig = field(default_factory=InitConfig)
    add_style: str = ""
    teacher: str = ""
    teaching: float = 1.0
    teaching_pastiche: float = 0.0
    log_every: int = 50
    grid_every: int = 500
    checkpoint_every: int = 500
    checkpoint_minutes: float = 5.0
    network: PasticheConfig = field(default_factory=PasticheConfig)
    data: DataConfig = field(default_factory=DataConfig)
    cache: CacheConfig = field(default_factory=CacheConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)
    content_augmentation: Augmentation = CONTENT
    style_augmentation: Augmentation = STYLE
    loss: LossWeights = field(default_factory=LossWeights)
    consistency: ConsistencyConfig = field(default_factory=ConsistencyConfig)
    semantics: SemanticsConfig = field(default_factory=SemanticsConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    expected: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_at_least(1, self, "steps", "log_every", "grid_every", "checkpoint_every")
        require_at_least(0, self, "seed", "minutes", "teaching", "teaching_pastiche", "checkpoint_minutes")
        smallest = min(self.data.content_sides)
        if (self.loss.grid or self.loss.stripes) and smallest < WINDOW:
            raise ValueError(
                f"data.content_sides holds {smallest}; loss.grid and loss.stripes need sides of {WINDOW} pixels or more"
            )
