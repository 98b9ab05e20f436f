"""Deduplication on a GPU beside what its arithmetic allows; nothing where torch sees none."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.vectors import DIMENSIONS, made
from pipeline.deduplicate.blocked import seen_gpu
from pipeline.deduplicate.semantic import near_pairs

ROWS = (1_000_000, 4_000_000)
SIDE = 16_384
"""Rows of the two matrices whose product gives the rate of the arithmetic."""
REPEATS = 20


def on_gpu(threshold: float) -> list[dict[str, Any]] | None:
    """Return seconds for each number of rows, and those that its products would take at the measured rate.

    Returns:
        ``None`` where torch sees no GPU: not measured.
    """
    device = seen_gpu()
    if device is None:
        return None
    import torch

    rate, found = _operations_a_second(device), []
    for rows in ROWS:
        vectors = made("topics", rows)
        near_pairs(np.ascontiguousarray(vectors[:60_000]), threshold)
        began = time.perf_counter()
        pairs = near_pairs(vectors, threshold)
        seconds = time.perf_counter() - began
        operations = rows * (rows + 1) / 2 * 2 * DIMENSIONS
        found.append(
            {
                "device": torch.cuda.get_device_name(),
                "rows": rows,
                "method": pairs.method,
                "pairs": len(pairs.left),
                "seconds": round(seconds, 2),
                "arithmetic_seconds": round(operations / rate, 2),
            }
        )
    return found


def _operations_a_second(device: str) -> float:
    """Return the rate of products in half precision, of as many dimensions as the vectors have."""
    import torch

    left = torch.randn(SIDE, DIMENSIONS, device=device, dtype=torch.float16)
    left @ left.T
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(REPEATS):
        left @ left.T
    torch.cuda.synchronize()
    return REPEATS * 2 * SIDE * SIDE * DIMENSIONS / (time.perf_counter() - began)
