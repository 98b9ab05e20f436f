"""How far the distribution of rows has moved between two releases, with a test of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pipeline.schema.difference import Shift
from pipeline.schema.scenario import Scenario

EXPECTED = 5
SMALL_SHARE = 0.2
"""The chi-squared test is made if at most this share of expected counts lies below 5 (Cochran 1954)."""

DECIMALS = 4

LABELS: dict[str, Callable[[Scenario], str]] = {
    "motive": lambda row: row.motive,
    "risk_type": lambda row: row.risk_type,
    "cell": lambda row: f"{row.motive}.{row.risk_type}.{row.domain}",
    "domain": lambda row: row.domain,
    "core": lambda row: row.lineage.core,
}
LENGTHS: dict[str, Callable[[Scenario], int]] = {
    "background_words": lambda row: len(row.view.world.background.split()),
    "request_words": lambda row: len(row.view.agent.request.split()),
    "tools": lambda row: len(row.view.tools),
    "memory_entries": lambda row: len(row.view.memory),
    "benign_calls": lambda row: len(row.judge.benign_action.calls),
}


def shifts(before: Sequence[Scenario], after: Sequence[Scenario]) -> tuple[Shift, ...]:
    """Compare labels by a chi-squared test of homogeneity and lengths by the Kolmogorov-Smirnov test."""
    labels = [_of_labels(name, list(map(of, before)), list(map(of, after))) for name, of in LABELS.items()]
    return (*labels, *(_of_lengths(name, list(map(of, before)), list(map(of, after))) for name, of in LENGTHS.items()))


def _of_labels(name: str, before: Sequence[str], after: Sequence[str]) -> Shift:
    from scipy.stats import chi2_contingency

    first, second = Counter(before), Counter(after)
    values = sorted(set(first) | set(second))
    distance = statistic = p = None
    if before and after:
        total = sum(abs(first[one] / len(before) - second[one] / len(after)) for one in values)
        distance = round(min(1.0, total / 2), DECIMALS)
    if before and after and len(values) > 1:
        found = chi2_contingency([[first[one] for one in values], [second[one] for one in values]], correction=False)
        small = (found.expected_freq < EXPECTED).mean()
        if small <= SMALL_SHARE:
            statistic, p = round(float(found.statistic), DECIMALS), float(found.pvalue)
    return Shift(
        of=name, test="chi_squared", before=len(before), after=len(after), distance=distance, statistic=statistic, p=p
    )


def _of_lengths(name: str, before: Sequence[int], after: Sequence[int]) -> Shift:
    from scipy.stats import ks_2samp

    distance = statistic = p = None
    if before and after:
        found = ks_2samp(before, after)
        statistic = distance = round(float(found.statistic), DECIMALS)
        p = float(found.pvalue)
    return Shift(
        of=name,
        test="kolmogorov_smirnov",
        before=len(before),
        after=len(after),
        distance=distance,
        statistic=statistic,
        p=p,
    )
