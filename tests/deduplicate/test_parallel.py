"""Work in as many threads as there are cores."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from pipeline.deduplicate.parallel import AHEAD, in_parallel


def blas_threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_results_come_in_the_order_of_the_items() -> None:
    def later_ones_are_faster(item: int) -> int:
        time.sleep((20 - item) / 2000)
        return item * item

    assert list(in_parallel(later_ones_are_faster, range(20))) == [item * item for item in range(20)]


def test_nothing_in_gives_nothing_out() -> None:
    assert list(in_parallel(lambda item: item, range(0))) == []


def test_products_use_one_thread_meanwhile_and_as_many_as_before_after() -> None:
    before = blas_threads()
    assert set(next(in_parallel(lambda _: blas_threads(), range(1)))) == {1}
    list(in_parallel(lambda item: item, range(3)))
    assert blas_threads() == before


def test_an_error_reaches_the_caller_and_threads_end() -> None:
    def fails(item: int) -> int:
        if item == 3:
            raise ArithmeticError("third")
        return item

    before, threads = blas_threads(), threading.active_count()
    with pytest.raises(ArithmeticError, match="third"):
        list(in_parallel(fails, range(50)))
    assert blas_threads() == before
    assert threading.active_count() == threads


def test_only_a_few_items_are_begun_before_their_results_are_taken() -> None:
    begun: list[int] = []
    results = in_parallel(begun.append, range(10_000))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(begun) <= AHEAD * max(blas_threads()) + 1
