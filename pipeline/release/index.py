"""What is kept of releases for later builds to look up in: plots and vectors, checked and made anew.

Files are named by the hashes of what they were made of (:mod:`pipeline.deduplicate.kept_files`), so none can be stale:
with other weights, or other code for plots, a release has other files, which are missing until they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.deduplicate.earlier import earlier_rows
from pipeline.deduplicate.encoder import Encoder
from pipeline.deduplicate.kept_files import kept
from pipeline.deduplicate.plot import plot_of
from pipeline.deduplicate.plot_store import plots_file
from pipeline.deduplicate.protected_files import FOLDER as PROTECTED
from pipeline.deduplicate.vector_store import KeptEncoder
from pipeline.release.check_rows import read_splits
from pipeline.release.files import MANIFEST
from pipeline.schema.scenario import Scenario

State = Literal["sound", "missing", "damaged", "unreadable"]


@dataclass(frozen=True)
class Indexed:
    """A release: its rows by id, and the files that hold their plots and vectors, those not sound named with why."""

    release: str
    state: State
    rows: tuple[str, ...]
    files: int
    bytes: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """All releases of a folder; ``others`` are files of no release there, or of other weights or code.

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
        folder: where plots and vectors are kept.
        encoder: whose vectors are looked for.
        rebuild: make what is missing or damaged.
        note: told of each release that is made.
    """
    found: list[Indexed] = []
    known: set[Path] = set()
    keeper = KeptEncoder(encoder, folder)
    for release in _folders(releases):
        placed, _, problems = read_splits(release)
        scenarios = [row.scenario for row in placed]
        if problems or not scenarios:
            why = problems[0].problem if problems else "no rows"
            found.append(Indexed(release.name, "unreadable", (), 0, 0, (why,)))
            continue
        files = _files(scenarios, folder, keeper)
        one = _checked(release.name, scenarios, files)
        if rebuild and one.state != "sound":
            if note is not None:
                note(f"{release.name}: {len(scenarios)} rows are encoded")
            earlier_rows([(release.name, scenarios)], encoder, folder)
            one = _checked(release.name, scenarios, files)
        found.append(one)
        known.update(files)
    every = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    known.update(path for path in every if path.is_relative_to(folder / PROTECTED))
    others = tuple(str(path.relative_to(folder)) for path in every if path not in known)
    return Index(encoder.name, encoder.hash, tuple(found), others)


def _folders(releases: Path) -> Iterator[Path]:
    for folder in sorted(releases.iterdir()) if releases.is_dir() else ():
        if (folder / MANIFEST).is_file():
            yield folder


def _files(scenarios: list[Scenario], folder: Path, keeper: KeptEncoder) -> list[Path]:
    parts = [part for scenario in scenarios for part in plot_of(scenario).parts]
    return [plots_file(folder, scenarios), *keeper.files(parts)]


def _checked(release: str, scenarios: list[Scenario], files: list[Path]) -> Indexed:
    problems: list[str] = []
    missing = [f"{file}: missing" for file in files if not file.exists()]
    whole = [file for file in files if kept(file, problems.append) is not None]
    state: State = "damaged" if problems else "missing" if missing else "sound"
    rows = tuple(scenario.id for scenario in scenarios)
    size = sum(file.stat().st_size for file in whole)
    return Indexed(release, state, rows, len(whole), size, (*problems, *missing))
