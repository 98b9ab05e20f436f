"""Looks at a completion store without changing it: is every completion there as it was paid for?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.models.export import digest_of

PROBLEMS_MOST = 5


@dataclass(frozen=True)
class Inspected:
    """What was found. ``problems`` are at most a few, empty for a sound store; ``last``: when one was last added."""

    completions: int
    last: str | None
    problems: tuple[str, ...]


def inspect_store(path: Path) -> Inspected:
    """Run SQLite's own check of the file, then compare each completion with its digest."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as connection:
            problems = [text for (text,) in connection.execute("PRAGMA integrity_check(5)") if text != "ok"]
            completions, last = connection.execute("SELECT count(*), max(created) FROM completion").fetchone()
            problems += _damaged(connection)
    except sqlite3.DatabaseError as error:
        return Inspected(0, None, (str(error),))
    return Inspected(completions, last, tuple(problems[:PROBLEMS_MOST]))


def _damaged(connection: sqlite3.Connection) -> Iterator[str]:
    for key, request, completion, digest in connection.execute(
        "SELECT key, request, completion, digest FROM completion ORDER BY key"
    ):
        if digest_of(request, completion) != digest:
            yield f"completion {key} does not match its digest"
