"""Write the distribution of styles into model folders: mean and covariance of the embeddings of style pictures.

    python scripts/make_style_distribution.py src/brushwork/models/* --styles styles/style-*.tar --count 3000

The pictures are taken evenly from the shards. The folder gets only their mean and covariance. Exporting a model again
keeps the file, which is valid as long as the embeddings stay the same.
"""

import argparse
from pathlib import Path

import numpy as np

from brushwork import images, model_folder, stylizer
from brushwork.styles.distribution import StyleDistribution
from brushwork.training.shards import find_shards, read_shard

# Short side in pixels at which the pictures are embedded, the style size of augmented pictures of 64 to 256 pixels.
SIZE = 256


def main() -> None:
    """Write the file of each folder and ``config.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="model folders")
    parser.add_argument("--styles", nargs="+", required=True, help="shards")
    parser.add_argument("--count", type=int, default=3000, help="most pictures")
    wanted = parser.parse_args()
    entries = [entry for shard in find_shards(wanted.styles) for entry in read_shard(shard)]
    step = max(1, len(entries) / wanted.count)
    chosen = [entries[int(index * step)] for index in range(min(wanted.count, len(entries)))]
    for path in wanted.models:
        folder = model_folder.find(path)
        loaded = stylizer.load(path, device="cpu", precision="f32", threads=1)
        embeddings = np.concatenate([loaded.embed(images.open(entry.read()), SIZE) for entry in chosen])
        StyleDistribution.of(embeddings).write(folder.path)
        model_folder.write(folder.path, folder.card, folder.network)
        print(f"{folder.name}: {len(embeddings)} styles, D = {embeddings.shape[1]}")


if __name__ == "__main__":
    main()
