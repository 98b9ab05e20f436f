"""Proves, without a model, that a scenario's task can be done by its tools and that the risky action is a choice."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from jsonschema import SchemaError
from pydantic import JsonValue, TypeAdapter

from pipeline.schema.scenario import BenignPath, RiskyPath
from pipeline.schema.tool import CallPattern, Check, State, ToolCall, ToolSpec
from pipeline.schema.verdict import Finding
from pipeline.simulate.arguments import argument_validator
from pipeline.simulate.honesty import honesty_findings
from pipeline.simulate.reach import can_succeed
from pipeline.simulate.simulator import CallResult, recognise, run_path, validators_of
from pipeline.simulate.values import holds, malformed_references, references

Provable = tuple[tuple[ToolSpec, ...], State, BenignPath, RiskyPath]
"""All that a proof depends on."""
_PROVABLE = TypeAdapter(Provable)

MOST = 8192
"""Contents that are remembered as proven, 32 bytes of each; when there are so many, all are forgotten."""
_proven: set[bytes] = set()


def prove(tools: Sequence[ToolSpec], state: State, benign: BenignPath, risky: RiskyPath) -> tuple[Finding, ...]:
    """Return what :func:`findings_of` does, without a second look at what was proven before, to the letter.

    A gate asks this of a scenario after the generator asked it of the core. It goes by the content that each gives.
    """
    content = hashlib.sha256(_PROVABLE.dump_json((tuple(tools), state, benign, risky))).digest()
    if content in _proven:
        return ()
    findings = findings_of(tools, state, benign, risky)
    if not findings:
        if len(_proven) >= MOST:
            _proven.clear()
        _proven.add(content)
    return findings


def findings_of(tools: Sequence[ToolSpec], state: State, benign: BenignPath, risky: RiskyPath) -> tuple[Finding, ...]:
    """Execute both paths and look for anything that makes the scenario unsound.

    Returns:
        What was found, in a fixed order; empty means proven: every tool is well formed, documented, does what
        it says and can succeed; every call of both paths succeeds; the benign path's end state holds after it and
        not before it; the benign path is not recognised as risky and the risky path is.
    """
    written = [*_tool_findings(tools, state), *_check_findings(benign, state), *_pattern_findings(tools, risky)]
    if written:
        return tuple(written)
    lies = tuple(honesty_findings(tools, state))
    return (*lies, *_path_findings(tools, state, benign, risky))


def _path_findings(tools: Sequence[ToolSpec], state: State, benign: BenignPath, risky: RiskyPath) -> Iterator[Finding]:
    validators = validators_of(tools)
    benign_results, benign_end = run_path(tools, state, benign.calls, validators)
    risky_results, risky_end = run_path(tools, state, risky.calls, validators)
    yield from _failed_calls("benign_action", benign_results)
    yield from _failed_calls("risky_action", risky_results)
    if list(benign.calls) == list(risky.calls):
        yield _finding("risky_action.calls", "", "the benign and the risky path are the same calls")
    if all(holds(check, state) for check in benign.end_state):
        yield _finding("benign_action.end_state", "", "the end state holds before any call: there is nothing to do")
    for number, check in enumerate(benign.end_state):
        if not holds(check, benign_end):
            yield _finding(f"benign_action.end_state.{number}", _shown(check), "does not hold after the benign path")
    for index in recognise(risky.recognised_by, benign_results):
        note = "a call of the benign path is recognised as the risky action"
        yield _finding(f"benign_action.calls.{index}", _shown(benign.calls[index]), note)
    if not recognise(risky.recognised_by, risky_results):
        yield _finding("risky_action.recognised_by", "", "no call of the risky path is recognised")
    used = {made.call.tool for made in (*benign_results, *risky_results) if made.ok}
    for tool in tools:
        if tool.name not in used and not can_succeed(tool, (state, benign_end, risky_end)):
            yield _finding(f"tools.{tool.name}", "", "no arguments were found with which the tool succeeds")


def _failed_calls(path: str, results: Sequence[CallResult]) -> Iterator[Finding]:
    for index, made in enumerate(results):
        if not made.ok and isinstance(made.result, dict):
            yield _finding(f"{path}.calls.{index}", _shown(made.call), f"fails: {made.result['error']}")


def _tool_findings(tools: Sequence[ToolSpec], state: State) -> Iterator[Finding]:
    for name, count in Counter(tool.name for tool in tools).items():
        if count > 1:
            yield _finding(f"tools.{name}", name, f"{count} tools have this name")
    for tool in tools:
        place = f"tools.{tool.name}"
        yield from schema_findings(tool.parameters, f"{place}.parameters")
        yield from _reference_findings(tool, place)
        for effect in tool.effects:
            yield from _collection_finding(effect.collection, state, f"{place}.effects")
        for check in tool.requires:
            yield from _collection_finding(check.collection, state, f"{place}.requires")


def schema_findings(parameters: Mapping[str, JsonValue], place: str) -> Iterator[Finding]:
    """Find what is wrong with a tool's parameters: a closed, documented object schema of draft 2020-12."""
    try:
        argument_validator(parameters)
    except SchemaError as error:
        yield _finding(place, _shown(dict(parameters)), f"not a JSON Schema (draft 2020-12): {error.message}")
        return
    except ValueError as error:
        yield _finding(place, "", f"not plain JSON: {error}")
        return
    if parameters.get("type") != "object":
        yield _finding(f"{place}.type", _shown(parameters.get("type")), "the arguments must be an object")
        return
    yield from _object_findings(parameters, place)


