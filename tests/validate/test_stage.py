"""The stage: order kept, cheap checks first, nothing paid for what has failed, and fail-closed throughout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.models.errors import EndpointError
from pipeline.schema.candidate import Attempt, Candidate, Failure
from pipeline.schema.cell import Cell
from pipeline.schema.policy import KOfN
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import CheckName, GateSettings
from pipeline.schema.verdict import Outcome, Verdict
from pipeline.validate.context import Check, ValidationContext
from pipeline.validate.gates import CHECKS
from pipeline.validate.policy import GATES, decide
from pipeline.validate.stage import run_checks, validate, validate_subjects
from tests.validate.samples import context, judged_by, planted, question_of, scenario, seeds

COSTLY = {f"{check.gate}.{check.checker}" for check in CHECKS if check.asks_judge}
LENIENT = GateSettings(relevance_rank=5, similarity_rank=99)


def candidate(one: Scenario, number: int = 0, novelty: Outcome | None = "pass") -> Candidate:
    cell = Cell.parse(one.lineage.cell)
    made = Candidate.of(Attempt(cell=cell, number=number, seed=1), scenario=one)
    if novelty is None:
        return made
    verdict = Verdict(gate="novelty", checker="plot", version="1", outcome=novelty, reason="said before")
    return made.model_copy(update={"verdicts": (verdict,)})


def kind_judge(request: dict[str, Any]) -> str:
    """A judge that finds everything in order and knows the labels of the first worked situation."""
    question = question_of(request)
    if "1 to 5" in question:
        return "4"
    if "one capital letter" in question:
        names = (seeds().motives[scenario().motive].name, seeds().risk_types[scenario().risk_type].name)
        found = [match[1] for name in names for match in re.finditer(rf"(?m)^([A-Z])\. {re.escape(name)}:", question)]
        return found[0]
    return "no"


async def test_a_good_candidate_is_accepted_and_what_it_took_is_counted(tmp_path: Path) -> None:
    async with judged_by(kind_judge, tmp_path, settings=LENIENT) as (given_context, server):
        (done,) = await validate([candidate(scenario())], given_context)
        assert done.accepted, done.decision
        assert done.usage.calls == server.counts().calls == len(done.completions)
        (again,) = await validate([done], given_context)
    assert again.verdicts == done.verdicts
    assert again.decision == done.decision
    assert again.completions == done.completions


async def test_every_check_gives_one_verdict_in_order(tmp_path: Path) -> None:
    async with judged_by(kind_judge, tmp_path, settings=LENIENT) as (given_context, _):
        verdicts = await run_checks(scenario(), (), given_context)
    assert [(v.gate, v.checker) for v in verdicts] == [(check.gate, check.checker) for check in CHECKS]


@pytest.mark.parametrize("fault", ["leakage", "novelty"])
async def test_nothing_is_paid_for_what_failed_before(tmp_path: Path, fault: str) -> None:
    one = planted(scenario(), "view.agent.request", "This is a test.") if fault == "leakage" else scenario()
    async with judged_by(kind_judge, tmp_path, settings=LENIENT) as (given_context, server):
        (done,) = await validate([candidate(one, novelty="fail" if fault == "novelty" else "pass")], given_context)
        assert server.counts().calls == 0
    assert done.decision is not None
    assert (done.decision.outcome, done.decision.gate) == ("rejected", fault)
    not_run = {f"{v.gate}.{v.checker}": v.reason for v in done.verdicts if v.outcome == "not_run"}
    assert set(not_run) == COSTLY
    assert all(f"turned away before by {fault}" in reason for reason in not_run.values())


async def test_every_check_is_run_when_asked_for(tmp_path: Path) -> None:
    one = planted(scenario(), "view.agent.request", "This is a test.")
    async with judged_by(kind_judge, tmp_path, settings=LENIENT, every_check=True) as (given_context, _):
        verdicts = await run_checks(one, (), given_context)
    assert {v.outcome for v in verdicts} == {"pass", "fail"}


async def test_without_a_judge_nothing_is_accepted() -> None:
    (done,) = await validate([candidate(scenario())], context())
    assert done.decision is not None
    assert (done.decision.outcome, done.decision.gate) == ("quarantined", "benignness")
    assert "no judge is configured" in done.decision.reason


async def test_without_a_novelty_verdict_nothing_is_accepted(tmp_path: Path) -> None:
    async with judged_by(kind_judge, tmp_path, settings=LENIENT) as (given_context, _):
        (done,) = await validate([candidate(scenario(), novelty=None)], given_context)
        ((_, _, bare),) = await validate_subjects([scenario()], given_context)
    assert done.decision is not None
    assert (done.decision.outcome, done.decision.gate) == ("quarantined", "novelty")
    assert bare.outcome == "accepted"


async def test_the_order_of_candidates_is_kept(tmp_path: Path) -> None:
    many = [candidate(scenario(number % 4), number) for number in range(12)]
    async with judged_by(kind_judge, tmp_path, at_once=5) as (given_context, _):
        done = await validate(many, given_context)
    assert [one.id for one in done] == [one.id for one in many]


async def test_as_many_scenarios_are_judged_side_by_side_as_said(tmp_path: Path) -> None:
    many = [candidate(planted(scenario(), "view.agent.request", f"It is number {n}."), n) for n in range(6)]
    async with judged_by(kind_judge, tmp_path, at_once=2, settings=LENIENT) as (given_context, server):
        server.latency = 0.02
        await validate(many, given_context)
        assert server.counts().in_flight_most == 2


async def test_a_candidate_without_a_scenario_is_rejected_where_it_failed() -> None:
    attempt = Attempt(cell=Cell.parse("a1.b1.c1"), number=0, seed=1)
    steps = [("prose", "prose"), ("core", "core")]
    failed = [Candidate.of(attempt, failure=Failure(step=step, reason="no use")) for step, _ in steps]
    done = await validate(failed, context())
    assert [one.decision.gate for one in done if one.decision] == [gate for _, gate in steps]
    assert all(one.decision and one.decision.outcome == "rejected" and not one.verdicts for one in done)


async def test_an_endpoint_that_refuses_stops_the_stage(tmp_path: Path) -> None:
    async with judged_by(kind_judge, tmp_path) as (given_context, server):
        server.api_key = "another"
        with pytest.raises(EndpointError):
            await validate([candidate(scenario())], given_context)


@pytest.mark.parametrize("text", ["", "I'm sorry, I can't.", "Yes, approve it!", "{}", "\u2028", "no" * 50])
async def test_a_judge_that_talks_nonsense_accepts_nothing(tmp_path: Path, text: str) -> None:
    async with judged_by(lambda request: text, tmp_path, settings=LENIENT) as (given_context, _):
        (done,) = await validate([candidate(scenario())], given_context)
    assert done.decision is not None
    assert done.decision.outcome == "quarantined"


async def test_checks_left_out_give_no_verdict_and_a_gate_without_any_accepts_nothing(tmp_path: Path) -> None:
    left = ("benignness.judge", "relevance.motive", "relevance.risk_type")
    given_settings = LENIENT.model_copy(update={"left_out": left})
    async with judged_by(kind_judge, tmp_path, settings=given_settings) as (given_context, _):
        (done,) = await validate([candidate(scenario())], given_context)
    assert done.accepted
    assert not {f"{v.gate}.{v.checker}" for v in done.verdicts} & set(left)
    all_of_relevance = tuple(name for name in get_args(CheckName) if name.startswith("relevance."))
    given_settings = LENIENT.model_copy(update={"left_out": all_of_relevance})
    folder = tmp_path / "second"
    folder.mkdir()
    async with judged_by(kind_judge, folder, settings=given_settings) as (given_context, _):
        (done,) = await validate([candidate(scenario())], given_context)
    assert done.decision is not None
    assert (done.decision.outcome, done.decision.gate) == ("quarantined", "relevance")


def test_what_a_specification_may_leave_out_exists() -> None:
    assert set(get_args(CheckName)) <= {f"{check.gate}.{check.checker}" for check in CHECKS}


def scripted(check: Check, outcome: Outcome) -> Check:
    """The check with its answer replaced."""

    async def run(one: Scenario, given_context: ValidationContext) -> Verdict:
        return Verdict(gate=check.gate, checker=check.checker, version="1", outcome=outcome, reason="scripted")

    return Check(check.gate, check.checker, run)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["pass", "fail", "error", "not_run"]), min_size=len(CHECKS), max_size=len(CHECKS)))
async def test_whatever_subset_of_checks_fails_only_all_passing_is_accepted(outcomes: list[Outcome]) -> None:
    checks = [scripted(check, outcome) for check, outcome in zip(CHECKS, outcomes, strict=True)]
    verdicts = await run_checks(scenario(), (), SHARED, checks)
    decision = decide(verdicts, [gate for gate in GATES if gate != "novelty"])
    assert (decision.outcome == "accepted") == all(outcome == "pass" for outcome in outcomes)


SHARED = context()


async def test_a_rule_that_no_checks_can_meet_is_refused() -> None:
    rule = KOfN(rule="k_of_n", k=9)
    with pytest.raises(UsageError, match=r"gates\.policy\.benignness\.k: 9 families have to pass and there are 3"):
        await validate_subjects([scenario()], context(settings=GateSettings(policy={"benignness": rule})))
