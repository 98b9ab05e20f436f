"""All plots in two dimensions, and the nearest neighbours of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.report.sampling import sampled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEIGHBOURS = 5
STEPS = 10_000
"""Coordinates are whole numbers from 0 to this: noise in the last bits of an embedding moves them by 1 at most."""

COSINE_DECIMALS = 3

MAPPED = 10_000
"""Rows on a map at most."""
MAPPED_AWAY = 5_000
"""Candidates turned away on a map at most."""


@dataclass(frozen=True)
class PlotMap:
    """Where each scenario lies, by its id.

    Attributes:
        at: both coordinates, from 0 to ``STEPS``; one unit is the same distance in both.
        near: the nearest others, nearest first, each with the cosine of the plots.
        shares: of the variance of the vectors along each of the two axes.
        encoder: its name and the hash of its weights.
        of: how many scenarios there are; those without a place were left out of the sample.
    """

    at: Mapping[str, tuple[int, int]]
    near: Mapping[str, Sequence[tuple[str, float]]]
    shares: tuple[float, float]
    encoder: tuple[str, str]
    of: int

    def as_json(self, ids: Sequence[str | None]) -> dict[str, Any]:
        """Return the map for scenarios in this order: -1 where one has no place, or no further neighbour."""
        row = {identity: number for number, identity in reversed(list(enumerate(ids))) if identity is not None}
        places = [self.at.get(identity, (-1, -1)) if identity else (-1, -1) for identity in ids]
        near = [self._near(identity, row) for identity in ids]
        return {
            "x": [place[0] for place in places],
            "y": [place[1] for place in places],
            "neighbours": NEIGHBOURS,
            "near": [number for one in near for number, _ in one],
            "cosine": [cosine for one in near for _, cosine in one],
            "shares": self.shares,
            "encoder": self.encoder,
            "of": self.of,
        }

    def _near(self, identity: str | None, row: Mapping[str, int]) -> list[tuple[int, float]]:
        known = [(row[other], cosine) for other, cosine in self.near.get(identity or "", ()) if other in row]
        return [*known, *[(-1, 0.0)] * (NEIGHBOURS - len(known))]


def mapped(rows: Collection[str], away: Collection[str]) -> list[str]:
    """Return which scenarios stand on a map, in the order of their ids: all, or an even sample of rows and of others.

    Embedding is what a map costs, some milliseconds a plot; and more points than this are one cloud.
    """
    return sorted(sampled(rows, MAPPED) | sampled(away, MAPPED_AWAY))


def plot_map(
    ids: Sequence[str], vectors: NDArray[np.float32], encoder: tuple[str, str], of: int | None = None
) -> PlotMap:
    """Lay plots out by the two directions in which they differ most (principal component analysis).

    Source: Jolliffe and Cadima 2016, "Principal component analysis: a review and recent developments", section 2.
    The sign of each axis is that of its largest weight, so that the same vectors give the same map.

    Args:
        ids: of the scenarios, each once.
        vectors: unit vectors of their plots, shape (scenarios, dimensions).
        encoder: name and hash of what made them.
        of: how many scenarios these were drawn from; these alone if left out.
    """
    import numpy as np

    if not ids:
        return PlotMap({}, {}, (0.0, 0.0), encoder, 0)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    flat = centred @ axes
    low, extent = flat.min(axis=0), float(np.ptp(flat, axis=0).max()) or 1.0
    places = np.rint((flat - low) / extent * STEPS).astype(int).tolist()
    total = float(values.sum()) or 1.0
    shares = (round(float(values[-1]) / total, 3), round(float(values[-2]) / total, 3))
    return PlotMap(
        at={identity: (x, y) for identity, (x, y) in zip(ids, places, strict=True)},
        near=_nearest(ids, vectors),
        shares=shares,
        encoder=encoder,
        of=len(ids) if of is None else of,
    )


def _nearest(ids: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, list[tuple[str, float]]]:
    """Return the nearest others of each: exact search, ties in the order of ids."""
    import faiss
    import numpy as np

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    cosines, rows = index.search(np.ascontiguousarray(vectors), min(NEIGHBOURS + 1, len(ids)))
    near = {}
    for own, (identity, others, near_by) in enumerate(zip(ids, rows.tolist(), cosines.tolist(), strict=True)):
        found = zip(others, near_by, strict=True)
        pairs = [(ids[other], round(cosine, COSINE_DECIMALS)) for other, cosine in found if other not in (own, -1)]
        near[identity] = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:NEIGHBOURS]
    return near
