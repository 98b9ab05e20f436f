"""Looks a build's rows up in releases that came before it: what copies one of their rows is not new."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path

from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.evidence import verdict_against
from pipeline.deduplicate.kept_files import Note
from pipeline.deduplicate.lexical import Item, WordTable, bands_of, jaccard
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.row_index import KeptRows, RowIndex, joined
from pipeline.deduplicate.semantic import near_between
from pipeline.deduplicate.survivors import Entry, Judged, Match, embed
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict


@dataclass(frozen=True)
class ReleasedRows:
    """The rows of an earlier release: its name, their ids, and how to get their scenarios, should they be needed."""

    name: str
    ids: tuple[str, ...]
    scenarios: Callable[[], Iterable[Scenario]]

    @classmethod
    def of(cls, name: str, scenarios: Sequence[Scenario]) -> ReleasedRows:
        """Take scenarios that are at hand."""
        return cls(name, tuple(scenario.id for scenario in scenarios), lambda: scenarios)


@dataclass(frozen=True)
class EarlierRow:
    """A row of an earlier release, with what it is compared by."""

    release: str
    scenario: str
    plot: Plot
    entry: Entry
    item: Item

    @property
    def name(self) -> str:
        """Release and id."""
        return f"{self.release}/{self.scenario}"


@dataclass(frozen=True)
class EarlierRows:
    """Rows of earlier releases; ``releases`` names that of each. Made once for a build: it sorts their words once."""

    releases: tuple[str, ...]
    held: KeptRows
    _seen: dict[int, EarlierRow] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.releases)

    def row(self, number: int) -> EarlierRow:
        """Return a row by its place."""
        if number not in self._seen:
            plot = self.held.plot(number)
            entry = Entry.of(plot)
            self._seen[number] = EarlierRow(self.releases[number], self.held.ids[number], plot, entry, entry.item)
        return self._seen[number]

    @cached_property
    def _words(self) -> WordTable:
        return WordTable(self.held.bands)

    @cached_property
    def _surfaces(self) -> dict[bytes, int]:
        """The first row of each agent-visible text."""
        first: dict[bytes, int] = {}
        for number, surface in enumerate(self.held.surfaces):
            first.setdefault(surface.tobytes(), number)
        return first

    def copied_by(self, plots: Sequence[Plot], threshold: float, encoder: Encoder) -> list[Verdict | None]:
        """Return, for each plot, the verdict on a row that copies one of these; ``None`` for one that copies none.

        A copy shows an agent the same, has nearly the same words, or a cosine of at least ``threshold``, in this order.
        The nearest is named, of equally near ones the first; one that a person has to look at first, only where there
        is no other.

        Args:
            plots: of the rows that are looked up.
            threshold: cosine from which a row is a copy.
            encoder: the one that made the vectors.
        """
        if not plots or not len(self):
            return [None] * len(plots)
        entries = [Entry.of(plot) for plot in plots]
        nearest = self._nearest(entries, threshold, encoder)
        for number, entry in enumerate(entries):
            exact = self._surfaces.get(bytes.fromhex(entry.surface))
            if exact is not None:
                nearest[number] = Match(exact, "exact", 1.0)
                continue
            other = self._first_like(entry)
            if other is not None and self.row(other).plot.parts != entry.parts:
                nearest[number] = Match(other, "lexical", jaccard(self.row(other).item.text, entry.item.text))
        return [
            self._verdict(plot, nearest[number], threshold) if number in nearest else None
            for number, plot in enumerate(plots)
        ]

    def _nearest(self, entries: Sequence[Entry], threshold: float, encoder: Encoder) -> dict[int, Match]:
        """Return by place of an entry the nearest row that nobody has to look at first, or else the nearest of all."""
        vectors = embed([entry.parts for entry in entries], encoder)
        pairs = near_between(self.held.vectors, vectors, threshold)
        found: dict[int, Match] = {}
        several = zip(pairs.right.tolist(), (-pairs.cosine).tolist(), pairs.left.tolist(), strict=True)
        for number, group in groupby(several, key=lambda pair: pair[0]):
            for _, cosine, left in sorted((number, max(cosine, -1.0), left) for _, cosine, left in group):
                match = Match(left, "semantic", -cosine, entries[number].doubt(self.row(left).entry))
                found.setdefault(number, match)
                if match.doubt is None:
                    found[number] = match
                    break
        return found

    def _first_like(self, entry: Entry) -> int | None:
        """Return the first row with nearly the same words, equal amounts and as many denials."""
        item = entry.item
        near = self._words.near(bands_of(item.text))
        return next((other for other in near if self.row(other).item.same_words_as(item)), None)

    def _verdict(self, plot: Plot, match: Match, threshold: float) -> Verdict:
        other = self.row(match.other)
        return verdict_against(
            Judged(kept=False, match=match),
            match,
            plot,
            other.plot,
            other_id=other.name,
            other_scenario=other.scenario,
            threshold=threshold,
        )


def earlier_rows(
    releases: Sequence[ReleasedRows],
    encoder: Encoder,
    folder: Path,
    tell: Callable[[int, int], None] | None = None,
    note: Note | None = None,
) -> EarlierRows:
    """Return the rows of releases, made once and for all.

    Args:
        releases: whose rows.
        encoder: embeds their plots.
        folder: where the index is kept (:mod:`pipeline.deduplicate.row_index`).
        tell: called with the rows of a release that were made so far, and their number.
        note: told of files there that are damaged, and made anew.
    """
    index = RowIndex(folder, encoder, note)
    held = [index.rows(release.ids, release.scenarios, tell) for release in releases]
    return EarlierRows(tuple(release.name for release in releases for _ in release.ids), joined(held))
