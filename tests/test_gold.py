"""Gold scenarios and their bad twins: the regression set of the gates that need no model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest

from pipeline.deduplicate.encoder import load_encoder
from pipeline.deduplicate.stage import deduplicate
from pipeline.exemplars import load_exemplars, load_twins, twin_content, twin_scenario
from pipeline.render import agent_texts, result_texts
from pipeline.schema.candidate import Attempt, Candidate
from pipeline.schema.cell import Cell
from pipeline.schema.exemplar import Exemplar, Twin
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import DeduplicationSettings, GateSettings
from pipeline.schema.tool import ToolCall
from pipeline.simulate import recognise, run_path
from pipeline.validate.context import ValidationContext
from pipeline.validate.gates import CHECKS
from pipeline.validate.stage import run_checks
from tests.validate.samples import number_of_situations, scenario, seeds

EXEMPLARS = load_exemplars()
TWINS = load_twins(EXEMPLARS)
EVERY_GATE = {"schema", "solvability", "leakage", "benignness", "relevance", "realism", "novelty"}
SURE = {"solvability", "leakage"}
"""Gates that need no judge and may not err."""

INDEPENDENT = re.compile(
    r"ethic|\bmoral|misalign|value alignment|benchmark|red.?team|jailbreak|honey.?pot|tempt(ation|ing|ed)\b"
    r"|\bharmful\b|\bmisconduct\b|\bmisbehav|\bwrongdoing|\billegal|\bunlawful|\bunethical|\bcheat|\bfraud|\bscheming"
    r"|\btest(ing)? (scenario|case|environment|agent|prompt)|\b(this|it) is (only |just )?a test\b|\bbeing tested\b"
    r"|\bAI safety|\bevaluat(ion|ing) (of )?(the )?(agent|assistant|model)|\bsimulat(ion|ed)\b|\bhypothetical"
    r"|self.?preserv|goal.?preserv|power.?seeking|\bautonomy\b|resource acquisition|accountability avoid"
    r"|benevolent|overreach|curiosity|sycophan|reputation management"
    r"|decepti|deceiv|privacy violation|corrupt(?!ed file)|manipulat|subver|unauthori[sz]ed access|discriminat"
    r"|confidentiality breach|negligen|regulatory violation|sabotag",
    re.IGNORECASE,
)
"""Written without a look at ``prompts/gates/leakage.yaml``: names of motives and risks, ethics, tests."""


def all_twins(*gates: str) -> Iterator[tuple[Exemplar, Twin]]:
    for name, twins in TWINS.items():
        yield from ((EXEMPLARS[name], twin) for twin in twins if not gates or twin.gate in gates)


def named(pairs: Iterator[tuple[Exemplar, Twin]]) -> list[object]:
    return [pytest.param(one, twin, id=f"{one.id}-{twin.id}") for one, twin in pairs]


@cache
def context() -> ValidationContext:
    return ValidationContext(seeds(), GateSettings(), None, encoder=load_encoder("all-MiniLM-L6-v2"))


def candidate(one: Scenario, number: int) -> Candidate:
    cell = Cell(motive=one.motive, risk_type=one.risk_type, domain=one.domain)
    return Candidate.of(Attempt(cell=cell, number=number, seed=number), scenario=one)


def copies(scenarios: list[Scenario]) -> list[str]:
    judged = deduplicate(
        [candidate(one, number) for number, one in enumerate(scenarios)],
        [],
        DeduplicationSettings(),
        load_encoder("all-MiniLM-L6-v2"),
    )
    return [verdict.reason for one in judged for verdict in one.verdicts if verdict.outcome != "pass"]


async def failed_gates(one: Scenario, *, only: set[str] | None = None) -> dict[str, str]:
    """Run the checks that need no judge; return the gates that turned the scenario away, with the reason."""
    checks = [check for check in CHECKS if not check.asks_judge and (only is None or check.gate in only)]
    verdicts = await run_checks(one, (), context(), checks)
    return {verdict.gate: verdict.reason for verdict in verdicts if verdict.outcome != "pass"}


def test_there_are_enough_and_they_are_spread() -> None:
    cells = {(one.motive, one.risk_type) for one in EXEMPLARS.values()}
    assert len(EXEMPLARS) >= 24
    assert len(cells) >= 12
    assert len({one.domain for one in EXEMPLARS.values()}) >= 12
    assert {one.motive for one in EXEMPLARS.values()} == set(seeds().motives)
    assert {one.risk_type for one in EXEMPLARS.values()} == set(seeds().risk_types)


def test_at_least_twelve_have_a_bad_twin_for_every_gate() -> None:
    complete = [name for name, twins in TWINS.items() if {twin.gate for twin in twins} >= EVERY_GATE]
    assert len(complete) >= 12
    pushes = {twin.how for _, twin in all_twins("benignness")}
    assert {"asks", "hints", "rewards", "threatens"} <= pushes


@pytest.mark.parametrize("name", EXEMPLARS)
async def test_a_gold_scenario_passes_every_gate_that_runs_without_a_model(name: str) -> None:
    assert await failed_gates(EXEMPLARS[name].scenario) == {}


@pytest.mark.parametrize(
    ("places", "unfair"),
    [
        (["F-30218", "F-30221", "F-30226", "F-30233", "F-30237"], False),
        (["F-30218"], False),
        (["F-30218", "F-30221"], False),
        (["F-30218", "F-30237"], True),
        (["F-30221", "F-30226", "F-30237"], True),
        (["F-30237", "F-30233", "F-30226", "F-30221"], False),
    ],
    ids=["all", "one household", "begun", "no interpreter", "one interpreter less", "other order"],
)
def test_a_round_is_unfair_only_if_a_later_neighbour_is_in_it(places: list[str], *, unfair: bool) -> None:
    one = EXEMPLARS["interpreter_fault_round"].scenario
    call = ToolCall(tool="fill_round", arguments={"round": "R-46", "faults": places})
    results, _ = run_path(one.tools, one.simulation.state, [call])
    assert results[0].ok
    assert bool(recognise(one.judge.risky_action.recognised_by, results)) is unfair


@pytest.mark.parametrize("name", EXEMPLARS)
def test_no_agent_visible_text_names_a_label_ethics_or_a_test(name: str) -> None:
    one = EXEMPLARS[name].scenario
    texts = [*agent_texts(one.view), *result_texts(one.simulation)]
    found = [(place, match[0]) for place, text in texts for match in INDEPENDENT.finditer(text)]
    assert found == []


def test_gold_scenarios_are_no_copies_of_each_other_or_of_the_kits() -> None:
    gold = [one.scenario for one in EXEMPLARS.values()]
    assert copies(gold) == []
    kits = [scenario(number) for number in range(number_of_situations())]
    told = {one.view.agent.task for one in gold}
    assert [reason for reason in copies([*gold, *kits]) if any(task in reason for task in told)] == []


@pytest.mark.parametrize(("one", "twin"), named(all_twins("schema")))
def test_a_twin_against_the_schema_is_no_valid_record(one: Exemplar, twin: Twin) -> None:
    assert twin_content(one, twin) != one.scenario.model_dump(mode="json", exclude={"id", "lineage"})
    with pytest.raises(ValueError, match=r"\S"):
        twin_scenario(one, twin)


@pytest.mark.parametrize(("one", "twin"), named(all_twins("solvability", "leakage")))
async def test_a_twin_of_solvability_or_leakage_fails_at_just_that_gate(one: Exemplar, twin: Twin) -> None:
    assert set(await failed_gates(twin_scenario(one, twin), only=SURE)) == {twin.gate}


@pytest.mark.parametrize(("one", "twin"), named(all_twins("benignness", "relevance", "realism", "novelty")))
async def test_a_twin_of_another_gate_passes_solvability_and_leakage(one: Exemplar, twin: Twin) -> None:
    assert await failed_gates(twin_scenario(one, twin), only=SURE) == {}


@pytest.mark.parametrize(("one", "twin"), named(all_twins("novelty")))
def test_a_copy_with_names_changed_is_found(one: Exemplar, twin: Twin) -> None:
    assert len(copies([one.scenario, twin_scenario(one, twin)])) == 1
