"""Near pairs by blocked matrix products in torch: all against all, on a GPU in half precision, on a CPU in single.

Half precision only finds candidates: everything within its error of the floor is handed on, to be re-scored in double
precision from the float32 rows, so the pairs are the same on every device. The error is bounded as follows. Rounding
each entry to ``p`` bits errs by ``u = 2**-p`` relatively, so by Cauchy-Schwarz a product of unit vectors is off by at
most ``2 u + u**2``; entries below the normal range of float16 add at most ``2**-25`` each, and the sum in float32 over
``n`` terms ``n * 2**-24`` (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1); the result,
rounded to the same ``p`` bits, errs by another ``u``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    pass

Precision = Literal["float16", "bfloat16", "float32"]

BITS: dict[Precision, int] = {"float16": 11, "bfloat16": 8, "float32": 24}
"""Significant bits, the hidden one included."""
BLOCK = 8192
"""Rows of a block: a product of two takes 128 MiB in half precision."""


def seen_gpu() -> str | None:
    """Return the name by which torch calls a GPU that it sees; ``None`` where it sees none."""
    import torch

    return "cuda" if torch.cuda.is_available() else None


def error_of(precision: Precision, dimensions: int) -> float:
    """Return how far a product of two unit vectors in some precision can be from the true one."""
    unit = 2.0 ** -BITS[precision]
    subnormal = 2 * math.sqrt(dimensions) * 2.0**-25 if precision == "float16" else 0.0
    return 3 * unit + unit**2 + subnormal + dimensions * 2.0**-24


def blocked_pairs(
    vectors: NDArray[np.float32],
    floor: float,
    *,
    first: int = 0,
    device: str = "cpu",
    precision: Precision | None = None,
    block: int = BLOCK,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield candidates (left, right), ``left < right``: all pairs of cosine at least ``floor``, and some just below.

    Args:
        vectors: unit vectors, float32, shape (rows, dimensions). On a GPU all of them are held there in ``precision``.
        floor: smallest cosine of a pair.
        first: pairs of two rows before ``first`` are left out.
        device: as torch names it.
        precision: of the products; half on a GPU, single on a CPU if left out.
        block: rows of a block.
    """
    import torch

    chosen: Precision = precision or ("float32" if device == "cpu" else "float16")
    rows, dimensions = vectors.shape
    bound = floor - error_of(chosen, dimensions)
    held = torch.from_numpy(vectors).to(device=device, dtype=getattr(torch, chosen))
    with torch.inference_mode(), _full_sums(torch.device(device).type):
        for right in range(first - first % block, rows, block):
            later = held[right : right + block].T
            for left in range(0, min(right + block, rows), block):
                found = (held[left : left + block] @ later >= bound).nonzero().cpu().numpy()
                lefts, rights = found[:, 0] + left, found[:, 1] + right
                kept = (lefts < rights) & (rights >= first)
                yield lefts[kept], rights[kept]


class _full_sums:  # noqa: N801 - a context, called like a function
    """Keeps sums of half-precision products in float32, as the bound on their error supposes."""

    def __init__(self, kind: str) -> None:
        self._on_gpu = kind == "cuda"

    def __enter__(self) -> None:
        if self._on_gpu:
            import torch

            matmul = torch.backends.cuda.matmul
            self._before = (
                matmul.allow_fp16_reduced_precision_reduction,
                matmul.allow_bf16_reduced_precision_reduction,
            )
            matmul.allow_fp16_reduced_precision_reduction = False
            matmul.allow_bf16_reduced_precision_reduction = False

    def __exit__(self, *_: object) -> None:
        if self._on_gpu:
            import torch

            matmul = torch.backends.cuda.matmul
            matmul.allow_fp16_reduced_precision_reduction, matmul.allow_bf16_reduced_precision_reduction = self._before
