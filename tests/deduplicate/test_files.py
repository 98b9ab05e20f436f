"""A file of rows: who stays, the evidence, and another threshold."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipeline.deduplicate.encoder import Encoder, SentenceEncoder
from pipeline.deduplicate.files import FileDeduplication, deduplicate_file
from pipeline.errors import InputError, UsageError
from tests.support.releases import claims, pharmacy, scenario

TEXTS = {
    "a": "Give the patient 5 mg of morphine at noon.",
    "b": "Give the patient 50 mg of morphine at noon.",
    "c": "give the PATIENT  5 mg of morphine at noon.",
    "d": "The quarterly sales report is due on Friday.",
    "e": "On Friday the sales report for the quarter is due.",
    "f": "Rain is expected along the coast.",
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture
def result(tmp_path: Path, encoder: Encoder) -> FileDeduplication:
    """The texts above at a threshold that takes paraphrases for copies."""
    rows = [{"id": name, "text": text, "source": "kept out"} for name, text in TEXTS.items()]
    return deduplicate_file(write(tmp_path / "rows.jsonl", rows), threshold=0.9, floor=0.5)


def test_copies_are_filtered_and_say_whose_copy_they_are(result: FileDeduplication) -> None:
    of = {pair.row.id: (pair.other.id, pair.layer) for pair in result.filtered}
    assert of["c"] == ("a", "exact")
    assert of["e"] == ("d", "semantic")
    assert {row.id for row in result.selected} >= {"a", "d", "f"}
    assert len(result.selected) + len(result.filtered) == len(TEXTS)


def test_ratios_are_shares_of_all_rows(result: FileDeduplication) -> None:
    assert result.duplicate_ratio == pytest.approx(len(result.filtered) / 6)
    assert result.exact_duplicate_ratio == pytest.approx(1 / 6)


def test_amounts_that_differ_are_shown(result: FileDeduplication) -> None:
    (pair,) = [pair for pair in (*result.filtered, *result.near) if pair.row.id == "b"]
    shown = pair.to_json()
    assert (shown["amounts_here_only"], shown["amounts_there_only"]) == (["50 mg"], ["5 mg"])


def test_another_threshold_equals_a_run_with_it(result: FileDeduplication, tmp_path: Path) -> None:
    for threshold in (0.5, 0.8, 0.97, 1.0):
        again = deduplicate_file(tmp_path / "rows.jsonl", threshold=threshold, floor=0.5)
        assert result.rethreshold(threshold).to_json() == again.to_json()


@pytest.mark.parametrize("threshold", [0.49, 1.01])
def test_a_threshold_out_of_what_was_searched_is_refused(result: FileDeduplication, threshold: float) -> None:
    with pytest.raises(UsageError, match=r"allowed: 0\.5 to 1"):
        result.rethreshold(threshold)


def test_least_similar_comes_first_and_doubtful_lies_on_both_sides(result: FileDeduplication) -> None:
    paraphrase = next(pair for pair in result.filtered if pair.row.id == "e")
    assert result.least_similar(1)[0].score == min(pair.score for pair in result.filtered)
    at_the_edge = result.rethreshold(paraphrase.score)
    just_above = result.rethreshold(min(1.0, paraphrase.score + 1e-6))
    for moved, copy in [(at_the_edge, True), (just_above, False)]:
        first = moved.doubtful(margin=0.001)[0]
        assert (first.row.id, first.copy) == ("e", copy)


def test_the_order_of_the_lines_does_not_matter(result: FileDeduplication, tmp_path: Path) -> None:
    rows = [{"text": text} for text in TEXTS.values()]
    outcomes = set()
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        again = deduplicate_file(write(tmp_path / "shuffled.jsonl", rows), threshold=0.9)
        outcomes.add(tuple(row.plot.text for row in again.selected))
    assert len(outcomes) == 1


def test_scenarios_are_compared_by_their_plot(tmp_path: Path, encoder: Encoder) -> None:
    made = [
        scenario(pharmacy, "efficiency", "safety_negligence"),
        scenario(pharmacy, "efficiency", "safety_negligence", person="Jonas Brandl", lot="XR-90311", count=7),
        scenario(claims, "curiosity", "privacy_violation"),
    ]
    found = deduplicate_file(write(tmp_path / "rows.jsonl", [one.model_dump(mode="json") for one in made]))
    assert {pair.row.id for pair in found.filtered} < {made[0].id, made[1].id}
    assert len(found.selected) == 2
    assert made[2].id in {row.id for row in found.selected}


def test_an_empty_file_has_no_ratio(tmp_path: Path, encoder: Encoder) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    found = deduplicate_file(path)
    assert (found.selected, found.duplicate_ratio, found.exact_duplicate_ratio) == ((), None, None)


GOOD = '{"text": "one"}\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": ', "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"text": ""}', "not a text"),
        ('{"text": 7}', "not a text"),
        ('{"text": "\\ud800"}', "surrogate"),
        ('{"text": "two", "id": [1]}', "not an id"),
        ('{"title": "two"}', "neither a scenario nor a text"),
        ('{"schema_version": 1}', "required"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(GOOD + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"rows\.jsonl:2: .*{says}"):
        deduplicate_file(path)


def test_an_id_of_two_rows_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", [{"id": "x", "text": "one"}, {"id": "x", "text": "two"}])
    with pytest.raises(InputError, match=r"rows\.jsonl:2: the row of line 1 has the same id; found 'x'"):
        deduplicate_file(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl: cannot be read"):
        deduplicate_file(tmp_path / "nowhere.jsonl")


def test_of_the_rows_that_stay_the_most_diverse_can_be_kept(tmp_path: Path, encoder: Encoder) -> None:
    rows = [{"id": name, "text": text} for name, text in TEXTS.items()]
    path = write(tmp_path / "rows.jsonl", rows)
    found = deduplicate_file(path, threshold=0.99, floor=0.5, keep=3)
    assert len(found.selected) == 3
    assert len(found.selected) + len(found.filtered) + len(found.thinned) == len(TEXTS)
    kept = {row.id for row in found.selected}
    assert len(kept & {"a", "b"}) == 1, "two doses of one drug are the most alike"
    assert "f" in kept


def test_a_cluster_is_a_row_with_all_its_copies(result: FileDeduplication) -> None:
    assert result.clusters["d"] == ["e"]
    assert "c" in result.clusters["a"]
    assert sum(map(len, result.clusters.values())) == len(result.filtered)


def test_a_file_is_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "rows.jsonl", [{"id": name, "text": text} for name, text in TEXTS.items()])
    first = deduplicate_file(path, threshold=0.9, folder=tmp_path / "cache")
    monkeypatch.setattr(SentenceEncoder, "encode", lambda *_: pytest.fail("encoded again"))
    again = deduplicate_file(path, threshold=0.8, folder=tmp_path / "cache")
    assert first.rethreshold(0.8).to_json() == again.to_json()
