"""Diversity of texts: distinct N-grams and self-BLEU."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.deduplicate.plot import normalise

NGram = tuple[str, ...]

_UNSORTED = 1_000_000
"""N-grams that are kept before those that are there already are looked for."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


class DistinctGrams:
    """Counts the distinct N-grams of texts (Li et al. 2016, arXiv:1510.03055).

    Words are compared without case; an N-gram never reaches from one text into the next. N-grams are told apart by
    hashes of 64 bits, eight bytes each: of ten million, two meet with a probability of 3e-6.

    Args:
        orders: the N that are counted.
    """

    def __init__(self, *orders: int) -> None:
        self._hashes = {n: array("q") for n in orders}
        self._totals = dict.fromkeys(orders, 0)
        self._distinct = dict.fromkeys(orders, 0)

    def add(self, text: str) -> None:
        """Count the N-grams of a text."""
        words = _WORD.findall(normalise(text))
        for n, hashes in self._hashes.items():
            before = len(hashes)
            hashes.extend(hash(tuple(words[start : start + n])) for start in range(len(words) - n + 1))
            self._totals[n] += len(hashes) - before
            if len(hashes) > 2 * self._distinct[n] + _UNSORTED:
                self._sort(n)

    def share(self, n: int) -> float | None:
        """Return the number of distinct N-grams over the number of all; ``None`` where no text has ``n`` words."""
        self._sort(n)
        return self._distinct[n] / self._totals[n] if self._totals[n] else None

    def _sort(self, n: int) -> None:
        """Keep each hash once."""
        import numpy as np

        once = np.unique(np.frombuffer(self._hashes[n], dtype=np.int64)) if self._hashes[n] else np.empty(0, np.int64)
        self._hashes[n] = array("q", once.tobytes())
        self._distinct[n] = len(once)


@dataclass(frozen=True)
class _Highest:
    """The two highest counts of an N-gram over all texts, and the text that has the highest."""

    first: int
    text: int
    second: int

    def elsewhere(self, text: int) -> int:
        """The highest count in any text but this one."""
        return self.second if text == self.text else self.first


def self_bleu(texts: Sequence[str]) -> float | None:
    """Return the mean BLEU of each text against all others as references (Zhu et al. 2018, arXiv:1802.01886).

    This is sacreBLEU's sentence BLEU: orders 1 to 4, tokenizer 13a, exponential smoothing. Reference
    counts are clipped with the two highest counts of each N-gram, so that the time grows with the
    texts and not with their pairs.

    Returns:
        0 (nothing shared) to 100 (each text stands in the others); ``None`` for fewer than two texts.
    """
    if len(texts) < 2:
        return None
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.helpers import extract_all_word_ngrams

    bleu = BLEU(effective_order=True)
    counted: list[tuple[Mapping[NGram, int], int]] = [
        extract_all_word_ngrams(bleu.tokenizer(text.rstrip()), 1, bleu.max_ngram_order) for text in texts
    ]
    highest = _highest_counts([grams for grams, _ in counted])
    references = _closest_lengths([length for _, length in counted])
    scores = []
    for number, ((grams, length), reference) in enumerate(zip(counted, references, strict=True)):
        correct, total = [0] * bleu.max_ngram_order, [0] * bleu.max_ngram_order
        for gram, count in grams.items():
            total[len(gram) - 1] += count
            correct[len(gram) - 1] += min(count, highest[gram].elsewhere(number))
        score = bleu.compute_bleu(correct, total, length, reference, bleu.smooth_method, effective_order=True)
        scores.append(score.score)
    return math.fsum(scores) / len(scores)


def _highest_counts(texts: Iterable[Mapping[NGram, int]]) -> dict[NGram, _Highest]:
    highest: dict[NGram, _Highest] = {}
    for number, grams in enumerate(texts):
        for gram, count in grams.items():
            known = highest.get(gram)
            if known is None:
                highest[gram] = _Highest(count, number, 0)
            elif count > known.first:
                highest[gram] = _Highest(count, number, known.first)
            elif count > known.second:
                highest[gram] = _Highest(known.first, known.text, count)
    return highest


def _closest_lengths(lengths: Sequence[int]) -> list[int]:
    """Return for each length the closest among the others, the shorter one of two equally close."""
    remaining = Counter(lengths)
    ordered = sorted(remaining)
    place = {length: number for number, length in enumerate(ordered)}
    closest = []
    for length in lengths:
        at = place[length]
        beside = [length] if remaining[length] > 1 else ordered[max(at - 1, 0) : at] + ordered[at + 1 : at + 2]
        closest.append(min(beside, key=lambda other: (abs(other - length), other)))
    return closest
