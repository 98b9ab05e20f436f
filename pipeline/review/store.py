"""Acts of readers on disk, the moment they are given.

One SQLite file in WAL mode with ``synchronous=FULL``: an act that was answered for survives ``kill -9`` and a power
cut. Rows are only ever added; triggers refuse anything else. One server has the file at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from pipeline.errors import UsageError, WorkError
from pipeline.review.events import ACT, Act, Event

APPLICATION_ID = 0x494D5256
FORMAT = 1
NEWER = "was made by a newer version of impress"

_LAYOUT = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,          -- UTC, ISO 8601
    reader TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,  -- the page's own name of the act
    act TEXT NOT NULL          -- JSON
) STRICT;
CREATE TRIGGER IF NOT EXISTS event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are only added'); END;
CREATE TRIGGER IF NOT EXISTS event_is_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are kept'); END;
CREATE TABLE IF NOT EXISTS session (
    digest TEXT PRIMARY KEY,   -- SHA-256 of the cookie, which itself is nowhere on disk
    reader TEXT NOT NULL       -- empty until the reader has said who they are
) STRICT;
"""


class LabelStore:
    """The acts and sessions of one review. Safe to use from several threads.

    Args:
        path: the file; made with its folder if it is not there.
        release: what is reviewed; a file belongs to one release.
        manifest_sha256: hash of its manifest.
        alone: whether to keep other servers off it; false for who only reads.

    Raises:
        WorkError: if another process has the file, it is damaged, of another program, or of another release.
    """

    def __init__(self, path: Path, release: str, manifest_sha256: str, *, alone: bool = True) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._only = FileLock(path.with_name(path.name + ".lock"))
        try:
            if alone:
                self._only.acquire(timeout=0)
        except Timeout as error:
            raise WorkError(f"{path}: another server has these labels; stop it, or go on in its page") from error
        try:
            self._connection = _open(path)
            self._claim(release, manifest_sha256)
        except BaseException:
            self._only.release()
            raise

    def close(self) -> None:
        """Close the file. Twice is once."""
        with self._lock:
            self._connection.close()
        self._only.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, reader: str, key: str, act: Act) -> tuple[Event, bool]:
        """Keep an act and return it, durable, with whether it is new; one that came before is given as it was kept.

        Raises:
            WorkError: if the disk refuses it.
        """
        with self._lock:
            try:
                found = self._connection.execute("SELECT * FROM event WHERE key = ?", (key,)).fetchone()
                if found is not None:
                    return self._event(found), False
                row = (_now(), reader, key, act.model_dump_json())
                cursor = self._connection.execute("INSERT INTO event (at, reader, key, act) VALUES (?, ?, ?, ?)", row)
            except sqlite3.Error as error:
                raise WorkError(f"{self.path}: cannot keep a label: {error}") from error
        return Event(number=int(cursor.lastrowid or 0), at=row[0], reader=reader, key=key, act=act), True

    def events(self) -> Iterator[Event]:
        """Give all acts, in their order.

        Raises:
            WorkError: for one that cannot be read.
        """
        with self._lock:
            rows = self._connection.execute("SELECT * FROM event ORDER BY number").fetchall()
        yield from map(self._event, rows)

    def sign_in(self, digest: str, reader: str = "") -> None:
        """Keep a session; with a reader's name, once it is known."""
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO session VALUES (?, ?)", (digest, reader))

    def reader_of(self, digest: str) -> str | None:
        """Return the reader of a session; ``None`` for no session, empty before the reader has said a name."""
        with self._lock:
            found = self._connection.execute("SELECT reader FROM session WHERE digest = ?", (digest,)).fetchone()
        return None if found is None else str(found[0])

    def settled_rules(self, asked: Mapping[str, str | None], defaults: Mapping[str, str]) -> dict[str, str]:
        """Return by which rules these labels are given: those of the first start, so that none mixes with others.

        Args:
            asked: what is asked for now, by name; ``None`` for what was left open.
            defaults: what holds where nothing was ever asked for.

        Raises:
            UsageError: if something else is asked for than these labels were begun with.
        """
        with self._lock:
            held = self._about()
            for name, default in defaults.items():
                wanted, known = asked.get(name), held.get(name)
                if known is None:
                    held[name] = wanted or default
                    self._connection.execute("INSERT INTO about VALUES (?, ?)", (name, held[name]))
                elif wanted not in (None, known):
                    raise UsageError(f"{self.path}: was begun with {name} {known}, and {wanted} is asked for")
        return {name: held[name] for name in defaults}

    def _about(self) -> dict[str, str]:
        return dict(self._connection.execute("SELECT name, value FROM about").fetchall())

    def _claim(self, release: str, manifest_sha256: str) -> None:
        stated = {"release": release, "manifest_sha256": manifest_sha256}
        for name, value in stated.items():
            self._connection.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, value))
        held = self._about()
        if any(held[name] != value for name, value in stated.items()):
            self._connection.close()
            raise WorkError(
                f"{self.path}: holds labels of {held['release']} with another manifest; choose another file by --labels"
            )

    def _event(self, row: tuple[int, str, str, str, str]) -> Event:
        number, at, reader, key, act = row
        try:
            return Event(number=number, at=at, reader=reader, key=key, act=ACT.validate_json(act))
        except ValidationError as error:
            raise WorkError(f"{self.path}: event {number} cannot be read: {error.errors()[0]['msg']}") from error


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        application, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        fresh = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not fresh and application != APPLICATION_ID:
            raise WorkError(f"{path}: is not a file of labels")
        if version > FORMAT:
            raise WorkError(f"{path}: {NEWER}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.executescript(_LAYOUT)
        if (verdict := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise WorkError(f"{path}: the labels are damaged ({verdict}); restore them from a copy")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise WorkError(f"{path}: is not a sound file of labels: {error}") from error
    except WorkError:
        connection.close()
        raise
    return connection


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
