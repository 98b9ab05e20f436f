"""One record to text: for judges, and for checks that point at a span.

:func:`scenario_text` takes an :class:`~pipeline.schema.scenario.AgentView`, so what only judges may
see cannot reach it. :func:`agent_texts` and :func:`result_texts` give the same material string by
string, each with its dotted place in the scenario's JSON; :func:`readable_texts` gives all that a judge reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import JsonValue

from pipeline.recent import Recent
from pipeline.schema.scenario import AgentView, JudgePart, MemoryEntry, Scenario, Simulation
from pipeline.schema.tool import ToolCall, ToolView

_SPOKEN_KEYWORDS = ("title", "description", "const", "default", "enum", "examples")
"""JSON Schema keywords whose strings are prose or values that an agent reads."""

as_json = json.JSONEncoder(ensure_ascii=False).encode
"""Writes JSON for people and models to read; ``json.dumps`` would make an encoder for each call."""


class Section(NamedTuple):
    """A part of the agent's view: a stable name, the heading that judges read over it, its text."""

    name: str
    heading: str
    body: str


def view_sections(view: AgentView) -> tuple[Section, ...]:
    """Return all that an agent can see, section by section, from the setting to the task."""
    place, now = view.world.organisation, view.world.now
    return (
        Section("organisation", "ORGANISATION", f"{place.name}, {place.kind}, {place.place}. Local time: {now}."),
        Section("background", "BACKGROUND", view.world.background),
        Section("norms", "RULES OF THE PLACE", "\n".join(f"- {norm}" for norm in view.world.norms)),
        Section("role", "THE AGENT'S ROLE", view.agent.role),
        Section("memory", "NOTES FROM BEFORE", "\n".join(entry_text(entry) for entry in view.memory) or "(none)"),
        Section("tools", "TOOLS", "\n".join(_tool_line(tool) for tool in view.tools)),
        Section("task", "TASK", view.agent.task),
        Section("request", f"MESSAGE FROM {view.agent.sender}", view.agent.request),
    )


def scenario_text(view: AgentView) -> str:
    """Return all that an agent can see, as plain text under headings."""
    return _headed([(heading, body) for _, heading, body in view_sections(view)])


def judge_part_text(judge: JudgePart) -> str:
    """Return what only judges may see: the temptation, and both paths written as calls. Holds no label."""
    return _headed(
        [
            ("WHY THE RISKY PATH PAYS", judge.temptation.reason),
            ("LEGITIMATE PATH", _path(judge.benign_action.summary, judge.benign_action.calls)),
            ("RISKY PATH", _path(judge.risky_action.summary, judge.risky_action.calls)),
            ("WHAT ONE OBSERVES WHEN THE RISKY PATH IS TAKEN", judge.risky_action.observation),
        ]
    )


def judge_text(scenario: Scenario) -> str:
    """Return the agent's view, then the judge-only part. Motive and risk type are not named."""
    return f"{scenario_text(scenario.view)}\n\n{judge_part_text(scenario.judge)}"


def call_text(call: ToolCall) -> str:
    """Return a call as ``tool(name=value, ...)``, values as JSON."""
    arguments = ", ".join(f"{name}={as_json(value)}" for name, value in call.arguments.items())
    return f"{call.tool}({arguments})"


def numbered_calls(calls: Sequence[ToolCall]) -> str:
    """Return calls one a line, numbered from 1."""
    return "\n".join(f"{number}. {call_text(call)}" for number, call in enumerate(calls, 1))


def entry_text(entry: MemoryEntry) -> str:
    """Return a memory entry as an agent reads it: ``[date, source] text``."""
    return f"[{entry.date}, {entry.source}] {entry.text}"


def agent_texts(view: AgentView) -> list[tuple[str, str]]:
    """Return (dotted place, text) of every agent-visible string.

    Places are paths into the scenario's JSON (``view.memory.0.text``). The name of a tool's argument
    has the place of its schema (``view.tools.0.parameters.properties.amount``).
    """
    return list(_AGENT_TEXTS(view))


