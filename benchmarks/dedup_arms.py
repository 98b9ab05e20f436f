"""The contenders of the benchmark of deduplication, each from vectors to the rows that stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.blocked import Precision, blocked_pairs
from pipeline.deduplicate.semantic import MARGIN, Method, Pairs, near_pairs, scored

Kept = NDArray[np.bool_]

AT_ONCE = 1_000_000
"""Pairs that are Python's numbers at one time."""


def stayers(pairs: Pairs, rows: int) -> Kept:
    """Return which rows stay: in order, each that is near no row before it that stays."""
    kept = np.ones(rows, dtype=np.bool_)
    for start in range(0, len(pairs.left), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        for left, right in zip(pairs.left[some].tolist(), pairs.right[some].tolist(), strict=True):
            if kept[left]:
                kept[right] = False
    return kept


def ours(method: Method | None = None) -> Callable[[NDArray[np.float32], float], Kept]:
    """Return the product's search by some method, or by the one that it chooses."""

    def run(vectors: NDArray[np.float32], threshold: float) -> Kept:
        return stayers(near_pairs(vectors, threshold, method=method), len(vectors))

    return run


def gpu_path(precision: Precision) -> Callable[[NDArray[np.float32], float], Kept]:
    """Return the product's code for a GPU, run on the CPU: blocked products in some precision, all near re-scored."""

    def run(vectors: NDArray[np.float32], threshold: float) -> Kept:
        candidates = blocked_pairs(vectors, threshold - MARGIN, precision=precision)
        return stayers(scored(candidates, vectors, threshold), len(vectors))

    return run


def semhash(vectors: NDArray[np.float32], threshold: float) -> Kept:
    """SemHash as its users call it with embeddings of their own; its default index (usearch)."""
    from semhash import SemHash

    class Unused:
        def encode(self, inputs: Any, **_: Any) -> Any:
            raise RuntimeError("the embeddings are given")

    records = [str(number) for number in range(len(vectors))]
    found = SemHash.from_embeddings(vectors, records, Unused()).self_deduplicate(threshold=threshold)
    kept = np.zeros(len(vectors), dtype=np.bool_)
    kept[[int(record) for record in found.selected]] = True
    return kept


def faiss_ivf(vectors: NDArray[np.float32], threshold: float) -> Kept:
    """An inverted file of FAISS as one sets it up by hand: 4 sqrt(rows) lists, 8 of them searched."""
    import faiss

    rows, dimensions = vectors.shape
    index: Any = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(dimensions), dimensions, int(4 * np.sqrt(rows)), faiss.METRIC_INNER_PRODUCT
    )
    index.nprobe = 8
    index.train(vectors)
    index.add(vectors)
    limits, _, found = index.range_search(vectors, threshold)
    right = np.repeat(np.arange(rows), np.diff(limits.astype(np.int64)))
    earlier = found < right
    order = np.lexsort((found[earlier], right[earlier]))
    return stayers(Pairs(found[earlier][order], right[earlier][order], np.zeros(len(order))), rows)


ARMS: dict[str, Callable[[NDArray[np.float32], float], Kept]] = {
    "impress": ours(),
    "semhash": semhash,
    "faiss_ivf": faiss_ivf,
    "impress_flat": ours("flat"),
    "impress_blocked": ours("blocked"),
    "impress_blocked_bfloat16": gpu_path("bfloat16"),
}
"""The contenders by name; the first is the product as it chooses."""
