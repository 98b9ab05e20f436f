"""From what was found to whether a release should be made anew, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.contamination.record import CanaryFound, CanaryKnown, Contamination, Overlap, Proximity, Recall


@dataclass(frozen=True)
class Evidence:
    """What was looked at: what a model remembers, if one was asked, and what texts hold."""

    recall: Recall | None = None
    canary_known: CanaryKnown | None = None
    overlaps: tuple[Overlap, ...] = ()
    proximities: tuple[Proximity, ...] = ()
    canaries: tuple[CanaryFound, ...] = ()


def assess(
    release: str, rows: int, found: Evidence, *, alpha: float, overlap_allowed: float, canary: str | None = None
) -> Contamination:
    """Put the answer together.

    Args:
        release: its name and version.
        rows: how many it has.
        found: the evidence.
        alpha: a release is to be renewed if the recall probe has a p of at most this.
        overlap_allowed: or if a text shares runs with, or tells in other words, more than this share of its rows.
        canary: of the release; to be found at all is a reason.

    Returns:
        ``renew`` is true with the reasons; false if rows were measured and give no reason; else ``None``. A canary
        that a model does not complete measures nothing.
    """
    reasons = tuple(_reasons(found, alpha, overlap_allowed))
    compared = found.recall is not None and found.recall.difference is not None
    measured = compared or any(one.words for one in found.overlaps) or any(one.windows for one in found.proximities)
    return Contamination(
        release=release,
        rows=rows,
        alpha=alpha,
        overlap_allowed=overlap_allowed,
        canary=canary,
        recall=found.recall,
        canary_known=found.canary_known,
        overlaps=found.overlaps,
        proximities=found.proximities,
        canaries=found.canaries,
        renew=True if reasons else False if measured else None,
        reasons=reasons,
    )


def _reasons(found: Evidence, alpha: float, allowed: float) -> Iterator[str]:
    recall, known = found.recall, found.canary_known
    if recall is not None and recall.difference is not None and recall.difference.p <= alpha:
        yield (
            f"{recall.model} gives back {recall.difference.share:+.1%} more of published rows than of unseen ones "
            f"(p = {recall.difference.p:.2g}, allowed above {alpha:g})"
        )
    if known is not None and known.known:
        yield f"{known.model} completes the canary ({known.digits} digits that it was not shown)"
    for text in found.canaries:
        if text.count:
            yield f"{text.source} holds the canary (in {text.count} of {text.lines} lines)"
    for shared in found.overlaps:
        rate = shared.rows.rate
        if rate is not None and rate > allowed:
            yield (
                f"{shared.source} shares runs of {shared.n} words with {shared.rows.count} of {shared.rows.n} rows "
                f"({rate:.1%}, allowed {allowed:.1%})"
            )
    for near in found.proximities:
        rate = near.rows.rate
        if rate is not None and rate > allowed:
            yield (
                f"{near.source} tells {near.rows.count} of {near.rows.n} rows in other words "
                f"(cosine {near.threshold:g} or more; {rate:.1%}, allowed {allowed:.1%})"
            )
