"""Checks of a release's rows: ids, labels, splits, counts, and near-duplicates across splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.release.carry import HELD_OUT
from pipeline.release.files import CANDIDATES, MANIFEST, RETIRED, data_file, list_files, split_of_file
from pipeline.release.funnel import cell_results, funnel, made_in
from pipeline.release.problem import Problem, first_mistake
from pipeline.release.tables import (
    CANARY,
    Row,
    TableError,
    candidate_from_row,
    candidate_schema,
    read_rows,
    scenario_from_row,
    scenario_schema,
)
from pipeline.schema.base import sha256_of
from pipeline.schema.candidate import Candidate
from pipeline.schema.manifest import Manifest
from pipeline.schema.scenario import Scenario
from pipeline.splits import split_of

if TYPE_CHECKING:
    from pipeline.deduplicate.novelty import PlotVectors

ROUNDING = 1e-4
"""How far a cosine must lie above the limit: the same texts in other batches differ in their last bits."""

_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Standing:
    """Where a row of a split stands."""

    file: str
    row: int
    split: str

    def problem(self, text: str) -> Problem:
        """Return a problem of this row."""
        return Problem(file=self.file, row=self.row, problem=text)

    @property
    def place(self) -> str:
        """The file and the row, for a message."""
        return f"{self.file}, row {self.row}"


@dataclass(frozen=True)
class Placed(Standing):
    """A row of a split that is a sound scenario, and where it stands."""

    group: str
    scenario: Scenario
    canary: str | None = None


@dataclass(frozen=True)
class Compared(Standing):
    """A row of a split by what near-duplicates are known by: its plot, the surface of its view, its situation."""

    parts: tuple[str, ...]
    surface: str
    situation: str | None

    @classmethod
    def of(cls, row: Placed) -> Compared:
        """Work out what a row is compared by."""
        from pipeline.deduplicate.groups import kit_group
        from pipeline.deduplicate.plot import parts_of, view_surface

        scenario = row.scenario
        return cls(row.file, row.row, row.split, parts_of(scenario), view_surface(scenario), kit_group(scenario))


def read_splits(folder: Path) -> tuple[list[Placed], Counter[str], list[Problem]]:
    """Read the table of every split.

    Returns:
        The sound rows, how many rows each split has (sound or not), and what is wrong with the others.
    """
    placed: list[Placed] = []
    counts: Counter[str] = Counter()
    problems: list[Problem] = []
    for path in list_files(folder):
        split = split_of_file(path)
        if split is None:
            continue
        rows, unreadable = _read_table(folder, path, candidates=False)
        problems += unreadable
        counts[split] += len(rows)
        for number, row in enumerate(rows):
            try:
                placed.append(Placed(path, number, split, str(row["group"]), scenario_from_row(row), row[CANARY]))
            except _UNREADABLE as error:
                problems.append(Problem(file=path, row=number, problem=first_mistake(error)))
    return placed, counts, problems


def read_retired(folder: Path, manifest: Manifest) -> tuple[list[Placed], list[Problem]]:
    """Read ``retired.parquet``, each row with the split that its group has; no row where there is no such file."""
    if not (folder / RETIRED).is_file():
        return [], []
    rows, problems = _read_table(folder, RETIRED, candidates=False)
    placed = []
    for number, row in enumerate(rows):
        try:
            split = split_of(str(row["group"]), manifest.specification.splits)
            placed.append(Placed(RETIRED, number, split, str(row["group"]), scenario_from_row(row)))
        except _UNREADABLE as error:
            problems.append(Problem(file=RETIRED, row=number, problem=first_mistake(error)))
    return placed, problems


def read_candidates(folder: Path) -> tuple[list[Candidate] | None, list[Problem]]:
    """Read ``candidates.parquet``; ``None`` in place of the candidates if any of them cannot be read."""
    if not (folder / CANDIDATES).is_file():
        return None, []  # reported with the files
    rows, problems = _read_table(folder, CANDIDATES, candidates=True)
    candidates = []
    for number, row in enumerate(rows):
        try:
            candidates.append(candidate_from_row(row))
        except _UNREADABLE as error:
            problems.append(Problem(file=CANDIDATES, row=number, problem=first_mistake(error)))
    return (None if problems else candidates), problems


def check_rows(rows: Sequence[Placed], manifest: Manifest) -> Iterator[Problem]:
    """Check each row by itself: labels known to the seeds, split as its group says, id once only."""
    first: dict[str, Placed] = {}
    for row in rows:
        scenario = row.scenario
        labels = {"motives": scenario.motive, "risk_types": scenario.risk_type, "domains": scenario.domain}
        for kind, label in labels.items():
            if f"{kind}/{label}" not in manifest.seeds:
                yield row.problem(f"{kind}/{label} is not among the manifest's seeds")
        expected = split_of(row.group, manifest.specification.splits)
        if expected != row.split:
            yield row.problem(f"group {row.group} belongs to the split {expected}, not to {row.split}")
        if scenario.id in first:
            yield row.problem(f"holds the same scenario as {first[scenario.id].place}")
        first.setdefault(scenario.id, row)


def check_counts(counts: Mapping[str, int], candidates: Sequence[Candidate], manifest: Manifest) -> Iterator[Problem]:
    """Check that the manifest counts what the tables hold."""
    hidden = {HELD_OUT} if manifest.withheld is not None else set()
    for split in sorted((set(counts) | set(manifest.splits)) - hidden):
        stated, found = manifest.splits.get(split), counts.get(split)
        if stated != found:
            yield Problem(file=data_file(split), problem=f"holds {found} rows, the manifest says {stated}")
    if manifest.withheld is not None:
        return  # the public part counts what the whole release holds
    try:
        steps = funnel(made_in(candidates, manifest.version))
        cells = cell_results(manifest.plan.cells, candidates, manifest.stopped_by, manifest.version)
    except ValueError as error:
        yield Problem(file=CANDIDATES, problem=first_mistake(error))
        return
    for name, stated_counts, found_counts in (("funnel", manifest.funnel, steps), ("cells", manifest.cells, cells)):
        if stated_counts != found_counts:
            yield Problem(file=MANIFEST, problem=f"`{name}` does not count what {CANDIDATES} holds")


def check_candidates(rows: Sequence[Placed], candidates: Sequence[Candidate]) -> Iterator[Problem]:
    """Check that the rows are the accepted candidates, each in its split with its group."""
    by_id = {row.scenario.id: row for row in rows}
    kept = ((number, one) for number, one in enumerate(candidates) if one.accepted)
    accepted = {one.scenario.id: (number, one) for number, one in kept if one.scenario is not None}
    for identity, row in by_id.items():
        if identity not in accepted:
            yield row.problem(f"{identity} is not among the accepted candidates")
    for identity, (number, candidate) in accepted.items():
        held = by_id.get(identity)
        if held is None:
            problem = f"accepted scenario {identity} is in no split"
            yield Problem(file=CANDIDATES, row=number, problem=problem)
        elif (held.scenario, held.group, held.split) != (candidate.scenario, candidate.group, candidate.split):
            yield held.problem(f"is not what {CANDIDATES}, row {number} holds: scenario, group or split differ")


def check_across_splits(rows: Iterable[Compared], manifest: Manifest, vectors: PlotVectors | None) -> Iterator[Problem]:
    """Find rows of one split that are near-duplicates of another's.

    Without vectors: equal agent-visible text, equal plots, and rows of one worked situation. With
    one, also plots whose cosine is at least what the specification calls related.
    """
    standing: list[Standing] = []
    plots: list[tuple[str, ...]] = []
    keys: dict[str, list[str | None]] = {
        "the agent-visible text of": [],
        "the plot of": [],
        "the worked situation of": [],
    }
    for row in rows:
        standing.append(Standing(row.file, row.row, row.split))
        plots.append(row.parts)
        found = (row.surface, " | ".join(row.parts), row.situation)
        for values, value in zip(keys.values(), found, strict=True):
            values.append(None if value is None else sha256_of(value))
    for shared, values in keys.items():
        first: dict[str, Standing] = {}
        for place, value in zip(standing, values, strict=True):
            if value is not None and first.setdefault(value, place).split != place.split:
                yield place.problem(f"has {shared} {first[value].place}, which is of another split")
    if vectors is not None and len({place.split for place in standing}) > 1:
        yield from _check_near(standing, plots, manifest, vectors)


def _check_near(
    rows: Sequence[Standing], plots: Sequence[tuple[str, ...]], manifest: Manifest, vectors: PlotVectors
) -> Iterator[Problem]:
    """Report each row that is near a row of another split before it: once, with the nearest."""
    import numpy as np

    from pipeline.deduplicate.semantic import near_pairs

    settings = manifest.specification.deduplication
    limit = min(settings.related, settings.threshold)
    _, labels = np.unique([row.split for row in rows], return_inverse=True)
    pairs = near_pairs(vectors.of(plots), limit + ROUNDING, labels=labels.astype(np.int32))
    nearest: dict[int, tuple[float, int]] = {}
    for left, right, cosine in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.cosine.tolist(), strict=True):
        nearest[right] = max(nearest.get(right, (cosine, left)), (cosine, left))
    for number, (cosine, other) in sorted(nearest.items()):
        yield rows[number].problem(
            f"is a near-duplicate of {rows[other].place}, which is of another split: "
            f"cosine {cosine:.3f}, the limit is {limit:g}"
        )


def _read_table(folder: Path, path: str, *, candidates: bool) -> tuple[list[Row], list[Problem]]:
    try:
        return read_rows(folder / path, candidate_schema() if candidates else scenario_schema()), []
    except TableError as error:
        return [], [Problem(file=path, problem=first_mistake(error))]
