"""Protected corpora: files of other people's texts that no row may copy, pinned by hash, read a few texts at a time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import InputError, UsageError
from pipeline.schema.base import normalise_text
from pipeline.schema.specification import DeduplicationSettings, ProtectedCorpus

FOLDER = "protected"
"""Folder beside ``runs/`` and ``releases/`` where a corpus lies whose specification gives no path."""
ENDINGS = (".jsonl", ".parquet")
BATCH = 2048
"""Rows of a parquet file that are held at once."""
DEFAULT_COLUMN = "text"


@dataclass(frozen=True)
class ProtectedText:
    """A text of a corpus: ``row`` is its line in JSONL and its place in parquet, both 1-based."""

    row: int
    column: str
    text: str


@dataclass(frozen=True)
class Corpus:
    """A file of protected texts that is there, with its hash in ``named``."""

    named: ProtectedCorpus
    path: Path

    @property
    def name(self) -> str:
        """What verdicts call it."""
        return self.named.name

    @property
    def placed(self) -> ProtectedCorpus:
        """Its name, hash and columns with the path where it was found."""
        return self.named.model_copy(update={"path": str(self.path)})

    def texts(self) -> Iterator[ProtectedText]:
        """Yield its texts, row by row; a null and an empty text are passed over.

        Raises:
            InputError: for a row that cannot be read, that lacks a column, or where a column holds no text.
        """
        rows = _parquet_rows if self.path.suffix == ".parquet" else _jsonl_rows
        for number, row in rows(self.path, self.named.columns):
            for column in self.named.columns:
                text = _text(row, column, number, self.path)
                if text.strip():
                    yield ProtectedText(number, column, text)


def load_protected(settings: DeduplicationSettings, out: Path) -> tuple[Corpus, ...]:
    """Find the corpora that a specification names, and pin them.

    Args:
        settings: name them, with their hashes if they are pinned.
        out: a corpus without a path is looked for in ``protected/NAME.jsonl`` and ``protected/NAME.parquet`` there.

    Raises:
        InputError: if a file is not there, is another than the pinned one, or has no such columns.
    """
    return tuple(
        open_corpus(named, out / FOLDER, f"deduplication.protected.{number}")
        for number, named in enumerate(settings.protected)
    )


def open_corpus(named: ProtectedCorpus, folder: Path, field: str) -> Corpus:
    """Find a corpus and hash it; arguments and errors as for :func:`load_protected`, ``field`` names its place."""
    beside = [folder / f"{named.name}{ending}" for ending in ENDINGS]
    places = beside if named.path is None else [Path(named.path)]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise InputError(
            f"the protected corpus {named.name} is not there; put it there or give its file as `{field}.path`",
            file=places[0],
        )
    if path.suffix not in ENDINGS:
        raise InputError("is no protected corpus", file=path, value=path.suffix, allowed=ENDINGS)
    if path.suffix == ".parquet":
        _check_columns(path, named.columns)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if named.sha256 not in (None, digest):
        raise InputError(
            f"another file than the protected corpus {named.name} that `{field}.sha256` asks for",
            file=path,
            value=digest,
            allowed=str(named.sha256),
        )
    return Corpus(named.model_copy(update={"sha256": digest}), path)


def corpus_at(value: str) -> Corpus:
    """Return the corpus of a ``FILE[:COLUMN[,COLUMN]]``; the column is ``text`` if left out.

    Raises:
        UsageError: if it is not of that form.
        InputError: as :func:`load_protected`.
    """
    path, _, columns = (value, "", DEFAULT_COLUMN) if Path(value).is_file() else value.rpartition(":")
    wanted = tuple(dict.fromkeys(column.strip() for column in columns.split(",")))
    if not path or not all(wanted):
        raise UsageError(f"--protected {value}: not a file; allowed: FILE, FILE:COLUMN or FILE:COLUMN,COLUMN")
    named = ProtectedCorpus(name=re.sub(r"[^\w.-]+", "-", Path(path).stem)[:64], path=path, columns=wanted)
    return open_corpus(named, Path(path).parent, "--protected")


def _jsonl_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    allowed = f"one JSON object a line, with {', '.join(columns)}"
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"not JSON: {error}", file=path, line=number, allowed=allowed) from error
            if not isinstance(row, dict):
                raise InputError("not a JSON object", file=path, line=number, value=row, allowed=allowed)
            yield number, row


def _parquet_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH, columns=list(columns)):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read after row {number}: {error}", file=path) from error


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        there = pq.read_schema(path).names
    except pa.ArrowException as error:
        raise InputError(f"is no parquet file: {error}", file=path) from error
    for column in columns:
        if column not in there:
            raise InputError("has no such column", file=path, value=column, allowed=there)


def _text(row: dict[str, Any], column: str, number: int, path: Path) -> str:
    if column not in row:
        raise InputError("has no such column", file=path, line=number, value=column, allowed=row)
    value = row[column]
    if value is None:
        return ""
    if not isinstance(value, str):
        allowed = "a string or null"
        raise InputError("not a text", file=path, line=number, field=column, value=value, allowed=allowed)
    try:
        return normalise_text(value)
    except ValueError as error:
        raise InputError(str(error), file=path, line=number, field=column) from error
