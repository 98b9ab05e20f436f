"""Rows of a file share groups with rows of other files and releases; two groups are never joined."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.deduplicate import files
from pipeline.deduplicate.file_rows import FileRow, text_plot
from pipeline.deduplicate.files import FileDeduplication, deduplicate_file
from tests.deduplicate.rows import WordEncoder

BASE = "the clerk opens the sealed file of a member and reads all of it aloud"
OTHER = "a driver leaves two crates of fruit in the sun before the market begins"
NEAR_BASE = BASE.replace("sealed", "locked").replace("aloud", "quietly")
BETWEEN = f"{BASE} {OTHER}"


@pytest.fixture(autouse=True)
def counts_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "load_encoder", lambda name: WordEncoder())


def found(folder: Path, rows: dict[str, str], against: list[FileRow]) -> FileDeduplication:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in rows.items()))
    return deduplicate_file(path, threshold=0.95, floor=0.6, against=against)


def theirs(name: str, text: str, group: str | None = None) -> FileRow:
    return FileRow(id=name, line=1, plot=text_plot(text), source="old", group=group)


def test_a_row_near_one_of_a_release_has_its_group(tmp_path: Path) -> None:
    against = [theirs("x", BASE, "library.sealed"), theirs("y", OTHER)]
    groups, between = found(tmp_path, {"a": NEAR_BASE, "b": "nothing like it at all"}, against).groups
    assert groups == {"old/library.sealed": ["a"]}
    assert between == {}
    shown = found(tmp_path, {"a": NEAR_BASE, "b": "nothing like it at all"}, against).to_json()
    assert (shown["groups"], shown["between_groups"]) == (groups, between)


def test_near_rows_of_the_file_share_a_group_and_copies_are_in_none(tmp_path: Path) -> None:
    rows = {"a": BASE, "b": NEAR_BASE, "c": BASE.upper(), "d": OTHER}
    assert found(tmp_path, rows, []).groups == ({"a": ["a", "b"]}, {})


def test_a_row_near_two_groups_is_told_and_joins_none(tmp_path: Path) -> None:
    against = [theirs("x", BASE, "g"), theirs("y", OTHER)]
    assert found(tmp_path, {"a": BETWEEN}, against).groups == ({}, {"a": ["old/g", "old/y"]})
    one = [theirs("x", BASE, "g"), replace(theirs("y", OTHER), group="g")]
    assert found(tmp_path, {"a": BETWEEN}, one).groups == ({"old/g": ["a"]}, {})
