"""Checks of what ties a release to those before it: introductions, retirements, anchors, commitments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.release.carry import HELD_OUT
from pipeline.release.check_rows import Placed
from pipeline.release.files import MANIFEST
from pipeline.release.held_out import SALTS, commitment, commitments, read_salts
from pipeline.release.problem import Problem
from pipeline.release.versions import parts
from pipeline.schema.manifest import Manifest


def check_history(rows: Sequence[Placed], retired: Sequence[Placed], manifest: Manifest) -> Iterator[Problem]:
    """Check that rows come from releases of the history and that the counts of kept, added and retired are right."""
    past = () if manifest.succession is None else manifest.succession.history
    known = {one.version for one in past} | {manifest.version}
    for row in [*rows, *retired]:
        if row.scenario.introduced not in known:
            version = row.scenario.introduced or "no release"
            yield row.problem(f"was introduced in {version}, which is not in the history")
    active = {row.scenario.id for row in rows}
    for row in rows:
        if row.scenario.retired is not None:
            yield row.problem("is retired and stands among the rows")
    for row in retired:
        gone = row.scenario.retired
        if gone is None or gone.version not in known:
            yield row.problem("says neither when it retired nor why" if gone is None else "retired in no release known")
        elif row.scenario.introduced in known and parts(gone.version) <= parts(row.scenario.introduced):
            yield row.problem(f"retired in {gone.version}, before it was there")
        if row.scenario.id in active:
            yield row.problem("is retired and stands among the rows as well")
    if manifest.succession is not None:
        yield from _check_counts(rows, retired, manifest)


def _check_counts(rows: Sequence[Placed], retired: Sequence[Placed], manifest: Manifest) -> Iterator[Problem]:
    succession = manifest.succession
    assert succession is not None  # noqa: S101 - the caller's condition
    versions = [*(one.version for one in succession.history), manifest.version]
    if sorted(versions, key=parts) != versions or len(set(versions)) < len(versions):
        yield Problem(file=MANIFEST, problem="`succession.history` is not in the order of versions")
    withheld = 0 if manifest.withheld is None else manifest.withheld.rows
    added = sum(row.scenario.introduced == manifest.version for row in rows)
    gone = sum(row.scenario.retired is not None and row.scenario.retired.version == manifest.version for row in retired)
    if gone != succession.retired or len(rows) + withheld != succession.kept + succession.added:
        yield Problem(file=MANIFEST, problem="`succession` does not count what the tables hold")
    if not withheld and added != succession.added:
        yield Problem(file=MANIFEST, problem=f"`succession.added` is {succession.added}, and {added} by the rows")
    carried = {row.scenario.id for row in rows if row.scenario.introduced != manifest.version}
    for identity in sorted(set(succession.anchors) - carried):
        yield Problem(file=MANIFEST, problem=f"the anchor {identity} is no row that was carried over")


def check_held_out(
    folder: Path, rows: Sequence[Placed], retired: Sequence[Placed], manifest: Manifest
) -> Iterator[Problem]:
    """Check commitments against the rows and salts that are there, and the openings against the rows they open."""
    held = [row.scenario for row in rows if row.split == HELD_OUT]
    if manifest.withheld is not None:
        stated = 0 if manifest.held_out is None else len(manifest.held_out.hashes)
        if held or stated != manifest.withheld.rows:
            yield Problem(file=MANIFEST, problem=f"`withheld` counts {manifest.withheld.rows} rows, not {stated}")
    elif manifest.held_out is not None:
        salts = read_salts(folder)
        missing = [row.id for row in held if row.id not in salts]
        if missing:
            yield Problem(file=SALTS, problem=f"has no salt for {missing[0]}")
        elif commitments(held, salts) != manifest.held_out:
            yield Problem(file=MANIFEST, problem="`held_out` does not commit to the rows that are held out")
    yield from _check_openings(retired, manifest)


def _check_openings(retired: Sequence[Placed], manifest: Manifest) -> Iterator[Problem]:
    by_id = {row.scenario.id: row for row in retired if row.split == HELD_OUT}
    current = () if manifest.held_out is None else manifest.held_out.hashes
    for opening in manifest.opened:
        row = by_id.pop(opening.id, None)
        if row is None:
            yield Problem(file=MANIFEST, problem=f"`opened` names {opening.id}, which is no retired row of {HELD_OUT}")
        elif commitment(row.scenario, opening.salt) in current:
            yield row.problem("is opened and still committed to as held out")
    for row in by_id.values():
        yield row.problem("was held out and has no opening")
