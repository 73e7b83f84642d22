"""Write the gallery of a model folder: named styles with a thumbnail of each.

    python scripts/make_gallery.py src/brushwork/models/magenta-mobile --styles styles/style-*.tar

gallery.toml beside this script lists the names and their pictures in the shards (tar files of pictures). The folder
gets only embeddings and pastiches of an example photo, never a style picture. Exporting a model again omits the
gallery, so run this script afterwards.
"""

import argparse
import tarfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from brushwork import images, model_folder, stylizer
from brushwork.images import Image
from brushwork.styles import gallery
from brushwork.styles.gallery import NamedStyle
from brushwork.stylizer import Stylizer

ROOT = Path(__file__).parent.parent
QUALITY = 58


def pictures(shards: Sequence[Path], members: set[str]) -> Mapping[str, Image]:
    """Return members of the shards as images (H, W, 3) in [0, 1], by name.

    Raises:
        SystemExit: If a member is in none of the shards.
    """
    found = {}
    for shard in shards:
        with tarfile.open(shard) as tar:
            for entry in tar:
                if entry.name in members and (file := tar.extractfile(entry)):
                    found[entry.name] = images.open(file.read()).image
    if missing := members - found.keys():
        raise SystemExit(f"not in the shards: {', '.join(sorted(missing))}")
    return found


def named(
    listed: Mapping[str, Mapping[str, str]], found: Mapping[str, Image], painter: Stylizer, sizes: Sequence[int]
) -> Iterator[NamedStyle]:
    """Yield every style of the list, embedded at each size."""
    for name, style in listed.items():
        embeddings = {size: painter.embed(found[style["member"]], size)[0] for size in sizes}
        yield NamedStyle(name, style["kind"], style["about"], embeddings)


def thumbnails(photo: Image, painter: Stylizer, styles: Sequence[NamedStyle], side: int, size: int) -> Image:
    """Return a strip of pastiches (side * styles, side, 3) of the photo's square, rendered at twice the side."""
    square = images.resize(photo, (2 * side, 2 * side))
    pastiches = (painter.stylize(square, style.at(size)) for style in styles)
    return np.concatenate([images.resize(pastiche, (side, side)) for pastiche in pastiches])


def main() -> None:
    """Write both files and ``config.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument("--styles", type=Path, nargs="+", required=True, help="shards")
    parser.add_argument(
        "--list", type=Path, default=Path(__file__).with_name("gallery.toml"), help="the named styles, in TOML"
    )
    parser.add_argument("--photo", type=Path, default=ROOT / "examples" / "cat.jpg", help="content of the thumbnails")
    parser.add_argument("--side", type=int, default=144, help="side of a thumbnail in pixels")
    wanted = parser.parse_args()
    folder = model_folder.find(wanted.model)
    painter = stylizer.load(wanted.model, device="cpu", precision="f32")
    listed = tomllib.loads(wanted.list.read_text(encoding="utf-8"))
    found = pictures(wanted.styles, {style["member"] for style in listed.values()})
    styles = list(named(listed, found, painter, folder.card.gallery_sizes))
    gallery.write(folder.path, styles)
    photo = images.open(wanted.photo).image
    height, width = photo.shape[:2]
    side, left = min(height, width), (width - min(height, width)) // 2
    strip = thumbnails(
        photo[:side, left : left + side], painter, styles, wanted.side, painter.style_size_for(2 * wanted.side)
    )
    images.save(strip, folder.path / model_folder.THUMBNAILS, quality=QUALITY, overwrite=True)
    model_folder.write(folder.path, folder.card, folder.network)
    print(f"{len(styles)} styles in {folder.path}")


if __name__ == "__main__":
    main()
