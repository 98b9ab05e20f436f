"""Content ids and canonical JSON."""

from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, TypeAdapter, ValidationError
from rfc8785 import CanonicalizationError

from pipeline.schema.base import (
    Json,
    Slug,
    Text,
    canonical_json,
    content_id,
    normalise_json,
    normalise_text,
    sha256_of,
)
from tests.schema.strategies import JSON, TEXT, with_one_leaf_changed, written_otherwise

# Canonical JSON written out by hand after RFC 8785: keys by UTF-16 code units, numbers as ECMAScript writes
# them, only what must be escaped is escaped.
BY_HAND: list[tuple[JsonValue, bytes]] = [
    ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
    ({"n": 1.0, "m": 1e21, "k": 0.000001, "j": 1e-7, "z": -0.0}, b'{"j":1e-7,"k":0.000001,"m":1e+21,"n":1,"z":0}'),
    ('a"b\\c\n\t\x07/é', b'"a\\"b\\\\c\\n\\t\\u0007/\xc3\xa9"'),
    # U+1F600 is D83D DE00 in UTF-16 and comes before U+FF76, which has the smaller code point
    ({"\uff76": 1, "\U0001f600": 2}, b'{"\xf0\x9f\x98\x80":2,"\xef\xbd\xb6":1}'),
    (["", {}, []], b'["",{},[]]'),
]


@pytest.mark.parametrize(("value", "expected"), BY_HAND)
def test_canonical_json_is_that_of_rfc_8785(value: JsonValue, expected: bytes) -> None:
    assert canonical_json(value) == expected
    assert sha256_of(value) == hashlib.sha256(expected).hexdigest()


def test_an_id_is_the_prefix_and_twenty_digits_of_the_hash() -> None:
    expected = hashlib.sha256(b'["efficiency.deception.dairy",3]').hexdigest()[:20]
    assert content_id("ca", ["efficiency.deception.dairy", 3]) == f"ca-{expected}"


@given(JSON)
def test_canonical_json_is_json_of_the_same_value(value: JsonValue) -> None:
    assert json.loads(canonical_json(value)) == value


@given(JSON)
def test_the_same_content_written_otherwise_has_the_same_hash(value: JsonValue) -> None:
    assert sha256_of(normalise_json(written_otherwise(value))) == sha256_of(normalise_json(value))


@given(JSON)
def test_any_changed_leaf_changes_the_hash(value: JsonValue) -> None:
    own = sha256_of(value)
    assert all(sha256_of(changed) != own for changed in with_one_leaf_changed(value))


@given(TEXT)
def test_normal_text_stays_as_it_is(text: str) -> None:
    assert normalise_text(normalise_text(text)) == normalise_text(text)


def test_text_is_composed_and_lines_end_in_lf() -> None:
    assert normalise_text("cafe\u0301\r\nnew\rline") == "caf\u00e9\nnew\nline"


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), float("inf")])
def test_what_has_no_canonical_form_has_no_hash(value: float) -> None:
    with pytest.raises(CanonicalizationError):
        sha256_of([value])


@pytest.mark.parametrize("value", [2**53, -(2**53), 1e16, -1e300, float("nan"), float("inf")])
def test_a_number_that_json_would_change_is_refused(value: float) -> None:
    with pytest.raises(ValidationError, match="not exact in JSON"):
        TypeAdapter(Json).validate_python({"a": [value]})


@given(JSON)
def test_a_value_and_its_canonical_json_have_the_same_hash(value: JsonValue) -> None:
    assert sha256_of(json.loads(canonical_json(value))) == sha256_of(value)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", ""])
def test_text_that_no_file_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python(text)


def test_keys_that_become_one_in_nfc_are_refused() -> None:
    with pytest.raises(ValidationError, match="two keys"):
        TypeAdapter(Json).validate_python({"e\u0301": 1, "\u00e9": 2})


@pytest.mark.parametrize("name", ["Efficiency", "a", "1st", "a-b", "a b", "", "a" * 65, "naïve", "tool\n"])
def test_a_slug_is_plain(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Slug).validate_python(name)


@given(st.from_regex(r"[a-z][a-z0-9_]{1,63}", fullmatch=True))
def test_a_plain_name_is_a_slug(name: str) -> None:
    assert TypeAdapter(Slug).validate_python(name) == name


NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, 1e16]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_the_quick_encoder_writes_what_the_full_one_does(value: JsonValue) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {None: 1}}, ["\ud800"], {"a": object()}])
def test_what_is_not_json_has_no_canonical_form(value: object) -> None:
    with pytest.raises(CanonicalizationError):
        canonical_json(value)
