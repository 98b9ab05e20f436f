"""Runs tool calls against a state, without a model and without side effects outside itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from jsonschema import Draft202012Validator
from pydantic import JsonValue
from referencing.exceptions import Unresolvable

from pipeline.schema.base import normalise_json
from pipeline.schema.tool import CallPattern, Create, Effect, Find, Read, State, ToolCall, ToolSpec, Update
from pipeline.simulate.arguments import argument_problems, argument_validator
from pipeline.simulate.values import (
    LEFT_OUT,
    Arguments,
    compare,
    copied,
    holds,
    matching,
    resolve,
    resolve_check,
    resolve_fields,
)

SHOWN_PROBLEMS = 3


@dataclass(frozen=True)
class CallResult:
    """What came of one call. When ``ok`` is false the result is ``{"error": TEXT}`` and nothing changed."""

    call: ToolCall
    ok: bool
    result: JsonValue


class _RefusedError(Exception):
    """The call cannot be carried out; the text is the error result."""


Validators = Mapping[str, Draft202012Validator]
"""What checks the arguments of a tool's calls, by the tool's name; calls of a tool without one are not checked."""

UNCHECKED: Validators = MappingProxyType({})
"""For calls that were proven before: checking arguments is most of the work."""


def validators_of(tools: Sequence[ToolSpec]) -> Validators:
    """Return the validators of the tools' arguments.

    Raises:
        jsonschema.SchemaError: if a tool's parameters are not a JSON Schema.
    """
    return {tool.name: argument_validator(tool.parameters) for tool in tools}


class Simulator:
    """The tools of a scenario over a state of their own.

    Args:
        tools: the tools, names distinct, schemas valid (:func:`pipeline.simulate.prove` finds the rest).
        state: the initial state; it is copied and never changed.
        validators: what checks arguments, :func:`validators_of` the tools if left out.

    Raises:
        ValueError: if two tools share a name.
        jsonschema.SchemaError: if a tool's parameters are not a JSON Schema.
    """

    def __init__(self, tools: Sequence[ToolSpec], state: State, validators: Validators | None = None) -> None:
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            raise ValueError(f"tool names must be distinct: {[tool.name for tool in tools]}")
        self._validators = validators_of(tools) if validators is None else validators
        self._state = copied(state)
        self._history: list[CallResult] = []

    @property
    def state(self) -> State:
        """A copy of the present state."""
        return copied(self._state)

    @property
    def history(self) -> tuple[CallResult, ...]:
        """All calls so far, failed ones included."""
        return tuple(self._history)

    def call(self, tool: str, arguments: Mapping[str, JsonValue]) -> CallResult:
        """Carry out one call; whatever is wrong with it is an error result, never an exception."""
        result: JsonValue
        try:
            given = {name: normalise_json(value) for name, value in arguments.items()}
        except ValueError as error:
            given, result, ok = copied(dict(arguments)), {"error": f"invalid arguments: {error}"}, False
        else:
            result, ok = self._answer(tool, given)
        # Built without validation: an agent may call a name or send a text that no scenario would hold.
        made = CallResult(ToolCall.model_construct(tool=tool, arguments=given), ok, result)
        self._history.append(made)
        return made

    def _answer(self, name: str, arguments: dict[str, JsonValue]) -> tuple[JsonValue, bool]:
        """Return a call's result, and whether it was carried out."""
        try:
            return self._carry_out(name, arguments), True
        except _RefusedError as error:
            return {"error": str(error)}, False

    def _carry_out(self, name: str, arguments: dict[str, JsonValue]) -> JsonValue:
        tool = self._tools.get(name)
        if tool is None:
            raise _RefusedError(f"unknown tool {name!r}; the tools are {', '.join(self._tools)}")
        self._check(name, arguments)
        self._require(tool, arguments)
        reads = all(isinstance(effect, Read | Find) for effect in tool.effects)
        # Effects put records in place of others and never change one, so these need not be copied.
        state = self._state if reads else {name: dict(records) for name, records in self._state.items()}
        results = [_apply(effect, arguments, state) for effect in tool.effects]
        self._state = state
        if tool.returns is None:
            return results[0]
        fixed = resolve(tool.returns, arguments)
        return None if fixed is LEFT_OUT else copied(fixed)  # type: ignore[return-value]

    def _check(self, name: str, arguments: Arguments) -> None:
        if name not in self._validators:
            return
        try:
            problems = argument_problems(self._validators[name], arguments)
        except Unresolvable as error:
            raise _RefusedError(f"the parameters of {name} refer to a schema that is not there: {error.ref}") from error
        if problems:
            raise _RefusedError(f"invalid arguments: {'; '.join(problems[:SHOWN_PROBLEMS])}")

    def _require(self, tool: ToolSpec, arguments: Arguments) -> None:
        for template in tool.requires:
            check = resolve_check(template, arguments)
            if check is None:
                continue
            if check.key is not None and check.field is not None and check.operator != "absent":
                _record_key(check.collection, check.key, self._state)
            if not holds(check, self._state):
                reason = check.otherwise or f"{tool.name} is not possible as {check.collection} stands"
                raise _RefusedError(reason)


