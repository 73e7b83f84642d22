"""Embeddings of many styles as Parquet, and nearest neighbours."""

from pathlib import Path

import numpy as np
import pytest

from brushwork import UserError, stylizer
from brushwork.dataset.embedding import Embedding, nearest
from brushwork.dataset.places import Place
from brushwork.dataset.plan import open_plan
from brushwork.dataset.run import join_parts, run_here, run_plan
from tests.dataset.samples import BROKEN, NAMES, rows_of


def test_embeddings_are_those_of_the_stylizer_and_neighbours_are_exact(
    photos: Path, tmp_path: Path, model: Path
) -> None:
    plan = open_plan(str(photos), str(tmp_path / "out"), Embedding(model=str(model)), together=4)
    reports = list(run_plan(plan, run_here(1, "cpu")))
    assert sum(report.made for report in reports) == 8
    assert join_parts(plan, "embeddings.parquet") == 9
    rows = {str(row["style"]): row["embedding"] for row in rows_of(tmp_path / "out/embeddings.parquet")}
    assert rows.keys() == {*NAMES, BROKEN}
    assert rows[BROKEN] is None
    loaded = stylizer.load(model, device="cpu", threads=1)
    known = {name: loaded.embed(photos / name)[0] for name in NAMES}
    for name in NAMES:
        assert np.asarray(rows[name]) == pytest.approx(known[name], abs=1e-5)
    wanted = known["val/cat/1.jpg"] + np.float32(0.01)
    found = nearest(Place(tmp_path / "out"), wanted[None], 3)
    distances = {name: float(np.linalg.norm(each - wanted)) for name, each in known.items()}
    assert [each.style for each in found] == sorted(distances, key=lambda name: distances[name])[:3]
    assert [each.distance for each in found] == pytest.approx(sorted(distances.values())[:3], abs=1e-3)


def test_an_impossible_search_is_a_one_line_error(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(UserError, match="contains no embeddings; `brushwork embed` writes them"):
        nearest(Place(photos), np.zeros((1, 100), np.float32))
