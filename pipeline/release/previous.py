"""The release before: found, verified, and pinned by its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import WorkError
from pipeline.release.carry import HeldRow
from pipeline.release.check_files import read_manifest
from pipeline.release.check_rows import Placed, read_candidates, read_retired, read_splits
from pipeline.release.files import MANIFEST
from pipeline.release.held_out import read_salts
from pipeline.release.problem import Problem
from pipeline.release.verify import verify_release
from pipeline.schema.candidate import Candidate
from pipeline.schema.history import Past
from pipeline.schema.manifest import Manifest
from pipeline.schema.renewal import PreviousRelease
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import Specification


@dataclass(frozen=True)
class Previous:
    """A previous release.

    Args:
        reference: its name with the hash of its manifest.
        manifest: what it says of itself.
        rows: the rows of all its splits.
        retired: rows that retired in it or before.
        candidates: everything that was made for it, with what it had carried over.
        salts: of the rows that it holds out.
    """

    reference: PreviousRelease
    manifest: Manifest
    rows: tuple[HeldRow, ...]
    retired: tuple[HeldRow, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    salts: Mapping[str, str] = field(default_factory=dict)

    @property
    def past(self) -> Past:
        """What its successor says of it."""
        manifest, succession = self.manifest, self.manifest.succession
        rows = sum(manifest.splits.values())
        return Past(
            version=manifest.version,
            created=manifest.created,
            manifest_sha256=str(self.reference.manifest_sha256),
            rows=rows,
            added=rows if succession is None else succession.added,
            retired=0 if succession is None else succession.retired,
        )

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios of its rows."""
        return tuple(row.scenario for row in self.rows)


def load_previous(specification: Specification, releases: Path) -> Previous | None:
    """Read the release that a specification names as the previous one; ``None`` if it names none.

    Args:
        specification: names the release, and its manifest's hash if it is pinned.
        releases: the folder where it is looked for if the specification gives no path.

    Raises:
        WorkError: if it is not there, not sound, another release than its name says, or not the pinned one.
    """
    named = specification.previous
    return None if named is None else _load(named, releases, "previous")


def found_release(named: PreviousRelease, releases: Path, field: str) -> tuple[Path, Manifest, PreviousRelease]:
    """Find a release that a specification names; ``field`` is where.

    Returns:
        Its folder, its manifest and its name with the manifest's hash.

    Raises:
        WorkError: if it is not there, its manifest cannot be read, it is another release than its name says, or not
            the pinned one.
    """
    folder = releases / named.release if named.path is None else Path(named.path)
    if not (folder / MANIFEST).is_file():
        raise WorkError(
            f"{folder}: the previous release {named.release} is not there; put it there, give its folder as "
            f"`{field}.path`, or compare with none by leaving it out, which makes another release"
        )
    manifest, problems = read_manifest(folder)
    if manifest is None or problems:
        raise WorkError(unsound(folder, problems))
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    if manifest.specification.release_id != named.release:
        raise WorkError(
            f"{folder}: this is {manifest.specification.release_id}, not the previous release {named.release}"
        )
    if named.manifest_sha256 not in (None, digest):
        raise WorkError(
            f"{folder}: the manifest of the previous release has SHA-256 {digest}, "
            f"and `{field}.manifest_sha256` asks for {named.manifest_sha256}"
        )
    return folder, manifest, named.model_copy(update={"manifest_sha256": digest})


def unsound(folder: Path, problems: Sequence[Problem]) -> str:
    """Say that a release is not sound, and the first thing that is wrong with it."""
    return f"{folder}: the previous release is not sound: {problems[0].file}: {problems[0].problem}"


def _load(named: PreviousRelease, releases: Path, field: str) -> Previous:
    folder, manifest, reference = found_release(named, releases, field)
    problems = verify_release(folder, semantic=False)
    if problems:
        raise WorkError(unsound(folder, problems))
    rows, _, _ = read_splits(folder)
    retired, _ = read_retired(folder, manifest)
    candidates, _ = read_candidates(folder)
    return Previous(
        reference=reference,
        manifest=manifest,
        rows=held_rows(rows),
        retired=held_rows(retired),
        candidates=tuple(candidates or ()),
        salts=read_salts(folder),
    )


def held_rows(rows: Sequence[Placed]) -> tuple[HeldRow, ...]:
    """Return rows without their place in a file."""
    return tuple(HeldRow(row.scenario, row.group, row.split) for row in rows)
