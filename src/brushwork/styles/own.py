"""The user's own styles, stored one per file in the user's data folder and accepted by name as any style is."""

import itertools
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

# Embeds a stored picture (H, W, 3) in [0, 1] at a style size; returns (1, D).
Predict = Callable[[Array, int], Array]
# Environment variable that replaces the system's folder for user data.
VARIABLE = "BRUSHWORK_DATA"


@dataclass(frozen=True)
class OwnStyle(NamedStyle):
    """One of the user's own styles.

    Attributes:
        origin: What it was made from.
        predict: Embeds its stored pictures if the style was made for another model, else None.
    """

    origin: tuple[Origin, ...] = ()
    predict: Predict | None = None
    predicted: dict[int, Array] = field(default_factory=dict, compare=False, repr=False)

    def at(self, size: int) -> Array:
        """Return the embedding (1, D) at a style size; a style of another model is embedded again on first use."""
        if self.predict is None:
            return super().at(size)
        if size not in self.predicted:
            rows = [each.weight * self.predict(picture, size) for each in self.origin for picture in each.opened]
            self.predicted[size] = np.sum(rows, axis=0, dtype=np.float32)
        return self.predicted[size]

    @property
    def thumbnail(self) -> Pillow.Image | None:
        """Return a square crop of the picture with the highest weight; None if no picture was stored."""
        kept = [each for each in self.origin if each.picture]
        return max(kept, key=lambda each: each.weight).square() if kept else None


def data_folder() -> Path:
    """Return the folder of own styles, in ``$BRUSHWORK_DATA`` or else in the system's folder for user data."""
    base = os.environ.get(VARIABLE)
    return (Path(base) if base else user_data_path("brushwork", appauthor=False)) / "styles"


class OwnStyles:
    """The own styles in a folder, prepared for one model; changes to the files are picked up.

    Args:
        digests: Returns the digests that fit the model: that of its style prediction network
            (`own_file.digest_of`) and that of all its weights.
        predict: Embeds a stored picture of a style that was made for another model; None if no model is loaded.
        folder: Folder of the files; None for `data_folder`.
        model: Name of the model, for messages.
        size: D of the model, which no embedding of the model is shorter than; None if it is unknown.
    """

    def __init__(
        self,
        digests: Callable[[], Collection[str]],
        predict: Predict | None = None,
        folder: Path | None = None,
        *,
        model: str = "",
        size: int | None = None,
    ) -> None:
        self._digests, self._predict, self._model, self._size = digests, predict, model, size or 0
        self._folder = folder
        self._seen: dict[Path, tuple[tuple[int, int], OwnStyle | str]] = {}

    def read(self) -> tuple[Mapping[str, OwnStyle], Mapping[str, str]]:
        """Return name -> style, sorted by name, and name -> reason why a style cannot be used."""
        styles: dict[str, OwnStyle] = {}
        refused: dict[str, str] = {}
        seen: dict[Path, tuple[tuple[int, int], OwnStyle | str]] = {}
        for path in list_files(self._folder or data_folder()):
            try:
                status = path.stat()
            except OSError:  # removed since the folder was listed
                continue
            stamp = status.st_mtime_ns, status.st_size
            kept = self._seen.get(path)
            # A style that is kept is not embedded again for every use.
            style = kept[1] if kept and kept[0] == stamp else self._fitted(path.stem, _read(path))
            seen[path] = stamp, style
            if isinstance(style, str):
                refused[path.stem] = style
            else:
                styles[path.stem] = style
        self._seen = seen
        return styles, refused

    def _fitted(self, name: str, own: OwnFile | str) -> OwnStyle | str:
        """Return the style for the model, or the reason why it cannot be used."""
        if isinstance(own, str):
            return own
        style = OwnStyle(name, KIND, own.about, own.embeddings, origin=own.origin)
        if own.digest in self._digests():
            given = len(next(iter(own.embeddings.values())))
            short = f"style {name!r} has {given} numbers, those of the model {own.model} have at least {self._size}"
            return style if given >= self._size else short
        other = "other weights of " if own.model == self._model else ""  # as with --detail, or of an earlier version
        made_for = f"style {name!r} was made for {other}the model {own.model}"
        if any(each.picture is None for each in own.origin):
            return f"{made_for} and stores no picture; add it again for this model"
        notice = f"{made_for}; it is embedded again from its stored thumbnail"
        return replace(style, predict=self._predict or _without_model, notices=(notice,))


