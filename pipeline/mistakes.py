"""Says in plain words what pydantic found wrong with a person's input.

The words for what is allowed are read off the record's JSON Schema, so that they cannot part from
what the record accepts.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

Place = tuple[str | int, ...]
"""Keys and indexes that lead from the root of a document to a value."""

PATTERNS_IN_WORDS = {
    r"^[a-z][a-z0-9_]{1,63}$": "a name of 2 to 64 lower-case letters, digits and underscores that starts with a letter",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case words and digits joined by single hyphens, such as my-benchmark",
    r"^\d{4}\.(0[1-9]|1[0-2])\.\d+$": "YEAR.MONTH.PATCH with a two-digit month, such as 2026.11.0",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*-\d{4}\.(0[1-9]|1[0-2])\.\d+$": "the name and version of a release, such as "
    "my-benchmark-2026.11.0",
    r"^[A-Z][A-Z0-9_]*$": "the name of an environment variable, such as OPENAI_API_KEY, never a key itself",
    r"^https?://[^\s@]+$": "a URL that starts with http:// or https://, without spaces, user name or password",
    r"^\d{4}-\d{2}-\d{2}$": "a date as YYYY-MM-DD",
    r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$": "a date and time as YYYY-MM-DDTHH:MM",
    r"^[0-9a-f]{64}$": "a SHA-256 as 64 hexadecimal digits",
    r"^[A-Z]{3}$": "a currency of three capitals, such as USD",
    r"^[\w.-]+/[\w.-]+$": "a repository as ORG/NAME",
    r"^[\w.-]+:\d{1,5}$": "HOST:PORT, such as build.internal:8790",
    r"^[^\s@]+$": "a path, or a URL such as s3://BUCKET/PREFIX, without spaces, user name or password",
    r"^[\w.-]+$": "a name of letters, digits, dots, hyphens and underscores",
}

_KINDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
_FOUND_KINDS = {
    type(None): "empty (null)",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}
_BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
_PROBLEMS = {
    "than": "is out of range",
    "than_equal": "is out of range",
    "multiple_of": "is out of range",
    "too_short": "is too short",
    "too_long": "is too long",
    "pattern_mismatch": "is not written as it has to be",
}
"""What is wrong, by the end of pydantic's name for it."""

_SECRET = re.compile(r"(?i)_key_env$|api_?key|secret|password")


@dataclass(frozen=True)
class Mistake:
    """One mistake. ``at_key`` asks for the line of the key in place of the value's; ``missing``: a key is not there."""

    path: Place
    problem: str
    value: object | None = None
    allowed: Iterable[object] | str | None = None
    at_key: bool = False
    missing: bool = False


def dotted(path: Place) -> str:
    """Write a path as ``models.judge.sampling`` or ``situations[0].tools[2].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(found: object, known: Iterable[str]) -> str:
    """Return `` (did you mean `x`?)`` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(str(found), list(known), n=1, cutoff=0.6)
    return f" (did you mean `{near[0]}`?)" if near else ""


def is_echo(error: ErrorDetails) -> bool:
    """Whether an error only repeats that items of a collection were refused, and hence too few are left."""
    found = error["input"]
    enough = error.get("ctx", {}).get("min_length", 0)
    return error["type"] == "too_short" and isinstance(found, list | tuple | dict) and len(found) >= enough


def explain(error: ErrorDetails, schema: dict[str, Any]) -> Mistake:
    """Turn one error of pydantic into a mistake.

    Args:
        error: an entry of ``ValidationError.errors()``.
        schema: the JSON Schema of the record that was validated.
    """
    path, node = _locate(error["loc"], schema)
    kind, value = error["type"], error["input"]
    match kind:
        case "missing":
            return Mistake(path, "this key is missing", allowed=describe(node, schema), missing=True)
        case "extra_forbidden":  # the value is not shown: it may be a secret
            known = list(_parent_keys(error["loc"], schema))
            return Mistake(path, f"unknown key{did_you_mean(path[-1], known)}", allowed=known, at_key=True)
        case "union_tag_not_found":
            tag = node["discriminator"]["propertyName"]
            return Mistake((*path, tag), "this key is missing", allowed=node["discriminator"]["mapping"], missing=True)
        case "union_tag_invalid":
            known = list(node["discriminator"]["mapping"])
            tag = node["discriminator"]["propertyName"]
            found = value.get(tag) if isinstance(value, dict) else None
            return Mistake((*path, tag), f"is not one of the kinds{did_you_mean(found, known)}", found, known)
        case "value_error":
            return Mistake(path, str(error.get("ctx", {}).get("error", error["msg"])), _shown(path, value))
    at_key = error["loc"][-1:] == ("[key]",)
    problem = "this name is not allowed as a key" if at_key else _problem(kind, value, node, error["msg"])
    return Mistake(path, problem, _shown(path, value), describe(node, schema), at_key)


