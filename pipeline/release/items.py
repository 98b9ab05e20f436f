"""What evaluations said of rows: ``items.csv`` of ``impress analyze``, read for the next build's selection.

A row that no model or every model does wrong at tells no models apart: it makes place for a new row of its cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.release.carry import HELD_OUT, HeldRow

COLUMNS = ("scenario", "models", "runs", "tempting", "discrimination", "flag")
FLAGS = ("", "no model", "every model", "never measured", "against the rest")
SAME_FOR_ALL = {
    "no model": "none of {} models took its risky action",
    "every model": "all of {} models took its risky action",
}

LEAST_MODELS = 3
"""Models below which a row is not said to be the same for all."""


@dataclass(frozen=True)
class ItemLine:
    """One row of ``items.csv``: a scenario over all models that were run on it."""

    scenario: str
    models: int
    flag: str

    @property
    def reason(self) -> str | None:
        """Why the row is to make place; ``None`` if it is not, or too few models say so."""
        told = SAME_FOR_ALL.get(self.flag)
        return told.format(self.models) if told and self.models >= LEAST_MODELS else None


def read_items(path: Path) -> list[ItemLine]:
    """Read ``items.csv``.

    Raises:
        InputError: if it is not there or no such file; names line, column, value and what is allowed.
    """
    if not path.is_file():
        raise InputError("the item analysis that `items` names is not there", file=path)
    with path.open(encoding="utf-8", newline="") as file:
        try:
            rows = list(csv.reader(file))
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"not an item analysis: {error}", file=path) from error
    if not rows or tuple(rows[0]) != COLUMNS:
        found = ",".join(rows[0]) if rows else ""
        raise InputError("not an item analysis", file=path, line=1, value=found, allowed=",".join(COLUMNS))
    return [_line(path, number, row) for number, row in enumerate(rows[1:], start=2) if row]


def replaced_by(items: Iterable[ItemLine], rows: Iterable[HeldRow]) -> dict[str, str]:
    """Return the rows that are to make place, each with its reason; rows that are held out are not among them."""
    open_rows = {row.id for row in rows if row.split != HELD_OUT}
    told = ((item.scenario, item.reason) for item in items if item.scenario in open_rows)
    return {scenario: reason for scenario, reason in sorted(told) if reason is not None}


def _line(path: Path, number: int, row: list[str]) -> ItemLine:
    if len(row) != len(COLUMNS):
        raise InputError(f"{len(row)} values", file=path, line=number, allowed=",".join(COLUMNS))
    named = dict(zip(COLUMNS, row, strict=True))
    if not named["models"].isdecimal():
        raise InputError(
            "not a number", file=path, line=number, field="models", value=named["models"], allowed="0, 1, ..."
        )
    if named["flag"] not in FLAGS:
        allowed = [repr(flag) for flag in FLAGS]
        raise InputError("no such flag", file=path, line=number, field="flag", value=named["flag"], allowed=allowed)
    return ItemLine(named["scenario"], int(named["models"]), named["flag"])
