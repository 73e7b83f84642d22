"""Means over the records of many pairs, as values and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from brushwork.evaluation.bootstrap import interval
from brushwork.evaluation.evaluate import PairRecord
from brushwork.evaluation.metrics import geometric_mean


@dataclass(frozen=True)
class Summary:
    """Means over all pairs: arithmetic for losses and SSIM, geometric for ratios, and the median for seconds.

    Attributes:
        pairs: Number of pairs.
        content_loss: Raw content loss.
        share: Style share, the geometric mean over layers and pairs.
        shares: Layer -> style share.
        ssim: Structural similarity to the content.
        artefact: Artefact score.
        border: Border error.
        structure: Structure distance.
        intervals: Content loss, style share, SSIM -> 95 % interval of the mean, by bootstrap over the pairs.
        mixed_6e: Distance of the pastiches' features from the styles', see `mixed_6e_distance`; None if not measured.
        identity: Whether strength 0 returned every content bit for bit; None if not tested.
        seconds: Seconds per pastiche, including the embedding of its style; None if unknown.
    """

    pairs: int
    content_loss: float
    share: float
    shares: Mapping[str, float]
    ssim: float
    artefact: float
    border: float
    structure: float
    intervals: Mapping[str, tuple[float, float]]
    mixed_6e: float | None = None
    identity: bool | None = None
    seconds: float | None = None

    def values(self) -> dict[str, object]:
        """Return the means as plain values, under the names in tables."""
        return {
            "pairs": self.pairs,
            "content loss": self.content_loss,
            "style share": self.share,
            "style share by layer": dict(self.shares),
            "SSIM": self.ssim,
            "artefact": self.artefact,
            "border": self.border,
            "structure": self.structure,
            "95 % interval": {name: list(ends) for name, ends in self.intervals.items()},
            "Mixed_6e distance": self.mixed_6e,
            "strength 0": self.identity,
            "seconds": self.seconds,
        }


def summarise(records: Sequence[PairRecord], mixed_6e: float | None = None) -> Summary:
    """Return the means of one or more records, with a distance between their sets of pictures."""
    scores = [record.scores for record in records]
    seconds = [record.seconds for record in records if record.seconds is not None]
    identities = [record.identity for record in records if record.identity is not None]
    return Summary(
        pairs=len(records),
        content_loss=fmean(score.content_loss for score in scores),
        share=geometric_mean(score.share for score in scores),
        shares={layer: geometric_mean(score.shares[layer] for score in scores) for layer in scores[0].shares},
        ssim=fmean(score.ssim for score in scores),
        artefact=geometric_mean(score.artefact for score in scores),
        border=geometric_mean(score.border for score in scores),
        structure=fmean(score.structure for score in scores),
        intervals={
            "content loss": interval([score.content_loss for score in scores]),
            "style share": interval([score.share for score in scores], geometric=True),
            "SSIM": interval([score.ssim for score in scores]),
        },
        mixed_6e=mixed_6e,
        identity=all(identities) if identities else None,
        seconds=median(seconds) if seconds else None,
    )


def table(summary: Summary, optimised: Summary | None = None, same: Summary | None = None) -> str:
    """Return a summary as lines of text.

    Args:
        summary: Summary of the evaluated pastiches.
        optimised: Summary of optimised pixels of the first pairs.
        same: Summary of the evaluated pastiches of these pairs.
    """
    layers = "  ".join(f"{layer} {share:.3f}" for layer, share in summary.shares.items())
    identity = {True: "the content, bit for bit", False: "not the content", None: "not tested"}[summary.identity]
    seconds = "unknown" if summary.seconds is None else f"{summary.seconds:.2f} per pastiche"
    low, high = ({name: ends[end] for name, ends in summary.intervals.items()} for end in (0, 1))
    rows = {
        "content loss": f"{summary.content_loss:,.0f}  [{low['content loss']:,.0f}, {high['content loss']:,.0f}]",
        "style share": f"{summary.share:.3f}  [{low['style share']:.3f}, {high['style share']:.3f}]  ({layers})",
        "SSIM": f"{summary.ssim:.3f}  [{low['SSIM']:.3f}, {high['SSIM']:.3f}]",
        "structure": f"{summary.structure:.3f}",
        "artefact": f"{summary.artefact:.2f}",
        "border": f"{summary.border:.2f}",
        "strength 0": identity,
        "seconds": seconds,
    }
    if summary.mixed_6e is not None:
        rows["Mixed_6e"] = f"{summary.mixed_6e:.1f} between pastiches and styles"
    rows["the photo"] = "content loss 0, style share 1, SSIM 1, structure 0: scores of the untouched contents"
    if optimised and same:
        rows["optimised"] = f"{_in_short(optimised)}: optimised pixels of the first {optimised.pairs} pairs"
        rows["same pairs"] = f"{_in_short(same)}: evaluated pastiches of these pairs"
    else:
        rows["optimised"] = "not computed; --optimize 4 adds the optimised pixels of the first four pairs"
    return "\n".join(f"{name:<12}  {value}" for name, value in rows.items())


def _in_short(summary: Summary) -> str:
    found = f"content loss {summary.content_loss:,.0f}, style share {summary.share:.3f}, SSIM {summary.ssim:.3f}"
    return f"{found}, structure {summary.structure:.3f}"
