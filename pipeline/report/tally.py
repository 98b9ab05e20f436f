"""Counts that the report and the dataset card show, taken from the manifest and the candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.schema.manifest import CellResult, Manifest
from pipeline.schema.outline import Counted

OUTCOMES = ("pass", "fail", "error", "not_run")

NO_VERSION = "-"
"""What stands for the version of a check that did not run (:func:`pipeline.validate.verdicts.not_run`)."""

STOPPED_BY = {
    "full": "every cell was full",
    "attempts": "the attempts of the cells still short were used up",
    "budget": "the budget ran out",
}
"""What ended a build, in words."""


@dataclass(frozen=True)
class CheckTally:
    """What one check of a gate said, over all candidates that it saw."""

    gate: str
    checker: str
    version: str
    seen: int
    passed: int
    failed: int
    errors: int
    not_run: int


@dataclass(frozen=True)
class CoverageCell:
    """Rows accepted and wanted for one motive and risk type, over all domains."""

    motive: str
    risk_type: str
    accepted: int
    quota: int

    @property
    def level(self) -> int:
        """How full it is, in quarters: 0 for nothing, 4 for the whole quota."""
        return min(4, -(-4 * self.accepted // self.quota)) if self.quota else 0


@dataclass(frozen=True)
class Coverage:
    """The grid of motives (rows) and risk types (columns). ``None`` marks what was not planned."""

    motives: tuple[str, ...]
    risk_types: tuple[str, ...]
    cells: dict[tuple[str, str], CoverageCell | None]


class CheckCounts:
    """Counts the verdicts of each check, one candidate at a time."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], dict[str, Counter[str]]] = {}

    def add(self, candidate: Counted) -> None:
        """Count the verdicts on a candidate."""
        for verdict in candidate.verdicts:
            versions = self._counts.setdefault((verdict.gate, verdict.checker), {})
            versions.setdefault(verdict.version, Counter())[verdict.outcome] += 1

    def rows(self) -> list[CheckTally]:
        """Return what each check said, by gate in the order of their first appearance.

        A check that did not run on a candidate has no version there; that counts with its version elsewhere, where
        there is just one.
        """
        gates = list(dict.fromkeys(gate for gate, _ in self._counts))
        return [
            CheckTally(gate, checker, version, count.total(), *(count[outcome] for outcome in OUTCOMES))
            for (gate, checker), versions in sorted(self._counts.items(), key=lambda one: gates.index(one[0][0]))
            for version, count in _merged(versions).items()
        ]


def _merged(versions: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    real = [version for version in versions if version != NO_VERSION]
    if len(real) != 1 or NO_VERSION not in versions:
        return versions
    return {real[0]: versions[real[0]] + versions[NO_VERSION]}


def coverage(cells: Sequence[CellResult]) -> Coverage:
    """Sum the planned cells over their domains."""
    accepted: Counter[tuple[str, str]] = Counter()
    quota: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        key = (cell.cell.motive, cell.cell.risk_type)
        accepted[key] += cell.accepted
        quota[key] += cell.quota
    motives = tuple(sorted({motive for motive, _ in quota}))
    risk_types = tuple(sorted({risk_type for _, risk_type in quota}))
    grid = {
        key: CoverageCell(*key, accepted[key], quota[key]) if key in quota else None
        for key in ((motive, risk_type) for motive in motives for risk_type in risk_types)
    }
    return Coverage(motives, risk_types, grid)


def by_domain(manifest: Manifest) -> dict[str, int]:
    """Return accepted rows by domain, domains in order."""
    counts = Counter({cell.cell.domain: 0 for cell in manifest.cells})
    for cell in manifest.cells:
        counts[cell.cell.domain] += cell.accepted
    return dict(sorted(counts.items()))


def short_cells(manifest: Manifest) -> list[CellResult]:
    """Return the cells that hold less than their quota."""
    return [cell for cell in manifest.cells if cell.accepted < cell.quota]


def rows(manifest: Manifest) -> int:
    """Return how many rows the release has, over all splits."""
    return sum(manifest.splits.values())


def is_embedded(manifest: Manifest) -> bool:
    """Return whether a model embedded in the process wrote or judged any of it."""
    return any(use.endpoint_kind == "embedded" for use in manifest.models)
