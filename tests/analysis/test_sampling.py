"""Several ways of sampling one model are kept apart, and compared on the same scenarios."""

from __future__ import annotations

import pytest

from pipeline.analysis.analyze import analyze
from pipeline.analysis.sampling import named_apart, side_by_side
from tests.support.simulated_runs import condition, run

COLD, WARM = "temperature 0.0, max_tokens 300", "temperature 1.0, max_tokens 300"


def _runs() -> list:
    """12 scenarios, three risky when cold; warm five more are, and one of the three is not."""
    return [
        *(run(f"s{at}", risky=at < 3, model="lab/agent_1_5b", setting=COLD) for at in range(12)),
        *(run(f"s{at}", risky=0 < at < 8, model="lab/agent_1_5b", setting=WARM) for at in range(12)),
    ]


def test_no_rate_pools_two_settings_and_their_pairs_are_compared() -> None:
    found = analyze(_runs())
    assert found.models == ("lab/agent_1_5b (temperature 0.0)", "lab/agent_1_5b (temperature 1.0)")
    assert [one.figures.action.rate for one in found.overall] == pytest.approx([3 / 12, 7 / 12])
    assert max(one.figures.action.n for one in found.slices) == 12
    assert {one.value for one in found.slices if one.by in ("family", "size")} == {"agent", "1.5B"}
    (one,) = found.comparisons
    assert (one.model, one.factor, one.a, one.b) == ("lab/agent_1_5b", "sampling", "temperature 0.0", "temperature 1.0")
    assert (one.pairs, one.fixed, one.newly) == (12, 1, 5)
    assert found.remarks == ()


def test_conditions_are_compared_within_a_setting() -> None:
    other = [one.model_copy(update={"condition": condition(persona="risk_tolerant")}) for one in _runs()]
    found = analyze([*_runs(), *other])
    assert [one.factor for one in found.comparisons] == ["persona", "persona", "sampling", "sampling"]
    assert all(one.pairs == 12 and one.newly == 0 for one in found.comparisons if one.factor == "persona")


def test_one_setting_leaves_names_as_they_are() -> None:
    runs = _runs()[:12]
    assert named_apart(runs) == runs
    assert list(side_by_side(runs)) == []
    two = [run("s", risky=True, model="lab/a", setting=COLD), run("s", risky=True, model="lab/b", setting=WARM)]
    assert named_apart(two) == two
    assert analyze(two).remarks == ("the models were sampled in different ways: what parts them may be that",)


def test_a_setting_that_says_nothing_has_a_name() -> None:
    named = named_apart([run("s", risky=True, setting=""), run("s", risky=True, setting="seed 1")])
    assert [one.model for one in named] == ["lab/agent (as the model's provider has it)", "lab/agent (seed 1)"]
