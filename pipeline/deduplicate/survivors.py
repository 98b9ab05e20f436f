"""Who stays: rows in a fixed order of rank, each compared with the kept rows before it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.doubt import doubt
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.lexical import Item, jaccard, representatives
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.semantic import Method, Pairs, near_between, near_pairs

Layer = Literal["exact", "lexical", "semantic"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to compare: ``surface`` by equality, ``parts`` together by their words, and one by one by embeddings.

    ``plot`` says what a copy can differ in; without it nothing is doubted.
    """

    surface: str
    parts: tuple[str, ...]
    plot: Plot | None = None

    @classmethod
    def of(cls, plot: Plot) -> Entry:
        """Return the entry of a plot."""
        return cls(plot.surface, plot.parts, plot)

    @property
    def item(self) -> Item:
        """What the lexical layer compares."""
        return Item.of(self.parts, self.plot.amounts if self.plot else ())

    def doubt(self, other: Entry) -> str | None:
        """Return why a person has to look before one is called a copy of the other; ``None`` for no reason."""
        return doubt(self.plot, other.plot) if self.plot and other.plot else None


@dataclass(frozen=True)
class Match:
    """The kept row of higher rank that a row copies, or else the nearest.

    ``other`` is its position in the order of rank; ``score`` is the Jaccard similarity in the lexical layer, the
    cosine in the semantic one, and 1 for exact copies. ``doubt`` says why a person has to look first, if so.
    """

    other: int
    layer: Layer
    score: float
    doubt: str | None = None

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

    Rows before ``fixed`` are kept whatever they resemble. ``standing`` gives each row the number of the text that
    stands for it in the lexical layer, its own if none does; ``plots`` the number of its vector, that of the text that
    stands for it where it was not embedded. ``near`` gives each vector the others near it, with the cosine.
    ``doubted_stay``: a row goes for a copy only where nothing has to be looked at first.
    """

    entries: tuple[Entry, ...]
    items: tuple[int, ...]
    standing: tuple[int, ...]
    plots: tuple[int, ...]
    near: tuple[tuple[tuple[int, float], ...], ...]
    fixed: int
    floor: float
    doubted_stay: bool = False

    def judge(self, threshold: float) -> list[Judged]:
        """Decide for each row: it stays unless a kept row of higher rank is its copy.

        A copy has the same surface, or nearly the same words, or a cosine of at least ``threshold``. Since a row
        is compared with kept rows alone, no chain of small steps removes a row that resembles none that stays.

        Raises:
            ValueError: if ``threshold`` lies below ``floor``, where pairs were not looked for.
        """
        if threshold < self.floor:
            raise ValueError(f"threshold {threshold:g} is below {self.floor:g}, the lowest cosine that was looked for")
        kept = Kept()
        outcome: list[Judged] = []
        for row, entry in enumerate(self.entries):
            plot = self.plots[row]
            match = kept.match(entry, self.standing[row], plot, self.near[plot], threshold)
            stays = row < self.fixed or match is None or not match.copy_at(threshold)
            stays = stays or (self.doubted_stay and match is not None and match.doubt is not None)
            if stays:
                kept.keep(row, entry, self.items[row], plot)
            outcome.append(Judged(stays, match))
        return outcome


@dataclass
class Kept:
    """The rows kept so far, by number: the first of each surface and each lexical text, and all of each vector."""

    by_surface: dict[str, int] = field(default_factory=dict)
    by_item: dict[int, int] = field(default_factory=dict)
    by_plot: dict[int, list[int]] = field(default_factory=dict)
    entries: dict[int, Entry] = field(default_factory=dict)

    def keep(self, row: int, entry: Entry, item: int, plot: int) -> None:
        """Keep a row of lower rank than those before it."""
        self.entries[row] = entry
        self.by_surface.setdefault(entry.surface, row)
        self.by_item.setdefault(item, row)
        self.by_plot.setdefault(plot, []).append(row)

    def match(
        self, entry: Entry, standing: int, plot: int, near: Iterable[tuple[int, float]], threshold: float
    ) -> Match | None:
        """Return the kept row that a row copies, or else the nearest.

        Args:
            entry: of the row.
            standing: number of the text that stands for its own in the lexical layer.
            plot: number of its vector.
            near: others near that, with the cosine.
            threshold: cosine from which a row is a copy.
        """
        if entry.surface in self.by_surface:
            return Match(self.by_surface[entry.surface], "exact", 1.0)
        if standing in self.by_item:
            other = self.by_item[standing]
            parts = self.entries[other].parts
            if parts == entry.parts:
                return self._semantic(entry, other, 1.0)
            return Match(other, "lexical", jaccard(" ".join(parts), " ".join(entry.parts)))
        around = ((plot, 1.0), *near)
        found = sorted((-cosine, other) for one, cosine in around for other in self.by_plot.get(one, ()))
        if not found:
            return None
        for cosine, other in found:
            if -cosine < threshold:
                break
            match = self._semantic(entry, other, -cosine)
            if match.doubt is None:
                return match
        return self._semantic(entry, found[0][1], -found[0][0])

    def _semantic(self, entry: Entry, other: int, cosine: float) -> Match:
        return Match(other, "semantic", cosine, entry.doubt(self.entries[other]))


def embed(plots: Sequence[tuple[str, ...]], encoder: Encoder) -> NDArray[np.float32]:
    """Return a unit vector per plot, whose products are the mean cosines over the parts.

    Where plots differ in their number of parts, the last part of the shorter ones is repeated.
    """
    width = max(map(len, plots), default=1)
    padded = [(*parts, *parts[-1:] * (width - len(parts))) for parts in plots]
    vectors = encoder.encode([part for parts in padded for part in parts])
    return vectors.reshape(len(plots), width * vectors.shape[1]) / np.float32(math.sqrt(width))


def compare(
    entries: Sequence[Entry],
    encoder: Encoder,
    floor: float,
    *,
    fixed: int = 0,
    method: Method | None = None,
    doubted_stay: bool = False,
) -> Comparison:
    """Find all near pairs among rows.

    A row with nearly the same words as one that surely stays, whatever the threshold, is not embedded: nothing that its
    vector could say would change anything. All other texts are embedded, each once.

    Args:
        entries: rows in order of rank, best first; the first ``fixed`` are kept in any case.
        encoder: embeds the texts.
        floor: lowest cosine of interest. The cosine of two rows is the mean over their parts.
        fixed: number of rows at the head that were accepted before.
        method: see :func:`pipeline.deduplicate.semantic.near_pairs`.
        doubted_stay: whether rows stay that a person has to look at before they are called copies.
    """
    made = [entry.item for entry in entries]
    distinct = list(dict.fromkeys(made))
    number = {item: place for place, item in enumerate(distinct)}
    items = [number[item] for item in made]
    stands = representatives(distinct, len(set(items[:fixed])))
    standing = [stands[item] for item in items]
    space = _Space(encoder, floor, method)
    rows = [row for row, item in enumerate(items) if standing[row] == item]
    space.add([entries[row].parts for row in rows], settled=len({entries[row].parts for row in range(fixed)}))
    first_of: dict[int, int] = {}
    for row, item in enumerate(items):
        first_of.setdefault(item, row)
    while True:
        sure = _surely_kept(entries, space, fixed)
        more = [
            entry.parts
            for entry, item, of in zip(entries, items, standing, strict=True)
            if of != item and first_of[of] not in sure and entry.parts not in space.numbers
        ]
        if not more:
            break
        space.add(more)
    return Comparison(
        entries=tuple(entries),
        items=tuple(items),
        standing=tuple(standing),
        plots=tuple(
            space.numbers.get(entry.parts, space.numbers[entries[first_of[of]].parts])
            for entry, of in zip(entries, standing, strict=True)
        ),
        near=tuple(map(tuple, space.near)),
        fixed=fixed,
        floor=floor,
        doubted_stay=doubted_stay,
    )


class _Space:
    """Vectors of plots, each once, and all pairs of them that are near; grows."""

    def __init__(self, encoder: Encoder, floor: float, method: Method | None) -> None:
        self.numbers: dict[tuple[str, ...], int] = {}
        self.near: list[list[tuple[int, float]]] = []
        self._vectors: NDArray[np.float32] | None = None
        self._encoder, self._floor, self._method = encoder, floor, method

    def add(self, plots: Iterable[tuple[str, ...]], settled: int = 0) -> None:
        """Embed the plots that are not there and find what is near them; no pairs among the first ``settled``."""
        fresh = [parts for parts in dict.fromkeys(plots) if parts not in self.numbers]
        before = len(self.numbers)
        self.numbers.update({parts: before + place for place, parts in enumerate(fresh)})
        self.near += [[] for _ in fresh]
        vectors = embed(fresh, self._encoder)
        self._note(near_pairs(vectors, self._floor, first=settled, method=self._method), before, before)
        if self._vectors is not None:
            self._note(near_between(self._vectors, vectors, self._floor), 0, before)
            vectors = np.concatenate([self._vectors, vectors])
        self._vectors = vectors

    def _note(self, pairs: Pairs, left_from: int, right_from: int) -> None:
        for left, right, cosine in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True):
            self.near[left + left_from].append((right + right_from, min(cosine, 1.0)))
            self.near[right + right_from].append((left + left_from, min(cosine, 1.0)))


def _surely_kept(entries: Sequence[Entry], space: _Space, fixed: int) -> set[int]:
    """Return the rows that stay at any threshold: those of before, and those that no row before them comes near."""
    first_plot: dict[int, int] = {}
    surfaces: set[str] = set()
    sure: set[int] = set()
    for row, entry in enumerate(entries):
        plot = space.numbers.get(entry.parts)
        if plot is not None:
            alone = all(first_plot.get(other, row) >= row for other, _ in space.near[plot])
            if row < fixed or (alone and plot not in first_plot and entry.surface not in surfaces):
                sure.add(row)
            first_plot.setdefault(plot, row)
        surfaces.add(entry.surface)
    return sure
