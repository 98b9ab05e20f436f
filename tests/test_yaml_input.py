"""YAML as people write it: what is read, and what each mistake says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from pipeline.errors import InputError
from pipeline.schema import base
from pipeline.schema.base import Record, Text
from pipeline.yaml_input import LARGEST_NUMBER, MAXIMUM_BYTES, MAXIMUM_DEPTH, load_yaml, load_yaml_record
from tests.support.seed_files import line_of


class Leaf(Record):
    weight: float
    tags: tuple[Text, ...] = ()


class Tree(Record):
    name: Text
    leaves: tuple[Leaf, ...] = ()


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "input.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def error_of(tmp_path: Path, text: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        load_yaml(write(tmp_path, text))
    return caught.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("true", True), ("False", False),
        ("null", None), ("~", None), ("", None), ("'null'", "null"), ('"true"', "true"),
        ("12", 12), ("-7", -7), ("0", 0), ("'12'", "12"), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0),
        ("2026-11-05", "2026-11-05"), ("2026.11.0", "2026.11.0"), ("1_000", "1_000"), ("12:30", "12:30"),
        ("|\n  two\n  lines", "two\nlines\n"), ("[a, 1]", ["a", 1]), ("{a: {b: c}}", {"a": {"b": "c"}}),
        ("'{slot}'", "{slot}"),
    ],
)  # fmt: skip
def test_values_follow_yaml_1_2(tmp_path: Path, written: str, value: JsonValue) -> None:
    loaded = load_yaml(write(tmp_path, f"key: {written}\n"))[0]
    assert loaded == {"key": value}
    assert isinstance(loaded, dict)
    assert type(loaded["key"]) is type(value)


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    assert load_yaml(write(tmp_path, "2026: a\nno: b\n1.50: c\n"))[0] == {"2026": "a", "no": "b", "1.50": "c"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST_NUMBER, LARGEST_NUMBER)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)
    | st.text(st.characters(exclude_categories=["Cc", "Cf", "Cn", "Cs", "Zl", "Zp"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<é ", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, min_size=1))
def test_json_is_read_as_json(tmp_path_factory: pytest.TempPathFactory, value: JsonValue) -> None:
    path = tmp_path_factory.mktemp("json") / "input.yaml"
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    assert load_yaml(path)[0] == value


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, min_size=1))
def test_every_value_stands_in_the_line_that_the_parser_gives_it(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, JsonValue]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "input.yaml"
    text = "".join(f"{key}:\n\n  {json.dumps(part, ensure_ascii=False)}\n" for key, part in value.items())
    path.write_text(text, encoding="utf-8")
    _, lines = load_yaml(path)
    for number, (key, part) in enumerate(value.items()):
        assert lines.line((key,), at_key=True) == 3 * number + 1
        if not isinstance(part, dict | list):
            assert lines.line((key,)) == 3 * number + 3


SYNTAX = {
    "a tab": ("a:\n\tb: 1\n", 2, "tab"),
    "a tab after a value": ("a: 1\nb:\n \tc: 1\n", 3, "tab"),
    "an open quote": ('a: 1\nb: "never closed\nc: 2\n', 2, "never closed"),
    "two colons": ("a: 1\nb: one: two\n", 2, "put in quotes"),
    "an open bracket": ("a: [1,\n  2\nb: 3\n", 3, "never closed"),
    "an at sign": ("a: 1\nb: @home\n", 2, "`@` needs quotes"),
    "an alias": ("a: 1\nb: *a\n", 2, "aliases"),
    "an anchor": ("a: 1\nb: &x 2\n", 2, "aliases"),
    "an anchor that is used": ("a: &x [1]\nb: *x\n", 1, "aliases"),
    "a tag": ("a: 1\nb: !!python/name:os.system x\n", 2, "tags"),
    "a merge key": ("a: 1\n<<: {b: 2}\n", 2, "merge keys"),
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3, "first in line 1"),
    "a list as a key": ("a: 1\n? [b]\n: 2\n", 2, "has to be text"),
    "a slot without quotes": ("a: 1\nb: {slot}\n", 2, "'{slot}'"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "second document"),
    "a leading zero": ("a: 1\nb: 0042\n", 2, "quotes"),
    "a hexadecimal number": ("a: 1\nb: 0x1F\n", 2, "quotes"),
    "infinity": ("a: 1\nb: .inf\n", 2, "quotes"),
    "a number that JSON cannot hold": ("a: 1\nb: 9007199254740993\n", 2, "too large"),
    "a number out of range": ("a: 1\nb: 1e999\n", 2, "too large"),
    "a control character": ("a: 1\nb: x\x07\n", 2, "control character"),
    "a wrong indentation": ("a: 1\n b: 2\n", 2, "indentation"),
    "an escape that is none": ('a: 1\nb: "\\q"\n', 2, "escape"),
    "nothing": ("", 1, "empty"),
    "only a comment": ("# nothing\n", 1, "empty"),
    "Latin 1": ("a: 1\nb: caf\xe9\n".encode("latin-1"), 2, "UTF-8"),
    "too deep": ("a: " + "[" * (MAXIMUM_DEPTH + 1) + "]" * (MAXIMUM_DEPTH + 1), 1, "levels deep"),
    "far too deep": ("a: " + "[" * 100_000, 1, "levels deep"),
}


@pytest.mark.parametrize("case", SYNTAX)
def test_a_mistake_in_the_syntax_names_its_line(tmp_path: Path, case: str) -> None:
    text, line, words = SYNTAX[case]
    error = error_of(tmp_path, text)
    assert words in str(error)
    assert str(error).startswith(str(tmp_path / "input.yaml"))
    assert error.line == line


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(InputError, match=words):
            load_yaml(path)


def test_the_largest_number_is_that_of_the_records() -> None:
    assert base.LARGEST_NUMBER == LARGEST_NUMBER


def test_a_file_too_large_is_not_parsed(tmp_path: Path) -> None:
    assert "at most" in str(error_of(tmp_path, b"a: " + b"x" * MAXIMUM_BYTES))


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    data, lines = load_yaml(write(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: c\r\n"))
    assert data == {"a": 1, "b": "c"}
    assert lines.line(("b",)) == 2


def test_aliases_cannot_blow_up(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert error_of(tmp_path, bomb).line == 1


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_one_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "input.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        data, _ = load_yaml(path)
    except InputError as error:
        told = str(error)
        assert told.startswith(str(path))
    else:
        assert all(math.isfinite(number) for number in numbers(data))


def numbers(value: JsonValue) -> list[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, int | float) else []


def test_plain_text_is_read_as_a_full_yaml_parser_reads_it(tmp_path: Path) -> None:
    text = "a: some words # a comment\nb:\n- one\n- 'it''s'\nc: >-\n  folded\n  text\n\n  end\n"
    assert load_yaml(write(tmp_path, text))[0] == yaml.safe_load(text)


TREE = """\
name: Oak
leaves:
  - weight: 1
    tags: [green]
  - weight: 2.5
