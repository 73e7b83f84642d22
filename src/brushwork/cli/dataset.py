"""`brushwork dataset`: stylises whole data sets in random or given styles, locally or on a cluster."""

from typing import Annotated

from typer import Argument

from brushwork.cli.groups import grouped
from brushwork.cli.options import given, option
from brushwork.cli.parts import PartOptions

In = Annotated[str, Argument(metavar="IN", hidden=True)]
Out = Annotated[str, Argument(metavar="OUT", hidden=True)]
Styles = Annotated[
    list[str] | None,
    option(None, "--styles", "random|STYLE|FOLDER", "Styles to draw from: random, names, pictures or folders."),
]
PerImage = Annotated[int | None, option(None, "--per-image", "1..", "Pastiches per picture; default 1.")]
StrengthRange = Annotated[
    str | None, option(None, "--strength", "LOW,HIGH", "Range of the strength, or one number, in 0..1; default 1.")
]
Seed = Annotated[int | None, option(None, "--seed", "0..", "Seed of the draws; default 0.")]
TextureOnly = Annotated[bool, option(None, "--texture-only", "", "Keep the pictures' colours.")]
MaxSize = Annotated[int | None, option(None, "--size", "16..100000", "Limit of the long side in pixels.")]
Format = Annotated[
    str | None, option(None, "--format", "folder|tar|parquet", "Output format; default: that of each input part.")
]
Quality = Annotated[int | None, option(None, "--quality", "1..100", "Quality of JPEG, WebP and AVIF.")]


@grouped
def dataset(
    source: In,
    target: Out,
    styles: Styles = None,
    per_image: PerImage = None,
    strength: StrengthRange = None,
    seed: Seed = None,
    texture_only: TextureOnly = False,
    size: MaxSize = None,
    kind: Format = None,
    quality: Quality = None,
    *,
    parts: PartOptions,
) -> None:
    """Stylise a whole data set, with styles drawn for each picture. An interrupted run is continued.

    IN and OUT are folders, WebDataset tars or Parquet files, on disk or at a URL such as s3://bucket/folder.
    Names, classes and splits are preserved, label files are copied, and manifest.parquet lists what was drawn.

    brushwork dataset photos/ stylised/ --styles random --per-image 4

    brushwork dataset s3://bucket/train s3://bucket/stylised --styles paintings/ --ray auto
    """
    from brushwork import extras

    extras.require("dataset", "brushwork dataset")
    from brushwork.cli.parts import parse_range
    from brushwork.dataset.plan import MANIFEST
    from brushwork.dataset.stylizing import Stylizing

    values = given(
        styles=tuple(styles) if styles else None, per_image=per_image, seed=seed, size=size, kind=kind,
        model=parts.model, quality=quality, strength=parse_range(strength) if strength else None,
    )  # fmt: skip
    parts.run(source, target, Stylizing(texture_only=texture_only, **values), MANIFEST)
