"""What an experiment is given, and what it returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from matplotlib.figure import Figure

from brushwork.errors import UserError
from brushwork.images import Image

# ``tiny`` shows in seconds that an experiment runs, and nothing about the claim; ``short`` has short training runs,
# minutes each on two cores; ``report`` is large enough for the claim.
Scale = Literal["tiny", "short", "report"]
SCALES: tuple[Scale, ...] = ("tiny", "short", "report")
T = TypeVar("T")
Cell: TypeAlias = str | float | int | None


@dataclass(frozen=True)
class Inputs:
    """The pictures of an experiment, as a recipe's `data` names them: folders, tars, patterns, lists.

    Attributes:
        contents, styles: What is trained on.
        new_contents, new_styles, new_textures: What is never trained on.
        show_contents, show_styles: What figures show, and what is trained where styles are chosen; else new contents
            and styles. For figures that may be passed on.
        domains: Labelled pictures in folders DOMAIN/CLASS/, or in tars with such folders.
        labels: Lines of a picture's name, a kind (``artist``, ``movement``, ``texture``) and a label, with tabs.
        model: Name or folder of the model whose embeddings are looked at; None for the default.
        inception: Weights of Inception-v3, where it is compared with MobileNet-v2, or its frozen features are used.
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

    def require(self, *names: str) -> None:
        """Check that inputs are given.

        Raises:
            UserError: If one is not; the message names its option.
        """
        for name in names:
            if not getattr(self, name):
                raise UserError(f"this experiment needs --{name.replace('_', '-')}")

    @property
    def shown(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Sources of the contents and of the styles that figures show."""
        return self.show_contents or self.new_contents, self.show_styles or self.new_styles


@dataclass(frozen=True)
class Context:
    """An experiment's inputs and surroundings.

    Attributes:
        inputs: The pictures.
        folder: Where networks are trained; an experiment that is started again goes on from there.
        scale: How large the experiment is.
        seeds: How many seeds, where an experiment repeats what depends on chance.
        say: Called with a line about what is being done.
    """

    inputs: Inputs
    folder: Path
    scale: Scale = "report"
    seeds: int = 1
    say: Callable[[str], None] = lambda line: None

    def choose(self, sizes: Mapping[str, T]) -> T:
        """Return the size of this scale; where an experiment has no short one, that of reports."""
        return sizes.get(self.scale, sizes["report"])


class Table(NamedTuple):
    """Rows of cells under named columns; a number is shown in the form of its column, or with four digits."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class Plot(NamedTuple):
    """A figure, or an image (H, W, 3) in [0, 1], the name of its file without ending, and what it shows."""

    name: str
    caption: str
    picture: Figure | Image


@dataclass(frozen=True)
class Result:
    """What an experiment found.

    Attributes:
        summary: What was found, in a sentence or two.
        numbers: Every number, as plain values.
        tables, plots: What the page shows.
        pages: Further pages that work offline: the name of the file, and its text.
        setting: The sizes and settings of the experiment, as plain values.
    """

    summary: str
    numbers: Mapping[str, Any]
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    pages: Mapping[str, str] = field(default_factory=dict)
    setting: Mapping[str, Any] = field(default_factory=dict)
