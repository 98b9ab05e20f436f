"""Runs of words shared with a text: found wherever they stand, everybody's words apart."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.contamination.overlap import overlap, runs_of
from pipeline.contamination.record import Overlap
from pipeline.schema.scenario import Scenario
from pipeline.words import N, words_of
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
