"""The most diverse rows of a set: each the one farthest from those chosen before it.

Gonzalez, "Clustering to minimize the maximum intercluster distance" (1985): the least distance among the rows chosen
is at least half of the best that can be had.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def most_diverse(vectors: NDArray[np.float32], number: int) -> list[int]:
    """Return the positions of so many rows, ascending; all of them if there are no more.

    Args:
        vectors: unit vectors in order of rank, float32, shape (rows, dimensions). The first is always chosen, and of
            equally far ones the first.
        number: of rows to choose, at least 1.
    """
    if number >= len(vectors):
        return list(range(len(vectors)))
    chosen = [0]
    nearest = (vectors @ vectors[0]).astype(np.float64)
    nearest[0] = np.inf
    while len(chosen) < number:
        row = int(nearest.argmin())
        chosen.append(row)
        nearest = np.maximum(nearest, vectors @ vectors[row])
        nearest[chosen] = np.inf
    return sorted(chosen)
