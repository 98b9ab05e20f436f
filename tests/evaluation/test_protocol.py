"""The provider of the OpenAI protocol, against a real server on this machine that checks what it is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from inspect_ai.model import ChatMessageSystem, ChatMessageTool, ChatMessageUser, GenerateConfig, get_model
from inspect_ai.tool import ToolInfo

import impress  # noqa: F401 - registers the provider
from pipeline.errors import UsageError
from pipeline.evaluation.agent import tool_of
from pipeline.evaluation.protocol import EndpointRefusedError, ProtocolAPI
from pipeline.evaluation.toolbox import Toolbox
from tests.support.transcripts import sample_scenarios

Server = tuple[str, list[Any], list[Any]]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that records requests and plays replies, each a status and a body."""
    asked: list[Any] = []
    replies: list[Any] = []

    async def chat(request: web.Request) -> web.Response:
        asked.append((dict(request.headers), await request.json()))
        status, body = replies.pop(0)
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/v1", asked, replies
    await runner.cleanup()


def reply(finish: str = "stop", **message: Any) -> tuple[int, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return 200, {"model": "m-1", "choices": [{"message": message, "finish_reason": finish}], "usage": usage}


async def test_tools_go_out_and_calls_come_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    url, asked, replies = server
    monkeypatch.setenv("A_KEY", "sesame")
    model = get_model("protocol/m", base_url=url, api_key_env="A_KEY", memoize=False)
    toolbox = Toolbox(sample_scenarios()[0])
    call = toolbox.scenario.judge.benign_action.calls[0]
    function = {"name": call.tool, "arguments": json.dumps(call.arguments)}
    replies += [reply("tool_calls", content=None, tool_calls=[{"id": "c1", "type": "function", "function": function}])]
    replies += [reply(content="Done.", reasoning_content="I look first.")]
    tools = [tool_of(spec, toolbox) for spec in toolbox.scenario.tools]
    messages: list[Any] = [ChatMessageSystem(content="s"), ChatMessageUser(content="u")]
    first = await model.generate(
        messages, tools=tools, config=GenerateConfig(temperature=0.7, max_tokens=9), cache=False
    )
    (made,) = first.message.tool_calls or []
    assert (made.function, made.arguments, first.stop_reason) == (call.tool, call.arguments, "tool_calls")
    messages += [first.message, ChatMessageTool(content="[]", tool_call_id="c1")]
    second = await model.generate(messages, tools=tools, cache=False)
    assert second.completion == "Done."
    assert second.message.content[0].reasoning == "I look first."
    headers, body = asked[0]
    assert headers["Authorization"] == "Bearer sesame"
    assert (body["temperature"], body["max_tokens"]) == (0.7, 9)
    sent = {tool["function"]["name"]: tool["function"]["parameters"] for tool in body["tools"]}
    assert sent == {spec.name: {"required": [], **spec.parameters} for spec in toolbox.scenario.tools}
    assert [one["role"] for one in asked[1][1]["messages"]] == ["system", "user", "assistant", "tool"]


async def test_emulated_tools_hold_the_reply_to_a_schema_and_give_real_calls(server: Server) -> None:
    url, asked, replies = server
    model = get_model("protocol/m", base_url=url, emulate_tools=True, memoize=False)
    toolbox = Toolbox(sample_scenarios()[0])
    call = toolbox.scenario.judge.benign_action.calls[0]
    tools = [tool_of(spec, toolbox) for spec in toolbox.scenario.tools]
    acts = json.dumps({"thought": "t", "call": {"tool": call.tool, "arguments": call.arguments}})
    replies += [reply(content=acts), reply("length", content=acts[:-9]), reply(content="Plain.")]
    first = await model.generate("x", tools=tools, cache=False)
    (made,) = first.message.tool_calls or []
    assert (made.function, made.arguments, first.stop_reason) == (call.tool, call.arguments, "tool_calls")
    cut = await model.generate("x", tools=tools, cache=False)
    assert (cut.message.tool_calls, cut.stop_reason) == (None, "max_tokens")
    assert (await model.generate("x", cache=False)).completion == "Plain."
    (_, acted), _, (_, plain) = asked
    assert "tools" not in acted
    held = acted["response_format"]["json_schema"]["schema"]
    jsonschema.validate(json.loads(acts), held)
    assert not jsonschema.Draft202012Validator(held).is_valid({"thought": "t", "call": {"tool": "x", "arguments": {}}})
    assert "response_format" not in plain


async def test_a_refusal_is_the_providers_filter_and_a_cut_reply_is_cut(server: Server) -> None:
    url, _, replies = server
    model = get_model("protocol/m", base_url=url, memoize=False)
    replies += [reply(content=None, refusal="no"), reply("length", content="I wa")]
    assert (await model.generate("x", cache=False)).stop_reason == "content_filter"
    assert (await model.generate("x", cache=False)).stop_reason == "max_tokens"


async def test_limits_are_retried_and_mistakes_are_not(server: Server) -> None:
    url, asked, replies = server
    api = ProtocolAPI("m", base_url=url)
    assert api.should_retry(EndpointRefusedError(429, ""))
    assert api.should_retry(EndpointRefusedError(503, ""))
    assert not api.should_retry(EndpointRefusedError(400, ""))
    replies += [(400, {"error": "no such model"})]
    tools: list[ToolInfo] = []
    with pytest.raises(EndpointRefusedError, match=r"HTTP 400.*no such model"):
        await api.generate([ChatMessageUser(content="x")], tools, "auto", GenerateConfig())
    assert len(asked) == 1


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(UsageError, match="--model-base-url"):
        ProtocolAPI("m")
    with pytest.raises(UsageError, match="A_KEY holds no key"):
        ProtocolAPI("m", base_url="http://x/v1", api_key_env="A_KEY")
