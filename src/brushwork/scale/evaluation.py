"""Scores the pairs of an evaluation on the workers of a Ray cluster, for large grids of contents and styles."""

import pickle
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import ray

from brushwork import stylizer
from brushwork.errors import UserError, in_one_line
from brushwork.evaluation import evaluate, of_model
from brushwork.evaluation.evaluate import PairRecord
from brushwork.evaluation.pairs import Pair
from brushwork.scale.cluster import Cluster


class Scored(NamedTuple):
    """The record of a pair, or an error of one line."""

    record: PairRecord | None
    error: str | None


class PairWorker:
    """An actor that holds a model and the loss network, and scores pairs of files that it can read."""

    def __init__(self, model: str | None, size: int, threads: int, device: str) -> None:
        import torch

        torch.set_num_threads(threads)
        # In float32, because scores are compared between machines.
        painter = of_model(stylizer.load(model, device=device, precision="f32", threads=threads))
        self._score = partial(evaluate, painter=painter, size=size)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Score a pair; records are sent as bytes, because a table has no column for them."""
        pair: Pair = pickle.loads(row["pair"])
        try:
            (evaluated,) = self._score([pair])
            scored = Scored(evaluated.record, None)
        except (UserError, OSError) as error:
            scored = Scored(None, f"{pair.name}: {in_one_line(error)}")
        return {"scored": pickle.dumps(scored)}


def evaluate_on(cluster: Cluster, model: str | None, pairs: Sequence[Pair], *, size: int = 512) -> Iterator[Scored]:
    """Score the pastiches of a model on a cluster, and yield each record when it is complete, in any order.

    Args:
        cluster: The cluster.
        model: Name of a model, or a model folder that every worker can read; None for the default.
        pairs: Files that every worker can read.
        size: Side of the evaluated squares.
    """
    with cluster.connected():
        ray.data.DataContext.get_current().enable_progress_bars = False  # the caller shows its own
        count = min(cluster.count(), len(pairs))
        items = [{"pair": pickle.dumps(pair)} for pair in pairs]
        rows = ray.data.from_items(items, override_num_blocks=min(len(pairs), 16 * count))
        scored = rows.map(
            PairWorker,  # type: ignore[arg-type]  # Ray takes classes, and its stubs lack them
            fn_constructor_args=(model, size, cluster.threads or 1, cluster.device),
            compute=ray.data.ActorPoolStrategy(min_size=1, initial_size=count, max_size=count),
            **cluster.options(),
        )
        for row in scored.iter_rows():
            yield pickle.loads(row["scored"])
