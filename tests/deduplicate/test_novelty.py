"""Novelty in blocks: however rows are cut, the verdicts are those of all rows at once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.deduplicate.novelty import KeptRow, Novelty, PlotVectors
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.stage import deduplicate
from pipeline.deduplicate.survivors import Entry, compare
from pipeline.schema.candidate import Candidate
from pipeline.schema.specification import DeduplicationSettings
from tests.deduplicate.rows import ACCEPTED, WordEncoder, candidate, survivors, told
from tests.deduplicate.rows import novelty as novelty_of

SETTINGS = DeduplicationSettings(threshold=0.95, related=0.6)
WORDS = WordEncoder()
LONG = " ".join(f"word{number}x" for number in range(60))
TEXTS = st.sampled_from(
    [
        "a dose of 5 mg is under the 10 mg that it takes",
        "a dose of 50 mg is under the 10 mg that it takes",
        "a dose of 6 mg is under the 10 mg that it takes",
        "another tale of other words",
        LONG,
        LONG.replace("word30x", "never"),
        LONG.replace("word30x", "ever"),
        LONG.replace("word30x", "12 km").replace("word59x", "end"),
    ]
)
TALES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6).map(" ".join)
ROWS = st.lists(st.tuples(TALES, st.sampled_from(["kit", "model"]), st.sampled_from(["one", "two"])), max_size=10)


def made_of(rows: list[tuple[str, str, str]], first: int) -> list[Candidate]:
    made = [
        candidate(number, told(tale, claim=f"H-{30000 + number}", core=core, situation=situation * 2))
        for number, (tale, core, situation) in enumerate(rows, start=first)
    ]
    return sorted(made, key=lambda one: one.id)


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, st.integers(1, 5))
def test_blocks_give_what_all_at_once_gives(
    earlier: list[tuple[str, str, str]], rows: list[tuple[str, str, str]], size: int
) -> None:
    compared = deduplicate(made_of(earlier, 0), [], SETTINGS, WORDS)
    kept = survivors(compared)
    before = [one.model_copy(update={"decision": ACCEPTED}) for one in compared if one.id in kept]
    fresh = made_of(rows, len(earlier))
    remembered = [KeptRow.of(one.id, one.scenario, one.group) for one in before if one.scenario and one.group]
    novelty = Novelty(remembered, SETTINGS, PlotVectors(WORDS))
    blocks = [novelty.judge(fresh[start : start + size]) for start in range(0, len(fresh), size)]
    assert [one for block in blocks for one in block] == deduplicate(fresh, before, SETTINGS, WORDS)
    assert {row.candidate for row in novelty.kept} >= {one.id for one in before}


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=9), st.integers(1, 4))
def test_blocks_keep_what_a_comparison_of_all_rows_keeps(texts: list[str], size: int) -> None:
    """Of the same rows :func:`compare` finds all pairs at once, and embeds less."""
    rows = made_of([(text, "model", "one") for text in texts], 0)
    entries = [Entry.of(plot_of(one.scenario)) for one in rows if one.scenario is not None]
    outcome = compare(entries, WORDS, SETTINGS.related).judge(SETTINGS.threshold)
    novelty = Novelty([], SETTINGS, PlotVectors(WORDS))
    judged = [one for start in range(0, len(rows), size) for one in novelty.judge(rows[start : start + size])]
    assert [row.candidate for row in novelty.kept] == [
        one.id for one, row in zip(rows, outcome, strict=True) if row.kept
    ]
    for verdict, row in zip(map(novelty_of, judged), outcome, strict=True):
        if verdict.checker == "plot" and row.match is not None:
            assert verdict.answers["other"] == rows[row.match.other].id
            assert verdict.answers["layer"] == row.match.layer
            assert (verdict.outcome == "error") is (not row.kept and row.match.doubt is not None)
