"""Lazy sequences: every pass loads anew, and nothing else differs from a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.lazy import Lazy, joined


def test_items_are_loaded_when_asked_for_and_changed_in_order() -> None:
    loaded: list[int] = []

    def load(keys: Sequence[int]) -> Iterator[int]:
        for key in keys:
            loaded.append(key)
            yield 10 * key

    lazy = Lazy([3, 1, 2], load).map(str)
    assert (len(lazy), loaded) == (3, [])
    assert list(lazy) == list(lazy) == ["30", "10", "20"]
    assert loaded == [3, 1, 2] * 2
    assert (lazy[1], lazy[-1], list(lazy[1:]), list(lazy.at([2, 0]))) == ("10", "20", ["10", "20"], ["20", "30"])


def test_joined_sequences_are_in_one_order_and_loaded_anew() -> None:
    loaded: list[int] = []

    def load(keys: Sequence[int]) -> Iterator[int]:
        for key in keys:
            loaded.append(key)
            yield key

    both = joined(Lazy([1, 2, 5, 7], load), [6, 3], lambda one: one)
    loaded.clear()
    assert list(both) == [1, 2, 3, 5, 6, 7]
    assert loaded == [1, 2, 5, 7]
    assert (len(both), both[3], list(both.at([4, 0]))) == (6, 5, [6, 1])


def test_outlines_are_loaded_in_place_of_the_items_and_changed_alike() -> None:
    loaded: list[int] = []

    def load(keys: Sequence[int]) -> Iterator[int]:
        for key in keys:
            loaded.append(key)
            yield 10 * key

    def outline(keys: Sequence[int]) -> Iterator[int]:
        return iter(keys)

    lazy = Lazy([1, 2, 5], load, outline).map(lambda one: one + 100)
    both = joined(lazy.at([0, 2]), [103], lambda one: one)
    assert (list(lazy.outlines), list(both.outlines), list(lazy[1:].outlines)) == (
        [101, 102, 105],
        [101, 103, 105],
        [102, 105],
    )
    assert loaded == []
    assert list(both) == [110, 103, 150]
    assert loaded == [1, 5]
    assert list(Lazy([1, 2], load).outlines) == [10, 20]
    assert list(lazy.at([2, 0])) == [150, 110]
