"""From what was found to whether a release should be made anew, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.contamination.record import Contamination, Overlap, Recall


def assess(
    release: str, rows: int, recall: Recall | None, overlaps: Sequence[Overlap], *, alpha: float, overlap_allowed: float
) -> Contamination:
    """Put the answer together.

    Args:
        release: its name and version.
        rows: how many it has.
        recall: what a model remembers, if one was asked.
        overlaps: what texts share with it.
        alpha: a release is to be renewed if the recall probe has a p of at most this.
        overlap_allowed: or if a text shares runs with more than this share of its rows.

    Returns:
        ``renew`` is true with the reasons; false if something was measured and gives no reason; else ``None``.
    """
    reasons = []
    difference = None if recall is None else recall.difference
    if recall is not None and difference is not None and difference.p <= alpha:
        reasons.append(
            f"{recall.model} gives back {difference.share:+.1%} more of published rows than of unseen ones "
            f"(p = {difference.p:.2g}, allowed above {alpha:g})"
        )
    for one in overlaps:
        if one.rows.rate is not None and one.rows.rate > overlap_allowed:
            reasons.append(
                f"{one.source} shares runs of {one.n} words with {one.rows.count} of {one.rows.n} rows "
                f"({one.rows.rate:.1%}, allowed {overlap_allowed:.1%})"
            )
    measured = difference is not None or any(one.words for one in overlaps)
    return Contamination(
        release=release,
        rows=rows,
        alpha=alpha,
        overlap_allowed=overlap_allowed,
        recall=recall,
        overlaps=tuple(overlaps),
        renew=True if reasons else False if measured else None,
        reasons=tuple(reasons),
    )
