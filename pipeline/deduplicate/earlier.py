"""Looks a build's rows up in releases that came before it: what copies one of their rows is not new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.deduplicate.doubt import doubt
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.evidence import verdict_against
from pipeline.deduplicate.kept_files import Note
from pipeline.deduplicate.lexical import Words, jaccard
from pipeline.deduplicate.plot import Plot
from pipeline.deduplicate.plot_store import stored_plots
from pipeline.deduplicate.semantic import near_between
from pipeline.deduplicate.survivors import Entry, Judged, Match, embed
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.schema.scenario import Scenario
from pipeline.schema.verdict import Verdict


@dataclass(frozen=True)
class EarlierRow:
    """A row of an earlier release."""

    release: str
    scenario: str
    plot: Plot

    @property
    def name(self) -> str:
        """Release and id."""
        return f"{self.release}/{self.scenario}"


@dataclass(frozen=True)
class EarlierRows:
    """Rows of earlier releases, with the vectors of their plots in the same order."""

    rows: tuple[EarlierRow, ...]
    vectors: NDArray[np.float32]

    @cached_property
    def _words(self) -> Words:
        """The rows by their words, under their places in the order."""
        words = Words()
        for number, row in enumerate(self.rows):
            words.add(number, Entry.of(row.plot).item)
        return words

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
        nearest: dict[int, Match] = {}
        if self.rows and plots:
            pairs = near_between(self.vectors, embed([plot.parts for plot in plots], encoder), threshold)
            for left, right, cosine in zip(
                pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True
            ):
                match = Match(left, "semantic", min(cosine, 1.0), doubt(plots[right], self.rows[left].plot))
                if right not in nearest or _closeness(match) > _closeness(nearest[right]):
                    nearest[right] = match
        for number, plot in enumerate(plots):
            other = self._words.first_like(Entry.of(plot).item)
            if other is not None and self.rows[other].plot.parts != plot.parts:
                words = jaccard(self.rows[other].plot.text, plot.text)
                nearest[number] = Match(other, "lexical", words)
        surfaces = {row.plot.surface: number for number, row in reversed(list(enumerate(self.rows)))}
        for number, plot in enumerate(plots):
            if plot.surface in surfaces:
                nearest[number] = Match(surfaces[plot.surface], "exact", 1.0)
        return [
            self._verdict(plot, nearest[number], threshold) if number in nearest else None
            for number, plot in enumerate(plots)
        ]

    def _verdict(self, plot: Plot, match: Match, threshold: float) -> Verdict:
        other = self.rows[match.other]
        return verdict_against(
            Judged(kept=False, match=match),
            match,
            plot,
            other.plot,
            other_id=other.name,
            other_scenario=other.scenario,
            threshold=threshold,
        )


def _closeness(match: Match) -> tuple[bool, float]:
    return match.doubt is None, match.score


def earlier_rows(
    releases: Sequence[tuple[str, Sequence[Scenario]]],
    encoder: Encoder,
    folder: Path,
    tell: Callable[[int, int], None] | None = None,
    note: Note | None = None,
) -> EarlierRows:
    """Return the rows of releases, encoded once and for all.

    Args:
        releases: name and scenarios of each.
        encoder: embeds their plots.
        folder: where plots and vectors are kept (:mod:`pipeline.deduplicate.vector_store`).
        tell: called with the texts of a release that have vectors so far, and their number.
        note: told of files there that are damaged, and made anew.
    """
    rows: list[EarlierRow] = []
    vectors = []
    keeping = KeptEncoder(encoder, folder, tell, note)
    for name, scenarios in releases:
        plots = stored_plots(folder, scenarios, note)
        fresh = [EarlierRow(name, scenario.id, plot) for scenario, plot in zip(scenarios, plots, strict=True)]
        vectors.append(embed([plot.parts for plot in plots], keeping))
        rows += fresh
    return EarlierRows(tuple(rows), np.concatenate(vectors) if vectors else np.zeros((0, 0), dtype=np.float32))
