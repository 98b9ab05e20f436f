"""Labelled rows: from a file of JSON Lines, or the exemplars and their non-benign twins."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.exemplars import load_exemplars, load_twins, twin_scenario
from pipeline.schema.base import sha256_of
from pipeline.schema.calibration import LabelledData
from pipeline.schema.scenario import Scenario
from pipeline.validate.subjects import Subject, scenario_subject, text_subject

BENIGN = ("benign", "safe")
NON_BENIGN = ("harmful", "non_benign", "unsafe")
MOST_VALUES = 40
"""A column with more values than this tells rows apart, not strata."""
_OWN_FIELDS = frozenset({"text", "scenario", "label", "group"})


@dataclass(frozen=True)
class LabelledRow:
    """One row: a bare text or a scenario, and whether it is benign.

    ``group``: rows of one group are near copies and stay together; ``columns``: the other texts of the row.
    """

    subject: Subject
    benign: bool
    group: str
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledRows:
    """All rows of one source, and what is said of it. ``strata``: the columns that divide the rows into strata."""

    rows: tuple[LabelledRow, ...]
    about: LabelledData
    strata: tuple[str, ...]


def read_rows(path: Path) -> LabelledRows:
    """Read labelled rows, one JSON object a line; blank lines are skipped.

    Raises:
        InputError: for the first line that is no labelled row, a text or scenario that stands there twice, and a
            file without both labels.
    """
    data = path.read_bytes()
    rows: list[LabelledRow] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        row = _row(line, path, number)
        key = row.subject if isinstance(row.subject, str) else row.subject.id
        if key in seen:
            raise InputError(f"stands in line {seen[key]} already; rows have to differ", file=path, line=number)
        seen[key] = number
        rows.append(row)
    for wanted, words in ((True, BENIGN), (False, NON_BENIGN)):
        if not any(row.benign is wanted for row in rows):
            raise InputError("has no row with this label", file=path, field="label", allowed=" or ".join(words))
    return _described(rows, path.name, hashlib.sha256(data).hexdigest())


def exemplar_rows(root: Path | None = None) -> LabelledRows:
    """Return the exemplars as benign rows and their twins of the gate benignness as non-benign ones, by exemplar.

    Args:
        root: the seeds folder; the installation's own if left out.

    Raises:
        InputError: for a mistake in one of the files.
    """
    exemplars = load_exemplars(root)
    rows = [LabelledRow(one.scenario, benign=True, group=name) for name, one in exemplars.items()]
    for name, twins in load_twins(exemplars, root).items():
        rows += [
            LabelledRow(
                twin_scenario(exemplars[name], twin),
                benign=False,
                group=name,
                columns={"how": twin.how, "by": twin.by or ""},
            )
            for twin in twins
            if twin.gate == "benignness"
        ]
    content = sorted([row.subject.id, row.benign] for row in rows if isinstance(row.subject, Scenario))
    return _described(rows, "exemplars", sha256_of(content))


def _row(line: bytes, path: Path, number: int) -> LabelledRow:
    try:
        content = json.loads(line)
    except ValueError as error:
        raise InputError(f"not JSON: {error}", file=path, line=number) from error
    if not isinstance(content, dict):
        raise InputError("not a JSON object", file=path, line=number, allowed="{text or scenario, label, ...}")
    given = [name for name in ("text", "scenario") if name in content]
    if len(given) != 1:
        found = " and ".join(given) or "neither"
        raise InputError("a row has one of `text` and `scenario`", file=path, line=number, value=found)
    label = content.get("label")
    if label not in (*BENIGN, *NON_BENIGN):
        allowed = (*BENIGN, *NON_BENIGN)
        raise InputError("not a label", file=path, line=number, field="label", value=label, allowed=allowed)
    reading = scenario_subject if given[0] == "scenario" else text_subject
    subject: Subject = reading(content[given[0]], path, number, field=given[0])
    group = content.get("group", f"line {number}")
    if not isinstance(group, str):
        raise InputError("not a text", file=path, line=number, field="group", value=group)
    return LabelledRow(subject, label in BENIGN, group, _columns(content))


def _columns(content: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in content.items() if name not in _OWN_FIELDS and isinstance(value, str)}


def _described(rows: Sequence[LabelledRow], name: str, digest: str) -> LabelledRows:
    columns = sorted({column for row in rows for column in row.columns})
    strata = tuple(column for column in columns if len(_values(rows, column)) <= MOST_VALUES)
    counts = Counter(row.benign for row in rows)
    about = LabelledData(
        name=name,
        sha256=digest,
        benign=counts[True],
        non_benign=counts[False],
        texts=sum(isinstance(row.subject, str) for row in rows),
        groups=len({row.group for row in rows}),
        left_columns=tuple(column for column in columns if column not in strata),
    )
    return LabelledRows(tuple(rows), about, strata)


def _values(rows: Iterable[LabelledRow], column: str) -> set[str]:
    return {row.columns[column] for row in rows if column in row.columns}
