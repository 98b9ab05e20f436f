"""Distinct N-grams counted by hand, and self-BLEU against sacreBLEU with all other texts as references."""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from pipeline.diversity import prose
from pipeline.diversity.prose import DistinctGrams, self_bleu

VOCABULARY = ("the", "a", "lot", "ward", "clinic", "is", "was", "at", "noon", ",", ".", "12", "not")
WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=14)
TEXTS = st.lists(WORDS.map(" ".join), min_size=2, max_size=7)


def distinct(texts: Sequence[str], n: int) -> float | None:
    grams = DistinctGrams(n)
    for text in texts:
        grams.add(text)
    return grams.share(n)


@given(texts=TEXTS)
def test_how_often_hashes_are_sorted_changes_nothing(texts: Sequence[str]) -> None:
    at_the_end = [distinct(texts, n) for n in (1, 2, 3)]
    with mock.patch.object(prose, "_UNSORTED", 0):
        assert [distinct(texts, n) for n in (1, 2, 3)] == at_the_end


def test_distinct_counted_by_hand() -> None:
    texts = ["The lot is in the ward.", "the lot is out"]
    assert distinct(texts, 1) == 6 / 10  # the lot is in ward out, of 6 + 4
    assert distinct(texts, 2) == 6 / 8  # the-lot is told twice, lot-is too, of 5 + 3
    assert distinct(texts, 3) == 5 / 6  # the-lot-is twice, of 4 + 2


def test_an_n_gram_does_not_reach_into_the_next_text() -> None:
    assert distinct(["one two", "three four"], 3) is None
    assert distinct(["one two", "three four"], 2) == 1


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert distinct(["Lot LOT, lot; (lot)"], 1) == 1 / 4


def test_no_word_is_unmeasured() -> None:
    assert distinct([], 1) is None
    assert distinct(["... --"], 1) is None


def by_sacrebleu(texts: Sequence[str]) -> float:
    bleu = BLEU(effective_order=True)
    scores = [
        bleu.sentence_score(text, [other for at, other in enumerate(texts) if at != number]).score
        for number, text in enumerate(texts)
    ]
    return sum(scores) / len(scores)


@given(TEXTS)
def test_self_bleu_is_sacrebleu_against_all_others(texts: list[str]) -> None:
    assert self_bleu(texts) == pytest.approx(by_sacrebleu(texts))


@given(WORDS.filter(lambda words: len(words) >= 4).map(" ".join), st.integers(2, 5))
def test_equal_texts_have_100(text: str, times: int) -> None:
    assert self_bleu([text] * times) == pytest.approx(100)


def test_texts_without_a_common_word_have_0() -> None:
    assert self_bleu(["one two three four five", "six seven eight nine ten", "red green blue white black"]) == 0


@given(TEXTS, st.randoms())
def test_order_of_texts_does_not_matter(texts: list[str], dice: object) -> None:
    before = self_bleu(texts)
    dice.shuffle(texts)  # type: ignore[attr-defined]
    assert self_bleu(texts) == before


def test_one_text_is_unmeasured() -> None:
    assert self_bleu(["one two three four"]) is None
    assert self_bleu([]) is None
