"""Completions on disk: each is durable before anything uses it, and none is paid for twice.

One SQLite file in WAL mode with ``synchronous=FULL``: a commit that returned survives ``kill -9`` and
a power cut. One thread writes; puts that arrive while it is at the disk share the next commit, so 64
calls in flight cost one ``fsync``, not 64. Several processes may use one file.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from pipeline.models.errors import MissingCompletion, StoreError, StoreFull
from pipeline.models.export import EXPORT_NAME, FORMAT, Row, digest_of, read_export, write_export
from pipeline.models.requests import Completion, Request
from pipeline.models.waiters import Waiter, tell

APPLICATION_ID = 0x494D5053
LOCK_SECONDS = 60.0
BATCH_MOST = 512
KEYS_AT_ONCE = 500
"""Fewer than the variables that any build of SQLite takes in one statement."""
GATHER_SECONDS = 0.01
"""How long a commit waits for more: a commit costs as much CPU as a call, and no call waits for one in its slot."""

_TABLE = """
CREATE TABLE IF NOT EXISTS completion (
    key TEXT PRIMARY KEY,
    created TEXT NOT NULL,     -- UTC, ISO 8601
    request TEXT NOT NULL,     -- JSON of its record
    completion TEXT NOT NULL,  -- JSON of Completion
    digest TEXT NOT NULL       -- SHA-256 of request and completion
) STRICT
"""


@dataclass
class _Put:
    row: Row
    completion: Completion
    waiter: Waiter


class CompletionStore:
    """The completions of one file. Make one with :meth:`open`; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _connect(path)
        writer = _connect(path, checked=True)
        self._reading = threading.Lock()
        self._puts: queue.SimpleQueue[_Put | None] = queue.SimpleQueue()
        self._open = True
        self._writer = threading.Thread(target=self._write_until_closed, args=(writer,), name="store", daemon=True)
        self._writer.start()

    @classmethod
    def open(cls, path: Path | str, *, must_exist: bool = False) -> Self:
        """Open the store at ``path``; unless ``must_exist``, make it and its folder where there is none.

        Raises:
            StoreError: if there is no file and there must be one, if the file is damaged (torn, overwritten), of
                another program, or of a newer format.
        """
        path = Path(path)
        if must_exist and not path.is_file():
            raise StoreError(f"{path}: no completion store there")
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(path)

    def close(self) -> None:
        """Finish all puts and close the file. Twice is once."""
        if self._open:
            self._open = False
            self._puts.put(None)
            self._writer.join()
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        with self._reading:
            return int(self._reader.execute("SELECT count(*) FROM completion").fetchone()[0])

    @property
    def last_row(self) -> int:
        """The number of the latest completion; 0 while there is none."""
        with self._reading:
            return int(self._reader.execute("SELECT coalesce(max(rowid), 0) FROM completion").fetchone()[0])

    @property
    def created(self) -> str | None:
        """Day (UTC, YYYY-MM-DD) of the first completion; ``None`` while there is none."""
        with self._reading:
            first = self._reader.execute("SELECT min(created) FROM completion").fetchone()[0]
        return None if first is None else str(first)[:10]

    def first_day(self, keys: Iterable[str]) -> str | None:
        """Return the day (UTC, YYYY-MM-DD) of the first completion among ``keys``; ``None`` for no keys.

        Raises:
            MissingCompletion: if a key is not in the store.
        """
        wanted, first = sorted(set(keys)), None
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            some = wanted[start : start + KEYS_AT_ONCE]
            created = self._created(some)
            missing = next((key for key in some if key not in created), None)
            if missing is not None:
                raise self._lacks(missing)
            day = min(created.values())[:10]
            first = day if first is None else min(first, day)
        return first

    def get(self, key: str) -> Completion | None:
        """Return the completion kept under ``key``.

        Raises:
            StoreError: if what is kept there is damaged.
        """
        row = self._row(key)
        return None if row is None else self._parse(row)

    def submit(self, request: Request, completion: Completion) -> Future[Completion]:
        """Hand over a completion; the future is done once one is durable under its key.

        Its result is the completion that stands: the one given, or an earlier one under the same key.
        Cancelling the future does not take the completion back.
        """
        future: Future[Completion] = Future()
        self._hand_over(request, completion, future)
        return future

    async def keep(self, request: Request, completion: Completion) -> Completion:
        """Keep a completion as :meth:`put` does; the event loop goes on meanwhile."""
        future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._hand_over(request, completion, future)
        return await future

    def put(self, request: Request, completion: Completion) -> Completion:
        """Keep a completion and return, once it is durable, the one that stands (see :meth:`submit`).

        Raises:
            StoreFull: if the disk has no room for it.
            StoreError: if the disk refuses it.
        """
        return self.submit(request, completion).result()

    def export(self, keys: Iterable[str], folder: Path) -> Path:
        """Write the completions of ``keys`` with their requests to ``folder`` and return the file's path.

        JSON lines, gzipped: a header with the day of the first completion, then one line a completion in the order
        of keys. Equal completions give equal bytes (under one version of zlib).

        Raises:
            MissingCompletion: if a key is not in the store.
        """
        wanted = sorted(set(keys))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / EXPORT_NAME
        write_export(path, self.first_day(wanted), len(wanted), (row.exported() for row in self._rows(wanted)))
        return path

    def export_after(self, row: int, path: Path) -> int:
        """Write the completions kept after the one with this number, each with its time; return the last one's number.

        Without any it is ``row``, and nothing is written.
        """
        with self._reading:
            found = self._reader.execute(
                "SELECT rowid, key, created FROM completion WHERE rowid > ? ORDER BY rowid", (row,)
            ).fetchall()
        if found:
            day, rows = min(created for *_, created in found)[:10], self._rows(key for _, key, _ in found)
            write_export(path, day, len(found), (one.exported(dated=True) for one in rows))
        return found[-1][0] if found else row

    def import_folder(self, folder: Path) -> int:
        """Add the completions that :meth:`export` wrote to ``folder``, all or none; return how many it holds.

        Raises:
            StoreError: if the file is missing, torn, or holds a completion that is not its request's.
        """
        path = Path(folder) / EXPORT_NAME
        if not path.is_file():
            raise StoreError(f"{folder}: no {EXPORT_NAME} there; give the completions/ folder of a release")
        return self.import_file(path)

    def import_file(self, path: Path) -> int:
        """Add the completions of one export, all or none; return how many it holds.

        Raises:
            StoreError: if the file is torn, or holds a completion that is not its request's.
        """
        count = 0
        with closing(_connect(self.path, checked=True)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for row in read_export(path):
                    _insert(connection, row)
                    count += 1
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        return count

    def _hand_over(self, request: Request, completion: Completion, waiter: Waiter) -> None:
        if not self._open:
            raise StoreError(f"{self.path}: the store is closed")
        self._puts.put(_Put(Row.of(request, completion, _now()), completion, waiter))

    def _row(self, key: str) -> Row | None:
        with self._reading:
            try:
                found = self._reader.execute(
                    "SELECT key, created, request, completion, digest FROM completion WHERE key = ?", (key,)
                ).fetchone()
            except sqlite3.DatabaseError as error:
                raise _damaged(self.path, str(error)) from error
        if found is None:
            return None
        if digest_of(found[2], found[3]) != found[4]:
            raise _damaged(self.path, f"completion {key} does not match its digest")
        return Row(*found[:4])

    def _rows(self, keys: Iterable[str]) -> Iterator[Row]:
        for key in keys:
            row = self._row(key)
            if row is None:
                raise self._lacks(key)
            yield row

    def _created(self, keys: Sequence[str]) -> dict[str, str]:
        """Return when each completion was kept, by key, without those that are not there; not too many at once."""
        query = f"SELECT key, created FROM completion WHERE key IN ({','.join('?' * len(keys))})"  # noqa: S608 - marks
        with self._reading:
            try:
                return dict(self._reader.execute(query, keys))
            except sqlite3.DatabaseError as error:
                raise _damaged(self.path, str(error)) from error

    def _lacks(self, key: str) -> MissingCompletion:
        return MissingCompletion(f"{self.path}: the store holds no completion {key}")

    def _parse(self, row: Row) -> Completion:
        try:
            return Completion.model_validate_json(row.completion)
        except ValidationError as error:
            raise _damaged(self.path, f"completion {row.key} is not readable: {error}") from error

    def _write_until_closed(self, connection: sqlite3.Connection) -> None:
        with closing(connection):
            more = True
            while more:
                more = self._write_batch(connection)

    def _write_batch(self, connection: sqlite3.Connection) -> bool:
        """Wait for a put, commit it with all that are waiting, tell their owners; ``False`` at the end."""
        waiting = [self._puts.get()]
        if waiting[0] is not None and self._puts.empty():
            time.sleep(GATHER_SECONDS)
        while len(waiting) < BATCH_MOST and not self._puts.empty():
            waiting.append(self._puts.get())
        batch = [put for put in waiting if put is not None]
        try:
            connection.execute("BEGIN IMMEDIATE")
            added = [_insert(connection, put.row) for put in batch]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            refused = _refused(self.path, error)
            tell((put.waiter, refused) for put in batch)
        else:
            tell((put.waiter, self._standing(put, is_new)) for put, is_new in zip(batch, added, strict=True))
        return len(batch) == len(waiting)

    def _standing(self, put: _Put, is_new: bool) -> Completion | StoreError:
        """Return the completion that stands after a put was written, or what is wrong with it."""
        try:
            return put.completion if is_new else self.get(put.row.key) or put.completion
        except StoreError as error:
            return error


def _insert(connection: sqlite3.Connection, row: Row) -> bool:
    """Add a row unless its key is there already; return whether it was added."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO completion VALUES (?, ?, ?, ?, ?)",
        (row.key, row.created, row.request, row.completion, row.digest),
    )
    return cursor.rowcount == 1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _refused(path: Path, error: sqlite3.Error) -> StoreError | StoreFull:
    if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"{path}: the disk is full; every completion so far is kept: make room and run the same command again"
        )
    return StoreError(f"{path}: cannot keep a completion: {error}")


def _damaged(path: Path, problem: str) -> StoreError:
    return StoreError(
        f"{path}: the completion store is damaged ({problem}); restore it from a copy, import a release's completions "
        "into a new one, or move it away to start afresh"
    )


def _connect(path: Path, *, checked: bool = False) -> sqlite3.Connection:
    """Open the file, check it unless that is done, and lay it out if new.

    Switching a new file to WAL while another process does the same fails at once instead of waiting,
    hence the loop.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _lay_out(connection, path)
            if not checked and (verdict := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise _damaged(path, verdict)
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" not in str(error):
                raise StoreError(f"{path}: cannot open the completion store: {error}") from error
            if time.monotonic() > deadline:
                raise StoreError(f"{path}: another process keeps the completion store locked") from error
            time.sleep(0.02)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _damaged(path, str(error)) from error
        except StoreError:
            connection.close()
            raise
        else:
            return connection


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and tables:
        raise StoreError(f"{path}: an SQLite file of another program, not a completion store")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT:
        raise StoreError(f"{path}: format {version} is newer than this program knows ({FORMAT}); update impress-bench")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    if not tables:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={FORMAT}")
        connection.execute(_TABLE)
