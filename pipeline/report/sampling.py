"""An even sample of what is too much for a page: the same ids give the same sample, whatever their order.

Source: bottom-k sampling by a hash (Cohen and Kaplan 2007, "Summarizing data using bottom-k sketches"). Samples nest:
what is among the first 5,000 is among the first 60,000.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Sample(Generic[T]):
    """Takes items one at a time and keeps those whose ids have the smallest hashes, so memory is bounded.

    Args:
        most: how many to keep.
    """

    def __init__(self, most: int) -> None:
        self.seen = 0
        self._most = most
        self._heap: list[tuple[int, str, T]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, identity: str, item: T) -> None:
        """Take an item. Ids are distinct."""
        self.seen += 1
        entry = (-_rank(identity), identity, item)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def items(self) -> list[T]:
        """Return what was kept, in no order."""
        return [item for _, _, item in self._heap]

    def first(self, most: int) -> set[str]:
        """Return the ids of a smaller sample of the same items."""
        return {identity for _, identity, _ in heapq.nlargest(most, self._heap, key=lambda one: one[:2])}


def sampled(ids: Iterable[str], most: int) -> set[str]:
    """Return all ids, or an even sample of so many."""
    return set(heapq.nsmallest(most, ids, key=_rank))


def _rank(identity: str) -> int:
    return int.from_bytes(hashlib.sha256(f"report {identity}".encode()).digest())
