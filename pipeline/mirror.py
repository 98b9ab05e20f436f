"""What a build keeps beyond its own machine: completions, shard by shard, and releases, in the specification's storage.

SQLite needs a local disk, so the store stays in the run's folder. Whenever a shard ends, and when the build does, the
completions that came since are put into the storage as one file, named by its SHA-256. A build that begins reads those
that it does not have, so it goes on from any machine; what a machine takes with it into its grave is what came since
its last shard ended. Names that follow from content cannot clash, whoever writes them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError

from pipeline.atomic import new_folder, write_text_atomic
from pipeline.errors import WorkError
from pipeline.models.store import CompletionStore
from pipeline.release.files import SUMS, list_files
from pipeline.rounds.context import ShardRunner, ShardWork
from pipeline.schema.base import Record, Text
from pipeline.schema.specification import Specification
from pipeline.shards import Shard
from pipeline.storage import Storage, StorageError, sha256_of_bytes

NOTES = "mirror.json"
SUFFIX = ".jsonl.gz"
COMPLETIONS = "completions"
RELEASES = "releases"


class Mirrored(Record):
    """What a run's folder knows of its mirror: the number of the last completion there, and the files it has in common.

    Without this file, or for another storage, everything is compared anew, which costs time and nothing else.
    """

    storage: Text
    row: int = 0
    segments: tuple[Text, ...] = ()


class Mirror:
    """The completions of a run in a storage.

    Args:
        url: the storage.
        folder: of the run, locally.
        store: the completions.
    """

    def __init__(self, url: str, folder: Path, store: CompletionStore) -> None:
        self._storage = Storage(url).within("runs", folder.name, COMPLETIONS)
        self._notes = folder / NOTES
        self._store = store
        self._one_at_a_time = threading.Lock()
        self._known = self._read_notes(url)

    def pull(self) -> int:
        """Add the completions that are in the storage and not here; return how many files of them there were.

        Raises:
            StorageError: if the storage cannot be read, or a file is not what its name says.
            StoreError: if a file holds what is no completion.
        """
        self.push()
        missing = sorted(set(self._storage.names()) - set(self._known.segments))
        for name in missing:
            path = self._notes.with_name(f".{name}")
            path.write_bytes(self._storage.read(name, name.removesuffix(SUFFIX)))
            try:
                self._store.import_file(path)
            finally:
                path.unlink()
        self._note(self._store.last_row, missing)
        return len(missing)

    def push(self) -> None:
        """Put what came since the last time into the storage.

        Raises:
            StorageError: if it cannot be written.
        """
        with self._one_at_a_time:
            path = self._notes.with_name(f".new{SUFFIX}")
            row = self._store.export_after(self._known.row, path)
            if row == self._known.row:
                return
            data = path.read_bytes()
            path.unlink()
            name = f"{sha256_of_bytes(data)}{SUFFIX}"
            self._storage.write(name, data)
            self._note(row, [name])

    def after_each(self, runner: ShardRunner) -> ShardRunner:
        """Return a runner that also puts what a shard was made with into the storage."""

        async def run(shard: Shard, work: ShardWork) -> None:
            await runner(shard, work)
            await asyncio.to_thread(self.push)

        return run

    def _note(self, row: int, names: list[str]) -> None:
        known = self._known
        self._known = known.model_copy(update={"row": row, "segments": (*known.segments, *names)})
        write_text_atomic(self._notes, self._known.model_dump_json())

    def _read_notes(self, url: str) -> Mirrored:
        try:
            known = Mirrored.model_validate_json(self._notes.read_bytes())
        except (FileNotFoundError, ValidationError):
            return Mirrored(storage=url)
        return known if known.storage == url else Mirrored(storage=url)


@asynccontextmanager
async def mirrored(url: str, folder: Path, store: CompletionStore) -> AsyncIterator[Mirror]:
    """Give the mirror of a run, with what it holds already in the store; at the end, all that came is in the mirror."""
    mirror = await asyncio.to_thread(Mirror, url, folder, store)
    await asyncio.to_thread(mirror.pull)
    try:
        yield mirror
    finally:
        await asyncio.to_thread(mirror.push)


def put_release(url: str, release: Path) -> None:
    """Put a release into a storage, and read it back. The file of hashes comes last: with it, a release is whole.

    Raises:
        WorkError: if another release of this name is there.
        StorageError: if it cannot be written, or is read back otherwise.
    """
    there, sums = Storage(url).within(RELEASES, release.name), (release / SUMS).read_bytes()
    if there.exists(SUMS):
        if there.read(SUMS) != sums:
            raise WorkError(
                f"{there.url}: another release of this name is there, and releases never change: give yours another "
                "version"
            )
        return
    names = [name for name in list_files(release) if name != SUMS]
    written = {name: there.write(name, (release / name).read_bytes()) for name in names}
    for name, sha256 in written.items():
        there.read(name, sha256)
    there.write(SUMS, sums)


def fetch_releases(specification: Specification, releases: Path) -> None:
    """Fetch the releases that a specification names by name alone, and that are in its storage and not here.

    Raises:
        StorageError: if one cannot be read, or is not whole.
    """
    named = [*specification.deduplication.against, *([specification.previous] if specification.previous else [])]
    url = specification.run.storage
    for one in named:
        if url is None or one.path is not None or (releases / one.release).exists():
            continue
        there = Storage(url).within(RELEASES, one.release)
        if there.exists(SUMS):
            _fetch_release(there, releases / one.release)


def _fetch_release(there: Storage, release: Path) -> None:
    sums = there.read(SUMS)
    with new_folder(release) as folder:
        (folder / SUMS).write_bytes(sums)
        for line in sums.decode().splitlines():
            sha256, _, name = line.partition("  ")
            if not name or ".." in Path(name).parts or Path(name).is_absolute():
                raise StorageError(f"{there.url}/{SUMS}: no line of hash and name: {line[:100]!r}")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(there.read(name, sha256))
