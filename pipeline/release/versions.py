"""Versions ``YEAR.MONTH.PATCH``: which part a change raises. The rules in words: ``docs/releases.md``."""

from __future__ import annotations

import datetime

from pipeline.errors import WorkError

Parts = tuple[int, int, int]


def parts(version: str) -> Parts:
    """Return a version as numbers, so that versions compare: ``2026.9`` never comes after ``2026.10``."""
    year, month, patch = (int(part) for part in version.split("."))
    return year, month, patch


def check_step(before: str, after: str, *, added: int) -> None:
    """Check that a version follows from the one before by the rules.

    Args:
        before: version of the release before.
        after: version of the new release.
        added: rows that the new one holds and the one before does not.

    Raises:
        WorkError: if the new version is not higher, or has the month of the one before though rows were added.
    """
    if parts(after) <= parts(before):
        raise WorkError(f"version {after} does not come after {before}; raise it, for instance to {_patch(before)}")
    if added and parts(after)[:2] == parts(before)[:2]:
        raise WorkError(
            f"version {after} has the month of {before} and {added} new rows, so that results on the two are not "
            f"comparable: raise the month, for instance to {next_version(before, None, added=added)}"
        )


def next_version(before: str, today: datetime.date | None, *, added: int) -> str:
    """Return the lowest version that the rules allow.

    Args:
        before: version of the release before.
        today: the month to name if it is later than that of ``before``; ``None`` for the lowest that is free.
        added: rows that are new; without any, the patch is raised.
    """
    if not added:
        return _patch(before)
    year, month, _ = parts(before)
    free = (year + month // 12, month % 12 + 1)
    chosen = free if today is None else max(free, (today.year, today.month))
    return f"{chosen[0]}.{chosen[1]:02d}.0"


def _patch(version: str) -> str:
    year, month, patch = version.split(".")
    return f"{year}.{month}.{int(patch) + 1}"
