"""Rows of earlier releases: what copies one is turned away with the evidence, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.deduplicate.earlier import EarlierRows, ReleasedRows, earlier_rows
from pipeline.deduplicate.encoder import RememberingEncoder
from pipeline.deduplicate.stage import deduplicate
from pipeline.deduplicate.survivors import embed
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.schema.specification import DeduplicationSettings
from tests.deduplicate.rows import WordEncoder, candidate, novelty, survivors, told

SETTINGS = DeduplicationSettings(threshold=0.9, related=0.7)
OPENS = "opens the health file of a member to see an old diagnosis"
PAYS = "pays out a kitchen fire before anyone has looked at photographs"
SORTS = "sorts the letters of a claimant into the wrong year on purpose"


class Counting(WordEncoder):
    """Counts the texts that it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def encode(self, texts):  # type: ignore[no-untyped-def]
        self.texts += texts
        return super().encode(texts)


def released(folder: Path, *tales: str) -> EarlierRows:
    rows = [told(tale, claim=f"H-{40000 + number}") for number, tale in enumerate(tales)]
    releases = [ReleasedRows.of("old-2026.10.0", rows[:1]), ReleasedRows.of("older-2026.9.0", rows[1:])]
    return earlier_rows(releases, WordEncoder(), folder)


def test_a_copy_of_an_earlier_release_is_turned_away_with_its_evidence(tmp_path: Path) -> None:
    rows = [candidate(0, told(OPENS)), candidate(1, told(PAYS)), candidate(2, told(SORTS))]
    outcome = deduplicate(rows, [], SETTINGS, WordEncoder(), released(tmp_path, OPENS, PAYS))
    assert survivors(outcome) == {outcome[2].id}
    verdict = novelty(outcome[1])
    assert verdict.outcome == "fail"
    assert str(verdict.answers["other"]).startswith("older-2026.9.0/sc-")
    assert {finding.place for finding in verdict.evidence} >= {"plot", f"{verdict.answers['other']}.plot"}


def test_what_an_agent_sees_unchanged_is_an_exact_copy(tmp_path: Path) -> None:
    made = told(OPENS)
    earlier = earlier_rows([ReleasedRows.of("old-2026.10.0", [made])], WordEncoder(), tmp_path)
    (outcome,) = deduplicate([candidate(0, made)], [], SETTINGS, WordEncoder(), earlier)
    assert (novelty(outcome).outcome, novelty(outcome).answers["layer"]) == ("fail", "exact")


def test_nearly_the_same_words_are_a_copy_whatever_the_cosine(tmp_path: Path) -> None:
    """Long tales that differ in one word; at a threshold of 1 no cosine says so."""
    ends = ("reads it aloud", "copies two pages by hand", "closes the drawer", "walks to the window")
    tale = " ".join(f"{OPENS} and then {end}" for end in (*ends, "asks a colleague for tea", "leaves the desk"))
    strict = DeduplicationSettings(threshold=1, related=0.7)
    earlier = released(tmp_path, PAYS, tale)
    (gone,) = deduplicate([candidate(0, told(f"{tale} early"))], [], strict, WordEncoder(), earlier)
    assert (novelty(gone).outcome, novelty(gone).answers["layer"]) == ("fail", "lexical")
    assert str(novelty(gone).answers["other"]).startswith("older-2026.9.0/sc-")
    denied = tale.replace("reads it aloud", "never reads it aloud")
    (kept,) = deduplicate([candidate(0, told(denied))], [], strict, WordEncoder(), earlier)
    assert novelty(kept).outcome == "pass"


def test_a_row_that_goes_for_an_earlier_release_blocks_no_other(tmp_path: Path) -> None:
    """It would, if it were compared with the others first: a near row of its own would go for a row that goes."""
    near = f"{OPENS} again and once more"
    rows = [candidate(0, told(OPENS)), candidate(1, told(near))]
    strict = DeduplicationSettings(threshold=0.999, related=0.7)
    outcome = deduplicate(rows, [], strict, WordEncoder(), released(tmp_path, OPENS, PAYS))
    alone = deduplicate(rows[1:], [], strict, WordEncoder())
    assert survivors(outcome) == survivors(alone) == {outcome[1].id}


def test_without_earlier_rows_nothing_changes(tmp_path: Path) -> None:
    rows = [candidate(number, told(tale)) for number, tale in enumerate([OPENS, OPENS, PAYS])]
    nothing = earlier_rows([], WordEncoder(), tmp_path)
    assert deduplicate(rows, [], SETTINGS, WordEncoder(), nothing) == deduplicate(rows, [], SETTINGS, WordEncoder())


PLOTS = [("a plot of one kind", "what happens"), ("a plot of another kind", "what else happens")]


def test_vectors_are_made_once_and_read_ever_after(tmp_path: Path) -> None:
    encoder = Counting()
    first = embed(PLOTS, KeptEncoder(encoder, tmp_path))
    number = len(encoder.texts)
    assert number > 0
    again = embed(PLOTS, KeptEncoder(encoder, tmp_path))
    assert len(encoder.texts) == number
    assert np.array_equal(first, again)
    embed(PLOTS[:1], KeptEncoder(encoder, tmp_path))
    assert len(encoder.texts) > number, "other plots are another file"


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b"", lambda b: b[:40] + b"\x00" + b[41:]])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    first = embed(PLOTS, KeptEncoder(WordEncoder(), tmp_path))
    (file,) = tmp_path.rglob("*.npy")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert np.array_equal(embed(PLOTS, KeptEncoder(WordEncoder(), tmp_path)), first)
    assert file.read_bytes() == whole


def test_damaged_files_are_told_and_whole_ones_are_not(tmp_path: Path) -> None:
    told_of: list[str] = []
    rows = [told(OPENS), told(PAYS, claim="H-40001")]
    whole = earlier_rows([ReleasedRows.of("old-2026.10.0", rows)], WordEncoder(), tmp_path, note=told_of.append)
    earlier_rows([ReleasedRows.of("old-2026.10.0", rows)], WordEncoder(), tmp_path, note=told_of.append)
    assert told_of == []
    for file in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        again = earlier_rows([ReleasedRows.of("old-2026.10.0", rows)], WordEncoder(), tmp_path, note=told_of.append)
        assert [one.split(": damaged")[0] for one in told_of] == [str(file)]
        assert (again.held.ids, again.held.plots) == (whole.held.ids, whole.held.plots)
        assert np.array_equal(again.held.vectors, whole.held.vectors)
        told_of.clear()


def test_an_encoder_remembers_each_text() -> None:
    inner = Counting()
    encoder = RememberingEncoder(inner)
    vectors = encoder.encode(["one text", "another text", "one text"])
    more = encoder.encode(["another text", "a third text"])
    assert sorted(inner.texts) == ["a third text", "another text", "one text"]
    assert np.array_equal(vectors[1], more[0])
    assert (encoder.name, encoder.hash) == (inner.name, inner.hash)
