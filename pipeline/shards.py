"""Shards: files of records that one unit of work reads and writes.

A shard is the unit of retry and distribution: whoever runs it gets a path, never rows. Its files
are overwritten whole on every run; nothing is skipped because a file exists.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel

from pipeline.atomic import write_bytes_atomic
from pipeline.schema.scenario import COMPARED

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")

StageName = Literal["generate", "validate"]


@dataclass(frozen=True)
class Shard:
    """One piece of a stage in one round. ``folder`` is the run's folder."""

    stage: StageName
    round: int
    index: int
    folder: Path

    @property
    def name(self) -> str:
        """``ROUND-STAGE-INDEX``, sortable."""
        return f"{self.round:03d}-{self.stage}-{self.index:04d}"

    @property
    def source(self) -> Path:
        """The records to work on, one JSON object a line."""
        return self.folder / "shards" / f"{self.name}.in.jsonl"

    @property
    def target(self) -> Path:
        """The records made of them, in the same order."""
        return self.folder / "shards" / f"{self.name}.out.jsonl"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies: the file, and the bytes of its line."""

    path: Path
    start: int
    length: int


def write_records(path: Path, records: Iterable[BaseModel]) -> None:
    """Write records as JSONL, aside and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomic(path, b"".join(record.model_dump_json().encode() + b"\n" for record in records))


def read_records(path: Path, model: type[R]) -> list[R]:
    """Read records back, as whoever wrote them gave them to the shard: ids are not compared with their content again.

    Raises:
        pydantic.ValidationError: if a line is not a record of this type.
    """
    with path.open("rb") as lines:
        return [model.model_validate_json(line, context=COMPARED) for line in lines]


def read_placed(path: Path, model: type[R], *, compared: bool) -> list[tuple[R, Place]]:
    """Read records back, each with its place; with ``compared``, ids are compared with their content.

    Raises:
        pydantic.ValidationError: if a line is not a record of this type.
    """
    found, start = [], 0
    with path.open("rb") as lines:
        for line in lines:
            record = model.model_validate_json(line, context=None if compared else COMPARED)
            found.append((record, Place(path, start, len(line))))
            start += len(line)
    return found


def read_places(places: Iterable[Place], model: type[R]) -> Iterator[R]:
    """Read single records back, in the order given; places of one file that follow each other open it once.

    Ids are not compared with their content again: those of a decided candidate were in :func:`read_placed`.
    """
    for path, of_file in itertools.groupby(places, key=lambda place: place.path):
        with path.open("rb") as file:
            for place in of_file:
                file.seek(place.start)
                yield model.model_validate_json(file.read(place.length), context=COMPARED)


def cut(records: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut into consecutive pieces of at most ``size``."""
    return [records[start : start + size] for start in range(0, len(records), size)]
