"""Both paths of every sample scenario over MCP give what the simulator gives, and sessions share no state.

Over stdio and over HTTP, with the official client.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from pipeline.evaluation.condition import Condition
from pipeline.evaluation.mcp_http import app_of, bound, new_tokens
from pipeline.evaluation.mcp_server import NO_MORE, Session
from pipeline.evaluation.toolbox import Toolbox, told
from pipeline.schema.scenario import Scenario
from pipeline.schema.tool import ToolCall
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


@asynccontextmanager
async def _over_http(scenarios: Sequence[Scenario]) -> AsyncIterator[tuple[str, list[str]]]:
    """A real server on a free port: address, and a token for a sitting of each scenario."""
    at, url = bound(0)
    tokens = new_tokens(len(scenarios))
    sessions = {token: Session(one, Condition()) for token, one in zip(tokens, scenarios, strict=True)}
    server = uvicorn.Server(uvicorn.Config(app_of(sessions), log_level="warning"))
    running = asyncio.create_task(server.serve(sockets=[at]))
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.02)
    try:
        yield url, tokens
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def _client(url: str, token: str) -> AsyncIterator[Client]:
    async with (
        create_mcp_http_client(headers={"Authorization": f"Bearer {token}"}) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client


async def _walk(client: Client, scenario: Scenario, calls: Sequence[ToolCall]) -> None:
    box = Toolbox(scenario)
    for call in calls:
        result = await client.call_tool(call.tool, dict(call.arguments))
        assert result.content[0].text == told(box.call(call.tool, call.arguments))
        assert not result.is_error


@pytest.mark.slow
async def test_both_paths_of_every_scenario_at_once_over_http_and_no_sitting_sees_another() -> None:
    """All at the same time at one address: benign and risky path of each scenario, each under its own token."""
    walks = [
        (one, path.calls) for one in sample_scenarios() for path in (one.judge.benign_action, one.judge.risky_action)
    ]

    async def sit(url: str, token: str, scenario: Scenario, calls: Sequence[ToolCall]) -> None:
        async with _client(url, token) as client:
            assert [one.name for one in (await client.list_tools()).tools] == [one.name for one in scenario.tools]
            await _walk(client, scenario, calls)

    async with _over_http([scenario for scenario, _ in walks]) as (url, tokens):
        await asyncio.gather(*(sit(url, token, *walk) for token, walk in zip(tokens, walks, strict=True)))


async def test_a_sitting_goes_on_under_its_token_and_another_begins_anew() -> None:
    """Two connections with one token are one sitting; the other token's sitting saw nothing of it."""
    scenario = sample_scenarios()[0]
    calls = scenario.judge.risky_action.calls
    box = Toolbox(scenario)
    async with _over_http([scenario, scenario]) as (url, (mine, others)):
        for call in calls:
            async with _client(url, mine) as client:
                result = await client.call_tool(call.tool, dict(call.arguments))
            assert result.content[0].text == told(box.call(call.tool, call.arguments))
        async with _client(url, others) as client:
            await _walk(client, scenario, calls)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guess"}, {"Authorization": "Bearer "}])
async def test_without_a_token_there_is_nothing(headers: dict[str, str]) -> None:
    async with _over_http([sample_scenarios()[0]]) as (url, (token,)), aiohttp.ClientSession() as session:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        async with session.post(url, json=body, headers=headers) as response:
            assert response.status == 401
            assert token not in await response.text()
        strange = {"Authorization": f"Bearer {token}", "Host": "evil.example"}
        async with session.post(url, json=body, headers=strange) as response:
            assert response.status == 421


@pytest.mark.slow
async def test_the_command_serves_over_http(tmp_path: Path) -> None:
    scenario = sample_scenarios()[0]
    command = ["-m", "pipeline.cli", "mcp", str(SAMPLE), "--scenario", scenario.id, "--http", "0", "--sittings", "2"]
    command += ["--record", str(tmp_path / "calls.jsonl")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=str(ROOT), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        told_us = json.loads(await asyncio.wait_for(process.stdout.readline(), 90))
        for token, path in zip(
            told_us["tokens"], (scenario.judge.benign_action, scenario.judge.risky_action), strict=True
        ):
            async with _client(told_us["url"], token) as client:
                await _walk(client, scenario, path.calls)
    finally:
        process.terminate()
        await process.wait()
    lines = [len((tmp_path / f"calls-{at}.jsonl").read_text().splitlines()) for at in (1, 2)]
    assert lines == [len(scenario.judge.benign_action.calls), len(scenario.judge.risky_action.calls)]


async def test_calls_end_at_the_limit_and_the_prompt_holds_the_request() -> None:
    scenario = sample_scenarios()[0]
    async with Client(Session(scenario, Condition(), calls=1).server()) as client:
        call = scenario.judge.benign_action.calls[0]
        assert not (await client.call_tool(call.tool, dict(call.arguments))).is_error
        late = await client.call_tool(call.tool, dict(call.arguments))
        assert (late.is_error, late.content[0].text) == (True, NO_MORE)
        prompt = await client.get_prompt("task")
        assert scenario.view.agent.request in prompt.messages[0].content.text
