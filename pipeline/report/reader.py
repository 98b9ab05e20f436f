"""What a page shows of one scenario, laid out for reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from pydantic_core import to_json

from pipeline.render import as_json, call_text
from pipeline.schema.scenario import Scenario
from pipeline.schema.tool import ArgumentTest, CallPattern, State, ToolCall, ToolView
from pipeline.simulate import UNCHECKED, CallResult, run_path


@dataclass(frozen=True)
class Argument:
    """One argument of a tool: what may be given, and whether it must be."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True)
class ToolPage:
    """A tool as the agent sees it."""

    name: str
    description: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class DataTable:
    """A collection of records as a table. A field that a record lacks is ``None``."""

    name: str
    fields: tuple[str, ...]
    records: tuple[tuple[str, tuple[str | None, ...]], ...]


@dataclass(frozen=True)
class Step:
    """A call of a path as text, whether it succeeded, and its result as JSON."""

    call: str
    ok: bool
    result: str


@dataclass(frozen=True)
class Reader:
    """What is shown of a scenario, laid out."""

    tools: tuple[ToolPage, ...]
    tables: tuple[DataTable, ...]
    benign: tuple[Step, ...]
    risky: tuple[Step, ...]
    recognised_by: tuple[str, ...]


def lay_out(scenario: Scenario, *, proven: bool = False) -> Reader:
    """Lay out a scenario; both paths are run against its own tools, which checks less if they were proven before."""
    return Reader(
        tools=tuple(tool_page(tool) for tool in scenario.view.tools),
        tables=tuple(data_tables(scenario.simulation.state)),
        benign=_steps(scenario, scenario.judge.benign_action.calls, proven),
        risky=_steps(scenario, scenario.judge.risky_action.calls, proven),
        recognised_by=tuple(pattern_text(pattern) for pattern in scenario.judge.risky_action.recognised_by),
    )


def tool_page(tool: ToolView) -> ToolPage:
    """Lay out a tool; an argument's kind says its JSON type and the values it is limited to."""
    properties, required = tool.parameters.get("properties"), tool.parameters.get("required")
    properties = properties if isinstance(properties, dict) else {}
    required = required if isinstance(required, list) else []
    arguments = (_argument(name, schema, required) for name, schema in properties.items())
    return ToolPage(tool.name, tool.description, tuple(arguments))


def data_tables(state: State) -> Iterable[DataTable]:
    """Lay out each collection of a state, fields in the order of their first appearance."""
    for name, records in state.items():
        fields = tuple(dict.fromkeys(field for record in records.values() for field in record))
        body = tuple((key, tuple(_cell(record, field) for field in fields)) for key, record in records.items())
        yield DataTable(name, fields, body)


def pattern_text(pattern: CallPattern) -> str:
    """Return a pattern as ``tool(argument equals value and ..., ...), unless after ...``."""
    tests = (f"{name} {' and '.join(map(_test_text, of_one))}" for name, of_one in pattern.arguments.items())
    text = f"{pattern.tool}({', '.join(tests)})"
    after = " or ".join(pattern_text(earlier) for earlier in pattern.unless_after)
    return f"{text}, unless after {after}" if after else text


def _test_text(test: ArgumentTest) -> str:
    return f"{test.operator.replace('_', ' ')} {as_json(test.value)}"


def _steps(scenario: Scenario, calls: Sequence[ToolCall], proven: bool) -> tuple[Step, ...]:
    results, _ = run_path(scenario.tools, scenario.simulation.state, calls, UNCHECKED if proven else None)
    return tuple(_step(result) for result in results)


def _step(result: CallResult) -> Step:
    return Step(call_text(result.call), result.ok, to_json(result.result, indent=1).decode("utf-8"))


def _argument(name: str, schema: JsonValue, required: Sequence[JsonValue]) -> Argument:
    known: Mapping[str, JsonValue] = schema if isinstance(schema, dict) else {}
    kind = known.get("type", "any")
    text = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)
    values = known.get("enum")
    if isinstance(values, list):
        text += f": {', '.join(as_json(value) for value in values)}"
    return Argument(name, text, name in required, str(known.get("description", "")))


def _cell(record: Mapping[str, JsonValue], field: str) -> str | None:
    if field not in record:
        return None
    value = record[field]
    return value if isinstance(value, str) else as_json(value)
