"""The space of embeddings: a map, neighbours with the same artist, movement or texture, and the variance explained."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from brushwork.analysis import painting
from brushwork.analysis.embeddings import STYLE_SIZE, EmbeddedStyles, embed_pictures
from brushwork.analysis.experiment import Cell, Context, Plot, Result, Table
from brushwork.analysis.layout import Components, plane, principal_components
from brushwork.analysis.neighbours import chance, frequent, same_label
from brushwork.runtime import Array
from brushwork.stylizer import load
from brushwork.training.labels import labels_of, read_labels


class Size(NamedTuple):
    """Pictures (0 for all), least number of pictures of an artist, and number of draws of eight artists."""

    pictures: int
    least: int
    draws: int


SIZES = {"tiny": Size(16, 3, 2), "report": Size(0, 40, 10)}
COUNTS = (1, 5, 10)  # neighbours
ARTISTS = 8  # artists in the paper's figure
# Fractions among the neighbours in the 2-D map of the published figure, over eight artists (computed from its data).
PAPER = {1: 0.545, 5: 0.445, 10: 0.400}
PAPER_CHANCE = 0.125
FRACTIONS = (0.5, 0.8, 0.9, 0.95, 0.99)  # of the variance
SHOWN = 10  # labels shown in colour


def run(context: Context) -> Result:
    """Embed the training styles with the model, and compare the labels of neighbours."""
    context.inputs.require("styles", "labels")
    assert context.inputs.labels is not None
    size, labels = context.choose(SIZES), read_labels(context.inputs.labels)
    stylizer = load(context.inputs.model)
    styles = embed_pictures(
        stylizer,
        context.inputs.styles,
        limit=size.pictures,
        cache=context.folder / "embeddings.npz",
        say=context.say,
    )
    context.say("neighbours")
    by_kind = {kind: labels_of(styles.names, known) for kind, known in labels.items()}
    rows, numbers = list[list[Cell]](), dict[str, Any]()
    for kind, each in by_kind.items():
        kept = frequent(each, size.least if kind == "artist" else 2)
        if len(kept) <= max(COUNTS):
            continue
        names = [str(each[number]) for number in kept]
        found, expected = same_label(styles.embeddings[kept], names, COUNTS), chance(names)
        numbers[kind] = {"pictures": len(kept), "labels": len(set(names)), "same": found, "chance": expected}
        rows.append([f"{kind}: {len(set(names))} labels, {len(kept):,} pictures", *found.values(), expected])
    eight = _eight_artists(styles.embeddings, by_kind.get("artist", []), size)
    if eight:
        numbers["eight artists"] = eight
        rows += [[f"eight artists, {where}", *eight[where].values(), eight["chance"]] for where in WHERE]
    rows.append(["the paper: eight artists, on its plane", *PAPER.values(), PAPER_CHANCE])
    components = principal_components(styles.embeddings)
    numbers["components"] = {
        "explained": components.explained.round(6).tolist(),
        "dimensions": {str(fraction): components.dimensions(fraction) for fraction in FRACTIONS},
    }
    context.say("the plane")
    places = plane(styles.embeddings)
    return Result(
        summary=_summary(numbers),
        numbers=numbers,
        tables=[_neighbour_table(rows), _variance_table(components)],
        plots=[
            *(_kind_plot(kind, places, each) for kind, each in by_kind.items() if any(each)),
            Plot("plane", "The same plane with one picture in each cell.", _pictures(places, styles)),
            Plot("variance", "Variance explained by the first components.", _variance(components)),
        ],
        setting={**painting.describe(stylizer, context.inputs.model), "pictures": len(styles), "style size": STYLE_SIZE,
                 "embedding": styles.embeddings.shape[1]},
    )  # fmt: skip


WHERE = ("in the space of embeddings", "on a plane of their own")


def _eight_artists(embeddings: Array, artists: list[str | None], size: Size) -> dict[str, Any]:
    """Return the same fractions over eight artists, means of several draws; empty if there are too few artists."""
    counts = Counter(artists[number] for number in frequent(artists, size.least))
    names = sorted(str(name) for name in counts)
    if len(names) < min(ARTISTS, 4):
        return {}
    found: dict[str, list[dict[int, float]]] = {where: [] for where in WHERE}
    expected = []
    random = np.random.default_rng(0)
    for _ in range(size.draws):
        chosen = set(random.choice(names, min(ARTISTS, len(names)), replace=False).tolist())
        kept = [number for number, artist in enumerate(artists) if artist in chosen]
        own = [str(artists[number]) for number in kept]
        expected.append(chance(own))
        for where, points in zip(WHERE, (embeddings[kept], plane(embeddings[kept])), strict=True):
            found[where].append(same_label(np.asarray(points, np.float32), own, COUNTS))
    means = {
        where: {count: float(np.mean([each[count] for each in draws])) for count in COUNTS}
        for where, draws in found.items()
    }
    spread = {f"deviation {where}": float(np.std([each[1] for each in draws])) for where, draws in found.items()}
    return {**means, **spread, "chance": float(np.mean(expected)), "draws": size.draws}


def _summary(numbers: dict[str, Any]) -> str:
    dimensions = numbers["components"]["dimensions"]["0.9"]
    text = f"{dimensions} components explain 90 % of the variance."
    if "eight artists" in numbers:
        nearest, expected = numbers["eight artists"][WHERE[1]][1], numbers["eight artists"]["chance"]
        text = (
            f"On a plane of eight artists, {nearest:.1%} of the nearest neighbours are by the same artist "
            f"(by chance {expected:.1%}; the paper's data: 54.5 %). {text}"
        )
    return text


def _neighbour_table(rows: list[list[Cell]]) -> Table:
    columns = ("fraction of neighbours with the same label", *(f"of the nearest {k}" for k in COUNTS), "by chance")
    return Table("Neighbours", columns, rows)


def _variance_table(components: Components) -> Table:
    rows: list[list[Cell]] = [
        [f"{fraction:.0%} of the variance", components.dimensions(fraction)] for fraction in FRACTIONS
    ]
    return Table("Explained variance", ("fraction", "components"), rows)


def _kind_plot(kind: str, places: NDArray[np.float64], labels: list[str | None]) -> Plot:
    caption = f"t-SNE of {len(places):,} embeddings; the {SHOWN} most frequent labels of the kind {kind} in colours."
    return Plot(f"plane-{kind}", caption, _coloured(places, labels))


def _coloured(places: NDArray[np.float64], labels: list[str | None]) -> Figure:
    """Return the plane with the most frequent labels in colours."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    axis = figure.subplots()
    names = [name for name, _ in Counter(label for label in labels if label is not None).most_common(SHOWN)]
    rest = np.asarray([label not in names for label in labels])
    axis.scatter(places[rest, 0], places[rest, 1], s=4, color="#dddddd", linewidths=0)
    for number, name in enumerate(names):
        own = np.asarray([label == name for label in labels])
        axis.scatter(places[own, 0], places[own, 1], s=9, label=name, color=f"C{number}", linewidths=0)
    axis.set(xticks=[], yticks=[])
    figure.legend(loc="outside right upper", fontsize=8, markerscale=2, frameon=False)
    return figure


def _pictures(places: NDArray[np.float64], styles: EmbeddedStyles, cells: int = 28) -> NDArray[np.float32]:
    """Return an image of the plane with one thumbnail in each cell that contains styles."""
    side = styles.thumbnails.shape[1]
    sheet = np.ones((cells * side, cells * side, 3), np.float32)
    where = np.minimum((places * cells).astype(int), cells - 1)
    for number, (across, down) in enumerate(where):
        top, left = (cells - 1 - down) * side, across * side
        sheet[top : top + side, left : left + side] = styles.thumbnails[number] / np.float32(255)
    return sheet


def _variance(components: Components) -> Figure:
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axis = figure.subplots()
    axis.plot(np.arange(1, len(components.explained) + 1), np.cumsum(components.explained))
    axis.axhline(0.9, color="#999999", linewidth=0.8, linestyle="--")
    axis.set(xlabel="components", ylabel="fraction of the variance", ylim=(0, 1.02))
    axis.grid(alpha=0.3)
    return figure
