"""Novelty, block by block: rows come in order of rank, and what was said of one never changes.

A row is compared with the kept rows before it alone, so the verdicts on a block need nothing of the blocks after it:
those may still be in the making. Blocks one after the other give what all rows at once would give.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.earlier import EarlierRows
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.evidence import between_groups, new_verdict, protected_verdict, verdict_against
from pipeline.deduplicate.groups import Groups, Placement, kit_group
from pipeline.deduplicate.lexical import Item, Words
from pipeline.deduplicate.plot import Plot, plot_of
from pipeline.deduplicate.protected import look_up, told_by
from pipeline.deduplicate.protected_files import Corpus
from pipeline.deduplicate.semantic import Pairs, near_pairs
from pipeline.deduplicate.survivors import Entry, Judged, Kept, embed
from pipeline.deduplicate.vector_table import VectorTable
from pipeline.schema.candidate import Candidate
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import DeduplicationSettings
from pipeline.schema.verdict import Verdict

Near = Mapping[int, Sequence[tuple[int, float]]]
"""Plots near a plot, with the cosine, by its number."""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What is remembered of a row that stays: enough to know its copies, and to show what they copy.

    ``candidate`` and ``scenario`` are ids; ``situation`` is its worked situation, if its core is from a kit.
    """

    candidate: str
    scenario: str
    situation: str | None
    plot: Plot
    group: str

    @classmethod
    def of(cls, candidate: str, scenario: Scenario, group: str) -> KeptRow:
        """Take what is remembered from a row."""
        return cls(candidate, scenario.id, kit_group(scenario), plot_of(scenario), group)


