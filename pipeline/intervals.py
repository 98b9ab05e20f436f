"""Intervals of a rate: what a number of rows can say."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion (Wilson 1927, JASA 22:209-212).

    Args:
        successes: how often it happened, 0 to ``n``.
        n: number of independent trials, at least 1.
        confidence: two-sided level, between 0 and 1.

    Raises:
        ValueError: for arguments outside these ranges. With no trial nothing is known: ask for no interval.
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is not a proportion")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def half_width(n: int) -> float | None:
    """Return the half width of the 95% Wilson interval at a rate of one half; ``None`` for no row.

    At one half the interval is widest and symmetric, z / (2 sqrt(n + z^2)), so odd ``n`` needs no half success.
    """
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.975)
    return z / (2 * math.sqrt(n + z * z))
