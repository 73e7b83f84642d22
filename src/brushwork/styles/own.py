"""The user's own styles: one file each in the user's data folder, known by name wherever a style is asked for."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from platformdirs import user_data_path

from brushwork import atomic
from brushwork.errors import UserError, in_one_line, unknown
from brushwork.runtime import Array
from brushwork.styles import own_file
from brushwork.styles.gallery import NamedStyle
from brushwork.styles.own_file import ENDING, KIND, Origin, OwnFile

# Embeds a kept picture (H, W, 3) in [0, 1] at a style size; returns (1, D).
Predict = Callable[[Array, int], Array]
# Names the folder of the user's data in place of the system's.
VARIABLE = "BRUSHWORK_DATA"


@dataclass(frozen=True)
class OwnStyle(NamedStyle):
    """A style of the user's.

    Attributes:
        origin: Where it came from.
        predict: Embeds its kept pictures, where it was made for another model.
    """

    origin: tuple[Origin, ...] = ()
    predict: Predict | None = None
    predicted: dict[int, Array] = field(default_factory=dict, compare=False, repr=False)

    def at(self, size: int) -> Array:
        """The embedding (1, D) at a style size, see `NamedStyle.at`; of another model's style predicted anew, once."""
        if self.predict is None:
            return super().at(size)
        if size not in self.predicted:
            rows = [each.weight * self.predict(picture, size) for each in self.origin for picture in each.opened]
            self.predicted[size] = np.sum(rows, axis=0, dtype=np.float32)
        return self.predicted[size]

    @property
    def thumbnail(self) -> Pillow.Image | None:
        """A square of the picture that weighs most; None where no picture was kept."""
        kept = [each for each in self.origin if each.picture]
        return max(kept, key=lambda each: each.weight).square() if kept else None


def data_folder() -> Path:
    """The folder of own styles: below ``$BRUSHWORK_DATA``, else below the system's folder for a user's data."""
    base = os.environ.get(VARIABLE)
    return (Path(base) if base else user_data_path("brushwork", appauthor=False)) / "styles"


class OwnStyles:
    """The own styles in a folder, as a model sees them; files that others write meanwhile are noticed.

    Args:
        digests: Returns the digests whose styles the model takes: of its style prediction network, see
            `own_file.digest_of`, and of all its weights.
        predict: Embeds a kept picture of a style that was made for another model; None where no model is loaded.
        folder: Where they lie; None for the user's, see `data_folder`.
    """

    def __init__(
        self, digests: Callable[[], Collection[str]], predict: Predict | None = None, folder: Path | None = None
    ) -> None:
        self._digests, self._predict = digests, predict
        self._folder = folder
        self._seen: dict[Path, tuple[tuple[int, int], OwnFile | str]] = {}

    def read(self) -> tuple[Mapping[str, OwnStyle], Mapping[str, str]]:
        """Return name -> style in the order of names, and name -> why it cannot be used."""
        styles: dict[str, OwnStyle] = {}
        refused: dict[str, str] = {}
        seen, self._seen = self._seen, {}
        for path in list_files(self._folder or data_folder()):
            try:
                status = path.stat()
            except OSError:  # removed meanwhile
                continue
            stamp = status.st_mtime_ns, status.st_size
            kept = seen.get(path)
            found = kept[1] if kept and kept[0] == stamp else _read(path)
            self._seen[path] = stamp, found
            style = found if isinstance(found, str) else self._fitted(path.stem, found)
            if isinstance(style, str):
                refused[path.stem] = style
            else:
                styles[path.stem] = style
        return styles, refused

    def _fitted(self, name: str, own: OwnFile) -> OwnStyle | str:
        """The style for the model; in words why there is none."""
        style = OwnStyle(name, KIND, own.about, own.embeddings, origin=own.origin)
        if own.digest in self._digests():
            return style
        made_for = f"style {name!r} was made for the model {own.model}"
        if any(each.picture is None for each in own.origin):
            return f"{made_for}, and its picture was not kept; add it again for this model"
        notice = f"{made_for}; it is embedded anew from its kept thumbnail"
        return replace(style, predict=self._predict or _without_model, notices=(notice,))


def _without_model(picture: Array, size: int) -> Array:
    raise UserError("a style of another model is embedded by a loaded model only")


def _read(path: Path) -> OwnFile | str:
    try:
        return own_file.read(path)
    except UserError as error:
        return in_one_line(error)


def list_files(folder: Path) -> list[Path]:
    """Return the files of own styles in a folder, by name; empty where there is no folder."""
    return sorted(path for path in folder.glob(f"*{ENDING}") if not path.name.startswith("."))


def save(name: str, own: OwnFile, *, overwrite: bool = False) -> Path:
    """Write an own style into the user's data folder and return the file.

    Raises:
        UserError: If the name cannot be one, or is taken and may not be replaced.
    """
    check_free(name, overwrite=overwrite)
    path = data_folder() / f"{name}{ENDING}"
    own_file.write(path, own, overwrite=overwrite)
    return path


def check_free(name: str, *, overwrite: bool = False) -> None:
    """Raises `UserError` where an own style cannot have a name, or another has it and may not be replaced."""
    own_file.check_name(name)
    taken = _same_name(name)
    if taken and not (overwrite and taken == name):
        raise UserError(f"there is an own style {taken!r}; use --overwrite to replace it, or remove it first")


def path_of(name: str) -> Path:
    """Return the file of an own style.

    Raises:
        UserError: If there is none of that name; the message has the nearest.
    """
    files = {path.stem: path for path in list_files(data_folder())}
    if name not in files:
        raise UserError(unknown("own style", name, files) if files else "there are no own styles yet; see styles add")
    return files[name]


def remove(names: Sequence[str]) -> None:
    """Remove own styles, all or none.

    Raises:
        UserError: If there is no own style of a name.
    """
    for path in [path_of(name) for name in names]:
        path.unlink(missing_ok=True)


def rename(old: str, new: str) -> None:
    """Give an own style another name.

    Raises:
        UserError: If there is no such style, or the new name cannot be one or is taken.
    """
    source = path_of(old)
    own_file.check_name(new)
    taken = _same_name(new)
    if taken and taken != old:  # another spelling of the old name is none of another style
        raise UserError(f"there is an own style {taken!r}; remove it first")
    if new == old:
        return
    target = source.with_name(f"{new}{ENDING}")
    if taken:
        source.rename(target)
        return
    atomic.write_bytes(target, source.read_bytes(), overwrite=False)
    source.unlink()


def _same_name(name: str) -> str | None:
    """The own style of a name, in any case: on some systems `Barn` and `barn` are one file."""
    names = {path.stem.casefold(): path.stem for path in list_files(data_folder())}
    return names.get(name.casefold())
