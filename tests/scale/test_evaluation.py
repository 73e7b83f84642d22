"""The results of a worker of an evaluation: records, and lines about pairs that cannot be scored."""

import pickle
from pathlib import Path

from brushwork import stylizer
from brushwork.evaluation import evaluate, of_model
from brushwork.evaluation.pairs import Pair
from tests.dataset.samples import encoded


def test_a_worker_scores_like_evaluate_and_names_failed_pairs(tmp_path: Path) -> None:
    from brushwork.scale.evaluation import PairWorker, Scored

    for name, data in (("photo", encoded(1)), ("style", encoded(2)), ("broken", b"none")):
        (tmp_path / f"{name}.jpg").write_bytes(data)
    pair = Pair(tmp_path / "photo.jpg", tmp_path / "style.jpg")
    work = PairWorker("brushwork-mobile", 64, 1, "cpu")
    scored: Scored = pickle.loads(work({"pair": pickle.dumps(pair)})["scored"])
    painter = of_model(stylizer.load("brushwork-mobile", device="cpu", precision="f32", threads=1))
    (expected,) = evaluate([pair], painter, 64)
    assert scored.record is not None
    assert scored.record.scores == expected.record.scores
    bad = Pair(tmp_path / "broken.jpg", tmp_path / "style.jpg")
    failed: Scored = pickle.loads(work({"pair": pickle.dumps(bad)})["scored"])
    assert failed.record is None
    assert str(failed.error).startswith("broken-style: cannot read ")
