"""Measures styles in words: retrieval of held-out pictures, colours and contrast of pastiches, style share.

    python -m benchmarks.words --styles styles/style-*.tar --labels labels.tsv --cache words/ --contents contents/

The map is fitted to all but the held-out pictures. Everything is computed in float32.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brushwork import images, model_folder, stylizer
from brushwork.images import Image
from brushwork.images.color import oklab
from brushwork.losses import PerceptualLoss
from brushwork.runtime import Array
from brushwork.styles.adding import open_gallery
from brushwork.styles.gallery import NamedStyle
from brushwork.styles.word_map import WordMap
from brushwork.styles.words import find
from brushwork.stylizer import Stylizer
from brushwork.training import word_map
from brushwork.training.labels import by_picture, read_labels
from brushwork.training.shards import find_shards, read_shard
from brushwork.training.word_map import DescribedPictures, Matrix

Embed = Callable[[str], Array]  # returns the embedding of a style in words
HELD_OUT, SIDE = 600, 256
# Hue in Oklab, in degrees, in the middle of the colours that a word names.
HUES = {"red": 29, "orange": 58, "yellow": 105, "green": 142, "turquoise": 195, "blue": 260, "violet": 305, "pink": 0}
ASKED = {
    "contrast": ("soft, low contrast", "high contrast, bold"),
    "brightness": ("dark, night", "bright, pale"),
    "saturation": ("muted colours, grey tones", "vivid colours, colourful"),
}


def ranks(scores: NDArray[Any]) -> NDArray[np.intp]:
    """Return the number of scores (N, N) in each row above the one on the diagonal."""
    above: NDArray[np.intp] = (scores > np.diag(scores)[:, None]).sum(axis=1)
    return above


def recalls(rank: NDArray[np.intp]) -> list[float]:
    """Return the fractions of ranks below 1, 5 and 10."""
    return [round(float((rank < count).mean()), 3) for count in (1, 5, 10)]


def retrieval(fitted: WordMap, seen: DescribedPictures, held: DescribedPictures) -> dict[str, Any]:
    """Return the recall of held-out pictures by sentences drawn from their words."""
    limits, random = word_map.limits_of(seen), np.random.default_rng(1)
    groups = [word_map.groups_of(held, place, limits) for place in range(len(held.names))]
    names = dict(zip(fitted.names, fitted.moves, strict=True))
    known = [place for place, each in enumerate(groups) if each and set(held.labels[place]) & set(names)]
    real = held.embeddings[known].astype(np.float32)

    def score(labels: bool, count: int) -> list[float]:
        rows = []
        for place in known:
            asked = [label for label in held.labels[place] if labels and label in names]
            asked += word_map.draw_sentence(groups[place], count, random)
            rows.append(fitted.similarity(fitted.understand(", ".join(asked)), real))
        return recalls(ranks(np.array(rows)))

    found = {f"{count} words": score(False, count) for count in (1, 2, 4)} | {"all words": score(False, 99)}
    found |= {"labels alone (look-up)": score(True, 0), "labels and 2 words": score(True, 2)}
    found |= {"labels and all words": score(True, 99)}
    found["chance"] = [round(count / len(known), 4) for count in (1, 5, 10)]
    return {"pictures": len(known), **found}


def values_of(image: Image) -> dict[str, float]:
    """Return hue in degrees, weighted by chroma, contrast, brightness and saturation."""
    lab = oklab(image)
    a, b = lab[..., 1].mean(), lab[..., 2].mean()
    chroma = np.hypot(lab[..., 1], lab[..., 2]).mean()
    return {
        "hue": float(np.degrees(np.arctan2(b, a)) % 360), "contrast": float(lab[..., 0].std()),
        "brightness": float(lab[..., 0].mean()), "saturation": float(chroma),
    }  # fmt: skip


def colours(painter: Stylizer, embed: Embed, contents: Sequence[Image]) -> dict[str, float]:
    """Return the mean error of the hue of pastiches, and of the untouched photos."""
    errors, before = list[float](), list[float]()
    for name, hue in HUES.items():
        embedding = embed(f"{name}, vivid colours")
        for content in contents:
            for image, found in ((painter.stylize(content, embedding), errors), (content, before)):
                found.append(abs((values_of(image)["hue"] - hue + 180) % 360 - 180))
    return {"hue error": round(float(np.mean(errors)), 1), "of the photos": round(float(np.mean(before)), 1)}


def spearman(asked: Sequence[float], measured: Sequence[float]) -> float:
    """Return the rank correlation of wanted and measured values; ties get their mean rank."""
    order = [[float(np.mean(np.flatnonzero(np.sort(each) == value))) for value in each] for each in (asked, measured)]
    return round(float(np.corrcoef(order[0], order[1])[0, 1]), 3)


def levels(painter: Stylizer, embed: Embed, contents: Sequence[Image]) -> dict[str, float]:
    """Return the rank correlation of low, middle and high with the measures of pastiches, over colours and photos."""
    found = {}
    for measure, (low, high) in ASKED.items():
        asked, measured = list[float](), list[float]()
        for colour in ("blue", "brown", "green"):
            for content in contents:
                own = values_of(content)[measure]
                for level, words in ((-1, f"{colour}, {low}"), (0, colour), (1, f"{colour}, {high}")):
                    asked.append(level)
                    measured.append(values_of(painter.stylize(content, embed(words)))[measure] - own)
        found[measure] = spearman(asked, measured)
    return found


def shares(
    painter: Stylizer, fitted: WordMap, gallery: Mapping[str, NamedStyle], held: DescribedPictures, limits: Matrix,
    pictures: Sequence[tuple[int, Image]], contents: Sequence[Image],
) -> dict[str, float]:  # fmt: skip
    """Return the style shares of held-out pictures: by their words, by the nearest named styles, and predicted."""
    loss = PerceptualLoss()

    def tensor(image: Image) -> Tensor:
        return torch.tensor(np.ascontiguousarray(image)).permute(2, 0, 1)[None]

    def share(target: dict[str, Tensor], content: Image, embedding: Array) -> float:
        square = images.fit_short(content, SIDE)[:SIDE, :SIDE]
        features = loss.content_target(tensor(square))
        with torch.no_grad():
            both = [loss.compare(tensor(x), features, target) for x in (square, painter.stylize(square, embedding))]
        layers = [name for name in both[0] if name.startswith("style/")]
        return float(np.exp(np.mean([np.log(both[1][name].item() / both[0][name].item()) for name in layers])))

    rows = []
    for place, picture in pictures:
        target = loss.style_target(tensor(images.fit_short(picture, SIDE)))
        words = [group[0] for group in word_map.groups_of(held, place, limits)] + list(held.labels[place])
        understood = fitted.understand(", ".join(words))
        near = [name for name, _ in find(understood, fitted, gallery)[:5]]
        content = contents[place % len(contents)]
        named = [share(target, content, gallery[name].at(SIDE)) for name in near]
        rows.append(
            [
                share(target, content, understood.embedding),
                min(named),
                named[0],
                share(target, content, painter.embed(picture, SIDE)),
            ]
        )
    means = np.exp(np.log(np.array(rows)).mean(axis=0)).round(3).tolist()
    return dict(zip(("words", "best of five named", "nearest named", "predicted"), means, strict=True)) | {
        "pictures": len(rows)
    }


def read_pictures(styles: Sequence[str], wanted: Mapping[str, int]) -> list[tuple[int, Image]]:
    """Return the index and the image of each wanted picture in style shards."""
    return [
        (wanted[name], images.open(entry.read()).on_white)
        for shard in find_shards(list(styles))
        for entry in read_shard(shard)
        if (name := entry.name.removeprefix(f"{shard.address}/")) in wanted
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--labels", "--cache", "--contents"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--styles", nargs="+", required=True)
    parser.add_argument("--pictures", type=int, default=12, help="held-out pictures whose style share is measured")
    parser.add_argument("--photos", type=int, default=4, help="number of photos")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    options = parser.parse_args()
    painter = stylizer.load(precision="f32")
    labels = by_picture(read_labels(options.labels))
    size = model_folder.find().card.style_size
    described = [
        part for _, part in word_map.describe(options.styles, labels, lambda x: painter.embed(x, size), options.cache)
    ]
    seen = word_map.join(described)
    order = np.random.default_rng(0).permutation(len(seen.names)).tolist()
    held, rest = seen.subset(order[:HELD_OUT]), seen.subset(order[HELD_OUT:])
    fitted = word_map.fit(rest, size)
    contents = [images.fit(images.open(path).image, SIDE) for path in images.find(options.contents)[: options.photos]]
    gallery = open_gallery(model_folder.find()).styles
    wanted = {name: place for place, name in enumerate(held.names[: options.pictures])}
    pictures = read_pictures(options.styles, wanted)

    def embed(words: str) -> Array:
        return fitted.understand(words, gallery).embedding

    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "recall at 1, 5, 10": lambda: retrieval(fitted, rest, held),
        "colours": lambda: colours(painter, embed, contents),
        "rank correlation": lambda: levels(painter, embed, contents),
        "style share": lambda: shares(painter, fitted, gallery, held, word_map.limits_of(rest), pictures, contents),
    }
    found = dict[str, dict[str, Any]]()
    for name, measure in parts.items():
        found[name] = measure()
        print(name, json.dumps(found[name]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
