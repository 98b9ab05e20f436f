"""Looks for arguments with which a tool succeeds, so that no tool of a scenario is there for nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from pipeline.schema.tool import Find, State, ToolSpec
from pipeline.simulate.arguments import argument_problems, argument_validator, plainly_fits
from pipeline.simulate.simulator import Simulator, validators_of
from pipeline.simulate.values import references

COMBINATIONS = 600
"""Combinations of arguments tried per tool and state before it counts as one that cannot succeed."""


def can_succeed(tool: ToolSpec, states: Sequence[State]) -> bool:
    """Whether some arguments were found with which the tool succeeds in one of the states.

    Arguments that decide (keys of records, operands of checks) are tried with all values that the
    state offers; any other argument takes the first value that its schema allows. A string with a
    ``pattern`` needs ``examples`` in its schema.
    """
    validators = validators_of([tool])
    for state in states:
        simulator = Simulator([tool], state, validators)  # a call that fails leaves the state as it was
        combinations = itertools.islice(_combinations(tool, state), COMBINATIONS)
        if any(simulator.call(tool.name, arguments).ok for arguments in combinations):
            return True
    return False


def _combinations(tool: ToolSpec, state: State) -> Iterator[dict[str, JsonValue]]:
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return
    deciding = _deciding(tool)
    offered = _offered(tool, state)
    values: dict[str, list[JsonValue]] = {}
    for name, schema in properties.items():
        if not isinstance(schema, dict):
            return
        fitting = [value for value in [*offered.get(name, []), *_values(schema)] if _fits(schema, value)]
        values[name] = fitting if name in deciding else fitting[:1]
    for names in ([name for name in properties if name in required], list(properties)):
        for chosen in itertools.product(*(values[name] for name in names)):
            yield dict(zip(names, chosen, strict=True))


def _deciding(tool: ToolSpec) -> set[str]:
    """Return the arguments on which success hangs: those in checks and in keys."""
    names: set[str] = set()
    for check in tool.requires:
        names.update(references([check.key, check.value, dict(check.where)]))
    for effect in tool.effects:
        if not isinstance(effect, Find):
            names.update(references(effect.key))
    return names


def _offered(tool: ToolSpec, state: State) -> dict[str, list[JsonValue]]:
    """Return values of the state per argument: keys where it is a key, field values where it is compared with one."""
    offered: dict[str, list[JsonValue]] = {}

    def offer(template: JsonValue, found: Sequence[JsonValue]) -> None:
        for name in references(template):
            offered.setdefault(name, []).extend(found)

    def field_values(collection: str, field: str) -> list[JsonValue]:
        return [record[field] for record in state.get(collection, {}).values() if field in record]

    for effect in tool.effects:
        if not isinstance(effect, Find):
            offer(effect.key, list(state.get(effect.collection, {})))
    for check in tool.requires:
        offer(check.key, list(state.get(check.collection, {})))
        if check.field is not None:
            offer(check.value, field_values(check.collection, check.field))
        for field, template in check.where.items():
            offer(template, field_values(check.collection, field))
    return offered


def _fits(schema: Mapping[str, JsonValue], value: JsonValue) -> bool:
    if plainly_fits(value, schema):
        return True
    return not argument_problems(argument_validator({"properties": {"it": dict(schema)}}), {"it": value})


def _values(schema: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Return plain values for a schema; not all need fit."""
    found: list[JsonValue] = []
    for keyword in ("enum", "examples"):
        listed = schema.get(keyword, [])
        found.extend(listed if isinstance(listed, list) else [])
    found.extend(schema[keyword] for keyword in ("const", "default") if keyword in schema)
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        found.extend(_of_type(str(kind), schema))
    return found


def _of_type(kind: str, schema: Mapping[str, JsonValue]) -> list[JsonValue]:
    if kind == "string":
        least = schema.get("minLength", 0)
        text = "as agreed" * (least // 9 + 1 if isinstance(least, int) else 1)
        return [text, text[: max(least, 1) if isinstance(least, int) else 1], "2026-01-15", "desk@post.example"]
    if kind in ("integer", "number"):
        limits = [schema[name] for name in ("minimum", "maximum", "multipleOf") if name in schema]
        return [*limits, 1, 0, 7]
    if kind == "boolean":
        return [True, False]
    if kind == "array":
        items, least = schema.get("items", {}), schema.get("minItems", 0)
        inner = _values(items) if isinstance(items, dict) else []
        fitting = [value for value in inner if isinstance(items, dict) and _fits(items, value)]
        return [fitting[:1], fitting[: max(least, 1)] if isinstance(least, int) else fitting, []]
    if kind == "object":
        return _objects(schema)
    return [None] if kind == "null" else []


def _objects(schema: Mapping[str, JsonValue]) -> list[JsonValue]:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return []
    made: dict[str, JsonValue] = {}
    for name, inner in properties.items():
        fitting = [value for value in _values(inner) if _fits(inner, value)] if isinstance(inner, dict) else []
        if fitting:
            made[name] = fitting[0]
    return [made]
