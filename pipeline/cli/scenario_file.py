"""What a user wants judged, from a file: a release's parquet, or JSON Lines with scenarios or bare texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.schema.manifest import Manifest
    from pipeline.schema.scenario import Scenario
    from pipeline.validate.subjects import Subject

SUFFIXES = (".jsonl", ".parquet")


@dataclass(frozen=True)
class SubjectRow:
    """A row of a file: its line (of a table: its row), from 1; its id; and what it holds."""

    line: int
    id: str
    subject: Subject


def read_scenarios(path: Path) -> list[Scenario]:
    """Read all scenarios of a file.

    Args:
        path: ``.parquet`` as ``data/`` of a release holds it, or ``.jsonl`` with a scenario a line; blank
            lines are skipped.

    Raises:
        InputError: for another kind of file, a row that is no scenario, and a file without any.
    """
    from pipeline.validate.subjects import scenario_subject

    if _suffix(path) == ".parquet":
        scenarios = _from_parquet(path)
    else:
        scenarios = [scenario_subject(content, path, number) for number, content in _objects(path)]
    if not scenarios:
        raise InputError("holds no scenario", file=path, allowed="at least one")
    return scenarios


def read_release(folder: Path) -> tuple[list[Scenario], Manifest]:
    """Return the scenarios of a release's splits, and its manifest.

    Raises:
        InputError: if the folder is no release, or a row of it cannot be read.
    """
    from pipeline.release.check_files import read_manifest
    from pipeline.release.check_rows import read_splits

    manifest, problems = read_manifest(folder)
    placed, _, unreadable = read_splits(folder) if manifest is not None else ([], None, [])
    if manifest is None or unreadable or not placed:
        first = next(iter([*problems, *unreadable]), None)
        raise InputError(f"not a release with rows: {first.problem if first else 'no table under data/'}", file=folder)
    return [row.scenario for row in placed], manifest


def read_subjects(path: Path, text_fields: Sequence[str]) -> list[SubjectRow]:
    """Read all scenarios and bare texts of a file.

    Args:
        path: as for :func:`read_scenarios`; a line may also hold a record in ``scenario``, or no record but texts.
        text_fields: which fields of a line that holds no record are its text, one after the other.

    Returns:
        The rows in their order. The id is that of the record, else the row's ``id`` if it has one, else ``line N``.

    Raises:
        InputError: as for :func:`read_scenarios`, and for a line that lacks one of the text fields.
    """
    if _suffix(path) == ".parquet":
        rows = [SubjectRow(number, one.id, one) for number, one in enumerate(_from_parquet(path), start=1)]
    else:
        rows = [_row(content, path, number, text_fields) for number, content in _objects(path)]
    if not rows:
        raise InputError("holds nothing to judge", file=path, allowed="at least one row")
    return rows


def _row(content: dict[str, Any], path: Path, number: int, text_fields: Sequence[str]) -> SubjectRow:
    from pipeline.validate.subjects import scenario_subject, text_subject

    if "view" in content:
        whole = scenario_subject(content, path, number)
        return SubjectRow(number, whole.id, whole)
    if "scenario" in content and "scenario" not in text_fields:
        inner = scenario_subject(content["scenario"], path, number, field="scenario")
        return SubjectRow(number, inner.id, inner)
    missing = [name for name in text_fields if name not in content]
    if missing:
        raise InputError(
            f"has no field `{missing[0]}`",
            file=path,
            line=number,
            value=", ".join(content) or "no field",
            allowed="a scenario of ours, one under `scenario`, or the fields named by --text",
        )
    texts = [text_subject(content[name], path, number, field=name) for name in text_fields]
    given = content.get("id")
    return SubjectRow(number, given if isinstance(given, str) and given else f"line {number}", "\n\n".join(texts))


def _suffix(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise InputError("not a file of scenarios", file=path, value=path.suffix, allowed=SUFFIXES)
    return path.suffix


def _from_parquet(path: Path) -> list[Scenario]:
    from pipeline.release.tables import TableError, read_rows, scenario_from_row, scenario_schema

    try:
        return [scenario_from_row(row) for row in read_rows(path, scenario_schema())]
    except (TableError, ValueError) as error:
        raise InputError(f"not a table of scenarios: {_first_line(error)}", file=path) from error


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the JSON objects of a file with their lines; blank lines are skipped."""
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"not JSON: {_first_line(error)}", file=path, line=number) from error
        if not isinstance(content, dict):
            raise InputError("not a JSON object", file=path, line=number, value=type(content).__name__)
        yield number, content


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
