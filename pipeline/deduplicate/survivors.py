"""Who stays: rows in a fixed order of rank, each compared with the kept rows before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.lexical import jaccard, representatives
from pipeline.deduplicate.semantic import Method, near_pairs

Layer = Literal["exact", "lexical", "semantic"]


@dataclass(frozen=True)
class Entry:
    """A row to compare: ``surface`` by equality, ``parts`` together by their words, and one by one by embeddings."""

    surface: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """The nearest kept row of higher rank.

    ``other`` is its position in the order of rank; ``score`` is the Jaccard similarity in the lexical layer, the
    cosine in the semantic one, and 1 for exact copies.
    """

    other: int
    layer: Layer
    score: float

    def copy_at(self, threshold: float) -> bool:
        """Tell whether it is a copy when ``threshold`` is the cosine from which a row is one."""
        return self.layer != "semantic" or self.score >= threshold


@dataclass(frozen=True)
class Judged:
    """A row's outcome. ``match`` is ``None`` where no kept row of higher rank comes near."""

    kept: bool
    match: Match | None


@dataclass(frozen=True)
class Comparison:
    """Rows in order of rank with all their near pairs, from which any threshold down to ``floor`` decides.

    Rows before ``fixed`` are kept whatever they resemble. ``plots`` gives each row the number of its plot,
    one for all that are nearly the same words; ``near`` gives each number the others near it, with the cosine.
    """

    surfaces: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    plots: tuple[int, ...]
    near: tuple[tuple[tuple[int, float], ...], ...]
    fixed: int
    floor: float

    def judge(self, threshold: float) -> list[Judged]:
        """Decide for each row: it stays unless a kept row of higher rank is its copy.

        A copy has the same surface, or nearly the same words, or a cosine of at least ``threshold``. Since a row
        is compared with kept rows alone, no chain of small steps removes a row that resembles none that stays.

        Raises:
            ValueError: if ``threshold`` lies below ``floor``, where pairs were not looked for.
        """
        if threshold < self.floor:
            raise ValueError(f"threshold {threshold:g} is below {self.floor:g}, the lowest cosine that was looked for")
        by_surface: dict[str, int] = {}
        by_plot: dict[int, int] = {}
        outcome: list[Judged] = []
        for row, (surface, plot) in enumerate(zip(self.surfaces, self.plots, strict=True)):
            match = self._match(row, by_surface, by_plot)
            kept = row < self.fixed or match is None or not match.copy_at(threshold)
            if kept:
                by_surface.setdefault(surface, row)
                by_plot.setdefault(plot, row)
            outcome.append(Judged(kept, match))
        return outcome

    def _match(self, row: int, by_surface: dict[str, int], by_plot: dict[int, int]) -> Match | None:
        surface, plot = self.surfaces[row], self.plots[row]
        if surface in by_surface:
            return Match(by_surface[surface], "exact", 1.0)
        if plot in by_plot:
            other = by_plot[plot]
            if self.parts[other] == self.parts[row]:
                return Match(other, "semantic", 1.0)
            return Match(other, "lexical", jaccard(" ".join(self.parts[other]), " ".join(self.parts[row])))
        others = [(-cosine, by_plot[other]) for other, cosine in self.near[plot] if other in by_plot]
        if not others:
            return None
        cosine, other = min(others)
        return Match(other, "semantic", -cosine)


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
        encoder: embeds each distinct text once; a text that is nearly the same words as one before it stands for
            that one and is not embedded.
        floor: lowest cosine of interest. The cosine of two rows is the mean over their parts.
        fixed: number of rows at the head that were accepted before.
        method: see :func:`pipeline.deduplicate.semantic.near_pairs`.
    """
    distinct = list(dict.fromkeys(entry.parts for entry in entries))
    standing = representatives([" ".join(parts) for parts in distinct])
    embedded = [parts for row, parts in enumerate(distinct) if standing[row] == row]
    numbers = {parts: number for number, parts in enumerate(embedded)}
    number_of = {parts: numbers[distinct[standing[row]]] for row, parts in enumerate(distinct)}
    plots = tuple(number_of[entry.parts] for entry in entries)
    settled = len(set(plots[:fixed]))
    pairs = near_pairs(embed(embedded, encoder), floor, first=settled, method=method)
    near: list[list[tuple[int, float]]] = [[] for _ in embedded]
    for left, right, cosine in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True):
        near[left].append((right, min(cosine, 1.0)))
        near[right].append((left, min(cosine, 1.0)))
    return Comparison(
        surfaces=tuple(entry.surface for entry in entries),
        parts=tuple(entry.parts for entry in entries),
        plots=plots,
        near=tuple(tuple(others) for others in near),
        fixed=fixed,
        floor=floor,
    )