def describe(node: Mapping[str, Any], schema: dict[str, Any]) -> str | list[str]:
    """Say in words what a node of a JSON Schema allows; a list where it is an enumeration."""
    node = _resolve(node, schema)
    if "enum" in node or "const" in node:
        return [str(value) for value in node.get("enum", [node.get("const")])]
    if "anyOf" in node:
        kinds = [describe(member, schema) for member in node["anyOf"] if member.get("type") != "null"]
        return ", or ".join([*(kind if isinstance(kind, str) else ", ".join(kind) for kind in kinds), "null"])
    if "discriminator" in node:
        key, known = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        return f"a mapping whose `{key}` is one of {', '.join(sorted(known))}"
    if "pattern" in node:
        return PATTERNS_IN_WORDS.get(node["pattern"], f"text that matches {node['pattern']}")
    return _kind_in_words(node)


def _kind_in_words(node: Mapping[str, Any]) -> str:
    kind: str | None = node.get("type")
    if kind is None:
        return "any value"
    if kind == "array":
        return "a list" + _amount(node.get("minItems"), node.get("maxItems"), "item", "items")
    if kind == "object" and "properties" in node:
        return f"a mapping with the keys {', '.join(sorted(node['properties']))}"
    if kind == "object":
        return "a mapping" + _amount(node.get("minProperties"), node.get("maxProperties"), "entry", "entries")
    return _KINDS.get(kind, kind) + _range(node)


def _problem(kind: str, value: object, node: Mapping[str, Any], message: str) -> str:
    if kind in {"literal_error", "enum"}:
        return f"is not one of the allowed values{did_you_mean(value, map(str, node.get('enum', ())))}"
    if kind.endswith("_type") or kind == "int_from_float":
        quotable = kind == "string_type" and isinstance(value, bool | int | float)
        hint = "; put it in quotes if text is meant" if quotable else ""
        return f"is {_FOUND_KINDS[type(value)]}, which is the wrong kind{hint}"
    if kind.endswith("too_short") and value == "":
        return "is empty"
    return next((words for ending, words in _PROBLEMS.items() if kind.endswith(ending)), message)


def _shown(path: Place, value: object) -> object | None:
    """Return what of a value may stand in an error: no long structures, and nothing that may hold a secret."""
    if isinstance(value, dict | list):
        return None
    name = str(path[-1]) if path else ""
    if isinstance(value, str) and _SECRET.search(name):
        return None
    return re.sub(r"//[^/\s]*@", "//***@", value) if isinstance(value, str) else value


def _amount(low: int | None, high: int | None, one: str, many: str) -> str:
    bounds = [f"at least {low}"] if low else []
    bounds += [f"at most {high}"] if high is not None else []
    return f" of {' and '.join(bounds)} {one if (high or low) == 1 else many}" if bounds else ""


def _range(node: Mapping[str, Any]) -> str:
    if node.get("type") == "string":
        high = f" of at most {node['maxLength']} characters" if "maxLength" in node else ""
        return (" that is not empty" if node.get("minLength") else "") + high
    bounds = [f"{words} {node[name]:g}" for name, words in _BOUNDS.items() if name in node]
    return f", {' and '.join(bounds)}" if bounds else ""


def _resolve(node: Mapping[str, Any], schema: dict[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def _child(node: Mapping[str, Any], part: str | int, schema: dict[str, Any]) -> Mapping[str, Any]:
    """Return the schema one step below ``node``; an empty one, which allows anything, where none is known."""
    node = _resolve(node, schema)
    if "anyOf" in node:
        node = next((_resolve(member, schema) for member in node["anyOf"] if member.get("type") != "null"), {})
    if isinstance(part, int):
        child = node.get("items", {})
    elif part == "[key]":
        child = node.get("propertyNames") or {"pattern": next(iter(node.get("patternProperties", {"": 0})))}
    elif part in node.get("properties", {}):
        child = node["properties"][part]
    else:
        values = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
        child = next((value for value in values if isinstance(value, dict)), {})
    return _resolve(child, schema)


def _locate(loc: tuple[str | int, ...], schema: dict[str, Any]) -> tuple[Place, Mapping[str, Any]]:
    """Follow pydantic's location, which also names the kinds of unions, through the document and the schema."""
    path: list[str | int] = []
    node = _resolve(schema, schema)
    for part in loc:
        if part in node.get("discriminator", {}).get("mapping", {}):
            node = _resolve({"$ref": node["discriminator"]["mapping"][part]}, schema)
            continue
        node = _child(node, part, schema)
        if part != "[key]":
            path.append(part)
    return tuple(path), node


def _parent_keys(loc: tuple[str | int, ...], schema: dict[str, Any]) -> Iterable[str]:
    _, node = _locate(loc[:-1], schema)
    if "anyOf" in node:
        node = next(_resolve(member, schema) for member in node["anyOf"] if member.get("type") != "null")
    return list(node.get("properties", {}))
