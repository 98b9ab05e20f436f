"""Which interval covers a rate of few scenarios with several runs each? The ground of the choice in the analysis.

    python -m benchmarks.intervals         # prints the table, writes benchmarks/results/intervals.json

1,000 simulated evaluations for each case: every scenario has its own logit, normal around a base with standard
deviation 1, and is run three times. The truth is the rate of the population of scenarios; of a difference, that of two
conditions 0.7 apart on the logit scale, paired by scenario. For each contender: share of evaluations whose 95% interval
holds the truth, and the mean width. An interval that cannot be computed (no run or every run is risky) holds nothing.

Contenders for a rate, beside ours (``pipeline.analysis.rates``):

- ``percentiles``: of 2,000 bootstraps of scenarios.
- ``t``: Wald's interval, robust to clusters, with Student's t.
- ``logit``: the same on the logit scale and back, as SUDAAN and ``svyciprop(method="xlogit")`` have it.
- ``korn_graubard``: Clopper and Pearson's at the effective number of runs (1998), as ``svyciprop(method="beta")``.
- ``bayes``: the beta posterior of a uniform prior at our effective number of runs. With Wilson's, the one that Franco,
  Little, Louis and Slud (2019, J. Surv. Stat. Methodol.) recommend after simulating clustered surveys.
- ``alone``: Wilson's as if runs were independent.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta, norm, t

from pipeline.analysis.paired import difference_interval
from pipeline.analysis.rates import rate_of, wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Interval = tuple[float, float] | None

RESULTS = Path(__file__).parent / "results" / "intervals.json"
LIBRARIES = ("numpy", "scipy", "statsmodels")
EVALUATIONS = 1000
RUNS = 3
RESAMPLES = 2000
SHIFT = 0.7
CASES = ((24, 0.02), (24, 0.1), (24, 0.2), (24, 0.5), (24, 0.9), (100, 0.02), (100, 0.1), (100, 0.5))
"""Scenarios, and the rate at the middle of the population."""


def truth(base: float, shift: float) -> float:
    """Return the rate of the population."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    return float((weights / (1 + np.exp(-(np.log(base / (1 - base)) + nodes + shift)))).sum() / weights.sum())


def of_rate(sums: Floats, times: Floats) -> dict[str, Interval]:
    """Return each contender's interval of a rate.

    Args:
        sums: risky runs of each scenario, of :data:`RUNS`.
        times: how often each bootstrap draws each scenario.
    """
    scenarios, n = len(sums), float(RUNS * len(sums))
    rate = float(sums.sum()) / n
    ours = rate_of([(str(at), run < hits) for at, hits in enumerate(sums) for run in range(RUNS)])
    variance = scenarios / (scenarios - 1) * float(((sums - rate * RUNS) ** 2).sum()) / n**2
    reach, error = float(t.ppf(0.975, scenarios - 1)), variance**0.5
    found: dict[str, Interval] = {
        "ours": _known(ours.low, ours.high),
        "ours_bootstrap": _known(ours.bootstrap_low, ours.bootstrap_high),
        "percentiles": _percentiles(times @ sums / (RUNS * scenarios)),
        "t": (rate - reach * error, rate + reach * error),
        "alone": wilson(rate * n, n, 0.05),
        **dict.fromkeys(("logit", "korn_graubard"), None),
    }
    spread = rate * (1 - rate)
    effective = min(n, max(float(scenarios), spread / max(variance, 1e-12)))
    found["bayes"] = _beta(1 + rate * effective, 1 + (1 - rate) * effective)
    if spread and variance:
        middle, half = np.log(rate / (1 - rate)), reach * error / spread
        low, high = (float(1 / (1 + np.exp(-one))) for one in (middle - half, middle + half))
        found["logit"] = (low, high)
        size = spread / variance * (float(norm.ppf(0.975)) / reach) ** 2
        found["korn_graubard"] = (
            float(beta.ppf(0.025, rate * size, (1 - rate) * size + 1)),
            float(beta.ppf(0.975, rate * size + 1, (1 - rate) * size)),
        )
    return found


def of_difference(differences: Floats, times: Floats) -> dict[str, Interval]:
    """Return each contender's interval of a paired difference, from each scenario's sum of differences."""
    scenarios = len(differences)
    low, high, _ = difference_interval(differences, np.full(scenarios, float(RUNS)), 0.95)
    middle, error = float(differences.mean()) / RUNS, float(differences.std(ddof=1)) / RUNS / scenarios**0.5
    reach = float(t.ppf(0.975, scenarios - 1)) * error
    return {
        "ours": (low, high),
        "percentiles": _percentiles(times @ differences / (RUNS * scenarios)),
        "t": (middle - reach, middle + reach),
    }


def _known(low: float | None, high: float | None) -> Interval:
    return None if low is None or high is None else (low, high)


def _percentiles(drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _beta(a: float, b: float) -> Interval:
    return float(beta.ppf(0.025, a, b)), float(beta.ppf(0.975, a, b))


def case(scenarios: int, base: float) -> dict[str, Any]:
    """Return coverage and mean width of every contender in one case."""
    random = np.random.default_rng([scenarios, int(1000 * base)])
    rate, other = truth(base, 0.0), truth(base, SHIFT)
    counts: dict[str, dict[str, list[Interval]]] = {"rate": {}, "difference": {}}
    times = random.multinomial(scenarios, np.full(scenarios, 1 / scenarios), size=RESAMPLES).astype(float)
    for _ in range(EVALUATIONS):
        own = np.log(base / (1 - base)) + random.standard_normal(scenarios)
        a, b = (random.binomial(RUNS, 1 / (1 + np.exp(-own - shift))).astype(float) for shift in (0.0, SHIFT))
        for kind, found in (("rate", of_rate(a, times)), ("difference", of_difference(b - a, times))):
            for name, interval in found.items():
                counts[kind].setdefault(name, []).append(interval)
    true = {"rate": rate, "difference": other - rate}
    return {
        "scenarios": scenarios,
        "truth": {kind: round(value, 4) for kind, value in true.items()},
        **{kind: {name: _told(of, true[kind]) for name, of in counts[kind].items()} for kind in counts},
    }


def _told(intervals: list[Interval], value: float) -> dict[str, float | int | None]:
    known = [one for one in intervals if one is not None]
    covered = sum(low <= value <= high for low, high in known) / len(intervals)
    width = sum(high - low for low, high in known) / len(known) if known else None
    return {
        "covered": round(covered, 4),
        "width": None if width is None else round(width, 4),
        "without": len(intervals) - len(known),
    }


def table(cases: list[Mapping[str, Any]]) -> str:
    """Return the results as a table."""
    lines = []
    for one in cases:
        for kind in ("rate", "difference"):
            told = "  ".join(f"{name} {100 * of['covered']:.1f}% ({of['width']})" for name, of in one[kind].items())
            lines.append(f"{one['scenarios']} scenarios, {kind} {one['truth'][kind]:.3f}: {told}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    cases = [case(*one) for one in CASES]
    print(table([*cases]))
    result = {
        "evaluations": EVALUATIONS,
        "runs": RUNS,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "cases": cases,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