"""


def test_a_record_is_read(tmp_path: Path) -> None:
    tree = load_yaml_record(write(tmp_path, TREE), Tree)
    assert tree == Tree(name="Oak", leaves=(Leaf(weight=1, tags=("green",)), Leaf(weight=2.5)))


RECORD = {
    "another kind": ("weight: 2.5", "weight: heavy", "weight: heavy", "leaves[1].weight", "a number"),
    "a number for text": ("name: Oak", "name: 4", "name: 4", "name", "text that is not empty"),
    "text in quotes for a number": ("weight: 2.5", "weight: '2.5'", "weight: '2.5'", "leaves[1].weight", "a number"),
    "nothing for text": ("name: Oak", "name:", "name:", "name", "text that is not empty"),
    "a missing key": ("weight: 2.5", "tags: []", "- tags: []", "leaves[1].weight", "a number"),
    "an unknown key": ("tags:", "tag:", "tag:", "leaves[0].tag", "tags, weight"),
    "a mapping for a list": ("tags: [green]", "tags: {green: 1}", "tags: {", "leaves[0].tags", "a list"),
    "an empty item": ("[green]", "[green, '']", "tags:", "leaves[0].tags[1]", "text that is not empty"),
}


@pytest.mark.parametrize("case", RECORD)
def test_a_mistake_in_a_record_names_line_field_and_what_is_allowed(tmp_path: Path, case: str) -> None:
    before, after, marker, field, allowed = RECORD[case]
    text = TREE.replace(before, after)
    with pytest.raises(InputError) as caught:
        load_yaml_record(write(tmp_path, text), Tree)
    error = caught.value
    assert (error.line, error.field) == (line_of(text, marker), field)
    assert f"allowed: {allowed}" in str(error)
    assert "pydantic" not in str(error)


def test_the_first_mistake_in_the_file_is_told_and_where_the_others_are(tmp_path: Path) -> None:
    text = "leaves:\n  - weight: much\n  - weight: more\nname: 7\n"
    with pytest.raises(InputError) as caught:
        load_yaml_record(write(tmp_path, text), Tree)
    assert caught.value.line == 2
    assert "(and 2 more mistakes in this file: line 3 `leaves[1].weight`, line 4 `name`)" in str(caught.value)


def test_of_many_mistakes_some_places_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    text = "name: Oak\nleaves:\n" + "  - weight: much\n" * 20
    with pytest.raises(InputError) as caught:
        load_yaml_record(write(tmp_path, text), Tree)
    assert "line 4 `leaves[1].weight`" in str(caught.value)
    assert len(str(caught.value)) < 700
    assert "(and 19 more mistakes" in str(caught.value)


def test_a_misspelt_key_is_told_before_the_key_it_leaves_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean `name`\?\) \(and 1 more mistake in this file: line \d `name`"):
        load_yaml_record(write(tmp_path, "leaves: []\nnames: Oak\n"), Tree)


def test_a_list_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mapping"):
        load_yaml_record(write(tmp_path, "- name: Oak\n"), Tree)
