"""Paired comparisons: the same scenarios under two conditions, as fixed, newly risky and net.

With one run a scenario and condition, the test is McNemar's, exact (McNemar 1947; statsmodels). With several, the
scenarios' mean differences are tested by flipping their signs (scipy), since runs of one scenario are alike.

The interval of a difference is Bonett and Price's (2012, J. Educ. Behav. Stat. 37), who add a pair that changes in
either way, so that no change among few is not taken for certain. For several runs a scenario its variance is found by
drawing scenarios anew, with Student's t.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.analysis.rates import bootstrap_variance
from pipeline.analysis.runs import Run
from pipeline.schema.base import Record

if TYPE_CHECKING:
    from pipeline.analysis.rates import Floats

FLIPS = 9999
ADJUSTED = "Bonett and Price"
RESAMPLED = "Bonett and Price with a bootstrap of scenarios, t"
"""Names of the methods of intervals, as results carry them."""


class Comparison(Record):
    """``a`` against ``b`` on the scenarios and epochs that both measured. Differences are ``b`` minus ``a``."""

    model: str
    factor: str
    a: str
    b: str
    pairs: int = Field(ge=0)
    scenarios: int = Field(ge=0)
    unpaired: int = Field(default=0, ge=0, description="runs of either side without a measured partner")
    rate_a: float | None = None
    rate_b: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = Field(default="", description="of low and high")
    fixed: int = Field(default=0, description="pairs risky under a and not under b")
    newly: int = Field(default=0, description="pairs not risky under a and risky under b")
    both: int = 0
    neither: int = 0
    p: float | None = None
    p_holm: float | None = None
    q_bh: float | None = None
    test: str = ""
    detectable: float | None = Field(default=None, description="the difference that so many pairs show in four of five")


def mcnemar_p(fixed: int, newly: int) -> float:
    """Return the exact two-sided p of McNemar's test; 1 where no pair differs."""
    from statsmodels.stats.contingency_tables import mcnemar

    return float(mcnemar([[0, fixed], [newly, 0]], exact=True).pvalue) if fixed + newly else 1.0


def sign_flip_p(differences: Sequence[float], seed: int = 0) -> float:
    """Return the two-sided p of a mean difference of zero, by flipping signs; exact for few scenarios."""
    import numpy as np
    from scipy.stats import permutation_test

    given = np.asarray([one for one in differences if one != 0.0], dtype=float)
    if not len(given):
        return 1.0
    result = permutation_test(
        (given, np.zeros_like(given)),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        n_resamples=FLIPS,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def compare(
    a: Sequence[Run], b: Sequence[Run], *, model: str, factor: str, names: tuple[str, str], confidence: float = 0.95
) -> Comparison:
    """Compare two sets of runs, paired by scenario and epoch."""
    import numpy as np

    left, right = ({(run.scenario, run.epoch): run.action for run in side} for side in (a, b))
    keys = sorted(key for key in left.keys() & right.keys() if left[key] is not None and right[key] is not None)
    head = {"model": model, "factor": factor, "a": names[0], "b": names[1]}
    unpaired = len(left) + len(right) - 2 * len(keys)
    if not keys:
        return Comparison(**head, pairs=0, scenarios=0, unpaired=unpaired)  # type: ignore[arg-type]
    pairs = [(bool(left[key]), bool(right[key])) for key in keys]
    by_scenario: dict[str, list[int]] = {}
    for (scenario, _), (one, other) in zip(keys, pairs, strict=True):
        by_scenario.setdefault(scenario, []).append(other - one)
    sums = np.array([sum(values) for values in by_scenario.values()], dtype=float)
    sizes = np.array([len(values) for values in by_scenario.values()], dtype=float)
    low, high, method = difference_interval(sums, sizes, confidence)
    fixed, newly = pairs.count((True, False)), pairs.count((False, True))
    single = len(sums) == len(pairs)
    return Comparison(
        **head,  # type: ignore[arg-type]
        pairs=len(pairs),
        scenarios=len(sums),
        unpaired=unpaired,
        rate_a=sum(one for one, _ in pairs) / len(pairs),
        rate_b=sum(other for _, other in pairs) / len(pairs),
        difference=float(sums.sum() / sizes.sum()),
        low=low,
        high=high,
        method=method,
        fixed=fixed,
        newly=newly,
        both=pairs.count((True, True)),
        neither=pairs.count((False, False)),
        p=mcnemar_p(fixed, newly) if single else sign_flip_p(list(sums / sizes)),
        test="McNemar, exact" if single else "sign flips over scenarios",
        detectable=detectable(len(sums), max((fixed + newly) / len(pairs), 0.1)),
    )


def difference_interval(sums: Floats, sizes: Floats, confidence: float) -> tuple[float, float, str]:
    """Return the limits of a mean difference, and the method's name.

    Args:
        sums: for each scenario, the sum of its pairs' differences, each -1, 0 or 1.
        sizes: for each scenario, its pairs.
        confidence: two-sided level.
    """
    import numpy as np
    from scipy.stats import norm, t

    single = len(sums) == sizes.sum()
    sums, sizes = np.append(sums, (1.0, -1.0)), np.append(sizes, (1.0, 1.0))  # one more pair that changes in either way
    middle = float(sums.sum() / sizes.sum())
    if single:
        error, reach = float(sums.std()) / len(sums) ** 0.5, norm.ppf((1 + confidence) / 2)
    else:
        error, reach = bootstrap_variance(sums, sizes, 0) ** 0.5, t.ppf((1 + confidence) / 2, len(sums) - 1)
    method = ADJUSTED if single else RESAMPLED
    return max(-1.0, middle - reach * error), min(1.0, middle + reach * error), method


def detectable(pairs: int, discordant: float, *, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """Return the smallest difference that so many pairs show with this power; ``None`` where none would.

    The power of the exact McNemar test at a given share of discordant pairs, the number of these taken at its mean.
    """
    from scipy.stats import binom

    count = round(pairs * discordant)
    if count < 1:
        return None
    critical = [k for k in range(count + 1) if mcnemar_p(k, count - k) <= alpha and k <= count / 2]
    if not critical:
        return None
    most = max(critical)
    for step in range(1, 101):
        share = 0.5 - step / 200
        if binom.cdf(most, count, share) >= power:
            return float(discordant * (1 - 2 * share))
    return None


def corrected(comparisons: Sequence[Comparison], alpha: float = 0.05) -> list[Comparison]:
    """Return comparisons with p corrected for their number: by Holm, and by Benjamini and Hochberg."""
    from statsmodels.stats.multitest import multipletests

    known = [at for at, one in enumerate(comparisons) if one.p is not None]
    if not known:
        return list(comparisons)
    given = [comparisons[at].p for at in known]
    holm = multipletests(given, alpha=alpha, method="holm")[1]
    share = multipletests(given, alpha=alpha, method="fdr_bh")[1]
    found: Mapping[int, tuple[float, float]] = {
        at: (float(one), float(other)) for at, one, other in zip(known, holm, share, strict=True)
    }
    return [
        one if at not in found else one.model_copy(update={"p_holm": found[at][0], "q_bh": found[at][1]})
        for at, one in enumerate(comparisons)
    ]
