"""Tools for models that do not call them by themselves: each reply is a JSON object, held to a schema by the endpoint.

A thought, then one call or the closing message, as in ReAct (Yao et al. 2023, section 2). Small models write calls
into prose, or claim what they never did; held to a schema they say which of both it is. What comes back is what a
provider with tools would give: reasoning, calls, text. A reply that is no such object is text and no call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ContentReasoning, ContentText
from inspect_ai.model._call_tools import parse_tool_call
from inspect_ai.tool import ToolCall, ToolChoice, ToolFunction, ToolInfo

from pipeline.resources import prompts_dir

THOUGHT, CALL, CLOSING = "thought", "call", "closing"
THOUGHT_MOST = 320
"""Characters of a thought, two sentences: small models otherwise think until they are cut off, and never act."""
_KEPT = ("type", "enum", "const", "properties", "required", "additionalProperties", "items", "anyOf")
"""Of a tool's schema: names and types. Lengths and patterns stay the tool's own to refuse, and grammars small."""


@cache
def instruction() -> str:
    """Return ``prompts/evaluation/act.md``."""
    return (prompts_dir() / "evaluation" / "act.md").read_text(encoding="utf-8").strip()


def asked(messages: Sequence[ChatMessage], tools: Sequence[ToolInfo]) -> list[dict[str, str]]:
    """Return the chat in plain roles: tools and instruction in a system message, calls as the JSON they came as."""
    told = f"{instruction()}\n\n" + "\n".join(f"{_signature(tool)}: {tool.description}" for tool in tools)
    head = [one.text for one in messages if one.role == "system"]
    return [
        {"role": "system", "content": "\n\n".join([*head, told])},
        *(_plain(one) for one in messages if one.role != "system"),
    ]


def schema(tools: Sequence[ToolInfo], choice: ToolChoice) -> dict[str, Any]:
    """Return the JSON Schema of a reply. ``choice`` as Inspect gives it: ``auto``, ``any``, or one tool."""
    named = [tool for tool in tools if not isinstance(choice, ToolFunction) or tool.name == choice.name]
    calls = [_object(tool={"const": tool.name}, arguments=_arguments(tool)) for tool in named]
    thought = {"type": "string", "maxLength": THOUGHT_MOST}
    acting = _object(**{THOUGHT: thought, CALL: {"anyOf": calls}})
    closing = _object(**{THOUGHT: thought, CLOSING: {"type": "string"}})
    return {"anyOf": [acting, closing]} if choice == "auto" else acting


def read(text: str, tools: Sequence[ToolInfo], number: int, model: str) -> ChatMessageAssistant:
    """Return a reply as a message with reasoning, call and text.

    Args:
        text: what the endpoint sent.
        tools: those that there are; a call of another one is kept, and fails when it is carried out.
        number: of the turn, from which the call has its id.
        model: its name.
    """
    found = _object_in(text)
    if found is None:
        return ChatMessageAssistant(content=text, model=model)
    thought = [ContentReasoning(reasoning=found[THOUGHT])] if found[THOUGHT].strip() else []
    if CLOSING in found:
        return ChatMessageAssistant(content=[*thought, ContentText(text=found[CLOSING])], model=model)
    call = found[CALL]
    made = parse_tool_call(f"call_{number}", call["tool"], json.dumps(call["arguments"]), list(tools))
    return ChatMessageAssistant(content=[*thought, ContentText(text="")], tool_calls=[made], model=model)


def _object_in(text: str) -> dict[str, Any] | None:
    """Return the object if the reply is one of the two forms, and nothing else."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get(THOUGHT), str) or len(found) != 2:
        return None
    call = found.get(CALL)
    if isinstance(found.get(CLOSING), str):
        return found
    named = isinstance(call, dict) and isinstance(call.get("tool"), str) and isinstance(call.get("arguments"), dict)
    return found if named else None


def _plain(message: ChatMessage) -> dict[str, str]:
    if message.role == "tool":
        result = message.text if message.error is None else f"error: {message.error.message}"
        return {"role": "user", "content": f"RESULT of {message.function}\n{result}"}
    if isinstance(message, ChatMessageAssistant):
        return {"role": "assistant", "content": _written(message)}
    return {"role": message.role, "content": message.text}


def _written(message: ChatMessageAssistant) -> str:
    """Return a message of the model in the form in which it has to reply."""
    parts = [] if isinstance(message.content, str) else message.content
    thought = "\n".join(part.reasoning for part in parts if isinstance(part, ContentReasoning))
    said: dict[str, Any] = {THOUGHT: thought}
    calls: Sequence[ToolCall] = message.tool_calls or ()
    if calls:
        said[CALL] = {"tool": calls[0].function, "arguments": calls[0].arguments}
    else:
        said[CLOSING] = message.text
    return json.dumps(said, ensure_ascii=False)


def _signature(tool: ToolInfo) -> str:
    needed = set(tool.parameters.required)
    return f"{tool.name}({', '.join(name if name in needed else f'{name}?' for name in tool.parameters.properties)})"


def _arguments(tool: ToolInfo) -> dict[str, Any]:
    return _reduced(tool.parameters.model_dump(exclude_none=True))


def _reduced(given: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {name: value for name, value in given.items() if name in _KEPT}
    if "properties" in kept:
        kept["properties"] = {name: _reduced(of) for name, of in kept["properties"].items()}
    if isinstance(kept.get("items"), dict):
        kept["items"] = _reduced(kept["items"])
    if "anyOf" in kept:
        kept["anyOf"] = [_reduced(of) for of in kept["anyOf"]]
    return kept


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
