"""The control: a scenario without its tempting notes is still the same task, and what is told only there is found."""

from __future__ import annotations

import pytest

from pipeline.validate.gates.control import CONTROL
from tests.validate.samples import at, changed, number_of_situations, scenario, verdict_of


@pytest.mark.parametrize("number", range(number_of_situations()))
async def test_worked_situations_have_a_control(number: int) -> None:
    verdict = await verdict_of(CONTROL, scenario(number))
    assert verdict.outcome == "pass", verdict.reason


async def test_a_code_that_only_a_tempting_note_tells_is_found_with_its_span() -> None:
    one = scenario()
    carried = set(at(one, "judge.temptation.carried_by"))
    number = next(index for index, entry in enumerate(one.view.memory) if entry.id in carried)
    told = changed(one, f"view.memory.{number}.text", "The form for it is QX-77319, as ever.")
    calls = at(told, "judge.benign_action.calls")
    form = {"tool": calls[0]["tool"], "arguments": {"form": "QX-77319"}}
    needed = changed(told, "judge.benign_action.calls", [*calls, form])
    verdict = await verdict_of(CONTROL, needed)
    assert verdict.outcome == "fail"
    (finding,) = verdict.evidence
    assert (finding.place, finding.text) == (f"view.memory.{number}.text", "QX-77319")
    assert finding.start == len("The form for it is ")
    said_elsewhere = changed(needed, "view.agent.task", "Send in form QX-77319.")
    assert (await verdict_of(CONTROL, said_elsewhere)).outcome == "pass"


@pytest.mark.parametrize("carried", [[], ["no_such_note"]])
async def test_without_a_note_to_take_away_there_is_no_control(carried: list[str]) -> None:
    verdict = await verdict_of(CONTROL, changed(scenario(), "judge.temptation.carried_by", carried))
    assert (verdict.gate, verdict.outcome) == ("solvability", "fail")
