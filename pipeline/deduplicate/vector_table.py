"""Rows of vectors that grow without being copied: memory is that of the rows and of one part-empty block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.semantic import Pairs, near_between

BLOCK_ROWS = 4096


class VectorTable:
    """Vectors of one length, each with the number of those before it."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.float32]] = []
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows, shape (rows, dimensions)."""
        done = 0
        while done < len(rows):
            block, begin = divmod(self._used, BLOCK_ROWS)
            if block == len(self._blocks):
                self._blocks.append(np.empty((BLOCK_ROWS, rows.shape[1]), dtype=np.float32))
            now = min(BLOCK_ROWS - begin, len(rows) - done)
            self._blocks[block][begin : begin + now] = rows[done : done + now]
            self._used, done = self._used + now, done + now

    def take(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """Return a copy of those rows, shape (numbers, dimensions)."""
        dimensions = self._blocks[0].shape[1] if self._blocks else 0
        taken = np.empty((len(numbers), dimensions), dtype=np.float32)
        for place, number in enumerate(numbers):
            block, row = divmod(number, BLOCK_ROWS)
            taken[place] = self._blocks[block][row]
        return taken

    def near(self, fresh: NDArray[np.float32], floor: float) -> Iterator[tuple[int, Pairs]]:
        """Yield, block by block, its first row and what :func:`pipeline.deduplicate.semantic.near_between` finds."""
        for block, rows in enumerate(self._blocks):
            first = block * BLOCK_ROWS
            yield first, near_between(rows[: self._used - first], fresh, floor)
