"""Releases whose rows must not be copied: found, pinned, and read only where their rows are not in the index yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.deduplicate.earlier import ReleasedRows
from pipeline.errors import WorkError
from pipeline.release.check_files import check_listed
from pipeline.release.check_rows import read_splits
from pipeline.release.files import list_files, split_of_file
from pipeline.release.previous import found_release, unsound
from pipeline.release.tables import TableError, read_ids
from pipeline.schema.manifest import Manifest
from pipeline.schema.renewal import PreviousRelease
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Specification


@dataclass(frozen=True)
class Against:
    """A release to compare with.

    Args:
        reference: its name with the hash of its manifest.
        folder: where it lies.
        ids: of its rows, in the order of its tables.
    """

    reference: PreviousRelease
    folder: Path
    ids: tuple[str, ...]

    @property
    def rows(self) -> ReleasedRows:
        """Its rows, as the deduplicate stage takes them."""
        return ReleasedRows(self.reference.release, self.ids, partial(scenarios_in, self.folder))


def load_against(specification: Specification, releases: Path) -> tuple[Against, ...]:
    """Find the releases whose rows must not be copied.

    Of each, the manifest and the tables of rows are compared with their hashes; no row is read but its id, which is the
    hash of what is in it. Nothing else of a release bears on what copies it; ``impress verify`` looks at all of it.

    Args:
        specification: names the releases, and the hash of each one's manifest if it is pinned.
        releases: the folder where one is looked for if the specification gives no path.

    Raises:
        WorkError: if one is not there, its tables are not what its manifest says, it is another release than its name
            says, or not the pinned one.
    """
    return tuple(
        _load(named, releases, f"deduplication.against.{number}")
        for number, named in enumerate(specification.deduplication.against)
    )


def _load(named: PreviousRelease, releases: Path, field: str) -> Against:
    folder, manifest, reference = found_release(named, releases, field)
    try:
        ids = row_ids(folder, manifest)
    except TableError as error:
        raise WorkError(f"{folder}: the release is not sound: {error}") from error
    return Against(reference, folder, ids)


def scenarios_in(folder: Path) -> list[Scenario]:
    """Read the rows of a release.

    Raises:
        WorkError: if one is no sound scenario, or its id is not the hash of its content.
    """
    placed, _, problems = read_splits(folder)
    if problems:
        raise WorkError(unsound(folder, problems))
    return [row.scenario for row in placed]


def row_ids(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Return the ids of a release's rows, of tables that are what its manifest says.

    Raises:
        TableError: if a table is missing, another, or cannot be read, or an id stands twice.
    """
    tables = sorted((one for one in manifest.files if split_of_file(one.path)), key=lambda one: one.path)
    for problem in check_listed(folder, tables, set(list_files(folder))):
        raise TableError(str(problem))
    ids = [identity for table in tables for identity in read_ids(folder / table.path)]
    twice = [one for one, times in Counter(ids).items() if times > 1]
    if twice:
        raise TableError(f"{twice[0]} stands twice")
    return tuple(ids)
