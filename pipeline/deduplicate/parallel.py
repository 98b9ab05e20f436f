"""A thread for each core, with products of its own: one product of small matrices leaves cores idle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Results that may wait for each thread before the next are begun."""


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield the result for each item, in their order, from as many threads as numpy's products use by themselves.

    Args:
        work: mostly spends its time in numpy, which lets other threads run meanwhile.
        items: what it is called with.
    """
    from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

    threads = max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)
    # Some libraries keep their bound for the process, others for each thread: so it is set in both.
    alone = partial(threadpool_limits, 1, user_api="blas")
    with alone(), ThreadPoolExecutor(threads, initializer=alone) as pool:
        rest = iter(items)
        waiting = [pool.submit(work, item) for item in islice(rest, AHEAD * threads)]
        waiting.reverse()
        while waiting:
            yield waiting.pop().result()
            waiting[:0] = [pool.submit(work, item) for item in islice(rest, 1)]
