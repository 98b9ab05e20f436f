"""Nearly the same words."""

from __future__ import annotations

import random
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.deduplicate import lexical
from pipeline.deduplicate.amounts import amounts_of
from pipeline.deduplicate.lexical import (
    BANDS,
    THRESHOLD,
    Item,
    Words,
    WordTable,
    bands_of,
    jaccard,
    representatives,
    shingles,
)
from pipeline.deduplicate.survivors import Entry, compare
from tests.deduplicate.rows import WordEncoder

WORDS = [f"word{number}x" for number in range(400)]


def long_text(seed: int, words: int = 120) -> str:
    return " ".join(random.Random(seed).sample(WORDS, words))


def items(*texts: str) -> list[Item]:
    return [Item.of((text,), amounts_of(text)) for text in texts]


def edited(text: str, place: int, word: str) -> str:
    words = text.split()
    words[place] = word
    return " ".join(words)


def test_similarity_is_the_share_of_runs_of_three_words() -> None:
    assert shingles("One two, THREE four") == {"one two three", "two three four"}
    assert jaccard("a b c d", "a b c e") == 1 / 3
    assert jaccard("", "") == 0


def test_a_long_text_with_one_other_word_stands_for_nothing_new() -> None:
    text = long_text(1)
    assert jaccard(text, edited(text, 60, "other")) >= THRESHOLD
    assert representatives(items(text, long_text(2), edited(text, 60, "other"))) == [0, 1, 0]


def test_another_amount_or_a_negation_is_looked_at_by_the_next_layer() -> None:
    text = edited(long_text(3), 60, "5")
    for other in (edited(text, 60, "50"), edited(text, 61, "not")):
        assert jaccard(text, other) >= THRESHOLD
        assert representatives(items(text, other)) == [0, 1]
    assert representatives(items(text, edited(text, 90, "other"))) == [0, 0]


def test_texts_of_one_template_are_told_apart_without_comparing_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of them share a band of their signatures with some other; their words are half of all."""
    common = long_text(7, 100)
    told = items(
        *(f"{common} {' '.join(random.Random(seed).choices(string.ascii_letters, k=50))}" for seed in range(200))
    )
    words, sharing, compared = Words(), 0, []
    monkeypatch.setattr(lexical, "jaccard", lambda here, there: compared.append(here) or jaccard(here, there))
    seen: set[int] = set()
    for number, item in enumerate(told):
        bands = set(bands_of(item.text).tolist())
        sharing += bool(bands & seen)
        seen |= bands
        assert words.first_like(item) is None
        words.add(number, item)
    assert sharing > 40
    assert len(compared) < 10


def test_no_chain_of_small_steps_joins_two_texts() -> None:
    """Each step is near the one before; what is far from the first stands for itself."""
    steps = [long_text(4)]
    for place in range(0, 60, 3):
        steps.append(edited(steps[-1], place, f"new{place}y"))
    chosen = representatives(items(*steps))
    for row, of in enumerate(chosen):
        assert jaccard(steps[row], steps[of]) >= THRESHOLD
    assert len(set(chosen)) > 2


def test_nearly_every_pair_above_the_threshold_is_found() -> None:
    found = 0
    for seed in range(200):
        text = long_text(seed)
        found += representatives(items(text, edited(text, seed % 120, "other"))) == [0, 0]
    assert found >= 199, "the promise is 0.9999 a pair"


@given(st.lists(st.text("ab c", max_size=8), max_size=8))
@settings(max_examples=60, deadline=None)
def test_who_stands_for_others_stands_for_itself(texts: list[str]) -> None:
    chosen = representatives(items(*texts))
    assert len(chosen) == len(texts)
    assert all(of <= row and chosen[of] == of for row, of in enumerate(chosen))


class Counting(WordEncoder):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts):  # type: ignore[no-untyped-def]
        self.texts += texts
        return super().encode(texts)


def test_a_copy_by_its_words_is_not_embedded_and_goes_at_any_threshold() -> None:
    text = long_text(5)
    other = edited(text, 60, "other")
    encoder = Counting()
    comparison = compare([Entry("one", (text,)), Entry("two", (other,)), Entry("three", (long_text(6),))], encoder, 0.5)
    judged = comparison.judge(1.0)
    assert other not in encoder.texts
    assert [one.kept for one in judged] == [True, False, True]
    match = judged[1].match
    assert match is not None
    assert (match.other, match.layer, match.score) == (0, "lexical", jaccard(text, other))


def test_a_sorted_table_finds_what_the_buckets_find() -> None:
    """Texts, their edits and an empty one: the same first text of nearly the same words, for each of them."""
    texts = [long_text(seed) for seed in range(12)]
    texts += [edited(text, place, "other") for place, text in enumerate(texts)] + ["", "one word"]
    words = Words()
    for number, item in enumerate(items(*texts)):
        words.add(number, item)
    table = WordTable(np.array([bands_of(text) for text in texts]))
    for item in items(*texts, edited(texts[0], 70, "strange"), long_text(99)):
        near = table.near(bands_of(item.text))
        assert near == sorted(set(near))
        first = next((number for number in near if items(texts[number])[0].same_words_as(item)), None)
        assert first == words.first_like(item)
    assert WordTable(np.zeros((0, BANDS), dtype=np.uint64)).near(bands_of(texts[0])) == []
