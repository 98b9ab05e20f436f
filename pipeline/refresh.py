"""The next release of a benchmark: which version, on top of which release, and whether it is due before its time."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipeline.contamination.record import Contamination
from pipeline.errors import UsageError, WorkError
from pipeline.release.check_files import read_manifest
from pipeline.release.versions import next_version, parts
from pipeline.release.views import read_release
from pipeline.schema.cell import Plan
from pipeline.schema.renewal import Carries, LastRelease, Schedule
from pipeline.schema.specification import Specification


@dataclass(frozen=True)
class Next:
    """What to build next, and the folder of the release that it follows; ``None`` for the first."""

    specification: Specification
    last: Path | None


def next_release(specification: Specification, releases: Path, today: datetime.date) -> Next:
    """Return what to build next: the specification itself if there is no release yet, or one on top of the last.

    Args:
        specification: with its ``schedule``; ``version`` is that of the first release.
        releases: the folder of releases.
        today: the month that the next version names, unless the last one has it already.

    Raises:
        UsageError: if the specification has no schedule.
    """
    schedule = scheduled(specification)
    last = last_release(specification.name, releases)
    if last is None:
        return Next(specification, None)
    version = next_version(version_of(last), today, added=1)
    previous = LastRelease(release=last.name, carries=_still_to_go(schedule.carries, last))
    return Next(specification.model_copy(update={"version": version, "previous": previous}), last)


def _still_to_go(carries: Carries, last: Path) -> Carries:
    """Return shares and names without the rows that a run of this schedule has retired already."""
    gone = {row.id for row in read_release(last).retired}
    named = {field: getattr(carries, field) for field in ("retire", "replace")}
    kept = {field: {name: why for name, why in rows.items() if name not in gone} for field, rows in named.items()}
    return carries.model_copy(update=kept)


def check_renewable(specification: Specification, planned: Plan) -> None:
    """Refuse a schedule under which no row could ever be renewed, before anything is served or paid for.

    A worked situation gives one row a cell: a second telling of it is a copy. So ``core: kit`` renews only cells that
    have more situations than rows.

    Raises:
        UsageError: if there is no such cell; it says what to change.
    """
    schedule = specification.schedule
    if schedule is None or schedule.carries.renews == 0 or specification.generation.core != "kit":
        return
    most = max(len(cell.situations) for cell in planned.cells)
    if most <= specification.quota:
        raise UsageError(
            f"`schedule.carries.renews` is {schedule.carries.renews:g}, and under `generation.core: kit` nothing could "
            f"ever be renewed: a worked situation gives one row a cell, each of the {len(planned.cells)} cells has "
            f"{most} at most, and its quota of {specification.quota} takes them all. Set `generation.core` to "
            "kit_or_model, add situations to seeds/domains/, or set `renews` to 0"
        )


def scheduled(specification: Specification) -> Schedule:
    """Return the schedule of a specification.

    Raises:
        UsageError: if it has none.
    """
    if specification.schedule is None:
        raise UsageError('the specification has no `schedule`; add one with `cron`, for instance "0 6 1 * *"')
    return specification.schedule


def last_release(name: str, releases: Path) -> Path | None:
    """Return the folder of the release with the highest version; ``None`` where there is none."""
    found = [folder for folder in releases.glob(f"{name}-*") if version_of(folder).count(".") == 2]
    found = [folder for folder in found if folder.name == f"{name}-{version_of(folder)}"]
    return max(found, key=lambda folder: parts(version_of(folder)), default=None)


def version_of(folder: Path) -> str:
    """Return the version that a release says it has; empty for what is no release."""
    manifest, _ = read_manifest(folder)
    return "" if manifest is None else manifest.version


def due_early(specification: Specification, releases: Path) -> str | None:
    """Return why the last release is to be renewed before its time, ``None`` if it is not.

    Raises:
        WorkError: if the report of contamination is there and cannot be read: not known is not the same as no.
    """
    schedule = scheduled(specification)
    last = last_release(specification.name, releases)
    path = None if schedule.contamination is None else Path(schedule.contamination)
    if last is None or path is None or not path.is_file():
        return None
    try:
        report = Contamination.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise WorkError(
            f"{path}: not an answer of `impress contamination --json`: {error.errors()[0]['msg']}"
        ) from error
    if report.renew is not True or last.name not in (report.release, report.release.replace(" ", "-")):
        return None
    return "; ".join(report.reasons)
