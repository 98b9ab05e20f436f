"""Near pairs by cells: exact, and with far fewer products than all against all where the rows lie in clumps.

Rows are put to the nearest of k centres, so the border between two cells is the hyperplane midway between their
centres. Two rows of cosine at least ``floor`` are at most ``d = sqrt(2 - 2 floor)`` apart; if they lie in two cells,
the border runs between them, so one of them is within ``d / 2`` of it. It is enough, then, that each row visits every
cell whose border with its own it is within ``d / 2`` of: of any near pair one row finds the other in its own cell.
Rounding is covered by a slack, so no choice of centres can lose a pair; centres only decide the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.deduplicate.parallel import in_parallel

SLACK = 1e-3
"""Added to the leeway: above what float32 rounds in a product of 384 terms and in the distance of two close centres."""
ROWS_A_CENTRE = 16
"""Rows that the centres are trained on, for each of them."""
ITERATIONS = 3
ASKED = 2048
"""Rows whose visits are counted to foresee the cost."""
BLOCK = 4096
ASSIGNED = 256
"""Rows put to cells at once, so that their table of cosines stays near the processor."""
CHUNK = 2**15
"""Rows whose cells are grouped at once, at most: what is held of a visit is their number in 16 bits."""
CHUNKS = 16
"""Least number of these, so that no core is idle for long."""


@dataclass(frozen=True)
class Cells:
    """Centres, unit vectors, float32, shape (k, dimensions); and the lowest cosine of a near pair."""

    centres: NDArray[np.float32]
    floor: float

    def leeway(self, own: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Return how much lower than with its own a row's cosine with a centre may be if it still visits that cell.

        That is the distance of the two centres times half that of two rows at the floor, and the slack:
        ``|c - c'| sqrt(2 - 2 floor) / 2``, or ``sqrt((1 - c . c')(1 - floor))``. It is made in place, since over all
        cells it is the largest table of a search.

        Args:
            own: cells of the rows; all cells if left out.

        Returns:
            float32, shape (rows, k).
        """
        lower: NDArray[np.float32] = (self.centres if own is None else self.centres[own]) @ self.centres.T
        np.subtract(1, lower, out=lower)
        np.maximum(lower, 0, out=lower)
        lower *= np.float32(max(0.0, 1 - self.floor))
        np.sqrt(lower, out=lower)
        lower += np.float32(SLACK)
        return lower

    def of(
        self, rows: NDArray[np.float32], leeway: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return each row's own cell, and the cells that it visits, shape (rows, k); its own is not among them.

        Args:
            rows: unit vectors, float32, shape (rows, dimensions).
            leeway: of all cells, where it is at hand.
        """
        cosines = rows @ self.centres.T
        own = cosines.argmax(axis=1)
        highest = cosines[np.arange(len(rows)), own]
        cosines += self.leeway(own) if leeway is None else leeway[own]
        visited: NDArray[np.bool_] = cosines >= highest[:, None]
        visited[np.arange(len(rows)), own] = False
        return own, visited


def train_cells(vectors: NDArray[np.float32], floor: float, number: int) -> Cells:
    """Return so many cells, by k-means over evenly spaced rows.

    Args:
        vectors: unit vectors, float32, shape (rows, dimensions).
        floor: smallest cosine of a near pair.
        number: of centres.
    """
    import faiss

    sample = vectors[:: max(1, len(vectors) // (ROWS_A_CENTRE * number))]
    means: Any = faiss.Kmeans(
        vectors.shape[1], number, niter=ITERATIONS, seed=1, spherical=True, min_points_per_centroid=1
    )
    means.train(np.ascontiguousarray(sample))
    return Cells(means.centroids, floor)


def trained_products(number: int) -> int:
    """Return how many products of two rows the training of so many cells takes at most."""
    return ROWS_A_CENTRE * number * number * ITERATIONS


def foreseen_products(vectors: NDArray[np.float32], cells: Cells) -> float:
    """Return about how many products of two rows the search within cells takes."""
    rows, number = len(vectors), len(cells.centres)
    own, visited = cells.of(vectors[:: max(1, rows // ASKED)])
    scale = rows / len(own)
    members = np.bincount(own, minlength=number) * scale
    return float((members * (members + visited.sum(axis=0) * scale)).sum())


def pairs_in_cells(
    vectors: NDArray[np.float32], cells: Cells, floor: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield candidates: all pairs of cosine at least ``floor``, and some that are none; a pair may come twice.

    Args:
        vectors: unit vectors, float32, shape (rows, dimensions).
        cells: trained for this floor or a lower one.
        floor: what a product in float32 has to reach.
    """
    size = min(CHUNK, -(-len(vectors) // CHUNKS))
    ordered, chunks = _ordered(vectors, cells, size)
    yield from in_parallel(lambda cell: _met(ordered, chunks, cell, floor), range(len(cells.centres)))


@dataclass(frozen=True)
class _Ordered:
    """Rows in the order of their cells, so that those that meet lie near each other in memory.

    ``place`` is where each row of the given ones stands, ``rows`` which row stands there; ``ends`` where a cell does.
    """

    vectors: NDArray[np.float32]
    rows: NDArray[np.int64]
    place: NDArray[np.int32]
    ends: NDArray[np.int64]


@dataclass(frozen=True)
class _Visitors:
    """Rows that visit each cell, counted from ``start``, one cell after the other; ``ends`` says where each begins."""

    start: int
    held: NDArray[np.uint16]
    ends: NDArray[np.int32]

    def rows(self, cell: int) -> NDArray[np.int64]:
        """Return those of a cell, ascending."""
        return self.held[self.ends[cell] : self.ends[cell + 1]].astype(np.int64) + self.start


def _ordered(vectors: NDArray[np.float32], cells: Cells, size: int) -> tuple[_Ordered, Sequence[_Visitors]]:
    """Put all rows to cells, so many at once; the table of leeways goes when this is done."""
    leeway = cells.leeway()
    starts = range(0, len(vectors), size)
    found = list(in_parallel(lambda start: _visits(vectors[start : start + size], start, cells, leeway), starts))
    own = np.concatenate([some for some, _ in found])
    rows = own.argsort(kind="stable")
    place = np.empty(len(rows), dtype=np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    ends = np.concatenate([[0], np.cumsum(np.bincount(own, minlength=len(cells.centres)))])
    return _Ordered(vectors[rows], rows, place, ends), [visitors for _, visitors in found]


def _met(
    ordered: _Ordered, chunks: Sequence[_Visitors], cell: int, floor: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the candidates that meet in a cell."""
    nothing = np.zeros(0, dtype=np.int64)
    first, end = ordered.ends[cell : cell + 2]
    if first == end:
        return nothing, nothing
    inside = np.arange(first, end)
    visitors = ordered.place[np.concatenate([chunk.rows(cell) for chunk in chunks])]
    around = np.concatenate([inside, np.sort(visitors)])
    held, lefts, rights = ordered.vectors[first:end].T, [], []
    for start in range(0, len(around), BLOCK):
        others = around[start : start + BLOCK]
        other, near = np.divmod(np.flatnonzero(ordered.vectors.take(others, axis=0) @ held >= floor), len(inside))
        left, right = inside[near], others[other]
        apart = left != right
        lefts.append(ordered.rows[left[apart]])
        rights.append(ordered.rows[right[apart]])
    return np.concatenate(lefts), np.concatenate(rights)


def _visits(
    vectors: NDArray[np.float32], start: int, cells: Cells, leeway: NDArray[np.float32]
) -> tuple[NDArray[np.int32], _Visitors]:
    """Return the cell of each row of a chunk, whose first is row ``start`` of all, and which rows visit each cell."""
    rows, number = len(vectors), len(cells.centres)
    owns, visited, visits = [], [], [np.zeros(1, dtype=np.int64)]
    for begin in range(0, rows, ASSIGNED):
        own, mask = cells.of(vectors[begin : begin + ASSIGNED], leeway)
        owns.append(own.astype(np.int32))
        visited.append((np.flatnonzero(mask) % number).astype(np.int32))
        visits.append(mask.sum(axis=1))
    cell, ends = np.concatenate(visited), np.cumsum(np.concatenate(visits))
    table = csr_array((np.ones(len(cell), dtype=np.bool_), cell, ends), shape=(rows, number)).tocsc()
    return np.concatenate(owns), _Visitors(start, table.indices.astype(np.uint16), table.indptr.astype(np.int32))
