"""Names to model folders: what a folder holds, whether its weights are whole, and the network it rebuilds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brushwork.errors import UserError, unknown

if TYPE_CHECKING:
    from brushwork.networks import PasticheNetwork

MODELS = Path(__file__).parent / "models"
DEFAULT_MODEL = "brushwork"
# Default model of videos and the camera: several frames a second on two cores.
FAST_MODEL = "brushwork-mobile"

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
# A second set of weights of the style transfer network; see brushwork.model_detail.
STYLE_WEIGHTS = "model-style.safetensors"
TRANSFER = "transfer.onnx"
PREDICTOR = "predictor.onnx"
STATISTICS = "transfer-statistics.onnx"
REGIONS = "transfer-regions.onnx"
GALLERY = "gallery.json"
THUMBNAILS = "gallery.webp"
# Mean and covariance of the embeddings of styles, from which random ones are drawn; see brushwork.styles.distribution.
STYLE_DISTRIBUTION = "style-distribution.npz"
# The map from words to embeddings; see brushwork.styles.words.
WORDS = "words.npz"
FORMAT = 1


class ModelError(UserError):
    """A model that cannot be used; the message is one line for the user."""


@dataclass(frozen=True)
class ModelCard:
    """Card of a model, what its users should know; docs/guide/models.md says what a shipped one must state.

    Attributes:
        title: Title for people.
        licence: SPDX identifier of the weights' licence.
        source: Who trained it.
        about: What it is good for, a line.
        style_size: Short side, in pixels, at which the predictor sees a style where nothing says how large is painted.
        style_size_range: The useful range of that side; smaller means finer strokes.
        style_sizes: Long side of the painted image -> style size that was measured to be best for it, pairs in growing
            order; empty where `style_size` is for all.
        data: What it was trained on, and under which terms those pictures are.
        recipe: Name of the training recipe, if there is one.
        hours: Hours of training, where known.
        hardware: What it was trained on: processor or GPU.
        limits: What it cannot do, or does badly, a sentence each.
        measured: What the scores were measured on.
        scores: Measure -> value, as `brushwork evaluate` names and takes them.
        peers: Who else painted the same pairs -> the same measures.
    """

    title: str
    licence: str
    source: str
    about: str = ""
    style_size: int = 256
    style_size_range: tuple[int, int] = (128, 512)
    style_sizes: Sequence[tuple[int, int]] = ()
    data: str = ""
    recipe: str | None = None
    hours: float | None = None
    hardware: str | None = None
    limits: Sequence[str] = ()
    measured: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    peers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def gallery_sizes(self) -> list[int]:
        """The style sizes for which a gallery holds embeddings; those between them are interpolated."""
        return sorted({*self.style_size_range, self.style_size, *(size for _, size in self.style_sizes)})


@dataclass(frozen=True)
class ModelFolder:
    """A model on disk, read from its ``config.json``.

    Attributes:
        path: The folder.
        card: Its card.
        network: Fields of the `PasticheConfig` that rebuilds the network.
        sha256: File name -> digest of that file.
    """

    path: Path
    card: ModelCard
    network: Mapping[str, Any]
    sha256: Mapping[str, str]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of a table's styles; empty where the embedding is predicted."""
        return tuple(self.network["styles"])

    @property
    def embedding_size(self) -> int:
        """D, the size of an embedding."""
        return len(self.styles) or int(self.network["predicted_size"])

    @property
    def weights(self) -> Path:
        """The one copy of the weights."""
        return self.path / WEIGHTS

    @property
    def extras(self) -> list[Path]:
        """The files that no export makes: those of the styles, and a second set of weights."""
        names = (GALLERY, THUMBNAILS, WORDS, STYLE_DISTRIBUTION, STYLE_WEIGHTS)
        return [path for name in names if (path := self.path / name).is_file()]

    @property
    def size(self) -> int:
        """Bytes of all files of the folder."""
        return sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())

    def verify(self) -> None:
        """Compares every file that has a digest with it.

        Raises:
            ModelError: If a file is missing or was changed.
        """
        for name, expected in self.sha256.items():
            try:
                with (self.path / name).open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(f"model {self.name}: cannot read {name}: {error.strerror}") from None
            if digest != expected:
                raise ModelError(f"model {self.name}: {name} is damaged: its sha256 is not the one in {CONFIG}")


