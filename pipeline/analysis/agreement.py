"""Agreement of raters with intervals: judges with each other, with the rule, and with people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import Field

from pipeline.analysis.rates import RESAMPLES
from pipeline.calibration.rates import kappa, krippendorff_alpha
from pipeline.schema.base import Record

Answers = Sequence[Sequence[bool | None]]


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
    columns = [column for column in zip(*answers, strict=True) if sum(one is not None for one in column) > 1]
    if not columns:
        return Agreement(raters=len(answers), rows=0)
    alike = [one == other for column in columns for one, other in _pairs(column)]
    two = len(answers) == 2
    kappa_low, kappa_high = _interval(columns, _kappa, confidence, seed) if two else (None, None)
    alpha_low, alpha_high = _interval(columns, _alpha, confidence, seed)
    return Agreement(
        raters=len(answers),
        rows=len(columns),
        observed=sum(alike) / len(alike),
        kappa=_kappa(columns) if two else None,
        kappa_low=kappa_low,
        kappa_high=kappa_high,
        alpha=_alpha(columns),
        alpha_low=alpha_low,
        alpha_high=alpha_high,
    )


def _pairs(column: Sequence[bool | None]) -> list[tuple[bool, bool]]:
    said = [one for one in column if one is not None]
    return [(one, other) for at, one in enumerate(said) for other in said[at + 1 :]]


def _kappa(columns: Sequence[Sequence[bool | None]]) -> float | None:
    return kappa([bool(one) for one, _ in columns], [bool(other) for _, other in columns])


def _alpha(columns: Sequence[Sequence[bool | None]]) -> float | None:
    return krippendorff_alpha(list(zip(*columns, strict=True)))


def _interval(
    columns: Sequence[Sequence[bool | None]],
    statistic: Callable[[Sequence[Sequence[bool | None]]], float | None],
    confidence: float,
    seed: int,
) -> tuple[float | None, float | None]:
    """Return the percentile interval; ``None`` if more than one resample in twenty has no value."""
    import numpy as np

    random = np.random.default_rng(seed)
    resamples = RESAMPLES // 4
    drawn = [
        statistic([columns[at] for at in random.integers(len(columns), size=len(columns))]) for _ in range(resamples)
    ]
    known = [value for value in drawn if value is not None]
    if len(known) < 0.95 * resamples:
        return None, None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
