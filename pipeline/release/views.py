"""Views of a release: the rows as of a version, those after a day, and what two releases have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError, WorkError
from pipeline.release.carry import HeldRow
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import read_retired, read_splits
from pipeline.release.previous import held_rows
from pipeline.release.versions import parts
from pipeline.schema.manifest import Manifest


@dataclass(frozen=True)
class Rows:
    """A release's rows: those that are active in it, and those that retired in it or before."""

    manifest: Manifest
    active: tuple[HeldRow, ...]
    retired: tuple[HeldRow, ...]

    @property
    def dates(self) -> dict[str, str]:
        """The day of the first completion of each release of the history and of this one, by version."""
        past = () if self.manifest.succession is None else self.manifest.succession.history
        return {one.version: one.created for one in past} | {self.manifest.version: self.manifest.created}


def read_release(folder: Path) -> Rows:
    """Read the rows of a release folder.

    Raises:
        WorkError: if the folder is no release, or one of its rows cannot be read.
    """
    manifest, problems = read_manifest(folder)
    if manifest is None:
        raise WorkError(f"{folder}: {problems[0]}")
    rows, _, unsound = read_splits(folder)
    retired, unsound_retired = read_retired(folder, manifest)
    problems += [*unsound, *unsound_retired]
    if problems:
        raise WorkError(f"{folder}: {problems[0]}")
    return Rows(manifest, held_rows(rows), held_rows(retired))


def as_of(rows: Rows, version: str) -> list[HeldRow]:
    """Return the rows that were active in an earlier version, or are in this one, by id.

    Rows that this release still holds out are among them only where the folder is the whole release.

    Raises:
        UsageError: if the release's history has no such version.
    """
    if version not in rows.dates:
        known = ", ".join(sorted(rows.dates, key=parts))
        raise UsageError(f"{rows.manifest.name} has no version {version} in its history; there are {known}")
    at = parts(version)
    return _by_id(
        row
        for row in (*rows.active, *rows.retired)
        if parts(row.scenario.introduced) <= at
        and (row.scenario.retired is None or at < parts(row.scenario.retired.version))
    )


def after(rows: Rows, date: str) -> list[HeldRow]:
    """Return the active rows of releases whose first completion is of a later day than ``date`` (``YYYY-MM-DD``).

    For a model with a known cutoff. Motives, risk types and kits are older than the rows that came of them.

    Raises:
        UsageError: if ``date`` is no day.
    """
    import datetime

    try:
        datetime.date.fromisoformat(date)
    except ValueError as error:
        raise UsageError(f"{date!r} is not a day as YYYY-MM-DD") from error
    dates = rows.dates
    return _by_id(row for row in rows.active if dates[row.scenario.introduced] > date)


def common_anchors(earlier: Rows, later: Rows) -> list[HeldRow]:
    """Return the rows on which rates of two releases can be equated: anchors of the later one that both hold.

    An anchor of a release is a row that it carried over and promised to keep; over several releases only those
    count that the later one still promises.
    """
    promised = set() if later.manifest.succession is None else set(later.manifest.succession.anchors)
    held = {row.id for row in earlier.active}
    return _by_id(row for row in later.active if row.id in promised and row.id in held)


def changed_rows(earlier: Rows, later: Rows) -> list[str]:
    """Say, a line each, which rows of the earlier release are not in the later one as they were; none if sound.

    A row has to be there still, active or retired, with equal content, group, split and introduction.
    """
    found = {row.id: row for row in (*later.active, *later.retired)}
    wrong = []
    for row in _by_id((*earlier.active, *earlier.retired)):
        now = found.get(row.id)
        if now is None:
            if later.manifest.withheld is None:
                wrong.append(f"{row.id} is gone: a row may retire, and then it stays among the retired ones")
        elif (now.group, now.split, now.scenario.introduced) != (row.group, row.split, row.scenario.introduced):
            wrong.append(f"{row.id} has another group, split or introduction than before")
        elif row.scenario.retired is not None and now.scenario.retired != row.scenario.retired:
            wrong.append(f"{row.id} had retired, and its retirement reads otherwise now")
        elif now.scenario.model_copy(update={"retired": None}) != row.scenario.model_copy(update={"retired": None}):
            wrong.append(f"{row.id} is not what it was")
    return wrong


def _by_id(rows: Iterable[HeldRow]) -> list[HeldRow]:
    return sorted(rows, key=lambda row: row.id)
