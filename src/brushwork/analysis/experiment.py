"""The inputs and results of experiments."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from matplotlib.figure import Figure

from brushwork.errors import UserError
from brushwork.images import Image

# ``tiny`` only shows in seconds that an experiment runs; ``short`` has short training runs, minutes each on two cores;
# ``report`` is large enough to test the claim.
Scale = Literal["tiny", "short", "report"]
SCALES: tuple[Scale, ...] = ("tiny", "short", "report")
T = TypeVar("T")
Cell: TypeAlias = str | float | int | None


@dataclass(frozen=True)
class Inputs:
    """The pictures of an experiment, as in a recipe's `data`: folders, tars, patterns and lists.

    Attributes:
        contents, styles: Pictures for training.
        new_contents, new_styles, new_textures: Pictures that are not used for training.
        show_contents, show_styles: Pictures for figures, for example with a licence that permits publication, and for
            experiments that train selected styles; new contents and styles if empty.
        domains: Labelled pictures in folders DOMAIN/CLASS/, or in tars with such folders.
        labels: Table of picture, kind (``artist``, ``movement``, ``texture``) and label, separated by tabs.
        model: Name or folder of the model whose embeddings are analysed; None for the default.
        inception: Weights of Inception-v3, for its comparison with MobileNet-v2 and for its frozen features.
        adain: Folder of a trained run of AdaIN, which is compared with `model`; None to train both for a short time.
    """

    contents: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    new_contents: tuple[str, ...] = ()
    new_styles: tuple[str, ...] = ()
    new_textures: tuple[str, ...] = ()
    show_contents: tuple[str, ...] = ()
    show_styles: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    labels: Path | None = None
    model: str | None = None
    inception: Path | None = None
    adain: Path | None = None

    def require(self, *names: str) -> None:
        """Check that inputs are given.

        Raises:
            UserError: If one is missing; the message names its option.
        """
        for name in names:
            if not getattr(self, name):
                raise UserError(f"this experiment needs --{name.replace('_', '-')}")

    @property
    def shown(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Sources of the contents and of the styles in figures."""
        return self.show_contents or self.new_contents, self.show_styles or self.new_styles


@dataclass(frozen=True)
class Context:
    """An experiment's inputs and settings.

    Attributes:
        inputs: The pictures.
        folder: Folder of trained networks and results; an experiment that is started again continues there.
        scale: Scale of the experiment.
        seeds: Number of seeds, if the experiment repeats runs.
        say: Called with a line of progress.
    """

    inputs: Inputs
    folder: Path
    scale: Scale = "report"
    seeds: int = 1
    say: Callable[[str], None] = lambda line: None

    def choose(self, sizes: Mapping[str, T]) -> T:
        """Return the size for this scale; that of reports if the experiment has no short one."""
        return sizes.get(self.scale, sizes["report"])


class Table(NamedTuple):
    """Rows of cells under named columns; see `page.format_cell` for numbers."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class Plot(NamedTuple):
    """A figure, or an image (H, W, 3) in [0, 1], the stem of its file name, and its caption."""

    name: str
    caption: str
    picture: Figure | Image


@dataclass(frozen=True)
class Result:
    """The result of an experiment.

    Attributes:
        summary: Summary in one or two sentences.
        numbers: All numbers as plain values.
        tables, plots: Tables and figures of the page.
        pages: Further pages that work offline: file name -> text.
        setting: Sizes and settings of the experiment as plain values.
    """

    summary: str
    numbers: Mapping[str, Any]
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    pages: Mapping[str, str] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)
