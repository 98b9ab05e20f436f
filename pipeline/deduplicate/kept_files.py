"""Files that are named by what they were made of, and hold the hash of what is in them.

Such a file can be neither stale nor another's, several processes may write it at once, and a process that is killed
leaves at most a file that is not looked at. What is missing or damaged is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from pipeline.atomic import write_bytes_atomic

_DIGEST = 32

Note = Callable[[str], None]
"""Told of what is amiss."""


def keep(file: Path, body: bytes) -> None:
    """Write a file, there whole or not at all; its folder is made if it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(file, hashlib.sha256(body).digest() + body)


def kept(file: Path, note: Note | None = None) -> bytes | None:
    """Return what a file holds; ``None`` for one that is missing or damaged, of which ``note`` is told the latter."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    digest, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() == digest:
        return body
    if note is not None:
        note(f"{file}: damaged, its content is not what its hash says; it is made anew")
    return None
