"""Near pairs among unit vectors: an index makes it fast, exact re-scoring makes it right.

Which index depends on the number of rows and on how they lie; which pairs are found does not: every search is complete
by proof, and the cosine of each candidate is summed anew in float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.blocked import blocked_pairs, seen_gpu
from pipeline.deduplicate.cells import Cells, foreseen_products, pairs_in_cells, train_cells, trained_products
from pipeline.deduplicate.shortened import shortened

Method = Literal["flat", "cells", "blocked"]

FLAT_ROWS = 10_000
"""Up to so many rows all pairs are compared by FAISS (about a second on two cores)."""
GPU_ROWS = 50_000
"""From so many rows a GPU is looked for, whose products need no cells."""
WORTH = 0.5
"""Cells are taken where they are foreseen to need at most this share of all products."""
QUERY_ROWS = 4096
SCORED_ROWS = 65_536
MARGIN = 1e-3
"""How far below the floor the index searches, so that its own rounding loses no pair."""

Candidates = Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows with their cosine, sorted by ``right``, then ``left``; ``left < right`` always.

    ``method`` says how they were found, which bears on the time alone.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    cosine: NDArray[np.float64]
    method: Method = "flat"


def near_pairs(
    vectors: NDArray[np.float32],
    floor: float,
    *,
    first: int = 0,
    labels: NDArray[np.int32] | None = None,
    method: Method | None = None,
) -> Pairs:
    """Find all pairs of rows with a cosine of at least ``floor``.

    Args:
        vectors: unit vectors, float32, shape (rows, dimensions).
        floor: smallest cosine of a pair.
        first: pairs of two rows before ``first`` are left out.
        labels: one a row; pairs of two rows with equal ones are left out, and not held meanwhile.
        method: ``flat`` compares all by FAISS, ``cells`` the rows of a cell with those near its borders
            (:mod:`pipeline.deduplicate.cells`) on shortened vectors (:mod:`pipeline.deduplicate.shortened`),
            ``blocked`` all by matrix products (:mod:`pipeline.deduplicate.blocked`); chosen by the rows if left out.

    Returns:
        Cosines are sums in float64 over the float32 vectors, so they do not depend on the method.
    """
    rows = len(vectors)
    if rows - first < 1 or rows < 2:
        nothing = np.zeros(0, dtype=np.int64)
        return Pairs(nothing, nothing, np.zeros(0))
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if method is None and rows <= FLAT_ROWS:
        method = "flat"
    device = seen_gpu() if method is None and rows >= GPU_ROWS else None
    if method == "flat":
        return scored(_flat(vectors, floor, first), vectors, floor, first=first, labels=labels, method="flat")
    if device is None and method in (None, "cells"):
        compared = shortened(vectors)
        cells = _best_cells(compared, floor, first, asked_for=method == "cells")
        if cells is not None:
            found = pairs_in_cells(compared, cells, floor - MARGIN)
            return scored(found, vectors, floor, first=first, labels=labels, method="cells")
    candidates = blocked_pairs(vectors, floor - MARGIN, first=first, device=device or "cpu")
    return scored(candidates, vectors, floor, first=first, labels=labels)


def near_between(stored: NDArray[np.float32], fresh: NDArray[np.float32], floor: float) -> Pairs:
    """Find all pairs of a stored and a fresh row with a cosine of at least ``floor``.

    Args:
        stored: unit vectors, float32, shape (rows, dimensions).
        fresh: likewise.
        floor: smallest cosine of a pair.

    Returns:
        ``left`` is the row of ``stored``, ``right`` that of ``fresh``; sorted by ``right``, then ``left``.
    """
    found = []
    for start in range(0, len(stored), SCORED_ROWS):
        block = stored[start : start + SCORED_ROWS]
        for begin in range(0, len(fresh), QUERY_ROWS):
            left, right = np.nonzero(block @ fresh[begin : begin + QUERY_ROWS].T >= floor - MARGIN)
            found.append(_near(left + start, right + begin, stored, fresh, floor))
    joined = _joined(found, "blocked")
    order = np.lexsort((joined.left, joined.right))
    return Pairs(joined.left[order], joined.right[order], joined.cosine[order], "blocked")


def _best_cells(vectors: NDArray[np.float32], floor: float, first: int, *, asked_for: bool) -> Cells | None:
    """Return cells that are worth it, or any where they are asked for: twice as many while that promises less.

    Costs are products of two rows.
    """
    rows = len(vectors)
    number = min(rows, int(2 * math.sqrt(rows)))
    best = train_cells(vectors, floor - MARGIN, number)
    within = foreseen_products(vectors, best)
    while within / 2 > rows * number + trained_products(2 * number) and 2 * number <= rows // 8:
        number *= 2
        more = train_cells(vectors, floor - MARGIN, number)
        products = foreseen_products(vectors, more)
        if products + rows * number / 2 >= within:
            break
        best, within = more, products
    all_products = (rows - first) * (rows + first) / 2
    return best if asked_for or within + rows * len(best.centres) <= WORTH * all_products else None


def _flat(vectors: NDArray[np.float32], floor: float, first: int) -> Candidates:
    import faiss

    index: Any = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    for start in range(first, len(vectors), QUERY_ROWS):
        queries = vectors[start : start + QUERY_ROWS]
        limits, _, found = index.range_search(queries, floor - MARGIN)
        yield found, np.repeat(np.arange(start, start + len(queries)), np.diff(limits.astype(np.int64)))


def scored(
    candidates: Candidates,
    vectors: NDArray[np.float32],
    floor: float,
    *,
    first: int = 0,
    labels: NDArray[np.int32] | None = None,
    method: Method = "blocked",
) -> Pairs:
    """Return the candidates that are pairs, each once.

    Args:
        candidates: two rows each, in any order and any number of times.
        vectors: unit vectors, float32, shape (rows, dimensions).
        floor: smallest cosine of a pair.
        first: pairs of two rows before ``first`` are left out.
        labels: one a row; pairs of two rows with equal ones are left out.
        method: by which the candidates were found.
    """
    rows, codes = len(vectors), []
    for one, other in candidates:
        low, high = np.minimum(one, other), np.maximum(one, other)
        kept = (low < high) & (high >= first)
        if labels is not None:
            kept &= labels[low] != labels[high]
        codes.append(high[kept] * rows + low[kept])
    once = _once(codes)
    found = []
    for start in range(0, len(once), SCORED_ROWS):
        right, left = np.divmod(once[start : start + SCORED_ROWS], rows)
        found.append(_near(left, right, vectors, vectors, floor))
    return _joined(found, method)


def _once(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the numbers of all parts, ascending, each once. The list is emptied: it may be most of the memory."""
    numbers = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    parts.clear()
    numbers.sort()
    new = np.ones(len(numbers), dtype=np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    return numbers[new]


def _near(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    lefts: NDArray[np.float32],
    rights: NDArray[np.float32],
    floor: float,
) -> Pairs:
    cosine = np.einsum("ij,ij->i", lefts[left], rights[right], dtype=np.float64)
    near = cosine >= floor
    return Pairs(left[near], right[near], cosine[near])


def _joined(parts: Iterable[Pairs], method: Method) -> Pairs:
    parts = list(parts)
    nothing = np.zeros(0, dtype=np.int64)
    left = np.concatenate([nothing, *(part.left for part in parts)])
    right = np.concatenate([nothing, *(part.right for part in parts)])
    cosine = np.concatenate([np.zeros(0), *(part.cosine for part in parts)])
    return Pairs(left, right, cosine, method)
