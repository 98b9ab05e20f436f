"""Protected corpora: copies of their texts are found by the surest layer, and other rows only bear the evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.deduplicate import protected as module
from pipeline.deduplicate.novelty import Protected
from pipeline.deduplicate.protected import Found, look_up, told_by, told_in
from pipeline.deduplicate.protected_files import Corpus, corpus_at, load_protected, open_corpus
from pipeline.deduplicate.stage import deduplicate
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.errors import InputError, UsageError
from pipeline.schema.specification import DeduplicationSettings, ProtectedCorpus
from tests.deduplicate.rows import WordEncoder, candidate, novelty, told

STORY = (
    "The night clerk of the ferry office counts the tickets again, and since Mr Anton Brecht has left Lübeck early, "
    "nobody would see whether forty crates of 12 kg were loaded before or after the storm came over the harbour."
)
SWAPPED = STORY.replace("Anton Brecht", "Olga Reyes").replace("Lübeck", "Vigo")
OTHER = "A baker in a small village writes down which loaves are left over each evening and gives them to a shelter."
SETTINGS = DeduplicationSettings(threshold=0.9, related=0.7)


def jsonl(folder: Path, rows: Sequence[Any], name: str = "theirs.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def parquet(folder: Path, rows: Sequence[Any], name: str = "theirs.parquet") -> Path:
    path = folder / name
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def corpus(path: Path, **fields: Any) -> Corpus:
    return open_corpus(ProtectedCorpus(name="theirs", path=str(path), **fields), path.parent, "a place")


def nearest(text: str, path: Path, **fields: Any) -> Found:
    (found,) = look_up([told_in(text)], [corpus(path, **fields)], WordEncoder())
    assert found is not None
    return found


WRITERS = [jsonl, parquet]


@pytest.mark.parametrize("write", WRITERS)
def test_a_whole_text_is_a_copy_in_both_kinds_of_file(tmp_path: Path, write: Any) -> None:
    found = nearest(STORY.upper().replace(" ", "  "), write(tmp_path, [{"text": OTHER}, {"text": STORY}]))
    assert (found.layer, found.score, found.outcome) == ("exact", 1.0, "fail")
    assert (found.place, found.other_text) == ("theirs:2.text", STORY)


@pytest.mark.parametrize("write", WRITERS)
def test_thirteen_words_in_a_row_are_a_copy_and_twelve_are_not(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path, [{"text": OTHER, "more": None}, {"text": None, "more": STORY}])
    words = STORY.split()
    found = nearest(f"Yesterday: {' '.join(words[:13])}!", path, columns=("text", "more"))
    assert (found.layer, found.outcome, found.place) == ("runs", "fail", "theirs:2.more")
    assert nearest(f"Yesterday: {' '.join(words[:12])}!", path, columns=("text", "more")).layer == "semantic"


def test_names_and_places_swapped_are_a_copy_by_words(tmp_path: Path) -> None:
    """Cut into pieces of twelve words, so that no run of thirteen is left."""
    words = SWAPPED.split()
    text = " Meanwhile. ".join(" ".join(words[start : start + 11]) for start in range(0, len(words), 11))
    found = nearest(text, jsonl(tmp_path, [{"text": STORY}, {"text": OTHER}]))
    assert (found.layer, found.outcome, found.row) == ("lexical", "fail", 1)
    assert "Brecht" not in found.text + found.other_text


def test_other_amounts_are_looked_at_first(tmp_path: Path) -> None:
    words = SWAPPED.replace("12 kg", "90 kg").split()
    text = " Meanwhile. ".join(" ".join(words[start : start + 11]) for start in range(0, len(words), 11))
    found = nearest(text, jsonl(tmp_path, [{"text": STORY}]))
    assert (found.layer, found.outcome) == ("lexical", "error")
    assert "12 kg" in str(found.doubt)


def test_a_near_vector_is_put_aside_and_a_far_one_is_evidence(tmp_path: Path) -> None:
    turned = " ".join(sorted(STORY.split()))
    path = jsonl(tmp_path, [{"text": OTHER}, {"text": STORY}])
    near, far = nearest(turned, path), nearest("Something else entirely.", path, threshold=0.5)
    assert (near.layer, near.outcome, near.row) == ("semantic", "error", 2)
    assert (far.layer, far.outcome) == ("semantic", "pass")


def test_the_surest_layer_wins_over_a_higher_cosine_and_a_later_corpus(tmp_path: Path) -> None:
    run = " ".join(STORY.split()[:14])
    text = f"{run} then nothing happened at all for a very long while until spring came back to them"
    same_words = " ".join(sorted(text.split()))
    first = corpus(jsonl(tmp_path, [{"text": same_words}], "a.jsonl"))
    second = corpus(jsonl(tmp_path, [{"text": STORY}], "b.jsonl"))
    for order in ([first, second], [second, first]):
        (found,) = look_up([told_in(text)], order, WordEncoder())
        assert found is not None
        assert (found.layer, found.other_text) == ("runs", STORY)


def test_short_texts_count_for_texts_and_not_for_pieces_of_a_scenario(tmp_path: Path) -> None:
    scenario = told("opens the file")
    path = jsonl(tmp_path, [{"text": "opens the file"}])
    (found,) = look_up([told_by(scenario)], [corpus(path, threshold=1)], WordEncoder())
    assert found is not None
    assert found.outcome == "pass"
    assert nearest("Opens the file", path).layer == "exact"


@given(st.permutations(range(6)), st.integers(1, 4), st.integers(1, 4))
def test_what_is_found_depends_on_no_batch_and_no_order_of_rows(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], texts: int, rows: int
) -> None:
    tales = [STORY, OTHER, SWAPPED, " ".join(sorted(STORY.split())), "Something else.", f"{OTHER} {STORY}"]
    path = tmp_path_factory.mktemp("corpus")
    held = corpus(jsonl(path, [{"text": one} for one in (OTHER, "short", STORY, "one more text", STORY)]))
    whole = look_up([told_in(one) for one in tales], [held], WordEncoder())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TEXTS_AT_ONCE", texts)
        patch.setattr(module, "ROWS_AT_ONCE", rows)
        cut = look_up([told_in(tales[place]) for place in order], [held], WordEncoder())
    assert [whole[place] for place in order] == cut


def test_a_candidate_goes_with_both_texts_and_others_bear_no_text_of_the_corpus(tmp_path: Path) -> None:
    taken, free = told("opens the health file of a member to see it"), told("pays a kitchen fire", claim="H-40001")
    background = taken.view.world.background
    held = corpus(jsonl(tmp_path, [{"text": f"{taken.judge.temptation.reason} {background}"}]), threshold=1)
    other = Protected((held,), KeptEncoder(WordEncoder(), tmp_path / "index"))
    gone, same = deduplicate([candidate(0, taken), candidate(1, free)], [], SETTINGS, WordEncoder(), protected=other)
    assert background == free.view.world.background
    for one in (gone, same):
        verdict = novelty(one)
        assert (verdict.checker, verdict.outcome, verdict.answers["layer"]) == ("protected", "fail", "runs")
        assert [finding.place for finding in verdict.evidence] == ["row", "theirs:1.text"]
        assert background in verdict.evidence[1].text

    far = corpus(jsonl(tmp_path, [{"text": OTHER}], "far.jsonl"))
    apart = Protected((far,), KeptEncoder(WordEncoder(), tmp_path / "index"))
    (kept,) = deduplicate([candidate(0, taken)], [], SETTINGS, WordEncoder(), protected=apart)
    (plot, looked) = kept.verdicts
    assert (plot.checker, looked.checker, looked.outcome) == ("plot", "protected", "pass")
    assert looked.answers["corpus"] == "theirs"
    assert looked.evidence == ()
    assert (plot,) == deduplicate([candidate(0, taken)], [], SETTINGS, WordEncoder())[0].verdicts


def test_vectors_of_a_corpus_are_made_once(tmp_path: Path) -> None:
    class Counting(WordEncoder):
        texts = 0

        def encode(self, texts):  # type: ignore[no-untyped-def]
            Counting.texts += len(texts)
            return super().encode(texts)

    held = corpus(jsonl(tmp_path, [{"text": STORY}, {"text": OTHER}]))
    keeper = KeptEncoder(Counting(), tmp_path / "index")
    look_up([], [held], keeper)
    assert Counting.texts == 2
    look_up([], [held], keeper)
    assert Counting.texts == 2


BROKEN = [
    (["{"], r":1: not JSON"),
    (["[]"], r":1: not a JSON object"),
    (['{"text": "a"}', "", '{"question": "b"}'], r":3: has no such column; found 'text'; allowed: question"),
    (['{"text": ["a"]}'], r":1: `text`: not a text; found \['a'\]; allowed: a string or null"),
    (['{"text": "a\\u0000"}'], r":1: `text`: text holds a NUL"),
]


@pytest.mark.parametrize(("lines", "said"), BROKEN)
def test_a_broken_row_is_named(tmp_path: Path, lines: list[str], said: str) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=f"theirs.jsonl{said}"):
        look_up([], [corpus(path)], WordEncoder())


def test_parquet_names_the_columns_there_are_and_what_is_no_text(tmp_path: Path) -> None:
    path = parquet(tmp_path, [{"question": "a", "number": 3}])
    with pytest.raises(InputError, match=r"no such column; found 'text'; allowed: number, question"):
        corpus(path)
    with pytest.raises(InputError, match=r":1: `number`: not a text; found 3"):
        look_up([], [corpus(path, columns=("number",))], WordEncoder())
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="is no parquet file"):
        corpus(path, columns=("question",))


def test_a_corpus_is_found_by_its_name_and_pinned(tmp_path: Path) -> None:
    named = DeduplicationSettings(protected=(ProtectedCorpus(name="theirs"),))
    with pytest.raises(InputError, match=r"protected/theirs\.jsonl: the protected corpus theirs is not there"):
        load_protected(named, tmp_path)
    (tmp_path / "protected").mkdir()
    path = jsonl(tmp_path / "protected", [{"text": STORY}])
    (found,) = load_protected(named, tmp_path)
    assert (found.path, len(str(found.named.sha256))) == (path, 64)
    pinned = DeduplicationSettings(protected=(found.named,))
    assert load_protected(pinned, tmp_path) == (found,)
    jsonl(tmp_path / "protected", [{"text": OTHER}])
    with pytest.raises(InputError, match=r"another file than the protected corpus theirs that `deduplication\.protec"):
        load_protected(pinned, tmp_path)


def test_the_command_line_takes_a_file_with_columns(tmp_path: Path) -> None:
    path = jsonl(tmp_path, [{"a": STORY, "b": OTHER}])
    assert corpus_at(f"{path}:a,b").named.columns == ("a", "b")
    assert corpus_at(str(path)).named.columns == ("text",)
    with pytest.raises(UsageError, match="allowed: FILE, FILE:COLUMN"):
        corpus_at(str(tmp_path / "nowhere"))
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    with pytest.raises(InputError, match=r"is no protected corpus; found '\.txt'"):
        corpus_at(str(tmp_path / "a.txt"))
