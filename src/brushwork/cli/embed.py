"""`brushwork embed`: embeds many style pictures, locally or on a cluster, and finds the nearest styles."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from brushwork.cli.groups import grouped
from brushwork.cli.options import StyleSize, given, option
from brushwork.cli.parts import PartOptions

In = Annotated[str, Argument(metavar="IN", hidden=True)]
Out = Annotated[str | None, Argument(metavar="[OUT]", hidden=True)]
Near = Annotated[Path | None, option(None, "--near", "PICTURE", "List the styles in IN that are nearest to a picture.")]
Count = Annotated[int | None, option(None, "--count", "1..", "Number of styles that --near lists; default 10.")]


@grouped
def embed(
    source: In,
    target: Out = None,
    near: Near = None,
    count: Count = None,
    style_size: StyleSize = None,
    *,
    parts: PartOptions,
) -> None:
    """Write the embeddings of style pictures as Parquet. An interrupted run is continued.

    IN is a folder, a WebDataset tar or a Parquet file, on disk or at a URL; OUT is a folder. With --near, IN is the
    output of an earlier run.

    brushwork embed paintings/ embeddings/

    brushwork embed embeddings/ --near painting.jpg
    """
    from brushwork import extras
    from brushwork.errors import UserError

    extras.require("dataset", "brushwork embed")
    from brushwork.dataset.embedding import Embedding
    from brushwork.dataset.plan import EMBEDDINGS

    if near is not None:
        from brushwork import stylizer
        from brushwork.dataset.embedding import nearest
        from brushwork.dataset.places import Place

        loaded = stylizer.load(parts.model, **given(device=parts.device, threads=parts.threads))
        for style, distance in nearest(Place(source), loaded.embed(near, style_size), **given(count=count)):
            print(f"{distance:8.3f}  {style}")
        return
    if target is None:
        raise UserError("no output; give a folder for the embeddings")
    parts.run(source, target, Embedding(style_size=style_size, model=parts.model), EMBEDDINGS)
