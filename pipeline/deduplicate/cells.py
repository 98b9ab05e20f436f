"""Near pairs by cells: exact, and with far fewer products than all against all where the rows lie in clumps.

Rows are put to the nearest of k centres, so the border between two cells is the hyperplane midway between their
centres. Two rows of cosine at least ``floor`` are at most ``d = sqrt(2 - 2 floor)`` apart; if they lie in two cells,
the border runs between them, so one of them is within ``d / 2`` of it. It is enough, then, that each row visits every
cell whose border with its own it is within ``d / 2`` of: of any near pair one row finds the other in its own cell.
Rounding is covered by a slack, so no choice of centres can lose a pair; centres only decide the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

SLACK = 1e-3
"""Added to the reach: far above what float32 rounds in a product of 384 terms."""
ROWS_A_CENTRE = 16
"""Rows that the centres are trained on, for each of them."""
ITERATIONS = 3
ASKED = 2048
"""Rows whose visits are counted to foresee the cost."""
BLOCK = 4096


@dataclass(frozen=True)
class Cells:
    """Centres, and how far from a border a row still visits the cell beyond it.

    Attributes:
        centres: unit vectors, float32, shape (k, dimensions).
        apart: distances between centres, shape (k, k).
        reach: half the distance of two rows at the floor, and the slack.
    """

    centres: NDArray[np.float32]
    apart: NDArray[np.float32]
    reach: float

    def of(self, rows: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return each row's own cell, and the cells that it visits, shape (rows, k); its own is not among them."""
        cosines = rows @ self.centres.T
        own = cosines.argmax(axis=1)
        highest = cosines[np.arange(len(rows)), own]
        visited: NDArray[np.bool_] = cosines >= highest[:, None] - np.float32(self.reach) * self.apart[own]
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
    centres: NDArray[np.float32] = means.centroids
    apart = np.sqrt(np.maximum(0, 2 - 2 * (centres @ centres.T))).astype(np.float32)
    return Cells(centres, apart, math.sqrt(max(0.0, 2 - 2 * floor)) / 2 + SLACK)


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
    vectors: NDArray[np.float32], cells: Cells, floor: float, compared: NDArray[np.float32] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield candidates: all pairs of cosine at least ``floor``, and some that are none; a pair may come twice.

    Args:
        vectors: unit vectors, float32, shape (rows, dimensions).
        cells: trained for this floor or a lower one.
        floor: what a product in float32 has to reach.
        compared: vectors for these products, which are never below those of ``vectors``
            (:mod:`pipeline.deduplicate.shortened`); ``vectors`` themselves if left out.
    """
    compared = vectors if compared is None else compared
    members, visitors = _assigned(vectors, cells)
    for cell in range(len(cells.centres)):
        inside = _rows_of(members, cell)
        if not len(inside):
            continue
        around = np.concatenate([inside, _rows_of(visitors, cell)])
        held = compared[inside]
        for start in range(0, len(around), BLOCK):
            others = around[start : start + BLOCK]
            near, other = np.divmod(np.flatnonzero(held @ compared[others].T >= floor), len(others))
            left, right = inside[near].astype(np.int64), others[other].astype(np.int64)
            apart = left != right
            yield left[apart], right[apart]


def _assigned(vectors: NDArray[np.float32], cells: Cells) -> tuple[csc_array, csc_array]:
    """Return which rows each cell holds and which visit it: two tables by column, shape (rows, k)."""
    owns, visited, visits = [], [], [np.zeros(1, dtype=np.int64)]
    for start in range(0, len(vectors), BLOCK):
        own, mask = cells.of(vectors[start : start + BLOCK])
        owns.append(own.astype(np.int32))
        visited.append((np.flatnonzero(mask) % mask.shape[1]).astype(np.int32))
        visits.append(mask.sum(axis=1))
    shape = (len(vectors), len(cells.centres))
    return (
        _by_cell(np.concatenate(owns), np.arange(len(vectors) + 1), shape),
        _by_cell(np.concatenate(visited), np.cumsum(np.concatenate(visits)), shape),
    )


def _by_cell(cell: NDArray[np.int32], ends: NDArray[np.int64], shape: tuple[int, int]) -> csc_array:
    """Turn the cells of each row, one row after the other, into the rows of each cell."""
    return csr_array((np.ones(len(cell), dtype=np.bool_), cell, ends), shape=shape).tocsc()


def _rows_of(table: csc_array, cell: int) -> NDArray[np.int32]:
    """Return the rows of a cell, ascending."""
    rows: NDArray[np.int32] = table.indices[table.indptr[cell] : table.indptr[cell + 1]]
    return rows
