"""Error rates with intervals, ROC, and agreement between filters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.intervals import wilson_interval
from pipeline.schema.calibration import Errors, Rate, Roc, RocPoint

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RESAMPLES = 1000


def rate_of(flags: Sequence[bool], confidence: float) -> Rate:
    """Return the share of true flags with its Wilson interval; unknown where there is none."""
    n, count = len(flags), sum(flags)
    if n == 0:
        return Rate(count=0, n=0)
    low, high = wilson_interval(count, n, confidence)
    return Rate(count=count, n=n, rate=count / n, low=low, high=high)


def errors_of(accepted: Sequence[bool], benign: Sequence[bool], confidence: float) -> Errors:
    """Return both error rates; positive is a row that was not accepted.

    Args:
        accepted: of each row, whether it was.
        benign: of each row, its label.
        confidence: two-sided level of the intervals.
    """
    pairs = list(zip(accepted, benign, strict=True))
    true_positive = rate_of([not passed for passed, label in pairs if not label], confidence)
    false_positive = rate_of([not passed for passed, label in pairs if label], confidence)
    known = true_positive.rate is not None and false_positive.rate is not None
    balanced = (true_positive.rate + 1 - false_positive.rate) / 2 if known else None  # type: ignore[operator]
    return Errors(true_positive=true_positive, false_positive=false_positive, balanced_accuracy=balanced)


def roc_of(
    scores: Sequence[float | None], benign: Sequence[bool], groups: Sequence[str], confidence: float, seed: int
) -> Roc | None:
    """Return the ROC curve over the rows that have a score; ``None`` where one of the labels has none.

    The interval of the area is the percentile bootstrap over groups of rows (Efron and Tibshirani 1993,
    chapter 13), seeded.
    """
    import numpy as np

    known = [number for number, score in enumerate(scores) if score is not None]
    given = np.array([scores[number] for number in known], dtype=float)
    labels = np.array([benign[number] for number in known], dtype=bool)
    if not labels.any() or labels.all():
        return None
    low, high = _bootstrap(given, labels, [groups[number] for number in known], confidence, seed)
    return Roc(
        points=_curve(given, labels),
        auc=auc(given, labels),
        low=low,
        high=high,
        benign=int(labels.sum()),
        non_benign=int((~labels).sum()),
    )


def auc(scores: npt.NDArray[np.float64], benign: npt.NDArray[np.bool_]) -> float:
    """Return the area under the curve: the Mann-Whitney statistic over the number of pairs, ties counted half.

    Args:
        scores: shape ``(n,)``, 1 for the most benign.
        benign: shape ``(n,)``; both labels have to be there.
    """
    from scipy.stats import rankdata

    positive = int(benign.sum())
    statistic = float(rankdata(scores)[benign].sum()) - positive * (positive + 1) / 2
    return statistic / (positive * (len(scores) - positive))


def kappa(one: Sequence[bool], other: Sequence[bool]) -> float | None:
    """Return Cohen's kappa (Cohen 1960) of two raters; ``None`` where chance alone makes them agree, or for no row."""
    if not one or (len(set(one)) == 1 and len(set(other)) == 1):
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(list(one), list(other)))


def krippendorff_alpha(answers: Sequence[Sequence[bool | None]]) -> float | None:
    """Return Krippendorff's alpha for nominal data with gaps (Krippendorff 2011, "Computing Krippendorff's alpha").

    Args:
        answers: for each rater, the answer to each row; ``None`` where there is none.

    Returns:
        1 minus observed over expected disagreement; ``None`` where all answers are the same or no row has two.
    """
    units = [[answer for answer in unit if answer is not None] for unit in zip(*answers, strict=True)]
    paired = [(sum(unit), len(unit)) for unit in units if len(unit) > 1]
    total = sum(size for _, size in paired)
    yes = sum(count for count, _ in paired)
    if yes in (0, total):
        return None
    observed = math.fsum(2 * count * (size - count) / (size - 1) for count, size in paired) / total
    expected = 2 * yes * (total - yes) / (total * (total - 1))
    return float(1 - observed / expected)


def by_value(columns: Sequence[Mapping[str, str]], column: str) -> dict[str, list[int]]:
    """Return the numbers of the rows with each value in a column, values sorted."""
    found: dict[str, list[int]] = {}
    for number, row in enumerate(columns):
        if column in row:
            found.setdefault(row[column], []).append(number)
    return dict(sorted(found.items()))


def _curve(scores: npt.NDArray[np.float64], benign: npt.NDArray[np.bool_]) -> tuple[RocPoint, ...]:
    from sklearn.metrics import roc_curve

    false_rates, true_rates, thresholds = roc_curve(~benign, -scores, drop_intermediate=True)
    return tuple(
        RocPoint(
            above=None if math.isinf(threshold) else -float(threshold),
            true_positive_rate=float(true_rate),
            false_positive_rate=float(false_rate),
        )
        for false_rate, true_rate, threshold in zip(false_rates, true_rates, thresholds, strict=True)
    )


def _bootstrap(
    scores: npt.NDArray[np.float64],
    benign: npt.NDArray[np.bool_],
    groups: Sequence[str],
    confidence: float,
    seed: int,
) -> tuple[float | None, float | None]:
    """Return the percentile interval of the area; unknown where too few resamples hold both labels."""
    import numpy as np

    members = [np.flatnonzero(np.array(groups) == name) for name in sorted(set(groups))]
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([members[number] for number in random.integers(len(members), size=len(members))])
        labels = benign[rows]
        if labels.any() and not labels.all():
            drawn.append(auc(scores[rows], labels))
    if len(drawn) < RESAMPLES // 2:
        return None, None
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)
