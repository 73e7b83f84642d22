"""Pairs of a content and a style, and the files of their finished pastiches."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from brushwork import images, model_folder
from brushwork.errors import UserError
from brushwork.evaluation.sources import find_pictures

STRIDE = 7
# Names that programs give the pastiche of `content` and `style`; the extension may be any that can be read.
NAMES = ("{content}-{style}", "{content}_{style}", "{content}_stylized_{style}", "{content}/{style}")


@dataclass(frozen=True)
class Pair:
    """A content and a style picture."""

    content: Path
    style: Path

    @property
    def name(self) -> str:
        """The name of their pastiche, as written by `brushwork stylize --each`."""
        return f"{self.content.stem}-{self.style.stem}"


def choose(contents: Path, styles: Path, count: int = 55) -> list[Pair]:
    """Return the first `count` pairs of two folders or tars, always the same; all pairs if there are fewer.

    Pair k is content k with style 7 k, modulo their numbers, in the order of their names (2 before 10); 7 is replaced
    by the next number that is coprime to the number of styles. So the first S pairs contain each of the S styles once.
    When the pairs would repeat, the styles are shifted by one.

    Raises:
        UserError: If a folder cannot be read or contains no picture, or the count is below 1.
    """
    if count < 1:
        raise UserError(f"the number of pairs is {count}; it must be at least 1")
    photos, found = find_pictures(contents), find_pictures(styles)
    stride = next(number for number in range(STRIDE, STRIDE + len(found) + 1) if math.gcd(number, len(found)) == 1)
    again = math.lcm(len(photos), len(found))
    return [
        Pair(photos[k % len(photos)], found[(stride * k + k // again) % len(found)])
        for k in range(min(count, len(photos) * len(found)))
    ]


def find(folder: Path, pairs: Sequence[Pair]) -> dict[Pair, Path]:
    """Return the finished pastiche of each pair, found by its name (see `NAMES`).

    Raises:
        UserError: If the folder cannot be read, or a pastiche is missing, as means over other pairs are not comparable.
    """
    files: dict[str, Path] = {}
    for path in images.find(folder, recursive=True):
        files.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
    names_of = Counter(pair.name for pair in set(pairs))
    if (twice := names_of.most_common(1)) and twice[0][1] > 1:
        raise UserError(f"two pairs would have the pastiche {twice[0][0]}; rename their pictures")
    found: dict[Pair, Path] = {}
    for pair in pairs:
        names = (name.format(content=pair.content.stem, style=pair.style.stem) for name in NAMES)
        found.update((pair, files[name]) for name in names if name in files and pair not in found)
    missing = [pair.name for pair in pairs if pair not in found]
    if missing:
        raise UserError(f"{folder} lacks {len(missing)} of {len(pairs)} pastiches; the first is {missing[0]}.*")
    return found


def pastiches_in(evaluated: str | None) -> Path | None:
    """Return the folder of finished pastiches that an argument names; None if it names a model."""
    if evaluated is None or evaluated in model_folder.names():
        return None
    folder = Path(evaluated)
    return folder if folder.is_dir() and not (folder / model_folder.CONFIG).is_file() else None
