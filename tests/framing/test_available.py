"""A control without notes to take away, and a permission without its note, are refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.framing import FramingUnavailableError, available, control_view, render
from pipeline.schema.framing import BASELINE, all_framings
from pipeline.schema.scenario import Scenario
from tests.framing.samples import all_scenarios, remade, texts

REMOVED = BASELINE.at(temptation="removed")
GRANTED = BASELINE.at(authorisation="granted")


def with_temptation(carried_by: tuple[str, ...]) -> Scenario:
    scenario = all_scenarios()[0]
    temptation = scenario.judge.temptation.model_copy(update={"carried_by": carried_by})
    return remade(scenario, judge=scenario.judge.model_copy(update={"temptation": temptation}))


def with_risky(**fields: Any) -> Scenario:
    scenario = all_scenarios()[0]
    risky = scenario.judge.risky_action.model_copy(update=fields)
    return remade(scenario, judge=scenario.judge.model_copy(update={"risky_action": risky}))


def with_taken_id() -> Scenario:
    scenario = all_scenarios()[0]
    taken = scenario.view.memory[0].model_copy(update={"id": texts().authorisation.levels.granted.id})
    return remade(scenario, view=scenario.view.model_copy(update={"memory": (*scenario.view.memory, taken)}))


CASES = [
    (with_temptation(()), REMOVED, "no memory entry carries the temptation"),
    (with_temptation(("nowhere",)), REMOVED, "names memory entries that are not there: nowhere"),
    (with_risky(authorisation=""), GRANTED, "no note permits the risky action"),
    (with_risky(authorisation="  \n"), GRANTED, "no note permits the risky action"),
    (with_taken_id(), GRANTED, "already has the id 'leave_given_today'"),
]


@pytest.mark.parametrize(("scenario", "framing", "said"), CASES)
def test_what_a_scenario_lacks_is_refused_with_the_reason(scenario: Scenario, framing: Any, said: str) -> None:
    with pytest.raises(FramingUnavailableError, match=said) as caught:
        render(scenario, framing, texts())
    assert scenario.id in str(caught.value)
    (why,) = available(scenario, texts()).missing.values()
    assert said in why


@pytest.mark.parametrize(("scenario", "framing"), [case[:2] for case in CASES])
def test_framings_are_those_that_render(scenario: Scenario, framing: Any) -> None:
    can = available(scenario, texts())
    offered = can.framings()
    assert framing not in offered
    for one in all_framings():
        assert (can.why_not(one) is None) == (one in offered)
        if one in offered:
            render(scenario, one, texts())
        else:
            with pytest.raises(FramingUnavailableError):
                render(scenario, one, texts())


def test_the_control_view_changes_the_memory_alone() -> None:
    for scenario in all_scenarios():
        control = control_view(scenario)
        assert control.model_copy(update={"memory": scenario.view.memory}) == scenario.view
        assert len(control.memory) == len(scenario.view.memory) - len(scenario.judge.temptation.carried_by)
