"""Diversity of texts: distinct N-grams and self-BLEU."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipeline.deduplicate.plot import normalise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
            hashes.extend(map(hash, zip(*(words[start:] for start in range(n)), strict=False)))
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

    bleu = BLEU(effective_order=True)
    words = [bleu.tokenizer(text.rstrip()).split() for text in texts]
    lengths = [len(of_text) for of_text in words]
    orders = range(1, bleu.max_ngram_order + 1)
    correct = zip(*_matches(words, bleu.max_ngram_order), strict=True)
    scores = []
    for right, length, reference in zip(correct, lengths, _closest_lengths(lengths), strict=True):
        total = [max(length - order + 1, 0) for order in orders]
        score = bleu.compute_bleu(list(right), total, length, reference, bleu.smooth_method, effective_order=True)
        scores.append(score.score)
    return math.fsum(scores) / len(scores)


def _matches(texts: Sequence[Sequence[str]], orders: int) -> Iterator[list[int]]:
    """Yield for each order, from 1 on, how many N-grams of each text others hold too.

    An N-gram counts as often as it stands in the text, but not more often than in the other text that has it most.
    """
    import numpy as np

    numbers: dict[str, int] = {}
    words = np.array([numbers.setdefault(word, len(numbers)) for text in texts for word in text], dtype=np.int64)
    text_of = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    grams = words.copy()
    yield _held_by_others(grams, text_of, len(texts))
    for more in range(1, orders):
        begins = np.flatnonzero(text_of[more:] == text_of[:-more])
        longer = grams[begins] * len(numbers) + words[begins + more]  # told by all but the last word, and it
        grams[begins] = np.unique(longer, return_inverse=True)[1]
        yield _held_by_others(grams[begins], text_of[begins], len(texts))


def _held_by_others(grams: NDArray[np.int64], text_of: NDArray[np.int64], texts: int) -> list[int]:
    """Count the N-grams of each text that others hold too; each is given by number, with the text where it stands."""
    import numpy as np

    pairs, counts = np.unique(grams * texts + text_of, return_counts=True)
    gram, text = np.divmod(pairs, texts)
    most_first = np.lexsort((-counts, gram))
    gram, text, counts = gram[most_first], text[most_first], counts[most_first]
    leads = np.diff(gram, prepend=-1) != 0
    highest = counts[leads][np.cumsum(leads) - 1]
    second = np.where(np.diff(gram, append=-1) == 0, np.append(counts[1:], 0), 0)
    held = np.zeros(texts, dtype=np.int64)
    np.add.at(held, text, np.minimum(counts, np.where(leads, second, highest)))
    return held.tolist()


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
