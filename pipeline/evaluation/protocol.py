"""The OpenAI chat protocol as an Inspect provider, with tools, over aiohttp.

Inspect's own providers of this protocol need openai 3, and litellm, on which DSPy stands, openai 2: the two cannot
share an environment. This one needs neither.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.model._call_tools import parse_tool_call
from inspect_ai.model._model_output import ChatCompletionChoice
from inspect_ai.tool import ToolCall, ToolChoice, ToolFunction, ToolInfo

from pipeline.errors import UsageError
from pipeline.evaluation.emulated import asked, read, schema

_STOPS: dict[str, StopReason] = {
    "stop": "stop",
    "length": "max_tokens",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_SHOWN = 300
_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_tokens",
    "seed": "seed",
    "stop_seqs": "stop",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "reasoning_effort": "reasoning_effort",
}
"""Settings of Inspect, and the protocol's names for them."""


class EndpointRefusedError(Exception):
    """The endpoint answered with an error. ``status`` is that of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"HTTP {status}: {text[:_SHOWN]}")


class ProtocolAPI(ModelAPI):
    """Any server that speaks the protocol.

    Args:
        model_name: as the server calls it.
        base_url: up to and including ``/v1``.
        api_key: the key itself, for callers in this process; nobody writes it down.
        config: as Inspect has it.
        api_key_env: name of the environment variable that holds the key; a server without keys needs none.
        emulate_tools: hold replies to a JSON Schema in place of the protocol's tools, for models that write their calls
            as text (:mod:`pipeline.evaluation.emulated`); the server has to know ``response_format``.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - as Inspect's own do
        api_key_env: str | None = None,
        *,
        emulate_tools: bool = False,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if not base_url:
            raise UsageError(f"model {model_name}: name its server, as in --model-base-url http://localhost:8000/v1")
        self._emulates, self._address = emulate_tools, base_url
        if api_key_env is not None and not os.environ.get(api_key_env):
            raise UsageError(f"model {model_name}: the environment variable {api_key_env} holds no key")
        self._key = api_key or (os.environ[api_key_env] if api_key_env else None)

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002 - Inspect's name
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Return the reply to a chat."""
        emulated = self._emulates and bool(tools) and tool_choice != "none"
        given = config.model_dump(exclude_none=True)
        body: dict[str, Any] = {"model": self.model_name}
        body |= _emulated(input, tools, tool_choice) if emulated else _native(input, tools, tool_choice)
        body |= {theirs: given[ours] for ours, theirs in _SETTINGS.items() if ours in given}
        body |= config.extra_body or {}
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = aiohttp.ClientTimeout(total=None)  # Inspect's own limits end a call
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.post(f"{self._address}/chat/completions", json=body) as response,
        ):
            if response.status >= 400:
                raise EndpointRefusedError(response.status, await response.text())
            reply = await response.json()
        output = output_of(reply, self.model_name, tools)
        return _read_emulated(output, input, tools) if emulated else output

    def should_retry(self, ex: Exception) -> bool:
        """Retry rate limits, failures of the server and of the connection."""
        if isinstance(ex, EndpointRefusedError):
            return ex.status == 429 or ex.status >= 500
        return isinstance(ex, aiohttp.ClientError)

    def connection_key(self) -> str:
        """One limit for each server."""
        return self._address


def _native(messages: Sequence[ChatMessage], tools: Sequence[ToolInfo], choice: ToolChoice) -> dict[str, Any]:
    body: dict[str, Any] = {"messages": [_message(one) for one in messages]}
    return body | ({"tools": [_tool(one) for one in tools], "tool_choice": _choice(choice)} if tools else {})


def _emulated(messages: Sequence[ChatMessage], tools: Sequence[ToolInfo], choice: ToolChoice) -> dict[str, Any]:
    held = {"name": "turn", "strict": True, "schema": schema(tools, choice)}
    return {"messages": asked(messages, tools), "response_format": {"type": "json_schema", "json_schema": held}}


def _read_emulated(output: ModelOutput, messages: Sequence[ChatMessage], tools: Sequence[ToolInfo]) -> ModelOutput:
    """Take calls out of a reply that is whole; one that was cut off stays text."""
    if output.stop_reason != "stop":
        return output
    turns = sum(one.role == "assistant" for one in messages)
    message = read(output.completion, tools, turns + 1, output.model)
    stop: StopReason = "tool_calls" if message.tool_calls else "stop"
    return output.model_copy(update={"choices": [ChatCompletionChoice(message=message, stop_reason=stop)]})


def output_of(reply: Mapping[str, Any], model: str, tools: Sequence[ToolInfo]) -> ModelOutput:
    """Return a reply of the protocol as Inspect's output."""
    choice = reply["choices"][0]
    message = choice["message"]
    calls = [_call(one, tools) for one in message.get("tool_calls") or ()]
    said = message.get("content") or message.get("refusal") or ""
    stop = "content_filter" if message.get("refusal") else _STOPS.get(choice.get("finish_reason") or "", "unknown")
    usage = reply.get("usage")
    return ModelOutput(
        model=str(reply.get("model") or model),
        choices=[
            ChatCompletionChoice(
                message=ChatMessageAssistant(
                    content=_content(message.get("reasoning_content"), said), tool_calls=calls or None, model=model
                ),
                stop_reason=stop,
            )
        ],
        usage=None
        if not usage
        else ModelUsage(
            input_tokens=usage.get("prompt_tokens", 0),
            output_tokens=usage.get("completion_tokens", 0),
            total_tokens=usage.get("total_tokens", 0),
        ),
    )


def _content(reasoning: str | None, said: str) -> Any:
    if not reasoning:
        return said
    from inspect_ai.model import ContentReasoning, ContentText

    return [ContentReasoning(reasoning=reasoning), ContentText(text=said)]


def _call(call: Mapping[str, Any], tools: Sequence[ToolInfo]) -> ToolCall:
    function = call["function"]
    return parse_tool_call(call.get("id") or "", function["name"], function.get("arguments") or "{}", list(tools))


def _message(message: ChatMessage) -> dict[str, Any]:
    if message.role == "tool":
        told = message.text if message.error is None else message.error.message
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": told}
    body: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.role == "assistant" and message.tool_calls:
        body["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
            }
            for call in message.tool_calls
        ]
    return body


def _tool(tool: ToolInfo) -> dict[str, Any]:
    parameters = tool.parameters.model_dump(exclude_none=True)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


def _choice(choice: ToolChoice) -> Any:
    if isinstance(choice, ToolFunction):
        return {"type": "function", "function": {"name": choice.name}}
    return {"any": "required"}.get(choice, choice)
