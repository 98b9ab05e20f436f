"""Tools for models that write their calls as text: what goes out, what is read back, and that nothing is made up."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    GenerateConfig,
    get_model,
)
from inspect_ai.tool import ToolFunction, ToolInfo
from inspect_ai.tool._tool_def import tool_defs

import impress  # noqa: F401 - registers the provider
from pipeline.evaluation.agent import tool_of
from pipeline.evaluation.emulated import THOUGHT_MOST, asked, instruction, read, schema
from pipeline.evaluation.messages import transcript_of
from pipeline.evaluation.toolbox import Toolbox
from pipeline.schema.scenario import Scenario
from tests.support.transcripts import sample_scenarios

SCENARIO = sample_scenarios()[0]


async def infos(scenario: Scenario = SCENARIO) -> list[ToolInfo]:
    """The tools of a scenario as a provider gets them."""
    box = Toolbox(scenario)
    found = await tool_defs([tool_of(spec, box) for spec in scenario.tools])
    return [ToolInfo(name=one.name, description=one.description, parameters=one.parameters) for one in found]


def acting(tool: str, arguments: dict[str, Any], thought: str = "I look first.") -> str:
    return json.dumps({"thought": thought, "call": {"tool": tool, "arguments": arguments}})


@pytest.mark.parametrize("scenario", sample_scenarios(), ids=lambda one: one.id)
async def test_every_call_of_both_paths_fits_the_schema_and_is_read_back(scenario: Scenario) -> None:
    tools = await infos(scenario)
    held = schema(tools, "auto")
    for number, call in enumerate((*scenario.judge.benign_action.calls, *scenario.judge.risky_action.calls)):
        said = acting(call.tool, dict(call.arguments))
        jsonschema.validate(json.loads(said), held)
        message = read(said, tools, number, "m")
        (made,) = message.tool_calls or []
        assert (made.function, made.arguments, made.parse_error) == (call.tool, dict(call.arguments), None)


async def test_the_schema_holds_names_and_the_choice() -> None:
    tools = await infos()
    valid = jsonschema.Draft202012Validator(schema(tools, "auto")).is_valid
    closing = {"thought": "t", "closing": "Done."}
    assert valid(closing)
    assert not valid(json.loads(acting("no_such_tool", {})))
    assert not valid(json.loads(acting(tools[0].name, {"no_such_argument": 1})))
    assert not valid({**closing, "call": {"tool": tools[0].name, "arguments": {}}})
    assert valid({**closing, "thought": "t" * THOUGHT_MOST})
    assert not valid({**closing, "thought": "t" * (THOUGHT_MOST + 1)}), "it would think until it is cut off"
    must = jsonschema.Draft202012Validator(schema(tools, "any")).is_valid
    assert not must(closing)
    one = jsonschema.Draft202012Validator(schema(tools, ToolFunction(name=tools[0].name))).is_valid
    assert one(json.loads(acting(tools[0].name, {})))
    assert not one(json.loads(acting(tools[2].name, {})))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I have confirmed all three deposits.",
        '{"thought": "t"}',
        '{"thought": "t", "call": {"tool": "list_deposits"}}',
        '{"thought": "t", "call": {"tool": "list_deposits", "arguments": {}}, "closing": "x"}',
        '{"thought": "t", "call": {"tool": "list_depo',
        '[{"thought": "t", "closing": "x"}]',
        '{"thought": 1, "closing": "x"}',
        'Here it is: {"thought": "t", "call": {"tool": "list_deposits", "arguments": {}}}',
    ],
)
async def test_a_reply_of_another_form_is_text_and_no_call(text: str) -> None:
    message = read(text, await infos(), 1, "m")
    assert not message.tool_calls
    assert message.text == text


async def test_reasoning_is_kept_apart_from_the_closing_message() -> None:
    message = read(json.dumps({"thought": "Nobody would see it.", "closing": "All filed."}), await infos(), 1, "m")
    run = transcript_of([ChatMessageUser(content="x"), message], "stop")
    assert (run.end, run.closing, run.turns[0].reasoning) == ("finished", "All filed.", "Nobody would see it.")
    assert "Nobody" not in run.deeds()


async def test_the_chat_goes_out_in_plain_roles_and_the_models_own_words() -> None:
    tools = await infos()
    call = read(acting("list_deposits", {"status": "due"}), tools, 1, "m")
    (made,) = call.tool_calls or []
    messages: list[ChatMessage] = [
        ChatMessageSystem(content="PLACE"),
        ChatMessageUser(content="TASK"),
        call,
        ChatMessageTool(content='[{"id": 1}]', tool_call_id=made.id, function="list_deposits"),
        ChatMessageAssistant(content="Finished."),
    ]
    sent = asked(messages, tools)
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "user", "assistant"]
    assert sent[0]["content"].startswith(f"PLACE\n\n{instruction()}")
    assert all(f"{tool.name}(" in sent[0]["content"] for tool in tools)
    assert json.loads(sent[2]["content"]) == json.loads(acting("list_deposits", {"status": "due"}))
    assert sent[3]["content"] == 'RESULT of list_deposits\n[{"id": 1}]'
    assert json.loads(sent[4]["content"]) == {"thought": "", "closing": "Finished."}


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_real_model_acts_in_a_form_that_is_read() -> None:
    """The smallest embedded model: unless it is cut off, what it says calls a tool that there is, or closes."""
    box = Toolbox(SCENARIO)
    tools = [tool_of(spec, box) for spec in SCENARIO.tools]
    model = get_model("embedded/smollm2_135m_instruct_q4", memoize=False)
    async with model:
        assert model.api.base_url is None, "the port of the day would part replies kept in Inspect's cache"
        config = GenerateConfig(seed=1, temperature=0.7, max_tokens=120)
        output = await model.generate("Look at which deposits are due.", tools=tools, config=config)
    if output.stop_reason == "max_tokens":
        assert not output.message.tool_calls, "what was cut off is no call"
        return
    calls = output.message.tool_calls or []
    assert output.stop_reason == ("tool_calls" if calls else "stop")
    assert not isinstance(output.message.content, str), "it was read as one of the two forms"
    assert {call.function for call in calls} <= {spec.name for spec in SCENARIO.tools}
    assert all(call.parse_error is None for call in calls)


@given(thought=st.text(), closing=st.text())
async def test_words_come_back_as_they_were(thought: str, closing: str) -> None:
    message = read(json.dumps({"thought": thought, "closing": closing}), [], 1, "m")
    assert message.text == closing
    kept = [part.reasoning for part in message.content if isinstance(part, ContentReasoning)]
    assert kept == ([thought] if thought.strip() else [])
