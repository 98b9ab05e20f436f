"""500 simulated evaluations with a known truth: intervals cover it, tests keep their error rate, effects come back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from pipeline.analysis.analyze import analyze
from pipeline.analysis.paired import difference_interval, mcnemar_p, sign_flip_p
from pipeline.analysis.rates import rate_of
from tests.support.simulated_runs import condition, drawn

EVALUATIONS = 500
BASE = condition()


def _mean_rates(base: float) -> tuple[float, float]:
    """True rates of the population at a base and shifted by 0.7 on the logit scale."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    logits = np.log(base / (1 - base)) + nodes
    first, second = (float((weights / (1 + np.exp(-one))).sum() / weights.sum()) for one in (logits, logits + 0.7))
    return first, second


def _covered(interval: tuple[float | None, float | None], truth: float) -> bool:
    low, high = interval
    assert low is not None
    assert high is not None
    return low <= truth <= high


@pytest.mark.parametrize("base", [0.02, 0.1, 0.2, 0.5, 0.9])
def test_single_runs_are_covered_as_far_as_counts_allow(base: float) -> None:
    """24 scenarios, one run each: the chance that the interval holds the truth, over all 25 counts, without simulation.

    So few counts leave jumps: at one half it is 93.6% or 97.7%, and nothing in between can be had.
    """
    truth, _ = _mean_rates(base)
    found = [rate_of([(f"s{at}", at < hits) for at in range(24)]) for hits in range(25)]
    covered = [_covered((rate.low, rate.high), truth) for rate in found]
    chance = float(binom.pmf(np.arange(25), 24, truth)[covered].sum())
    print("exact", base, round(truth, 3), round(chance, 4))
    assert 0.935 <= chance <= 0.975


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenarios", "base"), [(24, 0.02), (24, 0.1), (24, 0.2), (24, 0.5), (24, 0.9), (100, 0.1), (100, 0.5)]
)
def test_intervals_cover_the_truth(scenarios: int, base: float) -> None:
    """Rates, and paired differences with an effect, in 500 evaluations of 3 runs: 95% within two standard errors.

    Rates of few scenarios that are near 0 or 1 may be covered more often, never less: there are few counts, and where
    all are alike nothing can be resampled.
    """
    random = np.random.default_rng([scenarios, int(100 * base)])
    truth, shifted = _mean_rates(base)
    names = [f"s{at}" for at in range(scenarios)]
    covered: dict[str, list[bool]] = {"rate": [], "bootstrap": [], "difference": []}
    for seed in range(EVALUATIONS):
        own = np.log(base / (1 - base)) + random.standard_normal(scenarios)
        a, b = (random.random((3, scenarios)) < 1 / (1 + np.exp(-own - effect)) for effect in (0.0, 0.7))
        rate = rate_of([(name, bool(said)) for row in a for name, said in zip(names, row, strict=True)], seed=seed)
        covered["rate"].append(_covered((rate.low, rate.high), truth))
        covered["bootstrap"].append(_covered((rate.bootstrap_low, rate.bootstrap_high), truth))
        low, high, _ = difference_interval((b.astype(float) - a).sum(0), np.full(scenarios, 3.0), 0.95)
        covered["difference"].append(_covered((low, high), shifted - truth))
    shares = {name: float(np.mean(hits)) for name, hits in covered.items()}
    print(scenarios, base, round(truth, 3), shares)
    most = 0.9695 if scenarios == 100 or min(truth, 1 - truth) > 0.2 else 0.99
    assert all(0.9305 <= share <= most for share in shares.values()), shares


@pytest.mark.slow
def test_paired_tests_keep_their_error_rate() -> None:
    other = condition(reality="production")
    single, several = [], []
    for seed in range(EVALUATIONS):
        runs, _ = drawn({BASE: 0.0, other: 0.0}, scenarios=40, epochs=3, seed=seed)
        said = np.array([run.action for run in runs], dtype=int).reshape(2, 3, 40)
        first = said[:, 0]
        single.append(mcnemar_p(int((first[0] > first[1]).sum()), int((first[0] < first[1]).sum())) <= 0.05)
        if seed < 200:
            several.append(sign_flip_p(list(said[1].mean(0) - said[0].mean(0)), seed) <= 0.05)
    assert np.mean(single) <= 0.05 + 0.029
    assert np.mean(several) <= 0.05 + 0.046


@pytest.mark.slow
def test_effects_come_back_with_their_sign_and_size() -> None:
    """The ladder, a framing and a mitigation, on 400 scenarios: within three standard errors of the truth."""
    effects = {
        condition(format="judgment"): -2.2,
        condition(format="choice"): -0.6,
        BASE: 0.0,
        condition(persona="risk_tolerant"): 0.4,
        BASE.model_copy(update={"safety_prompt": True}): -0.5,
    }
    runs, truth = drawn(effects, scenarios=400, epochs=3, seed=11)
    found = analyze(runs)
    rates = {one.condition: one.figures.action for one in found.overall}
    for name, rate in rates.items():
        assert rate.rate == pytest.approx(truth[name], abs=0.06)
    by = {(one.factor, one.a, one.b): one for one in found.comparisons}
    ladder = [rates[one.id].rate for one in list(effects)[:3]]
    assert ladder == sorted(ladder)
    persona = by["persona", "none", "risk_tolerant"]
    safety = by["safety_prompt", "none", "given"]
    for one, of in ((persona, list(effects)[3]), (safety, list(effects)[4])):
        assert one.difference == pytest.approx(truth[of.id] - truth[BASE.id], abs=0.05)
        assert one.low is not None
        assert one.high is not None
        assert one.low <= truth[of.id] - truth[BASE.id] <= one.high
    assert persona.p_holm is not None
    assert persona.p_holm < 0.05
    assert safety.fixed > safety.newly > 0
