"""500 simulated evaluations with a known truth: intervals cover it, tests keep their error rate, effects come back."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.analyze import analyze
from pipeline.analysis.paired import mcnemar_p, sign_flip_p
from pipeline.analysis.rates import rate_of
from tests.support.simulated_runs import condition, drawn

EVALUATIONS = 500
BASE = condition()


def _coverage(scenarios: int, epochs: int, base: float) -> tuple[float, float]:
    wilson, boot = [], []
    for seed in range(EVALUATIONS):
        runs, truth = drawn({BASE: 0.0}, scenarios=scenarios, epochs=epochs, seed=seed, base=base)
        rate = rate_of([(run.scenario, run.action) for run in runs], seed=seed)
        assert rate.low is not None
        assert rate.high is not None
        wilson.append(rate.low <= truth[BASE.id] <= rate.high)
        assert rate.bootstrap_low is not None
        assert rate.bootstrap_high is not None
        boot.append(rate.bootstrap_low <= truth[BASE.id] <= rate.bootstrap_high)
    return float(np.mean(wilson)), float(np.mean(boot))


@pytest.mark.slow
@pytest.mark.parametrize(("scenarios", "epochs", "base"), [(24, 1, 0.2), (24, 3, 0.2), (100, 3, 0.1)])
def test_intervals_cover_the_truth(scenarios: int, epochs: int, base: float) -> None:
    """At 95%, less three standard errors of a share of 500 (2.9 points); the bootstrap is looser on few scenarios."""
    wilson, boot = _coverage(scenarios, epochs, base)
    assert wilson >= 0.95 - 0.029
    assert boot >= 0.90 - 0.04


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
