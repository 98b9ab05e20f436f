"""Rows of a JSONL file: scenarios, bare texts, or both, each with what it is compared by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.deduplicate.amounts import amounts_of, orders_of
from pipeline.deduplicate.plot import Plot, plot_of, surface_of
from pipeline.deduplicate.protected import Told, told_by, told_in
from pipeline.errors import InputError
from pipeline.schema.base import normalise_text
from pipeline.schema.scenario import Scenario

ROWS_ALLOWED = 'a scenario of a release, or {"text": "...", "id": "..."} where the id may be left out'


@dataclass(frozen=True)
class FileRow:
    """A row of the file, or of another ``source`` that it is compared with.

    ``line`` is 1-based; ``plot.parts`` are what is embedded; ``told`` is what is looked for in protected corpora,
    where that was asked for. ``group`` is that of a row of a release.
    """

    id: str
    line: int
    plot: Plot
    source: str = ""
    told: Told | None = None
    group: str | None = None

    @property
    def name(self) -> str:
        """Its id, after its source where that is another file."""
        return f"{self.source}/{self.id}" if self.source else self.id


def scenario_row(scenario: Scenario, number: int, source: str, group: str | None = None) -> FileRow:
    """Return a row of a release, to compare with.

    Args:
        scenario: the row.
        number: its place in its table, from 1.
        source: name of the release.
        group: its group there.
    """
    return FileRow(id=scenario.id, line=number, plot=plot_of(scenario), source=source, group=group)


def read_rows(path: Path, *, told: bool = False) -> Iterator[FileRow]:
    """Read the rows of a JSONL file; blank lines are skipped. ``told``: with what is looked for in protected corpora.

    Raises:
        InputError: see :func:`deduplicate_file`.
    """
    seen: dict[str, FileRow] = {}
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", file=path, allowed="a JSONL file in UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _row(_object(line, path, number), path, number, told=told)
        twin = seen.setdefault(row.id, row)
        if twin.plot != row.plot:
            raise InputError(f"the row of line {twin.line} has the same id", file=path, line=number, value=row.id)
        yield row


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}", file=path, line=number, allowed="one JSON object a line") from error
    if not isinstance(value, dict):
        raise InputError("not a JSON object", file=path, line=number, value=value, allowed=ROWS_ALLOWED)
    return value


def _row(value: dict[str, Any], path: Path, number: int, *, told: bool) -> FileRow:
    if "text" in value:
        return _text_row(value, path, number, told=told)
    if "schema_version" not in value:
        fields = sorted(value)
        raise InputError("neither a scenario nor a text", file=path, line=number, value=fields, allowed=ROWS_ALLOWED)
    scenario = _scenario(value, path, number)
    return FileRow(id=scenario.id, line=number, plot=plot_of(scenario), told=told_by(scenario) if told else None)


def _scenario(value: dict[str, Any], path: Path, number: int, under: str = "") -> Scenario:
    try:
        return Scenario.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join([*([under] if under else []), *map(str, first["loc"])]) or None
        raise InputError(first["msg"], file=path, line=number, field=field) from error


def plot_of_value(value: object, path: Path, number: int, field: str) -> Plot:
    """Return what a value of a JSON line is compared by: a text as it stands, or a scenario by its plot.

    Raises:
        InputError: if it is neither; ``field`` names its place in line ``number``.
    """
    if isinstance(value, dict):
        return plot_of(_scenario(value, path, number, field))
    return text_plot(_text(value, path, number, field))


def _text_row(value: dict[str, Any], path: Path, number: int, *, told: bool) -> FileRow:
    text = _text(value["text"], path, number, "text")
    identity = value.get("id", f"tx-{hashlib.sha256(text.encode()).hexdigest()[:20]}")
    if not isinstance(identity, str | int):
        allowed = "a string or an integer"
        raise InputError("not an id", file=path, line=number, field="id", value=identity, allowed=allowed)
    return FileRow(id=str(identity), line=number, plot=text_plot(text), told=told_in(text) if told else None)


def _text(text: object, path: Path, number: int, field: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise InputError("not a text", file=path, line=number, field=field, value=text, allowed="a non-empty string")
    try:
        return normalise_text(text)
    except ValueError as error:
        raise InputError(str(error), file=path, line=number, field=field) from error


def text_plot(text: str) -> Plot:
    """Return what a text is compared by: its words as they stand."""
    return Plot((text,), amounts_of(text), surface_of(text), structure="", orders=orders_of([text]))
