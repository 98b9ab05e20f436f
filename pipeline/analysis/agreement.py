"""Agreement of raters with intervals: judges with each other, with the rule, and with people."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.analysis.rates import RESAMPLES
from pipeline.schema.base import Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Counts = npt.NDArray[np.int64]
    Values = npt.NDArray[np.float64]

Answers = Sequence[Sequence[bool | None]]
Column = tuple[bool | None, ...]
"""What each rater says of one row."""


class Agreement(Record):
    """Agreement on one question. ``None`` where it is not defined: too few rows, or all answers alike."""

    raters: int = Field(ge=0)
    rows: int = Field(ge=0, description="with at least two answers")
    observed: float | None = None
    kappa: float | None = Field(default=None, description="Cohen's; for two raters")
    kappa_low: float | None = None
    kappa_high: float | None = None
    alpha: float | None = Field(default=None, description="Krippendorff's")
    alpha_low: float | None = None
    alpha_high: float | None = None


def agreement_of(answers: Answers, *, confidence: float = 0.95, seed: int = 0) -> Agreement:
    """Return the agreement of raters, its intervals by the bootstrap over rows.

    Args:
        answers: for each rater, the answer to each row, ``None`` for none.
        confidence: two-sided level.
        seed: of the draws.
    """
    return agreement_of_kinds(Counter(zip(*answers, strict=True)), len(answers), confidence=confidence, seed=seed)


def agreement_of_kinds(
    kinds: Mapping[Column, int], raters: int, *, confidence: float = 0.95, seed: int = 0
) -> Agreement:
    """Return the agreement of raters of whom it is known how many rows they answered in which way.

    Args:
        kinds: for each way to answer a row, one answer or ``None`` for each rater, the number of rows.
        raters: how many there are.
        confidence: two-sided level.
        seed: of the draws.
    """
    import numpy as np

    kept = {kind: count for kind, count in kinds.items() if sum(one is not None for one in kind) > 1}
    if not kept:
        return Agreement(raters=raters, rows=0)
    pairs = [(one == other, count) for kind, count in kept.items() for one, other in _pairs(kind)]
    counts = np.array(list(kept.values()))
    two = raters == 2
    kappa_low, kappa_high = _interval(kept, _kappas, confidence, seed) if two else (None, None)
    alpha_low, alpha_high = _interval(kept, _alphas, confidence, seed)
    return Agreement(
        raters=raters,
        rows=int(counts.sum()),
        observed=sum(count for alike, count in pairs if alike) / sum(count for _, count in pairs),
        kappa=_known(_kappas(list(kept), counts[None, :])) if two else None,
        kappa_low=kappa_low,
        kappa_high=kappa_high,
        alpha=_known(_alphas(list(kept), counts[None, :])),
        alpha_low=alpha_low,
        alpha_high=alpha_high,
    )


def _pairs(column: Column) -> list[tuple[bool, bool]]:
    said = [one for one in column if one is not None]
    return [(one, other) for at, one in enumerate(said) for other in said[at + 1 :]]


def _known(values: Values) -> float | None:
    """Return the one value there is; ``None`` for one that is not a number."""
    [value] = values.tolist()
    return None if math.isnan(value) else float(value)


def _interval(
    kinds: Mapping[Column, int],
    statistic: Callable[[Sequence[Column], Counts], Values],
    confidence: float,
    seed: int,
) -> tuple[float | None, float | None]:
    """Return the percentile interval; ``None`` if more than one resample in twenty has no value.

    Rows with the same answers are alike, so what is drawn is how often each kind of row comes: the same bootstrap over
    rows (Efron and Tibshirani 1993, chapter 6), at a cost that does not grow with their number.
    """
    import numpy as np

    counts = np.array(list(kinds.values()))
    drawn = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=RESAMPLES)
    values = statistic(list(kinds), drawn)
    known = values[~np.isnan(values)]
    if len(known) < 0.95 * RESAMPLES:
        return None, None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _kappas(kinds: Sequence[Column], drawn: Counts) -> Values:
    """Return Cohen's kappa of each resample, not a number where chance alone makes raters agree."""
    import numpy as np

    one, other = np.array(kinds, dtype=float).T
    rows = drawn.sum(axis=1)
    observed = drawn @ (one == other) / rows
    first, second = drawn @ one / rows, drawn @ other / rows
    expected = first * second + (1 - first) * (1 - second)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)


def _alphas(kinds: Sequence[Column], drawn: Counts) -> Values:
    """Return Krippendorff's alpha of each resample, not a number where all answers are the same."""
    import numpy as np

    yes = np.array([sum(one is True for one in kind) for kind in kinds])
    size = np.array([sum(one is not None for one in kind) for kind in kinds])
    said_yes, said = drawn @ yes, drawn @ size
    apart = drawn @ (2 * yes * (size - yes) / (size - 1)) / said
    expected = 2 * said_yes * (said - said_yes) / (said * (said - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - apart / expected, np.nan)
