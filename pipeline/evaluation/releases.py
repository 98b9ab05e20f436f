"""The rows of a release to evaluate on: from a folder, or from a dataset repository on the Hub at a tag.

A row's place in time is the version of the release that first held it, ``YEAR.MONTH.PATCH``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError, UsageError
from pipeline.schema.scenario import Scenario

HUB_FILES = ("manifest.json", "data/*", "*.yaml")
_REPOSITORY = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_VERSION = re.compile(r"(\d{4})\.(0[1-9]|1[0-2])\.(\d+)")
_DAY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(-\d{2})?")
_LAST = 10**9
"""Above every patch number: a month as a moment means its end."""

Moment = tuple[int, int, int]


@dataclass(frozen=True)
class Row:
    """A scenario, its split, and the group of near-duplicates that it belongs to."""

    scenario: Scenario
    split: str
    group: str


@dataclass(frozen=True)
class Loaded:
    """Rows of a release, in the order of their ids."""

    name: str
    version: str
    rows: tuple[Row, ...]


def load_rows(
    release: str | Path,
    *,
    tag: str | None = None,
    split: str = "test",
    as_of: str | None = None,
    after: str | None = None,
) -> Loaded:
    """Return the rows of a release.

    Args:
        release: a release's folder, or ORG/NAME or ORG/NAME@TAG of a dataset repository on the Hub.
        tag: tag, branch or commit there, if the release does not name it; the newest if left out.
        split: a split's name, or ``all``.
        as_of: a version: rows that were in the benchmark then, and had not been retired.
        after: a version, or a month or day (``2026-06``, ``2026-06-30``): only rows that came in after it, as for a
            model whose training data end there. A row of the same month as a day is not after it.

    Raises:
        UsageError: for a version or split that there is not, and for options that leave no row.
        InputError: if the release cannot be read.
    """
    folder = _folder(str(release), tag)
    name, version, rows = _read(folder)
    splits = sorted({row.split for row in rows})
    if split != "all" and split not in splits:
        raise UsageError(f"{folder}: there is no split {split!r}; allowed: {', '.join([*splits, 'all'])}")
    then = None if as_of is None else moment(as_of)
    since = None if after is None else moment(after)
    kept = tuple(
        row for row in rows if split in (row.split, "all") and _in_time(row.scenario, version, as_of=then, after=since)
    )
    if not kept:
        asked = ", ".join(f"{key} {value}" for key, value in (("as_of", as_of), ("after", after)) if value is not None)
        raise UsageError(f"{folder}: no row of {name} {version} is left for split {split}{asked and ', ' + asked}")
    return Loaded(name, version, kept)


def moment(text: str) -> Moment:
    """Return a version, a month or a day as year, month, patch; days count as the whole month.

    Raises:
        UsageError: for anything else.
    """
    text = str(text)
    if match := _VERSION.fullmatch(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _DAY.fullmatch(text):
        return int(match[1]), int(match[2]), _LAST
    raise UsageError(f"{text!r} is no version (2026.11.0), month (2026-11) or day (2026-11-30)")


def _in_time(scenario: Scenario, version: str, *, as_of: Moment | None, after: Moment | None) -> bool:
    came = moment(scenario.introduced or version)
    if after is not None and came <= after:
        return False
    if as_of is None:
        return scenario.retired is None
    return came <= as_of and (scenario.retired is None or moment(scenario.retired.version) > as_of)


def _folder(release: str, tag: str | None) -> Path:
    folder = Path(release)
    if folder.is_dir():
        if tag is not None:
            raise UsageError(f"a tag goes with a repository on the Hub, and {release} is a folder")
        return folder
    named = _REPOSITORY.fullmatch(release)
    if named is None:
        raise UsageError(
            f"release {release!r} is neither a folder nor ORG/NAME or ORG/NAME@TAG of a dataset repository"
        )
    if named[2] and tag is not None:
        raise UsageError(f"release {release} names a tag, and so does tag {tag!r}")
    repository, revision = named[1], named[2] or tag
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        found = snapshot_download(repository, repo_type="dataset", revision=revision, allow_patterns=list(HUB_FILES))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().split("\n", 1)[0]
        at = f" at {revision}" if revision else ""
        raise UsageError(f"there is no folder {release}, and the Hub gives no {repository}{at}: {first}") from error
    return Path(str(found))


def _read(folder: Path) -> tuple[str, str, list[Row]]:
    from pipeline.release.check_files import read_manifest
    from pipeline.release.check_rows import read_splits

    manifest, problems = read_manifest(folder)
    placed, _, unreadable = read_splits(folder) if manifest is not None else ([], None, [])
    if manifest is None or unreadable or not placed:
        first = next(iter([*problems, *unreadable]), None)
        raise InputError(f"not a release with rows: {first.problem if first else 'no table under data/'}", file=folder)
    rows = [Row(one.scenario, one.split, one.group) for one in placed]
    return manifest.name, manifest.version, sorted(rows, key=lambda row: row.scenario.id)
