"""The lines of a text or a dump, read one after the other, so that its size does not matter."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import InputError


def lines_of(path: Path) -> Iterator[str]:
    """Yield the lines of a text, of each text in a JSONL file, or of all files of a folder; ``.gz`` is unpacked.

    Raises:
        InputError: if a file is no text in UTF-8.
    """
    if path.is_dir():
        for inner in sorted(one for one in path.rglob("*") if one.is_file()):
            yield from lines_of(inner)
        return
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield from _strings(line) if ".jsonl" in path.suffixes else (line,)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError) as error:
        raise InputError(f"is no text in UTF-8: {error}", file=path) from error


def _strings(line: str) -> Iterator[str]:
    """Yield the texts in a line of JSON; a line that is none as it stands."""
    try:
        value = json.loads(line)
    except ValueError:
        yield line
        return
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            pending.extend(reversed(one))
        elif isinstance(one, dict):
            pending.extend(reversed(list(one.values())))
