"""Evaluation of pastiches, of a model or of any program, as numbers and as a page (torch)."""

from brushwork.evaluation.evaluate import (
    Judged,
    Painted,
    PairPainter,
    PairRecord,
    evaluate,
    of_folder,
    of_model,
    read,
    square,
)
from brushwork.evaluation.limits import optimised, untouched
from brushwork.evaluation.metrics import Scores, score
from brushwork.evaluation.page import Page
from brushwork.evaluation.pairs import Pair, choose, find, pastiches_in
from brushwork.evaluation.summary import Summary, summarise, table

__all__ = [
    "Judged",
    "Page",
    "Painted",
    "Pair",
    "PairPainter",
    "PairRecord",
    "Scores",
    "Summary",
    "choose",
    "evaluate",
    "find",
    "of_folder",
    "of_model",
    "optimised",
    "pastiches_in",
    "read",
    "score",
    "square",
    "summarise",
    "table",
    "untouched",
]
