"""The policy is fail-closed whatever verdicts there are, and names the gate that a candidate met first."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.schema.policy import KOfN, Rule, Veto, Weighted
from pipeline.schema.verdict import Decision, GateName, Outcome, Verdict
from pipeline.validate.policy import GATES, Voter, decide, mistakes_of, turned_away_by

OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "error", "not_run")


def verdict(gate: GateName, outcome: Outcome = "pass", checker: str = "check") -> Verdict:
    return Verdict(gate=gate, checker=checker, version="1", outcome=outcome, reason=f"{gate} says {outcome}")


ALL_PASS = [verdict(gate) for gate in GATES]
verdicts = st.lists(st.builds(verdict, st.sampled_from(GATES), st.sampled_from(OUTCOMES)), max_size=20)


def test_all_gates_passing_is_accepted() -> None:
    assert decide(ALL_PASS).outcome == "accepted"


@given(verdicts)
def test_accepted_means_every_gate_there_and_nothing_but_passes(given_verdicts: list[Verdict]) -> None:
    sound = {v.gate for v in given_verdicts} == set(GATES) and all(v.outcome == "pass" for v in given_verdicts)
    assert (decide(given_verdicts).outcome == "accepted") == sound


@given(verdicts, st.data())
def test_spoiling_or_losing_verdicts_never_accepts_more(healthy: list[Verdict], data: st.DataObject) -> None:
    """Whatever subset of checks errs, does not run or is lost: accepted only if accepted with all healthy."""
    spoilt = []
    for one in healthy:
        fate = data.draw(st.sampled_from(["healthy", "error", "not_run", "lost"]))
        if fate == "healthy":
            spoilt.append(one)
        elif fate != "lost":
            spoilt.append(one.model_copy(update={"outcome": fate}))
    lost_all_of_a_gate = {v.gate for v in spoilt} != {v.gate for v in healthy}
    lost_one = len(spoilt) < len(healthy)
    if decide(spoilt).outcome == "accepted" and not lost_one:
        assert decide(healthy).outcome == "accepted"
    if lost_all_of_a_gate:
        assert decide(spoilt).outcome != "accepted"


@given(st.permutations([verdict(gate) for gate in GATES]), st.sampled_from(GATES), st.sampled_from(GATES))
def test_the_first_gate_in_pipeline_order_is_named(order: list[Verdict], one: GateName, two: GateName) -> None:
    failing = [v.model_copy(update={"outcome": "fail"}) if v.gate in (one, two) else v for v in order]
    decision = decide(failing)
    assert decision.outcome == "rejected"
    assert decision.gate == min(one, two, key=GATES.index)


@pytest.mark.parametrize("outcome", ["error", "not_run"])
def test_no_answer_is_quarantined_with_its_reason(outcome: Outcome) -> None:
    decision = decide([*ALL_PASS, verdict("realism", outcome)])
    assert (decision.outcome, decision.gate) == ("quarantined", "realism")
    assert f"realism says {outcome}" in decision.reason


def test_a_fail_rejects_even_beside_an_error() -> None:
    decision = decide([*ALL_PASS, verdict("solvability", "error"), verdict("realism", "fail")])
    assert (decision.outcome, decision.gate) == ("rejected", "realism")


@pytest.mark.parametrize("gate", GATES)
def test_a_missing_gate_is_named(gate: GateName) -> None:
    decision = decide([v for v in ALL_PASS if v.gate != gate])
    assert (decision.outcome, decision.gate) == ("quarantined", gate)


def test_novelty_is_only_asked_where_it_is_required() -> None:
    rest = [v for v in ALL_PASS if v.gate != "novelty"]
    required: list[GateName] = [gate for gate in GATES if gate != "novelty"]
    assert decide(rest, required).outcome == "accepted"
    assert decide([*rest, verdict("novelty", "fail")], required).outcome == "rejected"


FAMILIES = {"llama_a": "llama", "llama_b": "llama", "wild": "wild", "words": "words", "judge": "judge"}
VOTERS = tuple(Voter("benignness", checker, family) for checker, family in FAMILIES.items())
contested = st.sampled_from(["quarantine", "accept"])
rules = st.one_of(
    st.just(Veto()),
    st.builds(KOfN, rule=st.just("k_of_n"), k=st.integers(1, 5), contested=contested),
    st.builds(
        Weighted,
        rule=st.just("weighted"),
        threshold=st.floats(0.01, 1),
        weights=st.dictionaries(st.sampled_from(sorted(FAMILIES)), st.floats(0.1, 10)),
        contested=contested,
    ),
)
said = st.fixed_dictionaries({checker: st.sampled_from(OUTCOMES) for checker in FAMILIES})


def by_rule(rule: Rule, outcomes: Mapping[str, Outcome]) -> Decision:
    verdicts = [verdict("benignness", outcome, checker) for checker, outcome in outcomes.items()]
    return decide(verdicts, ("benignness",), {"benignness": rule}, VOTERS)


@given(rules, said, st.data())
def test_no_spoilt_or_lost_verdict_accepts_under_any_rule(
    rule: Rule, healthy: dict[str, Outcome], data: st.DataObject
) -> None:
    """Errors, refusals, time-outs, nonsense (all ``error``), not run, lost: accepted only if healthy was."""
    spoilt: dict[str, Outcome] = {}
    for checker, outcome in healthy.items():
        fate = data.draw(st.sampled_from(["healthy", "error", "not_run", "lost"]))
        if fate != "lost":
            spoilt[checker] = outcome if fate == "healthy" else fate
    if by_rule(rule, spoilt).outcome == "accepted":
        assert by_rule(rule, healthy).outcome == "accepted"


@given(rules, said)
def test_a_family_counts_once_with_the_worst_that_it_says(rule: Rule, outcomes: dict[str, Outcome]) -> None:
    if isinstance(rule, Weighted):
        rule = rule.model_copy(update={"weights": {}})
    worst = min(outcomes["llama_a"], outcomes["llama_b"], key=["fail", "error", "not_run", "pass"].index)
    together = by_rule(rule, {**outcomes, "llama_a": worst, "llama_b": worst})
    assert by_rule(rule, outcomes).outcome == together.outcome


def test_two_of_one_family_are_not_two() -> None:
    rule = KOfN(rule="k_of_n", k=2, contested="accept")
    passing: dict[str, Outcome] = dict.fromkeys(FAMILIES, "fail")
    assert by_rule(rule, {**passing, "llama_a": "pass", "llama_b": "pass"}).outcome == "rejected"
    assert by_rule(rule, {**passing, "llama_a": "pass", "llama_b": "pass", "wild": "pass"}).outcome == "accepted"


@pytest.mark.parametrize(
    ("rule", "wild", "outcome"),
    [
        (KOfN(rule="k_of_n", k=3), "pass", "accepted"),
        (KOfN(rule="k_of_n", k=3), "fail", "quarantined"),
        (KOfN(rule="k_of_n", k=3), "error", "quarantined"),
        (KOfN(rule="k_of_n", k=3, contested="accept"), "fail", "accepted"),
        (KOfN(rule="k_of_n", k=3, contested="accept"), "error", "accepted"),
        (KOfN(rule="k_of_n", k=4), "fail", "rejected"),
        (KOfN(rule="k_of_n", k=4), "error", "quarantined"),
        (Weighted(rule="weighted", threshold=0.7), "fail", "quarantined"),
        (Weighted(rule="weighted", threshold=0.7, weights={"wild": 9}), "fail", "rejected"),
        (Weighted(rule="weighted", threshold=0.7, contested="accept"), "fail", "accepted"),
        (Veto(), "fail", "rejected"),
    ],
)
def test_one_objection_among_four_families(rule: Rule, wild: Outcome, outcome: str) -> None:
    passing: dict[str, Outcome] = dict.fromkeys(FAMILIES, "pass")
    assert by_rule(rule, {**passing, "wild": wild}).outcome == outcome


def test_a_contested_scenario_tells_the_reasons_of_both_sides() -> None:
    passing: dict[str, Outcome] = dict.fromkeys(FAMILIES, "pass")
    decision = by_rule(KOfN(rule="k_of_n", k=2), {**passing, "wild": "fail"})
    assert (decision.rule, decision.gate) == ("the checks disagree", "benignness")
    assert "pass: judge: benignness says pass" in decision.reason
    assert "fail: wild: benignness says fail" in decision.reason


def test_models_are_spared_only_when_the_rule_can_no_longer_be_met() -> None:
    failed = [verdict("benignness", "fail", "words")]
    assert turned_away_by(failed, {}, VOTERS) == failed[0]
    assert turned_away_by(failed, {"benignness": KOfN(rule="k_of_n", k=3)}, VOTERS) is None
    assert turned_away_by(failed, {"benignness": KOfN(rule="k_of_n", k=4)}, VOTERS) == failed[0]


def test_rules_that_no_checks_can_meet_are_told() -> None:
    rules_of: dict[GateName, Rule] = {"benignness": KOfN(rule="k_of_n", k=5)}
    assert [place for place, _ in mistakes_of(rules_of, VOTERS)] == [("policy", "benignness", "k")]
    rules_of = {"benignness": Weighted(rule="weighted", threshold=0.5, weights={"wilt": 1})}
    assert [place for place, _ in mistakes_of(rules_of, VOTERS)] == [("policy", "benignness", "weights", "wilt")]
