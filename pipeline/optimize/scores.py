"""Means with intervals over examples, and the paired difference of two programs on the same ones.

Percentile bootstrap over examples (Efron 1979, Annals of Statistics 7:1-26); the difference is
resampled by pairs, so that how hard an example is does not widen its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.schema.compiled import Measured

_CONFIDENCE = 0.95
_DIGITS = 6


def measured(scores: Mapping[str, float], resamples: int, seed: int = 0) -> Measured:
    """Return the mean of scores by example, with its interval."""
    return _bootstrap([scores[name] for name in sorted(scores)], resamples, seed)


def gained(before: Mapping[str, float], after: Mapping[str, float], resamples: int, seed: int = 0) -> Measured:
    """Return the mean of the differences example by example, with its interval.

    Raises:
        ValueError: if the two were not scored on the same examples.
    """
    if set(before) != set(after):
        raise ValueError("the two programs were scored on different examples")
    return _bootstrap([after[name] - before[name] for name in sorted(before)], resamples, seed)


def _bootstrap(values: Sequence[float], resamples: int, seed: int) -> Measured:
    sample = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(sample), size=(resamples, len(sample)))
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(sample[drawn].mean(axis=1), [tail, 1 - tail])
    mean = float(sample.mean())
    return Measured(
        mean=round(mean, _DIGITS), n=len(sample), low=round(float(low), _DIGITS), high=round(float(high), _DIGITS)
    )
