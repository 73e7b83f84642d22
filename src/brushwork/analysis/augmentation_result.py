"""The result of the experiment on augmentation: tables of accuracies with confidence intervals, and a curve."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from brushwork.analysis.experiment import Cell, Plot, Result, Table
from brushwork.analysis.intervals import interval

METHODS = ("none", "colour", "style", "both")
TITLES = {"network": "Small network from scratch", "probe": "Linear probe on frozen Inception features"}
# Varied setting -> scores of each seed: accuracy by domain, and the mean of the other domains as ``others``.
Scores: TypeAlias = Mapping[Any, Sequence[Mapping[str, float]]]


def describe(
    domains: Sequence[str],
    first: str,
    kinds: Mapping[str, Scores],
    counts: Scores,
    sweep: Scores,
    setting: Mapping[str, Any],
) -> Result:
    """Return the tables and the curve.

    Args:
        domains: Names of the domains.
        first: The domain on which pictures per class, p and strength were varied.
        kinds: Scores by (method, domain) of the small network and, unless empty, of the probe.
        counts: Scores by (method, pictures per class).
        sweep: Scores by (p, lowest strength, highest strength).
        setting: Sizes and settings.
    """
    tables = [_main_table(kind, scores, domains) for kind, scores in kinds.items() if scores]
    base = kinds["network"]["none", first]
    every = sorted({count for _, count in counts})
    rows: list[list[Cell]] = [
        [count, *(_shown(_others(counts[method, count])) for method in ("none", "style")),
         _shown(_gains(counts["style", count], counts["none", count]))]
        for count in every
    ]  # fmt: skip
    columns = ("pictures per class", "none", "style", "gain")
    tables.append(Table(f"Small network trained on {first}: accuracy on the others, %", columns, rows))
    rows = [
        [p, f"{low:g} to {high:g}", _shown(_others(scores)), _shown(_gains(scores, base))]
        for (p, low, high), scores in sorted(sweep.items())
    ]
    tables.append(Table(f"Trained on {first}, by p and strength", ("p", "strength", "accuracy", "gain"), rows))
    gains = _mean_gains(kinds["network"], domains, "style")
    return Result(
        summary=f"Style augmentation changes the small network's accuracy on unseen domains by {_shown(gains)} points "
        f"(mean of {len(domains)} training domains; 95 % interval over seeds), colour augmentation by "
        f"{_shown(_mean_gains(kinds['network'], domains, 'colour'))}.",
        numbers=dict(_plain({**kinds, "pictures per class": counts, "p and strength": sweep})),
        tables=tables,
        plots=[
            Plot("augmentation", "Accuracy on the other domains by training pictures per class.", _curve(counts, every))
        ],
        setting=setting,
    )


def _plain(kinds: Mapping[str, Scores]) -> Iterator[tuple[str, Any]]:
    for kind, scores in kinds.items():
        yield kind, {", ".join(map(str, key)): [dict(each) for each in seeds] for key, seeds in scores.items()}


def _main_table(kind: str, scores: Scores, domains: Sequence[str]) -> Table:
    rows: list[list[Cell]] = [
        [name, *(_shown(_others(scores[method, name])) for method in METHODS)] for name in domains
    ]
    rows.append(["mean", *(_shown(_means(scores, domains, method)) for method in METHODS)])
    rows.append(["gain over none", None, *(_shown(_mean_gains(scores, domains, method)) for method in METHODS[1:])])
    caption = f"{TITLES[kind]}: accuracy on the other domains, %, mean of the seeds ± 95 %"
    return Table(caption, ("trained on", *METHODS), rows)


def _others(scores: Sequence[Mapping[str, float]]) -> list[float]:
    return [each["others"] for each in scores]


def _gains(scores: Sequence[Mapping[str, float]], base: Sequence[Mapping[str, float]]) -> list[float]:
    """Return the gains of pairs with the same seed, and so the same training pictures and initial weights."""
    return [after - before for after, before in zip(_others(scores), _others(base), strict=True)]


def _means(scores: Scores, domains: Sequence[str], method: str) -> list[float]:
    """Return the mean over training domains for each seed."""
    return [sum(each) / len(each) for each in zip(*(_others(scores[method, name]) for name in domains), strict=True)]


def _mean_gains(scores: Scores, domains: Sequence[str], method: str) -> list[float]:
    pairs = zip(_means(scores, domains, method), _means(scores, domains, "none"), strict=True)
    return [after - before for after, before in pairs]


def _shown(values: Sequence[float]) -> str:
    mean, half = interval([100 * value for value in values])
    return f"{mean:.1f}" if half is None else f"{mean:.1f} ± {half:.1f}"


def _curve(counts: Scores, every: Sequence[int]) -> Figure:
    figure = Figure(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    for method in ("none", "style"):
        found = [interval([100 * each for each in _others(counts[method, count])]) for count in every]
        means, halves = [mean for mean, _ in found], [half or 0 for _, half in found]
        axis.errorbar(every, means, halves, label=method, capsize=3)
    axis.set(xlabel="training pictures per class", ylabel="accuracy on the other domains, %", xscale="log")
    axis.set_xticks(every, [str(count) for count in every])
    axis.minorticks_off()
    axis.grid(alpha=0.3)
    axis.legend()
    return figure
