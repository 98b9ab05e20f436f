"""The statistics agree with statsmodels and scipy, and with the paper's own numbers where one can compute them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from pipeline.analysis.agreement import agreement_of
from pipeline.analysis.items import items_of
from pipeline.analysis.paired import (
    Comparison,
    compare,
    corrected,
    detectable,
    difference_interval,
    mcnemar_p,
    sign_flip_p,
)
from pipeline.analysis.rates import any_of, rate_of
from pipeline.intervals import wilson_interval
from tests.support.simulated_runs import condition, run

TABLES = [tuple(row) for row in np.random.default_rng(7).integers(1, 40, size=(50, 4)).tolist()]


def _sides(both: int, fixed: int, newly: int, neither: int) -> tuple[list, list]:
    cells = [(True, True)] * both + [(True, False)] * fixed + [(False, True)] * newly + [(False, False)] * neither
    sides = ([], [])
    for at, pair in enumerate(cells):
        for side, risky in zip(sides, pair, strict=True):
            side.append(run(f"s{at}", risky=risky))
    return sides


@pytest.mark.parametrize("table", TABLES)
def test_random_tables_agree_with_statsmodels_and_scipy(table: tuple[int, int, int, int]) -> None:
    both, fixed, newly, neither = table
    n = sum(table)
    found = compare(*_sides(*table), model="m", factor="reality", names=("a", "b"))
    reference = mcnemar([[both, fixed], [newly, neither]], exact=True)
    assert found.p == pytest.approx(reference.pvalue)
    assert found.p == pytest.approx(binomtest(fixed, fixed + newly).pvalue)
    assert (found.fixed, found.newly, found.pairs) == (fixed, newly, n)
    assert found.difference == pytest.approx((newly - fixed) / n)
    rate = rate_of([(f"s{at}", at < both) for at in range(n)])
    assert (rate.low, rate.high) == pytest.approx(proportion_confint(both, n, method="wilson"))
    assert (rate.low, rate.high) == pytest.approx(wilson_interval(both, n))
    ratings = [[True] * (both + fixed) + [False] * (newly + neither), ([True] * both + [False] * fixed) * 1]
    ratings[1] += [True] * newly + [False] * neither
    kappa = cohens_kappa(np.array([[both, fixed], [newly, neither]])).kappa
    assert agreement_of(ratings).kappa == pytest.approx(kappa)


@pytest.mark.parametrize(("hits", "share"), [(13, 0.0325), (54, 0.135), (80, 0.2)])
def test_the_ladder_of_the_paper(hits: int, share: float) -> None:
    rate = rate_of([(f"s{at}", at < hits) for at in range(400)])
    assert rate.rate == pytest.approx(share)
    assert (rate.low, rate.high) == pytest.approx(proportion_confint(hits, 400, method="wilson"))


def test_the_reality_framing_of_the_paper_is_within_the_noise_unless_nearly_all_changes_go_one_way() -> None:
    """85 against 75 of 400. With 50 or 100 pairs that differ, ten more one way show nothing; with 12 they would."""
    assert mcnemar_p(30, 20) == pytest.approx(binomtest(30, 50).pvalue)
    assert mcnemar_p(30, 20) > 0.05
    assert mcnemar_p(55, 45) > 0.05
    assert mcnemar_p(11, 1) < 0.05


def test_the_personas_of_the_paper_differ_unless_half_of_all_pairs_do() -> None:
    """68 against 103 of 400: 35 more one way."""
    assert mcnemar_p(5, 40) < 0.001
    assert mcnemar_p(32, 67) < 0.01
    assert mcnemar_p(150, 185) > 0.05


def test_a_net_effect_hides_those_that_became_risky() -> None:
    """20 to 17% with 5 points newly risky, on 400: 32 fixed, 20 newly risky."""
    found = compare(*_sides(48, 32, 20, 300), model="m", factor="safety_prompt", names=("none", "given"))
    assert (found.rate_a, found.rate_b) == pytest.approx((0.2, 0.17))
    assert (found.fixed, found.newly) == (32, 20)
    assert found.difference == pytest.approx(-0.03)
    assert found.p is not None
    assert found.p > 0.05


def test_what_was_not_measured_is_in_no_rate_and_bounds_it() -> None:
    rate = rate_of([("a", True), ("b", None), ("c", False), ("d", None)])
    assert (rate.hits, rate.n, rate.unmeasured, rate.rate) == (1, 2, 2, 0.5)
    assert (rate.least, rate.most) == (0.25, 0.75)
    nothing = rate_of([("a", None)])
    assert (nothing.rate, nothing.low, nothing.high, nothing.least) == (None, None, None, None)


def test_one_unmeasured_run_leaves_a_scenario_without_a_risky_one_unmeasured() -> None:
    runs = [run("a", risky=False), run("a", risky=None, epoch=2), run("b", risky=None), run("b", risky=True, epoch=2)]
    found = any_of(runs)
    assert (found.hits, found.n, found.unmeasured) == (1, 1, 1)


def test_runs_of_one_scenario_do_not_pass_for_independent_ones() -> None:
    alike = rate_of([(f"s{at}", at < 5) for at in range(20) for _ in range(10)])
    single = rate_of([(f"s{at}", at < 5) for at in range(20)])
    assert (alike.low, alike.high) == pytest.approx((single.low, single.high), abs=0.02)


def test_alike_is_not_certain() -> None:
    """Scenarios that all say the same leave room: no width of 0, and no more certainty than their number gives."""
    for share in (0.0, 1.0):
        rate = rate_of([(f"s{at}", bool(share)) for at in range(12) for _ in range(5)])
        single = rate_of([(f"s{at}", bool(share)) for at in range(12)])
        assert rate.low is not None
        assert rate.high is not None
        assert rate.high - rate.low >= single.high - single.low > 0.2
        assert (rate.low, rate.high) == (rate.bootstrap_low, rate.bootstrap_high)
    third = [(f"s{at}", epoch == 0) for at in range(12) for epoch in range(3)]
    even = rate_of(third)
    assert (even.low, even.high) == pytest.approx((even.bootstrap_low, even.bootstrap_high))
    one = rate_of([("s", True), ("s", False), ("s", False)])
    assert one.low is not None
    assert one.high is not None
    assert one.high - one.low > 0.7
    low, high, method = difference_interval(np.zeros(12), np.full(12, 3.0), 0.95)
    assert -low == pytest.approx(high)
    assert high > 0.05
    assert method


def test_the_interval_of_a_difference_is_bonett_and_prices() -> None:
    """By their formula (2012, equation 9) on a table: 12 fixed, 3 newly, 100 pairs."""
    differences = np.array([-1.0] * 12 + [1.0] * 3 + [0.0] * 85)
    low, high, _ = difference_interval(differences, np.ones(100), 0.95)
    fixed, newly = 13 / 102, 4 / 102
    error = np.sqrt((fixed + newly - (newly - fixed) ** 2) / 102)
    assert (low, high) == pytest.approx((newly - fixed - 1.959964 * error, newly - fixed + 1.959964 * error), abs=1e-6)


def test_correction_is_that_of_statsmodels() -> None:
    given = [0.001, 0.02, 0.04, None, 0.3]
    rows = [Comparison(model="m", factor="f", a="a", b="b", pairs=9, scenarios=9, p=p) for p in given]
    found = corrected(rows)
    known = [p for p in given if p is not None]
    assert [one.p_holm for one in found if one.p is not None] == pytest.approx(
        list(multipletests(known, method="holm")[1])
    )
    assert [one.q_bh for one in found if one.p is not None] == pytest.approx(
        list(multipletests(known, method="fdr_bh")[1])
    )
    assert found[3].p_holm is None


def test_sign_flips_are_exact_for_few_scenarios() -> None:
    assert sign_flip_p([1.0] * 6) == pytest.approx(2 / 2**6)
    assert sign_flip_p([0.0, 0.0]) == 1.0


def test_detectable_difference_has_the_power_it_claims() -> None:
    found = detectable(400, 0.15)
    assert found is not None
    random = np.random.default_rng(3)
    share = 0.5 * (1 - found / 0.15)
    shown = [mcnemar_p(int(k), 60 - int(k)) <= 0.05 for k in random.binomial(60, share, size=2000)]
    assert 0.77 <= np.mean(shown) <= 0.9
    assert detectable(4, 0.1) is None


def test_items_say_which_scenarios_tell_models_apart() -> None:
    chances = {"m0": 0, "m1": 2, "m2": 3, "m3": 5}
    runs = [
        run(name, risky=hit, model=f"lab/{model}")
        for model, hits in chances.items()
        for name, hit in [
            *((f"s{at}", at < hits) for at in range(6)),
            ("never", False),
            ("always", True),
            ("against", hits < 3),
        ]
    ]
    found = {one.scenario: one for one in items_of(runs)}
    assert found["never"].flag == "no model"
    assert found["always"].flag == "every model"
    assert found["against"].flag == "against the rest"
    assert found["s2"].discrimination is not None
    assert found["s2"].discrimination > 0


def test_pairs_need_both_sides() -> None:
    a = [run("s1", risky=True), run("s2", risky=None), run("s3", risky=False)]
    b = [run("s1", risky=False, condition=condition(reality="testing")), run("s2", risky=True)]
    found = compare(a, b, model="m", factor="reality", names=("unstated", "testing"))
    assert (found.pairs, found.fixed, found.unpaired) == (1, 1, 3)
