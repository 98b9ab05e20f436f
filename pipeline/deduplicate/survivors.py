"""Who stays: rows in a fixed order of rank, each compared with the kept rows before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.semantic import Method, near_pairs

Layer = Literal["exact", "semantic"]


@dataclass(frozen=True)
class Entry:
    """A row to compare: ``surface`` is compared by equality, ``parts`` by their embeddings, one by one."""

    surface: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The nearest kept row of higher rank. ``other`` is its position in the order of rank."""

    other: int
    layer: Layer
    cosine: float


@dataclass(frozen=True)
class Judged:
    """A row's outcome. ``match`` is ``None`` where no kept row of higher rank comes near."""

    kept: bool
    match: Match | None


@dataclass(frozen=True)
class Comparison:
    """Rows in order of rank with all their near pairs, from which any threshold down to ``floor`` decides.

    Rows before ``fixed`` are kept whatever they resemble. ``plots`` gives each row the number of
    its distinct plot; ``near`` gives each such number the others near it, with the cosine.
    """

    surfaces: tuple[str, ...]
    plots: tuple[int, ...]
    near: tuple[tuple[tuple[int, float], ...], ...]
    fixed: int
    floor: float

    def judge(self, threshold: float) -> list[Judged]:
        """Decide for each row: it stays unless a kept row of higher rank is its copy.

        A copy has the same surface, or a cosine of at least ``threshold``. Since a row is compared
        with kept rows alone, no chain of small steps removes a row that resembles none that stays.

        Raises:
            ValueError: if ``threshold`` lies below ``floor``, where pairs were not looked for.
        """
        if threshold < self.floor:
            raise ValueError(f"threshold {threshold:g} is below {self.floor:g}, the lowest cosine that was looked for")
        by_surface: dict[str, int] = {}
        by_plot: dict[int, int] = {}
        outcome: list[Judged] = []
        for row, (surface, plot) in enumerate(zip(self.surfaces, self.plots, strict=True)):
            match = self._match(surface, plot, by_surface, by_plot)
            copy = match is not None and (match.layer == "exact" or match.cosine >= threshold)
            kept = row < self.fixed or not copy
            if kept:
                by_surface.setdefault(surface, row)
                by_plot.setdefault(plot, row)
            outcome.append(Judged(kept, match))
        return outcome

    def _match(self, surface: str, plot: int, by_surface: dict[str, int], by_plot: dict[int, int]) -> Match | None:
        if surface in by_surface:
            return Match(by_surface[surface], "exact", 1.0)
        if plot in by_plot:
            return Match(by_plot[plot], "semantic", 1.0)
        others = [(-cosine, by_plot[other]) for other, cosine in self.near[plot] if other in by_plot]
        if not others:
            return None
        cosine, row = min(others)
        return Match(row, "semantic", -cosine)


def embed(plots: Sequence[tuple[str, ...]], encoder: Encoder) -> NDArray[np.float32]:
    """Return a unit vector per plot, whose products are the mean cosines over the parts.

    Where plots differ in their number of parts, the last part of the shorter ones is repeated.
    """
    width = max(map(len, plots), default=1)
    padded = [(*parts, *parts[-1:] * (width - len(parts))) for parts in plots]
    vectors = encoder.encode([part for parts in padded for part in parts])
    return vectors.reshape(len(plots), width * vectors.shape[1]) / np.float32(math.sqrt(width))


def compare(
    entries: Sequence[Entry], encoder: Encoder, floor: float, *, fixed: int = 0, method: Method | None = None
) -> Comparison:
    """Find all near pairs among rows.

    Args:
        entries: rows in order of rank, best first; the first ``fixed`` are kept in any case.
        encoder: embeds each distinct text once.
        floor: lowest cosine of interest. The cosine of two rows is the mean over their parts.
        fixed: number of rows at the head that were accepted before.
        method: see :func:`pipeline.deduplicate.semantic.near_pairs`.
    """
    numbers: dict[tuple[str, ...], int] = {}
    plots = tuple(numbers.setdefault(entry.parts, len(numbers)) for entry in entries)
    settled = len(set(plots[:fixed]))
    pairs = near_pairs(embed(list(numbers), encoder), floor, first=settled, method=method)
    near: list[list[tuple[int, float]]] = [[] for _ in numbers]
    for left, right, cosine in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True):
        near[left].append((right, min(cosine, 1.0)))
        near[right].append((left, min(cosine, 1.0)))
    return Comparison(
        surfaces=tuple(entry.surface for entry in entries),
        plots=plots,
        near=tuple(tuple(others) for others in near),
        fixed=fixed,
        floor=floor,
    )