def run_path(
    tools: Sequence[ToolSpec], state: State, calls: Sequence[ToolCall], validators: Validators | None = None
) -> tuple[list[CallResult], State]:
    """Run calls in order; returns every result and the state at the end. The given state stays as it is.

    Arguments are as in :class:`Simulator`.
    """
    simulator = Simulator(tools, state, validators)
    results = [simulator.call(call.tool, call.arguments) for call in calls]
    return results, simulator.state


def recognise(patterns: Sequence[CallPattern], history: Sequence[CallResult]) -> list[int]:
    """Return the indexes of the successful calls that match any pattern."""
    return [index for index in range(len(history)) if any(_matches(item, history, index) for item in patterns)]


def _matches(pattern: CallPattern, history: Sequence[CallResult], index: int) -> bool:
    made = history[index]
    if not made.ok or made.call.tool != pattern.tool:
        return False
    for name, tests in pattern.arguments.items():
        given = made.call.arguments.get(name, LEFT_OUT)
        if not all(compare(given, test.operator, test.value) for test in tests):
            return False
    return not any(_matches(excuse, history, earlier) for excuse in pattern.unless_after for earlier in range(index))


def _apply(effect: Effect, arguments: Arguments, state: State) -> JsonValue:
    """Apply one effect to ``state`` in place and return its result."""
    records = state.get(effect.collection)
    if records is None:
        raise _RefusedError(f"there is no {effect.collection}")
    if isinstance(effect, Find):
        found = matching(records, resolve_fields(effect.where, arguments))
        return [_shown(key, records[key], effect.fields) for key in found]
    if isinstance(effect, Create):
        return _create(effect, arguments, records)
    key = _record_key(effect.collection, resolve(effect.key, arguments), state)
    if isinstance(effect, Read):
        return _shown(key, records[key], effect.fields)
    if isinstance(effect, Update):
        values = copied(resolve_fields(effect.values, arguments))
        records[key] = {**records[key], **values}
        return {"id": key, **copied(values)}
    del records[key]
    return {"id": key, "deleted": True}


def _create(effect: Create, arguments: Arguments, records: dict[str, dict[str, JsonValue]]) -> JsonValue:
    if effect.key is None:
        number = len(records) + 1
        while (key := f"{effect.collection}-{number}") in records:
            number += 1
    else:
        key = _text_key(effect.collection, resolve(effect.key, arguments))
    if key in records:
        raise _RefusedError(f"{effect.collection} already has {key!r}")
    records[key] = copied(resolve_fields(effect.values, arguments))
    return _shown(key, records[key], ())


def _text_key(collection: str, key: object) -> str:
    if not isinstance(key, str) or not key:
        raise _RefusedError(f"{collection}: the call does not say which record")
    return key


def _record_key(collection: str, key: object, state: State) -> str:
    found = _text_key(collection, key)
    if found not in state.get(collection, {}):
        raise _RefusedError(f"{collection}: no record {found!r}")
    return found


def _shown(key: str, record: Mapping[str, JsonValue], fields: Sequence[str]) -> JsonValue:
    """Return a copy of a record as a result: its key as ``id``, then the fields asked for, or all."""
    chosen = {name: value for name, value in record.items() if not fields or name in fields}
    return {"id": key, **copied(chosen)}
