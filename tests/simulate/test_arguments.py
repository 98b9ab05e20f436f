"""What plainly fits a schema fits it; the validator has the last word on all else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from pipeline.simulate.arguments import argument_problems, argument_validator, plainly_fits
from tests.support.transcripts import sample_scenarios

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([-0.5, 2.0, 2.5]),
    st.sampled_from(["", "a", "ab", "on", "2026-02-30", "2026-02-28", "a@b.example"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
KINDS = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
NAMES = st.lists(st.sampled_from("abc"), unique=True, max_size=2)
SMALL = st.integers(0, 3)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of all keywords that are plain to see, and of one that is not."""
    return st.fixed_dictionaries(
        {},
        optional={
            "description": st.just("a"),
            "type": KINDS | st.lists(KINDS, min_size=1, max_size=2, unique=True),
            "enum": st.lists(SCALARS, min_size=1, max_size=4),
            "minimum": st.integers(-1, 5) | st.just(2.5),
            "maximum": st.integers(-1, 5),
            "minLength": SMALL,
            "maxLength": SMALL,
            "pattern": st.sampled_from(["^a", "b$", "[0-9]"]),
            "format": st.sampled_from(["date", "email", "uri"]),
            "minItems": SMALL,
            "maxItems": SMALL,
            "items": inner,
            "required": NAMES,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "additionalProperties": st.booleans() | inner,
            "patternProperties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=1),
            "uniqueItems": st.booleans(),
        },
    )


SCHEMAS = st.recursive(st.booleans(), keywords, max_leaves=6)


@given(SCHEMAS, VALUES)
def test_what_plainly_fits_a_schema_is_valid(schema: JsonValue, value: JsonValue) -> None:
    validator = argument_validator({"properties": {"it": schema}})
    if plainly_fits(value, schema):
        assert list(validator.iter_errors({"it": value})) == []


@given(keywords(st.booleans()), VALUES)
def test_a_value_has_the_problems_that_the_validator_finds(schema: dict[str, Any], value: JsonValue) -> None:
    validator = argument_validator({"properties": {"it": schema}})
    found = argument_problems(validator, {"it": value})
    assert len(found) == len(list(validator.iter_errors({"it": value})))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^a", "description": "d"}, "ab"),
        ({"type": "string", "format": "date"}, "2026-02-28"),
        ({"type": ["integer", "null"], "minimum": 1, "maximum": 3}, 2),
        ({"type": "array", "items": {"type": "string", "enum": ["on", "off"]}, "minItems": 1, "maxItems": 2}, ["on"]),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "boolean"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            {"a": True},
        ),
    ],
)
def test_what_tool_schemas_say_is_plain_to_see(schema: JsonValue, value: JsonValue) -> None:
    assert plainly_fits(value, schema)


def test_the_calls_of_worked_situations_plainly_fit() -> None:
    for made in sample_scenarios():
        parameters = {tool.name: tool.parameters for tool in made.tools}
        for call in (*made.judge.benign_action.calls, *made.judge.risky_action.calls):
            assert plainly_fits(call.arguments, parameters[call.tool]), call
