"""What a recipe says: the settings of one training run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from brushwork.losses import LossWeights
from brushwork.networks import PasticheConfig
from brushwork.runtime import SMALLEST_SIDE
from brushwork.training.augmentation import CONTENT, STYLE, Augmentation
from brushwork.training.data_config import CacheConfig, DataConfig, ValidationConfig, at_least


@dataclass(frozen=True)
class InitConfig:
    """The weights that a run starts from.

    Attributes:
        model: Model folder or checkpoint; none: random weights.
        predictor: Model folder or checkpoint whose prediction network to start from, where it is not that of `model`.
        widen: How many times each channel of its style transfer network is repeated; the pastiches stay the same.
        styles: Training styles over which the statistics of a predictor that has none yet are measured.
    """

    model: str = ""
    predictor: str = ""
    widen: int = 1
    styles: int = 1500

    def __post_init__(self) -> None:
        at_least(1, self, "widen", "styles")


@dataclass(frozen=True)
class OptimizerConfig:
    """How weights move.

    Attributes:
        name: ``adam``, or ``adamw`` for decoupled weight decay.
        learning_rate: After the warm-up.
        transfer: That of the style transfer network, as a share of it; 0 freezes it.
        affine: That of the predictor's affine map, as a share of it: a map of thousands of standardised features moves
            by its fan-in, so it needs less.
        accumulate: Batches whose mean gradient makes one step.
        backbone: That of the predictor's backbone, as a share of it; 0 freezes the backbone, statistics of its batch
            norms included. A pretrained one forgets what it knows at the rate that new layers need.
        warm_up: Steps over which it rises linearly from 0.
        decay: How it falls.
        anneal: Over which fraction of the run, at its end, it falls; before that it is constant.
        floor: What it falls to, as a share of `learning_rate`.
        betas: Decay of Adam's averages of the gradient and of its square.
        clip: Norm above which gradients are scaled down; 0 leaves them.
        ema: Decay of the moving average of the weights, which is what is exported; 0 is the weights themselves.
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
        at_least(1, self, "accumulate")
        at_least(
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
                raise ValueError(f"{name} holds {decay}; a decay is at least 0 and less than 1")


@dataclass(frozen=True)
class ConsistencyConfig:
    """How much the strokes of a picture that moves must stay as they are, see `training.consistency`.

    Attributes:
        weight: Of the mean squared difference; 0 leaves it out, and costs nothing.
        motion: How far things move, as a share of the side.
        noise: Standard deviation of what is added to every pixel.
    """

    weight: float = 0.0
    motion: float = 0.03
    noise: float = 0.02

    def __post_init__(self) -> None:
        at_least(0, self, "weight", "motion", "noise")


@dataclass(frozen=True)
class SemanticsConfig:
    """How much styles of one artist, or of one movement, belong together, see `training.semantics`.

    Attributes:
        weight: Of the contrastive term; 0 leaves it out, and costs nothing.
        labels: Table of labels, see `training.labels.read_labels`; of pictures among `data.styles`.
        kinds: Kinds of labels that count, alike.
        pictures: Labelled pictures whose features are computed, once; 0 for all of them.
        batch: Of these, drawn in every step.
        temperature: Of the term: less looks at the nearest alone.
        short_side: Of the pictures as they are seen, in pixels.
    """

    weight: float = 0.0
    labels: str = ""
    kinds: tuple[str, ...] = ("artist", "movement")
    pictures: int = 0
    batch: int = 256
    temperature: float = 0.1
    short_side: int = 256

    def __post_init__(self) -> None:
        at_least(0, self, "weight", "pictures")
        at_least(2, self, "batch")
        at_least(1e-3, self, "temperature")
        at_least(SMALLEST_SIDE, self, "short_side")


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Attributes:
        steps: Steps of the whole run.
        minutes: Where it is not 0, the run ends after so many minutes, interruptions not counted, and the learning rate
            falls by the minutes. Such a run is no longer the same bit for bit each time.
        seed: Settles the start of the weights and everything that happens to the pictures.
        precision: Of the style transfer and the loss network; ``auto`` is bf16 on CUDA and on a CPU that multiplies
            it natively (AVX512_BF16, AMX), f32 elsewhere. The predictor and all sums of losses are f32.
        compile: Whether torch compiles the networks.
        pretrained: State dict of the predictor's backbone to start from, or name of a model that comes along.
        init: The weights to start from; a text is ``init.model``.
        add_style: Name of a style to add to the table network `init`: one new column learns, all else is frozen.
        teacher: Model folder or checkpoint that the network learns to repeat. Where `loss` has no weight on content
            and style, the loss network is not used at all.
        teaching: Weight of the mean squared difference of the embeddings.
        teaching_pastiche: Weight of the mean squared difference of the pastiches, of pixels in [0, 1].
        log_every, grid_every, checkpoint_every: Steps between the lines of the log, sample grids and checkpoints.
        checkpoint_minutes: Minutes after which a checkpoint is written at the latest.
        expected: What a run gave, on what, in how long. For people: the program does not read it.
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
        at_least(1, self, "steps", "log_every", "grid_every", "checkpoint_every")
        at_least(0, self, "seed", "minutes", "teaching", "teaching_pastiche", "checkpoint_minutes")
