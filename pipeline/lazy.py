"""Sequences whose items are made when they are asked for, and not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")


class Lazy(Sequence[T], Generic[T]):
    """Items behind keys. Each pass loads them anew, one at a time, so that memory does not grow with their number.

    Args:
        keys: one for each item.
        load: gives the items of keys, in the order of these.
    """

    def __init__(self, keys: Sequence[Any], load: Callable[[Sequence[Any]], Iterator[T]]) -> None:
        self._keys = keys
        self._load = load

    def map(self, change: Callable[[T], U]) -> Lazy[U]:
        """Return the same items changed."""
        return Lazy(self._keys, lambda keys: map(change, self._load(keys)))

    def at(self, positions: Sequence[int]) -> Lazy[T]:
        """Return the items at these positions, in this order."""
        return Lazy([self._keys[position] for position in positions], self._load)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[T]:
        return self._load(self._keys)

    @overload
    def __getitem__(self, which: int) -> T: ...
    @overload
    def __getitem__(self, which: slice) -> Lazy[T]: ...
    def __getitem__(self, which: int | slice) -> T | Lazy[T]:
        if isinstance(which, slice):
            return Lazy(self._keys[which], self._load)
        return next(self._load([self._keys[which]]))


def in_order(items: Sequence[T], key: Callable[[T], Any]) -> Lazy[T]:
    """Return items in the order of a key. Lazy ones have to be in it already, since looking at all would load them."""
    if isinstance(items, Lazy):
        return items
    return Lazy(sorted(items, key=key), iter)


def joined(one: Sequence[T], other: Sequence[T], key: Callable[[T], Any]) -> Lazy[T]:
    """Return the items of both in the order of a key, those of each still loaded when they are asked for."""
    parts = [in_order(one, key), in_order(other, key)]
    keys = sorted((key(item), part, at) for part, items in enumerate(parts) for at, item in enumerate(items))

    def load(wanted: Sequence[Any]) -> Iterator[T]:
        for part, of_part in groupby(wanted, key=lambda place: place[1]):
            yield from parts[part].at([at for _, _, at in of_part])

    return Lazy(keys, load)
