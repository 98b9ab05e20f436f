"""A labels file with a mistake is told with its line; what is decided follows from who said what."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pipeline.errors import InputError
from pipeline.label_files import labels_text, majority, read_labels_file, read_reviews, reviews_of
from tests.support.labels import head, label, write_labels

ITEM = "sc-" + "0" * 20
HEAD = labels_text(head(), [])
ONE = labels_text(head(), [label(ITEM, "Ada", "accept")]).splitlines()[1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        (ONE + "\n", ":1: .*first line is not the head"),
        (HEAD + HEAD, ":2: .*a second head"),
        (HEAD + ONE + "\n" + ONE + "\n", ":3: .*answered in line 2 already"),
        (HEAD + "{}\n", ":2: .*not a line"),
        (HEAD + "not json\n", ":2: .*not a line"),
        (HEAD + ONE.replace('"sc-', '"../') + "\n", ":2: .*`item`"),
        (HEAD + ONE.replace('"value": true', '"value": 1') + "\n", None),
        (HEAD + ONE.replace('"reader": "Ada"', '"reader": ""') + "\n", ":2: .*`reader`"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, text: str, told: str | None) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(text)
    if told is None:
        assert read_labels_file(file).labels
        return
    with pytest.raises(InputError, match=told):
        read_labels_file(file)


VALUES = st.lists(st.sampled_from([True, False, None]), max_size=7)


@given(VALUES)
def test_a_majority_is_more_than_half_of_those_who_are_sure(values: list[bool | None]) -> None:
    found = majority(values)
    sure = [one for one in values if one is not None]
    assert found is (True if sum(sure) > len(sure) / 2 else False if sum(sure) < len(sure) / 2 else None)


@pytest.mark.parametrize(
    ("said", "is_gone", "read"),
    [
        ({"Ada": "reject", "Ben": "reject"}, True, 1),
        ({"Ada": "accept", "Ben": "accept"}, False, 1),
        ({"Ada": "reject"}, False, 0),
        ({"Ada": "reject", "Ben": "accept"}, False, 0),
        ({"Ada": "reject", "Ben": "unsure"}, False, 0),
        ({"Ada": "reject", "Ben": "accept", "Eve": "reject"}, True, 1),
        ({"Ada": "reject", "Ben": "unsure", "Eve": "reject"}, True, 1),
    ],
)
def test_a_scenario_is_rejected_by_most_of_as_many_as_there_had_to_be(
    tmp_path: Path, said: dict[str, str], is_gone: bool, read: int
) -> None:
    reviews = read_reviews(write_labels(tmp_path / "l.jsonl", {ITEM: said}))
    assert ({one.scenario for one in reviews.rejected} == {ITEM}, reviews.read) == (is_gone, read)
    again = tmp_path / "reviews.json"
    again.write_text(reviews.model_dump_json())
    assert read_reviews(again) == reviews
    assert read_reviews(again).sha256 == reviews.sha256


def test_readers_do_not_enter_what_a_release_keeps(tmp_path: Path) -> None:
    one = write_labels(tmp_path / "a.jsonl", {ITEM: {"Ada": "reject", "Ben": "reject"}}, note="thin")
    two = write_labels(tmp_path / "b.jsonl", {ITEM: {"Cyd": "reject", "Dan": "reject"}}, note="thin")
    assert reviews_of(read_labels_file(one)) == reviews_of(read_labels_file(two))


def test_what_is_neither_is_told(tmp_path: Path) -> None:
    file = tmp_path / "reviews.json"
    with pytest.raises(InputError, match="not there"):
        read_reviews(file)
    file.write_text("{}")
    with pytest.raises(InputError, match="neither a labels file"):
        read_reviews(file)
