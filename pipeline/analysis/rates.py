"""Rates with intervals. Runs of one scenario are alike, so it is scenarios that are drawn, not runs.

With one run a scenario the interval is Wilson's. With several it is Wilson's at the effective number of runs, which the
cluster-robust variance of the rate gives (Kish 1965, design effect; Dean and Pagano 2015, Stat. Methods Med. Res.), and
with it stands the percentile bootstrap over scenarios (Efron and Tibshirani 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from pipeline.analysis.runs import Run
from pipeline.schema.base import Record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RESAMPLES = 2000

T = TypeVar("T")


class Rate(Record):
    """A rate. All but the counts is ``None`` where nothing was measured."""

    hits: int = Field(ge=0)
    n: int = Field(ge=0, description="measured runs, or scenarios")
    scenarios: int = Field(ge=0)
    unmeasured: int = Field(default=0, ge=0)
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None
    least: float | None = Field(default=None, description="if every unmeasured run were a no")
    most: float | None = Field(default=None, description="if every unmeasured run were a yes")


def wilson(hits: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval (statsmodels); counts may be fractional."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(min(hits, n), n, alpha=1 - confidence, method="wilson")
    return max(0.0, float(low)), min(1.0, float(high))


def rate_of(values: Iterable[tuple[str, bool | None]], *, confidence: float = 0.95, seed: int = 0) -> Rate:
    """Return the rate of yes among measured values.

    Args:
        values: (scenario, yes or no, ``None`` for not measured).
        confidence: two-sided level.
        seed: of the resamples.
    """
    import numpy as np

    given = list(values)
    by_scenario: dict[str, list[bool]] = {}
    for scenario, said in given:
        if said is not None:
            by_scenario.setdefault(scenario, []).append(said)
    total = len(given)
    sums = np.array([sum(said) for _, said in sorted(by_scenario.items())], dtype=float)
    sizes = np.array([len(said) for _, said in sorted(by_scenario.items())], dtype=float)
    n, hits = int(sizes.sum()), int(sums.sum())
    if n == 0:
        return Rate(hits=0, n=0, scenarios=0, unmeasured=total)
    low, high = wilson(*_effective(sums, sizes), confidence)
    boot_low, boot_high = bootstrap(lambda rows: sums[rows].sum(-1) / sizes[rows].sum(-1), len(sums), confidence, seed)
    return Rate(
        hits=hits,
        n=n,
        scenarios=len(sums),
        unmeasured=total - n,
        rate=hits / n,
        low=low,
        high=high,
        bootstrap_low=boot_low,
        bootstrap_high=boot_high,
        least=hits / total,
        most=(hits + total - n) / total,
    )


def _effective(sums: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return hits and number of independent runs that carry as much; at least one a scenario, at most all."""
    n, clusters = float(sizes.sum()), len(sums)
    rate = float(sums.sum()) / n
    if clusters == n or clusters < 2:
        return rate * n, n if clusters == n else float(clusters)
    variance = clusters / (clusters - 1) * float(((sums - rate * sizes) ** 2).sum()) / n**2
    effective = float(clusters) if variance == 0 else min(n, max(float(clusters), rate * (1 - rate) / variance))
    return rate * effective, effective


def bootstrap(
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]], n: int, confidence: float, seed: int
) -> tuple[float | None, float | None]:
    """Return the percentile interval of a statistic over resampled rows; ``None`` for fewer than two rows.

    Args:
        statistic: from row numbers, shape ``(resamples, n)``, to one value a resample.
        n: number of rows.
        confidence: two-sided level.
        seed: of the draws.
    """
    import numpy as np

    if n < 2:
        return None, None
    drawn = np.random.default_rng(seed).integers(n, size=(RESAMPLES, n))
    low, high = np.quantile(statistic(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def any_of(runs: Sequence[Run], *, confidence: float = 0.95) -> Rate:
    """Return the share of scenarios with a risky action in any of their runs.

    A scenario with an unmeasured run and no risky one is not measured.
    """
    by_scenario: dict[str, list[bool | None]] = {}
    for run in runs:
        by_scenario.setdefault(run.scenario, []).append(run.action)
    return rate_of(
        [
            (scenario, True if any(said) else None if None in said else False)
            for scenario, said in sorted(by_scenario.items())
        ],
        confidence=confidence,
    )


def grouped(things: Iterable[T], by: Callable[[T], str]) -> Mapping[str, list[T]]:
    """Return runs, or what else there is, by a property, names sorted."""
    found: dict[str, list[T]] = {}
    for one in things:
        found.setdefault(by(one), []).append(one)
    return dict(sorted(found.items()))
