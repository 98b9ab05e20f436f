"""The releases that a new one is compared with: found, verified, and pinned by their hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import WorkError
from pipeline.release.check_rows import read_splits
from pipeline.release.files import MANIFEST
from pipeline.release.verify import verify_release
from pipeline.schema.manifest import Manifest
from pipeline.schema.scenario import Scenario
from pipeline.schema.specification import PreviousRelease, Specification


@dataclass(frozen=True)
class Previous:
    """A previous release: its name with the hash of its manifest, and the scenarios of all its splits."""

    reference: PreviousRelease
    scenarios: tuple[Scenario, ...]


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


def load_against(specification: Specification, releases: Path) -> tuple[Previous, ...]:
    """Read the releases whose rows must not be copied; arguments and errors as for :func:`load_previous`."""
    return tuple(
        _load(named, releases, f"deduplication.against.{number}")
        for number, named in enumerate(specification.deduplication.against)
    )


def _load(named: PreviousRelease, releases: Path, field: str) -> Previous:
    folder = releases / named.release if named.path is None else Path(named.path)
    if not (folder / MANIFEST).is_file():
        raise WorkError(
            f"{folder}: the previous release {named.release} is not there; put it there, give its folder as "
            f"`{field}.path`, or compare with none by leaving it out, which makes another release"
        )
    problems = verify_release(folder, semantic=False)
    if problems:
        raise WorkError(f"{folder}: the previous release is not sound: {problems[0].file}: {problems[0].problem}")
    whole = (folder / MANIFEST).read_bytes()
    manifest, digest = Manifest.model_validate_json(whole), hashlib.sha256(whole).hexdigest()
    if manifest.specification.release_id != named.release:
        raise WorkError(
            f"{folder}: this is {manifest.specification.release_id}, not the previous release {named.release}"
        )
    if named.manifest_sha256 not in (None, digest):
        raise WorkError(
            f"{folder}: the manifest of the previous release has SHA-256 {digest}, "
            f"and `{field}.manifest_sha256` asks for {named.manifest_sha256}"
        )
    rows, _, _ = read_splits(folder)
    reference = named.model_copy(update={"manifest_sha256": digest})
    return Previous(reference=reference, scenarios=tuple(row.scenario for row in rows))
