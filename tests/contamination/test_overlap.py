"""Runs of words shared with a text: found wherever they stand, everybody's words apart."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.contamination.overlap import N, lines_of, overlap, runs_of, words_of
from pipeline.contamination.record import Overlap
from pipeline.errors import InputError
from pipeline.schema.scenario import Scenario
from tests.validate.samples import scenario

ROWS = [scenario(number) for number in range(6)]


def found_in(lines: Iterator[str], rows: list[Scenario] = ROWS, common: int = 10) -> Overlap:
    return overlap(runs_of(rows, common=common), [row.id for row in rows], lines, "a dump", common=common)


def test_rows_in_a_text_are_found_and_no_others() -> None:
    said = found_in(iter(["A page.\n", ROWS[2].view.world.background + "\n", "Another page.\n"]))
    assert set(said.found) == {ROWS[2].id}
    assert (said.rows.count, said.rows.n) == (1, 6)
    assert len(said.found[ROWS[2].id].split()) == N
    assert said.words == len(words_of("A page. Another page. " + ROWS[2].view.world.background))


def test_case_punctuation_and_line_ends_hide_nothing() -> None:
    broken = ROWS[1].view.world.background.upper().replace(",", " --").replace(" ", "\n")
    assert set(found_in(iter(broken.splitlines(keepends=True))).found) == {ROWS[1].id}


def test_one_word_less_than_a_run_is_none() -> None:
    words = words_of(ROWS[0].view.world.background)[: N - 1]
    assert found_in(iter([" ".join(words)])).rows.count == 0
    assert found_in(iter([" ".join(words_of(ROWS[0].view.world.background)[:N])])).rows.count == 1


def test_what_many_rows_say_is_everybodys() -> None:
    norm = "Whoever opens the depot in the morning writes the time and the name into the book at the gate."
    rows = [row.model_copy(update={"view": row.view.model_copy(update={"agent": row.view.agent.model_copy(
        update={"request": norm})})}) for row in ROWS]  # fmt: skip
    assert found_in(iter([norm]), rows, common=7).rows.count == 6
    assert found_in(iter([norm]), rows, common=6).rows.count == 0


def test_an_empty_text_shares_nothing_and_says_how_much_was_read() -> None:
    said = found_in(iter(()))
    assert (said.words, said.rows.count, said.found) == (0, 0, {})


def test_files_of_every_kind_are_read(tmp_path: Path) -> None:
    text = ROWS[3].view.world.background
    (tmp_path / "one.txt").write_text(text)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "two.jsonl").write_text(json.dumps({"a": [{"b": text}], "n": 1}) + "\nnot json\n")
    (tmp_path / "deep" / "three.jsonl.gz").write_bytes(gzip.compress(json.dumps({"text": text}).encode()))
    for path in (tmp_path, tmp_path / "one.txt", *(tmp_path / "deep").iterdir()):
        assert set(found_in(lines_of(path)).found) == {ROWS[3].id}, path


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x1f\x8b\x08broken"])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ("dump.gz" if content.startswith(b"\x1f") else "dump.txt")
    file.write_bytes(content)
    with pytest.raises(InputError, match="dump"):
        list(lines_of(file))
