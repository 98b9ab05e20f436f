"""Checks of a release's files: the manifest, the hashes it holds, and nothing else in the folder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from pipeline.errors import InputError
from pipeline.release.files import (
    CALIBRATION,
    MANIFEST,
    REVIEWS,
    SPECIFICATION,
    SUMS,
    UNHASHED,
    file_entry,
    list_files,
    manifest_form,
    sums_bytes,
)
from pipeline.release.problem import Problem, first_mistake
from pipeline.schema.base import sha256_of
from pipeline.schema.calibration import Calibration
from pipeline.schema.label import Reviews
from pipeline.schema.manifest import FileEntry, Manifest
from pipeline.schema.specification import Specification
from pipeline.yaml_input import load_yaml_record


def read_manifest(folder: Path) -> tuple[Manifest | None, list[Problem]]:
    """Read ``manifest.json`` and check its form; without a manifest, the problem says why."""
    path = folder / MANIFEST
    if not path.is_file():
        return None, [Problem(file=MANIFEST, problem="is missing")]
    data = path.read_bytes()
    try:
        record = json.loads(data)
        manifest = Manifest.model_validate(record)
    except (ValueError, RecursionError) as error:
        return None, [Problem(file=MANIFEST, problem=f"is not a manifest: {first_mistake(error)}")]
    # What the file says is hashed, not what it reads as: a field that came later is absent from older releases.
    problems = []
    if data != manifest_form(record):
        problems.append(Problem(file=MANIFEST, problem="is not in canonical form"))
    if sha256_of(record["specification"]) != manifest.specification_hash:
        problems.append(Problem(file=MANIFEST, problem="specification_hash is not the hash of the specification"))
    return manifest, problems


def check_files(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Compare the folder with the manifest's list of files: every byte of each, none missing, none extra."""
    found = set(list_files(folder))
    listed = Counter(entry.path for entry in manifest.files)
    for path, times in sorted(listed.items()):
        if times > 1:
            yield Problem(file=MANIFEST, problem=f"lists {path} {times} times")
    for path in sorted(found - set(listed) - set(UNHASHED)):
        yield Problem(file=path, problem="is not in the manifest")
    yield from check_listed(folder, manifest.files, found)
    yield from _check_sums(folder, manifest, found)


def check_listed(folder: Path, entries: Iterable[FileEntry], found: Container[str]) -> Iterator[Problem]:
    """Compare files of a release with what its manifest says of them; ``found`` are those that are there."""
    for entry in entries:
        problem = _differs(folder, entry, found)
        if problem:
            yield Problem(file=entry.path, problem=problem)


def check_specification(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Check that the specification's file and the release's name speak of the specification in the manifest."""
    stated = manifest.specification
    if (manifest.name, manifest.version) != (stated.name, stated.version):
        yield Problem(file=MANIFEST, problem=f"name or version is not that of the specification, {stated.release_id}")
    path = folder / SPECIFICATION
    if not path.is_file():
        return  # reported with the files
    try:
        written = load_yaml_record(path, Specification)
    except InputError as error:
        where = "" if error.line is None else f"line {error.line}: "
        yield Problem(file=SPECIFICATION, problem=f"is not a specification: {where}{error.problem}")
        return
    if written != stated:
        yield Problem(file=SPECIFICATION, problem="is not the specification of the manifest")


def check_calibration(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Check that the calibration is the one that the specification pins, and is there if and only if it names one."""
    named, path = manifest.specification.gates.calibration, folder / CALIBRATION
    if named is None:
        if path.exists():
            yield Problem(file=CALIBRATION, problem="is there, and the specification names none")
        return
    if not path.is_file():
        yield Problem(file=CALIBRATION, problem="is missing, and the specification names it")
        return
    try:
        found = Calibration.model_validate_json(path.read_bytes())
    except ValidationError as error:
        yield Problem(file=CALIBRATION, problem=f"is not a calibration: {first_mistake(error)}")
        return
    if (named.path, named.sha256) != (CALIBRATION, found.sha256):
        yield Problem(file=CALIBRATION, problem="is not the calibration that the specification pins")


def check_reviews(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """Check that the reviews are those that the specification pins, and say what the manifest says of them.

    The public part leaves out what they say of rows that are held out, so the pin is not theirs.
    """
    named, told, path = manifest.specification.reviews, manifest.reviewed, folder / REVIEWS
    if named is None or told is None:
        if path.exists() or told is not None or named is not None:
            yield Problem(file=REVIEWS, problem="specification, manifest and files do not agree whether there are any")
        return
    if not path.is_file():
        yield Problem(file=REVIEWS, problem="is missing, and the specification names it")
        return
    try:
        found = Reviews.model_validate_json(path.read_bytes())
    except ValidationError as error:
        yield Problem(file=REVIEWS, problem=f"holds no reviews: {first_mistake(error)}")
        return
    pinned = found.sha256 if manifest.withheld is not None else named.sha256
    if (named.path, pinned, told.reviews_sha256) != (REVIEWS, found.sha256, found.sha256):
        yield Problem(file=REVIEWS, problem="are not the reviews that the specification pins")
    if not set(told.excluded) <= set(found.rejected):
        yield Problem(file=MANIFEST, problem="`reviewed` excludes what the reviews do not reject")


def _differs(folder: Path, entry: FileEntry, found: Container[str]) -> str | None:
    """Say how a file differs from its entry. A path that leads out of the folder is never opened."""
    path = PurePosixPath(entry.path)
    if path.is_absolute() or ".." in path.parts:
        return "is listed in the manifest and lies outside the release"
    if entry.path not in found:
        return "is missing"
    if any((folder / part).is_symlink() for part in (path, *path.parents)):
        return "is a link, not a file of the release"
    actual = file_entry(folder, entry.path)
    if actual.bytes != entry.bytes:
        return f"has {actual.bytes} bytes, the manifest says {entry.bytes}"
    return "its SHA-256 is not that of the manifest" if actual.sha256 != entry.sha256 else None


def _check_sums(folder: Path, manifest: Manifest, found: set[str]) -> Iterator[Problem]:
    """Compare ``SHA256SUMS`` with the manifest. Where only the manifest's own line differs, either may be at fault."""
    if SUMS not in found:
        yield Problem(file=SUMS, problem="is missing")
        return
    written = (folder / SUMS).read_bytes()
    expected = sums_bytes(manifest.files, (folder / MANIFEST).read_bytes())
    if written == expected:
        return
    differing = set(written.splitlines()) ^ set(expected.splitlines())
    suffix = f"  {MANIFEST}".encode()
    if any(line.endswith(suffix) for line in differing):
        yield Problem(file=MANIFEST, problem=f"its SHA-256 is not that of {SUMS}")
    yield Problem(file=SUMS, problem="does not hold the hashes of the files listed in the manifest")