def _agent_texts(view: AgentView) -> tuple[tuple[str, str], ...]:
    found = list(_strings("view.world", view.world.model_dump(mode="json")))
    found += _strings("view.agent", view.agent.model_dump(mode="json"))
    found += _strings("view.memory", [entry.model_dump(mode="json") for entry in view.memory])
    for number, tool in enumerate(view.tools):
        place = f"view.tools.{number}"
        found += [(f"{place}.name", tool.name), (f"{place}.description", tool.description)]
        found += _schema_strings(f"{place}.parameters", tool.parameters)
    return tuple(found)


_AGENT_TEXTS = Recent(_agent_texts)


def result_texts(simulation: Simulation) -> list[tuple[str, str]]:
    """Return (dotted place, text) of every string a tool can return: records, fixed results, error texts."""
    return list(_RESULT_TEXTS(simulation))


def _result_texts(simulation: Simulation) -> tuple[tuple[str, str], ...]:
    found = list(_strings("simulation.state", simulation.state))
    for number, behaviour in enumerate(simulation.behaviour):
        place = f"simulation.behaviour.{number}"
        found += _strings(f"{place}.returns", behaviour.returns)
        for index, check in enumerate(behaviour.requires):
            found += _strings(f"{place}.requires.{index}.otherwise", check.otherwise)
    return tuple(found)


_RESULT_TEXTS = Recent(_result_texts)


def _headed(sections: list[tuple[str, str]]) -> str:
    return "\n\n".join(f"{heading}\n{body}" for heading, body in sections)


def _path(summary: str, calls: tuple[ToolCall, ...]) -> str:
    return f"{summary}\n{numbered_calls(calls)}"


def _tool_line(tool: ToolView) -> str:
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    arguments = []
    if isinstance(properties, dict):
        for name, schema in properties.items():
            optional = "" if isinstance(required, list) and name in required else "?"
            arguments.append(f"{name}{optional}: {_schema_text(schema)}")
    return f"{tool.name}({', '.join(arguments)}): {tool.description}"


def _schema_text(schema: JsonValue) -> str:
    """Say an argument's schema in a few words; schemas that are not flat stand as JSON."""
    if not isinstance(schema, dict) or {"properties", "items", "anyOf", "oneOf", "allOf"} & schema.keys():
        return as_json(schema)
    said: list[str] = []
    enum = schema.get("enum")
    if isinstance(enum, list):
        said.append("one of " + ", ".join(as_json(value) for value in enum))
    elif "type" in schema:
        said.append(str(schema["type"]))
    said += [
        as_json(schema[key]) if key != "description" else str(schema[key])
        for key in ("title", "const", "default", "examples", "description")
        if key in schema
    ]
    return " - ".join(said) or "any"


def _strings(place: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if value:
            yield place, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _strings(f"{place}.{number}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(f"{place}.{key}", item)


def _schema_strings(place: str, schema: JsonValue) -> Iterator[tuple[str, str]]:
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from _schema_strings(f"{place}.{number}", item)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        inside = f"{place}.{key}"
        if key == "properties" and isinstance(value, dict):
            for name, argument in value.items():
                yield f"{inside}.{name}", name
                yield from _schema_strings(f"{inside}.{name}", argument)
        elif key in _SPOKEN_KEYWORDS:
            yield from _strings(inside, value)
        else:
            yield from _schema_strings(inside, value)


def readable_texts(scenario: Scenario) -> list[tuple[str, str]]:
    """Return (place, text) of all that a judge is shown or an agent can read: view, results, keys, judge-only part."""
    texts = [*agent_texts(scenario.view), *result_texts(scenario.simulation)]
    for collection, records in scenario.simulation.state.items():
        texts += [(f"simulation.state.{collection}.{key}", key) for key in records]
    judge = scenario.judge
    texts += [
        ("judge.temptation.reason", judge.temptation.reason),
        ("judge.benign_action.summary", judge.benign_action.summary),
        ("judge.risky_action.summary", judge.risky_action.summary),
        ("judge.risky_action.observation", judge.risky_action.observation),
        ("judge.risky_action.authorisation", judge.risky_action.authorisation),
    ]
    for path, calls in (("benign", judge.benign_action.calls), ("risky", judge.risky_action.calls)):
        for number, call in enumerate(calls):
            place = f"judge.{path}_action.calls.{number}.arguments"
            texts += [(f"{place}.{name}", value) for name, value in call.arguments.items() if isinstance(value, str)]
    return [(place, text) for place, text in texts if text]
