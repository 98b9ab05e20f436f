"""Sequences whose items are made when they are asked for, and not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")


class Lazy(Sequence[T], Generic[T]):
    """Items behind keys. Each pass loads them anew, one at a time, so that memory does not grow with their number.

    Args:
        keys: one for each item.
        load: gives the items of keys, in the order of these.
        outline: likewise gives their outlines, which are items without what takes long to load; the items
            themselves if left out.
    """

    def __init__(
        self,
        keys: Sequence[Any],
        load: Callable[[Sequence[Any]], Iterator[T]],
        outline: Callable[[Sequence[Any]], Iterator[Any]] | None = None,
    ) -> None:
        self._keys = keys
        self._load = load
        self._outline = load if outline is None else outline

    @property
    def outlines(self) -> Lazy[Any]:
        """The items' outlines, in the same order."""
        return Lazy(self._keys, self._outline)

    def map(self, change: Callable[[T], U]) -> Lazy[U]:
        """Return the same items changed, and their outlines likewise."""
        load, outline = self._load, self._outline
        return Lazy(self._keys, lambda keys: map(change, load(keys)), lambda keys: map(change, outline(keys)))

    def at(self, positions: Sequence[int]) -> Lazy[T]:
        """Return the items at these positions, in this order."""
        return Lazy([self._keys[position] for position in positions], self._load, self._outline)

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
            return Lazy(self._keys[which], self._load, self._outline)
        return next(self._load([self._keys[which]]))


def in_order(items: Sequence[T], key: Callable[[T], Any]) -> Lazy[T]:
    """Return items in the order of a key. Lazy ones have to be in it already, since looking at all would load them."""
    if isinstance(items, Lazy):
        return items
    return Lazy(sorted(items, key=key), iter)


def joined(one: Sequence[T], other: Sequence[T], key: Callable[[T], Any]) -> Lazy[T]:
    """Return the items of both in the order of a key, those of each still loaded when they are asked for.

    The key has to be told from an item's outline too.
    """
    parts = [in_order(one, key), in_order(other, key)]
    outlined = [part.outlines for part in parts]
    keys = sorted((key(item), part, at) for part, items in enumerate(outlined) for at, item in enumerate(items))
    return Lazy(keys, partial(_of_parts, parts), partial(_of_parts, outlined))


def _of_parts(parts: Sequence[Lazy[T]], wanted: Sequence[Any]) -> Iterator[T]:
    """Load items, each told by its key, the number of its part and its place there."""
    for part, of_part in groupby(wanted, key=lambda place: place[1]):
        yield from parts[part].at([at for _, _, at in of_part])
