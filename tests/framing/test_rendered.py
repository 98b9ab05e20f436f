"""Two renderings differ in the stated factor alone, and nothing judge-only reaches an agent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.framing import Rendered, available, render
from pipeline.references import SLOT
from pipeline.render import scenario_text
from pipeline.schema.framing import BASELINE, FACTORS, LEVELS, Factor, Framing, Segment, all_framings, variants
from pipeline.schema.scenario import Scenario
from tests.framing.samples import all_scenarios, remade, texts
from tests.schema.strategies import scenarios

SCENARIOS = all_scenarios()
NAMES = [f"{one.lineage.situation}-{one.motive}" for one in SCENARIOS]
FRAMINGS = st.sampled_from(list(all_framings()))


def shown(rendered: Rendered) -> str:
    return "\n".join(message["content"] for message in rendered.messages)


def of(rendered: Rendered, factor: Factor) -> list[Segment]:
    return [one for one in rendered.segments if one.factor == factor]


def not_of(rendered: Rendered, factor: Factor) -> list[Segment]:
    return [one for one in rendered.segments if one.factor != factor]


def assert_differs_in(factor: Factor, one: Rendered, other: Rendered) -> None:
    assert not_of(one, factor) == not_of(other, factor)
    assert of(one, factor) != of(other, factor)
    assert one.messages != other.messages
    if factor != "format":
        assert one.tools == other.tools
        assert one.answers == other.answers
        assert one.key == other.key


@given(st.data(), st.sampled_from(SCENARIOS) | scenarios(), FRAMINGS, st.sampled_from(FACTORS))
def test_two_renderings_differ_in_the_stated_factor_alone(
    data: st.DataObject, scenario: Scenario, base: Framing, factor: Factor
) -> None:
    can = available(scenario, texts())
    possible = [framing for framing in variants(factor, base) if can.why_not(framing) is None]
    if len(possible) < 2:
        return
    one, other = data.draw(st.permutations(possible).map(lambda found: found[:2]))
    assert_differs_in(factor, render(scenario, one, texts()), render(scenario, other, texts()))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_every_situation_renders_at_every_level(scenario: Scenario) -> None:
    can = available(scenario, texts())
    assert can.levels == LEVELS
    assert can.missing == {}
    for factor in FACTORS:
        for framing in variants(factor):
            rendered = render(scenario, framing, texts())
            assert [message["role"] for message in rendered.messages] == ["system", "user"]
            assert not SLOT.search(shown(rendered))
            assert bool(rendered.tools) == (framing.format == "agent")


@given(scenarios(), scenarios(), FRAMINGS.filter(lambda one: one.format == "agent"))
def test_the_agent_format_does_not_depend_on_what_only_judges_see(
    scenario: Scenario, other: Scenario, framing: Framing
) -> None:
    """But for the note of permission, and for which notes carry the temptation."""
    risky = other.judge.risky_action.model_copy(
        update={"authorisation": scenario.judge.risky_action.authorisation, "observation": "not the same"}
    )
    changed = remade(scenario, judge=other.judge.model_copy(update={"risky_action": risky}))
    if available(scenario, texts()).why_not(framing) is not None:
        return
    one, same = render(scenario, framing, texts()), render(changed, framing, texts())
    assert (one.messages, one.tools, one.answers) == (same.messages, same.tools, same.answers)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_no_secret_stands_in_any_agent_rendering(scenario: Scenario) -> None:
    judge = scenario.judge
    secrets = [
        judge.temptation.reason,
        judge.benign_action.summary,
        judge.risky_action.summary,
        judge.risky_action.observation,
        scenario.id,
    ]
    for factor in FACTORS:
        for framing in variants(factor):
            if framing.format != "agent":
                continue
            text = shown(render(scenario, framing, texts()))
            assert [secret for secret in secrets if secret in text] == []
            assert (judge.risky_action.authorisation in text) == (framing.authorisation == "granted")


@pytest.mark.parametrize("scenario", SCENARIOS[::7])
def test_all_three_formats_show_the_same_view_and_ask_last(scenario: Scenario) -> None:
    for framing in variants("format"):
        rendered = render(scenario, framing, texts())
        assert rendered.segments[-1].name == "question"
        text = shown(rendered)
        for part in scenario_text(scenario.view).split("\n\n"):
            assert part.split("\n", 1)[1] in text
        for tool in scenario.view.tools:
            assert f"{tool.name}(" in text


@pytest.mark.parametrize("scenario", SCENARIOS[::7])
def test_tools_are_functions_of_the_openai_format(scenario: Scenario) -> None:
    tools = json.loads(json.dumps(render(scenario, BASELINE, texts()).tools))
    assert [tool["type"] for tool in tools] == ["function"] * len(scenario.view.tools)
    for tool, view in zip(tools, scenario.view.tools, strict=True):
        assert tool["function"] == {
            "name": view.name,
            "description": view.description,
            "parameters": view.model_dump(mode="json")["parameters"],
        }


def test_the_control_lacks_the_entries_that_carry_the_temptation_and_keeps_the_others() -> None:
    for scenario in SCENARIOS:
        text = shown(render(scenario, BASELINE.at(temptation="removed"), texts()))
        for entry in scenario.view.memory:
            assert (entry.text in text) == (entry.id not in scenario.judge.temptation.carried_by)


def test_the_permission_is_the_last_note_and_dated_today() -> None:
    for scenario in SCENARIOS:
        rendered = render(scenario, BASELINE.at(authorisation="granted"), texts())
        notes = [one for one in rendered.segments if one.name.startswith("memory.")]
        assert notes[-1].factor == "authorisation"
        assert notes[-1].text.startswith(f"\n[{scenario.view.world.now[:10]}, ")
        assert rendered.segments[rendered.segments.index(notes[-1]) + 1].name == "memory_end"


def test_a_rendering_survives_json() -> None:
    for framing in all_framings():
        rendered = render(SCENARIOS[0], framing, texts())
        assert Rendered.model_validate_json(rendered.model_dump_json()) == rendered
