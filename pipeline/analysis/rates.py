"""Rates with intervals. Runs of one scenario are alike, so it is scenarios that are drawn, not runs.

With one run a scenario the interval is Wilson's. With several it is Wilson's at the effective number of runs (Kish
1965, design effect; Dean and Pagano 2015, J. Surv. Stat. Methodol. 3; recommended for clustered samples by Franco et
al. 2019, J. Surv. Stat. Methodol. 7), with Student's t for a variance that is estimated from so many scenarios. Two of
them stand side by side: the variance by the cluster-robust formula, and by drawing scenarios anew (Efron and Tibshirani
1993, chapter 6). ``python -m benchmarks.intervals`` holds them against others.
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

    Floats = npt.NDArray[np.float64]

RESAMPLES = 2000
PLAIN = "Wilson"
CLUSTERED = "Wilson at the effective number of runs, t"
RESAMPLED = "Wilson at the effective number of runs by bootstrap of scenarios, t"
"""Names of the methods, as results carry them."""

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
    method: str = Field(default="", description="of low and high")
    bootstrap_low: float | None = None
    bootstrap_high: float | None = None
    bootstrap_method: str = ""
    least: float | None = Field(default=None, description="if every unmeasured run were a no")
    most: float | None = Field(default=None, description="if every unmeasured run were a yes")


def wilson(hits: float, n: float, alpha: float) -> tuple[float, float]:
    """Return Wilson's interval (statsmodels), which misses with probability ``alpha``; counts may be fractional."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(min(hits, n), n, alpha=alpha, method="wilson")
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
    single = len(sums) == n
    if single:  # to draw scenarios is then to draw runs
        low, high = boot_low, boot_high = wilson(hits, n, 1 - confidence)
    else:
        low, high = _limits(sums, sizes, _robust_variance(sums, sizes), confidence)
        boot_low, boot_high = _limits(sums, sizes, bootstrap_variance(sums, sizes, seed), confidence)
    return Rate(
        hits=hits,
        n=n,
        scenarios=len(sums),
        unmeasured=total - n,
        rate=hits / n,
        low=low,
        high=high,
        method=PLAIN if single else CLUSTERED,
        bootstrap_low=boot_low,
        bootstrap_high=boot_high,
        bootstrap_method=PLAIN if single else RESAMPLED,
        least=hits / total,
        most=(hits + total - n) / total,
    )


def _limits(sums: Floats, sizes: Floats, variance: float, confidence: float) -> tuple[float, float]:
    """Return Wilson's limits at the number of independent runs that would have this variance: one a scenario to all."""
    from scipy.stats import norm, t

    n, scenarios = float(sizes.sum()), len(sums)
    rate = float(sums.sum()) / n
    if scenarios < 2:
        return wilson(rate, 1, 1 - confidence)
    effective = min(n, max(float(scenarios), rate * (1 - rate) / max(variance, 1e-12)))
    reach = t.ppf((1 + confidence) / 2, scenarios - 1)
    return wilson(rate * effective, effective, 2 * float(norm.sf(reach)))


def _robust_variance(sums: Floats, sizes: Floats) -> float:
    """Return the variance of the rate when scenarios are what is drawn; 0 for a single one."""
    scenarios, n = len(sums), float(sizes.sum())
    rate = float(sums.sum()) / n
    return scenarios / max(1, scenarios - 1) * float(((sums - rate * sizes) ** 2).sum()) / n**2


def bootstrap_variance(sums: Floats, sizes: Floats, seed: int) -> float:
    """Return the variance of ``sum(sums) / sum(sizes)`` over resampled scenarios, by n / (n - 1); 0 for one alone."""
    import numpy as np

    scenarios = len(sums)
    times = np.random.default_rng(seed).multinomial(scenarios, np.full(scenarios, 1 / scenarios), size=RESAMPLES)
    return float(np.var((times @ sums) / (times @ sizes))) * scenarios / max(1, scenarios - 1)


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
