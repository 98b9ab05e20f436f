"""Completions as a file that goes with a release: JSON lines, gzipped, a header with the day of the first one before.

Equal completions give equal bytes (under one version of zlib).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pipeline.models.errors import StoreError
from pipeline.models.requests import Completion, Request, request_of

FORMAT = 1
EXPORT_NAME = "completions.jsonl.gz"


def digest_of(request: str, completion: str) -> str:
    """Return the SHA-256 (64 hex digits) that a row keeps of its own content."""
    return hashlib.sha256(f"{request}\n{completion}".encode()).hexdigest()


@dataclass(frozen=True)
class Row:
    """A completion with its request, both as JSON, and the time (UTC, ISO 8601) at which it was kept."""

    key: str
    created: str
    request: str
    completion: str

    @classmethod
    def of(cls, request: Request, completion: Completion, created: str) -> Self:
        """Write both down.

        Raises:
            ValueError: if the completion is not that of the request.
        """
        if request.key != completion.key:
            raise ValueError(f"completion {completion.key} does not belong to request {request.key}")
        return cls(request.key, created, request.model_dump_json(), completion.model_dump_json())

    def exported(self, *, dated: bool = False) -> bytes:
        """Return the row as a line of an export; ``dated``: with the time at which it was kept."""
        when = f'"created":"{self.created}",' if dated else ""
        return f'{{"key":"{self.key}",{when}"request":{self.request},"completion":{self.completion}}}\n'.encode()

    @property
    def digest(self) -> str:
        """The SHA-256 (64 hex digits) that a row keeps of its own content."""
        return digest_of(self.request, self.completion)


def write_export(path: Path, day: str | None, count: int, lines: Iterable[bytes]) -> None:
    """Write a header and lines. Equal ones give equal bytes (under one version of zlib)."""
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as out:
        out.write(json.dumps({"format": FORMAT, "created": day, "completions": count}).encode() + b"\n")
        out.writelines(lines)


def read_export(path: Path) -> Iterator[Row]:
    """Read what :func:`write_export` wrote, checking each completion against its request.

    Raises:
        StoreError: if the file is torn, or holds a completion that is not its request's.
    """
    number = 1
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            header = json.loads(next(lines, "null"))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise StoreError(f"{path}:1: not an export of completions in format {FORMAT}")
            for line in lines:
                number += 1
                content = json.loads(line)
                request = request_of(content["request"])
                completion = Completion.model_validate(content["completion"])
                yield Row.of(request, completion, content.get("created") or f"{header['created']}T00:00:00+00:00")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: the export is torn after line {number - 1}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}:{number}: not a completion with its request: {error}") from error
    if number - 1 != header.get("completions"):
        raise StoreError(f"{path}: holds {number - 1} completions where its header says {header.get('completions')}")