def names() -> list[str]:
    """Names of the models that came with the package, the default first."""
    found = sorted(path.parent.name for path in MODELS.glob(f"*/{CONFIG}"))
    return sorted(found, key=lambda name: name != DEFAULT_MODEL)


def for_frames(model: str | Path | None) -> str | Path:
    """What paints the frames of videos and cameras: the model that was asked for, else the fastest."""
    return model or FAST_MODEL


def find(model: str | Path | None = None) -> ModelFolder:
    """The model of that name or folder, verified; the default where none is given.

    Raises:
        ModelError: If there is no such model (the message names the nearest), or it is damaged.
    """
    model = model or DEFAULT_MODEL
    # A bare name means a shipped model first: a folder of that name beside the user's pictures must not shadow it.
    folder = MODELS / model if str(model) in names() else Path(model)
    if not (folder / CONFIG).is_file():
        if folder.is_dir():
            raise ModelError(f"{folder} is not a model folder: it has no {CONFIG}")
        raise ModelError(unknown("model", str(model), names()))
    found = read(folder)
    found.verify()
    return found


def read(folder: Path) -> ModelFolder:
    """The model of a folder, from its configuration alone.

    Raises:
        ModelError: If the configuration is unreadable or of another format.
    """
    try:
        values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise ModelError(f"{folder} has model format {values['format']}, this brushwork reads {FORMAT}")
        return ModelFolder(folder, _card(values["card"]), values["network"], values["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / CONFIG} cannot be read: {error}") from None


def read_card(path: Path) -> ModelCard:
    """The card in a TOML file, whose keys are the fields of `ModelCard`.

    Raises:
        ModelError: If the file cannot be read, lacks title, licence or source, or has a key that a card has not.
    """
    try:
        return _card(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path} is no model card: {str(error).removeprefix('ModelCard.__init__() ')}") from None


def _card(values: Mapping[str, Any]) -> ModelCard:
    lists = {name: tuple(values[name]) for name in ("style_size_range", "limits") if name in values}
    sizes = tuple((int(painted), int(size)) for painted, size in values.get("style_sizes", ()))
    return ModelCard(**{**values, **lists, "style_sizes": sizes})


def describe(folder: ModelFolder) -> dict[str, Any]:
    """Card of a model, as plain values."""
    default = folder.path == MODELS / DEFAULT_MODEL
    return {"name": folder.name, "default": default, "bytes": folder.size, **dataclasses.asdict(folder.card)}


def write(folder: Path, card: ModelCard, network: Mapping[str, Any]) -> None:
    """Writes ``config.json`` for the files that already lie in the folder."""
    files = sorted(filter(Path.is_file, folder.iterdir()), key=lambda file: (file.name != WEIGHTS, file.name))
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.name != CONFIG}
    values = {"format": FORMAT, "card": dataclasses.asdict(card), "network": dict(network), "sha256": digests}
    (folder / CONFIG).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def load_network(folder: ModelFolder) -> PasticheNetwork:
    """The torch network of a model folder, in float32 and in evaluation mode (needs the extra ``torch``).

    Raises:
        ModelError: If the weights do not fit the configuration.
    """
    from safetensors.torch import load_file

    from brushwork.networks import PasticheConfig, PasticheNetwork

    network = PasticheNetwork(PasticheConfig(**folder.network))
    state = {key: value.float() for key, value in load_file(folder.weights).items()}
    try:
        network.load_state_dict({**counters(network), **state})
    except RuntimeError as error:
        raise ModelError(f"model {folder.name}: {str(error).splitlines()[-1].strip()}") from None
    return network.eval()


def counters(network: PasticheNetwork) -> dict[str, Any]:
    """Batch norm's counters of batches: no weights, so a model folder does not hold them."""
    return {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
