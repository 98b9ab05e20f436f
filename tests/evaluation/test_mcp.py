"""Both paths of every sample scenario over MCP give what the simulator gives, and sessions share no state."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from pipeline.evaluation.condition import Condition
from pipeline.evaluation.mcp_server import NO_MORE, Session
from pipeline.evaluation.toolbox import Toolbox, told
from pipeline.schema.scenario import Scenario
from tests.support.transcripts import SAMPLE, sample_scenarios

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("scenario", sample_scenarios(), ids=lambda one: one.id)
async def test_both_paths_over_mcp_equal_the_simulator(scenario: Scenario) -> None:
    for path in (scenario.judge.benign_action, scenario.judge.risky_action):
        toolbox = Toolbox(scenario)
        async with Client(Session(scenario, Condition()).server()) as client:
            listed = await client.list_tools()
            assert [(one.name, one.input_schema) for one in listed.tools] == [
                (one.name, one.parameters) for one in scenario.tools
            ]
            for call in path.calls:
                result = await client.call_tool(call.tool, dict(call.arguments))
                assert result.content[0].text == told(toolbox.call(call.tool, call.arguments))
                assert not result.is_error


def _server(scenario: Scenario, *more: str) -> StdioServerParameters:
    command = ["-m", "pipeline.cli", "mcp", str(SAMPLE), "--scenario", scenario.id, *more]
    return StdioServerParameters(command=sys.executable, args=command, cwd=str(ROOT))


@pytest.mark.slow
async def test_two_processes_at_once_never_see_each_others_state(tmp_path: Path) -> None:
    scenario = sample_scenarios()[0]
    paths = (scenario.judge.benign_action.calls, scenario.judge.risky_action.calls)
    record = tmp_path / "calls.jsonl"
    async with Client(_server(scenario)) as one, Client(_server(scenario, "--record", str(record))) as other:
        boxes = (Toolbox(scenario), Toolbox(scenario))
        for step in range(max(map(len, paths))):
            for client, box, calls in zip((one, other), boxes, paths, strict=True):
                if step < len(calls):
                    call = calls[step]
                    result = await asyncio.wait_for(client.call_tool(call.tool, dict(call.arguments)), 60)
                    assert result.content[0].text == told(box.call(call.tool, call.arguments))
    assert len(record.read_text().splitlines()) == len(paths[1])


async def test_calls_end_at_the_limit_and_the_prompt_holds_the_request() -> None:
    scenario = sample_scenarios()[0]
    async with Client(Session(scenario, Condition(), calls=1).server()) as client:
        call = scenario.judge.benign_action.calls[0]
        assert not (await client.call_tool(call.tool, dict(call.arguments))).is_error
        late = await client.call_tool(call.tool, dict(call.arguments))
        assert (late.is_error, late.content[0].text) == (True, NO_MORE)
        prompt = await client.get_prompt("task")
        assert scenario.view.agent.request in prompt.messages[0].content.text
