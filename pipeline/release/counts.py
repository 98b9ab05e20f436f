"""What a release counts of its candidates, all of it in one pass: lazy ones are read anew in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pipeline.errors import WorkError
from pipeline.release.funnel import CellCounts, Funnel, is_made_in
from pipeline.schema.outline import Counted

SplitRows = dict[str, list[tuple[str, int]]]
"""Ids of scenarios, each with its position among the candidates, by split; no split is empty."""


class Counts:
    """Takes the candidates of a release in their order, one at a time.

    Args:
        version: of the release.
    """

    def __init__(self, version: str) -> None:
        self.funnel, self.cells = Funnel(), CellCounts(version)
        self._version = version
        self._rows: SplitRows = defaultdict(list)
        self._ids: set[str] = set()
        self._taken = 0

    def add(self, candidate: Counted) -> None:
        """Count a candidate; the funnel is of those that the release made itself.

        Raises:
            ValueError: if an accepted one has no scenario, group or split, or the scenario of another.
        """
        if candidate.accepted:
            self._add_row(candidate)
        self._taken += 1
        if is_made_in(candidate, self._version):
            self.funnel.add(candidate)
        self.cells.add(candidate)

    @property
    def rows(self) -> SplitRows:
        """The rows of each split that has any.

        Raises:
            WorkError: if no candidate was accepted.
        """
        if not self._rows:
            raise WorkError("no candidate was accepted, so there is nothing to release")
        return dict(self._rows)

    def _add_row(self, candidate: Counted) -> None:
        if candidate.scenario is None or candidate.group is None or candidate.split is None:
            raise ValueError(f"candidate {candidate.id} is accepted and lacks its scenario, group or split")
        if candidate.scenario.id in self._ids:
            raise ValueError(f"two accepted candidates hold the scenario {candidate.scenario.id}")
        self._ids.add(candidate.scenario.id)
        self._rows[candidate.split].append((candidate.scenario.id, self._taken))


def counts_of(candidates: Iterable[Counted], version: str) -> Counts:
    """Return what a release counts of its candidates; errors as for :meth:`Counts.add`."""
    counts = Counts(version)
    for candidate in candidates:
        counts.add(candidate)
    return counts