class PlotVectors:
    """Vectors of plots, each made once.

    Args:
        encoder: embeds their parts.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._rows: dict[tuple[str, ...], int] = {}
        self._table = VectorTable()

    def of(self, plots: Sequence[tuple[str, ...]]) -> NDArray[np.float32]:
        """Return a unit vector for each plot, shape (plots, dimensions)."""
        self.make(plots)
        return self._table.take(self.rows(plots))

    def make(self, plots: Sequence[tuple[str, ...]]) -> None:
        """Make the vectors of those plots that have none yet."""
        missing = [parts for parts in dict.fromkeys(plots) if parts not in self._rows]
        if missing:
            made, held = embed(missing, self.encoder), len(self._rows)
            self._table.append(made)
            self._rows.update(zip(missing, range(held, held + len(made)), strict=True))

    def rows(self, plots: Iterable[tuple[str, ...]]) -> list[int]:
        """Return the numbers of plots whose vectors were made."""
        return [self._rows[parts] for parts in plots]

    def near(self, vectors: NDArray[np.float32], floor: float) -> Iterator[tuple[int, int, float]]:
        """Yield the number of a plot whose vector was made, the place of one of ``vectors``, and their cosine."""
        for first, pairs in self._table.near(vectors, floor):
            for row, place, cosine in _triples(pairs):
                yield first + row, place, cosine


@dataclass(frozen=True)
class Protected:
    """Corpora that no row may copy, and an encoder that keeps the vectors of their texts."""

    corpora: tuple[Corpus, ...]
    keeper: Encoder


@dataclass(frozen=True)
class _Row:
    """A candidate that has a scenario, with what it is compared by and the numbers of its lexical text and its plot."""

    candidate: Candidate
    scenario: Scenario
    entry: Entry
    plot: Plot
    item: int
    number: int


class Novelty:
    """Judges the rows of one round.

    Args:
        before: accepted rows of the rounds before, and of a release that is carried on; they win over all others and
            keep their groups.
        settings: the cosines from which a plot is a copy, and from which it is related.
        vectors: of plots; share one among rounds.
        released: rows of earlier releases; what copies one of them is compared with nothing else.
        protected: texts of others; what copies one of them, or may do so, is compared with nothing else either.
    """

    def __init__(
        self,
        before: Iterable[KeptRow],
        settings: DeduplicationSettings,
        vectors: PlotVectors,
        released: EarlierRows | None = None,
        protected: Protected | None = None,
    ) -> None:
        self._settings = settings
        self._floor = min(settings.related, settings.threshold)
        self._vectors = vectors
        self._released, self._protected = released, protected
        self._texts = _Texts()
        self._numbers: dict[tuple[str, ...], int] = {}
        self._parts: list[tuple[str, ...]] = []
        self._kept, self._groups = Kept(), Groups(settings.related)
        self._rows: list[KeptRow] = []
        self._compared: dict[int, int] = {}
        """Plots of kept rows that later rows are compared with, by the numbers of their vectors."""
        for row in sorted(before, key=lambda one: one.candidate):
            entry = Entry.of(row.plot)
            plot = self._number(entry.parts)
            self._keep(row, entry, self._texts.add(entry.item, fixed=True), plot)
            self._groups.settle(row.situation, plot, row.group)
        self._compare_from_now()

    def judge(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Give the next candidates in rank their novelty verdicts and groups.

        Returns:
            The candidates in the order given; those without a scenario untouched.
        """
        told = {one.id: (one.scenario, plot_of(one.scenario)) for one in candidates if one.scenario is not None}
        looked_up = self._looked_up({identity: scenario for identity, (scenario, _) in told.items()})
        away = {identity: (verdict,) for identity, verdict in looked_up.items() if verdict.outcome != "pass"}
        away |= self._copies_of_released({name: plot for name, (_, plot) in told.items() if name not in away})
        rows = [self._row(one, *told[one.id]) for one in candidates if one.id in told and one.id not in away]
        near = self._near(row.number for row in rows if not self._same_words(row))
        decided = {}
        for row in rows:
            verdict, group = self._judge_row(row, near.get(row.number, ()))
            also = [looked_up[row.candidate.id]] if row.candidate.id in looked_up else []
            decided[row.candidate.id] = ((verdict, *also), group)
        decided |= {identity: (verdicts, told[identity][0].id) for identity, verdicts in away.items()}
        self._compare_from_now()
        return [_decided(one, *decided[one.id]) if one.id in decided else one for one in candidates]

    @property
    def kept(self) -> Iterable[KeptRow]:
        """The rows that stay so far, those of before among them."""
        return iter(self._rows)

    def _judge_row(self, row: _Row, near: Sequence[tuple[int, float]]) -> tuple[Verdict, str]:
        threshold = self._settings.threshold
        match = self._kept.match(row.entry, self._texts.standing[row.item], row.number, near, threshold)
        judged = Judged(match is None or not match.copy_at(threshold), match)
        other = self._rows[match.other] if match is not None else None
        if not judged.kept and other is not None:
            placement = Placement(other.group)
        else:
            situation = kit_group(row.scenario)
            placement = self._groups.place(row.scenario.id, situation, row.number, near)
            kept = KeptRow(row.candidate.id, row.scenario.id, situation, row.plot, placement.group)
            self._keep(kept, row.entry, row.item, row.number)
        if placement.between:
            return between_groups(placement.between, self._settings.related), placement.group
        if match is None or other is None:
            return new_verdict(self._floor), placement.group
        verdict = verdict_against(
            judged,
            match,
            row.plot,
            other.plot,
            other_id=other.candidate,
            other_scenario=other.scenario,
            threshold=threshold,
        )
        return verdict, placement.group

    def _looked_up(self, told: Mapping[str, Scenario]) -> dict[str, Verdict]:
        """Return what the protected corpora say of each candidate, by id; nothing where there are none."""
        if self._protected is None or not told:
            return {}
        corpora, keeper = self._protected.corpora, self._protected.keeper
        found = look_up([told_by(scenario) for scenario in told.values()], corpora, self._vectors.encoder, keeper)
        names = [corpus.name for corpus in corpora]
        return {identity: protected_verdict(one, names) for identity, one in zip(told, found, strict=True)}

    def _copies_of_released(self, plots: Mapping[str, Plot]) -> dict[str, tuple[Verdict]]:
        """Return the verdicts on candidates that copy a row of an earlier release, by id; each is its own group."""
        if self._released is None:
            return {}
        found = self._released.copied_by(list(plots.values()), self._settings.threshold, self._vectors.encoder)
        return {identity: (verdict,) for identity, verdict in zip(plots, found, strict=True) if verdict is not None}

    def _row(self, candidate: Candidate, scenario: Scenario, plot: Plot) -> _Row:
        entry = Entry.of(plot)
        return _Row(candidate, scenario, entry, plot, self._texts.add(entry.item), self._number(entry.parts))

    def _same_words(self, row: _Row) -> bool:
        """Tell whether a row has the words of a kept one, so that its vector would change nothing."""
        return row.entry.surface in self._kept.by_surface or self._texts.standing[row.item] in self._kept.by_item

    def _number(self, parts: tuple[str, ...]) -> int:
        """Return the number of a plot: one for all with the same parts."""
        if parts not in self._numbers:
            self._numbers[parts] = len(self._parts)
            self._parts.append(parts)
        return self._numbers[parts]

    def _keep(self, row: KeptRow, entry: Entry, item: int, plot: int) -> None:
        self._kept.keep(len(self._rows), entry, item, plot)
        self._rows.append(row)

    def _near(self, plots: Iterable[int]) -> Near:
        """Return what is near those plots, among them and the plots of the rows kept before them."""
        asked = list(dict.fromkeys(plots))
        if not asked:
            return {}
        near: dict[int, list[tuple[int, float]]] = {plot: [] for plot in asked}
        vectors = self._vectors.of([self._parts[plot] for plot in asked])
        for left, right, cosine in _triples(near_pairs(vectors, self._floor)):
            near[asked[left]].append((asked[right], cosine))
            near[asked[right]].append((asked[left], cosine))
        among = set(asked)
        for row, place, cosine in self._vectors.near(vectors, self._floor) if self._compared else ():
            plot = self._compared.get(row)
            if plot is not None and plot not in among:
                near[asked[place]].append((plot, cosine))
        return near

    def _compare_from_now(self) -> None:
        """Compare later rows with the plots of all rows kept by now."""
        new = list(islice(self._kept.by_plot, len(self._compared), None))
        parts = [self._parts[plot] for plot in new]
        self._vectors.make(parts)
        self._compared.update(zip(self._vectors.rows(parts), new, strict=True))


class _Texts:
    """Texts in order of rank by number, each with the number of the first before it that has nearly the same words."""

    def __init__(self) -> None:
        self.standing: list[int] = []
        self._numbers: dict[Item, int] = {}
        self._words = Words()

    def add(self, item: Item, *, fixed: bool = False) -> int:
        """Return the number of a text; a fixed one stands for itself whatever it resembles."""
        if item in self._numbers:
            return self._numbers[item]
        number = len(self.standing)
        of = None if fixed else self._words.first_like(item)
        if of is None:
            self._words.add(number, item)
        self.standing.append(number if of is None else of)
        self._numbers[item] = number
        return number


def _triples(pairs: Pairs) -> Iterator[tuple[int, int, float]]:
    for left, right, cosine in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True):
        yield left, right, min(cosine, 1.0)


def _decided(candidate: Candidate, verdicts: Iterable[Verdict], group: str) -> Candidate:
    others = tuple(one for one in candidate.verdicts if one.gate != "novelty")
    return candidate.model_copy(update={"verdicts": (*others, *verdicts), "group": group})
