"""What is kept of releases for later builds to look up in: checked, and made anew.

Rows are known by their ids, the hashes of what is in them (:mod:`pipeline.deduplicate.row_index`), so none is stale:
with another encoder, or other code for plots, all rows of a release are missing until they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.protected_files import FOLDER as PROTECTED
from pipeline.deduplicate.row_index import RowIndex
from pipeline.errors import WorkError
from pipeline.release.against import row_ids, scenarios_in
from pipeline.release.check_files import read_manifest
from pipeline.release.files import MANIFEST
from pipeline.release.tables import TableError

State = Literal["sound", "missing", "damaged", "unreadable"]


@dataclass(frozen=True)
class Indexed:
    """A release: its rows by id, the files that hold something of them, and what is wrong."""

    release: str
    state: State
    rows: tuple[str, ...]
    files: int
    bytes: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """All releases of a folder; ``others`` are files of no release there, or of another encoder or code.

    Vectors of protected corpora, which lie in a folder of their own, are not among them.
    """

    encoder: str
    encoder_hash: str
    releases: tuple[Indexed, ...]
    others: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether every release is in it, whole."""
        return all(one.state == "sound" for one in self.releases)

    def to_json(self) -> dict[str, Any]:
        """Return the index as JSON."""
        return asdict(self)


def check_index(
    releases: Path, folder: Path, encoder: Encoder, *, rebuild: bool = False, note: Callable[[str], None] | None = None
) -> Index:
    """Check what is kept of each release, and make it if asked.

    Args:
        releases: folder of releases.
        folder: of the index.
        encoder: whose vectors are looked for.
        rebuild: make what is missing or damaged.
        note: told of each release that is made.
    """
    said: list[str] = []
    index = RowIndex(folder, encoder, said.append)
    found: list[Indexed] = []
    for release in _folders(releases):
        said.clear()
        try:
            ids = _ids(release)
            one = _checked(release.name, ids, index, said)
            if rebuild and one.state != "sound":
                if note is not None:
                    note(f"{release.name}: {len(ids)} rows are looked for, and made where they are missing")
                index.rows(ids, partial(scenarios_in, release))
                one = _checked(release.name, ids, index, said)
        except (TableError, WorkError) as error:
            one = Indexed(release.name, "unreadable", (), 0, 0, (str(error),))
        found.append(one)
    return Index(encoder.name, encoder.hash, tuple(found), _others(folder, index, found))


def _ids(release: Path) -> tuple[str, ...]:
    manifest, problems = read_manifest(release)
    ids = () if manifest is None else row_ids(release, manifest)
    if not ids:
        raise WorkError(str(problems[0]) if problems else "no rows")
    return ids


def _others(folder: Path, index: RowIndex, releases: Sequence[Indexed]) -> tuple[str, ...]:
    """Return the files that hold no row of a release, nor vectors of protected corpora."""
    rows = {identity for release in releases for identity in release.rows}
    known = {file for segment in index.segments() if rows & set(segment.ids) for file in segment.files}
    every = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    others = (path for path in every if path not in known and not path.is_relative_to(folder / PROTECTED))
    return tuple(str(path.relative_to(folder)) for path in others)


def _folders(releases: Path) -> Iterator[Path]:
    for folder in sorted(releases.iterdir()) if releases.is_dir() else ():
        if (folder / MANIFEST).is_file():
            yield folder


def _checked(release: str, ids: Sequence[str], index: RowIndex, problems: Sequence[str]) -> Indexed:
    """Say which files hold rows of a release, and how many of its rows none holds."""
    mine, held = set(ids), set[str]()
    segments = []
    for segment in index.segments():
        if mine & set(segment.ids) and index.read(segment) is not None:
            segments.append(segment)
            held |= mine & set(segment.ids)
    missing = len(mine - held)
    state: State = "sound" if not missing else "damaged" if problems else "missing"
    said = tuple(problems) or (f"{missing} of {len(mine)} rows are missing",)
    files = [file for segment in segments for file in segment.files]
    return Indexed(
        release, state, tuple(ids), len(files), sum(file.stat().st_size for file in files), said if missing else ()
    )
