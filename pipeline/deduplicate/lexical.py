"""Nearly the same words: candidates by MinHash, each re-scored by its exact Jaccard similarity.

After Broder, "On the resemblance and containment of documents" (1997). MinHash (datasketch) only finds candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.plot import normalise

SHINGLE_WORDS = 3
THRESHOLD = 0.9
"""Jaccard similarity of word shingles from which two texts are the same but for a few words."""
PERMUTATIONS, BANDS, BAND_ROWS = 128, 16, 8
"""With 16 bands of 8, a pair of Jaccard 0.9 becomes a candidate with probability 1 - (1 - 0.9**8)**16 = 0.9999."""
AGREEING = 88
"""Places of its signature in which a text has to agree with another, or their words are not compared: of 128, texts of
Jaccard 0.9 agree in 115, and in fewer than 88 once in 10**11; texts of Jaccard 0.5 agree in 64."""
_MIX = np.random.default_rng(1).integers(1, 2**64, size=(BANDS, BAND_ROWS), dtype=np.uint64) | np.uint64(1)
"""Factors that make one number of a band's values, other ones for each band. Two alike by chance cost a look."""

_WORD = re.compile(r"[\w'\u2019]+")
_NEGATION = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['\u2019]t\b")


def shingles(text: str) -> frozenset[str]:
    """Return the runs of three words of a normalised text; a shorter text is one shingle, an empty one has none."""
    words = _WORD.findall(normalise(text))
    if len(words) < SHINGLE_WORDS:
        return frozenset([" ".join(words)] if words else [])
    return frozenset(map(" ".join, zip(*(words[start:] for start in range(SHINGLE_WORDS)), strict=False)))


def jaccard(here: str, there: str) -> float:
    """Return the share of all shingles of two texts that both have; 0 where neither has any."""
    left, right = shingles(here), shingles(there)
    union = len(left | right)
    return len(left & right) / union if union else 0.0


def denials(text: str) -> int:
    """Return how often a text denies something, which a high share of common words can hide."""
    return len(_NEGATION.findall(normalise(text)))


@dataclass(frozen=True, slots=True)
class Item:
    """A text with what a high share of common words can hide: its amounts, sorted, and how often it denies.

    The text is held in the parts that it came in, which others hold too.
    """

    parts: tuple[str, ...]
    amounts: tuple[str, ...]
    denials: int

    @classmethod
    def of(cls, parts: tuple[str, ...], amounts: Iterable[str]) -> Item:
        """Return the text of some parts with the amounts that were in it before any mask."""
        return cls(parts, tuple(sorted(amounts)), denials(" ".join(parts)))

    @property
    def text(self) -> str:
        """The parts as one text."""
        return " ".join(self.parts)

    def same_words_as(self, other: Item) -> bool:
        """Tell whether two texts have nearly the same words, the same amounts, and deny equally often."""
        facts = (self.amounts, self.denials) == (other.amounts, other.denials)
        return facts and jaccard(self.text, other.text) >= THRESHOLD


class Words:
    """Texts by bands of their MinHash, so that what has nearly the same words as another is found without a pass.

    Texts that share half of their words, as those of one template do, share a band now and then: only those whose
    signatures agree in :data:`AGREEING` places have their words compared.
    """

    def __init__(self) -> None:
        self._items: dict[int, Item] = {}
        self._signatures: dict[int, NDArray[np.uint32]] = {}
        self._first: dict[int, int] = {}
        self._others: dict[int, list[int]] = {}
        """By band, the first text of it and those after: hardly a band has two, and a list for each would cost more."""

    def add(self, number: int, item: Item) -> None:
        """Let a text be found, by a number that no other has; one without words never is."""
        self._items[number] = item
        self._signatures[number], bands = _sketch_of(item)
        for band in bands:
            if self._first.setdefault(band, number) != number:
                self._others.setdefault(band, []).append(number)

    def first_like(self, item: Item) -> int | None:
        """Return the smallest number of a text with nearly the same words, equal amounts and as many denials."""
        signature, bands = _sketch_of(item)
        shared = [band for band in bands if band in self._first]
        near = sorted({number for band in shared for number in (self._first[band], *self._others.get(band, ()))})
        if not near:
            return None
        agreeing = (np.stack([self._signatures[number] for number in near]) == signature).sum(axis=1) >= AGREEING
        likely = (number for number, agrees in zip(near, agreeing.tolist(), strict=True) if agrees)
        return next((number for number in likely if self._items[number].same_words_as(item)), None)


class WordTable:
    """Many texts by the bands of their MinHash, made once and searched by halving.

    Args:
        bands: :func:`bands_of` each, shape (texts, 16).
    """

    def __init__(self, bands: NDArray[np.uint64]) -> None:
        order = np.argsort(bands, axis=None, kind="stable")
        self._bands, self._texts = bands.ravel()[order], order // BANDS

    def near(self, bands: NDArray[np.uint64]) -> list[int]:
        """Return the places of the texts that share a band with another, ascending: what may have nearly its words."""
        wanted = bands[bands != 0]
        ends = zip(
            np.searchsorted(self._bands, wanted, "left").tolist(),
            np.searchsorted(self._bands, wanted, "right").tolist(),
            strict=True,
        )
        found = [self._texts[start:end] for start, end in ends]
        places: list[int] = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *found])).tolist()
        return places


def bands_of(text: str) -> NDArray[np.uint64]:
    """Return one number for each band of a text's MinHash, shape (16,): two texts with nearly the same words share one.

    A text without words has zeros alone, which find nothing.
    """
    return _bands(_signature(text))


def _signature(text: str) -> NDArray[np.uint32]:
    """Return the MinHash of a text's shingles, shape (128,); empty for a text without words."""
    held = shingles(text)
    if not held:
        return np.zeros(0, dtype=np.uint32)
    signature = _empty_signature().copy()
    signature.update_batch([shingle.encode() for shingle in held])
    smallest: NDArray[np.uint32] = signature.hashvalues.astype(np.uint32)
    return smallest


def _bands(signature: NDArray[np.uint32]) -> NDArray[np.uint64]:
    if not len(signature):
        return np.zeros(BANDS, dtype=np.uint64)
    bands: NDArray[np.uint64] = (signature.astype(np.uint64).reshape(BANDS, BAND_ROWS) * _MIX).sum(axis=1)
    return bands


@lru_cache(maxsize=64)
def _sketch_of(item: Item) -> tuple[NDArray[np.uint32], tuple[int, ...]]:
    """Return the signature of a text and the bands by which it is found.

    A text that nothing is like is added right after it was looked for.
    """
    signature = _signature(item.text)
    return signature, tuple(band for band in _bands(signature).tolist() if band)


@cache
def _empty_signature() -> Any:
    """Return the signature of no text. Each other is a copy of it: the permutations are drawn once."""
    from datasketch import MinHash  # type: ignore[import-untyped]

    return MinHash(num_perm=PERMUTATIONS, seed=1)


def representatives(items: Sequence[Item], fixed: int = 0) -> list[int]:
    """Return for each text the first one before it that has nearly the same words, or its own position.

    A text that stands for others resembles none before it, so no chain of small steps joins two texts. Texts that
    differ in their amounts or in how often they deny never stand for each other.

    Args:
        items: in order of rank.
        fixed: so many at the head stand for themselves whatever they resemble.
    """
    words = Words()
    chosen: list[int] = []
    for row, item in enumerate(items):
        of = words.first_like(item) if row >= fixed else None
        chosen.append(row if of is None else of)
        if of is None:
            words.add(row, item)
    return chosen
