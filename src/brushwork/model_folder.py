"""Finds, reads, verifies and writes model folders, and rebuilds their networks."""

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
# Default model for videos and the camera: several frames per second on two cores.
FAST_MODEL = "brushwork-mobile"

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
# Second set of weights of the style transfer network; see brushwork.model_detail.
STYLE_WEIGHTS = "model-style.safetensors"
TRANSFER = "transfer.onnx"
PREDICTOR = "predictor.onnx"
STATISTICS = "transfer-statistics.onnx"
REGIONS = "transfer-regions.onnx"
GALLERY = "gallery.json"
THUMBNAILS = "gallery.webp"
# Mean and covariance of style embeddings, from which random styles are drawn; see brushwork.styles.distribution.
STYLE_DISTRIBUTION = "style-distribution.npz"
# Word map; see brushwork.styles.word_map.
WORDS = "words.npz"
FORMAT = 1


class ModelError(UserError):
    """A model cannot be used; the message is one line for the user."""


@dataclass(frozen=True)
class ModelCard:
    """Facts about a model for its users; docs/guide/models.md lists those that a shipped model must state.

    Attributes:
        title: Title.
        licence: SPDX identifier of the weights' licence.
        source: Who trained it.
        about: What it is good for, in one line.
        style_size: Short side in pixels at which the predictor sees a style if the size of the output is unknown.
        style_size_range: Useful range of that side; smaller values give finer strokes.
        style_sizes: Pairs (long side of the output, style size that measured best for it) in ascending order; empty if
            `style_size` applies to every output.
        data: Training data and their licences.
        recipe: Name of the training recipe, if known.
        hours: Hours of training, if known.
        hardware: Processor or GPU that it was trained on.
        limits: What it cannot do or does badly, one sentence each.
        measured: What the scores were measured on.
        scores: Metric -> value, as `brushwork evaluate` reports them.
        peers: Other method -> the same metrics on the same pairs.
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
        """Style sizes for which a gallery holds embeddings; sizes in between are interpolated."""
        return sorted({*self.style_size_range, self.style_size, *(size for _, size in self.style_sizes)})


@dataclass(frozen=True)
class ModelFolder:
    """A model on disk, read from its ``config.json``.

    Attributes:
        path: The folder.
        card: The model's card.
        network: Fields of the `PasticheConfig` that rebuilds the network.
        sha256: File name -> SHA-256 digest.
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
        """Names of the styles in the model's table; empty if the model predicts embeddings."""
        return tuple(self.network["styles"])

    @property
    def embedding_size(self) -> int:
        """D, the length of an embedding."""
        return len(self.styles) or int(self.network["predicted_size"])

    @property
    def weights(self) -> Path:
        """The file with the only copy of the weights."""
        return self.path / WEIGHTS

    @property
    def extras(self) -> list[Path]:
        """Files that an export does not create: styles and a second set of weights."""
        names = (GALLERY, THUMBNAILS, WORDS, STYLE_DISTRIBUTION, STYLE_WEIGHTS)
        return [path for name in names if (path := self.path / name).is_file()]

    @property
    def size(self) -> int:
        """Total size of the folder's files in bytes."""
        return sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())

    def verify(self) -> None:
        """Compare every file with its digest.

        Raises:
            ModelError: If a file is missing or has changed.
        """
        for name, expected in self.sha256.items():
            try:
                with (self.path / name).open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ModelError(f"model {self.name}: cannot read {name}: {error.strerror}") from None
            if digest != expected:
                raise ModelError(f"model {self.name}: {name} is damaged: its SHA-256 differs from the one in {CONFIG}")


def names() -> list[str]:
    """Return the names of the models that ship with the package, the default first."""
    found = sorted(path.parent.name for path in MODELS.glob(f"*/{CONFIG}"))
    return sorted(found, key=lambda name: name != DEFAULT_MODEL)


def for_frames(model: str | Path | None) -> str | Path:
    """Return the model for the frames of videos and cameras: the given one or, by default, the fastest."""
    return model or FAST_MODEL


def find(model: str | Path | None = None) -> ModelFolder:
    """Return the verified model with a name or in a folder; None gives the default model.

    Raises:
        ModelError: If the model does not exist (the message suggests the nearest name) or is damaged.
    """
    model = model or DEFAULT_MODEL
    # A bare name means a shipped model first: a folder of that name in the current directory must not shadow it.
    folder = MODELS / model if str(model) in names() else Path(model)
    if not (folder / CONFIG).is_file():
        if folder.is_dir():
            raise ModelError(f"{folder} is not a model folder: it has no {CONFIG}")
        raise ModelError(unknown("model", str(model), names()))
    found = read(folder)
    found.verify()
    return found


def read(folder: Path) -> ModelFolder:
    """Read the configuration of a model folder without verifying its files.

    Raises:
        ModelError: If the configuration cannot be read or has another format.
    """
    try:
        values = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise ModelError(f"{folder} has model format {values['format']}; this version reads format {FORMAT}")
        return ModelFolder(folder, _card(values["card"]), values["network"], values["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder / CONFIG} cannot be read: {error}") from None


def read_card(path: Path) -> ModelCard:
    """Read a model card from a TOML file whose keys are the fields of `ModelCard`.

    Raises:
        ModelError: If the file cannot be read, lacks title, licence or source, or has an unknown key.
    """
    try:
        return _card(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path} is not a model card: {str(error).removeprefix('ModelCard.__init__() ')}") from None


def _card(values: Mapping[str, Any]) -> ModelCard:
    lists = {name: tuple(values[name]) for name in ("style_size_range", "limits") if name in values}
    sizes = tuple((int(painted), int(size)) for painted, size in values.get("style_sizes", ()))
    return ModelCard(**{**values, **lists, "style_sizes": sizes})


def describe(folder: ModelFolder) -> dict[str, Any]:
    """Return the card of a model as plain values."""
    default = folder.path == MODELS / DEFAULT_MODEL
    return {"name": folder.name, "default": default, "bytes": folder.size, **dataclasses.asdict(folder.card)}


def write(folder: Path, card: ModelCard, network: Mapping[str, Any]) -> None:
    """Write ``config.json`` for the files in a folder."""
    files = sorted(filter(Path.is_file, folder.iterdir()), key=lambda file: (file.name != WEIGHTS, file.name))
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.name != CONFIG}
    values = {"format": FORMAT, "card": dataclasses.asdict(card), "network": dict(network), "sha256": digests}
    (folder / CONFIG).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def load_network(folder: ModelFolder) -> PasticheNetwork:
    """Rebuild the torch network of a model folder, in float32 and evaluation mode (needs the extra ``torch``).

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
    """Return batch norm's batch counters, which a model folder omits because they are not weights."""
    return {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