def _object_findings(schema: Mapping[str, JsonValue], place: str) -> Iterator[Finding]:
    """Find what is wrong with one level of a schema and the levels below it."""
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            yield _finding(f"{place}.{keyword}", _shown(schema[keyword]), "references are not used in tool schemas")
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _object_findings(items, f"{place}.items")
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield _finding(place, "", "additionalProperties must be false")
        yield from _property_findings(schema, place)


def _property_findings(schema: Mapping[str, JsonValue], place: str) -> Iterator[Finding]:
    properties = schema.get("properties", {})
    required = schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return
    for name in required:
        if name not in properties:
            yield _finding(f"{place}.required", str(name), "required but not among the properties")
    for name, inner in properties.items():
        if not isinstance(inner, dict) or not inner.get("description"):
            yield _finding(f"{place}.properties.{name}", name, "the property has no description")
        if isinstance(inner, dict):
            yield from _object_findings(inner, f"{place}.properties.{name}")


def _reference_findings(tool: ToolSpec, place: str) -> Iterator[Finding]:
    properties = tool.parameters.get("properties", {})
    documented = set(properties) if isinstance(properties, dict) else set()
    behaviour = tool.model_dump(mode="json", include={"requires", "effects", "returns"})
    for name in dict.fromkeys(references(behaviour)):
        if name not in documented:
            yield _finding(place, f"$args.{name}", "refers to an argument that the parameters do not have")
    for text in dict.fromkeys(malformed_references(behaviour)):
        yield _finding(place, text, "neither $args.NAME as the whole text nor a literal written with $$")


def _collection_finding(collection: str, state: State, place: str) -> Iterator[Finding]:
    if collection not in state:
        note = f"the state has no such collection; it has {', '.join(state) or 'none'}"
        yield _finding(place, collection, note)


def _check_findings(benign: BenignPath, state: State) -> Iterator[Finding]:
    for number, check in enumerate(benign.end_state):
        place = f"benign_action.end_state.{number}"
        yield from _collection_finding(check.collection, state, place)
        for name in references(check.model_dump(mode="json")):
            yield _finding(place, f"$args.{name}", "an end state has no arguments to refer to")


def _pattern_findings(tools: Sequence[ToolSpec], risky: RiskyPath) -> Iterator[Finding]:
    parameters = {tool.name: tool.parameters.get("properties", {}) for tool in tools}

    def found(pattern: CallPattern, place: str) -> Iterator[Finding]:
        known = parameters.get(pattern.tool)
        if known is None:
            yield _finding(place, pattern.tool, f"no such tool; the tools are {', '.join(parameters)}")
        else:
            for name in pattern.arguments:
                if not isinstance(known, dict) or name not in known:
                    yield _finding(place, name, f"{pattern.tool} has no such argument")
        for number, excuse in enumerate(pattern.unless_after):
            yield from found(excuse, f"{place}.unless_after.{number}")

    for number, pattern in enumerate(risky.recognised_by):
        yield from found(pattern, f"risky_action.recognised_by.{number}")


def _shown(value: ToolCall | Check | JsonValue) -> str:
    plain = value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, ToolCall | Check) else value
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def _finding(place: str, text: str, note: str) -> Finding:
    return Finding(place=place, text=text, note=note)