def _without_model(picture: Array, size: int) -> Array:
    raise UserError("embedding a style of another model requires a loaded model")


def _read(path: Path) -> OwnFile | str:
    try:
        return own_file.read(path)
    except UserError as error:
        return in_one_line(error)


def list_files(folder: Path) -> list[Path]:
    """Return the files of own styles in a folder, sorted by name; empty if the folder does not exist."""
    return sorted(path for path in folder.glob(f"*{ENDING}") if not path.name.startswith("."))


def save(name: str, own: OwnFile, *, overwrite: bool = False) -> Path:
    """Write an own style into the user's data folder and return the file.

    Raises:
        UserError: If the name is invalid, or the style exists and may not be overwritten.
    """
    check_free(name, overwrite=overwrite)
    path = data_folder() / f"{name}{ENDING}"
    own_file.write(path, own, overwrite=overwrite)
    return path


def save_learned(name: str, own: OwnFile, *, overwrite: bool = False) -> Path:
    """Write an own style that took minutes to make; if that fails, write it into the current folder.

    Raises:
        UserError: If it could not be written as `save` does; the message names the file that holds it.
    """
    try:
        return save(name, own, overwrite=overwrite)
    except (UserError, OSError) as error:
        names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
        free = (Path(f"{each}{ENDING}") for each in names if not _same_name(each))  # `import` takes the file's name
        aside = next(path for path in free if not os.path.lexists(path))
        own_file.write(aside, own)
        raise UserError(
            f"{in_one_line(error)}; the style is in {aside} instead: brushwork styles import {aside}"
        ) from None


def check_free(name: str, *, overwrite: bool = False) -> None:
    """Check that a name is valid and free, or may be overwritten.

    Raises:
        UserError: If it is not.
    """
    own_file.check_name(name)
    taken = _same_name(name)
    if taken and not (overwrite and taken == name):
        raise UserError(f"own style {taken!r} exists; use --overwrite to replace it, or remove it first")


def path_of(name: str) -> Path:
    """Return the file of an own style.

    Raises:
        UserError: If no own style has that name; the message suggests the nearest.
    """
    files = {path.stem: path for path in list_files(data_folder())}
    if name not in files:
        raise UserError(unknown("own style", name, files) if files else "no own styles yet; see brushwork styles add")
    return files[name]


def remove(names: Sequence[str]) -> None:
    """Remove own styles: all of them or, after an error, none.

    Raises:
        UserError: If no own style has one of the names.
    """
    for path in [path_of(name) for name in names]:
        path.unlink(missing_ok=True)


def rename(old: str, new: str) -> None:
    """Rename an own style.

    Raises:
        UserError: If the style does not exist, or the new name is invalid or taken.
    """
    source = path_of(old)
    own_file.check_name(new)
    taken = _same_name(new)
    if taken and taken != old:  # changing only the case of a name is allowed
        raise UserError(f"own style {taken!r} exists; remove it first")
    if new == old:
        return
    target = source.with_name(f"{new}{ENDING}")
    if taken:
        source.rename(target)
        return
    atomic.write_bytes(target, source.read_bytes(), overwrite=False)
    source.unlink()


def _same_name(name: str) -> str | None:
    """Return the existing own style with this name in any case: on some systems `Barn` and `barn` are one file."""
    names = {path.stem.casefold(): path.stem for path in list_files(data_folder())}
    return names.get(name.casefold())
